"""A public page that asks the local network, by the browser's version: recordings of many kinds, and what is told."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import cors_addon
from cors_addon.engines import ENGINES
from cors_addon.engines.local_network import GUARDS, SOCKETS_SINCE, Guard, guard_of
from cors_addon.fetch.load import Gate
from cors_addon.report import local_network
from cors_addon.session.session import ALL, Session
from tests.cases.traffic import Lines, Sent, allow, cors, metadata, preflight

PAGE, LAN, OWN = "https://pages.example.com", "https://192.168.1.5/x", "http://localhost:6176/x"
AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0"
ORIGIN = {"Access-Control-Allow-Origin": PAGE}
JSON = {**ORIGIN, "Access-Control-Allow-Methods": "POST, PUT", "Access-Control-Allow-Headers": "content-type"}
ALLOWS = "Access-Control-Allow-Private-Network"
PERMITTED = {ALLOWS: "true"}
NO_TLS = "http://pages.example.com"
PLAIN_SHOP = "http://www.shop.com"
SAFARI = "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15"
SHOP = "https://www.shop.com"
STAR, OTHER = {"Access-Control-Allow-Origin": "*"}, {"Access-Control-Allow-Origin": "https://x.test"}
ONLY_GET = {"Access-Control-Allow-Methods": "GET"}
FAILED = "net::ERR_FAILED"
NAMED = "net::ERR_BLOCKED_BY_PRIVATE_NETWORK_ACCESS_CHECKS"
LNA = "net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS"
VERSIONS = (104, 120, 141)


class Answer(NamedTuple):
    """What came back, as DevTools write it."""

    status: int = 200
    headers: Mapping[str, str] = {}
    error: str | None = None


class Case(NamedTuple):
    """What a page asks, and how it goes."""

    name: str
    preflight: Answer | None
    request: Answer | None
    told: tuple[str | None, ...]
    """For each exchange that is judged: what keeps the page from the answer."""
    method: str = "POST"
    json: bool = True
    mode: str = "cors"
    page: str = PAGE
    url: str = LAN


BLOCKED = Answer(0, {}, FAILED)
CASES = (
    # the preflight was needed for CORS, too: what it lacks for the local network is only warned of
    Case("warned of, and sent", Answer(204, JSON), Answer(200, ORIGIN), (None, None)),
    Case("permitted, and sent", Answer(204, {**JSON, **PERMITTED}), Answer(200, ORIGIN), (None, None)),
    Case("not true, and sent", Answer(204, {**JSON, ALLOWS: "1"}), Answer(200, ORIGIN), (None, None)),
    # a flag or a policy has Chromium insist
    Case("insisted on", Answer(204, JSON, FAILED), BLOCKED, ("local-network", "cors")),
    Case("insisted on, told of the request alone", Answer(204, JSON), BLOCKED, ("local-network", "cors")),
    Case("insisted on, by its name", Answer(204, JSON), Answer(0, {}, NAMED), ("local-network", "local-network")),
    Case("with a star", Answer(204, {**JSON, **STAR}, FAILED), BLOCKED, ("local-network", "cors")),
    Case("not true", Answer(204, {**JSON, ALLOWS: "True"}), BLOCKED, ("local-network", "cors")),
    Case("a PUT", Answer(204, JSON), BLOCKED, ("local-network", "cors"), method="PUT"),
    # CORS refuses it anyway
    Case("no CORS there", Answer(204, {}, FAILED), BLOCKED, ("cors", "cors")),
    Case("no CORS, but that permission", Answer(204, PERMITTED, FAILED), BLOCKED, ("cors", "cors")),
    Case("another method", Answer(204, {**JSON, **ONLY_GET}, FAILED), BLOCKED, ("cors", "cors"), method="PUT"),
    # CORS needed no preflight: whatever is wrong with its answer is only warned of
    Case("nothing there", Answer(204), Answer(200, ORIGIN), (None, None), "GET", False, url=OWN),
    Case("nothing there, as 404", Answer(404), Answer(200, ORIGIN), (None, None), "GET", False, url=OWN),
    Case("a method that is not allowed", Answer(405), Answer(200, ORIGIN), (None, None), "POST", False, url=OWN),
    Case("another page's origin", Answer(204, OTHER), Answer(200, ORIGIN), (None, None), "GET", False),
    Case("the answer itself is refused", Answer(404), Answer(200, {}, FAILED), (None, "cors"), "GET", False, url=OWN),
    Case("an image", Answer(404), Answer(200), (None,), "GET", False, "no-cors", url=OWN),
    # the page has no TLS
    Case("no TLS", None, Answer(0, {}, NAMED), ("local-network",), "GET", False, page=NO_TLS, url=OWN),
)  # fmt: skip


def entry(case: Case, answer: Answer, version: int, *, preflight: bool) -> dict[str, Any]:
    """One of a HAR's."""
    sent = {"Host": "x", "User-Agent": AGENT.format(version), "Accept": "*/*", "Sec-Fetch-Mode": case.mode}
    if preflight:
        sent |= {"Origin": case.page, "Access-Control-Request-Method": case.method, "Sec-Fetch-Mode": "cors"}
        sent |= {"Access-Control-Request-Private-Network": "true"}
        sent |= {"Access-Control-Request-Headers": "content-type"} if case.json else {}
    else:
        sent |= {"Referer": f"{case.page}/", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "empty"}
        sent |= {"Origin": case.page} if case.mode == "cors" else {"Sec-Fetch-Dest": "image"}
        sent |= {"Content-Type": "application/json"} if case.json else {}
    method = "OPTIONS" if preflight else case.method
    body = {"size": 2, "mimeType": "text/plain", "text": "hi"} if answer.status == 200 and answer.error is None else {}
    return {
        "startedDateTime": f"2026-11-01T10:00:00.0{40 * (not preflight):02d}Z",
        "time": 20,
        "_resourceType": "preflight" if preflight else "fetch" if case.mode == "cors" else "image",
        "request": {
            "method": method,
            "url": case.url,
            "httpVersion": "http/1.1",
            "headers": listed(sent),
            "cookies": [],
        },
        "response": {
            "status": answer.status,
            "httpVersion": "http/1.1",
            "headers": listed(answer.headers),
            "cookies": [],
            "content": body or {"size": 0},
            "redirectURL": "",
            "_transferSize": 100,
            "_error": answer.error,
        },
        "timings": {"blocked": 1, "send": 1, "wait": 17, "receive": 1},
        "serverIPAddress": "192.168.1.5",
        "connection": "443",
    }


