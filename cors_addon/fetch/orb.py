"""Opaque-response blocking: an answer that no page could use without CORS is kept from the page's process.

Step by step as the proposal has it; engines deviate, see `engines/orb_*`.
Anchor: https://github.com/annevk/orb, https://whatpr.org/fetch/1442.html#orb-algorithm
"""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from cors_addon.fetch import sniff
from cors_addon.fetch.javascript import is_json_text, may_be_javascript
from cors_addon.fetch.mime import is_javascript, is_json, is_xml

NEVER_SNIFFED = frozenset(
    """application/dash+xml application/gzip application/msexcel application/mspowerpoint application/msword
    application/msword-template application/pdf application/vnd.apple.mpegurl application/vnd.ces-quickpoint
    application/vnd.ces-quicksheet application/vnd.ces-quickword application/vnd.ms-excel
    application/vnd.ms-excel.sheet.macroenabled.12 application/vnd.ms-powerpoint
    application/vnd.ms-powerpoint.presentation.macroenabled.12 application/vnd.ms-word
    application/vnd.ms-word.document.12 application/vnd.ms-word.document.macroenabled.12 application/vnd.msword
    application/vnd.openxmlformats-officedocument.presentationml.presentation
    application/vnd.openxmlformats-officedocument.presentationml.template
    application/vnd.openxmlformats-officedocument.spreadsheetml.sheet
    application/vnd.openxmlformats-officedocument.spreadsheetml.template
    application/vnd.openxmlformats-officedocument.wordprocessingml.document
    application/vnd.openxmlformats-officedocument.wordprocessingml.template
    application/vnd.presentation-openxml application/vnd.presentation-openxmlm application/vnd.spreadsheet-openxml
    application/vnd.wordprocessing-openxml application/x-gzip application/x-protobuf application/x-protobuffer
    application/zip audio/mpegurl multipart/byteranges multipart/signed text/csv text/event-stream text/vtt""".split()
)
"""Opaque-blocklisted-never-sniffed MIME types."""


type ReadBody = Callable[[int], bytes | None]
"""Reads a body, decoded: at least so many of its first bytes, or all; None where it is not known."""
ALL = 1 << 22
"""Bytes of which nothing is left out, but for what no check reads to its end."""


def held(read: ReadBody, limit: int) -> tuple[ReadBody, int]:
    """What reads the first `limit` bytes as well, and how many bytes it holds, where `read` holds a longer body."""
    shortened = getattr(read, "shortened", None)
    return (read, 0) if shortened is None else shortened(limit)


class Opaque(NamedTuple):
    """An opaque answer, as far as the check asks."""

    status: int
    kind: str | None
    """Essence of its MIME type, None where it has none."""
    nosniff: bool
    read: ReadBody
    media: bool
    """An audio or video element asks."""
    first_part: bool = True
    """It is no range from within the resource, as far as it says."""
    ranged: bool = False
    """It says which range it is."""


class Because(StrEnum):
    """What the check stumbles over."""

    TYPE = "type"
    """A type that no page uses without CORS, whatever the body."""
    NOSNIFF = "nosniff"
    """`nosniff`, with a type that must not be looked behind."""
    PARTIAL = "partial"
    """A range from within the resource."""
    STATUS = "status"
    MEDIA = "media"
    """The body is neither audio nor video."""
    TYPE_LIES = "type-lies"
    """An image, audio or video type with a body of another kind."""
    BODY = "body"
    """The body is no script: HTML, JSON, text."""


class Refused(NamedTuple):
    """Why it is blocked."""

    because: Because
    value: str | None
    """The offending value: type, status, or what the body is."""


type Check = Callable[[Opaque], Refused | None]


def is_safelisted(kind: str) -> bool:
    """An opaque-safelisted MIME type."""
    return is_javascript(kind) or kind in {"image/svg+xml", "text/css"}


def is_blocklisted(kind: str) -> bool:
    """An opaque-blocklisted MIME type."""
    return kind == "text/html" or is_json(kind) or is_xml(kind)


def is_media_type(kind: str) -> bool:
    """A type that names an image, audio or video."""
    return kind.startswith(("audio/", "image/", "video/"))


def check(answer: Opaque) -> Refused | None:
    """The opaque-response-safelist check."""
    kind = answer.kind
    if kind is not None:
        if is_safelisted(kind):
            return None
        if kind in NEVER_SNIFFED:
            return Refused(Because.TYPE, kind)
        if answer.status == 206 and is_blocklisted(kind):
            return Refused(Because.STATUS, "206")
        if answer.nosniff and (is_blocklisted(kind) or kind == "text/plain"):
            return Refused(Because.NOSNIFF, kind)
    if answer.status == 206 and not answer.first_part:
        return Refused(Because.PARTIAL, "206")
    body = answer.read(sniff.SNIFFED)
    if body is None or sniff.is_audio_or_video(body) or (not answer.media and sniff.is_image(body)):
        return None
    return after_sniffing(answer)


def after_sniffing(answer: Opaque) -> Refused | None:
    """The check's second half, for a body that is neither image nor media."""
    kind = answer.kind
    if answer.media:
        return Refused(Because.MEDIA, kind)
    if answer.nosniff:
        return Refused(Because.NOSNIFF, kind)
    if not 200 <= answer.status <= 299:
        return Refused(Because.STATUS, str(answer.status))
    if kind is None:
        return None
    if is_media_type(kind):
        return Refused(Because.TYPE_LIES, kind)
    body = answer.read(ALL)
    if body is None or (may_be_javascript(body) and not is_json_text(body)):
        return None
    return Refused(Because.BODY, what_it_is(body))


def what_it_is(body: bytes) -> str:
    """A word for a body that is no script."""
    text = body[: sniff.SNIFFED].lstrip(b"\t\n\r \xef\xbb\xbf")
    if text.startswith(b"<"):
        return "XML" if text[:5].lower() == b"<?xml" else "markup"
    if text.startswith((b"{", b"[", b")]}'")) or is_json_text(body):
        return "JSON"
    return "text"
