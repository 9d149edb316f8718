"""The addon starts as README says: verbatim, from any folder, in clean environments, and with the scripts."""

import contextlib
import functools
import http.client
import http.server
import importlib.metadata
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.version import Version

from cors_addon import start
from tests import waits
from tests.ports import can_connect, free_port
from tests.test_demo import demo, get

ROOT = Path(__file__).parent.parent
PROGRAMS = ["mitmproxy", "mitmweb", "mitmdump"]
OLDEST = "12.2" if sys.version_info >= (3, 14) else "12.1"
"""The first series of mitmproxy that we support."""
CHOICE = os.environ.get("CORS_PACKAGES", "tested")
"""Which versions these tests run with, and so scripts/run: see scripts/venv.sh."""


# ── environments ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Installation:
    """A virtual environment, and the package that is to be loaded in it."""

    environment: Path
    package: Path

    def command(self, name: str) -> str:
        return str(self.environment / "bin" / name)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all that lives as long as the session."""
    return tmp_path_factory.mktemp("start")


@pytest.fixture(scope="session")
def clone(folder: Path) -> Path:
    """The checkout, as a clone would have it."""
    return copy_checkout(folder / "clone")


@pytest.fixture(scope="session")
def wheel(folder: Path, clone: Path) -> Installation:
    """The wheel, with the oldest packages that it permits."""
    environment = folder / "wheel"
    run(sys.executable, "-m", "venv", str(environment))
    python = str(environment / "bin" / "python")
    run(python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder / "dist"), str(clone))
    (file,) = (folder / "dist").iterdir()
    versions = ROOT / "scripts" / "oldest-versions.txt"
    install = (python, "-m", "pip", "install", "--quiet", "--no-compile", str(file))
    run(*install, cwd=versions.parent, PIP_CONSTRAINT=versions.name)
    return Installation(environment, site_packages(environment) / "cors_addon")


@pytest.fixture(scope="session")
def editable(folder: Path) -> Installation:
    """What scripts/run sets up in a clone of its own: an editable install, with the same versions as here."""
    root = copy_checkout(folder / "editable")
    program = folder / "link-to-run"
    program.symlink_to(root / "scripts" / "run")
    # most of what is installed is never imported; of options that begin with "no", pip takes 0 for yes
    output = run(str(program), "mitmdump", "--version", PYTHON=sys.executable, PIP_NO_COMPILE="0")
    assert output.startswith("Mitmproxy: ")
    return Installation(root / environment_of(CHOICE), root / "cors_addon")


@pytest.fixture(scope="session")
def bare(folder: Path, clone: Path, editable: Installation) -> Installation:
    """An environment that has mitmproxy, yet not us: a clone is not installed."""
    environment = folder / "bare"
    run(sys.executable, "-m", "venv", "--without-pip", str(environment))
    # Packages of the other environment, but for those that its .pth files bring: ours is such a one.
    (site_packages(environment) / "packages.pth").write_text(f"{site_packages(editable.environment)}\n")
    for name in PROGRAMS:
        original = Path(editable.command(name)).read_text()
        program = environment / "bin" / name
        program.write_text(original.replace(str(editable.environment), str(environment)))
        program.chmod(0o755)
    python = str(environment / "bin" / "python")
    found = "import importlib.util as u; print(u.find_spec('mitmproxy') is not None, u.find_spec('cors_addon'))"
    assert run(python, "-c", found, cwd=folder) == "True None\n"
    return Installation(environment, clone / "cors_addon")


@pytest.fixture(params=["wheel", "editable"])
def installation(request: pytest.FixtureRequest) -> Installation:
    """Each way of installing."""
    result = request.getfixturevalue(request.param)
    assert isinstance(result, Installation)
    return result


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder that has nothing to do with the project."""
    result = tmp_path / "elsewhere"
    result.mkdir()
    return result


def copy_checkout(target: Path) -> Path:
    """Copy what a clone would hold: without the environment, caches and so on."""
    ignored = shutil.ignore_patterns(".git", ".venv*", ".*_cache", ".hypothesis", "__pycache__")
    shutil.copytree(ROOT, target, ignore=ignored)
    return target


def environment_of(choice: str) -> str:
    """The folder of the environment that the scripts set up for a choice of versions."""
    return ".venv" if choice == "tested" else f".venv-{choice}"


