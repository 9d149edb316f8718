"""What is in a browser's preflight cache, as far as its traffic shows: which answers may have spared a preflight.

What an answer allows, and whom, is the standard's and the engines' (`fetch.cache`). What is guessed here: when the
browser had the answer, whether a newer one had replaced it when a request looked, and how long ago that was.

Law 1: time is the traffic's own, Unix seconds.
Law 2: what cannot be known matches: the absence of a preflight is evidence enough that an answer did.
Law 3: bounded: keys, the least recently used forgotten first; entries of each; what was dropped.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from cors_addon.exchange.timing import CLOCK_SLACK, IN_LINE, KEPT_STALE
from cors_addon.fetch.cache import MAX_GRANTS, Entry, Grant, Granted, Key, add, goes_with, grants_header, used_of
from cors_addon.fetch.cache_rules import CacheRules
from cors_addon.fetch.checks import Asked

MAX_DROPPED = 6
"""Entries kept of one key that were dropped, however often."""
MAX_ENTRIES = 16
"""Entries kept of one key."""
AT_ONCE = 2
"""Preflights for one key under way at once, from which on others may wait in line for a connection (HTTP/1 has six)."""


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
    source: Any = None
    """What its grants are to lead back to; of no concern here."""


@dataclass(slots=True)
class Kept(Entry):
    """An entry, and what is guessed about it."""

    since: float
    """End of the first of the answers that add up, one always in time for the next: before it nothing was cached."""
    requested: frozenset[str]
    """Header names which preflights to this URL asked for: the author sets them, whatever their name."""
    together: float = 0.0
    """Start of the first of the preflights that were asked for together, up to the latest."""
    row: int = 1
    """How many those are."""
    doubted: float = 0.0
    """What began up to here may itself be what the latest preflight was sent for: its mode is not sure against it."""
    gone: float = float("inf")
    """When it was dropped; a request that began earlier may have used it."""


_NO_NAMES: frozenset[str] = frozenset()
_names = lru_cache(maxsize=1024)(frozenset[str])
"""A set of a few names; the same one for the same names, whichever client asks for them."""


class BrowserCache:
    """The cache of one client, as its traffic lets it seem."""

    __slots__ = ("_dropped", "_entries", "_in_flight", "_size", "forgot", "rules")

    def __init__(self, rules: CacheRules, size: int = 256) -> None:
        """Keep at most `size` keys."""
        self.rules = rules
        self._size = size
        # a key with no entries is known to be empty: its answers were seen, and none can be in use
        self._entries: OrderedDict[Key, list[Kept]] = OrderedDict()
        self.forgot = False
        """Keys were forgotten for lack of room: that one is not known proves nothing."""
        self._dropped: dict[Key, tuple[Kept, ...]] = {}
        """What was dropped last, all at once."""
        self._in_flight: dict[Key, tuple[Kept, ...]] = {}
        """The last that were dropped, however often: requests under way at once use one after the other."""

    # -- what is there ---------------------------------------------------------------------------------------------

    def knows(self, key: Key) -> bool:
        """Whether a preflight for this key was seen, so that the state of the cache is known."""
        return key in self._entries

    def requested(self, key: Key) -> frozenset[str]:
        """Header names that the author is known to set for this key."""
        entries = self._entries.get(key)
        if not entries:
            return _NO_NAMES
        return _NO_NAMES.union(*(entry.requested for entry in entries))

    def all(self) -> list[Kept]:
        """All that is kept, what was dropped too."""
        kept = [*self._entries.values(), *self._dropped.values(), *self._in_flight.values()]
        return [entry for entries in kept for entry in entries]

    def halve(self) -> None:
        """Forget the keys that were not used for the longest, half of all."""
        for _ in range((len(self._entries) + 1) // 2):
            self._forget_oldest()

    def grants_header(self, key: Key, name: str, now: float) -> bool:
        """Whether an entry allows a header of this name (lower case), so that a script may have set it."""
        return any(grants_header(entry, name, now - CLOCK_SLACK, self.rules) for entry in self._entries.get(key, ()))

    def beside(self, key: Key, flow_id: str) -> list[Kept]:
        """What other answers than this flow's have left, or had until lately."""
        found = [entry for entry in self._entries.get(key, ()) if entry.latest.flow_id != flow_id]
        if key in self._in_flight:
            found += [entry for entry in self._in_flight[key] if entry.latest.flow_id != flow_id]
        return found

    # -- what is put there, and taken away -------------------------------------------------------------------------

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
        if len(entry.requested) < MAX_GRANTS:
            names = _names(preflight.requested) if len(preflight.requested) <= 8 else frozenset(preflight.requested)
            entry.requested = entry.requested | names if entry.requested else names
        if entry.end < now:
            entry.since = now
        add(entry, grant, granted, self.rules)
        entry.together, entry.row = together, row

    def _entry_for(self, entries: list[Kept], preflight: Answered, grant: Grant) -> Kept:
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
        entry = Kept({}, {}, preflight.credentialed, grant, grant.end, grant.stored, requested)
        entries.append(entry)
        return entry

    def _forget_stale(self, entries: list[Kept], now: float) -> frozenset[str]:
        """Remove those of no more use; returns the header names that they were known to be asked for."""
        stale = [entry for entry in entries if entry.end < now - KEPT_STALE]
        if len(entries) - len(stale) >= MAX_ENTRIES:
            stale.append(next(entry for entry in entries if entry not in stale))
        for entry in stale:
            entries.remove(entry)
        return _NO_NAMES.union(*(entry.requested for entry in stale))

    def set_credentials(self, key: Key, flow_id: str, *, credentialed: bool, until: float) -> None:
        """The credentials mode under which an answer was stored became known from a request answered at `until`.

        Of requests under way together another may be the one that the preflight was sent for, and this one have used
        the cache.
        """
        for entry in self._entries.get(key, ()):
            if entry.latest.flow_id == flow_id:
                entry.credentialed, entry.doubted = credentialed, until + IN_LINE

    def drop(self, key: Key, now: float) -> None:
        """Forget what is cached for `key`, and remember that nothing is."""
        self._clear(key, self._touch(key), now)

    def _clear(self, key: Key, entries: list[Kept], now: float) -> None:
        if entries:
            for entry in entries:
                entry.gone = now
            self._dropped[key] = tuple(entries)
            self._in_flight[key] = (*self._in_flight.get(key, ()), *entries)[-MAX_DROPPED:]
            entries.clear()

    def _touch(self, key: Key) -> list[Kept]:
        entries = self._entries.setdefault(key, [])
        self._entries.move_to_end(key)
        if len(self._entries) > self._size:
            self._forget_oldest()
        return entries

    def _forget_oldest(self) -> None:
        forgotten, _ = self._entries.popitem(last=False)
        self.forgot = True
        self._dropped.pop(forgotten, None)
        self._in_flight.pop(forgotten, None)

    # -- what it spares --------------------------------------------------------------------------------------------

    def find(self, key: Key, asked: Asked, credentialed: bool | None, now: float) -> Kept | None:
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
            return used_of((entry,), asked, credentialed, now - CLOCK_SLACK, self.rules)
        if not self.rules.accumulates:
            return ()
        entries = [
            entry
            for entry in (*self._entries.get(key, ()), *self._in_flight.get(key, ()))
            if entry.since <= now < entry.gone
        ]
        for mode in (False, True) if credentialed is None else (credentialed,):
            alike = [entry for entry in entries if self._goes_with(entry, mode, now)]
            if len(alike) > 1 and (found := used_of(alike, asked, mode, now - CLOCK_SLACK, self.rules)):
                return found
        return ()

    def serves(self, entry: Kept, asked: Asked, credentialed: bool | None, now: float) -> bool:
        """Whether an entry spares this request its preflight."""
        return now < entry.gone and self.served_once(entry, asked, credentialed, now)

    def served_once(self, entry: Kept, asked: Asked, credentialed: bool | None, now: float) -> bool:
        """The same had the entry not been dropped."""
        return entry.since <= now and bool(self._used(entry, asked, credentialed, now - CLOCK_SLACK))

    def permitted_lately(
        self, key: Key, asked: Asked, credentialed: bool | None, now: float, within: float
    ) -> tuple[Grant, ...]:
        """The answers that would have done so within these seconds before: the request may have waited since."""
        found: list[Kept] = [*self._entries.get(key, ()), *reversed(self._in_flight.get(key, ()))]
        for entry in found:
            stored = entry.latest.stored
            since = max(stored, now - within)
            if stored <= now and since <= entry.gone and (used := self._used(entry, asked, credentialed, since)):
                return used
        return ()

    def permitted_once(self, key: Key, asked: Asked, credentialed: bool | None, now: float) -> tuple[Grant, ...]:
        """The answers that were dropped, and yet would do: they may have stayed under the URL with a fragment."""
        return self._first(self._dropped.get(key, ()), asked, credentialed, now)

    def permitted_elsewhere(self, key: Key, asked: Asked, credentialed: bool | None, now: float) -> tuple[Grant, ...]:
        """The same of answers that were dropped long ago: they may be in the cache of another window."""
        return self._first(reversed(self._in_flight.get(key, ())), asked, credentialed, now)

    def _first(self, entries: Iterable[Kept], asked: Asked, credentialed: bool | None, now: float) -> tuple[Grant, ...]:
        for entry in entries:
            if entry.latest.stored <= now and (used := self._used(entry, asked, credentialed, now - CLOCK_SLACK)):
                return used
        return ()

    def _used(self, entry: Kept, asked: Asked, credentialed: bool | None, since: float) -> tuple[Grant, ...]:
        """The grants of an entry that a request makes use of, fresh from a moment on; empty where that is not all."""
        if not self._goes_with(entry, credentialed, since + CLOCK_SLACK):
            return ()
        return used_of((entry,), asked, credentialed, since, self.rules)

    def _goes_with(self, entry: Kept, credentialed: bool | None, now: float) -> bool:
        """Whether an entry is for requests of this credentials mode, as far as either is known."""
        return goes_with(entry, credentialed, self.rules) or now <= entry.doubted
