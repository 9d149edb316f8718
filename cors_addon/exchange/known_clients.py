"""Whose a request is: a client for each address and User-Agent, and the browser behind a User-Agent that a script set.

What a proxy in front of ours says of whom it asks for (Forwarded, X-Forwarded-For, Via) tells apart, too, and so does a
Chromium that calls itself another engine: DevTools' device toolbar, Playwright's `devices`, `--user-agent`.

Bounded, by what they weigh: a client that weighs far more than others loses what is older of its own first; where there
is none, the client that was not seen for the longest is forgotten.
"""

import weakref
from collections import OrderedDict
from collections.abc import Hashable

from cors_addon.engines import ENGINES, FETCH, Engine, chromium_brand, detect, judged_as, of_version
from cors_addon.exchange.browser_cache import BrowserCache
from cors_addon.exchange.clients import Client
from cors_addon.exchange.credentials import Evidence
from cors_addon.exchange.model import Observation
from cors_addon.exchange.preflights import USER_AGENT
from cors_addon.exchange.request_headers import IN_DISGUISE, LIBRARY, RequestHeaders
from cors_addon.exchange.sharing import MAX_FLOWS, Shared
from cors_addon.exchange.weight import BUDGET, OF_A_CLIENT, flows_of, halve, of_client
from cors_addon.fetch.headers import normalize, split_list
from cors_addon.fetch.names import ASKED_HEADERS
from cors_addon.fetch.patterns import pattern

_AT_ONCE = 8
"""Clients that are weighed, or forgotten, with one flow."""
_FLOWS = 128
"""Exchanges of a client that are as much work as another client."""
_LOOKED_AT = 128
"""Clients that are looked at with one flow, whether they are to be weighed."""
_FAIR_SHARE = 512
"""A client may have this part of all that is kept, and as much as `_FAIR` others have on average, before any other."""
_FAIR = 4

_VERSION = pattern(rb"(?:Chrome|Chromium|Firefox|Version|jsdom|HappyDOM)/(\d+)")


def _engine(request: RequestHeaders) -> Engine | None:
    """The engine that a request names, its own hints before its User-Agent."""
    return ENGINES["chromium"] if request.said.asker == IN_DISGUISE else detect(request.said.user_agent)


def _version(request: RequestHeaders) -> int:
    """Major version of the browser, 0 where it does not tell."""
    hints = request.get(b"sec-ch-ua")
    told = None if hints is None else chromium_brand(hints)
    if told is not None:
        return told
    version = None if request.said.asker == IN_DISGUISE else _VERSION.search(request.said.user_agent)
    return int(version[1][:6]) if version else 0


def _is_browser(request: RequestHeaders, engine: Engine | None) -> bool:
    if request.said.asker == LIBRARY:
        return False
    if engine is not None or b"sec-fetch-site" in request:
        return True
    return b"sec-fetch-mode" in request and request.said.preflight


