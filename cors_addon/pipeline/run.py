"""The archive judged by Dask: batches go to its workers, each of which writes a part; this here only hands them out.

Dask, since a worker that ends is Dask's business: it starts another, and gives it the batch. Apache Beam, by which
HTTP Archive long read its recordings, runs here, too; but its own local runner waits forever for a worker that was
killed, and the runners that do not are services, or programs that PyPI lacks.

Law 1: a batch that fails whole, by an error or since its workers ended, is tried one recording at a time; so is, when
       all else is done and with all workers to itself, one on which they ended again. What fails then is told as
       failed. Only where rows cannot be written does the run end.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

from cors_addon.pipeline.parts import Parts
from cors_addon.pipeline.plan import MOST_RECORDINGS, Archive, Plan, part_name, plan
from cors_addon.pipeline.rows import Recording, State, about, head, rows

AT_ONCE = 4
"""Batches for each thread of a worker that are handed out before their turn."""
TRIES_TO_WRITE = 2
"""After the first, where rows cannot be written: a bucket may be busy."""


class RunError(Exception):
    """The run cannot begin, or not go on; what it has told stays, and the next run goes on from there."""


@dataclass(frozen=True)
class Task:
    """A batch for a worker: where to read, where to write, and how to judge."""

    archive: str
    out: str
    engine: str
    recordings: tuple[Recording, ...]

    @property
    def part(self) -> str:
        """The name of the file that it makes."""
        return part_name(self.recordings)


@dataclass(frozen=True)
class Summary:
    """What the parts tell after a run."""

    states: dict[str, int]
    """Recordings by state, those of earlier runs included."""
    judgements: int
    parts: int
    kept: int
    """Recordings that earlier runs told."""


@dataclass(frozen=True)
class How:
    """How an archive is judged."""

    engine: str = "auto"
    only: str = "*"
    """A pattern of recordings' names."""
    batch: int = MOST_RECORDINGS
    """Recordings that one file tells, at most."""
    on_progress: Callable[[int, int], object] | None = None
    """Is told how many recordings are done, and of how many."""


def judge_batch(task: Task) -> int:
    """Judge some recordings, and write their part; returns how many. A worker's work, whole."""
    Parts(task.out).write(task.part, _rows(task))
    return len(task.recordings)


def _rows(task: Task) -> Iterator[dict[str, Any]]:
    archive = Archive(task.archive)
    for recording in task.recordings:
        try:
            with archive.local(recording) as path:
                yield from rows(path, recording, task.engine)
        except OSError as error:
            yield _told(recording, task.engine, State.UNREADABLE, f"cannot be read: {error.strerror or error}")


def _told(recording: Recording, engine: str, state: State, fault: str) -> dict[str, Any]:
    return head(recording, engine) | about(recording, state, fault)


type Workers = Callable[[], AbstractContextManager[Any]]
"""Gives a `distributed.Client`, as `workers` does."""


def run(archive: str, out: str, workers: Workers, how: How | None = None) -> Summary:
    """Have workers judge what is new in an archive; where nothing is, none are started. Raises RunError, OSError."""
    import distributed  # noqa: F401  what is not installed is said before anything is done
    import duckdb  # noqa: F401

    how = how or How()
    source, parts = Archive(archive), Parts(out)
    _check(source, parts, how)
    parts.tidy()
    recordings = source.recordings(how.only)
    if not recordings:
        raise RunError(f"{archive}: no recording is there" + ("" if how.only == "*" else f" of the name {how.only!r}"))
    todo = plan(recordings, parts.done(), how.batch)
    for part, names in todo.outdated.items():
        parts.leave_out(part, names)
    tasks = (Task(source.url, parts.url, how.engine, batch) for batch in todo.batches)
    if todo.batches:
        with workers() as client:
            _hand_out(client, tasks, todo, how)
    parts.tidy()
    return summary(parts, todo.kept)