def listed(headers: Mapping[str, str]) -> list[dict[str, str]]:
    """As HAR has them."""
    return [{"name": name, "value": value} for name, value in headers.items()]


def har(case: Case, version: int) -> dict[str, Any]:
    """As DevTools save it."""
    both = ((case.preflight, True), (case.request, False))
    entries = [entry(case, answer, version, preflight=first) for answer, first in both if answer is not None]
    return {"log": {"version": "1.2", "creator": {"name": "WebInspector", "version": "537.36"}, "entries": entries}}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_recording(case: Case, version: int, tmp_path: Path) -> None:
    """What keeps the page from each answer, in order of the requests, by the last word on each."""
    path = tmp_path / "a.har"
    path.write_text(json.dumps(har(case, version)))
    lines = [judgement.to_dict() for judgement in cors_addon.judge(path)]
    last = {line["flow_id"]: line for line in lines}.values()
    assert tuple(line["blocked_by"] for line in last) == case.told
    assert not any(line["contradicted"] for line in last)
    for line in last:
        if line["blocked_by"] == "local-network":
            permission = "https" if case.page.startswith("http:") else "Access-Control-Allow-Private-Network: true"
            assert permission in line["remedies"][0]["what"]


@pytest.mark.parametrize(
    ("version", "page", "first"),
    [
        (143, PAGE, ("user", "Allow the page «Local network access»")),
        (156, PAGE, ("user", "Allow the page «Local network access»")),
        (156, NO_TLS, ("page-server", "Serve the page over https")),
        (130, NO_TLS, ("page-server", "Serve the page over https")),
        (130, PAGE, ("server", "Answer OPTIONS with Access-Control-Allow-Private-Network: true")),
    ],
)
def test_what_helps_by_version(version: int, page: str, first: tuple[str, str], tmp_path: Path) -> None:
    """The user's permission since 142, the server's before."""
    case = Case("stopped", None, Answer(0, {}, LNA if version >= 142 else NAMED), (), "GET", False, page=page, url=OWN)
    path = tmp_path / "a.har"
    path.write_text(json.dumps(har(case, version)))
    [judgement] = cors_addon.judge(path)
    remedy = judgement.to_dict()["remedies"][0]
    assert remedy["who"] == first[0]
    assert remedy["what"].startswith(first[1])


