"""What is kept of clients is bounded by its bytes: many small ones stay, large ones are forgotten, the oldest first."""

import gc
import tracemalloc
import weakref
from collections import Counter

import pytest
from mitmproxy import exceptions

from cors_addon.exchange.model import Observation, PreflightState
from cors_addon.exchange.weight import _of_flow_among_many, flows_of, of_client, of_flow
from cors_addon.flows import translate
from cors_addon.session.session import ALL, Session
from tests.helpers import ALLOW_PUT, actual, client, preflight, proxy

LASTING = (*ALLOW_PUT, ("Access-Control-Max-Age", "7200"), ("Access-Control-Allow-Headers", "*"))


def observed(session: Session, number: int, at: float, *flows: str) -> list[Observation]:
    """What the client of a number sends, in a row: `preflight`, `put`, or `large`, which nothing follows."""
    connection = client(peername=(f"10.0.{number // 250}.{number % 250}", 50000))
    seen = []
    for place, kind in enumerate(flows):
        when = at + place * 0.02
        if kind == "put":
            flow = actual(LASTING, method="PUT", at=when, connection=connection)
        else:
            more = [("X-Large", f"{place}" * 8000)] if kind == "large" else []
            flow = preflight([*LASTING, *more], at=when, connection=connection)
        if kind == "large":
            flow.request.path = f"/{place}/{at}"
        seen.append(translate.observation(flow))
        session.observe(seen[-1])
    return seen


def weight(session: Session) -> int:
    return sum(map(of_client, session.tracker._known.by_key.values()))


def test_the_oldest_are_forgotten() -> None:
    """And those that are there no longer are not known for less than they were."""
    session = Session(keep=ALL)
    session.keep_within(2 << 20)
    for number in range(600):
        observed(session, number, number / 100, "preflight", "put")
    assert weight(session) < session.budget * 1.1
    first, last = (observed(session, number, 20.0, "put")[0] for number in (0, 599))
    assert session.last[first.flow_id].preflight is PreflightState.UNSEEN
    assert session.last[last.flow_id].preflight is PreflightState.CACHED


@pytest.mark.parametrize("clients", [1, 200])
def test_preflights_that_nothing_follows(clients: int) -> None:
    """8 kB each, of one client or of many: the budget holds."""
    session, most = Session(), 0
    session.keep_within(2 << 20)
    for turn in range(600):
        observed(session, turn % clients, turn / 1000, "large", "large")
        if turn % 50 == 49:
            most = max(most, weight(session))
    assert 1 << 20 < most < (2 << 20) * 1.2
    assert weight(session) <= session.tracker._known.weight


def test_what_is_accepted() -> None:
    """Megabytes."""
    with proxy(cors_memory="128") as running:
        assert running.addon._session.tracker._known.budget == 128 << 20
        running.set(cors_engine="gecko")
        assert running.addon._session.tracker._known.budget == 128 << 20
        for value in ("", "0", "-1", "64 MB", "1.5", "9999999", "9" * 5000):
            with pytest.raises(exceptions.OptionsError, match="cors_memory"):
                running.set(cors_memory=value)


