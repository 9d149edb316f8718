"""The algorithm's steps for one flow, each with its outcome: what a verdict is made of."""

from enum import StrEnum
from typing import NamedTuple

from cors_addon.exchange.model import Fields, Judgement
from cors_addon.exchange.outcomes import answer_of, asked_of, judged_fields, redirects_before
from cors_addon.exchange.response_headers import received
from cors_addon.fetch.checks import Answer, Rules, Step
from cors_addon.fetch.headers import get_all, readable
from cors_addon.fetch.names import LOCATION
from cors_addon.fetch.refusals import Reason
from cors_addon.reasons.assumptions import Assumption


class StepOutcome(StrEnum):
    """What became of a step."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_REACHED = "not-reached"
    NOT_ASKED = "not-asked"


class StepResult(NamedTuple):
    """One step of the check, and what became of it."""

    name: str
    header: str | None
    value: str | None
    """Value of that header (or the status, or the Location), None where it is absent."""
    outcome: StepOutcome
    note: str = ""


def _unread(reason: Reason, what: str | None) -> "StepResult":
    """Why the browser takes nothing of an answer."""
    if reason is Reason.HEADERS_TOO_LARGE:
        return StepResult("size of all headers", None, what, StepOutcome.FAILED, "more than it takes")
    name, _, value = (what or "").partition(": ")
    return StepResult("readable headers", name, readable(value), StepOutcome.FAILED, "not to be read")


def steps(judgement: Judgement) -> list[StepResult]:
    """Every step of the flow's own check, in the engine's order; empty where CORS has nothing to check."""
    stage = judgement.stage
    observation = judgement.observation
    if stage is None or observation.status is None or Assumption.STORED_RESPONSE_PASSES in judgement.assumptions:
        return []
    engine = judgement.engine
    rules = engine.rules
    asked = asked_of(judgement)
    fields = judged_fields(judgement)
    answer = answer_of(observation, fields, redirects_before(judgement), engine)
    fields = received(rules, fields, http2=observation.http2)
    listed: list[StepResult] = []
    failed = answer.unreadable is not None
    if answer.unreadable is not None:
        listed.append(_unread(*answer.unreadable))
    for step in rules.steps(stage):
        if step.header == LOCATION and answer.target is None:
            continue
        failure = step.check(rules, asked, answer)
        passed_over = step.passed_over(asked)
        note = ""
        if passed_over is not None:
            outcome, note = StepOutcome.NOT_ASKED, passed_over
        elif failed:
            outcome, note = StepOutcome.NOT_REACHED, "" if failure is None else "would fail too"
        elif failure is not None:
            failed = True
            outcome, note = StepOutcome.FAILED, _note(*failure)
        else:
            outcome = StepOutcome.PASSED
        listed.append(StepResult(step.name, step.header, _value(step, rules, fields, answer), outcome, note))
    return listed


def _value(step: Step, rules: Rules, fields: Fields, answer: Answer) -> str | None:
    if step.header is None:
        return str(step.number(answer))
    if step.header == LOCATION:
        value = answer.target.text if answer.target else None
    else:
        value = rules.combine(get_all(fields, step.header.lower().encode()))
    return None if value is None else readable(value)


def _note(reason: Reason, detail: str | None) -> str:
    if detail is None:
        return ""
    match reason:
        case Reason.METHOD_NOT_ALLOWED | Reason.HEADER_NOT_ALLOWED:
            return f"{readable(detail)} is missing"
        case Reason.ALLOW_METHODS_INVALID | Reason.ALLOW_HEADERS_INVALID:
            return f"{readable(detail)} is not a list of tokens"
    return ""