def site_packages(environment: Path) -> Path:
    (result,) = (environment / "lib").glob("python3.*/site-packages")
    return result


def variables() -> dict[str, str]:
    """The environment's variables, less those by which the test's own Python would leak in, or start slowly."""
    ours = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHON", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if name not in ours}


def run(*command: str, cwd: Path | None = None, code: int = 0, **more: str) -> str:
    """Run a command to its end, and return what it printed."""
    done = subprocess.run(
        command, cwd=cwd, env=variables() | more, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == code, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


# ── a running proxy ───────────────────────────────────────────────────────────────────────────────────────────────────


class Answer(http.server.BaseHTTPRequestHandler):
    """A server that answers everything, and allows no origin."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


CROSS_ORIGIN = {
    # what Chromium sends for fetch() on a page of another origin
    "Origin": "http://app.example",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
    "Accept": "*/*",
    "Sec-Fetch-Dest": "empty",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Site": "cross-site",
    "Referer": "http://app.example/",
}


@pytest.fixture(scope="session")
def server() -> Iterator[int]:
    """The port of a server that the proxies forward to."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running.server_port
        running.shutdown()


@dataclass(frozen=True)
class Proxy:
    """A running front end with the addon."""

    port: int
    server: int
    output: Path
    jsonl: Path

    def judge(self, path: str) -> dict[str, object]:
        """Send a cross-origin request through the proxy, and return the line about it."""
        url = f"http://127.0.0.1:{self.server}{path}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", url, headers=CROSS_ORIGIN)
        assert connection.getresponse().status == 200
        connection.close()
        waits.until_now(lambda: self.lines(url), told=self.log)
        return self.lines(url)[-1]

    def lines(self, url: str) -> list[dict[str, object]]:
        """Return the lines about a URL so far, but for one that is still being written."""
        text = self.jsonl.read_text() if self.jsonl.exists() else ""
        lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
        return [line for line in lines if line["url"] == url]

    def has_logged(self, words: str) -> bool:
        return words in self.log()

    def log(self) -> str:
        return self.output.read_text(errors="replace")


@pytest.fixture(scope="session")
def confdir(folder: Path) -> Path:
    """Where mitmproxy keeps its certificates, made once."""
    return folder / "confdir"


@pytest.fixture
def started(confdir: Path, server: int, tmp_path: Path) -> "Starter":
    """Starts a front end."""
    return Starter(confdir, server, tmp_path)


@dataclass(frozen=True)
class Starter:
    """Starts front ends in one test's folder."""

    confdir: Path
    server: int
    folder: Path

    @contextlib.contextmanager
    def __call__(self, program: str, *arguments: str, cwd: Path) -> Iterator[Proxy]:
        """Run a front end with ``arguments``, until the end of the context."""
        port = free_port()
        proxy = Proxy(port, self.server, self.folder / "output", self.folder / "judged.jsonl")
        name = os.path.basename(program)
        command = [program, *arguments, "--listen-host", "127.0.0.1", "--listen-port", str(port)]
        command += ["--set", f"confdir={self.confdir}", "--set", f"cors_jsonl={proxy.jsonl}"]
        if name in ("mitmweb", "run") and "mitmdump" not in arguments:
            command += ["--no-web-open-browser", "--web-port", str(free_port())]
        # The console wants a terminal; the others get one too, as they would from a person.
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (40, 120))
        terminal = variables() | {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
        with proxy.output.open("wb") as output, open(ours, "rb", buffering=0) as screen:
            process = subprocess.Popen(
                command, cwd=cwd, env=terminal, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
            )
            os.close(theirs)

            def record() -> None:
                with contextlib.suppress(OSError):  # how Linux tells the end of a terminal
                    while data := screen.read(65536):
                        output.write(data)
                        output.flush()

            recorder = threading.Thread(target=record, daemon=True)
            recorder.start()
            try:
                waits.until_now(lambda: can_connect(port) or process.poll() is not None, told=proxy.log)
                assert process.poll() is None, proxy.log()
                yield proxy
            except OSError as error:  # a connection of the test's
                raise AssertionError(proxy.log()) from error
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    raise
                finally:
                    recorder.join(5)


# ── starts ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_front_end_starts_verbatim_from_another_folder(
    installation: Installation, program: str, started: Starter, elsewhere: Path
) -> None:
    """``-s cors_addon`` loads the addon, which judges what passes."""
    with started(installation.command(program), "-s", "cors_addon", cwd=elsewhere) as proxy:
        assert proxy.judge("/verbatim")["verdict"] == "deny"


