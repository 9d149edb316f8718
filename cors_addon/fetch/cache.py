"""The CORS-preflight cache of one client. https://fetch.spec.whatwg.org/#cors-preflight-cache

Law 1: time is an argument, Unix seconds of the traffic itself.
Law 2: what cannot be known (a credentials mode) matches: the absence of a preflight is evidence enough that one did.
Law 3: what the engines do differently is data: `CacheRules`.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from cors_addon.fetch.checks import AUTHORIZATION, Asked
from cors_addon.fetch.methods import CORS_SAFELISTED
from cors_addon.fetch.origins import Url

DEFAULT_MAX_AGE = 5
"""Seconds. https://fetch.spec.whatwg.org/#http-access-control-max-age"""

MAX_IN_FLIGHT = 6
MAX_GRANTS = 500
"""Methods or header names kept of one key."""

AT_ONCE = 2
"""Preflights for one key under way at once, from which on others may wait in line for a connection (HTTP/1 has six)."""
IN_LINE = 0.5
"""Seconds within which the next of the line follows."""

SLACK = 1.0
"""Seconds for which an entry may seem stale here and yet have served: the browser's clock ran from a later moment."""


def max_age(value: str | None) -> int:
    """Seconds an answer may be cached, after the standard: digits, or else five seconds."""
    if value is None or not (value.isascii() and value.isdigit()):
        return DEFAULT_MAX_AGE
    return int(value[:12])


@dataclass(frozen=True)
class CacheRules:
    """How one engine (by default the standard) keeps the answers to its preflights."""

    accumulates: bool = True
    """Entries add up per method and header name; else one entry per key, replaced by each new answer."""
    cap: float = float("inf")
    """Seconds, at most."""
    max_age: Callable[[str | None], int | None] = max_age
    """The lifetime asked for, in seconds; None: not cached at all."""
    caches_wildcards: bool = True
    wildcard_covers_authorization: bool = False
    simple_methods: Collection[str] = CORS_SAFELISTED
    include_serves_omit: bool = True
    wildcard_by_request: bool = False
    """Whether `*` means all depends on the credentials mode of the request to be served alone, not on that with which
    the preflight was made."""
    stores_refused_grants: bool = False
    """A preflight refused for its method or header is stored all the same."""
    failed_request_clears: bool = False
    """A refused actual request removes the entries of its URL."""
    opaque_origins_share: bool = False
    """Requests of opaque origins reuse entries."""
    no_cache_bypasses: bool = False
    """A load that revalidates or bypasses the HTTP cache does not look into this one either."""


@dataclass(slots=True)
class Entry:
    """What one answer (or several, where they add up) allows, each grant with its own end."""

    methods: dict[str, float]
    headers: dict[str, float]
    credentialed: bool | None
    """None: not known."""
    asked: float
    """Start of the latest preflight."""
    together: float
    """Start of the first of the preflights that were asked for together, up to the latest."""
    row: int
    """How many those are."""
    stored: float
    """End of its answer."""
    since: float
    """End of the first of the answers that add up, one always in time for the next: before it nothing was cached."""
    flow_id: str
    end: float
    """Until when the latest answer may be used."""
    requested: frozenset[str]
    """Header names which preflights to this URL asked for: the author sets them, whatever their name."""
    used: float = float("inf")
    """When the request that the latest preflight was sent for had been answered, or was refused for good."""
    doubted: float = 0.0
    """What began up to here may itself be what the latest preflight was sent for: its mode is not sure against it."""
    gone: float = float("inf")
    """When it was dropped; a request that began earlier may have used it."""


_NO_NAMES: frozenset[str] = frozenset()

type Key = tuple[str, Url]
"""Serialized origin, URL."""


