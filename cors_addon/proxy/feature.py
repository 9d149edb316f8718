"""What a feature is: something that rests on parts of another program which a release of it may change."""

import inspect
from collections.abc import Callable
from typing import Any


class Lack(Exception):
    """A part of mitmproxy is not there, or has another shape; says which."""


class Feature:
    """Something that rests on parts of another program which a release may change."""

    def __init__(self, check: Callable[[Any], None]) -> None:
        """`check` is given mitmproxy's master, or None before a start; its docstring says what is missed without it."""
        self.name = check.__name__.replace("_", " ")
        self.without = inspect.getdoc(check) or ""
        self._check = check
        self._fault: str | None = None

    @property
    def fault(self) -> str:
        """Why it is off; empty where it is not."""
        if self._fault is None:
            self.look(None)
        return self._fault or ""

    @property
    def works(self) -> bool:
        """Whether mitmproxy has what it needs."""
        return not self.fault

    def look(self, master: Any) -> bool:
        """Check it again."""
        try:
            self._check(master)
        except Exception as error:  # whatever another mitmproxy does when it is touched
            self._fault = str(error) if isinstance(error, Lack) else repr(error)
        else:
            self._fault = ""
        return not self._fault

    def __repr__(self) -> str:
        return f"<Feature {self.name}>"


def part(owner: Any, name: str, kind: type | tuple[type, ...] = object) -> Any:
    """An attribute, which must be there and of this kind."""
    called = getattr(owner, "__name__", type(owner).__name__)
    try:
        found = getattr(owner, name)
    except AttributeError:
        raise Lack(f"{called} has no {name}") from None
    if not isinstance(found, kind):
        raise Lack(f"{called}.{name} is of type {type(found).__name__}")
    return found


def must_take(owner: Any, name: str, *given: Any, waits: bool = False, **named: Any) -> None:
    """A function, which must take such arguments; `waits`: it is a coroutine function, or else it is none."""
    found = part(owner, name)
    called = f"{getattr(owner, '__name__', type(owner).__name__)}.{name}"
    if not callable(found):
        raise Lack(f"{called} is no function")
    if inspect.iscoroutinefunction(found) is not waits:
        raise Lack(f"{called} is {'no' if waits else 'a'} coroutine function")
    try:
        inspect.signature(found).bind(*given, **named)
    except TypeError as error:
        raise Lack(f"{called}: {error}") from None
    except ValueError:
        pass  # of what is not written in Python no signature is known
