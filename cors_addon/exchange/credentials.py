"""The credentials mode is not on the wire. What is there of evidence for it.

For certain, in this order: a Cookie; Sec-Fetch-Storage-Access; an Authorization that the script did not set; what else
the connection carries, for engines that keep requests with credentials apart. The rest makes a mode likely, see
`mode_evidence.LIKELY`: it is believed until something tells better, and is not spread to other fetches.
https://fetch.spec.whatwg.org/#concept-request-credentials-mode
"""

import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import lru_cache
from sys import maxsize

from cors_addon.exchange import gecko_http2
from cors_addon.exchange.clients import Client, Connection, Fetch
from cors_addon.exchange.cookies import MAX_SET, SetBy
from cors_addon.exchange.exchange import Exchange, ModeFinding
from cors_addon.exchange.mode_evidence import (
    AUTHORIZATION_SENT,
    AUTHORIZATION_SENT_UNASKED,
    COOKIE_SENT,
    COOKIE_WITHHELD,
    FONT,
    LIKELY,
    SAME_CONNECTION_INCLUDE,
    SAME_CONNECTION_OMIT,
    STORAGE_ACCESS_ABSENT,
    STORAGE_ACCESS_SENT,
    set_by_browsers,
)
from cors_addon.exchange.model import INCLUDE, UNKNOWN, Credentials, Judgement, Observation, PreflightState, Role
from cors_addon.exchange.request_headers import RequestHeaders
from cors_addon.fetch.checks import AUTHORIZATION
from cors_addon.fetch.headers import get_all
from cors_addon.fetch.load import Destination
from cors_addon.fetch.origins import OPAQUE

MAX_CONNECTIONS = 4000
MAX_UNDECIDED = 16

_NOTHING: ModeFinding = (Credentials.UNKNOWN, None)
_TOLD_INCLUDE: ModeFinding = (Credentials.INCLUDE, SAME_CONNECTION_INCLUDE)
_TOLD_OMIT: ModeFinding = (Credentials.OMIT, SAME_CONNECTION_OMIT)


