"""HARs that browsers really write, judged equal to mitmproxy's dump of the same session.

Chromium's is written by its DevTools (Network panel, "Save all as HAR"), Firefox's by its own (Network, "Save All As
HAR"), each opened beside the page of the cases, with no hand in what they write. What Playwright writes has a test of
its own.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import pytest
from mitmproxy.addons.savehar import SaveHar
from mitmproxy.io import FlowReader

from cors_addon.exchange import mode_evidence
from cors_addon.exchange.model import Credentials, Judgement, PreflightState, Role, Verdict
from cors_addon.fetch.refusals import Reason
from cors_addon.recordings import har_entry, judge
from cors_addon.report import text
from cors_addon.report.summary import Input
from tests import waits
from tests.browser.cases import Case
from tests.browser.drivers import Driver, chromium, firefox
from tests.browser.generate import first_cases
from tests.browser.run import record
from tests.browser.test_browser_truth import driver_of

SEED = 20261121
PAGE = "https://app.example.test"
SAMPLE = 60
APIS = frozenset({"fetch", "xhr", "img", "script", "module", "css"})
SENT_AGAIN = "sent again"
AGAIN_WITHIN = 10.0
"""Seconds within which a browser on a busy machine has sent a request again by itself."""
JUDGED = (Role.PREFLIGHT, Role.ACTUAL, Role.REDIRECT)

CHROMIUM_EXPORT = """(async () => {
  const har = await import("./models/har/har.js"), logs = await import("./models/logs/logs.js");
  const requests = logs.NetworkLog.NetworkLog.instance().requests();
  return {text: JSON.stringify({log: await har.Log.Log.build(requests, {sanitize: false})})};
})()"""
CHROMIUM_READY = """(async () => {
  const logs = await import("./models/logs/logs.js"), sdk = await import("./core/sdk/sdk.js");
  const managers = sdk.TargetManager.TargetManager.instance().models(sdk.NetworkManager.NetworkManager);
  if (!logs.NetworkLog.NetworkLog.instance() || !managers.length) return {};
  await managers[0].target().networkAgent().invoke_getResponseBody({requestId: "none"});
  return {ready: true};
})().catch(() => ({}))"""
"""DevTools has a network manager from when it is attached to the page, which by then was told to enable the network's
events. Commands are answered in the order in which they were sent: an answer to one more says that events are on.
"""
FIREFOX_TOOLBOX = """(async () => {
  const {require} = ChromeUtils.importESModule("resource://devtools/shared/loader/Loader.sys.mjs");
  const {gDevTools} = require("devtools/client/framework/devtools");
  const window = Services.wm.getMostRecentWindow("navigator:browser");
  const tab = window.gBrowser.tabs.find((tab) => tab.linkedBrowser.currentURI.spec === PAGE);
  const toolbox = await gDevTools.showToolboxForTab(tab, {toolId: "netmonitor", hostType: "window"});
  await toolbox.getNetMonitorAPI();
  return DONE;
})()"""


class ChromiumWithHar(chromium.Chromium):
    """Chromium with its DevTools open on the page of the cases."""

    har: ClassVar[Path]

    async def open_page(self, page: str) -> str:
        """Open the page, then DevTools on it, past the proxy."""
        session = await super().open_page(page)
        assert self.cdp is not None
        targets = (await self.cdp.call("Target.getTargets"))["targetInfos"]
        [target] = [one["targetId"] for one in targets if one["url"].startswith(page)]
        address = self.cdp.socket.remote_address[1]
        context = await self.cdp.call("Target.createBrowserContext", proxyServer="direct://")
        opened = await self.cdp.call(
            "Target.createTarget",
            url=f"http://127.0.0.1:{address}/devtools/inspector.html?ws=127.0.0.1:{address}/devtools/page/{target}"
            "&panel=network",
            browserContextId=context["browserContextId"],
        )
        attached = await self.cdp.call("Target.attachToTarget", targetId=opened["targetId"], flatten=True)
        self.devtools: str = attached["sessionId"]
        for _ in range(500):
            if (await self.run_in_devtools(CHROMIUM_READY)).get("ready"):
                break
            await waits.pause()
        return session

    async def run_in_devtools(self, expression: str) -> dict[str, Any]:
        """The value of an expression in the window of DevTools."""
        assert self.cdp is not None
        result = await self.cdp.call(
            "Runtime.evaluate", self.devtools, expression=expression, awaitPromise=True, returnByValue=True, wait=60.0
        )
        value: dict[str, Any] = result["result"].get("value") or {}
        return value

    async def stop(self) -> None:
        """Save the HAR before the end."""
        try:
            if hasattr(self, "devtools"):
                await waits.grace(0.5)  # what came last
                self.har.write_text((await self.run_in_devtools(CHROMIUM_EXPORT))["text"], encoding="utf-8")
        finally:
            await super().stop()


class FirefoxWithHar(firefox.Firefox):
    """Firefox with its network monitor open on the page of the cases."""

    har: ClassVar[Path]

    async def open_page(self, page: str) -> str:
        """Open the page, then the toolbox on it."""
        context = await super().open_page(page)
        self.page = f"{page}/page"
        await self.run_in_window(FIREFOX_TOOLBOX.replace("DONE", "true"))
        return context

    async def run_in_window(self, expression: str) -> Any:
        """The value of an expression in the browser's own window."""
        assert self.bidi is not None
        scope: dict[str, Any] = {"moz:scope": "chrome", "maxDepth": 0}
        windows = await self.bidi.call("browsingContext.getTree", **scope)
        window = windows["contexts"][0]["context"]
        return await self.bidi.evaluate(window, expression.replace("PAGE", json.dumps(self.page)))

    async def stop(self) -> None:
        """Save the HAR before the end."""
        try:
            if hasattr(self, "page"):
                await waits.grace(0.5)  # what came last
                log = await self.run_in_window(FIREFOX_TOOLBOX.replace("DONE", "await toolbox.getHARFromNetMonitor()"))
                self.har.write_text(json.dumps({"log": log}), encoding="utf-8")
        finally:
            await super().stop()


