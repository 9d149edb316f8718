"""A refusal as a value: what failed, at which stage, and the value at fault. Words are rendered at the edge."""

from enum import StrEnum
from typing import NamedTuple


class Stage(StrEnum):
    """Where in one fetch a check ran."""

    PREFLIGHT = "preflight"
    ACTUAL = "actual"
    REDIRECT = "redirect"


class Reason(StrEnum):
    """What is wrong, never the cure. One name serves every stage; engines derive their own names from both."""

    ALLOW_ORIGIN_MISSING = "allow-origin-missing"
    ALLOW_ORIGIN_MULTIPLE = "allow-origin-multiple"
    ALLOW_ORIGIN_INVALID = "allow-origin-invalid"
    ALLOW_ORIGIN_MISMATCH = "allow-origin-mismatch"
    ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS = "allow-origin-wildcard-with-credentials"
    ALLOW_CREDENTIALS_NOT_TRUE = "allow-credentials-not-true"
    STATUS_NOT_OK = "status-not-ok"
    PREFLIGHT_REDIRECTED = "preflight-redirected"
    ALLOW_METHODS_INVALID = "allow-methods-invalid"
    ALLOW_HEADERS_INVALID = "allow-headers-invalid"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    HEADER_NOT_ALLOWED = "header-not-allowed"

    REDIRECT_HAS_CREDENTIALS = "redirect-has-credentials"
    REDIRECT_SCHEME_NOT_CORS = "redirect-scheme-not-cors"
    REDIRECT_URL_UNUSABLE = "redirect-url-unusable"
    REDIRECT_COUNT_EXCEEDED = "redirect-count-exceeded"
    REDIRECT_MODE_ERROR = "redirect-mode-error"
    """The page asked for no redirect; it alone knows that."""
    HEADER_UNREADABLE = "header-unreadable"
    """A header holds a byte for which the browser takes nothing of the answer."""
    HEADERS_TOO_LARGE = "headers-too-large"
    """The headers are more than the browser takes of an answer."""
    NETWORK_ERROR = "network-error"
    CAUSE_NOT_RECORDED = "cause-not-recorded"
    """The browser refused it, and what was recorded has no answer that shows why."""


OF_ORIGIN = frozenset(
    {
        Reason.ALLOW_ORIGIN_MISSING,
        Reason.ALLOW_ORIGIN_MULTIPLE,
        Reason.ALLOW_ORIGIN_INVALID,
        Reason.ALLOW_ORIGIN_MISMATCH,
        Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS,
    }
)
"""What may be wrong with Access-Control-Allow-Origin."""
OF_PREFLIGHTS = frozenset(
    {
        Reason.STATUS_NOT_OK,
        Reason.PREFLIGHT_REDIRECTED,
        Reason.ALLOW_METHODS_INVALID,
        Reason.ALLOW_HEADERS_INVALID,
        Reason.METHOD_NOT_ALLOWED,
        Reason.HEADER_NOT_ALLOWED,
    }
)
"""What only the answer to a preflight is refused for."""


def stage_of(reason: Reason, *, preflight: bool) -> Stage:
    """At which stage a check failed that somebody tells of; `preflight`: he says that it was one of a preflight's."""
    return Stage.PREFLIGHT if preflight or reason in OF_PREFLIGHTS else Stage.ACTUAL


class Refusal(NamedTuple):
    """One failed check.

    ``detail`` is the offending value as the engine reports it (Chromium's ``failed_parameter``), isomorphic-decoded,
    or None where the check has none, as for a header that is absent.
    """

    reason: Reason
    stage: Stage
    detail: str | None = None
