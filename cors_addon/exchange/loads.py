"""What became of an answer at the page that asked for it: the first of all checks, CORS included, that refused it.

A flow is a load of a page: its destination and mode, told by Sec-Fetch-* where they are sent, else by what the request
looks like; its page, found among the documents seen; and the engine's checks over both.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import NamedTuple

from cors_addon.engines import ENGINES, FETCH, Engine, detect, forced
from cors_addon.engines.gates import GATES
from cors_addon.engines.marks import MARKS
from cors_addon.exchange.documents import Document, Documents
from cors_addon.exchange.fate import Fate
from cors_addon.exchange.load_checks import Checks, no_body
from cors_addon.exchange.load_trials import LoadTrial, check, try_all
from cors_addon.exchange.model import Judgement, Observation, Role
from cors_addon.exchange.outcomes import location_target
from cors_addon.exchange.request_headers import IN_DISGUISE, RequestHeaders, is_preflight, read_request
from cors_addon.exchange.response_headers import read_response
from cors_addon.exchange.shelf import Shelf
from cors_addon.exchange.stopped_hops import StoppedHops
from cors_addon.exchange.weight import of_flow
from cors_addon.exchange.writing import note_fate, take_over
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.fetch.headers import normalize
from cors_addon.fetch.load import FRAMES, WORKERS, Arrival, Block, Destination, Gate, Load
from cors_addon.fetch.markup import Element
from cors_addon.fetch.mime import declared
from cors_addon.fetch.orb import ReadBody
from cors_addon.fetch.origins import Url, known_url

type Headers = Mapping[bytes, bytes]


_ROLES = {
    "no-cors": Role.NO_CORS,
    "navigate": Role.NAVIGATION,
    "same-origin": Role.SAME_ORIGIN,
    "cors": Role.SAME_ORIGIN,
}
"""Of what CORS has nothing to say to, by the request's mode."""
_NO_LOADS = frozenset({Role.PREFLIGHT, Role.WEBSOCKET, Role.NON_BROWSER})
MAX_TOLD = 256
MAX_SHEET = 1024
"""Characters of the path of a style sheet that is remembered."""

_DESTINATIONS: dict[bytes, Destination] = {
    **{each.value.encode(): each for each in Destination},
    b"empty": Destination.EMPTY,
}
del _DESTINATIONS[b""]
_FETCHED = frozenset({Destination.EMPTY, Destination.EVENT_SOURCE})
_DOCUMENTS = frozenset(
    {Destination.DOCUMENT, Destination.EMBED, Destination.FRAME, Destination.IFRAME, Destination.OBJECT}
)
_AS_LED = FRAMES | {Destination.STYLE}
"""What is checked otherwise after a redirect."""


