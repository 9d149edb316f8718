"""What Chromium reports of a page by itself: what a policy kept from being sent is told, and no more."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests import waits
from tests.browser.drivers import BrowserGone
from tests.browser.near.cases import NearCase
from tests.browser.near.drivers import NearChromium, Told
from tests.browser.near.run import NearRunner
from tests.browser.proxy import Proxy
from tests.browser.test_browser_truth import driver_of

PAGE = "https://app.example.test"
OTHER = "https://api.other.test/r/{id}/0"
ENDPOINT = ("Reporting-Endpoints", f'to="{PAGE}/reports"')
CASES = [
    NearCase("n1", "x", PAGE, "img", (OTHER,),
             policy=(ENDPOINT, ("Content-Security-Policy", "img-src 'none'; report-to to"))),
    NearCase("n2", "x", PAGE, "script", (OTHER,),
             policy=(ENDPOINT, ("Integrity-Policy", "blocked-destinations=(script), endpoints=(to)"))),
    # these two were sent
    NearCase("n3", "x", PAGE, "img", (OTHER,),
             policy=(ENDPOINT, ("Cross-Origin-Embedder-Policy", 'require-corp; report-to="to"'))),
    NearCase("n4", "x", PAGE, "img", (OTHER, "https://cdn.third.test/r/{id}/1"), (302,),
             policy=(ENDPOINT, ("Content-Security-Policy", "img-src https://api.other.test; report-to to"))),
]  # fmt: skip
UNSENT = {"/r/n1/0": "csp", "/r/n2/0": "sri"}
SENT = {"/r/n3/0": "coep", "/r/n4/0": "csp"}


class Prompt(NearChromium):
    """Reports at once, and not after a minute."""

    flags = ("--short-reporting-delay",)


def told(jsonl: Path) -> dict[str, tuple[str | None, str | None]]:
    """By path: what is said to have stopped it, and when."""
    lines: list[dict[str, Any]] = (
        [json.loads(line) for line in jsonl.read_text().splitlines()] if jsonl.exists() else []
    )
    return {line["url"].partition(".test")[2]: (line["blocked_by"], line["stage"]) for line in lines}


def test_what_a_browser_reports_is_told(tmp_path: Path) -> None:
    """By `report-to`, at an endpoint of the page's own."""
    driver_of("chromium")
    jsonl = tmp_path / "lines.jsonl"

    class Waiting(NearRunner):
        """Leaves the browser open until all reports are there."""

        async def one(self, browser: Any, case: NearCase) -> Told:
            seen = await super().one(browser, case)
            if case is CASES[-1]:
                await waits.until(lambda: UNSENT.keys() <= told(jsonl).keys(), 60.0, lambda: told(jsonl))
            return seen

    async def run() -> None:
        async with Proxy(tmp_path / "near.mitm", jsonl=jsonl) as proxy:
            found = await Waiting(Prompt, proxy).run(CASES)
            if len(found) < len(CASES):
                raise BrowserGone("cases are left")

    asyncio.run(run())
    lines = told(jsonl)
    assert {path: lines[path] for path in UNSENT} == {path: (gate, "before-sending") for path, gate in UNSENT.items()}
    assert {path: lines[path][0] for path in SENT} == SENT
    assert all(lines[path][1] != "before-sending" for path in SENT)
