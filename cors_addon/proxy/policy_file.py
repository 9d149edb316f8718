"""The file of policies: read, and read again when it changes.

Law: a broken file never replaces a good one.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from mitmproxy import exceptions, flowfilter

from cors_addon.policy.faults import Fault, Severity, count
from cors_addon.policy.model import Policy
from cors_addon.policy.read import Loaded, read
from cors_addon.proxy.faults import Faults

logger = logging.getLogger(__name__)

_LOOK_EVERY = 1.0
"""Seconds between two looks at the file."""


def check_filter(expression: str) -> str | None:
    """What is wrong with a filter expression, or None."""
    try:
        flowfilter.parse(expression)
    except ValueError as error:
        return str(error)
    return None


def load(path: Path) -> Loaded:
    """Read a policy file; raises OSError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
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
        self._stamp: tuple[int, int] | None = None
        self._watcher: asyncio.Task[None] | None = None

    def use(self, path: Path | None) -> None:
        """Take the policies of a file from now on; raises OptionsError with every fault."""
        if path is None:
            self._unwatch()
            self.path, self._stamp = None, None
            self._take(())
            return
        try:
            stamp = _stamp(path)
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

    def look(self) -> bool:
        """Read the file again where it changed; a broken one changes nothing. True where the policies are new."""
        path = self.path
        if path is None:
            return False
        try:
            stamp = _stamp(path)
            if stamp == self._stamp:
                return False
            self._stamp = stamp
            loaded = load(path)
        except OSError as error:
            if self._stamp is not None:
                self._stamp = None
                logger.error("cors_policy: cannot read %s: %s. The last good policies stay.", path, error.strerror)
            return False
        self._log(path, loaded.faults)
        if not loaded.usable:
            logger.error("cors_policy: %s has %s. The last good policies stay.", path, count(loaded.faults))
            return False
        before = self.policies
        self._take(loaded.policies)
        names = ", ".join(policy.name for policy in loaded.policies)
        now = self.policies
        changed = [policy for policy in (*before, *now) if policy not in before or policy not in now]
        logger.info("cors_policy: %s read again: %s. %s", path, names, self.advise(changed))
        return True

    def _take(self, policies: Sequence[Policy]) -> None:
        self.policies = tuple(policies)
        self._changed()

    @staticmethod
    def _log(path: Path, faults: Sequence[Fault]) -> None:
        for fault in faults:
            level = logging.ERROR if fault.severity is Severity.ERROR else logging.WARNING
            logger.log(level, "%s", fault.render(str(path)))

    def _watch(self) -> None:
        if self._watcher is not None:
            return
        try:
            self._watcher = asyncio.get_running_loop().create_task(self._keep_looking())
        except RuntimeError:  # options are set before mitmproxy's loop runs: `running` begins to watch
            self._watcher = None

    def running(self) -> None:
        """The loop of mitmproxy runs."""
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
            await asyncio.sleep(_LOOK_EVERY)
            try:
                self.look()
            except Exception as error:
                self._faults.report(error)


def _stamp(path: Path) -> tuple[int, int]:
    seen = path.stat()
    return seen.st_mtime_ns, seen.st_size
