"""What a person asks for: which browser, what it is to open, and how."""

import os
import shlex
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from cors_addon.browser.installed import NAMES
from cors_addon.fetch.origins import is_loopback

HEADLESS = "headless"
BLANK = "about:blank"


class Fault(Exception):
    """A browser cannot be started; says why, and what to do."""


class Wanted(NamedTuple):
    """A browser, as it was asked for."""

    name: str = "auto"
    """One of `NAMES`, or the path of a program."""
    url: str = BLANK
    also: tuple[str, ...] = ()
    """Addresses to open beside it."""
    headless: bool = False
    arguments: tuple[str, ...] = ()
    """More of them for the browser, as they stand."""


def read(words: Iterable[str]) -> Wanted:
    """Understand words such as `firefox http://localhost:8000`, in any order; raises Fault.

    A word that begins with `-` is an argument for the browser, a path its program.
    """
    wanted = Wanted()
    for word in words:
        if word.startswith("-") and word.lstrip("-") != HEADLESS:
            wanted = wanted._replace(arguments=(*wanted.arguments, word))
        elif word.lstrip("-") == HEADLESS:
            wanted = wanted._replace(headless=True)
        elif word.lower() in NAMES:
            wanted = wanted._replace(name=word.lower())
        elif "://" not in word and (word.startswith((".", "/", "~")) or "\\" in word):
            wanted = wanted._replace(name=word)
        else:
            wanted = wanted._replace(url=_address(word))
    return wanted


def split(text: str) -> list[str]:
    """The words of an option's value; raises Fault."""
    try:
        if os.name == "nt":  # where paths have what escapes elsewhere
            return [word.strip('"') for word in shlex.split(text, posix=False)]
        return shlex.split(text)
    except ValueError as error:
        raise Fault(f"{text}: {error}") from error


def join(words: Iterable[str]) -> str:
    """The value of an option that `split` takes apart into these words."""
    if os.name == "nt":
        return " ".join(f'"{word}"' if " " in word else word for word in words)
    return shlex.join(words)


def _address(word: str) -> str:
    """The address to open, with http:// where no scheme stands."""
    if word == BLANK:
        return word
    url = word if "://" in word else f"http://{word}"
    fault = f"{word!r} is neither a browser ({', '.join(NAMES)}) nor an address such as http://localhost:8000"
    try:
        parts = urlsplit(url)
        is_one = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise Fault(fault) from None
    host = parts.hostname or ""
    if not is_one or parts.scheme not in ("http", "https") or not ("." in word or ":" in word or is_loopback(host)):
        raise Fault(fault)
    return url
