"""The house's rules: which floor may import what, what never enters the repository, and that README is kept true."""

import ast
import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "cors_addon"

# Imports go strictly down: a part imports from itself and from lower floors, never from a neighbour.
FLOORS = {
    "fetch": 0,
    "remedies": 0.5,  # between the two: `reasons` explains what is pasted by the same remedies
    "engines": 1,
    "reasons": 1,
    "exchange": 2,
    "policy": 3,
    "audit": 3,
    "browser": 3,
    "servers": 3,
    "session": 4,
    "report": 5,
    "flows": 5,
    "proxy": 6,
    "recordings": 6,
    "start": 6,
    "api": 7,
    "demo": 8,
    "pipeline": 8,
    "pytest_plugin": 8,
    "cli": 9,
    "__main__": 10,
    "__init__": 10,
}
STDLIB_ONLY_UP_TO = 2
MAY_IMPORT_MITMPROXY = {"flows", "proxy", "recordings", "cli", "demo", "pytest_plugin"}

# Parts of the standard library that mitmproxy's standalone binaries lack: they hold what mitmproxy itself imports.
NOT_IN_THE_BINARIES = {
    "cProfile", "cmath", "dbm", "doctest", "filecmp", "fileinput", "graphlib", "html.parser", "http.cookies", "mailbox",
    "optparse", "plistlib", "pstats", "sched", "shelve", "smtplib", "sqlite3", "timeit", "trace", "tkinter",
    "venv", "wave", "wsgiref", "xml.etree", "zipapp", "zoneinfo",
}  # fmt: skip
NOT_LOADED_BY_MITMPROXY = {"api", "cli", "demo", "pipeline", "recordings", "pytest_plugin", "__main__"}

COMMANDS = {
    # What README tells people to type, and what tries it: a file, and words in it.
    "scripts/run": ("tests/test_start.py", "def test_scripts_run_starts_mitmweb"),
    "scripts/run mitmproxy": ("tests/test_start.py", '"scripts" / "run"'),
    "scripts/run mitmdump": ("tests/test_start.py", 'run(str(program), "mitmdump"'),
    "scripts/run --browser http://localhost:8000": ("tests/test_start.py", "def test_scripts_run_starts_a_browser"),
    "scripts/run mitmproxy --browser firefox http://localhost:8000": (
        *("tests/browser/test_set_up.py", '"mitmproxy", "--browser", browser, page'),
    ),
    "scripts/run mitmdump --browser http://localhost:8000 --headless": (
        *("tests/browser/test_set_up.py", '"--browser", browser, "localhost:8000/page", "--headless"'),
    ),
    "cors-addon run --browser http://localhost:8000": ("tests/test_run.py", "--browser http://localhost:8000"),
    "uvx --from . cors-addon run --browser http://localhost:8000": (
        *("tests/test_start.py", "def test_a_start_that_installs_nothing"),
    ),
    "pipx run --spec . cors-addon run --browser http://localhost:8000": (
        *("tests/test_start.py", "def test_a_start_that_installs_nothing"),
    ),
    "python -m cors_addon run --browser http://localhost:8000": (
        *("tests/test_start.py", "def test_a_bare_clone_starts_by_python_alone"),
    ),
    "pip install '.[pipeline]'": ("tests/test_pipeline.py", "def test_the_extra_has_what_is_needed"),
    **{
        f"cors-addon pipeline {words}": ("tests/test_pipeline.py", "def test_the_commands_in_readme")
        for words in (
            "run recordings/ rows/",
            "run recordings/ rows/ --workers 2 --only '*.har.gz'",
            "ask rows/",
            "ask rows/ denied-by-reason",
            "ask rows/ max-age-saves --output saves.csv",
        )
    },
    "scripts/run --demo": ("tests/test_start.py", "def test_scripts_run_starts_the_demo"),
    "cors-addon demo": ("tests/test_start.py", "def test_the_demo_starts_from_another_folder"),
    "scripts/test": (".ci/run", "scripts/test"),
    "scripts/test --quick": (".github/workflows/ci.yml", "scripts/test --quick"),
    "scripts/test --newest": (".github/workflows/scheduled.yml", ".ci/run --newest"),
    "scripts/test --oldest": (".github/workflows/scheduled.yml", "packages: [newest, oldest]"),
    "mitmproxy -s cors_addon": ("tests/test_start.py", "def test_each_front_end_starts_verbatim"),
    "mitmweb -s cors_addon": ("tests/test_start.py", "def test_each_front_end_starts_verbatim"),
    "mitmdump -s cors_addon": ("tests/test_start.py", "def test_each_front_end_starts_verbatim"),
    "mitmdump -s path/to/cors_addon/__init__.py": ("tests/test_start.py", "def test_a_bare_clone_starts"),
    "pip install .": ("tests/test_start.py", '"-m", "pip", "install"'),
}


