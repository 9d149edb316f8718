"""Chrome's NetLog: what the network service of a Chromium did, event by event (`--log-net-log`, chrome://net-export).

One source of type URL_REQUEST is one fetch, or one preflight. Of each this reads the requests as they were sent, the
answers as they came, the credentials mode, what the preflight cache said, and whether the fetch was refused.

Law 1: numbers of events, phases, flags and errors are those of the file's own `constants`.
Law 2: a preflight is told of once it is known what became of it.
Law 3: memory is bounded by the requests that are open, of which `MAX_OPEN` are kept.
Law 4: total: an event that is not as it should be tells nothing, and raises nothing.
net/log/net_log_event_type_list.h, services/network/cors/cors_url_loader.cc and preflight_controller.cc of Chromium
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cors_addon.exchange.model import Credentials, Fields, PreflightState, Word
from cors_addon.fetch.origins import Url
from cors_addon.reasons.assumptions import Assumption
from cors_addon.recordings import har_fields, json_stream, netlog_words
from cors_addon.recordings.exchange import Recorded, Wanted
from cors_addon.recordings.logged import GIVEN_UP, STILL_OPEN, Log, Logged
from cors_addon.recordings.netlog_words import Hop
from cors_addon.recordings.source import Damage, Head, Source

MAX_OPEN = 20_000
"""Sources that are open at a time; the oldest are given up."""
_LATEST = 10**15
"""Milliseconds of a clock, beyond which nothing was recorded."""
MAX_STORED = 2000
"""Answers that the browser may have stored, of which the latest are remembered."""

NOT_STORED = (
    "answered from the browser's cache, and the stored answer is not in this log: begin to record before the page is"
    " first opened"
)
CUT_OFF = "the log has no end, as after a crash of the browser"

BROWSERS_OWN = "not an origin"
"""The initiator of what the browser asks for itself."""


class Constants:
    """What the numbers of one file stand for."""

    def __init__(self, found: Any) -> None:
        """Read a log's `constants`."""
        constants: Mapping[str, Any] = found if isinstance(found, dict) else {}
        self.events = {
            number: _HANDLERS[name] for name, number in _table(constants, "logEventTypes") if name in _HANDLERS
        }
        phases = dict(_table(constants, "logEventPhase"))
        self.begin, self.end = phases.get("PHASE_BEGIN"), phases.get("PHASE_END")
        self.errors = {number: name for name, number in _table(constants, "netError")}
        self.fetches = dict(_table(constants, "logSourceType")).get("URL_REQUEST")
        self.no_cookies = dict(_table(constants, "loadFlag")).get("DO_NOT_SAVE_COOKIES", 0)
        """The load flag of requests whose credentials mode includes none."""
        client = constants.get("clientInfo")
        version = str(client.get("version", "")) if isinstance(client, dict) else ""
        major = version.partition(".")[0]
        self.version = int(major) if major.isdecimal() else None
        """Chromium's major version."""
        offset = constants.get("timeTickOffset")
        self.offset = float(offset) if isinstance(offset, (int, float)) and abs(offset) < _LATEST else 0.0

    def error(self, params: Mapping[str, Any]) -> str | None:
        """The net error in an event's parameters; None where it succeeded."""
        number = params.get("net_error")
        if not isinstance(number, int) or number >= 0:
            return None
        return f"net::{self.errors.get(number, number)}"


def _table(constants: Mapping[str, Any], name: str) -> Iterable[tuple[str, int]]:
    found = constants.get(name)
    pairs = found.items() if isinstance(found, dict) else ()
    return ((name, number) for name, number in pairs if isinstance(number, int))


