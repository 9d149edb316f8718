"""Connections of which one carries requests with credentials and another those without, while there are both.

Over HTTP/2 Gecko keeps a connection for either kind, but takes the other's where its own is not open
(nsHttpConnectionMgr::GetOrCreateConnectionEntry). So a connection tells the credentials mode of what it carries only
while its rival is open: one of the other kind, to the same server, and for pages of the same site. Even so it is no
more than likely: another window's connections, which look the same, are no rivals of its own.

Law 1: a connection is open between two of its requests, and for a while after one.
Law 2: one that ever carried both kinds tells nothing.
"""

from cors_addon.exchange.clients import Client, Connection, Fetch, Rivalry
from cors_addon.exchange.ledger import Ledger
from cors_addon.exchange.mode_evidence import RIVAL_INCLUDE, RIVAL_OMIT
from cors_addon.exchange.model import Credentials, Observation
from cors_addon.exchange.timing import IDLE_HTTP2

MAX_CONNECTIONS = 4
MAX_SERVERS = 64
MAX_SITES = 8
MAX_UNSURE = 16

_FINDINGS: dict[Credentials, tuple[Credentials, str | None]] = {
    Credentials.UNKNOWN: (Credentials.UNKNOWN, None),
    Credentials.INCLUDE: (Credentials.INCLUDE, RIVAL_INCLUDE),
    Credentials.OMIT: (Credentials.OMIT, RIVAL_OMIT),
}


def finding(mode: Credentials) -> tuple[Credentials, str | None]:
    """The mode with its evidence."""
    return _FINDINGS[mode]


def note_use(client: Client, connection: Connection, observation: Observation, site: str | None) -> None:
    """A request was seen on this connection, of a page of this site."""
    own, began = connection.rivalry, observation.started
    if own is None:
        own = connection.rivalry = Rivalry(began, began)
        client.rivals = client.rivals or {}
        known = client.rivals.pop(observation.url.origin, [])
        client.rivals[observation.url.origin] = known
        own.connections = known
        known.append(connection)
        if len(known) > MAX_CONNECTIONS:
            known.pop(0)
        if len(client.rivals) > MAX_SERVERS:
            del client.rivals[next(iter(client.rivals))]
    own.first, own.last = min(own.first, began), max(own.last, began)
    if site is not None and len(own.sites) < MAX_SITES:
        own.sites.add(site)


def note_mode(connection: Connection, mode: Credentials, ledger: Ledger) -> None:
    """A request on it shows its credentials mode by itself: tell those on it, and on its rivals, whose rival it is."""
    own = connection.rivalry
    if own is None or own.mixed:
        return
    credentialed = mode is Credentials.INCLUDE
    if connection.credentialed is None:
        connection.credentialed = credentialed
    elif connection.credentialed is not credentialed:
        own.mixed = True
        own.unsure.clear()
        return
    for each in own.connections:
        if each.rivalry is not None and each.rivalry.unsure:
            _settle(each, each.rivalry, ledger)


def note_unsure(connection: Connection, fetch: Fetch, observation: Observation, site: str | None) -> bool:
    """A request does not show its credentials mode; what comes later may. Whether it is kept until then."""
    own = connection.rivalry
    if own is None or own.mixed or site is None or len(own.unsure) >= MAX_UNSURE:
        return False
    own.unsure.append((fetch, observation.started, site))
    return True


def known_mode(connection: Connection, observation: Observation, site: str | None) -> Credentials:
    """The credentials mode of what the connection carries at this time."""
    own, now = connection.rivalry, observation.started
    if own is None or site is None:
        return Credentials.UNKNOWN
    return _mode(connection, own, now, now - IDLE_HTTP2, site)


def _mode(connection: Connection, own: Rivalry, now: float, used_since: float, site: str) -> Credentials:
    if connection.credentialed is None or own.mixed:
        return Credentials.UNKNOWN
    for rival in own.connections:
        other = rival.rivalry
        if (
            other is not None
            and rival.credentialed is not None
            and rival.credentialed is not connection.credentialed
            and not other.mixed
            and other.first <= now
            and other.last >= max(own.first, used_since)
            and site in other.sites
        ):
            return Credentials.INCLUDE if connection.credentialed else Credentials.OMIT
    return Credentials.UNKNOWN


def _settle(connection: Connection, own: Rivalry, ledger: Ledger) -> None:
    """Tell the requests during which a rival was open, as shows only now."""
    left: list[tuple[Fetch, float, str]] = []
    for fetch, began, site in own.unsure:
        if fetch.credentials is not Credentials.UNKNOWN:
            continue
        mode = _mode(connection, own, began, began, site)
        if mode is Credentials.UNKNOWN:
            left.append((fetch, began, site))
        else:
            ledger.suppose(fetch, *finding(mode))
    own.unsure[:] = left


def forget(own: Rivalry, until: float) -> bool:
    """Give up hope for requests that began before; whether none are left."""
    own.unsure[:] = [each for each in own.unsure if each[1] >= until]
    return not own.unsure
