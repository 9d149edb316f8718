"""Minimal applications of Python's CORS implementations: `python python.py NAME PORT`.

All allow the one page's origin, GET and POST, and the header content-type.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN002, ANN201, ANN202

import os
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

NAME, PORT = sys.argv[1], int(sys.argv[2])
ORIGIN = "https://app.example.com"
METHODS = ["GET", "POST"]
HEADERS = ["content-type"]
HOST = "127.0.0.1"


def asgi(app):
    """Serve by uvicorn."""
    import uvicorn

    uvicorn.run(app, host=HOST, port=PORT, log_level="warning")


def wsgi(app):
    """Serve by the standard library."""

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_args):
            """Nothing."""

    make_server(HOST, PORT, app, handler_class=Quiet).serve_forever()


def starlette():
    """Starlette, as FastAPI has it too."""
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.cors import CORSMiddleware
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def items(_request):
        return JSONResponse({"ok": True})

    cors = Middleware(CORSMiddleware, allow_origins=[ORIGIN], allow_methods=METHODS, allow_headers=HEADERS)
    asgi(Starlette(routes=[Route("/api/items", items, methods=METHODS)], middleware=[cors]))


def fastapi():
    """With credentials, and an origin by its pattern."""
    from fastapi import FastAPI
    from fastapi.middleware.cors import CORSMiddleware

    app = FastAPI()
    app.add_middleware(
        CORSMiddleware,
        allow_origin_regex="https://(app|two)[.]example[.]com",
        allow_credentials=True,
        allow_methods=METHODS,
        allow_headers=HEADERS,
    )

    @app.api_route("/api/items", methods=METHODS)
    async def items():
        return {"ok": True}

    asgi(app)


def litestar():
    """Litestar."""
    from litestar import Litestar, route
    from litestar.config.cors import CORSConfig

    @route("/api/items", http_method=METHODS)
    async def items() -> dict:
        return {"ok": True}

    cors = CORSConfig(allow_origins=[ORIGIN], allow_methods=METHODS, allow_headers=HEADERS)
    asgi(Litestar([items], cors_config=cors))


def aiohttp_cors():
    """aiohttp-cors."""
    import aiohttp_cors as package
    from aiohttp import web

    async def items(_request):
        return web.json_response({"ok": True})

    app = web.Application()
    options = package.ResourceOptions(allow_headers=HEADERS, allow_credentials=True)
    cors = package.setup(app, defaults={ORIGIN: options})
    resource = cors.add(app.router.add_resource("/api/items"))
    for method in METHODS:
        cors.add(resource.add_route(method, items))
    web.run_app(app, host=HOST, port=PORT, print=None)


def blacksheep():
    """BlackSheep."""
    from blacksheep import Application, get, json, post

    app = Application()
    app.use_cors(allow_methods="GET POST", allow_origins=ORIGIN, allow_headers="content-type", max_age=300)

    @get("/api/items")
    @post("/api/items")
    async def items():
        return json({"ok": True})

    asgi(app)


def flask_cors():
    """flask-cors."""
    from flask import Flask
    from flask_cors import CORS

    app = Flask("app")
    CORS(app, origins=[ORIGIN], methods=METHODS, allow_headers=HEADERS)
    app.add_url_rule("/api/items", "items", lambda: {"ok": True}, methods=METHODS)
    wsgi(app)


def flask_cors_resources():
    """Two origins, for one path."""
    from flask import Flask
    from flask_cors import CORS

    app = Flask("app")
    origins = [ORIGIN, "https://two.example.com"]
    CORS(app, resources={r"/api/*": {"origins": origins, "methods": METHODS, "allow_headers": HEADERS}})
    app.add_url_rule("/api/items", "items", lambda: {"ok": True}, methods=METHODS)
    wsgi(app)


def quart_cors():
    """quart-cors."""
    import asyncio

    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from quart import Quart
    from quart_cors import cors

    app = cors(Quart("app"), allow_origin=[ORIGIN], allow_methods=METHODS, allow_headers=HEADERS)

    @app.route("/api/items", methods=METHODS)
    async def items():
        return {"ok": True}

    config = Config()
    config.bind = [f"{HOST}:{PORT}"]
    asyncio.run(serve(app, config))


def django():
    """django-cors-headers."""
    from django.conf import settings

    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="x",
        INSTALLED_APPS=["corsheaders"],
        MIDDLEWARE=["corsheaders.middleware.CorsMiddleware", "django.middleware.common.CommonMiddleware"],
        CORS_ALLOWED_ORIGINS=[ORIGIN],
        CORS_ALLOW_METHODS=METHODS,
        CORS_ALLOW_HEADERS=HEADERS,
    )
    serve_django()


def serve_django():
    """Once it is configured."""
    import django as package

    package.setup()
    from django.core.wsgi import get_wsgi_application
    from django.http import JsonResponse
    from django.urls import path

    globals()["urlpatterns"] = [path("api/items", lambda _request: JsonResponse({"ok": True}))]
    wsgi(get_wsgi_application())


def django_rest_framework():
    """Without django-cors-headers."""
    from django.conf import settings

    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="x",
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework"],
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        DATABASES={},
        REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None},
    )
    import django as package

    package.setup()
    from django.core.wsgi import get_wsgi_application
    from django.urls import path
    from rest_framework.response import Response
    from rest_framework.views import APIView

    class Items(APIView):
        def get(self, _request):
            return Response({"ok": True})

        post = get

    globals()["urlpatterns"] = [path("api/items", Items.as_view())]
    wsgi(get_wsgi_application())


def falcon():
    """Falcon."""
    import falcon as package

    class Items:
        def on_get(self, _req, resp):
            resp.media = {"ok": True}

        on_post = on_get

    app = package.App(middleware=package.CORSMiddleware(allow_origins=[ORIGIN]))
    app.add_route("/api/items", Items())
    wsgi(app)


def sanic():
    """sanic-ext."""
    from sanic import Sanic
    from sanic.response import json
    from sanic_ext import Extend

    app = Sanic("app")
    app.config.CORS_ORIGINS = ORIGIN
    app.config.CORS_METHODS = "GET,POST"
    app.config.CORS_ALLOW_HEADERS = "content-type"
    Extend(app)

    @app.route("/api/items", methods=METHODS)
    async def items(_request):
        return json({"ok": True})

    app.run(host=HOST, port=PORT, single_process=True, motd=False, access_log=False)


def robyn():
    """Robyn."""
    from robyn import ALLOW_CORS, Robyn

    app = Robyn("app.py")
    ALLOW_CORS(app, origins=[ORIGIN])

    @app.get("/api/items")
    async def items():
        return {"ok": True}

    @app.post("/api/items")
    async def made():
        return {"ok": True}

    app.start(host=HOST, port=PORT)


def connexion():
    """Connexion, with Starlette's middleware."""
    from connexion import AsyncApp
    from connexion.middleware import MiddlewarePosition
    from starlette.middleware.cors import CORSMiddleware

    app = AsyncApp("app")
    app.add_middleware(
        CORSMiddleware,
        position=MiddlewarePosition.BEFORE_EXCEPTION,
        allow_origins=[ORIGIN],
        allow_methods=METHODS,
        allow_headers=HEADERS,
    )
    asgi(app)


