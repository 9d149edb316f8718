"""The whole story of a judgement: the exchange, check by check, and what would change the verdict.

Law 1: one glance gives the verdict, the second the cause, the third the cure; so that is the order.
Law 2: those of `text` hold here too.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from textwrap import wrap

from cors_addon.exchange.exposure import exposed_headers, exposure_assumption, hidden_headers
from cors_addon.exchange.fixes import smallest_change
from cors_addon.exchange.model import Credentials, Judgement, Outcome, Role, Verdict
from cors_addon.exchange.other_engines import outcomes
from cors_addon.exchange.steps import StepOutcome, StepResult, steps
from cors_addon.fetch import headers
from cors_addon.fetch.origins import OPAQUE
from cors_addon.fetch.refusals import Reason, Stage
from cors_addon.reasons.model import BROWSERS
from cors_addon.reasons.registry import REGISTRY
from cors_addon.report import lifetime, rewritten, root_cause, upstream_error
from cors_addon.report.console import console_message
from cors_addon.report.findings import MARK, finding_phrase
from cors_addon.report.text import (
    FAILED,
    NEITHER,
    PASSED,
    WIDTH,
    credentials_words,
    depends_on_credentials,
    in_question,
    phrase,
    preflight_words,
    quoted,
    relation,
    response_header,
    shortened,
    visible,
    without_userinfo,
)

_COLUMN = 13
_MAX_MEMBERS = 12
_LONGEST = 2000
"""Characters of a value or a list that are shown: a longer one would bury the rest."""

_ALLOWS = {
    Role.PREFLIGHT: "the request may be sent",
    Role.ACTUAL: "the page gets the answer",
    Role.REDIRECT: "the redirect may be followed",
}
_NOT_CORS = {
    Role.SAME_ORIGIN: "The page and the target have the same origin: there is nothing to ask for.",
    Role.NO_CORS: "A no-cors request (an image, a script, a beacon): the page may use the answer, but not read it.",
    Role.NAVIGATION: "A navigation: the answer becomes a page of its own, which no other page may read.",
    Role.WEBSOCKET: "A WebSocket handshake: it knows no CORS, the server itself has to look at Origin.",
    Role.NON_BROWSER: "The client is no browser, and enforces nothing.",
}
_ENGINES = {**BROWSERS, "fetch": "the Fetch standard"}
_VERSIONS = {"chromium": rb"Chrom(?:e|ium)/(\d+)", "gecko": rb"Firefox/(\d+)", "webkit": rb"Version/(\d+(?:\.\d+)?)"}


def nothing_to_say(note: str = "") -> str:
    """For a flow that is none of CORS' business."""
    why = "  The request bears no Origin header, and follows no redirect of one that does."
    lines = [f"{NEITHER} NOT CORS", "", why]
    return "\n".join(lines + (["", *_paragraph("note", note, WIDTH)] if note else [])) + "\n"


