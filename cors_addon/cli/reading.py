"""Recordings read one after another, judged and counted: what `check` makes of its files, whatever it then writes."""

import argparse
from typing import TYPE_CHECKING, TextIO

from cors_addon.audit.auditor import Auditor
from cors_addon.exchange.model import Judgement
from cors_addon.policy.suffixes import registrable_domain
from cors_addon.recordings import judge
from cors_addon.recordings.har_dialects import last_name
from cors_addon.recordings.together import JOINED, Together
from cors_addon.report import jsonl, terminal
from cors_addon.report.input import Input
from cors_addon.report.summary import Summary
from cors_addon.session import page_log
from cors_addon.session.session import last_of

if TYPE_CHECKING:
    from cors_addon.cli.policy import Trial
    from cors_addon.report.html.exchanges import Exchanges


def _no_exchanges() -> "Exchanges":
    from cors_addon.report.html.exchanges import Exchanges  # what one format needs

    return Exchanges()


class Reading:
    """Takes in recordings."""

    def __init__(self, options: argparse.Namespace, summary: Summary, lines: TextIO | None) -> None:
        """`options`: those of the command. `lines` takes each judgement as a JSON line, if there is one."""
        self.options = options
        self.summary = summary
        self.lines = lines
        self.listed = _no_exchanges() if options.format == "html" else None
        self.auditor = Auditor(registrable_domain)
        self.together = Together() if options.together else None
        self.trial: Trial | None = None
        self.progress: judge.Progress | None = None
        """Is told how far the reading is."""

    def read(self, name: str) -> None:
        """Read a file to its end; whatever is wrong with it is noted in the summary."""
        each = Input(name)
        self.summary.inputs.append(each)
        options = self.options
        how = judge.How(
            engine="auto" if options.engine == "all" else options.engine,
            expression=options.filter,
            whole_name=any(other != name and last_name(other) == last_name(name) for other in options.files),
            witness=options.witness or page_log.beside(name),
            auditor=self.auditor,
            progress=self.progress,
            trials=() if self.trial is None else self.trial.of_loads,
        )
        try:
            found = judge.judged(name, each, how)
            if self.together is not None and (joined := self.together.add(last_of(found).values())):
                each.note(JOINED, joined)
            for judgement in found:
                self.take(judgement, name)
        except BrokenPipeError:
            raise
        except OSError as error:
            if error.filename is None:
                raise
            hint = ". Files are read, not addresses" if "://" in name else ""
            each.damage = f"cannot be read: {error.strerror}{hint}"

    def take(self, judgement: Judgement, name: str) -> None:
        """Take in a judgement, of a file of this name."""
        if self.trial is not None:
            self.trial.observe(judgement)
        self.summary.add(judgement, source=name)
        if self.lines is not None:
            terminal.put_data(self.lines, jsonl.dumps(judgement) + "\n")
        if self.listed is not None:
            self.listed.add(judgement)

    def finish(self) -> None:
        """Take in what all files say together."""
        for judgement in () if self.together is None else self.together.judgements:
            self.take(judgement, "")

    @property
    def is_apart(self) -> bool:
        """Whether files may be read each by itself, and joined."""
        return self.together is None and self.trial is None and self.listed is None

    def join(self, summary: Summary, auditor: Auditor) -> bool:
        """Take in what another has read of the next file.

        False where that is not what this would have made of it, knowing the files before: then nothing is changed.
        """
        if not (self.summary.may_join(summary) and self.auditor.may_join(auditor)):
            return False
        self.summary.join(summary)
        self.auditor.join(auditor)
        return True
