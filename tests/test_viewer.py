"""The console's viewer: its colours, and the real mitmproxy in a real terminal, with its keys."""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from mitmproxy.tools.console import palettes

from cors_addon.proxy import viewer
from cors_addon.proxy.viewer import BAD, DOUBTFUL, FAINT, GOOD, LABEL, STRONG, styled
from tests import waits
from tests.helpers import ALLOW, ALLOW_PUT, actual, preflight
from tests.test_check import write

ROOT = Path(__file__).parent.parent
MITMPROXY = "from mitmproxy.tools.main import mitmproxy; mitmproxy()"


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("✗ DENIED   x", [(BAD, "✗ DENIED   x")]),
        ("✓ ALLOWED", [(GOOD, "✓ ALLOWED")]),
        ('✓ ALLOWED, but DENIED if credentials: "include"', [(DOUBTFUL, ...)]),
        ("     ✓ status 204", ["     ", (GOOD, "✓"), " status 204"]),
        ("     ✗ status 404   (x)", ["     ", (BAD, "✗"), " status 404   (x)"]),
        ("     – A: b", ["     ", (FAINT, "–"), (FAINT, " A: b")]),
        ("  1  OPTIONS  12:00", [(STRONG, "  1  OPTIONS  12:00")]),
        ("  page         https://a.test", [(LABEL, "  page        "), " https://a.test"]),
        ("  script reads a", [(LABEL, "  script reads"), " a"]),
        ("  fix          - Allow: GET", [(LABEL, "  fix          "), (BAD, "- Allow: GET")]),
        ("               + Allow: PUT", [(LABEL, "               "), (GOOD, "+ Allow: PUT")]),
        ("               its body begins", ["               its body begins"]),
        ("# The preflight", [(FAINT, "# The preflight")]),
        ("  -H 'Origin: null' \\", ["  -H 'Origin: null' \\"]),
        ("curl -i -X PUT", ["curl -i -X PUT"]),
        ("", [""]),
    ],
)
def test_styles(line: str, wanted: list[object]) -> None:
    """Of the lines that explanations and scripts consist of; nothing is lost."""
    found = styled(line)
    assert "".join(part if isinstance(part, str) else part[1] for part in found) == line
    if any(... in part for part in wanted if isinstance(part, tuple)):
        assert found[0][0] == wanted[0][0]  # type: ignore[index]
    else:
        assert found == wanted


def test_styles_are_in_every_palette() -> None:
    names = {GOOD, BAD, DOUBTFUL, FAINT, LABEL, STRONG, "heading", "background"}
    assert names <= set(palettes.Palette._fields)


def test_takes_up_the_terminal() -> None:
    """Whatever the text's length."""
    for lines in (["✗ DENIED"], ["x"] * 500):
        shown = viewer.Viewer("CORS", lines, (80, 24)).render((80,))
        assert (shown.cols(), shown.rows()) == (80, 21)


# ── the real mitmproxy ────────────────────────────────────────────────────────────────────────────────────────────────

TMUX = shutil.which("tmux")


class Screen:
    """A terminal that a person could sit at."""

    def __init__(self, command: Sequence[str], columns: int, rows: int) -> None:
        if TMUX is None:
            pytest.skip("there is no tmux")
        self._folder = tempfile.mkdtemp()  # the path of a socket must be short
        self._socket = f"{self._folder}/tmux"
        size = ("-x", str(columns), "-y", str(rows))
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, f"LANG=C.UTF-8 {shlex.join(command)}")

    def _tmux(self, *arguments: str) -> str:
        assert TMUX is not None
        done = subprocess.run(
            [TMUX, "-S", self._socket, *arguments],
            env=os.environ | {"LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        return done.stdout

    def press(self, *keys: str) -> None:
        for key in keys:
            self._tmux("send-keys", key)

    def shows(self, pattern: str, *, seconds: float = 60) -> str:
        """Wait until the screen matches, and return it."""
        screen = ""

        def matches() -> bool:
            nonlocal screen
            screen = self._tmux("capture-pane", "-p")
            return re.search(pattern, screen) is not None

        waits.until_now(matches, seconds, lambda: screen)
        return screen

    def colours(self) -> str:
        return self._tmux("capture-pane", "-p", "-e")

    def close(self) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):  # it has ended with what ran in it
            self._tmux("kill-server")
        shutil.rmtree(self._folder)


@pytest.fixture(params=[80, 120])
def screen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Screen]:
    flows = [preflight([*ALLOW_PUT, ("Access-Control-Max-Age", "600")]), actual(ALLOW, method="PUT", at=0.1)]
    flows.append(preflight([*ALLOW, ("Access-Control-Allow-Methods", "GET, POST")], at=9))
    dump = write(tmp_path / "flows.mitm", *flows)
    script = str(ROOT / "cors_addon" / "__init__.py")
    command = [sys.executable, "-c", MITMPROXY, "-n", "-r", str(dump), "-s", script, "--set", f"confdir={tmp_path}"]
    started = Screen(command, request.param, 40)
    yield started
    started.close()


def test_keys_in_a_terminal(screen: Screen) -> None:
    """Explain, counterpart and allow, each by its key, in the list and beside a flow; and they are in the help."""
    screen.shows(r"OPT(IONS|…)[^\n]*\n(.*\n)*.*\[\d/3\]")
    screen.press("g", "c")
    screen.shows(r"✓ ALLOWED {3}the request may be sent|✓ ALLOWED, but")
    # a terminal may be looked at while it is still being drawn
    screen.shows(r"(?m)^CORS · OPTIONS https://api\.example\.test/i\S* .*q back$")
    screen.shows("Chromium may reuse it for 10 min")
    assert "\x1b[" in screen.colours()
    screen.press("q")
    screen.shows(r"\[1/3\]")
    screen.press("t")
    screen.shows(r"\[2/3\]")
    screen.press("Enter")
    screen.shows(r"Request .*Response")
    screen.press("t")
    screen.shows(r"OPTIONS https://api\.example\.test/items/1")
    screen.press("c")
    screen.shows("may be sent|but DENIED")
    screen.press("q", "Y")
    screen.shows(r"All is allowed for https://app\.example")  # the line of 80 columns ends here
    screen.press("q", "?")
    screen.shows("CORS: explain the verdict on this flow")


def test_curl_in_a_terminal(screen: Screen) -> None:
    screen.shows(r"\[\d/3\]")
    screen.press("G", ":", "cors.curl @focus", "Enter")
    text = screen.shows("curl -i -X OPTIONS")
    assert "# The preflight, answered 204" in text
    assert "# The PUT itself was not seen: the preflight was refused." in text


def test_snippet_and_rules_in_a_terminal(screen: Screen) -> None:
    """As wide as the terminal: lines of a configuration are not broken where there is room."""
    screen.shows(r"\[\d/3\]")
    screen.press("G", ":", "cors.snippet @focus nginx", "Enter")
    screen.shows(r"CORS · nginx .*q back")
    screen.shows(r'(?m)^map "\$request_method:\$http_access_control_request_method"\s+\$cors_\w+_preflight\s+\{$')
    screen.press("q", ":", "cors.rules", "Enter")
    assert "No rules. cors.allow @focus makes one" in screen.shows(r"CORS · rules .*q back")
