"""What the addon knows of the live page: the command `cors.page`, and when to gather, listen and let go."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from mitmproxy import ctx, exceptions, http
from mitmproxy.connection import Server
from mitmproxy.flow import Flow
from mitmproxy.master import Master

from cors_addon.exchange.model import Judgement
from cors_addon.exchange.weight import BUDGET
from cors_addon.proxy import internals
from cors_addon.proxy.command_group import Command, CommandGroup, http_flow
from cors_addon.proxy.faults import Faults
from cors_addon.proxy.hooks import Hook
from cors_addon.proxy.logs import logger_of
from cors_addon.proxy.page.actions import Actions
from cors_addon.proxy.page.app import App, address
from cors_addon.proxy.page.gate import HOST, Gate
from cors_addon.proxy.page.server import ADDRESS, PageServer
from cors_addon.proxy.page.through import Through
from cors_addon.proxy.publishing import Publisher

if TYPE_CHECKING:
    from cors_addon.proxy.page.live import Live

logger = logger_of(__name__)

OFF = "off"
AUTO = "auto"
IDLE = 300.0
"""Seconds after the last look until nothing is gathered any more."""
_SHARE = 4
"""What it may have of all that is kept, as a fraction."""
MOST_KEPT = 1_000
"""Judgements kept for a page that is opened later, where mitmproxy keeps no flows."""


class Kept:
    """The latest judgements, for mitmdump, which forgets flows: a page that is opened later shows them."""

    takes_probes = True

    def __init__(self) -> None:
        self.latest: deque[Judgement] = deque(maxlen=MOST_KEPT)

    def write(self, judgement: Judgement, _flow: http.HTTPFlow | None) -> None:
        """Keep it, and forget the oldest."""
        self.latest.append(judgement)

    def close(self) -> None:
        """There will be no more."""

    def weigh(self, most: int) -> int:
        """Bytes that are kept, after what is too much was forgotten: asked for at times, for many flows at once."""
        weight = sum([each.observation.size for each in self.latest])
        while weight > most:
            weight -= self.latest.popleft().observation.size
        return weight


class PageGroup(CommandGroup):
    """The option `cors_page` and the command `cors.page`."""

    COMMANDS: ClassVar = (Command("cors.page", "page"),)

    def __init__(self, master: Master, publisher: Publisher, faults: Faults) -> None:
        super().__init__(master)
        self._publisher = publisher
        self._faults = faults
        self._gate = Gate()
        self._judged: Callable[[], Iterable[Judgement]] = lambda: ()
        self._body_of: Callable[[str], bytes] = lambda _flow_id: b""
        self.app: App | None = None
        self._server: PageServer | None = None
        self.through: Through | None = None
        self._live: Live | None = None
        self._kept: Kept | None = None
        self._looked = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._wanted = AUTO
        self._most = BUDGET // _SHARE
        self._running = False

    def show(
        self,
        actions: Actions,
        judged: Callable[[], Iterable[Judgement]],
        body_of: Callable[[str], bytes],
        keep: Callable[[str, Hook | None], None],
    ) -> None:
        """What there is to show: `judged` gives the judgements that are at hand, `body_of` the answer's body of a flow.

        `keep` has mitmproxy call a hook of a name, or no longer.
        """
        self._judged, self._body_of = judged, body_of
        self.app = App(self._gate, actions, self.now, self._faults)
        self._server = PageServer(self.app, self._faults)
        self.through = Through(self.app, self._server, keep)

    # ---- mitmproxy starts, changes options, ends ----

    def use(self, wanted: str, memory: int) -> None:
        """`auto`, `off` or a port; `memory`: bytes that all is to be kept in."""
        self._most = memory // _SHARE
        if self._live is not None:
            self._live.keep_within(self._most)
        if wanted != self._wanted:
            self._wanted = wanted
            if self._running:
                self._stop()
                self._start()

    def weigh(self) -> int:
        """Bytes of what is kept to be shown."""
        live = 0 if self._live is None else self._live.weight
        return live + (0 if self._kept is None else self._kept.weigh(self._most))

    def running(self) -> None:
        """Now there is a loop to listen in."""
        self._running = True
        self._start()

    def _start(self) -> None:
        if self._wanted == OFF or self._server is None or self.through is None or self.app is None:
            return
        if internals.listed(self._master) is None:
            self._kept = Kept()
            self._publisher.add(self._kept)
        self.app.mitmweb = _mitmweb()
        self.through.wanted = True
        if any(mode.startswith("upstream:") for mode in ctx.options.mode):
            self.through.open()  # another proxy would be asked for the made-up host
        self._server.start(0 if self._wanted == AUTO else int(self._wanted), self._ready)

    def _ready(self) -> None:
        logger.info("The live page of cors_addon: %s", self.address())
        if self._server is not None and self._server.port is None and self.through is not None:
            self.through.open()  # there is no port that a first request could be let through to

    def close(self) -> None:
        """The end of mitmproxy, or the addon is taken out."""
        self._running = False
        self._stop()

    def _stop(self) -> None:
        self.let_go()
        if self._server is not None:
            self._server.close()
        if self.through is not None:
            self.through.wanted = False
            self.through.close()
        if self._kept is not None:
            self._publisher.remove(self._kept)
            self._kept = None

    # ---- while somebody looks ----

    def now(self) -> "Live":
        """What is shown; whoever looks first has it gathered from now on, with what is still at hand."""
        from cors_addon.proxy.page.live import Live  # what only who looks needs takes a while to import

        self._looked = time.monotonic()
        if self._live is None:
            assert self.app is not None
            known = self._judged() if self._kept is None else self._kept.latest
            self._live = Live(known, self._body_of, self.app.changed)
            self._live.keep_within(self._most)
            self._publisher.add(self._live)
            self._timer = asyncio.get_running_loop().call_later(IDLE, self._look)
        return self._live

    def _look(self) -> None:
        idle = time.monotonic() - self._looked
        if idle >= IDLE:
            self.let_go()
        else:
            self._timer = asyncio.get_running_loop().call_later(IDLE - idle, self._look)

    def let_go(self) -> None:
        """Gather no more, and forget what was gathered."""
        if self._timer is not None:
            self._timer.cancel()
        if self._live is not None:
            self._publisher.remove(self._live)
        self._live = self._timer = None
        if self.through is not None and self._server is not None and self._server.port is not None:
            self.through.close()

    # ---- hooks and the command ----

    def connecting(self, server: Server) -> None:
        """A connection is about to be made."""
        if self.through is not None:
            self.through.connecting(server)

    @property
    def port(self) -> int | None:
        """Where the page listens; None where it does not, or not yet."""
        return None if self._server is None else self._server.port

    @property
    def origin(self) -> str:
        """Of the page on its own port; empty where there is none."""
        return "" if self.port is None else f"http://{ADDRESS}:{self.port}"

    def address(self, flow_id: str = "", *, through: bool = False) -> str:
        """The page's address, with its token: on its own port, or `through` the proxy, where there is no other."""
        own = HOST if through or self.port is None else f"{ADDRESS}:{self.port}"
        return address(own, self._gate.token, flow_id)

    async def listening(self) -> str:
        """The page's address on its own port, once it listens there; empty where it does not."""
        if self._server is None:
            return ""
        await self._server.started()
        return "" if self._server.port is None else self.address()

    def proxied_address(self) -> str:
        """The page's address in a browser that uses this proxy; empty where there is no page."""
        return "" if self._wanted == OFF else self.address(through=True)

    def page(self, flows: Sequence[Flow] = ()) -> str:
        """Open the live page in a browser, at the place of a flow (of several, the last), and tell its address."""
        if self._wanted == OFF:
            raise exceptions.CommandError("There is no live page: the option cors_page is off.")
        flow_id = http_flow(flows[-1]).id if flows else ""
        import webbrowser

        opened = "" if webbrowser.open(self.address(flow_id)) else " (no browser was found: open it by hand)"
        return f"{self.address(flow_id)}{opened} · in the proxied browser also http://{HOST}/"


def _mitmweb() -> str:
    """Where mitmweb's own pages are; empty in another front end."""
    if "web_port" not in ctx.options or not ctx.options.web_port:
        return ""
    host = ctx.options.web_host or ADDRESS
    return f"http://{f'[{host}]' if ':' in host else host}:{ctx.options.web_port}"
