"""The own files of other proxies: the same exchanges in each of them are judged alike."""

import base64
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cors_addon.recordings import burp, charles, fiddler, judge, proxyman, raw_http
from cors_addon.report.input import Input

PAGE = "https://app.example.com"
SERVER = "https://api.example.com"
AGENT = ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0")
ASKED = (AGENT, ("Origin", PAGE))
ALLOWED = (("Access-Control-Allow-Origin", PAGE),)

type Lines = tuple[tuple[str, str], ...]


class Row(NamedTuple):
    """One exchange; None for its status where there was no answer."""

    method: str
    path: str
    asked: Lines
    status: int | None
    answered: Lines
    second: int


ROWS = (
    Row("OPTIONS", "/items", (*ASKED, ("Access-Control-Request-Method", "PUT")), 204, ALLOWED, 1),
    Row("GET", "/good", ASKED, 200, ALLOWED, 2),
    Row("GET", "/bad?x=1", ASKED, 200, (("Content-Type", "text/plain"),), 3),
    Row("GET", "/dead", ASKED, None, (), 5),
    Row("GET", "/own", (AGENT,), 200, (), 6),
)
VERDICTS = [
    ("OPTIONS", f"{SERVER}/items", "deny", "method-not-allowed"),
    ("GET", f"{SERVER}/good", "allow", None),
    ("GET", f"{SERVER}/bad?x=1", "deny", "allow-origin-missing"),
    ("GET", f"{SERVER}/dead", "deny", "network-error"),
]


def messages(row: Row, *, absolute: bool) -> tuple[bytes, bytes]:
    """Request and answer as they are on the wire; a proxy's request line names the whole URL."""
    first = f"{row.method} {SERVER if absolute else ''}{row.path} HTTP/1.1"
    request = "".join(f"{line}\r\n" for line in (first, "Host: api.example.com", *lines(row.asked), ""))
    if row.status is None:
        return request.encode(), b""
    answer = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {row.status} X", *lines(row.answered), ""))
    return request.encode(), answer.encode() + b"hello"


def lines(headers: Lines) -> list[str]:
    """Header lines."""
    return [f"{name}: {value}" for name, value in headers]


def named(headers: Lines) -> list[dict[str, str]]:
    """Headers as objects."""
    return [{"name": name, "value": value} for name, value in headers]


def as_charles(rows: tuple[Row, ...]) -> bytes:
    """A session with these exchanges, and the tunnel that they went through."""
    tunnel: dict[str, Any] = {"tunnel": True, "method": "CONNECT", "actualPort": 443, "times": {}, "request": {}}
    return json.dumps([tunnel, *(_charles_entry(row) for row in rows)]).encode()


def _charles_entry(row: Row) -> dict[str, Any]:
    path, _, query = row.path.partition("?")
    stamp = f"2026-11-28T10:00:{row.second:02}"
    return {
        "status": "COMPLETE" if row.status else "FAILED",
        "method": row.method,
        "protocolVersion": "HTTP/2.0",
        "scheme": "https",
        "host": "api.example.com",
        "port": None,
        "actualPort": 443,
        "path": path,
        "query": query or None,
        "tunnel": False,
        "clientPort": 50001,
        "times": {"start": f"{stamp}.100Z", "requestBegin": f"{stamp}.101Z", "end": f"{stamp}.160Z"},
        "request": {"sizes": {"body": 0}, "header": {"headers": [{"name": ":path", "value": "/"}, *named(row.asked)]}},
        "response": {
            "status": row.status,
            "header": {"headers": named(row.answered)},
            "body": {"encoding": "base64", "encoded": base64.b64encode(b"hello").decode()},
        },
    }


def as_burp(rows: tuple[Row, ...], *, version: str = "1.1", encoded: bool = True) -> bytes:
    """A file of saved items."""
    items = "".join(_burp_item(row, encoded) for row in rows)
    return (
        f'<?xml version="{version}"?>\n<!DOCTYPE items [\n<!ELEMENT items (item*)>\n'
        f'<!ATTLIST items burpVersion CDATA "">\n]>\n<items burpVersion="2025.6" exportTime="x">\n{items}</items>\n'
    ).encode()


