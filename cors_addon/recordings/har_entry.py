"""One HAR entry as an `Observation`, whoever wrote it; what each writer does stands in `har_dialects`."""

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from cors_addon.engines import ENGINES, FETCH, detect
from cors_addon.exchange import own_page
from cors_addon.exchange.model import Observation, Word
from cors_addon.exchange.outcomes import location_target
from cors_addon.exchange.timing import HAR_FIREFOX_WAITS
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.fetch.methods import CORS_SAFELISTED
from cors_addon.fetch.names import ALLOW_ORIGIN, ASKED_HEADERS, ASKED_METHOD, VALIDATORS
from cors_addon.fetch.origins import Url
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.requests import cors_unsafe_names
from cors_addon.reasons.assumptions import Assumption
from cors_addon.recordings import har_fields, har_wire
from cors_addon.recordings.har_dialects import AGENTS, ORIGIN_FROM_REDIRECT, ORIGIN_FROM_REFERER, Context
from cors_addon.recordings.har_wire import (
    CACHED,
    NOT_ON_THE_WIRE,
    Given,
    given,
    is_confirmed,
    is_load,
    off_the_wire,
    was_sent,
)
from cors_addon.recordings.har_wire import (
    WORKER as WORKER,
)
from cors_addon.recordings.har_word import (
    NEVER_SENT,
    NO_ANSWER_KEPT,
    REFUSED,
    destination_of,
    is_refused_elsewhere,
    why_unanswered,
    word_of,
)

NO_BROWSER = "sent by the test's own client, which is no browser and does not enforce CORS"
ORIGIN_LEFT_OUT = (
    "no Origin in an entry of a script's request to another origin: the file has headers as the page made them, not as"
    " they were sent"
)
UNUSABLE = "no exchange: the entry has no usable request or response"
AS_RECEIVED = "answered from the browser's cache or by a service worker: judged by the answer as the page received it"
ANSWERED_BY_TEST = "answered by the test itself, not by a server"
HEADERS_MOVED = (
    "this file has the headers of a redirect in the place of this answer's own: that the page got it is known, what its"
    " headers permit is not"
)
CONFIRMED = "status 200 in this entry, without a body of its own, to a condition: taken for a 304"
SENT_AGAIN = (
    "got no answer, or one after which browsers send the request again by themselves (408, 421): how often it was sent"
    " is not to be told, for the file has one entry for all"
)
AGENT_ASSUMED = "no User-Agent in this entry: taken for the browser that the file names"

_WHOLE_SECONDS = pattern(r"[\d-]+T\d\d:\d\d:\d\d(?:Z|[+-]\d\d:?\d\d)?")
_RETRIED = frozenset(status for engine in ENGINES.values() for status in engine.retried_statuses)
_ALLOW_ORIGIN = ALLOW_ORIGIN.lower().encode()
_EVIDENCE = frozenset({b"cookie", b"upgrade-insecure-requests"})
"""Header names that make a request without Origin of use, whatever its answer."""


@dataclass(slots=True, eq=False)
class Entry:
    """An entry, converted."""

    observation: Observation | None = None
    note: str = ""
    """Why it is not judged."""
    notes: tuple[str, ...] = ()
    heard: Word | None = None
    """What the browser itself says of it."""
    by_preflight: bool = False
    """It was never sent, as refused: told only where the file has no preflights, else the refused one is, by this."""
    of_use: bool = False
    load: bool = False
    """It is a page, or something beside CORS may keep it from one."""
    evidence_only: bool = False
    """It has no Origin and leads nowhere: of use at most for the credentials that it carries, as stored, or as a load.
    """
    word_alone: bool = False
    """The headers of its answer are not in the file."""
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
    body_size: int = 0
    """Bytes of its body, which is kept with it."""
    paired: bool = False
    chosen: bool = True
    unanswered: tuple[object, ...] | None = None
    """URL and method of a request that the browser refused, and of which nothing was on the wire here."""
    by_worker: bool = False
    """A service worker sent it."""
    by_its_worker: bool = False
    """Its service worker sent another in its place, which is told."""
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
    url = har_fields.requested_url(str(request["url"]))
    if url is None:
        return Entry()  # data:, blob:, an extension's
    if raw.get("_apiRequest") is True or "_apiRequestRef" in raw:
        return Entry(note=NO_BROWSER if "origin" in har_fields.header_names(request) else "")
    entry = given(raw, url)
    context.loaded(raw, url, asks_for_page=b"upgrade-insecure-requests" in entry.names)
    context.note_sensitive(entry.names, entry.answer_names)
    context.failures += bool(entry.error) or not entry.answered
    _add_cookies(entry)
    why = off_the_wire(entry, context)
    word = word_of(entry, context)
    if why is not None:
        return _stored(entry, number, context, word, why) or Entry(note=why if entry.matters else "")
    if not entry.answered and word is not None and word.stopped_by is not None:
        return _stopped(entry, number, context, word)
    if entry.answered or was_sent(entry, context):
        return _exchange(entry, number, context, word)
    told = entry.matters or context.after_redirect(url) is not None or is_refused_elsewhere(entry, context, word)
    return _unanswered(entry, number, context, word) if told else Entry()


