"""The live page without a browser: who is let in, what is told, what buttons do.

tests/browser/test_page.py drives it in one.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from mitmproxy import exceptions, http
from mitmproxy.connection import Server

from cors_addon.proxy import annotate
from cors_addon.proxy.page.gate import HOST, TOKEN, Gate
from cors_addon.proxy.page.group import MOST_KEPT
from cors_addon.proxy.page.live import AT_ONCE, Live
from cors_addon.proxy.page.messages import Answered, Asked
from cors_addon.reasons.pages import names
from cors_addon.report import preflights
from cors_addon.report.html import help_pages
from tests import waits
from tests.helpers import ALLOW, ALLOW_PUT, API, PAGE, Proxy, actual, flow, hook, observe, preflight, proxy, response
from tests.test_report_html import HOSTILE

PORT = 8123
OWN = f"127.0.0.1:{PORT}"


def asked(target: str = "/", method: str = "GET", host: str = OWN, body: str = "", **headers: str) -> Asked:
    """A request to the page; `headers` by their names, with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Asked(method, target, {"host": host, **named}, body.encode(), "http", PORT)


# ── the gate ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("request_", "lets_in"),
    [
        (asked(), True),
        (asked(host=f"localhost:{PORT}"), True),
        (asked(host=HOST), True),
        (asked(host="127.0.0.1:9"), False),
        (asked(host="127.0.0.1"), False),
        (asked(host=f"rebound.example:{PORT}"), False),
        (asked(host=f"{HOST}.evil.example"), False),
        (asked(host=""), False),
        (asked(sec_fetch_site="none", sec_fetch_mode="navigate", sec_fetch_dest="document"), True),
        (asked(sec_fetch_site="cross-site", sec_fetch_mode="navigate", sec_fetch_dest="document"), True),
        (asked(sec_fetch_site="cross-site", sec_fetch_mode="navigate", sec_fetch_dest="iframe"), False),
        (asked(sec_fetch_site="same-site", sec_fetch_mode="no-cors", sec_fetch_dest="script"), False),
        (asked(sec_fetch_site="cross-site", sec_fetch_mode="cors", sec_fetch_dest="empty"), False),
        (asked(sec_fetch_site="same-origin", sec_fetch_mode="cors", sec_fetch_dest="empty"), True),
        (asked(origin="http://evil.example"), False),
        (asked(origin="null"), False),
        (asked(origin=f"http://{OWN}"), True),
        (asked(origin=f"https://{OWN}"), False),
        (asked("/do/undo", "POST", origin=f"http://{OWN}"), True),
        (asked("/do/undo", "POST"), False),
        (asked("/do/undo", "POST", origin="http://127.0.0.1:9"), False),
        (asked("/do/undo", "POST", origin=f"http://{OWN}", sec_fetch_site="same-site"), False),
        (asked("/do/undo", "POST", host=HOST, origin=f"http://{HOST}"), True),
        (asked("/do/undo", "POST", host=HOST, origin=f"http://{OWN}"), False),
    ],
)
def test_only_the_page_itself_may_ask(request_: Asked, lets_in: bool) -> None:
    """By Host, Origin and Sec-Fetch-Site, before the token is looked at."""
    assert Gate().is_ours(request_) is lets_in


def test_the_token_is_wanted_where_no_other_page_can_put_it() -> None:
    """For data in a header of its own: in the cookie, every page of the browser would bring it along."""
    gate = Gate()
    cookie = f"a=b; {gate.cookie(asked())}={gate.token}"
    assert gate.knows(asked(f"/?token={gate.token}"), document=True)
    assert gate.knows(asked(cookie=cookie), document=True)
    assert gate.knows(asked(**{TOKEN: gate.token}), document=False)
    assert not gate.knows(asked(cookie=cookie), document=False)
    assert not gate.knows(asked(f"/?token={gate.token}"), document=False)
    assert not gate.knows(asked("/?token=", cookie=f"{gate.cookie(asked())}="), document=True)
    assert not gate.knows(asked("/?token=\u00e9", **{TOKEN: "\u00e9"}), document=False)
    assert Gate().token != gate.token


# ── the page in mitmproxy ─────────────────────────────────────────────────────────────────────────────────────────────


