"""WebKit: MiniBrowser over the remote inspector, judged by what script sees and by the page's console.

Laws of this module
  1. Most console texts name no URL. So a case has a tab to itself while it runs, and what the tab's console says
     meanwhile is the step's; tabs are kept per page origin, and used again.
  2. WebKit has no names for its errors: `CLASSES` names its texts.
  3. A tab that dies costs the case in it and nothing more: its steps end in `timeout`.

WebDriver would not do: an automated MiniBrowser has a private session, with no HTTP cache and no console on stdout,
and WebDriver has no command for the console. The inspector's protocol is Source/JavaScriptCore/inspector/protocol.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import urllib.request
from pathlib import Path
from typing import Any, ClassVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests import waits
from tests.browser.cases import Case
from tests.ports import free_port

from . import BrowserGone, BrowserMissing, Launch, Outcome

PLACES = ("/usr/lib/*/webkit2gtk-4.*/MiniBrowser", "/usr/libexec/webkit2gtk-4.*/MiniBrowser")
FLAGS = ("--ignore-tls-errors", "about:blank")
ENVIRONMENT = {
    "GDK_BACKEND": "x11",
    "GIO_USE_VFS": "local",
    "GSETTINGS_BACKEND": "memory",
    "GTK_A11Y": "none",
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "NO_AT_BRIDGE": "1",
    "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
    "WEBKIT_DISABLE_DMABUF_RENDERER": "1",
    "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
}
START_SECONDS = 120.0
CALL_SECONDS = 30.0
BEACON_SECONDS = 1.0
LATE_SECONDS = 0.1
"""What the console may be late by."""
DEATHS = 5
"""How many tabs may die in a row before this is no matter of single cases."""

TARGET = re.compile(r'class="targeturl">([^<]*)</div>.*?/socket/(\d+/\d+)/WebPage')
LOADERS = frozenset(
    """css eventsource font img import module modulepreload preload script track video worklet""".split()
)
"""Who may end in an error event though the answer passed: it was no image, its status was 404."""

SOURCES = {"console-api": "", "javascript": "JS "}
CASE_PATH = re.compile(r"/[kc]/[^/]+/\d+")
CANNOT_LOAD = " cannot load "
FAILED = "Failed to load resource: "
REDIRECT = re.compile(r"Cross-origin redirection to .* denied by Cross-Origin Resource Sharing policy: (.*)", re.DOTALL)
CLASSES = {
    "AllowOriginMismatch": r"Origin \S+ is not allowed by Access-Control-Allow-Origin\.",
    "MultipleAllowOrigin": r"Access-Control-Allow-Origin cannot contain more than one origin\.",
    "WildcardWithCredentials": r"Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true\.",
    "AllowCredentialsNotTrue": r'Credentials flag is true, but Access-Control-Allow-Credentials is not "true"\.',
    "PreflightStatus": r"Preflight response is not successful\. Status code: ",
    "MethodNotAllowed": r"Method \S+ is not allowed by Access-Control-Allow-Methods\.",
    "HeaderNotAllowed": r"Request header field \S+ is not allowed by Access-Control-Allow-Headers\.",
    "InvalidAllowMethods": r"Header Access-Control-Allow-Methods has an invalid value: ",
    "InvalidAllowHeaders": r"Header Access-Control-Allow-Headers has an invalid value: ",
    "RedirectNotAllowed": r"Not allowed to follow a redirection while loading ",
}
REDIRECT_CLASSES = {
    **{f"Redirect{name}": text for name, text in itertools.islice(CLASSES.items(), 4)},
    "RedirectHasCredentials": r"redirection URL .* has credentials",
    "RedirectScheme": r"not allowed to follow a cross-origin CORS redirection with non CORS scheme",
}


class TabGone(Exception):
    """A tab ended or hangs."""


class WebKit:
    """One MiniBrowser on a virtual screen, with some tabs per page origin."""

    name: ClassVar[str] = "webkit"
    concurrency: ClassVar[int] = 4
    http2: ClassVar[bool] = False
    opaque_apis: ClassVar[frozenset[str]] = frozenset({"font"})
    unpreflighted: ClassVar[frozenset[str]] = frozenset()

    def __init__(self) -> None:
        self.screen: asyncio.subprocess.Process | None = None
        self.process: asyncio.subprocess.Process | None = None
        self.inspector = ""
        self.root: Tab | None = None
        self.tabs: set[Tab] = set()
        self.free: dict[str, list[Tab]] = {}
        self.running: dict[str, Tab | None] = {}
        self.opening = asyncio.Lock()
        self.known: set[str] = set()
        self.deaths = 0

    @classmethod
    def find(cls) -> Path:
        """MiniBrowser's binary, or BrowserMissing."""
        found = [path for place in PLACES for path in sorted(Path("/").glob(place[1:]))]
        if not found or shutil.which("Xvfb") is None:
            missing = "Xvfb" if found else "WebKit's MiniBrowser"
            raise BrowserMissing(f"{missing} is not installed: apt-get install libwebkit2gtk-4.1-0 xvfb")
        return found[-1]

    async def start(self, launch: Launch) -> None:
        """Start a virtual screen and MiniBrowser on it, and connect to its inspector."""
        launch.profile.mkdir(parents=True)
        self.inspector = f"127.0.0.1:{free_port()}"
        home = str(launch.profile)
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        for name in ("DBUS_SESSION_BUS_ADDRESS", "WAYLAND_DISPLAY"):
            environment.pop(name, None)
        environment |= {**ENVIRONMENT, "DISPLAY": await self.start_screen(), "HOME": home}
        environment |= {f"XDG_{name}": home for name in ("RUNTIME_DIR", "CACHE_HOME", "DATA_HOME", "CONFIG_HOME")}
        self.process = await asyncio.create_subprocess_exec(
            str(self.find()),
            *([] if launch.proxy_port is None else [f"--proxy=http://127.0.0.1:{launch.proxy_port}"]),
            f"--cookies-policy={'no-third-party' if launch.block_third_party_cookies else 'always'}",
            *FLAGS,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**environment, "WEBKIT_INSPECTOR_HTTP_SERVER": self.inspector},
            start_new_session=True,
        )
        try:
            self.root = await self.connect("about:blank")
        except TabGone as error:
            raise BrowserGone(f"WebKit did not start: {error}") from None

    async def start_screen(self) -> str:
        """Start Xvfb; the display that it chose."""
        reading, writing = os.pipe()
        self.screen = await asyncio.create_subprocess_exec(
            *("Xvfb", "-displayfd", str(writing), "-screen", "0", "1024x768x24", "-nolisten", "tcp"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            pass_fds=(writing,),
        )
        os.close(writing)
        with os.fdopen(reading) as pipe:
            number = (await asyncio.to_thread(pipe.readline)).strip()
        if not number:
            raise BrowserGone("Xvfb did not start")
        return f":{number}"

    async def prime(self, page: str, urls: list[str]) -> None:
        """Have a page ask every server for its cookie."""
        try:
            tab = await self.tab(page)
            await tab.settle(f"prime({json.dumps(urls)})")
        except TabGone as error:
            raise BrowserGone(f"WebKit cannot be primed: {error}") from None
        self.free[page].append(tab)

    async def run_step(self, case: Case, index: int, step: dict[str, Any]) -> Outcome:
        """Run a step in its case's tab; a case whose tab died is not gone on with."""
        try:
            if index == 0:
                self.running[case.id] = None
                self.running[case.id] = await self.tab(case.page)
            tab = self.running[case.id]
            if tab is None:
                return Outcome(js="timeout", detail="the tab died at an earlier step")
            tab.console.clear()
            after = BEACON_SECONDS if step["api"] == "beacon" else 0.0
            seen = await tab.settle(f"runStep({json.dumps(step['ctx'] or case.ctx)}, {json.dumps(step)})", after)
        except TabGone as error:
            self.bury(case, error)
            return Outcome(js="timeout", detail=f"the tab died: {error}")
        self.deaths = 0
        outcome = judge(step["api"], seen, tab.console)
        if index == len(case.steps) - 1:
            del self.running[case.id]
            self.free[case.page].append(tab)
        return outcome

    async def run_together(self, case: Case, steps: list[dict[str, Any]]) -> list[Outcome]:
        """Run steps at once in a tab. The console's lines are a failed step's if no other failed.

        Else a cause stands right before the line that names its URL, if no two are mixed, which tells where no other
        step asks for it, or where all of that URL say the same.
        """
        try:
            self.running[case.id] = None
            tab = self.running[case.id] = await self.tab(case.page)
            tab.console.clear()
            seen = await tab.settle(f"runTogether({json.dumps(case.ctx)}, {json.dumps(steps)})", LATE_SECONDS)
        except TabGone as error:
            self.bury(case, error)
            return [Outcome(js="timeout", detail=f"the tab died: {error}") for _ in steps]
        self.deaths = 0
        del self.running[case.id]
        self.free[case.page].append(tab)
        failed = [index for index, one in enumerate(seen) if one["js"] != "resolved"]
        told = by_path(tab.console)
        in_order = sum(map(len, told.values())) == len(failed)
        owners = case.owners()
        made: list[Outcome] = []
        for index, one in enumerate(seen):
            lines: list[str] = []
            paths = {path for path, there in owners.items() if index in there}
            others = {step for path in paths for step in owners[path]} & set(failed) - {index}
            mine = [pair for path in paths for pair in told.get(path, [])]
            if index in failed and failed == [index]:
                lines = list(tab.console)
            elif index in failed and in_order and (not others or len(set(mine)) == 1):
                lines = [line for pair in mine[:1] for line in pair]
            outcome = judge(steps[index]["api"], one, lines)
            outcome.passed = outcome.js == "resolved"
            if others:
                outcome.console = []
            made.append(outcome)
        return made

    def bury(self, case: Case, error: TabGone) -> None:
        """Note that the tab of a case has died."""
        self.running[case.id] = None
        self.deaths += 1
        if self.deaths > DEATHS or self.process is None or self.process.returncode is not None:
            raise BrowserGone(f"WebKit ended or dies again and again: {error}")

    async def tab(self, page: str) -> Tab:
        """A tab at the case page of an origin, for the caller alone."""
        free = self.free.setdefault(page, [])
        if free:
            return free.pop()
        assert self.root is not None
        async with self.opening:
            arguments = json.dumps([f"{page}/page", "_blank", "noopener,popup"])
            await self.root.call("Runtime.evaluate", expression=f"open(...{arguments}); 0", emulateUserGesture=True)
            tab = await self.connect(f"{page}/page")
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while await tab.value("typeof runStep") != "function":
            if asyncio.get_running_loop().time() > deadline:
                raise TabGone(f"{page}/page does not load")
            await waits.pause()
        return tab

    async def connect(self, url: str) -> Tab:
        """The tab that has just been opened, once it has come to a URL."""
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while True:
            for at, path in await asyncio.to_thread(self.targets):
                if at == url and path not in self.known:
                    self.known.add(path)
                    tab = await Tab.open(f"ws://{self.inspector}/socket/{path}/WebPage")
                    self.tabs.add(tab)
                    return tab
            if asyncio.get_running_loop().time() > deadline:
                raise TabGone(f"{url} does not open")
            await waits.pause()

    def targets(self) -> list[tuple[str, str]]:
        """URL and path of all that the inspector can be connected to."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://{self.inspector}/", timeout=5) as page:
                return TARGET.findall(page.read().decode("utf-8", "replace"))
        except OSError:
            return []

    async def stop(self) -> None:
        """End MiniBrowser with all its processes, and the screen."""
        await asyncio.gather(*(tab.close() for tab in self.tabs), return_exceptions=True)
        for process in (self.process, self.screen):
            if process is None:
                continue
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 5)
            except TimeoutError:
                process.kill()
                await process.wait()
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


class Tab:
    """An inspector's connection to one page; its target is a page in one process, and changes with the process."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.target: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.numbers = itertools.count(1)
        self.waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.console: list[str] = []
        self.gone = ""
        self.pump = asyncio.create_task(self.receive())

    @classmethod
    async def open(cls, url: str) -> Tab:
        """Connect to a page and listen to its console."""
        try:
            tab = cls(await connect(url, max_size=None, ping_interval=None, compression=None, proxy=None))
        except (OSError, InvalidHandshake, TimeoutError) as error:
            raise TabGone(f"no inspector: {error}") from None
        await tab.call("Console.enable")
        return tab

    async def receive(self) -> None:
        """Hand out answers and events until the connection ends."""
        try:
            async for text in self.socket:
                self.on_message(json.loads(text))
        except ConnectionClosed:
            pass
        finally:
            self.fail("the inspector's connection was closed")

    def on_message(self, message: dict[str, Any]) -> None:
        """Note what became of the target, and open what it sent."""
        match message.get("method"):
            case "Target.targetCreated" if not message["params"]["targetInfo"].get("isProvisional"):
                if not self.target.done():
                    self.target.set_result(message["params"]["targetInfo"]["targetId"])
            case "Target.targetDestroyed" if self.target.done():
                if message["params"]["targetId"] == self.target.result():
                    self.fail("its process ended")
            case "Target.dispatchMessageFromTarget":
                inner = json.loads(message["params"]["message"])
                if "id" in inner:
                    future = self.waiting.get(inner["id"])
                    if future is not None and not future.done():
                        future.set_result(inner)
                elif inner["method"] == "Console.messageAdded":
                    self.on_console(inner["params"]["message"])

    def on_console(self, message: dict[str, Any]) -> None:
        """Note an error or a warning as WebKit prints it; the inspector's own line on a failed load is left out."""
        if message["level"] in ("error", "warning") and not message["text"].startswith(FAILED):
            source = SOURCES.get(message["source"], f"{message['source'].upper()} ")
            self.console.append(f"CONSOLE {source}{message['level'].upper()} {message['text']}")

    def fail(self, why: str) -> None:
        """Let all that wait, and all that come later, know that the tab is gone."""
        self.gone = self.gone or why
        futures: list[asyncio.Future[Any]] = [self.target, *self.waiting.values()]
        for future in futures:
            if not future.done():
                future.set_exception(TabGone(self.gone))
                future.exception()  # so that nobody complains that it was never asked for

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of one command to the page."""
        if self.gone:
            raise TabGone(self.gone)
        number = next(self.numbers)
        future = self.waiting[number] = asyncio.get_running_loop().create_future()
        inner = json.dumps({"id": number, "method": method, "params": parameters})
        try:
            async with asyncio.timeout(CALL_SECONDS):
                target = await asyncio.shield(self.target)
                outer = {"targetId": target, "message": inner}
                await self.socket.send(
                    json.dumps({"id": number, "method": "Target.sendMessageToTarget", "params": outer})
                )
                answer = await future
        except TimeoutError:
            raise TabGone(f"no answer to {method}") from None
        except ConnectionClosed:
            raise TabGone("the inspector's connection was closed") from None
        finally:
            del self.waiting[number]
        if "error" in answer:
            raise TabGone(f"{method}: {answer['error'].get('message')}")
        result: dict[str, Any] = answer["result"]
        if result.get("wasThrown"):
            raise TabGone(f"script failed: {result['result'].get('description')}")
        return result

    async def value(self, expression: str) -> Any:
        """The value of an expression."""
        return (await self.call("Runtime.evaluate", expression=expression, returnByValue=True))["result"].get("value")

    async def settle(self, expression: str, after: float = 0.0) -> Any:
        """What the promise of an expression is resolved with, when what it caused has had time to come to an end."""
        expression += f".then((value) => new Promise((done) => setTimeout(done, {after * 1000:.0f}, value)))"
        promise = (await self.call("Runtime.evaluate", expression=expression, objectGroup="step"))["result"]
        made = await self.call("Runtime.awaitPromise", promiseObjectId=promise["objectId"], returnByValue=True)
        await self.call("Runtime.releaseObjectGroup", objectGroup="step")
        return made["result"].get("value") or {}

    async def close(self) -> None:
        """End the connection."""
        await self.socket.close()
        await asyncio.gather(self.pump, return_exceptions=True)


def judge(api: str, seen: dict[str, Any], console: list[str]) -> Outcome:
    """What a step's result and console say of it."""
    outcome = Outcome.of(seen, list(console))
    if outcome.js == "resolved":
        outcome.passed = True
        return outcome
    texts = [re.sub(r"^CONSOLE ([A-Z-]+ )?(ERROR|WARNING) ", "", line) for line in console]
    outcome.error, outcome.failed_parameter = next(filter(None, map(classify, texts)), (None, None))
    if outcome.error is None:
        outcome.net_error = next(iter(texts), None)
        outcome.passed = api in LOADERS or outcome.js == "unknown"
    else:
        outcome.passed = False
    return outcome


def by_path(console: list[str]) -> dict[str, list[tuple[str, ...]]]:
    """Causes, each with the line after it that says which load failed for it, by that one's path."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for cause, consequence in itertools.pairwise(console):
        path = CASE_PATH.search(consequence)
        if path is not None and CANNOT_LOAD in consequence and CANNOT_LOAD not in cause:
            found.setdefault(path[0], []).append((cause, consequence))
    return found


def classify(text: str) -> tuple[str, str] | None:
    """The class of a console text, and the text without what tells of a redirect."""
    redirect = REDIRECT.fullmatch(text)
    cause = redirect[1] if redirect else text
    classes = REDIRECT_CLASSES if redirect else CLASSES
    return next(((name, cause) for name, pattern in classes.items() if re.match(pattern, cause)), None)
