"""Exchanges that are too long to be read whole: what is left of them, what is said, and that work stays bounded."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import http

from cors_addon.engines import ENGINES
from cors_addon.exchange import reading
from cors_addon.exchange.model import Judgement, Verdict
from cors_addon.exchange.request_headers import read_request
from cors_addon.exchange.response_headers import head_size
from cors_addon.fetch import bounds, markup
from cors_addon.fetch.origins import resolve
from cors_addon.fetch.refusals import Reason
from cors_addon.flows import bodies, translate
from tests.helpers import (
    ALLOW,
    ALLOW_PUT,
    API,
    CHROMIUM,
    FIREFOX,
    PAGE,
    WEBKIT,
    actual,
    flow,
    observe,
    preflight,
    proxy,
)
from tests.helpers import url as parsed

MEGABYTE = 1 << 20
LONG = b"a" * MEGABYTE


def judged(*flows: http.HTTPFlow) -> Judgement:
    return observe(*flows)[-1]


def test_what_is_short_is_left_alone() -> None:
    """The very same lists, and nothing is said."""
    many = [(f"X-{number}", "v") for number in range(200)]
    seen = translate.observation(actual([*ALLOW, *many, ("X-Long", "v" * 4000)], request=[("Cookie", "a" * 4000)]))
    request, response = seen.request, seen.response
    assert reading.cut(seen) == ()
    assert seen.request is request
    assert seen.response is response
    assert not seen.head_size


def test_browsers_take_no_larger_head() -> None:
    """Measured: status line and headers, to the byte. Chromium 262,144, Firefox 393,216, WebKitGTK 65,536."""
    limits = {CHROMIUM: 262_144, FIREFOX: 393_216, WEBKIT: 65_536}
    for agent, limit in limits.items():
        rest = bounds.size_of(actual([*ALLOW, ("X-Long", "")]).response.data.headers.fields)  # type: ignore[union-attr]
        fits = judged(actual([*ALLOW, ("X-Long", b"a" * (limit - rest))], agent=agent))
        assert fits.verdict is Verdict.ALLOW, agent
        assert any("read in part" in each for each in fits.assumptions), agent
        over = judged(actual([*ALLOW, ("X-Long", b"a" * (limit - rest + 1))], agent=agent))
        assert over.reason is Reason.HEADERS_TOO_LARGE, agent
        assert over.detail == f"{limit + 1:,} bytes", agent
        assert over.block is not None
        assert over.block.gate == "network"
    over_http2 = judged(actual([*ALLOW, ("X-Long", LONG)], http_version=b"HTTP/2.0"))
    assert over_http2.verdict is Verdict.ALLOW


def test_what_is_left_of_lists() -> None:
    """Lines of CORS come first, items stay whole, names that are none are passed over."""
    noise = [(b"X-%d" % number, b"v") for number in range(2000)]
    fields, much = bounds.bounded((*noise, (b"Access-Control-Allow-Origin", b"*")))
    assert fields[-1] == (b"Access-Control-Allow-Origin", b"*")
    assert much.endswith(f"{len(fields):,} of 2,001 lines")
    ((_, value),), _ = bounds.bounded(((b"Access-Control-Allow-Headers", b"x-name, " * 10_000),))
    assert len(value) <= bounds.MAX_CORS_VALUE
    assert set(value.split(b", ")) == {b"x-name"}
    fields, much = bounds.bounded(((LONG, b""), (b"A", b"b")))
    assert fields == ((b"A", b"b"),)
    assert much
    total = sum(len(value) for _, value in bounds.bounded(((b"X", LONG),) * 100)[0])
    assert total <= bounds.MAX_VALUES


def test_long_urls_stay_apart() -> None:
    """A redirect to a long URL is followed by the request for it, and by no other."""
    paths = [f"/{'a' * 10_000}{end}" for end in ("x", "y")]
    first, second = (resolve(path.encode(), parsed(API)).url for path in paths)
    assert first is not None
    assert first != second
    assert len(first.path) < bounds.SHORT
    assert translate.url(flow(url=f"https://api.example.test{paths[0]}")) == first
    hop = actual([*ALLOW, ("Location", paths[0])], status=302)
    other = flow(url=f"https://api.example.test{paths[1]}", request=[("Origin", PAGE)], response=ALLOW, at=0.1)
    then = flow(url=f"https://api.example.test{paths[0]}", request=[("Origin", PAGE)], response=ALLOW, at=0.2)
    judgements = observe(hop, other, then)
    assert judgements[0].paired_with == (then.id,)


def test_bodies_are_unpacked_as_far_as_asked() -> None:
    """Whatever they would grow to; damage and unknown codings are told by None."""
    from mitmproxy.net import encoding

    whole = bytes(1 << 24)
    for coding in ("gzip", "deflate", "br", "zstd"):
        packed = encoding.encode(whole, coding)
        found = bodies.read(packed, coding, 1000)
        assert found is not None, coding
        assert len(found) >= 1000, coding
        unlimited = coding == "br" and not bodies._LIMITED  # brotli before 1.2
        assert unlimited or len(found) <= 1 << 17, coding
        assert bodies.read(encoding.encode(b"short", coding), coding.upper(), 1000) == b"short"
        assert bodies.read(b"\xffdamaged", coding, 1000) is None, coding
    assert bodies.read(b"", "gzip", 10) == b""
    assert bodies.read(b"a", "gzip, br", 10) is None
    assert bodies.read(b"a", "x" * MEGABYTE, 10) is None
    assert bodies.read(b"a", "", 10) == b"a"


@contextmanager
def counted() -> Iterator[Callable[[], int]]:
    """How many lines of our code ran, loops that stand in one line counted by their turns."""
    monitoring = sys.monitoring
    tool, ran = monitoring.PROFILER_ID, [0]

    def count(*_: object) -> None:
        ran[0] += 1

    monitoring.use_tool_id(tool, "bounds")
    events = monitoring.events.LINE | monitoring.events.JUMP
    monitoring.register_callback(tool, monitoring.events.LINE, count)
    monitoring.register_callback(tool, monitoring.events.JUMP, count)
    monitoring.set_events(tool, events)
    try:
        yield lambda: ran[0]
    finally:
        monitoring.set_events(tool, 0)
        monitoring.free_tool_id(tool)


LISTS = ("Allow-Methods", "Allow-Headers", "Expose-Headers")
HOSTILE: dict[str, Callable[[], http.HTTPFlow]] = {
    **{
        f"{name}: {value[:2]!r}": lambda name=name, value=value: preflight(  # type: ignore[misc]
            [*(ALLOW if name != "Allow-Origin" else ()), (f"Access-Control-{name}", value)], headers="x-a"
        )
        for name in ("Allow-Origin", "Allow-Credentials", "Max-Age", *LISTS)
        for value in (b"\x01" * MEGABYTE, b"\x9b" * MEGABYTE, b"a," * MEGABYTE, "é".encode() * MEGABYTE)
    },
    "Set-Cookie lines": lambda: actual([*ALLOW, *[("Set-Cookie", f"c{number}=v") for number in range(10_000)]]),
    "Vary lines": lambda: actual([*ALLOW, *[("Vary", "Accept")] * 10_000]),
    "lines of the origin": lambda: actual([("Access-Control-Allow-Origin", PAGE)] * 20_000),
    "headers": lambda: actual([*ALLOW, *[(f"X-{number}", "v") for number in range(10_000)]]),
    "headers of the request": lambda: actual(ALLOW, request=[(f"X-{number}", "v") for number in range(10_000)]),
    "names asked for": lambda: preflight(ALLOW_PUT, headers=",".join(f"x-{number}" for number in range(10_000))),
    "a method": lambda: actual(ALLOW, method=b"\x01" * MEGABYTE),
    "an origin": lambda: flow(request=[("Origin", "https://" + "a." * MEGABYTE), ("Sec-Fetch-Mode", "cors")]),
    "a client": lambda: flow(request=[("Origin", PAGE), ("Sec-Fetch-Mode", "cors")], agent="\x01" * MEGABYTE),
    "a path": lambda: flow(url=f"{API}?{'../' * MEGABYTE}", request=[("Origin", PAGE), ("Sec-Fetch-Mode", "cors")]),
    "a Location": lambda: actual([*ALLOW, ("Location", b"http://" + b"\xc3\xa9." * MEGABYTE)], status=302),
    "an error": lambda: preflight([], status=403, body=b"\x01" * MEGABYTE),
}


def test_no_exchange_costs_more_than_a_bounded_piece_of_work(tmp_path: Path) -> None:
    """Judged, written to a file and onto the flow; without bounds most of these take hundreds of thousands of steps."""
    with proxy(cors_jsonl=str(tmp_path / "lines")) as running:
        usual = (
            *(preflight(ALLOW_PUT), actual(ALLOW_PUT, method="PUT"), actual(), preflight(ALLOW_PUT, headers="x-a")),
            preflight([], status=403, body=b"Forbidden"),
        )
        running.pass_through(*usual)  # expressions are compiled when they are used for the first time
        for place, (name, make) in enumerate(HOSTILE.items()):
            each = make()
            each.request.timestamp_start += place
            with counted() as ran:
                running.addon.response(each)
                assert ran() < 60_000, name
            assert each.metadata["cors.verdict"], name
    lines = (tmp_path / "lines").read_text(encoding="utf-8").splitlines()
    assert len(lines) >= len(HOSTILE)
    assert max(map(len, lines)) < 1 << 18
    assert any("read in part" in each for line in lines for each in json.loads(line)["assumptions"])


def test_documents_are_gone_through_once() -> None:
    """Whatever their markup; policies and elements of an ordinary one are found."""
    size = 1 << 18
    closed = (b"<!---->", b"<link href=a integrity=b>")
    for opening in (*closed, b"<script>", b"<!--", b"<meta ", b"<meta \"'", b"<", b'<a b="'):
        with counted() as ran:
            markup.read(opening * (size // len(opening)), parsed(API))
            assert ran() < 60_000, opening
    found = markup.read(
        b"<!doctype html><!-- <meta> --><META http-equiv='Content-Security-Policy' content=\"script-src 'self'\">"
        b'<script>"<link href=/no>"</script><script src=/a.js integrity=sha256-x></script>',
        parsed(API),
    )
    assert len(found.policies) == 1
    assert [each.path for each in found.elements] == ["/a.js"]


def test_each_engine_says_what_it_takes() -> None:
    """The standard knows no limit."""
    known = {name: engine.rules.head_limit for name, engine in ENGINES.items()}
    assert known["chromium"] == 262_144
    assert known["fetch"] is None


def test_who_asks_is_looked_for_in_what_is_left() -> None:
    """Before a request is cut, its values are not searched: a megabyte of addresses takes a while."""
    proxies = b"192.0.2.1:80, " * (MEGABYTE // 14)
    for name, value in (("X-Forwarded-For", proxies), ("User-Agent", b"node " * (MEGABYTE // 5))):
        seen = translate.observation(flow(agent="", request=[("Origin", PAGE), (name, value)]))
        assert read_request(seen.request).said.asker == b""
        reading.cut(seen)
        assert read_request(seen.request).said.asker != b""


@given(st.lists(st.tuples(st.binary(max_size=300), st.binary(max_size=20)), max_size=300))
def test_a_head_is_measured_in_two_ways(lines: list[tuple[bytes, bytes]]) -> None:
    """By its shape, and whole."""
    assert head_size(tuple(lines)) == bounds.size_of(tuple(lines))
