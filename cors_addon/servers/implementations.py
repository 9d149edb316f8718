"""CORS implementations, and what to change in each: one row for each, in its own words.

Law 1: a setting is a clause that begins with a verb, and names the option as the implementation spells it.
Law 2: `version` is the one that was measured; where it is empty, `source` says whether its source was read (repository,
file and commit), or that marks and settings are from memory.
"""

from collections.abc import Mapping
from typing import NamedTuple

from cors_addon.exchange.recognised import Cause


class Implementation(NamedTuple):
    """One row."""

    name: str
    title: str
    origin: str = ""
    method: str = ""
    headers: str = ""
    credentials: str = ""
    other: str = ""
    errors: str = ""
    """Of an error that is no preflight's: the server answered it itself, and has a setting for the headers of those."""
    hides: bool = False
    """It leaves out Access-Control-Allow-Origin for a method or header that is not allowed, too."""
    mirrors: bool = False
    """It allows the origin that asks, or `*`, and never names another: what does was written by hand."""
    target: str | None = None
    version: str = ""
    source: str = ""

    @property
    def is_known(self) -> bool:
        """Whether its answers were measured, or its source was read."""
        return self.source != _UNCHECKED

    @property
    def settings(self) -> Mapping[Cause, str]:
        """By what was refused."""
        told = {
            Cause.ORIGIN: self.origin,
            Cause.METHOD: self.method,
            Cause.HEADERS: self.headers,
            Cause.CREDENTIALS: self.credentials,
            Cause.ERROR: self.errors,
            Cause.OTHER: self.other,
        }
        return {cause: words for cause, words in told.items() if words}


_MEASURED = "its answers, newest versions of 2026-11-28 and 29"
_UNCHECKED = "written from memory: neither its answers nor its source were looked at"


def _read(where: str) -> str:
    return f"its source: {where}"


