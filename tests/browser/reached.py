"""Which of the engine's checks a browser has judged: reasons by stage, and branches of the code.

A reason counts as reached at a stage where the addon gave it for a flow and the browser's own error was the same. The
branches are those run while a recorded, browser-judged dump is judged again under coverage.py, where that is installed.
"""

from __future__ import annotations

import collections
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from .compare import Line, compare, tier_of
from .proxy import ADDON, ROOT

MEASURED = ("cors_addon.fetch", "cors_addon.engines")
UNDER_COVERAGE = """
import sys, coverage
measured, data, *arguments = sys.argv[1:]
measuring = coverage.Coverage(branch=True, source_pkgs=measured.split(","), data_file=data)
measuring.start()
from mitmproxy.tools.main import mitmdump
try:
    mitmdump(arguments)
finally:
    measuring.stop()
    measuring.report(show_missing=True, skip_covered=True)
"""


def reasons(truths: Iterable[Line], ours: Mapping[str, Line]) -> collections.Counter[tuple[str, str]]:
    """How often each (reason, stage) was given where the browser said the same."""
    counted: collections.Counter[tuple[str, str]] = collections.Counter()
    for truth in truths:
        mine = ours.get(truth["flow_id"])
        if mine is None or not mine.get("reason") or tier_of(truth) not in ("strict", "resolvable"):
            continue
        if all(check.hit for check in compare(truth, mine) if check.field in ("verdict", "error")):
            counted[mine["reason"], mine["stage"]] += 1
    return counted


def reasons_table(counted: Mapping[tuple[str, str], int]) -> str:
    """A line per reason of the registry, with how often a browser confirmed it at each stage."""
    from cors_addon.fetch.refusals import Reason, Stage

    lines = [f"{'reason':<40}" + "".join(f"{stage:>11}" for stage in Stage)]
    for reason in Reason:
        counts = [counted.get((reason.value, stage.value), 0) for stage in Stage]
        never = "" if any(counts) else "   never"
        lines.append(f"{reason:<40}" + "".join(f"{count or '-':>11}" for count in counts) + never)
    return "\n".join(lines)


def branches(dump: Path) -> str:
    """The report of coverage.py over the engine's code while a dump is judged, or why there is none."""
    if importlib.util.find_spec("coverage") is None:
        return "branches: coverage.py is not installed"
    with tempfile.TemporaryDirectory(prefix="browser-truth-") as folder:
        arguments = ["-q", "-n", "-r", str(dump), "-s", str(ADDON), "--set", f"confdir={folder}"]
        arguments += ["--set", f"cors_jsonl={folder}/ours.jsonl"]
        done = subprocess.run(
            [sys.executable, "-c", UNDER_COVERAGE, ",".join(MEASURED), f"{folder}/data", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=1800,
        )
    return done.stdout or done.stderr
