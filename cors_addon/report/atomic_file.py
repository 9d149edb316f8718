"""Files that are either whole or untouched."""

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


def overwrites(output: Path | None, inputs: Iterable[str | Path]) -> bool:
    """Whether a file to be written is one of those to be read, by whatever name."""
    for each in inputs if output is not None and output.is_file() else ():
        with contextlib.suppress(OSError):
            if output is not None and output.samefile(each):
                return True
    return False


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A file to write that takes the place of `path` once it is done; on an error `path` stays as it was.

    What is no regular file (a device, a pipe) is written as it stands, and so is a file in a folder that takes no new
    one. Raises OSError.
    """
    path = Path(os.path.realpath(path))  # of a link, what it leads to is replaced
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        mode = None
    if mode is None or stat.S_ISREG(mode):
        temporary = path.with_name(f".{path.name[:100]}.{os.getpid()}.tmp")
        try:
            file = temporary.open("x", encoding="utf-8", newline="\n")
        except PermissionError:
            if mode is None:
                raise
        else:
            try:
                with file:
                    if mode is not None:
                        os.chmod(temporary, stat.S_IMODE(mode))
                    yield file
                os.replace(temporary, path)
            except BaseException:
                with contextlib.suppress(OSError):
                    temporary.unlink()
                raise
            return
    with path.open("w", encoding="utf-8", newline="\n") as file:
        yield file
