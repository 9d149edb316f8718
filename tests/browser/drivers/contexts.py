"""One browser with several cookie jars, each with caches and connections of its own.

Behind a proxy they have one address and one User-Agent, as a window and a private one have, or a test's contexts.
"""

from __future__ import annotations

import asyncio
import contextvars
import dataclasses
import random
from pathlib import Path
from typing import Any, ClassVar

from tests.browser.cases import Case

from . import Driver, Launch, Outcome
from .chromium import Chromium
from .firefox import Firefox
from .webkit import WebKit

JARS = 2
"""Contexts that steps are drawn for."""
WINDOWS = 4
"""Contexts that there are."""
_CURRENT: contextvars.ContextVar[int] = contextvars.ContextVar("context", default=0)


def context_of(case: Case, index: int) -> int:
    """Which context takes a step: drawn, and always the same for it. The first alone has cookies."""
    return random.Random(f"{case.id} {index}").randrange(JARS)


class ChromiumContexts(Chromium):
    """A Chromium whose steps are taken in one browser context or another."""

    concurrency: ClassVar[int] = 6

    def __init__(self) -> None:
        super().__init__()
        self.contexts: list[str] = []

    async def start(self, launch: Launch) -> None:
        """Start Chromium, and make its contexts."""
        await super().start(launch)
        assert self.cdp is not None
        proxy: dict[str, Any] = {"proxyServer": f"127.0.0.1:{launch.proxy_port}", "proxyBypassList": "<-loopback>"}
        for _ in range(WINDOWS):
            made = await self.cdp.call("Target.createBrowserContext", **proxy)
            self.contexts.append(made["browserContextId"])

    async def run_step(self, case: Case, index: int, step: dict[str, Any]) -> Outcome:
        """Take a step in the context that it is drawn for."""
        _CURRENT.set(context_of(case, index))
        return await super().run_step(case, index, step)

    async def ask(self, context: int, page: str, expression: str) -> Any:
        """The value of an expression in the page of one origin in a context."""
        _CURRENT.set(context)
        return await self.evaluate(page, expression)

    async def evaluate(self, page: str, expression: str) -> Any:
        """The value of an expression in the page of one origin, in the current context."""
        return await super().evaluate(f"{page} {_CURRENT.get()}", expression)

    async def open_page(self, page: str) -> str:
        """Open the case page of one origin in a tab of a context."""
        page, _, context = page.partition(" ")
        return await self.open_where(page, browserContextId=self.contexts[int(context)])


class FirefoxContexts(Firefox):
    """A Firefox whose steps are taken in one user context ("container") or another."""

    concurrency: ClassVar[int] = 6

    def __init__(self) -> None:
        super().__init__()
        self.contexts: list[str] = []

    async def start(self, launch: Launch) -> None:
        """Start Firefox, and make its contexts."""
        await super().start(launch)
        assert self.bidi is not None
        for _ in range(WINDOWS):
            made = await self.bidi.call("browser.createUserContext")
            self.contexts.append(made["userContext"])

    async def run_step(self, case: Case, index: int, step: dict[str, Any]) -> Outcome:
        """Take a step in the context that it is drawn for."""
        _CURRENT.set(context_of(case, index))
        return await super().run_step(case, index, step)

    async def ask(self, context: int, page: str, expression: str) -> Any:
        """The value of an expression in the page of one origin in a context."""
        _CURRENT.set(context)
        return await self.evaluate(page, expression)

    async def evaluate(self, page: str, expression: str) -> Any:
        """The value of an expression in the page of one origin, in the current context."""
        return await super().evaluate(f"{page} {_CURRENT.get()}", expression)

    async def open_page(self, page: str) -> str:
        """Open the case page of one origin in a tab of a context, the first with all cookies."""
        page, _, context = page.partition(" ")
        return await self.open_where(page, primed=context == "0", userContext=self.contexts[int(context)])


class WebKitContexts:
    """Two MiniBrowsers, of which one takes a step or the other: one has one cookie jar."""

    name: ClassVar[str] = "webkit"
    concurrency: ClassVar[int] = 4
    http2: ClassVar[bool] = False
    opaque_apis: ClassVar[frozenset[str]] = WebKit.opaque_apis
    unpreflighted: ClassVar[frozenset[str]] = WebKit.unpreflighted

    def __init__(self) -> None:
        self.browsers = [WebKit() for _ in range(JARS)]

    @classmethod
    def find(cls) -> Path:
        """MiniBrowser's binary, or BrowserMissing."""
        return WebKit.find()

    async def start(self, launch: Launch) -> None:
        """Start both."""
        for number, browser in enumerate(self.browsers):
            await browser.start(dataclasses.replace(launch, profile=launch.profile / str(number)))

    async def prime(self, page: str, urls: list[str]) -> None:
        """Have a page of the first ask every server for its cookie."""
        await self.browsers[0].prime(page, urls)

    async def run_step(self, case: Case, index: int, step: dict[str, Any]) -> Outcome:
        """Take a step in the browser that it is drawn for, in a tab of its own."""
        alone = dataclasses.replace(case, steps=(case.steps[index],))
        return await self.browsers[context_of(case, index)].run_step(alone, 0, step)

    async def ask(self, context: int, page: str, expression: str) -> Any:
        """The value of an expression in the page of one origin in one of the browsers."""
        browser = self.browsers[context]
        tab = await browser.tab(page)
        value = await tab.settle(expression)
        browser.free[page].append(tab)
        return value

    async def run_together(self, case: Case, steps: list[dict[str, Any]]) -> list[Outcome]:
        """Take the steps of a case at once, all in one browser."""
        return await self.browsers[context_of(case, 0)].run_together(case, steps)

    async def stop(self) -> None:
        """End both."""
        await asyncio.gather(*(browser.stop() for browser in self.browsers))


CONTEXTS: dict[str, type[Driver]] = {
    "chromium": ChromiumContexts,
    "firefox": FirefoxContexts,
    "webkit": WebKitContexts,
}
"""By browser."""