DRIVERS: dict[str, Any] = {"chromium": ChromiumWithHar, "firefox": FirefoxWithHar}


def cases() -> list[Case]:
    """Cases of one page, HTTP/1.1, whose requests an export has."""

    def fits(case: Case) -> bool:
        apis = {step.api for step in case.steps}
        return case.page == PAGE and case.ctx == "page" and case.http == "1.1" and apis <= APIS and not case.parallel

    return first_cases(SEED, SAMPLE, fits)


@pytest.fixture(scope="module", params=sorted(DRIVERS))
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Path]:
    """A session of a browser: its name, the dump and the HAR of it."""
    name: str = request.param
    driver_of(name)
    folder = tmp_path_factory.mktemp(name)
    driver: type[Driver] = DRIVERS[name]
    DRIVERS[name].har = folder / "session.har"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chromium, "FLAGS", (*chromium.FLAGS, "--remote-allow-origins=*"))
        result = asyncio.run(record(driver, cases(), folder / "session.mitm", folder / "truth.jsonl"))
    assert not result.unfinished
    return name, folder / "session.mitm", folder / "session.har"


def judged(file: Path, read: Input | None = None) -> dict[str, list[Judgement]]:
    """The last revision of each judgement of a case, by method and URL, in the order of the requests."""
    last: dict[str, Judgement] = {}
    read = read or Input(str(file))
    for judgement in judge.judged(str(file), read):
        last[judgement.observation.flow_id] = judgement
    assert read.damage is None
    found: dict[str, list[Judgement]] = {}
    for judgement in sorted(last.values(), key=lambda each: each.observation.started):
        observation = judgement.observation
        told = judgement.role in JUDGED or judgement.reason is Reason.NETWORK_ERROR
        if told and chromium.CASE_PATH.search(observation.url.path):
            found.setdefault(f"{observation.method.decode()} {observation.url}", []).append(judgement)
    return found


def may_differ(mine: Judgement, theirs: Judgement, *, preflights: bool = True) -> bool:
    """Whether the dump knows a credentials mode by evidence that the HAR lacks, and the HAR says the same of that mode.

    Chromium's HAR names the connection where the protocol told it, Firefox's only the server's port. And without any
    preflight in a file, that nothing followed a redirect proves nothing: its preflight may have.
    """
    evidence = mine.credentials_evidence or ""
    lacking = "connection" in evidence or (not preflights and evidence == mode_evidence.NOT_FOLLOWED)
    inferred = theirs.credentials_evidence in (None, mode_evidence.NOT_FOLLOWED)
    in_that_mode = theirs.if_credentialed if mine.credentials is Credentials.INCLUDE else theirs.if_omitted
    if in_that_mode is None or not (lacking and inferred and not theirs.certain):
        return False
    known = theirs.altered(verdict=in_that_mode.verdict, refusal=in_that_mode.refusal, credentials=mine.credentials)
    return said(mine, preflights=preflights) == said(known, preflights=preflights)


def is_sent_again(judgement: Judgement) -> bool:
    """Whether the browser sends the request again by itself after this."""
    status = judgement.observation.status
    return status is None or status in judgement.engine.retried_statuses


def is_again(earlier: Judgement, later: Judgement) -> bool:
    """Whether the browser sent `earlier` again by itself: the very same request, at once, after what makes it do so."""
    first, second = earlier.observation, later.observation
    return (
        is_sent_again(earlier) and first.request == second.request and 0 <= second.started - first.ended <= AGAIN_WITHIN
    )


