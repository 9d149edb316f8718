"""Remedies for what really failed: the error first, the headers that errors lack after it."""

import re
from collections.abc import Callable, Mapping

from cors_addon.fetch.origins import is_loopback
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.refusals import Reason
from cors_addon.remedies import own_words, upstream_error
from cors_addon.remedies.failed import refused_by_cors, said_of_cors
from cors_addon.remedies.guards import guard_of
from cors_addon.remedies.rule import Headers, Ruling
from cors_addon.remedies.situation import Situation
from cors_addon.remedies.value import Happened, InPage, Remedy, Settings, Sure, Who

type _Rule = Callable[[Situation], Ruling]


def failed(s: Situation, what: Happened | None) -> Ruling | None:
    """The remedies for what really failed; None where nothing did, or the headers are at fault all the same."""
    rule = None if what is None else _BY_KIND.get(what.kind)
    if rule is None or what is None:
        return None
    ruling = rule(s)
    if what.kind in _WHATEVER_THE_HEADERS or s.reason in (Reason.ALLOW_ORIGIN_MISSING, Reason.NETWORK_ERROR, None):
        return ruling
    if s.reason is Reason.STATUS_NOT_OK and what.kind.startswith("preflight-"):  # it has the same change, and says why
        return ruling
    # the headers are wrong on good answers, too
    return ruling._replace(headers=Headers.FIRST)


_WHATEVER_THE_HEADERS = frozenset(
    {
        *("bot-check", "firewall", "cors-refused", "no-answer", "not-passed-on", "not-recorded"),
        *("unreadable", "headers-too-large"),
    }
)


_CERTIFICATE = pattern(r"CERT|SSL|SEC_ERROR|MOZILLA_PKIX|TLS", re.IGNORECASE)
_ERRORS: tuple[tuple[str, Who, str], ...] = (
    (
        r"NAME_NOT_RESOLVED|UNKNOWN_HOST",
        Who.PAGE,
        "See whether the host's name is right: no address was found for {host}",
    ),
    (r"CONNECTION_REFUSED", Who.SERVER, "Start the server, or mend the port: nothing listens at {origin}"),
    (r"TIMED_OUT|NET_TIMEOUT", Who.SERVER, "See why {host} does not answer in time: a firewall, or a server too busy"),
    (
        r"BLOCKED_BY_CLIENT|BLOCKED_BY_ADMINISTRATOR",
        Who.USER,
        "Switch off the extension or policy that blocks {origin}",
    ),
    (r"INTERNET_DISCONNECTED|NET_OFFLINE|OFFLINE", Who.USER, "Connect to the network: the browser was offline"),
    (r"PROXY", Who.USER, "See to the browser's proxy: the connection to it failed"),
)
"""By the browser's name of the error."""


def no_answer(s: Situation) -> Ruling:
    """The connection ended before an answer came."""
    error = (s.block.detail if s.block is not None else None) or s.error
    host, origin = ("the server", "the server") if s.url is None else (s.url.host, s.url.origin)
    found = [
        Remedy(who, what.format(host=host, origin=origin), why=f"The browser says {error}.", sure=Sure.SURE)
        for pattern, who, what in _ERRORS
        if re.search(pattern, error)
    ][:1]
    local = s.url is not None and s.url.scheme == "https" and is_loopback(s.url.host)
    if not found and (local or _CERTIFICATE.search(error)):
        found.append(
            Remedy(
                Who.USER,
                f"Open {origin} in a tab of its own and see whether its certificate is trusted; trust it (dotnet "
                "dev-certs https --trust, mkcert -install), or ask it by http",
                why="A certificate that the browser does not trust ends the connection before any answer.",
                sure=Sure.POSSIBLE if not error else Sure.LIKELY,
            )
        )
    found.append(
        Remedy(
            Who.SERVER,
            f"See why {host} gives no answer: whether it runs and listens there, its certificate, its log",
            why="No header matters before an answer comes; the browser may call it a CORS error all the same.",
        )
    )
    return Ruling(tuple(found), Headers.NEVER)


