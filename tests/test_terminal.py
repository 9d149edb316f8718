"""What a terminal gets: text, ends of lines and our own colours, whatever traffic, files or arguments hold."""

import ast
import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from mitmproxy.http import HTTPFlow
from mitmproxy.io import FlowWriter

from cors_addon import cli
from cors_addon.proxy.logs import logger_of
from cors_addon.report import terminal
from cors_addon.report.verdict_line import line
from tests.helpers import ALLOW, actual, observe, preflight
from tests.test_house import PACKAGE, modules, tree_of
from tests.test_mitmdump_output import printed

HOSTILE = "\x1b]0;x\x07\x1b[5m\x9b5m\x9d0;y\x9c\u202e\u2066\u200b\ue000\x7f\r\b"
"""OSC, CSI and C1 of a harmless kind, bidirectional overrides, what is not shown, and what moves back."""
OBEYED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ue000]")
COLOURS = re.compile(r"\x1b\[(?:0|1|2|31|32|33)m|\r\x1b\[K")


def hostile_dump(folder: Path) -> Path:
    """Flows with it wherever traffic has room."""
    raw = HOSTILE.encode()
    refused = actual([("Access-Control-Allow-Origin", "https://x" + HOSTILE)], url="https://api.test/" + "a" * 30)
    refused.request.data.path = b"/p" + raw + b"?q=" + raw
    asked = preflight([("Access-Control-Allow-Methods", raw), ("Access-Control-Allow-Origin", "*")])
    asked.request.headers["Origin"] = "https://app.test" + HOSTILE
    method = actual(ALLOW, at=2)
    method.request.data.method = b"P" + raw
    method.request.headers["User-Agent"] = "x" + HOSTILE
    dump = folder / "dump"
    with dump.open("wb") as out:
        writer = FlowWriter(out)
        for each in (refused, asked, method):
            writer.add(each)
    return dump


@contextmanager
def shown_by(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Standard output and error are a terminal; calling what is given tells all that it got."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    got = bytearray()

    def drain() -> str:
        try:
            while more := os.read(ours, 1 << 16):
                got.extend(more)
        except BlockingIOError:
            pass
        return got.decode()

    class Terminal(io.TextIOWrapper):
        """Reads what it shows before it is full."""

        def write(self, text: str) -> int:
            for start in range(0, len(text), 500):
                super().write(text[start : start + 500])
                self.flush()
                drain()
            return len(text)

    with Terminal(os.fdopen(theirs, "wb", buffering=0), encoding="utf-8", write_through=True) as screen:
        monkeypatch.setattr(sys, "stdout", screen)
        monkeypatch.setattr(sys, "stderr", screen)
        try:
            yield drain
        finally:
            monkeypatch.undo()
    os.close(ours)


def assert_harmless(text: str, what: object) -> None:
    assert text, what
    left = COLOURS.sub("", text).replace("\r\n", "\n")
    found = OBEYED.search(left) or re.search(r"\r(?!\n)", left)
    assert found is None, (what, left[max(found.start() - 60, 0) : found.end() + 20])


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_each_output_in_a_real_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each format of `check`, and each other command that repeats what it is given."""
    dump = str(hostile_dump(tmp_path))
    policy = tmp_path / f"p{chr(27)}]0;x{chr(7)}.yaml"
    policy.write_text("policies: [allow]\nx: 1")
    calls: list[tuple[str, ...]] = [
        *(("check", dump, "--format", each, "--fail-on", "never") for each in cli.check.FORMATS),
        ("check", dump, "--statistics"),
        ("check", "x" + HOSTILE),
        ("check", dump, "--policy", str(policy)),
        ("check", dump, "--filter", "~q " + HOSTILE),
        ("check", dump, "--nothing" + HOSTILE),
        ("policy", "check", str(policy)),
        ("policy", "learn", dump),
        ("policy", "export", str(policy), "--to", "x" + HOSTILE),
        ("explain", "No 'Access-Control-Allow-Origin' header is present on " + HOSTILE),
        ("explain", HOSTILE),
        ("explain", "--json", "blocked by CORS policy " + HOSTILE),
        ("run", "--browser", "x" + HOSTILE),
    ]
    for call in calls:
        with shown_by(monkeypatch) as shown:
            with suppress(SystemExit):
                cli.main(list(call))
            assert_harmless(shown(), call)


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_mitmdumps_lines_table_and_log_in_a_real_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the width known, and not; and what a command answers."""
    from mitmproxy.io import FlowReader

    with hostile_dump(tmp_path).open("rb") as file:
        flows = [each for each in FlowReader(file).stream() if isinstance(each, HTTPFlow)]
    with shown_by(monkeypatch) as shown:
        printed(*flows, out=sys.stdout)
        assert "CORS" in shown()
        assert_harmless(shown(), "mitmdump")
    for each in observe(*flows):
        for width in (None, 20, 40, 80, 400):
            assert_harmless(line(each, "✗ CORS", width=width, colour=True), width)


def test_the_log_shows_what_is_no_text(caplog: pytest.LogCaptureFixture) -> None:
    """In the message, its arguments and the exception."""
    log = logger_of("cors_addon.test")
    assert logger_of("cors_addon.test").filters == log.filters
    try:
        raise ValueError(HOSTILE)
    except ValueError as error:
        log.error("a %s\n\tb", HOSTILE, exc_info=error)
    text = caplog.handler.format(caplog.records[-1])
    assert "ValueError: \\x1b]0;x\\x07" in text
    assert_harmless(text, "log")
    assert "\n\tb" in text


def test_there_is_one_way_to_a_terminal() -> None:
    """No other module prints, writes to a standard stream, or has a logger that shows things as they are."""
    allowed = {"report/terminal.py", "proxy/logs.py"}
    found = []
    for file in modules():
        name = file.relative_to(PACKAGE).as_posix()
        for node in ast.walk(tree_of(file)) if name not in allowed else ():
            if not isinstance(node, ast.Call):
                continue
            text = ast.unparse(node.func)
            if (
                text == "print"
                or re.fullmatch(r"(sys\.(std|__std)(out|err)(__)?|self\._out|out)\.(buffer\.)?write(lines)?", text)
                or text in ("logging.getLogger", "logging.log", "logging.info", "logging.warning", "logging.error")
                or (text.endswith((".secho", "os.write")) and name != "proxy/line_file.py")
            ):
                found.append(f"{name}:{node.lineno}: {text}")
    assert not found


def test_colours_are_kept_and_nothing_else() -> None:
    """Ours, where they are wanted."""
    text = f"{terminal.RED}a{terminal.PLAIN}\x1b[5m\tb\n"
    assert terminal.safe(text, colour=True) == f"{terminal.RED}a{terminal.PLAIN}\\x1b[5m\tb\n"
    assert terminal.safe(text) == "\\x1b[31ma\\x1b[0m\\x1b[5m\tb\n"
    assert terminal.safe("plain\n") == "plain\n"
