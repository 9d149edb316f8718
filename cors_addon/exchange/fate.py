"""What became of an answer at the page that asked for it."""

from enum import StrEnum
from typing import NamedTuple

from cors_addon.fetch.load import Block, Destination, Load


class Usable(StrEnum):
    """What the page has of the answer: the values of the JSON field `usable`."""

    USABLE = "usable"
    OPAQUE = "opaque"
    BLOCKED = "blocked"


class Tried(NamedTuple):
    """The same load under a policy that is not in force."""

    by: object
    """Whose trial it is, by identity."""
    before: Block | None
    """What stops it by what the servers themselves sent."""
    after: Block | None
    """What would stop it."""

    @property
    def differs(self) -> bool:
        """Whether something else stops it, or nothing any more."""
        return self.before != self.after


class Fate(NamedTuple):
    """What became of one answer, beyond CORS."""

    load: Load
    """What the page asked for."""
    block: Block | None = None
    """What kept it from the page, or ended the fetch; None where nothing did."""
    document: str | None = None
    """Flow id of the page's document or worker, where it was seen."""
    others: tuple[tuple[str, Block | None], ...] = ()
    """What stops the same load in each engine; only where it was stopped."""
    inferred: bool = False
    """Another page of the same origin may be meant, which demands something else."""
    reported: Block | None = None
    """What its page's embedder policy would stop it by, which is in Report-Only as yet."""
    tried: tuple[Tried, ...] = ()
    """Under policies that concern it or its page."""

    before_cors: bool = False
    """Its block comes before CORS is asked."""

    @property
    def tells(self) -> bool:
        """Whether there is something to tell of it."""
        return self.block is not None or self.reported is not None or any(each.differs for each in self.tried)

    @property
    def usable(self) -> Usable:
        """An opaque answer tells a script nothing; an element may show or run it all the same, and so has its use."""
        if self.block is not None:
            return Usable.BLOCKED
        return Usable.OPAQUE if self.load.opaque and self.load.destination is Destination.EMPTY else Usable.USABLE
