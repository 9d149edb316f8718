"""Which request was sent for which preflight, and which follows which redirect, of all that are in flight together.

As trackers of many objects do it: a gate says what can belong together at all; a hypothesis is one such pair and what
speaks against it, its cost; the associator takes the cheapest set of pairs in which nothing is used twice. That a
request follows nothing that was seen is a hypothesis like any other (it needs no preflight, its preflight is cached,
or recording began later), and so is that nothing follows a preflight or a redirect (its check failed).

Law 1: a pair is kept only as long as no later request makes another set cheaper; then what it led to is judged anew.
Law 2: only what is in flight together competes: a request that began after another was answered takes nothing from it.
Law 3: bounded: a request is compared with so many preflights and redirects at most, those that nothing follows and that
were answered nearest to it first; a cluster has so many requests, and the oldest pairs are settled for good.
"""

import heapq
import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple

from cors_addon.exchange import hops, preflights
from cors_addon.exchange.browser_cache import Kept
from cors_addon.exchange.clients import Follower, Pending
from cors_addon.exchange.clusters import MAX_CLUSTER, cluster_of, insert, solve
from cors_addon.exchange.costs import COSTS
from cors_addon.exchange.exchange import Exchange
from cors_addon.exchange.model import Credentials, Judgement, PreflightState, Role, ToldBy, Verdict
from cors_addon.exchange.timing import PROMPT, QUEUED
from cors_addon.fetch.checks import REDIRECT_STATUSES, Asked
from cors_addon.fetch.origins import OPAQUE

MAX_HYPOTHESES = 2 * MAX_CLUSTER
"""Preflights or redirects that one request is compared with, and requests that are remembered to compete for one."""

type OwnMode = Callable[[Exchange], Credentials]
"""The credentials mode that a request shows by itself."""


# -- hypotheses --------------------------------------------------------------------------------------------------------


def hypothesize(exchange: Exchange, permits: Iterable[Pending], led: Iterable[Pending], own: OwnMode) -> Follower:
    """All that a request may follow, of the preflights and the redirects for its URL."""
    without_any = COSTS.apart if exchange.is_preflight else COSTS.simple
    found, alone = _permits(exchange, _nearest(_on_own_connection(exchange, permits, own), exchange), own)
    alone = without_any if alone is None else alone
    without_preflight = alone - without_any
    for waiting in _nearest(led, exchange):
        if _may_go_on(waiting, exchange) and (cost := _hop_cost(exchange, waiting, own(exchange), own)) is not None:
            found[waiting] = cost + without_preflight
            if not hops.may_be_apart(exchange, waiting.judgement):
                alone = max(alone, COSTS.tainted)
    return Follower(exchange, found, alone)


def _permits(exchange: Exchange, permits: Sequence[Pending], own: OwnMode) -> tuple[dict[Pending, float], float | None]:
    """The preflights that may be a request's, and what speaks against its having none; None where there are none."""
    found: dict[Pending, float] = {}
    alone: float | None = None
    fitting = [each for each in permits if _may_go_on(each, exchange) and preflights.fits(exchange, each)]
    last = _Last(_last_answer(exchange, permits), _last_asked(fitting))
    alike: dict[Hashable, tuple[float | None, tuple[Kept | None, float]]] = {}
    for waiting in fitting:
        kind = _kind(waiting, own)
        known = alike.get(kind)
        if known is None:
            cost = _permit_cost(exchange, waiting, own)
            instead = (None, 0.0) if cost is None else _cached_instead(exchange, waiting, own)
            known = alike[kind] = cost, instead
        cost, (entry, without) = known
        if cost is not None:
            found[waiting] = cost + _idle_cost(exchange, waiting, entry, last) + _connection_cost(exchange, waiting)
            alone = without if alone is None else min(alone, without)
    if len(found) > 1:
        for waiting in found:
            waiting.contested = True
    return found, alone


def _may_go_on(waiting: Pending, exchange: Exchange) -> bool:
    """Whether this request may be what follows, which is nothing where a page says that its call failed."""
    word = waiting.judgement.word
    return not (_settled(waiting, exchange) or (word is not None and word.by is ToldBy.PAGE and word.passed is False))


