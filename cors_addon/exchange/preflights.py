"""Preflights: which one a request was sent for, and what each leaves in the client's cache."""

import itertools
from functools import lru_cache

from cors_addon.engines import Engine
from cors_addon.exchange.browser_cache import Answered
from cors_addon.exchange.clients import Client, Fetch, Pending
from cors_addon.exchange.exchange import Exchange
from cors_addon.exchange.mode_evidence import NOT_FOLLOWED
from cors_addon.exchange.model import Credentials, Judgement, Observation, Role, Verdict
from cors_addon.exchange.response_headers import ResponseHeaders
from cors_addon.exchange.timing import EARLY, PROMPT, RETRY_WITHIN
from cors_addon.exchange.writing import assume, note_lifetime
from cors_addon.fetch.cache import Granted, Key
from cors_addon.fetch.cache_rules import CacheRules
from cors_addon.fetch.checks import Asked
from cors_addon.fetch.headers import LOWER, split_list
from cors_addon.fetch.methods import CORS_SAFELISTED
from cors_addon.fetch.origins import OPAQUE
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.refusals import Reason
from cors_addon.reasons.assumptions import Assumption

_FORM_TYPE = pattern(
    rb"(?i:text/plain|application/x-www-form-urlencoded|multipart/form-data)(;[ ]?(charset|boundary)=[\w-]{1,70})?"
)
MANY_NAMES = 8
"""Header names in one preflight from which on the limit of 1024 bytes may have made safelisted ones unsafe."""

_GRANTS = frozenset({Reason.METHOD_NOT_ALLOWED, Reason.HEADER_NOT_ALLOWED})
USER_AGENT = "user-agent"
_SENT_ANYWAY = frozenset({"accept", "accept-language", "content-type"})
DROPPED_BY_REDIRECTS = frozenset(
    {"authorization", "content-encoding", "content-language", "content-location", "content-type"}
)

REFUSED_YET_SENT = "the request was sent although its preflight was refused"


def cache_key(exchange: Exchange, fetch: Fetch, origin: str | None = None) -> Key:
    """What the client's cache keeps the answer to a preflight for this URL by.

    `origin`: what the preflight names, where it is another than the exchange. Gecko's is the page's principal, which a
    redirect does not taint.
    """
    if fetch.initiator and exchange.client.engine.tainted_preflight_names_origin:
        return fetch.initiator, exchange.observation.url
    return exchange.origin if origin is None else origin, exchange.observation.url


def store(exchange: Exchange, key: Key, judgement: Judgement, *, refused: bool) -> None:
    """What a preflight's answer leaves in the client's cache."""
    client, request = exchange.client, exchange.request
    cache, rules = client.cache, client.engine.cache
    if not _is_stored(key, judgement, rules, refused=refused):
        bypassed = rules.no_cache_bypasses and (b"cache-control" in request or b"pragma" in request)
        if not rules.accumulates and not bypassed and not exchange.again:
            cache.drop(key, judgement.observation.ended)  # that it was sent shows that no entry served
        return
    granting = _granted.__wrapped__ if exchange.response.is_long else _granted
    granted = granting(client.engine, exchange.response)
    note_lifetime(judgement, 0.0 if refused else granted.lifetime)
    if exchange.again:
        return
    observation = judgement.observation
    preflight = Answered(
        observation.flow_id,
        observation.started,
        observation.ended,
        _possible_mode(judgement, rules),
        judgement.requested_headers,
        judgement,
    )
    cache.store(key, preflight, granted)
    # of a redirected request, the preflight may be due to what the redirect took from it
    if exchange.method in CORS_SAFELISTED and not judgement.requested_headers and len(judgement.chain) == 1:
        client.note_upload(key, exchange.method)


def _is_stored(key: Key, judgement: Judgement, rules: CacheRules, *, refused: bool) -> bool:
    """Whether the engine keeps an answer, for however long."""
    if refused and not (rules.stores_refused_grants and _grants_refused(judgement)):
        return False
    return rules.opaque_origins_share or key[0] != OPAQUE


@lru_cache(maxsize=256)
def _granted(engine: Engine, answer: ResponseHeaders) -> Granted:
    """The methods and header names that an answer allows, and for how many seconds."""
    combine, lines = engine.rules.combine, answer.lines
    asked_for = engine.cache.max_age(combine(lines.max_age))
    return Granted(
        split_list(combine(lines.allow_methods) or ""),
        split_list(combine(lines.allow_headers) or ""),
        0.0 if asked_for is None else min(float(asked_for), engine.cache.cap),
    )


def _grants_refused(judgement: Judgement) -> bool:
    """Whether it is the method or a header that is refused."""
    return any(
        outcome is not None and outcome.refusal is not None and outcome.refusal.reason in _GRANTS
        for outcome in (judgement.if_omitted, judgement.if_credentialed)
    )


