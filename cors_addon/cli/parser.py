"""A parser of the command line that says what was probably meant, as Python's own does from 3.14 on."""

import argparse
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

from cors_addon.fetch.patterns import pattern
from cors_addon.report.terminal import put

_CHOICE = pattern(r"invalid choice: '(?P<given>[^']*)' \(choose from (?P<known>.*)\)")
_UNKNOWN = "unrecognized arguments: "


class Parser(argparse.ArgumentParser):
    """As the standard library's, with a suggestion."""

    def error(self, message: str) -> NoReturn:
        """Add what is nearest to a wrong choice or option."""
        super().error(message + suggestion(self, message))

    def _print_message(self, message: str, file: Any = None) -> None:
        """What argparse prints goes through here, an argument as it was given included."""
        if message:
            put(file or sys.stderr, message)


def suggestion(parser: argparse.ArgumentParser, message: str) -> str:
    """`; did you mean …?` for a message of argparse's, or nothing."""
    from difflib import get_close_matches

    if match := _CHOICE.search(message):
        known = [each.strip(" '\"") for each in match["known"].split(",")]
        name, _, version = match["given"].lower().partition("@")
        if version and "chromium" in known:
            engine = name if name in known else "chromium"
            return f"; a version is a whole number after an engine's name, as in {engine}@109"
        near = get_close_matches(match["given"], known, n=1)
    elif message.startswith(_UNKNOWN):
        given = next((each for each in message.removeprefix(_UNKNOWN).split() if each.startswith("-")), "")
        near = get_close_matches(given.partition("=")[0], sorted(options(parser)), n=1)
    else:
        near = []
    return f"; did you mean {near[0]}?" if near else ""


def sub_parsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Its sub-commands, by name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """All options, those of sub-commands too."""
    yield from parser._option_string_actions
    for each in sub_parsers(parser).values():
        yield from options(each)