class Opened:
    """The page of a running addon, asked without a network."""

    def __init__(self, running: Proxy) -> None:
        self.proxy = running
        group = running.addon.page
        assert group is not None
        assert group.app is not None
        self.group, self._app = group, group.app
        self.token = group.address().partition("token=")[2]

    def ask(self, target: str, method: str = "GET", body: str = "", **headers: str) -> Answered:
        """As the page itself asks."""
        more = {"origin": f"http://{OWN}"} if method == "POST" else {}
        return self._app(asked(target, method, body=body, **{TOKEN: self.token, **more, **headers}))

    def changes(self, generation: int = 0, since: int = 0) -> Any:
        """What changed."""
        return json.loads(self.ask(f"/changes?generation={generation}&since={since}").body)

    def press(self, do: str, /, **given: Any) -> Any:
        """A button."""
        answer = self.ask(f"/do/{do}", "POST", json.dumps(given))
        return json.loads(answer.body) | {"status": answer.status}


def in_mitmproxy(steps: Callable[[Opened], None], **options: Any) -> None:
    """Take steps with the page of an addon that runs."""

    async def run() -> None:
        with proxy(**options) as running:
            running.addon.running()
            steps(Opened(running))
            running.addon.done()

    asyncio.run(run())


def test_nothing_is_told_without_the_token() -> None:
    """Nor done."""

    def steps(page: Opened) -> None:
        page.proxy.pass_through(actual())
        assert page.ask("/changes", **{TOKEN: "x"}).status == 403
        assert page.ask("/do/undo", "POST", **{TOKEN: "x"}).status == 403
        assert page.ask("/events", **{TOKEN: ""}).status == 403
        locked = page.ask("/", **{TOKEN: page.token})
        assert locked.status == 401
        assert PAGE.encode() not in locked.body
        assert page.token.encode() not in locked.body
        assert page.ask("/help/allow-origin-missing").status == 401

    in_mitmproxy(steps)


def test_the_token_leaves_the_address() -> None:
    """It becomes a cookie that script does not see, and that other sites' requests do not bring."""

    def steps(page: Opened) -> None:
        first = page.ask(f"/?token={page.token}")
        headers = dict(first.headers)
        assert (first.status, headers["Location"]) == (303, "/")
        cookie, *attributes = headers["Set-Cookie"].split("; ")
        assert attributes == ["Path=/", "HttpOnly", "SameSite=Lax"]
        shown = page.ask("/", cookie=cookie)
        assert shown.status == 200
        assert dict(shown.headers)["Content-Security-Policy"].startswith("default-src 'none'; script-src 'sha256-")

    in_mitmproxy(steps)


def test_every_answer_is_locked() -> None:
    """No CORS, no frames, no cache, a policy."""

    def steps(page: Opened) -> None:
        cookie = f"cors_page_{PORT}={page.token}"
        for target in ("/", "/help/", "/help/corp", "/changes", "/nowhere", f"/?token={page.token}"):
            headers = {name.lower(): value for name, value in page.ask(target, cookie=cookie).headers}
            assert [name for name in headers if name.startswith("access-control-")] == []
            assert headers["x-frame-options"] == "DENY"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert headers["cache-control"].startswith("no-store")
            assert headers["x-content-type-options"] == "nosniff"
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert "*" not in policy

    in_mitmproxy(steps)


def test_changes_are_told_once() -> None:
    """Then only what is new, and a preflight again once its request is known."""

    def steps(page: Opened) -> None:
        page.proxy.pass_through(actual(at=0))
        first = page.changes()
        assert [each["url"] for each in first["fetches"]] == [API]
        assert first["overview"]["causes"][0]["reason"] == "allow-origin-missing"
        again = page.changes(first["generation"], first["version"])
        assert again["fetches"] == []
        assert "overview" not in again
        asks = preflight(ALLOW_PUT, at=10)
        page.proxy.pass_through(asks)
        second = page.changes(first["generation"], first["version"])
        assert [[each["id"] for each in one["members"]] for one in second["fetches"]] == [[asks.id]]
        put = actual(ALLOW, method="PUT", at=11)
        page.proxy.pass_through(put)
        third = page.changes(first["generation"], second["version"])
        assert [[each["id"] for each in one["members"]] for one in third["fetches"]] == [[asks.id, put.id]]

    in_mitmproxy(steps)


