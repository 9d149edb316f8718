"""Event logs of the DevTools protocol: each event counts, whenever it comes."""

import io
import itertools
import json
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from cors_addon.recordings import cdp, judge
from cors_addon.recordings.damage import Damage
from cors_addon.recordings.exchange import Wanted
from cors_addon.recordings.source import Head, Source
from cors_addon.report.input import Input
from tests.logs import AGENT, API, APP, START, Cdp, Event, judged, told


def allowed(request: Cdp) -> list[Event]:
    return [
        request.begin(), request.sent(), request.answered(acao=APP), request.received(), request.finished(),
    ]  # fmt: skip


def refused_at_preflight(request: Cdp, preflight: Cdp) -> list[Event]:
    """As Chromium writes it: the preflight stands before its request."""
    error = request.failed(cors="MethodDisallowedByPreflightResponse", parameter="PUT")
    return [
        preflight.begin(), request.begin(), preflight.sent(), preflight.answered(204, acao=APP, acam="GET"),
        preflight.received(204), preflight.finished(), error,
    ]  # fmt: skip


# ── what the browser says ─────────────────────────────────────────────────────────────────────────────────────────────


def cases() -> Iterator[tuple[str, list[Event], list[str]]]:
    """Events, and what is judged of them."""
    a = Cdp()
    yield "allowed", allowed(a), ["actual GET /a allow (recording)"]
    yield (
        "refused, with its answer",
        [a.begin(), a.sent(), a.answered(200), a.failed(cors="MissingAllowOriginHeader")],
        ["actual GET /a deny allow-origin-missing (recording)"],
    )
    yield (
        "refused for another value than the log has: the browser's word stands",
        [a.begin(), a.sent(), a.answered(acao=APP), a.failed(cors="AllowOriginMismatch", parameter="https://b.test")],
        ["actual GET /a deny allow-origin-mismatch https://b.test (recording)"],
    )
    yield (
        "an answer with * was refused: with credentials, though no cookie tells",
        [a.begin(), a.sent(), a.answered(acao="*"), a.failed(cors="WildcardOriginNotAllowed")],
        ["actual GET /a deny allow-origin-wildcard-with-credentials (recording)"],
    )
    put = Cdp(method="PUT")
    yield (
        "refused at the preflight, of which the request's own error tells",
        refused_at_preflight(put, put.preflight()),
        ["preflight OPTIONS /a deny method-not-allowed PUT (recording)"],
    )
    yield (
        "the same without the preflight in the log",
        [put.begin(), put.failed(cors="PreflightMissingAllowOriginHeader")],
        ["actual PUT /a deny allow-origin-missing (recording)"],
    )
    pre = put.preflight()
    yield (
        "a redirected preflight has no response of its own, and its error comes first",
        [
            put.begin(), pre.begin(), pre.sent(), pre.answered(302, location="/b"),
            pre.failed("net::ERR_INVALID_REDIRECT"), put.failed(cors="PreflightDisallowedRedirect"),
        ],
        ["preflight OPTIONS /a deny preflight-redirected (recording)"],
    )  # fmt: skip
    yield (
        "the preflight passed, and the answer was refused",
        [
            pre.begin(), put.begin(), pre.sent(), pre.answered(204, acao=APP, acam="PUT"), pre.received(204),
            put.sent(at=0.2), pre.finished(), put.answered(500), put.failed(cors="MissingAllowOriginHeader"),
        ],
        ["preflight OPTIONS /a allow (recording)", "actual PUT /a deny allow-origin-missing (recording)"],
    )  # fmt: skip
    yield (
        "no answer to the preflight",
        [put.begin(), pre.begin(), pre.sent(), pre.failed("net::ERR_EMPTY_RESPONSE"),
         put.failed("net::ERR_EMPTY_RESPONSE")],
        ["preflight OPTIONS /a deny network-error (wire)", "no-cors PUT /a not-cors network-error (recording)"],
    )  # fmt: skip
    yield (
        "no connection",
        [a.begin(), a.failed("net::ERR_CONNECTION_REFUSED")],
        ["no-cors GET /a not-cors network-error (recording)"],
    )
    yield (
        "blocked by a policy",
        [a.begin(), a.failed("", blockedReason="csp")],
        ["no-cors GET /a not-cors blocked by csp (recording)"],
    )
    image = Cdp(kind="Image")
    yield (
        "blocked by its own answer",
        [
            image.begin(),
            image.failed("net::ERR_BLOCKED_BY_RESPONSE", blockedReason="corp-not-same-origin"),
        ],
        ["no-cors GET /a not-cors blocked by corp (recording)"],
    )
    yield (
        "Local Network Access, which Chromium counts among the errors of CORS",
        [a.begin(), a.failed(cors="LocalNetworkAccessPermissionDenied")],
        ["no-cors GET /a not-cors blocked by local-network (recording)"],
    )
    yield "given up", [a.begin(), a.sent(), a.failed("net::ERR_ABORTED", canceled=True)], []
    hop = Cdp()
    yield (
        "redirects share an id; the first hop is to no other origin than the second",
        [
            hop.begin(), hop.sent(), hop.answered(302, acao=APP, location="/b"),
            hop.sent(at=0.11), hop.answered(acao=APP), hop.redirected("/b"), hop.received(), hop.finished(),
        ],
        ["redirect GET /a allow (recording)", "actual GET /b allow (recording)"],
    )  # fmt: skip
    hop = Cdp()
    yield (
        "a redirect that a cache had has no ExtraInfo, and takes none from the next",
        [
            hop.begin(), hop.redirected("/b", 301, extra=False, location="/b", acao=APP),
            hop.sent(at=0.11), hop.answered(acao="https://b.test"), hop.failed(cors="AllowOriginMismatch",
            parameter="https://b.test"),
        ],
        ["redirect GET /a allow (recording)", "actual GET /b deny allow-origin-mismatch https://b.test (recording)"],
    )  # fmt: skip
    hop = Cdp(path="http://api.test/a")
    made_up = {"Non_Authoritative_Reason": "HSTS", "location": f"{API}/a"}
    yield (
        "a redirect that the browser makes up is nobody's answer",
        [
            hop.begin(), hop.redirected(f"{API}/a", 307, extra=False, **made_up),
            hop.sent(), hop.answered(acao=APP), hop.received(), hop.finished(),
        ],
        ["actual GET /a allow (recording)"],
    )  # fmt: skip
    hop = Cdp()
    yield (
        "a redirect that was refused",
        [hop.begin(), hop.sent(), hop.answered(302, location="/b"), hop.failed(cors="MissingAllowOriginHeader")],
        ["redirect GET /a deny allow-origin-missing (recording)"],
    )
    yield (
        "a redirect that CORS permits and the page did not want",
        [hop.begin(), hop.sent(), hop.answered(302, location="/b", acao=APP), hop.failed()],
        ["redirect GET /a deny redirect-mode-error (recording)"],
    )
    put = Cdp(method="PUT")
    pre, then = put.preflight(), Cdp(path="/b", method="PUT", at=0.1).preflight("PG")
    yield (
        "a redirect whose next preflight begins before the redirect is told",
        [
            put.begin(), pre.begin(), pre.sent(), pre.answered(204, acao=APP, acam="PUT"), pre.received(204),
            pre.finished(), put.sent(), put.answered(307, acao=APP, location="/b"), then.begin(),
            put.redirected("/b", 307, acao=APP, location="/b"), then.sent(), then.answered(204, acao=APP, acam="GET"),
            then.received(204), then.finished(),
            put.failed(cors="MethodDisallowedByPreflightResponse", parameter="PUT"),
        ],
        [
            "preflight OPTIONS /a allow (recording)", "redirect PUT /a allow (recording)",
            "preflight OPTIONS /b deny method-not-allowed PUT (recording)",
        ],
    )  # fmt: skip
    yield (
        "from the browser's cache: by the stored answer",
        [a.begin(), a.received(extra=False, response={"headers": {"Access-Control-Allow-Origin": APP},
         "fromDiskCache": True}), a.finished()],
        ["actual GET /a allow (recording)"],
    )  # fmt: skip
    yield (
        "the same of what was never asked with CORS",
        [a.begin(), a.received(extra=False, response={"fromDiskCache": True}), a.finished()],
        [],
    )
    yield (
        "from a service worker",
        [a.begin(), a.received(extra=False, response={"fromServiceWorker": True}), a.finished()],
        [],
    )
    yield (
        "confirmed by the server: the headers of its 304",
        [a.begin(), a.sent(If_None_Match='"x"'), a.answered(304, acao=APP), a.received(200), a.finished()],
        ["actual GET /a allow (recording)"],
    )
    yield (
        "asked once more after a challenge",
        [a.begin(), a.sent(), a.answered(401), a.sent(Authorization="Basic eA=="), a.answered(acao=APP),
         a.received(), a.finished()],
        ["actual GET /a allow (recording)"],
    )  # fmt: skip
    yield (
        "early hints are no answer",
        [a.begin(), a.sent(), a.event("responseReceivedEarlyHints", headers={"link": "</x>"}), *allowed(a)[2:]],
        ["actual GET /a allow (recording)"],
    )
    data = Cdp(path="data:text/plain,x")
    yield "a data: URL", [data.begin(), data.received(extra=False), data.finished()], []
    yield (
        "an older Chromium, which counts no ExtraInfo",
        [each for each in allowed(a) if "hasExtraInfo" not in each],
        ["actual GET /a allow (recording)"],
    )
    yield (
        "an oldest one, which has the headers as sent in the response",
        [a.begin(), {"method": "Network.responseReceived", "params": {"requestId": "1.1", "timestamp": 100.1, "type":
         "Fetch", "response": {"status": 200, "headers": {}, "requestHeaders": {"Origin": APP, "User-Agent": AGENT}}}},
         a.failed()],
        ["actual GET /a deny allow-origin-missing (recording)"],
    )  # fmt: skip


