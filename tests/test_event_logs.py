"""BiDi logs and Playwright traces: the browser's own word, joined with what was on the wire."""

import io
import json
import zipfile
from typing import Any

import pytest

from cors_addon.fetch.refusals import Reason
from cors_addon.recordings.playwright_trace import NO_NETWORK, ROUTED
from tests.logs import AGENT, API, APP, START, judged, told

type Event = dict[str, Any]


def lines(*pairs: tuple[str, str]) -> list[dict[str, Any]]:
    """Header lines as BiDi has them."""
    return [{"name": name, "value": {"type": "string", "value": value}} for name, value in pairs]


ASKED = (
    ("host", "api.test"),
    ("user-agent", "Mozilla/5.0 (X11; rv:153.0) Gecko/20100101 Firefox/153.0"),
    ("origin", APP),
)
REFUSED = (
    "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at {url}. (Reason: CORS"
    " header ‘Access-Control-Allow-Origin’ missing). Status code: 200."
)


def bidi(path: str, answer: tuple[tuple[str, str], ...], *, key: str = "1", at: int = 0) -> list[Event]:
    """A fetch of Firefox, which completes whatever the browser makes of it."""
    moment = int(START * 1000) + at
    request = {
        "request": key,
        "url": API + path,
        "method": "GET",
        "headers": lines(*ASKED),
        "timings": {"requestTime": moment, "responseEnd": moment + 20},
    }
    common = {"context": "c", "redirectCount": 0, "request": request, "isBlocked": False}
    response = {
        "url": API + path,
        "protocol": "http/1.1",
        "status": 200,
        "headers": lines(*answer),
        "fromCache": False,
        "mimeType": "",
    }
    return [
        {"type": "event", "method": "network.beforeRequestSent", "params": {**common, "timestamp": moment}},
        {
            "type": "event",
            "method": "network.responseCompleted",
            "params": {**common, "timestamp": moment + 20, "response": response},
        },
    ]


def said(path: str, at: int, sentence: str = REFUSED) -> Event:
    """Firefox's console."""
    text = sentence.format(url=API + path)
    entry = {"type": "javascript", "level": "error", "text": text, "timestamp": int(START * 1000) + at}
    return {"type": "event", "method": "log.entryAdded", "params": entry}


def test_firefox_tells_refusals_in_its_console() -> None:
    """The answer looks like any other; the sentence is joined by URL and time."""
    events = [*bidi("/a", ()), said("/a", 25), *bidi("/b", (("access-control-allow-origin", APP),), key="2", at=50)]
    assert told(events) == [
        "actual GET /a deny allow-origin-missing (recording)",
        "actual GET /b allow (recording)",
    ]


def test_what_was_complete_did_not_fail() -> None:
    """Chromium's BiDi says so of a page that is left, and of a frame that it does not show."""
    begun, done = bidi("/a", (("access-control-allow-origin", APP),))
    failed = {**begun, "method": "network.fetchError", "params": {**begun["params"], "errorText": "net::ERR_FAILED"}}
    assert told([begun, done, failed]) == ["actual GET /a allow (wire)"]


GONE = (
    "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at {url}. (Reason: CORS"
    " request did not succeed). Status code: (null)."
)


@pytest.mark.parametrize(
    ("error", "detail"), [(None, None), ("NS_ERROR_DOM_BAD_URI", None), ("NS_ERROR_NET_RESET", "NS_ERROR_NET_RESET")]
)
def test_firefox_tells_what_got_no_answer(error: str | None, detail: str | None) -> None:
    """Where HTTP/2 breaks off, in its console alone, however late; an error of its own says more."""
    begun, _ = bidi("/a", ())
    events = [begun, said("/a", 60_000 if error is None else 25, GONE)]
    if error is not None:
        events.append({**begun, "method": "network.fetchError", "params": {**begun["params"], "errorText": error}})
    events += bidi("/a", (("access-control-allow-origin", APP),), key="2", at=70_000)
    judgements, _ = judged(json.dumps(events))
    assert [(each.block.gate, each.block.detail) if each.block else each.verdict for each in judgements] == [
        ("network", detail),
        "allow",
    ]


BY_CSP = (
    "Content-Security-Policy: The page’s settings blocked the loading of a resource (connect-src) at {url} because it"
    " violates the following directive: “connect-src 'self'”"
)
MIXED = "Blocked loading mixed active content “{url}”"


