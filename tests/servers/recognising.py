"""Starting real CORS implementations, and asking them what a page would ask: what they answer, byte for byte."""

import contextlib
import http.client
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from cors_addon.exchange.model import Observation
from cors_addon.fetch.origins import Url
from tests.ports import free_port
from tests.servers.launch import command, environment, installed, running

APP, EVIL = "https://app.example.com", "https://evil.example"
APPS = Path(__file__).parent / "apps"
PYTHON_PACKAGES = (
    "fastapi", "uvicorn", "connexion[uvicorn]", "litestar", "aiohttp-cors", "blacksheep", "flask-cors", "quart-cors",
    "hypercorn", "django-cors-headers", "djangorestframework", "falcon", "sanic-ext", "robyn", "jupyter-server", "mcp",
)  # fmt: skip
OLDER_PYTHON_PACKAGES = (
    "fastapi==0.103.2", "starlette==0.27.0", "uvicorn", "litestar==2.8.3", "aiohttp-cors==0.7.0", "flask-cors==3.0.10",
    "quart-cors==0.7.0", "hypercorn", "django-cors-headers==3.14.0", "django==4.2.16", "falcon==4.0.2", "setuptools",
)  # fmt: skip
"""From which no row was made, but for django-cors-headers and Litestar, which wrote otherwise then."""
NODE_PACKAGES = (
    "express", "cors", "fastify", "@fastify/cors", "hono", "@hono/node-server", "koa", "@koa/cors", "h3", "@hapi/hapi",
    "restify", "restify-cors-middleware2", "socket.io", "vite", "webpack",
    "webpack-dev-server", "http-server", "serve", "live-server", "@nestjs/core", "@nestjs/common",
    "@nestjs/platform-express", "reflect-metadata", "rxjs", "@modelcontextprotocol/sdk", "azurite",
)  # fmt: skip

OLDER_NODE_PACKAGES = (
    "express@4.17.3", "cors@2.8.5", "fastify@4.26.2", "@fastify/cors@9.0.1", "hono@4.2.9", "@hono/node-server@1.11.1",
    "koa@2.15.3", "@koa/cors@4.0.0", "@hapi/hapi@20.3.0", "socket.io@4.4.1",
)  # fmt: skip
"""From which no row was made."""


class Asked(NamedTuple):
    """One request of a page."""

    name: str
    method: str
    path: str
    origin: str
    wants: str = ""
    """The method of a preflight."""
    headers: str = ""
    """Its header names."""


def asking(path: str) -> tuple[Asked, ...]:
    """What each implementation is asked, in this order: refused preflights before anything that is allowed."""
    return (
        Asked("origin", "OPTIONS", path, EVIL, "POST", "content-type"),
        Asked("method", "OPTIONS", path, APP, "PUT", "content-type"),
        Asked("headers", "OPTIONS", path, APP, "POST", "content-type,x-token"),
        Asked("all", "OPTIONS", path, EVIL, "PUT", "x-token"),
        Asked("null", "OPTIONS", path, "null", "POST", "content-type"),
        Asked("nothing there", "OPTIONS", "/nothing/there", APP, "PUT", ""),
        Asked("good", "OPTIONS", path, APP, "POST", "content-type"),
        Asked("get", "GET", path, APP),
        Asked("get other", "GET", path, EVIL),
        Asked("put", "PUT", path, APP),
        Asked("get nothing", "GET", "/nothing/there", APP),
        Asked("method again", "OPTIONS", path, APP, "PUT", "content-type"),
    )


def _sent(
    port: int, asked: Asked, request: list[tuple[str, str]]
) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest(asked.method, asked.path, skip_host=True, skip_accept_encoding=True)
    for name, value in request:
        connection.putheader(name, value)
    connection.endheaders()
    return connection, connection.getresponse()


def ask(port: int, asked: Asked, number: int) -> Observation:
    """The answer as it came."""
    request = [("Host", f"127.0.0.1:{port}"), ("User-Agent", "Mozilla/5.0"), ("Accept", "*/*")]
    request += [("Origin", asked.origin)]
    request += [("Access-Control-Request-Method", asked.wants)] if asked.wants else []
    request += [("Access-Control-Request-Headers", asked.headers)] if asked.headers else []
    try:
        connection, response = _sent(port, asked, request)
    except ConnectionResetError:  # a server that has just started may start once more, as Vite does
        connection, response = _sent(port, asked, request)
    streamed = (response.getheader("Content-Type") or "").startswith("text/event-stream")
    body = b"" if streamed else response.read()
    connection.close()
    return Observation(
        f"{number} {asked.name}",
        "page",
        None,
        1000.0 + number,
        1000.5 + number,
        asked.method.encode(),
        Url("http", "127.0.0.1", port, asked.path),
        encoded(request),
        response.status,
        encoded(response.getheaders()),
        read_body=lambda limit: body[:limit],
        head=body[:4096],
    )


def encoded(pairs: list[tuple[str, str]]) -> tuple[tuple[bytes, bytes], ...]:
    """A header list."""
    return tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs)


type Start = Callable[[Path], contextlib.AbstractContextManager[int]]


def python(app: str, packages: tuple[str, ...] = PYTHON_PACKAGES) -> Start:
    """An application of `apps/python.py`."""
    name = "cors-python" if packages == PYTHON_PACKAGES else "cors-python-older"

    @contextlib.contextmanager
    def start(folder: Path) -> Iterator[int]:
        port = free_port()
        line = [str(environment(name, packages) / "python"), str(APPS / "python.py"), app, str(port)]
        with running(line, port, folder, HOME=str(folder), PYTHONDONTWRITEBYTECODE="1"):
            yield port

    return start


def node_packages(packages: tuple[str, ...]) -> Path:
    """The folder with the packages."""
    npm = command("npm")

    def install(folder: Path) -> None:
        line = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--legacy-peer-deps"]
        subprocess.run(
            [*line, "--ignore-scripts", "--prefix", str(folder), *packages],
            check=True,
            capture_output=True,
            timeout=900,
        )

    return installed("cors-node", packages, install) / "node_modules"


def node(app: str, packages: tuple[str, ...] = NODE_PACKAGES) -> Start:
    """An application of `apps/node.mjs`."""

    @contextlib.contextmanager
    def start(folder: Path) -> Iterator[int]:
        port = free_port()
        modules = node_packages(packages)
        line = [command("node", "nodejs"), str(APPS / "node.mjs"), app, str(port)]
        with running(line, port, folder, NODE_MODULES=str(modules), NODE_PATH=str(modules), HOME=str(folder)):
            yield port

    return start


def program(*words: str, packages: tuple[str, ...] = NODE_PACKAGES) -> Start:
    """A program of npm's that serves a folder; `PORT` among its words becomes the port."""

    @contextlib.contextmanager
    def start(folder: Path) -> Iterator[int]:
        port = free_port()
        (folder / "index.html").write_text("hi")
        (folder / "items.json").write_text('{"ok": true}')
        where = node_packages(packages) / ".bin" / words[0]
        line = [command("node", "nodejs"), str(where), *(word.replace("PORT", str(port)) for word in words[1:])]
        with running(line, port, folder, HOME=str(folder)):
            yield port

    return start