def _burp_item(row: Row, encoded: bool) -> str:
    parts = []
    for name, message in zip(("request", "response"), messages(row, absolute=False), strict=True):
        text = base64.b64encode(message).decode() if encoded else message.decode("latin-1")
        parts.append(f'<{name} base64="{str(encoded).lower()}"><![CDATA[{text}]]></{name}>')
    return (
        f"<item><time>Tue Jul 22 10:25:{row.second:02} IDT 2025</time><url><![CDATA[{SERVER}{row.path}]]></url>"
        f'<host ip="192.0.2.1">api.example.com</host><port>443</port>{parts[0]}<status>{row.status or ""}</status>'
        f"{parts[1]}<comment></comment></item>\n"
    )


def as_fiddler(rows: tuple[Row, ...], *, times: bool = True) -> bytes:
    """An archive of sessions."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("_index.htm", "<html></html>")
        for number, row in enumerate(rows, 9):
            request, answer = messages(row, absolute=True)
            archive.writestr(f"raw/{number}_c.txt", request)
            archive.writestr(f"raw/{number}_s.txt", answer)
            if times:
                archive.writestr(f"raw/{number}_m.xml", _fiddler_times(row))
    return packed.getvalue()


def _fiddler_times(row: Row) -> str:
    begun, done = (f"2026-11-28T11:00:{row.second:02}.{part}1234567+01:00" for part in ("", "9"))
    return (
        '<?xml version="1.0" encoding="utf-8"?><Session SID="1"><SessionTimers ClientConnected="0001-01-01T00:00:00"'
        f' ClientBeginRequest="{begun}" ClientDoneResponse="{done}"/>'
        '<SessionFlags><SessionFlag N="x-clientport" V="51000"/></SessionFlags></Session>'
    )


def as_proxyman(rows: tuple[Row, ...]) -> bytes:
    """A log."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, row in enumerate(rows):
            archive.writestr(f"request_{number}_{number * 7}", json.dumps(_proxyman_entry(row)))
    return packed.getvalue()


def _proxyman_entry(row: Row) -> dict[str, Any]:
    def entries(headers: Lines) -> dict[str, Any]:
        return {"entries": [{"key": {"name": name}, "value": value, "isEnabled": True} for name, value in headers]}

    begun = 1795888800.25 + row.second
    return {
        "request": {
            "method": {"name": row.method},
            "fullPath": SERVER + row.path,
            "version": {"major": 2, "minor": 0},
            "header": entries(row.asked),
        },
        "response": {
            "status": {"code": row.status or 0},
            "header": entries(row.answered),
            "bodyData": base64.b64encode(b"hello").decode(),
        },
        "timing": {"requestStartedAt": begun, "responseEndedAt": begun + 0.1},
    }


FORMATS: dict[str, Callable[[tuple[Row, ...]], bytes]] = {
    "a.chlsj": as_charles,
    "a.xml": as_burp,
    "a.saz": as_fiddler,
    "a.proxymanlogv2": as_proxyman,
}


@pytest.fixture
def judged(tmp_path: Path) -> Callable[[str, bytes], tuple[list[Any], Input]]:
    """Judge a file with this name and content."""

    def judged(name: str, content: bytes) -> tuple[list[Any], Input]:
        file = tmp_path / name
        file.write_bytes(content)
        into = Input(str(file))
        last = {each.observation.flow_id: each for each in judge.judged(str(file), into)}
        return list(last.values()), into

    return judged


type Judged = Callable[[str, bytes], tuple[list[Any], Input]]


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_tells_the_same(name: str, judged: Judged) -> None:
    """Whoever wrote it, the browser decided alike."""
    judgements, into = judged(name, FORMATS[name](ROWS))
    assert into.damage is None
    assert into.flows == len(ROWS)
    assert [
        (each.observation.method.decode(), str(each.observation.url), each.verdict, each.reason) for each in judgements
    ] == VERDICTS


