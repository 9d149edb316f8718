"""What people paste into `cors-addon explain`, and what it must be taken for.

Each case is a text and the names of all that must be recognised in it, in order. Texts are the browsers' and programs'
own words with example hosts; a paste that tells nothing must be answered so (`says-nothing` and its like).
"""

import json
from pathlib import Path
from typing import NamedTuple


class Pasted(NamedTuple):
    """A text, what it tells, and some of the values in it."""

    text: str
    names: tuple[str, ...]
    values: dict[str, str] = {}  # noqa: RUF012


def _of(text: str, *names: str, **values: str) -> Pasted:
    return Pasted(text, names, values)


_AT = (
    "Access to fetch at 'https://api.example.com/x' from origin 'https://app.example.com' has been blocked by CORS "
    "policy: "
)
_XHR = (
    "Access to XMLHttpRequest at 'https://api.example.com/x' from origin 'http://localhost:3000' has been blocked by "
    "CORS policy: "
)
_PREFLIGHT = "Response to preflight request doesn't pass access control check: "
_GECKO = (
    "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at "
    "https://api.example.com/x. "
)

CHROMIUM = (
    _of(
        _AT + "No 'Access-Control-Allow-Origin' header is present on the requested resource. If an opaque response "
        "serves "
        "your needs, set the request's mode to 'no-cors' to fetch the resource with CORS disabled.",
        "allow-origin-missing",
        url="https://api.example.com/x",
        origin="https://app.example.com",
    ),
    _of(_XHR + _PREFLIGHT + "It does not have HTTP ok status.", "status-not-ok", origin="http://localhost:3000"),
    _of(_XHR + _PREFLIGHT + "Redirect is not allowed for a preflight request.", "preflight-redirected"),
    _of(
        _AT + "The 'Access-Control-Allow-Origin' header has a value 'https://app.example.com/' that is not equal to "
        "the "
        "supplied origin.",
        "allow-origin-mismatch",
        value="https://app.example.com/",
    ),
    _of(
        _AT + "The 'Access-Control-Allow-Origin' header contains multiple values 'https://app.example.com, *', but "
        "only one "
        "is allowed.",
        "allow-origin-multiple",
        value="https://app.example.com, *",
    ),
    _of(
        _AT + "The 'Access-Control-Allow-Origin' header contains the invalid value 'app.example.com'.",
        "allow-origin-invalid",
    ),
    _of(_AT + "The 'Access-Control-Allow-Origin' header contains the invalid value ''.", "allow-origin-invalid"),
    _of(
        _XHR + "The value of the 'Access-Control-Allow-Credentials' header in the response is '' which must be "
        "'true' when "
        "the request's credentials mode is 'include'. The credentials mode of requests initiated by the "
        "XMLHttpRequest is "
        "controlled by the withCredentials attribute.",
        "allow-credentials-not-true",
    ),
    _of(
        _AT + _PREFLIGHT + "The value of the 'Access-Control-Allow-Origin' header in the response must not be the "
        "wildcard "
        "'*' when the request's credentials mode is 'include'.",
        "allow-origin-wildcard-with-credentials",
    ),
    _of(
        _AT + "Request header field x-api-key is not allowed by Access-Control-Allow-Headers in preflight response.",
        "header-not-allowed",
        header="x-api-key",
    ),
    _of(
        _AT + "Method PUT is not allowed by Access-Control-Allow-Methods in preflight response.",
        "method-not-allowed",
        method="PUT",
    ),
    _of(
        "Cannot parse Access-Control-Allow-Methods response header field in preflight response.",
        "allow-methods-invalid",
    ),
    # 110 to 130: Private Network Access
    _of(
        _AT + _PREFLIGHT + "No 'Access-Control-Allow-Private-Network' header was present in the preflight response "
        "for this "
        "private network request targeting the `local` address space.",
        "private-network-preflight",
    ),
    _of(
        _AT + "The request client is not a secure context and the resource is in more-private address space `private`.",
        "InsecureLocalNetwork",
    ),
    _of(
        _XHR + "The request client is not a secure context and the resource is in more-private address space 'local'.",
        "InsecureLocalNetwork",
    ),
    _of(
        _AT + "Request had no target IP address space, yet the resource is in address space `local`.",
        "local-network",
    ),
    _of(
        _AT + "Permission was denied for this request to access the `loopback` address space.",
        "LocalNetworkAccessPermissionDenied",
    ),
    _of("Unable to ask for permission to access the `private` IP address space.", "local-network"),
    _of(
        "POST http://localhost:11434/api/chat net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS",
        "local-network",
        method="POST",
    ),
    _of("GET http://192.168.1.4/ net::ERR_BLOCKED_BY_PRIVATE_NETWORK_ACCESS_CHECKS", "local-network"),
    # 80 and before
    _of(
        "Failed to load https://api.example.com/x: No 'Access-Control-Allow-Origin' header is present on the requested "
        "resource. Origin 'http://localhost:4200' is therefore not allowed access. The response had HTTP status code "
        "404.",
        "allow-origin-missing",
        url="https://api.example.com/x",
        origin="http://localhost:4200",
        status="404",
    ),
    _of(
        "XMLHttpRequest cannot load http://api.example.com/x. Response to preflight request doesn't pass access "
        "control "
        "check: No 'Access-Control-Allow-Origin' header is present on the requested resource. Origin 'null' is "
        "therefore not "
        "allowed access.",
        "allow-origin-missing",
        origin="null",
    ),
    _of(
        "XMLHttpRequest cannot load http://api.example.com/x. Request header field Content-Type is not allowed by "
        "Access-Control-Allow-Headers.",
        "header-not-allowed",
        header="Content-Type",
    ),
    _of(
        "Fetch API cannot load https://api.example.com/x. Response for preflight has invalid HTTP status code 405",
        "status-not-ok",
        status="405",
    ),
    _of(
        "XMLHttpRequest cannot load https://api.example.com/x. A wildcard '*' cannot be used in the "
        "'Access-Control-Allow-Origin' header when the credentials flag is true. Origin 'http://localhost:8080' is "
        "therefore "
        "not allowed access.",
        "allow-origin-wildcard-with-credentials",
        origin="http://localhost:8080",
    ),
    _of(
        "Redirect from 'https://api.example.com/x' to 'https://login.example.net/' has been blocked by CORS policy: No "
        "'Access-Control-Allow-Origin' header is present on the requested resource. Origin 'https://app.example.com' "
        "is "
        "therefore not allowed access.",
        "allow-origin-missing",
        url="https://api.example.com/x",
        location="https://login.example.net/",
    ),
    _of(
        "XMLHttpRequest cannot load http://a.example.com/. The request was redirected to 'https://a.example.com/', "
        "which is "
        "disallowed for cross-origin requests that require preflight.",
        "preflight-redirected",
        location="https://a.example.com/",
    ),
    _of(
        "XMLHttpRequest cannot load file:///C:/a/data.json. Cross origin requests are only supported for HTTP.",
        "file-page",
    ),
    _of(
        "Access to XMLHttpRequest at 'file:///android_asset/www/x.json' from origin 'null' has been blocked by CORS "
        "policy: "
        "Cross origin requests are only supported for protocol schemes: http, data, chrome, chrome-extension, https.",
        "file-page",
        url="file:///android_asset/www/x.json",
    ),
    _of(
        "Access to XMLHttpRequest at 'localhost:8080/api' from origin 'http://localhost:4200' has been blocked by CORS "
        "policy: Cross origin requests are only supported for protocol schemes: http, data, chrome, chrome-extension, "
        "chrome-untrusted, https.",
        "url-scheme",
        url="localhost:8080/api",
    ),
    _of(
        "Access to fetch at 'myapp://open' (redirected from 'https://api.example.com/x') from origin "
        "'https://app.example.com' has been blocked by CORS policy: Cross origin requests are only supported for "
        "protocol "
        "schemes: chrome, chrome-extension, data, http, https, isolated-app.",
        "redirect-scheme-not-cors",
    ),
    _of(
        'Fetch API cannot load file:///home/me/data.json. URL scheme must be "http" or "https" for CORS request.',
        "file-page",
    ),
    _of('Fetch API cannot load ws://localhost:80/. URL scheme "ws" is not supported.', "url-scheme"),
    _of(
        "[Deprecation] Authorization will not be covered by the wildcard symbol (*) in CORS "
        "`Access-Control-Allow-Headers` "
        "handling.",
        "CORSAllowHeaderFromPreflightDeprecation",
    ),
    _of("Cross origin requests are not allowed by request mode.", "DisallowedByMode"),
    _of(
        'Fetch API cannot load https://api.example.com/x. Request mode is "same-origin" but the URL\'s origin is '
        "not same as "
        "the request origin https://app.example.com.",
        "DisallowedByMode",
    ),
    _of(
        "Access to fetch at 'https://api.example.com/x' from origin 'null' has been blocked by CORS policy",
        "chromium-cut-off",
    ),
    # beyond CORS
    _of("GET https://img.example.com/a.png net::ERR_BLOCKED_BY_ORB", "orb", url="https://img.example.com/a.png"),
    _of("Response was blocked by ORB (Opaque Response Blocking)", "orb"),
    _of(
        "Cross-Origin Read Blocking (CORB) blocked cross-origin response https://api.example.com/p.json with MIME type "
        "application/json. See https://www.chromestatus.com/feature/5629709824032768 for more details.",
        "corb",
        type="application/json",
    ),
    _of("GET https://img.example.com/a.png net::ERR_BLOCKED_BY_RESPONSE.NotSameOrigin 200 (OK)", "corp", status="200"),
    _of("Failed to load resource: net::ERR_BLOCKED_BY_RESPONSE.NotSameSite", "corp"),
    _of("net::ERR_BLOCKED_BY_RESPONSE.NotSameOriginAfterDefaultedToSameOriginByCoep", "coep"),
    _of("Failed to load resource: net::ERR_BLOCKED_BY_RESPONSE.NotSameOriginAfterDefaultedToSameOriginByDip", "coep"),
    _of("GET https://a.example.com/f net::ERR_BLOCKED_BY_RESPONSE.CoepFrameResourceNeedsCoepHeader", "coep-frame"),
    _of("GET https://a.example.com/f net::ERR_BLOCKED_BY_RESPONSE", "blocked-by-response"),
    _of(
        "Refused to connect to 'https://api.example.com/v1' because it violates the following Content Security Policy "
        "directive: \"default-src 'self'\". Note that 'connect-src' was not explicitly set, so 'default-src' is used "
        "as a "
        "fallback.",
        "csp",
        policy="default-src 'self'",
        url="https://api.example.com/v1",
    ),
    _of(
        "Loading the script 'https://cdn.example.com/a.js' violates the following Content Security Policy directive: "
        "\"script-src 'self'\". Note that 'script-src-elem' was not explicitly set, so 'script-src' is used as a "
        "fallback. "
        "The action has been blocked.",
        "csp",
        url="https://cdn.example.com/a.js",
    ),
    _of(
        "Fetch API cannot load https://api.example.com/v1. Refused to connect because it violates the document's "
        "Content "
        "Security Policy.",
        "csp",
    ),
    _of(
        "[Report Only] Refused to load the image 'https://img.example.com/a.png' because it violates the following "
        "Content "
        "Security Policy directive: \"img-src 'self'\".",
        "csp-report-only",
    ),
    _of(
        "Refused to frame 'https://www.example.com/' because an ancestor violates the following Content Security "
        "Policy "
        "directive: \"frame-ancestors 'self'\".",
        "frame-ancestors",
    ),
    _of(
        "Refused to display 'https://www.example.com/' in a frame because it set 'X-Frame-Options' to 'sameorigin'.",
        "frame-options",
    ),
    _of(
        "Mixed Content: The page at 'https://app.example.com/' was loaded over HTTPS, but requested an insecure "
        "XMLHttpRequest endpoint 'http://api.example.com/x'. This request has been blocked; the content must be "
        "served over "
        "HTTPS.",
        "mixed-content",
        url="http://api.example.com/x",
    ),
    _of(
        "Mixed Content: The page at 'https://app.example.com/' was loaded over HTTPS, but attempted to connect to the "
        "insecure WebSocket endpoint 'ws://api.example.com/'. This request has been blocked; this endpoint must be "
        "available "
        "over WSS.",
        "mixed-content",
    ),
    _of(
        "Failed to find a valid digest in the 'integrity' attribute for resource 'https://cdn.example.com/a.js' with "
        "computed "
        "SHA-256 integrity 'abc='. The resource has been blocked.",
        "sri",
    ),
    _of(
        "Subresource Integrity: The resource 'https://cdn.example.com/a.js' has an integrity attribute, but the "
        "resource "
        "requires the request to be CORS enabled to check the integrity, and it is not. The resource has been "
        "blocked because "
        "the integrity cannot be enforced.",
        "sri-without-cors",
    ),
    _of(
        "Refused to execute script from 'https://app.example.com/a.js' because its MIME type ('text/html') is not "
        "executable, and strict MIME type checking is enabled.",
        "nosniff",
        type="text/html",
    ),
    _of(
        "Failed to load module script: Expected a JavaScript module script but the server responded with a MIME type "
        "of "
        '"text/html". Strict MIME type checking is enforced for module scripts per HTML spec.',
        "mime",
        type="text/html",
    ),
    _of(
        'Blocked a frame with origin "https://app.example.com" from accessing a cross-origin frame.',
        "cross-origin-frame",
        origin="https://app.example.com",
    ),
    _of(
        "Uncaught SecurityError: Failed to execute 'toDataURL' on 'HTMLCanvasElement': Tainted canvases may not be "
        "exported.",
        "tainted-canvas",
    ),
    _of(
        "Failed to execute 'getImageData' on 'CanvasRenderingContext2D': The canvas has been tainted by cross-origin "
        "data.",
        "tainted-canvas",
    ),
    _of(
        "Uncaught DOMException: Failed to execute 'texImage2D' on 'WebGLRenderingContext': The image element contains "
        "cross-origin data, and may not be loaded.",
        "tainted-canvas",
    ),
    _of('Refused to get unsafe header "X-Total-Count"', "header-not-exposed", header="X-Total-Count"),
    _of('Refused to set unsafe header "Origin"', "forbidden-header", header="Origin"),
    _of("Not allowed to load local resource: file:///C:/a.png", "local-file"),
    _of(
        "MediaElementAudioSource outputs zeroes due to CORS access restrictions for https://cdn.example.com/a.mp3",
        "silent-web-audio",
    ),
    _of(
        "Uncaught DOMException: Failed to read the 'cssRules' property from 'CSSStyleSheet': Cannot access rules",
        "cross-origin-stylesheet",
    ),
    _of(
        "Failed to construct 'Worker': Script at 'https://cdn.example.com/w.js' cannot be accessed from origin "
        "'https://app.example.com'.",
        "worker-origin",
    ),
    _of(
        "Failed to execute 'postMessage' on 'DOMWindow': The target origin provided ('https://a.example.com') does "
        "not match "
        "the recipient window's origin ('https://b.example.com').",
        "post-message-target",
    ),
    _of(
        "WebSocket connection to 'wss://api.example.com/ws' failed: Error during WebSocket handshake: Unexpected "
        "response "
        "code: 404",
        "websocket-refused",
        status="404",
    ),
    _of("WebSocket connection to 'ws://localhost:8080/' failed: ", "websocket-failed", url="ws://localhost:8080/"),
    _of(
        "WebSocket connection to 'ws://localhost:8080/' failed: Error in connection establishment: "
        "net::ERR_CONNECTION_REFUSED",
        "websocket-failed",
        "connection-failed",
    ),
    _of(
        'The FetchEvent for "https://app.example.com/x" resulted in a network error response: the promise was '
        "rejected.",
        "service-worker-answer",
    ),
    _of("GET http://localhost:3001/ net::ERR_CONNECTION_REFUSED", "connection-failed"),
    _of("Failed to load resource: net::ERR_NAME_NOT_RESOLVED", "name-not-resolved"),
    _of("POST https://localhost:5001/api net::ERR_CERT_AUTHORITY_INVALID", "certificate"),
    _of("GET https://localhost:8080/ net::ERR_SSL_PROTOCOL_ERROR", "tls"),
    _of("GET https://ads.example.com/ad.js net::ERR_BLOCKED_BY_CLIENT", "blocked-by-client"),
    _of("GET https://api.example.com/ net::ERR_HTTP2_PROTOCOL_ERROR 200 (OK)", "bad-answer"),
    _of("Failed to load resource: net::ERR_TOO_MANY_REDIRECTS", "redirect-count-exceeded"),
    _of("net::ERR_FAILED", "err-failed"),
    _of(
        "GET https://api.example.com/x net::ERR_FAILED 200 (OK)",
        "err-failed",
        url="https://api.example.com/x",
        status="200",
    ),
    _of("Failed to load resource: the server responded with a status of 404 (Not Found)", "http-status", status="404"),
    _of("Failed to load resource: the server responded with a status of 401 (Unauthorized)", "http-status-auth"),
    _of("TypeError: Failed to fetch", "says-nothing"),
    _of("(blocked:mixed-content)", "mixed-content"),
    _of("api/items\tCORS error\tfetch\tmain.js:12", "cors-unnamed"),
)

