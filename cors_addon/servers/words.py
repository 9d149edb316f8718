"""A server's own words: the line of a body, or the header, in which it says why it refused."""

import json
import re
from collections.abc import Iterator

from cors_addon.exchange.model import Observation
from cors_addon.fetch.headers import readable
from cors_addon.fetch.patterns import pattern

MAX_SAID = 200
"""Characters that are quoted."""
_READ = 8192
_MARKUP = pattern(r"<(head|script|style)\b.*?(?:</\1\s*>|(?=<body\b)|\Z)|<[^>]{0,1000}>", re.IGNORECASE | re.DOTALL)
"""Elements that have no end of their own reach to the body's: a search for what is not there is made only once."""
_NAMES_CORS = pattern(
    r"\bcors\b|corsresponse|cross.?origin|preflight|\borigin\b.{0,80}\b(?:allow|permit|trust|known|invalid|match)"
    r"|(?:allow|permit|trust|invalid|unknown)\w*.{0,40}\borigin\b",
    re.IGNORECASE,
)
_HEADER = pattern(rb"(?:[\w-]*-)?cors-(?:[\w-]*-)?(?:error|reason|failure|denied|message)[\w-]*|x-rack-cors", re.I)
"""Response headers in which servers say why they refuse."""
_MESSAGES = ("message", "detail", "error_description", "error", "title", "reason", "msg", "description")


def first_line(body: bytes) -> str:
    """The first words of a body, markup left out."""
    return next(_lines(body), "")


def next_lines(body: bytes, first: str) -> list[str]:
    """The two lines after the first; of JSON or plain text, for those of a page are mostly markup."""
    text = body[:2048].decode("utf-8", "replace")
    if "<" in text[:64]:
        return []
    lines = [words for line in text.splitlines() if (words := " ".join(line.split())) and words != first]
    return lines[:2]


def _lines(body: bytes) -> Iterator[str]:
    start = body[:_READ].decode("utf-8", "replace")
    for line in _MARKUP.sub("\n", start).splitlines():
        if words := " ".join(line.split()):
            yield words


def said(observation: Observation, body: bytes | None) -> str | None:
    """What the server says of its refusal; None where it says nothing. `body`: of the answer, None if nobody has it."""
    for name, value in observation.response:
        if _HEADER.fullmatch(name) and (words := readable(value.decode("latin-1")).strip()):
            return words[:MAX_SAID]
    if not body or not _is_text(observation, body):
        return None
    lines = [_message(body) or "", *_lines(body)]
    for words in lines:
        if _NAMES_CORS.search(words):
            return words[:MAX_SAID]
    if (observation.status or 0) < 400:
        return None
    return next((words[:MAX_SAID] for words in lines if words), None)


def _is_text(observation: Observation, body: bytes) -> bool:
    """Whether a body is for reading: no image, no packed or binary data."""
    if b"\0" in body[:512]:
        return False
    return not any(
        name.lower() == b"content-type"
        and value.lower().lstrip().startswith((b"image/", b"audio/", b"video/", b"font/"))
        for name, value in observation.response
    )


def _message(body: bytes) -> str | None:
    """The message in a body of JSON."""
    text = body[:_READ].decode("utf-8", "replace").strip()
    if not text.startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    for name in _MESSAGES:
        value = found.get(name)
        if isinstance(value, dict):
            value = next((value[inner] for inner in _MESSAGES if isinstance(value.get(inner), str)), None)
        if isinstance(value, str) and value.strip():
            return " ".join(value.split())
    return None
