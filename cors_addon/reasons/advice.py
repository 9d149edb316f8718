"""What a message's own values say about the remedy, beyond what holds for its reason in general.

Law 1: only what follows from the values is said, and never a remedy that cannot be had by who is told to.
Law 2: where the page's code is at fault, the server's headers are not touched: `Advice.instead` then takes the place of
the general fix.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from cors_addon.fetch.refusals import OF_ORIGIN, Reason


class Advice(NamedTuple):
    """What to say of one message."""

    notes: tuple[str, ...] = ()
    """What the values tell, said before all else."""
    instead: str | None = None
    """The fix, in the place of the general one."""


_KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "PROPFIND", "REPORT"})

_OF_RESPONSES = re.compile(
    r"access-control-(?:allow|expose|max)-[\w-]+|vary|server|set-cookie|strict-transport-security"
)

# Where headers come from that the page's own code does not set.
_SENDERS: tuple[tuple[str, str], ...] = (
    (
        r"traceparent|tracestate|x-b3-[\w-]+|b3|uber-trace-id",
        "A tracing library adds it (OpenTelemetry, an APM agent) to requests for origins on its list: keep this URL "
        "off "
        "that list (propagateTraceHeaderCorsUrls), or allow the header at the server.",
    ),
    (
        r"sentry-trace|baggage",
        "Sentry adds it: set tracePropagationTargets to your own API, or allow sentry-trace and baggage at the server.",
    ),
    (
        r"x-datadog-[\w-]+",
        "Datadog's RUM adds it to what allowedTracingUrls lists: take this URL out, or allow it at the server.",
    ),
    (
        r"newrelic|x-newrelic-[\w-]+",
        "New Relic's browser agent adds it: switch distributed tracing off for this origin, or allow it at the server.",
    ),
    (
        r"x-stainless-[\w-]+",
        "The client library of an AI service adds it. Such services are not meant to be asked from a page, which would "
        "show its key: ask them from a server of your own.",
    ),
    (
        r"mcp-protocol-version|mcp-session-id|last-event-id",
        "A client of the Model Context Protocol sends it: the server must allow mcp-protocol-version and "
        "mcp-session-id "
        "(and expose Mcp-Session-Id).",
    ),
    (
        r"x-requested-with",
        "A library adds it (jQuery only within one origin, axios and others if told to): leave it out, where the "
        "server "
        "does not need it.",
    ),
    (
        r"cache-control|pragma|expires",
        "Often it is set to keep an answer out of the cache; fetch has cache: 'no-store' for that, which sends no "
        "header "
        "of the page's.",
    ),
    (
        r"content-type",
        "Content-Type: application/json is what makes the browser ask first. A GET needs no Content-Type: leave it out "
        "there.",
    ),
    (
        r"x-csrf-token|x-xsrf-token|x-csrftoken",
        "It is the token against forged requests, which belongs to the site's own server: send it there only.",
    ),
    (r"ngrok-skip-browser-warning", "It is for ngrok; the application behind must allow it in answer to OPTIONS."),
    (
        r"apikey|x-client-info",
        "Supabase's client sends it: edge functions must allow authorization, x-client-info, apikey.",
    ),
)

_LOGIN = re.compile(
    r"(?:^|[./_-])(?:log-?in|sign-?in|sso|saml2?|oauth2?|authorize|auth|idp|adfs|openid(?:-connect)?|accounts|keycloak|okta|"
    r"auth0|cognito|cas|microsoftonline|cloudflareaccess)(?:$|[./_?-])",
    re.IGNORECASE,
)


def advice(reason: Reason, values: Mapping[str, str]) -> Advice:
    """What the values of a message about this reason tell."""
    notes = tuple(_of_status(values))
    for rule in (_lower_case_method, _response_header, _login, _file_page):
        found = rule(reason, values)
        if found is not None:
            return found._replace(notes=(*notes, *found.notes))
    return Advice((*notes, *_of_values(reason, values)))


def _lower_case_method(reason: Reason, values: Mapping[str, str]) -> Advice | None:
    method = values.get("method", "")
    if reason is not Reason.METHOD_NOT_ALLOWED or method == method.upper() or method.upper() not in _KNOWN_METHODS:
        return None
    return Advice(
        (f"The page writes {method}; the method is {method.upper()}, and methods are compared with case.",),
        f"In the page's code write method: '{method.upper()}', in capitals: fetch turns get, post, put and delete into "
        f"capitals, but not {method.lower()}. The server's list is most likely right: it has {method.upper()}.",
    )


def _response_header(reason: Reason, values: Mapping[str, str]) -> Advice | None:
    names = [name.strip() for name in values.get("header", "").split(",")]
    wrong = [name for name in names if _OF_RESPONSES.fullmatch(name.lower())]
    if reason is not Reason.HEADER_NOT_ALLOWED or not wrong:
        return None
    listed = ", ".join(wrong)
    return Advice(
        (f"The page sets {listed} on its *request*; it belongs on the server's answer.",),
        f"Take {listed} out of the page's request. It has no effect there, but makes a preflight necessary that the "
        "server then refuses. Never list it in Access-Control-Allow-Headers.",
    )


def _login(reason: Reason, values: Mapping[str, str]) -> Advice | None:
    first, url = values.get("first"), values.get("url") or values.get("location")
    if reason is Reason.PREFLIGHT_REDIRECTED and first is None:
        first, url = values.get("url"), values.get("location")
    if not first or not url or reason not in (*OF_ORIGIN, Reason.PREFLIGHT_REDIRECTED) or not _is_login(url):
        return None
    return Advice(
        (
            f"The page asked for {first}, and its server redirected that to a login: {_host(url)}. Most likely the "
            "session has ended, or the request was sent without its cookie. No login page allows this, and none "
            "should: "
            f"no header is to be added at {_host(url)}.",
        ),
        f"At {_host(first)}: answer requests of scripts with 401 in the place of a redirect to the login. In the "
        f"page: on "
        "401, go to the login as a whole page (location.href), and send the request again afterwards.",
    )


def _file_page(reason: Reason, values: Mapping[str, str]) -> Advice | None:
    if reason not in OF_ORIGIN or not values.get("url", "").startswith("file:"):
        return None
    return Advice(
        ("The page was opened from disk: files have no origin in common.",),
        "Serve the folder by a local web server (python3 -m http.server, npx serve) and open http://localhost.",
    )


def _of_status(values: Mapping[str, str]) -> Iterator[str]:
    status = values.get("status", "")
    if re.fullmatch(r"[45]\d\d", status):
        yield f"The server answered {status}{_STATUS.get(status, '')}: look at that first. {_STATUS_MEANS[status[0]]}"


_STATUS = {
    "400": " (bad request)",
    "401": " (no session, or a bad token)",
    "403": " (forbidden)",
    "404": " (nothing at this URL)",
    "405": " (method not handled)",
    "413": " (too large)",
    "429": " (too many requests)",
    "502": " (the gateway got no answer)",
    "503": " (not available)",
    "504": " (the gateway waited in vain)",
}
_STATUS_MEANS = {
    "4": "Error pages often lack the CORS headers that good answers have; mend the error, and see whether it is still "
    "refused.",
    "5": "Such an error is often answered by a gateway or an exception handler before CORS headers are added; its "
    "cause "
    "stands in the server's log.",
}


def _of_values(reason: Reason, values: Mapping[str, str]) -> Iterator[str]:
    if reason is Reason.HEADER_NOT_ALLOWED:
        yield from _of_senders(values.get("header", ""))
    if reason in OF_ORIGIN:
        yield from _of_origin(values)
    value, origin = values.get("value", ""), values.get("origin", "")
    if reason is Reason.ALLOW_ORIGIN_MISMATCH and value and value.rstrip("/").lower() == origin.lower():
        yield f"{value} differs from {origin} only by a slash at the end or by case: that makes it another origin."


def _of_senders(headers: str) -> Iterator[str]:
    """Where headers come from that the page's own code does not set."""
    for name in map(str.strip, headers.lower().split(",")):
        for pattern, words in _SENDERS:
            if re.fullmatch(pattern, name):
                yield f"{name}: {words}"


