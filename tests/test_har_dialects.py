"""HARs of one and the same session, as each program writes it.

Recorded: puppeteer.har (puppeteer-har 1.1.2 over chrome-har 0.11.12), chrome-har.har (1.3.1, told all that the
protocol tells), and what mitmproxy itself writes here. Built here as they wrote it: bidi-har-export 0.0.22 over
Firefox 153, and Selenium Wire 5.1.0. The others are built here by the shape that the programs' own
source or public samples show: Safari by WebKit's HARBuilder and NetworkTableContentView, HTTP Toolkit by its har.ts,
Edge by Chromium's Log.ts, Playwright by its harTracer.ts, Charles and Proxyman by samples in public bug reports.
Fiddler's is by description alone.
"""

import json
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from mitmproxy.addons.savehar import SaveHar

from cors_addon.exchange.model import Credentials, Judgement, PreflightState, Role, ToldBy, Verdict
from cors_addon.reasons.assumptions import Assumption
from cors_addon.recordings import har_dialects, har_entry, har_fields, har_wire, har_word
from tests.helpers import actual, preflight
from tests.test_har import CASES, FIREFOX, SAFARI, check

PAGE, API = "https://app.example.com", "https://api.example.com"
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
    " Edg/156.0.0.0"
)
ALLOWED = {"Access-Control-Allow-Origin": PAGE, "Vary": "Origin"}
CREDENTIALED = {**ALLOWED, "Access-Control-Allow-Credentials": "true"}

LEAVES_OUT = {each.creator: each.leaves_out for each in har_dialects.DIALECTS if each.leaves_out}


class Exchange(NamedTuple):
    """One exchange of the session, as it was on the wire."""

    method: str
    path: str
    at: float
    """Seconds after noon."""
    took: float
    status: int
    """0 where there was no answer."""
    answer: dict[str, str]
    asked: Mapping[str, str] = MappingProxyType({})
    refused: bool = False


PUT = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
JSON = {"Content-Type": "application/json"}
SESSION = (
    Exchange("GET", "/open", 0.1, 0.05, 200, ALLOWED),
    Exchange("GET", "/closed", 0.2, 0.05, 200, {}, refused=True),
    Exchange("GET", "/me", 0.3, 0.05, 200, {"Access-Control-Allow-Origin": "*"}, {"Cookie": "sid=1"}, refused=True),
    Exchange(
        "OPTIONS",
        "/items",
        1.1,
        0.1,
        204,
        {**ALLOWED, "Access-Control-Allow-Methods": "PUT", "Access-Control-Allow-Headers": "content-type"},
        PUT,
    ),
    Exchange("PUT", "/items", 1.21, 0.08, 200, ALLOWED, JSON),
    Exchange(
        "OPTIONS",
        "/items/9",
        1.5,
        0.1,
        204,
        {**ALLOWED, "Access-Control-Allow-Methods": "PUT"},
        {"Access-Control-Request-Method": "DELETE"},
        refused=True,
    ),
    Exchange("GET", "/old", 2.0, 0.05, 302, {**ALLOWED, "Location": "/open?new"}),
    Exchange("GET", "/open?new", 2.06, 0.05, 200, ALLOWED),
    Exchange("GET", "/private", 3.0, 0.05, 200, CREDENTIALED, {"Cookie": "sid=1"}),
    Exchange("GET", "/gone", 4.0, 0.2, 0, {}),
)

type Headers = list[dict[str, str]]


def lines(headers: dict[str, str], *, case: Callable[[str], str] = str) -> Headers:
    """A header list."""
    return [{"name": case(name), "value": value} for name, value in headers.items()]


def asked(one: Exchange, agent: str, *, host: bool = True) -> dict[str, str]:
    """Request headers as on the wire."""
    return {
        **({"Host": "api.example.com"} if host else {}),
        "Origin": PAGE,
        "User-Agent": agent,
        "Accept": "*/*",
        "Referer": f"{PAGE}/",
        **one.asked,
    }


