"""Several recordings read at a time, each by a process of its own; what comes out is what one process makes of them.

Law 1: files are joined in their order. One that tells otherwise beside those before it than by itself, as a security
finding that takes two, or a flow that is in both, is read once more, after them.
Law 2: as many processes as asked for work at a time; none outlives the reading.
Law 3: where reading is interrupted, each process gives what it has so far.
"""

import argparse
import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NamedTuple

from cors_addon.audit.auditor import Auditor
from cors_addon.cli.progress import Progress
from cors_addon.cli.reading import Reading
from cors_addon.fetch import masking
from cors_addon.recordings.source import Source
from cors_addon.report import terminal
from cors_addon.report.input import Input
from cors_addon.report.summary import Summary

_PIECE = 1 << 16
_PATIENCE = 10.0
"""Seconds within which an interrupted process gives what it has."""
_AHEAD = 2
"""How many files a process may be ahead of what was joined: what waits to be joined is kept."""


def read(reading: Reading, jobs: int) -> None:
    """Read all files, so many at a time."""
    files: list[str] = reading.options.files
    with tempfile.TemporaryDirectory(prefix="cors-addon-") as folder, _Workers(reading, jobs, Path(folder)) as workers:
        try:
            for number, name in enumerate(files):
                part = workers.part(number)
                if part is None or not _join(reading, part):
                    reading.read(name)
        except KeyboardInterrupt:
            for part in workers.interrupted():
                if not _join(reading, part):
                    break
            raise


class _Part(NamedTuple):
    """What became of one file."""

    summary: Summary
    auditor: Auditor
    lines: Path | None
    """A file with its JSON lines."""


def _join(reading: Reading, part: _Part) -> bool:
    if not reading.join(part.summary, part.auditor):
        return False
    if part.lines is not None and reading.lines is not None:
        with part.lines.open(encoding="ascii", newline="") as file:
            while piece := file.read(_PIECE):
                terminal.put_data(reading.lines, piece)
        part.lines.unlink()
    return True


class _Workers:
    """The processes."""

    def __init__(self, reading: Reading, jobs: int, folder: Path) -> None:
        self._reading, self._jobs, self._folder = reading, jobs, folder
        self._files: list[str] = reading.options.files
        self._context = _context()
        self._told = self._context.Value("i", 0)
        """The file of which progress is told."""
        self._begun = 0
        self._at_work: dict[Connection, tuple[int, Any]] = {}
        """The number of the file that each is reading, and the process."""
        self._ready: dict[int, _Part | None] = {}

    def __enter__(self) -> "_Workers":
        return self

    def __exit__(self, *raised: object) -> None:
        for connection, (_, process) in self._at_work.items():
            process.terminate()
            process.join()
            connection.close()

    def part(self, number: int) -> _Part | None:
        """What became of this file, once that is known; None where its process failed."""
        self._told.value = number
        while number not in self._ready:
            while len(self._at_work) < self._jobs and self._begun < min(len(self._files), number + _AHEAD * self._jobs):
                self._begin(self._begun)
                self._begun += 1
            self._receive(None)
        return self._ready.pop(number)

    def interrupted(self) -> Iterator[_Part]:
        """What there is so far of the files that were begun, in their order, up to one of which nothing is known."""
        for _, process in self._at_work.values():
            with contextlib.suppress(ProcessLookupError, TypeError):
                os.kill(process.pid, signal.SIGINT)
        while self._at_work and self._receive(_PATIENCE):
            pass
        first: int = self._told.value
        for number in range(first, self._begun):
            part = self._ready.get(number)
            if part is None:
                return
            yield part

    def _begin(self, number: int) -> None:
        ours, theirs = self._context.Pipe(duplex=False)
        work = (self._reading.options, self._files[number], number)
        shown = self._told if self._reading.progress is not None else None
        lines = None if self._reading.lines is None else self._folder / str(number)
        process = self._context.Process(target=_work, args=(work, shown, lines, theirs), daemon=True)
        with _held_back():
            process.start()
        theirs.close()
        self._at_work[ours] = number, process

    def _receive(self, timeout: float | None) -> bool:
        """Wait for the next that is done; False where none was in time."""
        found = wait(list(self._at_work), timeout)
        for connection in found:
            assert isinstance(connection, Connection)
            number, process = self._at_work[connection]
            part: _Part | None = None
            with contextlib.suppress(EOFError, OSError, pickle.UnpicklingError):
                part = connection.recv()
            del self._at_work[connection]
            connection.close()
            process.join()
            self._ready[number] = part
        return bool(found)


def _context() -> Any:
    """How processes are started: by a fork, which is the fastest, if no other thread runs, which it would cut off."""
    if sys.platform != "linux":
        return multiprocessing.get_context()
    if len(os.listdir("/proc/self/task")) == 1:
        return multiprocessing.get_context("fork")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Whoever is started now hears of an interruption once it is ready to."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(work: tuple[argparse.Namespace, str, int], shown: Any, lines: Path | None, to: Connection) -> None:
    """Read one file, in a process of its own."""
    signal.signal(signal.SIGINT, _interrupt)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    options, name, number = work
    masking.show(secrets=options.show_secrets)
    summary = Summary(all_engines=options.engine == "all")
    with contextlib.ExitStack() as stack:
        out = None if lines is None else stack.enter_context(lines.open("w", encoding="ascii", newline=""))
        reading = Reading(options, summary, out)
        progress = Progress(sys.stderr)

        def show(source: Source, each: Input) -> None:
            if shown.value == number:
                progress.show(source, each)

        reading.progress = None if shown is None else show
        try:
            reading.read(name)
        except KeyboardInterrupt:
            summary.interrupted = True
        except Exception:  # whatever it is, it comes again where it is told
            return
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            progress.clear()
    with contextlib.suppress(Exception):  # what cannot be told is read once more
        to.send(_Part(summary, reading.auditor, lines))
    to.close()


def _interrupt(*_: object) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt
