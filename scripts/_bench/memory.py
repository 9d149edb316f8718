"""Memory of mitmdump, with this addon and bare: while it reads 200,000 flows from a pipe, and under live traffic.

Half of the flows come from one client that stays, half from ever new ones; URLs, pages and connections are ever new.
Live, eight clients send 80,000 requests to ever new URLs; half keep their connections, half open new ones all the time.
"""

import asyncio
import contextlib
import io
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

from mitmproxy import http
from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow

from _bench.proxied import RUN_MITMDUMP, Browser, Failed, Row, Upstream, environment
from _bench.traffic import CHROMIUM, SAME_SITE_PAGE, Exchange, cors, other
from tests.ports import free_port

FLOWS = 200_000
EVERY = 20_000
PATIENCE = 300.0
"""Seconds for any `EVERY` flows."""
_CLIENT_LASTS = 8
"""Flows; so that more clients have come by 40,000 flows than the addon remembers."""

# what stands in the templates, and is replaced by something as long
_FLOW = "00000000-0000-0000-0000-00000000f10w"
_CONNECTION = "00000000-0000-0000-0000-000000000c0n"
_CLIENT = "10.100.100.100"
_SECONDS = "1700000000"
_NUMBER = "number=00000000"
_PLACES = re.compile(
    b"("
    + b"|".join(re.escape(each).encode() for each in (_FLOW, _CONNECTION, _CLIENT, _SECONDS, _NUMBER, SAME_SITE_PAGE))
    + b")"
)


def _exchanges() -> list[Exchange]:
    listed = [*cors(10), *other(10, cookies=True)]
    page = SAME_SITE_PAGE
    preflight = next(each for each in listed if each.method == "OPTIONS")
    simple = listed[0]
    return [
        *listed,
        preflight._replace(response={"Access-Control-Allow-Origin": page}),  # refused, and nothing follows
        simple._replace(response={}),  # refused
        simple._replace(
            status=302,
            response={"Access-Control-Allow-Origin": page, "Location": f"http://elsewhere.example/?{_NUMBER}"},
        ),
    ]


def _template(exchange: Exchange) -> bytes:
    """A flow as a dump holds it."""
    flow = tflow.tflow(resp=True)
    start = float(_SECONDS) + 0.125
    flow.id = _FLOW
    flow.client_conn.id = _CONNECTION
    flow.client_conn.peername = (_CLIENT, 40000)
    flow.client_conn.timestamp_start = start
    headers = exchange.request | {"Host": "api.example"}
    query = "&" if "?" in exchange.path else "?"
    flow.request = http.Request.make(
        exchange.method,
        f"https://api.example{exchange.path}{query}{_NUMBER}",
        exchange.request_body,
        http.Headers([(name.encode(), value.encode()) for name, value in headers.items()]),
    )
    flow.request.timestamp_start, flow.request.timestamp_end = start, start + 0.125
    flow.response = http.Response.make(
        exchange.status,
        exchange.response_body,
        http.Headers([(name.encode(), value.encode()) for name, value in exchange.response.items()]),
    )
    flow.response.timestamp_start, flow.response.timestamp_end = start + 0.25, start + 0.375
    written = io.BytesIO()
    FlowWriter(written).add(flow)
    return written.getvalue()


