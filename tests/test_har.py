"""HAR files as their writers write them, whole, damaged, huge, and out of order."""

import gzip
import io
import json
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mitmproxy.net.encoding import encode

from cors_addon.exchange import other_engines
from cors_addon.exchange.model import Credentials, Judgement, PreflightState, Role, ToldBy, Verdict
from cors_addon.fetch.load import Gate
from cors_addon.reasons.assumptions import Assumption
from cors_addon.recordings import har as har_reader
from cors_addon.recordings import har_dialects, har_entry, har_wire, har_word, json_stream, judge
from cors_addon.recordings.source import Source
from cors_addon.report import jsonl
from cors_addon.report.explanation import explain
from cors_addon.report.summary import Input
from cors_addon.session.session import last_of

CASES = Path(__file__).parent / "cases" / "har"
PAGE, API = "https://app.example.com", "https://api.example.com/items"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"
SAFARI = "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15"
ALLOW = {"Access-Control-Allow-Origin": PAGE}


def entry(
    method: str = "GET",
    url: str = API,
    request: Mapping[str, str | None] | None = None,
    response: dict[str, str] | None = None,
    *,
    status: Any = 200,
    at: float = 0.0,
    time: Any = 10,
    timings: Any = None,
    agent: str | None = CHROME,
    **more: Any,
) -> dict[str, Any]:
    """An entry, `at` seconds after noon."""
    lines = {"Host": "api.example.com", "Origin": PAGE, **({"User-Agent": agent} if agent else {}), **(request or {})}
    answer = ALLOW if response is None else response
    return {
        "startedDateTime": f"2026-11-21T12:{int(at // 60):02}:{at % 60:06.3f}Z",
        "time": time,
        "request": {
            "method": method,
            "url": url,
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": name, "value": value} for name, value in lines.items() if value is not None],
            "cookies": [],
            "bodySize": 0,
        },
        "response": {
            "status": status,
            "headers": [{"name": name, "value": value} for name, value in answer.items()],
            "content": {"size": 0, "mimeType": ""},
        },
        "cache": {},
        "timings": {"send": 0, "wait": 5, "receive": 5} if timings is None else timings,
        **more,
    }


def preflight(method: str = "PUT", at: float = 0.0, **more: Any) -> dict[str, Any]:
    """A preflight that is allowed."""
    return entry(
        "OPTIONS",
        request={"Access-Control-Request-Method": method},
        response={**ALLOW, "Access-Control-Allow-Methods": method},
        at=at,
        **more,
    )


def har(*entries: Any, creator: str = "WebInspector", **log: Any) -> str:
    """A file with these entries."""
    head = {"version": "1.2", "creator": {"name": creator, "version": "1"}}
    return json.dumps({"log": {**head, **log, "entries": list(entries)}})


type Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file."""

    def writing(data: str | bytes) -> Path:
        file = tmp_path / "file.har"
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return file

    return writing


def check(file: Path, **how: Any) -> tuple[list[Judgement], Input]:
    """The last revision of each judgement, in order of the entries, and how the reading went."""
    read = Input(str(file))
    last = last_of(judge.judged(str(file), read, judge.How(**how)))
    return sorted(last.values(), key=lambda each: int(each.observation.flow_id.rpartition("#")[2])), read


# ---- as browsers really wrote them ----

SEEN = {
    # path: role and reason; the same session of the same page in each browser, see tests/browser/test_har.py
    "/none": ("actual", "allow-origin-missing"),
    "/star": ("actual", "allow-origin-wildcard-with-credentials"),
    "/meth": ("preflight", "method-not-allowed"),
    "/500": ("actual", "allow-origin-missing"),
    "/500?2": ("preflight", "allow-origin-missing"),
    "/redirbad": ("redirect", "allow-origin-missing"),
    "/none?img": ("actual", "allow-origin-missing"),
}


@pytest.mark.parametrize("name", ["chromium-devtools", "chromium-devtools-sanitized", "firefox"])
def test_written_by_a_browser(name: str) -> None:
    """Each refusal is found, what was never sent is not judged, and nothing contradicts."""
    judgements, read = check(CASES / f"{name}.har")
    denied = {each.observation.url.path: (each.role, each.reason) for each in judgements if each.verdict == "deny"}
    told = SEEN if name != "firefox" else {path: seen for path, seen in SEEN.items() if path != "/star"}
    assert denied == told  # Firefox does not say that it refused it, and nothing else tells the credentials mode
    assert not any(each.contradicted for each in judgements)
    [killed] = [each for each in judgements if each.observation.url.path == "/kill"]
    assert (killed.verdict, killed.reason, killed.block and killed.block.gate) == (
        Verdict.NOT_CORS,
        "network-error",
        Gate.NETWORK,
    )
    assert {each.engine.name for each in judgements} == {"gecko" if name == "firefox" else "chromium"}
    assert read.notes[har_word.NEVER_SENT] == (3 if name == "firefox" else 2)  # where a refused redirect led, too
    [cached] = [each for each in judgements if Assumption.FROM_CACHE in each.assumptions]
    assert (cached.observation.method, cached.verdict) == (b"GET", "allow")
    states = [each.preflight for each in judgements if each.observation.method == b"PUT"]
    assert states == [PreflightState.SENT, PreflightState.CACHED]


def test_sanitized() -> None:
    """Without cookies the credentials mode is known only by what the browser refused or let through; that is said."""
    plain, _ = check(CASES / "chromium-devtools.har")
    sanitized, read = check(CASES / "chromium-devtools-sanitized.har")
    assert any(each.credentials is Credentials.INCLUDE for each in plain)
    told = [each for each in sanitized if each.credentials is not Credentials.UNKNOWN]
    assert {each.observation.url.path for each in told if each.credentials is Credentials.INCLUDE} == {"/star"}
    assert all(each.told_by is ToldBy.RECORDING for each in told if each.role is Role.ACTUAL)
    assert any("exported without sensitive data" in note for note in read.notes)


def test_written_by_playwright() -> None:
    """No preflights, no answers to what failed: both are said, neither is guessed."""
    judgements, read = check(CASES / "chromium-playwright.har")
    denied = [each for each in judgements if each.verdict is Verdict.DENY]
    assert {each.reason for each in denied} == {"cause-not-recorded"}
    assert [each.observation.url.path for each in denied] == (
        ["/none", "/star", "/meth", "/500", "/500?2", "/redirbad", "/none?img"]
    )
    assert {each.told_by for each in denied} == {ToldBy.RECORDING}
    stopped = [each for each in judgements if each.block is not None and each.block.gate is Gate.NETWORK]
    assert [each.observation.url.path for each in stopped] == ["/kill"]
    assert not read.notes
    [received] = [each for each in judgements if har_entry.AS_RECEIVED in each.assumptions]
    assert (received.verdict, received.told_by) == (Verdict.ALLOW, ToldBy.RECORDING)
    states = [each.preflight for each in judgements if each.observation.method == b"PUT"]
    assert states == [PreflightState.UNSEEN] * 4
    assert not any(each.contradicted for each in judgements)


@pytest.mark.parametrize(
    ("error", "role", "reason", "preflight"),
    [
        ("net::ERR_FAILED", "actual", "cause-not-recorded", "unseen"),
        ("NS_ERROR_DOM_BAD_URI", "actual", "cause-not-recorded", "unseen"),
        ("net::ERR_INVALID_REDIRECT", "redirect", "redirect-url-unusable", "unseen"),
        ("net::ERR_TOO_MANY_REDIRECTS", "redirect", "redirect-count-exceeded", "unseen"),
        ("Origin x is not allowed by Access-Control-Allow-Origin.", "actual", "cause-not-recorded", "unseen"),
        ("Method PUT is not allowed by Access-Control-Allow-Methods.", "actual", "method-not-allowed", "unseen"),
    ],
)
@pytest.mark.parametrize("origin", [PAGE, None])
def test_refused_as_the_browser_says(
    write: Write, error: str, role: str, reason: str, preflight: str, origin: str | None
) -> None:
    """Where the file has no answer: denied, by inference; another engine is not said to do the same."""
    request = {"Origin": origin, "Referer": f"{PAGE}/", "Host": None}
    one = entry("PUT", status=-1, response={}, request=request, _resourceType="fetch")
    one["response"]["_failureText"] = error
    [judgement], read = check(write(har(one, creator="Playwright")))
    assert (judgement.role, judgement.verdict, judgement.reason) == (role, Verdict.DENY, reason)
    assert (judgement.origin, judgement.preflight) == (PAGE, preflight)
    assert judgement.preflight_because == ("method PUT",)
    assert f"{har_word.REFUSED} {error}" in judgement.assumptions
    assert (har_dialects.ORIGIN_FROM_REFERER in judgement.assumptions) is (origin is None)
    assert list(other_engines.outcomes(judgement)) == ["chromium"]
    assert read.notes == {}
    assert explain(judgement)


@pytest.mark.parametrize("preflights", [False, True])
def test_never_sent(write: Write, preflights: bool) -> None:
    """Chrome leaves preflights out, or has them: then what they forbade is judged there, and only there."""
    page = {"Origin": None, "Host": None, "Referer": f"{PAGE}/"}
    never = entry("PUT", status=0, response={}, request=page, _initiator={"type": "script"}, _resourceType="fetch")
    never["response"]["_error"] = "net::ERR_FAILED"
    simple = json.loads(json.dumps(never)) | {"startedDateTime": "2026-11-21T12:00:01.000Z"}
    simple["request"]["method"] = "GET"
    refused = preflight("POST", at=0.001)
    judgements, read = check(write(har(never, simple, *([refused] if preflights else []))))
    assert [each.role for each in judgements] == ["preflight" if preflights else "actual"]
    assert [each.verdict for each in judgements] == [Verdict.DENY]
    assert preflights is (judgements[0].reason != "cause-not-recorded")
    assert read.notes == {har_word.NEVER_SENT: 2 if preflights else 1}


def test_playwright_tells_the_wire_by_headers(write: Write) -> None:
    """Its minimal mode has no sizes: provisional headers tell what no server answered, unless the test routed it."""
    page = {"Origin": None, "Host": None, "Referer": f"{PAGE}/"}
    entries = [
        entry("PUT", request=page, _resourceType="fetch", response={}),
        entry("PUT", request=page, _resourceType="fetch", _wasContinued=True, at=1),
        entry("PUT", request=page, _resourceType="fetch", _wasFulfilled=True, at=2),
        entry("PUT", at=3),
    ]
    text = har(*entries, creator="Playwright").replace('"entries"', '"browser": {"name": "chromium"}, "entries"', 1)
    judgements, read = check(write(text))
    assert [each.observation.started % 60 for each in judgements] == [1, 2, 3]
    assert {each.verdict for each in judgements} == {Verdict.ALLOW}
    assert read.notes == {har_wire.NOT_ON_THE_WIRE: 1}


@pytest.mark.parametrize(
    ("lengths", "sizes", "confirmed"),
    [
        ({}, {"bodySize": 0}, True),
        ({}, {"bodySize": -1}, True),  # minimal
        ({}, {"bodySize": 7}, False),
        ({"Content-Length": "7"}, {"bodySize": -1}, False),
        ({"Transfer-Encoding": "chunked"}, {"bodySize": -1}, False),
    ],
)
def test_playwright_writes_200_for_304(
    write: Write, lengths: dict[str, str], sizes: dict[str, int], confirmed: bool
) -> None:
    """With the headers of the 304, which need no Access-Control-Allow-Origin: the stored response has it."""
    first = entry(response={**ALLOW, "ETag": "x", "Content-Length": "7"})
    again = entry(request={"If-None-Match": "x", "Sec-Fetch-Mode": "cors"}, response={"ETag": "x", **lengths}, at=1)
    again["response"] |= sizes
    text = har(first, again, creator="Playwright").replace('"entries"', '"browser": {"name": "chromium"}, "entries"', 1)
    judgements, _ = check(write(text))
    assert [each.contradicted for each in judgements] == [False, not confirmed]
    assert (har_entry.CONFIRMED in judgements[1].assumptions) is confirmed


# ---- shapes ----


@pytest.mark.parametrize(
    ("creator", "change", "engine"),
    [
        ("WebInspector", {"agent": None}, "chromium"),
        ("Firefox", {"agent": None}, "gecko"),
        ("WebKit Web Inspector", {"agent": None}, "webkit"),
        ("Charles Proxy", {"agent": SAFARI}, "webkit"),
        ("Fiddler", {"agent": FIREFOX}, "gecko"),
        ("HTTP Toolkit", {"agent": CHROME}, "chromium"),
    ],
)
def test_engine(write: Write, creator: str, change: dict[str, Any], engine: str) -> None:
    """Told by the User-Agent; where a browser left it out, by who wrote the file."""
    [judgement], _ = check(write(har(entry(**change), creator=creator)))
    assert judgement.engine.name == engine
    assert (har_entry.AGENT_ASSUMED in judgement.assumptions) is (change["agent"] is None)


@pytest.mark.parametrize(
    "entries",
    [
        [preflight(at=1.0), entry("PUT", at=1.1)],
        [entry("PUT", at=1.0, time=300), preflight(at=1.001, time=200)],  # Firefox
        [entry("PUT", at=1.0, time=300, timings={"blocked": 210, "send": 1}), preflight(at=1.001, time=200)],  # Chrome
        [entry("PUT", at=1.0, time=0), preflight(at=1.0, time=150)],  # coarse clocks
        [preflight(at=1.0, time=150), entry("PUT", at=0.99, time=0)],
    ],
)
def test_preflight_and_request_in_any_order(write: Write, entries: list[Any]) -> None:
    """They are paired, whatever the clocks say."""
    judgements, _ = check(write(har(*entries)))
    by_role = {each.role: each for each in judgements}
    assert by_role[Role.ACTUAL].preflight is PreflightState.SENT
    assert by_role[Role.ACTUAL].paired_with == (by_role[Role.PREFLIGHT].observation.flow_id,)


def test_two_requests_each_with_its_preflight(write: Write) -> None:
    """In flight together, listed with the preflights last."""
    url = f"{API}/2"
    judgements, _ = check(
        write(
            har(
                entry("PUT", at=1.0, time=400),
                entry("PUT", url, at=1.0, time=400),
                preflight(at=1.002, time=100),
                preflight(at=1.003, time=100) | {"request": {**preflight()["request"], "url": url}},
            )
        )
    )
    assert [each.preflight for each in judgements if each.role == "actual"] == [PreflightState.SENT] * 2


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4, 5), (0, 1, 2, 4, 3, 5), (5, 4, 3, 2, 1, 0), (0, 1, 5, 3, 4, 2)])
@pytest.mark.parametrize("writer", ["Firefox", "WebInspector"])
def test_preflight_after_a_redirect_that_taints(write: Write, writer: str, order: tuple[int, ...]) -> None:
    """Firefox's names the page's origin, though its request bears null; that of the page's own request is not taken."""
    firefox = writer == "Firefox"
    more: dict[str, Any] = {"agent": FIREFOX, "_securityState": "secure"} if firefox else {}
    first, null, asks = "https://www.example.org/items", {"Origin": "null"}, {"Access-Control-Request-Method": "PUT"}
    named = asks if firefox else asks | null
    allow = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "PUT"}
    entries = [
        entry("PUT", first, response={**ALLOW, "Location": API}, status=307, at=1.0, time=0, **more),
        entry("OPTIONS", first, asks, allow, at=1.001, time=20, **more),
        entry("PUT", at=0.96, time=0, **more),
        entry("OPTIONS", request=asks, response=allow, at=0.961, time=20, **more),
        entry("PUT", request=null, response={"Access-Control-Allow-Origin": "null"}, at=1.05, time=5, **more),
        entry("OPTIONS", request=named, response=allow, at=1.06, time=20, **more),
    ]
    judgements, _ = check(write(har(*(entries[number] for number in order), creator=writer)))
    of = {order[int(each.observation.flow_id.partition("#")[2])]: each for each in judgements}
    with_ids = {number: each.observation.flow_id for number, each in of.items()}
    assert [of[number].preflight for number in (0, 2, 4)] == [PreflightState.SENT] * 3
    assert of[2].paired_with == (with_ids[3],)
    assert set(of[4].paired_with) == {with_ids[number] for number in (0, 1, 5)}
    assert not any(each.contradicted for each in judgements)


