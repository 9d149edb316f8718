"""One HAR entry as an `Observation`, whoever wrote it.

What each writer does was seen in its files or read in its source:
  - Chrome, Edge: header lists from the wire, or provisional ones without Origin where the request never reached it;
    `_error` net::ERR_FAILED for what was blocked, with the status and headers of the answer, or status 0 in older
    ones; `_fromCache`; `_resourceType` preflight; the request's start is when the page asked, so that `blocked`, `dns`
    and `connect` pass before it is sent; `_connectionId`, for which older ones wrote `connection`, now a port.
  - Firefox: what was blocked has its answer like any other; what was never sent has status 0 and no timings; an answer
    from the cache has no address and no size; a preflight begins after its request, and after a redirect that taints
    the origin it still names the page's.
  - All browsers: one entry, that of the last answer, for what the browser sent again by itself.
  - Safari: only what it let through: what failed, preflights and the hops of redirects are left out; `_fetchType`
    tells caches; `connection` is a connection.
  - Playwright: status -1 and no answer for what failed, provisional headers then, and in `_failureText` what the
    browser says; no preflights, but those of service workers; with Chromium provisional headers also for what a cache
    or a service worker answered, by which alone its minimal mode tells them, and status 200 with a 304's headers;
    `_apiRequest`, newer `_apiRequestRef`, for what the test's own client sent, `_wasFulfilled` for what the test
    answered, `_wasAborted` for what it stopped.
  - chrome-har (Puppeteer, browsertime, sitespeed.io): what failed is left out, preflights are not; where it was told
    no more, headers as the page made them, which lack Origin; `connection` is a connection.
  - WebPageTest: the request's start is when it was sent, though its time has `dns` and `connect` in it.
  - Charles, Fiddler, Proxyman, HTTP Toolkit, mitmproxy: proxies, which saw the wire; status 0 for no answer. mitmproxy
    writes methods in upper case, which preflights name as they are; Proxyman writes whole seconds, and no response for
    what was still open; HTTP Toolkit has status 0 for that and for what the browser gave up; Fiddler names the client's
    port in `connection`; Charles, pseudo-headers.
https://w3c.github.io/web-performance/specs/HAR/Overview.html
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cors_addon.engines import FETCH, detect
from cors_addon.exchange.http_cache import is_plain
from cors_addon.exchange.model import Fields, Observation
from cors_addon.exchange.outcomes import location_target
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.fetch.methods import CORS_SAFELISTED
from cors_addon.fetch.origins import Url, parse_url
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.fetch.requests import cors_unsafe_names
from cors_addon.reasons import explain

CACHED = "answered from the browser's cache: nothing was on the wire to be judged"
WORKER = "answered by a service worker: what was on the wire is in no entry of its own, or judged as such"
NOT_ON_THE_WIRE = "answered from the browser's cache or by a service worker: nothing was on the wire to be judged"
NEVER_SENT = "never sent, for its preflight or the redirect before it was refused, or something else blocked it"
NO_ANSWER_KEPT = (
    "failed, and the file has no answer: whether the browser refused it or the network failed is not to be told"
)
GIVEN_UP = "given up by the page, or stopped by the test, before an answer was there"
BLOCKED = "blocked by something other than CORS, as the browser itself says"
NETWORK_FAILED = "got no answer, as the browser itself says: the network failed, or the server"
REFUSED = "the browser's own word for how it failed:"
STILL_OPEN = "no response in this entry: it was still open, or failed"
NO_BROWSER = "sent by the test's own client, which is no browser and does not enforce CORS"
ORIGIN_LEFT_OUT = (
    "no Origin in an entry of a script's request to another origin: the file has headers as the page made them, not as"
    " they were sent"
)
UNUSABLE = "no exchange: the entry has no usable request or response"
ORIGIN_FROM_REFERER = "no Origin in this entry: taken from its Referer"
ORIGIN_FROM_REDIRECT = "no Origin in this entry: taken from the redirect that led here"
ORIGIN_FROM_FRAME = "no Origin in this entry: taken from the page in its frame"
ANSWERED_BY_TEST = "answered by the test itself, not by a server"
CONFIRMED = "status 200 in this entry, without a body of its own, to a condition: taken for a 304"
SENT_AGAIN = (
    "got no answer, or one after which browsers send the request again by themselves (408, 421): how often it was sent"
    " is not to be told, for the file has one entry for all"
)
AGENT_ASSUMED = "no User-Agent in this entry: taken for the browser that the file names"

LEAVES_OUT = {
    "webkitwebinspector": "Safari exports only what it let through: what it refused is not in this file, nor are"
    " preflights and redirects",
    "chrome-har": "chrome-har leaves out what failed: of what the browser refused only preflights are in this file",
}
_PROXIES = ("charles", "fiddler", "proxyman", "httptoolkit", "mitmproxy")

MAX_LED_TO = 1000
FIREFOX_SLACK = 5.0
"""Firefox's times of a request that waited for its preflight leave out that wait."""
_CLIENT_PORT = re.compile(r"ClientPort:(\d+)")
_LAST_PORT = 65535
_WHOLE_SECONDS = re.compile(r"[\d-]+T\d\d:\d\d:\d\d(?:Z|[+-]\d\d:?\d\d)?")
_CONNECTED = frozenset({"webpagetest", "mitmproxy"})
"""Whose `connect` is no part of what passes between an entry's start and its end."""
_NUMBERS_CONNECTIONS = frozenset({"webkitwebinspector", "chrome-har"})
_HTTP2 = re.compile(r"(?:http/|h)[23]", re.IGNORECASE)
_CACHES = frozenset({"Memory Cache", "Disk Cache"})
_AGENTS = {
    "chromium": b"AppleWebKit/ Chrome/",
    "gecko": b"Gecko/ rv:",
    "webkit": b"AppleWebKit/",
}
_BROWSERS = (
    ("firefox", "gecko"),
    ("webkit", "webkit"),
    ("safari", "webkit"),
    ("webinspector", "chromium"),
    ("chrom", "chromium"),
    ("edge", "chromium"),
    ("brave", "chromium"),
    ("opera", "chromium"),
    ("puppeteer", "chromium"),
)