def test_starts_verbatim_from_the_root_of_a_checkout(installation: Installation, clone: Path, started: Starter) -> None:
    """The folder cors_addon/ of a checkout is no script, so it is not in the way."""
    with started(installation.command("mitmdump"), "-s", "cors_addon", cwd=clone) as proxy:
        assert proxy.judge("/root")["verdict"] == "deny"
        assert f"Loading script {installation.package}/__init__.py" in joined(proxy.log())


def test_the_oldest_mitmproxy_is_tried_and_the_one_of_these_tests(wheel: Installation, editable: Installation) -> None:
    """So that neither end of the supported range breaks unseen."""
    version = re.compile(r"Mitmproxy: (\S+)")
    found = [version.match(run(installation.command("mitmdump"), "--version")) for installation in (wheel, editable)]
    oldest, ours = (match[1] for match in found if match)
    assert oldest.rpartition(".")[0] == OLDEST
    assert ours == importlib.metadata.version("mitmproxy")


def test_the_options_are_listed(editable: Installation, elsewhere: Path) -> None:
    """``--options`` sees the addon, where mitmproxy loads scripts for it: as of 12.2.2."""
    loads = Version(importlib.metadata.version("mitmproxy")) >= Version("12.2.2")
    listed = run(editable.command("mitmdump"), "-s", "cors_addon", "--options", cwd=elsewhere)
    assert ("cors_jsonl" in listed) is loads


def test_the_report_is_installed_whole(installation: Installation, elsewhere: Path) -> None:
    """With its style and its script, which are files beside the code."""
    (elsewhere / "nothing").touch()
    arguments = ["-n", "-s", "cors_addon", "-r", "nothing", "--set", "cors_report=report.html"]
    run(installation.command("mitmdump"), *arguments, cwd=elsewhere)
    written = (elsewhere / "report.html").read_text("ascii")
    sources = installation.package / "report" / "html"
    assert (sources / "report.css").read_text("ascii") in written
    assert written.count("</script>") == 2


def test_a_file_of_that_name_is_the_users_own(installation: Installation, elsewhere: Path) -> None:
    """Only where there is no such file is ours meant."""
    (elsewhere / "nothing").touch()
    (elsewhere / "cors_addon").write_text("def running(): print('a script of my own')\n")
    output = run(installation.command("mitmdump"), "-n", "-s", "cors_addon", "-r", "nothing", cwd=elsewhere)
    assert "a script of my own" in output
    assert str(installation.package) not in output


def test_another_options_value_is_left_alone(installation: Installation, elsewhere: Path) -> None:
    """``-w cors_addon`` still writes to a file of that name."""
    (elsewhere / "nothing").touch()
    arguments = ["-n", "-w", "cors_addon", "-s", "cors_addon", "-r", "nothing"]
    output = run(installation.command("mitmdump"), *arguments, cwd=elsewhere)
    assert f"Loading script {installation.package}/__init__.py" in output
    assert sorted(file.name for file in elsewhere.iterdir()) == ["cors_addon", "nothing"]


def test_a_bare_clone_starts(bare: Installation, started: Starter, elsewhere: Path) -> None:
    """Nothing needs to be installed but mitmproxy; a relative path does."""
    relative = os.path.relpath(bare.package / "__init__.py", elsewhere)
    with started(bare.command("mitmdump"), "-s", relative, cwd=elsewhere) as proxy:
        assert proxy.judge("/bare")["verdict"] == "deny"


def test_a_bare_clone_starts_in_the_standalone_mitmdump(bare: Installation, elsewhere: Path) -> None:
    """Each of mitmproxy's binaries holds only what its own front end imports: this one no list of flows."""
    lacking = ["mitmproxy.tools.console", "mitmproxy.tools.web", "mitmproxy.addons.view", "mitmproxy.addons.eventstore"]
    (elsewhere / "nothing").touch()
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({lacking})); from mitmproxy.tools.main import mitmdump; "
        f"mitmdump(['-n', '-r', 'nothing', '-s', {str(bare.package / '__init__.py')!r}])"
    )
    assert "Loading script" in run(str(bare.environment / "bin" / "python"), "-c", program, cwd=elsewhere)


