"""`cors-addon explain`: what a reason, a finding or a pasted message means."""

import argparse
import codecs
import os
import shlex
import sys

from cors_addon.reasons.explain import UNKNOWN, explain, explain_json
from cors_addon.report.terminal import put


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the sub-command."""
    parser = commands.add_parser(
        "explain",
        help="explain a reason or finding, a browser's error name, or a pasted console message; none: list all",
        description="Explain why a browser refused, or what a security finding means, and what to change. Without "
        "REASON, list all reasons and findings.",
        epilog="exit codes: 0 explained, 2 not known",
    )
    parser.add_argument(
        "reason",
        nargs="*",
        metavar="REASON",
        help="our name of a reason or finding, a browser's name of an error, what its console says (whole, with all "
        "lines), JSON of an issue, or the address of its documentation; - reads it from standard input",
    )
    parser.add_argument("--json", action="store_true", help="print what was recognised as JSON")
    parser.set_defaults(run=run)


def _piped() -> str:
    """What came from standard input; a file that a shell of Windows wrote is in UTF-16, and says so."""
    raw = getattr(sys.stdin, "buffer", None)
    if raw is None:
        return sys.stdin.read()
    data: bytes = raw.read()
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if marked else "utf-8-sig", "replace")


def run(options: argparse.Namespace) -> int:
    """`explain`."""
    query = " ".join(options.reason)
    if query == "-":
        read = _piped()
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