GECKO = (
    _of(
        _GECKO + "(Reason: CORS header ‘Access-Control-Allow-Origin’ missing). Status code: 200.",
        "allow-origin-missing",
        status="200",
    ),
    _of(
        _GECKO + "(Reason: CORS header ‘Access-Control-Allow-Origin’ missing).",
        "allow-origin-missing",
        url="https://api.example.com/x",
    ),
    _of(_GECKO + "(Reason: CORS request did not succeed). Status code: (null).", "network-error"),
    _of(_GECKO + "(Reason: CORS preflight response did not succeed). Status code: 405.", "status-not-ok", status="405"),
    _of(_GECKO + "(Reason: CORS preflight channel did not succeed).", "status-not-ok"),
    _of(
        _GECKO + "(Reason: CORS header ‘Access-Control-Allow-Origin’ does not match ‘https://b.example.com’).",
        "allow-origin-mismatch",
        value="https://b.example.com",
    ),
    _of(
        _GECKO + "(Reason: missing token ‘x-token’ in CORS header ‘Access-Control-Allow-Headers’ from CORS preflight "
        "channel).",
        "header-not-allowed",
        header="x-token",
    ),
    _of(
        _GECKO + "(Reason: header ‘authorization’ is not allowed according to header ‘Access-Control-Allow-Headers’ "
        "from CORS "
        "preflight response).",
        "header-not-allowed",
        header="authorization",
    ),
    _of(_GECKO + "(Reason: Did not find method in CORS header ‘Access-Control-Allow-Methods’).", "method-not-allowed"),
    _of(
        "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at "
        "file:///home/me/x.json. "
        "(Reason: CORS request not http).",
        "CORSRequestNotHttp",
        url="file:///home/me/x.json",
    ),
    _of(_GECKO + "This can be fixed by moving the resource to the same domain or enabling CORS.", "gecko-cut-off"),
    _of(
        _GECKO
        + "(Reason: CORS preflight response did not succeed). Status code: 401.\n"
        + _GECKO
        + "(Reason: CORS request did not succeed). Status code: (null).\n"
        "TypeError: NetworkError when attempting to fetch resource.",
        "status-not-ok",
        status="401",
    ),
    _of("GET\tapi.example.com\tx\tfetch\tCORS Missing Allow Origin\t0 B", "allow-origin-missing"),
    _of("CORS Failed", "network-error"),
    _of("CORS Preflight Did Not Succeed", "status-not-ok"),
    _of("XHRGET https://api.example.com/x CORS Allow Origin Not Matching Origin", "allow-origin-mismatch"),
    _of("CORS Method Not Found", "method-not-allowed"),
    _of("NS_ERROR_DOM_BAD_URI", "bad-uri"),
    _of("NS_ERROR_DOM_CORP_FAILED", "corp"),
    _of("NS_ERROR_CONNECTION_REFUSED", "connection-failed"),
    _of("NS_ERROR_CORRUPTED_CONTENT", "mime-or-nosniff"),
    _of(
        "The resource at “https://img.example.com/a.png” was blocked by OpaqueResponseBlocking. Reason: “after "
        "sniff: media "
        "request”.",
        "orb",
        url="https://img.example.com/a.png",
    ),
    _of("A resource is blocked by OpaqueResponseBlocking, please check browser console for details.", "orb"),
    _of(
        "The resource at “https://img.example.com/a.png” was blocked due to its Cross-Origin-Resource-Policy header "
        "(or lack "
        "thereof). See https://developer.mozilla.org/docs/Web/HTTP/Cross-Origin_Resource_Policy_(CORP)#",
        "corp",
    ),
    _of(
        "Content-Security-Policy: The page’s settings blocked the loading of a resource (connect-src) at "
        "https://api.example.com/x because it violates the following directive: “connect-src 'self'”",
        "csp",
        directive="connect-src",
    ),
    _of(
        "Blocked loading mixed active content “http://api.example.com/x”",
        "mixed-content",
        url="http://api.example.com/x",
    ),
    _of(
        "The resource from “https://cdn.example.com/a.css” was blocked due to MIME type (“text/html”) mismatch "
        "(X-Content-Type-Options: nosniff).",
        "nosniff",
    ),
    _of("Firefox can’t establish a connection to the server at wss://api.example.com/ws.", "websocket-or-event-source"),
    _of("Attempt to set a forbidden header was denied: User-Agent", "forbidden-header", header="User-Agent"),
    _of(
        "The loading of “https://www.example.com/” in a frame is denied by “X-Frame-Options“ directive set to “DENY“.",
        "frame-options",
    ),
    _of('Error: Permission denied to access property "document" on cross-origin object', "cross-origin-frame"),
    _of("https://developer.mozilla.org/docs/Web/HTTP/CORS/Errors/CORSMissingAllowOrigin", "allow-origin-missing"),
    _of(
        "[Learn More] "
        "https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CORS/Errors/CORSMethodNotFound?utm_source=devtools"
        "&utm_medium=firefox-cors-errors&utm_campaign=default",
        "method-not-allowed",
    ),
    _of("SecurityError: The operation is insecure.", "insecure-operation"),
)

