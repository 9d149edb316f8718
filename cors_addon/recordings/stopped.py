"""What a browser itself says that stopped a request which has no answer in its HAR file.

Chromium's developer tools write Network.BlockedReason of the DevTools protocol where there is no error, and else the
name of the network error: https://chromedevtools.github.io/devtools-protocol/tot/Network/#type-BlockedReason
"""

from collections.abc import Mapping
from typing import Any

from cors_addon.engines import FETCH, detect
from cors_addon.exchange.fate import Fate
from cors_addon.exchange.model import Judgement, Observation, Role
from cors_addon.fetch.load import Block, Destination, Gate, Load
from cors_addon.fetch.origins import parse_url
from cors_addon.policy.suffixes import registrable_domain

SAYS_SO = "never answered: what stopped it is the browser's own word"

_BLOCKS: Mapping[str, Block] = {
    "csp": Block(Gate.CSP, header="Content-Security-Policy"),
    "net::ERR_BLOCKED_BY_CSP": Block(Gate.CSP, header="Content-Security-Policy"),
    "mixed-content": Block(Gate.MIXED_CONTENT),
    "content-type": Block(Gate.MIME, header="Content-Type"),
    "integrity": Block(Gate.SRI),
    "net::ERR_BLOCKED_BY_ORB": Block(Gate.ORB),
    "net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS": Block(Gate.LOCAL_NETWORK),
}
_RESPONSE = "net::ERR_BLOCKED_BY_RESPONSE"
_DESTINATIONS = {
    "document": Destination.IFRAME,
    "eventsource": Destination.EVENT_SOURCE,
    "fetch": Destination.EMPTY,
    "font": Destination.FONT,
    "image": Destination.IMAGE,
    "manifest": Destination.MANIFEST,
    "media": Destination.VIDEO,
    "script": Destination.SCRIPT,
    "stylesheet": Destination.STYLE,
    "xhr": Destination.EMPTY,
    "xmlhttprequest": Destination.EMPTY,
}
"""By `_resourceType`, lower case."""


def block_of(error: str) -> Block | None:
    """What an entry's error says that stopped it; None where it says nothing of the kind."""
    known = _BLOCKS.get(error)
    if known is not None or not error.startswith(_RESPONSE):
        return known
    reason = error.removeprefix(_RESPONSE).lower()
    if "coep" in reason or "dip" in reason:
        header = "Cross-Origin-Embedder-Policy" if "frame" in reason else "Cross-Origin-Resource-Policy"
        return Block(Gate.COEP, header=header)
    if "notsamesite" in reason or "notsameorigin" in reason:
        value = "same-site" if "notsamesite" in reason else "same-origin"
        return Block(Gate.CORP, value, "Cross-Origin-Resource-Policy")
    return Block(Gate.OTHER)


def judgement(observation: Observation, block: Block, raw: Mapping[str, Any]) -> Judgement:
    """The browser's own word as a judgement; `raw` is the entry."""
    lines = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in observation.request}
    named = lines.get("origin")
    page = parse_url(named or lines.get("referer", ""))
    origin = page.origin if page is not None else observation.url.origin
    destination = _DESTINATIONS.get(str(raw.get("_resourceType", "")).lower())
    cors = named is not None and named != observation.url.origin
    engine = detect(lines.get("user-agent", "").encode("latin-1")) or FETCH
    made = Judgement(observation, Role.NO_CORS, engine, named)
    made.assumptions = (SAYS_SO,)
    mode = "cors" if cors else "no-cors"
    load = Load(observation.url, origin, destination, mode, registrable_domain)
    if block.gate in (Gate.MIXED_CONTENT, Gate.LOCAL_NETWORK):
        block = block._replace(detail=str(observation.url))
    made.fate = Fate(load, block)
    return made
