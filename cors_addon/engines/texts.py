"""The text that each engine's console shows for a refusal.

Law 1: names and texts are those of the versions below, each compared character by character with what the browser
itself wrote (``tests/test_texts.py``). A newer wording changes table, version and recording together.
Law 2: what the wire does not show stays unsaid: a fragment in the URL, and which API asked where fetch and
XMLHttpRequest send the same bytes (`initiator_of` then says `fetch`).
Law 3: a refusal without a name may still have a text.
Law 4: several lines of a console are joined by a newline, the one with the cause first.

Sources
  Chromium 156  cors_error_string.cc, resource.cc of third_party/blink/renderer/platform/loader
  Firefox 153   chrome/en-US/locale/en-US/global/security/security.properties, nsCORSListenerProxy.cpp
  WebKit 2.50   CrossOriginAccessControl.cpp, NetworkLoadChecker.cpp, ThreadableLoader.cpp
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote

from cors_addon.engines.initiator import Initiator
from cors_addon.engines.names import browser_error
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.refusals import Reason, Refusal, Stage


class ConsoleValues(NamedTuple):
    """What the texts show of one exchange."""

    url: str
    """Of the refused request: of the hop where a redirect was refused."""
    origin: str
    """The serialized request origin it was judged against, `null` after a tainting redirect."""
    page_origin: str | None = None
    """The origin of the page, which Chromium shows even then; None where it is `origin`."""
    status: int | None = None
    """Of the refused answer; of the stored one where the answer was a 304 that updated it."""
    initiator: Initiator = Initiator.FETCH
    location: str = ""
    """Where the refused redirect leads: the URL with its userinfo, or the raw text where it is no http(s) URL, its
    bytes decoded as UTF-8 with `surrogateescape`."""
    redirected_from: str | None = None
    """The first URL of the fetch, where that is another."""
    recheck: Refusal | None = None
    """For a preflight that was redirected to another origin: what the CORS check finds against the origin that the
    redirect leaves, which Gecko reports as well."""
    version: int = 0
    """Major version of the browser, where its text was another; 0: the newest."""


def console_message(engine: str, refusal: Refusal, values: ConsoleValues) -> str | None:
    """The text that the engine's console shows for a refusal; None where it shows none that we know.

    The refusal's `detail` is the offending value, bytes decoded as ISO 8859-1.
    """
    console = _CONSOLES.get(engine)
    return None if console is None else console(refusal, values)


# --- Chromium's texts -------------------------------------------------------------------------------------------------

_CHROMIUM_TEXTS: Mapping[Reason, str] = {
    Reason.ALLOW_ORIGIN_MISSING: "No 'Access-Control-Allow-Origin' header is present on the requested resource.",
    Reason.ALLOW_ORIGIN_MULTIPLE: (
        "The 'Access-Control-Allow-Origin' header contains multiple values '{hint}', but only one is allowed."
    ),
    Reason.ALLOW_ORIGIN_INVALID: "The 'Access-Control-Allow-Origin' header contains the invalid value '{hint}'.",
    Reason.ALLOW_ORIGIN_MISMATCH: (
        "The 'Access-Control-Allow-Origin' header has a value '{hint}' that is not equal to the supplied origin."
    ),
    Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS: (
        "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the "
        "request's credentials mode is 'include'."
    ),
    Reason.ALLOW_CREDENTIALS_NOT_TRUE: (
        "The value of the 'Access-Control-Allow-Credentials' header in the response is '{hint}' which must be 'true' "
        "when the request's credentials mode is 'include'."
    ),
    Reason.STATUS_NOT_OK: "It does not have HTTP ok status.",
    Reason.PREFLIGHT_REDIRECTED: "Redirect is not allowed for a preflight request.",
    Reason.ALLOW_METHODS_INVALID: (
        "Cannot parse Access-Control-Allow-Methods response header field in preflight response."
    ),
    Reason.ALLOW_HEADERS_INVALID: (
        "Cannot parse Access-Control-Allow-Headers response header field in preflight response."
    ),
    Reason.METHOD_NOT_ALLOWED: "Method {hint} is not allowed by Access-Control-Allow-Methods in preflight response.",
    Reason.HEADER_NOT_ALLOWED: (
        "Request header field {hint} is not allowed by Access-Control-Allow-Headers in preflight response."
    ),
    # Chromium 156 leaves the location out, between the quotes
    Reason.REDIRECT_HAS_CREDENTIALS: (
        "Redirect location '' contains a username and password, which is disallowed for cross-origin requests."
    ),
    Reason.REDIRECT_SCHEME_NOT_CORS: (
        "Cross origin requests are only supported for protocol schemes: chrome, "
        "chrome-experimental-site-token-provider, chrome-extension, chrome-untrusted, data, http, https, isolated-app."
    ),
}

# IsPreflightError
_CHROMIUM_SAYS_PREFLIGHT = frozenset(
    {
        Reason.ALLOW_ORIGIN_MISSING,
        Reason.ALLOW_ORIGIN_MULTIPLE,
        Reason.ALLOW_ORIGIN_INVALID,
        Reason.ALLOW_ORIGIN_MISMATCH,
        Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS,
        Reason.ALLOW_CREDENTIALS_NOT_TRUE,
        Reason.STATUS_NOT_OK,
        Reason.PREFLIGHT_REDIRECTED,
    }
)

_CHROMIUM_ADDS: Mapping[tuple[str, Reason], str] = {
    **dict.fromkeys(
        (
            (Initiator.FETCH, Reason.ALLOW_ORIGIN_MULTIPLE),
            (Initiator.FETCH, Reason.ALLOW_ORIGIN_INVALID),
            (Initiator.FETCH, Reason.ALLOW_ORIGIN_MISMATCH),
        ),
        " Have the server send the header with a valid value.",
    ),
    **dict.fromkeys(
        (
            (Initiator.XHR, Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS),
            (Initiator.XHR, Reason.ALLOW_CREDENTIALS_NOT_TRUE),
        ),
        " The credentials mode of requests initiated by the XMLHttpRequest is controlled by the withCredentials "
        "attribute.",
    ),
}

_CHROMIUM_NO_ADVICE_SINCE = 137
"""Earlier ones advised no-cors: measured in 102 to 134; 137 does not."""
_CHROMIUM_ESCAPES_SINCE = 132
"""What is not printable ASCII in a header's value: 131 shows it as it came."""
_NO_CORS = (
    "an opaque response serves your needs, set the request's mode to 'no-cors' to fetch the resource with CORS "
    "disabled."
)
_CHROMIUM_ADDED: Mapping[Reason, str] = {
    Reason.ALLOW_ORIGIN_MISSING: f" If {_NO_CORS}",
    **dict.fromkeys(
        (Reason.ALLOW_ORIGIN_MULTIPLE, Reason.ALLOW_ORIGIN_INVALID, Reason.ALLOW_ORIGIN_MISMATCH),
        f" Have the server send the header with a valid value, or, if {_NO_CORS}",
    ),
}

