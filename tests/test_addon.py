"""The addon in mitmproxy: translation, annotations, options, commands, and that it fails open."""

import asyncio
import json
import logging
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mitmproxy import contentviews, eventsequence, exceptions, http
from mitmproxy.addons.mapremote import MapRemote
from mitmproxy.addons.view import View
from mitmproxy.flow import Error
from mitmproxy.options import Options
from mitmproxy.utils.emoji import emoji

from cors_addon.exchange.model import Judgement
from cors_addon.exchange.tracker import Tracker
from cors_addon.flows import translate, use
from cors_addon.proxy import addon as addon_module
from cors_addon.proxy import annotate, json_lines, judging
from cors_addon.proxy import settings as options_module
from cors_addon.session.session import Session
from tests import helpers
from tests.helpers import (
    ALLOW,
    ALLOW_PUT,
    API,
    FIREFOX,
    PAGE,
    START,
    actual,
    client,
    flow,
    preflight,
    proxy,
    saved_and_loaded,
    written,
)

ENTRY = Path(__file__).parents[1] / "cors_addon" / "__init__.py"
NO_BROWSER = "curl/8.14"


def lines(path: Path) -> list[dict[str, Any]]:
    written()
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


# ── which flows are looked at ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given_flow", "wanted"),
    [
        (flow(), False),
        (flow(request=[("Cookie", "a=b")]), True),
        (flow(request=[("origin", PAGE)]), True),
        (flow(request=[("ORIGIN", PAGE)]), True),
        (flow(request=[("X-Orig", PAGE)]), False),
        (flow(request=[("Sec-Fetch-Mode", "navigate"), ("Upgrade-Insecure-Requests", "1")]), True),
        (flow(request=[("Sec-Fetch-Mode", "no-cors")]), False),
        (flow(response=[("Set-Cookie", "a=b")]), True),
        (flow(response=[("set-cookie", "a=b")]), True),
        (flow(status=302, response=[("Location", "/elsewhere")]), True),
        (flow(status=304), False),
        (flow(status=None), False),
    ],
)
def test_use(given_flow: http.HTTPFlow, wanted: bool) -> None:
    assert (use.use_of(given_flow, Session()) == use.JUDGED) is wanted


@pytest.mark.parametrize(
    ("options", "image", "verdict"),
    [
        ({}, {"response": [("ETag", "x")]}, "deny"),
        ({}, {"response": [("last-modified", "x")]}, "allow"),
        ({}, {"response": [("ETag", "x")], "status": 206}, "allow"),
        ({}, {"response": [("ETag", "x")], "method": "POST"}, "allow"),
        ({}, {"response": [("ETag", "x")], "url": f"{API}/other"}, "allow"),
        ({"cors_filter": "! ~hs etag | ~c 304"}, {"response": [("ETag", "x")]}, "allow"),
    ],
)
def test_what_is_stored_without_cors_is_noticed(options: dict[str, str], image: dict[str, Any], verdict: str) -> None:
    """An image's answer, of no other use, decides on the 304 that confirms it to a cors request."""
    stored = flow(request=[("Sec-Fetch-Mode", "no-cors")], **image)
    confirmed = actual(request=[("If-None-Match", "x")], status=304, at=1)
    with proxy(**options) as running:
        assert use.use_of(stored, running.addon._session) != use.JUDGED
        running.pass_through(stored, confirmed)
    assert confirmed.metadata["cors.verdict"] == verdict
    assert not stored.metadata


COOKIE = ("Cookie", "a=b")
NAVIGATION = [("Sec-Fetch-Mode", "navigate"), ("Upgrade-Insecure-Requests", "1")]


@pytest.mark.parametrize(
    ("first", "second", "news"),
    [
        ([COOKIE], [COOKIE], False),
        (NAVIGATION, NAVIGATION, False),
        ([*NAVIGATION, COOKIE], NAVIGATION, False),
        ([*NAVIGATION, COOKIE], [COOKIE], False),
        ([COOKIE], NAVIGATION, False),
        (NAVIGATION, [COOKIE], True),
        ([("Origin", PAGE)], [COOKIE], True),
        ([("Origin", PAGE)], NAVIGATION, True),
    ],
)
def test_what_is_news_once_per_connection(
    first: list[tuple[str, str]], second: list[tuple[str, str]], news: bool
) -> None:
    """All further requests of the connection that bear no more than that are passed over."""
    with proxy() as running:
        session, connection = running.addon._session, client()
        assert use.use_of(flow(request=first, connection=connection), session)
        running.pass_through(flow(request=first, connection=connection))
        assert bool(use.use_of(flow(request=second, connection=connection), session)) is news
        assert use.use_of(flow(request=second, connection=client()), session)


# ── the URL as the browser used it ────────────────────────────────────────────────────────────────────────────────────

REVERSE = "reverse:http://127.0.0.1:9000"


def through(
    mode: str,
    url: str,
    *request: tuple[str, str],
    host: str | None = None,
    tls: bool = False,
    sni: str | None = None,
    sockname: tuple[str, int] = ("127.0.0.1", 8080),
) -> http.HTTPFlow:
    """A flow that mitmproxy passes on to `url`."""
    result = flow(url=url, request=request, connection=client(mode=mode, tls=tls, sni=sni, sockname=sockname))
    if host is not None:
        result.request.headers["host"] = host
    return result


