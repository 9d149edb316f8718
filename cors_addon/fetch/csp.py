"""Content Security Policy, as far as URLs decide: which directive governs a load, and whether its sources allow a URL.

A policy is its directives by name, each with its sources in order. Hashes and nonces are the page's, not the wire's:
who asks must know that a load was let through for one of them.
Anchor: https://w3c.github.io/webappsec-csp/
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from cors_addon.fetch.headers import get_all, normalize
from cors_addon.fetch.origins import DEFAULT_PORTS, Url, parse_url
from cors_addon.fetch.patterns import pattern

type Sources = tuple[str, ...]
type Policy = Mapping[str, Sources]


class Matching(NamedTuple):
    """How source expressions match URLs; by default as the standard has it."""

    sockets_as_http: bool = True
    """A source of ws or wss matches URLs of http and https, too."""
    always_upgrades_port: bool = False
    """Port 80 matches port 443 also where the source's scheme is https."""
    upgrades_as_one: bool = False
    """A source of http matches an https URL only where its port is 443 or any, and was 80 or is none of its own."""
    star_alone_before: str = ""
    """Characters before which `*` is no host where it has no scheme: such a source matches nothing."""
    empty_parts: bool = True
    """A source whose path begins with two slashes is one."""


STANDARD = Matching()

_FALLBACKS: Mapping[str, tuple[str, ...]] = {
    "connect-src": ("connect-src", "default-src"),
    "font-src": ("font-src", "default-src"),
    "frame-src": ("frame-src", "child-src", "default-src"),
    "img-src": ("img-src", "default-src"),
    "manifest-src": ("manifest-src", "default-src"),
    "media-src": ("media-src", "default-src"),
    "object-src": ("object-src", "default-src"),
    "prefetch-src": ("default-src",),
    "script-src-elem": ("script-src-elem", "script-src", "default-src"),
    "style-src-elem": ("style-src-elem", "style-src", "default-src"),
    "worker-src": ("worker-src", "child-src", "script-src", "default-src"),
}
"""https://w3c.github.io/webappsec-csp/#directive-fallback-list"""

_DIRECTIVES = {
    "": "connect-src",
    "audio": "media-src",
    "audioworklet": "script-src-elem",
    "embed": "object-src",
    "font": "font-src",
    "frame": "frame-src",
    "iframe": "frame-src",
    "image": "img-src",
    "json": "connect-src",
    "manifest": "manifest-src",
    "object": "object-src",
    "paintworklet": "script-src-elem",
    "script": "script-src-elem",
    "sharedworker": "worker-src",
    "style": "style-src-elem",
    "track": "media-src",
    "video": "media-src",
    "worker": "worker-src",
    "xslt": "script-src-elem",
}
"""https://w3c.github.io/webappsec-csp/#effective-directive-for-a-request"""

_HOST_SOURCE = pattern(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[0-9]+|\*))?(?P<path>/.*)?",
    re.IGNORECASE,
)
_ALSO_MATCHES = {"http": ("https",), "ws": ("wss", "http", "https"), "wss": ("https",)}
_UPGRADES = {"http": ("https",), "ws": ("wss",)}
_SCHEME_SOURCE = pattern(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)


@lru_cache(maxsize=256)
def parse(serialized: str) -> Policy:
    """https://w3c.github.io/webappsec-csp/#parse-serialized-policy"""
    policy: dict[str, Sources] = {}
    for part in serialized.split(";"):
        name, *sources = part.split() or [""]
        if name and name.lower() not in policy:
            policy[name.lower()] = tuple(sources)
    return policy


def enforced(fields: Iterable[tuple[bytes, bytes]]) -> list[Policy]:
    """The enforced policies of a response: every line, and every item of a list.

    https://w3c.github.io/webappsec-csp/#parse-response-csp
    """
    found = []
    for line in get_all(fields, b"content-security-policy"):
        found += [policy for item in normalize(line).split(",") if (policy := parse(item))]
    return found


