"""The plan of a probe, and what the answers to it show: tables, and servers of every kind that are asked to the end."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_addon.audit.auditor import Auditor
from cors_addon.audit.probe import MAX_QUESTIONS, Access, Plan, Probe, ProbeAnswer, Request, Unfit, plan
from cors_addon.audit.questions import Asks, Question, questions
from cors_addon.exchange.model import Fields, Observation
from cors_addon.fetch.headers import get
from cors_addon.fetch.origins import parse_url
from cors_addon.policy.model import Mode
from cors_addon.policy.origins import collect
from cors_addon.policy.read import read
from cors_addon.policy.suffixes import registrable_domain
from cors_addon.policy.write import write
from cors_addon.reasons.finding import FindingName
from cors_addon.report import admission
from cors_addon.report import probe as words
from cors_addon.session.session import judge_replayed
from tests.cases.findings import INSECURE, LOCAL, LOOKALIKE, NULL, PRIVATE, UNRELATED, VARY
from tests.cases.traffic import Lines, Sent, fields, url
from tests.test_properties import observations

API = "https://api.shop.com/me?session=1"
PAGE = "https://app.shop.com"
COOKIE = ("Cookie", "a=b")
FOREIGN = "https://attacker.invalid"


def planned(sent: Sent, *names: str) -> Plan:
    """The plan for a request that is fit for one."""
    made = plan(sent.observation(), registrable_domain, names)
    assert isinstance(made, Plan), made
    return made


def get_me(*more: tuple[str, str], **changes: object) -> Sent:
    """A GET of the page, as the browser sent it."""
    given = {"id": "a", "url": API, "request": [("Origin", PAGE), COOKIE, *more], **changes}
    return Sent(**given)  # type: ignore[arg-type]


# ---- the questions ----


def words_of(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ORIGINS: dict[tuple[str, str | None, str | None], tuple[str, ...]] = {
    # the server, Origin, Referer: with which origins it is asked, in this order, where the page is let in: a page of
    # the same site, of the server, of another site; no page; what is no origin
    ("https://api.shop.com/", PAGE, None): words_of(
        "https://app.shop.com https://attacker.invalid null http://app.shop.com "
        "https://app.shop.com.attacker.invalid https://attackershop.com https://appxshop.com "
        "https://cors-probe.shop.com https://app.shop.com!.attacker.invalid https://hop.com "
        "http://localhost:3000 https://cors-probe.github.io"
    ),
    ("https://shop.com/", "https://shop.com", None): words_of(
        "https://shop.com https://attacker.invalid null http://shop.com https://shop.com.attacker.invalid "
        "https://attackershop.com https://cors-probe.shop.com https://shop.com!.attacker.invalid "
        "https://hop.com http://localhost:3000 https://cors-probe.github.io http://localhost"
    ),
    ("https://api.bank.co.uk/", "https://a.b.shop.com:8443", None): words_of(
        "https://a.b.shop.com:8443 https://attacker.invalid null http://a.b.shop.com "
        "https://a.b.shop.com.attacker.invalid:8443 https://attackershop.com:8443 https://a.bxshop.com:8443 "
        "https://cors-probe.shop.com:8443 https://a.b.shop.com!.attacker.invalid:8443 "
        "https://bank.co.uk.attacker.invalid:8443 https://attackerbank.co.uk:8443 http://localhost:3000"
    ),
    ("http://localhost:8000/", "http://localhost:3000", None): words_of(
        "http://localhost:3000 https://attacker.invalid null http://localhost.attacker.invalid:3000 "
        "http://localhost!.attacker.invalid:3000"
    ),
    ("http://10.0.0.5/", "http://10.0.0.5", None): words_of(
        "http://10.0.0.5 https://attacker.invalid null http://10.0.0.5.attacker.invalid "
        "http://10.0.0.5!.attacker.invalid"
    ),
    ("http://[::1]:8000/", "http://[::1]:3000", None): words_of("http://[::1]:3000 https://attacker.invalid null"),
    ("https://api.shop.com/", None, "https://www.shop.com/cart?x"): words_of(
        "https://www.shop.com https://attacker.invalid null http://www.shop.com "
        "https://www.shop.com.attacker.invalid https://attackershop.com https://wwwxshop.com "
        "https://cors-probe.shop.com https://www.shop.com!.attacker.invalid https://hop.com "
        "http://localhost:3000 https://cors-probe.github.io"
    ),
    ("http://localhost/", None, None): words_of(
        "http://localhost https://attacker.invalid null http://localhost.attacker.invalid "
        "http://localhost!.attacker.invalid"
    ),
    ("http://localhost/", "null", "https://www.shop.com/"): words_of(
        "null https://attacker.invalid http://localhost.attacker.invalid http://localhost!.attacker.invalid"
    ),
    ("http://localhost/", "chrome-extension://abc", None): words_of(
        "chrome-extension://abc https://attacker.invalid null http://localhost.attacker.invalid "
        "http://localhost!.attacker.invalid"
    ),
    ("http://localhost/", "https://a b\r\nX: y", None): words_of(
        "http://localhost https://attacker.invalid null http://localhost.attacker.invalid "
        "http://localhost!.attacker.invalid"
    ),
    ("http://localhost/", "https://" + "a" * 300, None): words_of(
        "http://localhost https://attacker.invalid null http://localhost.attacker.invalid "
        "http://localhost!.attacker.invalid"
    ),
}


def asked(given: tuple[str, str | None, str | None], own: Access) -> tuple[str, ...]:
    """What is asked of a server that lets in, of all origins, the page's at most."""
    server, origin, referer = given
    headers = [(name, value) for name, value in (("Origin", origin), ("Referer", referer)) if value is not None]
    probe = Probe(planned(get_me(url=server, request=headers)), registrable_domain)
    while (request := probe.next()) is not None:
        access = own if request.question.asks is Asks.OWN else Access.REFUSED
        probe.answers.append(ProbeAnswer(request.question, access, 200))
    return tuple(answer.question.origin for answer in probe.answers)