def _not_recorded(s: Situation) -> Ruling:
    what = "Record the answer, too: through mitmproxy, or with the developer tools open before the page is loaded"
    record = Remedy(Who.USER, what, why="What the answer lacked is not in this recording.")
    if not s.inward or s.status is not None:
        return Ruling((record,), Headers.NEVER)
    why = "A public page asked an address of the local network, or this machine, which the browser guards beside CORS."
    if (s.own or "").startswith("http://"):
        guarded = Remedy(Who.PAGE_SERVER, "Serve the page over https, or from the local network itself", why=why)
    elif s.asks_user:
        guarded = Remedy(Who.USER, "Allow the page «Local network access» in the browser's site settings", why=why,
                         opens="the page may reach devices in the user's network", sure=Sure.POSSIBLE)  # fmt: skip
    else:
        return Ruling((record,), Headers.NEVER)
    return Ruling((guarded, record), Headers.NEVER)


def _guarded(s: Situation) -> Ruling:
    guard = guard_of(s)
    name = guard.name if guard is not None else "the firewall"
    what = f"Exempt this path from {name}'s check"
    if s.preflight:
        what = f"Exempt OPTIONS requests of this path from {name}'s check (skip the rule for method OPTIONS)"
    why = "The check answers in the server's place, without CORS headers, and a script cannot pass it."
    if s.preflight:
        why = "A preflight runs no script and bears no cookie: it can never pass such a check."
    found = [Remedy(Who.PROXY, what, why=why, opens="requests that the check would have turned away reach the server")]
    if not s.preflight and guard is not None and guard.challenge:
        user = f"Open {s.url.origin if s.url else 'the server'} in a tab, pass its check, and try again"
        found.append(Remedy(Who.USER, user, why="The cookie of a passed check may let the page's requests through, if "
                            "they include credentials.", sure=Sure.POSSIBLE))  # fmt: skip
    return Ruling(tuple(found), Headers.NEVER)


def _cors_refused(s: Situation) -> Ruling:
    said = said_of_cors(s)
    lists = {
        "origin": f"{s.origin or 'the page'} on the list of origins",
        "method": f"the method {s.method} on the list of methods".replace("  ", " "),
        "headers": f"{', '.join(s.headers) or 'the header'} on the list of headers",
    }
    listed = ", and ".join(lists[each] for each in refused_by_cors(s, said))
    what = _at_server(s, f"Put {listed} that the server's CORS setting allows")
    why = f'It says "{said[:160]}": the list is compared letter by letter; scheme and port count.'
    return Ruling((Remedy(Who.SERVER, what, s.whole_change, why, _opens(s), Sure.SURE),), Headers.NEVER)


def _opens(s: Situation) -> str:
    return f"pages of {s.origin} may read these answers" if s.origin else ""


def _origin_refused(s: Situation) -> Ruling:
    scheme = (s.origin or "").partition("://")[0]
    pattern = f"{scheme}://*" if scheme not in ("http", "https") else s.origin or ""
    what = f"Allow the origin {s.origin} in the server's own list"
    change = None
    if s.url is not None and s.url.port == 11434:
        what += f": Ollama has the environment variable OLLAMA_ORIGINS={pattern}"
        change = Settings((("Ollama", f"OLLAMA_ORIGINS={pattern}"),))
    why = "It is the server that answers 403; with CORS headers alone it would still be a 403."
    return Ruling((Remedy(Who.SERVER, what, change, why, _opens(s)),), Headers.NEVER)


_BEFORE_LOGIN = "The CORS middleware must stand before authentication (and routing), so that it answers OPTIONS itself."


def _at_server(s: Situation, what: str) -> str:
    """With the setting of the server that was recognised."""
    return f"{what}. This looks like {s.server}: {s.setting}" if s.setting else what


def _preflight_unauthorized(s: Situation) -> Ruling:
    what = _at_server(s, "Answer OPTIONS before asking for a login")
    remedy = Remedy(Who.SERVER, what, s.whole_change, _BEFORE_LOGIN, sure=Sure.SURE)
    return Ruling((remedy,), Headers.NEVER)


