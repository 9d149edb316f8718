"""`cors-addon check`: what is required, numbers alone, Markdown, a project's own defaults; and what was meant."""

import argparse
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cors_addon import cli
from cors_addon.cli import completion, project
from cors_addon.cli.check import _width
from cors_addon.cli.main import parser
from cors_addon.policy.export import TARGETS
from cors_addon.report import markdown, statistics
from cors_addon.report.summary import Summary
from tests.helpers import ALLOW, ALLOW_PUT, actual, flow, observe, preflight
from tests.test_check import write
from tests.test_check_reports import SUMMARIES
from tests.test_proxy_formats import ROWS, as_fiddler

type Check = Callable[..., tuple[int, str, str]]


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Runs the sub-command in a folder of its own: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def checking(*arguments: object) -> tuple[int, str, str]:
        try:
            code = cli.main(["check", *map(str, arguments)])
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        return code, *capsys.readouterr()

    return checking


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Two allowed exchanges, one denied."""
    flows = [preflight(ALLOW_PUT), actual(ALLOW, method="PUT", at=0.1), preflight(ALLOW, at=5)]
    return write(tmp_path / "x.mitm", *flows)


# ── too little ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_where_nothing_was_judged_it_is_said(check: Check, tmp_path: Path) -> None:
    """A recording of the wrong thing looks like one in which all is well."""
    file = write(tmp_path / "other.mitm", flow(agent="curl/8"))
    code, _, err = check(file)
    assert (code, err) == (0, "cors-addon check: nothing was judged: no CORS exchange is among the 1 read; --require 1 "
                              "makes that a failure\n")  # fmt: skip
    code, _, err = check(file, "--require", 1)
    assert (code, err) == (1, "cors-addon check: 0 CORS exchanges were judged, and --require wants 1\n")


@pytest.mark.parametrize(("required", "expected"), [(0, 0), (3, 0), (4, 1)])
def test_so_many_are_required(required: int, expected: int, check: Check, recording: Path) -> None:
    """Whatever else is a failure stays one."""
    code, out, err = check(recording, "--require", required, "--fail-on", "never", "--format", "json")
    assert code == expected
    assert bool(err) is (expected == 1)
    assert out.startswith("{")


def test_what_is_required_is_a_number(check: Check, recording: Path) -> None:
    """Not more, nor less than none."""
    assert check(recording, "--require", "-1")[0] == 2
    assert "'many' is no number" in check(recording, "--require", "many")[2]


# ── formats ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_statistics_are_numbers_alone(check: Check, recording: Path) -> None:
    """Denied first; an exchange counts once, whatever the number of engines."""
    for engine in ("auto", "all"):
        _, out, _ = check(recording, "--statistics", "--engine", engine)
        lines = [line.split() for line in out.splitlines()]
        assert lines == [
            ["✗", "1", "method-not-allowed", "at", "the", "preflight", "1", "endpoint,", "1", "server"],
            ["✓", "2", "allowed", "1", "endpoint,", "1", "server"],
        ]
    assert statistics.render(Summary()) == "– nothing was read\n"


@pytest.mark.parametrize("name", SUMMARIES)
def test_markdown_is_whole_and_inert(name: str) -> None:
    """Nothing of the traffic stands outside of code, and every fence is closed."""
    text = markdown.render(SUMMARIES[name]())
    assert text.startswith("### ")
    assert text.count("```") % 2 == 0
    assert "\x00" not in text
    assert "\x1b" not in text
    assert len(text) < markdown.MOST_TEXT + 1000
    if name == "all":
        assert "| `method-not-allowed` at the preflight | `https://api.example.test` | 1 | 1 |" in text
        assert "+ Access-Control-Allow-Methods: GET, POST, PUT" in text


@pytest.mark.parametrize("text", ["a", "`", "``b`", "a\nb", "<img src=x>", "a | b", "\x1b[1m"])
def test_code_cannot_be_ended_from_within(text: str) -> None:
    """Its fence is longer than any in it."""
    made = markdown.code(text)
    fence = made[: len(made) - len(made.lstrip("`"))]
    assert made.endswith(fence)
    assert fence not in made[len(fence) : -len(fence)].strip("` ").replace(fence + "`", "") or fence == "`"
    assert "\n" not in made
    assert "\x1b" not in made


def test_causes_count_exchanges_whatever_the_number_of_engines() -> None:
    """Not a judgement for each."""
    flows = observe(preflight(ALLOW), preflight(ALLOW, at=5))
    counts = []
    for every in (False, True):
        summary = Summary(all_engines=every)
        for judgement in flows:
            summary.add(judgement)
        (cause,) = summary.causes()
        counts.append((cause.count, list(cause.endpoints.values())))
    assert counts == [(2, [2]), (2, [2])]


def test_text_is_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Within bounds, and 80 columns where it goes to a file."""
    parent, child = pty.openpty()
    try:
        with os.fdopen(os.dup(child), "w") as out:
            for columns, expected in ((40, 60), (100, 99), (300, 120)):
                monkeypatch.setenv("COLUMNS", str(columns))
                assert _width(None, out) == expected
            assert _width(tmp_path / "x", out) == 80
    finally:
        os.close(parent)
        os.close(child)
    with open(tmp_path / "file", "w") as out:
        assert _width(None, out) == 80


