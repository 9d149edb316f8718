"""Chromium, over the DevTools protocol: its own `corsErrorStatus` for every failed request."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from tests import waits
from tests.browser.cases import Case

from . import BrowserGone, Launch, Outcome, binary_of
from .cdp import Cdp, CdpError

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
DISABLED = (
    "HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,LocalNetworkAccessChecks,"
    "MediaRouter,OptimizationHints,NetworkTimeServiceQuerying"
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-component-extensions-with-background-pages",
    "--extensions-update-frequency=1000000",
    "--disable-domain-reliability",
    "--disable-client-side-phishing-detection",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--disable-dev-shm-usage",
    "--metrics-recording-only",
    "--password-store=basic",
    "--use-mock-keychain",
    "--ignore-certificate-errors",
    "--proxy-bypass-list=<-loopback>",
    "--remote-debugging-port=0",
    f"--disable-features={DISABLED}",
)
CASE_PATH = re.compile(r"/[kc]/([^/]+)/\d+")
START_SECONDS = 120.0
SETTLE_SECONDS = 3.0
CONSOLE_SECONDS = 0.3
NOT_A_FETCH = frozenset({"nav", "form"})


@dataclasses.dataclass(slots=True)
class Request:
    """A request of a step, redirects and all, as DevTools reports it."""

    preflight: bool
    responded: bool = False
    ended: bool = False
    cors_error: dict[str, Any] | None = None
    net_error: str | None = None


@dataclasses.dataclass(slots=True)
class Running:
    """A step under way: its requests by (session, request id), in the order in which they began."""

    requests: dict[tuple[str | None, str], Request] = dataclasses.field(default_factory=dict)
    console: list[str] = dataclasses.field(default_factory=list)
    changed: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    @property
    def main(self) -> Request | None:
        """The request proper, which a preflight's failure is reported on too."""
        return next((request for request in self.requests.values() if not request.preflight), None)