@pytest.mark.parametrize(("sentence", "gate"), [(BY_CSP, "csp"), (MIXED, "mixed-content")])
def test_firefox_tells_what_was_never_sent(sentence: str, gate: str) -> None:
    """In its console alone; of what the log's own redirect led to, that tells."""
    plain = sentence.format(url="http://plain.test/x")
    begun, done = bidi("/to", (("access-control-allow-origin", APP), ("location", "http://plain.test/y")))
    done["params"]["response"]["status"] = 302
    events = [said("/a", 5, plain), begun, done, said("/to", 30, sentence.format(url="http://plain.test/y"))]
    judgements, _ = judged(json.dumps(events))
    stopped = [each.observation for each in judgements if each.block and each.block.gate == gate]
    assert [str(each.url) for each in stopped if each.status is None] == ["http://plain.test/x"]


def chromium(path: str, *events: str, **request: Any) -> list[Event]:
    """These events of a request of Chromium's, which is no more than begun."""
    asked = {"request": "1", "url": path, "method": "GET", "headers": lines(("Referer", "")), "timings": {}}
    asked |= {"goog:resourceType": "Fetch", "initiatorType": "fetch", **request}
    frames = {"type": "script", "stackTrace": {"callFrames": [{"url": f"{APP}/page"}]}}
    common = {"context": "c", "redirectCount": 0, "request": asked, "timestamp": int(START * 1000), "errorText": ""}
    answer = {"status": 200, "headers": lines(("access-control-allow-origin", "*")), "fromCache": False}
    return [
        {"type": "event", "method": f"network.{each}", "params": {**common, "initiator": frames, "response": answer}}
        if each == "responseCompleted"
        else {"type": "event", "method": f"network.{each}", "params": {**common, "initiator": frames}}
        for each in events
    ]


@pytest.mark.parametrize(
    ("url", "gate", "detail"),
    [
        ("http://plain.test/x", "mixed-content", "http://plain.test/x"),
        ("http://localhost:8000/x", "other", "that it failed before it was sent, and not why: its console tells"),
        (f"{API}/x", "other", "that it failed before it was sent, and not why: its console tells"),
    ],
)
def test_chromium_tells_no_error_of_what_it_held_back(url: str, gate: str, detail: str) -> None:
    """By its page and URL it is mixed content, or it is said that a policy stopped it."""
    [judgement], _ = judged(json.dumps(chromium(url, "beforeRequestSent", "fetchError")))
    assert judgement.block is not None
    assert (judgement.block.gate, judgement.block.detail) == (gate, detail)


def test_chromium_orders_headers_as_sent() -> None:
    """Those that the page logged come first in its list: the order of what was sent is that of a browser."""
    logged = (("User-Agent", AGENT), ("Origin", APP), ("Referer", f"{APP}/"))
    wire = (("Accept", "*/*"), ("Connection", "keep-alive"), ("Host", "api.test"), *logged[1:], logged[0])
    events = chromium(f"{API}/s.js", "beforeRequestSent", "responseCompleted", headers=lines(*logged, *wire))
    assert told(events) == ["actual GET /s.js allow (recording)"]


def test_bidi_as_listeners_had_it() -> None:
    """Parameters alone, as `browser.on(name, list.push)` keeps them."""
    events = [*bidi("/a", ()), said("/a", 25), *bidi("/b", (("access-control-allow-origin", APP),), key="2", at=50)]
    failed = {**events[0]["params"], "errorText": "NS_ERROR_NET_RESET"}
    failed["request"] = {**failed["request"], "request": "3", "url": f"{API}/c"}
    assert told([*(each["params"] for each in events), failed, {"level": "info"}]) == [
        "no-cors GET /c not-cors network-error (recording)",
        "actual GET /a deny allow-origin-missing (recording)",
        "actual GET /b allow (recording)",
    ]


def test_bidi_as_lines_and_cut_off() -> None:
    """One event on each line is read too; of one that is cut off, what came before counts."""
    text = "\n".join(json.dumps(each) for each in [*bidi("/a", ()), said("/a", 25)])
    assert told(text) == ["actual GET /a deny allow-origin-missing (recording)"]
    judgements, into = judged(text + '\n{"type": "event", "met')
    assert len(judgements) == 1
    assert into.damage is not None


# ── Playwright ────────────────────────────────────────────────────────────────────────────────────────────────────────


