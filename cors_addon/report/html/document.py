"""What the report shows, as plain values that the script renders.

Law 1: every string, wherever it is from, passes `_shown` at the end: made visible, of a bounded length, and
without the passwords of URLs. Values of Cookie and Authorization are not in the document at all.
Law 2: requests of a page repeat themselves, so what two exchanges have in common (`details`) is written once.
Law 3: a count says what it counts. `matrix`, `causes` and `totals` cover all that was judged, the rest what is listed.
"""

import itertools
import json
import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cors_addon import __version__
from cors_addon.exchange import other_engines
from cors_addon.exchange.fixes import Change, smallest_change
from cors_addon.exchange.model import Judgement, PreflightState, Role
from cors_addon.exchange.steps import steps
from cors_addon.fetch.headers import readable
from cors_addon.policy import shadow
from cors_addon.reasons.findings import FINDINGS
from cors_addon.reasons.model import Explanation, Parts
from cors_addon.reasons.registry import REGISTRY
from cors_addon.report import jsonl, root_cause, text, timeline
from cors_addon.report.counted import ALL_ENGINES, CountedOutcome, Endpoint, State, endpoint_of, generalized, outcome_of
from cors_addon.report.findings import finding_fix, finding_phrase
from cors_addon.report.html.exchanges import Exchanges
from cors_addon.report.masking import without_secrets_in_urls
from cors_addon.report.summary import Cause, Found, Summary, Tally
from cors_addon.report.table import BROWSERS, damage_line

MAX_CAUSES = 100
MAX_PLACES = 12
"""Endpoints named with a cause."""
MAX_GROUPS = 300
"""Changes shown of the policies in the shadow."""
LONGEST = 2000
"""Characters of one value."""

_LISTED = frozenset({Role.PREFLIGHT, Role.ACTUAL, Role.REDIRECT})

type Body = Callable[[str], bytes]


def document(
    summary: Summary,
    exchanges: Exchanges,
    *,
    body_of: Body = lambda _flow_id: b"",
    now: float | None = None,
) -> dict[str, Any]:
    """The whole report. `body_of` gives the answer's body of a flow, where it is still at hand."""
    matrix = _Matrix(summary)
    details = _Details(body_of)
    fetches = [_fetch(members, matrix, details) for members in _by_fetch(exchanges)]
    causes = summary.causes()
    used = {cause.reason for cause in causes} | {found.name for found in summary.found()} | details.names
    whole = {
        "version": __version__,
        "made": time.time() if now is None else now,
        "inputs": [
            {
                "name": each.name,
                "kind": each.kind,
                "exchanges": each.flows,
                "damage": None if each.damage is None else damage_line(each),
                "notes": [[note, count] for note, count in each.notes.items()],
            }
            for each in summary.inputs
        ],
        "interrupted": summary.interrupted,
        "overflowed": summary.overflowed,
        "allEngines": summary.all_engines,
        "totals": _totals(summary),
        "listed": len(exchanges),
        "causes": [_cause(cause, summary) for cause in causes[:MAX_CAUSES]],
        "moreCauses": max(len(causes) - MAX_CAUSES, 0),
        "matrix": matrix.written(),
        "policies": _policies(exchanges),
        "findings": [_finding(found, summary) for found in summary.found()[:MAX_CAUSES]],
        "reasons": {name: _explained(known) for name, known in _known(used).items()},
        "browsers": BROWSERS,
        "details": details.written,
        "fetches": fetches,
    }
    return {name: value if name == "details" else _shown(value) for name, value in whole.items()}


# ---- values ----


