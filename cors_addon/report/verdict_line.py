"""A judgement in one line of a terminal, for people who watch mitmdump.

Law: the line fits, and what is left out first is what the reader can do without: the page, then the middle of the URL.
"""

import unicodedata

from cors_addon.exchange.model import Judgement
from cors_addon.report.terminal import COLOURS, DIM, PLAIN, YELLOW
from cors_addon.report.text import shortened, visible

_MIN_REQUEST = 28
_MAX_URL = 300


def line(
    judgement: Judgement, comment: str, *, below: bool = False, width: int | None = None, colour: bool = False
) -> str:
    """The verdict (`comment`, which begins with its mark), then the request that it is on.

    `below`: the request stands right above, and may be left out; `width`: columns of the terminal, None where there is
    none.
    """
    observation = judgement.observation
    request = shortened(f"{observation.method.decode('latin-1')} {observation.url}", _MAX_URL)
    page = f" from {visible(judgement.origin)}" if judgement.origin is not None else ""
    if width is None:
        request += page
    else:
        least = 0 if below else min(len(request), _MIN_REQUEST) + 2
        comment = fitting(comment, max(width - least, 20))
        room = width - cells(comment) - 2
        if cells(request) + cells(page) <= room:
            request += page
        else:
            request = fitting(shortened(request, room), room) if room >= _MIN_REQUEST or not below else ""
    gap = "  " if request else ""
    if not colour:
        return f"{comment}{gap}{request}"
    mark = comment[:1]
    tint = YELLOW if ", but " in comment else COLOURS.get(mark, "")
    return f"{tint}{mark}{PLAIN}{comment[1:]}{gap}{DIM}{request}{PLAIN}"


def related(comment: str, was: str) -> str:
    """A comment with how it relates to an earlier line about the flow, as in `was ✓`."""
    if not was:
        return comment
    head, sign, tail = comment.partition(" · CORS")
    if not sign and comment[2:6] == "CORS":
        head, tail = comment[:6], comment[6:]
    return f"{head} ({was}){sign}{tail}"


def cells(text: str) -> int:
    """How many columns a terminal gives this text."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else not unicodedata.combining(char) for char in text)


def fitting(text: str, room: int) -> str:
    """`text`, its end left out where it does not fit."""
    if cells(text) <= room:
        return text
    while text and cells(text) > room - 1:
        text = text[: max(len(text) - max((cells(text) - room + 1) // 2, 1), 0)]
    return text + "…"
