"""The documents and workers of each client: what they demand of what they load, found again for each of their requests.

Law 1: a request names its page by Referer, in full to the page's own origin, elsewhere by the origin alone: then the
latest page of that origin is taken, and where two of them differ in what they demand, that is inferred.
Law 2: a document's body is looked into only when a check asks.
Law 3: everything kept is bounded: clients, pages of each, the bytes that are read of a page, and those of all together.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from cors_addon.exchange.model import Observation
from cors_addon.exchange.shelf import Shelf
from cors_addon.fetch import markup
from cors_addon.fetch.bounds import size_of
from cors_addon.fetch.embedder_policy import IsolationPolicy
from cors_addon.fetch.gates import page_from
from cors_addon.fetch.headers import get, normalize
from cors_addon.fetch.load import Page
from cors_addon.fetch.markup import Element
from cors_addon.fetch.orb import ReadBody, held
from cors_addon.fetch.origins import Url, is_potentially_trustworthy, known_url
from cors_addon.fetch.referrer_policy import DEFAULT, names_page, referrer_policy

MAX_CLIENTS = 200
MAX_BODIES = 64
"""Pages of all clients, the latest, whose bodies stay within reach."""
_GLANCE = 1 << 15
"""Bytes of a page that are looked at as it comes."""
MAX_ALTERNATIVES = 3
MAX_ANCESTORS = 8
"""Frames around a frame that are remembered."""
MAX_LED = 64
"""Redirects of one client whose page is remembered until what they lead to has come."""
MAX_PAGES = 48
"""Pages, workers and style sheets that are remembered of one client."""
_OF_A_PAGE = 2048
"""Bytes of one without its headers, and of a client."""
_AS_READ = 4
"""What headers are made into has as many times their bytes."""
_OF_AN_ELEMENT = 512


@dataclass(slots=True)
class Growth:
    """Whether some page weighs more than it did when it was weighed: most never do."""

    some: bool = False


@dataclass(slots=True, eq=False)
class Document:
    """A document or worker, by the response that it came of."""

    flow_id: str
    url: Url
    started: float
    """When it was asked for, Unix seconds."""
    headers: Page
    """What its response headers say."""
    read_body: ReadBody
    worker: bool = False
    referrer_policy: str = DEFAULT
    observation: Observation | None = field(default=None, repr=False)
    """The exchange itself, where it is known."""
    hints: bool = False
    """Its own request bore client hints, as all of a Chromium's documents do, and none of its workers."""
    ancestors: tuple[str, ...] = ()
    """Origins of the documents that it was framed in, as far as they were seen: its parent's first."""
    tried: dict[object, Page | None] = field(default_factory=dict, repr=False)
    """What it would demand under policies that are not in force, by whose trial that is; None where it is not meant."""
    growth: Growth = field(default_factory=Growth, repr=False)
    """Of all pages that it is kept with."""
    _markup: markup.Markup | None = field(default=None, repr=False)
    _own: int = field(default=0, repr=False)

    @property
    def weight(self) -> int:
        """Bytes that are kept of it, its body apart."""
        known, found = self.observation, self._markup
        if not self._own:
            own = 0 if known is None else size_of(known.request) + _AS_READ * size_of(known.response)
            self._own = _OF_A_PAGE + len(self.url.path) + own
        return self._own + (0 if found is None else _OF_AN_ELEMENT * (len(found.elements) + len(found.policies)))

    @property
    def markup(self) -> markup.Markup:
        """What its markup says; looked into once."""
        if self._markup is None:
            body = None if self.worker else self.read_body(markup.LOOKED_AT)
            nothing = markup.Markup(quirks=False, policies=[], elements={})
            self._markup = nothing if body is None else markup.read(body, self.url)
            self.read_body = _nothing
            self.growth.some = True
        return self._markup

    def names_itself(self, url: Url) -> bool:
        """Whether its requests for a URL bear a Referer, or an origin that is its own."""
        if self.headers.policies and self.headers.opaque:
            return False
        policy = self.referrer_policy if self.worker else self.markup.referrer_policy or self.referrer_policy
        return names_page(policy, self.url, url)

    def lead(self, element: Element, target: Url) -> None:
        """What one of its elements asks for leads elsewhere: it is for that, too."""
        self.markup.elements.setdefault(target, element)
        self.growth.some = True

    @property
    def page(self) -> Page:
        """What it demands, its markup included."""
        found = self.markup
        if not found.policies and not found.quirks:
            return self.headers
        return self.headers._replace(policies=(*self.headers.policies, *found.policies), quirks=found.quirks)


