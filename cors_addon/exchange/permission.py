"""How an actual request came by its permission: why it needed a preflight, and where that one is."""

from collections.abc import Iterable

from cors_addon.exchange import preflights
from cors_addon.exchange.clients import Client, Fetch, Pending
from cors_addon.exchange.exchange import Exchange, ModeFinding
from cors_addon.exchange.mode_evidence import set_by_browsers
from cors_addon.exchange.model import Credentials, Judgement, PreflightState
from cors_addon.exchange.preflights import REFUSED_YET_SENT, USER_AGENT
from cors_addon.exchange.request_headers import RequestHeaders
from cors_addon.exchange.timing import QUEUED
from cors_addon.exchange.writing import assume, link, note_needed, note_unneeded
from cors_addon.fetch.cache import Grant, Key
from cors_addon.fetch.checks import AUTHORIZATION, Asked
from cors_addon.fetch.headers import normalize
from cors_addon.fetch.methods import CORS_SAFELISTED
from cors_addon.fetch.names import VALIDATING
from cors_addon.fetch.origins import OPAQUE
from cors_addon.fetch.requests import cors_unsafe_names
from cors_addon.reasons.assumptions import Assumption

_VALIDATING = frozenset(name.decode() for name in VALIDATING)

_SIMPLE = frozenset(method.encode() for method in CORS_SAFELISTED)
UPLOAD = "an upload listener or a stream as body"
EVERYTHING = "any request to another origin (happy-dom)"


def because(client: Client, method: str, names: Iterable[str], request: RequestHeaders) -> list[str]:
    """Each thing that makes a preflight necessary: `method PUT`, `header content-type: application/json`."""
    if client.engine.preflights_all:
        return [EVERYTHING]
    safelist = client.engine.rules.safelist
    reasons = [] if method in CORS_SAFELISTED else [f"method {method}"]
    for name in names:
        value = request.get(name.encode("latin-1")) if name in safelist else None
        reasons.append(f"header {name}" if value is None else f"header {name}: {normalize(value)}")
    return reasons


def is_simple(exchange: Exchange) -> bool:
    """Whether nothing in a request can have needed a preflight."""
    request = exchange.request
    return (
        request.said.authored_nothing
        and request.said.user_agent == exchange.client.user_agent
        and exchange.observation.method in _SIMPLE
    )


def explain_sent(exchange: Exchange, judgement: Judgement, permit: Pending) -> None:
    """Say of an actual request why its preflight, which was seen, was necessary."""
    names = permit.judgement.requested_headers
    reasons = because(exchange.client, exchange.method, names, exchange.request) or (UPLOAD,)
    note_needed(judgement, PreflightState.SENT, reasons, names)
    if permit.contested:
        assume(judgement, Assumption.MAYBE_ANOTHERS)


def explain(exchange: Exchange, judgement: Judgement, fetch: Fetch, key: Key, *, revalidates: bool) -> bool:
    """Say of an actual request for which no preflight was seen whether it needed one, why, and what spared it.

    `revalidates`: the browser has a response stored, and may make the request conditional by itself. Returns whether
    nothing explains that it was sent.
    """
    client = exchange.client
    names = _unsafe_names(exchange, key, revalidates=revalidates)
    asked = Asked(key[0], exchange.method, tuple(names))
    mode = _mode_of(exchange, fetch)
    if fetch.redirects and not client.engine.preflights_redirected:
        note_unneeded(judgement)
        return False
    if not names and exchange.method in CORS_SAFELISTED:
        _explain_unneeded(exchange, judgement, key, mode[0])
        return False
    reasons = because(client, exchange.method, names, exchange.request)
    note_needed(judgement, PreflightState.UNSEEN, reasons, asked.headers)
    if used := _cached(exchange, key, asked, mode[0]):
        _served(exchange, judgement, used)
        return False
    known, began = _included(mode[0]), exchange.observation.started
    shared = _is_shared(exchange, key)
    if shared and (used := client.cache.permitted_once(key, asked, known, began)):
        _served(exchange, judgement, used, Assumption.OTHER_FRAGMENT)
        return False
    if _sent_all_the_same(exchange, judgement, mode) or Assumption.EXTENSION in judgement.assumptions:
        return False
    if shared and (used := client.cache.permitted_lately(key, asked, known, began, QUEUED)):
        _served(exchange, judgement, used, Assumption.QUEUED)
        return False
    if shared and (used := client.cache.permitted_elsewhere(key, asked, known, began)):
        _served(exchange, judgement, used, Assumption.OTHER_FRAGMENT)
        return False
    return _is_unexplained(exchange, key)