@dataclass(slots=True)
class Fetch:
    """What one source did so far."""

    number: int
    made: Fields = ()
    """The headers as the page made them."""
    hop: Hop | None = None
    hops: int = 0
    state: PreflightState | None = None
    """How it comes by its permission; where a redirect was taken, the next hop by now."""
    preflight: int | None = None
    """The source of its preflight, until it is known what became of that."""
    is_preflight: bool = False
    within: bool = False
    """What the browser makes of an answer has begun and not ended."""
    delivering: Hop | None = None
    """Whose answer that is; of a redirect the next hop may begin before that is over."""
    alive: int = 0
    """Requests of it that are not done with."""
    refused: bool = False
    """The fetch ended then."""
    ended: float | None = None
    """For a preflight: when its answer was there."""


def is_mine(head: Head) -> bool:
    """A log's constants come first."""
    return "constants.logEventTypes" in head.shape or "constants.activeFieldTrialGroups" in head.shape


def read(source: Source, wanted: Wanted) -> Iterator[Recorded | None]:
    """Each exchange of a NetLog, None for one that tells nothing; raises Damage after the last good one."""
    log = _NetLog(Log(source.name, wanted), wanted)
    return log.log.of_all(_events(json_stream.Text(source), log), log.see, log.end)


def _events(text: json_stream.Text, log: "_NetLog") -> Iterator[Any]:
    whole = False
    try:
        for key in json_stream.members(text):
            if key == "constants":
                log.constants = Constants(text.value())
            elif key == "events" and text.peek() == "[":
                yield from json_stream.items(text, _passing_over(log.constants.events))
                whole = True
            else:
                text.value()
    except Damage as damage:
        if whole or not damage.what.startswith("the file ends"):
            raise
        raise Damage(f"{CUT_OFF}: {damage.what}", damage.offset) from damage


_NOT_IN_CACHE = "net::ERR_CACHE_MISS"
"""Of what the browser wanted from its cache alone: where that has nothing, it asks anew, or does without."""
_LINES = "},\n{"
"""Chromium writes a line for each event."""
_TYPE = '"type":'
"""The last key of an event, for they are sorted."""


def _passing_over(wanted: Container[int]) -> json_stream.PassOver:
    """Pass over events of other types, most of a log, that look whole: they are decoded only where one does not."""

    def pass_over(text: str, at: int) -> int:
        while (end := text.find(_LINES, at)) >= 0:
            begin = text.rfind(_TYPE, at, end) + len(_TYPE)
            number = text[begin:end]
            if not number.isdecimal() or int(number) in wanted or not _looks_whole(text[at:end]):
                break
            at = end + len(_LINES) - 1
        return at

    return pass_over


def _looks_whole(event: str) -> bool:
    """Whether a glance shows nothing amiss with an event but for its last bracket: marks in pairs, no odd bytes."""
    pairs = event.count("{") == event.count("}") + 1 and not event.count('"') & 1
    return pairs and event.startswith('{"') and event.isprintable()


