"""The commands `cors.explain` and `cors.pair`."""

import re
from collections.abc import Callable, Sequence
from typing import ClassVar

from mitmproxy import exceptions, http
from mitmproxy.flow import Flow
from mitmproxy.master import Master

from cors_addon.fetch.headers import visible
from cors_addon.fetch.names import REQUEST_METHOD
from cors_addon.proxy import choosing, internals
from cors_addon.proxy.command_group import Command, CommandGroup, http_flow
from cors_addon.proxy.logs import logger_of
from cors_addon.report.marks import WIDTH

logger = logger_of(__name__)

_WIDEST = 120
"""Columns of an explanation in the console, however wide the terminal is."""

type Explain = Callable[[http.HTTPFlow, int], str]
type Counterparts = Callable[[http.HTTPFlow], list[str]]


class Commands(CommandGroup):
    """What a person may type after `:`, or into mitmweb's command bar."""

    COMMANDS: ClassVar = (
        Command("cors.explain", "explain", in_viewer="explain_in_viewer", elsewhere="explain_in_log"),
        Command("cors.pair", "pair", elsewhere="pair_by_name"),
    )

    def __init__(self, master: Master, explain: Explain, counterparts: Counterparts) -> None:
        """Use `explain` for the text of a flow, so and so many columns wide.

        `counterparts` gives the ids of its fetch in order, its own included.
        """
        super().__init__(master)
        self._explain = explain
        self._counterparts = counterparts

    def explain(self, flow: Flow) -> Sequence[str]:
        """Explain how the browser judges this flow under CORS: each check with its outcome, and what to change."""
        # lines, for the console's viewer scrolls by rows
        return self._explain(http_flow(flow), WIDTH).splitlines()

    def explain_in_viewer(self, flow: Flow) -> None:
        """Explain how the browser judges this flow under CORS: each check with its outcome, and what to change."""
        from cors_addon.proxy import viewer

        width = min(viewer.columns_of(self._master), _WIDEST)
        explanation = self._explain(http_flow(flow), width)
        viewer.show(self._master, f"CORS · {_name(http_flow(flow))}", explanation.splitlines(), self._explain_next)

    def _explain_next(self, where: str) -> None:
        """In the viewer: go to the `next` or `prev` flow of the list, and explain that."""
        call = self._master.commands.call
        call(f"view.focus.{where}")
        call("console.view.pop")
        call("cors.explain", call("view.flows.resolve", choosing.FOCUS))

    def explain_in_log(self, flow: Flow) -> str:
        """Explain how the browser judges this flow under CORS. The whole text goes to the event log."""
        # mitmweb shows no ALERT. Its @focus is not the row that the user selected, so the answer names the flow.
        explanation = self._explain(http_flow(flow), WIDTH)
        logger.info("%s\n%s", _name(http_flow(flow)), explanation)
        verdict = " · ".join(re.split(" {2,}", explanation.partition("\n")[0]))
        return f"{verdict} · {_name(http_flow(flow))} · more in the event log, and in the content view CORS"

    def pair(self, flow: Flow) -> None:
        """Go to the counterpart of this flow: from a preflight to its request, from a request to its preflight."""
        counterpart = self._counterpart(http_flow(flow))
        if not internals.flow_focus.works:
            raise exceptions.CommandError(f"mitmproxy cannot be told to go there: {_name(counterpart)}")
        if not internals.go_to(self._master, counterpart):
            raise exceptions.CommandError("The counterpart is hidden by the view's filter.")

    def pair_by_name(self, flow: Flow) -> str:
        """Name the counterpart of this flow: of a preflight its request, of a request its preflight."""
        counterpart = self._counterpart(http_flow(flow))
        internals.go_to(self._master, counterpart)
        status = f" → {counterpart.response.status_code}" if counterpart.response else ""
        return f"{_name(counterpart)}{status} · #/flows/{counterpart.id}/response"

    def _counterpart(self, flow: http.HTTPFlow) -> http.HTTPFlow:
        """The next flow of the same fetch that is still here; after the last comes the first."""
        listed = internals.listed(self._master)
        if listed is None:
            raise exceptions.CommandError("This front end has no list of flows.")
        ids = self._counterparts(flow)
        here = ids.index(flow.id) if flow.id in ids else -1
        for flow_id in ids[here + 1 :] + ids[: max(here, 0)]:
            found = listed.get(flow_id)
            if isinstance(found, http.HTTPFlow):
                return found
        if [flow_id for flow_id in ids if flow_id != flow.id]:
            raise exceptions.CommandError("The counterpart is no longer in the list.")
        if flow.metadata.get("cors.role") == "preflight" and flow.metadata.get("cors.verdict") == "deny":
            method = visible(flow.request.headers.get(REQUEST_METHOD, "The request"))
            why = flow.metadata.get("cors.reason", "its preflight")
            raise exceptions.CommandError(f"{method} was never sent: refused ({why}).")
        raise exceptions.CommandError("This flow has no counterpart: no preflight and no redirect belongs to it.")


def _name(flow: http.HTTPFlow) -> str:
    from cors_addon.report.text import shortened  # what only commands need takes a while to import

    return shortened(f"{flow.request.data.method.decode('latin-1')} {flow.request.url}", 120)
