"""Reports that browsers send by themselves: read within bounds, believed of their own page, and told as never sent."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import http

from cors_addon.cli.main import main
from cors_addon.exchange.browser_reports import CSP_REPORT, MAX_BYTES, MAX_REPORTS, REPORTS, kind_of, read
from cors_addon.fetch.load import Block, Destination, Gate, Load
from cors_addon.remedies.decide import remedies
from cors_addon.remedies.situation import Situation
from cors_addon.report.blocked import phrase
from tests.helpers import PAGE, flow, proxy, url
from tests.test_check import write

POLICY = "default-src 'self'; img-src 'none'; report-uri /r"
CSP = "Content-Security-Policy"


def old(**changes: object) -> bytes:
    """As `report-uri` gets it."""
    report: dict[str, object] = {
        "document-uri": f"{PAGE}/",
        "blocked-uri": "https://cdn.third.test/a.png",
        "effective-directive": "img-src",
        "violated-directive": "img-src",
        "original-policy": POLICY,
        "disposition": "enforce",
    }
    return json.dumps({"csp-report": {**report, **changes}}).encode()


def modern(kind: str = "csp-violation", at: str = f"{PAGE}/", age: object = 1500, **changes: object) -> dict[str, Any]:
    """As the Reporting API has it."""
    body: dict[str, object] = {
        "documentURL": at,
        "blockedURL": "https://cdn.third.test/data",
        "effectiveDirective": "connect-src",
        "originalPolicy": POLICY,
        "disposition": "enforce",
    }
    return {"type": kind, "age": age, "url": at, "user_agent": "x", "body": {**body, **changes}}


def wanting(url: str = "https://cdn.third.test/a.js", destination: str = "script", **more: object) -> dict[str, Any]:
    """As Chromium 156 tells what the page's Integrity-Policy kept out."""
    body = {"blockedURL": url, "destination": destination, "documentURL": f"{PAGE}/", "reportOnly": False}
    return {"type": "integrity-violation", "age": 10, "url": f"{PAGE}/", "body": {**body, **more}}


@pytest.mark.parametrize(
    ("report", "found"),
    [
        (wanting(), [("https://cdn.third.test/a.js", Destination.SCRIPT)]),
        (wanting(destination="style"), [("https://cdn.third.test/a.js", Destination.STYLE)]),
        (wanting(reportOnly=True), []),
        (wanting(reportOnly=None), []),
        (wanting("inline"), []),
        (wanting(documentURL=""), [("https://cdn.third.test/a.js", Destination.SCRIPT)]),
    ],
)
def test_what_lacks_a_digest_that_the_page_wants(report: dict[str, Any], found: list[tuple[str, Destination]]) -> None:
    """It never left the browser, and the element is to name one."""
    read_of = read(REPORTS, json.dumps([report]).encode())
    assert [(str(each.url), each.destination) for each in read_of] == found
    for each in read_of:
        assert each.block == Block(Gate.SRI, None, "Integrity-Policy")
        [cure] = remedies(Situation(block=each.block, url=each.url, page=PAGE, destination=each.destination))
        assert "integrity" in cure.what
        load = Load(each.url, PAGE, each.destination, "no-cors", str)
        assert phrase(each.block, load) == "SRI: the page's Integrity-Policy wants a digest, and CORS"


def failed(kind: str, at: str = f"{PAGE}/gone") -> dict[str, Any]:
    """A network error."""
    return {
        "type": "network-error",
        "age": 10,
        "url": at,
        "body": {"type": kind, "phase": "connection", "method": "GET"},
    }


def blocks(kind: bytes, body: bytes) -> list[tuple[str, Block]]:
    """What is read: URLs, and what stopped each."""
    return [(str(each.url), each.block) for each in read(kind, body)]


