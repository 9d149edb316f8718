"""Policies inside mitmproxy: hooks, session rules, the file, revert; without a network."""

import asyncio
import itertools
import os
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import exceptions, http
from mitmproxy.addonmanager import Loader
from mitmproxy.addons.view import View
from mitmproxy.test import taddons

from cors_addon.exchange.model import Judgement
from cors_addon.exchange.outcomes import rejudge
from cors_addon.policy import rewrite_record
from cors_addon.policy.export import TARGETS
from cors_addon.policy.model import Policy
from cors_addon.proxy.policy_commands import PolicyCommands
from cors_addon.proxy.policy_file import PolicyFile
from cors_addon.proxy.rewriting import Policies
from tests import helpers, waits
from tests.helpers import API, PAGE, actual, client, flow, hook, observe, preflight, response, saved_and_loaded

FILE = """
policies:
  - name: app
    filter: ~d api.example.test
    origins: [https://app.example.test]
    methods: [PUT]
    credentials: true
"""


@dataclass
class Proxied:
    """mitmproxy with the glue of policies, and nothing else of ours."""

    policies: Policies
    context: taddons.context
    commands: PolicyCommands

    @property
    def hooked(self) -> bool:
        """Whether hooks are there."""
        return bool(self.policies.hooks.namespace)

    def through(self, one: http.HTTPFlow, *, answered_by_addon: bool = False) -> http.HTTPFlow:
        """Let a live flow pass the hooks as the proxy does."""
        server, one.response = one.response, None
        hooks = self.policies.hooks.namespace
        hook(hooks, "request", one)
        if one.response is None:
            one.response = server
            if not answered_by_addon:
                hook(hooks, "responseheaders", one)
        if self.policies.rewriting:
            self.policies.response(one)
        return one

    def call(self, name: str, *arguments: Any) -> Any:
        """Run a command."""
        return self.context.master.commands.call(name, *arguments)


@pytest.fixture
def proxied() -> Iterator[Proxied]:
    policies = Policies()
    view = View()
    with taddons.context(view) as context:
        loader = Loader(context.master)
        loader.add_option("cors_policy", str, "", "")

        def judged(one: http.HTTPFlow) -> Judgement | None:
            found = observe(one)
            return found[0] if found else None

        commands = PolicyCommands(context.master, policies, judged)
        commands.declare(loader)
        yield Proxied(policies, context, commands)
        policies.close()


def headers(one: http.HTTPFlow, prefix: str = "access-control-") -> dict[str, str]:
    """The CORS headers of an answer."""
    return {
        name.lower(): value
        for name, value in response(one).headers.items(multi=True)
        if name.lower().startswith(prefix)
    }


# ── nothing without a policy ──────────────────────────────────────────────────────────────────────────────────────────


def test_hooks_exist_only_while_something_rewrites(proxied: Proxied, tmp_path: Path) -> None:
    """Not without a policy, not in shadow, not when it is off."""
    assert not proxied.hooked
    file = tmp_path / "p.yaml"
    file.write_text(FILE.replace("credentials: true", "mode: shadow"))
    proxied.policies.file.use(file)
    assert not proxied.hooked
    proxied.call("cors.policy.mode", "app", "rewrite")
    assert proxied.hooked
    proxied.call("cors.policy.mode", "app", "off")
    assert not proxied.hooked
    proxied.call("cors.allow", [actual()])
    assert proxied.hooked
    proxied.call("cors.rules.clear")
    assert not proxied.hooked


def test_a_shadow_never_changes_a_byte(proxied: Proxied, tmp_path: Path) -> None:
    """The flow's whole state stays."""
    file = tmp_path / "p.yaml"
    file.write_text(FILE.replace("credentials: true", "mode: shadow"))
    proxied.policies.file.use(file)
    one = actual(method="PUT")
    before = one.get_state()
    proxied.through(one)
    judgement = observe(one)[0]
    shadows = proxied.policies.in_shadow(one, judgement)
    assert [shadow.line_field() for shadow in shadows] == [
        {"policy": "app", "verdict": "allow", "reason": None, "blocked_by": None, "blocked_detail": None}
    ]
    assert shadows[0].flips
    assert one.get_state() == before


