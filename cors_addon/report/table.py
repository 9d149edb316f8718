"""The summary for people: the verdict, then a table of who asked for what, then each cause with its cure, then what a
security reviewer would find.

Law 1: 80 columns, and colour only where asked for.
Law 2: nothing raw: whatever stood in a URL or a header passes `visible`.
"""

from collections.abc import Iterable, Iterator, Sequence

from cors_addon.exchange.model import Role, Verdict
from cors_addon.reasons.blocks import BLOCKS
from cors_addon.report import blocked_loads, cures
from cors_addon.report.counted import ALL_ENGINES, CountedOutcome, Endpoint, State
from cors_addon.report.cures import BROWSERS, MAX_CAUSES, number, plural
from cors_addon.report.findings import MARK
from cors_addon.report.summary import Input, Summary, Tally
from cors_addon.report.terminal import BOLD, DEPENDS, YELLOW, Terminal
from cors_addon.report.text import FAILED, NEITHER, PASSED, WIDTH, shortened, visible

MAX_LINES = 60
"""Allowed lines shown of one page and server; denied ones are all shown."""
_OVERFLOWED = "more endpoints than can be shown: the rest is counted together"
TOP_PAIRS, TOP_ROWS, TOP_CAUSES = 12, 24, 5
"""How much is shown where the summary closes a longer output."""

_COLUMN = 28
_HANG = 8
"""At most this far in stand the words that found no room beside a row."""
_MARKS = {
    State.DENY: FAILED,
    State.STOPPED: FAILED,
    State.DEPENDS: DEPENDS,
    State.RULE: PASSED,
    State.ALLOW: PASSED,
    State.NONE: NEITHER,
}
"""The worst first."""


def render(summary: Summary, *, colour: bool = False, width: int = WIDTH, failed: bool | None = None) -> str:
    """The whole report; `failed` tells the exit code's reason where it is not plain."""
    terminal = Terminal(colour, width)
    causes = summary.causes()
    parts = [
        list(_headline(summary, terminal)),
        *_sections(summary, terminal),
        *([terminal.paint(BOLD, "Causes"), *cures.of_cause(cause, place, summary, terminal)] if place == 1 else
          list(cures.of_cause(cause, place, summary, terminal))
          for place, cause in enumerate(causes[:MAX_CAUSES], start=1)),
        [f"… and {len(causes) - MAX_CAUSES} more causes: see --format json"] if len(causes) > MAX_CAUSES else [],
        *cures.of_findings(summary, terminal),
        list(blocked_loads.section(summary.blocked, terminal)),
        list(summary.readiness.section(terminal)),
        *summary.asides.sections(terminal),
        list(_notes(summary, terminal)),
        list(_ending(summary, terminal, failed=failed)),
    ]  # fmt: skip
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def closing(summary: Summary, *, colour: bool = False, width: int = WIDTH) -> str:
    """What mitmdump ends with: who asked for what, and the causes that struck most often."""
    terminal = Terminal(colour, width)
    causes = summary.causes()
    top = [
        [
            *([terminal.paint(BOLD, "Top reasons")] if place == 1 else []),
            *cures.of_cause(cause, place, summary, terminal),
        ]
        for place, cause in enumerate(causes[:TOP_CAUSES], start=1)
    ]
    sections = _sections(summary, terminal)
    parts = [list(_headline(summary, terminal)), *(_cut(lines) for lines in sections[:TOP_PAIRS])]
    if len(sections) > TOP_PAIRS:
        parts.append([f"… and {len(sections) - TOP_PAIRS} more pairs of page and server"])
    parts += top
    if len(causes) > TOP_CAUSES:
        parts.append([f"… and {len(causes) - TOP_CAUSES} more: mitmdump -w FILE keeps the flows for cors-addon check"])
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _cut(lines: list[str]) -> list[str]:
    return lines if len(lines) <= TOP_ROWS else [*lines[: TOP_ROWS - 1], f"  … and {len(lines) - TOP_ROWS + 1} more"]


# ---- the headline ----


def _headline(summary: Summary, terminal: Terminal) -> Iterator[str]:
    if not summary.flows and summary.inputs and all(each.damage is not None for each in summary.inputs):
        return  # nothing to tell but that
    if summary.interrupted:
        yield terminal.paint(YELLOW, "INTERRUPTED: these are partial results")
    mark, what = result(summary)
    yield f"{mark if mark == NEITHER else terminal.mark(mark)} {terminal.paint(BOLD, what)}"
    if count := summary.blocked.count:
        what = f"{number(count)} load{plural(count)} blocked by something else than CORS"
        yield f"{terminal.mark(FAILED)} {terminal.paint(BOLD, what)}"
    found = cures.count_line(summary.found())
    if found:
        yield f"{terminal.mark(MARK)} {found}"
    if not summary.inputs:
        return
    names = ", ".join(visible(each.title) for each in summary.inputs[:3])
    if len(summary.inputs) > 3:
        names += f" and {len(summary.inputs) - 3} more files"
    read = f"{number(summary.flows)} exchange{plural(summary.flows)} read from {names}{_others(summary)}"
    yield from terminal.wrapped(read, "  ")


