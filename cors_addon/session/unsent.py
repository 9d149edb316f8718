"""Requests that never left the browser: judged by what the page saw of them, or the browser reported, and by what would
have stopped them.

The order in which a browser asks before it sends is that of https://fetch.spec.whatwg.org/#main-fetch: mixed content,
then policies of the page.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterable

from cors_addon.engines import FETCH, detect
from cors_addon.engines import forced as wanted
from cors_addon.exchange.browser_reports import DESTINATIONS as BY_DIRECTIVE
from cors_addon.exchange.browser_reports import Reported
from cors_addon.exchange.fate import Fate
from cors_addon.exchange.loads import Loads
from cors_addon.exchange.model import Judgement, Observation, Role, ToldBy, Word
from cors_addon.exchange.timing import REPORTED_WITHIN
from cors_addon.exchange.writing import note_word
from cors_addon.fetch.headers import get
from cors_addon.fetch.load import Block, Destination, Gate, Load
from cors_addon.fetch.origins import OPAQUE
from cors_addon.policy.suffixes import registrable_domain
from cors_addon.session.pages import Unsent, is_mixed

MAX_REPORTED = 1000
_DESTINATIONS = {
    "audio": Destination.AUDIO,
    "eventsource": Destination.EVENT_SOURCE,
    "iframe": Destination.IFRAME,
    "img": Destination.IMAGE,
    "script": Destination.SCRIPT,
    "sharedworker": Destination.SHARED_WORKER,
    "track": Destination.TRACK,
    "video": Destination.VIDEO,
    "worker": Destination.WORKER,
}


def judgement(unsent: Unsent, forced: str) -> Judgement:
    """The judgement, which is of no flow; `forced`: the engine to judge as, or `auto`."""
    call, scene = unsent.call, unsent.scene
    observation = _observation(unsent)
    agent = observation.request[0][1]
    engine = wanted(forced) or detect(agent) or FETCH
    made = Judgement(observation, Role.NO_CORS, engine, _named_origin(unsent), call.method)
    made.unsent = True
    load = Load(observation.url, unsent.origin, observation.destination, call.mode or "no-cors", registrable_domain)
    block = block_of(unsent)
    made.fate = Fate(load, block, scene.flow_id)
    note_word(made, Word(passed=False, block=block, text=call.error, by=ToldBy.PAGE))
    return made


class Reports:
    """What browsers report by themselves. Each endpoint gets a report of its own: of one failure the first is taken."""

    def __init__(self) -> None:
        """Begin with none."""
        self._known: OrderedDict[Hashable, float] = OrderedDict()
        """When each failure was last told, Unix seconds."""

    def judged(self, seen: Observation, reports: Iterable[Reported], loads: Loads, forced: str) -> list[Judgement]:
        """What reports that `seen` brought tell was never sent: each page's of itself alone.

        A policy that refused where a redirect leads to names the URL that was asked for first: that one was sent.
        """
        found = []
        agent = get(seen.request, b"user-agent")
        client = (seen.client, None if agent is None else agent.encode("latin-1"))
        for number, each in enumerate(reports):
            if not _speaks_for(seen, each.page.origin) or loads.was_redirected(client, each.url):
                continue
            if self._is_news((client, each.page, each.url, each.block), seen.started - each.age):
                found.append(_of_report(seen, each, number, loads.page_id(client, each.page), forced))
        return found

    def _is_news(self, failure: Hashable, when: float) -> bool:
        last = self._known.pop(failure, None)
        self._known[failure] = when
        if len(self._known) > MAX_REPORTED:
            self._known.popitem(last=False)
        return last is None or abs(when - last) > REPORTED_WITHIN


def _speaks_for(seen: Observation, origin: str) -> bool:
    """Whether the browser sent these reports for a page of this origin, as far as it says."""
    named = get(seen.request, b"origin")
    if named is not None and named != OPAQUE:
        return named == origin
    return get(seen.request, b"sec-fetch-site") == "same-origin" and seen.url.origin == origin


def _of_report(seen: Observation, report: Reported, number: int, document: str | None, forced: str) -> Judgement:
    agent = tuple(pair for pair in seen.request if pair[0].lower() == b"user-agent")
    when = seen.started - report.age
    observation = Observation(
        f"reported {seen.flow_id} {number}",
        seen.client,
        None,
        when,
        when,
        b"GET",
        report.url,
        agent,
        None,
        (),
        destination=report.destination,
    )
    engine = wanted(forced) or detect(agent[0][1] if agent else b"") or FETCH
    made = Judgement(observation, Role.NO_CORS, engine)
    made.unsent = True
    load = Load(report.url, report.page.origin, report.destination, "no-cors", registrable_domain)
    made.fate = Fate(load, report.block, document)
    note_word(made, Word(passed=False, block=report.block, text=report.text, by=ToldBy.PAGE))
    return made


def _observation(unsent: Unsent) -> Observation:
    """The request as the browser would have sent it, as far as that is known; no answer came."""
    call, scene = unsent.call, unsent.scene
    assert call.url is not None
    address, agent = _parts(scene.client)
    origin = _named_origin(unsent)
    named = () if origin is None else ((b"origin", origin.encode("latin-1", "replace")),)
    when = call.started or call.ended or 0.0
    return Observation(
        f"unsent {scene.flow_id} {unsent.number}",
        address,
        None,
        when,
        call.ended or when,
        (call.method or "GET").encode("latin-1", "replace"),
        call.url,
        ((b"user-agent", agent.encode("latin-1", "replace")), *named),
        None,
        (),
        destination=_destination(unsent),
    )


def _destination(unsent: Unsent) -> Destination:
    if unsent.call.api or unsent.violation is None:
        return _DESTINATIONS.get(unsent.call.api, Destination.EMPTY)
    return BY_DIRECTIVE.get(unsent.violation.directive, Destination.EMPTY)


def _named_origin(unsent: Unsent) -> str | None:
    """What it would have named as its Origin."""
    call = unsent.call
    return unsent.origin if call.mode == "cors" and call.url and unsent.origin != call.url.origin else None


def block_of(unsent: Unsent) -> Block:
    """What stopped it."""
    call, violation = unsent.call, unsent.violation
    page = unsent.scene.origin if unsent.origin == OPAQUE else unsent.origin
    if is_mixed(page, call):
        return Block(Gate.MIXED_CONTENT, str(call.url))
    if violation is not None:
        return Block(Gate.CSP, violation.directive, "Content-Security-Policy")
    return Block(Gate.OTHER, call.error or None)


def _parts(client: Hashable) -> tuple[Hashable, str]:
    """Address and User-Agent of a client."""
    if isinstance(client, tuple) and len(client) == 2:
        return client[0], str(client[1] or "")
    return client, ""
