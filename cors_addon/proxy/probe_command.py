"""The command `cors.probe`: which origins do these flows' servers let in? It asks them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

import mitmproxy.types
from mitmproxy import exceptions, http
from mitmproxy.flow import Flow
from mitmproxy.master import Master

from cors_addon.exchange.model import Judgement
from cors_addon.proxy import internals
from cors_addon.proxy.command_group import Command, CommandGroup, write_text
from cors_addon.proxy.logs import logger_of

if TYPE_CHECKING:
    from cors_addon.proxy.probing import Probing

logger = logger_of(__name__)

type JudgementOf = Callable[[http.HTTPFlow], Judgement | None]


class ProbeCommand(CommandGroup):
    """What a person may type after `:`, or into mitmweb's command bar."""

    COMMANDS: ClassVar = (
        Command("cors.probe", "probe", elsewhere="probe_and_tell"),
        Command("cors.probe.save", "save"),
    )

    def __init__(self, master: Master, judgement_of: JudgementOf) -> None:
        """`judgement_of` gives the judgement on a flow, made now where there is none."""
        super().__init__(master)
        self._judgement_of = judgement_of
        self._probing: Probing | None = None

    def withdraw(self) -> None:
        """Take it away again, and ask no more."""
        super().withdraw()
        if self._probing is not None:
            self._probing.stop()

    def probe(self, flows: Sequence[Flow]) -> None:
        """Ask the servers of these flows which origins they let in. GET and HEAD are sent again, else preflights."""
        logger.log(internals.alert_level(), "%s", self._loaded().start(flows))

    def probe_and_tell(self, flows: Sequence[Flow]) -> str:
        """Ask the servers of these flows which origins they let in. GET and HEAD are sent again, else preflights."""
        said = self._loaded().start(flows)
        logger.info("%s", said)
        return f"{said} The answers go to the event log."

    def save(self, path: mitmproxy.types.Path) -> str:
        """Write what the last probe has shown of each server's rule as a policy file, with the evidence for each."""
        from cors_addon.policy.write import write
        from cors_addon.report import admission

        found = admission.policies(self._loaded().probes)
        if not found:
            raise exceptions.CommandError("No probe has shown anybody let in: cors.probe @focus asks.")
        heading = ["What a probe by cors_addon has shown of who is let in: a record, which changes nothing."]
        write_text(path, write(found, heading))
        count = f"{len(found)} server{'' if len(found) == 1 else 's'}"
        return f"What {count} let in is written to {path}, with the evidence."

    def judge(self, flow: http.HTTPFlow, engine: str) -> tuple[Judgement | None, str]:
        """The judgement on a probe, of this run or of a recording, and a line on what its answer shows."""
        return self._loaded().judge(flow, engine)

    def _loaded(self) -> "Probing":
        if self._probing is None:
            try:
                from cors_addon.proxy.probing import Probing  # what only a probe needs is not loaded with the addon
            except ImportError as error:
                raise exceptions.CommandError(f"cors.probe does not suit this mitmproxy: {error}") from error
            self._probing = Probing(self._master, self._judgement_of)
        return self._probing
