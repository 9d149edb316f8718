"""The CORS-preflight cache: what the answers to preflights allow, and which requests they spare another one.

https://fetch.spec.whatwg.org/#cors-preflight-cache

What is in a browser's cache at some moment, as far as its traffic shows that, is guessed in `exchange.browser_cache`.

Law 1: time is an argument, Unix seconds.
Law 2: a credentials mode that is not known matches either.
Law 3: what the engines do differently is data: `CacheRules`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cors_addon.fetch.cache_rules import CacheRules
from cors_addon.fetch.checks import AUTHORIZATION, Asked
from cors_addon.fetch.origins import Url

MAX_GRANTS = 500
"""Methods or header names kept of one key."""

type Key = tuple[str, Url]
"""Serialized origin, URL."""


class Granted(NamedTuple):
    """What one answer allows."""

    methods: tuple[str, ...]
    headers: tuple[str, ...]
    lifetime: float
    """Seconds for which it may be used again."""


class Grant(NamedTuple):
    """One answer's leave, for each method and header name that it lists."""

    end: float
    """Until when it may be used, Unix seconds."""
    stored: float
    """End of the answer."""
    flow_id: str
    source: Any
    """What it is to lead back to; of no concern here."""


@dataclass(slots=True)
class Entry:
    """The standard's entries of one key that differ in nothing but method or header name, each with its own end.

    https://fetch.spec.whatwg.org/#concept-cache
    """

    methods: dict[str, Grant]
    headers: dict[str, Grant]
    credentialed: bool | None
    """None: not known."""
    latest: Grant
    """The latest answer's."""
    end: float
    """When the last of its grants runs out."""


def add(entry: Entry, grant: Grant, granted: Granted, rules: CacheRules) -> None:
    """Take up what an answer allows. https://fetch.spec.whatwg.org/#concept-cache-create-entry"""
    headers = [name.lower() for name in granted.headers]
    for grants, names in ((entry.methods, granted.methods), (entry.headers, headers)):
        if len(grants) > MAX_GRANTS:
            for name in [name for name, old in grants.items() if old.end < grant.stored] or list(grants):
                del grants[name]
        new = dict.fromkeys(names[:MAX_GRANTS], grant)
        if not rules.caches_wildcards:
            new.pop("*", None)
        grants.update(new)
    entry.latest, entry.end = grant, max(entry.end, grant.end)


def goes_with(entry: Entry, credentialed: bool | None, rules: CacheRules) -> bool:
    """Whether an entry is for requests of this credentials mode. https://fetch.spec.whatwg.org/#concept-cache-match"""
    return (
        credentialed is None
        or entry.credentialed is None
        or credentialed is entry.credentialed
        or (not credentialed and rules.include_serves_omit)
    )


def used_of(
    entries: Sequence[Entry], asked: Asked, credentialed: bool | None, now: float, rules: CacheRules
) -> tuple[Grant, ...]:
    """The grants that a request makes use of, the first to run out first; empty where one is missing or stale.

    https://fetch.spec.whatwg.org/#concept-cache-match-method, https://fetch.spec.whatwg.org/#concept-cache-match-header
    """
    used: set[Grant] = set()
    matching = _Matching(rules, credentialed)
    if asked.method not in rules.simple_methods:
        grant = matching.best(((entry, entry.methods) for entry in entries), asked.method, wildcard=True)
        if grant is None or grant.end < now:
            return ()
        used.add(grant)
    for name in asked.headers:
        wildcard = name != AUTHORIZATION or rules.wildcard_covers_authorization
        grant = matching.best(((entry, entry.headers) for entry in entries), name, wildcard=wildcard)
        if grant is None or grant.end < now:
            return ()
        used.add(grant)
    if used:
        return tuple(sorted(used))
    # where nothing had to be looked up by name, the answer as a whole still has an end
    latest = max(entry.latest for entry in entries)
    return (latest,) if latest.end >= now else ()


class _Matching(NamedTuple):
    """By what names are matched."""

    rules: CacheRules
    credentialed: bool | None
    """Whether the request includes credentials; None: not known."""

    def best(self, listed: Iterable[tuple[Entry, dict[str, Grant]]], name: str, *, wildcard: bool) -> Grant | None:
        """The grant of this name that runs out last, or of `*` where that may stand for it."""
        best: Grant | None = None
        for entry, grants in listed:
            grant = grants.get(name)
            if (
                grant is None
                and wildcard
                and not self.credentialed
                and (self.rules.wildcard_by_request or not entry.credentialed)
            ):
                grant = grants.get("*")
            if grant is not None and (best is None or grant.end > best.end):
                best = grant
        return best


def grants_header(entry: Entry, name: str, now: float, rules: CacheRules) -> bool:
    """Whether an entry allows a header of this name (lower case) to requests of some credentials mode."""
    wildcard = rules.wildcard_covers_authorization or name != AUTHORIZATION
    return any(
        granted in entry.headers and entry.headers[granted].end >= now
        for granted in ((name, "*") if wildcard else (name,))
    )
