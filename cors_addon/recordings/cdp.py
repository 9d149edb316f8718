"""Event logs of the DevTools protocol: Selenium's performance log, dumps of Puppeteer, browsertime and Lighthouse.

https://chromedevtools.github.io/devtools-protocol/tot/Network/

Law 1: what was on the wire stands in the ExtraInfo events, which come before or after those that they belong to, one
of each for every hop, in order; a hop that a cache answered has none.
Law 2: what the browser decided is its own word: an answer that a page received passed, `corsErrorStatus` is a refusal,
`blockedReason` and `errorText` are what else went wrong.
Law 3: what a preflight was refused for is said of its request, which was never sent; it is judged at the preflight.
Law 4: of what a policy stopped before it was sent, the browser's messages and issues tell, where they are in the log.
Law 5: requests that are still open are bounded in number and size, the oldest are given up.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from cors_addon.exchange.model import Credentials, Word
from cors_addon.fetch.load import Block, Gate
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.reasons.assumptions import Assumption
from cors_addon.recordings import sentences, words
from cors_addon.recordings.cdp_request import Hop, Request, size_of
from cors_addon.recordings.events import events, methods
from cors_addon.recordings.exchange import Recorded, Wanted
from cors_addon.recordings.held_back import HeldBack
from cors_addon.recordings.json_stream import Text
from cors_addon.recordings.logged import WEBSOCKET, WORKER, Log, Logged
from cors_addon.recordings.sentences import Sentence
from cors_addon.recordings.source import Head, Source

MOST_OPEN = 4096
"""Requests that are open at a time; a page has tens, a log of a day that lacks events has any number."""
MOST_KEPT = 1 << 25
"""Characters that are kept of these."""
PATIENCE = 400
"""Events within which what is missing of a request that has ended will come."""

_passing_over_what_is_malformed = contextlib.suppress(TypeError, ValueError, LookupError, AttributeError, OverflowError)
"""What comes of an event that is not as it should be; made once, for it is used for each."""


def is_mine(head: Head) -> bool:
    """Whether a file begins with events of this protocol."""
    return head.members is None and any(name[:1].isupper() and "." in name for name in methods(head.shape))


def read(source: Source, wanted: Wanted) -> Iterator[Recorded | None]:
    """Each exchange of a log, None for one with which CORS has nothing to do; raises Damage after the last good one."""
    log = Log(source.name, wanted, one_window=True)
    requests = _Requests(log)
    return log.of_all(events(Text(source), (*_HANDLERS, _MESSAGE, _ISSUE)), requests.see, requests.finish)


class _Requests:
    """The requests that are open."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._open: dict[str, Request] = {}
        self._kept = 0
        self._late: dict[str, int] = {}
        """Requests that have ended and still lack something, by when they did."""
        self._events = 0
        self._offset: float | None = None
        """Seconds between the log's own clock and the day's."""
        self._held_back = HeldBack("chromium")
        self._now = 0.0
        """When a request last began, Unix seconds."""

    def see(self, event: dict[str, Any]) -> None:
        """The next event."""
        self.take(event["method"], event["params"])

    def take(self, method: str, params: dict[str, Any]) -> None:
        """Take in an event. Total: one that is not as it should be is passed over."""
        handle = _HANDLERS.get(method)
        key = params.get("requestId")
        if handle is None or not isinstance(key, str):
            if method in (_MESSAGE, _ISSUE):
                with _passing_over_what_is_malformed:
                    self._hear(params)
            return
        self._events += 1
        with _passing_over_what_is_malformed:
            handle(self, key, params)
        if self._late:
            oldest = next(iter(self._late))
            if self._late[oldest] < self._events - PATIENCE:
                with _passing_over_what_is_malformed:
                    self._close(oldest)

    def finish(self) -> None:
        """The log ends: whatever is open is told as far as it goes."""
        for key in list(self._open):
            with _passing_over_what_is_malformed:
                self._close(key)
        self._held_back.tell(self._log)

    # -- events ----------------------------------------------------------------------------------------------------

    def will_be_sent(self, key: str, params: dict[str, Any]) -> None:
        """Network.requestWillBeSent: a request begins, or a hop of one."""
        request = self._of(key)
        redirect = params.get("redirectResponse")
        last = request.last
        if last is not None and not isinstance(redirect, dict):
            if last.url == params["request"]["url"]:
                return  # the same event, as another session has it
            self._close(key)
            request = self._of(key)
        elif last is not None:
            last.response, last.has_extra = redirect, params.get("redirectHasExtraInfo")
            last.end(params, redirected=True)
        if self._offset is None and isinstance(params.get("wallTime"), (int, float)):
            self._offset = params["wallTime"] - params["timestamp"]
        self._now = params["timestamp"] + (self._offset or 0.0)
        request.hops.append(Hop(params, self._log.number()))
        self._count(request.hops[-1].size)
        initiator = params.get("initiator")
        if isinstance(initiator, dict) and initiator.get("type") == "preflight":
            self._note_preflight(request, initiator.get("requestId"))
        if len(request.hops) > 1 or request.ended:
            self._settle(request)

    def _note_preflight(self, preflight: Request, owner_key: object) -> None:
        if isinstance(owner_key, str):
            owner = self._of(owner_key)
            preflight.owner = owner
            preflight.owner_sent = owner.sent
            owner.preflights.append(preflight)
        preflight.is_preflight = True

    def sent(self, key: str, params: dict[str, Any]) -> None:
        """Network.requestWillBeSentExtraInfo: the headers that are sent."""
        request = self._of(key)
        request.extras.append(params)
        request.sent += 1
        self._count(size_of(params.get("headers")))
        for preflight in tuple(request.preflights):
            self._settle_preflight(preflight)
        self._settle(request)

    def received(self, key: str, params: dict[str, Any]) -> None:
        """Network.responseReceived: the page, or whoever asked, has the answer."""
        last = self._of(key).last
        if last is not None and isinstance(params.get("response"), dict):
            last.response, last.has_extra = params["response"], params.get("hasExtraInfo")
            last.kind = last.kind or str(params.get("type") or "").lower()

    def answered(self, key: str, params: dict[str, Any]) -> None:
        """Network.responseReceivedExtraInfo: the answer's headers as they came, whatever becomes of it."""
        request = self._of(key)
        request.answers.append(params)
        self._count(size_of(params.get("headers")))
        self._settle(request)

    def from_cache(self, key: str, _params: dict[str, Any]) -> None:
        """Network.requestServedFromCache: from memory."""
        request = self._of(key)
        if request.last is not None:
            request.last.from_memory = True

    def finished(self, key: str, params: dict[str, Any]) -> None:
        """Network.loadingFinished."""
        request = self._of(key)
        if request.last is not None:
            request.last.end(params)
        request.ended = True
        self._settle(request)

    def failed(self, key: str, params: dict[str, Any]) -> None:
        """Network.loadingFailed: and why."""
        request = self._of(key)
        if request.last is not None:
            request.last.end(params)
            request.last.failure = params
        request.ended = True
        self._settle(request)

    def handshake(self, key: str, params: dict[str, Any]) -> None:
        """Network.webSocketCreated: of WebSockets no more than that there was one is told."""
        del key, params
        self._log.add(Logged("", "GET", (), sent=True, started=0, ended=0, note=WEBSOCKET))

    def _hear(self, params: dict[str, Any]) -> None:
        """Log.entryAdded, a message of the browser's; or Audits.issueAdded, which has no time of its own."""
        entry = params.get("entry")
        if isinstance(entry, dict):
            said = sentences.read(str(entry["text"]))
            if said is not None:
                self._held_back.hear(said, entry["timestamp"] / 1000)
        elif (found := _issue(params["issue"]["details"])) is not None:
            self._held_back.hear(found, self._now, maybe_told=True)

    # -- what is complete ------------------------------------------------------------------------------------------

    def _of(self, key: str) -> Request:
        found = self._open.get(key)
        if found is None:
            found = self._open[key] = Request(key)
            while len(self._open) > MOST_OPEN or (self._kept > MOST_KEPT and len(self._open) > 1):
                self._close(next(iter(self._open)))
        return found

    def _count(self, size: int) -> None:
        self._kept += size

    def _settle(self, request: Request) -> None:
        """Tell of each hop that is complete; let go of a request once all is told."""
        while (hop := request.next_complete(last_chance=False)) is not None:
            self._tell(request, hop)
        if not request.ended:
            return
        if request.hops:
            self._late.setdefault(request.key, self._events)
        elif self._open.get(request.key) is request:
            self._close(request.key)

    def _close(self, key: str) -> None:
        """Tell what is left of a request, whatever is missing."""
        request = self._open.pop(key, None)
        self._late.pop(key, None)
        if request is None:
            return  # it was closed with its preflight
        while (hop := request.next_complete(last_chance=True)) is not None:
            self._tell(request, hop)
        if not self._open:
            self._kept = 0

    def _tell(self, request: Request, hop: Hop) -> None:
        self._kept -= hop.size
        if request.is_preflight and request.owner is not None:
            request.held = hop
            self._settle_preflight(request)
            if request.owner.ended:
                self._settle(request.owner)
            return
        self._tell_preflights(request, hop)
        if hop.told_by_preflight or hop.made_up:
            self._log.skip()
            return
        logged = hop.logged(self._offset or 0.0, request.not_before)
        logged.word = _word(hop)
        if hop.failure is not None and logged.word is not None and logged.word.block is not None:
            self._held_back.know(hop.url)
        if hop.from_worker:
            logged.note = WORKER if hop.by_script else ""
            if not logged.note:
                self._log.skip()
                return
        elif hop.unsent and logged.status is not None:
            logged.notes += (Assumption.FROM_CACHE,)
        self._log.add(logged)

    # -- preflights ------------------------------------------------------------------------------------------------

    def _settle_preflight(self, preflight: Request) -> None:
        """Tell of a preflight once its request was sent: then it passed."""
        owner = preflight.owner
        if preflight.held is not None and owner is not None and owner.sent > preflight.owner_sent:
            self._tell_preflight(preflight, preflight.held, words.PASSED)

    def _tell_preflights(self, request: Request, hop: Hop) -> None:
        """A request has ended: tell of the preflights that it was waiting for, and what was said of them."""
        for preflight in tuple(request.preflights):
            asked = preflight.held or preflight.last
            if request.hops and asked is not None and asked.url != hop.url:
                continue  # of the next hop: it may begin before the redirect to that is told
            if preflight.held is None and preflight.last is not None:
                preflight.held = preflight.hops.pop()  # its own end is missing, or comes too late
            held = preflight.held
            if held is None:
                continue
            word: Word | None = words.PASSED
            if request.sent <= preflight.owner_sent:
                word = _refused_preflight(held, hop)
                hop.told_by_preflight = word is not None and word.passed is False and word.block is None
            self._tell_preflight(preflight, held, word)

    def _tell_preflight(self, preflight: Request, held: Hop, word: Word | None) -> None:
        owner = preflight.owner
        assert owner is not None
        logged = held.logged(self._offset or 0.0)
        logged.word, logged.unanswered = word, held.status is None
        preflight.held = None
        owner.preflights.remove(preflight)
        owner.not_before = max(owner.not_before, logged.ended)
        self._log.add(logged)