def entry(path: str, status: int, answer: list[dict[str, str]], **more: Any) -> Event:
    """A line of a trace's network."""
    asked = [
        ("User-Agent", AGENT),
        ("Referer", f"{APP}/"),
        *((("Origin", APP), ("Host", "api.test"), ("Sec-Fetch-Mode", "cors")) if status > 0 else ()),
    ]
    request: dict[str, Any] = {
        "method": "GET",
        "url": API + path,
        "headers": [{"name": name, "value": value} for name, value in asked],
    }
    response = {"status": status, "headers": answer, "content": {"size": 2}}
    if status < 0:
        response["_failureText"] = "net::ERR_FAILED"
    snapshot = {
        "pageref": "page@1",
        "startedDateTime": "2026-11-28T10:00:00.100Z",
        "time": 20,
        "request": request,
        "response": response,
        "_resourceType": "fetch",
        "_monotonicTime": 1000.0,
        **more,
    }
    return {"type": "resource-snapshot", "snapshot": snapshot}


def trace(*network: Event, console: tuple[str, ...] = (), stem: str = "trace") -> bytes:
    """A trace with these requests, and these sentences in the console of their page."""
    options = {
        "version": 8,
        "type": "context-options",
        "browserName": "chromium",
        "wallTime": START * 1000,
        "monotonicTime": 900.0,
    }
    happened = [
        options,
        *(
            {
                "type": "console",
                "messageType": "error",
                "text": text,
                "args": [],
                # that a resource failed is said at its own address, the rest where the script is
                "location": {"url": f"{API}/a" if text.startswith("Failed to load") else f"{APP}/", "lineNumber": 1},
                "time": 1025.0,
                "pageId": "page@1",
            }
            for text in console
        ),
    ]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{stem}.trace", "\n".join(map(json.dumps, happened)))
        archive.writestr(f"{stem}.network", "\n".join(map(json.dumps, network)))
    return packed.getvalue()


MISSING = (
    f"Access to fetch at '{API}/a' from origin '{APP}' has been blocked by CORS policy: No"
    " 'Access-Control-Allow-Origin'"
    " header is present on the requested resource."
)


def test_a_trace_has_the_reason_in_its_console() -> None:
    """The network's entry has no answer, and none is needed."""
    assert told(trace(entry("/a", -1, []), console=(MISSING,)), "t.zip") == [
        "actual GET /a deny allow-origin-missing (recording)"
    ]


def test_a_trace_tells_what_a_policy_stopped_by_its_console() -> None:
    """The network has nothing of it."""
    allowed = [{"name": "Access-Control-Allow-Origin", "value": APP}]
    text = f"Connecting to '{API}/b' violates the following Content Security Policy directive: \"connect-src 'self'\"."
    assert told(trace(entry("/a", 200, allowed), console=(text,)), "trace.zip") == [
        "actual GET /a allow (recording)",
        "no-cors GET /b not-cors blocked by csp (recording)",
    ]


OLDER: dict[str, list[Event]] = {
    "1.28": [
        {"version": 3, "type": "context-options", "browserName": "chromium", "wallTime": START * 1000},
        {"type": "event", "metadata": {"type": "Frame", "wallTime": START * 1000, "startTime": 900.0}},
    ],
    "1.40": [
        {"version": 6, "type": "context-options", "browserName": "chromium", "wallTime": START * 1000},
        {"type": "before", "callId": "call@30", "startTime": 900.0, "wallTime": START * 1000},
    ],
    "1.56": [
        {
            "version": 8,
            "type": "context-options",
            "browserName": "chromium",
            "wallTime": START * 1000,
            "monotonicTime": 900.0,
        }
    ],
}
"""How the traces of older versions begin, which have both clocks in different places."""


@pytest.mark.parametrize("version", OLDER)
def test_older_traces_do_not_say_what_a_request_is_for(version: str) -> None:
    """Before 1.61: that the browser refused it, and that its page is of another origin, tells."""
    older = [
        json.loads(json.dumps(entry(path, -1, [], _monotonicTime=at, startedDateTime={})))
        for path, at in (("/b", 950.0), ("/a", 1000.0))
    ]
    for each in older:
        del each["snapshot"]["_resourceType"]
    own = json.loads(json.dumps(older[0]))
    own["snapshot"]["request"]["url"] = f"{APP}/own"
    told_by_console = {
        "type": "console",
        "messageType": "error",
        "text": MISSING,
        "location": {"url": f"{APP}/", "lineNumber": 1},
        "time": 1025.0,
        "pageId": "page@1",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("trace.trace", "\n".join(map(json.dumps, [*OLDER[version], told_by_console])))
        archive.writestr("trace.network", "\n".join(map(json.dumps, [*older, own])))
    judgements, _ = judged(packed.getvalue(), "t.zip")
    assert [(str(each.observation.url), each.reason) for each in judgements] == [
        (f"{API}/b", Reason.CAUSE_NOT_RECORDED),
        (f"{API}/a", Reason.ALLOW_ORIGIN_MISSING),
    ]
    assert judgements[1].observation.started == pytest.approx(START + 0.1)


FRAME = {"name": "X-Frame-Options", "value": "DENY"}
BLOCKED = "net::ERR_BLOCKED_BY_RESPONSE"


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (entry("/f", 200, [FRAME], _resourceType="document"), "frame-options"),
        (entry("/f", -1, [], _resourceType="document"), "frame-options"),
        (entry("/f", -1, [], _resourceType="image"), "other"),
    ],
    ids=["answered", "not answered", "no frame"],
)
def test_a_frame_that_its_answer_forbids(line: Event, wanted: str) -> None:
    """Chromium says no more than that the answer blocked it; of a document that is by what frames may hold it."""
    line["snapshot"]["response"]["_failureText"] = BLOCKED
    [judgement] = judged(trace(line), "t.zip")[0]
    assert judgement.fate is not None
    assert judgement.fate.block is not None
    assert judgement.fate.block.gate == wanted