@pytest.mark.parametrize("name", FORMATS)
def test_what_comes_before_damage_counts(name: str, judged: Judged) -> None:
    """The file is cut off: what stands before that is judged, and where it ends is said."""
    content = FORMATS[name](ROWS)
    judgements, into = judged(name, content[: len(content) * 3 // 4])
    assert into.damage is not None
    assert [each.verdict for each in judgements][:2] == ["deny", "allow"]


@pytest.mark.parametrize("encoded", [True, False])
def test_burp_with_raw_messages(encoded: bool, judged: Judged) -> None:
    """Where no byte stands in its way, XML holds messages as they are."""
    judgements, into = judged("a.xml", as_burp(ROWS[:3], encoded=encoded))
    assert into.damage is None
    assert [each.verdict for each in judgements] == ["deny", "allow", "deny"]


def test_burp_with_bytes_that_xml_may_not_hold(judged: Judged) -> None:
    """The message says what to save anew, and how; what came before is judged."""
    content = as_burp(ROWS[:2], encoded=False).replace(b"/good]]></url>", b"/good]]></url>\x01", 1)
    judgements, into = judged("a.xml", content)
    assert into.damage == burp.RAW
    assert into.offset == content.index(b"\x01")
    assert [each.verdict for each in judgements] == ["deny"]


def test_burp_with_entities(judged: Judged) -> None:
    """A document type that declares entities is refused where it does so, and none is ever expanded."""
    content = as_burp(ROWS).replace(b"<!ELEMENT items (item*)>", b'<!ENTITY a "b">', 1)
    judgements, into = judged("a.xml", content)
    assert judgements == []
    assert into.damage is not None
    assert "declares entities" in into.damage


def test_fiddler_without_times(judged: Judged) -> None:
    """Some archives lack them: the order is that of their numbers, and this is said."""
    judgements, into = judged("a.saz", as_fiddler(ROWS, times=False))
    assert [each.reason for each in judgements] == [reason for *_, reason in VERDICTS]
    assert dict(into.notes)[fiddler.NO_TIMES] == len(ROWS)


@pytest.mark.parametrize("name", FORMATS)
def test_entries_that_are_nothing_of_use(name: str) -> None:
    """Are no exchange, and raise nothing."""
    nothing: list[Any] = [{}, [], None, {"request": None}, {"request": {}, "times": []}]
    for each in nothing:
        if name == "a.chlsj" and isinstance(each, dict):
            assert charles.entry(each) == {}
        elif name == "a.proxymanlogv2":
            assert proxyman.entry(each) == {}
    assert burp.entry({}) == {}
    assert fiddler.entry(0, b"", b"", ({}, {})) == {}


def test_charles_names_hosts_by_address() -> None:
    """An IPv6 address stands in brackets, and the port is the one that was asked."""
    entry = charles.entry(_charles_entry(ROWS[1]) | {"host": "::1", "actualPort": 8443})
    assert entry["request"]["url"] == "https://[::1]:8443/good"


def bodies() -> Iterator[tuple[str, bytes, bytes | None]]:
    """Headers of an answer, its body on the wire, and what the page has of it."""
    plain = b"{" + b"x" * 100 + b"}"
    packed = gzip.compress(plain, mtime=0)
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (packed[:40], packed[40:])) + b"0\r\n\r\n"
    yield "", plain, plain
    yield "Content-Encoding: gzip\r\n", packed, plain
    yield "Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n", chunked, plain
    yield "Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n", packed, plain  # joined by whoever wrote it
    yield "Content-Encoding: br\r\n", b"\x0b\x02", None
    yield "Content-Encoding: gzip\r\n", b"no gzip", None


@pytest.mark.parametrize(("headers", "body", "wanted"), list(bodies()), ids=range(6))
def test_bodies_are_decoded(headers: str, body: bytes, wanted: bytes | None) -> None:
    """As the page has them, or not given at all."""
    content = raw_http.response(f"HTTP/1.1 200 OK\r\n{headers}\r\n".encode() + body)["content"]
    assert content == ({} if wanted is None else raw_http.content(wanted))


@pytest.mark.parametrize("name", ["a.saz", "a.xml"])
def test_xml_in_an_encoding_that_nobody_knows(name: str, judged: Judged) -> None:
    """It is damage, or tells no times, and is no fault of ours."""
    declared = b'<?xml version="1.0" encoding="utf-99"?>'
    if name == "a.xml":
        written = as_burp(ROWS).split(b"?>", 1)[-1]
        _, into = judged(name, declared + written)
        assert into.damage is not None
    else:
        assert fiddler._session(declared + b"<Session/>") == ({}, {})