def dump() -> Iterator[bytes]:
    """Flow after flow, without end."""
    templates = [re.split(_PLACES, _template(each)) for each in _exchanges()]
    number = 0
    while True:
        for template in templates:
            number += 1
            life, stays = divmod(number // _CLIENT_LASTS, 2)
            client = 0 if stays else 1 + life % 999_999
            put = {
                _FLOW.encode(): b"%036d" % number,
                _CONNECTION.encode(): b"%036d" % (number // _CLIENT_LASTS),
                _CLIENT.encode(): b"10.%d.%d.%d"
                % (100 + client // 10_000 % 100, 100 + client // 100 % 100, 100 + client % 100),
                _SECONDS.encode(): b"%010d" % (int(_SECONDS) + number // 20),
                SAME_SITE_PAGE.encode(): b"http://p%06d.x:3000" % (number // 4 % 1_000_000),
                _NUMBER.encode(): b"number=%08d" % number,
            }
            yield b"".join(put.get(part, part) for part in template)


LIVE_REQUESTS = 80_000
LIVE_EVERY = 10_000
_LIVE_CLIENTS = 8
_AT_A_TIME = 250
"""Requests of each client before all are waited for."""
_PER_PAGE = 25
"""Requests after which a client that keeps no connection opens new ones."""


async def measure_live(row: Row, folder: Path, *, requests: int, say: Callable[[str], None]) -> dict[int, int]:
    """Resident memory in KiB, by how many requests were answered."""
    upstream = Upstream()
    await upstream.start()
    port = free_port()
    arguments = ("--listen-host", "127.0.0.1", "--listen-port", str(port))
    found: dict[int, int] = {}
    async with _mitmdump(row, folder, *arguments, stdin=DEVNULL) as process:
        await _listening(process, port, folder)
        # browsers differ in their User-Agent, so that one address will do
        clients = [_Client(number, port, upstream) for number in range(_LIVE_CLIENTS)]
        sent = 0
        while sent < requests:
            await asyncio.gather(*(client.send(_AT_A_TIME) for client in clients))
            upstream.answers.clear()
            sent += _AT_A_TIME * len(clients)
            if sent % LIVE_EVERY == 0:
                found[sent] = _resident(process.pid)
                say(f"{row.name}: {sent:,} requests, {found[sent] / 1024:,.1f} MiB")
        for client in clients:
            client.close()
    return found


@contextlib.asynccontextmanager
async def _mitmdump(row: Row, folder: Path, *arguments: str, stdin: int) -> AsyncIterator[Process]:
    """A mitmdump, and an end to it; where it fails, what it said."""
    log = folder / "log"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", RUN_MITMDUMP, "-q", *arguments, "--set", f"confdir={folder / 'conf'}"),
        *row.arguments(folder),
        cwd=folder,
        env=environment(folder),
        stdin=stdin,
        stdout=log.open("wb"),
        stderr=STDOUT,
    )
    try:
        yield process
    except (OSError, asyncio.IncompleteReadError) as error:
        said = log.read_text(encoding="utf-8", errors="replace")
        raise Failed(f"{row.name}: {error!r}; mitmdump said:\n{said}") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _listening(process: asyncio.subprocess.Process, port: int, folder: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return
    raise Failed("mitmdump ended at once:\n" + (folder / "log").read_text(encoding="utf-8", errors="replace"))


class _Client:
    """A browser: CORS and other traffic by turns."""

    def __init__(self, number: int, proxy: int, upstream: Upstream) -> None:
        self._number, self._proxy, self._upstream = number, proxy, upstream
        self._browser = Browser(proxy, upstream.port)
        self._round = 0

    async def send(self, count: int) -> None:
        """Send so many requests, each to a URL that is new."""
        for _ in range(count // _PER_PAGE):
            self._round += 1
            listed = [self._own(each, self._round) for each in [*cors(20), *other(5, cookies=True)]]
            self._upstream.learn(listed)
            await self._browser.send(listed)
            if self._number % 2:
                self._browser.close()
                self._browser = Browser(self._proxy, self._upstream.port)

    def _own(self, exchange: Exchange, turn: int) -> Exchange:
        query = "&" if "?" in exchange.path else "?"
        return exchange._replace(
            path=f"{exchange.path}{query}client={self._number}&turn={turn}",
            request=exchange.request | {"User-Agent": f"{CHROMIUM} Client/{self._number}"},
        )

    def close(self) -> None:
        """Hang up."""
        self._browser.close()


async def measure(row: Row, folder: Path, *, flows: int, say: Callable[[str], None]) -> dict[int, int]:
    """Resident memory in KiB, by how many flows were read."""
    found: dict[int, int] = {}
    async with _mitmdump(row, folder, "-n", "-r", "-", stdin=PIPE) as process:
        assert process.stdin is not None
        source = dump()
        for number in range(1, flows + 1):
            process.stdin.write(next(source))
            if number % 50 == 0:
                async with asyncio.timeout(PATIENCE):
                    await process.stdin.drain()
            if number % EVERY == 0:
                found[number] = _resident(process.pid)
                say(f"{row.name}: {number:,} flows, {found[number] / 1024:,.1f} MiB")
        process.stdin.close()
        async with asyncio.timeout(PATIENCE):
            await process.wait()
    return found


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1])
