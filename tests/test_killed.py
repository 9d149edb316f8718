"""Flows that a user stops, in a mitmproxy that runs: what nobody got is not told as allowed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from mitmproxy.addons.intercept import Intercept
from mitmproxy.addons.view import View
from mitmproxy.options import Options
from mitmproxy.tools.dump import DumpMaster

from cors_addon.proxy.addon import CorsAddon
from tests import waits
from tests.helpers import CHROMIUM, PAGE


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that allows everything."""
    await reader.readuntil(b"\r\n\r\n")
    lines = f"Access-Control-Allow-Origin: {PAGE}\r\nAccess-Control-Allow-Methods: PUT\r\nContent-Length: 2"
    writer.write(f"HTTP/1.1 200 OK\r\n{lines}\r\n\r\nok".encode())
    writer.close()


class Killer:
    """An addon of a user's, which kills what passes one of its hooks."""

    def __init__(self, hook: str) -> None:
        setattr(self, hook, lambda flow: flow.kill())


@asynccontextmanager
async def mitmproxy(
    intercept: str, *, first: object = None, last: object = None
) -> AsyncIterator[tuple[DumpMaster, View, int]]:
    """A proxy with a list of flows, the addon, and a port of its own."""
    master, view, addon = DumpMaster(Options(), with_termlog=False, with_dumper=False), View(), CorsAddon()
    master.addons.add(*(each for each in (Intercept(), view, first, addon, last) if each is not None))
    master.options.update(listen_host="127.0.0.1", listen_port=0, intercept=intercept, cors_page="off")
    task = asyncio.create_task(master.run())
    try:
        await waits.until(lambda: addon._running and master.addons.get("proxyserver").listen_addrs())
        yield master, view, master.addons.get("proxyserver").listen_addrs()[0][1]
    finally:
        master.shutdown()
        await task


@asynccontextmanager
async def asked(proxy: int, method: str) -> AsyncIterator[asyncio.StreamReader]:
    """A request of a page's for what a server allows; at the end the client goes."""
    server = await asyncio.start_server(answer, "127.0.0.1")
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy)
    asks = "Access-Control-Request-Method: PUT\r\n" if method == "OPTIONS" else ""
    head = f"{method} http://{host}/ HTTP/1.1\r\nHost: {host}\r\nOrigin: {PAGE}\r\n{asks}Sec-Fetch-Mode: cors\r\n"
    writer.write(f"{head}User-Agent: {CHROMIUM}\r\n\r\n".encode())
    async with server:
        yield reader
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def verdict(view: View) -> str | None:
    found: str | None = view[0].metadata.get("cors.verdict")
    return found


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize(
    ("held", "command", "told"),
    [("~q", "flow.kill", None), ("~s", "flow.kill", None), ("~s", "flow.resume", "allow")],
)
def test_a_flow_that_is_held(held: str, command: str, told: str | None, method: str) -> None:
    """Before it is sent, or before it is answered: one that is killed has no verdict, then and later."""

    async def play() -> None:
        async with mitmproxy(held) as (master, view, proxy):
            async with asked(proxy, method) as reader:
                await waits.until(lambda: len(view) and view[0].intercepted)
                assert verdict(view) is None
                master.commands.call(command, [view[0]])
                if told is not None:
                    assert b"200 OK" in await reader.read(1000)
                    await waits.until(lambda: verdict(view))
            await waits.until(lambda: not master.addons.get("proxyserver").connections)
            assert verdict(view) == told
        assert told is not None or verdict(view) is None

    asyncio.run(play())


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize("hook", ["request", "responseheaders", "response", None])
@pytest.mark.parametrize("place", ["first", "last"])
def test_a_flow_that_an_addon_kills(hook: str | None, place: str, method: str) -> None:
    """Whichever addon comes first."""

    async def play() -> None:
        async with mitmproxy("~u nothing-at-all", **{place: Killer(hook or "nothing")}) as (master, view, proxy):
            async with asked(proxy, method) as reader:
                got = await reader.read(1000)
                assert (b"200 OK" in got) is (hook is None)
                await waits.until(lambda: hook or verdict(view))
            await waits.until(lambda: not master.addons.get("proxyserver").connections)
            assert (verdict(view) == "allow") is (hook is None)

    asyncio.run(play())
