"""Odd header bytes from a server of sockets, through mitmproxy, as real browsers decide.

`scripts/browser-truth --family odd-table` runs the whole table, and `--family odd` draws on from it.
"""

import asyncio
from pathlib import Path

import pytest

from tests.browser.compare import agreement, load_lines
from tests.browser.drivers import DRIVERS
from tests.browser.generate import generate
from tests.browser.odd import SHAPES
from tests.browser.run import record
from tests.browser.test_browser_truth import driver_of

SEED = 1
SAMPLE = {"chromium": 300, "firefox": 150, "webkit": 150}
"""Shapes: every so many of the table. Most have a preflight, and every second one comes over HTTP/2."""


def test_the_table_is_long() -> None:
    """Each shape has lines of its own."""
    assert len(SHAPES) == len({(shape.field, shape.lines) for shape in SHAPES}) >= 300


@pytest.mark.parametrize("browser", DRIVERS)
def test_verdicts_are_the_browsers(browser: str, tmp_path: Path) -> None:
    """Verdict, error, offending value, console text and exposed names of each agree, whatever tells the mode."""
    driver = driver_of(browser)
    number = SAMPLE[browser]
    rounds = 2 if driver.http2 else 1
    indices = [round(place * rounds * len(SHAPES) / number) for place in range(number)]
    cases = [generate(SEED, index, "odd-table") for index in indices]
    ours = tmp_path / "ours.jsonl"
    result = asyncio.run(record(driver, cases, tmp_path / "run.mitm", tmp_path / "run.jsonl", jsonl=ours))
    assert not result.unfinished
    found = agreement(result.lines, load_lines(ours))
    misses = [f"{check.field}: {check.wanted!r} {check.got!r} {check.truth['note']}" for check in found.misses]
    assert not misses, "\n".join((found.table(), *misses))