_CHROMIUM_KINDS: Mapping[str, str] = {
    Initiator.FETCH: "fetch",
    Initiator.XHR: "XMLHttpRequest",
    Initiator.SCRIPT: "script",
    Initiator.STYLE: "CSS stylesheet",
    Initiator.IMAGE: "image",
    Initiator.FONT: "font",
    Initiator.VIDEO: "video",
    Initiator.AUDIO: "audio",
    Initiator.TRACK: "text track",
    Initiator.MANIFEST: "manifest",
    Initiator.PREFETCH: "link prefetch resource",
}

# Schemes that net/ refuses by name; what else REDIRECT_URL_UNUSABLE stands for is no URL at all
_CHROMIUM_UNSAFE = pattern(r"(?:about|blob|data|file|filesystem):", re.IGNORECASE)


def _chromium_console(refusal: Refusal, values: ConsoleValues) -> str | None:
    text = _CHROMIUM_TEXTS.get(refusal.reason)
    return _chromium_net_error(refusal, values) if text is None else _chromium_blocked(refusal, values, text)


def _chromium_net_error(refusal: Refusal, values: ConsoleValues) -> str | None:
    """What Chromium's network stack refuses before CORS is asked."""
    if refusal.reason is Reason.REDIRECT_COUNT_EXCEEDED:
        return "Failed to load resource: net::ERR_TOO_MANY_REDIRECTS"
    if refusal.reason is Reason.REDIRECT_URL_UNUSABLE:
        unsafe = _CHROMIUM_UNSAFE.match(values.location or refusal.detail or "")
        return f"Failed to load resource: net::{'ERR_UNSAFE_REDIRECT' if unsafe else 'ERR_INVALID_REDIRECT'}"
    return None


