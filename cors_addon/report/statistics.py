"""How often each reason and each block came: numbers alone, for a glance at a large recording."""

from cors_addon.report.counted import CountedOutcome, Endpoint, State
from cors_addon.report.cures import number, plural
from cors_addon.report.summary import Summary
from cors_addon.report.text import FAILED, NEITHER, PASSED

_DEPENDS = "it depends on credentials"


def render(summary: Summary) -> str:
    """A line for each, the most frequent first: how often, what, at how many endpoints of how many servers."""
    by_engine: dict[tuple[str, str], dict[str, int]] = {}
    places: dict[tuple[str, str], dict[Endpoint, None]] = {}
    for endpoint, outcome, tally in summary.tallies():
        if outcome.state in (State.NONE, State.STOPPED):
            continue  # what something else stopped is counted below
        name = _name(outcome)
        of_engine = by_engine.setdefault(name, {})
        of_engine[outcome.engine] = of_engine.get(outcome.engine, 0) + tally.count
        places.setdefault(name, {})[endpoint] = None
    counts = {name: max(found.values()) for name, found in by_engine.items()}  # an exchange counts once, not by engine
    lines = [
        _line(*name, counts[name], f"{_of(len(places[name]), 'endpoint')}, {_of(len(servers), 'server')}")
        for name in sorted(counts, key=lambda each: (each[0] != FAILED, -counts[each]))
        for servers in [{endpoint.server for endpoint in places[name]}]
    ]
    blocked: dict[str, int] = {}
    for group, each in summary.blocked.groups():
        blocked[group.gate] = blocked.get(group.gate, 0) + each.count
    lines += [_line(FAILED, _stopped(gate), count, "") for gate, count in blocked.items()]
    others = summary.flows - summary.judged
    if others > 0:
        lines.append(_line(NEITHER, "not CORS", others, ""))
    return "\n".join(lines) + "\n" if lines else f"{NEITHER} nothing was read\n"


def _stopped(gate: str) -> str:
    return {"network": "got no answer", "other": "stopped by something else"}.get(gate, f"blocked by {gate}")


def _name(outcome: CountedOutcome) -> tuple[str, str]:
    if outcome.state is State.DEPENDS:
        return "?", _DEPENDS
    if not outcome.denied:
        return PASSED, "allowed"
    stage = outcome.refusal.stage if outcome.refusal else "actual"
    return FAILED, f"{outcome.reason}" + ("" if stage == "actual" else f" at the {stage}")


def _line(mark: str, name: str, count: int, where: str) -> str:
    return f"{mark} {number(count):>8}  {name:<54}  {where}".rstrip()


def _of(count: int, noun: str) -> str:
    return f"{number(count)} {noun}{plural(count)}"
