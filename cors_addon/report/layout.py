"""How an explanation is laid out: labels in a column, text beside them, no line longer than it may be."""

from textwrap import wrap

from cors_addon.report.text import shortened

COLUMN = 13
LONGEST = 2000
"""Characters of a value or a list that are shown: a longer one would bury the rest."""


def paragraph(label: str, text: str, width: int, hang: str = "") -> list[str]:
    """Text under a label, both in columns of their own."""
    return wrapped(text, " " * (COLUMN + 2), width, first=f"  {label:<{COLUMN}}", hang=" " * (COLUMN + 2) + hang)


def wrapped(text: str, indent: str, width: int, *, first: str | None = None, hang: str | None = None) -> list[str]:
    """Lines of at most `width`; words longer than a line are broken, for URLs and header values know no spaces."""
    lines = wrap(
        shortened(text, LONGEST),
        max(width, 40),
        initial_indent=indent if first is None else first,
        subsequent_indent=indent if hang is None else hang,
        break_on_hyphens=False,
    )
    return lines or [(indent if first is None else first).rstrip()]
