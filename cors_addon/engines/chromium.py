"""Chromium: services/network/cors and services/network/public/cpp/cors/cors.cc. Measured with Chromium 156.

There: cors_url_loader.cc, preflight_controller.cc, preflight_result.cc, preflight_cache.cc.
"""

import re
from functools import partial

from cors_addon.engines.blink_order import first_reported
from cors_addon.engines.engine import Engine, Older
from cors_addon.fetch import checks
from cors_addon.fetch.cache_rules import DEFAULT_MAX_AGE, CacheRules
from cors_addon.fetch.checks import Answer, Asked, Failure, Rules
from cors_addon.fetch.headers import is_token
from cors_addon.fetch.origins import is_valid_url
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.received import CONTROLS, Fields, Reading
from cors_addon.fetch.refusals import Reason
from cors_addon.fetch.requests import BROWSER_NAMES, SAFELIST, is_simple_range_below

_ORDERED = 64  # names; a page that sets more is not worth the work
_MAX_INT64 = 2**63 - 1
_SIGNED = pattern(r"[+-]?[0-9]+")
_MAX_TIMEOUT = 7200  # preflight_result.cc kMaxTimeout


def _decimal(value: str) -> bool:
    return re.fullmatch(r"[0-9]+(\.[0-9]+)?", value) is not None


def _integer(value: str) -> bool:
    return re.fullmatch(r"[0-9]+", value) is not None


_CONNECTION_TYPES = frozenset({"slow-2g", "2g", "3g", "4g"})

# cors.cc IsCorsSafelistedHeader: client hints are safelisted, because the browser adds them itself
_HINTS = {
    "device-memory": _decimal,
    "dpr": _decimal,
    "downlink": _decimal,
    "width": _integer,
    "viewport-width": _integer,
    "rtt": _integer,
    "ect": _CONNECTION_TYPES.__contains__,
    "save-data": lambda value: value.lower() == "on",
    "intervention": lambda _value: True,
}

_OWN_NAMES = frozenset(
    {"x-client-data", "x-browser-channel", "x-browser-copyright", "x-browser-validation", "x-browser-year"}
)
_HINTS_SINCE_109 = frozenset({"downlink", "ect", "rtt"})


def _max_age(value: str | None) -> int:
    """preflight_result.cc ParseAccessControlMaxAge: an int64, or else five seconds; below zero is zero."""
    if value is None or not _SIGNED.fullmatch(value):
        return DEFAULT_MAX_AGE
    seconds = int(value[:24])
    if abs(seconds) > _MAX_INT64:
        return DEFAULT_MAX_AGE
    return max(0, seconds)


_BLANK_IN_HOST = pattern("%20|\xe3\x80\x80")


@checks.allow_origin.as_done_by
def allow_origin(rules: Rules, asked: Asked, answer: Answer) -> Failure | None:
    """CheckAccess asks GURL whether the value is a URL: to url_canon_host.cc an escaped blank in a host is no fault."""
    failure = checks.allow_origin.check(rules, asked, answer)
    if failure is None or failure[0] is not Reason.ALLOW_ORIGIN_INVALID:
        return failure
    valid = is_valid_url(_BLANK_IN_HOST.sub("-", failure[1] or ""))
    return Reason.ALLOW_ORIGIN_MISMATCH if valid else Reason.ALLOW_ORIGIN_INVALID, failure[1]


@checks.headers_allowed.as_done_by
def headers_allowed(rules: Rules, asked: Asked, answer: Answer) -> Failure | None:
    """EnsureAllowedCrossOriginHeaders: of several refused names it reports the first in the order of Blink's map."""
    refused = checks.refused_headers(rules, asked, answer)
    if not refused:
        return None
    first = refused[0]
    if 1 < len(asked.headers) <= _ORDERED and len(refused) > 1:
        first = first_reported(asked.headers, refused, secure=asked.secure, method=asked.method)
    return Reason.HEADER_NOT_ALLOWED, first


_BREAKS = pattern(rb"[\r\n]+")
_BLANKS = b" \t"


