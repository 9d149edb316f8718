"""Who answered: each signature tells its implementation, survives what is lost on the way, and tells nobody else's."""

import html
import re
from collections.abc import Iterable

import pytest

from cors_addon.exchange.model import Judgement, Observation
from cors_addon.exchange.recognised import Cause, Confidence
from cors_addon.fetch.origins import Url
from cors_addon.fetch.refusals import Reason
from cors_addon.report import explanation, github, json_report, jsonl, junit, sarif, table
from cors_addon.report.html import page
from cors_addon.report.html.exchanges import Exchanges
from cors_addon.report.input import Input
from cors_addon.report.summary import Summary
from cors_addon.servers import cause, marks
from cors_addon.servers.answer import Answer
from cors_addon.servers.implementations import IMPLEMENTATIONS
from cors_addon.servers.marks import HINT, LITERAL
from cors_addon.servers.memory import MAX_SERVERS
from cors_addon.servers.recognise import recognise
from cors_addon.servers.signatures import LIKELY, LITERALS, Signature
from cors_addon.servers.words import said
from cors_addon.session.session import Session
from tests.cases.servers import MEASURED, NEAR, SOURCE

APP, EVIL = "https://app.example.com", "https://evil.example"


def exchange(wire: str, *, number: int = 0, host: str = "api.test") -> tuple[Observation, bytes]:
    """What is written out as on the wire; a target that is a whole URL names its server."""
    asked, _, rest = wire.partition("\n\n")
    answered, _, body = rest.partition("\n\n")
    first, *request = asked.splitlines()
    status, *response = answered.splitlines()
    method, target = first.split(" ")
    port = 80
    if found := re.match(r"http://([\w.]+):(\d+)(/.*)", target):
        host, port, target = found[1], int(found[2]), found[3]
    observation = Observation(
        f"flow {number}",
        "client",
        None,
        1000.0 + number,
        1000.5 + number,
        method.encode(),
        Url("http", host, port, target),
        fields(request),
        int(status),
        fields(response),
        read_body=lambda _limit: body.encode(),
    )
    return observation, body.encode()


def fields(lines: Iterable[str]) -> tuple[tuple[bytes, bytes], ...]:
    """A header list."""
    pairs = (line.split(":", 1) for line in lines)
    return tuple((name.encode(), value.strip().encode()) for name, value in pairs)


def lower(observation: Observation, *gone: bytes) -> Observation:
    """As HTTP/2 or a proxy passes it on: names in lower case, some headers gone."""
    response = tuple((name.lower(), value) for name, value in observation.response if name.lower() not in gone)
    return Observation(**{name: getattr(observation, name) for name in Observation.__slots__} | {"response": response})


@pytest.mark.parametrize(("name", "causes", "whose", "wire"), [*MEASURED, *SOURCE], ids=lambda value: value[:40])
def test_an_answer_shows_who_made_it(name: str, causes: str, whose: str, wire: str) -> None:
    """As it was sent, and as HTTP/2 and proxies pass it on, or then nobody is named; and it says what it refused."""
    observation, body = exchange(wire)
    found = recognise(observation, body)
    assert found is not None
    assert (found.name, " ".join(found.causes)) == (name, causes)
    assert found.marks
    families = {name, "npm-cors"}
    assert (other := recognise(lower(observation), body)) is None or other.name in families
    bare = lower(observation, b"server", b"x-powered-by", b"connection")
    assert (other := recognise(bare, body)) is None or other.name in families


@pytest.mark.parametrize(("whose", "wire"), NEAR, ids=lambda value: value[:40])
def test_what_is_only_alike_is_nobodys(whose: str, wire: str) -> None:
    """Silence costs a sentence, a wrong name a day."""
    observation, body = exchange(wire)
    assert recognise(observation, body) is None, whose
    assert recognise(lower(observation), body) is None, whose


def holds(row: Signature, wire: str) -> bool:
    """Whether a row's marks are all there."""
    observation, body = exchange(wire)
    answer = Answer(observation, body)
    return all(mark.holds(answer) for mark in row.marks)


@pytest.mark.parametrize("row", [*LITERALS, *LIKELY], ids=lambda row: row.implementation)
def test_each_row_has_what_it_needs_and_a_case(row: Signature) -> None:
    """A literal, or two hints on different things; never Server; and a case above in which it holds."""
    known = IMPLEMENTATIONS[row.implementation]
    assert known.source
    hints = {mark.about for mark in row.marks if mark.worth == HINT}
    if row in LITERALS:
        assert any(mark.worth == LITERAL for mark in row.marks)
    else:
        assert len(hints) >= 2, hints
    assert not any(mark.about == "server" for mark in row.marks)
    wanted = {row.implementation, *({"vite", "socket.io"} if row.implementation == "npm-cors" else ())}
    assert any(holds(row, wire) for name, _, _, wire in (*MEASURED, *SOURCE) if name in wanted)


