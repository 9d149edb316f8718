"""The command `cors.probe` in a running mitmproxy, against servers that answer as they are told to."""

import asyncio
import json
import logging
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import exceptions, flowfilter, http
from mitmproxy.addons.view import View
from mitmproxy.certs import CertStore
from mitmproxy.flow import Error, Flow
from mitmproxy.options import Options
from mitmproxy.test import tflow
from mitmproxy.tools.dump import DumpMaster

from cors_addon.proxy import asking
from cors_addon.proxy.addon import CorsAddon
from cors_addon.proxy.probe_command import ProbeCommand
from cors_addon.proxy.probing import MAX_ENDPOINTS
from cors_addon.reasons.findings import WARNINGS
from tests import waits
from tests.helpers import client, flow, proxy, saved_and_loaded
from tests.ports import free_port

PAGE = "https://app.shop.com"
FOREIGN = "https://attacker.invalid"
COOKIE = ("Cookie", "session=1")

type Head = tuple[str, str, dict[str, str]]
"""Method, path and headers (names in lower case) of a request."""
type Respond = Callable[["asyncio.StreamWriter", Head], Awaitable[None]]


def letting_in(test: Callable[[str], object], body: bytes = b"hello") -> Respond:
    """A server that sends back the origins which pass a test."""

    async def respond(writer: asyncio.StreamWriter, head: Head) -> None:
        origin = head[2].get("origin", "")
        lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", "Vary: Origin"]
        if test(origin):
            lines += [f"Access-Control-Allow-Origin: {origin}", "Access-Control-Allow-Credentials: true"]
        writer.write("\r\n".join((*lines, "", "")).encode() + (b"" if head[0] == "HEAD" else body))

    return respond


async def hang(_writer: asyncio.StreamWriter, _head: Head) -> None:
    """Says nothing."""
    await asyncio.Event().wait()


async def stream(writer: asyncio.StreamWriter, head: Head) -> None:
    """Lets in anybody, and never ends what it says."""
    allow = f"Access-Control-Allow-Origin: {head[2]['origin']}\r\nAccess-Control-Allow-Credentials: true\r\n"
    writer.write(f"HTTP/1.1 200 OK\r\n{allow}Content-Type: text/event-stream\r\n\r\n".encode())
    while True:
        writer.write(b"data: tick\n\n")
        await writer.drain()
        await waits.pause()


async def flood(writer: asyncio.StreamWriter, _head: Head) -> None:
    """Sends for ever, as fast as it is read."""
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def break_off(writer: asyncio.StreamWriter, head: Head) -> None:
    """Lets in anybody, and hangs up before the body is whole."""
    allow = f"Access-Control-Allow-Origin: {head[2]['origin']}\r\nAccess-Control-Allow-Credentials: true\r\n"
    writer.write(f"HTTP/1.1 200 OK\r\n{allow}Content-Length: 1000\r\n\r\nshort".encode())


async def nothing(_writer: asyncio.StreamWriter, _head: Head) -> None:
    """Hangs up."""


def saying(answer: bytes) -> Respond:
    """Always the same bytes."""

    async def respond(writer: asyncio.StreamWriter, _head: Head) -> None:
        writer.write(answer)

    return respond


