"""The CORS check and the CORS-preflight response check, step by step.

Law 1: one function per step, in the standard's terms; each answers None (passed) or what failed. What it is about
stands right above it.
Law 2: the order of the steps is data (`Rules`), because engines report the first that fails and differ in the order.
Law 3: a step reads nothing but `Asked` and `Answer`, so that the same steps serve verdicts, explanations and policies.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from cors_addon.fetch import requests
from cors_addon.fetch.headers import HTTP_WHITESPACE, CorsLines, are_tokens, combine, split_list
from cors_addon.fetch.methods import CORS_SAFELISTED
from cors_addon.fetch.names import ALLOW_CREDENTIALS, ALLOW_HEADERS, ALLOW_METHODS, ALLOW_ORIGIN, LOCATION
from cors_addon.fetch.origins import OPAQUE, Target, Unusable, is_valid_url
from cors_addon.fetch.received import Reading
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.fetch.responses import Readable, readable_names

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
"""https://fetch.spec.whatwg.org/#redirect-status"""

AUTHORIZATION = "authorization"
"""The one CORS non-wildcard request-header name.

https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name"""


class Asked(NamedTuple):
    """What the browser wants permission for."""

    origin: str
    """The serialized request origin."""
    method: str = "GET"
    headers: tuple[str, ...] = ()
    """CORS-unsafe request-header names, lower case."""
    credentialed: bool = False
    """The credentials mode is `include`."""
    same_origin_preflight: bool = False
    """A preflight that names the URL's own origin, as Gecko sends it after a redirect back to the page's origin."""
    secure: bool = True
    """The fetch began at a potentially trustworthy URL: the browser adds headers of its own there."""


type Failure = tuple[Reason, str | None]


class Answer(NamedTuple):
    """What the server's response says about it."""

    status: int
    lines: CorsLines
    http2: bool = False
    target: Target | None = None
    """Where a redirect leads; None where the answer is none."""
    redirects: int = 0
    """How many redirects this fetch followed before this answer."""
    unreadable: Failure | None = None
    """Why the browser takes nothing of it: the header line, or how large the headers are; None where it can be read."""


type Check = Callable[["Rules", Asked, Answer], Failure | None]
type Combine = Callable[[Sequence[bytes]], str | None]


def _status(answer: Answer) -> int:
    return answer.status


def _always(_asked: Asked) -> str | None:
    return None


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a check, with all that is needed to show it."""

    check: Check
    name: str
    """What it is about, in a few words."""
    header: str | None = None
    """The response header that it reads; None where it reads none."""
    number: Callable[[Answer], int] = _status
    """What it reads in place of a header."""
    passed_over: Callable[[Asked], str | None] = _always
    """Why there is nothing to check, for what was asked; None where there is."""

    def as_done_by(self, check: Check) -> "Step":
        """The same step as an engine does it."""
        return replace(self, check=check)


def step(
    name: str,
    header: str | None = None,
    *,
    number: Callable[[Answer], int] = _status,
    passed_over: Callable[[Asked], str | None] = _always,
) -> Callable[[Check], Step]:
    """Make a step of the function that checks it."""
    return lambda check: Step(check, name, header, number, passed_over)


def first_value(lines: Sequence[bytes]) -> bytes:
    """Of several Location headers the first that is not empty, or nothing."""
    return next((value for line in lines if (value := line.strip(HTTP_WHITESPACE))), b"")


def combine_lines(lines: Sequence[bytes]) -> str | None:
    """The value of a header, None where it is absent. https://fetch.spec.whatwg.org/#concept-header-list-get"""
    return combine(lines) if lines else None