def test_entries_out_of_order(write: Write) -> None:
    """A chain of redirects written last first."""
    hops = [
        entry(url=f"{API}/{number}", status=302, response={**ALLOW, "Location": f"{API}/{number + 1}"}, at=number)
        for number in range(5)
    ]
    judgements, _ = check(write(har(*reversed([*hops, entry(url=f"{API}/5", at=5)]))))
    assert [len(each.chain) for each in judgements] == [6] * 6


def test_no_preflights_for_hours_contradict_nothing(write: Write) -> None:
    """Longer than any cache keeps them: the file may leave them out."""
    judgements, _ = check(write(har(*(entry("PUT", at=600 * number) for number in range(6)))))
    assert [each.preflight for each in judgements] == [PreflightState.UNSEEN] * 6
    assert not any(each.contradicted for each in judgements)


def test_what_firefox_held_back(write: Write) -> None:
    """Without a size it was blocked before any channel was opened: it is told with its URL, and not merely counted."""
    blocked = entry(status=0, response={}, timings={}, agent=FIREFOX)
    blocked["response"]["bodySize"] = -1
    (judgement,), read = check(write(har(blocked, creator="Firefox")))
    assert judgement.block is not None
    assert (judgement.block.gate, str(judgement.observation.url)) == ("other", API)
    assert "Content-Security-Policy" in jsonl.line(judgement)["remedies"][0]["why"]
    assert not read.notes


