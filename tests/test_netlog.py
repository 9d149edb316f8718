"""NetLogs: what the events of a fetch say, however they lie in the file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cors_addon.exchange.model import Judgement, PreflightState
from cors_addon.reasons.assumptions import Assumption
from cors_addon.recordings import judge, logged, netlog, netlog_words
from cors_addon.report.input import Input

PAGE = "https://app.example.com"
SERVER = "https://api.example.com"
AGENT = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)
ASKED = [f"Origin: {PAGE}", AGENT, "Sec-Fetch-Mode: cors", "Sec-Fetch-Site: same-site", "Sec-Fetch-Dest: empty"]
ALLOWED = f"access-control-allow-origin: {PAGE}"
ANY = "access-control-allow-origin: *"
NOT_SAVED = 64

EVENTS = sorted({*netlog.HANDLED, "UNKNOWN_TO_US"})
TYPES = {name: number for number, name in enumerate(EVENTS, 100)}
ERRORS = {"CONNECTION_REFUSED": -102, "FAILED": -2, "CACHE_MISS": -400, "BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS": -384}


class Log:
    """A NetLog in the making."""

    def __init__(self, version: str = "156.0.8078.108") -> None:
        self.now = 1000
        self.events: list[dict[str, Any]] = []
        self.constants = {
            "activeFieldTrialGroups": [],
            "clientInfo": {"name": "Chromium", "version": version},
            "loadFlag": {"DO_NOT_SAVE_COOKIES": NOT_SAVED},
            "logEventPhase": {"PHASE_BEGIN": 1, "PHASE_END": 2, "PHASE_NONE": 0},
            "logEventTypes": TYPES,
            "logSourceType": {"NONE": 0, "URL_REQUEST": 1, "SOCKET": 9},
            "netError": {f"ERR_{name}": number for name, number in ERRORS.items()},
            "timeTickOffset": 1795888998987,
        }

    def add(self, source: int, name: str, phase: int = 0, **params: Any) -> None:
        """One more event, a millisecond later."""
        self.now += 1
        event = {"phase": phase, "source": {"id": source, "start_time": "1", "type": 1}, "time": str(self.now)}
        self.events.append(event | {"type": TYPES[name]} | ({"params": params} if params else {}))

    def begin(self, source: int, method: str, url: str, *, needs: bool = False, cached: bool = False) -> None:
        """The page asks."""
        made = {"headers": [AGENT], "line": f"{method} / HTTP/1.1\r\n"}
        self.add(source, "CORS_REQUEST", 1, request_headers=made, url=url)
        self.add(source, "CHECK_CORS_PREFLIGHT_REQUIRED", preflight_required=needs)
        if needs:
            self.add(source, "CHECK_CORS_PREFLIGHT_CACHE", status="hit-and-pass" if cached else "miss")

    def job(self, source: int, method: str, url: str, *, flags: int = NOT_SAVED, initiator: str = PAGE) -> None:
        """A request begins."""
        self.add(source, "URL_REQUEST_START_JOB", 1, method=method, url=url, load_flags=flags, initiator=initiator)

    def exchange(
        self, source: int, answered: list[str], *, asked: list[str] | None = None, http2: bool = False
    ) -> None:
        """It is sent, and answered."""
        name = "HTTP_TRANSACTION_HTTP2_SEND_REQUEST_HEADERS" if http2 else "HTTP_TRANSACTION_SEND_REQUEST_HEADERS"
        lines = ASKED if asked is None else asked
        self.add(source, name, headers=[":method: GET", *lines] if http2 else lines)
        self.add(source, "HTTP_TRANSACTION_READ_RESPONSE_HEADERS", headers=answered)

    def end(self, source: int, *, refused: bool = False, event: str = "URL_REQUEST_DELEGATE_RESPONSE_STARTED") -> None:
        """The answer is handed over, or refused."""
        self.add(source, event, 1)
        if refused:
            self.add(source, "CORS_REQUEST", 2)
        self.add(source, event, 2)
        if not refused:
            self.add(source, "CORS_REQUEST", 2)
        self.add(source, "REQUEST_ALIVE", 2)

    def get(self, source: int, url: str, answered: list[str], *, flags: int = NOT_SAVED, refused: bool = False) -> None:
        """A simple request, whole."""
        self.begin(source, "GET", url)
        self.job(source, "GET", url, flags=flags)
        self.exchange(source, answered)
        self.end(source, refused=refused)

    def preflight(self, source: int, by: int, url: str, answered: list[str], method: str = "PUT") -> None:
        """A preflight for a request that has begun."""
        self.add(by, "CORS_PREFLIGHT_URL_REQUEST", source_dependency={"id": source, "type": 1})
        self.job(source, "OPTIONS", url)
        self.exchange(source, answered, asked=[f"Access-Control-Request-Method: {method}", *ASKED])
        self.add(source, "URL_REQUEST_DELEGATE_RESPONSE_STARTED", 1)
        self.add(source, "URL_REQUEST_DELEGATE_RESPONSE_STARTED", 2)

    def text(self) -> str:
        """The file, one event on each line as Chromium writes it."""
        lines = ",\n".join(json.dumps(each) for each in self.events)
        return f'{{"constants":{json.dumps(self.constants)},\n"events": [\n{lines}],\n"polledData": {{}}}}\n'


type Judged = Callable[[str], tuple[list[Judgement], Input]]


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    """Judge the text of a log."""

    def judged(text: str) -> tuple[list[Judgement], Input]:
        file = tmp_path / "log.json"
        file.write_text(text)
        into = Input(str(file))
        last = {each.observation.flow_id: each for each in judge.judged(str(file), into)}
        return list(last.values()), into

    return judged


def told(judgements: list[Judgement]) -> list[tuple[str, str, str | None, str]]:
    """Of each its method, verdict, reason and credentials."""
    return [
        (each.observation.method.decode(), each.verdict.value, each.reason, each.credentials.value)
        for each in judgements
    ]


def test_credentials_stand_in_the_load_flags(judged: Judged) -> None:
    """So that `*` is no open question, and what the browser did is observed."""
    log = Log()
    log.get(1, f"{SERVER}/a", ["HTTP/1.1 200 OK", ANY])
    log.get(2, f"{SERVER}/b", ["HTTP/1.1 200 OK", ANY], flags=0, refused=True)
    judgements, into = judged(log.text())
    assert told(judgements) == [
        ("GET", "allow", None, "omit"),
        ("GET", "deny", "allow-origin-wildcard-with-credentials", "include"),
    ]
    assert [each.certain for each in judgements] == [True, True]
    assert [each.told_by for each in judgements] == ["recording", "recording"]
    assert into.kind == "NetLog of Chrome"


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        (["content-type: text/plain"], "deny"),
        (["content-type: text/plain; charset=utf-8"], "deny"),
        (["content-type: application/octet-stream"], "deny"),
        ([], "deny"),
        (["content-type: text/plain", "x-content-type-options: nosniff"], "allow"),
        (["content-type: application/json"], "allow"),
        (["content-type: text/plain", ALLOWED], "allow"),
    ],
)
def test_an_answer_that_is_sniffed_first(lines: list[str], verdict: str, judged: Judged) -> None:
    """Chromium looks at its body before it asks CORS, which shows nothing then: only so do the headers count."""
    log = Log()
    log.get(1, f"{SERVER}/a", ["HTTP/1.1 200 OK", *lines])
    (judgement,), _ = judged(log.text())
    assert judgement.verdict == verdict
    assert judgement.contradicted is (verdict == "allow" and ALLOWED not in lines)
    assert judgement.told_by == ("recording" if verdict == "allow" else "wire")


def test_a_redirect_whose_next_preflight_is_refused(judged: Judged) -> None:
    """The redirect itself passed: the refusal is that of the preflight to where it leads."""
    log = Log()
    redirect = "URL_REQUEST_DELEGATE_RECEIVED_REDIRECT"
    log.begin(1, "PUT", f"{SERVER}/a", needs=True, cached=True)
    log.job(1, "PUT", f"{SERVER}/a")
    log.exchange(1, ["HTTP/1.1 307", "location: https://other.example/b", ALLOWED])
    log.add(1, redirect, 1)
    log.add(1, "CHECK_CORS_PREFLIGHT_REQUIRED", preflight_required=True)
    log.preflight(2, 1, "https://other.example/b", ["HTTP/1.1 204", ANY, "access-control-allow-methods: GET"])
    said: dict[str, Any] = {"cors-error": 19, "error": "ERR_FAILED", "failed-parameter": "PUT"}
    log.add(1, "CORS_PREFLIGHT_ERROR", 0, **said)
    log.add(1, "CORS_REQUEST", 2)
    log.add(1, redirect, 2)
    log.add(1, "REQUEST_ALIVE", 2)
    judgements, _ = judged(log.text())
    assert sorted(told(judgements)) == [
        ("OPTIONS", "deny", "method-not-allowed", "omit"),
        ("PUT", "allow", None, "omit"),
    ]
    assert not any(each.contradicted or each.block for each in judgements if each.verdict == "allow")


def test_a_refused_preflight_has_its_error_by_number(judged: Judged) -> None:
    """The preflight is denied with it, and the request was never sent."""
    log = Log()
    log.begin(1, "PUT", f"{SERVER}/a", needs=True)
    log.preflight(2, 1, f"{SERVER}/a", ["HTTP/1.1 204 No Content", ALLOWED, "access-control-allow-methods: GET"])
    said: dict[str, Any] = {"cors-error": 19, "error": "ERR_FAILED", "failed-parameter": "PUT"}
    log.add(1, "CORS_PREFLIGHT_ERROR", 0, **said)
    log.add(1, "CORS_REQUEST", 2)
    log.add(2, "REQUEST_ALIVE", 2)
    judgements, _ = judged(log.text())
    assert told(judgements) == [
        ("OPTIONS", "deny", "method-not-allowed", "omit")
    ]  # with credentials another check fails first
    assert judgements[0].detail == "PUT"


def test_a_preflight_and_its_request(judged: Judged) -> None:
    """Are paired; the request that the cache permitted says so."""
    log = Log()
    allowed = ["HTTP/1.1 204", ALLOWED, "access-control-allow-methods: PUT", "access-control-max-age: 600"]
    log.begin(1, "PUT", f"{SERVER}/a", needs=True)
    log.preflight(2, 1, f"{SERVER}/a", allowed)
    log.add(2, "REQUEST_ALIVE", 2)
    log.job(1, "PUT", f"{SERVER}/a")
    log.exchange(1, ["HTTP/1.1 200 OK", ALLOWED])
    log.end(1)
    log.begin(3, "PUT", f"{SERVER}/a", needs=True, cached=True)
    log.job(3, "PUT", f"{SERVER}/a")
    log.exchange(3, ["HTTP/1.1 200 OK", ALLOWED])
    log.end(3)
    judgements, _ = judged(log.text())
    assert told(judgements) == [
        ("OPTIONS", "allow", None, "omit"),
        ("PUT", "allow", None, "omit"),
        ("PUT", "allow", None, "omit"),
    ]
    assert [each.preflight for each in judgements] == [None, PreflightState.SENT, PreflightState.CACHED]
    assert judgements[0].observation.flow_id in judgements[1].paired_with


@pytest.mark.parametrize("followed", [True, False])
def test_a_redirect_is_followed_or_refused(followed: bool, judged: Judged) -> None:
    """Each hop is an exchange of its own."""
    log = Log()
    redirect = "URL_REQUEST_DELEGATE_RECEIVED_REDIRECT"
    log.begin(1, "GET", f"{SERVER}/a")
    log.job(1, "GET", f"{SERVER}/a")
    log.exchange(1, ["HTTP/1.1 302 Found", f"location: {SERVER}/b", *([ALLOWED] if followed else [])])
    if followed:
        log.add(1, redirect, 1)
        log.add(1, redirect, 2)
        log.job(1, "GET", f"{SERVER}/b")
        log.exchange(1, ["HTTP/1.1 200 OK", ALLOWED])
        log.end(1)
    else:
        log.end(1, refused=True, event=redirect)
    judgements, _ = judged(log.text())
    assert told(judgements) == (
        [("GET", "allow", None, "omit"), ("GET", "allow", None, "omit")]
        if followed
        else [("GET", "deny", "allow-origin-missing", "omit")]
    )
    assert [each.role for each in judgements] == ["redirect", "actual"][: len(judgements)]


def test_a_connection_that_failed_is_no_refusal(judged: Judged) -> None:
    """The error is told by name."""
    log = Log()
    log.begin(1, "GET", f"{SERVER}/a")
    log.job(1, "GET", f"{SERVER}/a")
    log.add(1, "URL_REQUEST_START_JOB", 2, net_error=ERRORS["CONNECTION_REFUSED"])
    log.end(1, refused=True)
    judgements, _ = judged(log.text())
    assert [each.block and each.block.gate for each in judgements] == ["network"]
    assert judgements[0].word is not None
    assert judgements[0].word.network == "net::ERR_CONNECTION_REFUSED"


def test_the_browsers_cache_is_read_by_the_stored_answer(judged: Judged) -> None:
    """An image stored without CORS, then asked for with it: refused, by the answer of the first request."""
    log = Log()
    plain = [AGENT, "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image", "Sec-Fetch-Site: same-site"]
    log.begin(1, "GET", f"{SERVER}/a.png")
    log.job(1, "GET", f"{SERVER}/a.png")
    log.exchange(1, ["HTTP/1.1 200 OK", "content-type: image/png", "cache-control: max-age=60"], asked=plain)
    log.end(1)
    for source, url in ((2, "a.png"), (3, "never-seen.png")):
        log.begin(source, "GET", f"{SERVER}/{url}")
        log.job(source, "GET", f"{SERVER}/{url}")
        log.end(source, refused=True)
    judgements, into = judged(log.text())
    assert told(judgements) == [("GET", "deny", "allow-origin-missing", "omit")]
    assert Assumption.FROM_CACHE in judgements[0].assumptions
    assert dict(into.notes)[netlog.NOT_STORED] == 1


def test_what_is_the_browsers_own_is_left_out(judged: Judged) -> None:
    """Its services send Origin, too."""
    log = Log()
    log.begin(1, "POST", f"{SERVER}/update")
    log.job(1, "POST", f"{SERVER}/update", initiator="not an origin")
    log.exchange(1, ["HTTP/1.1 200 OK"])
    log.end(1)
    assert judged(log.text())[0] == []


def test_what_the_browser_wanted_from_its_cache_alone_was_not_stopped(judged: Judged) -> None:
    """Nor were its services, which are told of no more where they cannot be reached."""
    log = Log()
    for source, error, initiator in ((1, "CACHE_MISS", PAGE), (2, "CONNECTION_REFUSED", "not an origin")):
        log.begin(source, "GET", f"{SERVER}/a")
        log.job(source, "GET", f"{SERVER}/a", initiator=initiator)
        log.add(source, "URL_REQUEST_START_JOB", 2, net_error=ERRORS[error])
        log.end(source)
    assert judged(log.text())[0] == []


@pytest.mark.parametrize("refused", [True, False])
def test_the_next_hop_begins_within_the_redirect(refused: bool, judged: Judged) -> None:
    """So do those of Chromium 131: the first request is done with after the second has begun."""
    log = Log()
    redirect = "URL_REQUEST_DELEGATE_RECEIVED_REDIRECT"
    log.begin(1, "GET", f"{PAGE}/a")
    log.add(1, "REQUEST_ALIVE", 1)
    log.job(1, "GET", f"{PAGE}/a")
    log.exchange(1, ["HTTP/1.1 302", f"location: {SERVER}/b"], asked=[AGENT, "Sec-Fetch-Mode: cors"])
    log.add(1, redirect, 1)
    log.add(1, "CHECK_CORS_PREFLIGHT_REQUIRED", preflight_required=False)
    log.add(1, "REQUEST_ALIVE", 1)
    log.job(1, "GET", f"{SERVER}/b")
    log.add(1, redirect, 2)
    log.add(1, "REQUEST_ALIVE", 2)
    log.exchange(1, ["HTTP/1.1 200 OK", *([] if refused else [ALLOWED])])
    log.end(1, refused=refused)
    judgements, _ = judged(log.text())
    verdict = ("GET", "deny", "allow-origin-missing", "omit") if refused else ("GET", "allow", None, "omit")
    assert [each for each in told(judgements) if each[1] != "not-cors"] == [verdict]
    assert {each.observation.url.path for each in judgements if each.verdict != "not-cors"} == {"/b"}


def test_each_hop_has_its_own_way_to_its_permission(judged: Judged) -> None:
    """The browser looks for the next one's before it is done with the redirect."""
    log = Log()
    redirect = "URL_REQUEST_DELEGATE_RECEIVED_REDIRECT"
    log.begin(1, "PUT", f"{SERVER}/a", needs=True)
    log.preflight(2, 1, f"{SERVER}/a", ["HTTP/1.1 204", ALLOWED, "access-control-allow-methods: PUT"])
    log.add(2, "REQUEST_ALIVE", 2)
    log.job(1, "PUT", f"{SERVER}/a")
    log.exchange(1, ["HTTP/1.1 307", f"location: {SERVER}/b", ALLOWED])
    log.add(1, redirect, 1)
    log.add(1, "CHECK_CORS_PREFLIGHT_REQUIRED", preflight_required=True)
    log.add(1, "CHECK_CORS_PREFLIGHT_CACHE", status="hit-and-pass")
    log.add(1, redirect, 2)
    log.job(1, "PUT", f"{SERVER}/b")
    log.exchange(1, ["HTTP/1.1 200", ALLOWED])
    log.end(1)
    judgements, _ = judged(log.text())
    assert [(each.observation.url.path, each.preflight) for each in judgements[1:]] == [
        ("/a", PreflightState.SENT),
        ("/b", PreflightState.CACHED),
    ]


