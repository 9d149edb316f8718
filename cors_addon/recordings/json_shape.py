"""What the beginning of a JSON text is made of: its outer keys, by which formats are told apart.

Total and bounded: it reads what is there, however it is cut off, and no more than `MOST` marks of it.
"""

import codecs
import json
import re
from collections.abc import Iterator

from cors_addon.fetch.patterns import pattern

MOST = 6000
"""Strings, brackets, numbers and the like that are looked at."""
DEEPEST = 5
"""Keys that stand deeper are not kept."""
MOST_TEXTS = 200
"""Different texts kept of one place."""
LONGEST = 400
"""Characters kept of one text, escapes included."""
_LONGEST_ESCAPE = len("\\u2019")

_TOKEN = pattern(r'"((?:[^"\\]++|\\.)*+)(?:"|\\?\Z)|([{}\[\],:])|([^\s{}\[\],:"]++)', re.DOTALL)


class Shape:
    """Paths such as `log.entries` or `[].message`, and the texts that stand there."""

    def __init__(self, start: bytes) -> None:
        """Look at the first bytes of a file."""
        self.texts: dict[str, list[str]] = {}
        """By path, each text once, in order; no text where something else stands there."""
        self.values = 0
        """How many values the file begins with, one after another; the last may be cut off."""
        text = _decoded(start)
        self.opens = text[:1] if text[:1] in "{[" else ""
        """`{` or `[`; empty for what is no JSON of use."""
        if self.opens:
            self._walk(text)

    def __contains__(self, path: str) -> bool:
        """Whether something stands there."""
        return path in self.texts

    def at(self, path: str) -> list[str]:
        """The texts that stand there."""
        return self.texts.get(path, [])

    def keys(self, path: str = "") -> Iterator[str]:
        """The keys of the object there; of the outermost one without a path."""
        begin = f"{path}." if path else ""
        for each in self.texts:
            key = each.removeprefix(begin)
            if each.startswith(begin) and key and "." not in key and not key.startswith("[]"):
                yield key

    def _walk(self, text: str) -> None:
        stack: list[tuple[str, str]] = []
        """Each open bracket, and the path of what it is in."""
        path, is_key = "", False
        for number, match in enumerate(_TOKEN.finditer(text)):
            if number > MOST:
                return
            string, mark, _ = match.groups()
            if mark is None:
                if is_key:
                    path = f"{stack[-1][1]}.{string}" if stack[-1][1] else str(string)
                else:
                    self._keep(path, string, len(stack))
            elif mark in "{[":
                self.values += not stack
                self._keep(path, None, len(stack))
                stack.append((mark, path))
                is_key = mark == "{"
                path = f"{path}[]" if mark == "[" else path
            elif mark in "}]":
                if not stack:
                    return
                path, is_key = stack.pop()[1], False
            elif mark == ",":
                is_key = bool(stack) and stack[-1][0] == "{"
                path = path if is_key or not stack else f"{stack[-1][1]}[]"
            else:
                is_key = False

    def _keep(self, path: str, text: str | None, depth: int) -> None:
        if depth > DEEPEST or not path:
            return
        known = self.texts.setdefault(path, [])
        if text is not None and len(known) < MOST_TEXTS and (short := _plain(text[:LONGEST])) not in known:
            known.append(short)


def _plain(text: str) -> str:
    """A string of JSON without its escapes, the last of which may be cut off."""
    for end in range(len(text), max(len(text) - _LONGEST_ESCAPE, -1), -1) if "\\" in text else ():
        try:
            return str(json.loads(f'"{text[:end]}"', strict=False))
        except ValueError:
            continue
    return text


def _decoded(start: bytes) -> str:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if start.startswith(mark):
            return start.removeprefix(mark).decode(encoding, "replace").lstrip()
    return start.decode("utf-8", "replace").lstrip()
