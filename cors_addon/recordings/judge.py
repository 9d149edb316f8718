"""Recordings judged: each file's exchanges through a tracker of its own, out as judgements while they stream.

Law 1: the judgements are the very ones, revisions included, that the addon makes of the same flows.
Law 2: what a recording leaves out proves nothing. Where it may have left out a preflight, its absence contradicts no
verdict.
Law 3: a filter selects what is told, not what is known: a request is judged with its preflight, selected or not.
Law 4: damage ends a file, never the run; what came before it counts.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from cors_addon.audit.auditor import Auditor
from cors_addon.exchange.harmless import is_harmless
from cors_addon.exchange.load_trials import LoadTrial
from cors_addon.exchange.model import Judgement, Observation
from cors_addon.exchange.request_headers import shape_of
from cors_addon.fetch.headers import get
from cors_addon.recordings import formats, har
from cors_addon.recordings.exchange import Learned, Recorded, Wanted
from cors_addon.recordings.source import Damage, Source
from cors_addon.report.input import Input
from cors_addon.session.session import Session

if TYPE_CHECKING:
    from cors_addon.session.page_log import Entry

type Progress = Callable[[Source, Input], None]


@dataclass(frozen=True)
class How:
    """How recordings are judged."""

    engine: str = "auto"
    expression: str = ""
    """A mitmproxy filter: only of what it selects is told."""
    whole_name: bool = False
    """Exchanges of a HAR are called by the file's whole name and their number in it, not by its last name."""
    witness: str = ""
    """Name of a log of what pages said, which belongs to the file."""
    auditor: Auditor | None = None
    """Files that are given the same may show security findings together."""
    progress: Progress | None = None
    trials: tuple[LoadTrial, ...] = ()
    """Policies that are tried on each load."""


_PLAINLY = How()


def judged(name: str, into: Input, how: How = _PLAINLY, opened: BinaryIO | None = None) -> Iterator[Judgement]:
    """Judge a file; what there is to say of its reading goes `into`. Raises OSError, and ValueError for the filter.

    `opened`: the file itself, where it is open already.
    """
    try:
        source = Source(name, opened)
    except Damage as damage:
        into.damage, into.offset = damage.what, damage.offset
        return
    try:
        kind = formats.find_in(source)
        into.kind = kind.name
        learned = Learned()
        exchanges = kind.read(source, Wanted(into.note, how.expression, how.whole_name, learned))
        session = Session(engine=how.engine, skew=kind.skew, auditor=how.auditor)
        session.try_on_loads(how.trials)
        counted = _told(_counted(exchanges, source, into, how.progress), session, learned)
        only = _Chosen() if how.expression else None
        if how.witness:
            from cors_addon.session import page_log

            with _opened_log(how.witness) as log:
                yield from _judge_witnessed(
                    counted, session, only, page_log.entries(iter(lambda: log.readline(page_log.LONGEST), b""))
                )
        else:
            yield from _judge(counted, session, only)
    except Damage as damage:
        into.damage, into.offset = damage.what, damage.offset
    finally:
        source.close()


def judged_entries(entries: Iterable[Any], into: Input, how: How = _PLAINLY) -> Iterator[Judgement]:
    """Judge the entries of a HAR that somebody else has read."""
    into.kind = formats.HAR.name
    exchanges = har.read_entries(iter(entries), into.name, Wanted(into.note, how.expression))
    session = Session(engine=how.engine, skew=formats.HAR.skew, auditor=how.auditor)
    session.try_on_loads(how.trials)
    yield from _judge(_counted(exchanges, None, into, None), session, _Chosen() if how.expression else None)


def _opened_log(name: str) -> BinaryIO:
    try:
        return open(name, "rb")
    except OSError as error:
        raise Damage(f"cors_witness_log {name}: {error.strerror}") from None


def _counted(
    exchanges: Iterator[Recorded | None], source: Source | None, into: Input, progress: Progress | None
) -> Iterator[Recorded]:
    for exchange in exchanges:
        into.flows += 1
        if progress is not None and source is not None and not into.flows & 63:
            progress(source, into)
        if exchange is not None:
            yield exchange


def _told(exchanges: Iterator[Recorded], session: Session, learned: Learned) -> Iterator[Recorded]:
    """The same, while their reader is told what was learned of those that were judged."""
    for exchange in exchanges:
        yield exchange
        learned.integrity_seen = session.loads.integrity_seen


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


def _judge_witnessed(
    exchanges: Iterable[Recorded], session: Session, only: _Chosen | None, told: "Iterator[Entry]"
) -> Iterator[Judgement]:
    """The same, with what pages said at each time. Raises Damage for a log that is none."""
    pages = session.listen()
    waiting = _next(told)
    observation: Observation | None = None
    for exchange in exchanges:
        observation = exchange.observation
        while waiting is not None and waiting.time < observation.started:
            yield from _hear(waiting, session, observation, only)
            waiting = _next(told)
        agent = get(observation.request, b"user-agent")
        pages.note_sent((observation.client, agent), observation.url, observation.started)
        judgements = _judge_exchange(exchange, session, only)
        yield from judgements if only is None else only.among(judgements)
    while waiting is not None:
        yield from _hear(waiting, session, observation, only)
        waiting = _next(told)
    last = session.finish()
    yield from last if only is None else only.among(last)


def _next(told: "Iterator[Entry]") -> "Entry | None":
    try:
        return next(told, None)
    except ValueError as error:
        raise Damage(f"cors_witness_log: {error}") from None


def _hear(entry: "Entry", session: Session, near: Observation | None, only: _Chosen | None) -> list[Judgement]:
    scene = entry.scene
    if near is not None and near.client is None and isinstance(scene.client, tuple):
        scene = scene._replace(client=(None, scene.client[1]))  # a HAR does not say whose it is
    heard = session.hear_page(scene, entry.report)
    return heard if only is None else only.among(heard)


def _judge_exchange(exchange: Recorded, session: Session, only: _Chosen | None) -> list[Judgement]:
    judgements = _judge_flow(exchange, session, only)
    if exchange.report:
        unsent = session.hear_reports(exchange.observation, exchange.report)
        if only is not None and exchange.chosen:
            for each in unsent:  # selected as the report is
                only.note(each.observation.flow_id)
        judgements += unsent
    return judgements


def _judge_flow(exchange: Recorded, session: Session, only: _Chosen | None) -> list[Judgement]:
    observation, notes, evidence_only, replayed, sees, follows, word, load, chosen, one_window, word_alone, _ = exchange
    session.tracker.sees, session.tracker.follows = sees, follows
    session.tracker.see_one_window(one_window)
    if only is not None and chosen:
        only.note(observation.flow_id)
    if evidence_only and (word is None or word.stopped_by is None) and not _is_news(observation, session):
        session.note_answer(observation)
        return session.observe_load(observation) if load and not is_harmless(observation, session.loads) else []
    if replayed:
        return session.replayed(observation) if chosen else []
    if word is not None and (observation.status is None or word_alone):
        from cors_addon.recordings import unanswered  # of use to few files, and takes a while to import

        return session.told([unanswered.judgement(observation, word, notes)]) if chosen else []
    return session.observe(observation, notes, word)


def _is_news(observation: Observation, session: Session) -> bool:
    """Whether an exchange without Origin tells something new of the credentials of its connection."""
    connection, shape = observation.connection, shape_of(observation.request)
    if not (shape.has_cookie or shape.upgrades_insecure):
        return False
    return connection is None or session.is_cookie_news(connection)
