"""Equal requests of several windows at once: each goes with the preflight that was sent for it.

The windows share address and User-Agent, and nothing else. Chromium tells which preflight it sent for which request; of
the others it is known that no window uses another's connections.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.browser.cases import Case, Mutation, Step
from tests.browser.compare import Line, load_lines
from tests.browser.drivers import Launch
from tests.browser.drivers.contexts import JARS, WINDOWS, ChromiumContexts, FirefoxContexts, WebKitContexts
from tests.browser.proxy import Proxy, Seen
from tests.browser.test_browser_truth import driver_of

PAGE = "https://app.example.test"
EACH = 15
"""Requests of each window."""
OF_ANOTHER_CONNECTION = 3
"""Preflights of Firefox, of sixty, that came on a connection which was another window's: so many were seen at most."""
REQUEST = Step(
    ("https://api.other.test/k/{id}/0",),
    method="PUT",
    credentials="omit",
    mutations=(
        Mutation(0, "p", "maxage", "0", ("0",)),
        Mutation(0, "p", "reqid", "flow", ("{flow}",)),
        Mutation(0, "a", "reqid", "flow", ("{flow}",)),
    ),
)


class Pairs(ChromiumContexts):
    """A Chromium that tells which preflight it sent for which request; answers name their flows."""

    def __init__(self) -> None:
        super().__init__()
        self.sent_for: dict[tuple[str | None, str], str] = {}
        self.flows: dict[tuple[str | None, str], str] = {}

    def on_event(self, session: str | None, method: str, params: dict[str, Any]) -> None:
        """Note what belongs together."""
        super().on_event(session, method, params)
        if method == "Network.requestWillBeSent" and params["initiator"]["type"] == "preflight":
            self.sent_for[session, params["requestId"]] = params["initiator"]["requestId"]
        elif method == "Network.responseReceived":
            headers = {name.lower(): value for name, value in params["response"]["headers"].items()}
            self.flows[session, params["requestId"]] = headers.get("x-req-id", "")

    @property
    def pairs(self) -> dict[str, str]:
        """The preflight's flow, by the request's."""
        return {
            self.flows[session, request]: self.flows[session, preflight]
            for (session, preflight), request in self.sent_for.items()
        }


async def run(
    browser: ChromiumContexts | FirefoxContexts | WebKitContexts, windows: int, folder: Path, *, http2: bool
) -> tuple[list[Seen], dict[str, Line]]:
    """What was asked, and what was made of it. The step of a request tells its window."""
    case = Case("pairs", PAGE, (REQUEST,) * windows, parallel=True)
    step = {"url": case.url(0, 0), "method": REQUEST.method, "credentials": REQUEST.credentials, "mode": "cors"}
    step |= {"api": "fetch", "redirect": "follow", "cache": "default", "body": "", "referrer_policy": "", "ctx": ""}
    jsonl = folder / "ours.jsonl"
    async with Proxy(folder / "run.mitm", jsonl=jsonl) as proxy:
        await proxy.tell(options={"http2": http2})
        await proxy.add_cases([case])
        try:
            await browser.start(Launch(proxy.port, folder / "profile"))
            asked = []
            for window in range(windows):
                steps = [{**step, "headers": [("Accept", f"step/{window}")]}] * EACH
                await browser.ask(window, PAGE, "Promise.resolve(0)")
                asked.append(browser.ask(window, PAGE, f"runTogether('page', {json.dumps(steps)})"))
            seen = await asyncio.gather(*asked)
            assert all(one["js"] == "resolved" for window in seen for one in window)
        finally:
            await browser.stop()
        flows = proxy.drain_log()
    return flows, load_lines(jsonl)


@pytest.mark.parametrize(
    ("name", "browser", "windows", "http2"),
    [
        ("chromium", Pairs, WINDOWS, True),
        ("chromium", Pairs, WINDOWS, False),
        ("firefox", FirefoxContexts, WINDOWS, True),
        ("firefox", FirefoxContexts, WINDOWS, False),
        ("webkit", WebKitContexts, JARS, False),
    ],
)
def test_each_has_its_own(
    name: str, browser: type[Pairs | FirefoxContexts | WebKitContexts], windows: int, http2: bool, tmp_path: Path
) -> None:
    """No preflight is given to two. Over HTTP/2 all are right, by what DevTools tells; by connections, which are all
    that Firefox shows, nearly all. Over HTTP/1.1 any free connection takes the request. Whichever is not right is
    called inferred.
    """
    driver_of(name)
    running = browser()
    flows, ours = asyncio.run(run(running, windows, tmp_path, http2=http2))
    by_id = {flow.flow_id: flow for flow in flows}
    requests = [flow for flow in flows if not flow.preflight]
    assert len(requests) == windows * EACH
    found = {flow.flow_id: ours[flow.flow_id]["paired_with"][0] for flow in requests}
    assert len(set(found.values())) == windows * EACH
    windows_of: dict[str, int] = {}
    for flow in requests:
        assert windows_of.setdefault(flow.connection, flow.step) == flow.step, "windows share a connection"
    wrong = [
        request
        for request, preflight in found.items()
        if windows_of.get(by_id[preflight].connection) not in (None, by_id[request].step)
    ]
    if isinstance(running, Pairs):
        wrong = [request for request, preflight in found.items() if running.pairs[request] != preflight]
    if http2:
        assert len(wrong) <= (0 if isinstance(running, Pairs) else OF_ANOTHER_CONNECTION)
    assert {ours[request]["certainty"] for request in wrong} <= {"inferred"}