def _kind(waiting: Pending, own: OwnMode) -> Hashable:
    """All that tells a preflight from others but for times and connections: of those that are alike one is asked."""
    judgement, asked = waiting.judgement, waiting.exchange
    return (
        judgement.requested_headers,
        judgement.if_omitted,
        judgement.if_credentialed,
        waiting.retries,
        waiting.told_to_retry,
        waiting.fetch.initiator,
        asked is not None and b"sec-fetch-storage-access" in asked.request,
        _shown_before(waiting, own),
    )


def _connection_cost(exchange: Exchange, waiting: Pending) -> float:
    if not _share_connection(exchange, waiting):
        return 0.0
    return COSTS.own_connection if exchange.observation.http2 else COSTS.same_connection


def _settled(waiting: Pending, exchange: Exchange) -> bool:
    """Whether what follows it is not in flight together with this request."""
    taken = waiting.follower
    return taken is not None and exchange.observation.started > taken.exchange.observation.ended


def _nearest(waiting: Iterable[Pending], exchange: Exchange) -> Sequence[Pending]:
    """Those to compare a request with, in their order; of too many those that nothing follows, answered just before."""
    listed = list(waiting)
    if len(listed) <= MAX_HYPOTHESES:
        return listed
    # the list is in the order of the answers, so that the nearest stand at its end
    chosen = _answered_nearest([each for each in listed if each.follower is None], exchange, MAX_HYPOTHESES)
    if len(chosen) < MAX_HYPOTHESES:
        followed = [each for each in listed if each.follower is not None]
        chosen += _answered_nearest(followed, exchange, MAX_HYPOTHESES - len(chosen))
        place = {each: number for number, each in enumerate(listed)}
        chosen.sort(key=place.__getitem__)
    return chosen


def _answered_nearest(waiting: list[Pending], exchange: Exchange, most: int) -> list[Pending]:
    began = exchange.observation.started
    latest = waiting[-2 * most :]
    if len(latest) <= most:
        return latest
    nearest = set(heapq.nsmallest(most, latest, key=lambda each: abs(began - each.judgement.observation.ended)))
    return [each for each in latest if each in nearest]


def _permit_cost(exchange: Exchange, waiting: Pending, own: OwnMode) -> float | None:
    """What speaks against a preflight's being this request's, but for the time between; None where it cannot be."""
    mode = own(exchange)
    shown = _shown_before(waiting, own)
    if not _passes(waiting.judgement, mode if shown is Credentials.UNKNOWN else shown):
        return None
    cost = _mode_cost(exchange, waiting, mode, shown)
    for name in waiting.judgement.requested_headers:
        cost += COSTS.borne if name.encode("latin-1") in exchange.request else COSTS.dropped
    if waiting.retries and not waiting.told_to_retry:
        return cost + COSTS.repeated
    return cost - _cost_unfollowed(waiting, shown)


class _Last(NamedTuple):
    """What came last before a request, among its like."""

    answered: float
    """See `_last_answer`."""
    asked: float
    """When the first of the preflights was sent that were under way together, up to the one that was answered last."""


def _last_asked(fitting: Sequence[Pending]) -> float:
    asked = math.inf
    for each in sorted((each.judgement.observation for each in fitting), key=lambda each: each.ended, reverse=True):
        if asked != math.inf and each.ended < asked:
            break
        asked = min(asked, each.started)
    return asked


def _idle_cost(exchange: Exchange, waiting: Pending, entry: Kept | None, last: _Last) -> float:
    """What the time between a preflight's answer and a request says against the pair: of those under way together the
    first goes with the first, of others the latest is the likeliest.

    `entry`: what is cached and would permit the request, too.
    """
    began, answered = exchange.observation.started, waiting.judgement.observation.ended
    if entry is not None and entry.together > answered:
        return min(COSTS.idle * (began - max(last.answered, answered)), COSTS.idle)
    waited = min(began - answered, COSTS.most_delay)
    delay = COSTS.delay if answered < last.asked else -COSTS.delay
    return delay * waited + COSTS.order * waited**2


def _share_connection(exchange: Exchange, waiting: Pending) -> bool:
    """Whether both are surely of one window: a connection is only one's."""
    connection = exchange.observation.connection
    return connection is not None and connection == waiting.judgement.observation.connection