# ── a project's own ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_project_has_defaults(check: Check, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From any folder in it; the command line counts for more."""
    (tmp_path / "pyproject.toml").write_text('[tool.cors-addon]\nfail-on = "never"\nrequire = 9\nformat = "json"\n')
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    code, out, err = check(recording)
    assert (code, out[:1]) == (1, "{")
    assert "--require wants 9" in err
    assert check(recording, "--require", 1, "--format", "text")[:1] == (0,)
    (tmp_path / "cors.yaml").write_text("policies:\n  - name: p\n    origins: [https://app.example.test]\n")
    (tmp_path / "pyproject.toml").write_text('[tool.cors-addon]\npolicy = "cors.yaml"\nfail-on = "change"\n')
    assert "p" in check(recording)[1]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('fial-on = "deny"', "fial-on: there is no such key; did you mean fail-on?"),
        ("zzz = 1", "zzz: there is no such key; known are baseline, engine"),
        (
            'engine = "gekko"',
            "engine: 'gekko' is none of auto, chromium, gecko, webkit, fetch, all; did you mean gecko?",
        ),
        ("engine = 1", "engine: a string, not 1"),
        ("require = true", "require: a number, not True"),
        ("policy = [1]", "policy: one path, or a list of them, not [1]"),
        ("engine =", "Invalid value (at line 2"),
    ],
)
def test_a_faulty_table_is_told(table: str, words: str, check: Check, recording: Path, tmp_path: Path) -> None:
    """With its file, and what is accepted."""
    (tmp_path / "pyproject.toml").write_text(f"[tool.cors-addon]\n{table}\n")
    code, out, err = check(recording)
    assert (code, out) == (2, "")
    assert words in err
    assert str(tmp_path / "pyproject.toml") in err


