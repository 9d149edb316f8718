"""The option `cors_report` and the command `cors.report`."""

import asyncio
import contextlib
import gc
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import exceptions
from mitmproxy.addons.view import View

from cors_addon.proxy import reporting
from cors_addon.proxy.reporting import Gathered
from cors_addon.report import atomic_file, summary
from tests import waits
from tests.helpers import ALLOW, ALLOW_PUT, PAGE, Proxy, actual, flow, preflight, proxy
from tests.test_report_html import Parsed

OURS = (*ALLOW, ("Access-Control-Allow-Credentials", "true"))


def read(path: Path) -> Any:
    """The data of a report."""
    return Parsed(path.read_text("ascii")).data


def ids(path: Path) -> list[str]:
    """Of the exchanges that a report lists."""
    return [member["id"] for fetch in read(path)["fetches"] for member in fetch["members"]]


def test_written_at_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With what only the end shows; nothing is written before."""
    file = tmp_path / "report.html"
    asked, sent, other = preflight(ALLOW_PUT), actual(OURS, method="PUT", at=0.1), flow(at=1)
    with caplog.at_level(logging.INFO), proxy(cors_report=str(file)) as running:
        running.pass_through(asked, sent, other, preflight([], at=2))
        assert not file.exists()
    data = read(file)
    assert (data["totals"]["judged"], data["totals"]["states"]["deny"]) == (3, 1)
    assert ids(file)[:2] == [asked.id, sent.id]
    assert f"cors_report: 3 exchanges reported in {file}" in caplog.messages


def test_one_exchange_is_told_as_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In the log as in the answer to the command."""
    file = tmp_path / "report.html"
    with caplog.at_level(logging.INFO), proxy(cors_report=str(file)) as running:
        running.pass_through(actual(ALLOW))
        assert running.command("cors.report") == f"1 exchange reported in {file}."
    assert f"cors_report: 1 exchange reported in {file}" in caplog.messages


def test_it_covers_flows_that_mitmproxy_let_go(tmp_path: Path) -> None:
    """mitmdump keeps none."""
    file = tmp_path / "report.html"
    with proxy(cors_report=str(file)) as running:
        running.addon._publisher.annotations.has_view = False
        for number in range(20):
            running.pass_through(actual(ALLOW, at=number))
    assert len(ids(file)) == 20


def test_on_command(tmp_path: Path) -> None:
    """Without the option: the flows that are still here, in the verdict's last revision."""
    file = tmp_path / "report.html"
    flows = [preflight(ALLOW_PUT), actual(ALLOW, method="PUT", at=0.1)]
    with proxy() as running:
        running.pass_through(*flows)
        gone = actual([], at=1)
        running.pass_through(gone)
        gone_id = gone.id
        del gone
        gc.collect()
        assert running.command("cors.report", str(file)) == f"2 exchanges reported in {file}."
    assert ids(file) == [each.id for each in flows]
    assert gone_id not in file.read_text()


def test_nothing_is_here(tmp_path: Path) -> None:
    """What to do is said, where there is something to do."""
    file = tmp_path / "report.html"
    with proxy() as running:
        hint = "Where no flows are kept (mitmdump), set cors_report first."
        assert running.command("cors.report", str(file)) == f"0 exchanges reported in {file}. {hint}"
        running.set(cors_report=str(file))
        assert running.command("cors.report") == f"0 exchanges reported in {file}."


