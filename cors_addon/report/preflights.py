"""What preflights cost: how many there were, how long pages waited for them, and what caching would have spared."""

from collections.abc import Iterable
from typing import Any

from cors_addon.exchange.model import Judgement, Role, Verdict

MAX_AGE = 600.0
"""Seconds: the most that every engine keeps a preflight's answer for (WebKit's limit; see `engines`)."""


def cost(exchanges: Iterable[Judgement]) -> dict[str, Any]:
    """Numbers of preflights and of all requests, seconds that preflights took, and what `MAX_AGE` would make of them.

    `needed`: the preflights that were left, were each answer kept so long: a denied one never is.
    """
    found, requests, seconds, needed = 0, 0, 0.0, 0
    kept: dict[tuple[object, ...], float] = {}
    for judgement in exchanges:
        if judgement.stage is None:
            continue
        requests += 1
        if judgement.role is not Role.PREFLIGHT:
            continue
        observation = judgement.observation
        found += 1
        seconds += max(observation.ended - observation.started, 0.0)
        # https://fetch.spec.whatwg.org/#concept-cache : by origin, URL and credentials; a method, or header names
        key = (
            *(observation.client, judgement.origin, str(observation.url), judgement.credentials),
            *(judgement.requested_method, judgement.requested_headers),
        )
        if observation.started < kept.get(key, 0.0):
            continue
        needed += 1
        if judgement.verdict is Verdict.ALLOW:
            kept[key] = observation.ended + MAX_AGE
    return {
        "preflights": found,
        "requests": requests,
        "seconds": round(seconds, 3),
        "maxAge": int(MAX_AGE),
        "needed": needed,
    }
