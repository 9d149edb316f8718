"""What servers themselves say where they refuse for CORS, or for something that is taken for it: their settings beside.

Law 1: a row is one program's words for one refusal, with the setting of that program that allows it.
Law 2: what a server refuses is no browser's verdict: it saw Origin and did not want it. The browser may say something
else of the same answer, mostly that Access-Control-Allow-Origin is missing.

Sources: the answers of the newest versions that PyPI, npm and Debian had on 2026-11-28 (Starlette 1, Litestar 2,
aiohttp-cors 0.8, hapi 21, Fastify's @fastify/cors 11), each program's own source else.
"""

from collections.abc import Mapping
from typing import NamedTuple

from cors_addon.reasons.causes import Cause, Kind
from cors_addon.reasons.matching import Wording

_REFUSED: Mapping[str, str] = {
    "origin": "The page's origin is not on the server's list.",
    "method": "The method that the page asked for is not on the server's list.",
    "headers": "A request header that the page sets is not on the server's list.",
    "something": "The page's origin, its method or one of its headers is not on the server's list; it does not say "
    "which.",
    "preflight": "The request is no preflight that it understands: something on the way took a header out of it.",
    "setting": "The server's own CORS setting contradicts itself, or is not valid.",
    "csrf": "It is the server's protection against forged requests (CSRF), not CORS.",
    "host": "It is the server's check of the Host header, not CORS.",
    "provider": "It is the provider's own list of what may sign in or ask with this client or key, not CORS.",
    "socket": "It is the server's own list of origins for WebSockets, which know no CORS.",
    "url": "There is nothing for this URL and method, or it asks who is there, before CORS is looked at.",
}
_NOT_CORS = frozenset({"csrf", "host", "socket", "url", "provider"})


class _Row(NamedTuple):
    name: str
    program: str
    refused: str
    texts: tuple[str, ...]
    setting: str
    whole: bool = False
    """The texts are too short to be looked for within others."""