def _chromium_blocked(refusal: Refusal, values: ConsoleValues, text: str) -> str:
    reason = refusal.reason
    at, first = values.url, values.redirected_from
    if reason is Reason.REDIRECT_SCHEME_NOT_CORS:  # found when the next request starts: that one is named
        at, first = _serialized(values.location), values.redirected_from or values.url
    redirected = f"(redirected from '{first}') " if first is not None and first != at else ""
    preflight = refusal.stage is Stage.PREFLIGHT and reason in _CHROMIUM_SAYS_PREFLIGHT
    return (
        f"Access to {_CHROMIUM_KINDS.get(values.initiator, 'resource')} at '{at}' {redirected}"
        f"from origin '{values.page_origin or values.origin}' has been blocked by CORS policy: "
        + ("Response to preflight request doesn't pass access control check: " if preflight else "")
        + text.replace("{hint}", _chromium_hint(refusal.detail or "", values.version))
        + _chromium_adds(values, reason)
    )


def _chromium_adds(values: ConsoleValues, reason: Reason) -> str:
    """The advice at the end."""
    older = _CHROMIUM_ADDED.get(reason) if values.initiator is Initiator.FETCH else None
    if older is not None and 0 < values.version < _CHROMIUM_NO_ADVICE_SINCE:
        return older
    return _CHROMIUM_ADDS.get((values.initiator, reason), "")


def _chromium_hint(detail: str, version: int) -> str:
    return detail if 0 < version < _CHROMIUM_ESCAPES_SINCE else _escape(detail)


def _escape(value: str) -> str:
    r"""A header's value as Chromium's console shows it: what is not printable ASCII as `\u00E9`, byte by byte."""
    return re.sub(r"[^ -~]", lambda match: f"\\u{ord(match[0]):04X}", value)


def _serialized(location: str) -> str:
    """A URL of a scheme other than http(s) as a console shows it: scheme lower-cased, what is not ASCII escaped."""
    scheme, colon, rest = location.partition(":")
    return quote(scheme.lower() + colon + rest, safe=_PRINTABLE, errors="surrogateescape")


_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


# --- Firefox's texts --------------------------------------------------------------------------------------------------

_GECKO_BLOCKED = "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at "
_GECKO_FAILED = "{url}. (Reason: CORS request did not succeed). Status code: (null)."
_GECKO_NOT_HTTP = "{location}. (Reason: CORS request not http)."

