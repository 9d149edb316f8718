"""What really failed, where the page sees a CORS error: told by the status, the headers and the body's first words.

The marks of bot checks and firewalls, of CSRF checks and of CORS libraries are their own literal texts and headers.
"""

import re
from collections.abc import Callable

from cors_addon.fetch.load import Gate
from cors_addon.fetch.origins import is_loopback
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.received import CONTROLS
from cors_addon.fetch.refusals import Reason
from cors_addon.remedies import own_words, upstream_error
from cors_addon.remedies.guards import Guard, guard_of
from cors_addon.remedies.situation import Situation, is_login
from cors_addon.remedies.value import Happened

_CSRF = pattern(
    r"csrf|xsrf|invalidauthenticitytoken|authenticity.?token|anti-?forgery|page expired|cross-site request forgery|"
    r"origin checking failed|referer checking failed",
    re.IGNORECASE,
)
_EXPIRED = pattern(
    r"expired|jwt exp\b|exp claim|token is no longer valid|invalid_token.{0,80}expir|ExpiredSignature|TokenExpired",
    re.IGNORECASE,
)
_BAD_TOKEN = pattern(
    r"invalid (?:jwt|token|bearer|signature|api.?key|credentials?)|jwt (?:malformed|invalid)|invalid_token|"
    r"(?:missing|no) (?:authorization|api.?key|auth|token)|bad credentials|malformed jwt|"
    r"could not validate credentials|signature verification failed|unauthorized: invalid|not enough segments",
    re.IGNORECASE,
)
_OF_CORS = pattern(
    r"\bcors\b|cross-origin|origin .{0,80}(?:not|is not) (?:allowed|permitted|authorized|whitelisted|in the)|"
    r"(?:disallowed|invalid|forbidden|unknown|bad|unauthorized) (?:cors )?origin|origin not (?:allowed|permitted)|"
    r"not allowed (?:by|from) (?:cors|(?:this )?origin)|referer_not_allowed|referer not allowed",
    re.IGNORECASE,
)
_OF_ORIGIN = pattern(r"(?<!cross-)\borigins?\b", re.IGNORECASE)
_OF_METHOD = pattern(r"\bmethods?\b", re.IGNORECASE)
_OF_HEADERS = pattern(r"\bheaders?\b", re.IGNORECASE)


def said_of_cors(s: Situation) -> str:
    """The server's own word about CORS, by the body's first line that has one, or a header; empty where it has none."""
    for name, value in s.answer:
        if re.search(r"cors.*error|error.*cors", name) and value:
            return value
    if s.status is None or not (s.status >= 400 or s.preflight):
        return ""
    for line in re.split(r"[\r\n]+|<[^>]{0,300}>", s.body[:4096]):
        if _OF_CORS.search(line) and not re.search(r"csrf|access to .{0,200} has been blocked", line, re.IGNORECASE):
            return " ".join(line.split())[:300]
    return ""


def _of_cors(s: Situation, said: str) -> Happened | None:
    """The CORS layer of the server refused, and said so."""
    words = {
        "origin": f"the origin {s.origin}" if s.origin else "the origin",
        "method": f"the method {s.method}" if s.method else "the method",
        "headers": f"a header ({', '.join(s.headers)})" if s.headers else "a header",
    }
    if not _names_one(s, said):
        text = f"The server's own CORS layer refused this request, and does not say for what: {words['origin']}, most "
        return Happened("cors-refused", f"{text}likely, or {words['method']}, or {words['headers']}.")
    about = [words[each] for each in refused_by_cors(s, said)]
    listed = " and ".join(filter(None, (", ".join(about[:-1]), about[-1])))
    return Happened("cors-refused", f"The server's own CORS layer refused {listed}: it says so.")


def refused_by_cors(s: Situation, said: str) -> tuple[str, ...]:
    """Of `origin`, `method` and `headers` what the server's word is about: by its library's text, else by its words."""
    named = tuple(each for each in ("origin", "method", "headers") if each in s.refused)
    if named:
        return named
    places = _named(said)
    return (min(places, key=places.__getitem__),) if _names_one(s, said) else ("origin",)


