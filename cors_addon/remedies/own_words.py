"""What a server says in its own words beside the status: gateways, stores, proxies, and lists of hosts.

Each word stands in the body, or the status alone has no other meaning. Source: the programs' documentation, and their
answers as they are met.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from cors_addon.fetch.patterns import pattern
from cors_addon.remedies.rule import Headers, Ruling
from cors_addon.remedies.situation import Situation
from cors_addon.remedies.value import Happened, Remedy, Settings, Sure, Who

KIND = "own-words"


class OwnWord(NamedTuple):
    """One answer that tells more than its status."""

    is_said: Callable[[Situation], bool]
    text: str
    """What really failed; `{status}`, `{host}`, `{place}`, `{origin}` and `{listed}` stand for what is known."""
    who: Who
    what: str
    why: str
    settings: tuple[tuple[str, str], ...] = ()
    opens: str = ""


def _body(status: int, words: str) -> Callable[[Situation], bool]:
    found = pattern(words, re.IGNORECASE)
    return lambda s: s.status == status and not s.preflight and found.search(s.body) is not None


_HOST = pattern(
    r"invalid host header|DisallowedHost|invalid HTTP_HOST header|blocked request\. this host|blocked hosts?: ",
    re.IGNORECASE,
)

_WORDS = (
    OwnWord(
        lambda s: s.status == 407,
        "A proxy on the way answered 407: it wants to know the user before it passes anything on.",
        Who.USER,
        "Log in to the proxy (open {place} in a tab, and the browser asks), or keep {host} off it",
        "The server was not asked, so nothing that it says can help.",
    ),
    OwnWord(
        lambda s: s.status in (400, 403, 421) and _HOST.search(s.body) is not None,
        "The answer is a {status}: the server has a list of the names that it answers to, and {host} is not on it.",
        Who.SERVER,
        "Put {host} on the server's list of hosts",
        "It guards against DNS rebinding so, and answers before CORS has its turn.",
        (
            ("webpack-dev-server", "devServer.allowedHosts: ['{host}']"),
            ("Vite", "server.allowedHosts: ['{host}']"),
            ("Starlette, FastAPI", 'TrustedHostMiddleware, allowed_hosts=["{host}"]'),
            ("Django", 'ALLOWED_HOSTS = ["{host}"]'),
            ("Rails", 'config.hosts << "{host}"'),
        ),
        "the server answers to this name, too",
    ),
    OwnWord(
        lambda s: s.status == 403 and s.preflight and s.url is not None and s.url.port == 11434 and bool(s.origin),
        "The preflight was answered 403: the origin {origin} is not on Ollama's list, most likely.",
        Who.SERVER,
        "Allow the origin {origin} in Ollama's own list: the environment variable OLLAMA_ORIGINS={listed}",
        "Ollama listens at this port, and forbids whatever comes from an origin that it does not know.",
        (("Ollama", "OLLAMA_ORIGINS={listed}"),),
        "pages of {origin} may use the models",
    ),
    OwnWord(
        _body(403, "missing authentication token"),
        "The answer is a 403: API Gateway has no such URL, or not for this method, and calls that a missing token.",
        Who.PAGE,
        "See whether URL and method are right: {place} (the stage, such as /prod, belongs to the path)",
        "A token would change nothing. Where both are right, the API has to be deployed anew.",
    ),
    OwnWord(
        lambda s: s.status == 403 and not s.preflight and (s.value("x-amzn-errortype") or "") == "ForbiddenException",
        "The answer is a 403 of API Gateway itself: the function behind it was not asked.",
        Who.PAGE,
        "Send the API's key (x-api-key), where the method wants one, and see whether the path is one of this domain's",
        "Without a key, with one of another usage plan, or by a policy or WAF, API Gateway says only Forbidden.",
    ),
    OwnWord(
        _body(403, "SignatureDoesNotMatch"),
        "The answer is a 403: the signature is not that of what was sent.",
        Who.PAGE,
        "Send exactly what was signed: the same method, host, path and headers (Content-Type above all)",
        "The store signs what it got, and compares; browsers and libraries add a Content-Type by themselves.",
    ),
)


def happened(s: Situation) -> Happened | None:
    """What the server says; None where it says nothing that is known."""
    word = _said(s)
    return None if word is None else Happened(KIND, _filled(word.text, s))


def ruling(s: Situation) -> Ruling:
    """What to change for that; the headers that errors lack come after it."""
    word = _said(s)
    assert word is not None
    settings = tuple((name, _filled(text, s)) for name, text in word.settings)
    change = Settings(settings) if settings else None
    made = Remedy(word.who, _filled(word.what, s), change, word.why, _filled(word.opens, s), Sure.LIKELY)
    return Ruling((made,), Headers.NEVER if s.preflight or word.who is Who.USER else Headers.LAST)


def _said(s: Situation) -> OwnWord | None:
    return next((word for word in _WORDS if word.is_said(s)), None)


def _filled(text: str, s: Situation) -> str:
    scheme = (s.origin or "").partition("://")[0]
    known = {
        "status": str(s.status),
        "host": "the server" if s.url is None else s.url.host,
        "place": s.place,
        "origin": s.origin or "the page",
        "listed": f"{scheme}://*" if scheme not in ("http", "https") else s.origin or "",
    }
    return re.sub(r"\{(\w+)\}", lambda match: known[match[1]], text)