# ── rewriting ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_failed_flow_passes_after_allow(proxied: Proxied) -> None:
    """Preflighted or not, with and without credentials; and the answer says what was done."""
    said = proxied.call("cors.allow", [actual()])
    assert said == (
        f"All is allowed for {PAGE} at api.example.test. Reload the page. It hides what is still to be mended: "
        "allow-origin-missing; cors.rules.clear brings it back."
    )
    one = proxied.through(preflight(status=404, headers="x-token"))
    assert response(one).status_code == 204
    assert headers(one) == {
        "access-control-allow-origin": PAGE,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "PUT",
        "access-control-allow-headers": "x-token",
        "access-control-max-age": "0",
    }
    assert response(one).headers["vary"] == "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
    two = proxied.through(actual([("X-Total", "3"), ("Access-Control-Allow-Origin", "*")], status=502))
    assert headers(two) == {
        "access-control-allow-origin": PAGE,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "vary, x-total",
    }
    assert [judgement.verdict for judgement in observe(one, two)] == ["allow", "allow"]


def test_allow_is_only_for_the_page_and_the_server(proxied: Proxied) -> None:
    """What another page gets from the server, and this page from others, stays."""
    proxied.call("cors.allow", [actual()])
    other_page = proxied.through(flow(request=[("Origin", "https://other.test"), ("Sec-Fetch-Mode", "cors")]))
    assert headers(other_page) == {}
    assert response(other_page).headers["vary"] == "Origin"
    other_server = proxied.through(actual(url="https://elsewhere.test/"))
    assert not response(other_server).headers
    elsewhere = proxied.through(actual(url="https://api.example.test.evil.test/"))
    assert not response(elsewhere).headers


def test_a_flow_without_a_page_widens_nothing(proxied: Proxied) -> None:
    """Chosen with others of its server, which name their page."""
    chosen = [flow(), actual(), flow(url="https://open.test/")]
    said = proxied.call("cors.allow", chosen)
    assert said.startswith(f"All is allowed for {PAGE} at api.example.test; every page at open.test.")


def test_allow_goes_with_a_redirect(proxied: Proxied) -> None:
    """To another server, where the origin becomes null."""
    proxied.call("cors.allow", [actual()])
    proxied.through(actual([("Location", "https://cdn.test/x")], status=302))
    one = proxied.through(flow(url="https://cdn.test/x", request=[("Origin", "null"), ("Sec-Fetch-Mode", "cors")]))
    assert headers(one)["access-control-allow-origin"] == "null"
    assert "cdn" in proxied.call("cors.rules")


def test_allow_does_not_go_everywhere(proxied: Proxied, caplog: pytest.LogCaptureFixture) -> None:
    """A server may redirect to any number of others: from some on, the rule stays as it is, and that is said."""
    proxied.call("cors.allow", [actual()])
    for number in range(200):
        proxied.through(actual([("Location", f"https://cdn{number}.test/x")], status=302))
    [rule] = proxied.policies.session
    assert rule.filter.count("cdn") < 100
    assert "cdn0" in rule.filter
    assert len([each for each in caplog.messages if "is not extended further" in each]) == 1


def test_strip_takes_all_away_and_replaces_allow(proxied: Proxied) -> None:
    """As if the server knew nothing of CORS; the preflight's status is the server's."""
    proxied.call("cors.allow", [actual()])
    assert proxied.call("cors.strip", [actual()]).startswith("Answers of api.example.test lose their CORS headers.")
    one = proxied.through(actual([("Access-Control-Allow-Origin", PAGE), ("X-Total", "1")]))
    assert headers(one) == {}
    two = proxied.through(preflight([("Access-Control-Allow-Origin", PAGE)], status=405))
    assert (headers(two), response(two).status_code) == ({}, 405)
    assert proxied.commands.rules() == [
        "1. [session] strip api.example.test: rewrite strip · for ~d ^api\\.example\\.test$"
    ]


