"""What a client weighs: bytes that are kept of it, estimated, and what to let go of where all clients weigh too much.

Law: nobody weighs while there is room. What passes of a client counts as if all of it were kept, until that is too much
of all clients; then those of which something passed are weighed, a few with each flow, before any is forgotten.

Measured with tracemalloc, each block rounded up as the interpreter does: a client of which nothing is kept has 1.8 kB,
an exchange 1 kB and its headers, one that waits 2 kB.
"""

from cors_addon.exchange.clients import Client, Pending, Queues
from cors_addon.exchange.model import USUAL_LINES, USUAL_SIZE, Observation
from cors_addon.fetch.bounds import OF_A_LINE, kept_size

BUDGET = 64 << 20
"""Bytes of all clients together, if nobody says otherwise."""
OF_A_CLIENT = 1856
"""Bytes of one of which nothing is kept but that it is there."""
_OF_A_FLOW = 1088
"""Bytes of an observation, its judgement and what belongs to them, without headers and URL."""
_OF_WAITING = 960
"""Bytes of one that something should follow, besides."""
_OF_AN_ITEM = 512
_OF_A_NAME = 160
"""Bytes of a method or a header's name that an answer grants, and of one that was asked for."""
_OF_A_LINES_NAME = 20
"""Bytes of a header line's name and what stands around it, about."""
_MANY = 64
"""Exchanges of a client from which on they are weighed by their size."""
_AT_ONCE = 96
"""Exchanges of each kind that a client is made to let go of at a time: a millisecond."""
OF_A_WORD = 64
"""Bytes of a header's name that a preflight asks for, alone."""


def of_flow(observation: Observation) -> int:
    """Bytes that an observation keeps."""
    return _OF_A_FLOW + len(observation.url.path) + kept_size(observation.request) + kept_size(observation.response)


def _of_flow_among_many(observation: Observation) -> int:
    """The same, about, from its `size`: to look at each line of a thousand flows takes 10 ms."""
    lines = len(observation.request) + len(observation.response)
    listed = OF_A_LINE * min(lines, USUAL_LINES) + _OF_A_LINES_NAME * lines  # lines beyond those are in its size
    return _OF_A_FLOW + len(observation.url.path) + observation.size - USUAL_SIZE + listed


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


def of_client(client: Client, seen: list[Observation] | None = None) -> int:
    """Bytes that are kept of a client, without what it shares. `seen`: its flows, where they are at hand."""
    seen = flows_of(client) if seen is None else seen
    if len(seen) > _MANY:  # of which nothing is shared
        flows = sum(map(_of_flow_among_many, seen))
    else:
        shared = {*map(id, client.shared)}
        flows = sum(_OF_A_FLOW + len(each.url.path) for each in seen)
        held = (fields for each in seen for fields in (each.request, each.response))
        flows += sum(kept_size(fields) for fields in held if id(fields) not in shared)
    items = len(client.cookies) + len(client.uploads)
    cached = sum(
        _OF_AN_ITEM + _OF_A_NAME * (len(entry.methods) + len(entry.headers) + len(entry.requested))
        for entry in client.cache.all()
    )
    stored = sum(kept_size(each.fields) + _OF_AN_ITEM for each in client.stored.values())
    for waiting in (*client.preflights.all(), *client.hops.all()):
        flows += _OF_WAITING + OF_A_WORD * len(waiting.judgement.requested_headers)
    return OF_A_CLIENT + flows + _OF_AN_ITEM * items + cached + stored


def _note(flows: dict[int, Observation], waiting: Pending) -> None:
    for member in (waiting.judgement, *waiting.fetch.members):
        flows[id(member.observation)] = member.observation


def halve(client: Client) -> None:
    """Let go of the older half of what is kept of it, or where that is much, of the oldest of it."""
    for queues in (client.preflights, client.hops):
        _halve(queues)
    client.cache.halve()
    for _ in range((len(client.stored) + 1) // 2):
        del client.stored[next(iter(client.stored))]


def _halve(queues: Queues) -> None:
    listed = queues.all()
    for waiting in listed[: min((len(listed) + 1) // 2, _AT_ONCE)]:
        queues.remove(waiting)
        if not waiting.followers and len(waiting.fetch.members) == 1:  # nobody else leads to it
            waiting.let_go()
