"""mitmproxy dumps, read several times as fast as mitmproxy reads them: only the fields that a verdict needs are built.

Law 1: mitmproxy's own `FlowReader` is the reference: whatever it reads is read here, and found to be the same. What is
not as expected goes to it: another version of the format, a damaged field. What it refuses, too, is damage.
Law 2: damage in what no verdict needs does no harm, though mitmproxy would stop there.
Law 3: a large record is mapped into memory, not read.
"""

import contextlib
import mmap
from collections.abc import Callable, Iterator
from io import BytesIO
from math import isfinite
from typing import NamedTuple, cast

from mitmproxy import exceptions, http
from mitmproxy.io import FlowReader

from cors_addon.exchange import browser_reports
from cors_addon.flows import translate
from cors_addon.recordings.dump_flow import MAX_PREFIX, Data, FlowParser, is_evidence_only, is_load, use_of
from cors_addon.recordings.exchange import Learned, Recorded
from cors_addon.recordings.source import Damage, Source

type Choose = Callable[[http.HTTPFlow], object]


def read(
    source: Source, choose: Choose | None = None, *, lazy: bool = True, learned: Learned | None = None
) -> Iterator[Recorded | None]:
    """Each HTTP flow of a dump, None for one that CORS has no use for; raises Damage after the last good one.

    `choose` selects flows, which costs mitmproxy's own reading, for a filter may ask for anything. `learned` is written
    by whoever judges them as they come.
    """
    known = Learned() if learned is None else learned
    parser = FlowParser(known) if lazy and choose is None else None
    for record in _records(source):
        yield _recorded_of(record, parser, choose, known)


def _recorded_of(
    record: "Record", parser: FlowParser | None, choose: Choose | None, learned: Learned
) -> Recorded | None:
    if parser is not None:
        with contextlib.suppress(Exception):  # whatever it is, mitmproxy decides
            flow = parser.parse(record.data, record.begin, record.end)
            return None if flow is None else _recorded(cast(http.HTTPFlow, flow), flow.of_use)
    try:
        read = next(iter(FlowReader(BytesIO(record.data[record.at : record.end])).stream()))
        of_use = use_of(read, integrity_seen=learned.integrity_seen) if isinstance(read, http.HTTPFlow) else 0
        if not isinstance(read, http.HTTPFlow) or not of_use:
            return None
        recorded = _recorded(read, of_use)
        return recorded if choose is None else recorded._replace(chosen=bool(choose(read)))
    except exceptions.FlowReadException as error:
        raise Damage(_why(error), record.offset) from error
    except Exception as error:  # a flow that mitmproxy lets pass, but which it could not show either
        raise Damage(f"a damaged flow: {error!r}", record.offset) from error


def _why(error: exceptions.FlowReadException) -> str:
    cause = str(error.__cause__ or error)
    return cause if "cannot read files" in cause else "a damaged flow"


def _recorded(flow: http.HTTPFlow, of_use: int) -> Recorded:
    notes = (translate.BROKE_OFF,) if flow.error is not None and translate.breaks_off(flow) else ()
    observation = translate.observation(flow)
    if not (isfinite(observation.started) and isfinite(observation.ended)):
        raise ValueError("a time that is no number")
    told = (observation.client, observation.connection, observation.flow_id, observation.proxy_error)
    if not all(isinstance(each, str | None) for each in (*told, observation.url.host, observation.url.path)):
        raise TypeError("an address, an id or a message that is no text")
    replayed = flow.is_replay == "request"
    request = flow.request.data
    reports = browser_reports.is_report(request.method, request.headers.fields) and not replayed
    report = request.content or b"" if reports else b""
    return Recorded(observation, notes, is_evidence_only(of_use), replayed, load=is_load(of_use), report=report)


# ---- a dump cut into records ----

_MAPPED = 1 << 24
"""Records from this size on are mapped into memory."""
_MAX_PIPED = 1 << 31
"""No record from a pipe may be larger: nothing but damage says so."""


class Record(NamedTuple):
    """A record, and the data that it is in."""

    data: Data
    at: int
    """Where its length begins."""
    begin: int
    """Where its content begins."""
    end: int
    """Where it ends, its type included."""
    offset: int
    """Where in the dump it begins."""


class _Buffer:
    """What was read of a dump and not yet used."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.data = b""
        self.at = 0
        """What comes before was used."""
        self.offset = 0
        """Where in the dump that is."""

    def grow(self, to: int = 0) -> bool:
        """Read on, until so many bytes are there; False at the end of the dump."""
        parts = [self.data[self.at :]]
        missing = max(to - len(parts[0]), 1)
        while missing > 0:
            try:
                more = self._source.read()
            except Damage as damage:
                raise Damage(damage.what, self.offset) from damage
            if not more:
                break
            parts.append(more)
            missing -= len(more)
        self.data, self.at = b"".join(parts), 0
        return missing <= 0

    def use(self, size: int) -> None:
        """Go on after so many bytes, which may lie beyond what was read."""
        self.at += size
        self.offset += size


def _records(source: Source) -> Iterator[Record]:
    buffer = _Buffer(source)
    while (prefix := _prefix(buffer)) is not None:
        size = len(prefix) + 1 + int(prefix) + 1
        if size > len(buffer.data) - buffer.at:
            whole = source.length is None or buffer.offset + size <= source.length
            if not whole or size > _MAX_PIPED:
                raise Damage("the last flow is cut off", buffer.offset)
            if source.file is not None and size > _MAPPED:
                yield from _mapped(source, buffer.offset, len(prefix) + 1, size)
                buffer.use(size)
                source.seek(buffer.offset)
                buffer.data, buffer.at = b"", 0
                continue
            if not buffer.grow(size):
                raise Damage("the last flow is cut off", buffer.offset)
        at = buffer.at
        yield Record(buffer.data, at, at + len(prefix) + 1, at + size, buffer.offset)
        buffer.use(size)


def _prefix(buffer: _Buffer) -> bytes | None:
    """The digits of the next record's length; None at the end of the dump."""
    while (colon := buffer.data.find(b":", buffer.at, buffer.at + MAX_PREFIX)) < 0:
        if len(buffer.data) - buffer.at >= MAX_PREFIX or not buffer.grow():
            break
    if colon < 0 and buffer.at == len(buffer.data):
        return None
    digits = buffer.data[buffer.at : colon]
    if colon < 0 or not digits.isdigit():
        raise Damage("not a flow", buffer.offset)
    return digits


def _mapped(source: Source, offset: int, prefix: int, size: int) -> Iterator[Record]:
    """A record, without loading its bodies."""
    assert source.file is not None
    at = offset % mmap.ALLOCATIONGRANULARITY
    with mmap.mmap(source.file.fileno(), at + size, offset=offset - at, access=mmap.ACCESS_READ) as data:
        yield Record(data, at, at + prefix, at + size, offset)