@pytest.mark.parametrize(
    ("given_flow", "wanted"),
    [
        # the client names the target itself
        (flow(url="https://api.example.test/a?b=c"), "https://api.example.test/a?b=c"),
        (flow(url="http://api.example.test:8080/"), "http://api.example.test:8080/"),
        (through("regular", "https://API.example.test/x", tls=True), "https://api.example.test/x"),
        (through("upstream:http://proxy.test:1", "http://api.example.test/x"), "http://api.example.test/x"),
        # mitmproxy decodes IDNA, an Origin does not
        (through("regular", "http://bücher.example/x"), "http://xn--bcher-kva.example/x"),
        (through("regular", "http://straße.example/x"), "http://xn--strae-oqa.example/x"),
        # an addon (map_remote) sent it elsewhere
        (
            through("regular", "http://localhost:3000/x", tls=True, sni="api.example.test"),
            "https://api.example.test/x",
        ),
        (
            through(
                "regular", "http://127.0.0.1:3000/x", host="api.example.test:8443", tls=True, sni="api.example.test"
            ),
            "https://api.example.test:8443/x",
        ),
        # an address from the kernel, the name in the request
        (
            through("transparent", "https://192.0.2.1/x", host="api.example.test", tls=True),
            "https://api.example.test/x",
        ),
        (through("wireguard", "http://192.0.2.1/x", host="a.test:81"), "http://a.test:81/x"),
        (through("socks5", "http://192.0.2.1/x", host="a.test"), "http://a.test/x"),
        (through("transparent", "http://192.0.2.1/x", host="not a host"), "http://192.0.2.1/x"),
        # reverse: the listening address, or what is known of its name
        (through(REVERSE, "http://127.0.0.1:9000/x"), "http://127.0.0.1:8080/x"),
        (through(REVERSE, "http://127.0.0.1:9000/x", host="app.test:8080"), "http://app.test:8080/x"),
        (through(REVERSE, "http://127.0.0.1:9000/x", tls=True, sni="dev.test"), "https://dev.test:8080/x"),
        (
            through(REVERSE, "http://127.0.0.1:9000/x", tls=True, sni="dev.test", sockname=("192.0.2.1", 443)),
            "https://dev.test/x",
        ),
        (
            through(REVERSE, "http://127.0.0.1:9000/x", ("Referer", "http://localhost:8080/page")),
            "http://localhost:8080/x",
        ),
        (
            through(REVERSE, "http://127.0.0.1:9000/x", ("Referer", "http://127.evil.test:8080/page")),
            "http://127.0.0.1:8080/x",
        ),
        (
            through(REVERSE, "http://127.0.0.1:9000/x", ("Referer", "http://[::1]:8080/"), sockname=("::1", 8080)),
            "http://[::1]:8080/x",
        ),
        (
            through(REVERSE, "http://127.0.0.1:9000/x", ("Referer", "http://localhost:8080/"), sockname=("::1", 8080)),
            "http://localhost:8080/x",
        ),
        (
            through(REVERSE, "http://127.0.0.1:9000/x", ("Origin", "http://localhost:3000")),
            "http://127.0.0.1:8080/x",
        ),
        (
            through(REVERSE, "http://127.0.0.1:9000/x", ("Origin", "http://a.test"), sockname=("192.0.2.1", 80)),
            "http://192.0.2.1/x",
        ),
        (
            through(
                REVERSE,
                "http://127.0.0.1:9000/x",
                ("Origin", "http://a.test"),
                ("Sec-Fetch-Site", "same-origin"),
                sockname=("192.0.2.1", 80),
            ),
            "http://a.test/x",
        ),
        (through(REVERSE, "http://127.0.0.1:9000/x", sockname=("::1", 8080)), "http://[::1]:8080/x"),
    ],
)
def test_url(given_flow: http.HTTPFlow, wanted: str) -> None:
    assert str(translate.url(given_flow)) == wanted


def test_url_http2() -> None:
    """Over HTTP/2 the name stands in `:authority`."""
    given_flow = through("transparent", "https://192.0.2.1/x", tls=True)
    given_flow.request.http_version = "HTTP/2.0"
    given_flow.request.headers.pop("host")
    given_flow.request.data.authority = b"api.example.test:8443"
    assert str(translate.url(given_flow)) == "https://api.example.test:8443/x"
    assert translate.observation(given_flow).http2


# ── the answer that reached the client ────────────────────────────────────────────────────────────────────────────────

CUT = "HTTP/1 protocol error: peer closed connection without sending complete message body"
OWN: tuple[int, list[Any]] = (502, [])


def broken(message: str, *, status: int | None = 200, live: bool = True, streamed: bool = False) -> http.HTTPFlow:
    result = flow(status=status, error=message, live=live, response=[("A", "b")])
    if result.response is not None:
        result.response.stream = streamed
        result.response.timestamp_end = None
    return result


def half_sent() -> http.HTTPFlow:
    result = broken("HTTP/1 protocol error: too little data", status=None)
    result.request.timestamp_end = None
    return result


