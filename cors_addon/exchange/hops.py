"""Redirects: which one a request follows, and what may follow one. https://fetch.spec.whatwg.org/#http-redirect-fetch"""

from collections.abc import Sequence

from cors_addon.exchange.clients import Pending
from cors_addon.exchange.exchange import Exchange
from cors_addon.exchange.model import Credentials, Judgement, Observation, PreflightState, Role
from cors_addon.exchange.preflights import DROPPED_BY_REDIRECTS, SOON, agreement, may_pass
from cors_addon.exchange.request_headers import MODE_ASSUMED
from cors_addon.fetch.origins import OPAQUE, Url, is_potentially_trustworthy

MAX_REDIRECTS = 21


def follow(exchange: Exchange, mode: Credentials) -> Pending | None:
    """The redirect that this request, which shows this credentials mode, follows; it waits no longer.

    None where there is none. Rather one that surely passed than one that passes in one credentials mode, and that than
    a refused one; above all one in the credentials mode that the request shows.
    """
    hops = exchange.client.hops
    best: Pending | None = None
    best_rank = 0
    modes = set()
    for waiting in reversed(_waiting_here(exchange)):
        rank = _rank(exchange, waiting, mode)
        if rank is None:
            continue
        modes.add(waiting.fetch.credentials)
        if best is None or rank < best_rank:
            best, best_rank = waiting, rank
    if best is not None:
        best.maybe_another = mode is Credentials.UNKNOWN and len(modes) > 1
        hops.remove(best)
    return best


def _waiting_here(exchange: Exchange) -> Sequence[Pending]:
    hops, url = exchange.client.hops, exchange.observation.url
    found = hops[url]
    if not found and url.scheme == "https":
        # browsers upgrade what a secure page embeds from a Location without TLS
        found = hops[url._replace(scheme="http", port=80 if url.port == 443 else url.port)]
    return found


def _rank(exchange: Exchange, waiting: Pending, mode: Credentials) -> int | None:
    """How well the request goes with a redirect, 0 best; None where it cannot follow it."""
    hop, began = waiting.judgement, exchange.observation.started
    if hop.observation.ended > began + exchange.client.skew or began > waiting.until:
        return None
    if waiting.method != exchange.method and not _becomes_get(exchange, waiting):
        return None
    if not _fits_origin(exchange, waiting) or not _asks_like(exchange, hop):
        return None
    refused = hop.role is Role.REDIRECT and not may_pass(hop, guessed=waiting.given_up)
    surely = hop.role is not Role.REDIRECT or hop.if_omitted is hop.if_credentialed
    # the page could have asked for this itself, but for the mark that a redirect to a third origin leaves
    waiting.maybe_apart = hop.role is Role.REDIRECT and not (exchange.origin == OPAQUE and hop.origin != OPAQUE)
    agrees = agreement(waiting.fetch.credentials, mode)
    if waiting.maybe_apart and (
        not agrees
        or (refused and not _may_be_followed(waiting))
        or (not surely and began > hop.observation.ended + SOON)
    ):
        return None
    return 3 * (2 - agrees) + (2 if refused else 0 if surely else 1)


def _fits_origin(exchange: Exchange, waiting: Pending) -> bool:
    """Whether the request bears the origin that it would bear after this redirect."""
    client, hop, origin = exchange.client, waiting.judgement, exchange.origin
    if hop.role is Role.SAME_ORIGIN:
        return origin in (hop.observation.url.origin, OPAQUE, "")
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


def _may_be_followed(hop: Pending) -> bool:
    """Whether a redirect that is refused is followed all the same by what it was not taken for.

    See `Ledger.was_no_cors`.
    """
    return hop.if_surely_omitted is not None or MODE_ASSUMED in hop.judgement.assumptions


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
