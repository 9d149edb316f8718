"""The live page at its made-up host, through the proxy: answered here, never sent on, and in no list of flows.

Law 1: until somebody asks for that host, nothing of this runs for a request: a connection to be made is what tells. The
first request is let through to our own port, and its flow taken out of the list; for those that follow there is a hook,
which is there only while the page is looked at.
Law 2: the other addons do not get to see these flows: they are no traffic of the user's.
"""

import asyncio
from collections.abc import Callable

from mitmproxy import ctx, exceptions, http
from mitmproxy.connection import Server

from cors_addon.fetch.origins import is_loopback
from cors_addon.proxy.hooks import Hook
from cors_addon.proxy.page.gate import HOST
from cors_addon.proxy.page.messages import Answered, Asked
from cors_addon.proxy.page.server import ADDRESS, App, PageServer, joined

_HELD = "cors.page"
"""Metadata of a request that is answered here."""
_LOOK_EVERY = 0.1


class Through:
    """Requests to the page that come through the proxy."""

    def __init__(self, app: App, server: PageServer, keep: Callable[[str, Hook | None], None]) -> None:
        """`keep` has mitmproxy call a hook of a name, or no longer."""
        self._app = app
        self._server = server
        self._keep = keep
        self.wanted = False
        """Whether there is a page at all."""
        self.is_open = False
        """Whether the hook is there."""

    def open(self) -> None:
        """From now on, take requests before they are sent on."""
        if not self.is_open:
            self.is_open = True
            self._keep("requestheaders", self.requestheaders)

    def close(self) -> None:
        """Nobody looks any more."""
        if self.is_open:
            self.is_open = False
            self._keep("requestheaders", None)

    def connecting(self, server: Server) -> None:
        """A connection is about to be made: one to the made-up host leads to our own port."""
        address = server.address
        if not self.wanted or address is None or not self._is_ours(address[0], address[1]):
            return
        self.open()
        if self._server.port is not None and server.via is None:
            server.address = (ADDRESS, self._server.port)

    def _is_ours(self, host: str, port: int) -> bool:
        return host == HOST or (port == self._server.port and is_loopback(host))

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Keep a request from everybody else; it is answered once it is whole."""
        if flow.live and flow.error is None and self._is_ours(flow.request.host, flow.request.port):
            flow.response = http.Response.make(204)
            flow.metadata[_HELD] = True
            raise exceptions.AddonHalt

    def response(self, flow: http.HTTPFlow) -> None:
        """Answer in the page's place, where the request is ours; raises AddonHalt then."""
        request = flow.request
        if not flow.live or not self._is_ours(request.host, request.port):
            return
        if _HELD not in flow.metadata:  # the first, which came before there was a hook: our own port has answered
            self._take_out(flow)
            raise exceptions.AddonHalt
        asked = Asked(
            request.data.method.decode("latin-1"),
            request.data.path.decode("latin-1"),
            joined((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.fields)
            | {"host": _host(flow)},
            request.raw_content or b"",
            request.scheme,
            self._server.port or 0,
        )
        answered = self._app(asked)
        if answered.events is not None:  # mitmproxy sends answers whole: whoever asks here asks again and again
            answered = Answered(204)
        lines = [(name.encode(), value.encode("latin-1")) for name, value in answered.headers]
        flow.response = http.Response.make(answered.status, answered.body, http.Headers(lines))
        raise exceptions.AddonHalt

    def _take_out(self, flow: http.HTTPFlow, looks: int = 20) -> None:
        """Have no list show it, once it is done: mitmproxy would end one that is not."""
        if ctx.master.addons.get("view") is None:
            return
        if not flow.killable:
            ctx.master.commands.call("view.flows.remove", [flow])
        elif looks:
            asyncio.get_running_loop().call_later(_LOOK_EVERY, self._take_out, flow, looks - 1)


def _host(flow: http.HTTPFlow) -> str:
    """The host as the browser has it; HTTP/2 says it elsewhere."""
    authority = flow.request.authority or flow.request.host_header or flow.request.host
    default = {"http": ":80", "https": ":443"}.get(flow.request.scheme, "")
    return authority.removesuffix(default) if default else authority
