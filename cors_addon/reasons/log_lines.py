"""Lines of servers' access logs that show how a preflight was answered.

Law: only an answer that no browser accepts of a preflight tells something; one that was good tells nothing here.

Sources: the combined log format (Apache, nginx, Caddy's and Go's like it), uvicorn, Werkzeug, gin, and morgan's dev and
tiny formats, each by its own documentation.
"""

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

from cors_addon.fetch.patterns import pattern

_MOST = 400

_LINE = pattern(
    r"OPTIONS (?P<url>[^\s\"“”]{1,2000}) HTTP/[\d.]+[\"“”] (?P<status>[1-5]\d\d)\b"  # combined, uvicorn, Werkzeug
    r"|\| +(?P<status2>[1-5]\d\d) +\|[^|\n]{0,60}\|[^|\n]{0,80}\| +OPTIONS +[\"“](?P<url2>[^\s\"“”]{1,2000})"  # gin
    r"|^[ \t>]*OPTIONS (?P<url3>/\S{0,2000}) (?P<status3>[1-5]\d\d) (?:[\d.]+|-) ms\b",  # morgan
    re.MULTILINE,
)
"""Quotes as a chat makes them count, too."""


class Answered(NamedTuple):
    """A preflight, as a log has it."""

    start: int
    url: str
    status: int
    line: str


def preflights_answered(text: str) -> Iterator[Answered]:
    """Each that a log shows as answered, in the text's order."""
    for match in itertools.islice(_LINE.finditer(text), _MOST):
        url = match["url"] or match["url2"] or match["url3"]
        status = match["status"] or match["status2"] or match["status3"]
        yield Answered(match.start(), url, int(status), match[0])
