"""Header values with bytes that HTTP forbids, as each engine reads them; every row is as real browsers decided.

`scripts/browser-truth --family odd-table` has them decide again.
"""

from collections.abc import Mapping
from typing import NamedTuple

import pytest

from cors_addon.exchange.exposure import exposed_headers
from cors_addon.fetch.received import is_odd
from cors_addon.fetch.refusals import Reason
from tests.cases.traffic import ALL, PAGE, Lines, Run, Sent, fields, preflight

type Found = str | tuple[Reason, str | None]
"""What script may read beside the safelist, or why it may not."""


class Row(NamedTuple):
    """An answer, and what is made of it."""

    name: str
    answer: Lines
    all: Found = ""
    but: Mapping[str, Found] = {}
    """Of engines that differ."""
    http2: bool = False
    preflight: bool = False

    def __str__(self) -> str:
        return f"{self.name}{', HTTP/2' if self.http2 else ''}".replace(" ", "-")


def acao(value: str) -> Lines:
    return (("Access-Control-Allow-Origin", value),)


def expose(value: str, *more: tuple[str, str]) -> Lines:
    return (*acao("*"), ("Access-Control-Expose-Headers", value), ("X-A", "1"), ("X-B", "2"), *more)


def methods(value: str) -> Lines:
    return (*acao("*"), ("Access-Control-Allow-Methods", value))


def unreadable(line: str) -> Found:
    return Reason.HEADER_UNREADABLE, line


def mismatch(value: str) -> Found:
    return Reason.ALLOW_ORIGIN_MISMATCH, value


def multiple(value: str) -> Found:
    return Reason.ALLOW_ORIGIN_MULTIPLE, value


def invalid(value: str) -> Found:
    return Reason.ALLOW_ORIGIN_INVALID, value


def no_method(value: str) -> Found:
    return Reason.ALLOW_METHODS_INVALID, value


TWO = f"{PAGE}, {PAGE}"
NUL = unreadable("X-Odd: a\0b")