def test_what_a_page_may_do_with_a_stored_answer_is_asked_anew(proxied: Proxied) -> None:
    """A 304 takes no header away from the stored answer: the server must answer in full."""
    proxied.call("cors.strip", [actual()])
    one = proxied.through(actual(request=[("If-None-Match", '"x"'), ("If-Modified-Since", "y"), ("X-A", "1")]))
    assert [name for name in one.request.headers if name.lower().startswith("if-")] == []
    assert one.request.headers["x-a"] == "1"
    proxied.call("cors.allow", [actual()])
    one = proxied.through(actual(request=[("If-None-Match", '"x"')], status=304))
    assert one.request.headers["if-none-match"] == '"x"'
    assert headers(one)["access-control-allow-origin"] == PAGE


def test_inject_adds_to_what_is_decided(proxied: Proxied) -> None:
    """On one endpoint; an empty value removes. Preflights and requests are told apart."""
    proxied.call("cors.allow", [actual()])
    said = proxied.call("cors.inject", [actual()], "X-Debug", "1")
    assert said == "X-Debug is set to '1' in answers of https://api.example.test/items/1. Reload the page."
    proxied.call("cors.inject", [actual()], "Server", "")
    one = proxied.through(actual([("Server", "x"), ("x-debug", "0")]))
    assert headers(one, "x-debug") == {"x-debug": "1"}
    assert headers(one)["access-control-allow-origin"] == PAGE
    assert "server" not in response(one).headers
    assert "x-debug" not in response(proxied.through(preflight())).headers
    assert "x-debug" not in response(proxied.through(actual(url=API + "0"))).headers
    proxied.call("cors.inject", [preflight()], "X-Debug", "2")
    assert response(proxied.through(preflight())).headers["x-debug"] == "2"


@pytest.mark.parametrize("answered_by_addon", [False, True])
def test_the_servers_own_answer_is_kept_and_revert_restores_it(proxied: Proxied, answered_by_addon: bool) -> None:
    """In the metadata, in dumps, and in mitmproxy's backup, body included."""
    proxied.call("cors.allow", [actual()])
    own = [("Access-Control-Allow-Origin", "https://x.test"), ("Access-Control-Allow-Origin", "*"), ("ETag", "a")]
    one = proxied.through(actual(own, body=b"hello"), answered_by_addon=answered_by_addon)
    assert headers(one)["access-control-allow-origin"] == PAGE
    for each in (one, *saved_and_loaded(one)):
        kept = rewrite_record.of(each.metadata)
        assert kept is not None
        assert (kept.policy, kept.status) == ("allow api.example.test", 200)
        assert kept.fields == tuple((name.encode(), value.encode()) for name, value in own)
        assert each.modified()
        each.revert()
        assert list(response(each).headers.items(multi=True)) == own
        assert response(each).content == b"hello"
        assert not each.modified()


def test_a_users_edit_is_reverted_together_with_ours(proxied: Proxied) -> None:
    """mitmproxy's backup is made before the edit, with the server's headers."""
    proxied.call("cors.allow", [actual()])
    one = proxied.through(actual([("ETag", "a")], body=b"hello"))
    one.backup()
    one.request.path = "/edited"
    response(one).content = b"edited"
    assert one.modified()
    one.revert()
    assert (one.request.path, response(one).content, dict(response(one).headers)) == (
        "/items/1",
        b"hello",
        {"ETag": "a"},
    )


