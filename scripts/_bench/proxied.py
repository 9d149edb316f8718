"""Instructions per proxied request: mitmdump under callgrind, client and server outside."""

import asyncio
import os
import re
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from pathlib import Path

from wsproto import ConnectionType, WSConnection
from wsproto.events import Request

from _bench.traffic import LARGE, LOADS, Exchange
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
START_UP = 240.0
"""Seconds for mitmdump to start under valgrind, on a busy machine."""
PATIENCE = 60.0
"""Seconds for any one answer."""
MITMDUMP, MITMWEB = "mitmdump", "mitmweb"
RUN_MITMDUMP = "from mitmproxy.tools.main import mitmdump; mitmdump()"
PASSWORD = "bench"
LINES = "lines.jsonl"
_COLLECTING = "import gc, signal; gc.disable(); signal.signal(signal.SIGHUP, lambda *_: gc.collect(1))\n"
"""Python collects garbage every fifteen requests or so, for a quarter of what a request costs: 1 % of all. Once more or
less would be 0.1 % of two hundred requests, so it collects when it is told to: every so many requests, as follows."""
COLLECT_EVERY = 10  # mitmproxy has handlers of its own for SIGUSR1 and SIGUSR2
_UNWATCHED = "import mitmproxy.addons.script; mitmproxy.addons.script.ReloadInterval = 86400\n"
"""mitmproxy looks every second whether a script has changed. Under valgrind a second is a few requests long only."""

_UNLOOKED = f"""\
import sys
sys.path.insert(0, {str(ROOT)!r})
import cors_addon.proxy.policy_file
cors_addon.proxy.policy_file._LOOK_EVERY = 86400
"""
"""So do we whether the policy file has."""

_ONE_HOOK = "def response(flow):\n    pass\n"
_FOUR_HOOKS = "".join(
    f"def {name}(flow):\n    pass\n" for name in ("requestheaders", "request", "responseheaders", "response")
)


BARE, WEB = "bare", "mitmweb"
TAB = f"{WEB}, a tab"
"""mitmweb, and the same while a page of it shows the flows."""


class Row:
    """One way to start mitmdump, or mitmweb."""

    def __init__(self, name: str, arguments: Callable[[Path], list[str]], before: str = "", beside: str = BARE) -> None:
        """`arguments`, given a folder for files of its own; `before` is run first, in the same process.

        `beside`: the row that it is set against.
        """
        self.name = name
        self.arguments = arguments
        self.before = before
        self.beside = beside
        self.program = MITMWEB if name.startswith(WEB) else MITMDUMP
        self.has_tab = name.startswith(TAB)


def script(source: str) -> Callable[[Path], list[str]]:
    """Arguments that load this source as an addon."""

    def arguments(folder: Path) -> list[str]:
        path = folder / "script.py"
        path.write_text(source, encoding="utf-8")
        return ["-s", str(path)]

    return arguments


def _no_more(_folder: Path) -> list[str]:
    return []


def _this_addon(_folder: Path) -> list[str]:
    return ["-s", str(ROOT / "cors_addon" / "__init__.py")]


_POLICY = """\
policies:
  - name: bench
    set:
      Access-Control-Allow-Origin: "*"
      Access-Control-Allow-Headers: "*"
"""
"""The same edits as those of the row modify_headers."""


def _this_addon_with_a_policy(folder: Path) -> list[str]:
    path = folder / "cors.yaml"
    path.write_text(_POLICY, encoding="utf-8")
    return [*_this_addon(folder), "--set", f"cors_policy={path}"]


ROWS = (
    Row(BARE, _no_more),
    Row("hook1", script(_ONE_HOOK)),
    Row("hook4", script(_FOUR_HOOKS)),
    Row(
        "modify_headers",
        lambda _folder: [
            "--modify-headers",
            "/~s/Access-Control-Allow-Origin/*",
            "--modify-headers",
            "/~s/Access-Control-Allow-Headers/*",
        ],
    ),
    Row("addon", _this_addon),
    Row("addon+policy", _this_addon_with_a_policy, before=_UNLOOKED),
    Row("addon+witness", lambda folder: [*_this_addon(folder), "--set", "cors_witness=true"]),
    Row(WEB, _no_more, beside=WEB),
    Row(f"{WEB}+addon", _this_addon, beside=WEB),
    Row(TAB, _no_more, beside=TAB),
    Row(f"{TAB}+addon", _this_addon, beside=TAB),
    Row("addon+jsonl", lambda folder: [*_this_addon(folder), "--set", f"cors_jsonl={folder / LINES}"]),
)


def environment(folder: Path) -> dict[str, str]:
    """The same for every mitmdump, whatever the caller's is."""
    return {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}


class Failed(Exception):
    """The measurement cannot go on; says why."""