def last_name(name: str) -> str:
    """Of a file, what stands after its folders."""
    return "stdin" if name == "-" else name.replace("\\", "/").rpartition("/")[2]


class Context:
    """What is known of the file so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        """Of the file, as in its exchanges' ids."""
        self.creator = ""
        self.engine: str | None = None
        self.clock = 0.0
        """Start of the last entry that had one."""
        self.sensitive_seen = False
        self.judged = 0
        self.maybe_sent_again = 0
        """Entries of what browsers send again by themselves."""
        self.frames: dict[str, str] = {}
        """The origin of the page in each frame."""
        self.led_to: dict[Url, bytes] = {}
        """Where redirects of requests with an Origin led, and the Origin from there on: the latest `MAX_LED_TO`."""

    def learn(self, key: str, value: Any) -> None:
        """What the file says of who wrote it: `browser` knows better than `creator`."""
        name = str(value.get("name", "")).lower().replace(" ", "") if isinstance(value, dict) else ""
        if key == "creator":
            self.creator = name
        if key == "creator" and self.engine is not None:
            return
        for word, engine in _BROWSERS:
            if word in name:
                self.engine = engine
                return

    def origin_of(self, raw: dict[str, Any], url: Url, referer: bytes) -> tuple[bytes, str] | None:
        """What Origin a request had that is shown without, and by what that is known."""
        after = self.after_redirect(url)
        if after is not None:
            return after, ORIGIN_FROM_REDIRECT
        page = parse_url(referer.decode("latin-1"))
        if page is not None:
            return page.origin.encode("latin-1"), ORIGIN_FROM_REFERER
        frame = self.frames.get(str(raw.get("_frameref")))
        return None if frame is None else (frame.encode("latin-1"), ORIGIN_FROM_FRAME)

    def after_redirect(self, url: Url) -> bytes | None:
        """The Origin of a request that a redirect may have led to, perhaps upgraded to https on the way."""
        plain = url._replace(scheme="http", port=80 if url.port == 443 else url.port)
        return self.led_to.get(url) or self.led_to.get(plain)

    def loaded(self, raw: dict[str, Any], url: Url) -> None:
        """A page was loaded into a frame; Playwright names frames."""
        if raw.get("_resourceType") == "document" and "_frameref" in raw:
            self.frames[str(raw["_frameref"])] = url.origin
            if len(self.frames) > MAX_LED_TO:
                del self.frames[next(iter(self.frames))]

    def redirected(self, url: Url, target: Url, origin: bytes) -> None:
        """A request with this Origin is redirected. From a cross-origin URL to a third origin, it becomes null."""
        tainted = url.origin.encode("latin-1") not in (origin, target.origin.encode("latin-1"))
        self.led_to.pop(target, None)
        self.led_to[target] = b"null" if tainted else origin
        if len(self.led_to) > MAX_LED_TO:
            del self.led_to[next(iter(self.led_to))]

    @property
    def leaves_out(self) -> str | None:
        """What this writer leaves out that matters, if it does."""
        return LEAVES_OUT.get(self.creator)

    @property
    def is_playwright_chromium(self) -> bool:
        """Whether Playwright wrote the file, with Chromium, by whose headers the wire is told."""
        return self.creator == "playwright" and self.engine == "chromium"

    @property
    def shouts(self) -> bool:
        """Whether this writer puts all methods into upper case."""
        return self.creator == "mitmproxy"

    @property
    def by_proxy(self) -> bool:
        """Whether a proxy wrote the file, so that whatever is in it was on the wire."""
        return self.creator.startswith(_PROXIES)


