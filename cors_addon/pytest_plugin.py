"""A pytest plugin: the fixture `cors` and the marker `cors` judge the traffic of end-to-end tests.

Playwright writes a trace while the test runs; where the test ends, what the browser refused fails it:

    @pytest.mark.cors
    def test_checkout(cors, browser):
        context = browser.new_context()
        context.tracing.start(snapshots=True)
        ...
        context.tracing.stop(path=cors.trace)

A HAR does as well, by `browser.new_context(record_har_path=cors.har)` and `context.close()`.

`@pytest.mark.cors(denied=["PUT https://api.example.com/items/*"])` wants exactly these denials, and
`@pytest.mark.cors("recorded.mitm")` judges another file. Without the marker the fixture asserts on demand:

    cors.assert_allowed("recorded.har")
    cors.assert_denied("recorded.har", ["PUT https://api.example.com/items/*"])

A trace has the reason of each denial, from the browser's console. A HAR by Playwright has not: a denial's reason is
`cause-not-recorded` there. Neither has preflights, nor answers that the browser refused. `with cors.proxy() as proxy:`
has all of them: it runs mitmdump, for a browser that is started with `proxy={"server": proxy.url}`.

This module is imported by every pytest run of an environment it is installed in, so it imports little.
"""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from cors_addon.exchange.model import Judgement

MAX_EXPLAINED = 3
"""Denials that a failure explains in full; the rest are named."""
START_SECONDS = 30.0

_ADDON = Path(__file__).with_name("__init__.py")
_KEY = pytest.StashKey["Cors"]()


class Proxy:
    """A mitmdump that records what passes it."""

    def __init__(self, url: str, dump: Path) -> None:
        self.url = url
        """For a browser's proxy setting."""
        self.dump = dump
        """Whole once the proxy has ended."""


class Cors:
    """What the fixture `cors` is."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.trace = folder / "cors.zip"
        """Where to have a trace by Playwright written that the marker judges."""
        self.har = folder / "cors.har"
        """Where to have a HAR written that it judges, where there is no trace."""
        self.dump = folder / "cors.mitm"
        """Where `proxy` records to."""
        self._root = root
        self.judged = False

    # -- judging --

    def judge(self, recording: str | os.PathLike[str], *, engine: str = "auto") -> "list[Judgement]":
        """Every judgement of a recording, each in its last revision. A file that is damaged fails the test."""
        from cors_addon.recordings import judge
        from cors_addon.recordings.playwright_trace import NO_NETWORK
        from cors_addon.report.input import Input
        from cors_addon.session import page_log
        from cors_addon.session.session import last_of

        path = self._root / recording
        read = Input(str(path))
        try:
            how = judge.How(engine=engine, witness=page_log.beside(str(path)))
            last = last_of(judge.judged(str(path), read, how))
        except OSError as error:
            _fail(f"{path}: cannot be read: {error.strerror}")
        if read.damage is not None:
            at = "" if read.offset is None else f", at byte {read.offset}"
            _fail(f"{path}: {read.damage}{at}")
        if NO_NETWORK in read.notes:
            _fail(f"{path}: {NO_NETWORK}")
        return list(last.values())

    def denied(self, recording: str | os.PathLike[str], *, engine: str = "auto") -> "list[Judgement]":
        """Only those that the browser denied."""
        return [judgement for judgement in self.judge(recording, engine=engine) if judgement.verdict == "deny"]

    def assert_allowed(self, recording: str | os.PathLike[str], *, engine: str = "auto") -> None:
        """Fail, with the explanation, where any exchange is denied."""
        self.assert_denied(recording, (), engine=engine)

    def assert_denied(self, recording: str | os.PathLike[str], wanted: Iterable[str], *, engine: str = "auto") -> None:
        """Fail, with the explanation, where exactly these exchanges are denied is not what happened.

        Each is a `METHOD URL` or a `METHOD URL REASON`; `*` in any of them stands for anything.
        """
        patterns = dict.fromkeys(wanted, False)
        unexpected = []
        for judgement in self.denied(recording, engine=engine):
            matching = [pattern for pattern in patterns if _matches(judgement, pattern)]
            for pattern in matching:
                patterns[pattern] = True
            if not matching:
                unexpected.append(judgement)
        missing = [pattern for pattern, found in patterns.items() if not found]
        if unexpected or missing:
            _fail(_words(unexpected, missing))

    # -- recording --

    @contextlib.contextmanager
    def proxy(self, *arguments: str) -> Iterator[Proxy]:
        """Run mitmdump on a free port and record what passes, and what the pages say; `arguments` go to it."""
        port = _free_port()
        command = [sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()", "-q"]
        command += ["--listen-host", "127.0.0.1", "--listen-port", str(port), "-w", str(self.dump)]
        command += ["-s", str(_ADDON), "--set", "cors_witness=true", "--set", f"cors_witness_log={self.dump}.witness"]
        command += arguments
        process = subprocess.Popen(command)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    _fail("mitmdump did not start")
                time.sleep(0.05)
            yield Proxy(f"http://127.0.0.1:{port}", self.dump)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT if os.name != "nt" else signal.SIGTERM)
                try:
                    process.wait(START_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    # -- the marker --

    def obey(self, marker: pytest.Mark, *, last_chance: bool) -> None:
        """Judge what the marker names, once it is there."""
        if self.judged:
            return
        found = self._recording(marker)
        if found is None and not last_chance:
            return  # Playwright's own fixtures write it when they end
        self.judged = True
        if found is None:
            _fail(f"nothing was recorded: none of {self.trace}, {self.har} and {self.dump} was written")
        self.assert_denied(found, marker.kwargs.get("denied", ()), engine=marker.kwargs.get("engine", "auto"))

    def _recording(self, marker: pytest.Mark) -> Path | None:
        if marker.args:
            named = self._root / marker.args[0]
            return named if named.exists() else None
        return next((path for path in (self.dump, self.trace, self.har) if path.exists()), None)


def _matches(judgement: "Judgement", pattern: str) -> bool:
    method, _, rest = pattern.partition(" ")
    url, _, reason = rest.strip().partition(" ")
    return (
        _fits(judgement.requested_method or "", method)
        and _fits(str(judgement.observation.url), url)
        and (not reason or _fits(str(judgement.reason), reason.strip()))
    )


def _fits(text: str, pattern: str) -> bool:
    """Whether it is the text, with `*` for anything: not fnmatch's, for URLs have `[`, `]` and `?` in them."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None


