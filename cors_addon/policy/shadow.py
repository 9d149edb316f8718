"""A recorded or live exchange under a policy that is not in force: what the browser would have decided.

CORS is tried here; what else may stop a load is tried with its page, as both pass, and found again here.

Law 1: nothing is changed; the server's own answer is what the policy is tried on.
Law 2: a request is refused where its preflight would be: a recording may lack the preflight, or it was cached.
Law 3: a credentials mode that is not known is taken for not included, before and after alike, so that what differs is
the policy and nothing else.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from cors_addon.exchange.fate import Tried
from cors_addon.exchange.load_trials import LoadTrial, own_fields
from cors_addon.exchange.model import Credentials, Fields, Judgement, Observation, Outcome, Role, Verdict
from cors_addon.exchange.outcomes import answer_of, judged_fields, outcome, redirects_before
from cors_addon.fetch.checks import Answer, Asked
from cors_addon.fetch.headers import cors_lines
from cors_addon.fetch.load import Block
from cors_addon.fetch.refusals import Stage
from cors_addon.policy.model import Preflights
from cors_addon.policy.rewrite import Asking, Rewriter, asking
from cors_addon.policy.rewrite_record import Rewritten

_NOT_CORS = Outcome(Verdict.NOT_CORS)
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
        return flips(self.outcome, self.server)

    def line_field(self) -> dict[str, str | None]:
        """For the JSON line."""
        refusal, block = self.outcome.refusal, self.outcome.block
        return {
            "policy": self.policy,
            "verdict": self.outcome.verdict,
            "reason": refusal.reason if refusal else None,
            "blocked_by": block.gate if block else None,
            "blocked_detail": block.detail if block else None,
        }


def flips(outcome: Outcome, server: Outcome) -> bool:
    """Whether the page gets the answer under the one and not under the other."""
    return outcome.blocked is not server.blocked


def load_trial(rewriter: Rewriter, matches: Callable[[Observation], bool]) -> LoadTrial | None:
    """The policy as it is tried on loads that CORS has no say in; None where it edits nothing by name."""
    if not rewriter.policy.edits:
        return None

    def answer(observation: Observation) -> Fields | None:
        if not matches(observation):
            return None
        return rewriter.fields(asking(observation.method, observation.request), own_fields(observation))

    return LoadTrial(rewriter, answer)


def tried_by(rewriter: Rewriter, judgement: Judgement) -> Tried | None:
    """What came of the load under this policy, where it concerns it or its page."""
    fate = judgement.fate
    return None if fate is None else next((each for each in fate.tried if each.by is rewriter), None)


def try_on(rewriter: Rewriter, judgement: Judgement, rewritten: Rewritten | None = None) -> Shadow | None:
    """The exchange under a policy; None where that has nothing to say, or no answer of the server's is known."""
    found = _try_cors(rewriter, judgement, rewritten)
    tried = tried_by(rewriter, judgement)
    if tried is None:
        return found
    if found is None:
        found = Shadow(rewriter.policy.name, _NOT_CORS, _NOT_CORS)
    outcome, server = found.outcome, found.server
    return found._replace(outcome=_beside(outcome, tried.after), server=_beside(server, tried.before))


def _beside(outcome: Outcome, block: Block | None) -> Outcome:
    """What CORS refuses, nothing else is asked of."""
    return outcome if outcome.verdict is Verdict.DENY else replace(outcome, block=block)


def _try_cors(rewriter: Rewriter, judgement: Judgement, rewritten: Rewritten | None) -> Shadow | None:
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
    if not policy.speaks_of_cors and not policy.edits:
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
        return Change.FAILS if shadow.outcome.blocked else Change.PASSES
    old, new = _name(shadow.server), _name(shadow.outcome)
    return Change.REASON if old is not None and new is not None and old != new else None


def _name(outcome: Outcome) -> str | None:
    """Of what stops the answer."""
    if outcome.refusal is not None:
        return outcome.refusal.reason
    return None if outcome.block is None else outcome.block.gate


type Changed = tuple[str, Change, str, str, str]
"""Policy, change, origin, endpoint and cause: what a group has in common."""


def changes(judgement: Judgement, shadows: Iterable[Shadow]) -> tuple[Changed, ...]:
    """What policies change for one exchange."""
    return tuple(
        (shadow.policy, change, _page_origin(judgement), _endpoint(judgement), _cause(shadow, change))
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


def _page_origin(judgement: Judgement) -> str:
    if judgement.origin is None and judgement.fate is not None:
        return judgement.fate.load.origin
    return judgement.origin or ""


def _endpoint(judgement: Judgement) -> str:
    url = judgement.observation.url
    method = judgement.requested_method or judgement.observation.method.decode("latin-1")
    preflight = " (preflight)" if judgement.role is Role.PREFLIGHT else ""
    return f"{method} {url.origin}{url.path.partition('?')[0]}{preflight}"


def _cause(shadow: Shadow, change: Change) -> str:
    if change is Change.REASON:
        return f"{_words(shadow.server)} → {_words(shadow.outcome)}"
    return _words(shadow.server if change is Change.PASSES else shadow.outcome)


def _words(outcome: Outcome) -> str:
    refusal, block = outcome.refusal, outcome.block
    if refusal is None:
        return "" if block is None else _block_words(block)
    return f"{refusal.reason}: {refusal.detail}" if refusal.detail else str(refusal.reason)


def _block_words(block: Block) -> str:
    """As `coep: no Cross-Origin-Resource-Policy`."""
    if block.detail is not None:
        return f"{block.gate}: {block.header}: {block.detail}" if block.header else f"{block.gate}: {block.detail}"
    return f"{block.gate}: no {block.header}" if block.header else str(block.gate)


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
