"""The CORS-preflight cache of one client. https://fetch.spec.whatwg.org/#cors-preflight-cache

Law 1: time is an argument, Unix seconds of the traffic itself.
Law 2: what cannot be known (a credentials mode) matches: the absence of a preflight is evidence enough that one did.
Law 3: what the engines do differently is data: `CacheRules`.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cors_addon.fetch.cache_rules import CacheRules
from cors_addon.fetch.checks import AUTHORIZATION, Asked
from cors_addon.fetch.origins import Url

MAX_IN_FLIGHT = 6
MAX_GRANTS = 500
"""Methods or header names kept of one key."""
MAX_ENTRIES = 16
"""Entries kept of one key."""
KEPT_STALE = 20.0
"""Seconds for which an entry is kept after its end, for what may have waited since."""

AT_ONCE = 2
"""Preflights for one key under way at once, from which on others may wait in line for a connection (HTTP/1 has six)."""
IN_LINE = 0.5
"""Seconds within which the next of the line follows."""

SLACK = 1.0
"""Seconds for which an entry may seem stale here and yet have served: the browser's clock ran from a later moment."""


class Granted(NamedTuple):
    """What one answer allows."""

    methods: tuple[str, ...]
    headers: tuple[str, ...]
    lifetime: float
    """Seconds for which it may be used again."""


class Answered(NamedTuple):
    """One preflight with its answer, as far as the cache is concerned."""

    flow_id: str
    started: float
    """Start of the preflight, Unix seconds."""
    ended: float
    """End of its answer."""
    credentialed: bool | None = None
    """Whether the request that it was sent for includes credentials; None: not known."""
    requested: tuple[str, ...] = ()
    """The header names that it asked for."""
    refused: bool = False
    """The request that it was sent for will not come."""
    source: Any = None
    """What its grants are to lead back to; of no concern here."""


class Grant(NamedTuple):
    """One answer's leave, for each method and header name that it lists."""

    end: float
    """Until when it may be used, Unix seconds."""
    stored: float
    """End of the answer."""
    flow_id: str
    source: Any
    """As it was given with the preflight."""


