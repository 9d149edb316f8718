"""Taking a preflight out of the fetch that it was taken for, once the request that it permitted shows another's.

Of redirects under way together that lead to one URL, what follows each bears nothing that tells which it follows. The
request at the end does: its credentials mode is its fetch's.
"""

from cors_addon.exchange.clients import Fetch, Pending
from cors_addon.exchange.exchange import Exchange
from cors_addon.exchange.ledger import Ledger, conclude
from cors_addon.exchange.model import Credentials, Judgement, Role


def move(exchange: Exchange, permit: Pending, mode: Credentials, patience: float) -> None:
    """Let a preflight follow another redirect to its URL, one that may be of this mode, or none.

    The redirect that it was taken to follow waits again.
    """
    client, ledger = exchange.client, exchange.ledger
    moved, before = permit.judgement, permit.fetch
    url = moved.observation.url
    other = next(
        (
            hop
            for hop in reversed(client.hops[url])
            if hop.fetch.credentials in (mode, Credentials.UNKNOWN)
            and hop.method == permit.method
            and hop.judgement.observation.ended <= moved.observation.started
        ),
        None,
    )
    if other is not None:
        client.hops.remove(other)
    _leave(before, moved, ledger)
    last = before.members[-1] if before.members else None
    if last is not None and last.role is Role.REDIRECT:
        client.hops.add(url, Pending(last, before, permit.method, last.observation.ended + patience))
    permit.fetch = Fetch() if other is None else other.fetch
    ledger.join(permit.fetch, moved)
    conclude(moved, permit.fetch.credentials, permit.fetch.evidence)
    ledger.note(moved)


def _leave(fetch: Fetch, judgement: Judgement, ledger: Ledger) -> None:
    """Undo `Ledger.join`."""
    fetch.members.remove(judgement)
    mine = judgement.observation.flow_id
    for member in fetch.members:
        member.paired_with = tuple(flow_id for flow_id in member.paired_with if flow_id != mine)
        if member not in fetch.untold:
            ledger.note(member)
    theirs = {member.observation.flow_id for member in fetch.members}
    judgement.paired_with = tuple(flow_id for flow_id in judgement.paired_with if flow_id not in theirs)
