"""Floor 1: where Chromium, Gecko and WebKit deviate from the standard, as data where data will do."""

import copyreg
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from cors_addon.engines import chromium, gecko, happy_dom, jsdom, webkit
from cors_addon.engines.engine import Engine as Engine
from cors_addon.fetch.cache_rules import CacheRules
from cors_addon.fetch.checks import STANDARD_RULES
from cors_addon.fetch.patterns import pattern

FETCH = Engine(name="fetch", rules=STANDARD_RULES, cache=CacheRules())
"""The standard itself."""

ENGINES = {engine.name: engine for engine in (chromium.ENGINE, gecko.ENGINE, webkit.ENGINE, FETCH)}
"""By name: `chromium`, `gecko`, `webkit`, `fetch`."""

ALL = {**ENGINES, jsdom.ENGINE.name: jsdom.ENGINE, happy_dom.ENGINE.name: happy_dom.ENGINE}
"""By name, with those that play a browser for tests: no page of a user's is ever shown by them."""


_BROWSERS = {"chrome": "chromium", "firefox": "gecko", "safari": "webkit"}
_NAME = pattern(r"([a-z-]+)(?:@([1-9][0-9]{0,4}))?")


def named(name: str) -> Engine:
    """The engine of this name, as `chromium`, or one of its versions, as `chromium@109`; a KeyError for any other.

    Browsers' names are taken for their engines': `firefox@128`.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise KeyError(name)
    engine = ALL[_BROWSERS.get(match[1], match[1])]
    if match[2] is None:
        return engine
    if engine is FETCH:
        raise KeyError(name)
    return _variant(engine, int(match[2]))


class Choices(tuple[str, ...]):
    """Names of engines, each of which may be followed by a version: `chromium@109`."""

    def __contains__(self, name: object) -> bool:
        """Whether this is one of the names, or a version of one of those engines."""
        if super().__contains__(name):
            return True
        try:
            return super().__contains__(named(str(name)).name)
        except KeyError:
            return False


def _packed(engine: Engine) -> tuple[Callable[[str], Engine], tuple[str]]:
    """How an engine is pickled: by its name, so that it is the same one in another process."""
    return named, (f"{engine.name}@{engine.version}" if engine.version else engine.name,)


copyreg.pickle(Engine, _packed)


def forced(name: str) -> Engine | None:
    """The engine that the user asked for by this name; None for `auto`, with which each client is what it is."""
    return None if name == "auto" else named(name)


def judged_as(wanted: Engine | None, own: Engine) -> Engine:
    """Whose checks decide for a client: those of the engine asked for, in the client's own version if it is that."""
    return own if wanted is None or (wanted.name == own.name and not wanted.version) else wanted


def of_version(engine: Engine, version: int) -> Engine:
    """An engine as its version was; itself where nothing is known to have been otherwise, or it is not told (0)."""
    changed = version and any(version < older.before for older in engine.older)
    return _variant(engine, version) if changed else engine


@lru_cache(maxsize=256)
def _variant(engine: Engine, version: int) -> Engine:
    """One value for each version, so that what is known of it is remembered."""
    rules, cache, own = dict[str, Any](), dict[str, Any](), dict[str, Any]()
    for older in reversed(engine.older):
        if version < older.before:
            rules |= older.rules
            cache |= older.cache
            own |= older.engine
    return replace(
        engine, version=version, rules=replace(engine.rules, **rules), cache=replace(engine.cache, **cache), **own
    )


_BRAND = pattern(rb'"Chromium";\s*v="(\d{1,6})')


def chromium_brand(hints: bytes) -> int | None:
    """Major version of Chromium that a Sec-CH-UA value names; None where it names none.

    No script sets it, and neither DevTools' device toolbar nor `--user-agent` takes it from another engine.
    https://wicg.github.io/ua-client-hints/#sec-ch-ua
    """
    brand = _BRAND.search(hints)
    return None if brand is None else int(brand[1])


# On iOS every browser is WebKit, whatever it calls itself
_WEBKIT_IN_DISGUISE = (b"CriOS/", b"FxiOS/", b"EdgiOS/", b"OPiOS/", b"OPT/")


def detect(user_agent: bytes) -> Engine | None:
    """The engine that a User-Agent value names, or None where it names none."""
    if b"AppleWebKit/" in user_agent:
        if b" jsdom/" in user_agent:
            return jsdom.ENGINE
        if b" HappyDOM/" in user_agent:
            return happy_dom.ENGINE
        if any(mark in user_agent for mark in _WEBKIT_IN_DISGUISE):
            return webkit.ENGINE
        if b"Chrome/" in user_agent or b"Chromium/" in user_agent:
            return chromium.ENGINE
        return webkit.ENGINE
    if (b"Gecko/" in user_agent or b"Goanna/" in user_agent) and b"rv:" in user_agent:
        return gecko.ENGINE  # Goanna, Pale Moon's, came of it
    if b" Servo/" in user_agent:
        return FETCH
    return None
