"""What of a response the page's script may read. https://fetch.spec.whatwg.org/#concept-filtered-response-cors"""

from collections.abc import Iterable
from typing import Protocol

from cors_addon.fetch.headers import extract_tokens

SAFELISTED = frozenset(
    {
        "cache-control",
        "content-language",
        "content-length",
        "content-type",
        "expires",
        "last-modified",
        "pragma",
    }
)
"""https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name"""

FORBIDDEN = frozenset({"set-cookie", "set-cookie2"})
"""https://fetch.spec.whatwg.org/#forbidden-response-header-name"""


class Readable(Protocol):
    """How an engine tells which header names script may read; see `readable_names`."""

    def __call__(self, names: Iterable[str], expose_headers: str | None, *, credentialed: bool) -> list[str]:
        """Those of `names` (lower case) that script may read, sorted."""


def readable_names(names: Iterable[str], expose_headers: str | None, *, credentialed: bool) -> list[str]:
    """Those of `names` (lower case) that a CORS-filtered response keeps, sorted.

    `expose_headers` is the combined value of Access-Control-Expose-Headers; one item that is no token voids it all.
    """
    present = set(names) - FORBIDDEN
    exposed = {item.lower() for item in extract_tokens(expose_headers or "") or ()}
    if "*" in exposed and not credentialed:
        return sorted(present)
    return sorted(present & (SAFELISTED | exposed))
