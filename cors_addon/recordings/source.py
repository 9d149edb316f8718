"""A recording as a stream of bytes, whatever it is packed in, and what it turns out to be.

Law 1: nothing is read twice and nothing is kept: a pipe does as well as a file.
Law 2: damage has a byte offset, of the file itself or, for a packed one, of what it unpacks to.
"""

import codecs
import importlib
import os
import stat
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from cors_addon.recordings.damage import Damage as Damage
from cors_addon.recordings.json_shape import Shape

if TYPE_CHECKING:
    from cors_addon.recordings.archive import Archive

UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""How a text in UTF-16 begins, if it says so."""
CHUNK = 1 << 20
HEAD = 1 << 16
"""Bytes by which formats are told apart: JSON is of many kinds, and may begin with much of no use."""
_PACKED_CHUNK = 1 << 14
"""Small, for what it unpacks to may be a thousand times as much."""
_ZSTD_CHUNK = 1 << 9
"""Of zstd, thirty thousand times."""


@dataclass
class Head:
    """By what a format is known."""

    name: str
    """Of the file, as given."""
    start: bytes
    """Its first bytes, unpacked: `HEAD` of them, or as many as there are."""
    members: tuple[str, ...] | None = None
    """Of a zip file, the names of the files in it; then nothing else is known."""

    @cached_property
    def shape(self) -> Shape:
        """What it is made of, where it is JSON."""
        return Shape(self.start)


class Readable(Protocol):
    """What gives bytes: a recording, or a file in a zip file."""

    def read(self) -> bytes:
        """The next bytes, as many as are at hand; empty at the end. Raises Damage."""


class _Unpacker(Protocol):
    """What zlib, bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def _bzip2() -> _Unpacker:
    import bz2  # of use to few files, and takes a while to import

    return bz2.BZ2Decompressor()


def _xz() -> _Unpacker:
    import lzma  # the same

    return lzma.LZMADecompressor()


def _zstd() -> _Unpacker:
    for name in ("compression.zstd", "backports.zstd", "zstandard"):  # Python 3.14 has it, else what mitmproxy uses
        try:
            made = importlib.import_module(name).ZstdDecompressor()
        except ImportError:
            continue
        return cast(_Unpacker, made.decompressobj() if hasattr(made, "decompressobj") else made)
    raise Damage("packed by zstd, which this Python cannot unpack: unpack it first", 0)


_PACKINGS: tuple[tuple[bytes, str, Callable[[], _Unpacker]], ...] = (
    (b"\x1f\x8b", "gzip", lambda: zlib.decompressobj(wbits=31)),
    (b"\xfd7zXZ\x00", "xz", _xz),
    *((b"x" + level, "zlib", zlib.decompressobj) for level in (b"\xda", b"\x9c", b"\x5e", b"\x01")),  # .zhar
    (b"BZh", "bzip2", _bzip2),
    (b"\x28\xb5\x2f\xfd", "zstd", _zstd),
)
PACKINGS = (*dict.fromkeys(name for _, name, _ in _PACKINGS), "zip")
"""What is unpacked, as people call it."""
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


