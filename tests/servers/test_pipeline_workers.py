"""Dask's workers as processes of their own, which are killed at work."""

import gzip
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from pathlib import Path

import psutil

from cors_addon.pipeline import run
from tests import pipeline_trial, waits
from tests.pipeline_archive import make
from tests.test_har import entry, har
from tests.test_pipeline import once, states, told


def test_a_worker_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    """In the midst of a long recording; where that ends each worker, it alone is told as failed."""
    folder = tmp_path / "in"
    make(folder, 20)
    long = folder / "0000" / "000005-long.har.gz"
    text = har(*(entry(at=number / 1000) for number in range(500)))
    head, tail = text[: text.index("[") + 1], text[text.rindex("]") :]
    entries = text[len(head) : -len(tail)]
    long.write_bytes(gzip.compress(f"{head}{', '.join([entries] * 12)}{tail}".encode(), 1))
    with run.workers(2) as client:
        for most, kills, state, out in ((3, 1, "whole", tmp_path / "a"), (0, 3, "failed", tmp_path / "b")):
            client.cluster.scheduler.allowed_failures = most
            with ThreadPoolExecutor(1) as pool:
                running = pool.submit(run.run, str(folder), str(out), lambda: nullcontext(client), run.How(batch=8))
                ended: set[int] = set()
                while len(ended) < kills:
                    waits.until_now(lambda: running.done() or reading(long) - ended, 60)  # noqa: B023
                    assert not running.done()
                    ended |= (now := reading(long) - ended)
                    for pid in now:
                        os.kill(pid, signal.SIGKILL)
                running.result()
            found = states(out)
            assert found.pop("0000/000005-long.har.gz") == state
            assert list(found.values()).count("whole") == 16
            assert len(found) == 20
            assert once(out)
    [(fault,)] = told(out, "SELECT fault FROM recordings WHERE state = 'failed'")
    assert fault == "each worker that judged it has ended: killed, or out of memory"


def reading(file: Path) -> set[int]:
    """The workers of this process that have a file open."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            found |= {process.pid for opened in process.open_files() if opened.path == str(file)}
    return found


def test_the_command_bears_to_be_killed(tmp_path: Path) -> None:
    """The same as `scripts/pipeline-trial` does with 10,000 recordings, with fewer."""
    expected = make(tmp_path / "recordings", 60)
    found = list(pipeline_trial.trials(tmp_path / "recordings", expected, workers=2, batch=3))
    assert [each.what for each in found] == ["in peace", "a worker killed", "all killed, and started again"]
    assert [bool(each.killed) for each in found] == [False, True, True]
