"""HAR files: exchanges as a browser's developer tools, a test runner or another proxy exported them.

Law 1: an entry is judged only as far as the file tells what was on the wire. Answers from a cache, requests that were
never sent and answers that the file does not have are counted and named, not judged. What the browser itself says that
it refused is denied, without an answer too.
Law 2: exchanges come out in the order in which their answers were complete, as far as a window of `WINDOW` can sort.
Law 3: a preflight comes before the request it was sent for, whatever the clocks in the file say.
"""

import heapq
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

from cors_addon.exchange.model import Observation, PreflightsSeen, Word
from cors_addon.exchange.timing import HAR_SAME_MOMENT
from cors_addon.recordings import har_entry, json_stream
from cors_addon.recordings.exchange import Note, Recorded, Wanted
from cors_addon.recordings.har_dialects import Context, last_name
from cors_addon.recordings.har_entry import Entry
from cors_addon.recordings.har_text import Entries
from cors_addon.recordings.source import Damage, Source

WINDOW = 500
"""Entries that are sorted at a time."""
MOST_KEPT = 1 << 25
"""Bytes of their bodies; with larger ones, fewer entries are sorted at a time."""

NO_COOKIES = (
    "no Cookie, Set-Cookie or Authorization in this file: it may have been exported without sensitive data, so whether"
    " credentials were included is unknown"
)
MIN_FOR_NO_COOKIES = 20


def read(source: Source, wanted: Wanted) -> Iterator[Recorded | None]:
    """Each exchange of a HAR, None for one with which CORS has nothing to do; raises Damage after the last good one."""
    context = Context(source.name if wanted.whole_name else last_name(source.name))
    entries = _entries(source, context, whole=bool(wanted.expression))
    return read_entries(entries, context.name, wanted, context)


def read_entries(
    entries: Iterator[Any], name: str, wanted: Wanted, context: Context | None = None
) -> Iterator[Recorded | None]:
    """The same of entries that somebody else has read; ids begin with `name`. Raises what `entries` raises, at last.

    `context`: what is known of them already.
    """
    damage: list[Damage] = []
    yield from _exchanges(_until_damaged(entries, damage), context or Context(name), wanted)
    if damage:
        raise damage[0]


def read_as(creator: str, entries: Iterator[Any], name: str, wanted: Wanted) -> Iterator[Recorded | None]:
    """The same of what another format holds, as entries that a HAR by `creator` would have."""
    context = Context(name if wanted.whole_name else last_name(name))
    context.learn("creator", {"name": creator})
    return read_entries(entries, context.name, wanted, context)


def _until_damaged(entries: Iterator[Any], damage: list[Damage]) -> Iterator[Any]:
    """Entries, as far as they can be read: what waits to be sorted comes before the damage is told."""
    try:
        yield from entries
    except Damage as found:
        damage.append(found)


def _exchanges(entries: Iterator[Any], context: Context, wanted: Wanted) -> Iterator[Recorded | None]:
    choose = _chooser(wanted.expression)
    window = _Window(context)
    number = -1
    for number, raw in enumerate(entries):
        entry = har_entry.convert(raw, number, context)
        if entry.note and entry.observation is None:
            wanted.note(entry.note, 1)
        if entry.observation is not None and choose is not None:
            entry.chosen = bool(choose(raw, entry.observation))
        if entry.observation is not None and entry.of_use:
            window.add(entry)
            while window.size > WINDOW or (window.kept > MOST_KEPT and window.size > 1):
                yield window.pop(wanted.note)
        else:
            yield None
    while window.size:
        yield window.pop(wanted.note)
    if number >= 0:
        _note_what_is_left_out(context, number + 1, wanted.note)


def _note_what_is_left_out(context: Context, count: int, note: Note) -> None:
    if count >= MIN_FOR_NO_COOKIES and context.judged and not context.sensitive_seen:
        note(NO_COOKIES, 1)
    if context.maybe_sent_again and not context.dialect.is_proxy:
        note(har_entry.SENT_AGAIN, context.maybe_sent_again)
    if context.dialect.leaves_out is not None:
        note(context.dialect.leaves_out, 1)


