"""Several cookie jars behind one address and one User-Agent: what is called observed must be so."""

import asyncio
from pathlib import Path

import pytest

from tests.browser.compare import load_lines
from tests.browser.drivers.contexts import CONTEXTS
from tests.browser.generate import generate
from tests.browser.run import record
from tests.browser.test_browser_truth import driver_of

SEED = 20261129
SAMPLE = {"chromium": 180, "firefox": 80, "webkit": 70}
DECIDED = ("allow", "deny")


@pytest.mark.parametrize("browser", CONTEXTS)
def test_no_observed_verdict_is_wrong(browser: str, tmp_path: Path) -> None:
    """Random cases, single ones and sequences of requests to one URL, each step in a context of its own."""
    driver_of(browser)
    cases = [generate(SEED, index, "sequence" if index % 2 else None) for index in range(SAMPLE[browser])]
    ours_file = tmp_path / "ours.jsonl"
    driver = CONTEXTS[browser]
    result = asyncio.run(record(driver, cases, tmp_path / "run.mitm", tmp_path / "run.jsonl", jsonl=ours_file))
    assert not result.unfinished
    ours = load_lines(ours_file)
    judged = [
        (line["verdict"], mine, line)
        for line in result.lines
        if line["verdict"] in DECIDED and (mine := ours.get(line["flow_id"])) is not None
    ]
    observed = [each for each in judged if each[1]["certainty"] == "observed"]
    wrong = [(wanted, mine["verdict"], line["note"]) for wanted, mine, line in observed if mine["verdict"] != wanted]
    assert not wrong
    assert len(observed) > 0.6 * len(judged), "too little is known"
