"""Gecko: netwerk/protocol/http/nsCORSListenerProxy.cpp. Measured with Firefox 153."""

import re
from collections.abc import Sequence
from functools import partial

from cors_addon.engines.engine import Engine
from cors_addon.fetch import checks
from cors_addon.fetch.cache_rules import DEFAULT_MAX_AGE, CacheRules
from cors_addon.fetch.checks import Answer, Asked, Failure, Rules
from cors_addon.fetch.headers import are_tokens, is_token, normalize, split_list
from cors_addon.fetch.names import CORS_RESPONSE, EXPOSE_HEADERS, LOCATION
from cors_addon.fetch.origins import Unusable
from cors_addon.fetch.received import Fields, Reading, unbroken, unfold
from cors_addon.fetch.refusals import Reason
from cors_addon.fetch.requests import SAFELIST, is_simple_range_below

_MAX_AGE = 86400  # AddResultToCache: "Cap at 24 hours"


def _combine(lines: Sequence[bytes]) -> str | None:
    """nsHttpHeaderArray: an empty line vanishes beside others, the rest is joined."""
    if not lines:
        return None
    return ", ".join(value for line in lines if (value := normalize(line)))


@checks.allow_origin.as_done_by
def allow_origin(rules: Rules, asked: Asked, answer: Answer) -> Failure | None:
    """CheckRequestApproved: lines are counted first, empty ones too; a list in one line is a mismatch.

    CheckOriginHeader counts names that are spelled just so, which over HTTP/2 none is, and from many servers none.
    """
    if asked.same_origin_preflight:
        return None  # the preflight is a channel of its own, which has not been cross-site
    lines = answer.lines.allow_origin
    usual = len(lines) if answer.lines.usual_origins is None else answer.lines.usual_origins
    if usual > 1 and not answer.http2:
        return Reason.ALLOW_ORIGIN_MULTIPLE, ", ".join(map(normalize, lines))
    value = rules.combine(lines)
    if value == asked.origin or (value == "*" and not asked.credentialed):
        return None
    if value is None:
        return Reason.ALLOW_ORIGIN_MISSING, None
    if value == "*":
        return Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS, None
    reason = checks.classify_allow_origin(value)
    return (Reason.ALLOW_ORIGIN_MISMATCH if reason is Reason.ALLOW_ORIGIN_MULTIPLE else reason), value


@checks.allow_credentials.as_done_by
def allow_credentials(rules: Rules, asked: Asked, answer: Answer) -> Failure | None:
    """CheckRequestApproved, which is skipped for a preflight to the page's own origin."""
    return None if asked.same_origin_preflight else checks.allow_credentials.check(rules, asked, answer)


def _items_are_tokens(value: str | None, reason: Reason) -> Failure | None:
    items = split_list(value or "")
    return None if are_tokens(items) else (reason, next(item for item in items if not is_token(item)))


@checks.methods_syntax.as_done_by
def methods_syntax(rules: Rules, _asked: Asked, answer: Answer) -> Failure | None:
    """CheckPreflightRequestApproved: names the first item that is no token."""
    return _items_are_tokens(rules.combine(answer.lines.allow_methods), Reason.ALLOW_METHODS_INVALID)


@checks.headers_syntax.as_done_by
def headers_syntax(rules: Rules, _asked: Asked, answer: Answer) -> Failure | None:
    """CheckPreflightRequestApproved: names the first item that is no token."""
    return _items_are_tokens(rules.combine(answer.lines.allow_headers), Reason.ALLOW_HEADERS_INVALID)


_NEVER_LOADED = frozenset(
    {"blob", "chrome", "data", "file", "javascript", "moz-extension", "resource", "view-source", "ws", "wss"}
)


