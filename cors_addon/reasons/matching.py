"""Find known messages in a pasted text by their fixed parts, in time linear in the text.

Law 1: a message is matched by *all* its fixed parts, in order, each a run of whole words; what stands between them are
its values. Half a message is none.
Law 2: quotes, back-quotes and the kind of space do not count: messages lose them in mail, chats and trackers, and
older browsers wrote none. Case does not count either.
Law 3: a value has an end: `_LONGEST` characters. So each place where a message may be costs a bounded number of steps,
and the places are found in one pass over the text (`Index`).
Law 4: a short message (`Wording.whole`) must be a whole line, but for what consoles put before and after it.
"""

import bisect
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from cors_addon.fetch.patterns import pattern

_LONGEST = 2000  # of a value
_LONGEST_LINE = 500  # that may be a short message
_GRAM = 8  # characters by which a place is found
_ENOUGH = 20  # occurrences of one wording: more add nothing

_QUOTES = "\"'`´‘’‚‛“”„‟′″«»‹›"
_CLOSING = {"'": "'", "‘": "’", "’": "’", "“": "”", "„": "“", "«": "»", "`": "`"}
_INVISIBLE = "\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_PIECE = pattern(rf"[^\s{_QUOTES}{_INVISIBLE}]+")
_QUOTED_LINE = pattern(r"^[ \t]*>[ \t>]*", re.MULTILINE)
_ESCAPED = pattern(r"\\[nrt](?![a-z0-9_]*[\\/])|\\(?=[\"'`])")
_SLOT = pattern(r"\{([a-z_]+)\}")

# Values that may hold spaces; every other is one word.
_FREE = frozenset({"at", "headers", "kind_url", "policy", "rest", "text", "type", "value"})


class Wording(NamedTuple):
    """One message as one program writes it, with a name in braces for each value."""

    text: str
    means: str
    """The name of what it tells: a reason, a block or another cause."""
    by: str
    """Who writes it: an engine (`chromium`, `gecko`, `webkit`) or the name of a program."""
    language: str | None = None
    """Where it is not English."""
    whole: bool = False
    """Too short to be looked for within a text: it must be the whole line."""


class Found(NamedTuple):
    """A wording found in a text."""

    wording: Wording
    start: int
    """In `Text.plain`."""
    end: int
    values: Mapping[str, str]
    fixed: int
    """Characters of its fixed parts: of two wordings for one text, the more exact has more."""


class Text:
    """A pasted text, made plain, with the way back to how it was written."""

    def __init__(self, written: str) -> None:
        """Quotation marks of mails (`> `) and escapes of logs and JSON become spaces."""
        spaced = _QUOTED_LINE.sub(lambda match: " " * len(match[0]), written)
        self.written = _ESCAPED.sub(lambda match: " " * len(match[0]), spaced)
        self.plain, self._starts, self._origins = _plain(self.written)

    def as_written(self, start: int, end: int) -> str:
        """The part of the text that stands between two places of `plain`, as it was written, on one line."""
        start += len(self.plain[start:end]) - len(self.plain[start:end].lstrip())
        if start >= end:
            return ""
        part = self.written[self.origin(start) : self.origin(end - 1) + 1]
        return " ".join(part.split()).strip(_QUOTES + " ")

    def origin(self, place: int) -> int:
        """Where the character at this place of `plain` stands in `written`."""
        piece = bisect.bisect_right(self._starts, place) - 1
        return self._origins[piece] + place - self._starts[piece]

    def place(self, origin: int) -> int:
        """The place in `plain` of what stands at this place of `written`, or comes next."""
        piece = max(0, bisect.bisect_right(self._origins, origin) - 1)
        if piece + 1 < len(self._starts):
            return min(self._starts[piece] + origin - self._origins[piece], self._starts[piece + 1])
        return min(self._starts[piece] + max(0, origin - self._origins[piece]), len(self.plain))

    def rest_of_line(self, place: int) -> str:
        """What stands after this place, up to the closing quote or the end of its line, at most 300 characters."""
        if not place or place >= len(self.plain):
            return ""
        start = self.origin(place - 1) + 1
        rest = self.written[start : start + 300].partition("\n")[0].strip()
        closing = _CLOSING.get(rest[:1])
        return rest[1:].partition(closing)[0] if closing else rest.strip(_QUOTES + " ")


