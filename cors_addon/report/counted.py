"""One exchange as it is counted: the endpoint it belongs to, and what came of it.

Law: names that are the same in every run, so that two runs can be compared. Flow ids, times and the numbers in a path
are not among them.
"""

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from cors_addon.engines import ENGINES, named
from cors_addon.exchange import in_browsers, other_engines
from cors_addon.exchange.model import Judgement, PreflightState, Role, Verdict
from cors_addon.fetch.headers import readable
from cors_addon.fetch.load import Gate
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.refusals import Reason, Refusal
from cors_addon.report import blocked, text

ALL_ENGINES = tuple(name for name in ENGINES if name != "fetch")


class Endpoint(NamedTuple):
    """Who asks for what: a row of the table."""

    origin: str
    server: str
    """Origin of the URL."""
    method: str
    """The request's, which a preflight asks for."""
    path: str
    """Without the query; numbers and other ids as `{id}`."""

    def __str__(self) -> str:
        """As in `PUT https://api.example.com/items/{id}`."""
        return f"{self.method} {self.server}{self.path}"


class State(StrEnum):
    """What an exchange came to, the worst first."""

    DENY = "deny"
    STOPPED = "stopped"
    """By what is asked beside CORS."""
    DEPENDS = "depends"
    """On a credentials mode that is not known."""
    RULE = "rule"
    """Allowed by a policy's answer: what the server itself says is another matter."""
    ALLOW = "allow"
    NONE = "none"
    """CORS has nothing to say."""


class CountedOutcome(NamedTuple):
    """What came of it. Two exchanges with the same outcome need not be told apart."""

    role: Role
    verdict: Verdict
    engine: str
    refusal: Refusal | None = None
    """Why it was denied; for a client that is no browser, why one would deny it."""
    flips: str | None = None
    """`include` or `omit`: the credentials mode that would turn the verdict, where the mode is not known."""
    contradicted: bool = False
    unseen: bool = False
    """It needed a preflight which was not seen."""
    findings: tuple[str, ...] = ()
    would: Verdict | None = None
    """For a client that is no browser: what one would decide."""
    failed: int | None = None
    """What the reason does not tell: the status of an error that lacks Access-Control-Allow-Origin."""
    by_rule: bool = False
    """A policy changed the answer, or gave it."""
    stopped_by: Gate | None = None
    """What kept the answer from the page, though CORS did not."""

    @property
    def reason(self) -> str | None:
        """Name of the failed check."""
        return self.refusal.reason.value if self.refusal else None

    @property
    def detail(self) -> str | None:
        """The offending value as people read it."""
        return None if self.refusal is None or self.refusal.detail is None else readable(self.refusal.detail)

    @property
    def denied(self) -> bool:
        """Whether a browser denied it."""
        return self.verdict is Verdict.DENY

    @property
    def state(self) -> State:
        """What that amounts to."""
        if self.stopped_by is not None:
            return State.STOPPED
        if self.verdict is Verdict.NOT_CORS:
            return State.NONE
        if self.flips:
            return State.DEPENDS
        if self.denied:
            return State.DENY
        return State.RULE if self.by_rule else State.ALLOW

    @property
    def known_as(self) -> tuple[str, str, str, str]:
        """What of it is compared with a baseline."""
        return str(self.engine), str(self.role), str(self.verdict), str(self.reason or "")


def as_counted(example: Judgement, outcome: CountedOutcome) -> Judgement:
    """An example as it was when it was counted: a later revision may have changed it."""
    if outcome_of(example)[:4] == outcome[:4]:
        return example
    return example.altered(
        role=outcome.role, verdict=outcome.verdict, engine=named(outcome.engine), refusal=outcome.refusal, chain=[]
    )


def views(judgement: Judgement, *, all_engines: bool) -> list[Judgement]:
    """The judgement itself, or as each engine would have reached it under the same assumptions."""
    if not all_engines or judgement.stage is None:
        return [judgement]
    found = other_engines.outcomes(judgement)
    return [
        judgement
        if engine == judgement.engine.name
        else judgement.altered(engine=ENGINES[engine], verdict=found[engine].verdict, refusal=found[engine].refusal)
        for engine in ALL_ENGINES
        if engine in found
    ]


def endpoint_of(judgement: Judgement) -> Endpoint:
    """The row that a judgement belongs to."""
    url = judgement.observation.url
    method = judgement.requested_method or judgement.observation.method.decode("latin-1")
    return Endpoint(judgement.origin or "", url.origin, method, generalized(url.path))


def outcome_of(judgement: Judgement) -> CountedOutcome:
    """What came of one exchange."""
    would = judgement.hypothetical
    if judgement.engine.plays_browser and (known := in_browsers.outcome(judgement)) is not None:
        would = known if known.verdict is not judgement.verdict else None
    refusal = judgement.refusal or (would.refusal if would is not None else None)
    status = judgement.observation.status or 0
    fate = blocked.beyond_cors(judgement)
    return CountedOutcome(
        judgement.role,
        judgement.verdict,
        judgement.engine.name,
        refusal,
        ("omit" if judgement.judged_credentialed else "include") if text.depends_on_credentials(judgement) else None,
        judgement.contradicted,
        judgement.preflight is PreflightState.UNSEEN,
        tuple([finding.name.value for finding in judgement.findings]),
        would.verdict if would is not None else None,
        status if refusal is not None and refusal.reason is Reason.ALLOW_ORIGIN_MISSING and status >= 400 else None,
        judgement.observation.rewritten is not None,
        None if fate is None or fate.block is None else fate.block.gate,
    )


# A number, a UUID, a long hexadecimal or base64 word with digits in it
_ID = pattern(
    r"(?<=/)(?:\d+|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|(?=[^/]*\d)[0-9a-fA-F]{12,}|"
    r"(?=[^/]*\d)(?=[^/]*[A-Za-z])[A-Za-z0-9_-]{20,})(?=/|$)"
)


@lru_cache(maxsize=4096)
def generalized(path: str) -> str:
    """A path as an endpoint's name."""
    return _ID.sub("{id}", path.partition("?")[0])
