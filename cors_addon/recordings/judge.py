"""Recordings judged: each file's exchanges through a tracker of its own, out as judgements while they stream.

Law 1: the judgements are the very ones, revisions included, that the addon makes of the same flows.
Law 2: what a recording leaves out proves nothing. Where it may have left out a preflight, its absence contradicts no
verdict.
Law 3: a filter selects what is told, not what is known: a request is judged with its preflight, selected or not.
Law 4: damage ends a file, never the run; what came before it counts.
"""

from collections.abc import Callable, Iterable, Iterator

from cors_addon.audit.auditor import Auditor
from cors_addon.exchange.http_cache import is_plain
from cors_addon.exchange.model import Judgement, Observation
from cors_addon.exchange.tracker import HAR_SKEW, Tracker
from cors_addon.policy.suffixes import registrable_domain
from cors_addon.recordings import har, unrecorded
from cors_addon.recordings.exchange import Recorded
from cors_addon.recordings.source import Damage, Kind, Source
from cors_addon.report.summary import Input

SETTLE_EVERY = 5.0
"""Seconds of flow time between two looks at what nothing followed: as in the addon."""

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
        auditor = auditor or Auditor(registrable_domain)
        skew = HAR_SKEW if source.kind is Kind.HAR else 0.0
        for judgement in _judge(exchanges, engine, _Chosen() if filter_expression else None, skew):
            auditor.audit(judgement)
            yield judgement
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


def _judge(exchanges: Iterable[Recorded], engine: str, only: _Chosen | None, skew: float) -> Iterator[Judgement]:
    tracker = Tracker(engine=engine, site=registrable_domain, skew=skew)
    settled = 0.0
    # damage ends this without a last look: what followed is not known, and nothing to be concluded from its absence
    for observation, notes, evidence_only, replayed, sees, refused, chosen in exchanges:
        tracker.sees = sees
        if evidence_only and observation.connection is not None and not tracker.is_cookie_news(observation.connection):
            if is_plain(observation.method, observation.status, observation.response):
                tracker.note_plain(
                    observation.client, observation.url, observation.request, observation.response, observation.ended
                )
            continue
        if only is not None and chosen:
            only.note(observation.flow_id)
        if replayed:
            if chosen:
                yield from _replayed(observation, engine)
            continue
        if refused is not None:
            if chosen:
                yield unrecorded.judgement(observation, refused, notes)
            continue
        judgements = tracker.observe(observation)
        if judgements and notes and judgements[0].observation is observation:
            judgements[0].assumptions += notes
        if abs(observation.started - settled) >= SETTLE_EVERY:
            settled = observation.started
            judgements += tracker.settle(settled)
        yield from judgements if only is None else only.among(judgements)
    last = tracker.finish()
    yield from last if only is None else only.among(last)


def _replayed(observation: Observation, engine: str) -> Iterator[Judgement]:
    from cors_addon.proxy import standalone

    judgement = standalone.replayed(observation, engine)
    if judgement is not None:
        yield judgement
