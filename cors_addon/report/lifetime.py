"""For how long a preflight's answer may be used again, and by which engine. Words for an explanation."""

import time
from collections.abc import Sequence

from cors_addon.engines import ENGINES
from cors_addon.exchange.model import Judgement, PreflightState, Role, Verdict
from cors_addon.exchange.outcomes import judged_fields
from cors_addon.exchange.response_headers import read_response
from cors_addon.reasons.model import BROWSERS

NAMES = {**BROWSERS, "fetch": "the standard"}


def half_sentence(judgement: Judgement) -> str:
    """Half a sentence about the preflight cache; empty where it plays no part."""
    if judgement.role is Role.PREFLIGHT:
        return _of_preflight(judgement) if judgement.verdict is Verdict.ALLOW else ""
    name = NAMES.get(judgement.engine.name, judgement.engine.name)
    if judgement.preflight is PreflightState.CACHED and judgement.preflight_cached_until is not None:
        left = judgement.preflight_cached_until - judgement.observation.started
        return f"{name} could use it for another {span(left)}" if left > 0 else f"{name} cannot use it any longer"
    preflight = judgement.preceding_preflight if judgement.preflight is PreflightState.SENT else None
    if preflight is None or preflight.verdict is not Verdict.ALLOW:
        return ""
    left = preflight.observation.ended + preflight.cache_lifetime - judgement.observation.ended
    if preflight.cache_lifetime <= 0:
        return f"{name} does not keep the preflight's answer: the next request needs another one"
    if left <= 0:
        return (
            f"the preflight's answer had run out when the request was done (kept for {span(preflight.cache_lifetime)})"
        )
    return f"{name} may use the preflight's answer for another {span(left)}"


def _of_preflight(judgement: Judgement) -> str:
    lines = read_response(judged_fields(judgement)).lines.max_age
    kept = {name: _lifetime(name, lines) for name in BROWSERS}
    own = judgement.cache_lifetime
    name = NAMES.get(judgement.engine.name, judgement.engine.name)
    said = f"{name} may reuse it for {span(own)}" if own > 0 else f"{name} does not keep it"
    if not lines:
        said += " (no Access-Control-Max-Age)"
    others = [
        f"{NAMES[engine]} {'for ' + span(seconds) if seconds > 0 else 'not at all'}"
        for engine, seconds in kept.items()
        if engine != judgement.engine.name and seconds != own
    ]
    if others:
        said += f"; {', '.join(others)}"
    return f"{said}; {_permitted(judgement)}" if judgement.permitted else said


def _permitted(preflight: Judgement) -> str:
    """How many requests needed no preflight of their own for it, and until when that may go on."""
    count = preflight.permitted
    requests = "request" if count == 1 else "requests"
    until = clock(preflight.observation.ended + preflight.cache_lifetime)
    return f"it permitted {count} more {requests} from the cache, until {until}"


def clock(moment: float) -> str:
    """The time of day, here."""
    try:
        return time.strftime("%H:%M:%S", time.localtime(moment))
    except (OverflowError, OSError, ValueError):
        return "--:--:--"


def _lifetime(engine: str, lines: Sequence[bytes]) -> float:
    rules = ENGINES[engine]
    asked = rules.cache.max_age(rules.rules.combine(lines) if lines else None)
    return 0.0 if asked is None else max(min(float(asked), rules.cache.cap), 0.0)


def span(seconds: float) -> str:
    """A time span in the unit that people would choose."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return f"{seconds / size:.1f} {unit}".replace(".0 ", " ")
    return f"{seconds:.1f} s" if seconds < 10 and seconds != int(seconds) else f"{seconds:.0f} s"
