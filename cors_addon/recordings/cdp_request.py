"""One request of the DevTools protocol while its events come in: its hops, and what belongs to which."""

from collections import deque
from typing import Any

from cors_addon.engines.names import refusal_named
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.fetch.names import ALLOW_ORIGIN
from cors_addon.fetch.refusals import Stage
from cors_addon.recordings.logged import SCRIPTS, Logged
from cors_addon.recordings.words import REFUSED

_CORS_ALWAYS = SCRIPTS | {"font"}
"""Types of requests to other origins that are cors requests, mostly or always."""
_ALLOW_ORIGIN = ALLOW_ORIGIN.lower()
_MADE_UP = "non-authoritative-reason"
"""A header of redirects that the browser makes up by itself, as for HSTS."""


class Hop:
    """A request to one URL, with its answer, as far as the log has told."""

    __slots__ = (
        "_ended",
        "answer",
        "begun",
        "extra",
        "failure",
        "from_memory",
        "has_body",
        "has_extra",
        "headers",
        "kind",
        "method",
        "number",
        "page",
        "redirected",
        "response",
        "size",
        "told_by_preflight",
        "url",
    )

    def __init__(self, params: dict[str, Any], number: int) -> None:
        """Begin with Network.requestWillBeSent."""
        request = params["request"]
        self.number = number
        self.url = str(request["url"])
        self.method = str(request["method"])
        self.headers = _mapping(request.get("headers"))
        """As the page made them: what the browser adds on sending is missing."""
        self.kind = str(params.get("type") or "").lower()
        self.page = str(params.get("documentURL") or "")
        self.begun = float(params["timestamp"])
        self.has_body = bool(request.get("hasPostData") or request.get("postData"))
        self.size = len(self.url) + size_of(self.headers)
        """Characters that are kept of it."""
        self.extra: dict[str, Any] | None = None
        self.response: dict[str, Any] | None = None
        self.answer: dict[str, Any] | None = None
        self.has_extra: bool | None = None
        """Whether ExtraInfo events belong to it; None where that is not told."""
        self.failure: dict[str, Any] | None = None
        self.redirected = False
        self.from_memory = False
        self.told_by_preflight = False
        """It was never sent, and its preflight says why."""
        self._ended: float | None = None

    def end(self, params: dict[str, Any], *, redirected: bool = False) -> None:
        """It has ended, by this event."""
        self._ended, self.redirected = float(params["timestamp"]), redirected

    @property
    def status(self) -> int | None:
        """The status on the wire, which for what a cache had and a server confirmed is 304."""
        for found in ((self.answer or {}).get("statusCode"), (self.response or {}).get("status")):
            if isinstance(found, int) and found >= 100:
                return found
        return None

    @property
    def by_script(self) -> bool:
        """Whether a page's script sent it."""
        return self.kind in SCRIPTS

    @property
    def unsent(self) -> bool:
        """Nothing was on the wire, as far as the log has it."""
        return self.extra is None and not (self.response or {}).get("requestHeaders")

    @property
    def from_worker(self) -> bool:
        """Whether a service worker answered."""
        return self.response is not None and self.response.get("fromServiceWorker") is True

    @property
    def made_up(self) -> bool:
        """Whether the browser redirects by itself, and nobody was asked."""
        headers = (self.response or {}).get("headers")
        return (
            self.redirected
            and self.extra is None
            and isinstance(headers, dict)
            and any(str(name).lower() == _MADE_UP for name in headers)
        )

    @property
    def is_permitted_redirect(self) -> bool:
        """Whether it was answered by a redirect that names some origin which may have it."""
        headers = (self.answer or {}).get("headers")
        named = isinstance(headers, dict) and any(str(name).lower() == _ALLOW_ORIGIN for name in headers)
        return named and self.status in REDIRECT_STATUSES

    @property
    def tells_credentials(self) -> bool:
        """Whether cookies were looked for, so that credentials were included, even where none was sent."""
        return bool(self.extra and self.extra.get("associatedCookies"))

    def logged(self, offset: float, not_before: float = 0.0) -> Logged:
        """All that is known of it; `offset` is between the log's clock and the day's. Its word is not in it."""
        response, answer = self.response or {}, self.answer or {}
        headers = (
            _mapping((self.extra or {}).get("headers")) or _mapping(response.get("requestHeaders")) or self.headers
        )
        started = max(self._started(response) + offset, not_before)
        received = answer.get("headers") if self.answer is not None else response.get("headers")
        connection = response.get("connectionId")
        protocol = str(response.get("protocol") or "")
        return Logged(
            self.url,
            self.method,
            headers,
            sent=not self.unsent,
            started=started,
            ended=max(self._end(response) + offset, started),
            status=self.status,
            answer=received or (),
            kind=self.kind,
            connection=str(connection) if connection else None,
            http2=protocol.startswith(("h2", "h3")) or ":authority" in headers,
            has_body=self.has_body,
            page=self.page if self.kind in _CORS_ALWAYS or self.refused else "",
            number=self.number,
        )

    @property
    def refused(self) -> bool:
        """Whether the browser says that CORS refused it."""
        return self.failure is not None and bool(self.failure.get("corsErrorStatus"))

    def _started(self, response: dict[str, Any]) -> float:
        """When it was sent, by the log's clock."""
        for timing in ((self.extra or {}).get("connectTiming"), response.get("timing")):
            if isinstance(timing, dict) and isinstance(found := timing.get("requestTime"), (int, float)) and found > 0:
                return max(float(found), self.begun)
        return self.begun

    def _end(self, response: dict[str, Any]) -> float:
        """When its answer was complete; of redirects and preflights, when its headers were."""
        ended = self._ended
        timing = response.get("timing")
        if isinstance(timing, dict) and (self.redirected or ended is None or self.kind in ("other", "preflight")):
            begun, took = timing.get("requestTime"), timing.get("receiveHeadersEnd")
            if isinstance(begun, (int, float)) and isinstance(took, (int, float)) and took > 0:
                headers = float(begun) + took / 1000
                ended = headers if ended is None else min(ended, headers)
        return self.begun if ended is None else ended

    def lacks_answer(self) -> bool:
        """Whether it failed in a way after which its headers, sent and received, are still to come."""
        failure = self.failure
        if failure is None:
            return False
        status = failure.get("corsErrorStatus")
        if isinstance(status, dict):
            refusal = refusal_named("chromium", str(status.get("corsError")))
            return refusal is None or refusal.stage is not Stage.PREFLIGHT
        return bool(failure.get("blockedReason")) or failure.get("errorText") in REFUSED