LANGUAGES = (
    _of(
        "Quellübergreifende (Cross-Origin) Anfrage blockiert: Die Gleiche-Quelle-Regel verbietet das Lesen der "
        "externen "
        "Ressource auf https://api.example.com/x. (Grund: CORS-Kopfzeile 'Access-Control-Allow-Origin' fehlt). "
        "Statuscode: 502.",
        "allow-origin-missing",
        url="https://api.example.com/x",
        status="502",
    ),
    _of(
        "クロスオリジン要求をブロックしました: 同一生成元ポリシーにより、https://api.example.com/x にあるリモート"
        "リソースの読み込みは拒否されます (理由: CORS ヘッダー ‘Access-Control-Allow-Origin’ "
        "が ‘https://b.example.com’ と異なる)。",
        "allow-origin-mismatch",
        value="https://b.example.com",
    ),
    _of(
        "Blocage d’une requête multiorigines (Cross-Origin Request) : la politique « Same Origin » ne permet pas de "
        "consulter la ressource distante située sur https://api.example.com/x. Raison : l’en-tête CORS « "
        "Access-Control-Allow-Origin » est manquant. Code d’état : 404.",
        "allow-origin-missing",
        status="404",
    ),
)

WEBKIT = (
    _of(
        "[Error] Origin https://app.example.com is not allowed by Access-Control-Allow-Origin. Status code: 403\n"
        "[Error] Fetch API cannot load https://api.example.com/x due to access control checks.\n"
        "[Error] Failed to load resource: Origin https://app.example.com is not allowed by "
        "Access-Control-Allow-Origin. Status "
        "code: 403 (x, line 0)\n[Error] Unhandled Promise Rejection: TypeError: Load failed",
        "allow-origin-missing",
        origin="https://app.example.com",
        status="403",
        url="https://api.example.com/x",
    ),
    _of("Origin null is not allowed by Access-Control-Allow-Origin.", "allow-origin-missing", origin="null"),
    _of(
        "[Error] Preflight response is not successful\n[Error] XMLHttpRequest cannot load "
        "https://api.example.com/articles due "
        "to access control checks.\n[Error] Failed to load resource: Preflight response is not successful (articles, "
        "line 0)",
        "status-not-ok",
        url="https://api.example.com/articles",
    ),
    _of("[Error] Preflight response is not successful. Status code: 404", "status-not-ok", status="404"),
    _of(
        "[Error] XMLHttpRequest cannot load https://api.example.com/x due to access control checks.",
        "access-control-checks",
    ),
    _of(
        "Request header field X-Token is not allowed by Access-Control-Allow-Headers.",
        "header-not-allowed",
        header="X-Token",
    ),
    _of("Method PATCH is not allowed by Access-Control-Allow-Methods.", "method-not-allowed", method="PATCH"),
    _of(
        "Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true.",
        "allow-origin-wildcard-with-credentials",
    ),
    _of('Credentials flag is true, but Access-Control-Allow-Credentials is not "true".', "allow-credentials-not-true"),
    _of(
        "Cross-origin redirection to https://login.example.net/ denied by Cross-Origin Resource Sharing policy: Origin "
        "https://app.example.com is not allowed by Access-Control-Allow-Origin. Status code: 302",
        "allow-origin-missing",
        location="https://login.example.net/",
    ),
    _of("Not allowed to follow a redirection while loading https://api.example.com/x", "RedirectNotAllowed"),
    _of(
        "Cancelled load to https://img.example.com/a.png because it violates the resource's "
        "Cross-Origin-Resource-Policy "
        "response header.",
        "corp",
    ),
    _of(
        "Refused to connect to https://api.example.com/x because it does not appear in the connect-src directive of "
        "the Content "
        "Security Policy.",
        "csp",
        directive="connect-src",
    ),
    _of(
        "[blocked] The page at https://app.example.com/ requested insecure content from http://api.example.com/x. "
        "This content "
        "was blocked and must be served over HTTPS.",
        "mixed-content",
    ),
    _of(
        'Refused to execute https://app.example.com/a.js as script because "X-Content-Type-Options: nosniff" was '
        "given and its "
        "Content-Type is not a script MIME type.",
        "nosniff",
    ),
    _of("[Error] Cross-origin script load denied by Cross-Origin Resource Sharing policy.", "media-denied"),
    _of("[Error] TypeError: 'text/html' is not a valid JavaScript MIME type.", "mime", type="text/html"),
    _of("Unhandled Promise Rejection: TypeError: Load failed", "says-nothing"),
    _of("[Error] Failed to load resource: Could not connect to the server. (x, line 0)", "connection-failed"),
    _of(
        "[Error] WebSocket connection to 'wss://api.example.com/' failed: There was a bad response from the server.",
        "websocket-failed",
    ),
)

