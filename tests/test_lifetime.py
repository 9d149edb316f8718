"""Words on the preflight cache."""

import time
from typing import Any

import pytest
from mitmproxy import http

from cors_addon.report import lifetime
from tests.helpers import ALLOW, ALLOW_PUT, FIREFOX, WEBKIT, actual, observe, preflight

CREDENTIALS = ("Access-Control-Allow-Credentials", "true")
GRANTED = (*ALLOW_PUT, CREDENTIALS)
BOTH = (*ALLOW, CREDENTIALS)


def lived(seconds: str, **more: Any) -> http.HTTPFlow:
    return preflight([*GRANTED, ("Access-Control-Max-Age", seconds)], took=0.0, **more)


@pytest.mark.parametrize(
    ("given_flow", "wanted"),
    [
        (lived("86400"), "Chromium may reuse it for 2 h; Firefox for 1 d, Safari for 10 min"),
        (lived("86400", agent=FIREFOX), "Firefox may reuse it for 1 d; Chromium for 2 h, Safari for 10 min"),
        (lived("86400", agent=WEBKIT), "Safari may reuse it for 10 min; Chromium for 2 h, Firefox for 1 d"),
        (lived("60"), "Chromium may reuse it for 1 min"),
        (lived("0"), "Chromium does not keep it"),
        (preflight(GRANTED), "Chromium may reuse it for 5 s (no Access-Control-Max-Age)"),
        (preflight(ALLOW), ""),
    ],
)
def test_preflight(given_flow: http.HTTPFlow, wanted: str) -> None:
    """What its own engine does with it, and others where they do otherwise."""
    assert lifetime.half_sentence(observe(given_flow)[0]) == wanted


@pytest.mark.parametrize(
    ("seconds", "at", "wanted"),
    [
        ("600", 100.0, "Chromium may use the preflight's answer for another 8.3 min"),
        ("0", 0.1, "Chromium does not keep the preflight's answer: the next request needs another one"),
        ("3", 4.0, "the preflight's answer had run out when the request was done (kept for 3 s)"),
    ],
)
def test_request_after_its_preflight(seconds: str, at: float, wanted: str) -> None:
    asked = lived(seconds)
    took = at - 0.1
    _, sent = observe(asked, actual(BOTH, method="PUT", at=0.1, took=took))
    assert lifetime.half_sentence(sent) == wanted


def test_request_served_from_the_cache() -> None:
    flows = [lived("600"), actual(BOTH, method="PUT", at=0.1), actual(BOTH, method="PUT", at=41.0)]
    assert lifetime.half_sentence(observe(*flows)[2]) == "Chromium could use it for another 9.3 min"


def test_a_preflight_says_what_it_permitted() -> None:
    """Its own request is not among them."""
    put = [actual(BOTH, method="PUT", at=at) for at in (0.1, 10.0, 20.0, 30.0, 40.0)]
    for count, said in ((1, ""), (2, " it permitted 1 more request"), (5, " it permitted 4 more requests")):
        asked = observe(lived("60"), *put[:count])[0]
        until = time.strftime("%H:%M:%S", time.localtime(asked.observation.ended + 60))
        said = f";{said} from the cache, until {until}" if said else ""
        assert lifetime.half_sentence(asked) == f"Chromium may reuse it for 1 min{said}"


def test_no_cache_involved() -> None:
    assert lifetime.half_sentence(observe(actual(BOTH))[0]) == ""
    assert lifetime.half_sentence(observe(actual(BOTH, method="PUT"))[0]) == ""


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [
        (0.5, "0.5 s"),
        (5, "5 s"),
        (60, "1 min"),
        (90, "90 s"),
        (600, "10 min"),
        (7200, "2 h"),
        (86400, "1 d"),
        (5400, "90 min"),
    ],
)
def test_span(seconds: float, wanted: str) -> None:
    assert lifetime.span(seconds) == wanted
