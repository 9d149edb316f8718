"""Event logs of WebDriver BiDi, as Firefox and Chromium write them.

https://w3c.github.io/webdriver-bidi/#module-network

Law 1: Firefox has the headers as they were on the wire, and tells of a refused answer as of any other: that it was
refused stands in its console, `log.entryAdded`, which is joined by URL and time.
Law 2: Chromium has the headers that the page logged before those that were sent, in one list, and of a refused answer
nothing but that it failed.
Law 3: a preflight tells why its request was never sent, and is judged in its place.
"""

import contextlib
from base64 import b64decode
from collections import deque
from collections.abc import Iterator
from itertools import chain
from math import inf
from typing import Any

from cors_addon.exchange.model import Word
from cors_addon.exchange.timing import CONSOLE_AFTER, CONSOLE_BEFORE
from cors_addon.fetch.load import Block, Gate
from cors_addon.fetch.names import ALLOW_ORIGIN, REQUEST_METHOD
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.reasons.assumptions import Assumption
from cors_addon.recordings import sentences, words
from cors_addon.recordings.events import events, methods
from cors_addon.recordings.exchange import Recorded, Wanted
from cors_addon.recordings.json_stream import Text
from cors_addon.recordings.logged import SCRIPTS, Log, Logged
from cors_addon.recordings.sentences import Sentence
from cors_addon.recordings.source import Head, Source

MOST_OPEN = 4096
MOST_SAID = 1000
"""Sentences of the console that wait for their request."""
HELD = 40
"""Events within which the console tells of what has ended."""

_EVENTS = (
    "network.beforeRequestSent",
    "network.responseStarted",
    "network.responseCompleted",
    "network.fetchError",
    "log.entryAdded",
)
_MODULES = ("network.", "log.", "browsingContext.", "script.", "browser.", "session.", "input.", "storage.")
_ON_THE_WIRE = frozenset({"host", ":authority"})
_NO_ANSWER = Word(passed=False, block=Block(Gate.NETWORK), text="no answer")
_REDIRECTED = Refusal(Reason.PREFLIGHT_REDIRECTED, Stage.PREFLIGHT)


def is_mine(head: Head) -> bool:
    """Whether a file begins with events of this protocol."""
    return head.members is None and any(name.startswith(_MODULES) for name in methods(head.shape))


def read(source: Source, wanted: Wanted) -> Iterator[Recorded | None]:
    """Each exchange of a log, None for one with which CORS has nothing to do; raises Damage after the last good one."""
    log = Log(source.name, wanted)
    requests = _Requests(log)
    return log.of_all(events(Text(source), _EVENTS), requests.see, requests.finish)


class _Seen:
    """One request: a hop of a fetch."""

    def __init__(self, params: dict[str, Any], number: int) -> None:
        self.number = number
        self.begun = params["timestamp"] / 1000
        self.ended = self.begun
        self.request: dict[str, Any] = {}
        self.lines: list[tuple[str, str]] = []
        self.sent = True
        self.response: dict[str, Any] | None = None
        self.error = ""
        self.done = self.told = False
        self.owner: _Seen | None = None
        """Of a preflight, the request that it is for."""
        self.preflight: _Seen | None = None
        self.not_before = 0.0
        self.said: Sentence | None = None
        initiator = params.get("initiator")
        self.by = initiator if isinstance(initiator, dict) else {}
        self.read(params)
        self.url = str(self.request["url"])
        self.method = str(self.request["method"])
        asked = dict(self.lines).get(REQUEST_METHOD.lower())
        self.asks_for = asked if self.method == "OPTIONS" else None
        """Of a preflight, the method that it asks for."""

    def read(self, params: dict[str, Any]) -> None:
        """Take in what an event has of it: later ones have more."""
        self.request = params["request"]
        self.ended = max(self.ended, params["timestamp"] / 1000)
        lines = list(_lines(self.request.get("headers")))
        self.chromium = "goog:resourceType" in self.request or any(
            name == "user-agent" and "Chrome/" in value for name, value in lines
        )
        if self.chromium:  # the last of each name: those that were sent come after those that the page logged
            lines = list(dict(lines).items())
            self.sent = any(name in _ON_THE_WIRE for name, _ in lines)
        self.lines = lines
        response = params.get("response")
        if isinstance(response, dict):
            self.response = response

    @property
    def status(self) -> int | None:
        status = (self.response or {}).get("status")
        return status if isinstance(status, int) and status >= 100 else None

    @property
    def kind(self) -> str:
        kind = self.request.get("initiatorType") or self.request.get("goog:resourceType") or ""
        return str(self.request.get("destination") or kind).lower()

    def times(self) -> tuple[float, float]:
        """When it was sent, and its answer was complete, Unix seconds."""
        timings = self.request.get("timings")
        parts = timings if isinstance(timings, dict) else {}
        begun, ended = self.begun, self.ended
        start, end = parts.get("requestStart"), parts.get("responseEnd")
        if isinstance(start, (int, float)) and start > 1e11:  # the day's clock
            begun = max(begun, start / 1000)
        if isinstance(end, (int, float)) and 0 < end < 1e9:  # since its beginning
            ended = max(ended, self.begun + end / 1000)
        begun = max(begun, self.not_before)
        return begun, max(ended, begun)

    def take(self, preflight: "_Seen") -> None:
        """That one is the preflight of this request."""
        self.preflight, preflight.owner = preflight, self

    def logged(self) -> Logged:
        """All that is known of it, but its word."""
        started, ended = self.times()
        response = self.response or {}
        size = self.request.get("bodySize")
        cached = response.get("fromCache") is True
        return Logged(
            self.url,
            self.method,
            self.lines,
            sent=self.sent and not (cached and self.chromium),
            started=started,
            ended=ended,
            status=self.status,
            answer=list(_lines(response.get("headers"))),
            kind=self.kind,
            http2=str(response.get("protocol") or "").startswith(("h2", "h3")),
            has_body=isinstance(size, (int, float)) and size > 0,
            notes=(Assumption.FROM_CACHE,) if cached else (),
            number=self.number,
            page=dict(self.lines).get("referer", "") if self.kind in SCRIPTS else "",
        )


