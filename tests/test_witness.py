"""The witness in mitmproxy: what gets it, what is left alone, and reports that nobody else sees."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import exceptions, http
from mitmproxy.flow import Error

from cors_addon.exchange.page_call import Scene
from cors_addon.proxy.witness import script
from cors_addon.proxy.witness.page_notes import MAX_REQUESTS
from cors_addon.proxy.witness.tokens import PREFIX, Tokens
from cors_addon.proxy.witness.witness import LONGEST_REPORT
from cors_addon.session import page_log
from tests.helpers import ALLOW, CHROMIUM, FIREFOX, PAGE, Lines, Proxy, actual, flow, proxy, response, written

HTML = [("Content-Type", "text/html; charset=utf-8")]
BODY = b"<!doctype html><html><head><title>x</title></head><body><script>1</script></body></html>"
DOCUMENT = [("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Mode", "navigate"), ("Accept", "text/html")]


def document(headers: Lines = HTML, body: bytes = BODY, request: Lines = DOCUMENT, **more: Any) -> http.HTTPFlow:
    """A page and its answer."""
    lines = [*headers, ("Content-Length", str(len(body)))]
    return flow(url=f"{PAGE}/page", request=request, response=lines, body=body, **more)


@pytest.fixture
def running() -> Iterator[Proxy]:
    """The addon with the witness on."""
    with proxy(cors_witness="true") as one:
        yield one


def witnessed(one: http.HTTPFlow) -> bytes | None:
    """The path that the witness in an answer reports to; None where there is none."""
    body = response(one).content or b""
    at = body.find(b'{"report": "')
    return None if at < 0 else body[at + 12 : body.index(b'"', at + 12)]


# ---- what gets it ----

LEFT_ALONE: dict[str, Any] = {
    "a fetch": {"request": [("Sec-Fetch-Dest", "empty"), ("Accept", "*/*")]},
    "an image": {"request": [("Sec-Fetch-Dest", "image")]},
    "a script": {"request": [("Sec-Fetch-Dest", "script")]},
    "a fragment over http": {"request": [("Accept", "text/html, */*")]},
    "JSON": {"headers": [("Content-Type", "application/json")]},
    "XHTML": {"headers": [("Content-Type", "application/xhtml+xml")]},
    "a download": {"headers": [*HTML, ("Content-Disposition", "Attachment; filename=a")]},
    "a redirect": {"status": 302},
    "a confirmation": {"status": 304, "body": b""},
    "nothing": {"status": 204, "body": b""},
    "a part": {"status": 206},
    "a part that was asked for": {"request": [*DOCUMENT, ("Range", "bytes=0-")]},
    "no-transform": {"headers": [*HTML, ("Cache-Control", "max-age=1, No-Transform")]},
    "UTF-16": {"headers": [("Content-Type", "text/html; charset=UTF-16LE")]},
    "UTF-16 by its mark": {"headers": [("Content-Type", "text/html")], "body": BODY.decode().encode("utf-16")},
    "an unknown coding": {"headers": [*HTML, ("Content-Encoding", "dcb")]},
    "a policy without a way": {"headers": [*HTML, ("Content-Security-Policy", "script-src 'strict-dynamic'")]},
    "a recording": {"live": False},
    "a policy in the markup": {"body": b"<meta http-equiv=content-security-policy content=\"default-src 'none'\">"},
}


@pytest.mark.parametrize("how", LEFT_ALONE.values(), ids=LEFT_ALONE.keys())
def test_what_must_not_be_touched_is_left_alone(running: Proxy, how: dict[str, Any]) -> None:
    """Each byte and each header of it."""
    one = document(**how)
    before = response(one).copy()
    running.pass_through(one)
    assert response(one).get_state() == before.get_state()
    why = one.metadata.get("cors.witness")
    assert why is None or len(why) > 5


def test_it_may_be_a_head(running: Proxy) -> None:
    """Which has the length of what a GET gets."""
    one = flow("HEAD", f"{PAGE}/page", DOCUMENT, response=[*HTML, ("Content-Length", "999")])
    running.pass_through(one)
    assert response(one).headers["content-length"] == "999"


@pytest.mark.parametrize("dest", ["document", "iframe", "frame", "embed", "object"])
@pytest.mark.parametrize("status", [200, 404, 500])
def test_documents_get_it_first_of_all(running: Proxy, dest: str, status: int) -> None:
    """An error's page, too."""
    one = document(request=[("Sec-Fetch-Dest", dest)], status=status)
    running.pass_through(one)
    head, _, rest = (response(one).content or b"").partition(b"<script>")
    assert head == b"<!doctype html><html><head>"
    assert rest.partition(b"</script>")[2] == BODY.partition(b"<head>")[2]
    assert response(one).headers["content-length"] == str(len(response(one).raw_content or b""))
    assert one.metadata["cors.witness"] == "put in"
    assert b"\n" not in (response(one).content or b"")