def hung_up() -> http.HTTPFlow:
    result = broken("peer closed connection", status=None)
    assert result.error is not None
    result.client_conn.timestamp_end = result.error.timestamp
    result.server_conn.timestamp_end = None
    return result


@pytest.mark.parametrize(
    ("given_flow", "status", "has_headers"),
    [
        (flow(response=[("A", "b")]), 200, True),
        (flow(status=None), None, False),
        (flow(status=0), None, False),  # a HAR
        (broken("[Errno 111] Connect call failed", status=None), 502, False),
        (broken("server closed connection", status=None), 502, False),
        (broken(CUT), 502, False),
        (broken(CUT, streamed=True), 200, True),
        (broken(CUT, live=False), 200, True),
        (broken(Error.KILLED_MESSAGE, status=None), None, False),
        (broken(Error.KILLED_MESSAGE), None, False),
        (broken(Error.KILLED_MESSAGE, live=False), None, False),
        (broken("Client disconnected.", status=None), None, False),
        (broken("stream reset by client (CANCEL)", status=None), None, False),
        (broken("stream reset by client (INTERNAL_ERROR)", status=None), 502, False),
        (broken("Request body exceeds mitmproxy's body_size_limit.", status=None), 413, False),
        (broken("Response body exceeds mitmproxy's body_size_limit."), 502, False),
        (broken("Received header name '' from client, refusing to prevent", status=None), 400, False),
        (broken("Received header name '' from server, refusing to prevent"), 502, False),
        (half_sent(), None, False),
        (hung_up(), None, False),
    ],
)
def test_answer(given_flow: http.HTTPFlow, status: int | None, has_headers: bool) -> None:
    got, got_fields = translate.answer(given_flow)
    assert got == status
    assert bool(got_fields) is has_headers


def test_own_page_is_remembered_in_a_dump(tmp_path: Path) -> None:
    """Live, we know that mitmproxy answered in the server's place; a recording alone does not tell."""
    file = tmp_path / "out.jsonl"
    live = actual(ALLOW, error=CUT)
    with proxy(cors_jsonl=str(file)) as running:
        running.addon.error(live)
        live.live = False
        [loaded] = helpers.saved_and_loaded(live)
        running.pass_through(loaded)
    assert [line["verdict"] for line in lines(file)] == ["deny", "deny"]


# ── one observation ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_observation() -> None:
    given_flow = flow(b"patch", request=[("X", b"\xff")], response=[("Y", "z")], at=1.0, took=0.5)
    seen = translate.observation(given_flow)
    assert (seen.method, seen.client, seen.started, seen.ended) == (b"patch", "192.0.2.7", START + 1, START + 1.5)
    assert seen.request[-1] == (b"X", b"\xff")
    assert seen.response == ((b"Y", b"z"),)
    assert seen.connection == given_flow.client_conn.id
    assert not seen.http2
    assert not seen.has_body


@pytest.mark.parametrize(
    ("content", "header", "wanted"),
    [
        (b"", None, False),
        (b"x", None, True),
        (None, None, False),
        (None, ("Content-Length", "3"), True),
        (None, ("Content-Length", "0"), False),
        (None, ("Transfer-Encoding", "chunked"), True),
    ],
)
def test_has_body(content: bytes | None, header: tuple[str, str] | None, wanted: bool) -> None:
    given_flow = flow("POST", request=[header] if header else [])
    given_flow.request.data.content = content
    assert translate.observation(given_flow).has_body is wanted


def test_no_client_address() -> None:
    """A HAR knows no client, an old dump perhaps none."""
    given_flow = flow()
    given_flow.client_conn.peername = None  # type: ignore[assignment]
    assert translate.observation(given_flow).client is None


# ── annotations ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [annotate.ALLOWED, annotate.DENIED, annotate.DEPENDS, annotate.CONTRADICTED])
def test_markers_are_known_to_mitmproxy(name: str) -> None:
    """The console shows only the first code point."""
    assert len(emoji[name]) == 1


def test_denied_preflight() -> None:
    denied = preflight(ALLOW)
    with proxy() as running:
        running.pass_through(denied)
    assert denied.marked == ":x:"
    assert denied.comment == "✗ PUT · CORS: PUT is not in Allow-Methods (absent)"
    assert denied.metadata == {
        "cors.verdict": "deny",
        "cors.role": "preflight",
        "cors.engine": "chromium",
        "cors.certainty": "inferred",
        "cors.origin": PAGE,
        "cors.reason": "method-not-allowed",
        "cors.detail": "PUT",
        "cors.blocked_by": "cors",
        "cors.blocked_detail": "PUT",
        "cors.credentials": "unknown",
        "cors.if_credentialed": "deny",
        "cors.comment": denied.comment,
        "cors.marker": ":x:",
    }


def test_metadata_is_plain_text() -> None:
    """An enum in the metadata would not survive a dump."""
    denied = preflight(ALLOW)
    with proxy() as running:
        running.pass_through(denied)
    assert {type(value) for value in denied.metadata.values()} == {str}
    [loaded] = helpers.saved_and_loaded(denied)
    assert loaded.metadata == denied.metadata