class Loads:
    """Judges the loads of all clients."""

    def __init__(self, site: Callable[[str], str], engine: str = "auto") -> None:
        """`site` maps a host to its registrable domain; `engine` judges, or each client as what it is."""
        self._site = site
        self._forced = forced(engine)
        self._documents = Documents()
        self._checks = Checks()
        self.is_news: Callable[[Observation, Load], bool] = lambda _observation, _load: False
        """Whether there is something to tell of a load that nothing stops."""
        self.trials: tuple[LoadTrial, ...] = ()
        """Policies that are tried on each load."""
        self.sheets: OrderedDict[bytes, None] = OrderedDict()
        """URLs of style sheets that pages of another origin have loaded, the latest: in Firefox what these load of
        their own origin looks like what a page loads of its own."""
        self._redirected: OrderedDict[tuple[Hashable, Url], None] = OrderedDict()
        """URLs of each client that led elsewhere, the latest."""
        self._told: Shelf[str, Judgement] = Shelf(MAX_TOLD)
        """Flows that only this had something to say of, by id: CORS may yet."""
        self._stopped = StoppedHops()

    @property
    def weight(self) -> int:
        """Bytes that are kept."""
        return self._documents.weight + self._told.weight + self._stopped.weight

    def keep_within(self, most: int) -> None:
        """Keep no more than so many bytes."""
        self._told.keep_within(most // 4)
        self._stopped.keep_within(most // 16)
        self._documents.keep_within(most - most // 4 - most // 16)

    @property
    def integrity_seen(self) -> bool:
        """Some page has an element that names a digest."""
        return self._documents.integrity_seen

    @property
    def isolation_seen(self) -> bool:
        """Some page or worker demands a policy of what it embeds, or may under a policy that is tried."""
        return self._documents.isolation_seen or bool(self.trials)

    def observe(self, observation: Observation, judgements: list[Judgement]) -> list[Judgement]:
        """Add to the judgements on a flow what becomes of its answer; where there is none, and it is blocked, make one.

        `judgements`: what CORS says, that on the flow itself first.
        """
        own = judgements[0] if judgements and judgements[0].observation is observation else None
        if self._told:
            for judgement in judgements:
                self._take_over(judgement)
        read_body, observation.read_body = observation.read_body, None
        if (own is not None and own.role in _NO_LOADS) or observation.status == 304:
            return judgements  # of a 304 the page gets what was stored
        headers = read_request(observation.request)
        if headers.said.plainly_fetched and own is not None and observation.status not in REDIRECT_STATUSES:
            return judgements
        engine = self._forced or (_engine_of(headers) if own is None else own.engine)
        if engine is None or engine.plays_browser or is_preflight(observation, headers):
            return judgements
        seen = Seen(observation, headers, engine, read_body or no_body)
        fate = self.judge(seen)
        if self._stopped:
            judgements.extend(self._stopped.went_on(seen.client, observation))
        if own is None:
            if not fate.tells and not self.is_news(observation, fate.load):
                return judgements
            own = self._tell(observation, fate, engine)
            judgements.insert(0, own)
        note_fate(own, fate)
        if fate.block is not None and observation.status in REDIRECT_STATUSES:
            target = location_target(observation, read_response(observation.response).lines.location, engine)
            self._stopped.note(seen.client, None if target is None else target.url, own)
        return judgements

    def gate(self, observation: Observation) -> Block | None:
        """What beside CORS stops an answered flow, by what is known so far; nothing is remembered of it."""
        headers = read_request(observation.request)
        if observation.status in (None, 304) or is_preflight(observation, headers):
            return None
        engine = self._forced or _engine_of(headers) or FETCH
        seen = Seen(observation, headers, engine, observation.read_body or no_body)
        return check(engine.name, self._load_of(seen)[0], arrival_of(observation, engine, seen.read_body))

    def stop(self, observation: Observation, block: Block, own: Judgement | None) -> Judgement:
        """The browser says what stopped this flow: `own` is what CORS says of it, None where that is nothing."""
        headers = read_request(observation.request)
        engine = own.engine if own is not None else self._forced or _engine_of(headers) or FETCH
        known = None if own is None or own.fate is None else own.fate
        load = known.load if known is not None else self._load_of(Seen(observation, headers, engine, no_body))[0]
        if block.detail is None and block.gate in (Gate.MIXED_CONTENT, Gate.LOCAL_NETWORK):
            block = block._replace(detail=str(observation.url))
        fate = Fate(load, block, None if known is None else known.document)
        made = own if own is not None else self._tell(observation, fate, engine)
        if known is None or known.block is None or known.block.gate is not block.gate:
            note_fate(made, fate)  # else the answer itself shows more of it
        return made

    def was_redirected(self, client: Hashable, url: Url) -> bool:
        """Whether a client was lately led elsewhere by this URL. `client`: address and User-Agent."""
        return (client, url) in self._redirected

    def _note_redirect(self, seen: "Seen") -> None:
        self._redirected[seen.client, seen.observation.url] = None
        if len(self._redirected) > MAX_TOLD:
            self._redirected.popitem(last=False)

    def page_id(self, client: Hashable, url: Url) -> str | None:
        """Flow id of a client's page or worker at this URL; None where it was not seen. `client`: as above."""
        document = self._documents.at(client, url)
        return None if document is None else document.flow_id

    def note_page(self, address: Hashable, user_agent: bytes | None, document: Document) -> None:
        """Remember a page that demands nothing by its headers; as `observe` would. `address`: of its client."""
        if self._forced is not None or _engine(user_agent or b"") is not None:
            self._documents.keep((address, user_agent), document)

    def _tell(self, observation: Observation, fate: Fate, engine: Engine) -> Judgement:
        role = _ROLES.get(fate.load.mode, Role.NO_CORS)
        made = Judgement(observation, role, engine)
        self._told.keep(observation.flow_id, made, of_flow(observation))
        return made

    def _take_over(self, judgement: Judgement) -> None:
        """CORS has its word on a flow after all: it is told again."""
        told = self._told.take(judgement.observation.flow_id)
        if told is not None and told is not judgement:
            take_over(judgement, told)

    def judge(self, seen: "Seen") -> Fate:
        """What becomes of an answer, CORS apart; its document or worker is remembered."""
        observation, engine = seen.observation, seen.engine
        load, document, named = self._load_of(seen)
        self._note(seen, load, document)
        flow_id = None if document is None else document.flow_id
        if observation.status is None:
            return Fate(load, Block(Gate.NETWORK), flow_id)
        arrival = arrival_of(observation, engine, seen.read_body)
        if arrival.target is not None:
            self._note_redirect(seen)
        if document is not None and arrival.target is not None and arrival.target.url is not None:
            self._documents.note_redirect(seen.client, arrival.target.url, document)
            if load.element is not None:
                document.lead(load.element, arrival.target.url)
        block = self._checks.check(engine.name, load, arrival)
        tried = try_all(self.trials, engine.name, (observation, document), load, arrival) if self.trials else ()
        if block is None:
            return Fate(load, None, flow_id, reported=_reported(engine.name, load, arrival), tried=tried)
        others = tuple((name, check(name, load, arrival)) for name in GATES if name != FETCH.name)
        inferred = (
            document is not None
            and not named
            and any(
                check(engine.name, load._replace(page=page), arrival) != block
                for page in self._documents.alternatives(seen.client, document)
            )
        )
        first = GATES[engine.name].precedes_cors(load, block)
        return Fate(load, block, flow_id, others, inferred, tried=tried, before_cors=first)

    def _load_of(self, seen: "Seen") -> tuple[Load, Document | None, bool]:
        """The load, its document, and whether the request names that."""
        headers = seen.headers
        mode = mode_of(seen.observation, headers)
        destination = destination_of(headers, mode)
        if destination is None:
            destination = seen.observation.destination
        redirected = destination in _AS_LED and self._documents.was_led(seen.client, seen.observation.url)
        document, named = self._documents.find(seen.client, seen.observation, headers)
        if destination is Destination.SCRIPT and mode == "no-cors" and MARKS[seen.engine.name].is_import(headers):
            worker = self._worker_of(seen, document)
            if worker is not None:
                document, destination, named = worker, Destination.IMPORT_SCRIPTS, True
        elif destination in _FETCHED and document is not None and document.hints and b"sec-ch-ua" not in headers:
            worker = self._worker_of(seen, document)
            document, named = (document, named) if worker is None else (worker, True)
        element = None
        if document is not None and destination in {Destination.SCRIPT, Destination.STYLE}:
            element = document.markup.elements.get(seen.observation.url)
        if destination is Destination.SCRIPT and mode == "cors":
            destination = _script_or_module(seen, element)
        load = Load(
            seen.observation.url,
            origin_of(seen.observation, headers, document),
            destination,
            mode,
            self._site,
            None if document is None else document.page,
            element,
            tainted=self._is_tainted(seen, document),
            redirected=redirected,
            ancestors=document.ancestors if document is not None and destination in FRAMES else (),
        )
        return load, document, named

    def _is_tainted(self, seen: "Seen", document: Document | None) -> bool:
        """Whether the fetch has been at another origin; what a style sheet from elsewhere asks for is from there only
        to `Sec-Fetch-Site`.
        """
        if seen.headers.get(b"sec-fetch-site") in (None, b"same-origin", b"none"):
            return False
        url = seen.observation.url
        if document is None or document.headers.origin != url.origin:
            return True
        referrer = known_url(normalize(seen.headers.get(b"referer", b"")))
        is_sheets = referrer is not None and referrer.origin != url.origin
        return not is_sheets or self._documents.was_led(seen.client, url)

    def _worker_of(self, seen: "Seen", document: Document | None) -> Document | None:
        """The worker that imports this; `document`: what is known already, by a redirect that names no page, say."""
        if document is not None and document.worker:
            return document
        return self._documents.find(seen.client, seen.observation, seen.headers, worker=True)[0]

    def _note(self, seen: "Seen", load: Load, document: Document | None) -> None:
        observation = seen.observation
        status = observation.status
        if status is None or 300 <= status <= 399:
            return
        if load.destination in _DOCUMENTS or (load.destination is None and load.mode == "navigate"):
            parent = document if load.frame else None
            self._documents.note(seen.client, observation, seen.read_body, worker=False, owner=parent)
        elif load.destination in WORKERS:
            owner = None if load.destination is not Destination.WORKER else document
            self._documents.note(seen.client, observation, seen.read_body, worker=True, owner=owner)
        elif load.destination is Destination.STYLE and document is not None:
            self._documents.note_style(seen.client, observation.url, document)
            if document.url.origin != observation.url.origin:
                self._note_sheet(observation.url)

    def _note_sheet(self, url: Url) -> None:
        if len(url.path) > MAX_SHEET:
            return
        self.sheets[str(url).encode()] = None
        if len(self.sheets) > MAX_TOLD:
            self.sheets.popitem(last=False)


class Seen(NamedTuple):
    """A flow, and what was read of it."""

    observation: Observation
    headers: Headers
    """Of the request."""
    engine: Engine
    read_body: ReadBody

    @property
    def client(self) -> Hashable:
        """The browser: an address and a User-Agent."""
        return self.observation.client, self.headers.get(b"user-agent")


def _script_or_module(seen: Seen, element: Element | None) -> Destination:
    told = MARKS[seen.engine.name].is_module(seen.headers) if element is None else element.is_module
    if told is None:  # most often a module; what has no type at all is not called refused for a guess
        told = bool(declared(seen.observation.response))
    return Destination.MODULE if told else Destination.SCRIPT


def arrival_of(observation: Observation, engine: Engine, read_body: ReadBody) -> Arrival:
    """What came, for a flow that was answered."""
    target = location_target(observation, read_response(observation.response).lines.location, engine)
    return Arrival(observation.status or 0, observation.response, read_body, target)


def _reported(engine: str, load: Load, arrival: Arrival) -> Block | None:
    """What the page's report-only embedder policy would stop this load by.

    https://html.spec.whatwg.org/multipage/browsers.html#queue-a-cross-origin-embedder-policy-inheritance-violation,
    https://fetch.spec.whatwg.org/#queue-a-cross-origin-embedder-policy-corp-violation-report
    """
    page = load.page
    if page is None or not page.reported.isolates:
        return None
    block = check(engine, load._replace(page=page._replace(embedder=page.reported)), arrival)
    return block if block is not None and block.gate is Gate.COEP else None


def mode_of(observation: Observation, headers: Headers) -> str:
    """The request's mode, inferred where it is not sent: what has another's Origin asks for CORS."""
    mode = headers.get(b"sec-fetch-mode")
    if mode is not None:
        return mode.decode("latin-1")
    origin = headers.get(b"origin")
    if origin is not None and normalize(origin) != observation.url.origin:
        return "cors"
    if headers.get(b"accept") == b"text/event-stream":
        return "cors"
    return "navigate" if _asks_for_a_document(headers) else "no-cors"


def _asks_for_a_document(headers: Headers) -> bool:
    return headers.get(b"accept", b"").startswith(b"text/html") and b"sec-purpose" not in headers


def destination_of(headers: Headers, mode: str) -> Destination | None:
    """What the answer is for; None where nothing tells. Modules and imported scripts look like any script."""
    sent = headers.get(b"sec-fetch-dest")
    if b"sec-purpose" in headers and b"prefetch" in headers[b"sec-purpose"]:
        return Destination.PREFETCH
    accept = headers.get(b"accept", b"")
    if accept == b"text/event-stream" and sent in (None, b"empty"):
        return Destination.EVENT_SOURCE
    if sent is not None:
        return _DESTINATIONS.get(sent)
    if mode == "navigate":
        return None
    if accept.startswith(b"text/css"):
        return Destination.STYLE
    return Destination.IMAGE if accept.startswith(b"image/") else None


def origin_of(observation: Observation, headers: Headers, document: Document | None) -> str:
    """The origin of the page: of its document, or as Origin or Referer name it; else taken for the URL's own."""
    if document is not None:
        return document.headers.origin
    for name in (b"origin", b"referer"):
        url = known_url(normalize(headers.get(name, b"")))
        if url is not None:
            return url.origin
    return observation.url.origin


_engine = lru_cache(maxsize=256)(detect)


def _engine_of(headers: RequestHeaders) -> Engine | None:
    return ENGINES["chromium"] if headers.said.asker == IN_DISGUISE else _engine(headers.said.user_agent)
