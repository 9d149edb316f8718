"""The smallest change, over every line that a browser refused in the recorded truth.

The suggestions are followed as a person would: each is applied to the answer on the wire, the traffic is judged again,
and the next one is taken, until nothing is refused. That it is allowed then is said by the engine, in either
credentials mode where the mode is unknown, and by the tests' own statement of the standard in the page's true mode.
"""

from dataclasses import dataclass, field, replace

import pytest

from cors_addon.exchange.fixes import Change, HeaderEdit, apply_edits, smallest_change
from cors_addon.exchange.model import Fields, Judgement, Observation, Role, Verdict
from cors_addon.exchange.outcomes import judged_fields, rejudge
from cors_addon.fetch.headers import split_list
from cors_addon.fetch.methods import CORS_SAFELISTED
from cors_addon.fetch.refusals import Reason
from cors_addon.flows import translate
from cors_addon.report.text import in_question
from cors_addon.session.session import ALL, Session
from tests.browser import standard
from tests.browser.cases import Answer
from tests.browser.compare import Line
from tests.test_truth import SETS, read, truth_lines

ROUNDS = 4

NO_HEADER_HELPS = {
    Reason.NETWORK_ERROR: "there was no answer to change",
    Reason.REDIRECT_URL_UNUSABLE: "the Location leads where no redirect may: where else it should lead is not known",
    Reason.REDIRECT_SCHEME_NOT_CORS: "the Location's scheme has no CORS: where else it should lead is not known",
}
"""Refusals of the recorded truth for which no edit of a header or a status exists, and why."""

NOT_BY_CORS = {
    "redirect mode 'error' rejects any redirect": "the page wants no redirect, and the wire does not tell so",
    "upstream broke off in the body": "the browser got the proxy's own error page, not the answer in the recording",
}
"""Lines that the browser refused although the answer passes: `ambiguous_why` says so, and there is nothing to fix."""


@dataclass
class Followed:
    """A set of the recorded truth, and what became of its refused lines."""

    truths: list[Line]
    fixed: dict[str, Judgement] = field(default_factory=dict)
    """The judgement on each refused flow once its suggestions were followed."""
    steps: list[tuple[Judgement, Change]] = field(default_factory=list)
    """Each suggestion with what it was made for."""
    hopeless: dict[str, Judgement] = field(default_factory=dict)


def judge(observations: list[Observation]) -> dict[str, Judgement]:
    """The last judgement on each flow."""
    session = Session(keep=ALL)
    for observation in observations:
        session.observe(observation)
    session.finish()
    return session.last


def changed(observation: Observation, change: Change) -> Observation:
    """What the wire would have shown, had the server followed the suggestion."""
    return replace(
        observation,
        response=apply_edits(observation.response, change.edits),
        status=observation.status if change.status is None else change.status,
    )


def follow(name: str) -> Followed:
    """Follow the suggestions for all refused lines of a set at once, round by round."""
    traffic = {flow.id: translate.observation(flow) for flow in read(name)}
    found = Followed([line for line in truth_lines(name) if line["verdict"] == "deny"])
    waiting = {line["flow_id"] for line in found.truths}
    for _ in range(ROUNDS):
        judged = judge(list(traffic.values()))
        for flow_id in sorted(waiting):
            question = in_question(judged[flow_id])
            change = smallest_change(question)
            if change is None:
                found.fixed[flow_id] = judged[flow_id]
                waiting.remove(flow_id)
            elif not change.complete:
                found.hopeless[flow_id] = question
                waiting.remove(flow_id)
            else:
                found.steps.append((question, change))
                traffic[flow_id] = changed(traffic[flow_id], change)
    assert not waiting
    return found


@pytest.fixture(scope="module", params=SETS)
def followed(request: pytest.FixtureRequest) -> Followed:
    """One set."""
    return follow(request.param)


def test_every_refused_line_is_fixed_or_says_why_not(followed: Followed) -> None:
    """Allowed after the last suggestion, in either credentials mode; or one of the listed kinds."""
    assert len(followed.fixed) + len(followed.hopeless) == len(followed.truths) > 0
    for judgement in followed.fixed.values():
        assert judgement.verdict is Verdict.ALLOW
        assert in_question(judgement).verdict is Verdict.ALLOW
    assert {judgement.reason for judgement in followed.hopeless.values()} <= set(NO_HEADER_HELPS)


