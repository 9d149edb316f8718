"""The plan of a probe: with which origins to ask a server, and what its answers show. It sends nothing itself.

Law 1: only what is safe is asked: a GET or HEAD again, of anything else its preflight alone. Cookies and other
credentials go along with a GET or HEAD, as they would from a browser, and never with a preflight.
Law 2: an endpoint is asked a few questions, one after the other, and no more of them once the answers would tell
nothing new: the server does not answer, asks for less, or lets in whoever asks.
Law 3: what a probe asks with is nobody's, so that where it is let in there is no need of further evidence.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import NamedTuple

from cors_addon.audit.auditor import Auditor, grants, gravest_first, own_answer
from cors_addon.audit.questions import After, Asks, Question, is_clean, questions
from cors_addon.engines import FETCH
from cors_addon.exchange.model import Fields, Judgement, Observation
from cors_addon.exchange.request_headers import is_preflight, read_request
from cors_addon.exchange.response_headers import read_response
from cors_addon.fetch.headers import LOWER, get, is_token, split_list
from cors_addon.fetch.names import ASKED_HEADERS, ASKED_METHOD, CONDITIONAL, REQUEST_HEADERS, REQUEST_METHOD
from cors_addon.fetch.origins import Url, parse_url
from cors_addon.fetch.requests import cors_unsafe_names
from cors_addon.reasons.finding import Finding, FindingName

MAX_QUESTIONS = 12
"""For one endpoint."""

_TOO_MANY_REQUESTS = 429
_CREDENTIALS = frozenset({b"cookie", b"authorization"})
_SENT_AGAIN = frozenset({b"GET", b"HEAD"})
_MAX_NAMES = 30

_NOT_SENT_AGAIN = CONDITIONAL | frozenset(
    b"""access-control-request-headers access-control-request-method access-control-request-private-network connection
    content-length expect keep-alive origin proxy-authorization proxy-connection sec-fetch-storage-access
    sec-fetch-user te trailer transfer-encoding upgrade upgrade-insecure-requests""".split()
)
"""What belongs to the page that sent the request, to the connection, or asks whether a stored answer still holds."""
_IN_PREFLIGHTS = frozenset(
    b"""host user-agent accept-language accept-encoding referer sec-fetch-dest sec-fetch-mode sec-fetch-site""".split()
)
"""What a preflight has of the request's own headers: nothing that says who the user is."""


_SHOWN_BY = {
    Asks.FOREIGN: FindingName.UNRELATED_ORIGINS_WITH_CREDENTIALS,
    Asks.NULL: FindingName.NULL_ORIGIN_WITH_CREDENTIALS,
    Asks.INSECURE: FindingName.INSECURE_ORIGIN_WITH_CREDENTIALS,
    Asks.LOOKALIKE: FindingName.LOOKALIKE_ORIGIN_WITH_CREDENTIALS,
    Asks.LOCAL: FindingName.LOCAL_ORIGIN_WITH_CREDENTIALS,
    Asks.SUBDOMAIN: FindingName.ANY_SUBDOMAIN_WITH_CREDENTIALS,
    Asks.SHARED: FindingName.UNRELATED_ORIGINS_WITH_CREDENTIALS,
}
"""What it shows that this origin is let in with credentials."""
_ONE_ANSWER_SHOWS = frozenset(
    {
        FindingName.NULL_ORIGIN_WITH_CREDENTIALS,
        FindingName.VARY_ORIGIN_MISSING,
        FindingName.PRIVATE_SERVER_OPEN_TO_ALL,
    }
)
"""What the auditor may add to that; the rest it says of origins that pages had."""


class Access(Enum):
    """How far an answer lets in the origin that asked."""

    CREDENTIALED = "let in, with credentials"
    OPEN = "let in, without credentials"
    REFUSED = "not let in"
    UNANSWERED = "without an answer"


class Unfit(StrEnum):
    """Why a flow cannot be probed."""

    NOT_HTTP = "not HTTP"
    TUNNEL = "a tunnel (CONNECT)"
    WEBSOCKET = "a WebSocket"
    PROBE = "a probe itself"
    MALFORMED = "a request that no browser sends"


class Request(NamedTuple):
    """What to send for a question."""

    question: Question
    method: bytes
    fields: Fields


