"""What a policy did to an answer, before and after, and what policies in the shadow would have done."""

from collections.abc import Iterator

from cors_addon.exchange.model import Judgement, Outcome, Verdict
from cors_addon.policy import rewrite_record
from cors_addon.policy.shadow import flips


def labelled_lines(judgement: Judgement) -> Iterator[tuple[str, str]]:
    """Labels and lines; `-` before what the server said, `+` before what was sent on."""
    observation = judgement.observation
    if observation.rewritten is not None:
        rewritten = rewrite_record.Rewritten(*observation.rewritten)
        server = rewrite_record.server_outcome(judgement, rewritten)
        told = "the server was not asked" if server is None else f"the server's own answer: {_outcome(server)}"
        yield "rewritten", f"by the policy {rewritten.policy}; {told}"
        if rewritten.status is not None and rewritten.status != observation.status:
            yield "", f"status {rewritten.status} → {observation.status}"
        for edit in rewrite_record.edits(rewritten, observation.response) if rewritten.status is not None else ():
            for sign, value in (("-", edit["before"]), ("+", edit["after"])):
                if value is not None:
                    yield "", f"{sign} {edit['name'].title()}: {value}"
    label = "shadow"
    for policy, outcome, server in judgement.shadow:
        same = not flips(outcome, server)
        yield label, f"{_outcome(outcome)} under the policy {policy}{', as without it' if same else ''}"
        label = ""


def _outcome(outcome: Outcome) -> str:
    if outcome.block is not None:
        return f"✗ {outcome.block.gate}"
    if outcome.verdict is Verdict.NOT_CORS:
        return "not CORS"
    return "✓ allowed" if outcome.refusal is None else f"✗ {outcome.refusal.reason}"