def test_a_clone_wins_over_an_installed_copy(
    installation: Installation, clone: Path, started: Starter, elsewhere: Path
) -> None:
    """A path says which code is meant."""
    copy = elsewhere / "copy"
    shutil.copytree(clone / "cors_addon", copy)
    say_on_load(copy, "the copy was loaded")
    with started(installation.command("mitmdump"), "-s", f"{copy}/__init__.py", cwd=elsewhere) as proxy:
        assert proxy.judge("/copy")["verdict"] == "deny"
        assert "the copy was loaded" in proxy.log()


def test_a_touched_script_is_loaded_afresh(bare: Installation, started: Starter, elsewhere: Path) -> None:
    """mitmproxy reloads a script whose time changes; the code below it is then read again as well."""
    copy = elsewhere / "cors_addon"
    shutil.copytree(bare.package, copy)
    with started(bare.command("mitmdump"), "-s", f"{copy}/__init__.py", cwd=elsewhere) as proxy:
        assert proxy.judge("/first")["verdict"] == "deny"
        for number in range(2):
            say_on_load(copy, f"load number {number}")
            later = time.time() + 10 * (number + 1)
            os.utime(copy / "__init__.py", (later, later))
            waits.until_now(functools.partial(proxy.has_logged, f"load number {number}"), told=proxy.log)
            waits.until_now(lambda: can_connect(proxy.port), told=proxy.log)
            assert proxy.judge(f"/reloaded-{number}")["verdict"] == "deny"
        assert "Traceback" not in proxy.log()
        assert "token=REDACTED" not in proxy.log()  # of the live page, whose address is told in order to be opened


def test_the_folder_of_the_script_is_not_importable(bare: Installation, elsewhere: Path) -> None:
    """mitmproxy puts it on sys.path: then `import proxy` would find ours, and ours could hide another's."""
    program = (
        "import sys; from mitmproxy.addons.script import load_script; "
        f"before = list(sys.path); module = load_script({str(bare.package / '__init__.py')!r}); "
        "assert [type(each).__name__ for each in module.addons] == ['ScriptAddon'], module; "
        "print(sys.path == before, hasattr(module, 'no_such_hook'), '__getattr__' in vars(module))"
    )
    python = str(bare.environment / "bin" / "python")
    assert run(python, "-c", program, cwd=elsewhere) == "True False False\n"


def test_the_script_has_the_addon_and_no_hook() -> None:
    """All hooks are the addon's own: mitmproxy would call those of the script's module as well."""
    program = (
        "from mitmproxy.addons.script import load_script; from mitmproxy.hooks import all_hooks; "
        f"module = load_script({str(ROOT / 'cors_addon' / '__init__.py')!r}); "
        "print([name for name in all_hooks if hasattr(module, name)], len(module.addons))"
    )
    assert run(sys.executable, "-c", program) == "[] 1\n"


