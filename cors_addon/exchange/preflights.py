"""Preflights: which one a request was sent for, what it leaves in the client's cache, and why one was needed."""

import itertools
import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from cors_addon.engines import Engine
from cors_addon.exchange import ledger
from cors_addon.exchange.clients import Client, Fetch, Pending
from cors_addon.exchange.model import Credentials, Judgement, Observation, PreflightState, Role, Verdict
from cors_addon.exchange.request_headers import EXTENSION_ASSUMED, RequestHeaders
from cors_addon.exchange.response_headers import ResponseHeaders
from cors_addon.fetch.cache import CacheRules, Key
from cors_addon.fetch.checks import AUTHORIZATION, Asked
from cors_addon.fetch.headers import LOWER, normalize, split_list
from cors_addon.fetch.methods import CORS_SAFELISTED
from cors_addon.fetch.origins import OPAQUE
from cors_addon.fetch.refusals import Reason
from cors_addon.fetch.requests import cors_unsafe_names

EARLY = 0.05
"""Seconds by which a connection may seem to have ended after the request was sent again."""

_FORM_TYPE = re.compile(
    rb"(?i:text/plain|application/x-www-form-urlencoded|multipart/form-data)(;[ ]?(charset|boundary)=[\w-]{1,70})?"
)
MANY_NAMES = 8
"""Header names in one preflight from which on the limit of 1024 bytes may have made safelisted ones unsafe."""

RETRY_WITHIN = 1.0
"""Seconds after a dropped connection within which the browser tries again."""

PROMPT = 0.25
"""Seconds within which a request surely follows its preflight's answer, where others do not keep it."""
QUEUED = 10.0
"""Seconds for which a request may wait for a connection after the browser has looked for its cached preflight."""
_GRANTS = frozenset({Reason.METHOD_NOT_ALLOWED, Reason.HEADER_NOT_ALLOWED})
_CONDITIONAL = frozenset({"if-none-match", "if-modified-since"})
QUEUED_ASSUMED = "its cached preflight had just run out: taken to have waited for a connection since"
FRAGMENT_ASSUMED = "cached under another fragment of this URL, which is not on the wire"
TAKEN_ASSUMED = "a preflight that fits was taken for a later request, which may have used its cached answer instead"
USER_AGENT = "user-agent"
_SENT_ANYWAY = frozenset({"accept", "accept-language", "content-type"})
_DROPPED_BY_REDIRECTS = frozenset(
    {"authorization", "content-encoding", "content-language", "content-location", "content-type"}
)

REFUSED_YET_SENT = "the request was sent although its preflight was refused"
PREFLIGHTS_MAY_BE_MISSING = "this file may leave out preflights: that none is in it proves nothing"


def cache_origin(client: Client, fetch: Fetch, named: str) -> str:
    """The origin that the cache is keyed by: Gecko's is the page's principal, which a redirect does not taint."""
    return (fetch.initiator or named) if client.engine.tainted_preflight_names_origin else named


def store(
    client: Client, key: Key, judgement: Judgement, answer: ResponseHeaders, wire: RequestHeaders, *, refused: bool
) -> None:
    """What a preflight's answer leaves in the client's cache."""
    cache, rules = client.cache, client.engine.cache
    bypassed = rules.no_cache_bypasses and (b"cache-control" in wire or b"pragma" in wire)
    if (refused and not (rules.stores_refused_grants and _grants_refused(judgement))) or (
        key[0] == OPAQUE and not rules.opaque_origins_share
    ):
        if not rules.accumulates and not bypassed:
            cache.drop(key, judgement.observation.ended)  # that it was sent shows that no entry served
        return
    methods, headers, lifetime = _granted(client.engine, answer, judgement.observation.http2)
    judgement.cache_lifetime = 0.0 if refused else lifetime
    cache.store(
        key,
        methods=methods,
        headers=headers,
        credentialed=_possible_mode(judgement, rules),
        lifetime=lifetime,
        asked=judgement.observation.started,
        now=judgement.observation.ended,
        flow_id=judgement.observation.flow_id,
        requested=judgement.requested_headers,
        refused=refused,
    )


@lru_cache(maxsize=256)
def _granted(engine: Engine, answer: ResponseHeaders, http2: bool) -> tuple[tuple[str, ...], tuple[str, ...], float]:
    """The methods and header names that an answer allows, and for how many seconds."""
    combine, lines = engine.rules.combine, answer.lines
    asked_for = engine.cache.max_age(combine(lines.max_age, http2))
    return (
        split_list(combine(lines.allow_methods, http2) or ""),
        split_list(combine(lines.allow_headers, http2) or ""),
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
        guessed and judgement.credentials_evidence == ledger.NOT_FOLLOWED
    ):
        return judgement.verdict is Verdict.ALLOW
    omitted, included = judgement.if_omitted, judgement.if_credentialed
    return (mode is not Credentials.INCLUDE and omitted is not None and omitted.verdict is Verdict.ALLOW) or (
        mode is not Credentials.OMIT and included is not None and included.verdict is Verdict.ALLOW
    )


