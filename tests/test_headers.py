"""Header lists: tokens, values, lists, and the lines that CORS reads."""

import pytest

from cors_addon.fetch.headers import (
    LOWER,
    MAX_NAMES,
    CorsLines,
    Lowered,
    combine,
    cors_lines,
    extract_tokens,
    get,
    get_all,
    is_token,
    normalize,
    readable,
    split_list,
)
from cors_addon.fetch.methods import CORS_SAFELISTED, normalize_method
from tests.cases.values import LISTS, SEPARATORS


@pytest.mark.parametrize("around", ["{}", "x{}", "{}x"])
def test_the_characters_of_a_token(around: str) -> None:
    """Visible ASCII but separators, alone and amid others."""
    expected = {chr(code) for code in range(0x21, 0x7F)} - set(SEPARATORS)
    assert {chr(code) for code in range(0x180) if is_token(around.format(chr(code)))} == expected


def test_the_empty_string_is_no_token() -> None:
    """A token has one character at least."""
    assert not is_token("")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"", ""),
        (b" \t\r\n", ""),
        (b"\t a b \r\n", "a b"),
        (b"\x0ba\x0c", "\x0ba\x0c"),
        (b"\xa0a\x00", "\xa0a\x00"),
        (b"\xc3\xa9", "\xc3\xa9"),
    ],
)
def test_normalize(value: bytes, expected: str) -> None:
    """Only tab, space and line ends go, and only outside; each byte is a character."""
    assert normalize(value) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), None),
        ((b"",), ""),
        ((b" a ",), "a"),
        ((b"a", b"a"), "a, a"),
        ((b"a,b", b" c\t"), "a,b, c"),
        ((b"", b"a"), ", a"),
        ((b"a", b""), "a, "),
    ],
)
def test_lines_of_one_name_are_combined(lines: tuple[bytes, ...], expected: str | None) -> None:
    """Identical ones and empty ones too; other names stay out, and the name's case means nothing."""
    fields = [(b"Other", b"x"), *((b"x-Name" if index else b"X-NAME", line) for index, line in enumerate(lines))]
    assert get_all(fields, b"x-name") == list(lines)
    assert get(fields, b"x-name") == expected
    if lines:
        assert combine(lines) == expected


@pytest.mark.parametrize(("value", "expected"), LISTS.items())
def test_lists_of_tokens(value: str, expected: tuple[str, ...] | None) -> None:
    """Items between commas; empty ones do not count, one that is no token voids them all."""
    assert extract_tokens(value) == expected
    if expected is not None:
        assert split_list(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("plain", "plain"), ("\xc3\xa9", "é"), ("\xe9", "\xe9"), ("\xc3", "\xc3"), ("€", "€"), ("", "")],
)
def test_readable(text: str, expected: str) -> None:
    """UTF-8 where it is, else as it stands."""
    assert readable(text) == expected


def test_cors_lines_picks_each_header_once() -> None:
    """Every line in its place, raw and in order, whatever the case of its name; others are left out."""
    fields = [
        (b"Content-Type", b"text/plain"),
        (b"ACCESS-CONTROL-ALLOW-ORIGIN", b" a "),
        (b"Access-Control-Allow-Credentials", b"true"),
        (b"access-control-allow-methods", b"PUT"),
        (b"Access-Control-Allow-Origin", b"b"),
        (b"Access-Control-Allow-Headers", b""),
        (b"Access-Control-Max-Age", b"5"),
        (b"Access-Control-Expose-Headers", b"x"),
        (b"Location", b"/"),
        (b"Access-Control-Allow-Origin ", b"c"),
    ]
    found = cors_lines(fields)
    assert found == CorsLines(
        allow_origin=(b" a ", b"b"),
        usual_origins=1,
        allow_credentials=(b"true",),
        allow_methods=(b"PUT",),
        allow_headers=(b"",),
        max_age=(b"5",),
        expose_headers=(b"x",),
        location=(b"/",),
    )
    assert cors_lines([]) == CorsLines()


def test_the_memory_of_names_is_bounded() -> None:
    """However many names come by, and right for each of them."""
    lowered = Lowered()
    for number in range(3 * MAX_NAMES):
        name = b"X-%d" % number
        assert lowered[name] == name.lower()
        cors_lines([(name, b"")])
        assert LOWER[name] == name.lower()
    assert max(len(lowered), len(LOWER)) <= MAX_NAMES


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        *((method.lower(), method) for method in ("DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT")),
        ("pOsT", "POST"),
        ("patch", "patch"),
        ("PATCH", "PATCH"),
        ("Connect", "Connect"),
        ("chıcken", "chıcken"),
        ("", ""),
    ],
)
def test_methods_are_normalized(method: str, expected: str) -> None:
    """Six methods are upper-cased, no other is."""
    assert normalize_method(method) == expected


def test_safelisted_methods() -> None:
    """Three, as the standard spells them."""
    assert frozenset({"GET", "HEAD", "POST"}) == CORS_SAFELISTED
