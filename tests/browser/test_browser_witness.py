"""The witness in real browsers: what no traffic shows becomes decided with it, and right."""

import asyncio
from pathlib import Path

import pytest

from tests.browser import known
from tests.browser.compare import agreement, load_lines
from tests.browser.drivers import DRIVERS
from tests.browser.generate import generate
from tests.browser.run import record
from tests.browser.test_browser_truth import driver_of

SEED = 20261129
SAMPLE = {"chromium": 120, "firefox": 60, "webkit": 60}


@pytest.mark.parametrize("browser", DRIVERS)
def test_what_was_open_is_decided(browser: str, tmp_path: Path) -> None:
    """Every line that rests on a page's word says what the browser decided, and nothing else says less than before."""
    driver = driver_of(browser)
    cases = [generate(SEED, index) for index in range(SAMPLE[browser])]
    ours = tmp_path / "ours.jsonl"
    dump, truth = tmp_path / "run.mitm", tmp_path / "run.jsonl"
    result = asyncio.run(record(driver, cases, dump, truth, jsonl=ours, witness=True))
    assert not result.unfinished
    found = agreement(result.lines, load_lines(ours))
    table = known.load()
    found.set_aside(lambda check: any(one.covers(check) for one in table))
    misses = [f"{check.tier} {check.field}: {check.wanted} {check.got} {check.truth['note']}" for check in found.misses]
    told = "\n".join((found.table(), *misses))
    assert not [check for check in found.misses if check.tier == "witnessed"], told
    # what a page says of a request that the browser sends again after it was dropped is not yet told apart
    assert len(found.misses) <= found.totals["strict", "verdict"] / 50, told
    assert found.totals["witnessed", "verdict"] >= SAMPLE[browser] // 6, found.table()
