"""Header lists that clients send and get alike, kept once: of ordinary clients they are most of what would be kept.

Law 1: what is shared weighs here, once, for as long as some client holds it; what that client weighs is without it.
Law 2: only of clients of which little is kept: of the others to look at every line would take long.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cors_addon.exchange.model import Fields, Observation

MAX_FLOWS = 8
"""Exchanges of a client from which on nothing of it is shared."""
MAX_SHARED_LINES = 64
_OF_A_LINE = 320
"""Bytes of a line, without its text, and of where it is found again."""
_OF_A_LIST = 192

type _Line = tuple[bytes, bytes]


@dataclass(slots=True)
class _Held[T]:
    """What is shared, and how many hold it."""

    what: T
    holders: int = 0


class Shared:
    """Lists and lines by what they say, each with the number of its holders."""

    def __init__(self) -> None:
        """Begin with none."""
        self.weight = 0
        """Bytes of all that is shared."""
        self._lists: dict[Fields, _Held[Fields]] = {}
        self._lines: dict[_Line, _Held[_Line]] = {}

    def hold(self, flows: Iterable[Observation]) -> tuple[Fields, ...]:
        """Have these exchanges share their lists; returns those, which are to be released in the end."""
        held: list[Fields] = []
        for each in flows:
            if max(len(each.request), len(each.response)) <= MAX_SHARED_LINES:
                each.request, each.response = self._list(each.request), self._list(each.response)
                held += (each.request, each.response)
        return tuple(held)

    def release(self, held: Iterable[Fields]) -> None:
        """Nobody holds these any more who did."""
        for fields in held:
            known = self._lists[fields]
            known.holders -= 1
            if not known.holders:
                del self._lists[fields]
                self.weight -= _OF_A_LIST + 8 * len(fields)
                for line in fields:
                    self._release_line(line)

    def _list(self, fields: Fields) -> Fields:
        known = self._lists.get(fields)
        if known is None:
            made = tuple(map(self._line, fields))
            known = self._lists[made] = _Held(made)
            self.weight += _OF_A_LIST + 8 * len(made)
        known.holders += 1
        return known.what

    def _line(self, line: _Line) -> _Line:
        known = self._lines.get(line)
        if known is None:
            known = self._lines[line] = _Held(line)
            self.weight += _weight_of(line)
        known.holders += 1
        return known.what

    def _release_line(self, line: _Line) -> None:
        known = self._lines[line]
        known.holders -= 1
        if not known.holders:
            del self._lines[line]
            self.weight -= _weight_of(line)


def _weight_of(line: _Line) -> int:
    return _OF_A_LINE + len(line[0]) + len(line[1])
