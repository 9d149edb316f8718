"""The library: what `import cors_addon` gives to other programs."""

import gzip
import io
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest

import cors_addon
from cors_addon import cli
from cors_addon.engines import ALL
from cors_addon.recordings import judge as recordings
from cors_addon.report.explanation import explain
from cors_addon.report.input import Input
from cors_addon.session.session import last_of
from tests.helpers import ALLOW, ALLOW_PUT, actual, preflight
from tests.test_check import write
from tests.test_har import CASES, entry, har

ASKED = {"Access-Control-Request-Method": "PUT"}

CONTRADICTED = [entry("OPTIONS", request=ASKED, response={}), entry("PUT", at=1)]
"""The request was sent although its preflight was refused, which revises the preflight's judgement."""


def lines(recording: Path, capsys: pytest.CaptureFixture[str], *options: str) -> list[Any]:
    """What `cors-addon check` writes."""
    cli.main(["check", str(recording), "--format", "jsonl", "--fail-on", "never", *options])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


HARS = sorted(CASES.glob("*.har"))


@pytest.mark.parametrize("file", HARS, ids=lambda file: file.stem)
@pytest.mark.parametrize("engine", ["auto", "gecko"])
def test_a_judgement_is_its_json_line(file: Path, engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Field for field and in order, each revision, even looked at in the end; there and back through pickle."""
    found = list(cors_addon.judge(file, engine=engine))
    wanted = lines(file, capsys, "--engine", engine)
    assert [each.to_dict() for each in found] == wanted
    assert [list(each.to_dict()) for each in found] == [list(line) for line in wanted]
    assert [json.dumps(each.to_dict()) for each in found] == [json.dumps(line) for line in wanted]
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert [each.to_dict() for each in again] == wanted
    assert [cors_addon.explain(each) for each in again] == [cors_addon.explain(each) for each in found]


def test_every_kind_of_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A path in either form, an open file, entries; a dump; packed or not."""
    file, packed, dump = tmp_path / "a.har", tmp_path / "a.har.gz", tmp_path / "a.mitm"
    text = har(*CONTRADICTED)
    file.write_text(text)
    packed.write_bytes(gzip.compress(text.encode()))
    write(dump, preflight(ALLOW_PUT), actual(ALLOW, method="PUT", at=1))
    wanted = lines(file, capsys)
    assert [line["flow_id"] for line in wanted] == ["a.har#0", "a.har#1", "a.har#0"]

    def told(found: Any) -> list[dict[str, Any]]:
        return [each.to_dict() | {"flow_id": None, "paired_with": None} for each in found]

    expected = [line | {"flow_id": None, "paired_with": None} for line in wanted]
    with file.open("rb") as opened:
        for recording in (file, str(file), opened, io.BytesIO(text.encode()), packed):
            assert told(cors_addon.judge(recording)) == expected
    named = list(cors_addon.judge(entry for entry in CONTRADICTED))
    assert told(named) == expected
    assert [each.flow_id for each in named] == ["entries#0", "entries#1", "entries#0"]
    assert [each.to_dict() for each in cors_addon.judge(dump)] == lines(dump, capsys)
    assert [each.preflight for each in cors_addon.judge(dump)] == [None, "sent", None]


def test_a_name_that_no_file_can_have_and_a_closed_file_are_told() -> None:
    """By the error of recordings, which names them."""
    closed = io.BytesIO(b"{}")
    closed.close()
    for recording, fault in (
        ("a\0b.har", "no file can have this name"),
        (closed, "cannot be read"),
    ):
        with pytest.raises(cors_addon.RecordingError, match=fault) as raised:
            list(cors_addon.judge(recording))
        assert raised.value.name in (recording, "file")


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    """Nothing was recorded, which is no fault of the file; a HAR cannot be empty."""
    empty, told = tmp_path / "a.mitm", []
    empty.touch()
    assert list(cors_addon.judge(empty, on_note=lambda text, _: told.append(text))) == []
    assert told == ["an empty file: nothing was recorded"]


def test_what_was_given_never_changes() -> None:
    """Neither by later traffic nor by whoever got it."""
    found = cors_addon.judge(CONTRADICTED)
    first = next(found)
    before = first.to_dict(), cors_addon.explain(first)
    *_, last = found
    assert (last.flow_id, last.revision, last.contradicted) == (first.flow_id, 2, True)
    assert (first.to_dict(), cors_addon.explain(first)) == before
    assert first.contradicted is False
    first.to_dict()["assumptions"].append("mine")
    assert first.to_dict() == before[0]
    with pytest.raises(FrozenInstanceError):
        first.verdict = cors_addon.Verdict.ALLOW  # type: ignore[misc]


def test_the_explanation_is_that_of_the_addon() -> None:
    """With its preflight, though the one is copied out of the other's company."""
    file = CASES / "firefox.har"
    mine = {each.flow_id: cors_addon.explain(each) for each in cors_addon.judge(file)}
    theirs = last_of(recordings.judged(str(file), Input(str(file))))
    assert mine == {flow_id: explain(each) for flow_id, each in theirs.items()}


def test_names_are_typed() -> None:
    """What has a name of its own in the library is one of those."""
    [refused] = cors_addon.judge([entry(response={})])
    assert refused.verdict is cors_addon.Verdict.DENY
    assert refused.reason is cors_addon.Reason.ALLOW_ORIGIN_MISSING
    assert refused.engine is cors_addon.Engine.CHROMIUM
    assert type(refused.role) is str
    assert type(refused.to_dict()["verdict"]) is type(refused.to_dict()["engine"]) is str
    assert {each.value for each in cors_addon.Engine} == {"auto", *ALL}


def test_fields_are_those_of_the_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    """No more, no fewer, in the same order."""
    [line, *_] = lines(HARS[0], capsys)
    assert [each.name for each in fields(cors_addon.Judgement) if each.name[0] != "_"] == list(line)


def test_public_names() -> None:
    """Each says that it is of `cors_addon`, and all are found without having been loaded."""
    for name in cors_addon.__all__:
        assert getattr(cors_addon, name).__module__ == "cors_addon"
        assert name in dir(cors_addon)
    assert repr(cors_addon.judge).startswith("<function judge")
    with pytest.raises(AttributeError, match="has no attribute 'jugde'"):
        cors_addon.jugde  # noqa: B018


# ── what is wrong ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_damage_comes_after_what_was_whole(tmp_path: Path) -> None:
    """With the file, the place and the fault."""
    file = tmp_path / "cut.har"
    text = har(*CONTRADICTED)
    file.write_text(text[: text.rindex('"response"')])
    found = cors_addon.judge(str(file))
    assert next(found).flow_id == "cut.har#0"
    with pytest.raises(cors_addon.RecordingError) as raised:
        next(found)
    error = raised.value
    assert str(error) == f"{file}: {error.fault}, at byte {error.offset}"
    assert "the file ends" in error.fault
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda file: None, "cannot be read: No such file or directory"),
        (lambda file: file.mkdir(), "cannot be read: Is a directory"),
        (
            lambda file: file.write_text("hello"),
            "no recording: what is read is a mitmproxy dump, HAR, ",
        ),
        (lambda file: file.write_text("{}"), "JSON, but no HAR: it has no log.entries, at byte 0"),
    ],
)
def test_unusable_file(make: Callable[[Path], object], fault: str, tmp_path: Path) -> None:
    """One error for all, with the file's name."""
    file = tmp_path / "x.har"
    make(file)
    with pytest.raises(cors_addon.RecordingError) as raised:
        list(cors_addon.judge(file))
    assert str(raised.value).startswith(f"{file}: {fault}")


