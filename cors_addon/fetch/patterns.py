"""Regular expressions that are compiled when they are first used: a start needs few of them, and each takes a while.

`_NAME = pattern(r"…")` stands in place of `re.compile`, with the same arguments, at the top of a module. What must not
wait for one in its traffic calls `compile_next` before.
"""

import re
from typing import TYPE_CHECKING, Any

_METHODS = ("match", "fullmatch", "search", "finditer", "findall", "split", "sub", "pattern")
_waiting: "list[re.Pattern[Any]]" = []

if TYPE_CHECKING:
    from re import compile as pattern
else:

    class pattern:  # noqa: N801  # a function to whoever uses it
        """As `re.compile`, later. What is compiled answers by itself from then on."""

        def __init__(self, *given: Any) -> None:
            self._given = given
            _waiting.append(self)

        def __getattr__(self, name: str) -> Any:
            """Compile; this is asked only for what no earlier call has left here."""
            if name.startswith("_"):
                raise AttributeError(name)
            compiled = re.compile(*self._given)
            for each in _METHODS:
                setattr(self, each, getattr(compiled, each))
            return getattr(compiled, name)


def compile_next() -> bool:
    """Compile one more, that which was made first; whether there was one."""
    if not _waiting:
        return False
    _waiting.pop(0).match  # noqa: B018  # asking for it compiles
    return True


__all__ = ["compile_next", "pattern"]