def _issue(details: dict[str, Any]) -> Sentence | None:
    """What an issue tells that a policy stopped: https://chromedevtools.github.io/devtools-protocol/tot/Audits/"""
    about = details.get("contentSecurityPolicyIssueDetails")
    if not isinstance(about, dict) or about.get("isReportOnly") or not isinstance(about.get("blockedURL"), str):
        return None
    directive = str(about["violatedDirective"])
    block = Block(Gate.CSP, directive, header="Content-Security-Policy")
    word = Word(passed=False, block=block, text=f"ContentSecurityPolicyIssue: {directive}")
    return Sentence(word, about["blockedURL"], destination=sentences.destination_by(directive))


def _refused_preflight(preflight: Hop, hop: Hop) -> Word | None:
    """What the browser says of the preflight of a request that was never sent."""
    if preflight.status is None and (own := _said(preflight)) is not None and own.network is not None:
        return None  # it got no answer; its request has the same error
    said = _word(hop)
    if said is not None and said.refusal is not None and said.refusal.reason is Reason.CAUSE_NOT_RECORDED:
        return Word(passed=False, text=said.text)
    return said


def _word(hop: Hop) -> Word | None:
    """What the browser says of a hop."""
    said = _said(hop)
    if hop.tells_credentials:
        return replace(said or Word(), credentials=Credentials.INCLUDE)
    return said