def test_a_navigation_over_plain_http_is_known_by_what_it_accepts(running: Proxy) -> None:
    """Browsers send no metadata there."""
    accepts = [("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")]
    one = flow(url="http://app.example.test/", request=accepts, response=HTML, body=BODY)
    running.pass_through(one)
    assert witnessed(one)


@pytest.mark.parametrize("dest", ["worker", "sharedworker", "serviceworker"])
def test_workers_get_it_and_keep_their_directive(running: Proxy, dest: str) -> None:
    """In the line in which they begin."""
    request = [("Sec-Fetch-Dest", dest)]
    one = flow(
        url=f"{PAGE}/w.js", request=request, response=[("Content-Type", "text/javascript")], body=b"'use strict'\nx()"
    )
    running.pass_through(one)
    content = response(one).content or b""
    assert content.startswith(b'"use strict";(function')
    assert content.endswith(b";'use strict'\nx()")
    assert content.count(b"\n") == 1


def test_a_service_worker_is_the_same_each_time(running: Proxy) -> None:
    """Else the browser would take it for a new version."""
    made = [flow(url=f"{PAGE}/sw.js", request=[("Sec-Fetch-Dest", "serviceworker")], body=b"x") for _ in range(2)]
    running.pass_through(*made)
    first, second = (response(one).content for one in made)
    assert first == second
    assert first is not None
    assert len(first) > 1000


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_what_is_packed_is_unpacked(running: Proxy, coding: str) -> None:
    """The client is near."""
    one = document()
    response(one).encode(coding)
    running.pass_through(one)
    assert witnessed(one)
    assert "content-encoding" not in response(one).headers


def test_the_encoding_moves_to_the_head(running: Proxy) -> None:
    """For in the document it comes too late now."""
    body = b"<title>x</title><meta charset=windows-1251>\xcf\xf0"
    one = document([("Content-Type", "text/html")], body)
    running.pass_through(one)
    assert response(one).headers["content-type"] == "text/html; charset=windows-1251"
    assert (response(one).raw_content or b"").endswith(body)


def test_a_policy_gets_what_it_lacks(running: Proxy) -> None:
    """And the script's own nonce is that of the policy."""
    one = document([*HTML, ("Content-Security-Policy", "script-src 'nonce-abc'; connect-src 'none'")])
    running.pass_through(one)
    assert b'<script nonce="abc">' in (response(one).content or b"")
    path = (witnessed(one) or b"").decode()
    wanted = f"script-src 'nonce-abc'; connect-src {PAGE}{path}"
    assert response(one).headers["content-security-policy"] == wanted


def test_only_what_the_filter_selects(running: Proxy) -> None:
    """Of two pages one."""
    running.set(cors_witness="~u other")
    one, other = document(), document()
    other.request.path = "/other"
    running.pass_through(one, other)
    assert witnessed(one) is None
    assert witnessed(other)


def test_a_filter_must_parse() -> None:
    """Or it is said what is accepted."""
    with proxy() as one, pytest.raises(exceptions.OptionsError, match="true, false or a filter"):
        one.set(cors_witness="~u")


def test_off_there_are_no_hooks_of_it() -> None:
    """They come with it."""
    with proxy() as one:
        assert not {"requestheaders", "responseheaders"} & vars(one.addon).keys()
        running_ = document()
        one.pass_through(running_)
        assert witnessed(running_) is None
        assert "cors.witness" not in running_.metadata
        assert one.command("cors.witness", "on").startswith("The witness is on: reload the page.")
        later = document()
        one.pass_through(later)
        assert witnessed(later)
        one.command("cors.witness", "off")
        last = document()
        one.pass_through(last)
        assert witnessed(last) is None
        with pytest.raises(exceptions.CommandError):
            one.command("cors.witness", "perhaps")


