"""Each cause of denials, and each security finding: how often, where, and what to change.

Law: nothing raw: whatever stood in a URL or a header is made visible by the terminal.
"""

from collections.abc import Iterator, Sequence

from cors_addon.reasons import model as reasons
from cors_addon.remedies.value import Remedy
from cors_addon.report import answered, remedied
from cors_addon.report.findings import finding_fix, finding_phrase
from cors_addon.report.summary import Cause, Found, Summary
from cors_addon.report.terminal import BOLD, GREEN, RED, Terminal

BROWSERS = {**reasons.BROWSERS, "fetch": "standard"}
MAX_CAUSES = 30
MAX_PLACES = 5


def of_cause(cause: Cause, place: int, summary: Summary, terminal: Terminal) -> Iterator[str]:
    """One cause, under its number in the list."""
    right = f"{number(cause.count)} exchange{plural(cause.count)}"
    if summary.all_engines:
        right = ", ".join(BROWSERS[name] for name in cause.engines)
    elif summary.baseline is not None:
        right += ", new" if cause.fresh else ", known"
    left = f"{place:>2}  {cause.reason}" + ("" if cause.stage == "actual" else f", at the {cause.stage}")
    gap = max(terminal.width - len(left) - len(right), 2)
    yield f"{terminal.paint(BOLD, left)}{' ' * gap}{right}"
    if cause.happened is not None:
        yield from terminal.wrapped(cause.happened.text, "    ")
    yield from terminal.wrapped(cause.phrase, "    ")
    for told in answered.lines(cause.example):
        yield from terminal.wrapped(told, "    ")
    label = "at"
    for endpoint in list(cause.endpoints)[:MAX_PLACES]:
        yield from terminal.wrapped(str(endpoint), " " * 9, first=f"    {label:<5}")
        label = ""
    if len(cause.endpoints) > MAX_PLACES:
        yield f"         … and {len(cause.endpoints) - MAX_PLACES} more"
    yield from _remedies(cause.remedies, cause.example.observation.status, terminal)
    yield f"    see  cors-addon explain {cause.reason}"


def _remedies(remedies: Sequence[Remedy], status: int | None, terminal: Terminal) -> Iterator[str]:
    for line in remedied.lines(remedies, status, remedied.SHOWN):
        coloured = {"-": RED, "+": GREEN}.get(line.sign, "")
        for index, each in enumerate(terminal.wrapped(line.plain, " " * 11, first=" " * 9)):
            body = each[9:]
            label = "" if index else line.label
            yield f"    {label:<5}{terminal.paint(coloured, body) if coloured else body}"


# ---- security findings ----


def of_findings(summary: Summary, terminal: Terminal, title: str = "Security findings") -> Iterator[list[str]]:
    """Each finding; the first under a title."""
    found = summary.found()
    for place, each in enumerate(found[:MAX_CAUSES], start=1):
        head = [terminal.paint(BOLD, title)] if title and place == 1 else []
        yield head + list(_found(each, place, summary, terminal))
    if len(found) > MAX_CAUSES:
        yield [f"… and {len(found) - MAX_CAUSES} more findings: see --format json"]


def _found(found: Found, place: int, summary: Summary, terminal: Terminal) -> Iterator[str]:
    right = f"{number(found.count)} exchange{plural(found.count)}"
    if summary.baseline is not None:
        right += ", new" if found.fresh else ", known"
    left = f"{place:>2}  {found.name}" + ("" if found.is_warning else ", a note")
    yield f"{terminal.paint(BOLD, left)}{' ' * max(terminal.width - len(left) - len(right), 2)}{right}"
    yield from terminal.wrapped(finding_phrase(found.example, found.finding), "    ")
    label = "at"
    for endpoint in list(dict.fromkeys(map(str, found.endpoints)))[:MAX_PLACES]:
        yield from terminal.wrapped(endpoint, " " * 9, first=f"    {label:<5}")
        label = ""
    if len(found.endpoints) > MAX_PLACES:
        yield f"         … and {len(found.endpoints) - MAX_PLACES} more"
    label = "fix"
    for line in finding_fix(found.example, found.finding).split("\n"):
        indent = " " * (11 if line.startswith(" ") else 9)
        yield from terminal.wrapped(line.strip(), indent, first=f"    {label:<5}" if label else indent)
        label = ""
    yield f"    see  cors-addon explain {found.name}"


def count_line(found: Sequence[Found]) -> str:
    """How many there are, as in `2 security findings, 1 security note`; empty for none."""
    warnings = sum(each.is_warning for each in found)
    notes = len(found) - warnings
    words = [f"{warnings} security finding{plural(warnings)}"] if warnings else []
    words += [f"{notes} security note{plural(notes)}"] if notes else []
    return ", ".join(words)


def number(count: int) -> str:
    """A count as people read it."""
    return f"{count:,}"


def plural(count: int) -> str:
    """The end of a noun that is counted."""
    return "" if count == 1 else "s"