def test_what_needed_no_suggestion_was_not_refused_by_cors(followed: Followed) -> None:
    """The answer of such a line passes as it is, and the truth itself says what else it was."""
    suggested = {judgement.observation.flow_id for judgement, _ in followed.steps}
    for truth in followed.truths:
        if truth["flow_id"] in followed.fixed and truth["flow_id"] not in suggested:
            assert any(cause in truth["ambiguous_why"] for cause in NOT_BY_CORS), truth["note"]


def test_the_hopeless_are_so_for_the_browser_too(followed: Followed) -> None:
    """It did not name a CORS error of a header in any of them."""
    for truth in followed.truths:
        if (judgement := followed.hopeless.get(truth["flow_id"])) is None:
            continue
        change = smallest_change(judgement)
        assert change is not None
        assert change.note
        assert truth["error"] in (None, "CorsDisabledScheme", "CORSDidNotSucceed2", "RedirectScheme")


def test_the_standard_allows_what_was_fixed(followed: Followed) -> None:
    """By another statement of it than the engine's, in the credentials mode in which the page did ask."""
    for truth in followed.truths:
        judgement = followed.fixed.get(truth["flow_id"])
        if judgement is None:
            continue
        asked = None
        if judgement.role is Role.PREFLIGHT:
            asked = (judgement.requested_method or "", list(judgement.requested_headers))
        included = truth["credentials"] == "include"
        word = standard.outcome(answer(judgement), judgement.origin or "", included, asked)
        assert standard.passes(word), (truth["note"], word)


def answer(judgement: Judgement) -> Answer:
    """The judged answer as the tests' own statement of the standard reads it."""
    lines = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in judged_fields(judgement))
    return Answer(judgement.observation.status or 0, tuple(lines))


def test_every_edit_is_necessary(followed: Followed) -> None:
    """Without any one of them, or of the items that a list gains, the answer is refused.

    But for a method that needs no permission: `[GET]` becomes `GET`, which opens nothing, rather than nothing.
    """
    assert followed.steps
    for judgement, change in followed.steps:
        for less in lesser(change):
            assert verdict_after(judgement, less) is Verdict.DENY, (change, less)
        assert verdict_after(judgement, change) is Verdict.ALLOW


def lesser(change: Change) -> list[Change]:
    """The change with one thing left out, in every way."""
    found = [replace(change, edits=tuple(one for one in change.edits if one is not edit)) for edit in change.edits]
    if change.status is not None:
        found.append(replace(change, status=None))
    for edit in change.edits:
        if edit.name in ("Access-Control-Allow-Methods", "Access-Control-Allow-Headers"):
            items, before = split_list(edit.after or ""), split_list(edit.before or "")
            for gained in set(items) - set(before) - CORS_SAFELISTED:
                left = HeaderEdit(edit.name, edit.before, ", ".join(item for item in items if item != gained))
                found.append(replace(change, edits=tuple(left if one is edit else one for one in change.edits)))
    return found


def verdict_after(judgement: Judgement, change: Change) -> Verdict:
    """The verdict on the answer with a change, in the credentials mode for which it was suggested."""
    fields: Fields = apply_edits(judged_fields(judgement), change.edits)
    status = judgement.observation.status if change.status is None else change.status
    return rejudge(judgement, judgement.engine, fields, status).verdict


def test_no_edit_opens_more_than_was_asked_for(followed: Followed) -> None:
    """Never a `*`, never another origin, method or header name than this exchange's."""
    for judgement, change in followed.steps:
        for edit in change.edits:
            if edit.name == "Access-Control-Allow-Origin":
                assert edit.after == judgement.origin
            elif edit.name == "Access-Control-Allow-Credentials":
                assert edit.after == "true"
                assert judgement.judged_credentialed
            elif edit.name == "Access-Control-Allow-Methods":
                assert set(split_list(edit.after or "")) <= {*split_list(edit.before or ""), judgement.requested_method}
            elif edit.name == "Access-Control-Allow-Headers":
                gained = set(split_list(edit.after or "")) - set(split_list(edit.before or ""))
                assert gained <= set(judgement.requested_headers)
            else:
                assert edit.name == "Location"