def _said(hop: Hop) -> Word | None:
    failure = hop.failure
    if failure is None:
        return words.PASSED if hop.response is not None else None
    status = failure.get("corsErrorStatus")
    if isinstance(status, Mapping):
        return words.of_cors_error(str(status.get("corsError")), str(status.get("failedParameter") or ""))
    answered = hop.status is not None
    blocked, error = failure.get("blockedReason"), str(failure.get("errorText") or "")
    if not blocked and error == "net::ERR_FAILED" and hop.is_permitted_redirect:
        return _UNWANTED
    found = _of_error(str(blocked), answered=answered) if blocked else None
    return found or _of_error(error, answered=answered)


_of_error = lru_cache(maxsize=1024)(words.of_error)
_UNWANTED = Word(
    passed=False,
    refusal=Refusal(Reason.REDIRECT_MODE_ERROR, Stage.REDIRECT),
    redirect="error",
    text="net::ERR_FAILED without a CorsError",
)
"""Of a redirect that CORS did not refuse, or the log would say so, and that the page did not want."""


_MESSAGE, _ISSUE = "Log.entryAdded", "Audits.issueAdded"
type _Handler = Callable[[_Requests, str, dict[str, Any]], None]
_HANDLERS: Mapping[str, _Handler] = {
    "Network.requestWillBeSent": _Requests.will_be_sent,
    "Network.requestWillBeSentExtraInfo": _Requests.sent,
    "Network.responseReceived": _Requests.received,
    "Network.responseReceivedExtraInfo": _Requests.answered,
    "Network.requestServedFromCache": _Requests.from_cache,
    "Network.loadingFinished": _Requests.finished,
    "Network.loadingFailed": _Requests.failed,
    "Network.webSocketCreated": _Requests.handshake,
}
