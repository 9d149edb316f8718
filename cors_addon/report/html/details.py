"""Exchanges one by one: each request of a page with all it took, and what there is to say about each of its exchanges.

What two exchanges have in common is written once, for requests of a page repeat themselves.
"""

import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cors_addon.exchange import other_engines
from cors_addon.exchange.fixes import Change, smallest_change
from cors_addon.exchange.model import Judgement, PreflightState, Role
from cors_addon.exchange.steps import steps
from cors_addon.fetch.headers import readable
from cors_addon.policy import shadow
from cors_addon.reasons.blocks import BLOCKS
from cors_addon.remedies.value import Remedy
from cors_addon.report import blocked, jsonl, remedied, root_cause, text, timeline
from cors_addon.report.counted import ALL_ENGINES, State, endpoint_of, outcome_of
from cors_addon.report.cures import BROWSERS
from cors_addon.report.html.matrix import Matrix
from cors_addon.report.html.values import full, number, shown
from cors_addon.report.situation import told_of
from cors_addon.servers import cause

type Body = Callable[[str], bytes]

LONGEST = 300
"""Characters of a remedy's text that are shown."""


def by_fetch(exchanges: Iterable[Judgement]) -> list[Sequence[Judgement]]:
    """The exchanges of each request of a page: preflights, redirects and itself, in order."""
    found: dict[int, Sequence[Judgement]] = {}
    for judgement in exchanges:
        # a chain knows its judgements; what is no part of one stands alone
        chain = judgement.chain if judgement in judgement.chain else [judgement]
        found.setdefault(id(chain[0]), chain)
    return list(found.values())


