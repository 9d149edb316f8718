"""The pytest plugin, run by pytest itself: README's example, what passes, what fails and how it reads."""

import json
import zipfile
from pathlib import Path

import pytest

from cors_addon.pytest_plugin import _matches
from tests.helpers import ALLOW, ALLOW_PUT, actual, observe, preflight
from tests.test_check import write
from tests.test_har import entry, har

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent

EXAMPLE = """
import pytest


@pytest.mark.cors
def test_checkout(cors, browser):
    context = browser.new_context()
    context.tracing.start(snapshots=True)
    context.new_page().goto("https://app.example.com/checkout")
    context.tracing.stop(path=cors.trace)


@pytest.mark.cors(denied=["PUT https://api.example.com/items method-not-allowed"])
def test_only_reading_is_allowed(cors, browser):
    context = browser.new_context()
    context.tracing.start(snapshots=True)
    context.new_page().goto("https://app.example.com/edit")
    context.tracing.stop(path=cors.trace)
"""
"""As in README."""

BROWSER = """
import pathlib, pytest
class Context:
    def __init__(self, path): self.path, self.tracing = path, self
    def new_page(self): return self
    def goto(self, url): self.name = url.rpartition("/")[2]
    def close(self): pathlib.Path(self.path).write_bytes(pathlib.Path(self.name + ".har").read_bytes())
    def start(self, snapshots): pass
    def stop(self, path): pathlib.Path(path).write_bytes(pathlib.Path(self.name + ".zip").read_bytes())
class Browser:
    def new_context(self, record_har_path=None): return Context(record_har_path)
@pytest.fixture
def browser(): return Browser()
@pytest.fixture
def page(request, cors):  # as pytest-playwright's: the context closes, and the file is written, in the teardown
    context = Browser().new_context(cors.har)
    yield context
    context.close()
"""
ALLOW_ALL = {"Access-Control-Allow-Origin": "*"}
REFUSED = entry(
    "OPTIONS",
    request={"Access-Control-Request-Method": "PUT"},
    response={"Access-Control-Allow-Origin": "https://app.example.com", "Access-Control-Allow-Methods": "GET"},
)
SENTENCE = (
    "Access to fetch at 'https://api.example.com/items' from origin 'https://app.example.com' has been blocked by CORS"
    " policy: Method PUT is not allowed by Access-Control-Allow-Methods in preflight response."
)


def write_trace(path: Path, *sentences: str) -> None:
    """A trace by Playwright: of a request that passed, or of one that failed and what the console said of it."""
    status = -1 if sentences else 200
    made = entry("PUT" if sentences else "GET", "https://api.example.com/items", status=status, response=ALLOW_ALL)
    made["response"]["_failureText"] = "net::ERR_FAILED" if sentences else None
    snapshot = {**made, "_monotonicTime": 1000.0, "_resourceType": "fetch"}
    events: list[object] = [{"type": "context-options", "browserName": "chromium", "version": 8}]
    events += [{"type": "console", "text": each, "location": {"url": ""}, "time": 1005.0} for each in sentences]
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("trace.trace", "\n".join(map(json.dumps, events)))
        file.writestr("trace.network", json.dumps({"type": "resource-snapshot", "snapshot": snapshot}))


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with recordings, a stand-in for Playwright, and the plugin."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(BROWSER)
    (pytester.path / "checkout.har").write_text(har(entry()))
    (pytester.path / "edit.har").write_text(har(REFUSED))
    write_trace(pytester.path / "checkout.zip")
    write_trace(pytester.path / "edit.zip", SENTENCE)
    with zipfile.ZipFile(pytester.path / "none.zip", "w") as file:
        file.writestr("trace.trace", '{"type":"context-options"}')
        file.writestr("trace.network", "")
    write(pytester.path / "allowed.mitm", preflight(ALLOW_PUT), actual(ALLOW, method="PUT", at=0.1))
    return pytester


def run(suite: pytest.Pytester, source: str) -> pytest.RunResult:
    """Run a test file in a process of its own."""
    suite.makepyfile(source)
    return suite.runpytest_subprocess("-p", "cors_addon.pytest_plugin", "--strict-markers")


def test_example(suite: pytest.Pytester) -> None:
    """README's example works."""
    run(suite, EXAMPLE).assert_outcomes(passed=2)
    readme = (ROOT / "README.md").read_text()
    assert "pytest.mark.cors" not in readme or EXAMPLE.strip() in readme