@pytest.mark.parametrize("given", ORIGINS, ids=str)
def test_origins(given: tuple[str, str | None, str | None]) -> None:
    """Exactly these, and no more than the bound; where the page is not let in, those that resemble the server."""
    assert asked(given, Access.CREDENTIALED) == ORIGINS[given]
    refused = asked(given, Access.REFUSED)
    assert len(refused) <= MAX_QUESTIONS
    host = url(given[0]).host
    if not host.startswith("["):
        assert any(each.partition("://")[2].startswith(f"{host}.attacker.invalid") for each in refused)


def test_each_question_is_some_case() -> None:
    """And each has words."""
    asked = {
        question.asks
        for server, origin, referer in ORIGINS
        for question in questions(url(server), origin, referer, registrable_domain)
    }
    assert asked == set(Asks) == set(words._ASKED)


# ---- what is sent ----


def test_a_get_is_sent_again() -> None:
    """With its credentials; with what a browser would say of the other page; not asking whether a copy still holds."""
    sent = get_me(
        *(("Authorization", "Bearer x"), ("Referer", f"{PAGE}/cart"), ("If-None-Match", '"1"'), ("X-Token", "t")),
        *(("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Dest", "empty")),
        *(("Connection", "keep-alive"), ("Range", "bytes=0-9"), ("Upgrade-Insecure-Requests", "1")),
    )
    made = planned(sent)
    assert not made.by_preflight
    assert made.bears_credentials
    assert made.endpoint == ("GET", "https://api.shop.com", "/me")
    by_origin = {request.question.origin: request for request in made.requests}
    agent = get(sent.observation().request, b"user-agent") or ""
    kept: Lines = [("Host", "host"), ("User-Agent", agent), COOKIE, ("Authorization", "Bearer x")]

    def lines(site: str, referer: str | None, origin: str) -> Fields:
        page: Lines = [] if referer is None else [("Referer", referer)]
        modes = [("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", site), ("Sec-Fetch-Dest", "empty")]
        return fields([*kept, *page, ("X-Token", "t"), *modes, ("Range", "bytes=0-9"), ("Origin", origin)])

    for origin, site, referer in (
        (PAGE, "same-site", f"{PAGE}/"),
        (FOREIGN, "cross-site", f"{FOREIGN}/"),
        ("null", "cross-site", None),
        ("http://app.shop.com", "cross-site", "http://app.shop.com/"),
        ("https://cors-probe.shop.com", "same-site", "https://cors-probe.shop.com/"),
    ):
        assert by_origin[origin].method == b"GET"
        assert by_origin[origin].fields == lines(site, referer, origin)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "patch", "OPTIONS", "QUERY"])
