"""A HAR's entries one by one, out of a JSON text of any size.

Law 1: memory is bounded by the largest entry, and a huge entry is read without its huge parts.
Law 2: damage is found where it is, and every entry before it has been given.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from cors_addon.fetch.patterns import pattern
from cors_addon.recordings.damage import Damage
from cors_addon.recordings.source import Readable

LARGE = 1 << 22
"""Characters of one value from which on it is read without its long strings."""
LONG = 1 << 16
"""Characters of a string that is long."""
DROPPED = frozenset({'"_webSocketMessages"', '"webSocketMessages"'})
"""Keys of arrays that no verdict needs, and which grow without end."""

_SPACE = pattern(r"[ \t\n\r]*")
_NEXT = pattern(r"[ \t\n\r]*,[ \t\n\r]*(?=[^ \t\n\r])")
_STRUCTURE = pattern(r'["{}\[\]]')
_IN_STRING = pattern(r'(?:[^"\\]++|\\.)*+', re.DOTALL)
_TAIL = 24
"""A number, literal or escape that is cut off is found to be wrong at most this far from the end."""


class Text:
    """The text that was read and not yet used."""

    def __init__(self, source: Readable) -> None:
        """Begin at the start of `source`."""
        self._source = source
        self.text = ""
        self.at = 0
        self._base = 0
        """Byte offset of the text's first character."""
        self.ended = False
        self._later: Damage | None = None
        """Was found ahead of what is needed."""
        head = b""
        while len(head) < 3 and (more := source.read()):
            head += more
        self._encoding, bom = "utf-8", b""
        for encoding, mark in (
            ("utf-8", codecs.BOM_UTF8),
            ("utf-16-le", codecs.BOM_UTF16_LE),
            ("utf-16-be", codecs.BOM_UTF16_BE),
        ):
            if head.startswith(mark):
                self._encoding, bom = encoding, mark
        self._errors = "surrogateescape" if self._encoding == "utf-8" else "surrogatepass"
        self._decoder = codecs.getincrementaldecoder(self._encoding)(self._errors)
        self._base = len(bom)
        self.text = self._decode(head[len(bom) :])
        decoder: Any = json.JSONDecoder(strict=False)
        self._decode_value = decoder.scan_once

    def _decode(self, data: bytes) -> str:
        try:
            return self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise self.damage("no text in the encoding that it begins with") from error

    def damage(self, what: str, at: int | None = None) -> Damage:
        """Damage here, or at a position in the text."""
        return Damage(what, self._base + self._size_to(self.at if at is None else at))

    def _size_to(self, at: int) -> int:
        """Bytes of the text before a position."""
        if self._encoding == "utf-8" and self.text.isascii():
            return min(at, len(self.text))
        return len(self.text[:at].encode(self._encoding, self._errors))

    def more(self, at_least: int = 1) -> bool:
        """Read on, and let go of what was used; False at the end."""
        self._base += self._size_to(self.at)
        parts = [self.text[self.at :]]
        self.at = 0
        got = 0
        while got < at_least and not self.ended:
            try:
                if self._later is not None:
                    raise self._later
                data = self._source.read()
            except Damage as damage:
                self.text = "".join(parts)
                self.ended = True
                raise Damage(damage.what, self._base) from damage
            self.ended = not data
            part = self._decode(data)
            parts.append(part)
            got += len(part)
        self.text = "".join(parts)
        return got > 0

    def ahead(self) -> bool:
        """Read on, without need of it: damage is told once there is. False where nothing more is to be had so."""
        try:
            return self._later is None and self.more(self._growth())
        except Damage as damage:
            self._later, self.ended = damage, False
            return False

    def _growth(self) -> int:
        """How much more to read for a value of which all that was read is only a part."""
        return min(max(len(self.text) - self.at, 1), LARGE)

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            match = _SPACE.match(self.text, self.at)
            assert match is not None
            self.at = match.end()
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def take(self, wanted: str) -> None:
        """Step over the next character, which must be this one."""
        found = self.peek()
        if found != wanted:
            raise self.damage(f"no JSON: {wanted!r} is missing" if found else "the file ends too early")
        self.at += 1

    def value(self) -> Any:
        """The next value, whole; a huge one without its long strings."""
        if not (self.at < len(self.text) and self.text[self.at] == "{") and not self.peek():
            raise self.damage("the file ends too early")
        while True:
            found = self._scanned()
            if found is None:
                if len(self.text) - self.at > LARGE:
                    return self._large_value()
                if self.ended or not self.more(self._growth()):
                    raise self.damage("the file ends in the midst of this")
            elif found[1] < len(self.text) or self.ended:
                self.at = found[1]
                return found[0]
            else:
                self.more()  # a number may go on

    def _scanned(self) -> tuple[Any, int] | None:
        """The next value, and where it ends; None where the text ends before it does."""
        unterminated = False
        try:
            found: tuple[Any, int] = self._decode_value(self.text, self.at)
            return found
        except StopIteration as stop:
            wrong = stop.value if isinstance(stop.value, int) else self.at
        except json.JSONDecodeError as error:
            wrong = error.pos
            unterminated = error.msg.startswith("Unterminated string")
        except RecursionError:
            raise self.damage("nested too deeply") from None
        except ValueError as error:  # a number with thousands of digits
            raise self.damage(f"no usable JSON: {str(error).partition(';')[0]}") from None
        if not unterminated and wrong < len(self.text) - _TAIL:
            raise self.damage("no JSON", wrong)
        return None

    def _large_value(self) -> Any:
        begin = self.damage("the file ends in the midst of this")
        text = "".join(self._squeezed(begin))
        try:
            return json.loads(text, strict=False)
        except (ValueError, RecursionError) as error:
            raise Damage("no JSON in this", begin.offset) from error

    def _squeezed(self, begin: Damage) -> Iterator[str]:
        """The pieces of the next value, a string, an object or an array, without what is long in it."""
        kept = _Kept()
        while True:
            match = _STRUCTURE.search(self.text, self.at)
            upto = match.start() if match else len(self.text)
            yield kept.between(self.text[self.at : upto])
            self.at = upto
            if match is None:
                if not self.more():
                    raise begin
                continue
            self.at += 1
            yield kept.string(self._string(begin)) if match[0] == '"' else kept.bracket(match[0])
            if not kept.depth:
                return
            if kept.size > 4 * LARGE:
                raise Damage("an entry too large to be one", begin.offset)

    def _string(self, begin: Damage) -> str:
        """The rest of a string, its closing quotation mark taken but not returned; a long one is cut short."""
        pieces: list[str] = []
        kept = 0
        while True:
            match = _IN_STRING.match(self.text, self.at)
            assert match is not None
            if kept < LONG:
                piece = match[0] if kept + len(match[0]) <= LONG else match[0][:LONG].partition("\\")[0] + "..."
                pieces.append(piece)
                kept += len(match[0])
            self.at = match.end()
            if self.at < len(self.text) and self.text[self.at] == '"':
                self.at += 1
                return "".join(pieces)
            if not self.more():
                raise begin


