"""What goes in and what comes out: one message as it was seen on the wire, and the judgement on it.

Law 1: nothing here knows mitmproxy, a clock or a file; times are the flows' own, Unix seconds.
Law 2: an `Observation` is what the wire showed and nothing more. What was concluded stands in the `Judgement`.
Law 3: a `Judgement` may be revised by later traffic: same object, `revision` one higher, and it is reported again.
"""

import copy
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum, StrEnum
from typing import Any, Final

from cors_addon.engines import Engine
from cors_addon.exchange.fate import Fate, Usable
from cors_addon.exchange.recognised import History, Recognised
from cors_addon.fetch.headers import readable
from cors_addon.fetch.load import Block, Destination, Gate
from cors_addon.fetch.orb import ReadBody
from cors_addon.fetch.origins import Url
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.reasons.finding import Finding

type Fields = tuple[tuple[bytes, bytes], ...]
"""Header list as on the wire: (name, value) in order, undecoded, duplicates kept."""


class Role(StrEnum):
    """What the flow is in its fetch, or why CORS has nothing to say to it."""

    PREFLIGHT = "preflight"
    ACTUAL = "actual"
    REDIRECT = "redirect"
    SAME_ORIGIN = "same-origin"
    NO_CORS = "no-cors"
    NAVIGATION = "navigation"
    WEBSOCKET = "websocket"
    NON_BROWSER = "non-browser"


class Verdict(StrEnum):
    """What the client's browser decides for this one flow."""

    ALLOW = "allow"
    DENY = "deny"
    NOT_CORS = "not-cors"


class Credentials(StrEnum):
    """The request's credentials mode as far as it is known. `omit` stands for every mode that sends none here."""

    INCLUDE = "include"
    OMIT = "omit"
    UNKNOWN = "unknown"


ALLOW: Final = Verdict.ALLOW
"""To name a member of an enum by its class costs CPython (to 3.13) a search each time: for what every flow comes by."""
DENY: Final = Verdict.DENY
UNKNOWN: Final = Credentials.UNKNOWN
INCLUDE: Final = Credentials.INCLUDE


class PreflightState(StrEnum):
    """How an actual request came by its permission."""

    SENT = "sent"
    CACHED = "cached"
    NOT_NEEDED = "not-needed"
    UNSEEN = "unseen"


class PreflightsSeen(Enum):
    """How many of the preflights that were sent are among what is observed."""

    ALL = "all"
    """Where none is there, none was sent."""
    SOME = "some"
    """One may be absent all the same."""
    NONE = "none"
    """None so far, so that any may be absent."""

    @property
    def may_lack(self) -> bool:
        """Whether the absence of one proves nothing."""
        return self is not PreflightsSeen.ALL


class ToldBy(StrEnum):
    """What a verdict rests on: the values of the JSON field `told_by`."""

    WIRE = "wire"
    """Headers, judged as the browser judges them."""
    PAGE = "page"
    """What a page's script saw."""
    RECORDING = "recording"
    """The browser's own word, in a file."""


GIVEN_UP = frozenset({"net::ERR_ABORTED", "NS_BINDING_ABORTED", "NS_BASE_STREAM_CLOSED", "NS_ERROR_ABORT"})

BLOCKED_BY_RESPONSE = "net::ERR_BLOCKED_BY_RESPONSE"
"""By a header of the answer, says Chromium, and not by which: those of frames, where nothing follows this."""


USUAL_SIZE = 6144
"""Bytes of an exchange without its header values, of so many lines:"""
USUAL_LINES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What the browser itself, or its log, says of one request. What it is silent on stays at its default."""

    passed: bool | None = None
    """The page got the answer, or it was refused or failed."""
    presumed: bool = False
    """The log shows the same of some refused answers: where the headers refuse what passed so, they are right."""
    refusal: Refusal | None = None
    """Why CORS refused it, where that is said: `passed` is false then."""
    block: Block | None = None
    """What stopped it beside CORS: `passed` is false then, too."""
    network: str | None = None
    """Its name of the error, where the connection failed or the request was given up: `net::ERR_…`, `NS_ERROR_…`."""
    credentials: Credentials = Credentials.UNKNOWN
    preflight: PreflightState | None = None
    """How the request came by its permission."""
    text: str = ""
    """What it said, as people read it."""
    by: ToldBy = ToldBy.RECORDING
    """Whose word it is."""
    mode: str | None = None
    """The request's mode."""
    redirect: str | None = None
    """The request's redirect mode; of the flow that it decided on alone."""
    uploads: bool | None = None
    """The page listens to the upload, or streams it, which makes a preflight necessary."""

    @property
    def given_up(self) -> bool:
        """The page gave the request up, or was left."""
        return self.network in GIVEN_UP

    @property
    def leaves_it_to_the_answer(self) -> bool:
        """It was refused, and the answer's headers are to tell by what: CORS did not, or that is not said."""
        if self.passed is not False or self.refusal is not None:
            return False
        return self.stopped_by is None or self.stopped_by.detail == BLOCKED_BY_RESPONSE

    @property
    def stopped_by(self) -> Block | None:
        """What stopped it beside CORS, a failing connection included."""
        if self.block is not None or self.network is None or self.given_up:
            return self.block
        return Block(Gate.NETWORK, self.network)


