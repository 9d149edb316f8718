"""What to change, and who must: the first remedy of each kind of trouble, and one for every reason and block."""

import json
from pathlib import Path

import pytest
from mitmproxy import http
from mitmproxy.io import FlowWriter

from cors_addon.cli.main import main
from cors_addon.fetch.load import Block, Destination, Gate
from cors_addon.fetch.origins import parse_url
from cors_addon.fetch.refusals import Reason, Stage
from cors_addon.reasons.explain import explain, explain_json
from cors_addon.remedies.decide import happened, remedies
from cors_addon.remedies.near import closest, distance, fault_of_origin, misspelt
from cors_addon.remedies.request_headers import belongs_on_answers, is_forbidden, sender_of
from cors_addon.remedies.situation import Situation, is_login
from cors_addon.remedies.value import Change, HeaderEdit, Sure, Who, described
from cors_addon.report.remedied import lines
from cors_addon.report.situation import happened_of, remedies_of, told_of
from tests.cases.remedies import ALL, HANDSHAKE, SOCKETS, Row
from tests.helpers import ALLOW, PAGE, Lines, actual, flow, observe, preflight


@pytest.mark.parametrize("row", ALL, ids=lambda row: row.kind)
def test_the_first_remedy(row: Row) -> None:
    """Whose it is, and its words; what really failed; and what is never proposed."""
    last = {one.observation.flow_id: one for one in observe(*row.flows)}
    judgement = [one for one in last.values() if one.block is not None][-1]
    found = remedies_of(judgement)
    assert (found[0].who, row.what in found[0].what) == (row.who, True), found[0]
    what = happened_of(judgement)
    assert row.happened in ("" if what is None else what.text)
    told = json.dumps([one.described() for one in found])
    for words in row.never:
        assert words not in told if words != "headers" else not any(isinstance(one.change, Change) for one in found)


LIST = "Access-Control-Allow-Methods"


@pytest.mark.parametrize(
    ("listed", "headers", "edits"),
    [
        ("GET, PATCH", None, None),
        ("GET", None, [(LIST, "GET, PATCH")]),
        ("GET;PATCH", None, [(LIST, "PATCH")]),
        ("GET", "x-a", [(LIST, "GET, PATCH"), ("Access-Control-Allow-Headers", "x-a")]),
        ("GET, PATCH", "x-a", [("Access-Control-Allow-Headers", "x-a")]),
    ],
)
def test_what_the_server_must_do_beside_the_page(
    listed: str, headers: str | None, edits: list[tuple[str, str]] | None
) -> None:
    """A method in capitals with which the preflight fails all the same: both are told at once, and no more."""
    allow = [("Access-Control-Allow-Origin", PAGE), (LIST, listed)]
    first = remedies_of(observe(preflight(allow, method="patch", headers=headers))[-1])[0]
    assert first.who is Who.PAGE
    assert edits == (None if first.also is None else [(edit.name, edit.after) for edit in first.also.edits])
    told = "\n".join(line.plain for line in lines([first]))
    assert ("and at the server" in told, f"+ {LIST}" in told) == (
        edits is not None,
        bool(edits and edits[0][0] == LIST),
    )
    assert ("also" in first.described()) == (edits is not None)


@pytest.mark.parametrize(
    ("allow", "told"),
    [
        ([], "The answer to the PUT itself needs Access-Control-Allow-Origin, too."),
        ([("Access-Control-Allow-Origin", "https://other.test")], "needs Access-Control-Allow-Origin, too."),
        (ALLOW, ""),  # the method alone, which no other answer says
    ],
)
def test_what_the_request_itself_needs_as_well(allow: Lines, told: str) -> None:
    """A preflight that passes is followed by an answer that must name the origin again."""
    change = next(one for one in remedies_of(observe(preflight(allow, method="PUT"))[-1]) if one.who is Who.SERVER)
    assert change.why.endswith(told)
    assert ("itself" in change.why) == bool(told)


@pytest.mark.parametrize("status", [405, 501])
def test_the_status_that_came_is_the_one_told(status: int) -> None:
    """Servers that know no OPTIONS answer it with either."""
    (remedy,) = remedies_of(observe(preflight([], status=status))[-1])
    assert remedy.why.startswith(f"{status} means that nothing handled OPTIONS")