@pytest.mark.parametrize(
    ("one", "note"),
    [
        (entry(request={"Sec-Fetch-Mode": "no-cors"}, _fromCache="memory"), har_wire.CACHED),
        (entry(method="PUT", _fetchType="Disk Cache"), har_wire.CACHED),
        (entry(status=0, response={}, _fetchType="Memory Cache"), har_wire.CACHED),
        (entry(_fetchType="Service Worker"), har_wire.WORKER),
        (entry(status=-1, response={}), har_word.NO_ANSWER_KEPT),
        (entry(status=0, response={}, timings={}), har_word.NEVER_SENT),
        (entry(status=0, response={}, _error="net::ERR_ABORTED"), har_wire.GIVEN_UP),
        (entry(status=0, response={}, _error="net::ERR_FAILED", _wasAborted=True), har_wire.GIVEN_UP),
        (entry(status=-1, response={}, _error="NS_ERROR_UNEXPECTED"), har_word.NO_ANSWER_KEPT),
        (
            entry(status=-1, response={}, request={"Origin": "https://api.example.com"}, _error="net::ERR_FAILED"),
            har_word.NO_ANSWER_KEPT,
        ),
        (
            entry(status=0, response={}, request={"Origin": None}, _error="net::ERR_FAILED", _resourceType="fetch"),
            har_word.NO_ANSWER_KEPT,
        ),
        ({"request": {"url": 5}}, ""),
        ({"request": {}}, har_entry.UNUSABLE),
        (["x"], har_entry.UNUSABLE),
        (None, har_entry.UNUSABLE),
    ],
)
def test_not_judged(write: Write, one: Any, note: str) -> None:
    """What was not on the wire, or is not in the file, is named and not judged."""
    judgements, read = check(write(har(one, entry(at=1))))
    assert [each.observation.flow_id for each in judgements] == ["file.har#1"]
    assert read.notes == ({note: 1} if note else {})
    assert read.flows == 2