@dataclass(frozen=True)
class Plan:
    """What to ask one endpoint."""

    url: Url
    method: str
    """Of the request that the page would send."""
    requests: tuple[Request, ...]

    @property
    def by_preflight(self) -> bool:
        """Whether only preflights are sent."""
        return self.requests[0].method == b"OPTIONS"

    @property
    def bears_credentials(self) -> bool:
        """Whether the requests carry the user's credentials."""
        return any(LOWER[name] in _CREDENTIALS for name, _ in self.requests[0].fields)

    @property
    def most(self) -> int:
        """Requests that are sent at most."""
        after = [request.question.after for request in self.requests]
        return min(len(after) - min(after.count(After.ALLOWED), after.count(After.REFUSED)), MAX_QUESTIONS)

    @property
    def endpoint(self) -> tuple[str, str, str]:
        """Identifies the endpoint, so that it is probed only once."""
        return self.method, self.url.origin, self.url.path.partition("?")[0]


@dataclass
class ProbeAnswer:
    """What came of a question."""

    question: Question
    access: Access
    status: int | None = None
    findings: tuple[Finding, ...] = ()
    why: str = ""
    """Why there is none."""


# -- the questions -----------------------------------------------------------------------------------------------------


def plan(observation: Observation, site: Callable[[str], str], names: tuple[str, ...] = ()) -> Plan | Unfit:
    """What to ask for a request that was seen; `site` maps a host to its registrable domain.

    `names` are the request-header names that need permission, where they are known.
    """
    url, wire = observation.url, read_request(observation.request)
    if observation.method == b"CONNECT":
        return Unfit.TUNNEL
    if b"sec-websocket-key" in wire or wire.get(b"upgrade", b"").lower() == b"websocket":
        return Unfit.WEBSOCKET
    method, names = _wanted(observation, names)
    if not is_token(method) or not url.host or not is_clean(url.path.encode("latin-1", "replace")):
        return Unfit.MALFORMED
    again = observation.method in _SENT_AGAIN
    return Plan(
        url,
        method,
        tuple(
            _again(question, observation, site) if again else _preflight(question, observation, site, method, names)
            for question in questions(url, wire.said.origin, get(observation.request, b"referer"), site)
        ),
    )


