"""Remedies in words, the same wherever they are shown: who is to act, what, the change itself, and why."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cors_addon.remedies.value import Change, Remedy, Settings
from cors_addon.report.text import visible

SHOWN = 3
"""Remedies shown of each, in a list of many causes."""
SETTINGS_SHOWN = 5
"""Frameworks named there."""


class Line(NamedTuple):
    """One line of a remedy."""

    label: str
    """`fix` or `or` with the first line of one; else empty."""
    sign: str
    """`-` for what goes, `+` for what comes; empty for words."""
    text: str

    @property
    def plain(self) -> str:
        """With its sign."""
        return f"{self.sign} {self.text}".strip()


def lines(remedies: Sequence[Remedy], status: int | None = None, shown: int | None = None) -> Iterator[Line]:
    """What is said of remedies, in their order: of the first `shown`, or all that there is to say of all.

    `status`: of the answer, where a change replaces it.
    """
    for number, remedy in enumerate(remedies[:shown]):
        yield Line("or" if number else "fix", "", remedy.headline)
        found = list(change_lines(remedy, status))
        if shown is not None and isinstance(remedy.change, Settings) and len(found) > SETTINGS_SHOWN:
            found = [*found[:SETTINGS_SHOWN], ("", "… and other frameworks: see --format jsonl")]
        for sign, text in found:
            yield Line("", sign, text)
        for words in filter(None, (remedy.why, remedy.opens and f"Opens: {remedy.opens}.")):
            yield Line("", "", words)


def change_lines(remedy: Remedy, status: int | None = None) -> Iterator[tuple[str, str]]:
    """The change itself, where it is more than words."""
    change = remedy.change
    if isinstance(change, Change):
        yield from _edit_lines(change, status)
    elif isinstance(change, Settings):
        for name, line in change.lines:
            yield "", f"{name}: {line}"
    if remedy.also is not None:
        yield from _edit_lines(remedy.also, status)


def _edit_lines(change: Change, status: int | None) -> Iterator[tuple[str, str]]:
    if change.status is not None:
        yield "", f"status {change.status}" if status is None else f"status {status} → {change.status}"
    for edit in change.edits:
        if edit.before is not None:
            yield "-", f"{edit.name}: {edit.before}"
        if edit.after is not None:
            yield "+", f"{edit.name}: {edit.after}"


def told(remedies: Sequence[Remedy], shown: int = SHOWN) -> list[str]:
    """The first of them as lines of plain text, made visible."""
    found = lines(remedies, shown=shown)
    return [visible(f"{line.label}: {line.plain}" if line.label else line.plain) for line in found]