_STARLETTE = "Starlette, FastAPI (CORSMiddleware) or Litestar"
_ROWS = (
    _Row(
        "spring",
        "Spring (CorsFilter, Spring Security)",
        "something",
        ("Invalid CORS request",),
        "@CrossOrigin, or CorsConfiguration: setAllowedOrigins (or setAllowedOriginPatterns), setAllowedMethods, "
        "setAllowedHeaders; with Spring Security also http.cors(), so that it comes before authentication. The origin "
        "must be the same to the letter: scheme, host and port, no slash at the end. Behind a TLS proxy: "
        "server.forward-headers-strategy, else Spring takes its own page for a foreign one.",
        whole=True,
    ),
    _Row(
        "spring-setting",
        "Spring",
        "setting",
        (
            "When allowCredentials is true, allowedOrigins cannot contain the special value * since that cannot be set "
            "on the Access-Control-Allow-Origin response header",
        ),
        "allowedOriginPatterns in the place of allowedOrigins, or the origins by name.",
    ),
    _Row(
        "spring-origin",
        "Spring (its log)",
        "origin",
        ("Reject: origin is not allowed", "Reject: {origin} origin is not allowed"),
        "CorsConfiguration.setAllowedOrigins (or setAllowedOriginPatterns).",
    ),
    _Row(
        "spring-method",
        "Spring (its log)",
        "method",
        ("Reject: HTTP {method} is not allowed",),
        "CorsConfiguration.setAllowedMethods.",
    ),
    _Row(
        "spring-headers",
        "Spring (its log)",
        "headers",
        ("Reject: headers {headers} are not allowed",),
        "CorsConfiguration.setAllowedHeaders.",
    ),
    _Row(
        "starlette-origin",
        _STARLETTE,
        "origin",
        (
            "Disallowed CORS origin",
            "Disallowed CORS origin, method",
            "Disallowed CORS origin, headers",
            "Disallowed CORS origin, method, headers",
        ),
        'CORSMiddleware: allow_origins=["https://…"] or allow_origin_regex (Litestar: CORSConfig(allow_origins=[…])). '
        "Where the body names method or headers as well: allow_methods, allow_headers.",
    ),
    _Row(
        "starlette-method",
        _STARLETTE,
        "method",
        ("Disallowed CORS method", "Disallowed CORS method, headers"),
        "CORSMiddleware: allow_methods=[…] (Litestar: CORSConfig(allow_methods=[…])); where the body names headers as "
        "well: allow_headers.",
    ),
    _Row(
        "starlette-headers",
        _STARLETTE,
        "headers",
        ("Disallowed CORS headers",),
        "CORSMiddleware: allow_headers=[…] (Litestar: CORSConfig(allow_headers=[…])).",
    ),
    _Row(
        "aiohttp-origin",
        "aiohttp-cors",
        "origin",
        ("CORS preflight request failed: origin {origin} is not allowed",),
        "The origin as a key of `defaults` in aiohttp_cors.setup, or of the route's own configuration.",
    ),
    _Row(
        "aiohttp-method",
        "aiohttp-cors",
        "method",
        ("CORS preflight request failed: request method {method} is not allowed for {origin} origin",),
        "Add the route of this method with cors.add, and ResourceOptions(allow_methods=[…]).",
    ),
    _Row(
        "aiohttp-headers",
        "aiohttp-cors",
        "headers",
        ("CORS preflight request failed: headers are not allowed: {headers}",),
        "ResourceOptions(allow_headers=(…)).",
    ),
    _Row(
        "aiohttp-preflight",
        "aiohttp-cors",
        "preflight",
        ("CORS preflight request failed: origin header is not specified in the request",),
        "Ask as a browser does, with Origin and Access-Control-Request-Method.",
    ),
    _Row(
        "hapi-origin",
        "hapi",
        "origin",
        ("CORS error: Origin not allowed",),
        "routes.cors.origin: ['https://…'], of the server or of the route.",
    ),
    _Row(
        "hapi-headers",
        "hapi",
        "headers",
        ("CORS error: Some headers are not allowed",),
        "routes.cors.additionalHeaders: ['x-…'].",
    ),
    _Row(
        "hapi-disabled",
        "hapi",
        "setting",
        ("CORS is disabled for this route",),
        "routes: { cors: true } (or an object) at the server, or options.cors at the route.",
    ),
    _Row(
        "hapi-preflight",
        "hapi",
        "preflight",
        ("CORS error: Missing Origin header", "CORS error: Missing Access-Control-Request-Method header"),
        "Ask as a browser does, with Origin and Access-Control-Request-Method; look what a proxy takes out.",
    ),
    _Row(
        "npm-cors",
        "a Node server whose list of origins is a function (npm's cors)",
        "origin",
        (
            "The CORS policy for this site does not allow access from the specified Origin",
            "Error: Not allowed by CORS",
            "Error: Origin not allowed by CORS",
            "Error: Origin {origin} not allowed by CORS",
            "Error: Origin {origin} is not allowed by CORS",
            "Not allowed by CORS at origin",
        ),
        "Add the origin to the list that the server's `origin` function compares with: to the letter, no slash at the "
        "end. Let the function answer false in the place of an Error, which becomes a 500.",
    ),
    _Row(
        "npm-cors-short",
        "a Node server whose list of origins is a function (npm's cors)",
        "origin",
        (
            "Not allowed by CORS",
            "Not allowed by CORS policy",
            "Origin not allowed by CORS",
            "CORS policy violation",
            "CORS not allowed",
        ),
        "Add the origin to the list that the server's `origin` function compares with: to the letter, no slash at the "
        "end. Let the function answer false in the place of an Error, which becomes a 500.",
        whole=True,
    ),
    _Row(
        "fastify-preflight",
        "@fastify/cors",
        "preflight",
        ("Invalid Preflight Request",),
        "Ask as a browser does, with Access-Control-Request-Method (or strictPreflight: false); look what a proxy "
        "takes "
        "out.",
        whole=True,
    ),
    _Row(
        "rs-origin",
        "rs/cors (Go; its debug log)",
        "origin",
        (
            "Preflight aborted: origin {origin} not allowed",
            "Actual request no headers added: origin {origin} not allowed",
        ),
        "cors.Options{AllowedOrigins: []string{…}}.",
    ),
    _Row(
        "rs-method",
        "rs/cors (Go; its debug log)",
        "method",
        (
            "Preflight aborted: method {method} not allowed",
            "Preflight aborted: requested method {method} not allowed",
            "Actual request no headers added: method {method} not allowed",
        ),
        "cors.Options{AllowedMethods: []string{…}}.",
    ),
    _Row(
        "rs-headers",
        "rs/cors (Go; its debug log)",
        "headers",
        (
            "Preflight aborted: headers {headers} not allowed",
            "Preflight aborted: requested headers {headers} not allowed",
        ),
        "cors.Options{AllowedHeaders: []string{…}}.",
    ),
    _Row(
        "rs-preflight",
        "rs/cors (Go; its debug log)",
        "preflight",
        ("Preflight aborted: empty origin", "Actual request no headers added: missing origin"),
        "Ask as a browser does, with Origin.",
    ),
    _Row(
        "gin-setting",
        "gin-contrib/cors (Ollama, too: OLLAMA_ORIGINS)",
        "setting",
        (
            "bad origin: origins must contain * or include {rest}",
            "conflict settings: all origins disabled",
            "conflict settings: all origins are allowed. AllowOriginFunc or AllowOrigins is not needed",
            "conflict settings: all origins enabled. AllowOrigins is not needed",
        ),
        "Each of AllowOrigins (OLLAMA_ORIGINS) needs its scheme: https://app.example.com, not app.example.com and not "
        "null.",
    ),
    _Row(
        "aspnet-origin",
        "ASP.NET Core (its log)",
        "origin",
        ("Request origin {origin} does not have permission to access the resource",),
        'policy.WithOrigins("https://…") without a slash at the end; app.UseCors between UseRouting and '
        "UseAuthorization.",
    ),
    _Row(
        "aspnet-method",
        "ASP.NET Core (its log)",
        "method",
        ("Request method {method} not allowed in CORS policy",),
        "policy.WithMethods(…) or AllowAnyMethod().",
    ),
    _Row(
        "aspnet-headers",
        "ASP.NET Core (its log)",
        "headers",
        (
            "One or more request header(s) not allowed in CORS policy",
            "Request header {headers} not allowed in CORS policy",
        ),
        "policy.WithHeaders(…) or AllowAnyHeader().",
    ),
    _Row(
        "aspnet-something",
        "ASP.NET Core (its log)",
        "something",
        ("CORS policy execution failed", "No CORS policy found for the specified request"),
        "The next line of the log names what; AddCors, the policy's name and the place of UseCors.",
    ),
    _Row(
        "aspnet-setting",
        "ASP.NET Core",
        "setting",
        ("The CORS protocol does not allow specifying a wildcard (any) origin and credentials at the same time",),
        "WithOrigins (or SetIsOriginAllowed) in the place of AllowAnyOrigin, beside AllowCredentials.",
    ),
    _Row(
        "s3-something",
        "S3 and stores like it",
        "something",
        (
            "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request "
            "method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the "
            "resource's CORS spec",
            "CORSResponse: This CORS request is not allowed. This is usually because the evaluation of Origin, request "
            "method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the "
            "resource's CORS spec",
            "CORSResponse: This CORS request is not allowed",
        ),
        "The bucket's CORS configuration: AllowedOrigins, AllowedMethods (PUT for uploads by a signed URL), "
        "AllowedHeaders. Distributions such as CloudFront must pass Origin on.",
    ),
    _Row(
        "s3-disabled",
        "S3 and stores like it",
        "setting",
        ("CORSResponse: CORS is not enabled for this bucket",),
        "Give the bucket a CORS configuration: AllowedOrigins, AllowedMethods, AllowedHeaders. A wrong name of the "
        "bucket "
        "says the same.",
    ),
    _Row(
        "azure-storage",
        "Azure Storage",
        "something",
        ("CORS not enabled or no matching rule found for this request", "CorsPreflightFailure"),
        "The storage account's CORS rules, of the service in question (blob, queue, table, file): az storage cors add.",
    ),
    _Row(
        "api-gateway-url",
        "AWS API Gateway",
        "url",
        ("Missing Authentication Token",),
        "API Gateway says so of a URL or method that it does not have: the stage (/prod) is missing in the URL, or "
        "there "
        "is no OPTIONS method. Enable CORS for the resource, deploy the API anew, and add the CORS headers to its "
        "«gateway responses» (4XX, 5XX) as well.",
        whole=True,
    ),
    _Row(
        "django-cors-setting",
        "django-cors-headers",
        "setting",
        (
            "Origin {origin} in CORS_ALLOWED_ORIGINS is missing scheme or netloc",
            "Origin {origin} in CORS_ORIGIN_WHITELIST is missing scheme or netloc",
            "Origin {origin} in CORS_ALLOWED_ORIGINS should not have path",
            "Origin {origin} in CORS_ORIGIN_WHITELIST should not have path",
        ),
        'CORS_ALLOWED_ORIGINS = ["https://app.example.com"]: with scheme, without path or slash at the end; for every '
        "origin CORS_ALLOW_ALL_ORIGINS = True, and no *.",
    ),
    _Row(
        "django-csrf",
        "Django",
        "csrf",
        (
            "Origin checking failed - {origin} does not match any trusted origins",
            "Referer checking failed - {url} does not match any trusted origins",
            "CSRF verification failed. Request aborted",
            "CSRF Failed: CSRF token missing",
            "CSRF Failed: CSRF cookie not set",
            "CSRF Failed: CSRF token from the X-Csrftoken HTTP header incorrect",
        ),
        'CSRF_TRUSTED_ORIGINS = ["https://app.example.com"]; behind a TLS proxy also SECURE_PROXY_SSL_HEADER. '
        "CORS_ALLOWED_ORIGINS is another list.",
    ),
    _Row(
        "rails-csrf",
        "Rails",
        "csrf",
        (
            "HTTP Origin header ({origin}) didn't match request.base_url ({url})",
            "Can't verify CSRF token authenticity",
            "ActionController::InvalidAuthenticityToken",
        ),
        "Behind a TLS proxy: X-Forwarded-Proto: https; for an API skip_forgery_protection.",
    ),
    _Row(
        "other-csrf",
        "a protection against forged requests (Spring Security, Laravel, csurf …)",
        "csrf",
        (
            "Invalid CSRF Token {value} was found on the request parameter",
            "Could not verify the provided CSRF token because your session was not found",
            "Could not verify the provided CSRF token because no token was found to compare",
        ),
        "Send the token that this server gave to the page, with its cookie (credentials: 'include'); for an API that "
        "takes tokens in Authorization and no cookies, leave the protection out for its paths.",
    ),
    _Row(
        "other-csrf-short",
        "a protection against forged requests (Laravel, csurf …)",
        "csrf",
        ("CSRF token mismatch", "ForbiddenError: invalid csrf token", "invalid csrf token"),
        "Send the token that this server gave to the page, with its cookie (credentials: 'include'). Laravel Sanctum: "
        "ask for /sanctum/csrf-cookie first, list the page's host in SANCTUM_STATEFUL_DOMAINS, and set "
        "supports_credentials in config/cors.php.",
        whole=True,
    ),
    _Row(
        "apollo-csrf",
        "Apollo Server (GraphQL)",
        "csrf",
        ("This operation has been blocked as a potential Cross-Site Request Forgery (CSRF)",),
        "Send Content-Type: application/json, or the header apollo-require-preflight: true, and allow that in "
        "Access-Control-Allow-Headers.",
    ),
    _Row(
        "form-csrf",
        "SvelteKit or Astro",
        "csrf",
        ("Cross-site POST form submissions are forbidden", "Cross-site {method} form submissions are forbidden"),
        "The server must know its own address: ORIGIN=https://… (SvelteKit's node adapter), or have it trust the "
        "proxy's headers; csrf.trustedOrigins for other sites.",
    ),
    _Row(
        "next-dev",
        "Next.js (development server)",
        "host",
        (
            "Blocked cross-origin request from {host} to {url} resource",
            "Cross origin request detected from {host} to {url} resource",
            "Blocked cross-origin request to Next.js dev resource {url} from {host}",
            "Blocked cross-origin request to Next.js dev resource {url}",
        ),
        "allowedDevOrigins: ['…'] in next.config.",
    ),
    _Row(
        "next-action",
        "Next.js (Server Actions)",
        "csrf",
        ("header with value {origin} from a forwarded Server Actions request. Aborting the action",),
        "experimental.serverActions.allowedOrigins in next.config, or have the proxy pass X-Forwarded-Host on "
        "unchanged.",
    ),
    _Row(
        "vite-host",
        "Vite (development server)",
        "host",
        ("Blocked request. This host ({host}) is not allowed", "Blocked request. This host is not allowed"),
        "server.allowedHosts (preview.allowedHosts): ['…'] in vite.config.",
    ),
    _Row(
        "django-host",
        "Django",
        "host",
        ("Invalid HTTP_HOST header: {host}. You may need to add {value} to ALLOWED_HOSTS",),
        'ALLOWED_HOSTS = ["…"] of the settings. It is a 400 for all requests to that host, preflights, too.',
    ),
    _Row(
        "rails-host",
        "Rails",
        "host",
        ("Blocked host: {host}", "Blocked hosts: {host}"),
        'config.hosts << "…" in the environment\'s configuration.',
    ),
    _Row(
        "webpack-host",
        "webpack-dev-server",
        "host",
        ("Invalid Host header", "Invalid Host/Origin header"),
        "devServer.allowedHosts: ['…'] (or 'all', on a closed network). Servers of the Model Context Protocol say "
        "so, too: "
        "their list of allowed hosts.",
        whole=True,
    ),
    _Row(
        "invalid-origin-header",
        "a server of the Model Context Protocol, or one like it",
        "origin",
        ("Invalid Origin header", "Invalid Origin header: {origin}", "Invalid Origin: {origin}"),
        "Its list of allowed origins (Python: TransportSecuritySettings(allowed_origins=[…]); TypeScript: "
        "allowedOrigins).",
        whole=True,
    ),
    _Row(
        "socket-io",
        "Socket.IO's server in Python (python-engineio)",
        "socket",
        ("{origin} is not an accepted origin", "Not an accepted origin"),
        'cors_allowed_origins=["https://…"] of the server object (flask-socketio, too).',
    ),
    _Row(
        "action-cable",
        "Rails' Action Cable",
        "socket",
        ("Request origin not allowed: {origin}",),
        "config.action_cable.allowed_request_origins = ['https://…'].",
    ),
    _Row(
        "jupyter",
        "Jupyter",
        "origin",
        (
            "Blocking Cross Origin API request for {url} Origin: {origin} Host: {host}",
            "Blocking Cross Origin API request. Origin: {origin} Host: {host}",
            "Blocking Cross Origin WebSocket Attempt. Origin: {origin} Host: {host}",
        ),
        "c.ServerApp.allow_origin = 'https://…'; behind a proxy pass Host on unchanged.",
    ),
    _Row(
        "tornado-socket",
        "Tornado",
        "socket",
        ("Cross origin websockets not allowed",),
        "check_origin of the WebSocketHandler.",
    ),
    _Row(
        "own-origin-check",
        "a server with a check of Origin of its own (Grafana, say)",
        "origin",
        (
            "origin not allowed",
            "Invalid origin",
            "Forbidden: invalid origin",
            "Forbidden origin",
            "Origin is not allowed",
        ),
        "Its list of allowed origins, by whatever name: to the letter, with scheme and port, no slash at the end. "
        "Grafana: "
        "csrf_trusted_origins; behind a proxy pass Host on unchanged.",
        whole=True,
    ),
    _Row(
        "go-socket",
        "a WebSocket server in Go (gorilla/websocket, coder/websocket)",
        "socket",
        (
            "websocket: request origin not allowed by Upgrader.CheckOrigin",
            "request Origin {origin} is not authorized for Host {host}",
        ),
        "gorilla: Upgrader{CheckOrigin: …}; coder: AcceptOptions{OriginPatterns: []string{…}}; behind a proxy pass "
        "Host on unchanged.",
    ),
    _Row(
        "phoenix-socket",
        "Phoenix",
        "socket",
        ("Could not check origin for Phoenix.Socket transport",),
        'check_origin: ["https://…"] of the endpoint, or its url: [host: …].',
    ),
    _Row(
        "no-options-route",
        "a router without a route for it (Laravel, Rails)",
        "url",
        (
            "The OPTIONS method is not supported for this route",
            "The OPTIONS method is not supported for route {url}",
            "No route matches [OPTIONS] {url}",
        ),
        "Laravel: list the path in `paths` of config/cors.php (HandleCors must be among the global middleware). Rails: "
        "rack-cors with config.middleware.insert_before 0, Rack::Cors, and a resource that matches the path.",
    ),
    _Row(
        "spring-options",
        "Spring (a controller without CORS)",
        "url",
        ("Request method OPTIONS not supported", "Request method OPTIONS is not supported"),
        "@CrossOrigin at the controller, or a CorsConfigurationSource for all paths; with Spring Security also "
        "http.cors(). Spring answers preflights itself only where it has a CORS configuration for the path.",
    ),
    _Row(
        "aspnet-middleware",
        "ASP.NET Core",
        "setting",
        ("contains CORS metadata, but a middleware was not found that supports CORS",),
        "app.UseCors() between UseRouting and UseAuthorization. Until then each such request is a 500.",
    ),
    _Row(
        "cloudfront-method",
        "CloudFront",
        "url",
        ("This distribution is not configured to allow the HTTP request method that was used for this request",),
        "The behaviour's allowed methods: GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE (GET, HEAD, OPTIONS where it "
        "only reads); and a response headers policy with CORS, or an origin request policy that passes Origin on.",
    ),
    _Row(
        "google-functions",
        "Google Cloud Run or Cloud Functions",
        "url",
        (
            "Your client does not have permission to get URL {url} from this server",
            "The request was not authenticated. Either allow unauthenticated invocations or set the proper "
            "Authorization header",
        ),
        "Only callers with a role may ask this service; a preflight bears no login, so a page can never pass. Allow "
        "unauthenticated invocations (roles/run.invoker for allUsers) and check the token in the code, or put a "
        "gateway before it. A wrong name or region of the function says the same.",
    ),
    _Row(
        "s3-config",
        "S3 and stores like it",
        "setting",
        (
            "Found unsupported HTTP method in CORS config. Unsupported method is {method}",
            "NoSuchCORSConfiguration",
            "The CORS configuration does not exist",
        ),
        "Give the bucket a CORS configuration with AllowedMethods out of GET, PUT, POST, DELETE, HEAD: it answers "
        "OPTIONS by itself, so that is never listed.",
    ),
    _Row(
        "entra-spa",
        "Microsoft Entra ID",
        "provider",
        (
            "AADSTS9002326: {rest}",
            "Cross-origin token redemption is permitted only for the Single-Page Application client-type",
        ),
        "In the app registration, under Authentication: the redirect URI on the platform «Single-page application», "
        "not on «Web». A server asks without an Origin header.",
    ),
    _Row(
        "entra-not-spa",
        "Microsoft Entra ID",
        "provider",
        (
            "AADSTS9002327: {rest}",
            "Tokens issued for the Single-Page Application client-type may only be redeemed via cross-origin requests",
        ),
        "The redirect URI is one of a «Single-page application», and a server redeemed the code: register it on the "
        "platform «Web», or have the page redeem it.",
    ),
    _Row(
        "google-origin",
        "Google sign-in",
        "provider",
        (
            "Not a valid origin for the client: {origin} has not been registered for client ID {value}",
            "The given origin is not allowed for the given client ID",
        ),
        "In the Google Cloud console, at the OAuth client: the page's origin among «Authorized JavaScript origins» "
        "(for localhost both http://localhost and the one with the port). It takes some minutes.",
    ),
    _Row(
        "google-referer",
        "a key of Google's services",
        "provider",
        ("Requests from referer {value} are blocked",),
        "The key's restriction by website, in the Google Cloud console: add the page's address. A Referrer-Policy of "
        "no-referrer hides it.",
    ),
    _Row(
        "firebase-domain",
        "Firebase Authentication",
        "provider",
        (
            "This domain is not authorized for OAuth operations for your Firebase project",
            "The current domain is not authorized for OAuth operations",
        ),
        "In the Firebase console: Authentication, Settings, Authorized domains.",
    ),
    _Row(
        "nginx-405",
        "nginx",
        "url",
        ("405 Not Allowed</h1></center> <hr><center>nginx", "405 Not Allowed</h1></center><hr><center>nginx"),
        "nginx answers OPTIONS (and POST) for static files with 405: answer it there, if ($request_method = OPTIONS) "
        "{ return 204; } beside add_header … always, or pass the location on to the application.",
    ),
    _Row(
        "s3-preflight",
        "S3 and stores like it",
        "preflight",
        ("CORSResponse: Bad Request. Origin request header needed",),
        "Ask as a browser does, with Origin and Access-Control-Request-Method; look what a CDN takes out.",
    ),
    _Row(
        "devtools-socket",
        "Chromium's remote debugging",
        "socket",
        ("Rejected an incoming WebSocket connection from the {origin} origin",),
        "Start the browser with --remote-allow-origins=… .",
    ),
)


def _cause(row: _Row) -> Cause:
    not_cors = row.refused in _NOT_CORS
    return Cause(
        row.name,
        f"the words of {row.program}",
        Kind.NOT_CORS if not_cors else Kind.SERVER,
        "other" if not_cors else "cors",
        f"These are the server's own words: {row.program}. {_REFUSED[row.refused]}"
        + (
            ""
            if not_cors
            else " The browser sees an answer without the header that it needs and says that; what helps is this "
            "setting."
        ),
        (row.setting,),
    )


SERVER_CAUSES: Mapping[str, Cause] = {row.name: _cause(row) for row in _ROWS}
"""By name."""

SERVER_WORDINGS = tuple(
    Wording(text, row.name, row.program, whole=row.whole and "{" not in text) for row in _ROWS for text in row.texts
)