def test_the_json_lines_words_for_a_rewritten_flow(proxied: Proxied) -> None:
    """Each header before and after, and what the server's own answer would have got."""
    proxied.call("cors.allow", [actual()])
    one = proxied.through(actual([("Access-Control-Allow-Origin", "https://x.test")]))
    kept = rewrite_record.of(one.metadata)
    assert kept is not None
    outcome = rewrite_record.server_outcome(observe(one)[0], kept)
    assert outcome is not None
    assert outcome.refusal is not None
    assert (outcome.verdict, outcome.refusal.reason) == ("deny", "allow-origin-mismatch")
    field = rewrite_record.line_field(kept, 200, response(one).headers.fields)
    assert field["edits"][0] == {"name": "access-control-allow-origin", "before": "https://x.test", "after": PAGE}
    assert (field["answered"], field["status"]) == (False, None)
    answered = rewrite_record.of(proxied.through(preflight()).metadata)
    assert answered is not None
    assert answered.status is None


def test_what_is_remembered_of_the_servers_own_answers_is_what_they_get() -> None:
    """For other origins, methods, headers, servers, statuses and answers; each asked twice."""
    allow = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Methods", "PUT")]
    flows = [
        make(lines, url=f"{server}/items", http_version=version, **more)
        for lines in ([("Vary", "Origin")], allow, [*allow, ("access-control-allow-headers", "*")], [*allow, *allow])
        for server in ("https://api.example.test", "http://api.example.test", PAGE)
        for version in (b"HTTP/1.1", b"HTTP/2.0")
        for make, more in (
            (actual, {}),
            (actual, {"status": 302}),
            (actual, {"request": [("Cookie", "a=b"), ("Sec-Fetch-Storage-Access", "active")]}),
            (preflight, {}),
            (preflight, {"status": 404}),
            (preflight, {"headers": "authorization"}),
            (preflight, {"method": "DELETE", "headers": "x-a"}),
        )
    ]
    seen = set()
    for one in (*flows, *flows):
        one.metadata.clear()
        kept = rewrite_record.Rewritten("all", response(one).status_code, response(one).headers.fields)
        for judgement in observe(one):
            found = rewrite_record.server_outcome(judgement, kept)
            if judgement.stage is not None:
                assert found == rejudge(judgement, judgement.engine, kept.fields, kept.status)
            seen.add(None if found is None or found.refusal is None else found.refusal.reason)
    assert len(seen) >= 4


def test_recorded_flows_are_never_rewritten(proxied: Proxied) -> None:
    """They are judged as they were; what the policy would have made of them is shown as a shadow."""
    proxied.call("cors.allow", [actual()])
    one = actual(live=False)
    before = one.get_state()
    proxied.through(one)
    assert one.get_state() == before
    assert [shadow.flips for shadow in proxied.policies.in_shadow(one, observe(one)[0])] == [True]


def test_http2_gets_lower_case_names(proxied: Proxied) -> None:
    """mitmproxy would warn of others."""
    proxied.call("cors.allow", [actual()])
    one = proxied.through(actual(http_version=b"HTTP/2.0"))
    assert all(name == name.lower() for name, _ in response(one).headers.fields)