@pytest.mark.parametrize(
    ("recording", "words"),
    [
        (17, "a path, a file open for bytes, or the entries of a HAR (its log.entries) are wanted, not int"),
        (None, "are wanted, not NoneType"),
        (b"{}", "are wanted, not bytes"),
        ({"log": {"entries": []}}, "are wanted, not dict"),
        (io.StringIO("{}"), 'a file that is open for text; open it for bytes, with "rb"'),
    ],
)
def test_what_is_no_recording(recording: Any, words: str) -> None:
    """Is said at once, with what is wanted."""
    with pytest.raises(TypeError) as raised:
        cors_addon.judge(recording)
    assert str(raised.value).startswith("recording: ")
    assert words in str(raised.value)


def test_what_is_no_judgement() -> None:
    """Is said, with what is wanted."""
    with pytest.raises(TypeError, match=r"judgement: one of cors_addon\.judge is wanted, not str"):
        cors_addon.explain("x")  # type: ignore[arg-type]


def test_what_is_no_entry() -> None:
    """With its number, after those before it."""
    found = cors_addon.judge([entry(), "no entry", entry()])  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"recording: entry 1 is no HAR entry \(a dict\), but str"):
        list(found)


@pytest.mark.parametrize("engine", ["blink", "", "Chromium"])
def test_unknown_engine(engine: str) -> None:
    """The known ones are named."""
    with pytest.raises(ValueError, match=f"engine: '{engine}' is not known; one of auto, chromium, gecko, webkit, fet"):
        cors_addon.judge([], engine=engine)


def test_notes() -> None:
    """What a recording does not tell, and of how many exchanges."""
    notes: dict[str, int] = {}
    given = [entry(), {"request": 1}, {}, {"request": {"url": "https://a.test/", "method": "GET"}}]
    assert len(list(cors_addon.judge(given, on_note=notes.__setitem__))) == 1
    assert notes["no exchange: the entry has no usable request or response"] == 2


# ── what it costs ─────────────────────────────────────────────────────────────────────────────────────────────────────

NEEDLESS = {"mitmproxy", "zipfile", "lzma", "bz2", "email", "difflib", "publicsuffix2", "pathlib", "argparse", "ruamel"}
"""Each takes a while to import, and few recordings need any."""


def test_a_har_is_judged_without_mitmproxy() -> None:
    """Nor what else takes long to import; importing the package alone loads nothing of it."""
    code = (
        "import sys, cors_addon\n"
        "print([name for name in sys.modules if name.startswith('cors_addon.')])\n"
        "print(len([each.verdict for each in cors_addon.judge(sys.argv[1])]))\n"
        "print(sorted(name.partition('.')[0] for name in sys.modules))\n"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(Path(cors_addon.__file__).parents[1])!r})\n{code}",
            str(HARS[0]),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded, count, modules = done.stdout.splitlines()
    assert loaded == "[]"
    assert int(count)
    assert not NEEDLESS & set(json.loads(modules.replace("'", '"')))