def _named(said: str) -> dict[str, int]:
    """Where it names them first."""
    found = {"origin": _OF_ORIGIN, "method": _OF_METHOD, "headers": _OF_HEADERS}
    return {name: match.start() for name, pattern in found.items() if (match := pattern.search(said))}


def _names_one(s: Situation, said: str) -> bool:
    """Whether it tells which: not where it names none of them, or counts them all up as what it may be."""
    return bool(s.refused) or len(_named(said)) in (1, 2)


# ---- by status ----


def happened(s: Situation) -> Happened | None:
    """What really failed; None where CORS itself, or what stopped the load, is all there is to tell."""
    if s.block is not None and s.block.gate not in _ERRORS_MATTER:
        return _no_answer(s.block.detail) if s.block.gate is Gate.NETWORK else None
    if s.reason is Reason.CAUSE_NOT_RECORDED:
        return Happened(
            "not-recorded",
            "The recording has no answer to this request, but the browser's word that it failed as refused ones do.",
        )
    if s.reason is Reason.HEADER_UNREADABLE:
        return _unreadable(s)
    if s.reason is Reason.HEADERS_TOO_LARGE:
        text = "The answer has more headers than the browser takes, so that it dropped the connection"
        return Happened(
            "headers-too-large", f"{text}: to the page it is a network failure, whatever the CORS headers say."
        )
    if s.error and s.status is not None:
        return Happened("not-passed-on", upstream_error.sentences(s.error, s.status))
    if s.reason is Reason.NETWORK_ERROR:
        return _no_answer(s.error)
    guard = guard_of(s)
    if guard is not None:
        return _guarded(s, guard)
    if said := said_of_cors(s):
        return _of_cors(s, said)
    for rule in _RULES:
        found = rule(s)
        if found is not None:
            return found
    return None


_CONTROLS = frozenset(CONTROLS.decode())


def _unreadable(s: Situation) -> Happened:
    names = [name for name, value in s.answer if _CONTROLS.intersection(value)]
    header = f"The header {names[0]}" if len(set(names)) == 1 else "A header"
    text = f"{header} of the answer holds a control byte, and for that the browser took nothing of the answer: to the "
    return Happened("unreadable", f"{text}page it is a network failure, whatever the CORS headers say.")


def _no_answer(error: str | None) -> Happened:
    named = f" ({error})" if error else ""
    text = f"No answer reached the browser: the connection ended{named}. CORS only reports that network failure."
    return Happened("no-answer", text)


_ERRORS_MATTER: frozenset[str] = frozenset({"cors", "orb", "mime", "nosniff", "other"})


def _guarded(s: Situation, guard: Guard) -> Happened:
    answered = f"{guard.name} answered {s.status} in the server's place"
    if not guard.challenge:
        return Happened("firewall", f"{answered}: a firewall turned the request away, not CORS.")
    what = "a check for bots, which a script's request cannot pass"
    if s.preflight:
        what = "a check for bots, which a preflight can never pass: it runs no script and bears no cookie"
    return Happened("bot-check", f"{answered}: {what}.")


def _redirected_to_login(s: Situation) -> Happened | None:
    if s.target is not None and s.url is not None and is_login(str(s.target)) and not is_login(str(s.url)):
        if s.preflight:
            text = f"The preflight was redirected to what looks like a login page, {s.target.host}: a preflight never "
            return Happened("login", f"{text}carries the session's cookie.")
        text = f"{s.url.host} redirected the request to what looks like a login page at {s.target.host}: perhaps the "
        return Happened("login", f"{text}session has ended.")
    if s.hops and s.url is not None and is_login(str(s.url)) and not is_login(str(s.hops[0])):
        text = f"The page asked for {s.hops[0]}, and was redirected to the login at {s.url.host}: the session has ended"
        return Happened("login", f"{text}, most likely.")
    return None