def test_anything_else_is_asked_for_by_its_preflight(method: str) -> None:
    """Without a cookie, a token or a body: what it would do is not done."""
    sent = get_me(
        *(("Authorization", "Bearer x"), ("Content-Type", "application/json"), ("X-B", "1"), ("Content-Length", "5")),
        method=method,
    )
    made = planned(sent, *(["authorization"] if method == "DELETE" else []))
    assert made.by_preflight
    assert not made.bears_credentials
    assert made.endpoint == (method, "https://api.shop.com", "/me")
    names = "authorization" if method == "DELETE" else "content-type,x-b"
    for request in made.requests:
        assert request.method == b"OPTIONS"
        assert [name for name, _ in request.fields] == [
            *(b"Host", b"User-Agent", b"Accept", b"Access-Control-Request-Method"),
            *(b"Access-Control-Request-Headers", b"Origin"),
        ]
        assert get(request.fields, b"access-control-request-method") == method
        assert sorted((get(request.fields, b"access-control-request-headers") or "").split(",")) == names.split(",")


def test_a_preflight_is_asked_again() -> None:
    """For the same; it is the same endpoint as the request for which it was sent."""
    asked = [("Access-Control-Request-Method", "PUT"), ("Access-Control-Request-Headers", "x-b, X-A")]
    made = planned(get_me(*asked, method="OPTIONS"))
    assert made.endpoint == planned(get_me(method="PUT")).endpoint
    assert get(made.requests[0].fields, b"access-control-request-headers") == "x-b,x-a"
    assert get(made.requests[0].fields, b"cookie") is None


def test_names_are_written_as_http2_has_them() -> None:
    """Where all of the request's are."""
    seen = get_me(method="PUT").observation()
    lower = replace(seen, request=tuple((name.lower(), value) for name, value in seen.request))
    made = plan(lower, registrable_domain)
    assert isinstance(made, Plan)
    assert all(name == name.lower() for request in made.requests for name, _ in request.fields)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (get_me(method="CONNECT"), Unfit.TUNNEL),
        (get_me(("Upgrade", "WebSocket")), Unfit.WEBSOCKET),
        (get_me(("Sec-WebSocket-Key", "x")), Unfit.WEBSOCKET),
        (get_me(method="GE T"), Unfit.MALFORMED),
        (get_me(method=""), Unfit.MALFORMED),
        (get_me(("Access-Control-Request-Method", "P\tT"), method="OPTIONS"), Unfit.MALFORMED),
    ],
)
def test_what_is_not_asked(sent: Sent, why: Unfit) -> None:
    """And why."""
    assert plan(sent.observation(), registrable_domain) is why


@given(observations())
def test_whatever_was_seen_nothing_unsafe_is_sent(seen: Observation) -> None:
    """No line that would end early, no method but three, no credentials in a preflight, never too much."""
    made = plan(seen, registrable_domain)
    if isinstance(made, Unfit):
        return
    assert 1 <= len(made.requests) <= 2 * MAX_QUESTIONS
    for request in made.requests:
        assert request.method in (b"GET", b"HEAD", b"OPTIONS")
        assert request.method == b"OPTIONS" or request.method == seen.method
        names = {name.lower() for name, _ in request.fields}
        if request.method == b"OPTIONS":
            assert not names & {b"cookie", b"authorization", b"proxy-authorization"}
        assert not any(mark in part for line in request.fields for part in line for mark in b"\r\n\0")
        assert [value for name, value in request.fields if name.lower() == b"origin"] == [
            request.question.origin.encode()
        ]


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_origin_there_was(origin: str, referer: str) -> None:
    """All but that itself are what a browser could send, each once."""
    found = questions(url(API), origin, referer, registrable_domain)
    asked = [question.origin for question in found]
    assert len(set(asked)) == len(asked)
    assert all(each == "null" or (parse_url(each) or url(API)).origin == each for each in asked[1:])


# ---- servers ----

type Server = Callable[[str], Lines]
"""What a server answers an origin."""


