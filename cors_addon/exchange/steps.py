"""The algorithm's steps for one flow, each with its outcome: what a verdict is made of."""

from enum import StrEnum
from typing import NamedTuple

from cors_addon.engines import ENGINES
from cors_addon.exchange.model import Judgement
from cors_addon.exchange.outcomes import STORED_ASSUMED, answer_of, asked_of, judged_fields, redirects_before
from cors_addon.fetch.checks import Answer, Asked, Rules
from cors_addon.fetch.headers import readable
from cors_addon.fetch.methods import CORS_SAFELISTED


class StepOutcome(StrEnum):
    """What became of a step."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_REACHED = "not-reached"
    NOT_ASKED = "not-asked"


class Step(NamedTuple):
    """One step of the check."""

    name: str
    header: str | None
    value: str | None
    """Value of that header (or the status, or the Location), None where it is absent."""
    outcome: StepOutcome
    note: str = ""


# by the step's function: what it is about, and the header it reads
_ABOUT: dict[str, tuple[str, str | None]] = {
    "allow_origin": ("origin", "Access-Control-Allow-Origin"),
    "allow_credentials": ("credentials", "Access-Control-Allow-Credentials"),
    "not_redirected": ("no redirect", "Location"),
    "ok_status": ("ok status", None),
    "methods_syntax": ("methods are tokens", "Access-Control-Allow-Methods"),
    "headers_syntax": ("header names are tokens", "Access-Control-Allow-Headers"),
    "method_allowed": ("method", "Access-Control-Allow-Methods"),
    "headers_allowed": ("request headers", "Access-Control-Allow-Headers"),
    "location_parsable": ("Location is a URL", "Location"),
    "location_loadable": ("usable Location", "Location"),
    "location_usable": ("usable Location", "Location"),
    "location_scheme": ("http(s) Location", "Location"),
    "location_without_credentials": ("no userinfo in Location", "Location"),
    "redirect_count": ("number of redirects", None),
}


def steps(judgement: Judgement) -> list[Step]:
    """Every step of the flow's own check, in the engine's order; empty where CORS has nothing to check."""
    stage = judgement.stage
    observation = judgement.observation
    if stage is None or observation.status is None or STORED_ASSUMED in judgement.assumptions:
        return []
    engine = ENGINES[judgement.engine]
    rules = engine.rules
    asked = asked_of(judgement)
    answer = answer_of(observation, judged_fields(judgement), redirects_before(judgement), engine)
    listed: list[Step] = []
    failed = False
    for check in rules.steps(stage):
        name, header = _ABOUT[check.__name__]
        if header == "Location" and answer.target is None:
            continue
        value = _value(rules, header, name, answer)
        failure = check(rules, asked, answer)
        if _not_asked(check.__name__, asked):
            listed.append(Step(name, header, value, StepOutcome.NOT_ASKED, _why_not_asked(check.__name__)))
        elif failure is not None and not failed:
            failed = True
            listed.append(Step(name, header, value, StepOutcome.FAILED, _note(check.__name__, failure[1])))
        else:
            outcome = StepOutcome.NOT_REACHED if failed else StepOutcome.PASSED
            would_fail = failed and failure is not None
            listed.append(Step(name, header, value, outcome, "would fail too" if would_fail else ""))
    return listed


def _value(rules: Rules, header: str | None, name: str, answer: Answer) -> str | None:
    lines = answer.lines
    match header:
        case "Access-Control-Allow-Origin":
            value = rules.combine(lines.allow_origin, answer.http2)
        case "Access-Control-Allow-Credentials":
            value = rules.combine(lines.allow_credentials, answer.http2)
        case "Access-Control-Allow-Methods":
            value = rules.combine(lines.allow_methods, answer.http2)
        case "Access-Control-Allow-Headers":
            value = rules.combine(lines.allow_headers, answer.http2)
        case "Location":
            value = answer.target.text if answer.target else None
        case _:
            value = str(answer.status) if name == "ok status" else str(answer.redirects)
    return None if value is None else readable(value)


def _not_asked(check: str, asked: Asked) -> bool:
    return (
        (check == "allow_credentials" and not asked.credentialed)
        or (check == "headers_allowed" and not asked.headers)
        or (check == "method_allowed" and asked.method in CORS_SAFELISTED)
    )


def _why_not_asked(check: str) -> str:
    return {
        "allow_credentials": "credentials not included",
        "headers_allowed": "no header needs permission",
        "method_allowed": "a safelisted method needs no permission",
    }[check]


def _note(check: str, detail: str | None) -> str:
    if detail is None:
        return ""
    match check:
        case "method_allowed" | "headers_allowed":
            return f"{readable(detail)} is missing"
        case "methods_syntax" | "headers_syntax":
            return f"{readable(detail)} is not a list of tokens"
    return ""