@dataclass(slots=True, eq=False)
class Entry:
    """An entry, converted."""

    observation: Observation | None = None
    note: str = ""
    """Why it is not judged."""
    notes: tuple[str, ...] = ()
    refused: Refusal | None = None
    """The browser's own word that it refused this; there is no answer to it."""
    by_preflight: bool = False
    """That holds only where the file has no preflights: else the refused one is in it, and judged."""
    of_use: bool = False
    since: float = 0.0
    """When the page asked, Unix seconds; it may have been sent later."""
    preflight_for: tuple[object, ...] | None = None
    """The request that this is a preflight for: URL and method."""
    asks_for: bytes = b""
    """The method that this preflight is for, as it names it."""
    shouts: bool = False
    """Its method stands in upper case, however it was sent."""
    exact: bool = False
    """Its start is when it was sent: whatever began later is no preflight of it."""
    fetch: tuple[object, ...] | None = None
    """URL and method of a request that bears an Origin."""
    origin: bytes = b""
    """What Origin says."""
    tainted: bool = False
    """Its Origin is null, yet its preflight may name the page's."""
    names: frozenset[bytes] = frozenset()
    """Of a request: its header names, lower case. Of a preflight: those it asks for."""
    slack: float = 0.0
    """Seconds by which its preflight may begin after its own times have ended."""
    paired: bool = False
    chosen: bool = True
    turn: int = 0
    coarse: bool = False
    """Its clock has whole seconds only: what happened within one is in no order."""
    leads_to: Url | None = None
    """Where a redirect leads."""
    follower: "Entry | None" = None
    """The request that followed that redirect."""


def convert(raw: Any, number: int, context: Context) -> Entry:
    """Convert one entry. Total: whatever it holds, nothing is raised."""
    try:
        return _convert(raw, number, context)
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError):
        return Entry(note=UNUSABLE)