def test_while_nobody_looks_nothing_is_gathered() -> None:
    """No sink, no hook, no flow kept."""

    def steps(page: Opened) -> None:
        publisher = page.proxy.addon._publisher
        page.proxy.pass_through(actual())
        before = len(list(publisher))
        assert not any(isinstance(each, Live) for each in publisher)
        page.changes()
        assert len(list(publisher)) == before + 1
        page.group.let_go()
        assert len(list(publisher)) == before
        assert "requestheaders" not in vars(page.proxy.addon)

    in_mitmproxy(steps)


def test_much_is_told_in_pieces() -> None:
    """Each bounded."""
    count = AT_ONCE + 5
    live = Live(observe(*(actual(at=float(number)) for number in range(count))), lambda _flow_id: b"", lambda: None)
    first = live.changes(0, 0)
    rest = live.changes(first["generation"], first["version"])
    assert (len(first["fetches"]), first["more"]) == (AT_ONCE, True)
    assert (len(rest["fetches"]), rest["more"]) == (5, False)
    assert live.changes(rest["generation"], rest["version"])["fetches"] == []
    assert len(live.changes(1, rest["version"])["fetches"]) == AT_ONCE


def test_details_are_those_of_the_report() -> None:
    """Told when a request is opened."""
    denied = actual(status=502)
    live = Live(observe(denied), lambda _flow_id: b"Bad gateway", lambda: None)
    told = live.detail(denied.id)
    assert told is not None
    assert told["details"][0]["steps"]
    assert told["details"][0]["body"] == "Bad gateway"
    assert "allow-origin-missing" in told["reasons"]
    assert live.detail("nothing") is None


def test_hostile_values_are_data() -> None:
    """JSON of ASCII alone, and no HTML."""

    def steps(page: Opened) -> None:
        for number, attack in enumerate(HOSTILE):
            page.proxy.pass_through(actual([("Access-Control-Allow-Origin", attack)], at=float(number)))
        answer = page.ask("/changes")
        assert answer.kind == "application/json"
        assert answer.body.isascii()
        assert json.loads(answer.body)["overview"]["totals"]["states"]["deny"] == len(HOSTILE)

    in_mitmproxy(steps)


def test_mitmdump_remembers_the_latest() -> None:
    """It keeps no flows; a page that is opened later shows them all the same."""

    def steps(page: Opened) -> None:
        kept = actual(at=1)
        page.proxy.pass_through(actual(at=0), kept)
        changes = page.changes()
        assert changes["overview"]["totals"]["judged"] == 2
        assert page.press("allow", ids=[kept.id])["status"] == 200
        assert MOST_KEPT >= 2

    in_mitmproxy(steps)


def test_it_can_be_off() -> None:
    """Then there is none, and its host is nobody's."""

    def steps(page: Opened) -> None:
        server = Server(address=(HOST, 80))
        page.group.connecting(server)
        assert server.address == (HOST, 80)
        with pytest.raises(exceptions.CommandError, match="cors_page is off"):
            page.proxy.command("cors.page")

    in_mitmproxy(steps, cors_page="off")


def test_the_command_tells_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the page, or of a flow's place on it."""
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)

    async def run() -> None:
        with proxy() as running:
            running.addon.running()
            page = Opened(running)
            await waits.until(lambda: page.group.port)
            one = actual()
            assert page.group.address() in running.command("cors.page")
            assert page.group.address(one.id) in running.command("cors.page", [one])
            running.addon.done()

    asyncio.run(run())
    assert [address.partition("#")[2][:5] for address in opened] == ["", "flow="]


@pytest.mark.parametrize("value", ["on", "0", "65536", "-1", "8080 ", "٣"])
def test_a_bad_port_is_told(value: str) -> None:
    """With what is accepted."""
    with proxy() as running, pytest.raises(exceptions.OptionsError, match="none of auto, off, or a port"):
        running.set(cors_page=value)


# ── through the proxy ─────────────────────────────────────────────────────────────────────────────────────────────────


def through(page: Opened, target: str, method: str = "GET", **headers: str) -> http.HTTPFlow:
    """A request that passes the proxy's hooks as mitmproxy calls them; returns it with what it got."""
    lines = [(name.replace("_", "-"), value) for name, value in headers.items()]
    one = flow(method, f"http://{HOST}{target}", lines, status=None)
    hooks = vars(page.proxy.addon)
    for call in (hooks["requestheaders"], page.proxy.addon.response):
        with pytest.raises(exceptions.AddonHalt):
            call(one)
    return one