@dataclass(slots=True)
class Entry:
    """What one answer (or several, where they add up) allows, each grant with its own end."""

    methods: dict[str, Grant]
    headers: dict[str, Grant]
    credentialed: bool | None
    """None: not known."""
    asked: float
    """Start of the latest preflight."""
    together: float
    """Start of the first of the preflights that were asked for together, up to the latest."""
    row: int
    """How many those are."""
    latest: Grant
    """The latest answer's."""
    end: float
    """When the last of its grants runs out."""
    since: float
    """End of the first of the answers that add up, one always in time for the next: before it nothing was cached."""
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
            granted in entry.headers and entry.headers[granted].end >= now - SLACK
            for entry in self._entries.get(key, ())
            for granted in ((name, "*") if wildcard else (name,))
        )

    def store(self, key: Key, preflight: Answered, granted: Granted) -> None:
        """Keep what the answer to a preflight grants."""
        entries, now = self._touch(key), preflight.ended
        together, row = preflight.started, 1
        for entry in (*entries, *self._dropped.get(key, ())):
            if preflight.started <= entry.latest.stored + (IN_LINE if entry.row >= AT_ONCE else 0.0):
                together, row = min(together, entry.together), max(row, entry.row + 1)
        if not self.rules.accumulates:
            self._clear(key, entries, now)
        if granted.lifetime <= 0:
            return
        grant = Grant(now + granted.lifetime, now, preflight.flow_id, preflight.source)
        entry = self._entry_for(entries, preflight, grant)
        self._add(entry, grant, granted)
        if len(entry.requested) < MAX_GRANTS:
            entry.requested |= frozenset(preflight.requested)
        if entry.end < now:
            entry.since = now
        entry.latest, entry.end = grant, max(entry.end, grant.end)
        entry.asked, entry.together, entry.row = preflight.started, together, row
        entry.used = now if preflight.refused else float("inf")

    def _entry_for(self, entries: list[Entry], preflight: Answered, grant: Grant) -> Entry:
        """The entry that takes up an answer: where answers add up, that of the same credentials mode.

        Where the mode is not known, each answer has an entry of its own: the mode of each may yet turn out.
        """
        requested = _NO_NAMES
        if self.rules.accumulates:
            if preflight.credentialed is not None:
                for entry in entries:
                    if entry.credentialed is preflight.credentialed:
                        return entry
            requested = self._forget_stale(entries, grant.stored)
        entry = Entry(
            {}, {}, preflight.credentialed, preflight.started, 0.0, 1, grant, grant.end, grant.stored, requested
        )
        entries.append(entry)
        return entry

    def _forget_stale(self, entries: list[Entry], now: float) -> frozenset[str]:
        """Remove those of no more use; returns the header names that they were known to be asked for."""
        stale = [entry for entry in entries if entry.end < now - KEPT_STALE]
        if len(entries) - len(stale) >= MAX_ENTRIES:
            stale.append(next(entry for entry in entries if entry not in stale))
        for entry in stale:
            entries.remove(entry)
        return _NO_NAMES.union(*(entry.requested for entry in stale))

    def _add(self, entry: Entry, grant: Grant, granted: Granted) -> None:
        headers = [name.lower() for name in granted.headers]
        for grants, names in ((entry.methods, granted.methods), (entry.headers, headers)):
            if len(grants) > MAX_GRANTS:
                for name in [name for name, old in grants.items() if old.end < grant.stored] or list(grants):
                    del grants[name]
            new = dict.fromkeys(names[:MAX_GRANTS], grant)
            if not self.rules.caches_wildcards:
                new.pop("*", None)
            grants.update(new)

    def find(self, key: Key, asked: Asked, credentialed: bool | None, now: float) -> Entry | None:
        """The entry that spares this request its preflight, or None."""
        for entry in reversed(self._entries.get(key, ())):
            if self.serves(entry, asked, credentialed, now):
                self._entries.move_to_end(key)
                return entry
        for entry in self._in_flight.get(key, ()):
            if self.serves(entry, asked, credentialed, now):
                return entry
        return None

    def permits(self, key: Key, asked: Asked, credentialed: bool | None, now: float) -> tuple[Grant, ...]:
        """The answers that spare this request its preflight, the first to run out first; empty where none do.

        Where answers add up, one may allow its method, and others its headers.
        """
        entry = self.find(key, asked, credentialed, now)
        if entry is not None:
            return self._used(asked, (entry,), credentialed, now - SLACK)
        if not self.rules.accumulates:
            return ()
        entries = [
            entry
            for entry in (*self._entries.get(key, ()), *self._in_flight.get(key, ()))
            if entry.since <= now < entry.gone
        ]
        for mode in (False, True) if credentialed is None else (credentialed,):
            alike = [entry for entry in entries if self._goes_with(entry, mode, now)]
            if len(alike) > 1 and (found := self._used(asked, alike, mode, now - SLACK)):
                return found
        return ()

    def beside(self, key: Key, flow_id: str) -> list[Entry]:
        """What other answers than this flow's have left, or had until lately."""
        found = [entry for entry in self._entries.get(key, ()) if entry.latest.flow_id != flow_id]
        if key in self._in_flight:
            found += [entry for entry in self._in_flight[key] if entry.latest.flow_id != flow_id]
        return found

    def serves(self, entry: Entry, asked: Asked, credentialed: bool | None, now: float) -> bool:
        """Whether an entry spares this request its preflight."""
        return entry.since <= now < entry.gone and self._serves(entry, asked, credentialed, now - SLACK)

    def permitted_lately(
        self, key: Key, asked: Asked, credentialed: bool | None, now: float, within: float
    ) -> tuple[Grant, ...]:
        """The answers that would have done so within these seconds before: the request may have waited since."""
        found: list[Entry] = [*self._entries.get(key, ()), *reversed(self._in_flight.get(key, ()))]
        for entry in found:
            stored = entry.latest.stored
            since = max(stored, now - within)
            if stored <= now and since <= entry.gone and self._serves(entry, asked, credentialed, since):
                return self._used(asked, (entry,), credentialed, since)
        return ()

    def used(self, key: Key) -> bool:
        """Whether an entry of this key waits no longer for the request that its preflight was sent for."""
        return any(entry.used < float("inf") for entry in self._entries.get(key, ()))

    def note_use(self, key: Key, flow_id: str, ended: float) -> None:
        """The request that a preflight was sent for came, and was answered at `ended`."""
        for entry in self._entries.get(key, ()):
            if entry.latest.flow_id == flow_id:
                entry.used = ended

    def set_credentials(self, key: Key, flow_id: str, *, credentialed: bool, until: float) -> None:
        """The credentials mode under which an answer was stored became known from a request answered at `until`.

        Of requests under way together another may be the one that the preflight was sent for, and this one have used
        the cache.
        """
        for entry in self._entries.get(key, ()):
            if entry.latest.flow_id == flow_id:
                entry.credentialed, entry.doubted = credentialed, until + IN_LINE

    def permitted_once(self, key: Key, asked: Asked, credentialed: bool | None, now: float) -> tuple[Grant, ...]:
        """The answers that were dropped, and yet would do: they may have stayed under the URL with a fragment."""
        for entry in self._dropped.get(key, ()):
            if entry.latest.stored <= now and self._serves(entry, asked, credentialed, now - SLACK):
                return self._used(asked, (entry,), credentialed, now - SLACK)
        return ()

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
        return self._goes_with(entry, credentialed, now + SLACK) and bool(
            self._used(asked, (entry,), credentialed, now)
        )

    def _goes_with(self, entry: Entry, credentialed: bool | None, now: float) -> bool:
        """Whether an entry is for requests of this credentials mode, as far as either is known."""
        return (
            credentialed is None
            or entry.credentialed is None
            or credentialed is entry.credentialed
            or (not credentialed and self.rules.include_serves_omit)
            or now <= entry.doubted
        )

    def _used(self, asked: Asked, entries: Sequence[Entry], credentialed: bool | None, now: float) -> tuple[Grant, ...]:
        """The grants that a request makes use of, the first to run out first; empty where one is missing or stale."""
        used: set[Grant] = set()
        if asked.method not in self.rules.simple_methods:
            listed = [(entry, entry.methods) for entry in entries]
            grant = self._best(listed, asked.method, credentialed, wildcard=True)
            if grant is None or grant.end < now:
                return ()
            used.add(grant)
        listed = [(entry, entry.headers) for entry in entries]
        for name in asked.headers:
            wildcard = name != AUTHORIZATION or self.rules.wildcard_covers_authorization
            grant = self._best(listed, name, credentialed, wildcard=wildcard)
            if grant is None or grant.end < now:
                return ()
            used.add(grant)
        if used:
            return tuple(sorted(used))
        # where nothing had to be looked up by name, the answer as a whole still has an end
        latest = max(entry.latest for entry in entries)
        return (latest,) if latest.end >= now else ()

    def _best(
        self,
        listed: Iterable[tuple[Entry, dict[str, Grant]]],
        name: str,
        credentialed: bool | None,
        *,
        wildcard: bool,
    ) -> Grant | None:
        """The grant of this name that runs out last, or of `*` where that may stand for it."""
        best: Grant | None = None
        for entry, grants in listed:
            grant = grants.get(name)
            if (
                grant is None
                and wildcard
                and not credentialed
                and (self.rules.wildcard_by_request or not entry.credentialed)
            ):
                grant = grants.get("*")
            if grant is not None and (best is None or grant.end > best.end):
                best = grant
        return best