@pytest.mark.parametrize(("events", "wanted"), [pytest.param(*rest, id=name) for name, *rest in cases()])
def test_what_is_judged(events: list[Event], wanted: list[str]) -> None:
    """The browser's word, on the headers as they were on the wire."""
    assert told(events) == wanted


ANYWHERE = ("requestWillBeSentExtraInfo", "responseReceivedExtraInfo")


@pytest.mark.parametrize("case", ["allowed", "refused, with its answer"])
def test_extra_info_comes_whenever_it_likes(case: str) -> None:
    """Before what it belongs to, between, or after all of it."""
    _, events, wanted = next(each for each in cases() if each[0] == case)
    for order in itertools.permutations(events):
        names = [each["method"].removeprefix("Network.") for each in order]
        rest = [name for name in names if name not in ANYWHERE]
        if rest == [each["method"].removeprefix("Network.") for each in events if each["method"][8:] not in ANYWHERE]:
            assert told(order) == wanted, names


def test_a_preflights_events_after_those_of_its_request() -> None:
    """Its answer still counts, and the request that was never sent is not told twice."""
    put = Cdp(method="PUT")
    events = refused_at_preflight(put, put.preflight())
    late = [*events[:4], events[6], *events[4:6]]
    assert told(late) == ["preflight OPTIONS /a deny method-not-allowed PUT (recording)"]
    cut = [*events[:4], events[6]]
    assert told(cut) == ["preflight OPTIONS /a deny method-not-allowed PUT (recording)"]


