"""The exchanges of a fetch in the order in which they were sent: when, with what status, and each check of the one that
is explained.
"""

import time
from collections.abc import Iterator, Sequence

from cors_addon.exchange.model import Credentials, Judgement, Role, Verdict
from cors_addon.exchange.steps import StepOutcome, StepResult, steps
from cors_addon.fetch.names import ALLOW_HEADERS, ALLOW_METHODS, EXPOSE_HEADERS, LOCATION, MAX_AGE
from cors_addon.fetch.refusals import Reason
from cors_addon.report.layout import wrapped
from cors_addon.report.text import (
    FAILED,
    NEITHER,
    PASSED,
    in_question,
    response_header,
    shortened,
    visible,
    without_userinfo,
)

_MAX_MEMBERS = 12


def lines(judgement: Judgement, width: int) -> Iterator[str]:
    """Each exchange of the fetch with its time and its checks; those of other flows in short."""
    chain = judgement.chain if judgement in judgement.chain else [judgement]
    number, shown_url = 0, str(judgement.observation.url)
    left_out = range(_MAX_MEMBERS // 2, len(chain) - _MAX_MEMBERS // 2)
    for number, member in enumerate(chain, start=1):
        if number in left_out and member is not judgement:
            if number == left_out.start:
                yield f"  …  {len(left_out)} left out here"
            continue
        yield _member_line(number, member, here=member is judgement and len(chain) > 1, width=width)
        if str(member.observation.url) != shown_url:
            yield from wrapped(str(member.observation.url), "     ", width)
        yield from _steps(member, full=member is judgement, width=width)
        yield from _notable(member, width, full=member is judgement)
    yield from _not_sent(chain, number)


_NOTABLE = {
    Role.PREFLIGHT: (MAX_AGE, "WWW-Authenticate", "Vary"),
    Role.ACTUAL: (EXPOSE_HEADERS, "WWW-Authenticate", "Vary"),
    Role.REDIRECT: ("Vary",),
}
"""Response headers that no check reads, and that matter all the same."""
_IN_SHORT = {
    Role.PREFLIGHT: (ALLOW_METHODS, ALLOW_HEADERS, MAX_AGE),
    Role.REDIRECT: (LOCATION,),
}
"""Those that matter of the other exchanges of a fetch, whose checks are only counted."""


def _notable(member: Judgement, width: int, *, full: bool) -> Iterator[str]:
    if not full and member.verdict is Verdict.DENY:
        return  # its checks are listed
    for name in (_NOTABLE if full else _IN_SHORT).get(member.role, ()):
        value = response_header(member, name)
        if value is not None:
            shown = value if full else shortened(without_userinfo(value))
            yield from wrapped(f"{name}: {shown}", "     ", width, first="     · ", hang="         ")


def _member_line(number: int, member: Judgement, *, here: bool, width: int) -> str:
    observation = member.observation
    status = "no answer" if observation.status is None else str(observation.status)
    if member.reason is Reason.CAUSE_NOT_RECORDED:
        status = "not recorded"
    duration = _milliseconds(observation.ended - observation.started)
    method = shortened(observation.method.decode("latin-1"), 20)
    what = f"  {number}  {method:<8} {_clock(observation.started)}  {status}  {duration}"
    for right in (f"{member.role}  ◀ this flow", "◀ this flow") if here else (str(member.role), ""):
        if len(what) + 2 + len(right) <= width:
            return f"{what}{right:>{width - len(what)}}".rstrip()
    return f"{what}  ◀" if here else what


def _steps(member: Judgement, *, full: bool, width: int) -> Iterator[str]:
    taken = merged(steps(member if member.hypothetical is None else in_question(member)))
    if not full and not any(step.outcome is StepOutcome.FAILED for step in taken):
        passed = sum(step.outcome is StepOutcome.PASSED for step in taken)
        if passed:
            yield f"     {PASSED} {passed} check{'s' if passed > 1 else ''} passed"
        return
    for step in taken:
        mark = {StepOutcome.PASSED: PASSED, StepOutcome.FAILED: FAILED}.get(step.outcome, NEITHER)
        note = _note(step, member)
        first, *rest = wrapped(step_words(step), "     ", width, first=f"     {mark} ", hang="         ")
        if note and not rest and len(first) + len(note) + 5 <= width:
            yield f"{first}   ({visible(note)})"
        else:
            yield first
            yield from rest
            if note:
                yield from wrapped(f"({note})", "         ", width)


def _note(step: StepResult, member: Judgement) -> str:
    """The remark beside a step."""
    if step.name == "credentials" and member.credentials is Credentials.UNKNOWN and not member.judged_credentialed:
        return "counts only with credentials"
    if step.note:
        return step.note
    if step.outcome is StepOutcome.NOT_REACHED:
        return "not reached"
    named = step.name == "origin" and step.value not in (None, "*")
    return f"the request's Origin is {member.origin}" if named and step.outcome is StepOutcome.FAILED else ""


def step_words(step: StepResult) -> str:
    """What a step looked at: the header, or the status."""
    if step.header is None:
        return f"status {step.value}" if step.name == "ok status" else f"{step.name}: {step.value}"
    if step.value is None:
        return f"{step.header}: absent"
    return f"{step.header}: {step.value}"


_WEIGHT = {StepOutcome.PASSED: 0, StepOutcome.NOT_ASKED: 1, StepOutcome.NOT_REACHED: 2, StepOutcome.FAILED: 4}


def merged(taken: Sequence[StepResult]) -> list[StepResult]:
    """One step per header, the one that says most: a list's syntax and what it grants are two checks of one line."""
    kept: dict[str, StepResult] = {}
    for step in taken:
        key = step.header or step.name
        earlier = kept.get(key)
        if earlier is None or _WEIGHT[step.outcome] + bool(step.note) > _WEIGHT[earlier.outcome] + bool(earlier.note):
            kept.pop(key, None)
            kept[key] = step
    return list(kept.values())


def _not_sent(chain: Sequence[Judgement], number: int) -> Iterator[str]:
    """What should have followed, and was not seen."""
    last = chain[-1]
    if last.role is Role.PREFLIGHT and last.requested_method:
        method = shortened(last.requested_method, 20)
        if last.verdict is Verdict.DENY and not last.contradicted:
            yield f"  {number + 1}  {method:<8} not seen: a browser stops here"
        elif last.verdict is Verdict.ALLOW:
            yield f"  {number + 1}  {method:<8} not seen (yet)"
    elif last.role is Role.REDIRECT and last.verdict is Verdict.DENY and not last.contradicted:
        yield f"  {number + 1}  the redirect's target: not seen, a browser stops here"


def _clock(moment: float) -> str:
    try:
        return time.strftime("%H:%M:%S", time.localtime(moment)) + f".{int(moment * 1000) % 1000:03d}"
    except (OverflowError, OSError, ValueError):
        return "--:--:--.---"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.1f} s"
