"""Defaults for `check` from the table `[tool.cors-addon]` of a project's pyproject.toml.

Keys are the options' names. Paths are seen from the folder of that file; what the command line says counts for more.
"""

import argparse
from pathlib import Path
from typing import Any

from cors_addon.report import bounded_file

FILE = "pyproject.toml"
TABLE = "cors-addon"
KEYS = ("baseline", "engine", "fail-on", "filter", "format", "policy", "require")


_LARGEST = 1 << 24
"""Bytes."""


class ProjectError(Exception):
    """The table cannot be used; the text says where and why."""


def table(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """The table of the nearest file from this folder upwards that has one."""
    for each in (folder, *folder.parents):
        path = each / FILE
        try:
            read = bounded_file.read(path, _LARGEST).decode()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise ProjectError(f"{path}: {error}") from error
        import tomllib

        try:
            written = tomllib.loads(read)
        except tomllib.TOMLDecodeError as error:
            raise ProjectError(f"{path}: {error}") from error
        found = written.get("tool", {}).get(TABLE)
        if found is not None:
            if not isinstance(found, dict):
                raise ProjectError(f"{path}: [tool.{TABLE}] is no table")
            return path, found
    return None


def use(parser: argparse.ArgumentParser, folder: Path) -> None:
    """Make the table's values the defaults of the parser of `check`; raises ProjectError."""
    found = table(folder)
    if found is None:
        return
    path, values = found
    actions = {
        action.option_strings[-1].removeprefix("--"): action for action in parser._actions if action.option_strings
    }
    for key, value in values.items():
        where = f"{path}: [tool.{TABLE}] {key}"
        if key not in KEYS:
            import difflib

            near = difflib.get_close_matches(key, KEYS, n=1)
            meant = f"did you mean {near[0]}?" if near else f"known are {', '.join(KEYS)}"
            raise ProjectError(f"{where}: there is no such key; {meant}")
        parser.set_defaults(**{key.replace("-", "_"): _value(actions[key], value, path.parent, where)})


def _value(action: argparse.Action, value: Any, folder: Path, where: str) -> Any:
    name = where.rpartition(" ")[2]
    if isinstance(action, argparse._AppendAction):
        several = [value] if isinstance(value, str) else value
        if not isinstance(several, list) or not all(isinstance(each, str) for each in several):
            raise ProjectError(f"{where}: one path, or a list of them, not {value!r}")
        return [folder / each for each in several]
    wanted = int if action.type is not None and name == "require" else str
    if not isinstance(value, wanted) or isinstance(value, bool):
        raise ProjectError(f"{where}: {'a number' if wanted is int else 'a string'}, not {value!r}")
    if action.choices is not None and value not in action.choices:
        import difflib

        near = difflib.get_close_matches(str(value), list(action.choices), n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise ProjectError(f"{where}: {value!r} is none of {', '.join(action.choices)}{meant}")
    return folder / str(value) if name == "baseline" else value