@pytest.mark.parametrize(
    ("answer", "edits"),
    [
        ([*ALLOW, *ALLOW], [("Access-Control-Allow-Origin", PAGE)]),
        ([("Access-Control-Allow-Origin", "https://other.test")], None),
        ([], None),
    ],
)
def test_what_the_final_url_must_answer(answer: Lines, edits: list[tuple[str, str]] | None) -> None:
    """What fails for whoever asks is told with the page's part; whom else a list of origins has is not known."""
    before = actual([*ALLOW, ("Location", "https://b.test/2")], status=302)
    asked = flow(
        url="https://b.test/2", request=[("Origin", "null"), ("Sec-Fetch-Mode", "cors")], response=answer, at=0.1
    )
    first = remedies_of(observe(before, asked)[-1])[0]
    assert (first.who, "at once" in first.what) == (Who.PAGE, True)
    assert edits == (None if first.also is None else [(edit.name, edit.after) for edit in first.also.edits])


@pytest.mark.parametrize(
    ("kind", "status", "response", "body", "who", "what", "words"), SOCKETS, ids=[row[0] for row in SOCKETS]
)
def test_handshakes(kind: str, status: int, response: Lines, body: bytes, who: str, what: str, words: str) -> None:
    """Whatever refused a WebSocket, it is no matter of CORS."""
    asked = flow(url="https://rt.example.test/ws", request=HANDSHAKE, status=status, response=response, body=body)
    happened_there, found = told_of(observe(asked)[-1])
    assert (found[0].who, what in found[0].what) == (who, True), found[0]
    assert happened_there is not None
    assert words in happened_there.text


def answered(_dropped: object) -> Change:
    return Change((HeaderEdit("Access-Control-Allow-Origin", None, PAGE),))


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("stage", Stage)
def test_every_refusal_has_a_remedy(reason: Reason, stage: Stage) -> None:
    """With all that is known of a real one, or hardly anything."""
    url = parse_url("https://api.example.test/items")
    for status in (200, 307, 401, 403, 404, 405, 413, 429, 500, None):
        known = Situation(reason=reason, stage=stage, origin=PAGE, url=url, method="PUT", headers=("x-a",),
                          missing=("x-a",), status=status, change_after=answered)  # fmt: skip
        found = remedies(known)
        assert found
        for one in found:
            assert one.what[0].isupper()
            assert not one.what.endswith(".")
            assert one.why == "" or one.why.endswith((".", ")"))
            assert not one.opens.endswith(".")
            assert one.who in Who
            assert one.sure in Sure


@pytest.mark.parametrize("gate", Gate)
def test_every_block_has_a_remedy(gate: Gate) -> None:
    """Whatever it stops."""
    url = parse_url("https://api.example.test/items")
    found = remedies(Situation(block=Block(gate, None), origin=PAGE, page=PAGE, url=url))
    assert found
    assert all(one.who in Who for one in found)


def test_nothing_is_known() -> None:
    """No rule needs what may be absent."""
    for reason in Reason:
        for stage in Stage:
            empty = Situation(reason=reason, stage=stage)
            remedies(empty, happened(empty))
    for gate in Gate:
        assert remedies(Situation(block=Block(gate)))


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("Access-Control-Allow-Origins", "Access-Control-Allow-Origin"),
        ("Access-Control-Allow-Orgin", "Access-Control-Allow-Origin"),
        ("Acces-Control-Allow-Origin", "Access-Control-Allow-Origin"),
        ("Access-Control-Origin", "Access-Control-Allow-Origin"),
        ("Access-Control-Allow_Origin", "Access-Control-Allow-Origin"),
        ("X-Access-Control-Allow-Origin", "Access-Control-Allow-Origin"),
        ("Allow-Origin", "Access-Control-Allow-Origin"),
        ("Access-Control-Allow-Header", "Access-Control-Allow-Headers"),
        ("Access-Control-Allow-Method", "Access-Control-Allow-Methods"),
        ("Access-Control-Allowed-Methods", "Access-Control-Allow-Methods"),
        ("Access-Control-Allow-Credential", "Access-Control-Allow-Credentials"),
        ("Access-Control-Exposed-Headers", "Access-Control-Expose-Headers"),
        ("Access-Control-Allow-Origin", None),
        ("Access-Control-Request-Method", None),
        ("Timing-Allow-Origin", None),
        ("Content-Type", None),
        ("Allow", None),
        ("Max-Age", None),
        ("Cross-Origin-Resource-Policy", None),
    ],
)
def test_misspelt_names(name: str, right: str | None) -> None:
    assert misspelt(name) == right


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (f"{PAGE}/", "slash"),
        (PAGE.upper(), "case"),
        (f'"{PAGE}"', "quotes"),
        (f"{PAGE}:443", "leave out"),
        (f"{PAGE}:8443", "port"),
        (PAGE.replace("https", "http"), "scheme"),
        ("app.example.test", "scheme"),
        ("https://*.example.test", "no patterns"),
        (f"https://a.test {PAGE}", "only one may stand there"),
        ("${ORIGIN}", "variable"),
        ("$http_origin", "variable"),
        ("true", "no origin"),
        (f"{PAGE}/app", "path"),
        ("https://www.app.example.test", "www"),
        ("https://other.test", None),
    ],
)
def test_values_that_are_nearly_right(value: str, words: str | None) -> None:
    fault = fault_of_origin(value, PAGE)
    assert fault is None if words is None else words in (fault or "")