class KnownClients:
    """All clients of a tracker."""

    def __init__(self, forced: Engine | None, evidence: Evidence) -> None:
        """Judge as the engine `forced`, or each client as what it is; `evidence` knows who used which connection."""
        self.by_key: OrderedDict[tuple[Hashable, bytes], Client] = OrderedDict()
        """By address and User-Agent. To be looked at only."""
        self.latest: Client | None = None
        """Whose the last request was. To be looked at only."""
        self.in_disguise = False
        """Some client's User-Agent names another engine than its hints. To be looked at only."""
        self.budget = BUDGET
        """Bytes of all clients together, and of what hopes for evidence."""
        self.weight = 0
        """What they weigh, and what passed of them since they were weighed, with what they share."""
        self._shared = Shared()
        self.waiting: dict[Client, None] = {}
        """Those of which something waits, the one that was settled last at the end."""
        self._to_weigh: list[Client] = []
        """Those to be weighed before any is forgotten."""
        self._relieved = 0
        """Bytes that they turned out not to have."""
        self._is_full = False
        """All were weighed, and are too much."""
        self._heavy: dict[Client, None] = {}
        """Those that have more than their share, as far as they were weighed."""
        self._forced = forced
        self._evidence = evidence
        self._at: weakref.WeakValueDictionary[Hashable, Client] = weakref.WeakValueDictionary()
        """By address: the client that was seen there last, but for repetitions."""

    def client_of(self, observation: Observation, request: RequestHeaders, skew: float) -> Client:
        """Whose a request is; one of a client that was not seen before makes it known."""
        key = self._key(observation, request)
        client = self.by_key.get(key)
        if client is not None and (client.disguised or not client.is_browser):
            client = self._behind(observation, request) or client
        if client is None and request.said.asker == IN_DISGUISE:
            client = self._unmasked(key, observation, _version(request))
        if client is None:
            engine = _engine(request)
            # a script may have set the User-Agent itself: the connection, or the preflight, knows better
            if engine is None and (known := self._behind(observation, request)) is not None:
                return known
            client = self._add(key, observation, request, engine)
        elif client is not self.latest:
            self.by_key.move_to_end(key)
        client.skew = skew
        self._note(client, observation)
        return client

    def _key(self, observation: Observation, request: RequestHeaders) -> tuple[Hashable, bytes]:
        """Address and User-Agent, and what else tells clients apart."""
        address, agent, asker = observation.client, request.said.user_agent, request.said.asker
        if not asker:
            if not self.in_disguise:
                return address, agent
            # preflights, and whatever goes over plain http, bear no hints: their connection tells, or that nobody else
            # at this address calls itself so
            known = self._evidence.client_of(observation.connection)
            disguised = (address, IN_DISGUISE), agent
            if disguised in self.by_key and (
                self.by_key[disguised] is known if known is not None else (address, agent) not in self.by_key
            ):
                return disguised
            return address, agent
        if asker == IN_DISGUISE:
            self.in_disguise = True
        elif asker != LIBRARY and (address, agent) in self.by_key:
            return address, agent  # a proxy would name itself in every request: this is a script's or the browser's own
        return (address, asker), agent

    def _unmasked(self, key: tuple[Hashable, bytes], observation: Observation, version: int) -> Client | None:
        """The client of this connection, which was taken for what its User-Agent says until now."""
        client, plain = self._evidence.client_of(observation.connection), (observation.client, key[1])
        if client is None or self.by_key.get(plain) is not client:
            return None
        del self.by_key[plain]
        self.by_key[key] = client
        client.unmask(of_version(ENGINES["chromium"], version), self._forced)
        return client

    def _note(self, client: Client, observation: Observation) -> None:
        if client is not self.latest:
            if not client.disguised:
                self._at[observation.client] = client
            self.latest = client
        if client.is_browser and observation.connection not in self._evidence.connections:
            self._evidence.remember(observation.connection, client)

    def _add(
        self, key: tuple[Hashable, bytes], observation: Observation, request: RequestHeaders, engine: Engine | None
    ) -> Client:
        forced, unnamed = self._forced, engine is None
        if unnamed and b"sec-ch-ua" in request:
            engine = ENGINES["chromium"]
        is_browser = _is_browser(request, engine)
        version = _version(request)
        own = of_version(engine, version) if engine is not None else forced or FETCH
        client = self.by_key[key] = Client(
            engine=own,
            judged_as=judged_as(forced, own),
            is_browser=is_browser or forced is not None,
            cache=BrowserCache(own.cache),
            first_seen=observation.started,
            version=version,
            user_agent=request.said.user_agent,
            disguised=unnamed and is_browser,
        )
        client.weight = OF_A_CLIENT
        self.weight += OF_A_CLIENT
        return client

    def relieve(self) -> None:
        """What is kept, and what passed since it was weighed, is too much: weigh a few clients, or forget a few."""
        if not self._is_full:
            self._weigh_some()
            return
        wanted = self.budget - self.budget // 16 - self._evidence.weight
        work = 0
        while self.weight > wanted and work < _AT_ONCE:
            work += self._let_go()
        if self.weight <= wanted:
            self._is_full = False

    def _weigh_some(self) -> None:
        """Weigh the next few of which something passed; once all were, and that was little, it is full."""
        if not self._to_weigh:
            # in no order, which takes a twentieth of the time
            self._to_weigh, self._relieved = [*dict.values(self.by_key)], 0
        before, work = self.weight, 0
        for _ in range(min(_LOOKED_AT, len(self._to_weigh))):
            client = self._to_weigh.pop()
            if client.unweighed:
                work += self._weigh(client)
                if work >= _AT_ONCE:
                    break
        self._relieved += before - self.weight
        if not self._to_weigh:
            self._is_full = self._relieved <= self.budget // 16

    def _weigh(self, client: Client) -> int:
        """Have a client share what others have as well, and weigh the rest. Returns how much work that was."""
        self.weight -= client.weight + client.unweighed + self._shared.weight
        flows = flows_of(client)
        held = self._shared.hold(flows) if len(flows) <= MAX_FLOWS else ()
        self._shared.release(client.shared)
        client.shared = held
        client.weight, client.unweighed = of_client(client, flows), 0
        self.weight += client.weight + self._shared.weight
        if client.weight > self.budget // _FAIR_SHARE:
            self._heavy[client] = None
        else:
            self._heavy.pop(client, None)
        return 1 + len(flows) // _FLOWS

    def _heaviest(self) -> Client | None:
        """The one that weighs most of those that have more than their share, if any does; the only one there is."""
        if len(self.by_key) == 1:
            return next(iter(self.by_key.values()))
        found = max(self._heavy, key=lambda each: each.weight, default=None)
        if found is None:
            return None
        others = self.weight - found.weight - found.unweighed
        return found if found.weight * (len(self.by_key) - 1) >= _FAIR * others else None

    def _let_go(self) -> int:
        """Forget what is older of a client that has more than its share, else the client not seen for the longest.
        Returns how much work that was.
        """
        heaviest = self._heaviest()
        if heaviest is not None:
            before = heaviest.weight
            halve(heaviest)
            work = self._weigh(heaviest)
            if heaviest.weight > before - before // 32:  # what it has is not of the kind that is halved
                self._heavy.pop(heaviest, None)
            return work
        _, forgotten = self.by_key.popitem(last=False)
        self.waiting.pop(forgotten, None)
        self._heavy.pop(forgotten, None)
        self.weight -= forgotten.weight + forgotten.unweighed + self._shared.weight
        self._shared.release(forgotten.shared)
        forgotten.shared = ()
        forgotten.let_go()
        self.weight += self._shared.weight
        return 1

    def _behind(self, observation: Observation, request: RequestHeaders) -> Client | None:
        """The browser that is known to use this connection, or the one at this address whose script set the User-Agent,
        as a preflight says, or said, that it does.
        """
        program = request.said.asker == LIBRARY
        known = None if program else self._evidence.client_of(observation.connection)
        if known is not None:
            return known
        client = self._at.get(observation.client)
        if client is None or not client.is_browser or (program and not client.engine.plays_browser):
            return None
        if request.said.preflight:
            asked = split_list(normalize(request.get(ASKED_HEADERS, b"")).lower())
            return client if USER_AGENT in asked else None
        return client if self._may_name_itself(client, observation, request) else None

    @staticmethod
    def _may_name_itself(client: Client, observation: Observation, request: RequestHeaders) -> bool:
        """Whether a preflight of a client's asked to set the User-Agent of this request."""
        waiting = client.preflights[observation.url]
        asks = any(USER_AGENT in each.judgement.requested_headers for each in waiting)
        key = (request.said.origin or "", observation.url)
        return asks or client.cache.grants_header(key, USER_AGENT, observation.started)