class Evidence:
    """Evidence gathered from all clients' traffic."""

    def __init__(self, site: Callable[[str], str]) -> None:
        """`site` maps a host to its registrable domain."""
        self._site = site
        self._site_of_origin = lru_cache(maxsize=4096)(self._find_site_of_origin)
        self.one_window = False
        """What is observed is one window's, whose cookies are in one jar. It can be set anew before each request."""
        self.connections: OrderedDict[Hashable, Connection] = OrderedDict()
        """To be looked at only."""
        self._undecided: dict[Connection, int] = {}
        """Those of them that have, or had lately, fetches whose credentials mode is unknown, and what these weigh."""
        self.weight = 0
        """Bytes of all those fetches."""
        self._most = maxsize

    # -- clients and connections -----------------------------------------------------------------------------------

    def client_of(self, connection: Hashable) -> Client | None:
        """The browser known to use this connection."""
        known = self.connections.get(connection)
        return None if known is None else known.client()

    def remember(self, connection: Hashable, client: Client) -> None:
        """A browser was seen to use this connection, which is not among `connections`."""
        if connection is None:
            return
        self.connections[connection] = Connection(weakref.ref(client))
        if len(self.connections) > MAX_CONNECTIONS:
            _, forgotten = self.connections.popitem(last=False)
            self._give_up(forgotten)

    def is_cookie_news(self, connection: Hashable) -> bool:
        """Whether a Cookie on this connection would be the first; asked at every request, so it must be quick."""
        known = self.connections.get(connection)
        return known is None or not known.cookie_seen

    def is_navigation_news(self, connection: Hashable) -> bool:
        """Whether a navigation on this connection would be the first to tell that it carries credentials."""
        known = self.connections.get(connection)
        return known is None or not (known.navigation_seen or known.cookie_seen)

    def note_navigation(self, connection: Hashable) -> None:
        """A navigation was seen on this connection."""
        known = self.connections.get(connection)
        if known is not None:
            known.navigation_seen = True

    def settle(self, until: float, most: int | None = None) -> None:
        """Give up hope where nothing told the credentials mode in time: of all connections, or of so many in turn."""
        for connection in [*self._undecided][:most]:
            self._undecided[connection] = self._undecided.pop(connection)
            if connection.rivalry is not None:
                if gecko_http2.forget(connection.rivalry, until):
                    self._give_up(connection)
            elif not connection.undecided or connection.undecided[-1].members[-1].observation.ended < until:
                self._give_up(connection)

    def keep_within(self, most: int) -> None:
        """Keep no more than so many bytes of fetches whose credentials mode is unknown."""
        self._most = most
        while self.weight > self._most and len(self._undecided) > 1:
            self._give_up(next(iter(self._undecided)))

    def _hope(self, connection: Connection, observation: Observation) -> None:
        """A fetch's mode may yet be told by what else its connection carries; where too much waits, the oldest ends."""
        self._undecided[connection] = self._undecided.get(connection, 0) + observation.size
        self.weight += observation.size
        if self.weight > self._most:
            self.keep_within(self._most)

    def _give_up(self, connection: Connection) -> None:
        """Nothing is to tell the mode of what is unknown on a connection, or nothing is unknown any more."""
        connection.undecided.clear()
        if connection.rivalry is not None:
            connection.rivalry.unsure.clear()
        self.weight -= self._undecided.pop(connection, 0)

    def _connection(self, client: Client, observation: Observation) -> Connection | None:
        """The connection, where the engine keeps it either with or without credentials."""
        engine = client.engine
        separate = engine.separates_http2_connections if observation.http2 else engine.separates_connections
        if not separate or client.connections_mixed:
            return None
        return self.connections.get(observation.connection)

    def _rival(self, client: Client, observation: Observation) -> Connection | None:
        """The connection, where the engine merely prefers one of the request's own kind."""
        if not (observation.http2 and client.engine.prefers_own_http2_connection):
            return None
        return self.connections.get(observation.connection)

    def note_connection(self, exchange: Exchange, mode: Credentials) -> None:
        """A request of known credentials mode tells the mode of all others on its connection."""
        client, observation = exchange.client, exchange.observation
        connection = self._connection(client, observation)
        if connection is not None:
            self._note_mode(exchange, connection, mode)
        elif (connection := self._rival(client, observation)) is not None:
            gecko_http2.note_mode(connection, mode, exchange.ledger)

    def note_use(self, exchange: Exchange) -> None:
        """A connection was used, be it for whatever."""
        connection = self._rival(exchange.client, exchange.observation)
        if connection is not None:
            site = self._page_site(exchange.request)
            gecko_http2.note_use(exchange.client, connection, exchange.observation, site)

    def _page_site(self, wire: RequestHeaders) -> str | None:
        """Site of the page that asks, where the request names it."""
        page = wire.get(b"origin")
        if page is None or page == b"null":
            page = wire.get(b"referer")
        return None if page is None or page == b"null" else self._site_of_page(page)

    def _site_of_page(self, page: bytes) -> str:
        """Of an origin or a URL."""
        scheme, _, rest = page.decode("latin-1").partition("://")
        return self._site_of_origin(f"{scheme}://{rest.partition('/')[0]}")

    def _note_mode(self, exchange: Exchange, connection: Connection, mode: Credentials) -> None:
        credentialed = mode is INCLUDE
        if connection.credentialed is None:
            connection.credentialed = credentialed
            evidence = SAME_CONNECTION_INCLUDE if credentialed else SAME_CONNECTION_OMIT
            for fetch in connection.undecided:
                if fetch.credentials is UNKNOWN:
                    exchange.ledger.learn(fetch, mode, evidence)
            if connection.undecided:
                self._give_up(connection)
        elif connection.credentialed is not credentialed:
            exchange.client.connections_mixed = True

    # -- one request -----------------------------------------------------------------------------------------------

    def gather(self, exchange: Exchange, judgement: Judgement, fetch: Fetch) -> None:
        """Learn the mode of the fetch from one of its requests, if it tells."""
        if fetch.credentials is not UNKNOWN:
            return
        client, observation = exchange.client, exchange.observation
        connection = self._connection(client, observation)
        if connection is not None and connection.credentialed is not None and exchange.request.said.shows_no_mode:
            # most requests: as `_find` would find
            told = _TOLD_INCLUDE if connection.credentialed else _TOLD_OMIT
            if len(fetch.members) > 1:
                exchange.ledger.learn(fetch, *told)
            else:
                fetch.credentials, fetch.evidence = told  # its one member is not judged yet
            return
        if exchange.found is None or exchange.found is _NOTHING:
            exchange.found = self._find(exchange, judgement, fetch, connection)
        mode, evidence = exchange.found
        if evidence in LIKELY and not (self.one_window and evidence == COOKIE_WITHHELD):
            exchange.ledger.suppose(fetch, mode, evidence)
        elif mode is not UNKNOWN:
            exchange.ledger.learn(fetch, mode, evidence)
            if connection is not None:
                self._note_mode(exchange, connection, mode)
            return
        if connection is not None and len(connection.undecided) < MAX_UNDECIDED:
            connection.undecided.append(fetch)
            self._hope(connection, observation)
        elif (
            evidence is None
            and (connection := self._rival(client, observation)) is not None
            and gecko_http2.note_unsure(connection, fetch, observation, self._page_site(exchange.request))
        ):
            self._hope(connection, observation)

    def shown(self, exchange: Exchange) -> ModeFinding:
        """What the request shows by itself or by its connection; looked for once."""
        if exchange.shown is None:
            exchange.shown = self._shown(exchange, self._connection(exchange.client, exchange.observation))
        return exchange.shown

    def own(self, exchange: Exchange) -> Credentials:
        """The mode that a request tells by itself, whatever its fetch is, or makes likely, where that is `omit`: what
        passes with credentials passes without. The page's own origin is always told it.
        """
        if exchange.own is None or exchange.own is Credentials.UNKNOWN:
            exchange.own = self._own(exchange)
        return exchange.own

    def _own(self, exchange: Exchange) -> Credentials:
        if exchange.is_preflight:
            told = b"sec-fetch-storage-access" in exchange.request
            return Credentials.INCLUDE if told else Credentials.UNKNOWN
        if exchange.origin in ("", exchange.observation.url.origin):
            return Credentials.UNKNOWN
        if exchange.shown is _NOTHING:
            exchange.shown = None  # the connection may tell by now
        mode, _ = self.shown(exchange)
        if mode is not Credentials.UNKNOWN:
            return mode
        page = exchange.origin
        if self._lacks_storage_access(exchange, page) or self._likely(exchange, page)[0] is Credentials.OMIT:
            return Credentials.OMIT
        return Credentials.UNKNOWN

    def forget(self, exchange: Exchange) -> None:
        """Its fetch is no more: it is judged anew."""
        connection = self.connections.get(exchange.observation.connection)
        if connection is not None and connection.undecided:
            connection.undecided = [fetch for fetch in connection.undecided if fetch is not exchange.fetch]
        if connection is not None and connection.rivalry is not None:
            unsure = connection.rivalry.unsure
            unsure[:] = [each for each in unsure if each[0] is not exchange.fetch]

    def _shown(self, exchange: Exchange, connection: Connection | None) -> ModeFinding:
        if exchange.request.said.has_cookie:
            return Credentials.INCLUDE, COOKIE_SENT
        if b"sec-fetch-storage-access" in exchange.request:
            return Credentials.INCLUDE, STORAGE_ACCESS_SENT
        if connection is not None and connection.credentialed is not None:
            return _TOLD_INCLUDE if connection.credentialed else _TOLD_OMIT
        return _NOTHING

    def _find(
        self, exchange: Exchange, judgement: Judgement, fetch: Fetch, connection: Connection | None
    ) -> ModeFinding:
        request = exchange.request
        shown = exchange.shown or self._shown(exchange, connection)
        if shown[0] is Credentials.INCLUDE:
            return shown
        likely = _NOTHING
        if not request.said.authored_nothing:
            authorization = request.get(b"authorization")
            if authorization is not None and set_by_browsers(authorization):
                if _set_by_browser(judgement):
                    return Credentials.INCLUDE, AUTHORIZATION_SENT
                if judgement.preflight is PreflightState.NOT_NEEDED:
                    likely = Credentials.INCLUDE, AUTHORIZATION_SENT_UNASKED
        if shown[0] is Credentials.OMIT:
            return shown
        if self._lacks_storage_access(exchange, fetch.initiator):
            return Credentials.OMIT, STORAGE_ACCESS_ABSENT
        return likely if likely is not _NOTHING else self._likely(exchange, fetch.initiator)

    def _likely(self, exchange: Exchange, page: str | None) -> ModeFinding:
        """What the rest of the traffic makes likely."""
        observation = exchange.observation
        is_font = observation.destination is Destination.FONT or exchange.request.get(b"sec-fetch-dest") == b"font"
        if is_font and exchange.origin != observation.url.origin:
            return Credentials.OMIT, FONT
        rival = self._rival(exchange.client, observation)
        if rival is not None:
            found = gecko_http2.known_mode(rival, observation, self._page_site(exchange.request))
            if found is not Credentials.UNKNOWN:
                return gecko_http2.finding(found)
        return self._withheld(exchange, page)

    def _lacks_storage_access(self, exchange: Exchange, page: str | None) -> bool:
        """Whether a header is absent which this page's requests with credentials would bear in this browser."""
        observation = exchange.observation
        return (
            page is not None
            and page != OPAQUE
            and observation.url.scheme == "https"
            and exchange.request.get(b"sec-fetch-site") == b"cross-site"
            and exchange.client.version >= exchange.client.engine.storage_access_header_since
            and self._site_of_origin(page) != self._site_of(observation)
        )

    def _withheld(self, exchange: Exchange, page: str | None) -> ModeFinding:
        """Whether a cookie is absent which this page's requests with credentials would bear, if this is its window."""
        client, observation = exchange.client, exchange.observation
        if not client.cookies or page is None or page == OPAQUE:
            return _NOTHING
        page_site = self._site_of_origin(page)
        if client.cookies.would_be_sent(
            observation.url,
            observation.started,
            same_site=page_site == self._site_of(observation),
            context=page_site,
            partitioned=client.engine.partitions_cookies,
        ):
            return Credentials.OMIT, COOKIE_WITHHELD
        return _NOTHING

    # -- cookies ---------------------------------------------------------------------------------------------------

    def note_cookies(self, exchange: Exchange, judgement: Judgement | None) -> None:
        """Remember the cookies that this exchange shows the client to hold."""
        client, observation, wire = exchange.client, exchange.observation, exchange.request
        sets = exchange.response.sets_cookies
        sent = wire.said.has_cookie and not client.cookies.third_party_seen
        if wire.said.has_cookie and (connection := self.connections.get(observation.connection)) is not None:
            connection.cookie_seen = True
        if wire.said.has_cookie and client.cookies.doubts:
            client.cookies.sent(wire[b"cookie"], observation.url, observation.started)
        mode = _mode_for_cookies(wire, judgement)
        if mode is Credentials.OMIT:
            sets = False
        if not sets and not sent:
            return
        context, third_party = self._page_of(exchange)
        # only Origin tells: a Referer may be a style sheet's, a redirect through another site makes all cross-site
        if sent and third_party and context is not None and wire.said.origin and wire.said.mode != b"navigate":
            client.cookies.third_party_seen = True
        if sets:
            doubted = observation.flow_id if mode is Credentials.UNKNOWN else None
            registrable = self._site(observation.url.host)
            by = SetBy(observation.url, observation.ended, context, third_party, registrable, doubted)
            for line in get_all(observation.response, b"set-cookie")[-MAX_SET:]:
                client.cookies.set(line, by)
        if client.cookies.doubts and (connection := self.connections.get(observation.connection)) is not None:
            connection.cookie_seen = False  # the next Cookie header may tell

    def _page_of(self, exchange: Exchange) -> tuple[str | None, bool]:
        """Site of the page that asks, where it is known, and whether it is another than the URL's."""
        observation, wire = exchange.observation, exchange.request
        page = wire.get(b"origin") or wire.get(b"referer")
        if wire.said.mode == b"navigate" and wire.get(b"sec-fetch-dest") == b"document":
            return self._site_of(observation), False
        if page is None:
            return None, wire.get(b"sec-fetch-site") == b"cross-site"
        if page == b"null":  # a sandboxed frame belongs to no site
            return None, wire.get(b"sec-fetch-site") not in (b"same-origin", b"same-site")
        context = self._site_of_page(page)
        return context, context != self._site_of(observation)

    def _site_of(self, observation: Observation) -> str:
        return self._site_of_origin(observation.url.origin)

    def _find_site_of_origin(self, origin: str) -> str:
        """Scheme and registrable domain: sites are schemeful.

        https://html.spec.whatwg.org/multipage/browsers.html#obtain-a-site
        """
        scheme, _, rest = origin.partition("://")
        host = rest.partition("]")[0] + "]" if rest.startswith("[") else rest.partition(":")[0]
        return f"{scheme}://{self._site(host)}"


def _mode_for_cookies(wire: RequestHeaders, judgement: Judgement | None) -> Credentials:
    """Whether cookies that the answer sets are kept.

    Navigations and what elements fetch without CORS include credentials; script may have said otherwise.
    """
    if wire.said.has_cookie or wire.said.mode == b"navigate" or b"upgrade-insecure-requests" in wire:
        return Credentials.INCLUDE
    if judgement is not None and judgement.role is Role.PREFLIGHT:
        return Credentials.OMIT
    if judgement is not None and judgement.role in (Role.ACTUAL, Role.REDIRECT):
        return judgement.credentials
    if wire.get(b"sec-fetch-dest", b"empty") != b"empty":
        return Credentials.INCLUDE
    return Credentials.UNKNOWN


def _set_by_browser(judgement: Judgement) -> bool:
    """Authorization for which its own preflight does not ask cannot be the script's."""
    return judgement.preflight is PreflightState.SENT and AUTHORIZATION not in judgement.requested_headers