def _on_own_connection(exchange: Exchange, permits: Iterable[Pending], own: OwnMode) -> Sequence[Pending]:
    """The preflights on a request's own connection, where one fits and its engine sends both on the same; else all."""
    listed = list(permits)
    together = exchange.client.engine.separates_http2_connections and exchange.observation.http2
    if len(listed) < 2 or not together or own(exchange) is not Credentials.OMIT:
        return listed
    mine = [each for each in listed if _share_connection(exchange, each)]
    return mine if any(preflights.fits(exchange, each) and not _settled(each, exchange) for each in mine) else listed


def _hop_cost(exchange: Exchange, waiting: Pending, mode: Credentials, own: OwnMode) -> float | None:
    """What speaks against this request's following a redirect; None where it cannot."""
    if not hops.fits(exchange, waiting):
        return None
    hop = waiting.judgement
    shown = _shown_before(waiting, own)
    cost = 0.0
    if not _passes(hop, mode if shown is Credentials.UNKNOWN else shown):
        if hops.may_be_followed(waiting):
            cost = COSTS.went_on
        elif hops.may_be_apart(exchange, hop):
            return None
        else:
            cost = COSTS.refused
    cost += _mode_cost(exchange, waiting, mode, shown)
    if exchange.asked is not None and hop.preflight is PreflightState.SENT:
        cost += COSTS.names * (set(exchange.asked) != set(hop.requested_headers))
    cost += COSTS.delay * min(exchange.observation.started - hop.observation.ended, COSTS.most_delay)
    if _share_connection(exchange, waiting):
        cost += COSTS.same_connection
    return cost - _cost_unfollowed(waiting, shown)


def _last_answer(exchange: Exchange, permits: Sequence[Pending]) -> float:
    """When the last request to this URL was answered before this one began, Unix seconds; 0 where none was."""
    began = exchange.observation.started
    competing: set[Follower] = set().union(*[waiting.followers for waiting in permits])
    ends = [waiting.judgement.observation.ended for waiting in permits]
    ends += [each.exchange.observation.ended for each in competing]
    return max((end for end in ends if end <= began), default=0.0)


def _mode_cost(exchange: Exchange, waiting: Pending, mode: Credentials, shown: Credentials) -> float:
    cost = 0.0
    if shown is not mode:
        cost = COSTS.half_known if Credentials.UNKNOWN in (shown, mode) else COSTS.conflict
    if (
        b"sec-fetch-storage-access" not in exchange.request
        and waiting.exchange is not None
        and b"sec-fetch-storage-access" in waiting.exchange.request
    ):
        cost += COSTS.storage_access
    known = mode if shown is Credentials.UNKNOWN else shown
    return cost + (COSTS.conditional if _passes(waiting.judgement, known) == 1 else 0.0)


def _cost_unfollowed(waiting: Pending, shown: Credentials) -> float:
    return (0.0, COSTS.maybe_unfollowed, COSTS.unfollowed)[_passes(waiting.judgement, shown)]


def _cached_instead(exchange: Exchange, permit: Pending, own: OwnMode) -> tuple[Kept | None, float]:
    """The cached answer that permits what this preflight asks for, and what speaks against its having been used."""
    client, mode = exchange.client, own(exchange)
    if exchange.origin == OPAQUE and not client.engine.cache.opaque_origins_share:
        return None, COSTS.unseen
    key = preflights.cache_key(exchange, permit.fetch)
    asked = Asked(exchange.origin, exchange.method, permit.judgement.requested_headers)
    known = None if mode is Credentials.UNKNOWN else mode is Credentials.INCLUDE
    began = exchange.observation.started
    entry = client.cache.find(key, asked, known, began)
    if entry is not None or client.cache.permits(key, asked, known, began):
        return entry, COSTS.cached
    return None, COSTS.queued if client.cache.permitted_lately(key, asked, known, began, QUEUED) else COSTS.unseen


def _shown_before(waiting: Pending, own: OwnMode) -> Credentials:
    """The credentials mode that a fetch had shown when it came to this preflight or redirect."""
    shown = Credentials.UNKNOWN
    for exchange in waiting.fetch.exchanges:
        mode = own(exchange)
        if mode is not Credentials.UNKNOWN:
            shown = mode
        if exchange is waiting.exchange:
            break
    return shown