def _convert(raw: dict[str, Any], number: int, context: Context) -> Entry:
    request: dict[str, Any] = raw["request"]
    response: dict[str, Any] = raw.get("response") or {}
    url = parse_url(str(request["url"]))
    if url is None:
        return Entry()  # data:, blob:, ws:, an extension's
    if raw.get("_apiRequest") is True or "_apiRequestRef" in raw:
        return Entry(note=NO_BROWSER if "origin" in _names(request) else "")
    fields = _fields(request.get("headers"))
    answer = _fields(response.get("headers"))
    status = _integer(response.get("status"))
    context.loaded(raw, url)
    method = str(request.get("method") or "GET").encode("latin-1", "replace")
    names = {name.lower() for name, _ in fields}
    if not context.sensitive_seen:
        context.sensitive_seen = bool(names & {b"cookie", b"authorization"}) or any(
            name.lower() == b"set-cookie" for name, _ in answer
        )
    if b"cookie" not in names and (cookies := _cookies(request.get("cookies"))):
        fields += ((b"Cookie", cookies),)
        names.add(b"cookie")
    asked = b"origin" in names
    if _is_cached(raw, request, response, status):
        return Entry(note=CACHED if _by_script(raw) or asked else "")
    if response.get("_fetchedViaServiceWorker") is True or raw.get("_fetchType") == "Service Worker":
        return Entry(note=WORKER if _by_script(raw) or asked else "")
    if status is not None and status >= 100 and context.is_playwright_chromium and _is_off_the_wire(raw, response):
        return Entry(note=NOT_ON_THE_WIRE if _by_script(raw) or asked else "")
    if status is None or status < 100:
        status = None
        if not _was_sent(raw, response, context):
            if not (asked or _by_script(raw) or context.after_redirect(url)):
                return Entry()
            return _unanswered(raw, response, url, method, fields, number, context)
    since, started, ended = _times(raw, context)
    notes: tuple[str, ...] = ()
    if status == 200 and context.is_playwright_chromium and _is_confirmed(response, names, answer):
        status, notes = 304, (CONFIRMED,)
    if not asked and (page := _page(raw, url.origin, fields)) is not None:
        if not _needs_preflight(method, fields):
            return Entry(note=ORIGIN_LEFT_OUT)
        fields += ((b"Origin", page.encode()),)
        asked, notes = True, (*notes, ORIGIN_FROM_REFERER)
    if raw.get("_wasFulfilled") is True:
        notes += (ANSWERED_BY_TEST,)
    if b"user-agent" not in names and context.engine is not None:
        fields += ((b"User-Agent", _AGENTS[context.engine]),)
        notes += (AGENT_ASSUMED,)
    observation = Observation(
        flow_id=f"{context.name}#{number}",
        client=None,
        connection=_connection(raw, context),
        started=started,
        ended=ended,
        method=method,
        url=url,
        request=fields,
        status=status,
        response=answer if status is not None else (),
        http2=_HTTP2.match(str(request.get("httpVersion") or "")) is not None,
        has_body=_has_body(request, fields),
    )
    entry = Entry(observation, notes=notes, since=since)
    entry.of_use = (
        asked
        or b"cookie" in names
        or b"upgrade-insecure-requests" in names
        or status in REDIRECT_STATUSES
        or any(name.lower() == b"set-cookie" for name, _ in observation.response)
        or is_plain(method, status, observation.response)
    )
    entry.coarse = _WHOLE_SECONDS.fullmatch(str(raw.get("startedDateTime"))) is not None
    if status in REDIRECT_STATUSES and (asked or entry.coarse):
        location = tuple(value for name, value in observation.response if name.lower() == b"location")
        target = location_target(observation, location)
        entry.leads_to = target.url if target is not None else None
    if asked:
        context.judged += 1
        wire = {name.lower(): value.strip() for name, value in fields}
        entry.origin = wire[b"origin"]
        if entry.leads_to is not None:
            context.redirected(url, entry.leads_to, entry.origin)
        context.maybe_sent_again += _may_be_sent_again(status, wire)
        wanted = wire.get(b"access-control-request-method")
        if method == b"OPTIONS" and wanted is not None:
            entry.preflight_for = (url, wanted.upper() if context.shouts else wanted)
            entry.asks_for = wanted
            named = wire.get(b"access-control-request-headers", b"").lower().split(b",")
            entry.names = frozenset(name.strip() for name in named) - {b""}
        else:
            entry.fetch = (url, method)
            entry.exact = context.by_proxy and not entry.coarse
            entry.shouts = context.shouts
            entry.names = frozenset(names)
            if "_securityState" in raw:  # Firefox
                entry.slack = FIREFOX_SLACK
                entry.tainted = entry.origin == b"null"
    return entry


# ---- was it on the wire? ----


def _is_cached(raw: dict[str, Any], request: dict[str, Any], response: dict[str, Any], status: int | None) -> bool:
    if raw.get("_fromCache") or raw.get("_fetchType") in _CACHES:
        return True
    if response.get("_fromCache") is True or raw.get("_servedFromCache") is True:
        return True
    return (  # Firefox
        bool(status)
        and "_securityState" in raw
        and not raw.get("serverIPAddress")
        and request.get("headersSize") == 0
        and response.get("headersSize") == 0
    )


