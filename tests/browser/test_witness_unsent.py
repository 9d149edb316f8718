"""What a page's policy kept from being sent, as the witness tells it, in real browsers: fonts, images of style sheets,
imports and beacons too, of which no call of the page's says that they failed.
"""

import asyncio
import contextlib
import json
import ssl
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests import waits
from tests.browser.drivers import DRIVERS, Launch
from tests.browser.near.drivers import NEAR, NearWebKit
from tests.browser.test_browser_truth import driver_of
from tests.browser.test_policies import Mitmdump, certificate

ELSEWHERE = "https://elsewhere.test"
INSECURE = "http://insecure.test"
POLICY = "font-src 'none'; img-src 'none'; connect-src 'self'; script-src 'self' 'unsafe-inline'; frame-src 'none'"
PAGE = f"""<!doctype html><title>it</title><link rel="icon" href="data:,"><style>
@font-face {{ font-family: far; src: url({ELSEWHERE}/font.woff2); }}
p {{ font-family: far; background: url({ELSEWHERE}/sheet.png); }}
</style><p>text</p><script>
navigator.sendBeacon("{ELSEWHERE}/beacon", "x");
fetch("{ELSEWHERE}/fetch").catch(() => 0);
import("{ELSEWHERE}/import.js").catch(() => 0);
const frame = document.createElement("iframe");
frame.src = "{ELSEWHERE}/frame";
document.body.append(frame);
new Image().src = "{ELSEWHERE}/image.png";
</script>"""
MIXED = f'<!doctype html><title>it</title><script>navigator.sendBeacon("{INSECURE}/beacon", "x");</script>'
WANTED = {
    "/beacon": ("POST", "connect-src"),
    "/fetch": ("GET", "connect-src"),
    "/font.woff2": ("GET", "font-src"),
    "/frame": ("GET", "frame-src"),
    "/image.png": ("GET", "img-src"),
    "/import.js": ("GET", "script-src-elem"),
    "/sheet.png": ("GET", "img-src"),
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = (MIXED if self.path == "/mixed" else PAGE).encode()
        self.send_response(200)
        if self.path != "/mixed":
            self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[str]:
    """Of the pages, over TLS; its origin."""
    made = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(folder))
    made.socket = context.wrap_socket(made.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    try:
        yield f"https://localhost:{made.server_port}"
    finally:
        made.shutdown()
        made.server_close()


async def _open(driver: Any, url: str) -> None:
    """In a tab of its own."""
    if isinstance(driver, NearWebKit):
        await driver.open_tab(url)
    elif hasattr(driver, "cdp"):
        await driver.cdp.call("Target.createTarget", url=url)
    else:
        tab = await driver.bidi.call("browsingContext.create", type="tab")
        await driver.bidi.call("browsingContext.navigate", context=tab["context"], url=url, wait="complete")


def _unsent(lines: Path) -> dict[str, list[dict[str, Any]]]:
    """What was told to have never left the browser, by URL."""
    text = lines.read_text() if lines.exists() else ""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in map(json.loads, text.splitlines()):
        if line["flow_id"] is None:
            found.setdefault(line["url"], []).append(line)
    return found


async def _told(browser: str, folder: Path) -> dict[str, list[dict[str, Any]]]:
    driver: Any = NEAR[browser]()
    wanted = {f"{ELSEWHERE}{path}" for path in WANTED} | {f"{INSECURE}/beacon"}
    with _server(folder) as page, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        proxy = Mitmdump(folder)
        async with proxy.running():
            await proxy.call("cors.witness", "on")
            await driver.start(Launch(proxy.port, Path(profile) / "profile"))
            try:
                await _open(driver, f"{page}/page")
                await _open(driver, f"{page}/mixed")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(15):
                        while not wanted <= _unsent(proxy.lines).keys():
                            await waits.pause()
            finally:
                await driver.stop()
        return _unsent(proxy.lines)


@pytest.mark.parametrize("browser", DRIVERS)
def test_what_a_policy_refused_is_told(browser: str, tmp_path: Path) -> None:
    """Each once, by its URL and the directive; and what is mixed content."""
    driver_of(browser)
    told = asyncio.run(_told(browser, tmp_path))
    found = {
        url.removeprefix(ELSEWHERE): [(line["method"], line["blocked_detail"], line["blocked_by"]) for line in lines]
        for url, lines in told.items()
    }
    mixed = found.pop(f"{INSECURE}/beacon", [])
    assert found == {path: [(method, directive, "csp")] for path, (method, directive) in WANTED.items()}
    assert mixed == [("POST", f"{INSECURE}/beacon", "mixed-content")]