def test_what_had_another_digest_was_answered() -> None:
    """Its console tells; the network's entry is that of an answer which passed."""
    allowed = [{"name": "Access-Control-Allow-Origin", "value": APP}]
    text = (
        f"Failed to find a valid digest in the 'integrity' attribute for resource '{API}/a' with computed SHA-256"
        " integrity 'abc='. The resource has been blocked."
    )
    assert told(trace(entry("/a", 200, allowed, _resourceType="script"), console=(text,)), "t.zip") == [
        "actual GET /a allow blocked by sri (recording)"
    ]


@pytest.mark.parametrize("worker_first", [True, False])
def test_what_a_service_worker_asked_for_its_page_is_told_once(worker_first: bool) -> None:
    """The page's own entry knows only that it failed."""
    page = entry("/a", -1, [])
    worker = entry("/a", -1, [], _serviceWorkerRef="worker@1", startedDateTime="2026-11-28T10:00:00.104Z")
    worker["snapshot"]["response"]["_failureText"] = "net::ERR_CONNECTION_REFUSED"
    later = entry("/a", -1, [], startedDateTime="2026-11-28T10:00:09.104Z")
    both = [worker, page] if worker_first else [page, worker]
    assert told(trace(*both, later), "t.zip") == [
        "no-cors GET /a not-cors blocked by network (recording)",
        "actual GET /a deny cause-not-recorded (recording)",
    ]


def test_a_preflight_whose_request_has_no_answer_may_have_passed() -> None:
    """Whether that or its preflight was refused, Playwright does not say."""
    allowed = [
        {"name": "Access-Control-Allow-Origin", "value": APP},
        {"name": "Access-Control-Allow-Methods", "value": "PUT"},
    ]
    asks = entry("/a", 204, allowed, _serviceWorkerRef="worker@1", startedDateTime="2026-11-28T10:00:00.104Z")
    asks["snapshot"]["request"]["method"] = "OPTIONS"
    asks["snapshot"]["request"]["headers"].append({"name": "Access-Control-Request-Method", "value": "PUT"})
    refused = entry("/a", -1, [], _serviceWorkerRef="worker@1")
    refused["snapshot"]["request"]["method"] = "PUT"
    assert "preflight OPTIONS /a allow (wire)" in told(trace(refused, asks), "t.zip")


def test_a_trace_without_console() -> None:
    """That it was refused is known, and why is not."""
    assert told(trace(entry("/a", -1, [])), "t.zip") == ["actual GET /a deny cause-not-recorded (recording)"]


def test_a_trace_without_network() -> None:
    """Of what was refused its console tells; that of the rest nothing is told is said."""
    consequence = "Failed to load resource: net::ERR_FAILED"
    made = trace(console=(MISSING, consequence))
    assert told(made, "t.zip") == ["actual GET /a deny allow-origin-missing (recording)"]
    judgements, into = judged(made, "t.zip")
    assert NO_NETWORK in dict(into.notes)
    assert judgements[0].observation.started == START + 0.125


def test_a_trace_of_the_test_runner() -> None:
    """Each context has files of its own; what passed is allowed."""
    allowed = [{"name": "Access-Control-Allow-Origin", "value": APP}]
    assert told(trace(entry("/a", 200, allowed), stem="0-trace"), "t.zip") == ["actual GET /a allow (recording)"]


def test_a_routed_request_is_told_of() -> None:
    """Chromium sends no preflights then."""
    _, into = judged(trace(entry("/a", 200, [], _wasContinued=True)), "t.zip")
    assert ROUTED in dict(into.notes)
