"""Of what use a flow is to loads: at a glance, and without building anything."""

import pytest
from mitmproxy import http

from cors_addon.flows.translate import observation
from cors_addon.flows.use import JUDGED, LOADED, NO_USE, STORED, use_of
from cors_addon.session.session import Session
from tests.helpers import PAGE, flow

PNG = b"\x89PNG\r\n\x1a\n..."
IMAGE = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Dest", "image"), ("Accept", "image/*,*/*;q=0.8")]
IS_PNG = [("Content-Type", "image/png")]
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
        (
            flow(
                request=[("Referer", f"{PAGE}/"), ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Dest", "empty")],
                url="http://localhost/",
            ),
            NO_USE,
        ),
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


@pytest.mark.parametrize(
    ("status", "lines", "body", "use"),
    [
        (200, IS_PNG, PNG, NO_USE),
        (200, [*IS_PNG, ("Cross-Origin-Resource-Policy", "same-origin")], PNG, LOADED),
        (200, [("Content-Type", "text/html"), ("X-Content-Type-Options", "nosniff")], PNG, LOADED),
        (200, [*IS_PNG, ("Content-Type", "application/json")], PNG, LOADED),
        (200, [("Content-Type", "image/png, application/json")], PNG, LOADED),
        (200, IS_PNG, b"<!doctype html>", LOADED),
        (206, IS_PNG, PNG, LOADED),
    ],
)
def test_an_image_that_nothing_stops_is_passed_over(
    status: int, lines: list[tuple[str, str]], body: bytes, use: int
) -> None:
    """It has no policy, and begins as what it is said to be."""
    image = flow(request=IMAGE, response=lines, status=status)
    assert image.response is not None
    image.response.raw_content = body
    assert use_of(image, Session()) == use


def test_images_are_looked_at_once_a_page_demands_a_policy_of_them() -> None:
    """The page refuses what says nothing."""
    session = Session()
    page = flow(
        request=[("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Mode", "navigate")],
        response=[("Content-Type", "text/html"), ("Cross-Origin-Embedder-Policy", "require-corp")],
    )
    image = flow(request=IMAGE, response=IS_PNG)
    assert image.response is not None
    image.response.raw_content = PNG
    assert use_of(image, session) == NO_USE
    session.observe_load(observation(page))
    assert use_of(image, session) == LOADED


@pytest.mark.parametrize(("page", "use"), [(PAGE, LOADED), ("https://cdn.third.test", NO_USE)])
def test_what_a_style_sheet_from_elsewhere_loads_of_its_own_origin_is_looked_at(page: str, use: int) -> None:
    """Firefox calls it same-origin, as what a page loads of its own."""
    session, sheet = Session(), "https://cdn.third.test/a.css"
    navigation = [("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Mode", "navigate"), ("Accept", "text/html")]
    document = flow(url=f"{page}/", request=navigation, response=[("Content-Type", "text/html")])
    asked = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "style")]
    css = flow(url=sheet, request=[*asked, ("Referer", f"{page}/")], response=[("Content-Type", "text/css")], at=1)
    for each in (document, css):
        session.observe_load(observation(each))
    own = [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")]
    image = flow(
        url="https://cdn.third.test/a.png", request=[*own, ("Accept", "image/*"), ("Referer", sheet)],
        response=[*IS_PNG, ("Cross-Origin-Resource-Policy", "same-origin")], at=2,
    )  # fmt: skip
    assert use_of(image, session) == use


SHARED = [*IS_PNG, ("Access-Control-Allow-Origin", "*")]


@pytest.mark.parametrize(
    ("request_line", "lines", "use"),
    [
        (("Cookie", "a=b"), SHARED, LOADED),
        (("Authorization", "Basic eDp5"), SHARED, LOADED),
        (("Cookie", "a=b"), IS_PNG, NO_USE),
        (("DNT", "1"), SHARED, NO_USE),
    ],
)
def test_an_image_that_may_be_for_one_user_and_that_all_may_have_is_looked_at(
    request_line: tuple[str, str], lines: list[tuple[str, str]], use: int
) -> None:
    """It is a finding, though nothing stops it."""
    image = flow(request=[*IMAGE, request_line], response=lines)
    assert image.response is not None
    image.response.raw_content = PNG
    session = Session()
    session.is_cookie_news = lambda _connection: False  # type: ignore[assignment]
    assert use_of(image, session) == use
