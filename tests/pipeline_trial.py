"""An archive judged by the command, while a worker, or all of it, is killed: the rows are what they would have been."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from cors_addon.pipeline.parts import Parts
from tests import waits
from tests.pipeline_archive import Expected

TELLING = "SELECT * EXCLUDE filename FROM told ORDER BY recording, kind, number"


class Figures(NamedTuple):
    """What a run showed."""

    what: str
    killed: int
    """Recordings that had been told when it happened; 0 where nothing did."""
    recordings: int
    lost: int
    twice: int
    judgements: int
    files: int
    seconds: float


def trials(archive: Path, expected: Expected, workers: int, batch: int) -> Iterator[Figures]:
    """One run in peace, one that loses a worker on the way, and one that is killed whole and started again.

    Raises AssertionError where the rows of two differ, or are not what is known of the archive.
    """
    command = [
        *(sys.executable, "-m", "cors_addon", "pipeline", "run", str(archive)),
        *("--workers", str(workers), "--batch", str(batch), "--engine", "auto"),
    ]
    first: list[Any] = []
    for what in ("in peace", "a worker killed", "all killed, and started again"):
        out = archive.parent / what.replace(" ", "-").replace(",", "")
        began, killed = time.monotonic(), 0
        with started([*command, str(out)]) as running:
            if what != "in peace":
                _wait_for(out, running, -(-expected.recordings // (3 * batch)))
                assert running.poll() is None, "it ended before anything was killed"
                killed = _told(out) * batch
                ended = _workers(running.pid)
                assert len(ended) == workers
                for each in ended[:1] if what == "a worker killed" else [psutil.Process(running.pid), *ended]:
                    each.send_signal(signal.SIGKILL)
            code = running.wait()
        if what == "all killed, and started again":
            assert code == -signal.SIGKILL
            with started([*command, str(out)]) as running:
                code = running.wait()
        assert code == 0
        yield figures(what, out, expected, (killed, time.monotonic() - began))
        found = rows(out)
        first = first or found
        assert found == first, f"{what}: not the rows that come in peace"


@contextlib.contextmanager
def started(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process, which has ended afterwards, with all that it started."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _wait_for(out: Path, running: subprocess.Popen[bytes], files: int) -> None:
    waits.until_now(lambda: _told(out) >= files or running.poll() is not None, 900)


def _told(out: Path) -> int:
    return len(list(out.glob("*.parquet")))


def _workers(pid: int) -> list[psutil.Process]:
    """Processes that Dask's nannies have started."""
    below = psutil.Process(pid).children(recursive=True)
    return [each for each in below if "spawn_main" in " ".join(each.cmdline())]


def rows(out: Path, sql: str = TELLING) -> list[Any]:
    """All that is told."""
    connection = Parts(str(out)).connect()
    try:
        found: list[Any] = connection.execute(sql).fetchall()
        return found
    finally:
        connection.close()


def figures(what: str, out: Path, expected: Expected, run: tuple[int, float]) -> Figures:
    """What the rows show; they are as many, and of as many kinds, as they should be."""
    own = dict(rows(out, "SELECT recording, count(*) FROM recordings GROUP BY 1"))
    states = dict(rows(out, "SELECT state, count(*) FROM recordings GROUP BY 1"))
    [(judgements, distinct)] = rows(out, "SELECT count(*), count(DISTINCT (recording, number)) FROM judgements")
    denied = dict(rows(out, "SELECT reason, count(*) FROM judgements WHERE verdict = 'deny' GROUP BY 1"))
    lost = expected.recordings - len(own)
    twice = sum(count - 1 for count in own.values()) + judgements - distinct
    found = Figures(what, run[0], len(own), lost, twice, judgements, _told(out), run[1])
    assert (lost, twice, judgements) == (0, 0, expected.judgements), found
    assert states == expected.states
    assert denied == expected.denied
    return found
