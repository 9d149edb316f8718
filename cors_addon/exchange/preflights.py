"""Preflights: which one a request was sent for, and what each leaves in the client's cache."""

import itertools
import re
from functools import lru_cache

from cors_addon.engines import Engine
from cors_addon.exchange.clients import Client, Fetch, Pending
from cors_addon.exchange.exchange import Exchange
from cors_addon.exchange.ledger import MAYBE_CACHED, NOT_FOLLOWED
from cors_addon.exchange.model import Credentials, Judgement, Observation, Role, Verdict
from cors_addon.exchange.response_headers import ResponseHeaders
from cors_addon.fetch.cache import Answered, Granted, Key
from cors_addon.fetch.cache_rules import CacheRules
from cors_addon.fetch.checks import Asked
from cors_addon.fetch.headers import LOWER, split_list
from cors_addon.fetch.methods import CORS_SAFELISTED
from cors_addon.fetch.origins import OPAQUE
from cors_addon.fetch.refusals import Reason

EARLY = 0.05
"""Seconds by which a connection may seem to have ended after the request was sent again."""

_FORM_TYPE = re.compile(
    rb"(?i:text/plain|application/x-www-form-urlencoded|multipart/form-data)(;[ ]?(charset|boundary)=[\w-]{1,70})?"
)
MANY_NAMES = 8
"""Header names in one preflight from which on the limit of 1024 bytes may have made safelisted ones unsafe."""

RETRY_WITHIN = 1.0
"""Seconds after a dropped connection within which the browser tries again."""

SOON = 5.0
"""Seconds within which something follows even what was refused, if the browser did not care."""