def _preflight_forbidden(s: Situation) -> Ruling:
    if "not configured to allow the HTTP request method" in s.body:  # CloudFront's own words
        what = "Allow OPTIONS in CloudFront: «Allowed HTTP methods» of this behaviour (GET, HEAD, OPTIONS, or all)"
        why = "The distribution refuses the method by itself; the server behind it never saw the preflight."
        return Ruling((Remedy(Who.PROXY, what, why=why, sure=Sure.SURE),), Headers.NEVER)
    if "Missing Authentication Token" in s.body:  # AWS API Gateway's own words
        what = (
            "Give this resource an OPTIONS method («Enable CORS» in API Gateway), deploy the API anew, and see whether "
        )
        what += "the URL has its stage in it"
        why = "API Gateway says so of a URL or a method that it does not have, whatever was sent with it."
        return Ruling((Remedy(Who.SERVER, what, s.whole_change, why),), Headers.NEVER)
    if "does not have permission to get URL" in s.body:  # Google's front end
        what = "Let everybody call this service (Cloud Run, Cloud Functions: «allow unauthenticated invocations»), and "
        what += "check the token in its code; or see whether its name and region are right"
        why = "Google's front end asked for a login; a preflight never carries one, so it did not reach the service."
        opens = "whoever asks reaches the service's code, which must then look at the token itself"
        return Ruling((Remedy(Who.SERVER, what, None, why, opens),), Headers.NEVER)
    what = _at_server(s, f"Answer OPTIONS here with an ok status, and have {s.asker} on the list of allowed origins")
    why = "It may be a rule of the server or of a firewall before it that forbids OPTIONS, or the server's CORS layer "
    why += "that does not know the origin, method or header: its log tells."
    return Ruling((Remedy(Who.SERVER, what, s.whole_change, why),), Headers.NEVER)


def _preflight_not_found(s: Situation) -> Ruling:
    handled = re.search(r"cannot options", s.body, re.IGNORECASE) is not None
    what = "Handle OPTIONS at this URL: put the CORS middleware before the routes"
    url = Remedy(
        Who.PAGE,
        f"See whether the URL is right: {s.place} (its path, version, port, slash at the end)",
        why=f"A wrong URL is answered {'with a page' if s.status != 404 else 404} to any method.",
        sure=Sure.POSSIBLE,
    )
    why = "A route for this method alone does not answer OPTIONS."
    server = Remedy(Who.SERVER, _at_server(s, what), s.whole_change, why)
    return Ruling((server,) if handled else (server, url), Headers.NEVER)


def _preflight_method(s: Situation) -> Ruling:
    what = _at_server(s, f"Let OPTIONS reach the CORS layer of this path, and have {s.asker} on its list of origins")
    why = f"{s.status} means that nothing handled OPTIONS: no CORS layer stands before this route, or it handed the "
    why += "preflight on because the origin is not on its list."
    return Ruling((Remedy(Who.SERVER, what, s.whole_change, why),), Headers.NEVER)


def _preflight_refused(s: Situation) -> Ruling:
    what = f"Answer OPTIONS here with an ok status: have {s.asker}, the method and the headers on the lists that the "
    what += "server's CORS setting allows, and let no handler of the path itself answer OPTIONS"
    why = "Some CORS layers answer so what is not on their list; a handler that takes OPTIONS for a request of its own "
    why += "misses a body or parameters there, for a preflight has none. The body of the answer, or the log, tells."
    return Ruling((Remedy(Who.SERVER, what, s.whole_change, why),), Headers.NEVER)


def _server_error(s: Situation) -> Ruling:
    status = s.status or 500
    before = status in (502, 503, 504) or status >= 520
    what = f"Mend the failure first: find the {status} in the server's log"
    if before:
        what = f"Mend the failure first: the gateway answered {status}, so see whether the server behind it runs"
    why = "The answer that failed has no CORS headers, because it comes from an exception handler or a gateway; good "
    why += "answers may well have them."
    if status == 500:
        why += " Where preflights and requests are all answered 500, the CORS callback itself may raise the error."
    if s.reason is not Reason.ALLOW_ORIGIN_MISSING:
        why = "With the headers right, the page can read the error; the request still failed."
    return Ruling((Remedy(Who.SERVER, what, why=why),), Headers.LAST)