def test_credentials_are_seen_by_cookies_that_were_looked_for() -> None:
    """Even where the browser kept all of them back."""
    a = Cdp()
    (made,), _ = judged(json.dumps([a.begin(), a.sent(cookies=["sid"]), *allowed(a)[2:]]))
    assert made.credentials.value == "include"
    assert made.refusal is not None or made.contradicted  # acao is right, acac is missing: yet the browser passed it


def test_wire_headers_with_http2() -> None:
    """Pseudo-headers are no headers; of lines of one name each is one."""
    a = Cdp()
    sent = a.sent(_authority="api.test", _method="GET")
    answered = a.answered(set_cookie="a=1\nb=2", acao=APP)
    (made,), _ = judged(json.dumps([a.begin(), sent, answered, a.received(response={"protocol": "h2"}), a.finished()]))
    seen = made.observation
    assert seen.http2
    assert seen.connection == ("x.json", "7")
    assert not [name for name, _ in seen.request if name.startswith(b":")]
    assert [value for name, value in seen.response if name == b"set-cookie"] == [b"a=1", b"b=2"]


# ── how logs are written ──────────────────────────────────────────────────────────────────────────────────────────────


def selenium(events: list[Event]) -> str:
    texts = [json.dumps({"message": each, "webview": "W"}, separators=(",", ":")) for each in events]
    return json.dumps([{"level": "INFO", "timestamp": 1, "message": text} for text in texts])


