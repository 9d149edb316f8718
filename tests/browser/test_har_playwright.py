"""HARs that Playwright really writes, of every form, judged equal to mitmproxy's dump of the same session.

What it leaves out is known: preflights, and every answer that the browser refused. So each refusal in the dump must be
one in the HAR, whose cause is another or not recorded, and nothing else may be refused there.
"""

from __future__ import annotations

import asyncio
import zipfile
from collections import Counter
from collections.abc import Container
from pathlib import Path

import pytest

from cors_addon.exchange.model import Judgement, PreflightState, Role, Verdict
from cors_addon.fetch.refusals import Reason
from cors_addon.report import text
from cors_addon.report.summary import Input
from tests.browser.cases import Case, Step
from tests.browser.drivers import playwright
from tests.browser.generate import first_cases
from tests.browser.run import record
from tests.browser.test_browser_truth import driver_of
from tests.browser.test_har import is_sent_again, judged, last_sent, said

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[2]
SEED = 20261121
SAMPLE = 100
NOT_RECORDED = frozenset({"worklet", "video", "track", "nav", "form"})
"""Playwright is not attached to worklets, media that failed look alike with CORS and without; navigations have none."""
UNCERTAIN = frozenset({"sandbox", "data", "srcdoc", "blob"})
"""Contexts whose requests have no Referer: of what failed there the file does not tell the page."""


def is_untold(step: Step) -> bool:
    """Whether what becomes of a step is not in the file; redirect mode `error` fails as what CORS refuses does."""
    return step.api in NOT_RECORDED or bool(step.referrer_policy) or step.redirect == "error"


def cases() -> list[Case]:
    """Cases of all pages, HTTP/1.1, whose requests an export has."""

    def fits(case: Case) -> bool:
        alone = not case.parallel and not any(map(is_untold, case.steps))
        return case.http == "1.1" and case.ctx not in UNCERTAIN and alone

    return first_cases(SEED, SAMPLE, fits)


SUITE = """
import http.server, threading
import pytest
from playwright.sync_api import sync_playwright

class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        if self.path == "/open":
            self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
    def log_message(self, *_): pass

def server():
    one = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=one.serve_forever, daemon=True).start()
    return f"http://localhost:{one.server_port}"

def visit(path, proxy=None, trace=None, **options):
    page, api = server(), server()
    with sync_playwright() as playwright:
        settings = None if proxy is None else {"server": proxy.url, "bypass": "<-loopback>"}
        browser = playwright.chromium.launch(executable_path=CHROMIUM, proxy=settings)
        context = browser.new_context(**options)
        if trace is not None:
            context.tracing.start(snapshots=True)
        tab = context.new_page()
        tab.goto(page)
        tab.evaluate("url => fetch(url).catch(() => null)", api + path)
        if trace is not None:
            context.tracing.stop(path=trace)
        context.close()
        browser.close()

@pytest.mark.cors
def test_open(cors): visit("/open", record_har_path=cors.har)

@pytest.mark.cors
def test_closed(cors): visit("/closed", record_har_path=cors.har)

@pytest.mark.cors(denied=["GET */closed"])
def test_closed_as_expected(cors): visit("/closed", record_har_path=cors.har, record_har_mode="minimal")

@pytest.mark.cors(denied=["GET */closed allow-origin-missing"])
def test_closed_by_a_trace(cors): visit("/closed", trace=cors.trace)

@pytest.mark.cors
def test_open_by_a_trace(cors): visit("/open", trace=cors.trace)

@pytest.mark.cors(denied=["GET */closed allow-origin-missing"])
def test_closed_behind_a_proxy(cors):
    with cors.proxy() as proxy:
        visit("/closed", proxy)
"""


def test_the_pytest_plugin(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite with Playwright itself: what the browser refused fails it, unless that is expected."""
    driver_of("chromium")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(f"CHROMIUM = {str(playwright.Chromium.find())!r}\n{SUITE}")
    result = pytester.runpytest_subprocess("-p", "cors_addon.pytest_plugin", "--strict-markers")
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(
        ["CORS: 1 exchange was denied", "*DENIED   cause-not-recorded*", "FAILED *::test_closed*"]
    )


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the dump of a session, and with its HARs."""
    driver_of("chromium")
    folder = tmp_path_factory.mktemp("playwright")
    playwright.Chromium.folder = folder
    result = asyncio.run(record(playwright.Chromium, cases(), folder / "session.mitm", folder / "truth.jsonl"))
    assert not result.unfinished
    return folder


def url_of(judgement: Judgement) -> str:
    """The URL that was asked for."""
    return str(judgement.observation.url)


def without(found: dict[str, list[Judgement]], urls: Container[str]) -> dict[str, list[Judgement]]:
    """What is not of these: where the dump does not know a verdict, for want of the credentials mode, the HAR may."""
    return {key: judgements for key, judgements in found.items() if url_of(judgements[0]) not in urls}


def refusals(found: dict[str, list[Judgement]]) -> Counter[str]:
    """How often the browser refused what a page asked for, at whatever stage, by the URL it refused at."""
    return Counter(
        url_of(each)
        for each in (each for judgements in found.values() for each in judgements)
        if each.verdict is Verdict.DENY and each.reason is not Reason.NETWORK_ERROR
    )


@pytest.mark.parametrize("form", playwright.FORMS)
def test_the_har_is_judged_as_the_dump(session: Path, form: str) -> None:
    """What was answered and passed is judged alike; what was refused is, one for one."""
    read = Input(form)
    first, second = judged(session / "session.mitm"), judged(session / form, read)
    compared: Counter[str] = Counter()
    better = {url_of(each) for mine in first.values() for each in mine if text.depends_on_credentials(each)}
    first, second = (without(each, better) for each in (first, second))
    for key, judgements in first.items():
        mine = [each for each in judgements if each.role is not Role.PREFLIGHT]
        wanted = [said(each, preflights=False) for each in last_sent(mine) if not is_refused(each)]
        found = [said(each, preflights=False) for each in second.get(key, ()) if not is_refused(each)]
        assert found == wanted, key
        compared.update(f"{each.role} {each.verdict}" for each in mine if not is_refused(each))
    assert refusals(second) == refusals(first)
    assert compared["actual allow"] > SAMPLE / 4
    assert compared["redirect allow"] > 1
    assert refusals(second).total() > SAMPLE / 4
    states = {each.preflight for found in second.values() for each in found}
    assert states == {PreflightState.UNSEEN, PreflightState.NOT_NEEDED}


def is_refused(judgement: Judgement) -> bool:
    """Whether Playwright has no answer to this: it was refused, or none came."""
    return judgement.verdict is Verdict.DENY or is_sent_again(judgement)


def test_bodies_beside_the_har(session: Path) -> None:
    """Zip files hold them too, under other names; what is read is the same."""
    with zipfile.ZipFile(session / "full.zip") as archive:
        names = archive.namelist()
    assert "har.har" in names
    assert len(names) > 1