def _expired(s: Situation) -> Ruling:
    found = (
        Remedy(Who.PAGE, "Get a new token (refresh it, or log in again) before the request, and send that",
               why="The server refuses the old one; the page cannot see that, for its answer has no CORS headers.",
               sure=Sure.SURE),
        Remedy(Who.USER, "Log in again", sure=Sure.POSSIBLE),
    )  # fmt: skip
    return Ruling(found)


def _unauthorized(s: Situation) -> Ruling:
    bore = s.asked("authorization") or s.asked("cookie")
    if bore:
        what = "Send a valid token or session: the server did not accept the one that was sent"
        found = [Remedy(Who.PAGE, what, why="Its issuer, audience, key, or time may be wrong; the body may say.")]
        found.append(Remedy(Who.USER, "Log in again", sure=Sure.POSSIBLE))
        return Ruling(tuple(found))
    if not s.sent:
        what = "Send a valid token or session: none came with the request, or the server did not accept it"
        why = "Across origins a session's cookie comes along only with credentials: 'include'."
        return Ruling((Remedy(Who.PAGE, what, why=why), Remedy(Who.USER, "Log in again", sure=Sure.POSSIBLE)))
    what = "Send what the server wants to know the user by: an Authorization header, or credentials: 'include' for its "
    change = InPage(credentials="include") if s.credentialed is False else None
    why = "The request bore neither Authorization nor a cookie that can be seen here."
    return Ruling((Remedy(Who.PAGE, f"{what}cookie", change, why),))


def _forged(s: Situation) -> Ruling:
    said = s.body.lower()
    if "origin checking failed" in said or "referer checking failed" in said:
        line = f'CSRF_TRUSTED_ORIGINS = ["{s.origin}"]'
        what = f"Trust the page's origin in Django's check: {line}"
        remedy = Remedy(Who.SERVER, what, Settings((("Django", line),)), "Its CSRF check compares Origin with a list.",
                        f"pages of {s.origin} may send requests with the user's cookies")  # fmt: skip
        return Ruling((remedy,))
    found = (
        Remedy(Who.PAGE, "Send the token that the server's CSRF check wants (X-CSRF-Token, X-XSRF-TOKEN, X-CSRFToken: "
               "from its cookie, form or meta element), with credentials: 'include'",
               why="The check refuses requests without it, or with that of another session."),
        Remedy(Who.SERVER, "Exempt from the CSRF check what is authorized by a token in a header and not by cookies",
               opens="forged requests pass there, if cookies are accepted after all", sure=Sure.POSSIBLE),
    )  # fmt: skip
    return Ruling(found)


def _forbidden(s: Situation) -> Ruling:
    origin = f", or has no rule against the origin {s.origin}" if s.origin else ""
    what = f"See why the server forbids it (its log, the answer's body): whether this user may do it{origin}"
    return Ruling((Remedy(Who.SERVER, what, why="It is a 403 of the server's own, which CORS headers do not change."),))


def _not_found(s: Situation) -> Ruling:
    what = f"See whether the URL is right: {s.place} (its path, version, port, slash at the end)"
    return Ruling(
        (Remedy(Who.PAGE, what, why="The server has nothing there, and its error page has no CORS headers."),)
    )


def _method(s: Situation) -> Ruling:
    allow = s.value("allow")
    what = f"See whether URL and method are right: {s.method or 'the method'} is not handled at {s.place}"
    if allow:
        what = f"Use a method that this URL has ({allow}), or the URL that has {s.method or 'this one'}"
    return Ruling((Remedy(Who.PAGE, what, why="A slash missing at the end of the path often leads to this."),))


def _too_large(s: Situation) -> Ruling:
    server = (s.value("server") or "").lower()
    proxied = re.search(r"nginx|cloudflare|openresty|envoy|awselb|haproxy|caddy|apache", server) or "nginx" in s.body
    limits = Settings(
        (
            (
                "nginx, ingress-nginx",
                "client_max_body_size 50m; (annotation nginx.ingress.kubernetes.io/proxy-body-size)",
            ),
            ("Apache", "LimitRequestBody"),
            ("Express", "express.json({limit: '50mb'})"),
            ("IIS", "maxAllowedContentLength"),
            ("Spring Boot", "spring.servlet.multipart.max-request-size"),
            ("PHP", "post_max_size, upload_max_filesize"),
        )
    )
    if s.status != 413:
        what = "Send less: shorten the URL, or have fewer and smaller cookies"
        return Ruling((Remedy(Who.PAGE, what),))
    found = (
        Remedy(Who.PROXY if proxied else Who.SERVER, "Raise the limit on the size of a request's body", limits,
               "What refuses it is mostly a proxy before the server, which adds no CORS headers to its own errors."),
        Remedy(Who.PAGE, "Send less: in parts, or compressed", sure=Sure.POSSIBLE),
    )  # fmt: skip
    return Ruling(found)


