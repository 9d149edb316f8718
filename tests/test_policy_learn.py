"""Learned policies let everything pass that they were learned from, and hold not one entry more."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mitmproxy import http

from cors_addon.exchange.exposure import exposed_headers
from cors_addon.exchange.model import Credentials, Judgement, Verdict
from cors_addon.policy.learn import Lesson, learn
from cors_addon.policy.model import Names, Policy
from cors_addon.policy.origins import collect
from cors_addon.policy.read import read
from cors_addon.policy.rewrite import Rewriter, asking
from cors_addon.policy.rewrite_record import Rewritten
from cors_addon.policy.shadow import Change, change_of, changes, group, render, try_on
from cors_addon.proxy.in_force import in_force
from cors_addon.proxy.policy_file import check_filter
from tests.helpers import ALLOW, API, CHROMIUM, FIREFOX, PAGE, WEBKIT, actual, client, flow, observe, preflight

ORIGINS = ["https://app.example.test", "https://b.test", "null", "http://localhost:5173"]
SERVERS = ["https://api.example.test", "http://localhost:3000", "https://other.test:8443"]
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "patch"]
NAMES = ["x-token", "content-type", "authorization", "x-b"]


@st.composite
def exchanges(draw: st.DrawFn) -> list[http.HTTPFlow]:
    """Traffic of one or several browsers, allowed and refused."""
    flows = []
    for number in range(draw(st.integers(1, 6))):
        origin, server = draw(st.sampled_from(ORIGINS)), draw(st.sampled_from(SERVERS))
        method = draw(st.sampled_from(METHODS))
        names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=2))
        agent = draw(st.sampled_from([CHROMIUM, FIREFOX, WEBKIT]))
        url = f"{server}/{draw(st.sampled_from(['a', 'b?x=1']))}"
        allow = [
            ("Access-Control-Allow-Origin", draw(st.sampled_from([origin, "*", "https://no.test"]))),
            ("Access-Control-Expose-Headers", draw(st.sampled_from(["", "x-total", "*"]))),
            ("X-Total", "1"),
        ]
        if draw(st.booleans()):
            allow.append(("Access-Control-Allow-Credentials", "true"))
        if draw(st.booleans()):
            request = [("Origin", origin), ("Access-Control-Request-Method", method), ("Sec-Fetch-Mode", "cors")]
            if names:
                request.append(("Access-Control-Request-Headers", ",".join(sorted(names))))
            status = draw(st.sampled_from([204, 404]))
            flows.append(flow("OPTIONS", url, request, response=allow, status=status, agent=agent, at=number * 10.0))
        request = [("Origin", origin), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", "cross-site")]
        request += [(name, "application/json") for name in names]
        if draw(st.booleans()):
            request.append(("Cookie", "a=b"))
        status = draw(st.sampled_from([200, 302, 500]))
        more = [("Location", "/next")] if status == 302 else []
        flows.append(
            flow(method, url, request, response=[*allow, *more], status=status, agent=agent, at=number * 10.0 + 1)
        )
    return flows


def passes(policies: list[Policy], one: http.HTTPFlow, judgement: Judgement) -> bool:
    """Whether the browser lets it pass under the first policy that matches, and the page reads what it read."""
    chosen = next((each for each in map(in_force, policies) if each.matches(one)), None)
    if chosen is None:
        return False
    shadow = try_on(chosen.rewriter, judgement)
    if shadow is None or shadow.outcome.verdict is not Verdict.ALLOW:
        return False
    observation = judgement.observation
    request = asking(observation.method, observation.request)
    _, fields = Rewriter(chosen.policy).rewrite(request, observation.status or 0, observation.response)
    now = replace_response(judgement, fields)
    lost = set(exposed_headers(judgement)) - set(exposed_headers(now))
    return not [name for name in lost if not name.startswith("access-control-")]


def replace_response(judgement: Judgement, fields: tuple[tuple[bytes, bytes], ...]) -> Judgement:
    """The same judgement of another answer."""
    changed = copy.copy(judgement)
    changed.observation = replace(judgement.observation, response=fields)
    return changed


def without_one(policy: Policy) -> list[Policy]:
    """The policy with each single entry removed."""
    found = []
    assert policy.origins is not None
    for entry in policy.origins.listed:
        found.append(replace(policy, origins=collect(one for one in policy.origins.listed if one != entry)))
    for attribute in ("methods", "request_headers", "expose_headers"):
        listed = getattr(policy, attribute).listed
        for entry in listed:
            fewer: Any = {attribute: Names(tuple(one for one in listed if one != entry))}
            found.append(replace(policy, **fewer))
    if policy.credentials:
        found.append(replace(policy, credentials=False))
    return found


@settings(max_examples=60, deadline=None)
@given(exchanges())
def test_what_is_learned_lets_all_pass_and_is_minimal(flows: list[http.HTTPFlow]) -> None:
    """Each single entry is needed by some exchange; written and read again, it is the same."""
    judgements = observe(*flows)
    by_id = {one.id: one for one in flows}
    pairs = [(by_id[judgement.observation.flow_id], judgement) for judgement in judgements if judgement.stage]
    lesson = learn(judgements)
    assert lesson.learned == len(pairs)
    loaded = read(lesson.text(), check_filter)
    assert loaded.usable
    assert [replace(one, comments={}) for one in lesson.policies] == list(loaded.policies)
    policies = list(loaded.policies)
    for one, judgement in pairs:
        assert passes(policies, one, judgement)
    for index, policy in enumerate(policies):
        for less in without_one(policy):
            fewer = [*policies[:index], less, *policies[index + 1 :]]
            assert not all(passes(fewer, one, judgement) for one, judgement in pairs), less


def lesson(*flows: http.HTTPFlow) -> Lesson:
    """What these flows teach."""
    return learn(observe(*flows))


def test_each_entry_says_which_traffic_needed_it() -> None:
    """As a comment; what cannot be learned is said above."""
    text = lesson(preflight(headers="x-token"), actual(ALLOW, method="PUT", request=[("X-Token", "1")])).text()
    assert "  - PUT  # preflight for PUT /items/1 and 1 more" in text
    assert "  - x-token  # preflight for PUT /items/1 and 1 more" in text
    assert "# - whether 2 exchanges with https://api.example.test included credentials: none were seen" in text


def test_what_no_header_can_help_is_said_and_left_out() -> None:
    """An answer that never came."""
    found = lesson(actual(status=None, error="Client disconnected."), actual(ALLOW))
    assert found.learned == 1
    assert any("network-error" in note for note in found.notes)


@pytest.mark.parametrize("host", ["bücher.example", "xn--bcher-kva.example", "::1", "[::1]", "a(b).test", "1.2.3.4"])
@pytest.mark.parametrize("port", [443, 8443])
def test_the_filter_finds_its_server(host: str, port: int) -> None:
    """Whichever way mitmproxy writes the name, in a recording as in live traffic; and no other."""
    one = actual(ALLOW, connection=client(sni=host))
    one.request.host, one.request.port = host, port
    policy = lesson(one).policies[0]
    assert in_force(policy).matches(one)
    one.request.host = f"x{host}" if host[0] != "[" else "[::2]"
    assert not in_force(policy).matches(one)


@pytest.mark.parametrize(
    ("one", "note"),
    [
        (actual(request=[("Origin", "app.example.test")]), "1 × the origin 'app.example.test'"),
        (flow(request=[("Origin", "a b\x7f"), ("Sec-Fetch-Mode", "cors")]), "1 × the origin 'a b\\x7f'"),
        (flow(request=[("Origin", "*"), ("Sec-Fetch-Mode", "cors")]), "1 × the origin '*'"),
        (preflight(method="TRACE"), "1 × the method 'TRACE'"),
        (preflight(method="put"), "1 × the method 'put'"),
        (preflight(method="a b"), "1 × the method 'a b'"),
        (preflight(headers="x-token,cookie"), "1 × the header 'cookie'"),
        (preflight(headers="sec-x"), "1 × the header 'sec-x'"),
        (preflight(headers="x token"), "1 × the header 'x token'"),
    ],
)
def test_what_no_browser_sends_is_not_learned(one: http.HTTPFlow, note: str) -> None:
    """No policy may hold it; it is said."""
    found = learn(observe(one, actual(ALLOW, at=1)))
    assert found.learned == 1
    assert any(each.startswith(note) for each in found.notes), found.notes
    assert read(found.text(), check_filter).faults == []


def test_credentials_are_learned_only_where_they_were_sent() -> None:
    """An answer that allows them is no reason."""
    credentials = [("Access-Control-Allow-Credentials", "true")]
    assert not lesson(actual([*ALLOW, *credentials])).policies[0].credentials
    sent = actual([*ALLOW, *credentials], request=[("Cookie", "a=b"), ("Sec-Fetch-Site", "cross-site")])
    assert observe(sent)[0].credentials is Credentials.INCLUDE
    assert lesson(sent).policies[0].credentials


# ── shadow ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_request_is_refused_where_its_preflight_would_be() -> None:
    """Also where the recording has none."""
    policy = Policy(name="p", origins=collect([PAGE]))
    judgement = observe(actual(ALLOW, method="PUT"))[0]
    shadow = try_on(Rewriter(policy), judgement)
    assert shadow is not None
    assert shadow.outcome.refusal is not None
    assert (shadow.outcome.refusal.reason, shadow.outcome.refusal.stage) == ("method-not-allowed", "preflight")
    assert change_of(shadow) is Change.FAILS


def test_changes_are_grouped_by_origin_endpoint_and_cause() -> None:
    """And counted."""
    flows = [actual(ALLOW, url=f"{API}?n={number}") for number in range(3)]
    flows += [actual(url="https://api.example.test/other"), preflight(ALLOW)]
    policy = Policy(name="tight", origins=collect(["https://b.test"]))
    tried = [
        (one.observation.flow_id, changes(one, [shadow]))
        for one in observe(*flows)
        if (shadow := try_on(Rewriter(policy), one)) is not None
    ]
    assert render(group(tried), len(tried)) == (
        "tight: 3 of 5 exchanges: newly fails\n"
        "  https://app.example.test\n"
        "    3 × GET https://api.example.test/items/1  allow-origin-missing\n"
        "\n"
        "tight: 1 of 5 exchanges: fails for another reason\n"
        "  https://app.example.test\n"
        "        PUT https://api.example.test/items/1 (preflight)  method-not-allowed: PUT → allow-origin-missing\n"
    )


def test_of_a_rewritten_flow_the_servers_answer_is_tried() -> None:
    """Not what another policy made of it."""
    judgement = observe(actual(ALLOW))[0]
    keep = Policy(name="keep", set={"X-A": "1"})
    shadow = try_on(Rewriter(keep), judgement, Rewritten("other", 200, ()))
    assert shadow is not None
    assert (shadow.server.verdict, shadow.outcome.verdict) == (Verdict.DENY, Verdict.DENY)
