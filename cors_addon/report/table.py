"""The summary for people: the verdict, then a table of who asked for what, then each cause with its cure, then what a
security reviewer would find.

Law 1: 80 columns, and colour only where asked for.
Law 2: nothing raw: whatever stood in a URL or a header passes `visible`.
"""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from cors_addon.exchange.fixes import Change
from cors_addon.exchange.model import Role
from cors_addon.reasons import model as reasons
from cors_addon.report import root_cause
from cors_addon.report.counted import ALL_ENGINES, CountedOutcome, Endpoint, State
from cors_addon.report.findings import MARK, finding_fix, finding_phrase
from cors_addon.report.summary import Cause, Found, Input, Summary, Tally
from cors_addon.report.text import FAILED, NEITHER, PASSED, WIDTH, shortened, visible

DEPENDS = "?"
BROWSERS = {**reasons.BROWSERS, "fetch": "standard"}
MAX_LINES = 60
"""Allowed lines shown of one page and server; denied ones are all shown."""
MAX_CAUSES = 30
MAX_PLACES = 5
TOP_PAIRS, TOP_ROWS, TOP_CAUSES = 12, 24, 5
"""How much is shown where the summary closes a longer output."""

_COLUMN = 28
_HANG = 8
"""At most this far in stand the words that found no room beside a row."""
_RED, _GREEN, _YELLOW, _BOLD, _DIM, _PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[1m", "\x1b[2m", "\x1b[0m"
_MARKS = {State.DENY: FAILED, State.DEPENDS: DEPENDS, State.ALLOW: PASSED, State.NONE: NEITHER}
"""The worst first."""
_COLOURS = {FAILED: _RED, PASSED: _GREEN, DEPENDS: _YELLOW, MARK: _YELLOW, NEITHER: _DIM}


def render(summary: Summary, *, colour: bool = False, width: int = WIDTH, failed: bool | None = None) -> str:
    """The whole report; `failed` tells the exit code's reason where it is not plain."""
    paint = _Paint(colour)
    causes = summary.causes()
    parts = [
        list(_headline(summary, paint, width)),
        *_sections(summary, paint, width),
        *([paint(_BOLD, "Causes"), *_cause(cause, number, summary, paint, width)] if number == 1 else
          list(_cause(cause, number, summary, paint, width))
          for number, cause in enumerate(causes[:MAX_CAUSES], start=1)),
        [f"… and {len(causes) - MAX_CAUSES} more causes: see --format json"] if len(causes) > MAX_CAUSES else [],
        *_security(summary, paint, width),
        list(_notes(summary, paint, width)),
        list(_ending(summary, paint, width, failed=failed)),
    ]  # fmt: skip
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def closing(summary: Summary, *, colour: bool = False, width: int = WIDTH) -> str:
    """What mitmdump ends with: who asked for what, and the causes that struck most often."""
    paint = _Paint(colour)
    causes = summary.causes()
    top = [
        [*([paint(_BOLD, "Top reasons")] if number == 1 else []), *_cause(cause, number, summary, paint, width)]
        for number, cause in enumerate(causes[:TOP_CAUSES], start=1)
    ]
    sections = _sections(summary, paint, width)
    parts = [list(_headline(summary, paint, width)), *(_cut(lines) for lines in sections[:TOP_PAIRS])]
    if len(sections) > TOP_PAIRS:
        parts.append([f"… and {len(sections) - TOP_PAIRS} more pairs of page and server"])
    parts += top
    if len(causes) > TOP_CAUSES:
        parts.append([f"… and {len(causes) - TOP_CAUSES} more: mitmdump -w FILE keeps the flows for cors-addon check"])
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _cut(lines: list[str]) -> list[str]:
    return lines if len(lines) <= TOP_ROWS else [*lines[: TOP_ROWS - 1], f"  … and {len(lines) - TOP_ROWS + 1} more"]


class _Paint:
    """Colours, where they are wanted."""

    def __init__(self, on: bool) -> None:
        self._on = on

    def __call__(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_PLAIN}" if self._on else text

    def mark(self, mark: str) -> str:
        """A mark in its colour."""
        return self(_COLOURS[mark], mark)


# ---- the headline ----


def _headline(summary: Summary, paint: _Paint, width: int) -> Iterator[str]:
    judged, denied = summary.judged, _denied_flows(summary)
    if not summary.flows and summary.inputs and all(each.damage is not None for each in summary.inputs):
        return  # nothing to tell but that
    if summary.interrupted:
        yield paint(_YELLOW, "INTERRUPTED: these are partial results")
    if denied:
        what = f"{_number(denied)} of {_number(judged)} CORS exchanges denied"
        yield f"{paint.mark(FAILED)} {paint(_BOLD, what)}"
    elif judged:
        what = "the one CORS exchange is allowed" if judged == 1 else f"all {_number(judged)} CORS exchanges allowed"
        if any(each.damage is not None for each in summary.inputs):
            what += ", as far as could be read"
        yield f"{paint.mark(PASSED)} {paint(_BOLD, what)}"
    else:
        yield f"{NEITHER} {paint(_BOLD, 'no CORS exchange found')}"
    found = count_line(summary.found())
    if found:
        yield f"{paint.mark(MARK)} {found}"
    if not summary.inputs:
        return
    names = ", ".join(visible(each.title) for each in summary.inputs[:3])
    if len(summary.inputs) > 3:
        names += f" and {len(summary.inputs) - 3} more files"
    read = f"{_number(summary.flows)} exchange{_s(summary.flows)} read from {names}{_others(summary)}"
    yield from _wrapped(read, "  ", width)


def _denied_flows(summary: Summary) -> int:
    """With all engines, those that any of them denies most."""
    by_engine: dict[str, int] = {}
    for _, outcome, tally in summary.tallies():
        if outcome.denied:
            by_engine[outcome.engine] = by_engine.get(outcome.engine, 0) + tally.count
    return max(by_engine.values(), default=0) if summary.all_engines else sum(by_engine.values())


def _others(summary: Summary) -> str:
    words = [
        f"{_number(count)} {role}"
        for role, count in sorted(summary.roles.items())
        if count and role not in (Role.PREFLIGHT, Role.ACTUAL, Role.REDIRECT)
    ]
    return f"; with an Origin but no CORS: {', '.join(words)}" if words else ""


# ---- the table ----


def _sections(summary: Summary, paint: _Paint, width: int) -> list[list[str]]:
    pairs: dict[tuple[str, str], list[tuple[Endpoint, dict[CountedOutcome, Tally]]]] = {}
    for endpoint, outcomes in summary.rows.items():
        pairs.setdefault((endpoint.origin, endpoint.server), []).append((endpoint, outcomes))
    sections = []
    for (origin, server), rows in pairs.items():
        head = f"{shortened(origin) if origin else 'any page'} → {shortened(server)}"
        lines = [paint(_BOLD, head)]
        if summary.all_engines:
            lines.append("  " + " ".join(BROWSERS[name] for name in ALL_ENGINES))
        denied: list[str] = []
        others: list[str] = []
        for endpoint, outcomes in rows:
            make = _row_of_all if summary.all_engines else _rows_of_one
            for line, is_denied in make(summary, endpoint, outcomes, paint, width):
                (denied if is_denied else others).append(line)
        lines += denied + others[:MAX_LINES]
        if len(others) > MAX_LINES:
            lines.append(f"  … and {len(others) - MAX_LINES} more that are not denied")
        sections.append((not denied, lines))
    return [lines for _, lines in sorted(sections, key=lambda section: section[0])]


type _Lines = Iterator[tuple[str, bool]]


def _rows_of_one(
    summary: Summary, endpoint: Endpoint, outcomes: dict[CountedOutcome, Tally], paint: _Paint, width: int
) -> _Lines:
    merged: dict[tuple[str, str], int] = {}
    for outcome, tally in outcomes.items():
        key = (_mark(outcome), _label(summary, endpoint, outcome))
        merged[key] = merged.get(key, 0) + tally.count
    for (mark, label), count in merged.items():
        yield _row(paint.mark(mark), 1, count, endpoint, label, width), mark == FAILED


def _row_of_all(
    summary: Summary, endpoint: Endpoint, outcomes: dict[CountedOutcome, Tally], paint: _Paint, width: int
) -> _Lines:
    marks: dict[str, str] = {}
    labels: dict[str, int] = {}
    counts: dict[str, int] = {}
    for name in ALL_ENGINES:
        mine = {outcome: tally for outcome, tally in outcomes.items() if outcome.engine == name}
        counts[name] = sum(tally.count for tally in mine.values())
        by_mark = {_mark(outcome): outcome for outcome in mine}
        marks[name] = next((mark for mark in _MARKS.values() if mark in by_mark), NEITHER)
        said: dict[str, int] = {}
        for outcome, tally in mine.items():
            if _mark(outcome) in (FAILED, DEPENDS):
                label = _label(summary, endpoint, outcome)
                said[label] = said.get(label, 0) + tally.count
        for label, count in said.items():
            labels[label] = max(labels.get(label, 0), count)
    if not any(counts.values()):  # no browser's traffic
        yield from _rows_of_one(summary, endpoint, outcomes, paint, width)
        return
    columns = [len(BROWSERS[name]) for name in ALL_ENGINES]
    cells = " ".join(
        paint.mark(marks[name]) + " " * (column - 1) for name, column in zip(ALL_ENGINES, columns, strict=True)
    )
    taken = sum(columns) + len(columns) - 1
    total = max(counts.values())
    words = "; ".join(label if count == total else f"{_number(count)}× {label}" for label, count in labels.items())
    line = _row(cells, taken, total, endpoint, words, width)
    yield line, FAILED in marks.values()


def _row(marks: str, taken: int, count: int, endpoint: Endpoint, label: str, width: int) -> str:
    head = f"  {marks} {_number(count):>6}  "
    what = f"{shortened(endpoint.method, 20):<7} {shortened(endpoint.path, 58)}"
    room = width - taken - 11
    if not label:
        return head + shortened(what, room)
    column = min(_COLUMN, max(room - 2 - len(label), 0))
    if max(len(what), column) + 2 + len(label) > room:
        return "\n".join((head + shortened(what, room), *_wrapped(label, " " * min(taken + 19, _HANG), width)))
    return f"{head}{what:<{column}}  {label}"


def _mark(outcome: CountedOutcome) -> str:
    return _MARKS[outcome.state]


def _label(summary: Summary, endpoint: Endpoint, outcome: CountedOutcome) -> str:
    words = []
    if outcome.refusal is not None:
        words.append(f"{outcome.reason}{_at(outcome)}")
        if outcome.would is not None:
            words.append("a browser would deny it")
    elif outcome.would is not None:
        words.append("no browser")
    if outcome.flips:
        other = "allowed" if outcome.denied else "denied"
        words.append(f'{other} if credentials: "{outcome.flips}"')
    if outcome.unseen:
        words.append("preflight not seen")
    if outcome.contradicted:
        words.append("contradicted by later traffic")
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


# ---- causes ----


def _cause(cause: Cause, number: int, summary: Summary, paint: _Paint, width: int) -> Iterator[str]:
    right = f"{_number(cause.count)} exchange{_s(cause.count)}"
    if summary.all_engines:
        right = ", ".join(BROWSERS[name] for name in cause.engines)
    elif summary.baseline is not None:
        right += ", new" if cause.fresh else ", known"
    left = f"{number:>2}  {cause.reason}" + ("" if cause.stage == "actual" else f", at the {cause.stage}")
    gap = max(width - len(left) - len(right), 2)
    yield f"{paint(_BOLD, left)}{' ' * gap}{right}"
    yield from _wrapped(cause.phrase, "    ", width)
    really = root_cause.words(cause.example) if (cause.example.observation.status or 0) >= 500 else ""
    if really:
        yield from _wrapped(really, "    ", width)
    label = "at"
    for endpoint in list(cause.endpoints)[:MAX_PLACES]:
        yield from _wrapped(str(endpoint), " " * 9, width, first=f"    {label:<5}")
        label = ""
    if len(cause.endpoints) > MAX_PLACES:
        yield f"         … and {len(cause.endpoints) - MAX_PLACES} more"
    yield from _fix(cause.change, paint, width)
    yield f"    see  cors-addon explain {cause.reason}"


def _fix(change: Change | None, paint: _Paint, width: int) -> Iterator[str]:
    label = "fix"
    for sign, line in fix_lines(change):
        coloured = {"-": _RED, "+": _GREEN}.get(sign, "")
        text = f"{sign} {line}" if sign else line
        for index, each in enumerate(_wrapped(text, " " * 11, width, first=" " * 9)):
            body = each[9:]
            yield f"    {label if not index else '':<5}{paint(coloured, body) if coloured else body}"
        label = ""


def fix_lines(change: Change | None) -> Iterator[tuple[str, str]]:
    """What to change, line by line: `-` before what goes, `+` before what comes, nothing before words."""
    if change is None:
        return
    if change.status is not None:
        yield "", f"answer with status {change.status}"
    for edit in change.edits:
        if edit.before is not None:
            yield "-", f"{edit.name}: {edit.before}"
        if edit.after is not None:
            yield "+", f"{edit.name}: {edit.after}"
    if change.note:
        yield "", change.note


# ---- security findings ----


def _security(summary: Summary, paint: _Paint, width: int, title: str = "Security findings") -> Iterator[list[str]]:
    found = summary.found()
    for number, each in enumerate(found[:MAX_CAUSES], start=1):
        head = [paint(_BOLD, title)] if title and number == 1 else []
        yield head + list(_found(each, number, summary, paint, width))
    if len(found) > MAX_CAUSES:
        yield [f"… and {len(found) - MAX_CAUSES} more findings: see --format json"]


def _found(found: Found, number: int, summary: Summary, paint: _Paint, width: int) -> Iterator[str]:
    right = f"{_number(found.count)} exchange{_s(found.count)}"
    if summary.baseline is not None:
        right += ", new" if found.fresh else ", known"
    left = f"{number:>2}  {found.name}" + ("" if found.is_warning else ", a note")
    yield f"{paint(_BOLD, left)}{' ' * max(width - len(left) - len(right), 2)}{right}"
    yield from _wrapped(finding_phrase(found.example, found.finding), "    ", width)
    label = "at"
    for endpoint in list(dict.fromkeys(map(str, found.endpoints)))[:MAX_PLACES]:
        yield from _wrapped(endpoint, " " * 9, width, first=f"    {label:<5}")
        label = ""
    if len(found.endpoints) > MAX_PLACES:
        yield f"         … and {len(found.endpoints) - MAX_PLACES} more"
    label = "fix"
    for line in finding_fix(found.example, found.finding).split("\n"):
        yield from _wrapped(
            line.strip(),
            " " * (11 if line.startswith(" ") else 9),
            width,
            first=(f"    {label:<5}" if label else " " * (11 if line.startswith(" ") else 9)),
        )
        label = ""
    yield f"    see  cors-addon explain {found.name}"


def count_line(found: Sequence[Found]) -> str:
    """How many there are, as in `2 security findings, 1 security note`; empty for none."""
    warnings = sum(each.is_warning for each in found)
    notes = len(found) - warnings
    words = [f"{warnings} security finding{_s(warnings)}"] if warnings else []
    words += [f"{notes} security note{_s(notes)}"] if notes else []
    return ", ".join(words)


def security(summary: Summary, width: int = WIDTH) -> str:
    """The security findings alone."""
    found = count_line(summary.found())
    judged = summary.judged + summary.roles[Role.NON_BROWSER]
    head = f"{MARK} {found}" if found else f"{PASSED} no security finding"
    head += f" in {_number(judged)} CORS exchange{_s(judged)}"
    parts = [[head], *_security(summary, _Paint(False), width, title="")]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


# ---- what is left to say ----


def _notes(summary: Summary, paint: _Paint, width: int) -> Iterator[str]:
    told = [each for each in summary.inputs if each.notes]
    if not told and not summary.overflowed:
        return
    yield paint(_BOLD, "Not judged, or not to be told")
    for each in told:
        for note, count in each.notes.items():
            prefix = f"{visible(each.title)}: " if len(summary.inputs) > 1 else ""
            times = f"{_number(count)} × " if count > 1 else ""
            yield from _wrapped(f"{prefix}{times}{note}", "    ", width, first="  ")
    if summary.overflowed:
        yield from _wrapped("more endpoints than can be shown: the rest is counted together", "    ", width, first="  ")


def _ending(summary: Summary, paint: _Paint, width: int, *, failed: bool | None) -> Iterator[str]:
    for each in summary.inputs:
        if each.damage is not None:
            yield from _wrapped(damage_line(each), "  ", width, first=f"{paint.mark(FAILED)} ")
    if summary.interrupted:
        yield from _wrapped("interrupted: what was not read is not in these numbers", "  ", width, first="! ")
    if summary.baseline is not None:
        known = sum(t.count for e, o, t in summary.tallies() if o.denied and not summary.is_fresh(e, o))
        if known:
            yield f"{_number(known)} of the denials are known from the baseline"
    if failed is False and _denied_flows(summary):
        yield "not counted as a failure (--fail-on, --baseline)"


def damage_line(each: Input) -> str:
    """How the reading of a file ended before its end."""
    at = "" if each.offset is None else f", at byte {each.offset}"
    verb = "was" if each.flows == 1 else "were"
    read = f": {_number(each.flows)} exchange{_s(each.flows)} before it {verb} read" if each.flows else ""
    return visible(f"{each.title}: {each.damage}{at}{read}")


def _wrapped(text: str, indent: str, width: int, *, first: str | None = None) -> list[str]:
    initial = indent if first is None else first
    return wrap(visible(text), width, initial_indent=initial, subsequent_indent=indent, break_on_hyphens=False) or [
        initial.rstrip()
    ]


def _number(count: int) -> str:
    return f"{count:,}"


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def names(engines: Iterable[str]) -> str:
    """Engines by their browsers' names."""
    return ", ".join(BROWSERS.get(name, name) for name in engines)
