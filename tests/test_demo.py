"""The demo without a browser: its table, its servers, its ports, and that it starts and ends cleanly."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import pytest

from cors_addon import cli
from cors_addon.demo import ports, servers
from cors_addon.demo.blocks import BLOCKED, TITLE, Blocked
from cors_addon.demo.run import orderly_end
from cors_addon.demo.scenarios import COOKIE, GROUPS, SCENARIOS, Answer, Origins, Scenario
from cors_addon.fetch.refusals import Stage
from tests import waits
from tests.helpers import CHROMIUM
from tests.ports import free_ports

ROOT = Path(__file__).parent.parent
ORIGINS = Origins("http://localhost:1", "http://localhost:2", "http://localhost:3")
START_SECONDS = 120.0
FROM_A_PAGE = {"User-Agent": CHROMIUM, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-site", "Accept": "*/*"}
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


# ── a running demo ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Demo:
    """The command, running."""

    process: "subprocess.Popen[str]"
    said: str
    page: str
    mitmweb: str

    def end(self, number: int = signal.SIGINT) -> int:
        """Send it a signal; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


@contextlib.contextmanager
def demo(
    *arguments: str,
    command: Sequence[str] = (sys.executable, "-m", "cors_addon", "demo"),
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
) -> Iterator[Demo]:
    """Run `cors-addon demo` on ports that are free."""
    line = [*command, "--port", str(free_ports()), *arguments]
    process = subprocess.Popen(
        line, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    )
    timer = threading.Timer(START_SECONDS, process.kill)
    timer.start()
    try:
        assert process.stdout is not None
        said = ""
        while "Ctrl-C ends" not in said:
            text = process.stdout.readline()
            assert text, f"the demo did not start: {said}"
            said += text
        timer.cancel()
        page, mitmweb, _live = re.findall(r"http://\S+", said)[-3:]
        yield Demo(process, said, page, mitmweb)
    finally:
        timer.cancel()
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise
        if process.stdout is not None:
            process.stdout.close()


def get(url: str, *, method: str = "GET", headers: dict[str, str] | None = None) -> tuple[int, Message, str]:
    """One request: status, headers, body."""
    authority, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(authority, timeout=20)
    with contextlib.closing(connection):
        connection.request(method, f"/{path}", headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()


# ── the table ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_table_is_complete() -> None:
    """Every scenario is told apart by name and title, and has all texts; nothing of it is left to be filled in."""
    assert len({scenario.name for scenario in SCENARIOS}) == len({scenario.title for scenario in SCENARIOS}) == 13
    assert all(re.fullmatch(r"[a-z-]+", scenario.name) for scenario in SCENARIOS)
    # `~u /name` on the page is to match no other scenario's flows
    names = [scenario.name for scenario in SCENARIOS]
    assert not [(one, other) for one in names for other in names if one != other and other.startswith(one)]
    for scenario in SCENARIOS:
        told = json.dumps(scenario.as_json(ORIGINS))
        assert scenario.story
        assert scenario.look
        assert not re.search(r"\{(page|api|other)\}", told)


def test_nine_kinds_of_blocks_are_shown() -> None:
    """Each once; all names are apart from those of the other scenarios, and no text is left to be filled in."""
    assert len({blocked.gate for blocked in BLOCKED}) == len(BLOCKED) == 9
    names = [*BY_NAME, *(blocked.name for blocked in BLOCKED)]
    assert not [(one, other) for one in names for other in names if one != other and other.startswith(one)]
    for blocked in BLOCKED:
        assert re.fullmatch(r"[a-z-]+", blocked.name)
        told = json.dumps(blocked.as_json(ORIGINS)) + blocked.framed(ORIGINS).body
        assert not re.search(r"\{(page|api|other)\}|ELEMENT|NAME|PAGE", told)
        assert f'"{ORIGINS.api}/{blocked.name}"' in blocked.framed(ORIGINS).body
        assert (blocked.onward is not None) is (blocked.answer.status == 302)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario.name))
def test_a_scenario_agrees_with_itself(scenario: Scenario) -> None:
    """What is refused at a preflight has one, what reads a header is sent one, what redirects leads somewhere."""
    assert scenario.preflight is not None or scenario.stage is not Stage.PREFLIGHT
    assert not scenario.hides or scenario.reads in dict(scenario.answer.headers)
    assert (scenario.onward is not None) is (scenario.answer.status == 302)


# ── the servers ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def upstream() -> Iterator[dict[str, str]]:
    """The three servers, without mitmproxy before them."""
    with servers.running(ORIGINS, "http://127.0.0.1:4/") as found:
        yield {name: f"http://127.0.0.1:{port}" for name, port in zip(("page", "api", "other"), found, strict=True)}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario.name))