@dataclass(slots=True)
class Observation:
    """One request with its answer, as seen on the wire."""

    flow_id: str
    client: Hashable
    """Address of the client, without its port."""
    connection: Hashable
    """Identity of the client's connection, or None."""
    started: float
    """Start of the request, Unix seconds."""
    ended: float
    """End of the answer (or of the attempt), Unix seconds."""
    method: bytes
    """As sent, case kept."""
    url: Url
    request: Fields
    status: int | None
    """None where the connection ended without an answer."""
    response: Fields
    http2: bool = False
    """The client's connection speaks HTTP/2 or HTTP/3."""
    has_body: bool = False
    rewritten: tuple[str, int | None, Fields] | None = None
    """Where a policy changed the answer: its name, and the server's own status and header list."""
    read_body: ReadBody | None = field(default=None, compare=False, repr=False)
    """Reads the answer's body, as long as the flow is judged; None where nobody has it."""
    destination: Destination | None = None
    """What the answer is for, where a recording says so and the request does not."""
    proxy_error: str = ""
    """Why mitmproxy answered in the server's place, in its words; empty where it did not."""
    size: int = USUAL_SIZE
    """Bytes of all header values, and what else is kept of an exchange, roughly."""
    head_size: int = 0
    """Bytes of the answer's status line and headers, where they are many; else 0."""
    head: bytes = field(default=b"", compare=False, repr=False)
    """The body's beginning, decoded, of an answer that may be an error's; empty for the rest."""


