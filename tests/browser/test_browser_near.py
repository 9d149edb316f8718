"""What stops an answer beside CORS, against real browsers, over a fixed sample of cases."""

import asyncio
from pathlib import Path

import pytest

from tests.browser.drivers import DRIVERS
from tests.browser.near.drivers import NEAR
from tests.browser.near.run import compared, known
from tests.browser.near.wider import draw
from tests.browser.test_browser_truth import driver_of

SEED = 20261129
SAMPLE = {"chromium": 60, "firefox": 40, "webkit": 30}


@pytest.mark.parametrize("browser", DRIVERS)
def test_blocks_are_the_browsers(browser: str, tmp_path: Path) -> None:
    """Each flow of the sample that traffic decides is told as the browser told it, but for the known differences."""
    driver_of(browser)
    cases = [draw(SEED, index) for index in range(SAMPLE[browser])]
    found = asyncio.run(compared(NEAR[browser], cases, tmp_path / "near", differences=known()))
    assert found.cases == len(cases)
    if found.misses:  # on a busy machine a browser may be slower than its page waits: what counts happens again
        again = [miss.judged.case for miss in found.misses]
        found = asyncio.run(compared(NEAR[browser], again, tmp_path / "again", differences=known()))
    told = [f"{miss.judged.verdict} {miss.ours} {miss.judged.case.note}" for miss in found.misses]
    assert found.misses == [], "\n".join([found.table(), *told])


@pytest.mark.parametrize("browser", DRIVERS)
def test_known_differences_still_differ(browser: str, tmp_path: Path) -> None:
    """An entry of the reviewed table whose case now agrees is to be removed."""
    driver_of(browser)
    table = [one for one in known() if one.browser == browser]
    if table:
        found = asyncio.run(compared(NEAR[browser], [one.case for one in table], tmp_path / "near", differences=table))
        assert set(found.known) == {one.name for one in table}
