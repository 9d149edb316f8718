"""Flows for a command: by a filter, the newest of several; and where a sentence is shown."""

import logging
from collections.abc import Sequence
from typing import Any

import pytest
from mitmproxy import exceptions, flowfilter
from mitmproxy.addons.view import View
from mitmproxy.flow import Flow

from cors_addon.proxy import choosing, internals
from tests.helpers import ALLOW, PAGE, actual, flow, preflight, proxy


def listed(view: View, *flows: Any) -> None:
    """Put flows in the list, as they come by."""
    view.add(flows)


def test_of_several_flows_the_newest_exchange_is_meant() -> None:
    """Of those that match, in the words of mitmproxy's filters."""
    view = View()
    old, new, other = actual(ALLOW, at=0), actual([], at=9), actual(ALLOW, url="https://b.test/", at=20)
    with proxy(view) as running:
        listed(view, new, old, other)
        running.pass_through(old, new, other)
        said = running.context.master.commands.execute("cors.explain '~u items/1'")
        assert said.startswith("✗ DENIED")
        with pytest.raises(exceptions.CommandError, match=r"^No flow in the list matches\.$"):
            running.context.master.commands.execute("cors.explain '~u nowhere'")
        with pytest.raises(exceptions.CommandError, match=r"^No flow in the list matches\.$"):
            running.context.master.commands.execute("cors.allow '~u nowhere'")


def test_focus_is_refused_where_nobody_knows_it() -> None:
    """With what to type, and a filter that selects the last refused flow."""
    view = View()
    refused = preflight([], url="http://localhost:9000/items/1", at=3)
    with proxy(view) as running:
        with pytest.raises(exceptions.CommandError, match="does not tell which row you look at"):
            running.context.master.commands.execute("cors.allow @focus")
        listed(view, refused, actual(ALLOW, at=9))
        running.pass_through(refused)
        with pytest.raises(exceptions.CommandError) as error:
            running.context.master.commands.execute("cors.explain @focus")
        named = str(error.value).partition("The last refused one is ")[2]
        assert named == "'~u ^http://localhost:9000/ & ~hq //app.example.test.$'"
        assert "✗" in running.context.master.commands.execute(f"cors.explain {named}")


@pytest.mark.parametrize("origin", [PAGE, "null", "http://localhost:8000", "http://[::1]:8000"])
@pytest.mark.parametrize("url", ["https://api.example.test/x", "http://localhost:9000/x"])
def test_a_filter_is_for_just_this_page_and_server(origin: str, url: str) -> None:
    """With the port, whatever is written in brackets."""
    matches = flowfilter.parse(choosing.filter_for(flow(url=url, request=[("Origin", origin)])).strip("'"))
    assert matches(flow(url=url, request=[("Origin", origin)]))
    assert not matches(flow(url=url, request=[("Origin", "https://other.test")]))
    assert not matches(flow(url=url.replace("/x", "1/x"), request=[("Origin", origin)]))


def test_in_the_console_a_sentence_goes_to_the_status_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Rather than into a box over the whole screen; what has many lines is left to its viewer."""
    monkeypatch.setattr(internals, "in_console", lambda _: True)

    def one(flows: Sequence[Flow]) -> str:
        return f"{len(flows)} done"

    def many(flow: Flow) -> Sequence[str]:
        return [flow.id, "b"]

    given = actual(ALLOW)
    with proxy() as running, caplog.at_level(logging.INFO):
        assert choosing.form(one, running.master)([given]) is None
        assert choosing.form(many, running.master)([given]) == [given.id, "b"]
        with pytest.raises(exceptions.CommandError, match="No flow"):
            choosing.form(many, running.master)([])
    assert [record.getMessage() for record in caplog.records if "done" in record.getMessage()] == ["1 done"]


def test_a_refused_preflight_has_no_request() -> None:
    """That is what its counterpart says."""
    view = View()
    refused = preflight(ALLOW)
    with proxy(view) as running:
        listed(view, refused)
        running.pass_through(refused)
        with pytest.raises(exceptions.CommandError, match=r"^PUT was never sent: refused \(method-not-allowed\)\.$"):
            running.command("cors.pair", refused)