@pytest.mark.parametrize(
    ("report", "found"),
    [
        (old(), [("https://cdn.third.test/a.png", Block(Gate.CSP, "img-src 'none'", CSP))]),
        (
            old(**{"effective-directive": "connect-src", "blocked-uri": "https://a.test/x#y"}),
            [("https://a.test/x", Block(Gate.CSP, "default-src 'self'", CSP))],
        ),
        (
            old(**{"effective-directive": None, "violated-directive": "img-src 'none'", "original-policy": ""}),
            [("https://cdn.third.test/a.png", Block(Gate.CSP, "img-src", CSP))],
        ),
        (
            old(**{"effective-directive": "fenced-frame-src"}),
            [("https://cdn.third.test/a.png", Block(Gate.CSP, "fenced-frame-src", CSP))],
        ),
        (old(disposition="report"), []),
        (old(**{"blocked-uri": "inline"}), []),
        (old(**{"blocked-uri": "eval"}), []),
        (old(**{"blocked-uri": "data"}), []),
        (old(**{"effective-directive": "frame-ancestors"}), []),
        (old(**{"document-uri": "about"}), []),
        (b"[]", []),
        (b'{"csp-report": 1}', []),
        (b"{", []),
        (b"[" * 100_000, []),
        (old() + b" " * MAX_BYTES, []),
    ],
)
def test_what_report_uri_gets(report: bytes, found: list[tuple[str, Block]]) -> None:
    """Loads that an enforced policy refused; nothing else."""
    assert blocks(CSP_REPORT, report) == found


@pytest.mark.parametrize(
    ("reports", "found"),
    [
        ([modern()], [("https://cdn.third.test/data", Block(Gate.CSP, "default-src 'self'", CSP))]),
        (modern(), [("https://cdn.third.test/data", Block(Gate.CSP, "default-src 'self'", CSP))]),
        ([modern(disposition="report")], []),
        ([modern("deprecation")], []),
        ([modern("coep")], []),
        ([failed("tcp.refused")], [(f"{PAGE}/gone", Block(Gate.NETWORK, "tcp.refused"))]),
        ([failed("dns.name_not_resolved")], [(f"{PAGE}/gone", Block(Gate.NETWORK, "dns.name_not_resolved"))]),
        ([failed("http.error")], []),
        ([failed("ok")], []),
        ([failed("abandoned")], []),
        ([{"type": "csp-violation", "body": None}, 3, None], []),
    ],
)
def test_what_the_reporting_api_sends(reports: object, found: list[tuple[str, Block]]) -> None:
    """The same, and connections that failed before a server had the request."""
    assert blocks(REPORTS, json.dumps(reports).encode()) == found


def test_ages_and_destinations() -> None:
    """As far as they are told."""
    read_ = read(REPORTS, json.dumps([modern(), modern(age="x"), modern(age=-1)]).encode())
    assert [each.age for each in read_] == [1.5, 0, 0]
    assert [each.destination for each in (*read(CSP_REPORT, old()), read_[0])] == [Destination.IMAGE, Destination.EMPTY]
    assert read_[0].page == url(f"{PAGE}/")


def test_reports_are_bounded() -> None:
    """In number."""
    assert len(read(REPORTS, json.dumps([modern()] * (MAX_REPORTS + 5)).encode())) == MAX_REPORTS


KEYS = st.sampled_from(["type", "body", "url", "age", "csp-report", "documentURL", "blockedURL", "disposition"])


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(KEYS | st.text(), inner),
    )
)
def test_no_report_raises(anything: object) -> None:
    """Whatever it holds."""
    for kind in (CSP_REPORT, REPORTS):
        read(kind, json.dumps(anything).encode())
        read(kind, repr(anything).encode())


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        (b"application/csp-report", CSP_REPORT),
        (b"Application/Reports+JSON; charset=utf-8", REPORTS),
        (b"application/json", None),
        (b"", None),
    ],
)
def test_the_kind_of_a_body(content_type: bytes, kind: bytes | None) -> None:
    """By its type alone."""
    assert kind_of(content_type) == kind


# -- in mitmproxy ------------------------------------------------------------------------------------------------------


