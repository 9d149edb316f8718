"""Policies in force, before real browsers: what the page sees is what the JSON line says, and what was promised.

Page and API are real servers on ports of localhost, so that all goes through mitmproxy as it does for a developer; the
API knows nothing of CORS unless it is asked to.
"""

import asyncio
import contextlib
import datetime as dt
import http.server as servers
import json
import os
import signal
import ssl
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from mitmproxy import http
from mitmproxy.io import FlowReader

from tests import waits
from tests.browser.drivers import BrowserMissing, Launch, load_driver
from tests.browser.proxy import ADDON
from tests.ports import can_connect, free_port

CONTROL = Path(__file__).parent / "mitm" / "policy_control.py"
BROWSERS = ("chromium", "firefox")
SCHEMES = ("http", "https")
"""Over https the browser speaks HTTP/2 to mitmproxy, and sends Fetch metadata."""

PAGE = b"""<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script>
document.cookie = "sid=1; path=/";
function prime() {}
async function one({ url, init, sse }) {
  try {
    const response = await fetch(url, init);
    if (sse) {
      const reader = response.body.getReader();
      await reader.read();
      await reader.cancel();
    } else {
      await response.text();
    }
    return { seen: true, status: response.status, total: response.headers.get("x-total") };
  } catch (error) {
    return { seen: false, error: String(error) };
  }
}
async function all(requests) {
  const found = await Promise.all(requests.map(one));
  return Object.fromEntries(requests.map((request, index) => [request.id, found[index]]));
}
</script>"""


class _Handler(servers.BaseHTTPRequestHandler):
    """The page, and an API that does as its query says."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        url = urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(url.query).items()}
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {"Content-Type": "text/plain", "Cache-Control": "no-store", "X-Total": "1"}
        status, body = 200, b"hi"
        if url.path == "/page":
            headers["Content-Type"], body = "text/html", PAGE
        elif "own" in asked and self.headers.get("Origin"):
            headers["Access-Control-Allow-Origin"] = self.headers["Origin"]
            headers["Access-Control-Allow-Credentials"] = "true"
            headers["Access-Control-Allow-Methods"] = "PUT"
            headers["Access-Control-Allow-Headers"] = "x-token, content-type"
        if self.command == "OPTIONS":
            status = 204 if "own" in asked else 405
        elif "status" in asked:
            status = int(asked["status"])
        elif "to" in asked:
            status, headers["Location"] = 302, asked["to"]
        elif "etag" in asked:
            headers["ETag"], headers["Cache-Control"] = '"1"', "no-cache"
            status = 304 if self.headers.get("If-None-Match") else 200
        if "stream" in asked:
            body = b"x" * 3_000_000
        if "sse" in asked:
            headers["Content-Type"], body = "text/event-stream", b"data: 1\n\n"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status not in (204, 304) and "endless" not in asked:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status not in (204, 304) and self.command != "HEAD":
            self.wfile.write(body)
        if "endless" in asked:
            self.close_connection = True
            self.server.hold.wait(60)  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> object:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


class _Server(servers.ThreadingHTTPServer):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.hold = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Browsers and proxies hang up as they like."""