def result(summary: Summary) -> tuple[str, str]:
    """The mark and the sentence for all that was judged."""
    judged, denied = summary.judged, _denied_flows(summary)
    if denied:
        return FAILED, f"{number(denied)} of {number(judged)} CORS exchanges denied"
    if not judged:
        return NEITHER, "no CORS exchange found"
    what = "the one CORS exchange is allowed" if judged == 1 else f"all {number(judged)} CORS exchanges allowed"
    if any(each.damage is not None for each in summary.inputs):
        what += ", as far as could be read"
    return PASSED, what


def _denied_flows(summary: Summary) -> int:
    """Number of denied exchanges; with all engines, of the engine that denies the most."""
    by_engine: dict[str, int] = {}
    for _, outcome, tally in summary.tallies():
        if outcome.denied:
            by_engine[outcome.engine] = by_engine.get(outcome.engine, 0) + tally.count
    return max(by_engine.values(), default=0) if summary.all_engines else sum(by_engine.values())


def _others(summary: Summary) -> str:
    roles = summary.roles - summary.blocked.roles
    words = [
        f"{number(count)} {role}"
        for role, count in sorted(roles.items())
        if count and role not in (Role.PREFLIGHT, Role.ACTUAL, Role.REDIRECT)
    ]
    return f"; with an Origin but no CORS: {', '.join(words)}" if words else ""


# ---- the table ----


def _sections(summary: Summary, terminal: Terminal) -> list[list[str]]:
    pairs: dict[tuple[str, str], list[tuple[Endpoint, dict[CountedOutcome, Tally]]]] = {}
    for endpoint, outcomes in summary.rows.items():
        pairs.setdefault((endpoint.origin, endpoint.server), []).append((endpoint, outcomes))
    sections = []
    for (origin, server), rows in pairs.items():
        head = f"{shortened(origin) if origin else 'any page'} → {shortened(server)}"
        lines = [terminal.paint(BOLD, head)]
        if summary.all_engines:
            lines.append("  " + " ".join(BROWSERS[name] for name in ALL_ENGINES))
        denied: list[str] = []
        others: list[str] = []
        for endpoint, outcomes in rows:
            make = _row_of_all if summary.all_engines else _rows_of_one
            for line, is_denied in make(summary, endpoint, outcomes, terminal):
                (denied if is_denied else others).append(line)
        lines += denied + others[:MAX_LINES]
        if len(others) > MAX_LINES:
            lines.append(f"  … and {len(others) - MAX_LINES} more that are not denied")
        sections.append((not denied, lines))
    return [lines for _, lines in sorted(sections, key=lambda section: section[0])]


type _Lines = Iterator[tuple[str, bool]]


def _rows_of_one(
    summary: Summary, endpoint: Endpoint, outcomes: dict[CountedOutcome, Tally], terminal: Terminal
) -> _Lines:
    merged: dict[tuple[str, str], int] = {}
    for outcome, tally in outcomes.items():
        key = (_mark(outcome), _label(summary, endpoint, outcome))
        merged[key] = merged.get(key, 0) + tally.count
    for (mark, label), count in merged.items():
        yield _row(terminal, [(mark, 1)], count, endpoint, label), mark == FAILED


def _row_of_all(
    summary: Summary, endpoint: Endpoint, outcomes: dict[CountedOutcome, Tally], terminal: Terminal
) -> _Lines:
    by_engine = {
        name: {outcome: tally for outcome, tally in outcomes.items() if outcome.engine == name} for name in ALL_ENGINES
    }
    total = max(sum(tally.count for tally in mine.values()) for mine in by_engine.values())
    if not total:  # no browser's traffic
        yield from _rows_of_one(summary, endpoint, outcomes, terminal)
        return
    labels: dict[str, int] = {}
    for mine in by_engine.values():
        for label, count in _labels(summary, endpoint, mine).items():
            labels[label] = max(labels.get(label, 0), count)
    words = "; ".join(label if count == total else f"{number(count)}× {label}" for label, count in labels.items())
    marks = [(_worst_mark(mine), len(BROWSERS[name])) for name, mine in by_engine.items()]
    yield _row(terminal, marks, total, endpoint, words), any(mark == FAILED for mark, _ in marks)


def _labels(summary: Summary, endpoint: Endpoint, outcomes: dict[CountedOutcome, Tally]) -> dict[str, int]:
    """By label, how many exchanges are denied for it, or may be."""
    said: dict[str, int] = {}
    for outcome, tally in outcomes.items():
        if _mark(outcome) in (FAILED, DEPENDS) or outcome.state is State.RULE:
            label = _label(summary, endpoint, outcome)
            said[label] = said.get(label, 0) + tally.count
    return said


