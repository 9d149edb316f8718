"""A call of curl as people paste it: what it asks for.

Law: whatever else is on the line is passed over; an option that is not known is taken to have no value.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cors_addon.fetch.patterns import pattern

_COMMAND = pattern(r"(?:[$#%>][ \t]*)?curl(?:\.exe)?[ \t]+(\S.*)")
_URL = pattern(r"([a-z][a-z0-9+.-]*://)\S+|(?:localhost|\[[0-9A-Fa-f:.]+\]|[\w-]+(?:\.[\w-]+)+)(?::\d+)?(?:[/?]\S*)?")
_HEADER = pattern(r"(:?[A-Za-z][\w!#$%&'*+.^`|~-]{0,80}):[ \t]*(.*)")
_WITH_VALUE = frozenset("AbcCdDeEFHKmoPQrtTuUwxXyYz")
"""Letters of options that have a value."""
_LONG_WITH_VALUE = frozenset(
    """aws-sigv4 cacert capath cert cert-type ciphers config connect-timeout connect-to cookie cookie-jar data
    data-ascii data-binary data-raw data-urlencode dump-header form form-string header interface json key limit-rate
    max-redirs max-time noproxy oauth2-bearer output proto proxy proxy-user range referer request resolve retry
    retry-delay retry-max-time tls-max unix-socket upload-file url user user-agent write-out""".split()
)
_SHORT = {
    "X": "request",
    "H": "header",
    "b": "cookie",
    "d": "data",
    "F": "form",
    "T": "upload-file",
    "I": "head",
    "G": "get",
}
_METHODS = {
    **dict.fromkeys(("data", "data-ascii", "data-binary", "data-raw", "data-urlencode", "form", "json"), "POST"),
    "head": "HEAD",
    "upload-file": "PUT",
}
"""What is asked with, where nothing else is said."""


class Command(NamedTuple):
    """What a call of curl asks for."""

    method: str
    url: str
    """With the http that curl takes where none is written; empty where none is seen."""
    headers: list[tuple[str, str]]


def read(line: str) -> Command | None:
    """What a line asks for; None where it is no call of curl, but a sentence about it, say."""
    command = _COMMAND.fullmatch(line)
    if command is None:
        return None
    words = _words(command[1].replace('^"', '"'))  # as Windows' shell has it
    said = list(_options(words))
    named = next(filter(None, (_URL.fullmatch(value) for name, value in said if name == "url")), None)
    if named is None and all(name == "url" for name, _ in said):
        return None
    headers = [(found[1], found[2].strip()) for name, value in said if (found := _header(name, value)) is not None]
    asked = [value for name, value in said if name == "request"]
    implied = [_METHODS[name] for name, _ in said if name in _METHODS]
    if any(name == "get" for name, _ in said):
        implied = []
    url = "" if named is None else named[0] if named[1] else f"http://{named[0]}"
    return Command([*implied[:1], *asked][-1] if implied or asked else "GET", url, headers)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each option by its long name, with its value; what stands alone is a URL."""
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            name = word[2:]
            yield name, next(rest, "") if name in _LONG_WITH_VALUE else ""
        elif word.startswith("-"):
            yield from _letters(word[1:], rest)
        else:
            yield "url", word


def _letters(letters: str, rest: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Options of a letter each, the last perhaps with its value, or that in the next word."""
    for place, letter in enumerate(letters):
        if letter in _WITH_VALUE:
            yield _SHORT.get(letter, letter), letters[place + 1 :] or next(rest, "")
            return
        yield _SHORT.get(letter, letter), ""


def _header(name: str, value: str) -> re.Match[str] | None:
    if name == "cookie":
        value = f"Cookie: {value}"
    return _HEADER.fullmatch(value.strip()) if name in ("header", "cookie") else None