@dataclass(frozen=True, eq=False)
class Rules:
    """How one engine (by default the standard) checks."""

    name: str = "fetch"
    preflight_steps: tuple[Step, ...] = ()
    actual_steps: tuple[Step, ...] = ()
    redirect_steps: tuple[Step, ...] = ()
    combine: Combine = combine_lines
    safelist: requests.Safelist = field(default_factory=lambda: requests.SAFELIST)
    browser_names: Container[str] = requests.BROWSER_NAMES
    wildcard_covers_authorization: bool = False
    """Whether `Access-Control-Allow-Headers: *` covers Authorization, where credentials are not included."""
    redirect_limit: int = 20
    read_location: Callable[[Sequence[bytes]], bytes] = first_value
    """The bytes that are parsed as a URL, of the lines of Location; empty where there is none."""
    redirect_names_page: bool = False
    """A redirect's access check asks for the page's origin even where the request bore `null`."""
    readable: Readable = readable_names
    """Which headers of a response script may read."""
    head_limit: int | None = None
    """Bytes of status line and headers up to which it takes an answer over HTTP/1; None where no limit is known."""
    reading: Reading = field(default_factory=Reading)
    """How header values with line breaks and other control bytes are read."""
    name_kinds: requests.NameKinds = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare what the lists of names say."""
        object.__setattr__(self, "name_kinds", requests.NameKinds(self.safelist, self.browser_names))

    def check(self, stage: Stage, asked: Asked, answer: Answer) -> Refusal | None:
        """The first step that fails, or None where all pass."""
        for step in self.steps(stage):
            failure = step.check(self, asked, answer)
            if failure is not None:
                return Refusal(failure[0], stage, failure[1])
        return None

    def steps(self, stage: Stage) -> tuple[Step, ...]:
        """The steps of a stage, in the engine's order."""
        if stage is Stage.PREFLIGHT:
            return self.preflight_steps
        return self.actual_steps if stage is Stage.ACTUAL else self.redirect_steps


@step("origin", ALLOW_ORIGIN)
def allow_origin(rules: Rules, asked: Asked, answer: Answer) -> Failure | None:
    """CORS check, the origin. https://fetch.spec.whatwg.org/#concept-cors-check"""
    value = rules.combine(answer.lines.allow_origin)
    if value == asked.origin or (value == "*" and not asked.credentialed):
        return None
    if value is None:
        return Reason.ALLOW_ORIGIN_MISSING, None
    if value == "*":
        return Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS, None
    return classify_allow_origin(value), value


def classify_allow_origin(value: str) -> Reason:
    """Why a value that is not the origin is not: the standard knows only failure; browsers name these three."""
    if "," in value or " " in value:
        return Reason.ALLOW_ORIGIN_MULTIPLE
    if value != OPAQUE and not is_valid_url(value):
        return Reason.ALLOW_ORIGIN_INVALID
    return Reason.ALLOW_ORIGIN_MISMATCH


def _without_credentials(asked: Asked) -> str | None:
    return None if asked.credentialed else "credentials not included"


@step("credentials", ALLOW_CREDENTIALS, passed_over=_without_credentials)
def allow_credentials(rules: Rules, asked: Asked, answer: Answer) -> Failure | None:
    """CORS check, credentials: the exact bytes `true`. https://fetch.spec.whatwg.org/#concept-cors-check"""
    if not asked.credentialed:
        return None
    value = rules.combine(answer.lines.allow_credentials)
    return None if value == "true" else (Reason.ALLOW_CREDENTIALS_NOT_TRUE, value)


@step("no redirect", LOCATION)
def not_redirected(_rules: Rules, _asked: Asked, answer: Answer) -> Failure | None:
    """A preflight is never redirected: its redirect mode is "error". https://fetch.spec.whatwg.org/#cors-preflight-fetch"""
    target = answer.target
    if target is None:
        return None
    if target.unusable is Unusable.UNPARSABLE:  # schemes are asked about later, where a redirect is followed
        return Reason.REDIRECT_URL_UNUSABLE, target.text
    return Reason.PREFLIGHT_REDIRECTED, None


@step("ok status")
def ok_status(_rules: Rules, _asked: Asked, answer: Answer) -> Failure | None:
    """The status is ok, 200 to 299. https://fetch.spec.whatwg.org/#ok-status"""
    return None if 200 <= answer.status <= 299 else (Reason.STATUS_NOT_OK, None)


@step("methods are tokens", ALLOW_METHODS)
def methods_syntax(rules: Rules, _asked: Asked, answer: Answer) -> Failure | None:
    """Access-Control-Allow-Methods is a list of tokens. https://fetch.spec.whatwg.org/#http-new-header-syntax"""
    return _syntax(rules, answer.lines.allow_methods, Reason.ALLOW_METHODS_INVALID)


@step("header names are tokens", ALLOW_HEADERS)
def headers_syntax(rules: Rules, _asked: Asked, answer: Answer) -> Failure | None:
    """Access-Control-Allow-Headers is a list of tokens. https://fetch.spec.whatwg.org/#http-new-header-syntax"""
    return _syntax(rules, answer.lines.allow_headers, Reason.ALLOW_HEADERS_INVALID)


