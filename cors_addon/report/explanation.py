"""The whole story of a judgement: the exchange, check by check, and what would change the verdict.

Law 1: one glance gives the verdict, the second the cause, the third the cure; so that is the order.
Law 2: those of `text` hold here too.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cors_addon.exchange.exposure import exposed_headers, exposure_assumption, hidden_headers
from cors_addon.exchange.fate import Fate
from cors_addon.exchange.model import Judgement, Outcome, Role, Verdict
from cors_addon.exchange.other_engines import outcomes
from cors_addon.fetch import headers
from cors_addon.fetch.origins import OPAQUE
from cors_addon.fetch.refusals import Reason, Stage
from cors_addon.reasons.model import BROWSERS
from cors_addon.reasons.registry import REGISTRY
from cors_addon.remedies import upstream_error
from cors_addon.remedies.value import Change
from cors_addon.report import (
    blocked,
    lifetime,
    local_network,
    remedied,
    rewritten,
    root_cause,
    timeline,
)
from cors_addon.report.client_name import client_name, program_name
from cors_addon.report.console import console_message
from cors_addon.report.findings import MARK, finding_phrase
from cors_addon.report.layout import COLUMN, paragraph, wrapped
from cors_addon.report.situation import remedies_of
from cors_addon.report.text import (
    FAILED,
    NEITHER,
    PASSED,
    WIDTH,
    credentials_words,
    depends_on_credentials,
    in_a_browser,
    in_question,
    phrase,
    preflight_words,
    quoted,
    relation,
    visible,
)
from cors_addon.servers import cause

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
_ENGINES = {**BROWSERS, "fetch": "the Fetch standard", "jsdom": "jsdom", "happy-dom": "happy-dom"}
_VERSIONS = {
    "chromium": rb"Chrom(?:e|ium)/(\d+)",
    "gecko": rb"Firefox/(\d+)",
    "webkit": rb"Version/(\d+(?:\.\d+)?)",
    "jsdom": rb"jsdom/([\d.]+)",
    "happy-dom": rb"HappyDOM/([\d.]+)",
}


def nothing_to_say(note: str = "") -> str:
    """The text for a flow that CORS does not concern."""
    why = "  The request bears no Origin header, and follows no redirect of one that does."
    lines = [f"{NEITHER} NOT CORS", "", why]
    return "\n".join(lines + (["", *paragraph("note", note, WIDTH)] if note else [])) + "\n"


@dataclass(frozen=True)
class Surroundings:
    """What is known of an exchange beside its judgement."""

    note: str = ""
    """How the judgement came about, where that is not plain."""
    body_of: Callable[[str], bytes] = lambda _flow_id: b""
    """Gives the body of a flow's answer."""
    error: str = ""
    """Why there was no answer from the server."""
    hint: str = ""
    """How to have a refused request pass here and now."""


