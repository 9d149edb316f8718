"""Requests as they are read: lists that are equal share one reading, and never another's."""

from cors_addon.exchange.model import Fields
from cors_addon.exchange.request_headers import MAX_TELLING, read_request


def fields(cookie: str) -> Fields:
    """A list of a shape that no other test has; equal to others, and never the same object."""
    return (b"Host", b"api.example.test"), (b"Cookie", cookie.encode()), (b"X-Of-This-Test", b"1")


def test_equal_lists_are_read_once() -> None:
    """The latest two of each shape are kept; equal are only those with the same values."""
    first, second = read_request(fields("a=1")), read_request(fields("a=2"))
    assert (first[b"cookie"], second[b"cookie"]) == (b"a=1", b"a=2")
    assert read_request(fields("a=1")) is first
    assert read_request(fields("a=3"))[b"cookie"] == b"a=3"
    assert read_request(fields("a=3")).length == len("a=3") + len("1")
    assert read_request(fields("a=1")) is not first  # a third took its place


def test_long_lists_are_not_kept() -> None:
    """So that what is kept is bounded."""
    long = read_request(fields("a" * MAX_TELLING + "b"))
    assert long.length > MAX_TELLING
    read_request(fields("a=1"))
    assert read_request(fields("a" * MAX_TELLING + "b")) is not long
