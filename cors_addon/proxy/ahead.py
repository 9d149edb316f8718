"""What the first flows need and a start does not: got ready once there is traffic, while the first server is awaited.

Law: piece by piece. A flow that comes meanwhile waits for one piece, and then gets by itself what it needs.
"""

import asyncio
from importlib import import_module

from cors_addon.fetch import patterns
from cors_addon.policy import suffixes
from cors_addon.proxy.off_loop import off_loop

_MODULES = (
    *("reasons.registry", "report.text", "engines.texts", "servers.cause", "report.situation", "reasons.blocks"),
    *("report.blocked", "proxy.annotate"),
    *("remedies.failed", "remedies.by_status", "remedies.by_block", "remedies.by_origin", "remedies.decide"),
)
"""What tells a verdict, each module after what it needs itself."""


class Ahead:
    """Loads modules and compiles patterns, one each time the loop comes round; public suffixes are read beside it."""

    def __init__(self) -> None:
        self._left = list(_MODULES)
        self.begun = False

    def begin(self) -> None:
        """There is traffic now."""
        self.begun = True
        off_loop(suffixes.make_ready)
        self._go_on(asyncio.get_running_loop())

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._left:
            import_module(f"cors_addon.{self._left.pop(0)}")
        elif not patterns.compile_next():
            return
        loop.call_soon(self._go_on, loop)