def test_through_the_proxy_it_is_answered_here() -> None:
    """And other addons do not see it. The first connection leads to our own port."""

    async def run() -> None:
        with proxy() as running:
            running.addon.running()
            page = Opened(running)
            await waits.until(lambda: page.group.port)
            assert "requestheaders" not in vars(running.addon)
            server = Server(address=(HOST, 80))
            page.group.connecting(server)
            assert server.address == ("127.0.0.1", page.group.port)
            assert response(through(page, "/")).status_code == 401
            opened = response(through(page, f"/?token={page.token}"))
            assert opened.status_code == 303
            told = response(through(page, "/changes", **{TOKEN: page.token}))
            assert told.json()["version"] == 0
            assert response(through(page, "/changes", **{TOKEN: page.token, "origin": PAGE})).status_code == 403
            other = actual()
            vars(running.addon)["requestheaders"](other)
            running.addon.response(other)
            assert other.metadata["cors.verdict"] == "deny"
            running.addon.done()

    asyncio.run(run())


def test_an_explanation_says_where_the_page_shows_it() -> None:
    """And where more is told of its reason; without the token, for explanations are sent on."""

    async def run() -> None:
        with proxy() as running:
            running.addon.running()
            page = Opened(running)
            await waits.until(lambda: page.group.port)
            one = actual(status=502)
            running.pass_through(one)
            text = running.addon._explaining.explain(one)
            assert f"{page.group.origin}/#flow={one.id}" in text
            assert f"{page.group.origin}/help/allow-origin-missing" in text
            assert page.token not in text
            running.addon.done()

    asyncio.run(run())


# ── rules ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_rule_lets_through_is_marked_as_such() -> None:
    """In the comment, by a marker of its own, and on the page: no server was mended."""

    def steps(page: Opened) -> None:
        refused = actual(at=0)
        page.proxy.pass_through(refused)
        page.press("allow", ids=[refused.id])
        [name] = rules(page)
        again = actual(at=1)
        hooks = vars(page.proxy.addon)
        hook(hooks, "responseheaders", again)
        page.proxy.addon.response(again)
        assert again.metadata["cors.verdict"] == "allow"
        assert again.comment.startswith("✓ by rule")
        assert PAGE in again.comment
        assert (refused.marked, again.marked) == (annotate.DENIED, annotate.BY_RULE)
        changes = page.changes()
        states = changes["overview"]["totals"]["states"]
        assert (states["deny"], states["rule"], states["allow"]) == (1, 1, 0)
        assert [each["state"] for each in changes["fetches"]] == ["deny", "rule"]
        assert changes["details"][1]["rule"] == name

    in_mitmproxy(steps)


# ── buttons ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def rules(page: Opened) -> list[str]:
    """Names of those in force."""
    return [rule["name"] for rule in page.changes()["rules"] if rule["mode"] == "rewrite"]


def test_allow_is_for_exactly_this_page_and_server() -> None:
    """Neither another port of the same host, nor another page."""

    def steps(page: Opened) -> None:
        one = actual(url="http://api.example.test:9000/x")
        page.proxy.pass_through(one)
        told = page.press("allow", ids=[one.id])
        assert "http://api.example.test:9000" in told["said"]
        [rule] = page.proxy.addon._policies.session
        assert rule.filter == '~u "^http://api\\\\.example\\\\.test:9000/"' or "9000/" in rule.filter
        matches = page.proxy.addon._policies.chooser.decide
        assert matches(one) is not None
        assert matches(actual(url="http://api.example.test:9001/x")) is None
        assert matches(actual(url="http://api.example.test/x")) is None
        assert rule.origins is not None
        assert rule.origins.listed == (PAGE,)

    in_mitmproxy(steps)


def test_undo_takes_back_step_by_step() -> None:
    """Whatever the buttons changed."""

    def steps(page: Opened) -> None:
        one = actual()
        page.proxy.pass_through(one)
        page.press("allow", ids=[one.id])
        [name] = rules(page)
        page.press("mode", name=name, mode="off")
        assert rules(page) == []
        page.press("inject", ids=[one.id], name="X-A", value="1")
        assert len(rules(page)) == 1
        page.press("strip", ids=[one.id])
        assert len(rules(page)) == 2
        for left in (1, 0, 1, 0):
            assert page.press("undo")["status"] == 200
            assert len(rules(page)) == left
        assert page.press("undo") == {"fault": "There is nothing to take back.", "status": 409}

    in_mitmproxy(steps)


