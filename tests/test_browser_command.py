"""Starting and ending a browser, with programs that only look like one; real ones: tests/browser/test_set_up.py."""

import asyncio
import json
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import exceptions
from mitmproxy.certs import CertStore
from mitmproxy.options import Options

from cors_addon.browser import chromium, firefox, running
from cors_addon.browser.authority import read
from cors_addon.browser.place import Place
from cors_addon.browser.wanted import Fault, Wanted
from cors_addon.proxy.browser_command import BrowserCommand, proxy_of
from tests import waits
from tests.helpers import proxy

PROGRAM = """\
#!{python}
import json, os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open({told!r} + ".new", "w") as file:
    json.dump({{"arguments": sys.argv[1:], "processes": [os.getpid(), child.pid], "cwd": os.getcwd()}}, file)
os.rename({told!r} + ".new", {told!r})
print("so it goes", file=sys.stderr)
{last}
"""


@pytest.fixture(scope="module")
def confdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """mitmproxy's, with a certificate."""
    folder = tmp_path_factory.mktemp("confdir")
    CertStore.from_store(folder, "mitmproxy", 2048)
    return folder


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Profiles go where the test finds them."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))


def program(folder: Path, last: str = "time.sleep(600)", name: str = "chromium") -> Path:
    """A program that tells its arguments, starts another process, and runs until it is ended."""
    path = folder / name
    path.write_text(PROGRAM.format(python=sys.executable, told=str(folder / "told"), last=last))
    path.chmod(0o755)
    return path


async def told(folder: Path) -> dict[str, Any]:
    """What the program told."""
    await waits.until((folder / "told").exists)
    found: dict[str, Any] = json.loads((folder / "told").read_text())
    (folder / "told").unlink()
    return found


def runs(process: int) -> bool:
    """Whether a process is there, and has not ended."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def profiles(folder: Path) -> list[Path]:
    """The folders of browsers that run."""
    return list((folder / "tmp").glob("cors-addon-browser-*"))


type Check = Callable[[BrowserCommand], Coroutine[Any, Any, None]]


def use(check: Check, confdir: Path, **options: object) -> None:
    """Have the addon in mitmproxy, do this, and end mitmproxy."""

    async def play() -> None:
        with proxy(confdir=str(confdir), **options) as running:
            command = running.addon._browser
            assert command is not None
            try:
                await check(command)
            finally:
                command.withdraw()

    asyncio.run(play())


def test_a_browser_starts_and_ends_with_mitmproxy(tmp_path: Path, confdir: Path) -> None:
    """With all its processes, and its profile; its command says what it is."""
    seen: dict[str, Any] = {}

    async def check(command: BrowserCommand) -> None:
        said = command.browser(str(program(tmp_path)), "localhost:8000", "--more")
        assert said.startswith("chromium starts at http://localhost:8000. It has a profile of its own, ")
        assert ("--no-sandbox" in said) == chromium.needs_no_sandbox()
        seen.update(await told(tmp_path))
        assert len(profiles(tmp_path)) == 1
        assert all(runs(process) for process in seen["processes"])

    use(check, confdir, listen_port=18181)
    assert not profiles(tmp_path)
    waits.until_now(lambda: not any(runs(process) for process in seen["processes"]))
    arguments = seen["arguments"]
    assert arguments[-3:-1] == ["--more", "http://localhost:8000"]
    assert arguments[-1].startswith("http://cors.test/?token=")  # the live page
    assert "--proxy-server=http://127.0.0.1:18181" in arguments
    assert f"--ignore-certificate-errors-spki-list={read(str(confdir)).key}" in arguments
    assert "--headless" not in arguments


def test_a_browser_that_is_closed_leaves_mitmproxy_running(
    tmp_path: Path, confdir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its profile is removed, and another can be started."""
    caplog.set_level(logging.INFO)

    async def check(command: BrowserCommand) -> None:
        path = program(tmp_path, last="time.sleep(0.1)")
        for _ in range(2):
            command.browser(str(path))
            await told(tmp_path)
            await waits.until(lambda: not command.has_started)
        assert not profiles(tmp_path)

    use(check, confdir)
    assert caplog.messages.count("chromium was closed. mitmproxy goes on; cors.browser starts another.") == 2


