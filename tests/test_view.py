"""The content view `cors`."""

import pytest
from mitmproxy import contentviews, flowfilter, http
from mitmproxy.contentviews import Metadata
from mitmproxy.test import tflow

from tests import helpers
from tests.helpers import ALLOW, ALLOW_PUT, actual, flow, preflight, proxy


def chosen(message: http.Message | None, of: http.HTTPFlow, name: str = "auto") -> str:
    """The name of the view that mitmproxy picks."""
    assert message is not None
    return contentviews.prettify_message(message, of, name).view_name or ""


@pytest.mark.parametrize(
    ("given_flow", "wanted"),
    [
        (preflight(ALLOW), "CORS"),
        (preflight(ALLOW, body=b"no such route"), "CORS"),
        (actual([], body=b"secret"), "CORS"),
        (actual([], status=502), "CORS"),
        (actual(ALLOW, body=b"{}"), "Raw"),
        (flow(), "Raw"),
        (flow("POST", request=[("Origin", "null"), ("Sec-Fetch-Mode", "navigate")]), "Raw"),
        (flow(request=[("Origin", helpers.PAGE)], agent="curl/8"), "Raw"),
    ],
)
def test_automatic_where_the_page_has_no_body(given_flow: http.HTTPFlow, wanted: str) -> None:
    with proxy() as running:
        running.pass_through(given_flow)
        assert chosen(given_flow.response, given_flow) == wanted
        assert chosen(given_flow.request, given_flow) != "CORS"


@pytest.mark.parametrize(
    ("option", "wanted"), [("refused", ["CORS", "CORS"]), ("empty", ["Raw", "CORS"]), ("never", ["Raw"] * 2)]
)
def test_what_opens_by_itself_is_an_option(option: str, wanted: list[str]) -> None:
    """For those who would rather see the body that the page did not get."""
    flows = [actual([], body=b"secret"), preflight(ALLOW)]
    with proxy(cors_view=option) as running:
        running.pass_through(*flows)
        assert [chosen(each.response, each) for each in flows] == wanted


def test_request_where_no_answer_came() -> None:
    """Then there is no other place to show it."""
    given_flow = preflight(error="Connection killed.")
    given_flow.response = None
    with proxy() as running:
        running.pass_through(given_flow)
        assert chosen(given_flow.request, given_flow) == "CORS"


def test_one_click_away_for_the_rest() -> None:
    given_flow = actual((*ALLOW, ("Access-Control-Allow-Credentials", "true")), body=b"{}")
    with proxy() as running:
        running.pass_through(given_flow)
        shown = contentviews.prettify_message(helpers.response(given_flow), given_flow, "cors")
    assert shown.view_name == "CORS"
    assert shown.text.startswith("✓ ALLOWED   the page gets the answer")


def test_not_judged_yet() -> None:
    """A flow that was loaded before the addon is judged when looked at, and the view says so."""
    given_flow = preflight(ALLOW)
    with proxy() as running:
        text = running.addon._explaining.explain(given_flow)
        assert "method-not-allowed" in text
        assert "not judged when it was loaded: judged now, from this flow alone" in " ".join(text.split())
        assert given_flow.metadata == {}


def test_edited() -> None:
    """What the user edits is judged as it is now, with the rest of its fetch."""
    asked, sent = preflight(ALLOW_PUT), actual([], method="PUT", at=0.1)
    with proxy() as running:
        running.pass_through(asked, sent)
        assert "✗ DENIED   allow-origin-missing" in running.addon._explaining.explain(sent)
        helpers.response(sent).headers["Access-Control-Allow-Origin"] = helpers.PAGE
        text = running.addon._explaining.explain(sent)
    assert "✓ ALLOWED" in text
    assert "edited since the browser saw it" in text
    assert "preflight    sent, needed for method PUT" in text


def test_from_a_dump() -> None:
    """What an earlier session found is automatic still, before anything is judged."""
    with proxy() as running:
        given_flow = preflight(ALLOW)
        running.pass_through(given_flow)
    [loaded] = helpers.saved_and_loaded(given_flow)
    with proxy():
        assert chosen(loaded.response, loaded) == "CORS"


def test_not_cors() -> None:
    given_flow = flow()
    with proxy() as running:
        assert running.addon._explaining.explain(given_flow).startswith("– NOT CORS\n")


def test_other_protocols() -> None:
    """Views are asked about every message of every protocol."""
    with proxy():
        view = contentviews.registry["cors"]
        metadata = Metadata(flow=tflow.ttcpflow())
        assert view.render_priority(b"", metadata) < 0
        with pytest.raises(ValueError, match="HTTP exchanges only"):
            view.prettify(b"", metadata)
        assert view.render_priority(b"", Metadata()) < 0


def test_websocket_messages_keep_their_views() -> None:
    with proxy() as running:
        websocket = tflow.twebsocketflow()
        websocket.request.headers["Origin"] = helpers.PAGE
        running.addon.response(websocket)
        assert websocket.websocket is not None
        message = websocket.websocket.messages[0]
        message.content = b""
        assert contentviews.prettify_message(message, websocket).view_name != "CORS"


def test_how_to_go_on_at_once() -> None:
    """By a filter: in mitmweb, where this view is seen most, @focus is not the flow that one looks at."""
    given_flow = preflight(ALLOW)
    with proxy() as running:
        running.pass_through(given_flow)
        shown = contentviews.prettify_message(helpers.response(given_flow), given_flow, "cors").text
    assert "or now cors.allow '~u ^https://api.example.test/ & ~hq //app.example.test.$'" in " ".join(shown.split())
    assert flowfilter.parse("~d api.example.test")(given_flow)


def test_fits_beside_mitmwebs_list() -> None:
    """Whatever the values are."""
    given_flow = preflight(
        [*ALLOW, ("Access-Control-Allow-Methods", ", ".join(["GET"] * 60))], headers="x-" + "y" * 200
    )
    with proxy() as running:
        running.pass_through(given_flow)
        shown = contentviews.prettify_message(helpers.response(given_flow), given_flow, "cors").text
    assert max(map(len, shown.splitlines())) <= 76
