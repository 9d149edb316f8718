"""Floor 1: where Chromium, Gecko and WebKit deviate from the standard, as data where data will do."""

import re

from cors_addon.engines import chromium, gecko, happy_dom, jsdom, webkit
from cors_addon.engines.engine import Engine as Engine
from cors_addon.fetch.cache_rules import CacheRules
from cors_addon.fetch.checks import STANDARD_RULES

FETCH = Engine(name="fetch", rules=STANDARD_RULES, cache=CacheRules())
"""The standard itself."""

ENGINES = {engine.name: engine for engine in (chromium.ENGINE, gecko.ENGINE, webkit.ENGINE, FETCH)}
"""By name: `chromium`, `gecko`, `webkit`, `fetch`."""

ALL = {**ENGINES, jsdom.ENGINE.name: jsdom.ENGINE, happy_dom.ENGINE.name: happy_dom.ENGINE}
"""By name, with those that play a browser for tests: no page of a user's is ever shown by them."""


def named(name: str) -> Engine:
    """The engine of this name."""
    return ALL[name]


def forced(name: str) -> Engine | None:
    """The engine that the user asked for by this name; None for `auto`, with which each client is what it is."""
    return None if name == "auto" else named(name)


_BRAND = re.compile(rb'"Chromium";\s*v="(\d{1,6})')


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
    if b"Gecko/" in user_agent and b"rv:" in user_agent:
        return gecko.ENGINE
    return None