_GECKO_TEXTS: Mapping[str, str] = {
    "CORSDidNotSucceed2": _GECKO_FAILED,
    "CORSExternalRedirectNotAllowed": "{url}. (Reason: CORS request external redirect not allowed).",
    "CORSMissingAllowOrigin2": (
        "{url}. (Reason: CORS header ‘Access-Control-Allow-Origin’ missing). Status code: {status}."
    ),
    "CORSMultipleAllowOriginNotAllowed": (
        "{url}. (Reason: Multiple CORS header ‘Access-Control-Allow-Origin’ not allowed)."
    ),
    "CORSAllowOriginNotMatchingOrigin": (
        "{url}. (Reason: CORS header ‘Access-Control-Allow-Origin’ does not match ‘{detail}’)."
    ),
    "CORSNotSupportingCredentials": (
        "‘{url}’. (Reason: Credential is not supported if the CORS header ‘Access-Control-Allow-Origin’ is ‘*’)."
    ),
    "CORSMethodNotFound": "{url}. (Reason: Did not find method in CORS header ‘Access-Control-Allow-Methods’).",
    "CORSMissingAllowCredentials": (
        "{url}. (Reason: expected ‘true’ in CORS header ‘Access-Control-Allow-Credentials’)."
    ),
    "CORSPreflightDidNotSucceed3": ("{url}. (Reason: CORS preflight response did not succeed). Status code: {status}."),
    "CORSInvalidAllowMethod": (
        "{url}. (Reason: invalid token ‘{detail}’ in CORS header ‘Access-Control-Allow-Methods’)."
    ),
    "CORSInvalidAllowHeader": (
        "{url}. (Reason: invalid token ‘{detail}’ in CORS header ‘Access-Control-Allow-Headers’)."
    ),
    "CORSMissingAllowHeaderFromPreflight2": (
        "{url}. (Reason: header ‘{detail}’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS "
        "preflight response)."
    ),
}

_GECKO_FAILS = "CORSDidNotSucceed2"
_GECKO_LONGEST = 1000
"""Characters of a message. Measured with Firefox 153."""


def _gecko_console(refusal: Refusal, values: ConsoleValues) -> str | None:
    name = browser_error("gecko", refusal)
    if name is None:
        return None
    reports = [(name, refusal.detail), *_gecko_further_reports(name, refusal, values)]
    lines = [_fill(_GECKO_TEXTS[key], _gecko_values(values, detail)) for key, detail in reports]
    if refusal.reason is Reason.REDIRECT_SCHEME_NOT_CORS and refusal.stage is Stage.REDIRECT:
        location = _serialized(values.location).replace(" ", "%20")
        if not location.startswith("blob:"):
            lines.insert(0, _fill(_GECKO_NOT_HTTP, {"{location}": location}))
    return "\n".join((_GECKO_BLOCKED + line)[:_GECKO_LONGEST] for line in lines)


def _gecko_further_reports(name: str, refusal: Refusal, values: ConsoleValues) -> Iterator[tuple[str, str | None]]:
    """Names and details of what other channels of the same fetch report, after the one that failed."""
    if refusal.reason is Reason.PREFLIGHT_REDIRECTED:
        second = values.recheck and browser_error("gecko", values.recheck)
        yield (second, values.recheck.detail) if values.recheck and second else ("CORSPreflightDidNotSucceed3", None)
    elif refusal.stage is Stage.PREFLIGHT and values.location and name != _GECKO_FAILS:
        yield _GECKO_FAILS, None  # the redirect ends the preflight's own channel, which reports as well
    if refusal.stage is Stage.PREFLIGHT or (refusal.stage is Stage.REDIRECT and name != _GECKO_FAILS):
        yield _GECKO_FAILS, None  # the request that never got its turn reports, too


def _gecko_values(values: ConsoleValues, detail: str | None) -> Mapping[str, str]:
    return {
        "{url}": values.url,
        "{detail}": (detail or "").encode("latin-1", "replace").decode("utf-8", "replace"),  # NS_ConvertUTF8toUTF16
        "{status}": "(null)" if values.status is None else str(values.status),
    }


# --- WebKit's texts ---------------------------------------------------------------------------------------------------