def _add_cookies(entry: Given) -> None:
    """Some writers leave the header out, but not the list."""
    listed = entry.request.get("cookies")
    if listed and b"cookie" not in entry.names and (cookies := har_fields.cookie_header(listed)):
        entry.add(b"Cookie", cookies)


def _stored(entry: Given, number: int, context: Context, word: Word | None, why: str) -> Entry | None:
    """A cors request that the browser's cache answered, judged by that answer; None where it is not one, or not told.

    A file shows it as the page made it, without Origin: that it was a cors request its end tells, or the answer.
    """
    if why is not CACHED and not (why is NOT_ON_THE_WIRE and entry.by_script):
        return None
    if not entry.answered or entry.lines().get(b"sec-fetch-mode", b"cors") != b"cors" or _needs_preflight(entry):
        return None
    refused = word is not None and word.passed is False and word.stopped_by is None
    if not entry.asked:
        known = context.origin_of(entry.raw, entry.url, entry.lines().get(b"referer", b""))
        if known is None or not (refused or _is_shared(entry)):
            return None
        entry.add(b"Origin", *known)
    if entry.lines()[b"origin"] == entry.url.origin.encode("latin-1"):
        return None
    entry.notes += (Assumption.FROM_CACHE if why is CACHED else AS_RECEIVED,)
    found = _exchange(entry, number, context, word)
    if found.observation is not None:
        found.observation.connection = None
    return found


# ---- on the wire ----


def _exchange(entry: Given, number: int, context: Context, word: Word | None) -> Entry:
    since, started, ended = har_fields.times(entry.raw, context)
    status = entry.status if entry.answered else None
    if status is None and context.dialect.answers_itself:
        status = own_page.status_for(entry.error)
    if is_confirmed(entry, context):
        status, entry.notes = 304, (CONFIRMED,)
    if entry.is_bare_redirect:
        if entry.asked and (target := har_fields.parsed_url(str(entry.response["redirectURL"]))) is not None:
            context.redirected(entry.url, target, entry.lines()[b"origin"].strip())
        return Entry(note=har_wire.BARE_REDIRECT)
    moved = context.dialect.moves_headers and _are_moved(entry, context)
    if moved:
        entry.answer, entry.answer_names, entry.notes = (), frozenset(), (HEADERS_MOVED,)
    if not entry.asked and (page := _page(entry)) is not None:
        passed = context.dialect.leaves_failures_out and (moved or _is_shared(entry))
        if not (passed or _needs_preflight(entry)):
            return Entry(note=ORIGIN_LEFT_OUT)
        led = context.after_redirect(entry.url)
        entry.add(b"Origin", *((page.encode(), ORIGIN_FROM_REFERER) if led is None else (led, ORIGIN_FROM_REDIRECT)))
    if entry.raw.get("_wasFulfilled") is True:
        entry.notes += (ANSWERED_BY_TEST,)
    _assume_agent(entry, context)
    observation = Observation(
        flow_id=f"{context.name}#{number}",
        client=None,
        connection=har_fields.connection_of(entry.raw, context),
        started=started,
        ended=ended,
        method=entry.method,
        url=entry.url,
        request=entry.fields,
        status=status,
        response=entry.answer if entry.answered else (),
        http2=har_fields.is_http2(str(entry.request.get("httpVersion") or "")),
        has_body=har_fields.has_body(entry.request, entry.fields),
        destination=destination_of(entry, word, answered=True),
        read_body=partial(har_fields.body_of, entry.response) if har_fields.has_text(entry.response) else None,
    )
    found = Entry(observation, notes=entry.notes, since=since, heard=word if entry.answered else None, word_alone=moved)
    found.body_size = har_fields.body_size(entry.response)
    context.look_for_digests(observation)
    found.load = is_load(entry, observation, integrity_seen=context.integrity_seen)
    tells = entry.asked or observation.status in REDIRECT_STATUSES or b"set-cookie" in entry.answer_names
    evidence = not tells and _is_evidence(entry, observation)
    found.evidence_only = not tells and (not evidence or word is None or word.passed is True)
    found.of_use = found.load or tells or evidence or (word is not None and word.stopped_by is not None)
    found.by_worker = "_serviceWorkerRef" in entry.raw
    moment = str(entry.raw.get("startedDateTime"))
    found.coarse = "." not in moment and _WHOLE_SECONDS.fullmatch(moment) is not None
    if entry.asked or found.coarse:
        found.leads_to = _leads_to(observation)
    if entry.asked:
        _note_asked(entry, found, context)
    return found


