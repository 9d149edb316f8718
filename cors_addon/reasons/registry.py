"""The registry: for each reason all that a developer who has lost an hour needs to know.

Law 1: every `Reason` has an entry, and every entry all parts; ``tests/test_reasons.py`` closes that loop, with the
names and texts of ``cors_addon.engines``, which this floor may not import.
Law 2: most frequent first. `explain` follows this order where a browser has one text for several reasons.
Law 3: texts are in the developer's words: "the page" asks, "the server" answers, "the browser" decides. They state
what is; only `fix` says what to do.
Law 4: what a browser can report and a proxy cannot see stands in `NOT_REVEALED`, with why.
"""

from collections.abc import Mapping
from typing import NamedTuple

from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.reasons.model import Explanation, Facts, Said

_CORS_CHECK = "https://fetch.spec.whatwg.org/#concept-cors-check"
_CORS_PREFLIGHT = "https://fetch.spec.whatwg.org/#cors-preflight-fetch-0"
_HTTP_REDIRECT = "https://fetch.spec.whatwg.org/#http-redirect-fetch"

_PAGE = "https://app.example.com"

_REQUEST_DID_NOT_SUCCEED = Said(
    "gecko", ("CORSDidNotSucceed2",), "CORS request did not succeed", older=("CORS request failed",)
)
_NOT_MATCHING = Said(
    "gecko", ("CORSAllowOriginNotMatchingOrigin",), "CORS header ‘Access-Control-Allow-Origin’ does not match ‘…’"
)
_NOT_ALLOWED_BY_ALLOW_ORIGIN = Said(
    "webkit",
    ("AllowOriginMismatch", "RedirectAllowOriginMismatch"),
    "Origin … is not allowed by Access-Control-Allow-Origin.",
)
_NON_CORS_SCHEME = Said(
    "webkit", ("RedirectScheme",), "not allowed to follow a cross-origin CORS redirection with non CORS scheme"
)
_PREFLIGHT_NOT_SUCCESSFUL = Said("webkit", ("PreflightStatus",), "Preflight response is not successful. Status code: …")

