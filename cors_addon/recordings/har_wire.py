"""What a HAR entry says, and whether that was on the wire: not where a cache or a service worker answered.

What one entry shows by itself is told by its own fields, whoever wrote it.
"""

from dataclasses import dataclass
from typing import Any

from cors_addon.exchange import telling
from cors_addon.exchange.model import Fields, Observation
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.fetch.headers import LOWER
from cors_addon.fetch.names import ASKED_METHOD, VALIDATING
from cors_addon.fetch.origins import Url
from cors_addon.recordings import har_fields
from cors_addon.recordings.har_dialects import Context
from cors_addon.recordings.har_fields import Lines

WEBSOCKET = "a WebSocket: CORS is not asked, its server is to look at the Origin itself"
CACHED = "answered from the browser's cache: nothing was on the wire to be judged"
WORKER = "answered by a service worker: what was on the wire is in no entry of its own, or judged as such"
NOT_ON_THE_WIRE = "answered from the browser's cache or by a service worker: nothing was on the wire to be judged"
BARE_REDIRECT = "no headers of a redirect in this entry, though it tells where that leads: the file leaves them out"
GIVEN_UP = "given up by the page, or stopped by the test, before an answer was there"
STILL_OPEN = "no response in this entry: it was still open, or failed"

_CACHES = frozenset({"Memory Cache", "Disk Cache"})
_SCRIPTS = frozenset({"fetch", "xhr", "eventsource", "xmlhttprequest", "ping"})
_BLOCKED = ("ERR_FAILED", "ERR_ABORTED", "ERR_BLOCKED_BY", "ERR_CACHE_MISS", "cancel", "abort", "blocked", "_REDIRECT")
"""What a request that was answered may end with; of Chromium's errors of redirects some come without the answer."""
_ON_THE_WIRE = frozenset({"host", ":authority"})
"""Headers that no request has before it is sent."""


@dataclass(slots=True, eq=False)
class Given:
    """What an entry says, read once. Its lists may grow by what is known otherwise."""

    raw: dict[str, Any]
    request: dict[str, Any]
    response: dict[str, Any]
    """Empty where there is none."""
    url: Url
    method: bytes
    fields: Fields
    answer: Fields
    status: int | None
    """As given: browsers write 0 or -1 for none."""
    answered: bool
    """Whether it has an answer, by its status."""
    error: str
    """The browser's own word for how it failed; empty where it has none."""
    sent: Lines
    received: Lines
    names: frozenset[bytes]
    """Of the request's header lines, in lower case; a User-Agent that is only assumed is not among them."""
    answer_names: frozenset[bytes]
    """Of the answer's header lines, in lower case."""
    notes: tuple[str, ...] = ()
    """What had to be assumed."""

    @property
    def asked(self) -> bool:
        """Whether it bears an Origin."""
        return b"origin" in self.names

    @property
    def matters(self) -> bool:
        """Whether people would look for it among what was judged."""
        return self.asked or self.by_script

    @property
    def by_script(self) -> bool:
        """Whether a page's script sent it."""
        return str(self.raw.get("_resourceType", "")).lower() in _SCRIPTS

    @property
    def is_bare_redirect(self) -> bool:
        """Whether the headers of a redirect are missing: older Playwrights may not have them in time."""
        return not self.answer and self.status in REDIRECT_STATUSES and bool(self.response.get("redirectURL"))

    @property
    def blocked_reason(self) -> str:
        """What the developer tools' protocol says that blocked it; empty where nothing did."""
        for message in (self.response, self.raw):
            for name in ("_blockedReason", "blockedReason"):
                if isinstance(message.get(name), str):
                    return str(message[name])
        return ""

    @property
    def is_preflight(self) -> bool:
        """Whether it asks for permission to send another request."""
        return self.method == b"OPTIONS" and ASKED_METHOD in self.names

    def lines(self) -> dict[bytes, bytes]:
        """The request's header lines by their names in lower case."""
        return {LOWER[name]: value for name, value in self.fields}

    def add(self, name: bytes, value: bytes, *notes: str) -> None:
        """A header line that the entry lacks."""
        self.fields += ((name, value),)
        self.names |= {name.lower()}
        self.notes += notes


