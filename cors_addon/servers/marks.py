"""Marks by which an answer shows who made it. A signature is several of them that hold together.

Law 1: a mark is worth a *literal* (it suffices: nothing else known sends that), one *hint*, or nothing: a condition
that only narrows. A signature has a literal or two hints on different things; a test counts them.
Law 2: none of them asks for names in lower case, which proxies and HTTP/2 make of any; none rests on Server alone.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from cors_addon.fetch import patterns
from cors_addon.fetch.names import ALLOW_METHODS
from cors_addon.servers.answer import Answer

LITERAL, HINT, CONDITION = 2, 1, 0


class Mark(NamedTuple):
    """One thing to look for."""

    holds: Callable[[Answer], bool]
    words: str
    """As people are told of it."""
    worth: int
    about: str
    """What it looks at: two hints about the same are one."""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


@cache
def _beginning(pattern: str) -> str:
    """What all begins with that matches, as far as that is plain: to look for it takes less than to compile."""
    depth = 0
    for mark in _ESCAPED.sub("", pattern):
        depth += (mark == "(") - (mark == ")")
        if mark == "|" and not depth:
            return ""
    plain = _PLAIN.match(pattern)
    return "" if plain is None else plain[0].replace("\\", "")


_ESCAPED = patterns.pattern(r"\\.")
_PLAIN = patterns.pattern(r"(?:[\w <>!:\"'=/,-]|\\[^\w\s])*(?![*+?{])")


def says(pattern: str, words: str, worth: int = LITERAL) -> Mark:
    """The body's beginning matches; none does that is empty."""

    def holds(answer: Answer) -> bool:
        body = answer.body
        return bool(body) and body.startswith(_beginning(pattern)) and _compiled(pattern).match(body) is not None

    return Mark(holds, f"its body: {words}", worth, "body")


def named(name: str, worth: int = LITERAL) -> Mark:
    """A header of this name is there."""
    return Mark(lambda answer: answer.value(name) is not None, f"its header {name}", worth, name)


def valued(name: str, pattern: str, worth: int = HINT) -> Mark:
    """All lines of a header, joined, match as a whole."""

    def holds(answer: Answer) -> bool:
        value = answer.value(name)
        return value is not None and _compiled(pattern).fullmatch(value) is not None

    return Mark(holds, f"how it writes {name}", worth, name)


def unlike(name: str, pattern: str) -> Mark:
    """A header is not there, or its value does not match as a whole."""

    def holds(answer: Answer) -> bool:
        value = answer.value(name)
        return value is None or _compiled(pattern).fullmatch(value) is None

    return Mark(holds, "", CONDITION, name)


def ordered(*names: str) -> Mark:
    """Headers are there in this order; one that ends in a question mark may be absent."""
    wanted = [name.rstrip("?") for name in names]
    needed = frozenset(name for name in names if not name.endswith("?"))

    def holds(answer: Answer) -> bool:
        found = [name for name in dict.fromkeys(answer.order) if name in wanted]
        return needed <= set(found) and found == [name for name in wanted if name in found]

    return Mark(holds, "the order of its headers", HINT, "order")


def only(*names: str) -> Mark:
    """No other header is there, but those that say nothing."""
    allowed = frozenset(names)
    return Mark(lambda answer: allowed >= set(answer.order), "what it leaves out", CONDITION, "only")


def absent(*names: str) -> Mark:
    """None of these headers is there."""
    return Mark(lambda answer: not any(answer.value(name) is not None for name in names), "", CONDITION, "absent")


def status(*codes: int) -> Mark:
    """The answer has one of these statuses."""
    return Mark(lambda answer: answer.status in codes, "", CONDITION, "status")


def at(pattern: str) -> Mark:
    """The path matches from its beginning."""
    return Mark(lambda answer: _compiled(pattern).match(answer.path) is not None, "its path", HINT, "path")


def on_port(*ports: int) -> Mark:
    """The server listens there."""
    return Mark(lambda answer: answer.port in ports, f"its port {' or '.join(map(str, ports))}", HINT, "port")


def lines(name: str, *values: str) -> Mark:
    """A header comes in these lines, or in one line that joins them as a proxy would."""

    def holds(answer: Answer) -> bool:
        found = answer.values(name)
        return tuple(found) == values

    return Mark(holds, f"its {len(values)} lines of {name}", HINT, name)


NO_CORS = Mark(lambda answer: not answer.bears_cors, "", CONDITION, "no-cors")
PREFLIGHT = Mark(lambda answer: answer.is_preflight, "", CONDITION, "preflight")
TITLE_CASE = Mark(lambda answer: answer.writes_title_case, "CORS headers written in capitals", HINT, "case")
MIXED_CASE = Mark(
    lambda answer: answer.writes_mixed_case, "CORS headers in lower case among others in capitals", HINT, "case"
)
WRITES_TYPE_IN_CAPITALS = Mark(lambda answer: answer.writes_type_in_capitals, "", CONDITION, "case")
NOT_TITLE_CASE = Mark(lambda answer: not answer.writes_title_case, "", CONDITION, "case")
EMPTY = Mark(lambda answer: not answer.body, "", CONDITION, "empty")
EMPTY_AND_SAID = Mark(lambda answer: answer.value("content-length") == "0", "", CONDITION, "empty")
ITS_OWN_LENGTH = Mark(lambda answer: answer.sets_length, "", CONDITION, "length")
ECHOES_ONE_METHOD = Mark(
    lambda answer: answer.value(ALLOW_METHODS.lower()) == answer.asked_method,
    "that it allows just the method asked for",
    HINT,
    ALLOW_METHODS.lower(),
)
