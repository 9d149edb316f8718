"""Which versions of packages the tests run with: the files that say so are whole, and say what is there."""

import importlib.machinery
import importlib.metadata
import importlib.util
import os
import re
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
SCRIPTS = ROOT / "scripts"
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
CHOICE = os.environ.get("CORS_PACKAGES", "tested")


@pytest.fixture(scope="module")
def renewing() -> ModuleType:
    """scripts/renew-versions, as a module."""
    loader = importlib.machinery.SourceFileLoader("renew_versions", str(SCRIPTS / "renew-versions"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def held(choice: str) -> dict[str, str]:
    """The versions that a file holds this Python to, by name."""
    lines = [
        Requirement(line) for line in (SCRIPTS / f"{choice}-versions.txt").read_text().splitlines() if line[0] != "#"
    ]
    here = [line for line in lines if line.marker is None or line.marker.evaluate()]
    for line in here:
        [one] = line.specifier
        assert one.operator == "=="
        assert not line.url
    assert len({line.name for line in here}) == len(here)
    return {line.name: next(iter(line.specifier)).version for line in here}


def installed(renewing: ModuleType) -> dict[str, str]:
    """The versions of all that is required, and of what that requires in turn, as installed; by name."""
    found: dict[str, str] = {}
    waiting = [one.name for one in required() if one.name != "hatchling"]  # which builds elsewhere
    while waiting:
        name = renewing.normalized(waiting.pop())
        if name not in found:
            there = importlib.metadata.distribution(name)
            found[name] = there.version
            needed = map(Requirement, there.requires or [])
            waiting += [one.name for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    return found


def required() -> list[Requirement]:
    """What pyproject.toml names, for this Python."""
    project = SETTINGS["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["test"], *SETTINGS["build-system"]["requires"]]
    return [one for one in map(Requirement, lines) if one.marker is None or one.marker.evaluate()]


def test_what_is_installed_is_what_was_chosen(renewing: ModuleType) -> None:
    """Whole: else one day's packages would be others than another's."""
    there = installed(renewing)
    assert {"mitmproxy", "tornado", "pytest", "pluggy"} <= there.keys()
    if CHOICE == "newest":
        assert all(one.specifier.contains(there[one.name]) for one in required() if one.name in there)
    else:
        expected = held(CHOICE)
        assert {name: expected.get(name) for name in there} == there


@pytest.mark.parametrize("choice", ["tested", "oldest"])
def test_the_files_hold_all_that_is_required(choice: str, renewing: ModuleType) -> None:
    """In versions that pyproject.toml permits."""
    versions = held(choice)
    for one in required():
        assert one.specifier.contains(versions[renewing.normalized(one.name)]), one


def test_the_oldest_are_the_lower_bounds(renewing: ModuleType) -> None:
    """So that what pyproject.toml promises is what is tried."""
    versions = held("oldest")
    for one in required():
        [bound] = one.specifier
        assert bound.operator == ">="
        assert Version(versions[renewing.normalized(one.name)]) == Version(bound.version), one


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        ({"3.12": {"a": "1"}, "3.13": {"a": "1"}}, ["a==1"]),
        ({"3.12": {"a": "1"}, "3.13": {}}, ["a==1"]),
        (
            {"3.12": {"a": "1"}, "3.13": {"a": "2"}, "3.14": {"a": "2"}},
            ['a==1; python_version < "3.13"', 'a==2; python_version >= "3.13"'],
        ),
        (
            {"3.14": {"b": "1", "a": "3"}, "3.9": {"a": "1"}, "3.10": {"a": "2"}},
            [
                'a==1; python_version < "3.10"',
                'a==2; python_version >= "3.10" and python_version < "3.14"',
                'a==3; python_version >= "3.14"',
                "b==1",
            ],
        ),
    ],
)
def test_versions_of_several_pythons_are_merged(
    renewing: ModuleType, found: dict[str, dict[str, str]], lines: list[str]
) -> None:
    """One line where they agree; else markers, which cover every series and those to come."""
    assert list(renewing.merged(found)) == lines


def test_lower_bounds_are_read(renewing: ModuleType) -> None:
    """Markers stay."""
    settings = {
        "build-system": {"requires": ["b>=1"]},
        "project": {
            "dependencies": ["r-x.y>=0.1; python_version < '3'"],
            "optional-dependencies": {"test": ["t>=2.0"]},
        },
    }
    assert list(renewing.lower_bounds(settings)) == ["b==1", "r-x.y==0.1; python_version < '3'", "t==2.0"]


@pytest.mark.parametrize("command", ["run", "test"])
def test_an_unknown_choice_is_refused(command: str) -> None:
    """Before anything is set up."""
    done = subprocess.run(
        [SCRIPTS / command], env=os.environ | {"CORS_PACKAGES": "latest"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == 'CORS_PACKAGES is "latest"; it may be tested, newest or oldest.\n'


@pytest.mark.parametrize("options", [[], ["--quick"], ["--oldest"], ["--newest", "--quick"]])
def test_help_names_each_way(options: list[str]) -> None:
    """Whatever stands before it."""
    done = subprocess.run([SCRIPTS / "test", *options, "--help"], capture_output=True, text=True, check=True)
    assert {"--quick", "--newest", "--oldest"} <= set(done.stdout.split())


def test_quick_leaves_out_what_needs_a_browser_or_a_server() -> None:
    """All such tests are in the folders that it leaves out: no other test imports what starts one."""
    text = (SCRIPTS / "test").read_text()
    assert "outside=(tests/browser tests/servers)\n" in text
    assert text.count('"${outside[@]/#/--ignore=}"') == 2
    starts = re.compile(
        r"^from tests\.(?:browser|servers)\b.* import .*\b(?:Launch|SERVERS|load_driver)\b", re.MULTILINE
    )
    found = {file for file in (ROOT / "tests").rglob("test_*.py") if starts.search(file.read_text())}
    assert len(found) >= 4
    assert {file.parent.name for file in found} == {"browser", "servers"}