def test_a_browser_that_does_not_start_is_told(tmp_path: Path, confdir: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With its last words."""

    async def check(command: BrowserCommand) -> None:
        command.start(f"{program(tmp_path, last='sys.exit(3)')} headless")
        assert "--headless" in (await told(tmp_path))["arguments"]
        await waits.until(lambda: not command.has_started)

    use(check, confdir)
    assert "chromium did not start. Its last words: so it goes" in caplog.messages
    assert not profiles(tmp_path)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no such signal")
def test_a_terminal_that_is_closed_ends_mitmproxy_in_good_order(tmp_path: Path, confdir: Path) -> None:
    """Else the browser would stay."""

    async def check(command: BrowserCommand) -> None:
        ended: list[bool] = []
        command._master.shutdown = lambda: ended.append(True)  # type: ignore[method-assign]
        command.browser(str(program(tmp_path)))
        os.kill(os.getpid(), signal.SIGHUP)
        await waits.until(lambda: ended)

    before = signal.getsignal(signal.SIGHUP)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        use(check, confdir)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_cannot_be_started_is_said(tmp_path: Path, confdir: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As a command's error, or in the log where an option asked for it."""
    broken = tmp_path / "broken"
    broken.write_text("no program")

    async def check(command: BrowserCommand) -> None:
        for words, fault in (
            ("/no/such", "There is no program /no/such."),
            (str(broken), "broken cannot be started: "),
            ("opera", "'opera' is neither a browser"),
        ):
            with pytest.raises(exceptions.CommandError, match=f"^cors.browser: {fault}"):
                command.browser(words)
        command.start("/no/such")

    use(check, confdir)
    assert caplog.messages == ["cors.browser: There is no program /no/such."]
    assert not profiles(tmp_path)


def test_without_a_certificate_it_starts_all_the_same(tmp_path: Path) -> None:
    """And says so."""
    browser = running.start(Wanted(str(program(tmp_path))), "127.0.0.1:1", str(tmp_path / "nothing"))
    browser.end()
    assert browser.notes[0].startswith("mitmproxy's certificate is not trusted in it: ")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "127.0.0.1:8080"),
        ({"listen_port": 9}, "127.0.0.1:9"),
        ({"listen_host": "192.0.2.1"}, "192.0.2.1:8080"),
        ({"listen_host": "0.0.0.0", "listen_port": 9}, "127.0.0.1:9"),
        ({"listen_host": "::"}, "127.0.0.1:8080"),
        ({"listen_host": "::1"}, "[::1]:8080"),
        ({"listen_host": "box"}, "box:8080"),
        ({"mode": ["regular@9"]}, "127.0.0.1:9"),
        ({"mode": ["regular@192.0.2.1:9"]}, "192.0.2.1:9"),
        ({"mode": ["regular@[::1]:9"]}, "[::1]:9"),
        ({"mode": ["reverse:http://a.example@9", "regular@10"]}, "127.0.0.1:10"),
        ({"mode": ["upstream:http://a.example:3128"]}, "127.0.0.1:8080"),
        ({"mode": ["upstream:http://a.example:3128@9"]}, "127.0.0.1:9"),
        ({"mode": ["reverse:http://a.example"]}, None),
        ({"mode": ["socks5"]}, None),
        ({"server": False}, None),
    ],
)
def test_where_the_proxy_is(given: dict[str, Any], expected: str | None) -> None:
    """As browsers on this machine reach it."""
    options = Options()
    options.update(**given)
    if expected is None:
        with pytest.raises(Fault, match="--mode regular"):
            proxy_of(options)
    else:
        assert proxy_of(options) == expected


def test_firefox_gets_preferences_and_a_certificate(tmp_path: Path, confdir: Path) -> None:
    """In a store that holds one authority, trusted for servers alone."""
    authority, notes = read(str(confdir)), list[str]()
    arguments = firefox.set_up(Place(tmp_path, "[::1]:8080", authority), Wanted(headless=True), notes)
    assert notes == []
    assert arguments[:2] == ["-profile", str(tmp_path)]
    assert arguments[-2:] == ["-headless", "about:blank"]
    lines = (tmp_path / "user.js").read_text().splitlines()
    assert 'user_pref("network.proxy.ssl", "::1");' in lines
    assert 'user_pref("network.proxy.http_port", 8080);' in lines
    assert 'user_pref("network.proxy.allow_hijacking_localhost", true);' in lines
    with sqlite3.connect(tmp_path / "cert9.db") as database:
        found = database.execute("SELECT a11 FROM nssPublic WHERE a0 = ?", (b"\0\0\0\1",)).fetchall()
        servers, others = database.execute(
            "SELECT ace536358, ace53635a FROM nssPublic WHERE a0 = ?", (b"\xceSCS",)
        ).fetchone()
    assert found == [(authority.certificate,)]
    assert (servers, others) == (b"\xceSCR", b"\xceSCU")


def test_firefox_without_sqlite(tmp_path: Path, confdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in mitmproxy's standalone programs: it starts, and says what is missing."""
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    notes: list[str] = []
    firefox.set_up(Place(tmp_path, "127.0.0.1:8080", read(str(confdir))), Wanted(), notes)
    assert len(notes) == 1
    assert "lacks Python's sqlite3" in notes[0]
    assert not (tmp_path / "cert9.db").exists()


def test_the_options_words_are_checked_at_once() -> None:
    """As every option of ours is."""
    with proxy() as addon, pytest.raises(exceptions.OptionsError, match="cors_browser: 'opera' is neither"):
        addon.master.options.update(cors_browser="opera")