def _entries(source: Source, context: Context, *, whole: bool) -> Iterator[Any]:
    """Each entry; `whole` as JSON has it, with nothing left undecoded."""
    text = json_stream.Text(source)
    if text.peek() == "[":
        raise Damage("JSON, but no HAR: it begins with an array, not with an object that has log.entries", 0)
    missing = "it has no log.entries"
    for key in json_stream.members(text):
        if key == "log" and text.peek() == "{":
            missing = yield from _log(text, context, missing, whole=whole)
        else:
            text.value()
    if missing:
        raise Damage(f"JSON, but no HAR: {missing}", 0)
    if text.peek():
        raise text.damage("something follows the HAR")


def _log(text: json_stream.Text, context: Context, missing: str, *, whole: bool) -> Generator[Any, None, str]:
    """The entries of the next value; returns what is missing so far, if anything is."""
    for key in json_stream.members(text):
        if key == "entries" and text.peek() == "[":
            missing = ""
            yield from json_stream.items(text) if whole else Entries(text)
        elif key in ("creator", "browser"):
            context.learn(key, text.value())
        else:
            text.value()
            if key == "entries" and missing:
                missing = "its log.entries is no array"
    return missing


def _chooser(expression: str) -> Callable[[Any, Observation], object] | None:
    if not expression:
        return None
    from cors_addon.recordings import selection  # mitmproxy takes a while to import

    chosen = selection.parse(expression)
    return lambda raw, observation: chosen(selection.flow_of_entry(raw, observation))


class _Window:
    """The entries that are being sorted, by the end of their answer."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._heap: list[tuple[float, int, Entry]] = []
        self.size = 0
        """How many they are."""
        self.kept = 0
        """Bytes of their bodies."""
        self._count = 0
        self._sees = PreflightsSeen.NONE
        self._preflights: dict[tuple[object, ...], list[Entry]] = {}
        self._requests: dict[tuple[object, ...], list[Entry]] = {}
        self._named: dict[tuple[object, ...], bytes] = {}
        """The methods of the latest preflights, as these name them."""
        self._coarse: list[Entry] = []
        """Those whose clock has whole seconds."""
        self._hops: list[Entry] = []
        """Of these, the redirects."""
        self._unanswered: dict[tuple[object, ...], list[Entry]] = {}
        """Of pages."""
        self._by_workers: dict[tuple[object, ...], float] = {}
        """When service workers asked for what, the latest."""

    def add(self, entry: Entry) -> None:
        """Take an entry in, after its preflight or before its request."""
        self.size += 1
        self.kept += entry.body_size
        if entry.coarse:
            self._coarse.append(entry)
            if entry.leads_to is not None:
                self._hops.append(entry)
        if entry.by_worker:
            self._explain_page(entry)
        elif entry.unanswered is not None:
            self._unanswered.setdefault(entry.unanswered, []).append(entry)
            sent = self._by_workers.get(entry.unanswered)
            entry.by_its_worker = sent is not None and entry.since <= sent + HAR_SAME_MOMENT
        if entry.preflight_for is not None:
            self._add_preflight(entry, entry.preflight_for)
            return
        if entry.fetch is not None:
            self._find_preflight(entry, entry.fetch)
        self._push(entry)
        if entry.coarse:
            self._follow(entry)

    def _add_preflight(self, entry: Entry, key: tuple[object, ...]) -> None:
        self._sees = PreflightsSeen.SOME
        self._push(entry)
        self._preflights.setdefault(key, []).append(entry)
        self._named[key] = entry.asks_for
        if len(self._named) > WINDOW:
            del self._named[next(iter(self._named))]
        request = _nearest(entry, self._requests.get(key, ()))
        if request is not None:
            _pair(entry, request)
            self._push(request)  # once more: in its new place, and after its preflight

    def _explain_page(self, entry: Entry) -> None:
        """A page's request that failed at its service worker, which had sent this one for it, is told by this one."""
        assert entry.observation is not None
        key = (entry.observation.url, entry.observation.method)
        self._by_workers[key] = entry.since
        if len(self._by_workers) > WINDOW:
            del self._by_workers[next(iter(self._by_workers))]
        waiting = self._unanswered.get(key)
        if waiting and waiting[-1].since <= entry.since + HAR_SAME_MOMENT:
            waiting[-1].by_its_worker = True

    def _find_preflight(self, entry: Entry, key: tuple[object, ...]) -> None:
        if entry.shouts and entry.observation is not None:
            entry.observation.method = self._named.get(key, entry.observation.method)
        self._requests.setdefault(key, []).append(entry)
        found = [each for each in self._preflights.get(key, ()) if _nearest(each, (entry,))]
        if found:
            _pair(max(found, key=lambda each: each.since), entry)

    def _follow(self, entry: Entry) -> None:
        """Let what a redirect leads to within its second begin when that has ended."""
        for hop in self._hops:
            for target in self._coarse if hop is entry else (entry,):
                if hop.follower is None and _leads(hop, target):
                    hop.follower = target
        self._delay(next((hop for hop in self._hops if hop.follower is entry), entry))

    def _delay(self, hop: Entry) -> None:
        """Move what follows, and what follows that."""
        for _ in range(len(self._coarse)):
            first, then = hop.observation, hop.follower
            if first is None or then is None or then.observation is None:
                return
            second = then.observation
            if second.started < first.ended:
                took = second.ended - second.started
                second.started, second.ended = first.ended, first.ended + took
                self._push(then)
            hop = then

    def _push(self, entry: Entry) -> None:
        assert entry.observation is not None
        self._count += 1
        entry.turn = self._count
        heapq.heappush(self._heap, (entry.observation.ended, self._count, entry))

    def pop(self, note: Note) -> Recorded | None:
        """The exchange whose answer was complete first; None where that of another explains it."""
        while True:
            _, turn, entry = heapq.heappop(self._heap)
            if turn == entry.turn:
                break
        self.size -= 1
        self.kept -= entry.body_size
        self._forget(entry)
        assert entry.observation is not None
        if entry.by_its_worker:
            note(har_entry.WORKER, 1)
            return None
        if entry.by_preflight and self._sees is not PreflightsSeen.NONE:
            note(entry.note, 1)
            return None
        return Recorded(
            entry.observation,
            entry.notes,
            entry.evidence_only,
            sees=self._sees,
            follows=self._context.keeps_failures,
            word=entry.heard,
            load=entry.load,
            chosen=entry.chosen,
            one_window=self._context.of_one_window,
            word_alone=entry.word_alone,
        )

    def _forget(self, entry: Entry) -> None:
        if entry.unanswered is not None and entry in (waiting := self._unanswered.get(entry.unanswered, [])):
            waiting.remove(entry)
            if not waiting:
                del self._unanswered[entry.unanswered]
        if entry.coarse:
            self._coarse.remove(entry)
            if entry.leads_to is not None:
                self._hops.remove(entry)
        for table, key in ((self._preflights, entry.preflight_for), (self._requests, entry.fetch)):
            if key is not None and entry in table.get(key, ()):
                table[key].remove(entry)
                if not table[key]:
                    del table[key]