def _check(archive: Archive, parts: Parts, how: How) -> None:
    """Rows of one folder are of one kind, and not among the recordings."""
    inside = f"{archive.url.rstrip('/')}/"
    if f"{parts.url.rstrip('/')}/".startswith(inside):
        raise RunError(f"{parts.url} lies in {archive.url}: rows are no recordings; name a folder beside it")
    made_by = parts.made_by()
    own = head(Recording("", "", 0), how.engine)
    if made_by - {(own["program"], own["asked_engine"])}:
        [(program, engine), *_] = sorted(made_by)
        raise RunError(
            f"{parts.url} holds rows by {program}, engine {engine}; these would be by {own['program']}, engine "
            f"{how.engine}: name another folder, or remove it"
        )


def _hand_out(client: Any, tasks: Iterator[Task], todo: Plan, how: How) -> None:
    """See law 1. Raises RunError where rows cannot be written."""
    from distributed import KilledWorker, as_completed

    waiting: dict[str, Task] = {}
    suspects: list[Task] = []
    attempts = count()

    def submit(task: Task) -> Any:
        waiting[key := f"cors-addon-{task.part}-{next(attempts)}"] = task
        return client.submit(judge_batch, task, key=key, pure=False, retries=TRIES_TO_WRITE)

    threads = sum(client.nthreads().values())
    pool = as_completed([submit(task) for task in islice(tasks, max(threads, 1) * AT_ONCE)])
    done, total = 0, sum(map(len, todo.batches))
    for future in pool:
        task = waiting.pop(future.key)
        error = _error(future)
        if error is None:
            done += len(task.recordings)
        elif len(task.recordings) > 1:
            pool.update([submit(Task(task.archive, task.out, task.engine, (each,))) for each in task.recordings])
        elif isinstance(error, KilledWorker):
            suspects.append(task)  # or what its worker was given beside it
        else:
            _give_up(task, error)
            done += 1
        future.release()
        for each in islice(tasks, 1):
            pool.add(submit(each))
        if how.on_progress is not None:
            how.on_progress(done, total)
    for task in suspects:
        if error := _error(submit(task)):
            _give_up(task, error)


def _error(future: Any) -> Exception | None:
    """What became of a batch; None where it is told. Raises RunError where rows cannot be written."""
    try:
        future.result()
    except OSError as error:
        raise RunError(f"rows cannot be written: {error.filename or ''} {error.strerror or error}") from error
    except Exception as error:
        return error
    return None


def _give_up(task: Task, error: Exception) -> None:
    """Tell a recording on which its worker fails."""
    from distributed import KilledWorker

    words = f"{type(error).__name__}: {error}".splitlines()[0]
    if isinstance(error, KilledWorker):
        words = "each worker that judged it has ended: killed, or out of memory"
    try:
        Parts(task.out).write(task.part, [_told(each, task.engine, State.FAILED, words) for each in task.recordings])
    except OSError as unwritten:
        raise RunError(f"{task.out}: rows cannot be written: {unwritten.strerror or unwritten}") from unwritten


def summary(parts: Parts, kept: int = 0) -> Summary:
    """What the parts tell."""
    connection = parts.connect()
    try:
        asked = "SELECT state, count(*), sum(judgements) FROM recordings GROUP BY state ORDER BY state"
        found = connection.execute(asked).fetchall()
    finally:
        connection.close()
    states = {state: count for state, count, _ in found}
    return Summary(states, sum(int(each) for _, _, each in found), len(parts.names()), kept)


@contextmanager
def workers(number: int | None = None, scheduler: str = "") -> Iterator[Any]:
    """A client of so many workers on this machine, by default one for each core, or of a cluster at an address."""
    from distributed import Client, LocalCluster

    if scheduler:
        with Client(scheduler) as client:
            yield client
        return
    # only this user's processes may talk to them: they do what they are told
    how = {"threads_per_worker": 1, "processes": True, "host": "127.0.0.1", "security": True}
    pages = {"dashboard_address": "127.0.0.1:0", "worker_dashboard_address": "127.0.0.1:0"}
    with LocalCluster(n_workers=number, **how, **pages) as cluster, Client(cluster) as client:
        yield client
