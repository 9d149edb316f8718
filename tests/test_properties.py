"""Laws that hold for whatever bytes a header has, seeded from the tables of the other tests."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cors_addon.engines import ENGINES, detect
from cors_addon.exchange.cookies import parse_set_cookie
from cors_addon.exchange.exposure import exposed_headers, hidden_headers
from cors_addon.exchange.fixes import apply_edits, smallest_change
from cors_addon.exchange.model import Judgement, Observation, Verdict
from cors_addon.exchange.other_engines import outcomes
from cors_addon.exchange.outcomes import judged_fields, rejudge
from cors_addon.exchange.steps import StepOutcome, steps
from cors_addon.fetch.headers import CorsLines, cors_lines, extract_tokens, is_token, normalize, readable, split_list
from cors_addon.fetch.mime import essence
from cors_addon.fetch.origins import host_to_ascii, is_valid_url, parse_url, resolve
from cors_addon.fetch.refusals import Reason
from cors_addon.fetch.requests import cors_unsafe_names
from cors_addon.session.session import ALL, Session
from tests.cases import answers, scenarios
from tests.cases.traffic import AGENTS, API, PAGE, SHOP, START, Scenario, Sent, capitals, encode, stranger, url
from tests.cases.values import BASE, HEADER_SEEDS, HOSTS, LOCATIONS

settings.register_profile("cors_addon", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
settings.load_profile("cors_addon")

ROWS = (*answers.ACTUAL, *answers.PREFLIGHT, *answers.REDIRECT)
SCENARIOS: tuple[Scenario, ...] = (
    *scenarios.PAIRING,
    *scenarios.DENIED,
    *scenarios.REDIRECTS,
    *scenarios.CACHE,
    *scenarios.CONTRADICTIONS,
    *scenarios.TOGETHER,
    *scenarios.REVALIDATION,
    *scenarios.EVIDENCE,
)
TRAFFIC: tuple[Sent, ...] = tuple(sent for scenario in SCENARIOS for sent in scenario.traffic[:6])


def unique(items: Iterable[bytes]) -> list[bytes]:
    """Each once, in order."""
    return list(dict.fromkeys(items))


ANSWERS = (*(row.answer for row in ROWS), *(lines for sent in TRAFFIC for lines in (sent.request, sent.answer)))
NAMES = unique(
    [
        *(encode(name) for lines in ANSWERS for name, _ in lines),
        *(
            b"Access-Control-Request-Headers",
            b"Access-Control-Expose-Headers",
            b"Set-Cookie",
            b"Authorization",
            b"Range",
        ),
    ]
)
VALUES = unique(
    [
        *HEADER_SEEDS,
        *(encode(value) for row in ROWS for _, value in row.answer),
        *(encode(value) for sent in TRAFFIC for lines in (sent.request, sent.answer) for _, value in lines),
    ]
)
METHODS = unique([*(row.method.encode() for row in ROWS), b"OPTIONS", b"get", b"", b"\xff"])
URLS = (API, SHOP, f"{PAGE}/x", "http://localhost:3000/", scenarios.THIRD, scenarios.OTHER)

names = st.one_of(st.sampled_from(NAMES), st.sampled_from(NAMES).map(bytes.upper), st.binary(max_size=12))
values = st.one_of(
    st.sampled_from(VALUES),
    st.tuples(st.sampled_from(VALUES), st.binary(max_size=3), st.sampled_from(VALUES)).map(b"".join),
    st.binary(max_size=40),
)
header_lists = st.lists(st.tuples(names, values), max_size=8).map(tuple)
statuses = st.one_of(st.none(), st.sampled_from([200, 204, 301, 302, 303, 304, 307, 308, 401, 404, 500]))


@st.composite
def observations(draw: st.DrawFn, clients: int = 1) -> Observation:
    """Anything, though often nearly what browsers and servers send."""
    origin = draw(st.sampled_from([PAGE, "null", "https://b.test", ""]))
    request: list[tuple[bytes, bytes]] = []
    response: list[tuple[bytes, bytes]] = []
    if draw(st.booleans()):
        request.append((b"Origin", origin.encode()))
    if draw(st.booleans()):
        request.append((b"Access-Control-Request-Method", draw(st.sampled_from(METHODS))))
    if draw(st.booleans()):
        response.append((b"Access-Control-Allow-Origin", draw(st.sampled_from([origin.encode(), b"*"]))))
    if draw(st.booleans()):
        response.append((b"Location", draw(st.sampled_from([*LOCATIONS, *map(str.encode, URLS)]))))
    agent = draw(st.sampled_from([*AGENTS.values(), b"curl/8"]))
    started = START + draw(st.floats(0, 200))
    return Observation(
        flow_id=str(draw(st.integers(0, 10**9))),
        client=draw(st.integers(1, clients)),
        connection=draw(st.sampled_from([None, "one", "two"])),
        started=started,
        ended=started + draw(st.floats(0, 70)),
        method=draw(st.sampled_from(METHODS) | st.binary(max_size=6)),
        url=url(draw(st.sampled_from(URLS))),
        request=((b"User-Agent", agent), *request, *draw(header_lists)),
        status=draw(statuses),
        response=(*response, *draw(header_lists)),
        http2=draw(st.booleans()),
    )


def look_at(judgement: Judgement) -> None:
    """Ask everything there is to ask of a judgement, and see that the answers agree."""
    exposed, hidden = exposed_headers(judgement), hidden_headers(judgement)
    assert not set(exposed) & set(hidden)
    assert isinstance(judgement.detail, str | None)
    assert judgement.certain is not bool(judgement.assumptions)
    listed = [step.outcome for step in steps(judgement)]
    answered = judgement.observation.status is not None
    stored_unseen = any("304" in assumption for assumption in judgement.assumptions)
    if judgement.stage is not None and answered and not stored_unseen:
        assert listed.count(StepOutcome.FAILED) == (judgement.verdict is Verdict.DENY)
    elsewhere = outcomes(judgement)
    assert (judgement.engine.name in elsewhere) is (judgement.stage is not None)
    for outcome in elsewhere.values():
        assert (outcome.refusal is None) is (outcome.verdict is not Verdict.DENY)
    change = smallest_change(judgement)
    assert (change is None) is (judgement.verdict is not Verdict.DENY)
    if change is not None and change.complete:
        status = judgement.observation.status if change.status is None else change.status
        fields = apply_edits(judged_fields(judgement), change.edits)
        assert rejudge(judgement, judgement.engine, fields, status).verdict is Verdict.ALLOW
    if change is not None and not change.complete:
        assert change.note or judgement.reason is not Reason.NETWORK_ERROR


@settings(max_examples=80)
@given(st.lists(observations(), min_size=1, max_size=5), st.sampled_from(["auto", *ENGINES]))
def test_no_bytes_whatever_raise(seen: list[Observation], engine: str) -> None:
    """Whatever comes is judged, and can be explained, changed and compared."""
    session = Session(engine=engine)
    judged: dict[int, Judgement] = {}
    for each in sorted(seen, key=lambda one: one.ended):
        for judgement in session.observe(each):
            judged[id(judgement)] = judgement
    for judgement in [*judged.values(), *session.finish()]:
        look_at(judgement)


def test_no_flow_of_the_scenarios_raises() -> None:
    """The same for every judgement of every scenario."""
    for scenario in SCENARIOS:
        for engine in scenario.engines:
            session = Session(**scenario.options)
            judged = [item for sent in scenario.traffic for item in session.observe(sent.observation(engine))]
            for judgement in {id(item): item for item in [*judged, *session.finish()]}.values():
                look_at(judgement)


@settings(max_examples=150)
@given(values)
def test_parsing_is_total(value: bytes) -> None:
    """Each parser has an answer for any bytes."""
    text = normalize(value)
    items = split_list(text)
    assert all(items)
    assert extract_tokens(text) == (items if all(map(is_token, items)) else None)
    assert essence(text) is None or "/" in str(essence(text))
    assert isinstance(readable(text), str)
    assert isinstance(is_valid_url(text), bool)
    parse_url(text)
    detect(value)
    assert cors_lines([(value, value)]) in (CorsLines(), cors_lines([(value, value)]))
    parse_set_cookie(value, url(API), 0.0, None)
    for engine in ENGINES.values():
        engine.cache.max_age(text)
        for name in (*engine.rules.safelist, "x"):
            cors_unsafe_names([(name.encode(), value)], engine.rules.safelist, engine.rules.name_kinds)


@settings(max_examples=150)
@given(st.one_of(st.sampled_from(list(LOCATIONS)), values), st.sampled_from([BASE, *URLS]))
def test_resolving_is_idempotent(location: bytes, base: str) -> None:
    """What a Location leads to leads to itself, from anywhere; nothing raises."""
    target = resolve(location, url(base))
    assert (target.url is None) is (target.unusable is not None)
    if target.url is not None:
        again = resolve(str(target.url).encode(), url("http://elsewhere.test/x"))
        assert (again.url, again.unusable, again.has_credentials) == (target.url, None, False)
        assert str(target.url).isascii()


@settings(max_examples=120)
@given(st.one_of(st.sampled_from(list(HOSTS)), st.text(max_size=10)))
def test_hosts_are_idempotent(host: str) -> None:
    """The ASCII form of a host is its own ASCII form; nothing raises."""
    found = host_to_ascii(host)
    assert found is None or (found.isascii() and found == found.lower() and host_to_ascii(found) == found)


def facts(judgement: Judgement) -> tuple[Any, ...]:
    """What a judgement says, ids aside."""
    return (
        judgement.role,
        judgement.verdict,
        judgement.refusal,
        judgement.credentials,
        judgement.preflight,
        judgement.preflight_because,
        tuple(judgement.paired_with),
        judgement.contradicted,
        judgement.assumptions,
        judgement.revision,
    )


def run(seen: Iterable[Observation]) -> dict[str, tuple[Any, ...]]:
    """The last word on each flow."""
    session = Session(keep=ALL)
    for each in seen:
        # a session also settles all clients by the clock of each, so that the order of their flows is not to be chance
        session.told(session.tracker.observe(each))
    session.finish()
    return {flow_id: facts(judgement) for flow_id, judgement in session.last.items()}


histories = st.lists(observations(), min_size=1, max_size=4, unique_by=lambda each: each.flow_id)
known_histories = st.one_of(
    histories,
    st.tuples(st.sampled_from(SCENARIOS), st.sampled_from(list(AGENTS))).map(
        lambda pair: [sent.observation(pair[1]) for sent in pair[0].traffic[:12]]
    ),
)


@settings(max_examples=50)
@given(known_histories)
def test_the_case_of_header_names_means_nothing(seen: list[Observation]) -> None:
    """Every fact but the spelling stays, which a line that cannot be read is told in."""
    assert repr(run(map(capitals, seen))).lower() == repr(run(seen)).lower()


@settings(max_examples=50)
@given(known_histories, known_histories, st.randoms(use_true_random=False))
def test_other_clients_change_nothing(seen: list[Observation], others: list[Observation], random: Any) -> None:
    """However the flows of two clients interleave, each is judged as if it were alone."""
    mine, theirs = list(seen), [stranger(each) for each in others]
    mixed: list[Observation] = []
    while mine or theirs:
        mixed.append((mine if mine and (not theirs or random.random() < 0.5) else theirs).pop(0))
    assert run(mixed) == run(seen) | run(stranger(each) for each in others)


@settings(max_examples=60)
@given(observations())
def test_a_verdict_is_that_of_its_own_engine(seen: Observation) -> None:
    """Forced or found, an engine says the same."""
    for engine, agent in AGENTS.items():
        rest = tuple((name, value) for name, value in seen.request if name.lower() != b"user-agent")
        each = replace(seen, request=((b"User-Agent", agent), *rest))
        auto = [facts(item) for item in Session().observe(each)]
        assert [facts(item) for item in Session(engine=engine).observe(each)] == auto
