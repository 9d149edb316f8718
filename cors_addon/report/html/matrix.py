"""Who asks for what, and with what outcome: the counts of all that was judged, not only of what is listed."""

from collections.abc import Iterable, Mapping
from typing import Any

from cors_addon.exchange.model import Judgement, Role
from cors_addon.report.counted import ALL_ENGINES, CountedOutcome, Endpoint, State, endpoint_of
from cors_addon.report.cures import BROWSERS
from cors_addon.report.summary import Summary, Tally

_LISTED = frozenset({Role.PREFLIGHT, Role.ACTUAL, Role.REDIRECT})


def totals(summary: Summary) -> dict[str, Any]:
    """How many exchanges there were, and how many of each state."""
    states = dict.fromkeys(State, 0)
    for _, outcome, tally in summary.tallies():
        if outcome.role in _LISTED:
            states[outcome.state] += tally.count
    if summary.all_engines:  # each exchange counts once, by the engine that likes it least
        states = dict.fromkeys(State, 0)
        for _, counts, _ in _by_endpoint(summary):
            for state, count in counts.items():
                states[state] += count
    return {
        "read": summary.flows or sum(summary.roles.values()),
        "judged": summary.judged,
        "seen": sum(summary.roles.values()),
        "states": states,
        "others": {role: count for role, count in sorted(summary.roles.items()) if count and role not in _LISTED},
    }


def _by_endpoint(summary: Summary) -> Iterable[tuple[Endpoint, dict[State, int], list[str]]]:
    """Each endpoint with its counts, and with all engines, the browsers that deny."""
    for endpoint, outcomes in summary.rows.items():
        if summary.all_engines:
            yield endpoint, *_worst(outcomes)
        else:
            counts: dict[State, int] = {}
            for outcome, tally in outcomes.items():
                counts[outcome.state] = counts.get(outcome.state, 0) + tally.count
            yield endpoint, counts, []


def _worst(outcomes: Mapping[CountedOutcome, Tally]) -> tuple[dict[State, int], list[str]]:
    by_engine: dict[str, dict[State, int]] = {}
    for outcome, tally in outcomes.items():
        counts = by_engine.setdefault(outcome.engine, {})
        counts[outcome.state] = counts.get(outcome.state, 0) + tally.count
    total = max(sum(counts.values()) for counts in by_engine.values())
    left = total
    worst: dict[State, int] = {}
    for state in State:
        count = min(max((counts.get(state, 0) for counts in by_engine.values()), default=0), left)
        if count:
            worst[state] = count
        left -= count
    return worst, [BROWSERS[name] for name in ALL_ENGINES if by_engine.get(name, {}).get(State.DENY)]


class Matrix:
    """Who asks for what, and with what outcome. A row, a column and an outcome keep their numbers."""

    def __init__(self) -> None:
        self._origins: dict[str, int] = {}
        self._endpoints: dict[tuple[str, str, str], int] = {}
        self._outcomes: dict[tuple[Endpoint, CountedOutcome], int] = {}
        self._cells: list[list[Any]] = []

    def __len__(self) -> int:
        """How many numbers were given: they are never taken back."""
        return len(self._origins) + len(self._endpoints) + len(self._outcomes)

    def count(self, summary: Summary) -> None:
        """Show these counts from now on."""
        self._cells = []
        for endpoint, counts, engines in _by_endpoint(summary):
            row, column = self._place(endpoint)
            self._cells.append([row, column, [counts.get(state, 0) for state in State], engines])

    def _place(self, endpoint: Endpoint) -> tuple[int, int]:
        column = self._origins.setdefault(endpoint.origin, len(self._origins))
        key = (endpoint.server, endpoint.method, endpoint.path)
        return self._endpoints.setdefault(key, len(self._endpoints)), column

    def find(self, judgement: Judgement) -> int | None:
        """The row that this exchange is counted in; None for one that was counted with the rest."""
        endpoint = endpoint_of(judgement)
        return self._endpoints.get((endpoint.server, endpoint.method, endpoint.path))

    def outcome(self, endpoint: Endpoint, outcome: CountedOutcome) -> int:
        """The number of what came of an exchange there, in whichever engine."""
        return self._outcomes.setdefault((endpoint, outcome._replace(engine="")), len(self._outcomes))

    def written(self) -> dict[str, Any]:
        """Rows, columns and cells; a row or column may have none. A cell's counts are in the order of `states`."""
        return {
            "states": list(State),
            "origins": list(self._origins),
            "endpoints": [list(key) for key in self._endpoints],
            "cells": self._cells,
        }
