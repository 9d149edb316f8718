"""The demo, end to end: real browsers without any proxy setting press its buttons, and mitmweb tells why.

Every scenario is held against its line of the table: what the page shows, and what the JSON lines say.
"""

import asyncio
import contextlib
import http.client
import json
import shlex
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

from cors_addon.demo.blocks import BLOCKED
from cors_addon.demo.scenarios import SCENARIOS, Scenario
from tests.browser.drivers import Launch, chromium, firefox
from tests.browser.test_browser_truth import driver_of
from tests.test_demo import demo

XSRF = "0" * 32
BROWSERS = ("chromium", "firefox")
REFUSED = {"chromium": "TypeError: Failed to fetch", "firefox": "TypeError: NetworkError when attempting to fetch"}
CARDS = """Object.fromEntries([...document.querySelectorAll(".card")].map((card) => [card.id, {
  state: card.dataset.state,
  sent: Number(card.dataset.sent ?? 0),
  seen: card.querySelector(".seen .what")?.innerText ?? "",
  told: getComputedStyle(card.querySelector(".look")).display !== "none",
  command: card.querySelector(".command code").textContent,
}]))"""
COMMANDS = """({commands: [...document.querySelectorAll(".after dt code")].map((code) => code.textContent)})"""
LAYOUT = """({
  width: innerWidth,
  scroll: document.documentElement.scrollWidth + innerWidth - document.documentElement.clientWidth,
  columns: getComputedStyle(document.querySelector(".cards")).gridTemplateColumns.split(" ").length,
  margin: getComputedStyle(document.body).margin,
})"""
PRESSED = """(async () => {
  const card = document.getElementById(NAME), before = Number(card.dataset.sent ?? 0);
  card.querySelector(".send").click();
  for (let tries = 0; tries < 200 && Number(card.dataset.sent ?? 0) === before; tries++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  return {sent: Number(card.dataset.sent ?? 0) - before};
})()"""


class DemoInChromium(chromium.Chromium):
    """Opens the page of the demo instead of that of the cases."""

    page_path: ClassVar[str] = "/"

    async def resize(self, page: str, width: int) -> None:
        """Make the window of a page so wide."""
        assert self.cdp is not None
        metrics: dict[str, Any] = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        await self.cdp.call("Emulation.setDeviceMetricsOverride", await self.pages[page], **metrics)


class DemoInFirefox(firefox.Firefox):
    """Opens the page of the demo instead of that of the cases."""

    page_path: ClassVar[str] = "/"

    async def resize(self, page: str, width: int) -> None:
        """Make the window of a page so wide."""
        assert self.bidi is not None
        viewport = {"width": width, "height": 800}
        await self.bidi.call("browsingContext.setViewport", context=await self.pages[page], viewport=viewport)


DRIVERS: dict[str, Any] = {"chromium": DemoInChromium, "firefox": DemoInFirefox}


@dataclass
class Mitmweb:
    """mitmweb's own interface, as its page uses it."""

    url: str

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Ask mitmweb."""
        parts = urlsplit(self.url)
        headers = {
            "Authorization": f"Bearer {parts.query.partition('=')[2]}",
            "Content-Type": "application/json",
            # of its cookie against forged requests it asks only that this header has the same
            "Cookie": f"_mitmproxy_xsrf={XSRF}; _xsrf={XSRF}",
            "X-XSRFToken": XSRF,
        }
        with contextlib.closing(http.client.HTTPConnection(parts.netloc, timeout=30)) as connection:
            connection.request(method, path, json.dumps(body), headers)
            answer = connection.getresponse()
            assert answer.status == 200, answer.status
            return json.loads(answer.read())

    def command(self, name: str, *arguments: str) -> str:
        """Type a command into the command bar."""
        said = self.call("POST", f"/commands/{name}", {"arguments": arguments})
        assert "error" not in said, said
        value: str = said["value"]
        return value

    def listed(self) -> dict[str, str]:
        """What the list shows: method and URL, as mitmweb's script puts it together, and the comment."""
        return {
            f"{request['method']} {request['scheme']}://{request['pretty_host']}:{request['port']}{request['path']}": (
                flow["comment"]
            )
            for flow in self.call("GET", "/flows")
            for request in [flow["request"]]
        }