def jupyter():
    """Jupyter Server, as it starts by itself, with one origin."""
    os.environ["JUPYTER_PLATFORM_DIRS"] = "1"
    from jupyter_server.serverapp import main

    sys.argv = ["jupyter-server"]
    main([
        f"--ServerApp.port={PORT}", "--ServerApp.open_browser=False", "--allow-root", "--log-level=ERROR",
        f"--ServerApp.allow_origin={ORIGIN}", "--IdentityProvider.token=s3cret", "--ServerApp.root_dir=.",
    ])  # fmt: skip


def mcp():
    """The Model Context Protocol's Python SDK, with its protection against rebinding."""
    from mcp.server.transport_security import TransportSecuritySettings

    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=True, allowed_hosts=["127.0.0.1:*"], allowed_origins=[ORIGIN]
    )
    try:
        from mcp.server.mcpserver import MCPServer
    except ImportError:  # before 2.0
        from mcp.server.fastmcp import FastMCP

        asgi(FastMCP("x", transport_security=security, stateless_http=True).streamable_http_app())
    else:
        asgi(MCPServer("x").streamable_http_app(transport_security=security, stateless_http=True))


def http_server():
    """The standard library's."""
    from http.server import HTTPServer, SimpleHTTPRequestHandler

    HTTPServer((HOST, PORT), SimpleHTTPRequestHandler).serve_forever()


globals()[NAME]()
