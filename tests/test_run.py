"""`cors-addon run`: which arguments are its own, and which mitmproxy gets."""

import socket
import sys
from pathlib import Path

import pytest
from mitmproxy.tools import main

from cors_addon import cli
from cors_addon.browser import wanted
from cors_addon.cli import run
from cors_addon.start import SCRIPT


@pytest.mark.parametrize(
    ("given", "words", "headless", "others"),
    [
        ("", None, False, ""),
        ("-p 9 --set a=b", None, False, "-p 9 --set a=b"),
        ("--browser", "", False, ""),
        ("--browser http://localhost:8000 -p 9 x", "http://localhost:8000", False, "-p 9 x"),
        ("-q --browser firefox localhost:8000 --headless -n", "firefox localhost:8000", True, "-q -n"),
        ("--headless --browser=edge --browser=--x --browser a.example", "edge --x a.example", True, ""),
        ("--browser -- --browser x", "", False, "-- --browser x"),
        ("--browsers x", None, False, "--browsers x"),
    ],
)
def test_arguments_are_told_apart(given: str, words: str | None, headless: bool, others: str) -> None:
    """Those of the browser end where another begins with a dash."""
    expected = None if words is None else words.split()
    assert run.split(given.split()) == (expected, headless, others.split())


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The command lines of the front ends that were started; the user has no settings, and all ports are free."""
    lines: list[list[str]] = []
    for name in run.FRONT_ENDS:
        monkeypatch.setattr(main, name, lambda: lines.append(sys.argv[:]))
    monkeypatch.setattr(sys, "argv", ["cors-addon"])
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(run, "PROXY", free())
    monkeypatch.setattr(run, "MITMWEB", free())
    return lines


def free() -> int:
    """A port that nothing listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("", f"mitmweb -s {SCRIPT}"),
        ("mitmdump -n", f"mitmdump -s {SCRIPT} -n"),
        ("mitmproxy --version", f"mitmproxy -s {SCRIPT} --version"),
        ("--browser", f"mitmweb -s {SCRIPT} --set cors_browser=auto"),
        ("mitmdump --browser edge a.example", f"mitmdump -s {SCRIPT} --set cors_browser=edge a.example"),
        (
            "--browser --headless -q",
            f"mitmweb -s {SCRIPT} --set cors_browser=headless --set web_open_browser=false -q",
        ),
    ],
)
def test_front_ends_are_started(given: str, line: str, started: list[list[str]]) -> None:
    """With the addon, and the option that starts the browser."""
    assert cli.main(["run", *given.split()]) == 0
    assert [" ".join(words) for words in started] == [line]


def test_a_port_that_is_taken_is_replaced(
    started: list[list[str]], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Nobody but the browser needs to know it; where the user named one, it stays."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", run.PROXY))
        one.listen()
        assert cli.main(["run", "mitmdump", "--browser"]) == 0
        assert capsys.readouterr().err.startswith(f"Port {run.PROXY} is taken, so ")
        for more in ("--listen-port=9", "-p9", "--mode regular@9", "--set listen_port=9", "--set=mode=regular@9"):
            assert cli.main(["run", "mitmdump", "--browser", *more.split()]) == 0
        (tmp_path / ".mitmproxy").mkdir()
        (tmp_path / ".mitmproxy" / "config.yaml").write_text("listen_port: 9\n")
        assert cli.main(["run", "mitmdump", "--browser"]) == 0
        assert cli.main(["run", "mitmdump"]) == 0
    [replaced, *others] = started
    assert [each.partition("=")[0] for each in replaced if "=" in each] == ["cors_browser", "listen_port"]
    assert not any(each.startswith("listen_port=") and each != "listen_port=9" for line in others for each in line)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("--browser opera", "cors-addon run --browser: 'opera' is neither a browser (auto, "),
        ("mitmdump --headless", "cors-addon run: --headless goes with --browser."),
    ],
)
def test_what_is_not_understood(
    given: str, fault: str, started: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is started."""
    assert cli.main(["run", *given.split()]) == 2
    assert capsys.readouterr().err.startswith(fault)
    assert started == []


def test_its_help_is_its_own_and_a_front_ends_is_mitmproxys(
    started: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """`--help` alone is ours."""
    with pytest.raises(SystemExit):
        cli.main(["run", "--help"])
    assert "cors-addon run --browser http://localhost:8000" in capsys.readouterr().out
    assert cli.main(["run", "mitmweb", "--help"]) == 0
    assert started == [["mitmweb", "-s", SCRIPT, "--help"]]


def test_words_pass_unchanged(started: list[list[str]]) -> None:
    """Also a path with blanks."""
    assert cli.main(["run", "mitmdump", "--browser", "/a b/chrome", "a.example"]) == 0
    [option] = [each for each in started[0] if each.startswith("cors_browser=")]
    assert wanted.split(option.partition("=")[2]) == ["/a b/chrome", "a.example"]
