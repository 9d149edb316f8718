"""What mitmdump prints: a line for each verdict, the table at the end, and nothing with `-q`."""

import asyncio
import io
import os
import pty
import re
import subprocess
import sys
import termios
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import http
from mitmproxy.addons.dumper import Dumper

from cors_addon.proxy import mitmdump_output
from cors_addon.proxy.annotate import comment_of
from cors_addon.report import table, verdict_line
from cors_addon.report.summary import Summary
from tests.helpers import ALLOW, ALLOW_PUT, PAGE, Proxy, actual, flow, observe, preflight, proxy
from tests.test_check import write

ROOT = Path(__file__).parent.parent
MITMDUMP = "from mitmproxy.tools.main import mitmdump; mitmdump()"
CREDENTIALS = ("Access-Control-Allow-Credentials", "true")
BOTH = (*ALLOW, CREDENTIALS)


def printed(*flows: http.HTTPFlow, out: Any = None, dumper: bool = True, **options: object) -> str:
    """All that the addon prints of these flows in mitmdump."""
    out = out or io.StringIO()

    async def play() -> None:
        with proxy(*([Dumper(out)] if dumper else [])) as running:
            if dumper:
                running.set(**options)
            running.addon.running()
            running.pass_through(*flows)

    asyncio.run(play())
    return out.getvalue() if isinstance(out, io.StringIO) else ""


def verdicts(text: str) -> list[str]:
    """The lines before the table."""
    return text.partition("\n\n")[0].splitlines()


# ── lines ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_line_for_each_verdict() -> None:
    denied = preflight([*ALLOW, ("Access-Control-Allow-Methods", "GET")])
    form = flow("POST", request=[("Origin", PAGE), ("Sec-Fetch-Mode", "navigate")])
    text = printed(denied, actual(BOTH, at=1), flow(), form)
    assert verdicts(text) == [
        f'✗ PUT · CORS: PUT is not in Allow-Methods "GET"  OPTIONS https://api.example.test/items/1 from {PAGE}',
        f"✓ CORS  GET https://api.example.test/items/1 from {PAGE}",
    ]


def test_told_once() -> None:
    """The preflight is paired by its request, and judged again; nothing new is to be said of it."""
    text = printed(preflight([*ALLOW_PUT, CREDENTIALS]), actual(BOTH, method="PUT", at=0.1))
    assert len(verdicts(text)) == 2
    # nor where the request settles what its preflight left open
    text = printed(preflight(ALLOW_PUT), actual(ALLOW, method="PUT", at=0.1))
    assert verdicts(text)[0].startswith("✓ CORS, but ✗ if")
    assert len(verdicts(text)) == 2


def test_told_again_where_the_verdict_changed() -> None:
    """That a refused preflight was followed is news, and the line says that it corrects another."""
    text = printed(preflight(ALLOW), actual(BOTH, method="PUT", at=0.1))
    again = [line for line in verdicts(text) if "(revised)" in line]
    assert len(again) == 1
    assert again[0].startswith("✗ PUT (revised) · CORS, yet it went on: PUT is not in Allow-Methods (absent)")
    assert "1 of 2 CORS exchanges denied" in text


def test_quiet() -> None:
    """With flow_detail 0, which is what -q sets, nothing is made, let alone printed."""

    def check(running: Proxy) -> None:
        running.pass_through(preflight(ALLOW))
        assert running.addon._printed is None

    out = io.StringIO()

    async def play() -> None:
        with proxy(Dumper(out)) as running:
            running.set(flow_detail=0)
            running.addon.running()
            check(running)
            running.set(flow_detail=1)
            running.pass_through(preflight(ALLOW, at=1))
            running.set(flow_detail=0)
            check(running)

    asyncio.run(play())
    assert len(out.getvalue().splitlines()) == 1


def test_only_in_mitmdump() -> None:
    """The others have no dumper: their lists tell verdicts."""
    assert printed(preflight(ALLOW), dumper=False) == ""


def test_the_users_filter_counts() -> None:
    """What mitmdump does not show is neither told nor counted."""
    text = printed(preflight(ALLOW), actual(BOTH, at=1), dumper_filter="~m GET")
    assert [line[:6] for line in verdicts(text)] == ["✓ CORS"]
    assert "the one CORS exchange is allowed" in text


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mitmdump_output, "REMEMBERED", 3)

    async def play() -> None:
        with proxy(Dumper(io.StringIO())) as running:
            running.set(flow_detail=1)
            running.addon.running()
            for number in range(20):
                running.pass_through(actual(BOTH, at=number))
            assert running.addon._printed is not None
            assert len(running.addon._printed._told) == 3

    asyncio.run(play())


class Broken(io.StringIO):
    """The reader has gone away."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


def test_output_that_fails_is_given_up() -> None:
    """And the traffic goes on."""
    denied = preflight(ALLOW)
    assert printed(denied, actual(BOTH, at=1), out=Broken()) == ""
    assert denied.marked == ":x:"


def test_output_that_fails_while_several_lines_wait(caplog: pytest.LogCaptureFixture) -> None:
    """A preflight whose verdict is revised by the request that follows it waits with that request's line."""

    async def play() -> None:
        with proxy(Dumper(Broken())) as running:
            running.addon.running()
            told = running.addon._printed
            assert told is not None
            for judgement in observe(preflight(ALLOW), preflight(ALLOW, at=1)):
                told.write(judgement, None)
            assert len(told._waiting) == 2
            told.response(actual())
            assert told._waiting == []

    asyncio.run(play())
    assert not caplog.records


