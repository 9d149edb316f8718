"""Traffic of very many clients, hostile patterns included, through the addon; what memory it takes, as it goes on.

In one process, without a network, and as mitmdump has it: nobody else keeps a flow.
"""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from mitmproxy import http
from mitmproxy.connection import Client

from tests.helpers import CHROMIUM, FIREFOX, WEBKIT, Lines, Proxy, client, flow, proxy

CLIENTS = 50_000
BEYOND = 20
"""Megabytes that a process may have beyond the budget."""
HOSTILE = 5
"""One in so many flows is meant to take up memory."""
LONG = "v" * 8000
PAGE = "https://app.example.test"
_COMMON: Lines = (
    ("Accept", "*/*"), ("Accept-Encoding", "gzip, deflate, br"), ("Accept-Language", "en"), ("Sec-Fetch-Mode", "cors"),
    ("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Dest", "empty"), ("Origin", PAGE),
)  # fmt: skip
_ANSWER: Lines = (
    ("Access-Control-Allow-Origin", PAGE), ("Access-Control-Allow-Methods", "PUT"), ("Access-Control-Max-Age", "7200"),
    ("Access-Control-Allow-Headers", "content-type"), ("Vary", "Origin"), ("Server", "nginx"),
)  # fmt: skip
_LOADED: Lines = (("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Site", "cross-site"))


class Sample(NamedTuple):
    """Memory after so many flows."""

    flows: int
    resident: int
    """Bytes of the process, beyond those before the first flow."""
    kept: int
    """Bytes that the addon says it keeps."""
    clients: int


class _Maker:
    """Makes flows, one after the other, the same each time."""

    def __init__(self, clients: int) -> None:
        self._draw = Random(19)
        self._clients = clients
        self.number = 0
        self._hostile: tuple[Callable[[Client], http.HTTPFlow], ...] = (
            *(self._unfollowed, self._redirect, self._names, self._lines, self._document, self._stored),
            *(self._origin, self._cookies, self._agent, self._blocked, self._page_of_their_own),
        )

    def _flow(self, connection: Client, method: str = "GET", path: str = "/items", **more: object) -> http.HTTPFlow:
        url = str(more.pop("url", f"https://api.example.test{path}"))
        more.setdefault("request", _COMMON)
        more.setdefault("response", _ANSWER)
        return flow(method, url, at=self.number / 200, connection=connection, **more)  # type: ignore[arg-type]

    def _client(self) -> tuple[Client, str]:
        who = min(int(self._draw.expovariate(3.0 / self._clients)), self._clients - 1)
        address = f"10.{who >> 16}.{who >> 8 & 255}.{who & 255}"
        return client(peername=(address, 50000)), (CHROMIUM, FIREFOX, WEBKIT)[who % 3]

    def make(self) -> Iterator[http.HTTPFlow]:
        """Without end."""
        while True:
            connection, agent = self._client()
            self.number += 1
            if self.number % HOSTILE == 0:
                yield self._draw.choice(self._hostile)(connection)
                continue
            asked: Lines = (*_COMMON, ("Access-Control-Request-Method", "PUT"))
            path = f"/items/{self._draw.randrange(50)}"
            yield self._flow(connection, "OPTIONS", path, request=asked, status=204, agent=agent)
            self.number += 1
            yield self._flow(connection, "PUT", path, agent=agent)

    def _unfollowed(self, connection: Client) -> http.HTTPFlow:
        asked: Lines = (*_COMMON, ("Access-Control-Request-Method", "PUT"))
        path = f"/{self.number}/{LONG}"
        return self._flow(connection, "OPTIONS", path, request=asked, response=(*_ANSWER, ("X-Long", LONG)))

    def _redirect(self, connection: Client) -> http.HTTPFlow:
        return self._flow(connection, status=302, response=(*_ANSWER, ("Location", f"/{self.number}/{LONG}")))

    def _names(self, connection: Client) -> http.HTTPFlow:
        names = ",".join(f"x-{self.number}-{each}" for each in range(500))
        asked: Lines = (*_COMMON, ("Access-Control-Request-Method", "PUT"), ("Access-Control-Request-Headers", names))
        allowed: Lines = (*_ANSWER[:3], ("Access-Control-Allow-Headers", names))
        return self._flow(connection, "OPTIONS", f"/{self.number}", request=asked, response=allowed)

    def _lines(self, connection: Client) -> http.HTTPFlow:
        return self._flow(connection, response=(*_ANSWER, *((f"X-{self.number}-{each}", "v") for each in range(1000))))

    def _document(self, connection: Client) -> http.HTTPFlow:
        asked: Lines = (("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"))
        links = b"".join(b"<link rel=stylesheet href=/%d integrity=x>" % each for each in range(200))
        policy = f"script-src 'self' https://{self.number}.test/{LONG[:4000]}"
        answer: Lines = (("Content-Type", "text/html"), ("Content-Security-Policy", policy))
        url = f"https://page{self.number}.test/"
        return self._flow(connection, url=url, request=asked, response=answer, body=links + bytes(1 << 20))

    def _stored(self, connection: Client) -> http.HTTPFlow:
        asked: Lines = (("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image"), ("Sec-Fetch-Site", "same-origin"))
        return self._flow(
            connection, path=f"/{self.number}", request=asked, response=(("ETag", LONG), ("Cache-Control", "max-age=9"))
        )

    def _origin(self, connection: Client) -> http.HTTPFlow:
        page = f"https://{'a' * 1000}{self.number}.test"
        asked: Lines = (*_COMMON[:-1], ("Origin", page))
        url = f"https://server{self.number % 400}.test/{self.number}"
        allowed: Lines = (("Access-Control-Allow-Origin", page), ("Access-Control-Allow-Credentials", "true"))
        return self._flow(connection, url=url, request=asked, response=allowed)

    def _cookies(self, connection: Client) -> http.HTTPFlow:
        cookies = tuple(
            ("Set-Cookie", f"c{self.number}{each}={LONG[:300]}; SameSite=None; Secure") for each in range(50)
        )
        return self._flow(connection, response=(*_ANSWER, *cookies))

    def _agent(self, connection: Client) -> http.HTTPFlow:
        return self._flow(connection, agent=f"{CHROMIUM} {self.number} {LONG[:1500]}")

    def _blocked(self, connection: Client) -> http.HTTPFlow:
        asked: Lines = (*_LOADED, ("Sec-Fetch-Dest", "image"), ("Referer", "https://page.test/"))
        answer: Lines = (("Cross-Origin-Resource-Policy", "same-origin"), ("X-Long", LONG))
        return self._flow(connection, path=f"/{self.number}.png", request=asked, response=answer)

    def _page_of_their_own(self, connection: Client) -> http.HTTPFlow:
        asked: Lines = (*_LOADED, ("Sec-Fetch-Dest", "worker"), ("Referer", f"https://page{self.number - 5}.test/"))
        return self._flow(connection, path=f"/{self.number}.js", request=asked, body=b"1;" * 200_000)


