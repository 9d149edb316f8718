"""`cors-addon check`: what it prints, its exit code, baselines, filters, interruptions."""

import fcntl
import io
import json
import lzma
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest
from mitmproxy.io import FlowReader

from cors_addon import cli
from cors_addon.cli import check as cli_check
from cors_addon.exchange.model import Judgement, Verdict
from cors_addon.recordings import judge
from cors_addon.report import table
from cors_addon.report.counted import generalized
from cors_addon.report.summary import Input, Summary
from tests import helpers, waits
from tests.helpers import ALLOW, ALLOW_PUT, PAGE, actual, flow, observe, preflight, proxy
from tests.test_dump_reader import TRUTH, state
from tests.test_har import entry, har

ROOT = Path(__file__).parent.parent
RUN = [sys.executable, "-m", "cors_addon", "check"]

ALL = ("--engine", "all")

type Check = Callable[..., tuple[int, str, str]]


@pytest.fixture
def check(capfd: pytest.CaptureFixture[str]) -> Check:
    """Runs the sub-command: exit code, standard output, standard error."""

    def checking(*arguments: object) -> tuple[int, str, str]:
        code = cli.main(["check", *map(str, arguments)])
        out, err = capfd.readouterr()
        return code, out, err

    return checking


def write(path: Path, *flows: Any) -> Path:
    """A dump of these flows."""
    path.write_bytes(b"".join(map(state, flows)))
    return path


@pytest.fixture
def denied(tmp_path: Path) -> Path:
    """A dump with a refused preflight and an allowed request."""
    refused = preflight([*ALLOW, ("Access-Control-Allow-Methods", "GET, POST")])
    return write(tmp_path / "denied.mitm", refused, actual(ALLOW, at=1))


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    """A dump with nothing to complain of."""
    return write(tmp_path / "allowed.mitm", preflight(ALLOW_PUT), actual(ALLOW, method="PUT", at=0.1))


# ---- policies ----


def test_a_policy_is_tried(check: Check, allowed: Path, tmp_path: Path) -> None:
    """In each format, and as a reason to fail."""
    policy = tmp_path / "cors.yaml"
    policy.write_text(
        "policies:\n  - name: strict\n    filter: ~d api.example.test\n"
        "    origins: [https://app.example.test]\n    methods: [PATCH]\n"
    )
    changes = "strict: 2 of 2 exchanges: newly fails\n"
    code, out, err = check(allowed, "--policy", policy)
    assert (code, err) == (0, "")
    assert changes in out
    code, out, err = check(allowed, "--policy", policy, "--fail-on", "change", "--format", "jsonl")
    assert code == 1
    assert changes in err
    assert [line["shadow"][0]["policy"] for line in map(json.loads, out.splitlines())] == ["strict"] * 3
    policy.write_text(policy.read_text().replace("PATCH", "PUT"))
    code, out, err = check(allowed, "--policy", policy, "--fail-on", "change")
    assert (code, err) == (0, "")
    assert out.endswith("No verdict changes (2 exchanges tried).\n")
    policy.write_text(policy.read_text().replace("PUT", "put it"))
    code, out, err = check(allowed, "--policy", policy)
    assert (code, out) == (2, "")
    assert f"{policy}:5:" in err


def test_policy_files_are_alternatives(check: Check, denied: Path, tmp_path: Path) -> None:
    """Each is tried by itself: the first does not keep the second from the exchanges that it matches, too."""
    files = []
    for name, method in (("one", "PUT"), ("two", "PATCH")):
        files.append(tmp_path / f"{name}.yaml")
        files[-1].write_text(f"policies:\n  - name: {name}\n    origins: [{PAGE}]\n    methods: [{method}]\n")
    _, out, err = check(denied, "--policy", files[0], "--policy", files[1], "--format", "jsonl")
    shadows = [json.loads(line)["shadow"] for line in out.splitlines()]
    assert {tuple((each["policy"], each["verdict"]) for each in line) for line in shadows} == {
        (("one", "allow"), ("two", "deny")),
        (("one", "allow"), ("two", "allow")),
    }
    assert "one: 1 of 2 exchanges: newly passes" in err
    for file in files:
        file.write_text("policies: 1\n")
    code, _, err = check(denied, "--policy", files[0], "--policy", files[1])
    assert code == 2
    assert all(f"{file}:1:11: error" in err for file in files)