def moment(at: float, zone: str = "Z", digits: int = 3) -> str:
    """A time after noon of that day."""
    return f"2026-11-21T12:00:{int(at):02}{f'{at % 1:.{digits}f}'[1:] if digits else ''}{zone}"


def entry(one: Exchange, request: Headers, response: Headers, **more: Any) -> dict[str, Any]:
    """What all entries have."""
    return {
        "startedDateTime": moment(one.at),
        "time": one.took * 1000,
        "request": {
            "method": one.method,
            "url": API + one.path,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": request,
            "queryString": [],
            "headersSize": -1,
            "bodySize": 2 if one.method == "PUT" else 0,
        },
        "response": {
            "status": one.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": response,
            "content": {"size": 0, "mimeType": "application/json"},
            "redirectURL": one.answer.get("Location", ""),
            "headersSize": -1,
            "bodySize": 0,
        },
        "cache": {},
        "timings": {"send": 0, "wait": one.took * 1000, "receive": 0},
        **more,
    }


def log(entries: list[Any], name: str, *, creator_last: bool = False, **more: Any) -> dict[str, Any]:
    """The whole."""
    creator = {"creator": {"name": name, "version": "1"}}
    body = {"version": "1.2", **({} if creator_last else creator), **more, "entries": entries}
    return {"log": {**body, **creator}}


def charles() -> dict[str, Any]:
    """HTTP/2 with its pseudo-headers in the lists, and whole milliseconds."""
    entries = []
    for one in SESSION:
        pseudo = {":method": one.method, ":authority": "api.example.com", ":scheme": "https", ":path": one.path}
        made = entry(
            one,
            lines({**pseudo, **asked(one, SAFARI, host=False)}, case=str.lower),
            lines({":status": str(one.status), **one.answer} if one.status else {}, case=str.lower),
            serverIPAddress="192.0.2.1",
            startedDateTime=moment(one.at, "-07:00"),
            timings={"dns": 1, "connect": 0, "ssl": 0, "send": 1, "wait": one.took * 1000 - 3, "receive": 1},
        )
        made["request"]["httpVersion"] = made["response"]["httpVersion"] = "HTTP/2.0"
        made["response"] |= {"redirectURL": one.answer.get("Location"), "headersSize": 0}
        made["response"]["_charlesStatus"] = "COMPLETE" if one.status else "FAILED"
        entries.append(made)
    return log(entries, "Charles Proxy")


def fiddler() -> dict[str, Any]:
    """The creator after the entries, seven digits, tunnels as entries, the client's port."""
    tunnel = entry(Exchange("CONNECT", "", 0.0, 4.2, 200, {}), lines({"Host": "api.example.com:443"}), [])
    tunnel["request"]["url"] = "https://api.example.com:443"
    entries = [tunnel]
    for one in SESSION:
        port = 62030 if "Cookie" in one.asked else 62040
        made = entry(
            one,
            lines(asked(one, FIREFOX)),
            lines(one.answer),
            startedDateTime=moment(one.at, "+01:00", 7),
            connection=f"ClientPort:{port};EgressPort:{port + 1}",
            comment="[#7]",
            timings={"dns": -1, "connect": -1, "ssl": -1, "blocked": -1, "send": 0, "wait": 1, "receive": 1},
        )
        entries.append(made)
    return log(entries, "Fiddler", creator_last=True, pages=[], comment="exported @ 11/21/2026 12:01:00 PM")


def proxyman() -> dict[str, Any]:
    """Whole seconds, no pages, no response for what has none; the latest first."""
    entries = []
    for one in SESSION:
        made = entry(
            one,
            lines(asked(one, SAFARI)),
            lines(one.answer),
            startedDateTime=moment(one.at, "+01:00", 0),
            time=int(one.took * 1000),
        )
        if not one.status:
            del made["response"]
        entries.append(made)
    return log(entries[::-1], "Proxyman")