def _nearest(preflight: Entry, requests: Iterable[Entry]) -> Entry | None:
    """The request that this preflight can be for which the page asked for last; None where there is none."""
    best: Entry | None = None
    rank: tuple[bool, float] = (False, 0.0)
    for request in requests:
        if not _can_be_for(preflight, request):
            continue
        found = (request.origin == preflight.origin, request.since)
        if best is None or found >= rank:
            best, rank = request, found
    return best


def _can_be_for(preflight: Entry, request: Entry) -> bool:
    """Whether this may be the preflight of a request to the same URL with the method that it asks for."""
    first, second = preflight.observation, request.observation
    assert first is not None
    assert second is not None
    return (
        not (request.paired or preflight.paired)
        and (request.tainted or request.origin == preflight.origin)
        and request.since - HAR_SAME_MOMENT <= first.started <= second.ended + request.slack + HAR_SAME_MOMENT
        and preflight.names <= request.names
        and not (request.exact and first.started > request.since)
    )


def _leads(hop: Entry, target: Entry) -> bool:
    """Whether a redirect may have led to this within a second."""
    assert target.observation is not None
    return (
        hop.leads_to is not None
        and hop is not target
        and hop.leads_to == target.observation.url
        and 0 <= target.since - hop.since <= 1
    )


def _pair(preflight: Entry, request: Entry) -> None:
    """Let the request begin when its preflight has ended."""
    first, second = preflight.observation, request.observation
    assert first is not None
    assert second is not None
    preflight.paired = request.paired = True
    if request.by_preflight and preflight.heard is None:
        preflight.heard = Word(passed=False, text=request.heard.text if request.heard is not None else "")
    if second.started < first.ended or second.ended < first.ended:
        second.started = max(second.started, first.ended)
        second.ended = max(second.ended, second.started)
