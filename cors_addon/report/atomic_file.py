"""Files that are either whole or untouched."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, cast

from cors_addon.report import bounded_file


def overwrites(output: Path | None, inputs: Iterable[str | Path]) -> bool:
    """Whether a file to be written is one of those to be read, by whatever name."""
    for each in inputs if output is not None and output.is_file() else ():
        with contextlib.suppress(OSError):
            if output is not None and output.samefile(each):
                return True
    return False


PRIVATE = 0o600
"""The mode of a new file that holds traffic."""
SHARED = 0o666
"""The mode of one that does not; the umask takes from it."""


def opened(path: Path) -> TextIO:
    """A file to write as it stands, which nobody else may read where it is new. Raises OSError."""
    return _opened(path, "w", PRIVATE)


def _opened(path: Path, how: str, mode: int) -> TextIO:
    file = open(path, how, encoding="utf-8", newline="\n", opener=lambda name, flags: os.open(name, flags, mode))  # noqa: SIM115
    return cast(TextIO, file)


@contextmanager
def replacing(path: Path, *, mode: int = PRIVATE, only_files: bool = False) -> Iterator[TextIO]:
    """A file to write that takes the place of `path` once it is done; on an error `path` stays as it was.

    `mode` is that of a new file; one that was there keeps its own. What is no regular file (a device, a pipe) is
    written as it stands, or refused where `only_files`: it may take nothing, and hold us for ever. A file in a folder
    that takes no new one is written as it stands, too. Raises OSError.
    """
    path = Path(os.path.realpath(path))  # of a link, what it leads to is replaced
    try:
        present = path.stat().st_mode
    except FileNotFoundError:
        present = None
    if present is None or stat.S_ISREG(present):
        temporary = path.with_name(f".{path.name[:100]}.{os.urandom(4).hex()}.tmp")
        try:
            file = _opened(temporary, "x", mode)
        except PermissionError:
            if present is None:
                raise
        else:
            try:
                with file:
                    if present is not None:
                        os.chmod(temporary, stat.S_IMODE(present))
                    yield file
                os.replace(temporary, path)
            except BaseException:
                with contextlib.suppress(OSError):
                    temporary.unlink()
                raise
            return
    elif only_files:
        raise OSError(errno.EINVAL, f"it is {bounded_file.kind(present)}, and only a file is written")
    with opened(path) as file:
        yield file