_PYTHON = (
    Implementation(
        "starlette",
        "FastAPI's or Starlette's CORSMiddleware",
        origin="add the origin to `allow_origins` (or match it by `allow_origin_regex`)",
        method="add the method to `allow_methods`",
        headers="add the header to `allow_headers`",
        credentials="set `allow_credentials=True` and list the origins in `allow_origins` instead of `*`",
        other="add CORSMiddleware last, so that it is the outermost (Connexion: "
        "`position=MiddlewarePosition.BEFORE_EXCEPTION`)",
        mirrors=True,
        target="fastapi",
        version="starlette 1.10.0, fastapi 0.165.0, connexion 3.3.0",
        source=_MEASURED,
    ),
    Implementation(
        "litestar",
        "Litestar's CORSConfig",
        origin="add the origin to `CORSConfig(allow_origins=[…])` (or match it by `allow_origin_regex`)",
        method="add the method to `CORSConfig(allow_methods=[…])`",
        headers="add the header to `CORSConfig(allow_headers=[…])`",
        credentials="set `CORSConfig(allow_credentials=True)` and list the origins",
        hides=True,
        mirrors=True,
        target="litestar",
        version="litestar 2.25.0",
        source=_MEASURED,
    ),
    Implementation(
        "aiohttp-cors",
        "aiohttp-cors",
        origin="add the origin as a key of `defaults` in `aiohttp_cors.setup(app, defaults={…})`",
        method='add the route by `cors.add(resource.add_route("PUT", …))`, or list it in '
        "`ResourceOptions(allow_methods=[…])`",
        headers="add the header to `ResourceOptions(allow_headers=(…))`",
        credentials="set `ResourceOptions(allow_credentials=True)` for that origin",
        other="add the route to aiohttp-cors by `cors.add(…)`",
        hides=True,
        mirrors=True,
        target="aiohttp-cors",
        version="aiohttp-cors 0.8.1",
        source=_MEASURED,
    ),
    Implementation(
        "blacksheep",
        "BlackSheep's use_cors",
        origin="add the origin to `app.use_cors(allow_origins=…)`",
        method="name the method in `app.use_cors(allow_methods=…)`: its `*` does not count with credentials",
        headers="add the header to `app.use_cors(allow_headers=…)`",
        credentials="set `app.use_cors(allow_credentials=True)` and list the origins",
        hides=True,
        version="blacksheep 2.6.4",
        source=_MEASURED,
    ),
    Implementation(
        "flask-cors",
        "Flask with flask-cors, or without it",
        origin="add the origin to `CORS(app, origins=[…])`",
        method="add the method to `CORS(app, methods=[…])`",
        headers="add the header to `CORS(app, allow_headers=[…])`",
        credentials="set `CORS(app, supports_credentials=True)` and list the origins",
        mirrors=True,
        target="flask",
        version="flask-cors 6.0.5",
        source=_MEASURED,
    ),
    Implementation(
        "quart-cors",
        "quart-cors",
        origin="add the origin to `cors(app, allow_origin=[…])`",
        method="add the method to `cors(app, allow_methods=[…])`",
        headers="add the header to `cors(app, allow_headers=[…])`",
        credentials="set `cors(app, allow_credentials=True)` and list the origins: with `*` it answers 500",
        mirrors=True,
        target="quart-cors",
        version="quart-cors 0.8.0",
        source=_MEASURED,
    ),
    Implementation(
        "django-cors-headers",
        "django-cors-headers",
        origin="add the origin to `CORS_ALLOWED_ORIGINS` (or match it in `CORS_ALLOWED_ORIGIN_REGEXES`)",
        method="add the method to `CORS_ALLOW_METHODS = [*default_methods, …]`",
        headers="add the header to `CORS_ALLOW_HEADERS = [*default_headers, …]`",
        credentials="set `CORS_ALLOW_CREDENTIALS = True` and list the origins",
        other="put CorsMiddleware first in `MIDDLEWARE`, before CommonMiddleware and what asks who is there",
        mirrors=True,
        target="django",
        version="django-cors-headers 4.9.0",
        source=_MEASURED,
    ),
    Implementation(
        "django-rest-framework",
        "Django REST framework, without django-cors-headers before it",
        origin="install django-cors-headers, put CorsMiddleware first in `MIDDLEWARE`, and add the origin to "
        "`CORS_ALLOWED_ORIGINS`",
        target="django",
        version="djangorestframework 3.18.3",
        source=_MEASURED,
    ),
    Implementation(
        "falcon",
        "Falcon's CORSMiddleware",
        origin="add the origin to `falcon.CORSMiddleware(allow_origins=[…])`",
        method="give the resource a responder for the method (`on_put` …): the methods allowed are those that it has",
        headers="let `falcon.CORSMiddleware()` answer: it repeats what is asked for, and no other layer should",
        credentials="add the origin to `falcon.CORSMiddleware(allow_credentials=[…])` too",
        mirrors=True,
        target="falcon",
        version="falcon 4.4.0",
        source=_MEASURED,
    ),
    Implementation(
        "sanic-ext",
        "Sanic with sanic-ext",
        origin="add the origin to `app.config.CORS_ORIGINS`",
        method="add the method to `app.config.CORS_METHODS`",
        headers="add the header to `app.config.CORS_ALLOW_HEADERS`",
        credentials="set `app.config.CORS_SUPPORTS_CREDENTIALS = True` and list the origins",
        mirrors=True,
        target="sanic",
        version="sanic-ext 25.12.0",
        source=_MEASURED,
    ),
    Implementation(
        "robyn",
        "Robyn's ALLOW_CORS",
        origin="add the origin to `ALLOW_CORS(app, origins=[…])`",
        method="set the header in `app.after_request`: ALLOW_CORS has a list of its own",
        headers="add the header to `ALLOW_CORS(app, origins=[…], headers=[…])`",
        credentials="set the header to the origin that asked in `app.after_request`: with more than one origin, "
        "ALLOW_CORS answers all but preflights with `*`",
        version="robyn 0.88.0",
        source=_MEASURED,
    ),
    Implementation(
        "jupyter",
        "Jupyter Server",
        origin="set `c.ServerApp.allow_origin = 'https://…'` (or `allow_origin_pat`) in its configuration",
        credentials="set `c.ServerApp.allow_credentials = True`, or send the token in Authorization",
        other="set `c.ServerApp.allow_origin`, and send the token: it asks who is there first",
        version="jupyter-server 2.21.1",
        source=_MEASURED,
    ),
    Implementation(
        "mcp-python",
        "a Model Context Protocol server in Python",
        origin="add the origin to `TransportSecuritySettings(allowed_origins=[…])` of its `transport_security`",
        other="wrap its application in Starlette's CORSMiddleware (`expose_headers=['Mcp-Session-Id']`): it answers no "
        "OPTIONS; for another host, add it to `allowed_hosts` of its `transport_security`",
        version="mcp 2.3.0",
        source=_MEASURED,
    ),
    Implementation(
        "python-http.server",
        "Python's http.server",
        origin="use another server: `python -m http.server` cannot do CORS at all",
        method="use another server: `python -m http.server` cannot do CORS at all",
        headers="use another server: `python -m http.server` cannot do CORS at all",
        other="use another server: `python -m http.server` answers no OPTIONS and cannot do CORS at all",
        version="python 3.11.7",
        source=_MEASURED,
    ),
)

