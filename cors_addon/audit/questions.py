"""With which origins a server is asked: the page's own, and such that resemble it or the server, or are nobody's.

Law 1: what is on a list shows in the answer to the page's own origin: where that is let in, names like the page's are
asked with, else those like the server's own.
Law 2: each is what a browser could send, but for the page's own, which is what it sent.
"""

from collections.abc import Callable, Iterator
from enum import Enum, StrEnum
from typing import NamedTuple

from cors_addon.audit import hosts
from cors_addon.fetch.origins import OPAQUE, Url, parse_url, serialize_origin

NOBODY = "attacker.invalid"
"""A host that nobody can have, and no list names. https://www.rfc-editor.org/rfc/rfc6761#section-6.4"""
UNSEEN = "cors-probe"
"""A label that hardly any domain has a host for."""
_PREFIX = "attacker"
_LOCAL = ("http://localhost:3000", "http://localhost")
_SHARED = ".github.io"
"""Where anybody may have a page; most lists that name a host of many owners name this one."""
_MAX_ORIGIN = 256


class Asks(StrEnum):
    """The purpose of a question."""

    OWN = "own-origin"
    FOREIGN = "foreign-origin"
    NULL = "null-origin"
    INSECURE = "insecure-origin"
    LOOKALIKE = "lookalike-origin"
    SUBDOMAIN = "unseen-subdomain"
    SHARED = "shared-host"
    LOCAL = "local-origin"


class After(Enum):
    """What the answer to the page's own origin must be, for a question to be of use."""

    EITHER = "whatever it was"
    ALLOWED = "let in"
    REFUSED = "not let in"


class Rule(StrEnum):
    """How a server compares that lets in an origin which is made to resemble a host; `{}` is that host."""

    BEGINS = "begins with {}"
    SPECIAL = "begins with {} and a character that hosts hardly have"
    ENDS = "ends with {}"
    DOT = "is {} with any character in place of a dot"
    PART = "is a part of {}"


class Question(NamedTuple):
    """An origin to ask with."""

    asks: Asks
    origin: str
    like: str = ""
    """The host that it is made to resemble."""
    after: After = After.EITHER
    rule: Rule | None = None
    """Of a lookalike: what lets it in."""


def questions(url: Url, origin: str | None, referer: str | None, site: Callable[[str], str]) -> tuple[Question, ...]:
    """With which origins to ask; `origin` and `referer` are those of the request."""
    found: dict[str, Question] = {}
    for question in _questions(url, origin, referer, site):
        if question.asks is Asks.OWN or question.origin == OPAQUE or _is_origin(question.origin):
            known = found.setdefault(question.origin, question)
            if known.after is not question.after:
                found[question.origin] = known._replace(after=After.EITHER)
    return tuple(found.values())


def _questions(url: Url, origin: str | None, referer: str | None, site: Callable[[str], str]) -> Iterator[Question]:
    named = origin if origin and _may_be_sent(origin) else ""
    page = parse_url(named or referer or "") or url
    yield Question(Asks.OWN, named or page.origin)
    yield Question(Asks.FOREIGN, f"https://{NOBODY}")
    yield Question(Asks.NULL, OPAQUE)
    if url.scheme == "https":
        for host, after in ((page.host, After.ALLOWED), (url.host, After.REFUSED)):
            if after is After.REFUSED or page.scheme == "https":
                yield Question(Asks.INSECURE, f"http://{host}", host, after)
    elsewhere = site(url.host) != site(page.host)
    for each in _resembling(page, page.host, site, After.ALLOWED):
        if not (elsewhere and each.rule is Rule.PART):
            yield each
    if elsewhere and _has_name(url.host):
        like_server = _resembling(page, site(url.host), site, After.ALLOWED)
        yield from (each for each in like_server if each.rule in _MOST_TELLING)
    yield from _resembling(url, url.host, site, After.REFUSED)
    if not hosts.is_local(url.host):
        yield Question(Asks.LOCAL, _LOCAL[0])
        yield Question(Asks.SHARED, f"https://{UNSEEN}{_SHARED}", _SHARED[1:])
        yield Question(Asks.LOCAL, _LOCAL[1])


_MOST_TELLING = (Rule.BEGINS, Rule.ENDS)


def _may_be_sent(origin: str) -> bool:
    return len(origin) <= _MAX_ORIGIN and is_clean(origin.encode("utf-8", "replace"))


def _resembling(page: Url, host: str, site: Callable[[str], str], after: After) -> Iterator[Question]:
    """Origins that pass a test of how one of this host begins or ends, a pattern whose dots are not escaped …"""
    if host.startswith("["):
        return

    def lookalike(rule: Rule, other: str, like: str) -> Question:
        return Question(Asks.LOOKALIKE, _with_host(page, other), like, after, rule)

    yield lookalike(Rule.BEGINS, f"{host}.{NOBODY}", host)
    domain = site(host)
    if _has_name(host):
        yield lookalike(Rule.ENDS, f"{_PREFIX}{domain}", domain)
        if domain != host:
            yield lookalike(Rule.DOT, f"{host.removesuffix(f'.{domain}')}x{domain}", host)
        yield Question(Asks.SUBDOMAIN, _with_host(page, f"{UNSEEN}.{domain}"), domain, after)
    yield lookalike(Rule.SPECIAL, f"{host}!.{NOBODY}", host)
    if _has_name(host) and len(domain.partition(".")[0]) > 1:
        yield lookalike(Rule.PART, domain[1:], domain)


def _with_host(page: Url, host: str) -> str:
    return serialize_origin(page.scheme, host, page.port)


def _has_name(host: str) -> bool:
    """Whether others may register a name beside it."""
    return "." in host and not hosts.is_address(host)


def _is_origin(text: str) -> bool:
    url = parse_url(text)
    return url is not None and url.origin == text


def is_clean(text: bytes) -> bool:
    """Whether it can stand in a request's first line: visible characters alone."""
    return all(0x20 < byte < 0x7F for byte in text)