def _preflight_refused(s: Situation) -> Happened | None:
    status = s.status
    if not s.preflight or status is None:
        return None
    if 300 <= status <= 399 and s.location:
        return Happened("redirected", f"The preflight was redirected to {s.location}.")
    if _asks_for_login(s):
        return Happened(
            "preflight-unauthorized",
            f"The preflight was answered {status}. A preflight never carries cookies or Authorization: the server must "
            "answer OPTIONS before it asks who is there.",
        )
    if status == 403:
        return Happened(
            "preflight-forbidden",
            "The preflight was answered 403: the server, or what stands before it, forbids OPTIONS here, or this "
            "origin, method or header is not on its list.",
        )
    if status == 404:
        text = "The preflight was answered 404: there is nothing at this URL, or nothing that handles OPTIONS"
        named = f" or {s.method}" if s.method not in ("", "GET") else ""
        return Happened("preflight-not-found", f"{text}{named}. See whether another request to it is a 404, too.")
    if status in (405, 501):
        return Happened(
            "preflight-method",
            f"The preflight was answered {status}: OPTIONS is not handled at this URL, or the origin is not on the "
            "server's list (some middlewares hand such a preflight on).",
        )
    if s.reason is Reason.ALLOW_ORIGIN_MISSING and 200 <= status <= 299 and _is_page(s):
        return Happened(
            "preflight-page",
            f"The server answered OPTIONS with a page ({status}, {s.value('content-type') or 'HTML'}), as it would a "
            "GET: there is no CORS layer at this URL, or the request did not reach the API, but a web application or a "
            "default site.",
        )
    if status in _REFUSED_AS_A_REQUEST:
        return Happened(
            "preflight-refused",
            f"The preflight was answered {status}: the server's CORS layer refused the origin, the method or a header, "
            "or a handler took OPTIONS for a request of its own.",
        )
    return None


def _is_page(s: Situation) -> bool:
    kind = (s.value("content-type") or "").partition(";")[0].strip().lower()
    return kind in ("text/html", "application/xhtml+xml") or (
        not kind and re.match(r"\s*<(?:!doctype html|html)\b", s.body, re.IGNORECASE) is not None
    )


_REFUSED_AS_A_REQUEST = frozenset({400, 406, 409, 411, 415, 422, 428})


def _asks_for_login(s: Situation) -> bool:
    page = s.value("www-authenticate") is not None or re.search(r"\blog.?in\b|\bsign.?in\b", s.body, re.IGNORECASE)
    return s.status in (401, 407) or (s.status == 403 and bool(page))


def _server_failed(s: Situation) -> Happened | None:
    if s.status is None or s.status < 500:
        return None
    gateway = {
        502: "the gateway got no good answer from the server behind it",
        503: "the server is not available, or too busy",
        504: "the gateway waited in vain for the server behind it",
        **dict.fromkeys((520, 521, 522, 523, 524, 525, 526, 530), "the CDN did not reach the server behind it"),
    }.get(s.status)
    what = gateway or "a server or a gateway failed"
    if s.reason is not Reason.ALLOW_ORIGIN_MISSING:
        return Happened("server-error", f"The answer is a {s.status}: {what}.")
    return Happened(
        "server-error",
        f"The answer is a {s.status}: {what}, and its error page has no CORS headers. The page's script sees only a "
        "CORS error. Mend the failure first.",
    )


def _unauthorized(s: Situation) -> Happened | None:
    if s.status not in (401, 407):
        return None
    told = f"{s.value('www-authenticate') or ''} {s.body}"
    if _EXPIRED.search(told):
        return Happened("expired", f"The answer is a {s.status}: the token or session has expired.")
    bore = s.asked("authorization") is not None or s.asked("cookie") is not None
    if _BAD_TOKEN.search(told) or bore:
        text = f"The answer is a {s.status}: the request's token or session was not accepted"
        return Happened("unauthorized", f"{text}.")
    if not s.sent:  # what it bore is not known
        return Happened("unauthorized", f"The answer is a {s.status}: no token or session came, or none that is valid.")
    return Happened("unauthorized", f"The answer is a {s.status}: the request bore no valid token or session.")


