"""Judging fetches anew, once a request turns out to follow another preflight or redirect than was thought.

Law 1: what is judged anew is the same judgement as before, one revision on, or unchanged.
Law 2: the client's caches, cookies and connections are left as the traffic made them: it is not seen a second time.
"""

from collections.abc import Callable, Iterable
from typing import Any

from cors_addon.exchange.clients import Follower
from cors_addon.exchange.credentials import Evidence
from cors_addon.exchange.exchange import Exchange
from cors_addon.exchange.ledger import Ledger
from cors_addon.exchange.model import Judgement
from cors_addon.exchange.writing import keep_revision, unlink


def judge_anew(
    changed: Iterable[Follower], judge: Callable[[Exchange], object], evidence: Evidence, ledger: Ledger
) -> None:
    """Judge the fetches that these requests are in, and those that they were in, by what each follows now."""
    exchanges = _concerned(changed)
    before = [_values(exchange.known) for exchange in exchanges]
    untold = {member for exchange in exchanges if exchange.fetch is not None for member in exchange.fetch.untold}
    for exchange in exchanges:
        _unlink(exchange)
    for exchange in exchanges:
        _take_back(exchange, evidence)
    noted, ledger.changed = ledger.changed, {}
    for exchange in exchanges:
        judge(exchange)
    touched, ledger.changed = ledger.changed, noted
    mine = {exchange.known for exchange in exchanges}
    for judgement in touched:
        if judgement not in mine:
            ledger.note(judgement)
    for exchange, values in zip(exchanges, before, strict=True):
        exchange.again = False
        _conclude(exchange, values, untold, ledger)


def _concerned(changed: Iterable[Follower]) -> list[Exchange]:
    """All of the fetches that a request leaves or joins, in the order in which they were judged first."""
    found: dict[Exchange, None] = {}
    for follower in changed:
        left, joined = follower.exchange.fetch, None if follower.follows is None else follower.follows.fetch
        for fetch in (left, joined):
            if fetch is not None:
                found |= dict.fromkeys(fetch.exchanges)
    return sorted(found, key=lambda exchange: exchange.order)


def _values(judgement: Judgement) -> dict[str, Any]:
    """All that a judgement says, so that it can be compared."""
    return judgement.values() | {"chain": [*judgement.chain]}


def _unlink(exchange: Exchange) -> None:
    """Undo what links it to others, but for what else its own cached answer permitted."""
    unlink(exchange.known, exchange.served, keeps_permitted=exchange.is_preflight)
    exchange.served = ()


def _take_back(exchange: Exchange, evidence: Evidence) -> None:
    """Forget its fetch, and what waits for its next request."""
    if exchange.waiting is not None:
        client = exchange.client
        (client.preflights if exchange.is_preflight else client.hops).discard(exchange.waiting)
    if exchange.fetch is not None:
        evidence.forget(exchange)
        exchange.fetch.members.clear()
        exchange.fetch.exchanges = ()
    exchange.again = True


def _conclude(exchange: Exchange, before: dict[str, Any], untold: set[Judgement], ledger: Ledger) -> None:
    """Note the judgement if it says something else now; what had been told stays told."""
    judgement, fetch = exchange.known, exchange.fetch
    if fetch is not None and judgement not in untold:
        fetch.untold = tuple(member for member in fetch.untold if member is not judgement)
    first_told = judgement in untold and (fetch is None or judgement not in fetch.untold)
    if not first_told:
        keep_revision(judgement, before["revision"])
    if (first_told or judgement not in untold) and judgement.values() != before:
        ledger.note(judgement)
