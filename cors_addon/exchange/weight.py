"""What a client weighs: bytes that are kept of it, estimated, and what to let go of where all clients weigh too much.

Law: nobody weighs while there is room. What passes of a client counts as if all of it were kept, until that is too much
of all clients; then those of which something passed are weighed, a few with each flow, before any is forgotten.

Measured with tracemalloc: a client of which nothing is kept has 2 kB, one exchange 1.5 kB and its headers.
"""

from cors_addon.exchange.clients import Client, Pending, Queues
from cors_addon.exchange.model import Fields, Observation
from cors_addon.fetch.bounds import size_of

BUDGET = 64 << 20
"""Bytes of all clients together, if nobody says otherwise."""
OF_A_CLIENT = 2048
"""Bytes of one of which nothing is kept but that it is there."""
_OF_A_FLOW = 1536
"""Bytes of an observation, its judgement and what belongs to them, without headers and URL."""
_OF_A_LINE = 112
"""Bytes of a header line, besides its text."""
_OF_AN_ITEM = 512
_OF_A_NAME = 160
"""Bytes of a method or a header's name that an answer grants, and of one that was asked for."""


def of_flow(observation: Observation) -> int:
    """Bytes that an observation keeps."""
    return _OF_A_FLOW + len(observation.url.path) + _of_list(observation.request) + _of_list(observation.response)


def _of_list(fields: Fields) -> int:
    return size_of(fields) + _OF_A_LINE * len(fields)


def flows_of(client: Client) -> list[Observation]:
    """All exchanges that are kept of a client."""
    flows: dict[int, Observation] = {}
    for queues in (client.preflights, client.hops):
        for waiting in queues.all():
            _note(flows, waiting)
    for entry in client.cache.all():
        source = entry.latest.source
        if source is not None:
            for member in (source, *source.chain):
                flows[id(member.observation)] = member.observation
    return list(flows.values())


def of_client(client: Client) -> int:
    """Bytes that are kept of a client, without what it shares."""
    shared = {*map(id, client.shared)}
    flows = 0
    for each in flows_of(client):
        flows += _OF_A_FLOW + len(each.url.path)
        flows += sum(_of_list(fields) for fields in (each.request, each.response) if id(fields) not in shared)
    items = len(client.cookies) + len(client.uploads)
    cached = sum(
        _OF_AN_ITEM + _OF_A_NAME * (len(entry.methods) + len(entry.headers) + len(entry.requested))
        for entry in client.cache.all()
    )
    stored = sum(_of_list(each.fields) + _OF_AN_ITEM for each in client.stored.values())
    return OF_A_CLIENT + flows + _OF_AN_ITEM * items + cached + stored


def _note(flows: dict[int, Observation], waiting: Pending) -> None:
    for member in (waiting.judgement, *waiting.fetch.members):
        flows[id(member.observation)] = member.observation


def halve(client: Client) -> None:
    """Let go of the older half of what is kept of it."""
    for queues in (client.preflights, client.hops):
        _halve(queues)
    client.cache.halve()
    for _ in range((len(client.stored) + 1) // 2):
        del client.stored[next(iter(client.stored))]


def _halve(queues: Queues) -> None:
    listed = queues.all()
    for waiting in listed[: (len(listed) + 1) // 2]:
        queues.remove(waiting)
