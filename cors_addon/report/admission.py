"""What a probe has shown of a server's rule, as a policy with the evidence for each part of it.

Law 1: an entry of the policy is what a policy can say: origins, null, subdomains, everybody. What it cannot say, that
any host is let in which ends with a name, is said above it, with the origin that showed it.
Law 2: it is a record, not a proposal: its mode is `off`.
"""

from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import NamedTuple

from cors_addon.audit.probe import Access, Probe, ProbeAnswer
from cors_addon.audit.questions import Asks
from cors_addon.fetch.origins import OPAQUE, parse_url
from cors_addon.policy.filters import of_server
from cors_addon.policy.model import Mode, Policy
from cors_addon.policy.origins import ANY, REFLECT, collect, parse

_LET_IN = (Access.CREDENTIALED, Access.OPEN)


class Shown(NamedTuple):
    """One rule, and what showed it."""

    words: str
    """`any host that ends with example.com`."""
    entry: str | None
    """How a policy says it; None where it cannot."""
    evidence: str


def rules(probe: Probe) -> Iterator[Shown]:
    """Each rule that the answers to a probe show."""
    for answer in probe.answers:
        if answer.access in _LET_IN:
            words, entry = _rule(answer)
            status = "" if answer.status is None else f", {answer.status}"
            yield Shown(words, entry, f"asked with {answer.question.origin}: {answer.access.value}{status}")


def _rule(answer: ProbeAnswer) -> tuple[str, str | None]:
    question = answer.question
    match question.asks:
        case Asks.FOREIGN:
            return "anybody", REFLECT if answer.access is Access.CREDENTIALED else ANY
        case Asks.NULL:
            return "pages without an origin of their own", OPAQUE
        case Asks.LOOKALIKE if question.rule is not None:
            return f"any host that {question.rule.value.format(question.like)}", None
        case Asks.SUBDOMAIN:
            url = parse_url(question.origin)
            port = "" if url is None or url.origin.endswith(url.host) else f":{url.port}"
            return f"any subdomain of {question.like}", f"{question.origin.partition(':')[0]}://*.{question.like}{port}"
        case Asks.SHARED:
            return f"anybody's page at {question.like}", None
        case _:
            return question.origin, question.origin


def policies(probes: Iterable[Probe]) -> list[Policy]:
    """A policy for each server that let somebody in."""
    made: dict[str, Policy] = {}
    for probe in probes:
        shown = list(rules(probe))
        server = probe.plan.url.origin
        if not shown or server in made:
            continue
        entries = {each.entry: each for each in shown if each.entry is not None and _is_sound(each.entry)}
        comments = {f"origins.{entry}": each.evidence for entry, each in entries.items()}
        said = [f"{probe.plan.method} {server}{probe.plan.url.path.partition('?')[0]} lets in"]
        said += [f"- {each.words} ({each.evidence})" for each in shown]
        made[server] = Policy(
            name=f"probe of {server}",
            filter=of_server(probe.plan.url),
            mode=Mode.OFF,
            origins=collect(entries),
            credentials=any(answer.access is Access.CREDENTIALED for answer in probe.answers) and ANY not in entries,
            comments=MappingProxyType({"": "\n".join(said), **comments}),
        )
    return list(made.values())


def _is_sound(entry: str) -> bool:
    return entry in (ANY, REFLECT, OPAQUE) or parse(entry).pattern is not None
