"""The file itself: `report.html` with its style, script and data, and the policy that locks it in."""

import base64
import hashlib
import html
import json
from functools import cache
from pathlib import Path
from typing import Any

from cors_addon.report import table
from cors_addon.report.html.details import Body
from cors_addon.report.html.document import document
from cors_addon.report.html.exchanges import Exchanges
from cors_addon.report.html.values import masked
from cors_addon.report.summary import Summary

POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Nothing is loaded, nothing runs but our script, and not even that may turn text into markup."""
SCRIPTS = ("elements", "fetches", "diagram", "detail", "filters", "list", "sections", "start")
"""The parts of the script, in an order in which each finds what it needs at once."""
MOST_TEXT = 99_000
"""Characters of the text that stands in for the report where no script runs."""


def render(
    summary: Summary,
    exchanges: Exchanges,
    *,
    body_of: Body = lambda _flow_id: b"",
    now: float | None = None,
) -> str:
    """The report as one HTML document."""
    # all of it is ASCII, so that no encoding of standard output can spoil the hashes
    script, style = _script(), _asset("report.css")
    parts = {
        "policy": html.escape(POLICY.format(script=_hash(script), style=_hash(style)), quote=True),
        "style": style,
        "script": script,
        "data": as_data(document(summary, exchanges, body_of=body_of, now=now)),
        "text": html.escape(_cut(masked(table.render(summary)))).encode("ascii", "xmlcharrefreplace").decode(),
    }
    # one pass from the left, so that what was put in is not looked at again
    pieces = _asset("report.html").split("{{")
    whole = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}}")
        whole += parts[name], rest
    return "".join(whole)


def as_data(value: Any) -> str:
    """JSON that may stand in a script element: ASCII, and without what could end the element or open a comment."""
    written = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return written.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _cut(text: str) -> str:
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}\n[cut off here]\n"


@cache
def _script() -> str:
    r"""The one script, its parts in one scope.

    Characters that are not ASCII become `\x` and `\u` escapes: they stand in strings and expressions only.
    """
    parts = "\n".join(_asset(f"script/{name}.js") for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{parts}}})();\n'.encode("ascii", "backslashreplace").decode()


def _hash(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


@cache
def _asset(name: str) -> str:
    # beside this file in a clone and in an installed wheel alike; the hash is of text with plain line ends
    return (Path(__file__).parent / name).read_text("utf-8")
