"""What a browser tells of one load, and how it is asked: `tests/browser/drivers`, with a page for each case."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests import waits
from tests.browser.drivers import BrowserGone
from tests.browser.drivers.bidi import BidiError
from tests.browser.drivers.cdp import CdpError
from tests.browser.drivers.chromium import Chromium
from tests.browser.drivers.firefox import Firefox
from tests.browser.drivers.webkit import Tab, TabGone, WebKit

from .cases import NearCase

RUNNER = (Path(__file__).parent.parent / "page" / "near.js").read_text(encoding="utf-8")
RESOURCE = re.compile(r"/[rw]/(n[0-9a-z]+)/?\d*")
DOCUMENT = re.compile(r"/[dms]/(n[0-9a-z]+)")
PAGE_SECONDS = 20.0
SETTLE_SECONDS = 2.0
CONSOLE_SECONDS = 0.12
ROUND_TRIP_MILLISECONDS = 60
FIREFOX_LATE_SECONDS = 0.15


@dataclasses.dataclass(slots=True)
class Told:
    """What became of a load, in the browser's words."""

    js: dict[str, Any] = dataclasses.field(default_factory=dict)
    console: list[str] = dataclasses.field(default_factory=list)
    """Chromium: texts; Firefox: `[category] text`; WebKit: `CONSOLE SOURCE LEVEL text`."""
    failures: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    """Chromium: of Network.loadingFailed; Firefox: how a channel ended that did not end well."""


def expression(case: NearCase) -> str:
    """What is evaluated in the page."""
    return f"(() => {{ {RUNNER} return self.runLoad({json.dumps(case.asked)}) }})()"


@dataclasses.dataclass(slots=True)
class Watched:
    """A tab of Chromium, and the case in it."""

    session: str
    told: Told = dataclasses.field(default_factory=Told)
    case: str = ""
    requests: dict[str, bool] = dataclasses.field(default_factory=dict)
    """By id, whether it has ended."""
    loaded: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)
    changed: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)


class NearChromium(Chromium):
    """Each case in a tab; what a frame or a worker of it tells is the tab's."""

    concurrency = 5

    def __init__(self) -> None:
        super().__init__()
        self.free: list[Watched] = []
        self.watched: dict[str, Watched] = {}
        """By session, those of frames and workers included."""

    async def run_load(self, case: NearCase) -> Told:
        """Open the case's page, and have it make its load."""
        assert self.cdp is not None
        tab = self.free.pop() if self.free else await self.open_tab()
        tab.told, tab.case, tab.requests = Told(), case.id, {}
        tab.loaded.clear()
        await self.cdp.call("Page.navigate", tab.session, url=case.document)
        try:
            await asyncio.wait_for(tab.loaded.wait(), PAGE_SECONDS)
        except TimeoutError:
            raise BrowserGone(f"{case.document} did not load") from None
        result = await self.cdp.call(
            "Runtime.evaluate",
            tab.session,
            expression=expression(case),
            awaitPromise=True,
            returnByValue=True,
            wait=30.0,
        )
        if "exceptionDetails" in result:
            raise BrowserGone(f"script failed in {case.document}: {result['exceptionDetails']}")
        tab.told.js = result["result"].get("value") or {}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                while not tab.requests or not all(tab.requests.values()):
                    tab.changed.clear()
                    await tab.changed.wait()
        await waits.grace(CONSOLE_SECONDS)
        told, tab.case = tab.told, ""
        self.free.append(tab)
        return told

    async def open_tab(self) -> Watched:
        """A tab whose events are noted."""
        assert self.cdp is not None
        # in a window of its own it is visible: hidden ones load no media and no plugins
        target = await self.cdp.call("Target.createTarget", url="about:blank", newWindow=True)
        attached = await self.cdp.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        session: str = attached["sessionId"]
        tab = self.watched[session] = Watched(session)
        await self.watch(session)
        await self.cdp.call("Page.enable", session)
        return tab

    def on_event(self, session: str | None, method: str, params: dict[str, Any]) -> None:
        """Note what an event tells of the case in its tab."""
        tab = self.watched.get(session or "")
        if tab is None:
            return
        match method:
            case "Target.attachedToTarget":
                self.watched[params["sessionId"]] = tab
                task = asyncio.create_task(self.watch_if_it_answers(params["sessionId"], params["targetInfo"]["type"]))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
            case "Page.loadEventFired" if session == tab.session:
                tab.loaded.set()
            case "Log.entryAdded":
                entry = params["entry"]
                if self.about(tab, f"{entry['text']} {entry.get('url', '')}"):
                    tab.told.console.append(entry["text"])
            case "Network.requestWillBeSent":
                found = RESOURCE.search(params["request"]["url"])
                if found is not None and found[1] == tab.case and "/r/" in params["request"]["url"]:
                    preflight = params["initiator"]["type"] == "preflight"
                    tab.requests.setdefault(params["requestId"], preflight)
            case "Network.loadingFinished" if params["requestId"] in tab.requests:
                tab.requests[params["requestId"]] = True
            case "Network.loadingFailed" if params["requestId"] in tab.requests:
                tab.requests[params["requestId"]] = True
                tab.told.failures.append(params)
        tab.changed.set()

    async def watch_if_it_answers(self, session: str, kind: str) -> None:
        """Watch a frame or a worker: a worklet ends before it has answered, a service worker answers once it runs."""
        with contextlib.suppress(BrowserGone, CdpError):
            if kind == "service_worker":
                assert self.cdp is not None
                await self.cdp.call("Runtime.runIfWaitingForDebugger", session)
            await self.watch(session)

    @staticmethod
    def about(tab: Watched, text: str) -> bool:
        """Whether a text is of the case in the tab: it names it, or no case at all."""
        named = {one[1] for one in (*RESOURCE.finditer(text), *DOCUMENT.finditer(text))}
        return tab.case in named or (not named and bool(tab.case))