def test_a_fault_of_ours_leaves_the_answer_as_it_is(
    proxied: Proxied, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And is logged once, whatever value it names."""
    proxied.call("cors.allow", [actual()])
    values = itertools.count()

    def failing(*_: object) -> None:
        raise ValueError(next(values))

    monkeypatch.setattr("cors_addon.proxy.rewriting.asking", failing)
    for _ in range(3):
        assert not response(proxied.through(actual())).headers
    assert len([entry for entry in caplog.records if "failed to apply a policy" in entry.message]) == 1


# ── the file ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_broken_file_keeps_the_last_good_policies(
    proxied: Proxied, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every fault is logged with its place; a good one is taken again."""
    file = tmp_path / "p.yaml"
    file.write_text(FILE)
    proxied.policies.file.use(file)
    assert headers(proxied.through(actual()))["access-control-allow-origin"] == PAGE
    broken = FILE.replace("https://app.example.test", "https://App.example.test/").replace("[PUT]", "[put]")
    for text, news in ((broken, False), (FILE.replace(PAGE, "https://new.test"), True), ("", False)):
        file.write_text(text)
        os.utime(file, ns=(1, hash(text) % 10**9))
        assert proxied.policies.file.look() is news
        assert proxied.policies.file.look() is False
    messages = [entry.message for entry in caplog.records if entry.levelname == "ERROR"]
    assert [match[0] for message in messages if (match := re.search(r"p\.yaml:\d+:\d+", message))] == [
        "p.yaml:5:15",
        "p.yaml:6:15",
        "p.yaml:1:1",
    ]
    assert proxied.policies.file.policies[0].origins is not None
    assert proxied.policies.file.policies[0].origins.listed == ("https://new.test",)
    file.unlink()
    assert proxied.policies.file.look() is False
    assert proxied.hooked


def test_a_broken_file_at_the_start_is_refused_with_every_fault(proxied: Proxied, tmp_path: Path) -> None:
    """So is one that is not there."""
    file = tmp_path / "p.yaml"
    file.write_text("policies:\n  - origins: [a, b]\n")
    with pytest.raises(exceptions.OptionsError, match=r"(?s)2 errors:.*:2:15: error: .*:2:18: error: "):
        proxied.policies.file.use(file)
    with pytest.raises(exceptions.OptionsError, match="cannot read"):
        proxied.policies.file.use(tmp_path / "none.yaml")


def test_loading_the_same_file_again_takes_what_it_says_now(tmp_path: Path) -> None:
    """Without waiting until the watcher looks; what is broken is told, and changes nothing."""
    file = tmp_path / "p.yaml"
    with helpers.proxy() as running:
        for name in ("one", "two"):
            file.write_text(FILE.replace("name: app", f"name: {name}"))
            assert running.command("cors.policy.load", str(file)).startswith(f"1 policy from {file}: {name}.")
        file.write_text("policies: [nothing]")
        with pytest.raises(exceptions.CommandError, match=re.escape(f"{file}:1:12: error: ")):
            running.command("cors.policy.load", str(file))
        assert [policy.name for policy in running.addon._policies.file.policies] == ["two"]
        assert running.command("cors.policy.load", "") == "No policy file is used. Reload the page."


def many(number: int, mode: str = "rewrite") -> str:
    """A file of so many policies."""
    each = "  - {{name: p{0}, mode: {1}, filter: ~d api{0}.test, origins: [https://app{0}.test], methods: [PUT]}}\n"
    return "policies:\n" + "".join(each.format(number, mode) for number in range(number))


@pytest.mark.parametrize(
    ("text", "says", "first"),
    [
        (many(300), "p.yaml read: p0, p1, p2, p3, p4, p5, p6, p7 and 292 others.", "p0"),
        (many(300, "live"), "p.yaml has 300 errors. The last good policies stay.", "allow"),
        (None, "p.yaml: No such file or directory. The last good policies stay.", "allow"),
    ],
)
def test_a_large_file_is_read_beside_the_traffic(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str | None, says: str, first: str
) -> None:
    """Once traffic may pass; that it is read, and what became of it, is logged."""
    caplog.set_level("INFO")
    small, file = tmp_path / "small.yaml", tmp_path / "p.yaml"
    small.write_text("policies: [allow]")
    file.write_text(many(300))

    async def choose(policies: PolicyFile, running: helpers.Proxy) -> None:
        policies.running()
        words = running.command("cors.policy.load", str(file))
        assert "is being read: the log says" in words
        assert [policy.name for policy in policies.policies] == ["allow"]
        file.unlink() if text is None else file.write_text(text)
        await waits.until(lambda: not policies.reads)
        policies._unwatch()

    with helpers.proxy(cors_policy=str(small)) as running:
        policies = running.addon._policies.file
        asyncio.run(choose(policies, running))
        assert policies.policies[0].name == first
    assert "until then the policies of before (1) stay." in caplog.text
    assert says in caplog.text
    assert len([each for each in caplog.records if "p.yaml:" in each.message]) <= 202


def test_what_is_said_of_many_policies_that_change(
    proxied: Proxied, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Advice is for those that are other than before; each is compared with that of its name alone."""
    file = tmp_path / "p.yaml"
    file.write_text(many(40))
    proxied.policies.file.use(file)
    asked: list[list[str]] = []

    def advise(changed: Iterable[Policy]) -> str:
        asked.append([policy.name for policy in changed])
        return ""

    proxied.policies.file.advise = advise
    file.write_text(many(41).replace("https://app7.test", "https://new7.test").replace("name: p3,", "name: other,"))
    assert proxied.policies.file.look()
    assert asked == [["p3", "p7", "other", "p7", "p40"]]


def test_the_sessions_rules_are_a_file_one_can_commit(proxied: Proxied, tmp_path: Path) -> None:
    """Read again, they do the same."""
    proxied.call("cors.allow", [actual(), actual(url="http://localhost:3000/x")])
    proxied.call("cors.inject", [actual(url="https://api.example.test/a(b)?q=1")], "X-A", 'b "c"')
    proxied.call("cors.strip", [actual(url="https://other.test/")])
    file = tmp_path / "rules.yaml"
    assert proxied.call("cors.policy.save", str(file)).startswith(f"4 rules written to {file}.")
    before = list(proxied.policies.session)
    proxied.call("cors.rules.clear")
    proxied.policies.file.use(file)
    assert list(proxied.policies.file.policies) == before
    one = proxied.through(actual(url="https://api.example.test/a(b)?q=2"))
    assert headers(one, "x-a") == {"x-a": 'b "c"'}
    assert headers(proxied.through(actual(url="http://localhost:3000/y")))["access-control-allow-origin"] == PAGE


# ── what commands say ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_held_preflight_is_announced_with_its_time(proxied: Proxied) -> None:
    """As long as the browser's engine may keep it."""
    hold_a_preflight(proxied)
    assert re.search(HELD, proxied.call("cors.strip", [actual()]))


HELD = r"may hold an old preflight for (7200|7199) s: wait, or disable its cache"


def hold_a_preflight(proxied: Proxied) -> None:
    """The browser got an answer just now that it may keep for a day."""
    held = preflight([("Access-Control-Allow-Origin", PAGE), ("Access-Control-Max-Age", "86400")])
    response(held).timestamp_end = time.time()
    proxied.context.master.addons.get("view").add([held])


def test_a_held_preflight_is_announced_when_the_file_changes(
    proxied: Proxied, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """But only where a policy for its server is another than before."""
    caplog.set_level("INFO")
    hold_a_preflight(proxied)
    file = tmp_path / "p.yaml"
    file.write_text(FILE)
    proxied.policies.file.use(file)
    other = "  - name: other\n    filter: ~d other.test\n    preset: allow\n"
    for text, announced in ((FILE + other, False), (FILE.replace("PUT", "DELETE") + other, True)):
        caplog.clear()
        file.write_text(text)
        os.utime(file, ns=(1, hash(text) % 10**9))
        assert proxied.policies.file.look()
        (said,) = [entry.message for entry in caplog.records if "read again" in entry.message]
        assert said.startswith(f"cors_policy: {file} read again: app, other. Reload the page")
        assert (re.search(HELD, said) is not None) is announced


def test_commands_that_cannot_work_say_why(proxied: Proxied, tmp_path: Path) -> None:
    """In one line."""
    for arguments, words in (
        (("cors.allow", []), "Choose HTTP flows"),
        (("cors.inject", [actual()], "a b", "c"), "no header name"),
        (("cors.inject", [actual()], "a", "c\r\nd: e"), "The value of a header is one line."),
        (("cors.inject", [actual()], "a", "c\x7f"), "No header has a '\\x7f' in its value."),
        (("cors.inject", [actual()], "a", "c\ud800"), "No header has a '\\ud800' in its value."),
        (("cors.inject", [actual()], "Content-Length", "1"), "Content-Length is no matter of CORS"),
        (("cors.inject", [actual()], "transfer-encoding", ""), "Transfer-encoding is no matter of CORS"),
        (("cors.policy.mode", "x", "rewrite"), "No policy is named 'x'; known: none."),
        (("cors.policy.mode", "x", "on"), "A mode is rewrite, shadow, off"),
        (("cors.policy.save", str(tmp_path / "x")), "no rules in this session"),
        (("cors.snippet", [actual()], "iis"), "'iis' is no target; known are nginx"),
        (("cors.learn", [flow()], str(tmp_path / "x")), "nothing to learn"),
        (("cors.learn", [actual()], ""), "Name a file to write to."),
    ):
        with pytest.raises(exceptions.CommandError, match=re.escape(words)):
            proxied.call(*arguments)
    assert proxied.call("cors.rules.clear") == "There were no rules in this session."


def test_learning_from_flows_writes_a_file_that_lets_them_pass(proxied: Proxied, tmp_path: Path) -> None:
    """And says what it could not learn."""
    file = tmp_path / "learned.yaml"
    said = proxied.call("cors.learn", [preflight(headers="x-token"), actual(method="PUT")], str(file))
    assert said.startswith(
        f"Learned from 2 exchanges: api.example.test, in {file}. Try it with cors.policy.load. Not learned: "
    )
    proxied.policies.file.use(file)
    assert headers(proxied.through(preflight(headers="x-token")))["access-control-allow-headers"] == "x-token"


def test_what_is_learned_behind_a_reverse_proxy(proxied: Proxied, tmp_path: Path) -> None:
    """mitmproxy's filters know the server by its own address, the browser by that of mitmproxy."""
    file = tmp_path / "learned.yaml"
    behind = client(mode="reverse:https://upstream.test", tls=False)
    flows = [actual(url="https://upstream.test/x", connection=behind) for _ in range(2)]
    assert "127.0.0.1:8080" in proxied.call("cors.learn", flows[:1], str(file))
    proxied.policies.file.use(file)
    assert headers(proxied.through(flows[1])) == {"access-control-allow-origin": PAGE}


def test_a_snippet_is_for_the_flows_fix_or_their_policy(proxied: Proxied, tmp_path: Path) -> None:
    """The session's generous rule is nothing to hand over: then what the flow needs is."""
    proxied.call("cors.allow", [actual()])
    text = "\n".join(proxied.commands.snippet([preflight(headers="x-token")], "express"))
    assert 'methods: ["PUT"]' in text
    assert 'origin: ["https://app.example.test"]' in text
    for target in TARGETS:
        if target != "s3":
            assert proxied.call(
                "cors.snippet", [preflight(headers="content-type,accept,accept-language,content-language")], target
            )


def test_a_snippet_is_for_who_answered_where_no_target_is_named(proxied: Proxied) -> None:
    """By the flow's own answer; where that does not show, the targets are named."""
    refused = preflight()
    assert refused.response is not None
    refused.response.status_code = 400
    refused.response.content = b"Disallowed CORS method"
    refused.response.headers["Vary"] = "Origin"
    refused.response.headers["Access-Control-Allow-Methods"] = "GET, POST"
    refused.response.headers["Access-Control-Max-Age"] = "600"
    refused.response.headers["Access-Control-Allow-Origin"] = PAGE
    judged = proxied.through(refused)
    assert any("CORSMiddleware" in line for line in proxied.commands.snippet([judged]))
    with pytest.raises(exceptions.CommandError, match=r"does not tell the target\. Name one of: nginx"):
        proxied.commands.snippet([actual(url="https://nobody.test/")])


def test_every_command_has_a_summary_and_goes_away(proxied: Proxied) -> None:
    """As mitmproxy shows it."""
    known = proxied.context.master.commands.commands
    names = [command.name for command in PolicyCommands.COMMANDS]
    assert all(known[name].help for name in names)
    PolicyCommands(proxied.context.master, proxied.policies, lambda _: None).withdraw()
    assert not set(names) & set(known)