def _plain(written: str) -> tuple[str, list[int], list[int]]:
    """Without quotes, one space for many, lower case; and for each piece where it begins, here and there."""
    parts: list[str] = []
    starts: list[int] = []
    origins: list[int] = []
    length = end = 0
    for match in _PIECE.finditer(written):
        gap = written[end : match.start()]
        if parts and any(map(str.isspace, gap)):
            starts.append(length)
            origins.append(end)
            parts.append(" ")
            length += 1
        starts.append(length)
        origins.append(match.start())
        parts.append(match[0])
        length += match.end() - match.start()
        end = match.end()
    return _folded("".join(parts)), starts or [0], origins or [0]


def _folded(text: str) -> str:
    """Lower case, character by character, so that places stay."""
    lowered = text.replace("\u2010", "-").replace("\u2011", "-").lower()
    if len(lowered) != len(text):  # İ, say, becomes two
        lowered = "".join(low if len(low := char.lower()) == 1 else char for char in text)
    return lowered


class _Compiled(NamedTuple):
    wording: Wording
    parts: tuple[str, ...]
    """The fixed parts, plain."""
    names: tuple[str, ...]
    """The values' names: one more than the parts, empty at an end without a value."""


class Index:
    """Wordings, to be found in texts."""

    def __init__(self, wordings: Iterable[Wording]) -> None:
        """Each is looked for by the piece of its fixed parts that the fewest others have."""
        self._lines: dict[str, list[Wording]] = {}
        compiled: list[tuple[_Compiled, list[tuple[str, int, int]]]] = []
        count: Counter[str] = Counter()
        for wording in wordings:
            if wording.whole:
                self._lines.setdefault(line_plain(wording.text), []).append(wording)
                continue
            each = _compile(wording)
            grams = list(_grams(each.parts))
            count.update({gram for gram, _, _ in grams})
            compiled.append((each, grams))
        self._places: dict[str, list[tuple[_Compiled, int, int]]] = {}
        for each, grams in compiled:
            gram, part, offset = min(grams, key=lambda one: count[one[0]])
            self._places.setdefault(gram, []).append((each, part, offset))
        self.steps = 0
        """Places tried so far: what a search costs, for the test of its bound."""

    def find(self, text: Text) -> list[Found]:
        """All wordings in the text, in the order in which they begin; of those that overlap, the first and longest."""
        found = [*self._within(text), *self._lines_of(text)]
        found.sort(key=lambda one: (one.start, one.start - one.end, -one.fixed))
        result: list[Found] = []
        end = -1
        for one in found:
            last = result[-1] if result else None
            same = last is not None and (one.start, one.end, one.fixed) == (last.start, last.end, last.fixed)
            if one.start >= end or same:
                result.append(one)
                end = max(end, one.end)
        return result

    def _within(self, text: Text) -> Iterator[Found]:
        plain = text.plain
        places = self._places
        seen: Counter[_Compiled] = Counter()
        for at in range(len(plain) - _GRAM + 1):
            hits = places.get(plain[at : at + _GRAM])
            if hits is None:
                continue
            for each, part, offset in hits:
                self.steps += 1
                if seen[each] < _ENOUGH and (found := _match(text, each, part, at - offset)):
                    seen[each] += 1
                    yield found

    def _lines_of(self, text: Text) -> Iterator[Found]:
        seen: Counter[Wording] = Counter()
        alone = "\n" not in text.written.strip()
        for offset, line, cell in _cells(text.written):
            self.steps += 1
            whole = line_plain(line)
            for bare in bare_lines(line):
                # a single word is a message only as a table's cell, or where nothing else was pasted
                counts = " " in bare or ((cell or alone) and bare == whole)
                wordings = self._lines.get(bare, ()) if counts else ()
                for wording in wordings:
                    if seen[wording] < _ENOUGH:
                        seen[wording] += 1
                        start = text.place(offset)
                        yield Found(wording, start, start + len(bare), {}, len(bare))


