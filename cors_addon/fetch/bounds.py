"""How much of a message is read: browsers take answers with headers of 256 kB and more, and some servers send them.

Law 1: what is longer is cut before anything else looks at it, and that is said. The flow itself is left alone.
Law 2: nearly all messages are short, and told so by their shape and by one look at all values together.

Other clients stop far earlier: nginx takes 8 kB of headers, Node 16 kB.
"""

from itertools import chain, islice
from zlib import crc32

from cors_addon.fetch.names import CORS_PREFIX, ONE_THING
from cors_addon.fetch.shapes import MAX_LINES, MAX_NAME

type Fields = tuple[tuple[bytes, bytes], ...]

SHORT = 8192
"""Bytes of all values together, or characters of a URL's path, up to which nothing is cut."""
MAX_CORS_LINES = 32
"""Lines of CORS headers that are read after the first `MAX_LINES`."""
_LOOKED_AT = 8 * MAX_LINES
MAX_VALUE = 16_384
"""Bytes of one value that are read."""
MAX_CORS_VALUE = 8192
"""The same of a header of CORS."""
MAXONE_THING = 2048
"""The same of one that names an origin, a method or a client."""
MAX_VALUES = 32_768
"""Bytes of all values together."""
MAX_METHOD = 256
MAX_HOST = 1024
_PREFIXES = (CORS_PREFIX, CORS_PREFIX.title(), CORS_PREFIX.upper())
USUAL_NAMES = 16
"""Header names that a preflight asks for, up to which what is found of it is remembered: more take up too much."""
OF_A_LINE = 176
"""Bytes of memory that a header line takes up besides its text."""
_AROUND = len(b"HTTP/1.1 200 OK\r\n") + len(b"\r\n")


def size_of(fields: Fields) -> int:
    """Bytes of an answer's head with these headers, as HTTP/1 has them on the wire."""
    # of 20,000 lines, to join them takes a tenth of what it takes to add their lengths
    return on_the_wire(len(b"".join(chain.from_iterable(fields))), len(fields))


def kept_size(fields: Fields) -> int:
    """Bytes of memory that a header list takes up, about: each line is a pair of strings."""
    return size_of(fields) + OF_A_LINE * len(fields)


def on_the_wire(text: int, lines: int) -> int:
    """The same of so many lines, whose names and values have so many bytes together."""
    return text + len(b": \r\n") * lines + _AROUND


def bounded(fields: Fields, size: int | None = None) -> tuple[Fields, str]:
    """What is read of a header list, and how much that is, in words: empty where it is read as it is.

    `size`: its `size_of`, where that is known.
    """
    kept = fields
    if len(fields) > MAX_LINES:
        later = (each for each in fields[MAX_LINES:_LOOKED_AT] if each[0].startswith(_PREFIXES))
        kept = (*fields[:MAX_LINES], *islice(later, MAX_CORS_LINES))
    read: list[tuple[bytes, bytes]] = []
    left, lacks = MAX_VALUES, len(kept) < len(fields)
    for name, value in kept:
        if len(name) > MAX_NAME:
            lacks = True
            continue
        limit = min(_limit_of(name.lower()), left)
        if len(value) > limit:
            lacks, value = True, _without_torn(value[:limit])
        left -= len(value)
        read.append((name, value))
    if not lacks:
        return fields, ""
    found = tuple(read)
    size = size_of(fields) if size is None else size
    return found, f"{size_of(found):,} of {size:,} bytes, {len(found):,} of {len(fields):,} lines"


def _limit_of(name: bytes) -> int:
    if name in ONE_THING:
        return MAXONE_THING
    return MAX_CORS_VALUE if name.startswith(CORS_PREFIX) else MAX_VALUE


def _without_torn(value: bytes) -> bytes:
    """Without the item of a list that was cut in two."""
    end = value.rfind(b",")
    return value[:end] if end > 0 else value


def bounded_path(path: str) -> str:
    """A URL's path and query as they are kept: of a long one the beginning, and what tells it from others."""
    if len(path) <= SHORT:
        return path
    told = crc32(path.encode("utf-8", "surrogatepass"))
    return f"{path[: SHORT // 2]}...{len(path)}-characters-{told:08x}"
