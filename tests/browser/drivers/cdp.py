"""A minimal client of the Chrome DevTools Protocol: commands, events, sessions of attached targets."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from . import BrowserGone

Listener = Callable[[str | None, str, dict[str, Any]], None]


class CdpError(Exception):
    """A command that the browser refused."""


class Cdp:
    """One connection to the browser; `listener` gets every event as (session id, method, parameters)."""

    def __init__(self, socket: ClientConnection, listener: Listener) -> None:
        self.socket = socket
        self.listener = listener
        self.numbers = itertools.count(1)
        self.waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.pump = asyncio.create_task(self.receive())

    @classmethod
    async def open(cls, url: str, listener: Listener) -> Cdp:
        """Connect to a DevTools web socket."""
        return cls(await connect(url, max_size=None, ping_interval=None, compression=None), listener)

    async def receive(self) -> None:
        """Hand out answers and events until the connection ends."""
        try:
            async for text in self.socket:
                message = json.loads(text)
                if "id" in message:
                    future = self.waiting.pop(message["id"], None)
                    if future is not None and not future.done():
                        if "error" in message:
                            future.set_exception(CdpError(message["error"].get("message", "")))
                        else:
                            future.set_result(message["result"])
                else:
                    self.listener(message.get("sessionId"), message["method"], message["params"])
        except ConnectionClosed:
            pass
        finally:
            for future in self.waiting.values():
                if not future.done():
                    future.set_exception(BrowserGone("the browser closed its DevTools connection"))

    async def call(self, method: str, session: str | None = None, wait: float = 30.0, **params: Any) -> dict[str, Any]:
        """Send one command and wait for its result."""
        number = next(self.numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.waiting[number] = future
        try:
            await self.socket.send(json.dumps(message))
            return await asyncio.wait_for(future, wait)
        except (ConnectionClosed, TimeoutError) as error:
            raise BrowserGone(f"no answer to {method}") from error
        finally:
            self.waiting.pop(number, None)

    async def close(self) -> None:
        """End the connection."""
        await self.socket.close()
        await asyncio.gather(self.pump, return_exceptions=True)
