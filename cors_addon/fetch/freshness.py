"""For how long an answer may be used again, by what it says of it. https://httpwg.org/specs/rfc9111.html#freshness"""

from collections.abc import Iterable

from cors_addon.fetch.headers import get, split_list

_AGES = frozenset({"max-age", "immutable"})
_NOT_SHARED = frozenset({"no-store", "private"})
_NEVER_UNASKED = frozenset({"no-cache", "no-store"})


def cache_directives(fields: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Cache-Control's, by name, lower case; a value without its quotes.

    https://httpwg.org/specs/rfc9111.html#field.cache-control
    """
    items = (item.partition("=") for item in split_list((get(fields, b"cache-control") or "").lower()))
    return {name.strip(): value.strip(' "') for name, _, value in items}


def may_be_kept(fields: Iterable[tuple[bytes, bytes]], *, has_validator: bool) -> bool:
    """Whether a browser may use an answer again, with the server's consent or without."""
    said = cache_directives(fields)
    return "no-store" not in said and (has_validator or not _AGES.isdisjoint(said))


def is_for_one_user(fields: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether it says that no cache of many users may have it."""
    return not _NOT_SHARED.isdisjoint(cache_directives(fields))


def may_be_used_stale(fields: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether it may be used for a while after its end. https://httpwg.org/specs/rfc5861.html"""
    said = cache_directives(fields)
    return "stale-while-revalidate" in said and _NEVER_UNASKED.isdisjoint(said)


def lifetime(fields: Iterable[tuple[bytes, bytes]], received: float, *, shared: bool = False) -> float | None:
    """Seconds for which an answer may be used without asking; None where it leaves that to the cache.

    `received`: when it came, Unix seconds; `shared`: to a cache of many users.
    https://httpwg.org/specs/rfc9111.html#calculating.freshness.lifetime
    """
    said = cache_directives(fields)
    if not _NEVER_UNASKED.isdisjoint(said):
        return 0.0
    for name in ("s-maxage", "max-age") if shared else ("max-age",):
        seconds = said.get(name, "")
        if seconds.isascii() and seconds.isdigit():
            return float(seconds[:12])
    expires = get(fields, b"expires")
    if expires is None:
        return None
    end, date = _seconds(expires), _seconds(get(fields, b"date") or "")
    return 0.0 if end is None else max(end - (received if date is None else date), 0.0)


def _seconds(date: str) -> float | None:
    """An HTTP date in Unix seconds; None where it is none."""
    from email.utils import parsedate_to_datetime  # of use to few answers, and takes a while to import

    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