def test_pair_is_completed() -> None:
    """The older flow learns of the younger, and the lists are refreshed."""
    asked, sent = preflight(ALLOW_PUT), actual(ALLOW, method="PUT", at=0.1)
    refreshed: list[str] = []

    class Listener:
        def update(self, flows: list[http.HTTPFlow]) -> None:
            refreshed.extend(each.id for each in flows)

    with proxy() as running:
        running.context.master.addons.add(Listener())
        running.pass_through(asked)
        assert "cors.pair" not in asked.metadata
        running.pass_through(sent)
    assert asked.metadata["cors.pair"] == sent.id
    assert sent.metadata["cors.pair"] == asked.id
    assert sent.metadata["cors.preflight"] == "sent"
    assert sent.comment == "✓ CORS (after its preflight)"
    assert refreshed == [asked.id]


def test_not_cors_is_left_alone() -> None:
    """Roles that CORS does not concern get metadata at most."""
    form = flow("POST", request=[("Origin", PAGE), ("Sec-Fetch-Mode", "navigate")])
    plain = flow()
    with proxy() as running:
        running.pass_through(form, plain)
    assert (form.comment, form.marked, form.metadata["cors.role"]) == ("", "", "navigation")
    assert (plain.comment, plain.marked, plain.metadata) == ("", "", {})


@pytest.mark.parametrize(
    ("choice", "comment", "marker"),
    [("all", True, True), ("comment", True, False), ("marker", False, True), ("none", False, False)],
)
def test_cors_annotate(choice: str, comment: bool, marker: bool) -> None:
    denied = preflight(ALLOW)
    with proxy(cors_annotate=choice) as running:
        running.pass_through(denied)
    assert (bool(denied.comment), bool(denied.marked)) == (comment, marker)
    assert denied.metadata["cors.verdict"] == "deny"


def test_users_own_stays() -> None:
    """Neither a comment nor a marker of the user's is overwritten, nor one that replaced or removed ours."""
    own, edited, removed = preflight(ALLOW), preflight(ALLOW, at=1), preflight(ALLOW, at=2)
    own.comment, own.marked = "mine", ":grapes:"
    with proxy() as running:
        running.pass_through(own, edited, removed)
        edited.comment, edited.marked = "mine now", ":grapes:"
        removed.comment = removed.marked = ""
        running.pass_through(own, edited, removed)
    assert (own.comment, own.marked) == ("mine", ":grapes:")
    assert (edited.comment, edited.marked) == ("mine now", ":grapes:")
    assert (removed.comment, removed.marked) == ("", "")
    assert own.metadata["cors.verdict"] == "deny"


def test_ours_is_replaced_even_after_a_dump() -> None:
    """A dump remembers which words were ours: a later session may replace those, and only those."""
    mine, ours = preflight(ALLOW), preflight(ALLOW, at=1)
    with proxy() as running:
        running.pass_through(mine, ours)
    mine.comment = "kept"
    mine, ours = helpers.saved_and_loaded(mine, ours)
    for each in (mine, ours):
        assert each.response is not None
        each.response.headers["access-control-allow-methods"] = "PUT"
        each.response.headers["access-control-allow-credentials"] = "true"
    with proxy() as running:
        running.pass_through(mine, ours)
    assert mine.comment == "kept"
    assert ours.comment == "✓ CORS for PUT, reusable 5 s"
    assert (mine.marked, ours.marked) == (":white_check_mark:", ":white_check_mark:")
    assert "cors.reason" not in ours.metadata


def test_others_metadata_stays() -> None:
    denied = preflight(ALLOW)
    denied.metadata["other"] = 1
    held = denied.metadata
    with proxy() as running:
        running.pass_through(denied)
    assert denied.metadata is held
    assert held["other"] == 1


def test_no_browser() -> None:
    """A client that enforces nothing is named so, with what a browser would do."""
    asked = flow(request=[("Origin", PAGE)], agent=NO_BROWSER)
    with proxy() as running:
        running.pass_through(asked)
    assert asked.metadata["cors.role"] == "non-browser"
    assert asked.metadata["cors.verdict"] == "not-cors"
    assert asked.metadata["cors.hypothetical"] == "deny"
    assert asked.comment.startswith("– ✗ for a browser, which curl 8.14 is not: no Allow-Origin")
    assert asked.marked == ""


def test_replay_is_no_browser(tmp_path: Path) -> None:
    """A request that mitmproxy replays is judged for what a browser would have done, and pairs with nothing."""
    file = tmp_path / "out.jsonl"
    replayed = preflight(ALLOW)
    with proxy(cors_jsonl=str(file)) as running:
        running.pass_through(replayed)
        replayed.is_replay = "request"
        assert replayed.response is not None
        replayed.response.headers["access-control-allow-methods"] = "PUT"
        running.pass_through(replayed)
        sent = actual(ALLOW, method="PUT", at=1)
        running.pass_through(sent)
    assert replayed.comment == "– ✓ for a browser, which this client is not"
    written = [line for line in lines(file) if line["flow_id"] == replayed.id]
    assert {line["role"] for line in written} == {"preflight"}


