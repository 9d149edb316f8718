"""Images and scripts that are passed over at a glance: the checks would have let them pass."""

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from cors_addon.exchange.harmless import is_harmless
from cors_addon.exchange.model import Observation
from cors_addon.session.session import Session
from tests.cases.traffic import Lines, Sent, metadata

HEADERS = {
    "Content-Type": (*3 * ("image/png", "text/javascript"), "text/html", "application/json", "", "image/png,x"),
    "Cross-Origin-Resource-Policy": ("same-origin", "cross-origin", "odd"),
    "X-Content-Type-Options": ("nosniff", "none"),
    "Content-Encoding": ("gzip",),
    "Content-Range": ("bytes 5-9/20",),
    "Access-Control-Allow-Origin": ("*", "https://app.example.com"),
    "ETag": ('"1"',),
}
BODIES = (None, b"\x89PNG\r\n\x1a\n", b"RIFF....WEBPVP8 ", b"<!doctype html>", b'{"a": 1}', b"let a = 1")
MORE = (("Cookie", "a=b"), ("Authorization", "Basic eDp5"), ("Sec-Purpose", "prefetch"))
PAGES = ("https://app.example.com/", "https://www.elsewhere.org/a")
ENGINES = ("chromium", "gecko", "webkit")


def loaded(count: int) -> Iterator[tuple[str, Observation]]:
    """Loads of any kind without an Origin, the same in every run."""
    draw = random.Random(11)
    for number in range(count):
        engine = draw.choice(ENGINES)
        request: Lines = (
            *metadata(
                draw.choice(("cross-site", "same-site", "same-origin")),
                draw.choice(("no-cors", "no-cors", "cors")),
                draw.choice(("image", "image", "script", "script", "style")),
            ),
            ("Accept", "*/*"),
            ("Referer", draw.choice(PAGES)),
            *draw.choice(
                ((), (("Cookie", "a=b"),), (("Authorization", "Basic eDp5"),), (("Sec-Purpose", "prefetch"),))
            ),
        )
        names = draw.sample(sorted(HEADERS), draw.randrange(3))
        answer = tuple((name, draw.choice(HEADERS[name])) for name in sorted({*names, "Content-Type"}))
        status = draw.choice((200, 200, 200, 206, 404))
        sent = Sent(id=str(number), url="https://cdn.third.test/it", request=request, answer=answer, status=status)
        body = draw.choice(BODIES)
        yield engine, replace(sent.observation(engine), read_body=None if body is None else partial(_first, body))


def _first(body: bytes, limit: int) -> bytes:
    return body[:limit]


def test_what_is_passed_over_would_have_passed() -> None:
    """Nothing is told of it by the session that looks at each load."""
    passed = 0
    for engine, each in loaded(6000):
        session = Session()
        if is_harmless(each, session.loads):
            passed += 1
            assert session.observe_load(each) == [], (engine, each)
    assert passed > 150


@pytest.mark.parametrize("demands", [True, False])
def test_nothing_is_passed_over_that_a_page_demands_something_of(demands: bool) -> None:
    """Once some page has an embedder policy, each load is looked at."""
    session = Session()
    policy = (("Cross-Origin-Embedder-Policy", "require-corp"),) if demands else ()
    page = Sent(
        id="page",
        url=PAGES[0],
        request=(*metadata("none", "navigate", "document"), ("Accept", "text/html")),
        answer=(("Content-Type", "text/html"), *policy),
    )
    session.observe_load(page.observation("chromium"))
    image = Sent(
        id="image",
        url="https://cdn.third.test/it",
        request=(*metadata("cross-site", "no-cors", "image"), ("Accept", "*/*"), ("Referer", PAGES[0])),
        answer=(("Content-Type", "image/png"),),
    )
    assert is_harmless(image.observation("chromium"), session.loads) is not demands