def _compile(wording: Wording) -> _Compiled:
    pieces = _SLOT.split(wording.text)
    parts = [_fixed(piece) for piece in pieces[::2]]
    parts[0], parts[-1] = parts[0].lstrip(), parts[-1].rstrip(".。। ")
    names = ["", *pieces[1::2], ""]
    # a value at an end takes the place of the empty part there
    if not parts[0]:
        parts, names = parts[1:], names[1:]
    if not parts[-1]:
        parts, names = parts[:-1], names[:-1]
    if not names[0]:
        parts[0] = parts[0].lstrip()
    if not names[-1]:
        parts[-1] = parts[-1].rstrip()
    return _Compiled(wording, tuple(parts), tuple(names))


def _fixed(piece: str) -> str:
    """A fixed part, plain, with the space that parts it from a value."""
    bare = piece.strip(_QUOTES)
    core = line_plain(bare)
    if not core:
        return " " if any(map(str.isspace, piece)) else ""
    return " " * bare[0].isspace() + core + " " * bare[-1].isspace()


def _grams(parts: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Pieces by which to find a wording: the beginning, middle and end of each fixed part, or the part itself."""
    for number, part in enumerate(parts):
        last = len(part) - _GRAM
        if last >= 0:
            for offset in {0, last // 2, last}:
                yield part[offset : offset + _GRAM], number, offset


def _match(text: Text, each: _Compiled, part: int, start: int) -> Found | None:
    """The wording whose fixed part begins here, if all of it is there."""
    plain, parts, names = text.plain, each.parts, each.names
    fixed = parts[part]
    if start < 0 or not plain.startswith(fixed, start):
        return None
    spans: dict[str, tuple[int, int]] = {}
    begin, end = start, start + len(fixed)
    for number in range(part + 1, len(parts)):
        # around an empty value two spaces became one
        shared = names[number] in _FREE and plain[end - 1] == " " == parts[number][0]
        at = plain.find(parts[number], end - shared, end + _LONGEST + len(parts[number]))
        if at < 0 or not _fits(plain, names[number], end, at):
            return None
        spans.setdefault(names[number], (end, at))
        end = at + len(parts[number])
    for number in range(part - 1, -1, -1):
        shared = names[number + 1] in _FREE and plain[begin] == " " == parts[number][-1]
        at = plain.rfind(parts[number], max(0, begin - _LONGEST - len(parts[number])), begin + shared)
        if at < 0 or not _fits(plain, names[number + 1], at + len(parts[number]), begin):
            return None
        spans[names[number + 1]] = (at + len(parts[number]), begin)
        begin = at
    if not _bounded(plain, begin, end):
        return None
    values = {name: text.as_written(*span) for name, span in spans.items()}
    if names[-1]:
        values[names[-1]] = _last_value(text, names[-1], end)
    if names[0]:
        values[names[0]] = _first_value(text, begin)
    return Found(each.wording, begin, end, values, sum(map(len, parts)))


def _fits(plain: str, name: str, start: int, end: int) -> bool:
    """Whether a value of this kind may stand between these places."""
    value = plain[start:end].strip()
    return name in _FREE or (bool(value) and " " not in value)


def _bounded(plain: str, start: int, end: int) -> bool:
    """Whether the words at both ends are whole. Scripts that write no spaces know no such bound."""
    before, after = plain[start - 1 : start], plain[end : end + 1]
    return not (_wordy(before) and _wordy(plain[start])) and not (_wordy(after) and _wordy(plain[end - 1]))


def _wordy(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _last_value(text: Text, name: str, end: int) -> str:
    if name in _FREE and name != "type":
        rest = text.rest_of_line(end)
        # a value in quotes ends with them; a policy has quotes within, and ends with its own and a full stop
        return re.split(r"[\"”]\.?(?: |$)|\.$", rest, maxsplit=1)[0] if name == "policy" else rest
    start = end + text.plain.startswith(" ", end)
    stop = text.plain.find(" ", start, start + _LONGEST)
    return text.as_written(start, len(text.plain) if stop < 0 else stop).rstrip(_ENDS)


_ENDS = ".,;:)。" + _QUOTES


def _first_value(text: Text, begin: int) -> str:
    stop = begin - text.plain.endswith(" ", 0, begin)
    start = text.plain.rfind(" ", max(0, stop - _LONGEST), stop) + 1
    return text.as_written(start, stop).lstrip("([")


# --- lines ------------------------------------------------------------------------------------------------------------

# What consoles, test runners and loggers put before a short message …
_LEAD = pattern(
    r"\[(?:error|warning|warn|log|info|debug|severe|pageerror|console(?:\.\w+)?)\] "
    r"|(?:error|warning|warn|severe|fatal|log|info|debug) ?[:\-|] ?"
    r"|uncaught(?: \(in promise\))?:? |\(in promise\):? ?|unhandled (?:promise )?rejection:?(?: \(\w+\):)? ?"
    r"|unhandledrejection: ?|unhandledpromiserejection\w*: ?|possible unhandled promise rejection \(id: \d+\): ?"
    r"|[\w.$]*(?:error|exception)(?: \[[\w .]+\])?: |caused by: ?|message: ?|reason: ?|statustext: ?|body: ?|detail: ?"
    r"|response: ?|error ?= ?|failed to load resource: |\S+:\d+(?::\d+)? |[-–—•*✖✗×❌⚠›»|] ?"
    r"|(?:xhr ?)?(?:get|post|put|patch|delete|head|options) ?https?://\S+ |\{ ?(?:message|error|detail|errors)? ?:? ?"
    r"|\[|\d{3}(?: \w+)?(?: [-–]|:) "
)
# … and after it
_TAIL = pattern(
    r"(?: ?[.,;:!\]}…]| \((?:[^()\s]+|[^()]*, line \d+)\)| @ ?\S+| \S+\.(?:m?[jt]sx?|vue|html?)\S*| at \S+(?: \(\S+\))?"
    r"| https?://\S+| [x×]\d+| \[learn more\])$"
)


def _cells(written: str) -> Iterator[tuple[int, str, bool]]:
    """Lines, and the cells of tables, that are short enough, each with its place and whether it is a cell."""
    offset = 0
    for line in written.split("\n"):
        if 0 < len(line) <= _LONGEST_LINE:
            yield offset, line, False
            if _CELL_ENDS.search(line.strip()):
                for cell in _CELL.finditer(line):
                    yield offset + cell.start(), cell[0], True
        offset += len(line) + 1


_CELL_ENDS = pattern(r"\t| {2}|\|")
_CELL = pattern(r"[^\t| ]+(?: [^\t| ]+)*")


def line_plain(line: str) -> str:
    """A line or a part of a message, plain."""
    return _plain(line)[0]


def bare_lines(line: str) -> Iterator[str]:
    """A line, plain, and then with less and less of what may stand around a message."""
    plain = line_plain(line)
    for _ in range(8):
        yield plain
        lead = _LEAD.match(plain)
        shorter = plain[lead.end() :] if lead else plain
        tail = _TAIL.search(shorter)
        shorter = shorter[: tail.start()] if tail else shorter
        if shorter == plain:
            break
        plain = shorter.strip()