# ---- text ----


def test_text(check: Check, denied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdict, table, cause, cure."""
    monkeypatch.chdir(denied.parent)
    code, out, err = check(denied.name)
    assert (code, err) == (1, "")
    assert (
        out
        == """\
✗ 1 of 2 CORS exchanges denied
  2 exchanges read from denied.mitm

https://app.example.test → https://api.example.test
  ✗      1  PUT     /items/{id}           method-not-allowed at the preflight
  ?      1  GET     /items/{id}           denied if credentials: "include"

Causes
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


def test_text_is_80_columns_wide(check: Check, tmp_path: Path) -> None:
    """Whatever stands in URLs and headers, nothing raw reaches a terminal."""
    long = actual([("Access-Control-Allow-Origin", "\x1b[31m" + "x" * 300)], url=f"{helpers.API}/{'long-' * 40}/\x07")
    wide = preflight(ALLOW, method="P\x85" + "Z" * 50, headers="x-" + "y" * 200)
    for engine in ("auto", "all"):
        _, out, _ = check(write(tmp_path / "x", long, wide), "--engine", engine)
        body = out.partition("\n\n")[2]
        assert max(map(len, body.splitlines())) <= 80
        assert "\x1b" not in out
        assert "\x07" not in out


def test_nothing_in_it(check: Check, tmp_path: Path) -> None:
    """An empty file, and one without CORS, are no failure, and it is said that nothing was found."""
    for file in (write(tmp_path / "empty"), write(tmp_path / "plain", flow())):
        code, out, _ = check(file)
        assert code == 0
        assert out.startswith("– no CORS exchange found")
        assert ("an empty file: nothing was recorded" in out) is (file.name == "empty")


def test_no_browser(check: Check, tmp_path: Path) -> None:
    """curl enforces nothing; what a browser would do is shown, and fails only where an engine is asked for."""
    file = write(tmp_path / "x", flow(request=[("Origin", PAGE)], agent="curl/8"))
    code, out, _ = check(file)
    assert code == 0
    assert "allow-origin-missing, a browser would deny it" in out
    assert check(file, "--engine", "webkit")[0] == 1


def test_all_engines(check: Check, tmp_path: Path) -> None:
    """Authorization is covered by `*` for some: a column each."""
    wild = [*ALLOW, ("Access-Control-Allow-Headers", "*"), ("Access-Control-Allow-Methods", "PUT")]
    redirected = actual([("Location", "//x.test/")], status=302, at=1)
    code, out, _ = check(write(tmp_path / "x", preflight(wild, headers="authorization"), redirected), "--engine", "all")
    assert "  Chromium Firefox Safari\n" in out
    row = next(line for line in out.splitlines() if "PUT" in line)
    assert set(row[:24].split()) <= {"✓", "✗", "?"}
    assert len(row[:24].split()) == 3
    assert code == 1


def test_all_engines_in_80_columns(tmp_path: Path, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """What finds no room beside the columns stands below, over the whole width; each reason with its number."""
    monkeypatch.setenv("COLUMNS", "80")
    refused = [preflight([*ALLOW, ("Access-Control-Allow-Methods", "GET")], at=at) for at in (0, 10)]
    nothing, passed = preflight(at=20), preflight(ALLOW_PUT, at=30)
    _, out, _ = check(write(tmp_path / "x", *refused, nothing, passed, actual(ALLOW, method="PUT", at=30.1)), *ALL)
    lines = out.splitlines()
    row = next(index for index, line in enumerate(lines) if line.endswith("5  PUT     /items/{id}"))
    assert lines[row].split()[:4] == ["✗", "✗", "✗", "5"]
    assert lines[row + 1 : row + 3] == [
        "        2× method-not-allowed at the preflight; 1× allow-origin-missing at the",
        "        preflight",
    ]


# ---- exit codes ----


def test_exit_codes(check: Check, denied: Path, allowed: Path, tmp_path: Path) -> None:
    """0 nothing, 1 something, 2 unusable."""
    assert check(allowed)[0] == 0
    assert check(denied)[0] == 1
    assert check(allowed, denied)[0] == 1
    assert check(denied, "--fail-on", "never")[0] == 0
    assert check(denied, "--fail-on", "finding")[0] == 1
    assert check(allowed, tmp_path / "missing")[0] == 2
    assert check(tmp_path)[0] == 2
    with pytest.raises(SystemExit) as bad:
        check(denied, "--engine", "netscape")
    assert bad.value.code == 2


def credentialed(origin: str, *more: tuple[str, str], **sent: Any) -> Any:
    """An exchange that is allowed with credentials."""
    allow = [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true"), *more]
    lines = [("Origin", origin), ("Sec-Fetch-Mode", "cors"), ("Cookie", "a=b")]
    return flow("GET", "https://api.shop.com/me", lines, response=allow, **sent)


def test_fail_on_finding(check: Check, allowed: Path, denied: Path, tmp_path: Path) -> None:
    """A finding fails only where it is asked for; a note never, and what the baseline knows neither."""
    null = write(tmp_path / "null", credentialed("null"))
    code, out, _ = check(null)
    assert code == 0
    assert "! 1 security finding\n" in out
    assert "Security findings\n 1  null-origin-with-credentials " in out
    assert check(null, "--fail-on", "finding")[0] == 1
    assert check(allowed, "--fail-on", "finding")[0] == 0
    assert check(denied, "--fail-on", "finding")[0] == 1
    assert check(null, "--fail-on", "never")[0] == 0
    assert check(null, "--fail-on", "finding", "--engine", "all")[0] == 1
    note = write(tmp_path / "note", credentialed("http://localhost:3000"))
    code, out, _ = check(note, "--fail-on", "finding")
    assert code == 0
    assert "local-origin-with-credentials, a note" in out
    baseline = tmp_path / "baseline.json"
    assert check(null, "--format", "json", "--output", baseline)[0] == 0
    code, out, _ = check(null, "--fail-on", "finding", "--baseline", baseline)
    assert code == 0
    assert re.search(r"null-origin-with-credentials +1 exchange, known", out)
    worse = write(tmp_path / "worse", credentialed("null"), credentialed("http://www.shop.com", at=1))
    code, out, _ = check(worse, "--fail-on", "finding", "--baseline", baseline)
    assert code == 1
    assert re.search(r"insecure-origin-with-credentials +1 exchange, new", out)


def test_which_page_comes_second_is_no_change(check: Check, tmp_path: Path) -> None:
    """What several exchanges show together is known whichever of them is the last."""
    news, games = "https://news.net", "https://games.org"
    one = write(tmp_path / "one", credentialed(news), credentialed(games, at=1))
    other = write(tmp_path / "other", credentialed(games), credentialed(news, at=1))
    baseline = tmp_path / "baseline.json"
    assert check(one, "--fail-on", "finding", "--format", "json", "--output", baseline)[0] == 1
    for file in (one, other):
        assert check(file, "--fail-on", "finding", "--baseline", baseline)[0] == 0
    [found] = json.loads(baseline.read_text())["findings"]
    assert (found["name"], found["severity"], found["detail"]) == (
        "unrelated-origins-with-credentials",
        "warning",
        f"{news}, {games}",
    )


def test_files_show_findings_together(check: Check, tmp_path: Path) -> None:
    """A recording of each page is enough."""
    one, other = (
        write(tmp_path / "a", credentialed("https://news.net")),
        write(tmp_path / "b", credentialed("https://games.org")),
    )
    assert [check(each, "--fail-on", "finding")[0] for each in (one, other)] == [0, 0]
    assert check(one, other, "--fail-on", "finding")[0] == 1


def test_findings_of_what_is_not_cors(check: Check, tmp_path: Path) -> None:
    """An answer to the server's own page, or to no browser, shows them too."""
    own = flow(
        "POST",
        "https://api.shop.com/me",
        [("Origin", "https://api.shop.com"), ("Sec-Fetch-Mode", "cors")],
        response=credentialed("null").response.headers.items(),
    )
    tool = flow("GET", "https://api.shop.com/", [("Origin", "https://evil.com")], agent="curl/8", at=1, response=(
        credentialed("https://evil.com").response.headers.items()
    ))  # fmt: skip
    code, out, _ = check(write(tmp_path / "x", own, tool), "--fail-on", "finding")
    assert code == 1
    assert "! 2 security findings\n" in out
    lines = [json.loads(line) for line in check(tmp_path / "x", "--format", "jsonl")[1].splitlines()]
    assert [line["findings"] for line in lines] == [
        ["null-origin-with-credentials"],
        ["unrelated-origins-with-credentials"],
    ]


def test_damage(check: Check, denied: Path, tmp_path: Path) -> None:
    """Everything before the damage is judged, then its offset is told, on each format's own way."""
    cut = tmp_path / "cut.mitm"
    data = denied.read_bytes()
    first = len(state(preflight([*ALLOW, ("Access-Control-Allow-Methods", "GET, POST")])))
    cut.write_bytes(data[:-9])
    code, out, _ = check(cut)
    assert code == 2
    assert "method-not-allowed" in out
    assert f"cut off, at byte {first}: 1 exchange before it" in " ".join(out.split())
    code, out, err = check(cut, "--format", "jsonl")
    assert (code, len(out.splitlines())) == (2, 1)
    assert f"at byte {first}" in err
    code, out, err = check(cut, "--format", "json")
    loaded = json.loads(out)
    assert (code, loaded["partial"], loaded["inputs"][0]["offset"]) == (2, True, first)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--filter", "~nonsense ("], "--filter"),
        (["--fail-on", "change"], "needs a --baseline"),
        (["--baseline", "/nonexistent"], "--baseline: cannot read"),
        (["-", "-"], "only once"),
        (["--output", "/nonexistent/x"], "cannot write"),
    ],
)
def test_usage(check: Check, denied: Path, arguments: list[str], words: str) -> None:
    """A command line that cannot be obeyed is refused before anything is read."""
    code, _, err = check(denied, *arguments)
    assert code == 2
    assert words in err


def test_a_recording_is_not_overwritten(check: Check, denied: Path, tmp_path: Path) -> None:
    """By its own report; an earlier report may be."""
    data = denied.read_bytes()
    for kind in cli_check.FORMATS:
        code, _, err = check(denied, "--format", kind, "--output", denied)
        assert (code, denied.read_bytes() == data) == (2, True)
        assert f"--output: {denied} is what is to be read, and would be lost" in err
    report = tmp_path / "report.json"
    for _ in range(2):
        check(denied, "--format", "json", "--output", report, *(["--baseline", report] if report.exists() else []))
    assert json.loads(report.read_text())["totals"]["known"] == 1


@pytest.mark.parametrize("kind", cli_check.FORMATS)
def test_an_output_that_takes_nothing(check: Check, denied: Path, kind: str) -> None:
    """Its name is told, not that of a temporary file."""
    code, _, err = check(denied, "--format", kind, "--output", "/nonexistent/x")
    assert (code, err) == (2, "cors-addon check: cannot write /nonexistent/x: No such file or directory\n")


# ---- JSON lines ----


def addon_lines(name: str, tmp_path: Path) -> list[Any]:
    """What the addon writes of a recorded set of traffic."""
    out = tmp_path / "addon.jsonl"
    packed = io.BytesIO(lzma.decompress((TRUTH / f"{name}.mitm.xz").read_bytes()))
    with proxy(cors_jsonl=str(out)) as running:
        for one in FlowReader(packed).stream():
            running.pass_through(one)  # type: ignore[arg-type]
    return [json.loads(line) for line in out.read_text().splitlines()]


@pytest.mark.parametrize("name", sorted(path.name.removesuffix(".mitm.xz") for path in TRUTH.glob("*.mitm.xz")))
def test_lines_are_the_addons(check: Check, tmp_path: Path, name: str) -> None:
    """Every line, revisions included, in the same order."""
    code, out, _ = check(TRUTH / f"{name}.mitm.xz", "--format", "jsonl")
    assert code == 1
    assert [json.loads(line) for line in out.splitlines()] == addon_lines(name, tmp_path)


def test_what_is_stored_without_cors(check: Check, tmp_path: Path) -> None:
    """As the addon has it, from a dump and from a HAR."""
    image = flow(request=[("Sec-Fetch-Mode", "no-cors")], response=[("ETag", "x")])
    confirmed = actual(request=[("If-None-Match", "x")], status=304, at=1)
    recorded = write(tmp_path / "x", image, confirmed)
    exported = tmp_path / "x.har"
    hidden: Any = {"Origin": None}  # a request without one
    exported.write_text(
        har(
            entry(request=hidden, response={"ETag": "x"}),
            entry(request={"If-None-Match": "x"}, response={}, status=304, at=1),
        )
    )
    for file in (recorded, exported):
        _, out, _ = check(file, "--format", "jsonl")
        assert json.loads(out)["reason"] == "allow-origin-missing"


def test_replayed_request(check: Check, tmp_path: Path) -> None:
    """mitmproxy sent it: as the addon has it."""
    again = actual([], at=1)
    again.is_replay = "request"
    _, out, _ = check(write(tmp_path / "x", again), "--format", "jsonl")
    assert json.loads(out)["role"] == "non-browser"


def test_output(check: Check, denied: Path, tmp_path: Path) -> None:
    """To a file, and nothing to the terminal."""
    file = tmp_path / "report"
    for kind in cli_check.FORMATS:
        code, out, err = check(denied, "--format", kind, "--output", file)
        assert (code, out, err) == (1, "", "")
        assert "method-not-allowed" in file.read_text()


# ---- selection ----


@pytest.mark.parametrize(
    ("expression", "count"),
    [("~m PUT", 1), ("~u items", 2), ("~hq origin & ~c 204", 1), ("~b needle", 1), ("~d x.test", 0)],
)
def test_filter(check: Check, tmp_path: Path, expression: str, count: int) -> None:
    """mitmproxy's filters, on dumps and on HARs."""
    dumped = write(
        tmp_path / "x.mitm",
        actual(ALLOW, method="PUT", status=204),
        actual(ALLOW, at=1, body=b"a needle"),
    )
    written = tmp_path / "x.har"
    found = entry("GET", helpers.API, at=1)
    found["response"]["content"]["text"] = "a needle"
    written.write_text(har(entry("PUT", helpers.API, status=204), found))
    for file in (dumped, written):
        loaded = json.loads(check(file, "--filter", expression, "--format", "json")[1])
        assert loaded["totals"]["judged"] == count
        assert loaded["totals"]["exchanges"] == 2


def test_a_filter_does_not_hide_what_is_known(check: Check, allowed: Path, tmp_path: Path) -> None:
    """A selected request is judged with its preflight, which is not selected, and is told alone."""
    written = tmp_path / "x.har"
    asked = {"Access-Control-Request-Method": "PUT"}
    answer = {"Access-Control-Allow-Origin": "https://app.example.com", "Access-Control-Allow-Methods": "PUT"}
    written.write_text(har(entry("OPTIONS", request=asked, response=answer), entry("PUT", at=0.1)))
    for file in (allowed, written):
        _, out, _ = check(file, "--filter", "~m PUT", "--format", "jsonl")
        lines = [json.loads(line) for line in out.splitlines()]
        assert {line["method"] for line in lines} == {"PUT"}
        assert lines[-1]["preflight"] == "sent"


def test_what_could_not_be_read_is_not_called_fine(check: Check, allowed: Path, tmp_path: Path) -> None:
    """Nothing is said but that where nothing was read; the rest counts as far as it goes."""
    code, out, _ = check(tmp_path / "nothing.har")
    assert code == 2
    assert out.startswith("✗ ")
    assert out.endswith("\n")
    assert "cannot be read: No such file" in " ".join(out.split())
    cut = tmp_path / "cut.mitm"
    cut.write_bytes(allowed.read_bytes()[:-10])
    code, out, _ = check(cut)
    assert code == 2
    assert out.startswith("✓ the one CORS exchange is allowed, as far as could be read\n")
    refused = write(tmp_path / "refused.mitm", preflight([]), actual(ALLOW, at=1))
    refused.write_bytes(refused.read_bytes()[:-10])
    assert "not counted as a failure" not in check(refused)[1]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere file names are text")
@pytest.mark.parametrize("kind", cli_check.FORMATS)
def test_a_file_name_that_is_no_text(check: Check, denied: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is told somehow, and nothing raw."""
    name = os.fsdecode(b"\xff\x1b[2J.mitm")
    (denied.parent / name).write_bytes(denied.read_bytes())
    monkeypatch.chdir(denied.parent)
    code, out, err = check(name, "--format", kind)
    assert (code, err) == (1, "")
    assert "\x1b" not in out
    assert "\udcff" not in out


def test_files_of_the_same_name(check: Check, tmp_path: Path) -> None:
    """Of several shards, say: an exchange of one takes no other's place, in whatever order."""
    files = []
    for name, response in (("first", {}), ("second", None)):
        (tmp_path / name).mkdir()
        files.append(tmp_path / name / "e2e.har")
        files[-1].write_text(har(entry(response=response)))
    for order in (files, files[::-1]):
        code, out, _ = check(*order)
        assert code == 1
        assert out.startswith("✗ 1 of 2 CORS exchanges denied")
        ids = [json.loads(line)["flow_id"] for line in check(*order, "--format", "jsonl")[1].splitlines()]
        assert ids == [f"{file}#0" for file in order]
    assert json.loads(check(files[0], "--format", "jsonl")[1])["flow_id"] == "e2e.har#0"


def test_what_the_browser_says_it_refused_fails(check: Check, tmp_path: Path) -> None:
    """Though the file has no answer, as Playwright's: in every format, and as a baseline."""
    refused = entry(status=-1, response={}, request={"Referer": f"{helpers.PAGE}/"}, _resourceType="fetch")
    refused["response"]["_failureText"] = "net::ERR_FAILED"
    file = tmp_path / "playwright.har"
    file.write_text(har(refused, entry(at=1), creator="Playwright"))
    for name in cli_check.FORMATS:
        code, out, _ = check(file, "--format", name)
        assert code == 1, name
        assert "cause-not-recorded" in out, name
    code, out, _ = check(file, "--engine", "all")
    assert code == 1
    assert out.startswith("✗ 1 of 2 CORS exchanges denied")
    baseline = tmp_path / "before.json"
    check(file, "--format", "json", "--output", baseline)
    assert check(file, "--baseline", baseline)[0] == 0


# ---- baselines ----


def test_baseline(check: Check, denied: Path, allowed: Path, tmp_path: Path) -> None:
    """What is known is no failure; what is new is; what was denied and now passes is a change."""
    baseline = tmp_path / "baseline.json"
    assert check(denied, "--format", "json", "--output", baseline)[0] == 1
    code, out, _ = check(denied, "--baseline", baseline)
    assert code == 0
    assert "method-not-allowed at the preflight, known" in " ".join(out.split())
    assert check(denied, "--baseline", baseline, "--fail-on", "change")[0] == 0
    worse = write(tmp_path / "worse", *(preflight([], at=1),))
    assert check(worse, "--baseline", baseline)[0] == 1
    assert check(worse, "--baseline", baseline, "--fail-on", "change")[0] == 1
    assert check(allowed, "--baseline", baseline)[0] == 0
    assert check(allowed, "--baseline", baseline, "--fail-on", "change")[0] == 1
    elsewhere = write(tmp_path / "elsewhere", actual(ALLOW, url="https://new.test/"))
    assert check(elsewhere, "--baseline", baseline, "--fail-on", "change")[0] == 0


def test_a_baseline_with_a_byte_order_mark(check: Check, denied: Path, tmp_path: Path) -> None:
    """As some editors save it."""
    base = tmp_path / "base.json"
    check(denied, "--format", "json", "--output", base)
    base.write_text(base.read_text(), encoding="utf-8-sig")
    code, out, _ = check(denied, "--baseline", base)
    assert code == 0
    assert "known" in out


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "[" * 100_000, "\xff", '{"schema": "cors-addon-check", "version": 2}', "x" * 100]
)
def test_no_baseline(check: Check, denied: Path, tmp_path: Path, text: str) -> None:
    """A file that is none is refused, not taken for an empty one."""
    (tmp_path / "baseline").write_bytes(text.encode("latin-1"))
    code, _, err = check(denied, "--baseline", tmp_path / "baseline")
    assert code == 2
    assert "--baseline" in err


# ---- processes and terminals ----


def test_standard_input(denied: Path, tmp_path: Path) -> None:
    """A dump and a HAR through a pipe."""
    (tmp_path / "x.har").write_text(har(entry(response={})))
    for file in (denied, tmp_path / "x.har"):
        done = subprocess.run([*RUN, "-"], input=file.read_bytes(), capture_output=True, check=False, cwd=ROOT)
        assert (done.returncode, done.stderr) == (1, b"")
        assert "1 of" in done.stdout.decode()


def test_standard_input_from_a_file(tmp_path: Path) -> None:
    """A zip file can be read from there, too; what cannot be read is no fault of the report's."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as packed:
        packed.writestr("x.har", har(entry(response={})))
    with (tmp_path / "x.zip").open("rb") as file:
        done = subprocess.run([*RUN, "-"], stdin=file, capture_output=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (1, b"")
    assert "1 of" in done.stdout.decode()
    with (tmp_path / "x").open("wb") as file:
        done = subprocess.run([*RUN, "-"], stdin=file, capture_output=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (2, b"")
    assert "standard input: cannot be read: Bad file descriptor" in done.stdout.decode()


def unread(pipe: IO[bytes]) -> int:
    """How many bytes in a pipe its reader has not taken yet."""
    count = fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))
    return int.from_bytes(count, sys.byteorder)


def waits_for_more(child: "subprocess.Popen[bytes]") -> bool:
    """Whether a process has nothing to do: it has judged all that it has read."""
    if (stat := Path(f"/proc/{child.pid}/stat")).exists():
        return stat.read_text().rpartition(")")[2].split()[0] == "S"
    state = subprocess.run(["ps", "-o", "state=", "-p", str(child.pid)], capture_output=True, text=True, check=True)
    return state.stdout.strip().startswith("S")


def test_interrupted(tmp_path: Path) -> None:
    """What was read is told, and that it is not all."""
    child = subprocess.Popen(
        [*RUN, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=False
    )
    assert child.stdin is not None
    child.stdin.write(state(preflight([])) * 3)
    child.stdin.flush()
    pipe = child.stdin
    waits.until_now(lambda: not unread(pipe) and waits_for_more(child), 60)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 2, err
    assert out.decode().startswith("INTERRUPTED: these are partial results\n")
    assert "interrupted: what was not read is not in these numbers" in out.decode()


def test_one_exchange_before_the_damage() -> None:
    """One was read, two were."""
    one, two = (table.damage_line(Input("x", "HAR", count, damage="cut off", offset=7)) for count in (1, 2))
    assert one == "x: cut off, at byte 7: 1 exchange before it was read"
    assert two == "x: cut off, at byte 7: 2 exchanges before it were read"


def test_github_counts_at_the_end(check: Check, denied: Path) -> None:
    """In words that fit the number."""
    _, out, _ = check(denied, "--format", "github")
    assert out.splitlines()[-1] == "cors-addon: 2 CORS exchanges judged, 1 denied, 1 cause"


def test_closed_pipe(denied: Path) -> None:
    """`| head` is no error."""
    done = subprocess.run(
        f"{' '.join(RUN)} --format jsonl {TRUTH / 'chromium.mitm.xz'} | head -1",
        shell=True,
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    assert done.stderr == b""


def on_terminal(*arguments: str, **environment: str) -> str:
    """What a terminal shows."""
    main, other = pty.openpty()
    plain = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    child = subprocess.Popen(
        [*RUN, *arguments], stdin=other, stdout=other, stderr=other, cwd=ROOT, env={**plain, **environment}
    )
    os.close(other)
    shown = b""
    while True:
        try:
            part = os.read(main, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(main)
    child.wait(20)
    return shown.decode()


def test_colours_and_progress_on_a_terminal_only(tmp_path: Path) -> None:
    """A bar that leaves no trace; colours unless NO_COLOR says otherwise."""
    file = write(tmp_path / "x", *(preflight([], at=number) for number in range(200)))
    shown = on_terminal(str(file))
    assert "\x1b[31m✗\x1b[0m" in shown
    assert re.search(r"\r\x1b\[K *\d+% [█░]{20}", shown)
    assert "\x1b[31m" not in on_terminal(str(file), NO_COLOR="1")
    done = subprocess.run([*RUN, str(file)], capture_output=True, check=False, cwd=ROOT)
    assert b"\x1b" not in done.stdout + done.stderr


# ---- summaries ----


def judgements(*flows: Any) -> list[Judgement]:
    """As they come from a tracker."""
    return helpers.observe(*flows)


def test_a_revision_replaces_what_it_revises() -> None:
    """Each exchange counts once, by its last revision."""
    summary = Summary()
    last: dict[str, Judgement] = {}
    read = Input("x")
    for judgement in judge.judged(str(TRUTH / "chromium.mitm.xz"), read):
        summary.add(judgement)
        last[judgement.observation.flow_id] = judgement
    assert sum(summary.roles.values()) == len(last)
    denied = sum(judgement.verdict == "deny" for judgement in last.values())
    assert sum(tally.count for _, outcome, tally in summary.tallies() if outcome.denied) == denied


def test_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many endpoints, and many outcomes of one."""
    monkeypatch.setattr("cors_addon.report.summary.MAX_ROWS", 10)
    monkeypatch.setattr("cors_addon.report.summary.MAX_OUTCOMES", 10)
    monkeypatch.setattr("cors_addon.report.summary.REMEMBERED", 10)
    summary = Summary()
    for number in range(100):
        for judgement in judgements(
            actual(ALLOW, url=f"https://api.test/p-{number}"),
            actual([("Access-Control-Allow-Origin", f"https://x{number}.test")], at=1),
            actual(ALLOW, url=f"https://api{number}.test/", at=2),
        ):
            summary.add(judgement)
    assert summary.judged == 300 == summary.count(Verdict.ALLOW) + summary.count(Verdict.DENY)
    assert len(summary.rows) <= 21
    assert max(map(len, summary.rows.values())) <= 12
    assert summary.overflowed
    text = table.render(summary)
    assert "more endpoints than can be shown" in text
    assert "any page → (other servers)" in text


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "/"),
        ("/items/1?x=2", "/items/{id}"),
        ("/v1/users/8f14e45f-ceea-467f-a9a8-1d3b5c7d9e0f/posts", "/v1/users/{id}/posts"),
        ("/a/0123456789abcdef/b", "/a/{id}/b"),
        ("/a/deadbeefdeadbeef", "/a/deadbeefdeadbeef"),
        ("/files/Zm9vYmFyYmF6cXV4MTIzNDU2/x", "/files/{id}/x"),
        ("/checkout/confirmation-of-the-order", "/checkout/confirmation-of-the-order"),
        ("/2024/11/21", "/{id}/{id}/{id}"),
    ],
)
def test_endpoint_names(path: str, name: str) -> None:
    """The same in every run."""
    assert generalized(path) == name


def test_a_server_that_fails_at_times_has_two_troubles() -> None:
    """Its good answers lack the header; its errors are to be mended first."""
    summary = Summary()
    for judgement in observe(*(actual([], at=at, status=status) for at, status in enumerate((200, 200, 502)))):
        summary.add(judgement)
    found = [(cause.count, cause.phrase) for cause in summary.causes()]
    assert found == [
        (2, "no Access-Control-Allow-Origin on the 200 response"),
        (1, "no Access-Control-Allow-Origin on the 502 response"),
    ]
    whole = " ".join(table.render(summary).split())
    assert whole.count("GET /items/{id}") == 1  # in the table they are one line
    assert whole.count("Mend the failure first.") == 1


def test_the_servers_own_words_are_in_a_dump(check: Check, tmp_path: Path) -> None:
    """Of a refused preflight and of an error, whose bodies are read for that."""
    refused = preflight(ALLOW, status=400, body=b"Disallowed CORS method")
    failed = actual([], status=401, body=b'{"detail":"no token"}', at=1)
    _, out, _ = check(write(tmp_path / "x", refused, failed), "--format", "jsonl")
    assert [json.loads(line)["said"] for line in out.splitlines()] == ["Disallowed CORS method", "no token"]
