"""A policy as configuration for the servers that people run."""

from cors_addon.policy.export import node, others, proxies, python
from cors_addon.policy.export.target import Inexpressible as Inexpressible
from cors_addon.policy.export.target import Snippet, Target, faults, notes
from cors_addon.policy.export.target import UnknownTarget as UnknownTarget
from cors_addon.policy.model import Policy

TARGETS: dict[str, Target] = {
    target.name: target for target in (*proxies.TARGETS, *node.TARGETS, *python.TARGETS, *others.TARGETS)
}
"""By name."""
_BY_ALIAS = {alias: target for target in TARGETS.values() for alias in target.aliases}


def find(name: str) -> Target:
    """The target of a name or an alias; raises UnknownTarget, which names all."""
    wanted = name.strip().lower()
    target = TARGETS.get(wanted) or _BY_ALIAS.get(wanted)
    if target is None:
        raise UnknownTarget(f"{name!r} is no target; known are {', '.join(TARGETS)}.")
    return target


def export(policy: Policy, name: str) -> Snippet:
    """The policy for a target; raises Inexpressible, which says all that stands against it."""
    target = find(name)
    wrong = list(faults(policy, target.can))
    if wrong:
        listed = "; ".join(wrong)
        raise Inexpressible(f"{target.title} cannot express the policy {policy.name!r}: {listed}.")
    return Snippet(target, target.render(policy), tuple(notes(policy, target)))