def _explain_unneeded(exchange: Exchange, judgement: Judgement, key: Key, mode: Credentials) -> None:
    """Say of a request that needs no preflight for its method and headers whether it needed one as an upload."""
    note_unneeded(judgement)
    if (key, exchange.method) in exchange.client.uploads:
        used = _cached(exchange, key, Asked(key[0], exchange.method), mode)
        if used:
            note_needed(judgement, PreflightState.CACHED, (UPLOAD,))
            _served(exchange, judgement, used, Assumption.UPLOAD_LISTENED_TO)


def _mode_of(exchange: Exchange, fetch: Fetch) -> ModeFinding:
    """The credentials mode of the fetch, or what the request itself shows."""
    if fetch.credentials is Credentials.UNKNOWN and exchange.shown is not None:
        return exchange.shown
    return fetch.credentials, fetch.evidence


def _included(mode: Credentials) -> bool | None:
    return None if mode is Credentials.UNKNOWN else mode is Credentials.INCLUDE


def _is_shared(exchange: Exchange, key: Key) -> bool:
    """Whether the client uses what is cached for this origin."""
    return key[0] != OPAQUE or exchange.client.engine.cache.opaque_origins_share


def _cached(exchange: Exchange, key: Key, asked: Asked, mode: Credentials) -> tuple[Grant, ...]:
    if not _is_shared(exchange, key):
        return ()
    return exchange.client.cache.permits(key, asked, _included(mode), exchange.observation.started)


def _unsafe_names(exchange: Exchange, key: Key, *, revalidates: bool) -> list[str]:
    """The CORS-unsafe request-header names, with those that the author is known to have set."""
    client, request = exchange.client, exchange.request
    authored = client.cache.requested(key)
    if request.said.user_agent != client.user_agent:
        authored |= {USER_AGENT}
    elif authored and not client.disguised:
        authored -= {USER_AGENT}
    if not authored and request.said.authored_nothing and exchange.method in CORS_SAFELISTED:
        return []
    if revalidates:
        authored -= _VALIDATING
    authorization = request.get(b"authorization")
    if authorization is not None and (
        not set_by_browsers(authorization)
        or client.cache.grants_header(key, AUTHORIZATION, exchange.observation.started)
    ):
        authored |= {AUTHORIZATION}
    rules = client.engine.rules
    return cors_unsafe_names(exchange.observation.request, rules.safelist, rules.name_kinds, authored)


def _served(exchange: Exchange, judgement: Judgement, used: tuple[Grant, ...], assumption: str | None = None) -> None:
    """Cached answers permitted the request; the first of them is the first to run out."""
    exchange.served = tuple(grant.source for grant in used)
    exchange.ledger.serve(judgement, used)
    if assumption is not None:
        assume(judgement, assumption)


def miss(exchange: Exchange, judgement: Judgement, *, may_lack: bool) -> None:
    """No preflight is known that a request needed; `may_lack`: not all of them are observed."""
    if exchange.heard is not None and exchange.heard.preflight is not None:
        return  # the browser says how it came by its permission
    if may_lack:
        assume(judgement, Assumption.PREFLIGHTS_MAY_BE_MISSING)
    else:
        exchange.ledger.contradict(judgement, "it needed a preflight, and none was sent or cached")


def _sent_all_the_same(exchange: Exchange, judgement: Judgement, mode: ModeFinding) -> bool:
    """Whether the request was sent although its preflight was refused; both are then told so."""
    found = preflights.find_refused(exchange, mode[0])
    if found is None:
        return False
    if mode[0] is not Credentials.UNKNOWN and found.fetch.credentials is Credentials.UNKNOWN:
        exchange.ledger.learn(found.fetch, *mode)
    denied = found.judgement
    exchange.ledger.contradict(denied, REFUSED_YET_SENT)
    exchange.ledger.contradict(judgement, "it was sent although its preflight was refused")
    link(judgement, denied)
    return True


def _is_unexplained(exchange: Exchange, key: Key) -> bool:
    """Whether the client's cache is known well enough to say that none was in it."""
    client = exchange.client
    cache, rules = client.cache, client.engine.cache
    return (cache.knows(key) and not rules.accumulates) or (
        not cache.forgot and exchange.observation.started - client.first_seen > rules.cap
    )
