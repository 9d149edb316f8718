"""A policy as configuration for the servers that people run."""

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from cors_addon.fetch.headers import visible
from cors_addon.policy.export import balancers, more_node, more_others, more_python, node, others, proxies, python
from cors_addon.policy.export.target import Inexpressible as Inexpressible
from cors_addon.policy.export.target import Several, Sited, Snippet, Target, faults, malformed, notes, wider, words_for
from cors_addon.policy.export.target import UnknownTarget as UnknownTarget
from cors_addon.policy.filters import of_host
from cors_addon.policy.model import Policy

_MODULES = (proxies, balancers, node, more_node, python, more_python, others, more_others)
TARGETS: dict[str, Target] = {target.name: target for module in _MODULES for target in module.TARGETS}
"""By name."""
_BY_ALIAS = {alias: target for target in TARGETS.values() for alias in target.aliases}


def find(name: str) -> Target:
    """The target of a name or an alias; raises UnknownTarget, which names all."""
    wanted = name.strip().lower()
    target = TARGETS.get(wanted) or _BY_ALIAS.get(wanted)
    if target is None:
        near = get_close_matches(wanted, (*TARGETS, *_BY_ALIAS), n=1)
        meant = f"did you mean {near[0]}? Known" if near else "known"
        raise UnknownTarget(f"{name!r} is no target; {meant} are {', '.join(TARGETS)}.")
    return target


def export(policies: Policy | Sequence[Policy], name: str, remarks: Iterable[str] = ()) -> Snippet:
    """The policies of a file, in order, for a target, with remarks as comments.

    Raises Inexpressible, which says all that stands against it.
    """
    target = find(name)
    given = [policies] if isinstance(policies, Policy) else list(policies)
    sites = list(_sited(given, target))
    for policy in given:
        wrong = list(malformed(policy)) or list(faults(policy, target.can, alone=len(given) == 1))
        if wrong:
            listed = "; ".join(wrong)
            raise Inexpressible(f"{target.title} cannot express the policy {visible(policy.name)!r}: {listed}.")
    said = tuple(dict.fromkeys(note for site in sites for note in notes(site.policy, target, site.hosts)))
    more = tuple(each for policy in given for each in wider(policy, target.can))
    return Snippet(target, target.render(sites), (*said, *remarks), more)


def _sited(policies: Sequence[Policy], target: Target) -> Iterator[Sited]:
    """Each policy with the hosts that it is for; one alone goes to where only these are served."""
    several = len(policies) > 1
    names = ", ".join(repr(policy.name) for policy in policies)
    if several and target.several is Several.ONE:
        raise Inexpressible(f"{target.title} takes one policy at a time, and there are {len(policies)}: {names}.")
    for policy, word in zip(policies, words_for(policies), strict=True):
        hosts = of_host(policy.filter) if several and target.several is Several.BY_HOST else None
        if several and target.several is Several.BY_HOST and hosts is None:
            raise Inexpressible(
                f"{target.title} would need the hosts of the policy {policy.name!r} to tell it from {names}, and its "
                f"filter says more, or less: {visible(policy.filter)}. Export one policy at a time, or write ~d HOST."
            )
        yield Sited(policy, word, hosts)