class _NetLog:
    """A NetLog, as far as it was read."""

    def __init__(self, log: Log, wanted: Wanted) -> None:
        self.constants = Constants(None)
        self.log, self._wanted = log, wanted
        self._open: dict[int, Fetch] = {}
        self._stored: dict[Url, tuple[int, Fields]] = {}

    def see(self, event: Any) -> None:
        """Take in the next event."""
        try:
            source = event["source"]
            if source["type"] != self.constants.fetches:
                return
            handler = self.constants.events.get(event["type"])
            if handler is None:
                return
            fetch = self._open.get(source["id"]) or self._begin(source["id"])
            now = (float(event["time"]) + self.constants.offset) / 1000
            if not abs(now) < _LATEST:
                return
            handler(self, fetch, _Event(now, event["phase"], event.get("params") or {}))
        except (TypeError, ValueError, LookupError, AttributeError, OverflowError):
            return

    def end(self) -> None:
        """The log ends: say what is not known."""
        still = sum(1 for each in self._open.values() if each.hop is not None and each.hop.fields)
        if still:
            self._wanted.note(STILL_OPEN, still)

    def _begin(self, number: int) -> Fetch:
        fetch = self._open[number] = Fetch(number)
        if len(self._open) > MAX_OPEN:
            del self._open[next(iter(self._open))]
        return fetch

    # ---- events ----

    def cors_request(self, fetch: Fetch, event: "_Event") -> None:
        """The fetch begins, as the page asked for it, or ends: in the midst of an answer that is refused."""
        if event.phase == self.constants.begin:
            fetch.made, _ = netlog_words.header_list(event.params["request_headers"]["headers"])
        elif fetch.within:
            fetch.refused = True
        self._preflight_over(fetch, event)

    def preflight_required(self, fetch: Fetch, event: "_Event") -> None:
        """Whether it needs one; asked of where a redirect leads to, once that has passed."""
        fetch.within = False
        if event.params.get("preflight_required") is False:
            fetch.state = PreflightState.NOT_NEEDED

    def preflight_cache(self, fetch: Fetch, event: "_Event") -> None:
        """What the preflight cache says."""
        if event.params.get("status") == "hit-and-pass":
            fetch.state = PreflightState.CACHED

    def preflight_sent(self, fetch: Fetch, event: "_Event") -> None:
        """It has a preflight, which is a source of its own."""
        fetch.state = PreflightState.SENT
        fetch.preflight = event.params["source_dependency"]["id"]
        (self._open.get(fetch.preflight) or self._begin(fetch.preflight)).is_preflight = True

    def preflight_error(self, fetch: Fetch, event: "_Event") -> None:
        """Its preflight failed, or refused it."""
        self._preflight_over(fetch, event, netlog_words.of_preflight(event.params, self.constants.version))

    def job(self, fetch: Fetch, event: "_Event") -> None:
        """A request begins: what went before it passed. Or it ends, perhaps with an error."""
        params = event.params
        if event.phase != self.constants.begin:
            if fetch.hop is not None:
                fetch.hop.error = self.constants.error(params) or fetch.hop.error
            return
        if fetch.delivering is not None and fetch.delivering is fetch.hop:
            self._over(fetch, event.time)
        url = har_fields.parsed_url(params["url"])
        includes = not params.get("load_flags", 0) & self.constants.no_cookies
        if fetch.preflight is not None:
            mode = Credentials.INCLUDE if includes else Credentials.OMIT
            self._preflight_over(fetch, event, Word(passed=True, credentials=mode))
        if url is not None:
            method = str(params.get("method", "GET"))
            initiator = str(params.get("initiator", BROWSERS_OWN))
            fetch.hop = Hop(url, method, event.time, initiator, "upload_id" in params, includes, fetch.state)
            fetch.hops += 1

    def sent(self, fetch: Fetch, event: "_Event") -> None:
        """The request as it was sent; the last time counts, where the browser sends it again by itself."""
        if fetch.hop is not None:
            fetch.hop.fields, first = netlog_words.header_list(event.params["headers"])
            fetch.hop.http2 = first.startswith(":")

    def answered(self, fetch: Fetch, event: "_Event") -> None:
        """The answer's headers."""
        if fetch.hop is not None:
            fetch.hop.answer, first = netlog_words.header_list(event.params["headers"])
            fetch.hop.status = netlog_words.status_of(first)

    def delivered(self, fetch: Fetch, event: "_Event") -> None:
        """An answer, or a redirect, is handed to whom it concerns, who may refuse it; then the hop is over."""
        fetch.within = event.phase == self.constants.begin
        if fetch.within:
            fetch.delivering = fetch.hop
            return
        if fetch.delivering is fetch.hop:
            self._over(fetch, event.time)
        fetch.delivering = None

    def alive(self, fetch: Fetch, event: "_Event") -> None:
        """The request is over and done with; what has not been handed over by now was given up."""
        fetch.alive += 1 if event.phase == self.constants.begin else -1
        if event.phase != self.constants.end or fetch.alive > 0:
            return
        hop = fetch.hop
        if hop is not None and hop.fields and not fetch.is_preflight:
            self._wanted.note(GIVEN_UP, 1)
        if not fetch.is_preflight:
            self._open.pop(fetch.number, None)

    # ---- what comes of them ----

    def _preflight_over(self, fetch: Fetch, event: "_Event", word: Word | None = None) -> None:
        """It is known what became of the preflight of this fetch, or else it is over without."""
        if fetch.preflight is None or (word is None and event.phase != self.constants.end):
            return
        preflight = self._open.pop(fetch.preflight, None)
        fetch.preflight = None
        if preflight is not None and preflight.hop is not None:
            self._exchange(preflight, preflight.hop, preflight.ended or event.time, word or Word())

    def _over(self, fetch: Fetch, now: float) -> None:
        """A hop is over."""
        hop = fetch.hop
        if fetch.is_preflight:
            fetch.ended = now
        elif hop is not None:
            self._exchange(fetch, hop, now, netlog_words.of_hop(hop, fetch.refused))
            fetch.hop = None

    def _exchange(self, fetch: Fetch, hop: Hop, ended: float, word: Word) -> None:
        """An exchange is complete."""
        if hop.error == _NOT_IN_CACHE or (hop.initiator == BROWSERS_OWN and _is_service(hop)):
            return
        sent = bool(hop.fields)
        status, answer = hop.status, hop.answer
        from_cache = not sent and hop.error is None
        if from_cache:
            stored = self._stored.get(hop.url)
            if stored is None:
                if hop.initiator != hop.url.origin:
                    self._wanted.note(NOT_STORED, 1)
                return
            status, answer = stored
        elif status is not None and hop.method == "GET":
            self._stored[hop.url] = status, answer
            if len(self._stored) > MAX_STORED:
                del self._stored[next(iter(self._stored))]
        self.log.add(
            Logged(
                str(hop.url),
                hop.method,
                hop.fields if sent else fetch.made,
                sent,
                hop.started,
                ended,
                status=status,
                answer=answer,
                http2=hop.http2,
                has_body=hop.has_body,
                page="" if hop.initiator == BROWSERS_OWN else hop.initiator,
                word=word,
                unanswered=sent and status is None,
                notes=(Assumption.FROM_CACHE,) if from_cache else (),
                number=self.log.number(),
            )
        )


