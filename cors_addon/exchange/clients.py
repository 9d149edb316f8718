"""What is remembered of one client. Everything in it is bounded."""

import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cors_addon.engines import Engine, judged_as
from cors_addon.exchange.browser_cache import BrowserCache
from cors_addon.exchange.cookies import CookieEvidence
from cors_addon.exchange.http_cache import Stored
from cors_addon.exchange.model import Credentials, Fields, Judgement, Outcome
from cors_addon.fetch.cache import Key
from cors_addon.fetch.origins import Url
from cors_addon.fetch.refusals import Refusal

if TYPE_CHECKING:
    from cors_addon.exchange.exchange import Exchange

MAX_WAITING = 1024
MAX_GIVEN_UP = 64
GIVEN_UP_AT_ONCE = 32
"""Exchanges that are given up with one flow, which takes half a millisecond."""
MAX_FOLLOWED = 256
MAX_STORED = 64
MAX_UPLOADS = 64


_NONE: dict[Any, Any] = {}
"""For what most clients have none of; never written to."""


@dataclass(slots=True, eq=False)
class Fetch:
    """One fetch of the page: its preflights, redirect hops and the actual request, as far as they were seen."""

    members: list[Judgement] = field(default_factory=list)
    untold: tuple[Judgement, ...] = ()
    """Members without an Origin, of which nothing is told until CORS begins."""
    credentials: Credentials = Credentials.UNKNOWN
    evidence: str | None = None
    likely: tuple[Credentials, str | None] = (Credentials.UNKNOWN, None)
    """The likelier mode, where it is unknown, and what makes it so: one of `mode_evidence.LIKELY`."""
    initiator: str | None = None
    """Origin of the page, where the fetch was seen before a redirect could hide it."""
    redirects: int = 0
    left_same_origin: bool = False
    """The last hop redirected from the page's own origin to another."""
    surely_omitted: bool = False
    """The mode is `omit`, not merely `same-origin`: not even the page's own origin was sent its cookie."""
    exchanges: "tuple[Exchange, ...]" = ()
    """Of its members, where there may be several."""

    @property
    def credentialed(self) -> bool | None:
        """Whether its requests include credentials; None: not known."""
        return None if self.credentials is Credentials.UNKNOWN else self.credentials is Credentials.INCLUDE


@dataclass(slots=True, eq=False)
class Pending:
    """A preflight or a redirect hop that something should follow."""

    judgement: Judgement
    fetch: Fetch
    method: str
    """Method of the request to come."""
    until: float
    """What begins later (Unix seconds) does not follow this."""
    in_vain: bool = False
    """The browser may ask again by itself."""
    given_up: bool = False
    """Taken for not followed, until a slow answer shows that it was."""
    retries: int = 0
    """How often the request has been dropped without an answer; it may come again."""
    told_to_retry: bool = False
    """The answer itself made the browser send the request again."""
    stopped_by: Refusal | None = None
    """For a preflight: what stops the fetch here after all, if nothing follows."""
    maybe_apart: bool = False
    """For a redirect: what follows would look the same if the page had asked for it by itself."""
    if_surely_omitted: Outcome | None = None
    """The outcome were the credentials mode surely `omit`, where the engine tells it from `same-origin`."""
    contested: bool = False
    """For a preflight: another one may be the one of the request that it seems to be for, or was for."""
    exchange: "Exchange | None" = None
    followers: "tuple[Follower, ...]" = ()
    """All requests in flight together that may follow it."""
    follower: "Follower | None" = None
    """The one of them that does, as far as is known."""
    permits: bool = False
    """It is a preflight, and what follows is the request that it is for; else that is where a redirect leads."""

    def let_go(self) -> None:
        """It is forgotten: lead to nothing that leads here."""
        if self.exchange is not None:
            self.exchange.waiting = self.exchange.follower = None
        if self.follower is not None:
            self.follower.hypotheses.clear()
        self.fetch.exchanges, self.exchange, self.follower, self.followers = (), None, None, ()
        if len(self.fetch.members) == 1:
            self.fetch.members[0].leave_alone()


