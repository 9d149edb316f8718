"""Answers that stream, such as server-sent events: judged while they still do, not when they end in some hours.

Law 1: no hook: one per answer would cost more than all that is done here. The list that people look at is looked at
every second, and only what is new in it.
Law 2: what streams has its head with the browser, whose decision is made: the verdict is final, and is not given twice.
"""

import asyncio
import itertools
from collections.abc import Callable
from weakref import WeakSet

from mitmproxy import ctx, flow, http

from cors_addon.proxy import internals

_LOOK_EVERY = 1.0
"""Seconds between two looks; what ends sooner is judged when it ends."""


class Streams:
    """Live flows whose answer has not ended."""

    def __init__(self, judge: Callable[[http.HTTPFlow], bool]) -> None:
        """`judge` is told each flow that streams, once, and says whether there was anything to judge."""
        self._judge = judge
        self._open: list[http.HTTPFlow] = []
        self._newest = ""
        self._judged: WeakSet[http.HTTPFlow] = WeakSet()
        """Some end without a word: what mitmproxy forgets, this forgets."""
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to look, where there is a list of flows."""
        if self._timer is None and ctx.master.addons.get("view") is not None:
            self._timer = asyncio.get_running_loop().call_later(_LOOK_EVERY, self._look_again)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def ended(self, each: http.HTTPFlow) -> bool:
        """An answer has ended; True where it was judged before."""
        if each not in self._judged:
            return False
        self._judged.discard(each)
        return True

    def _look_again(self) -> None:
        self._timer = None
        try:
            self.look(internals.listed(ctx.master) or {})
        finally:
            self.start()

    def look(self, listed: dict[str, flow.Flow]) -> None:
        """Judge what has begun to stream; `listed` holds all flows by id, the newest last."""
        still_open: list[http.HTTPFlow] = []
        for each in [*self._open, *self._new(listed)]:
            response = each.response
            if not each.live or (response is not None and response.data.timestamp_end is not None):
                continue
            if response is None or not response.stream:
                still_open.append(each)
            elif self._judge(each):
                self._judged.add(each)
                internals.refresh(ctx.master, [each])
        self._open = still_open

    def _new(self, listed: dict[str, flow.Flow]) -> list[http.HTTPFlow]:
        """Live flows that came since the last look; all of them where the list was cleared."""
        newest, self._newest = self._newest, next(reversed(listed), "")
        seen = {each.id for each in (*self._open, *self._judged)} if newest not in listed else set[str]()
        newer = itertools.takewhile(lambda flow_id: flow_id != newest, reversed(listed))
        found = (listed[flow_id] for flow_id in newer if flow_id not in seen)
        return [each for each in found if isinstance(each, http.HTTPFlow) and each.live]