@checks.step("usable Location", LOCATION)
def location_loadable(_rules: Rules, _asked: Asked, answer: Answer) -> Failure | None:
    """nsHttpChannel: no redirect from the web leads to these schemes; the channel fails before access is checked.

    Except to a blob of the redirecting server's own origin: that may be loaded, so access is checked first.
    """
    target = answer.target
    if target is None or target.url is not None or target.of_own_origin:
        return None
    scheme = target.text.partition(":")[0].lower()
    early = target.unusable is Unusable.UNPARSABLE or scheme in _NEVER_LOADED or target.text == "about:srcdoc"
    return (Reason.REDIRECT_URL_UNUSABLE, target.text) if early else None


def _max_age(value: str | None) -> int | None:
    """AddResultToCache: digits only, or nothing is cached; missing or empty is five seconds."""
    if not value:
        return DEFAULT_MAX_AGE
    return int(value[:12]) if value.isascii() and value.isdigit() else None


def _read_location(lines: Sequence[bytes]) -> bytes:
    """nsHttpChannel::AsyncProcessRedirection: NS_EscapeURL of all that is not printable, a tab in a host included."""
    return re.sub(rb"[\x00-\x20\x7f]", lambda match: b"%%%02X" % match[0][0], checks.first_value(lines))


_CHECKED = tuple(name.lower().encode() for name in (*CORS_RESPONSE, LOCATION) if name != EXPOSE_HEADERS)


def _read(fields: Fields) -> Fields:
    """nsHttpTransaction::ParseLineSegment joins folds; a return ends no line, and stays.

    FetchDriver's headers then lack what IsReasonableHeaderValue refuses, where the channel's own checks do not ask.
    """
    return unbroken(unfold(fields), _CHECKED)


_CORS_CHECK = (allow_origin, allow_credentials)

RULES = Rules(
    name="gecko",
    # the proxy listener checks access before the preflight listener hears of a redirect or a status; an unusable
    # Location has failed in the channel before either; methods are checked whole before headers are read
    preflight_steps=(
        location_loadable,
        *_CORS_CHECK,
        checks.location_scheme,
        checks.location_without_credentials,
        checks.not_redirected,
        checks.ok_status,
        methods_syntax,
        checks.method_allowed,
        headers_syntax,
        checks.headers_allowed,
    ),
    actual_steps=_CORS_CHECK,
    redirect_steps=(
        location_loadable,
        *_CORS_CHECK,
        checks.location_scheme,
        checks.redirect_count,
        checks.location_without_credentials,
    ),
    combine=_combine,
    safelist={**SAFELIST, "range": partial(is_simple_range_below, 2**64)},
    wildcard_covers_authorization=True,
    read_location=_read_location,
    head_limit=393_216,  # network.http.max_response_header_size
    reading=Reading(read=_read),  # over HTTP/2 Http2Decompressor::OutputHeader asks IsReasonableHeaderValue
)

ENGINE = Engine(
    name="gecko",
    rules=RULES,
    cache=CacheRules(
        cap=_MAX_AGE,
        max_age=_max_age,
        caches_wildcards=False,
        simple_methods=frozenset({"GET", "POST"}),
        include_serves_omit=False,
        failed_request_clears=True,
        opaque_origins_share=True,
    ),
    retries=9,  # network.http.request.max-attempts counts the first, too
    retried_statuses=frozenset({408, 421}),  # nsHttpTransaction::HandleContentStart
    separates_connections=True,  # nsHttpConnectionInfo: "anonymous" is in the hash key; HTTP/2 coalesces all the same
    prefers_own_http2_connection=True,
    partitions_cookies=True,  # total cookie protection, the default
    stores_anonymous_apart=True,  # CacheFileUtils::AppendKeyPrefix
    tainted_preflight_names_origin=True,
    preflight_outlasts_dropped_headers=True,
    preflight_precedes_charset=True,
    beacon_header=(b"priority", b"u=6"),  # Navigator::SendBeaconInternal: PRIORITY_LOWEST, and the body before Referer
    beacon_order=(b"origin", b"referer"),
)
