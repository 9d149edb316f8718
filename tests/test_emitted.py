"""The loop of reasons, closed at its far end: each of the registry, and each browser's name for it, is what the code
says of some case's traffic.
"""

from collections.abc import Iterator

import pytest

from cors_addon.engines.names import browser_error
from cors_addon.exchange.model import Judgement
from cors_addon.fetch.refusals import Reason
from cors_addon.reasons.model import BROWSERS
from cors_addon.reasons.registry import REGISTRY
from tests.cases import scenarios
from tests.cases.answers import ACTUAL, PREFLIGHT, REDIRECT
from tests.cases.traffic import ALL, Run, Scenario, as_it_is
from tests.test_har import CASES, check
from tests.test_pages import redirect_mode_error
from tests.test_steps_fixes import of_row


def of_scenarios() -> Iterator[Judgement]:
    """Whole traffic of one client."""
    for group in vars(scenarios).values():
        if isinstance(group, tuple) and group and isinstance(group[0], Scenario):
            for scenario in group:
                for engine in scenario.engines:
                    yield from as_it_is(scenario, engine).last.values()


def of_answers() -> Iterator[Judgement]:
    """Single answers."""
    for kind, rows in (("actual", ACTUAL), ("preflight", PREFLIGHT), ("redirect", REDIRECT)):
        for row in rows:
            for engine in ALL:
                yield from Run().feed([of_row(row, kind).observation(engine)]).last.values()


@pytest.fixture(scope="module")
def judgements() -> list[Judgement]:
    """On the traffic of all tables, on a recording of a browser that kept no answers, and what a page alone knows."""
    return [*of_scenarios(), *of_answers(), *check(CASES / "chromium-playwright.har")[0], redirect_mode_error()]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_emitted(reason: Reason, judgements: list[Judgement]) -> None:
    """By the tracker, for a case's traffic."""
    assert reason in {judgement.reason for judgement in judgements}


@pytest.mark.parametrize("engine", BROWSERS)
def test_every_name_of_a_browser_is_emitted(engine: str, judgements: list[Judgement]) -> None:
    """Each that the registry gives to a reason is the name of some case's refusal."""
    emitted = {
        browser_error(engine, judgement.refusal)
        for judgement in judgements
        if judgement.engine.name == engine and judgement.refusal is not None
    }
    said = {name for entry in REGISTRY.values() for each in entry.said if each.engine == engine for name in each.names}
    assert said - emitted == set()