_NPM = Implementation(
    "npm-cors",
    "a Node server with the package cors (Express, NestJS, Vite, socket.io) or @fastify/cors",
    origin="add the origin to `origin: [ … ]`",
    method="add the method to `methods: [ … ]`",
    headers="add the header to `allowedHeaders: [ … ]`, or leave that option out: then it repeats what is asked for",
    credentials="set `credentials: true` and list the origins in `origin` instead of `*`",
    target="express",
    version="cors 2.8.6, vite 8.4.0",
    source=_MEASURED,
)
_NODE = (
    _NPM,
    _NPM._replace(
        name="express-cors",
        title="Express with the package cors",
        other="put `app.use(cors(…))` before the routes and before what asks who is there; let an `origin` function "
        "answer `callback(null, false)` for others: an Error becomes a 500",
        version="cors 2.8.6, express 5.3.0",
    ),
    _NPM._replace(
        name="fastify-cors",
        title="@fastify/cors",
        other="register it before the routes; let an `origin` function answer `callback(null, false)` for others: an "
        "Error becomes a 500",
        target="fastify",
        version="@fastify/cors 11.4.3",
    ),
    Implementation(
        "vite",
        "Vite's development server",
        origin="add the origin to `server: { cors: { origin: [ … ] } }` in vite.config (for `vite preview`: "
        "`preview.cors`)",
        method="add the method to `server.cors.methods`",
        headers="add the header to `server.cors.allowedHeaders`, or leave that option out",
        credentials="set `server.cors.credentials: true` and list the origins",
        other="set `server: { cors: { origin: [ … ] } }` in vite.config",
        target="vite",
        version="vite 8.4.0",
        source=_MEASURED,
    ),
    Implementation(
        "socket.io",
        "socket.io",
        origin="add the origin to `new Server(http, { cors: { origin: [ … ] } })`",
        method="add the method to its `cors: { methods: [ … ] }`",
        headers="add the header to its `cors: { allowedHeaders: [ … ] }`",
        credentials="set its `cors: { credentials: true }` and list the origins",
        other="give `new Server(http, { cors: { origin: [ … ] } })`: without the option `cors` it answers no preflight",
        target="socket.io",
        version="socket.io 4.8.4",
        source=_MEASURED,
    ),
    Implementation(
        "hono-cors",
        "Hono's cors middleware",
        origin="add the origin to `cors({ origin: [ … ] })`",
        method="add the method to `cors({ allowMethods: [ … ] })`",
        headers="add the header to `cors({ allowHeaders: [ … ] })`, or leave that option out",
        credentials="set `cors({ credentials: true })` and list the origins",
        target="hono",
        version="hono 4.13.19",
        source=_MEASURED,
    ),
    Implementation(
        "h3",
        "h3's handleCors (Nitro, Nuxt)",
        origin="add the origin to `handleCors(event, { origin: [ … ] })`",
        method="add the method to its `methods: [ … ]`",
        headers="add the header to its `allowHeaders: [ … ]`",
        credentials="set its `credentials: true` and list the origins",
        target="h3",
        version="h3 2.0.8",
        source=_MEASURED,
    ),
    Implementation(
        "koa-cors",
        "@koa/cors",
        origin="let `origin` be a function with a list: `origin: (ctx) => list.includes(ctx.get('Origin')) ? "
        "ctx.get('Origin') : ''`",
        method="add the method to `allowMethods: [ … ]`",
        headers="add the header to `allowHeaders: [ … ]`, or leave that option out",
        credentials="set `credentials: true`",
        other="look whether the origin is on the list of its `origin` function: a preflight that it refuses goes on to "
        "the router, as if there were no CORS",
        target="koa",
        version="@koa/cors 5.0.0",
        source=_MEASURED,
    ),
    Implementation(
        "hapi",
        "hapi",
        origin="add the origin to `routes: { cors: { origin: [ … ] } }`",
        method="add a route for the method: hapi allows those that have one",
        headers="add the header to `routes: { cors: { additionalHeaders: [ … ] } }`",
        credentials="set `routes: { cors: { credentials: true } }`",
        other="look whether there is a route for this path and method: hapi answers 404 to the preflight where "
        "there is none",
        hides=True,
        target="hapi",
        version="@hapi/hapi 21.4.10",
        source=_MEASURED,
    ),
    Implementation(
        "elysia-cors",
        "@elysiajs/cors",
        origin="add the origin to `cors({ origin: [ … ] })`",
        method="add the method to `cors({ methods: [ … ] })`",
        headers="add the header to `cors({ allowedHeaders: [ … ] })`",
        credentials="set `cors({ credentials: true })`",
        target="elysia",
        version="@elysiajs/cors 1.4.2",
        source=_MEASURED,
    ),
    Implementation(
        "restify",
        "restify",
        origin="add the origin to `corsMiddleware({ origins: [ … ] })`, and use it by `server.pre(cors.preflight)`",
        method="add a route for the method",
        headers="add the header to `corsMiddleware({ allowHeaders: [ … ] })`",
        credentials="set `corsMiddleware({ credentials: true })`",
        other="use restify-cors-middleware2 by `server.pre(cors.preflight)`, and look whether the origin is on its "
        "`origins`: a preflight that it refuses goes on to the router",
        version="restify 11.1.0, restify-cors-middleware2 2.2.1",
        source=_MEASURED,
    ),
    Implementation(
        "webpack-dev-server",
        "webpack-dev-server",
        origin="set `devServer: { headers: { 'Access-Control-Allow-Origin': 'https://…' } }`",
        method="set `devServer: { headers: { 'Access-Control-Allow-Methods': '…' } }`",
        headers="set `devServer: { headers: { 'Access-Control-Allow-Headers': '…' } }`",
        credentials="set `devServer: { headers: { 'Access-Control-Allow-Credentials': 'true' } }` beside the origin by "
        "name",
        version="webpack-dev-server 5.2.7",
        source=_MEASURED,
    ),
    Implementation(
        "http-server",
        "http-server",
        origin="start it with `--cors`",
        method="use another server: it allows GET, HEAD and POST only",
        headers="start it with `--cors=x-your-header`",
        other="start it with `--cors`: without, it answers 405 to OPTIONS",
        version="http-server 14.1.1",
        source=_MEASURED,
    ),
    Implementation(
        "serve",
        "serve",
        origin="start it with `--cors`",
        method="use another server: it serves files, and knows GET alone",
        headers="start it with `--cors`",
        version="serve 14.2.7",
        source=_MEASURED,
    ),
    Implementation(
        "live-server",
        "live-server, or another static server of Node's with serve-index",
        origin="start live-server with `--cors`",
        method="start live-server with `--cors`",
        headers="start live-server with `--cors`",
        version="live-server 1.2.2",
        source=_MEASURED,
    ),
    Implementation(
        "parcel",
        "Parcel's development server",
        method="use a server of your own for an API: it serves files",
        headers="serve the API by a server of your own, or through Parcel's `.proxyrc`",
        version="parcel 2.16.4",
        source=_MEASURED,
    ),
    Implementation(
        "nestjs",
        "NestJS",
        origin="call `app.enableCors({ origin: [ … ] })` before `app.listen`",
        method="add the method to `app.enableCors({ methods: [ … ] })`",
        headers="add the header to `app.enableCors({ allowedHeaders: [ … ] })`",
        credentials="set `app.enableCors({ credentials: true })` and list the origins",
        other="call `app.enableCors({ origin: [ … ] })` before `app.listen`: nothing answers OPTIONS here",
        target="express",
        version="@nestjs/core 12.5.1",
        source=_MEASURED,
    ),
    Implementation(
        "mcp-typescript",
        "a Model Context Protocol server in TypeScript",
        origin="add the origin to `allowedOrigins` of its transport",
        other="answer OPTIONS before the transport does (Express: `app.use(cors({ exposedHeaders: "
        "['Mcp-Session-Id'] }))`); for another host, add it to `allowedHosts` of its transport",
        version="@modelcontextprotocol/sdk 1.32.2",
        source=_MEASURED,
    ),
)

