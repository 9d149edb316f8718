"""What never left the browser, what something beside CORS stopped, and where browsers do not agree."""

from collections.abc import Iterator
from typing import Any

from cors_addon.exchange import other_engines
from cors_addon.exchange.model import Judgement
from cors_addon.fetch.refusals import Stage
from cors_addon.report import text
from cors_addon.report.blocked import kind_of, phrase
from cors_addon.report.blocked_loads import Blocked
from cors_addon.report.counted import ALL_ENGINES, Endpoint, State
from cors_addon.report.cures import BROWSERS
from cors_addon.report.html.details import remedied_as
from cors_addon.report.html.values import full
from cors_addon.report.situation import told_of
from cors_addon.report.summary import Summary

MAX_LISTED = 100
MOST_REMEDIES = 2


def never_sent(summary: Summary) -> list[list[Any]]:
    """Requests whose preflight was refused: page, endpoint, and how often."""
    counts: dict[Endpoint, int] = {}
    for endpoint, outcome, tally in summary.tallies():
        refusal = outcome.refusal
        if outcome.denied and not outcome.contradicted and refusal is not None and refusal.stage is Stage.PREFLIGHT:
            counts[endpoint] = counts.get(endpoint, 0) + tally.count
    most = sorted(counts.items(), key=lambda item: -item[1])
    return [[endpoint.origin, str(endpoint), count] for endpoint, count in most[:MAX_LISTED]]


def blocked(summary: Summary) -> list[dict[str, Any]]:
    """What something beside CORS stopped, each once."""
    return [found for _, each in summary.blocked.groups()[:MAX_LISTED] for found in _blocked(each)]


def _blocked(each: Blocked) -> Iterator[dict[str, Any]]:
    fate = each.example.fate
    if fate is None or fate.block is None:
        return
    happened, remedies = told_of(each.example)
    yield full(
        {
            "gate": fate.block.gate,
            "phrase": phrase(fate.block, fate.load),
            "what": f"{kind_of(fate.load)} {fate.load.url}",
            "origin": fate.load.origin,
            "count": each.count,
            "behind": "" if happened is None else happened.text,
            "remedies": remedied_as(remedies[:MOST_REMEDIES], each.example.observation.status),
        }
    )


class Browsers:
    """Where one browser allows what another denies. What was found of an exchange is found once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Judgement, list[list[Any]] | None]] = {}
        """By the example's identity, which the example beside it keeps from being another's."""

    def rows(self, summary: Summary) -> list[dict[str, Any]]:
        """Endpoints with what each browser makes of the same answer."""
        found: list[dict[str, Any]] = []
        seen: dict[int, tuple[Judgement, list[list[Any]] | None]] = {}
        for endpoint, outcome, tally in summary.tallies():
            if tally.example is None or outcome.state is State.NONE or len(found) >= MAX_LISTED:
                continue
            known = self._known.get(id(tally.example)) or (tally.example, _differing(tally.example))
            seen[id(tally.example)] = known
            if known[1] is not None:
                found.append({"origin": endpoint.origin, "endpoint": str(endpoint), "browsers": known[1]})
        self._known = seen
        return found


def _differing(judgement: Judgement) -> list[list[Any]] | None:
    """Each browser with its verdict and what it says; None where all agree."""
    if judgement.stage is None or judgement.observation.status is None:
        return None
    all_outcomes = other_engines.outcomes(judgement)
    found = [(name, all_outcomes[name]) for name in ALL_ENGINES if name in all_outcomes]
    if len({one.verdict for _, one in found}) < 2:
        return None
    return [
        [BROWSERS[name], one.verdict, "" if one.refusal is None else text.phrase(judgement, one.refusal)]
        for name, one in found
    ]
