"""The HTML report of a session: what it covers is gathered as it is judged, or found among the flows still listed.

Law 1: traffic does not wait for a report: one of many exchanges is made in a thread.
Law 2: a thread has what it counts for itself: what is judged meanwhile is added once it is done.
"""

import asyncio
import contextlib
import gc
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import ClassVar

import mitmproxy.types
from mitmproxy import exceptions, http
from mitmproxy.master import Master

from cors_addon.exchange.model import Judgement
from cors_addon.proxy.command_group import Command, CommandGroup
from cors_addon.proxy.logs import logger_of

logger = logger_of(__name__)

_AT_ONCE = 30
"""Exchanges that are reported while everybody waits, which takes milliseconds."""

_NONE_KEPT = " Where no flows are kept (mitmdump), set cors_report first."

type Judgements = Callable[[], Iterable[Judgement]]
type Body = Callable[[str], bytes]


class Gathered:
    """Judgements, counted and kept for a report. Its memory is bounded; counts cover all."""

    def __init__(self, judgements: Iterable[Judgement] = ()) -> None:
        from cors_addon.report.html.exchanges import Exchanges  # what only reports need takes a while to import
        from cors_addon.report.summary import Summary

        self._summary = Summary()
        self._exchanges = Exchanges()
        for judgement in judgements:
            self.add(judgement)

    def add(self, judgement: Judgement) -> None:
        """Take a judgement, in place of an earlier revision of it."""
        self._summary.add(judgement)
        self._exchanges.add(judgement)

    def __len__(self) -> int:
        return sum(self._summary.roles.values())

    def write(self, path: Path, body_of: Body) -> int:
        """Write the report; returns how many exchanges it covers. Raises OSError."""
        from cors_addon.report.atomic_file import replacing

        with replacing(path, only_files=True) as file:
            file.write(self.render(body_of))
        return len(self)

    def render(self, body_of: Body) -> str:
        """The report as one document."""
        from cors_addon.report.html.page import render
        from cors_addon.report.input import Input

        self._summary.inputs = [Input("mitmproxy", flows=len(self))]
        return render(self._summary, self._exchanges, body_of=body_of)


class Reporting(CommandGroup):
    """The option `cors_report` and the command `cors.report`; where the option names a file, a sink of judgements."""

    COMMANDS: ClassVar = (Command("cors.report", "report"),)
    takes_probes = True

    def __init__(self, master: Master, judged: Judgements, body_of: Body) -> None:
        """`judged` gives the judgements of the flows that are still at hand, `body_of` the answer's body of a flow."""
        super().__init__(master)
        self._judged = judged
        self._body_of = body_of
        self._path: Path | None = None
        self.gathered: Gathered | None = None
        """What is gathered for the file that the option names; None where it names none."""
        self._writer: threading.Thread | None = None
        """The thread of the latest report of many, which may be done."""
        self._busy = False
        """It is not."""
        self._rendering = False
        """It counts what was gathered."""
        self._later: list[Judgement] = []
        """What was judged while a report was rendered."""

    def use(self, path: Path | None) -> None:
        """Write to this file at the end, from now on; None: to none."""
        self._path = path
        if path is None:
            self.gathered = None
            self._later.clear()  # what is gathered from now on begins with all of them
        elif self.gathered is None:
            self.gathered = Gathered(self._judged())

    def write(self, judgement: Judgement, _flow: http.HTTPFlow | None) -> None:
        """Gather a judgement."""
        if self.gathered is None:
            return
        if self._rendering:
            self._later.append(judgement)
        else:
            self.gathered.add(judgement)

    def report(self, path: mitmproxy.types.Path = "") -> str:  # type: ignore[assignment]  # a path is a str there
        """Write all CORS exchanges as an HTML report to a file; without a path, to that of the option cors_report."""
        target = Path(path).expanduser() if path else self._path
        if target is None:
            raise exceptions.CommandError("cors.report: name a file, or set the option cors_report.")
        if self._busy:
            raise exceptions.CommandError("cors.report: one is being written; the log says when it is done.")
        judged = () if self.gathered is not None else [*self._judged()]
        count = len(judged) if self.gathered is None else len(self.gathered)
        loop = _loop() if count > _AT_ONCE else None
        try:
            if loop is not None:
                self._report_beside(target, judged, loop)
                return f"{count:,} exchanges are being reported in {target}; the log says when it is done."
            gathered = Gathered(judged) if self.gathered is None else self.gathered
            count = gathered.write(target, self._body_of)
        except OSError as error:
            raise exceptions.CommandError(f"cors.report: cannot write {target}: {error.strerror}") from error
        kept = "" if count or self.gathered is not None else _NONE_KEPT
        return f"{_reported(count, target)}.{kept}"

    def _report_beside(self, target: Path, judged: Iterable[Judgement], loop: asyncio.AbstractEventLoop) -> None:
        """Write a report in a thread; the log says how that went. Raises OSError where it cannot be begun."""
        from cors_addon.report.atomic_file import replacing

        gathered = self.gathered
        stack = contextlib.ExitStack()
        file = stack.enter_context(replacing(target, only_files=True))

        def make() -> int:
            with stack:
                try:
                    with _uncollected():
                        made = Gathered(judged) if gathered is None else gathered
                        count, text = len(made), made.render(self._body_of)
                finally:
                    with contextlib.suppress(RuntimeError):  # the loop is closed
                        loop.call_soon_threadsafe(self._rendered)
                file.write(text)
            return count

        def work() -> None:
            level, told = logging.ERROR, ""
            try:
                level, told = logging.INFO, _reported(make(), target)
            except OSError as error:
                told = f"cannot write {target}: {error.strerror}"
            except Exception as error:
                told = f"cannot make the report: {error!r}"
            finally:
                self._busy = False  # whoever reads the log may ask for the next one
            logger.log(level, "cors.report: %s", told)

        self._writer = threading.Thread(target=work, name="cors.report", daemon=True)
        self._busy = self._rendering = True
        self._writer.start()

    def _rendered(self) -> None:
        """Nobody else counts any more: add what came meanwhile."""
        self._rendering = False
        later, self._later = self._later, []
        for judgement in later:
            if self.gathered is not None:
                self.gathered.add(judgement)

    def close(self) -> None:
        """Write the file of the option, if there is one."""
        self._wait()
        if self._path is None or self.gathered is None:
            return
        try:
            count = self.gathered.write(self._path, self._body_of)
        except OSError as error:
            logger.error("cors_report: cannot write %s: %s", self._path, error.strerror)
        else:
            logger.info("cors_report: %s", _reported(count, self._path))

    def withdraw(self) -> None:
        """Take the command away; what it was asked for is written before."""
        super().withdraw()
        self._wait()

    def _wait(self) -> None:
        if self._writer is not None:
            self._writer.join()  # it may have rendered, and not have written yet
            self._rendered()


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """No search for cycles, of which a report makes none: among many flows each stops every thread for long."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _reported(count: int, target: Path) -> str:
    return f"{count:,} exchange{'' if count == 1 else 's'} reported in {target}"


def _loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
