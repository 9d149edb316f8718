"""The parts of a HAR entry: header lists, times, connections, whatever each writer makes of them.

Total: what is not as it should be counts as left out.
"""

import json
import math
import re
from binascii import a2b_base64
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from cors_addon.exchange import telling
from cors_addon.exchange.model import Fields
from cors_addon.fetch.headers import LOWER
from cors_addon.fetch.origins import Url, parse_url
from cors_addon.fetch.patterns import pattern
from cors_addon.recordings.har_dialects import Context

_CLIENT_PORT = pattern(r"ClientPort:(\d+)")
_HTTP2 = pattern(r"(?:http/|h)[23]", re.IGNORECASE)
_LAST_PORT = 65535
_CONTENT_LENGTH = len(b"content-length")
_LONGEST_ESCAPE = len("\\ud83d\\ude00")
"""Characters of JSON that one of a string takes at most."""


class Lines:
    """A header list that was read already. Of equal ones there may be but one: it is not to be changed."""

    __slots__ = ("asks", "fields", "left_out", "names", "recurs", "types")

    def __init__(self, fields: Fields, left_out: tuple[str, ...] = ()) -> None:
        """`fields`: as `header_list` gives them; `left_out`: names that are not among them, in lower case."""
        self.fields = fields
        self.left_out = left_out
        """Pseudo-headers."""
        self.names = frozenset([LOWER[name] for name, _ in fields])
        """Of the fields, in lower case."""
        self.asks = telling.asks(fields)
        """Of a request: see `telling`."""
        self.types = telling.types_of(fields)
        """Of an answer: the same."""
        self.recurs = False
        """It came again."""


def lines_of(headers: Any) -> Lines:
    """Header lines as they were on the wire, with their names."""
    return headers if type(headers) is Lines else Lines(header_list(headers))


class UnreadText:
    """A string of a JSON text, which is decoded if somebody asks for it."""

    __slots__ = ("_json",)

    def __init__(self, json_text: str) -> None:
        """Take it with its quotation marks."""
        self._json = json_text

    def __sizeof__(self) -> int:
        """Bytes that its text takes in memory."""
        return self._json.__sizeof__()

    def read(self, most: int | None = None) -> str | None:
        """The string, or at least so many of its first characters; None where the JSON is none."""
        text = self._json
        end = len(text) if most is None else _LONGEST_ESCAPE * (most + 1)
        for shorter in range(_LONGEST_ESCAPE) if end < len(text) else ():
            try:
                return str(json.loads(text[: end - shorter] + '"', strict=False))
            except ValueError:
                continue  # it ends in an escape, perhaps
        try:
            return str(json.loads(text, strict=False))
        except ValueError:
            return None


def header_list(headers: Any) -> Fields:
    """Header lines as they were on the wire: without pseudo-headers, and one for each line of a joined value."""
    if type(headers) is Lines:
        return headers.fields
    lines: list[tuple[bytes, bytes]] = []
    for name, value in _pairs(headers):
        if type(name) is str and type(value) is str and len(value) < _SHORT:
            lines += _lines_of_short(name, value)
        elif isinstance(name, str):
            text = "\n".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
            lines += _lines_of(name, text)
    return tuple(lines)


def _lines_of(name: str, text: str) -> list[tuple[bytes, bytes]]:
    if not name or name.startswith(":"):
        return []
    key = _bytes(name)
    return [(key, _bytes(line.strip("\r"))) for line in text.split("\n")]


_SHORT = 500
"""Characters of a header's value, or of a URL, that may well come again."""
_lines_of_short = lru_cache(maxsize=4096)(_lines_of)


def parsed_url(url: str) -> Url | None:
    """A URL; most come more than once."""
    return _parsed_short(url) if len(url) < _SHORT else parse_url(url)


def requested_url(url: str) -> Url | None:
    """The URL that is asked for one: the handshake of a WebSocket is a request of http(s)."""
    return parsed_url("http" + url[2:] if SOCKET.match(url) else url)


SOCKET = pattern(r"ws(?=s?:)", re.IGNORECASE)
_parsed_short = lru_cache(maxsize=4096)(parse_url)


def _pairs(headers: Any) -> Iterator[tuple[Any, Any]]:
    """Names and values, from a list of objects, a list of pairs, or an object."""
    if isinstance(headers, dict):
        yield from headers.items()
        return
    for header in headers or ():
        if isinstance(header, dict):
            yield header.get("name"), header.get("value")
        else:
            name, value, *_ = header
            yield name, value


def header_names(message: dict[str, Any]) -> set[str]:
    """Header names in lower case, pseudo-headers too."""
    headers = message.get("headers")
    if type(headers) is Lines:
        return {*headers.left_out, *(name.decode("latin-1").lower() for name, _ in headers.fields)}
    if isinstance(headers, dict):
        return {str(name).lower() for name in headers}
    names = (each.get("name") if isinstance(each, dict) else each[0] for each in headers or ())
    return {str(name).lower() for name in names}