def credentialed(origin: str, *more: tuple[str, str]) -> Lines:
    return [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true"), *more]


def letting_in(test: Callable[[str], object]) -> Server:
    """A server that sends back the origins which pass a test."""
    return lambda origin: [*(credentialed(origin) if test(origin) else []), ("Vary", "Origin")]


FRESH = ("Cache-Control", "max-age=60")
LOOKALIKES = ("https://app.shop.com.attacker.invalid", "https://attackershop.com", "https://appxshop.com")
SPECIAL = "https://app.shop.com!.attacker.invalid"
EVERY = ORIGINS["https://api.shop.com/", PAGE, None]
SUBDOMAIN = FindingName.ANY_SUBDOMAIN_WITH_CREDENTIALS
SERVERS: dict[str, tuple[Server, dict[str, tuple[FindingName, ...]]]] = {
    "a list": (letting_in(lambda origin: origin == PAGE), {}),
    "any subdomain": (
        letting_in(lambda origin: re.fullmatch(r"https://([a-z-]+\.)?shop\.com", origin)),
        {"https://cors-probe.shop.com": (SUBDOMAIN,)},
    ),
    "no list, anybody": (letting_in(lambda _: True), {FOREIGN: (UNRELATED,), "null": (NULL,)}),
    "anybody with a name": (letting_in(lambda origin: origin != "null"), {FOREIGN: (UNRELATED,)}),
    "null too": (letting_in(lambda origin: origin in (PAGE, "null")), {"null": (NULL,)}),
    "ends with": (
        letting_in(lambda origin: origin.endswith("shop.com") and origin.startswith("https:")),
        {**dict.fromkeys(LOOKALIKES[1:], (LOOKALIKE,)), "https://cors-probe.shop.com": (SUBDOMAIN,)},
    ),
    "begins with": (
        letting_in(lambda origin: origin.startswith(PAGE)),
        {LOOKALIKES[0]: (LOOKALIKE,), SPECIAL: (LOOKALIKE,)},
    ),
    "contains": (
        letting_in(lambda origin: "shop.com" in origin),
        {
            **dict.fromkeys((*LOOKALIKES, SPECIAL), (LOOKALIKE,)),
            "http://app.shop.com": (INSECURE,),
            "https://cors-probe.shop.com": (SUBDOMAIN,),
        },
    ),
    "a dot that is not escaped": (
        letting_in(lambda origin: re.fullmatch("https://app.shop.com", origin)),
        {LOOKALIKES[2]: (LOOKALIKE,)},
    ),
    "without TLS": (
        letting_in(lambda origin: origin.partition("://")[2] == "app.shop.com"),
        {"http://app.shop.com": (INSECURE,)},
    ),
    "one developer": (
        letting_in(lambda origin: origin in (PAGE, "http://localhost:3000")),
        {"http://localhost:3000": (LOCAL,)},
    ),
    "developers": (
        letting_in(lambda origin: origin == PAGE or origin.startswith("http://localhost")),
        {"http://localhost:3000": (LOCAL,)},
    ),
    # without credentials nobody reads what is the user's
    "open": (lambda _: [("Access-Control-Allow-Origin", "*")], {}),
    "reflecting without credentials": (
        lambda origin: [("Access-Control-Allow-Origin", origin), ("Vary", "Origin")],
        {},
    ),
    "wrong credentials": (
        lambda origin: [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "True")],
        {},
    ),
    "star with credentials": (lambda _: credentialed("*"), {}),
    "no CORS at all": (lambda _: [], {}),
    "one for all": (lambda _: credentialed(PAGE), {}),
    "twice": (lambda origin: [*credentialed(origin), *credentialed(origin)], {}),
    # what several answers show
    "a list without Vary": (
        lambda origin: [*(credentialed(origin) if origin == PAGE else []), FRESH],
        dict.fromkeys(EVERY[1:], (VARY,)),
    ),
    "null for all": (
        lambda _: credentialed("null"),
        dict.fromkeys(asked(("https://api.shop.com/", PAGE, None), Access.REFUSED), (NULL,)),
    ),
}


def judged(request: Request, seen: Sent, lines: Lines, status: int = 200) -> Observation:
    """What a request was answered."""
    observation = seen.observation()
    return replace(
        observation,
        flow_id=request.question.origin,
        method=request.method,
        request=request.fields,
        status=status,
        response=fields(lines),
    )


def run(seen: Sent, server: Server, status: int = 200) -> Probe:
    """Ask a server to the end."""
    probe = Probe(planned(seen), registrable_domain)
    while (request := probe.next()) is not None:
        answer = judge_replayed(judged(request, seen, server(request.question.origin), status), "chromium")
        assert answer is not None
        assert probe.answered(request.question, answer) == probe.answers[-1].findings
    return probe