def http_toolkit() -> dict[str, Any]:
    """Lines of one name joined by commas; no answer, and a time of -1, for what was given up."""
    entries = []
    for one in SESSION:
        made = entry(
            one,
            lines(asked(one, FIREFOX), case=str.lower),
            lines(one.answer, case=str.lower),
            startedDateTime=moment(one.at, "+00:00"),
            pageref="Firefox 153 (Linux)",
        )
        made["request"]["postData"] = None
        made["timings"] |= {"blocked": -1, "dns": -1, "connect": -1, "ssl": -1}
        if not one.status:
            made["time"] = -1
        entries.append(made)
    return log(entries, "HTTP Toolkit", pages=[{"id": "Firefox 153 (Linux)", "title": "x", "pageTimings": {}}])


def edge() -> dict[str, Any]:
    """HTTP/2; the request listed before its preflight, and that by the time at which the page asked."""
    entries = []
    for one in SESSION:
        pseudo = {":authority": "api.example.com", ":method": one.method, ":path": one.path, ":scheme": "https"}
        made = entry(
            one,
            lines({**pseudo, **asked(one, EDGE, host=False), "sec-fetch-mode": "cors"}, case=str.lower),
            lines(one.answer, case=str.lower),
            _initiator={"type": "preflight" if one.method == "OPTIONS" else "script"},
            _priority="High",
            _resourceType="preflight" if one.method == "OPTIONS" else "fetch",
            connection="443",
            _connectionId="31" if "Cookie" in one.asked else "47",
            serverIPAddress="192.0.2.1",
        )
        made["request"]["httpVersion"] = made["response"]["httpVersion"] = "h2"
        made["response"] |= {"_transferSize": 200, "_error": "net::ERR_FAILED" if one.refused else None}
        if not one.status:
            made["response"] |= {"_transferSize": 0, "_error": "net::ERR_HTTP2_PROTOCOL_ERROR"}
        entries.append(made)
    page, before = entries[4], entries[3]
    page |= {"startedDateTime": moment(1.09), "time": 200, "timings": {"blocked": 115, "send": 0, "wait": 80}}
    entries[3:5] = [page, before]
    never = entry(
        Exchange("DELETE", "/items/9", 1.49, 0.12, 0, {}),
        lines({"sec-ch-ua-platform": '"Windows"', "Referer": f"{PAGE}/", "User-Agent": EDGE}),
        [],
        _initiator={"type": "script"},
        _resourceType="fetch",
    )
    never["response"]["_error"] = "net::ERR_FAILED"
    return log([*entries, never], "WebInspector", pages=[])


def safari() -> dict[str, Any]:
    """What it let through, and nothing else."""
    entries = []
    for one in SESSION:
        if one.refused or one.method == "OPTIONS" or one.status in (0, 302):
            continue
        made = entry(
            one,
            lines(asked(one, SAFARI)),
            lines(one.answer),
            pageref="page_0",
            connection="2",
            _fetchType="Network Load",
            _serverPort=443,
        )
        made["timings"] |= {"blocked": 0.4, "dns": -1, "connect": -1, "ssl": -1, "wait": one.took * 1000 - 0.4}
        entries.append(made)
    entries.append({**entries[0], "_fetchType": "Memory Cache", "startedDateTime": moment(9.0)})
    return log(entries, "WebKit Web Inspector")


def playwright_webkit() -> dict[str, Any]:
    """What was refused has no answer, but the browser's own words; requests of the test itself stand among the rest."""
    words = {
        "/closed": f"Origin {PAGE} is not allowed by Access-Control-Allow-Origin. Status code: 200",
        "/me": "Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true.",
        "/gone": "The network connection was lost.",
    }
    entries = []
    for one in SESSION:
        if one.method == "OPTIONS":
            continue
        made = entry(one, lines(asked(one, SAFARI)), lines(one.answer), _resourceType="fetch", pageref="page@1")
        if one.refused or not one.status:
            made["response"] |= {"status": -1, "headers": [], "_failureText": words[one.path]}
            made |= {"time": -1, "timings": {"send": -1, "wait": -1, "receive": -1}}
        entries.append(made)
    own = entry(SESSION[0], lines(asked(SESSION[0], SAFARI)), [], _apiRequest=True)
    newer = entry(SESSION[0], lines(asked(SESSION[0], SAFARI)), [], _apiRequestRef="request-context@1")
    mocked = entry(
        Exchange("GET", "/mock", 5.0, 0.01, 200, ALLOWED), lines(asked(SESSION[0], SAFARI)), lines(ALLOWED),
        _wasFulfilled=True,
    )  # fmt: skip
    return log([*entries, own, newer, mocked], "Playwright", browser={"name": "webkit", "version": "26.0"})