def _rate_limited(s: Situation) -> Ruling:
    after = s.value("retry-after")
    wait = f"{after} s" if after and after.isdigit() else f"until {after}" if after else "a while, longer each time"
    found = (
        Remedy(Who.PAGE, f"Wait {wait} before asking again, and ask less often",
               why="The server counts requests, and refuses them for a time.", sure=Sure.SURE),
        Remedy(Who.USER, "Wait, then load the page again", sure=Sure.POSSIBLE),
    )  # fmt: skip
    return Ruling(found)


def _not_passed_on(s: Situation) -> Ruling:
    line = upstream_error.refused_line(s.error)
    if line is not None:
        what = f'Mend the header "{line}": a header is a name, which is a token, and right after it a colon'
        why = "mitmproxy passes on no answer with an invalid header, and answers itself, without CORS headers."
        return Ruling((Remedy(Who.SERVER, what, why=why, sure=Sure.SURE),), Headers.NEVER)
    host = "the server" if s.url is None else s.url.host
    what = f"See why mitmproxy gets no answer from {host}: {s.error.strip()}"
    why = "No header matters before an answer comes; mitmproxy answers itself, without CORS headers."
    return Ruling((Remedy(Who.SERVER, what, why=why, sure=Sure.SURE),), Headers.NEVER)


def _unreadable(_s: Situation) -> Ruling:
    what = "Take the control bytes out of that header: encode what it holds, or leave the header out"
    why = "HTTP forbids them. Over HTTP/1.1 browsers refuse a NUL, over HTTP/2 line breaks too, Chromium all of them."
    return Ruling((Remedy(Who.SERVER, what, why=why, sure=Sure.SURE),), Headers.NEVER)


def _bad_request(s: Situation) -> Ruling:
    what = f"Mend the request: the server answered {s.status}; its body may say what it misses"
    return Ruling((Remedy(Who.PAGE, what, why="Error answers often lack the CORS headers that good ones have."),))


def _headers_too_large(_s: Situation) -> Ruling:
    what = "Send fewer bytes of headers: move what is long into the body, and send each cookie once"
    why = "Over HTTP/1.1 Chromium takes 262,144 bytes, Firefox 393,216, WebKitGTK 65,536; many proxies take 8,192."
    return Ruling((Remedy(Who.SERVER, what, why=why, sure=Sure.SURE),), Headers.NEVER)


_BY_KIND: Mapping[str, _Rule] = {
    "no-answer": no_answer,
    "not-passed-on": _not_passed_on,
    "unreadable": _unreadable,
    "headers-too-large": _headers_too_large,
    "not-recorded": _not_recorded,
    "bot-check": _guarded,
    "firewall": _guarded,
    "cors-refused": _cors_refused,
    own_words.KIND: own_words.ruling,
    "origin-refused": _origin_refused,
    "preflight-unauthorized": _preflight_unauthorized,
    "preflight-forbidden": _preflight_forbidden,
    "preflight-not-found": _preflight_not_found,
    "preflight-method": _preflight_method,
    "preflight-page": _preflight_not_found,
    "preflight-refused": _preflight_refused,
    "server-error": _server_error,
    "expired": _expired,
    "unauthorized": _unauthorized,
    "csrf": _forged,
    "forbidden": _forbidden,
    "not-found": _not_found,
    "method": _method,
    "too-large": _too_large,
    "rate-limited": _rate_limited,
    **dict.fromkeys(
        ("bad-request", "payment", "not-acceptable", "timeout", "conflict", "media-type", "misdirected", "upgrade",
         "precondition", "client-error"), _bad_request),
}  # fmt: skip