# ── floors ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@functools.cache
def tree_of(file: Path) -> ast.Module:
    """A file of the project, parsed; every rule looks at the same one."""
    return ast.parse(file.read_bytes())


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part_of(file: Path) -> str:
    """Return the part of the house that a module belongs to: a folder or a module right in the package."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Return each import in a module, wherever it stands, those for type checkers included, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute"
            assert node.module is not None
            if node.module == "cors_addon":  # from cors_addon import fetch
                for alias in node.names:
                    yield node.lineno, f"cors_addon.{alias.name}"
            else:
                yield node.lineno, node.module


def faults(part: str, tree: ast.AST) -> Iterator[str]:
    """Return what is wrong with the imports of a module of ``part``."""
    for line, name in imports(tree):
        top, _, rest = name.partition(".")
        target = rest.partition(".")[0]
        if top == "cors_addon":
            if target in FLOORS and target != part and FLOORS[target] >= FLOORS[part]:
                yield f"line {line}: {part} (floor {FLOORS[part]}) imports {name} (floor {FLOORS[target]})"
        elif top in sys.stdlib_module_names:
            if part not in NOT_LOADED_BY_MITMPROXY and any(f"{name}.".startswith(f"{a}.") for a in NOT_IN_THE_BINARIES):
                yield f"line {line}: {part} imports {name}, which mitmproxy's standalone binaries lack"
        elif top == "mitmproxy":
            if part not in MAY_IMPORT_MITMPROXY:
                yield f"line {line}: {part} imports {name}; only {sorted(MAY_IMPORT_MITMPROXY)} may"
        elif FLOORS[part] <= STDLIB_ONLY_UP_TO:
            yield f"line {line}: {part} imports {name}; the floors up to {STDLIB_ONLY_UP_TO} use the standard library"


def test_every_part_has_a_floor() -> None:
    """Else the rules below would not hold for it."""
    assert {part_of(file) for file in modules()} <= FLOORS.keys()


def test_imports_go_strictly_down() -> None:
    """See FLOORS."""
    found = {file: list(faults(part_of(file), tree_of(file))) for file in modules()}
    assert {str(file.relative_to(ROOT)): words for file, words in found.items() if words} == {}


@pytest.mark.parametrize(
    ("part", "source", "fault"),
    [
        ("fetch", "import cors_addon.engines", "line 1: fetch (floor 0) imports cors_addon.engines (floor 1)"),
        ("fetch", "from cors_addon.proxy.addon import X", "fetch (floor 0) imports cors_addon.proxy.addon (floor 6)"),
        ("fetch", "from cors_addon import report", "fetch (floor 0) imports cors_addon.report (floor 5)"),
        ("engines", "def f():\n  from cors_addon.reasons import x", "line 2: engines (floor 1) imports cors_addon.re"),
        ("exchange", "if TYPE_CHECKING:\n  import mitmproxy.http", "line 2: exchange imports mitmproxy.http; only"),
        ("report", "from mitmproxy import http", "report imports mitmproxy; only"),
        ("exchange", "import ruamel.yaml", "exchange imports ruamel.yaml; the floors up to 2 use the standard"),
        ("report", "import xml.etree.ElementTree as x", "imports xml.etree.ElementTree, which mitmproxy's standalone"),
        ("proxy", "import sqlite3", "line 1: proxy imports sqlite3, which mitmproxy's standalone binaries lack"),
        ("cli", "import sqlite3, xml.etree", None),
        ("policy", "import xml.sax.saxutils", None),
        ("fetch", "import re, cors_addon, cors_addon.fetch.headers", None),
        ("policy", "import ruamel.yaml\nfrom cors_addon.exchange import x", None),
        ("proxy", "from mitmproxy import http\nfrom cors_addon import fetch, __version__", None),
    ],
)
def test_a_wrong_import_is_found(part: str, source: str, fault: str | None) -> None:
    """The rule itself works."""
    found = list(faults(part, ast.parse(source)))
    assert len(found) == (fault is not None)
    assert all(fault and fault in words for words in found)


def test_every_module_says_what_it_is() -> None:
    """In its docstring."""
    assert [str(file) for file in modules() if not ast.get_docstring(tree_of(file))] == []


# ── what never enters the repository ──────────────────────────────────────────────────────────────────────────────────

LOCK_FILE = re.compile(
    r"[^/]*\.lock|Pipfile\.lock|pylock(\.[^/]+)?\.toml|package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|go\.sum"
)
# With brackets, so that this file does not hold what it looks for.
MACHINE_PATH = re.compile(rb"(?<![\w./-])/(?:[r]oot|[w]ork|[h]ome/\w+|[U]sers/\w+|tmp/(?:[a-z]|[b]ash_jobs))/")
DOWNLOAD_HOST = re.compile(
    rb"pypi[.]org|pythonhosted[.]org|registry[.]npmjs[.]org|registry[.]yarnpkg[.]com|deb[.]debian[.]org|"
    rb"conda[.]anaconda[.]org|static[.]crates[.]io|proxy[.]golang[.]org"
)


def files() -> list[Path]:
    """Return the files under version control, and those that are about to be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no clone")
    return [file for name in listed.stdout.split("\0") if name and (file := ROOT / name).is_file()]


