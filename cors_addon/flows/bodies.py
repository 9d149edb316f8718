"""Bodies of answers, decoded as far as somebody asks: of a large one that is mostly its beginning."""

import zlib

from mitmproxy.net import encoding as codings

_SMALL = 1 << 16
"""Bytes as sent; so little is decoded as a whole."""
_HEAD = 1 << 15
"""Bytes as sent of which the beginning is decoded."""
_MAX_SENT = 1 << 20
"""Bytes as sent beyond which a body is not decoded as a whole: that would take too long."""


def read(raw: bytes | None, coding: str, limit: int) -> bytes | None:
    """At least `limit` bytes of a body, or all of it; None where it is not known or cannot be decoded.

    `raw`: as sent; `coding`: the value of Content-Encoding.
    """
    name = coding.strip().lower()
    if raw is None or name in ("", "identity"):
        return raw
    if len(raw) > _SMALL and limit < _HEAD and name in ("gzip", "x-gzip"):
        return _gzip(raw, limit)
    if len(raw) > _MAX_SENT:
        return None
    try:
        decoded = codings.decode(raw, name)
    except ValueError:
        return None
    return decoded if isinstance(decoded, bytes) else None


def _gzip(raw: bytes, limit: int) -> bytes | None:
    try:
        return zlib.decompressobj(wbits=31).decompress(raw[:_HEAD], limit)
    except zlib.error:
        return None