def test_given_up_and_still_open(judged: Judged) -> None:
    """Both are counted, and neither is judged."""
    log = Log()
    for source in (1, 2):
        log.begin(source, "GET", f"{SERVER}/a")
        log.job(source, "GET", f"{SERVER}/a")
        log.add(source, "HTTP_TRANSACTION_SEND_REQUEST_HEADERS", headers=ASKED)
    log.add(1, "CORS_REQUEST", 2)
    log.add(1, "REQUEST_ALIVE", 2)
    judgements, into = judged(log.text())
    assert judgements == []
    assert dict(into.notes) == {logged.GIVEN_UP: 1, logged.STILL_OPEN: 1}


def test_http2_and_bytes_that_are_no_ascii(judged: Judged) -> None:
    """Pseudo-headers are none; other bytes stand percent-encoded behind a mark."""
    log = Log()
    log.begin(1, "GET", f"{SERVER}/a")
    log.job(1, "GET", f"{SERVER}/a")
    escaped = "%ESCAPED:\u200b access-control-allow-origin: https://%C3%A9.example"
    log.exchange(1, ["HTTP/1.1 200", escaped], http2=True)
    log.end(1, refused=True)
    (judgement,), _ = judged(log.text())
    assert judgement.observation.http2
    assert judgement.observation.response == ((b"access-control-allow-origin", "https://é.example".encode()),)