def _possible_mode(judgement: Judgement, rules: CacheRules) -> bool | None:
    """Whether credentials are included; known also where only one mode lets the answer be stored. None: not known."""
    if judgement.credentials is not Credentials.UNKNOWN:
        return judgement.credentials is Credentials.INCLUDE
    omitted, included = judgement.if_omitted, judgement.if_credentialed
    if omitted is None or included is None or omitted.verdict is included.verdict:
        return None
    if rules.stores_refused_grants and _grants_refused(judgement):
        return None
    return included.verdict is Verdict.ALLOW


def may_pass(judgement: Judgement, mode: Credentials = Credentials.UNKNOWN, *, guessed: bool = False) -> bool:
    """Whether the preflight is allowed under a credentials mode that is still possible, given what is known of it.

    `guessed`: its own mode was only concluded from nothing following.
    """
    if judgement.credentials is not Credentials.UNKNOWN and not (
        guessed and judgement.credentials_evidence == NOT_FOLLOWED
    ):
        return judgement.verdict is Verdict.ALLOW
    omitted, included = judgement.if_omitted, judgement.if_credentialed
    return (mode is not Credentials.INCLUDE and omitted is not None and omitted.verdict is Verdict.ALLOW) or (
        mode is not Credentials.OMIT and included is not None and included.verdict is Verdict.ALLOW
    )


def find_refused(exchange: Exchange, mode: Credentials) -> Pending | None:
    """The latest preflight for this request that was refused under the request's mode; it waits no longer."""
    waiting_here = exchange.client.preflights
    for waiting in reversed(waiting_here.open(exchange.observation.url)):
        if not may_pass(waiting.judgement, mode, guessed=waiting.given_up) and fits(exchange, waiting):
            waiting_here.remove(waiting)
            return waiting
    return None


def _like(waiting: Pending) -> tuple[str | None, str, tuple[str, ...]]:
    """What a preflight asks for."""
    return waiting.judgement.origin, waiting.method, waiting.judgement.requested_headers


def fits(exchange: Exchange, waiting: Pending) -> bool:
    """Whether a preflight asks for this request, and was answered in time for it."""
    client, judgement, began = exchange.client, waiting.judgement, exchange.observation.started
    if (
        waiting.method != exchange.method
        or judgement.observation.ended > began + client.skew
        or began > waiting.until
        or not (judgement.origin == exchange.origin or _may_name_page(exchange, waiting))
    ):
        return False
    return all(_goes_with(exchange, waiting, name) for name in judgement.requested_headers)


def _goes_with(exchange: Exchange, waiting: Pending, name: str) -> bool:
    """Whether the request bears a header that its preflight would ask for by this name."""
    client, value = exchange.client, exchange.request.get(name.encode("latin-1"))
    if value is None:
        return _was_dropped(client, waiting.fetch, name)
    if name == USER_AGENT:
        return value != client.user_agent or client.disguised  # the script sets another
    return name != "content-type" or not _needs_no_permission(client, waiting.judgement, value)


def _may_name_page(exchange: Exchange, waiting: Pending) -> bool:
    """Whether the preflight may name the page's origin, and yet be for a request of an origin that a redirect hides."""
    client, here = exchange.client, exchange.observation.url
    return (
        client.engine.tainted_preflight_names_origin
        and exchange.origin == OPAQUE
        and (
            waiting.fetch.redirects > 0
            or waiting.judgement.origin == here.origin
            or not client.hops.open(here)  # another preflight may have been taken for what followed its redirect
        )
    )


def _needs_no_permission(client: Client, preflight: Judgement, content_type: bytes) -> bool:
    """Whether no browser asks for this Content-Type, which a form may send."""
    names = preflight.requested_headers
    if len(names) >= MANY_NAMES or not _FORM_TYPE.fullmatch(content_type):
        return False
    return not (
        client.engine.preflight_precedes_charset
        and content_type.endswith(b"=UTF-8")
        and (
            preflight.requested_method not in CORS_SAFELISTED
            or preflight.if_omitted is preflight.if_credentialed
            or not _SENT_ANYWAY.issuperset(names)
        )
    )


def _was_dropped(client: Client, fetch: Fetch, name: str) -> bool:
    """Whether a redirect took this header from the fetch, which its preflights still ask for."""
    if not (client.engine.preflight_outlasts_dropped_headers and fetch.redirects and name in DROPPED_BY_REDIRECTS):
        return False
    wanted = name.encode("latin-1")
    return any(
        name in member.requested_headers or any(LOWER[sent] == wanted for sent, _ in member.observation.request)
        for member in fetch.members
        if member.role is not Role.PREFLIGHT
    )