WRITTEN: dict[str, Callable[[list[Event]], str | bytes]] = {
    "array": json.dumps,
    "lines": lambda events: "\n".join(map(json.dumps, events)) + "\n",
    "selenium": selenium,
    "selenium, one a line": lambda events: "\n".join(map(json.dumps, json.loads(selenium(events)))),
    "selenium, unwrapped once": lambda events: json.dumps([{"message": each, "webview": "W"} for each in events]),
    "texts": lambda events: json.dumps([json.dumps(each) for each in events]),
    "in an object": lambda events: json.dumps({"events": events}),
    "lists of lists": lambda events: json.dumps([events[:2], events[2:]]),
    "with sessions": lambda events: json.dumps([each | {"sessionId": "S", "targetType": "page"} for each in events]),
    "with answers of commands": lambda events: json.dumps([{"id": 1, "result": {}}, *events]),
    "UTF-16": lambda events: json.dumps(events).encode("utf-16"),
}


@pytest.mark.parametrize("way", WRITTEN)
def test_each_way_of_writing(way: str) -> None:
    """Is known for what it is, and says the same."""
    text = WRITTEN[way]([*allowed(Cdp()), {"method": "Page.loadEventFired", "params": {"timestamp": 1}}])
    (made,), into = judged(text)
    assert (made.verdict.value, into.kind, into.damage) == ("allow", "DevTools protocol log", None)


def test_the_same_request_in_two_sessions() -> None:
    """As a frame of another process has it: it is one request."""
    events = [each for event in allowed(Cdp()) for each in (event, event | {"sessionId": "B"})]
    doubled = [each for each in events if "ExtraInfo" not in each["method"] or "sessionId" not in each]
    assert told(doubled) == ["actual GET /a allow (recording)"]


def test_two_browsers_in_one_log() -> None:
    """Ids may come again, for another request."""
    first, second = Cdp(), Cdp(path="/b", at=5.0)
    assert told([*allowed(first)[:-1], *allowed(second)]) == [
        "actual GET /a allow (recording)",
        "actual GET /b allow (recording)",
    ]


@pytest.mark.parametrize("name", ["x.json", "x.har"])
def test_notes(name: str) -> None:
    """What is not judged is counted, and said."""
    socket, open_ = Cdp("S"), Cdp("1.2")
    events = [socket.event("webSocketCreated", url="wss://api.test/"), open_.begin(), *allowed(Cdp())]
    _, into = judged(json.dumps(events), name)
    assert into.flows == 3
    assert [note.partition(":")[0] for note in into.notes] == ["a WebSocket", "no answer in this log"]


# ── damage, and size ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("way", ["array", "lines", "selenium"])
def test_a_log_that_is_cut_off(way: str) -> None:
    """Is judged up to the place, and the place is told."""
    events = [event for number in range(5) for event in allowed(Cdp(f"1.{number}", f"/{number}", at=number))]
    text = WRITTEN[way](events)
    assert isinstance(text, str)
    for cut in range(2000, len(text) - 2, 1811):
        made, into = judged(text[:cut])
        assert [each.observation.url.path for each in made] == [f"/{number}" for number in range(len(made))]
        assert text[:cut].count("loadingFinished") <= len(made) + 1
        if way != "lines":
            assert into.damage is not None
            assert into.offset is not None


@pytest.mark.parametrize("bad", ["null", "[]", "{}", '"x"', "1e999", '{"a": []}'])
def test_events_that_are_not_as_they_should_be(bad: str) -> None:
    """Each is passed over, whatever stands in it."""
    events = allowed(Cdp())
    for number, event in enumerate(events):
        for key in ("requestId", *event["params"]):
            broken = json.loads(json.dumps(event))
            broken["params"][key] = json.loads(bad)
            text = json.dumps([*events[:number], broken, *events[number + 1 :], *allowed(Cdp("9", "/z", at=9))])
            made, into = judged(text)
            assert "/z" in [each.observation.url.path for each in made]
            assert into.damage is None


