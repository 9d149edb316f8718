"""Files that are none, that are full, moved, cut or slow: none of them holds up traffic, and no line is torn."""

import asyncio
import logging
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mitmproxy import exceptions
from mitmproxy.io import FlowWriter

from cors_addon import cli
from cors_addon.proxy import line_file, policy_file
from cors_addon.proxy.line_file import LineFile
from cors_addon.proxy.off_loop import off_loop
from cors_addon.report import bounded_file
from tests.helpers import ALLOW, actual, proxy, written
from tests.waits import until, until_now

ENTRY = Path(__file__).parents[1] / "cors_addon" / "__init__.py"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="no pipes with names there")


@contextmanager
def lines_for(path: Path) -> Iterator[LineFile]:
    found = LineFile(path, "cors_jsonl")
    found.open()
    try:
        yield found
    finally:
        found.close()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long."""
    monkeypatch.setattr(line_file, "PATIENCE", 0.2)
    monkeypatch.setattr(line_file, "_AGAIN", 0.01)


# ── what is read ──────────────────────────────────────────────────────────────────────────────────────────────────────


@POSIX
def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    """A pipe that nobody writes to, what never ends, a folder, and what is too large: a sentence for each."""
    pipe, large = tmp_path / "pipe", tmp_path / "large.yaml"
    os.mkfifo(pipe)
    large.write_bytes(b"#" * (policy_file.LARGEST + 1))
    with proxy() as running:
        for path, words in (
            (pipe, "it is a pipe, and only a file is read"),
            (Path("/dev/zero"), "it is a device, and only a file is read"),
            (tmp_path, "Is a directory"),
            (large, "it is larger than 4 MB, and policies never are: is it a policy file?"),
        ):
            with pytest.raises(exceptions.OptionsError, match=words):
                running.set(cors_policy=str(path))
        for option, path, words in (
            ("cors_report", pipe, "is a pipe, not a file"),
            ("cors_report", Path("/dev/null"), "is a device, not a file"),
            ("cors_jsonl", tmp_path, "is a folder, not a file"),
            ("cors_witness_log", tmp_path, "is a folder, not a file"),
        ):
            with pytest.raises(exceptions.OptionsError, match=words):
                running.set(**{option: str(path)})
        for command, arguments in (("cors.report", (str(pipe),)), ("cors.policy.save", (str(pipe),))):
            running.command("cors.allow", [actual()])
            with pytest.raises(exceptions.CommandError, match="it is a pipe, and only a file is written"):
                running.command(command, *arguments)


def test_a_file_that_became_a_pipe_keeps_the_last_good_policies(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And is read again when it is a file again; what is too large changes nothing, either."""
    file = tmp_path / "p.yaml"
    file.write_text("policies: [allow]")
    with proxy(cors_policy=str(file)) as running:
        policies = running.addon._policies.file
        if sys.platform != "win32":
            file.unlink()
            os.mkfifo(file)
            assert policies.look() is False
            file.unlink()
        file.write_bytes(b"#" * (policy_file.LARGEST + 1))
        assert policies.look() is False
        assert [each.name for each in policies.policies] == ["allow"]
        file.write_text("policies: [strip]")
        assert policies.look() is True
        assert [each.name for each in policies.policies] == ["strip"]
    assert "only a file is read. The last good policies stay." in caplog.text or sys.platform == "win32"
    assert "it is larger than 4 MB" in caplog.text


@POSIX
def test_the_command_line_reads_pipes_within_bounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As in `policy check <(…)`; not without end."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text("policies: [allow]"))
    writer.start()
    assert cli.main(["policy", "check", str(pipe)]) == 0
    writer.join()
    assert "no fault; in order: 1. allow" in capsys.readouterr().out
    assert cli.main(["policy", "check", "/dev/zero"]) == 1
    assert "it is larger than 4 MB" in capsys.readouterr().out
    with pytest.raises(bounded_file.TooLarge):
        bounded_file.read(Path("/dev/zero"), 10, pipes=True)