PROGRAMS = (
    _of("AxiosError: Network Error", "says-nothing"),
    _of(
        "Uncaught (in promise) Error: Network Error\n    at createError (createError.js:16)\n    at "
        "XMLHttpRequest.handleError",
        "says-nothing",
    ),
    _of('{"message":"Network Error","name":"AxiosError","code":"ERR_NETWORK","status":null}', "says-nothing"),
    _of("AxiosError: Request failed with status code 403", "http-status-auth"),
    _of(
        'ERROR HttpErrorResponse {headers: HttpHeaders, status: 0, statusText: "Unknown Error", url: '
        '"https://api.example.com/x"}\n'
        "Http failure response for https://api.example.com/x: 0 Unknown Error",
        "angular-zero",
        url="https://api.example.com/x",
    ),
    _of("Http failure response for (unknown url): 0 Unknown Error", "angular-zero"),
    _of("Http failure response for https://api.example.com/x: 500 Internal Server Error", "http-status", status="500"),
    _of("TypeError: Network request failed", "react-native"),
    _of(
        "Error: Cross origin http://localhost forbidden\n    at dispatchError (xhr-utils.js:63:19)",
        "jsdom-origin",
        origin="http://localhost",
    ),
    _of("Error: Cross origin null forbidden", "jsdom-origin"),
    _of("Error: Header x-token forbidden", "jsdom-header", header="x-token"),
    _of("Error: Headers x-token forbidden", "jsdom-header", header="x-token"),
    _of("Error: Response for preflight has invalid HTTP status code 404", "jsdom-status", status="404"),
    _of("Error: Credentials forbidden", "jsdom-credentials"),
    _of(
        "DOMException [NetworkError]: Cross-Origin Request Blocked: The Same Origin Policy disallows reading the "
        "remote resource "
        'at "https://api.example.com/x".',
        "happy-dom",
        url="https://api.example.com/x",
    ),
    _of(
        "Error: Request has been terminated\nPossible causes: the network is offline, Origin is not allowed by "
        "Access-Control-Allow-Origin, the page is being unloaded, etc.",
        "request-terminated",
    ),
    _of(
        'Failed to fetch.\nPossible Reasons:\n\nCORS\nNetwork Failure\nURL scheme must be "http" or "https" for CORS '
        "request.",
        "swagger-failed",
    ),
    _of("page.goto: net::ERR_CONNECTION_REFUSED at http://localhost:3000/", "connection-failed"),
    _of("Error: page.goto: NS_ERROR_CONNECTION_REFUSED", "connection-failed"),
    _of("net::ERR_ABORTED", "aborted"),
    _of(
        "CypressError: The command was expected to run against origin https://app.example.com but the application is "
        "at origin "
        "https://login.example.net.",
        "cypress-origin",
    ),
    _of(
        "DioException [connection error]: The connection errored: The XMLHttpRequest onError callback was called.",
        "says-nothing",
    ),
    _of("ClientException: XMLHttpRequest error., uri=https://api.example.com/x", "says-nothing"),
    _of("Script error.", "script-error"),
    _of("TypeError: fetch failed", "outside-a-browser"),
    _of(
        "SEC7120: Origin http://localhost:3000 not found in Access-Control-Allow-Origin header.", "allow-origin-missing"
    ),
    _of(
        "SEC7123: Request header content-type was not present in the Access-Control-Allow-Headers list.",
        "header-not-allowed",
        header="content-type",
    ),
)

