"""A page, servers it asks, a mitmproxy between, and a Chromium that is driven: what the live page's tests start."""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, override

from playwright.sync_api import Browser, Page, sync_playwright

from tests import waits
from tests.browser.drivers import chromium
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers `/page` with an empty page, `/open…` with CORS, all else without."""

    protocol_version = "HTTP/1.1"
    own: ClassVar[dict[str, bytes]] = {}
    """Documents by path."""

    def answer(self) -> None:
        """Whatever the method is."""
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        body = self.own.get(self.path, b"{}")
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if self.path in self.own else "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.path.startswith("/open"):
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Access-Control-Allow-Methods", "PUT")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_OPTIONS = answer  # noqa: N815  # as http.server calls them

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def server(**documents: bytes) -> Iterator[str]:
    """A server of this machine, by its origin; `documents` by their path without the slash."""
    own = {"/page": b"<!doctype html><title>page</title>"} | {f"/{name}": body for name, body in documents.items()}
    handler = type("Own", (Answers,), {"own": own})
    serving = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    serving.daemon_threads = True
    thread = threading.Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{serving.server_address[1]}"
    finally:
        serving.shutdown()
        serving.server_close()


@dataclass
class Mitmproxy:
    """One that runs, with the addon."""

    port: int
    address: str
    """Of the live page, with its token."""
    log: Path
    web: str = ""
    """Where mitmweb's own page is, with its token; empty for mitmdump."""

    @property
    def origin(self) -> str:
        """Of the live page on its own port."""
        return self.address.partition("/?")[0]

    @property
    def token(self) -> str:
        """Of the live page."""
        return self.address.partition("token=")[2]

    @property
    def through(self) -> str:
        """The live page's address through the proxy."""
        return f"http://cors.test/?token={self.token}"


@contextlib.contextmanager
def mitmproxy(folder: Path, program: str = "mitmdump", *options: str) -> Iterator[Mitmproxy]:
    """mitmdump or mitmweb, with the addon and these options."""
    port, web = free_port(), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{program}-{port}.log"
    start = f"from mitmproxy.tools.main import {program}; {program}()"
    command = [sys.executable, "-c", start, "-s", str(ROOT / "cors_addon" / "__init__.py")]
    command += ["--listen-host", "127.0.0.1", "--listen-port", str(port), "--set", f"confdir={folder / 'conf'}"]
    if program == "mitmweb":
        command += ["--no-web-open-browser", "--web-port", str(web)]
    with log.open("wb") as out:
        process = subprocess.Popen([*command, *options], stdout=out, stderr=out, cwd=ROOT)
    try:
        found: list[str] = []

        def tell() -> bool:
            text = log.read_text(errors="replace")
            found[:] = re.findall(r"live page of cors_addon: (\S+)", text)
            return bool(found) or process.poll() is not None

        waits.until_now(tell, 120, lambda: log.read_text(errors="replace"))
        assert found, log.read_text(errors="replace")
        mine = re.findall(r"Web server listening at (\S+)", log.read_text(errors="replace"))
        yield Mitmproxy(port, found[0], log, mine[0] if mine else "")
    finally:
        process.terminate()
        process.wait(30)


@contextlib.contextmanager
def browser(proxy_port: int | None, *flags: str) -> Iterator[Browser]:
    """A Chromium behind a proxy, loopback addresses too."""
    proxy: Any = None if proxy_port is None else {"server": f"http://127.0.0.1:{proxy_port}", "bypass": "<-loopback>"}
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=str(chromium.Chromium.find()),
            proxy=proxy,
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update", *flags],
        )
        try:
            yield started
        finally:
            started.close()


def ask(page: Page, url: str, **options: Any) -> str:
    """What a page's `fetch` comes to: the status, or the error's name."""
    script = "([url, options]) => fetch(url, options).then((r) => String(r.status), (e) => e.name)"
    return str(page.evaluate(script, [url, options]))


def data_of(page: Page) -> Any:
    """What the page was delivered with."""
    return json.loads(page.locator("#data").text_content() or "")