def may_be_retried(client: Client, observation: Observation) -> bool:
    """Whether the browser may send this again by itself: it got no answer, or one that says so."""
    return observation.status is None or observation.status in client.engine.retried_statuses


def repeated(exchange: Exchange) -> Pending | None:
    """The preflight that this one repeats, to which there was no answer; it waits no longer. None where it is new."""
    client, observation = exchange.client, exchange.observation
    if exchange.again:
        if exchange.repeats is not None:
            client.preflights.discard(exchange.repeats)
        return exchange.repeats
    if observation.url not in client.preflights.in_vain:
        return None
    asks = (exchange.origin, exchange.method, exchange.asked)
    for waiting in reversed(client.preflights.open(observation.url)):
        before = waiting.judgement
        if (
            may_be_retried(client, before.observation)
            and _like(waiting) == asks
            and 0 <= observation.started - before.observation.ended + EARLY <= RETRY_WITHIN
            and _attempts(client, waiting.fetch) <= client.engine.retries
        ):
            client.preflights.remove(waiting)
            return waiting
    return None


def _attempts(client: Client, fetch: Fetch) -> int:
    """How often the latest preflight of a fetch was sent, each time in vain."""
    tried = itertools.takewhile(
        lambda member: member.role is Role.PREFLIGHT and may_be_retried(client, member.observation),
        reversed(fetch.members),
    )
    return sum(1 for _ in tried)


def await_retry(client: Client, permit: Pending, dropped: Observation) -> None:
    """A request whose connection was dropped may be sent again at once, without another preflight."""
    if permit.retries < client.engine.retries:
        permit.retries += 1
        permit.told_to_retry = dropped.status is not None
        permit.until = dropped.ended + RETRY_WITHIN
        permit.follower = None
        client.preflights.discard(permit)
        client.preflights.add(dropped.url, permit)


def forget(exchange: Exchange, key: Key) -> None:
    """A request failed its check, or got no answer."""
    client, observation = exchange.client, exchange.observation
    if client.engine.cache.failed_request_clears and observation.status is not None and not exchange.again:
        client.cache.drop(key, observation.ended)


def followed(exchange: Exchange, permit: Pending, fetch: Fetch, key: Key) -> None:
    """The request that a preflight was sent for came."""
    cache, request, preflight = exchange.client.cache, exchange.observation, permit.judgement
    if _modes_differ(preflight):
        if _may_be_cached(exchange, preflight, fetch, key):
            assume(preflight, Assumption.MAYBE_CACHED)
        elif _is_late_elsewhere(exchange, permit):
            assume(preflight, Assumption.MAYBE_ANOTHERS)
    if permit.contested and Assumption.MAYBE_ANOTHERS not in preflight.assumptions:
        assume(preflight, Assumption.MAYBE_ANOTHERS)
    exchange.ledger.passed(preflight, fetch)
    if preflight.verdict is Verdict.DENY:
        exchange.ledger.contradict(preflight, REFUSED_YET_SENT)
    if fetch.credentials is not Credentials.UNKNOWN:
        credentialed = fetch.credentials is Credentials.INCLUDE
        cache.set_credentials(key, preflight.observation.flow_id, credentialed=credentialed, until=request.ended)
    if may_be_retried(exchange.client, request) and not exchange.again:
        await_retry(exchange.client, permit, request)


def _modes_differ(preflight: Judgement) -> bool:
    """Whether it passes under one credentials mode alone."""
    omitted, included = preflight.if_omitted, preflight.if_credentialed
    return omitted is not None and included is not None and omitted.verdict is not included.verdict


def _is_late_elsewhere(exchange: Exchange, permit: Pending) -> bool:
    """Whether the request may be one of another window, by leave of what was cached before the recording."""
    request, preflight = exchange.observation, permit.judgement.observation
    return request.connection != preflight.connection and request.started - preflight.ended > PROMPT


def _may_be_cached(exchange: Exchange, preflight: Judgement, fetch: Fetch, key: Key) -> bool:
    """Whether the request may have been permitted by another's cached answer, and this preflight been refused."""
    client = exchange.client
    others = client.cache.beside(key, preflight.observation.flow_id)
    if not others:
        return False
    asked = Asked(key[0], preflight.requested_method or "", preflight.requested_headers)
    known = None if fetch.credentials is Credentials.UNKNOWN else fetch.credentials is Credentials.INCLUDE
    shared = key[0] != OPAQUE or client.engine.cache.opaque_origins_share
    began = exchange.observation.started
    # what this preflight had dropped is still there in another window
    return shared and any(client.cache.served_once(entry, asked, known, began) for entry in others)
