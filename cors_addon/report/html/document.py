"""What the report shows, as plain values that the script renders.

Law 1: every string, wherever it is from, passes `_shown` at the end: made visible, of a bounded length, and
without the passwords of URLs. Values of Cookie and Authorization are not in the document at all.
Law 2: requests of a page repeat themselves, so what two exchanges have in common (`details`) is written once.
Law 3: a count says what it counts. `matrix`, `causes` and `totals` cover all that was judged, the rest what is listed.
"""

import itertools
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cors_addon import __version__
from cors_addon.exchange.model import Judgement
from cors_addon.policy import shadow
from cors_addon.reasons.findings import FINDINGS
from cors_addon.reasons.model import Explanation, Parts
from cors_addon.reasons.registry import REGISTRY
from cors_addon.report import answered, preflights
from cors_addon.report.console import console_message
from cors_addon.report.counted import generalized
from cors_addon.report.cures import BROWSERS
from cors_addon.report.findings import finding_fix, finding_phrase
from cors_addon.report.html import stopped
from cors_addon.report.html.details import Body, Details, by_fetch, console_lines, cure, fetch, remedied_as
from cors_addon.report.html.exchanges import Exchanges
from cors_addon.report.html.matrix import Matrix, totals
from cors_addon.report.html.values import full, shown
from cors_addon.report.summary import Cause, Found, Input, Summary
from cors_addon.report.table import damage_line

MAX_CAUSES = 100
MAX_PLACES = 12
"""Endpoints named with a cause."""
MAX_GROUPS = 300
"""Changes shown of the policies in the shadow."""


def document(
    summary: Summary,
    exchanges: Exchanges,
    *,
    body_of: Body = lambda _flow_id: b"",
    now: float | None = None,
) -> dict[str, Any]:
    """The whole report. `body_of` gives the answer's body of a flow, where it is still at hand."""
    matrix = Matrix()
    matrix.count(summary)
    details = Details(body_of)
    fetches = [fetch(members, matrix, details) for members in by_fetch(exchanges)]
    whole = overview(summary, exchanges, Lasting(matrix), used=details.names, now=now)
    return {**whole, "details": details.written, "fetches": shown(fetches)}


@dataclass(frozen=True, slots=True)
class Lasting:
    """What keeps its numbers, and what it found, from one overview to the next."""

    matrix: Matrix = field(default_factory=Matrix)
    browsers: stopped.Browsers = field(default_factory=stopped.Browsers)


def overview(
    summary: Summary,
    exchanges: Exchanges,
    lasting: Lasting,
    *,
    used: Iterable[str] = (),
    now: float | None = None,
) -> dict[str, Any]:
    """All but the exchanges themselves. `used`: names of reasons and findings that are to be explained, too."""
    matrix = lasting.matrix
    matrix.count(summary)
    causes = summary.causes()
    named = {cause.reason for cause in causes} | {found.name for found in summary.found()} | set(used)
    groups = grouped(causes)
    whole = {
        "version": __version__,
        "made": time.time() if now is None else now,
        "inputs": [_input(each) for each in summary.inputs],
        "interrupted": summary.interrupted,
        "overflowed": summary.overflowed,
        "allEngines": summary.all_engines,
        "totals": totals(summary),
        "listed": len(exchanges),
        "causes": [_cause(group, summary, matrix) for group in groups[:MAX_CAUSES]],
        "moreCauses": max(len(groups) - MAX_CAUSES, 0),
        "neverSent": stopped.never_sent(summary),
        "blocked": stopped.blocked(summary),
        "browserRows": lasting.browsers.rows(summary),
        "preflights": preflights.cost(exchanges),
        "matrix": matrix.written(),
        "policies": _policies(exchanges),
        "findings": [_finding(found, summary) for found in summary.found()[:MAX_CAUSES]],
        "reasons": explained(named),
        "browsers": BROWSERS,
    }
    return {name: shown(value) for name, value in whole.items()}


def _input(each: Input) -> dict[str, Any]:
    return {
        "name": each.name,
        "kind": each.kind,
        "exchanges": each.flows,
        "damage": None if each.damage is None else damage_line(each),
        "notes": [[note, count] for note, count in each.notes.items()],
    }


# ---- causes and their reasons ----