def found(probe: Probe) -> dict[str, tuple[FindingName, ...]]:
    """What each answer showed."""
    return {
        answer.question.origin: tuple(finding.name for finding in answer.findings)
        for answer in probe.answers
        if answer.findings
    }


@pytest.mark.parametrize("name", SERVERS)
def test_server(name: str) -> None:
    """Exactly these findings, from a GET; from preflights the same, but for what only caches mind."""
    server, expected = SERVERS[name]
    assert found(run(get_me(), server)) == expected
    without = {origin: tuple(each for each in names if each is not VARY) for origin, names in expected.items()}
    expected = {origin: names for origin, names in without.items() if names}
    assert found(run(get_me(method="PUT"), server, 204)) == expected


@pytest.mark.parametrize("name", SERVERS)
def test_a_preflight_that_fails_lets_nobody_in(name: str) -> None:
    """Whatever its headers say."""
    probe = run(get_me(method="PUT"), SERVERS[name][0], 404)
    assert found(probe) == {}
    assert {answer.access for answer in probe.answers} == {Access.REFUSED}


def test_the_details_name_the_origin() -> None:
    """But for null, which is its own name."""
    probe = run(get_me(), SERVERS["contains"][0])
    assert [finding.detail for answer in probe.answers for finding in answer.findings] == [
        "http://app.shop.com",
        *LOOKALIKES,
        "https://cors-probe.shop.com",
        SPECIAL,
    ]
    probe = run(get_me(), SERVERS["no list, anybody"][0])
    assert [finding.detail for answer in probe.answers for finding in answer.findings] == [FOREIGN, None]


def test_a_developers_own_server_is_held_to_the_same() -> None:
    """The passive audit keeps silent on local servers: the probe's origins are nobody's there, too."""
    seen = get_me(url="http://localhost:8000/me", request=[("Origin", "http://localhost:3000"), COOKIE])
    assert found(run(seen, letting_in(lambda _: True))) == {FOREIGN: (UNRELATED,), "null": (NULL,)}
    starts = letting_in(lambda origin: origin.startswith("http://localhost"))
    others = ("http://localhost.attacker.invalid:3000", "http://localhost!.attacker.invalid:3000")
    assert found(run(seen, starts)) == dict.fromkeys(others, (LOOKALIKE,))


def test_a_private_server_open_to_all() -> None:
    """As the auditor says."""
    seen = get_me(url="http://10.0.0.5/", request=[("Origin", "http://10.0.0.5")])
    probe = run(seen, SERVERS["open"][0])
    assert set(found(probe).values()) == {(PRIVATE,)}


def test_the_own_origin_shows_what_it_always_showed() -> None:
    """A page without TLS that is on the list."""
    seen = get_me(request=[("Origin", "http://app.shop.com"), COOKIE])
    assert found(run(seen, letting_in(lambda origin: origin == "http://app.shop.com"))) == {
        "http://app.shop.com": (INSECURE,)
    }


# ---- beside what scanners look for ----

HOST = "api.shop.com"
_OWN = ("app.shop.com", HOST)


def host_of(origin: str) -> str:
    return origin.partition("://")[2].partition(":")[0]


def reflecting(origin: str) -> Lines:
    return [("Access-Control-Allow-Origin", origin), FRESH]


