"""What there is to say of each reason, finding and block on a page of its own, in pieces that any format can render.

The page of a name stays at its address: `/help/NAME` of the live page, and `docs/reasons/NAME.md`.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from cors_addon.fetch.load import Gate
from cors_addon.fetch.refusals import Reason
from cors_addon.reasons.blocks import BLOCKS
from cors_addon.reasons.finding import FindingName
from cors_addon.reasons.findings import FINDINGS
from cors_addon.reasons.model import BROWSERS, Explanation, FindingExplanation, fix, message
from cors_addon.reasons.registry import REGISTRY


class Kind(StrEnum):
    """What a page is about."""

    REASON = "reason"
    FINDING = "security finding"
    BLOCK = "block beyond CORS"


class Form(StrEnum):
    """How a piece is to look."""

    TEXT = "text"
    HEADING = "heading"
    ITEMS = "items"
    CODE = "code"
    SAID = "said"
    """Lines of a browser, its name for it, and the console's text."""
    ANCHOR = "anchor"


class Piece(NamedTuple):
    """One paragraph, list or table."""

    form: Form
    lines: tuple[str, ...]


class HelpPage(NamedTuple):
    """A page about one name."""

    name: str
    kind: Kind
    short: str
    """In half a line, with the values of an example."""
    pieces: tuple[Piece, ...]


def names() -> dict[str, Kind]:
    """Everything that has a page."""
    found: dict[str, Kind] = {reason.value: Kind.REASON for reason in REGISTRY}
    found |= {finding.value: Kind.FINDING for finding in FINDINGS}
    return {**{gate.value: Kind.BLOCK for gate in BLOCKS}, **found}


def help_page(name: str) -> HelpPage | None:
    """The page about a name; None where it has none."""
    kind = names().get(name)
    if kind is None:
        return None
    if kind is Kind.BLOCK:
        block = BLOCKS[Gate(name)]
        pieces = (Piece(Form.TEXT, (block.why,)), Piece(Form.ANCHOR, (block.anchor,)))
        return HelpPage(name, kind, block.title, pieces)
    entry: Explanation | FindingExplanation
    entry = REGISTRY[Reason(name)] if kind is Kind.REASON else FINDINGS[FindingName(name)]
    return HelpPage(name, kind, message(entry, *entry.example), tuple(_pieces(entry)))


def _pieces(entry: Explanation | FindingExplanation) -> Iterator[Piece]:
    yield Piece(Form.TEXT, (entry.explanation,))
    yield Piece(Form.HEADING, ("How it comes about",))
    yield Piece(Form.ITEMS, entry.causes)
    yield Piece(Form.HEADING, ("What to change, for example",))
    yield Piece(Form.CODE, (fix(entry, *entry.example),))
    if entry.said:
        yield Piece(Form.HEADING, ("What browsers say",))
        for said in entry.said:
            yield Piece(Form.SAID, (BROWSERS[said.engine], ", ".join(said.names), said.text))
    yield Piece(Form.ANCHOR, (entry.anchor,))