def _made_by(owner: Page | None, worker: Page) -> Page:
    """A dedicated worker has its page's isolation: third_party/blink/renderer/core/workers/dedicated_worker.cc"""
    if owner is None:
        return worker
    isolated = owner.isolation is IsolationPolicy.ISOLATE_AND_REQUIRE_CORP and worker.isolation is IsolationPolicy.NONE
    isolation = owner.isolation if isolated else worker.isolation
    return worker._replace(isolation=isolation, owner_upgrades=owner.upgrades)


def _nothing(_limit: int) -> bytes | None:
    return None


class _Pages(Shelf[Url, Document]):
    """Of one client: pages by URL, the latest last; a style sheet stands for the page that loads it."""

    def __init__(self) -> None:
        super().__init__(MAX_PAGES)
        self.origins: Counter[str] = Counter()
        """How many there are of each origin: most requests ask for a page that was never seen."""
        self.led: Shelf[Url, Document] = Shelf(MAX_LED)
        """Where redirects lead, and whose loads those are: what comes there may name no page at all."""
        self._growth = Growth()

    def add(self, url: Url, document: Document) -> None:
        """Make it the latest, and forget the oldest where there are too many."""
        if self._growth.some:
            self._growth.some = False
            for each, page in self.items():
                self.weigh(each, page.weight)
        document.growth = self._growth
        if url not in self:
            self.origins[url.origin] += 1
        for oldest, _ in self.keep(url, document, document.weight):
            self.origins[oldest.origin] -= 1
            if not self.origins[oldest.origin]:
                del self.origins[oldest.origin]

    def latest(self, origin: str | None, observation: Observation, *, worker: bool) -> Document | None:
        """The latest of an origin (None: of any) that may have sent this request: what an https page would not send,
        as it is mixed content, is another's.

        A request that names no page is of one that wants not to be named, if there is one; else some element wanted it.
        """
        if origin is None:
            silent = self._latest(None, observation, worker=worker, silent=True)
            if silent is not None:
                return silent
        return self._latest(origin, observation, worker=worker)

    def _latest(
        self, origin: str | None, observation: Observation, *, worker: bool, silent: bool = False
    ) -> Document | None:
        insecure = not is_potentially_trustworthy(observation.url)
        for url in reversed(self):
            page = self[url]
            sends = not (insecure and page.url.scheme == "https") and page.started <= observation.started
            if silent and page.names_itself(observation.url):
                continue
            if sends and page.worker == worker and origin in (None, url.origin):
                return page
        return None


