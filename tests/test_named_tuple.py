"""Named tuples that are made at little cost: as the standard library's in all that is used of them."""

import copy
import pickle
import typing
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from cors_addon.fetch import named_tuple


def _declared(base: Any) -> list[Any]:
    """A class of each kind, made by ours or by theirs."""

    class Point(base):  # type: ignore[misc]
        """A place."""

        x: int
        y: int = 2

        @property
        def sum(self) -> int:
            return self.x + self.y

        @classmethod
        def origin(cls) -> Any:
            return cls(0, 0)

        def moved(self) -> Any:
            return self._replace(x=self.x + 1)

    class One(base):  # type: ignore[misc]
        x: int

    class Told(base):  # type: ignore[misc]
        x: int = 1
        y: str = "y"

        def __str__(self) -> str:
            return "told"

        def __bool__(self) -> bool:
            return False

    class Nothing(base):  # type: ignore[misc]
        pass

    return [Point, One, Told, Nothing]


CALLS: tuple[tuple[tuple[Any, ...], Mapping[str, Any]], ...] = (
    ((), {}),
    ((1,), {}),
    ((1, 5), {}),
    ((), {"x": 1}),
    ((1,), {"y": 5}),
    ((1, 2, 3), {}),
    ((1,), {"x": 1}),
    ((1,), {"z": 1}),
)
TESTS: tuple[Callable[[Any], object], ...] = (
    repr,
    str,
    bool,
    hash,
    tuple,
    lambda one: one == tuple(one),
    lambda one: one == copy.copy(one) == copy.deepcopy(one),
    lambda one: one._asdict(),
    lambda one: one._replace(x=9),
    lambda one: one._replace(nobody=9),
    lambda one: type(one)._make(["a", "b"]),
    lambda one: type(one)._fields,
    lambda one: type(one)._field_defaults,
    lambda one: type(one).__match_args__,
    lambda one: type(one).__doc__ if type(one).__name__ == "Point" else None,
    lambda one: type(one).__name__,
    lambda one: one.__getnewargs__(),
    lambda one: setattr(one, "x", 1),
    lambda one: setattr(one, "unheard_of", 1),
    lambda one: hasattr(one, "__dict__"),
    lambda one: one.sum,
    lambda one: one.origin(),
    lambda one: one.moved(),
    lambda one: one.y,
)


def told(cls: Any, call: tuple[tuple[Any, ...], Mapping[str, Any]], test: Callable[[Any], object]) -> object:
    """What comes of it, or what it raises."""
    given, named = call
    try:
        return test(cls(*given, **named))
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("number", range(len(_declared(typing.NamedTuple))))
@pytest.mark.parametrize("call", CALLS, ids=repr)
def test_as_the_standard_librarys(number: int, call: tuple[tuple[Any, ...], Mapping[str, Any]]) -> None:
    """Whatever is asked first, and whatever it is given."""
    for test in TESTS:
        ours, theirs = _declared(named_tuple.NamedTuple)[number], _declared(typing.NamedTuple)[number]
        expected = told(theirs, call, test)
        for _ in range(2):
            assert told(ours, call, test) == expected


def test_defaults_stand_last() -> None:
    """As they must in theirs."""
    with pytest.raises(TypeError):

        class Wrong(named_tuple.NamedTuple):
            x: int = 1
            y: int  # type: ignore[misc]


class Pickled(named_tuple.NamedTuple):
    """To be found by its name."""

    x: int
    y: int = 2


def test_pickled() -> None:
    """By name."""
    assert pickle.loads(pickle.dumps(Pickled(1))) == Pickled(1)
    assert type(pickle.loads(pickle.dumps(Pickled(1)))) is Pickled
