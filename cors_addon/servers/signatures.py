"""Signatures: which marks together tell an implementation. Data, one row a signature.

Law 1: literals first. Of the rest a row tells only where no row of another implementation holds as well.
Law 2: no row rests on Server, or on lower case: both are lost or gained on the way.
"""

from collections.abc import Mapping
from typing import NamedTuple

from cors_addon.exchange.recognised import Cause
from cors_addon.fetch.names import CORS_RESPONSE, REQUEST_HEADERS, REQUEST_METHOD
from cors_addon.servers.marks import (
    CONDITION,
    ECHOES_ONE_METHOD,
    EMPTY,
    EMPTY_AND_SAID,
    HINT,
    ITS_OWN_LENGTH,
    MIXED_CASE,
    NO_CORS,
    NOT_TITLE_CASE,
    PREFLIGHT,
    TITLE_CASE,
    WRITES_TYPE_IN_CAPITALS,
    Mark,
    absent,
    at,
    lines,
    named,
    on_port,
    only,
    ordered,
    says,
    status,
    unlike,
    valued,
)


class Signature(NamedTuple):
    """One row."""

    implementation: str
    marks: tuple[Mark, ...]
    causes: Mapping[str, Cause] = {}
    """Parts of the body, or of a header whose name is a literal, that name what was refused."""


ACAO, ACAC, ACAM, ACAH, ACMA, ACEH = (name.lower() for name in CORS_RESPONSE)
CL, CT, VARY, ALLOW = "content-length", "content-type", "vary", "allow"
THREE = ("Origin", REQUEST_METHOD, REQUEST_HEADERS)

_TIGHT = r"[A-Z]+(?:,[A-Z]+)*"
"""Methods without a space."""
_TIGHT_LIST = r"[A-Z]+(?:,[A-Z]+)+"
_LOOSE_LIST = r"[A-Z]+(?:, [A-Z]+)+"
_NPM_DEFAULT = "GET,HEAD,PUT,PATCH,POST,DELETE"
_HTML = r"text/html; charset=utf-8"
_CORS_WORDS = {"origin": Cause.ORIGIN, "method": Cause.METHOD, "headers": Cause.HEADERS}
_WHOSE = r"(?:origin|method|headers)(?:, (?:origin|method|headers))*\Z"
_LITESTAR = r"(?:Origin|method|headers)(?:, (?:Origin|method|headers))*\Z"
_REFUSED_BY_FUNCTION = r"Error: (?:CORS: )?(?:[Oo]rigin )?(?:https?://\S+ )?[Nn]ot allowed by CORS"

