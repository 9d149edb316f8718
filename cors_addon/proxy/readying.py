"""What is made ready once mitmproxy runs, so that no flow has to wait until it is."""

import asyncio

from cors_addon.fetch import patterns
from cors_addon.policy import suffixes
from cors_addon.proxy.off_loop import off_loop


def make_ready(loop: asyncio.AbstractEventLoop) -> None:
    """Compile one pattern, and the next when the loop comes round again; then read the public suffixes beside it."""
    if patterns.compile_next():
        loop.call_soon(make_ready, loop)
    else:
        off_loop(suffixes.make_ready)