def page(at: float = 0.0) -> http.HTTPFlow:
    """The page."""
    asked = [
        ("Sec-Fetch-Site", "none"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", "document"),
        ("Accept", "text/html"),
    ]
    return flow(url=f"{PAGE}/", request=asked, response=[("Content-Type", "text/html"), (CSP, POLICY)], at=at)


def post(
    body: bytes, *, origin: str | None = PAGE, kind: bytes = CSP_REPORT, site: str = "same-origin"
) -> http.HTTPFlow:
    """A report that the browser sends."""
    asked = [] if origin is None else [("Origin", origin)]
    asked += [
        ("Content-Type", kind.decode()),
        ("Sec-Fetch-Site", site),
        ("Sec-Fetch-Mode", "no-cors"),
        ("Sec-Fetch-Dest", "report"),
    ]
    sent = flow("POST", f"{PAGE}/r", asked, at=2.0, status=204)
    sent.request.content = body
    return sent


def lines(tmp_path: Path, *flows: http.HTTPFlow) -> list[dict[str, Any]]:
    """Those of what was never sent."""
    file = tmp_path / "lines.jsonl"
    with proxy(cors_jsonl=str(file)) as running:
        running.pass_through(*flows)
    found = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return [line for line in found if line["stage"] == "before-sending"]


def test_what_a_policy_refused_is_told(tmp_path: Path) -> None:
    """With the URL and the directive that the browser names, on a line of its own and on its page."""
    document = page()
    [line] = lines(tmp_path, document, post(old()))
    assert (line["flow_id"], line["url"], line["document"]) == (None, "https://cdn.third.test/a.png", document.id)
    assert (line["blocked_by"], line["blocked_detail"], line["told_by"]) == ("csp", "img-src 'none'", "page")
    assert document.comment == "✗ 1 request never left the browser: CSP"


@pytest.mark.parametrize("options", [(), ("--filter", "~all")], ids=["lazy", "by-mitmproxy"])
def test_a_dump_tells_the_same(options: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`check` reads what the proxy heard; what is too long is not read."""
    document, dump = page(), tmp_path / "page.mitm"
    long = post(old() + b" " * (1 << 18))
    long.request.timestamp_start += 100
    long.response.timestamp_end = long.request.timestamp_start + 1  # type: ignore[union-attr]
    for body, expected in ((post(old()), 1), (long, 0)):
        write(dump, document, body)
        main(["check", "--format", "jsonl", *options, str(dump)])
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        unsent = [line for line in found if line["stage"] == "before-sending"]
        assert [(line["url"], line["document"]) for line in unsent] == [
            ("https://cdn.third.test/a.png", document.id)
        ] * expected


def test_the_page_explains_it() -> None:
    """Without a witness."""
    document = page()
    with proxy() as running:
        running.pass_through(document, post(old()))
        told = running.addon._explaining.explain(document)
    assert "never sent" in told
    assert "https://cdn.third.test/a.png" in told


@pytest.mark.parametrize(
    ("sent", "believed"),
    [
        (post(old()), True),
        (post(old(), origin="https://evil.test", site="cross-site"), False),
        (post(old(), origin="null"), True),
        (post(old(), origin="null", site="cross-site"), False),
        (post(json.dumps([modern()]).encode(), kind=REPORTS), True),
        (post(json.dumps([modern(at="https://other.test/")]).encode(), kind=REPORTS), False),
        (post(old(), kind=b"application/json"), False),
    ],
)
def test_a_page_is_believed_of_itself_alone(sent: http.HTTPFlow, believed: bool, tmp_path: Path) -> None:
    """By the Origin that the browser names."""
    assert bool(lines(tmp_path, page(), sent)) is believed


def test_what_was_redirected_had_been_sent(tmp_path: Path) -> None:
    """The report names the URL that was asked for, though the policy refused the next one."""
    asked = [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Mode", "no-cors"),
        ("Sec-Fetch-Dest", "image"),
        ("Referer", f"{PAGE}/"),
    ]
    hop = flow(
        url="https://cdn.third.test/a.png",
        request=asked,
        response=[("Location", "https://b.test/")],
        status=302,
        at=1.0,
    )
    assert lines(tmp_path, page(), hop, post(old())) == []
    assert len(lines(tmp_path, page(), post(old()))) == 1


def test_each_failure_is_told_once(tmp_path: Path) -> None:
    """However many endpoints hear of it; a minute later it is another one."""
    again = post(old())
    again.request.timestamp_start += 100
    again.response.timestamp_end = again.request.timestamp_start + 1  # type: ignore[union-attr]
    assert len(lines(tmp_path, page(), post(old()), post(old()))) == 1
    assert len(lines(tmp_path, page(), post(old()), again)) == 3