class PreflightCache:
    """The simulated cache of one client, bounded, least recently used out first."""

    def __init__(self, rules: CacheRules, size: int = 256) -> None:
        """Keep at most `size` keys."""
        self.rules = rules
        self._size = size
        # a key with no entries is known to be empty: its answers were seen, and none can be in use
        self._entries: OrderedDict[Key, list[Entry]] = OrderedDict()
        self.forgot = False
        """Keys were forgotten for lack of room: that one is not known proves nothing."""
        self._dropped: dict[Key, tuple[Entry, ...]] = {}
        self._in_flight: dict[Key, tuple[Entry, ...]] = {}
        """The last that were dropped, however often: requests under way at once use one after the other."""

    def knows(self, key: Key) -> bool:
        """Whether a preflight for this key was seen, so that the state of the cache is known."""
        return key in self._entries

    def requested(self, key: Key) -> frozenset[str]:
        """Header names that the author is known to set for this key."""
        entries = self._entries.get(key)
        if not entries:
            return _NO_NAMES
        return _NO_NAMES.union(*(entry.requested for entry in entries))

    def grants_header(self, key: Key, name: str, now: float) -> bool:
        """Whether an entry allows a header of this name (lower case), so that a script may have set it."""
        wildcard = self.rules.wildcard_covers_authorization or name != AUTHORIZATION
        return any(
            entry.headers.get(granted, 0.0) >= now - SLACK
            for entry in self._entries.get(key, ())
            for granted in ((name, "*") if wildcard else (name,))
        )

    def store(
        self,
        key: Key,
        *,
        methods: Sequence[str],
        headers: Sequence[str],
        credentialed: bool | None,
        lifetime: float,
        asked: float,
        now: float,
        flow_id: str,
        requested: Collection[str],
        refused: bool = False,
    ) -> Entry | None:
        """Keep what the answer (to what was asked at `asked`) grants for `lifetime` seconds from `now`.

        `refused`: the request that the preflight was sent for will not come.
        Returns the entry, None where none is kept.
        """
        entries = self._touch(key)
        together, row = asked, 1
        for entry in (*entries, *self._dropped.get(key, ())):
            if asked <= entry.stored + (IN_LINE if entry.row >= AT_ONCE else 0.0):
                together, row = min(together, entry.together), max(row, entry.row + 1)
        if not self.rules.accumulates:
            self._clear(key, entries, now)
        if lifetime <= 0:
            return None
        end = now + lifetime
        for entry in entries if self.rules.accumulates else ():
            if entry.credentialed is credentialed:
                break
        else:
            entry = Entry({}, {}, credentialed, asked, together, row, now, now, flow_id, end, frozenset())
            entries.append(entry)
        keep = self.rules.caches_wildcards
        for grants, names in ((entry.methods, methods), (entry.headers, [name.lower() for name in headers])):
            if len(grants) > MAX_GRANTS:
                for name in [name for name, until in grants.items() if until < now] or list(grants):
                    del grants[name]
            granted = dict.fromkeys(names[:MAX_GRANTS], end)
            if not keep:
                granted.pop("*", None)
            grants.update(granted)
        if len(entry.requested) < MAX_GRANTS:
            entry.requested |= frozenset(requested)
        if entry.end < now:
            entry.since = now
        entry.end = end
        entry.asked, entry.together, entry.row = asked, together, row
        entry.stored, entry.used = now, now if refused else float("inf")
        entry.flow_id = flow_id
        return entry

    def find(self, key: Key, asked: Asked, credentialed: bool | None, now: float) -> Entry | None:
        """The entry that spares this request its preflight, or None."""
        for entry in self._entries.get(key, ()):
            if self.serves(entry, asked, credentialed, now):
                self._entries.move_to_end(key)
                return entry
        for entry in self._in_flight.get(key, ()):
            if self.serves(entry, asked, credentialed, now):
                return entry
        return None

    def beside(self, key: Key, flow_id: str) -> list[Entry]:
        """What other answers than this flow's have left, or had until lately."""
        found = [entry for entry in self._entries.get(key, ()) if entry.flow_id != flow_id]
        if key in self._in_flight:
            found += [entry for entry in self._in_flight[key] if entry.flow_id != flow_id]
        return found

    def serves(self, entry: Entry, asked: Asked, credentialed: bool | None, now: float) -> bool:
        """Whether an entry spares this request its preflight."""
        return entry.since <= now < entry.gone and self._serves(entry, asked, credentialed, now - SLACK)

    def find_lately(self, key: Key, asked: Asked, credentialed: bool | None, now: float, within: float) -> Entry | None:
        """An entry that would have served within these seconds before: the request may have waited since."""
        for entry in self._entries.get(key, ()):
            if entry.stored <= now and self._serves(entry, asked, credentialed, max(entry.stored, now - within)):
                return entry
        return None

    def used(self, key: Key) -> bool:
        """Whether an entry of this key waits no longer for the request that its preflight was sent for."""
        return any(entry.used < float("inf") for entry in self._entries.get(key, ()))

    def note_use(self, key: Key, flow_id: str, ended: float) -> None:
        """The request that a preflight was sent for came, and was answered at `ended`."""
        for entry in self._entries.get(key, ()):
            if entry.flow_id == flow_id:
                entry.used = ended

    def set_credentials(self, key: Key, flow_id: str, *, credentialed: bool, until: float) -> None:
        """The credentials mode under which an answer was stored became known from a request answered at `until`.

        Of requests under way together another may be the one that the preflight was sent for, and this one have used
        the cache.
        """
        for entry in self._entries.get(key, ()):
            if entry.flow_id == flow_id:
                entry.credentialed, entry.doubted = credentialed, until + IN_LINE

    def find_dropped(self, key: Key, asked: Asked, credentialed: bool | None, now: float) -> Entry | None:
        """An entry that was dropped, and yet would serve: it may have stayed under the same URL with a fragment."""
        for entry in self._dropped.get(key, ()):
            if entry.stored <= now and self._serves(entry, asked, credentialed, now - SLACK):
                return entry
        return None

    def drop(self, key: Key, now: float) -> None:
        """Forget what is cached for `key`, and remember that nothing is."""
        self._clear(key, self._touch(key), now)

    def _clear(self, key: Key, entries: list[Entry], now: float) -> None:
        if entries:
            for entry in entries:
                entry.gone = now
            self._dropped[key] = tuple(entries)
            self._in_flight[key] = (*self._in_flight.get(key, ()), *entries)[-MAX_IN_FLIGHT:]
            entries.clear()

    def _touch(self, key: Key) -> list[Entry]:
        entries = self._entries.setdefault(key, [])
        self._entries.move_to_end(key)
        if len(self._entries) > self._size:
            forgotten, _ = self._entries.popitem(last=False)
            self.forgot = True
            self._dropped.pop(forgotten, None)
            self._in_flight.pop(forgotten, None)
        return entries

    def _serves(self, entry: Entry, asked: Asked, credentialed: bool | None, now: float) -> bool:
        rules = self.rules
        known = credentialed is not None and entry.credentialed is not None
        if (
            known
            and credentialed is not entry.credentialed
            and (credentialed or not rules.include_serves_omit)
            and now + SLACK > entry.doubted
        ):
            return False
        wildcard = not credentialed and (rules.wildcard_by_request or not entry.credentialed)
        if asked.method not in rules.simple_methods:
            end = entry.methods.get(asked.method)
            if end is None and wildcard:
                end = entry.methods.get("*")
            if end is None or end < now:
                return False
        for name in asked.headers:
            end = entry.headers.get(name)
            if end is None and wildcard and (name != AUTHORIZATION or rules.wildcard_covers_authorization):
                end = entry.headers.get("*")
            if end is None or end < now:
                return False
        # where nothing had to be looked up by name, the answer as a whole still has an end
        return entry.end >= now
