"""README's examples, run as they stand."""

import re
import shlex
from pathlib import Path

import pytest

from cors_addon import cli
from cors_addon.policy.read import read
from tests.helpers import ALLOW, actual, preflight
from tests.test_check import write
from tests.test_har import entry, har

README = (Path(__file__).parent.parent / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """What stands between the fences of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


COMMANDS = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("cors-addon ")]
[POLICY] = [block for block in blocks("yaml") if block.startswith("policies:")]


def test_the_policy_has_no_fault() -> None:
    """Nor a warning."""
    assert read(POLICY).faults == []


def test_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """All of them, one after the other."""
    monkeypatch.chdir(tmp_path)
    Path("recording.har").write_text(har(entry()))
    refused = preflight([*ALLOW, ("Access-Control-Allow-Methods", "GET, POST")])
    write(Path("recording.mitm"), refused, actual(ALLOW, at=1))
    Path("cors.yaml").write_text(POLICY)
    codes = {}
    for command in COMMANDS:
        codes[command] = cli.main(shlex.split(command)[1:])
        assert "Traceback" not in capsys.readouterr().err
    failing = {
        "cors-addon check recording.mitm --engine all",
        "cors-addon check recording.mitm --format json --output before.json",
    }
    assert {command for command, code in codes.items() if code} == failing
    assert len(codes) == len(COMMANDS) >= 9
    assert Path("before.json").stat().st_size
    assert read(Path("learned.yaml").read_text()).usable
