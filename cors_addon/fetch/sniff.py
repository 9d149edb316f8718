"""What the first bytes of a body say it is. https://mimesniff.spec.whatwg.org/"""

from cors_addon.fetch.patterns import pattern

SNIFFED = 1445
"""Bytes that are looked at. https://mimesniff.spec.whatwg.org/#resource-header"""

_IMAGES = pattern(
    rb"\x00\x00[\x01\x02]\x00|BM|GIF8[79]a|RIFF[\s\S]{4}WEBPVP|\x89PNG\r\n\x1a\n|\xff\xd8\xff",
)
_AUDIO_OR_VIDEO = pattern(rb"FORM[\s\S]{4}AIFF|ID3|OggS\x00|MThd\x00\x00\x00\x06|RIFF[\s\S]{4}(?:AVI |WAVE)")
_WEBM = pattern(rb"\x1a\x45\xdf\xa3[\s\S]{0,34}\x42\x82[\s\S]{1,10}webm")
_MP3_BITRATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MP25_BITRATES = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_SAMPLE_RATES = (44100, 48000, 32000)


def is_image(body: bytes) -> bool:
    """https://mimesniff.spec.whatwg.org/#image-type-pattern-matching-algorithm"""
    return _IMAGES.match(body) is not None


def is_audio_or_video(body: bytes) -> bool:
    """https://mimesniff.spec.whatwg.org/#audio-or-video-type-pattern-matching-algorithm"""
    if _AUDIO_OR_VIDEO.match(body) or _WEBM.match(body):
        return True
    return _is_mp4(body) or _is_mp3(body)


def _is_mp4(body: bytes) -> bool:
    """https://mimesniff.spec.whatwg.org/#signature-for-mp4"""
    if len(body) < 12 or body[4:8] != b"ftyp":
        return False
    size = int.from_bytes(body[:4], "big")
    if len(body) < size or size % 4:
        return False
    return body[8:11] == b"mp4" or any(body[at : at + 3] == b"mp4" for at in range(16, size, 4))


def _is_mp3(body: bytes) -> bool:
    """https://mimesniff.spec.whatwg.org/#signature-for-mp3-without-id3"""
    size = _mp3_frame_size(body, 0)
    return size is not None and size >= 4 and _mp3_frame_size(body, size) is not None


def _mp3_frame_size(body: bytes, at: int) -> int | None:
    """https://mimesniff.spec.whatwg.org/#match-an-mp3-header, and the size of the frame that it begins."""
    if len(body) < at + 4 or body[at] != 0xFF or body[at + 1] & 0xE0 != 0xE0:
        return None
    layer, bitrate, sample = body[at + 1] >> 1 & 0x03, body[at + 2] >> 4, body[at + 2] >> 2 & 0x03
    if layer != 1 or bitrate == 15 or sample == 3:
        return None
    version = body[at + 1] >> 3 & 0x03
    kilobits = (_MP25_BITRATES if version & 0x01 == 0 else _MP3_BITRATES)[bitrate]
    scale = 72 if version == 1 else 144
    return kilobits * 1000 * scale // _SAMPLE_RATES[sample] + (body[at + 2] >> 1 & 0x01)
