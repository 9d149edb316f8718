"""Request headers that need permission: which belong on answers, which browsers set themselves, and which a library
adds: where each comes from, and how to keep it from leaving.

Sources: the libraries' own documentation of the options named here, and https://fetch.spec.whatwg.org/#forbidden-request-header
"""

import re
from typing import NamedTuple

from cors_addon.fetch.patterns import pattern

_OF_ANSWERS = pattern(
    r"access-control-(?!request-)[\w-]+|content-encoding|content-security-policy(-report-only)?|cross-origin-[\w-]+|"
    r"vary|server|set-cookie2?|strict-transport-security|x-frame-options|x-content-type-options|x-xss-protection|"
    r"x-powered-by|referrer-policy|permissions-policy|feature-policy|location|etag|last-modified|age|allow|"
    r"accept-ranges|content-range|retry-after|www-authenticate|proxy-authenticate|timing-allow-origin|expires|p3p|"
    r"content-disposition|server-timing|sourcemap|x-sourcemap|clear-site-data|alt-svc|nel|report-to|origin-agent-cluster|"
    r"transfer-encoding"
)
_USED_BY_BOTH = frozenset({"content-disposition", "content-encoding", "content-range", "expires"})
"""They may be meant on a request: an upload by parts or with a name, a body that is compressed."""

_FORBIDDEN = pattern(
    r"accept-charset|accept-encoding|access-control-request-(?:headers|method|private-network)|connection|"
    r"content-length|cookie2?|date|dnt|expect|host|keep-alive|origin|referer|set-cookie|te|trailer|transfer-encoding|"
    r"upgrade|via|(?:sec|proxy)-.*"
)


def belongs_on_answers(name: str) -> bool:
    """Whether a header name, lower case, has its meaning on answers, and none or little on a request."""
    return _OF_ANSWERS.fullmatch(name) is not None


def may_be_meant(name: str) -> bool:
    """Whether it has some use on a request all the same."""
    return name in _USED_BY_BOTH


def is_forbidden(name: str) -> bool:
    """Whether a page's script may not set it at all. https://fetch.spec.whatwg.org/#forbidden-request-header"""
    return _FORBIDDEN.fullmatch(name) is not None


class Sender(NamedTuple):
    """Who adds a header that the page's own code does not set."""

    pattern: str
    """Of the name, lower case, whole."""
    whence: str
    """A sentence: who adds it, and to what."""
    how: str
    """In the imperative: how to keep it from leaving."""
    server_first: bool = False
    """The client cannot do without it: the server is to allow it."""
    needs: tuple[str, ...] = ()
    """All names that the same client sends."""


