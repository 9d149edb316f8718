"""What an archive holds, and what of it is still to be judged.

Law 1: a plan follows from the archive and from what is done; nothing else is remembered between runs.
"""

import fnmatch
import hashlib
import os
import stat
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from cors_addon.pipeline.rows import Recording, State, told_name

MOST_RECORDINGS = 100
MOST_BYTES = 64 << 20
"""What is judged in one go, and told in one file, unless a single recording is larger."""

TRIED_AGAIN = (State.UNREADABLE, State.FAILED)


class Done(NamedTuple):
    """What was told of a recording."""

    version: str
    state: State
    part: str
    """Name of the file that tells it."""


class Plan(NamedTuple):
    """What is to be done."""

    batches: list[tuple[Recording, ...]]
    outdated: dict[str, set[str]]
    """By the name of a part: the recordings in it that will be told anew."""
    kept: int
    """How many recordings need nothing."""


class Archive:
    """A folder of recordings, here or in a bucket: whatever fsspec can list and read."""

    def __init__(self, url: str) -> None:
        """Raises ValueError for an address that fsspec knows nothing of, ImportError for what it needs for this one."""
        self._fs, root, self.url = opened(url)
        self._root = root.rstrip("/")

    def recordings(self, only: str = "*") -> list[Recording]:
        """All its files but hidden ones, in order, that match a pattern by their path or name. Raises OSError.

        Raises FileNotFoundError where there is no such folder.
        """
        if not self._fs.exists(self._root):
            raise FileNotFoundError(2, "no such file or folder", self.url)
        found = []
        for path, listed in self._fs.find(self._root, detail=True).items():
            name, info = self._below(path), _of_a_file(path, listed)
            if info is None:
                continue
            hidden = any(part.startswith(".") for part in name.split("/"))
            if not hidden and any(fnmatch.fnmatchcase(each, only) for each in (name, name.rpartition("/")[2])):
                found.append(Recording(name, version_of(info), int(info.get("size") or 0)))
        return sorted(found)

    def _below(self, path: str) -> str:
        """The path of a file below the folder; of a single file its name."""
        below = path.removeprefix(self._root).lstrip("/")
        return below or path.rpartition("/")[2]

    @cached_property
    def _is_file(self) -> bool:
        return bool(self._fs.isfile(self._root))

    @contextmanager
    def local(self, recording: Recording) -> Iterator[str]:
        """The path of a recording on this machine, for as long as it is needed. Raises OSError."""
        path = self._root if self._is_file else f"{self._root}/{recording.name}"
        if is_local(self._fs):
            yield path
            return
        with tempfile.TemporaryDirectory(prefix="cors-addon-") as folder:
            # of the same name, since that is in the flows' ids; as a file, since zip files are read from their end
            file = Path(folder, path.rpartition("/")[2])
            self._fs.get_file(path, str(file))
            yield str(file)


def opened(url: str) -> tuple[Any, str, str]:
    """A file system, the path in it, and the whole address, by which other processes find it."""
    import fsspec

    filesystem, path = fsspec.core.url_to_fs(url)
    return filesystem, path, url if "::" in url else filesystem.unstrip_protocol(path)


def is_local(filesystem: Any) -> bool:
    """Whether it is that of this machine."""
    return "file" in ((filesystem.protocol,) if isinstance(filesystem.protocol, str) else filesystem.protocol)


def _of_a_file(path: str, info: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What is known of a file, or of what a link leads to; None for folders, pipes and devices, which do not end."""
    if info.get("type") == "file":
        return info
    if not info.get("islink"):
        return None
    try:
        status = os.stat(path)
    except OSError:
        return info  # it leads nowhere: that is to be told
    return {**info, "mtime": status.st_mtime} if stat.S_ISREG(status.st_mode) else None


def version_of(info: Mapping[str, Any]) -> str:
    """What tells a state of a file from others, by what a listing says of it."""
    for key in (
        "ETag",
        "etag",
        "md5Hash",
        "crc32c",
        "content_md5",
        "mtime",
        "LastModified",
        "updated",
        "last_modified",
    ):
        if info.get(key):
            return f"{info.get('size')} {str(info[key]).strip(chr(34))}"
    return str(info.get("size"))


def plan(recordings: Iterable[Recording], done: Mapping[str, Done], most: int = MOST_RECORDINGS) -> Plan:
    """What is to be judged: what is new, what has changed, and what could not be judged before. `most`: at once."""
    todo, outdated, kept = [], dict[str, set[str]](), 0
    for recording in recordings:
        known = done.get(told_name(recording))
        if known is not None and known.version == recording.version and known.state not in TRIED_AGAIN:
            kept += 1
            continue
        todo.append(recording)
        if known is not None:
            outdated.setdefault(known.part, set()).add(told_name(recording))
    return Plan(list(batches(todo, most)), outdated, kept)


def batches(recordings: Iterable[Recording], most: int = MOST_RECORDINGS) -> Iterator[tuple[Recording, ...]]:
    """In order, so many at once as one file is to tell."""
    batch: list[Recording] = []
    size = 0
    for recording in recordings:
        if batch and (len(batch) >= most or size + recording.size > MOST_BYTES):
            yield tuple(batch)
            batch, size = [], 0
        batch.append(recording)
        size += recording.size
    if batch:
        yield tuple(batch)


def part_name(batch: Collection[Recording]) -> str:
    """The file that tells a batch: the same whoever writes it, and however often."""
    told = "\n".join(f"{told_name(each)}\0{each.version}" for each in batch)
    return f"part-{hashlib.sha256(told.encode()).hexdigest()[:24]}.parquet"
