"""Header lists that come again as the same object: what is read of them is what is read of any."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_addon.exchange import request_headers, response_headers
from cors_addon.fetch import received, recurring

NAMES = st.sampled_from([b"Origin", b"origin", b"Cookie", b"Access-Control-Allow-Origin", b"Vary", b"ETag", b"X"])
VALUES = st.sampled_from([b"", b"*", b"https://a.test", b"Origin", b"a\nb", b"\0"])
LISTS = st.lists(st.tuples(NAMES, VALUES), max_size=4).map(tuple)

type Fields = tuple[tuple[bytes, bytes], ...]


@pytest.fixture(autouse=True)
def begin_anew() -> Iterator[None]:
    """Nothing is left of other tests, nor for them."""
    recurring.LISTS.clear()
    yield
    recurring.LISTS.clear()


def facts(found: object) -> dict[str, object]:
    """What an object tells, by name: two that were read of equal lists need not be one."""
    told = {name: getattr(found, name) for name in dir(found) if not name.startswith("_")}
    return {name: value for name, value in told.items() if not callable(value)}


def readings(fields: Fields) -> tuple[object, ...]:
    """All that is read of a list."""
    asked, answered = request_headers.read_request(fields), response_headers.read_response(fields)
    shapes = request_headers.shape_of(fields), response_headers.shape_of(fields)
    read = (asked.said, answered, *shapes)
    return dict(asked), asked.length, received.values_of(fields), *map(facts, read)


@given(st.lists(LISTS, min_size=1, max_size=5), st.lists(st.integers(0, 4), max_size=12))
def test_what_is_read_of_them(lists: list[Fields], order: list[int]) -> None:
    """In whatever order they come, and though others have come in between."""
    expected = [readings((*each,)) for each in lists]
    for each in lists:
        recurring.note(each)
    for place in order:
        assert readings(lists[place % len(lists)]) == expected[place % len(lists)]
    recurring.LISTS.clear()


def test_no_list_takes_the_place_of_another() -> None:
    """Though it be at the same place in memory, once the other is forgotten."""
    for number in range(2000):
        fields = ((b"Origin", b"https://%d.test" % number),)
        recurring.note(fields)
        for _ in range(2):
            assert request_headers.read_request(fields)[b"origin"] == b"https://%d.test" % number
            request_headers.read_request(())
        recurring.LISTS.clear()
        del fields


def test_bounded() -> None:
    """However many come again; and of what does not, nothing is kept."""
    kept = request_headers._RECURRING
    kept.clear()
    lists = [((b"X", b"%d" % number),) for number in range(recurring.MOST + 10)]
    for fields in lists:
        recurring.note(fields)
        request_headers.read_request(fields)
        assert kept[id(fields)][0] is fields
        assert max(len(kept), len(recurring.LISTS)) <= recurring.MOST
    other = ((b"Y", b"1"),)
    request_headers.read_request(other)
    assert id(other) not in kept