class Ascii(io.StringIO):
    encoding = "ascii"


def test_an_encoding_without_our_marks() -> None:
    assert verdicts(printed(preflight(ALLOW), out=Ascii()))[0].startswith("? PUT ? CORS: PUT is not in")


@given(st.integers(40, 200), st.text(max_size=200), st.sampled_from(["", "was ✓"]), st.booleans(), st.booleans())
def test_width(width: int, value: str, was: str, below: bool, colour: bool) -> None:
    """A line fits, and a terminal obeys nothing in it."""
    [judgement] = observe(actual([("Access-Control-Allow-Origin", value.encode())]))
    comment = verdict_line.related(comment_of(judgement, False), was)
    text = verdict_line.line(judgement, comment, below=below, width=width, colour=colour)
    plain = re.sub("\x1b\\[[0-9]+m", "", text)
    assert verdict_line.cells(plain) <= width
    assert plain.isprintable()
    assert (plain != text) is colour


@pytest.mark.parametrize(
    ("text", "room", "wanted"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("漢字漢字", 8, "漢字漢字"),
        ("漢字漢字", 7, "漢字漢…"),
        ("漢字漢字", 6, "漢字…"),
    ],
)
def test_fitting(text: str, room: int, wanted: str) -> None:
    assert verdict_line.fitting(text, room) == wanted


# ── the table ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_table_at_the_end() -> None:
    denied = preflight([*ALLOW, ("Access-Control-Allow-Methods", "GET, POST")])
    text = printed(denied, *(actual(BOTH, at=number + 1.0) for number in range(3)))
    assert text.partition("\n\n")[2] == (
        """\
✗ 1 of 4 CORS exchanges denied

https://app.example.test → https://api.example.test
  ✗      1  PUT     /items/{id}           method-not-allowed at the preflight
  ✓      3  GET     /items/{id}

Top reasons
 1  method-not-allowed, at the preflight                              1 exchange
    PUT is not in Access-Control-Allow-Methods "GET, POST"
    at   PUT https://api.example.test/items/{id}
    fix  at the server: allow the method PUT
         - Access-Control-Allow-Methods: GET, POST
         + Access-Control-Allow-Methods: GET, POST, PUT
         Opens: pages of https://app.example.test may send PUT here.
    see  cors-addon explain method-not-allowed
"""
    )


def test_the_table_is_short_whatever_came() -> None:
    """It closes a session, and must not push its verdicts out of sight."""
    summary = Summary()
    for number in range(400):
        page = f"https://page{number % 40}.test"
        url = f"https://api{number % 40}.test/{'x' * (number // 40)}"
        given_flow = flow(f"M{number}", url, request=[("Origin", page), ("Sec-Fetch-Mode", "cors")], at=number)
        [judgement] = observe(given_flow)
        summary.add(judgement)
    text = table.closing(summary)
    assert "… and 28 more pairs of page and server" in text
    assert "more: mitmdump -w FILE keeps the flows" in text
    assert len(text.splitlines()) < 260


def test_nothing_was_judged() -> None:
    assert printed(flow()) == "\n– no CORS exchange found\n"


# ── the real mitmdump ─────────────────────────────────────────────────────────────────────────────────────────────────


def command(folder: Path, *more: str) -> list[str]:
    dump = write(folder / "flows.mitm", preflight(ALLOW), actual(BOTH, at=1))
    script = str(ROOT / "cors_addon" / "__init__.py")
    return [sys.executable, "-c", MITMDUMP, "-n", "-r", str(dump), "-s", script, "--set", f"confdir={folder}", *more]


def test_mitmdump_reads_a_file(tmp_path: Path) -> None:
    """Into a pipe: no colours, the lines whole."""
    done = subprocess.run(command(tmp_path), capture_output=True, text=True, timeout=120, check=True)
    assert (
        f"✗ PUT · CORS: PUT is not in Allow-Methods (absent)  OPTIONS https://api.example.test/items/1 from {PAGE}"
        in (done.stdout.splitlines())
    )
    assert "✗ 1 of 2 CORS exchanges denied" in done.stdout
    assert "\x1b" not in done.stdout
    told = done.stdout.splitlines()
    place = next(number for number, line in enumerate(told) if "OPTIONS https" in line and "CORS" not in line)
    assert told[place + 1].lstrip().startswith("<< 204")
    assert told[place + 2].startswith("✗ PUT · CORS: PUT")  # below its flow


def test_mitmdump_is_quiet(tmp_path: Path) -> None:
    done = subprocess.run(command(tmp_path, "-q"), capture_output=True, text=True, timeout=120, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_mitmdump_on_a_terminal(tmp_path: Path) -> None:
    """Coloured, and within its width."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 72))
    shown: list[bytes] = []

    def record() -> None:
        try:
            while data := os.read(ours, 65536):
                shown.append(data)
        except OSError:  # how Linux tells the end of a terminal
            pass

    reader = threading.Thread(target=record, daemon=True)
    reader.start()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    subprocess.run(
        command(tmp_path), stdin=theirs, stdout=theirs, stderr=theirs, env=environment, timeout=120, check=True
    )
    os.close(theirs)
    reader.join(10)
    os.close(ours)
    text = b"".join(shown).decode()
    assert "\x1b[31m✗\x1b[0m PUT · CORS: PUT is not in Allow-Methods" in text
    told = [re.sub("\x1b\\[[0-9]+m", "", line) for line in text.splitlines() if "CORS" in line and "✗\x1b[0m" in line]
    assert len(told) == 2
    assert all(len(line) <= 72 for line in told)
