"""The harness itself, without a browser."""

import asyncio
import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.browser import known, standard
from tests.browser.cases import Case, Mutation, Step, answer, answer_table, from_json, hop_number, to_json
from tests.browser.compare import agreement, tier_of, without_the_invisible
from tests.browser.drivers import Outcome
from tests.browser.drivers.chromium import Chromium
from tests.browser.generate import generate
from tests.browser.parallel import deal_out
from tests.browser.proxy import Seen
from tests.browser.shrink import candidates, shrink
from tests.browser.truth import truth_lines

PAGE = "https://app.example.test"
URL = "https://api.other.test/c/{id}/0"


def seen(
    step: Step, *, preflight: bool = False, hop: int = 0, number: int = 0, answered: bool = True, **more: str
) -> Seen:
    """A request of the case "1" as the case server logs it."""
    headers = (("origin", PAGE), *((name.replace("_", "-"), value) for name, value in more.items()))
    method = "OPTIONS" if preflight else step.method
    url = step.urls[hop].replace("{id}", "1")
    return Seen(f"flow{number}", "1", 0, hop, preflight, url, method, 0.0, "HTTP/1.1", headers, answered)


def test_same_seed_same_cases() -> None:
    """A case depends on its seed and index alone."""
    assert [generate(7, index) for index in range(300)] == [generate(7, index) for index in range(300)]
    assert generate(7, 5) != generate(8, 5)


def test_a_family_alone() -> None:
    """Sequences have several steps, plain cases one of fetch or XHR that is not redirected."""
    assert all(len(generate(7, index, "sequence").steps) > 1 for index in range(50))
    for index in range(50):
        (step,) = generate(7, index, "plain").steps
        assert (step.api in ("fetch", "xhr"), len(step.urls)) == (True, 1)


def test_a_step_in_a_context_of_its_own() -> None:
    """A sandboxed frame's requests bear null, whatever the case's context."""
    steps = (Step((URL,)), Step((URL,), ctx="sandbox"), Step((URL,), ctx="worker"))
    case = Case("1", PAGE, steps)
    assert [standard.hops(case, step)[0].origin for step in steps] == [PAGE, "null", PAGE]
    assert [case.context(step) for step in steps] == ["page", "sandbox", "worker"]


def test_cases_survive_json() -> None:
    """What --replay reads is what was printed."""
    for index in range(300):
        case = generate(3, index)
        again = from_json(json.loads(json.dumps(to_json(case))))
        assert dataclasses.replace(again, title="") == dataclasses.replace(case, title="")


def test_every_answer_can_be_sent() -> None:
    """Every value of the tables is latin-1 without line breaks; every hop has its two answers."""
    for index in range(1000):
        case = generate(4, index)
        table = answer_table(case)
        for step_number, step in enumerate(case.steps):
            for url in step.urls:
                assert f"{step_number}/{hop_number(url)}/p" in table
                assert f"{step_number}/{hop_number(url)}/a" in table
        for one in table.values():
            for name, value in one["headers"]:
                assert not set(name + value) & {"\r", "\n", "\0"}
                value.encode("latin-1")


def test_https_pages_ask_no_plain_http() -> None:
    """Mixed content never leaves the browser: such a case would say nothing."""
    for index in range(1000):
        case = generate(5, index)
        if case.page.startswith("https:"):
            for step in case.steps:
                assert all(url.startswith(("https:", "http://localhost")) for url in step.urls)


def test_redirects_taint_the_origin() -> None:
    """From a cross-origin hop to a third origin the Origin is null; back home it stays CORS."""
    step = Step((URL, "https://cdn.third.test/c/{id}/1", f"{PAGE}/c/{{id}}/2"), method="POST", redirects=(303, 307))
    hops = standard.hops(Case("1", PAGE, (step,)), step)
    assert [(hop.method, hop.origin, hop.cors) for hop in hops] == [
        ("POST", PAGE, True),
        ("GET", "null", True),
        ("GET", "null", True),
    ]


def test_mutations_replace_a_header() -> None:
    """The right answer, with just that header otherwise."""
    mutation = Mutation(0, "a", "acao", "twice", ("a", "b"))
    step = Step((URL,), credentials="include", mutations=(mutation,))
    made = answer(Case("1", PAGE, (step,)), step, 0, "a")
    assert made.values("access-control-allow-origin") == ["a", "b"]
    assert made.values("access-control-allow-credentials") == ["true"]


