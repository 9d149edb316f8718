"""What is written on one judgement, or on two that belong together, as their flows are judged.

Law 1: a judgement is concluded from the outcomes under both credentials modes, and from nothing else.
Law 2: once a judgement is made, it is written here and in `ledger`, and nowhere else; a test closes that loop.
"""

from collections.abc import Iterable
from typing import Final

from cors_addon.engines import Engine
from cors_addon.exchange.clients import Fetch
from cors_addon.exchange.fate import Fate
from cors_addon.exchange.mode_evidence import LIKELY
from cors_addon.exchange.model import (
    INCLUDE,
    UNKNOWN,
    Fields,
    Judgement,
    Outcome,
    PreflightState,
    Role,
    Verdict,
    Word,
)
from cors_addon.exchange.outcomes import ALLOWED, Received, meant_mode, outcomes_of
from cors_addon.exchange.recognised import History, Recognised
from cors_addon.fetch.refusals import Stage
from cors_addon.reasons.assumptions import Assumption
from cors_addon.reasons.finding import Finding

_UNSHOWN = (Assumption.MODE_LIKELY_OMIT, Assumption.MODE_LIKELY_INCLUDE)
_ABOUT_CREDENTIALS = frozenset({*_UNSHOWN, *LIKELY.values()})

_NOT_NEEDED: Final = PreflightState.NOT_NEEDED  # as those of `model`


def assume(judgement: Judgement, *assumptions: str) -> None:
    """It rests on these, too."""
    judgement.assumptions += assumptions


def note_role(judgement: Judgement, role: Role) -> None:
    """Its answer, or its client, shows what it is."""
    judgement.role = role


def note_unneeded(judgement: Judgement) -> None:
    """It needed no preflight."""
    judgement.preflight = _NOT_NEEDED


def note_needed(
    judgement: Judgement, state: PreflightState, because: Iterable[str], headers: tuple[str, ...] = ()
) -> None:
    """It needed a preflight, for these reasons, and for headers of these names."""
    judgement.preflight, judgement.preflight_because = state, tuple(because)
    judgement.requested_headers = headers


def note_lifetime(preflight: Judgement, seconds: float) -> None:
    """For so long its engine may reuse it."""
    preflight.cache_lifetime = seconds


def note_stored(judgement: Judgement, fields: Fields) -> None:
    """A 304 confirmed a stored response, which has these headers now."""
    judgement.stored = fields


def note_fate(judgement: Judgement, fate: Fate | None) -> None:
    """What became of its answer, CORS apart."""
    judgement.fate = fate
    if fate is not None and fate.inferred and fate.block is not None:
        assume(judgement, Assumption.LATEST_PAGE)


def note_word(judgement: Judgement, word: Word, *, decided: bool = True) -> None:
    """What the browser itself says of it; `decided`: its verdict, or its fate, rests on that."""
    judgement.word = word
    if decided:
        judgement.told_by = word.by
    if word.preflight is not None and judgement.role is not Role.PREFLIGHT:
        judgement.preflight = word.preflight


def note_contradiction(judgement: Judgement, contradiction: str) -> None:
    """The browser decided otherwise, which is known before it is told."""
    judgement.contradicted, judgement.contradiction = True, contradiction


def note_findings(judgement: Judgement, findings: tuple[Finding, ...]) -> None:
    """What it shows a security reviewer."""
    judgement.findings = findings


def note_shadow(judgement: Judgement, shadow: Iterable[tuple[str, Outcome, Outcome]]) -> None:
    """What policies in the shadow would have made of it."""
    judgement.shadow = tuple(shadow)


def take_over(judgement: Judgement, told: Judgement) -> None:
    """Be told as a revision of what was told of the same flow before."""
    judgement.fate = told.fate
    judgement.revision = max(judgement.revision, told.revision + 1)


def enforce_nothing(judgement: Judgement, hypothetical: Outcome, assumptions: tuple[str, ...]) -> None:
    """Whoever sent it is not held to CORS; `hypothetical` is what would have been decided otherwise."""
    judgement.hypothetical, judgement.assumptions = hypothetical, assumptions
    judgement.role, judgement.verdict, judgement.refusal = Role.NON_BROWSER, Verdict.NOT_CORS, None


