"""Commands as tables: what mitmproxy is told of them, and what a reference says of them, both come from here.

Each front end shows a command's result differently: the console opens it in a viewer, mitmweb prints it as one line of
JSON below the command bar, and mitmdump has no commands. So a command whose answer is long has several forms, and the
one is declared that suits.
"""

import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import mitmproxy.types
from mitmproxy import exceptions, http
from mitmproxy.addonmanager import Loader
from mitmproxy.flow import Flow
from mitmproxy.master import Master

from cors_addon.proxy import choosing, internals


class Command(NamedTuple):
    """A command, and the methods that do it: their signatures tell its types, their docstrings its help."""

    name: str
    method: str
    in_viewer: str = ""
    """The form for the console, where our own viewer can be opened in it; empty: `method`."""
    elsewhere: str = ""
    """The form for front ends other than the console; empty: `method`."""


class Described(NamedTuple):
    """A command, for a reference."""

    name: str
    arguments: tuple[tuple[str, str, bool], ...]
    """Of each its name, its type in mitmproxy's words, and whether it may be left out."""
    help: str

    def usage(self) -> str:
        """The line to type, as `cors.curl FLOW [SECRETS]`."""
        shown = (f"[{name.upper()}]" if optional else name.upper() for name, _, optional in self.arguments)
        return " ".join((self.name, *shown))


class CommandGroup:
    """Commands that belong together."""

    COMMANDS: ClassVar[tuple[Command, ...]] = ()

    def __init__(self, master: Master) -> None:
        self._master = master

    def declare(self, loader: Loader) -> None:
        """Tell mitmproxy the commands, each in the form that suits this front end."""
        for command in self.COMMANDS:
            loader.add_command(command.name, choosing.form(getattr(self, self._form(command)), self._master))

    def _form(self, command: Command) -> str:
        if command.in_viewer and internals.has_viewer(self._master):
            return command.in_viewer
        if command.elsewhere and not internals.in_console(self._master):
            return command.elsewhere
        return command.method

    def withdraw(self) -> None:
        """Take them away again."""
        for command in self.COMMANDS:
            internals.withdraw_command(self._master, command.name)

    @classmethod
    def described(cls) -> Iterator[Described]:
        """Each command, for a reference."""
        for command in cls.COMMANDS:
            method = getattr(cls, command.method)
            parameters = list(inspect.signature(method).parameters.values())[1:]
            arguments = ((each.name, _type(each.annotation), _may_be_left_out(each)) for each in parameters)
            yield Described(command.name, tuple(arguments), inspect.getdoc(method) or "")


def _may_be_left_out(parameter: inspect.Parameter) -> bool:
    return parameter.default is not parameter.empty or parameter.kind is parameter.VAR_POSITIONAL


def _type(annotation: Any) -> str:
    """A type in mitmproxy's words."""
    if annotation == Sequence[Flow]:
        return "flow[]"
    return "flow" if annotation is Flow else str(annotation.__name__).lstrip("_").lower()


def http_flow(flow: Flow) -> http.HTTPFlow:
    """The flow, which must be an HTTP exchange; raises CommandError."""
    if not isinstance(flow, http.HTTPFlow):
        raise exceptions.CommandError("CORS concerns HTTP exchanges only.")
    return flow


def write_text(path: mitmproxy.types.Path, text: str) -> None:
    """Write a file that a command names; raises CommandError."""
    if not path:
        raise exceptions.CommandError("Name a file to write to.")
    from cors_addon.report.atomic_file import SHARED, replacing

    try:
        with replacing(Path(path).expanduser(), mode=SHARED, only_files=True) as file:
            file.write(text)
    except OSError as error:
        raise exceptions.CommandError(f"Cannot write {path}: {error.strerror}") from error
    except UnicodeEncodeError as error:
        raise exceptions.CommandError(f"Cannot write {path}: a URL in it is no text.") from error