SERVERS = (
    _of("Invalid CORS request", "spring"),
    _of('403 Forbidden: "Invalid CORS request"', "spring"),
    _of("Disallowed CORS origin", "starlette-origin"),
    _of("Disallowed CORS method, headers", "starlette-method"),
    _of("CORS preflight request failed: origin 'https://app.example.com' is not allowed", "aiohttp-origin"),
    _of('{"message":"CORS error: Origin not allowed"}', "hapi-origin"),
    _of("Error: Not allowed by CORS\n    at origin (/srv/app/server.js:14:16)", "npm-cors"),
    _of("Error: The CORS policy for this site does not allow access from the specified Origin.", "npm-cors"),
    _of("[cors] 2024/06/16 23:52:13   Preflight aborted: origin 'http://other.example.com' not allowed", "rs-origin"),
    _of(
        "Request origin http://localhost:4200 does not have permission to access the resource.",
        "aspnet-origin",
        origin="http://localhost:4200",
    ),
    _of(
        "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request "
        "method / "
        "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS "
        "spec.",
        "s3-something",
    ),
    _of(
        "<Code>CorsPreflightFailure</Code><Message>CORS not enabled or no matching rule found for this "
        "request.</Message>",
        "azure-storage",
    ),
    _of('{"message":"Missing Authentication Token"}', "api-gateway-url"),
    _of(
        "Forbidden (Origin checking failed - https://app.example.com does not match any trusted origins.): /api/",
        "django-csrf",
    ),
    _of(
        "java.lang.IllegalArgumentException: When allowCredentials is true, allowedOrigins cannot contain the "
        'special value "*" '
        'since that cannot be set on the "Access-Control-Allow-Origin" response header.',
        "spring-setting",
    ),
    _of("panic: bad origin: origins must contain '*' or include http://,https://", "gin-setting"),
    _of("http://localhost:5173 is not an accepted origin.", "socket-io", origin="http://localhost:5173"),
    _of('Blocked request. This host ("demo.example.com") is not allowed.', "vite-host", host="demo.example.com"),
    _of(
        "(corsheaders.E013) Origin 'app.example.com' in CORS_ALLOWED_ORIGINS is missing scheme or netloc",
        "django-cors-setting",
    ),
)

