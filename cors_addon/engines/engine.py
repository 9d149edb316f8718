"""One browser engine as data: its rules, its cache, and how its clients behave."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cors_addon.fetch.cache_rules import CacheRules
from cors_addon.fetch.checks import Rules


@dataclass(frozen=True, kw_only=True)
class Older:
    """What an engine's earlier versions did otherwise."""

    before: int
    """The first major version that does it no longer, or the first of which that is known."""
    source: str
    """Where that was measured or read."""
    rules: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `Rules`."""
    cache: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `CacheRules`."""
    engine: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `Engine`."""


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Engine:
    """One browser engine, or the standard itself."""

    name: str
    """`chromium`, `gecko`, `webkit` or `fetch`; `jsdom` or `happy-dom`."""
    rules: Rules
    cache: CacheRules
    retries: int = 0
    """How often a dropped connection is tried again."""
    retried_statuses: frozenset[int] = frozenset()
    """Answers after which the browser asks once more by itself, over another connection."""
    storage_access_header_since: float = float("inf")
    """The version that began to send Sec-Fetch-Storage-Access on credentialed cross-site requests."""
    partitions_cookies: bool = False
    """A cookie set under one site's page is not sent under another's."""
    separates_connections: bool = False
    """Requests with credentials and those without never share an HTTP/1 connection (a pool for each privacy mode)."""
    separates_http2_connections: bool = False
    """The same for HTTP/2."""
    prefers_own_http2_connection: bool = False
    """They share an HTTP/2 connection only where there is none of the request's own kind."""
    unconditional_304_updates: bool = False
    """A 304 to a condition that the script set updates the stored response all the same."""
    stores_anonymous_apart: bool = False
    """What was stored with credentials is not used for requests without, nor the other way round."""
    tainted_preflight_names_origin: bool = False
    """After a redirect that taints the origin the preflight still names the page's."""
    preflight_outlasts_dropped_headers: bool = False
    """After a redirect the preflight still asks for what the redirect took away from the request."""
    preflight_precedes_charset: bool = False
    """XMLHttpRequest sets the charset of a script's Content-Type to UTF-8 only once the preflight has asked for it."""
    same_origin_credentials_outlive_redirect: bool = False
    """Credentials `same-origin`, redirected away from the page's origin: the next redirect is judged credentialed."""
    beacon_header: tuple[bytes, bytes] | None = None
    """What a beacon without CORS bears on plain http, where nothing says its mode, and what (with `beacon_order`) fetch
    and XMLHttpRequest do not."""
    beacon_order: tuple[bytes, ...] = ()
    """The order of a beacon's header names."""
    delete_may_leave_origin_as_get: bool = False
    """A DELETE that is redirected to another origin may go on as GET."""
    plays_browser: bool = False
    """No browser, but a library in which tests of pages run, with rules of its own."""
    preflights_all: bool = False
    """Whatever a page's script asks another origin for is preflighted, and nothing else bears an Origin."""
    preflights_redirected: bool = True
    """What a redirect leads to is preflighted anew, where it needs that."""
    follows_redirected_preflight: bool = False
    """The redirect of a preflight is followed, and what answers last counts."""
    taints_origin: bool = True
    """After a redirect to a third origin the request's origin is opaque."""
    sends_capitals: bool = False
    """A request's method is sent in capitals, and asked for in the preflight as the script wrote it."""
    older: tuple[Older, ...] = ()
    """What its versions are known to have done otherwise, the oldest first."""
    version: int = 0
    """The major version that it stands for; 0: the newest that is known."""

    def __repr__(self) -> str:
        """Show the name alone: the rules fill a page."""
        return f"<engine {self.full_name}>"

    @property
    def full_name(self) -> str:
        """As `chromium`, or `chromium@109` where it stands for a version."""
        return f"{self.name}@{self.version}" if self.version else self.name

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Pickled by its name: there is one of each."""
        from cors_addon.engines import named

        return named, (self.full_name,)
