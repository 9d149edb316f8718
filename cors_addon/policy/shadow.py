"""A recorded or live exchange under a policy that is not in force: what the browser would have decided.

Law 1: nothing is changed; the server's own answer is what the policy is tried on.
Law 2: a request is refused where its preflight would be: a recording may lack the preflight, or it was cached.
Law 3: a credentials mode that is not known is taken for not included, before and after alike, so that what differs is
the policy and nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from cors_addon.exchange.model import Credentials, Fields, Judgement, Outcome, Role, Verdict
from cors_addon.exchange.outcomes import answer_of, judged_fields, outcome, redirects_before
from cors_addon.fetch.checks import Answer, Asked
from cors_addon.fetch.headers import cors_lines
from cors_addon.fetch.refusals import Refusal, Stage
from cors_addon.policy.model import Preflights
from cors_addon.policy.rewrite import Asking, Rewriter, asking
from cors_addon.policy.rewrite_record import Rewritten

_JUDGED = frozenset({Role.PREFLIGHT, Role.ACTUAL, Role.REDIRECT})


class Shadow(NamedTuple):
    """The verdict on one exchange under one policy."""

    policy: str
    outcome: Outcome
    server: Outcome
    """What the server's own answer gets."""

    @property
    def flips(self) -> bool:
        """Whether the policy changes the verdict."""
        return self.outcome.verdict is not self.server.verdict

    def line_field(self) -> dict[str, str | None]:
        """For the JSON line."""
        refusal = self.outcome.refusal
        return {"policy": self.policy, "verdict": self.outcome.verdict, "reason": refusal.reason if refusal else None}


def try_on(rewriter: Rewriter, judgement: Judgement, rewritten: Rewritten | None = None) -> Shadow | None:
    """The exchange under a policy; None where CORS has nothing to say, or no answer of the server's is known."""
    if judgement.role not in _JUDGED:
        return None
    policy, observation, asked = rewriter.policy, judgement.observation, _asked(judgement)
    status, fields = _server_answer(judgement) if rewritten is None else (rewritten.status, rewritten.fields)
    undecided = rewritten is None and _undecided(judgement)
    if status is None:
        server = Outcome(Verdict.DENY, judgement.refusal)
    elif undecided:
        server = Outcome(judgement.verdict, judgement.refusal)
    else:
        server = _judge(judgement, asked, status, fields)
    unchanged = Shadow(policy.name, server, server)
    if not policy.speaks_of_cors and not policy.set and not policy.remove:
        return unchanged
    request = asking(observation.method, observation.request)
    if judgement.role is Role.PREFLIGHT and rewriter.answers(request):
        return Shadow(policy.name, _judge(judgement, asked, *rewriter.answer(request)), server)
    if status is None:
        return None if rewritten else unchanged
    refused = _preflight_refused(rewriter, judgement, request, asked)
    if refused is not None:
        return Shadow(policy.name, refused, server)
    if undecided and judgement.role is not Role.PREFLIGHT and not policy.concerns(request.origin):
        return unchanged
    return Shadow(policy.name, _judge(judgement, asked, *rewriter.rewrite(request, status, fields)), server)


def _server_answer(judgement: Judgement) -> tuple[int | None, Fields]:
    """Status and header list as the browser has them: of a 304 those of the stored answer, updated."""
    status = judgement.observation.status if judgement.stored is None else 200
    return status, judged_fields(judgement)


def _undecided(judgement: Judgement) -> bool:
    """A 304 whose stored answer was not seen was let pass, unchecked."""
    return judgement.observation.status == 304 and judgement.stored is None and judgement.if_omitted is None


def _asked(judgement: Judgement) -> Asked:
    preflight = judgement.role is Role.PREFLIGHT
    return Asked(
        judgement.origin or "",
        judgement.requested_method or "",
        judgement.requested_headers if preflight else (),
        judgement.credentials is Credentials.INCLUDE,
    )


def _judge(judgement: Judgement, asked: Asked, status: int, fields: Fields) -> Outcome:
    stage, engine = judgement.stage, judgement.engine
    answer = answer_of(replace(judgement.observation, status=status), fields, redirects_before(judgement), engine)
    if stage is not Stage.PREFLIGHT:
        stage = Stage.REDIRECT if answer.target else Stage.ACTUAL
    return outcome(engine, stage, asked, answer)


