"""One Chromium that writes recordings of every kind at once, each judged equal to what its page saw.

The cases are drawn at random; a server in this process answers them. What the page got is the truth of each verdict,
and a DevTools session's `corsErrorStatus` that of each reason.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, sync_playwright

from tests.browser.drivers import playwright
from tests.browser.recorded import OPEN, RIGHT, WRONG, held_against, lines_of
from tests.browser.test_browser_truth import driver_of

SEED = 20261129
COUNT = 60
TYPES = ("application/json", "text/plain", "text/html", "text/xml", None)
"""Of some of these Chromium looks at the body before it asks CORS."""
RUN = """async ({url, method, credentials, headers, how}) => {
    if (how === "fetch") {
        try { await (await fetch(url, {method, credentials, headers})).text(); return "allow" } catch { return "deny" }
    }
    return new Promise(tell => {
        const request = new XMLHttpRequest()
        request.open(method, url)
        for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
        request.withCredentials = credentials === "include"
        request.onload = () => tell("allow")
        request.onerror = () => tell("deny")
        request.send()
    })
}"""
NETWORK_EVENTS = (
    "requestWillBeSent", "requestWillBeSentExtraInfo", "responseReceived", "responseReceivedExtraInfo",
    "requestServedFromCache", "loadingFinished", "loadingFailed",
)  # fmt: skip

type Case = dict[str, Any]


def draw(rng: random.Random, number: int) -> Case:
    """A request, and how it is answered."""

    def origin(*, good: int) -> str | None:
        return rng.choice([*["{page}"] * good, "*", "*", None, "https://else.example", "null", "{page}, {page}"])

    def answer(*, good: int) -> Case:
        return {
            "Access-Control-Allow-Origin": origin(good=good),
            "Access-Control-Allow-Credentials": rng.choice(["true", "true", None, "True"]),
        }

    return {
        "path": f"/{number}",
        "how": rng.choice(["fetch", "xhr"]),
        "method": rng.choice(["GET", "GET", "GET", "POST", "PUT", "DELETE"]),
        "credentials": rng.choice(["include", "same-origin"]),
        "headers": rng.choice([{}, {}, {"X-Token": "1"}, {"Content-Type": "application/json"}]),
        "preflight": {
            **answer(good=12),
            "Access-Control-Allow-Methods": rng.choice(["PUT, DELETE", "PUT, DELETE", "GET", None]),
            "Access-Control-Allow-Headers": rng.choice(["content-type, x-token", "X-Token, Content-Type", "x-other"]),
        },
        "preflight_status": rng.choice([204, 204, 204, 200, 403]),
        "answer": {**answer(good=4), "Content-Type": rng.choice(TYPES), "Cache-Control": "no-store"},
        "status": rng.choice([200, 200, 200, 404, 500]),
    }


class Site:
    """Two origins, and what was asked of the second."""

    def __init__(self, cases: list[Case]) -> None:
        self.cases = {case["path"]: case for case in cases}
        self.asked: list[tuple[str, str]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                """Whatever the method is."""
                site.answer(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = answer  # noqa: N815 - as http.server names them

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
        self.page, self.api = (f"http://localhost:{each.server_port}" for each in self.servers)
        for each in self.servers:
            threading.Thread(target=each.serve_forever, daemon=True).start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """A case by its path; the page for any other."""
        case = self.cases.get(handler.path)
        lines: Case = {}
        if case is not None:
            self.asked.append((str(handler.command), handler.path))
            asks = handler.command == "OPTIONS"
            lines, status = (case["preflight" if asks else "answer"], case["preflight_status" if asks else "status"])
        handler.send_response(200 if case is None else status)
        for name, value in lines.items():
            if value is not None:
                handler.send_header(name, value.format(page=self.page))
        if case is None:
            handler.send_header("Content-Type", "text/html")
            handler.send_header("Set-Cookie", "sid=1")
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"{}")

    def stop(self) -> None:
        """Close both."""
        for each in self.servers:
            each.shutdown()
            each.server_close()


class Witness:
    """A DevTools session of the page: its events, and why each request was refused."""

    def __init__(self, session: CDPSession) -> None:
        self.session = session
        self.events: list[Case] = []
        self.refused: Case = {}
        for name in NETWORK_EVENTS:
            method = f"Network.{name}"
            session.on(method, lambda params, method=method: self.note(method, params))
        session.send("Network.enable")

    def catch_up(self) -> None:
        """Have all events that came before now: an answer comes after them."""
        self.session.send("Runtime.evaluate", {"expression": "0"})

    def note(self, method: str, params: Case) -> None:
        """Keep an event."""
        self.events.append({"method": method, "params": params})
        if params.get("corsErrorStatus"):
            self.refused = params["corsErrorStatus"]


def saw(site: Site, page: Page, witness: Witness, case: Case) -> Case:
    """What the page made of a case, as `truth.json` has it."""
    before, witness.refused = len(site.asked), {}
    verdict = page.evaluate(RUN, {**case, "url": site.api + case["path"]})
    witness.catch_up()
    asked = [method for method, _ in site.asked[before:]]
    return {
        "id": case["path"], "url": site.api + case["path"], "method": case["method"], "verdict": verdict,
        "credentials": case["credentials"], "reason": witness.refused.get("corsError"),
        "parameter": witness.refused.get("failedParameter"), "preflight": "sent" if "OPTIONS" in asked else "none",
        "requests_seen": [f"{method} {site.api}{case['path']}" for method in asked if method != "OPTIONS"],
    }  # fmt: skip


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Case]]:
    """A folder of recordings, and what the page saw."""
    driver_of("chromium")
    folder = tmp_path_factory.mktemp("recorded")
    rng = random.Random(SEED)
    site = Site([draw(rng, number) for number in range(COUNT)])
    console: list[str] = []
    logs = (f"--log-net-log={folder / 'netlog.json'}", "--enable-logging", f"--log-file={folder / 'chrome.log'}")
    try:
        with sync_playwright() as driver:
            path = playwright.Chromium.find()
            browser = driver.chromium.launch(executable_path=path, args=[*playwright.FLAGS, *logs])
            context = browser.new_context(record_har_path=folder / "playwright.har")
            context.tracing.start(snapshots=True)
            page = context.new_page()
            page.on("console", lambda message: console.append(message.text))
            witness = Witness(context.new_cdp_session(page))
            page.goto(f"{site.page}/page")
            seen = [saw(site, page, witness, case) for case in site.cases.values()]
            context.tracing.stop(path=folder / "trace.zip")
            context.close()
            browser.close()
    finally:
        site.stop()
    (folder / "cdp.json").write_text(json.dumps(witness.events))
    (folder / "cdp.jsonl").write_text("\n".join(map(json.dumps, witness.events)))
    (folder / "console.txt").write_text("\n".join(console))
    return folder, seen


TOLD = {
    "trace.zip": {"verdict", "reason"},
    "playwright.har": {"verdict"},
    "cdp.json": {"verdict", "reason", "preflight"},
    "cdp.jsonl": {"verdict", "reason", "preflight"},
    "netlog.json": {"verdict", "reason", "preflight"},
    "console.txt": {"reason"},
    "chrome.log": {"reason"},
}
"""What each tells of every exchange; nothing that it tells is wrong."""


def test_the_page_saw_both(recorded: tuple[Path, list[Case]]) -> None:
    """What was drawn is worth the run: many kinds of refusals, and what passed."""
    _, seen = recorded
    assert Counter(case["verdict"] for case in seen).keys() == {"allow", "deny"}
    assert len({case["reason"] for case in seen}) > 8
    assert all((case["reason"] is None) is (case["verdict"] == "allow") for case in seen)


@pytest.mark.parametrize("name", TOLD)
def test_a_recording_tells_what_the_page_saw(name: str, recorded: tuple[Path, list[Case]]) -> None:
    """Every verdict, and whatever else the file has."""
    folder, seen = recorded
    found = list(held_against(lines_of(folder / name), seen))
    wrong = [(case["id"], field, case[field]) for case, field, is_right, _ in found if is_right == WRONG]
    unclear = [(case["id"], field) for case, field, is_right, _ in found if is_right == OPEN and field in TOLD[name]]
    assert (wrong, unclear) == ([], [])
    assert any(is_right == RIGHT for *_, is_right, _ in found)
