"""How many recordings are read at a time: one after the other, or by several processes where that is worth it."""

import os

from cors_addon.cli.reading import Reading

WORTH = 1 << 20
"""Bytes of a file from which on it is worth a process of its own."""


def usual() -> int:
    """As many processes as there are processors for this one."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def read(reading: Reading, jobs: int) -> None:
    """Read all files, some at a time where that is of use."""
    files: list[str] = reading.options.files
    if jobs < 2 or not reading.is_apart or "-" in files or sum(_size(name) >= WORTH for name in files) < 2:
        for name in files:
            reading.read(name)
        return
    from cors_addon.cli import workers  # what starts processes takes a while to import

    workers.read(reading, jobs)


def _size(name: str) -> int:
    try:
        return os.path.getsize(name)
    except (OSError, ValueError):
        return 0
