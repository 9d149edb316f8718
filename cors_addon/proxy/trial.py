"""Policies tried on exchanges before they are switched on: what would newly pass, and what newly fail."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from cors_addon.exchange.load_trials import LoadTrial
from cors_addon.exchange.model import Judgement, Observation
from cors_addon.flows import made
from cors_addon.policy import shadow
from cors_addon.policy.model import Mode, Policy
from cors_addon.policy.rewrite_record import Rewritten
from cors_addon.policy.shadow import Shadow
from cors_addon.proxy.in_force import InForce, in_force


def load_trials(file: Iterable[InForce]) -> Iterator[LoadTrial]:
    """Those that may change what a page demands, or what its loads answer."""
    for each in file:
        found = shadow.load_trial(each.rewriter, _matching(each))
        if found is not None:
            yield found


def _matching(each: InForce) -> Callable[[Observation], bool]:
    return lambda observation: each.match is None or each.matches(made.flow(observation))


def ready(policies: Iterable[Policy]) -> list[InForce]:
    """The policies of one file that do something, ready to use."""
    return [in_force(policy) for policy in policies if policy.mode is not Mode.OFF]


def try_on(file: Sequence[InForce], judgement: Judgement) -> list[Shadow]:
    """What each policy of a file gives for an exchange, where it has a say."""
    kept = judgement.observation.rewritten
    rewritten = None if kept is None else Rewritten(*kept)
    having = _having_a_say(file, judgement)
    found = (shadow.try_on(each.rewriter, judgement, rewritten) for each in having)
    return [each for each in found if each is not None]


def _having_a_say(file: Sequence[InForce], judgement: Judgement) -> Iterator[InForce]:
    """The policies of a file that have a say on a flow: of those that rewrite its CORS headers, the first match, and
    those that its page would have.
    """
    decided = False
    flow = made.flow(judgement.observation)
    for each in file:
        decides = each.policy.mode is Mode.REWRITE and each.policy.speaks_of_cors
        if (decides and decided) or not each.matches(flow):
            if shadow.tried_by(each.rewriter, judgement) is not None:
                yield each
            continue
        decided |= decides
        yield each