POLICY = f"""\
policies:
  - name: api
    filter: ~d api.example.test
    origins: [{PAGE}]
"""


def test_a_policy_is_tried_before_it_is_switched_on() -> None:
    """What newly passes and newly fails is told; nothing changes until then."""

    def steps(page: Opened) -> None:
        other = flow(request=[("Origin", "https://b.example"), ("Sec-Fetch-Mode", "cors")],
                     response=[("Access-Control-Allow-Origin", "*")], at=2)  # fmt: skip
        page.proxy.pass_through(actual(at=1), other)
        tried = page.press("try", text=POLICY)
        assert [[group[0], group[2], group[5]] for group in tried["groups"]] == [
            ["newly fails", "https://b.example", 1],
            ["newly passes", PAGE, 1],
        ]
        assert rules(page) == []
        assert page.press("use", text=POLICY)["said"].startswith("Switched on: api.")
        assert rules(page) == ["api"]
        saved = page.press("save")["text"]
        assert "name: api" in saved
        assert page.press("try", text=saved)["usable"]

    in_mitmproxy(steps)


def test_faults_of_a_policy_are_told_by_line() -> None:
    """And it is not switched on."""

    def steps(page: Opened) -> None:
        tried = page.press("try", text=POLICY + "    orgins: [x]\n    credentials: maybe\n")
        assert not tried["usable"]
        assert [fault[0] for fault in tried["faults"]] == [5, 6]
        assert page.press("use", text="policies: 3")["status"] == 409
        assert page.press("try", text="")["usable"] is False

    in_mitmproxy(steps)


def test_a_fix_and_curl_are_told_as_text() -> None:
    """For a server of the list; with the headers that CORS depends on."""

    def steps(page: Opened) -> None:
        one = actual(request=[("X-A", "1"), ("Accept", "*/*"), ("Cookie", "a=secret")])
        page.proxy.pass_through(one)
        assert PAGE in page.press("fix", ids=[one.id], target="express")["text"]
        assert page.press("fix", ids=[one.id], target="nothing")["status"] == 409
        text = page.press("curl", ids=[one.id])["text"]
        assert "X-A: 1" in text
        assert PAGE in text
        assert "secret" not in text
        assert "Accept" not in text
        assert "User-Agent" not in text

    in_mitmproxy(steps)


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("allow", "{}", 409),
        ("allow", '{"ids": ["gone"]}', 409),
        ("allow", '{"ids": "x"}', 409),
        ("inject", '{"ids": [], "name": 3}', 409),
        ("mode", '{"name": "none", "mode": "off"}', 409),
        ("nothing", "{}", 404),
        ("undo", "[]", 400),
        ("undo", "{", 400),
        ("save", "{}", 409),
    ],
)
def test_what_cannot_be_done_is_told(name: str, body: str, status: int) -> None:
    """In a sentence."""

    def steps(page: Opened) -> None:
        answer = page.ask(f"/do/{name}", "POST", body)
        assert (answer.status, json.loads(answer.body)["fault"] != "") == (status, True)

    in_mitmproxy(steps)


# ── pages about reasons, and what preflights cost ─────────────────────────────────────────────────────────────────────


@pytest.fixture
def help_texts() -> dict[str, str]:
    """Each page's text."""
    found = {name: help_pages.page(name) for name in ("", *names())}
    return {name: made.text for name, made in found.items() if made is not None}


def test_each_name_has_a_page(help_texts: dict[str, str]) -> None:
    """Reasons, findings and blocks; the list links to each."""
    assert help_texts.keys() == {"", *names()}
    for name in names():
        assert f'href="/help/{name}"' in help_texts[""]
        assert f"<code>{name}</code>" in help_texts[name]
        assert "<script" not in help_texts[name]
    assert help_pages.page("no-such-reason") is None


def test_what_preflights_cost() -> None:
    """How many, how long, and how many would be left were their answers kept for ten minutes."""
    flows = []
    for number in range(3):
        flows += [preflight(ALLOW_PUT, at=number * 10.0, took=0.5), actual(ALLOW, method="PUT", at=number * 10.0 + 1)]
    flows += [preflight([], at=40.0), preflight([], at=50.0), preflight(ALLOW_PUT, at=700.0)]
    cost = preflights.cost(observe(*flows))
    assert (cost["preflights"], cost["requests"], cost["needed"]) == (6, 9, 4)
    assert cost["seconds"] == pytest.approx(1.53)
