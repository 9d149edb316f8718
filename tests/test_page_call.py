"""Reports of pages as they are read: what is left out, what is unknown, what is nonsense."""

import json
from typing import Any

import pytest

from cors_addon.exchange.model import Credentials
from cors_addon.exchange.page_call import MAX_RECORDS, PageCall, Report, read
from tests.helpers import url


def report(*records: object) -> bytes:
    """A report of these records."""
    return b"\n".join(json.dumps(each).encode() for each in records)


def call(**fields: Any) -> PageCall:
    """One call, as read."""
    (found,) = read(report({"k": "call", "a": "fetch", "u": "https://api.test/x#f", **fields}), 0.0).calls
    return found


def test_what_a_page_left_out_is_at_its_default() -> None:
    """If it is known to have left it out."""
    found = call(d=True)
    assert (found.method, found.mode, found.redirect, found.credentials) == ("GET", "cors", "follow", Credentials.OMIT)
    assert found.url == url("https://api.test/x")
    unknown = call(d=False)
    assert (unknown.method, unknown.mode, unknown.redirect) == (None, None, None)
    assert unknown.credentials is Credentials.UNKNOWN


@pytest.mark.parametrize(
    ("told", "mode", "credentials"),
    [
        ({"c": "include", "d": True}, "cors", Credentials.INCLUDE),
        ({"c": "same-origin", "d": True}, "cors", Credentials.OMIT),
        ({"c": "omit", "o": "no-cors", "d": True}, "no-cors", Credentials.OMIT),
        ({"a": "img", "x": None}, "no-cors", Credentials.INCLUDE),
        ({"a": "img", "x": "anonymous"}, "cors", Credentials.OMIT),
        ({"a": "script", "x": "use-credentials"}, "cors", Credentials.INCLUDE),
        ({"a": "script", "x": None, "ty": "module"}, "cors", Credentials.OMIT),
    ],
)
def test_the_credentials_mode(told: dict[str, Any], mode: str, credentials: Credentials) -> None:
    """As the request bears it to another origin."""
    found = call(**told)
    assert (found.mode, found.credentials) == (mode, credentials)


def test_a_pages_clock_may_be_wrong() -> None:
    """Each report says what it shows."""
    body = report({"k": "at", "t": 5_000.0}, {"k": "call", "u": "https://a.test/", "s": 1_000.0, "e": 4_000.0})
    (found,) = read(body, 100.0).calls
    assert (found.started, found.ended) == (96.0, 99.0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\n{",
        b'{"k":"call"' * 1000,
        b"[" * 100_000,
        b'{"k":["call"]}\n{"k":"call","u":{"a":1},"s":"x","e":true,"ok":"yes","h":3,"st":1e400}',
        report({"k": "call", "u": "https://[", "m": 3, "s": -1e99}),
        b'{"k":"call","a":"\\ud800","u":"https://a.test/\\ud800"}',
    ],
)
def test_nonsense_raises_nothing(body: bytes) -> None:
    """A page can say anything."""
    assert isinstance(read(body, 0.0), Report)


def test_a_report_is_read_so_far_and_no_further() -> None:
    """However long it is."""
    assert len(read(report(*[{"k": "call", "u": "https://a.test/"}] * 5000), 0.0).calls) == MAX_RECORDS
    assert len(call(er="x" * 100_000).error) == 2000


def test_a_preload_that_loaded_says_nothing() -> None:
    """Firefox tells of a load though CORS refused it; that one failed counts."""
    for rel, ok, told in (("preload", True, None), ("modulepreload", True, None), ("preload", False, False)):
        record = {"k": "call", "a": "link", "u": "https://a.test/", "x": "anonymous", "ty": rel, "ok": ok}
        assert read(report(record), 0.0).calls[0].ok is told
    record = {"k": "call", "a": "link", "u": "https://a.test/", "x": "anonymous", "ty": "stylesheet", "ok": True}
    assert read(report(record), 0.0).calls[0].ok is True
