# ruff: noqa: E501  # a row is a line
"""Exchanges that fail, and what to change: whose the first remedy is, and words of it."""

from typing import Any, NamedTuple

from tests.helpers import ALLOW, ALLOW_PUT, API, CHROMIUM, PAGE, Lines, actual, flow, preflight

NULL: Lines = [("Origin", "null"), ("Sec-Fetch-Mode", "cors")]
ANY: Lines = [("Access-Control-Allow-Origin", "*")]


class Row(NamedTuple):
    """Flows of one page, in order. The last judgement that is refused or blocked is looked at."""

    kind: str
    flows: tuple[Any, ...]
    who: str
    what: str
    """Words of the first remedy's `what`."""
    happened: str = ""
    """Words of what really happened."""
    never: tuple[str, ...] = ()
    """What no remedy may propose."""


def asks(url: str, *, origin: str = PAGE, status: int = 200, response: Lines = (), **more: Any) -> Any:
    """A cors request of `origin`."""
    request = [("Origin", origin), ("Sec-Fetch-Mode", "cors"), *more.pop("request", ())]
    return flow(url=url, request=request, status=status, response=response, **more)


def own(url: str, *, status: int = 302, response: Lines = (), **more: Any) -> Any:
    """A request of PAGE to its own server, or one that its redirect led to."""
    request = [("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", "same-origin"), ("Referer", f"{PAGE}/")]
    request += list(more.pop("request", ()))
    return flow(url=url, request=request, status=status, response=response, **more)


def refused_header(name: str, *, method: str = "POST", listed: str = "content-type") -> Any:
    """A preflight that asks for a header which is not on the list."""
    allow = [*ANY, ("Access-Control-Allow-Methods", "PUT, PATCH"), ("Access-Control-Allow-Headers", listed)]
    return preflight(allow, method=method, headers=name)


def redirected(location: str, url: str = API, *, status: int = 307, response: Lines = ()) -> Any:
    """A preflight that is redirected."""
    asked = [("Origin", PAGE), ("Access-Control-Request-Method", "PUT"), ("Sec-Fetch-Mode", "cors")]
    return flow("OPTIONS", url, asked, status=status, response=[("Location", location), *response])


MENDED_IN_THE_PAGE = [
    *(
        Row(f"method {sent}", (preflight([*ANY, ("Access-Control-Allow-Methods", listed)], method=sent),), "page", f"method: '{sent.upper()}'", never=("headers",))
        for sent, listed in (("patch", "GET, PATCH"), ("Patch", "PUT,PATCH"), ("purge", "PURGE"))
    ),
    *(
        Row(f"response header {name}", (refused_header(name),), "page", f"do not send {name}".capitalize(), never=("headers",))
        for name in (
            "access-control-allow-origin", "access-control-allow-headers", "access-control-allow-methods",
            "access-control-allow-credentials", "access-control-expose-headers", "strict-transport-security",
            "x-frame-options", "access-control-max-age", "vary",
        )
    ),
    Row("response header on a GET", (refused_header("content-encoding", method="GET"),), "page", "Do not send content-encoding"),
    *(
        Row(f"library {name}", (refused_header(name),), "page", words)
        for name, words in (
            ("traceparent", "propagateTraceHeaderCorsUrls"), ("sentry-trace", "tracePropagationTargets"),
            ("baggage", "tracePropagationTargets"), ("x-datadog-trace-id", "allowedTracingUrls"),
            ("newrelic", "distributed tracing"), ("x-stainless-os", "x-stainless"), ("x-requested-with", "X-Requested-With"),
            ("x-b3-traceid", "propagateTraceHeaderCorsUrls"), ("cache-control", "no-store"), ("pragma", "no-store"),
        )
    ),
    Row("several of libraries", (refused_header("baggage,sentry-trace,traceparent"),), "page", "tracePropagationTargets"),
    Row("type of nothing", (refused_header("content-type", method="GET", listed="x-a"),), "page", "Leave Content-Type out"),
    Row("mcp", (refused_header("mcp-protocol-version,mcp-session-id"),), "server", "mcp-protocol-version"),
    Row("an own header", (refused_header("x-token"),), "server", "Allow the header x-token"),
]  # fmt: skip

