"""The browser's own word in a recording, held against what the headers let expect."""

from typing import Any, NamedTuple

import pytest

from cors_addon.exchange.exposure import certainty
from cors_addon.exchange.mode_evidence import COOKIE_SENT, SHOWN
from cors_addon.exchange.model import Credentials, Judgement, PreflightState, ToldBy, Word
from cors_addon.fetch.load import Block, Gate
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from tests.cases.traffic import PAGE, Lines, Run, Sent, allow, cors, preflight, redirect

STAR = allow("*")
STAR_PUT = allow("*", methods="PUT")
OWN = allow(PAGE, credentials="true")
NONE: Lines = ()
ELSE = allow("https://else.example.com")

PASSED = Word(passed=True, text="no error")
FAILED = Word(passed=False, text="net::ERR_FAILED")
COOKIE = (("Cookie", "a=1"),)


def stated(reason: Reason, stage: Stage = Stage.ACTUAL) -> Word:
    """Refused, and the browser says why."""
    return Word(passed=False, refusal=Refusal(reason, stage), text="because")


class Row(NamedTuple):
    """An exchange, what the browser says of it, and what is to be concluded."""

    sent: Sent
    word: Word
    verdict: str
    credentials: str
    reason: str | None = None
    contradicted: bool = False
    blocked_by: str | None = None


WILDCARD = Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS
MISSING, MISMATCH = Reason.ALLOW_ORIGIN_MISSING, Reason.ALLOW_ORIGIN_MISMATCH
PRIVATE = (("Access-Control-Request-Private-Network", "true"),)

ROWS = {
    # the credentials mode was open, and the word settles it
    "star-refused": Row(cors("a", answer=STAR), FAILED, "deny", "include", WILDCARD, blocked_by="cors"),
    "star-passed": Row(cors("a", answer=STAR), PASSED, "allow", "omit"),
    "star-refused-for-that": Row(cors("a", answer=STAR), stated(WILDCARD), "deny", "include", WILDCARD, False, "cors"),
    # both modes agree: it stays open, and the verdict is observed all the same
    "own-passed": Row(cors("a", answer=OWN), PASSED, "allow", "unknown"),
    "missing-refused": Row(cors("a", answer=NONE), FAILED, "deny", "unknown", MISSING, blocked_by="cors"),
    # every reading of the headers disagrees
    "own-refused": Row(cors("a", answer=OWN), FAILED, "allow", "unknown", None, True, "other"),
    "missing-passed": Row(cors("a", answer=NONE), PASSED, "allow", "unknown", None, True),
    "own-refused-for-a-reason": Row(cors("a", answer=OWN), stated(MISSING), "deny", "unknown", MISSING, True, "cors"),
    "refused-for-another-reason": Row(
        cors("a", answer=ELSE), stated(MISSING), "deny", "unknown", MISSING, blocked_by="cors"
    ),
    "star-with-a-cookie-passed": Row(
        cors("a", answer=STAR, request=COOKIE), PASSED, "allow", "include", None, contradicted=True
    ),
    "extension-served": Row(cors("a", answer=NONE, origin="chrome-extension://abc"), PASSED, "allow", "unknown"),
    # something beside CORS
    "connection-cut": Row(
        cors("a", answer=STAR), Word(network="net::ERR_CONNECTION_RESET"), "allow", "unknown", blocked_by="network"
    ),
    "given-up": Row(cors("a", answer=STAR), Word(network="net::ERR_ABORTED"), "allow", "unknown"),
    "blocked": Row(
        cors("a", answer=STAR), Word(passed=False, block=Block(Gate.CSP)), "allow", "unknown", blocked_by="csp"
    ),
    "mixed-content": Row(
        redirect("a", to="http://api.example.com/x"), FAILED, "allow", "unknown", blocked_by="mixed-content"
    ),
    "redirect-error": Row(
        redirect("a", to="https://api.example.com/x", answer=OWN), FAILED, "allow", "unknown", None, True, "other"
    ),
    # of a preflight
    "preflight-of-star-refused": Row(
        preflight("a", answer=STAR_PUT), FAILED, "deny", "include", WILDCARD, blocked_by="cors"
    ),
    "preflight-passed": Row(preflight("a", answer=STAR_PUT), PASSED, "allow", "omit"),
    "private-network": Row(
        preflight("a", answer=STAR_PUT, request=PRIVATE), FAILED, "allow", "unknown", blocked_by="local-network"
    ),
    # the file shows the mode, and nothing of the outcome
    "shown-include": Row(cors("a", answer=STAR), Word(credentials=Credentials.INCLUDE), "deny", "include", WILDCARD,
                         blocked_by="cors"),
    "shown-omit": Row(cors("a", answer=STAR), Word(credentials=Credentials.OMIT), "allow", "omit"),
}  # fmt: skip


def heard(sent: Sent, word: Word) -> Judgement:
    """What is concluded, at the end of the traffic."""
    run = Run()
    run.session.observe(sent.observation(), (), word)
    return run.finish().last["a"]


@pytest.mark.parametrize("row", [pytest.param(row, id=name) for name, row in ROWS.items()])
def test_what_the_browser_says_counts(row: Row) -> None:
    """Above what is inferred; where nothing agrees with it, the judgement is contradicted."""
    judgement = heard(row.sent, row.word)
    block = judgement.block
    assert (judgement.verdict, judgement.credentials, judgement.reason) == (row.verdict, row.credentials, row.reason)
    assert judgement.contradicted is row.contradicted
    assert (None if block is None else block.gate) == row.blocked_by
    assert (judgement.contradiction is not None) is row.contradicted


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.blocked_by in (None, "cors")])
def test_it_is_observed(name: str) -> None:
    """And told by the recording."""
    judgement = heard(ROWS[name].sent, ROWS[name].word)
    if ROWS[name].word.passed is None:
        return
    assert (judgement.told_by, certainty(judgement)) == (ToldBy.RECORDING, "observed")


def test_without_a_word_it_is_inferred() -> None:
    """From the wire."""
    [judgement] = Run().session.observe(cors("a", answer=STAR).observation())
    assert (judgement.told_by, certainty(judgement), judgement.credentials) == (ToldBy.WIRE, "inferred", "unknown")


def test_the_word_holds_for_the_fetch() -> None:
    """A preflight before it, and a redirect, had the same credentials mode."""
    run = Run()
    first = preflight("p", answer=allow(PAGE, methods="PUT"))
    run.session.observe(first.observation())
    run.session.observe(cors("a", 0.1, "PUT", answer=STAR).observation(), (), PASSED)
    assert run.finish().last["p"].credentials is Credentials.OMIT


@pytest.mark.parametrize("evidence", [COOKIE_SENT, SHOWN])
def test_what_the_request_itself_bears_stays(evidence: str) -> None:
    """No refusal makes a request one without credentials that bears a Cookie."""
    word = FAILED if evidence == COOKIE_SENT else Word(passed=False, credentials=Credentials.INCLUDE)
    request: Any = COOKIE if evidence == COOKIE_SENT else ()
    judgement = heard(cors("a", answer=OWN, request=request), word)
    assert (judgement.credentials, judgement.credentials_evidence) == ("include", evidence)
    assert judgement.contradicted


def test_a_preflight_as_the_file_shows_it() -> None:
    """From the cache, of which the traffic shows nothing."""
    word = Word(passed=True, preflight=PreflightState.CACHED)
    judgement = heard(cors("a", method="PUT", answer=STAR), word)
    assert (judgement.preflight, judgement.contradicted) == ("cached", False)
