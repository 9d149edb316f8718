"""What a browser may still hold from before a policy changed: answers to preflights, and for how long.

Law: nothing here is certain: a browser may have forgotten, or be another one by now. It is said as "may".
"""

import math
from typing import NamedTuple

from cors_addon.engines import FETCH, detect
from cors_addon.exchange.model import Fields
from cors_addon.fetch.headers import cors_lines


class Preflight(NamedTuple):
    """A preflight that was answered."""

    ended: float
    user_agent: bytes
    status: int
    response: Fields


def remaining(preflight: Preflight, now: float) -> float:
    """Seconds for which its answer may still serve; 0 where it does not."""
    if not 200 <= preflight.status <= 299:
        return 0.0
    lines = cors_lines(preflight.response)
    if not lines.allow_origin:
        return 0.0
    engine = detect(preflight.user_agent) or FETCH
    seconds = engine.cache.max_age(engine.rules.combine(lines.max_age))
    if seconds is None:
        return 0.0
    return max(0.0, preflight.ended + min(float(seconds), engine.cache.cap) - now)


def advice(preflights: list[Preflight], now: float) -> str:
    """What to do so that a change is seen."""
    longest = max((remaining(each, now) for each in preflights), default=0.0)
    if longest <= 0:
        return "Reload the page."
    return (
        f"Reload the page; the browser may hold an old preflight for {math.ceil(longest)} s: wait, or disable its "
        "cache in the DevTools."
    )
