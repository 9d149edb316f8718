"""How the CORS-preflight cache is kept, as data. https://fetch.spec.whatwg.org/#cors-preflight-cache"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from cors_addon.fetch.methods import CORS_SAFELISTED

DEFAULT_MAX_AGE = 5
"""Seconds. https://fetch.spec.whatwg.org/#http-access-control-max-age"""


def max_age(value: str | None) -> int:
    """Seconds an answer may be cached, after the standard: digits, or else five seconds."""
    if value is None or not (value.isascii() and value.isdigit()):
        return DEFAULT_MAX_AGE
    return int(value[:12])


@dataclass(frozen=True)
class CacheRules:
    """How one engine (by default the standard) keeps the answers to its preflights."""

    accumulates: bool = True
    """Entries add up per method and header name; else one entry per key, replaced by each new answer."""
    cap: float = float("inf")
    """Seconds, at most."""
    max_age: Callable[[str | None], int | None] = max_age
    """The lifetime asked for, in seconds; None: not cached at all."""
    caches_wildcards: bool = True
    wildcard_covers_authorization: bool = False
    simple_methods: Collection[str] = CORS_SAFELISTED
    include_serves_omit: bool = True
    wildcard_by_request: bool = False
    """Whether `*` means all depends on the credentials mode of the request to be served alone, not on that with which
    the preflight was made."""
    stores_refused_grants: bool = False
    """A preflight refused for its method or header is stored all the same."""
    failed_request_clears: bool = False
    """A refused actual request removes the entries of its URL."""
    opaque_origins_share: bool = False
    """Requests of opaque origins reuse entries."""
    no_cache_bypasses: bool = False
    """A load that revalidates or bypasses the HTTP cache does not look into this one either."""
