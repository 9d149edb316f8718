"""A file that lines are appended to, by a thread of its own: whatever the file is, nobody waits for it.

Law 1: what cannot be written waits, up to `MOST_WAITING` bytes, and is tried again; what comes beyond that is dropped,
counted and told. Trouble is told once, and so is its end.
Law 2: a line is whole, or not there. What an earlier run left without its end gets one, and what cannot be finished is
taken back, unless somebody else has written behind it.
Law 3: a file that was moved away or removed, as logrotate does, is opened anew by its name. A pipe whose reader went
waits for the next one.
"""

import contextlib
import errno
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue

from cors_addon.proxy.logs import logger_of
from cors_addon.report import bounded_file

logger = logger_of(__name__)

MOST_WAITING = 1 << 24
"""Bytes of lines that wait for the file."""
PATIENCE = 1.0
"""Seconds within which something must be written once there will be no more lines, or what is left is given up."""
_AGAIN = 0.5
"""Seconds until what failed is tried again."""
_AT_ONCE = 1 << 16
"""Bytes from which on no more lines are written together."""
_CREATE = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
_OURS = 0o600
"""Nobody else may read it: it holds traffic."""


class LineFile:
    """Lines for one file."""

    def __init__(self, path: Path, option: str) -> None:
        """`option` is what names it, for messages. It is opened for the first line, or by `open`."""
        self.path = path
        self._option = option
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._given = 0
        """Bytes of lines that were put into the queue; written by whoever calls `write` alone."""
        self._done = 0
        """Bytes of those that no longer wait; written by the thread alone, as are all below."""
        self._dropped = 0
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._trouble = ""
        self._file: int | None = None
        self._end = 0
        """Where our last byte ends, in a regular file."""
        self._is_regular = False

    def open(self) -> None:
        """Create or open it now, where it is a file: opening a pipe may wait for its reader. Raises OSError."""
        try:
            what = bounded_file.kind(self.path.stat().st_mode)
        except FileNotFoundError:
            what = ""
        if not what:
            self._open()

    def write(self, line: str) -> None:
        """Have a line written, its end left to us."""
        if self._closing.is_set():
            return
        data = f"{line}\n".encode("ascii")
        if self._given - self._done + len(data) > MOST_WAITING:
            if not self._dropped:
                logger.error(
                    "%s: %s takes no more, and %d MB of lines wait: further ones are dropped.",
                    *(self._option, self.path, MOST_WAITING >> 20),
                )
            self._dropped += 1
            return
        self._given += len(data)
        self._queue.put(data)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._option, daemon=True)
            self._thread.start()

    def close(self) -> None:
        """There will be no more: write what waits. Never takes long where nothing can be written."""
        self._closing.set()
        self._queue.put(None)
        thread = self._thread
        if thread is None:
            self._let_go()
            return
        while thread.is_alive():
            before = self._done
            thread.join(PATIENCE)
            if self._done == before and thread.is_alive():
                break
        left = self._given - self._done
        if left or self._dropped:
            logger.error(
                "%s: %s lacks the last lines (%s bytes; %d were dropped)%s",
                *(self._option, self.path, f"{left:,}", self._dropped, f": {self._trouble}" if self._trouble else "."),
            )

    # ---- the thread ----

    def _work(self) -> None:
        try:
            for data in self._batches():
                if not self._put(data):
                    return
        finally:
            self._let_go()

    def _batches(self) -> Iterator[bytes]:
        """Lines, as many as wait."""
        while (first := self._queue.get()) is not None:
            found = [first]
            size = len(first)
            ends = False
            with contextlib.suppress(Empty):
                while size < _AT_ONCE:
                    more = self._queue.get_nowait()
                    if more is None:
                        ends = True
                        break
                    found.append(more)
                    size += len(more)
            yield b"".join(found)
            if ends:
                return

    def _put(self, data: bytes) -> bool:
        """Write whole lines; False where that is given up."""
        at = 0
        while at < len(data):
            try:
                at = self._write_on(data, at)
            except OSError as error:
                self._note(error)
                if not self._is_regular:
                    self._let_go()
                    at = _begin_of_line(data, at)
                if self._closing.wait(_AGAIN):
                    self._take_back(at - _begin_of_line(data, at))
                    return False
        self._done += len(data)
        if self._trouble:
            self._recovered()
        return True

    def _write_on(self, data: bytes, at: int) -> int:
        """Write some of it; returns how much is written now."""
        begin = _begin_of_line(data, at)
        if self._file is None or (self._is_regular and self._was_moved()):
            self._let_go()
            self._open()
            at = begin
        elif at > begin and self._is_regular and os.fstat(self._file).st_size != self._end:
            self._end_last_line()  # somebody else has written behind half a line of ours
            at = begin
        assert self._file is not None
        written = os.write(self._file, memoryview(data)[at:])
        if self._is_regular:
            self._end = os.lseek(self._file, 0, os.SEEK_CUR)
        return at + written

    def _open(self) -> None:
        self._file = os.open(self.path, _CREATE, _OURS)
        mode = os.fstat(self._file).st_mode
        self._is_regular = stat.S_ISREG(mode)
        what = bounded_file.kind(mode)
        if what in ("a folder", "a socket"):
            self._let_go()
            raise OSError(errno.EINVAL, f"it is {what}, and not a file")
        if self._is_regular:
            self._end_last_line()

    def _end_last_line(self) -> None:
        assert self._file is not None
        size = os.fstat(self._file).st_size
        try:
            with open(self.path, "rb", buffering=0) as file:
                file.seek(max(size - 1, 0))
                last = file.read(1)
        except OSError:
            return  # it may be written, and not read
        if size and last != b"\n":
            os.write(self._file, b"\n")

    def _was_moved(self) -> bool:
        assert self._file is not None
        try:
            there = os.stat(self.path)
        except FileNotFoundError:
            return True
        return not os.path.samestat(there, os.fstat(self._file))

    def _take_back(self, size: int) -> None:
        """Half a line that will not be finished."""
        if size and self._is_regular and self._file is not None:
            with contextlib.suppress(OSError):
                if os.fstat(self._file).st_size == self._end:
                    os.truncate(self._file, self._end - size)

    def _let_go(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                os.close(file)

    def _note(self, error: OSError) -> None:
        if not self._trouble:
            self._trouble = error.strerror or str(error)
            logger.error("%s: cannot write to %s: %s. Lines wait.", self._option, self.path, self._trouble)

    def _recovered(self) -> None:
        self._trouble = ""
        dropped, self._dropped = self._dropped, 0
        lost = f"; {dropped:,} lines were dropped" if dropped else ""
        logger.warning("%s: %s is written again%s.", self._option, self.path, lost)


def _begin_of_line(data: bytes, at: int) -> int:
    return data.rfind(b"\n", 0, at) + 1
