"""A minimal client of WebDriver BiDi: commands, events, and what script hands back as JSON text."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from . import BrowserGone

Listener = Callable[[str, dict[str, Any]], None]


class BidiError(Exception):
    """A command that the browser refused."""


class Bidi:
    """One session with a browser; `listener` gets every event as (method, parameters)."""

    def __init__(self, socket: ClientConnection, listener: Listener) -> None:
        self.socket = socket
        self.listener = listener
        self.numbers = itertools.count(1)
        self.waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.pump = asyncio.create_task(self.receive())

    @classmethod
    async def open(cls, url: str, listener: Listener, **capabilities: Any) -> Bidi:
        """Connect to a browser's BiDi socket and begin a session."""
        made = cls(await connect(f"{url}/session", max_size=None, ping_interval=None, compression=None), listener)
        await made.call("session.new", capabilities={"alwaysMatch": capabilities})
        return made

    async def receive(self) -> None:
        """Hand out answers and events until the connection ends."""
        try:
            async for text in self.socket:
                message = json.loads(text)
                if message["type"] == "event":
                    self.listener(message["method"], message["params"])
                    continue
                future = self.waiting.pop(message["id"], None) if message["id"] is not None else None
                if future is None or future.done():
                    continue
                if message["type"] == "error":
                    future.set_exception(BidiError(f"{message['error']}: {message['message']}"))
                else:
                    future.set_result(message["result"])
        except ConnectionClosed:
            pass
        finally:
            for future in self.waiting.values():
                if not future.done():
                    future.set_exception(BrowserGone("the browser closed its BiDi connection"))

    async def call(self, method: str, seconds: float = 30.0, **params: Any) -> dict[str, Any]:
        """Send one command and wait for its result."""
        number = next(self.numbers)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.waiting[number] = future
        try:
            await self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
            return await asyncio.wait_for(future, seconds)
        except (ConnectionClosed, TimeoutError) as error:
            raise BrowserGone(f"no answer to {method}") from error
        finally:
            self.waiting.pop(number, None)

    async def evaluate(self, context: str, expression: str, seconds: float = 60.0) -> Any:
        """The value of an expression in a browsing context, once settled; it must be such as JSON can hold."""
        result = await self.call(
            "script.evaluate",
            seconds,
            expression=f"(async () => JSON.stringify(await ({expression})))()",
            target={"context": context},
            awaitPromise=True,
        )
        if result["type"] == "exception":
            raise BidiError(result["exceptionDetails"]["text"])
        text = result["result"].get("value")
        return None if text is None else json.loads(text)

    async def listen(self, context: str, function: str, channel: str) -> None:
        """Call a function in a browsing context with a callback, each of whose calls is a `script.message` event."""
        result = await self.call(
            "script.callFunction",
            functionDeclaration=function,
            arguments=[{"type": "channel", "value": {"channel": channel}}],
            target={"context": context},
            awaitPromise=True,
        )
        if result["type"] == "exception":
            raise BidiError(result["exceptionDetails"]["text"])

    async def close(self) -> None:
        """End the connection."""
        await self.socket.close()
        await asyncio.gather(self.pump, return_exceptions=True)
