"""Header lists that come again as the very same object, and what was read of each: found without looking into it.

Who reads a file's header lists but once, and gives the same object for all that are written alike, notes it here.

Law 1: what is found for a list was read of that very list, which is kept, so that no other can take its place.
Law 2: bounded: of a list that is not noted nothing is kept.
"""

type Fields = tuple[tuple[bytes, bytes], ...]

MOST = 1024
"""Lists that are kept; who notes them sees to it that they are short."""
LISTS: dict[int, Fields] = {}
"""By their identity; none under live traffic, where every list is a new object."""


def note(fields: Fields) -> None:
    """This list comes again."""
    if len(LISTS) >= MOST:
        LISTS.clear()
    LISTS[id(fields)] = fields


class Readings[T](dict[int, tuple[Fields, T]]):
    """What was read of the lists that come again, by their identity.

    `get(id(fields))` gives the list itself, which is to be compared, and what was read. Ask only if there are `LISTS`.
    """

    def keep(self, fields: Fields, read: T) -> None:
        """Keep what was read of a list, if that comes again."""
        if id(fields) in LISTS:
            if len(self) >= MOST:
                self.clear()
            self[id(fields)] = fields, read
