"""Firefox, over WebDriver BiDi: the console's CORS messages with their keys, and how each channel ended.

BiDi alone tells neither the key of a console message nor why a channel was refused. So a script in the browser's own
window (`-remote-allow-system-access`) watches the console service and the HTTP observers, and reports both.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from tests import waits
from tests.browser.cases import Case

from . import BrowserGone, Launch, Outcome, binary_of
from .bidi import Bidi, BidiError

NAMES = ("firefox-esr", "firefox")
PREFERENCES: dict[str, str | int | bool] = {
    "network.proxy.type": 1,
    "network.proxy.no_proxies_on": "",
    "network.proxy.allow_hijacking_localhost": True,
    "network.proxy.allow_bypass": False,
    "network.proxy.failover_direct": False,
    # what the recordings leave out: upgrades to https, Local Network Access, speculation
    "dom.security.https_first": False,
    "dom.security.https_first_schemeless": False,
    "dom.security.https_only_mode": False,
    "network.lna.enabled": False,
    "network.lna.blocking": False,
    "network.dns.upgrade_with_https_rr": False,
    "network.dns.disablePrefetch": True,
    "network.http.speculative-parallel-limit": 0,
    "network.prefetch-next": False,
    "network.trr.mode": 5,
    # requests of Firefox's own
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.aboutHomeSnippets.updateUrl": "",
    "browser.newtabpage.enabled": False,
    "browser.ping-centre.telemetry": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "",
    "toolkit.telemetry.unified": False,
    # many requests of pages in the background, at once and without delay
    "dom.min_background_timeout_value": 4,
    "dom.timeout.enable_budget_timer_throttling": False,
    "network.http.tailing.enabled": False,
    "network.http.throttle.enable": False,
    # no question before a form goes to plain http, which nobody would answer
    "security.warn_submit_secure_to_insecure": False,
}
ACCEPT_ALL_COOKIES_PARTITIONED = 5
REJECT_FOREIGN_COOKIES = 1

# https://searchfox.org/mozilla-central/source/netwerk/protocol/http/nsIHttpProtocolHandler.idl names the topics
WATCHER = """
(send) => {
  const names = new Map(Object.entries(Cr).map(([name, value]) => [value, name]));
  const onConsole = { observe(message) {
    if (!(message instanceof Ci.nsIScriptError) || !message.category.startsWith("CORS")) return;
    const warning = Boolean(message.flags & Ci.nsIScriptError.warningFlag);
    send(JSON.stringify({ what: "console", key: message.category, text: message.errorMessage, warning }));
  } };
  const onChannel = { observe(subject, topic) {
    const channel = subject.QueryInterface(Ci.nsIHttpChannel);
    let preflight = false, answered = false;
    try { preflight = Boolean(channel.getRequestHeader("Access-Control-Request-Method")); } catch {}
    try { answered = channel.responseStatus > 0; } catch {}
    send(JSON.stringify({
      what: topic, url: channel.URI.spec, preflight, answered, blocked: channel.loadInfo.requestBlockingReason,
      status: names.get(channel.status) ?? "0x" + channel.status.toString(16),
    }));
  } };
  globalThis.browserTruth = [onConsole, onChannel];
  Services.console.registerListener(onConsole);
  Services.obs.addObserver(onChannel, "http-on-stop-request");
  Services.obs.addObserver(onChannel, "http-on-failed-opening-request");
}
"""
CASE_PATH = re.compile(r"/[kc]/([^/]+)/\d+")
REASON = re.compile(r"\(Reason: (.*?)\)\.( Status code: .*)?$", re.DOTALL)
# the console says these as well where another line has the cause
FAILED = "CORSDidNotSucceed"
CONSEQUENCES = ("CORSRequestNotHttp", FAILED)
CORS_BLOCKING_REASONS = range(1001, 1016)
NOT_A_FETCH = frozenset({"nav", "form"})
SCRIPTED = frozenset({"fetch", "xhr", "eventsource"})
# their load event comes whatever the check says, and at times before the console's line
PRELOADS = frozenset({"preload", "modulepreload"})
START_SECONDS = 120.0
END_SECONDS = 3.0
LATE_SECONDS = 1.0
QUIET_SECONDS = 0.1
ROUND_TRIP_MILLISECONDS = 50


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """A CORS error in the console: its key and its text."""

    key: str
    text: str

    def rank(self) -> int:
        """Where this comes among the lines of one step."""
        return next((place for place, name in enumerate(CONSEQUENCES, 1) if self.key.startswith(name)), 0)

    @property
    def path(self) -> str | None:
        """The path of the case's URL that the text names."""
        found = CASE_PATH.search(self.text)
        return found[0] if found else None

    @property
    def reason(self) -> str | None:
        """The reason that the text gives."""
        found = REASON.search(self.text)
        return found[1] if found else None


