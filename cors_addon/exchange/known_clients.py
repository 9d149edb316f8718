"""Whose a request is: a client for each address and User-Agent, and the browser behind a User-Agent that a script set.

Bounded: the client that was not seen for the longest is forgotten first.
"""

import re
import weakref
from collections import OrderedDict
from collections.abc import Hashable

from cors_addon.engines import ENGINES, FETCH, Engine, detect
from cors_addon.exchange.browser_cache import BrowserCache
from cors_addon.exchange.clients import Client
from cors_addon.exchange.credentials import Evidence
from cors_addon.exchange.model import Observation
from cors_addon.exchange.preflights import USER_AGENT
from cors_addon.exchange.request_headers import RequestHeaders
from cors_addon.fetch.headers import normalize, split_list
from cors_addon.fetch.names import ASKED_HEADERS

MAX_CLIENTS = 500

_VERSION = re.compile(rb"(?:Chrome|Chromium|Firefox|Version)/(\d+)")


class KnownClients:
    """All clients of a tracker."""

    def __init__(self, forced: Engine | None, evidence: Evidence) -> None:
        """Judge as the engine `forced`, or each client as what it is; `evidence` knows who used which connection."""
        self.by_key: OrderedDict[tuple[Hashable, bytes], Client] = OrderedDict()
        """By address and User-Agent. To be looked at only."""
        self.latest: Client | None = None
        """Whose the last request was. To be looked at only."""
        self._forced = forced
        self._evidence = evidence
        self._at: weakref.WeakValueDictionary[Hashable, Client] = weakref.WeakValueDictionary()
        """By address: the client that was seen there last, but for repetitions."""

    def client_of(self, observation: Observation, request: RequestHeaders, skew: float) -> Client:
        """Whose a request is; one of a client that was not seen before makes it known."""
        key = (observation.client, request.user_agent)
        client = self.by_key.get(key)
        if client is not None and (client.disguised or not client.is_browser):
            client = self._behind(observation, request) or client
        if client is None:
            engine = detect(request.user_agent)
            # a script may have set the User-Agent itself: the connection, or the preflight, knows better
            if engine is None and (known := self._behind(observation, request)) is not None:
                return known
            client = self._add(observation, request, engine)
        elif client is not self.latest:
            self.by_key.move_to_end(key)
        client.skew = skew
        self._note(client, observation)
        return client

    def _note(self, client: Client, observation: Observation) -> None:
        if client is not self.latest:
            if not client.disguised:
                self._at[observation.client] = client
            self.latest = client
        if client.is_browser and observation.connection not in self._evidence.connections:
            self._evidence.remember(observation.connection, client)

    def _add(self, observation: Observation, request: RequestHeaders, engine: Engine | None) -> Client:
        forced, unnamed = self._forced, engine is None
        if unnamed and b"sec-ch-ua" in request:
            engine = ENGINES["chromium"]
        is_browser = engine is not None or b"sec-fetch-mode" in request or b"sec-fetch-site" in request
        own = engine or forced or FETCH
        version = _VERSION.search(request.user_agent)
        client = self.by_key[observation.client, request.user_agent] = Client(
            engine=own,
            judged_as=forced or own,
            is_browser=is_browser or forced is not None,
            cache=BrowserCache(own.cache),
            first_seen=observation.started,
            version=int(version[1][:6]) if version else 0,
            user_agent=request.user_agent,
            disguised=unnamed and is_browser,
        )
        if len(self.by_key) > MAX_CLIENTS:
            self.by_key.popitem(last=False)
        return client

    def _behind(self, observation: Observation, request: RequestHeaders) -> Client | None:
        """The browser that is known to use this connection, or the one at this address whose script set the User-Agent,
        as a preflight says, or said, that it does.
        """
        known = self._evidence.client_of(observation.connection)
        if known is not None:
            return known
        client = self._at.get(observation.client)
        if client is None or not client.is_browser:
            return None
        if request.preflight:
            asked = split_list(normalize(request.get(ASKED_HEADERS, b"")).lower())
            return client if USER_AGENT in asked else None
        waiting = client.preflights[observation.url]
        asks = any(USER_AGENT in each.judgement.requested_headers for each in waiting)
        key = (request.origin or "", observation.url)
        return client if asks or client.cache.grants_header(key, USER_AGENT, observation.started) else None
