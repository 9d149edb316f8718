"""The witness under policies of every kind, in real browsers: the page's own scripts fare as they do without it."""

import asyncio
import json
import os
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

from tests import waits
from tests.browser.drivers import BrowserMissing, Launch, load_driver
from tests.browser.drivers.chromium import Chromium
from tests.browser.drivers.firefox import Firefox
from tests.browser.test_policies import Mitmdump
from tests.browser.witness_policies import OWN_HASH, PAGES, serving

TELLING_SECONDS = 2.0
TOLD = ('"a":"fetch"', '"a":"xhr"', '"a":"beacon"')
"""By each page whose scripts may run."""
CONSOLE = """
(send) => {
  const all = { observe(message) {
    if (!(message instanceof Ci.nsIScriptError) || message.isFromChromeContext) return;
    send(JSON.stringify({ text: message.errorMessage }));
  } };
  globalThis.witnessPolicies = all;
  Services.console.registerListener(all);
}
"""


class LoudChromium(Chromium):
    """Keeps all lines of the console."""

    def __init__(self) -> None:
        """Not started yet."""
        super().__init__()
        self.console: list[str] = []

    def on_event(self, session: str | None, method: str, params: dict[str, Any]) -> None:
        """Note a line."""
        super().on_event(session, method, params)
        if method == "Log.entryAdded":
            self.console.append(params["entry"]["text"])


class LoudFirefox(Firefox):
    """Keeps all lines of the console."""

    watcher = CONSOLE

    def __init__(self) -> None:
        """Not started yet."""
        super().__init__()
        self.console: list[str] = []

    def on_event(self, method: str, params: dict[str, Any]) -> None:
        """Note a line."""
        if method == "script.message":
            self.console.append(json.loads(params["data"]["value"])["text"])


LOUD: dict[str, type[LoudChromium | LoudFirefox]] = {"chromium": LoudChromium, "firefox": LoudFirefox}


class Seen(NamedTuple):
    """What came of all pages."""

    told: dict[str, list[str]]
    """What the scripts of each did and saw."""
    console: set[str]
    """Each once, for a browser may tell a line again to who asks later."""
    reports: Counter[str]


def _line(text: str) -> str:
    """A console's line, without what a policy says: that may have a source more."""
    text = re.sub(r"(?<=moz-nullprincipal:)\{[^}]*\}", "", text)
    return re.split(r"(?i) because it (?:violates|appears)|violates the following|, or a nonce", text)[0].strip()


def _own(text: str) -> str:
    """What a page saw, without our source in its policy, which browsers quote in errors."""
    return re.sub(rf" '(?!{re.escape(OWN_HASH)})sha256-[^']*'", "", text)


async def _both(browser: str, folder: Path) -> tuple[Seen, Seen, dict[str, str], list[str]]:
    """All pages without the witness and with it; how each was observed, and what the server was not to be asked."""
    driver, log = LOUD[browser](), folder / "witness"
    with serving() as (server, _), tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        async with Mitmdump(folder).running() as proxy:
            await driver.start(Launch(proxy.port, Path(profile) / "profile"))
            page = f"http://localhost:{server.server_port}"
            try:
                await proxy.call("set", "cors_witness_log", str(log))
                seen: list[Seen] = []
                for state in ("off", "on"):
                    await proxy.call("cors.witness", state)
                    driver.console.clear()
                    server.reports.clear()
                    found = await driver.evaluate(page, f"all({json.dumps(list(PAGES))})")
                    assert found["begun"] == 0, found
                    await waits.grace(TELLING_SECONDS)
                    lines = {_line(line) for line in driver.console}
                    seen.append(Seen(found["told"], lines, Counter(server.reports)))
            finally:
                await driver.stop()
            heard: dict[str, str] = {}
            for line in map(json.loads, log.read_text().splitlines()):
                heard[line["document"]] = heard.get(line["document"], "") + line["report"]
            paths = [f"/policy?page={quote(name)}" for name in PAGES]
            states = {}
            for name, (identity, metadata) in zip(PAGES, await proxy.call("metadata", {"flows": paths}), strict=True):
                said, words = metadata["cors.witness"], heard.get(identity, "")
                has_asked = any(one.startswith("external:") for one in seen[0].told[name])
                is_told = all(one in words for one in TOLD) if has_asked else bool(words)
                states[name] = "observed" if said == "put in" and is_told else f"not observed: {said}"
                if name == "none" and '"w":"srcdoc-frame"' not in words:
                    states[name] = "it does not tell of its frame"
            return seen[0], seen[1], states, server.strange


def _skip_without(browser: str) -> None:
    try:
        load_driver(browser)
    except BrowserMissing as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.mark.parametrize("browser", LOUD)
def test_a_page_fares_as_without_the_witness(browser: str, tmp_path: Path) -> None:
    """Results, violations, errors, reports and the console are the same; where no safe way exists, why is told."""
    _skip_without(browser)
    wrong = _differing(browser, tmp_path / "first")
    if wrong:  # Firefox drops a violation now and then, witness or none; what is ours comes every time
        wrong &= _differing(browser, tmp_path / "second")
    assert not wrong, "\n".join(sorted(wrong))


def _differing(browser: str, folder: Path) -> set[str]:
    """What was otherwise with the witness, and what was not told."""
    folder.mkdir()
    without, with_it, states, strange = asyncio.run(_both(browser, folder))
    wrong = [f"the server was asked for {path}" for path in strange]
    for name, page in PAGES.items():
        before, after = (Counter(map(_own, one.told[name])) for one in (without, with_it))
        wrong += [f"{name}: only without: {one}" for one in (before - after).elements()]
        wrong += [f"{name}: only with: {one}" for one in (after - before).elements()]
        if (states[name] != "observed") is not bool(page.no_way) or page.no_way not in states[name]:
            wrong.append(f"{name}: {states[name]}")
    wrong += [f"console: only with: {one}" for one in with_it.console - without.console]
    wrong += [f"reports: only with: {one}" for one in (with_it.reports - without.reports).elements()]
    wrong += [f"reports: only without: {one}" for one in (without.reports - with_it.reports).elements()]
    assert len(PAGES) >= 40
    assert sum("external" in " ".join(one) for one in without.told.values()) >= 40
    return {re.sub(r"(?<=localhost:)\d+", "PORT", one) for one in wrong}
