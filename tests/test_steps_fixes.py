"""The steps of a verdict, the smallest change that flips it, and what other engines decide."""

from dataclasses import replace
from typing import Any

import pytest

from cors_addon.engines import ENGINES, chromium
from cors_addon.exchange.fixes import HeaderEdit, apply_edits, smallest_change
from cors_addon.exchange.model import Judgement, Verdict
from cors_addon.exchange.other_engines import outcomes
from cors_addon.exchange.steps import StepOutcome, steps
from cors_addon.fetch.checks import Answer, Asked, Failure, Rules, step
from cors_addon.fetch.refusals import Reason
from cors_addon.reasons.assumptions import Assumption
from cors_addon.report.explanation import explain
from tests.cases.answers import ACTUAL, PREFLIGHT, REDIRECT, Row
from tests.cases.traffic import ALL, API, PAGE, Lines, Run, Sent, allow, cors, fields, preflight, redirect

ORIGIN = "Access-Control-Allow-Origin"
CREDENTIALS = "Access-Control-Allow-Credentials"
METHODS = "Access-Control-Allow-Methods"
HEADERS = "Access-Control-Allow-Headers"
PASSED, FAILED, NOT_REACHED, NOT_ASKED = StepOutcome


def judged(sent: Sent, engine: str = "chromium") -> Judgement:
    """The judgement on one flow."""
    return Run().feed([sent.observation(engine)]).last[sent.id]


def of_row(row: Row, kind: str) -> Sent:
    """An answer of the tables as an exchange; a cookie tells that credentials are included."""
    lines: list[tuple[str | bytes, str | bytes]] = [("Origin", row.origin), ("Sec-Fetch-Mode", "cors")]
    if kind == "preflight":
        lines.append(("Access-Control-Request-Method", row.method))
        if row.headers:
            lines.append(("Access-Control-Request-Headers", ",".join(row.headers)))
        return Sent(id="x", method="OPTIONS", request=lines, status=row.status, answer=row.answer)
    if row.credentialed:
        lines.append(("Cookie", "a=1"))
    return Sent(id="x", method=row.method, request=lines, status=row.status, answer=row.answer)


ROWS = [
    *((row, "preflight") for row in PREFLIGHT),
    *((row, "actual") for row in ACTUAL),
    *((row, "redirect") for row in REDIRECT),
]
EVERY = pytest.mark.parametrize(("row", "kind"), [pytest.param(*each, id=f"{each[1]}-{each[0]}") for each in ROWS])


@EVERY
def test_steps_agree_with_the_verdict(row: Row, kind: str) -> None:
    """Exactly one failed where it is denied, none where it is allowed; all before it passed, none after it did."""
    for engine in ALL:
        judgement = judged(of_row(row, kind), engine)
        found = [step.outcome for step in steps(judgement) if step.outcome is not NOT_ASKED]
        failures = found.count(FAILED)
        assert failures == (judgement.verdict is Verdict.DENY)
        if failures:
            place = found.index(FAILED)
            assert found == [PASSED] * place + [FAILED] + [NOT_REACHED] * (len(found) - place - 1)
        else:
            assert set(found) <= {PASSED}


@EVERY
def test_the_smallest_change_flips_the_verdict(row: Row, kind: str) -> None:
    """Judged again with it the flow is allowed, where it says that it is complete; no `*` is ever added."""
    for engine in ALL:
        sent = of_row(row, kind)
        judgement = judged(sent, engine)
        change = smallest_change(judgement)
        assert (change is None) is (judgement.verdict is not Verdict.DENY)
        if change is None or not change.complete:
            continue
        again = replace(
            sent.observation(engine),
            response=apply_edits(fields(sent.answer), change.edits),
            status=sent.status if change.status is None else change.status,
        )
        (fixed,) = Run().feed([again]).last.values()
        assert (fixed.verdict, fixed.reason) == (Verdict.ALLOW, None)
        added = [edit for edit in change.edits if edit.after and "*" in edit.after and "*" not in (edit.before or "")]
        wanted = {judgement.requested_method, *judgement.requested_headers}
        assert not added or "*" in wanted


@EVERY
def test_elsewhere(row: Row, kind: str) -> None:
    """The client's own engine first, with its own outcome; each other as a client of that engine is judged."""
    sent = of_row(row, kind)
    each = {engine: judged(sent, engine) for engine in ALL}
    for engine, judgement in each.items():
        found = outcomes(judgement)
        assert next(iter(found)) == engine
        assert set(found) == {*ALL, "fetch"}
        assert (found[engine].verdict, found[engine].refusal) == (judgement.verdict, judgement.refusal)
        if judgement.judged_credentialed == each["chromium"].judged_credentialed:
            assert {name: found[name].verdict for name in ALL} == {name: other.verdict for name, other in each.items()}


def edits(sent: Sent, engine: str = "chromium") -> Any:
    """The smallest change in short."""
    change = smallest_change(judged(sent, engine))
    assert change is not None
    return [(edit.name, edit.before, edit.after) for edit in change.edits], change.status, change.complete


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (cors("a", answer=()), ([(ORIGIN, None, PAGE)], None, True)),
        (cors("a", answer=allow("https://b.test")), ([(ORIGIN, "https://b.test", PAGE)], None, True)),
        (cors("a", answer=(*allow(), *allow())), ([(ORIGIN, f"{PAGE}, {PAGE}", PAGE)], None, True)),
        (cors("a", origin="null", answer=()), ([(ORIGIN, None, "null")], None, True)),
        (
            cors("a", answer=allow("*"), request=(("Cookie", "a=1"),)),
            ([(ORIGIN, "*", PAGE), (CREDENTIALS, None, "true")], None, True),
        ),
        (
            cors("a", answer=allow(credentials="True"), request=(("Cookie", "a=1"),)),
            ([(CREDENTIALS, "True", "true")], None, True),
        ),
        (preflight("p", answer=allow()), ([(METHODS, None, "PUT")], None, True)),
        (preflight("p", answer=allow(methods="GET, POST")), ([(METHODS, "GET, POST", "GET, POST, PUT")], None, True)),
        (
            preflight("p", answer=allow(methods="GET POST, DELETE")),
            ([(METHODS, "GET POST, DELETE", "DELETE, PUT")], None, True),
        ),
        (
            preflight("p", headers="x-a,x-b", answer=allow(methods="PUT", headers="X-A")),
            ([(HEADERS, "X-A", "X-A, x-b")], None, True),
        ),
        (
            preflight("p", headers="x-a", status=404, answer=()),
            ([(ORIGIN, None, PAGE), (METHODS, None, "PUT"), (HEADERS, None, "x-a")], 204, True),
        ),
        (preflight("p", status=405, answer=allow(methods="PUT")), ([], 204, True)),
        (
            preflight("p", status=302, answer=(*allow(methods="PUT"), ("Location", "/login"))),
            ([], 204, True),
        ),
        (
            redirect("h", to="https://user:word@b.test/x"),
            ([("Location", "https://user:word@b.test/x", "https://b.test/x")], None, True),
        ),
        (redirect("h", to="data:,x"), ([], None, False)),
        (redirect("h", to="mailto:a@b.test", answer=()), ([(ORIGIN, None, PAGE)], None, False)),
        (cors("a", status=None, answer=()), ([], None, False)),
    ],
)
def test_smallest_change(sent: Sent, expected: Any) -> None:
    """One edit per fault: the exact origin, method and names."""
    assert edits(sent) == expected


def test_nothing_to_change() -> None:
    """Where it is not denied."""
    assert smallest_change(judged(cors("a"))) is None


@pytest.mark.parametrize(
    ("before", "name", "after", "expected"),
    [
        ((), "X-A", "1", (("X-A", "1"),)),
        ((), "X-A", None, ()),
        ((("x-a", "0"), ("b", "")), "X-A", "1", (("x-a", "1"), ("b", ""))),
        ((("x-a", "0"), ("b", ""), ("X-a", "2")), "X-A", "1", (("x-a", "1"), ("b", ""))),
        ((("x-a", "0"), ("b", ""), ("X-a", "2")), "X-A", None, (("b", ""),)),
    ],
)
def test_apply_edits(before: Lines, name: str, after: str | None, expected: Lines) -> None:
    """All lines of an edited header become one, in the first one's place and spelling."""
    assert apply_edits(fields(before), (HeaderEdit(name, None, after),)) == fields(expected)


def listed(sent: Sent, engine: str = "chromium") -> list[tuple[str, StepOutcome]]:
    """The steps in short."""
    return [(step.name, step.outcome) for step in steps(judged(sent, engine))]


@pytest.mark.parametrize(
    ("sent", "engine", "expected"),
    [
        (cors("a"), "chromium", [("origin", PASSED), ("credentials", NOT_ASKED)]),
        (cors("a", answer=()), "gecko", [("origin", FAILED), ("credentials", NOT_ASKED)]),
        (
            cors("a", request=(("Cookie", "a"),)),
            "webkit",
            [("origin", PASSED), ("credentials", FAILED)],
        ),
        (
            preflight("p", status=404, answer=()),
            "webkit",
            [
                ("ok status", FAILED),
                ("origin", NOT_REACHED),
                ("credentials", NOT_ASKED),
                ("methods are tokens", NOT_REACHED),
                ("header names are tokens", NOT_REACHED),
                ("method", NOT_REACHED),
                ("request headers", NOT_ASKED),
            ],
        ),
        (
            preflight("p", headers="x-a", answer=allow(methods="GET")),
            "gecko",
            [
                ("origin", PASSED),
                ("credentials", NOT_ASKED),
                ("ok status", PASSED),
                ("methods are tokens", PASSED),
                ("method", FAILED),
                ("header names are tokens", NOT_REACHED),
                ("request headers", NOT_REACHED),
            ],
        ),
        (cors("a", status=None, answer=()), "chromium", []),
        (Sent(id="a", method="POST", request=(("Origin", PAGE), ("Sec-Fetch-Mode", "no-cors"))), "chromium", []),
    ],
)
def test_steps(sent: Sent, engine: str, expected: list[tuple[str, StepOutcome]]) -> None:
    """In the engine's order; what a safelisted method, no names or no credentials do not need is not asked."""
    assert listed(sent, engine) == expected


