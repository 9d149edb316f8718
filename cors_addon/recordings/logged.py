"""Requests as a browser's own event log shows them, as exchanges to be judged.

Law 1: headers count as far as they were on the wire. What was never sent is told by the browser's word, or noted.
Law 2: exchanges come out in the order in which their answers were complete, as far as a window of `WINDOW` can sort.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cors_addon.exchange import telling
from cors_addon.exchange.http_cache import is_plain
from cors_addon.exchange.model import Fields, Observation, PreflightsSeen, Word
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.fetch.headers import LOWER
from cors_addon.fetch.load import Destination
from cors_addon.fetch.names import ALLOW_ORIGIN, ASKED_METHOD
from cors_addon.fetch.origins import OPAQUE
from cors_addon.recordings import har_fields
from cors_addon.recordings.damage import Damage
from cors_addon.recordings.exchange import Recorded, Wanted
from cors_addon.recordings.har_dialects import last_name
from cors_addon.recordings.har_wire import GIVEN_UP as GIVEN_UP
from cors_addon.recordings.har_wire import WEBSOCKET as WEBSOCKET
from cors_addon.recordings.har_wire import WORKER as WORKER

WINDOW = 500
"""Exchanges that are sorted at a time."""
MOST_KEPT = 1 << 24
"""Characters of them."""

ORIGIN_FROM_DOCUMENT = "no Origin in the log, for the request was not sent: taken from the page that made it"
STILL_OPEN = "no answer in this log: the request was still open when it ended, or an event is missing"
NOT_TOLD = (
    "failed, and the log does not say why: whether the browser refused it or the network failed is not to be told"
)

DESTINATIONS = {
    "document": Destination.IFRAME,
    "eventsource": Destination.EVENT_SOURCE,
    "fetch": Destination.EMPTY,
    "font": Destination.FONT,
    "iframe": Destination.IFRAME,
    "image": Destination.IMAGE,
    "img": Destination.IMAGE,
    "manifest": Destination.MANIFEST,
    "media": Destination.VIDEO,
    "audio": Destination.AUDIO,
    "video": Destination.VIDEO,
    "script": Destination.SCRIPT,
    "style": Destination.STYLE,
    "stylesheet": Destination.STYLE,
    "texttrack": Destination.TRACK,
    "track": Destination.TRACK,
    "xhr": Destination.EMPTY,
    "xmlhttprequest": Destination.EMPTY,
}
"""By what logs call the type of a request, lower case."""
SCRIPTS = frozenset({"fetch", "xhr", "xmlhttprequest", "eventsource"})
_ALLOW_ORIGIN = ALLOW_ORIGIN.lower().encode()
_EVIDENCE = frozenset({b"cookie", b"upgrade-insecure-requests"})


@dataclass(slots=True, eq=False)
class Logged:
    """One request with its answer, as far as the log has them."""

    url: str
    method: str
    headers: Any
    """Of the request: an object, or pairs; see `har_fields.header_list`. A tuple is a header list already."""
    sent: bool
    """Those are the headers that were sent, not what the page had made."""
    started: float
    ended: float
    """Unix seconds."""
    status: int | None = None
    answer: Any = ()
    kind: str = ""
    """What the log calls its type."""
    connection: str | None = None
    http2: bool = False
    has_body: bool = False
    page: str = ""
    """The URL of the page, or the origin, for a request whose Origin is not in the log."""
    word: Word | None = None
    unanswered: bool = False
    """It was sent, and got no answer."""
    note: str = ""
    """Why it is not judged."""
    notes: tuple[str, ...] = ()
    """What had to be assumed."""
    number: int = 0


class Log:
    """What is read of one log: requests go in, exchanges come out in order."""

    def __init__(self, name: str, wanted: Wanted, *, one_window: bool = False) -> None:
        """Of a file of this name. `one_window`: the browser recorded one window of its own."""
        self._one_window = one_window
        self._name = name if wanted.whole_name else last_name(name)
        self._note = wanted.note
        self._choose = _chooser(wanted.expression)
        self._heap: list[tuple[float, int, int, Recorded]] = []
        """By the end of the answer, in order; with the size of each."""
        self._kept = 0
        self._order = 0
        self._sees = PreflightsSeen.NONE
        self._skipped = 0
        self.count = 0
        """Requests numbered so far."""

    def number(self) -> int:
        """The number of the next request, in the order of their beginnings."""
        self.count += 1
        return self.count - 1

    def add(self, logged: Logged) -> None:
        """Take in a request that is complete."""
        found = None if logged.note else self._converted(logged)
        if logged.note:
            self._note(logged.note, 1)
        if found is None:
            self._skipped += 1
            return
        self._order += 1
        seen = found.observation
        size = len(seen.url.path) + sum([len(value) for _, value in (*seen.request, *seen.response)])
        self._kept += size
        heapq.heappush(self._heap, (seen.ended, self._order, size, found))

    def skip(self) -> None:
        """Count a request of which nothing is to be said."""
        self._skipped += 1

    def ready(self) -> Iterator[Recorded | None]:
        """What nothing that is still to come precedes."""
        yield from self._pop(WINDOW)

    def rest(self) -> Iterator[Recorded | None]:
        """All that is left."""
        yield from self._pop(0)

    def of_all(
        self, events: Iterator[Any], see: Callable[[Any], None], finish: Callable[[], None]
    ) -> Iterator[Recorded | None]:
        """What comes of all events, each of which `see` takes in; raises the damage that ends them, at last."""
        damage: Damage | None = None
        try:
            for event in events:
                see(event)
                if self._skipped or len(self._heap) > WINDOW or self._kept > MOST_KEPT:
                    yield from self.ready()
        except Damage as found:
            damage = found
        finish()
        yield from self.rest()
        if damage is not None:
            raise damage

    def _pop(self, keep: int) -> Iterator[Recorded | None]:
        while self._skipped:
            self._skipped -= 1
            yield None
        while len(self._heap) > keep or self._kept > MOST_KEPT:
            _, _, size, found = heapq.heappop(self._heap)
            self._kept -= size
            yield found

    def _converted(self, logged: Logged) -> Recorded | None:
        """An exchange to be judged; None where there is nothing to be said of it. Total."""
        try:
            return self._convert(logged)
        except (TypeError, ValueError, LookupError, AttributeError, OverflowError):
            self._note("no exchange: its events have no usable request or response", 1)
            return None

    def _convert(self, logged: Logged) -> Recorded | None:
        url = har_fields.parsed_url(logged.url)
        if url is None:
            return None  # data:, blob:, an extension's
        fields = _fields(logged.headers)
        names = {LOWER[name] for name, _ in fields}
        notes = logged.notes
        word, status = logged.word, logged.status
        answer = _fields(logged.answer) if status is not None else ()
        if b"origin" not in names and not logged.sent and not _is_no_cors(word, answer):
            origin = _origin(logged.page)
            if origin not in ("", url.origin):
                fields += ((b"Origin", origin.encode("latin-1", "replace")),)
                names.add(b"origin")
                notes += (ORIGIN_FROM_DOCUMENT,)
        asked = b"origin" in names
        told = word is not None and (word.refusal is not None or word.stopped_by is not None)
        if status is None and not told and not logged.unanswered:
            if asked or logged.kind in SCRIPTS:
                self._note(_why(word), 1)
            return None
        observation = Observation(
            f"{self._name}#{logged.number}",
            None,
            None if logged.connection is None else (self._name, logged.connection),
            logged.started,
            max(logged.started, logged.ended),
            logged.method.encode("latin-1", "replace"),
            url,
            fields,
            status,
            answer,
            logged.http2,
            logged.has_body,
            destination=DESTINATIONS.get(logged.kind),
        )
        if status is not None and not asked and (word is None or word.stopped_by is None):
            return self._unasked(observation, names, word)
        if asked and ASKED_METHOD in names:
            self._sees = PreflightsSeen.SOME
        chosen = self._choose is None or bool(self._choose(observation))
        return Recorded(observation, notes, sees=self._sees, word=word, chosen=chosen, one_window=self._one_window)

    def _unasked(self, observation: Observation, names: set[bytes], word: Word | None) -> Recorded | None:
        """A request without an Origin: CORS does not judge it, but it may tell of what is judged."""
        sets_cookies = any(name.lower() == b"set-cookie" for name, _ in observation.response)
        tells = sets_cookies or observation.status in REDIRECT_STATUSES
        load = telling.is_load(observation)
        if not (tells or load or names & _EVIDENCE or _is_plain(observation)):
            return None
        chosen = self._choose is None or bool(self._choose(observation))
        return Recorded(
            observation,
            evidence_only=not tells,
            sees=self._sees,
            load=load,
            chosen=chosen,
            word=word if load else None,
            one_window=self._one_window,
        )


def _is_no_cors(word: Word | None, answer: Fields) -> bool:
    """Whether an answer that the page got, and that permits nothing, was asked for without CORS."""
    passed = word is not None and word.passed is True
    return passed and not any(LOWER[name] == _ALLOW_ORIGIN for name, _ in answer)


def _is_plain(seen: Observation) -> bool:
    return is_plain(seen.method, seen.status, seen.response)


def _why(word: Word | None) -> str:
    """Why nothing is judged where the log has no answer."""
    if word is None:
        return STILL_OPEN
    return GIVEN_UP if word.given_up else NOT_TOLD


def _origin(page: str) -> str:
    """The origin of a page; empty where it is not known."""
    if page == OPAQUE:
        return page
    url = har_fields.parsed_url(page)
    return "" if url is None else url.origin


class _Plain(dict[tuple[str, str], tuple[bytes, bytes] | None]):
    """Names and values in an object to header lines; None for what is to be read with more care. Most come again."""

    def __missing__(self, pair: tuple[str, str]) -> tuple[bytes, bytes] | None:
        found = _line(*pair)
        if len(pair[1]) <= _MAX_VALUE:
            if len(self) >= _MAX_LINES:
                self.clear()
            self[pair] = found
        return found


def _line(name: Any, value: Any) -> tuple[bytes, bytes] | None:
    try:
        found = str(name).encode("latin-1"), value.encode("latin-1")
    except (AttributeError, UnicodeError):
        return None
    return None if b"\n" in found[1] or found[0] == b":authority" else found


_MAX_LINES, _MAX_VALUE = 4096, 1500
_PLAIN = _Plain()


def _fields(headers: Any) -> Fields:
    """A header list, however the log has it; most are plain objects of lines without a break."""
    if type(headers) is tuple:
        return headers
    if type(headers) is dict:
        try:
            found = list(map(_PLAIN.__getitem__, headers.items()))
        except TypeError:  # a value that is none
            return har_fields.header_list(headers)
        if None not in found:
            return tuple(found)  # type: ignore[arg-type]  # it was looked for
    return har_fields.header_list(headers)


def _chooser(expression: str) -> Callable[[Observation], object] | None:
    if not expression:
        return None
    from cors_addon.recordings import selection  # mitmproxy takes a while to import

    chosen = selection.parse(expression)
    return lambda observation: chosen(selection.flow(observation))