def test_the_api_answers_by_the_table(scenario: Scenario, upstream: dict[str, str]) -> None:
    """Status, every header line with the origins in it, and body; for the preflight, too."""
    url = f"{upstream['api']}/{scenario.name}"
    asked: list[tuple[str, Answer, dict[str, str]]] = [(scenario.method, scenario.answer, {})]
    if scenario.preflight is not None:
        asked.append(("OPTIONS", scenario.preflight, {"Access-Control-Request-Method": scenario.method}))
    for method, wanted, headers in asked:
        status, found, body = get(url, method=method, headers=headers)
        assert (status, body) == (wanted.status, wanted.body)
        own = [(name, value) for name, value in found.items() if name not in OF_EVERY_ANSWER]
        assert own == [(name, ORIGINS.fill(value)) for name, value in wanted.headers]


OF_EVERY_ANSWER = {"Server", "Date", "Cache-Control", "Content-Length"}


def test_the_third_server_answers_what_is_redirected_to_it(upstream: dict[str, str]) -> None:
    """And nothing else."""
    status, headers, _ = get(f"{upstream['other']}/redirected")
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, ORIGINS.page)
    assert get(f"{upstream['other']}/no-headers")[0] == 404


def test_what_is_not_in_the_table_is_refused(upstream: dict[str, str]) -> None:
    """Unknown paths and methods."""
    assert get(f"{upstream['api']}/")[0] == 404
    assert get(f"{upstream['api']}/login")[0] == 404
    status, headers, _ = get(f"{upstream['api']}/no-headers", method="DELETE")
    assert (status, headers["Allow"]) == (405, "GET")


def test_the_page_holds_the_table_and_may_do_nothing_else(upstream: dict[str, str]) -> None:
    """Its data is the table; its policy lets run what is in it, and call the two servers."""
    status, headers, body = get(f"{upstream['page']}/", headers={"Host": "localhost:1"})
    assert status == 200
    assert headers["Set-Cookie"].startswith(f"{COOKIE}=")
    [data] = re.findall(r'<script type="application/json" id="demo">(.*?)</script>', body)
    told = json.loads(data)
    assert [group["title"] for group in told["groups"]] == [*(group.title for group in GROUPS), TITLE]
    names = [one["name"] for group in told["groups"] for one in group["scenarios"]]
    assert names == [*BY_NAME, *(blocked.name for blocked in BLOCKED)]
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert f"connect-src {ORIGINS.api} {ORIGINS.other}; frame-src {ORIGINS.page}/framed/;" in policy
    assert "unsafe" not in policy
    # no handler in an attribute, no inline style, nothing from elsewhere: the policy would block it
    assert not re.search(r"<[^>]+\s(on\w+|style)=|<(script|img|iframe)[^>]*\ssrc=|<link[^>]+stylesheet", body)


@pytest.mark.parametrize("blocked", BLOCKED, ids=lambda blocked: str(blocked.name))
def test_a_framed_document_is_by_the_table(blocked: Blocked, upstream: dict[str, str]) -> None:
    """With its policies, and the element that loads what the API answers by the table."""
    status, headers, body = get(f"{upstream['page']}/framed/{blocked.name}", headers={"Host": "localhost:1"})
    assert (status, body) == (200, blocked.framed(ORIGINS).body)
    assert {name: headers[name] for name, _ in blocked.document} == {
        name: ORIGINS.fill(value) for name, value in blocked.document
    }
    status, headers, body = get(f"{upstream['api']}/{blocked.name}")
    assert (status, body) == (blocked.answer.status, blocked.answer.body)
    assert {name: headers[name] for name, _ in blocked.answer.headers} == {
        name: ORIGINS.fill(value) for name, value in blocked.answer.headers
    }


def test_by_another_name_the_page_sends_home(upstream: dict[str, str]) -> None:
    """127.0.0.1 is another origin than localhost, for which the answers would be wrong."""
    status, headers, _ = get(f"{upstream['page']}/")
    assert (status, headers["Location"]) == (307, f"{ORIGINS.page}/")
    assert get(f"{upstream['page']}/nothing", headers={"Host": "localhost:1"})[0] == 404


# ── ports ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("family", "address"),
    [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::1"), (socket.AF_INET6, "::")],
)
def test_a_port_in_use_is_replaced(family: socket.AddressFamily, address: str) -> None:
    """On whichever of the addresses that `localhost` may mean."""
    try:
        used = socket.create_server((address, 0), family=family)
    except OSError:
        pytest.skip(f"{address} is not there")
    with used:
        port = used.getsockname()[1]
        assert not ports.is_free(port)
        [chosen] = ports.choose([port])
        assert chosen != port
        assert ports.is_free(chosen)


def test_a_free_port_is_taken_as_it_is() -> None:
    """And none is given twice."""
    first = free_ports()
    assert ports.choose([first, first + 1]) == [first, first + 1]
    twice = ports.choose([first, first])
    assert twice[0] == first
    assert len(set(twice)) == 2


def test_a_port_that_is_asked_for_and_taken_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """It is named."""
    first = free_ports()
    with socket.create_server(("127.0.0.1", first + 2)):
        assert cli.main(["demo", "--port", str(first)]) == 2
    assert capsys.readouterr().err == f"cors-addon demo: taken: port {first + 2}. Choose another --port.\n"


