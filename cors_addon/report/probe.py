"""A probe in words: which origins each endpoint let in.

Law: nothing raw: whatever stood in a URL or a header passes `shortened` or `visible`.
"""

from collections.abc import Iterable, Iterator, Sequence

from cors_addon.audit.probe import Access, Plan, Probe, ProbeAnswer
from cors_addon.audit.questions import Asks
from cors_addon.reasons.findings import FINDINGS, WARNINGS
from cors_addon.report.findings import MARK
from cors_addon.report.text import FAILED, NEITHER, PASSED, shortened

_ASKED = {
    Asks.OWN: "the origin that asked before",
    Asks.FOREIGN: "a site that has nothing to do with it",
    Asks.NULL: "a page without an origin of its own",
    Asks.INSECURE: "{} without TLS",
    Asks.LOOKALIKE: "looks like {}",
    Asks.SUBDOMAIN: "a subdomain of {} not seen before",
    Asks.SHARED: "anybody's page at {}",
    Asks.LOCAL: "a program on the user's machine",
}
_COLUMN = 40


def name_of(plan: Plan) -> str:
    """An endpoint, by what a page would send there."""
    return shortened(f"{plan.method} {plan.url.origin}{plan.url.path.partition('?')[0]}", 120)


def announcement(plans: Sequence[Plan], passed_over: str) -> str:
    """What is about to be sent, and to whom."""
    servers = list(dict.fromkeys(plan.url.origin for plan in plans))
    named = ", ".join(shortened(server, 60) for server in servers[:5])
    if len(servers) > 5:
        named += f" and {len(servers) - 5} more"
    again = [plan for plan in plans if not plan.by_preflight]
    preflights = [plan for plan in plans if plan.by_preflight]
    sent = []
    if again:
        credentials = ", with the flows' own credentials," if any(plan.bears_credentials for plan in again) else ""
        sent.append(f"{_count(again)} requests{credentials}")
    if preflights:
        sent.append(f"{_count(preflights)} preflights")
    return f"cors.probe sends up to {' and '.join(sent)} to {named}.{passed_over}"


def _count(plans: Iterable[Plan]) -> int:
    return sum(plan.most for plan in plans)


def comment(answer: ProbeAnswer) -> str:
    """The line in the list of flows."""
    words = f"probe {answer.access.value}: {shortened(answer.question.origin, 80)}"
    if answer.why:
        words += f" · {shortened(answer.why, 80)}"
    for finding in answer.findings:
        if finding.name in WARNINGS:
            words += f" · {MARK} {finding.name}"
    return words


def headline(probes: Sequence[Probe]) -> str:
    """What the probe found, in one line."""
    found = {finding.name: None for probe in probes for answer in probe.answers for finding in answer.findings}
    names = [name for name in FINDINGS if name in found]
    sent = sum(len(probe.answers) for probe in probes)
    silent = sum(probe.unanswered is not None for probe in probes)
    stopped = sum(probe.next() is not None for probe in probes)
    where = f"{len(probes)} endpoint{'' if len(probes) == 1 else 's'}, {sent} request{'' if sent == 1 else 's'}"
    if not names:
        words = "no answer" if silent == len(probes) else "no security finding"
        mark = FAILED if silent == len(probes) else NEITHER if silent or stopped else PASSED
    else:
        words, mark = ", ".join(names), MARK
    if silent and silent < len(probes):
        where += f", {silent} without an answer"
    if stopped:
        where += f", {stopped} stopped"
    return f"{mark} cors.probe: {words} ({where})"


def lines(probes: Iterable[Probe]) -> Iterator[str]:
    """Each endpoint, with what became of each origin."""
    for probe in probes:
        yield ""
        by = " by its preflight" if probe.plan.by_preflight else ""
        yield f"{name_of(probe.plan)}{by}"
        for answer in probe.answers:
            yield _line(answer, probe.plan)
        found = {finding.name for answer in probe.answers for finding in answer.findings}
        if found:
            yield f"    shows {', '.join(name for name in FINDINGS if name in found)}"
        if note := _note(probe):
            yield f"    {note}"


def _line(answer: ProbeAnswer, plan: Plan) -> str:
    question = answer.question
    status = "" if answer.status is None else f" ({answer.status})"
    why = f": {shortened(answer.why, 120)}" if answer.why else ""
    asked = _ASKED[question.asks].format(shortened(question.like, 60))
    if question.asks is Asks.OWN and question.origin == plan.url.origin:
        asked = "the server's own, which needs no permission"
    origin = shortened(question.origin, 80)
    return f"  {_mark(answer)} {origin:<{_COLUMN}}  {answer.access.value}{status}{why}  · {asked}"


def _mark(answer: ProbeAnswer) -> str:
    if answer.access is Access.CREDENTIALED and any(finding.name in WARNINGS for finding in answer.findings):
        return MARK
    if answer.access is Access.UNANSWERED:
        return FAILED
    if answer.question.asks is Asks.OWN or answer.access is not Access.REFUSED:
        return NEITHER
    return PASSED


def _note(probe: Probe) -> str:
    left = len(probe.left)
    if probe.unanswered is not None:
        return f"{left} more not asked" if left else ""
    if probe.is_limited:
        return f"the server asks to be asked less (429): {left} more not asked"
    if probe.lets_in_anybody and not left:
        return "the others are not asked: whoever asks is let in"
    if probe.next() is not None:
        return f"{left} {'more ' if probe.answers else ''}not asked: a request was killed"
    own = next((answer for answer in probe.answers if answer.question.asks is Asks.OWN), None)
    if (
        own is not None
        and own.access is Access.REFUSED
        and own.question.origin != probe.plan.url.origin
        and all(answer.access is Access.REFUSED for answer in probe.answers)
    ):
        return "the origin that asked before is not let in either: these answers say nothing of a list"
    return ""