@dataclass
class Session:
    """A browser at the demo."""

    browser: str
    driver: Any
    page: str
    mitmweb: Mitmweb
    lines: Path

    async def press(self, name: str) -> None:
        """Press a button, and wait until the page shows what came of it."""
        told = await self.driver.evaluate(self.page, PRESSED.replace("NAME", json.dumps(name)))
        assert told == {"sent": 1}, name

    async def cards(self) -> dict[str, dict[str, Any]]:
        """What the page shows."""
        found: dict[str, dict[str, Any]] = await self.driver.evaluate(self.page, CARDS)
        return found

    async def layout(self, width: int) -> dict[str, Any]:
        """How the page is laid out in a window so wide."""
        await self.driver.resize(self.page, width)
        found: dict[str, Any] = await self.driver.evaluate(self.page, LAYOUT)
        return found

    async def commands(self) -> list[str]:
        """The commands that the end of the page tells of, in order."""
        found: dict[str, list[str]] = await self.driver.evaluate(self.page, COMMANDS)
        return found["commands"]

    def judged(self) -> dict[str, list[dict[str, Any]]]:
        """The last revision of each flow's line, by path, in the order of the requests."""
        last = {line["flow_id"]: line for line in map(json.loads, self.lines.read_text().splitlines())}
        found: dict[str, list[dict[str, Any]]] = {}
        for line in sorted(last.values(), key=lambda each: float(each["timestamp"])):
            if line["role"] in ("preflight", "actual", "redirect"):
                found.setdefault(urlsplit(line["url"]).path[1:], []).append(line)
        return found


@contextlib.asynccontextmanager
async def session(browser: str, folder: Path) -> AsyncIterator[Session]:
    """A browser without a proxy, at the page of the demo."""
    lines = folder / "lines.jsonl"
    driver = DRIVERS[browser]()
    with (
        demo("--set", f"cors_jsonl={lines}") as running,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
    ):
        await driver.start(Launch(None, Path(profile) / "profile"))
        try:
            yield Session(browser, driver, running.page.rstrip("/"), Mitmweb(running.mitmweb), lines)
        finally:
            await driver.stop()


def shown(scenario: Scenario, browser: str) -> tuple[str, str]:
    """The state of a scenario's card once it was pressed, and how the words on it begin."""
    if scenario.reason is not None:
        return "refused", REFUSED[browser]
    if scenario.hides:
        return "lacking", f'headers.get("{scenario.reads}") → null'
    return "answered", "200 OK"


def shown_when_allowed(scenario: Scenario) -> tuple[str, str]:
    """The same after `cors.allow`."""
    if scenario.reads is not None:
        return "answered", f'headers.get("{scenario.reads}") → "42"'
    return "answered", "500 Internal Server Error" if scenario.answer.status == 500 else "200 OK"


def expected(scenario: Scenario, browser: str) -> tuple[str, str | None, str | None]:
    """Verdict, reason and stage of what decides a scenario."""
    if scenario.reason is None:
        return "allow", None, None
    reason = scenario.reason_in_gecko if browser == "firefox" and scenario.reason_in_gecko else scenario.reason
    return "deny", reason.value, scenario.stage.value


def outcome(lines: list[dict[str, Any]]) -> tuple[str, str | None, str | None]:
    """The same, as the lines of one fetch say it."""
    decisive = next((line for line in lines if line["verdict"] == "deny"), lines[-1])
    refused = decisive["verdict"] == "deny"
    return decisive["verdict"], decisive["reason"], decisive["stage"] if refused else None