SENDERS = (
    Sender(
        r"traceparent|tracestate|x-b3-[\w-]+|b3|uber-trace-id|x-cloud-trace-context|x-amzn-trace-id|request-id|"
        r"request-context|elastic-apm-traceparent",
        "A tracing library of the page adds it (OpenTelemetry, Elastic's or Azure's agent and others).",
        "Keep this server off the list of URLs that the tracing library adds its headers to: OpenTelemetry's "
        "propagateTraceHeaderCorsUrls, Elastic RUM's distributedTracingOrigins, Application Insights' "
        "correlationHeaderExcludedDomains, Grafana Faro's propagateTraceHeaderCorsUrls",
    ),
    Sender(
        r"sentry-trace|baggage",
        "Sentry's SDK in the page adds it (baggage: OpenTelemetry may, too).",
        "Set Sentry's tracePropagationTargets in the page to the servers that are yours, without this one",
    ),
    Sender(
        r"x-datadog-[\w-]+",
        "Datadog's RUM SDK in the page adds it.",
        "Take this server out of Datadog RUM's allowedTracingUrls",
    ),
    Sender(
        r"newrelic|x-newrelic-[\w-]+",
        "New Relic's browser agent adds it.",
        "Switch New Relic's distributed tracing off for this origin: take it out of "
        "distributed_tracing.allowed_origins, or set cors_use_newrelic_header to false",
    ),
    Sender(
        r"x-dynatrace[\w-]*|x-dtc|x-dtpc|x-dtreferer",
        "Dynatrace's RUM adds it.",
        "Take this server out of the origins for which Dynatrace's RUM correlates requests (CORS origins of its "
        "application settings)",
    ),
    Sender(
        r"x-instana-[\w-]+|x-honeycomb-trace|x-rollbar-[\w-]+|x-logrocket-url|x-highlight-request|x-openreplay-[\w-]+|"
        r"x-fs-[\w-]+|x-lr-[\w-]+|x-pw-[\w-]+",
        "A monitoring script in the page adds it.",
        "Take this server off the list of URLs to which that script adds its header",
    ),
    Sender(
        r"x-stainless-[\w-]+",
        "The client library of an AI service adds it (OpenAI's and Anthropic's are made with Stainless).",
        "Keep them from leaving: in defaultHeaders of the client set each x-stainless-… header to null. Better ask "
        "such a service from a server of your own: a page would show its key to everybody",
    ),
    Sender(
        r"anthropic-[\w-]+|openai-[\w-]+|x-goog-api-client|x-goog-api-key",
        "The client library of an AI or cloud service adds it.",
        "Ask the service from a server of your own: a page would show its key to everybody. Where it is meant for "
        "pages, its client has an option for that (dangerouslyAllowBrowser)",
    ),
    Sender(
        r"mcp-[\w-]+|last-event-id",
        "A client of the Model Context Protocol sends it with every request after the first.",
        "Have the client ask through a server of the page's own, where this server cannot be changed",
        server_first=True,
        needs=("content-type", "authorization", "mcp-protocol-version", "mcp-session-id", "last-event-id"),
    ),
    Sender(
        r"x-requested-with",
        "A library adds it: an old default of axios, Prototype, Ext JS, Dojo or a plug-in of jQuery (which itself adds "
        "it within one origin only).",
        "Leave it out: delete axios.defaults.headers.common['X-Requested-With'], or the line that sets it. Across "
        "origins it says nothing",
    ),
    Sender(
        r"cache-control|pragma",
        "It is set to get round a cache.",
        "Leave it out, and ask with fetch(url, {cache: 'no-store'}), which adds no header of the page's",
    ),
    Sender(
        r"x-csrf-token|x-xsrf-token|x-csrftoken|csrf-token|x-csrf",
        "It is the token against forged requests, which belongs to the page's own server; a default of the page's "
        "HTTP client adds it to all requests.",
        "Set the token for requests to the page's own server only, never as a default of all requests: others learn it",
    ),
    Sender(
        r"ngrok-skip-browser-warning|bypass-tunnel-reminder",
        "It is for the tunnel's warning page; the application behind the tunnel answers OPTIONS.",
        "Leave it out: the tunnel shows its warning to navigations of browsers only, which a fetch is not",
        server_first=True,
    ),
    Sender(
        r"apikey|x-client-info|x-supabase-[\w-]+|accept-profile|content-profile|prefer",
        "Supabase's client sends it.",
        "Send the request without the client's headers, where this server is none of Supabase's",
        server_first=True,
        needs=("authorization", "x-client-info", "apikey", "content-type"),
    ),
    Sender(
        r"x-signalr-user-agent",
        "SignalR's client sends it.",
        "Set withHeaders or a custom httpClient that leaves it out",
        server_first=True,
        needs=("x-requested-with", "x-signalr-user-agent"),
    ),
    Sender(
        r"x-firebase-[\w-]+|x-goog-fieldmask|x-client-version|x-android-[\w-]+|x-ios-[\w-]+",
        "Firebase's client sends it.",
        "Use the client for Firebase's own addresses only",
        server_first=True,
    ),
    Sender(
        r"mode|credentials|with-?credentials|cross-?origin|cross-?domain|data-?type|no-cors|cors|redirect|referrerpolicy",
        "It is an option of fetch, axios or jQuery that was written among the headers, where it means nothing.",
        "Take it out of the headers; where it is meant, write it beside them, as an option of the call",
    ),
    Sender(
        r"upgrade-insecure-requests|x-devtools-[\w-]+|dnt|save-data",
        "It was copied from another request: browsers add it by themselves where it belongs.",
        "Leave it out: the browser sends it by itself where it belongs",
    ),
    Sender(
        r"user-agent|accept-encoding|referer|host|origin|cookie",
        "It was copied from another client: browsers set it by themselves.",
        "Leave it out: the browser sets it by itself",
    ),
)


def sender_of(name: str) -> Sender | None:
    """Who adds a header; None where it is not known, or the page's own."""
    return next((each for each in SENDERS if re.fullmatch(each.pattern, name)), None)
