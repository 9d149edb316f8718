"""What a page's policies stopped before it was sent: no request of it is in the log, and the console alone tells it."""

from collections import deque
from typing import NamedTuple

from cors_addon.fetch.load import Gate
from cors_addon.recordings import console_log
from cors_addon.recordings.logged import Log
from cors_addon.recordings.sentences import Sentence

MOST = 1000
"""That are kept of each kind."""
_BEFORE_IT_IS_SENT = frozenset({Gate.CSP, Gate.MIXED_CONTENT})


class _Said(NamedTuple):
    """A sentence of the console, and when it was said, Unix seconds."""

    at: float
    sentence: Sentence
    maybe_told: bool
    """It may be the same that another tells."""


class HeldBack:
    """What the console tells, until the log ends; and which of it the log's own requests tell."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._said: deque[_Said] = deque(maxlen=MOST)
        self._known: deque[str] = deque(maxlen=MOST)

    def hear(self, sentence: Sentence, at: float, *, maybe_told: bool = False) -> None:
        """Keep what tells of a policy; `at` is in Unix seconds. `maybe_told`: another may tell the same."""
        block = sentence.word.block
        if block is None or block.gate not in _BEFORE_IT_IS_SENT or sentence.consequence:
            return
        again = self._said[-1] if self._said else None
        if again is None or again.sentence.url != sentence.url or again.at != at:
            self._said.append(_Said(at, sentence, maybe_told))

    def know(self, url: str) -> None:
        """A request of the log tells of this URL that it was stopped."""
        self._known.append(url.partition("#")[0])

    def tell(self, log: Log) -> None:
        """Add to the log what its requests do not tell."""
        known = set(self._known)
        told = {said.sentence.url for said in self._said if not said.maybe_told}
        for said in self._said:
            url = said.sentence.url
            if url.partition("#")[0] not in known and not (said.maybe_told and url in told):
                log.add(console_log.logged(said.sentence, self._engine, said.at, log.number()))