@pytest.mark.parametrize("error", ["net::ERR_EMPTY_RESPONSE", "net::ERR_CONNECTION_RESET", ""])
def test_no_answer_came(write: Write, error: str) -> None:
    """A network failure, as browsers and proxies tell it."""
    more: dict[str, Any] = {"_error": error} if error else {}
    [judgement], read = check(write(har(entry(status=0, response={}, **more))))
    assert (judgement.verdict, judgement.reason) == ("not-cors" if error else "deny", "network-error")
    assert read.notes == {har_entry.SENT_AGAIN: 1}


@pytest.mark.parametrize(
    ("status", "agent", "creator", "told"),
    [
        (0, CHROME, "WebInspector", True),
        (0, FIREFOX, "Firefox", True),
        (408, CHROME, "WebInspector", True),
        (421, FIREFOX, "Firefox", True),
        (408, SAFARI, "WebInspector", False),
        (421, SAFARI, "WebInspector", True),
        (0, "curl/8", "WebInspector", False),
        (0, CHROME, "Charles Proxy", False),
        (421, CHROME, "mitmproxy", False),
        (500, CHROME, "WebInspector", False),
    ],
)
def test_one_entry_for_what_was_sent_again(write: Write, status: int, agent: str, creator: str, told: bool) -> None:
    """How often a browser sent it is said not to be told; proxies saw each, and after other answers none is sent."""
    entries = [entry(status=status, agent=agent), entry(status=status, agent=agent, at=5), entry(agent=agent, at=9)]
    judgements, read = check(write(har(*entries, creator=creator)))
    assert len(judgements) == len(entries)
    assert read.notes == ({har_entry.SENT_AGAIN: 2} if told else {})


@pytest.mark.parametrize(
    "headers",
    [
        [{"name": "Origin", "value": PAGE}, {"name": ":authority", "value": "api.example.com"}],
        [["Origin", PAGE], ["Host", "api.example.com"]],
        {"origin": PAGE},
        [{"name": "origin", "value": PAGE, "comment": "x"}, {"name": "x", "value": None}, {"name": 5}],
    ],
)
def test_headers_of_any_shape(write: Write, headers: Any) -> None:
    """Objects, pairs, a mapping; without pseudo-headers."""
    one = entry()
    one["request"]["headers"] = headers
    [judgement], _ = check(write(har(one)))
    assert judgement.origin == PAGE
    assert not [name for name, _ in judgement.observation.request if name.startswith(b":")]


