"""Redirects that seem to be stopped for where they lead, until what they lead to comes after all.

Law 1: the same policy keeps the page from asking for that by itself. So what comes there soon, and for the same use,
was led there: the page's policy was another, or its engine asks it otherwise.
"""

from collections.abc import Hashable

from cors_addon.exchange.model import Judgement, Observation
from cors_addon.exchange.shelf import Shelf
from cors_addon.exchange.timing import SOON
from cors_addon.exchange.weight import of_flow
from cors_addon.exchange.writing import note_fate
from cors_addon.fetch.headers import get
from cors_addon.fetch.load import Gate
from cors_addon.fetch.origins import Url

_FOR_THE_TARGET = frozenset({Gate.CSP, Gate.MIXED_CONTENT})
_MOST = 256
"""Redirects that are remembered."""
_DESTINATION = b"sec-fetch-dest"


class StoppedHops:
    """Of all clients, the latest."""

    def __init__(self) -> None:
        """Begin with none."""
        self._hops: Shelf[tuple[Hashable, Url], Judgement] = Shelf(_MOST)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._hops)

    @property
    def weight(self) -> int:
        """Bytes that are kept."""
        return self._hops.weight

    def keep_within(self, most: int) -> None:
        """Keep no more than so many bytes."""
        self._hops.keep_within(most)

    def note(self, client: Hashable, target: Url | None, judgement: Judgement) -> None:
        """Remember a redirect that is stopped for its target."""
        block = None if judgement.fate is None else judgement.fate.block
        if target is None or block is None or block.gate not in _FOR_THE_TARGET:
            return
        self._hops.keep((client, target), judgement, of_flow(judgement.observation))

    def went_on(self, client: Hashable, observation: Observation) -> list[Judgement]:
        """The redirect that has led a client here after all, which nothing stopped, then."""
        earlier = self._hops.take((client, observation.url))
        if earlier is None or earlier.fate is None:
            return []
        hop = earlier.observation
        asked = get(hop.request, _DESTINATION)
        if asked is None or asked != get(observation.request, _DESTINATION):
            return []
        if not 0 <= observation.started - hop.started <= SOON + hop.ended - hop.started:
            return []
        note_fate(earlier, earlier.fate._replace(block=None, others=(), inferred=False))
        return [earlier]
