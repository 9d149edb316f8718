"""Who answered, in its own words and with its own setting: what every report says of a refusal."""

from collections.abc import Iterator

from cors_addon.exchange.model import Judgement
from cors_addon.report.text import quoted
from cors_addon.servers import cause

QUOTED = 160
"""Characters of the server's words that are shown."""


def lines(judgement: Judgement) -> Iterator[str]:
    """One sentence a line; none where nothing is known."""
    if judgement.said is not None:
        yield f"The server says: {quoted(judgement.said, QUOTED)}"
    yield from cause.sentences(judgement)
