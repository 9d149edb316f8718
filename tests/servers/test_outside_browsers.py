"""Runtimes, libraries, servers that render pages, and dev servers' proxies, run for real: named, and denied nothing.

Electron's net and React Native's fetch do not run here, see `test_clients_that_do_not_run_here`.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from cors_addon.report.client_name import client_name
from tests import waits
from tests.ports import can_connect, free_port
from tests.servers.launch import Missing, command, running, upstream
from tests.servers.recognising import node_packages

HERE = Path(__file__).parent / "outside"
ADDON = Path(__file__).resolve().parents[2] / "cors_addon" / "__init__.py"
PACKAGES = ("bun@1.4.5", "deno@2.9.6", "vite@7")
LIBRARIES = ("undici", "node-fetch", "axios", "got@14", "ky@1", "superagent@10")
WORKERS = ("miniflare",)
RELAYS = ("express", "http-proxy-middleware", "http-proxy", "webpack", "webpack-dev-server")
NEXT = ("next@16", "react@19", "react-dom@19")
NUXT = ("nuxt@4",)
"""The last that run with Node 20."""
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
FETCHES = """
const headers = { Origin: "http://app.example.test" };
await (await fetch(process.env.API, { headers })).text();
await (await fetch(process.env.API, { headers: { ...headers, "User-Agent": "%s" } })).text();
"""
"""As by a server that renders pages: by itself, and with the browser's User-Agent passed on."""