def test_each_implementation_is_told_by_a_row_and_says_what_to_change() -> None:
    """No row without the other; a setting begins with a verb, so that sentences can be made of it."""
    assert {row.implementation for row in (*LITERALS, *LIKELY)} == set(IMPLEMENTATIONS)
    for known in IMPLEMENTATIONS.values():
        assert known.settings, known.name
        for words in known.settings.values():
            assert re.match(r"[a-z]+ ", words), words
            assert not words.endswith("."), words


# -- a session ---------------------------------------------------------------------------------------------------------


def judged(*wires: str, engine: str = "fetch") -> list[Judgement]:
    """Each exchange's judgement, in a session."""
    session = Session(engine=engine, keep=100)
    for number, wire in enumerate(wires):
        session.observe(exchange(wire, number=number)[0])
    return [session.last[f"flow {number}"] for number in range(len(wires))]


def preflight(origin: str, method: str, headers: str, answer: str, path: str = "/api/items") -> str:
    """A preflight, in the way of the cases."""
    asked = f"OPTIONS {path}\nOrigin: {origin}\nAccess-Control-Request-Method: {method}\n"
    return asked + (f"Access-Control-Request-Headers: {headers}\n" if headers else "") + f"\n{answer}"


STARLETTE = (
    "400\nvary: Origin\naccess-control-allow-methods: GET, POST\naccess-control-max-age: 600\n"
    "access-control-allow-origin: https://app.example.com\n\nDisallowed CORS method"
)


def test_a_refusal_tells_the_servers_own_setting() -> None:
    """In the JSON line, and in the explanation."""
    (found,) = judged(preflight(APP, "PUT", "", STARLETTE))
    line = jsonl.line(found)
    assert line["said"] == "Disallowed CORS method"
    assert {name: line["server"][name] for name in ("name", "confidence", "causes", "setting", "told_by")} == {
        "name": "starlette",
        "confidence": "sure",
        "causes": ["method"],
        "setting": "add the method to `allow_methods`",
        "told_by": "flow 0",
    }
    told = " ".join(explanation.explain(found).split())
    assert "This looks like FastAPI's or Starlette's CORSMiddleware: add the method to `allow_methods`." in told
    assert found.server is not None
    assert found.server.setting(Reason.ALLOW_ORIGIN_MISMATCH) == found.server.setting("origin") != ""
    assert found.server.setting("no such cause") == ""


def test_a_preflight_lends_its_name_to_later_answers() -> None:
    """Of the same server alone."""
    real = "GET {}\nOrigin: https://evil.example\n\n200\ncontent-type: application/json\n\n{{}}"
    found = judged(
        preflight(APP, "PUT", "", STARLETTE), real.format("/api/items"), real.format("http://other.test:81/api/items")
    )
    assert found[1].server is not None
    assert (found[1].server.name, found[1].server.lent_by, found[1].server.causes) == ("starlette", "flow 0", ())
    assert "allow_origins" in cause.setting(found[1])
    assert "as an earlier answer showed" in cause.sentences(found[1])[0]
    assert found[2].server is None


RACK = "200\n\n"
RACK_GOOD = (
    "200\nAccess-Control-Allow-Origin: https://app.example.com\nAccess-Control-Allow-Methods: GET, POST\n"
    "Access-Control-Expose-Headers: \nAccess-Control-Max-Age: 7200\n\n"
)


def test_what_a_server_hides_is_told_as_not_known_or_by_what_went_before() -> None:
    """Allow-Origin is left out for a method or header as well: the origin is not the culprit where it was allowed."""
    asked = preflight(EVIL, "PUT", "x-token", RACK)
    good = preflight(APP, "POST", "", RACK_GOOD)
    found = judged(good, asked, preflight(APP, "PUT", "", RACK), preflight(APP, "POST", "x-token", RACK))
    assert found[1].reason is Reason.ALLOW_ORIGIN_MISSING
    assert [cause.causes(each) for each in found[1:]] == [
        (Cause.ORIGIN, Cause.METHOD, Cause.HEADERS),
        (Cause.METHOD,),
        (Cause.HEADERS,),
    ]
    told = "\n".join(cause.sentences(found[1]))
    assert "origin, method or header: the server does not say which" in told
    assert ", or add the method" in told
    assert "This origin was allowed before, at POST http://api.test/api/items." in cause.sentences(found[2])


def test_a_fixed_origin_is_told_as_such() -> None:
    """Replacing the one by the other would lock the first page out."""
    answer = "200\nAccess-Control-Allow-Origin: https://app.example.com\n\n"
    found = judged(f"GET /a\nOrigin: {APP}\n\n{answer}", f"GET /a\nOrigin: {EVIL}\n\n{answer}")
    assert found[0].history is None
    assert found[1].history is not None
    assert found[1].history.fixed_origin == APP
    assert "sends the same origin to everybody" in "".join(cause.sentences(found[1]))


