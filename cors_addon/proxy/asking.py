"""Sending one request of mitmproxy's own, by its client replay, and waiting for the answer's head.

Law 1: it ends: mitmproxy's replay waits for ever for a server that says nothing, or never ends what it says.
Law 2: a body is for people to read: of a long one only the beginning is taken.
"""

import asyncio
import logging
import time
from typing import Any

from mitmproxy.addons.clientplayback import ReplayHandler
from mitmproxy.flow import Error
from mitmproxy.http import HTTPFlow
from mitmproxy.options import Options
from mitmproxy.proxy.commands import StartHook

from cors_addon.flows import translate
from cors_addon.proxy import internals

WITHIN = 10.0
"""Seconds for an answer's head."""
BODY_WITHIN = 2.0
"""Seconds for the rest of it."""
MAX_BODY = 65_536
"""Bytes of it that are kept."""
_TOO_LONG = f"nothing came within {WITHIN:.0f} seconds"
_LOOK_EVERY = 0.1
_HOOKS = internals.http_hooks()
_LAST = 1.0
"""Seconds for mitmproxy to close what was cut off."""


class Asking(ReplayHandler):
    """One request on its way."""

    def __init__(self, flow: HTTPFlow, options: Options) -> None:
        super().__init__(flow, options)
        self._body = bytearray()
        self._takes = False
        self._was_cut = self._was_killed = False

    async def ask(self) -> None:
        """Send it; afterwards the flow has an answer, or an error that says why not."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(self.replay())
        since, had_head = loop.time(), False
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=_LOOK_EVERY)
                has_head = self.flow.response is not None
                if self.flow.intercepted or has_head != had_head:  # people take their time
                    since, had_head = loop.time(), has_head
                elif translate.is_killed(self.flow) or loop.time() - since > (BODY_WITHIN if has_head else WITHIN):
                    break
            if not task.done():
                self.cut()
                await asyncio.wait({task}, timeout=_LAST)
        finally:
            if not task.done():
                self.cut()
                task.cancel()
            flow = self.flow
            flow.live = False
            if flow.error is None and flow.response is None:
                flow.error = Error(_TOO_LONG)
        if not task.cancelled():
            task.result()  # raises what went wrong

    def cut(self) -> None:
        """Close the connection: what came is all that is wanted."""
        self._was_cut = True
        self._was_killed = translate.is_killed(self.flow)
        for transport in self.transports.values():
            if transport.handler is not None:
                transport.handler.cancel()

    async def handle_hook(self, hook: StartHook) -> None:
        """Mind what is read of the answer, by the head; that a body broke off is nobody's business."""
        flow, response = self.flow, self.flow.response
        if isinstance(hook, _HOOKS.HttpErrorHook):
            if self._was_killed:
                flow.error = Error(Error.KILLED_MESSAGE)
            elif self._takes and not translate.is_killed(flow):
                flow.error, hook = None, _HOOKS.HttpResponseHook(flow)
            elif self._was_cut and response is None:
                flow.error = Error(_TOO_LONG)
        if self._takes and isinstance(hook, _HOOKS.HttpResponseHook) and response is not None:
            response.stream = False
            response.data.content = bytes(self._body)
            response.data.timestamp_end = time.time()
        await super().handle_hook(hook)
        response = flow.response
        if isinstance(hook, _HOOKS.HttpResponseHeadersHook) and response is not None and response.data.content is None:
            self._takes = True
            response.stream = self._take

    def log(self, message: str, level: int = logging.INFO, exc_info: Any = None) -> None:
        """What mitmproxy tells of each connection would bury the answers in the event log."""
        super().log(message, logging.DEBUG if level <= logging.INFO else level, exc_info)

    def _take(self, chunk: bytes) -> bytes:
        self._body += chunk[: MAX_BODY - len(self._body)]
        if len(self._body) >= MAX_BODY and not self._was_cut:
            asyncio.get_running_loop().call_soon(self.cut)
        return b""
