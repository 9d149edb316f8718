"""When policies come to rewrite: after all other addons, at what cost, and by which filters."""

import asyncio
import itertools
from typing import Any

import pytest
from mitmproxy import flowfilter, http
from mitmproxy.addonmanager import AddonManager
from mitmproxy.proxy.layers.http._hooks import HttpRequestHook, HttpResponseHeadersHook, HttpResponseHook

from cors_addon.policy.model import Policy, Preset, preset
from cors_addon.proxy import matching
from cors_addon.proxy.hooks import _MANY
from cors_addon.proxy.matching import Absent, Reads
from cors_addon.proxy.rewriting import Policies
from tests.helpers import PAGE, Proxy, actual, flow, hook, preflight, proxy, response


def live_through(addons: AddonManager, one: http.HTTPFlow) -> http.HTTPFlow:
    """Let mitmproxy call all addons, as for a request and what the server answers."""
    server, one.response = one.response, None

    async def run() -> None:
        await addons.handle_lifecycle(HttpRequestHook(one))
        one.response = one.response or server
        await addons.handle_lifecycle(HttpResponseHeadersHook(one))
        await addons.handle_lifecycle(HttpResponseHook(one))

    asyncio.run(run())
    return one


class Later:
    """An addon that comes after ours."""

    def request(self, one: http.HTTPFlow) -> None:
        """As map_local and map_remote do."""
        if one.request.method == "OPTIONS":
            one.response = http.Response.make(403)
        elif "moved" in one.request.path:
            one.request.host = "moved.test"

    async def responseheaders(self, one: http.HTTPFlow) -> None:
        """As modify_headers does, and in its own time."""
        await asyncio.sleep(0)
        response(one).headers["Access-Control-Allow-Origin"] = "https://later.test"


def allowed(running: Proxy, filter_: str = "") -> None:
    """Put a policy in force that allows everything."""
    running.addon._policies.add(
        preset(Preset.ALLOW) if not filter_ else Policy(name="x", filter=filter_, set={"A": "1"})
    )


def test_the_edits_of_others_are_under_ours() -> None:
    """Theirs count as the server's."""
    with proxy() as running:
        allowed(running)
        running.master.addons.add(Later())
        one = live_through(running.master.addons, actual())
        assert response(one).headers["access-control-allow-origin"] == PAGE
        assert "https://later.test" in one.metadata["cors.server"]
        assert response(live_through(running.master.addons, preflight())).status_code == 204
        running.addon._policies.drop("allow")
        allowed(running, "~d moved.test")
        moved = live_through(running.master.addons, actual(url="https://api.example.test/moved"))
        stays = live_through(running.master.addons, actual())
        assert ("A" in response(moved).headers, "A" in response(stays).headers) == (True, False)


def test_flows_between_whose_hooks_others_wait() -> None:
    """Two at a time: each is dealt with in its own turn."""
    with proxy() as running:
        allowed(running)
        running.master.addons.add(Later())
        flows = [actual(), actual(url="https://other.test/")]

        async def run() -> None:
            await asyncio.gather(
                *(running.master.addons.handle_lifecycle(HttpResponseHeadersHook(one)) for one in flows)
            )

        asyncio.run(run())
        assert [response(one).headers["access-control-allow-origin"] for one in flows] == [PAGE, PAGE]
        assert "update" not in vars(running.addon)


def test_hooks_come_and_go() -> None:
    """`update`, asked at every event of every flow, is there only in between; a killed flow is left alone."""
    namespace: dict[str, Any] = {}
    policies = Policies(namespace)
    policies.add(Policy(name="edits", set={"A": "1"}))
    assert set(namespace) == {"responseheaders"}
    policies.add(preset(Preset.ALLOW))
    assert set(namespace) == {"http_connect", "request", "responseheaders"}
    one = actual()
    namespace["request"](one)
    assert "update" not in namespace
    namespace["responseheaders"](one)
    assert "update" in namespace
    namespace["update"]([actual()])
    assert "update" in namespace
    one.kill()
    namespace["update"]([one])
    assert "update" not in namespace
    assert not response(one).headers
    policies.close()
    assert not namespace