WRONG_URL = [
    Row("slash", (redirected(f"{API}/"),), "page", f"Ask for {API}/ at once"),
    Row("https", (redirected(API, API.replace("https", "http")),), "page", f"Ask for {API} at once"),
    Row("www", (redirected("https://www.example.test/a", "https://example.test/a"),), "page", "https://www.example.test/a"),
    Row("slash by http", (redirected(API.replace("https", "http") + "/"),), "page", f"Ask for {API}/ at once"),
    Row(
        "region",
        (redirected("https://b.s3.eu-west-3.amazonaws.com/k", "https://b.s3.amazonaws.com/k", response=[("x-amz-bucket-region", "eu-west-3")]),),
        "page", "set the region eu-west-3",
    ),
    Row(
        "a region in the name alone",
        (redirected("https://b.s3.us-west-2.amazonaws.com/k?X-Amz-Signature=1", "https://b.s3.amazonaws.com/k?X-Amz-Signature=1"),),
        "page", "set the region us-west-2 where the storage's client is made, and have the URL signed",
    ),
    Row("redirect without CORS", (actual([("Location", f"{API}/")], status=301),), "page", f"Ask for {API}/ at once"),
    Row("a preflight to a login", (redirected("https://sso.test/login?next=/"),), "proxy", "Let OPTIONS requests pass", "login"),
    Row("TLS proxy", (asks(API, status=307, response=[*ANY, ("Location", API.replace("https", "http") + "/")]),), "server", "X-Forwarded-Proto"),
]  # fmt: skip

SESSIONS = [
    Row("preflight to a login of the same server", (redirected("/login?next=/items"),), "server", "Let OPTIONS requests pass", never=("Ask for",)),
    Row(
        "own API",
        (own(f"{PAGE}/api/me", response=[("Location", "https://id.test/oauth2/authorize?client_id=1")]),
         asks("https://id.test/oauth2/authorize?client_id=1", at=0.1)),
        "page-server", "answer requests of scripts with 401", "session has ended", ("headers",),
    ),
    Row(
        "another API",
        (actual([*ALLOW, ("Location", "https://id.test/login")], status=302), asks("https://id.test/login", origin="null", at=0.1)),
        "server", "answer requests of scripts with 401", "session has ended", ("headers",),
    ),
    Row(
        "a login asked for by a script",
        (asks("https://api.test/login/id", status=302, response=[*ALLOW, ("Location", "https://id.test/oauth2/authorize")]),
         asks("https://id.test/oauth2/authorize", origin="null", at=0.1)),
        "page", "Open it as a page, not by fetch", never=("headers", '"after": "null"'),
    ),
]  # fmt: skip

ORIGINS = [
    Row("pattern sent as it is", (actual([("Access-Control-Allow-Origin", "https://*.example.test")]),), "server", "as the browser writes it", never=("Open the page",)),
    Row(
        "null by a redirect",
        (actual([*ALLOW, ("Location", "https://b.test/2")], status=302), asks("https://b.test/2", origin="null", response=ALLOW, at=0.1)),
        "page", "Ask for the final URL at once: https://b.test/2", never=('"after": "null"',),
    ),
    Row(
        "a password in a Location, after a redirect that made the origin null",
        (
            actual([*ALLOW, ("Location", "https://b.test/2")], status=302),
            asks("https://b.test/2", origin="null", status=302, at=0.1, response=[*ANY, ("Location", "https://u:p@c.test/3")]),
        ),
        "server", "without user name and password", never=("for every origin",),
    ),
    Row("null, a sandboxed frame", (asks(API, origin="null", request=[("Referer", f"{PAGE}/")]),), "page", "and have the server allow that origin", never=('"after": "null"',)),
    Row("null, a file", (asks(API, origin="null"),), "user", "from a web server, not from disk", never=('"after": "null"',)),
    Row("null in Electron", (asks(API, origin="null", agent=f"{CHROMIUM} Electron/30.0.0"),), "page", "registerSchemesAsPrivileged"),
    Row("an extension", (asks(API, origin="moz-extension://0a1b", response=()),), "page", "host_permissions"),
    Row("Capacitor", (asks(API, origin="capacitor://localhost"),), "server", "capacitor://localhost"),
    Row("Ionic", (asks(API, origin="ionic://localhost"),), "server", "ionic://localhost"),
    Row("Tauri", (asks(API, origin="tauri://localhost"),), "server", "tauri://localhost"),
    Row("refused by the server", (asks("http://localhost:11434/api", origin="app://x", status=403),), "server", "OLLAMA_ORIGINS=app://*", "server itself refused"),
    Row("misspelt", (actual([("Access-Control-Allow-Orgin", PAGE)]),), "server", "Access-Control-Allow-Orgin, which is misspelt"),
    Row("misspelt, underscores", (actual([("Access_Control_Allow_Origin", PAGE)]),), "server", "which is misspelt"),
    Row("half a name", (actual([("Allow-Origin", PAGE)]),), "server", "which is misspelt"),
    Row("a slash", (actual([("Access-Control-Allow-Origin", f"{PAGE}/")]),), "server", "as the browser writes it"),
    Row("several", (actual([("Access-Control-Allow-Origin", f"https://a.test, {PAGE}")]),), "server", "Keep the list in the server"),
    Row("twice", (actual([*ALLOW, *ALLOW]),), "server", "once: it came in several lines"),
    Row("True", (actual([*ALLOW, ("Access-Control-Allow-Credentials", "True")], request=[("Cookie", "a=b")]),), "server", "Write true"),
]  # fmt: skip

