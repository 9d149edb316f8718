"""Many equal requests in flight together: what each costs does not grow with them, and the pairs stay the likeliest."""

import sys

import pytest

from cors_addon.exchange.clients import GIVEN_UP_AT_ONCE
from cors_addon.exchange.model import Observation, PreflightState, Verdict
from cors_addon.flows import translate
from cors_addon.session.session import ALL, Session
from tests.helpers import ALLOW_PUT, actual, preflight


def burst(count: int) -> list[Observation]:
    """So many preflights at once, answered half a second later, and after them their requests."""
    step, took = 0.0001, 0.5
    sent = count * step + took
    asked = [preflight(ALLOW_PUT, at=number * step, took=took) for number in range(count)]
    then = [actual(ALLOW_PUT, method="PUT", at=sent + number * step, took=took) for number in range(count)]
    return [translate.observation(flow) for flow in (*asked, *then)]


def steps(count: int) -> float:
    """Lines and jumps of our code, for each exchange of a burst."""
    observations, session, ran = burst(count), Session(), [0]
    monitoring, tool = sys.monitoring, sys.monitoring.PROFILER_ID

    def note(*_: object) -> None:
        ran[0] += 1

    monitoring.use_tool_id(tool, "bursts")
    monitoring.register_callback(tool, monitoring.events.LINE, note)
    monitoring.register_callback(tool, monitoring.events.JUMP, note)
    monitoring.set_events(tool, monitoring.events.LINE | monitoring.events.JUMP)
    try:
        for each in observations:
            session.observe(each)
    finally:
        monitoring.set_events(tool, 0)
        monitoring.free_tool_id(tool)
    return ran[0] / len(observations)


def test_a_burst_costs_each_exchange_the_same() -> None:
    """Of 500 that wait at once as of 50."""
    steps(10)
    few, many = steps(50), steps(500)
    assert many <= 1.5 * few
    assert many < 10_000


def test_each_request_of_a_burst_has_a_preflight_of_its_own() -> None:
    """No preflight is used twice, none is left over, and none is told to be anybody's for sure."""
    session, observations = Session(keep=ALL), burst(200)
    for each in observations:
        session.observe(each)
    session.finish()
    actuals = [session.last[each.flow_id] for each in observations[200:]]
    assert all(each.verdict is Verdict.ALLOW and each.preflight is PreflightState.SENT for each in actuals)
    assert len({each.paired_with for each in actuals}) == 200


@pytest.mark.parametrize("urls", [1, 200])
def test_what_waited_in_vain_is_told_a_little_at_a_time(urls: int) -> None:
    """However much it is, no flow waits for all of it; in the end all is told, each once."""
    session, number = Session(keep=ALL), 200
    wildcard = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Methods", "PUT")]
    for each in range(number):
        asked = preflight(wildcard, url=f"https://api.example.test/{each % urls}", at=each / 100)
        session.observe(translate.observation(asked))
    told: list[str] = []
    for late in range(20):
        made = session.observe(translate.observation(actual(url="https://other.test/", at=100 + late / 10)))
        older = [each.observation.flow_id for each in made[1:]]
        assert len(older) <= 2 * GIVEN_UP_AT_ONCE
        told += older
    assert len(told) == len(set(told)) == number
    assert not session.finish()
