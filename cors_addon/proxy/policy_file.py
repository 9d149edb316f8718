"""The file of policies: read, and read again when it changes.

Law 1: a broken file never replaces a good one.
Law 2: a file that is read again is looked at, read and understood in a thread of its own: traffic does not wait for it.
Law 3: once traffic may pass, so is a large file that is chosen anew; until it is read the policies so far stay.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mitmproxy import exceptions

from cors_addon.policy.faults import Fault, Severity, count
from cors_addon.policy.model import Policy
from cors_addon.proxy import filters
from cors_addon.proxy.faults import Faults
from cors_addon.proxy.logs import logger_of
from cors_addon.proxy.off_loop import off_loop
from cors_addon.report import bounded_file

if TYPE_CHECKING:
    from cors_addon.policy.read import Loaded

logger = logger_of(__name__)

_LOOK_EVERY = 1.0
"""Seconds between two looks at the file."""
LARGEST = 4 << 20
"""Bytes of a policy file."""
_AT_ONCE = 16 << 10
"""Bytes of one that is read while mitmproxy waits: some 60 policies, a twentieth of a second."""
_TOLD = 200
"""Faults of a file that are logged, the first."""
_NAMED = 8
"""Policies that are named, of those that were read."""

type Stamp = tuple[int, int]
"""When a file was written, in nanoseconds, and its size."""
_UNREAD: Stamp = (-1, -1)
"""Of a file that was not looked at yet."""


class _Found(NamedTuple):
    """What a look at the file showed."""

    stamp: Stamp
    loaded: "Loaded | None"
    """None: it is as it was."""


def check_filter(expression: str) -> str | None:
    """What is wrong with a filter expression, or None."""
    try:
        filters.compiled(expression)
    except ValueError as error:
        return str(error)
    return None


def load(path: Path, *, pipes: bool = False) -> "Loaded":
    """Read a policy file; raises OSError. `pipes`: or whatever else gives bytes."""
    from cors_addon.policy.read import Loaded, read  # of use where there is a file, and takes a while to import

    try:
        text = bounded_file.read(path, LARGEST, pipes=pipes).decode("utf-8-sig")
    except bounded_file.TooLarge as error:
        words = f"{error.strerror}, and policies never are: is it a policy file?"
        return Loaded((), [Fault(1, 1, Severity.ERROR, "size", words)])
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode()) + 1
        words = f"the file is not UTF-8: {error.reason}"
        return Loaded((), [Fault(line, column, Severity.ERROR, "encoding", words)])
    return read(text, check_filter)


class PolicyFile:
    """The file that is in use, if any."""

    def __init__(self, changed: Callable[[], None], faults: Faults) -> None:
        """`changed` is called when there are other policies."""
        self._changed = changed
        self._faults = faults
        self.policies: tuple[Policy, ...] = ()
        self.path: Path | None = None
        self.advise: Callable[[Iterable[Policy]], str] = lambda _changed: ""
        """What to do so that a change of these policies is seen; set by whoever knows the flows."""
        self._stamp: Stamp | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._runs = False
        """Traffic may pass."""

    @property
    def reads(self) -> bool:
        """Whether the file is still to be read, and the policies are those of another."""
        return self._stamp == _UNREAD

    def use(self, path: Path | None) -> None:
        """Take the policies of a file from now on; raises OptionsError with every fault. A large one is taken once it
        is read, and its faults are logged: see `reads`.
        """
        if path is None:
            self._unwatch()
            self.path, self._stamp = None, None
            self._take(())
            return
        try:
            stamp = _stamp(path)
            if self._runs and stamp[1] > _AT_ONCE:
                self._read_beside(path, stamp[1])
                return
            loaded = load(path)
        except OSError as error:
            raise exceptions.OptionsError(f"cors_policy: cannot read {path}: {error.strerror}") from error
        if not loaded.usable:
            faults = "\n".join(fault.render(str(path)) for fault in loaded.faults)
            raise exceptions.OptionsError(f"cors_policy: {path} is not used, {count(loaded.faults)}:\n{faults}")
        self._log(path, loaded.faults)
        self.path, self._stamp = path, stamp
        self._take(loaded.policies)
        self._watch()

    def _read_beside(self, path: Path, size: int) -> None:
        """Have a large file read beside the traffic, at once."""
        kept = f"the policies of before ({len(self.policies):,}) stay" if self.policies else "there are no policies"
        logger.info("cors_policy: %s is being read, %s bytes; until then %s.", path, f"{size:,}", kept)
        self._unwatch()
        self.path, self._stamp = path, _UNREAD
        self._watch()

    def look(self) -> bool:
        """Read the file again where it changed; a broken one changes nothing. True where the policies are new."""
        path = self.path
        return path is not None and self._saw(path, _look(path, self._stamp))

    def _saw(self, path: Path, found: _Found | OSError) -> bool:
        if isinstance(found, OSError):
            if self._stamp is not None:
                self._stamp = None
                logger.error("cors_policy: cannot read %s: %s. The last good policies stay.", path, found.strerror)
            return False
        again = "" if self.reads else " again"
        self._stamp, loaded = found
        if loaded is None:
            return False
        self._log(path, loaded.faults)
        if not loaded.usable:
            logger.error("cors_policy: %s has %s. The last good policies stay.", path, count(loaded.faults))
            return False
        changed = _changed(self.policies, loaded.policies)
        self._take(loaded.policies)
        logger.info("cors_policy: %s read%s: %s. %s", path, again, names(loaded.policies), self.advise(changed))
        return True

    def _take(self, policies: Sequence[Policy]) -> None:
        self.policies = tuple(policies)
        self._changed()

    @staticmethod
    def _log(path: Path, faults: Sequence[Fault]) -> None:
        for fault in faults[:_TOLD]:
            level = logging.ERROR if fault.severity is Severity.ERROR else logging.WARNING
            logger.log(level, "%s", fault.render(str(path)))
        if len(faults) > _TOLD:
            logger.log(level, "%s: %s in all; the first %s are told.", path, count(list(faults)), _TOLD)

    def _watch(self) -> None:
        if self._watcher is not None:
            return
        filters.make_ready()
        try:
            self._watcher = asyncio.get_running_loop().create_task(self._keep_looking())
        except RuntimeError:  # options are set before mitmproxy's loop runs: `running` begins to watch
            self._watcher = None

    def running(self) -> None:
        """The loop of mitmproxy runs."""
        self._runs = True
        if self.path is not None:
            self._watch()

    def close(self) -> None:
        """Let go of it."""
        self._unwatch()
        self.path, self.policies = None, ()

    def _unwatch(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None

    async def _keep_looking(self) -> None:
        while True:
            if not self.reads:
                await asyncio.sleep(_LOOK_EVERY)
            path, stamp = self.path, self._stamp
            try:
                if path is not None:
                    found = await off_loop(partial(_look, path, stamp))
                    if self.path is path and self._stamp == stamp:  # no command has read it meanwhile
                        self._saw(path, found)
            except Exception as error:
                self._stamp = None if self.reads else self._stamp
                self._faults.report(error)


def _look(path: Path, known: Stamp | None) -> _Found | OSError:
    """Read the file, where it is another than is known."""
    try:
        stamp = _stamp(path)
        return _Found(stamp, None if stamp == known else load(path))
    except OSError as error:
        return error


def names(policies: Sequence[Policy]) -> str:
    """What policies are called, of many the first."""
    listed = ", ".join(policy.name for policy in policies[:_NAMED])
    return listed if len(policies) <= _NAMED else f"{listed} and {len(policies) - _NAMED:,} others"


def _changed(before: Iterable[Policy], now: Iterable[Policy]) -> list[Policy]:
    """Those that were, or are, and not both; no two of a file have one name."""
    were, are = ({policy.name: policy for policy in each} for each in (before, now))
    gone = [policy for name, policy in were.items() if are.get(name) != policy]
    return [*gone, *(policy for name, policy in are.items() if were.get(name) != policy)]


def _stamp(path: Path) -> Stamp:
    seen = path.stat()
    return seen.st_mtime_ns, seen.st_size
