"""What pages say of their own requests, held against what was seen."""

from collections.abc import Sized
from pathlib import Path
from typing import Any

import pytest
from mitmproxy.io import FlowWriter

from cors_addon.exchange.exposure import certainty
from cors_addon.exchange.model import Judgement
from cors_addon.exchange.page_call import PageCall, Report, Scene, Violation, read
from cors_addon.flows import translate
from cors_addon.recordings.judge import How, judged
from cors_addon.report import jsonl
from cors_addon.report.input import Input
from cors_addon.session import page_log
from cors_addon.session.pages import Pages
from cors_addon.session.session import ALL, Session, last_of
from tests.helpers import API, CHROMIUM, FIREFOX, PAGE, START, actual, flow, preflight, url
from tests.test_page_call import report

CLIENT = ("192.0.2.7", CHROMIUM)
SCENE = Scene(CLIENT, PAGE, "page")
STAR = [("Access-Control-Allow-Origin", "*")]
OWN = [("Access-Control-Allow-Origin", PAGE), ("Access-Control-Allow-Credentials", "true")]


class Heard:
    """A session that has seen flows, and hears of calls."""

    def __init__(self, *flows: Any, engine: str = "auto") -> None:
        self.session = Session(engine=engine, keep=ALL)
        self.session.pages = Pages()
        for each in flows:
            self.session.pages.note_sent(CLIENT, translate.url(each), each.request.timestamp_start)
            self.session.observe(translate.observation(each))
        self.ids = [each.id for each in flows]

    def told(self, *calls: dict[str, Any], scene: Scene = SCENE, **more: Any) -> list[dict[str, Any]]:
        """The JSON lines that a report makes."""
        records = [{"k": "call", "a": "fetch", "d": True, "u": API, "n": n, **each} for n, each in enumerate(calls)]
        found = read(report(*records), 0.0)._replace(**more)
        return [jsonl.line(each) for each in self.session.hear_page(scene, found)]

    def judgement(self, number: int = 0) -> Judgement:
        """The last word on one of the flows."""
        return self.session.last[self.ids[number]]


def at(began: float, ended: float) -> dict[str, float]:
    """Times of a call, in seconds after the tests' moment."""
    return {"s": (START + began) * 1000, "e": (START + ended) * 1000}


PASSED: dict[str, Any] = {**at(0, 0.02), "ok": True, "st": 200, "t": "cors", "ru": API}
FAILED: dict[str, Any] = {**at(0, 0.02), "ok": False, "er": "TypeError: Failed to fetch"}

ROWS = [
    # the server's headers, the call, and what is told of it: verdict, credentials, reason, contradicted
    (STAR, {**FAILED, "c": "include"}, ("deny", "include", "allow-origin-wildcard-with-credentials", False)),
    (STAR, {**PASSED, "c": "omit"}, ("allow", "omit", None, False)),
    (STAR, PASSED, ("allow", "omit", None, False)),
    (OWN, {**PASSED, "c": "include"}, ("allow", "include", None, False)),
    ([], FAILED, ("deny", "omit", "allow-origin-missing", False)),
    (OWN, FAILED, ("allow", "omit", None, True)),
    ([], PASSED, ("allow", "omit", None, True)),
    (STAR, {**FAILED, "er": "AbortError: gone", "c": "omit"}, ("allow", "omit", None, False)),
    (STAR, {**FAILED, "a": "script", "x": "anonymous", "er": ""}, ("allow", "omit", None, False)),
]


@pytest.mark.parametrize(("headers", "call", "wanted"), ROWS)
def test_a_call_settles_what_traffic_does_not_show(
    headers: list[tuple[str, str]], call: dict[str, Any], wanted: tuple[Any, ...]
) -> None:
    """By the page's own word, and it is observed."""
    (line,) = Heard(actual(headers)).told(call)
    assert (line["verdict"], line["credentials"], line["reason"], line["contradicted"]) == wanted
    assert (line["credentials_evidence"], line["revision"]) == ("the page's own call", 2)
    assert line["certainty"] == "observed"
    assert line["told_by"] == ("wire" if "AbortError" in str(call) or call.get("a") else "page")