def certificate(folder: Path) -> Path:
    """A self-signed certificate for localhost, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - dt.timedelta(1)).not_valid_after(now + dt.timedelta(1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "localhost.pem"
    file.write_bytes(private + made.sign(key, hashes.SHA256()).public_bytes(pem))
    return file


@contextlib.contextmanager
def server(tls: Path | None, port: int = 0) -> Iterator[int]:
    """A server on a port of its own, or on this one."""
    made = _Server(("127.0.0.1", port), _Handler)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
        made.socket = context.wrap_socket(made.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    try:
        yield made.server_address[1]
    finally:
        made.hold.set()
        made.shutdown()
        made.server_close()


class Mitmdump:
    """The proxy with the addon, and somebody to type its commands."""

    def __init__(self, folder: Path, tool: str = "mitmdump", strategy: str = "lazy") -> None:
        self.folder = folder
        self.tool = tool
        self.strategy = strategy
        self.port = free_port()
        self.lines = folder / "cors.jsonl"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Mitmdump"]:
        """Start it and wait until it listens; at the end every line is written."""
        control = self.folder / "control"
        line = [sys.executable, "-c", f"from mitmproxy.tools.main import {self.tool}; {self.tool}()", "-q"]
        if self.tool == "mitmweb":
            line += ["--no-web-open-browser", "--web-port", str(free_port())]
        line += ["--listen-host", "127.0.0.1", "--listen-port", str(self.port), "-s", str(CONTROL), "-s", str(ADDON)]
        # lazy: HTTP/2 to the browser
        line += ["--set", f"connection_strategy={self.strategy}", "--set", "ssl_insecure=true"]
        for option in (f"policy_control={control}", f"cors_jsonl={self.lines}", f"confdir={self.folder / 'conf'}"):
            line += ["--set", option]
        process = await asyncio.create_subprocess_exec(*line, env={**os.environ, "PYTHONUNBUFFERED": "1"})
        try:
            async with asyncio.timeout(120):
                while True:
                    assert process.returncode is None, "mitmdump did not start"
                    if can_connect(self.port):
                        with contextlib.suppress(OSError):  # not there yet, or there and not listening yet
                            self.reader, self.writer = await asyncio.open_unix_connection(str(control))
                            break
                    await waits.pause()
            yield self
            self.writer.close()
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
                await asyncio.wait_for(process.wait(), 30)

    async def call(self, command: str, *arguments: Any) -> Any:
        """Run a command; what it says."""
        self.writer.write(json.dumps({"call": command, "arguments": arguments}).encode() + b"\n")
        await self.writer.drain()
        return json.loads(await self.reader.readline())

    def judged(self) -> dict[str, list[dict[str, Any]]]:
        """The last revision of each flow's line, by the request's `id`."""
        text = self.lines.read_text() if self.lines.exists() else ""
        last = {line["flow_id"]: line for line in map(json.loads, text.splitlines())}
        found: dict[str, list[dict[str, Any]]] = {}
        for line in last.values():
            for one in parse_qs(urlsplit(line["url"]).query).get("id", ()):
                found.setdefault(one, []).append(line)
        return found


@dataclass
class Running:
    """A browser behind the proxy, with a page and two servers."""

    proxy: Mitmdump
    driver: Any
    page: str
    api: str
    other: str
    count: int = 0

    def requests(self, policy: str) -> list[dict[str, Any]]:
        """One of every kind, each with a URL of its own, so that no cache comes between them."""
        made = []
        for name, init, query in REQUESTS:
            self.count += 1
            identity = f"{policy}.{name}.{self.count}"
            query = query.replace("OTHER", f"{self.other}/x?id={identity}").replace(
                "SAME", f"{self.api}/y?id={identity}"
            )
            made.append(
                {"id": identity, "init": init, "url": f"{self.api}/items?id={identity}&{query}", "sse": "sse" in query}
            )
        return made

    async def run(self, policy: str, requests: list[dict[str, Any]] | None = None) -> dict[str, dict[str, Any]]:
        """What the page sees of each request, by the name of its kind."""
        requests = requests or self.requests(policy)
        found: dict[str, dict[str, Any]] = await self.driver.evaluate(self.page, f"all({json.dumps(requests)})")
        self.seen |= {identity: bool(one["seen"]) for identity, one in found.items()}
        return {identity.split(".")[1]: one for identity, one in found.items()}

    def __post_init__(self) -> None:
        self.seen: dict[str, bool] = {}


JSON = {"Content-Type": "application/json"}
REQUESTS: list[tuple[str, dict[str, Any], str]] = [
    ("get", {"credentials": "omit"}, ""),
    ("get-credentials", {"credentials": "include"}, ""),
    ("put", {"method": "PUT", "credentials": "omit"}, ""),
    ("put-credentials", {"method": "PUT", "credentials": "include", "headers": JSON, "body": "{}"}, ""),
    ("header", {"credentials": "omit", "headers": {"X-Token": "1"}}, ""),
    ("authorization", {"credentials": "omit", "headers": {"Authorization": "x"}}, ""),
    ("redirect", {"credentials": "omit"}, "to=SAME"),
    ("redirect-credentials", {"credentials": "include"}, "to=SAME"),
    ("redirect-away", {"credentials": "omit"}, "to=OTHER"),
    ("streamed", {"credentials": "include"}, "stream=1"),
    ("events", {"credentials": "omit"}, "sse=1&stream=1"),
    ("gateway", {"credentials": "include"}, "status=502"),
    ("local", {"credentials": "omit"}, "local=1"),
    ("own", {"method": "PUT", "credentials": "include", "headers": {"X-Token": "1"}}, "own=1"),
]
NOT_CREDENTIALED = {"get", "header", "redirect", "events", "local"}


def policy_file(text: str, *, page: str, api: str) -> str:
    """A policy for both servers."""
    return "policies:\n  - name: tried\n" + "".join(
        f"    {line.strip()}\n"
        for line in text.replace("SCHEME", page.partition(":")[0]).replace("PAGE", page).replace("API", api).split(";")
    )


FILES: dict[str, tuple[str, set[str]]] = {
    # the policy, and what of REQUESTS the page sees
    "allow": ("preset: allow", {name for name, _, _ in REQUESTS}),
    "strip": ("preset: strip", set()),
    "strict": ("preset: strict", set()),
    "strict-listed": ("preset: strict; origins: [PAGE]; request-headers: [x-token]", NOT_CREDENTIALED),
    "everyone": ("origins: '*'", {"get", "redirect", "events", "local", "redirect-away"}),
    "everyone-all": (
        "origins: '*'; methods: '*'; request-headers: ['*', authorization]",
        {*NOT_CREDENTIALED, "put", "authorization", "redirect-away"},
    ),
    "one": ("origins: [PAGE]; methods: [PUT]; request-headers: [x-token]", {*NOT_CREDENTIALED, "put"}),
    "pattern": (
        "origins: ['SCHEME://localhost:*']; credentials: true; methods: [PUT];request-headers: [content-type, x-token]",
        {name for name, _, _ in REQUESTS} - {"authorization", "redirect-away"},
    ),
    "with-null": ("origins: [PAGE, 'null']", {"get", "redirect", "redirect-away", "events", "local"}),
    "rewrites": (
        "origins: [PAGE]; preflight: rewrite; methods: [PUT]; request-headers: [x-token]",
        {*NOT_CREDENTIALED, "put"},
    ),
    "forwards": (
        "origins: [PAGE]; preflight: forward; credentials: true",
        {"get", "get-credentials", "redirect", "redirect-credentials", "streamed", "events", "gateway", "local", "own"},
    ),
    "others-keep": ("origins: [https://nobody.test]; other-origins: keep", {"own"}),
    "others-deny": ("origins: [https://nobody.test]", set()),
    "edits": ("set: {X-Added: '1', Access-Control-Allow-Origin: PAGE}", {"get", "redirect", "events", "local", "own"}),
    "off": ("mode: 'off'; preset: allow", {"own"}),
    "shadow": ("mode: shadow; preset: allow", {"own"}),
}


async def table(browser: str, scheme: str, folder: Path) -> tuple[list[str], Counter[str]]:
    """Run every policy with every request; what differs, and how many exchanges of either verdict there were."""
    wrong: list[str] = []
    async with behind_proxy(browser, scheme, folder) as running:
        for name, (text, expected) in FILES.items():
            file = folder / f"{name}.yaml"
            file.write_text(policy_file(text, page=running.page, api=running.api))
            said = await running.proxy.call("cors.policy.load", str(file))
            if not said.startswith("1 policy from"):
                wrong.append(f"{name}: {said}")
            found = await running.run(name)
            for request, seen in found.items():
                if seen["seen"] is not (request in expected):
                    wrong.append(f"{name} × {request}: the page {'saw' if seen['seen'] else 'did not see'} it: {seen}")
            if name == "allow" and any(
                seen["total"] != "1" for request, seen in found.items() if "away" not in request
            ):
                wrong.append(f"allow exposes no X-Total: {found}")
    counted: Counter[str] = Counter()
    judged = running.proxy.judged()
    for identity, passed in running.seen.items():
        lines = [line for line in judged.get(identity, ()) if line["role"] in ("preflight", "actual", "redirect")]
        verdict = "deny" if any(line["verdict"] == "deny" for line in lines) else "allow"
        counted[verdict] += 1
        if not lines or (verdict == "allow") is not passed:
            reasons = [(line["role"], line["verdict"], line["reason"], line["credentials"]) for line in lines]
            wrong.append(f"{identity}: the page {'saw' if passed else 'did not see'} it, the lines say {reasons}")
        for line in lines:
            if line["contradicted"]:
                wrong.append(f"{identity}: contradicted: {line['contradiction']}")
    return wrong, counted


async def session(browser: str, scheme: str, folder: Path) -> list[str]:
    """A page that fails; then the commands, on the flow that failed."""
    wrong: list[str] = []

    def expect(what: str, found: dict[str, dict[str, Any]], names: set[str]) -> None:
        seen = {name for name, one in found.items() if one["seen"]}
        if seen != names:
            wrong.append(f"{what}: too much {seen - names}, too little {names - seen}")

    async with behind_proxy(browser, scheme, folder) as running:
        everything = {name for name, _, _ in REQUESTS}
        requests = running.requests("before")
        expect("before", await running.run("before", requests), {"own"})
        failed = requests[0]["url"].removeprefix(running.api)
        said = await running.proxy.call("cors.allow", {"flows": [failed]})
        if not said.startswith(
            f"All is allowed for {running.page} at {running.api.partition('//')[2]}. Reload the page"
        ):
            wrong.append(said)
        expect("allow", await running.run("allowed"), everything)
        said = await running.proxy.call("cors.strip", {"flows": [failed]})
        if "lose their CORS headers" not in said:
            wrong.append(said)
        expect("strip", await running.run("stripped"), set())
        # what the browser has stored and only confirms must not outlive the headers that it was stored with
        await running.proxy.call("cors.allow", {"flows": [failed]})
        stored = [
            {"id": "stored.etag.1", "init": {"cache": "no-cache"}, "url": f"{running.api}/items?id=stored&etag=1"}
        ]
        expect("stored", await running.run("stored", stored), {"etag"})
        expect("confirmed", await running.run("stored", stored), {"etag"})
        await running.proxy.call("cors.strip", {"flows": [failed]})
        expect("stripped, though stored", await running.run("stored", stored), set())
        await running.proxy.call("cors.rules.clear")
        expect("cleared", await running.run("cleared"), {"own"})
        # a header at a time, by hand
        put = next(one for one in running.requests("injected") if ".get." in one["id"])
        await running.run("injected", [put])
        path = put["url"].removeprefix(running.api)
        await running.proxy.call("cors.inject", {"flows": [path]}, "Access-Control-Allow-Origin", running.page)
        expect("inject", await running.run("injected", [put]), {"get"})
    return wrong


async def over_http2(browser: str, folder: Path) -> list[str]:
    """Some policies with an API that speaks HTTP/2: another mitmdump before the server."""
    wrong: list[str] = []
    dump = folder / "http2.mitm"
    async with behind_proxy(browser, "https", folder) as running:
        with server(None) as plain:
            port = free_port()
            mode = f"reverse:http://127.0.0.1:{plain}@127.0.0.1:{port}"
            line = [sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()", "-q"]
            line += ["--mode", mode, "-w", str(dump), "--set", f"confdir={folder / 'http2'}"]
            process = await asyncio.create_subprocess_exec(*line)
            try:
                async with asyncio.timeout(60):
                    while not can_connect(port):
                        await waits.pause()
                running.api = f"https://localhost:{port}"
                for name in ("allow", "strip", "pattern", "rewrites", "forwards"):
                    text, expected = FILES[name]
                    file = folder / f"{name}.yaml"
                    file.write_text(policy_file(text, page=running.page, api=running.api))
                    await running.proxy.call("cors.policy.load", str(file))
                    for request, seen in (await running.run(name)).items():
                        if seen["seen"] is not (request in expected):
                            wrong.append(f"{name} × {request}: {seen}")
            finally:
                process.send_signal(signal.SIGINT)
                await asyncio.wait_for(process.wait(), 30)
    with open(dump, "rb") as saved:
        spoken = {flow.request.http_version for flow in FlowReader(saved).stream() if isinstance(flow, http.HTTPFlow)}
    return wrong if spoken == {"HTTP/2.0"} else [f"spoken was {spoken}", *wrong]


async def endless(browser: str, folder: Path) -> tuple[list[bool], list[str]]:
    """Two streams of events that never end, one allowed: what the page got, and the verdicts while they go on."""
    async with behind_proxy(browser, "http", folder, "mitmweb") as running:
        seen = []
        for identity, more in (("good", "&own=1"), ("bad", "")):
            url = f"{running.api}/events?id={identity}&sse=1&stream=1&endless=1{more}"
            script = f"""new Promise(done => {{
              const source = window.{identity} = new EventSource({json.dumps(url)}, {{withCredentials: true}});
              source.onmessage = () => done({{seen: true}});
              source.onerror = () => done({{seen: false}});
            }})"""
            seen.append((await running.driver.evaluate(running.page, script))["seen"])
        async with asyncio.timeout(30):
            while set(judged := running.proxy.judged()) != {"good", "bad"}:
                await waits.pause()
        return seen, [judged[identity][0]["verdict"] for identity in ("good", "bad")]


async def down(browser: str, scheme: str, strategy: str, folder: Path) -> list[str]:
    """A server that is down, one that fails at TLS, and one that comes back, under a policy that allows all."""
    wrong: list[str] = []
    async with behind_proxy(browser, scheme, folder, strategy=strategy) as running:
        file = folder / "allow.yaml"
        file.write_text(policy_file("preset: allow", page=running.page, api=running.api))
        await running.proxy.call("cors.policy.load", str(file))

        async def ask(kind: str, port: int) -> dict[str, Any]:
            init = {"put": {"method": "PUT", "credentials": "include"}}.get(kind, {})
            running.count += 1
            url = f"{scheme}://localhost:{port}/x?id={kind}{running.count}"
            found = await running.run("down", [{"id": f"down.{kind}.{running.count}", "init": init, "url": url}])
            return found[kind]

        dead = free_port()
        first = await ask("get", dead)
        if first["seen"]:
            wrong.append(f"the first failure is mitmproxy's own page: {first}")
        for kind in ("get", "put", "get"):
            if (found := await ask(kind, dead)).get("status") != 502:
                wrong.append(f"{kind} to a server that is down: {found}")
        with server(certificate(folder) if scheme == "https" else None, dead):
            for kind in ("get", "put"):
                if (found := await ask(kind, dead)).get("status") != 200:
                    wrong.append(f"{kind} to a server that is up again: {found}")
        if scheme == "https":
            with server(None) as plain:
                await ask("get", plain)
                if (found := await ask("get", plain)).get("status") != 502:
                    wrong.append(f"a server that speaks no TLS: {found}")
    return wrong


@contextlib.asynccontextmanager
async def behind_proxy(
    browser: str, scheme: str, folder: Path, tool: str = "mitmdump", strategy: str = "lazy"
) -> AsyncIterator[Running]:
    """A browser behind mitmdump, with a page and two servers."""
    try:
        driver = load_driver(browser)()
    except BrowserMissing as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
    tls = certificate(folder) if scheme == "https" else None
    with (
        server(tls) as page,
        server(tls) as api,
        server(tls) as other,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
    ):
        async with Mitmdump(folder, tool, strategy).running() as proxy:
            await driver.start(Launch(proxy.port, Path(profile) / "profile"))
            try:
                urls = [f"{scheme}://localhost:{port}" for port in (page, api, other)]
                yield Running(proxy, driver, urls[0], urls[1], urls[2])
            finally:
                await driver.stop()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("browser", BROWSERS)
def test_what_the_page_sees_is_the_lines_verdict(browser: str, scheme: str, tmp_path: Path) -> None:
    """Over all policies and requests, at least 60 of each verdict's kind together."""
    wrong, counted = asyncio.run(table(browser, scheme, tmp_path))
    assert wrong == []
    assert counted.total() == len(FILES) * len(REQUESTS) >= 60
    assert min(counted.values()) >= 60


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("browser", BROWSERS)
def test_the_commands_do_what_they_say(browser: str, scheme: str, tmp_path: Path) -> None:
    """A failed page passes after `cors.allow`, fails after `cors.strip`, and is as before after `cors.rules.clear`."""
    assert asyncio.run(session(browser, scheme, tmp_path)) == []


@pytest.mark.parametrize("browser", BROWSERS)
def test_a_stream_is_judged_while_it_goes_on(browser: str, tmp_path: Path) -> None:
    """Server-sent events may go on for hours: where people look at flows, the verdict does not wait for their end."""
    seen, verdicts = asyncio.run(endless(browser, tmp_path))
    assert (seen, verdicts) == ([True, False], ["allow", "deny"])


@pytest.mark.parametrize(
    ("browser", "scheme", "strategy"),
    [
        ("chromium", "http", "eager"),
        ("chromium", "https", "eager"),
        ("chromium", "https", "lazy"),
        ("firefox", "https", "lazy"),
    ],
)
def test_the_page_reads_that_a_server_is_down(browser: str, scheme: str, strategy: str, tmp_path: Path) -> None:
    """A 502 with CORS headers once the server was found to be down, and the server itself once it is up again."""
    assert asyncio.run(down(browser, scheme, strategy, tmp_path)) == []


@pytest.mark.parametrize("browser", BROWSERS)
def test_servers_that_speak_http2(browser: str, tmp_path: Path) -> None:
    """Are rewritten as others are."""
    assert asyncio.run(over_http2(browser, tmp_path)) == []
