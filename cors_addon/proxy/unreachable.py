"""Servers that cannot be reached, so that a page under a policy reads the 502 and not a CORS error.

mitmproxy answers for such a server with a page of its own, which no addon can add a header to, and refuses a tunnel to
it. So once a connection has failed, requests to that address are tried here first, while a policy rewrites answers, and
are answered with a 502 that the policy then gives its headers to. Until a connection fails, nothing of this runs.
"""

import asyncio
import ssl
from weakref import WeakSet

import certifi
from mitmproxy import ctx, http
from mitmproxy.connection import Server

type Address = tuple[str, int]

_MAX_KNOWN = 256
_PATIENCE = 5.0
"""Seconds for a connection to be made."""


class Failure:
    """Why connections to an address failed."""

    def __init__(self) -> None:
        self.why = ""
        self.tls = False
        """The last one was made, and TLS on it failed."""
        self.servers: WeakSet[Server] = WeakSet()
        """What failed; mitmproxy tries none of them again as long as its client stays connected."""

    def forgive(self) -> None:
        """Let mitmproxy try again."""
        for server in self.servers:
            server.error = None


class Unreachable:
    """Addresses to which the last connection failed."""

    def __init__(self) -> None:
        self._known: dict[Address, Failure] = {}

    def note(self, server: Server, *, tls: bool) -> None:
        """A connection of mitmproxy's failed."""
        if server.address is None or server.via is not None:
            return
        address = server.address[0], server.address[1]
        failure = self._known.pop(address) if address in self._known else Failure()
        self._known[address] = failure
        failure.why, failure.tls = server.error or "no connection", tls
        failure.servers.add(server)
        if len(self._known) > _MAX_KNOWN:
            del self._known[next(iter(self._known))]

    def __bool__(self) -> bool:
        """Whether any is known: asked at every request."""
        return bool(self._known)

    def __contains__(self, address: object) -> bool:
        """Whether this one is known."""
        return address in self._known

    async def answer(self, flow: http.HTTPFlow) -> None:
        """Answer in the server's place, unless it can be reached again."""
        address = flow.request.host, flow.request.port
        known = self._known.get(address)
        if known is None:
            return
        try:
            async with asyncio.timeout(_PATIENCE):
                _, writer = await asyncio.open_connection(*address, ssl=_context() if known.tls else None)
            writer.close()
            self._known.pop(address, None)
            known.forgive()
        except (OSError, UnicodeError):  # a TimeoutError and what ssl raises, too; a name that cannot be looked up
            text = f"mitmproxy cannot connect to {address[0]}:{address[1]}: {known.why}\n"
            flow.response = http.Response.make(502, text, {"Content-Type": "text/plain; charset=utf-8"})


def _context() -> ssl.SSLContext:
    """Trust as mitmproxy is told to."""
    options = ctx.options
    made = ssl.create_default_context(
        cafile=options.ssl_verify_upstream_trusted_ca or certifi.where(),
        capath=options.ssl_verify_upstream_trusted_confdir,
    )
    if options.ssl_insecure:
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    return made