@pytest.mark.parametrize(
    "change",
    [
        {"u": "https://api.example.test/items/2"},
        {"m": "PUT"},
        {"o": "no-cors"},
        at(100, 101),
    ],
)
def test_a_call_is_that_of_its_own_flow(change: dict[str, Any]) -> None:
    """By URL, method, mode and time."""
    heard = Heard(actual(STAR))
    heard.told({**PASSED, **change})
    assert heard.judgement().told_by == "wire"


@pytest.mark.parametrize(
    "scene",
    [
        SCENE._replace(origin="https://evil.example.test"),
        SCENE._replace(client=("192.0.2.8", CHROMIUM)),
        SCENE._replace(client=("192.0.2.7", "another")),
    ],
)
def test_a_page_speaks_for_its_own_origin_and_client(scene: Scene) -> None:
    """Whatever it says of others."""
    heard = Heard(actual(STAR))
    assert heard.told({**FAILED, "c": "include"}, scene=scene) == []
    assert heard.judgement().verdict == "allow"


def test_a_no_cors_element_is_not_the_fetch_after_it() -> None:
    """Over plain http no request says its mode; one that bears an Origin has asked for CORS."""
    heard = Heard(actual(OWN, url=API.replace("https:", "http:")))
    sheet = {**at(0, 0.02), "a": "link", "x": None, "ty": "stylesheet", "ok": True, "m": "GET"}
    assert heard.told({**sheet, "u": API.replace("https:", "http:")}) == []


def test_a_flow_is_one_calls() -> None:
    """What is said of it a second time is no more heard."""
    heard = Heard(actual(STAR))
    assert len(heard.told(PASSED)) == 1
    assert heard.told({**FAILED, "c": "include"}) == []


def test_the_whole_fetch_is_told_of() -> None:
    """A preflight bears no credentials, and whether its request was to, the page says."""
    allow = [*STAR, ("Access-Control-Allow-Methods", "PUT")]
    heard = Heard(preflight(allow), actual(STAR, method="PUT", at=0.1))
    lines = heard.told({**FAILED, "m": "PUT", "c": "omit", "ok": True, "st": 200, "ru": API})
    assert [(line["role"], line["credentials"], line["certainty"]) for line in lines] == [
        ("preflight", "omit", "observed"),
        ("actual", "omit", "observed"),
    ]


def test_a_preflight_that_nothing_followed_was_refused() -> None:
    """The page need not wait for that to be inferred."""
    allow = [*STAR, ("Access-Control-Allow-Methods", "PUT")]
    (line,) = Heard(preflight(allow)).told({**FAILED, "m": "PUT", "c": "include"})
    assert (line["verdict"], line["reason"]) == ("deny", "allow-origin-wildcard-with-credentials")


def test_calls_for_one_url_are_told_apart() -> None:
    """By their times, their headers, and what came of them."""
    heard = Heard(actual(STAR, at=0.0), actual(STAR, at=0.05, request=[("X-A", "1")]), actual(STAR, at=0.1))
    first, second = {**PASSED, **at(0.0, 0.01)}, {**PASSED, **at(0.05, 0.06), "h": "x-a"}
    heard.told({**FAILED, "c": "include", **at(0.1, 0.11)}, first, second)
    assert [heard.judgement(number).credentials for number in range(3)] == ["omit", "omit", "include"]


