"""CPU of `cors-addon check`: on a dump, beside mitmproxy's own reader and mitmdump; on other recordings, beside `json`.

Also its memory on a large HAR, and how long it takes with two files at a time. Seconds, not instructions: what is
compared runs in turns, each as a process of its own, and medians are compared.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from _bench import recorded
from _bench.memory import dump
from _bench.proxied import RUN_MITMDUMP, Failed, environment
from _bench.traffic import Exchange, cors, other

FLOWS = 100_000
ROUNDS = 3
HAR_SIZE = 2000
"""MB."""
RECORDED = 100
"""MB of each other recording."""
READER_TARGET, MITMDUMP_TARGET = 0.40, 0.50
JSON_TARGETS = {"HAR, small entries": 1.0, "HAR, large bodies": 1.0, "NetLog": 1.5, "DevTools protocol": 1.5}
"""Of `json.load`; of a HAR with a loop over each header."""
JOBS_TARGET = 0.55
"""Of the time that one process takes for two files."""
MEMORY_TARGET = 500.0
"""MB."""

READER = "FlowReader alone"
MITMDUMP_READS = "mitmdump -n -r"
CHECKS = {"check, text": (), "check, jsonl": ("--format", "jsonl")}

_READ = "import sys\nfrom mitmproxy.io import FlowReader\nfor _ in FlowReader(open(sys.argv[1], 'rb')).stream(): pass"
_LOAD = """
import json, sys
found = json.load(open(sys.argv[1], 'rb'))
for entry in found['log']['entries'] if 'log' in found else ():
    for message in (entry['request'], entry['response']):
        for header in message['headers']:
            header['name'].lower().startswith('access-control-')
"""
_CHECK = "import sys\nfrom cors_addon.cli import main\nsys.exit(main(sys.argv[1:]))"
_BODY = 20_000


class Cost(NamedTuple):
    """What a process took."""

    seconds: float
    """CPU, its own and the kernel's for it, and that of its own processes."""
    megabytes: float
    """Resident at most."""
    elapsed: float
    """Seconds from its start to its end."""


def cpu(folder: Path, *, flows: int, rounds: int, say: Callable[[str], None]) -> dict[str, float]:
    """Seconds of CPU for a dump of so many flows, by what reads it."""
    path = folder / "flows.mitm"
    with path.open("wb") as file:
        file.writelines(islice(dump(), flows))
    say(f"a dump of {flows:,} flows, {path.stat().st_size / 1e6:,.0f} MB")
    commands = {
        READER: ("-c", _READ, str(path)),
        MITMDUMP_READS: ("-c", RUN_MITMDUMP, "-q", "-n", "-r", str(path), "--set", f"confdir={folder / 'conf'}"),
        **{name: ("-c", _CHECK, "check", str(path), *options) for name, options in CHECKS.items()},
    }
    found: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            found[name].append(_run(folder, *command).seconds)
            say(f"{name}: {found[name][-1]:.2f} s")
    path.unlink()
    return {name: statistics.median(each) for name, each in found.items()}


def beside_json(folder: Path, *, megabytes: int, rounds: int, say: Callable[[str], None]) -> dict[str, list[Cost]]:
    """By the name of a recording of this size: what `json.load` of it costs, and `check`, as text and as JSON lines."""
    found = {}
    for name, write in recorded.WRITERS.items():
        path = folder / ("x.har" if name.startswith("HAR") else "x.json")
        say(f"{name}: {write(path, megabytes):,} requests, {path.stat().st_size / 1e6:,.0f} MB")
        commands = [("-c", _LOAD, str(path)), *(("-c", _CHECK, "check", str(path), *how) for how in CHECKS.values())]
        costs: list[list[Cost]] = [[] for _ in commands]
        for _ in range(rounds):
            for command, listed in zip(commands, costs, strict=True):
                listed.append(_run(folder, *command))
        found[name] = [sorted(each)[len(each) // 2] for each in costs]
        path.unlink()
    return found


def jobs(folder: Path, *, megabytes: int, rounds: int, say: Callable[[str], None]) -> list[Cost]:
    """What two HARs of this size cost one after the other, and both at a time."""
    paths = [folder / name for name in ("one.har", "two.har")]
    for path in paths:
        recorded.har(path, megabytes)
    costs: list[list[Cost]] = [[], []]
    for _ in range(rounds):
        for number, listed in enumerate(costs, 1):
            listed.append(_run(folder, "-c", _CHECK, "check", "--jobs", str(number), *map(str, paths)))
            say(f"--jobs {number}: {listed[-1].elapsed:.2f} s")
    for path in paths:
        path.unlink()
    return [min(each, key=lambda cost: cost.elapsed) for each in costs]


def har(folder: Path, *, megabytes: int, say: Callable[[str], None]) -> Cost:
    """What a HAR of this size costs."""
    path = folder / "large.har"
    exchanges = [*cors(10), *other(10)]
    number = 0
    with path.open("w", encoding="ascii") as file:
        file.write('{"log": {"version": "1.2", "creator": {"name": "bench", "version": "1"}, "entries": [')
        while file.tell() < megabytes * 1_000_000:
            for exchange in exchanges:
                file.write((", " if number else "") + json.dumps(entry(exchange, number)))
                number += 1
        file.write("]}}")
    say(f"a HAR of {number:,} entries, {path.stat().st_size / 1e6:,.0f} MB")
    cost = _run(folder, "-c", _CHECK, "check", str(path), "--format", "jsonl")
    path.unlink()
    return cost


def entry(exchange: Exchange, number: int, *, size: int = _BODY) -> dict[str, object]:
    """An entry of a HAR, its answer's body of so many bytes."""
    minutes, milliseconds = divmod(number * 50, 60_000)
    day, minute = divmod(minutes, 1440)
    body = {"postData": {"mimeType": "application/json", "text": exchange.request_body.decode()}}
    return {
        "startedDateTime": f"2023-11-{1 + day % 30:02}T{minute // 60:02}:{minute % 60:02}:{milliseconds / 1000:06.3f}Z",
        "time": 20,
        "request": {
            "method": exchange.method,
            "url": f"https://api.example{exchange.path}",
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": name, "value": value} for name, value in exchange.request.items()],
            **(body if exchange.request_body else {}),
        },
        "response": {
            "status": exchange.status,
            "statusText": "OK",
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": name, "value": value} for name, value in exchange.response.items()],
            "content": {"size": size, "mimeType": "text/plain", "text": "x" * size},
        },
    }


def _run(folder: Path, *arguments: str) -> Cost:
    begun = time.monotonic()
    with (folder / "log").open("wb") as log:
        started = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=folder,
            env=environment(folder) | {"PYTHONPATH": os.environ.get("PYTHONPATH", "")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        _, status, used = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode not in (0, 1):  # 1: `check` found what fails
        said = (folder / "log").read_text(encoding="utf-8", errors="replace")
        raise Failed(f"{' '.join(arguments[:4])} ended with {started.returncode}: {said}")
    kilobytes = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Cost(used.ru_utime + used.ru_stime, kilobytes * 1024 / 1e6, time.monotonic() - begun)
