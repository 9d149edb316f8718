"""What ``cors-addon`` takes, and what its exit code says."""

import argparse
import gc
import importlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import cors_addon
from cors_addon.cli.parser import Parser, sub_parsers
from cors_addon.report.terminal import put

COMMANDS = {
    "check": "cors_addon.cli.check",
    "demo": "cors_addon.demo.run",
    "explain": "cors_addon.cli.explain",
    "pipeline": "cors_addon.cli.pipeline",
    "policy": "cors_addon.cli.policy",
    "run": "cors_addon.cli.run",
    "completion": "cors_addon.cli.completion",
}
"""By name, the module that describes each and does its work. It is loaded with its command, and for the whole help."""

DESCRIPTION = """\
cors_addon judges CORS traffic in mitmproxy as the browser does.

To judge live traffic:

  cors-addon run --browser http://localhost:8000    mitmweb, and a browser that is set up for it
  mitmweb -s cors_addon                             in a browser tab
  mitmproxy -s cors_addon                           in the terminal
  mitmdump -s cors_addon                            with no user interface

The other commands need no proxy.
"""


def parser(only: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """Describe the command line, or `only` these of its commands; no other is loaded."""
    result: argparse.ArgumentParser = Parser(
        prog="cors-addon",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("--version", action="version", version=f"cors-addon {cors_addon.__version__}")
    result.set_defaults(run=None)
    commands = result.add_subparsers(metavar="|".join(COMMANDS))
    for name in COMMANDS if only is None else only:
        importlib.import_module(COMMANDS[name]).add_parser(commands)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with ``argv``, by default that of the process, and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # what an encoding lacks becomes a question mark
    given = sys.argv[1:] if argv is None else list(argv)
    command = _loaded(given) if argv is None else parser(_needed(given))
    try:
        if given[:1] == ["run"] and not (len(given) == 2 and given[1] in ("-h", "--help")):
            from cors_addon.cli import run

            return run.main(given[1:])
        if given[:1] == ["check"] and (fault := _use_project(sub_parsers(command)["check"])):
            put(sys.stderr, f"cors-addon check: {fault}\n")
            return 2
        options = command.parse_args(given)
        if options.run is None:
            command.print_help()
            return 0
        code: int = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # as in `| head`
        _drop_output()
        return 0
    except OSError as error:
        _drop_output()  # what is still buffered cannot be written either
        put(sys.stderr, f"cors-addon: {error}\n")
        return 2
    return code


_YOUNG = 10_000
"""New objects after which the garbage among them is looked for: there is hardly any, and looking costs."""


def _loaded(given: Sequence[str]) -> argparse.ArgumentParser:
    """The parser for the arguments of this process, which is ours: what is loaded now is in use to its end."""
    gc.disable()
    try:
        return parser(_needed(given))
    finally:
        gc.freeze()
        gc.set_threshold(_YOUNG)
        gc.enable()


def _needed(given: Sequence[str]) -> Sequence[str] | None:
    """Which commands these arguments are for; None where that takes them all."""
    if given[:1] == ["--version"]:
        return ()
    return given[:1] if given and given[0] in COMMANDS else None


def _use_project(check: argparse.ArgumentParser) -> str | None:
    """Take the defaults of a project; returns what is wrong with them."""
    from cors_addon.cli import project

    try:
        project.use(check, Path.cwd())
    except project.ProjectError as error:
        return str(error)
    return None


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