def test_what_names_an_origin_that_did_not_ask_is_no_library_that_repeats_the_askers() -> None:
    """The framework's own page shows the framework, and headers that somebody set by hand."""
    begin = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n"
    page = f"404\nContent-Type: text/html; charset=utf-8\n\n{begin}"
    missing = f"GET /b\nOrigin: {EVIL}\n\n" + page
    fixed = f"GET /a\nOrigin: {EVIL}\n\n200\nAccess-Control-Allow-Origin: {APP}\n\n"
    found = judged(missing, fixed, missing)
    assert found[0].server is not None
    assert found[0].server.name == "flask-cors"
    assert [each.server for each in found[1:]] == [None, None]
    both = judged(missing, fixed.replace(APP, f"{APP}, {EVIL}"))
    assert both[1].server is not None, "what comes before it may have added one"


def test_an_error_without_the_headers_that_good_answers_have_is_told_as_such() -> None:
    """`add_header` without `always`, and the like."""
    good = f"GET /a\nOrigin: {APP}\n\n200\nAccess-Control-Allow-Origin: {APP}\n\n"
    bad = f"GET /b\nOrigin: {APP}\n\n502\nContent-Type: text/html\n\n<hr><center>nginx</center>"
    found = judged(good, bad)
    assert found[1].server is not None
    assert found[1].server.name == "nginx"
    assert "Good answers of this server had CORS headers, this 502 has none." in cause.sentences(found[1])


def test_what_is_remembered_is_bounded() -> None:
    """However many servers there are."""
    session = Session(engine="fetch")
    for number in range(MAX_SERVERS + 50):
        session.observe(
            exchange(preflight(APP, "PUT", "", STARLETTE, f"http://api.test:{number + 1}/"), number=number)[0]
        )
    assert len(session.servers._servers) == MAX_SERVERS


@pytest.mark.parametrize(
    ("status", "header", "body", "expected"),
    [
        (400, "", b"Disallowed CORS origin, method", "Disallowed CORS origin, method"),
        (400, "cors-error: The x-token header is not enabled.", b"", "The x-token header is not enabled."),
        (200, "", b'{"message":"CORS error: Origin not allowed"}', "CORS error: Origin not allowed"),
        (500, "", b"<head><title>Error</title></head><pre>Error: no CORS<br> at x", "Error: no CORS"),
        (401, "", b'{"detail":"no token"}', "no token"),
        (404, "", b'{"error":{"message":"no such thing"}}', "no such thing"),
        (200, "", b'{"ok":true}', None),
        (404, "", b"", None),
        (404, "content-type: image/png", b"\x89PNG", None),
        (404, "", b"\x00\x01", None),
        (400, "", b"[" * 5000, "[" * 200),
    ],
)  # fmt: skip
def test_the_servers_own_words(status: int, header: str, body: bytes, expected: str | None) -> None:
    """The line that names the cause, or of an error the first."""
    observation, _ = exchange(f"GET /\nOrigin: {APP}\n\n{status}\n{header}\n\n")
    assert said(observation, body) == expected


def test_confidence_is_told() -> None:
    """Literals are sure, combinations likely."""
    sure = exchange(preflight(APP, "PUT", "", STARLETTE))
    assert recognise(*sure).confidence is Confidence.SURE  # type: ignore[union-attr]
    likely = exchange(preflight(APP, "PUT", "", "200\nAllow: GET, HEAD, OPTIONS\nContent-Length: 0\n\n"))
    assert recognise(*likely).confidence is Confidence.LIKELY  # type: ignore[union-attr]


def test_every_report_says_who_answered_and_in_what_words() -> None:
    """Where nobody can look at the flow: in text, JSON, HTML, SARIF, JUnit, and at GitHub."""
    summary = Summary()
    for each in judged(preflight(APP, "PUT", "", STARLETTE)):
        summary.add(each)
    summary.inputs.append(Input("x.har"))
    for render in (table.render, json_report.render, github.render, sarif.render, junit.render):
        told = " ".join(html.unescape(render(summary)).split())
        assert "Disallowed CORS method" in told, render
        assert "`allow_methods`" in told, render
    exchanges = Exchanges()
    for each in judged(preflight(APP, "PUT", "", STARLETTE)):
        exchanges.add(each)
    assert page.render(summary, exchanges).count("allow_methods") >= 2


@pytest.mark.parametrize(
    ("pattern", "beginning"),
    [
        ("Disallowed CORS (?:a|b(?:c|d))", "Disallowed CORS "),
        (r"\{\"name\": ?\"", '{"name":'),
        (r"<\?xml version=\"1\.0\"\?>\n", '<?xml version="1.0"?>'),
        (r"a\.?", "a"),
        ("ab+", "a"),
        ("ab|cd", ""),
        ("(?:ab|cd)", ""),
        (r".*Apache", ""),
        (r"a\d", "a"),
    ],
)
def test_what_a_body_begins_with_that_says_something(pattern: str, beginning: str) -> None:
    """It is looked at before a pattern is compiled."""
    assert marks._beginning(pattern) == beginning
