"""A recording as a stream of bytes, whatever it is packed in, and what it turns out to be.

Law 1: nothing is read twice and nothing is kept: a pipe does as well as a file.
Law 2: damage has a byte offset, of the file itself or, for a packed one, of what it unpacks to.
"""

import bz2
import codecs
import lzma
import os
import stat
import sys
import zipfile
import zlib
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import BinaryIO, Protocol, cast

CHUNK = 1 << 20
_PACKED_CHUNK = 1 << 14
"""Small, for what it unpacks to may be a thousand times as much."""


class Damage(Exception):
    """A file is damaged, or no recording at all; every exchange before the offset was read."""

    def __init__(self, what: str, offset: int | None = None) -> None:
        """`what` is wrong, from byte `offset` on."""
        super().__init__(what)
        self.what = what
        self.offset = offset


class Kind(Enum):
    """What a recording is."""

    DUMP = "mitmproxy dump"
    HAR = "HAR"


class _Unpacker(Protocol):
    """What zlib, bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


_PACKINGS: tuple[tuple[bytes, str, Callable[[], _Unpacker]], ...] = (
    (b"\x1f\x8b", "gzip", lambda: zlib.decompressobj(wbits=31)),
    (b"\xfd7zXZ\x00", "xz", lzma.LZMADecompressor),
    *((b"x" + level, "zlib", zlib.decompressobj) for level in (b"\xda", b"\x9c", b"\x5e", b"\x01")),  # .zhar
    (b"BZh", "bzip2", bz2.BZ2Decompressor),
)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_ACCEPTED = "a mitmproxy dump or a HAR file is wanted, plain or packed by gzip, bzip2, xz, zlib or zip"
_OTHERS: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"\x28\xb5\x2f\xfd",), "packed by zstd, which is not read: unpack it first"),
    ((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE), "UTF-32, which is not read: UTF-8 and UTF-16 are"),
    ((b"{\0", b"\0{"), "UTF-16 without a byte order mark, which is not read: with one, and UTF-8, it is"),
    ((b"onInputData(",), "JSONP: a HAR file is JSON alone, without the call around it"),
)
_HAR_NAMES = (".har", ".zhar")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Source:
    """One recording, opened. Read it once, then close it."""

    def __init__(self, name: str) -> None:
        """Open a file, or standard input for `-`; raises OSError, and Damage for what is no recording."""
        self.name = name
        """As given on the command line."""
        self.packed: str | None = None
        """`gzip`, `xz`, `bzip2`, `zlib` or `zip`."""
        self.position = 0
        """Bytes of the file that were read so far, packed as they are: for progress."""
        self._raw: BinaryIO = sys.stdin.buffer if name == "-" else Path(name).open("rb", buffering=0)  # noqa: SIM115
        self.size = _size(self._raw)
        """Size of the file, None for a pipe."""
        self._unpacker: _Unpacker | None = None
        self._fresh: Callable[[], _Unpacker] | None = None
        self._packed_rest = b""
        self._ready = b""
        self._broken: Damage | None = None
        self._archived: BinaryIO | None = None
        """The zip file that `_raw` is in."""
        try:
            self.kind = self._sniff()
        except Damage as damage:
            self.close()
            raise Damage(damage.what, damage.offset or 0) from damage
        except BaseException:
            self.close()
            raise

    def _sniff(self) -> Kind:
        head = self._fill(self._raw_read, 16)
        for magic, name, fresh in _PACKINGS:
            if head.startswith(magic):
                self.packed, self._fresh, self._unpacker = name, fresh, fresh()
                self._packed_rest, self._ready = self._ready, b""
                head = self._fill(self._unpack, 16)
                break
        if head.startswith(_ZIP) and self.packed is None:
            self._open_zip()
            head = self._fill(self._raw_read, 16)
        for marks, what in _OTHERS:
            if head.startswith(marks):
                raise Damage(what, 0)
        if not head and self.name.lower().endswith(_HAR_NAMES):
            raise Damage("an empty file, and so no HAR", 0)
        if head.startswith(_UTF16) or head.removeprefix(codecs.BOM_UTF8).lstrip().startswith((b"{", b"[")):
            return Kind.HAR
        if not head or head[:1].isdigit():
            return Kind.DUMP
        raise Damage(f"neither a mitmproxy dump nor a HAR file: {_ACCEPTED}", 0)

    def _fill(self, read: Callable[[], bytes], count: int) -> bytes:
        """Have `count` bytes ready, if there are as many, and return them."""
        while len(self._ready) < count and (more := read()):
            self._ready += more
        return self._ready[:count]

    def _open_zip(self) -> None:
        """Playwright writes a HAR with its bodies into a zip file."""
        if self.size is None:
            raise Damage("a zip file cannot be read from a pipe: unpack it first", 0)
        try:
            archive = zipfile.ZipFile(self._raw)
            names = [name for name in archive.namelist() if name.endswith(".har")]
            if len(names) != 1:
                raise Damage(f"a zip file with {len(names)} HAR files in it, not one", 0)
            member = archive.open(names[0])
        except (zipfile.BadZipFile, RuntimeError) as error:
            raise Damage(f"not a usable zip file: {error}", 0) from error
        self._archived = self._raw
        self.packed, self.size = "zip", archive.getinfo(names[0]).file_size
        self._raw, self._ready, self.position = cast(BinaryIO, member), b"", 0

    # -- reading ---------------------------------------------------------------------------------------------------

    @property
    def file(self) -> BinaryIO | None:
        """The file itself, where it can be mapped into memory and its offsets are ours."""
        return self._raw if self.packed is None and self.size is not None and self.name != "-" else None

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
        return self._unpack() if self._unpacker is not None else self._raw_read()

    def _raw_read(self, count: int | None = None) -> bytes:
        try:
            data = self._raw.read(CHUNK if count is None else count)
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError) as error:
            raise Damage(f"the zip file is damaged: {error}") from error
        except OSError as error:
            raise Damage(f"cannot be read: {error.strerror or error}") from error
        self.position += len(data)
        return data

    def _unpack(self) -> bytes:
        """What the next packed bytes unpack to. Members may follow one another, as in `cat a.gz b.gz`."""
        if self._broken is not None:
            raise self._broken
        while True:
            packed = self._packed_rest or self._raw_read(_PACKED_CHUNK)
            self._packed_rest = b""
            assert self._unpacker is not None
            if not packed:
                if self._unpacker.eof:
                    return b""
                raise Damage(f"the {self.packed} file ends too early")
            if self._unpacker.eof:
                if not packed.strip(b"\0"):
                    continue  # padding
                assert self._fresh is not None
                self._unpacker = self._fresh()
            before = getattr(self._unpacker, "copy", lambda: None)()
            try:
                data = self._unpacker.decompress(packed)
            except (zlib.error, OSError, lzma.LZMAError) as error:
                self._broken = Damage(f"the {self.packed} file is damaged: {error}")
                data = b"" if before is None else _salvaged(before, packed)
                if not data:
                    raise self._broken from error
            if self._unpacker.eof:
                self._packed_rest = self._unpacker.unused_data
            if data:
                return data

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self._archived is not None:
            self._raw.close()
        if self.name != "-":
            (self._archived or self._raw).close()


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