@pytest.mark.parametrize("port", ["0", "65533", "x", "-1", "²", "9" * 5000])
def test_a_port_that_cannot_be(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Four in a row must fit."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["demo", "--port", port])
    assert ended.value.code == 2
    assert f"argument --port: {port} is no number from 1 to 65532" in capsys.readouterr().err


# ── start and end ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_starts_is_judged_and_ends_without_a_trace(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page and API answer through mitmproxy, the line has the browser's URL, and no file or listener stays."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    lines = tmp_path / "lines.jsonl"
    with demo("--set", f"cors_jsonl={lines}") as running:
        page = running.page.rstrip("/")
        api = f"http://localhost:{int(page.rpartition(':')[2]) + 1}"
        assert get(running.page)[0] == 200
        status, headers, body = get(f"{api}/no-headers", headers=FROM_A_PAGE | {"Origin": page})
        assert (status, json.loads(body)) == (200, {"items": ["tea", "milk"]})
        assert "Access-Control-Allow-Origin" not in headers
        status, _, mitmweb = get(running.mitmweb.partition("#")[0])
        assert status == 200
        assert "mitmproxy" in mitmweb
        assert running.end(number) == 0
        assert running.process.stdout is not None
        assert running.process.stdout.read() == ""
    [line] = [json.loads(text) for text in lines.read_text().splitlines() if "no-headers" in text]
    assert (line["url"], line["origin"], line["verdict"]) == (f"{api}/no-headers", page, "deny")
    assert {file.name for file in tmp_path.rglob("*")} == {"home", "lines.jsonl"}
    assert ports.is_free(int(api.rpartition(":")[2]))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_while_it_starts_each_signal_ends_it_in_order(number: int) -> None:
    """What was begun is undone, and the handlers are as they were."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(each) for each in numbers]
    undone = False
    with orderly_end():
        try:
            os.kill(os.getpid(), number)
            waits.until_now(lambda: False, 5, lambda: "the signal was ignored")
        finally:
            undone = True
    assert undone
    assert [signal.getsignal(each) for each in numbers] == before


def test_its_own_settings_do_not_depend_on_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of mitmproxy in the home folder are left alone."""
    folder = tmp_path / ".mitmproxy"
    folder.mkdir()
    (folder / "config.yaml").write_text("web_password: secret\nmode: [upstream:http://nobody.test]\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with demo() as running:
        assert "?token=" in running.mitmweb
        assert get(running.page)[0] == 200
        assert [file.name for file in folder.iterdir()] == ["config.yaml"]


def test_many_requests_on_one_connection() -> None:
    """mitmproxy opens few connections to a server at once; none may stay in use."""
    with demo() as running:
        connection = http.client.HTTPConnection("localhost", int(running.page.rstrip("/").rpartition(":")[2]) + 1)
        connection.timeout = 20
        with contextlib.closing(connection):
            for _ in range(20):
                connection.request("GET", "/twice")
                answer = connection.getresponse()
                assert answer.status == 200
                assert json.loads(answer.read())


def test_a_port_of_mitmwebs_that_is_given_holds() -> None:
    """An option that `--set` names is not set by the demo as well."""
    port = free_ports()
    with demo("--set", f"web_port={port}") as running:
        assert running.mitmweb.startswith(f"http://127.0.0.1:{port}/?token=")
        assert get(running.mitmweb.partition("#")[0])[0] == 200


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("cors_engine=netscape", "cors_engine: 'netscape' is none of"),
        ("web_port=many", "not an integer: many"),
    ],
)
def test_a_bad_setting_is_told(setting: str, words: str) -> None:
    """And ends it."""
    line = [sys.executable, "-m", "cors_addon", "demo", "--port", str(free_ports()), "--set", setting]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=START_SECONDS, check=False)
    assert done.returncode == 2
    assert words in (done.stdout + done.stderr).replace("Not an", "not an")  # as mitmproxy 12.1 has it
    assert "Traceback" not in done.stdout + done.stderr


def test_the_page_goes_where_the_ports_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --port, those that are taken are replaced, which is said, and the page knows the new ones."""
    first = free_ports()
    code = f"""
from cors_addon import cli
from cors_addon.demo import run
run.PAGE, run.API, run.OTHER, run.MITMWEB = range({first}, {first + 4})
raise SystemExit(cli.main(["demo"]))
"""
    with socket.create_server(("127.0.0.1", first + 1)), tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=output, stderr=output)
        try:

            def said() -> str:
                return os.pread(output.fileno(), 100_000, 0).decode()

            waits.until_now(lambda: "Ctrl-C ends" in said() or process.poll() is not None, START_SECONDS, said)
            assert process.poll() is None, said()
            [new] = re.findall(rf"Port {first + 1} is taken, so (\d+) is used\.", said())
            _, headers, body = get(f"http://localhost:{first}/")
            assert f'"api": "http://localhost:{new}"' in body
            assert f"connect-src http://localhost:{new} " in headers["Content-Security-Policy"]
            assert get(f"http://localhost:{new}/no-headers")[0] == 200
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0


def test_help_names_the_demo(capsys: pytest.CaptureFixture[str]) -> None:
    """`cors-addon --help` lists it; its own help says what it does."""
    assert cli.main([]) == 0
    assert "demo" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.main(["demo", "--help"])
    assert "Ctrl-C" in capsys.readouterr().out
