"""`cors-addon policy check|learn|export`, and policies tried on recordings, without a proxy."""

import argparse
import gc
import os
import re
import subprocess
import sys
import weakref
from pathlib import Path

import pytest
from mitmproxy.io import FlowWriter

from cors_addon.cli.policy import FAULTY, FINE, UNUSABLE, Trial, add_parser, load_policies
from cors_addon.policy.export import TARGETS
from cors_addon.policy.read import read
from tests.helpers import ALLOW, actual, observe, preflight

ROOT = Path(__file__).parent.parent
GOOD = """policies:
  - name: a
    filter: ~d api.example.test
    origins: [https://app.example.test]
    methods: [PUT]
"""


def run(*arguments: str) -> int:
    """Run the sub-command; its exit code."""
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    options = parser.parse_args(["policy", *arguments])
    code: int = options.run(options)
    return code


@pytest.fixture
def good(tmp_path: Path) -> Path:
    file = tmp_path / "good.yaml"
    file.write_text(GOOD)
    return file


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    file = tmp_path / "dump.mitm"
    with file.open("wb") as out:
        writer = FlowWriter(out)
        for one in (preflight([*ALLOW, ("Access-Control-Allow-Methods", "PUT")]), actual(ALLOW, method="PUT", at=1)):
            one.live = False
            writer.add(one)
    return file


