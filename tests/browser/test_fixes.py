"""The suggested changes, made and asked of real browsers; scripts/browser-truth --fixes draws others and more."""

import asyncio
from pathlib import Path

import pytest

from tests.browser.fixes import SUCCEEDS, follow, table
from tests.browser.generate import generate
from tests.browser.test_browser_truth import driver_of

SEED = 20260901
SAMPLE = {"chromium": 40, "firefox": 20}
DRAWN = 400


@pytest.mark.parametrize("browser", SAMPLE)
def test_the_page_succeeds_once_the_suggestions_are_followed(browser: str, tmp_path: Path) -> None:
    """Every refused case that has a suggestion; those without have none by their own nature."""
    cases = (generate(SEED, index) for index in range(DRAWN))
    found = asyncio.run(follow(driver_of(browser), cases, tmp_path, SAMPLE[browser], lambda _said: None))
    assert sum(one.end == SUCCEEDS for one in found) >= SAMPLE[browser] * 3 // 4
    assert all(one.good for one in found), table(found)
