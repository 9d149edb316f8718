"""Of what use a flow is to loads: at a glance, and without building anything."""

import pytest
from mitmproxy import http

from cors_addon.flows.use import JUDGED, LOADED, NO_USE, STORED, use_of
from cors_addon.session.session import Session
from tests.helpers import PAGE, flow

SCRIPT = [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Dest", "script")]


@pytest.mark.parametrize(
    ("given", "use"),
    [
        (flow(request=[("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Dest", "image")]), NO_USE),
        (flow(request=[("Sec-Fetch-Site", "none"), ("Accept", "text/html,*/*")]), LOADED),
        (flow(request=[("Sec-Fetch-Site", "cross-site")]), LOADED),
        (flow(request=[("Sec-Fetch-Site", "same-site")], response=[("ETag", "x")]), LOADED | STORED),
        (flow(request=[("Sec-Fetch-Dest", "worker")]), LOADED),
        (flow(request=[("Sec-Fetch-Dest", "iframe")]), LOADED),
        (flow(request=[("Accept", "text/event-stream")]), LOADED),
        (flow(request=[("Accept", "*/*")]), NO_USE),
        (flow(request=SCRIPT, response=[("Content-Type", "text/javascript;charset=x")]), NO_USE),
        (flow(request=SCRIPT, response=[("Content-Type", "text/html")]), LOADED),
        (flow(request=SCRIPT), LOADED),
        (flow(request=[("Referer", f"{PAGE}/")], url="http://api.example.test/"), LOADED),
        (flow(request=[("Referer", "http://api.example.test/p")], url="http://api.example.test/"), NO_USE),
        (flow(request=[("Origin", PAGE), ("Sec-Fetch-Site", "cross-site")]), JUDGED),
    ],
)
def test_use(given: http.HTTPFlow, use: int) -> None:
    """A flag for each."""
    assert use_of(given, Session()) == use


def test_own_scripts_are_looked_at_once_a_page_names_a_digest() -> None:
    """They may not match it."""
    session = Session()
    script = flow(request=SCRIPT, response=[("Content-Type", "text/javascript")])
    assert use_of(script, session) == NO_USE
    session.loads._documents.integrity_seen = True
    assert use_of(script, session) == LOADED