@dataclasses.dataclass(frozen=True, slots=True)
class End:
    """How a channel ended, as the parent process saw it; a refusal by the child process comes as a second end."""

    preflight: bool
    answered: bool
    status: str
    blocked: int


@dataclasses.dataclass(slots=True)
class Running:
    """A step under way: the console's CORS errors and the ends of its channels, in the order in which they came."""

    api: str
    redirected: bool
    leads_to: str | None
    errors: list[Message] = dataclasses.field(default_factory=list)
    ends: list[End] = dataclasses.field(default_factory=list)
    changed: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    @property
    def answered(self) -> bool:
        """Whether the last request proper got an answer, whatever whoever asked made of it."""
        return next((end.answered for end in reversed(self.ends) if not end.preflight), False)

    @property
    def refused_early(self) -> bool:
        """Whether a preflight or a redirect was refused: the request that it was for then reports, too."""
        return self.redirected or any(end.preflight and end.blocked in CORS_BLOCKING_REASONS for end in self.ends)

    @property
    def causes(self) -> list[Message]:
        """The console's lines that tell why."""
        return [error for error in self.errors if not error.rank()]

    @property
    def cause(self) -> Message | None:
        """The console's line that tells why."""
        ranked = sorted(self.errors, key=lambda message: (message.rank() > 0, -message.rank()))
        return ranked[0] if ranked else None

    @property
    def console(self) -> list[str]:
        """The console's lines, the cause first: two processes write them, so the order in which they come varies."""
        return [message.text for message in sorted(self.errors, key=Message.rank)]

    async def until(self, condition: Callable[[], bool], seconds: float) -> None:
        """Wait for a condition, though not for ever."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not condition():
                    self.changed.clear()
                    await self.changed.wait()


class Firefox:
    """One headless Firefox."""

    page_path: ClassVar[str] = "/page"
    watcher: ClassVar[str] = WATCHER
    """What the browser's own window runs."""
    name: ClassVar[str] = "firefox"
    concurrency: ClassVar[int] = 10
    http2: ClassVar[bool] = True
    opaque_apis: ClassVar[frozenset[str]] = frozenset()
    unpreflighted: ClassVar[frozenset[str]] = frozenset()

    def __init__(self) -> None:
        self.process: asyncio.subprocess.Process | None = None
        self.bidi: Bidi | None = None
        self.primes: list[str] = []
        self.pages: dict[str, asyncio.Task[str]] = {}
        self.running: dict[str, Running] = {}

    @classmethod
    def find(cls) -> Path:
        """The binary, or BrowserMissing."""
        return binary_of(NAMES, "Firefox", "firefox-esr")

    async def start(self, launch: Launch) -> None:
        """Start Firefox, connect to it, and have its own window watch console and channels."""
        launch.profile.mkdir(parents=True)
        cookies = REJECT_FOREIGN_COOKIES if launch.block_third_party_cookies else ACCEPT_ALL_COOKIES_PARTITIONED
        preferences = {**PREFERENCES, "network.cookie.cookieBehavior": cookies}
        if launch.proxy_port is None:
            preferences["network.proxy.type"] = 0
        else:
            for scheme in ("http", "ssl"):
                preferences[f"network.proxy.{scheme}"] = "127.0.0.1"
                preferences[f"network.proxy.{scheme}_port"] = launch.proxy_port
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items()]
        (launch.profile / "user.js").write_text("".join(lines), encoding="utf-8")
        self.process = await asyncio.create_subprocess_exec(
            str(self.find()),
            "--headless",
            "--no-remote",
            "--profile",
            str(launch.profile),
            "--remote-debugging-port=0",
            "--remote-allow-system-access",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "HOME": str(launch.profile), "MOZ_CRASHREPORTER_DISABLE": "1"},
        )
        address_file = launch.profile / "WebDriverBiDiServer.json"
        address: dict[str, Any] | None = None
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while address is None:
            if self.process.returncode is not None or asyncio.get_running_loop().time() > deadline:
                raise BrowserGone("Firefox did not start")
            await waits.pause()
            with contextlib.suppress(OSError, json.JSONDecodeError):
                address = json.loads(address_file.read_text(encoding="utf-8"))
        self.bidi = await Bidi.open(
            f"ws://{address['ws_host']}:{address['ws_port']}", self.on_event, acceptInsecureCerts=True
        )
        chrome: dict[str, Any] = {"moz:scope": "chrome", "maxDepth": 0}
        windows = await self.bidi.call("browsingContext.getTree", **chrome)
        await self.bidi.call("session.subscribe", events=["script.message"])
        await self.bidi.listen(windows["contexts"][0]["context"], self.watcher, "watcher")

    async def prime(self, page: str, urls: list[str]) -> None:
        """Have every page ask every server for its cookie: Firefox keeps the cookies of each site's frames apart."""
        self.primes = urls
        await self.evaluate(page, "null")

    async def run_step(self, case: Case, index: int, step: dict[str, Any]) -> Outcome:
        """Run a step and wait until script, console and channels have told how it ended."""
        leads_to = step["end_location"] and step["end_location"].replace("{id}", case.id)
        running = self.running[case.id] = Running(step["api"], bool(step["redirects"]), leads_to)
        try:
            seen = await self.evaluate(case.page, f"runStep({json.dumps(step['ctx'] or case.ctx)}, {json.dumps(step)})")
            await self.settle(case.page, running, seen["js"])
        finally:
            self.running.pop(case.id, None)
        return self.outcome(seen, running)

    async def run_together(self, case: Case, steps: list[dict[str, Any]]) -> list[Outcome]:
        """Run steps at once. What console and channels tell names a URL alone: it is a step's whose URLs are its alone.

        Of steps that share a URL it is known whether they passed, and why not where there is but one reason.
        """
        running = self.running[case.id] = Running("fetch", any(step["redirects"] for step in steps), None)
        try:
            arguments = f"{json.dumps(case.ctx)}, {json.dumps(steps)}"
            seen: list[dict[str, Any]] = await self.evaluate(case.page, f"runTogether({arguments})")
            failed = [index for index, one in enumerate(seen) if one["js"] != "resolved"]
            if failed:
                await self.settle(case.page, running, "rejected")
                await running.until(lambda: len(running.causes) >= len(failed), LATE_SECONDS)
                await waits.grace(QUIET_SECONDS)  # a second cause
        finally:
            self.running.pop(case.id, None)
        owners = case.owners()
        made: list[Outcome] = []
        for index, one in enumerate(seen):
            paths = {path for path, steps_there in owners.items() if index in steps_there}
            mine = [error for error in running.errors if error.path in paths]
            others = {step for path in paths for step in owners[path]} & set(failed) - {index}
            own = Running("fetch", bool(steps[index]["redirects"]), None)
            causes = [error for error in mine if not error.rank()]
            if index in failed and not others:
                own.errors = mine
            elif index in failed and len(set(causes)) == 1:
                own.errors = causes[:1]
            made.append(self.outcome(one, own))
            if others:
                made[-1].console = []
            made[-1].passed = one["js"] == "resolved"
        return made

    @staticmethod
    def outcome(seen: dict[str, Any], running: Running) -> Outcome:
        """What script, console and channels have told of a step."""
        outcome = Outcome.of(seen, running.console)
        if (cause := running.cause) is not None:
            outcome.passed, outcome.error, outcome.failed_parameter = False, cause.key, cause.reason
        elif seen["js"] == "resolved":
            outcome.passed = True
        elif running.ends:
            last = running.ends[-1]
            outcome.passed = running.answered and not any(end.blocked for end in running.ends)
            outcome.net_error = None if outcome.passed else f"{last.status} {last.blocked or ''}".strip()
        return outcome

    async def settle(self, page: str, running: Running, js: str) -> None:
        """Wait for what channels and console have yet to tell once script has seen the end."""
        if running.api in NOT_A_FETCH or js == "timeout" or (js == "resolved" and running.api not in PRELOADS):
            return
        if js == "unknown":
            await running.until(lambda: any(not end.preflight for end in running.ends), END_SECONDS)
        # whatever the page's process has reported by now arrives before its answer to this
        await self.evaluate(page, f"new Promise((resolve) => setTimeout(resolve, {ROUND_TRIP_MILLISECONDS}))")
        await running.until(lambda: bool(running.errors), LATE_SECONDS if running.api in SCRIPTED else QUIET_SECONDS)
        if running.errors and running.refused_early:
            await running.until(lambda: running.errors[-1].key.startswith(FAILED), LATE_SECONDS)

    async def evaluate(self, page: str, expression: str) -> Any:
        """The value of an expression, once settled, in the page of one origin."""
        if page not in self.pages:
            self.pages[page] = asyncio.create_task(self.open_page(page))
        context = await asyncio.shield(self.pages[page])
        assert self.bidi is not None
        try:
            return await self.bidi.evaluate(context, expression)
        except BidiError as error:
            raise BrowserGone(f"script failed in {page}: {error}") from error

    async def open_page(self, page: str) -> str:
        """Open the case page of one origin in a tab of its own, with all cookies; its browsing context."""
        return await self.open_where(page)

    async def open_where(self, page: str, *, primed: bool = True, **where: Any) -> str:
        """The same in a tab that BiDi is asked to open `where`; `primed`: with all cookies."""
        assert self.bidi is not None
        tab = await self.bidi.call("browsingContext.create", type="tab", background=True, **where)
        context: str = tab["context"]
        try:
            await self.bidi.call(
                "browsingContext.navigate",
                START_SECONDS,
                context=context,
                url=f"{page}{self.page_path}",
                wait="complete",
            )
            if self.primes and primed:
                await self.bidi.evaluate(context, f"prime({json.dumps(self.primes)})")
        except BidiError as error:
            raise BrowserGone(f"{page}{self.page_path} did not load: {error}") from error
        return context

    def on_event(self, method: str, params: dict[str, Any]) -> None:
        """Note what the watcher tells about a step under way."""
        if method != "script.message":
            return
        told: dict[str, Any] = json.loads(params["data"]["value"])
        of_console = told.pop("what") == "console"
        for running in self.steps_of(told["text"] if of_console else told["url"]):
            if of_console and not told["warning"]:
                running.errors.append(Message(told["key"], told["text"]))
            elif not of_console:
                running.ends.append(End(told["preflight"], told["answered"], told["status"], told["blocked"]))
            running.changed.set()

    def steps_of(self, text: str) -> list[Running]:
        """The steps under way that a URL or a console text speaks of: several only where it names no case."""
        if (found := CASE_PATH.search(text)) is not None:
            return [self.running[found[1]]] if found[1] in self.running else []
        return [running for running in self.running.values() if running.leads_to and running.leads_to in text]

    async def stop(self) -> None:
        """End Firefox."""
        for task in self.pages.values():
            task.cancel()
        await asyncio.gather(*self.pages.values(), return_exceptions=True)
        if self.bidi is not None:
            with contextlib.suppress(BrowserGone, BidiError):
                await self.bidi.call("browser.close", 5.0)
            await self.bidi.close()
        if self.process is not None and self.process.returncode is None:
            try:
                await asyncio.wait_for(self.process.wait(), 10)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