class Chromium:
    """One headless Chromium."""

    page_path: ClassVar[str] = "/page"
    name: ClassVar[str] = "chromium"
    concurrency: ClassVar[int] = 10
    http2: ClassVar[bool] = True
    flags: ClassVar[tuple[str, ...]] = ()
    """More of the command line."""
    opaque_apis: ClassVar[frozenset[str]] = frozenset()
    unpreflighted: ClassVar[frozenset[str]] = frozenset(
        "dpr device-memory width viewport-width rtt downlink ect save-data user-agent".split()
    )

    def __init__(self) -> None:
        self.process: asyncio.subprocess.Process | None = None
        self.cdp: Cdp | None = None
        self.pages: dict[str, asyncio.Task[str]] = {}
        self.running: dict[str, Running] = {}
        self.requests: dict[tuple[str | None, str], tuple[Running, Request]] = {}
        self.loaded: dict[str, asyncio.Event] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    @classmethod
    def find(cls) -> Path:
        """The binary, or BrowserMissing."""
        return binary_of(NAMES, "Chromium", "chromium")

    async def start(self, launch: Launch) -> None:
        """Start Chromium and connect to it."""
        default = launch.profile / "Default"
        default.mkdir(parents=True)
        preferences = {
            "profile": {
                "cookie_controls_mode": 1 if launch.block_third_party_cookies else 0,
                "block_third_party_cookies": launch.block_third_party_cookies,
            }
        }
        (default / "Preferences").write_text(json.dumps(preferences), encoding="utf-8")
        self.process = await asyncio.create_subprocess_exec(
            str(self.find()),
            *FLAGS,
            *self.flags,
            f"--user-data-dir={launch.profile}",
            f"--proxy-server=127.0.0.1:{launch.proxy_port}" if launch.proxy_port else "--no-proxy-server",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "HOME": str(launch.profile)},
        )
        port_file = launch.profile / "DevToolsActivePort"
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while not port_file.exists() or port_file.read_text().count("\n") < 1:
            if self.process.returncode is not None or asyncio.get_running_loop().time() > deadline:
                raise BrowserGone("Chromium did not start")
            await waits.pause()
        port, path = port_file.read_text().splitlines()[:2]
        self.cdp = await Cdp.open(f"ws://127.0.0.1:{port}{path}", self.on_event)

    async def prime(self, page: str, urls: list[str]) -> None:
        """Have a page ask every server for its cookie."""
        await self.evaluate(page, f"prime({json.dumps(urls)})")

    async def run_step(self, case: Case, index: int, step: dict[str, Any]) -> Outcome:
        """Run a step and wait until both script and the network service have told how it ended."""
        running = self.running[case.id] = Running()
        try:
            seen = await self.evaluate(case.page, f"runStep({json.dumps(step['ctx'] or case.ctx)}, {json.dumps(step)})")
            await self.settle(running, step["api"])
        finally:
            self.running.pop(case.id, None)
            for key in running.requests:
                self.requests.pop(key, None)
        return self.outcome(seen, running)

    async def run_together(self, case: Case, steps: list[dict[str, Any]]) -> list[Outcome]:
        """Run steps at once. The console's lines name a URL alone, so they are a step's whose URLs are its alone."""
        keys = [f"{case.id}/{index}" for index in range(len(steps))]
        together = [Running() for _ in steps]
        self.running |= dict(zip(keys, together, strict=True))
        for url, owners in case.owners().items():
            if len(owners) == 1:
                self.running[url] = together[owners[0]]
        try:
            arguments = f"{json.dumps(case.ctx)}, {json.dumps(steps)}"
            seen = await self.evaluate(case.page, f"runTogether({arguments})")
            for running, step in zip(together, steps, strict=True):
                await self.settle(running, step["api"])
        finally:
            for key in (*keys, *case.owners()):
                self.running.pop(key, None)
            for running in together:
                for request in running.requests:
                    self.requests.pop(request, None)
        return [self.outcome(one, running) for one, running in zip(seen, together, strict=True)]

    @staticmethod
    def outcome(seen: dict[str, Any], running: Running) -> Outcome:
        """What script and the network service have told of a step."""
        outcome = Outcome.of(seen, running.console)
        main = running.main
        if main is None:
            return outcome
        outcome.passed = main.responded and main.cors_error is None
        outcome.net_error = None if outcome.passed or main.cors_error else main.net_error
        if main.cors_error is not None:
            outcome.error = main.cors_error["corsError"]
            outcome.failed_parameter = main.cors_error.get("failedParameter") or None
        return outcome

    async def settle(self, running: Running, api: str) -> None:
        """Wait for the end of the step's main request, and for the console line of a CORS error."""
        if api in NOT_A_FETCH:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                while running.main is None or not running.main.ended:
                    running.changed.clear()
                    await running.changed.wait()
        if running.main is not None and running.main.cors_error is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CONSOLE_SECONDS):
                    while not any("CORS policy" in line for line in running.console):
                        running.changed.clear()
                        await running.changed.wait()

    async def evaluate(self, page: str, expression: str) -> Any:
        """The value of an expression, once settled, in the page of one origin."""
        if page not in self.pages:
            self.pages[page] = asyncio.create_task(self.open_page(page))
        session = await asyncio.shield(self.pages[page])
        assert self.cdp is not None
        result = await self.cdp.call(
            "Runtime.evaluate", session, expression=expression, awaitPromise=True, returnByValue=True, wait=60.0
        )
        if "exceptionDetails" in result:
            raise BrowserGone(f"script failed in {page}: {result['exceptionDetails']}")
        return result["result"].get("value") or {}

    async def open_page(self, page: str) -> str:
        """Open the case page of one origin in a tab of its own; its session."""
        return await self.open_where(page)

    async def open_where(self, page: str, **where: Any) -> str:
        """The same in a tab that DevTools is asked to open `where`."""
        assert self.cdp is not None
        target = await self.cdp.call("Target.createTarget", url="about:blank", **where)
        attached = await self.cdp.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        session: str = attached["sessionId"]
        await self.watch(session)
        await self.cdp.call("Page.enable", session)
        self.loaded[session] = asyncio.Event()
        await self.cdp.call("Page.navigate", session, url=f"{page}{self.page_path}")
        try:
            await asyncio.wait_for(self.loaded[session].wait(), START_SECONDS)
        except TimeoutError:
            raise BrowserGone(f"{page}{self.page_path} did not load") from None
        return session

    async def watch(self, session: str) -> None:
        """Have a target report its requests, its console, and the frames and workers that it makes."""
        assert self.cdp is not None
        cdp = self.cdp
        with contextlib.suppress(CdpError):
            await cdp.call("Network.enable", session)
        with contextlib.suppress(CdpError):
            await cdp.call("Log.enable", session)
        with contextlib.suppress(CdpError):
            await cdp.call("Target.setAutoAttach", session, autoAttach=True, waitForDebuggerOnStart=True, flatten=True)
        with contextlib.suppress(CdpError):
            await cdp.call("Runtime.runIfWaitingForDebugger", session)

    def on_event(self, session: str | None, method: str, params: dict[str, Any]) -> None:
        """Note what an event tells about a step under way."""
        match method:
            case "Target.attachedToTarget":
                if session is not None:
                    task = asyncio.create_task(self.watch(params["sessionId"]))
                    self.tasks.add(task)
                    task.add_done_callback(self.tasks.discard)
            case "Page.loadEventFired":
                if session in self.loaded:
                    self.loaded[session].set()
            case "Log.entryAdded":
                text = params["entry"]["text"]
                if (found := self.step_of(text) or self.step_of(params["entry"].get("url", ""))) is not None:
                    found.console.append(text)
                    found.changed.set()
            case "Network.requestWillBeSent":
                key = (session, params["requestId"])
                running = self.step_of(params["request"]["url"], params["request"]["headers"])
                if key not in self.requests and running is not None:
                    request = Request(preflight=params["initiator"]["type"] == "preflight")
                    running.requests[key] = request
                    self.requests[key] = (running, request)
            case "Network.responseReceived" | "Network.loadingFinished" | "Network.loadingFailed":
                if (known := self.requests.get((session, params["requestId"]))) is not None:
                    self.on_end(*known, method, params)

    @staticmethod
    def on_end(running: Running, request: Request, method: str, params: dict[str, Any]) -> None:
        """Note how a request went on."""
        match method:
            case "Network.responseReceived":
                request.responded = True
            case "Network.loadingFinished":
                request.ended = True
            case "Network.loadingFailed":
                request.ended = True
                request.cors_error = params.get("corsErrorStatus")
                request.net_error = params.get("blockedReason") or params["errorText"]
        running.changed.set()

    def step_of(self, text: str, headers: Mapping[str, str] | None = None) -> Running | None:
        """The step under way that a URL or a console text speaks of; of several at once, the request's Accept tells."""
        found = CASE_PATH.search(text)
        if found is None:
            return None
        if (running := self.running.get(found[1])) is not None:
            return running
        if headers is None:
            return self.running.get(found[0])
        accept = next((value for name, value in headers.items() if name.lower() == "accept"), "")
        return self.running.get(f"{found[1]}/{accept.removeprefix('step/')}")

    async def stop(self) -> None:
        """End Chromium."""
        for task in [*self.pages.values(), *self.tasks]:
            task.cancel()
        await asyncio.gather(*self.pages.values(), *self.tasks, return_exceptions=True)
        if self.cdp is not None:
            with contextlib.suppress(BrowserGone, CdpError):
                await self.cdp.call("Browser.close", wait=5.0)
            await self.cdp.close()
        if self.process is not None and self.process.returncode is None:
            try:
                await asyncio.wait_for(self.process.wait(), 10)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