def last_sent(judgements: list[Judgement]) -> list[Judgement]:
    """Without those that the browser sent again: a HAR has one entry, with the last answer, however often it did."""
    kept: list[Judgement] = []
    for judgement in judgements:
        if kept and is_again(kept[-1], judgement):
            judgement = judgement.altered(preflight=kept.pop().preflight)  # of the first: the rest found it cached
        kept.append(judgement)
    return kept


def said(judgement: Judgement, *, preflights: bool = True) -> tuple[object, ...]:
    """What of a judgement must be equal."""
    if judgement.reason is Reason.NETWORK_ERROR:
        return (judgement.reason,)  # a browser's file says so itself, and it is no denial; on the wire it is one
    depends = text.depends_on_credentials(judgement)
    state = judgement.preflight if preflights else None
    return judgement.role, judgement.verdict, None if depends else judgement.reason, state, judgement.contradicted


def are_alike(mine: Judgement, theirs: Judgement, *, preflights: bool) -> bool:
    """Whether the HAR says the same, or as much as it can know of it."""
    same = said(mine, preflights=preflights) == said(theirs, preflights=preflights)
    return same or may_differ(mine, theirs, preflights=preflights)


def compare(dump: Path, har: Path, *, preflights: bool = True) -> Counter[str]:
    """Everything that both have is equal; returns how often what was compared."""
    read = Input(str(har))
    first, second = judged(dump), judged(har, read)
    compared: Counter[str] = Counter()
    differences = []
    for key, mine in first.items():
        if not preflights and key.startswith("OPTIONS "):
            continue
        theirs = second.get(key, [])
        if not preflights:
            # what a refused preflight stopped is in the file for its own sake, and not in the dump
            method, _, url = key.partition(" ")
            asked = [each for each in first.get(f"OPTIONS {url}", ()) if each.requested_method == method]
            stopped = [each for each in theirs if each.reason is Reason.CAUSE_NOT_RECORDED]
            assert len(stopped) <= len([each for each in asked if each.verdict is Verdict.DENY])
            theirs = [each for each in theirs if each not in stopped]
        if len(mine) > len(theirs) and (left := last_sent(mine)) != mine:
            compared[SENT_AGAIN] += len(mine) - len(left)
            mine = left
            # the file says that it has one entry for all, unless the last answer was an ordinary one
            assert not any(map(is_sent_again, theirs)) or har_entry.SENT_AGAIN in read.notes
        wanted = [said(each, preflights=preflights) for each in mine]
        found = [said(each, preflights=preflights) for each in theirs]
        both = zip(mine, theirs, strict=False)
        tolerated = len(mine) == len(theirs) and all(are_alike(*each, preflights=preflights) for each in both)
        if wanted != found and not tolerated:
            differences.append((key, wanted, found))
        compared.update(f"{each.role} {each.verdict}" for each in mine)
    assert differences == []
    return compared


def exchanges(compared: Counter[str]) -> int:
    """How many were compared, without what only the dump has."""
    return compared.total() - compared[SENT_AGAIN]


def test_the_har_is_judged_as_the_dump(session: tuple[str, Path, Path]) -> None:
    """The same exchanges, roles, verdicts, reasons and preflights."""
    _, dump, har = session
    compared = compare(dump, har)
    assert {"preflight allow", "preflight deny", "actual allow", "actual deny", SENT_AGAIN} <= set(compared)
    assert exchanges(compared) > SAMPLE


def test_mitmproxys_own_har(session: tuple[str, Path, Path], tmp_path: Path) -> None:
    """As `save.har` and `hardump` write it of the very flows of the dump."""
    _, dump, _ = session
    with dump.open("rb") as file:
        made = SaveHar().make_har(list(FlowReader(file).stream()))
    har = tmp_path / "mitmproxy.har"
    har.write_text(json.dumps(made), encoding="utf-8")
    compared = compare(dump, har)
    assert not compared[SENT_AGAIN]
    assert exchanges(compared) > SAMPLE


def test_without_its_preflights(session: tuple[str, Path, Path], tmp_path: Path) -> None:
    """The verdicts on the requests are the same; that their preflights are missing is said and proves nothing."""
    _, dump, har = session
    log = json.loads(har.read_text(encoding="utf-8"))
    log["log"]["entries"] = [each for each in log["log"]["entries"] if each["request"]["method"] != "OPTIONS"]
    without = tmp_path / "without.har"
    without.write_text(json.dumps(log), encoding="utf-8")
    assert exchanges(compare(dump, without, preflights=False)) > SAMPLE / 2
    answered = [each for found in judged(without).values() for each in found if each.reason is not Reason.NETWORK_ERROR]
    states = {each.preflight for each in answered}
    assert states == {PreflightState.UNSEEN, PreflightState.NOT_NEEDED}