def _is_off_the_wire(raw: dict[str, Any], response: dict[str, Any]) -> bool:
    """Whether nothing was on the wire, by what Playwright has of Chromium: an answer to provisional headers.

    What the test routes never has others; its minimal mode tells no sizes.
    """
    routed = raw.get("_wasFulfilled") is True or raw.get("_wasContinued") is True
    return response.get("_transferSize") in (0, None) and not (routed or _was_begun(raw))


def _is_confirmed(response: dict[str, Any], names: set[bytes], answer: Fields) -> bool:
    """Whether Playwright's 200 was a 304 on the wire: to a condition, and with no body of its own."""
    if not names & {b"if-none-match", b"if-modified-since"} or response.get("bodySize") not in (0, -1, None):
        return False
    return not any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in answer)


def _error(raw: dict[str, Any], response: dict[str, Any]) -> str:
    return str(response.get("_error") or response.get("_failureText") or raw.get("_error") or "")


_BLOCKED = ("ERR_FAILED", "ERR_ABORTED", "ERR_BLOCKED_BY", "ERR_CACHE_MISS", "cancel", "abort", "blocked", "_REDIRECT")
"""What a request that was answered may end with; of Chromium's errors of redirects some come without the answer."""


_BLOCKED_REASONS = frozenset("csp mixed-content origin inspector integrity subresource-filter content-type".split())
"""Of the DevTools protocol's Network.BlockedReason, which stands where there is no error."""
_NETWORK_ERRORS = frozenset(
    "NS_ERROR_CONNECTION_REFUSED NS_ERROR_UNKNOWN_HOST NS_ERROR_UNKNOWN_PROXY_HOST NS_ERROR_OFFLINE".split()
)


_ON_THE_WIRE = frozenset({"host", ":authority"})
"""Headers that no request has before it is sent."""


def _was_sent(raw: dict[str, Any], response: dict[str, Any], context: Context) -> bool:
    """Whether a request without an answer in the file was on the wire all the same, and went unanswered there."""
    if not response or _integer(response.get("status")) == -1 or _not_even_begun(raw):
        return False
    if context.by_proxy:
        return not context.creator.startswith("httptoolkit")
    error = _error(raw, response)
    if error:
        return not any(word.lower() in error.lower() for word in _BLOCKED) and bool(
            _names(raw["request"]) & _ON_THE_WIRE
        )
    return True


def _may_be_sent_again(status: int | None, wire: dict[bytes, bytes]) -> bool:
    """Whether after this the browser sends the request again by itself, so that it has done so already."""
    engine = detect(wire.get(b"user-agent", b""))
    if engine is None:
        return False
    return engine.retries > 0 if status is None else status in engine.retried_statuses


def _unanswered(
    raw: dict[str, Any],
    response: dict[str, Any],
    url: Url,
    method: bytes,
    fields: Fields,
    number: int,
    context: Context,
) -> Entry:
    """What the file has no answer to: refused, where the browser itself says so; else why nothing is judged."""
    entry = Entry(note=_why_unanswered(raw, response))
    error = _error(raw, response)
    refusal = _refusal(error)
    if refusal is None or entry.note not in (NO_ANSWER_KEPT, NEVER_SENT):
        return entry
    entry.by_preflight = entry.note is NEVER_SENT
    if entry.by_preflight and not _needs_preflight(method, fields):
        return entry
    lines = {name.lower(): value for name, value in fields}
    origin = lines.get(b"origin")
    notes: tuple[str, ...] = (f"{REFUSED} {error}",)
    if origin is None:
        known = context.origin_of(raw, url, lines.get(b"referer", b""))
        if known is None:
            return entry
        origin, how = known
        notes += (how,)
        fields += ((b"Origin", origin),)
    if origin == url.origin.encode("latin-1"):
        return entry
    if b"user-agent" not in lines and context.engine is not None:
        fields += ((b"User-Agent", _AGENTS[context.engine]),)
        notes += (AGENT_ASSUMED,)
    entry.since, started, ended = _times(raw, context)
    entry.observation = Observation(
        f"{context.name}#{number}", None, None, started, ended, method, url, fields, None, (),
        has_body=_has_body(raw["request"], fields),
    )  # fmt: skip
    entry.notes, entry.refused, entry.of_use = notes, refusal, True
    context.judged += 1
    return entry


