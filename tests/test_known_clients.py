"""Whose a request is: clients that look alike, that look like another, or that are no browser."""

from dataclasses import replace

import pytest

from cors_addon.engines import chromium_brand
from cors_addon.exchange.model import Judgement, Role
from cors_addon.exchange.programs import NODE_HTTP
from cors_addon.exchange.request_headers import shape_of
from cors_addon.flows.translate import observation
from cors_addon.reasons.assumptions import Assumption
from cors_addon.report.client_name import program_name
from cors_addon.session.session import ALL as EVERY
from cors_addon.session.session import Session
from tests.cases.traffic import AGENTS, PAGE, Lines, Sent, allow, cors, fields, metadata, preflight
from tests.helpers import ALLOW, flow

HINTS = '"Not:A-Brand";v="8", "Chromium";v="156"'
ORIGIN = ("Origin", PAGE)


def judged(*sent: Sent) -> dict[str, Judgement]:
    """The last word on each."""
    session = Session(keep=EVERY)
    for each in sent:
        session.observe(each.observation())
    return dict(session.last)


def asked(identity: str, agent: bytes, lines: Lines, at: float = 0.0, connection: str | None = None) -> Sent:
    """A GET with an Origin, and other lines."""
    return Sent(id=identity, request=(ORIGIN, *lines), agent=agent, answer=allow(PAGE), at=at, connection=connection)


@pytest.mark.parametrize("claimed", ["gecko", "webkit", "chromium"])
def test_a_chromium_that_calls_itself_another(claimed: str) -> None:
    """DevTools' device toolbar changes the User-Agent, and not which engine decides."""
    found = judged(asked("a", AGENTS[claimed], (("Sec-CH-UA", HINTS), *metadata())))
    assert found["a"].engine.name == "chromium"


def test_its_connection_speaks_for_its_preflights() -> None:
    """They bear no hints."""
    agent = AGENTS["webkit"]
    first = asked("a", agent, (("Sec-CH-UA", HINTS), *metadata()), connection="c")
    early = preflight("p", 1.0, answer=allow(PAGE), connection="c", agent=agent)
    found = judged(first, early)
    assert {each.engine.name for each in found.values()} == {"chromium"}


@pytest.mark.parametrize(
    ("hints", "version"),
    [
        (HINTS, 156),
        ('"Chromium";v="109", "Google Chrome";v="109"', 109),
        ('"Chromium"; v="9"', 9),
        ('"Not A;Brand";v="99"', None),
        ("", None),
    ],
)
def test_the_brand(hints: str, version: int | None) -> None:
    """Among others, in whatever order."""
    assert chromium_brand(hints.encode()) == version


@pytest.mark.parametrize(
    ("agent", "lines", "role"),
    [
        # undici of Node 20: https://github.com/nodejs/undici
        (b"node", (("Sec-Fetch-Mode", "cors"), ("Accept-Language", "*")), "non-browser"),
        (AGENTS["chromium"], (("Sec-Fetch-Mode", "cors"), ("Accept-Language", "*")), "non-browser"),
        (AGENTS["chromium"], (("Sec-Fetch-Mode", "cors"), ("Accept-Encoding", "br, gzip, deflate")), "non-browser"),
        # the same over plain http, with the browser's own headers passed on
        (AGENTS["chromium"], (("Sec-Fetch-Mode", "cors"), ("Accept-Encoding", "gzip, deflate")), "non-browser"),
        # Vite's proxy, and all others made with http-proxy, send the browser's headers on as they are
        (AGENTS["chromium"], metadata("same-origin"), "same-origin"),
        (AGENTS["chromium"], (*metadata(), ("Accept-Language", "*")), "actual"),
        (AGENTS["chromium"], metadata(), "actual"),
    ],
)
def test_a_library_that_fetches_as_scripts_do(agent: bytes, lines: Lines, role: str) -> None:
    """It reads its answer, whatever the headers: a server that renders pages, or a dev server's proxy."""
    sent = Sent(id="a", request=(ORIGIN, *lines), agent=agent)
    assert judged(sent)["a"].role == role


def test_a_redirect_back_to_the_pages_own_origin() -> None:
    """Chromium to 138 at least calls it same-origin all the same; it is held to CORS, by an origin of `null`."""
    sent = Sent(id="a", request=(("Origin", "null"), *metadata("same-origin")), answer=allow(PAGE))
    assert (judged(sent)["a"].role, judged(sent)["a"].verdict) == ("actual", "deny")


LISTED = ("Accept", "Accept-Encoding", "Accept-Language")


def named(*names: str) -> Lines:
    """Header lines with these names, and values that no check looks at."""
    known = {"Origin": PAGE, "origin": PAGE, "User-Agent": AGENTS["chromium"].decode(), "sec-fetch-mode": "cors"}
    known["user-agent"] = known["User-Agent"]
    return tuple((name, known.get(name, "x")) for name in names)