def _preflight_refused(rewriter: Rewriter, judgement: Judgement, request: Asking, asked: Asked) -> Outcome | None:
    """The refusal of the preflight that a request needs, as far as the policy decides on it; a preflight needs none."""
    policy = rewriter.policy
    if judgement.role is Role.PREFLIGHT or not judgement.preflight_because:
        return None
    if policy.preflight is Preflights.FORWARD or not policy.concerns(request.origin):
        return None
    names = judgement.requested_headers
    ask = Asking(request.origin, judgement.requested_method or "", ", ".join(names) or None)
    answer = Answer(204, cors_lines(rewriter.fields(ask, ())), judgement.observation.http2)
    found = outcome(judgement.engine, Stage.PREFLIGHT, asked._replace(headers=names), answer)
    return found if found.verdict is Verdict.DENY else None


# ── many exchanges ────────────────────────────────────────────────────────────────────────────────────────────────────


class Change(StrEnum):
    """What a policy changes for an exchange."""

    FAILS = "newly fails"
    PASSES = "newly passes"
    REASON = "fails for another reason"


@dataclass
class Group:
    """Exchanges of one origin with one endpoint for which a policy changes the same thing."""

    policy: str
    change: Change
    origin: str
    endpoint: str
    cause: str
    """The reason, with the value at fault; of what newly passes, the server's."""
    flow_ids: list[str] = field(default_factory=list)


def change_of(shadow: Shadow) -> Change | None:
    """What differs, None where nothing does."""
    if shadow.flips:
        return Change.FAILS if shadow.outcome.verdict is Verdict.DENY else Change.PASSES
    old, new = shadow.server.refusal, shadow.outcome.refusal
    if old is not None and new is not None and old.reason is not new.reason:
        return Change.REASON
    return None


type Changed = tuple[str, Change, str, str, str]
"""Policy, change, origin, endpoint and cause: what a group has in common."""


def changes(judgement: Judgement, shadows: Iterable[Shadow]) -> tuple[Changed, ...]:
    """What policies change for one exchange."""
    return tuple(
        (shadow.policy, change, judgement.origin or "", _endpoint(judgement), _cause(shadow, change))
        for shadow in shadows
        if (change := change_of(shadow)) is not None
    )


def group(changed: Iterable[tuple[str, Iterable[Changed]]]) -> list[Group]:
    """What changes for exchanges, given by their flow ids: by policy, kind, origin, endpoint and cause, as seen."""
    found: dict[Changed, Group] = {}
    for flow_id, all_changes in changed:
        for each in all_changes:
            found.setdefault(each, Group(*each)).flow_ids.append(flow_id)
    order = list(Change)
    return sorted(found.values(), key=lambda one: (one.policy, order.index(one.change), one.origin))


def _endpoint(judgement: Judgement) -> str:
    url = judgement.observation.url
    method = judgement.requested_method or judgement.observation.method.decode("latin-1")
    preflight = " (preflight)" if judgement.role is Role.PREFLIGHT else ""
    return f"{method} {url.origin}{url.path.partition('?')[0]}{preflight}"


def _cause(shadow: Shadow, change: Change) -> str:
    if change is Change.REASON:
        return f"{_words(shadow.server.refusal)} → {_words(shadow.outcome.refusal)}"
    return _words(shadow.server.refusal if change is Change.PASSES else shadow.outcome.refusal)


def _words(refusal: Refusal | None) -> str:
    if refusal is None:
        return ""
    return f"{refusal.reason}: {refusal.detail}" if refusal.detail else str(refusal.reason)


def render(groups: Sequence[Group], tried: int) -> str:
    """The groups as text, policies and kinds of change as headings."""
    if not groups:
        return f"No verdict changes ({tried} exchanges tried).\n"
    lines: list[str] = []
    heading: tuple[str, Change] | None = None
    for one in groups:
        if (one.policy, one.change) != heading:
            heading = (one.policy, one.change)
            number = sum(len(each.flow_ids) for each in groups if (each.policy, each.change) == heading)
            lines += [*([""] if lines else []), f"{one.policy}: {number} of {tried} exchanges: {one.change}"]
            origin = None
        if one.origin != origin:
            origin = one.origin
            lines.append(f"  {origin}")
        times = f"{len(one.flow_ids)} ×" if len(one.flow_ids) > 1 else "   "
        lines.append(f"    {times} {one.endpoint}  {one.cause}")
    return "\n".join(lines) + "\n"
