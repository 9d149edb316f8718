"""Zip files of several files: each read as a stream, cut off or not."""

import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from cors_addon.recordings.archive import CHUNK, Archive
from cors_addon.recordings.damage import Damage
from cors_addon.recordings.json_shape import Shape
from cors_addon.recordings.source import Head, Source

FILES = {"a.txt": b"first " * 20_000, "folder/b.bin": bytes(range(256)) * 40, "c.txt": b""}


class _Pipe(io.RawIOBase):
    """What a zip file is written to that cannot be sought in: then sizes stand behind each file."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.data += bytes(data)  # type: ignore[call-overload]
        return len(bytes(data))  # type: ignore[call-overload]


def zipped(files: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED, *, streamed: bool = False) -> bytes:
    """A zip file."""
    into: io.BytesIO | _Pipe = _Pipe() if streamed else io.BytesIO()
    with zipfile.ZipFile(into, "w", packing) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return bytes(into.data) if isinstance(into, _Pipe) else into.getvalue()


def read(archive: Archive, name: str) -> bytes:
    """All of a file, and every piece of it within bounds."""
    member = archive.open(name)
    pieces = []
    while piece := member.read():
        assert len(piece) <= CHUNK
        pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_each_file_as_a_stream(packing: int, streamed: bool) -> None:
    """And of the whole, how much was read."""
    counted: list[int] = []
    archive = Archive(io.BytesIO(zipped(FILES, packing, streamed=streamed)), counted.append)
    assert archive.names == tuple(FILES)
    assert {name: read(archive, name) for name in FILES} == FILES
    assert sum(counted) == archive.size == sum(map(len, FILES.values()))
    assert archive.damage is None
    assert archive.whole("a.txt", 5) == b"first"
    assert archive.whole("not.there", 5) is None


@pytest.mark.parametrize("streamed", [False, True])
def test_one_that_is_cut_off(streamed: bool) -> None:
    """Has lost its list; what came whole is read, then what began, then the damage is told."""
    files = FILES | {"long.txt": b"".join(str(each).encode() for each in range(30_000))}
    data = zipped(files, streamed=streamed)
    end = data.index(b"PK\x01\x02") - 5000
    archive = Archive(io.BytesIO(data[:end]))
    assert archive.names == tuple(files)
    assert {name: read(archive, name) for name in FILES} == FILES
    with pytest.raises(Damage, match=r"damaged in long\.txt: the file ends too early"):
        read(archive, "long.txt")
    assert archive.damage is not None
    assert archive.damage.offset == end


def test_one_that_is_cut_off_between_two_files() -> None:
    """Has what came before."""
    data = zipped(FILES, zipfile.ZIP_STORED)
    archive = Archive(io.BytesIO(data[: data.index(b"PK\x03\x04", 4)]))
    assert archive.names == ("a.txt",)
    assert read(archive, "a.txt") == FILES["a.txt"]


@pytest.mark.parametrize("data", [b"PK\x03\x04broken", b"PK\x05\x06", b"PK\x03\x04" + bytes(40)])
def test_what_is_no_zip_file(data: bytes) -> None:
    """Is said to be none."""
    with pytest.raises(Damage, match="not a usable zip file"):
        Archive(io.BytesIO(data))


def test_a_damaged_file_in_it() -> None:
    """Is told with its name."""
    data = bytearray(zipped(FILES))
    data[60:70] = b"\xff" * 10
    archive = Archive(io.BytesIO(bytes(data)))
    with pytest.raises(Damage, match=r"damaged in a\.txt"):
        read(archive, "a.txt")
    assert archive.whole("a.txt", 1 << 20) is None
    assert read(archive, "folder/b.bin") == FILES["folder/b.bin"]


@pytest.mark.parametrize("cut", [False, True])
def test_a_file_that_unpacks_to_much(cut: bool) -> None:
    """Takes no more memory than any other: 200 MB here."""
    data = zipped({"bomb": bytes(200_000_000), "b": b"b"})
    if cut:
        data = data[: data.index(b"PK\x01\x02")]
    tracemalloc.start()
    archive = Archive(io.BytesIO(data))
    member = archive.open("bomb")
    count = 0
    while piece := member.read():
        count += len(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 200_000_000
    assert peak < 10_000_000


def test_a_file_that_begins_before_the_zip_file() -> None:
    """So says its list: that is damage, and no fault of ours."""
    data = bytearray(zipped({"a.har": b"{}"}))
    place = data.rindex(b"PK\x05\x06") + 16
    data[place : place + 4] = (int.from_bytes(data[place : place + 4], "little") + 63).to_bytes(4, "little")
    archive = Archive(io.BytesIO(bytes(data)))
    with pytest.raises(Damage, match="not a usable zip file"):
        archive.raw("a.har")


def test_a_recording_within_a_cut_off_zip_file(tmp_path: Path) -> None:
    """Is read to its end, then the damage is told."""
    file = tmp_path / "x.zip"
    data = zipped({"x.har": b'{"log": {"entries": []}}', "body": b"b"})
    file.write_bytes(data[: data.index(b"PK\x01\x02")])
    source = Source(str(file))
    assert source.head.members == ("x.har", "body")
    source.enter("x.har")
    assert source.head.start == source.read() == b'{"log": {"entries": []}}'
    with pytest.raises(Damage, match="its list of files is missing"):
        source.read()
    source.close()


# ── what JSON is made of ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "opens", "values", "paths"),
    [
        ('{"log": {"entries": [{"a": 1', "{", 1, "log log.entries log.entries[] log.entries[].a"),
        (' [{"method": "A.b", "params": {}}', "[", 1, "[] [].method [].params"),
        ('{"a": 1}\n{"b": {"c": null}}\n', "{", 2, "a b b.c"),
        ('[[1, "x"], {"a\\"b": "c"}]', "[", 1, '[] [][] [].a\\"b'),
        ('{"a": "cut o', "{", 1, "a"),
        ('{"a": "cut \\', "{", 1, "a"),
        ("}", "", 0, ""),
        ("<html>", "", 0, ""),
        ("[]]]", "[", 1, ""),
    ],
)
def test_the_shape_of_json(text: str, opens: str, values: int, paths: str) -> None:
    """Is known however it is cut off."""
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        shape = Head("x", text.encode(encoding)).shape
        assert (shape.opens, shape.values, list(shape.texts)) == (opens, values, paths.split())


def test_the_texts_in_json() -> None:
    """Of each place, each once."""
    shape = Shape(b'[{"m": "a"}, {"m": "b", "n": {"o": "p"}}, {"m": "a"}, {"m": 1}]')
    assert shape.at("[].m") == ["a", "b"]
    assert shape.at("[].n.o") == ["p"]
    assert list(shape.keys("[]")) == ["m", "n"]
    assert "[].n" in shape
    assert "m" not in shape
