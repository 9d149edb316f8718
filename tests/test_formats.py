"""The formats of recordings: each file is one's own, and one more format is one more row."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cors_addon.recordings import formats, har, judge
from cors_addon.recordings.exchange import Recorded, Wanted
from cors_addon.recordings.formats import DUMP, HAR, Format, every, find
from cors_addon.recordings.source import Damage, Head, Source
from cors_addon.report.input import Input
from tests.test_har import entry

HAR_TEXT = b'{"log": {"entries": []}}'


@pytest.mark.parametrize(
    ("start", "wanted"),
    [
        (b"1906:9:websocket;0:~", DUMP),
        (HAR_TEXT, HAR),
        (b" \r\n\t" + HAR_TEXT, HAR),
        (b"\xef\xbb\xbf" + HAR_TEXT, HAR),
        (HAR_TEXT.decode().encode("utf-16"), HAR),
        (b"[", HAR),
    ],
)
def test_one_format_knows_it(start: bytes, wanted: Format) -> None:
    """No two claim the same file, so that the order of rows is no matter."""
    head = Head("recording", start)
    assert [each for each in every() if each.is_mine(head)] == [wanted]
    assert find(head) is wanted


def test_an_empty_file() -> None:
    """Is no format's, and can be read."""
    assert find(Head("recording", b"")).name == "empty file"


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b'{"traceEvents": [{"ph": "M"}]}', "a DevTools performance trace"),
        (b'[{"_index": "packets", "_source": {"layers": {}}}]', "packets that tshark wrote"),
        (b'{"index": {"_index": "packets"}}\n{"layers": {}}', "packets that tshark wrote"),
        (b"\x0a\x0d\x0d\x0a\x00\x00", "a packet capture"),
        (b"\xd4\xc3\xb2\xa1\x02\x00", "a packet capture"),
        (b'[{"url": "https://a.test/", "errorText": "net::ERR_FAILED"}]', "a list of failed requests"),
        (b'{"info": {"_postman_id": "1", "name": "x"}, "item": []}', "a collection of Postman"),
        (b'{"_type": "export", "__export_format": 4, "resources": []}', "an export of Insomnia"),
        (b'[{"info": {"browsertime": {"version": "28.3.0"}}}]', "a summary of browsertime"),
        (b'{"openapi": "3.1.0", "paths": {}}', "a description of an API"),
    ],
)
def test_what_tells_nothing_is_named(start: bytes, words: str) -> None:
    """It is said what the file is, and what to record in its place."""
    with pytest.raises(Damage) as raised:
        find(Head("x.json", start))
    assert raised.value.what.startswith(words)
    assert "record" in raised.value.what


@pytest.mark.parametrize(
    ("name", "start", "fault"),
    [
        ("x.har", b"", "an empty file, and so no HAR"),
        ("x", b"<html>", "no recording: what is read is a mitmproxy dump, HAR,"),
        ("x", b"7z\xbc\xaf\x27\x1c\0\4", "an archive of another kind than zip"),
        ("x.tar", b"a.har".ljust(257, b"\0") + b"ustar\x0000", "a tar archive"),
        ("x", b'{\0"\0', "UTF-16 without a byte order mark"),
        ("x", "Access to".encode("utf-16-be"), "UTF-16 without a byte order mark"),
        ("x.har.br", b"[)~\x93\x84", "packed by Brotli, which is not read"),
        ("x", b"onInputData({", "JSONP: a HAR file is JSON alone"),
    ],
)
def test_what_none_can_use(name: str, start: bytes, fault: str) -> None:
    """Is damage at the first byte, and said to be."""
    with pytest.raises(Damage) as raised:
        find(Head(name, start))
    assert raised.value.what.startswith(fault)
    assert raised.value.offset == 0


def test_one_more_format_is_one_more_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A detector and a reader: it is found, judged, and named among what is wanted."""

    def read(source: Source, wanted: Wanted) -> Iterator[Recorded | None]:
        entries = (json.loads(line) for line in source.read().splitlines()[1:])
        return har.read_entries(entries, source.name, wanted)

    lines = Format("log of lines", lambda head: head.start.startswith(b"#lines"), read)
    known = every()
    monkeypatch.setattr(formats, "every", lambda: (lines, *known))
    file = tmp_path / "a.log"
    file.write_text("\n".join(["#lines", json.dumps(entry()), json.dumps(entry(response={}, at=1))]))
    into = Input(str(file))
    assert [each.verdict.value for each in judge.judged(str(file), into)] == ["allow", "deny"]
    assert (into.kind, into.flows, into.damage) == ("log of lines", 2, None)
    with pytest.raises(Damage, match="log of lines, plain or packed"):
        find(Head("x", b"?"))