@pytest.mark.parametrize(
    ("name", "value", "safe"),
    [
        ("Accept", "a" * 128, True),
        ("Accept", "a" * 129, False),
        ("Accept", "a@b", False),
        ("Accept-Language", "en_US", False),
        ("Content-Type", "TEXT/Plain;charset=utf-8", True),
        ("Content-Type", "text/html", False),
        ("Range", "bytes=0-", True),
        ("Range", "bytes=5-2", False),
        ("Range", "bytes=-5", False),
        ("X-Custom", "1", False),
    ],
)
def test_safelisted_headers(name: str, value: str, safe: bool) -> None:
    """The harness's own statement of CORS-safelisted request headers."""
    assert standard.is_safelisted(name, value) is safe


def test_a_preflight_that_is_followed_passed() -> None:
    """Verdicts come from what the browser did next."""
    step = Step((URL,), method="PUT")
    flows = [seen(step, preflight=True, access_control_request_method="PUT"), seen(step, number=1)]
    outcome = Outcome("rejected", passed=False, error="MissingAllowOriginHeader")
    first, second = truth_lines(Case("1", PAGE, (step,)), flows, [outcome], Chromium)
    assert (first["kind"], first["verdict"], first["error"]) == ("preflight", "allow", None)
    assert (second["kind"], second["verdict"], second["error"]) == ("actual", "deny", "MissingAllowOriginHeader")
    assert second["preflight"] == "sent"
    assert second["paired_with"] == ["flow0"]


def test_credentials_that_decide_are_ambiguous() -> None:
    """A wildcard without a Cookie: the mode decides and is not on the wire; a Cookie shows it."""
    mutation = Mutation(0, "a", "acao", "star", ("*",))
    step = Step((URL,), credentials="include", mutations=(mutation,))
    outcome = Outcome("rejected", passed=False, error="WildcardOriginNotAllowed")
    case = Case("1", PAGE, (step,))
    (line,) = truth_lines(case, [seen(step)], [outcome], Chromium)
    assert line["ambiguous"]
    assert tier_of(line) == "open"
    (line,) = truth_lines(case, [seen(step, cookie="sid=1")], [outcome], Chromium)
    assert tier_of(line) == "strict"


def test_a_kept_header_needs_no_preflight_and_is_no_cache_hit() -> None:
    """Chromium's client hints: needed by the standard, never sent."""
    step = Step((URL,), headers=(("DPR", "2"),))
    (line,) = truth_lines(Case("1", PAGE, (step,)), [seen(step)], [Outcome("resolved", passed=True)], Chromium)
    assert line["preflight"] == "skipped"


def test_agreement_counts_by_tier_and_field() -> None:
    """The table, and that a miss is kept with what was wanted."""
    truth: dict[str, Any] = {
        "flow_id": "1", "browser": "chromium", "kind": "actual", "verdict": "deny", "error": "AllowOriginMismatch",
        "failed_parameter": "x", "preflight": "none-needed", "exposed": None, "ambiguous": False, "console": None,
    }  # fmt: skip
    right = {"verdict": "deny", "role": "actual", "browser_error": "AllowOriginMismatch", "detail": "x"}
    right["preflight"] = "not-needed"
    assert agreement([truth], {"1": right}).agrees
    found = agreement([truth], {"1": {**right, "detail": "y"}})
    assert [(miss.field, miss.wanted, miss.got) for miss in found.misses] == [("parameter", "x", "y")]
    assert not found.agrees
    assert not agreement([truth], {}).agrees


def test_console_texts_are_compared_without_what_no_traffic_shows() -> None:
    """XMLHttpRequest and fetch look alike on the wire."""
    text = "Access to XMLHttpRequest at 'https://a.test/#f' from origin 'x' has been blocked"
    wanted = "Access to fetch at 'https://a.test/' from origin 'x' has been blocked"
    assert without_the_invisible(text, {"url": "https://a.test/"}) == wanted


def test_shrinking_finds_the_one_mutation_that_matters() -> None:
    """Against a disagreement that depends on one mutation, all else goes."""
    guilty = Mutation(0, "a", "acac", "TRUE", ("TRUE",))
    step = Step(
        (URL, "https://cdn.third.test/k/{id}/1"),
        method="PATCH",
        headers=(("X-Custom", "1"),),
        body="text",
        redirects=(307,),
        mutations=(Mutation(0, "p", "maxage", "5", ("5",)), guilty),
    )
    case = Case("1", PAGE, (step, step), ctx="worker", http="2")

    async def disagreeing(cases: Sequence[Case]) -> set[str]:
        return {one.id for one in cases if any(guilty in each.mutations for each in one.steps)}

    (small,) = asyncio.run(shrink([case], disagreeing, rounds=30))
    assert small.steps == (Step((URL,), credentials="omit", mutations=(guilty,)),)
    assert (small.ctx, small.http) == ("page", "1.1")