@pytest.mark.parametrize("own", [{}, {"_apiRequest": True}])
def test_a_header_that_is_none(write: Write, own: dict[str, Any]) -> None:
    """Spoils its entry and no other."""
    one = entry(**own)
    one["request"]["headers"] = [[]]
    [judgement], read = check(write(har(one, entry(at=1))))
    assert judgement.observation.flow_id == "file.har#1"
    assert read.notes == {har_entry.UNUSABLE: 1}


def test_joined_lines(write: Write) -> None:
    """Chromium joins the lines of a header by line ends: two Access-Control-Allow-Origin are one too many."""
    [judgement], _ = check(write(har(entry(response={"Access-Control-Allow-Origin": f"{PAGE}\n{PAGE}"}))))
    assert judgement.reason == "allow-origin-multiple"


def test_cookies_without_their_header(write: Write) -> None:
    """Some leave out the header and keep the list."""
    one = entry()
    one["request"]["cookies"] = [{"name": "sid", "value": "x"}]
    [judgement], _ = check(write(har(one)))
    assert judgement.credentials is Credentials.INCLUDE


@pytest.mark.parametrize("version", ["h2", "h3", "HTTP/2", "HTTP/2.0", "http/2.0", "HTTP/3"])
def test_http2(write: Write, version: str) -> None:
    """By whatever name."""
    one = entry()
    one["request"]["httpVersion"] = version
    [judgement], _ = check(write(har(one)))
    assert judgement.observation.http2


@pytest.mark.parametrize(
    "moment",
    [
        "2026-11-21T12:00:00Z",
        "2026-11-21T12:00:00.0000000+00:00",
        "2026-11-21T13:00:00.000+01:00",
        "2026-11-21T12:00:00",
        1795262400,
        1795262400000,
    ],
)
def test_moments(write: Write, moment: Any) -> None:
    """Fiddler has seven digits, others no zone."""
    [judgement], _ = check(write(har(entry() | {"startedDateTime": moment})))
    assert judgement.observation.started == 1795262400.0


@pytest.mark.parametrize("moment", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_moment(write: Write, moment: str) -> None:
    """Counts as none: no line of JSON can say it."""
    text = har(entry() | {"startedDateTime": "when"}).replace('"when"', moment)
    [judgement], read = check(write(text))
    assert read.damage is None
    assert json.loads(jsonl.dumps(judgement), parse_constant=pytest.fail)["timestamp"] == 0.0


ANY = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "value", "text", "status"]), inner, max_size=3)
    ),
)
KEYS = """headers url method httpVersion postData cookies status time timings startedDateTime _error _connectionId
content""".split()


@given(ANY, st.sampled_from(KEYS))
@settings(max_examples=300, deadline=None)
def test_any_value_anywhere(value: Any, key: str) -> None:
    """No entry, however odd, raises."""
    for part in ("request", "response", None):
        one = entry()
        (one if part is None else one[part])[key] = value
        har_entry.convert(one, 0, har_dialects.Context("x"))


# ---- the file ----


def coded(data: bytes, coding: str) -> bytes:
    """As mitmproxy packs bodies."""
    packed = encode(data, coding)
    assert isinstance(packed, bytes)
    return packed


def zipped_alone(data: bytes, *names: str) -> bytes:
    """A zip file as macOS and GitHub's artefacts pack a recording, whatever its name is."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, data)
            archive.writestr(f"__MACOSX/._{name}", b"\0")
    return file.getvalue()


def zipped(data: bytes) -> bytes:
    """A zip file as Playwright writes it, bodies beside the HAR."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0442e3.html", "<p>")
        archive.writestr("har.har", data)
    return file.getvalue()


@pytest.mark.parametrize(
    "pack",
    [
        lambda data: data,
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: b"\xff\xfe" + data.decode().encode("utf-16-le"),
        lambda data: b"\xfe\xff" + data.decode().encode("utf-16-be"),
        gzip.compress,
        *(partial(zlib.compress, level=level) for level in (1, 5, 6, 9)),
        lambda data: gzip.compress(data[:50]) + gzip.compress(data[50:]),
        lambda data: b"\n \t" + data + b"\n",
        lambda data: zipped(data),
        lambda data: zipped_alone(data, "recording.json"),
        lambda data: coded(data, "zstd"),
        lambda data: coded(data[:50], "zstd") + coded(data[50:], "zstd"),
    ],
)
def test_packed_and_encoded(write: Write, pack: Callable[[bytes], bytes]) -> None:
    """Plain, with a byte order mark, as PowerShell writes it, packed."""
    data = har(entry(request={"X": "ü€😀"}), entry(at=1)).encode()
    judgements, read = check(write(pack(data)))
    assert len(judgements) == 2
    assert read.damage is None


