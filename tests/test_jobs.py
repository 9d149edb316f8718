"""Files read by several processes: what is written is what one process writes, to the byte."""

import argparse
import lzma
import multiprocessing
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cors_addon import cli
from cors_addon.cli import jobs, workers
from cors_addon.cli.reading import Reading
from tests.test_har import PAGE, entry, har

TRUTH = Path(__file__).parent / "cases" / "har"
FORMATS = ("text", "jsonl", "json", "junit", "sarif", "github", "markdown")


@pytest.fixture(autouse=True)
def worth(monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest file is worth a process."""
    monkeypatch.setattr(jobs, "WORTH", 1)


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each file that a process of its own has read: whether that could be joined."""
    found: list[bool] = []
    join = Reading.join

    def joining(self: Reading, *part: Any) -> bool:
        found.append(join(self, *part))
        return found[-1]

    monkeypatch.setattr(Reading, "join", joining)
    return found


def check(capfd: pytest.CaptureFixture[str], number: int, *arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output, standard error, with so many jobs."""
    code = cli.main(["check", "--jobs", str(number), *map(str, arguments)])
    out, err = capfd.readouterr()
    return code, re.sub(r'timestamp="[^"]*"', "", out), err


def alike(capfd: pytest.CaptureFixture[str], *arguments: object) -> None:
    """With several jobs it is what it is with one."""
    wanted = check(capfd, 1, *arguments)
    assert check(capfd, 3, *arguments) == wanted, arguments
    assert wanted[1] or wanted[2]
    assert not multiprocessing.active_children()


def test_every_format(tmp_path: Path, capfd: pytest.CaptureFixture[str], joined: list[bool]) -> None:
    """Damage and files that are not there are told in their places, too."""
    cut = tmp_path / "cut.har"
    cut.write_text(har(entry(), entry(at=1))[:-200])
    files = [TRUTH / "firefox.har", cut, tmp_path / "none.har", TRUTH / "chromium-devtools.har"]
    for wanted in FORMATS:
        alike(capfd, *files, "--format", wanted)
    alike(capfd, *files, "--engine", "all", "--fail-on", "finding")
    assert joined == [True] * len(files) * (len(FORMATS) + 1)


def test_what_files_tell_together(tmp_path: Path, capfd: pytest.CaptureFixture[str], joined: list[bool]) -> None:
    """A file that tells otherwise beside those before it is read once more."""

    def of(origin: str, path: str = "a", **more: str) -> str:
        answer = {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true", **more}
        url = f"https://api.example.com/{path}"
        return har(entry(url=url, request={"Origin": origin, "Cookie": "a=b"}, response=answer))

    fresh = {"Cache-Control": "max-age=60"}
    cases = {
        "two foreign sites": ((of(PAGE), of("https://one.org"), of("https://another.net")), False),
        "Vary is missing": ((of(PAGE, **fresh), of("https://sub.example.com", **fresh)), False),
        "other places": ((of(PAGE, "b"), of("https://one.org", "c"), of("https://another.net", "d")), True),
    }
    for name, (texts, apart) in cases.items():
        joined.clear()
        files = [tmp_path / f"{number}.har" for number in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            file.write_text(text)
        alike(capfd, *files, "--format", "jsonl", "--fail-on", "finding")
        alike(capfd, *files, "--fail-on", "finding")
        assert all(joined) is apart, name
    joined.clear()
    twice = [tmp_path / f"{number}.mitm" for number in range(2)]
    for dump in twice:  # the same flows in both
        dump.write_bytes(lzma.decompress((TRUTH.parent / "truth" / "sequences-webkit.mitm.xz").read_bytes()))
    alike(capfd, *twice, "--format", "jsonl")
    assert joined == [True, False]


def dying_at_firefox(work: tuple[argparse.Namespace, str, int], *rest: Any) -> None:
    """As `workers._work`, but for one file."""
    if "firefox" in work[1]:
        os._exit(3)
    WORK(work, *rest)


WORK = workers._work


def test_a_process_that_dies(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, joined: list[bool]
) -> None:
    """Its file is read by the first one."""
    files = (TRUTH / "firefox.har", TRUTH / "chromium-devtools.har")
    wanted = check(capfd, 1, *files)
    monkeypatch.setattr(workers, "_work", dying_at_firefox)
    assert check(capfd, 2, *files) == wanted
    assert joined == [True]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
@pytest.mark.parametrize("threads", [0, 1])
def test_beside_a_thread(tmp_path: Path, threads: int) -> None:
    """No process is forked from one with threads, of which Python warns; what is written is the same."""
    program = tmp_path / "program.py"
    program.write_text(
        "import sys, threading\n"
        "from cors_addon import cli\n"
        "from cors_addon.cli import jobs\n"
        "if __name__ == '__main__':\n"
        "    jobs.WORTH, done = 1, threading.Event()\n"
        "    beside = [threading.Thread(target=done.wait) for _ in range(int(sys.argv[1]))]\n"
        "    for each in beside: each.start()\n"
        "    code = cli.main(sys.argv[2:])\n"
        "    done.set()\n"
        "    sys.exit(code)\n"
    )
    told = []
    for number in ("1", "2"):
        files = map(str, (TRUTH / "firefox.har", TRUTH / "chromium-devtools.har"))
        command = [sys.executable, "-W", "error", str(program), str(threads), "check", "--jobs", number, *files]
        told.append(subprocess.run(command, capture_output=True, timeout=120, check=False))
    assert (told[1].returncode, told[1].stdout, told[1].stderr) == (1, told[0].stdout, b"")
    assert told[0].stdout


def test_no_jobs(capfd: pytest.CaptureFixture[str]) -> None:
    """Are too few."""
    with pytest.raises(SystemExit):
        check(capfd, 0, TRUTH / "firefox.har")
    assert "1 or more" in capfd.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="needs named pipes, and fork")
def test_interrupted(tmp_path: Path) -> None:
    """Each process is told, whoever is interrupted, and what there is so far is written."""
    pipes = [tmp_path / name for name in ("a.har", "b.har")]
    for pipe in pipes:
        os.mkfifo(pipe)
    begin = "import sys; from cors_addon import cli; from cors_addon.cli import jobs; jobs.WORTH = 0; "
    command = [sys.executable, "-c", begin + "sys.exit(cli.main(sys.argv[1:]))", "check", "--jobs", "2"]
    child = subprocess.Popen([*command, *map(str, pipes)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    files = [pipe.open("wb") for pipe in pipes]  # each waits for its reader
    for file in files:
        file.write(har(entry()).removesuffix("]}}").encode())
        file.flush()
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    for file in files:
        file.close()
    assert (child.returncode, err.decode()) == (2, "")
