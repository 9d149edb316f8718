"""The command `cors.curl`: what to paste into a shell to send a flow's preflight and request again."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

from mitmproxy import http
from mitmproxy.flow import Flow
from mitmproxy.master import Master

from cors_addon.exchange.model import Judgement, Observation
from cors_addon.flows import translate
from cors_addon.proxy.command_group import Command, CommandGroup, http_flow
from cors_addon.proxy.logs import AS_IT_IS, logger_of

logger = logger_of(__name__)


class CurlCommand(CommandGroup):
    """Shown as the front end shows text: the console opens a viewer, mitmweb has its event log."""

    COMMANDS: ClassVar = (Command("cors.curl", "curl", in_viewer="curl_in_viewer", elsewhere="curl_in_log"),)

    def __init__(
        self,
        master: Master,
        judgement_of: Callable[[http.HTTPFlow], Judgement | None],
        find: Callable[[str], http.HTTPFlow | None],
    ) -> None:
        """`judgement_of` gives what was found for a flow, `find` the flow of an id."""
        super().__init__(master)
        self._judgement_of = judgement_of
        self._find = find

    def curl(self, flow: Flow, secrets: bool = False) -> Sequence[str]:
        """Show curl commands that send this flow's preflight and request again; secrets are replaced, unless `true`."""
        return self._script(flow, secrets).splitlines()

    def curl_in_viewer(self, flow: Flow, secrets: bool = False) -> None:
        """Show curl commands that send this flow's preflight and request again; secrets are replaced, unless `true`."""
        from cors_addon.proxy import viewer

        script = self._script(flow, secrets, viewer.columns_of(self._master))
        viewer.show(self._master, "CORS · the same with curl", script.splitlines())

    def curl_in_log(self, flow: Flow, secrets: bool = False) -> str:
        """Log curl commands that send this flow's preflight and request again; secrets are replaced, unless `true`."""
        script = self._script(flow, secrets)
        logger.info("%s", script, extra={AS_IT_IS: secrets})
        return "The commands are in the event log."

    def brief(self, flow: http.HTTPFlow) -> str:
        """Curl commands with the headers that CORS depends on, and no other; secrets are replaced."""
        from cors_addon.report import curl

        return curl.with_its_own(self._script(flow, secrets=False, brief=True))

    def _script(self, chosen: Flow, secrets: bool, width: int | None = None, *, brief: bool = False) -> str:
        from cors_addon.report import curl  # what only a command needs takes a while to import

        flow = http_flow(chosen)
        judgement = self._judgement_of(flow)

        def found(flow_id: str) -> http.HTTPFlow | None:
            return flow if flow_id == flow.id else self._find(flow_id)

        def observed(flow_id: str) -> Observation | None:
            other = found(flow_id)
            return None if other is None else translate.observation(other)

        def body_of(flow_id: str) -> bytes | None:
            other = found(flow_id)
            return None if other is None else other.request.raw_content

        requests, remarks = curl.requests_of(judgement, observed) if judgement is not None else ([], [])
        if not requests:
            requests = [curl.Request(translate.observation(flow), "the request")]
        sent = [each._replace(observation=_as_sent(each.observation, found)) for each in requests]
        if brief:
            sent = [each._replace(observation=curl.cors_alone(each.observation)) for each in sent]
        return curl.script(sent, body_of, secrets=secrets, remarks=remarks, width=width)


def _as_sent(observation: Observation, found: Callable[[str], http.HTTPFlow | None]) -> Observation:
    """In reverse mode mitmproxy puts the upstream's name into Host; the URL has the one that the browser used."""
    flow = found(observation.flow_id)
    if flow is None or flow.client_conn.proxy_mode.type_name != "reverse":
        return observation
    return replace(observation, request=tuple(line for line in observation.request if line[0].lower() != b"host"))