@dataclass(slots=True, eq=False, repr=False, weakref_slot=True)
class Judgement:
    """The verdict on one flow, with all that led to it; made for every flow, by its first arguments alone, in a hurry.

    Called without names, which would take long. In slots: the interpreter finds what stands in a class, or in the
    dictionary of an instance with this many names, by a search each time.
    """

    observation: Observation
    role: Role
    engine: Engine
    """Whose checks decided."""
    origin: str | None = None
    """The serialized request origin the browser judged against; None where the request bears none."""
    requested_method: str | None = None
    """For a preflight: Access-Control-Request-Method. Else the method of the request."""
    verdict: Verdict = Verdict.NOT_CORS
    refusal: Refusal | None = None
    assumptions: tuple[str, ...] = ()
    paired_with: tuple[str, ...] = ()
    """Flow ids of the same fetch, in the order they were seen: preflight and actual request, redirect hops; and the
    requests that a cached preflight permitted, and theirs."""
    chain: Sequence["Judgement"] = ()
    """All judgements of this fetch so far, in order, this one included; shared by its members."""
    requested_headers: tuple[str, ...] = ()
    """For a preflight: the names in Access-Control-Request-Headers. Else the CORS-unsafe request-header names."""
    credentials: Credentials = Credentials.UNKNOWN
    credentials_evidence: str | None = None
    credentials_assumed: Credentials = Credentials.UNKNOWN
    """By what mode the verdict was reached where `credentials` is unknown; unknown too where both reach it alike."""
    judged_credentialed: bool = False
    """The verdict was reached by the rules for credentials."""
    if_credentialed: "Outcome | None" = None
    """The outcome were the credentials mode `include`; None where the mode is known or nothing is to be judged."""
    if_omitted: "Outcome | None" = None
    """The outcome were credentials not included; None where the mode is known or nothing is to be judged."""
    preflight: PreflightState | None = None
    """For an actual request (and a redirect hop); None for the rest."""
    preflight_because: tuple[str, ...] = ()
    """Each thing that makes a preflight necessary, as `method PUT`, `header x-token`."""
    preflight_cached_at: float | None = None
    """End of the preflight whose cached answer served this request, Unix seconds."""
    preflight_cached_until: float | None = None
    """When that cached answer runs out."""
    contradicted: bool = False
    contradiction: str | None = None
    """What later traffic showed, and the likely causes."""
    hypothetical: "Outcome | None" = None
    """For a client that is no browser: what the standard would decide."""
    revision: int = 1
    cache_lifetime: float = 0.0
    """For an allowed preflight: seconds for which this engine may reuse it; 0 where it is not cached."""
    permitted: int = 0
    """For a preflight: how many more requests its cached answer permitted, of which `paired_with` names the first."""
    unsent: bool = False
    """The browser never sent it: it is of no flow, and a page told of it."""
    stored: Fields | None = None
    """For a 304 to the browser's own conditional request: headers of the stored response it updates."""
    shadow: tuple[tuple[str, "Outcome", "Outcome"], ...] = ()
    """For each policy in the shadow: its name, the outcome under it, and the outcome without it."""
    fate: Fate | None = None
    """What became of the answer beyond CORS; None where nothing was asked of it."""
    word: Word | None = None
    """What the browser itself says of it; None where nobody heard it."""
    told_by: ToldBy = ToldBy.WIRE
    findings: tuple[Finding, ...] = ()
    """What the server's own answer shows a security reviewer, the gravest first; an auditor fills it in."""
    server: Recognised | None = None
    """Who answered, as far as this answer or an earlier one of the same server shows; `servers/` fills it in."""
    said: str | None = None
    """The server's own words on its refusal: a line of the body, or of a header; None where it says nothing."""
    history: History | None = None
    """What earlier answers of the same server tell of this one."""

    def become(self, other: "Judgement") -> None:
        """Say what another judgement says, as a revision of this one."""
        for name, value in other.values().items():
            if name not in _KEPT:
                setattr(self, name, value)

    def values(self) -> dict[str, Any]:
        """All that it says, by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def leave_cors(self) -> None:
        """CORS has nothing to say to it after all."""
        self.role, self.verdict, self.refusal = Role.NO_CORS, Verdict.NOT_CORS, None
        self.if_omitted = self.if_credentialed = None
        self.credentials, self.credentials_evidence = Credentials.UNKNOWN, None
        self.credentials_assumed, self.judged_credentialed = Credentials.UNKNOWN, False
        self.preflight, self.preflight_because, self.assumptions = None, (), ()
        self.contradicted, self.contradiction = False, None

    def leave_alone(self) -> None:
        """It is the only one of its fetch, and nothing will join it: it need not lead to itself."""
        self.chain = ()

    def altered(self, **changes: object) -> "Judgement":
        """A copy with other values, for showing what might have been."""
        other = copy.copy(self)
        for name, value in changes.items():
            if not hasattr(self, name):
                raise AttributeError(f"a judgement has no {name}")
            setattr(other, name, value)
        return other

    @property
    def stage(self) -> Stage | None:
        """The stage this flow belongs to; None where CORS has nothing to say."""
        return _STAGES.get(self.role)

    @property
    def preceding_preflight(self) -> "Judgement | None":
        """The last preflight for this URL that its fetch sent before this; a cached one belongs to another fetch."""
        chain = self.chain
        for member in reversed(chain[: chain.index(self)] if self in chain else ()):
            if member.role is Role.PREFLIGHT and member.observation.url == self.observation.url:
                return member
        return None

    @property
    def certain(self) -> bool:
        """True where nothing had to be assumed."""
        return not self.assumptions

    @property
    def block(self) -> Block | None:
        """What keeps the answer from the page, or ended the fetch here: CORS, or what is asked after it."""
        refusal = self.refusal
        if refusal is not None and self.verdict is Verdict.DENY and not self.stopped_before_cors:
            return Block(_GATES.get(refusal.reason, Gate.CORS), self.detail)
        return None if self.fate is None else self.fate.block

    @property
    def stopped_before_cors(self) -> bool:
        """Whether its browser never came to ask CORS, which would have refused it, too, or not."""
        return self.fate is not None and self.fate.before_cors

    @property
    def ended(self) -> bool:
        """The page's policy, or the request's mode, lets nothing follow this redirect."""
        return self.fate is not None and self.fate.block is not None and self.fate.block.gate in (Gate.CSP, Gate.OTHER)

    @property
    def usable(self) -> Usable | None:
        """What the page has of the answer; None where that was not judged."""
        if self.block is not None:
            return Usable.BLOCKED
        if self.fate is not None:
            return self.fate.usable
        return Usable.USABLE if self.verdict is Verdict.ALLOW else None

    @property
    def reason(self) -> Reason | None:
        """Name of the failed check, or None."""
        return self.refusal.reason if self.refusal else None

    @property
    def detail(self) -> str | None:
        """The offending value as people read it, or None."""
        if self.refusal is None or self.refusal.detail is None:
            return None
        return readable(self.refusal.detail)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict on its own: under another credentials mode, another engine, or another policy."""

    verdict: Verdict
    refusal: Refusal | None = None
    block: Block | None = None
    """What stops the answer beside CORS, where that was asked."""

    @property
    def blocked(self) -> bool:
        """Whether anything keeps the page from the answer."""
        return self.verdict is Verdict.DENY or self.block is not None


_GATES = {
    Reason.HEADER_UNREADABLE: Gate.NETWORK,
    Reason.HEADERS_TOO_LARGE: Gate.NETWORK,
    Reason.NETWORK_ERROR: Gate.NETWORK,
    Reason.REDIRECT_MODE_ERROR: Gate.OTHER,
}
"""What a reason is a matter of, where that is not CORS."""
_STAGES = {Role.PREFLIGHT: Stage.PREFLIGHT, Role.ACTUAL: Stage.ACTUAL, Role.REDIRECT: Stage.REDIRECT}
_KEPT = frozenset({"revision", "shadow", "findings", "permitted", "paired_with", "server", "said", "history", "fate"})
"""What a judgement says of others, or others of it, whatever it is revised to."""