def test_a_file_is_read_again_off_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long that takes, the loop goes on; and whatever has changed since is not undone."""
    file, other = tmp_path / "p.yaml", tmp_path / "q.yaml"
    file.write_text("policies: [allow]")
    other.write_text("policies:\n- {name: other, preset: allow}")
    reading, go_on = threading.Event(), threading.Event()
    monkeypatch.setattr(policy_file, "_LOOK_EVERY", 0.01)

    async def run() -> None:
        with proxy(cors_policy=str(file)) as running:
            policies = running.addon._policies.file
            policies.running()
            read = policy_file.load

            def slow(path: Path) -> object:
                reading.set()
                go_on.wait(30)
                return read(path)

            monkeypatch.setattr(policy_file, "load", slow)
            file.write_text("policies: [strip]")
            await until(reading.is_set)
            assert [each.name for each in policies.policies] == ["allow"]
            go_on.set()
            await until(lambda: [each.name for each in policies.policies] == ["strip"])
            reading.clear()
            go_on.clear()
            file.write_text("policies: [allow]   # again")
            await until(reading.is_set)
            monkeypatch.setattr(policy_file, "load", read)
            policies.use(other)
            go_on.set()
            with pytest.raises(ZeroDivisionError):
                await off_loop(lambda: 1 // 0)
            assert [each.name for each in policies.policies] == ["other"]

    asyncio.run(run())


# ── what is written ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_new_files_with_traffic_are_for_their_owner_alone(tmp_path: Path) -> None:
    """One that is there keeps its mode."""
    if sys.platform == "win32":
        pytest.skip("modes are of POSIX")
    known = tmp_path / "known"
    known.touch(0o644)
    with proxy(cors_jsonl=str(tmp_path / "lines"), cors_report=str(tmp_path / "report")) as running:
        running.pass_through(actual(ALLOW))
    dump = tmp_path / "empty.har"
    dump.write_text('{"log": {"entries": []}}')
    for form, name in (("text", "text"), ("html", "html"), ("json", "known")):
        cli.main(["check", str(dump), "--format", form, "--output", str(tmp_path / name)])
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    assert {name: modes[name] for name in ("lines", "report", "text", "html", "known")} == {
        **dict.fromkeys(("lines", "report", "text", "html"), 0o600),
        "known": 0o644,
    }


def test_lines_follow_a_file_that_is_moved_removed_or_cut(tmp_path: Path) -> None:
    """As logrotate does; and each line is in one of them, once."""
    path, old = tmp_path / "lines", tmp_path / "lines.1"
    with lines_for(path) as lines:
        lines.write("1")
        written()
        path.rename(old)
        lines.write("2")
        written()
        assert (old.read_text(), path.read_text()) == ("1\n", "2\n")
        path.unlink()
        lines.write("3")
        written()
        assert path.read_text() == "3\n"
        os.truncate(path, 0)
        lines.write("4")
    assert path.read_text() == "4\n"


def test_what_was_left_without_an_end_gets_one(tmp_path: Path) -> None:
    """So that a run that was killed tears no line of the next."""
    path = tmp_path / "lines"
    path.write_text('{"a": 1}\n{"b"')
    with lines_for(path) as lines:
        lines.write('{"c": 1}')
    assert path.read_text() == '{"a": 1}\n{"b"\n{"c": 1}\n'


@POSIX
@pytest.mark.usefixtures("soon")
def test_a_disk_that_was_full_gets_all_lines_whole(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Half a line is finished where it stands, taken back at the end, and begun anew behind what others wrote."""
    caplog.set_level(logging.INFO)
    write = os.write
    room = 0

    def full(file: int, data: bytes) -> int:
        """A disk with so much room left."""
        nonlocal room
        if threading.current_thread() is threading.main_thread():
            return write(file, data)
        if room <= 0:
            raise OSError(28, "No space left on device")
        done = write(file, bytes(data)[:room])
        room -= done
        return done

    for between, then in (("", "12345\n"), ("other\n", "123other\n12345\n"), ("x", "123x\n12345\n")):
        path = tmp_path / f"lines{len(between)}"
        with pytest.MonkeyPatch.context() as patch, lines_for(path) as lines:
            patch.setattr(os, "write", full)
            room = 3
            caplog.clear()
            lines.write("12345")
            until_now(lambda: "cannot write" in caplog.text)
            with path.open("a") as other:
                other.write(between)
            room = 1000
            written()
            assert path.read_text() == then
            room = 3
            lines.write("67890")
            until_now(lambda: caplog.text.count("cannot write") == 2)
        assert path.read_text() == then
        assert caplog.messages == [
            f"cors_jsonl: cannot write to {path}: No space left on device. Lines wait.",
            f"cors_jsonl: {path} is written again.",
            f"cors_jsonl: cannot write to {path}: No space left on device. Lines wait.",
            f"cors_jsonl: {path} lacks the last lines (6 bytes; 0 were dropped): No space left on device",
        ]


@POSIX
@pytest.mark.usefixtures("soon")
def test_a_pipe_that_nobody_reads(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines wait within bounds, what is beyond is counted, and the end does not wait; a reader that comes gets them."""
    monkeypatch.setattr(line_file, "MOST_WAITING", 20)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    lines = LineFile(pipe, "cors_jsonl")
    lines.open()
    for number in range(5):
        lines.write(f"line {number}")
    with pipe.open() as reader:
        assert [reader.readline() for _ in range(2)] == ["line 0\n", "line 1\n"]
        written()
    # the reader is gone, and a write tells so: whatever is not read by then waits for the next
    lines.write("more")
    until_now(lambda: "Broken pipe" in caplog.text)
    with pipe.open() as reader:
        assert reader.readline() == "more\n"
        written()
    until_now(lambda: "is written again; 3 lines were dropped." in caplog.text)
    os.set_blocking(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), False)  # somebody who has it open and never reads
    monkeypatch.setattr(line_file, "MOST_WAITING", 1 << 24)
    for _ in range(40):
        lines.write("x" * 10_000)
    lines.close()
    assert "lacks the last lines" in caplog.messages[-1]


@POSIX
def test_mitmdump_ends_whatever_its_files_are(tmp_path: Path) -> None:
    """Lines for pipes that nobody reads, a policy file that becomes one, and the signal to end."""
    pipes = [tmp_path / "lines", tmp_path / "log"]
    for pipe in pipes:
        os.mkfifo(pipe)
    policy = tmp_path / "p.yaml"
    policy.write_text("policies: [allow]")
    dump = tmp_path / "dump"
    with dump.open("wb") as out:
        FlowWriter(out).add(actual(ALLOW))
    words = [
        "keepserving=true",
        f"cors_jsonl={pipes[0]}",
        f"cors_witness_log={pipes[1]}",
        "cors_witness=true",
        f"cors_policy={policy}",
    ]
    code = "from mitmproxy.tools.main import mitmdump; mitmdump()"
    line = [sys.executable, "-c", code, "-r", str(dump), "-p", "0", "-s", str(ENTRY)]
    for word in words:
        line += ["--set", word]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        assert running.stdout is not None
        said = ""
        while "CORS" not in said:  # the flow is judged, and its line waits
            said += (more := running.stdout.readline())
            assert more, said
        policy.unlink()
        os.mkfifo(policy)
        while "only a file is read" not in said:
            said += (more := running.stdout.readline())
            assert more, said
        running.send_signal(signal.SIGTERM)
        rest, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert f"cors_jsonl: {pipes[0]} lacks the last lines" in rest
