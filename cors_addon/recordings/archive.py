"""A zip file with several files in it that belong together: each as a stream, in whatever order its reader likes.

Law 1: what a file unpacks to is never held whole, however it was packed; `whole` takes a limit.
Law 2: of a zip file that is cut off, and so lacks its list of files, those are found that begin before the end.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import BinaryIO, NamedTuple, Protocol

from cors_addon.recordings.damage import Damage

CHUNK = 1 << 16
MOST_FILES = 1 << 16
"""Files in it that are looked at where its list is missing."""
_LOCAL = b"PK\x03\x04"
_HEADER = struct.Struct("<4xHHH8xIxxxxHH")
_FROM_ITS_LIST = 8
"""The flag by which sizes stand behind a file, not before it."""
_UTF8 = 1 << 11


class Stream(Protocol):
    """A file in a zip file, opened."""

    def read(self, count: int, /) -> bytes:
        """So many bytes, fewer at the end; raises whatever its packing raises."""

    def close(self) -> None:
        """Let go of it."""


class _Found(NamedTuple):
    """A file in a zip file without a list."""

    begin: int
    packed: bool
    size: int | None
    """How many bytes it takes, packed; None where that is not told."""


class Archive:
    """The files of a zip file."""

    def __init__(self, file: BinaryIO, on_read: Callable[[int], None] = lambda _: None) -> None:
        """Of a file that can be sought in; raises Damage. `on_read` is told of bytes that were read, unpacked."""
        self._file = file
        self._on_read = on_read
        self._found: dict[str, _Found] = {}
        self._zip: zipfile.ZipFile | None = None
        self.damage: Damage | None = None
        """What is wrong with it as a whole, to be raised once everything before that was read."""
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            self._found = {name: found for name, found in _local(file) if not name.endswith("/")}
            if not self._found:
                raise Damage(f"not a usable zip file: {error}", 0) from error
            self.damage = Damage("a zip file that is cut off, or damaged: its list of files is missing", _end(file))
        self.names: tuple[str, ...] = tuple(self._found) if self._zip is None else tuple(self._zip.namelist())
        self.size = 0 if self._zip is None else sum(each.file_size for each in self._zip.infolist())
        """Bytes that all of it unpacks to, as it says."""

    def size_of(self, name: str) -> int | None:
        """Bytes that one of its files unpacks to; None where that is not known."""
        return None if self._zip is None else self._zip.getinfo(name).file_size

    def numbered(self, pattern: re.Pattern[str]) -> list[str]:
        """Names that a pattern matches as a whole, in the order of the number in its first group."""
        found = [(int(match[1]), name) for name in self.names if (match := pattern.fullmatch(name))]
        return [name for _, name in sorted(found)]

    def open(self, name: str) -> "Member":
        """One of its files, to be read from its beginning; raises Damage. Several may be open at a time."""
        return Member(name, self.raw(name), self._on_read)

    def whole(self, name: str, limit: int) -> bytes | None:
        """One of its files, at most so many bytes of it; None where it is not there, or cannot be read."""
        if name not in self.names:
            return None
        try:
            with closing(self.raw(name)) as file:
                return file.read(limit)
        except Exception:  # whatever its packing raises
            return None

    def raw(self, name: str) -> Stream:
        """One of its files as Python opens it; reading may raise whatever its packing raises."""
        try:
            if self._zip is not None:
                return self._zip.open(name)
            return _Salvaged(self._file, self._found[name])
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, KeyError, ValueError, OSError) as error:
            raise Damage(f"not a usable zip file: {error}", 0) from error


class Member:
    """A file in a zip file, while it is read: a `Readable`."""

    def __init__(self, name: str, raw: Stream, on_read: Callable[[int], None]) -> None:
        """Read what is opened."""
        self.name = name
        self._raw = raw
        self._on_read = on_read
        self._given = 0

    def read(self) -> bytes:
        """The next bytes; empty at the end. Raises Damage, with the offset within it."""
        try:
            data = self._raw.read(CHUNK)
        except Exception as error:  # whatever its packing raises
            raise Damage(f"the zip file is damaged in {self.name}: {error}", self._given) from error
        self._given += len(data)
        self._on_read(len(data))
        return data

    def close(self) -> None:
        """Needed for those that are not read to their end only."""
        self._raw.close()


class _Salvaged:
    """A file in a zip file that has lost its list."""

    def __init__(self, file: BinaryIO, found: _Found) -> None:
        self._file, self._found, self._at = file, found, found.begin
        self._unpacker = zlib.decompressobj(wbits=-15) if found.packed else None
        self._ready = b""

    def read(self, count: int) -> bytes:
        """At least one byte, up to so many; raises ValueError where the file ends too early."""
        found = bytearray()
        while len(found) < count and (piece := self._next(count - len(found))):
            found += piece
        return bytes(found)

    def _next(self, count: int) -> bytes:
        unpacker = self._unpacker
        if unpacker is None:
            return self._packed(count)
        while not unpacker.eof:
            packed = unpacker.unconsumed_tail or self._packed(CHUNK)
            if piece := unpacker.decompress(packed, count):
                return piece
            if not packed and not unpacker.eof:
                raise ValueError("the file ends too early")
        return b""

    def _packed(self, count: int) -> bytes:
        size = self._found.size
        left = count if size is None else min(count, self._found.begin + size - self._at)
        self._file.seek(self._at)
        data = self._file.read(max(left, 0))
        self._at += len(data)
        if not data and size and left > 0:
            raise ValueError("the file ends too early")
        return data

    def close(self) -> None:
        """Nothing is held."""


def _end(file: BinaryIO) -> int:
    return file.seek(0, 2)


def _local(file: BinaryIO) -> Iterator[tuple[str, _Found]]:
    """What stands in a zip file, by what each file has before itself."""
    at = 0
    for _ in range(MOST_FILES):
        file.seek(at)
        head = file.read(30)
        if len(head) < 30 or not head.startswith(_LOCAL):
            return
        _, flags, method, size, name_size, extra_size = _HEADER.unpack(head)
        name = file.read(name_size)
        begin = at + 30 + name_size + extra_size
        told = not flags & _FROM_ITS_LIST and size != 0xFFFFFFFF
        if not name or method not in (0, 8) or flags & 1 or (method == 0 and not told):
            return
        found = _Found(begin, method == 8, size if told else None)
        yield name.decode("utf-8" if flags & _UTF8 else "cp437", "replace"), found
        if told:
            at = begin + size
            continue
        after = _after_packed(file, begin)
        if after is None:
            return
        at = after


def _after_packed(file: BinaryIO, begin: int) -> int | None:
    """Where the next file begins after one whose size is not told; None where there is none."""
    unpacker = zlib.decompressobj(wbits=-15)
    file.seek(begin)
    while not unpacker.eof:
        packed = unpacker.unconsumed_tail or file.read(CHUNK)
        try:
            if not unpacker.decompress(packed, CHUNK) and not packed and not unpacker.eof:
                return None
        except zlib.error:
            return None
    at = file.tell() - len(unpacker.unused_data)
    file.seek(at)
    near = file.read(64).find(_LOCAL)
    return None if near < 0 else at + near
