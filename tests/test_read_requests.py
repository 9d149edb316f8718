"""Requests as they are read: lists that are equal share one reading, and never another's."""

from cors_addon.exchange.model import Fields
from cors_addon.exchange.request_headers import MAX_TELLING, read_request


def fields(cookie: str) -> Fields:
    """A list of a shape that no other test has; equal to others, and never the same object."""
    return (b"Host", b"api.example.test"), (b"Cookie", cookie.encode()), (b"X-Of-This-Test", b"1")


def test_equal_lists_are_read_once() -> None:
    """Equal are only those with the same values, each in its own place."""
    first, second = read_request(fields("a=1")), read_request(fields("a=2"))
    assert (first[b"cookie"], second[b"cookie"]) == (b"a=1", b"a=2")
    assert read_request(fields("a=1")) is first
    assert read_request(fields("a=2")) is second
    assert first.length == len("a=1") + len("1")  # of a Host, only whether it is there is of interest


def test_a_line_end_in_a_value_makes_no_other_equal() -> None:
    """Over HTTP/1 mitmproxy passes it on."""
    one = read_request(((b"X-First", b"a\nb"), (b"X-Second", b"c")))
    other = read_request(((b"X-First", b"a"), (b"X-Second", b"b\nc")))
    assert (one[b"x-first"], other[b"x-first"]) == (b"a\nb", b"a")


def test_long_lists_are_not_kept() -> None:
    """So that what is kept is bounded."""
    long = read_request(fields("a" * MAX_TELLING + "b"))
    assert long.length > MAX_TELLING
    read_request(fields("a=1"))
    assert read_request(fields("a" * MAX_TELLING + "b")) is not long