LITERALS = (
    # -- Python
    Signature(
        "starlette",
        (says(f"Disallowed CORS {_WHOSE}", '"Disallowed CORS …"'), named(ACAM, HINT), named(ACMA, CONDITION)),
        _CORS_WORDS,
    ),
    Signature(
        "litestar",
        (says(f"Disallowed CORS {_LITESTAR}", '"Disallowed CORS …" without Access-Control-Max-Age'), absent(ACMA)),
        {"Origin": Cause.ORIGIN, "method": Cause.METHOD, "headers": Cause.HEADERS},
    ),
    Signature(
        "aiohttp-cors",
        (says("CORS preflight request failed: ", '"CORS preflight request failed: …"'),),
        {": origin '": Cause.ORIGIN, ": request method '": Cause.METHOD, ": headers are": Cause.HEADERS},
    ),
    Signature(
        "blacksheep",
        (named("cors-error"), valued("cors-error", "The .*CORS rules.*", CONDITION)),
        {"The origin": Cause.ORIGIN, "request header": Cause.HEADERS, "The method": Cause.METHOD},
    ),
    Signature("quart-cors", (valued(ACEH, '""', 2),)),
    # Quart's errors are Werkzeug's, too, but for the case of names
    Signature(
        "flask-cors",
        (
            says(r"<!doctype html>\n<html lang=en>\n<title>", "Werkzeug's error page"),
            absent(VARY),
            WRITES_TYPE_IN_CAPITALS,
        ),
    ),
    Signature(
        "flask-cors",
        (
            says(r"<!doctype html>\n<html lang=en>\n<title>", "Werkzeug's error page"),
            named(ACAO, CONDITION),
            absent(ACEH),
        ),
    ),
    Signature(
        "quart-cors",
        (
            says(r"<!doctype html>\n<html lang=en>\n<title>", "Werkzeug's error page"),
            valued(VARY, "Origin"),
            absent(ACAO),
        ),
    ),
    Signature(
        "django-rest-framework",
        (says(r'\{"name": ?".*?", ?"description": ?".*?", ?"renders": ?\[', "what its views tell of themselves"),),
    ),
    Signature("falcon", (says(r'\{"title": "\d\d\d ', "Falcon's errors"), valued(VARY, "Accept"))),
    Signature("sanic-ext", (says("⚠️ \\d\\d\\d — ", "Sanic's error page"),)),
    Signature(
        "jupyter",
        (valued("content-security-policy", r"frame-ancestors 'self'; report-uri \S*/api/security/csp-report.*", 2),),
    ),
    Signature(
        "python-http.server",
        (says(r".*Message: Unsupported method \('OPTIONS'\)", "\"Unsupported method ('OPTIONS')\""), status(501)),
    ),
    Signature("python-http.server", (says(r".*<p>Error code: 501</p>", '"Error code: 501"'), status(501))),
    # -- Node
    Signature(
        "hapi",
        (says(r'\{(?:.*,)?"message":"CORS error: ', '"CORS error: …"'),),
        {"CORS error: Origin not": Cause.ORIGIN, "CORS error: Some headers": Cause.HEADERS},
    ),
    Signature("hapi", (says(r'\{.*"message":"CORS is disabled for this route"', '"CORS is disabled for this route"'),)),
    Signature(
        "express-cors",
        (says(rf".*<pre>{_REFUSED_BY_FUNCTION}", '"Not allowed by CORS" in Express\' error page'), status(500)),
        {"llowed by CORS": Cause.ORIGIN},
    ),
    Signature(
        "fastify-cors",
        (
            says(
                r'\{"statusCode":500,(?:"code":"[^"]*",)?"error":"[A-Z][\w ]+","message":"[^"]*(?:by CORS|CORS )',
                "a message of CORS in Fastify's error",
            ),
            status(500),
        ),
        {"CORS": Cause.ORIGIN},
    ),
    Signature("fastify-cors", (says(r"Invalid Preflight Request\Z", '"Invalid Preflight Request"'), status(400))),
    Signature(
        "fastify-cors", (says(r'\{"message":"Route [A-Z]+:\S* not found"', "Fastify's error for a missing route"),)
    ),
    Signature(
        "socket.io",
        (
            says(
                r'\{"code":\d,"message":"(?:Bad handshake method|Transport unknown|Session ID unknown|Bad request|'
                r'Unsupported protocol version)"\}',
                "its errors",
            ),
            at("/socket.io"),
        ),
    ),
    Signature("socket.io", (says(r'0\{"sid":"', "its handshake"), at("/socket.io"))),
    Signature(
        "restify",
        (says(r'\{"code":"MethodNotAllowed","message":"[A-Z]+ is not allowed"\}', "restify's error"), status(405)),
    ),
    Signature(
        "restify",
        (says(r'\{"code":"ResourceNotFound","message":"\S+ does not exist"\}', "restify's error"), status(404)),
    ),
    Signature("restify", (valued(ACAH, r".*accept-version,request-id,.*x-api-version,x-request-id.*", 2),)),
    Signature(
        "elysia-cors",
        (valued(ACEH, r"(?=.*\bhost\b)(?=.*\borigin\b)(?:[\w-]+, ?)+[\w-]+", 2), unlike(ACEH, ".*[A-Z].*")),
    ),
    Signature("http-server", (valued(ACAH, "Origin, X-Requested-With, Content-Type, Accept, Range(?:,.*)?", 2),)),
    Signature("parcel", (valued(ACAH, "Origin, X-Requested-With, Content-Type, Accept, Content-Type", 2),)),
    Signature(
        "serve",
        (
            says(r'<!DOCTYPE html><head> <meta name="viewport"', "its error page"),
            named(CT, CONDITION),
            valued(VARY, "Accept-Encoding"),
        ),
    ),
    Signature(
        "nestjs",
        (
            says(r'\{"message":"Cannot [A-Z]+ /.*","error":"Not Found","statusCode":404\}', "NestJS's error"),
            status(404),
        ),
    ),
    Signature(
        "mcp-typescript",
        (says(r'\{"jsonrpc":"2\.0","error":\{"code":-32000,"message":"Invalid (?:Origin|Host)', "its error"),),
        {"Invalid Origin": Cause.ORIGIN, "Invalid Host": Cause.OTHER},
    ),
    Signature(
        "mcp-typescript",
        (
            says(r'\{"jsonrpc":"2\.0","error":\{"code":-32000,"message":"Method not allowed\."', "its error"),
            status(405),
        ),
    ),
    Signature(
        "mcp-python",
        (says(r"Invalid (?:Origin|Host) header\Z", '"Invalid Origin header"'), status(400, 403, 421)),
        {"Invalid Origin": Cause.ORIGIN, "Invalid Host": Cause.OTHER},
    ),
    Signature(
        "mcp-python",
        (
            says(
                r'\{"jsonrpc":"2\.0","id":(?:null|"server-error"),"error":\{"code":-32600,'
                r'"message":"Method Not Allowed"',
                "its error",
            ),
            status(405),
        ),
    ),
    # -- others
    Signature("spring", (says(r"Invalid CORS request\Z", '"Invalid CORS request"'), status(403))),
    Signature("rack-cors", (named("x-rack-cors"),)),
    Signature("rack-cors", (valued(ACEH, "", 2), valued(ACMA, r"\d+"), ordered(ACAO, ACAM, ACEH, ACMA))),
    Signature("php", (named("host"),)),
    Signature("tomcat", (valued(VARY, "origin,access-control-request-method,Access-Control-Request-Headers", 2),)),
    Signature(
        "tomcat",
        (says(r'<!doctype html><html lang="\w+"><head><title>HTTP Status \d\d\d – ', "Tomcat's error page"),),
    ),
    Signature(
        "jub0bs-cors",
        (
            valued(
                VARY,
                "Access-Control-Request-Headers, Access-Control-Request-Method, "
                "(?:Access-Control-Request-Private-Network, )?Origin",
                2,
            ),
        ),
    ),
    Signature(
        "aws-api-gateway",
        (
            says(
                r'\{"message": ?"(?:Missing Authentication Token|Forbidden|Unauthorized|Not Found|Internal Server)',
                "the gateway's own error",
            ),
            named("apigw-requestid"),
        ),
    ),
    Signature(
        "aws-api-gateway",
        (
            says(r'\{"message": ?"', "the gateway's own error", CONDITION),
            named("x-amzn-errortype"),
            named("x-amz-apigw-id"),
        ),
    ),
    Signature(
        "s3",
        (says(r".*<Message>CORSResponse: ", '"CORSResponse: …"'),),
    ),
    Signature("azure-storage", (says(r".*<Code>CorsPreflightFailure</Code>", '"CorsPreflightFailure"'),)),
    Signature(
        "keycloak",
        (says(r'\{"error":"[^"]*","error_description":"For more on this error consult the server log', "its error"),),
    ),
    Signature("firebase-functions", (named("function-execution-id"),)),
    Signature("supabase", (named("sb-gateway-version"),)),
    Signature("supabase", (named("sb-project-ref"),)),
    # -- proxies and servers of files, by their own error pages
    Signature("nginx", (says(r".*<hr><center>(?:nginx|openresty)", "nginx's error page"),)),
    Signature("apache", (says(r".*<address>Apache/", "Apache's error page"),)),
    Signature(
        "apache",
        (
            says(
                r"<!DOCTYPE HTML PUBLIC.*<p>You don\'t have permission to access this resource\.", "Apache's error page"
            ),
        ),
    ),
    Signature(
        "haproxy",
        (says(r"<html><body><h1>\d\d\d [A-Z][\w ]+</h1>\n.+\n</body></html>\s*\Z", "HAProxy's error page"),),
    ),
    Signature(
        "lighttpd",
        (
            says(
                r'<\?xml version="1\.0" encoding="iso-8859-1"\?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1\.0 Trans',
                "lighttpd's error page",
            ),
        ),
    ),
    Signature("envoy", (says(r"upstream connect error or disconnect/reset before headers", "Envoy's error"),)),
    Signature("envoy", (says(r"RBAC: access denied\Z", "Envoy's error"),)),
    Signature("kong", (valued(ACAM, "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT", 2), PREFLIGHT)),
    Signature("kong", (says(r'\{\s*"message":\s*"no Route matched with those values"', "Kong's error"),)),
    Signature("cloudflare-access", (valued("location", r"https://[\w.-]+\.cloudflareaccess\.com/.*", 2),)),
)
"""Each has a literal."""