def run(flows: int, every: int, *, clients: int = CLIENTS, memory: int = 64) -> Iterator[Sample]:
    """Let so many flows pass; a sample every so often. `memory`: the option `cors_memory`."""
    made = _Maker(clients).make()
    with proxy(cors_memory=str(memory)) as running:
        for _ in range(200):  # what is loaded and compiled once
            running.addon.response(next(made))
        gc.collect()
        before = resident()
        for number in range(1, flows + 1):
            running.addon.response(next(made))
            if number % every == 0:
                yield _sample(number, before, running)


def bare(flows: int, *, clients: int = CLIENTS) -> int:
    """Bytes that the same flows take at most without the addon, which is what to make them leaves behind."""
    made = _Maker(clients).make()
    for _ in range(200):
        next(made)
    gc.collect()
    before = most = resident()
    for number in range(flows):
        next(made)
        if number % 100 == 0:
            most = max(most, resident())
    return most - before


def _sample(number: int, before: int, running: Proxy) -> Sample:
    session = running.addon._session
    known = session.tracker._known
    kept = known.weight + session.tracker._evidence.weight + session.loads.weight + session.tracker.plain.weight
    kept += session.servers.weight + session.auditor.weight
    return Sample(number, resident() - before, kept, len(known.by_key))


def resident() -> int:
    """Bytes of this process that are in memory."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) << 10
    raise OSError("the system does not tell how much memory a process has")


def plot(samples: list[Sample], memory: int) -> str:
    """Both measures over the flows, and the budget, as an SVG."""
    wide, high, left, below = 900, 420, 70, 40
    most_flows = max(each.flows for each in samples)
    most = 1.1 * max(memory << 20, *(max(each.resident, each.kept) for each in samples))

    def place(flows: float, size: float) -> str:
        return f"{left + (wide - left) * flows / most_flows:.1f},{high - (high - below) * size / most:.1f}"

    def line(colour: str, points: list[tuple[int, int]]) -> str:
        drawn = " ".join(place(*each) for each in points)
        return f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{drawn}"/>'

    def named(row: int, colour: str, name: str) -> str:
        """A row of the legend, at the right, above the frame, where no line is."""
        x, y = wide - 260 * (3 - row), below - 16
        mark = f'<path d="M{x},{y - 4}h20" stroke="{colour}" stroke-width="4"/>'
        return f'{mark}<text x="{x + 28}" y="{y}">{name}</text>'

    budget = memory << 20
    lines = (
        ("#888", [(0, budget), (most_flows, budget)], f"cors_memory, {memory} MB"),
        ("#06c", [(each.flows, each.resident) for each in samples], "process, beyond its start"),
        ("#c60", [(each.flows, each.kept) for each in samples], "said to be kept"),
    )
    parts = [
        *(line(colour, points) for colour, points, _ in lines),
        *(named(row, colour, name) for row, (colour, _, name) in enumerate(lines)),
        f'<text x="{wide}" y="{high + 24}" text-anchor="end">{most_flows:,} flows</text>',
        f'<text x="4" y="{below}">{most / (1 << 20):.0f} MB</text><text x="4" y="{high}">0</text>',
    ]
    frame = f'<path d="M{left},{below}V{high}H{wide}" fill="none" stroke="#000"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide + 20} {high + below}" font-family="sans-serif">'
    return f'{head}<rect width="100%" height="100%" fill="#fff"/>{frame}{"".join(parts)}</svg>\n'
