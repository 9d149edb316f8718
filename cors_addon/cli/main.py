"""What ``cors-addon`` takes, and what its exit code says."""

import argparse
import io
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import cors_addon
from cors_addon.cli import check, completion, pipeline, policy, project, run
from cors_addon.cli.parser import Parser, sub_parsers
from cors_addon.demo import run as demo
from cors_addon.reasons.explain import UNKNOWN, explain, explain_json
from cors_addon.report.terminal import put

DESCRIPTION = """\
cors_addon judges CORS traffic in mitmproxy as the browser does.

To judge live traffic:

  cors-addon run --browser http://localhost:8000    mitmweb, and a browser that is set up for it
  mitmweb -s cors_addon                             in a browser tab
  mitmproxy -s cors_addon                           in the terminal
  mitmdump -s cors_addon                            with no user interface

The other commands need no proxy.
"""


def _explain(options: argparse.Namespace) -> int:
    query = " ".join(options.reason)
    if query == "-":
        read = sys.stdin.read()
        if not read.strip() and not options.json:
            put(sys.stderr, "cors-addon explain: nothing came from standard input\n")
            return UNKNOWN
        query = read if read.strip() else query
    if options.json:
        text, code = explain_json(query or None)
        put(sys.stdout, f"{text}\n")
        return code
    text, code = explain(query or None)
    put(sys.stderr if code else sys.stdout, f"{text}\n")
    if code and query != "-" and os.path.isfile(query):
        name = shlex.quote(query)
        put(sys.stderr, f"That is a file: `cors-addon check {name}` judges a recording, and\n")
        put(sys.stderr, f"`cors-addon explain - < {name}` reads what a console said.\n")
    return code


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    result: argparse.ArgumentParser = Parser(
        prog="cors-addon",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("--version", action="version", version=f"cors-addon {cors_addon.__version__}")
    result.set_defaults(run=None)
    commands = result.add_subparsers(metavar="check|demo|explain|pipeline|policy|run|completion")
    check.add_parser(commands)
    demo.add_parser(commands)
    explaining = commands.add_parser(
        "explain",
        help="explain a reason or finding, a browser's error name, or a pasted console message; none: list all",
        description="Explain why a browser refused, or what a security finding means, and what to change. Without "
        "REASON, list all reasons and findings.",
        epilog="exit codes: 0 explained, 2 not known",
    )
    explaining.add_argument(
        "reason",
        nargs="*",
        metavar="REASON",
        help="our name of a reason or finding, a browser's name of an error, what its console says (whole, with all "
        "lines), JSON of an issue, or the address of its documentation; - reads it from standard input",
    )
    explaining.add_argument("--json", action="store_true", help="print what was recognised as JSON")
    explaining.set_defaults(run=_explain)
    pipeline.add_parser(commands)
    policy.add_parser(commands)
    run.add_parser(commands)
    completion.add_parser(commands, result)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with ``argv``, by default that of the process, and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # what an encoding lacks becomes a question mark
    given = sys.argv[1:] if argv is None else list(argv)
    command = parser()
    try:
        if given[:1] == ["run"] and not (len(given) == 2 and given[1] in ("-h", "--help")):
            return run.main(given[1:])
        if given[:1] == ["check"]:
            project.use(sub_parsers(command)["check"], Path.cwd())
        options = command.parse_args(given)
        if options.run is None:
            command.print_help()
            return 0
        code: int = options.run(options)
        sys.stdout.flush()
    except project.ProjectError as error:
        put(sys.stderr, f"cors-addon check: {error}\n")
        return 2
    except BrokenPipeError:  # as in `| head`
        _drop_output()
        return 0
    except OSError as error:
        _drop_output()  # what is still buffered cannot be written either
        put(sys.stderr, f"cors-addon: {error}\n")
        return 2
    return code


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