MISCONFIGURED: dict[str, tuple[Server, FindingName]] = {
    "whoever asks": (letting_in(lambda _: True), UNRELATED),
    "whoever has a name": (letting_in(lambda origin: origin != "null"), UNRELATED),
    "null": (letting_in(lambda origin: origin == "null"), NULL),
    "null for all": (lambda _: credentialed("null"), NULL),
    "ends with": (letting_in(lambda origin: origin.endswith("shop.com")), LOOKALIKE),
    "begins with": (letting_in(lambda origin: origin.startswith(tuple(f"https://{host}" for host in _OWN))), LOOKALIKE),
    "contains": (letting_in(lambda origin: "shop.com" in origin), LOOKALIKE),
    "is contained": (letting_in(lambda origin: host_of(origin) in f"www.{HOST}"), LOOKALIKE),
    "a dot": (letting_in(lambda origin: re.fullmatch(r"https://(app|api).shop\.com", origin)), LOOKALIKE),
    "a character": (letting_in(lambda origin: re.match(r"https://(app|api)\.shop\.com(?![\w.-])", origin)), LOOKALIKE),
    "no TLS": (letting_in(lambda origin: host_of(origin) in _OWN), INSECURE),
    "any subdomain": (letting_in(lambda origin: re.fullmatch(r"https://(.+\.)?shop\.com", origin)), SUBDOMAIN),
    "shared hosts": (letting_in(lambda origin: host_of(origin).endswith((".github.io", ".codepen.io"))), UNRELATED),
    "developers": (letting_in(lambda origin: host_of(origin) == "localhost"), LOCAL),
    "no Vary": (reflecting, VARY),
}
SOUND: dict[str, Server] = {
    "a list": letting_in(lambda origin: host_of(origin) in _OWN and origin.startswith("https:")),
    "one page": lambda _: [*credentialed(PAGE), ("Vary", "Origin")],
    "everybody, without credentials": lambda _: [("Access-Control-Allow-Origin", "*"), FRESH],
    "nobody": lambda _: [FRESH],
    "whoever asks, without credentials": lambda origin: [
        ("Access-Control-Allow-Origin", origin),
        ("Vary", "Origin"),
        FRESH,
    ],
}
PAGES: dict[str, Lines] = {
    "of the same site": [("Origin", PAGE)],
    "of the server": [("Referer", f"https://{HOST}/")],
    "of another site": [("Origin", "https://news.example.net")],
    "none": [],
}


def test_what_scanners_look_for_is_found_from_any_page() -> None:
    """15 of 15, in 12 requests at most each; and nothing of what is sound."""
    missed, alarms, sent = [], [], []
    for page, lines in PAGES.items():
        seen = get_me(request=[*lines, COOKIE])
        for name, (server, wanted) in MISCONFIGURED.items():
            probe = run(seen, server)
            sent.append(len(probe.answers))
            if wanted not in {each for names in found(probe).values() for each in names}:
                missed.append((page, name, found(probe)))
        for name, server in SOUND.items():
            probe = run(seen, server)
            sent.append(len(probe.answers))
            alarms += [(page, name, found(probe))] if found(probe) else []
    assert missed == []
    assert alarms == []
    assert max(sent) <= MAX_QUESTIONS


def test_what_was_shown_is_written_as_a_policy_with_its_evidence() -> None:
    """What a policy can say as its entries, the rest above it; and it changes nothing."""
    probe = run(get_me(), MISCONFIGURED["ends with"][0])
    (made,) = admission.policies([probe])
    text = write([made])
    assert (
        "# - any host that ends with shop.com (asked with https://attackershop.com: let in, with credentials, 200)"
        in text
    )
    assert "- https://app.shop.com  # asked with https://app.shop.com: let in, with credentials, 200" in text
    loaded = read(text)
    assert [fault.message for fault in loaded.faults if fault.severity == "error"] == []
    (again,) = loaded.policies
    assert again.mode is Mode.OFF
    assert again.origins == collect(["https://app.shop.com", "http://app.shop.com", "https://*.shop.com"])
    for name, (server, _) in MISCONFIGURED.items():
        found = admission.policies([run(get_me(), server)])
        assert [fault for fault in read(write(found)).faults if fault.severity == "error"] == [], name
    assert admission.policies([run(get_me(), SOUND["nobody"])]) == []


# ---- how far it goes ----


def test_who_lets_in_whoever_asks_is_asked_no_more() -> None:
    """But for null, for which a server may have a rule of its own."""
    probe = run(get_me(), letting_in(lambda _: True))
    assert [answer.question.origin for answer in probe.answers] == [PAGE, FOREIGN, "null"]
    assert any("whoever asks is let in" in line for line in words.lines([probe]))


def test_who_asks_for_less_is_asked_no_more() -> None:
    """429."""
    probe = run(get_me(), letting_in(lambda _: False), 429)
    assert len(probe.answers) == 1
    assert any("429" in line and "11 more not asked" in line for line in words.lines([probe]))


def test_who_does_not_answer_is_asked_no_more() -> None:
    """The others of its plan are told as not asked."""
    probe = Probe(planned(get_me()), registrable_domain)
    first = probe.next()
    assert first is not None
    probe.failed(first.question, "connection refused")
    assert probe.next() is None
    assert probe.unanswered is probe.answers[0]
    text = "\n".join(words.lines([probe]))
    assert "without an answer: connection refused" in text
    assert "11 more not asked" in text
    assert words.headline([probe]) == "✗ cors.probe: no answer (1 endpoint, 1 request)"


