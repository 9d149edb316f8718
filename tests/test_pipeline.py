"""An archive of recordings judged by Dask, and asked about: whatever happens, each recording is told once."""

import csv
import json
import os
import pickle
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import pytest
from distributed import Client, LocalCluster
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cors_addon
from cors_addon import api, cli
from cors_addon.pipeline import plan, rows, run
from cors_addon.pipeline.parts import Parts
from cors_addon.pipeline.questions import questions
from cors_addon.pipeline.rows import Recording
from cors_addon.recordings import judge as recordings
from cors_addon.report import preflights
from cors_addon.report.input import Input
from cors_addon.session.session import last_of
from tests.pipeline_archive import Expected, make
from tests.test_har import CASES, entry, har
from tests.test_house import COMMANDS, PACKAGE, ROOT, imports, tree_of


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Workers that are threads of this process, so that a test may reach into them."""
    how = {"processes": False, "n_workers": 1, "threads_per_worker": 2, "dashboard_address": "127.0.0.1:0"}
    with LocalCluster(**how) as cluster, Client(cluster) as found:
        yield found


@pytest.fixture
def judge_all(client: Any) -> Any:
    """Has a folder judged."""

    def judging(archive: Any, out: Any, **how: Any) -> run.Summary:
        return run.run(str(archive), str(out), lambda: nullcontext(client), run.How(**how))

    return judging


def no_workers() -> AbstractContextManager[Any]:
    raise AssertionError("there is nothing to do")


def told(out: Any, sql: str = "SELECT * EXCLUDE filename FROM told ORDER BY recording, kind, number") -> list[Any]:
    """Rows, or what else is asked."""
    connection = Parts(str(out)).connect()
    try:
        found: list[Any] = connection.execute(sql).fetchall()
        return found
    finally:
        connection.close()


def ask(out: Any, question: str) -> list[dict[str, Any]]:
    """A question's answer, by names of columns."""
    connection = Parts(str(out)).connect()
    try:
        found = connection.execute(questions()[question].sql)
        names = [each[0] for each in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    finally:
        connection.close()


def states(out: Any) -> dict[str, str]:
    """What is told of each recording; none is told twice."""
    found = told(out, "SELECT recording, state FROM recordings")
    assert len(dict(found)) == len(found)
    return dict(found)


def once(out: Any) -> bool:
    """Whether each recording has one row, and so many judgements as that says."""
    return not told(
        out,
        "SELECT recording FROM told GROUP BY recording HAVING count(*) FILTER (kind = 'recording') <> 1 "
        "OR count(DISTINCT number) <> max(judgements) OR count(*) <> max(judgements) + 1",
    )


# ── the known answers ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Expected]:
    """Four of each kind."""
    folder = tmp_path_factory.mktemp("archive") / "in"
    return folder, make(folder, 40)


@pytest.fixture(scope="module")
def judged(archive: tuple[Path, Expected], client: Any) -> Path:
    """Its rows, in files of seven recordings."""
    out = archive[0].parent / "out"
    run.run(str(archive[0]), str(out), lambda: nullcontext(client), run.How(batch=7))
    return out


def test_questions_get_the_known_answers(archive: tuple[Path, Expected], judged: Path) -> None:
    """Each of them, on an archive whose answers are known beforehand."""
    expected = archive[1]
    assert set(questions()) == {
        *("denied-by-reason", "blocked-by-kind", "preflights-per-page", "max-age-saves", "findings-by-server"),
        "recordings-with-faults",
    }
    cors = 56  # by hand: 14 of each ten recordings
    denied = {row["reason"]: row for row in ask(judged, "denied-by-reason")}
    assert {reason: row["denied"] for reason, row in denied.items()} == expected.denied
    assert denied["allow-origin-missing"]["percent"] == round(100 * 4 / cors, 2)
    assert (denied["method-not-allowed"]["servers"], denied["method-not-allowed"]["recordings"]) == (2, 8)
    blocked = {row["blocked_by"]: row["exchanges"] for row in ask(judged, "blocked-by-kind")}
    assert blocked == expected.blocked
    [pages] = ask(judged, "preflights-per-page")
    assert (pages["pages"], pages["pages_with_preflights"], pages["preflights"]) == (32, 12, expected.preflights)
    assert (pages["most"], pages["per_page"]) == (3, 0.63)
    whole, first, second = ask(judged, "max-age-saves")
    assert (whole["server"], whole["preflights"], whole["left_by_600"]) == (None, 20, expected.left_by_600)
    assert (first["server"], first["preflights"], first["left_by_600"]) == ("https://api.example.com", 16, 8)
    assert (second["server"], second["percent_saved_by_600"]) == ("https://api.example.test", 0)
    [finding] = ask(judged, "findings-by-server")
    assert {finding["finding"]: finding["answers"]} == expected.findings
    assert finding["server"] == "https://api.example.com"
    faults = ask(judged, "recordings-with-faults")
    assert sum(row["recordings"] for row in faults) == expected.states["damaged"]
    assert {row["example"] for row in faults} == {"0000/000006.har", "0000/000009.txt"}


def test_each_recording_is_told_once(archive: tuple[Path, Expected], judged: Path) -> None:
    """Whole or not, and with all its judgements."""
    expected = archive[1]
    assert len(states(judged)) == expected.recordings
    [(judgements,)] = told(judged, "SELECT sum(judgements)::BIGINT FROM recordings")
    assert judgements == expected.judgements
    assert once(judged)
    assert len(list(judged.iterdir())) == 6  # 40 in sevens, and nothing else


def test_max_age_saves_what_the_report_says(tmp_path: Path, judge_all: Any) -> None:
    """The same number by SQL as by the report, for preflights of every kind: refused, late, for other headers."""
    asked = [("PUT", None, 0), ("PUT", "x-a", 5), ("DELETE", None, 10), ("PUT", None, 300), ("PUT", "x-a", 700)]
    entries = []
    for number, (method, name, at) in enumerate((*asked, *((m, n, at + 800) for m, n, at in asked))):
        wants = {"Access-Control-Request-Method": method} | ({"Access-Control-Request-Headers": name} if name else {})
        allowed = "DELETE" if number == 4 else "PUT, DELETE"
        answer = {"Access-Control-Allow-Origin": "https://app.example.com", "Access-Control-Allow-Methods": allowed}
        answer["Access-Control-Allow-Headers"] = "x-a"
        entries.append(entry("OPTIONS", request=wants, response=answer, at=at))
        if number != 4:
            entries.append(entry(method, request={name: "1"} if name else None, at=at + 1))
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.har").write_text(har(*entries))
    judge_all(folder, tmp_path / "out")
    found = last_of(recordings.judged(str(folder / "a.har"), Input("a.har"))).values()
    wanted = preflights.cost(found)
    whole = ask(tmp_path / "out", "max-age-saves")[0]
    assert (whole["preflights"], whole["left_by_600"]) == (wanted["preflights"], wanted["needed"])
    assert 3 <= whole["left_by_7200"] < whole["left_by_600"] < 10


# ── the step ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rows_are_the_json_lines(tmp_path: Path) -> None:
    """Field for field, in their last revision, there and back through Parquet, for every recording that we have."""
    parts = Parts(str(tmp_path / "out"))
    files = sorted(CASES.glob("*.har"))
    parts.write("part-a.parquet", (row for file in files for row in rows.rows(str(file), Recording(file.name, "1", 1))))
    names = list(rows.OF_JUDGEMENTS)
    columns = ", ".join(f'"{name}"' for name in names)
    of_json = {name for name, kind in rows.TYPES.items() if kind == "JSON"}
    for file in files:
        last: dict[Any, dict[str, Any]] = {}
        for judgement in cors_addon.judge(file):
            line = judgement.to_dict()
            last[line["flow_id"] or len(last)] = line
        asked = f"SELECT {columns} FROM judgements WHERE recording = '{file.name}' ORDER BY number"
        found = [dict(zip(names, row, strict=True)) for row in told(tmp_path / "out", asked)]
        for row in found:
            row.update({name: json.loads(row[name]) for name in of_json & set(names) if row[name] is not None})
        assert found == [rows.sound(line) for line in last.values()], file.name


def test_the_step_is_pure(archive: tuple[Path, Expected]) -> None:
    """The same rows each time; all that workers are given can be pickled."""
    files = plan.Archive(str(archive[0])).recordings()
    task = run.Task(str(archive[0]), "out", "auto", tuple(files[:3]))
    assert pickle.loads(pickle.dumps(task)) == task
    for each in files[:10]:
        file = str(archive[0] / each.name)
        assert list(rows.rows(file, each)) == list(rows.rows(file, each))
        assert {tuple(row) for row in rows.rows(file, each)} == {tuple(rows.TYPES)}


@given(st.lists(st.text(st.characters()), max_size=4), st.floats(), st.dictionaries(st.text(), st.text(), max_size=3))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_can_be_told(tmp_path: Path, texts: list[str], number: float, mapping: dict[str, str]) -> None:
    """Lone surrogates, NULs, numbers that are none: what cannot be kept is replaced, the rest comes back."""
    row = rows.head(Recording("".join(texts), "1", 1), "auto") | {"kind": "judgement", "number": 0, "revision": 1}
    row |= rows.sound({"findings": texts, "timestamp": number, "server": mapping, "url": texts[0] if texts else None})
    parts = Parts(str(tmp_path / "any"))
    parts.write("part-a.parquet", [row])
    [found] = told(tmp_path / "any", "SELECT findings, timestamp, server, url, recording FROM told")
    wanted = (row["findings"], row["timestamp"], row["server"], row["url"], row["recording"])
    assert (found[0], found[1], json.loads(found[2]), found[3], found[4]) == wanted


# ── going on ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_goes_on_where_one_was_stopped(tmp_path: Path, judge_all: Any) -> None:
    """With what is new, changed, lost or could not be read; with nothing that is told already, and nothing twice."""
    folder, out = tmp_path / "in", tmp_path / "out"
    make(folder, 20)
    judge_all(folder, out, batch=5)
    before, files = told(out), sorted(out.iterdir())
    times = {file: file.stat().st_mtime_ns for file in files}
    assert run.run(str(folder), str(out), no_workers).kept == 20

    files[1].unlink()  # as if it had not come to that
    incoming = out / "_incoming"
    incoming.mkdir()
    shutil.copy(files[0], incoming / f"{files[1].name}.x")  # written to the middle, as it were
    summary = judge_all(folder, out, batch=5)
    assert (summary.kept, sum(summary.states.values())) == (15, 20)
    assert told(out) == before
    assert sorted(out.iterdir()) == files
    assert {file: file.stat().st_mtime_ns for file in files if file != files[1]} == {
        file: time for file, time in times.items() if file != files[1]
    }

    (folder / "new.har").write_text(har(entry()))
    changed = folder / "0000" / "000009.txt"
    changed.write_text(har(entry(), entry(at=1)))
    (folder / "0000" / "000001.har").unlink()  # what was told of it stays
    summary = judge_all(folder, out, batch=5)
    assert (summary.kept, sum(summary.states.values())) == (18, 21)
    assert states(out)["0000/000009.txt"] == "whole"
    assert told(out, "SELECT count(*) FROM judgements WHERE recording = '0000/000009.txt'") == [(2,)]
    assert states(out)["0000/000001.har"] == "whole"
    assert once(out)


def test_what_was_told_twice_is_told_once(tmp_path: Path, judge_all: Any) -> None:
    """By a worker that was thought dead, say; what was judged counts more than that it could not be."""
    folder, out = tmp_path / "in", tmp_path / "out"
    make(folder, 10)
    judge_all(folder, out)
    before = told(out)
    shutil.copy(next(out.iterdir()), out / "part-0.parquet")
    [first, *_] = plan.Archive(str(folder)).recordings()
    failed = rows.head(first, "auto") | rows.about(first, rows.State.FAILED, "x")
    Parts(str(out)).write("part-00.parquet", [failed])
    assert run.run(str(folder), str(out), no_workers).kept == 10
    assert told(out) == before
    assert Parts(str(out)).tidy() == 0


def test_what_fails_is_told_and_ends_nothing(tmp_path: Path, judge_all: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours, a batch that cannot be written, a file that cannot be read; the next run tries them again."""
    folder, out = tmp_path / "in", tmp_path / "out"
    make(folder, 10)
    (folder / "gone.har").symlink_to(folder / "nowhere")
    judge, write = api.judge, Parts.write

    def judging(path: str, **how: Any) -> Any:
        if path.endswith("000001.har"):
            raise KeyError("our\udcfe fault")
        return judge(path, **how)

    def writing(self: Parts, name: str, found: Any) -> None:
        told = list(found)
        if any(row["recording"].endswith("000002.har") and row["state"] != "failed" for row in told):
            raise ValueError("not to be told\nat all")
        write(self, name, told)

    monkeypatch.setattr(api, "judge", judging)
    monkeypatch.setattr(Parts, "write", writing)
    judge_all(folder, out)
    assert once(out)
    faults = dict(
        told(out, "SELECT recording, state || ': ' || fault FROM recordings WHERE state NOT IN ('whole', 'damaged')")
    )
    assert faults == {
        "0000/000001.har": "failed: KeyError: 'our\\udcfe fault'",
        "0000/000002.har": "failed: ValueError: not to be told",
        "gone.har": "unreadable: cannot be read: No such file or directory",
    }
    monkeypatch.undo()
    (folder / "gone.har").unlink()
    (folder / "gone.har").write_text(har(entry()))
    assert judge_all(folder, out).kept == 8
    assert set(states(out).values()) == {"whole", "damaged"}
    assert once(out)


def test_rows_that_cannot_be_written_end_the_run(tmp_path: Path, judge_all: Any) -> None:
    """It says where; what was told stays."""
    make(tmp_path / "in", 5)
    (tmp_path / "out").write_text("a file")
    with pytest.raises((run.RunError, OSError), match="out"):
        judge_all(tmp_path / "in", tmp_path / "out")


def test_a_bucket_does_as_well_as_a_folder(archive: tuple[Path, Expected], judged: Path, judge_all: Any) -> None:
    """Recordings and rows in a file system that is not this machine's: the same rows."""
    memory = fsspec.filesystem("memory")
    memory.put(f"{archive[0]}/", "/crawl/", recursive=True)
    try:
        judge_all("memory://crawl", "memory://rows", batch=7)
        same = "SELECT * EXCLUDE (filename, version) FROM told ORDER BY recording, kind, number"
        assert told("memory://rows", same) == told(judged, same)
        assert run.run("memory://crawl", "memory://rows", no_workers).kept == 40
        assert judge_all("memory://crawl/0000/000000.har", "memory://one").states == {"whole": 1}
    finally:
        memory.rm("/", recursive=True)


def test_names_of_every_kind(tmp_path: Path, judge_all: Any) -> None:
    """Quotes, brackets, what is no UTF-8; hidden files are left alone, and `only` chooses."""
    folder, out = tmp_path / "i*n [a]'", tmp_path / "o?ut [b]'"
    folder.mkdir()
    names = [b"it's [1]*.har", b"\xff.har", b"\xfe.har", b".hidden", "\N{SNOWMAN}.har".encode()]
    for name in names:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text(har(entry()))
    (folder / "notes.txt").write_text("x")
    assert judge_all(folder, out, only="*.har").states == {"whole": 4}
    assert set(states(out)) == {"it's [1]*.har", "\\udcff.har", "\\udcfe.har", "\N{SNOWMAN}.har"}
    (folder / "it's [1]*.har").write_text(har(entry(), entry(at=1)))
    assert judge_all(folder, out, only="*.har").kept == 3
    assert once(out)


# ── the command ───────────────────────────────────────────────────────────────────────────────────────────────────────


def command(*words: Any) -> int:
    """`cors-addon pipeline` with these words."""
    return cli.main(["pipeline", *map(str, words)])


def test_the_command(
    tmp_path: Path, client: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As README has it, on workers that are here already."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "recordings", 10)
    address = client.scheduler.address
    assert address.startswith("inproc://")
    assert command("run", "recordings/", "rows/", "--scheduler", address) == 0
    assert capsys.readouterr().out == "10 recordings (2 damaged, 8 whole): 41 judgements in 1 file\n"
    assert command("run", "recordings/", "rows/") == 0
    assert capsys.readouterr().out.endswith("\n10 of them were judged before\n")
    assert command("ask", "rows/") == 0
    assert set(questions()) <= set(capsys.readouterr().out.split())
    assert command("ask", "rows/", "denied-by-reason") == 0
    assert capsys.readouterr().out.splitlines()[2].split() == [
        "method-not-allowed",
        "preflight",
        "2",
        "14.29",
        "2",
        "2",
    ]
    assert command("ask", "rows/", "denied-by-reason", "--output", "denied.csv") == 0
    with open("denied.csv") as file:
        assert [row["denied"] for row in csv.DictReader(file)] == ["2", "1"]
    assert command("ask", "rows/", "denied-by-reason", "--sql") == 0
    assert [row[2] for row in duckdb.connect().execute(capsys.readouterr().out).fetchall()] == [2, 1]
    Path("own.sql").write_text("SELECT count(*) AS found FROM judgements WHERE engine = 'chromium';")
    assert command("ask", "rows/", "own.sql") == 0
    assert capsys.readouterr().out.split()[-1] == "41"


def test_the_commands_in_readme(tmp_path: Path, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them, as they stand; on workers that are here already."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "workers", lambda *_: nullcontext(client))
    make(tmp_path / "recordings", 10)
    lines = [shlex.split(line) for line in COMMANDS if line.startswith("cors-addon pipeline ")]
    assert [cli.main(words[1:]) for words in lines] == [0] * 5
    assert len(states("rows")) == 10
    with open("saves.csv") as file:
        assert [row["preflights"] for row in csv.DictReader(file)] == ["5", "4", "1"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "nowhere", "rows"], "nowhere: no such file or folder"),
        (["run", "empty", "rows"], "empty: no recording is there"),
        (["run", "in", "in/rows"], "/in/rows lies in "),
        (["run", "in", "rows", "--only", "*.saz"], "no recording is there of the name '*.saz'"),
        (["run", "in", "made", "--engine", "gecko"], "/made holds rows by cors_addon "),
        (["run", "what://in", "rows"], "Protocol not known: what"),
        (["ask", "rows", "denied-by-reason"], "/rows: no rows are there"),
        (["ask", "made", "why"], "why is no question and no file; one of blocked-by-kind, denied-by-reason, "),
        (["ask", "made", "wrong.sql"], "Catalog Error"),
        (["ask", "made", "denied-by-reason", "--output", "x.xls"], "x.xls: its name must end in .csv, .json, .parquet"),
    ],
)
def test_what_cannot_be_done_is_said(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a line, with exit code 2; no worker is started for it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "workers", lambda *_: no_workers())
    Path("empty").mkdir()
    Path("in").mkdir()
    Path("in", "a.har").write_text(har(entry()))
    Path("wrong.sql").write_text("SELECT * FROM nothing")
    Parts("made").write("part-a.parquet", rows.rows("in/a.har", Recording("a.har", "1", 1)))
    assert command(*words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize("package", ["fsspec", "duckdb", "distributed"])
def test_what_is_not_installed_is_said(
    package: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the way to have it."""
    (tmp_path / "a.har").write_text(har(entry()))
    monkeypatch.setitem(sys.modules, package, None)
    assert command("run", tmp_path / "a.har", tmp_path / "rows") == 2
    assert capsys.readouterr().err == (
        f"cors-addon pipeline: {package} is not installed: pip install distributed duckdb fsspec\n"
    )


def test_the_extra_has_what_is_needed() -> None:
    """All that the code imports and that is not cors_addon's own, as the tests have it; and the core gains none."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extra = settings["optional-dependencies"]["pipeline"]
    assert set(extra) <= set(settings["optional-dependencies"]["test"])
    named = {re.split(r"\W", each)[0] for each in extra}
    found = {
        name.partition(".")[0] for file in (PACKAGE / "pipeline").rglob("*.py") for _, name in imports(tree_of(file))
    }
    assert found - sys.stdlib_module_names - {"cors_addon"} == named
    assert not named & {re.split(r"\W", each)[0] for each in settings["dependencies"]}
    listed = "import cors_addon.cli.main, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", listed], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not named & set(loaded.split())


def test_only_files_are_read(tmp_path: Path, judge_all: Any) -> None:
    """A pipe or a device would hold a worker for ever."""
    os.mkfifo(tmp_path / "pipe.har")
    (tmp_path / "link.har").symlink_to(tmp_path / "pipe.har")
    (tmp_path / "a.har").write_text(har(entry()))
    judge_all(tmp_path, tmp_path.parent / "rows")
    assert states(tmp_path.parent / "rows") == {"a.har": "whole"}
