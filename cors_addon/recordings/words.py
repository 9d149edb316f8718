"""A browser's own names for how a request ended, as its `Word`, for whatever file they stand in.

Chromium: net errors (net/base/net_error_list.h), Network.BlockedReason and Network.CorsError of the DevTools protocol
(https://chromedevtools.github.io/devtools-protocol/tot/Network/). Firefox: the names of nsresult values
(xpcom/base/ErrorList.py). WebKit: sentences.
"""

from collections.abc import Mapping

from cors_addon.engines.names import refusal_named
from cors_addon.exchange.model import BLOCKED_BY_RESPONSE, GIVEN_UP, Word
from cors_addon.fetch.load import Block, Gate
from cors_addon.fetch.refusals import Reason, Refusal, Stage, stage_of

REFUSED = frozenset({"net::ERR_FAILED", "NS_ERROR_DOM_BAD_URI"})
"""What a page's request ends with that CORS refused; other things may end so, too."""

_CSP = Block(Gate.CSP, header="Content-Security-Policy")
_BLOCKS: Mapping[str, Block] = {
    "csp": _CSP,
    "net::ERR_BLOCKED_BY_CSP": _CSP,
    "NS_ERROR_CONTENT_BLOCKED": Block(Gate.OTHER, "NS_ERROR_CONTENT_BLOCKED"),
    "mixed-content": Block(Gate.MIXED_CONTENT),
    "content-type": Block(Gate.MIME, header="Content-Type"),
    "integrity": Block(Gate.SRI),
    "net::ERR_BLOCKED_BY_ORB": Block(Gate.ORB),
    "net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS": Block(Gate.LOCAL_NETWORK),
    "net::ERR_BLOCKED_BY_PRIVATE_NETWORK_ACCESS_CHECKS": Block(Gate.LOCAL_NETWORK),
    "net::ERR_INSECURE_PRIVATE_NETWORK_REQUEST": Block(Gate.LOCAL_NETWORK),
    "corp-not-same-origin": Block(Gate.CORP, "same-origin", "Cross-Origin-Resource-Policy"),
    "corp-not-same-site": Block(Gate.CORP, "same-site", "Cross-Origin-Resource-Policy"),
    "corp-not-same-origin-after-defaulted-to-same-origin-by-coep": Block(
        Gate.COEP, header="Cross-Origin-Resource-Policy"
    ),
    "coep-frame-resource-needs-coep-header": Block(Gate.COEP, header="Cross-Origin-Embedder-Policy"),
    **{
        reason: Block(Gate.OTHER, reason)
        for reason in (
            "net::ERR_BLOCKED_BY_ADMINISTRATOR",
            "net::ERR_BLOCKED_BY_CLIENT",
            "origin",
            "inspector",
            "subresource-filter",
            "coop-sandboxed-iframe-cannot-navigate-to-coop-page",
        )
    },
}
"""By `blockedReason`, and by the name of the error."""
_REDIRECTS = {
    "net::ERR_INVALID_REDIRECT": Reason.REDIRECT_URL_UNUSABLE,
    "net::ERR_UNSAFE_REDIRECT": Reason.REDIRECT_URL_UNUSABLE,
    "net::ERR_TOO_MANY_REDIRECTS": Reason.REDIRECT_COUNT_EXCEEDED,
}
_NETWORK = ("net::ERR_", "NS_ERROR_NET_", "NS_ERROR_PROXY_", "SEC_ERROR_", "SSL_ERROR_", "MOZILLA_PKIX_ERROR_")
_NETWORK_NAMES = frozenset(
    "NS_ERROR_CONNECTION_REFUSED NS_ERROR_UNKNOWN_HOST NS_ERROR_UNKNOWN_PROXY_HOST NS_ERROR_OFFLINE".split()
)


PASSED = Word(passed=True, text="no error")
"""The page got what was answered."""


def of_error(error: str, *, answered: bool) -> Word | None:
    """What a name of an error, a blocked reason or a sentence means; None where it tells nothing of CORS or a block.

    `answered`: the server's answer is known.
    """
    if not error:
        return None
    if (block := block_of(error)) is not None:
        return Word(passed=False, block=block, text=error)
    if error in GIVEN_UP:
        return Word(network=error, text=error)
    if error in REFUSED:
        return Word(passed=False, refusal=None if answered else _not_told(Stage.ACTUAL), text=error)
    if (refusal := _refusal_in(error)) is not None:
        return Word(passed=False, refusal=refusal, text=error)
    if error.startswith(_NETWORK) or error in _NETWORK_NAMES:
        return Word(network=error, text=error)
    return None


def of_cors_error(name: str, parameter: str = "") -> Word:
    """Of a `Network.CorsError` with its `failedParameter`."""
    refusal = refusal_named("chromium", name)
    if refusal is None:
        gate = Gate.LOCAL_NETWORK if "Network" in name or "Private" in name else Gate.OTHER
        return Word(passed=False, block=Block(gate, None if gate is Gate.LOCAL_NETWORK else name), text=name)
    return Word(passed=False, refusal=refusal._replace(detail=parameter or None), text=name)


def block_of(error: str) -> Block | None:
    """What beside CORS an error says that stopped a request; None where it says nothing of the kind."""
    known = _BLOCKS.get(error)
    if known is not None:
        return known
    if not error.startswith(BLOCKED_BY_RESPONSE):
        return None
    reason = error.removeprefix(BLOCKED_BY_RESPONSE).lower()
    if "coep" in reason or "dip" in reason:
        header = "Cross-Origin-Embedder-Policy" if "frame" in reason else "Cross-Origin-Resource-Policy"
        return Block(Gate.COEP, header=header)
    if "notsamesite" in reason or "notsameorigin" in reason:
        value = "same-site" if "notsamesite" in reason else "same-origin"
        return Block(Gate.CORP, value, "Cross-Origin-Resource-Policy")
    return Block(Gate.OTHER, error)


def _refusal_in(error: str) -> Refusal | None:
    """What CORS refused, by an error that names it: Chromium's about redirects, and WebKit's sentences."""
    if (reason := _REDIRECTS.get(error)) is not None:
        return Refusal(reason, Stage.REDIRECT)
    words = error.lower()
    if "access-control-" not in words and "preflight" not in words:
        return None
    found = _reasons(error)
    if len(found) != 1:
        return _not_told(Stage.ACTUAL)
    return Refusal(found[0], stage_of(found[0], preflight="preflight" in words))


def _not_told(stage: Stage) -> Refusal:
    return Refusal(Reason.CAUSE_NOT_RECORDED, stage)


def _reasons(text: str) -> list[Reason]:
    from cors_addon.reasons import explain  # of use to few files, and takes a while to import

    match = explain.find(text)
    return [each for each in match.entries if isinstance(each, Reason)] if match else []
