"""Which response headers the page's script may read. https://fetch.spec.whatwg.org/#concept-filtered-response-cors"""

from functools import lru_cache

from cors_addon.exchange.model import UNKNOWN, Credentials, Fields, Judgement, Role, ToldBy, Verdict
from cors_addon.exchange.outcomes import speaks_of_credentials
from cors_addon.exchange.response_headers import read_response, received
from cors_addon.fetch.checks import Rules
from cors_addon.reasons.assumptions import Assumption

_USUAL_NAMES, _USUAL_VALUE = 64, 1024
"""Headers of an answer, and characters of Access-Control-Expose-Headers, up to which an answer is remembered."""


def exposed_headers(judgement: Judgement) -> list[str]:
    """Names, lower case, sorted, that script may read of an allowed actual response; empty for the rest."""
    return list(_exposed(judgement, credentialed=_is_credentialed(judgement)))


def _exposed(judgement: Judgement, *, credentialed: bool) -> tuple[str, ...]:
    return _told_apart(judgement, credentialed=credentialed)[0]


def _told_apart(judgement: Judgement, *, credentialed: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names that script may read, and the others."""
    if judgement.role is not Role.ACTUAL or judgement.verdict is not Verdict.ALLOW:
        return (), ()
    fields, rules = _received(judgement), judgement.engine.rules
    value = rules.combine(read_response(fields).lines.expose_headers)
    names = tuple([name for name, _ in fields])
    usual = len(names) <= _USUAL_NAMES and (value is None or len(value) <= _USUAL_VALUE)
    return (_tell_apart if usual else _tell_apart.__wrapped__)(names, value, rules, credentialed)


@lru_cache(maxsize=1024)
def _tell_apart(
    names: tuple[bytes, ...], value: str | None, rules: Rules, credentialed: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    # servers repeat themselves
    lower = [name.decode("latin-1").lower() for name in names]
    exposed = rules.readable(lower, value, credentialed=credentialed)
    return tuple(exposed), tuple(sorted(set(lower).difference(exposed)))


def _received(judgement: Judgement) -> Fields:
    observation = judgement.observation
    return received(judgement.engine.rules, judgement.stored or observation.response, http2=observation.http2)


def all_assumptions(judgement: Judgement) -> tuple[str, ...]:
    """What had to be assumed for the verdict, or for what script may read."""
    exposure = exposure_assumption(judgement)
    return judgement.assumptions if exposure is None else (*judgement.assumptions, exposure)


def certainty(judgement: Judgement) -> str:
    """`observed`, or `inferred` where something had to be assumed: the word of the JSON line and of the metadata."""
    if judgement.told_by is not ToldBy.WIRE and _REASON_ASSUMED.isdisjoint(judgement.assumptions):
        return "observed"
    return "inferred" if judgement.assumptions or exposure_assumption(judgement) is not None else "observed"


_REASON_ASSUMED = frozenset({Assumption.MODE_LIKELY_OMIT, Assumption.MODE_LIKELY_INCLUDE})
"""That it was refused was seen, and why was not."""


def exposure_assumption(judgement: Judgement) -> str | None:
    """What is assumed of the credentials mode, where it is not known and decides nothing but what script may read."""
    if judgement.credentials is not UNKNOWN or judgement.if_omitted is not judgement.if_credentialed:
        return None
    # a `*` alone is read differently with credentials; this is asked of every CORS flow, and few answers have one
    lines = read_response(judgement.stored or judgement.observation.response).lines
    if not lines.expose_headers or not any(b"*" in line for line in lines.expose_headers):
        return None
    if _exposed(judgement, credentialed=True) == _exposed(judgement, credentialed=False):
        return None
    return Assumption.READ_AS_INCLUDE if _is_credentialed(judgement) else Assumption.READ_AS_OMIT


def _is_credentialed(judgement: Judgement) -> bool:
    if judgement.credentials_assumed is not Credentials.UNKNOWN:
        return judgement.credentials_assumed is Credentials.INCLUDE
    return speaks_of_credentials(judgement)


def hidden_headers(judgement: Judgement) -> list[str]:
    """The other names of an allowed actual response, lower case, sorted; empty for the rest."""
    return list(_told_apart(judgement, credentialed=_is_credentialed(judgement))[1])