def _of_origin(values: Mapping[str, str]) -> Iterator[str]:
    url, first = values.get("url"), values.get("first")
    if first and url and first != url:
        yield (
            f"The page asked for {first}, and was redirected to {url}: it is that answer that was refused. Ask for the "
            "final URL at once, where it is yours."
        )
    scheme = values.get("origin", "").partition("://")[0]
    if scheme in _APPS:
        yield _APPS[scheme]
    if values.get("origin") == "null":
        yield (
            "The origin is null: the page is a file, sandboxed frame or data: URL, or the request was redirected from "
            "one foreign origin to another. Give it an origin, or ask for the final URL; do not allow null."
        )


_EXTENSION = (
    "The page is a browser extension's: with the host in its manifest's host_permissions its background page and "
    "popup are "
    "not held to CORS at all; a content script is, as the page that it runs in, and asks through the background page."
)
_APP = (
    "The page is an app's: its origin is this scheme and host, and the server must allow exactly that. Or let the "
    "app ask "
    "natively (Capacitor: CapacitorHttp; Tauri: its http plugin), which knows no CORS."
)
_APPS: Mapping[str, str] = {
    **dict.fromkeys(("chrome-extension", "moz-extension", "safari-web-extension"), _EXTENSION),
    **dict.fromkeys(("capacitor", "ionic", "tauri", "app"), _APP),
}


def _is_login(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(_LOGIN.search(f"{parts.hostname or ''}{parts.path[:200]}"))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url