def _passes(judgement: Judgement, mode: Credentials) -> int:
    """2: its check passes under each mode that is possible, 1: under one of two, 0: under none."""
    omitted, included = judgement.if_omitted, judgement.if_credentialed
    if omitted is None or included is None or judgement.role is Role.SAME_ORIGIN:
        return 2
    if mode is Credentials.UNKNOWN:
        return (omitted.verdict is Verdict.ALLOW) + (included.verdict is Verdict.ALLOW)
    return 2 if (included if mode is Credentials.INCLUDE else omitted).verdict is Verdict.ALLOW else 0


def is_doubtful(exchange: Exchange) -> bool:
    """Whether redirects of different credentials modes led here, and the request does not tell which it follows."""
    follower = exchange.follower
    if follower is None or len(follower.hypotheses) < 2 or exchange.own is not Credentials.UNKNOWN:
        return False
    modes = {waiting.fetch.credentials for waiting in follower.hypotheses if not _is_preflight(waiting)}
    return len(modes) > 1


def _is_preflight(waiting: Pending) -> bool:
    return waiting.judgement.role is Role.PREFLIGHT


# -- association -------------------------------------------------------------------------------------------------------


def follow_only(exchange: Exchange, only: Pending, mode: Credentials) -> Pending | None:
    """The preflight of a request, where just one is waiting, and is recent or the only one ever: as nearly always.

    None where it is not so simple.
    """
    if only.follower is not None or only.followers or only.retries or not _is_recent(exchange, only):
        return None
    known = only.judgement.credentials
    if known is not mode and known is not Credentials.UNKNOWN:
        return None
    if not preflights.may_pass(only.judgement, mode) or not preflights.fits(exchange, only):
        return None
    asked = only.exchange
    if exchange.observation.status in REDIRECT_STATUSES or asked is None or asked.follower is not None:
        exchange.follower = only.follower = Follower(exchange, {}, COSTS.unseen, only)
    else:  # nothing will ever have to be judged anew
        only.fetch.exchanges = ()
        asked.waiting = None
    return only


def _is_recent(exchange: Exchange, only: Pending) -> bool:
    """Whether a preflight was answered just now, or nothing else was cached that could have served instead."""
    asked = only.judgement.observation
    if exchange.observation.started - asked.ended <= PROMPT:
        return True
    key = preflights.cache_key(exchange, only.fetch, only.judgement.origin)
    return not exchange.client.cache.beside(key, asked.flow_id)


def settle(follower: Follower) -> None:
    """What a request follows is for sure: it competes no longer."""
    for waiting in follower.hypotheses:
        waiting.followers = tuple(other for other in waiting.followers if other is not follower)
    follower.hypotheses.clear()


def associate(follower: Follower, own: OwnMode) -> list[Follower]:
    """Take the cheapest set of pairs, now that there is one more request.

    Returns the older ones that follow another now.
    """
    changed: dict[Follower, None] = {}
    again = [follower]
    for waiting in follower.hypotheses:
        waiting.followers = (*waiting.followers, follower)[-MAX_HYPOTHESES:]
    for _ in range(3):
        if not again:
            break
        for each in again:
            cluster = cluster_of(each)
            changed |= dict.fromkeys(insert(cluster) if each.follows is None else solve(cluster))
        again = [asker for each in (follower, *changed) if (asker := _asker_told(each, own)) is not None]
    changed.pop(follower, None)
    return list(changed)


def _asker_told(follower: Follower, own: OwnMode) -> Follower | None:
    """The preflight of this request, if the request's mode makes another redirect likelier to have led to both."""
    permit = follower.follows
    if permit is None or permit.exchange is None or not _is_preflight(permit):
        return None
    asker = permit.exchange.follower
    if asker is None:
        return None
    mode = own(permit.exchange)
    if mode is Credentials.UNKNOWN:
        mode = own(follower.exchange)
    told = False
    for hop, before in asker.hypotheses.items():
        cost = _hop_cost(asker.exchange, hop, mode, own)
        cost = before if cost is None else cost
        told = told or abs(cost - before) > 0.01
        asker.hypotheses[hop] = cost
    return asker if told else None