def _why_unanswered(raw: dict[str, Any], response: dict[str, Any]) -> str:
    """Why nothing is judged where the file has no answer."""
    if not response:
        return STILL_OPEN
    if _not_even_begun(raw):
        return NEVER_SENT
    return _failed_otherwise(raw, _error(raw, response)) or NO_ANSWER_KEPT


_AT_PREFLIGHT = frozenset(
    {
        Reason.METHOD_NOT_ALLOWED,
        Reason.HEADER_NOT_ALLOWED,
        Reason.ALLOW_METHODS_INVALID,
        Reason.ALLOW_HEADERS_INVALID,
        Reason.STATUS_NOT_OK,
        Reason.PREFLIGHT_REDIRECTED,
    }
)


def _refusal(error: str) -> Refusal | None:
    """What the browser refused by CORS, by its own words; None where they do not say that it did."""
    if error in ("net::ERR_FAILED", "NS_ERROR_DOM_BAD_URI"):
        return Refusal(Reason.CAUSE_NOT_RECORDED, Stage.ACTUAL)
    words = error.lower()
    redirect = "_redirect" in words  # Chromium's errors; the others are WebKit's sentences
    if not redirect and "access-control-" not in words and "preflight" not in words:
        return None
    match = explain.find(f"Failed to load resource: {error}" if redirect else error)
    found = [each for each in match.entries if isinstance(each, Reason)] if match else []
    if redirect:
        return Refusal(found[0], Stage.REDIRECT) if found else None
    reason = found[0] if len(found) == 1 else Reason.CAUSE_NOT_RECORDED
    return Refusal(reason, Stage.PREFLIGHT if reason in _AT_PREFLIGHT else Stage.ACTUAL)


def _failed_otherwise(raw: dict[str, Any], error: str) -> str:
    """What failed a request, where the browser names what is not CORS."""
    if raw.get("_wasAborted") is True or error in ("net::ERR_ABORTED", "NS_BINDING_ABORTED"):
        return GIVEN_UP
    if error in _BLOCKED_REASONS or error.startswith("net::ERR_BLOCKED_BY_") or error == "net::ERR_CACHE_MISS":
        return BLOCKED
    if error == "net::ERR_FAILED" or "_REDIRECT" in error:
        return ""
    network = error.startswith(("net::ERR_", "NS_ERROR_NET_", "NS_ERROR_PROXY_")) or error in _NETWORK_ERRORS
    return NETWORK_FAILED if network else ""


def _not_even_begun(raw: dict[str, Any]) -> bool:
    """Chromium's provisional headers, or Firefox's empty timings."""
    if raw.get("timings") == {}:
        return True
    error = _error(raw, raw.get("response") or {})
    return error == "net::ERR_FAILED" and "_initiator" in raw and not _was_begun(raw)


def _was_begun(raw: dict[str, Any]) -> bool:
    """Whether Chromium's headers are more than provisional ones."""
    return bool(_names(raw["request"]) & (_ON_THE_WIRE | {"sec-fetch-mode"}))


def _by_script(raw: dict[str, Any]) -> bool:
    return str(raw.get("_resourceType", "")).lower() in ("fetch", "xhr", "eventsource", "xmlhttprequest", "ping")


# ---- headers as the page made them ----


def _page(raw: dict[str, Any], target: str, fields: Fields) -> str | None:
    """Origin of the page, by the Referer, where a script's request to another origin lacks what browsers add to it."""
    if not (_by_script(raw) or raw.get("_initiator_type") == "script"):
        return None
    lines = {name.lower(): value for name, value in fields}
    referer = lines.get(b"referer")
    if referer is None or b"sec-fetch-mode" in lines or b"host" in lines:
        return None
    page = parse_url(referer.decode("latin-1"))
    return None if page is None or page.origin == target else page.origin


def _needs_preflight(method: bytes, fields: Fields) -> bool:
    """Whether this can be nothing but a cors request: any other may not have this method, or these headers."""
    rules = FETCH.rules
    return method.decode("latin-1") not in CORS_SAFELISTED or bool(
        cors_unsafe_names(fields, rules.safelist, rules.name_kinds)
    )


