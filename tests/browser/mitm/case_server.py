"""The case server: a mitmproxy script that answers every request of a test browser itself, from a table of cases.

Nothing is ever contacted upstream but the harness's own server of sockets, for answers that are raw. The table and
the current step of a case come over a Unix socket, one JSON object per line; each request is written as a line to a
log, so that the harness knows every flow's id, case and step.
"""

from __future__ import annotations

import asyncio
import collections
import json
import re
import typing
from pathlib import Path

from mitmproxy import ctx, http
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

PAGE = Path(__file__).parent.parent / "page"
PRIME_PATH = "/prime"
STEP = re.compile(r"step/(\d+)")
"""Accept of a request of one of several steps that are taken together."""


class CaseServer:
    """Answers pages, cookie priming and cases; refuses all else."""

    def __init__(self) -> None:
        self.answers: dict[str, dict[str, typing.Any]] = {}
        self.steps: dict[str, int] = {}
        self.near: dict[str, dict[str, typing.Any]] = {}
        """Answers of cases of one load, by path."""
        self.counts: collections.Counter[str] = collections.Counter()
        self.log: typing.TextIO | None = None
        self.control: asyncio.Server | None = None
        self.page_html = (PAGE / "page.html").read_bytes()
        self.runner = (PAGE / "runner.js").read_bytes()

    def load(self, loader: typing.Any) -> None:
        """Declare where the harness listens."""
        loader.add_option("truth_socket", str, "", "Unix socket that the browser-truth harness speaks to")
        loader.add_option("truth_log", str, "", "File that each request is logged to")
        loader.add_option("truth_raw", str, "", "Ports of the server of sockets, the plain one and that of TLS")

    async def running(self) -> None:
        """Open the log and the control socket, once."""
        if self.control is None:
            self.log = open(ctx.options.truth_log, "a", buffering=1, encoding="utf-8")  # noqa: SIM115
            self.control = await asyncio.start_unix_server(self.serve_control, ctx.options.truth_socket, limit=2**26)

    def done(self) -> None:
        """Close what `running` opened."""
        if self.control is not None:
            self.control.close()
        if self.log is not None:
            self.log.close()

    async def serve_control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry out commands of the harness; each is answered by an empty line."""
        while line := await reader.readline():
            command = json.loads(line)
            for case_id, table in command.get("cases", {}).items():
                self.answers[case_id] = table
            for case_id, step in command.get("step", {}).items():
                self.steps[case_id] = step
            self.near |= command.get("near", {})
            for path in command.get("forget", ()):
                self.near.pop(path, None)
            for case_id in command.get("drop", ()):
                self.answers.pop(case_id, None)
                self.steps.pop(case_id, None)
            if "options" in command:
                ctx.options.update(**command["options"])
            writer.write(b"\n")
            await writer.drain()

    def http_connect(self, flow: http.HTTPFlow) -> None:
        """Refuse tunnels to hosts that are no part of a case."""
        if not is_ours(flow.request.host):
            flow.kill()

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """Have all servers be the harness's own."""
        plain, secure = ctx.options.truth_raw.split()
        data.server.address = ("127.0.0.1", int(secure if data.server.tls else plain))

    async def request(self, flow: http.HTTPFlow) -> None:
        """Answer one request."""
        path = flow.request.path.split("?")[0]
        parts = path.split("/")
        if not is_ours(flow.request.host):
            flow.kill()
        elif len(parts) == 4 and parts[1] in ("k", "c"):
            await self.answer_case(flow, parts[2], parts[3])
        elif path in self.near:
            self.answer_near(flow, parts)
        elif path == PRIME_PATH:
            secure = flow.request.scheme == "https"
            attributes = "Secure; SameSite=None" if secure else "SameSite=Lax"
            headers = {"Set-Cookie": f"sid=s3cret; Path=/k; {attributes}"}
            flow.response = make_response(200, [*headers.items(), ("Content-Type", "text/plain")], b"primed")
        elif path in ("/page", "/frame"):
            flow.response = make_response(200, [("Content-Type", "text/html; charset=utf-8")], self.page_html)
        elif path == "/runner.js":
            headers = {"Content-Type": "text/javascript", "Access-Control-Allow-Origin": "*"}
            flow.response = make_response(200, list(headers.items()), self.runner)
        else:
            flow.response = make_response(404, [("Content-Type", "text/plain")], b"no such page")

    async def answer_case(self, flow: http.HTTPFlow, case_id: str, hop: str) -> None:
        """Answer a request of a case as its table says, and log it."""
        table = self.answers.get(case_id, {})
        step = self.steps.get(case_id, 0)
        preflight = flow.request.method == "OPTIONS" and "access-control-request-method" in flow.request.headers
        side = "p" if preflight else "a"
        if f"-1/{hop}/{side}" in table:
            marked = STEP.fullmatch(flow.request.headers.get("accept", ""))
            step = int(marked[1]) if marked else -1
        given = table.get(f"{step}/{hop}/{side}")
        delay = 0.0
        if given is not None and given["delays"]:
            place = f"{case_id}/{hop}/{side}"
            delay = given["delays"][self.counts[place] % len(given["delays"])]
            self.counts[place] += 1
        self.note(
            flow,
            case=case_id,
            step=step,
            hop=int(hop) if hop.isdigit() else -1,
            preflight=preflight,
            answered=given is not None and not given["fail"],
            delay=delay,
        )
        if delay:
            await asyncio.sleep(delay)
        if given is None:
            flow.response = make_response(404, [("Content-Type", "text/plain")], b"no such hop")
        elif not given["raw"]:
            give(flow, given)

    def answer_near(self, flow: http.HTTPFlow, parts: list[str]) -> None:
        """Answer the page, the worker or a hop of a case of one load; any preflight is granted."""
        preflight = flow.request.method == "OPTIONS" and "access-control-request-method" in flow.request.headers
        given = self.near["/".join(parts)]
        hop = int(parts[3]) if parts[1] == "r" else -1 if parts[1] == "d" else -2
        self.note(flow, case=parts[2], step=0, hop=hop, preflight=preflight, answered=not given["fail"], delay=0.0)
        if preflight:
            names = flow.request.headers.get("access-control-request-headers", "")
            granted = [("Access-Control-Allow-Origin", "{origin}"), ("Access-Control-Allow-Credentials", "true")]
            given = {
                "status": 204,
                "headers": [*granted, ("Access-Control-Allow-Headers", names)],
                "body": "",
                "fail": "",
            }
        give(flow, given)

    def note(self, flow: http.HTTPFlow, **more: typing.Any) -> None:
        """Log a request, as `Seen` reads it."""
        assert self.log is not None
        authority = flow.request.data.authority.decode("latin-1") or flow.request.host_header
        request = {
            "flow_id": flow.id,
            "connection": flow.client_conn.id,
            "url": f"{flow.request.scheme}://{authority}{flow.request.path}",
            "method": flow.request.data.method.decode("latin-1"),
            "time": flow.request.timestamp_start,
            "http": flow.request.http_version,
            "headers": [
                [name.decode("latin-1"), value.decode("latin-1")] for name, value in flow.request.headers.fields
            ],
            **more,
        }
        self.log.write(json.dumps(request) + "\n")


def give(flow: http.HTTPFlow, given: dict[str, typing.Any]) -> None:
    """Answer as a table says."""
    if given["fail"] == "kill":
        flow.kill()
        return
    origin = flow.request.headers.get("origin", "")
    headers = [(name, value.replace("{origin}", origin).replace("{flow}", flow.id)) for name, value in given["headers"]]
    body = b"" if flow.request.method == "HEAD" else given["body"].encode("latin-1")
    flow.response = make_response(given["status"], headers, body, default_cache=False)


def is_ours(host: str) -> bool:
    """Whether a host is one of those that cases use."""
    return host.endswith((".test", ".localhost")) or host in ("localhost", "127.0.0.1")


def make_response(
    status: int, headers: list[tuple[str, str]], body: bytes, *, default_cache: bool = True
) -> http.Response:
    """A response with exactly these headers, and a Content-Length where one is allowed."""
    fields = [("Cache-Control", "no-store")] if default_cache else []
    fields += headers
    if status not in (204, 304):
        fields.append(("Content-Length", str(len(body))))
    made = http.Response.make(status, body)
    made.headers = http.Headers([(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields])
    return made


addons = [CaseServer()]
