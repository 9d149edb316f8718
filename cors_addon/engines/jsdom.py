"""jsdom, in which tests of pages run: lib/jsdom/browser/resources/jsdom-dispatcher.js and living/xhr/xhr-utils.js.

Measured with jsdom 27.4, 29.1 and 31.0. XMLHttpRequest alone knows CORS; there is no fetch.
"""

import re
from collections.abc import Iterable, Sequence

from cors_addon.engines.engine import Engine, Older
from cors_addon.fetch import checks
from cors_addon.fetch.cache_rules import CacheRules
from cors_addon.fetch.checks import Answer, Asked, Failure, Rules
from cors_addon.fetch.refusals import Reason
from cors_addon.fetch.requests import BROWSER_NAMES
from cors_addon.fetch.responses import FORBIDDEN, SAFELISTED

_SAFELISTED_NAMES = frozenset({"accept", "accept-language", "content-language", "content-type"})
"""Whatever their value is."""


def combine(lines: Sequence[bytes]) -> str | None:
    """Undici's parser leaves blanks at the end of a value."""
    return ", ".join(line.lstrip(b" \t").decode("latin-1") for line in lines) if lines else None


@checks.allow_origin.as_done_by
def allow_origin(rules: Rules, asked: Asked, answer: Answer) -> Failure | None:
    """`*` or the origin, credentials or not; every line counts."""
    value = rules.combine(answer.lines.allow_origin)
    if value in (asked.origin, "*"):
        return None
    return (Reason.ALLOW_ORIGIN_MISSING, None) if not value else (checks.classify_allow_origin(value), value)


def listed(value: str | None) -> Sequence[str]:
    """Names as jsdom splits them, lower case: blanks before a comma belong to the name."""
    return re.split(r",[ \t]*", value.lower()) if value else ()


def _headers_allowed(rules: Rules, asked: Asked, answer: Answer) -> Failure | None:
    """Each header name is listed; `*` covers all of them, with credentials too."""
    names = listed(rules.combine(answer.lines.allow_headers))
    if "*" in names:
        return None
    return next(((Reason.HEADER_NOT_ALLOWED, name) for name in asked.headers if name not in names), None)


_listed_names = checks.headers_allowed.as_done_by(_headers_allowed)


@checks.headers_allowed.as_done_by
def headers_allowed(rules: Rules, asked: Asked, answer: Answer) -> Failure | None:
    """The same, and several lines of Access-Control-Allow-Headers are no string, over which jsdom stumbles."""
    if asked.headers and len(answer.lines.allow_headers) > 1:
        return Reason.HEADER_NOT_ALLOWED, asked.headers[0]
    return _headers_allowed(rules, asked, answer)


def readable(names: Iterable[str], expose_headers: str | None, *, credentialed: bool) -> list[str]:
    """`*` exposes all, with credentials too, and items that are no token do not void the rest."""
    present, exposed = set(names) - FORBIDDEN, set(listed(None if expose_headers is None else expose_headers.strip()))
    return sorted(present if "*" in exposed else present & (SAFELISTED | exposed))


def _max_age(_value: str | None) -> None:
    """Nothing is cached."""


_CORS_CHECK = (allow_origin, checks.allow_credentials)

RULES = Rules(
    name="jsdom",
    # the methods that the answer lists are not looked at
    preflight_steps=(checks.ok_status, *_CORS_CHECK, headers_allowed),
    actual_steps=_CORS_CHECK,
    redirect_steps=(
        checks.location_usable,
        checks.location_scheme,
        *_CORS_CHECK,
        checks.location_without_credentials,
        checks.redirect_count,
    ),
    combine=combine,
    safelist={},
    browser_names=BROWSER_NAMES | _SAFELISTED_NAMES,
    wildcard_covers_authorization=True,
    redirect_names_page=True,
    readable=readable,
)

ENGINE = Engine(
    name="jsdom",
    rules=RULES,
    cache=CacheRules(max_age=_max_age),
    older=(
        Older(
            before=28,
            engine={"sends_capitals": True},
            source="measured in 27.4, whose requests Node itself makes; the source of 22.1 and 26.1 has the same",
            rules={
                "combine": checks.combine_lines,
                "redirect_limit": 21,
                "preflight_steps": (checks.ok_status, *_CORS_CHECK, _listed_names),
            },
        ),
    ),
    plays_browser=True,
    preflights_redirected=False,
)
