"""The tracker: whole scenarios, each run in several ways; roles; many clients; and that nothing grows."""

import functools
import gc
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from cors_addon.exchange import response_headers
from cors_addon.exchange.clients import (
    MAX_GIVEN_UP,
    MAX_STORED,
    MAX_UPLOADS,
    MAX_WAITING,
    Client,
)
from cors_addon.exchange.credentials import MAX_CONNECTIONS
from cors_addon.exchange.http_cache import MAX_PLAIN
from cors_addon.exchange.ledger import MAX_BEHIND, MAX_PAIRED
from cors_addon.exchange.model import PreflightState, Role, Verdict
from cors_addon.exchange.weight import OF_A_CLIENT
from cors_addon.reasons.assumptions import Assumption
from tests.cases.scenarios import CACHE, CONTRADICTIONS, DENIED, PAIRING, REDIRECTS, REVALIDATION, TOGETHER
from tests.cases.traffic import (
    ALL,
    API,
    PAGE,
    START,
    WAYS,
    Lines,
    Run,
    Scenario,
    Sent,
    allow,
    cors,
    metadata,
    preflight,
    redirect,
)

STAR = allow("*")
STAR_PUT = allow("*", methods="PUT")


def runs(scenarios: tuple[Scenario, ...], *, faults: bool = True) -> list[Any]:
    """Each scenario for each of its engines; those that fail as yet are marked."""
    return [
        pytest.param(
            scenario,
            engine,
            marks=[pytest.mark.xfail(reason=scenario.fault)] if faults and scenario.fault else [],
            id=f"{scenario}-{engine}",
        )
        for scenario in scenarios
        for engine in scenario.engines
    ]


@pytest.mark.parametrize(
    ("scenario", "engine"), runs(PAIRING + DENIED + REDIRECTS + CACHE + CONTRADICTIONS + TOGETHER + REVALIDATION)
)
def test_scenario(scenario: Scenario, engine: str) -> None:
    """The same whichever way it runs: exactly these flows are judged, and so."""
    found = {way.__name__: way(scenario, engine).seen(scenario.expected) for way in WAYS}
    assert found == dict.fromkeys(found, scenario.expected)


# ---- roles ----


class Request(NamedTuple):
    """One request, and what it is."""

    name: str
    lines: Lines
    role: Role | None
    """None: nothing is judged."""
    verdict: Verdict = Verdict.NOT_CORS
    method: str | bytes = "POST"
    url: str = API
    certain: bool = True

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


