"""Policies tried on exchanges before they are switched on: what would newly pass, and what newly fail."""

from collections.abc import Iterable, Iterator, Sequence

from mitmproxy import http

from cors_addon.exchange.model import Judgement
from cors_addon.flows import made
from cors_addon.policy import shadow
from cors_addon.policy.model import Mode, Policy
from cors_addon.policy.rewrite_record import Rewritten
from cors_addon.policy.shadow import Shadow
from cors_addon.proxy.in_force import InForce, in_force


def ready(policies: Iterable[Policy]) -> list[InForce]:
    """The policies of one file that do something, ready to use."""
    return [in_force(policy) for policy in policies if policy.mode is not Mode.OFF]


def try_on(file: Sequence[InForce], judgement: Judgement) -> list[Shadow]:
    """What each policy of a file gives for an exchange, where it has a say."""
    kept = judgement.observation.rewritten
    rewritten = None if kept is None else Rewritten(*kept)
    having = _having_a_say(file, made.flow(judgement.observation))
    found = (shadow.try_on(each.rewriter, judgement, rewritten) for each in having)
    return [each for each in found if each is not None]


def _having_a_say(file: Sequence[InForce], flow: http.HTTPFlow) -> Iterator[InForce]:
    """The policies of a file that have a say on a flow: of those that rewrite its CORS headers, the first match."""
    decided = False
    for each in file:
        decides = each.policy.mode is Mode.REWRITE and each.policy.speaks_of_cors
        if (decides and decided) or not each.matches(flow):
            continue
        decided |= decides
        yield each