def test_creator_after_the_entries(write: Write) -> None:
    """The order of keys is free, and unknown ones are stepped over."""
    text = json.dumps(
        {"x": [{}], "log": {"pages": [], "entries": [entry(), entry(at=1)], "creator": {}}, "y": {"z": []}}
    )
    judgements, read = check(write(text))
    assert (len(judgements), read.damage) == (2, None)


def test_cut_off_anywhere(write: Write) -> None:
    """Every whole entry before the cut, then an offset within the file."""
    whole = [entry(at=0), entry(at=1, request={"X": "ü"}), entry(at=2)]
    text = har(*whole).encode()
    ends = []
    for number in range(3):
        ends.append(len(har(*whole[: number + 1]).encode()) - len("]}}"))
    for length in [*range(120), *range(120, len(text), 13), *range(len(text) - 5, len(text) + 1)]:
        judgements, read = check(write(text[:length]))
        assert len(judgements) == sum(end <= length for end in ends)
        if length == 0:
            assert (read.damage, read.offset, read.flows) == ("an empty file, and so no HAR", 0, 0)
        elif length < len(text):
            assert read.damage
            assert read.offset is not None
            assert 0 <= read.offset <= length


@pytest.mark.parametrize("mark", ["}", "]", "x", '"', "\\"])
def test_damaged_in_the_midst(write: Write, mark: str) -> None:
    """What came before is judged; the offset is where the entry is wrong."""
    good, bad = har(entry(at=0), entry(at=1)), json.dumps(entry(at=2))
    wrong = bad.replace('"method": "GET"', f'"method": {mark}', 1)
    text = good.removesuffix("]}}") + ", " + wrong + ", " + json.dumps(entry(at=3)) + "]}}"
    judgements, read = check(write(text))
    assert len(judgements) == 2
    assert read.damage
    assert read.offset is not None
    assert len(good) - 3 <= read.offset <= len(text)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{}", "no log.entries"),
        (b'{"log": {}}', "no log.entries"),
        (b'{"log": {"entries": {}}}', "log.entries is no array"),
        (b"[1]", "begins with an array"),
        (b"{1}", "missing"),
        (b'{"log"', "ends too early"),
        (b'{"log": 1', "ends too early"),
        (b'{"log": {"entries": [' + b"9" * 5000 + b"]}}", "5000 digits"),
        ('{"log": {}}'.encode("utf-16-le"), "without a byte order mark"),
        ('{"log": {}}'.encode("utf-32"), "UTF-32"),
        (b'onInputData({"log": {}})', "JSONP"),
        (b"\x28\xb5\x2f\xfd\x04", "the zstd file ends too early"),
        (zipped_alone(b"{}", "a.json", "b.json"), "a zip file with 0 HAR files in it"),
        (gzip.compress(b"", mtime=0), "an empty file"),
        (b"<html>", "no recording: what is read is a mitmproxy dump, HAR,"),
        (b"<html>", "plain or packed by gzip"),
        (b"\x89PNG", "no recording: what is read is a mitmproxy dump, HAR,"),
        (b'{"log": {"entries": []}} x', "something follows"),
        (b"\x1f\x8b\x08\x00broken", "gzip file"),
        (b"PK\x03\x04broken", "zip file"),
        (b'{"log": {"entries": ' + b"[" * 100_000, "deeply"),
    ],
)
def test_no_har(write: Write, data: bytes, words: str) -> None:
    """It is said what is wrong."""
    judgements, read = check(write(data))
    assert judgements == []
    assert words in (read.damage or "")
    assert read.offset is not None


def test_what_unpacks_before_the_damage(write: Write) -> None:
    """Is read, also where the file is so small that it is damaged in its first piece."""
    whole = gzip.compress(har(*(entry(at=each) for each in range(50))).encode())
    judgements, read = check(write(whole[:-8] + b"\0" * 8))  # the checksum
    assert (len(judgements), read.flows) == (50, 50)
    assert "incorrect data check" in (read.damage or "")
    assert read.offset
    judgements, read = check(write(whole[:-40] + b"\xff" * 32 + whole[-8:]))
    assert 5 < len(judgements) < 50
    assert read.damage
    assert read.offset


