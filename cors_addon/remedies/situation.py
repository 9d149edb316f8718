"""What is known of a request that failed: of a judged exchange nearly all, of a pasted message some.

Law: None and empty mean that it is not known, or not there; no rule may conclude from that alone.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from cors_addon.fetch.headers import split_list
from cors_addon.fetch.load import Block, Destination
from cors_addon.fetch.origins import OPAQUE, Url, known_url
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.refusals import Reason, Stage
from cors_addon.remedies.value import Change, InPage

type Lines = tuple[tuple[str, str], ...]
"""Header lines, names in lower case."""


HEAD = 8192
"""Bytes of a body that are looked at."""


def _no_change(_asked: object) -> Change | None:
    return None


def _last_two(host: str) -> str:
    return host if re.fullmatch(r"[\d.]+|\[.*", host) else ".".join(host.split(".")[-2:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A refusal, or a block, with all around it."""

    reason: Reason | None = None
    stage: Stage | None = None
    """At which the refusal was."""
    block: Block | None = None
    """What stopped the load beside CORS."""
    origin: str | None = None
    """As the request bore it."""
    page: str | None = None
    """Origin of the page itself, where a redirect made the request's `null`; else as `origin`, where that is one."""
    page_url: str | None = None
    around: tuple[str, ...] = ()
    """Origins of the pages that the page itself is framed in, its parent's first."""
    url: Url | None = None
    """That was refused."""
    hops: tuple[Url, ...] = ()
    """What redirected before, in order."""
    tainted_by: tuple[Url, Url] | None = None
    """The redirect, from one foreign origin to another, that made the Origin `null`."""
    target: Url | None = None
    """Where this answer redirects to."""
    location: str = ""
    """Its Location as sent."""
    method: str = ""
    """That the page asked for."""
    headers: tuple[str, ...] = ()
    """Request-header names that needed permission, lower case."""
    missing: tuple[str, ...] = ()
    """Of these, those that were not permitted."""
    sent: Lines = ()
    status: int | None = None
    answer: Lines = ()
    body: str = ""
    """Its first words, as text."""
    engine: str = ""
    version: int = 0
    """Of the browser; 0 where it is not known."""
    asks_user: bool = True
    """It asks the user before a public page reaches into the local network; earlier versions did otherwise."""
    inward: bool = False
    """A public page asks an address of the local network, or this machine, before which its browser has a guard."""
    destination: Destination | None = None
    mode: str = ""
    credentialed: bool | None = None
    replayed_from_cache: bool = False
    """The answer is a copy that the browser had stored."""
    error: str = ""
    """Why the proxy got no answer, in its words."""
    change_after: Callable[[Sequence[str]], Change | None] = _no_change
    """The smallest change to the answer, for a request without these headers; None where there is none."""
    change_asked: Callable[[InPage], Change | None] = _no_change
    """What the answer needs where the page asks as this says: None where it passes then, or that is not known."""
    site: Callable[[str], str] = _last_two
    """Maps a host to its registrable domain."""
    said: str = ""
    """The server's own words on its refusal."""
    refused: tuple[str, ...] = ()
    """What the server itself says that it refused: `origin`, `method`, `headers`."""
    fixed_origin: str | None = None
    """The Access-Control-Allow-Origin that the server sends to everybody, seen for several origins."""
    setting: str = ""
    """What to change at the server for this, in its own terms; it was recognised."""
    server: str = ""
    """What was recognised."""

    @property
    def preflight(self) -> bool:
        """Whether the answer to a preflight was refused."""
        return self.stage is Stage.PREFLIGHT

    @property
    def first(self) -> Url | None:
        """What the page itself asked for."""
        return self.hops[0] if self.hops else self.url

    @property
    def opaque(self) -> bool:
        """Whether the request's Origin is `null`."""
        return self.origin == OPAQUE

    @property
    def asker(self) -> str:
        """The request's origin, in a text; words for it where it is not known."""
        return self.origin or "the page's origin"

    @property
    def place(self) -> str:
        """The URL that was refused, in a text; words for it where it is not known."""
        return "the one that was asked for" if self.url is None else str(self.url)

    @property
    def own(self) -> str | None:
        """The page's origin, where it has one."""
        return self.page or (None if self.opaque else self.origin)

    @property
    def secure_page(self) -> bool:
        """Whether the page came over https."""
        return (self.own or "").startswith("https://")

    @property
    def whole_change(self) -> Change | None:
        """The smallest change to the answer, if nothing fails after it."""
        change = self.change_after(())
        return change if change is not None and change.complete else None

    def with_status(self, status: int) -> "Situation":
        """The same, answered with this status."""
        return replace(self, status=status)

    def value(self, name: str) -> str | None:
        """A header of the answer, its lines joined; None where it is absent."""
        found = self.values(name)
        return ", ".join(found) if found else None

    def values(self, name: str) -> list[str]:
        """Its lines."""
        return [value.strip() for each, value in self.answer if each == name]

    def asked(self, name: str) -> str | None:
        """A header of the request."""
        return next((value.strip() for each, value in self.sent if each == name), None)

    def items(self, name: str) -> list[str]:
        """The items of a list in the answer."""
        return [item for item in split_list(self.value(name) or "") if item]

    def is_own(self, url: Url) -> bool:
        """Whether a URL is of the page's own origin."""
        return self.own is not None and url.origin == self.own

    def same_site(self, url: Url) -> bool:
        """Whether a URL is of the page's own site."""
        page = known_url(self.own or "")
        return page is not None and self.site(page.host) == self.site(url.host)


def host_of(url: str) -> str:
    """The host of a URL, with its port; the text itself where it has none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or url
    except ValueError:
        return url


_LOGIN = pattern(
    r"(?:^|[./_-])(?:log[-_]?[io]n|sign[-_]?in|sso|saml2?|oauth2?|authori[sz]e|auth|idp|adfs|openid(?:-connect)?|"
    r"keycloak|okta|auth0|cognito|microsoftonline|cloudflareaccess|authenticate|authentication|authn|signin-oidc)"
    r"(?:$|[./_?-])",
    re.IGNORECASE,
)
_LOGIN_HOST = pattern(r"(?:^|\.)(?:accounts|cas|identity)\.", re.IGNORECASE)
"""Words that are a login's as a host, and anything's in a path."""
_LOGIN_QUERY = pattern(
    r"(?:^|[?&])(?:client_id|response_type|SAMLRequest|redirect_uri|code_challenge|wctx|wtrealm|RelayState|returnUrl|"
    r"login_hint|kc_idp_hint)=",
    re.IGNORECASE,
)


def is_login(url: str) -> bool:
    """Whether a URL looks like one of a login: by a word of its host or path, or the parameters of OAuth and SAML."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = parts.hostname or ""
    if _LOGIN.search(f"{host}{parts.path[:300]}") or _LOGIN_HOST.search(host):
        return True
    return _LOGIN_QUERY.search(parts.query[:2000]) is not None
