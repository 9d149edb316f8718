"""Which preflights permitted a request, where their answers are cached: in each browser, a case for each way."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.browser.cases import Case, Mutation, Side, Step
from tests.browser.compare import load_lines
from tests.browser.run import record
from tests.browser.test_browser_truth import driver_of

PAGE = "https://app.example.test"
URL = "https://api.other.test/c/{id}/0"
SIDES: tuple[Side, ...] = ("p", "a")
# right in either credentials mode, and kept for a minute
EITHER = tuple(Mutation(0, side, "acac", "true", ("true",)) for side in SIDES)
KEPT = (*EITHER, Mutation(0, "p", "maxage", "60", ("60",)))


def step(method: str = "GET", *names: str, **more: Any) -> Step:
    """A request without credentials, with headers of these names."""
    headers = tuple((name, "1") for name in names)
    return Step(urls=(URL,), method=method, headers=headers, credentials="omit", mutations=KEPT, **more)


def upload() -> Step:
    """An upload by XMLHttpRequest, whose progress the page follows."""
    return step("POST", api="xhr", upload_listener=True, body="text")


CASES: dict[str, tuple[Step, ...]] = {
    "served-again": (step("PUT"), step("PUT"), step("PUT")),
    "header-names-in-turn": (step("GET", "X-A"), step("GET", "X-B"), step("GET", "X-A", "X-B")),
    "method-and-header-in-turn": (step("PUT"), step("GET", "X-A"), step("PUT", "X-A")),
    "upload-again": (upload(), upload()),
}

ONE_ENTRY: dict[str, list[list[int]]] = {
    "served-again": [[0, 1, 2]],
    "header-names-in-turn": [[0], [1], [2]],
    "method-and-header-in-turn": [[0], [1], [2]],
    "upload-again": [[0, 1]],
}
"""For each preflight of a case the requests that it permitted, where an engine keeps one entry for a URL."""
SIDE_BY_SIDE = ONE_ENTRY | {"header-names-in-turn": [[0, 2], [1, 2]], "method-and-header-in-turn": [[0, 2], [1, 2]]}
"""The same where it keeps what each answer grants."""
PERMITTED = {"chromium": ONE_ENTRY, "firefox": SIDE_BY_SIDE, "webkit": ONE_ENTRY}


@pytest.mark.parametrize("browser", PERMITTED)
def test_preflights_and_what_they_permitted_name_each_other(browser: str, tmp_path: Path) -> None:
    """The browser shows which requests it sent without a preflight; who permitted them follows from the case."""
    ours_file = tmp_path / "ours.jsonl"
    cases = [Case(name, PAGE, steps) for name, steps in CASES.items()]
    result = asyncio.run(
        record(driver_of(browser), cases, tmp_path / "run.mitm", tmp_path / "run.jsonl", jsonl=ours_file)
    )
    assert not result.unfinished
    ours = load_lines(ours_file)
    for name in CASES:
        truths = sorted((line for line in result.lines if line["case"] == name), key=lambda line: int(line["seq"]))
        asked = [ours[truth["flow_id"]] for truth in truths if truth["kind"] == "preflight"]
        sent = [truth for truth in truths if truth["kind"] == "actual"]
        permitted = PERMITTED[browser][name]
        numbers = {truth["flow_id"]: number for number, truth in enumerate(sent)}
        assert [[numbers[flow_id] for flow_id in line["paired_with"]] for line in asked] == permitted, name
        for number, truth in enumerate(sent):
            line = ours[truth["flow_id"]]
            assert line["preflight"] == truth["preflight"], (name, number)
            by = {asked[place]["flow_id"] for place, served in enumerate(permitted) if number in served}
            assert set(line["paired_with"]) == by, (name, number)
            assert line["verdict"] == "allow", (name, number)
            inferred = name == "upload-again" and number == 1
            assert line["certainty"] == ("inferred" if inferred else "observed"), (name, number)