def _are_moved(entry: Given, context: Context) -> bool:
    """Whether the headers of an answer are those of a redirect that led to it: it has a Location, and leads nowhere."""
    if entry.status in REDIRECT_STATUSES or context.after_redirect(entry.url) is None:
        return False
    location = next((value for name, value in entry.answer if name.lower() == b"location"), b"")
    target = har_fields.parsed_url(location.decode("latin-1"))
    return target is not None and context.after_redirect(target) is not None


def _is_shared(entry: Given) -> bool:
    """Whether an answer speaks of CORS."""
    return _ALLOW_ORIGIN in entry.answer_names


def _leads_to(seen: Observation) -> Url | None:
    if seen.status not in REDIRECT_STATUSES:
        return None
    location = tuple(value for name, value in seen.response if name.lower() == b"location")
    target = location_target(seen, location)
    return None if target is None else target.url


def _assume_agent(entry: Given, context: Context) -> None:
    if b"user-agent" not in entry.names and context.engine is not None:
        entry.fields += ((b"User-Agent", AGENTS[context.engine]),)
        entry.notes += (AGENT_ASSUMED,)


def _is_evidence(entry: Given, seen: Observation) -> bool:
    """Whether an entry without Origin may tell of the credentials of what is judged, or be what was stored of it."""
    stored = seen.status == 200 and seen.method == b"GET" and not VALIDATORS.isdisjoint(entry.answer_names)
    return stored or not _EVIDENCE.isdisjoint(entry.names)


def _note_asked(entry: Given, found: Entry, context: Context) -> None:
    """What finds a request with an Origin its preflight, or a preflight its request."""
    assert found.observation is not None
    context.judged += 1
    wire = entry.lines()
    found.origin = wire[b"origin"].strip()
    if found.leads_to is not None:
        context.redirected(entry.url, found.leads_to, found.origin)
    context.maybe_sent_again += _may_be_sent_again(found.observation.status, wire)
    wanted = wire.get(ASKED_METHOD)
    shouts = context.dialect.upper_case_methods
    if entry.method == b"OPTIONS" and wanted is not None:
        wanted = wanted.strip()
        found.preflight_for = (entry.url, wanted.upper() if shouts else wanted)
        found.asks_for = wanted
        named = wire.get(ASKED_HEADERS, b"").strip().lower().split(b",")
        found.names = frozenset(name.strip() for name in named) - {b""}
        return
    found.fetch = (entry.url, entry.method)
    found.exact = context.dialect.is_proxy and not found.coarse
    found.shouts = shouts
    found.names = entry.names
    if context.firefox:
        found.slack = HAR_FIREFOX_WAITS
        found.tainted = found.origin == b"null"


