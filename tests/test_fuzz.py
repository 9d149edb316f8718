"""What is fuzzed bears its corpus and a few inputs made of it: scripts/fuzz goes on from here for hours."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from tests.fuzz import targets
from tests.fuzz.mutate import mutate

ROOT = Path(__file__).parent.parent
DRAWN = 25
"""Inputs of each target."""


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    yield
    targets.close()


@pytest.mark.parametrize("name", targets.TARGETS)
def test_what_is_fuzzed_bears_it(name: str) -> None:
    """The corpus, and inputs made of it, the same each time."""
    target, draw = targets.TARGETS[name], Random(1)
    known = [file.read_bytes() for file in sorted((targets.CORPUS / name).iterdir())]
    for data in [*known, *(mutate(draw.choice(known), target.form, draw) for _ in range(DRAWN))]:
        target.run(data)


@pytest.mark.parametrize("name", targets.TARGETS)
def test_the_corpus_reaches_what_is_judged(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nothing but a parser would be tried; and a folder belongs to each target."""
    found = 0

    def count(_data: bytes, judgements: list[object], _into: object) -> None:
        nonlocal found
        found += len(judgements)

    monkeypatch.setattr(targets, "told", count)
    for file in (targets.CORPUS / name).iterdir():
        targets.TARGETS[name].run(file.read_bytes())
    assert found or name in ("explain", "policy")
    assert {each.name for each in targets.CORPUS.iterdir()} == targets.TARGETS.keys()


def test_a_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the addon would only log fails here."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("cors_addon.proxy.judging.Judging.judge", fail)
    with pytest.raises(ZeroDivisionError):
        targets.flows((targets.CORPUS / "flows" / "preflight").read_bytes())


@pytest.mark.parametrize(
    ("form", "data", "read"),
    [
        ("json", b'{"a": [1, {"b": "c"}], "d": "e"}', json.loads),
        ("lines", b'{"a": 1}\n{"b": ["c", 2]}', lambda data: list(map(json.loads, data.splitlines()))),
    ],
)
def test_what_is_changed_keeps_its_form(form: str, data: bytes, read: Callable[[bytes], object]) -> None:
    """Most of the time, and it is another."""
    made = [mutate(data, form, Random(seed)) for seed in range(100)]
    assert made == [mutate(data, form, Random(seed)) for seed in range(100)]
    assert len(set(made)) > 50
    for each in made:
        read(each)


def test_one_input_alone(tmp_path: Path) -> None:
    """As one that failed is looked at."""
    given = tmp_path / "input"
    given.write_bytes(b"No 'Access-Control-Allow-Origin' header is present")
    command = [sys.executable, "-m", "tests.fuzz", "explain", str(given)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
