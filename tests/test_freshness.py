"""For how long an answer may be used again, by its Cache-Control, Expires and Date."""

import pytest

from cors_addon.fetch.freshness import lifetime, may_be_kept, may_be_used_stale

DATE, HOUR_LATER = "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 09:49:37 GMT"
RECEIVED = 784111777.0
"""`DATE` in Unix seconds."""


def fields(*lines: tuple[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.encode(), value.encode()) for name, value in lines)


def said(value: str) -> tuple[str, str]:
    return "Cache-Control", value


@pytest.mark.parametrize(
    ("lines", "private", "shared"),
    [
        ((), None, None),
        ((said("max-age=60"),), 60.0, 60.0),
        ((said('Max-Age="60", s-maxage=9'),), 60.0, 9.0),
        ((said("public"), said("max-age=60")), 60.0, 60.0),
        ((said("s-maxage=9"),), None, 9.0),
        ((said("max-age=60, no-cache"),), 0.0, 0.0),
        ((said("no-store"), ("Expires", HOUR_LATER)), 0.0, 0.0),
        ((said("max-age=0"), ("Expires", HOUR_LATER), ("Date", DATE)), 0.0, 0.0),
        ((said("max-age=soon"), ("Expires", HOUR_LATER), ("Date", DATE)), 3600.0, 3600.0),
        ((said("max-age=-1"),), None, None),
        ((("Expires", HOUR_LATER), ("Date", DATE)), 3600.0, 3600.0),
        ((("Expires", HOUR_LATER),), 3600.0, 3600.0),
        ((("Expires", HOUR_LATER), ("Date", "yesterday")), 3600.0, 3600.0),
        ((("Expires", DATE), ("Date", HOUR_LATER)), 0.0, 0.0),
        ((("Expires", "0"),), 0.0, 0.0),
    ],
)
def test_an_answer_tells_its_lifetime(
    lines: tuple[tuple[str, str], ...], private: float | None, shared: float | None
) -> None:
    """To a browser's own cache, and to one of many users."""
    assert lifetime(fields(*lines), RECEIVED) == private
    assert lifetime(fields(*lines), RECEIVED, shared=True) == shared


@pytest.mark.parametrize(
    ("value", "kept", "stale"),
    [
        ("max-age=1, stale-while-revalidate=60", True, True),
        ("max-age=1, stale-while-revalidate=60, no-cache", True, False),
        ("immutable", True, False),
        ("max-age=60, no-store", False, False),
        ("private", False, False),
    ],
)
def test_an_answer_without_a_validator_is_kept_for_its_age(value: str, *, kept: bool, stale: bool) -> None:
    """One with a validator is, unless it says no-store."""
    lines = fields(said(value))
    assert may_be_kept(lines, has_validator=False) is kept
    assert may_be_kept(lines, has_validator=True) is (kept or value == "private")
    assert may_be_used_stale(lines) is stale
