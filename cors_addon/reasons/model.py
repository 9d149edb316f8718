"""The shape of an explanation, and how its templates are filled with an exchange's values.

Law 1: a template names its values in braces; `PLACEHOLDERS` is all there is, and each is filled, known or not.
Law 2: what is rendered is safe to print: control characters are shown, never sent, and no password is repeated.
Law 3: a message is one line and short; a fix is whole, each header to paste on an indented line of its own.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from cors_addon.fetch.headers import visible
from cors_addon.fetch.masking import masked
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.refusals import Refusal, Stage
from cors_addon.reasons.finding import Finding


class Severity(StrEnum):
    """An error breaks the page; a warning will, or lets others in; a note is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


BROWSERS = {"chromium": "Chromium", "gecko": "Firefox", "webkit": "Safari"}
"""Engines by the browser that people know them from."""


class Said(NamedTuple):
    """What one browser calls it: its names, and its console's words with … where values stand."""

    engine: str
    names: tuple[str, ...]
    """Empty where the engine has a text but no name."""
    text: str
    older: tuple[str, ...] = ()
    """Wordings of earlier versions, still found in the world's bug reports."""


class Facts(NamedTuple):
    """What is known of the exchange."""

    origin: str | None = None
    """The serialized request origin."""
    method: str | None = None
    """The method the page asked for: of a preflight, Access-Control-Request-Method."""
    headers: tuple[str, ...] = ()
    """The CORS-unsafe request-header names the page asked for."""
    status: int | None = None
    value: str | None = None
    """The response header at fault (`Explanation.header`), its lines joined with ", "; None where it is absent."""
    location: str | None = None
    """Where a redirect leads."""
    credentialed: bool | None = None
    """Whether credentials are included; None where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is to be said about a reason and about a finding alike."""

    name: str
    message: str
    """Template, one line."""
    explanation: str
    """What the browser does, and why the rule exists."""
    causes: tuple[str, ...]
    """How it comes about in practice, most frequent first."""
    fix: str
    """Template, one or more lines."""
    anchor: str
    header: str | None = None
    """The response header at fault."""
    said: tuple[Said, ...] = ()
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation(Parts):
    """All that is to be said about one reason."""

    example: tuple[Refusal, Facts]
    """A refusal that shows it, for where there is no exchange to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingExplanation(Parts):
    """All that is to be said about one finding; browsers say nothing of it."""

    example: tuple[Finding, Facts]
    """A finding that shows it, for where there is no exchange to show."""


PLACEHOLDERS = (
    "answer",
    "credentials",
    "detail",
    "grants",
    "literal",
    "listed",
    "location",
    "new_headers",
    "new_methods",
    "origin",
    "status",
    "value",
)
"""Every name that a template may use."""

NULL_ORIGIN = (
    "Mind that null is nobody's name: every sandboxed frame, data: URL and file of any site sends it. Better give the "
    "page an origin of its own (no sandbox, no file:, no redirect from site to site) than allow null, least of all "
    "with credentials."
)
"""Added to a fix that would allow the origin `null`."""

UNNAMED = "…"
"""In the place of a method or a header name that is not known."""

_NO_NAME = "(leave this header out: no name is needed)"
_LONGEST = 100  # of one value in a message


def message(explanation: Parts, refusal: Refusal | Finding, facts: Facts) -> str:
    """The one line, with this exchange's values."""
    return visible(explanation.message.format_map(_Named(_values(refusal, facts), _short)))


def fix(explanation: Parts, refusal: Refusal | Finding, facts: Facts) -> str:
    """What to change, with the exact header for this exchange."""
    # values are made visible before, the template's own line ends are meant
    text = explanation.fix.format_map(_Named(_values(refusal, facts), _visible_lines))
    return f"{text}\n{NULL_ORIGIN}" if facts.origin == "null" and "{origin}" in explanation.fix else text


def _visible_lines(text: str) -> str:
    return "\n".join(map(visible, text.split("\n")))


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 20]}…{value[-19:]}"


