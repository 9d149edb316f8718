"""What is told of loads that something beside CORS stops: the registry, the words, the reports."""

import json
from pathlib import Path
from typing import Any

import pytest
from mitmproxy.io import FlowWriter

import cors_addon
from cors_addon.cli.main import main
from cors_addon.exchange.model import Judgement
from cors_addon.fetch.gates import page_from
from cors_addon.fetch.load import Block, Destination, Gate, Load
from cors_addon.fetch.origins import parse_url
from cors_addon.policy.suffixes import registrable_domain
from cors_addon.reasons.blocks import BLOCKS
from cors_addon.recordings.words import block_of
from cors_addon.remedies.decide import remedies
from cors_addon.remedies.situation import Situation
from cors_addon.remedies.value import Change
from cors_addon.report import blocked
from cors_addon.report.blocked_loads import BlockedLoads
from cors_addon.report.explanation import explain
from cors_addon.session.session import Session
from tests.cases.gates import ALL, CORP, HTML, Row, typed
from tests.cases.traffic import PAGE, fields, url
from tests.helpers import flow
from tests.test_gates import stopped as stopped_by
from tests.test_loads import REQUIRE, load, observed, page

EMITTED = {
    Gate.CORS: "a denied exchange",
    Gate.LOCAL_NETWORK: "net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS",
    Gate.NETWORK: "no answer",
}
"""By what else than an answer."""
SITE = registrable_domain


def test_every_gate_has_an_entry() -> None:
    """And each all its parts."""
    assert set(BLOCKS) == set(Gate)
    for gate, entry in BLOCKS.items():
        assert entry.gate is gate
        assert len(entry.why) > 60
        assert entry.label
        assert entry.anchor.startswith("https://")


def test_every_gate_is_emitted_by_a_case() -> None:
    """In some engine."""
    found = {gate for rows in ALL.values() for row in rows for gate in stopped_by(row).values()}
    assert {Gate(gate) for gate in found if gate is not None} | set(EMITTED) == set(Gate)


def judged(*more: Any, **answer: Any) -> Judgement:
    """What is told of one load in a page that isolates itself."""
    session = Session()
    session.observe_load(observed(page("d", answer=[REQUIRE] if "isolated" in more else [])))
    [judgement] = session.observe_load(observed(load("x", **answer)))
    return judgement


def test_the_words_of_each_gate() -> None:
    """In the list: what stopped it comes first, with its value."""
    comments = {
        blocked.comment(judged(answer=[("Cross-Origin-Resource-Policy", "same-site")])),
        blocked.comment(judged("isolated")),
        blocked.comment(judged(answer=typed("application/pdf"))),
        blocked.comment(judged(dest="worker", mode="same-origin", url=f"{PAGE}/w", answer=typed("image/png"))),
        blocked.comment(judged(dest="iframe", mode="navigate", answer=typed("text/html", ("X-Frame-Options", "DENY")))),
        blocked.comment(judged(dest="script", status=302, answer=[("Location", "http://a.test/")])),
        blocked.comment(judged(status=None)),
    }
    assert comments == {
        "✗ CORP same-site",
        "✗ COEP: no Cross-Origin-Resource-Policy",
        "✗ ORB: type application/pdf, which no element uses",
        "✗ MIME type: image/png for a worker",
        "✗ X-Frame-Options DENY",
        "✗ mixed content: it leads to http://a.test/",
        "✗ no answer",
    }


def test_the_story() -> None:
    """The gate, what it compared, the cheapest change, and what other engines do."""
    told = explain(judged("isolated"))
    for words in (
        "✗ BLOCKED   coep, not by CORS",
        f"page         {PAGE}/",
        "Cross-Origin-Resource-Policy: absent   against a page of",
        "+ Cross-Origin-Resource-Policy: cross-origin",
        "+ Cross-Origin-Embedder-Policy: credentialless",
        "Firefox stops it alike; Safari stops it alike",
        BLOCKS[Gate.COEP].anchor,
    ):
        assert words in told
    assert all(len(line) <= 80 for line in told.splitlines())


@pytest.mark.parametrize("row", [row for row in CORP if row.all == "corp"])
def test_what_is_advised_lets_the_load_through(row: Row) -> None:
    """Each header that a cure for CORP names."""
    address, asking = url(row.url), page_from(url(row.page_url), fields(row.page))
    origin = None if asking.opaque else asking.origin
    block = Block(Gate.CORP, "same-origin", "Cross-Origin-Resource-Policy")
    asked = Situation(block=block, url=address, page=origin, destination=Destination(row.destination), site=SITE)
    edits = [edit for each in remedies(asked) if isinstance(each.change, Change) for edit in each.change.edits]
    assert edits
    for edit in edits:
        kept = [line for line in row.lines if line[0] != edit.name]
        assert stopped_by(row._replace(lines=[*kept, (edit.name, edit.after or "")]))["chromium"] is None