def test_replay_of_a_copy(tmp_path: Path) -> None:
    """A duplicate that is replayed has an id, and so a line, of its own."""
    file = tmp_path / "out.jsonl"
    copy = preflight(ALLOW)
    copy.is_replay = "request"
    with proxy(cors_jsonl=str(file)) as running:
        running.pass_through(copy)
        assert "one would deny it: method-not-allowed" in running.command("cors.explain", copy)
    [line] = lines(file)
    assert [line["verdict"], line["role"]] == ["not-cors", "non-browser"]
    assert [line["hypothetical"], line["hypothetical_reason"]] == ["deny", "method-not-allowed"]


@given(
    st.lists(st.tuples(st.binary(max_size=12), st.binary(max_size=40)), max_size=6),
    st.lists(st.tuples(st.binary(max_size=12), st.binary(max_size=40)), max_size=6),
    st.binary(max_size=30),
    st.binary(max_size=12),
    st.sampled_from([None, 0, 101, 200, 204, 302, 304, 401, 502, 999]),
)
@example([], [], b"%\x80", b"", 302)
@settings(max_examples=60, deadline=None)
def test_hostile_bytes(
    request: list[tuple[bytes, bytes]],
    response: list[tuple[bytes, bytes]],
    value: bytes,
    method: bytes,
    status: int | None,
) -> None:
    """No bytes raise, and none reach comment, metadata or explanation raw."""
    hostile = [
        (b"access-control-allow-origin", value),
        (b"access-control-allow-methods", value + b"\x1b]0;x\x07"),
        (b"location", b"//" + value),
    ]
    given_flows = [
        flow(method, request=[("Origin", PAGE), *request], response=[*hostile, *response], status=status),
        flow(method, request=[("Origin", value), *request], response=[*hostile, *response], status=status),
        preflight([*hostile, *response], method="P\u202eUT", status=status or 200),
    ]
    with proxy() as running:
        for each in given_flows:
            running.addon.response(each)
            shown = [each.comment, *map(str, each.metadata.values())]
            for text in (*shown, running.addon._explaining.explain(each).replace("\n", "")):
                assert text.isprintable(), repr(text)
        assert len(running.addon._faults) == 0


# ── options ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("option", "value", "fault"),
    [
        ("cors_engine", "trident", "cors_engine: 'trident' is none of auto, chromium, gecko, webkit, fetch"),
        ("cors_annotate", "loud", "cors_annotate: 'loud' is none of comment, marker, all, none"),
        ("cors_filter", "~q (", "cors_filter: "),
        ("cors_jsonl", "/nowhere/at/all.jsonl", "cors_jsonl: the folder /nowhere/at does not exist"),
        ("cors_jsonl", "/", "cors_jsonl: / is a folder, not a file"),
    ],
)
def test_bad_option(option: str, value: str, fault: str) -> None:
    """A bad option names itself and its fault, and the old value stays in use."""
    with proxy() as running:
        with pytest.raises(exceptions.OptionsError) as caught:
            running.set(**{option: value})
        assert str(caught.value).startswith(fault)
        running.set(cors_engine="gecko")


def unopenable(_path: Path) -> Any:
    raise OSError(24, "Too many open files")