FAILURES = [
    Row("401", (actual([], status=401, body=b'{"msg": "Invalid JWT"}', request=[("Authorization", "x")]),), "page", "valid token", "401"),
    Row("expired", (actual([("WWW-Authenticate", 'Bearer error="invalid_token", error_description="The token expired"')], status=401),), "page", "new token", "has expired"),
    Row("403", (actual([], status=403, body=b"Forbidden: no permission"),), "server", "why the server forbids", "403"),
    Row("404", (actual([], status=404),), "page", "whether the URL is right", "nothing at this URL"),
    Row("405", (actual([("Allow", "GET, HEAD")], status=405, method="POST"),), "page", "GET, HEAD", "405"),
    Row("413", (actual([("Server", "nginx/1.27")], status=413),), "proxy", "limit", "larger"),
    Row("429", (actual([("Retry-After", "17")], status=429),), "page", "Wait 17 s", "too many requests"),
    Row("502", (actual([], status=502, body=b"<h1>Bad Gateway</h1>"),), "server", "Mend the failure first", "502"),
    Row("521", (actual([], status=521),), "server", "Mend the failure first", "CDN"),
    Row("419", (actual([], status=419, body=b"<title>Page Expired</title>"),), "page", "CSRF", "forged"),
    Row("Django's CSRF", (actual([], status=403, body=b"<p>CSRF verification failed. Origin checking failed - x"),), "server", "CSRF_TRUSTED_ORIGINS", "forged"),
    Row("a proxy's login", (actual([], status=407),), "user", "Log in to the proxy", "A proxy on the way", ("headers",)),
    Row("an unknown host", (actual([], status=400, body=b"Invalid Host header"),), "server", "Put api.example.test on the server's list of hosts", "names that it answers to"),
    Row("API Gateway, no such URL", (actual([], status=403, body=b'{"message":"Missing Authentication Token"}'),), "page", "the stage, such as /prod", "no such URL"),
    Row("API Gateway, its key", (actual([("x-amzn-ErrorType", "ForbiddenException")], status=403, body=b'{"message":"Forbidden"}'),), "page", "x-api-key", "API Gateway itself"),
    Row("another signature", (actual([], status=403, body=b"<Error><Code>SignatureDoesNotMatch</Code></Error>"),), "page", "exactly what was signed", "the signature"),
    Row(
        "Ollama's list, at the preflight",
        (flow("OPTIONS", "http://localhost:11434/api/chat", [("Origin", "app://x"), ("Access-Control-Request-Method", "POST"), ("Sec-Fetch-Mode", "cors")], status=403),),
        "server", "OLLAMA_ORIGINS=app://*", "not on Ollama's list",
    ),
    Row("challenge", (preflight([("cf-mitigated", "challenge")], status=403),), "proxy", "Exempt OPTIONS", "preflight can never pass", ("headers",)),
    Row("AWS WAF", (actual([("x-amzn-waf-action", "captcha")], status=405),), "proxy", "AWS WAF", "bots"),
    Row("Akamai", (actual([], status=403, body=b"<H1>Access Denied</H1> Reference&#32;&#35;18&#46;1 https://errors.edgesuite.net/18.1"),), "proxy", "Akamai", "firewall"),
    Row("its own CORS layer", (preflight([], status=403, body=b"Invalid CORS request"),), "server", "list of origins", "CORS layer refused"),
    Row("a callback's error", (preflight([], status=500, body=b"Error: Not allowed by CORS"),), "server", "list of origins", "CORS layer refused"),
    Row("no answer", (actual([], status=None),), "server", "gives no answer", "No answer"),
    Row("preflight 401", (preflight([], status=401),), "server", "Answer OPTIONS before asking for a login", "never carries cookies"),
    Row("CloudFront without OPTIONS", (preflight([], status=403, body=b"This distribution is not configured to allow the HTTP request method that was used"),), "proxy", "Allow OPTIONS in CloudFront", "403"),
    Row("a manifest without cookies", (own(f"{PAGE}/m.json", response=[("Location", "https://id.test/login")], request=[("Sec-Fetch-Dest", "manifest")]), asks("https://id.test/login", request=[("Sec-Fetch-Dest", "manifest")], at=0.1)), "page", 'crossorigin="use-credentials"', "session has ended"),
    Row("preflight 405", (preflight([], status=405),), "server", "Let OPTIONS reach", "405"),
    Row("preflight answered with a page", (preflight([("Content-Type", "text/html")], status=200),), "server", "Handle OPTIONS", "answered OPTIONS with a page"),
    Row("preflight answered with data", (preflight([("Content-Type", "text/plain")], status=200),), "server", "Allow the page's origin"),
    Row("preflight 404", (preflight([], status=404),), "server", "Handle OPTIONS", "404"),
    Row("a stale copy", (actual([("Age", "77"), ("X-Cache", "Hit from cloudfront")]),), "proxy", "by Origin"),
    Row("another page's copy", (actual([("CF-Cache-Status", "HIT"), ("Access-Control-Allow-Origin", "https://b.test")]),), "proxy", "by Origin"),
    Row(
        "private network",
        (flow("OPTIONS", "https://localhost:9/", [("Origin", PAGE), ("Access-Control-Request-Method", "PUT"),
              ("Access-Control-Request-Private-Network", "true")], response=[*ANY], status=403, agent=CHROMIUM.replace("156", "130")),),
        "server", "Access-Control-Allow-Private-Network: true",
    ),
]  # fmt: skip