@pytest.mark.parametrize(
    ("error", "block"),
    [
        ("csp", Block(Gate.CSP, None, "Content-Security-Policy")),
        ("mixed-content", Block(Gate.MIXED_CONTENT)),
        ("net::ERR_BLOCKED_BY_ORB", Block(Gate.ORB)),
        ("net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS", Block(Gate.LOCAL_NETWORK)),
        ("net::ERR_BLOCKED_BY_RESPONSE.NotSameSite", Block(Gate.CORP, "same-site", "Cross-Origin-Resource-Policy")),
        (
            "net::ERR_BLOCKED_BY_RESPONSE.NotSameOriginAfterDefaultedToSameOriginByCoep",
            Block(Gate.COEP, None, "Cross-Origin-Resource-Policy"),
        ),
        (
            "net::ERR_BLOCKED_BY_RESPONSE.CoepFrameResourceNeedsCoepHeader",
            Block(Gate.COEP, None, "Cross-Origin-Embedder-Policy"),
        ),
        ("net::ERR_BLOCKED_BY_RESPONSE", Block(Gate.OTHER, "net::ERR_BLOCKED_BY_RESPONSE")),
        ("net::ERR_BLOCKED_BY_CLIENT", Block(Gate.OTHER, "net::ERR_BLOCKED_BY_CLIENT")),
        ("corp-not-same-site", Block(Gate.CORP, "same-site", "Cross-Origin-Resource-Policy")),
        ("net::ERR_FAILED", None),
        ("", None),
    ],
)
def test_what_a_browser_says_in_a_har(error: str, block: Block | None) -> None:
    """Of what has no answer."""
    assert block_of(error) == block


@pytest.mark.parametrize("destination", [None, Destination.IMAGE, Destination.EMPTY])
@pytest.mark.parametrize("gate", Gate)
def test_what_is_told_without_a_value_has_words(gate: Gate, destination: Destination | None) -> None:
    """A browser names the gate, and its file has neither the answer nor the page."""
    asked = parse_url("https://api.example.com/x")
    assert asked is not None
    for origin in ("", PAGE):
        lost = Load(asked, origin, destination, "no-cors", SITE)
        words = blocked.phrase(Block(gate), lost)
        assert words == words.strip()
        assert not words.endswith(":")
        assert len(words) > 2
        assert blocked.phrase(Block(gate, "net::ERR_X"), lost)


def har(*entries: dict[str, Any]) -> str:
    """A HAR of Chromium's developer tools."""
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "WebInspector"}, "entries": list(entries)}})


def entry(address: str, status: int, *, kind: str, error: str | None = None, **answer: str) -> dict[str, Any]:
    """One exchange of PAGE."""
    agent = {"name": "User-Agent", "value": "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0"}
    named = [agent, {"name": "Referer", "value": f"{PAGE}/"}, {"name": "Sec-Fetch-Site", "value": "cross-site"}]
    named += [{"name": "Sec-Fetch-Mode", "value": "no-cors"}, {"name": "Sec-Fetch-Dest", "value": kind}]
    return {
        "startedDateTime": "2026-11-01T10:00:00Z",
        "time": 5,
        "_resourceType": "fetch" if kind == "empty" else kind,
        "request": {"method": "GET", "url": address, "headers": named if status else named[:2]},
        "response": {
            "status": status,
            "headers": [{"name": name.replace("_", "-"), "value": value} for name, value in answer.items()],
            "content": {"text": HTML.decode()},
            "_error": error,
        },
    }