def test_no_script_hears_of_an_answer_before_it_has_come() -> None:
    """Whatever else is nearer: another call, of a worker say, may tell of that later. When it asked tells little, for
    its preflight may have taken its time.
    """
    heard = Heard(actual(STAR, at=3.0, took=0.01), actual(STAR, at=3.0, took=0.06))
    heard.told({**FAILED, "c": "include", **at(0.0, 3.05)})
    heard.told({**PASSED, "c": "omit", **at(2.9, 3.1)})
    assert [heard.judgement(number).credentials for number in range(2)] == ["include", "omit"]


def test_a_call_that_passed_is_not_that_of_a_refused_preflight() -> None:
    """What the call sent was another's word already, or another way to the server."""
    heard = Heard(preflight([]))
    assert heard.told({**PASSED, "m": "PUT", "c": "omit"}) == []
    assert not heard.judgement().contradicted
    allow = [*STAR, ("Access-Control-Allow-Methods", "PUT")]
    assert [line["verdict"] for line in Heard(preflight(allow)).told({**PASSED, "m": "PUT", "c": "omit"})] == ["allow"]


def test_of_several_none_is_contradicted() -> None:
    """Which is meant is not certain enough."""
    heard = Heard(actual(OWN, at=0.0), actual(OWN, at=0.01))
    heard.told(FAILED)
    assert [heard.judgement(number).contradicted for number in range(2)] == [False, False]


def test_a_call_that_fails_at_its_preflight_is_not_the_request_of_another() -> None:
    """Though the other's is there already."""
    allow = [*STAR, ("Access-Control-Allow-Methods", "PUT")]
    heard = Heard(preflight(allow), preflight(allow, at=0.01), actual(STAR, method="PUT", at=0.1))
    heard.told({**FAILED, "m": "PUT", "c": "include"})
    told = [heard.judgement(number) for number in range(3)]
    assert sorted((each.verdict, each.credentials) for each in told[:2]) == [("allow", "omit"), ("deny", "include")]
    assert (told[2].verdict, told[2].contradicted) == ("allow", False)


def test_a_call_that_fails_after_its_preflight_does_not_contradict_it() -> None:
    """What it was for may be mixed content, or be answered by the browser's own cache, without CORS headers."""
    allow = [*STAR, ("Access-Control-Allow-Methods", "PUT")]
    heard = Heard(preflight(allow))
    heard.told({**FAILED, "m": "PUT", "c": "omit"})
    assert (heard.judgement().verdict, heard.judgement().contradicted) == ("allow", False)


def test_what_failed_at_its_preflight_by_the_pages_word_is_followed_by_nothing() -> None:
    """The request that comes then is that of another preflight for the same."""
    allow = [*STAR, ("Access-Control-Allow-Methods", "PUT")]
    heard = Heard(preflight(allow), preflight(allow, at=0.001))
    heard.told({**FAILED, **at(0.0, 0.01), "m": "PUT", "c": "include"})
    heard.session.observe(translate.observation(actual(STAR, method="PUT", at=0.1)))
    told = [heard.judgement(number) for number in range(2)]
    assert sorted((each.verdict, len(each.chain)) for each in told) == [("allow", 2), ("deny", 1)]
    assert [each.contradicted for each in told] == [False, False]


def test_what_failed_at_a_redirect_by_the_pages_word_is_followed_by_nothing() -> None:
    """The request that comes then is one that the page makes by itself, or what another redirect led to."""
    hop = [*STAR, ("Location", "/items/2")]
    heard = Heard(actual(hop, status=302))
    heard.told({**FAILED, "c": "include"})
    later = actual(STAR, url="https://api.example.test/items/2", at=0.1)
    heard.session.observe(translate.observation(later))
    told = heard.judgement()
    assert (told.verdict, told.contradicted, len(told.chain)) == ("deny", False, 1)
    assert heard.session.last[later.id].verdict == "allow"


