"""A mitmproxy script that runs commands on flows for the policy tests: one JSON object per line on a Unix socket."""

from __future__ import annotations

import asyncio
import json
import typing

from mitmproxy import ctx, exceptions, http


class PolicyControl:
    """Carries out what a person would type."""

    def __init__(self) -> None:
        self.flows: dict[str, http.HTTPFlow] = {}
        self.control: asyncio.Server | None = None

    def load(self, loader: typing.Any) -> None:
        """Declare where the test speaks to this."""
        loader.add_option("policy_control", str, "", "Unix socket of the policy tests")

    async def running(self) -> None:
        """Listen, once."""
        if self.control is None:
            self.control = await asyncio.start_unix_server(self.serve, ctx.options.policy_control)

    def done(self) -> None:
        """Stop listening."""
        if self.control is not None:
            self.control.close()

    def request(self, flow: http.HTTPFlow) -> None:
        """Remember each flow by its path; answer what map_local or mitmweb would answer."""
        self.flows[flow.request.path] = flow
        if "local=1" in flow.request.path and flow.request.method != "OPTIONS":
            flow.response = http.Response.make(200, b"local", {"Content-Type": "text/plain", "X-Total": "1"})

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Stream what is long."""
        if flow.response is not None and "stream=1" in flow.request.path:
            flow.response.stream = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry out commands; each is answered by a line of JSON."""
        while line := await reader.readline():
            asked = json.loads(line)
            arguments = [
                [self.flows[one] for one in each["flows"]] if isinstance(each, dict) else each
                for each in asked["arguments"]
            ]
            try:
                said = (
                    [[one.id, one.metadata] for one in arguments[0]]
                    if asked["call"] == "metadata"
                    else ctx.master.commands.call(asked["call"], *arguments)
                )
            except exceptions.CommandError as error:
                said = f"error: {error}"
            writer.write(json.dumps(said).encode() + b"\n")
            await writer.drain()


addons = [PolicyControl()]
