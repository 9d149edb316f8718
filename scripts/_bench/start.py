"""What a start costs, in instructions: of each command, of the library, of the list of suffixes, of the proxy.

Each is a process of its own, counted from its beginning, with its bytecode written before; commands and the library are
told as multiples of `python -c pass` beside them, the proxy's start as one of bare mitmdump's.
"""

import asyncio
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from mitmproxy.certs import CertStore

from _bench.offline import entry
from _bench.proxied import ROOT, ROWS, Counted, Failed, Row, environment
from _bench.traffic import cors

PASS = "python -c pass"
READY_TARGET = 1.05
_LIBRARY = "import cors_addon\nfor _ in cors_addon.judge('small.har'): pass"
_SUFFIXES = "from cors_addon.policy import suffixes"
_ASK = f"{_SUFFIXES}; suffixes.registrable_domain('www.example.co.uk')"


class Start(NamedTuple):
    """One process."""

    name: str
    arguments: Sequence[str]
    target: float | None = None
    """At most so many times what `python -c pass` takes."""


# in times of 51.5 million instructions: 0.15 and 0.30 of what the commands took on the build b945f3e; 60 ms, where
# `python -c pass` takes 20; and for the list 10 ms more than without it
STARTS = (
    Start(PASS, ("-c", "pass")),
    Start("import mitmproxy.tools.main", ("-c", "import mitmproxy.tools.main")),
    Start("cors-addon --version", ("-m", "cors_addon", "--version"), 5.8),
    Start("cors-addon explain NAME", ("-m", "cors_addon", "explain", "allow-origin-mismatch"), 5.8),
    Start("cors-addon check, a small HAR", ("-m", "cors_addon", "check", "small.har"), 13.8),
    Start("the library, a small HAR", ("-c", _LIBRARY), 4.0),
    Start("without the suffixes", ("-c", _SUFFIXES)),
    Start("the suffixes, asked once", ("-c", _ASK)),
)


def commands(say: Callable[[str], None]) -> dict[str, int]:
    """Instructions of each process, by its name."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        entries = [entry(each, number, size=1) for number, each in enumerate(cors(4))]
        log = {"version": "1.2", "creator": {"name": "bench", "version": "1"}, "entries": entries}
        (folder / "small.har").write_text(json.dumps({"log": log}), encoding="ascii")
        for each in STARTS:
            _run(folder, [sys.executable, *each.arguments])
            valgrind = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
            told = _run(folder, [*valgrind, sys.executable, *each.arguments])
            counted = re.search(r"Collected : (\d+)", told)
            if counted is None:
                raise Failed(f"{each.name}: valgrind tells no count:\n{told}")
            found[each.name] = int(counted[1])
            say(f"{each.name}: {found[each.name]:,} instructions")
    return found


def _run(folder: Path, command: Sequence[str]) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(folder) | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise Failed(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return done.stderr


async def ready(say: Callable[[str], None]) -> dict[str, int]:
    """Instructions of mitmdump, bare and with the addon, until it listens and has nothing left to do."""
    return {row.name: await _ready(row, say) for row in ROWS if row.name in ("bare", "addon")}


async def _ready(row: Row, say: Callable[[str], None]) -> int:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        CertStore.from_store(folder / "conf", "mitmproxy", 2048)  # which takes as long as its primes take to be found
        for counting in (False, True):
            mitmdump = await Counted.start(row, folder, counting=counting)
            try:
                found = await mitmdump.instructions() if counting else 0
            finally:
                await mitmdump.stop()
        say(f"{row.name}: {found:,} instructions until ready")
        return found


def run(say: Callable[[str], None]) -> list[list[str]]:
    """All of it, as lines of a table: what, instructions, ratio, target, whether it was missed."""
    counts = commands(say)
    proxy = asyncio.run(ready(say))
    unit = counts[PASS]
    lines = []
    for each in STARTS:
        ratio = counts[each.name] / unit
        target = "" if each.target is None else f"{each.target:g}"
        lines.append([each.name, f"{counts[each.name]:,}", f"{ratio:.2f}", target, _met(ratio, each.target)])
    asked = (counts["the suffixes, asked once"] - counts["without the suffixes"]) / unit
    lines.append(["  of that the list", "", f"{asked:.2f}", "0.5", _met(asked, 0.5)])
    ratio = proxy["addon"] / proxy["bare"]
    lines.append(["mitmdump ready", f"{proxy['bare']:,}", "", "", ""])
    lines.append(
        ["  with cors_addon", f"{proxy['addon']:,}", f"{ratio:.4f}", f"{READY_TARGET:g}", _met(ratio, READY_TARGET)]
    )
    return lines


def _met(ratio: float, target: float | None) -> str:
    return "" if target is None else "yes" if ratio <= target else "NO"