@pytest.mark.parametrize(
    ("headers", "credentials", "wanted"),
    [
        (OWN, "include", ("allow", False)),
        (STAR, "omit", ("allow", False)),
        (STAR, "include", ("deny", False)),
        ([], "omit", ("deny", False)),
    ],
)
def test_a_call_that_fails_after_a_redirect_does_not_contradict_it(
    headers: list[tuple[str, str]], credentials: str, wanted: tuple[Any, ...]
) -> None:
    """What it leads to failed, though no flow of it is known: refused before it was sent, or at its preflight."""
    redirect = actual([*headers, ("Location", "https://cdn.example.test/2")], status=302)
    heard = Heard(redirect)
    heard.told({**FAILED, "c": credentials})
    judgement = heard.judgement()
    assert (judgement.verdict.value, judgement.contradicted) == wanted


def test_where_calls_are_more_than_flows_none_is_contradicted() -> None:
    """Which of them it was is not certain enough."""
    heard = Heard(actual(OWN))
    heard.told(FAILED, FAILED)
    assert not heard.judgement().contradicted


def test_a_sandboxed_page_speaks_for_opaque_origins() -> None:
    """As long as no other page of that browser could be meant."""
    null = flow(request=[("Origin", "null"), ("Sec-Fetch-Mode", "cors")], response=STAR)
    heard = Heard(null)
    assert heard.told(PASSED) == []
    assert len(heard.told(PASSED, opaque=True)) == 1
    other = Heard(null)
    other.told(opaque=True, scene=SCENE._replace(origin="https://evil.example.test", flow_id="evil"))
    assert other.told(PASSED, opaque=True) == []


# ---- redirect modes ----

REDIRECTS = [("Access-Control-Allow-Origin", "*"), ("Location", "https://user:pw@api.example.test/items/2")]


def redirect_mode_error() -> Judgement:
    """A redirect that the page forbade."""
    heard = Heard(actual([*STAR, ("Location", "/items/2")], status=302))
    heard.told({**FAILED, "r": "error"})
    return heard.judgement()


def test_a_page_may_forbid_redirects() -> None:
    """That is no matter of CORS."""
    line = jsonl.line(redirect_mode_error())
    assert (line["verdict"], line["reason"], line["stage"]) == ("deny", "redirect-mode-error", "redirect")
    assert (line["blocked_by"], line["contradicted"], line["certainty"]) == ("other", False, "observed")
    assert line["remedies"][0]["who"] == "page"


def test_cors_is_asked_before_the_redirect_mode() -> None:
    """It has its say on the redirect itself."""
    heard = Heard(actual([("Location", "/items/2")], status=302))
    (line,) = heard.told({**FAILED, "r": "error"})
    assert line["reason"] == "allow-origin-missing"


def test_a_page_may_take_a_redirect_as_it_is() -> None:
    """Then nobody asks where it leads."""
    heard = Heard(actual(REDIRECTS, status=302))
    (line,) = heard.told({**PASSED, "r": "manual", "t": "opaqueredirect", "st": 0, "ru": API})
    assert (line["role"], line["verdict"], line["contradicted"]) == ("redirect", "allow", False)
    assert line["told_by"] == "page"


# ---- what was cached ----


def test_geckos_preflight_names_the_page_whose_cached_answer_serves_the_redirected_request() -> None:
    """Though the redirect before it was not seen, and the request bears `null`."""
    session = Session(keep=ALL)
    allow = [
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Headers", "x-a"),
        ("Access-Control-Max-Age", "9"),
    ]
    null = [("Origin", "null"), ("Sec-Fetch-Mode", "cors"), ("X-A", "1")]
    there, here = "https://cdn.example.test/2", "https://cdn.example.test/1"
    flows = [
        preflight(allow, method="GET", headers="x-a", url=there),
        actual(STAR, request=[("X-A", "1")], url=there, at=0.1),
        preflight(allow, method="GET", headers="x-a", url=here, at=0.2),
        flow(request=null, url=here, response=[*STAR, ("Location", there)], status=302, at=0.3),
        flow(request=null, url=there, response=STAR, at=0.4),
    ]
    for each in flows:
        each.request.headers["User-Agent"] = FIREFOX
        session.observe(translate.observation(each))
    assert session.last[flows[-1].id].preflight == "cached"