@dataclass(slots=True, eq=False)
class Follower:
    """A request that may follow a preflight or a redirect, or several."""

    exchange: "Exchange"
    hypotheses: dict[Pending, float]
    """What it may follow, and what speaks against it, see `matching`."""
    alone: float
    """What speaks against its following none of them."""
    follows: Pending | None = None


class Queues:
    """What waits, by URL; bounded.

    What is given up waits on a little, in case its request was merely slow to end; what was followed while other
    requests were in flight stays at hand, too, in case it turns out to be another's.

    Plain dictionaries, which take up half of what ordered ones do, and none for what is rare: there are thousands of
    clients.
    """

    __slots__ = ("_followed", "_given_up", "_pending", "by_url", "in_vain")

    def __init__(self) -> None:
        """Begin with nothing."""
        self.by_url: dict[Url, list[Pending]] = {}
        """To be looked at only: which is quicker than asking."""
        self.in_vain: dict[Url, None] = _NONE
        """Where something waits that had no answer, or one after which the browser asks again. To be looked at only."""
        self._pending: dict[Pending, Url] = {}
        self._given_up: dict[Pending, Url] = _NONE
        self._followed: dict[Pending, Url] = _NONE

    def __len__(self) -> int:
        """How many are at hand."""
        return len(self._pending) + len(self._given_up) + len(self._followed)

    def __getitem__(self, url: Url) -> Sequence[Pending]:
        """What waits for a request to this URL, or did lately, oldest first."""
        return self.by_url.get(url, ())

    def all(self) -> list[Pending]:
        """All that is at hand: what was given up or followed first, and of each kind the oldest first."""
        return [*self._given_up, *self._followed, *self._pending]

    def open(self, url: Url) -> list[Pending]:
        """What nothing followed yet."""
        return [waiting for waiting in self.by_url.get(url, ()) if waiting.follower is None]

    def add(self, url: Url, waiting: Pending) -> None:
        """Let one wait. Where there are too many, the oldest is forgotten, which proves nothing of it."""
        self.by_url.setdefault(url, []).append(waiting)
        waiting.given_up = False
        if waiting.in_vain:
            self.in_vain = self.in_vain or {}
            self.in_vain[url] = None
        self._pending[waiting] = url
        if len(self._pending) > MAX_WAITING:
            self.remove(next(iter(self._pending)))

    def hold(self, waiting: Pending) -> None:
        """It was followed, as far as is known."""
        url = self._pending.pop(waiting, None) or self._given_up.pop(waiting, None)
        if url is not None:
            self._followed = self._followed or {}
            self._followed[waiting] = url
            if len(self._followed) > MAX_FOLLOWED:
                self._let_go(next(iter(self._followed)))

    def _let_go(self, waiting: Pending) -> None:
        if waiting.follower is not None:
            self.remove(waiting)
        else:  # what followed it does no longer
            self._pending[waiting] = self._followed.pop(waiting)

    def discard(self, waiting: Pending) -> None:
        """It waits no longer, if it did."""
        if waiting in self._pending or waiting in self._given_up or waiting in self._followed:
            self.remove(waiting)

    def remove(self, waiting: Pending) -> None:
        """It waits no longer."""
        url = self._pending.pop(waiting, None) or self._given_up.pop(waiting, None) or self._followed.pop(waiting)
        queue = self.by_url[url]
        queue.remove(waiting)
        if not queue:
            del self.by_url[url]
            self.in_vain.pop(url, None)

    def clear(self) -> None:
        """Forget all. What leads in a circle is undone, so that its memory is free at once: see `Client.let_go`."""
        for waiting in self.all():
            waiting.let_go()
        self.by_url, self._pending = {}, {}
        self.in_vain = self._given_up = self._followed = _NONE

    def give_up(self, until: float, most: int = MAX_WAITING) -> list[tuple[Pending, Url]]:
        """What has waited since before `until`, and for a request to which URL; the oldest first, so many at most."""
        while self._followed and (oldest := next(iter(self._followed))).judgement.observation.ended < until:
            self._let_go(oldest)
        given_up: list[tuple[Pending, Url]] = []
        while self._pending and len(given_up) < most:
            waiting = next(iter(self._pending))
            if waiting.judgement.observation.ended >= until:
                break
            waiting.given_up = True
            self._given_up = self._given_up or {}
            url = self._given_up[waiting] = self._pending.pop(waiting)
            given_up.append((waiting, url))
            if len(self._given_up) > MAX_GIVEN_UP:
                self.remove(next(iter(self._given_up)))
        return given_up


