"""Which headers tell, at a glance, that a flow is a page or a load that something beside CORS may stop.

Asked of every flow, so that the many that are neither cost next to nothing.
"""

from cors_addon.exchange.model import Observation
from cors_addon.fetch.mime import JAVASCRIPT

SURELY, BY_TYPE = 1, 2
"""Flags: something beside CORS may stop it, or it is a page; that only if its type is not the right one."""
TELLING = {
    b"cross-site": SURELY,
    b"same-site": SURELY,
    b"embed": SURELY,
    b"frame": SURELY,
    b"iframe": SURELY,
    b"object": SURELY,
    b"worker": SURELY,
    b"sharedworker": SURELY,
    b"serviceworker": SURELY,
    b"script": BY_TYPE,
    b"style": BY_TYPE,
}
"""Values of Fetch metadata, whose names are of one length, that make a flow one to be looked at."""
OF_PAGES = (b"text/html", b"text/event-stream")
"""What Accept begins with in navigations, and for an EventSource."""
_RIGHT_TYPES = frozenset(kind.encode() for kind in JAVASCRIPT) | {b"text/css"}
"""Types that make a script or style sheet of the page's own origin one that nothing stops, mostly."""


def is_right_type(content_type: bytes) -> bool:
    """Whether a script or style sheet of this Content-Type, of the page's own origin, needs no look."""
    return content_type.partition(b";")[0].strip().lower() in _RIGHT_TYPES


def from_elsewhere(referrer: bytes, host: str, port: int) -> int:
    """`SURELY` where a page of another origin than this one, of plain http, is named."""
    own = f"http://{host}:{port}/" if port != 80 else f"http://{host}/"
    return 0 if referrer.startswith(own.encode("latin-1", "replace")) else SURELY


def is_load(observation: Observation) -> bool:
    """The same of a flow as it was observed: is it a page, or a load that something beside CORS may stop?"""
    told = 0
    for name, value in observation.request:
        lower = name.lower()
        if lower.startswith(b"sec-fetch-"):
            told |= TELLING.get(value, 0)
        elif lower == b"accept" and value.startswith(OF_PAGES):
            told |= SURELY
        elif lower == b"referer" and observation.url.scheme == "http":
            told |= from_elsewhere(value, observation.url.host, observation.url.port)
    right = any(name.lower() == b"content-type" and is_right_type(value) for name, value in observation.response)
    return bool(told & SURELY) or bool(told and not right)