def test_a_file_without_the_table_is_passed_over(tmp_path: Path) -> None:
    """The project's own may be further up."""
    (tmp_path / "in").mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.cors-addon]\nrequire = 1\n")
    (tmp_path / "in" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    found = project.table(tmp_path / "in")
    assert found == (tmp_path / "pyproject.toml", {"require": 1})


# ── what was meant ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["check", "x", "--fromat", "json"], "--format"),
        (["check", "x", "--engine", "gekko"], "gecko"),
        (["chek", "x"], "check"),
        (["policy", "exprot"], "export"),
        (["check", "x", "--zzzzzz"], None),
    ],
)
def test_a_slip_of_the_pen_is_seen(arguments: list[str], meant: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    """On every Python, in every sub-command."""
    with pytest.raises(SystemExit):
        cli.main(arguments)
    err = capsys.readouterr().err
    assert (f"did you mean {meant}?" in err) is (meant is not None)


@pytest.mark.parametrize(("given", "shown"), [("chromium@abc", "chromium@109"), ("Firefox@x", "chromium@109")])
def test_how_a_version_is_written(given: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it was not written so."""
    with pytest.raises(SystemExit):
        cli.main(["check", "x", "--engine", given])
    assert f"a version is a whole number after an engine's name, as in {shown}" in capsys.readouterr().err


def test_an_address_is_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    """And is not fetched."""
    cli.main(["check", "https://api.example.test/x.har"])
    assert "Files are read, not addresses" in " ".join(capsys.readouterr().out.split())


def completed(words: list[str]) -> list[str]:
    """What bash offers for the last of these words."""
    script = completion.script("bash", parser())
    line = f'COMP_WORDS=({" ".join(words)} ""); COMP_CWORD={len(words)}; _cors_addon; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", f"{script}\n{line}"], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no bash")
def test_bash_completes() -> None:
    """Sub-commands, options, and the values of those that have some."""
    assert {"check", "policy", "explain", "demo"} <= set(completed(["cors-addon"]))
    assert {"--engine", "--require"} <= set(completed(["cors-addon", "check"]))
    assert completed(["cors-addon", "check", "x", "--engine"]) == [
        "auto",
        "chromium",
        "gecko",
        "webkit",
        "fetch",
        "all",
    ]
    assert completed(["cors-addon", "policy", "export", "f", "--to"]) == list(TARGETS)
    assert "method-not-allowed" in completed(["cors-addon", "explain"])


def test_each_shell_has_a_script(capsys: pytest.CaptureFixture[str]) -> None:
    """With all that the parser knows."""
    for shell in completion.SHELLS:
        assert cli.main(["completion", shell]) == 0
        text = capsys.readouterr().out
        assert "gateway-api" in text
        assert "cors-addon" in text
    assert isinstance(parser(), argparse.ArgumentParser)


def test_engines_are_named_in_any_case(check: Check, recording: Path) -> None:
    """As browsers write themselves."""
    wanted = check(recording, "--engine", "firefox@128", "--format", "jsonl")
    assert check(recording, "--engine", "Firefox@128", "--format", "jsonl") == wanted
    assert '"engine": "gecko"' in wanted[1]


# ── files that are not as they should be ──────────────────────────────────────────────────────────────────────────────


def test_a_file_that_is_named_twice_is_read_once(check: Check, recording: Path) -> None:
    """However it is written; and that is said."""
    _, once, _ = check(recording.name)
    code, twice, err = check(recording.name, recording, f"./{recording.name}")
    assert code == 1
    assert twice == once
    assert err == "cors-addon check: a file that is named more than once is read once\n"


def damaged_dump(recording: Path) -> bytes:
    """Its second flow has a length that is none."""
    whole = recording.read_bytes()
    second = int(whole.partition(b":")[0]) + len(whole.partition(b":")[0]) + 2
    return whole[:second] + b"9x" + whole[second + 2 :]


def damaged_zip(recording: Path) -> bytes:
    """A session of Fiddler of which the middle is missing."""
    whole = as_fiddler(ROWS)
    return whole[:200] + whole[600:]


@pytest.mark.parametrize(("name", "make"), [("a.mitm", damaged_dump), ("a.saz", damaged_zip)])
def test_a_damaged_file_is_a_sentence(
    check: Check, recording: Path, name: str, make: Callable[[Path], bytes], tmp_path: Path
) -> None:
    """And exit code 2; never a traceback."""
    file = tmp_path / name
    file.write_bytes(make(recording))
    code, out, err = check(file)
    assert code == 2
    assert "damaged" in out + err or "not a usable" in out + err
    assert "Traceback" not in out + err