class Source:
    """One recording, opened. Read it once, then close it."""

    def __init__(self, name: str, opened: BinaryIO | None = None) -> None:
        """Open a file, standard input for `-`, or take one that is open; raises OSError, and Damage."""
        self.name = name
        """As given on the command line."""
        self.packed: str | None = None
        """`gzip`, `xz`, `bzip2`, `zstd`, `zlib` or `zip`."""
        self.position = 0
        """Bytes of the file that were read so far, packed as they are: for progress."""
        self._is_own = opened is None and name != "-"
        self._raw: BinaryIO = opened or (sys.stdin.buffer if name == "-" else _open(name))
        self.size = None if opened is not None else _size(self._raw)
        """Size of the file, None where that is not known."""
        self._unpacker: _Unpacker | None = None
        self._fresh: Callable[[], _Unpacker] | None = None
        self._packed_rest = b""
        self._ready = b""
        self._broken: Damage | None = None
        self._later: Damage | None = None
        """Comes after what is ready."""
        self._at_end: Damage | None = None
        self._archived: BinaryIO | None = None
        """The zip file that `_raw` is in."""
        self.archive: Archive | None = None
        """Of a zip file, its files: whoever reads several takes them from here, `enter` goes on with a single one."""
        try:
            start = self._start()
            self.head = Head(name, start, None if self.archive is None else self.archive.names)
        except Damage as damage:
            self.close()
            raise Damage(damage.what, damage.offset or 0) from damage
        except BaseException:
            self.close()
            raise

    def _start(self) -> bytes:
        start = self._fill(self._raw_read)
        for magic, name, fresh in _PACKINGS:
            if start.startswith(magic):
                self.packed, self._fresh, self._unpacker = name, fresh, fresh()
                self._packed_rest, self._ready = self._ready, b""
                return self._fill(self._unpack)
        if start.startswith(_ZIP):
            self._open_zip()
            return b""
        return start

    def _fill(self, read: Callable[[], bytes]) -> bytes:
        """Have the first bytes ready, and return them."""
        try:
            while len(self._ready) < HEAD and (more := read()):
                self._ready += more
        except Damage as damage:
            if not self._ready:
                raise
            self._later = damage
        return self._ready[:HEAD]

    def _open_zip(self) -> None:
        from cors_addon.recordings.archive import Archive  # takes a while to import

        if not self._raw.seekable():
            raise Damage("a zip file cannot be read from a pipe: unpack it first", 0)
        self.archive = Archive(self._raw, self._note_read)
        self.packed, self.size = "zip", self.archive.size
        self._ready, self.position = b"", 0

    def _note_read(self, count: int) -> None:
        self.position += count

    def enter(self, member: str) -> None:
        """Go on with one of the files in a zip file, as if it were the recording itself; raises Damage."""
        assert self.archive is not None
        self._archived = self._raw
        self._raw, self.size = cast(BinaryIO, self.archive.raw(member)), self.archive.size_of(member)
        self._at_end = self.archive.damage
        self.archive = None
        try:
            self.head = Head(self.name, self._fill(self._raw_read))
        except Damage as damage:
            raise Damage(damage.what, damage.offset or 0) from damage

    # -- reading ---------------------------------------------------------------------------------------------------

    @property
    def file(self) -> BinaryIO | None:
        """The file itself, where it can be mapped into memory and its offsets are ours."""
        return self._raw if self.packed is None and self.size is not None and self._is_own else None

    @property
    def length(self) -> int | None:
        """How many bytes `read` will give in all, where that is known."""
        return self.size if self.packed is None else None

    def seek(self, offset: int) -> None:
        """Go on reading elsewhere; only where there is a `file`."""
        self._raw.seek(offset)
        self._ready = b""
        self.position = offset

    def read(self) -> bytes:
        """The next bytes, as many as are at hand; empty at the end."""
        if self._ready:
            ready, self._ready = self._ready, b""
            return ready
        if self._later is not None:
            raise self._later
        data = self._unpack() if self._unpacker is not None else self._raw_read()
        if not data and self._at_end is not None:
            raise self._at_end
        return data

    def _raw_read(self, count: int | None = None) -> bytes:
        try:
            data = self._raw.read(CHUNK if count is None else count)
        except OSError as error:
            raise Damage(f"cannot be read: {error.strerror or error}") from error
        except ValueError as error:  # it is closed
            raise Damage(f"cannot be read: {error}") from error
        except Exception as error:
            if self._archived is None:
                raise
            raise Damage(f"the zip file is damaged: {error}") from error  # whatever its packing raises
        self.position += len(data)
        return data

    def _unpack(self) -> bytes:
        """What the next packed bytes unpack to. Members may follow one another, as in `cat a.gz b.gz`."""
        if self._broken is not None:
            raise self._broken
        while True:
            packed = self._packed_rest or self._raw_read(_PACKED_CHUNK)
            most = _ZSTD_CHUNK if self.packed == "zstd" else len(packed)
            packed, self._packed_rest = packed[:most], packed[most:]
            assert self._unpacker is not None
            if not packed:
                if self._unpacker.eof:
                    return b""
                raise Damage(f"the {self.packed} file ends too early")
            if self._unpacker.eof and not packed.strip(b"\0"):
                continue  # padding
            data = self._unpacked(packed)
            if data:
                return data

    def _unpacked(self, packed: bytes) -> bytes:
        """What these bytes unpack to, as far as they are not damaged."""
        assert self._unpacker is not None
        assert self._fresh is not None
        if self._unpacker.eof:
            self._unpacker = self._fresh()
        before = getattr(self._unpacker, "copy", lambda: None)()
        try:
            data = self._unpacker.decompress(packed)
        except Exception as error:  # zlib.error, lzma.LZMAError, OSError: each packing has its own
            self._broken = Damage(f"the {self.packed} file is damaged: {error}")
            data = b"" if before is None else _salvaged(before, packed)
            if not data:
                raise self._broken from error
        if self._unpacker.eof:
            self._packed_rest = self._unpacker.unused_data + self._packed_rest
        return data

    def close(self) -> None:
        """Close the file; what was not opened here stays open."""
        if self._archived is not None:
            self._raw.close()
        if self._is_own:
            (self._archived or self._raw).close()


def _open(name: str) -> BinaryIO:
    try:
        return open(name, "rb", buffering=0)
    except ValueError as error:  # a NUL in it, or what the file system's encoding has no bytes for
        raise Damage(f"no file can have this name: {error}") from error


def _salvaged(unpacker: _Unpacker, packed: bytes) -> bytes:
    """What can be unpacked before the damage, byte by byte."""
    found = bytearray()
    try:
        for number in range(len(packed)):
            found += unpacker.decompress(packed[number : number + 1])
    except zlib.error:
        pass
    return bytes(found)


def _size(file: BinaryIO) -> int | None:
    try:
        status = os.fstat(file.fileno())
    except (OSError, ValueError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