@pytest.mark.parametrize(
    ("value", "page"),
    [
        ("https://www.app.example.test", "https://www.app.example.test"),
        ("https://www.app.example.test/", "https://www.app.example.test"),
        (f"https://www.app.example.test,{PAGE}", None),
        (f"https://www.app.example.test/, {PAGE}", None),
        ("https://*.example.test", None),
        ("https://$host", None),
        ("https://${host}", None),
        ("https://'www.app.example.test'", None),
    ],
)
def test_a_page_is_opened_only_where_a_name_is_allowed(value: str, page: str | None) -> None:
    """Not at a list, a pattern or a variable that was sent as it is."""
    [judgement] = observe(actual([("Access-Control-Allow-Origin", value)]))
    offered = [remedy.what for remedy in told_of(judgement)[1] if remedy.what.startswith("Open the page")]
    assert offered == ([] if page is None else [f"Open the page at {page}, which is allowed"])


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (["*", "*"], "Send Access-Control-Allow-Origin once: it came in several lines"),
        (["*, *"], "Send Access-Control-Allow-Origin once: several lines were joined to one"),
        ([f"{PAGE},{PAGE}"], "Send Access-Control-Allow-Origin once: several lines were joined to one"),
        ([f"*, {PAGE}"], "Send Access-Control-Allow-Origin once: several lines were joined to one"),
        ([f"https://other.test, {PAGE}"], "Keep the list in the server"),
        ([f"{PAGE} {PAGE}"], "Keep the list in the server"),
    ],
)
def test_what_two_layers_sent_is_no_list(lines: list[str], what: str) -> None:
    """Though one line has both."""
    [judgement] = observe(actual([("Access-Control-Allow-Origin", each) for each in lines]))
    assert told_of(judgement)[1][0].what.startswith(what)


def test_hosts_of_one_machine_are_different_origins() -> None:
    assert "two origins" in (fault_of_origin("http://localhost:3000", "http://127.0.0.1:3000") or "")


@pytest.mark.parametrize(
    ("url", "login"),
    [
        ("https://login.microsoftonline.com/common/oauth2/authorize?client_id=1", True),
        ("https://a.test/accounts/login/?next=/", True),
        ("https://team.cloudflareaccess.com/cdn-cgi/access/login/x", True),
        ("https://id.test/x?response_type=code&redirect_uri=y", True),
        ("https://id.test/x?SAMLRequest=y", True),
        ("https://vercel.com/sso-api?url=x", True),
        ("https://a.test/blog/authors", False),
        ("https://a.test/catalog/in", False),
        ("https://bucket.s3.test/k?X-Amz-Signature=a", False),
        ("https://[bad", False),
    ],
)
def test_logins(url: str, login: bool) -> None:
    assert is_login(url) is login


def test_names_of_headers() -> None:
    """Which belong on answers, which no script sets, and who adds the rest."""
    assert all(map(belongs_on_answers, ("access-control-allow-origin", "content-encoding", "x-frame-options")))
    assert not any(map(belongs_on_answers, ("content-type", "authorization", "access-control-request-method", "x-a")))
    assert all(map(is_forbidden, ("host", "sec-fetch-mode", "cookie", "origin")))
    assert sender_of("x-a") is None
    assert sender_of("traceparent") is not None