WHOLE = (
    # several causes in one console, with stack traces
    _of(
        "main.js:10 " + _AT + "No 'Access-Control-Allow-Origin' header is present on the requested resource.\n"
        "main.js:10  GET https://api.example.com/x net::ERR_FAILED 502 (Bad Gateway)\n"
        "(anonymous) @ main.js:10\n"
        "Uncaught (in promise) TypeError: Failed to fetch\n    at load (main.js:10:5)\n    at main.js:22:1\n"
        "GET https://img.example.com/a.png net::ERR_BLOCKED_BY_ORB\n",
        "allow-origin-missing",
        "orb",
        status="502",
    ),
    _of(
        "> " + _AT.replace(" from ", "\n> from ") + "Request header field x-a\n> is not allowed by "
        "Access-Control-Allow-Headers in preflight response.\n\nsame for x-b:\n"
        + _AT
        + "Request header field x-b is not allowed by Access-Control-Allow-Headers in preflight response.",
        "header-not-allowed",
        header="x-a, x-b",
    ),
    _of(
        '{"code":"CorsIssue","details":{"corsIssueDetails":{"corsErrorStatus":{"corsError":"MethodDisallowedByPreflightResponse",'
        '"failedParameter":"PUT"},"isWarning":false,"request":{"requestId":"1.2","url":"https://api.example.com/x"},'
        '"initiatorOrigin":"https://app.example.com"}}}',
        "method-not-allowed",
        method="PUT",
        url="https://api.example.com/x",
    ),
    _of(
        '{"method":"Network.loadingFailed","params":{"requestId":"7.1","type":"Image","errorText":"net::ERR_BLOCKED_BY_RESPONSE",'
        '"canceled":false,"blockedReason":"corp-not-same-site"}}',
        "corp",
    ),
    _of(
        '{"method":"Network.loadingFailed","params":{"requestId":"7.1","errorText":"net::ERR_FAILED","corsErrorStatus":'
        '{"corsError":"PreflightMissingAllowOriginHeader","failedParameter":""}}}',
        "allow-origin-missing",
    ),
    _of(
        '{"code":"BlockedByResponseIssue","details":{"blockedByResponseIssueDetails":{"request":{"url":"https://cdn.example.com/f"},'
        '"reason":"CoepFrameResourceNeedsCoepHeader"}}}',
        "coep-frame",
        url="https://cdn.example.com/f",
    ),
    _of(
        '{"contentSecurityPolicyIssueDetails":{"blockedURL":"https://api.example.com/v1","violatedDirective":"connect-src"}}',
        "csp",
        directive="connect-src",
    ),
    _of(
        '[{"level":"SEVERE","message":"https://app.example.com/ - ' + _AT + "Method patch is not allowed by "
        'Access-Control-Allow-Methods in preflight response.","source":"javascript","timestamp":1}]',
        "method-not-allowed",
        method="patch",
    ),
    _of(
        '{"schema": 1, "verdict": "deny", "reason": "status-not-ok", "url": "https://api.example.com/"}',
        "status-not-ok",
    ),
)

