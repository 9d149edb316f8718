"""Loads that are alike are checked once: what comes of it is what the checks say of each."""

import random
from collections.abc import Iterable, Iterator

import pytest

from cors_addon.engines.gates import GATES
from cors_addon.exchange import load_checks, response_headers
from cors_addon.exchange.load_checks import Checks, no_body
from cors_addon.exchange.load_trials import check
from cors_addon.fetch import csp, headers, mime
from cors_addon.fetch.embedder_policy import EmbedderPolicy
from cors_addon.fetch.load import Arrival, Destination, Load, Page
from cors_addon.fetch.origins import last_two_labels, parse_url

PAGES = ("https://app.example.com", "https://www.elsewhere.org", "http://app.example.com")
HEADERS = {
    "Content-Type": ("image/png", "text/html", "text/javascript", "text/css; charset=utf-8", "", "application/json"),
    "Cross-Origin-Resource-Policy": ("same-origin", "same-site", "cross-origin", "odd"),
    "X-Content-Type-Options": ("nosniff", "none"),
    "Content-Range": ("bytes 0-9/20", "bytes 5-9/20"),
    "X-Frame-Options": ("DENY",),
    "Content-Security-Policy": ("frame-ancestors 'none'",),
    "Cross-Origin-Embedder-Policy": ("require-corp", "credentialless"),
    "ETag": ('"1"', '"2"'),
    "Date": ("today", "tomorrow"),
}
BODIES = (None, b"\x89PNG\r\n\x1a\n", b"<!doctype html>", b'{"a": 1}')


def loads(count: int) -> Iterator[tuple[str, Load, Arrival]]:
    """Loads of any kind, the same in every run."""
    draw = random.Random(7)
    for _ in range(count):
        url = parse_url(f"https://cdn.example.com/{draw.randrange(9)}.png")
        assert url is not None
        page = parse_url(draw.choice(PAGES))
        assert page is not None
        policies = (EmbedderPolicy.UNSAFE_NONE, EmbedderPolicy.UNSAFE_NONE, EmbedderPolicy.REQUIRE_CORP)
        load = Load(
            url,
            page.origin,
            draw.choice((None, *Destination)),
            draw.choice(("no-cors", "no-cors", "cors", "navigate")),
            last_two_labels,
            draw.choice((None, Page(page), Page(page, draw.choice(policies), quirks=draw.random() < 0.2))),
            tainted=draw.random() < 0.3,
        )
        names = draw.sample(sorted(HEADERS), draw.randrange(5))
        fields = tuple((name.encode(), draw.choice(HEADERS[name]).encode()) for name in names)
        body = draw.choice(BODIES)
        read = no_body if body is None else lambda limit, body=body: body[:limit]
        yield draw.choice(sorted(GATES)), load, Arrival(draw.choice((200, 200, 206, 404)), fields, read)


def test_alike_are_judged_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many loads, what stops each is what stops it by itself; few of them are asked about."""
    asked = []

    def counted(engine: str, load: Load, arrival: Arrival) -> object:
        asked.append(load)
        return check(engine, load, arrival)

    monkeypatch.setattr(load_checks, "check", counted)
    checks = Checks()
    many = list(loads(6000))
    stopped = 0
    for engine, load, arrival in (each for each in many for _ in range(2)):
        found = checks.check(engine, load, arrival)
        assert found == check(engine, load, arrival)
        stopped += found is not None
    assert 1000 < stopped < 8000
    assert len(asked) < 11_000


def test_what_the_checks_read_is_what_loads_are_known_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """No check reads another header of an answer."""
    read: set[bytes] = set()
    original = headers.get_all

    def noted(fields: Iterable[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
        read.add(name)
        return original(fields, name)

    for module in (headers, mime, csp):
        monkeypatch.setattr(module, "get_all", noted)
    for engine, load, arrival in loads(6000):
        check(engine, load, arrival)
    assert read == response_headers.GATED - {b"document-isolation-policy"} or read == response_headers.GATED


def test_what_is_known_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """By number, and by the bytes of each."""
    monkeypatch.setattr(load_checks, "MAX_KNOWN", 10)
    checks = Checks()
    for engine, load, arrival in loads(500):
        checks.check(engine, load, arrival)
        assert len(checks._known) <= 10
    url = parse_url("https://cdn.example.com/")
    assert url is not None
    huge = Arrival(200, ((b"Content-Type", b"x" * load_checks.MAX_VALUES + b"y"),), no_body)
    checks = Checks()
    checks.check("chromium", Load(url, PAGES[0], Destination.IMAGE, "no-cors", last_two_labels), huge)
    assert not checks._known