class Documents:
    """Of all clients."""

    def __init__(self) -> None:
        """Begin with none."""
        self._clients: Shelf[Hashable, _Pages] = Shelf(MAX_CLIENTS)
        self._with_bodies: Shelf[Document, None] = Shelf(MAX_BODIES)
        self.integrity_seen = False
        """Some page has an element that names a digest: then its own scripts are to be looked at, too."""
        self.isolation_seen = False
        """Some page or worker has an embedder or isolation policy: all loads across origins are to be looked at."""

    @property
    def weight(self) -> int:
        """Bytes that are kept."""
        return self._clients.weight + self._with_bodies.weight

    def keep_within(self, most: int) -> None:
        """Keep no more than so many bytes."""
        self._let_go(self._with_bodies.keep_within(most // 4))
        self._clients.keep_within(most - most // 4)

    @staticmethod
    def _let_go(bodies: Iterable[tuple[Document, None]]) -> None:
        for document, _ in bodies:
            document.read_body = _nothing  # of an older page only its headers tell from now on

    def _pages(self, client: Hashable) -> _Pages:
        pages = self._clients.get(client)
        if pages is None:
            pages = _Pages()
            self._clients.keep(client, pages, _OF_A_PAGE)
        return pages

    def _weigh(self, client: Hashable, pages: _Pages) -> None:
        """Something was added to the pages of a client."""
        pages.most = pages.led.most = self._clients.most // 2
        self._clients.weigh(client, _OF_A_PAGE + pages.weight + pages.led.weight)
        self._clients.move_to_end(client)
        self._clients.relieve()

    def note(
        self,
        client: Hashable,
        observation: Observation,
        read_body: ReadBody,
        *,
        worker: bool,
        owner: Document | None = None,
    ) -> None:
        """A response became a document or a worker; `owner`: the document that made the worker or frames it."""
        url = observation.url
        headers = page_from(url, observation.response)
        if worker:
            headers = _made_by(None if owner is None else owner.page, headers._replace(worker=True))
        wanted = (headers.embedder, headers.isolation, headers.reported)
        self.isolation_seen = self.isolation_seen or any(policy.isolates for policy in wanted)
        policy = referrer_policy(observation.response)
        read = (headers, read_body, worker, policy, observation)
        hints = get(observation.request, b"sec-ch-ua") is not None
        ancestors = () if worker or owner is None else (owner.headers.origin, *owner.ancestors)[:MAX_ANCESTORS]
        self.keep(client, Document(observation.flow_id, url, observation.started, *read, hints, ancestors))

    def keep(self, client: Hashable, document: Document) -> None:
        """Make it the latest of a client."""
        document.read_body, size = held(document.read_body, markup.LOOKED_AT)
        pages = self._pages(client)
        pages.add(document.url, document)
        self._weigh(client, pages)
        self._let_go(self._with_bodies.keep(document, None, size))
        if not document.worker and not self.integrity_seen:
            start = document.read_body(_GLANCE) or b""
            self.integrity_seen = start.find(b"integrity") >= 0  # `in` would take ten times as long

    def at(self, client: Hashable, url: Url) -> Document | None:
        """The document or worker of a client's at this URL."""
        pages = self._clients.get(client)
        return None if pages is None else pages.get(url)

    def note_style(self, client: Hashable, url: Url, document: Document) -> None:
        """A style sheet was loaded for a document: what it loads itself names it as its referrer."""
        pages = self._pages(client)
        if url not in pages:
            pages.add(url, document)
            self._weigh(client, pages)

    def note_redirect(self, client: Hashable, target: Url, document: Document) -> None:
        """What a page asked for leads to another URL."""
        pages = self._pages(client)
        pages.led.keep(target, document, document.weight + len(target.path))
        self._weigh(client, pages)

    def was_led(self, client: Hashable, url: Url) -> bool:
        """Whether a redirect of a page's load has lately led a client here."""
        pages = self._clients.get(client)
        return pages is not None and url in pages.led

    def find(
        self, client: Hashable, observation: Observation, headers: Mapping[bytes, bytes], *, worker: bool = False
    ) -> tuple[Document | None, bool]:
        """The document that a request belongs to, or with `worker` the worker, and whether the request names it."""
        pages = self._clients.get(client)
        if not pages:
            return None, False
        named_by = headers.get(b"referer")
        referrer = None if named_by is None else known_url(normalize(named_by))
        if referrer is not None and (named := pages.get(referrer)) is not None and (named.worker or not worker):
            return named, True
        origin = self._origin(observation, headers, referrer)
        if origin is None and (led := pages.led.take(observation.url)) is not None:
            return led, True
        if origin is not None and origin not in pages.origins:
            return None, False
        return pages.latest(origin, observation, worker=worker), False

    @staticmethod
    def _origin(observation: Observation, headers: Mapping[bytes, bytes], referrer: Url | None) -> str | None:
        if referrer is not None:
            return referrer.origin
        named = headers.get(b"origin")
        if named is not None and known_url(normalize(named)) is not None:
            return normalize(named)
        return observation.url.origin if headers.get(b"sec-fetch-site") == b"same-origin" else None

    def alternatives(self, client: Hashable, document: Document) -> list[Page]:
        """What other pages of the same origin demand, where it is something else; the latest few."""
        pages = self._pages(client)
        found: list[Page] = []
        known = [document.headers[1:]]
        for url in reversed(pages):
            page = pages[url]
            alike = page.worker == document.worker and page.url.origin == document.url.origin
            if alike and page.headers[1:] not in known:
                known.append(page.headers[1:])
                found.append(page.headers)
                if len(found) == MAX_ALTERNATIVES:
                    break
        return found