def _read(fields: Fields) -> Fields:
    """net/http/http_util.cc AssembleRawHeaders: each return ends a line; one that begins with a blank goes on.

    HeadersIterator leaves out what has no name then.
    """
    read: list[tuple[bytes, bytes]] = []
    for name, value in fields:
        first, *others = _BREAKS.split(value)
        lines = [(name, first)]
        continuable = True
        for line in filter(None, others):
            if continuable and line[0] in _BLANKS:
                lines[-1] = (lines[-1][0], lines[-1][1] + b" " + line.lstrip(_BLANKS))
                continue
            key, colon, rest = line.partition(b":")
            continuable = bool(colon and key) and key[0] not in _BLANKS
            lines.append((key.rstrip(_BLANKS) if continuable else b"", rest))
        read += lines[:1]
        read += [line for line in lines[1:] if is_token(line[0].decode("latin-1"))]
    return tuple([(name, value.strip(_BLANKS)) for name, value in read])


_CORS_CHECK = (allow_origin, checks.allow_credentials)


@checks.method_allowed.as_done_by
def method_allowed_in_capitals(rules: Rules, asked: Asked, answer: Answer) -> Failure | None:
    """EnsureAllowedCrossOriginMethod before it was as the standard has it: `patch` passes where PATCH is listed."""
    capitals = checks.method_allowed.check(rules, asked._replace(method=asked.method.upper()), answer)
    return None if capitals is None else (capitals[0], asked.method)


RULES = Rules(
    name="chromium",
    # the loader sees a redirect before anything else, the access check comes before the status
    preflight_steps=(
        checks.not_redirected,
        *_CORS_CHECK,
        checks.ok_status,
        checks.methods_syntax,
        checks.headers_syntax,
        checks.method_allowed,
        headers_allowed,
    ),
    actual_steps=_CORS_CHECK,
    # net/ sees no redirect where the Location is no URL; it refuses an unsafe scheme, and the next request a scheme
    # without CORS, only when the redirect is followed
    redirect_steps=(
        checks.location_parsable,
        *_CORS_CHECK,
        checks.redirect_count,
        checks.location_without_credentials,
        checks.location_usable,
        checks.location_scheme,
    ),
    safelist={**SAFELIST, **_HINTS, "range": partial(is_simple_range_below, _MAX_INT64)},
    browser_names=BROWSER_NAMES | _OWN_NAMES,
    wildcard_covers_authorization=True,
    head_limit=262_144,  # http_stream_parser.h, kMaxHeaderBufSize
    reading=Reading(refused_http2=CONTROLS, read=_read),  # quiche's header_properties.cc: IsInvalidHeaderChar
)

OLDER = (
    Older(
        before=76,
        source="MDN, Access-Control-Max-Age: ten minutes at most before Chromium 76",
        cache={"cap": 600},
    ),
    Older(
        before=109,
        source="measured in 102 and 108 against 112 (QtWebEngine); Chrome's policies name 109 for the methods",
        rules={
            "preflight_steps": tuple(
                method_allowed_in_capitals if step is checks.method_allowed else step for step in RULES.preflight_steps
            ),
            "safelist": {name: is_safe for name, is_safe in RULES.safelist.items() if name not in _HINTS_SINCE_109},
            "browser_names": BROWSER_NAMES | _OWN_NAMES | _HINTS_SINCE_109,
        },
    ),
    Older(before=137, source="texts of the console, see `texts.py`: measured in 103 to 137 (QtWebEngine, npm)"),
)

ENGINE = Engine(
    name="chromium",
    older=OLDER,
    rules=RULES,
    cache=CacheRules(
        accumulates=False,
        cap=_MAX_TIMEOUT,
        max_age=_max_age,
        wildcard_covers_authorization=False,
        no_cache_bypasses=True,
    ),
    retries=3,
    retried_statuses=frozenset({408, 421}),  # HttpNetworkTransaction: 408 where the connection had served before
    unconditional_304_updates=True,
    storage_access_header_since=133,
    separates_connections=True,  # net/socket/client_socket_pool.h GroupId and SpdySessionKey hold the privacy mode
    separates_http2_connections=True,
)