def note_sender(judgement: Judgement, sender: str) -> None:
    """It was sent by another than its headers say."""
    judgement.assumptions = (sender, *judgement.assumptions)


def note_replayed(judgement: Judgement, sender: str) -> None:
    """No browser sent it but `sender`, as one would have: there was no preflight, and nobody to be refused."""
    enforce_nothing(judgement, Outcome(judgement.verdict, judgement.refusal), judgement.assumptions)
    note_sender(judgement, sender)
    if judgement.preflight is PreflightState.UNSEEN:
        judgement.preflight = None
    judgement.contradicted, judgement.contradiction = False, None


def note_server(judgement: Judgement, server: Recognised | None, said: str | None, history: History | None) -> None:
    """This is who answered, in what words it refused, and what its earlier answers tell of this one."""
    if server is not None or said is not None or history is not None:
        judgement.server, judgement.said, judgement.history = server, said, history


def judge_both(judgement: Judgement, engine: Engine, stage: Stage, received: Received) -> None:
    """Find the outcomes with credentials and without."""
    judgement.if_omitted, judgement.if_credentialed = outcomes_of(judgement, engine, stage, received)


def pass_either_way(judgement: Judgement) -> None:
    """It passes, with credentials and without."""
    judgement.if_omitted = judgement.if_credentialed = ALLOWED


def warned_of(judgement: Judgement) -> None:
    """What its answer lacks is only warned of, see `private_network`."""
    pass_either_way(judgement)
    assume(judgement, Assumption.PRIVATE_NETWORK_WARNS)


def hold_to_credentials(judgement: Judgement) -> Outcome | None:
    """Judge it by the rules for credentials whatever its mode. Returns the outcome without them."""
    omitted, judgement.if_omitted = judgement.if_omitted, judgement.if_credentialed
    return omitted


def note_held(judgement: Judgement) -> None:
    """What was concluded, was so by the rules for credentials."""
    judgement.judged_credentialed = True


def conclude(judgement: Judgement, fetch: Fetch) -> None:
    """Take the outcome of its fetch's mode if that is known, or of the likelier one, and say so where they differ."""
    omitted, included = judgement.if_omitted, judgement.if_credentialed
    assert omitted is not None
    assert included is not None
    mode, evidence = assumed, _ = fetch.credentials, fetch.evidence
    differ = omitted is not included
    unknown = mode is UNKNOWN
    if unknown:
        assumed, evidence = fetch.likely
    if differ and assumed is UNKNOWN:
        assumed = meant_mode(judgement, omitted, included)
    judgement.credentials, judgement.credentials_evidence = mode, evidence
    judgement.credentials_assumed = assumed
    judgement.judged_credentialed = credentialed = assumed is INCLUDE
    chosen = included if credentialed else omitted
    judgement.verdict, judgement.refusal = chosen.verdict, chosen.refusal
    if judgement.assumptions:
        judgement.assumptions = tuple(item for item in judgement.assumptions if item not in _ABOUT_CREDENTIALS)
    if unknown and differ and omitted != included:
        judgement.assumptions += (_UNSHOWN[credentialed] if evidence is None else LIKELY[evidence],)


def link(one: Judgement, other: Judgement) -> None:
    """Each names the other."""
    one.paired_with += (other.observation.flow_id,)
    other.paired_with += (one.observation.flow_id,)


def unlink(judgement: Judgement, served: Iterable[Judgement], *, keeps_permitted: bool) -> None:
    """Undo what links it to its fetch, and to what `served` it; what its own cached answer permitted may be kept."""
    mine = judgement.observation.flow_id
    for preflight in served:
        preflight.permitted -= 1
        preflight.paired_with = tuple(flow_id for flow_id in preflight.paired_with if flow_id != mine)
    fetch = {member.observation.flow_id for member in judgement.chain}
    others = (flow_id for flow_id in judgement.paired_with if flow_id not in fetch)
    judgement.paired_with = tuple(others) if keeps_permitted else ()


def keep_revision(judgement: Judgement, revision: int) -> None:
    """Judged anew, it has been told as often as before."""
    judgement.revision = revision
