"""What never left the browser, as it is told where its page is: a line for a list, and one for each request."""

from collections import Counter
from collections.abc import Sequence

from cors_addon.exchange.model import Judgement
from cors_addon.fetch.load import Block
from cors_addon.reasons.blocks import BLOCKS
from cors_addon.report.blocked import kind_of, phrase
from cors_addon.report.layout import paragraph
from cors_addon.report.text import FAILED, visible

MAX_SHOWN = 20


def comment(requests: Sequence[Judgement], *, more: bool = False) -> str:
    """One line: how many, and what stopped them, the most frequent first; `more`: these are not all."""
    labels = Counter(BLOCKS[block.gate].label for each in requests if (block := each.block) is not None)
    what = ", ".join(label if count == 1 else f"{label} ×{count}" for label, count in labels.most_common())
    count = len(requests)
    least = "more than " if more else ""
    return f"{FAILED} {least}{count} request{'' if count == 1 else 's'} never left the browser: {what}"


def section(requests: Sequence[Judgement], width: int) -> list[str]:
    """For the explanation of the page: each request, and what stopped it."""
    lines: list[str] = []
    for number, each in enumerate(requests[:MAX_SHOWN]):
        words = f"{FAILED} {each.observation.method.decode('latin-1')} {visible(str(each.observation.url))}"
        lines += paragraph("" if number else "never sent", f"{words}  {_stopped(each, each.block)}", width)
    if len(requests) > MAX_SHOWN:
        lines += paragraph("", f"… and {len(requests) - MAX_SHOWN} more", width)
    return lines


def _stopped(judgement: Judgement, block: Block | None) -> str:
    load = None if judgement.fate is None else judgement.fate.load
    return "" if load is None or block is None else f"({kind_of(load)}; {phrase(block, load)})"