def test_a_second_start_of_scripts_run_sets_nothing_up(editable: Installation, elsewhere: Path) -> None:
    """It says nothing and installs nothing; and it is quick."""
    program = editable.package.parent / "scripts" / "run"
    before = time.monotonic()
    done = subprocess.run(
        [program, "mitmdump", "--version"], cwd=elsewhere, env=variables(), capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert time.monotonic() - before < 10, "far more than the second it takes on an idle machine"


def test_scripts_run_starts_mitmweb(editable: Installation, started: Starter, elsewhere: Path) -> None:
    """That is the README's first command."""
    program = editable.package.parent / "scripts" / "run"
    with started(str(program), cwd=elsewhere) as proxy:
        assert proxy.judge("/run")["verdict"] == "deny"
        assert "Web server listening at" in proxy.log()


def test_scripts_run_starts_the_demo(editable: Installation, elsewhere: Path) -> None:
    """Its first argument says so; the others are the demo's."""
    program = editable.package.parent / "scripts" / "run"
    judges_the_classic(elsewhere, str(program), "--demo", cwd=elsewhere)


def test_scripts_run_starts_a_browser(editable: Installation, started: Starter, elsewhere: Path) -> None:
    """It is told the page, and where the proxy is."""
    program = editable.package.parent / "scripts" / "run"
    browser = elsewhere / "browser"
    browser.write_text('#!/bin/sh\necho "$@" >told.new; mv told.new told; sleep 600\n')
    browser.chmod(0o755)
    with started(str(program), "--browser", "./browser", "http://localhost:8000", cwd=elsewhere) as proxy:
        waits.until_now((elsewhere / "told").exists, told=proxy.log)
        told = (elsewhere / "told").read_text()
        assert f"--proxy-server=http://127.0.0.1:{proxy.port} " in told
        assert " http://localhost:8000 http://cors.test/?token=" in told
        assert proxy.judge("/run")["verdict"] == "deny"


def test_a_bare_clone_starts_by_python_alone(bare: Installation, started: Starter, elsewhere: Path) -> None:
    """`python -m cors_addon run` needs no shell, and nothing but mitmproxy."""
    clone = bare.package.parent
    with started(bare.command("python"), "-m", "cors_addon", "run", "mitmdump", cwd=clone) as proxy:
        assert proxy.judge("/python")["verdict"] == "deny"


@pytest.mark.parametrize("command", [("uvx", "--from"), ("pipx", "run", "--spec")])
def test_a_start_that_installs_nothing(command: tuple[str, ...], clone: Path, elsewhere: Path) -> None:
    """By the two programs that run what a package has."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]}")
    said = run(*command, str(clone), "cors-addon", "run", "mitmdump", "--version", cwd=elsewhere)
    assert "Mitmproxy: " in said


def test_the_demo_starts_from_another_folder(installation: Installation, elsewhere: Path) -> None:
    """The page is in the wheel, too."""
    judges_the_classic(elsewhere, installation.command("cors-addon"), "demo", cwd=elsewhere)


def test_the_demo_starts_in_a_bare_clone(bare: Installation, elsewhere: Path) -> None:
    """Nothing needs to be installed but mitmproxy."""
    command = (bare.command("python"), "-m", "cors_addon", "demo")
    judges_the_classic(elsewhere, *command, cwd=bare.package.parent)


def judges_the_classic(folder: Path, *command: str, cwd: Path) -> None:
    """The page is there, and a request from it is judged."""
    lines = folder / "lines.jsonl"
    with demo("--set", f"cors_jsonl={lines}", command=command, cwd=cwd, env=variables()) as running:
        page = running.page.rstrip("/")
        status, _, body = get(running.page)
        assert status == 200
        assert "no-headers" in body
        api = f"http://localhost:{int(page.rpartition(':')[2]) + 1}"
        assert get(f"{api}/no-headers", headers={**CROSS_ORIGIN, "Origin": page})[0] == 200
        assert running.end() == 0
    assert [json.loads(line)["reason"] for line in lines.read_text().splitlines()] == ["allow-origin-missing"]


def test_scripts_run_repeats_a_set_up_that_was_not_finished(editable: Installation) -> None:
    """An environment without a stamp is not taken as whole, and one that is not ours is not removed."""
    root = editable.package.parent
    venv = editable.environment
    script = (
        f"root={root}; source {root}/scripts/venv.sh; is_ready run && echo ready; mv $venv/run.stamp .; is_ready run"
    )
    assert run("bash", "-c", script, cwd=root, code=1) == "ready\n"
    (venv / ".made-by-scripts").rename(root / "made")
    try:
        done = subprocess.run([root / "scripts" / "run"], env=variables(), capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "was not made by scripts/run" in done.stderr
        assert (venv / "bin" / "mitmdump").exists()
    finally:
        (root / "made").rename(venv / ".made-by-scripts")
        (root / "run.stamp").rename(venv / "run.stamp")


@pytest.mark.parametrize(
    ("programs", "complaint"),
    [
        ({"python3": "exit 1"}, "python3: does not run"),
        ({"python3": "echo pyenv: python3 is not installed >&2; exit 127"}, "python3: pyenv: python3 is not installed"),
        ({"python3.13": "echo lacks venv or ssl >&2; exit 1"}, "python3.13: lacks venv or ssl"),
        ({}, "not installed"),
    ],
)
def test_the_scripts_say_what_to_install(clone: Path, tmp_path: Path, programs: dict[str, str], complaint: str) -> None:
    """Where no interpreter fits, each that was looked at is named, with what is wrong with it."""
    for name in ("bash", "cat", "cmp", "dirname", "flock", "head", "readlink", "rm", "tail"):
        if found := shutil.which(name):
            (tmp_path / name).symlink_to(found)
    for name, body in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    alone = {"PATH": str(tmp_path), "HOME": str(tmp_path)}  # in which no $CORS_PACKAGES is
    bash = str(tmp_path / "bash")
    done = subprocess.run([bash, clone / "scripts" / "run"], env=alone, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert complaint in done.stderr
    assert "Python 3.12 or newer" in done.stderr
    assert "uv python install 3.13" in done.stderr
    assert not (clone / ".venv").exists()


def joined(text: str) -> str:
    """Undo the wrapping of a terminal's lines."""
    return text.replace("\r", "").replace("\n", "")


def say_on_load(package: Path, words: str) -> None:
    """Change the addon's module so that it logs ``words`` when it is loaded."""
    module = package / "proxy" / "addon.py"
    module.write_text(f"{module.read_text()}\nimport logging\nlogging.getLogger(__name__).warning({words!r})\n")


# ── the command line that is rewritten ────────────────────────────────────────────────────────────────────────────────

OURS = start.SCRIPT


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("-s cors_addon", f"-s {OURS}"),
        ("-scors_addon", f"-s{OURS}"),
        ("-s=cors_addon", f"-s={OURS}"),
        ("-qs cors_addon", f"-qs {OURS}"),
        ("-qscors_addon", f"-qs{OURS}"),
        ("--scripts cors_addon", f"--scripts {OURS}"),
        ("--scripts=cors_addon", f"--scripts={OURS}"),
        ("--script cors_addon", f"--script {OURS}"),
        ("--sc=cors_addon", f"--sc={OURS}"),
        ("-s other.py -s cors_addon -p 1", f"-s other.py -s {OURS} -p 1"),
        ("-w cors_addon -s cors_addon", f"-w cors_addon -s {OURS}"),
        # not ours
        ("-s ./cors_addon", None),
        ("-s cors_addon/", None),
        ("-s cors_addon.py", None),
        ("-s CORS_ADDON", None),
        ("-s cors_addon/__init__.py", None),
        ("-r cors_addon", None),
        ("-ws cors_addon", None),
        ("--set cors_addon", None),
        ("--se=cors_addon", None),
        ("--s cors_addon", None),
        ("--set scripts=cors_addon", None),
        ("cors_addon", None),
        ("cors_addon -s", None),
        ("-- -s cors_addon", None),
        ("-q -- -scors_addon", None),
        ("", None),
    ],
)
def test_only_the_script_cors_addon_is_replaced(
    given: str, expected: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every form of the option, and nothing else."""
    monkeypatch.chdir(tmp_path)
    argv = ["/bin/mitmdump", *given.split()]
    start.rewrite(argv)
    assert argv == ["/bin/mitmdump", *(given if expected is None else expected).split()]


@pytest.mark.parametrize(
    ("program", "is_ours"),
    [
        ("mitmproxy", True),
        ("/usr/bin/mitmweb", True),
        ("./mitmdump", True),
        ("mitmdump.exe", True),
        ("MitmDump.EXE", True),
        ("mitmdump-script.py", True),
        ("mitmproxy-script.pyw", True),
        ("mitmproxy.py", True),
        ("mitmproxy2swagger", False),
        ("mitmwebx", False),
        ("my-mitmproxy", False),
        ("mitmproxy/pytest", False),
        ("python", False),
        ("-c", False),
        ("-m", False),
        ("", False),
    ],
)
def test_only_mitmproxys_own_commands_are_changed(
    program: str, is_ours: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whatever name the platform starts them."""
    monkeypatch.chdir(tmp_path)
    argv = [program, "-s", "cors_addon"]
    start.rewrite(argv)
    assert argv == [program, "-s", OURS if is_ours else "cors_addon"]


def test_a_file_in_the_way_stays_and_a_folder_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is no script."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cors_addon").mkdir()
    start.rewrite(argv := ["mitmdump", "-s", "cors_addon"])
    assert argv == ["mitmdump", "-s", OURS]
    (tmp_path / "cors_addon").rmdir()
    (tmp_path / "cors_addon").touch()
    start.rewrite(argv := ["mitmdump", "-s", "cors_addon"])
    assert argv == ["mitmdump", "-s", "cors_addon"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["-c", "pass"],
        ["-c", "pass", "-s", "cors_addon"],
        ["-c", "pass", "\udce4", ""],
        ["-I", "-c", "pass", "cors_addon"],
        ["-m", "this", "mitm"],
    ],
)
def test_other_programs_see_nothing_of_it(
    installation: Installation, elsewhere: Path, arguments: Sequence[str]
) -> None:
    """No word, and no module of ours loaded."""
    python = installation.command("python")
    arguments = [*arguments]
    arguments[:1] = ["-X", "importtime", arguments[0]]
    done = subprocess.run(
        [python, *arguments], cwd=elsewhere, env=variables(), capture_output=True, text=True, check=True
    )
    imported = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines()]
    assert all(line.startswith("import time:") for line in done.stderr.splitlines())
    assert "site" in imported
    assert [name for name in imported if name.startswith("cors_addon")] == []


