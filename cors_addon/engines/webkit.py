"""WebKit: Source/WebCore/loader/CrossOriginAccessControl.cpp, CrossOriginPreflightResultCache.cpp and
Source/WebKit/NetworkProcess/NetworkLoadChecker.cpp. Measured with WebKitGTK 2.50.
"""

import re
from collections.abc import Sequence

from cors_addon.engines.engine import Engine
from cors_addon.fetch import checks
from cors_addon.fetch.cache_rules import DEFAULT_MAX_AGE, CacheRules
from cors_addon.fetch.checks import Answer, Asked, Failure, Rules
from cors_addon.fetch.headers import combine
from cors_addon.fetch.origins import is_valid_url
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.received import Fields, Reading
from cors_addon.fetch.refusals import Reason
from cors_addon.fetch.requests import SAFELIST, is_simple_range_below

_MAX_AGE = 600  # maxPreflightCacheTimeout
_MAX_INT64 = 2**63 - 1


@checks.allow_origin.as_done_by
def allow_origin(rules: Rules, asked: Asked, answer: Answer) -> Failure | None:
    """passesAccessControlCheck: only a comma makes a list of it; absent and empty are the same."""
    value = rules.combine(answer.lines.allow_origin)
    if value == asked.origin or (value == "*" and not asked.credentialed):
        return None
    if value is None:
        return Reason.ALLOW_ORIGIN_MISSING, None
    if value == "*":
        return Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS, None
    if "," in value:
        return Reason.ALLOW_ORIGIN_MULTIPLE, value
    valid = value == "null" or (" " not in value and is_valid_url(value))
    return (Reason.ALLOW_ORIGIN_MISMATCH if valid else Reason.ALLOW_ORIGIN_INVALID), value


@checks.location_scheme.as_done_by
def location_scheme(_rules: Rules, _asked: Asked, answer: Answer) -> Failure | None:
    """validateCrossOriginRedirectionURL: whatever is no http(s) URL has no CORS scheme, unparsable ones included."""
    target = answer.target
    return (Reason.REDIRECT_SCHEME_NOT_CORS, None) if target is not None and target.unusable is not None else None


def _max_age(value: str | None) -> int:
    """parseAccessControlMaxAge: an int64, a leading + allowed, or else five seconds."""
    match = re.fullmatch(r"[+-]?[0-9]+", value or "")
    if not match:
        return DEFAULT_MAX_AGE
    seconds = int(match[0][:24])
    return DEFAULT_MAX_AGE if abs(seconds) > _MAX_INT64 else max(0, seconds)


_BREAK = pattern(rb"(?:[ \t\r]*\n[ \t]*)+|\r")


def _read(fields: Fields) -> Fields:
    """Libsoup's soup_headers_parse: a fold, with all blanks around it, is one blank, and so is a return."""
    return tuple([(name, _BREAK.sub(b" ", value)) for name, value in fields])


def _is_simple_range(value: str) -> bool:
    """parseRange: whatever its case, and a leading + allowed."""
    return is_simple_range_below(2**64, re.sub(r"(?<=[=-])\+(?=[0-9])", "", value.lower()))


def _read_location(lines: Sequence[bytes]) -> bytes:
    """Libsoup makes valid UTF-8 of it, each bad byte replaced; NetworkDataTaskSoup joins lines, and reads Latin-1."""
    location = combine(lines).encode("latin-1")
    valid = re.sub("[\udc80-\udcff]", "\ufffd", location.decode("utf-8", "surrogateescape")).encode()
    return valid.decode("latin-1").encode()


_CORS_CHECK = (allow_origin, checks.allow_credentials)

RULES = Rules(
    name="webkit",
    preflight_steps=(checks.ok_status, *_CORS_CHECK, *checks.GRANTS),
    actual_steps=_CORS_CHECK,
    redirect_steps=(*_CORS_CHECK, location_scheme, checks.location_without_credentials, checks.redirect_count),
    safelist={**SAFELIST, "range": _is_simple_range},
    wildcard_covers_authorization=True,
    read_location=_read_location,
    head_limit=65_536,  # libsoup; Safari's is not known
    reading=Reading(read=_read),
)

ENGINE = Engine(
    name="webkit",
    rules=RULES,
    cache=CacheRules(
        accumulates=False,
        cap=_MAX_AGE,
        max_age=_max_age,
        wildcard_covers_authorization=True,
        stores_refused_grants=True,
        wildcard_by_request=True,
        opaque_origins_share=True,
    ),
    retries=4,  # libsoup, and only what is idempotent
    retried_statuses=frozenset({421}),  # libsoup's misdirected_handler
    preflight_outlasts_dropped_headers=True,
    same_origin_credentials_outlive_redirect=True,
    beacon_header=(b"cache-control", b"max-age=0"),  # PingLoad
    beacon_order=(b"accept", b"referer", b"origin"),
    delete_may_leave_origin_as_get=True,  # shouldRedirectAsGET of NetworkDataTaskSoup.cpp, and its twin for curl
)
