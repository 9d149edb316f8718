"""What each engine calls a block beyond CORS, where it is certain which name it gives.

Chromium 156: net/base/net_error_list.h, with the reason that DevTools adds. Firefox 153: xpcom/base/ErrorList.py, as
its network monitor shows it. WebKit has no names.
"""

from cors_addon.fetch.embedder_policy import EmbedderPolicy, IsolationPolicy
from cors_addon.fetch.load import WORKERS, Block, Destination, Gate, Load
from cors_addon.fetch.names import EMBEDDER_POLICY

_RESPONSE = "net::ERR_BLOCKED_BY_RESPONSE"
_OF_FRAMES = frozenset({Gate.FRAME_ANCESTORS, Gate.FRAME_OPTIONS})
_WITHOUT_REASON = WORKERS | {Destination.IMPORT_SCRIPTS}
"""Of these, and of frames, DevTools get the error alone."""
_SUBDOCUMENTS = frozenset({Destination.FRAME, Destination.IFRAME})
_OBJECTS = frozenset({Destination.EMBED, Destination.OBJECT})
_VALUES = {"same-origin": "NotSameOrigin", "same-site": "NotSameSite"}
_GECKO_FRAMES = {
    Gate.FRAME_ANCESTORS: "NS_ERROR_CSP_FRAME_ANCESTOR_VIOLATION",
    Gate.FRAME_OPTIONS: "NS_ERROR_XFO_VIOLATION",
}


def block_error(engine: str, block: Block, load: Load) -> str | None:
    """The engine's own name for a block; None where it has none, or several."""
    if engine == "chromium":
        return _of_chromium(block, load)
    return _of_gecko(block, load) if engine == "gecko" else None


def _of_chromium(block: Block, load: Load) -> str | None:
    if block.gate is Gate.ORB:
        return "net::ERR_BLOCKED_BY_ORB"
    if block.gate in _OF_FRAMES:
        return _RESPONSE
    if block.gate not in {Gate.CORP, Gate.COEP}:
        return None
    if load.frame or load.destination in _WITHOUT_REASON:
        return _RESPONSE
    reason = _VALUES.get(block.detail or "") if block.gate is Gate.CORP else _defaulted(load)
    return None if reason is None else f"{_RESPONSE}.{reason}"


def _defaulted(load: Load) -> str | None:
    """Which of the page's policies made a missing Cross-Origin-Resource-Policy count as `same-origin`."""
    page = load.page
    if page is None:
        return None
    policies = []
    if page.embedder is EmbedderPolicy.REQUIRE_CORP:
        policies.append("Coep")
    if page.isolation is IsolationPolicy.ISOLATE_AND_REQUIRE_CORP:
        policies.append("Dip")
    return f"NotSameOriginAfterDefaultedToSameOriginBy{'And'.join(policies)}" if policies else None


def _of_gecko(block: Block, load: Load) -> str | None:
    if block.gate in _GECKO_FRAMES:
        return _GECKO_FRAMES[block.gate] if load.destination in _SUBDOCUMENTS else None
    if block.gate not in {Gate.CORP, Gate.COEP} or load.destination in _OBJECTS | WORKERS:
        return None
    return "NS_ERROR_DOM_COEP_FAILED" if block.header == EMBEDDER_POLICY else "NS_ERROR_DOM_CORP_FAILED"