def _shown(value: Any) -> Any:
    """The value with every string in it made visible and cut."""
    if isinstance(value, str):
        return text.shortened(masked(value), LONGEST)
    if isinstance(value, dict):
        return {name: _shown(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value]
    return value


def masked(value: str) -> str:
    """Without the userinfo and the secret parameters of URLs: a report is sent on."""
    return without_secrets_in_urls(_USERINFO.sub("//…@", value) if "@" in value else value)


_USERINFO = re.compile(r"//[^/?#\\\s\"']*@")


def _number(value: float | None) -> float | None:
    """A moment or a duration that a browser can show: recordings hold anything."""
    return round(value, 4) if value is not None and math.isfinite(value) and abs(value) < 1e11 else None


def _full(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Without what says nothing."""
    return {name: value for name, value in fields.items() if value is not False and value not in (None, "", [], {})}


# ---- what it came to ----


def _totals(summary: Summary) -> dict[str, Any]:
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


class _Matrix:
    """Who asks for what, and with what outcome."""

    def __init__(self, summary: Summary) -> None:
        self._origins: dict[str, int] = {}
        self._endpoints: dict[tuple[str, str, str], int] = {}
        self._cells: list[list[Any]] = []
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

    def written(self) -> dict[str, Any]:
        """Rows, columns and cells; a cell's counts are in the order of `states`."""
        return {
            "states": list(State),
            "origins": list(self._origins),
            "endpoints": [list(key) for key in self._endpoints],
            "cells": self._cells,
        }


# ---- causes and their reasons ----


def _cause(cause: Cause, summary: Summary) -> dict[str, Any]:
    example = cause.example
    return _full(
        {
            "reason": cause.reason,
            "stage": cause.stage,
            "status": example.observation.status,
            "server": cause.server,
            "phrase": cause.phrase,
            "count": cause.count,
            "engines": [BROWSERS.get(name, name) for name in cause.engines],
            "known": summary.baseline is not None and not cause.fresh,
            "endpoints": [[str(one), count] for one, count in list(cause.endpoints.items())[:MAX_PLACES]],
            "moreEndpoints": max(len(cause.endpoints) - MAX_PLACES, 0),
            "fix": _fix(cause.change),
            "behind": root_cause.words(example),
            "console": _console(jsonl.line(example)["console_message"]),
        }
    )


def _finding(found: Found, summary: Summary) -> dict[str, Any]:
    places = dict.fromkeys(map(str, found.endpoints))
    return _full(
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


def _fix(change: Change | None) -> dict[str, Any] | None:
    if change is None:
        return None
    return _full(
        {
            "status": change.status,
            "headers": [[edit.name, edit.before, edit.after] for edit in change.edits],
            "note": change.note,
            "incomplete": not change.complete,
        }
    )


def _console(message: str | None) -> list[str]:
    return [] if message is None else message.splitlines()


def _known(names: Iterable[str]) -> dict[str, Parts]:
    """Those of the names that the registries explain, in their order."""
    wanted = set(names)
    found = (*REGISTRY.items(), *FINDINGS.items())
    return {str(name): explanation for name, explanation in found if str(name) in wanted}


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


# ---- exchanges ----


def _by_fetch(exchanges: Iterable[Judgement]) -> list[list[Judgement]]:
    """The exchanges of each request of a page: preflights, redirects and itself, in order."""
    found: dict[int, list[Judgement]] = {}
    for judgement in exchanges:
        # a chain knows its judgements; what is no part of one stands alone
        chain = judgement.chain if judgement in judgement.chain else [judgement]
        found.setdefault(id(chain[0]), chain)
    return list(found.values())


def _fetch(members: list[Judgement], matrix: _Matrix, details: "_Details") -> dict[str, Any]:
    """One request of a page, with all it took."""
    last = next((one for one in reversed(members) if one.role is not Role.PREFLIGHT), members[-1])
    first = next((one for one in members if one.role is not Role.PREFLIGHT), members[0])
    states, worst_first = [exchange_state(one) for one in members], list(State)
    worst = members[min(range(len(members)), key=lambda index: (worst_first.index(states[index]), -index))]
    key = worst if exchange_state(worst) in (State.DENY, State.DEPENDS) else last
    return _full(
        {
            "origin": next((one.origin for one in members if one.origin is not None), ""),
            "method": readable(first.requested_method or first.observation.method.decode("latin-1")),
            "url": str(first.observation.url),
            "state": exchange_state(worst),
            "at": _number(members[0].observation.started),
            "key": members.index(key),
            "members": [
                _full(
                    {
                        "id": one.observation.flow_id,
                        "at": _number(one.observation.started),
                        "ms": _number((one.observation.ended - one.observation.started) * 1000),
                        "url": None if one is first else str(one.observation.url),
                        "endpoint": matrix.find(one),
                        "detail": details.number(one),
                        "age": _age(one),
                        "pair": _elsewhere_in(one, members),
                    }
                )
                for one in members
            ],
        }
    )


def exchange_state(judgement: Judgement) -> State:
    """What one exchange came to."""
    return outcome_of(judgement).state


def _age(judgement: Judgement) -> float | None:
    """Seconds since the cached answer to its preflight was stored."""
    stored = judgement.preflight_cached_at
    return None if stored is None else _number(max(judgement.observation.started - stored, 0.0))


def _elsewhere_in(judgement: Judgement, members: list[Judgement]) -> list[str]:
    """Flow ids that belong to it, but to another request: a preflight that was cached."""
    here = {one.observation.flow_id for one in members}
    return [flow_id for flow_id in judgement.paired_with if flow_id not in here]


class _Details:
    """What there is to say about an exchange, but for its time and place."""

    def __init__(self, body_of: Body) -> None:
        self.written: list[dict[str, Any]] = []
        self.names: set[str] = set()
        """Of the reasons and findings that came up."""
        self._numbers: dict[str, int] = {}
        self._body_of = body_of

    def number(self, judgement: Judgement) -> int:
        """Where its details stand in `written`."""
        detail = _shown(_detail(judgement, self._body_of))
        self.names.update(filter(None, (detail.get("reason"), *detail.get("findings", ()))))
        key = json.dumps(detail, sort_keys=True)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.written)
            self.written.append(detail)
        return number


def _detail(judgement: Judgement, body_of: Body) -> dict[str, Any]:
    line = jsonl.line(judgement)
    asked = text.in_question(judgement)
    refusal = asked.refusal
    refused = refusal is not None
    told = root_cause.is_told_by_body(judgement)
    body = root_cause.first_line(body_of(judgement.observation.flow_id)) if told else ""
    return _full(
        {
            "role": line["role"],
            "state": exchange_state(judgement),
            "method": readable(line["method"]),
            "status": judgement.observation.status,
            "engine": BROWSERS.get(judgement.engine, judgement.engine),
            "reason": None if refusal is None else refusal.reason,
            "stage": None if refusal is None else refusal.stage,
            "phrase": None if refusal is None else text.phrase(asked, refusal),
            "comment": text.comment(judgement),
            "asks": _asks(judgement),
            "relation": text.relation(judgement),
            "credentials": text.credentials_words(judgement) if judgement.stage is not None else None,
            "preflight": line["preflight"],
            "because": line["preflight_because"],
            "preflightWords": text.preflight_words(judgement) if judgement.stage is not None else None,
            "assumptions": line["assumptions"],
            "steps": _steps(judgement),
            "reads": line["exposed_headers"],
            "hidden": [name for name in line["hidden_headers"] if not name.startswith("access-control-")],
            "location": _location(judgement),
            "fix": _fix(smallest_change(asked)) if refused else None,
            "console": _console(line["console_message"]),
            "error": line["browser_error"],
            "behind": root_cause.words(judgement) if refused else None,
            "body": body[:300] if body else None,
            "engines": _engines(asked),
            "contradiction": line["contradiction"] if line["contradicted"] else None,
            "rewritten": _rewritten(line),
            "shadow": [[one["policy"], one["verdict"], one["reason"]] for one in line["shadow"]],
            "flips": [one.policy for one in itertools.starmap(shadow.Shadow, judgement.shadow) if one.flips],
            "findings": [str(name) for name in line["findings"]],
            "client": line["client"],
            "unseen": judgement.preflight is PreflightState.UNSEEN,
            "hypothetical": line["hypothetical"],
            "reuse": _number(judgement.cache_lifetime) or None,
        }
    )


def _asks(judgement: Judgement) -> list[str]:
    """For a preflight: the method and the headers it asks for."""
    if judgement.role is not Role.PREFLIGHT:
        return []
    return [readable(each) for each in (judgement.requested_method or "", *judgement.requested_headers) if each]


def _location(judgement: Judgement) -> str | None:
    status = judgement.observation.status
    found = text.response_header(judgement, "location") if status is not None and 300 <= status <= 399 else None
    return None if found is None else readable(found)


def _steps(judgement: Judgement) -> list[list[str]]:
    asked = judgement if judgement.hypothetical is None else text.in_question(judgement)
    return [[step.outcome, timeline.step_words(step), step.note] for step in timeline.merged(steps(asked))]


def _engines(judgement: Judgement) -> list[list[str | None]]:
    """What each browser decides, where they do not all agree that it is allowed."""
    if judgement.stage is None or judgement.observation.status is None:
        return []
    all_outcomes = other_engines.outcomes(judgement)
    found = {name: all_outcomes[name] for name in ALL_ENGINES}
    if not any(one.refusal for one in found.values()):
        return []
    return [
        [BROWSERS[name], one.verdict, None if one.refusal is None else one.refusal.reason]
        for name, one in found.items()
    ]


def _rewritten(line: Mapping[str, Any]) -> dict[str, Any] | None:
    rewritten = line["rewritten"]
    if rewritten is None:
        return None
    return _full(
        {
            "policy": rewritten["policy"],
            "answered": rewritten["answered"],
            "status": rewritten["status"],
            "edits": [[edit["name"], edit["before"], edit["after"]] for edit in rewritten["edits"]],
            "serverVerdict": line["server_verdict"],
            "serverReason": line["server_reason"],
        }
    )