# ---- parts ----


def _fields(headers: Any) -> Fields:
    """Header lines as they were on the wire: without pseudo-headers, and one for each line of a joined value."""
    lines: list[tuple[bytes, bytes]] = []
    if isinstance(headers, dict):
        headers = headers.items()
    for header in headers or ():
        if isinstance(header, dict):
            name, value = header.get("name"), header.get("value")
        else:
            name, value, *_ = header
        if not isinstance(name, str) or not name or name.startswith(":"):
            continue
        if isinstance(value, list):
            value = "\n".join(map(str, value))
        text = value if isinstance(value, str) else "" if value is None else str(value)
        key = _bytes(name)
        for line in text.split("\n") if "\n" in text else (text,):
            lines.append((key, _bytes(line.strip("\r"))))
    return tuple(lines)


def _names(message: dict[str, Any]) -> set[str]:
    """Header names in lower case, pseudo-headers too."""
    headers = message.get("headers")
    if isinstance(headers, dict):
        return {str(name).lower() for name in headers}
    names = (each.get("name") if isinstance(each, dict) else each[0] for each in headers or ())
    return {str(name).lower() for name in names}


def _bytes(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape") if not _has_lone(text) else text.encode("utf-8", "replace")


def _has_lone(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" and not "\udc80" <= char <= "\udcff" for char in text)


def _cookies(cookies: Any) -> bytes:
    """A Cookie header for a request whose header is left out, but whose list of cookies is not."""
    if not isinstance(cookies, list):
        return b""
    names: Iterable[str] = (str(each["name"]) for each in cookies if isinstance(each, dict) and each.get("name"))
    return "; ".join(f"{name}=..." for name in names).encode("latin-1", "replace")


def _integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.strip().lstrip("-").isdigit():
        return int(value)
    return int(value) if isinstance(value, (int, float)) else None


def _connection(raw: dict[str, Any], context: Context) -> tuple[str, str] | None:
    """The connection. `connection` is one with some writers; with others it is the server's port."""
    known = raw.get("_connectionId")
    if known in (None, "", "0"):
        known = raw.get("connection")
        if not isinstance(known, (str, int)):
            return None
        if match := _CLIENT_PORT.match(str(known)):
            known = match[1]
        elif not (context.creator in _NUMBERS_CONNECTIONS or (str(known).isdecimal() and int(known) > _LAST_PORT)):
            return None
    return None if known in ("", "0", 0) else (context.name, str(known))


def _has_body(request: dict[str, Any], fields: Fields) -> bool:
    size = request.get("bodySize")
    if isinstance(size, (int, float)) and size > 0:
        return True
    posted = request.get("postData")
    if isinstance(posted, dict) and (posted.get("text") or posted.get("params")):
        return True
    return any(name.lower() == b"content-length" and value.strip() not in (b"", b"0") for name, value in fields)


def _times(raw: dict[str, Any], context: Context) -> tuple[float, float, float]:
    """When the page asked, when the request was sent, when its answer was complete."""
    since = _moment(raw.get("startedDateTime"))
    if since is None:
        since = context.clock
    context.clock = since
    timings = raw.get("timings")
    parts = timings if isinstance(timings, dict) else {}
    if context.creator in _CONNECTED:
        took = sum(_duration(parts.get(name)) for name in ("send", "wait", "receive"))
        return since, since, since + took / 1000
    waiting = () if context.by_proxy else ("blocked", "dns", "connect")  # a proxy connects after it was asked
    waited = sum(_duration(parts.get(name)) for name in waiting)
    took = _duration(raw.get("time")) or sum(
        _duration(parts.get(name)) for name in ("blocked", "dns", "connect", "send", "wait", "receive")
    )
    ended = since + took / 1000
    return since, min(since + waited / 1000, ended), ended


def _duration(value: Any) -> float:
    """Milliseconds; -1 stands for what does not apply."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e12:
        return 0.0
    return float(value)


def _moment(value: Any) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not math.isfinite(value):
            return None
        return float(value) / 1000 if value > 1e11 else float(value)
    try:
        moment = datetime.fromisoformat(str(value).strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
