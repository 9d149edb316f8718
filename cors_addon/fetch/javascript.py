"""Whether bytes may be a script. Not a parser: it finds what no JavaScript can hold, and else answers yes.

Enough to tell scripts from the JSON, markup, style sheets, text and binaries that servers send in their place.
https://tc39.es/ecma262/#sec-ecmascript-language-lexical-grammar
"""

import json
import re

from cors_addon.fetch.patterns import pattern

_MAX_TOKENS = 2000
_LOOKED_AT = 1 << 16
"""Bytes; what begins like a script for as long is one."""

_TOKEN = pattern(
    r"""(?P<space>[ \t\v\f\ufeff\u00a0]+)
    |(?P<line>[\n\r\u2028\u2029]|<!--[^\n\r]*|//[^\n\r\u2028\u2029]*|/\*[^*\n\r]*\*/)
    |(?P<comment>/\*[\s\S]*?\*/)
    |(?P<word>(?:[^\W\d]|[$_]|\\u[0-9a-fA-F{])(?:\w|[$\u200c\u200d]|\\u[0-9a-fA-F{}]+)*)
    |(?P<private>\#(?:[^\W\d]|[$_])(?:\w|\$)*)
    |(?P<number>(?:0[xXbBoO][0-9a-fA-F_]+n?|(?:\d[\d_]*)?\.?\d[\d_]*(?:[eE][+-]?\d+)?n?\.?))
    |(?P<string>"(?:[^"\\\n\r]|\\[\s\S])*"|'(?:[^'\\\n\r]|\\[\s\S])*')
    |(?P<template>`(?:[^`\\]|\\[\s\S])*`)
    |(?P<open>[(\[{])
    |(?P<close>[)\]}])
    |(?P<operator>=>|\.\.\.|\?\.|[-+*/%&|^!~<>=?:]+|[;,.@])""",
    re.VERBOSE,
)
_REGULAR_EXPRESSION = pattern(r"/(?![*/])(?:[^/\\\[\n\r]|\\.|\[(?:[^\]\\\n\r]|\\.)*\])+/\w*")
_BEFORE_ANYTHING = frozenset(
    """async await break case class const continue debugger default delete do else enum export extends finally for from
    function get if import in instanceof interface let new of return set static super switch this throw try typeof var
    void while with yield as""".split()
)
"""Words after or before which another word or value may stand."""
_PAIRS = {")": "(", "]": "[", "}": "{"}
_VALUES = frozenset({"word", "number", "string", "template", "private"})


def is_json_text(body: bytes) -> bool:
    """Whether the whole is JSON. https://datatracker.ietf.org/doc/html/rfc8259"""
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def may_be_javascript(body: bytes) -> bool:
    """Whether nothing is found that no script can hold; an empty body is a script."""
    cut = len(body) > _LOOKED_AT
    try:
        text = body[:_LOOKED_AT].decode("utf-8-sig", "ignore" if cut else "strict")
    except UnicodeDecodeError:
        text = body[:_LOOKED_AT].decode("latin-1")
    return _Reader(text, cut=cut).accepts()


class _Reader:
    """Goes through the tokens of a script, and remembers brackets and what stood last."""

    def __init__(self, text: str, *, cut: bool) -> None:
        self.text = text
        self.cut = cut
        self.open: list[str] = []
        self.last = ""
        """Kind of the last token: `value`, `word`, `closed` (a bracket after which a statement may begin), `operator`;
        empty at the beginning of a statement."""
        self.word = ""
        self.new_line = True

    def accepts(self) -> bool:
        at, text = 0, self.text
        if text.startswith("#!"):
            at = len(text.split("\n", 1)[0])
        for _ in range(_MAX_TOKENS):
            if at >= len(text):
                return self.cut or not self.open
            expression = None if self.last in {"value", "word", "closed"} else _REGULAR_EXPRESSION.match(text, at)
            match = expression or _TOKEN.match(text, at)
            if match is None:
                return self.cut and len(text) - at < len(text) // 2
            kind = "string" if expression else match.lastgroup or ""
            if not self._takes(kind, match[0], at):
                return False
            at = match.end()
        return True  # so long, it is as good as cut

    def _takes(self, kind: str, token: str, at: int) -> bool:
        if kind in {"space", "comment"}:
            return True
        if kind == "line":
            self.new_line = True
            return True
        taken = True
        if kind in _VALUES:
            taken = self._takes_value(kind, token)
        elif kind == "open":
            taken = token != "{" or not self._is_object_as_statement(at)
            self.open.append(token)
            self.last = ""
        elif kind == "close":
            taken = bool(self.open) and self.open.pop() == _PAIRS[token]
            self.last = "" if token == "}" else "closed"
        else:
            taken = not (self.last == "" and token[0] in "<%&|^*=?>:," and not self.open)
            self.last = "value" if token in {"++", "--"} and self.last in {"value", "word", "closed"} else "operator"
        self.new_line = False
        return taken

    def _takes_value(self, kind: str, token: str) -> bool:
        """Two values side by side on a line are a mistake, but for words of the language and a tagged template."""
        free = self.last not in {"value", "word"} or self.new_line or kind == "template"
        known = token in _BEFORE_ANYTHING or self.word in _BEFORE_ANYTHING
        self.last, self.word = ("word", token) if kind == "word" else ("value", "")
        if kind == "private" and not self.open:
            return False
        return free or known

    def _is_object_as_statement(self, at: int) -> bool:
        """Whether `{` begins a block that reads `{ "name": …`, which is an object only where a value may stand."""
        if self.last not in {"", "value"} or self.open:
            return False
        return re.match(r"\{\s*\"(?:[^\"\\]|\\.)*\"\s*:", self.text[at:]) is not None
