"""The words that tell one refusal from another at once: a column of mitmweb shows sixteen characters, with the mark."""

from cors_addon.exchange.model import Judgement
from cors_addon.fetch.headers import split_list, visible
from cors_addon.fetch.refusals import Reason, Refusal

_WORDS = {
    Reason.ALLOW_ORIGIN_MISSING: "no header",
    Reason.ALLOW_ORIGIN_MISMATCH: "wrong origin",
    Reason.ALLOW_ORIGIN_MULTIPLE: "{origins} origins",
    Reason.ALLOW_ORIGIN_INVALID: "no origin",
    Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS: "* + cookies",
    Reason.ALLOW_CREDENTIALS_NOT_TRUE: "no cookies",
    Reason.STATUS_NOT_OK: "{status}",
    Reason.PREFLIGHT_REDIRECTED: "redirected",
    Reason.ALLOW_METHODS_INVALID: "bad methods",
    Reason.ALLOW_HEADERS_INVALID: "bad headers",
    Reason.METHOD_NOT_ALLOWED: "{detail}",
    Reason.HEADER_NOT_ALLOWED: "{detail}",
    Reason.REDIRECT_HAS_CREDENTIALS: "user in Location",
    Reason.REDIRECT_SCHEME_NOT_CORS: "redirect scheme",
    Reason.REDIRECT_URL_UNUSABLE: "bad Location",
    Reason.REDIRECT_COUNT_EXCEEDED: "redirect loop",
    Reason.REDIRECT_MODE_ERROR: "redirect: error",
    Reason.HEADER_UNREADABLE: "unreadable header",
    Reason.HEADERS_TOO_LARGE: "headers too large",
    Reason.NETWORK_ERROR: "no answer",
    Reason.CAUSE_NOT_RECORDED: "not recorded",
}
"""As few as tell it; the values come after."""
MOST = 24


def words(judgement: Judgement, refusal: Refusal) -> str:
    """For a refusal of this exchange; what stood on the wire is made visible."""
    status = judgement.observation.status
    detail = visible(judgement.detail or "")
    said = _WORDS[refusal.reason].format(
        detail=(detail if len(detail) <= MOST else detail[: MOST - 1] + "…") or refusal.reason.value,
        origins=len(split_list(detail)) or "several",
        status=status or "no status",
    )
    if refusal.reason is Reason.ALLOW_ORIGIN_MISSING and status is not None and status >= 400:
        return f"{status}, {said}"
    return said
