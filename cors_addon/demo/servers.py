"""The servers of the demo: one for the page, one for the API, one for where the API redirects to.

They listen on ports of 127.0.0.1 that the system chooses; the browser reaches them through mitmproxy, and the Host
header that it sends arrives as it was.
"""

import base64
import contextlib
import hashlib
import http.server
import json
import re
import threading
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, override
from urllib.parse import urlsplit

from cors_addon.demo.blocks import BLOCKED, FRAMES, TEXT, TITLE, Blocked
from cors_addon.demo.scenarios import COOKIE, GROUPS, SCENARIOS, Answer, Origins, Scenario

PAGE = Path(__file__).with_name("page.html")
DATA = "{{demo}}"
"""Where the page's data stands in PAGE."""
NOT_FOUND = Answer(404, (("Content-Type", "text/plain; charset=utf-8"),), "There is nothing here.\n")

_BY_PATH: dict[str, Scenario | Blocked] = {f"/{scenario.name}": scenario for scenario in SCENARIOS}
_BY_PATH |= {f"/{blocked.name}": blocked for blocked in BLOCKED}
_FRAMED = {f"{FRAMES}{blocked.name}": blocked for blocked in BLOCKED}


def page(origins: Origins, mitmweb: str) -> Answer:
    """The page, which may load and run nothing but what stands in it, and call the two other servers."""
    template = PAGE.read_text(encoding="utf-8")
    style, script = (_hash(template, name) for name in ("style", "script"))
    policy = (
        f"default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; "
        f"connect-src {origins.api} {origins.other}; frame-src {origins.page}{FRAMES}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    data = {
        "page": origins.page,
        "api": origins.api,
        "other": origins.other,
        "mitmweb": mitmweb,
        "groups": [
            {
                "title": group.title,
                "text": group.text,
                "scenarios": [scenario.as_json(origins) for scenario in group.scenarios],
            }
            for group in GROUPS
        ]
        + [
            {
                "title": TITLE,
                "text": TEXT,
                "scenarios": [blocked.as_json(origins) for blocked in BLOCKED],
            }
        ],
    }
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Set-Cookie", f"{COOKIE}=1; Path=/; HttpOnly; SameSite=Lax"),
    )
    return Answer(200, headers, template.replace(DATA, json.dumps(data).replace("<", "\\u003c")))


def _hash(html: str, element: str) -> str:
    """The source expression of Content-Security-Policy for the one inline element of this name without attributes."""
    [content] = re.findall(rf"<{element}>(.*?)</{element}>", html, re.DOTALL)
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def page_answer(home: Answer, origins: Origins, path: str, host: str) -> Answer:
    """What the page's server answers. By another name (127.0.0.1, say) it were another origin, so it sends home."""
    if f"http://{host}" != origins.page:
        return Answer(307, (("Location", f"{origins.page}/"),))
    if path in _FRAMED:
        return _FRAMED[path].framed(origins)
    return home if path == "/" else NOT_FOUND


def api_answer(method: str, path: str, *, preflight: bool) -> Answer:
    """What the API answers."""
    scenario = _BY_PATH.get(path)
    if scenario is None:
        return NOT_FOUND
    if preflight and scenario.preflight is not None:
        return scenario.preflight
    if method != scenario.method:
        return Answer(405, (("Allow", scenario.method),))
    return scenario.answer


def other_answer(path: str) -> Answer:
    """What the third server answers."""
    scenario = _BY_PATH.get(path)
    return NOT_FOUND if scenario is None or scenario.onward is None else scenario.onward


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers as the functions above say."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "demo", ""
    server: "_Server"

    def do_any(self) -> None:
        """Answer any request."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = self.server.answer(self)
        body = answer.body.encode()
        fill = self.server.origins.fill
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, fill(value))
        self.send_header("Cache-Control", "no-store")
        if answer.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        # mitmproxy does not know a connection again that it was led to (see run.Upstream): it would hold it for nothing
        self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_any  # noqa: N815

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what was asked is seen in mitmweb."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, origins: Origins, home: Answer | None = None, *, third: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.origins = origins
        self.home = home
        self.third = third

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> Answer:
        """What this server answers to a request."""
        path = urlsplit(request.path).path
        if self.home is not None:
            return page_answer(self.home, self.origins, path, request.headers.get("Host", ""))
        if self.third:
            return other_answer(path)
        preflight = request.command == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        return api_answer(request.command, path, preflight=preflight)

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: browsers and proxies hang up as they like."""


@contextlib.contextmanager
def running(origins: Origins, mitmweb: str) -> Iterator[tuple[int, int, int]]:
    """Run the three servers; gives the ports of 127.0.0.1 of page, API and third server."""
    with contextlib.ExitStack() as stack:
        ports = []
        for server in (_Server(origins, page(origins, mitmweb)), _Server(origins), _Server(origins, third=True)):
            stack.callback(server.server_close)
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            stack.callback(server.shutdown)
            ports.append(server.server_address[1])
        first, second, third = ports
        yield first, second, third