def test_flows_that_never_come_back_are_forgotten() -> None:
    """Another addon's hook was cancelled when the client left: mitmproxy calls `update` no more."""
    namespace: dict[str, Any] = {}
    policies = Policies(namespace)
    policies.add(preset(Preset.ALLOW))
    for _ in range(3 * _MANY):
        left = actual()
        namespace["responseheaders"](left)
        left.live = False
    assert len(policies.hooks._due) <= _MANY


# ── filters ───────────────────────────────────────────────────────────────────────────────────────────────────────────


READS = {
    "~all": Reads.NOTHING,
    "~http": Reads.NOTHING,
    "~d api": Reads.HOST,
    "!~d api": Reads.HOST,
    "~d api & ~u items": Reads.TARGET,
    "~m PUT | ~d other": Reads.TARGET,
    "~s": Reads.HEADS,
    "~q": Reads.HEADS,
    "~c 404": Reads.HEADS,
    "~hq token": Reads.HEADS,
    "~hs etag & ~d api": Reads.HEADS,
    "~t json": Reads.HEADS,
    "~a": Reads.HEADS,
    "~bs hello": Reads.MORE,
    "~d api | ~b hello": Reads.MORE,
    "~marked": Reads.MORE,
    "~meta x": Reads.MORE,
    "~src 127.0.0.1": Reads.MORE,
}


@pytest.mark.parametrize(("expression", "wanted"), READS.items())
def test_what_a_filter_reads(expression: str, wanted: Reads) -> None:
    """What is not known reads anything."""
    assert matching.reads(flowfilter.parse(expression)) is wanted


@pytest.mark.parametrize("expression", [each for each, wanted in READS.items() if wanted <= Reads.TARGET])
def test_what_is_remembered_of_a_filter_is_what_it_says(expression: str) -> None:
    """For hosts and Host headers, several too, methods, schemes, ports, paths and versions; each asked twice."""
    policies = Policies()
    policies.add(Policy(name="x", filter=expression, set={"A": "1"}))
    said = set()
    flows = [
        flow(method, f"{scheme}://{host}:{port}/{path}", request=named, http_version=version)
        for method, scheme, host, port, path, named, version in itertools.product(
            ("GET", "PUT"), ("http", "https"), ("api.test", "1.2.3.4"), (80, 443), ("", "items"),
            ([], [("Host", "api.test")], [("host", "x.test"), ("HOST", "api.test")]), (b"HTTP/1.1", b"HTTP/2.0"),
        )
    ]  # fmt: skip
    for one in (*flows, *flows):
        assert policies.choose(one) == policies.chooser._choose(one)
        said.add(policies.choose(one).editing != ())
    assert said == ({True} if expression in ("~all", "~http") else {True, False})
    assert 1 <= len(policies.chooser._choices) <= len(flows) or expression in ("~all", "~http")


def test_a_filter_on_bodies_is_asked_again_when_the_body_is_there() -> None:
    """One on heads is not, unless somebody changed the head."""
    policies = Policies()
    hooks = policies.hooks.namespace
    policies.add(Policy(name="bodies", filter="~bs hello", set={"A": "1"}))
    one = flow(request=[("Origin", PAGE)])
    hook(hooks, "responseheaders", one)
    response(one).content = b"hello"
    policies.response(one)
    assert response(one).headers["A"] == "1"
    policies.drop("bodies")
    policies.add(Policy(name="heads", filter="~hs X-Later", set={"A": "1"}))
    for change in (False, True):
        one = flow(request=[("Origin", PAGE)])
        hook(hooks, "responseheaders", one)
        if change:
            response(one).headers["X-Later"] = "1"
        policies.response(one)
        assert ("A" in response(one).headers) is change


def test_a_rule_that_comes_while_the_body_does() -> None:
    """mitmproxy still holds the head back."""
    policies = Policies()
    policies.add(Policy(name="other", filter="~d other.test", set={"A": "1"}))
    one = actual()
    hook(policies.hooks.namespace, "responseheaders", one)
    policies.add(Policy(name="all", set={"B": "1"}))
    policies.response(one)
    assert response(one).headers["B"] == "1"


def test_names_that_are_absent() -> None:
    """Whatever their case, and whatever was asked before."""
    absent = Absent([b"if-none-match"])
    assert absent(())
    for _ in range(2):
        assert absent(((b"A", b""), (b"B", b"")))
        assert not absent(((b"A", b""), (b"IF-None-Match", b"")))
        assert not absent(((b"If-None-Match", b""),))
