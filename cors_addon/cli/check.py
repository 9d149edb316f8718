"""`cors-addon check`: recordings judged, for people and for pipelines.

Law 1: what only some option needs (a format, a policy, a filter) is imported where that option is seen.
"""

import argparse
import contextlib
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from cors_addon.cli import jobs
from cors_addon.cli.progress import Progress
from cors_addon.cli.reading import Reading
from cors_addon.engines import ENGINES, Choices
from cors_addon.fetch import masking
from cors_addon.report import bounded_file, terminal
from cors_addon.report.atomic_file import opened, overwrites, replacing
from cors_addon.report.summary import Known, Summary
from cors_addon.report.text import WIDTH, visible

if TYPE_CHECKING:
    from cors_addon.cli.policy import Trial

DESCRIPTION = """\
Judge recorded traffic as browsers do: mitmproxy dumps, HAR files, Playwright traces, NetLogs, logs of DevTools,
Selenium and WebDriver BiDi, consoles, and what other proxies save; packed or not.

exit codes: 0 nothing to fail on, 1 something, 2 a file that cannot be used, or not to its end

formats:
  text     for people: what was denied, why, and what to change
  jsonl    a line for each judgement, as the addon writes with cors_jsonl; where later traffic changes a
           judgement, a line with the same flow_id and a higher revision follows: the last one counts
  json     a summary by endpoint and cause, which also serves as a baseline
  junit    a test case for each endpoint
  sarif    2.1.0, a result for each reason and each security finding at each endpoint
  github   annotations for GitHub Actions
  markdown for a job's summary, or a comment on a pull request
  html     a report in one file, to be opened in a browser

With --policy, what each policy would change follows the text, is the field shadow of each line of jsonl, and goes to
standard error with other formats.

What a project always wants may stand in its pyproject.toml: the table [tool.cors-addon], with the options' names as
keys, as in fail-on = "blocked".
"""

TOGETHER = "the files are of one run, a trace and a HAR, say: tell each exchange once, by the best they say of it"
SHOW_SECRETS = "show tokens, session ids and passwords in URLs, which are replaced else"
JOBS = "files to read at a time (default: as many as there are processors); the output is the same"
FOUND, FAILED, UNUSABLE = 0, 1, 2