_OTHERS = (
    Implementation(
        "rs-cors",
        "Go with rs/cors or go-chi/cors",
        origin="add the origin to `cors.Options{AllowedOrigins: …}`",
        method="add the method to `cors.Options{AllowedMethods: …}`",
        headers="add the header to `cors.Options{AllowedHeaders: …}`",
        credentials="set `cors.Options{AllowCredentials: true}` and list the origins",
        hides=True,
        target="rs",
        version="rs/cors 1.7.0",
        source=_MEASURED,
    ),
    Implementation(
        "jub0bs-cors",
        "Go with jub0bs/cors",
        origin="add the origin to `cors.Config{Origins: …}`",
        method="add the method to `cors.Config{Methods: …}`",
        headers="add the header to `cors.Config{RequestHeaders: …}`",
        credentials="set `cors.Config{Credentialed: true}` and list the origins",
        hides=True,
        target="jub0bs",
        source=_read("jub0bs/cors, middleware.go 04bf87f78159, internal/headers with and without Private-Network"),
    ),
    Implementation(
        "gin-cors",
        "Go with gin-contrib/cors or Echo's CORS middleware",
        origin="add the origin to `AllowOrigins` of its configuration",
        method="add the method to `AllowMethods` of its configuration",
        headers="add the header to `AllowHeaders` of its configuration",
        credentials="set `AllowCredentials: true` and list the origins",
        target="gin",
        version="gin-contrib/cors 1.4.0",
        source=_MEASURED,
    ),
    Implementation(
        "tomcat",
        "Apache Tomcat (its CorsFilter)",
        origin="add the origin to `cors.allowed.origins` of CorsFilter in web.xml",
        method="add the method to `cors.allowed.methods`",
        headers="add the header to `cors.allowed.headers`",
        credentials="set `cors.support.credentials` to true and list the origins",
        hides=True,
        target="tomcat",
        version="tomcat 10.1.60",
        source=_MEASURED,
    ),
    Implementation(
        "spring",
        "Spring (its CorsFilter or Spring Security's)",
        origin="add the origin to `@CrossOrigin(origins = …)` or `CorsConfiguration.setAllowedOrigins` (or "
        "`…OriginPatterns`)",
        method="add the method to `CorsConfiguration.setAllowedMethods`",
        headers="add the header to `CorsConfiguration.setAllowedHeaders`",
        credentials="call `setAllowCredentials(true)` and list the origins, or use `setAllowedOriginPatterns`",
        other="switch CORS on for this path, with Spring Security by `http.cors(…)` too",
        hides=True,
        target="spring",
        source=_read("spring-projects/spring-framework, DefaultCorsProcessor.java, 0a92d0f142b9"),
    ),
    Implementation(
        "rack-cors",
        "rack-cors (Rails, Sinatra)",
        origin="add the origin to `origins` in `allow do … end`",
        method="add the method to `resource '*', methods: [ … ]`",
        headers="add the header to `resource '*', headers: [ … ]`, or set `headers: :any`",
        credentials="set `credentials: true` and name the origins",
        hides=True,
        target="rails",
        version="rack-cors 1.1.1",
        source=_MEASURED,
    ),
    Implementation(
        "php",
        "PHP's built-in server",
        origin="send the headers in the script, before any output: `header('Access-Control-Allow-Origin: …')`; files "
        "that it serves by itself get none",
        method="answer OPTIONS in the script with `header('Access-Control-Allow-Methods: …')`",
        headers="answer OPTIONS in the script with `header('Access-Control-Allow-Headers: …')`",
        target="php",
        version="php 8.2.36",
        source=_MEASURED,
    ),
    Implementation(
        "laravel",
        "Laravel's HandleCors",
        origin="add the origin to `'allowed_origins'` in config/cors.php, and the path to `'paths'`",
        method="add the method to `'allowed_methods'` in config/cors.php",
        headers="add the header to `'allowed_headers'` in config/cors.php",
        credentials="set `'supports_credentials' => true` in config/cors.php and list the origins",
        source=_read("fruitcake/php-cors, CorsService.php, 07611b4d603a"),
    ),
    Implementation(
        "aws-api-gateway",
        "AWS API Gateway",
        origin="add the origin to `AllowOrigins` of the HTTP API's CORS configuration (REST API: the OPTIONS method, "
        "and the gateway responses DEFAULT_4XX and DEFAULT_5XX)",
        method="add the method to `AllowMethods` there",
        headers="add the header to `AllowHeaders` there",
        credentials="set `AllowCredentials` there and list the origins",
        other="look at the route and its authorizer first: the gateway itself answered; then give its own errors CORS "
        "headers (REST API: the gateway responses DEFAULT_4XX and DEFAULT_5XX)",
        errors="give the gateway's own errors CORS headers (REST API: the gateway responses DEFAULT_4XX and "
        "DEFAULT_5XX)",
        target="api-gateway",
        source=_UNCHECKED,
    ),
    Implementation(
        "s3",
        "Amazon S3 or a store with its interface",
        origin="add the origin to `AllowedOrigins` of the bucket's CORS rules",
        method="add the method to `AllowedMethods` of the bucket's CORS rules",
        headers="add the header to `AllowedHeaders` of the bucket's CORS rules",
        hides=True,
        target="s3",
        source=_UNCHECKED,
    ),
    Implementation(
        "azure-storage",
        "Azure Storage",
        origin="add the origin to the allowed origins of a CORS rule of this service (blob, queue, table or file)",
        method="add the method to the rule's allowed methods",
        headers="add the header to the rule's allowed headers",
        hides=True,
        source=_read("Azure/Azurite, PreflightMiddlewareFactory.ts, 15c15a0f8697"),
    ),
    Implementation(
        "ollama",
        "Ollama",
        origin="set `OLLAMA_ORIGINS=https://…` in the environment of `ollama serve`",
        headers="ask without that header: Ollama's list is fixed",
        source=_read("ollama/ollama, server/routes.go, 00188139f12f"),
    ),
    Implementation(
        "keycloak",
        "Keycloak",
        origin="add the origin to the client's Web origins (`+` takes them from its valid redirect URIs)",
        method="look at the URL: Keycloak answers OPTIONS for its endpoints alone",
        other="look at the URL: Keycloak answers OPTIONS for its endpoints alone",
        source=_read("keycloak/keycloak, KeycloakErrorHandler.java, 004f6ad8c3ce, and its tests"),
    ),
    Implementation(
        "firebase-functions",
        "Firebase or Google Cloud Functions",
        origin="set `onRequest({ cors: [ … ] }, …)`",
        other="let everybody invoke the function (`allUsers`), and set `onRequest({ cors: [ … ] }, …)`",
        source=_UNCHECKED,
    ),
    Implementation(
        "supabase",
        "Supabase",
        origin="send the headers in the edge function, to OPTIONS too (the file cors.ts of its guide)",
        headers="add the header to `Access-Control-Allow-Headers` in the edge function",
        source=_UNCHECKED,
    ),
)

