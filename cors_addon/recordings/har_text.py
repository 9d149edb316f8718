"""HAR entries out of the text of a file, without decoding what comes again, header lists, and bodies that are plain.

An entry is decoded as JSON but for those, in whose places `NaN` stands meanwhile. Header lists are cut into their
objects, each of which is decoded once.

Law 1: what comes out is what decoding all of it gives: whatever is not as expected is decoded whole, by `Text.value`.
Law 2: damage within a body does no harm, for no verdict needs it, unless it makes the body's end doubtful.
Law 3: the memory of header lines and lists is bounded.

Why text can be searched for keys: a quotation mark within a string has a backslash before it, so `"headers"` without
one is a string of its own wherever it is found.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

from cors_addon.exchange.model import Fields
from cors_addon.fetch import recurring
from cors_addon.fetch.patterns import pattern
from cors_addon.recordings import har_fields, json_stream
from cors_addon.recordings.har_fields import Lines, UnreadText

_HEADERS, _TEXT, _BEHIND_BODY = '"headers"', '"text"', '"redirectURL"'
_ARRAY_OF_OBJECTS = pattern(r"""[ \t\n\r]*:[ \t\n\r]*(\[)[ \t\n\r]*(?:(\{[ \t\n\r]*"\w+")|(?=\]))""")
_STRING = pattern(r'[ \t\n\r]*:[ \t\n\r]*"')
_MOST_QUOTES, _MOST_BRACKETS = 4, 16
"""In a body, and in a header list: how often what looks like its end may be none. In longer bodies they are counted."""
_COMMA, _NOTHING = re.compile(r"[ \t\n\r]*,[ \t\n\r]*"), re.compile(r"[ \t\n\r]*")
_IN_PLACE = "NaN"
"""Stands where something was cut out: a value about which the decoder of JSON asks us."""
_MAX_LINES, _MAX_LINE, _MAX_WAYS = 4096, 1500, 8
_MAX_LISTS, _MAX_LIST = 512, 4000
_SHORT_BODY = 256


class _Odd(Exception):
    """This is to be decoded as any other JSON."""


class _Unread(Exception):
    """What was read of the text may not have all of this."""


class _Known(dict[str, tuple[bytes, bytes] | str]):
    """Header lines by their objects in a list, without what all of these begin with, and with what follows them.

    Of what is no line on the wire, as pseudo-headers, the name alone, in lower case.
    """

    def __init__(self, begin: str, end: re.Pattern[str]) -> None:
        self._begin, self._end = begin, end
        self.left_out = False
        """Some of them are no lines on the wire."""
        self._decode = json.JSONDecoder(strict=False).raw_decode

    def __missing__(self, piece: str) -> tuple[bytes, bytes] | str:
        """Decode one that was not seen before; raises _Odd."""
        try:
            header, end = self._decode(self._begin + piece)
        except (ValueError, RecursionError):
            raise _Odd from None
        if not self._end.fullmatch(piece, end - len(self._begin)):
            raise _Odd
        lines = har_fields.header_list((header,))
        if len(lines) > 1:
            raise _Odd
        line = lines[0] if lines else str(header.get("name")).lower()
        self.left_out = self.left_out or not lines
        if len(piece) <= _MAX_LINE:
            if len(self) >= _MAX_LINES:
                self.clear()
            self[piece] = line
        return line


class Entries:
    """Takes the entries of an array out of a text."""

    def __init__(self, text: json_stream.Text) -> None:
        """Of what comes next in it."""
        self._text = text
        self._known: dict[str, tuple[_Known, _Known]] = {}
        """By what the objects of a header list begin with: those that a comma follows, and the last of a list."""
        self._lists: dict[str, tuple[int, Lines]] = {}
        """Whole header lists by their text after the key, to the first bracket: where in it they begin."""
        self._parts: list[str] = []
        """The text of an entry as far as it is to be decoded; between two, something was cut out."""
        self._begins: list[int] = []
        """Where each begins in the text."""
        self._cut: list[Any] = []
        self._placed = 0
        self._next_key: tuple[str, int] = ("", 0)
        """In which text the first header list after the latest entry was found, and where."""
        decoder: Any = json.JSONDecoder(strict=False, parse_constant=self._place)
        self._decode = decoder.scan_once

    def __iter__(self) -> Iterator[Any]:
        """Each value of the array; raises Damage."""
        return json_stream.items(self._text, take=self._value)

    def _value(self) -> Any:
        while True:
            try:
                return self._quickly()
            except _Unread:
                if len(self._text.text) - self._text.at > json_stream.LARGE or not self._text.ahead():
                    return self._text.value()
            except (_Odd, StopIteration, ValueError, RecursionError):
                return self._text.value()

    def _quickly(self) -> Any:
        """The next entry, if it is like most; raises _Odd, _Unread, or what its decoder raises."""
        text, at = self._text.text, self._text.at
        within, found = self._next_key
        first = found if within is text and found >= at else _key(text, at)
        second = _key(text, first + 1)
        beyond = _key(text, second + 1)
        self._next_key = text, beyond
        self._parts, self._begins, self._cut, self._placed = [], [at], [], 0
        self._cut_headers(text, first)
        self._cut_headers(text, second)
        self._cut_body(text, beyond)
        self._parts.append(text[self._begins[-1] : beyond])
        value, end = self._decode(_IN_PLACE.join(self._parts), 0)
        for number, part in enumerate(self._parts):
            if end <= len(part):
                if number != self._placed:
                    break  # the file has a NaN of its own
                self._text.at = self._begins[number] + end
                return value
            end -= len(part) + len(_IN_PLACE)
        raise _Odd

    def _place(self, _: str) -> Any:
        """What was cut out where the next NaN stands."""
        self._placed += 1
        return self._cut[self._placed - 1] if self._placed <= len(self._cut) else None

    def _cut_out(self, text: str, begin: int, end: int, value: Any) -> None:
        self._parts.append(text[self._begins[-1] : begin])
        self._begins.append(end)
        self._cut.append(value)

    def _cut_headers(self, text: str, key: int) -> None:
        start = key + len(_HEADERS)
        end = text.find("]", start) + 1
        written = text[start:end]
        known = self._lists.get(written)  # pages ask for one thing after the other in the same words
        if known is not None:
            self._cut_out(text, start + known[0], end, known[1])
            if not known[1].recurs:
                known[1].recurs = True
                recurring.note(known[1].fields)
            return
        begin = self._read_headers(text, start)
        if self._begins[-1] == end and len(written) <= _MAX_LIST:
            if len(self._lists) >= _MAX_LISTS:
                self._lists.clear()
            self._lists[written] = begin - start, self._cut[-1]

    def _read_headers(self, text: str, start: int) -> int:
        """Cut out a header list that was not seen before; returns where it begins."""
        opened = _ARRAY_OF_OBJECTS.match(text, start)
        if opened is None:
            raise _Odd
        begin, at = opened[2], opened.end()
        if begin is None:
            self._cut_out(text, opened.start(1), at + 1, Lines(()))
            return opened.start(1)
        known, known_last = self._known.get(begin) or self._way(begin)
        end = at
        for _ in range(_MOST_BRACKETS):
            end = text.index("]", end + 1)
            *pieces, last = text[at:end].split(begin)
            try:
                final = known_last[last]
            except _Odd:
                continue  # this bracket is in a value
            lines = [*map(known.__getitem__, pieces), final]
            some_left_out = known.left_out or known_last.left_out
            self._cut_out(text, opened.start(1), end + 1, _of(lines, some_left_out=some_left_out))
            return opened.start(1)
        raise _Odd

    def _way(self, begin: str) -> tuple[_Known, _Known]:
        if len(self._known) >= _MAX_WAYS:
            self._known.clear()
        found = self._known[begin] = _Known(begin, _COMMA), _Known(begin, _NOTHING)
        return found

    def _cut_body(self, text: str, limit: int) -> None:
        key = text.find(_TEXT, self._begins[-1], limit)
        opened = None if key < 0 or text[key - 1] == "\\" else _STRING.match(text, key + len(_TEXT))
        if opened is None:
            return
        begin = opened.end()
        end = _end_of_body(text, begin, limit)
        if end - begin > _SHORT_BODY:
            self._cut_out(text, begin - 1, end + 1, UnreadText(text[begin - 1 : end + 1]))


def _key(text: str, at: int) -> int:
    """Where the next header list stands, by its key."""
    found = text.find(_HEADERS, at)
    if found < 0:
        raise _Unread
    if text[found - 1] == "\\":
        raise _Odd
    return found


def _of(lines: list[tuple[bytes, bytes] | str], *, some_left_out: bool) -> Lines:
    left_out = [each for each in lines if type(each) is str] if some_left_out else ()
    if not left_out:
        return Lines(cast(Fields, tuple(lines)))
    return Lines(tuple([each for each in lines if type(each) is tuple]), tuple(left_out))


def _end_of_body(text: str, begin: int, limit: int) -> int:
    """Where a string ends that begins there; -1 where that is doubtful."""
    at = begin
    for _ in range(_MOST_QUOTES):
        end = text.find('"', at, limit)
        if end < 0 or text[end - 1] != "\\":
            return end
        if text[end - 2] == "\\":
            break  # the backslash may be escaped itself
        at = end + 1
    return _end_by_count(text, begin, limit)


def _end_by_count(text: str, begin: int, limit: int) -> int:
    """The same for one with many quotation marks: counting them is quicker than looking at each.

    The end is the first mark after the latest escape. Had the string ended before, another would have begun there, and
    no backslash stands before the mark of that.
    """
    behind = text.rfind(_BEHIND_BODY, begin, limit)
    latest = max(text.rfind("\\", begin, limit if behind < 0 else behind), begin - 1)
    kept = text[begin : latest + 1]
    run = len(kept) - len(kept.rstrip("\\"))
    end = text.find('"', latest + 1 + run % 2, limit)
    if end < 0 or text.count('"', begin, end) != text.count('\\"', begin, end):
        return -1
    return end