def _words(unexpected: "list[Judgement]", missing: list[str]) -> str:
    from cors_addon.report.explanation import explain
    from cors_addon.report.text import visible

    parts = []
    if unexpected:
        count = len(unexpected)
        parts.append(f"CORS: {count} exchange{'s were' if count > 1 else ' was'} denied")
        parts += [explain(judgement) for judgement in unexpected[:MAX_EXPLAINED]]
        named = [
            visible(f"{each.requested_method} {each.observation.url} {each.reason}")
            for each in unexpected[MAX_EXPLAINED:]
        ]
        parts += ["and\n  " + "\n  ".join(named)] if named else []
    if missing:
        parts.append("CORS: not denied, though expected\n  " + "\n  ".join(map(visible, missing)))
    return "\n\n".join(parts)


def _fail(words: str) -> NoReturn:
    pytest.fail(words, pytrace=False)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


# ---- what pytest calls ----


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers",
        "cors(recording=None, *, denied=(), engine='auto'): judge the traffic of the test: what a browser denied fails"
        " it, unless `denied` lists it as 'METHOD URL' or 'METHOD URL REASON', * for anything (cors_addon)",
    )


@pytest.fixture
def cors(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cors]:
    """Judges recorded traffic, and has places to record it to. See `cors_addon.pytest_plugin`."""
    checker = Cors(tmp_path, request.config.rootpath)
    request.node.stash[_KEY] = checker
    yield checker
    marker = request.node.get_closest_marker("cors")
    if marker is not None:
        checker.obey(marker, last_chance=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """After a test that passed, judge what its marker names."""
    checker = item.stash.get(_KEY, None)
    try:
        yield
    except BaseException:
        if checker is not None:
            checker.judged = True  # the test's own failure is the one to tell
        raise
    marker = item.get_closest_marker("cors")
    if marker is not None:
        if checker is None and marker.args:
            checker = Cors(Path(), item.config.rootpath)
        if checker is not None:
            checker.obey(marker, last_chance=not item.stash.get(_KEY, None))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The marker alone is enough: the fixture is set up first, so that it ends last."""
    for item in items:
        if item.get_closest_marker("cors") is not None and isinstance(item, pytest.Function):
            names = item.fixturenames
            if "cors" in names:
                names.remove("cors")
                names.insert(0, "cors")