@step("made up", "X-Made-Up")
def made_up(_rules: Rules, _asked: Asked, _answer: Answer) -> Failure | None:
    """Passed by every answer."""
    return None


@step("made up, too")
def also_made_up(_rules: Rules, _asked: Asked, _answer: Answer) -> Failure | None:
    """Failed by every answer."""
    return Reason.ALLOW_ORIGIN_MISMATCH, "y"


def test_a_new_step_of_an_engine_is_shown_with_no_more_ado(monkeypatch: pytest.MonkeyPatch) -> None:
    """It brings its name and its header itself."""
    engine = ENGINES["chromium"]
    rules = replace(engine.rules, actual_steps=(made_up, *engine.rules.actual_steps, also_made_up))
    changed = replace(engine, rules=rules)
    monkeypatch.setitem(ENGINES, "chromium", changed)
    monkeypatch.setattr(chromium, "ENGINE", changed)
    judgement = judged(cors("a", answer=allow(PAGE, ("x-made-up", "a"), ("X-Made-Up", "b"))))
    first, *_, last = steps(judgement)
    assert first == ("made up", "X-Made-Up", "a, b", PASSED, "")
    assert last == ("made up, too", None, "200", FAILED, "")
    text = explain(judgement)
    assert "✓ X-Made-Up: a, b\n" in text
    assert "✗ made up, too: 200\n" in text
    assert judgement.reason is Reason.ALLOW_ORIGIN_MISMATCH


UNSEEN_304 = cors("a", status=304, request=(("If-None-Match", '"1"'),), answer=(("ETag", '"1"'),))


def test_steps_of_an_unseen_stored_response() -> None:
    """The verdict is not about the 304's own header list, so none of it is checked."""
    judgement = judged(UNSEEN_304)
    assert (judgement.verdict, steps(judgement), judgement.assumptions) == (
        Verdict.ALLOW,
        [],
        (Assumption.STORED_RESPONSE_PASSES,),
    )


def test_elsewhere_of_an_unseen_stored_response() -> None:
    """What is assumed for one engine is assumed for all."""
    assert {outcome.verdict for outcome in outcomes(judged(UNSEEN_304)).values()} == {Verdict.ALLOW}


def test_the_count_of_redirects_is_that_of_the_verdict() -> None:
    """A hop refused for their number says so in its steps, and the twentieth does not."""
    traffic = [redirect(f"h{n}", n / 10, url=f"{API}/{n}", to=f"{API}/{n + 1}") for n in range(21)]
    for engine in ALL:
        run = Run().feed(sent.observation(engine) for sent in traffic)
        failed = {
            flow_id: [step.name for step in steps(judgement) if step.outcome is FAILED]
            for flow_id, judgement in run.last.items()
        }
        assert failed == {**{f"h{n}": [] for n in range(20)}, "h20": ["number of redirects"]}
        assert run.last["h20"].reason is Reason.REDIRECT_COUNT_EXCEEDED


def test_the_answer_of_an_earlier_redirect_is_at_fault() -> None:
    """WebKit's page process checks a hop once more, when the preflight behind it was answered: the hop is to change."""
    traffic = [
        Sent(id="own", url=f"{PAGE}/0", method="PUT", request=(("Origin", PAGE),), status=307,
             answer=(("Location", f"{API}/1"),)),
        preflight("p1", 0.1, url=f"{API}/1"),
        cors("hop", 0.2, "PUT", url=f"{API}/1", status=307, answer=allow(PAGE, ("Location", f"{API}/2"))),
        preflight("p2", 0.3, url=f"{API}/2"),
    ]  # fmt: skip
    run = Run().feed(sent.observation("webkit") for sent in traffic)
    run.finish()
    judgement = run.last["p2"]
    assert (judgement.verdict, judgement.reason) == (Verdict.DENY, Reason.ALLOW_CREDENTIALS_NOT_TRUE)
    change = smallest_change(judgement)
    assert change is not None
    assert change.edits == (HeaderEdit(CREDENTIALS, None, "true"),)
    assert (change.flow_id, change.complete) == ("hop", True)
    assert change.note == f"in the answer of the redirect before this one, {API}/1"


@pytest.mark.parametrize(
    ("origin", "vary", "note"),
    [
        (PAGE, (), "send it only to origins on the server's list, with Vary: Origin"),
        (PAGE, (("Vary", "Accept-Encoding, origin"),), "send it only to origins on the server's list"),
        (PAGE, (("vary", "*"),), "send it only to origins on the server's list"),
        ("null", (), "every sandboxed frame and file has the origin null: allow it only for what anyone may read"),
    ],
)
def test_the_note_says_how_wide_the_door_may_open(origin: str, vary: Lines, note: str) -> None:
    """An origin is never to be sent back blindly, nor from a cache to another."""
    change = smallest_change(judged(cors("a", origin=origin, answer=vary)))
    assert change is not None
    assert change.note == note