class _Named(dict[str, str]):
    """The values of those placeholders that a text names."""

    def __init__(self, makers: Mapping[str, Callable[[], str]], then: Callable[[str], str]) -> None:
        super().__init__()
        self._makers, self._then = makers, then

    def __missing__(self, name: str) -> str:
        """Make one."""
        made = self[name] = self._then(self._makers[name]())
        return made


def _values(refusal: Refusal | Finding, facts: Facts) -> Mapping[str, Callable[[], str]]:
    """What makes the value of each placeholder. Of a list of thousands of names some take long, and few are named.

    A header's value never brings a line end: `visible` follows.
    """
    value, detail = _visible(facts.value), _visible(refusal.detail)
    listed = list(filter(None, map(str.strip, (value or "").split(","))))
    stage = refusal.stage if isinstance(refusal, Refusal) else Stage.ACTUAL
    method, names = _asked_for(stage, detail, facts)
    status = None if facts.status is None else str(facts.status)
    return {
        "answer": lambda: "response" if status is None else f"{status} response",
        "credentials": lambda: "\n  Access-Control-Allow-Credentials: true" if facts.credentialed else "",
        "detail": lambda: "absent" if detail is None else _without_userinfo(detail),
        "grants": lambda: _grants(stage, method, names),
        "literal": lambda: _literal(detail, listed, credentialed=facts.credentialed),
        "listed": lambda: _in_quotes(value, "(absent)"),
        "location": lambda: _without_userinfo(visible(masked(facts.location or detail or "another URL"))),
        "new_headers": lambda: ", ".join(_extended(listed, names, facts.credentialed, fold=str.lower)) or _NO_NAME,
        "new_methods": lambda: ", ".join(_extended(listed, (method,), facts.credentialed)),
        "origin": lambda: visible(facts.origin or "https://app.example.com"),
        "status": lambda: status or "another status",
        "value": lambda: _in_quotes(value, "absent"),
    }


def _visible(text: str | None) -> str | None:
    return None if text is None else visible(masked(text))


def _in_quotes(value: str | None, absent: str) -> str:
    return absent if value is None else f'"{value}"'


def _asked_for(stage: Stage, detail: str | None, facts: Facts) -> tuple[str, tuple[str, ...]]:
    """The method and the header names of the request; where they are not known, what a preflight was refused for."""
    named = detail if detail and stage is Stage.PREFLIGHT and _TOKEN.fullmatch(detail) else None
    names = tuple(map(visible, facts.headers))
    return visible(facts.method or named or "PUT"), names or ((detail,) if detail else ())


def _grants(stage: Stage, method: str, names: tuple[str, ...]) -> str:
    """What a preflight's answer needs besides the origin, for this request."""
    if stage is not Stage.PREFLIGHT:
        return ""
    lines = [] if method in ("GET", "HEAD", "POST") else [f"\n  Access-Control-Allow-Methods: {method}"]
    if names:
        lines.append(f"\n  Access-Control-Allow-Headers: {', '.join(names)}")
    return "".join(lines)


def _literal(detail: str | None, listed: Iterable[str], *, credentialed: bool | None) -> str:
    """Why a `*` in the list does not help."""
    if "*" not in listed:
        return ""
    if detail is not None and detail.lower() == "authorization" and not credentialed:
        return ', and "*" does not cover it'
    return ', where "*" is a name like any other: credentials are included'


def _extended(
    listed: Iterable[str], missing: Iterable[str], credentialed: bool | None, *, fold: Callable[[str], str] = str
) -> list[str]:
    """The list with what is missing added, without a `*` that says nothing and without what is no token."""
    result = [item for item in listed if _TOKEN.fullmatch(item) and (item != "*" or credentialed is False)]
    known = set(map(fold, result))
    wanted = (item for item in missing if _TOKEN.fullmatch(item) or item == UNNAMED)
    return result + [item for item in wanted if fold(item) not in known]


_TOKEN = pattern(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _without_userinfo(url: str) -> str:
    return re.sub(r"^([A-Za-z][A-Za-z0-9+.-]*:[/\\]+)[^/\\?#]*@", r"\1…@", url)
