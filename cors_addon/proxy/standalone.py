"""Judging a flow apart from the running tracker: one that it never saw, one edited since, or a replay."""

from collections.abc import Iterable

from cors_addon.audit.auditor import Auditor
from cors_addon.exchange.model import Judgement, Observation, Outcome, PreflightState, Role, Verdict
from cors_addon.exchange.tracker import Tracker
from cors_addon.policy.suffixes import registrable_domain

REPLAYED = "mitmproxy sent this request itself: no browser saw the answer"


def judge(observation: Observation, others: Iterable[Observation], engine: str) -> Judgement | None:
    """Judge one exchange with no more context than `others`, the rest of its fetch as far as it is known."""
    tracker, auditor = Tracker(engine=engine, site=registrable_domain), Auditor(registrable_domain)
    context = [other for other in others if other.flow_id != observation.flow_id]
    found: Judgement | None = None
    for each in sorted([observation, *context], key=lambda one: one.ended):
        for judgement in tracker.observe(each):
            auditor.audit(judgement)
            if judgement.observation.flow_id == observation.flow_id:
                found = judgement
    return found


def replayed(observation: Observation, engine: str) -> Judgement | None:
    """Judge a request that mitmproxy replayed as the browser, whose words it repeats, would have."""
    judgement = judge(observation, (), engine)
    if judgement is None or judgement.stage is None:
        return judgement
    judgement.hypothetical = Outcome(judgement.verdict, judgement.refusal)
    judgement.role, judgement.verdict, judgement.refusal = Role.NON_BROWSER, Verdict.NOT_CORS, None
    judgement.assumptions = (REPLAYED, *judgement.assumptions)
    if judgement.preflight is PreflightState.UNSEEN:
        judgement.preflight = None
    judgement.contradicted, judgement.contradiction = False, None
    Auditor(registrable_domain).audit(judgement)
    return judgement
