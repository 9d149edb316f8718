"""The reference pages in docs/: they say what the code does, and leave nothing out."""

import importlib.machinery
import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cors_addon.fetch.embedder_policy import EmbedderPolicy
from cors_addon.fetch.refusals import Reason
from cors_addon.fetch.resource_policy import ResourcePolicy
from cors_addon.policy import model, read
from cors_addon.proxy.settings import NAMES
from cors_addon.reasons.finding import FindingName
from cors_addon.report import jsonl
from tests.helpers import ALLOW, actual, observe

ROOT = Path(__file__).parent.parent


def load() -> ModuleType:
    """scripts/reference, as a module."""
    loader = importlib.machinery.SourceFileLoader("reference", str(ROOT / "scripts" / "reference"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


REFERENCE: Any = load()
WRITTEN = {"threats.md"}
"""Pages that are written by hand."""


@pytest.mark.parametrize("name", REFERENCE.PAGES)
def test_each_page_is_what_the_code_says(name: str) -> None:
    """Else `scripts/reference` writes it anew."""
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == REFERENCE.PAGES[name]().rstrip("\n") + "\n"


def test_no_page_is_left_behind() -> None:
    """Nor is one missing in README."""
    docs = ROOT / "docs"
    pages = {file.relative_to(docs).as_posix() for file in docs.rglob("*.md")}
    assert pages == REFERENCE.PAGES.keys() | WRITTEN
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {name for name in pages if "/" not in name and f"(docs/{name})" not in readme} == set()


def test_every_field_of_a_line_is_told() -> None:
    """In the line's own order."""
    [judgement] = observe(actual(ALLOW))
    assert list(REFERENCE.LINE) == list(jsonl.line(judgement))


def test_every_key_of_a_policy_and_every_value_is_told() -> None:
    """And no other."""
    assert tuple(REFERENCE.POLICY) == read.KEYS
    for kinds, told in zip(
        (
            *(model.Mode, model.Preset, model.Preflights, model.Others),
            ResourcePolicy,
            EmbedderPolicy,
            model.OpenerPolicy,
        ),
        REFERENCE.VALUES.values(),
        strict=True,
    ):
        assert list(told) == list(kinds)


def test_every_reason_finding_option_and_command_is_told() -> None:
    """Under a heading, or in a row, of its own."""
    pages = {name: page() for name, page in REFERENCE.PAGES.items()}
    headings = re.findall(r"^### (\S+)$", pages["reasons.md"], re.MULTILINE)
    assert set(headings) == {*Reason, *FindingName}
    rows = set(re.findall(r"^\| `([^\s`]+)", pages["options-and-commands.md"], re.MULTILINE))
    assert rows >= NAMES
    assert {"cors.explain", "cors.pair", "cors.allow", "cors.probe", "cors.report"} <= rows
    assert {"check", "demo", "explain", "policy check"} <= set(
        re.findall(r"^#+ cors-addon (.+)$", pages["command-line.md"], re.MULTILINE)
    )


def test_what_contributing_names_is_there() -> None:
    """Each file and folder, by its path from the top."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:cors_addon|tests|scripts)/[\w./-]*)", text))
    assert len(named) >= 20
    assert {path for path in named if not (ROOT / path).exists()} == set()
