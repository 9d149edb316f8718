"""Header lists: names, values, tokens, and the few headers that CORS reads.

A header list is a sequence of (name, value) byte pairs in the order of the wire, duplicates kept: for CORS two
identical lines are not the same as one. Anchor: https://fetch.spec.whatwg.org/#concept-header-list
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple

from cors_addon.fetch.names import CORS_RESPONSE, LOCATION

HTTP_WHITESPACE = b"\t\n\r "
"""https://fetch.spec.whatwg.org/#http-whitespace"""

_SHORT = 512
"""Bytes of a value up to which its text is remembered."""
_TOKEN_CHARACTERS = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def normalize(value: bytes) -> str:
    """A value without outer HTTP whitespace, isomorphic-decoded.

    https://fetch.spec.whatwg.org/#concept-header-value-normalize
    """
    return _normalized(value) if len(value) <= _SHORT else value.strip(HTTP_WHITESPACE).decode("latin-1")


@lru_cache(maxsize=1024)
def _normalized(value: bytes) -> str:
    return value.strip(HTTP_WHITESPACE).decode("latin-1")


def readable(text: str) -> str:
    """An isomorphic-decoded value as people (and browsers' messages) read it: as UTF-8, where it is."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def visible(text: str) -> str:
    r"""`text` with every character that a terminal would obey, or not show, written as an escape, as `\x1b`.

    Python's printable characters are all but controls, formatting (bidi overrides, zero width), surrogates, private
    use, unassigned ones, and spaces other than the plain one.
    """
    return text if text.isprintable() else text.translate(_ESCAPES)


class _Escapes(dict[int, str]):
    """What is written for each character, by its code; remembers those it has seen."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        escape = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
        found = char if char.isprintable() else escape
        if len(self) < MAX_NAMES:
            self[code] = found
        return found


_ESCAPES = _Escapes()


def is_token(text: str) -> bool:
    """Whether `text` is a token, as methods and header names must be.

    https://httpwg.org/specs/rfc9110.html#rule.token.separators
    """
    return bool(text) and _TOKEN_CHARACTERS.issuperset(text)


def are_tokens(items: Sequence[str]) -> bool:
    """Whether each of them is a token; none of them is empty."""
    return _TOKEN_CHARACTERS.issuperset("".join(items))


def get_all(fields: Iterable[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    """Every value of `name` (lower case), raw, in order."""
    size = len(name)  # most names differ by it, and it is compared sooner
    return [value for key, value in fields if len(key) == size and key.lower() == name]


def get(fields: Iterable[tuple[bytes, bytes]], name: bytes) -> str | None:
    """The values of `name` (lower case) joined with ", ", or None where there is none.

    https://fetch.spec.whatwg.org/#concept-header-list-get
    """
    lines = get_all(fields, name)
    return combine(lines) if lines else None


def combine(lines: Sequence[bytes]) -> str:
    """The lines of one header as a single value. https://fetch.spec.whatwg.org/#concept-header-list-get"""
    return normalize(lines[0]) if len(lines) == 1 else ", ".join(map(normalize, lines))


def split_list(value: str) -> tuple[str, ...]:
    """Items between commas, trimmed, empty ones left out, as the `#token` rule reads a list.

    https://httpwg.org/specs/rfc9110.html#abnf.extension
    """
    return _split(value) if len(value) <= _USUAL else _split_long(value)


_USUAL = 512
"""Characters of a list; of longer ones only a few are remembered."""


def _parted(value: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, value.split(","), repeat("\t\n\r "))))


_split = lru_cache(maxsize=1024)(_parted)
_split_long = lru_cache(maxsize=16)(_parted)


def extract_tokens(value: str) -> tuple[str, ...] | None:
    """The tokens of a `#token` list, or None where an item is no token.

    https://fetch.spec.whatwg.org/#extract-header-list-values
    """
    items = split_list(value)
    return items if are_tokens(items) else None


class Lowered(dict[bytes, bytes]):
    """Header names as received to lower case; remembers what it has seen, within bounds."""

    def __missing__(self, name: bytes) -> bytes:
        """Lower-case a name not seen before."""
        if len(self) >= MAX_NAMES:
            self.clear()
        lower = self[name] = name.lower()
        return lower


MAX_NAMES = 4096
FEW_LINES = 16
"""Lines of one header up to which adding to a tuple is quicker than a list."""
LOWER = Lowered()
"""One for all: `LOWER[name]`."""


class CorsLines(NamedTuple):
    """The lines of a response's CORS headers and of Location, raw, in the order of `names`; an absent one has none."""

    allow_origin: tuple[bytes, ...] = ()
    allow_credentials: tuple[bytes, ...] = ()
    allow_methods: tuple[bytes, ...] = ()
    allow_headers: tuple[bytes, ...] = ()
    max_age: tuple[bytes, ...] = ()
    expose_headers: tuple[bytes, ...] = ()
    location: tuple[bytes, ...] = ()
    usual_origins: int | None = None
    """Of several lines of `allow_origin`, how many have a name that is spelled as the standard does; None: all."""


_ALLOW_ORIGIN = CORS_RESPONSE[0].encode()
_PLACES = {name.lower().encode(): place for place, name in enumerate((*CORS_RESPONSE, LOCATION))}
_LENGTHS = frozenset(map(len, _PLACES))
_NONE = CorsLines()


class _Places(dict[bytes, int]):
    """Header names as received to their place in `CorsLines`; -1 for all others."""

    def __missing__(self, name: bytes) -> int:
        if len(self) >= MAX_NAMES:
            self.clear()
        place = self[name] = _PLACES.get(name.lower(), -1)
        return place


_PLACE_OF = _Places()


def _many_lines(fields: Sequence[tuple[bytes, bytes]]) -> CorsLines:
    found: list[list[bytes]] = [[] for _ in _PLACES]
    for name, value in fields:
        if (place := _PLACE_OF[name]) >= 0:
            found[place].append(value)
    return CorsLines._make((*map(tuple, found), _usual_origins(fields)))


def _usual_origins(fields: Sequence[tuple[bytes, bytes]]) -> int:
    return sum(name == _ALLOW_ORIGIN for name, _ in fields)


def cors_lines(fields: Sequence[tuple[bytes, bytes]]) -> CorsLines:
    """Pick the CORS response headers out of a header list, in one pass."""
    found: list[tuple[bytes, ...]] | None = None
    for name, value in fields:
        if len(name) not in _LENGTHS:  # most have one that none of ours has: that is quicker than to look up the name
            continue
        place = _PLACE_OF[name]
        if place >= 0:
            if found is None:
                found = [(), (), (), (), (), (), ()]
            lines = found[place]
            if len(lines) >= FEW_LINES:
                return _many_lines(fields)
            found[place] = (*lines, value)
    if found is None:
        return _NONE
    return CorsLines._make((*found, _usual_origins(fields) if len(found[0]) > 1 else None))