def _is_service(hop: Hop) -> bool:
    """Whether this is of the browser's own services, which bear an Origin of their own or none, and not of a page.

    Of what was never sent only a page's URL could be told of, and that no page had asked for.
    """
    return hop.status is None or any(name.lower() == b"origin" for name, _ in hop.fields)


@dataclass(slots=True)
class _Event:
    """What an event says beside its source and type."""

    time: float
    """Unix seconds."""
    phase: Any
    params: Mapping[str, Any]


_HANDLERS: Mapping[str, Callable[[_NetLog, Fetch, _Event], None]] = {
    "CHECK_CORS_PREFLIGHT_CACHE": _NetLog.preflight_cache,
    "CHECK_CORS_PREFLIGHT_REQUIRED": _NetLog.preflight_required,
    "CORS_PREFLIGHT_ERROR": _NetLog.preflight_error,
    "CORS_PREFLIGHT_URL_REQUEST": _NetLog.preflight_sent,
    "CORS_REQUEST": _NetLog.cors_request,
    "HTTP_TRANSACTION_HTTP2_SEND_REQUEST_HEADERS": _NetLog.sent,
    "HTTP_TRANSACTION_QUIC_SEND_REQUEST_HEADERS": _NetLog.sent,
    "HTTP_TRANSACTION_READ_RESPONSE_HEADERS": _NetLog.answered,
    "HTTP_TRANSACTION_SEND_REQUEST_HEADERS": _NetLog.sent,
    "REQUEST_ALIVE": _NetLog.alive,
    "URL_REQUEST_DELEGATE_RECEIVED_REDIRECT": _NetLog.delivered,
    "URL_REQUEST_DELEGATE_RESPONSE_STARTED": _NetLog.delivered,
    "URL_REQUEST_START_JOB": _NetLog.job,
}
HANDLED = frozenset(_HANDLERS)
"""The names of the events that are read."""
