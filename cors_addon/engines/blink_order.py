"""The order in which Chromium walks a request's header names, hence which refused one its preflight error names.

The network service reports the first refused name in the order of the request's header list (services/network/cors,
preflight_result.cc). Blink fills that list by walking an `HTTPHeaderMap` (request_conversion.cc,
PopulateResourceRequest): a hash table, so neither the page's order nor the alphabet, but the same in every process.

Law 1: a name's bucket is its case-folding hash: rapidhash, its usual seed and secrets, over the folded name as UTF-16,
24 bits kept (third_party/rapidhash/rapidhash.h; platform/wtf/text: case_folding_hash.h, string_hasher.h).
Law 2: a table has 8 buckets and doubles once half of them are taken, then takes its names anew in the order of the
buckets; a taken bucket sends a name 1, then 2, then 3 … further (platform/wtf/hash_table.h).
Law 3: a fetch puts the page's names in first, sorted, the type of its body among them, then Blink puts in its own.
What joins the list later (Accept where the page sets none, Origin, Sec-Fetch-*, Cookie …) comes after the map's names.

All three measured with Chromium 156 (tests/cases/blink_header_order.json); before rapidhash Blink's order was another.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache, reduce
from itertools import product
from operator import xor

HINTS = ("sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform")
"""The client hints that any trustworthy URL is sent, in the order in which Blink puts them in."""

USER_AGENT = "user-agent"
"""Put in last, and always."""

CONTENT_TYPE = "content-type"
ACCEPT = "accept"

_SMALLEST = 8
_WORD = 2**64 - 1
_SEED = 0xBDD89AA982704029
_SECRETS = (0x2D358DCCAA6C78A5, 0x8BB84B93962EACC9, 0x4B33A62ED433D4A3)
_KEPT = 2**24 - 1
_FOR_ZERO = 2**23


def map_order(names: Iterable[str]) -> list[str]:
    """The names of an HTTPHeaderMap as it is walked; they are put in as given here, each in its first spelling."""
    buckets: list[str | None] = [None] * _SMALLEST
    taken = 0
    for name in names:
        if _put(buckets, name):
            taken += 1
            if 2 * taken >= len(buckets):
                buckets = _doubled(buckets)
    return _walk(buckets)


def first_reported(
    requested: Sequence[str],
    refused: Collection[str],
    *,
    secure: bool,
    method: str = "GET",
    unseen: Iterable[str] = (),
) -> str:
    """The refused name that Chromium reports: the first of `reportable`."""
    return reportable(requested, refused, secure=secure, method=method, unseen=unseen)[0]


def reportable(
    requested: Sequence[str],
    refused: Collection[str],
    *,
    secure: bool,
    method: str = "GET",
    unseen: Iterable[str] = (),
) -> list[str]:
    """The refused names that Chromium may report, the likeliest first; a single one is beyond doubt, almost.

    A preflight does not show the whole map: its safelisted headers are missing, and they move the others. Tried are a
    safelisted Content-Type or Accept of the page, an XMLHttpRequest, and a worker, whose requests bear no hints.

    Args:
        requested: the names in Access-Control-Request-Headers, lower case.
        refused: those of them that the response does not allow; at least one.
        secure: the URL is potentially trustworthy (https, localhost, 127.0.0.1): that of the first request, where
            redirects led to this one.
        method: the one that is asked for; a body is likely with all but GET and HEAD.
        unseen: names that the page is known to have set beyond those requested, such as a safelisted Accept.
    """
    if len(refused) == 1:
        return list(refused)
    names = {*requested, *unseen}
    body = method not in ("GET", "HEAD")
    reported = (
        _first(refused, map_order([*gathered(names | {*accept, *content_type}), *hints, USER_AGENT]))
        for hints, gathered, accept, content_type in product(
            (HINTS, ()) if secure else ((),),
            (_by_fetch, _by_xhr, _by_xhr_backwards),
            ((), (ACCEPT,)),
            ((CONTENT_TYPE,), ()) if body else ((), (CONTENT_TYPE,)),
        )
    )
    return list(dict.fromkeys(reported))


def _first(refused: Collection[str], order: Iterable[str]) -> str:
    return next(name for name in order if name in refused)


def _by_fetch(names: Iterable[str]) -> list[str]:
    return sorted(names)


def _by_xhr(names: Iterable[str]) -> list[str]:
    """An XMLHttpRequest gathers what the page sets in a map of its own, call by call, in an order that nobody sees."""
    return map_order(sorted(names))


def _by_xhr_backwards(names: Iterable[str]) -> list[str]:
    return map_order(sorted(names, reverse=True))


# ── the table ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _put(buckets: list[str | None], name: str) -> bool:
    """Put a name into its bucket, or into the next free one on its way; False where it is there already."""
    folded = name.lower()
    place = case_folding_hash(folded)
    step = 0
    while (there := buckets[place % len(buckets)]) is not None:
        if there.lower() == folded:
            return False
        step += 1
        place += step
    buckets[place % len(buckets)] = name
    return True


def _doubled(buckets: list[str | None]) -> list[str | None]:
    larger: list[str | None] = [None] * (2 * len(buckets))
    for name in _walk(buckets):
        _put(larger, name)
    return larger


def _walk(buckets: Iterable[str | None]) -> list[str]:
    return [name for name in buckets if name is not None]


# ── the hash ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=1024)
def case_folding_hash(name: str) -> int:
    """The 24 bits that choose a name's bucket. Names are ASCII here: the folding of other letters is left out."""
    text = name.lower().encode("utf-16-le")
    size = len(text)
    state = _SEED ^ _mix(_SEED ^ _SECRETS[0], _SECRETS[1]) ^ size
    if size > 16:
        state = _absorb(text, state)
        left, right = _read(text[-16:-8]), _read(text[-8:])
    elif size >= 4:
        # both ends, and what follows or precedes them where there is more than the two
        inner = 4 if size >= 8 else 0
        left = _read(text[:4]) << 32 | _read(text[-4:])
        right = _read(text[inner : inner + 4]) << 32 | _read(text[size - 4 - inner : size - inner])
    else:
        left, right = _read(text), 0
    scrambled = (left ^ _SECRETS[1]) * (right ^ state)
    bits = _mix(scrambled & _WORD ^ _SECRETS[0] ^ size, scrambled >> 64 ^ _SECRETS[1])
    return bits & _KEPT or _FOR_ZERO


def _absorb(text: bytes, state: int) -> int:
    """Take in more than 16 bytes: 48 at a time in three lanes while there are so many, then up to 32."""
    at = 0
    if len(text) > 48:
        lanes = [state] * 3
        while len(text) - at >= 48:
            for lane, secret in enumerate(_SECRETS):
                lanes[lane] = _take(text, at, lanes[lane], secret)
                at += 16
        state = reduce(xor, lanes)
    if len(text) - at > 16:
        state = _take(text, at, state ^ _SECRETS[1], _SECRETS[2])
    if len(text) - at > 32:
        state = _take(text, at + 16, state, _SECRETS[2])
    return state


def _take(text: bytes, at: int, state: int, secret: int) -> int:
    return _mix(_read(text[at : at + 8]) ^ secret, _read(text[at + 8 : at + 16]) ^ state)


def _mix(x: int, y: int) -> int:
    """The two halves of a product, as one word."""
    whole = x * y
    return (whole ^ whole >> 64) & _WORD


def _read(some: bytes) -> int:
    return int.from_bytes(some, "little")
