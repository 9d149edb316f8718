"""Faults of our own: logged once per kind, and never in the traffic's way."""

import logging
import traceback

from cors_addon.proxy.logs import logger_of

logger = logger_of(__name__)


class Faults:
    """What has gone wrong so far."""

    def __init__(self, words: str) -> None:
        """`words` say what that means for the traffic."""
        self._words = words
        self._known: set[tuple[int, str, str, int | None]] = set()
        self.level = logging.WARNING

    def __len__(self) -> int:
        return len(self._known)

    def report(self, error: Exception) -> None:
        """Log a fault, if it is the first of its kind: what it is and where it arose."""
        frames = traceback.extract_tb(error.__traceback__)
        where = (frames[-1].filename, frames[-1].lineno) if frames else ("", None)
        kind = (self.level, type(error).__qualname__, *where)
        if kind not in self._known:
            self._known.add(kind)
            logger.log(self.level, "%s: %r", self._words, error, exc_info=error)