def bidi_har_export() -> dict[str, Any]:
    """Firefox's BiDi events as a HAR: what a preflight refused or got no answer is left out, and so is every body."""
    entries = []
    for one in SESSION:
        if not one.status:
            continue
        made = entry(one, lines(asked(one, FIREFOX)), lines(one.answer), pageref="page_1")
        made["request"]["headersSize"] = made["response"]["headersSize"] = 194
        made["response"] |= {"content": {"mimeType": "text/plain", "size": 0, "text": "", "encoding": ""}}
        entries.append(made)
    return log(entries, "firefox", browser={"name": "firefox", "version": "153.0"})


def selenium_wire() -> dict[str, Any]:
    """A proxy that leaves out preflights, and what got no answer."""
    sent = [one for one in SESSION if one.status and one.method != "OPTIONS"]
    return log([entry(one, lines(asked(one, EDGE)), lines(one.answer)) for one in sent], "Selenium Wire HAR dump")


def test_a_redirect_without_headers_is_not_judged() -> None:
    """Older Playwrights have where it leads, and at times no header of it: what follows knows its origin by it."""
    agent = {"User-Agent": EDGE, "Origin": PAGE, "Sec-Fetch-Mode": "cors"}
    hop = entry(Exchange("GET", "/old", 1.0, 0.05, 302, {}), lines(agent), [], _resourceType="fetch")
    hop["response"]["redirectURL"] = "https://other.example.net/new"
    context = har_dialects.Context("x.har")
    context.learn("creator", {"name": "Playwright"})
    assert har_entry.convert(hop, 0, context).note == har_wire.BARE_REDIRECT
    assert list(context.led_to.values()) == [b"null"]


FOUND = {
    # method and path: verdict or reason
    "GET /open": "allow",
    "GET /closed": "allow-origin-missing",
    "GET /me": "allow-origin-wildcard-with-credentials",
    "OPTIONS /items": "allow",
    "PUT /items": "allow",
    "OPTIONS /items/9": "method-not-allowed",
    "GET /old": "allow",
    "GET /open?new": "allow",
    "GET /private": "allow",
    "GET /gone": "network-error",
}
LET_THROUGH = dict.fromkeys(("GET /open", "PUT /items", "GET /open?new", "GET /private"), "allow")
DIALECTS: dict[str, tuple[Callable[[], dict[str, Any]], str, dict[str, str], dict[str, int]]] = {
    # name: builder, engine, what is found, what is said of the rest
    "charles": (charles, "webkit", FOUND, {}),
    "fiddler": (fiddler, "gecko", FOUND, {}),
    "edge": (edge, "chromium", FOUND, {har_word.NEVER_SENT: 1, har_entry.SENT_AGAIN: 1}),
    "proxyman": (
        proxyman,
        "webkit",
        {key: found for key, found in FOUND.items() if key != "GET /gone"},
        {har_wire.STILL_OPEN: 1},
    ),
    "bidi-har-export": (
        bidi_har_export,
        "gecko",
        {key: found for key, found in FOUND.items() if key != "GET /gone"},
        {LEAVES_OUT["firefox"]: 1},
    ),
    "selenium-wire": (
        selenium_wire,
        "chromium",
        {key: found for key, found in FOUND.items() if key != "GET /gone" and not key.startswith("OPTIONS")},
        {LEAVES_OUT["seleniumwire"]: 1},
    ),
    "http-toolkit": (
        http_toolkit,
        "gecko",
        {key: found for key, found in FOUND.items() if key != "GET /gone"},
        {har_word.NO_ANSWER_KEPT: 1},
    ),
    "safari": (
        safari,
        "webkit",
        LET_THROUGH,
        {LEAVES_OUT["webkitwebinspector"]: 1},
    ),
    "playwright-webkit": (
        playwright_webkit,
        "webkit",
        LET_THROUGH
        | {
            "GET /old": "allow",
            "GET /mock": "allow",
            "GET /closed": "cause-not-recorded",  # one of three by its words
            "GET /me": "allow-origin-wildcard-with-credentials",
        },
        {har_word.NO_ANSWER_KEPT: 1, har_entry.NO_BROWSER: 2},
    ),
}


