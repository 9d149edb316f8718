"""What asked for a resource, as far as the wire tells."""

from collections.abc import Mapping
from enum import StrEnum


class Initiator(StrEnum):
    """What asked for the resource, as far as a console's text depends on it."""

    FETCH = "fetch"
    XHR = "xhr"
    EVENTSOURCE = "eventsource"
    BEACON = "beacon"
    SCRIPT = "script"
    STYLE = "style"
    IMAGE = "image"
    FONT = "font"
    VIDEO = "video"
    AUDIO = "audio"
    TRACK = "track"
    MANIFEST = "manifest"
    PREFETCH = "prefetch"
    OTHER = "other"


def initiator_of(
    destination: str | None, *, accept: str | None = None, purpose: str | None = None, api: str | None = None
) -> Initiator:
    """The initiator, from Sec-Fetch-Dest, Accept, Sec-Purpose and X-Requested-With.

    fetch, XMLHttpRequest and beacons look the same on the wire: `fetch`, unless the page's own X-Requested-With
    names XMLHttpRequest. Without Sec-Fetch-Dest (an insecure context) Accept tells images, styles and fonts.
    """
    if purpose is not None and purpose.strip().lower().startswith("prefetch"):
        return Initiator.PREFETCH
    if destination not in (None, "", "empty"):
        return _OF_DESTINATION.get(destination, Initiator.OTHER)
    if accept == "text/event-stream":
        return Initiator.EVENTSOURCE
    if api is not None and api.strip().lower() == "xmlhttprequest":
        return Initiator.XHR
    accepted = "" if destination == "empty" or accept is None else accept
    return next((initiator for start, initiator in _OF_ACCEPT if accepted.startswith(start)), Initiator.FETCH)


_OF_DESTINATION: Mapping[str | None, Initiator] = {
    "script": Initiator.SCRIPT,
    "json": Initiator.SCRIPT,
    "audioworklet": Initiator.SCRIPT,
    "paintworklet": Initiator.SCRIPT,
    "style": Initiator.STYLE,
    "image": Initiator.IMAGE,
    "font": Initiator.FONT,
    "video": Initiator.VIDEO,
    "audio": Initiator.AUDIO,
    "track": Initiator.TRACK,
    "manifest": Initiator.MANIFEST,
}

_OF_ACCEPT = (
    ("image/", Initiator.IMAGE),
    ("text/css,", Initiator.STYLE),
    ("application/font-woff2;", Initiator.FONT),
)
