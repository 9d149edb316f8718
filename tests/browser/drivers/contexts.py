"""One Chromium with several browser contexts, each with cookies, caches and connections of its own.

Behind a proxy they have one address and one User-Agent, as a window and a private one have, or a test's contexts.
"""

from __future__ import annotations

import contextvars
import random
from typing import Any, ClassVar

from tests.browser.cases import Case

from . import Launch, Outcome
from .chromium import Chromium

COUNT = 2
_CURRENT: contextvars.ContextVar[int] = contextvars.ContextVar("context", default=0)


class Contexts(Chromium):
    """A Chromium whose steps are taken in one context or another; the first alone has cookies."""

    concurrency: ClassVar[int] = 6

    def __init__(self) -> None:
        super().__init__()
        self.contexts: list[str] = []

    async def start(self, launch: Launch) -> None:
        """Start Chromium, and make its contexts."""
        await super().start(launch)
        assert self.cdp is not None
        proxy: dict[str, Any] = {"proxyServer": f"127.0.0.1:{launch.proxy_port}", "proxyBypassList": "<-loopback>"}
        for _ in range(COUNT):
            made = await self.cdp.call("Target.createBrowserContext", **proxy)
            self.contexts.append(made["browserContextId"])

    @staticmethod
    def context_of(case: Case, index: int) -> int:
        """Which context takes a step: drawn, and always the same for it."""
        return random.Random(f"{case.id} {index}").randrange(COUNT)

    async def run_step(self, case: Case, index: int, step: dict[str, Any]) -> Outcome:
        """Take a step in the context that it is drawn for."""
        _CURRENT.set(self.context_of(case, index))
        return await super().run_step(case, index, step)

    async def evaluate(self, page: str, expression: str) -> Any:
        """The value of an expression in the page of one origin, in the current context."""
        return await super().evaluate(f"{page} {_CURRENT.get()}", expression)

    async def open_page(self, page: str) -> str:
        """Open the case page of one origin in a tab of a context."""
        page, _, context = page.partition(" ")
        return await self.open_where(page, browserContextId=self.contexts[int(context)])
