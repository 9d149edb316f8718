"""README's examples, run as they stand."""

import re
import shlex
from pathlib import Path

import pytest
from mitmproxy import flowfilter

from cors_addon import cli
from cors_addon.cli import project
from cors_addon.cli.main import parser
from cors_addon.cli.parser import sub_parsers
from cors_addon.policy.read import read
from cors_addon.proxy.keys import KEYS
from tests.helpers import ALLOW, actual, flow, preflight, proxy
from tests.test_check import write
from tests.test_har import entry, har
from tests.test_house import COMMANDS as TRIED_ELSEWHERE

README = (Path(__file__).parent.parent / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """What stands between the fences of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


COMMANDS = [
    line
    for block in blocks("sh")
    for line in block.splitlines()
    if line.startswith("cors-addon ") and line not in TRIED_ELSEWHERE
]
[POLICY] = [block for block in blocks("yaml") if block.startswith("policies:")]


def test_the_policy_has_no_fault() -> None:
    """Nor a warning."""
    assert read(POLICY).faults == []


def test_the_projects_table_is_used(tmp_path: Path) -> None:
    """As it stands."""
    [example] = [block for block in blocks("toml") if "[tool.cors-addon]" in block]
    (tmp_path / "pyproject.toml").write_text(example)
    check = sub_parsers(parser())["check"]
    project.use(check, tmp_path)
    options = check.parse_args(["x"])
    assert (options.fail_on, options.require, options.policy) == ("blocked", 1, [tmp_path / "deploy/cors.yaml"])


def test_what_check_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The example is how it really begins."""
    shown = re.search(r"^```\n(✗ 1 of .*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert shown is not None
    monkeypatch.chdir(tmp_path)
    url, page = "https://api.example.com/items/1", "https://app.example.com"
    origin = {"Access-Control-Allow-Origin": page, "Access-Control-Allow-Credentials": "true"}
    asked = {"Access-Control-Request-Method": "PUT"}
    refused = entry("OPTIONS", url, asked, {**origin, "Access-Control-Allow-Methods": "GET, POST"})
    Path("recording.har").write_text(har(refused, entry("GET", url, response=origin, at=1)))
    assert cli.main(["check", "recording.har"]) == 1
    assert capsys.readouterr().out.startswith(f"{shown[1]}\nCauses\n")


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
        "cors-addon check recording.mitm --fail-on finding",
        "cors-addon check recording.mitm --fail-on blocked",
    }
    assert {command for command, code in codes.items() if code} == failing
    assert len(codes) == len(COMMANDS) >= 9
    assert Path("before.json").stat().st_size
    assert read(Path("learned.yaml").read_text()).usable


def test_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The example tells what was refused, and why."""
    [example] = [block for block in blocks("python") if block.startswith("import cors_addon\n")]
    monkeypatch.chdir(tmp_path)
    refused = entry("OPTIONS", request={"Access-Control-Request-Method": "PUT"})
    Path("recording.har").write_text(har(refused, entry(at=1)))
    exec(example, {})
    out = capsys.readouterr().out
    url = refused["request"]["url"]
    assert out.startswith(f"OPTIONS {url} method-not-allowed MethodDisallowedByPreflightResponse\n")
    assert "✗ DENIED" in out
    assert out.count("method-not-allowed") == 2


FILTERS = [
    line for block in re.findall(r"^```\n(~.*?)^```$", README, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]


@pytest.mark.parametrize("expression", FILTERS)
def test_filters(expression: str) -> None:
    """Each selects some of these flows, as mitmproxy reads it, and leaves out others."""
    refused = preflight([*ALLOW, ("Access-Control-Allow-Methods", "GET, POST")])
    unsure = actual([("Access-Control-Allow-Origin", "*")], at=1)
    passed = actual([*ALLOW, ("Access-Control-Allow-Credentials", "true")], at=2)
    flows = [refused, unsure, passed]
    if "blocked_by" in expression:
        kept = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")]
        referrer = ("Referer", "https://app.example.test/")
        flows.append(flow(request=[*kept, referrer], response=[("Cross-Origin-Resource-Policy", "same-origin")], at=3))
    with proxy() as running:
        running.pass_through(*flows)
        chosen = flowfilter.parse(expression)
        wanted = flows[-1] if "blocked_by" in expression else unsure if "question" in expression else refused
        assert [each for each in flows if chosen(each)] == [wanted]


def test_all_kinds_of_filters_are_told() -> None:
    assert {line.split()[0] for line in FILTERS} == {"~meta", "~comment", "~marker"}


PICTURES = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)


@pytest.mark.parametrize("path", PICTURES or ["none"])
def test_the_picture_is_there(path: str) -> None:
    """And small enough for a README."""
    picture = (Path(__file__).parent.parent / path).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 200_000


def test_keys_are_those_of_the_addon() -> None:
    """The table lists each, and no other."""
    assert re.findall(r"^\| `(.)` \|", README, re.MULTILINE) == [key for key, _, _ in KEYS]
