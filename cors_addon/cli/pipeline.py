"""`cors-addon pipeline run|ask`: an archive of recordings judged on all cores or machines, and asked about."""

import argparse
import sys
from functools import partial
from pathlib import Path

from cors_addon.engines import ENGINES, Choices
from cors_addon.report.cures import plural
from cors_addon.report.terminal import put, put_over

FINE, UNUSABLE, STOPPED = 0, 2, 130

DESCRIPTION = """\
Judge a whole archive of recordings, and ask questions of what was found.

  cors-addon pipeline run recordings/ rows/
  cors-addon pipeline run gs://bucket/crawl rows/ --only '*.har.gz'
  cors-addon pipeline ask rows/ denied-by-reason

run: each judgement becomes a row in Parquet files; a recording that is damaged, cannot be read, or fails has a row that
says so. The same call goes on where one before it was stopped, and judges what is new or has changed.

ask: each question is SQL for DuckDB; without one all are listed.

It needs more packages, which the extra "pipeline" brings: pip install distributed duckdb fsspec

exit codes: 0 done, 2 it cannot begin or not go on, 130 stopped
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the sub-command `pipeline`."""
    parser = commands.add_parser(
        "pipeline",
        help="judge an archive of recordings on all cores or machines, and ask questions of it",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(metavar="run|ask", required=True)
    run = verbs.add_parser("run", help="judge what is new in an archive")
    run.add_argument(
        "archive", metavar="FOLDER", help="recordings of any kind: a folder, or an address that fsspec knows"
    )
    run.add_argument("out", metavar="OUT", help="folder or address for the rows")
    run.add_argument(
        "--only", default="*", metavar="PATTERN", help="only files whose path or name matches, as '*.har.gz'"
    )
    run.add_argument(
        "--engine",
        default="auto",
        type=str.lower,
        choices=Choices(("auto", *ENGINES)),
        help="judge as this engine does; by default as each client's own",
    )
    run.add_argument(
        "--workers", type=_positive, metavar="N", help="processes on this machine; by default one for each core"
    )
    run.add_argument("--scheduler", default="", metavar="ADDRESS", help="a Dask cluster's, as tcp://host:8786, instead")
    run.add_argument(
        "--batch", type=_positive, default=100, metavar="N", help="recordings a file of rows, at most; by default 100"
    )
    run.set_defaults(run=_run)
    ask = verbs.add_parser("ask", help="ask a question of the rows")
    ask.add_argument("out", metavar="OUT", help="folder or address of the rows")
    ask.add_argument(
        "question", nargs="?", metavar="QUESTION", help="its name, or a file of SQL; without it, all are listed"
    )
    ask.add_argument("--output", type=Path, metavar="PATH", help="write there: .csv, .json or .parquet")
    ask.add_argument("--sql", action="store_true", help="print the SQL, for DuckDB elsewhere")
    ask.set_defaults(run=_ask)


def _positive(text: str) -> int:
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"a number from 1 on is wanted, not {text!r}")


def _run(options: argparse.Namespace) -> int:
    try:
        from cors_addon.pipeline import run

        how = run.How(options.engine, options.only, options.batch, _progress if sys.stderr.isatty() else None)
        workers = partial(run.workers, options.workers, options.scheduler)
        summary = run.run(options.archive, options.out, workers, how)
    except ImportError as error:
        return _lacking(error)
    except (run.RunError, OSError, ValueError) as error:
        return _complain(_words(error))
    except KeyboardInterrupt:
        put(sys.stderr, "\nstopped: the same call goes on from here\n")
        return STOPPED
    total = sum(summary.states.values())
    states = ", ".join(f"{count:,} {state}" for state, count in summary.states.items())
    files = f"{summary.parts:,} file{plural(summary.parts)}"
    put(sys.stdout, f"{total:,} recordings ({states}): {summary.judgements:,} judgements in {files}\n")
    if summary.kept:
        put(sys.stdout, f"{summary.kept:,} of them were judged before\n")
    return FINE


def _progress(done: int, total: int) -> None:
    put_over(sys.stderr, f"{done:,} of {total:,} recordings" if done < total else "")


def _ask(options: argparse.Namespace) -> int:
    from cors_addon.pipeline import questions

    known = questions.questions()
    if options.question is None:
        for each in known.values():
            put(sys.stdout, f"{each.name}\n  {each.about}\n\n")
        return FINE
    question = known.get(options.question)
    try:
        question = question or questions.read(Path(options.question))
    except OSError:
        return _complain(f"{options.question} is no question and no file; one of {', '.join(known)} is wanted")
    try:
        from cors_addon.pipeline import answers

        put(sys.stdout, answers.answer(options.out, question.sql, options.output, only_sql=options.sql))
    except ImportError as error:
        return _lacking(error)
    except (OSError, ValueError) as error:
        return _complain(_words(error))
    return FINE


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _lacking(error: ImportError) -> int:
    if error.name in ("distributed", "duckdb", "fsspec"):
        return _complain(f"{error.name} is not installed: pip install distributed duckdb fsspec")
    return _complain(str(error))  # fsspec names what an address needs


def _complain(text: str) -> int:
    put(sys.stderr, f"cors-addon pipeline: {text}\n")
    return UNUSABLE
