"""The reports of a document or worker, in the order in which it wrote them.

Of two that a browser sends on two connections the second may arrive first, above all the one that a page sends as it is
hidden or left.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from cors_addon.exchange.page_call import Scene

WAITS = 1.0
"""Seconds for which a report waits for the one before it. Chosen."""
MOST_HELD = 32
"""Reports that wait, of all documents and workers."""
_MOST_SCENES = 500

type Hear = Callable[[], None]


@dataclass(slots=True)
class _Line:
    last: int = 0
    """The number of the last report that was heard."""
    held: dict[int, Hear] = field(default_factory=dict)
    timer: asyncio.TimerHandle | None = None


class Sequence:
    """Hears each report after those before it, or once it has waited long enough for them."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lines: OrderedDict[Scene, _Line] = OrderedDict()
        self._held = 0

    def put(self, scene: Scene, number: int, hear: Hear) -> None:
        """Call `hear` when it is the turn of this report; `number`: from 1 on, or 0 where the report has none."""
        line = self._line_of(scene)
        if number > line.last + 1:
            self._held += number not in line.held
            line.held[number] = hear
            if self._held > MOST_HELD:
                self.release()
            elif line.timer is None:
                line.timer = asyncio.get_running_loop().call_later(WAITS, self._release, line)
            return
        line.last = max(line.last, number)
        hear()
        while (following := line.held.pop(line.last + 1, None)) is not None:
            line.last += 1
            self._held -= 1
            following()
        if not line.held:
            self._stop(line)

    def release(self) -> None:
        """Hear all that waits."""
        for line in self._lines.values():
            self._release(line)

    def _line_of(self, scene: Scene) -> _Line:
        line = self._lines.setdefault(scene, _Line())
        self._lines.move_to_end(scene)
        if len(self._lines) > _MOST_SCENES:
            self._release(self._lines.popitem(last=False)[1])
        return line

    def _release(self, line: _Line) -> None:
        self._stop(line)
        held, line.held = line.held, {}
        self._held -= len(held)
        for number in sorted(held):
            line.last = number
            held[number]()

    @staticmethod
    def _stop(line: _Line) -> None:
        if line.timer is not None:
            line.timer.cancel()
            line.timer = None
