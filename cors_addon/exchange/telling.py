"""Which headers tell, at a glance, that a flow is a page or a load that something beside CORS may stop.

Asked of every flow, so that the many that are neither cost next to nothing.
"""

import re

from cors_addon.exchange.model import Fields, Observation
from cors_addon.fetch.headers import LOWER
from cors_addon.fetch.mime import JAVASCRIPT
from cors_addon.fetch.patterns import pattern

SURELY, SCRIPT, STYLE = 1, 2, 4
"""Flags: something beside CORS may stop it, or it is a page; that only if its type is not one of a script, or not that
of a style sheet."""
BY_TYPE = SCRIPT | STYLE
TELLING = {
    b"cross-site": SURELY,
    b"same-site": SURELY,
    b"embed": SURELY,
    b"frame": SURELY,
    b"iframe": SURELY,
    b"object": SURELY,
    b"json": SURELY,
    b"audioworklet": SURELY,
    b"paintworklet": SURELY,
    b"worker": SURELY,
    b"sharedworker": SURELY,
    b"serviceworker": SURELY,
    b"script": SCRIPT,
    b"style": STYLE,
}
"""Values of Fetch metadata, whose names are of one length, that make a flow one to be looked at."""
_LENGTHS = frozenset(map(len, (b"sec-fetch-mode", b"accept")))
_REFERER, _CONTENT_TYPE = len(b"referer"), len(b"content-type")
OF_PAGES = (b"text/html", b"text/event-stream")
"""What Accept begins with in navigations, and for an EventSource."""
IMAGE = 8
"""Beside `SCRIPT` and `STYLE`: a type of content."""
_IMAGE_TYPE = pattern(rb"image/[\w.+-]+", re.IGNORECASE)
_JAVASCRIPT = frozenset(kind.encode() for kind in JAVASCRIPT)


class _Types(dict[bytes, int]):
    """What a value of Content-Type says that its body is, as a flag; 0 for anything else. The latest are kept."""

    def __missing__(self, content_type: bytes) -> int:
        if len(self) >= MAX_TYPES:
            self.clear()
        kind = content_type.partition(b";")[0].strip().lower()
        found = SCRIPT if kind in _JAVASCRIPT else STYLE if kind == b"text/css" else 0
        if _IMAGE_TYPE.fullmatch(content_type):
            found = IMAGE
        if len(content_type) <= MAX_TYPE:
            self[content_type] = found
        return found


MAX_TYPES, MAX_TYPE = 1024, 256
TYPES = _Types()


def right_for(content_type: bytes) -> int:
    """What needs no look with this Content-Type, if it is of the page's own origin: `SCRIPT`, `STYLE` or 0."""
    return TYPES[content_type] & BY_TYPE


def from_elsewhere(referrer: bytes, host: str, port: int) -> int:
    """`SURELY` where a page of another origin than this one, of plain http, is named."""
    own = f"http://{host}:{port}/" if port != 80 else f"http://{host}/"
    return 0 if referrer.startswith(own.encode("latin-1", "replace")) else SURELY


def is_load(observation: Observation, *, integrity_seen: bool = False) -> bool:
    """The same of a flow as it was observed: is it a page, or a load that something beside CORS may stop?

    `integrity_seen`: scripts and style sheets are looked at whatever their type, for some page names a digest.
    """
    told = asks(observation.request)
    if observation.url.scheme == "http":
        told |= asked_from(observation)
    return bool(told & ~types_of(observation.response) if told & BY_TYPE and not integrity_seen else told)


def asks(request: Fields) -> int:
    """What a request's own words make of it, as flags."""
    told = 0
    for name, value in request:
        if len(name) not in _LENGTHS:
            continue
        lower = LOWER[name]
        if lower.startswith(b"sec-fetch-"):
            told |= TELLING.get(value, 0)
        elif lower == b"accept" and value.startswith(OF_PAGES):
            told |= SURELY
    return told


def asked_from(observation: Observation) -> int:
    """What the page that a request of plain http names makes of it."""
    told = 0
    for name, value in observation.request:
        if len(name) == _REFERER and LOWER[name] == b"referer":
            told |= from_elsewhere(value, observation.url.host, observation.url.port)
    return told


def types_of(response: Fields) -> int:
    """What an answer's type is right for, as flags."""
    found = 0
    for name, value in response:
        if len(name) == _CONTENT_TYPE and LOWER[name] == b"content-type":
            found |= right_for(value)
    return found
