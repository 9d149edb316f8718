"""A terminal, or a file written like one: whether it shows colours, and how wide it is."""

from collections.abc import Mapping
from textwrap import wrap
from typing import NamedTuple

from cors_addon.report.findings import MARK
from cors_addon.report.text import FAILED, NEITHER, PASSED, WIDTH, visible

DEPENDS = "?"
"""The mark of a verdict that rests on a credentials mode that is not known."""
RED, GREEN, YELLOW, BOLD, DIM, PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[1m", "\x1b[2m", "\x1b[0m"
COLOURS: Mapping[str, str] = {FAILED: RED, PASSED: GREEN, DEPENDS: YELLOW, MARK: YELLOW, NEITHER: DIM}
"""Of the marks."""


class Terminal(NamedTuple):
    """Colours are written where they are wanted, and no line is longer than `width`."""

    colour: bool = False
    width: int = WIDTH

    def paint(self, colour: str, text: str) -> str:
        """Text in a colour."""
        return f"{colour}{text}{PLAIN}" if self.colour else text

    def mark(self, mark: str) -> str:
        """A mark in its own colour."""
        return self.paint(COLOURS[mark], mark)

    def wrapped(self, text: str, indent: str, *, first: str | None = None) -> list[str]:
        """Lines of a text, all indented; the first by `first`, where that is given."""
        initial = indent if first is None else first
        return wrap(
            visible(text), self.width, initial_indent=initial, subsequent_indent=indent, break_on_hyphens=False
        ) or [initial.rstrip()]