def test_ten_thousand_clients_keep_their_preflights() -> None:
    """Within 64 MB; a tenth of both here. Their header lists are alike, and weigh once."""
    session, number = Session(keep=ALL), 1_000
    session.keep_within(session.budget // 10)
    for each in range(number):
        observed(session, each, each / 1000, "preflight", "put")
        session.last.clear()
    last = [observed(session, each, 30 + each / 1000, "put")[0] for each in range(number)]
    assert Counter(session.last[each.flow_id].preflight for each in last) == {PreflightState.CACHED: number}
    known = session.tracker._known
    assert known.weight <= known.budget
    assert known._shared.weight > 0


@pytest.mark.parametrize(
    ("path", "names", "large"),
    [
        ("v" * 4000, 1, ""),
        ("", 300, ""),
        ("", 1, "v" * 8000),
        ("v" * 2000, 100, "v" * 4000),
    ],
    ids=["long URLs", "many names", "long answers", "all of them"],
)
def test_a_heavy_client_loses_its_own_first(path: str, names: int, large: str) -> None:
    """One in twenty flows is its; all others keep what they hold, a tenth of 10,000 in a tenth of 64 MB."""
    session, number = Session(keep=ALL), 1_000
    session.keep_within(session.budget // 10)
    heavy = client(peername=("192.0.2.1", 50000))
    for each in range(number):
        at = each / 1000
        observed(session, each, at, "preflight", "put")
        if each % 10 == 0:
            asked = ",".join(f"x-{each}-{name}" for name in range(names))
            flow = preflight([*LASTING, ("X-Large", large)], headers=asked, at=at, connection=heavy)
            flow.request.path = f"/{each}/{path}"
            session.observe(translate.observation(flow))
        session.last.clear()
    known = session.tracker._known
    assert known.weight <= known.budget
    last = [observed(session, each, 30 + each / 1000, "put")[0] for each in range(number)]
    assert Counter(session.last[each.flow_id].preflight for each in last) == {PreflightState.CACHED: number}


def test_many_flows_are_weighed_by_their_size() -> None:
    """As each would be by its lines, within a tenth; a thousand of them take too long."""
    for lines in (0, 30, 120):
        session = Session()
        for turn in range(300):
            flow = preflight([*LASTING, *((f"X-Name-{each}", "v" * 50) for each in range(lines))], at=turn / 1000)
            flow.request.path = f"/{turn}"
            session.observe(translate.observation(flow))
        [kept] = session.tracker._known.by_key.values()
        flows = flows_of(kept)
        estimated = sum(map(_of_flow_among_many, flows))
        assert len(flows) == 300
        assert abs(estimated - sum(map(of_flow, flows))) < estimated / 10


@pytest.mark.parametrize("light", [1, 3, 40])
def test_where_few_share_the_heaviest_loses_first(light: int) -> None:
    """One that fills the budget does not make those forgotten that have little, however long they were not seen."""
    session = Session(keep=ALL)
    session.keep_within(2 << 20)
    for number in range(1, light + 1):
        observed(session, number, number / 1000, "preflight", "put")
    for turn in range(600):
        observed(session, 0, 1 + turn / 1000, "large")
    known = session.tracker._known
    assert 1 << 20 < known.weight <= known.budget
    last = [observed(session, number, 30.0, "put")[0] for number in range(1, light + 1)]
    assert Counter(session.last[each.flow_id].preflight for each in last) == {PreflightState.CACHED: light}


def test_what_a_heavy_client_loses_is_free_at_once() -> None:
    """Not only when the interpreter looks for circles."""
    session = Session()
    session.keep_within(1 << 20)
    gc.disable()
    try:
        observed(session, 0, 0.0, "large")
        kept = next(iter(session.tracker._known.by_key.values()))
        first = weakref.ref(kept.preflights.all()[0].judgement)
        for turn in range(1, 200):
            observed(session, 0, turn / 1000, "large")
        assert kept.preflights.all()
        assert first() is None
    finally:
        gc.enable()


def test_what_is_shared_weighs_once() -> None:
    """It leaves with its last holder, and the sum is that of its parts."""
    session, most = Session(), 0
    session.keep_within(1 << 20)
    known = session.tracker._known
    for number in range(600):
        observed(session, number % 250, number / 100, "preflight", "put", *(["large"] if number % 9 == 0 else []))
        parts = sum(each.weight + each.unweighed for each in known.by_key.values())
        assert known.weight == parts + known._shared.weight
        held = {id(fields) for each in known.by_key.values() for fields in each.shared}
        assert held == {id(each.what) for each in known._shared._lists.values()}
        most = max(most, len(held))
    assert most
    while len(known.by_key) > 1:
        known._let_go()
    known._let_go()
    assert known._shared.weight < 20_000


def test_a_client_that_is_forgotten_is_free_at_once() -> None:
    """Not only when the interpreter looks for circles, which may be hundreds of megabytes later."""
    session = Session()
    session.keep_within(1 << 20)
    gc.disable()
    try:
        observed(session, 0, 0.0, "large", "large", "preflight", "put", "large")
        first = weakref.ref(next(iter(session.tracker._known.by_key.values())))
        waiting = weakref.ref(first().preflights.all()[0].judgement)  # type: ignore[union-attr]
        for number in range(1, 300):
            observed(session, number, number / 100, "large")
        assert first() is None
        assert waiting() is None
    finally:
        gc.enable()


def _names(seed: int) -> str:
    return ",".join(f"x{seed * 37 + number:x}" for number in range(1500))


@pytest.mark.parametrize("granted", [True, False])
def test_what_is_remembered_of_long_headers(granted: bool) -> None:
    """Memory beyond the budget: readings, outcomes and phrases are remembered for the short alone."""
    with proxy(cors_memory="1") as running:
        for turn in range(130):
            if turn == 30:
                gc.collect()
                tracemalloc.start(1)
            answer = [*LASTING[:-1], ("Access-Control-Allow-Headers", _names(turn + 5))] if granted else []
            connection = client(peername=(f"10.0.0.{turn}", 50000))
            flow = preflight(answer, headers=_names(turn), at=turn / 10, connection=connection)
            running.addon.response(flow)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    assert grown < 5 << 20


def test_what_hopes_for_evidence_is_weighed() -> None:
    """Requests that do not tell their credentials mode are kept until their connection does, but not without bounds."""
    session = Session()
    session.keep_within(1 << 20)
    evidence = session.tracker._evidence
    most = 0
    for number in range(200):
        observed(session, number, number / 100, "put")
        most = max(most, evidence.weight)
        assert evidence.weight == sum(evidence._undecided.values()) <= (1 << 16) + 8192
    assert most > 1 << 15
    session.settle(1e12)
    assert evidence.weight == 0