def test_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` stands for the user's folder, as with every other file."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with proxy() as running:
        running.pass_through(actual(ALLOW))
        running.command("cors.report", "~/report.html")
    assert len(ids(tmp_path / "report.html")) == 1


def test_what_is_cleared_is_not_reported(tmp_path: Path) -> None:
    """Though it may linger in memory."""
    file, view = tmp_path / "report.html", View()
    cleared, listed = actual([]), actual([], at=1)
    with proxy(view) as running:
        running.pass_through(cleared, listed)
        view.add([cleared, listed])
        view.remove([cleared])
        assert running.command("cors.report", str(file)) == f"1 exchange reported in {file}."
    assert ids(file) == [listed.id]


def test_the_command_needs_no_path_where_the_option_has_one(tmp_path: Path) -> None:
    """And it may name another."""
    file, other = tmp_path / "report.html", tmp_path / "other.html"
    with proxy(cors_report=str(file)) as running:
        running.pass_through(actual([]))
        assert running.command("cors.report") == f"1 exchange reported in {file}."
        assert ids(file)
        assert running.command("cors.report", str(other)) == f"1 exchange reported in {other}."
    assert ids(file) == ids(other)


def test_set_while_running(tmp_path: Path) -> None:
    """What is still here counts from its beginning; without the option nothing is gathered."""
    file = tmp_path / "report.html"
    flows = [actual([], at=number) for number in range(3)]
    with proxy() as running:
        running.pass_through(flows[0])
        assert _reporting(running).gathered is None
        running.set(cors_report=str(file))
        running.pass_through(flows[1])
        running.set(cors_report=str(tmp_path / "moved.html"))
        running.pass_through(flows[2])
    assert not file.exists()
    assert ids(tmp_path / "moved.html") == [each.id for each in flows]


def test_switched_off(tmp_path: Path) -> None:
    """Then it is not written."""
    with proxy(cors_report=str(tmp_path / "report.html")) as running:
        running.pass_through(actual([]))
        running.set(cors_report="")
        assert _reporting(running).gathered is None
    assert list(tmp_path.iterdir()) == []


def _reporting(running: Proxy) -> reporting.Reporting:
    found = running.addon._reporting
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("/nowhere/at/all.html", "cors_report: the folder /nowhere/at does not exist"),
        ("/", "cors_report: / is a folder, not a file"),
    ],
)
def test_bad_option(value: str, fault: str) -> None:
    """Said at once, not at the end."""
    with proxy() as running, pytest.raises(exceptions.OptionsError, match=fault):
        running.set(cors_report=value)


def test_bad_command(tmp_path: Path) -> None:
    """The fault and the file are named."""
    with proxy() as running:
        with pytest.raises(exceptions.CommandError, match="name a file, or set the option cors_report"):
            running.command("cors.report")
        with pytest.raises(exceptions.CommandError, match=r"cannot write /nowhere/x\.html: No such file or directory"):
            running.command("cors.report", "/nowhere/x.html")
        with pytest.raises(exceptions.CommandError, match="it is a folder, and only a file is written"):
            running.command("cors.report", str(tmp_path))


def test_what_fails_at_the_end_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The folder may be gone by then. The rest of the end takes place."""
    folder = tmp_path / "folder"
    folder.mkdir()
    with proxy(cors_report=str(folder / "x.html"), cors_jsonl=str(tmp_path / "x.jsonl")) as running:
        running.pass_through(actual([]))
        folder.rmdir()
    assert f"cors_report: cannot write {folder / 'x.html'}: No such file or directory" in caplog.messages
    assert running.addon._json_lines is None
    assert "cors.report" not in running.master.commands.commands


def test_shadow_and_rewritten(tmp_path: Path) -> None:
    """What policies would change, and what they did change."""
    policy, file = tmp_path / "cors.yaml", tmp_path / "report.html"
    common = "    filter: ~d api.example.test\n    origins: [https://app.example.test]\n    methods: [PUT]\n"
    policy.write_text(
        f"policies:\n  - name: tried\n{common}    mode: shadow\n"
        "  - name: used\n    filter: ~d used.test\n    origins: [https://app.example.test]\n"
    )

    async def through() -> None:
        with proxy(cors_policy=str(policy), cors_report=str(file)) as running:
            running.addon.running()
            running.pass_through(preflight([]), actual([], url="https://used.test/x", at=1))

    asyncio.run(through())
    data = read(file)
    [group] = data["policies"]["groups"]
    assert group[:2] == ["tried", "newly passes"]
    [rewritten] = [detail["rewritten"] for detail in data["details"] if "rewritten" in detail]
    assert (rewritten["policy"], rewritten["serverVerdict"]) == ("used", "deny")
    assert ["access-control-allow-origin", None, PAGE] in rewritten["edits"]


def test_bodies(tmp_path: Path) -> None:
    """The first words of a refusing answer's; of a long one its beginning."""
    file = tmp_path / "report.html"
    short, long = preflight([], body=b"<p>no <script>such</script> origin"), preflight([], body=b"x" * 20_000, at=1)
    with proxy() as running:
        running.pass_through(short, long)
        running.command("cors.report", str(file))
    assert [detail["body"] for detail in read(file)["details"] if "body" in detail] == ["no", "x" * 300]


def test_traffic_does_not_wait_for_a_report_of_many(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is made in a thread; what is judged meanwhile is in the next one, and a second is not begun beside it."""
    file, last = tmp_path / "report.html", tmp_path / "last.html"
    flows = [actual([], at=number) for number in range(200)]
    late = [actual([], at=1000 + number) for number in range(3)]

    async def play() -> None:
        with proxy(cors_report=str(last)) as running:
            running.pass_through(*flows)
            said = running.command("cors.report", str(file))
            assert said == f"200 exchanges are being reported in {file}; the log says when it is done."
            with pytest.raises(exceptions.CommandError, match="one is being written"):
                running.command("cors.report", str(file))
            running.pass_through(*late)  # the thread cannot end before this one lets it tell so
            await waits.until(lambda: f"cors.report: 200 exchanges reported in {file}" in caplog.messages)
            assert ids(file) == [each.id for each in flows]
            await waits.until(lambda: _reporting(running)._rendering is False)
            assert running.command("cors.report", str(file)).startswith("203 exchanges")

    with caplog.at_level(logging.INFO):
        asyncio.run(play())
    assert ids(last) == [each.id for each in (*flows, *late)]
    assert ids(file) == ids(last)


@pytest.mark.parametrize("by_option", [True, False])
def test_the_end_waits_for_a_report_that_is_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_option: bool
) -> None:
    """Also for one that is made, and not in its file yet; an option's file gets all there is after that."""
    file, written, go_on = tmp_path / "report.html", [], threading.Event()
    original = atomic_file.replacing

    @contextlib.contextmanager
    def slowly(path: Path, **how: Any) -> Iterator[Any]:
        with original(path, **how) as to:
            yield to
            if threading.current_thread().name == "cors.report":
                go_on.wait(20)
            written.append(threading.current_thread().name)

    monkeypatch.setattr(atomic_file, "replacing", slowly)

    async def play() -> None:
        flows = [actual([], at=number) for number in range(50)]
        with proxy(cors_report=str(file) if by_option else "") as running:
            running.pass_through(*flows)
            running.command("cors.report", str(file))
            await waits.until(lambda: _reporting(running)._rendering is False)
            with pytest.raises(exceptions.CommandError, match="one is being written"):
                running.command("cors.report", str(file))
            running.pass_through(actual([], at=1000))
            writer = _reporting(running)._writer
            assert writer is not None
            wait = writer.join

            def waited() -> None:
                go_on.set()
                wait()

            monkeypatch.setattr(writer, "join", waited)

    asyncio.run(play())
    assert written == (["cors.report", "MainThread"] if by_option else ["cors.report"])
    assert len(ids(file)) == (51 if by_option else 50)
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_the_option_changes_while_a_report_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is counted twice, nor left out."""
    last, go_on = tmp_path / "last.html", threading.Event()
    original = Gathered.render

    def slowly(self: Gathered, body_of: Any) -> str:
        if threading.current_thread().name == "cors.report":
            go_on.wait(20)
        return original(self, body_of)

    monkeypatch.setattr(Gathered, "render", slowly)
    monkeypatch.setattr(summary, "REMEMBERED", 1)  # what is told twice is counted twice
    flows = [actual([], at=number) for number in range(56)]

    async def play() -> None:
        with proxy(cors_report=str(tmp_path / "first.html")) as running:
            running.pass_through(*flows[:50])
            running.command("cors.report")
            running.pass_through(*flows[50:52])
            running.set(cors_report="")
            running.pass_through(*flows[52:54])
            running.set(cors_report=str(last))
            running.pass_through(*flows[54:])
            go_on.set()
            await waits.until(lambda: _reporting(running)._rendering is False)

    asyncio.run(play())
    assert ids(last) == [each.id for each in flows]
    assert read(last)["totals"]["judged"] == 56
    assert len(ids(tmp_path / "first.html")) == 50


def test_a_report_of_many_cannot_be_written(tmp_path: Path) -> None:
    """Which is told at once, and the next one can be tried."""
    folder = tmp_path / "folder"

    async def play() -> None:
        with proxy() as running:
            flows = [actual([], at=number) for number in range(50)]
            running.pass_through(*flows)
            with pytest.raises(exceptions.CommandError, match=r"cannot write .*: No such file or directory"):
                running.command("cors.report", str(folder / "x.html"))
            assert running.command("cors.report", str(tmp_path / "x.html")).startswith("50 exchanges are being")
            await waits.until(lambda: _reporting(running)._rendering is False)

    asyncio.run(play())
    assert len(ids(tmp_path / "x.html")) == 50