def test_of_what_is_set_together_all_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever of the options is bad."""
    good, bad, out = tmp_path / "good.yaml", tmp_path / "bad.yaml", tmp_path / "out.jsonl"
    good.write_text("policies: [strip]")
    bad.write_text("policies: [none]")
    with proxy(cors_jsonl=str(out)) as running:
        with pytest.raises(exceptions.OptionsError, match="cors_policy"):
            running.set(cors_policy=str(bad), cors_jsonl=str(tmp_path / "other.jsonl"))
        running.pass_through(actual([]))
        assert len(lines(out)) == 1
        monkeypatch.setattr(json_lines, "JsonLines", unopenable)
        with pytest.raises(exceptions.OptionsError, match="cors_jsonl: cannot open"):
            running.set(cors_policy=str(good), cors_jsonl=str(tmp_path / "other.jsonl"))
        assert running.addon._policies.all == []
        running.pass_through(actual([], at=1))
    assert len(lines(out)) == 2


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        ("cors_engine=trident", "cors_engine: 'trident' is none of auto, chromium, gecko, webkit, fetch"),
        ("cors_filter=~q(", "cors_filter: Invalid filter expression: '~q('"),
        ("cors_policy=/nonexistent", "cors_policy: cannot read /nonexistent: No such file or directory"),
    ],
)
def test_a_bad_option_at_the_start(setting: str, fault: str) -> None:
    """Its fault is all that mitmdump says before it ends."""
    line = [sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()", "-q", "-n"]
    done = subprocess.run(
        [*line, "-s", str(ENTRY), "--set", setting], capture_output=True, check=False, text=True, timeout=60
    )
    assert done.returncode == 1
    said = re.sub(r"^\[[\d:.]+\] ", "", done.stdout + done.stderr, flags=re.MULTILINE)
    assert said.splitlines() == [fault, "Error logged during startup, exiting..."]


def test_unwritable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "out.jsonl"
    file.touch()
    file.chmod(stat.S_IRUSR)
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write anything
    with proxy() as running, pytest.raises(exceptions.OptionsError, match="is not writable"):
        running.set(cors_jsonl=str(file))


NAMES = ", ".join(sorted(options_module.NAMES))


def test_an_option_that_does_not_exist_is_pointed_out() -> None:
    """mitmproxy itself says nothing; options of others are none of our business."""
    options = Options()
    options.set("cors_polcy=x.yaml", "cors_zzzzzz=1", "other=3", defer=True)
    said = list(options_module.unknown(options))
    assert said[0] == "There is no option cors_polcy, and nothing came of it; did you mean cors_policy?"
    assert said[1:] == [f"There is no option cors_zzzzzz, and nothing came of it; known are {NAMES}."]


def test_every_option_is_declared() -> None:
    with proxy() as running:
        declared = {name for name in running.options.keys() if name.startswith("cors_")}  # noqa: SIM118
    assert declared == options_module.NAMES


def test_cors_filter() -> None:
    inside, outside = preflight(ALLOW), flow(url="https://other.test/", request=[("Origin", PAGE)])
    with proxy(cors_filter="~d api.example.test") as running:
        running.pass_through(inside, outside)
    assert inside.metadata
    assert not outside.metadata


def test_cors_engine() -> None:
    """The engine may be forced, and changed while running."""
    first, second = preflight(ALLOW, agent=FIREFOX), preflight(ALLOW, agent=FIREFOX, at=1)
    with proxy(cors_engine="webkit") as running:
        running.pass_through(first)
        running.set(cors_engine="auto")
        running.pass_through(second)
    assert (first.metadata["cors.engine"], second.metadata["cors.engine"]) == ("webkit", "gecko")


def test_jsonl_is_appended_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`tail -f` shows a line when it is written; `~` is a home; an existing file is kept."""
    monkeypatch.setenv("HOME", str(tmp_path))
    file = tmp_path / "out.jsonl"
    file.write_text('{"flow_id": "earlier"}\n')
    asked, sent = preflight(ALLOW_PUT), actual(ALLOW, method="PUT", at=0.1)
    with proxy(cors_jsonl="~/out.jsonl") as running:
        running.pass_through(asked)
        assert [line["flow_id"] for line in lines(file)] == ["earlier", asked.id]
        running.pass_through(sent)
        written = [(line["flow_id"], line.get("revision")) for line in lines(file)[1:]]
        assert written == [(asked.id, 1), (sent.id, 1), (asked.id, 2)]
        running.set(cors_jsonl="")
        running.pass_through(preflight(ALLOW, at=5))
        assert len(lines(file)) == 4


def test_jsonl_that_fails_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A full disk never reaches the traffic."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    first, second = preflight(ALLOW), preflight(ALLOW, at=1)
    with proxy(cors_jsonl=str(full)) as running:
        running.pass_through(first, second)
    assert first.metadata
    assert second.metadata
    first_said, last_said = [record.getMessage() for record in caplog.records if "/dev/full" in record.getMessage()]
    assert first_said == "cors_jsonl: cannot write to /dev/full: No space left on device. Lines wait."
    assert re.fullmatch(
        r"cors_jsonl: /dev/full lacks the last lines \([0-9,]+ bytes; 0 were dropped\): No space left on device",
        last_said,
    )


# ── it fails open ─────────────────────────────────────────────────────────────────────────────────────────────────────