def explain(
    judgement: Judgement,
    *,
    note: str = "",
    body_of: Callable[[str], bytes] = lambda _flow_id: b"",
    error: str = "",
    hint: str = "",
    width: int = WIDTH,
) -> str:
    """The whole exchange, check by check, and what would change the verdict.

    `note` says how the judgement came about, where that is not plain; `body_of` gives the answer's body of a flow;
    `error` is why there was none from the server; `hint` says how to have a refused request pass here and now.
    """
    failed = list(_failed(judgement, error, width))
    sections: list[list[str]] = [
        [_headline(judgement, width)],
        _paragraph("note", note, width) if note else [],
        list(_what(judgement, width)),
        list(_exchange(judgement, width)),
        list(_rewritten(judgement, width)),
        failed or list(_behind(judgement, body_of, width)),
        list(_cure(judgement, hint, width, unanswered=bool(failed))),
        list(_not_everywhere(judgement, width)),
        list(_security(judgement, width)),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _headline(judgement: Judgement, width: int) -> str:
    if judgement.role is Role.NON_BROWSER:
        left = f"{NEITHER} NO BROWSER"
        if judgement.hypothetical is not None:
            verdict = judgement.hypothetical.verdict
            left += f"   one would {'allow' if verdict is Verdict.ALLOW else 'deny'} it: {_hypothetical(judgement)}"
    elif judgement.stage is None:
        left = f"{NEITHER} NOT CORS   {judgement.role}"
    elif depends_on_credentials(judgement):
        allowed = judgement.verdict is Verdict.ALLOW
        one, other = ("ALLOWED", "DENIED") if allowed else ("DENIED", "ALLOWED")
        condition = "without credentials" if judgement.judged_credentialed else 'if credentials: "include"'
        left = f"{PASSED if allowed else FAILED} {one}, but {other} {condition}"
    elif judgement.refusal is not None:
        left = f"{FAILED} DENIED   {judgement.refusal.reason}, {_at(judgement.refusal.stage)}"
    else:
        left = f"{PASSED} ALLOWED   {_ALLOWS[judgement.role]}"
    right = _engine(judgement)
    gap = width - len(left) - len(right)
    return f"{left}{' ' * gap}{right}" if gap >= 3 else f"{left}\n{right:>{width}}"


def _hypothetical(judgement: Judgement) -> str:
    assert judgement.hypothetical is not None
    refusal = judgement.hypothetical.refusal
    return "every check passes" if refusal is None else str(refusal.reason)


def _at(stage: Stage) -> str:
    return "at the answer" if stage is Stage.ACTUAL else f"at the {stage}"


def _engine(judgement: Judgement) -> str:
    name = _ENGINES.get(judgement.engine, judgement.engine)
    pattern = _VERSIONS.get(judgement.engine)
    agent = headers.get_all(judgement.observation.request, b"user-agent")
    match = re.search(pattern, agent[0]) if pattern and agent else None
    return f"{name} {match[1].decode()}" if match else name


def _what(judgement: Judgement, width: int) -> Iterator[str]:
    observation = judgement.observation
    if judgement.contradicted:
        yield from _paragraph("contradicted", judgement.contradiction or "later traffic shows otherwise", width)
    if judgement.origin is not None:
        yield from _paragraph("page", judgement.origin + _why_opaque(judgement), width)
    method = judgement.requested_method if judgement.role is Role.PREFLIGHT else None
    yield from _paragraph("request", f"{method or observation.method.decode('latin-1')} {observation.url}", width)
    related = relation(judgement)
    if related:
        yield from _paragraph("", related, width)
    if judgement.stage is None:
        yield from _paragraph("why", _NOT_CORS[judgement.role], width)
        if judgement.assumptions:
            yield from _paragraph("inferred", "; ".join(judgement.assumptions), width)
        return
    yield from _paragraph("credentials", credentials_words(judgement), width)
    because = preflight_words(judgement)
    if because:
        yield from _paragraph("preflight", because, width)
    if kept := lifetime.words(judgement):
        yield from _paragraph("cache", kept, width)
    if judgement.assumptions:
        yield from _paragraph("inferred", "; ".join(judgement.assumptions), width)


def _why_opaque(judgement: Judgement) -> str:
    if judgement.origin != OPAQUE:
        return ""
    page = next((member.origin for member in judgement.chain if member.origin not in (None, OPAQUE)), None)
    if page is not None:
        return f"  (in place of {page}, for a redirect led from one foreign origin to another)"
    return "  (a sandboxed frame, a data: or file: page, or after a redirect)"


# -- the exchange, step by step --


def _exchange(judgement: Judgement, width: int) -> Iterator[str]:
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
            yield from _wrapped(str(member.observation.url), "     ", width)
        yield from _steps(member, full=member is judgement, width=width)
        yield from _notable(member, width, full=member is judgement)
    yield from _not_sent(chain, number)


_NOTABLE = {
    Role.PREFLIGHT: ("Access-Control-Max-Age", "WWW-Authenticate", "Vary"),
    Role.ACTUAL: ("Access-Control-Expose-Headers", "WWW-Authenticate", "Vary"),
    Role.REDIRECT: ("Vary",),
}
"""Response headers that no check reads, and that matter all the same."""
_IN_SHORT = {
    Role.PREFLIGHT: ("Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age"),
    Role.REDIRECT: ("Location",),
}
"""Those that matter of the other exchanges of a fetch, whose checks are only counted."""


def _notable(member: Judgement, width: int, *, full: bool) -> Iterator[str]:
    if not full and member.verdict is Verdict.DENY:
        return  # its checks are listed
    for name in (_NOTABLE if full else _IN_SHORT).get(member.role, ()):
        value = response_header(member, name)
        if value is not None:
            shown = value if full else shortened(without_userinfo(value))
            yield from _wrapped(f"{name}: {shown}", "     ", width, first="     · ", hang="         ")


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
        note = step.note or ("not reached" if step.outcome is StepOutcome.NOT_REACHED else "")
        if step.name == "origin" and step.outcome is StepOutcome.FAILED and step.value not in (None, "*"):
            note = note or f"the request's Origin is {member.origin}"
        if step.name == "credentials" and member.credentials is Credentials.UNKNOWN and not member.judged_credentialed:
            note = "counts only with credentials"
        first, *rest = _wrapped(step_words(step), "     ", width, first=f"     {mark} ", hang="         ")
        if note and not rest and len(first) + len(note) + 5 <= width:
            yield f"{first}   ({visible(note)})"
        else:
            yield first
            yield from rest
            if note:
                yield from _wrapped(f"({note})", "         ", width)


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


# -- what really happened --


def _rewritten(judgement: Judgement, width: int) -> Iterator[str]:
    for label, said in rewritten.words(judgement):
        yield from _paragraph(label, said, width, hang="    " if said.startswith(("- ", "+ ")) else "")


def _failed(judgement: Judgement, error: str, width: int) -> Iterator[str]:
    """No answer of the server's own: then its headers are not to blame."""
    if error and judgement.verdict is Verdict.DENY and not judgement.observation.response:
        yield from _paragraph("behind it", upstream_error.words(error, judgement.observation.status), width)


def _behind(judgement: Judgement, body_of: Callable[[str], bytes], width: int) -> Iterator[str]:
    if judgement.verdict is not Verdict.DENY and judgement.hypothetical is None:
        return
    cause = root_cause.words(judgement)
    if cause:
        yield from _paragraph("behind it", cause, width)
    if not root_cause.is_told_by_body(judgement):
        return
    body = body_of(judgement.observation.flow_id)
    first = root_cause.first_line(body)
    if first:
        yield from _paragraph("" if cause else "behind it", f"its body begins: {quoted(first, 200)}", width)
        for more in root_cause.next_lines(body, first):
            yield from _paragraph("", quoted(more, 120), width, hang="  ")


# -- the cure --


def _cure(judgement: Judgement, hint: str, width: int, *, unanswered: bool) -> Iterator[str]:
    """The smallest change; where the server did not answer at all (`unanswered`), none helps."""
    asked = in_question(judgement)
    refusal = asked.refusal
    if refusal is None:
        yield from _exposure(judgement, width)
        return
    change = None if unanswered else smallest_change(asked)
    if change is not None:
        label = "fix" if asked is judgement or judgement.hypothetical is not None else "for both"
        if change.status is not None:
            yield from _paragraph(label, f"status {judgement.observation.status} → {change.status}", width)
            label = ""
        for edit in change.edits:
            for sign, value in (("-", edit.before), ("+", edit.after)):
                if value is not None:
                    yield from _paragraph(label, f"{sign} {edit.name}: {value}", width, hang="    ")
                    label = ""
        if change.note:
            yield from _paragraph(label, change.note, width)
        if hint and change.complete:
            yield from _paragraph("or now", hint, width)
    said = console_message(judgement)
    if said:
        for index, line in enumerate(said.splitlines()):
            yield from _paragraph("" if index else "console", line, width)
    yield from _elsewhere(asked, width)
    yield from _paragraph("spec", REGISTRY[refusal.reason].anchor, width)


def _exposure(judgement: Judgement, width: int) -> Iterator[str]:
    """Which headers of the answer script may read, and which it may not."""
    if judgement.role is not Role.ACTUAL:
        return
    yield from _paragraph("script reads", ", ".join(exposed_headers(judgement)) or "no header", width)
    hidden = [name for name in hidden_headers(judgement) if not name.startswith("access-control-")]
    if hidden:
        yield from _paragraph("but not", f"{', '.join(hidden)} (not in Access-Control-Expose-Headers)", width)
    if assumption := exposure_assumption(judgement):
        yield from _paragraph("inferred", assumption, width)


def _elsewhere(judgement: Judgement, width: int) -> Iterator[str]:
    own = Outcome(judgement.verdict, judgement.refusal)
    same: list[str] = []
    other: list[str] = []
    for engine, outcome in outcomes(judgement).items():
        if engine in (judgement.engine, "fetch"):
            continue
        name = _ENGINES.get(engine, engine)
        if outcome.verdict is own.verdict and _reason(outcome) is _reason(own):
            same.append(name)
        else:
            reason = _reason(outcome)
            other.append(f"{name} {'allows it' if reason is None else f'refuses it: {reason}'}")
    if same:
        listed = " and ".join(same) if len(same) < 3 else f"{', '.join(same[:-1])} and {same[-1]}"
        other.insert(0, f"{listed} refuse{'s' if len(same) == 1 else ''} it for the same reason")
    if other:
        yield from _paragraph("elsewhere", "; ".join(other), width)


def _not_everywhere(judgement: Judgement, width: int) -> Iterator[str]:
    """An allowed exchange that other engines refuse."""
    if judgement.verdict is not Verdict.ALLOW or in_question(judgement).refusal is not None:
        return
    refusing = [
        f"{_ENGINES.get(engine, engine)} refuses it: {phrase(judgement, outcome.refusal)}"
        for engine, outcome in outcomes(judgement).items()
        if outcome.refusal is not None
    ]
    if refusing:
        yield from _paragraph("elsewhere", "; ".join(refusing), width)


def _reason(outcome: Outcome) -> Reason | None:
    return outcome.refusal.reason if outcome.refusal else None


# -- security --


def _security(judgement: Judgement, width: int) -> Iterator[str]:
    """What the server's answer shows a security reviewer, whatever the verdict."""
    label = "security"
    for finding in judgement.findings:
        yield from _paragraph(label, f"{MARK} {finding_phrase(judgement, finding)}", width, hang="  ")
        yield from _wrapped(f"cors-addon explain {finding.name}", " " * (_COLUMN + 4), width)
        label = ""


# ---- layout ----


def _paragraph(label: str, text: str, width: int, hang: str = "") -> list[str]:
    return _wrapped(text, " " * (_COLUMN + 2), width, first=f"  {label:<{_COLUMN}}", hang=" " * (_COLUMN + 2) + hang)


def _wrapped(text: str, indent: str, width: int, *, first: str | None = None, hang: str | None = None) -> list[str]:
    """Lines of at most `width`; words longer than a line are broken, for URLs and header values know no spaces."""
    lines = wrap(
        shortened(text, _LONGEST),
        max(width, 40),
        initial_indent=indent if first is None else first,
        subsequent_indent=indent if hang is None else hang,
        break_on_hyphens=False,
    )
    return lines or [(indent if first is None else first).rstrip()]


def _clock(moment: float) -> str:
    try:
        return time.strftime("%H:%M:%S", time.localtime(moment)) + f".{int(moment * 1000) % 1000:03d}"
    except (OverflowError, OSError, ValueError):
        return "--:--:--.---"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.1f} s"