async def tutorial(browser: str, folder: Path) -> None:
    """Each button once; then what the page says to do; then each button again."""
    async with session(browser, folder) as at:
        before = await at.cards()
        assert set(before) == {scenario.name for scenario in SCENARIOS} | {blocked.name for blocked in BLOCKED}
        assert all(card["state"] == "new" and not card["told"] for card in before.values())
        for scenario in SCENARIOS:
            await at.press(scenario.name)
        after = await at.cards()
        for scenario in SCENARIOS:
            card = after[scenario.name]
            state, words = shown(scenario, browser)
            assert (card["state"], card["seen"][: len(words)], card["told"]) == (state, words, True), scenario.name

        assert await at.layout(1280) == {"width": 1280, "scroll": 1280, "columns": 3, "margin": "0px"}
        assert await at.layout(375) == {"width": 375, "scroll": 375, "columns": 1, "margin": "0px"}

        judged = at.judged()
        assert {name: outcome(lines) for name, lines in judged.items()} == {
            scenario.name: expected(scenario, browser) for scenario in SCENARIOS
        }
        engine = {"chromium": "chromium", "firefox": "gecko"}[browser]
        for scenario in SCENARIOS:
            lines = judged[scenario.name]
            assert {line["origin"] for line in lines} <= {at.page, "null"}
            assert {line["engine"] for line in lines} == {engine}
            assert not any(line["contradicted"] for line in lines), lines
            assert [line["role"] for line in lines] == roles(scenario), scenario.name
            assert all(line["url"].startswith("http://localhost:") for line in lines)
        assert "x-total-count" in judged["hidden-header"][0]["hidden_headers"]
        listed = at.mitmweb.listed()
        assert f"GET {at.page}/" in listed
        for lines in judged.values():
            for line in lines:
                comment = listed[f"{line['method']} {line['url']}"]
                assert comment.startswith("✓ CORS" if line["verdict"] == "allow" else "✗ "), line

        said = at.mitmweb.command(*shlex.split(after["no-headers"]["command"]))
        assert said.startswith(f"All is allowed for {at.page} at localhost:")
        for scenario in SCENARIOS:
            await at.press(scenario.name)
        allowed = await at.cards()
        for scenario in SCENARIOS:
            card = allowed[scenario.name]
            state, words = shown_when_allowed(scenario)
            assert (card["state"], card["seen"][: len(words)]) == (state, words), scenario.name
        assert {allowed[scenario.name]["sent"] for scenario in SCENARIOS} == {2}

        for command in await at.commands():
            assert at.mitmweb.command(*shlex.split(command)), command
        # the last of them was to take the rules away again
        await at.press("no-headers")
        assert (await at.cards())["no-headers"]["state"] == "refused"


async def blocks(browser: str, folder: Path) -> None:
    """Each load of the last group: the page sees that it fails, and mitmweb's list tells by what."""
    async with session(browser, folder) as at:
        for blocked in BLOCKED:
            await at.press(blocked.name)
        cards = await at.cards()
        listed = at.mitmweb.listed()
        last = {line["flow_id"]: line for line in map(json.loads, at.lines.read_text().splitlines())}
        gates = {urlsplit(line["url"]).path: line["blocked_by"] for line in last.values() if line["blocked_by"]}
        assert gates == {f"/{blocked.name}": blocked.gate for blocked in BLOCKED}
        for blocked in BLOCKED:
            framed = blocked.gate in ("frame-options", "frame-ancestors")
            words = "a load event, and an empty frame" if framed else "an error event"
            card = cards[blocked.name]
            assert (card["state"], card["seen"], card["told"]) == ("refused", words, True), blocked.name
            [comment] = [said for url, said in listed.items() if url.endswith(f"/{blocked.name}") and said]
            assert comment.startswith("✗ ")
            assert "CORS" not in comment


@pytest.mark.parametrize("browser", BROWSERS)
def test_nine_blocks(browser: str, tmp_path: Path) -> None:
    """One of each kind, each with its own explanation."""
    driver_of(browser)
    asyncio.run(blocks(browser, tmp_path))


def roles(scenario: Scenario) -> list[str]:
    """The requests that a browser makes for a scenario."""
    if scenario.stage == "preflight":
        return ["preflight"]
    asked = [] if scenario.preflight is None else ["preflight"]
    return [*asked, *(["actual"] if scenario.onward is None else ["redirect", "actual"])]


@pytest.mark.parametrize("browser", BROWSERS)
def test_the_tutorial(browser: str, tmp_path: Path) -> None:
    """What is promised happens: on the page, in mitmweb, and after `cors.allow`."""
    driver_of(browser)
    asyncio.run(asyncio.wait_for(tutorial(browser, tmp_path), 300))
