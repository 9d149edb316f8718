"""Patterns that are compiled later: what they answer, when they are compiled, and that a proxy does not wait for it."""

import copy
import re

import pytest

from cors_addon.fetch import patterns


def test_as_what_re_compiles() -> None:
    """Each method that is used, for text and for bytes."""
    given, flags, text = r"(?P<a>a+)|b", re.IGNORECASE, "xAab aB"
    ours, theirs = patterns.pattern(given, flags), re.compile(given, flags)
    for name in ("match", "search", "fullmatch"):
        for each in (text, "aa", ""):
            assert repr(getattr(ours, name)(each)) == repr(getattr(theirs, name)(each))
    assert [found.span() for found in ours.finditer(text)] == [found.span() for found in theirs.finditer(text)]
    assert ours.sub("-", text) == theirs.sub("-", text)
    assert (ours.split(text), ours.findall(text)) == (theirs.split(text), theirs.findall(text))
    assert (ours.pattern, ours.groupindex, ours.flags) == (theirs.pattern, theirs.groupindex, theirs.flags)
    assert patterns.pattern(rb"\d").search(b"a1")
    assert copy.copy(ours).search(text)


def test_each_is_compiled_once_and_before_traffic(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its first use, or by who asks for the next."""
    compiled: list[str] = []
    real = re.compile
    monkeypatch.setattr(patterns, "_waiting", [])
    used, unused = patterns.pattern("used"), patterns.pattern("unused")

    def count(given: str) -> "re.Pattern[str]":
        compiled.append(given)
        return real(given)

    monkeypatch.setattr(re, "compile", count)
    assert used.search("used") is not None
    assert compiled == ["used"]
    while patterns.compile_next():
        pass
    assert unused.search("unused") is not None
    assert compiled == ["used", "unused"]