def check(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Run `cors-addon check`."""
    code = main(["check", *map(str, arguments)])
    return code, capsys.readouterr().out


def test_check_tells_of_blocks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Images do not fail it, unless asked for; what a script wanted to read does."""
    image = tmp_path / "image.har"
    image.write_text(har(entry("https://a.test/i", 200, kind="image", Content_Type="image/png")))
    code, told = check(capsys, image)
    assert code == 0
    assert "1 load blocked by something else than CORS" in told
    assert "✗ ORB: type image/png, and the body is something else" in told.replace("\n", " ") or "✗ ORB:" in told
    assert "https://a.test/i" in told
    assert check(capsys, "--fail-on", "blocked", image)[0] == 1
    read = tmp_path / "read.har"
    read.write_text(har(entry("https://a.test/v1", 0, kind="empty", error="csp")))
    code, told = check(capsys, read)
    assert code == 1
    assert "✗ CSP" in told
    assert "fetch https://a.test/v1" in told
    assert f"in a page of {PAGE}" in told


def test_lines_have_the_block(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the page's document, where it was seen."""
    file = tmp_path / "x.har"
    file.write_text(har(entry("https://a.test/i", 200, kind="image", Cross_Origin_Resource_Policy="same-origin")))
    _, out = check(capsys, "--format", "jsonl", file)
    line = json.loads(out)
    wanted = ("corp", "same-origin", "blocked", None, "no-cors", "not-cors")
    names = ("blocked_by", "blocked_detail", "usable", "document", "role", "verdict")
    assert tuple(line[name] for name in names) == wanted


def test_what_only_failed_is_not_called_a_redirect(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The browser says no more than that it stopped it."""
    file = tmp_path / "x.har"
    allows = {"Access_Control_Allow_Origin": PAGE, "Access_Control_Allow_Credentials": "true"}
    failed = entry("https://a.test/v1", 200, kind="empty", error="net::ERR_FAILED", **allows)
    failed["request"]["headers"][2:] = [{"name": "Origin", "value": PAGE}]
    file.write_text(har(failed))
    code, told = check(capsys, file)
    assert code == 1
    assert "allowed, but blocked by the browser itself" in " ".join(told.split())
    [judgement] = cors_addon.judge(file)
    assert "redirect leads" not in cors_addon.explain(judgement)


def test_reports_for_machines_tell_blocks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An image is a warning, what a script was to read an error; each with its cure."""
    file = tmp_path / "x.har"
    image = entry("https://a.test/i", 200, kind="image", Cross_Origin_Resource_Policy="same-origin")
    file.write_text(har(image))
    _, out = check(capsys, "--format", "github", file)
    [line] = [line for line in out.splitlines() if line.startswith("::")]
    assert line.startswith("::warning title=Blocked%2C not by CORS%3A corp::CORP same-origin: image https://a.test/i")
    assert "Cross-Origin-Resource-Policy: cross-origin" in line
    assert "1 load blocked by something else" in out
    _, out = check(capsys, "--format", "junit", file)
    assert '<testcase name="corp https://a.test same-origin" classname="blocked, not by CORS"' in out
    assert "<failure" not in out
    _, out = check(capsys, "--format", "sarif", file)
    [run] = json.loads(out)["runs"]
    [result] = run["results"]
    assert (result["ruleId"], result["level"]) == ("blocked-corp", "warning")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "blocked-corp"
    assert result["properties"]["detail"] == "same-origin"
    place = result["locations"][0]
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "GET https://a.test/i"
    assert place["physicalLocation"]["artifactLocation"]["uri"].endswith("x.har")


def test_many_blocks_are_grouped() -> None:
    """By server, gate and value; a revision counts once."""
    loads = BlockedLoads()
    for number in range(3):
        judgement = judged(answer=[("Cross-Origin-Resource-Policy", "same-site")])
        judgement.observation.flow_id = str(number)
        loads.add(judgement)
        loads.add(judgement)
    [(group, found)] = loads.groups()
    assert (group.gate, group.detail, found.count, found.to_be_read) == (Gate.CORP, "same-site", 3, 0)


@pytest.mark.parametrize("filtered", [False, True])
@pytest.mark.parametrize(
    ("digest", "code"), [("sha256-AAAA", 1), ("sha256-mgIVY1bpWfmwWgO8aRJw1+oRMR3fg7MLh1fT4hKxiXM=", 0)]
)
def test_a_dump_shows_the_integrity_of_the_pages_own_scripts(
    digest: str, code: int, filtered: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which are passed over where no page names a digest; read lazily, and by mitmproxy for a filter."""
    markup = f'<!doctype html><script src="/own.js" integrity="{digest}"></script>'.encode()
    asked = [("Sec-Fetch-Site", "none"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")]
    own = [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "script")]
    script = [*own, ("Referer", f"{PAGE}/"), ("Accept", "*/*")]
    flows = [
        flow(url=f"{PAGE}/", request=[*asked, ("Accept", "text/html")], response=typed("text/html"), body=markup),
        flow(url=f"{PAGE}/own.js", request=script, response=typed("text/javascript"), body=b"x = 1;\n", at=1.0),
    ]
    path = tmp_path / "own.mitm"
    with path.open("wb") as file:
        for each in flows:
            FlowWriter(file).add(each)
    more = ["--filter", "~all"] if filtered else []
    assert main(["check", str(path), "--fail-on", "blocked", *more]) == code
    assert (f"{PAGE}/own.js" in capsys.readouterr().out) is bool(code)


def test_a_websocket_that_a_policy_stopped(tmp_path: Path) -> None:
    """It is named, and to be listed, by its own scheme: https does not stand for it."""
    read = tmp_path / "a.har"
    read.write_text(har(entry("wss://live.test/socket", 0, kind="websocket", error="csp")))
    [line] = [judgement.to_dict() for judgement in cors_addon.judge(read)]
    assert line["blocked_by"] == "csp"
    assert "wss://live.test" in line["remedies"][0]["what"]
    assert "https://live.test" not in line["remedies"][0]["what"]
