"""The credentials mode, which is not on the wire: what tells it, and what that revises."""

import pytest

from tests.cases.scenarios import EVIDENCE
from tests.cases.traffic import WAYS, Scenario, as_it_is
from tests.test_tracker import runs


@pytest.mark.parametrize(("scenario", "engine"), runs(EVIDENCE))
def test_evidence(scenario: Scenario, engine: str) -> None:
    """The same whichever way the scenario runs."""
    found = {way.__name__: way(scenario, engine).seen(scenario.expected) for way in WAYS}
    assert found == dict.fromkeys(found, scenario.expected)


@pytest.mark.parametrize(("scenario", "engine"), runs(EVIDENCE, faults=False))
def test_revisions_count(scenario: Scenario, engine: str) -> None:
    """A flow is reported once, then once for each revision, numbered without a gap, and never twice in one batch."""
    reported: dict[str, list[int]] = {}
    for flow_id, revision in as_it_is(scenario, engine).reported:
        reported.setdefault(flow_id, []).append(revision)
    assert reported == {flow_id: list(range(1, len(found) + 1)) for flow_id, found in reported.items()}
