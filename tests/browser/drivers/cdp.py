"""A minimal client of the Chrome DevTools Protocol: commands, events, sessions of attached targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection

from .calls import Calls, socket_to

Listener = Callable[[str | None, str, dict[str, Any]], None]


class CdpError(Exception):
    """A command that the browser refused."""


class Cdp(Calls):
    """One connection to the browser; `listener` gets every event as (session id, method, parameters)."""

    protocol = "DevTools"

    def __init__(self, socket: ClientConnection, listener: Listener) -> None:
        self.listener = listener
        super().__init__(socket)

    @classmethod
    async def open(cls, url: str, listener: Listener) -> Cdp:
        """Connect to a DevTools web socket."""
        return cls(await socket_to(url), listener)

    def take(self, message: dict[str, Any]) -> None:
        """Answers have a number, events a method."""
        if "id" not in message:
            self.listener(message.get("sessionId"), message["method"], message["params"])
        elif (future := self.asker(message)) is not None:
            if "error" in message:
                future.set_exception(CdpError(message["error"].get("message", "")))
            else:
                future.set_result(message["result"])

    async def call(self, method: str, session: str | None = None, wait: float = 30.0, **params: Any) -> dict[str, Any]:
        """Send one command and wait for its result."""
        message: dict[str, Any] = {"method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        return await self.ask(message, wait)
