"""Memory of mitmdump while it reads 200,000 flows from a pipe: with this addon, and bare.

Half of the flows come from one client that stays, half from ever new ones; URLs, pages and connections are ever new.
"""

import asyncio
import io
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Iterator
from pathlib import Path

from mitmproxy import http
from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow

from _bench.proxied import MITMDUMP, Failed, Row, environment
from _bench.traffic import SAME_SITE_PAGE, Exchange, cors, other

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


async def measure(row: Row, folder: Path, *, flows: int, say: Callable[[str], None]) -> dict[int, int]:
    """Resident memory in KiB, by how many flows were read."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", MITMDUMP, "-q", "-n", "-r", "-", "--set", f"confdir={folder / 'conf'}"),
        *row.arguments(folder),
        cwd=folder,
        env=environment(folder),
        stdin=PIPE,
        stdout=DEVNULL,
        stderr=(folder / "log").open("wb"),
    )
    assert process.stdin is not None
    found: dict[int, int] = {}
    try:
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
    except (ConnectionError, ProcessLookupError, FileNotFoundError) as error:
        log = (folder / "log").read_text(encoding="utf-8", errors="replace")
        raise Failed(f"mitmdump ended early: {log}") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return found


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1])
