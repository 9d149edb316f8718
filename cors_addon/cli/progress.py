"""How far a reading is, on a terminal."""

import time
from typing import TextIO

from cors_addon.recordings.source import Source
from cors_addon.report.input import Input
from cors_addon.report.terminal import put_over
from cors_addon.report.text import visible


class Progress:
    """A bar on a terminal, drawn a few times a second."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._drawn = 0.0
        self._shown = False

    def show(self, source: Source, each: Input) -> None:
        """Draw how far the reading is."""
        import shutil  # only where somebody looks on

        now = time.monotonic()
        if now - self._drawn < 0.1:
            return
        self._drawn = now
        room = shutil.get_terminal_size().columns
        name = source.name if len(source.name) <= 30 else f"…{source.name[-29:]}"
        if source.size:
            part = min(source.position / source.size, 1.0)
            full = round(part * 20)
            line = f"{part:4.0%} {'█' * full}{'░' * (20 - full)} {each.flows:,} exchanges, {name}"
        else:
            line = f"{source.position / 1e6:,.0f} MB, {each.flows:,} exchanges, {each.title}"
        put_over(self._out, visible(line)[: room - 1])
        self._shown = True

    def clear(self) -> None:
        """Leave no trace."""
        if self._shown:
            put_over(self._out, "")
