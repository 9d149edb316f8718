"""What tells requests apart that the standards make alike: modules from scripts, imports of a worker from both.

Measured with Chromium 156, Firefox 153 and WebKitGTK 2.50.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

type Headers = Mapping[bytes, bytes]
"""By lower-case name, in the order of the wire."""


def _never(_headers: Headers) -> bool:
    return False


def _unknown(_headers: Headers) -> bool | None:
    return None


@dataclass(frozen=True)
class Marks:
    """How one engine's requests differ."""

    is_import: Callable[[Headers], bool] = _never
    """Whether a no-cors request for a script comes from `importScripts`, where a worker may ask at all."""
    is_module: Callable[[Headers], bool | None] = _unknown
    """Whether a cors request for a script is a module's; None where nothing tells."""


def _chromium_import(headers: Headers) -> bool:
    """Workers send no client hints, documents send the basic ones (to secure servers, where Sec-Fetch-* is sent)."""
    return b"sec-ch-ua" not in headers


def _chromium_module(headers: Headers) -> bool | None:
    """Modules have a high priority; a script that another inserts has the default, which is not sent."""
    priority = headers.get(b"priority")
    if priority is None:
        return None if b"connection" in headers or b"proxy-connection" in headers else False
    return priority == b"u=1"


def _gecko_import(headers: Headers) -> bool:
    """Workers load in the background; scripts of documents have a higher priority, or the default, not sent."""
    return headers.get(b"priority") == b"u=4"


def _webkit_import(headers: Headers) -> bool:
    """A worker sets the referrer before the loader adds Accept; for a document both come of the loader."""
    names = list(headers)
    return b"referer" in headers and b"accept" in headers and names.index(b"referer") < names.index(b"accept")


MARKS = {
    "chromium": Marks(_chromium_import, _chromium_module),
    "gecko": Marks(_gecko_import),
    "webkit": Marks(_webkit_import),
    "fetch": Marks(),
}
"""By the engine's name."""