# ---- what streams ----


def streamed(running: Proxy, one: http.HTTPFlow, pieces: list[bytes]) -> list[bytes]:
    """What a document that streams in these pieces is passed on in."""
    response(one).stream = True
    vars(running.addon)["responseheaders"](one)
    stream = response(one).stream
    if not callable(stream):
        return pieces
    return [bytes(stream(piece)) for piece in [*pieces, b""]]  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
@pytest.mark.parametrize("packed", [False, True])
def test_a_document_that_streams_gets_it_on_the_way(running: Proxy, size: int, packed: bool) -> None:
    """And nothing is held back once the place is there."""
    body = BODY + b"<p>" * 500
    sent = gzip.compress(body) if packed else body
    one = document([*HTML, *([("Content-Encoding", "gzip")] if packed else [])], sent)
    got = streamed(running, one, [sent[at : at + size] for at in range(0, len(sent), size)])
    head, _, rest = b"".join(got).partition(b"<script>")
    assert head + rest.partition(b"</script>")[2] == body
    assert "content-length" not in response(one).headers
    assert response(one).headers["transfer-encoding"] == "chunked"
    assert one.metadata["cors.witness"] == "put in"
    if not packed and size == 50:
        assert sum(map(len, got[:2])) > 50


def test_its_encoding_is_waited_for(running: Proxy) -> None:
    """The script comes behind it, for the head has been sent."""
    one = document([("Content-Type", "text/html")])
    pieces = [b"<!doctype html><html><head>", b"<meta charset=euc-jp>", b"<script src=x></script>"]
    made = b"".join(streamed(running, one, pieces))
    assert made.startswith(b"<!doctype html><html><head><meta charset=euc-jp><script>(function")
    assert made.endswith(b"<script src=x></script>")


def test_a_stream_that_never_shows_a_place_goes_on(running: Proxy) -> None:
    """At the latest when so much has come."""
    one = document()
    got = streamed(running, one, [b"<!--" + b"x" * 50_000, b"y" * 50_000])
    assert len(b"".join(got)) > 100_000


def test_streams_that_are_left_alone(running: Proxy) -> None:
    """A worker, another's coding, another addon's hands."""
    for one in (
        document([*HTML, ("Content-Encoding", "br")]),
        flow(url=f"{PAGE}/w.js", request=[("Sec-Fetch-Dest", "worker")], response=HTML),
    ):
        before = response(one).headers.fields
        assert streamed(running, one, [b"a"]) == [b"a"]
        assert response(one).headers.fields == before
    one = document()
    response(one).stream = zlib.compress
    vars(running.addon)["responseheaders"](one)
    assert response(one).stream is zlib.compress


# ---- reports ----


def reporting(
    path: bytes, body: bytes = b"x", method: str = "POST", *, agent: str = CHROMIUM, origin: str = PAGE
) -> http.HTTPFlow:
    """A report to a path."""
    length = [("Content-Length", str(len(body)))]
    one = flow(method, f"{origin}{path.decode()}", length, status=None, agent=agent)
    one.request.raw_content = body
    return one


class Other:
    """An addon that comes later, and is to see no report."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def requestheaders(self, one: http.HTTPFlow) -> None:
        self.seen.append(one.request.path)

    request = response = error = requestheaders


def sent(running: Proxy, one: http.HTTPFlow) -> None:
    """Have all addons see a request and its answer, as mitmproxy does; the server is never asked."""
    for name in ("requestheaders", "request", *(("responseheaders", "response") if one.error is None else ("error",))):
        for addon in running.master.addons.chain:
            found = getattr(addon, name, None)
            try:
                if found is not None:
                    found(one)
            except exceptions.AddonHalt:
                break
        if one.error is not None:
            one.error = one.error or Error("")


def test_a_report_is_answered_and_seen_by_nobody(tmp_path: Path) -> None:
    """Not even where it is nonsense, or another run's."""
    with proxy(cors_witness="true", cors_jsonl=str(tmp_path / "lines")) as running:
        other = Other()
        running.master.addons.add(other)
        page, asked = document(), actual([("Access-Control-Allow-Origin", "*")])
        running.pass_through(page, asked)
        path = witnessed(page)
        assert path is not None
        record = {"k": "call", "a": "fetch", "d": True, "c": "include", "u": asked.request.url, "ok": False, "er": "no"}
        record |= {"s": asked.request.timestamp_start * 1000, "e": asked.request.timestamp_start * 1000 + 20}
        mine = reporting(path, json.dumps(record).encode())
        for one in (
            reporting(PREFIX.encode() + b"x" * 3000),
            reporting(path, b"\0\xff"),
            reporting(path, b"", "GET"),
            mine,
        ):
            sent(running, one)
            assert response(one).status_code == 204
            assert other.seen == []
        written()
        last = [json.loads(line) for line in (tmp_path / "lines").read_text().splitlines()][-1]
        assert (last["flow_id"], last["verdict"], last["told_by"]) == (asked.id, "deny", "page")
        assert asked.metadata["cors.credentials"] == "include"
        assert running.command("cors.witness") == "The witness is on. 1 of 1 documents and workers observed."