ROWS: tuple[Row, ...] = (
    # NUL: no browser takes anything of the answer, whatever header it is in
    Row("NUL in any header", (*acao("*"), ("X-Odd", "a\0b")), NUL),
    Row("NUL in any header", (*acao("*"), ("X-Odd", "a\0b")), NUL, http2=True),
    Row("NUL, and no CORS header", (("X-Odd", "a\0b"),), NUL),
    Row("NUL at the end of the origin", acao(f"{PAGE}\0"), unreadable(f"Access-Control-Allow-Origin: {PAGE}\0")),
    Row("NUL on a preflight", (*methods("PUT"), ("X-Odd", "a\0b")), NUL, preflight=True),
    # other control bytes
    Row("a control byte in any header", expose("X-A", ("X-Odd", "a\x01b")), "x-a"),
    Row(
        "a control byte in any header",
        expose("X-A", ("X-Odd", "a\x01b")),
        "x-a",
        {"chromium": unreadable("X-Odd: a\x01b")},
        http2=True,
    ),
    Row("DEL", expose("X-A", ("X-Odd", "\x7f")), "x-a", {"chromium": unreadable("X-Odd: \x7f")}, http2=True),
    Row("a tab", expose("X-A", ("X-Odd", "a\tb")), "x-a", http2=True),
    Row("bytes beyond ASCII", expose("X-A", ("X-Odd", "\x80\xe9\xff")), "x-a", http2=True),
    # a bare return ends a line in Chromium alone
    Row(
        "a return, then a line",
        acao(f"{PAGE}\rX-In: 1"),
        mismatch(f"{PAGE}\rX-In: 1"),
        {"chromium": "", "webkit": invalid(f"{PAGE} X-In: 1")},
    ),
    Row(
        "a return, then the header",
        (("X-Odd", f"a\rAccess-Control-Allow-Origin: {PAGE}"),),
        (Reason.ALLOW_ORIGIN_MISSING, None),
        {"chromium": ""},
    ),
    Row(
        "a return, then a second one",
        (*acao(PAGE), ("X-Odd", f"a\raccess-control-allow-origin : {PAGE}")),
        "",
        {"chromium": multiple(TWO)},
    ),
    Row(
        "a return within the origin",
        acao("https://a.\rtest"),
        mismatch("https://a.\rtest"),
        {"chromium": mismatch("https://a."), "webkit": invalid("https://a. test")},
    ),
    Row("a return, then no line", expose("X-A\rX-B"), "", {"chromium": "x-a"}),
    Row("a return in a list", expose("X-A,\rX-B"), "x-a x-b", {"chromium": "x-a", "gecko": ""}),
    Row("a return in a header that is exposed", expose("X-A, X-B", ("X-A", "2\r3")), "x-a x-b", {"gecko": "x-b"}),
    Row("a return, then a name that is exposed", expose("X-In", ("X-Odd", "a\rX-In: 1")), "", {"chromium": "x-in"}),
    Row(
        "a return, a blank, then more",
        acao(f"{PAGE}\r , x"),
        multiple(f"{PAGE}  , x"),
        {"chromium": multiple(f"{PAGE} , x"), "gecko": mismatch(f"{PAGE}\r , x")},
    ),
    Row(
        "a return within the method",
        methods("P\rUT"),
        no_method("P UT"),
        {"chromium": (Reason.METHOD_NOT_ALLOWED, "PUT"), "gecko": no_method("P\rUT")},
        preflight=True,
    ),
    Row("a return", expose("X-A\rX-B"), unreadable("Access-Control-Expose-Headers: X-A\rX-B"), http2=True),
    Row("a return at the end", acao(f"{PAGE}\r"), http2=True),
    # folds
    Row("a fold before the origin", acao(f"\r\n {PAGE}")),
    Row("a fold after the origin", acao(f"{PAGE}\r\n ")),
    Row("a fold within a list", expose("X-A,\r\n X-B"), "x-a x-b"),
    Row("two folds", methods("P\r\n \r\n UT"), no_method("P  UT"), {"webkit": no_method("P UT")}, preflight=True),
    Row("a folded method", methods("PUT\r\n PUT"), no_method("PUT PUT"), preflight=True),
    Row(
        "a folded origin",
        acao(f"{PAGE}\r\n {PAGE}"),
        multiple(f"{PAGE} {PAGE}"),
        {"gecko": mismatch(f"{PAGE} {PAGE}"), "webkit": invalid(f"{PAGE} {PAGE}")},
    ),
    Row("a fold", (*acao(PAGE), ("X-Odd", "a\r\n b")), unreadable("X-Odd: a\r\n b"), http2=True),
    Row("a fold before the origin", acao(f"\r\n {PAGE}"), http2=True),
    # blanks in a host
    Row("an escaped blank", acao(f"{PAGE}%20"), invalid(f"{PAGE}%20"),
        {"chromium": mismatch(f"{PAGE}%20")}),
    Row("a wide blank", acao("https://a.\xe3\x80\x80b"), invalid("https://a.\xe3\x80\x80b"),
        {"chromium": mismatch("https://a.\xe3\x80\x80b")}),
)  # fmt: skip


@pytest.mark.parametrize("engine", ALL)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_is_made_of_it(row: Row, engine: str) -> None:
    """WebKit never speaks HTTP/2 to a proxy, so that only the standard's word is known there."""
    sent = Sent(id="a", request=(("Origin", PAGE),), answer=row.answer, http2=row.http2)
    if row.preflight:
        sent = preflight("a", answer=row.answer)
    judgement = Run().feed([sent.observation(engine)]).last["a"]
    refusal = judgement.refusal
    safe = {"access-control-allow-origin", "access-control-expose-headers"}
    found: Found = (
        " ".join(name for name in exposed_headers(judgement) if name not in safe)
        if refusal is None
        else (refusal.reason, refusal.detail)
    )
    assert found == row.but.get(engine, row.all)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_is_looked_at(row: Row) -> None:
    """Values without control bytes are not looked at twice."""
    assert is_odd(fields(row.answer), True) == any(
        (ord(char) < 32 and char != "\t") or char == "\x7f" for _, value in row.answer for char in str(value)
    )
