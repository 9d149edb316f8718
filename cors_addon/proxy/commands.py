"""The commands `cors.explain` and `cors.pair`.

Each front end shows a command's result differently: the console opens it in a viewer, mitmweb prints it as one line
of JSON below the command bar, and mitmdump has no commands. So the words go where they can be read: in the console to
a viewer of our own, in mitmweb to the event log.
"""

import logging
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mitmproxy import exceptions, http
from mitmproxy.addonmanager import Loader
from mitmproxy.flow import Flow
from mitmproxy.master import Master

from cors_addon.report import text

if TYPE_CHECKING:
    from mitmproxy.addons.view import View

logger = logging.getLogger(__name__)

_WIDEST = 120
"""Columns of an explanation in the console, however wide the terminal is."""

type Explain = Callable[[http.HTTPFlow, int], str]
type Counterparts = Callable[[http.HTTPFlow], list[str]]


def in_console(master: Master) -> bool:
    """Whether this front end has the console's commands."""
    return "console.view.flow" in master.commands.commands


def suited(
    master: Master, in_viewer: Callable[..., object], as_lines: Callable[..., object], in_log: Callable[..., object]
) -> Callable[..., object]:
    """The form of a command whose answer is long: in our viewer, in the console's own, or in mitmweb's event log."""
    if hasattr(master, "overlay"):
        return in_viewer
    return as_lines if in_console(master) else in_log


class Commands:
    """What a person may type after `:`, or into mitmweb's command bar."""

    def __init__(self, master: Master, explain: Explain, counterparts: Counterparts) -> None:
        """Use `explain` for the text of a flow, so and so many columns wide.

        `counterparts` gives the ids of its fetch in order, its own included.
        """
        self._master = master
        self._explain = explain
        self._counterparts = counterparts

    def declare(self, loader: Loader) -> None:
        """Register them, in the form that suits this front end."""
        explain = suited(self._master, self.explain_in_viewer, self.explain, self.explain_in_log)
        loader.add_command("cors.explain", explain)
        loader.add_command("cors.pair", self.pair if in_console(self._master) else self.pair_by_name)

    def withdraw(self) -> None:
        """Take them away again."""
        for name in ("cors.explain", "cors.pair"):
            self._master.commands.commands.pop(name, None)

    def explain(self, flow: Flow) -> Sequence[str]:
        """Explain how the browser judges this flow under CORS: each check with its outcome, and what to change."""
        # lines, for the console's viewer scrolls by rows
        return self._explain(_http(flow), text.WIDTH).splitlines()

    def explain_in_viewer(self, flow: Flow) -> None:
        """Explain how the browser judges this flow under CORS: each check with its outcome, and what to change."""
        from cors_addon.proxy import viewer

        width = min(viewer.columns_of(self._master), _WIDEST)
        explanation = self._explain(_http(flow), width)
        viewer.show(self._master, f"CORS · {_name(_http(flow))}", explanation.splitlines())

    def explain_in_log(self, flow: Flow) -> str:
        """Explain how the browser judges this flow under CORS. The whole text goes to the event log."""
        # mitmweb shows no ALERT. Its @focus is not the row that the user selected, so the answer names the flow.
        explanation = self._explain(_http(flow), text.WIDTH)
        logger.info("%s\n%s", _name(_http(flow)), explanation)
        verdict = " · ".join(re.split(" {2,}", explanation.partition("\n")[0]))
        return f"{verdict} · {_name(_http(flow))} · more in the event log, and in the content view CORS"

    def pair(self, flow: Flow) -> None:
        """Go to the counterpart of this flow: from a preflight to its request, from a request to its preflight."""
        view = self._view()
        counterpart = self._counterpart(_http(flow))
        if counterpart not in view:
            raise exceptions.CommandError("The counterpart is hidden by the view's filter.")
        view.focus.flow = counterpart

    def pair_by_name(self, flow: Flow) -> str:
        """Name the counterpart of this flow: of a preflight its request, of a request its preflight."""
        counterpart = self._counterpart(_http(flow))
        view = self._view()
        if counterpart in view:
            view.focus.flow = counterpart
        status = f" → {counterpart.response.status_code}" if counterpart.response else ""
        return f"{_name(counterpart)}{status} · #/flows/{counterpart.id}/response"

    def _view(self) -> "View":
        from mitmproxy.addons.view import View  # mitmdump loads none, and starts without it

        view = self._master.addons.get("view")
        if not isinstance(view, View):
            raise exceptions.CommandError("This front end has no list of flows.")
        return view

    def _counterpart(self, flow: http.HTTPFlow) -> http.HTTPFlow:
        """The next flow of the same fetch that is still here; after the last comes the first."""
        view = self._view()
        ids = self._counterparts(flow)
        here = ids.index(flow.id) if flow.id in ids else -1
        for flow_id in ids[here + 1 :] + ids[: max(here, 0)]:
            found = view.get_by_id(flow_id)
            if isinstance(found, http.HTTPFlow):
                return found
        if [flow_id for flow_id in ids if flow_id != flow.id]:
            raise exceptions.CommandError("The counterpart is no longer in the list.")
        raise exceptions.CommandError("This flow has no counterpart: no preflight and no redirect belongs to it.")


def _name(flow: http.HTTPFlow) -> str:
    return text.shortened(f"{flow.request.data.method.decode('latin-1')} {flow.request.url}", 120)


def _http(flow: Flow) -> http.HTTPFlow:
    if not isinstance(flow, http.HTTPFlow):
        raise exceptions.CommandError("CORS concerns HTTP exchanges only.")
    return flow
