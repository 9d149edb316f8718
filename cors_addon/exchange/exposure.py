"""Which response headers the page's script may read. https://fetch.spec.whatwg.org/#concept-filtered-response-cors"""

from cors_addon.exchange.model import UNKNOWN, Credentials, Fields, Judgement, Role, ToldBy, Verdict
from cors_addon.exchange.outcomes import speaks_of_credentials
from cors_addon.exchange.response_headers import read_response, received
from cors_addon.reasons.assumptions import Assumption


def exposed_headers(judgement: Judgement) -> list[str]:
    """Names, lower case, sorted, that script may read of an allowed actual response; empty for the rest."""
    return _exposed(judgement, credentialed=_is_credentialed(judgement))


def _exposed(judgement: Judgement, *, credentialed: bool) -> list[str]:
    if judgement.role is not Role.ACTUAL or judgement.verdict is not Verdict.ALLOW:
        return []
    fields, rules = _received(judgement), judgement.engine.rules
    value = rules.combine(read_response(fields).lines.expose_headers)
    names = [name.decode("latin-1").lower() for name, _ in fields]
    return rules.readable(names, value, credentialed=credentialed)


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
    if judgement.role is not Role.ACTUAL or judgement.verdict is not Verdict.ALLOW:
        return []
    fields = _received(judgement)
    return sorted({name.decode("latin-1").lower() for name, _ in fields} - set(exposed_headers(judgement)))