def test_what_was_never_sent_stands_on_its_page() -> None:
    """In its comment, and in its explanation; what is the user's own stays."""
    with proxy(cors_witness="true") as running:
        page, marked = document(), document()
        marked.comment = "mine"
        for one in (page, marked):
            running.pass_through(one)
            record = {"k": "call", "a": "fetch", "d": True, "u": "http://api.test/x", "ok": False, "s": 1, "e": 2}
            sent(running, reporting(witnessed(one) or b"", b"\n".join([json.dumps(record).encode()] * 2)))
        assert (page.comment, page.marked) == ("✗ 2 requests never left the browser: mixed content ×2", ":x:")
        assert marked.comment == "mine"
        text = running.addon._explaining.explain(page)
        assert "observed; it told 2 of its calls" in text
        assert "✗ GET http://api.test/x  (fetch; mixed content" in " ".join(text.split(" "))


def test_a_log_of_reports_is_written(tmp_path: Path) -> None:
    """For `check`."""
    log = tmp_path / "log"
    with proxy(cors_witness="true", cors_witness_log=str(log)) as running:
        page = document()
        running.pass_through(page)
        sent(running, reporting(witnessed(page) or b"", b'{"k":"hello"}'))
        written()
        (entry,) = page_log.entries(log.read_bytes().splitlines())
        assert (entry.scene.origin, entry.scene.flow_id) == (PAGE, page.id)


def test_a_report_that_is_too_long_is_not_waited_for(running: Proxy) -> None:
    """Nor is one whose length is not told."""
    for length in (str(LONGEST_REPORT + 1), "104857600", "x", ""):
        one = reporting(PREFIX.encode() + b"x")
        one.request.headers["content-length"] = length
        if not length:
            del one.request.headers["content-length"]
        with pytest.raises(exceptions.AddonHalt):
            vars(running.addon)["requestheaders"](one)
        assert one.error is not None


def test_a_million_reports_cost_no_memory(running: Proxy) -> None:
    """Of one document so many are read within a while."""
    page = document()
    running.pass_through(page)
    path = witnessed(page)
    assert path is not None
    witness = running.addon._judging._witness
    assert witness is not None
    one = reporting(path, b"x" * 200_000)
    for _ in range(200):
        sent(running, one)
    observed = witness.coverage.scenes[page.id]
    assert observed.answers
    assert len(witness._meters) == 1


def test_a_token_is_good_for_its_own_document_alone() -> None:
    """For its client, its origin, and its run."""
    tokens = Tokens()
    scene = Scene(("192.0.2.7", "agent"), PAGE, "flow-1")
    path = tokens.path_for(scene)
    assert tokens.scene_of(path, scene.client, PAGE) == scene
    assert tokens.scene_of(path, scene.client, "https://other.test") is None
    assert tokens.scene_of(path, ("192.0.2.8", "agent"), PAGE) is None
    assert tokens.scene_of(path.replace("flow-1", "flow-2"), scene.client, PAGE) is None
    assert tokens.scene_of(path + "/", scene.client, PAGE) is None
    assert Tokens().scene_of(path, scene.client, PAGE) is None


@pytest.mark.parametrize("change", [{"agent": FIREFOX}, {"origin": "https://other.test"}])
def test_a_report_of_anothers_is_not_heard(running: Proxy, change: dict[str, str]) -> None:
    """Though it knows the path."""
    page = document()
    running.pass_through(page)
    path = witnessed(page)
    assert path is not None
    sent(running, reporting(path, b'{"k":"hello"}', **change))
    assert running.command("cors.witness") == "The witness is on. 0 of 1 documents and workers observed."


