"""Data classes that cost little until they are used: a start makes many of them, and calls few of their methods.

`dataclass`, `field`, `fields` and `replace` stand in place of the standard library's, which writes and compiles all
methods of a class when that is made. Here a method is written when it is first called, takes its own place in the class
then, and is as quick as theirs. What is used of theirs here works alike; a type checker sees theirs, and their own
functions take these classes for theirs.
"""

from collections.abc import Callable, Mapping
from functools import partial
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass", "field", "fields", "replace"]

_MISSING = object()
_FIELDS = "__cors_addon_fields__"


class _Field:
    """As `dataclasses.Field`."""

    __slots__ = ("compare", "default", "default_factory", "init", "kw_only", "name", "repr", "type")

    def __init__(
        self,
        *,
        default: Any = _MISSING,
        default_factory: Any = _MISSING,
        init: bool = True,
        repr: bool = True,  # noqa: A002  # as theirs
        compare: bool = True,
    ) -> None:
        self.name, self.type, self.kw_only = "", None, False
        self.default, self.default_factory = default, default_factory
        self.init, self.repr, self.compare = init, repr, compare


def _dataclass(cls: type | None = None, /, **options: Any) -> Any:
    """As `dataclasses.dataclass`."""
    return partial(_made, **options) if cls is None else _made(cls, **options)


def _made(cls: Any, **options: bool) -> Any:
    own = _declared(cls, kw_only=options.get("kw_only", False))
    known: dict[str, _Field] = {}
    for base in cls.__mro__[:0:-1]:
        known |= vars(base).get(_FIELDS, {})
    if options.get("slots"):
        cls = _with_slots(cls, own, known, ("__weakref__",) if options.get("weakref_slot") else ())
    else:
        for name, each in own.items():
            if each.default is not _MISSING:
                setattr(cls, name, each.default)
            elif name in vars(cls):
                delattr(cls, name)
    known |= own
    setattr(cls, _FIELDS, known)
    _add(cls, "__dataclass_fields__", _Theirs())
    _add(cls, "__match_args__", tuple(name for name, each in known.items() if each.init and not each.kw_only))
    _add_methods(cls, options)
    return cls


def _declared(cls: type, *, kw_only: bool) -> dict[str, _Field]:
    """The fields that a class declares by itself."""
    found = {}
    for name, kind in cls.__annotations__.items():
        default = vars(cls).get(name, _MISSING)
        found[name] = each = default if isinstance(default, _Field) else _Field(default=default)
        each.name, each.type, each.kw_only = name, kind, kw_only
    return found


def _with_slots(cls: type, own: Mapping[str, _Field], inherited: Mapping[str, _Field], more: tuple[str, ...]) -> type:
    """The same class again: slots cannot be added to one."""
    namespace = {name: value for name, value in vars(cls).items() if name not in own}
    for name in ("__dict__", "__weakref__"):
        namespace.pop(name, None)
    namespace["__slots__"] = (*(name for name in own if name not in inherited), *more)
    namespace["__qualname__"] = cls.__qualname__
    return type(cls)(cls.__name__, cls.__bases__, namespace)


def _add_methods(cls: type, options: Mapping[str, bool]) -> None:
    frozen, eq = options.get("frozen", False), options.get("eq", True)
    _add_later(cls, "__init__", partial(_init, frozen=frozen))
    if options.get("repr", True):
        _add(cls, "__repr__", _repr)
    has_own_hash = vars(cls).get("__hash__") is not None
    if eq:
        _add_later(cls, "__eq__", _eq)
        if frozen and not has_own_hash:
            _add_later(cls, "__hash__", _hash)
        elif not has_own_hash:
            cls.__hash__ = None  # type: ignore[assignment]
    if frozen:
        _add(cls, "__setattr__", _refuse_to_assign)
        _add(cls, "__delattr__", _refuse_to_delete)
        if options.get("slots"):
            _add(cls, "__getstate__", _state)
            _add(cls, "__setstate__", _set_state)