def directive_for(policy: Policy, effective: str) -> str | None:
    """The directive of a policy that governs an effective directive; None where none does."""
    return next((name for name in _FALLBACKS.get(effective, (effective,)) if name in policy), None)


def effective_directive(destination: str) -> str | None:
    """https://w3c.github.io/webappsec-csp/#effective-directive-for-a-request"""
    return _DIRECTIVES.get(destination)


def destination_by(directive: str) -> str | None:
    """A destination whose loads ask this directive; None where none does."""
    return next((each for each, own in _DIRECTIVES.items() if own in (directive, f"{directive}-elem")), None)


def matches_source_list(
    url: Url, sources: Sequence[str], page: Url, *, redirected: bool, how: Matching = STANDARD
) -> bool:
    """https://w3c.github.io/webappsec-csp/#match-url-to-source-list"""
    if len(sources) == 1 and sources[0].lower() == "'none'":
        return False
    return any(matches_source(url, source, page, redirected=redirected, how=how) for source in sources)


def matches_source(url: Url, source: str, page: Url, *, redirected: bool, how: Matching = STANDARD) -> bool:
    """Whether a source expression allows a URL; `page` is the URL that `'self'` and a missing scheme stand for.

    https://w3c.github.io/webappsec-csp/#match-url-to-source-expression
    """
    if source == "*":
        return url.scheme in ("http", "https") or url.scheme == page.scheme
    if scheme := _SCHEME_SOURCE.fullmatch(source):
        return _scheme_matches(scheme[1].lower(), url.scheme, how)
    if source.lower() == "'self'":
        return _is_self(url, page)
    match = _HOST_SOURCE.fullmatch(source)
    if match is None or (source[0] == "*" and source[1] in how.star_alone_before):
        return False
    if not how.empty_parts and (match["path"] or "").startswith("//"):
        return False
    scheme_part = (match["scheme"] or page.scheme).lower()
    return (
        _scheme_matches(scheme_part, url.scheme, how)
        and _host_matches(match["host"].lower(), url.host)
        and _port_matches(match["port"], scheme_part, url, how)
        and (redirected or not match["path"] or _path_matches(match["path"], url.path))
    )


def _is_self(url: Url, page: Url) -> bool:
    if url.origin == page.origin:
        return True
    ports = url.port == page.port or (
        page.port == DEFAULT_PORTS[page.scheme] and url.port == DEFAULT_PORTS.get(url.scheme)
    )
    return url.host == page.host and ports and (url.scheme == "https" or page.scheme == "http")


def _scheme_matches(expected: str, scheme: str, how: Matching) -> bool:
    """https://w3c.github.io/webappsec-csp/#scheme-part-match"""
    also = _ALSO_MATCHES if how.sockets_as_http else _UPGRADES
    return expected == scheme or scheme in also.get(expected, ())


def _host_matches(pattern: str, host: str) -> bool:
    """https://w3c.github.io/webappsec-csp/#host-part-match"""
    if pattern == "*":
        return True
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else pattern == host


def _port_matches(port: str | None, scheme: str, url: Url, how: Matching) -> bool:
    """https://w3c.github.io/webappsec-csp/#port-part-matches"""
    if port == "*":
        return True
    if port is None:
        return url.port == DEFAULT_PORTS.get(url.scheme)
    if how.upgrades_as_one and scheme != url.scheme:
        return int(port) in (80, 443) and url.port == 443
    upgraded = int(port) == 80 and url.port == 443 and not how.upgrades_as_one
    return int(port) == url.port or (upgraded and (how.always_upgrades_port or scheme in ("http", "ws")))


def _path_matches(pattern: str, path: str) -> bool:
    """https://w3c.github.io/webappsec-csp/#path-part-match"""
    if pattern == "/":
        return True
    path = path.partition("?")[0]
    return path.startswith(pattern) if pattern.endswith("/") else path == pattern


def page_of(url: Url) -> Url:
    """The URL that stands for a page in the checks: its own origin, any path."""
    return parse_url(url.origin) or url
