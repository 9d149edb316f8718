"""The file itself: `report.html` with its style, script and data, and the policy that locks it in."""

import base64
import hashlib
import html
import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cors_addon.report import table
from cors_addon.report.html.details import Body
from cors_addon.report.html.document import document
from cors_addon.report.html.exchanges import Exchanges
from cors_addon.report.html.packed import packed
from cors_addon.report.html.values import masked
from cors_addon.report.summary import Summary


class Page(NamedTuple):
    """A document of the live page."""

    text: str
    policy: str
    """For its header: `frame-ancestors` counts only there."""


POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Nothing is loaded, nothing runs but our script, and not even that may turn text into markup."""
LIVE_POLICY = f"{POLICY}; connect-src 'self'; frame-ancestors 'none'"
"""Of the live page: it asks its own server for more, and that alone."""
SHARED = ("elements", "fetches", "diagram", "detail", "filters", "list", "sections")
"""The parts of the script, in an order in which each finds what it needs at once."""
SCRIPTS = (SHARED[0], "packed", *SHARED[1:], "start")
LIVE_SCRIPTS = (*SHARED, "actions", "rules", "live")
"""Of the live page, whose report is not whole from the start."""
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
    text = html.escape(_cut(masked(table.render(summary)))).encode("ascii", "xmlcharrefreplace").decode()
    return _whole(SCRIPTS, POLICY, packed(document(summary, exchanges, body_of=body_of, now=now)), text).text


def live(data: dict[str, Any]) -> Page:
    """The live page: the same report, which asks for what there is to show."""
    return _whole(LIVE_SCRIPTS, LIVE_POLICY, data, "This page needs JavaScript.")


def _whole(scripts: tuple[str, ...], policy: str, data: dict[str, Any], text: str) -> Page:
    # all of it is ASCII, so that no encoding of standard output can spoil the hashes
    script, style = _script(scripts), asset("report.css")
    policy = policy.format(script=hash_of(script), style=hash_of(style))
    in_head = policy.partition("; frame-ancestors")[0]
    parts = {
        "policy": html.escape(in_head, quote=True),
        "style": style,
        "script": script,
        "data": as_data(data),
        "text": text,
    }
    # one pass from the left, so that what was put in is not looked at again
    pieces = asset("report.html").split("{{")
    whole = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}}")
        whole += parts[name], rest
    return Page("".join(whole), policy)


def as_data(value: dict[str, Any]) -> str:
    """JSON that may stand in a script element: ASCII, and without what could end the element or open a comment.

    Written piece by piece: no other thread runs while `json` writes one.
    """
    fields = []
    for name, each in value.items():
        if isinstance(each, list):
            some = [_as_data(each[at : at + _PIECE])[1:-1] for at in range(0, len(each), _PIECE)]
            fields.append(f"{_as_data(name)}:[{','.join(some)}]")
        else:
            fields.append(f"{_as_data(name)}:{_as_data(each)}")
    return "{" + ",".join(fields) + "}"


_PIECE = 500


def _as_data(value: Any) -> str:
    written = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return written.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _cut(text: str) -> str:
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}\n[cut off here]\n"


@cache
def _script(names: tuple[str, ...]) -> str:
    r"""The one script, its parts in one scope.

    Characters that are not ASCII become `\x` and `\u` escapes: they stand in strings and expressions only.
    """
    parts = "\n".join(asset(f"script/{name}.js") for name in names)
    return f'"use strict";\n(() => {{\n{parts}}})();\n'.encode("ascii", "backslashreplace").decode()


def hash_of(source: str) -> str:
    """What a policy calls a script or style by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


@cache
def asset(name: str) -> str:
    """A file of this folder."""
    # beside this file in a clone and in an installed wheel alike; the hash is of text with plain line ends
    return (Path(__file__).parent / name).read_text("utf-8")