SITES: dict[str, Respond] = {
    "/list": letting_in(lambda origin: origin == PAGE),
    "/anybody": letting_in(lambda _: True),
    "/null": letting_in(lambda origin: origin in (PAGE, "null")),
    "/ends": letting_in(lambda origin: origin.endswith("shop.com")),
    "/begins": letting_in(lambda origin: origin.startswith(PAGE)),
    "/hosts": letting_in(lambda origin: origin.partition("://")[2] == "app.shop.com"),
    "/huge": letting_in(lambda origin: origin == PAGE, b"x" * 5_000_000),
    "/hang": hang,
    "/stream": stream,
    "/flood": flood,
    "/break": break_off,
    "/nothing": nothing,
    "/limited": saying(b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"),
    "/garbage": saying(b"\x00\xff\xfe not HTTP \r\n\r\n"),
    "/hostile": saying(
        b"HTTP/1.1 200 O\x1b[2JK\r\nAccess-Control-Allow-Origin: \xff\x00\x1b]0;x\x07\r\nAccess-Control-Allow-Origin: "
        b"null\r\nAccess-Control-Allow-Credentials: true\r\nContent-Length: 2\r\n\r\nok"
    ),
}


@dataclass
class Site:
    """A server, and what it was asked."""

    port: int
    scheme: str = "http"
    asked: list[Head] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def flow(self, path: str, *lines: tuple[str, str], method: str = "GET") -> http.HTTPFlow:
        """An exchange that a browser had with it."""
        seen = flow(method, self.url(path), [("Origin", PAGE), *lines], live=False)
        seen.request.content = b"body" if method == "POST" else b""
        return seen

    def origins(self, path: str) -> list[str]:
        """With which origins a path was asked."""
        return [head[2]["origin"] for head in self.asked if head[1] == path]


@asynccontextmanager
async def site(certificate: Path | None = None) -> AsyncIterator[Site]:
    """The servers of SITES; with a certificate and its key, by TLS."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        method, path, _ = first.split(" ")
        head = method, path, {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        running.asked.append(head)
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await SITES[path.partition("?")[0]](writer, head)
        except OSError:
            pass  # mitmproxy has heard enough
        finally:
            writer.close()

    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    running = Site(server.sockets[0].getsockname()[1], "http" if context is None else "https")
    try:
        yield running
    finally:
        server.close()
        for task in tasks:
            task.cancel()


@dataclass
class Mitmproxy:
    """A master with its addons, running."""

    master: DumpMaster
    addon: CorsAddon
    view: View

    def call(self, name: str, *arguments: Any) -> Any:
        return self.master.commands.call(name, *arguments)

    async def probe(self, *flows: Flow) -> list[http.HTTPFlow]:
        """Probe, wait for the end, and return what was sent."""
        before = set(self.view)
        self.said = self.call("cors.probe", flows)
        await self.ended()
        return [each for each in self.view if each not in before and isinstance(each, http.HTTPFlow)]

    async def ended(self) -> None:
        """The probe that runs has ended."""
        await asyncio.wait({self.task}, timeout=30)
        assert self.task.done()

    @property
    def task(self) -> asyncio.Task[None]:
        """The probe that runs, or the last."""
        [command] = [group for group in self.addon._groups if isinstance(group, ProbeCommand)]
        assert command._probing is not None
        assert command._probing._running is not None
        return command._probing._running


@asynccontextmanager
async def mitmproxy(*others: Any, dumper: bool = False, **options: Any) -> AsyncIterator[Mitmproxy]:
    """mitmproxy with a list of flows, and the addon."""
    master = DumpMaster(Options(), with_termlog=False, with_dumper=dumper)
    view, addon = View(), CorsAddon()
    master.addons.add(view, *others, addon)
    master.options.update(server=False, **options)
    task = asyncio.create_task(master.run())
    try:
        await waits.until(lambda: addon._running)
        yield Mitmproxy(master, addon, view)
    finally:
        master.shutdown()
        await task


def findings(flows: Sequence[http.HTTPFlow]) -> dict[str, str]:
    """What each probe shows, by its origin."""
    name = "cors.findings"
    return {each.request.headers["origin"]: each.metadata[name] for each in flows if name in each.metadata}


EXPECTED: dict[str, dict[str, str]] = {
    "/list": {},
    "/anybody": {FOREIGN: "unrelated-origins-with-credentials", "null": "null-origin-with-credentials"},
    "/null": {"null": "null-origin-with-credentials"},
    "/ends": {
        **dict.fromkeys(("https://attackershop.com", "https://appxshop.com"), "lookalike-origin-with-credentials"),
        "https://cors-probe.shop.com": "any-subdomain-with-credentials",
    },
    "/begins": dict.fromkeys(
        ("https://app.shop.com.attacker.invalid", "https://app.shop.com!.attacker.invalid"),
        "lookalike-origin-with-credentials",
    ),
    "/huge": {},
    # the head is all that it takes
    "/stream": {FOREIGN: "unrelated-origins-with-credentials", "null": "null-origin-with-credentials"},
    "/break": {FOREIGN: "unrelated-origins-with-credentials", "null": "null-origin-with-credentials"},
    "/hostile": {},
}


@pytest.mark.parametrize("path", EXPECTED)
def test_a_server(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Each probe is in the list with what it shows, in metadata, comment, marker, JSON line and explanation."""
    monkeypatch.setattr(asking, "BODY_WITHIN", 0.2)
    caplog.set_level(logging.INFO)
    file = tmp_path / "out.jsonl"

    async def play() -> None:
        async with site() as server, mitmproxy(cors_jsonl=str(file)) as running:
            chosen = server.flow(path, COOKIE)
            before = chosen.get_state()
            sent = await running.probe(chosen)
            assert chosen.get_state() == before
            assert chosen not in sent
            assert findings(sent) == EXPECTED[path]
            assert server.origins(path) == [each.request.headers["origin"] for each in sent]
            await waits.until(lambda: file.exists() and file.read_text().count("\n") >= len(sent))  # by a thread
            lines = [json.loads(line) for line in file.read_text().splitlines()]
            assert [line["flow_id"] for line in lines] == [each.id for each in sent]
            for each, line in zip(sent, lines, strict=True):
                found = each.metadata.get("cors.findings", "")
                assert (each.is_replay, each.error, each.live) == ("request", None, False)
                assert line["findings"] == found.split()
                assert (line["role"], line["verdict"]) == ("non-browser", "not-cors")
                assert line["assumptions"][0].startswith("cors.probe sent this request")
                assert each.comment.startswith("probe ")
                assert each.comment.isprintable()
                graver = [name for name in found.split() if name in WARNINGS]
                assert ("! " in each.comment) == bool(graver)
                assert each.marked == (":rotating_light:" if graver else ":mag:")
                assert all(name in running.addon._explaining.explain(each) for name in found.split())
                assert len(each.response.content if each.response and each.response.content else b"") <= 65_536
            selected = flowfilter.parse("~meta cors.probe")
            assert all(map(selected, sent))
            told = caplog.text
            for name in EXPECTED[path].values():
                assert name in told
            assert f"GET {server.url(path)}" in told
            assert all(line.isprintable() for line in told.replace("\x1b[", "").splitlines())

    asyncio.run(play())


def test_of_a_long_answer_only_the_beginning_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not all that comes within the time that there is."""
    monkeypatch.setattr(asking, "BODY_WITHIN", 60.0)

    async def play() -> None:
        async with site() as server, mitmproxy() as running:
            sent = await running.probe(server.flow("/flood"))
            assert [len(each.response.content) for each in sent if each.response and each.response.content] == [
                65_536
            ] * 5

    asyncio.run(play())


def test_what_the_server_is_sent() -> None:
    """Its own request with a GET; the preflight alone of what changes something, without saying who asks."""

    async def play() -> None:
        async with site() as server, mitmproxy() as running:
            await running.probe(
                server.flow("/list?page=2", COOKIE, ("Authorization", "Basic eA==")),
                server.flow("/anybody", COOKIE, ("X-Token", "t"), ("Content-Type", "application/json"), method="POST"),
                server.flow("/null", COOKIE, method="HEAD"),
            )
            kinds = {(method, path) for method, path, _ in server.asked}
            assert kinds == {("GET", "/list?page=2"), ("OPTIONS", "/anybody"), ("HEAD", "/null")}
            for method, _, headers in server.asked:
                assert ("cookie" in headers) == (method != "OPTIONS")
                if method == "OPTIONS":
                    assert headers["access-control-request-method"] == "POST"
                    assert set(headers["access-control-request-headers"].split(",")) == {"content-type", "x-token"}
                    assert "content-type" not in headers
                    assert "x-token" not in headers
                assert headers["host"] == f"127.0.0.1:{server.port}"
            assert "8 preflights" in running.said
            assert f"http://127.0.0.1:{server.port}, with" not in running.said
            assert "16 requests, with the flows' own credentials," in running.said

    asyncio.run(play())


def test_an_endpoint_is_asked_once() -> None:
    """However often it was chosen, with the newest cookie."""

    async def play() -> None:
        async with site() as server, mitmproxy() as running:
            chosen = [
                server.flow("/list?1", ("Cookie", "old=1")),
                server.flow("/list?2", ("Cookie", "new=1")),
                server.flow("/list?3"),
            ]
            sent = await running.probe(*chosen, *chosen)
            assert len(sent) == len(server.asked) == 8
            assert {path for _, path, _ in server.asked} == {"/list?2"}
            # what was sent is not asked for again
            with pytest.raises(exceptions.CommandError, match=r"nothing to ask\. Passed over: 8 × a probe itself\."):
                running.call("cors.probe", sent)

    asyncio.run(play())


def test_what_is_passed_over_is_told() -> None:
    """And where nothing is left, that is an error."""

    async def play() -> None:
        async with site() as server, mitmproxy() as running:
            odd = [
                *(tflow.ttcpflow(), tflow.tdnsflow(), tflow.twebsocketflow()),
                server.flow("/list", method="CONNECT"),
                server.flow("/list", ("Upgrade", "websocket")),
            ]
            words = "Passed over: 2 × not HTTP. Passed over: 2 × a WebSocket. Passed over: 1 × a tunnel (CONNECT)."
            with pytest.raises(exceptions.CommandError) as error:
                running.call("cors.probe", odd)
            assert str(error.value) == f"cors.probe: there is nothing to ask. {words}"
            with pytest.raises(exceptions.CommandError, match="there is nothing to ask"):
                running.call("cors.probe", [])
            hostile = [server.flow("/list") for _ in range(4)]
            hostile[0].request.data.path = b"/list HTTP/1.1\r\nX: y"
            hostile[1].request.data.authority = b"x\r\nX: y"
            hostile[2].request.data.host = "127.0.0.1 x"
            hostile[3].request.data.method = b"GET\r\n"
            with pytest.raises(exceptions.CommandError, match=r"Passed over: 4 × a request that no browser sends\.$"):
                running.call("cors.probe", hostile)
            assert server.asked == []
            await running.probe(*odd, server.flow("/limited"))
            assert words in running.said
            assert len(server.asked) == 1

    asyncio.run(play())


def test_too_many_endpoints() -> None:
    """The first of them."""

    async def play() -> None:
        async with site() as server, mitmproxy() as running:
            flows = [server.flow("/limited") for _ in range(MAX_ENDPOINTS + 3)]
            for number, each in enumerate(flows):
                each.request.method = f"M{number}"
            await running.probe(*flows)
            assert "the first 50 of 53 endpoints" in running.said
            assert len(server.asked) == 50

    asyncio.run(play())


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/hang", "nothing came within"),
        ("/nothing", "server closed connection"),
        ("/garbage", "without an answer:"),
    ],
)
def test_a_server_that_does_not_answer(
    path: str, why: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Is asked no more; other endpoints are."""
    monkeypatch.setattr(asking, "WITHIN", 2.0)
    caplog.set_level(logging.INFO)

    async def play() -> None:
        async with site() as server, mitmproxy() as running:
            sent = await running.probe(server.flow(path), server.flow("/anybody"))
            assert server.origins(path) == [PAGE]
            assert len(server.origins("/anybody")) == 3
            assert why in caplog.text
            assert "7 more not asked" in caplog.text
            assert "1 without an answer" in caplog.text
            assert sent[0].error is not None
            assert not sent[0].live
            assert sent[0].comment.startswith(f"probe without an answer: {PAGE} · ")
            assert "cors.findings" not in sent[0].metadata

    asyncio.run(play())


def test_a_server_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    """Told as it is."""
    caplog.set_level(logging.INFO)

    async def play() -> None:
        async with mitmproxy() as running:
            down = flow(url=f"http://127.0.0.1:{free_port()}/", request=[("Origin", PAGE)], live=False)
            sent = await running.probe(down)
            assert len(sent) == 1
            assert "✗ cors.probe: no answer (1 endpoint, 1 request)" in caplog.text

    asyncio.run(play())


def test_a_replay_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """And the other endpoints are asked."""
    replay = asking.Asking.replay

    async def failing(sending: asking.Asking) -> None:
        if "null" in sending.flow.request.path:
            raise ValueError("broken")
        await replay(sending)

    monkeypatch.setattr(asking.Asking, "replay", failing)
    caplog.set_level(logging.INFO)

    async def play() -> None:
        async with site() as server, mitmproxy() as running:
            await running.probe(server.flow("/null"), server.flow("/list"))
            assert len(server.origins("/list")) == 8
            assert "without an answer: it could not be sent: ValueError('broken')" in caplog.text
            assert "7 more not asked" in caplog.text

    asyncio.run(play())


def test_a_mitmproxy_of_another_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose client replay is not as we know it: the command says so, and all else works."""
    monkeypatch.setitem(sys.modules, "cors_addon.proxy.probing", None)
    with proxy() as running, pytest.raises(exceptions.CommandError, match="does not suit this mitmproxy"):
        running.command("cors.probe", [flow()])


def test_killing_a_request_ends_the_probe(caplog: pytest.LogCaptureFixture) -> None:
    """That is how a probe is stopped; another one has to wait."""
    caplog.set_level(logging.INFO)

    async def play() -> None:
        async with site() as server, mitmproxy() as running:
            running.call("cors.probe", [server.flow("/hang"), server.flow("/null")])
            await waits.until(lambda: server.asked)
            with pytest.raises(exceptions.CommandError, match="under way: 0 answers so far"):
                running.call("cors.probe", [server.flow("/list")])
            (sent,) = running.view
            sent.kill()
            await running.ended()
            assert len(server.asked) == 1
            assert sent.error is not None
            assert sent.error.msg == Error.KILLED_MESSAGE
            assert "without an answer: killed" in caplog.text
            assert (
                "– cors.probe: no security finding (2 endpoints, 1 request, 1 without an answer, 1 stopped)"
                in caplog.text
            )
            assert "8 not asked: a request was killed" in caplog.text
            assert len(await running.probe(server.flow("/list"))) == 8

    asyncio.run(play())


def test_the_end_of_mitmproxy_ends_a_probe() -> None:
    """The command goes with the addon."""

    async def play() -> None:
        async with site() as server, mitmproxy() as running:
            running.call("cors.probe", [server.flow("/hang")])
            await waits.until(lambda: server.asked)
            task = running.task
            assert "flow" in running.master.commands.commands["cors.probe"].signature_help()
            assert running.master.commands.commands["cors.probe"].help
            running.master.addons.remove(running.addon)
            await asyncio.wait({task}, timeout=5)
            assert task.cancelled()
            assert "cors.probe" not in running.master.commands.commands
            assert [task for task in asyncio.all_tasks() if "replay" in str(task.get_coro())] == []

    asyncio.run(play())


class Holding:
    """Intercepts what mitmproxy's own filter leaves alone: replays."""

    def request(self, asked: http.HTTPFlow) -> None:
        """Hold it."""
        asked.intercept()


def test_an_intercepted_probe_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the user, longer than for a server."""
    monkeypatch.setattr(asking, "WITHIN", 2.0)

    async def play() -> None:
        async with site() as server, mitmproxy(Holding()) as running:
            running.call("cors.probe", [server.flow("/limited")])
            since = asyncio.get_running_loop().time()
            await waits.until(
                lambda: asyncio.get_running_loop().time() > since + asking.WITHIN + 2 * asking._LOOK_EVERY
            )
            (held,) = running.view
            assert held.intercepted
            assert server.asked == []
            held.resume()
            await running.ended()
            assert len(server.asked) == 1
            assert held.error is None

    asyncio.run(play())


# ---- what is around it ----


def test_a_policy_is_no_answer_of_the_server() -> None:
    """It neither answers the preflights of a probe nor changes what the server says."""

    async def play() -> None:
        async with site() as server, mitmproxy() as running:
            chosen = [server.flow("/list", COOKIE), server.flow("/begins", COOKIE, method="PUT")]
            running.call("cors.inject", chosen, "Access-Control-Allow-Origin", FOREIGN)
            running.call("cors.inject", chosen, "Access-Control-Allow-Credentials", "true")
            running.call("cors.allow", chosen)
            assert running.addon._policies.rewriting
            sent = await running.probe(*chosen)
            assert len(sent) == len(server.asked) == 16
            assert {method for method, path, _ in server.asked if path == "/begins"} == {"OPTIONS"}
            assert findings(sent) == EXPECTED["/begins"]
            assert not any("cors.rewritten" in each.metadata for each in sent)

    asyncio.run(play())


class Answering:
    """Answers in the place of servers, as map_local does."""

    def request(self, asked: http.HTTPFlow) -> None:
        """Let anybody in."""
        origin = asked.request.headers["origin"]
        lines = {"access-control-allow-origin": origin, "access-control-allow-credentials": "true"}
        asked.response = http.Response.make(200, b"", lines)


def test_an_answer_of_mitmproxys_is_none_of_the_server(caplog: pytest.LogCaptureFixture) -> None:
    """Of an addon, or of server replay."""
    caplog.set_level(logging.INFO)

    async def replayed() -> None:
        async with site() as server, mitmproxy(server_replay_extra="200") as running:
            recorded = server.flow("/list")
            running.call("replay.server", [recorded])
            (sent,) = await running.probe(server.flow("/list"))
            assert sent.is_replay == "response"
            assert sent.comment.startswith("probe without an answer")
            assert server.asked == []

    async def answered() -> None:
        async with site() as server, mitmproxy(Answering()) as running:
            sent = await running.probe(server.flow("/list"))
            assert findings(sent) == {}
            assert len(sent) == 1
            assert server.asked == []

    for play in (replayed, answered):
        caplog.clear()
        asyncio.run(play())
        assert "mitmproxy answered itself (server replay" in caplog.text


def test_a_filter_does_not_keep_a_probe_from_being_told() -> None:
    """Who asks for one wants to know, whatever else is inspected."""

    async def play() -> None:
        async with site() as server, mitmproxy(cors_filter="~d elsewhere") as running:
            assert findings(await running.probe(server.flow("/null"))) == EXPECTED["/null"]

    asyncio.run(play())


def test_comments_and_markers_as_the_option_says() -> None:
    """And what the user wrote stays."""

    async def play(what: str, comment: bool, marker: bool) -> None:
        async with site() as server, mitmproxy(cors_annotate=what) as running:
            sent = await running.probe(server.flow("/limited"))
            assert [(bool(each.comment), bool(each.marked)) for each in sent] == [(comment, marker)]

    for case in (("all", True, True), ("comment", True, False), ("marker", False, True), ("none", False, False)):
        asyncio.run(play(*case))


def sizes(remembering: object) -> dict[str, int]:
    """How much an object holds, by attribute."""
    return {name: len(value) for name, value in vars(remembering).items() if hasattr(value, "__len__")}


def test_others_are_judged_as_though_nothing_had_been_asked() -> None:
    """Nothing is paired with a probe, cached or remembered; and mitmdump counts none of it."""

    async def play() -> None:
        async with site() as server, mitmproxy(dumper=True, flow_detail=1) as running:
            addon = running.addon
            before = addon._judging._latest, addon._session._settled, len(addon._session.auditor._endpoints)
            tracked = sizes(addon._session.tracker)
            await running.probe(server.flow("/null", COOKIE), server.flow("/anybody", method="PUT"))
            assert (addon._judging._latest, addon._session._settled, len(addon._session.auditor._endpoints)) == before
            assert sizes(addon._session.tracker) == tracked
            assert addon._printed is not None
            assert not addon._printed._summary.rows
            assert not sum(addon._printed._summary.roles.values())

    asyncio.run(play())


def test_a_report_and_an_audit_have_its_findings(tmp_path: Path) -> None:
    """Those are what a reviewer sends on."""

    async def play() -> None:
        async with site() as server, mitmproxy() as running:
            sent = await running.probe(server.flow("/begins"))
            said = running.call("cors.audit", sent)
            assert "2 security findings" in said
            assert "lookalike-origin-with-credentials" in said
            running.call("cors.report", str(tmp_path / "report.html"))
            assert "lookalike-origin-with-credentials" in (tmp_path / "report.html").read_text()

    asyncio.run(play())


def test_what_was_shown_is_saved_as_a_policy_file(tmp_path: Path) -> None:
    """With the evidence; and nobody is told a rule where none was asked."""

    async def play() -> None:
        async with site() as server, mitmproxy() as running:
            file = tmp_path / "shown.yaml"
            with pytest.raises(exceptions.CommandError, match="No probe has shown"):
                running.call("cors.probe.save", str(file))
            await running.probe(server.flow("/begins"))
            assert "What 1 server let in is written to" in str(running.call("cors.probe.save", str(file)))
            text = file.read_text()
            assert "any host that begins with app.shop.com (asked with https://app.shop.com.attacker.invalid:" in text
            assert 'mode: "off"' in text
            running.call("cors.policy.load", str(file))
            assert not running.addon._policies.rewriting

    asyncio.run(play())


def test_a_recording_of_a_probe_is_none_of_a_page() -> None:
    """It shows again what each answer shows by itself, and is still learned from by nobody."""

    async def play() -> None:
        async with site() as server, mitmproxy() as running:
            sent = await running.probe(server.flow("/begins"), server.flow("/null", method="PUT"))
            expected = findings(sent)
        recorded = saved_and_loaded(*sent)
        for each in recorded:
            each.metadata.pop("cors.findings", None)
        async with mitmproxy() as running:
            for each in recorded:
                await running.master.load_flow(each)
            assert findings(recorded) == expected
            assert not running.addon._session.auditor._endpoints
            recorded[0].metadata["cors.probe"] = "\x1b no such question"
            running.addon.response(recorded[0])
            assert "cors.findings" not in recorded[0].metadata

    asyncio.run(play())


def test_a_server_with_tls(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is asked for the page without TLS, too; and where its certificate is not trusted, that is told."""
    caplog.set_level(logging.INFO)
    CertStore.create_store(tmp_path, "site", 2048)

    async def play() -> None:
        async with site(tmp_path / "site-ca.pem") as server, mitmproxy(ssl_insecure=True) as running:
            sent = await running.probe(server.flow("/hosts"))
            assert findings(sent) == {"http://app.shop.com": "insecure-origin-with-credentials"}
            assert len(server.asked) == 9
            running.master.options.update(ssl_insecure=False)
            (sent_in_vain,) = await running.probe(server.flow("/hosts"))
            assert len(server.asked) == 9
            assert "certificate" in sent_in_vain.comment.lower()

    asyncio.run(play())


def test_in_reverse_mode() -> None:
    """The server is asked by its own name, and told as the one that the browser knows."""

    async def play() -> None:
        async with site() as server, mitmproxy() as running:
            chosen = server.flow("/begins", COOKIE)
            mode = f"reverse:http://127.0.0.1:{server.port}"
            chosen.client_conn = client(mode=mode, tls=False, sockname=("127.0.0.1", 9000))
            sent = await running.probe(chosen)
            assert findings(sent) == EXPECTED["/begins"]
            assert {head[2]["host"] for head in server.asked} == {f"127.0.0.1:{server.port}"}
            assert "http://127.0.0.1:9000" in running.said
            # a page of the very name by which the browser knows the proxy
            chosen.request.headers["origin"] = "http://localhost:9000"
            sent = await running.probe(chosen)
            judged = [running.addon._flows.judgement(each) for each in sent]
            assert {str(each.observation.url) for each in judged if each} == {"http://localhost:9000/begins"}
            assert sent[0].metadata["cors.role"] == "same-origin"

    asyncio.run(play())


def test_before_mitmproxy_runs() -> None:
    """A script may be early."""
    with proxy() as running, pytest.raises(exceptions.CommandError, match="does not run yet"):
        running.command("cors.probe", [flow()])
