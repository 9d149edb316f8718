"""Where a script can stand before all others: in a document, found as its bytes come, and in a worker's script.

A document is the same to its own scripts, once that script has removed itself: it comes after the doctype (or there
would be none) and after the tags `<html>` and `<head>`, whose attributes would else be lost; before anything else.
Anchor: https://html.spec.whatwg.org/multipage/parsing.html#tree-construction
"""

import re

from cors_addon.fetch.patterns import pattern

_SPACE = b" \t\n\f\r"
_BOM = b"\xef\xbb\xbf"
_TAG = pattern(rb"<(html|head)(?=[\s/>])(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.IGNORECASE)
_TAG_BEGINS = pattern(rb"<(?:html|head)(?=[\s/>])", re.IGNORECASE)
_LONGEST_NAME = len(b"<html ")
_PROLOGUE = pattern(
    rb"(?:\s|//[^\n\r]*[\n\r]|/\*.*?\*/)*(?:'use strict'|\"use strict\")[ \t]*(?=[;\n\r}]|$)", re.DOTALL
)


def in_document(text: bytes, *, whole: bool) -> int | None:
    """The place in a document's bytes; None where more of them must come. `whole`: there are no more."""
    if len(text) < len(_BOM) and _BOM.startswith(text) and not whole:
        return None
    at = len(_BOM) if text.startswith(_BOM) else 0
    while True:
        while at < len(text) and text[at] in _SPACE:
            at += 1
        end = _end_of_token(text, at, whole=whole)
        if end is None or end == at:
            return end
        is_head = text[at : at + 5].lower() == b"<head"
        at = end
        if is_head:
            return at


def _end_of_token(text: bytes, at: int, *, whole: bool) -> int | None:
    """Where a token ends that the script comes after; `at` where there is none, None where it is not all there."""
    rest = text[at : at + _LONGEST_NAME]
    if len(rest) < _LONGEST_NAME and not whole and b"<".startswith(rest[:1]):
        return None
    if rest.startswith(b"<!--"):
        for short in (b">", b"->"):
            if text.startswith(short, at + 4):
                return at + 4 + len(short)
        end, closing = text.find(b"-->", at + 4), 3
    elif rest.startswith((b"<!", b"<?")):
        end, closing = text.find(b">", at), 1
    elif _TAG_BEGINS.match(text, at):
        match = _TAG.match(text, at)
        end, closing = (-1, 0) if match is None else (match.end(), 0)
    else:
        return at
    if end >= 0:
        return end + closing
    return at if whole else None


def in_worker(text: bytes) -> tuple[int, bool] | None:
    """The place in a worker's script, and whether the script begins with `"use strict"`; None where there is none.

    That directive would be none after another statement: whoever comes before has to say it as well.
    """
    at = len(_BOM) if text.startswith(_BOM) else 0
    if text.startswith(b"#!", at):
        return None
    return at, _PROLOGUE.match(text, at) is not None
