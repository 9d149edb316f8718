"""Evidence from cookies: a client that has a cookie for a URL and does not send it did not include credentials.

Law 1: no cookie values are kept, only what decides whether one would be sent.
Law 2: where sending is in doubt (third-party cookies may be blocked or partitioned), there is no evidence.
Law 3: an answer to a request without credentials sets no cookie. What an answer gave to a request of unknown mode is
believed once that mode is known, or the cookie was sent.
https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#name-retrieval-model
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

from cors_addon.exchange.timing import ARRIVES
from cors_addon.fetch.origins import Url, is_potentially_trustworthy
from cors_addon.fetch.patterns import pattern

_CONTROL = pattern(rb"[\x00-\x08\x0a-\x1f\x7f]")
SAME_SITE_UNSET = "unset"


MAX_SET = 64
"""Cookies of one answer that are looked at, the last: more would push each other out."""


@dataclass(frozen=True, slots=True)
class Cookie:
    """What decides whether a stored cookie goes with a request."""

    host: str
    host_only: bool
    path: str
    secure: bool
    same_site: str
    """`strict`, `lax`, `none` or `unset`."""
    expires: float | None
    context: str | None
    """Site of the page under which it was set; browsers that partition their cookies keep it for that site alone."""
    third_party: bool = False
    """It was set under another site's page: where third-party cookies are blocked it was not kept."""
    since: float = 0.0
    """When it was given; a request that began earlier could not carry it."""
    doubted: str | None = None
    """Id of the flow whose answer gave it, while nobody knows whether its request included credentials."""

    def is_like(self, other: "Cookie") -> bool:
        """Whether it decides the same, whenever it was given."""
        return (self.third_party, *self._said) == (other.third_party, *other._said)

    @property
    def _said(self) -> tuple[object, ...]:
        return self.host, self.host_only, self.path, self.secure, self.same_site, self.expires, self.context

    def given(self, by: "SetBy") -> "Cookie":
        """The same, as an answer gave it; `replace` would take ten times as long."""
        return Cookie(
            self.host, self.host_only, self.path, self.secure, self.same_site, self.expires, self.context,
            by.third_party, by.at, by.doubted,
        )  # fmt: skip

    def applies(self, url: Url, now: float) -> bool:
        """Whether the cookie belongs to this URL at this time, sites aside."""
        if self.expires is not None and self.expires <= now + 1:
            return False
        if self.host != url.host and (self.host_only or not url.host.endswith("." + self.host)):
            return False
        if not _path_matches(url.path.partition("?")[0], self.path):
            return False
        return not self.secure or is_potentially_trustworthy(url)


def _path_matches(path: str, of_cookie: str) -> bool:
    """https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#name-paths-and-path-match"""
    return path == of_cookie or path.startswith(of_cookie if of_cookie.endswith("/") else of_cookie + "/")


def _overlaps(held: Cookie, new: Cookie) -> bool:
    """Whether a Secure cookie `held` keeps an insecure answer from setting `new`, names being the same."""
    hosts = held.host == new.host or held.host.endswith("." + new.host) or new.host.endswith("." + held.host)
    return hosts and _path_matches(new.path, held.path)


class SetBy(NamedTuple):
    """The answer that sets a cookie, and under which page it was asked for."""

    url: Url
    at: float
    """When the answer came."""
    context: str | None
    """Site of the page; None where it is not known."""
    third_party: bool = False
    """The page is of another site than the URL."""
    registrable: str = ""
    """Registrable domain of the URL's host: no cookie is for more than that."""
    doubted: str | None = None
    """Id of the flow, where its request may not have included credentials."""


class _Attributes(NamedTuple):
    """What a Set-Cookie line says of its cookie."""

    domain: str | None = None
    path: str = ""
    secure: bool = False
    same_site: str = SAME_SITE_UNSET
    expires: float | None = None
    max_age: int | None = None
    partitioned: bool = False


def parse_set_cookie(line: bytes, url: Url, now: float, context: str | None) -> tuple[str, Cookie] | None:
    """Name and deciding attributes of one Set-Cookie line; None where a browser would not store it."""
    first, _, rest = line.decode("latin-1").partition(";")
    name = first.partition("=")[0].strip()
    given = _attributes(rest) if len(rest) <= _USUAL else _attributes.__wrapped__(rest)
    if not name or len(line) > 4096 or given.partitioned or _CONTROL.search(line):
        return None
    if not _is_allowed(name, given, url):
        return None
    path = given.path
    if not path.startswith("/"):
        path = url.path.partition("?")[0].rpartition("/")[0] or "/"
    end = given.expires if given.max_age is None else now + given.max_age
    host_only = given.domain is None
    return name, Cookie(given.domain or url.host, host_only, path, given.secure, given.same_site, end, context)


_USUAL = 512


@lru_cache(maxsize=256)
def _attributes(text: str) -> _Attributes:
    found: dict[str, Any] = {}
    for part in text.split(";"):
        key, _, raw = part.partition("=")
        value = raw.strip()
        match key.strip().lower():
            case "domain" if value.strip("."):
                found["domain"] = value.lstrip(".").lower()
            case "path":
                found["path"] = value
            case "secure" | "partitioned" as flag:
                found[flag] = True
            case "samesite":
                known = value.lower() in ("strict", "lax", "none")
                found["same_site"] = value.lower() if known else SAME_SITE_UNSET
            case "max-age" if re.fullmatch(r"-?[0-9]+", value):
                found["max_age"] = int(value[:12])
            case "expires":
                found["expires"] = _date(value)
    return _Attributes(**found)