_EXPLANATIONS = (
    Explanation(
        name=Reason.ALLOW_ORIGIN_MISSING,
        message="no Access-Control-Allow-Origin on the {answer}",
        explanation=(
            "The page and the server have different origins, so the page's script gets to read the answer only where "
            "the server says so, in Access-Control-Allow-Origin. This answer does not have that header. The server did "
            "answer, and may have done what it was asked to; the browser keeps the answer from the page, because it "
            "could hold what only this user, or only this network, may see. Look at the status first: an error page "
            "rarely has CORS headers, and then the error is the fault and CORS only its messenger."
        ),
        causes=(
            "CORS is not set up on the server at all, or not for this path, this method or this origin",
            "an error (401, 404, 500, 502, 504) that a gateway, an authentication layer or an exception handler "
            "answered before the CORS layer had its turn",
            "the server's OPTIONS handler knows nothing of CORS, though its GET does",
            "the origin is not on the server's list, and the server then leaves the header out",
            "a redirect on the way (http to https, with and without a slash at the end) whose own answer has no "
            "header: every hop needs one",
            "a cache or CDN serves a copy made for a request without Origin: Vary: Origin is missing",
        ),
        fix=(
            "Have the server send with this {answer}, where the origin is on its list:\n"
            "  Access-Control-Allow-Origin: {origin}{credentials}{grants}\n"
            "  Vary: Origin\n"
            "Not to whatever origin asks: that would open the server to every site."
        ),
        anchor=_CORS_CHECK,
        example=(
            Refusal(Reason.ALLOW_ORIGIN_MISSING, Stage.ACTUAL),
            Facts(origin=_PAGE, method="GET", status=200),
        ),
        header="Access-Control-Allow-Origin",
        said=(
            Said(
                "chromium",
                ("MissingAllowOriginHeader", "PreflightMissingAllowOriginHeader"),
                "No 'Access-Control-Allow-Origin' header is present on the requested resource.",
            ),
            Said("gecko", ("CORSMissingAllowOrigin2",), "CORS header ‘Access-Control-Allow-Origin’ missing"),
            _NOT_ALLOWED_BY_ALLOW_ORIGIN,
        ),
    ),
    Explanation(
        name=Reason.HEADER_NOT_ALLOWED,
        message="{detail} is not in Access-Control-Allow-Headers {listed}{literal}",
        explanation=(
            "The page sets a request header that no plain HTML form could set, so the browser asked first, with a "
            "preflight, and the answer does not list that header. The request itself was never sent. The rule protects "
            "servers older than CORS, which may take such a header for a sign of their own client. Names are compared "
            "without regard to case, and every one that is asked for must be listed: a * stands for all of them only "
            "without credentials, and for Authorization not even then by the standard."
        ),
        causes=(
            "the page's code, or its HTTP client, began to send a header which the server's list does not know",
            "Content-Type: application/json: this value is what makes the header one to be allowed",
            "Authorization is sent to a server that answers with *",
            "* together with credentials, where it is a name like any other",
            "tracing, analytics or monitoring scripts add a header to every request (traceparent, sentry-trace, "
            "baggage, x-datadog-…)",
            "the page sets response headers such as Access-Control-Allow-Origin on its request",
        ),
        fix="Have the server send with the preflight's answer:\n  Access-Control-Allow-Headers: {new_headers}",
        anchor=_CORS_PREFLIGHT,
        example=(
            Refusal(Reason.HEADER_NOT_ALLOWED, Stage.PREFLIGHT, "x-token"),
            Facts(origin=_PAGE, method="PUT", headers=("x-token",), status=204, value="content-type"),
        ),
        header="Access-Control-Allow-Headers",
        said=(
            Said(
                "chromium",
                ("HeaderDisallowedByPreflightResponse",),
                "Request header field … is not allowed by Access-Control-Allow-Headers in preflight response.",
            ),
            Said(
                "gecko",
                ("CORSMissingAllowHeaderFromPreflight2",),
                "header ‘…’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS preflight "
                "response",
                older=("missing token ‘…’ in CORS header ‘Access-Control-Allow-Headers’ from CORS preflight channel",),
            ),
            Said(
                "webkit",
                ("HeaderNotAllowed",),
                "Request header field … is not allowed by Access-Control-Allow-Headers.",
            ),
        ),
    ),
    Explanation(
        name=Reason.STATUS_NOT_OK,
        message="the preflight was answered {status}, not 200 to 299",
        explanation=(
            "Before it sends this request, the browser asks the server with a preflight: OPTIONS, without cookies and "
            "without Authorization, whatever the request itself will carry. Its answer must have a status from 200 to "
            "299; with any other, good CORS headers do not count, and the request is not sent."
        ),
        causes=(
            "401 or 403: authentication runs before CORS, and a preflight never carries credentials",
            "404 or 405: no route answers OPTIONS here",
            "a proxy, WAF or API gateway rejects OPTIONS",
            "400: the framework's CORS layer says no; its body often says to what",
            "500 or 502: the handler failed on a request without body or session",
            "302 to a login page, in Safari: it counts a redirect as a status that is not ok",
        ),
        fix=(
            "Have the server answer OPTIONS for this path itself, before any authentication, with status 204 and, "
            "where the origin is on its list:\n"
            "  Access-Control-Allow-Origin: {origin}{credentials}{grants}\n"
            "  Vary: Origin"
        ),
        anchor=_CORS_PREFLIGHT,
        example=(
            Refusal(Reason.STATUS_NOT_OK, Stage.PREFLIGHT),
            Facts(origin=_PAGE, method="PUT", headers=("content-type",), status=401),
        ),
        said=(
            Said(
                "chromium",
                ("PreflightInvalidStatus",),
                "It does not have HTTP ok status.",
                older=("Response for preflight has invalid HTTP status code …", "Invalid HTTP status code …"),
            ),
            Said(
                "gecko",
                ("CORSPreflightDidNotSucceed3",),
                "CORS preflight response did not succeed",
                older=("CORS preflight channel did not succeed",),
            ),
            _PREFLIGHT_NOT_SUCCESSFUL,
        ),
    ),
    Explanation(
        name=Reason.ALLOW_ORIGIN_MISMATCH,
        message="Access-Control-Allow-Origin is {value}, the request's Origin is {origin}",
        explanation=(
            "The server allows one origin, and it is not the one that asks. The browser compares the value with the "
            "request's Origin byte for byte: scheme, host and port must be the same, lower case, with no slash at the "
            "end and no default port. There are no patterns: a * inside a value is a letter like any other. After a "
            "redirect from one foreign origin to another the browser sends Origin: null, and it is null that must "
            "match then."
        ),
        causes=(
            "one origin is hard-wired on the server and the page is served from another: localhost, staging, with "
            "and without www",
            "http where it should be https, or another port",
            "a slash at the end, a default port (:443) or a path in the value",
            "a pattern such as https://*.example.com",
            "a list of origins in one value, which Firefox counts as a mismatch",
            "a cache or CDN serves a copy made for another origin: Vary: Origin is missing",
            "a sandboxed frame, a data: URL, a file or a redirect between two foreign origins: the origin is null",
        ),
        fix=(
            "Have the server compare the request's Origin with its list, and send it back where it is on it:\n"
            "  Access-Control-Allow-Origin: {origin}{credentials}\n"
            "  Vary: Origin"
        ),
        anchor=_CORS_CHECK,
        example=(
            Refusal(Reason.ALLOW_ORIGIN_MISMATCH, Stage.ACTUAL, "https://www.example.com"),
            Facts(origin=_PAGE, method="GET", status=200, value="https://www.example.com"),
        ),
        header="Access-Control-Allow-Origin",
        said=(
            Said(
                "chromium",
                ("AllowOriginMismatch", "PreflightAllowOriginMismatch"),
                "The 'Access-Control-Allow-Origin' header has a value '…' that is not equal to the supplied origin.",
            ),
            _NOT_MATCHING,
            _NOT_ALLOWED_BY_ALLOW_ORIGIN,
        ),
    ),
    Explanation(
        name=Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS,
        message='Access-Control-Allow-Origin is "*", but the request includes credentials',
        explanation=(
            "The page asked with credentials (fetch with credentials: 'include', XMLHttpRequest with withCredentials, "
            "crossorigin=use-credentials), and for those a * does not count: an answer made for one user may be read "
            "only by origins that the server names. It makes no difference whether there was a cookie to send. The "
            "server would otherwise open every user's data to every site."
        ),
        causes=(
            "the framework's default is *, and the client (axios' withCredentials, a GraphQL client) includes "
            "credentials on every request",
            "the page includes credentials and needs none: it has a token of its own, or the API is public",
            "the server echoes the origin on OPTIONS, but its other answers, or its error pages, still have *",
            "a CDN or storage bucket adds * by itself",
        ),
        fix=(
            "Have the server name the origin, after it compared it with its list:\n"
            "  Access-Control-Allow-Origin: {origin}\n"
            "  Access-Control-Allow-Credentials: true\n"
            "  Vary: Origin\n"
            "Or, where no cookie is needed, leave credentials: 'include' out of the page's request."
        ),
        anchor=_CORS_CHECK,
        example=(
            Refusal(Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS, Stage.ACTUAL),
            Facts(origin=_PAGE, method="GET", status=200, value="*", credentialed=True),
        ),
        header="Access-Control-Allow-Origin",
        said=(
            Said(
                "chromium",
                ("WildcardOriginNotAllowed", "PreflightWildcardOriginNotAllowed"),
                "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' "
                "when the request's credentials mode is 'include'.",
                older=(
                    "A wildcard '*' cannot be used in the 'Access-Control-Allow-Origin' header when the credentials "
                    "flag is true.",
                ),
            ),
            Said(
                "gecko",
                ("CORSNotSupportingCredentials",),
                "Credential is not supported if the CORS header ‘Access-Control-Allow-Origin’ is ‘*’",
            ),
            Said(
                "webkit",
                ("WildcardWithCredentials", "RedirectWildcardWithCredentials"),
                "Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true.",
            ),
        ),
    ),
    Explanation(
        name=Reason.ALLOW_CREDENTIALS_NOT_TRUE,
        message='Access-Control-Allow-Credentials is {value}, with credentials it must be "true"',
        explanation=(
            "The page asked with credentials, and the server allows the origin but does not say that it may read "
            "answers made for a logged-in user. That takes a header of its own, Access-Control-Allow-Credentials, "
            "whose one valid value is true, in lower case; every other value counts as no."
        ),
        causes=(
            "the server's CORS setup names origins, but credentials are an option of their own and off",
            "True or TRUE: a boolean turned into text by Python or by a template",
            "two layers (application and proxy) both add it: true, true",
            "the preflight's answer has it, the actual answer does not, or the other way round: both need it",
            "the page includes credentials and needs none",
        ),
        fix=(
            "Have the server send, with the preflight's answer and the actual one, and only to origins that may read "
            "what belongs to the user:\n"
            "  Access-Control-Allow-Credentials: true\n"
            "Or, where no cookie is needed, leave credentials: 'include' out of the page's request."
        ),
        anchor=_CORS_CHECK,
        example=(
            Refusal(Reason.ALLOW_CREDENTIALS_NOT_TRUE, Stage.ACTUAL, "True"),
            Facts(origin=_PAGE, method="GET", status=200, value="True", credentialed=True),
        ),
        header="Access-Control-Allow-Credentials",
        said=(
            Said(
                "chromium",
                ("InvalidAllowCredentials", "PreflightInvalidAllowCredentials"),
                "The value of the 'Access-Control-Allow-Credentials' header in the response is '…' which must be "
                "'true' when the request's credentials mode is 'include'.",
                older=("Credentials flag is 'true', but the 'Access-Control-Allow-Credentials' header is '…'.",),
            ),
            Said(
                "gecko",
                ("CORSMissingAllowCredentials",),
                "expected ‘true’ in CORS header ‘Access-Control-Allow-Credentials’",
            ),
            Said(
                "webkit",
                ("AllowCredentialsNotTrue", "RedirectAllowCredentialsNotTrue"),
                'Credentials flag is true, but Access-Control-Allow-Credentials is not "true".',
            ),
        ),
    ),
    Explanation(
        name=Reason.METHOD_NOT_ALLOWED,
        message="{detail} is not in Access-Control-Allow-Methods {listed}{literal}",
        explanation=(
            "The page uses a method that no plain HTML form can use, so the browser asked first, with a preflight, and "
            "the answer does not list that method. The request itself was never sent. GET, HEAD and POST need not be "
            "listed. Methods are compared with case: fetch turns get, put, delete and their like into capitals, but "
            "patch stays patch. A * stands for every method only without credentials."
        ),
        causes=(
            "the server's list has only the methods it began with",
            "PATCH written as patch in the page's code",
            "* together with credentials, where it is a name like any other",
            "a proxy or framework answers OPTIONS itself, with a list of its own",
            "the list is in Allow, not in Access-Control-Allow-Methods",
        ),
        fix="Have the server send with the preflight's answer:\n  Access-Control-Allow-Methods: {new_methods}",
        anchor=_CORS_PREFLIGHT,
        example=(
            Refusal(Reason.METHOD_NOT_ALLOWED, Stage.PREFLIGHT, "PUT"),
            Facts(origin=_PAGE, method="PUT", status=204, value="GET, POST"),
        ),
        header="Access-Control-Allow-Methods",
        said=(
            Said(
                "chromium",
                ("MethodDisallowedByPreflightResponse",),
                "Method … is not allowed by Access-Control-Allow-Methods in preflight response.",
            ),
            Said(
                "gecko",
                ("CORSMethodNotFound",),
                "Did not find method in CORS header ‘Access-Control-Allow-Methods’",
            ),
            Said("webkit", ("MethodNotAllowed",), "Method … is not allowed by Access-Control-Allow-Methods."),
        ),
    ),
    Explanation(
        name=Reason.ALLOW_ORIGIN_MULTIPLE,
        message="Access-Control-Allow-Origin has more than one value: {value}",
        explanation=(
            "Access-Control-Allow-Origin holds one origin, or *, or null, never a list. Several lines of it are joined "
            "with commas before they are looked at, so that even the same value twice matches nothing."
        ),
        causes=(
            "two layers add the header: the application and nginx, an API gateway, a CDN or an ingress",
            "a list of all allowed origins was put into the header",
            "a middleware is registered twice, or a handler sets by hand what the middleware sets already",
            "*, and the origin beside it to be safe",
        ),
        fix=(
            "Let one layer only set it, to the one origin that asks, where that is on its list:\n"
            "  Access-Control-Allow-Origin: {origin}{credentials}\n"
            "  Vary: Origin\n"
            "In nginx proxy_hide_header Access-Control-Allow-Origin removes the application's."
        ),
        anchor=_CORS_CHECK,
        example=(
            Refusal(Reason.ALLOW_ORIGIN_MULTIPLE, Stage.ACTUAL, f"{_PAGE}, *"),
            Facts(origin=_PAGE, method="GET", status=200, value=f"{_PAGE}, *"),
        ),
        header="Access-Control-Allow-Origin",
        said=(
            Said(
                "chromium",
                ("MultipleAllowOriginValues", "PreflightMultipleAllowOriginValues"),
                "The 'Access-Control-Allow-Origin' header contains multiple values '…', but only one is allowed.",
            ),
            Said(
                "gecko",
                ("CORSMultipleAllowOriginNotAllowed",),
                "Multiple CORS header ‘Access-Control-Allow-Origin’ not allowed",
            ),
            Said(
                "webkit",
                ("MultipleAllowOrigin", "RedirectMultipleAllowOrigin"),
                "Access-Control-Allow-Origin cannot contain more than one origin.",
            ),
        ),
    ),
    Explanation(
        name=Reason.ALLOW_ORIGIN_INVALID,
        message="Access-Control-Allow-Origin is no origin: {value}",
        explanation=(
            "The value is neither *, nor null, nor an origin: scheme, host and, if need be, port, as in "
            "https://app.example.com. The browser compares it with the request's Origin byte for byte, so that it can "
            "match nobody's."
        ),
        causes=(
            "the scheme is missing: app.example.com, localhost:3000",
            "quotes came along from a configuration file or a shell",
            "a variable that is empty, or was not replaced: undefined, $http_origin, {{ origin }}",
            "true, or a regular expression, which the framework would have taken as an option and not as a value",
        ),
        fix=(
            "Have the server compare the request's Origin with its list, scheme included, and send it back where it is "
            "on it:\n"
            "  Access-Control-Allow-Origin: {origin}{credentials}\n"
            "  Vary: Origin"
        ),
        anchor=_CORS_CHECK,
        example=(
            Refusal(Reason.ALLOW_ORIGIN_INVALID, Stage.ACTUAL, "app.example.com"),
            Facts(origin=_PAGE, method="GET", status=200, value="app.example.com"),
        ),
        header="Access-Control-Allow-Origin",
        said=(
            Said(
                "chromium",
                ("InvalidAllowOriginValue", "PreflightInvalidAllowOriginValue"),
                "The 'Access-Control-Allow-Origin' header contains the invalid value '…'.",
            ),
            _NOT_MATCHING,
            _NOT_ALLOWED_BY_ALLOW_ORIGIN,
        ),
    ),
    Explanation(
        name=Reason.PREFLIGHT_REDIRECTED,
        message="the preflight was redirected ({status}) to {location}",
        explanation=(
            "Before it sends this request, the browser asks the server with a preflight, and a preflight is never "
            "redirected: the answer must come from the very URL that the page asked for. Neither the redirect nor the "
            "request was followed. The preflight carries no cookies, so that a page behind a login always redirects it."
        ),
        causes=(
            "a login, single sign-on or bot check redirects whatever has no session, preflights included",
            "http to https, or to the host with www: the page asks for the wrong one",
            "a slash at the end of the path is missing or too many, and the framework redirects",
            "the API has moved",
        ),
        fix=(
            "Have the server answer OPTIONS here itself, before any redirect and login, with status 204 and, where the "
            "origin is on its list:\n"
            "  Access-Control-Allow-Origin: {origin}{credentials}{grants}\n"
            "  Vary: Origin\n"
            "Or, where the API has merely moved, let the page ask for its new URL at once."
        ),
        anchor=_CORS_PREFLIGHT,
        example=(
            Refusal(Reason.PREFLIGHT_REDIRECTED, Stage.PREFLIGHT),
            Facts(
                origin=_PAGE,
                method="PUT",
                headers=("content-type",),
                status=302,
                location="https://login.example.com/?next=/items/1",
            ),
        ),
        said=(
            Said(
                "chromium",
                ("PreflightDisallowedRedirect",),
                "Redirect is not allowed for a preflight request.",
                older=("Response for preflight is invalid (redirect)",),
            ),
            Said("gecko", ("CORSExternalRedirectNotAllowed",), "CORS request external redirect not allowed"),
            _PREFLIGHT_NOT_SUCCESSFUL,
        ),
    ),
    Explanation(
        name=Reason.NETWORK_ERROR,
        message="no answer came; to the page this looks like any CORS error",
        explanation=(
            "The connection ended before there was an answer: refused, reset, timed out, no such host, no trust in the "
            "certificate. No CORS header could help. Script is told no more than of a refusal by CORS, on purpose: a "
            "page must not learn what runs in its visitors' networks. Firefox even calls it a CORS error."
        ),
        causes=(
            "the server is down, or listens on another port or address (localhost is also ::1)",
            "a certificate that the browser does not trust: open the URL in a tab to see",
            "the server closed the connection: it crashed on this request, or a limit on size or time struck",
            "https asked of a port that speaks http, or the other way round",
            "an ad blocker, a firewall or a VPN",
        ),
        fix="Find out why there is no answer: ask for the same URL with curl -v, from the same machine.",
        anchor="https://fetch.spec.whatwg.org/#concept-network-error",
        example=(Refusal(Reason.NETWORK_ERROR, Stage.ACTUAL), Facts(origin=_PAGE, method="GET")),
        said=(_REQUEST_DID_NOT_SUCCEED,),
    ),
    Explanation(
        name=Reason.HEADER_UNREADABLE,
        message='a header holds a byte that HTTP forbids, so the browser takes nothing of the answer: "{detail}"',
        explanation=(
            "A value of a header, which need not be one of CORS, holds a control byte. Over HTTP/1.1 every browser "
            "refuses the whole answer for a NUL. Over HTTP/2 Firefox refuses NUL and line breaks, and the connection "
            "may end for other requests as well; Chromium refuses every control byte but the tab. mitmproxy passes "
            "them on as they are, but for vertical tabs, form feeds and returns at the ends of a value, which it takes "
            "away: such a value may pass through the proxy and fail without it. Script is told no more than of a "
            "network failure."
        ),
        causes=(
            "text from a database, a file name or a user in a header, unescaped",
            "a program in C that sends more bytes of a buffer than its text has",
            "a value in several lines (obs-fold) from an HTTP/1.1 server, where the browser speaks HTTP/2",
        ),
        fix="Encode what the header holds (percent encoding, base64), or leave it out.",
        anchor="https://fetch.spec.whatwg.org/#concept-header-value",
        example=(
            Refusal(Reason.HEADER_UNREADABLE, Stage.ACTUAL, "X-Name: a\0b"),
            Facts(origin=_PAGE, method="GET", status=200, value="X-Name: a\0b"),
        ),
        said=(_REQUEST_DID_NOT_SUCCEED,),
    ),
    Explanation(
        name=Reason.HEADERS_TOO_LARGE,
        message="the answer has {detail} of headers, more than the browser takes",
        explanation=(
            "The status line and the headers of an HTTP/1.1 answer are together longer than this browser takes: "
            "262,144 bytes in Chromium, 393,216 in Firefox, 65,536 in WebKitGTK (measured; Safari's limit is not "
            "known). It drops the connection and reads none of them. Script is told no more than of a network failure."
        ),
        causes=(
            "a header that grows with the data: a list of links, of debugging output, of trace entries",
            "a Content-Security-Policy or a list of header names that is generated, and never shortened",
            "a cookie that is set again for every item",
        ),
        fix="Move what is long from the headers into the body, and send each cookie once.",
        anchor="https://fetch.spec.whatwg.org/#concept-network-error",
        example=(
            Refusal(Reason.HEADERS_TOO_LARGE, Stage.ACTUAL, "300,000 bytes"),
            Facts(origin=_PAGE, method="GET", status=200),
        ),
        said=(_REQUEST_DID_NOT_SUCCEED,),
    ),
    Explanation(
        name=Reason.CAUSE_NOT_RECORDED,
        message="the browser refused it, and the recording has no answer that shows why",
        explanation=(
            "The file says that the request failed, in the way in which this browser fails what CORS refuses, and it "
            "does not have the answer, nor the preflight: Playwright keeps neither. So it is not known which check "
            "failed. Chromium's net::ERR_FAILED and Firefox's NS_ERROR_DOM_BAD_URI are taken for refusals only where a "
            "page asks another origin; a network failure has another name in both."
        ),
        causes=(
            "the answer lacks Access-Control-Allow-Origin, or has another origin in it",
            "the preflight was refused: its status, the method or a header",
            "the request includes credentials, and the answer allows them to nobody or to everybody",
            'the page forbade redirects (fetch with redirect: "error"), and the server redirects: no matter of CORS',
        ),
        fix=(
            "Record the answers too: through mitmproxy, or with the browser's own developer tools. The browser's "
            "console names the check that failed."
        ),
        anchor="https://fetch.spec.whatwg.org/#concept-network-error",
        example=(Refusal(Reason.CAUSE_NOT_RECORDED, Stage.ACTUAL), Facts(origin=_PAGE, method="GET")),
        said=(
            Said("chromium", (), "net::ERR_FAILED"),
            Said("gecko", (), "NS_ERROR_DOM_BAD_URI"),
        ),
    ),
    Explanation(
        name=Reason.ALLOW_HEADERS_INVALID,
        message="Access-Control-Allow-Headers is no list of header names: {value}",
        explanation=(
            "The value must be header names with commas between them. One item here is no name: it has a space, a "
            "colon, a quote or some such in it. Browsers then do not take the rest of the list, and refuse the "
            "preflight, even where the request asks for no header at all."
        ),
        causes=(
            "spaces or semicolons in place of commas",
            "quotes or brackets around the list: an array was turned into text",
            "a header with its value, Content-Type: application/json, in place of its name",
            "a pattern or a variable that was not replaced",
        ),
        fix="Have the server send with the preflight's answer:\n  Access-Control-Allow-Headers: {new_headers}",
        anchor=_CORS_PREFLIGHT,
        example=(
            Refusal(Reason.ALLOW_HEADERS_INVALID, Stage.PREFLIGHT, "content-type; x-token"),
            Facts(
                origin=_PAGE,
                method="PUT",
                headers=("content-type", "x-token"),
                status=204,
                value="content-type; x-token",
            ),
        ),
        header="Access-Control-Allow-Headers",
        said=(
            Said(
                "chromium",
                ("InvalidAllowHeadersPreflightResponse",),
                "Cannot parse Access-Control-Allow-Headers response header field in preflight response.",
            ),
            Said(
                "gecko",
                ("CORSInvalidAllowHeader",),
                "invalid token ‘…’ in CORS header ‘Access-Control-Allow-Headers’",
            ),
            Said("webkit", ("InvalidAllowHeaders",), "Header Access-Control-Allow-Headers has an invalid value: …"),
        ),
    ),
    Explanation(
        name=Reason.ALLOW_METHODS_INVALID,
        message="Access-Control-Allow-Methods is no list of methods: {value}",
        explanation=(
            "The value must be methods with commas between them. One item here is no method: it has a space, a slash, "
            "a quote or some such in it. Browsers then do not take the rest of the list, and refuse the preflight, "
            "even for a method that need not be listed."
        ),
        causes=(
            "spaces, slashes or semicolons in place of commas",
            "quotes or brackets around the list: an array was turned into text",
            "a variable that was not replaced",
        ),
        fix="Have the server send with the preflight's answer:\n  Access-Control-Allow-Methods: {new_methods}",
        anchor=_CORS_PREFLIGHT,
        example=(
            Refusal(Reason.ALLOW_METHODS_INVALID, Stage.PREFLIGHT, "GET POST PUT"),
            Facts(origin=_PAGE, method="PUT", status=204, value="GET POST PUT"),
        ),
        header="Access-Control-Allow-Methods",
        said=(
            Said(
                "chromium",
                ("InvalidAllowMethodsPreflightResponse",),
                "Cannot parse Access-Control-Allow-Methods response header field in preflight response.",
            ),
            Said(
                "gecko",
                ("CORSInvalidAllowMethod",),
                "invalid token ‘…’ in CORS header ‘Access-Control-Allow-Methods’",
            ),
            Said("webkit", ("InvalidAllowMethods",), "Header Access-Control-Allow-Methods has an invalid value: …"),
        ),
    ),
    Explanation(
        name=Reason.REDIRECT_HAS_CREDENTIALS,
        message="redirected to a URL with a user name or password: {location}",
        explanation=(
            "A request to a foreign origin may be redirected, but not to a URL with a user name or password in it: a "
            "server could otherwise log the page's visitor in elsewhere, or try passwords in the visitor's name."
        ),
        causes=(
            "the server makes Location from an internal base URL that has a password in it",
            "a storage or package registry hands out signed links of the form https://user:token@host/",
        ),
        fix="Have the server redirect to a URL without user name and password; hand the secret over in another way.",
        anchor=_HTTP_REDIRECT,
        example=(
            Refusal(Reason.REDIRECT_HAS_CREDENTIALS, Stage.REDIRECT),
            Facts(origin=_PAGE, method="GET", status=302, location="https://user:secret@files.example.com/a"),
        ),
        said=(
            Said(
                "chromium",
                ("RedirectContainsCredentials",),
                "Redirect location '…' contains a username and password, which is disallowed for cross-origin "
                "requests.",
            ),
            _REQUEST_DID_NOT_SUCCEED,
            Said("webkit", ("RedirectHasCredentials",), "redirection URL … has credentials"),
        ),
    ),
    Explanation(
        name=Reason.REDIRECT_SCHEME_NOT_CORS,
        message="redirected to a URL that is not http or https: {location}",
        explanation=(
            "The answer redirects to a scheme that has no CORS: only http and https do. A fetch cannot open mail "
            "clients or apps, as a link can."
        ),
        causes=(
            "the server redirects to an app's own scheme (myapp://, intent:), meant for a link and not for a fetch",
            "mailto:, tel: or ftp: as a fallback",
            "a Location without scheme and slashes, such as localhost:3000/x: the part before the colon is the scheme",
        ),
        fix="Have the server redirect to an http or https URL, or let the page open this one as a link.",
        anchor=_HTTP_REDIRECT,
        example=(
            Refusal(Reason.REDIRECT_SCHEME_NOT_CORS, Stage.REDIRECT),
            Facts(origin=_PAGE, method="GET", status=302, location="myapp://open"),
        ),
        said=(
            Said(
                "chromium",
                ("CorsDisabledScheme",),
                "Cross origin requests are only supported for protocol schemes: …",
                older=("Cross origin requests are only supported for HTTP",),
            ),
            _REQUEST_DID_NOT_SUCCEED,
            _NON_CORS_SCHEME,
        ),
    ),
    Explanation(
        name=Reason.REDIRECT_URL_UNUSABLE,
        message="redirected to where no fetch can go: {location}",
        explanation=(
            "The answer's Location is no valid URL, or one that no redirect may lead to, such as data: or file:. To "
            "the browser that is a network error, before CORS is asked."
        ),
        causes=(
            "a port above 65535, a space or a bracket in the host: Location was put together from parts",
            "Location holds a variable that was not replaced, or an error's text",
            "the server redirects to a data: URL, as a shortcut to a placeholder image",
        ),
        fix="Have the server redirect to a valid http or https URL, or send the content itself, with status 200.",
        anchor="https://fetch.spec.whatwg.org/#concept-response-location-url",
        example=(
            Refusal(Reason.REDIRECT_URL_UNUSABLE, Stage.REDIRECT, "https://api.example.com:99999/"),
            Facts(origin=_PAGE, method="GET", status=302, location="https://api.example.com:99999/"),
        ),
        said=(
            Said("chromium", (), "Failed to load resource: net::ERR_INVALID_REDIRECT"),
            Said("chromium", (), "Failed to load resource: net::ERR_UNSAFE_REDIRECT"),
            _REQUEST_DID_NOT_SUCCEED,
            _NON_CORS_SCHEME,
        ),
    ),
    Explanation(
        name=Reason.REDIRECT_COUNT_EXCEEDED,
        message="more than 20 redirects",
        explanation=(
            "The browser followed twenty redirects of this one fetch and gave up at the next. To the page it looks "
            "like any refusal."
        ),
        causes=(
            "a loop: http to https by one layer and back by another, or with and without a slash",
            "a login that sets a cookie and redirects back, while the page's request carries no cookies",
        ),
        fix="Follow the chain with curl -sIL to see where it turns in a circle; let the page ask for the final URL.",
        anchor=_HTTP_REDIRECT,
        example=(
            Refusal(Reason.REDIRECT_COUNT_EXCEEDED, Stage.REDIRECT),
            Facts(origin=_PAGE, method="GET", status=302, location="https://api.example.com/"),
        ),
        said=(
            Said("chromium", (), "Failed to load resource: net::ERR_TOO_MANY_REDIRECTS"),
            _REQUEST_DID_NOT_SUCCEED,
        ),
    ),
    Explanation(
        name=Reason.REDIRECT_MODE_ERROR,
        message='it redirects, and the page asked with redirect: "error"',
        explanation=(
            'The page\'s script asked for this URL with the redirect mode "error", under which a fetch fails at its '
            "first redirect. It is no matter of CORS, and no header helps. The mode is not sent: it is known only "
            "where the page itself tells it (`cors_witness`)."
        ),
        causes=(
            'fetch(url, {redirect: "error"}), often set for all requests by a library\'s default',
            "a server that redirects since lately: to https, to a URL with or without a slash, or to a login",
        ),
        fix='Ask for the URL that the redirect leads to, or leave redirect: "error" out.',
        anchor=_HTTP_REDIRECT,
        example=(
            Refusal(Reason.REDIRECT_MODE_ERROR, Stage.REDIRECT),
            Facts(origin=_PAGE, method="GET", status=302, location="https://api.example.com/"),
        ),
        said=(),
    ),
)