MORE = (
    _of("OPTIONS https://api.example.com/ 405 (Method Not Allowed)", "status-not-ok", status="405"),
    _of("GET https://api.example.com/ 401 (Unauthorized)", "http-status-auth", method="GET"),
    _of("POST https://api.example.com/ 500 (Internal Server Error)", "http-status", status="500"),
    _of(
        "GET https://api.example.com/x 404 (Not Found)\n" + _AT + "No 'Access-Control-Allow-Origin' header is "
        "present on "
        "the requested resource.",
        "http-status",
        "allow-origin-missing",
    ),
    _of(
        _AT + "No 'Access-Control-Allow-Origin' header is present on the requested resource.\n"
        "GET https://api.example.com/x 404 (Not Found)",
        "http-status",
        "allow-origin-missing",
    ),
    _of(
        "Access to manifest at 'https://login.example.net/' (redirected from "
        "'https://app.example.com/manifest.json') from "
        "origin 'https://app.example.com' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is "
        "present on the requested resource.",
        "allow-origin-missing",
        first="https://app.example.com/manifest.json",
    ),
    _of(
        "Uncaught TypeError: Failed to fetch dynamically imported module: https://app.example.com/a.js", "module-failed"
    ),
    _of("TypeError: Importing a module script failed.", "module-failed"),
    _of("TypeError: Failed to fetch (api.example.com)", "says-nothing"),
    _of('FetchError: [GET] "https://api.example.com/": <no response> Failed to fetch', "says-nothing"),
    _of(
        "AxiosError {message: 'Network Error', name: 'AxiosError', code: 'ERR_NETWORK', config: {…}, request: "
        "XMLHttpRequest, …}",
        "says-nothing",
    ),
    _of("Cross-Origin-Opener-Policy policy would block the window.closed call.", "coop-would-block"),
    _of("Uncaught ReferenceError: SharedArrayBuffer is not defined", "isolation"),
    _of(_GECKO + "(Reason: CORS disabled).", "CORSDisabled"),
    _of(
        "Cross-Origin Request Warning: The Same Origin Policy will disallow reading the remote resource at "
        "https://api.example.com/x soon. (Reason: When the `Access-Control-Allow-Headers` is `*`, the "
        "`Authorization` header "
        "is not covered. To include the `Authorization` header, it must be explicitly listed in CORS header "
        "`Access-Control-Allow-Headers`).",
        "CORSAllowHeaderFromPreflightDeprecation",
    ),
    _of(
        "The script from “https://app.example.com/a.js” was loaded even though its MIME type (“text/html”) is not a "
        "valid "
        "JavaScript MIME type.",
        "mime-warning",
    ),
    _of(
        "Mixed Content: The page at 'https://app.example.com/' was loaded over HTTPS, but requested an insecure "
        "element "
        "'http://img.example.com/a.png'. This request was automatically upgraded to HTTPS, For more information see "
        "https://blog.chromium.org/2019/10/no-more-mixed-messages-about-https.html",
        "mixed-content-upgraded",
    ),
    _of(
        "Creating a worker from 'https://app.example.com/w.js' violates the following Content Security Policy "
        "directive: "
        '"worker-src https://b.example.com". The policy is report-only, so the violation has been logged but no '
        "further "
        "action has been taken.",
        "csp-report-only",
    ),
    _of(
        'downloadable font: download failed (font-family: "Inter" style:normal weight:400 stretch:100 src '
        "index:0): bad "
        "URI or cross-site access not allowed source: https://cdn.example.com/f.woff2",
        "font-refused",
        url="https://cdn.example.com/f.woff2",
    ),
    _of(
        "Invalid 'X-Frame-Options' header encountered when loading 'https://www.example.com/': 'ALLOW-FROM "
        "https://app.example.com' is not a recognized directive. The header will be ignored.",
        "frame-options-ignored",
    ),
    _of(
        "Access to internal resource at 'file:///C:/a/favicon.svg' from origin 'null' has been blocked by CORS "
        "policy: Cross "
        "origin requests are only supported for protocol schemes: http, data, isolated-app, chrome-extension, "
        "chrome, https, "
        "chrome-untrusted.",
        "file-page",
    ),
    _of(
        "blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource",
        "allow-origin-missing",
    ),
    _of(
        "Origin capacitor://localhost is not allowed by Access-Control-Allow-Origin. Status code: 403",
        "allow-origin-missing",
    ),
    _of("405 Not Allowed</h1></center>\n<hr><center>nginx/1.24.0</center>", "nginx-405"),
    _of("Invalid Origin", "own-origin-check"),
    _of(
        "https://developer.mozilla.org/de/docs/Web/HTTP/CORS/Errors/CORSMIssingAllowCredentials",
        "allow-credentials-not-true",
    ),
    _of("https://developer.chrome.com/blog/local-network-access", "local-network"),
    _of("DioError [DioErrorType.response]: XMLHttpRequest error.", "says-nothing"),
    _of("Error: connect ECONNREFUSED 127.0.0.1:8080\n    at TCPConnectWrap.afterConnect", "outside-a-browser"),
    _of("page.goto: net::ERR_CERT_AUTHORITY_INVALID at https://localhost/", "certificate"),
    _of("SSL_ERROR_BAD_CERT_DOMAIN", "certificate"),
    _of(
        "Bloqueo de solicitud de origen: la directiva no permite la lectura de recursos remotos en "
        "https://api.example.com/. "
        "(Causa: falta el encabezado CORS 'Access-Control-Allow-Origin').",
        "gecko-in-another-language",
        url="https://api.example.com/",
    ),
    _of(
        "Cookie “session” has been rejected because it is in a cross-site context and its “SameSite” is “Lax” or "
        "“Strict”.",
        "cookie-left-out",
        name="session",
    ),
    _of(
        "A preload for 'https://cdn.example.com/f.woff2' is found, but is not used because the request credentials "
        "mode does "
        "not match. Consider taking a look at crossorigin attribute.",
        "preload-mismatch",
    ),
    _of(
        "zone.js:2845 Access to XMLHttpRequest at 'https://localhost:44300/api' from origin 'http://localhost:4200' "
        "has been "
        "blocked by CORS policy: Response to preflight request doesn't pass access control check: It does not have "
        "HTTP ok "
        "status.\nzone.js:2845 OPTIONS https://localhost:44300/api 401 (Unauthorized)\nERROR HttpErrorResponse "
        "{status: 0}",
        "status-not-ok",
        status="401",
    ),
    _of(
        "Ensure CORS response header values are valid\nA Cross-Origin Resource Sharing (CORS) request was blocked "
        "because of "
        "invalid or missing response headers of the request or the associated preflight request .",
        "allow-origin-missing",
    ),
    _of("Ensure preflight responses are valid", "status-not-ok"),
    _of("Specify a Cross-Origin Resource Policy to stop a resource from being blocked", "coep"),
    _of(
        "GET https://api.example.com/x 500 (Internal Server Error)\n" + _AT.rstrip(": "),
        "http-status",
        "chromium-cut-off",
    ),
    _of("GET\tcdn.example.com\ta.js\tscript\tCSP\t0 B", "csp"),
    _of("CORS", "cors-unnamed"),
    _of('{"log": {"version": "1.2", "entries": []}}', "har-file"),
    _of(
        '[{"url":"https://api.example.com/a","method":"OPTIONS","errorText":"net::ERR_INVALID_REDIRECT","status":null},'
        '{"url":"https://api.example.com/a","method":"PUT","errorText":"net::ERR_FAILED","status":null}]',
        "preflight-redirected",
        url="https://api.example.com/a",
    ),
    _of(
        '[{"url":"https://api.example.com/a","method":"OPTIONS","errorText":"NS_ERROR_DOM_BAD_URI"},{"text":"'
        + _GECKO
        + '(Reason: Did not find method in CORS header ‘Access-Control-Allow-Methods’)."}]',
        "method-not-allowed",
        url="https://api.example.com/x",
    ),
    _of(
        _AT
        + "No 'Access-Control-Allow-Origin' header is present on the requested resource.\n"
        + _AT.replace("/x", "/y").replace(" from", " (redirected from 'https://api.example.com/z') from")
        + "No 'Access-Control-Allow-Origin' header is present on the requested resource.",
        "allow-origin-missing",
        url="https://api.example.com/x",
    ),
    _of(
        "Fetch API cannot load https://user:secret@api.example.com/ due to access control checks.",
        "access-control-checks",
        url="https://…@api.example.com/",
    ),
)

