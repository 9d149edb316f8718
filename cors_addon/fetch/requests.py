"""Which requests need a CORS-preflight, seen from the wire.

The standard asks the request's own header list; the wire shows it mixed with what the browser added. So this module
also knows the names that are never the author's, and the few that may be either.
Anchor: https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names
"""

import re
from collections.abc import Callable, Container, Iterable, Mapping
from functools import lru_cache

from cors_addon.fetch.headers import MAX_NAMES, normalize
from cors_addon.fetch.mime import essence
from cors_addon.fetch.names import SENT_BY_CACHES
from cors_addon.fetch.patterns import pattern

type Safelist = Mapping[str, Callable[[str], bool]]
"""Header name, lower case, and whether a value of it is safelisted."""

_UNSAFE_BYTE = pattern(r'[\x00-\x08\x0a-\x1f"():<>?@\[\\\]{}\x7f]')
"""https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte"""
_LANGUAGE = pattern(r"[0-9A-Za-z *,\-.;=]*")
_SIMPLE_RANGE = pattern(r"bytes=([0-9]{1,128})-([0-9]{0,128})")
_FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})

MAX_VALUE_SIZE = 128
MAX_SAFELIST_SIZE = 1024


@lru_cache(maxsize=256)
def _is_safe_accept(value: str) -> bool:
    return not _UNSAFE_BYTE.search(value)


@lru_cache(maxsize=256)
def _is_safe_language(value: str) -> bool:
    return _LANGUAGE.fullmatch(value) is not None


@lru_cache(maxsize=256)
def _is_safe_content_type(value: str) -> bool:
    return not _UNSAFE_BYTE.search(value) and essence(value) in _FORM_TYPES


def is_simple_range(value: str) -> bool:
    """`bytes=first-[last]`. https://fetch.spec.whatwg.org/#simple-range-header-value"""
    match = _SIMPLE_RANGE.fullmatch(value)
    return match is not None and (not match[2] or int(match[1]) <= int(match[2]))


def is_simple_range_below(limit: int, value: str) -> bool:
    """The same as engines read it, which keep its numbers in 64 bits."""
    return is_simple_range(value) and all(int(digits) < limit for digits in re.findall("[0-9]{1,128}", value))


SAFELIST: Safelist = {
    "accept": _is_safe_accept,
    "accept-language": _is_safe_language,
    "content-language": _is_safe_language,
    "content-type": _is_safe_content_type,
    "range": is_simple_range,
}
"""https://fetch.spec.whatwg.org/#cors-safelisted-request-header"""

FORBIDDEN = frozenset(
    """accept-charset accept-encoding access-control-request-headers access-control-request-method connection
    content-length cookie cookie2 date dnt expect host keep-alive origin referer set-cookie te trailer
    transfer-encoding upgrade via""".split()
)
"""Names in lower case; `is_forbidden` knows the prefixes, too. https://fetch.spec.whatwg.org/#forbidden-request-header"""
# what browsers, HTTP/2 and proxies add on their own
BROWSER_NAMES = FORBIDDEN.union(
    SENT_BY_CACHES,
    """access-control-request-private-network alt-used authorization available-dictionary cache-control dictionary-id
    early-data forwarded last-event-id ping-from ping-to pragma priority
    purpose service-worker
    attribution-reporting-eligible attribution-reporting-support icy-metadata service-worker-navigation-preload
    upgrade-insecure-requests x-playback-session-id x-purpose user-agent x-forwarded-for x-forwarded-host
    x-forwarded-proto x-real-ip""".split(),
)
"""Names, lower case, that browsers or proxies set by themselves; a script may set some of them too."""
_OFTEN_THE_BROWSERS = frozenset({"accept", "accept-language"})
"""Safelisted names that browsers set themselves, whatever the size of the value."""
_FORBIDDEN_PREFIXES = ("sec-", "proxy-")
_BROWSERS_PREFIXES = (*_FORBIDDEN_PREFIXES, ":")


def is_forbidden(name: str) -> bool:
    """Whether no script may set this request header, in lower case, whatever its value.

    https://fetch.spec.whatwg.org/#forbidden-request-header
    """
    return name in FORBIDDEN or name.startswith(_FORBIDDEN_PREFIXES)


class NameKinds(dict[bytes, str | None]):
    """Header names as received: lower case where a value or the author decides, None where the browser sets them.

    Remembers what it has seen, within bounds.
    """

    def __init__(self, safelist: Safelist, browser_names: Container[str]) -> None:
        """Tell names apart by one engine's lists."""
        super().__init__()
        self._safelist = safelist
        self._browser_names = browser_names

    def __missing__(self, raw: bytes) -> str | None:
        """Look at a name not seen before."""
        if len(self) >= MAX_NAMES:
            self.clear()
        name = raw.decode("latin-1").lower()
        browsers = name not in self._safelist and (name in self._browser_names or name.startswith(_BROWSERS_PREFIXES))
        kind = self[raw] = None if browsers else name
        return kind


def cors_unsafe_names(
    fields: Iterable[tuple[bytes, bytes]], safelist: Safelist, kinds: NameKinds, author_names: Container[str] = ()
) -> list[str]:
    """The author's request-header names, lower case, that need permission, in order of the wire.

    A name that browsers and scripts both set (Authorization, Cache-Control, If-None-Match …) counts as the browser's,
    unless `author_names` holds it: a preflight names in Access-Control-Request-Headers what the script did set.
    https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names
    """
    unsafe: dict[str, None] = {}
    safelisted: dict[str, None] = {}
    size = 0
    for raw, value in fields:
        name = kinds[raw]
        if name is None:
            if author_names and (lower := raw.decode("latin-1").lower()) in author_names:
                unsafe[lower] = None
            continue
        check = safelist.get(name)
        if check is not None and len(value) <= MAX_VALUE_SIZE and check(normalize(value)):
            safelisted[name] = None
            size += len(value)
        elif name not in _OFTEN_THE_BROWSERS or name in author_names:
            unsafe[name] = None
    if size > MAX_SAFELIST_SIZE:
        unsafe |= safelisted
    return list(unsafe)