def _is_allowed(name: str, given: _Attributes, url: Url) -> bool:
    """Whether this URL may set such a cookie."""
    if given.domain is not None and given.domain != url.host and not url.host.endswith("." + given.domain):
        return False
    if given.secure:
        return is_potentially_trustworthy(url) and (not name.startswith("__Host-") or _is_of_the_host(given))
    return given.same_site != "none" and not name.startswith(("__Secure-", "__Host-"))


def _is_of_the_host(given: _Attributes) -> bool:
    return given.domain is None and given.path == "/"


def _date(text: str) -> float | None:
    from datetime import UTC  # of use to few cookies, and takes a while to import
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


class CookieEvidence:
    """The cookies one client is known to hold. Bounded; the oldest are forgotten first."""

    __slots__ = ("_cookies", "_size", "doubts", "third_party_seen")

    def __init__(self, size: int = 128) -> None:
        """Keep at most `size` cookies."""
        self._size = size
        self._cookies: dict[tuple[str, str, str, str | None], Cookie] = {}
        self.doubts = False
        """Of some cookie it is not known whether it was kept."""
        self.third_party_seen = False
        """A cookie was seen on a request to another site than the page's: third-party cookies are not blocked."""

    def __len__(self) -> int:
        """How many are known."""
        return len(self._cookies)

    def __bool__(self) -> bool:
        """Whether any cookie is known."""
        return bool(self._cookies)

    def set(self, line: bytes, by: SetBy) -> None:
        """Take note of one Set-Cookie line.

        https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#name-storage-model
        """
        now = by.at
        parsed = parse_set_cookie(line, by.url, now, by.context)
        if parsed is None:
            return
        name, cookie = parsed
        if len(cookie.host) < len(by.registrable):
            return  # a cookie for a whole public suffix
        cookie = cookie.given(by)
        if by.url.scheme != "https" and self._has_secure(name, cookie):
            return  # an insecure answer never overlays a Secure cookie of the same name
        key = (name, cookie.host, cookie.path, by.context)
        held = self._cookies.pop(key, None)
        self._forget_unlike(name, cookie, now)
        if by.third_party and cookie.same_site != "none":
            return  # kept by engines that do not take an unset SameSite for Lax, if at all
        if cookie.expires is None or cookie.expires > now:
            if held is not None and held.doubted is None and cookie.is_like(held):
                cookie = held  # kept or not, it is there
            self._cookies[key] = cookie
            self.doubts |= cookie.doubted is not None
            if len(self._cookies) > self._size:
                del self._cookies[next(iter(self._cookies))]

    def _has_secure(self, name: str, new: Cookie) -> bool:
        return any(
            held_name == name and held.secure and _overlaps(held, new)
            for (held_name, *_), held in self._cookies.items()
        )

    def _forget_unlike(self, name: str, new: Cookie, now: float) -> None:
        """Where a browser keeps the cookies of all contexts together, this one replaces those of its name.

        Where it does not, what is alike is still there; the rest is forgotten, which only costs evidence.
        """
        gone = new.expires is not None and new.expires <= now
        alike = (new.host_only, new.secure, new.same_site)
        same_name = [key for key in self._cookies if key[0] == name and key[1:3] == (new.host, new.path)]
        for key in same_name:
            held = self._cookies[key]
            if gone or (held.host_only, held.secure, held.same_site) != alike:
                del self._cookies[key]

    def learn(self, flow_id: str, *, included: bool) -> None:
        """The credentials mode of a request became known: its answer set what it gave, or did not."""
        for key, cookie in list(self._cookies.items()):
            if cookie.doubted == flow_id:
                if included:
                    self._cookies[key] = replace(cookie, doubted=None)
                else:
                    del self._cookies[key]
        self._count_doubts()

    def sent(self, header: bytes, url: Url, now: float) -> None:
        """A Cookie header names what is there for this URL."""
        names = {pair.partition("=")[0].strip() for pair in header.decode("latin-1").split(";")}
        for key, cookie in self._cookies.items():
            if cookie.doubted is not None and key[0] in names and cookie.applies(url, now):
                self._cookies[key] = replace(cookie, doubted=None)
        self._count_doubts()

    def _count_doubts(self) -> None:
        self.doubts = any(cookie.doubted is not None for cookie in self._cookies.values())

    def would_be_sent(self, url: Url, now: float, *, same_site: bool, context: str | None, partitioned: bool) -> bool:
        """Whether a request that includes credentials surely carries one of these cookies."""
        if not self._cookies or (not same_site and not self.third_party_seen):
            return False
        return any(
            cookie.doubted is None
            and cookie.since + ARRIVES <= now
            and cookie.applies(url, now)
            and (same_site or cookie.same_site == "none")
            and (self.third_party_seen or not cookie.third_party)
            and (same_site or not partitioned or cookie.context == context)
            for cookie in self._cookies.values()
        )