def _forged(s: Situation) -> Happened | None:
    if s.status not in (400, 403, 419, 422) or not (_CSRF.search(s.body) or s.status == 419):
        return None
    text = f"The answer is a {s.status}: the server's check against forged requests (CSRF) refused it"
    return Happened("csrf", f"{text}, not CORS.")


def _forbidden(s: Situation) -> Happened | None:
    if s.status != 403:
        return None
    if _EXPIRED.search(s.body):
        return Happened("expired", "The answer is a 403: a token, signature or session has expired.")
    if s.value("www-authenticate") is None and _is_origin_refused(s):
        return Happened(
            "origin-refused",
            f"The server itself refused this request with 403, by its Origin ({s.origin}) most likely: it has a list "
            "of its own of origins that may use it. That is the server's decision, not the browser's.",
        )
    return Happened("forbidden", "The answer is a 403: the server itself forbids this request, whatever CORS says.")


def _is_origin_refused(s: Situation) -> bool:
    """A bare 403 to a page that the server of a program for one user would not know."""
    scheme = (s.origin or "").partition("://")[0]
    bare = len(s.body.strip()) < 3 or re.search(r"\borigin\b", s.body, re.IGNORECASE) is not None
    unusual = scheme not in ("http", "https") or (s.url is not None and _is_local(s.url.host))
    return bare and bool(s.origin) and unusual


def _is_local(host: str) -> bool:
    return (
        is_loopback(host) or re.fullmatch(r"(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\..*|.*\.local", host) is not None
    )


_WORDS: dict[int, tuple[str, str]] = {
    400: ("bad-request", "the server could not make sense of the request, or refused its contents"),
    402: ("payment", "the server wants to be paid first"),
    404: ("not-found", "there is nothing at this URL"),
    406: ("not-acceptable", "the server has no form of this that the request accepts, or a firewall refused it"),
    408: ("timeout", "the server waited in vain for the request"),
    409: ("conflict", "the request conflicts with what the server has"),
    410: ("not-found", "what was at this URL is gone"),
    413: ("too-large", "what the page sent is larger than the server, or a proxy before it, takes"),
    414: ("too-large", "the URL is longer than the server takes"),
    415: ("media-type", "the server does not take a body of this Content-Type"),
    421: ("misdirected", "the server does not answer for this host on this connection"),
    422: ("bad-request", "the server refused the request's contents"),
    426: ("upgrade", "the server wants another protocol"),
    428: ("precondition", "the server wants a condition in the request"),
    431: ("too-large", "the request's headers (its cookies, mostly) are larger than the server takes"),
    451: ("forbidden", "the server may not show this, for legal reasons"),
}


def _by_status(s: Situation) -> Happened | None:
    status = s.status or 0
    if status == 429:
        after = s.value("retry-after")
        wait = f" It may be asked again after {_waiting(after)} (Retry-After: {after})." if after else ""
        return Happened("rate-limited", f"The answer is a 429: too many requests were sent.{wait}")
    if status == 405:
        allow = s.value("allow")
        allowed = f" (Allow: {allow})" if allow else ""
        method = s.method or "the method"
        return Happened("method", f"The answer is a 405: {method} is not handled at this URL{allowed}.")
    if status in _WORDS:
        kind, words = _WORDS[status]
        return Happened(kind, f"The answer is a {status}: {words}.")
    if 400 <= status <= 499:
        return Happened("client-error", f"The answer is a {status}: the server refused the request itself.")
    return None


def _waiting(after: str) -> str:
    return f"{after} s" if after.isdigit() else "that time"


_RULES: tuple[Callable[[Situation], Happened | None], ...] = (
    _redirected_to_login,
    own_words.happened,
    _preflight_refused,
    _server_failed,
    _unauthorized,
    _forged,
    _forbidden,
    _by_status,
)