_engine = lru_cache(maxsize=256)(detect)


def _may_be_sent_again(status: int | None, wire: dict[bytes, bytes]) -> bool:
    """Whether after this the browser sends the request again by itself, so that it has done so already."""
    if status is not None and status not in _RETRIED:
        return False
    engine = _engine(wire.get(b"user-agent", b"").strip())
    if engine is None:
        return False
    return engine.retries > 0 if status is None else status in engine.retried_statuses


# ---- without an answer ----


def _unanswered(entry: Given, number: int, context: Context, word: Word | None) -> Entry:
    """What the file has no answer to: refused, where the browser itself says so; else why nothing is judged."""
    found = Entry(note=why_unanswered(entry, word))
    if word is None or word.refusal is None or found.note not in (NO_ANSWER_KEPT, NEVER_SENT):
        return found
    found.by_preflight = found.note is NEVER_SENT
    if found.by_preflight and not _needs_preflight(entry):
        return found
    entry.notes = (f"{REFUSED} {entry.error}",)
    if not entry.asked:
        known = context.origin_of(entry.raw, entry.url, entry.lines().get(b"referer", b""))
        if known is None:
            return found
        entry.add(b"Origin", *known)
    found.origin = entry.lines()[b"origin"]
    if found.origin == entry.url.origin.encode("latin-1"):
        return found
    _assume_agent(entry, context)
    found.since, found.observation = _without_answer(entry, number, context, word)
    found.notes, found.heard, found.of_use = entry.notes, word, True
    found.unanswered, found.by_worker = (entry.url, entry.method), "_serviceWorkerRef" in entry.raw
    if found.by_preflight:
        found.fetch, found.names = (entry.url, entry.method), entry.names
    context.judged += 1
    return found


def _stopped(entry: Given, number: int, context: Context, word: Word) -> Entry:
    """What the browser says that something beside CORS stopped."""
    _assume_agent(entry, context)
    since, observation = _without_answer(entry, number, context, word)
    if not (entry.asked or entry.lines().get(b"referer")) and (page := context.page_in_frame(entry.raw)) is not None:
        others = tuple(line for line in observation.request if line[0].lower() != b"referer")
        observation.request = (*others, (b"Referer", f"{page}/".encode("latin-1")))
    if har_fields.SOCKET.match(str(entry.request["url"])):
        observation.request += ((b"Upgrade", b"websocket"),)
    if entry.asked and was_sent(entry, context):
        context.maybe_sent_again += _may_be_sent_again(None, entry.lines())
    by_worker = "_serviceWorkerRef" in entry.raw
    return Entry(observation, notes=entry.notes, since=since, of_use=True, heard=word, by_worker=by_worker)


def _without_answer(entry: Given, number: int, context: Context, word: Word) -> tuple[float, Observation]:
    """When the page asked, and what it asked for."""
    since, started, ended = har_fields.times(entry.raw, context)
    return since, Observation(
        f"{context.name}#{number}", None, None, started, ended, entry.method, entry.url, entry.fields, None, (),
        has_body=har_fields.has_body(entry.request, entry.fields), destination=destination_of(entry, word),
    )  # fmt: skip


# ---- headers as the page made them ----


def _page(entry: Given) -> str | None:
    """Origin of the page, by the Referer, where a script's request to another origin lacks what browsers add to it."""
    if not (entry.by_script or entry.raw.get("_initiator_type") == "script"):
        return None
    lines = entry.lines()
    referer = lines.get(b"referer")
    if referer is None or b"sec-fetch-mode" in lines or b"host" in lines:
        return None
    page = har_fields.parsed_url(referer.decode("latin-1"))
    return None if page is None or page.origin == entry.url.origin else page.origin


def _needs_preflight(entry: Given) -> bool:
    """Whether this can be nothing but a cors request: any other may not have this method, or these headers."""
    rules = FETCH.rules
    return entry.method.decode("latin-1") not in CORS_SAFELISTED or bool(
        cors_unsafe_names(entry.fields, rules.safelist, rules.name_kinds)
    )