def found(judgements: list[Judgement]) -> dict[str, str]:
    """What was decided, by method and path."""
    return {
        f"{each.observation.method.decode()} {each.observation.url.path}": each.reason or each.verdict.value
        for each in judgements
    }


@pytest.mark.parametrize("name", DIALECTS)
def test_dialect(name: str, tmp_path: Path) -> None:
    """The verdicts are those of the session; what the file cannot tell is said."""
    build, engine, expected, notes = DIALECTS[name]
    file = tmp_path / "file.har"
    file.write_text(json.dumps(build(), indent=2), encoding="utf-8")
    judgements, read = check(file)
    assert read.damage is None
    assert found(judgements) == expected
    assert read.notes == notes
    assert {each.engine.name for each in judgements} == {engine}
    assert not any(each.contradicted for each in judgements)
    whole = expected is not LET_THROUGH and "OPTIONS /items" in expected
    [put] = [each for each in judgements if each.observation.method == b"PUT"]
    assert put.preflight is (PreflightState.SENT if whole else PreflightState.UNSEEN)
    chains = {each.observation.url.path: len(each.chain) for each in judgements if each.role is Role.REDIRECT}
    assert chains == ({"/old": 2} if "GET /old" in expected else {})
    mocked = [har_entry.ANSWERED_BY_TEST in each.assumptions for each in judgements]
    assert mocked.count(True) == ("GET /mock" in expected)


@pytest.mark.parametrize(
    ("headers", "size", "body"),
    [
        ({}, 0, b""),
        ({"Content-Length": "0"}, 194, b""),
        ({"Content-Length": "68"}, -1, None),
        ({}, 262, None),
    ],
)
def test_a_text_without_characters(headers: dict[str, str], size: int, body: bytes | None) -> None:
    """Of an answer that had a body it says that the writer keeps none: nothing is concluded from it."""
    made = {"headers": lines(headers), "headersSize": 194, "bodySize": size, "content": {"size": 0, "text": ""}}
    assert har_fields.body_of(made, 100) == body


@pytest.mark.parametrize(("build", "told"), [(fiddler, True), (edge, True), (charles, False)])
def test_connections(build: Callable[[], dict[str, Any]], told: bool, tmp_path: Path) -> None:
    """Where the file tells connections, they tell the credentials mode of what shows none by itself."""
    file = tmp_path / "file.har"
    file.write_text(json.dumps(build()), encoding="utf-8")
    judgements, _ = check(file)
    modes = {each.credentials for each in judgements if each.observation.url.path == "/open"}
    assert modes == {Credentials.OMIT if told else Credentials.UNKNOWN}


@pytest.mark.parametrize(
    ("creator", "connection", "known"),
    [
        ("WebInspector", "159834", True),  # before `_connectionId`
        ("WebInspector", "443", False),
        ("WebKit Web Inspector", "2", True),
        ("chrome-har", "74", True),
        ("Firefox", "443", False),
        ("mitmproxy", "", False),
        ("Fiddler", "ClientPort:62030;EgressPort:62031", True),
    ],
)
def test_what_connection_means(creator: str, connection: str, known: bool) -> None:
    """With some writers a connection, with others a port of the server's."""
    context = har_dialects.Context("x")
    context.learn("creator", {"name": creator})
    raw = entry(SESSION[0], lines(asked(SESSION[0], SAFARI)), lines(ALLOWED), connection=connection)
    observation = har_entry.convert(raw, 0, context).observation
    assert observation is not None
    assert (observation.connection is not None) is known