# every message, with the page it is of, and each channel of a case that did not end well
WATCHER = """
(send) => {
  const onConsole = { observe(message) {
    if (!(message instanceof Ci.nsIScriptError)) return;
    const text = message.errorMessage.slice(0, 2000);
    let page = "";
    try {
      const context = WindowGlobalParent.getByInnerWindowId(message.innerWindowID).browsingContext.top;
      page = context.currentWindowGlobal.documentURI.spec;
    } catch {}
    send(JSON.stringify({ what: "console", text: `[${message.category}] ${text}`, page }));
  } };
  const onChannel = { observe(subject, topic) {
    const channel = subject.QueryInterface(Ci.nsIHttpChannel);
    send(JSON.stringify({
      what: "channel", text: channel.URI.spec, page: "", blocked: channel.loadInfo.requestBlockingReason,
      status: ChromeUtils.getXPCOMErrorName(channel.status),
    }));
  } };
  globalThis.browserTruth = [onConsole, onChannel];
  Services.console.registerListener(onConsole);
  Services.obs.addObserver(onChannel, "http-on-stop-request");
  Services.obs.addObserver(onChannel, "http-on-failed-opening-request");
}
"""


class NearFirefox(Firefox):
    """Each case in a tab; the browser's own window tells which page a message is of."""

    concurrency = 4
    watcher = WATCHER

    def __init__(self) -> None:
        super().__init__()
        self.free: list[str] = []
        self.told: dict[str, Told] = {}

    async def run_load(self, case: NearCase) -> Told:
        """Open the case's page, and have it make its load."""
        assert self.bidi is not None
        if self.free:
            context = self.free.pop()
        else:
            tab = await self.bidi.call("browsingContext.create", type="window")
            context = tab["context"]
        told = self.told[case.id] = Told()
        try:
            await self.bidi.call(
                "browsingContext.navigate", PAGE_SECONDS, context=context, url=case.document, wait="complete"
            )
            told.js = await self.bidi.evaluate(context, expression(case)) or {}
            # whatever the page's process has reported by now arrives before its answer to this
            pause = f"new Promise((resolve) => setTimeout(resolve, {ROUND_TRIP_MILLISECONDS}))"
            await self.bidi.evaluate(context, pause)
        except BidiError as error:
            raise BrowserGone(f"{case.document}: {error}") from error
        await waits.grace(FIREFOX_LATE_SECONDS)
        self.free.append(context)
        return self.told.pop(case.id)

    def on_event(self, method: str, params: dict[str, Any]) -> None:
        """Note what the watcher tells."""
        if method != "script.message":
            return
        event: dict[str, Any] = json.loads(params["data"]["value"])
        text = event["text"]
        found = RESOURCE.search(text) or DOCUMENT.search(text) or DOCUMENT.search(event["page"])
        told = None if found is None else self.told.get(found[1])
        if told is None:
            return
        if event["what"] == "console":
            told.console.append(text)
        elif "/r/" in text and (event["status"] != "NS_OK" or event["blocked"]):
            told.failures.append({"status": event["status"], "blocked": event["blocked"], "url": text})


class NearWebKit(WebKit):
    """Each case in a tab of its own while it runs: most texts name no URL."""

    concurrency = 3

    def __init__(self) -> None:
        super().__init__()
        self.idle: dict[str, list[Tab]] = {}
        """By the page's scheme and host: across sites a tab changes its process, and the inspector its target."""

    async def run_load(self, case: NearCase) -> Told:
        """Open the case's page, and have it make its load."""
        idle = self.idle.setdefault("{0.scheme}://{0.hostname}".format(urlsplit(case.page)), [])
        try:
            if idle:
                tab = idle.pop()
                tab.console.clear()
            else:  # what the page's own markup loads was told already
                tab = await self.open_tab(case.document)
            await self.go_to(tab, case.document)
            told = Told(await tab.settle(expression(case), CONSOLE_SECONDS))
            told.console = list(tab.console)
            idle.append(tab)
        except TabGone as error:
            self.deaths += 1
            if self.deaths > 20 or self.process is None or self.process.returncode is not None:
                raise BrowserGone(f"WebKit ended or dies again and again: {error}") from None
            return Told({"outcome": "died", "error": str(error)})
        self.deaths = 0
        return told

    async def open_tab(self, url: str) -> Tab:
        """A tab at a page."""
        assert self.root is not None
        async with self.opening:
            arguments = json.dumps([url, "_blank", "noopener,popup"])
            await self.root.call("Runtime.evaluate", expression=f"open(...{arguments}); 0", emulateUserGesture=True)
            return await self.connect(url)

    async def go_to(self, tab: Tab, url: str) -> None:
        """Navigate, unless it is there, and wait until all that the page itself loads has come."""
        if await tab.value("location.href") != url:
            await tab.call("Page.navigate", url=url)
        ready = f"location.href === {json.dumps(url)} && document.readyState === 'complete'"
        deadline = asyncio.get_running_loop().time() + PAGE_SECONDS
        while not await tab.value(ready):
            if asyncio.get_running_loop().time() > deadline:
                raise TabGone(f"{url} does not load")
            await waits.pause()


type NearDriver = NearChromium | NearFirefox | NearWebKit
NEAR: dict[str, type[NearDriver]] = {"chromium": NearChromium, "firefox": NearFirefox, "webkit": NearWebKit}