def _syntax(rules: Rules, lines: Sequence[bytes], reason: Reason) -> Failure | None:
    value = rules.combine(lines)
    if value is None or are_tokens(split_list(value)):
        return None
    return reason, value


def _safelisted_method(asked: Asked) -> str | None:
    return "a safelisted method needs no permission" if asked.method in CORS_SAFELISTED else None


@step("method", ALLOW_METHODS, passed_over=_safelisted_method)
def method_allowed(rules: Rules, asked: Asked, answer: Answer) -> Failure | None:
    """The method is listed, safelisted, or covered by `*`. https://fetch.spec.whatwg.org/#cors-preflight-fetch-0"""
    if asked.method in CORS_SAFELISTED:
        return None
    methods = split_list(rules.combine(answer.lines.allow_methods) or "")
    if asked.method in methods or ("*" in methods and not asked.credentialed):
        return None
    return Reason.METHOD_NOT_ALLOWED, asked.method


def _no_headers(asked: Asked) -> str | None:
    return None if asked.headers else "no header needs permission"


@step("request headers", ALLOW_HEADERS, passed_over=_no_headers)
def headers_allowed(rules: Rules, asked: Asked, answer: Answer) -> Failure | None:
    """Each header name is listed or covered by `*`. https://fetch.spec.whatwg.org/#cors-preflight-fetch-0"""
    refused = refused_headers(rules, asked, answer)
    return (Reason.HEADER_NOT_ALLOWED, refused[0]) if refused else None


def refused_headers(rules: Rules, asked: Asked, answer: Answer) -> list[str]:
    """The header names that the answer does not allow, in the order in which they were asked for."""
    if not asked.headers:
        return []
    names = {item.lower() for item in split_list(rules.combine(answer.lines.allow_headers) or "")}
    wildcard = "*" in names and not asked.credentialed
    return [
        name
        for name in asked.headers
        if name not in names and not (wildcard and (rules.wildcard_covers_authorization or name != AUTHORIZATION))
    ]


@step("Location is a URL", LOCATION)
def location_parsable(_rules: Rules, _asked: Asked, answer: Answer) -> Failure | None:
    """The Location is a URL. https://fetch.spec.whatwg.org/#concept-response-location-url"""
    target = answer.target
    if target is not None and target.unusable is Unusable.UNPARSABLE:
        return Reason.REDIRECT_URL_UNUSABLE, target.text
    return None


@step("usable Location", LOCATION)
def location_usable(_rules: Rules, _asked: Asked, answer: Answer) -> Failure | None:
    """The Location is an http(s) URL. https://fetch.spec.whatwg.org/#http-redirect-fetch"""
    target = answer.target
    if target is not None and target.unusable in (Unusable.UNPARSABLE, Unusable.UNSAFE_SCHEME):
        return Reason.REDIRECT_URL_UNUSABLE, target.text
    return None


@step("http(s) Location", LOCATION)
def location_scheme(_rules: Rules, _asked: Asked, answer: Answer) -> Failure | None:
    """The Location's scheme knows CORS. https://fetch.spec.whatwg.org/#http-redirect-fetch"""
    target = answer.target
    return (Reason.REDIRECT_SCHEME_NOT_CORS, None) if target is not None and target.unusable is not None else None


@step("no userinfo in Location", LOCATION)
def location_without_credentials(_rules: Rules, _asked: Asked, answer: Answer) -> Failure | None:
    """The Location holds no userinfo. https://fetch.spec.whatwg.org/#http-redirect-fetch"""
    target = answer.target
    return (Reason.REDIRECT_HAS_CREDENTIALS, None) if target is not None and target.has_credentials else None


@step("number of redirects", number=lambda answer: answer.redirects)
def redirect_count(rules: Rules, _asked: Asked, answer: Answer) -> Failure | None:
    """No more than twenty redirects. https://fetch.spec.whatwg.org/#http-redirect-fetch"""
    return (Reason.REDIRECT_COUNT_EXCEEDED, None) if answer.redirects >= rules.redirect_limit else None


CORS_CHECK: tuple[Step, ...] = (allow_origin, allow_credentials)
GRANTS: tuple[Step, ...] = (methods_syntax, headers_syntax, method_allowed, headers_allowed)

STANDARD_RULES = Rules(
    preflight_steps=(not_redirected, *CORS_CHECK, ok_status, *GRANTS),
    actual_steps=CORS_CHECK,
    redirect_steps=(*CORS_CHECK, location_usable, location_scheme, redirect_count, location_without_credentials),
)
"""The standard itself."""