PROMPT = 0.25
"""Seconds within which a request surely follows its preflight's answer, where others do not keep it."""
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
        if not rules.accumulates and not bypassed:
            cache.drop(key, judgement.observation.ended)  # that it was sent shows that no entry served
        return
    granted = _granted(client.engine, exchange.response)
    judgement.cache_lifetime = 0.0 if refused else granted.lifetime
    observation = judgement.observation
    preflight = Answered(
        observation.flow_id,
        observation.started,
        observation.ended,
        _possible_mode(judgement, rules),
        judgement.requested_headers,
        refused,
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


def find(exchange: Exchange, mode: Credentials = Credentials.UNKNOWN, *, refused: bool = False) -> Pending | None:
    """The latest preflight for this request that nothing followed yet; it waits no longer.

    Rather one of a fetch in the same credentials mode than in the other, and one that asks for all that the request
    bears than for less. Of identical ones in flight together either may be taken for either request: they say the same.
    """
    client = exchange.client
    waiting_here = client.preflights[exchange.observation.url]
    best: Pending | None = None
    best_rank: tuple[bool, bool, int, int] | None = None
    for waiting in reversed(waiting_here):
        judgement = waiting.judgement
        if (
            may_pass(judgement, mode, guessed=waiting.given_up) is refused
            or not _fits(exchange, waiting)
            or _superseded(exchange, waiting, mode)
        ):
            continue
        if len(waiting_here) == 1:  # as nearly always
            best = waiting
            break
        rank = _rank(exchange, waiting, mode)
        if best_rank is None or rank > best_rank:
            best, best_rank = waiting, rank
    if best is None:
        return None
    if best_rank is not None and not refused:
        client.taken.append((best, exchange.observation))
    client.preflights.remove(best)
    return best


def _rank(exchange: Exchange, waiting: Pending, mode: Credentials) -> tuple[bool, bool, int, int]:
    """How well a preflight goes with the request."""
    judgement = waiting.judgement
    agrees = agreement(waiting.fetch.credentials, mode)
    named = judgement.origin == exchange.origin or waiting.fetch.redirects > 0
    borne = sum(name.encode("latin-1") in exchange.request for name in judgement.requested_headers)
    return agrees > 0, named, borne, agrees


def exchanged(exchange: Exchange) -> Pending | None:
    """A preflight that is answered too late for this request, if one that is not was taken for a later request: of
    several requests under way together the first to be answered takes one, and may take another's.
    """
    client, observation, origin = exchange.client, exchange.observation, exchange.origin
    for taken, later in reversed(client.taken):
        if later.url != observation.url or not _fits(exchange, taken):
            continue
        asked = Asked(origin, exchange.method, taken.judgement.requested_headers)
        if client.cache.permits((origin, observation.url), asked, None, observation.started) and (
            origin != OPAQUE or client.engine.cache.opaque_origins_share
        ):
            return None  # it needs none
        for waiting in client.preflights[observation.url]:
            if (
                _like(waiting) == _like(taken)
                and waiting.judgement.observation.ended <= later.started
                and may_pass(waiting.judgement)
            ):
                client.preflights.remove(waiting)
                return waiting
    return None


def taken_like(exchange: Exchange) -> Pending | None:
    """A preflight that would permit this request, was taken for a later one, and has been cached for a while."""
    return next(
        (
            taken
            for taken, later in reversed(exchange.client.taken)
            if later.url == exchange.observation.url
            and taken.judgement.cache_lifetime > 0
            and _fits(exchange, taken)
            and later.started > exchange.observation.started
        ),
        None,
    )


def _like(waiting: Pending) -> tuple[str | None, str, tuple[str, ...]]:
    """What a preflight asks for."""
    return waiting.judgement.origin, waiting.method, waiting.judgement.requested_headers


def agreement(one: Credentials, other: Credentials) -> int:
    """How well the credentials modes of two requests, as far as known, go with their being of one fetch."""
    return 2 if one is other else 1 if Credentials.UNKNOWN in (one, other) else 0


def _superseded(exchange: Exchange, waiting: Pending, mode: Credentials) -> bool:
    """Whether the cache explains the request better: its preflight may be refused, or have had its request already."""
    client, observation, judgement = exchange.client, exchange.observation, waiting.judgement
    if waiting.told_to_retry or (judgement.if_omitted == judgement.if_credentialed and not waiting.retries):
        return False
    key = cache_key(exchange, waiting.fetch, judgement.origin)
    if not waiting.retries and not client.cache.used(key):
        return False
    asked = Asked(judgement.origin or "", waiting.method, judgement.requested_headers)
    known = None if mode is Credentials.UNKNOWN else mode is Credentials.INCLUDE
    entry = client.cache.find(key, asked, known, observation.started)
    # only one that was sent after this one's answer, and whose request had been answered, shows that this one was
    # refused; not of many in flight together, more than there are connections: the last are sent when the first have
    # been answered
    answered = judgement.observation.ended
    return entry is not None and (
        waiting.retries > 0 or (observation.started > max(entry.used, answered + PROMPT) and entry.together > answered)
    )


def _fits(exchange: Exchange, waiting: Pending) -> bool:
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
            or not client.hops[here]  # another preflight may have been taken for what followed its redirect
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
    asks = (exchange.origin, exchange.method, exchange.asked)
    for waiting in reversed(client.preflights[observation.url]):
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
        client.preflights.add(dropped.url, permit)


def followed(exchange: Exchange, permit: Pending, fetch: Fetch, key: Key) -> None:
    """The request that a preflight was sent for came."""
    cache, request, preflight = exchange.client.cache, exchange.observation, permit.judgement
    if preflight.if_omitted is not preflight.if_credentialed and _may_be_cached(exchange, preflight, fetch, key):
        preflight.assumptions += (MAYBE_CACHED,)
    cache.note_use(key, preflight.observation.flow_id, request.ended)
    exchange.ledger.passed(preflight, fetch)
    if preflight.verdict is Verdict.DENY:
        exchange.ledger.contradict(preflight, REFUSED_YET_SENT)
    if fetch.credentials is not Credentials.UNKNOWN:
        credentialed = fetch.credentials is Credentials.INCLUDE
        cache.set_credentials(key, preflight.observation.flow_id, credentialed=credentialed, until=request.ended)
    if may_be_retried(exchange.client, request):
        await_retry(exchange.client, permit, request)


def _may_be_cached(exchange: Exchange, preflight: Judgement, fetch: Fetch, key: Key) -> bool:
    """Whether the request may have been permitted by another's cached answer, and this preflight been refused."""
    client = exchange.client
    others = client.cache.beside(key, preflight.observation.flow_id)
    omitted, included = preflight.if_omitted, preflight.if_credentialed
    if not others or omitted is None or included is None or omitted.verdict is included.verdict:
        return False
    asked = Asked(key[0], preflight.requested_method or "", preflight.requested_headers)
    known = None if fetch.credentials is Credentials.UNKNOWN else fetch.credentials is Credentials.INCLUDE
    shared = key[0] != OPAQUE or client.engine.cache.opaque_origins_share
    began = exchange.observation.started
    return shared and any(client.cache.serves(entry, asked, known, began) for entry in others)