# ---- large files ----


@pytest.mark.parametrize("piece", ["x", 'x\\"\\\\\\n', "ü", "😀"])
def test_huge_strings_and_arrays_are_stepped_over(write: Write, monkeypatch: pytest.MonkeyPatch, piece: str) -> None:
    """An entry beyond the limit is read without its body and its WebSocket messages."""
    monkeypatch.setattr(json_stream, "LARGE", 5000)
    monkeypatch.setattr(json_stream, "LONG", 100)
    monkeypatch.setattr("cors_addon.recordings.source.CHUNK", 777)
    body = piece * 9000
    text = har(entry(), entry(at=1, _webSocketMessages=[1]), entry(at=2, request={"X": "y"}))
    messages = "[" + ", ".join('{"data": "]}[{"}' for _ in range(4000)) + "]"
    text = text.replace('"_webSocketMessages": [1]', f'"_webSocketMessages": {messages}')
    text = text.replace('"mimeType": ""', f'"text": "{body}"')
    judgements, read = check(write(text))
    assert read.damage is None
    assert [each.observation.started % 60 for each in judgements] == [0, 1, 2]
    assert (b"X", b"y") in judgements[2].observation.request
    *_, cut = [check(write(text[:length]))[1] for length in (len(text) // 2, len(text) - 10)]
    assert cut.damage


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        ('{"about": "{x}", ', ""),
        ('{"about": ["{x}"], "{x}": "}", ', ""),
        ("{", ', "about": "{x}"'),
        ('{"log": {"comment": "{x}", "entries": []}, ', ""),
    ],
)
def test_a_huge_string_is_a_value_as_any_other(
    write: Write, monkeypatch: pytest.MonkeyPatch, head: str, tail: str
) -> None:
    """Wherever it stands."""
    monkeypatch.setattr(json_stream, "LARGE", 5000)
    monkeypatch.setattr(json_stream, "LONG", 100)
    monkeypatch.setattr("cors_addon.recordings.source.CHUNK", 777)
    text = har(entry(), "{x}", entry(at=1), comment="{x}").removeprefix("{").removesuffix("}")
    judgements, read = check(write(f"{head}{text}{tail}}}".replace("{x}", "}x]" * 9000)))
    assert read.damage is None
    assert len(judgements) == 2


MEMORY = """
import re, sys
from cors_addon.recordings import judge
from cors_addon.report.summary import Input, Summary
read, summary = Input(sys.argv[1]), Summary()
for judgement in judge.judged(sys.argv[1], read):
    summary.add(judgement)
peak = re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())  # ru_maxrss would begin with the parent's
print(read.flows, read.damage, int(peak[1]) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """140 MB, with a body of 60 MB in one entry, in less than 100 MB of memory, Python itself included."""
    file = tmp_path / "large.har"
    one = json.dumps(entry()).replace('"mimeType": ""', f'"text": "{"x" * 20_000}"')
    with file.open("w") as out:
        out.write('{"log": {"creator": {"name": "x"}, "entries": [')
        for _ in range(2000):
            out.write(one + ",")
        out.write(one.replace("x" * 20_000, "y" * 60_000_000) + ",")
        for _ in range(2000):
            out.write(one + ",")
        out.write(one + "]}}")
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(file)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    flows, damage, megabytes = done.stdout.split()
    assert (flows, damage) == ("4002", "None")
    assert int(megabytes) < 100


def test_large_bodies_are_not_kept_by_the_hundred(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """With them, fewer entries wait to be sorted; all come all the same."""
    monkeypatch.setattr(har_reader, "MOST_KEPT", 3000)
    text = har(*(entry(at=each) for each in range(20))).replace('"mimeType": ""', f'"text": "{"x" * 1000}"')
    waiting: list[int] = []
    pop = har_reader._Window.pop

    def popping(self: Any, note: Any) -> Any:
        waiting.append(self.size)
        return pop(self, note)

    monkeypatch.setattr(har_reader._Window, "pop", popping)
    judgements, _ = check(write(text))
    assert len(judgements) == 20
    assert max(waiting) <= 4


def test_what_zstd_packs_tightly_is_unpacked_in_pieces() -> None:
    """A few bytes of it may stand for as many as there are."""
    opened = Source("x", io.BytesIO(coded(b"0" * (1 << 27), "zstd")))
    most = whole = 0
    while data := opened.read():
        most, whole = max(most, len(data)), whole + len(data)
    assert whole == 1 << 27
    assert most <= 1 << 25