def test_a_log_that_is_cut_off(judged: Judged) -> None:
    """As after a crash: what came before counts, and that the end is missing is said."""
    log = Log()
    log.get(1, f"{SERVER}/a", ["HTTP/1.1 200 OK", ANY])
    log.get(2, f"{SERVER}/b", ["HTTP/1.1 200 OK", ANY])
    text = log.text()
    for cut in (text.index('],\n"polledData'), text.rindex('"source"')):
        judgements, into = judged(text[:cut])
        assert [each.verdict.value for each in judgements][:1] == ["allow"]
        assert into.damage is not None
        assert into.damage.startswith(netlog.CUT_OFF)


NOISE = '{"params":{"a":"x","b":{}},"phase":0,"source":{"id":7,"type":9},"time":"1001","type":%d},\n'


@pytest.mark.parametrize(
    ("broken", "is_damage"),
    [
        (NOISE, False),
        (NOISE.replace('"x"', '"x'), True),
        (NOISE.replace('{"id"', '"id"'), True),
        (NOISE.replace("x", "\0"), False),
        (NOISE.replace('"phase"', 'phase"'), True),
        (NOISE.replace("x", "}{"), False),
        (NOISE.replace('{"params"', '"params"'), True),
    ],
)
def test_events_of_no_use_are_passed_over_unless_damaged(broken: str, is_damage: bool, judged: Judged) -> None:
    """As Chromium writes them, a line each; whatever looks odd is read as JSON, and what is none is damage there."""
    log = Log()
    log.get(1, f"{SERVER}/a", ["HTTP/1.1 200 OK", ANY])
    log.get(2, f"{SERVER}/b", ["HTTP/1.1 200 OK", ANY])
    lines = [json.dumps(each, sort_keys=True, separators=(",", ":")) + ",\n" for each in log.events]
    half = len(lines) // 2
    noise, bad = NOISE % TYPES["UNKNOWN_TO_US"] * 3, broken % TYPES["UNKNOWN_TO_US"]
    before = "".join([f'{{"constants":{json.dumps(log.constants)},\n"events": [\n', noise, *lines[:half], noise])
    judgements, into = judged("".join([before, bad, noise, *lines[half:]])[:-2] + "]}")
    assert len(judgements) == (1 if is_damage else 2)
    assert (into.damage is not None) is is_damage
    if is_damage:
        assert into.offset is not None
        assert len(before) <= into.offset <= len(before) + len(bad) + len(noise)


@pytest.mark.parametrize(
    ("number", "version", "name"),
    [
        (3, None, "MissingAllowOriginHeader"),
        (16, 90, "PreflightInvalidAllowCredentials"),
        (19, 156, "MethodDisallowedByPreflightResponse"),
        (21, 109, "MethodDisallowedByPreflightResponse"),
        (19, 140, None),
        (19, None, None),
        (99, 156, None),
        (-1, 156, None),
    ],
)
def test_numbers_of_errors(number: int, version: int | None, name: str | None) -> None:
    """They move with versions; where it is not known which of two they are, none is taken."""
    assert netlog_words.error_name(number, version) == name


@pytest.mark.parametrize("broken", [None, 1, [], {}, {"source": 1}, {"source": {"type": 1, "id": 1}, "type": 100}])
def test_events_that_are_nothing_of_use(broken: Any, judged: Judged) -> None:
    """Tell nothing, and raise nothing."""
    log = Log()
    log.get(1, f"{SERVER}/a", ["HTTP/1.1 200 OK", ANY])
    log.events.insert(3, broken)
    judgements, into = judged(log.text())
    assert [each.verdict.value for each in judgements] == ["allow"]
    assert into.damage is None