def test_mitmproxy(tmp_path: Path) -> None:
    """As it writes them, plain and packed."""
    allow = [("Access-Control-Allow-Origin", "https://app.example.test"), ("Access-Control-Allow-Methods", "PUT")]
    flows = [actual(), preflight(allow), actual(allow[:1], method="PUT")]
    text = json.dumps(SaveHar().make_har(flows), indent=4).encode()
    for name, data in (("file.har", text), ("file.zhar", zlib.compress(text, 9))):
        file = tmp_path / name
        file.write_bytes(data)
        judgements, read = check(file)
        assert read.damage is None
        assert [each.reason or each.verdict for each in judgements] == ["allow-origin-missing", "allow", "allow"]
        assert judgements[2].preflight is PreflightState.SENT


def test_mitmproxy_writes_methods_in_upper_case(tmp_path: Path) -> None:
    """A preflight tells what was sent: `patch` is no `PATCH`."""
    patched = [("Access-Control-Allow-Origin", "https://app.example.test"), ("Access-Control-Allow-Methods", "patch")]
    early = actual(patched[:1], method="GET", at=0.0)
    asked_for = preflight(patched, method="patch", at=0.5)
    flows = [early, asked_for, *(actual(patched[:1], method="patch", at=at) for at in (1.0, 2.0))]
    file = tmp_path / "file.har"
    file.write_text(json.dumps(SaveHar().make_har(flows)), encoding="utf-8")
    judgements, _ = check(file)
    assert [each.observation.method for each in judgements] == [b"GET", b"OPTIONS", b"patch", b"patch"]
    assert {each.verdict for each in judgements} == {Verdict.ALLOW}
    assert [each.preflight for each in judgements[2:]] == [PreflightState.SENT, PreflightState.CACHED]


def test_puppeteer() -> None:
    """Without Origin: what has an answer was let through, and who asked for it is told by its Referer."""
    judgements, read = check(CASES / "puppeteer.har")
    assert [(each.observation.url.path, each.reason) for each in judgements if each.verdict is Verdict.DENY] == [
        ("/okmeth", "method-not-allowed"),
        ("/none2", "allow-origin-missing"),
    ]
    puts = [each for each in judgements if each.observation.method == b"PUT"]
    assert [each.preflight for each in puts] == [PreflightState.SENT, PreflightState.CACHED]
    assert all(har_dialects.ORIGIN_FROM_REFERER in each.assumptions for each in puts)
    gets = [each for each in judgements if har_dialects.ORIGIN_FROM_REFERER in each.assumptions and each not in puts]
    assert {(each.verdict, each.contradicted) for each in gets} == {(Verdict.ALLOW, False)}
    assert read.notes == {LEAVES_OUT["chrome-har"]: 1}


def test_chrome_har() -> None:
    """Told all that the protocol tells, it writes each header twice, which changes nothing."""
    judgements, read = check(CASES / "chrome-har.har")
    assert [(each.observation.url.path, each.reason) for each in judgements if each.verdict is Verdict.DENY] == [
        ("/okmeth", "method-not-allowed"),
        ("/none2", "allow-origin-missing"),
    ]
    puts = [each.preflight for each in judgements if each.observation.method == b"PUT"]
    assert puts == [PreflightState.SENT, PreflightState.CACHED]
    assert [len(each.chain) for each in judgements if each.role is Role.REDIRECT] == [2]
    assert read.notes == {LEAVES_OUT["chrome-har"]: 1}