def test_distance_counts_a_swap_once() -> None:
    """And gives up beyond its limit."""
    assert distance("allow-orgiin", "allow-origin", 3) == 1
    assert distance("abc", "abcdefgh", 2) == 3
    assert closest("authorisation", ["authorization", "accept"]) == "authorization"
    assert closest("accept", ["accept"]) is None


def test_what_is_allowed_needs_none() -> None:
    """Nothing is to be changed, and nothing failed."""
    [judgement] = observe(actual(ALLOW))
    assert told_of(judgement) == (None, ())


def checked(tmp_path: Path, capsys: pytest.CaptureFixture[str], *flows: http.HTTPFlow) -> str:
    """What `cors-addon check` says of them, on one line."""
    with open(tmp_path / "x.mitm", "wb") as file:
        for each in flows:
            FlowWriter(file).add(each)
    main(["check", str(tmp_path / "x.mitm")])
    return " ".join(capsys.readouterr().out.split())


def test_what_the_server_itself_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A WebSocket's handshake, which no browser holds to CORS."""
    asked = [("Origin", PAGE), ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key", "x")]
    told = checked(tmp_path, capsys, flow(request=asked, status=403))
    assert "Refused by the server itself, not by the browser" in told
    assert "WebSockets are not held to CORS" in told
    assert "✗ 403 wss://api.example.test/items/1 " in told
    assert f"put {PAGE} on the server's own list of origins" in told
    assert "Refused by" not in checked(tmp_path, capsys, flow(request=asked, status=101))


def test_hidden_headers_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those that a script may want; not those of the connection."""
    answer = [*ALLOW, ("X-Total", "7"), ("Content-Disposition", "attachment"), ("Date", "x"), ("Set-Cookie", "a=b")]
    told = checked(tmp_path, capsys, actual(answer))
    assert "add to Access-Control-Expose-Headers: content-disposition, x-total" in told
    assert "No script may read Set-Cookie" in told
    assert "date" not in told.partition("may not read")[2]
    for_element = actual([*ALLOW, ("X-Total", "7")], request=[("Sec-Fetch-Dest", "image")])
    assert "may not read" not in checked(tmp_path, capsys, for_element)


@pytest.mark.parametrize(
    ("text", "who", "words"),
    [
        ("Method patch is not allowed by Access-Control-Allow-Methods in preflight response.", "page", "'PATCH'"),
        (
            "Request header field traceparent is not allowed by Access-Control-Allow-Headers in preflight response.",
            "page",
            "propagateTraceHeaderCorsUrls",
        ),
        (
            "Request header field access-control-allow-origin is not allowed by Access-Control-Allow-Headers in "
            "preflight response.",
            "page",
            "Do not send access-control-allow-origin",
        ),
    ],
)
def test_what_is_pasted_is_decided_alike(text: str, who: str, words: str) -> None:
    """By the same rules as an exchange."""
    head = f"Access to fetch at 'https://api.test/x' from origin '{PAGE}' has been blocked by CORS policy: "
    told, _ = explain_json(head + text)
    first = json.loads(told)["recognised"][0]["remedies"][0]
    assert (first["who"], words in first["what"]) == (who, True)
    shown, _ = explain(head + text)
    assert "Who must change what" in shown


def test_a_change_without_a_kind_is_none() -> None:
    assert described(Change())["kind"] == "answer"


@pytest.mark.parametrize(
    ("destination", "detail", "after"),
    [
        (Destination.EMPTY, "default-src 'self'", "default-src 'self'; connect-src 'self' https://a.test"),
        (Destination.IMAGE, "default-src 'none'", "default-src 'none'; img-src https://a.test"),
        (Destination.EMPTY, "connect-src 'self'", "connect-src 'self' https://a.test"),
        (None, "default-src 'self'", "default-src 'self' https://a.test"),
    ],
)
def test_no_more_is_let_in_than_what_was_stopped(destination: Destination | None, detail: str, after: str) -> None:
    """A source in default-src would be one of scripts, too."""
    asked = parse_url("https://a.test/x")
    [remedy] = remedies(Situation(block=Block(Gate.CSP, detail), url=asked, page=PAGE, destination=destination))
    assert isinstance(remedy.change, Change)
    assert [edit.after for edit in remedy.change.edits] == [f"… {after} …"]
