"""The HTML report, opened in a real Chromium: it works, it is inert, and nothing leaves it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Self

import pytest
from mitmproxy import http

from cors_addon.exchange.model import Judgement, Outcome, Role, Verdict
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.reasons.finding import Finding, FindingName
from cors_addon.report.html import page
from tests import waits
from tests.browser.drivers import Launch, chromium
from tests.browser.test_browser_truth import driver_of
from tests.helpers import ALLOW, ALLOW_PUT, PAGE, actual, flow, observe, preflight
from tests.test_report_html import HOSTILE, gather

CREDENTIALS = ("Access-Control-Allow-Credentials", "true")
OTHER = "https://admin.example.test"
KEYS = {"Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowUp": 38, "ArrowDown": 40, "Tab": 9}
NOBODY = 9
"""A port that nobody listens on stands for the proxy: what the report asked for would fail loudly."""

type Steps = Callable[[Opened], Awaitable[None]]


class Opened(chromium.Chromium):
    """A Chromium with one file open in it, and every event it reported."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.session = ""

    def on_event(self, session: str | None, method: str, params: dict[str, Any]) -> None:
        """Note everything."""
        self.events.append((method, params))

    def seen(self, *methods: str) -> list[dict[str, Any]]:
        """The parameters of these events, in order."""
        return [params for method, params in self.events if method in methods]

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """A command to the page."""
        assert self.cdp is not None
        return await self.cdp.call(method, self.session or None, **params)

    async def attach(self, width: int = 1280, height: int = 900, scheme: str = "light") -> Self:
        """Take hold of the tab."""
        targets = await self.call("Target.getTargets")
        [target] = [each["targetId"] for each in targets["targetInfos"] if each["type"] == "page"]
        self.session = (await self.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )
        await self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        return self

    async def open(self, url: str) -> None:
        """Load a file."""
        loaded = len(self.seen("Page.loadEventFired"))
        await self.call("Page.navigate", url=url)
        await waits.until(lambda: len(self.seen("Page.loadEventFired")) > loaded)
        # rows beyond the first ones are made in pieces
        await self.until("all('.row').length === rows()")

    async def value(self, expression: str) -> Any:
        """What an expression comes to, promises awaited."""
        wrapped = f"(async () => {{ {HELPERS} return ({expression}); }})()"
        result = await self.call("Runtime.evaluate", expression=wrapped, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until an expression holds."""
        async with asyncio.timeout(30):
            while not await self.value(expression):
                await waits.pause()

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
            code = KEYS.get(key, ord(key[0].upper()))
            down: dict[str, Any] = {"key": key, "windowsVirtualKeyCode": code}
            await self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **down)
            await self.call("Input.dispatchKeyEvent", type="keyUp", **down)

    async def shown(self) -> list[str]:
        """Method and path of the requests in the list."""
        return list(await self.value("visible().map((row) => text(row, '.method') + ' ' + text(row, '.url'))"))


HELPERS = """
  const focused = () => document.activeElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const text = (from, selector) => from.querySelector(selector).textContent;
  const visible = () => all(".row").filter((row) => !row.hidden);
  const rows = () => JSON.parse(document.getElementById("data").textContent).fetches.length;
  const chip = (state) => document.querySelector(`.chip.${state}`);
  const choose = (label, value) => {
    const select = document.querySelector(`select[aria-label="${label}"]`);
    select.value = value;
    select.dispatchEvent(new Event("change", {bubbles: true}));
  };
  const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
"""


@pytest.fixture
def viewing(tmp_path: Path) -> Callable[..., Opened]:
    """Opens a report on these flows and takes steps in it."""

    def view(
        flows: Sequence[http.HTTPFlow],
        steps: Steps,
        *,
        alter: Callable[[Judgement], None] = lambda _judgement: None,
        fragment: str = "",
        **screen: Any,
    ) -> Opened:
        file = tmp_path / "report.html"
        bodies = {each.id: each.response.content or b"" for each in flows if each.response is not None}
        judgements = observe(*flows)
        for judgement in judgements:
            alter(judgement)
        file.write_text(page.render(*gather(judgements), body_of=lambda flow_id: bodies.get(flow_id, b"")))

        async def run() -> Opened:
            driver_of("chromium")
            browser = Opened()
            try:
                await browser.start(Launch(proxy_port=NOBODY, profile=tmp_path / "profile"))
                await browser.attach(**screen)
                await browser.open(file.as_uri() + fragment)
                await steps(browser)
            finally:
                await browser.stop()
            return browser

        return asyncio.run(run())

    return view


def shop() -> list[http.HTTPFlow]:
    """A bit of everything: five requests, of which two are denied."""
    ours = (*ALLOW, CREDENTIALS)
    return [
        preflight([*ours, ("Access-Control-Allow-Methods", "PUT")]),
        actual(ours, method="PUT", at=0.1),
        preflight([*ours, ("Access-Control-Allow-Methods", "GET")], method="PATCH", at=1),
        actual([], url="https://api.example.test/broken", status=502, at=2),
        flow(request=[("Origin", OTHER), ("Sec-Fetch-Mode", "cors")], response=[("Access-Control-Allow-Origin", "*")],
             url="https://api.example.test/open", at=3),
        flow("POST", request=[("Origin", PAGE), ("Sec-Fetch-Mode", "navigate")], url=f"{PAGE}/logout", at=4),
    ]  # fmt: skip


def errors(browser: Opened) -> list[dict[str, Any]]:
    """Whatever a console would show in red, and dialogs."""
    logged = browser.seen("Runtime.consoleAPICalled", "Log.entryAdded", "Runtime.exceptionThrown")
    return logged + browser.seen("Page.javascriptDialogOpening")


def requests(browser: Opened) -> list[str]:
    """What was asked for, by scheme."""
    return [params["request"]["url"].partition(":")[0] for params in browser.seen("Network.requestWillBeSent")]


EVERYTHING_OPEN = """(() => {
  all(".more").forEach((button) => button.click());
  all(".chip[aria-pressed=false]").forEach((button) => button.click());
  all(".line").forEach((button) => button.click());
  all("details").forEach((details) => { details.open = true; });
  return all(".panel").length;
})()"""


def test_hostile_traffic_is_inert(viewing: Callable[..., Opened]) -> None:
    """Markup, event handlers and javascript: URLs are text, wherever they stood."""
    attacks = [
        *HOSTILE,
        "<img src=x onerror=globalThis.ran=1>",
        "javascript:globalThis.ran=1",
        "<a href=javascript:globalThis.ran=1 onclick=globalThis.ran=1>click</a>",
        "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
        "<style>@import 'http://127.0.0.1/x'</style>",
    ]
    flows = []
    for number, attack in enumerate(attacks):
        at = 10.0 * number
        flows += [
            preflight([("Access-Control-Allow-Origin", attack)], method=f"P{attack}", headers=f"x-{attack}",
                      body=f"<p>{attack.replace('<', '&lt;')}".encode(), at=at),
            actual([*ALLOW, (f"x-{attack}", attack)], url=f"https://api.example.test/{attack}?{attack}", at=at + 1),
            actual([("Location", f"https://u:p@{attack}/")], status=302, at=at + 2),
            flow(request=[("Origin", attack), ("Sec-Fetch-Mode", attack)], url="https://api.example.test/o", at=at + 3),
        ]  # fmt: skip

    async def steps(browser: Opened) -> None:
        assert await browser.value(EVERYTHING_OPEN) >= len(attacks) * 3
        await browser.value("painted()")
        # all that bears a script, an address or a handler is ours
        assert await browser.value("all('script').length") == 2
        assert (
            await browser.value(
                "all('img, iframe, object, embed, link, base, form, [src], [srcdoc], [style] img').length"
            )
            == 0
        )
        assert (
            await browser.value("all('*').filter((e) => e.getAttributeNames().some((n) => n.startsWith('on'))).length")
            == 0
        )
        links = await browser.value("all('[href]').map((e) => e.getAttribute('href'))")
        assert links
        assert {link.partition("#")[0] for link in links} == {"https://fetch.spec.whatwg.org/"}
        assert await browser.value("all('style').length") == 1
        # and it can be read
        words = await browser.value("document.querySelector('main').textContent")
        for attack in attacks:
            assert not attack.isprintable() or attack in words
        assert await browser.value("'ran' in globalThis") is False

    browser = viewing(flows, steps)
    assert errors(browser) == []
    assert requests(browser) == ["file"]


def test_the_policy_holds(viewing: Callable[..., Opened]) -> None:
    """Even markup that got in would neither run nor load anything."""

    async def steps(browser: Opened) -> None:
        violations = await browser.value("""(async () => {
          const found = [];
          addEventListener("securitypolicyviolation", (event) => found.push(event.effectiveDirective));
          const script = document.createElement("script");
          try { script.textContent = "globalThis.ran = 1"; } catch { found.push("threw"); }
          script.append("globalThis.ran = 1");
          document.body.append(script);
          const image = document.createElement("img");
          image.src = "http://127.0.0.1:9/x.png";
          const style = document.createElement("style");
          style.append("body { color: red }");
          document.body.append(image, style);
          try { document.body.innerHTML = "<b>"; } catch { found.push("innerHTML threw"); }
          while (!["img-src", "style-src-elem"].every((each) => found.includes(each))) await painted();
          await painted();
          return found;
        })()""")
        assert "innerHTML threw" in violations
        assert {"img-src", "style-src-elem"} <= set(violations)
        assert {"script-src-elem", "require-trusted-types-for"} & set(violations)
        assert await browser.value("'ran' in globalThis") is False

    assert requests(viewing(shop(), steps)).count("file") == 1


def test_filters(viewing: Callable[..., Opened]) -> None:
    """By verdict, reason, origin, words and cell; the address keeps them."""

    async def steps(browser: Opened) -> None:
        # what is no CORS is there, and hidden at first
        assert [each.split()[0] for each in await browser.shown()] == ["PUT", "PATCH", "GET", "GET"]
        await browser.value("chip('allow').click() ?? chip('depends').click()")
        assert await browser.shown() == [
            "PATCH https://api.example.test/items/1",
            "GET https://api.example.test/broken",
        ]
        assert await browser.value("document.querySelector('.status').textContent") == "2 of 5 requests"
        assert await browser.value("chip('allow').getAttribute('aria-pressed')") == "false"
        await browser.value("choose('any reason', 'method-not-allowed')")
        assert await browser.shown() == ["PATCH https://api.example.test/items/1"]
        address = await browser.value("location.hash")
        assert "reason=method-not-allowed" in address
        # the same address shows the same
        await browser.value("all('button').find((b) => b.textContent === 'Clear filters').click()")
        assert len(await browser.shown()) == 4
        await browser.value(f"location.hash = {json.dumps(address)}")
        await browser.until("visible().length === 1")
        await browser.value("all('button').find((b) => b.textContent === 'Clear filters').click()")
        await browser.value(f"choose('any origin', {json.dumps('=' + OTHER)})")
        assert await browser.shown() == ["GET https://api.example.test/open"]
        await browser.value("choose('any origin', '')")
        await browser.value("document.querySelector('input').focus()")
        await browser.call("Input.insertText", text="502 BROKEN")
        await browser.until("visible().length === 1")
        assert await browser.shown() == ["GET https://api.example.test/broken"]
        await browser.call("Input.insertText", text=" nothing-has-this")
        await browser.until("visible().length === 0")
        assert await browser.value("!document.querySelector('.empty').hidden")
        await browser.press("Escape")
        await browser.until("visible().length === 4")
        # a cell of the matrix
        await browser.value("all('#matrix .cell.deny')[0].click()")
        assert len(await browser.shown()) == 1
        assert "endpoint=" in await browser.value("location.hash")
        await browser.value("document.querySelector('.chip.endpoint').click()")
        # a cause leads to its requests
        await browser.value("all('.cause .go')[0].click()")
        assert len(await browser.shown()) == 1
        assert "cause=" in await browser.value("location.hash")
        assert await browser.value("document.querySelector('.chip.cause').textContent.includes('is')")

    browser = viewing(shop(), steps)
    assert errors(browser) == []
    assert requests(browser) == ["file"]


def test_keyboard(viewing: Callable[..., Opened]) -> None:
    """Everything without a pointer: search, move, open, close."""
    focus = "focused().closest('.row') ? text(focused(), '.method') : focused().localName"

    async def steps(browser: Opened) -> None:
        await browser.press("/")
        assert await browser.value(focus) == "input"
        await browser.press("ArrowDown")
        assert await browser.value(focus) == "PUT"
        await browser.press("j")
        assert await browser.value(focus) == "PATCH"
        await browser.press("Enter")
        assert await browser.value("document.activeElement.getAttribute('aria-expanded')") == "true"
        assert await browser.value("all('.panel').length") == 1
        await browser.until("document.querySelector('.panel svg.diagram') !== null")
        story = await browser.value("document.querySelector('.panel svg').getAttribute('aria-label')")
        assert story.startswith("Sequence: PATCH /items/1; OPTIONS (may I? PATCH); 204")
        assert "PATCH never sent; no answer for the page" in story
        await browser.press("Escape")
        assert await browser.value("all('.panel').length") == 0
        await browser.press("k")
        assert await browser.value(focus) == "PUT"
        await browser.press("End")
        assert await browser.value("text(document.activeElement, '.url')") == "https://api.example.test/open"
        await browser.press("Home", "ArrowUp")
        assert await browser.value(focus) == "input"
        # one stop for Tab in the list, whatever its length
        assert await browser.value("all('.line[tabindex=\"0\"]').length") == 1
        # in the matrix, arrows go from cell to cell
        await browser.value("all('.cell')[0].focus()")
        await browser.press("ArrowDown")
        assert await browser.value("all('.cell').indexOf(document.activeElement)") == 1
        # a link to each section takes the focus there
        await browser.value("all('nav button').at(-1).focus()")
        await browser.press("Enter")
        assert await browser.value("focused().id") == "requests-title"
        await browser.press("Tab")
        # what has the focus shows it
        outline = await browser.value("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"

    assert errors(viewing(shop(), steps)) == []


def test_policies_and_findings(viewing: Callable[..., Opened]) -> None:
    """What would turn under a policy, and what a reviewer would find: listed, explained, and to be filtered by."""
    flows = shop()

    def tried(judgement: Judgement) -> None:
        if judgement.observation.flow_id == flows[4].id:
            judgement.findings = (Finding(FindingName.UNRELATED_ORIGINS_WITH_CREDENTIALS, "<b>some</b>"),)
        allowed = Outcome(Verdict.ALLOW)
        if judgement.verdict is Verdict.ALLOW and judgement.role is Role.ACTUAL:
            refusal = Refusal(Reason.ALLOW_ORIGIN_MISSING, Stage.ACTUAL)
            denied = Outcome(Verdict.DENY, refusal)
            judgement.shadow = (("<i>strict</i>", denied, allowed), ("same", allowed, allowed))

    async def steps(browser: Opened) -> None:
        assert await browser.value("all('#policies tbody tr').length") == 2
        assert "newly fails" in await browser.value("text(document, '#policies')")
        assert "No verdict changes under same." in await browser.value("text(document, '#policies')")
        await browser.value("choose('any policy that turns it', '<i>strict</i>')")
        assert [each.split()[0] for each in await browser.shown()] == ["PUT", "GET"]
        await browser.value("all('#policies tbody button')[0].click()")
        assert await browser.value(
            "text(document, '.panel .facts').includes('under <i>strict</i>: allow-origin-missing')"
        )
        said = "!unrelated origins are allowed with credentials: <b>some</b>"
        assert await browser.value("text(document, '#findings h3')") == said
        assert await browser.value("text(document, '#findings .diff').includes('Vary: Origin')")
        await browser.value("document.querySelector('#findings .go').click()")
        assert await browser.shown() == ["GET https://api.example.test/open"]
        assert await browser.value("all('.row .sign.warn').length") == 1

    browser = viewing(flows, steps, alter=tried)
    assert errors(browser) == []
    assert requests(browser) == ["file"]


def test_an_address_opens_a_request(viewing: Callable[..., Opened]) -> None:
    """Also one that its filters hide."""
    flows = shop()

    async def steps(browser: Opened) -> None:
        assert await browser.value("all('.panel').length") == 1
        assert (
            await browser.value("text(document, '.panel h3')") == 'PATCH is not in Access-Control-Allow-Methods "GET"'
        )

    viewing(flows, steps, fragment=f"#verdict=allow&flow={flows[2].id}")


@pytest.mark.parametrize(("width", "scheme"), [(375, "light"), (375, "dark"), (1280, "dark")])
def test_screens(viewing: Callable[..., Opened], width: int, scheme: str) -> None:
    """Nothing is wider than the screen, everything opened; dark where that is wanted."""
    long = actual(
        [("Access-Control-Allow-Origin", "https://" + "x" * 300)], url="https://api.example.test/" + "y" * 300
    )

    async def steps(browser: Opened) -> None:
        await browser.value(EVERYTHING_OPEN)
        await browser.value("painted()")
        assert await browser.value("document.documentElement.scrollWidth") <= width
        assert await browser.value("all('.diagram').every((svg) => svg.clientWidth <= svg.parentNode.clientWidth)")
        light = await browser.value(
            "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every((part) => part > 128)"
        )
        assert light is (scheme == "light")

    assert errors(viewing([*shop(), long], steps, width=width, height=812, scheme=scheme)) == []


def test_many_exchanges(viewing: Callable[..., Opened]) -> None:
    """All are in the page, for the browser's own search and for print, and the end can be reached."""
    flows = [
        actual([] if number % 10 == 0 else ALLOW, url=f"https://api.example.test/{number}", at=number)
        for number in range(3000)
    ]

    async def steps(browser: Opened) -> None:
        assert await browser.value("all('.row').length") == 3000
        await browser.value("scrollTo(0, document.body.scrollHeight)")
        last = "all('.row').at(-1).getBoundingClientRect()"
        await browser.until(f"{last}.top < innerHeight && {last}.height > 20")
        await browser.value("document.querySelector('input').focus()")
        await browser.call("Input.insertText", text="/2999")
        await browser.until("visible().length === 1")

    assert errors(viewing(flows, steps)) == []


def test_without_script(viewing: Callable[..., Opened]) -> None:
    """The text report stands in."""

    async def steps(browser: Opened) -> None:
        await browser.call("Emulation.setScriptExecutionDisabled", value=True)
        loaded = len(browser.seen("Page.loadEventFired"))
        await browser.call("Page.reload")
        await waits.until(lambda: len(browser.seen("Page.loadEventFired")) > loaded)
        tree = await browser.call("DOM.getDocument", depth=-1)
        assert "NOSCRIPT" in json.dumps(tree)
        tree = await browser.call("Accessibility.getFullAXTree")
        assert "method-not-allowed at the preflight" in json.dumps(tree)

    viewing([*shop(), preflight(ALLOW_PUT, at=9)], steps)