def test_candidates_are_other_cases() -> None:
    """A candidate equal to its case would never end."""
    for index in range(200):
        case = generate(6, index)
        assert all(dataclasses.replace(one, title="") != case for one in candidates(case))


def test_known_differences_say_why() -> None:
    """Each has a name of its own, a reason and a browser."""
    table = known.load()
    assert len({one.name for one in table}) == len(table)
    assert all(one.reason and one.match for one in table)


def test_together_whoever_asks_for_a_url_gets_the_same_answer() -> None:
    """A preflight does not tell which step it is for, so the answer cannot depend on it."""
    for index in range(200):
        case = generate(9, index, "parallel")
        assert case.parallel
        assert len(case.steps) > 1
        answers: dict[tuple[int, str], set[str]] = {}
        for step in case.steps:
            for hop, url in enumerate(step.urls):
                for side in ("p", "a"):
                    made = dataclasses.asdict(answer(case, step, hop, side))
                    answers.setdefault((hop_number(url), side), set()).add(json.dumps({**made, "headers": None}))
                    for name in ("access-control-allow-origin", "access-control-allow-credentials", "location"):
                        values = [value for key, value in made["headers"] if key.lower() == name]
                        answers.setdefault((hop_number(url), side + name), set()).add(json.dumps(values))
        assert all(len(made) == 1 for made in answers.values())


def together(*steps: Step) -> Case:
    """A case whose steps are taken at once."""
    return Case("1", PAGE, steps, parallel=True)


def at(moment: float, flow: Seen, step: int = -1) -> Seen:
    """A request at some time, of some step."""
    return dataclasses.replace(flow, time=moment, step=step)


def test_no_request_is_dealt_a_preflight_that_was_not_answered_yet() -> None:
    """Two alike: the later preflight is the later request's; a step without a request failed at its preflight."""
    step = Step((URL,), method="PUT")
    preflight = seen(step, preflight=True, access_control_request_method="PUT")
    first, second, third = (dataclasses.replace(preflight, flow_id=f"flow{n}", time=n / 10) for n in range(3))
    late, early = at(0.15, seen(step, number=3), 1), at(0.05, seen(step, number=4), 2)
    refused = dataclasses.replace(step, credentials="include")
    dealt = deal_out(together(refused, step, step), [first, early, second, late, third], frozenset())
    assert dealt == [[third], [second, late], [first, early]]


def test_a_request_without_a_preflight_of_its_own_used_the_cache() -> None:
    """Which of two that are alike did is not told: only how many."""
    step = Step((URL,), method="PUT", credentials="include")
    preflight = seen(step, preflight=True, access_control_request_method="PUT")
    flows = [preflight, at(0.1, seen(step, number=1), 0), at(0.2, seen(step, number=2), 1)]
    outcomes = [Outcome("resolved", passed=True, exposed=[])] * 2
    lines = truth_lines(together(step, step), flows, outcomes, Chromium)
    assert [line.get("preflight") for line in lines] == [None, "sent", "cached"]
    ours: dict[str, dict[str, Any]] = {
        "flow0": {"verdict": "allow", "role": "preflight"},
        "flow1": {"verdict": "allow", "role": "actual", "preflight": "cached", "exposed_headers": []},
        "flow2": {
            "verdict": "allow",
            "role": "actual",
            "preflight": "sent",
            "paired_with": ["flow0"],
            "exposed_headers": [],
        },
    }
    assert not agreement(lines, ours).misses
    ours["flow2"]["preflight"] = "cached"
    assert [miss.field for miss in agreement(lines, ours).misses] == ["preflight"]


def test_what_may_have_followed_a_refused_redirect_is_ambiguous() -> None:
    """The page asked for what the redirect leads to right after it: no traffic tells whether it was followed."""
    target = "https://api.other.test/c/{id}/1"
    mutation = Mutation(0, "a", "acao", "star", ("*",))
    hop = Step((URL, target), credentials="include", redirects=(307,), mutations=(mutation,))
    straight = Step((target,))
    flows = [at(0.0, seen(hop), 0), at(0.1, seen(straight, number=1, hop=0), 1)]
    flows[1] = dataclasses.replace(flows[1], hop=1)
    outcomes = [Outcome("rejected", passed=False, error="WildcardOriginNotAllowed"), Outcome("resolved", passed=True)]
    lines = truth_lines(together(hop, straight), flows, outcomes, Chromium)
    assert [tier_of(line) for line in lines] == ["unscored", "unscored"]
