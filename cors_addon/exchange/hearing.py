"""The browser's own word on a request, held against what its headers let expect.

Law 1: what the browser says of itself counts for more than any inference; it is observed.
Law 2: it settles a credentials mode that is open, or known by a guess alone. What a request itself shows stays.
Law 3: where no reading of the headers agrees, the word stands, and the judgement is marked as contradicted.
"""

from typing import NamedTuple

from cors_addon.exchange import private_network
from cors_addon.exchange.mode_evidence import BY_THE_REQUEST, PAGES_CALL, SHOWN
from cors_addon.exchange.model import ALLOW, Credentials, Judgement, Outcome, Role, ToldBy, Verdict, Word
from cors_addon.exchange.outcomes import ALLOWED
from cors_addon.fetch.load import Block, Gate
from cors_addon.fetch.names import PRIVATE_NETWORK
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.reasons.assumptions import Assumption

REFUSED = "the browser refused it, which it does with credentials only"
PASSED = "the browser let it through, which it does without credentials only"
REFUSED_WITHOUT = "the browser refused it, which it does without credentials only"
PASSED_WITH = "the browser let it through, which it does with credentials only"

LET_THROUGH = (
    "the browser let the page have it, though its headers would have had it refused ({}): an extension has permission"
    " for this host, web security is switched off, a test answered or routed the request, or this verdict is wrong"
)
REFUSED_ANYWAY = (
    "the browser refused it, though its headers allow it: an extension changed or blocked the answer, the page asked"
    ' with redirect: "error" or gave it up, Local Network Access or another check stopped it, or this verdict is wrong'
)
REFUSED_OTHERWISE = (
    "the browser says {}, though the headers of the recording allow it: an extension or a test changed what the browser"
    " saw, or this verdict is wrong"
)

LIKELY_CAUSES = (
    "web security is switched off in this browser, an extension changes what it sees, the client is no browser, or"
    " this verdict is wrong"
)
"""Of what was refused, as it seems, and yet went on."""

_EVIDENCE = {
    (False, Credentials.INCLUDE): REFUSED,
    (False, Credentials.OMIT): REFUSED_WITHOUT,
    (True, Credentials.INCLUDE): PASSED_WITH,
    (True, Credentials.OMIT): PASSED,
}


_UNWANTED = Refusal(Reason.REDIRECT_MODE_ERROR, Stage.REDIRECT)


class Heard(NamedTuple):
    """What is to be concluded from a word."""

    mode: Credentials
    """The credentials mode from now on."""
    evidence: str | None
    decided: bool = False
    """The verdict rests on the word."""
    outcome: Outcome | None = None
    """In place of those of the headers; None where these agree with the word."""
    contradiction: str | None = None
    """How the word and the headers differ, and the likely causes."""


def hear(word: Word, judgement: Judgement, mode: Credentials, evidence: str | None) -> Heard:
    """Hold a word against the outcomes of the headers under both modes; `mode` is what is known of it so far."""
    if word.credentials is not Credentials.UNKNOWN:
        mode, evidence = word.credentials, PAGES_CALL if word.by is ToldBy.PAGE else SHOWN
    omitted, included = judgement.if_omitted, judgement.if_credentialed
    if word.passed is None or word.block is not None or omitted is None or included is None:
        return Heard(mode, evidence)
    if word.passed and omitted.verdict is ALLOW and included.verdict is ALLOW:
        return Heard(mode, evidence, decided=True)  # most answers; as below
    if word.passed is False and word.refusal is None and private_network.is_lacking(judgement):
        return Heard(mode, evidence, decided=True)  # that is why, unless its headers refuse it anyway
    readings = {Credentials.OMIT: omitted, Credentials.INCLUDE: included}
    agreeing = [each for each, reading in readings.items() if _agrees(word, reading)]
    if mode in agreeing or len(agreeing) == 2:
        return Heard(mode, evidence, decided=True)
    if word.presumed:
        return Heard(mode, evidence)
    if agreeing and evidence not in BY_THE_REQUEST:
        return Heard(agreeing[0], _EVIDENCE[word.passed, agreeing[0]], decided=True)
    possible = [readings[mode]] if evidence in BY_THE_REQUEST else [omitted, included]
    outcome, contradiction = _stand_alone(word, judgement, possible)
    return Heard(mode, evidence, decided=True, outcome=outcome, contradiction=contradiction)


def _agrees(word: Word, reading: Outcome) -> bool:
    if word.passed:
        return reading.verdict is Verdict.ALLOW
    stated = _stated(word)
    if stated is None or reading.refusal is None:
        return reading.verdict is Verdict.DENY
    return reading.refusal.reason is stated.reason


def _stated(word: Word) -> Refusal | None:
    """Why it was refused, where that is said."""
    return None if word.refusal is None or word.refusal.reason is Reason.CAUSE_NOT_RECORDED else word.refusal


def _stand_alone(word: Word, judgement: Judgement, possible: list[Outcome]) -> tuple[Outcome | None, str | None]:
    """What a word comes to with which no possible reading of the headers agrees."""
    if judgement.role is Role.REDIRECT and word.redirect in ("error", "manual"):
        # https://fetch.spec.whatwg.org/#concept-http-fetch: asked once CORS had its word, before where it leads
        return ALLOWED if word.passed else Outcome(Verdict.DENY, _UNWANTED), None
    if word.passed:
        reason = next(each.refusal.reason for each in possible if each.refusal is not None)
        privileged = Assumption.EXTENSION in judgement.assumptions
        return ALLOWED, None if privileged else LET_THROUGH.format(reason)
    stated = _stated(word)
    if stated is None:
        return None, None  # what else stopped it is asked once all checks beyond CORS are done
    if judgement.stage is not None:
        stated = stated._replace(stage=judgement.stage)
    denied = any(each.verdict is Verdict.DENY for each in possible)
    return Outcome(Verdict.DENY, stated), None if denied else REFUSED_OTHERWISE.format(stated.reason)


def unexplained(judgement: Judgement) -> tuple[Block | None, str | None]:
    """What stopped an exchange that the browser refused, and that every check lets pass; None where that is known.

    Beside it how that contradicts the headers, unless the exchange itself names what was asked of it beyond CORS.
    """
    if Assumption.PRIVATE_NETWORK_ENFORCED in judgement.assumptions and judgement.block is None:
        return Block(Gate.LOCAL_NETWORK, None, PRIVATE_NETWORK), None
    word = judgement.word
    if word is None or word.passed is not False or judgement.verdict is not Verdict.ALLOW or judgement.block:
        return None, None
    if private_network.is_lacking(judgement):
        return Block(Gate.LOCAL_NETWORK, None, PRIVATE_NETWORK), None
    return Block(Gate.OTHER, word.text or None), REFUSED_ANYWAY
