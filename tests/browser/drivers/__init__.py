"""Browsers: what a driver must do, and which drivers there are.

A driver starts one browser behind the proxy, opens the case pages in it and runs steps. It tells what the browser
decided, in an `Outcome`; which flow of the step a decision belongs to is worked out by `truth`, the same for all.

To add a browser: a module here with a class that has the members of `Driver`, and a line in `DRIVERS`.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

from tests.browser.cases import Case


class BrowserMissing(Exception):
    """The browser is not installed; the text names the package to install."""


class BrowserGone(Exception):
    """The browser ended or hangs; the harness starts it anew and repeats what was not finished."""


@dataclasses.dataclass(frozen=True, slots=True)
class Launch:
    """How a browser is to be started."""

    proxy_port: int | None
    """None: no proxy."""
    profile: Path
    block_third_party_cookies: bool = False


@dataclasses.dataclass(slots=True)
class Outcome:
    """What a browser decided about one step.

    `passed`: the last answer got through the browser's checks and to whoever asked (an image that cannot be decoded
    did pass); None where the browser does not tell. `error` and `failed_parameter` in the browser's own words. `js` is
    what script saw: resolved, rejected, unknown (beacons), timeout.
    """

    js: str
    passed: bool | None = None
    error: str | None = None
    failed_parameter: str | None = None
    net_error: str | None = None
    response_type: str | None = None
    js_status: int | None = None
    exposed: list[str] | None = None
    detail: str | None = None
    console: list[str] = dataclasses.field(default_factory=list)

    @classmethod
    def of(cls, seen: dict[str, Any], console: list[str]) -> Self:
        """What script saw, as `runStep` in the page returns it, and the console's lines; the rest is the driver's."""
        return cls(
            js=seen["js"],
            response_type=seen.get("response_type"),
            js_status=seen.get("js_status"),
            exposed=sorted(seen["exposed"]) if "exposed" in seen else None,
            detail=seen.get("detail"),
            console=console,
        )


class Driver(Protocol):
    """One running browser."""

    name: ClassVar[str]
    """As in truth lines: chromium, firefox, webkit."""
    concurrency: ClassVar[int]
    """How many cases may run at once."""
    http2: ClassVar[bool]
    """Whether this browser speaks HTTP/2 to a proxy."""
    opaque_apis: ClassVar[frozenset[str]]
    """Request kinds that this browser fetches without CORS though the standard says with it: WebKit's fonts."""

    unpreflighted: ClassVar[frozenset[str]]
    """Request headers, lower case, that this browser sends no preflight for though the standard asks for one."""

    @classmethod
    def find(cls) -> Path:
        """The browser's binary, or BrowserMissing with the name of the package."""
        ...

    async def start(self, launch: Launch) -> None:
        """Start the browser, without opening a page."""
        ...

    async def prime(self, page: str, urls: list[str]) -> None:
        """Open `page + '/page'` and have it call `prime(urls)`, so that cookies are set."""
        ...

    async def run_step(self, case: Case, index: int, step: dict[str, Any]) -> Outcome:
        """Run one step by calling `runStep(ctx, step)` in the page at `case.page + '/page'`, opened on first use.

        Steps of one case come one after the other; those of different cases at once, up to `concurrency`.
        """
        ...

    async def run_together(self, case: Case, steps: list[dict[str, Any]]) -> list[Outcome]:
        """Run all steps of a case at once by calling `runTogether(ctx, steps)` there.

        Each step's request bears `Accept: step/INDEX`, its preflight does not.
        """
        ...

    async def stop(self) -> None:
        """End the browser; also after a failed start."""
        ...


def binary_of(names: Sequence[str], browser: str, package: str) -> Path:
    """The first of these programs that is installed; else BrowserMissing, which names the package to install."""
    for name in names:
        if (path := shutil.which(name)) is not None:
            return Path(path)
    raise BrowserMissing(f"{browser} is not installed: apt-get install {package}")


DRIVERS = {"chromium": "Chromium", "firefox": "Firefox", "webkit": "WebKit"}


def load_driver(name: str, binary: Path | None = None) -> type[Driver]:
    """The driver class of one of `DRIVERS`, for `binary` or what is installed; BrowserMissing where there is none."""
    driver: type[Driver] = getattr(importlib.import_module(f"{__name__}.{name}"), DRIVERS[name])
    driver = started_by(driver, binary)
    driver.find()
    return driver


def started_by[D](driver: type[D], binary: Path | None) -> type[D]:
    """The same driver, which starts this program; None for the one that is installed."""
    if binary is None:
        return driver

    def find() -> Path:
        if not os.access(binary, os.X_OK):
            raise BrowserMissing(f"{binary} is no program that can be run")
        return binary.absolute()

    return type(driver.__name__, (driver,), {"find": staticmethod(find)})