ORIGIN: Lines = (("Origin", PAGE),)
OWN = f"{PAGE}/x"
HTTP = "http://web-platform.test:8000"
ELSEWHERE = "http://www1.web-platform.test:8000/x"
WPT: Lines = (("Origin", HTTP), ("Accept", "*/*"))
UPGRADE: Lines = (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key", "x"))
REFUSED = Verdict.DENY


def typed(value: str) -> Lines:
    """A content type."""
    return (("Content-Type", value),)


REQUESTS = (
    # with Fetch metadata
    Request("cors GET", (*ORIGIN, *metadata()), Role.ACTUAL, REFUSED, "GET"),
    Request("cors HEAD", (*ORIGIN, *metadata()), Role.ACTUAL, REFUSED, "HEAD"),
    Request("cors POST", (*ORIGIN, *metadata(), *typed("text/plain")), Role.ACTUAL, REFUSED),
    Request("cors image", (*ORIGIN, *metadata(dest="image")), Role.ACTUAL, REFUSED, "GET"),
    Request("cors font", (*ORIGIN, *metadata("cross-site", dest="font")), Role.ACTUAL, REFUSED, "GET"),
    Request("module script", (*ORIGIN, *metadata("cross-site", dest="script")), Role.ACTUAL, REFUSED, "GET"),
    Request("EventSource", (*ORIGIN, *metadata(), ("Accept", "text/event-stream")), Role.ACTUAL, REFUSED, "GET"),
    Request("cors of a sandbox", (("Origin", "null"), *metadata("cross-site")), Role.ACTUAL, REFUSED, "GET"),
    Request("image", metadata(mode="no-cors", dest="image"), None, method="GET"),
    Request("beacon", (*ORIGIN, *metadata(mode="no-cors"), *typed("text/plain")), Role.NO_CORS),
    Request("beacon of a sandbox", (("Origin", "null"), *metadata(mode="no-cors")), Role.NO_CORS),
    Request("form", (*ORIGIN, *metadata(mode="navigate", dest="document")), Role.NAVIGATION),
    Request("form of a sandbox", (("Origin", "null"), *metadata(mode="navigate", dest="iframe")), Role.NAVIGATION),
    Request("page", metadata("none", "navigate", "document"), None, method="GET"),
    Request("websocket", (*ORIGIN, *metadata(mode="websocket"), *UPGRADE), Role.WEBSOCKET, method="GET"),
    Request("same-origin GET", metadata("same-origin"), None, method="GET", url=OWN),
    Request("same-origin POST", (*ORIGIN, *metadata("same-origin")), Role.SAME_ORIGIN, url=OWN),
    Request("same-origin PUT", (*ORIGIN, *metadata("same-origin")), Role.SAME_ORIGIN, method="PUT", url=OWN),
    Request("WebKit's same-origin image", (*ORIGIN, *metadata("same-origin")), Role.SAME_ORIGIN, method="GET", url=OWN),
    Request(
        "worker", (*ORIGIN, *metadata("same-origin", "same-origin", "worker")), Role.SAME_ORIGIN, method="GET", url=OWN
    ),
    Request("another port", (*ORIGIN, *metadata()), Role.ACTUAL, REFUSED, "GET", f"{PAGE}:8443/x"),
    Request(
        "the default port", (*ORIGIN, *metadata("same-origin")), Role.SAME_ORIGIN, method="GET", url=f"{PAGE}:443/x"
    ),
    Request("OPTIONS of a script", (*ORIGIN, *metadata()), Role.ACTUAL, REFUSED, "OPTIONS"),
    Request("a mode nobody knows", (*ORIGIN, *metadata(mode="webtransport")), Role.NO_CORS),
    # without: plain http, as web-platform-tests mostly are
    Request("http GET", WPT, Role.ACTUAL, REFUSED, "GET", ELSEWHERE),
    Request("http PUT", WPT, Role.ACTUAL, REFUSED, "PUT", ELSEWHERE),
    Request("http lower-case method", WPT, Role.ACTUAL, REFUSED, "patch", ELSEWHERE),
    Request("http JSON", (*WPT, *typed("application/json")), Role.ACTUAL, REFUSED, url=ELSEWHERE),
    Request(
        "http POST", (*WPT, *typed("text/plain;charset=UTF-8")), Role.ACTUAL, REFUSED, url=ELSEWHERE, certain=False
    ),
    Request("http POST of nothing", WPT, Role.ACTUAL, REFUSED, url=ELSEWHERE, certain=False),
    Request(
        "http form",
        (("Origin", HTTP), ("Accept", "text/html,*/*;q=0.8"), *typed("multipart/form-data; boundary=x")),
        Role.NAVIGATION,
        url=ELSEWHERE,
        certain=False,
    ),
    Request("http websocket", (("Origin", HTTP), *UPGRADE), Role.WEBSOCKET, method="GET", url=ELSEWHERE),
    Request("http image", (("Accept", "image/*"),), None, method="GET", url=ELSEWHERE),
    Request("http same origin", WPT, Role.SAME_ORIGIN, url=f"{HTTP}/x"),
    Request("http null", (("Origin", "null"),), Role.ACTUAL, REFUSED, "GET", ELSEWHERE),
    Request("CSP report", (*WPT, *typed("application/csp-report")), Role.NO_CORS, url=ELSEWHERE),
    Request("ping", (*WPT, *typed("text/ping"), ("Ping-To", f"{HTTP}/y")), Role.NO_CORS, url=ELSEWHERE),
)


@pytest.mark.parametrize("engine", ALL)
@pytest.mark.parametrize("request_", REQUESTS, ids=str)
def test_role(request_: Request, engine: str) -> None:
    """By Fetch metadata where there is any; elsewhere inferred, and said so."""
    sent = Sent(id="a", method=request_.method, url=request_.url, request=request_.lines)
    # Firefox's null stands for the tainted page too; nothing of that matters here
    found = [
        (judgement.role, judgement.verdict, judgement.certain or judgement.verdict is Verdict.DENY)
        for judgement in Run().feed([sent.observation(engine)]).last.values()
    ]
    expected = [] if request_.role is None else [(request_.role, request_.verdict, True)]
    if request_.role is Role.NAVIGATION and not request_.certain:
        expected = [(Role.NAVIGATION, Verdict.NOT_CORS, False)]
    assert found == expected


@pytest.mark.parametrize("request_", [each for each in REQUESTS if not each.certain], ids=str)
def test_an_inferred_mode_is_called_an_assumption(request_: Request) -> None:
    """So that the line says `inferred`."""
    sent = Sent(id="a", method=request_.method, url=request_.url, request=request_.lines)
    (judgement,) = Run().feed([sent.observation()]).last.values()
    assert any("no Sec-Fetch-Mode" in assumption for assumption in judgement.assumptions)


# ---- clients ----


@pytest.mark.parametrize("agent", [b"curl/8.14.1", b"", b"python-requests/2.32.4"])
@pytest.mark.parametrize(
    ("sent", "hypothetical", "reason"),
    [
        (Sent(id="a", request=ORIGIN, answer=allow()), Verdict.ALLOW, None),
        (Sent(id="a", request=ORIGIN), Verdict.DENY, "allow-origin-missing"),
        (Sent(id="a", request=ORIGIN, status=None), Verdict.DENY, "network-error"),
        (
            Sent(
                id="a",
                method="OPTIONS",
                request=(*ORIGIN, ("Access-Control-Request-Method", "PUT")),
                answer=allow(methods="GET"),
            ),
            Verdict.DENY,
            "method-not-allowed",
        ),
    ],
)
def test_a_client_that_is_no_browser(sent: Sent, hypothetical: Verdict, reason: str | None, agent: bytes) -> None:
    """Nothing is enforced; what the standard would decide is said."""
    seen = sent.observation()
    seen.request = tuple((name, agent if name == b"User-Agent" else value) for name, value in seen.request)
    (judgement,) = Run().feed([seen]).last.values()
    assert judgement.hypothetical is not None
    assert (
        judgement.role,
        judgement.verdict,
        judgement.hypothetical.verdict,
        judgement.hypothetical.refusal and judgement.hypothetical.refusal.reason,
        judgement.assumptions,
    ) == (Role.NON_BROWSER, Verdict.NOT_CORS, hypothetical, reason, (Assumption.NO_BROWSER,))


@pytest.mark.parametrize("engine", [*ALL, "fetch"])
def test_a_forced_engine_judges_every_client(engine: str) -> None:
    """Even what is no browser, by that engine's rules."""
    twice = ((*allow(), *allow()),)
    sent = [cors("a", agent=b"curl/8", answer=twice[0]), preflight("p", agent=b"curl/8", status=404, answer=())]
    run = Run(engine=engine).feed(each.observation() for each in sent)
    expected = {
        "chromium": ("allow-origin-multiple", "allow-origin-missing"),
        "gecko": ("allow-origin-multiple", "allow-origin-missing"),
        "webkit": ("allow-origin-multiple", "status-not-ok"),
        "fetch": ("allow-origin-multiple", "allow-origin-missing"),
    }
    assert (run.last["a"].reason, run.last["p"].reason) == expected[engine]
    assert {judgement.engine.name for judgement in run.last.values()} == {engine}


def test_a_script_that_sets_its_user_agent() -> None:
    """Firefox and WebKit let it: its requests are still that browser's, which its connection tells."""
    sent = [
        preflight("p", connection="one", headers="user-agent", method="GET", answer=allow(headers="user-agent")),
        cors("a", 0.1, connection="one", agent=b"mine/1"),
    ]
    run = Run().feed(each.observation("gecko") for each in sent)
    assert (run.last["a"].engine.name, run.last["a"].preflight) == ("gecko", PreflightState.SENT)


def test_a_script_that_sets_its_user_agent_over_another_connection() -> None:
    """The preflight names the header: the request without the browser's own User-Agent is the one it was sent for."""
    sent = [
        preflight("p", connection="one", headers="user-agent", method="GET", answer=allow(headers="user-agent")),
        cors("a", 0.1, connection="two", agent=b"mine/1"),
    ]
    run = Run().feed(each.observation("gecko") for each in sent)
    assert (run.last["a"].engine.name, run.last["a"].preflight) == ("gecko", PreflightState.SENT)


# ---- many at once ----


@pytest.mark.parametrize("engine", ALL)
@pytest.mark.parametrize(
    ("count", "took"),
    [
        (2, 0.01),
        (5, 0.01),
        (40, 0.05),
        (40, 0.01),
    ],
)
def test_identical_requests_in_flight_together(engine: str, count: int, took: float) -> None:
    """Each has a preflight of its own, whichever."""
    run = Run()
    run.feed(preflight(f"p{n}", n / 1000, took=took).observation(engine) for n in range(count))
    run.feed(cors(f"a{n}", 0.1 + n / 1000, "PUT").observation(engine) for n in range(count))
    taken = [run.last[f"a{n}"].paired_with for n in range(count)]
    assert sorted(taken) == sorted((f"p{n}",) for n in range(count))
    assert {run.last[f"a{n}"].preflight for n in range(count)} == {PreflightState.SENT}
    assert [run.last[f"p{n}"].revision for n in range(count)] == [2] * count


@pytest.mark.parametrize("engine", ALL)
@pytest.mark.parametrize("connections", [2, 6])
def test_preflights_in_line_for_a_connection(engine: str, connections: int) -> None:
    """Few at a time, the next after the answers to those before; then the requests, in line as well."""
    run = Run()
    for n in range(36):
        run.feed(
            [preflight(f"p{n}", n // connections * 0.05 + n / 1000, took=0.02, answer=STAR_PUT).observation(engine)]
        )
    run.feed(cors(f"a{n}", 2.0 + n / 1000, "PUT", answer=STAR).observation(engine) for n in range(36))
    run.finish()
    assert {run.last[f"p{n}"].verdict for n in range(36)} == {Verdict.ALLOW}
    assert {run.last[f"a{n}"].preflight for n in range(36)} == {PreflightState.SENT}


def test_many_clients_interleaved() -> None:
    """Each by its own preflights, though all do the same at the same time."""
    run = Run()
    clients = [(f"198.51.100.{n}", engine) for n in range(20) for engine in ALL]
    for sent in (
        preflight("p", answer=allow(methods="PUT", max_age="60")),
        cors("a", 0.1, "PUT"),
        cors("b", 1.0, "PUT"),
        redirect("h", 2.0, to="/other"),
        cors("c", 3.0, url="https://api.example.test/other"),
    ):
        run.feed(replace(sent, id=f"{sent.id} {who}", client=who[0]).observation(who[1]) for who in clients)
    pairs = {flow_id: judgement.paired_with for flow_id, judgement in run.last.items()}
    expected: dict[str, tuple[str, ...]] = {}
    for who in clients:
        expected |= {f"p {who}": (f"a {who}", f"b {who}"), f"a {who}": (f"p {who}",), f"b {who}": (f"p {who}",)}
        expected |= {f"h {who}": (f"c {who}",), f"c {who}": (f"h {who}",)}
    assert pairs == expected


def test_settle() -> None:
    """After a minute of flow time, and not before; each once."""
    run = Run().feed([preflight("p", answer=allow("*", methods="PUT")).observation()])
    early = run.tracker.settle(START + 59.0)
    late = run.tracker.settle(START + 61.0)
    again = [*run.tracker.settle(START + 1e9), *run.tracker.finish()]
    assert [
        [(each.observation.flow_id, each.verdict, each.revision) for each in found] for found in (early, late, again)
    ] == [
        [],
        [("p", Verdict.DENY, 2)],
        [],
    ]


def test_a_preflight_is_reported_anew_when_it_has_permitted_twice_as_many() -> None:
    """An answer that serves thousands costs a dozen reports, and names no more requests than it may."""
    run = Run().feed([preflight("p", answer=allow(methods="PUT", max_age="7200")).observation()])
    told: list[int] = []
    for number in range(2000):
        _, *older = run.tracker.observe(cors(f"a{number}", 0.1 + number, "PUT").observation())
        told += [each.permitted for each in older]
    assert told == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
    first, last = run.tracker.observe(cors("late", 8000.0).observation())
    assert (first.observation.flow_id, last.observation.flow_id) == ("late", "p")
    assert (last.permitted, len(last.paired_with), last.revision) == (1999, MAX_PAIRED, 14)
    assert run.tracker.finish() == []


def test_requests_permitted_from_the_cache_are_reported_at_the_end_at_the_latest() -> None:
    """Where a recording ends while the answer is still good."""
    run = Run().feed([preflight("p", answer=allow(methods="PUT", max_age="7200")).observation()])
    run.feed([cors(f"a{number}", 0.1 + number, "PUT").observation() for number in range(4)])
    assert run.tracker.settle(START + 100) == []
    (last,) = run.tracker.finish()
    assert last.paired_with == ("a0", "a1", "a2", "a3")


def test_what_waits_to_be_reported_is_bounded() -> None:
    """The oldest is reported first."""
    run = Run()
    for number in range(MAX_BEHIND + 10):
        url, at = f"https://api.example.test/{number}", number / 100
        run.feed([preflight(f"p{number}", at, url=url, answer=allow(methods="PUT", max_age="7200")).observation()])
        run.feed([cors(f"a{number} {n}", at + 0.02, "PUT", url=url).observation() for n in range(4)])
    assert len(run.tracker._ledger._behind) == MAX_BEHIND
    told = [(run.last[f"p{number}"].permitted, run.last[f"p{number}"].revision) for number in (0, 9)]
    assert told == [(3, 5), (3, 5)]


# ---- nothing grows ----


def sizes(run: Run) -> dict[str, int]:
    """The most that is kept of each kind, of one client or of all."""
    clients = run.tracker._known.by_key
    connections = run.tracker._evidence.connections
    of_client: dict[str, Callable[[Client], int]] = {
        "preflights": lambda client: len(client.preflights._pending),
        "hops": lambda client: len(client.hops._pending),
        "given up": lambda client: max(len(queues._given_up) for queues in (client.preflights, client.hops)),
        "queued": lambda client: max(
            sum(map(len, queues.by_url.values())) for queues in (client.preflights, client.hops)
        ),
        "stored": lambda client: len(client.stored),
        "cookies": lambda client: len(client.cookies._cookies),
        "cache": lambda client: len(client.cache._entries),
        "uploads": lambda client: len(client.uploads),
    }
    return {
        "clients": len(clients),
        "connections": len(connections),
        "plain": len(run.tracker.plain),
        **{
            name: max((measure(client) for client in clients.values()), default=0)
            for name, measure in of_client.items()
        },
    }


BUDGET = 2 << 20
"""Bytes, where clients are many."""
BOUNDS = {
    "clients": BUDGET // OF_A_CLIENT,
    "connections": MAX_CONNECTIONS,
    "plain": MAX_PLAIN,
    "preflights": MAX_WAITING,
    "hops": MAX_WAITING,
    "given up": MAX_GIVEN_UP,
    "queued": MAX_WAITING + MAX_GIVEN_UP,
    "stored": MAX_STORED,
    "cookies": 128,
    "cache": 256,
    "uploads": MAX_UPLOADS,
}


def grown(traffic: Any, rounds: int, budget: int = 64 * BUDGET) -> int:
    """Bytes by which the memory grows from the first half of the rounds to the second."""
    run = Run()
    run.session.keep_within(budget)
    gc.collect()
    tracemalloc.start()
    marks = []
    for half in range(2):
        for number in range(half * rounds, (half + 1) * rounds):
            for sent in traffic(number):
                run.tracker.observe(sent.observation())
        for each in gc.get_objects():
            if isinstance(each, functools._lru_cache_wrapper) and each.__module__.startswith("cors_addon."):
                each.cache_clear()  # bounded, yet not full so soon
        response_headers._READ.clear()  # the same: how full it is depends on the tests before
        gc.collect()
        marks.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    found = sizes(run)
    assert {name: size for name, size in found.items() if size > BOUNDS[name]} == {}
    return marks[1] - marks[0]


def test_a_flood_of_clients() -> None:
    """More clients than are kept, each with a preflight, a request, a redirect and a cookie: no growth after that."""

    def of(number: int) -> list[Sent]:
        more: dict[str, Any] = {"client": f"client {number}"}
        at = number / 100
        return [
            preflight(f"p{number}", at, **more),
            redirect(f"h{number}", at + 0.1, to="/x", **more),
            cors(f"a{number}", at + 0.2, answer=allow("*", ("Set-Cookie", "a=1"), ("ETag", "x")), **more),
        ]

    assert grown(of, 550, BUDGET) < 200_000


def living_clients() -> int:
    """How many are in memory."""
    gc.collect()
    return sum(isinstance(each, Client) for each in gc.get_objects())


def test_forgotten_clients_are_gone() -> None:
    """What is forgotten is not kept elsewhere: a client holds all that waits, its cookies and its cache."""
    before = living_clients()
    run = Run()
    run.session.keep_within(BUDGET)
    for number in range(1500):
        run.feed([cors("a", client=f"client {number}", connection=f"connection {number}").observation()])
    run.last.clear()
    assert living_clients() - before <= BUDGET // OF_A_CLIENT


def test_a_client_that_never_stops() -> None:
    """Another URL, cookie and connection each time: no growth."""

    def of(number: int) -> list[Sent]:
        more: dict[str, Any] = {"connection": f"connection {number % 50}", "url": f"{API}/{number}"}
        at = number / 2
        answer = allow("*", ("Set-Cookie", f"a{number}=1"), ("ETag", "x"))
        return [
            preflight(f"p{number}", at, **more),
            redirect(f"h{number}", at + 0.1, to=f"/x{number}", **more),
            cors(f"a{number}", at + 0.2, answer=answer, **more),
        ]

    assert grown(of, 1000) < 100_000  # what is kept of a client is full after some 700 rounds


def test_a_client_that_asks_for_the_same_again_and_again() -> None:
    """Denied each time: nothing is paired, nothing is kept for long."""
    assert grown(lambda number: [preflight(f"p{number}", number / 5, answer=())], 600) < 200_000


@pytest.mark.parametrize(
    "loop",
    [
        redirect("h", to=API, answer=()),
        redirect("h", to=API),
        Sent(id="h", url=OWN, request=metadata("same-origin"), status=302, answer=(("Location", OWN),)),
    ],
    ids=["refused", "until-there-are-too-many", "same-origin"],
)
def test_a_page_that_polls_a_redirect_to_itself(loop: Sent) -> None:
    """However fast, no fetch has more flows than 21 redirects and what followed the last of them."""
    run = Run().feed(replace(loop, id=f"h{number}", at=number / 10).observation() for number in range(100))
    run.feed(replace(loop, id=f"i{number}", at=20.0 + number).observation() for number in range(100))
    (client,) = run.tracker._known.by_key.values()
    kept = [waiting.fetch for waiting in (*client.hops._pending, *client.hops._given_up)]
    assert max(len(fetch.members) for fetch in kept) <= 21
    assert all(len(judgement.chain) <= 22 and len(judgement.paired_with) <= 21 for judgement in run.last.values())


def test_what_there_is_no_room_for_is_forgotten() -> None:
    """That nothing was seen to follow it proves nothing then."""
    run = Run().feed(
        preflight(f"p{n}", n / 1000, url=f"{API}/{n}", answer=allow("*", methods="PUT")).observation()
        for n in range(MAX_WAITING + 2)
    )
    assert (sizes(run)["preflights"], sizes(run)["queued"]) == (MAX_WAITING, MAX_WAITING)
    run.finish()
    assert (sizes(run)["preflights"], sizes(run)["given up"]) == (0, MAX_GIVEN_UP)
    found = [(run.last[f"p{n}"].verdict, run.last[f"p{n}"].revision) for n in range(MAX_WAITING + 2)]
    assert found == [(Verdict.ALLOW, 1)] * 2 + [(Verdict.DENY, 2)] * MAX_WAITING


@pytest.mark.parametrize(
    "lines",
    [
        1,
        250,
        3000,
    ],
)
def test_a_very_long_header_list_costs_little(lines: int) -> None:
    """Thousands of lines and of items are read once: no quadratic behaviour."""
    names = [f"x-{n}" for n in range(3000)]
    many = tuple(("Access-Control-Allow-Headers", ",".join(names[n::lines])) for n in range(lines))
    asked = preflight("p", headers=",".join(names), answer=(*allow(methods="PUT"), *many))
    judgement = Run().feed([asked.observation()]).last["p"]
    assert judgement.verdict is Verdict.ALLOW or any("read in part" in each for each in judgement.assumptions)