@dataclass(slots=True, eq=False)
class Rivalry:
    """What is known of a connection that may have a rival, see `gecko_http2`."""

    first: float
    """Start of the first request seen on it, Unix seconds."""
    last: float
    connections: "list[Connection]" = field(default_factory=list)
    """All of its client to the same server, itself included; shared by them."""
    sites: set[str] = field(default_factory=set)
    """Of the pages that used it: a browser may keep connections apart by them."""
    mixed: bool = False
    unsure: list[tuple[Fetch, float, str]] = field(default_factory=list)
    """Fetches on it whose credentials mode is unknown: when they began, and for which site."""


@dataclass(slots=True, eq=False)
class Connection:
    """One connection of a client, for engines that keep those with credentials apart from those without."""

    client: "weakref.ref[Client]"
    credentialed: bool | None = None
    cookie_seen: bool = False
    navigation_seen: bool = False
    undecided: list[Fetch] = field(default_factory=list)
    """Fetches on it whose credentials mode is unknown, until it is known of the connection."""
    rivalry: Rivalry | None = None


@dataclass(slots=True, eq=False, weakref_slot=True)
class Client:
    """One browser (an address and a User-Agent)."""

    engine: Engine
    """What it is: how it keeps preflights, connections and cookies."""
    judged_as: Engine
    """Whose checks decide: its own, or those the user asked for."""
    is_browser: bool
    cache: BrowserCache
    first_seen: float
    version: int = 0
    """Major version of the browser, 0 where it does not tell."""
    user_agent: bytes = b""
    """What it says of itself, where no script does."""
    skew: float = 0.0
    """Seconds by which an answer may seem to end after the request that it led to began."""
    disguised: bool = False
    """A browser whose User-Agent names none: a script's own, and perhaps another client's script."""
    connections_mixed: bool = False
    """A connection carried requests with and without credentials: something merges them before they come here."""
    rivals: "dict[str, list[Connection]]" = field(default_factory=lambda: _NONE)
    """By the server's origin, for engines that prefer a connection of the request's own kind."""
    preflights: Queues = field(default_factory=Queues)
    """By URL."""
    hops: Queues = field(default_factory=Queues)
    """By the URL that the Location leads to."""
    cookies: CookieEvidence = field(default_factory=CookieEvidence)
    stored: dict[Url, Stored] = field(default_factory=lambda: _NONE)
    """By URL: the last answer to a cors request that the browser may use again."""

    weight: int = 0
    """Bytes that are kept of it, as far as they were weighed."""
    unweighed: int = 0
    """Bytes that passed since."""
    shared: tuple[Fields, ...] = ()
    """Header lists that it holds together with others, see `sharing`: they weigh nothing here."""
    uploads: dict[tuple[Key, str], None] = field(default_factory=lambda: _NONE)
    """Keys of the cache, with the method of a request that needed a preflight for no method and no header."""

    def let_go(self) -> None:
        """It is forgotten: free its memory now.

        What waits leads to its exchange, and that to the client. The interpreter frees such circles when it looks for
        them, and among what is old it does so only once a quarter of all is new.
        """
        self.preflights.clear()
        self.hops.clear()

    def unmask(self, engine: Engine, forced: Engine | None) -> None:
        """It is another engine than its User-Agent says, with a cache that knows nothing yet."""
        self.engine, self.judged_as = engine, judged_as(forced, engine)
        self.cache = BrowserCache(engine.cache)

    def note_upload(self, key: Key, method: str) -> None:
        """The page listens to the upload of such requests, or streams them."""
        self.uploads = self.uploads or {}
        self.uploads.pop((key, method), None)
        self.uploads[key, method] = None
        if len(self.uploads) > MAX_UPLOADS:
            del self.uploads[next(iter(self.uploads))]

    def store(self, url: Url, stored: Stored) -> None:
        """Remember a response that may be used again."""
        self.stored = self.stored or {}
        self.stored.pop(url, None)
        self.stored[url] = stored
        if len(self.stored) > MAX_STORED:
            del self.stored[next(iter(self.stored))]