@pytest.mark.parametrize("moved", [True, False])
def test_chrome_har_moves_headers(moved: bool, tmp_path: Path) -> None:
    """Of the last answer after a redirect it may have those of the redirect: the page got it all the same."""
    third = "https://third.example.net/end"
    first = {**ALLOWED, "Location": third}
    hop = Exchange("GET", "/old", 1.0, 0.05, 302, first)
    end = Exchange("GET", "/end", 1.1, 0.05, 200, first if moved else {"Access-Control-Allow-Origin": "null"})
    entries = [entry(each, lines(asked(each, EDGE)), lines(each.answer), _resourceType="fetch") for each in (hop, end)]
    entries[1]["request"]["url"] = third
    file = tmp_path / "file.har"
    file.write_text(json.dumps(log(entries, "chrome-har")), encoding="utf-8")
    judgements, _ = check(file)
    last = judgements[-1]
    assert (str(last.observation.url), last.verdict) == (third, Verdict.ALLOW)
    assert (har_entry.HEADERS_MOVED in last.assumptions) is moved
    assert last.told_by is ToldBy.RECORDING


@pytest.mark.parametrize(
    ("creator", "failed", "mode"),
    [
        ("chrome-har", False, Credentials.UNKNOWN),
        ("firefox", False, Credentials.UNKNOWN),
        ("Selenium Wire HAR dump", False, Credentials.UNKNOWN),
        ("Chrome HAR Capturer", False, Credentials.UNKNOWN),
        ("A Tool That Nobody Knows", False, Credentials.UNKNOWN),
        ("A Tool That Nobody Knows", True, Credentials.INCLUDE),
        ("WebInspector", False, Credentials.INCLUDE),
    ],
)
def test_a_missing_request_tells_nothing(creator: str, failed: bool, mode: Credentials, tmp_path: Path) -> None:
    """A preflight that permits a request without credentials, and none follows: it had some, or its writer left it out.

    A writer that is not known has to show that it does not leave out what fails.
    """
    asks = next(each for each in SESSION if each.method == "OPTIONS")
    entries = [entry(asks, lines(asked(asks, EDGE)), lines(asks.answer), _resourceType="preflight")]
    if failed:
        gone = Exchange("GET", "/gone", 0.5, 0.1, 0, {})
        entries.insert(0, entry(gone, lines(asked(gone, EDGE)), []))
    file = tmp_path / "file.har"
    file.write_text(json.dumps(log(entries, creator)), encoding="utf-8")
    judgements, _ = check(file)
    assert judgements[-1].credentials is mode
    assert (judgements[-1].verdict is Verdict.DENY) is (mode is Credentials.INCLUDE)


@pytest.mark.parametrize(
    ("creator", "mode"),
    [("Firefox", Credentials.OMIT), ("mitmproxy", Credentials.UNKNOWN), ("Charles Proxy", Credentials.UNKNOWN)],
)
def test_a_withheld_cookie(creator: str, mode: Credentials, tmp_path: Path) -> None:
    """A browser's own tools look at one window, of one jar; behind a proxy there may be another's."""
    given = Exchange("GET", "/login", 1.0, 0.05, 200, {**CREDENTIALED, "Set-Cookie": "sid=1"}, {"Cookie": "old=1"})
    withheld = Exchange("GET", "/open", 2.0, 0.05, 200, {"Access-Control-Allow-Origin": "*"})
    agent = EDGE.replace("Chrome/", "Firefox/") if creator == "Firefox" else EDGE
    entries = [entry(each, lines(asked(each, agent)), lines(each.answer)) for each in (given, withheld)]
    file = tmp_path / "file.har"
    file.write_text(json.dumps(log(entries, creator)), encoding="utf-8")
    judgements, _ = check(file)
    assert [each.credentials for each in judgements] == [Credentials.INCLUDE, mode]


