"""Whose a request is: clients that look alike, that look like another, or that are no browser."""

import pytest

from cors_addon.engines import chromium_brand
from cors_addon.exchange.model import Judgement
from cors_addon.session.session import ALL as EVERY
from cors_addon.session.session import Session
from tests.cases.traffic import AGENTS, PAGE, Lines, Sent, allow, cors, metadata, preflight

HINTS = '"Not:A-Brand";v="8", "Chromium";v="156"'
ORIGIN = ("Origin", PAGE)


def judged(*sent: Sent) -> dict[str, Judgement]:
    """The last word on each."""
    session = Session(keep=EVERY)
    for each in sent:
        session.observe(each.observation())
    return dict(session.last)


def asked(identity: str, agent: bytes, lines: Lines, at: float = 0.0, connection: str | None = None) -> Sent:
    """A GET with an Origin, and other lines."""
    return Sent(id=identity, request=(ORIGIN, *lines), agent=agent, answer=allow(PAGE), at=at, connection=connection)


@pytest.mark.parametrize("claimed", ["gecko", "webkit", "chromium"])
def test_a_chromium_that_calls_itself_another(claimed: str) -> None:
    """DevTools' device toolbar changes the User-Agent, and not which engine decides."""
    found = judged(asked("a", AGENTS[claimed], (("Sec-CH-UA", HINTS), *metadata())))
    assert found["a"].engine.name == "chromium"


def test_its_connection_speaks_for_its_preflights() -> None:
    """They bear no hints."""
    agent = AGENTS["webkit"]
    first = asked("a", agent, (("Sec-CH-UA", HINTS), *metadata()), connection="c")
    early = preflight("p", 1.0, answer=allow(PAGE), connection="c", agent=agent)
    found = judged(first, early)
    assert {each.engine.name for each in found.values()} == {"chromium"}


@pytest.mark.parametrize(
    ("hints", "version"),
    [
        (HINTS, 156),
        ('"Chromium";v="109", "Google Chrome";v="109"', 109),
        ('"Chromium"; v="9"', 9),
        ('"Not A;Brand";v="99"', None),
        ("", None),
    ],
)
def test_the_brand(hints: str, version: int | None) -> None:
    """Among others, in whatever order."""
    assert chromium_brand(hints.encode()) == version


@pytest.mark.parametrize(
    ("agent", "lines", "role"),
    [
        # undici of Node 20: https://github.com/nodejs/undici
        (b"node", (("Sec-Fetch-Mode", "cors"), ("Accept-Language", "*")), "non-browser"),
        (AGENTS["chromium"], (("Sec-Fetch-Mode", "cors"), ("Accept-Language", "*")), "non-browser"),
        (AGENTS["chromium"], (("Sec-Fetch-Mode", "cors"), ("Accept-Encoding", "br, gzip, deflate")), "non-browser"),
        # the same over plain http, with the browser's own headers passed on
        (AGENTS["chromium"], (("Sec-Fetch-Mode", "cors"), ("Accept-Encoding", "gzip, deflate")), "non-browser"),
        # Vite's proxy, and all others made with http-proxy, send the browser's headers on as they are
        (AGENTS["chromium"], metadata("same-origin"), "same-origin"),
        (AGENTS["chromium"], (*metadata(), ("Accept-Language", "*")), "actual"),
        (AGENTS["chromium"], metadata(), "actual"),
    ],
)
def test_a_library_that_fetches_as_scripts_do(agent: bytes, lines: Lines, role: str) -> None:
    """It reads its answer, whatever the headers: a server that renders pages, or a dev server's proxy."""
    sent = Sent(id="a", request=(ORIGIN, *lines), agent=agent)
    assert judged(sent)["a"].role == role


def test_a_proxy_before_ours_tells_its_clients_apart() -> None:
    """What the preflight of one permitted is nothing to another."""
    via_one, via_two = (("X-Forwarded-For", "198.51.100.1"),), (("X-Forwarded-For", "198.51.100.2"),)
    answer = allow(PAGE, methods="PUT", max_age="600")
    one = preflight("p", answer=answer, request=via_one)
    put = cors("a", 1.0, "PUT")
    mine, others = (
        Sent(id=name, method="PUT", request=(*put.request, *via), answer=put.answer, at=at, agent=put.agent)
        for name, via, at in (("mine", via_one, 1.0), ("others", via_two, 2.0))
    )
    found = judged(one, mine, others)
    assert found["mine"].preflight == "sent"
    assert found["others"].preflight == "unseen"
