"""A sink of judgements: the file of JSON lines. What goes wrong with it is said once, and never reaches the traffic."""

import logging
from pathlib import Path
from typing import TextIO

from mitmproxy import http

from cors_addon.exchange.model import Judgement
from cors_addon.report import jsonl

logger = logging.getLogger(__name__)


class JsonLines:
    """Appends a line per judgement. Each is flushed, so that `tail -f` shows it at once."""

    takes_probes = True

    def __init__(self, path: Path) -> None:
        """Open `path` for appending; raises OSError."""
        self.path = path
        self._file: TextIO | None = path.open("a", encoding="ascii", buffering=1, newline="\n")

    def write(self, judgement: Judgement, _flow: http.HTTPFlow | None = None) -> None:
        """Append one line."""
        if self._file is None:
            return
        text = jsonl.dumps(judgement) + "\n"
        try:
            self._file.write(text)
        except OSError as error:
            logger.error("cors_jsonl: no more lines are written to %s: %s", self.path, error)
            self.close()

    def close(self) -> None:
        """Close the file; later lines are dropped."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:  # what was still buffered cannot be written either
                logger.debug("cors_jsonl: closing %s: %s", self.path, error)
