"""Bodies of answers, decoded as far as somebody asks: what a kilobyte unpacks to may be a gigabyte."""

import zlib
from collections.abc import Callable
from typing import Any

from mitmproxy.net import encoding as codings

type _Unpack = Callable[[bytes, int], bytes]

_SLICE = 2048
"""Bytes as sent that brotli is given at once."""
_LONGEST_NAME = 16
"""Characters of a Content-Encoding that may be one."""


def read(raw: bytes | None, coding: str, limit: int) -> bytes | None:
    """At least `limit` bytes of a body, or all of it; None where it is not known or cannot be decoded.

    `raw`: as sent; `coding`: the value of Content-Encoding.
    """
    name = coding.strip().lower() if len(coding) <= _LONGEST_NAME else "unknown"
    if raw is None or name in ("", "identity"):
        return raw
    unpack = _UNPACK.get(name)
    if unpack is None:
        return None
    try:
        return unpack(raw, limit)
    except _DAMAGED:
        return None


def _gzip(raw: bytes, limit: int) -> bytes:
    found = b""
    while raw and len(found) < limit:  # of several members each unpacks by itself
        member = zlib.decompressobj(wbits=31)
        unpacked = member.decompress(raw, limit - len(found))
        found, raw = found + unpacked, member.unused_data
        if not member.eof:
            break
    return found


def _deflate(raw: bytes, limit: int) -> bytes:
    """By its name it should be wrapped by zlib, and often it is not."""
    try:
        return zlib.decompressobj().decompress(raw, limit)
    except zlib.error:
        return zlib.decompressobj(wbits=-15).decompress(raw, limit)


def _brotli(raw: bytes, limit: int) -> bytes:
    """What it is given at once it unpacks at once, up to its window, whatever is asked for."""
    reader = _BROTLI.Decompressor()
    found = b""
    for start in range(0, len(raw), _SLICE):
        found += reader.process(raw[start : start + _SLICE], **_LIMITED)
        while _LIMITED and len(found) < limit and not reader.can_accept_more_data():
            found += reader.process(b"", **_LIMITED)
        if len(found) >= limit:
            break
    return found


def _zstd(raw: bytes, limit: int) -> bytes:
    reader = _ZSTD.ZstdDecompressor()
    unpacked: bytes
    if hasattr(reader, "stream_reader"):  # of the package zstandard, which older versions of mitmproxy have
        unpacked = reader.stream_reader(raw).read(limit)
    else:
        unpacked = reader.decompress(raw, max_length=limit)
    return unpacked


_BROTLI: Any = vars(codings)["brotli"]
_ZSTD: Any = vars(codings)["zstd"]
_LIMITED = {"output_buffer_limit": 1 << 16} if hasattr(_BROTLI.Decompressor, "can_accept_more_data") else {}
"""Versions before 1.2 know no limit."""
_DAMAGED: tuple[type[Exception], ...] = (zlib.error, ValueError, _BROTLI.error, _ZSTD.ZstdError)
_UNPACK: dict[str, _Unpack] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
