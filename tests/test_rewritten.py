"""A policy's edits in the explanation, and what policies in the shadow would do."""

from dataclasses import replace

from cors_addon.exchange.model import Judgement, Outcome, Verdict
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.report import rewritten
from cors_addon.report.explanation import explain
from tests.helpers import ALLOW, ALLOW_PUT, PAGE, fields, observe, preflight

SERVER = fields([("Allow", "GET"), ("Access-Control-Allow-Methods", "GET")])
DENIED = Outcome(Verdict.DENY, Refusal(Reason.METHOD_NOT_ALLOWED, Stage.PREFLIGHT, "PUT"))


def by_policy(status: int | None = 405) -> Judgement:
    """An allowed preflight that the server itself had refused."""
    [judgement] = observe(preflight([*ALLOW_PUT, ("Allow", "GET")]))
    judgement.observation = replace(judgement.observation, rewritten=("dev", status, SERVER if status else ()))
    return judgement


def test_before_and_after() -> None:
    assert list(rewritten.labelled_lines(by_policy())) == [
        ("rewritten", "by the policy dev; the server's own answer: ✗ allow-origin-missing"),
        ("", "status 405 → 204"),
        ("", "- Access-Control-Allow-Methods: GET"),
        ("", "+ Access-Control-Allow-Methods: PUT"),
        ("", f"+ Access-Control-Allow-Origin: {PAGE}"),
    ]


def test_in_the_explanation() -> None:
    story = " ".join(explain(by_policy()).split())
    assert (
        "rewritten by the policy dev; the server's own answer: ✗ allow-origin-missing status 405 → 204 - Acc" in story
    )


def test_answered_in_the_servers_place() -> None:
    assert list(rewritten.labelled_lines(by_policy(None))) == [
        ("rewritten", "by the policy dev; the server was not asked")
    ]


def test_in_the_shadow() -> None:
    [judgement] = observe(preflight(ALLOW))
    judgement.shadow = (("next", Outcome(Verdict.ALLOW), DENIED), ("old", DENIED, DENIED))
    assert list(rewritten.labelled_lines(judgement)) == [
        ("shadow", "✓ allowed under the policy next"),
        ("", "✗ method-not-allowed under the policy old, as without it"),
    ]


def test_untouched() -> None:
    assert list(rewritten.labelled_lines(observe(preflight(ALLOW))[0])) == []