# ---- what was never sent ----


def test_what_a_policy_refused_is_told_without_a_flow() -> None:
    """A JSON line has no flow's id, and what stopped it."""
    violation = Violation(API, "connect-src", True, START + 0.01)
    (line,) = Heard().told(FAILED, violations=(violation,))
    assert (line["flow_id"], line["stage"], line["document"]) == (None, "before-sending", "page")
    assert (line["blocked_by"], line["blocked_detail"], line["told_by"]) == ("csp", "connect-src", "page")
    assert (line["url"], line["method"], line["origin"], line["usable"]) == (API, "GET", PAGE, "blocked")
    assert (line["engine"], line["client"], line["timestamp"]) == ("chromium", "192.0.2.7", START)


def test_a_beacon_that_a_policy_refused_is_told() -> None:
    """Though script heard that it was queued; one of which nothing is known may have gone another way."""
    beacon = {"a": "beacon", "m": "POST", "c": "include", "r": "follow", "s": START * 1000}
    violation = Violation(API, "connect-src", True, START + 0.01)
    (line,) = Heard().told(beacon, violations=(violation,), refused=(violation,))
    assert (line["method"], line["blocked_by"], line["blocked_detail"]) == ("POST", "csp", "connect-src")
    (line,) = Heard().told({**beacon, "u": "http://api.example.test/x"})
    assert line["blocked_by"] == "mixed-content"
    assert Heard(flow(url=f"{API}y")).told(beacon) == []


def test_a_violation_may_be_told_after_its_call() -> None:
    """A frame's, of which Firefox names the origin alone: the call had to wait for it, and is told once."""
    frame = {"a": "iframe", "m": "GET", "s": START * 1000, "e": (START + 0.02) * 1000, "ok": True}
    violation = Violation("https://api.example.test", "frame-src", True, START + 0.01)
    heard = Heard()
    assert heard.told(frame) == []
    (line,) = heard.told(violations=(violation,), refused=(violation,))
    assert (line["url"], line["blocked_by"], line["blocked_detail"]) == (API, "csp", "frame-src")
    assert heard.told(violations=(violation,), refused=(violation,)) == []


def test_what_only_a_violation_tells_of_is_told_once() -> None:
    """A font, say, that no call or element speaks of; not what was sent, nor where a redirect leads."""
    font = Violation("https://cdn.example.test/it.woff2", "font-src", True, START)
    heard = Heard(flow(url="https://cdn.example.test/sent.woff2"))
    (line,) = heard.told(refused=(font, font))
    assert (line["url"], line["flow_id"], line["blocked_by"]) == (font.url, None, "csp")
    assert heard.told(refused=(font,)) == []
    others = [
        font._replace(url="https://cdn.example.test/sent.woff2"),
        font._replace(url="https://cdn.example.test"),
        font._replace(url="inline"),
        font._replace(url="https://cdn.example.test/other", directive="form-action"),
        font._replace(url="https://cdn.example.test/other", enforced=False),
    ]
    assert heard.told(refused=tuple(others)) == []


def test_mixed_content_is_told() -> None:
    """Though that server was never asked."""
    (line,) = Heard().told({**FAILED, "u": "http://api.example.test/x"})
    assert (line["blocked_by"], line["blocked_detail"]) == ("mixed-content", "http://api.example.test/x")


@pytest.mark.parametrize(
    "call",
    [
        {**FAILED, "u": "http://localhost:3000/x"},
        {**FAILED, "er": "AbortError: gone"},
        {**PASSED},
        {**FAILED, "u": None},
        {**FAILED, "u": "blob:https://app.example.test/1"},
    ],
)
def test_what_may_have_gone_another_way_is_not_told(call: dict[str, Any]) -> None:
    """Browsers have ways around a proxy, caches, and pages that give up."""
    assert Heard().told(call) == []


