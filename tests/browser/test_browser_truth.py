"""The addon against real browsers, over a fixed sample of cases; scripts/browser-truth draws others and more."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.browser import known
from tests.browser.cases import Case
from tests.browser.compare import Agreement, agreement, load_lines
from tests.browser.drivers import DRIVERS, BrowserMissing, Driver, load_driver
from tests.browser.generate import generate
from tests.browser.run import record

SEED = 20260801
SAMPLE = {"chromium": 500, "firefox": 300, "webkit": 200}


def driver_of(browser: str) -> type[Driver]:
    """The driver; without its browser the test is skipped, but not in CI."""
    try:
        return load_driver(browser)
    except BrowserMissing as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))


def judged(driver: type[Driver], cases: list[Case], folder: Path) -> Agreement:
    """The agreement over some cases."""
    ours = folder / "ours.jsonl"
    result = asyncio.run(record(driver, cases, folder / "run.mitm", folder / "run.jsonl", jsonl=ours))
    assert not result.unfinished
    return agreement(result.lines, load_lines(ours))


@pytest.mark.parametrize("browser", DRIVERS)
def test_verdicts_are_the_browsers(browser: str, tmp_path: Path) -> None:
    """Every judged field of a sample agrees, but for the known differences."""
    driver = driver_of(browser)
    found = judged(driver, [generate(SEED, index) for index in range(SAMPLE[browser])], tmp_path)
    table = known.load()
    found.set_aside(lambda check: any(one.covers(check) for one in table))
    misses = [f"{check.tier} {check.field}: {check.wanted} {check.got} {check.truth['note']}" for check in found.misses]
    assert found.agrees, "\n".join((found.table(), *misses))


@pytest.mark.parametrize("browser", DRIVERS)
def test_known_differences_still_differ(browser: str, tmp_path: Path) -> None:
    """An entry of the reviewed table whose case now agrees is to be removed."""
    driver = driver_of(browser)
    table = [one for one in known.load() if one.browser == browser]
    if not table:
        return
    found = judged(driver, [one.case for one in table], tmp_path)
    gone = [
        one.name
        for one in table
        if not any(one.covers(check) and check.truth["case"] == one.case.id for check in found.misses)
    ]
    assert not gone
