"""The command `cors.probe`: which origins do these flows' servers let in? It asks them."""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mitmproxy import exceptions, http
from mitmproxy.addonmanager import Loader
from mitmproxy.flow import Flow
from mitmproxy.log import ALERT
from mitmproxy.master import Master

from cors_addon.exchange.model import Judgement
from cors_addon.proxy.commands import in_console

if TYPE_CHECKING:
    from cors_addon.proxy.probing import Probing

logger = logging.getLogger(__name__)

NAME = "cors.probe"

type JudgementOf = Callable[[http.HTTPFlow], Judgement | None]


class ProbeCommand:
    """What a person may type after `:`, or into mitmweb's command bar."""

    def __init__(self, master: Master, judgement_of: JudgementOf) -> None:
        """`judgement_of` gives the judgement on a flow, made now where there is none."""
        self._master = master
        self._judgement_of = judgement_of
        self._probing: Probing | None = None

    def declare(self, loader: Loader) -> None:
        """Register it, in the form that suits this front end."""
        loader.add_command(NAME, self.probe if in_console(self._master) else self.probe_and_tell)

    def withdraw(self) -> None:
        """Take it away again, and ask no more."""
        self._master.commands.commands.pop(NAME, None)
        if self._probing is not None:
            self._probing.stop()

    def probe(self, flows: Sequence[Flow]) -> None:
        """Ask the servers of these flows which origins they let in. GET and HEAD are sent again, else preflights."""
        logger.log(ALERT, "%s", self._loaded().start(flows))

    def probe_and_tell(self, flows: Sequence[Flow]) -> str:
        """Ask the servers of these flows which origins they let in. GET and HEAD are sent again, else preflights."""
        said = self._loaded().start(flows)
        logger.info("%s", said)
        return f"{said} The answers go to the event log."

    def judge(self, flow: http.HTTPFlow, engine: str) -> tuple[Judgement | None, str]:
        """The judgement on a probe, of this run or of a recording, and a line on what its answer shows."""
        return self._loaded().judge(flow, engine)

    def _loaded(self) -> "Probing":
        if self._probing is None:
            try:
                from cors_addon.proxy.probing import Probing  # what only a probe needs is not loaded with the addon
            except ImportError as error:  # it uses mitmproxy's client replay, which may change
                raise exceptions.CommandError(f"cors.probe does not suit this mitmproxy: {error}") from error
            self._probing = Probing(self._master, self._judgement_of)
        return self._probing