def explain(judgement: Judgement, surroundings: Surroundings | None = None, *, width: int = WIDTH) -> str:
    """The whole exchange, check by check, and what would change the verdict."""
    known = surroundings or Surroundings()
    fate = blocked.beyond_cors(judgement)
    if fate is not None and fate.block is not None:
        return _of_block(judgement, fate, known.note, width)
    failed = list(_failed(judgement, known.error, width))
    sections: list[list[str]] = [
        [_headline(judgement, width)],
        failed or list(_behind(judgement, known.body_of, width)),
        paragraph("note", known.note, width) if known.note else [],
        list(_in_a_browser(judgement, width)),
        list(_what(judgement, width)),
        list(timeline.lines(judgement, width)),
        list(_rewritten(judgement, width)),
        [] if failed else list(_server(judgement, width)),
        list(_cure(judgement, known.hint, width, unanswered=bool(failed))),
        list(_not_everywhere(judgement, width)),
        _local(judgement, width),
        list(_security(judgement, width)),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _of_block(judgement: Judgement, fate: Fate, note: str, width: int) -> str:
    """The same for what something beside CORS stopped."""
    assert fate.block is not None
    first = _beside(f"{FAILED} BLOCKED   {fate.block.gate}, not by CORS", judgement, width)
    stopped = blocked.explanation(judgement, fate, fate.block, width)
    sections = [[first], paragraph("note", note, width) if note else [], *stopped, _local(judgement, width)]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _local(judgement: Judgement, width: int) -> list[str]:
    words = local_network.hint(judgement)
    return paragraph("network", words, width) if words else []


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
    return _beside(left, judgement, width)


def _beside(left: str, judgement: Judgement, width: int) -> str:
    """The engine at the end of the first line, or below it."""
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
    if judgement.role is Role.NON_BROWSER and (program := program_name(judgement.observation.request)) is not None:
        return visible(program)
    name = _ENGINES.get(judgement.engine.name, judgement.engine.name)
    if judgement.engine.version:
        return f"{name} {judgement.engine.version}"
    pattern = _VERSIONS.get(judgement.engine.name)
    agent = headers.get_all(judgement.observation.request, b"user-agent")
    known = client_name(agent[0].decode("latin-1")) if agent else None
    if known is not None:
        return f"{visible(known)} ({name})"
    match = re.search(pattern, agent[0]) if pattern and agent else None
    return f"{name} {match[1].decode()}" if match else name


def _what(judgement: Judgement, width: int) -> Iterator[str]:
    observation = judgement.observation
    if judgement.contradicted:
        yield from paragraph("contradicted", judgement.contradiction or "later traffic shows otherwise", width)
    if judgement.origin is not None:
        yield from paragraph("page", judgement.origin + _why_opaque(judgement), width)
    method = judgement.requested_method if judgement.role is Role.PREFLIGHT else None
    yield from paragraph("request", f"{method or observation.method.decode('latin-1')} {observation.url}", width)
    related = relation(judgement)
    if related:
        yield from paragraph("", related, width)
    if judgement.stage is None:
        yield from paragraph("why", _NOT_CORS[judgement.role], width)
        if judgement.assumptions:
            yield from paragraph("inferred", "; ".join(judgement.assumptions), width)
        return
    yield from paragraph("credentials", credentials_words(judgement), width)
    because = preflight_words(judgement)
    if because:
        yield from paragraph("preflight", because, width)
    if kept := lifetime.half_sentence(judgement):
        yield from paragraph("cache", kept, width)
    if judgement.assumptions:
        yield from paragraph("inferred", "; ".join(judgement.assumptions), width)


def _why_opaque(judgement: Judgement) -> str:
    if judgement.origin != OPAQUE:
        return ""
    page = next((member.origin for member in judgement.chain if member.origin not in (None, OPAQUE)), None)
    if page is not None:
        return f"  (in place of {page}, for a redirect led from one foreign origin to another)"
    return "  (a sandboxed frame, a data: or file: page, or after a redirect)"


# -- what really happened --


def _rewritten(judgement: Judgement, width: int) -> Iterator[str]:
    for label, said in rewritten.labelled_lines(judgement):
        yield from paragraph(label, said, width, hang="    " if said.startswith(("- ", "+ ")) else "")


def _failed(judgement: Judgement, error: str, width: int) -> Iterator[str]:
    """Why the server gave no answer of its own. Its headers are not at fault then."""
    if error and judgement.verdict is Verdict.DENY and not judgement.observation.response:
        yield from paragraph("behind it", upstream_error.sentences(error, judgement.observation.status), width)


def _behind(judgement: Judgement, body_of: Callable[[str], bytes], width: int) -> Iterator[str]:
    if judgement.verdict is not Verdict.DENY and judgement.hypothetical is None:
        return
    cause = root_cause.sentence(judgement)
    if cause:
        yield from paragraph("behind it", cause, width)
    if not root_cause.is_told_by_body(judgement):
        return
    body = body_of(judgement.observation.flow_id) or judgement.observation.head
    first = root_cause.first_line(body)
    if first:
        yield from paragraph("" if cause else "behind it", f"its body begins: {quoted(first, 200)}", width)
        for more in root_cause.next_lines(body, first):
            yield from paragraph("", quoted(more, 120), width, hang="  ")


def _server(judgement: Judgement, width: int) -> Iterator[str]:
    """Who answered, by what that is told, and its own setting."""
    label = "server"
    for told in cause.sentences(judgement):
        yield from paragraph(label, told, width)
        label = ""
    server = judgement.server
    if not label and server is not None and server.marks:
        yield from paragraph("told by", f"{', '.join(server.marks)} ({server.confidence})", width)


# -- the cure --


def _cure(judgement: Judgement, hint: str, width: int, *, unanswered: bool) -> Iterator[str]:
    """The smallest change; where the server did not answer at all (`unanswered`), none helps."""
    asked = in_question(judgement)
    refusal = asked.refusal
    if refusal is None:
        yield from _exposure(judgement, width)
        return
    remedies = () if unanswered else remedies_of(asked)
    first = "fix" if asked is judgement or judgement.hypothetical is not None else "for both"
    for each in remedied.lines(remedies, judgement.observation.status):
        label = first if each.label == "fix" else each.label
        yield from paragraph(label, each.plain, width, hang="    " if each.sign else "")
    if hint and any(isinstance(remedy.change, Change) and remedy.change.complete for remedy in remedies):
        yield from paragraph("or now", hint, width)
    label = "console"
    for line in (console_message(judgement) or "").splitlines():
        yield from paragraph(label, line, width)
        label = ""
    yield from _elsewhere(asked, width)
    yield from paragraph("spec", REGISTRY[refusal.reason].anchor, width)


def _exposure(judgement: Judgement, width: int) -> Iterator[str]:
    """Which headers of the answer script may read, and which it may not."""
    if judgement.role is not Role.ACTUAL:
        return
    yield from paragraph("script reads", ", ".join(exposed_headers(judgement)) or "no header", width)
    hidden = [name for name in hidden_headers(judgement) if not name.startswith("access-control-")]
    if hidden:
        yield from paragraph("but not", f"{', '.join(hidden)} (not in Access-Control-Expose-Headers)", width)
    if assumption := exposure_assumption(judgement):
        yield from paragraph("inferred", assumption, width)


def _in_a_browser(judgement: Judgement, width: int) -> Iterator[str]:
    """For a library that plays one."""
    if elsewhere := in_a_browser(judgement):
        passes = "is refused" if judgement.refusal is not None else "passes"
        yield from paragraph("but", f"it {passes} in {judgement.engine.name}; {elsewhere}", width)


def _elsewhere(judgement: Judgement, width: int) -> Iterator[str]:
    own = Outcome(judgement.verdict, judgement.refusal)
    same: list[str] = []
    other: list[str] = []
    for engine, outcome in outcomes(judgement).items():
        if engine in (judgement.engine.name, "fetch"):
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
        yield from paragraph("elsewhere", "; ".join(other), width)


def _not_everywhere(judgement: Judgement, width: int) -> Iterator[str]:
    """An allowed exchange that other engines refuse."""
    if judgement.engine.plays_browser:
        return  # that is told first
    if judgement.verdict is not Verdict.ALLOW or in_question(judgement).refusal is not None:
        return
    refusing = [
        f"{_ENGINES.get(engine, engine)} refuses it: {phrase(judgement, outcome.refusal)}"
        for engine, outcome in outcomes(judgement).items()
        if outcome.refusal is not None
    ]
    if refusing:
        yield from paragraph("elsewhere", "; ".join(refusing), width)


def _reason(outcome: Outcome) -> Reason | None:
    return outcome.refusal.reason if outcome.refusal else None


# -- security --


def _security(judgement: Judgement, width: int) -> Iterator[str]:
    """What the server's answer shows a security reviewer, whatever the verdict."""
    label = "security"
    for finding in judgement.findings:
        yield from paragraph(label, f"{MARK} {finding_phrase(judgement, finding)}", width, hang="  ")
        yield from wrapped(f"cors-addon explain {finding.name}", " " * (COLUMN + 4), width)
        label = ""
