"""Traffic in which CORS has no say: what is said of it, once, and when nothing is."""

import asyncio
import logging
from collections.abc import Iterable

import pytest
from mitmproxy import http

from cors_addon.proxy import silence
from tests import waits
from tests.helpers import ALLOW, actual, flow, preflight, proxy

LOCALHOST = "cors.browser starts one that is. More causes"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute is over at once."""
    monkeypatch.setattr(silence, "_SECONDS", 0.0)


def plain(host: str, *, live: bool = True) -> http.HTTPFlow:
    """A request that no page's script made."""
    return flow(url=f"https://{host}/", live=live)


def said_of(flows: Iterable[http.HTTPFlow], caplog: pytest.LogCaptureFixture, **options: object) -> list[str]:
    """What is said of these flows, and of more that come after the minute."""

    async def play() -> None:
        with proxy(**options) as running:
            if "onboarding_host" not in running.master.options:
                running.master.options.add_option("onboarding_host", str, "mitm.it", "")
            running.addon.running()
            running.pass_through(*flows)
            for _ in range(5):  # the timer, if there is one
                await waits.pause()
            running.pass_through(plain("late.example"))
            for _ in range(5):
                await waits.pause()

    with caplog.at_level(logging.WARNING):
        asyncio.run(play())
    return [each for each in caplog.messages if "for a minute" in each]


def test_no_page_asked_another_origin(caplog: pytest.LogCaptureFixture) -> None:
    """Once, with the likeliest cause: localhost does not come here by itself."""
    [text] = said_of([plain("a.example"), plain("b.example")], caplog)
    assert text.startswith("Traffic has come for a minute, and no page has asked another origin")
    assert LOCALHOST in text


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000"])
def test_where_localhost_comes_the_cause_is_another(host: str, caplog: pytest.LogCaptureFixture) -> None:
    """A development server that asks by itself, or a cache."""
    [text] = said_of([plain(host)], caplog)
    assert LOCALHOST not in text
    assert "proxy of Vite, webpack or Next" in text


def test_nothing_but_the_certificate_was_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    """The browser is set up, yet its traffic does not come."""
    [text] = said_of([plain("mitm.it"), plain("mitm.it")], caplog)
    assert text.startswith("A browser has reached mitmproxy (it asked for mitm.it), and nothing else has come")
    assert LOCALHOST in text


@pytest.mark.parametrize("flows", [[plain("a.example"), actual(ALLOW)], [preflight(ALLOW)]])
def test_of_cors_traffic_nothing_is_said(flows: list[http.HTTPFlow], caplog: pytest.LogCaptureFixture) -> None:
    """One exchange is enough, whatever comes later."""
    assert said_of(flows, caplog) == []


def test_a_recording_is_no_traffic() -> None:
    """Nobody waits for it."""

    async def play() -> None:
        with proxy() as running:
            running.addon.running()
            running.pass_through(plain("a.example", live=False))
            assert running.addon._silence is not None
            assert running.addon._silence._timer is None

    asyncio.run(play())


def test_in_other_modes_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """There browsers need no proxy."""
    assert said_of([plain("a.example")], caplog, mode=["reverse:http://localhost:3000"]) == []