@pytest.mark.parametrize(
    "forge",
    [
        lambda path: path[:-1] + (b"0" if path[-1:] != b"0" else b"1"),
        lambda path: path[:-32] + b"0" * 32,
        lambda path: path[: path.rindex(b".")],
        lambda path: path + b"?x",
        lambda path: path + b"/../x",
        lambda path: path.replace(b"-", b"_", 1),
        lambda path: path.upper(),
        lambda path: PREFIX.encode(),
        lambda path: PREFIX.encode() + b"sw" + path[path.rindex(b".") :],
    ],
)
def test_a_forged_token_is_heard_by_nobody(running: Proxy, forge: Callable[[bytes], bytes]) -> None:
    """Nor does it reach a server, where it begins as ours do."""
    page, other = document(), Other()
    running.pass_through(page)
    running.master.addons.add(other)
    one = reporting(forge(witnessed(page) or b""), b'{"k":"hello"}')
    sent(running, one)
    if one.request.path.startswith(PREFIX):
        assert (response(one).status_code, other.seen) == (204, [])
    assert running.command("cors.witness") == "The witness is on. 0 of 1 documents and workers observed."


def test_a_page_that_tells_of_anothers_request_changes_nothing(running: Proxy) -> None:
    """Its token is good, and the request was there: yet it was another origin's."""
    page = document()
    running.pass_through(page)
    told = []
    for origin in (PAGE, "https://victim.test"):
        asked = flow(request=[("Origin", origin), ("Sec-Fetch-Mode", "cors")], response=ALLOW)
        running.pass_through(asked)
        before = dict(asked.metadata)
        words = {"k": "call", "a": "fetch", "d": True, "c": "include", "u": asked.request.url, "ok": True, "t": "cors"}
        words |= {"s": asked.request.timestamp_start * 1000, "e": (asked.request.timestamp_start + 0.1) * 1000}
        sent(running, reporting(witnessed(page) or b"", json.dumps(words).encode()))
        told.append(asked.metadata != before)
    assert told == [True, False]


def test_what_is_not_observed_inside_a_page_is_told(running: Proxy) -> None:
    """In its explanation and by the command; a word that is no witness's is passed over."""
    page = document()
    running.pass_through(page)
    words = [{"k": "unseen", "w": each} for each in ("srcdoc-frame", "blob-worker", "srcdoc-frame", "x" * 5000, 7)]
    sent(running, reporting(witnessed(page) or b"", b"\n".join(json.dumps(each).encode() for each in words)))
    inside = "not observed inside: workers of blob: URLs (1), frames of srcdoc (2)"
    assert running.command("cors.witness").endswith(f"1 of 1 documents and workers observed; {inside}.")
    assert inside in " ".join(running.addon._explaining.explain(page).split())


def test_switched_off_it_is_told_to_be_silent(running: Proxy) -> None:
    """And no report reaches a server all the same."""
    page = document()
    running.pass_through(page)
    running.set(cors_witness="false")
    one = reporting(witnessed(page) or b"")
    sent(running, one)
    assert response(one).status_code == 410


def test_the_script_stays_in_one_line() -> None:
    """For the lines of the page's own are to keep their numbers."""
    text = script.text("/x", "document")
    assert b"\n" not in text
    assert b"//" not in text
    assert b"</" not in text


def test_a_page_with_more_requests_never_sent_than_are_kept() -> None:
    """Its comment says so."""
    with proxy(cors_witness="true") as running:
        page = document()
        running.pass_through(page)
        path = witnessed(page) or b""
        for batch, words in ((range(MAX_REQUESTS), ""), (range(MAX_REQUESTS, MAX_REQUESTS + 2), "more than ")):
            records = [
                {"k": "call", "a": "fetch", "d": True, "u": f"http://api.test/{number}", "ok": False, "s": 1, "e": 2}
                for number in batch
            ]
            sent(running, reporting(path, b"\n".join(json.dumps(record).encode() for record in records)))
            assert page.comment.startswith(f"✗ {words}{MAX_REQUESTS} requests never left the browser: mixed content")