def grouped(causes: Iterable[Cause]) -> list[list[Cause]]:
    """Causes that are one to whoever mends them: the same change for the same reason, at whichever servers."""
    found: dict[str, list[Cause]] = {}
    for cause in causes:
        status = cause.example.observation.status or 0
        key = json.dumps(
            [
                cause.reason,
                cause.stage,
                cure(cause.change) or cause.phrase,
                status if status >= 400 else 0,
                "" if cause.happened is None else cause.happened.text,
                [remedy.headline for remedy in cause.remedies],
                list(answered.lines(cause.example)),
            ]
        )
        found.setdefault(key, []).append(cause)
    return sorted(found.values(), key=lambda group: -sum(cause.count for cause in group))


def _cause(group: Sequence[Cause], summary: Summary, matrix: Matrix) -> dict[str, Any]:
    """Those of several servers as one: the most frequent stands for all."""
    cause = group[0]
    example = cause.example
    endpoints = [(str(one), count) for each in group for one, count in each.endpoints.items()]
    return full(
        {
            "reason": cause.reason,
            "stage": cause.stage,
            "status": example.observation.status,
            "servers": list(dict.fromkeys(each.server for each in group))[:MAX_PLACES],
            "moreServers": max(len({each.server for each in group}) - MAX_PLACES, 0),
            "phrase": cause.phrase,
            "count": sum(each.count for each in group),
            "example": example.observation.flow_id,
            "engines": [
                BROWSERS.get(name, name) for name in dict.fromkeys(itertools.chain(*(c.engines for c in group)))
            ],
            "known": summary.baseline is not None and not any(each.fresh for each in group),
            "endpoints": [[one, count] for one, count in endpoints[:MAX_PLACES]],
            "moreEndpoints": max(len(endpoints) - MAX_PLACES, 0),
            "outcomes": sorted({matrix.outcome(*one) for each in group for one in each.outcomes}),
            "fix": cure(cause.change),
            "remedies": remedied_as(cause.remedies, example.observation.status),
            "behind": "" if cause.happened is None else cause.happened.text,
            "told": list(answered.lines(example)),
            "target": None if example.server is None else example.server.target,
            "console": console_lines(console_message(example)),
        }
    )


def _finding(found: Found, summary: Summary) -> dict[str, Any]:
    places = dict.fromkeys(map(str, found.endpoints))
    return full(
        {
            "name": found.name,
            "severity": "warning" if found.is_warning else "note",
            "server": found.server,
            "phrase": finding_phrase(found.example, found.finding),
            "count": found.count,
            "known": summary.baseline is not None and not found.fresh,
            "endpoints": [[place, 1] for place in list(places)[:MAX_PLACES]],
            "moreEndpoints": max(len(places) - MAX_PLACES, 0),
            "fix": finding_fix(found.example, found.finding).split("\n"),
        }
    )


def _known(names: Iterable[str]) -> dict[str, Parts]:
    """Those of the names that the registries explain, in their order."""
    wanted = set(names)
    found = (*REGISTRY.items(), *FINDINGS.items())
    return {str(name): explanation for name, explanation in found if str(name) in wanted}


def explained(names: Iterable[str]) -> dict[str, Any]:
    """What the registries say of reasons and findings."""
    return {name: _explained(known) for name, known in _known(names).items()}


def _explained(explanation: Parts) -> dict[str, Any]:
    return {
        "explanation": explanation.explanation,
        "causes": list(explanation.causes),
        "anchor": explanation.anchor,
        "severity": explanation.severity,
        "said": [
            [BROWSERS.get(said.engine, said.engine), ", ".join(said.names), said.text]
            for said in (explanation.said if isinstance(explanation, Explanation) else ())
        ],
    }


# ---- policies in the shadow ----


def _policies(exchanges: Iterable[Judgement]) -> dict[str, Any]:
    """What they would change, and how many of the listed exchanges they were tried on."""
    tried = [(each, [shadow.Shadow(*one) for one in each.shadow]) for each in exchanges if each.shadow]
    merged: dict[tuple[str, ...], list[str]] = {}
    for one in shadow.group((each.observation.flow_id, shadow.changes(each, shadows)) for each, shadows in tried):
        url, preflight, _ = one.endpoint.partition(" (preflight)")
        key = (one.policy, one.change, one.origin, generalized(url) + preflight, one.cause)
        merged.setdefault(key, []).extend(one.flow_ids)
    groups = [[*key, len(flow_ids), flow_ids[0]] for key, flow_ids in merged.items()]
    return {
        "tried": len(tried),
        "names": sorted({one.policy for _, shadows in tried for one in shadows}),
        "groups": groups[:MAX_GROUPS],
        "more": max(len(groups) - MAX_GROUPS, 0),
    }