def find(
    client: Client,
    observation: Observation,
    origin: str,
    method: str,
    wire: RequestHeaders,
    mode: Credentials = Credentials.UNKNOWN,
    *,
    refused: bool = False,
) -> Pending | None:
    """The latest preflight for this request that nothing followed yet; it waits no longer.

    Rather one of a fetch in the same credentials mode than in the other, and one that asks for all that the request
    bears than for less. Of identical ones in flight together either may be taken for either request: they say the same.
    """
    waiting_here = client.preflights[observation.url]
    best: Pending | None = None
    best_rank: tuple[bool, bool, int, int] | None = None
    for waiting in reversed(waiting_here):
        judgement = waiting.judgement
        if (
            may_pass(judgement, mode, guessed=waiting.given_up) is refused
            or not _fits(client, waiting, observation, origin, method, wire)
            or _superseded(client, waiting, observation, mode)
        ):
            continue
        if len(waiting_here) == 1:  # as nearly always
            best = waiting
            break
        agrees = agreement(waiting.fetch.credentials, mode)
        named = judgement.origin == origin or waiting.fetch.redirects > 0
        borne = sum(name.encode("latin-1") in wire for name in judgement.requested_headers)
        rank = (agrees > 0, named, borne, agrees)
        if best_rank is None or rank > best_rank:
            best, best_rank = waiting, rank
    if best is None:
        return None
    if best_rank is not None and not refused:
        client.taken.append((best, observation))
    client.preflights.remove(best)
    return best