def _worst_mark(outcomes: Iterable[CountedOutcome]) -> str:
    found = {_mark(outcome) for outcome in outcomes}
    return next((mark for mark in _MARKS.values() if mark in found), NEITHER)


def _row(terminal: Terminal, marks: Sequence[tuple[str, int]], count: int, endpoint: Endpoint, label: str) -> str:
    """One line: `marks`, each with the columns it has for itself, then how often, what, and why."""
    shown = " ".join(terminal.mark(mark) + " " * (column - 1) for mark, column in marks)
    taken = sum(column for _, column in marks) + len(marks) - 1
    head = f"  {shown} {number(count):>6}  "
    what = f"{shortened(endpoint.method, 20):<7} {shortened(endpoint.path, 58)}"
    room = terminal.width - taken - 11
    if not label:
        return head + shortened(what, room)
    column = min(_COLUMN, max(room - 2 - len(label), 0))
    if max(len(what), column) + 2 + len(label) > room:
        return "\n".join((head + shortened(what, room), *terminal.wrapped(label, " " * min(taken + 19, _HANG))))
    return f"{head}{what:<{column}}  {label}"


def _mark(outcome: CountedOutcome) -> str:
    return _MARKS[outcome.state]


def _label(summary: Summary, endpoint: Endpoint, outcome: CountedOutcome) -> str:
    words = []
    if outcome.refusal is not None:
        words.append(f"{outcome.reason}{_at(outcome)}")
        if outcome.would is not None:
            words.append(f"a browser would {'deny' if outcome.would is Verdict.DENY else 'allow'} it")
    elif outcome.would is not None:
        words.append("no browser")
    if outcome.stopped_by is not None:
        words.append(f"allowed, but blocked by {BLOCKS[outcome.stopped_by].label}")
    if outcome.state is State.RULE:
        words.append("by rule")
    if outcome.flips:
        other = "allowed" if outcome.denied else "denied"
        words.append(f'{other} if credentials: "{outcome.flips}"')
    if outcome.unseen:
        words.append("preflight not seen")
    if outcome.contradicted:
        words.append("contradicted")
    words += outcome.findings
    if summary.baseline is not None:
        if summary.is_change(endpoint, outcome):
            words.append("CHANGED" if endpoint in summary.baseline else "NEW")
        elif outcome.denied:
            words.append("known")
    return ", ".join(words)


def _at(outcome: CountedOutcome) -> str:
    stage = outcome.refusal.stage if outcome.refusal else None
    return "" if stage is None or stage == "actual" else f" at the {stage}"


def security(summary: Summary, width: int = WIDTH) -> str:
    """The security findings alone."""
    found = cures.count_line(summary.found())
    judged = summary.judged + summary.roles[Role.NON_BROWSER]
    head = f"{MARK} {found}" if found else f"{PASSED} no security finding"
    head += f" in {number(judged)} CORS exchange{plural(judged)}"
    terminal = Terminal(width=width)
    parts = [[head], *cures.of_findings(summary, terminal, title=""), list(summary.readiness.section(terminal))]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


# ---- what is left to say ----


def _notes(summary: Summary, terminal: Terminal) -> Iterator[str]:
    told = [each for each in summary.inputs if each.notes]
    if not told and not summary.overflowed:
        return
    yield terminal.paint(BOLD, "Not judged, or not to be told")
    for each in told:
        for note, count in each.notes.items():
            prefix = f"{visible(each.title)}: " if len(summary.inputs) > 1 else ""
            times = f"{number(count)} × " if count > 1 else ""
            yield from terminal.wrapped(f"{prefix}{times}{note}", "    ", first="  ")
    if summary.overflowed:
        yield from terminal.wrapped(_OVERFLOWED, "    ", first="  ")


def _ending(summary: Summary, terminal: Terminal, *, failed: bool | None) -> Iterator[str]:
    for each in summary.inputs:
        if each.damage is not None:
            yield from terminal.wrapped(damage_line(each), "  ", first=f"{terminal.mark(FAILED)} ")
    if summary.interrupted:
        yield from terminal.wrapped("interrupted: what was not read is not in these numbers", "  ", first="! ")
    if summary.baseline is not None:
        known = sum(t.count for e, o, t in summary.tallies() if o.denied and not summary.is_fresh(e, o))
        if known:
            yield f"{number(known)} of the denials are known from the baseline"
    if failed is False and _denied_flows(summary):
        yield "not counted as a failure (--fail-on, --baseline)"


def damage_line(each: Input) -> str:
    """How the reading of a file ended before its end."""
    at = "" if each.offset is None else f", at byte {each.offset}"
    verb = "was" if each.flows == 1 else "were"
    read = f": {number(each.flows)} exchange{plural(each.flows)} before it {verb} read" if each.flows else ""
    return visible(f"{each.title}: {each.damage}{at}{read}")


def names(engines: Iterable[str]) -> str:
    """Engines by their browsers' names."""
    return ", ".join(BROWSERS.get(name, name) for name in engines)
