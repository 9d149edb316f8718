"""What a HAR has no answer to: refused, where the browser's own error says so, or why nothing is to be judged."""

from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.recordings.har_wire import NEVER_SENT, STILL_OPEN, Given, not_even_begun

NO_ANSWER_KEPT = (
    "failed, and the file has no answer: whether the browser refused it or the network failed is not to be told"
)
GIVEN_UP = "given up by the page, or stopped by the test, before an answer was there"
BLOCKED = "blocked by something other than CORS, as the browser itself says"
NETWORK_FAILED = "got no answer, as the browser itself says: the network failed, or the server"
REFUSED = "the browser's own word for how it failed:"

_BLOCKED_REASONS = frozenset("csp mixed-content origin inspector integrity subresource-filter content-type".split())
"""Of the DevTools protocol's Network.BlockedReason, which stands where there is no error."""
_NETWORK_ERRORS = frozenset(
    "NS_ERROR_CONNECTION_REFUSED NS_ERROR_UNKNOWN_HOST NS_ERROR_UNKNOWN_PROXY_HOST NS_ERROR_OFFLINE".split()
)
_AT_PREFLIGHT = frozenset(
    {
        Reason.METHOD_NOT_ALLOWED,
        Reason.HEADER_NOT_ALLOWED,
        Reason.ALLOW_METHODS_INVALID,
        Reason.ALLOW_HEADERS_INVALID,
        Reason.STATUS_NOT_OK,
        Reason.PREFLIGHT_REDIRECTED,
    }
)


def why_unanswered(entry: Given) -> str:
    """Why nothing is judged where the file has no answer."""
    if not entry.response:
        return STILL_OPEN
    if not_even_begun(entry):
        return NEVER_SENT
    return _failed_otherwise(entry) or NO_ANSWER_KEPT


def _failed_otherwise(entry: Given) -> str:
    """What failed a request, where the browser names what is not CORS."""
    error = entry.error
    if entry.raw.get("_wasAborted") is True or error in ("net::ERR_ABORTED", "NS_BINDING_ABORTED"):
        return GIVEN_UP
    if error in _BLOCKED_REASONS or error.startswith("net::ERR_BLOCKED_BY_") or error == "net::ERR_CACHE_MISS":
        return BLOCKED
    if error == "net::ERR_FAILED" or "_REDIRECT" in error:
        return ""
    network = error.startswith(("net::ERR_", "NS_ERROR_NET_", "NS_ERROR_PROXY_")) or error in _NETWORK_ERRORS
    return NETWORK_FAILED if network else ""


def refusal_of(error: str) -> Refusal | None:
    """What the browser refused by CORS, by its own words; None where they do not say that it did."""
    if error in ("net::ERR_FAILED", "NS_ERROR_DOM_BAD_URI"):
        return Refusal(Reason.CAUSE_NOT_RECORDED, Stage.ACTUAL)
    words = error.lower()
    if "_redirect" in words:  # Chromium's errors; the others are WebKit's sentences
        found = _reasons(f"Failed to load resource: {error}")
        return Refusal(found[0], Stage.REDIRECT) if found else None
    if "access-control-" not in words and "preflight" not in words:
        return None
    found = _reasons(error)
    reason = found[0] if len(found) == 1 else Reason.CAUSE_NOT_RECORDED
    return Refusal(reason, Stage.PREFLIGHT if reason in _AT_PREFLIGHT else Stage.ACTUAL)


def _reasons(text: str) -> list[Reason]:
    from cors_addon.reasons import explain  # of use to few files, and takes a while to import

    match = explain.find(text)
    return [each for each in match.entries if isinstance(each, Reason)] if match else []
