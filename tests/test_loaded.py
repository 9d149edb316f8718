"""What a command loads: no more than its work takes, for each module is loaded anew with every start."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_har import PAGE, entry

PROGRAM = """
import sys
from cors_addon import cli
code = cli.main(sys.argv[1:])
print(code, *sorted(sys.modules), file=sys.stderr)
"""
RARELY_NEEDED = {"cors_addon.cli.workers", "cors_addon.remedies.decide", "multiprocessing", "mitmproxy"}


@pytest.mark.parametrize(("allowed", "needed"), [(PAGE, set()), ("https://other.example", {"decide"})])
def test_a_small_recording(tmp_path: Path, allowed: str, needed: set[str]) -> None:
    """Remedies are decided where something is denied, processes started where there are several large files."""
    path = tmp_path / "small.har"
    entries = [entry(response={"Access-Control-Allow-Origin": allowed})]
    path.write_text(json.dumps({"log": {"creator": {"name": "WebInspector"}, "entries": entries}}))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "check", str(path)], capture_output=True, text=True, check=True
    )
    code, *loaded = done.stderr.split()
    assert code == str(int(bool(needed)))
    assert {name.rpartition(".")[2] for name in RARELY_NEEDED.intersection(loaded)} == needed