def fetch(members: Sequence[Judgement], matrix: Matrix, details: "Details | Briefs") -> dict[str, Any]:
    """One request of a page, with all it took."""
    last = next((one for one in reversed(members) if one.role is not Role.PREFLIGHT), members[-1])
    first = next((one for one in members if one.role is not Role.PREFLIGHT), members[0])
    states, worst_first = [exchange_state(one) for one in members], list(State)
    worst = members[min(range(len(members)), key=lambda index: (worst_first.index(states[index]), -index))]
    key = worst if exchange_state(worst) in (State.DENY, State.STOPPED, State.DEPENDS) else last
    return full(
        {
            "origin": next((one.origin for one in members if one.origin is not None), ""),
            "method": readable(first.requested_method or first.observation.method.decode("latin-1")),
            "url": str(first.observation.url),
            "state": exchange_state(worst),
            "at": number(members[0].observation.started),
            "key": members.index(key),
            "members": [
                full(
                    {
                        "id": one.observation.flow_id,
                        "at": number(one.observation.started),
                        "ms": number((one.observation.ended - one.observation.started) * 1000),
                        "url": None if one is first else str(one.observation.url),
                        "endpoint": matrix.find(one),
                        "outcome": matrix.outcome(endpoint_of(one), outcome_of(one)),
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
    return None if stored is None else number(max(judgement.observation.started - stored, 0.0))


def _elsewhere_in(judgement: Judgement, members: Sequence[Judgement]) -> list[str]:
    """Flow ids that belong to it, but to another request: a preflight that was cached."""
    here = {one.observation.flow_id for one in members}
    return [flow_id for flow_id in judgement.paired_with if flow_id not in here]


class Briefs:
    """What a list shows of an exchange: a few hundredths of the time that all its details take."""

    def __init__(self) -> None:
        self.written: list[dict[str, Any]] = []
        self._numbers: dict[tuple[object, ...], int] = {}

    def number(self, judgement: Judgement) -> int:
        """Where it stands in `written`."""
        outcome, method, status = outcome_of(judgement), judgement.observation.method, judgement.observation.status
        comment = blocked.comment(judgement) or text.comment(judgement)
        flips = [one.policy for one in itertools.starmap(shadow.Shadow, judgement.shadow) if one.flips]
        rewritten = judgement.observation.rewritten
        by = "" if rewritten is None else rewritten[0]
        key = (outcome, method, status, comment, judgement.preflight, by, *flips)
        place = self._numbers.get(key)
        if place is None:
            place = self._numbers[key] = len(self.written)
            brief = {
                "brief": True,
                "role": outcome.role,
                "state": outcome.state,
                "method": readable(method.decode("latin-1")),
                "status": status,
                "engine": BROWSERS.get(outcome.engine, outcome.engine),
                "reason": outcome.reason,
                "stage": None if outcome.refusal is None else outcome.refusal.stage,
                "comment": comment,
                "flips": flips,
                "findings": list(outcome.findings),
                "unseen": outcome.unseen,
                "preflight": judgement.preflight,
                "rule": by,
            }
            self.written.append(shown(full(brief)))
        return place


class Details:
    """What there is to say about an exchange, but for its time and place."""

    def __init__(self, body_of: Body) -> None:
        self.written: list[dict[str, Any]] = []
        self.names: set[str] = set()
        """Of the reasons and findings that came up."""
        self._numbers: dict[str, int] = {}
        self._body_of = body_of

    def number(self, judgement: Judgement) -> int:
        """Where its details stand in `written`."""
        detail = shown(_detail(judgement, self._body_of))
        self.names.update(filter(None, (detail.get("reason"), *detail.get("findings", ()))))
        key = json.dumps(detail, sort_keys=True)
        place = self._numbers.get(key)
        if place is None:
            place = self._numbers[key] = len(self.written)
            self.written.append(detail)
        return place


def _detail(judgement: Judgement, body_of: Body) -> dict[str, Any]:
    line = jsonl.line(judgement)
    asked = text.in_question(judgement)
    refusal = _refusal(judgement, asked)
    return full(
        {
            "role": line["role"],
            "state": exchange_state(judgement),
            "method": readable(line["method"]),
            "status": judgement.observation.status,
            "engine": BROWSERS.get(judgement.engine.name, judgement.engine.name),
            "reason": refusal.get("reason"),
            "stage": refusal.get("stage"),
            "gate": refusal.get("gate"),
            "phrase": refusal.get("phrase"),
            "comment": blocked.comment(judgement) or text.comment(judgement),
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
            "fix": refusal.get("fix"),
            "remedies": refusal.get("remedies"),
            "console": console_lines(line["console_message"]),
            "error": line["browser_error"],
            "behind": refusal.get("behind"),
            "body": _body(judgement, body_of),
            "server": cause.sentences(judgement),
            "target": None if judgement.server is None else judgement.server.target,
            "engines": _engines(asked),
            "contradiction": line["contradiction"] if line["contradicted"] else None,
            "rewritten": _rewritten(line),
            "rule": None if line["rewritten"] is None else line["rewritten"]["policy"],
            "shadow": [[one["policy"], one["verdict"], one["reason"] or one["blocked_by"]] for one in line["shadow"]],
            "flips": [one.policy for one in itertools.starmap(shadow.Shadow, judgement.shadow) if one.flips],
            "findings": [str(name) for name in line["findings"]],
            "client": line["client"],
            "unseen": judgement.preflight is PreflightState.UNSEEN,
            "hypothetical": line["hypothetical"],
            "reuse": number(judgement.cache_lifetime) or None,
        }
    )


def _refusal(judgement: Judgement, asked: Judgement) -> dict[str, Any]:
    """Why it was refused, or would be in a browser, and what to change."""
    refusal = asked.refusal
    if refusal is None:
        return _stopped(judgement)
    happened, remedies = told_of(asked)
    return {
        "reason": refusal.reason,
        "stage": refusal.stage,
        "phrase": text.phrase(asked, refusal),
        "fix": cure(smallest_change(asked)),
        "remedies": remedied_as(remedies, judgement.observation.status),
        "behind": "" if happened is None else happened.text,
    }


def _stopped(judgement: Judgement) -> dict[str, Any]:
    """The same of what something beside CORS stopped."""
    fate = blocked.beyond_cors(judgement)
    if fate is None or fate.block is None:
        return {}
    happened, remedies = told_of(judgement)
    return {
        "gate": BLOCKS[fate.block.gate].label,
        "phrase": blocked.phrase(fate.block, fate.load),
        "remedies": remedied_as(remedies, judgement.observation.status),
        "behind": "" if happened is None else happened.text,
    }


def _body(judgement: Judgement, body_of: Body) -> str:
    """The first words of an answer's body, where it may say why."""
    if not root_cause.is_told_by_body(judgement):
        return ""
    return root_cause.first_line(body_of(judgement.observation.flow_id) or judgement.observation.head)[:300]


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
    return full(
        {
            "policy": rewritten["policy"],
            "answered": rewritten["answered"],
            "status": rewritten["status"],
            "edits": [[edit["name"], edit["before"], edit["after"]] for edit in rewritten["edits"]],
            "serverVerdict": line["server_verdict"],
            "serverReason": line["server_reason"],
        }
    )


# ---- shared with the causes ----


def remedied_as(remedies: Sequence[Remedy], status: int | None) -> list[dict[str, Any]]:
    """Remedies, each with its lines: `-` and `+` before what goes and comes."""
    return [
        full(
            {
                "what": text.shortened(remedy.headline, LONGEST),
                "lines": [
                    [sign, text.shortened(line, LONGEST)] for sign, line in remedied.change_lines(remedy, status)
                ],
                "why": text.shortened(remedy.why, LONGEST),
                "opens": text.shortened(remedy.opens, LONGEST),
            }
        )
        for remedy in remedies
    ]


def cure(change: Change | None) -> dict[str, Any] | None:
    """The smallest change to the answer: what tells one cause from another."""
    if change is None:
        return None
    return full(
        {
            "status": change.status,
            "headers": [[edit.name, edit.before, edit.after] for edit in change.edits],
            "note": change.note,
            "incomplete": not change.complete,
        }
    )


def console_lines(message: str | None) -> list[str]:
    """What the browser's console shows, line by line."""
    return [] if message is None else message.splitlines()
