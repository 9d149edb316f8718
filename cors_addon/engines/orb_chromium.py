"""Chromium's opaque-response blocking, "v0.2": it looks for what is surely no script, where the proposal parses one.

services/network/public/cpp/orb/orb_impl.cc, orb_mimetypes.cc, orb_sniffers.cc and net/base/mime_sniffer.cc.
"""

import re

from cors_addon.fetch.mime import is_json, is_xml
from cors_addon.fetch.orb import NEVER_SNIFFED, Because, Opaque, Refused
from cors_addon.fetch.patterns import pattern

_SNIFFED = 1024
_MORE_NEVER_SNIFFED = frozenset({"text/pdf"})
_SNIFFED_AFTER_ALL = frozenset({"application/x-protobuffer"})
_MEDIA_TYPES = frozenset(
    {"application/dash+xml", "application/ogg", "application/vnd.apple.mpegurl", "text/vtt", "text/css"}
)
"""Types that pass whatever the body, beside audio/*, video/* and SVG."""
_JSON_TOO = "application/json+protobuf"
_MEDIA = pattern(
    rb"#define|\x00\x00\x01[\x00\xb0-\xbf]|RIFF[\s\S]{4}(?:WAVEfmt |AVI LIST|WEBPVP)|OggS\x00|\xff[\xe0-\xff]"
    rb"|[\s\S]{4}(?:ftyp|moov)|FLV|fLaC|#!AMR\n|II\x2a\x00|II\x1a\x00\x00\x00HEAPCCDR|\x00MRM|MMOR|IIR[OS]"
    rb"|FUJIFILMCCD-RAW |IIU\x00|MMMMRaw|FOVb|GIF8[79]a|\x89PNG\r\n\x1a\n|\xff\xd8\xff|BM|I I|II\*|MM\x00[\s\S]|ID3"
    rb"|\.RMF|\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c|\x1a\x45\xdf\xa3"
)
"""An image, audio or video, by `SniffMimeTypeFromLocalData`."""
_HTML = pattern(
    rb"<(?:!doctype html|script|html|head|iframe|h1|div|font|table|a|style|title|b|p)",
    re.IGNORECASE,
)
_HTML_COMMENT = pattern(rb"<!--[\s\S]*?-->[\s\S]*?(?=[\n\r]|\xe2\x80[\xa8\xa9])")
_MARK = b"\xef\xbb\xbf"
"""Of UTF-8: it stands before what is sniffed."""
_SPACE = b" \t\r\n"
_BREAKS_PARSERS = (b")]}'", b"{}&&", b"{} &&", b"for(;;);", b"while(1);", b"for (;;);", b"while (1);")
_JSON_OBJECT = pattern(rb'[ \t\r\n]*\{[ \t\r\n]*"(?:[^"\\]|\\[\s\S])*"[ \t\r\n]*:')


def check(answer: Opaque) -> Refused | None:
    """OpaqueResponseBlockingAnalyzer: Init, Sniff, HandleEndOfSniffableResponseBody."""
    kind = answer.kind
    if kind is not None:
        if kind.startswith(("audio/", "video/")) or kind in _MEDIA_TYPES or kind == "image/svg+xml":
            return None
        if kind in _MORE_NEVER_SNIFFED or (kind in NEVER_SNIFFED and kind not in _SNIFFED_AFTER_ALL):
            return Refused(Because.TYPE, kind)
        if answer.nosniff and (kind in {"text/html", "text/plain", _JSON_TOO} or is_json(kind) or is_xml(kind)):
            return Refused(Because.NOSNIFF, kind)
    if answer.status == 206 and not answer.first_part:
        return Refused(Because.PARTIAL, "206")
    body = answer.read(_SNIFFED)
    if kind is None or body is None or _MEDIA.match(body):
        return None
    found = _sniff(body[:_SNIFFED].removeprefix(_MARK))
    return None if found is None else Refused(Because.BODY, found)


def _sniff(body: bytes) -> str | None:
    """What a body is that is surely no script; comments before markup are passed over, as JavaScript has them, too."""
    text = body
    while text:
        text = text.lstrip(_SPACE)
        if _HTML.match(text):
            return "HTML"
        comment = _HTML_COMMENT.match(text)
        if comment is None:
            break
        text = text[comment.end() :]
    if body.lstrip(_SPACE).startswith(b"<?xml"):
        return "XML"
    if body.startswith(_BREAKS_PARSERS) or _JSON_OBJECT.match(body):
        return "JSON"
    return None