def _add(cls: type, name: str, value: object) -> None:
    """What the class does not say itself."""
    if name not in vars(cls):
        setattr(cls, name, value)


def _add_later(cls: type, name: str, write: Callable[[type], Any]) -> None:
    """A method that is written when it is first called."""

    def first(self: object, *given: Any, **named: Any) -> Any:
        method = write(cls)
        method.__qualname__ = f"{cls.__qualname__}.{name}"
        setattr(cls, name, method)
        return method(self, *given, **named)

    _add(cls, name, first)


def _compiled(cls: type, name: str, parameters: str, lines: list[str], values: dict[str, Any]) -> Any:
    scope = {"__name__": cls.__module__, **values}
    exec(f"def {name}(self{parameters}):\n " + "\n ".join(lines), scope)  # names of fields alone
    return scope[name]


def _init(cls: type, *, frozen: bool) -> Any:
    values: dict[str, Any] = {"_missing": _MISSING, "_set": object.__setattr__}
    given: list[str] = []
    named: list[str] = []
    lines: list[str] = []
    for name, each in vars(cls)[_FIELDS].items():
        default, value = "", name
        if each.default is not _MISSING:
            values[f"_default_{name}"] = each.default
            default = f"=_default_{name}"
        elif each.default_factory is not _MISSING:
            values[f"_made_{name}"] = each.default_factory
            default = "=_missing"
            value = f"_made_{name}() if {name} is _missing else {name}"
        if each.init:
            (named if each.kw_only else given).append(name + default)
            lines.append(f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    parameters = "".join(f", {each}" for each in (*given, *(("*", *named) if named else ())))
    return _compiled(cls, "__init__", parameters, lines or ["pass"], values)


def _eq(cls: type) -> Any:
    alike = " and ".join(f"self.{each.name} == other.{each.name}" for each in _fields(cls) if each.compare)
    lines = ["if self is other:", "  return True", "if other.__class__ is self.__class__:"]
    return _compiled(cls, "__eq__", ", other", [*lines, f"  return {alike or True}", "return NotImplemented"], {})


def _hash(cls: type) -> Any:
    of = "".join(f"self.{each.name}, " for each in _fields(cls) if each.compare)
    return _compiled(cls, "__hash__", "", [f"return hash(({of}))"], {})


@recursive_repr()
def _repr(self: object) -> str:
    told = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in _fields(self) if each.repr)
    return f"{type(self).__qualname__}({told})"


def _refuse_to_assign(self: object, name: str, value: object) -> None:
    from dataclasses import FrozenInstanceError  # takes a while to import

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: object) -> list[Any]:
    return [getattr(self, each.name) for each in _fields(self)]


def _set_state(self: object, state: list[Any]) -> None:
    for each, value in zip(_fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)


def _fields(of: Any) -> tuple[_Field, ...]:
    """As `dataclasses.fields`."""
    return tuple(getattr(of, _FIELDS).values())


def _replace[T](of: T, /, **changes: Any) -> T:
    """As `dataclasses.replace`."""
    kept = {each.name: getattr(of, each.name) for each in _fields(of) if each.init and each.name not in changes}
    return type(of)(**kept, **changes)


class _Theirs:
    """What the standard library's functions know a data class by, once they ask for it."""

    def __get__(self, instance: object, owner: Any) -> Any:
        import dataclasses

        declared = []
        for each in _fields(owner):
            given = {"default": each.default, "default_factory": each.default_factory}
            more = {name: value for name, value in given.items() if value is not _MISSING}
            whole = dataclasses.field(
                init=each.init, repr=each.repr, compare=each.compare, kw_only=each.kw_only, **more
            )
            declared.append((each.name, each.type, whole))
        twin: Any = dataclasses.make_dataclass(owner.__name__, declared)
        owner.__dataclass_fields__ = twin.__dataclass_fields__
        return twin.__dataclass_fields__


if TYPE_CHECKING:
    from dataclasses import dataclass, field, fields, replace
else:
    dataclass, field, fields, replace = _dataclass, _Field, _fields, _replace