def _bytes(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape") if not _has_lone(text) else text.encode("utf-8", "replace")


def _has_lone(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" and not "\udc80" <= char <= "\udcff" for char in text)


def cookie_header(cookies: Any) -> bytes:
    """A Cookie header for a request whose header is left out, but whose list of cookies is not."""
    if not isinstance(cookies, list):
        return b""
    names: Iterable[str] = (str(each["name"]) for each in cookies if isinstance(each, dict) and each.get("name"))
    return "; ".join(f"{name}=..." for name in names).encode("latin-1", "replace")


def number(value: Any) -> int | None:
    """An integer, perhaps as text."""
    if type(value) is int:
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.strip().lstrip("-").isdigit():
        return int(value)
    return int(value) if isinstance(value, (int, float)) else None


def connection_of(raw: dict[str, Any], context: Context) -> tuple[str, str] | None:
    """The connection. `connection` is one with some writers; with others it is the server's port."""
    known = raw.get("_connectionId")
    if known in (None, "", "0"):
        known = raw.get("connection")
        if not isinstance(known, (str, int)):
            return None
        if match := _CLIENT_PORT.match(str(known)):
            known = match[1]
        elif not (context.dialect.numbers_connections or (str(known).isdecimal() and int(known) > _LAST_PORT)):
            return None
    return None if known in ("", "0", 0) else (context.name, str(known))


@lru_cache(maxsize=64)
def is_http2(version: str) -> bool:
    """Whether this names HTTP/2 or a later version."""
    return _HTTP2.match(version) is not None


def has_body(request: dict[str, Any], fields: Fields) -> bool:
    """Whether the request bears a body, by what any field says."""
    size = request.get("bodySize")
    if isinstance(size, (int, float)) and size > 0:
        return True
    posted = request.get("postData")
    if isinstance(posted, dict) and (posted.get("text") or posted.get("params")):
        return True
    for name, value in fields:
        if len(name) == _CONTENT_LENGTH and LOWER[name] == b"content-length" and value.strip() not in (b"", b"0"):
            return True
    return False


def times(raw: dict[str, Any], context: Context) -> tuple[float, float, float]:
    """When the page asked, when the request was sent, when its answer was complete."""
    since = _moment(raw.get("startedDateTime"))
    if since is None:
        since = context.clock
    context.clock = since
    timings = raw.get("timings")
    parts = timings if isinstance(timings, dict) else {}
    if context.dialect.connects_apart:
        took = sum(_duration(parts.get(name)) for name in ("send", "wait", "receive"))
        return since, since, since + took / 1000
    # a proxy connects after it was asked
    before = () if context.dialect.is_proxy else map(parts.get, _BEFORE_SENDING)
    waited = sum([0.0 if value == -1 else _duration(value) for value in before])
    took = _duration(raw.get("time")) or sum(
        _duration(parts.get(name)) for name in ("blocked", "dns", "connect", "send", "wait", "receive")
    )
    ended = since + took / 1000
    return since, min(since + waited / 1000, ended), ended


_BEFORE_SENDING = ("blocked", "dns", "connect")


def _duration(value: Any) -> float:
    """Milliseconds; -1 stands for what does not apply."""
    if type(value) is not float and type(value) is not int:
        return 0.0
    return float(value) if 0 <= value < 1e12 else 0.0


def _moment(value: Any) -> float | None:
    text = value if type(value) is str else str(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not math.isfinite(value):
            return None
        return float(value) / 1000 if value > 1e11 else float(value)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
        except ValueError:
            return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()


def body_size(response: dict[str, Any]) -> int:
    """Bytes that the answer's body takes in memory."""
    content = response.get("content")
    text = content.get("text") if isinstance(content, dict) else None
    return text.__sizeof__() if isinstance(text, (str, UnreadText)) else 0


def has_text(response: dict[str, Any]) -> bool:
    """Whether the file may have the answer's body."""
    content = response.get("content")
    return isinstance(content, dict) and ("text" in content or "_read" in content)


def _had_a_body(response: dict[str, Any]) -> bool:
    """Whether the answer had a body, for which some writers put a text of no characters."""
    length = next(
        (value for name, value in header_list(response.get("headers")) if LOWER[name] == b"content-length"), b""
    )
    size, head = number(response.get("bodySize")) or 0, number(response.get("headersSize")) or 0
    return length.strip(b" 0").isdigit() or size > max(head, 0)


def body_of(response: dict[str, Any], limit: int) -> bytes | None:
    """The answer's body, as far as the file has it; writers decode what was compressed.

    At least so many of its first bytes, or all.
    """
    content = response.get("content")
    text = content.get("text") if isinstance(content, dict) else None
    if isinstance(content, dict) and callable(content.get("_read")):  # what read the entry knows where the body is
        found: bytes | None = content["_read"]()
        return found
    if not isinstance(content, dict):
        return None
    is_coded = content.get("encoding") == "base64"
    if isinstance(text, UnreadText):
        text = text.read(None if is_coded else limit)
    if not isinstance(text, str) or (not text and _had_a_body(response)):
        return None
    if not is_coded:
        return text.encode("utf-8", "surrogatepass")
    for end in (4 * (limit // 3 + 1), len(text)):
        try:
            decoded = a2b_base64(text[:end])
        except ValueError:
            continue  # line breaks are in it, perhaps, so that it ends within four characters
        if len(decoded) >= limit or end >= len(text):
            return decoded
    return None
