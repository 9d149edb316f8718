"""Findings inside mitmproxy: on the flow, in the explanation and the JSON lines, and by `cors.audit`."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import flowfilter, http
from mitmproxy.addons.view import View

from tests.helpers import API, PAGE, actual, flow, hook, proxy, saved_and_loaded

NEWS, GAMES = "https://www.news.net", "https://play.games.org"


def allowed(origin: str, url: str = "https://api.shop.com/me", **more: Any) -> http.HTTPFlow:
    """An exchange that is allowed with credentials."""
    lines = [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true")]
    return flow("GET", url, [("Origin", origin), ("Sec-Fetch-Mode", "cors"), ("Cookie", "a=b")], response=lines, **more)


class Console:
    """What tells that the front end is the console."""

    def load(self, loader: Any) -> None:
        """Register its command."""
        loader.add_command("console.view.flow", self.nothing)

    def nothing(self) -> None:
        """Stands for the console's own."""


def test_a_flow_carries_its_findings(tmp_path: Path) -> None:
    """In metadata that filters find and dumps keep, in the comment, in the JSON line and in the explanation."""
    file = tmp_path / "out.jsonl"
    found, plain = allowed("null"), actual([("Access-Control-Allow-Origin", PAGE)], at=1)
    with proxy(cors_jsonl=str(file)) as running:
        running.pass_through(found, plain)
        assert "! the origin null is allowed with credentials" in running.addon._explaining.explain(found)
        assert "security" not in running.addon._explaining.explain(plain)
    assert found.metadata["cors.findings"] == "null-origin-with-credentials"
    assert found.comment == "✓ CORS with credentials · ! null-origin-with-credentials"
    assert "cors.findings" not in plain.metadata
    assert "!" not in plain.comment
    assert [json.loads(line)["findings"] for line in file.read_text().splitlines()] == [
        ["null-origin-with-credentials"],
        [],
    ]
    expression = flowfilter.parse('~meta "cors.findings: .*null-origin"')
    assert [bool(expression(each)) for each in saved_and_loaded(found, plain)] == [True, False]


def test_a_note_stays_out_of_the_comment() -> None:
    """It is worth knowing, not worth a column."""
    noted = allowed("http://localhost:3000")
    with proxy() as running:
        running.pass_through(noted)
    assert noted.metadata["cors.findings"] == "local-origin-with-credentials"
    assert "!" not in noted.comment


def test_a_flow_without_a_verdict_gets_a_comment_for_its_finding() -> None:
    """An answer to the server's own page."""
    own = allowed("null")
    own.request.headers["origin"] = "https://api.shop.com"
    with proxy() as running:
        running.pass_through(own)
    assert own.comment == "! null-origin-with-credentials"


def test_servers_are_remembered_from_flow_to_flow() -> None:
    """What it takes two for, the second has."""
    one, other = allowed(NEWS), allowed(GAMES, at=1)
    with proxy() as running:
        running.pass_through(one, other)
    assert "cors.findings" not in one.metadata
    assert other.metadata["cors.findings"] == "unrelated-origins-with-credentials"


def test_a_replay_with_another_origin_tells_of_the_server() -> None:
    """A tester's own probe, sent by mitmproxy."""
    probe = allowed("https://evil.com")
    probe.is_replay = "request"
    with proxy() as running:
        running.pass_through(probe)
        words = " ".join(running.addon._explaining.explain(probe).split())
        assert "! unrelated origins are allowed with credentials: https://evil.com" in words
    assert probe.metadata["cors.role"] == "non-browser"
    assert probe.metadata["cors.findings"] == "unrelated-origins-with-credentials"


def test_a_policy_of_ours_is_no_finding() -> None:
    """The server's own answer counts."""
    view = View()
    sent = actual([])
    with proxy(view) as running:
        running.command("cors.allow", [sent])
        server, sent.response = sent.response, None
        hook(vars(running.addon), "request", sent)
        sent.response = server
        hook(vars(running.addon), "responseheaders", sent)
        running.addon.response(sent)
    assert sent.response is not None
    assert sent.response.headers["access-control-allow-credentials"] == "true"
    assert sent.metadata["cors.verdict"] == "allow"
    assert "cors.findings" not in sent.metadata


# ---- cors.audit ----


def test_audit_in_mitmweb(caplog: pytest.LogCaptureFixture) -> None:
    """One line for the command bar, the whole in the event log."""
    caplog.set_level(logging.INFO)
    flows = [allowed("null"), allowed("http://localhost:3000", at=1), actual([], at=2)]
    with proxy() as running:
        running.pass_through(*flows)
        answer = running.command("cors.audit", flows)
        assert answer == (
            "! 1 security finding, 1 security note in 3 CORS exchanges: null-origin-with-credentials, "
            "local-origin-with-credentials · more in the event log"
        )
        assert "\n 1  null-origin-with-credentials " in caplog.text
        assert "see  cors-addon explain local-origin-with-credentials" in caplog.text
        caplog.clear()
        assert running.command("cors.audit", flows[2:]) == "✓ no security finding in 1 CORS exchange"
        assert running.command("cors.audit", []) == "✓ no security finding in 0 CORS exchanges"
        assert caplog.text == ""


def test_audit_in_the_console() -> None:
    """Rows for its viewer, none wider than it."""
    flows = [allowed("null"), allowed(f"http://{'long-' * 30}name.org", at=1)]
    with proxy(Console()) as running:
        running.pass_through(*flows)
        rows = running.command("cors.audit", flows)
    assert rows[0] == "! 2 security findings in 2 CORS exchanges"
    assert any(row.startswith(" 1  null-origin-with-credentials ") for row in rows)
    assert max(map(len, rows)) <= 80


def test_audit_of_flows_that_nobody_judged() -> None:
    """They are judged now, and show together what each alone does not, in any order."""
    flows = [allowed(NEWS), allowed(GAMES, at=1)]
    with proxy() as running:
        for given in (flows, flows[::-1]):
            assert "unrelated-origins-with-credentials" in running.command("cors.audit", given)
        assert running.command("cors.audit", flows[:1]).startswith("✓ no security finding")
    assert flows[0].metadata == {}


def test_audit_knows_what_was_seen_before() -> None:
    """The first of two need not be chosen; asking changes nothing."""
    one, other = allowed(NEWS), allowed(GAMES, at=1)
    with proxy() as running:
        running.pass_through(one, other)
        before = dict(other.metadata)
        for _ in range(2):
            answer = running.command("cors.audit", [other])
            assert answer.startswith("! 1 security finding in 1 CORS exchange: unrelated")
        assert other.metadata == before


def test_audit_of_an_edited_flow() -> None:
    """As it is now."""
    edited = allowed("null")
    with proxy() as running:
        running.pass_through(edited)
        assert edited.response is not None
        del edited.response.headers["access-control-allow-credentials"]
        assert running.command("cors.audit", [edited]).startswith("✓ no security finding")


def test_audit_passes_over_what_is_not_http() -> None:
    """And over what bears no Origin."""
    from mitmproxy.test import tflow

    with proxy() as running:
        assert running.command("cors.audit", [tflow.ttcpflow(), flow(url=API)]).startswith("✓ no security finding")


def test_the_command_comes_and_goes() -> None:
    """With a signature that mitmproxy knows, and help."""
    with proxy() as running:
        commands = running.master.commands.commands
        assert "flow" in commands["cors.audit"].signature_help()
        assert commands["cors.audit"].help
        running.master.addons.remove(running.addon)
        assert "cors.audit" not in commands
