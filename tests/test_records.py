"""Data classes that are made at little cost: as the standard library's in all that is used of them."""

import copy
import dataclasses
import pickle
import pkgutil
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import cors_addon
from cors_addon.api import Judgement
from cors_addon.fetch import records

type Declared = Callable[[Any], list[type]]


def _declared(made: Any) -> list[type]:
    """A class of each kind, made by ours or by theirs."""

    @made.dataclass
    class Plain:
        name: str
        size: int = 3
        names: list[str] = made.field(default_factory=list)
        unseen: str = made.field(default="u", repr=False, compare=False)

    @made.dataclass(frozen=True, slots=True)
    class Fixed:
        name: str
        size: int = 3
        names: tuple[str, ...] = made.field(default=(), compare=False)

        @property
        def twice(self) -> int:
            return self.size * 2

    @made.dataclass(slots=True, kw_only=True)
    class Named:
        name: str
        more: list[str] = made.field(default_factory=list)
        size: int = 3

    @made.dataclass(slots=True, eq=False, repr=False, weakref_slot=True)
    class Same:
        name: str
        size: int = 3

    @made.dataclass(frozen=True)
    class Fitted:
        name: str
        length: int = made.field(init=False, repr=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "length", len(self.name))

    @made.dataclass(frozen=True)
    class Base:
        name: str = "base"

    @made.dataclass(frozen=True, kw_only=True)
    class Derived(Base):
        size: int

    @made.dataclass(frozen=True)
    class Told:
        name: str

        def __repr__(self) -> str:
            return "told"

        def __hash__(self) -> int:
            return 7

        def __eq__(self, other: object) -> bool:
            return True

    return [Plain, Fixed, Named, Same, Fitted, Derived, Told]


CALLS: tuple[tuple[tuple[Any, ...], Mapping[str, Any]], ...] = (
    ((), {}),
    (("a",), {}),
    (("a", 5), {}),
    ((), {"name": "a"}),
    ((), {"name": "a", "size": 5}),
    (("a",), {"size": 5}),
    (("a",), {"more": ["m"], "size": 1}),
    (("a",), {"unknown": 5}),
    (("a", 1, (), 1, 1), {}),
    (("a",), {"name": "a"}),
)
TESTS: tuple[Callable[[Any, Any], object], ...] = (
    lambda one, _: re.sub(" at 0x.*", "", repr(one)),
    lambda one, _: vars(one) if hasattr(one, "__dict__") else None,
    lambda one, _: one == copy.copy(one),
    lambda one, _: one == "other",
    lambda one, _: one == other(one, name="other"),
    lambda one, _: one == other(one, size=99),
    lambda one, _: hash(one) == hash(copy.copy(one)),
    lambda one, _: hash(one) == hash(one),
    lambda one, _: other(one, name="b").name,
    lambda one, _: setattr(one, "name", "b"),
    lambda one, _: delattr(one, "name"),
    lambda one, _: one.size is type(one).size,
    lambda one, _: type(one).__match_args__,
    lambda one, _: type(one).__slots__,
    lambda one, _: dataclasses.asdict(one),
    lambda one, _: [(each.name, each.init, each.repr, each.compare, each.kw_only) for each in dataclasses.fields(one)],
    lambda one, _: dataclasses.is_dataclass(one),
    lambda one, made: [each.name for each in made.fields(one)],
    lambda one, made: re.sub(" at 0x.*", "", repr(made.replace(one, name="b"))),
    lambda one, made: made.replace(one, nobody="b"),
)


def other(one: Any, **changes: object) -> Any:
    """A copy that differs."""
    made = copy.copy(one)
    for name, value in changes.items():
        object.__setattr__(made, name, value)
    return made


def told(
    cls: Any, made: Any, call: tuple[tuple[Any, ...], Mapping[str, Any]], test: Callable[[Any, Any], object]
) -> object:
    """What comes of it, or what it raises."""
    given, named = call
    try:
        return test(cls(*given, **named), made)
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("number", range(len(_declared(dataclasses))))
@pytest.mark.parametrize("call", CALLS, ids=repr)
def test_as_the_standard_librarys(number: int, call: tuple[tuple[Any, ...], Mapping[str, Any]]) -> None:
    """Whichever method is called first, and whatever it is given."""
    for test in TESTS:
        ours, theirs = _declared(records)[number], _declared(dataclasses)[number]
        expected = told(theirs, dataclasses, call, test)
        for _ in range(2):
            assert told(ours, records, call, test) == expected


def test_methods_are_written_when_they_are_called() -> None:
    """Each once."""

    @records.dataclass(frozen=True)
    class Point:
        x: int

    names = ("__init__", "__eq__", "__hash__")
    unwritten = {name: vars(Point)[name] for name in names}
    first, second = Point(1), Point(2)
    assert (vars(Point)["__init__"] is unwritten["__init__"], first.x, second.x) == (False, 1, 2)
    assert vars(Point)["__eq__"] is unwritten["__eq__"]
    assert (first == Point(1), first == second, first != second) == (True, False, True)
    assert {first: "one"}[Point(1)] == "one"
    assert not any(vars(Point)[name] is unwritten[name] for name in names)


@records.dataclass(frozen=True, slots=True)
class Pickled:
    """To be found by its name."""

    name: str
    size: int = 3


def test_pickled_and_copied() -> None:
    """Frozen ones in slots, too."""
    one = Pickled("a", 5)
    assert [pickle.loads(pickle.dumps(one)), copy.copy(one), copy.deepcopy(one)] == [one, one, one]


def modules() -> list[ModuleType]:
    """Every module of the package that needs nothing beyond it."""
    names = [each.name for each in pkgutil.walk_packages(cors_addon.__path__, "cors_addon.")]
    return [
        import_module(name) for name in names if not name.startswith("cors_addon.pipeline") and "__main__" not in name
    ]


def test_nothing_is_declared_that_is_not_done() -> None:
    """Each class of the package is one that the standard library takes for its own, field by field."""
    classes = {each for module in modules() for each in vars(module).values() if isinstance(each, type)}
    ours = [each for each in classes if hasattr(each, records._FIELDS)]
    assert Judgement in ours
    for each in ours:
        names = [field.name for field in dataclasses.fields(each)]
        assert names == [field.name for field in records.fields(each)]
        assert dataclasses.is_dataclass(each)


def test_the_package_uses_no_others() -> None:
    """But where all of the standard library is loaded anyway."""
    package = Path(cors_addon.__file__).parent
    others = re.compile(
        r"^(?:from dataclasses import|import dataclasses|from typing import .*\bNamedTuple)", re.MULTILINE
    )
    found = {
        path.relative_to(package).as_posix() for path in package.rglob("*.py") if others.search(path.read_text("utf-8"))
    }
    assert {each for each in found if not each.startswith("pipeline/")} == set()