def test_a_request_that_was_seen_is_no_such_one() -> None:
    """Even where CORS had nothing to say of it."""
    assert Heard(flow(url=f"{PAGE}/x")).told({**FAILED, "u": f"{PAGE}/x"}) == []
    (line,) = Heard(flow(url=f"{PAGE}/x")).told({**FAILED, "u": f"{PAGE}/y"})
    assert (line["blocked_by"], line["blocked_detail"]) == ("other", "TypeError: Failed to fetch")


def test_what_is_kept_is_bounded() -> None:
    """However much is seen and said."""
    pages = Pages()
    for number in range(20_000):
        pages.note_sent(CLIENT, url(f"https://h{number}.test/"), float(number))
        pages.hear(SCENE._replace(flow_id=str(number)), Report(opaque=True))
    sizes = [len(each) for each in vars(pages).values() if isinstance(each, Sized)]
    assert max(sizes) <= 3000
    calls = tuple(call_for(number) for number in range(20_000))
    assert len(pages.hear(SCENE, Report(calls)).unsent) <= 3000


def call_for(number: int) -> PageCall:
    """A call that mixed content stops."""
    (found,) = read(report({"k": "call", "u": f"http://x{number}.test/", "ok": False, "a": "fetch"}), 0.0).calls
    return found


def test_certainty_of_what_was_never_sent() -> None:
    """The page saw it."""
    heard = Heard()
    (judged,) = heard.session.hear_page(SCENE, Report((call_for(1),)))
    assert certainty(judged) == "observed"


# ---- the log ----


def test_a_log_is_read_as_it_was_heard(tmp_path: Path) -> None:
    """Beside a recording, by its name."""
    flows = [actual(STAR), actual(STAR, at=10.0)]
    dump, log = tmp_path / "run.mitm", tmp_path / "run.mitm.witness"
    with dump.open("wb") as file:
        for each in flows:
            FlowWriter(file).add(each)
    record = {"k": "call", "a": "fetch", "d": True, "u": API, **FAILED, "c": "include"}
    unsent = {**record, "u": "http://api.example.test/"}
    log.write_text(page_log.line(SCENE, START + 1, report(record, unsent), opaque=False) + "\n")
    assert page_log.beside(str(dump)) == str(log)
    into = Input(str(dump))
    last = last_of(judged(str(dump), into, How(witness=str(log))))
    told = {flow_id: (each.verdict, each.told_by) for flow_id, each in last.items()}
    assert told.pop(flows[0].id) == ("deny", "page")
    assert told.pop(flows[1].id) == ("allow", "wire")
    assert [each for each in last.values() if each.unsent]
    assert len(told) == 1
    assert into.damage is None


@pytest.mark.parametrize(
    "line", ["{", "[]", "[" * 99_999, '{"time": "x"}', '{"time": 1, "client": 1, "user_agent": 2}']
)
def test_what_is_no_log_is_said(tmp_path: Path, line: str) -> None:
    """With the line's number."""
    dump, log = tmp_path / "run.mitm", tmp_path / "log"
    with dump.open("wb") as file:
        FlowWriter(file).add(actual(STAR))
    log.write_text(f"\n{line}\n")
    into = Input(str(dump))
    list(judged(str(dump), into, How(witness=str(log))))
    assert into.damage is not None
    assert "line 2 is no report of a page" in into.damage


def test_a_log_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """It, and not the recording, which is all right."""
    dump = tmp_path / "run.mitm"
    with dump.open("wb") as file:
        FlowWriter(file).add(actual(STAR))
    into = Input(str(dump))
    assert list(judged(str(dump), into, How(witness=str(tmp_path / "missing")))) == []
    assert into.damage == f"cors_witness_log {tmp_path / 'missing'}: No such file or directory"