class _Kept:
    """What is kept of a huge value, piece by piece: all but what stands under a key of `DROPPED`."""

    def __init__(self) -> None:
        self.depth = 0
        self.size = 0
        self._dropping = 0
        """The depth of what is dropped; 0 where nothing is."""
        self._key = ""
        """The key that was just read, if what it names is dropped."""

    def between(self, text: str) -> str:
        """What stands between strings and brackets."""
        if self._key and text.strip() not in ("", ":"):  # the text may have been cut between them
            self._key = ""
        return self._keep(text)

    def string(self, text: str) -> str:
        """A string, which may be a key."""
        piece = f'"{text}"'
        self._key = piece if piece in DROPPED else ""
        return self._keep(piece)

    def bracket(self, mark: str) -> str:
        """An object or an array begins or ends."""
        if mark in "[{":
            self.depth += 1
            dropped = bool(self._dropping)
            if self._key and not dropped:
                self._dropping = self.depth
            self._key = ""
            return "" if dropped else mark
        if self._dropping == self.depth:
            self._dropping = 0
        self.depth -= 1
        return "" if self._dropping else mark

    def _keep(self, text: str) -> str:
        if self._dropping:
            return ""
        self.size += len(text)
        return text


def members(text: Text) -> Iterator[str]:
    """The keys of the next object; whoever takes a key takes its value before the next."""
    text.take("{")
    if text.peek() == "}":
        text.take("}")
        return
    while True:
        key = text.value() if text.peek() == '"' else None
        if not isinstance(key, str):
            raise text.damage("no JSON: a key is missing")
        text.take(":")
        yield key
        if text.peek() == ",":
            text.take(",")
            continue
        text.take("}")
        return


type PassOver = Callable[[str, int], int]
"""From a position in a text where a value of an array begins, to where a later one does; all between is of no use."""


def items(text: Text, pass_over: PassOver | None = None, *, take: Callable[[], Any] | None = None) -> Iterator[Any]:
    """The values of the next array. `take` gives each in the way of whoever asks, and steps over it."""
    value = take or text.value
    text.take("[")
    if text.peek() == "]":
        text.take("]")
        return
    while True:
        if pass_over is not None:
            text.at = pass_over(text.text, text.at)
        yield value()
        match = _NEXT.match(text.text, text.at)
        if match is not None:
            text.at = match.end()  # mostly there is more, and it has been read
        elif text.peek() == ",":
            text.take(",")
        else:
            text.take("]")
            return
