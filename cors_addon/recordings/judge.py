"""Recordings judged: each file's exchanges through a tracker of its own, out as judgements while they stream.

Law 1: the judgements are the very ones, revisions included, that the addon makes of the same flows.
Law 2: what a recording leaves out proves nothing. Where it may have left out a preflight, its absence contradicts no
verdict.
Law 3: a filter selects what is told, not what is known: a request is judged with its preflight, selected or not.
Law 4: damage ends a file, never the run; what came before it counts.
"""

from collections.abc import Callable, Iterable, Iterator

from cors_addon.audit.auditor import Auditor
from cors_addon.exchange.model import Judgement
from cors_addon.exchange.tracker import HAR_SKEW
from cors_addon.recordings import har, unrecorded
from cors_addon.recordings.exchange import Recorded
from cors_addon.recordings.source import Damage, Kind, Source
from cors_addon.report.summary import Input
from cors_addon.session.session import Session

type Progress = Callable[[Source, Input], None]


def judged(
    name: str,
    into: Input,
    *,
    engine: str = "auto",
    filter_expression: str = "",
    progress: Progress | None = None,
    auditor: Auditor | None = None,
    whole_name: bool = False,
) -> Iterator[Judgement]:
    """Judge a file; what there is to say of its reading goes `into`. Raises OSError, and ValueError for the filter.

    Files given the same `auditor` may show security findings together. Exchanges of a HAR are called by the file's last
    name and their number in it; with `whole_name` by all of it, where another file has the same.
    """
    try:
        source = Source(name)
    except Damage as damage:
        into.damage, into.offset = damage.what, damage.offset
        return
    try:
        into.kind = source.kind.value
        exchanges = _counted(_exchanges(source, into, filter_expression, whole_name), source, into, progress)
        skew = HAR_SKEW if source.kind is Kind.HAR else 0.0
        session = Session(engine=engine, skew=skew, auditor=auditor)
        yield from _judge(exchanges, session, _Chosen() if filter_expression else None)
    except Damage as damage:
        into.damage, into.offset = damage.what, damage.offset
        into.kind = source.kind.value
    finally:
        source.close()


def _exchanges(source: Source, into: Input, expression: str, whole_name: bool) -> Iterator[Recorded | None]:
    if source.kind is Kind.HAR:
        return har.read(source, into.note, expression, whole_name=whole_name)
    from cors_addon.recordings import dump, selection  # mitmproxy takes a while to import

    return dump.read(source, selection.parse(expression) if expression else None)


def _counted(
    exchanges: Iterator[Recorded | None], source: Source, into: Input, progress: Progress | None
) -> Iterator[Recorded]:
    for exchange in exchanges:
        into.flows += 1
        if progress is not None and not into.flows & 63:
            progress(source, into)
        if exchange is not None:
            yield exchange


MAX_CHOSEN = 1 << 16
"""Selected exchanges that are remembered, for what revises them later."""


class _Chosen(dict[str, None]):
    """Ids of the exchanges that a filter selects."""

    def note(self, flow_id: str) -> None:
        """This one is selected."""
        self[flow_id] = None
        if len(self) > MAX_CHOSEN:
            del self[next(iter(self))]

    def among(self, judgements: list[Judgement]) -> list[Judgement]:
        """Those of selected exchanges."""
        return [each for each in judgements if each.observation.flow_id in self]


def _judge(exchanges: Iterable[Recorded], session: Session, only: _Chosen | None) -> Iterator[Judgement]:
    # damage ends this without a last look: what followed is not known, and nothing to be concluded from its absence
    for exchange in exchanges:
        judgements = _judge_exchange(exchange, session, only)
        yield from judgements if only is None else only.among(judgements)
    last = session.finish()
    yield from last if only is None else only.among(last)


def _judge_exchange(exchange: Recorded, session: Session, only: _Chosen | None) -> list[Judgement]:
    observation, notes, evidence_only, replayed, sees, refused, chosen = exchange
    session.tracker.sees = sees
    connection = observation.connection
    if evidence_only and connection is not None and not session.is_cookie_news(connection):
        session.note_answer(observation)
        return []
    if only is not None and chosen:
        only.note(observation.flow_id)
    if replayed:
        return session.replayed(observation) if chosen else []
    if refused is not None:
        return session.told([unrecorded.judgement(observation, refused, notes)]) if chosen else []
    return session.observe(observation, notes)