def given(raw: dict[str, Any], url: Url) -> Given:
    """Read an entry."""
    request, response = raw["request"], raw.get("response") or {}
    status = har_fields.number(response.get("status"))
    sent, received = har_fields.lines_of(request.get("headers")), har_fields.lines_of(response.get("headers"))
    return Given(
        raw,
        request,
        response,
        url,
        str(request.get("method") or "GET").encode("latin-1", "replace"),
        sent.fields,
        received.fields,
        status,
        status is not None and status >= 100,
        str(response.get("_error") or response.get("_failureText") or raw.get("_error") or ""),
        sent,
        received,
        sent.names,
        received.names,
    )


def off_the_wire(entry: Given, context: Context) -> str | None:
    """Why nothing was on the wire, though the entry has an answer; None where something was."""
    if _is_cached(entry, context):
        return CACHED
    if entry.response.get("_fetchedViaServiceWorker") is True or entry.raw.get("_fetchType") == "Service Worker":
        return WORKER
    return NOT_ON_THE_WIRE if entry.answered and context.tells_by_headers and _is_provisional(entry) else None


def _is_cached(entry: Given, context: Context) -> bool:
    raw, response = entry.raw, entry.response
    if raw.get("_fromCache") or raw.get("_fetchType") in _CACHES:
        return True
    if raw.get("_servedFromCache") is True or raw.get("_fromDiskCache") is True:
        return True
    if response.get("_fromCache") is True or response.get("fromDiskCache") is True:
        return True
    return (
        bool(entry.status)
        and context.firefox
        and not raw.get("serverIPAddress")  # which a file that was exported by itself never has
        and entry.request.get("headersSize") == 0
        and response.get("headersSize") == 0
    )


def _is_provisional(entry: Given) -> bool:
    """Whether nothing was on the wire, by what Playwright has of Chromium: an answer to provisional headers.

    What the test routes never has others; its minimal mode tells no sizes.
    """
    raw = entry.raw
    routed = raw.get("_wasFulfilled") is True or raw.get("_wasContinued") is True
    return entry.response.get("_transferSize") in (0, None) and not (routed or _was_begun(raw))


def is_load(entry: Given, seen: Observation, *, integrity_seen: bool) -> bool:
    """As `telling.is_load`, by what was found of whole header lists."""
    told = entry.sent.asks | telling.asked_from(seen) if seen.url.scheme == "http" else entry.sent.asks
    return bool(
        told & ~entry.received.types if told & telling.BY_TYPE and seen.response and not integrity_seen else told
    )


def is_confirmed(entry: Given, context: Context) -> bool:
    """Whether Playwright's 200 was a 304 on the wire: to a condition, and with no body of its own."""
    if entry.status != 200 or not context.tells_by_headers:
        return False
    if not entry.names & VALIDATING or entry.response.get("bodySize") not in (0, -1, None):
        return False
    return entry.answer_names.isdisjoint((b"content-length", b"transfer-encoding"))


def was_sent(entry: Given, context: Context) -> bool:
    """Whether a request without an answer in the file was on the wire all the same, and went unanswered there."""
    if not entry.response or entry.status == -1 or not_even_begun(entry):
        return False
    if context.dialect.is_proxy:
        return not context.dialect.zero_is_open
    error = entry.error.lower()
    if error:
        blocked = any(word.lower() in error for word in _BLOCKED)
        return not blocked and bool(har_fields.header_names(entry.request) & _ON_THE_WIRE)
    return True


def not_even_begun(entry: Given) -> bool:
    """Chromium's provisional headers, or Firefox's empty timings."""
    if entry.raw.get("timings") == {}:
        return True
    return entry.error == "net::ERR_FAILED" and "_initiator" in entry.raw and not _was_begun(entry.raw)


def _was_begun(raw: dict[str, Any]) -> bool:
    """Whether Chromium's headers are more than provisional ones."""
    return bool(har_fields.header_names(raw["request"]) & (_ON_THE_WIRE | {"sec-fetch-mode"}))
