"""Clients by the names that people call them."""

import pytest

from cors_addon.report import explanation, text
from cors_addon.report.client_name import client_name
from cors_addon.session.session import ALL, Session
from tests.cases.traffic import AGENTS, PAGE, Sent, cors

NAMES = {
    "node": "Node's fetch",
    "Bun/1.4.5": "Bun 1.4.5",
    "Deno/2.9.6": "Deno 2.9.6",
    "axios/1.21.0": "axios 1.21.0",
    "curl/8.14.1": "curl 8.14.1",
    "okhttp/5.0.0": "OkHttp (Android, React Native) 5.0.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Servo/0.0.1 Firefox/128.0": "Servo 0.0.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:6.6) Goanna/20240801 PaleMoon/33.2.1": "Pale Moon 33.2.1",
    "Mozilla/5.0 (Windows NT 10.0; Trident/7.0; rv:11.0) like Gecko": "Internet Explorer 11.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0": "Thunderbird 128.0",
    "Mozilla/5.0 (PlayStation; PlayStation 5/9.00) AppleWebKit/605.1.15 (KHTML, like Gecko)": "PlayStation 5",
    "Lightpanda/1.0": "Lightpanda 1.0",
    **{agent.decode(): None for agent in AGENTS.values()},
    "": None,
}


@pytest.mark.parametrize(("agent", "name"), NAMES.items())
def test_names(agent: str, name: str | None) -> None:
    """A browser of the three engines needs none."""
    assert client_name(agent) == name


def explained(sent: Sent) -> str:
    """In full."""
    session = Session(keep=ALL)
    session.observe(sent.observation())
    return explanation.explain(session.last[sent.id])


def test_where_they_are_told() -> None:
    """In the line of the list, and beside the verdict, with the engine it is judged as."""
    session = Session(keep=ALL)
    session.observe(Sent(id="a", request=(("Origin", PAGE),), agent=b"Bun/1.4.5").observation())
    assert "for a browser, which Bun 1.4.5 is not" in text.comment(session.last["a"])
    pale = next(agent for agent, name in NAMES.items() if name == "Pale Moon 33.2.1").encode()
    assert "Pale Moon 33.2.1 (Firefox)\n" in explained(cors("a", agent=pale))
    servo = next(agent for agent, name in NAMES.items() if name == "Servo 0.0.1").encode()
    assert "Servo 0.0.1 (the Fetch standard)\n" in explained(cors("a", agent=servo))