def exchanged(
    client: Client, observation: Observation, origin: str, method: str, wire: RequestHeaders
) -> Pending | None:
    """A preflight that is answered too late for this request, if one that is not was taken for a later request: of
    several requests under way together the first to be answered takes one, and may take another's.
    """
    for taken, later in reversed(client.taken):
        if later.url != observation.url or not _fits(client, taken, observation, origin, method, wire):
            continue
        asked = Asked(origin, method, taken.judgement.requested_headers)
        if client.cache.find((origin, observation.url), asked, None, observation.started) is not None and (
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


def _taken_like(
    client: Client, observation: Observation, origin: str, method: str, wire: RequestHeaders
) -> Pending | None:
    """A preflight that would permit this request, was taken for a later one, and has been cached for a while."""
    return next(
        (
            taken
            for taken, later in reversed(client.taken)
            if later.url == observation.url
            and taken.judgement.cache_lifetime > 0
            and _fits(client, taken, observation, origin, method, wire)
            and later.started > observation.started
        ),
        None,
    )


def _like(waiting: Pending) -> tuple[str | None, str, tuple[str, ...]]:
    """What a preflight asks for."""
    return waiting.judgement.origin, waiting.method, waiting.judgement.requested_headers


def agreement(one: Credentials, other: Credentials) -> int:
    """How well the credentials modes of two requests, as far as known, go with their being of one fetch."""
    return 2 if one is other else 1 if Credentials.UNKNOWN in (one, other) else 0


def _superseded(client: Client, waiting: Pending, observation: Observation, mode: Credentials) -> bool:
    """Whether the cache explains the request better: its preflight may be refused, or have had its request already."""
    judgement = waiting.judgement
    if waiting.told_to_retry or (judgement.if_omitted == judgement.if_credentialed and not waiting.retries):
        return False
    key = (cache_origin(client, waiting.fetch, judgement.origin or ""), observation.url)
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


def _fits(
    client: Client, waiting: Pending, observation: Observation, origin: str, method: str, wire: RequestHeaders
) -> bool:
    judgement = waiting.judgement
    began = observation.started
    if waiting.method != method or judgement.observation.ended > began + client.skew or began > waiting.until:
        return False
    if judgement.origin != origin and not (
        client.engine.tainted_preflight_names_origin
        and origin == OPAQUE
        and (
            waiting.fetch.redirects
            or judgement.origin == observation.url.origin
            or not client.hops[observation.url]  # another preflight may have been taken for what followed its redirect
        )
    ):
        return False
    for name in judgement.requested_headers:
        value = wire.get(name.encode("latin-1"))
        if value is None and not _was_dropped(client, waiting.fetch, name):
            return False
        if name == USER_AGENT and value == client.user_agent and not client.disguised:
            return False  # the script set another
        if (
            name == "content-type"
            and value is not None
            and len(judgement.requested_headers) < MANY_NAMES
            and _FORM_TYPE.fullmatch(value)
            and not (
                client.engine.preflight_precedes_charset
                and value.endswith(b"=UTF-8")
                and (
                    method not in CORS_SAFELISTED
                    or judgement.if_omitted is judgement.if_credentialed
                    or not _SENT_ANYWAY.issuperset(judgement.requested_headers)
                )
            )
        ):
            return False  # no browser asks for what a form may send
    return True


def asks_like(hop: Judgement, asked: tuple[str, ...] | None, wire: RequestHeaders) -> bool:
    """Whether what follows a redirect bears, or asks for, what the author set before it, as far as a preflight told.

    `asked`: of a preflight.
    """
    if hop.preflight is not PreflightState.SENT:
        return True
    kept = set(hop.requested_headers) - _DROPPED_BY_REDIRECTS
    if asked is not None:
        return kept == set(asked) - _DROPPED_BY_REDIRECTS
    return all(name.encode("latin-1") in wire for name in kept)


def _was_dropped(client: Client, fetch: Fetch, name: str) -> bool:
    """Whether a redirect took this header from the fetch, which its preflights still ask for."""
    if not (client.engine.preflight_outlasts_dropped_headers and fetch.redirects and name in _DROPPED_BY_REDIRECTS):
        return False
    wanted = name.encode("latin-1")
    return any(
        name in member.requested_headers or any(LOWER[sent] == wanted for sent, _ in member.observation.request)
        for member in fetch.members
        if member.role is not Role.PREFLIGHT
    )


def because(client: Client, method: str, names: Iterable[str], wire: RequestHeaders) -> list[str]:
    """Each thing that makes a preflight necessary: `method PUT`, `header content-type: application/json`."""
    safelist = client.engine.rules.safelist
    reasons = [] if method in CORS_SAFELISTED else [f"method {method}"]
    for name in names:
        value = wire.get(name.encode("latin-1")) if name in safelist else None
        reasons.append(f"header {name}" if value is None else f"header {name}: {normalize(value)}")
    return reasons


def explain(
    client: Client,
    judgement: Judgement,
    fetch: Fetch,
    permit: Pending | None,
    key: Key,
    wire: RequestHeaders,
    shown: Callable[[Client, Observation, RequestHeaders], tuple[Credentials, str | None]],
    revised: list[Judgement],
    *,
    may_lack: bool,
    revalidates: bool,
) -> None:
    """Say of an actual request whether it needed a preflight, why, and where that one is.

    `may_lack`: one may have been sent that was not observed. `revalidates`: the browser has a response stored, and may
    make the request conditional by itself.
    """
    method = judgement.requested_method or ""
    if permit is not None:
        names = permit.judgement.requested_headers
        judgement.requested_headers = names
        judgement.preflight = PreflightState.SENT
        judgement.preflight_because = tuple(because(client, method, names, wire)) or (
            "an upload listener or a stream as body",
        )
        return
    observation, engine, cache = judgement.observation, client.engine, client.cache
    authored = cache.requested(key)
    if wire.user_agent != client.user_agent:
        authored |= {USER_AGENT}
    elif authored and not client.disguised:
        authored -= {USER_AGENT}
    if not authored and method in CORS_SAFELISTED and wire.authored_nothing:
        judgement.preflight = PreflightState.NOT_NEEDED
        return
    if revalidates:
        authored -= _CONDITIONAL
    authorization = wire.get(b"authorization")
    if authorization is not None and (
        not set_by_browsers(authorization) or cache.grants_header(key, AUTHORIZATION, observation.started)
    ):
        authored |= {AUTHORIZATION}
    rules = engine.rules
    unsafe = cors_unsafe_names(observation.request, rules.safelist, rules.name_kinds, authored)
    if not unsafe and method in CORS_SAFELISTED:
        judgement.preflight = PreflightState.NOT_NEEDED
        return
    judgement.requested_headers = tuple(unsafe)
    judgement.preflight_because = tuple(because(client, method, unsafe, wire))
    asked = Asked(key[0], method, judgement.requested_headers)
    mode, evidence = fetch.credentials, fetch.evidence
    if mode is Credentials.UNKNOWN:
        mode, evidence = shown(client, observation, wire)
    known = None if mode is Credentials.UNKNOWN else mode is Credentials.INCLUDE
    shared = key[0] != OPAQUE or engine.cache.opaque_origins_share
    entry = cache.find(key, asked, known, observation.started) if shared else None
    if entry is not None:
        judgement.preflight = PreflightState.CACHED
        judgement.preflight_cached_at, judgement.preflight_cached_until = entry.stored, entry.end
        judgement.paired_with.append(entry.flow_id)
        return
    entry = cache.find_dropped(key, asked, known, observation.started) if shared else None
    if entry is not None:
        judgement.preflight = PreflightState.CACHED
        judgement.preflight_cached_at, judgement.preflight_cached_until = entry.stored, entry.end
        judgement.paired_with.append(entry.flow_id)
        judgement.assumptions += (FRAGMENT_ASSUMED,)
        return
    judgement.preflight = PreflightState.UNSEEN
    denied = find(client, observation, judgement.origin or "", method, wire, mode, refused=True)
    if denied is not None:
        if mode is not Credentials.UNKNOWN and denied.fetch.credentials is Credentials.UNKNOWN:
            ledger.learn(denied.fetch, mode, evidence, revised)
        ledger.contradict(denied.judgement, REFUSED_YET_SENT, revised)
        ledger.contradict(judgement, "it was sent although its preflight was refused", revised)
        judgement.paired_with.append(denied.judgement.observation.flow_id)
        denied.judgement.paired_with.append(observation.flow_id)
    elif EXTENSION_ASSUMED in judgement.assumptions:
        return
    elif shared and (entry := cache.find_lately(key, asked, known, observation.started, QUEUED)) is not None:
        judgement.preflight = PreflightState.CACHED
        judgement.preflight_cached_at, judgement.preflight_cached_until = entry.stored, entry.end
        judgement.paired_with.append(entry.flow_id)
        judgement.assumptions += (QUEUED_ASSUMED,)
    elif (taken := _taken_like(client, observation, judgement.origin or "", method, wire)) is not None:
        judgement.preflight = PreflightState.CACHED
        judgement.paired_with.append(taken.judgement.observation.flow_id)
        judgement.assumptions += (TAKEN_ASSUMED,)
    elif (cache.knows(key) and not engine.cache.accumulates) or (
        not cache.forgot and observation.started - client.first_seen > engine.cache.cap
    ):
        if may_lack:
            judgement.assumptions += (PREFLIGHTS_MAY_BE_MISSING,)
        else:
            ledger.contradict(judgement, "it needed a preflight, and none was sent or cached", revised)


def set_by_browsers(authorization: bytes) -> bool:
    """Whether browsers send Authorization of this scheme by themselves; any other is a script's."""
    return authorization.split(b" ", 1)[0].lower() in (b"basic", b"digest", b"negotiate", b"ntlm")


def may_be_retried(client: Client, observation: Observation) -> bool:
    """Whether the browser may send this again by itself: it got no answer, or one that says so."""
    return observation.status is None or observation.status in client.engine.retried_statuses


def repeated(client: Client, observation: Observation, judgement: Judgement, method: str) -> Pending | None:
    """The preflight that this one repeats, to which there was no answer; it waits no longer. None where it is new."""
    for waiting in reversed(client.preflights[observation.url]):
        before = waiting.judgement
        if (
            may_be_retried(client, before.observation)
            and (before.origin, waiting.method, before.requested_headers)
            == (judgement.origin, method, judgement.requested_headers)
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


def followed(
    client: Client, permit: Pending, fetch: Fetch, key: Key, request: Observation, revised: list[Judgement]
) -> None:
    """The request that a preflight was sent for came."""
    preflight = permit.judgement
    if preflight.if_omitted is not preflight.if_credentialed and _may_be_cached(
        client, preflight, fetch, key, request.started
    ):
        preflight.assumptions += (ledger.MAYBE_CACHED,)
    client.cache.note_use(key, preflight.observation.flow_id, request.ended)
    ledger.passed(preflight, fetch, revised)
    if preflight.verdict is Verdict.DENY:
        ledger.contradict(preflight, REFUSED_YET_SENT, revised)
    if fetch.credentials is not Credentials.UNKNOWN:
        credentialed = fetch.credentials is Credentials.INCLUDE
        client.cache.set_credentials(key, preflight.observation.flow_id, credentialed=credentialed, until=request.ended)


def _may_be_cached(client: Client, preflight: Judgement, fetch: Fetch, key: Key, began: float) -> bool:
    """Whether the request may have been permitted by another's cached answer, and this preflight been refused."""
    others = client.cache.beside(key, preflight.observation.flow_id)
    omitted, included = preflight.if_omitted, preflight.if_credentialed
    if not others or omitted is None or included is None or omitted.verdict is included.verdict:
        return False
    asked = Asked(key[0], preflight.requested_method or "", preflight.requested_headers)
    known = None if fetch.credentials is Credentials.UNKNOWN else fetch.credentials is Credentials.INCLUDE
    shared = key[0] != OPAQUE or client.engine.cache.opaque_origins_share
    return shared and any(client.cache.serves(entry, asked, known, began) for entry in others)
