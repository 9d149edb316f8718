"""A minimal client of WebDriver BiDi: commands, events, and what script hands back as JSON text."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection

from .calls import Calls, socket_to

START_SECONDS = 120.0

Listener = Callable[[str, dict[str, Any]], None]


class BidiError(Exception):
    """A command that the browser refused."""


class Bidi(Calls):
    """One session with a browser; `listener` gets every event as (method, parameters)."""

    protocol = "BiDi"

    def __init__(self, socket: ClientConnection, listener: Listener) -> None:
        self.listener = listener
        super().__init__(socket)

    @classmethod
    async def open(cls, url: str, listener: Listener, **capabilities: Any) -> Bidi:
        """Connect to a browser's BiDi socket and begin a session."""
        made = cls(await socket_to(f"{url}/session"), listener)
        # the first call takes long on a busy machine: the browser is still starting
        await made.call("session.new", START_SECONDS, capabilities={"alwaysMatch": capabilities})
        return made

    def take(self, message: dict[str, Any]) -> None:
        """Each message says what it is."""
        if message["type"] == "event":
            self.listener(message["method"], message["params"])
        elif (future := self.asker(message)) is not None:
            if message["type"] == "error":
                future.set_exception(BidiError(f"{message['error']}: {message['message']}"))
            else:
                future.set_result(message["result"])

    async def call(self, method: str, seconds: float = 30.0, **params: Any) -> dict[str, Any]:
        """Send one command and wait for its result."""
        return await self.ask({"method": method, "params": params}, seconds)

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
