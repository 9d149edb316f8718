"""What is kept beside clients is bounded by its bytes, too: of each kind the oldest is forgotten first."""

from collections.abc import Callable, Iterator
from random import Random

import pytest

from cors_addon.exchange.page_call import Report, Scene, Violation
from cors_addon.exchange.shelf import Shelf
from cors_addon.flows import translate
from cors_addon.proxy.page.live import Live
from cors_addon.session.session import Session
from tests.helpers import ALLOW, CHROMIUM, actual, client, flow, observe, proxy
from tests.helpers import url as parsed

BUDGET = 2 << 20
LONG = "v" * 4000
type Kind = Callable[[Session, int], None]


def documents(session: Session, number: int) -> None:
    """A page of its own, with a long policy and a body."""
    page = flow(
        url=f"https://page{number}.test/{LONG}",
        request=[("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Mode", "navigate")],
        response=[("Content-Type", "text/html"), ("Content-Security-Policy", f"img-src {LONG}")],
        body=b"a" * 100_000,
        at=number / 100,
        connection=client(peername=(f"10.0.0.{number % 8}", 1)),
    )
    session.observe_load(translate.observation(page))


def loads(session: Session, number: int) -> None:
    """An image that is blocked."""
    image = flow(
        url=f"https://other.test/{number}/{LONG}",
        request=[("Sec-Fetch-Dest", "image"), ("Sec-Fetch-Mode", "no-cors"), ("Referer", "https://page.test/")],
        response=[("Cross-Origin-Resource-Policy", "same-origin"), ("X-Long", LONG)],
        at=number / 100,
    )
    assert session.observe_load(translate.observation(image))


def plain(session: Session, number: int) -> None:
    """An answer that a browser may store."""
    seen = flow(url=f"https://a.test/{number}", response=[("ETag", "x"), ("X-Long", LONG)], at=number / 100)
    session.note_answer(translate.observation(seen))


def servers(session: Session, number: int) -> None:
    """Origins of which each server is told."""
    page = f"https://{'a' * 1500}{number}.test"
    url = f"https://server{number % 50}.test/"
    asked = flow(url=url, request=[("Origin", page), ("Sec-Fetch-Mode", "cors")], at=number / 100)
    assert asked.response is not None
    asked.response.headers["Access-Control-Allow-Origin"] = page
    session.observe(translate.observation(asked))


def audits(session: Session, number: int) -> None:
    """Endpoints that send another value to each origin."""
    url = f"https://server.test/{number // 3}/{'p' * 200}"
    page = f"https://{'a' * 200}{number}.test"
    answer = [("Access-Control-Allow-Origin", page), ("Access-Control-Allow-Credentials", "true")]
    asked = flow(url=url, request=[("Origin", page), ("Sec-Fetch-Mode", "cors")], response=answer, at=number / 100)
    session.observe(translate.observation(asked))


def pages(session: Session, number: int) -> None:
    """What pages say, and what is kept to be held against it."""
    kept = session.pages or session.listen()
    asked = actual([*ALLOW, ("X-Long", LONG)], at=number / 100)
    asked.request.path = f"/{number}/{LONG}"
    kept.note_sent(("192.0.2.7", CHROMIUM), translate.url(asked), asked.request.timestamp_start)
    session.observe(translate.observation(asked))
    told = tuple(Violation("u" * 2000, "d" * 2000, True, 0.0) for _ in range(20))
    session.hear_page(Scene(("192.0.2.7", CHROMIUM), "https://app.example.test", f"{number}"), Report((), told))


def weights(session: Session) -> Iterator[int]:
    yield session.loads.weight
    yield session.tracker.plain.weight
    yield session.servers.weight
    yield session.auditor.weight
    yield 0 if session.pages is None else session.pages.weight


@pytest.mark.parametrize("add", [documents, loads, plain, servers, audits, pages])
def test_each_keeps_to_its_share(add: Kind) -> None:
    """However much comes; and it is told what it weighs, which clients then do not have."""
    session, most = Session(), 0
    session.keep_within(BUDGET)
    for number in range(700):
        add(session, number)
        most = max(most, sum(weights(session)))
    assert BUDGET // 40 < most < BUDGET * 3 // 8
    session.keep_within(BUDGET)
    assert session.tracker._known.budget == BUDGET - sum(weights(session))


def test_bodies_of_pages_are_held_as_far_as_they_are_read() -> None:
    """A page of 16 MB does not stay for its policies."""
    session = Session()
    page = flow(
        url="https://page.test/",
        request=[("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Mode", "navigate")],
        response=[("Content-Type", "text/html")],
        body=b"<meta http-equiv=Content-Security-Policy content=\"img-src 'self'\">" + bytes(1 << 24),
    )
    session.observe_load(translate.observation(page))
    assert 1 << 18 <= session.loads.weight < 1 << 19
    document = session.loads._documents.at(("192.0.2.7", CHROMIUM.encode()), parsed("https://page.test/"))
    assert document is not None
    assert [each for each in document.page.policies if "img-src" in each]


def test_long_answers_are_not_noted() -> None:
    """Unread as they are, nobody weighs them."""
    with proxy() as running:
        unread = running.addon._session.tracker.plain._unread
        for length in (10, 10_000):
            running.pass_through(flow(response=[("ETag", "x"), ("X-Long", "v" * length)]))
        assert len(unread) == 1


def test_what_the_live_page_shows() -> None:
    """What was put aside is counted sooner, and what is kept is less."""
    live = Live([], lambda _flow_id: b"", lambda: None)
    live.keep_within(100_000)
    for number in range(100):
        [made] = observe(actual([*ALLOW, ("X-Long", LONG)], at=float(number)))
        live.write(made, None)
        assert live.weight < 220_000
    kept = live.judgements()
    assert 5 < len(kept) < 30
    assert kept[-1] is made


def test_a_shelf_keeps_count() -> None:
    """By what it is said that each weighs; the oldest leaves first, the last one never."""
    draw, shelf = Random(1), Shelf[int, str](20)
    shelf.keep_within(1000)
    weights: dict[int, int] = {}
    for turn in range(2000):
        key, weight = draw.randrange(40), draw.randrange(300)
        if turn % 7 == 0:
            assert (shelf.take(key) is None) == (key not in weights)
            weights.pop(key, None)
        elif turn % 7 == 1 and key in weights:
            shelf.weigh(key, weight)
            weights[key] = weight
        else:
            weights.pop(key, None)
            weights[key] = weight
            for forgotten, _ in shelf.keep(key, "", weight):
                assert forgotten == next(iter(weights))
                del weights[forgotten]
            assert shelf.weight <= 1000
        assert list(shelf) == list(weights)
        assert shelf.weight == sum(weights.values())
    shelf.keep(-1, "", 5000)
    assert list(shelf) == [-1]
    assert shelf.forgot