def hint(agent: str, page: str, lines: Lines, method: str = "GET") -> str:
    """What is told of one request."""
    sent = Sent(id="a", method=method, url=OWN, request=(("Origin", page), *lines), agent=agent.encode())
    session = Session()
    [judgement, *_] = session.observe(sent.observation())
    return local_network.hint(judgement)


ASKS = (("Access-Control-Request-Method", "GET"), ("Access-Control-Request-Private-Network", "true"))
HANDSHAKE = (("Upgrade", "websocket"), ("Sec-WebSocket-Key", "x"))


@pytest.mark.parametrize(
    ("agent", "page", "lines", "told"),
    [
        (AGENT.format(93), SHOP, metadata(), ""),
        (AGENT.format(100), SHOP, metadata(), ""),
        (AGENT.format(100), PLAIN_SHOP, metadata(), "never, for the page has no TLS (Private"),
        (AGENT.format(104), SHOP, metadata(), "(from 104) asks that server by a preflight first, and warns"),
        (AGENT.format(141), SHOP, metadata(), "(from 104) asks that server by a preflight first, and warns"),
        (AGENT.format(141), PLAIN_SHOP, metadata(), "never, for the page has no TLS (Private"),
        (AGENT.format(142), SHOP, metadata(), "(from 142) lets it through only if the user permits it (Local"),
        (AGENT.format(156), PLAIN_SHOP, metadata(), "never, for the page has no TLS (Local"),
        (AGENT.format(156), SHOP, HANDSHAKE, "(from 142) lets it through only if the user permits it"),
        (AGENT.format(146), SHOP, HANDSHAKE, ""),
        (FIREFOX.format(151), SHOP, metadata(), ""),
        (FIREFOX.format(152), SHOP, metadata(), "Firefox (from 152) lets it through only if the user permits it"),
        (FIREFOX.format(153), SHOP, HANDSHAKE, ""),
        (FIREFOX.format(154), SHOP, HANDSHAKE, "only if the user permits it"),
        (AGENT.format(120), SHOP, ASKS, "Chromium 104 to 141 only warn of that"),
        (SAFARI, SHOP, metadata(), ""),
    ],
)  # fmt: skip
def test_what_is_told_by_version(agent: str, page: str, lines: Lines, told: str) -> None:
    """What the browser would do without the proxy."""
    words = hint(agent, page, lines, "OPTIONS" if lines is ASKS else "GET")
    assert told in words if told else not words


def test_the_table_of_versions() -> None:
    """Each with its source, in order; the newest is what counts where the version is not told."""
    for engine, every in GUARDS.items():
        assert engine in ENGINES
        assert [since.version for since in every] == sorted(since.version for since in every)
        assert all(since.source for since in every)
        assert guard_of(engine, 0) is every[-1].guard is Guard.PERMISSION
        assert SOCKETS_SINCE[engine] > every[-1].version
    assert guard_of("webkit", 0) is None
    assert [guard_of("chromium", version) for version in (93, 94, 104, 141, 142)] == [
        *(None, Guard.SECURE_PAGE, Guard.PREFLIGHT, Guard.PREFLIGHT, Guard.PERMISSION)
    ]


def test_a_request_that_comes_late() -> None:
    """What was concluded from nothing following is taken back, the block with it."""
    asks = (("Access-Control-Request-Private-Network", "true"),)
    first = preflight("p", request=asks, answer=allow(methods="PUT")).observation()
    session = Session(keep=ALL)
    session.observe(first)
    session.settle(first.ended + 3600)
    blocked = session.last["p"].block
    assert blocked is not None
    assert blocked.gate is Gate.LOCAL_NETWORK
    session.observe(cors("a", 0.2, "PUT").observation())
    assert session.last["p"].block is None
    assert session.last["p"].verdict == "allow"