@contextmanager
def recorded(folder: Path) -> Iterator[tuple[int, list[Mapping[str, Any]]]]:
    """Port of a mitmdump before a server without CORS, and what it wrote of each request, once it has ended."""
    lines: list[Mapping[str, Any]] = []
    port, written = free_port(), folder / "lines.jsonl"
    with upstream() as behind:
        line = [sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()", "-q"]
        line += ["--listen-host", "127.0.0.1", "--listen-port", str(port)]
        line += ["--mode", f"reverse:http://127.0.0.1:{behind}", "-s", str(ADDON)]
        for name, value in {"cors_jsonl": written, "confdir": folder / "conf", "cors_page": "off"}.items():
            line += ["--set", f"{name}={value}"]
        proxy = subprocess.Popen(line)
        try:
            waits.until_now(lambda: can_connect(port), 120.0, lambda: "mitmdump did not start")
            yield port, lines
        finally:
            proxy.send_signal(signal.SIGINT)
            proxy.wait(30)
    if written.exists():
        lines += map(json.loads, written.read_text().splitlines())


def program(name: str) -> list[str]:
    """The words that start a runtime; a script follows."""
    if name == "node":
        return [command("node", "nodejs")]
    modules = node_packages(PACKAGES)
    found = [each for each in sorted(modules.glob(f"@*/{name}-*/bin/{name}")) if os.access(each, os.X_OK)]
    found += [each for each in sorted(modules.glob(f"@{name}/*/{name}")) if os.access(each, os.X_OK)]
    if not found:
        raise Missing(f"npm has no {name} for this machine")
    return [str(found[0]), "run", "-A"] if name == "deno" else [str(found[0])]


@pytest.mark.parametrize(
    ("runtime", "by_agent"), [("node", True), ("bun", False), ("deno", False)], ids=["node", "bun", "deno"]
)
def test_a_runtime_is_denied_nothing(runtime: str, by_agent: bool, tmp_path: Path) -> None:
    """By its own User-Agent; Node's fetch also by the rest where it passes a browser's on (`by_agent`)."""
    script = tmp_path / "fetches.mjs"
    script.write_text(FETCHES % CHROME)
    try:
        words = program(runtime)
    except Missing as error:
        pytest.skip(str(error))
    with recorded(tmp_path) as (port, lines):
        api = {"API": f"http://127.0.0.1:{port}/items"}
        subprocess.run([*words, str(script)], env={**os.environ, **api}, check=True, timeout=120)
    own, passed_on = lines[0], lines[-1]
    assert (own["role"], own["verdict"]) == ("non-browser", "not-cors")
    assert not by_agent or (passed_on["role"], passed_on["verdict"]) == ("non-browser", "not-cors")


def test_a_dev_servers_proxy_is_denied_nothing(tmp_path: Path) -> None:
    """Vite's sends the browser's own headers on: the page asked its own origin, and the browser says so."""
    try:
        vite = [command("node", "nodejs"), str(node_packages(PACKAGES) / "vite" / "bin" / "vite.js")]
    except Missing as error:
        pytest.skip(str(error))
    with recorded(tmp_path) as (port, lines):
        own = free_port()
        proxied = {"/api": {"target": f"http://127.0.0.1:{port}", "changeOrigin": True}}
        settings = {"server": {"port": own, "host": "127.0.0.1", "proxy": proxied}, "cacheDir": str(tmp_path / "cache")}
        (tmp_path / "vite.config.mjs").write_text(f"export default {json.dumps(settings)};")
        with running([*vite, "--config", "vite.config.mjs"], own, tmp_path, HOME=str(tmp_path)):
            page = f"http://127.0.0.1:{own}"
            asked = (
                f"POST /api/items HTTP/1.1\r\nHost: 127.0.0.1:{own}\r\nConnection: close\r\nContent-Length: 2\r\n"
                f'User-Agent: {CHROME}\r\nsec-ch-ua: "Chromium";v="156"\r\nContent-Type: application/json\r\n'
                f"Accept: */*\r\nOrigin: {page}\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n"
                f"Sec-Fetch-Dest: empty\r\nReferer: {page}/\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\r\n{{}}"
            )
            with socket.create_connection(("127.0.0.1", own), 30) as browser:
                browser.sendall(asked.encode())
                assert b" 200 " in browser.recv(4096)
    [line] = lines
    assert (line["role"], line["verdict"], line["certainty"]) == ("same-origin", "not-cors", "inferred")


def sources(folder: Path, packages: tuple[str, ...], name: str) -> Path:
    """What is to run, beside its packages, where Node finds them."""
    modules = node_packages(packages)
    place = folder / "sources"
    if (HERE / name).is_dir():
        shutil.copytree(HERE / name, place)
    else:
        place.mkdir()
        for script in ("asking.mjs", name):
            shutil.copy(HERE / script, place)
    (place / "node_modules").symlink_to(modules, target_is_directory=True)
    return place


def denied(lines: list[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """What is said to be refused."""
    return [(line["method"], line["url"], line["role"], line["reason"]) for line in lines if line["verdict"] == "deny"]


@pytest.mark.parametrize(
    ("script", "packages", "asked"),
    [("libraries.mjs", LIBRARIES, 81), ("workers.mjs", WORKERS, 6), ("relays.mjs", RELAYS, 10)],
    ids=["libraries", "workers", "relays"],
)
def test_a_program_of_nodes_is_denied_nothing(
    script: str, packages: tuple[str, ...], asked: int, tmp_path: Path
) -> None:
    """By its own name or a browser's, with a browser's headers or without."""
    try:
        place = sources(tmp_path, packages, script)
        node = command("node", "nodejs")
    except Missing as error:
        pytest.skip(str(error))
    with recorded(tmp_path) as (port, lines):
        ports = " ".join(str(free_port()) for _ in range(3))
        told = {"API": f"http://127.0.0.1:{port}", "AGENT": CHROME, "PORTS": ports, "FOLDER": str(place)}
        subprocess.run([node, str(place / script)], env={**os.environ, **told}, check=True, timeout=300)
    assert not denied(lines)
    assert len({line["flow_id"] for line in lines}) == asked


@pytest.mark.parametrize(
    ("name", "packages", "words", "asked"),
    [
        (
            "next",
            NEXT,
            ("next/dist/bin/next", "dev", "--webpack", "-H", "127.0.0.1", "-p"),
            "GET /page,POST /relay,PUT /rewritten/a",
        ),
        ("nuxt", NUXT, ("nuxt/bin/nuxt.mjs", "dev", "--host", "127.0.0.1", "--port"), "GET /,POST /relay,PUT /ruled/a"),
    ],
    ids=["next", "nuxt"],
)
def test_a_server_that_renders_pages_is_denied_nothing(
    name: str, packages: tuple[str, ...], words: tuple[str, ...], asked: str, tmp_path: Path
) -> None:
    """What it asks by itself, what it hands on, and what its rules lead elsewhere."""
    try:
        place = sources(tmp_path, packages, name)
        node = command("node", "nodejs")
    except Missing as error:
        pytest.skip(str(error))
    shutil.copy(HERE / "asking.mjs", tmp_path)
    quiet = {"NEXT_TELEMETRY_DISABLED": "1", "NUXT_TELEMETRY_DISABLED": "1", "CI": "1", "HOME": str(tmp_path)}
    with recorded(tmp_path) as (port, lines):
        own, api = free_port(), f"http://127.0.0.1:{port}"
        server = [node, str(place / "node_modules" / words[0]), *words[1:], str(own)]
        with running(server, own, place, API=api, **quiet):
            line = [node, str(tmp_path / "asking.mjs"), str(own), f"127.0.0.1:{own}", *asked.split(",")]
            subprocess.run(line, env={**os.environ, "AGENT": CHROME}, check=True, timeout=300)
    assert not denied(lines)
    paths = {urlsplit(line["url"]).path.split("/")[1] for line in lines}
    assert paths == (
        {"rendered", "relayed", "rewritten"} if name == "next" else {"rendered", "own", "put", "proxied", "ruled"}
    )


def test_what_they_are_called() -> None:
    """By the User-Agent of these versions."""
    assert [client_name(agent) for agent in ("node", "Bun/1.4.5", "Deno/2.9.6")] == [
        "Node's fetch",
        "Bun 1.4.5",
        "Deno 2.9.6",
    ]
