"""A terminal, or a file written like one: whether it shows colours, how wide it is, and the one way to it.

Law: whatever a server, a page, a recording or a file name holds, a terminal gets text, ends of lines, and our colours.
"""

import re
from collections.abc import Mapping
from textwrap import wrap
from typing import NamedTuple, TextIO

from cors_addon.fetch.headers import visible
from cors_addon.fetch.masking import masked
from cors_addon.fetch.patterns import pattern
from cors_addon.report.marks import FAILED, MARK, NEITHER, PASSED, WIDTH

DEPENDS = "?"
"""The mark of a verdict that rests on a credentials mode that is not known."""
RED, GREEN, YELLOW, BOLD, DIM, PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[1m", "\x1b[2m", "\x1b[0m"
COLOURS: Mapping[str, str] = {FAILED: RED, PASSED: GREEN, DEPENDS: YELLOW, MARK: YELLOW, NEITHER: DIM}
"""Of the marks."""
_ANEW = "\r\x1b[K"
"""Goes to the begin of the line, and empties it."""
_CODES = pattern(f"({'|'.join(map(re.escape, (RED, GREEN, YELLOW, BOLD, DIM, PLAIN)))})")


def put(out: TextIO, text: str, *, colour: bool = False) -> None:
    """Write text for people; `colour`: with colours, by the codes above. Raises OSError."""
    out.write(encodable(safe(masked(text), colour=colour), out))


def put_data(out: TextIO, text: str) -> None:
    """Write text for programs, which stays as it is but where a terminal would get it. Raises OSError."""
    text = masked(text)
    out.write(encodable(safe(text) if out.isatty() else text, out))


def put_over(out: TextIO, line: str) -> None:
    """Write a line in place of the present one, at once."""
    out.write(_ANEW + encodable(visible(line), out))
    out.flush()


def safe(text: str, *, colour: bool = False) -> str:
    """Text of several lines without any code that a terminal obeys, but those of our colours, where they are wanted."""
    if not colour:
        return _visible(text)
    return "".join(part if odd else _visible(part) for odd, part in _numbered(_CODES.split(text)))


def _numbered(parts: list[str]) -> list[tuple[int, str]]:
    return [(number & 1, part) for number, part in enumerate(parts)]


def _visible(text: str) -> str:
    return "\n".join("\t".join(map(visible, line.split("\t"))) for line in text.split("\n"))


def encodable(text: str, out: TextIO) -> str:
    """Marks that this terminal's encoding lacks become question marks, rather than an error."""
    encoding = getattr(out, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


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
            visible(masked(text)), self.width, initial_indent=initial, subsequent_indent=indent, break_on_hyphens=False
        ) or [initial.rstrip()]
