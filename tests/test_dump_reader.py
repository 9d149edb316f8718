"""The fast reader of dumps: on every file it gives what mitmproxy's own reader gives, and stops where that stops."""

import gzip
import io
import lzma
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mitmproxy import http, version
from mitmproxy.io import FlowReader, FlowWriter, tnetstring
from mitmproxy.test import tflow

from cors_addon.flows import translate
from cors_addon.recordings import dump, dump_flow
from cors_addon.recordings.exchange import Recorded
from cors_addon.recordings.source import Damage, Source
from tests import helpers
from tests.helpers import ALLOW, ALLOW_PUT, actual, flow, preflight

TRUTH = Path(__file__).parent / "cases" / "truth"

type Result = list[Recorded | tuple[str, int | None] | None]


def read(path: Path, *, lazy: bool = True) -> Result:
    """Everything that a file gives, and its damage."""
    result: Result = []
    source = Source(str(path))
    try:
        result.extend(dump.read(source, lazy=lazy))
    except Damage as damage:
        result.append((damage.what, damage.offset))
    finally:
        source.close()
    return result


def state(of: Any) -> bytes:
    """A flow as mitmproxy writes it."""
    file = io.BytesIO()
    FlowWriter(file).add(of)
    return file.getvalue()


def records(data: bytes) -> list[bytes]:
    """The records of a dump."""
    file = io.BytesIO(data)
    found = []
    while file.tell() < len(data):
        begin = file.tell()
        tnetstring.load(file)
        found.append(data[begin : file.tell()])
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where to write a dump."""
    return tmp_path / "dump.mitm"


def test_the_known_version_is_mitmproxys() -> None:
    """Else the fast reader does not read what this mitmproxy writes, and everything takes the slow way."""
    assert version.FLOW_FORMAT_VERSION == dump_flow.KNOWN_VERSION


@pytest.mark.parametrize("name", sorted(path.name for path in TRUTH.glob("*.mitm.xz")))
def test_recorded_traffic(name: str, file: Path) -> None:
    """Every flow of every browser, and the slow way is never taken."""
    file.write_bytes(lzma.decompress((TRUTH / name).read_bytes()))
    fast = read(file)
    assert fast == read(file, lazy=False)
    parser = dump_flow.FlowParser()
    for record in records(file.read_bytes()):
        parser.parse(record, record.index(b":") + 1, len(record))
    flows = list(FlowReader(io.BytesIO(file.read_bytes())).stream())
    assert len(fast) == len(flows)
    for one, found in zip(flows, fast, strict=True):
        assert isinstance(one, http.HTTPFlow)
        if found is not None:
            assert isinstance(found, Recorded)
            assert found.observation == translate.observation(one)
        else:
            assert not {"origin", "cookie"} & {name.lower() for name in one.request.headers}


def odd_flows() -> dict[str, Any]:
    """Flows that differ from the usual, each in its own way."""
    streamed = actual(ALLOW, at=1)
    streamed.request.data.content = None
    helpers.response(streamed).data.content = None
    trailers = actual(ALLOW, at=2)
    helpers.response(trailers).trailers = http.Headers([(b"x", b"y")])
    noted = preflight(ALLOW_PUT, at=3)
    noted.comment, noted.marked, noted.metadata = "ein Käse", ":x:", {"cors.answered": "502", "n": [1, None, 2.5, True]}
    edited = actual(ALLOW, at=4)
    edited.backup()
    edited.request.path = "/other"
    replayed = actual(ALLOW, at=5)
    replayed.is_replay = "request"
    sent_to = actual(ALLOW, at=6)
    sent_to.server_conn.via = ("https", ("upstream.test", 8080))
    six = actual(ALLOW, at=7)
    six.client_conn.peername = ("::1", 5000, 0, 0)  # type: ignore[assignment]
    certified = tflow.tflow(req=actual(ALLOW).request, resp=helpers.response(actual(ALLOW)))
    certified.client_conn.mitmcert = None
    reverse = actual(ALLOW, at=8, connection=helpers.client(mode="reverse:https://api.test"))
    websocket = tflow.twebsocketflow()
    websocket.request.headers["origin"] = helpers.PAGE
    unfinished = actual(ALLOW, status=None)
    huge = actual(ALLOW, at=9, body=b"x" * (dump._MAPPED + 5))
    return {
        "streamed": streamed,
        "trailers": trailers,
        "annotated": noted,
        "edited": edited,
        "replayed": replayed,
        "via": sent_to,
        "IPv6": six,
        "server": certified,
        "reverse": reverse,
        "websocket": websocket,
        "unfinished": unfinished,
        "huge": huge,
        "broke off": actual(ALLOW, error="reset", at=10),
        "no answer": actual(status=None, error="Client disconnected.", at=11),
        "connect": flow("CONNECT", status=None, error="x", request=[("Origin", "x")]),
        "not UTF-8": actual([("Access-Control-Allow-Origin", b"\xff\x00:,;")], method=b"P\xff"),
        "no header": flow(agent=""),
        "HTTP/2": actual(ALLOW, http_version=b"HTTP/2.0"),
        "tcp": tflow.ttcpflow(),
        "udp": tflow.tudpflow(),
        "dns": tflow.tdnsflow(),
    }


@pytest.mark.parametrize("name", odd_flows())
def test_odd_flow(name: str, file: Path) -> None:
    """Alone, and between others; both readers agree."""
    odd = state(odd_flows()[name])
    plain = state(preflight(ALLOW_PUT, at=20))
    file.write_bytes(odd + plain + odd + plain)
    assert read(file) == read(file, lazy=False)
    assert len(read(file)) == 4


def test_any_order_of_keys(some: list[bytes], file: Path) -> None:
    """As programs write it that load a dump's records and save them again: read, too, without mitmproxy's help."""
    assert len({record.endswith(b"4:type;4:http;7:version;2:21#}") for record in some}) == 2
    for record in some:
        dump_flow.FlowParser().parse(record, record.index(b":") + 1, len(record))
    file.write_bytes(b"".join(some))
    assert read(file) == read(file, lazy=False)


@pytest.mark.parametrize("older", [19, 20])
def test_older_version(older: int, file: Path) -> None:
    """mitmproxy converts it."""
    one = state(actual(ALLOW))
    loaded: Any = tnetstring.loads(one)
    loaded["version"] = older
    if older == 19:
        loaded["client_conn"]["state"] = loaded["server_conn"]["state"] = 3
    file.write_bytes(tnetstring.dumps(loaded) + one)
    assert read(file) == read(file, lazy=False)
    assert [each is not None for each in read(file)] == [True, True]


def test_a_version_of_the_future(file: Path) -> None:
    """It is said that mitmproxy is too old, not that the file is damaged."""
    loaded: Any = tnetstring.loads(state(actual(ALLOW)))
    loaded["version"] = 99
    good = state(actual(ALLOW))
    file.write_bytes(good + tnetstring.dumps(loaded))
    *found, damage = read(file)
    assert len(found) == 1
    assert isinstance(damage, tuple)
    assert "please update mitmproxy" in str(damage[0])
    assert damage[1] == len(good)


def test_truncated_anywhere(file: Path) -> None:
    """Every exchange before the cut, then where the cut one begins."""
    first, second = state(preflight(ALLOW_PUT)), state(actual(ALLOW, method="PUT", at=1))
    both = len(first) + len(second)
    places = {*range(60), *range(len(first) - 60, len(first) + 60), *range(both - 60, both + 1), *range(0, both, 23)}
    for length in sorted(places):
        file.write_bytes((first + second)[:length])
        found = read(file)
        assert found == read(file, lazy=False)
        whole = (length >= len(first)) + (length >= both)
        cut = length not in (0, len(first), both)
        assert len(found) == whole + cut
        if cut:
            assert found[-1] == ("the last flow is cut off", len(first) * whole) or found[-1] == (
                "not a flow",
                len(first) * whole,
            )


@pytest.fixture(scope="module")
def some() -> list[bytes]:
    """A few real records."""
    packed = io.BytesIO(lzma.decompress((TRUTH / "chromium.mitm.xz").read_bytes()))
    found = records(packed.getvalue())[:30]
    # mitmproxy's tnetstring writes a dictionary backwards: loaded and dumped again, a flow has the other order
    found += [tnetstring.dumps(tnetstring.loads(record)) for record in found]
    return [record for record in found if len(record) < 8000]


@given(st.integers(min_value=0, max_value=2**32))
@settings(max_examples=300, deadline=None)
def test_one_byte_wrong_anywhere(some: list[bytes], tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """What mitmproxy reads is found to be the same, up to where it stops; by the first byte a dump is known as one.

    Where the damage is in what no verdict needs (a certificate, a comment), there is more to read than it reads.
    """
    chance = random.Random(seed)
    data = bytearray(b"".join(chance.sample(some, 2)))
    structural = [index for index, byte in enumerate(data) if index and byte in b"0123456789:,;#^!~]}"]
    place = chance.choice(structural) if chance.random() < 0.8 else chance.randrange(1, len(data))
    match chance.randrange(3):
        case 0:
            data[place] = chance.choice(b"0123456789:,;#^!~]}ax\xff")
        case 1:
            data[place:place] = bytes([chance.choice(b"0123456789:,;#^!~]}ax\xff")])
        case 2:
            del data[place]
    file = tmp_path_factory.getbasetemp() / "damaged.mitm"
    file.write_bytes(data)
    *found, last = read(file, lazy=False)
    ours = read(file)
    assert ours[: len(found)] == found
    if isinstance(last, Recorded | None):  # undamaged, to mitmproxy
        assert ours[len(found) :] == [last]
    elif ours[len(found) :] != [last]:
        assert isinstance(ours[len(found)], Recorded | None)


@pytest.mark.parametrize(
    "needless", [b"18:transport_protocol;3:tcp;", b"7:comment;0:;", b"4:alpn;0:~", b"6:reason;0:,"]
)
def test_damage_in_what_no_verdict_needs(needless: bytes, file: Path) -> None:
    """Does no harm: mitmproxy stops there, and could show none of the flows that follow."""
    good = state(actual(ALLOW))
    assert needless in good
    value = needless[needless.index(b";") + 1 :]
    bad = good.replace(needless, needless.removesuffix(value) + value[:-1] + b"?")
    file.write_bytes(bad + good)
    assert len(read(file, lazy=False)) == 1
    assert read(file) == [read(file)[0]] * 2
    assert isinstance(read(file)[0], Recorded)


NEEDED = [b"4:path;", b"6:method;", b"4:host;", b"4:port;", b"11:status_code;", b"7:headers;", b"15:timestamp_start;"]


@pytest.mark.parametrize("needed", [*NEEDED, b"2:id;36:", b"8:metadata;", b"8:peername;", b"10:proxy_mode;"])
def test_damage_in_what_a_verdict_needs(needed: bytes, file: Path) -> None:
    """Is told with its place, and everything before it is kept."""
    good = state(actual(ALLOW))
    assert needed in good
    letter = needed.index(b":") + 1
    bad = good.replace(needed, needed[:letter] + b"?" + needed[letter + 1 :])
    file.write_bytes(good + bad + good)
    found, damage = read(file)
    assert isinstance(found, Recorded)
    assert damage == read(file, lazy=False)[1]
    assert isinstance(damage, tuple)
    assert damage[1] == len(good)


@pytest.mark.parametrize("moment", ["inf", "nan", "1e999"])
def test_a_time_that_is_no_number(moment: str, file: Path) -> None:
    """Is damage to both readers, though not to mitmproxy: no line of JSON could say it."""
    one = actual(ALLOW)
    one.request.timestamp_start = 123.5 if len(moment) == 5 else 1.5
    good = state(one)
    bad = good.replace(repr(one.request.timestamp_start).encode() + b"^", moment.encode() + b"^")
    assert bad != good
    file.write_bytes(good + bad)
    found, damage = read(file)
    assert isinstance(found, Recorded)
    assert isinstance(damage, tuple)
    assert "a time that is no number" in str(damage[0])
    assert read(file) == [found, damage] == read(file, lazy=False)


@given(st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Nothing crashes the reading."""
    file = tmp_path_factory.getbasetemp() / "any.mitm"
    file.write_bytes(b"1" + data)
    assert read(file) == read(file, lazy=False)


def test_packed_and_cut(tmp_path: Path) -> None:
    """A gzip file that is cut off gives what is whole, and the offset in what it unpacks to."""
    flows = [state(actual(ALLOW, at=number, request=[("X", str(number) * 50)])) for number in range(50)]
    packed = gzip.compress(b"".join(flows))
    file = tmp_path / "dump.mitm.gz"
    file.write_bytes(packed)
    assert len(read(file)) == 50
    file.write_bytes(packed[: len(packed) // 2])
    *found, damage = read(file)
    assert isinstance(damage, tuple)
    assert damage == ("the gzip file ends too early", sum(len(each) for each in flows[: len(found)]))
    file.write_bytes(packed + packed)
    assert len(read(file)) == 100


def test_memory_does_not_grow() -> None:
    """What the parser remembers is bounded, whatever passes it."""
    parser = dump_flow.FlowParser()
    original = state(actual(ALLOW, request=[("X-Id", "AAAAAAAA")]))
    for number in range(12_000):
        record = original.replace(b"AAAAAAAA", b"%08d" % number)
        parser.parse(record, record.index(b":") + 1, len(record))
    assert len(parser._lines) <= dump_flow._MAX_LINES
    assert len(parser._connections) <= dump_flow._MAX_CONNECTIONS