@pytest.mark.parametrize(
    "body",
    [
        "@pytest.mark.cors\ndef test(cors, browser):\n c = browser.new_context(cors.har)\n c.goto('/edit')\n c.close()",
        "@pytest.mark.cors('edit.har')\ndef test(): pass",
        "@pytest.mark.cors('edit.zip')\ndef test(): pass",
        "def test(cors): cors.assert_allowed('edit.har')",
        "def test(cors): cors.assert_denied('edit.har', ['PUT *other*'])",
    ],
)
def test_a_denial_fails_with_its_explanation(suite: pytest.Pytester, body: str) -> None:
    """What was refused, why, and what to change; no traceback of ours."""
    result = run(suite, f"import pytest\n{body}\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "CORS: 1 exchange was denied",
            "*DENIED   method-not-allowed, at the preflight*",
            "*Access-Control-Allow-Methods*",
        ]
    )
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


def test_what_was_expected_and_did_not_happen(suite: pytest.Pytester) -> None:
    """Exactly these: one that is missing fails too."""
    result = run(suite, "def test(cors): cors.assert_denied('allowed.mitm', ['PUT * method-not-allowed'])")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["CORS: not denied, though expected", "*PUT * method-not-allowed"])


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("GET http://api.test:8080/a?filter[x]=1", True),
        ("* http://api.test:8080/*?filter[*]=1", True),
        ("GET * allow-origin-*", True),
        ("GET http://api.test:8080/a_filter[x]=1", False),
        ("GET http://api.test:8080/a", False),
        ("[A-Z]ET *", False),
        ("GET * allow-origin", False),
    ],
)
def test_only_the_asterisk_stands_for_anything(pattern: str, fits: bool) -> None:
    """URLs have brackets and question marks in them."""
    [judgement] = observe(actual(url="http://api.test:8080/a?filter[x]=1", status=None, error="reset"))
    assert _matches(judgement, pattern) is fits


def test_judging(suite: pytest.Pytester) -> None:
    """The judgements themselves, and as another engine."""
    run(
        suite,
        """
        def test(cors):
            first, second = cors.judge("allowed.mitm")
            assert (first.role, second.preflight) == ("preflight", "sent")
            assert {each.engine.name for each in cors.judge("allowed.mitm", engine="webkit")} == {"webkit"}
            assert [each.reason for each in cors.denied("edit.har")] == ["method-not-allowed"]
            cors.assert_denied("edit.har", ["PUT https://api.example.com/*"])
        """,
    ).assert_outcomes(passed=1)


def test_written_in_a_teardown(suite: pytest.Pytester) -> None:
    """As by pytest-playwright: judged once it is there, and a denial is an error of the teardown."""
    body = "import pytest\n@pytest.mark.cors\ndef test(page, cors): page.goto('/{}')\n"
    run(suite, body.format("checkout")).assert_outcomes(passed=1)
    result = run(suite, body.format("edit"))
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["CORS: 1 exchange was denied"])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("@pytest.mark.cors\ndef test(cors): pass", "*nothing was recorded*"),
        ("@pytest.mark.cors('missing.har')\ndef test(): pass", "*nothing was recorded*"),
        ("def test(cors): cors.assert_allowed('missing.har')", "*cannot be read*"),
        ("def test(cors): cors.assert_allowed('none.zip')", "*no network in this trace*"),
        (
            "def test(cors): cors.assert_allowed('conftest.py')",
            "*no recording: what is read is a mitmproxy dump, HAR,*",
        ),
    ],
)
def test_nothing_to_judge(suite: pytest.Pytester, body: str, words: str) -> None:
    """A recording that is not there is no success."""
    result = run(suite, f"import pytest\n{body}\n")
    assert result.ret != 0
    result.stdout.fnmatch_lines([words])


def test_the_tests_own_failure_counts(suite: pytest.Pytester) -> None:
    """It is not hidden behind ours."""
    result = run(suite, "import pytest\n@pytest.mark.cors\ndef test(cors): assert 1 == 2")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*nothing was recorded*")


def test_proxy(suite: pytest.Pytester) -> None:
    """Traffic recorded during the test: a request through the proxy, judged at the end."""
    result = run(
        suite,
        """
        import http.server, threading, urllib.request, pytest

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
            def log_message(self, *_): pass

        @pytest.mark.cors(denied=["GET http://127.0.0.1:*/data allow-origin-missing"])
        def test(cors):
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            with cors.proxy() as proxy:
                opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy.url}))
                request = urllib.request.Request(f"http://127.0.0.1:{server.server_port}/data", headers={
                    "Origin": "https://app.example.com", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "cross-site",
                    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"})
                opener.open(request).read()
            server.shutdown()
        """,
    )
    result.assert_outcomes(passed=1)


def test_imports_little(suite: pytest.Pytester) -> None:
    """Every pytest run of the environment pays for what the plugin imports."""
    result = run(
        suite,
        """
        def test():
            import sys
            found = [name for name in sys.modules if name.startswith(("mitmproxy", "cors_addon."))]
            assert found == ["cors_addon.pytest_plugin"]
        """,
    )
    result.assert_outcomes(passed=1)
