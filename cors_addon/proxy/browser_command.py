"""The command `cors.browser` and the option `cors_browser`: a browser that is set up for this proxy."""

import asyncio
import contextlib
import ipaddress
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from mitmproxy import ctx, exceptions
from mitmproxy.master import Master
from mitmproxy.options import Options

from cors_addon.browser import wanted
from cors_addon.proxy.command_group import Command, CommandGroup
from cors_addon.proxy.logs import logger_of

if TYPE_CHECKING:
    from cors_addon.browser.running import Browser

logger = logger_of(__name__)

_LOOK_EVERY = 0.5
"""Seconds between two looks at whether a browser still runs."""
_HERE = "127.0.0.1"
_DEFAULT_PORT = 8080
"""mitmproxy's."""
_STARTING = 20
"""Looks in which a browser that ends is one that did not start."""


class BrowserCommand(CommandGroup):
    """Starts browsers, and ends them with mitmproxy."""

    COMMANDS: ClassVar = (Command("cors.browser", "browser"),)

    def __init__(self, master: Master) -> None:
        super().__init__(master)
        self.live_page: Callable[[], str] = lambda: ""
        """Gives the address of the live page in a browser that uses this proxy; empty where there is none."""
        self._running: list[Browser] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def has_started(self) -> bool:
        """Whether one was started that still runs."""
        return bool(self._running)

    def browser(self, *words: str) -> str:
        """Start a browser that uses this proxy, for localhost too, and trusts its certificate; with the live page.

        Words, each of which may be left out: a name (chrome, chromium, edge, brave, firefox) or the path of one, the
        address to open, `headless`, and arguments for the browser, which begin with -.
        """
        from cors_addon.browser.running import start  # what only this command needs takes a while to import

        try:
            asked = wanted.read(words)
            browser = start(self._with_page(asked), proxy_of(ctx.options), ctx.options.confdir)
        except wanted.Fault as fault:
            raise exceptions.CommandError(f"cors.browser: {fault}") from fault
        self._running.append(browser)
        self._end_with_the_terminal()
        task = asyncio.get_running_loop().create_task(self._watch(browser))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        opened = "" if asked.url == wanted.BLANK else f" at {asked.url}"
        where = "It has a profile of its own, sends all traffic through this proxy, localhost too, and ends with it."
        return " ".join((f"{browser.title} starts{opened}.", where, *browser.notes))

    def _with_page(self, asked: wanted.Wanted) -> wanted.Wanted:
        """The same with the live page, where somebody sees it."""
        page = "" if asked.headless else self.live_page()
        if not page:
            return asked
        return asked._replace(url=page) if asked.url == wanted.BLANK else asked._replace(also=(page,))

    def start(self, words: str) -> None:
        """Start what the option asks for; what keeps it from that is logged."""
        try:
            logger.info("%s", self.browser(*wanted.split(words)))
        except (exceptions.CommandError, wanted.Fault) as fault:
            logger.error("%s", fault)

    async def _watch(self, browser: "Browser") -> None:
        """Say when it ends, and clean up after it."""
        looks = 0
        while not browser.has_ended:
            await asyncio.sleep(_LOOK_EVERY)
            looks += 1
        if browser not in self._running:
            return
        self._running.remove(browser)
        if browser.failed and looks <= _STARTING:
            logger.error("%s did not start. Its last words: %s", browser.title, browser.last_words() or "none.")
        else:
            logger.info("%s was closed. mitmproxy goes on; cors.browser starts another.", browser.title)
        browser.end()

    def _end_with_the_terminal(self) -> None:
        """Have mitmproxy end in good order when its terminal is closed, for else the browser would stay."""
        hangup = getattr(signal, "SIGHUP", None)  # Windows has none
        if hangup is not None and signal.getsignal(hangup) is signal.SIG_DFL:
            with contextlib.suppress(ValueError, RuntimeError):  # not in the main thread
                asyncio.get_running_loop().add_signal_handler(hangup, self._master.shutdown)

    def withdraw(self) -> None:
        """End all that runs."""
        super().withdraw()
        running, self._running = self._running, []
        for browser in running:
            browser.end()
        for task in self._tasks:
            task.cancel()


def proxy_of(options: Options) -> str:
    """Where browsers find this proxy, as HOST:PORT; raises Fault.

    https://docs.mitmproxy.org/stable/concepts/options/#mode has the form of a mode: SPEC or SPEC@[HOST:]PORT.
    """
    for mode in options.mode if options.server else ():
        spec, _, listen = mode.rpartition("@") if "@" in mode else (mode, "", "")
        if spec.partition(":")[0] not in ("regular", "upstream"):
            continue
        host, _, port = listen.rpartition(":")
        port = int(port) if port else options.listen_port or _DEFAULT_PORT
        return f"{_reachable(host or options.listen_host)}:{port}"
    raise wanted.Fault(
        "mitmproxy is no proxy for browsers here: start it with --mode regular, beside other modes if need be."
    )


def _reachable(host: str) -> str:
    """The host at which one is reached that listens on this one."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host or _HERE
    if address.is_unspecified:
        return _HERE
    return f"[{address}]" if address.version == 6 else str(address)
