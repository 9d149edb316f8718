"""What a client weighs: bytes that are kept of it, estimated, and what to let go of where all clients weigh too much.

Law: nobody weighs while there is room. What passes of a client counts as if all of it were kept, until that is too much
of all clients; then those of which something passed are weighed, a few with each flow, before any is forgotten.

Measured with tracemalloc: a client of which nothing is kept has 4 kB, one exchange 3 kB and its headers.
"""

from cors_addon.exchange.clients import Client, Pending, Queues
from cors_addon.exchange.model import Observation
from cors_addon.fetch.bounds import size_of

BUDGET = 64 << 20
"""Bytes of all clients together, if nobody says otherwise."""
OF_A_CLIENT = 4096
"""Bytes of one of which nothing is kept but that it is there."""
_OF_A_FLOW = 3072
"""Bytes of an observation, its judgement and what belongs to them, without headers and URL."""
_OF_AN_ITEM = 512


def of_flow(observation: Observation) -> int:
    """Bytes that an observation keeps."""
    return _OF_A_FLOW + size_of(observation.request) + size_of(observation.response) + len(observation.url.path)


def of_client(client: Client) -> int:
    """Bytes that are kept of a client."""
    flows: dict[int, Observation] = {}
    for queues in (client.preflights, client.hops):
        for waiting in queues.all():
            _note(flows, waiting)
    items = len(client.cookies) + len(client.uploads)
    for entry in client.cache.all():
        items += 1
        source = entry.latest.source
        if source is not None:
            for member in (source, *source.chain):
                flows[id(member.observation)] = member.observation
    stored = sum(size_of(each.fields) + _OF_AN_ITEM for each in client.stored.values())
    return OF_A_CLIENT + sum(map(of_flow, flows.values())) + _OF_AN_ITEM * items + stored


def _note(flows: dict[int, Observation], waiting: Pending) -> None:
    for member in (waiting.judgement, *waiting.fetch.members):
        flows[id(member.observation)] = member.observation


def halve(client: Client) -> None:
    """Let go of the older half of what is kept of it."""
    for queues in (client.preflights, client.hops):
        _halve(queues)
    client.cache.halve()
    for _ in range((len(client.stored) + 1) // 2):
        client.stored.popitem(last=False)


def _halve(queues: Queues) -> None:
    listed = queues.all()
    for waiting in listed[: (len(listed) + 1) // 2]:
        queues.remove(waiting)
