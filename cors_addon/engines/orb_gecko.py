"""Gecko's opaque-response blocking: the proposal, but for some media types that players of the web rely on.

netwerk/protocol/http/OpaqueResponseUtils.cpp, HttpBaseChannel.cpp, nsHttpChannel.cpp; image/imgLoader.cpp and
toolkit/components/mediasniffer for what a body is.
"""

from cors_addon.fetch import orb, sniff
from cors_addon.fetch.orb import Because, Opaque, Refused
from cors_addon.fetch.patterns import pattern

_PASS = frozenset(
    """application/dash+xml application/vnd.apple.mpegurl audio/mpegurl text/vtt
    audio/mpeg audio/aac audio/aacp multipart/x-mixed-replace""".split()
)
"""IsOpaqueSafeListedSpecBreakingMIMEType, by the default of browser.opaqueResponseBlocking.mediaExceptionsStrategy."""

_IMAGES = pattern(
    rb"GIF8[79]a|\x89PNG\r\n\x1a\n|\xff\xd8\xff|BM|\x00\x00[\x01\x02]\x00|RIFF[\s\S]{4}WEBP"
    rb"|[\s\S]{4}ftyp(?:avi[fs]|mif1)|\xff\x0a|\x00\x00\x00\x0cJXL \r\n\x87\n"
)
_MEDIA = pattern(rb"OggS|RIFF[\s\S]{4}WAVE|ID3|fLaC|#EXTM3U|[\s\S]{4}ftyp|\x1a\x45\xdf\xa3|\xff[\xf0-\xff]")


def is_media(body: bytes) -> bool:
    """Whether the sniffers find an image, audio or video."""
    return bool(_IMAGES.match(body) or _MEDIA.match(body)) or sniff.is_audio_or_video(body)


def check(answer: Opaque) -> Refused | None:
    """PerformOpaqueResponseSafelistCheckBeforeSniff, the sniffers, and …AfterSniff."""
    kind = answer.kind
    if kind in _PASS or (kind == "text/plain" and answer.nosniff):
        return None
    if kind is not None:
        if orb.is_safelisted(kind):
            return None
        if kind in orb.NEVER_SNIFFED:
            return Refused(Because.TYPE, kind)
        if answer.status == 206 and orb.is_blocklisted(kind):
            return Refused(Because.STATUS, "206")
        if answer.nosniff and orb.is_blocklisted(kind):
            return Refused(Because.NOSNIFF, kind)
    if answer.status == 206 and not (answer.ranged and answer.first_part):  # IsFirstPartialResponse
        return Refused(Because.PARTIAL, "206")
    body = answer.read(sniff.SNIFFED)
    if body is None or _IMAGES.match(body):
        return None
    if _MEDIA.match(body) or sniff.is_audio_or_video(body):
        if answer.media and answer.status not in (200, 206):
            return Refused(Because.STATUS, str(answer.status))
        return None
    return orb.after_sniffing(answer)
