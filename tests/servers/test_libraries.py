"""jsdom and happy-dom, run for real: what each lets a test have is what is judged, flow by flow."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests import waits
from tests.ports import can_connect, free_port
from tests.servers.launch import Missing, command
from tests.servers.libraries.cases import CASES, PAGE, answers, requests
from tests.servers.recognising import node_packages

HERE = Path(__file__).parent / "libraries"
ADDON = Path(__file__).resolve().parents[2] / "cors_addon" / "__init__.py"
PACKAGES = ("jsdom@29.1.1", "undici@7.16.0", "happy-dom@21.0.4")
"""The last that run with Node 20."""
SCRIPTS = {"jsdom": "jsdom.cjs", "happy-dom": "happy_dom.mjs"}


class Run(NamedTuple):
    """What came of one case."""

    passed: bool
    readable: frozenset[str]
    """Names of the headers that script may read."""
    flows: tuple[Mapping[str, Any], ...]
    """The last JSON line on each flow, in the order of the requests."""


def run(library: str, folder: Path) -> list[Run]:
    """Have a library make all requests through mitmdump."""
    (folder / "answers.json").write_text(json.dumps(answers()))
    port, lines = free_port(), folder / "lines.jsonl"
    settings = {"cors_jsonl": lines, "confdir": folder / "conf", "connection_strategy": "lazy", "cors_page": "off"}
    mitmdump = [sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()", "-q"]
    mitmdump += ["--listen-host", "127.0.0.1", "--listen-port", str(port)]
    mitmdump += ["-s", str(HERE / "answers.py"), "-s", str(ADDON)]
    for name, value in settings.items():
        mitmdump += ["--set", f"{name}={value}"]
    told = {"proxy": f"http://127.0.0.1:{port}", "page": f"{PAGE}/", "requests": requests()}
    modules = node_packages(PACKAGES)
    proxy = subprocess.Popen(mitmdump, env={**os.environ, "ANSWERS": str(folder / "answers.json")})
    try:
        waits.until_now(lambda: can_connect(port), 120.0, lambda: "mitmdump did not start")
        made = subprocess.run(
            [command("node", "nodejs"), str(HERE / SCRIPTS[library])],
            input=json.dumps(told),
            capture_output=True,
            text=True,
            env={**os.environ, "NODE_MODULES": str(modules)},
            timeout=300,
        )
    finally:
        proxy.send_signal(signal.SIGINT)
        proxy.wait(30)
    outcomes = [json.loads(line) for line in made.stdout.splitlines()]
    assert len(outcomes) == len(CASES), made.stderr
    last = {line["flow_id"]: line for line in map(json.loads, lines.read_text().splitlines())}
    flows = list(by_case(last))
    return [
        Run(each["passed"], names(each.get("readable", "")), mine) for each, mine in zip(outcomes, flows, strict=True)
    ]


def by_case(last: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], ...]]:
    """The flows of each case, in order of their starts; those of other places belong to the case before."""
    found: dict[int, list[Mapping[str, Any]]] = {number: [] for number in range(len(CASES))}
    number = 0
    for line in sorted(last.values(), key=lambda line: line["timestamp"]):
        first = line["url"].split("/")[3]
        number = int(first) if first.isdigit() else number
        found[number].append(line)
    yield from map(tuple, found.values())


def names(raw: str) -> frozenset[str]:
    """Of header lines."""
    return frozenset(line.partition(":")[0].lower() for line in raw.splitlines() if line)


def wrong(library: str, came: Run) -> str:
    """What is not told as it was; empty where all is."""
    verdicts = [line["verdict"] for line in came.flows]
    if any(line["engine"] != library for line in came.flows):
        return "taken for another"
    if any(line["contradicted"] or line["preflight"] == "unseen" for line in came.flows):
        return "contradicted, or a preflight is missed"
    if came.passed and "deny" in verdicts:
        return "it passed"
    if not came.passed and (verdicts[-1:] != ["deny"] or "deny" in verdicts[:-1]):
        return "its last flow was refused, and no other"
    last = came.flows[-1] if came.flows else None
    if came.passed and last is not None and last["role"] == "actual" and set(last["exposed_headers"]) != came.readable:
        return f"script reads {sorted(came.readable)}"
    return ""


@pytest.mark.parametrize("library", SCRIPTS)
def test_every_verdict_is_the_librarys(library: str, tmp_path: Path) -> None:
    """Which flow it refused, and which headers a test may read."""
    try:
        came = run(library, tmp_path)
    except Missing as error:
        pytest.skip(str(error))
    faults = [
        f"{case.name}: {fault}; {[(line['role'], line['verdict'], line['reason']) for line in each.flows]}"
        for case, each in zip(CASES, came, strict=True)
        if (fault := wrong(library, each))
    ]
    assert not faults, "\n".join(faults)
    assert {each.passed for each in came} == {True, False}


def test_there_are_enough_cases() -> None:
    """And each by a name of its own."""
    assert len({case.name for case in CASES}) == len(CASES) > 200