def failing(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError("ours")


BREAKAGES: list[Callable[[pytest.MonkeyPatch], None]] = [
    lambda patch: patch.setattr(Tracker, "observe", failing),
    lambda patch: patch.setattr(translate, "observation", failing),
    lambda patch: patch.setattr("cors_addon.report.text.comment", failing),
    lambda patch: patch.setattr(addon_module, "use_of", failing),
    lambda patch: patch.setattr("cors_addon.proxy.publishing._annotate", failing),
]


@pytest.mark.parametrize("break_it", BREAKAGES)
def test_fails_open(
    break_it: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever breaks, the exchange stays as it was, and the fault is said once."""
    flows = [preflight(ALLOW, at=at) for at in range(3)]
    before = [(each.request.get_state(), each.response and each.response.get_state()) for each in flows]
    with proxy() as running:
        break_it(monkeypatch)
        for each in flows:
            running.addon.response(each)
            running.addon.error(each)
        monkeypatch.undo()
    assert [(each.request.get_state(), each.response and each.response.get_state()) for each in flows] == before
    said = [record for record in caplog.records if "cors_addon failed" in record.getMessage()]
    assert len(said) == 1
    assert "Traceback (most recent call last)" in said[0].getMessage()


def test_a_fault_during_start_is_a_warning(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """In its first moments mitmproxy exits when an error is logged, and files are read then."""
    with proxy() as running:
        monkeypatch.setattr(Tracker, "observe", failing)
        running.pass_through(preflight(ALLOW))
        running.addon._come_up()
        running.pass_through(preflight(ALLOW))
        monkeypatch.undo()
    levels = [record.levelno for record in caplog.records if "cors_addon failed" in record.getMessage()]
    assert levels == [logging.WARNING, logging.ERROR]


@pytest.mark.parametrize(
    "failing_step", ["cors_addon.exchange.tracker.Tracker.finish", "cors_addon.proxy.json_lines.JsonLines.close"]
)
def test_done_never_raises(failing_step: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And what fails leaves the rest to be done: the report is written, and nothing of ours stays behind."""
    report = tmp_path / "report.html"
    with proxy(cors_jsonl=str(tmp_path / "lines"), cors_report=str(report)) as running:
        running.pass_through(preflight(ALLOW))
        monkeypatch.setattr(failing_step, failing)
        running.addon.done()
        monkeypatch.undo()
        assert report.exists()
        assert "cors" not in contentviews.registry
        assert not [name for name in running.master.commands.commands if name.startswith("cors.")]


# ── in mitmproxy ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_hooks() -> None:
    """Each further hook costs 0.4 % of all that mitmproxy does: a name that is a hook must not slip in."""
    from mitmproxy.hooks import all_hooks

    assert {name for name in dir(addon_module.CorsAddon()) if name in all_hooks} == {"load", *addon_module.HOOKS}
    assert len(addon_module.HOOKS) == 8


@pytest.mark.parametrize(
    ("port", "live", "found"), [(0, False, "sent"), (50000, False, "unseen"), (50000, True, "unseen")]
)
def test_the_times_of_a_har(port: int, live: bool, found: str) -> None:
    """Those of a HAR, as mitmproxy reads one, are rounded; a proxy's own are exact: what ends later permits nothing."""
    read = client(peername=("192.0.2.7", 0))
    with proxy() as running:
        running.pass_through(actual(ALLOW, live=False, connection=read))  # a HAR's, before
        connections = [client(peername=("192.0.2.7", port)) for _ in range(2)]
        asked = preflight(ALLOW_PUT, live=live, connection=connections[0], at=1.0, took=0.012)
        sent = actual(ALLOW, method="PUT", live=live, connection=connections[1], at=1.011)
        running.pass_through(asked, sent)
        assert sent.metadata["cors.preflight"] == found


def test_reload() -> None:
    """`done` leaves nothing behind, so that the script may be loaded again."""
    with proxy() as running:
        commands = running.master.commands.commands
        assert {"cors.explain", "cors.pair"} <= set(commands)
        assert "cors" in contentviews.registry
        running.master.addons.remove(running.addon)
        assert not {"cors.explain", "cors.pair"} & set(commands)
        assert "cors" not in contentviews.registry
        again = addon_module.CorsAddon()
        running.master.addons.add(again)
        assert {"cors.explain", "cors.pair"} <= set(commands)
        assert list(contentviews.registry).count("cors") == 1
        running.master.addons.remove(again)


def test_an_older_view_is_not_taken_away() -> None:
    """Two copies loaded one after the other: the one that goes first leaves the other's view."""
    with proxy() as running:
        later = addon_module.CorsAddon()
        later.load(running.loader())
        running.addon.done()
        assert contentviews.registry["cors"] is later._view
        later.done()
        assert "cors" not in contentviews.registry


def test_two_copies(tmp_path: Path) -> None:
    """Loaded side by side, both judge, and neither keeps the other from rewriting."""
    policy = tmp_path / "cors.yaml"
    policy.write_text("policies: [allow]\n")
    with proxy() as running:
        other: Any = addon_module.CorsAddon()
        other.name = "other"  # a script goes by the name of its file
        running.master.addons.add(other)
        running.set(cors_policy=str(policy))
        for remaining in range(2):
            allowed = actual()
            running.pass_through(allowed)
            assert allowed.metadata["cors.verdict"] == "allow"
            assert allowed.metadata["cors.rewritten"] == "allow"
            if not remaining:
                running.master.addons.remove(other)


def web() -> Any:
    class Web:
        name = "web"

        def load(self, loader: Any) -> None:
            loader.add_option("web_columns", helpers.COLUMNS, ["path", "status"], "")

    return Web()


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        ({}, ["path", "status", "comment"]),
        ({"web_columns": ["path"]}, ["path"]),
        ({"cors_annotate": "marker"}, ["path", "status"]),
    ],
)
def test_comments_are_shown_in_mitmweb(options: dict[str, Any], columns: list[str]) -> None:
    """Unless the user chose the columns."""

    async def start() -> None:
        with proxy(web(), **options) as running:
            running.addon.running()
            assert running.options.web_columns == columns
            running.master.addons.remove(running.addon)
            assert running.options.web_columns == [name for name in columns if name != "comment"]

    asyncio.run(start())


def test_intercepted_response_is_judged_when_resumed() -> None:
    """What the user makes of it is what the browser gets."""

    async def play() -> None:
        with proxy() as running:
            running.addon._judging.intercepting = True
            held = preflight(ALLOW)
            running.addon.response(held)
            held.intercept()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert held.metadata == {}
            assert held.response is not None
            held.response.headers["access-control-allow-methods"] = "PUT"
            held.resume()
            await helpers.until(lambda: held.metadata)
            assert held.metadata["cors.verdict"] == "allow"

    asyncio.run(play())


