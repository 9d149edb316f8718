"""What a browser makes of header values with bytes that HTTP forbids: line breaks, NUL, other control bytes.

Law 1: nearly all answers have none, and are told by one look at all values together.
Law 2: a list as it was read holds neither breaks nor folds, so that every check after it may take values as they are.

https://httpwg.org/specs/rfc9110.html#fields.values
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.recurring import LISTS, Readings

type Fields = tuple[tuple[bytes, bytes], ...]
type Read = Callable[[Fields], Fields]

CONTROLS = bytes(code for code in (*range(0x20), 0x7F) if code != 0x09)
"""Control bytes but the tab."""
_NUL, _LF, _CR = 0, 10, 13  # of bytes, numbers are found in a twentieth of the time that bytes take
_FOLD = pattern(rb"\r?\n(?=[ \t])")


class _Last:
    """The values of the latest answer, joined: two ask about them, one after the other."""

    __slots__ = ("fields", "values")

    def __init__(self) -> None:
        self.fields: Fields = ()
        self.values = b""


_LAST = _Last()
_RECURRING = Readings[bytes]()


def joined(fields: Fields) -> bytes:
    """All values of a header list, one after the other."""
    return b"".join([value for _, value in fields])


def values_of(fields: Fields) -> bytes:
    """The same of an answer, joined but once."""
    last = _LAST
    if fields is not last.fields:
        if LISTS and (known := _RECURRING.get(id(fields))) is not None and known[0] is fields:
            last.fields, last.values = known
        else:
            last.fields, last.values = fields, joined(fields)
            if LISTS:
                _RECURRING.keep(fields, last.values)
    return last.values


def is_odd(fields: Fields, http2: bool) -> bool:
    """Whether some value holds a byte that some engine minds: a break or NUL, and over HTTP/2 any control byte."""
    values = values_of(fields)
    if http2:
        return len(values.translate(None, CONTROLS)) != len(values)
    return _NUL in values or _LF in values or _CR in values


def unfold(fields: Fields) -> Fields:
    """Each line of a folded value goes on with the blanks that it begins with."""
    return tuple([(name, _FOLD.sub(b"", value)) for name, value in fields])


@dataclass(frozen=True, eq=False)
class Reading:
    """How one engine reads header lists."""

    refused: bytes = b"\0"
    """Bytes in a value for which it takes nothing of an answer over HTTP/1."""
    refused_http2: bytes = b"\0\r\n"
    """The same over HTTP/2 and HTTP/3."""
    read: Read = unfold
    """The list as it reads it over HTTP/1, of one with line breaks in values."""

    def unreadable(self, fields: Fields, *, http2: bool) -> str | None:
        """The first line for which it takes nothing of an answer, isomorphic-decoded; None where there is none.

        Over HTTP/2 mitmproxy (the library h2) sends values without the white space around them.
        """
        refused = self.refused_http2 if http2 else self.refused
        for name, value in fields:
            sent = value.strip() if http2 else value
            if len(sent.translate(None, refused)) != len(sent):
                return f"{name.decode('latin-1')}: {value.decode('latin-1')}"
        return None


def unbroken(fields: Fields, names: Sequence[bytes]) -> Fields:
    """A list without the lines of every header, but those of `names`, of which one holds a carriage return."""
    broken = {name.lower() for name, value in fields if b"\r" in value}.difference(names)
    return tuple([field for field in fields if field[0].lower() not in broken])