@pytest.mark.parametrize("argv", [None, [], [""], ["mitmdump"], ["mitmdump", "-s"], ["x", "cors_addon"], [0, "cors"]])
def test_the_installed_line_never_raises(argv: object) -> None:
    """Whatever a program that embeds Python holds in ``sys.argv``; None stands for there being none."""
    (line,) = (ROOT / "cors_addon.pth").read_text().splitlines()
    program = f"import sys; argv = {argv!r}\nif argv is None: del sys.argv\nelse: sys.argv = argv\nexec({line!r})"
    assert run(sys.executable, "-c", program) == ""


ENTRY = re.compile(r"\w+(?:\.\w+)*:\w+(?:\.\w+)*")
"""A line of a .start file. https://peps.python.org/pep-0829/"""


def test_what_newer_pythons_call_is_installed_and_does_the_same(installation: Installation, elsewhere: Path) -> None:
    """As they do: each line resolved, and called. Older ones ignore it; other programs see nothing."""
    folder = site_packages(installation.environment)
    (entry,) = (folder / "cors_addon.start").read_text("utf-8-sig").splitlines()
    assert ENTRY.fullmatch(entry)
    assert (folder / "cors_addon.pth").exists()
    program = (
        "import pkgutil, sys; given = sys.argv[1:]; sys.argv = eval(given[0]) if given else sys.argv\n"
        f"pkgutil.resolve_name({entry!r})()\n"
        "print(getattr(sys, 'argv', None), any(name.partition('.')[0] == 'cors_addon' for name in sys.modules))"
    )
    script = f"{installation.package}/__init__.py"
    for given, wanted in (
        (["/bin/mitmdump", "-s", "cors_addon"], f"{['/bin/mitmdump', '-s', script]} True"),
        (["python", "-s", "cors_addon"], f"{['python', '-s', 'cors_addon']} False"),
        (["mitmdump", "-s", "x"], f"{['mitmdump', '-s', 'x']} False"),
        *((odd, f"{odd} False") for odd in ([], [""], [0, "cors_addon"], None)),
    ):
        # the interpreter's own processing of .pth and .start files is over by then, and saw another command line
        assert run(installation.command("python"), "-c", program, repr(given), cwd=elsewhere) == f"{wanted}\n"


def test_importing_the_package_loads_nothing_else(elsewhere: Path) -> None:
    """The addon comes on first use, and is the same from then on."""
    program = (
        "import sys; before = set(sys.modules); import cors_addon; loaded = set(sys.modules) - before; "
        "print([name for name in loaded if name.partition('.')[0] not in sys.stdlib_module_names]); "
        "print(type(cors_addon.addons[0]) is cors_addon.CorsAddon, cors_addon.addons is cors_addon.addons); "
        "print(hasattr(cors_addon, 'nothing'))"
    )
    output = run(sys.executable, "-c", program, cwd=elsewhere, PYTHONPATH=str(ROOT))
    assert output == "['cors_addon']\nTrue True\nFalse\n"


def test_the_command_tells_its_version(installation: Installation, elsewhere: Path) -> None:
    """By its name and as a module; without arguments it tells what there is."""
    assert run(installation.command("cors-addon"), "--version", cwd=elsewhere) == "cors-addon 0.1.0\n"
    assert run(installation.command("python"), "-m", "cors_addon", "--version", cwd=elsewhere) == "cors-addon 0.1.0\n"
    assert "mitmweb -s cors_addon" in run(installation.command("cors-addon"), cwd=elsewhere)
