"""The HTML report of a session: what it covers is gathered as it is judged, or found among the flows still listed."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar

import mitmproxy.types
from mitmproxy import exceptions, http
from mitmproxy.master import Master

from cors_addon.exchange.model import Judgement
from cors_addon.proxy.command_group import Command, CommandGroup
from cors_addon.proxy.logs import logger_of
from cors_addon.report.atomic_file import replacing
from cors_addon.report.html.exchanges import Exchanges
from cors_addon.report.html.page import render
from cors_addon.report.summary import Input, Summary

logger = logger_of(__name__)

type Judgements = Callable[[], Iterable[Judgement]]
type Body = Callable[[str], bytes]


class Gathered:
    """Judgements, counted and kept for a report. Its memory is bounded; counts cover all."""

    def __init__(self, judgements: Iterable[Judgement] = ()) -> None:
        self._summary = Summary()
        self._exchanges = Exchanges()
        for judgement in judgements:
            self.add(judgement)

    def add(self, judgement: Judgement) -> None:
        """Take a judgement, in place of an earlier revision of it."""
        self._summary.add(judgement)
        self._exchanges.add(judgement)

    def write(self, path: Path, body_of: Body) -> int:
        """Write the report; returns how many exchanges it covers. Raises OSError."""
        count = sum(self._summary.roles.values())
        self._summary.inputs = [Input("mitmproxy", flows=count)]
        with replacing(path, only_files=True) as file:
            file.write(render(self._summary, self._exchanges, body_of=body_of))
        return count


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

    def use(self, path: Path | None) -> None:
        """Write to this file at the end, from now on; None: to none."""
        self._path = path
        if path is None:
            self.gathered = None
        elif self.gathered is None:
            self.gathered = Gathered(self._judged())

    def write(self, judgement: Judgement, _flow: http.HTTPFlow | None) -> None:
        """Gather a judgement."""
        if self.gathered is not None:
            self.gathered.add(judgement)

    def report(self, path: mitmproxy.types.Path = "") -> str:  # type: ignore[assignment]  # a path is a str there
        """Write all CORS exchanges as an HTML report to a file; without a path, to that of the option cors_report."""
        target = Path(path).expanduser() if path else self._path
        if target is None:
            raise exceptions.CommandError("cors.report: name a file, or set the option cors_report.")
        gathered = self.gathered or Gathered(self._judged())
        try:
            count = gathered.write(target, self._body_of)
        except OSError as error:
            raise exceptions.CommandError(f"cors.report: cannot write {target}: {error.strerror}") from error
        return f"{count:,} exchange{'' if count == 1 else 's'} reported in {target}."

    def close(self) -> None:
        """Write the file of the option, if there is one."""
        if self._path is None or self.gathered is None:
            return
        try:
            count = self.gathered.write(self._path, self._body_of)
        except OSError as error:
            logger.error("cors_report: cannot write %s: %s", self._path, error.strerror)
        else:
            logger.info("cors_report: %d exchanges reported in %s", count, self._path)
