"""What a browser would make of what a library sent that plays one (jsdom, happy-dom), by the standard.

A test that passes there may fail in every browser, and the other way round.
"""

import itertools

from cors_addon.engines import FETCH
from cors_addon.exchange.model import Judgement, Outcome, PreflightState, Role
from cors_addon.exchange.outcomes import judged_fields, rejudge
from cors_addon.fetch.headers import get
from cors_addon.fetch.methods import CORS_SAFELISTED
from cors_addon.fetch.origins import OPAQUE
from cors_addon.fetch.requests import cors_unsafe_names


def outcome(judgement: Judgement) -> Outcome | None:
    """The standard's outcome of the same check; None for a browser's own flows, and where nothing was answered."""
    status = judgement.observation.status
    if not judgement.engine.plays_browser or judgement.stage is None or status is None:
        return None
    seen = judgement
    if judgement.role is Role.PREFLIGHT:
        seen = judgement.altered(requested_headers=_unsafe(judgement))
    elif _is_tainted(judgement):
        seen = judgement.altered(origin=OPAQUE)
    return rejudge(seen, FETCH, judged_fields(judgement), status)


def needs_no_preflight(judgement: Judgement) -> bool:
    """Whether a browser would ask for what this preflight asks without one, an upload that is listened to apart."""
    return (
        judgement.engine.preflights_all
        and judgement.role is Role.PREFLIGHT
        and judgement.requested_method in CORS_SAFELISTED
        and not _unsafe(judgement)
    )


def preflight_because(judgement: Judgement) -> list[str]:
    """What would have a browser send a preflight before a request that was allowed without; empty where nothing would.

    As `method PUT`, `header content-type`.
    """
    if not judgement.engine.plays_browser or judgement.preflight is not PreflightState.NOT_NEEDED:
        return []
    method = judgement.requested_method or ""
    reasons = [] if method in CORS_SAFELISTED else [f"method {method}"]
    rules = FETCH.rules
    unsafe = cors_unsafe_names(judgement.observation.request, rules.safelist, rules.name_kinds)
    return reasons + [f"header {name}" for name in unsafe]


def _unsafe(preflight: Judgement) -> tuple[str, ...]:
    """The names among those that it asks for which need permission, as far as the request shows their values."""
    followed = [member for member in preflight.chain if member.role in (Role.ACTUAL, Role.REDIRECT)]
    request = followed[0].observation.request if followed else ()
    safelist = FETCH.rules.safelist
    return tuple(
        name
        for name in preflight.requested_headers
        if not (name in safelist and ((value := get(request, name.encode("latin-1"))) is None or safelist[name](value)))
    )


def _is_tainted(judgement: Judgement) -> bool:
    """Whether a redirect has led from another origin than the page's to a third: its origin is `null` then.

    https://fetch.spec.whatwg.org/#http-redirect-fetch
    """
    origins, page = [], judgement.origin
    for member in judgement.chain:
        if member.role is not Role.PREFLIGHT:
            origins.append(member.observation.url.origin)
        if member.observation is judgement.observation:
            break
    return any(one not in (page, other) for one, other in itertools.pairwise(origins))
