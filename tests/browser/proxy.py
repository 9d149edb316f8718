"""The mitmdump that stands between a browser and the cases: starting it, telling it cases, reading what it saw."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests import waits
from tests.ports import can_connect, free_port

from .cases import Case, answer_table
from .raw_server import RawServer

ROOT = Path(__file__).resolve().parents[2]
CASE_SERVER = Path(__file__).parent / "mitm" / "case_server.py"
ADDON = ROOT / "cors_addon" / "__init__.py"
START_SECONDS = 120.0


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """A request of a case as the case server saw it."""

    flow_id: str
    case: str
    step: int
    hop: int
    preflight: bool
    url: str
    method: str
    time: float
    http: str
    headers: tuple[tuple[str, str], ...]
    answered: bool
    delay: float = 0.0
    """Seconds until it was answered."""
    connection: str = ""
    """Of the browser."""

    def header(self, name: str) -> str | None:
        """The first value of a request header."""
        return next((value for key, value in self.headers if key.lower() == name), None)


class Proxy:
    """mitmdump with the case server and, where there is one to compare with, the addon."""

    def __init__(self, dump: Path, *, jsonl: Path | None = None, witness: bool = False) -> None:
        """`witness`: pages get it."""
        self.dump = dump
        self.jsonl = jsonl
        self.witness = witness
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory(prefix="browser-truth-")
        self.log = Path(self.folder.name, "requests.jsonl")
        self.process: asyncio.subprocess.Process | None = None
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None
        self.turn = asyncio.Lock()
        self.raw = RawServer(Path(self.folder.name))
        self.offset = 0

    async def __aenter__(self) -> Self:
        """Start mitmdump and wait until it listens."""
        control = Path(self.folder.name, "control")
        await self.raw.start()
        settings: dict[str, object] = {
            "truth_socket": control,
            "truth_log": self.log,
            "truth_raw": "{} {}".format(*self.raw.ports),
            "ssl_insecure": "true",
            "connection_strategy": "lazy",
            "confdir": Path(self.folder.name, "conf"),
            "save_stream_filter": '~d "(\\.test|localhost|^127\\.0\\.0\\.1)$"',
        }
        command = [sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()", "-q"]
        command += ["--listen-host", "127.0.0.1", "--listen-port", str(self.port), "-w", f"+{self.dump}"]
        command += ["-s", str(CASE_SERVER)]
        if self.jsonl is not None:
            command += ["-s", str(ADDON)]
            settings["cors_jsonl"] = self.jsonl
            settings["cors_secrets"] = "show"  # what the browser itself says is compared word for word
            settings["cors_witness"] = "true" if self.witness else ""
        for name, value in settings.items():
            command += ["--set", f"{name}={value}"]
        self.process = await asyncio.create_subprocess_exec(*command, env={**os.environ, "PYTHONUNBUFFERED": "1"})
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while self.writer is None:
            if self.process.returncode is not None or asyncio.get_running_loop().time() > deadline:
                raise RuntimeError("mitmdump did not start: see its output above")
            await waits.pause()
            with contextlib.suppress(OSError):
                if can_connect(self.port):
                    self.reader, self.writer = await asyncio.open_unix_connection(str(control))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End mitmdump, so that it writes its dump out."""
        if self.writer is not None:
            self.writer.close()
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGINT)
            try:
                await asyncio.wait_for(self.process.wait(), 30)
            except TimeoutError:
                self.process.kill()
        await self.raw.stop()
        self.folder.cleanup()

    async def tell(self, **command: Any) -> None:
        """Send one command to the case server and wait until it is carried out."""
        assert self.writer is not None
        assert self.reader is not None
        self.raw.answers |= command.get("cases", {})
        self.raw.steps |= command.get("step", {})
        async with self.turn:
            self.writer.write(json.dumps(command).encode() + b"\n")
            await self.writer.drain()
            if not await self.reader.readline():
                raise RuntimeError("mitmdump has gone away")

    async def add_cases(self, cases: Sequence[Case]) -> None:
        """Make the case server ready for some cases."""
        await self.tell(cases={case.id: answer_table(case) for case in cases})

    def drain_log(self) -> list[Seen]:
        """The requests seen since the last call, in the order in which they arrived."""
        with open(self.log, encoding="utf-8") as file:
            file.seek(self.offset)
            text = file.read()
            self.offset = file.tell()
        rows = [json.loads(line) for line in text.splitlines()]
        return [Seen(**{**row, "headers": tuple((name, value) for name, value in row["headers"])}) for row in rows]
