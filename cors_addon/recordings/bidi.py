"""Event logs of WebDriver BiDi, as Firefox and Chromium write them.

https://w3c.github.io/webdriver-bidi/#module-network

Law 1: Firefox has the headers as they were on the wire, and tells of a refused answer as of any other: that it was
refused stands in its console, `log.entryAdded`, which is joined by URL and time.
Law 2: Chromium has the headers that the page logged before those that were sent, in one list, and of a refused answer
nothing but that it failed.
Law 3: of what a policy stopped before it was sent, Firefox's console alone tells; Chromium's log says of some of
it that it failed, without an error, and of fetches that CSP stopped nothing.
Law 4: a preflight tells why its request was never sent, and is judged in its place.
"""

from collections import deque
from collections.abc import Iterator
from itertools import chain
from math import inf
from typing import Any
from urllib.parse import urljoin

from cors_addon.exchange.model import Word
from cors_addon.exchange.timing import CONSOLE_AFTER, CONSOLE_BEFORE
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.fetch.load import Block, Gate
from cors_addon.fetch.names import ALLOW_ORIGIN
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.recordings import sentences, words
from cors_addon.recordings.bidi_request import Seen, header_lines
from cors_addon.recordings.events import events, methods
from cors_addon.recordings.exchange import Recorded, Wanted
from cors_addon.recordings.held_back import HeldBack
from cors_addon.recordings.json_stream import Text, items
from cors_addon.recordings.logged import Log
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
_BY_KEY = {
    "errorText": "network.fetchError",
    "response": "network.responseStarted",
    "level": "log.entryAdded",
}
"""By what only they have."""
_MODULES = ("network.", "log.", "browsingContext.", "script.", "browser.", "session.", "input.", "storage.")
_NO_ANSWER = Word(passed=False, block=Block(Gate.NETWORK), text="no answer")
_REDIRECTED = Refusal(Reason.PREFLIGHT_REDIRECTED, Stage.PREFLIGHT)


def is_mine(head: Head) -> bool:
    """Whether a file begins with events of this protocol, or with what listeners were given of them."""
    if head.members is not None:
        return False
    return _is_bare(head) or any(name.startswith(_MODULES) for name in methods(head.shape))


def _is_bare(head: Head) -> bool:
    """Whether it is an array of events' parameters alone."""
    return "[].request.request" in head.shape and "[].redirectCount" in head.shape


def _named(text: Text) -> Iterator[dict[str, Any]]:
    """The events of such an array; whether an answer was complete is not told there."""
    for params in items(text):
        if not isinstance(params, dict):
            continue
        name = next((name for key, name in _BY_KEY.items() if key in params), "network.beforeRequestSent")
        yield {"method": name, "params": params}


def read(source: Source, wanted: Wanted) -> Iterator[Recorded | None]:
    """Each exchange of a log, None for one with which CORS has nothing to do; raises Damage after the last good one."""
    log = Log(source.name, wanted)
    requests = _Requests(log)
    text = Text(source)
    found = _named(text) if _is_bare(source.head) else events(text, _EVENTS)
    return log.of_all(found, requests.see, requests.finish)


class _Requests:
    """The requests that are open, or have just ended."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._open: dict[tuple[str, int], Seen] = {}
        self._held: deque[tuple[int, Seen]] = deque()
        self._said: deque[tuple[float, Sentence]] = deque(maxlen=MOST_SAID)
        self._held_back = HeldBack("gecko")
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
        for at, sentence in self._said:
            self._held_back.hear(sentence, at)
        self._held_back.tell(self._log)

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
            seen = Seen(params, self._log.number())
            before = self._open.get((key[0], key[1] - 1))
            if before is not None and not seen.page:
                seen.page = before.page
            self._open[key] = seen
            self._link(seen)
            if len(self._open) > MOST_OPEN:
                oldest = next(iter(self._open))
                self._end(self._open.pop(oldest))
        else:
            seen.read(params)
        if method == "network.fetchError":
            seen.error = str(params.get("errorText") or "")
            seen.failed = True
        if method in ("network.fetchError", "network.responseCompleted"):
            del self._open[key]
            self._end(seen)

    def _is_told(self, url: str, key: tuple[str, int]) -> bool:
        """Whether a request that was complete before, a short time ago, is this one."""
        return any(each.url == url and each.request.get("request") == key[0] for _, each in reversed(self._held))

    def _link(self, seen: Seen) -> None:
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

    def _end(self, seen: Seen) -> None:
        seen.done = True
        self._held.append((self._events, seen))

    # -- what is told ----------------------------------------------------------------------------------------------

    def _tell(self, seen: Seen) -> None:
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
        if seen.status in REDIRECT_STATUSES:
            target = dict(header_lines((seen.response or {}).get("headers"))).get("location", "")
            self._held_back.know(urljoin(seen.url, target))
        self._log.add(logged)

    def _tell_preflight(self, seen: Seen, word: Word | None) -> None:
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

    def _was_never_sent(self, seen: Seen) -> bool:
        """Whether a request that has a preflight failed before it was on the wire itself."""
        if not seen.error or seen.response is not None:
            return False
        return not seen.sent if seen.chromium else bool(seen.preflight and seen.preflight.error)

    def _word_of_unanswered(self, preflight: Seen, word: Word | None) -> Word | None:
        """What is to be said of a request whose preflight has no answer in the log."""
        if preflight.error.endswith("_REDIRECT"):
            return Word(passed=False, refusal=_REDIRECTED, text=preflight.error)
        return words.of_error(preflight.error, answered=False) or word

    def _word(self, seen: Seen, said: Sentence | None) -> Word | None:
        if seen.was_held_back:
            return seen.held_back()
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

    def _passed_in_silence(self, seen: Seen) -> bool:
        """Whether Firefox's console would have told of a refusal; of what its headers refuse it may be silent."""
        if not self._hears or seen.asks_for is not None:
            return False
        answer = dict(header_lines((seen.response or {}).get("headers")))
        origin = dict(seen.lines).get("origin")
        return origin is not None and answer.get(ALLOW_ORIGIN.lower()) in ("*", origin)

    def _said_of(self, seen: Seen) -> Sentence | None:
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