class _Endless(io.RawIOBase):
    """A log that is made while it is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size and (piece := next(self._pieces, b"")):
            self._rest += piece
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


@pytest.mark.parametrize("ends", [True, False])
def test_memory_is_bounded(ends: bool) -> None:
    """A log of any length takes what its open requests take, and these are bounded, too: of 100 MB here."""

    def pieces() -> Iterator[bytes]:
        yield b"["
        for number in range(3000):
            a = Cdp(f"1.{number}", f"/{number}?{'x' * 12_000}", at=number / 10)
            events = allowed(a) if ends else [a.begin(), a.sent()]
            yield b"".join(json.dumps(each).encode() + b"," for each in events)
        yield b"{}]"

    source = Source("x.json", _Endless(pieces()))  # type: ignore[arg-type]
    tracemalloc.start()
    count = sum(1 for _ in cdp.read(source, Wanted(lambda text, count: None)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 3000
    assert peak < 60_000_000


@pytest.mark.parametrize(
    ("start", "mine"),
    [
        (b'[{"method": "Page.x", "params": {}}', True),
        (b'[{"method": "network.beforeRequestSent", "params": {}}', False),
        (b'[{"method": "GET", "params": {}}', False),
        (b'{"log": {"entries": [{"request": {"method": "Network.x", "params": {}}}]}}', False),
        (b'[{"method": "Network.x"}]', False),
        (b"[]", False),
        (b"", False),
    ],
)
def test_it_is_known(start: bytes, mine: bool) -> None:
    """By the names of its events."""
    assert cdp.is_mine(Head("x", start)) is mine


def test_what_follows_is_damage() -> None:
    """Where no event may stand."""
    made, into = [], Input("x")
    made = list(judge.judged("x", into, opened=io.BytesIO(json.dumps(allowed(Cdp())).encode() + b" ?")))
    assert (len(made), into.damage) == (1, "no JSON: an event is missing")
    with pytest.raises(Damage):
        list(cdp.read(Source("x", io.BytesIO(b"[{]")), Wanted(lambda text, count: None)))


# ── what was never sent ───────────────────────────────────────────────────────────────────────────────────────────────

VIOLATED = (
    "Connecting to 'https://a.test/x' violates the following Content Security Policy directive: \"connect-src 'self'\"."
    " The action has been blocked."
)
AGAIN = (
    "Fetch API cannot load https://a.test/x. Refused to connect because it violates the document's Content Security"
    " Policy."
)
REPORTED = VIOLATED.replace("the following", "the following report-only").replace("been blocked", "been logged")
STOPPED = "no-cors GET /x not-cors blocked by csp (recording)"


def message(text: str, at: int = 0) -> Event:
    """A message of the browser's own."""
    entry = {"source": "security", "level": "error", "text": text, "timestamp": START * 1000 + at, "url": f"{APP}/page"}
    return {"method": "Log.entryAdded", "params": {"entry": entry}}


def issue(*, report_only: bool = False) -> Event:
    """What the Issues panel has."""
    about = {"blockedURL": "https://a.test/x", "violatedDirective": "connect-src", "isReportOnly": report_only}
    details = {"contentSecurityPolicyIssueDetails": about}
    return {
        "method": "Audits.issueAdded",
        "params": {"issue": {"code": "ContentSecurityPolicyIssue", "details": details}},
    }


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ([message(VIOLATED), issue(), message(AGAIN, 1)], [STOPPED]),
        ([message(VIOLATED), message(VIOLATED, 900)], [STOPPED, STOPPED]),
        ([issue()], [STOPPED]),
        ([issue(report_only=True), message(REPORTED)], []),
        ([{"method": "Log.entryAdded", "params": {}}, {"method": "Audits.issueAdded", "params": {"issue": 1}}], []),
    ],
)
def test_what_a_policy_kept_from_being_sent(events: list[Event], found: list[str]) -> None:
    """No request of it is in the log; the browser's message tells of it, or its issue, or both."""
    assert sorted(told([*allowed(Cdp()), *events])) == ["actual GET /a allow (recording)", *found]


def test_what_the_log_tells_by_itself() -> None:
    """Of an element, a request that was blocked stands in the log, too."""
    image = Cdp("2", "https://a.test/x", kind="Image")
    stopped = image.failed("", blockedReason="csp")
    assert told([image.begin(), stopped, message(VIOLATED)]) == [STOPPED]
