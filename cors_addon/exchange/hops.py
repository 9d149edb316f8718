"""Redirects: which one a request follows, and what may follow one. https://fetch.spec.whatwg.org/#http-redirect-fetch"""

from collections.abc import Sequence

from cors_addon.exchange.clients import Pending
from cors_addon.exchange.exchange import Exchange
from cors_addon.exchange.model import Judgement, Observation, PreflightState, Role
from cors_addon.exchange.preflights import DROPPED_BY_REDIRECTS
from cors_addon.fetch.origins import OPAQUE, Url, is_potentially_trustworthy
from cors_addon.reasons.assumptions import Assumption

MAX_REDIRECTS = 21


def leading_to(exchange: Exchange) -> Sequence[Pending]:
    """The redirects that lead to the URL of a request."""
    waiting, url = exchange.client.hops, exchange.observation.url
    found = waiting[url]
    if not found and url.scheme == "https":
        # browsers upgrade what a secure page embeds from a Location without TLS
        found = waiting[url._replace(scheme="http", port=80 if url.port == 443 else url.port)]
    return found


def fits(exchange: Exchange, waiting: Pending) -> bool:
    """Whether the request is what a redirect would lead to, in time, method, origin and header names."""
    hop, began = waiting.judgement, exchange.observation.started
    return (
        hop.observation.ended <= began + exchange.client.skew
        and began <= waiting.until
        and (waiting.method == exchange.method or _becomes_get(exchange, waiting))
        and _fits_origin(exchange, waiting)
        and _asks_like(exchange, hop)
    )


def may_be_apart(exchange: Exchange, hop: Judgement) -> bool:
    """Whether the page could have asked for this itself: nothing bears the mark of a redirect to a third origin."""
    return hop.role is Role.REDIRECT and not (exchange.origin == OPAQUE and hop.origin != OPAQUE)


def _fits_origin(exchange: Exchange, waiting: Pending) -> bool:
    """Whether the request bears the origin that it would bear after this redirect."""
    client, hop, origin = exchange.client, waiting.judgement, exchange.origin
    if hop.role is Role.SAME_ORIGIN:
        return origin in (hop.observation.url.origin, OPAQUE, "")
    if not client.engine.taints_origin:
        return exchange.origin == ("" if hop.origin == exchange.observation.url.origin else hop.origin)
    if not _taints(hop, exchange.observation.url):
        return origin == hop.origin
    # Gecko's preflight names the page's origin all the same
    named = client.engine.tainted_preflight_names_origin and exchange.observation.method == b"OPTIONS"
    return origin == OPAQUE or (named and origin == waiting.fetch.initiator)


def _asks_like(exchange: Exchange, hop: Judgement) -> bool:
    """Whether what follows a redirect bears, or asks for, what the author set before it, as far as a preflight told."""
    if hop.preflight is not PreflightState.SENT:
        return True
    kept = set(hop.requested_headers) - DROPPED_BY_REDIRECTS
    if exchange.asked is not None:
        return kept == set(exchange.asked) - DROPPED_BY_REDIRECTS
    return all(name.encode("latin-1") in exchange.request for name in kept)


def may_be_followed(hop: Pending) -> bool:
    """Whether a redirect that is refused may be followed all the same: see `Ledger.was_no_cors`."""
    return hop.if_surely_omitted is not None or Assumption.CORS_MODE in hop.judgement.assumptions


def _taints(hop: Judgement, target: Url) -> bool:
    """Whether a request that follows this redirect bears `null`."""
    here = hop.observation.url.origin
    return hop.origin == OPAQUE or (here != hop.origin and here != target.origin)


def may_be_mixed_content(waiting: Pending, url: Url) -> bool:
    """Whether a secure page may not go on to this URL, whatever the check says.

    https://w3c.github.io/webappsec-mixed-content/#should-block-fetch
    """
    page = waiting.fetch.initiator or waiting.judgement.origin or OPAQUE
    return not page.startswith("http:") and not is_potentially_trustworthy(url)


def redirected_method(observation: Observation) -> str:
    """The method of the request that follows."""
    method = observation.method.decode("latin-1")
    becomes_get = (observation.status in (301, 302) and method == "POST") or (
        observation.status == 303 and method not in ("GET", "HEAD")
    )
    return "GET" if becomes_get else method


def _becomes_get(exchange: Exchange, waiting: Pending) -> bool:
    """Whether the browser has made a GET of a redirected DELETE, as the standard does not."""
    return (
        exchange.client.engine.delete_may_leave_origin_as_get
        and (waiting.method, exchange.method) == ("DELETE", "GET")
        and waiting.judgement.observation.url.origin != exchange.observation.url.origin
    )