_WEBKIT_TEXTS: Mapping[str, str] = {
    "AllowOriginMismatch": "Origin {origin} is not allowed by Access-Control-Allow-Origin. Status code: {status}",
    "MultipleAllowOrigin": "Access-Control-Allow-Origin cannot contain more than one origin.",
    "WildcardWithCredentials": ("Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true."),
    "AllowCredentialsNotTrue": 'Credentials flag is true, but Access-Control-Allow-Credentials is not "true".',
    "PreflightStatus": "Preflight response is not successful. Status code: {status}",
    "InvalidAllowMethods": "Header Access-Control-Allow-Methods has an invalid value: {detail}",
    "InvalidAllowHeaders": "Header Access-Control-Allow-Headers has an invalid value: {detail}",
    "MethodNotAllowed": "Method {detail} is not allowed by Access-Control-Allow-Methods.",
    "HeaderNotAllowed": "Request header field {header} is not allowed by Access-Control-Allow-Headers.",
    "RedirectHasCredentials": "redirection URL {location} has credentials",
    "RedirectScheme": "not allowed to follow a cross-origin CORS redirection with non CORS scheme",
}

_WEBKIT_REDIRECT = "Cross-origin redirection to {target} denied by Cross-Origin Resource Sharing policy: "

# Images name the first URL of the fetch; scripts are left out, for only classic ones say more, and stylesheets,
# fonts and media say nothing more
_WEBKIT_SECOND_LINES: Mapping[str, str] = {
    Initiator.FETCH: "Fetch API cannot load {url} due to access control checks.",
    Initiator.XHR: "XMLHttpRequest cannot load {url} due to access control checks.",
    Initiator.EVENTSOURCE: "EventSource cannot load {url} due to access control checks.",
    Initiator.BEACON: "Beacon API cannot load {url}. {text}",
    Initiator.IMAGE: "Cannot load image {first} due to access control checks.",
    Initiator.TRACK: "Cross-origin text track load denied by Cross-Origin Resource Sharing policy.",
}


def _webkit_console(refusal: Refusal, values: ConsoleValues) -> str | None:
    name = browser_error("webkit", refusal)
    if name is None:
        return None
    text = _WEBKIT_TEXTS.get(name)
    if text is None:
        text = _WEBKIT_TEXTS[name.removeprefix("Redirect")]
    if refusal.stage is Stage.REDIRECT:
        text = _WEBKIT_REDIRECT + text
    location = _webkit_location(values.location)
    filled = {
        "{url}": values.url,
        "{first}": values.redirected_from or values.url,
        "{origin}": values.origin,
        "{status}": "" if values.status is None else str(values.status),
        "{detail}": _as_libsoup((refusal.detail or "").encode("latin-1", "replace")),
        "{header}": _as_written(refusal.detail or ""),
        "{location}": location,
        "{target}": re.sub(r"^([a-z][a-z0-9+.-]*://)[^/?#]*@", r"\1", location),
    }
    text = _fill(text, filled)
    second = _WEBKIT_SECOND_LINES.get(values.initiator)
    return text if second is None else f"{text}\n{_fill(second, {**filled, '{text}': text})}"


def _webkit_location(location: str) -> str:
    """Parsed as a URL, which escapes what is not ASCII."""
    return _serialized(_as_libsoup(location.encode("utf-8", "surrogateescape")))


def _as_libsoup(value: bytes) -> str:
    """A header's value as WebKitGTK reads it.

    libsoup makes it valid UTF-8, a replacement character for each bad byte; WebKit takes that for ISO 8859-1.
    """
    text = re.sub("[\udc80-\udcff]", "\ufffd", value.decode("utf-8", "surrogateescape"))
    return text.encode("utf-8").decode("latin-1")


def _as_written(name: str) -> str:
    """A header's name as scripts usually write it, X-Custom. WebKit shows the script's own case, the wire has none."""
    return "-".join(part.capitalize() for part in name.split("-"))


def _fill(template: str, values: Mapping[str, str]) -> str:
    """Put values into a template, in one pass: what a value holds is never taken for a placeholder."""
    return re.sub(r"\{[a-z]+\}", lambda match: values[match[0]], template)


_CONSOLES: Mapping[str, Callable[[Refusal, ConsoleValues], str | None]] = {
    "chromium": _chromium_console,
    "gecko": _gecko_console,
    "webkit": _webkit_console,
}