REGISTRY: Mapping[Reason, Explanation] = {Reason(entry.name): entry for entry in _EXPLANATIONS}
"""By reason, most frequent first."""


class NotRevealed(NamedTuple):
    """What a browser can report and the traffic through a proxy cannot show."""

    said: Said
    why: str
    see: Reason | None = None
    """The reason that stands for what the traffic does show of it."""


NOT_REVEALED = (
    NotRevealed(
        Said(
            "chromium",
            ("DisallowedByMode",),
            "Cross origin requests are not allowed by request mode.",
            older=('Request mode is "same-origin" but the URL\'s origin is not same as the request origin …',),
        ),
        "The page asked with mode: 'same-origin' and the URL, or a redirect, is of another origin. Most often no "
        "request leaves the browser; after a redirect none follows. No answer is checked, so no header can help.",
    ),
    NotRevealed(
        Said("chromium", ("InvalidResponse",), "The response is invalid."),
        "The answer has no HTTP status, so it is from no server: it was made inside the browser, by an extension, say.",
    ),
    NotRevealed(
        Said("chromium", ("PreflightMissingAllowExternal",), "No 'Access-Control-Allow-External' header was present"),
        "Left over in the DevTools protocol from an early experiment (CORS-RFC1918); no Chromium of today produces it.",
    ),
    NotRevealed(
        Said("chromium", ("PreflightInvalidAllowExternal",), "The 'Access-Control-Allow-External' header in the"),
        "Left over in the DevTools protocol from an early experiment (CORS-RFC1918); no Chromium of today produces it.",
    ),
    NotRevealed(
        Said(
            "chromium",
            ("InsecureLocalNetwork", "InsecurePrivateNetwork"),
            "The request client is not a secure context and the resource is in more-private address space `…`.",
        ),
        "Local Network Access: a page on http may not reach into the local network. What counts is the address that "
        "the browser connects to, and behind a proxy that is the proxy's. Serve the page over https.",
    ),
    NotRevealed(
        Said(
            "chromium",
            ("InvalidLocalNetworkAccess", "InvalidPrivateNetworkAccess"),
            "Request had a target IP address space of `…` yet the resource is in address space `…`.",
        ),
        "Local Network Access: the fetch's targetAddressSpace does not fit the address that the browser connected to, "
        "and behind a proxy that is the proxy's.",
    ),
    NotRevealed(
        Said(
            "chromium",
            ("LocalNetworkAccessPermissionDenied",),
            "Permission was denied for this request to access the `…` address space.",
        ),
        "Local Network Access: the user, or a policy, did not permit this site to reach into the local network, so "
        "the request was never sent. Behind a proxy the address that counts is the proxy's: where it is on this "
        "machine, every site asks for the permission. Allow it in the site's settings.",
    ),
    NotRevealed(
        Said(
            "chromium",
            ("NoCorsRedirectModeNotFollow",),
            'Request mode is "no-cors" but the redirect mode is not "follow".',
        ),
        "The page's own call contradicts itself (mode: 'no-cors' with redirect: 'error' or 'manual'): no request "
        "leaves the browser.",
    ),
    NotRevealed(
        Said("gecko", ("CORSDisabled",), "CORS disabled"),
        "This Firefox is set to allow no CORS at all (content.cors.disable in about:config): no header can help.",
    ),
    NotRevealed(
        Said("gecko", ("CORSOriginHeaderNotAdded",), "CORS header ‘Origin’ cannot be added"),
        "Firefox could not add the Origin header to its own request, which therefore was not sent.",
    ),
    NotRevealed(
        Said("gecko", ("CORSRequestNotHttp",), "CORS request not http"),
        "The page asked for a URL that is not http or https (a file: page loading its own scripts, say), and no "
        "request leaves the browser. After a redirect to such a URL Firefox logs it too, beside CORSDidNotSucceed.",
        Reason.REDIRECT_SCHEME_NOT_CORS,
    ),
    NotRevealed(
        Said(
            "gecko",
            ("CORSAllowHeaderFromPreflightDeprecation",),
            "When the `Access-Control-Allow-Headers` is `*`, the `Authorization` header is not covered.",
        ),
        "A warning, not a refusal: the request was allowed, but by the standard a * does not cover Authorization. "
        "List Authorization in Access-Control-Allow-Headers.",
        Reason.HEADER_NOT_ALLOWED,
    ),
    NotRevealed(
        Said("webkit", ("RedirectNotAllowed",), "Not allowed to follow a redirection while loading …"),
        "The page asked with redirect: 'error', and there was a redirect. How a page wants redirects treated is not "
        "on the wire; no header can help.",
    ),
)