@pytest.mark.parametrize(
    ("lines", "role", "called"),
    [
        # axios and got, node-fetch, superagent: measured
        (named("User-Agent", *LISTED, "Origin", "Host", "Connection"), "non-browser", "a program of Node's"),
        (named("accept", "origin", "user-agent", "Host", "Connection"), "non-browser", "a program of Node's"),
        (named("Origin", "User-Agent", "Host", "Accept-Encoding", "Connection"), "non-browser", "a program of Node's"),
        # undici.request, and Node's fetch with all of a browser's headers
        (named("host", "connection", "Origin", "User-Agent", *LISTED), "non-browser", "undici"),
        (named("host", "connection", "origin", "user-agent"), "non-browser", "undici"),
        (named("host", "connection", "origin", "user-agent", "accept", "sec-fetch-mode"), "non-browser", "undici"),
        (named("Host", "User-Agent", *LISTED, "Origin", "CF-Worker"), "non-browser", "a Cloudflare Worker"),
        # http-proxy-middleware, webpack-dev-server, Vite
        (named("origin", "accept", "user-agent", "connection", "host"), "non-browser", "a dev server's proxy"),
        # WebKitGTK; Chromium behind HAProxy or Envoy; HAR files of DevTools; Firefox
        (named("Origin", "User-Agent", *LISTED, "Connection", "Host"), "actual", None),
        (named("host", "connection", "user-agent", "accept", "origin"), "actual", None),
        (named(*LISTED, "Connection", "Host", "Origin", "User-Agent"), "actual", None),
        (named("Host", "User-Agent", *LISTED, "Origin", "Connection"), "actual", None),
    ],
)
def test_a_program_that_hands_on_a_browsers_headers(lines: Lines, role: str, called: str | None) -> None:
    """How it writes them tells."""
    seen = replace(Sent(id="a").observation(), request=fields(lines))
    [found] = Session().observe(seen)
    assert found.role == role
    name = program_name(seen.request)
    assert name is None if called is None else name is not None and name.startswith(called)


@pytest.mark.parametrize(
    ("lines", "role"),
    [
        ((("X-Forwarded-Host", "app.example.com"), ("X-Forwarded-Proto", "https")), "same-origin"),
        ((("X-Forwarded-Host", "App.example.com, inner.test"),), "same-origin"),
        ((("X-Forwarded-Host", "app.example.com"), ("X-Forwarded-Proto", "http")), "actual"),
        ((("X-Forwarded-Host", "api.example.com"),), "actual"),
        ((("X-Forwarded-Host", "app.example.com"), *metadata()), "actual"),
    ],
)
def test_a_proxy_that_says_what_the_browser_asked(lines: Lines, role: str) -> None:
    """Rewrites of Next, and nginx: the page's own origin, unless the browser says that it was another."""
    sent = Sent(id="a", method="PUT", request=((("Origin", "https://app.example.com")), *lines))
    assert judged(sent)["a"].role == role


@pytest.mark.parametrize(
    "agent", [b"axios/1.21.1", b"node-superagent/10.2.3", b"okhttp/4.12.0", b"App/1 CFNetwork/1.2"]
)
def test_a_program_on_a_connection_that_a_proxy_shares(agent: bytes) -> None:
    """React Native's, and others by their own name: what a browser asked there before counts for nothing."""
    browsers = Sent(id="a", request=(ORIGIN,), agent=AGENTS["gecko"], connection="c")
    own = Sent(id="b", method="POST", request=(ORIGIN,), agent=agent, connection="c", at=1.0)
    assert judged(browsers, own)["b"].role == "non-browser"


def test_electron_over_plain_http() -> None:
    """A page's request and that of its net module look alike, as is said; over https the latter's mode is no-cors."""
    agent = (
        b"Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) app/1 Chrome/150.0.0.0 Electron/40.1.0 Safari/537.36"
    )
    alike = Sent(id="a", request=(ORIGIN,), agent=agent)
    told = Sent(id="a", request=(ORIGIN, *metadata("none", "no-cors")), agent=agent)
    assert (judged(alike)["a"].role, judged(alike)["a"].assumptions) == ("actual", (Assumption.ELECTRON,))
    assert judged(told)["a"].role == "no-cors"


def test_a_proxy_before_ours_tells_its_clients_apart() -> None:
    """What the preflight of one permitted is nothing to another."""
    via_one, via_two = (("X-Forwarded-For", "198.51.100.1"),), (("X-Forwarded-For", "198.51.100.2"),)
    answer = allow(PAGE, methods="PUT", max_age="600")
    one = preflight("p", answer=answer, request=via_one)
    put = cors("a", 1.0, "PUT")
    mine, others = (
        Sent(id=name, method="PUT", request=(*put.request, *via), answer=put.answer, at=at, agent=put.agent)
        for name, via, at in (("mine", via_one, 1.0), ("others", via_two, 2.0))
    )
    found = judged(one, mine, others)
    assert found["mine"].preflight == "sent"
    assert found["others"].preflight == "unseen"


def test_jsdom_is_what_it_says_though_node_writes_its_requests() -> None:
    """Host and Connection come last, as in no browser; a User-Agent of its script is one that a preflight asks for."""

    def sent(agent: bytes, *more: tuple[bytes, bytes], method: str = "GET", at: float = 0.0) -> Judgement:
        each = flow(method=method, response=[*ALLOW, ("Access-Control-Allow-Headers", "user-agent")], at=at)
        own = ((b"User-Agent", agent), (b"Origin", PAGE.encode()), *more)
        each.request.headers.fields = (*own, (b"Host", b"api.example.test"), (b"Connection", b"keep-alive"))
        assert shape_of(each.request.headers.fields).program == NODE_HTTP
        return session.observe(observation(each))[0]

    session = Session()
    jsdom = b"Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/29.1.1"
    asks = (b"Access-Control-Request-Method", b"GET"), (b"Access-Control-Request-Headers", b"user-agent")
    named = [
        sent(jsdom),
        sent(jsdom, *asks, method="OPTIONS", at=1),
        sent(b"mine", at=1.1),
    ]
    assert [each.engine.name for each in named] == ["jsdom"] * 3
    assert sent(b"mine", at=100.0).role is Role.NON_BROWSER  # nothing asked for that