def test_the_top_level_is_the_projects_own() -> None:
    """What a tool downloads where it was started from is no part of the project."""
    top = {file.relative_to(ROOT).parts[0] for file in files()}
    assert {name for name in top if not name.startswith(".")} <= {
        *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "cors_addon", "cors_addon.pth", "docs"),
        *("cors_addon.start", "_cors_addon_start.py"),
        *("findings", "pyproject.toml", "scripts", "tests"),
    }


def test_no_file_is_a_lock_file() -> None:
    """They would hold the addresses of whoever made them."""
    assert [str(file) for file in files() if LOCK_FILE.fullmatch(file.name)] == []


def test_no_file_holds_a_path_of_somebodys_machine_or_a_download_host() -> None:
    """Both are the business of the machine that installs, not of the project."""
    found = [
        f"{file.relative_to(ROOT)}: {match[0].decode()}"
        for file in files()
        for pattern in (MACHINE_PATH, DOWNLOAD_HOST)
        for match in pattern.finditer(file.read_bytes())
    ]
    assert found == []


def test_what_is_looked_for_is_found() -> None:
    """The patterns match what they should, and no more."""
    assert all(LOCK_FILE.fullmatch(name) for name in ("uv.lock", "poetry.lock", "package-lock.json", "pylock.toml"))
    assert not any(LOCK_FILE.fullmatch(name) for name in ("lock.py", "locks", "package.json"))
    for words in ("cd /{}/x", '"/{}/main/'):
        assert MACHINE_PATH.search(words.format("root").encode())
        assert MACHINE_PATH.search(words.format("home/jane").encode())
    for words in ("https://a.example/{}/", "./{}/", "/usr/{}/", "/{}"):
        assert not MACHINE_PATH.search(words.format("root").encode())
    assert DOWNLOAD_HOST.search("https://files.{}.org/packages".format("pythonhosted").encode())
    assert not DOWNLOAD_HOST.search(b"pythonhosted-org")


# ── tests ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

MAY_LET_TIME_PASS = {
    # where a time is a part of what is tried, or the absence of something: no condition could be waited for
    "tests/waits.py": "all others wait by it",
    "tests/browser/mitm/case_server.py": "a server's answer takes as long as its case says",
    "tests/browser/run.py": "a case's next request comes as much later as it says",
    "tests/browser/near/drivers.py": "the console may have another line, or none",
    "tests/browser/drivers/firefox.py": "the console may have another line",
    "tests/browser/drivers/playwright.py": "nor does Playwright, and a stream never ends",
    "tests/browser/test_set_up.py": "what a browser sends on its own account comes late, or never",
    "tests/browser/test_witness_policies.py": "a policy's reports and the console's lines come late, or never",
    "tests/browser/test_har.py": "developer tools do not tell when they have seen all",
}


def waiting(tree: ast.AST) -> Iterator[int]:
    """The lines that let a fixed time pass: by `sleep`, but for 0, by Playwright's, or by our own `grace`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = node.args[0] if node.args else None
            yields = isinstance(given, ast.Constant) and given.value == 0
            if name in ("sleep", "wait_for_timeout", "grace") and not yields:
                yield node.lineno


def test_no_test_waits_for_a_fixed_time() -> None:
    """It would be too short on a busy machine, and lost on an idle one: see tests/waits.py."""
    found = {file for file in (ROOT / "tests").rglob("*.py") if any(waiting(tree_of(file)))}
    assert {str(file.relative_to(ROOT)) for file in found} == MAY_LET_TIME_PASS.keys()


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("import time\ntime.sleep(1)", [2]),
        ("await asyncio.sleep(0.05)", [1]),
        ("sleep(seconds)", [1]),
        ("await page.wait_for_timeout(500)", [1]),
        ("await waits.grace(1)", [1]),
        ("await asyncio.sleep(0)", []),
        ("await waits.until(lambda: done)", []),
    ],
)
def test_a_fixed_wait_is_found(source: str, lines: list[int]) -> None:
    """The rule itself works."""
    assert list(waiting(ast.parse(source))) == lines


# ── README ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_command_in_readme_is_tried() -> None:
    """Each line of a ``sh`` block is known here, with what tries it."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    # tests/test_readme.py runs the others of cors-addon as they stand
    assert [line for line in lines if line and line not in COMMANDS and not line.startswith("cors-addon ")] == []
    assert {"scripts/run", "scripts/test"} <= set(lines)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_tries_a_command_is_there(command: str) -> None:
    """See COMMANDS."""
    file, words = COMMANDS[command]
    assert words in (ROOT / file).read_text()
