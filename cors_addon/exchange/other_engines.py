"""What other engines decide for the same exchange: "passes in Chrome, fails in Safari"."""

from cors_addon.engines import ENGINES
from cors_addon.exchange.model import Judgement, Outcome
from cors_addon.exchange.outcomes import judged_fields, rejudge
from cors_addon.fetch.refusals import Reason


def outcomes(judgement: Judgement) -> dict[str, Outcome]:
    """By engine name, the client's own first: the outcome of this flow's check under the same assumptions."""
    if judgement.stage is None:
        return {}
    own = {judgement.engine.name: Outcome(judgement.verdict, judgement.refusal)}
    fields, status = judged_fields(judgement), judgement.observation.status
    if status is None and judgement.reason is not Reason.NETWORK_ERROR:
        return own  # its browser's word, which holds for no other
    return own | {
        name: rejudge(judgement, engine, fields, status)
        for name, engine in ENGINES.items()
        if name != judgement.engine.name
    }