class Request:
    """All hops of a request, and ExtraInfo events for them in the order in which these came."""

    __slots__ = (
        "answers",
        "ended",
        "extras",
        "held",
        "hops",
        "is_preflight",
        "key",
        "not_before",
        "owner",
        "owner_sent",
        "preflights",
        "sent",
    )

    def __init__(self, key: str) -> None:
        """Nothing is known of it but its id."""
        self.key = key
        self.hops: deque[Hop] = deque()
        """Those that are not yet told of."""
        self.extras: deque[dict[str, Any]] = deque()
        self.answers: deque[dict[str, Any]] = deque()
        self.sent = 0
        """How many times it was sent so far, that is, to how many URLs."""
        self.ended = False
        self.is_preflight = False
        self.owner: Request | None = None
        """Of a preflight, the request that it is for."""
        self.owner_sent = 0
        """How many times that had been sent when this was."""
        self.held: Hop | None = None
        """Of a preflight that is complete: what came of its request is awaited."""
        self.preflights: list[Request] = []
        self.not_before = 0.0
        """When its last preflight had ended, Unix seconds."""

    @property
    def last(self) -> Hop | None:
        """The hop that events are about now."""
        return self.hops[-1] if self.hops else None

    def next_complete(self, *, last_chance: bool) -> Hop | None:
        """The next hop of which all is known that will be; with `last_chance`, of which no more will be."""
        if not self.hops:
            return None
        hop = self.hops[0]
        if not (last_chance or hop.redirected or (self.ended and not self._awaits_preflight())):
            return None
        if hop.has_extra is not False:
            missing = not self.extras or not self.answers
            awaited = hop.lacks_answer() if hop.response is None else not hop.from_memory
            if missing and awaited and not last_chance:
                return None
            self._skip_challenges(hop)
            hop.extra = self.extras.popleft() if self.extras else None
            hop.answer = self.answers.popleft() if self.answers else None
        return self.hops.popleft()

    def _awaits_preflight(self) -> bool:
        """Whether a preflight of it has not ended yet: events of that may come after those of its request."""
        return any(each.held is None and each.hops for each in self.preflights)

    def _skip_challenges(self, hop: Hop) -> None:
        """Pass over answers after which the browser asked once more by itself, as to 401."""
        status = None if hop.response is None else hop.response.get("status")
        while len(self.answers) > 1 and self.answers[0].get("statusCode") not in (status, 304):
            if self.answers[1].get("statusCode") != status:
                return
            self.answers.popleft()
            if len(self.extras) > 1:
                self.extras.popleft()


def _mapping(found: Any) -> dict[str, Any]:
    """An object, or an empty one in place of what is none."""
    return found if isinstance(found, dict) else {}


def size_of(headers: Any) -> int:
    """Characters in an object of headers, about."""
    if not isinstance(headers, dict):
        return 0
    return sum(map(len, headers)) + sum([len(each) for each in headers.values() if type(each) is str])
