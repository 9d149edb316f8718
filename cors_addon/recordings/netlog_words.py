"""What the events of a NetLog say: header lists, errors by their numbers, and what the browser made of an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from cors_addon.exchange.model import Credentials, Fields, PreflightState, Word
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.fetch.mime import declared, is_nosniff
from cors_addon.fetch.origins import Url
from cors_addon.fetch.patterns import pattern
from cors_addon.recordings import words

_STATUS = pattern(r"HTTP/[\d.]+ +(\d{3})")
_ESCAPED = "%ESCAPED:\u200b "
"""Begins a text that is not all ASCII: its other bytes, and percent signs, are percent-encoded.
net/log/net_log_values.cc"""

_ERRORS = (
    "DisallowedByMode",
    "InvalidResponse",
    "WildcardOriginNotAllowed",
    "MissingAllowOriginHeader",
    "MultipleAllowOriginValues",
    "InvalidAllowOriginValue",
    "AllowOriginMismatch",
    "InvalidAllowCredentials",
    "CorsDisabledScheme",
    "PreflightInvalidStatus",
    "PreflightDisallowedRedirect",
    "PreflightWildcardOriginNotAllowed",
    "PreflightMissingAllowOriginHeader",
    "PreflightMultipleAllowOriginValues",
    "PreflightInvalidAllowOriginValue",
    "PreflightAllowOriginMismatch",
    "PreflightInvalidAllowCredentials",
)
"""network::mojom::CorsError by number, services/network/public/mojom/cors.mojom; alike since Chromium 84."""
_LATER = (
    "InvalidAllowMethodsPreflightResponse",
    "InvalidAllowHeadersPreflightResponse",
    "MethodDisallowedByPreflightResponse",
    "HeaderDisallowedByPreflightResponse",
    "RedirectContainsCredentials",
)
"""Those after them. Up to Chromium 141 two errors of Private Network Access stood between, or two of its forerunner."""
_BOUNDARY = (136, 148)
"""Of the versions between, it was not seen which of the two they number."""


_SNIFFED = frozenset(
    """text/plain text/xml application/xml application/octet-stream application/unknown unknown/unknown */*""".split()
)
_OFFICE = ("application/ms", "application/vnd.ms", "application/vnd.openxmlformats-officedocument.")

PASSED = "handed to the page"
REFUSED = "ended by the browser as the answer came"


@dataclass(slots=True)
class Hop:
    """One request of a fetch: the first, or one that a redirect led to."""

    url: Url
    method: str
    started: float
    initiator: str
    has_body: bool
    includes: bool
    """Credentials are included."""
    state: PreflightState | None
    """How it came by its permission."""
    fields: Fields = ()
    """As sent; empty where it was not."""
    status: int | None = None
    answer: Fields = ()
    http2: bool = False
    error: str | None = None


def header_list(headers: Sequence[str]) -> tuple[Fields, str]:
    """Header lines, and the first line of all; pseudo-headers and a status line are no header lines."""
    found = tuple([line for line in map(_LINES.__getitem__, headers) if line is not None])
    return found, headers[0] if headers else ""


class _Lines(dict[str, tuple[bytes, bytes] | None]):
    """Lines as they stand in a log to header lines; None for what is none. Most come again."""

    def __missing__(self, line: str) -> tuple[bytes, bytes] | None:
        name, colon, value = _bytes(line).partition(b":")
        found = (name, value.strip(b" \t")) if colon and name and b" " not in name else None
        if len(line) <= _MAX_LINE:
            if len(self) >= _MAX_LINES:
                self.clear()
            self[line] = found
        return found


_MAX_LINES, _MAX_LINE = 4096, 1500
_LINES = _Lines()


def _bytes(line: str) -> bytes:
    if line.startswith(_ESCAPED):
        return unquote_to_bytes(line.removeprefix(_ESCAPED))
    return line.encode("utf-8", "surrogateescape")


def status_of(line: str) -> int | None:
    """The status in a status line."""
    match = _STATUS.match(line)
    return int(match[1]) if match else None


def of_preflight(params: Mapping[str, Any], version: int | None) -> Word:
    """What CORS_PREFLIGHT_ERROR says; `version` of Chromium tells what its number stands for."""
    number, error = params.get("cors-error"), f"net::{params.get('error', '')}"
    if not isinstance(number, int):
        return words.of_error(error, answered=False) or Word(passed=False, network=error, text=error)
    name = error_name(number, version)
    if name is None:
        return Word(passed=False, text=f"CorsError {number}")
    return words.of_cors_error(name, str(params.get("failed-parameter") or ""))


def error_name(number: int, version: int | None) -> str | None:
    """The name of a CorsError in this version of Chromium; None where that is not known."""
    if 0 <= number < len(_ERRORS):
        return _ERRORS[number]
    if version is None or _BOUNDARY[0] <= version < _BOUNDARY[1]:
        return None
    later = number - len(_ERRORS) - (2 if version < _BOUNDARY[0] else 0)
    return _LATER[later] if 0 <= later < len(_LATER) else None


def is_sniffed(answer: Fields) -> bool:
    """Whether Chromium may look at the body of an answer before it hands its headers to CORS.

    Then what it makes of them comes after the events of its delivery, whether it refuses them or not. It does so for
    all but `fetch()`. net/base/mime_sniffer.cc
    """
    if is_nosniff(answer):
        return False
    kind = declared(answer)
    return kind in _SNIFFED or "/" not in kind or kind.startswith(_OFFICE)


def of_hop(hop: Hop, refused: bool) -> Word:
    """What became of a request, and in what way it was sent."""
    mode = Credentials.UNKNOWN
    if hop.initiator != hop.url.origin:
        mode = Credentials.INCLUDE if hop.includes else Credentials.OMIT
    said = None if hop.error is None else words.of_error(hop.error, answered=hop.status is not None)
    if said is None:
        passed = not refused and hop.error is None
        presumed = passed and hop.status not in REDIRECT_STATUSES and is_sniffed(hop.answer)
        said = Word(passed=passed, presumed=presumed, text=hop.error or (REFUSED if refused else PASSED))
    return _sent_as(said, mode, hop.state)


@lru_cache(maxsize=1024)
def _sent_as(said: Word, mode: Credentials, state: PreflightState | None) -> Word:
    return replace(said, credentials=mode, preflight=state)