RENDERERS = {
    "json": "cors_addon.report.json_report",
    "junit": "cors_addon.report.junit",
    "sarif": "cors_addon.report.sarif",
    "github": "cors_addon.report.github",
    "markdown": "cors_addon.report.markdown",
}
"""Formats whose module renders them from the summary alone. Another one needs no more than an entry here."""
LARGEST_BASELINE = 1 << 28
"""Bytes."""
WIDEST = 120
"""Columns of a text at most, however wide the terminal is."""
FORMATS = ("text", "jsonl", *RENDERERS, "html")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the sub-command."""
    parser = commands.add_parser(
        "check",
        help="judge recorded traffic: dumps, HAR files, traces, logs of browsers",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="a recording of these kinds; - is standard input")
    parser.add_argument("--format", choices=FORMATS, default="text", help="what to write (default: text)")
    parser.add_argument(
        "--witness",
        metavar="LOG",
        help="what pages said (cors_witness_log); by default FILE.witness, if there is one",
    )
    parser.add_argument("--output", type=Path, metavar="PATH", help="write there instead of to standard output")
    parser.add_argument(
        "--engine",
        type=str.lower,
        choices=Choices(("auto", *ENGINES, "all")),
        default="auto",
        help="judge as this engine, or a version of it, as chromium@109 (default: the client's own); all: a column for"
        " each",
    )
    parser.add_argument(
        "--fail-on",
        choices=("deny", "blocked", "finding", "change", "never"),
        default="deny",
        help="what makes the exit code 1: an answer that the page's script asked for and may not have; that or any "
        "other load that is blocked; a denied exchange or a security finding, notes excepted; a change against the "
        "baseline",
    )
    parser.add_argument(
        "--baseline", type=Path, metavar="FILE", help="an earlier report (--format json): what it knows is no failure"
    )
    parser.add_argument(
        "--filter", default="", metavar="EXPRESSION", help="tell only of what this mitmproxy filter selects"
    )
    parser.add_argument(
        "--policy",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="try the policies of this file on the recording: what would newly fail, or newly pass?",
    )
    parser.add_argument(
        "--require",
        type=_count,
        default=0,
        metavar="N",
        help="make the exit code 1 where fewer CORS exchanges than this were judged (default: 0)",
    )
    parser.add_argument("--statistics", action="store_true", help="with the format text: numbers by reason alone")
    parser.add_argument("--show-secrets", action="store_true", help=SHOW_SECRETS)
    parser.add_argument("--together", action="store_true", help=TOGETHER)
    parser.add_argument("--jobs", type=_jobs, metavar="N", help=JOBS)
    parser.set_defaults(run=run)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 on")
    return int(text)


def _jobs(text: str) -> int:
    found = _count(text)
    if not found:
        raise argparse.ArgumentTypeError("0 jobs read nothing: 1 or more are wanted")
    return found


def run(options: argparse.Namespace) -> int:
    """Run the sub-command; returns the exit code."""
    masking.show(secrets=options.show_secrets)
    try:
        baseline, trial = _prepare(options), _trial(options)
    except _UsageError as error:
        _say(f"cors-addon check: {error}")
        return UNUSABLE
    summary = Summary(all_engines=options.engine == "all", baseline=baseline)
    summary.findings_fail = options.fail_on == "finding"
    try:
        with contextlib.ExitStack() as stack:
            out = sys.stdout if options.output is None else stack.enter_context(_opened(options))
            return _Check(options, summary, out, trial).run()
    except BrokenPipeError:  # as in `| head`
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _exit_code(summary, options.fail_on, trial)
    except OSError as error:
        _say(f"cors-addon check: cannot write {options.output or 'the report'}: {error.strerror}")
        return UNUSABLE


class _UsageError(Exception):
    """The command line asks for what cannot be."""


def _prepare(options: argparse.Namespace) -> Known | None:
    if options.fail_on == "change" and options.baseline is None and not options.policy:
        raise _UsageError("--fail-on change needs a --baseline to compare with, or a --policy to try")
    if options.files.count("-") > 1:
        raise _UsageError("standard input can be read only once")
    options.files = _each_once(options.files)
    if overwrites(options.output, options.files):
        raise _UsageError(f"--output: {options.output} is what is to be read, and would be lost")
    if options.filter:
        from cors_addon.recordings import selection

        try:
            selection.parse(options.filter)
        except ValueError as error:
            raise _UsageError(f"--filter: {error}") from error
    return None if options.baseline is None else _baseline(options.baseline)


def _each_once(files: list[str]) -> list[str]:
    """Files that are named twice are read once: their exchanges would count twice, in the cookies they set as well."""
    once: dict[str, str] = {}
    for name in files:
        once.setdefault(name if name == "-" else os.path.abspath(name), name)
    if len(once) < len(files):
        _say("cors-addon check: a file that is named more than once is read once")
    return [*once.values()]


def _baseline(path: Path) -> Known:
    from cors_addon.report import json_report

    try:
        written = bounded_file.read(path, LARGEST_BASELINE, pipes=True)
        return json_report.load_baseline(written.decode("utf-8-sig"))
    except OSError as error:
        raise _UsageError(f"--baseline: cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise _UsageError(
            f"--baseline: {path}: not UTF-8 from byte {error.start} on, and so no report of --format json"
        ) from error
    except ValueError as error:
        raise _UsageError(f"--baseline: {path}: {error}") from error


def _trial(options: argparse.Namespace) -> "Trial | None":
    if not options.policy:
        return None
    from cors_addon.cli.policy import Trial, load_policies

    files = [policies for path in options.policy if (policies := load_policies([path])) is not None]
    if len(files) < len(options.policy):  # each fault has been said, with its place
        raise _UsageError("--policy: nothing was judged")
    return Trial(*files)


def _opened(options: argparse.Namespace) -> contextlib.AbstractContextManager[TextIO]:
    if options.format == "html":
        return replacing(options.output)
    return opened(options.output)


class _Check:
    """Recordings judged, counted, and written in one format."""

    def __init__(self, options: argparse.Namespace, summary: Summary, out: TextIO, trial: "Trial | None") -> None:
        self._options = options
        self._summary = summary
        self._out = out
        self._trial = trial
        lines = out if options.format == "jsonl" else None
        self._reading = Reading(options, summary, lines)
        self._reading.trial = trial
        shown = sys.stderr.isatty() and (lines is None or not out.isatty())
        self._progress = Progress(sys.stderr) if shown else None
        self._reading.progress = None if self._progress is None else self._progress.show

    def run(self) -> int:
        """Read all files, and write what came of them; returns the exit code."""
        try:
            jobs.read(self._reading, self._options.jobs or jobs.usual())
            self._reading.finish()
        except KeyboardInterrupt:
            self._summary.interrupted = True
        finally:
            if self._progress is not None:
                self._progress.clear()
        code = _exit_code(self._summary, self._options.fail_on, self._trial)
        lacking = _lacking(self._summary, self._options.require)
        if lacking is not None and self._summary.judged < self._options.require and code == FOUND:
            code = FAILED
        self._write(code)
        if lacking is not None:
            _say(f"cors-addon check: {lacking}")
        if self._trial is not None:
            out = self._out if self._options.format == "text" else sys.stderr
            before = "\n" if out is self._out else ""
            terminal.put(out, before + self._trial.text())
        self._out.flush()
        return code

    def _write(self, code: int) -> None:
        """The report; jsonl is written already."""
        out, summary, wanted = self._out, self._summary, self._options.format
        if wanted == "text" and self._options.statistics:
            from cors_addon.report import statistics

            terminal.put(out, statistics.render(summary))
            _tell_damage(summary)
            return
        if wanted == "text":
            from cors_addon.report import table

            colour = self._options.output is None and out.isatty() and "NO_COLOR" not in os.environ
            failed = None if code == UNUSABLE else code == FAILED
            text = table.render(summary, colour=colour, failed=failed, width=_width(self._options.output, out))
            terminal.put(out, text, colour=colour)
            return
        if self._reading.listed is not None:
            from cors_addon.report.html import page

            terminal.put_data(out, page.render(summary, self._reading.listed))
        elif wanted in RENDERERS:
            terminal.put_data(out, importlib.import_module(RENDERERS[wanted]).render(summary))
        else:
            out.flush()
        _tell_damage(summary)


def _lacking(summary: Summary, required: int) -> str | None:
    """What to say where less was judged than is meant to be; None where all is well."""
    if not summary.usable or (summary.judged and summary.judged >= required):
        return None
    if required and summary.judged < required:
        return f"{summary.judged} CORS exchanges were judged, and --require wants {required}"
    why = f"no CORS exchange is among the {summary.flows} read" if summary.flows else "there was no exchange to read"
    return f"nothing was judged: {why}; --require 1 makes that a failure"


def _exit_code(summary: Summary, fail_on: str, trial: "Trial | None") -> int:
    if not summary.usable:
        return UNUSABLE
    if fail_on == "change" and trial is not None and trial.changes:
        return FAILED
    return FAILED if any(_fails(summary, fail_on)) else FOUND


def _fails(summary: Summary, fail_on: str) -> list[bool]:
    denied = [o.denied and summary.is_fresh(e, o) for e, o, _ in summary.tallies()]
    match fail_on:
        case "deny":
            return [*denied, summary.blocked.to_be_read > 0]
        case "blocked":
            return [*denied, summary.blocked.count > 0]
        case "finding":
            return [(o.denied and summary.is_fresh(e, o)) or summary.warns(e, o) for e, o, _ in summary.tallies()]
        case "change" if summary.baseline is not None:
            return [summary.is_change(e, o) for e, o, _ in summary.tallies()]
        case _:
            return []


def _tell_damage(summary: Summary) -> None:
    for each in summary.inputs:
        if each.damage is not None:
            from cors_addon.report import table

            _say(f"cors-addon check: {table.damage_line(each)}")
    if summary.interrupted:
        _say("cors-addon check: interrupted, these are partial results")


def _say(text: str) -> None:
    terminal.put(sys.stderr, f"{visible(text)}\n")


def _width(output: Path | None, out: TextIO) -> int:
    """As wide as the terminal, within what is read with ease; 80 columns in a file."""
    if output is not None or not out.isatty():
        return WIDTH
    import shutil  # what few runs need

    return max(60, min(shutil.get_terminal_size((WIDTH, 24)).columns - 1, WIDEST))