def test_check_says_every_fault_of_every_file(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A warning fails only where that is asked for; a file that is not there cannot be used."""
    assert run("check", str(good)) == FINE
    assert capsys.readouterr().out == f"{good}: no fault; in order: 1. a\n"
    doubtful = tmp_path / "doubtful.yaml"
    doubtful.write_text(GOOD.replace("[https://app.example.test]", '["null"]'))
    assert run("check", str(doubtful)) == FINE
    assert run("check", "--strict", str(doubtful)) == FAULTY
    bad = tmp_path / "bad.yaml"
    bad.write_text(GOOD.replace("PUT", "put").replace("https://app", "https://App"))
    capsys.readouterr()
    assert run("check", str(bad), str(good)) == FAULTY
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" ")[0] for line in lines] == [f"{bad}:4:15:", f"{bad}:5:15:", f"{bad}:", f"{good}:"]
    assert run("check", str(tmp_path / "none"), str(bad)) == UNUSABLE


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_what_is_not_utf8_has_a_place(mark: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In characters, as everywhere."""
    file = tmp_path / "cors.yaml"
    file.write_bytes(mark + "policies:\n- name: ü".encode() + b"\xfc\n  preset: strip\n")
    assert run("check", str(file)) == FAULTY
    assert capsys.readouterr().out.startswith(
        f"{file}:2:10: error: the file is not UTF-8: invalid start byte [encoding]"
    )


def test_check_lets_nothing_raw_through(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name may not reach a terminal as it stands, nor may a filter."""
    file = tmp_path / "cors.yaml"
    file.write_text("policies:" + 2 * '\n- {origins: https://a.test, filter: "~u \\e[2J"}')
    assert run("check", str(file)) == FAULTY
    out = capsys.readouterr().out
    assert run("check", str(tmp_path / "\x1b[2J")) == UNUSABLE
    assert r"\x1b[2J: No such file" in capsys.readouterr().err
    assert r"matches all that it matches (~u \x1b[2J)" in out
    assert out.replace("\n", "").isprintable()
    file.write_text(GOOD.replace("name: a", r'name: "a\e]0;b\a"'))
    assert run("check", str(file)) == FAULTY
    out = capsys.readouterr().out
    assert out.endswith(r"in order: 1. a\x1b]0;b\x07" + "\n")
    assert out.replace("\n", "").isprintable()


@pytest.mark.parametrize("verb", ["policy check", "explain allow-origin-missing", "policy export --to nginx"])
def test_an_encoding_that_lacks_a_character(verb: str, tmp_path: Path) -> None:
    """It becomes a question mark, and no error."""
    file = tmp_path / "cors.yaml"
    file.write_text(GOOD.replace("name: a", "name: ü…"), encoding="utf-8")
    line = [sys.executable, "-m", "cors_addon", *verb.split(), *([str(file)] if "policy" in verb else [])]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(line, capture_output=True, check=False, text=True, env=environment, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "?" in done.stdout


def test_learn_writes_a_policy_that_checks(dump: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To standard output or a file."""
    assert run("learn", str(dump)) == FINE
    text = capsys.readouterr().out
    assert read(text).usable
    assert "  - PUT  # preflight for PUT /items/1 and 1 more" in text
    file = tmp_path / "learned.yaml"
    assert run("learn", str(dump), "--output", str(file)) == FINE
    assert file.read_text() == text
    assert run("learn", str(dump), "--filter", "~d nothing.test") == UNUSABLE
    assert run("learn", str(dump), "--filter", "~q(") == UNUSABLE
    assert run("learn", str(tmp_path / "none")) == UNUSABLE


@pytest.mark.parametrize("verb", ["learn", "export --to nginx"])
def test_what_is_read_is_not_overwritten(
    verb: str, good: Path, dump: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By whatever name."""
    file = dump if verb == "learn" else good
    data, link = file.read_bytes(), tmp_path / "link"
    link.symlink_to(file)
    for output in (file, link):
        assert run(*verb.split(), str(file), "--output", str(output)) == UNUSABLE
        assert f"--output: {output} is what is to be read" in capsys.readouterr().err
    assert file.read_bytes() == data


def test_damage_is_said_with_its_place(dump: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As `check` says it."""
    data = dump.read_bytes()
    dump.write_bytes(data[:-9])
    assert run("learn", str(dump)) == UNUSABLE
    assert re.search(r"the last flow is cut off, at byte \d+: 1 exchange before it was read\n", capsys.readouterr().err)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    "verb", ["policy check", "policy export --to nginx", "explain", "explain allow-origin-missing"]
)
def test_an_output_that_takes_nothing(verb: str, good: Path) -> None:
    """Is said, and no traceback."""
    line = [sys.executable, "-m", "cors_addon", *verb.split(), *([str(good)] if "policy" in verb else [])]
    with open("/dev/full", "w") as full:
        done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, check=False, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (2, "cors-addon: [Errno 28] No space left on device\n")


def test_export_writes_for_each_target_or_says_why_not(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be said is named on standard error."""
    for target in TARGETS:
        code = run("export", str(good), "--to", target)
        out, err = capsys.readouterr()
        remarked = TARGETS[target].comment == ""  # JSON has no place for them
        assert (code, bool(out), bool(err)) in ((FINE, True, remarked), (FAULTY, False, True))
    assert run("export", str(good), "--to", "iis") == UNUSABLE
    assert run("export", str(good), "--to", "nginx", "--policy", "b") == UNUSABLE


def recording(path: Path, *bodies: bytes) -> Path:
    """Refused preflights with these bodies."""
    with path.open("wb") as file:
        writer = FlowWriter(file)
        for body in bodies:
            answer = preflight([("Content-Type", "text/plain; charset=utf-8")], status=400, body=body)
            answer.live = False
            writer.add(answer)
    return path


def test_export_without_a_target_takes_the_server_that_a_recording_shows(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = recording(tmp_path / "seen", b"Disallowed CORS Origin")
    assert run("export", str(good), "--recording", str(seen), "--policy", "a") == FINE
    written = capsys.readouterr()
    assert "CORSConfig(" in written.out
    assert "written for litestar: the server looks like Litestar" in written.err


@pytest.mark.parametrize(
    ("bodies", "words", "listed"),
    [
        (None, "name the server by --to. The targets are:", "nginx"),
        ((b"no",), "does not show which server answered", "nginx"),
    ],
)
def test_export_without_a_target_lists_them(
    bodies: tuple[bytes, ...] | None, words: str, listed: str,
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    seen = () if bodies is None else ("--recording", str(recording(tmp_path / "seen", *bodies)))
    assert run("export", str(good), *seen) == UNUSABLE
    written = capsys.readouterr()
    assert written.out == ""
    assert words in written.err
    assert f"\n  {listed} " in written.err


def test_several_policies_are_exported_together_or_one_by_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What has no say is left out, and named; what has one and cannot be said stops all: another would take it."""
    file = tmp_path / "several.yaml"
    one, more = (
        GOOD.replace("request-headers", "x"),
        "  - name: b\n    filter: ~d b.test\n    origins: [https://b.example]\n",
    )
    file.write_text(one + more)
    assert run("export", str(file), "--to", "nginx") == FINE
    out = capsys.readouterr().out
    assert "$cors_a_origin" in out
    assert "$cors_b_origin" in out
    assert run("export", str(file), "--to", "django") == FAULTY
    assert "there are 2: 'a', 'b'. One is written with --policy NAME." in capsys.readouterr().err
    assert run("export", str(file), "--to", "django", "--policy", "b") == FINE
    file.write_text(f"{one}{more}    mode: off\n  - name: c\n    set: {{X-A: b}}\n")
    assert run("export", str(file), "--to", "django") == FAULTY
    out, err = capsys.readouterr()
    assert "example.test" in out
    assert "'b' is left out: its mode is off" in err
    assert "'c' is left out: it only edits headers" in err
    file.write_text(f"{one}  - name: s\n    filter: ~d b.test\n    preset: strip\n{more.replace('name: b', 'name: t')}")
    assert run("export", str(file), "--to", "nginx") == FAULTY
    out, err = capsys.readouterr()
    assert not out
    assert "cannot express the policy 's'" in err


def test_a_trial_keeps_no_judgements(good: Path) -> None:
    """A recording may hold millions."""
    policies = load_policies([good])
    assert policies is not None
    trial = Trial(policies)
    [judgement] = observe(actual())
    trial.observe(judgement)
    seen = weakref.ref(judgement)
    del judgement
    gc.collect()
    assert trial.changes
    assert seen() is None


def test_a_trial_tells_what_would_change(good: Path) -> None:
    """And that nothing does."""
    policies = load_policies([good])
    assert policies is not None
    same = Trial(policies)
    for judgement in observe(preflight([*ALLOW, ("Access-Control-Allow-Methods", "PUT")]), actual(ALLOW, method="PUT")):
        same.observe(judgement)
    assert not same.changes
    assert same.text() == "No verdict changes (2 exchanges tried).\n"
    other = Trial(policies)
    for judgement in observe(actual(), actual(ALLOW, method="DELETE"), actual(ALLOW, url="https://elsewhere.test/")):
        other.observe(judgement)
    assert other.changes
    assert other.text() == (
        "a: 1 of 2 exchanges: newly fails\n"
        "  https://app.example.test\n"
        "        DELETE https://api.example.test/items/1  method-not-allowed: DELETE\n"
        "\n"
        "a: 1 of 2 exchanges: newly passes\n"
        "  https://app.example.test\n"
        "        GET https://api.example.test/items/1  allow-origin-missing\n"
    )
