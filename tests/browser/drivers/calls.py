"""Numbered commands over a web socket: what WebDriver BiDi and the Chrome DevTools Protocol have in common."""

from __future__ import annotations

import abc
import asyncio
import itertools
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from . import BrowserGone


async def socket_to(url: str) -> ClientConnection:
    """A connection to a browser on this machine: no limit, no compression, and it may be busy."""
    return await connect(url, max_size=None, ping_interval=None, compression=None)


class Calls(abc.ABC):
    """One connection to a browser."""

    protocol: str

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.numbers = itertools.count(1)
        self.waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.pump = asyncio.create_task(self.receive())

    @abc.abstractmethod
    def take(self, message: dict[str, Any]) -> None:
        """An event, or an answer: that is for the future which `asker` gives."""

    def asker(self, message: dict[str, Any]) -> asyncio.Future[dict[str, Any]] | None:
        """Who waits for this answer, if anybody still does."""
        future = None if message["id"] is None else self.waiting.pop(message["id"], None)
        return None if future is None or future.done() else future

    async def receive(self) -> None:
        """Hand out answers and events until the connection ends."""
        try:
            async for text in self.socket:
                self.take(json.loads(text))
        except ConnectionClosed:
            pass
        finally:
            for future in self.waiting.values():
                if not future.done():
                    future.set_exception(BrowserGone(f"the browser closed its {self.protocol} connection"))

    async def ask(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send one command, which gets its number here, and wait for its result."""
        number = next(self.numbers)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.waiting[number] = future
        try:
            await self.socket.send(json.dumps({"id": number, **message}))
            return await asyncio.wait_for(future, seconds)
        except (ConnectionClosed, TimeoutError) as error:
            raise BrowserGone(f"no answer to {message['method']}") from error
        finally:
            self.waiting.pop(number, None)

    async def close(self) -> None:
        """End the connection."""
        await self.socket.close()
        await asyncio.gather(self.pump, return_exceptions=True)
