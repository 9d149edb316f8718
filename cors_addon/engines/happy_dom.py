"""happy-dom, in which tests of pages run: lib/fetch/Fetch.js. Measured with happy-dom 15.11, 17.6, 20.0 and 21.0.

It preflights whatever a script asks another origin for, and then lets the script have any answer.
"""

from collections.abc import Iterable

from cors_addon.engines.engine import Engine
from cors_addon.fetch import checks
from cors_addon.fetch.cache_rules import CacheRules
from cors_addon.fetch.checks import Answer, Asked, Failure, Rules
from cors_addon.fetch.refusals import Reason
from cors_addon.fetch.responses import FORBIDDEN


@checks.ok_status.as_done_by
def ok_status(rules: Rules, asked: Asked, answer: Answer) -> Failure | None:
    """Of what answers last: a redirect is followed."""
    return None if answer.target is not None else checks.ok_status.check(rules, asked, answer)


@checks.allow_origin.as_done_by
def allow_origin(rules: Rules, asked: Asked, answer: Answer) -> Failure | None:
    """`*` or the page's origin, credentials or not."""
    value = rules.combine(answer.lines.allow_origin)
    if answer.target is not None or value in (asked.origin, "*"):
        return None
    return (Reason.ALLOW_ORIGIN_MISSING, None) if not value else (checks.classify_allow_origin(value), value)


@checks.method_allowed.as_done_by
def method_allowed(rules: Rules, asked: Asked, answer: Answer) -> Failure | None:
    """In capitals; `*` alone, or no header at all, allows every method, and none is safelisted."""
    value = rules.combine(answer.lines.allow_methods)
    if answer.target is not None or value in (None, "*"):
        return None
    assert value is not None
    methods = [item.strip().upper() for item in value.split(",")]
    return None if asked.method.upper() in methods else (Reason.METHOD_NOT_ALLOWED, asked.method)


@checks.location_usable.as_done_by
def location_usable(_rules: Rules, _asked: Asked, answer: Answer) -> Failure | None:
    """An http(s) URL without userinfo, or a `data:` URL."""
    target = answer.target
    if target is None or (target.url is None and target.text.lower().startswith("data:")):
        return None
    if target.has_credentials:
        return Reason.REDIRECT_HAS_CREDENTIALS, None
    return (Reason.REDIRECT_URL_UNUSABLE, target.text) if target.unusable is not None else None


def readable(names: Iterable[str], expose_headers: str | None, *, credentialed: bool) -> list[str]:
    """All but Set-Cookie."""
    return sorted(set(names) - FORBIDDEN)


def _max_age(_value: str | None) -> None:
    """Nothing is cached: lib/fetch/cache/preflight is asked, and nobody adds to it."""


RULES = Rules(
    name="happy-dom",
    preflight_steps=(location_usable, checks.redirect_count, ok_status, allow_origin, method_allowed),
    actual_steps=(),
    redirect_steps=(location_usable, checks.redirect_count),
    wildcard_covers_authorization=True,
    readable=readable,
)

ENGINE = Engine(
    name="happy-dom",
    rules=RULES,
    cache=CacheRules(max_age=_max_age),
    plays_browser=True,
    preflights_all=True,
    follows_redirected_preflight=True,
    taints_origin=False,
)