def test_an_answer_that_never_came_shows_nothing() -> None:
    """The connection ended."""
    probe = Probe(planned(get_me()), registrable_domain)
    first = probe.next()
    assert first is not None
    seen = replace(judged(first, get_me(), credentialed("null")), status=None, response=())
    answer = judge_replayed(seen, "chromium")
    assert answer is not None
    assert probe.answered(first.question, answer) == ()
    assert probe.unanswered is not None


def test_a_rewritten_answer_counts_as_the_server_gave_it() -> None:
    """A finding is about the server, not about a policy of ours."""
    probe = Probe(planned(get_me()), registrable_domain)
    request = probe.plan.requests[1]
    seen = judged(request, get_me(), credentialed(FOREIGN))
    answer = judge_replayed(replace(seen, rewritten=("ours", 200, ())), "chromium")
    assert answer is not None
    assert probe.answered(request.question, answer) == ()
    assert probe.answers[0].access is Access.REFUSED


def test_nothing_is_learned_by_other_auditors() -> None:
    """What a probe was refused, or let in, is not held against a server by whoever audits its traffic."""
    auditor = Auditor(registrable_domain)
    run(get_me(), letting_in(lambda _: True))
    assert not auditor._endpoints


# ---- in words ----


def test_the_words_of_a_probe() -> None:
    """What was found first; then each endpoint with all origins, marked."""
    probes = [run(get_me(), SERVERS["null too"][0]), run(get_me(method="PUT"), SERVERS["a list"][0], 204)]
    assert words.headline(probes) == "! cors.probe: null-origin-with-credentials (2 endpoints, 24 requests)"
    text = list(words.lines(probes))
    assert text[1:5] == [
        "GET https://api.shop.com/me",
        "  – https://app.shop.com                      let in, with credentials (200)  · the origin that asked before",
        "  ✓ https://attacker.invalid                  not let in (200)  · a site that has nothing to do with it",
        "  ! null                                      let in, with credentials (200)  · a page without an origin of "
        "its own",
    ]
    assert "PUT https://api.shop.com/me by its preflight" in text
    assert text.count("    shows null-origin-with-credentials") == 1
    missing = list(words.lines([run(get_me(), SERVERS["a list without Vary"][0])]))
    assert missing[-1] == "    shows vary-origin-missing"
    assert all(line.startswith(("  ✓", "  –")) for line in missing[2:-1])
    assert words.headline(probes[1:]) == "✓ cors.probe: no security finding (1 endpoint, 12 requests)"


def test_who_lets_in_nobody_at_all_is_told_apart() -> None:
    """A login page, say: the control fails as well."""
    assert any("these answers say nothing of a list" in line for line in words.lines([run(get_me(), lambda _: [])]))
    assert not any("say nothing" in line for line in words.lines([run(get_me(), SERVERS["a list"][0])]))
    own = run(get_me(request=[COOKIE]), lambda _: [])
    text = "\n".join(words.lines([own]))
    assert "the server's own, which needs no permission" in text
    assert "say nothing" not in text


def test_what_is_announced() -> None:
    """How much, to whom, and with whose credentials."""
    again, asked = planned(get_me()), planned(get_me(method="PUT"))
    plain = planned(get_me(request=[("Origin", PAGE)], url="http://localhost:1/x"))
    assert words.announcement([again, asked], " Passed over: 1.") == (
        "cors.probe sends up to 12 requests, with the flows' own credentials, and 12 preflights to "
        "https://api.shop.com. Passed over: 1."
    )
    assert words.announcement([asked], "") == "cors.probe sends up to 12 preflights to https://api.shop.com."
    assert "8 requests to http://localhost:1." in words.announcement([plain], "")


@given(st.text(max_size=300))
def test_words_are_never_raw(value: str) -> None:
    """Whatever a flow or an error says."""
    made = planned(get_me(url="https://api.shop.com/" + "x" * 400))
    question = Question(Asks.LOOKALIKE, value, value)
    probe = Probe(made, registrable_domain)
    probe.failed(question, value)
    for line in [*words.lines([probe]), words.headline([probe]), words.comment(probe.answers[0])]:
        assert line.isprintable()
        assert len(line) <= 400
