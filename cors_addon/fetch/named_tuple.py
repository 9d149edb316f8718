"""Named tuples that are made at once: a start makes many of them, and few of some kinds are ever needed.

`NamedTuple` stands in place of `typing.NamedTuple`, which compiles a function for each class. Here that is done as the
first tuple of the class is made. All else is the same; a type checker sees theirs.
"""

from _collections import _tuplegetter  # type: ignore[import-not-found]  # which theirs uses, too
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Self

__all__ = ["NamedTuple"]

_new = tuple.__new__


class _Tuple(tuple[Any, ...]):
    """What all of them have; without an underscore only what was declared, as theirs."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()
    _field_defaults: dict[str, Any] = {}  # noqa: RUF012  # theirs is one

    @classmethod
    def _make(cls, values: Iterable[Any]) -> Self:
        """One of these values, in order."""
        made = _new(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
        return made

    def _replace(self, /, **changes: Any) -> Self:
        """The same with other values."""
        made = self._make(map(changes.pop, self._fields, self))
        if changes:
            raise TypeError(f"Got unexpected field names: {list(changes)!r}")
        return made

    __replace__ = _replace

    def _asdict(self) -> dict[str, Any]:
        """All values by name."""
        return dict(zip(self._fields, self, strict=True))

    def __getnewargs__(self) -> tuple[Any, ...]:
        """What it is made of again, from a pickle."""
        return tuple(self)

    def __repr__(self) -> str:
        """As it is written in Python."""
        told = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"{type(self).__name__}({told})"


class _Declared(type):
    """Makes a class of tuples of what was declared as one."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        """The class itself is none of this type."""
        made: Any = type(name, (_Tuple,), namespace | {"__slots__": ()})
        names = tuple(made.__annotations__)
        defaults = {each: namespace[each] for each in names if each in namespace}
        if names[len(names) - len(defaults) :] != tuple(defaults):
            raise TypeError(f"{name}: a field without default follows one with default")
        for index, each in enumerate(names):
            setattr(made, each, _tuplegetter(index, f"Alias for field number {index}"))
        made._fields = names
        setattr(made, "__match_args__", names)  # noqa: B010  # which mypy takes for that of this class
        made._field_defaults = defaults
        made.__new__ = _first(made, names, defaults)
        return made


def _first(made: Any, names: tuple[str, ...], defaults: dict[str, Any]) -> Callable[..., Any]:
    """What makes the first tuple of a class, and leaves behind what makes the next ones in less time."""

    def first(_cls: Any, /, *values: Any, **named: Any) -> Any:
        listed = "".join(f"{each}, " for each in names)
        new = eval(f"lambda _cls, {listed}: _new(_cls, ({listed}))", {"_new": _new, "__builtins__": {}})
        new.__name__, new.__qualname__ = "__new__", f"{made.__name__}.__new__"
        new.__defaults__ = tuple(defaults.values()) or None
        made.__new__ = staticmethod(new)
        return new(_cls, *values, **named)

    return staticmethod(first)


if TYPE_CHECKING:
    from typing import NamedTuple
else:
    NamedTuple = type.__new__(_Declared, "NamedTuple", (), {})