def _wanted(observation: Observation, names: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The method, and the header names that need permission, of the request that the page would send."""
    method = observation.method.decode("latin-1")
    if is_preflight(observation, read_request(observation.request)):
        method = get(observation.request, ASKED_METHOD) or ""
        names = split_list(get(observation.request, ASKED_HEADERS) or "")
    elif not names:
        names = tuple(cors_unsafe_names(observation.request, FETCH.rules.safelist, FETCH.rules.name_kinds))
    return method, tuple(name for name in names if is_token(name))[:_MAX_NAMES]


# -- the requests ------------------------------------------------------------------------------------------------------


def _again(question: Question, seen: Observation, site: Callable[[str], str]) -> Request:
    """The request itself, as a page of that origin sends it by fetch, with credentials."""
    kept = tuple(line for line in seen.request if LOWER[line[0]] not in _NOT_SENT_AGAIN and _is_line(line))
    return Request(question, seen.method, _from(question.origin, kept, seen, site))


def _preflight(
    question: Question, seen: Observation, site: Callable[[str], str], method: str, names: tuple[str, ...]
) -> Request:
    """Its preflight. https://fetch.spec.whatwg.org/#cors-preflight-fetch"""
    kept = tuple(line for line in seen.request if LOWER[line[0]] in _IN_PREFLIGHTS and _is_line(line))
    asked: Fields = ((b"Accept", b"*/*"), (REQUEST_METHOD.encode(), method.encode("latin-1")))
    if names:
        asked += ((REQUEST_HEADERS.encode(), ",".join(names).lower().encode("latin-1")),)
    return Request(question, b"OPTIONS", _from(question.origin, kept + asked, seen, site))


def _from(origin: str, fields: Fields, seen: Observation, site: Callable[[str], str]) -> Fields:
    """With the headers that say where a request comes from, as a browser sets them where it sends them at all."""
    page = parse_url(origin)
    values = {
        b"sec-fetch-mode": b"cors",
        b"sec-fetch-dest": b"empty",
        b"sec-fetch-site": _relation(page, seen.url, site),
        b"referer": b"" if page is None else f"{origin}/".encode(),
    }
    changed = [(name, values.get(LOWER[name], value)) for name, value in fields]
    changed = [line for line in changed if line[1] or LOWER[line[0]] != b"referer"]
    changed.append((b"Origin", origin.encode("latin-1")))
    if all(name == LOWER[name] for name, _ in seen.request):  # as HTTP/2 has them
        changed = [(LOWER[name], value) for name, value in changed]
    return tuple(changed)


def _relation(page: Url | None, url: Url, site: Callable[[str], str]) -> bytes:
    """What Sec-Fetch-Site says. https://w3c.github.io/webappsec-fetch-metadata/#sec-fetch-site-header"""
    if page is None or page.scheme != url.scheme:
        return b"cross-site"
    if page.origin == url.origin:
        return b"same-origin"
    return b"same-site" if site(page.host) == site(url.host) else b"cross-site"


def _is_line(line: tuple[bytes, bytes]) -> bool:
    """Whether it can be sent without changing what follows it; a recording may hold anything."""
    return is_token(line[0].decode("latin-1")) and not any(mark in line[1] for mark in b"\r\n\0")


# -- the answers -------------------------------------------------------------------------------------------------------


@dataclass
class Probe:
    """One endpoint being asked: which question comes next, and what the answers so far have shown."""

    plan: Plan
    site: Callable[[str], str]
    answers: list[ProbeAnswer] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Findings that take several answers come from an auditor that sees the answers of this probe only."""
        self._auditor = Auditor(self.site)

    def next(self) -> Request | None:
        """What to send now; None where there is nothing left to ask."""
        return None if self.unanswered or self.is_limited else next(iter(self.left), None)

    @property
    def left(self) -> list[Request]:
        """What would still be asked, but for a server that does not answer, or asks for less."""
        asked = {answer.question for answer in self.answers}
        own = next((answer.access for answer in self.answers if answer.question.asks is Asks.OWN), None)
        unfit = After.ALLOWED if own is Access.REFUSED else After.REFUSED
        wanted = [
            request
            for request in self.plan.requests
            if request.question not in asked
            and (own is None or request.question.after is not unfit)
            and (not self.lets_in_anybody or request.question.asks in (Asks.FOREIGN, Asks.NULL))
        ]
        return wanted[: max(self.plan.most - len(self.answers), 0)]

    @property
    def lets_in_anybody(self) -> bool:
        """Whether the server let in an origin that cannot be on any list."""
        return any(
            answer.access is Access.CREDENTIALED for answer in self.answers if answer.question.asks is Asks.FOREIGN
        )

    @property
    def unanswered(self) -> ProbeAnswer | None:
        """The question that the server did not answer; it is the last."""
        return next((answer for answer in self.answers if answer.access is Access.UNANSWERED), None)

    @property
    def is_limited(self) -> bool:
        """Whether the server asked for fewer requests (status 429)."""
        return any(answer.status == _TOO_MANY_REQUESTS for answer in self.answers)

    def answered(self, question: Question, judgement: Judgement) -> tuple[Finding, ...]:
        """Take the answer to a question; returns what it shows, the gravest first."""
        status, _ = own_answer(judgement)
        if status is None:
            self.failed(question, "the connection ended without an answer")
            return ()
        found = shows(question.asks, question.origin, judgement, self._auditor.findings(judgement))
        self._take(ProbeAnswer(question, access(judgement, question.origin), status, found))
        return found

    def failed(self, question: Question, why: str) -> None:
        """Note that a question got no answer."""
        self._take(ProbeAnswer(question, Access.UNANSWERED, why=why))

    def _take(self, answer: ProbeAnswer) -> None:
        self.answers = [each for each in self.answers if each.question != answer.question] + [answer]


def access(judgement: Judgement, origin: str) -> Access:
    """Whether the server's own answer lets in this origin."""
    status, fields = own_answer(judgement)
    if status is None:
        return Access.UNANSWERED
    read = read_response(fields)
    asks_first = is_preflight(judgement.observation, read_request(judgement.observation.request))
    if not grants(status, preflight=asks_first) or read.allow_origin not in (origin, "*"):
        return Access.REFUSED
    return Access.CREDENTIALED if read.credentialed and read.allow_origin == origin else Access.OPEN


def shows(asks: Asks, origin: str, judgement: Judgement, audited: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings of an answer; `audited` are those that it would have, had a page asked."""
    if asks is Asks.OWN:
        return audited
    found = {finding.name: finding for finding in audited if finding.name in _ONE_ANSWER_SHOWS}
    name = _SHOWN_BY.get(asks)
    if name is not None and access(judgement, origin) is Access.CREDENTIALED:
        found[name] = Finding(name, None if asks is Asks.NULL else origin)
    return gravest_first(found.values())