_OTHERS = tuple(
    Pasted(each["text"], tuple(each["names"]))
    for each in map(json.loads, Path(__file__).with_name("pasted_more.jsonl").read_text("utf-8").splitlines())
)
"""Other hosts, versions, programs and logs: wordings as public reports and the programs' sources have them."""

PASTED: tuple[Pasted, ...] = (
    *CHROMIUM, *GECKO, *LANGUAGES, *WEBKIT, *PROGRAMS, *SERVERS, *WHOLE, *MORE,
    *(each for each in _OTHERS if each.names),
)  # fmt: skip

NOT_KNOWN: tuple[str, ...] = (
    # near misses: the words of messages, not the messages
    "The file download failed because the disk was full.",
    "download failed",
    "It was loaded, but the second Load failed later on in the test.",
    "What are protocol schemes? http, https, ftp.",
    "We support these protocol schemes: http, data and https.",
    "Origin is a header that the browser sends.",
    "The origin header is not allowed by CORS in this product.",
    "Any origin not allowed by CORS gets a 500.",
    "He cannot make any requests from home.",
    "We had a websocket error yesterday at noon.",
    "R&amp;D said: &lt;b&gt;CORS&lt;/b&gt; is hard",
    "Request URL: the address\nStatus Code: 403",
    "The door is locked due to access control checks at the gate.",
    "I refused to connect to the meeting because it violates my calendar.",
    "werkzeug.exceptions.MethodNotAllowed: 405 Method Not Allowed: The method is not allowed for the requested URL.",
    "405 Method Not Allowed",
    "The network error was fixed yesterday by the provider.",
    "Our network errors dropped by a third.",
    "An invalid CORS request may be logged by the proxy as such.",
    "Disallowed origins are listed in the config.",
    "Tracking",
    "The request was blocked.",
    "The origin is not allowed to change.",
    "Mixed feelings: the page was loaded over night.",
    "Access to the building from the east has been blocked.",
    "No header is present on the requested document.",
    "How do I enable CORS in Express?",
    "CORS is disabled by default in our product.",
    "error: 0 warnings, 0 errors",
    "status: 0",
    "See https://example.com/cors (or: how to live without it).",
    "We read https://example.com/guide (note: CORS is hard, Access-Control headers too), then gave up.",
    "Headings:\n\nCORS\n\nCSP\n\nand what they mean",
    "canceled",
    "He wrote a wildcard * in the header when the flag was true.",
    "Segmentation fault (core dumped)",
    "TypeError: Cannot read properties of undefined (reading 'map')",
    "ReferenceError: fetch is not defined",
    "SyntaxError: Unexpected token < in JSON at position 0",
    "npm ERR! code ERESOLVE",
    "ERR_MODULE_NOT_FOUND",
    "The integrity of the resource has been checked.",
    "The canvas has been painted by hand.",
    "Header forbidden",
    "x",
    '{"status": "ok", "reason": "none"}',
    "https://developer.mozilla.org/en-US/docs/Web/API/Window",
    "lorem ipsum dolor sit amet, consectetur adipiscing elit",
    *(each.text for each in _OTHERS if not each.names),
)
"""What must not be recognised."""