_PROXIES = (
    Implementation(
        "nginx",
        "nginx itself",
        origin="add the header with `always`: `add_header Access-Control-Allow-Origin … always;`, else its own errors "
        "bear none",
        method="answer OPTIONS in the location: `if ($request_method = OPTIONS) { return 204; }` beside `add_header`",
        headers="answer OPTIONS in the location, with `add_header Access-Control-Allow-Headers …`",
        other="answer OPTIONS in the location: `if ($request_method = OPTIONS) { return 204; }` beside `add_header … "
        "always`",
        errors="add the headers with `always`: `add_header Access-Control-Allow-Origin … always;`, which its "
        "own errors get, too",
        target="nginx",
        version="nginx 1.22.1",
        source=_MEASURED,
    ),
    Implementation(
        "apache",
        "Apache httpd itself",
        origin="set the header with `always`: `Header always set Access-Control-Allow-Origin …`, else its own errors "
        "bear none",
        other="let OPTIONS pass (`Require method`, `<LimitExcept>`), and set the headers with `Header always set`",
        errors="set the headers with `Header always set`, which its own errors get, too",
        target="apache",
        version="apache 2.4.71",
        source=_MEASURED,
    ),
    Implementation(
        "haproxy",
        "HAProxy itself",
        origin="set the headers by `http-after-response`, which its own errors get too",
        other="mend the server behind it; set the headers by `http-after-response`, which its own errors get too",
        errors="set the headers by `http-after-response`, which its own errors get, too",
        target="haproxy",
        version="haproxy 2.6.12",
        source=_MEASURED,
    ),
    Implementation(
        "lighttpd",
        "lighttpd itself",
        origin='set `setenv.add-response-header = ( "Access-Control-Allow-Origin" => "…" )`',
        target="lighttpd",
        version="lighttpd 1.4.69",
        source=_MEASURED,
    ),
    Implementation(
        "envoy",
        "Envoy",
        origin="add the origin to `allow_origin_string_match` of its CORS policy (in Istio: `corsPolicy.allowOrigins`)",
        method="add the method to `allow_methods`",
        headers="add the header to `allow_headers`",
        credentials="set `allow_credentials: true`",
        other="mend what is behind it: Envoy itself answered",
        target="envoy",
        source=_read("envoyproxy/envoy, source/extensions/filters/http/cors/cors_filter.cc, 001cbf14d2e7"),
    ),
    Implementation(
        "kong",
        "Kong",
        origin="add the origin to `config.origins` of its plugin cors",
        method="add the method to `config.methods` of its plugin cors",
        headers="add the header to `config.headers` of its plugin cors",
        credentials="set `config.credentials: true` of its plugin cors",
        other="look at the route's `methods`: a route that does not list OPTIONS is not found by a preflight",
        source=_read("Kong/kong, kong/plugins/cors/handler.lua, 01789df426ac"),
    ),
    Implementation(
        "traefik",
        "Traefik's headers middleware",
        origin="add the origin to `accessControlAllowOriginList` (or match it by `accessControlAllowOriginListRegex`)",
        method="add the method to `accessControlAllowMethods`",
        headers="add the header to `accessControlAllowHeaders`",
        credentials="set `accessControlAllowCredentials: true` and list the origins",
        source=_read("traefik/traefik, pkg/middlewares/headers/header.go, 01393d502280"),
    ),
    Implementation(
        "cloudflare-access",
        "Cloudflare Access",
        origin="set CORS for the Access application (its advanced settings), or let OPTIONS pass to the origin server",
        other="let OPTIONS requests pass to the origin server (the Access application's advanced settings: CORS)",
        source=_UNCHECKED,
    ),
)

IMPLEMENTATIONS: Mapping[str, Implementation] = {row.name: row for row in (*_PYTHON, *_NODE, *_OTHERS, *_PROXIES)}
"""By name."""