class Upstream:
    """A server that answers what the list says, in order."""

    def __init__(self) -> None:
        """Nothing to answer yet."""
        self.answers: dict[tuple[bytes, bytes], bytes] = {}
        self.port = 0

    async def start(self) -> None:
        """Listen."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]

    def learn(self, exchanges: Sequence[Exchange]) -> None:
        """Answer these requests from now on."""
        for each in exchanges:
            head = f"HTTP/1.1 {each.status} OK\r\n" + _lines(each.response)
            if each.status != 204:
                head += f"Content-Length: {len(each.response_body)}\r\n"
            self.answers[each.method.encode(), each.path.encode()] = head.encode() + b"\r\n" + each.response_body

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head, _ = await _read_message(reader)
                method, target, _ = head.split(b"\r\n", 1)[0].split(b" ")
                writer.write(self.answers[method, target])
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def _lines(headers: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


async def _read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    length = int(rest.split(b"\r\n", 1)[0]) if found else 0
    return head, await reader.readexactly(length)


class Browser:
    """Sends requests through the proxy, one after the other, on connections that it keeps."""

    def __init__(self, proxy: int, server: int) -> None:
        """The ports of both."""
        self._proxy, self._server = proxy, server
        self._connections: dict[int, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}

    async def send(self, exchanges: Sequence[Exchange]) -> None:
        """Send them all; each must be answered as the server meant it."""
        for each in exchanges:
            async with asyncio.timeout(PATIENCE):
                await self._send(each)

    async def _send(self, exchange: Exchange) -> None:
        if exchange.connection not in self._connections:
            self._connections[exchange.connection] = await asyncio.open_connection("127.0.0.1", self._proxy)
        reader, writer = self._connections[exchange.connection]
        host = f"127.0.0.1:{self._server}"
        headers = exchange.request | {"Host": host}
        if exchange.request_body:
            headers["Content-Length"] = str(len(exchange.request_body))
        head = f"{exchange.method} http://{host}{exchange.path} HTTP/1.1\r\n{_lines(headers)}\r\n"
        writer.write(head.encode() + exchange.request_body)
        answer, body = await _read_message(reader)
        # a document may have got a witness
        begins, ends = exchange.response_body[:15], exchange.response_body[15:]
        as_sent = body == begins + ends or (body.startswith(begins) and body.endswith(ends) and b"<script" in body)
        if not answer.startswith(f"HTTP/1.1 {exchange.status} ".encode()) or not as_sent:
            raise Failed(f"unexpected answer to {exchange.method} {exchange.path}: {answer[:80]!r}")

    def close(self) -> None:
        """Hang up."""
        for _, writer in self._connections.values():
            writer.close()


class Counted:
    """A mitmdump under callgrind, counting only when told to."""

    def __init__(self, process: Process, port: int, prefix: str) -> None:
        """Use `start`."""
        self._process, self.port, self._prefix = process, port, prefix
        self.web_port = 0
        """Where mitmweb shows the flows."""

    @classmethod
    async def start(cls, row: Row, folder: Path, *, counting: bool = False) -> "Counted":
        """Start it, and wait until it listens; `counting`: from its beginning on."""
        port, web_port = free_port(), free_port()
        prefix = str(folder / "vgdb")
        web = ("--no-web-open-browser", "--web-port", str(web_port), "--set", f"web_password={PASSWORD}")
        process = await asyncio.create_subprocess_exec(
            "valgrind",
            *("-q", "--tool=callgrind", f"--instr-atstart={'yes' if counting else 'no'}", f"--vgdb-prefix={prefix}"),
            *(
                "--callgrind-out-file=/dev/null",
                sys.executable,
                "-c",
                _COLLECTING
                + _UNWATCHED
                + row.before
                + f"from mitmproxy.tools.main import {row.program}; {row.program}()",
            ),
            *("-q", "--listen-host", "127.0.0.1", "--listen-port", str(port)),
            *("--set", f"confdir={folder / 'conf'}", "--set", "connection_strategy=lazy", "--set", "flow_detail=0"),
            *(web if row.program == MITMWEB else ()),
            *row.arguments(folder),
            cwd=folder,
            env=environment(folder),
            stdin=DEVNULL,
            stdout=(folder / "log").open("wb"),
            stderr=asyncio.subprocess.STDOUT,
        )
        counted = cls(process, port, prefix)
        counted.web_port = web_port
        try:
            async with asyncio.timeout(START_UP):
                for each in (port, web_port) if row.program == MITMWEB else (port,):
                    await counted._listening(each, folder)
        except BaseException:
            await counted.stop()
            raise
        return counted

    async def _listening(self, port: int, folder: Path) -> None:
        while self._process.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.3)
            else:
                writer.close()
                return
        raise Failed("mitmdump ended at once:\n" + _log(folder))

    async def count(self, *, on: bool) -> None:
        """Start counting from zero, or stop."""
        await self._idle()
        await self._tell("instrumentation", "on" if on else "off")
        if on:
            await self._tell("zero")

    async def collect(self) -> None:
        """Let it collect garbage."""
        await self._idle()
        self._process.send_signal(signal.SIGHUP)

    async def instructions(self) -> int:
        """How many since counting began, once there is nothing left to do."""
        await self._idle()
        told = await self._tell("status", "internal")
        # a line per thread; those of the functions that it is in have a second number
        return sum(int(found) for found in re.findall(r"^events-\d+: (\d+)$", told, re.MULTILINE))

    async def _idle(self) -> None:
        """Wait until the process has done nothing for a while; not even waited for a processor."""
        quiet, before = 0, ""
        threads = Path(f"/proc/{self._process.pid}/task")
        async with asyncio.timeout(START_UP):
            while quiet < 4:
                await asyncio.sleep(0.05)
                try:
                    fields = [each.read_text().rpartition(")")[2].split() for each in sorted(threads.glob("*/stat"))]
                except OSError:  # a thread has just ended
                    quiet = 0
                    continue
                now = repr([each[11:13] for each in fields])
                quiet = quiet + 1 if now == before and all(each[0] == "S" for each in fields) else 0
                before = now

    async def _tell(self, *command: str) -> str:
        told = await asyncio.create_subprocess_exec(
            *("vgdb", f"--vgdb-prefix={self._prefix}", f"--pid={self._process.pid}", "--wait=5", *command),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
        )
        async with asyncio.timeout(PATIENCE):
            out, err = await told.communicate()
        if told.returncode:
            raise Failed(f"vgdb {' '.join(command)}: {err.decode(errors='replace')}")
        return out.decode()

    async def stop(self) -> None:
        """End it."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


