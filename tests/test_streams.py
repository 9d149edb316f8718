"""Answers that stream: judged while they do, once, and only where people look at flows."""

import asyncio
import gc
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.addons.view import View

from cors_addon.flows import translate
from tests import helpers
from tests.helpers import ALLOW, START, actual, response

EVENTS = [*ALLOW, ("Content-Type", "text/event-stream")]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[helpers.Proxy]:
    """The addon where there is a list of flows."""
    with helpers.proxy(View(), cors_jsonl=str(tmp_path / "cors.jsonl")) as proxy:
        yield proxy


def streaming(**more: Any) -> http.HTTPFlow:
    """An exchange whose answer has begun, and has not ended."""
    each = actual(EVENTS, **more)
    response(each).stream = True
    response(each).timestamp_end = None
    return each


def listed(running: helpers.Proxy, *flows: http.HTTPFlow) -> None:
    """mitmproxy's list has these flows, and is looked at."""
    view = running.master.addons.get("view")
    view.add(flows)
    running.addon._judging.streams.look(view._store)


def end(running: helpers.Proxy, each: http.HTTPFlow) -> None:
    """The answer ends."""
    response(each).timestamp_end = START + 3600
    running.pass_through(each)


def lines(running: helpers.Proxy) -> list[dict[str, Any]]:
    """The JSON lines."""
    helpers.written()
    return [json.loads(line) for line in Path(running.options.cors_jsonl).read_text("utf-8").splitlines()]


def test_it_is_judged_while_it_streams_and_not_again(running: helpers.Proxy) -> None:
    """One line, written before the answer ends."""
    each = streaming()
    listed(running, each)
    assert each.metadata["cors.verdict"] == "allow"
    assert [line["flow_id"] for line in lines(running)] == [each.id]
    listed(running)
    end(running, each)
    assert len(lines(running)) == 1
    assert not running.addon._judging.streams._judged


def test_a_refused_stream(running: helpers.Proxy) -> None:
    """Its page waits for events that never come: why is said at once."""
    each = streaming()
    response(each).headers.pop("Access-Control-Allow-Origin")
    listed(running, each)
    assert each.metadata["cors.reason"] == "allow-origin-missing"


@pytest.mark.parametrize("what", ["no answer yet", "held back", "ended", "from a file", "nothing for CORS"])
def test_what_is_left_alone(running: helpers.Proxy, what: str) -> None:
    """Until its answer streams; a body that mitmproxy holds back has not shown its head to the browser."""
    each = streaming(live=what != "from a file")
    kept = response(each)
    if what == "no answer yet":
        each.response = None
    elif what == "held back":
        kept.stream = False
    elif what == "ended":
        kept.timestamp_end = START + 1
    elif what == "nothing for CORS":
        each.request.headers.pop("Origin")
    listed(running, each)
    assert "cors.verdict" not in each.metadata
    assert not running.addon._judging.streams._judged
    if what in ("no answer yet", "held back"):
        each.response, kept.stream = kept, True
        listed(running)
        assert each.metadata["cors.verdict"] == "allow"


def test_what_ends_without_a_word_is_forgotten(running: helpers.Proxy) -> None:
    """With mitmproxy's list: a download that set no cookie, say, is looked at but once."""
    each = streaming()
    listed(running, each)
    assert len(running.addon._judging.streams._judged) == 1
    running.master.addons.get("view").clear()
    del each
    gc.collect()
    assert not running.addon._judging.streams._judged


def test_what_the_filter_left_out_may_be_judged_when_it_ends(running: helpers.Proxy) -> None:
    """A filter that asks for the answer's length, say, selects nothing that has not ended."""
    each = streaming()
    running.set(cors_filter="~u nowhere")
    listed(running, each)
    running.set(cors_filter="")
    end(running, each)
    assert each.metadata["cors.verdict"] == "allow"


def test_only_what_is_new_is_looked_at(running: helpers.Proxy) -> None:
    """A list that was cleared, or whose newest flow was removed, is looked at whole, and nothing is judged twice."""
    view = running.master.addons.get("view")
    first, second, third = streaming(), streaming(), streaming()
    listed(running, first, second)
    view.remove([second])
    listed(running, third)
    view.clear()
    listed(running, third)
    assert sorted(line["flow_id"] for line in lines(running)) == sorted(each.id for each in (first, second, third))


def test_it_looks_every_second_where_there_is_a_list() -> None:
    """And stops when the addon goes; mitmdump has none."""

    async def timers(*others: Any) -> list[bool]:
        with helpers.proxy(*others) as proxy:
            proxy.addon.running()
            before = proxy.addon._judging.streams._timer is not None
            proxy.master.addons.remove(proxy.addon)
            return [before, proxy.addon._judging.streams._timer is not None]

    assert asyncio.run(timers(View())) == [True, False]
    assert asyncio.run(timers()) == [False, False]


def test_what_a_redirect_leads_to_may_begin_before_its_body_has_ended() -> None:
    """The browser follows it when it has the headers of an answer that streams."""
    each = actual(EVENTS)
    answer = response(each)
    assert answer.timestamp_start is not None
    assert answer.timestamp_end is not None
    answer.timestamp_end = answer.timestamp_start + 5.0
    assert translate.observation(each).ended == answer.timestamp_end
    answer.stream = True
    assert translate.observation(each).ended == answer.timestamp_start
