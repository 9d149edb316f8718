"""Waiting in tests: for a condition, never for so and so long. A house test holds all others to it.

On a busy machine a fixed time is too short, and on an idle one it is lost.
"""

import asyncio
import time
from collections.abc import Callable

PAUSE = 0.02
"""Seconds between two looks at a condition."""


async def until(condition: Callable[[], object], seconds: float = 30.0, told: Callable[[], object] = str) -> None:
    """Wait until a condition holds; where it does not within so many seconds, fail with what is `told`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, told()
        await pause()


def until_now(condition: Callable[[], object], seconds: float = 30.0, told: Callable[[], object] = str) -> None:
    """The same where there is no event loop."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, told()
        time.sleep(PAUSE)


async def pause() -> None:
    """Let others go on, before the next look at a condition."""
    await asyncio.sleep(PAUSE)


async def grace(seconds: float) -> None:
    """Wait for what may come late and need not come at all: no condition tells its absence."""
    await asyncio.sleep(seconds)
