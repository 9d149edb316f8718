"""Who answered: the CORS implementation that an answer looks like, in that implementation's own terms.

A value only. What tells an implementation stands in `servers/`, which fills it in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from cors_addon.fetch.refusals import Reason


class Confidence(StrEnum):
    """How surely an implementation is told."""

    SURE = "sure"
    """By a text or a header name that nothing else known sends."""
    LIKELY = "likely"
    """By a combination of values and order that of all known ones only this sends."""


class Cause(StrEnum):
    """What of a request a server may refuse: the settings of CORS implementations are grouped by it."""

    ORIGIN = "origin"
    METHOD = "method"
    HEADERS = "headers"
    CREDENTIALS = "credentials"
    ERROR = "error"
    """An error that is no preflight's, answered without the headers that good answers have."""
    OTHER = "other"
    """None of them: the path, a failure, a server that knows no CORS."""


REQUESTED = (Cause.ORIGIN, Cause.METHOD, Cause.HEADERS)
"""What a preflight asks for."""
_BY_REASON = {
    Reason.ALLOW_ORIGIN_MISSING: Cause.ORIGIN,
    Reason.ALLOW_ORIGIN_MULTIPLE: Cause.ORIGIN,
    Reason.ALLOW_ORIGIN_INVALID: Cause.ORIGIN,
    Reason.ALLOW_ORIGIN_MISMATCH: Cause.ORIGIN,
    Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS: Cause.CREDENTIALS,
    Reason.ALLOW_CREDENTIALS_NOT_TRUE: Cause.CREDENTIALS,
    Reason.ALLOW_METHODS_INVALID: Cause.METHOD,
    Reason.METHOD_NOT_ALLOWED: Cause.METHOD,
    Reason.ALLOW_HEADERS_INVALID: Cause.HEADERS,
    Reason.HEADER_NOT_ALLOWED: Cause.HEADERS,
}


def cause_of(reason: Reason | None) -> Cause:
    """What the check that failed is about."""
    return Cause.OTHER if reason is None else _BY_REASON.get(reason, Cause.OTHER)


@dataclass(frozen=True, slots=True)
class Recognised:
    """A CORS implementation, as far as an answer shows it."""

    name: str
    """Of this table, in lower case: `starlette`, `express-cors`, `nginx` …"""
    title: str
    """As people call it, for "this looks like …"."""
    confidence: Confidence
    marks: tuple[str, ...]
    """What it was told by, in words."""
    settings: Mapping[Cause, str]
    """What to change there, as a clause that begins with a verb; not every cause has one."""
    causes: tuple[Cause, ...] = ()
    """What the server itself says it refuses, in a body or a header; empty where it says nothing."""
    hides: bool = False
    """It leaves out Access-Control-Allow-Origin for a method or header that is not allowed, too."""
    mirrors: bool = False
    """It allows the origin that asks, or `*`, and never names another."""
    target: str | None = None
    """The name of the export target that configures it; None where there is none."""
    version: str = ""
    """What it was measured with; empty for what was only read in its source."""
    source: str = ""
    """Where its marks and settings are from."""
    lent_by: str | None = field(default=None, compare=False)
    """Flow id of the earlier answer of the same server that told it; None where this one does itself."""

    def setting(self, cause: Cause | Reason | str | None = None) -> str:
        """What to change for a cause, or for a check that failed; empty where this server has no such setting.

        Without one: for what the server itself says it refuses.
        """
        if cause is None:
            return "; ".join(filter(None, (self.settings.get(each, "") for each in self.causes)))
        if isinstance(cause, Reason):
            return self.settings.get(cause_of(cause), "")
        try:
            return self.settings.get(Cause(cause), "")
        except ValueError:
            return ""

    def lent(self, flow_id: str) -> "Recognised":
        """The same, told by another answer of the same server; what that one refused is nothing to this one."""
        return replace(self, causes=(), lent_by=flow_id)


class History(NamedTuple):
    """What earlier answers of the same server tell of this one."""

    allowed_before: str | None = None
    """Where this origin was allowed before, as `POST https://api.example/items`; None where it was not seen."""
    allowed_at: float = 0.0
    """When, Unix seconds."""
    fixed_origin: str | None = None
    """The Access-Control-Allow-Origin that the server sends to everybody, seen for several origins."""
    good_have_cors: bool = False
    """This is an error without CORS headers, and good answers of the same server had them."""
