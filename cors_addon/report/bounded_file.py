"""Files that are read whole: no more of them than they may have, and never one that would not end."""

import errno
import os
import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_AT_ONCE = 1 << 16
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
"""To open a pipe without it waits until somebody writes."""


class TooLarge(OSError):
    """There is more than may be read."""

    def __init__(self, most: int) -> None:
        """`most`: bytes."""
        super().__init__(errno.EFBIG, f"it is larger than {most >> 20} MB")


def kind(mode: int) -> str:
    """What lies there, by its mode, in words: `a pipe`; empty for a regular file."""
    return next((words for is_one, words in _KINDS if is_one(mode)), "")


def read(path: Path, most: int, *, pipes: bool = False) -> bytes:
    """All of a regular file, of so many bytes at most; raises OSError, with a sentence of ours where it is none.

    `pipes`: any other thing that gives bytes will do, for somebody waits for just this and can end it.
    """
    with open(path, "rb", buffering=0, opener=None if pipes else _without_waiting) as file:
        what = kind(os.fstat(file.fileno()).st_mode)
        if what and not pipes:
            raise OSError(errno.EINVAL, f"it is {what}, and only a file is read")
        found = bytearray()
        while len(found) <= most and (more := file.read(_AT_ONCE)):
            found += more
    if len(found) > most:
        raise TooLarge(most)
    return bytes(found)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | _NO_WAIT)
