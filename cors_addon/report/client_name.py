"""What people call the client of a request, by its User-Agent, where that is not one of the three engines' browsers."""

import re
from functools import lru_cache
from typing import NamedTuple

from cors_addon.exchange import programs, request_headers
from cors_addon.exchange.model import Fields
from cors_addon.fetch.patterns import pattern


class Client(NamedTuple):
    """A kind of client."""

    mark: re.Pattern[str]
    """What its User-Agent holds; the first group, if there is one, is its version."""
    title: str


def _of(title: str, mark: str) -> Client:
    return Client(pattern(mark), title)


CLIENTS = (
    # libraries and servers that fetch; user agents as sent by undici 7, Bun 1.4, Deno 2.9, and documented by the others
    _of("Node's fetch", r"^(?:node|undici)$"),
    _of("Bun", r"^Bun/([\d.]+)"),
    _of("Deno", r"^Deno/([\d.]+)"),
    _of("node-fetch", r"^node-fetch(?:/([\d.]+))?"),
    _of("axios", r"^axios/([\d.]+)"),
    _of("got", r"^got(?: |/|$)"),
    _of("superagent", r"^node-superagent/([\d.]+)"),
    _of("OkHttp (Android, React Native)", r"^okhttp/([\d.]+)"),
    _of("an app of Apple's (CFNetwork)", r"\bCFNetwork/([\d.]+)"),
    _of("Dart (Flutter)", r"^Dart/([\d.]+)"),
    _of("curl", r"^curl/([\d.]+)"),
    _of("Postman", r"^PostmanRuntime/([\d.]+)"),
    _of("Python's requests", r"^python-requests/([\d.]+)"),
    _of("HTTPX", r"^python-httpx/([\d.]+)"),
    _of("Go's net/http", r"^Go-http-client/([\d.]+)"),
    # browsers apart
    _of("Servo", r"\bServo/([\d.]+)"),
    _of("Lightpanda", r"^Lightpanda/([\d.]+)"),
    _of("Pale Moon", r"\bPaleMoon/([\d.]+)"),
    _of("Basilisk", r"\bBasilisk/([\d.]+)"),
    _of("Thunderbird", r"\bThunderbird/([\d.]+)"),
    _of("SeaMonkey", r"\bSeaMonkey/([\d.]+)"),
    _of("Internet Explorer", r"\bTrident/7\.0;.*\brv:([\d.]+)"),
    _of("Internet Explorer", r"\bMSIE ([\d.]+)"),
    _of("old Edge", r"\bEdge/([\d.]+)"),
    _of("Opera Mini", r"\bOpera Mini/([\d.]+)"),
    # consoles and televisions
    _of("PlayStation", r"\bPlayStation (?:Vita )?([\w.]+)"),
    _of("Nintendo", r"\bNintendoBrowser/([\d.]+)"),
    _of("Xbox", r"\bXbox\b"),
    _of("Samsung TV (Tizen)", r"\bTizen ([\d.]+)\).*\bTV\b"),
    _of("LG TV (webOS)", r"\bWeb0S\b"),
)


_PROGRAMS = {
    programs.WORKERS: "a Cloudflare Worker",
    programs.UNDICI: "undici (Node's fetch)",
    programs.NODE_HTTP: "a program of Node's (axios, got, node-fetch …)",
    programs.HTTP_PROXY: "a dev server's proxy (http-proxy)",
}
"""By what wrote a request, whatever the request says of itself."""


def program_name(request: Fields) -> str | None:
    """What sent a request that is no browser's: as it calls itself, or else as its headers show."""
    shape = request_headers.shape_of(request)
    agent = b"" if shape.user_agent < 0 else request[shape.user_agent][1]
    return client_name(agent.decode("latin-1")) or _PROGRAMS.get(shape.program)


@lru_cache(maxsize=256)
def client_name(user_agent: str) -> str | None:
    """As `Bun 1.4.5` or `Pale Moon 33.2.1`; None where nothing here knows it."""
    for client in CLIENTS:
        match = client.mark.search(user_agent)
        if match is not None:
            version = match[1] if client.mark.groups else None
            return f"{client.title} {version}" if version else client.title
    return None
