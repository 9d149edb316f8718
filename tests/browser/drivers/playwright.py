"""Chromium as Playwright drives it, for the HARs that Playwright writes; what the browser decided stands in those.

Playwright's own builds of Firefox and WebKit are no part of its package, and its way to drive any Firefox
(`channel="moz-firefox"`) wants a newer one than distributions have.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, ClassVar, Literal

from playwright.async_api import BrowserContext, Page, async_playwright

from tests import waits
from tests.browser.cases import Case

from . import Launch, Outcome, chromium

Content = Literal["attach", "embed"]
RECORDED: tuple[tuple[str, Content, Literal["full", "minimal"]], ...] = (
    ("full.zip", "attach", "full"),
    ("minimal.har", "embed", "minimal"),
    ("minimal-attached.har", "attach", "minimal"),
    ("minimal.zip", "embed", "minimal"),
)
"""Files that `route_from_har` records into, as it is told."""
FORMS = ("full.har", "minimal-omitted.har", *(name for name, _, _ in RECORDED))
"""All files of one session."""
FLAGS = ("--disable-background-networking", "--disable-quic", f"--disable-features={chromium.DISABLED}")


class Chromium(chromium.Chromium):
    """One headless Chromium, with one context that writes HARs of every form when it ends."""

    folder: ClassVar[Path]
    """Where the HARs go."""

    async def start(self, launch: Launch) -> None:
        """Start Playwright and, through it, Chromium."""
        self.pages_by_origin: dict[str, asyncio.Task[Page]] = {}
        self.context: BrowserContext | None = None
        self.playwright = await async_playwright().start()
        self.browser = await self.playwright.chromium.launch(
            executable_path=self.find(),
            args=FLAGS,
            proxy={"server": f"http://127.0.0.1:{launch.proxy_port}", "bypass": "<-loopback>"},
        )
        self.context = await self.browser.new_context(
            ignore_https_errors=True, record_har_path=self.folder / "full.har"
        )
        await self.context.tracing.start_har(self.folder / "minimal-omitted.har", content="omit", mode="minimal")
        for name, content, mode in RECORDED:
            await self.context.route_from_har(self.folder / name, update=True, update_content=content, update_mode=mode)

    async def page(self, origin: str) -> Page:
        """The page of one origin, opened on first use."""
        if origin not in self.pages_by_origin:
            self.pages_by_origin[origin] = asyncio.create_task(self.new_page(origin))
        return await asyncio.shield(self.pages_by_origin[origin])

    async def new_page(self, origin: str) -> Page:
        """Open the case page of an origin."""
        assert self.context is not None
        page = await self.context.new_page()
        await page.goto(f"{origin}{self.page_path}")
        return page

    async def prime(self, page: str, urls: list[str]) -> None:
        """Have a page ask every server for its cookie."""
        await (await self.page(page)).evaluate("urls => prime(urls)", urls)

    async def run_step(self, case: Case, index: int, step: dict[str, Any]) -> Outcome:
        """Run a step; script alone tells how it ended."""
        page = await self.page(case.page)
        return Outcome.of(await page.evaluate("([ctx, step]) => runStep(ctx, step)", [case.ctx, step]), [])

    async def stop(self) -> None:
        """Close the context, which writes the HARs, then Chromium."""
        try:
            if self.context is not None:
                await waits.grace(0.5)  # what came last
                await self.context.close()
                await self.browser.close()
        finally:
            await self.playwright.stop()