async def measure(
    row: Row, loads: Sequence[str], folder: Path, *, warm_up: int, most: int, say: Callable[[str], None]
) -> dict[str, float]:
    """Instructions per request, by load, of `most` requests after those of the `warm_up`; of large ones, of few."""
    upstream = Upstream()
    await upstream.start()
    mitmdump = await Counted.start(row, folder)
    found: dict[str, float] = {}
    tab = None
    try:
        if row.has_tab:
            tab = asyncio.create_task(_look(mitmdump.web_port))
        for load in loads:
            warm, requests = (10, 10) if load == LARGE else (warm_up, most)
            exchanges = LOADS[load](warm + requests)
            upstream.learn(exchanges)
            browser = Browser(mitmdump.port, upstream.port)
            for start in range(0, len(exchanges), COLLECT_EVERY):
                if start == warm:
                    await mitmdump.count(on=True)
                await browser.send(exchanges[start : start + COLLECT_EVERY])
                await mitmdump.collect()
            found[load] = await mitmdump.instructions() / requests
            await mitmdump.count(on=False)
            browser.close()
            say(f"{row.name}, {load}: {found[load]:,.0f} instructions per request")
            _check_lines(folder / LINES, len(exchanges) if load == "CORS" else 0)
    except (OSError, asyncio.IncompleteReadError) as error:
        raise Failed(f"{row.name}: {error!r}; mitmdump said:\n{_log(folder)}") from error
    finally:
        if tab is not None and not tab.cancel():
            await tab  # which has failed
        await mitmdump.stop()
    return found


async def _look(port: int) -> None:
    """Read what mitmweb tells its pages of flows, until cancelled."""
    told = WSConnection(ConnectionType.CLIENT)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    bearer = [(b"Authorization", f"Bearer {PASSWORD}".encode())]
    writer.write(told.send(Request(host=f"127.0.0.1:{port}", target="/updates", extra_headers=bearer)))
    try:
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 101 "):
            raise Failed(f"mitmweb does not tell its pages: {answer[:80]!r}")
        while await reader.read(1 << 16):
            pass
    finally:
        writer.close()


def _check_lines(path: Path, at_least: int) -> None:
    """An addon that fails costs little: where it writes lines, each exchange must have got one."""
    lines = path.read_bytes().count(b"\n") if path.exists() else at_least
    if lines < at_least:
        raise Failed(f"cors_jsonl got {lines} lines for {at_least} exchanges:\n{_log(path.parent)}")


def _log(folder: Path) -> str:
    return (folder / "log").read_text(encoding="utf-8", errors="replace") or "(nothing)"


def missing() -> str | None:
    """What to install, if anything."""
    if shutil.which("valgrind") and shutil.which("vgdb"):
        return None
    return (
        "Counting instructions needs valgrind (and its vgdb), which is not here:\n"
        "  Debian, Ubuntu:  sudo apt install valgrind\n"
        "  Fedora:          sudo dnf install valgrind\n"
        "It runs on Linux; elsewhere only --only engine works."
    )
