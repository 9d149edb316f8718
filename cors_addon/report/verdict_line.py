"""A judgement in one line of a terminal, for who watches mitmdump.

Law: the line fits, and what is left out first is what the reader can do without: the page, then the middle of the URL.
"""

import unicodedata

from cors_addon.exchange.model import Judgement
from cors_addon.report.text import FAILED, NEITHER, PASSED, shortened, visible

RED, GREEN, YELLOW, DIM, PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[2m", "\x1b[0m"
_COLOURS = {FAILED: RED, PASSED: GREEN, NEITHER: DIM}
_MIN_REQUEST = 28
_MAX_URL = 300


def line(judgement: Judgement, comment: str, *, was: str = "", width: int | None = None, colour: bool = False) -> str:
    """The verdict (`comment`, which begins with its mark), then the request that it is on.

    `was`: the mark that an earlier line gave this flow; `width`: columns of the terminal, None where there is none.
    """
    if was:
        comment += f" (an earlier line said {was})"
    observation = judgement.observation
    request = f"{observation.method.decode('latin-1')} {observation.url}"
    page = f" from {visible(judgement.origin)}" if judgement.origin is not None else ""
    if width is None:
        request, room = shortened(request, _MAX_URL) + page, len(comment)
    else:
        room = max(width - 2 - min(len(request), _MIN_REQUEST), 20)
        comment = fitting(comment, room)
        room = max(width - cells(comment) - 2, 1)
        request = request + page if len(request) + len(page) <= room else fitting(shortened(request, room), room)
    if not colour:
        return f"{comment}  {request}"
    mark = comment[:1]
    tint = YELLOW if ", but " in comment else _COLOURS.get(mark, "")
    return f"{tint}{mark}{PLAIN}{comment[1:]}  {DIM}{request}{PLAIN}"


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
