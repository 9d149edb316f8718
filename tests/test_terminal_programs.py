"""Whole programs in a terminal that traffic tries to drive: mitmproxy's console, the demo, and pytest."""

import contextlib
import json
import os
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from mitmproxy.io import FlowWriter

from tests.helpers import CHROMIUM, actual, preflight
from tests.ports import free_ports
from tests.test_har import entry, har
from tests.test_terminal import HOSTILE, OBEYED

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")

ROOT = Path(__file__).parent.parent
ADDON = str(ROOT / "cors_addon" / "__init__.py")
SECONDS = 90.0
DRIVEN = re.compile(r"\x1b\]0;x|\x1b\[5m|[\x80-\x9f\x7f\ue000\u200b\u202a-\u202e\u2066-\u2069]|\x07")
"""What `HOSTILE` would do; the console's own moves and colours are others."""
COLOURS = re.compile(r"\x1b\[[0-9;]*[mK]")


class Screen:
    """A terminal with a program in it."""

    def __init__(self, ours: int) -> None:
        self._ours = ours
        self._got = bytearray()

    @property
    def text(self) -> str:
        """All that it got."""
        return self._got.decode("utf-8", "replace")

    @property
    def shown(self) -> str:
        """The same without what moves and colours it, words apart by single blanks."""
        return " ".join(re.sub(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[()][A-Z0-9])", " ", self.text).split())

    def until(self, words: str, times: int = 1) -> None:
        """Read until these words are shown so often."""
        deadline = time.monotonic() + SECONDS
        while self.shown.count(words) < times:
            assert time.monotonic() < deadline, (words, self.shown[-3000:])
            assert self.read(), (words, self.shown[-3000:])

    def read(self) -> bool:
        """Take what comes next; False where the program ended."""
        select.select([self._ours], [], [], 1.0)
        try:
            self._got += os.read(self._ours, 1 << 16)
        except BlockingIOError:
            return True
        except OSError:  # so says a terminal that nobody writes to any more
            return False
        return True

    def to_its_end(self) -> None:
        """Read until the program ended."""
        deadline = time.monotonic() + SECONDS
        while self.read():
            assert time.monotonic() < deadline, self.shown[-3000:]

    def type(self, keys: str) -> None:
        """As on a keyboard."""
        os.write(self._ours, keys.encode())


@contextlib.contextmanager
def screen(command: Sequence[str], cwd: Path = ROOT, **environment: str) -> Iterator[Screen]:
    """Run a program in a terminal of 60 rows; it is asked to end, and all that it says until then is read."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 200, 0, 0))
    known = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    environment = {**known, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT), **environment}
    program = subprocess.Popen(command, cwd=cwd, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = Screen(ours)
    try:
        yield shown
        if program.poll() is None:
            program.terminate()
        shown.to_its_end()
    finally:
        program.kill()
        os.close(ours)
        program.wait(30)


def mitm(program: str) -> list[str]:
    """One of mitmproxy's programs, in this interpreter."""
    return [sys.executable, "-c", f"from mitmproxy.tools.main import {program}; {program}()"]


def assert_plain(shown: Screen) -> None:
    """Nothing is left that a terminal obeys, but colours."""
    left = COLOURS.sub("", shown.text).replace("\r\n", "\n")
    found = OBEYED.search(left)
    assert found is None, repr(left[max(found.start() - 300, 0) : found.end() + 100])


def test_the_console(tmp_path: Path) -> None:
    """Explanations, the log and what commands answer. mitmproxy's own list shows paths as they are: these are plain."""
    raw, dump = HOSTILE.encode(), tmp_path / "dump"
    refused = actual([("Access-Control-Allow-Origin", "https://x" + HOSTILE)], status=500)
    refused.request.headers["Origin"] = "https://app.test" + HOSTILE
    refused.request.headers["User-Agent"] = CHROMIUM + HOSTILE
    asked = preflight(
        [("Access-Control-Allow-Methods", raw), ("Access-Control-Allow-Origin", "*")], headers="x-a" + HOSTILE, at=1
    )
    with dump.open("wb") as file:
        for each in (refused, asked):
            FlowWriter(file).add(each)
    command = [*mitm("mitmproxy"), "-n", "-s", ADDON, "-r", str(dump), "--set", f"confdir={tmp_path}"]
    with screen([*command, "--set", "console_focus_follow=true"]) as shown:
        shown.until("OPT")
        shown.type(":cors.explain @focus\r")
        shown.until("asks for")
        shown.type("qk:cors.explain @focus\r")
        shown.until("allow-origin-invalid")
        shown.type("q:cors.audit @all\r")
        shown.type("E")
        shown.until("Events")
    assert "x-a\\x1b]0;x" in shown.shown
    assert DRIVEN.search(shown.text) is None, repr(shown.text[-2000:])


def test_the_demo() -> None:
    """What a client sends to its servers, through the proxy, in every part of a request."""
    command = [sys.executable, "-m", "cors_addon", "demo", "--port", str(free_ports())]
    with screen(command) as shown:
        shown.until("Ctrl-C ends")
        raw = HOSTILE.replace("\r", "").encode()
        for address in set(re.findall(r"http://(?:localhost|127\.0\.0\.1):(\d+)", shown.shown)):
            for method, path, origin in ((b"P" + raw, b"", b""), (b"GET", raw, b""), (b"GET", b"", raw)):
                head = b"%s /%s HTTP/1.1\r\nHost: localhost:%s\r\nOrigin: http://a.test%s\r\nUser-Agent: %s\r\n"
                with socket.create_connection(("127.0.0.1", int(address)), timeout=20) as client:
                    client.sendall(head % (method, path, address.encode(), origin, CHROMIUM.encode() + raw))
                    client.sendall(b"Connection: close\r\n\r\n")
                    with contextlib.suppress(OSError):
                        while client.recv(1 << 16):
                            pass
    assert_plain(shown)


def test_pytest(tmp_path: Path) -> None:
    """What the plugin says of a denial, with its traceback."""
    url = f"https://api.example.com/{HOSTILE}?q={HOSTILE}"
    lines = {"Access-Control-Allow-Origin": "https://x" + HOSTILE}
    (tmp_path / "a.har").write_text(har(entry(url=url, request={"Origin": "https://p" + HOSTILE}, response=lines)))
    (tmp_path / "b.har").write_text(json.dumps({"log": {"entries": [], "x": HOSTILE}}) + HOSTILE)
    (tmp_path / "test_it.py").write_text(
        f"def test_a(cors): cors.assert_allowed('a.har')\n"
        f"def test_b(cors): cors.assert_allowed('b.har')\n"
        f"def test_c(cors): cors.assert_denied('a.har', [{'PUT ' + HOSTILE!r}])\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "cors_addon.pytest_plugin", "--color=yes", "test_it.py"]
    with screen(command, tmp_path, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1") as shown:
        shown.to_its_end()
    assert "3 failed" in shown.shown
    assert "CORS: 1 exchange was denied" in shown.shown
    assert_plain(shown)