class _Requests:
    """The requests that are open, or have just ended."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._open: dict[tuple[str, int], _Seen] = {}
        self._held: deque[tuple[int, _Seen]] = deque()
        self._said: deque[tuple[float, Sentence]] = deque(maxlen=MOST_SAID)
        self._hears = False
        """The log has the console."""
        self._events = 0

    def see(self, event: dict[str, Any]) -> None:
        """The next event."""
        self.take(event["method"], event["params"])

    def take(self, method: str, params: dict[str, Any]) -> None:
        """Take in an event. Total: one that is not as it should be is passed over."""
        self._events += 1
        try:
            if method == "log.entryAdded":
                self._hear(params)
            else:
                self._see(method, params)
        except (TypeError, ValueError, LookupError, AttributeError, OverflowError):
            return
        while self._held and self._held[0][0] < self._events - HELD:
            self._tell(self._held.popleft()[1])

    def finish(self) -> None:
        """The log ends."""
        for seen in list(self._open.values()):
            self._end(seen)
        while self._held:
            self._tell(self._held.popleft()[1])

    def _hear(self, params: dict[str, Any]) -> None:
        self._hears = True
        text = params.get("text")
        found = sentences.read(text) if isinstance(text, str) else None
        if found is not None:
            last = self._said[-1][1] if self._said else None
            if not sentences.follows(last, found):
                self._said.append((params["timestamp"] / 1000, found))

    def _see(self, method: str, params: dict[str, Any]) -> None:
        count = params.get("redirectCount")
        key = (str(params["request"]["request"]), count if isinstance(count, int) else 0)
        seen = self._open.get(key)
        if seen is None and method == "network.fetchError" and self._is_told(params["request"]["url"], key):
            return  # Chromium says of some that were complete that they failed, too
        if seen is None:
            seen = _Seen(params, self._log.number())
            self._open[key] = seen
            self._link(seen)
            if len(self._open) > MOST_OPEN:
                oldest = next(iter(self._open))
                self._end(self._open.pop(oldest))
        else:
            seen.read(params)
        if method == "network.fetchError":
            seen.error = str(params.get("errorText") or "")
        if method in ("network.fetchError", "network.responseCompleted"):
            del self._open[key]
            self._end(seen)

    def _is_told(self, url: str, key: tuple[str, int]) -> bool:
        """Whether a request that was complete before, a short time ago, is this one."""
        return any(each.url == url and each.request.get("request") == key[0] for _, each in reversed(self._held))

    def _link(self, seen: _Seen) -> None:
        """Find a preflight its request: Chromium names it, in Firefox it began before."""
        named = seen.by.get("request") if seen.by.get("type") == "preflight" else None
        if seen.asks_for is None and named is None:
            for each in chain((ended for _, ended in reversed(self._held)), self._open.values()):
                if each.by.get("type") == "preflight" and each.by.get("request") == seen.request.get("request"):
                    seen.take(each)
                    return
            return
        for (request, _), each in reversed(self._open.items()):
            fits = request == named or (named is None and each.url == seen.url and each.method == seen.asks_for)
            if fits and each.preflight is None and each.asks_for is None:
                each.take(seen)
                return

    def _end(self, seen: _Seen) -> None:
        seen.done = True
        self._held.append((self._events, seen))

    # -- what is told ----------------------------------------------------------------------------------------------

    def _tell(self, seen: _Seen) -> None:
        if seen.told:
            return
        seen.told = True
        if seen.asks_for is not None:
            self._tell_preflight(seen, self._word(seen, self._said_of(seen)))
            return
        before, never_sent = seen.preflight, self._was_never_sent(seen)
        if before is not None:
            self._tell(before)
            seen.not_before = before.times()[1]
        said = None if never_sent and before is not None else self._said_of(seen)
        word = self._word(seen, said)
        if before is not None and never_sent:
            if before.status is not None and not (word is not None and word.network):
                self._log.skip()  # its preflight tells why
                return
            word = self._word_of_unanswered(before, word)
        logged = seen.logged()
        logged.word = word
        self._log.add(logged)

    def _tell_preflight(self, seen: _Seen, word: Word | None) -> None:
        logged = seen.logged()
        owner = seen.owner
        if seen.status is None and seen.error.endswith("_REDIRECT") and owner is not None:
            self._log.skip()  # what redirected it is not in the log: its request tells
            return
        if owner is not None and (owner.done or owner.response is not None):
            if not self._was_never_sent(owner):
                word = word or words.PASSED
            elif word is None and owner.error:
                word = Word(passed=False, text=owner.error)
        logged.word, logged.unanswered = (None, True) if seen.status is None else (word, False)
        self._log.add(logged)

    def _was_never_sent(self, seen: _Seen) -> bool:
        """Whether a request that has a preflight failed before it was on the wire itself."""
        if not seen.error or seen.response is not None:
            return False
        return not seen.sent if seen.chromium else bool(seen.preflight and seen.preflight.error)

    def _word_of_unanswered(self, preflight: _Seen, word: Word | None) -> Word | None:
        """What is to be said of a request whose preflight has no answer in the log."""
        if preflight.error.endswith("_REDIRECT"):
            return Word(passed=False, refusal=_REDIRECTED, text=preflight.error)
        return words.of_error(preflight.error, answered=False) or word

    def _word(self, seen: _Seen, said: Sentence | None) -> Word | None:
        if said is not None and not said.consequence:
            return said.word
        if seen.error:
            if seen.asks_for is not None and seen.status is not None:
                return Word(passed=False, text=seen.error)
            found = words.of_error(seen.error, answered=seen.status is not None)
            return _NO_ANSWER if said is not None and (found is None or found.network is None) else found
        if said is not None:
            return _NO_ANSWER
        if seen.response is None or not seen.done or seen.asks_for is not None:
            return None
        return words.PASSED if seen.chromium or self._passed_in_silence(seen) else None

    def _passed_in_silence(self, seen: _Seen) -> bool:
        """Whether Firefox's console would have told of a refusal; of what its headers refuse it may be silent."""
        if not self._hears or seen.asks_for is not None:
            return False
        answer = dict(_lines((seen.response or {}).get("headers")))
        origin = dict(seen.lines).get("origin")
        return origin is not None and answer.get(ALLOW_ORIGIN.lower()) in ("*", origin)

    def _said_of(self, seen: _Seen) -> Sentence | None:
        """What the console said of a request, once."""
        if not self._said or (seen.asks_for is not None and not seen.error):
            return None
        is_open = seen.response is None and not seen.error  # Firefox tells of no end where HTTP/2 fails
        begun, ended = seen.begun - CONSOLE_BEFORE, inf if is_open else seen.ended + CONSOLE_AFTER
        plain = seen.url.partition("#")[0]
        for number, (at, sentence) in enumerate(self._said):
            fits = seen.response is None or not (sentence.consequence or sentence.word.block)
            if fits and sentence.url == plain and begun <= at <= ended:
                del self._said[number]
                return sentence
        return None


def _lines(headers: Any) -> Iterator[tuple[str, str]]:
    """Header lines with names in lower case; values may be packed."""
    for each in headers if isinstance(headers, list) else ():
        if not isinstance(each, dict):
            continue
        value = each.get("value", "")
        text = value.get("value") if isinstance(value, dict) else value
        if isinstance(value, dict) and value.get("type") == "base64":
            with contextlib.suppress(ValueError):
                text = b64decode(str(text)).decode("latin-1")
        yield str(each.get("name", "")).lower(), str(text)