def test_end_of_a_file_settles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Interactive front ends have no word for the end of a file; what nothing followed is judged with hindsight."""
    monkeypatch.setattr(judging, "_SETTLE_LOADED_AFTER", 0.02)
    settled: list[float] = []

    def settle(_self: Tracker, now: float) -> list[Judgement]:
        settled.append(now)
        return []

    monkeypatch.setattr(Tracker, "settle", settle)

    async def play() -> None:
        with proxy() as running:
            loop, timers = asyncio.get_running_loop(), []
            call_later = loop.call_later

            def counted(*arguments: Any) -> asyncio.TimerHandle:
                timers.append(call_later(*arguments))
                return timers[-1]

            monkeypatch.setattr(loop, "call_later", counted)
            running.pass_through(*(preflight(ALLOW, live=False, at=index / 100) for index in range(100)))
            assert len(timers) == 1  # a file is read without a return to the loop: more would pile up
            count = len(settled)
            await helpers.until(lambda: len(settled) > count)
            looks = [timer for timer in timers if "futures" not in repr(timer)]  # but for those of waiting itself
            await helpers.until(lambda: all(timer.when() < loop.time() for timer in looks))
            assert len(settled) == count + 1
            assert settled[-1] > START + 60

    asyncio.run(play())


def test_forgotten_flows_are_forgotten() -> None:
    """Nothing here keeps a flow alive that mitmproxy has dropped."""
    import gc

    with proxy() as running:
        for index in range(50):
            running.pass_through(preflight(ALLOW, at=index))
        gc.collect()
        assert len(running.addon._flows._seen) == 0


# ── commands ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_explain_and_pair(caplog: pytest.LogCaptureFixture) -> None:
    """In mitmweb the text goes to the event log; going to the counterpart goes round."""
    caplog.set_level(logging.INFO)
    view = View()
    asked, sent, lone = preflight(ALLOW_PUT), actual(ALLOW, method="PUT", at=0.1), flow(at=9)
    with proxy(view) as running:
        running.pass_through(asked, sent, lone)
        view.add([asked, sent, lone])
        answer = running.command("cors.explain", sent)
        assert answer.startswith(
            "✓ ALLOWED · the page gets the answer · Chromium 156 · PUT https://api.example.test/items/1 · "
        )
        assert "✓ Access-Control-Allow-Origin: https://app.example.test" in caplog.text
        assert sent.id in running.command("cors.pair", asked)
        assert view.focus.flow is sent
        assert asked.id in running.command("cors.pair", sent)
        assert view.focus.flow is asked
        with pytest.raises(exceptions.CommandError, match="no counterpart"):
            running.command("cors.pair", lone)
        view.remove([sent])
        with pytest.raises(exceptions.CommandError, match="no longer in the list"):
            running.command("cors.pair", asked)


def test_commands_in_the_console() -> None:
    """There the explanation is the result, which the console opens in a viewer, and pairing moves the focus."""

    class Console:
        def load(self, loader: Any) -> None:
            loader.add_command("console.view.flow", self.nothing)

        def nothing(self) -> None:
            """Stands for the console's own."""

    view = View()
    asked, sent = preflight(ALLOW_PUT), actual(ALLOW, method="PUT", at=0.1)
    with proxy(view, Console()) as running:
        running.pass_through(asked, sent)
        view.add([asked, sent])
        rows = running.command("cors.explain", sent)
        assert rows[0].startswith("✓ ALLOWED")
        assert "     ✓ Access-Control-Allow-Origin: https://app.example.test" in rows
        assert running.command("cors.pair", sent) is None
        assert view.focus.flow is asked
        view.set_filter_cmd("~m PUT")
        with pytest.raises(exceptions.CommandError, match="hidden by the view's filter"):
            running.command("cors.pair", sent)


def test_signatures_are_known_to_mitmproxy() -> None:
    """mitmproxy warns, and drops a command, where a parameter has a type that it cannot parse."""
    with proxy() as running:
        for name in ("cors.explain", "cors.pair"):
            command = running.master.commands.commands[name]
            assert "flow" in command.signature_help()
            assert command.help


def test_without_a_list() -> None:
    """mitmdump has none."""
    with proxy() as running, pytest.raises(exceptions.CommandError, match="no list of flows"):
        running.command("cors.pair", preflight(ALLOW))


def test_explain_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy() as running:
        given_flow = preflight(ALLOW)
        running.pass_through(given_flow)
        monkeypatch.setattr("cors_addon.report.explanation.explain", failing)
        with pytest.raises(exceptions.CommandError, match="failed to explain"):
            running.command("cors.explain", given_flow)


def test_map_remote_over_plain_http() -> None:
    """The browser's own URL is noted before the request is led elsewhere: there it asked its page's own origin."""
    page = "http://app.example.test"
    with proxy(MapRemote()) as running:
        assert "requestheaders" not in vars(running.addon)
        running.set(map_remote=["|//app.example.test/api|//localhost:3000/api"])
        mapped = flow("POST", f"{page}/api/x", [("Origin", page), ("Content-Type", "application/json")])
        for event in eventsequence.iterate(mapped):
            running.master.addons.invoke_addon_sync(running.addon, event)
            if event.name == "request":
                mapped.request.url = "http://localhost:3000/api/x"  # as MapRemote does where no answer is there yet
        assert str(translate.url(mapped)) == f"{page}/api/x"
        assert mapped.metadata["cors.role"] == "same-origin"
        [again] = saved_and_loaded(mapped)
        assert str(translate.url(again)) == f"{page}/api/x"
        running.set(map_remote=[])
        assert "requestheaders" not in vars(running.addon)