HANDSHAKE: Lines = [
    ("Origin", PAGE),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "x"),
    ("Sec-WebSocket-Version", "13"),
]


def local(status: int, response: Lines = ()) -> Any:
    """A preflight of Chromium 130 for a device in the user's network."""
    asked = [
        ("Origin", PAGE),
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Private-Network", "true"),
    ]
    return flow(
        "OPTIONS",
        "http://192.168.0.7/api",
        asked,
        response=response,
        status=status,
        agent=CHROMIUM.replace("156", "130"),
    )


OTHERS = [
    Row("preflight 400", (preflight([], status=400, body=b"<h1>Bad Request</h1>"),), "server", "Answer OPTIONS here with an ok status", "a handler took OPTIONS"),
    Row("API Gateway without OPTIONS", (preflight([], status=403, body=b'{"message":"Missing Authentication Token"}'),), "server", "Give this resource an OPTIONS method", "403"),
    Row("Google's front end", (preflight([], status=403, body=b"<h2>Your client does not have permission to get URL <code>/f</code> from this server."),), "server", "allow unauthenticated invocations", "403"),
    Row("nginx, no OPTIONS for files", (preflight([("Server", "nginx")], status=405, body=b"<html>\r\n<body>\r\n<center><h1>405 Not Allowed</h1></center>\r\n<hr><center>nginx</center>\r\n"),), "server", "This looks like nginx itself: answer OPTIONS in the location", "405"),
    Row("a method, told with the origin's name", (preflight([], status=403, body=b"CORS preflight request failed: request method 'PUT' is not allowed for 'https://app.example.test' origin"),), "server", "Put the method PUT on the list of methods", "refused the method PUT"),
    Row("a store that does not say which", (preflight([], status=403, body=b"<Message>CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.</Message>"),), "server", "on the list of origins", "does not say for what"),
    Row("two of three", (preflight([("access-control-allow-methods", "GET"), ("access-control-max-age", "600"), ("vary", "Origin")], status=400, body=b"Disallowed CORS origin, method"),), "server", "on the list of origins, and the method PUT on the list of methods", "and the method PUT"),
    Row("one origin for all", (asks(API, origin="https://a.test", response=[("Access-Control-Allow-Origin", "https://a.test")]), asks(API, origin="https://b.test", response=[("Access-Control-Allow-Origin", "https://a.test")], at=1)), "server", "Make a list of the one origin that this server sends to everybody, https://a.test"),
    Row("preflight 415", (preflight([], status=415),), "server", "Answer OPTIONS here with an ok status", "answered 415", ("Mend the request",)),
    Row("an option of fetch as a header", (refused_header("crossorigin", method="GET"),), "page", "Take it out of the headers"),
    Row("mode as a header", (refused_header("content-type,mode", method="POST"),), "page", "Take it out of the headers"),
    Row("Rails' login", (actual([("Location", "/users/sign_in")], status=302),), "server", "answer requests of scripts with 401", "login"),
    Row("an account is no login", (actual([("Location", "/accounts/5")], status=302),), "server", "Allow the page's origin", never=("login",)),
    Row("accounts as a host", (actual([("Location", "https://accounts.test/v3/signin")], status=302),), "server", "answer requests of scripts with 401", "login"),
    Row("TLS proxy, the application's own port", (asks(API, status=307, response=[*ANY, ("Location", API.replace("https://api.example.test", "http://api.example.test:8080") + "/")]),), "server", "X-Forwarded-Proto", never=("https://api.example.test:8080",)),
    Row("another service by http", (asks(API, status=307, response=[*ANY, ("Location", "http://api.example.test:8080/else")]),), "server", "Redirect to https: https://api.example.test:8080/else"),
    Row("a firewall is no check", (actual([], status=403, body=b"error code: 1020"),), "proxy", "Cloudflare's firewall", "firewall", ("pass its check",)),
    Row("a device that has nothing there", (local(404),), "server", "Handle OPTIONS", "404"),
]  # fmt: skip

