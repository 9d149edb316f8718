"""The console's viewer for our texts: as wide as the terminal, in the colours of mitmproxy's palette.

mitmproxy's own viewer of command results takes four fifths of the terminal, and knows no colours. This module imports
the console's parts, which only the console has.
"""

from collections.abc import Callable, Sequence
from typing import Any

import urwid
from mitmproxy.master import Master

from cors_addon.fetch.patterns import pattern
from cors_addon.proxy import internals

type Markup = list[str | tuple[str, str]]
type Step = Callable[[str], None]
"""Goes to the `next` or the `prev` flow."""

_KEYS, _STEPS = "/ search · q back", "> next · < previous · "
_WHERE = {">": "next", "<": "prev"}

GOOD, BAD, DOUBTFUL, FAINT, LABEL, STRONG = "code_200", "error", "alert", "content_none", "key", "head"
"""Names in mitmproxy's palettes."""

_MARKS = {"✓": GOOD, "✗": BAD, "–": FAINT}
_HEADLINE = pattern(r"[✓✗–] ")
_STEP = pattern(r"( +)([✓✗–])( .*)")
_EDIT = pattern(r"(  .{11,13}  ?)([-+] [!#-'*+.0-9A-Z^-z|~-]+:.*)")
_MEMBER = pattern(r"  \d+  .*|  …  .*")
_LABELLED = pattern(r"(  [a-z][a-z ]{2,12})(  ?.*)")
_ROWS_OF_OTHERS = 4
"""Of the terminal's: our heading, and the console's status bar."""


def styled(line: str) -> Markup:
    """A line of an explanation, or of a shell script, in colours."""
    if _HEADLINE.match(line):
        return [(DOUBTFUL if ", but " in line else _MARKS[line[0]], line)]
    if match := _STEP.fullmatch(line):
        indent, mark, rest = match.groups()
        return [indent, (_MARKS[mark], mark), (FAINT, rest) if mark == "–" else rest]
    if match := _EDIT.fullmatch(line):
        label, edit = match.groups()
        return [(LABEL, label), (BAD if edit[0] == "-" else GOOD, edit)]
    if line.startswith("# "):
        return [(FAINT, line)]
    if _MEMBER.fullmatch(line):
        return [(STRONG, line)]
    if match := _LABELLED.fullmatch(line):
        label, rest = match.groups()
        return [(LABEL, label), rest]
    return [line]


_LayoutWidget: Any = internals.console_class("layoutwidget", "LayoutWidget")
_Searchable: Any = internals.console_class("searchable", "Searchable")


class Viewer(urwid.WidgetWrap, _LayoutWidget):
    """Shows lines; scrolls and searches (`/`) as flow details do, and `q` closes it."""

    title = "CORS"
    keyctx = "dataviewer"

    def __init__(self, title: str, lines: Sequence[str], size: tuple[int, int], step: Step | None = None) -> None:
        """Take up a terminal of so many columns and rows; `step` goes to another flow."""
        columns, rows = size
        self.width = columns
        self._step = step
        self._text = _Searchable([urwid.Text(styled(line)) for line in lines])
        heading = urwid.Columns(
            [urwid.Text(title, wrap="clip"), ("pack", urwid.Text(_KEYS if step is None else _STEPS + _KEYS))]
        )
        room = max(rows - _ROWS_OF_OTHERS, 3)
        pile = urwid.Pile([("pack", urwid.AttrMap(heading, "heading")), urwid.BoxAdapter(self._text, room)])
        super().__init__(urwid.AttrMap(pile, "background"))

    def keypress(self, size: Any, key: str) -> Any:
        """Go to another flow, or do what keys do in any text."""
        if self._step is not None and key in _WHERE:
            self._step(_WHERE[key])
            return None
        return super().keypress(size, key)


def columns_of(master: Master) -> int:
    """The terminal's width."""
    return internals.terminal_size(master)[0]


def show(master: Master, title: str, lines: Sequence[str], step: Step | None = None) -> None:
    """Open the viewer over the console's window."""
    internals.open_over(master, Viewer(title, lines, internals.terminal_size(master), step))