LIKELY = (
    # -- Python
    Signature(
        "starlette",
        (
            PREFLIGHT,
            says(r"OK\Z", '"OK"', HINT),
            ordered(f"{VARY}?", f"{ACAO}?", ACAM, ACMA, f"{ACAH}?", CL, CT),
            status(200),
        ),
    ),
    Signature(
        "starlette",
        (
            PREFLIGHT,
            says(r"OK\Z", '"OK"', HINT),
            ordered(VARY, ACAM, ACMA, f"{ACAH}?", f"{ACAC}?", f"{ACAO}?", CL, CT),
            status(200),
        ),
    ),
    Signature(
        "flask-cors",
        (
            PREFLIGHT,
            status(200),
            valued(CT, _HTML),
            valued(
                ALLOW, r"(?=.*\bOPTIONS\b)(?!GET, (?:POST, |PUT, |PATCH, |DELETE, )*HEAD, OPTIONS)[A-Z]+(?:, [A-Z]+)+"
            ),
            EMPTY,
            ordered(CT, ALLOW, f"{ACAO}?", f"{VARY}?", CL),
        ),
    ),
    Signature(
        "flask-cors",
        (
            PREFLIGHT,
            status(200),
            valued(CT, _HTML),
            valued(ALLOW, r"(?=.*\bOPTIONS\b)[A-Z]+(?:, [A-Z]+)+"),
            named(ACAO, CONDITION),
            EMPTY,
            ordered(CT, ALLOW, ACAO, f"{VARY}?", CL),
        ),
    ),
    Signature(
        "quart-cors",
        (
            PREFLIGHT,
            status(200),
            valued(CT, _HTML),
            valued(ALLOW, r"(?=.*\bOPTIONS\b)[A-Z]+(?:, [A-Z]+)+"),
            valued(VARY, "Origin"),
            EMPTY_AND_SAID,
            NO_CORS,
            ordered(ALLOW, CT, CL, VARY),
        ),
    ),
    Signature(
        "django-cors-headers",
        (
            PREFLIGHT,
            status(200),
            EMPTY_AND_SAID,
            valued(CT, _HTML),
            valued(VARY, "origin(?:,.*)?"),
            ordered(CL, CT, VARY, f"{ACAO}?", f"{ACAC}?", f"{ACEH}?", f"{ACAH}?", f"{ACAM}?", f"{ACMA}?"),
        ),
    ),
    Signature(
        "django-cors-headers",
        (
            valued(VARY, "origin(?:,.*)?"),
            MIXED_CASE,
            unlike(VARY, ".*access-control.*"),
            valued(CT, "(?!text/plain).*", CONDITION),
        ),
    ),
    # before version 4
    Signature(
        "django-cors-headers",
        (
            PREFLIGHT,
            status(200),
            EMPTY_AND_SAID,
            valued(CT, _HTML),
            valued(VARY, "(?:.*, )?Origin"),
            ordered(CT, CL, VARY, f"{ACAC}?", ACAO, f"{ACEH}?", ACAH, ACAM, ACMA),
            absent(ALLOW),
        ),
    ),
    Signature(
        "falcon",
        (
            PREFLIGHT,
            status(200),
            valued(CT, "application/json"),
            EMPTY_AND_SAID,
            valued(ALLOW, r"(?!.*OPTIONS)[A-Z]+(?:, [A-Z]+)*"),
            NO_CORS,
        ),
    ),
    Signature(
        "falcon",
        (
            PREFLIGHT,
            status(200),
            valued(CT, "application/json"),
            EMPTY_AND_SAID,
            valued(ACMA, "86400"),
            ordered(CL, ACAO, ACAM, f"{ACAH}?", ACMA, CT),
        ),
    ),
    Signature(
        "sanic-ext",
        (
            PREFLIGHT,
            status(204),
            valued(ALLOW, r"(?=.*OPTIONS)[A-Z]+(?:,[A-Z]+)+"),
            only(ALLOW),
            Mark(lambda answer: answer.status == 204, "its 204 with Allow", HINT, "status"),
        ),
    ),
    Signature(
        "sanic-ext",
        (
            PREFLIGHT,
            status(204),
            valued(ALLOW, r"(?=.*OPTIONS)[A-Z]+(?:,[A-Z]+)+"),
            valued(VARY, "origin"),
            named(ACAO, CONDITION),
        ),
    ),
    Signature(
        "robyn",
        (
            valued(ACAM, "GET, POST, PUT, DELETE, PATCH, HEAD, OPTIONS"),
            valued(ACAC, "true"),
            valued(ACAH, r"(?=.*\bAuthorization\b)(?=.*\bContent-Type\b).*"),
            absent(VARY),
            status(403, 204),
        ),
    ),
    # -- Node
    # headers set by hand in Express are written alike, but for Vary and the length of nothing
    Signature(
        "express-cors",
        (
            PREFLIGHT,
            valued("x-powered-by", "Express"),
            valued(ACAM, _TIGHT),
            valued(VARY, r"(?:.*, )?Origin(?:, .*)?", CONDITION),
            ITS_OWN_LENGTH,
            absent(CT),
            ordered(f"{ACAO}?", VARY, f"{ACAC}?", ACAM, f"{ACAH}?", f"{ACMA}?", f"{ACEH}?", CL),
        ),
    ),
    Signature(
        "express-cors",
        (
            PREFLIGHT,
            status(204),
            valued("x-powered-by", "Express"),
            valued(ACAM, _TIGHT),
            valued(ACAO, r"\*", CONDITION),
            ITS_OWN_LENGTH,
            absent(CT, VARY),
            ordered(ACAO, f"{ACAC}?", ACAM, f"{ACAH}?", f"{ACMA}?", f"{ACEH}?", CL),
        ),
    ),
    Signature(
        "express-cors",
        (
            PREFLIGHT,
            valued("x-powered-by", "Express"),
            valued(ACAM, _TIGHT),
            valued(VARY, "(?:Origin, )?Access-Control-Request-Headers"),
        ),
    ),
    Signature(
        "npm-cors",
        (
            PREFLIGHT,
            status(204),
            TITLE_CASE,
            absent("x-powered-by"),
            valued(ACAM, _TIGHT),
            ITS_OWN_LENGTH,
            ordered(f"{ACAO}?", VARY, f"{ACAC}?", ACAM, f"{ACAH}?", f"{ACMA}?", f"{ACEH}?", CL),
        ),
    ),
    Signature(
        "npm-cors",
        (
            PREFLIGHT,
            status(204),
            absent("x-powered-by"),
            valued(ACAM, _TIGHT_LIST),
            valued(VARY, "Origin"),
            ITS_OWN_LENGTH,
            ordered(f"{ACAO}?", VARY, f"{ACAC}?", ACAM, f"{ACAH}?", f"{ACMA}?", f"{ACEH}?", CL),
        ),
    ),
    Signature(
        "npm-cors",
        (
            PREFLIGHT,
            status(204),
            absent("x-powered-by"),
            valued(ACAM, _TIGHT_LIST),
            valued(VARY, "(?:Origin, )?Access-Control-Request-Headers"),
            EMPTY_AND_SAID,
            ordered(f"{ACAO}?", f"{VARY}?", f"{ACAC}?", ACAM, f"{ACAH}?", f"{ACMA}?", f"{ACEH}?", CL),
        ),
    ),
    Signature(
        "vite",
        (
            PREFLIGHT,
            on_port(5173, 4173),
            valued(ACAM, _TIGHT_LIST),
            valued(VARY, "(?:Origin, )?Access-Control-Request-Headers"),
        ),
    ),
    Signature("vite", (PREFLIGHT, at("/(?:@vite|@id|@fs)/"), valued(ACAM, _TIGHT_LIST))),
    Signature("socket.io", (PREFLIGHT, at("/socket.io/"), valued(ACAM, _TIGHT))),
    Signature(
        "fastify-cors",
        (
            PREFLIGHT,
            NOT_TITLE_CASE,
            valued(ACAM, _LOOSE_LIST),
            EMPTY_AND_SAID,
            absent(CT),
            ordered(VARY, f"{ACAO}?", f"{ACAC}?", f"{ACEH}?", ACAM, f"{ACAH}?", f"{ACMA}?", CL),
        ),
    ),
    Signature(
        "fastify-cors",
        (
            PREFLIGHT,
            NOT_TITLE_CASE,
            valued(ACAM, "GET,HEAD,POST"),
            EMPTY_AND_SAID,
            absent(CT),
            ordered(f"{VARY}?", f"{ACAO}?", f"{ACAC}?", f"{ACEH}?", ACAM, f"{ACAH}?", f"{ACMA}?", CL),
        ),
    ),
    Signature(
        "fastify-cors",
        (
            says(r'\{"statusCode":\d+,(?:"code":"[^"]*",)?"error":"[^"]*","message":"', "Fastify's errors", HINT),
            valued(VARY, "Origin"),
            ordered(VARY, f"{ACAO}?", CT),
        ),
    ),
    Signature(
        "hono-cors",
        (
            PREFLIGHT,
            status(204),
            NOT_TITLE_CASE,
            valued(VARY, "(?:Origin, )?Access-Control-Request-Headers"),
            valued(ACAM, _TIGHT),
            ordered(f"{ACAC}?", f"{ACAH}?", ACAM, f"{ACAO}?", f"{ACEH}?", f"{ACMA}?", VARY),
        ),
    ),
    Signature(
        "h3",
        (
            PREFLIGHT,
            status(204),
            NOT_TITLE_CASE,
            valued(VARY, "(?:origin, )?access-control-request-headers"),
            ordered(f"{ACAC}?", f"{ACAH}?", f"{ACAM}?", f"{ACAO}?", f"{ACMA}?", VARY),
        ),
    ),
    Signature("h3", (valued(ACEH, r"\*"), valued(VARY, "origin"), ordered(f"{ACAO}?", ACEH, CT, VARY))),
    Signature(
        "koa-cors",
        (
            PREFLIGHT,
            status(204),
            valued(ACAM, f"(?!GET,HEAD,POST\\Z|{_NPM_DEFAULT}\\Z){_TIGHT}"),
            valued(VARY, "(?:.*, )?Origin", CONDITION),
            absent(CL, CT),
            ordered(VARY, ACAO, f"{ACAC}?", f"{ACMA}?", ACAM, f"{ACAH}?"),
        ),
    ),
    Signature(
        "koa-cors",
        (
            PREFLIGHT,
            status(200),
            valued(CT, "text/plain; charset=utf-8"),
            EMPTY_AND_SAID,
            valued(ALLOW, r"HEAD, GET(?:, [A-Z]+)*"),
            NO_CORS,
            ordered(VARY, CT, CL, ALLOW),
        ),
    ),
    Signature(
        "hapi",
        (
            says(r'\{"statusCode":404,"error":"Not Found","message":"Not Found"\}\Z', "hapi's error", HINT),
            valued("cache-control", "no-cache"),
        ),
    ),
    Signature(
        "hapi",
        (valued(ACEH, "WWW-Authenticate,Server-Authorization(?:,.*)?"), valued("cache-control", "no-cache")),
    ),
    Signature(
        "webpack-dev-server",
        (
            status(204),
            valued("cross-origin-resource-policy", "same-origin"),
            only("cross-origin-resource-policy", CL),
            Mark(lambda answer: answer.value(CL) == "0", "its Content-Length: 0 with 204", HINT, CL),
        ),
    ),
    Signature(
        "http-server",
        (
            PREFLIGHT,
            status(405),
            valued("accept-ranges", "bytes"),
            only("accept-ranges", CL),
            Mark(lambda answer: answer.status == 405, "its 405 that accepts ranges", HINT, "status"),
        ),
    ),
    Signature(
        "serve",
        (
            PREFLIGHT,
            status(200),
            valued("content-disposition", r'inline; filename="[^"]*"'),
            valued("accept-ranges", "bytes"),
            valued(VARY, "Accept-Encoding"),
        ),
    ),
    Signature(
        "live-server",
        (
            PREFLIGHT,
            status(200),
            valued(ALLOW, "GET, HEAD, OPTIONS"),
            EMPTY_AND_SAID,
            only(ALLOW, CL),
            ordered(ALLOW, CL),
        ),
    ),
    # -- others
    Signature(
        "rs-cors",
        (PREFLIGHT, status(200), lines(VARY, *THREE), EMPTY_AND_SAID, NO_CORS, only(VARY, CL), ordered(VARY, CL)),
    ),
    Signature(
        "rs-cors",
        (
            PREFLIGHT,
            lines(VARY, *THREE),
            NO_CORS,
            says(r"(?:Method Not Allowed|404 page not found)\n\Z", "Go's errors", HINT),
        ),
    ),
    Signature(
        "rs-cors",
        (
            PREFLIGHT,
            status(204),
            valued(VARY, ", ".join(THREE)),
            NO_CORS,
            only(VARY),
            Mark(lambda answer: len(answer.values(VARY)) == 1, "its one line of Vary", HINT, "lines"),
        ),
    ),
    Signature(
        "rs-cors", (PREFLIGHT, ECHOES_ONE_METHOD, ordered(ACAH, ACAM, f"{ACAO}?", VARY), valued(VARY, ", ".join(THREE)))
    ),
    Signature(
        "gin-cors",
        (
            PREFLIGHT,
            status(204),
            lines(VARY, *THREE),
            valued(ACAM, _TIGHT_LIST),
            ordered(f"{ACAC}?", f"{ACAH}?", ACAM, f"{ACAO}?", f"{ACMA}?", VARY),
        ),
    ),
    Signature(
        "tomcat",
        (
            status(403),
            valued(CT, "text/plain"),
            EMPTY_AND_SAID,
            only(CT, CL),
            ordered(CT, CL),
        ),
    ),
    Signature(
        "laravel",
        (
            PREFLIGHT,
            status(204),
            valued("cache-control", "no-cache, private"),
            valued(VARY, "(?:Origin, )?Access-Control-Request-Method(?:, Access-Control-Request-Headers)?"),
        ),
    ),
    Signature(
        "traefik",
        (
            PREFLIGHT,
            status(200),
            absent(ACAO, VARY),
            valued(ACAM, _TIGHT_LIST),
            valued(ACMA, r"-?\d+", CONDITION),
            EMPTY_AND_SAID,
            ordered(f"{ACAC}?", f"{ACAH}?", ACAM, ACMA, CL),
        ),
    ),
    Signature(
        "ollama",
        (
            status(403),
            on_port(11434),
            EMPTY_AND_SAID,
            only(CL),
            Mark(lambda answer: answer.path.startswith(("/api/", "/v1/")), "its path", HINT, "path"),
        ),
    ),
)
"""Each has two hints on different things, or more."""
