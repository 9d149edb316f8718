"""`cors-addon check --format html`."""

import stat
from pathlib import Path
from typing import Any

import pytest

from cors_addon.recordings import judge
from cors_addon.report.html import page
from tests.helpers import ALLOW, actual, flow, preflight
from tests.test_check import Check, check, denied, write  # noqa: F401  # two are fixtures
from tests.test_dump_reader import TRUTH
from tests.test_har import entry, har
from tests.test_report_html import Parsed


def test_to_a_file(check: Check, denied: Path, tmp_path: Path) -> None:  # noqa: F811
    """The exit code is that of every format; nothing goes to the terminal."""
    file = tmp_path / "report.html"
    assert check(denied, "--format", "html", "--output", file) == (1, "", "")
    data = Parsed(file.read_text("ascii")).data
    assert [each["name"] for each in data["inputs"]] == [str(denied)]
    assert (data["totals"]["judged"], data["totals"]["read"]) == (2, 2)
    assert [cause["reason"] for cause in data["causes"]] == ["method-not-allowed"]
    assert check(denied, "--format", "html", "--output", file, "--fail-on", "never")[0] == 0


def test_to_standard_output(check: Check, denied: Path, tmp_path: Path) -> None:  # noqa: F811
    """The same file, and a new one is nobody else's to read."""
    file = tmp_path / "report.html"
    _, out, _ = check(denied, "--format", "html")
    check(denied, "--format", "html", "--output", file)

    def timeless(text: str) -> Any:
        return Parsed(text).data | {"made": 0}

    assert timeless(out) == timeless(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_several_files(check: Check, denied: Path, tmp_path: Path) -> None:  # noqa: F811
    """A dump and a HAR in one report."""
    other = tmp_path / "x.har"
    other.write_text(har(entry()))
    _, out, _ = check(denied, other, "--format", "html")
    data = Parsed(out).data
    assert [each["kind"] for each in data["inputs"]] == ["mitmproxy dump", "HAR"]


def test_damage(check: Check, denied: Path, tmp_path: Path) -> None:  # noqa: F811
    """What came before it is in the report, and where it is, too."""
    cut = tmp_path / "cut.mitm"
    cut.write_bytes(denied.read_bytes()[:-9])
    code, out, err = check(cut, "--format", "html")
    assert code == 2
    assert "cut off, at byte" in err
    data = Parsed(out).data
    assert "cut off, at byte" in data["inputs"][0]["damage"]
    assert len(data["fetches"]) == 1


def test_interruption(check: Check, denied: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Partial results are results, and called partial."""
    judged = judge.judged

    def stopped(*arguments: Any, **more: Any) -> Any:
        yield next(judged(*arguments, **more))
        raise KeyboardInterrupt

    monkeypatch.setattr(judge, "judged", stopped)
    code, out, err = check(denied, "--format", "html")
    assert code == 2
    assert "interrupted" in err
    data = Parsed(out).data
    assert data["interrupted"]
    assert len(data["fetches"]) == 1


def test_an_older_report_stays_until_the_new_one_is_whole(
    check: Check,  # noqa: F811
    denied: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And where writing fails."""
    file = tmp_path / "folder" / "report.html"
    file.parent.mkdir()
    file.write_text("older")

    def failing(*_: Any) -> str:
        assert file.read_text() == "older"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(page, "render", failing)
    code, _, err = check(denied, "--format", "html", "--output", file)
    assert (code, err) == (2, f"cors-addon check: cannot write {file}: No space left on device\n")
    assert [each.read_text() for each in file.parent.iterdir()] == ["older"]


def test_unwritable(check: Check, denied: Path) -> None:  # noqa: F811
    """Said before anything is read."""
    code, _, err = check(denied, "--format", "html", "--output", "/nonexistent/x.html")
    assert code == 2
    assert "cannot write" in err
    assert "No such file or directory" in err


def test_all_engines(check: Check, tmp_path: Path) -> None:  # noqa: F811
    """Who denies is told in the matrix."""
    _, out, _ = check(write(tmp_path / "x", actual([])), "--engine", "all", "--format", "html")
    data = Parsed(out).data
    assert data["allEngines"]
    assert data["matrix"]["cells"][0][3] == ["Chromium", "Firefox", "Safari"]
    assert sum(data["totals"]["states"].values()) == 1


def test_policies(check: Check, denied: Path, tmp_path: Path) -> None:  # noqa: F811
    """What they would change is in the report, and on standard error."""
    policy = tmp_path / "cors.yaml"
    policy.write_text(
        "policies:\n  - name: wide\n    filter: ~d api.example.test\n"
        "    origins: [https://app.example.test]\n    methods: [PUT]\n"
    )
    _, out, err = check(denied, "--policy", policy, "--format", "html")
    assert "newly passes" in err
    data = Parsed(out).data
    assert [group[:2] for group in data["policies"]["groups"]] == [["wide", "newly passes"]]
    assert ["wide"] in [detail.get("flips") for detail in data["details"]]


def test_memory_is_bounded(check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """What is not listed is counted."""
    monkeypatch.setattr("cors_addon.report.html.exchanges.Exchanges.__init__.__defaults__", (5, 10**9))
    flows = [preflight([]), *(actual(ALLOW, at=number + 1) for number in range(20)), flow(at=30)]
    _, out, _ = check(write(tmp_path / "x", *flows), "--format", "html")
    data = Parsed(out).data
    assert (data["listed"], data["totals"]["seen"], data["totals"]["read"]) == (5, 21, 22)
    assert len(data["fetches"]) == 5


def test_recorded_traffic(check: Check) -> None:  # noqa: F811
    """Of every browser, sequences included: a report comes of it, with each denial's reason explained."""
    for file in sorted(TRUTH.glob("sequences-*.mitm.xz")):
        _, out, err = check(file, "--format", "html")
        data = Parsed(out).data
        assert err == ""
        assert {detail["reason"] for detail in data["details"] if detail["state"] == "deny"} <= data["reasons"].keys()