SOCKETS: tuple[tuple[str, int, Lines, bytes, str, str, str], ...] = (
    ("origin", 403, [], b"", "server", "list of origins", "looks at Origin"),
    (
        "origin, 400",
        400,
        [],
        b"http://a.test is not an accepted origin.",
        "server",
        "list of origins",
        "looks at Origin",
    ),
    ("login", 401, [], b"", "page", "know the user by", "who asks"),
    ("nothing", 404, [], b"", "page", "URL is right: wss://", "nothing at this URL"),
    ("no upgrade", 426, [], b"", "proxy", "Upgrade and Connection", "for want of Upgrade"),
    (
        "no upgrade, 400",
        400,
        [],
        b'Can "Upgrade" only to "WebSocket".',
        "proxy",
        "Upgrade and Connection",
        "for want of Upgrade",
    ),
    (
        "a page",
        200,
        [("Content-Type", "text/html")],
        b"<!doctype html>",
        "page",
        "that of the WebSocket, wss://",
        "plain request",
    ),
    ("to a login", 302, [("Location", "/login")], b"", "user", "Log in again", "redirected to /login"),
    (
        "elsewhere",
        301,
        [("Location", "https://b.test/ws/")],
        b"",
        "page",
        "redirects to, https://b.test/ws/",
        "no browser follows",
    ),
    ("gateway", 502, [], b"", "server", "whether the server behind it runs", "a gateway did not reach it"),
    (
        "session",
        400,
        [],
        b'{"code":1,"message":"Session ID unknown"}',
        "proxy",
        "sticky sessions",
        "Socket.IO says why",
    ),
)
"""WebSocket handshakes: their answer, the first remedy, and what happened."""

PLAIN = [
    Row("nothing there", (actual(),), "server", "Allow the page's origin"),
    Row(
        "another method",
        (preflight([*ALLOW, ("Access-Control-Allow-Methods", "GET")]),),
        "server",
        "Allow the method PUT",
    ),
    Row("another header", (preflight(ALLOW_PUT, headers="x-token"),), "server", "Allow the header x-token"),
    Row("with credentials", (actual(ANY, request=[("Cookie", "a=b")]),), "server", "in place of *"),
]

ALL = [*MENDED_IN_THE_PAGE, *WRONG_URL, *SESSIONS, *ORIGINS, *FAILURES, *OTHERS, *PLAIN]