def test_chrome_har_capturer(tmp_path: Path) -> None:
    """Headers as the page made them; what has an answer was let through, from the cache, too."""
    made = {"Referer": f"{PAGE}/", "Accept": "*/*"}
    get = Exchange("GET", "/open", 0.1, 0.05, 200, ALLOWED)
    opaque = Exchange("GET", "/pixel", 0.2, 0.05, 200, {})
    entries = [
        entry(get, lines(made), lines(get.answer), _resourceType="fetch", _fromDiskCache=False, connection="9"),
        entry(get, lines(made), lines(get.answer), _resourceType="fetch", _fromDiskCache=True, connection="0"),
        entry(opaque, lines(made), [], _resourceType="fetch", _fromDiskCache=False, connection="9"),
    ]
    file = tmp_path / "file.har"
    file.write_text(json.dumps(log(entries, "Chrome HAR Capturer")), encoding="utf-8")
    judgements, read = check(file)
    assert [(each.verdict, Assumption.FROM_CACHE in each.assumptions) for each in judgements] == [
        (Verdict.ALLOW, False),
        (Verdict.ALLOW, True),
    ]
    assert read.notes == {har_entry.ORIGIN_LEFT_OUT: 1, LEAVES_OUT["chromeharcapturer"]: 1}


@pytest.mark.parametrize(
    ("moment", "coarse"),
    [
        ("2026-11-21T12:00:00Z", True),
        ("2026-11-21T12:00:00+01:00", True),
        ("2026-11-21T12:00:00", True),
        ("2026-11-21T12:00:00.5+01:00", False),
        ("2026-11-21T12:00:00.000Z", False),
        (1795262400, False),
        (None, False),
    ],
)
def test_whole_seconds(moment: object, coarse: bool) -> None:
    """Told by the way in which the time is written."""
    raw = entry(SESSION[0], lines(asked(SESSION[0], SAFARI)), lines(ALLOWED), startedDateTime=moment)
    assert har_entry.convert(raw, 0, har_dialects.Context("x")).coarse is coarse


@pytest.mark.parametrize(("creator", "paired"), [("WebPagetest", True), ("WebInspector", False)])
def test_connecting_before_the_start(tmp_path: Path, creator: str, paired: bool) -> None:
    """WebPageTest's entries begin once there is a connection: the preflight has ended before its time is over."""
    asks, allowed = SESSION[3], {**SESSION[3].answer}
    made = [
        entry(
            asks._replace(at=1.0, took=0.62), lines(asked(asks, EDGE)), lines(allowed),
            timings={"dns": 200, "connect": 315, "send": 0, "wait": 100, "receive": 5},
        ),
        entry(
            SESSION[4]._replace(at=1.11, took=0.12), lines(asked(SESSION[4], EDGE)), lines(ALLOWED),
            timings={"dns": -1, "connect": -1, "send": 0, "wait": 115, "receive": 5},
        ),
    ]  # fmt: skip
    file = tmp_path / "file.har"
    file.write_text(json.dumps(log(made, creator)), encoding="utf-8")
    judgements, _ = check(file)
    [put] = [each for each in judgements if each.role is Role.ACTUAL]
    assert (put.preflight is PreflightState.SENT) is paired


@pytest.mark.parametrize("backwards", [False, True])
def test_redirects_within_a_second(tmp_path: Path, backwards: bool) -> None:
    """A chain of them, in a file whose clock has whole seconds, in either order."""
    entries = []
    for number in range(4):
        answer = {**ALLOWED, "Location": f"/{number + 1}"} if number < 3 else ALLOWED
        one = Exchange("GET", f"/{number}", number / 10, 0.09, 302 if number < 3 else 200, answer)
        made = entry(one, lines(asked(one, SAFARI)), lines(answer), startedDateTime=moment(one.at, digits=0))
        entries.append(made)
    file = tmp_path / "file.har"
    file.write_text(json.dumps(log(entries[::-1] if backwards else entries, "Proxyman")), encoding="utf-8")
    judgements, _ = check(file)
    assert [len(each.chain) for each in judgements] == [4] * 4
    assert [each.verdict for each in judgements] == [Verdict.ALLOW] * 4
