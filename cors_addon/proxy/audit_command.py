"""The command `cors.audit`: the security findings of the chosen flows."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from mitmproxy import http
from mitmproxy.flow import Flow
from mitmproxy.master import Master

from cors_addon.audit.auditor import Auditor
from cors_addon.exchange.model import Judgement
from cors_addon.policy.suffixes import registrable_domain
from cors_addon.proxy.command_group import Command, CommandGroup
from cors_addon.proxy.logs import logger_of

if TYPE_CHECKING:
    from cors_addon.report.summary import Summary

logger = logger_of(__name__)

type JudgementOf = Callable[[http.HTTPFlow], Judgement | None]


class AuditCommand(CommandGroup):
    """What a person may type after `:`, or into mitmweb's command bar."""

    COMMANDS: ClassVar = (Command("cors.audit", "audit", in_viewer="audit_in_viewer", elsewhere="audit_in_log"),)

    def __init__(self, master: Master, judgement_of: JudgementOf) -> None:
        """`judgement_of` gives the judgement on a flow, made now where there is none."""
        super().__init__(master)
        self._judgement_of = judgement_of

    def audit(self, flows: Sequence[Flow]) -> Sequence[str]:
        """List what these flows show of the security of their servers' CORS. Nothing is sent."""
        from cors_addon.report import table  # what only reports need is not loaded with the addon

        return table.security(self._audited(flows)).splitlines()

    def audit_in_viewer(self, flows: Sequence[Flow]) -> None:
        """List what these flows show of the security of their servers' CORS. Nothing is sent."""
        from cors_addon.proxy import viewer
        from cors_addon.report import table

        lines = table.security(self._audited(flows), viewer.columns_of(self._master)).splitlines()
        viewer.show(self._master, "CORS · security", lines)

    def audit_in_log(self, flows: Sequence[Flow]) -> str:
        """List what these flows show of the security of their servers' CORS, in the event log. Nothing is sent."""
        from cors_addon.report import table

        summary = self._audited(flows)
        text = table.security(summary)
        head, _, more = text.partition("\n")
        if more:
            logger.info("%s", text)
            head += f": {', '.join(dict.fromkeys(each.name for each in summary.found()))} · more in the event log"
        return head

    def _audited(self, flows: Iterable[Flow]) -> "Summary":
        """Together, they may show what none does by itself; what the addon has seen before counts too."""
        from cors_addon.report.summary import Summary

        chosen = [flow for flow in flows if isinstance(flow, http.HTTPFlow)]
        judged = [judgement for flow in chosen if (judgement := self._judgement_of(flow)) is not None]
        auditor = Auditor(registrable_domain)
        for judgement in judged:
            auditor.findings(judgement.altered(revision=1))
        summary = Summary()
        for judgement in judged:
            again = auditor.findings(judgement.altered(revision=1))
            known = {finding.name for finding in again}
            before = tuple(finding for finding in judgement.findings if finding.name not in known)
            summary.add(judgement.altered(findings=again + before))
        return summary
