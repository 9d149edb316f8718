"""A rewritten answer, judged by every engine, gives what the policy says; and rewriting is neat."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cors_addon.engines import ENGINES
from cors_addon.exchange.model import Fields
from cors_addon.fetch.checks import Answer, Asked
from cors_addon.fetch.headers import cors_lines, get_all, split_list
from cors_addon.fetch.refusals import Stage
from cors_addon.policy.model import Names, Others, Policy, Preflights, Preset, preset
from cors_addon.policy.origins import collect
from cors_addon.policy.rewrite import CORS_NAMES, Asking, Rewriter, asking

ORIGINS = ["https://app.example", "https://a.b.example", "http://localhost:3000", "null", "https://evil.test:8443"]
ENTRIES = ["https://app.example", "https://*.b.example", "http://localhost:*", "null", "*", "reflect"]
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "patch", "PATCH", "QUERY"]
HEADERS = ["content-type", "x-token", "authorization", "x-a"]

BYTES = st.sampled_from(
    [b"*", b"null", b"https://app.example", b"true", b"PUT, x y", b"GET,PUT", b"x-token", b"-1", b""]
)
SERVER_NAMES = st.sampled_from(
    [
        b"Access-Control-Allow-Origin", b"access-control-allow-origin", b"ACCESS-CONTROL-ALLOW-CREDENTIALS",
        b"Access-Control-Allow-Methods", b"Access-Control-Allow-Headers", b"Access-Control-Max-Age",
        b"Access-Control-Expose-Headers", b"Access-Control-Allow-Private-Network", b"X-Total", b"Set-Cookie", b"ETag",
    ]
)  # fmt: skip
VARY = st.tuples(
    st.sampled_from([b"Vary", b"vary"]), st.sampled_from([b"Accept-Encoding", b"*", b"origin", b"", b"Origin, Accept"])
)
SERVER_FIELDS = st.lists(st.one_of(st.tuples(SERVER_NAMES, BYTES), VARY), max_size=8).map(tuple)
STATUSES = st.sampled_from([200, 204, 206, 301, 304, 401, 404, 405, 500, 502])


@st.composite
def policies(draw: st.DrawFn, *, edits: bool = False) -> Policy:
    """Any policy that speaks of CORS; raw edits, where wanted, are of other headers."""
    if draw(st.integers(0, 9)) == 0:
        return preset(draw(st.sampled_from(list(Preset))))
    credentials = draw(st.booleans())
    entries = draw(st.lists(st.sampled_from([e for e in ENTRIES if e != "*" or not credentials]), unique=True))
    return Policy(
        name="p",
        origins=collect(entries),
        others=draw(st.sampled_from(Others)),
        methods=Names(tuple(draw(st.lists(st.sampled_from(METHODS), unique=True))), draw(st.booleans())),
        request_headers=Names(tuple(draw(st.lists(st.sampled_from(HEADERS), unique=True))), draw(st.booleans())),
        expose_headers=draw(
            st.sampled_from([Names(), Names(("x-total",)), Names(any=not credentials), Names(reflect=True)])
        ),
        credentials=credentials,
        max_age=draw(st.sampled_from([None, 0, 600])),
        private_network=draw(st.booleans()),
        preflight=draw(st.sampled_from(Preflights)),
        preflight_status=draw(st.sampled_from([200, 204])),
        set={"X-Set": "1", "etag": "x"} if edits and draw(st.booleans()) else {},
        remove=("set-cookie",) if edits and draw(st.booleans()) else (),
    )


@st.composite
def requests(draw: st.DrawFn, *, preflight: bool | None = None) -> Asking:
    """What a policy reads of a request."""
    origin = draw(st.sampled_from(ORIGINS))
    if not (draw(st.booleans()) if preflight is None else preflight):
        return Asking(origin)
    names = draw(st.lists(st.sampled_from(HEADERS), unique=True))
    return Asking(origin, draw(st.sampled_from(METHODS)), ",".join(sorted(names)) or None, draw(st.booleans()))


def verdict(engine: str, request: Asking, *, credentialed: bool, status: int, fields: Fields) -> str | None:
    """The reason for which an engine refuses an answer."""
    stage = Stage.ACTUAL if request.method is None else Stage.PREFLIGHT
    refusal = ENGINES[engine].rules.check(
        stage, asked(request, credentialed=credentialed), Answer(status, cors_lines(fields))
    )
    return refusal.reason if refusal else None


def asked(request: Asking, *, credentialed: bool) -> Asked:
    """The same in the terms of the checks."""
    return Asked(request.origin or "", request.method or "GET", split_list(request.headers or ""), credentialed)


@settings(max_examples=600, deadline=None)
@given(policies(edits=True), requests(), STATUSES, SERVER_FIELDS, st.booleans(), st.sampled_from(sorted(ENGINES)))
def test_the_rewritten_answer_gives_what_the_policy_says(
    policy: Policy, request: Asking, status: int, fields: Fields, credentialed: bool, engine: str
) -> None:
    """Whatever the server answered."""
    rewriter = Rewriter(policy)
    if rewriter.answers(request):
        new_status, new = rewriter.answer(request)
    else:
        new_status, new = rewriter.rewrite(request, status, fields)
    got = verdict(engine, request, credentialed=credentialed, status=new_status, fields=new)
    servers_own = (request.method is not None and policy.preflight is Preflights.FORWARD) or not policy.concerns(
        request.origin
    )
    if servers_own:
        assert got == verdict(engine, request, credentialed=credentialed, status=status, fields=fields)
        return
    stage = Stage.ACTUAL if request.method is None else Stage.PREFLIGHT
    said = policy.refusal(stage, asked(request, credentialed=credentialed), ENGINES[engine].rules)
    if policy.strips and engine == "webkit" and got == "status-not-ok":  # it looks at the status first
        return
    if said == "method-not-allowed" and got == "header-not-allowed":  # the engine's own order
        return
    assert got == said


@settings(max_examples=600, deadline=None)
@given(policies(edits=True), requests(), STATUSES, SERVER_FIELDS, st.booleans())
def test_rewriting_twice_changes_nothing(
    policy: Policy, request: Asking, status: int, fields: Fields, lower: bool
) -> None:
    """Not a byte; and what is already right is returned as it is."""
    rewriter = Rewriter(policy)
    once = rewriter.rewrite(request, status, fields, lower=lower)
    twice = rewriter.rewrite(request, *once, lower=lower)
    assert twice == once
    assert twice[1] is once[1]
    assert Rewriter(policy).rewrite(request, status, fields, lower=lower) == once


@settings(max_examples=400, deadline=None)
@given(policies(), requests(), SERVER_FIELDS)
def test_each_header_has_one_line_and_all_else_stays(policy: Policy, request: Asking, fields: Fields) -> None:
    """Duplicates are gone, other headers keep their place and bytes."""
    rewriter = Rewriter(policy)
    _, new = rewriter.rewrite(request, 200, fields)
    untouched = [pair for pair in fields if pair[0].lower() not in CORS_NAMES | {b"vary"}]
    assert [pair for pair in new if pair[0].lower() not in CORS_NAMES | {b"vary"}] == untouched
    if policy.concerns(request.origin) and not (request.method and policy.preflight is Preflights.FORWARD):
        for name in CORS_NAMES:
            assert len(get_all(new, name)) <= 1


@settings(max_examples=600, deadline=None)
@given(policies(), requests(), requests(), SERVER_FIELDS)
def test_vary_names_what_the_answer_depends_on(policy: Policy, one: Asking, other: Asking, fields: Fields) -> None:
    """Two requests that differ only in what Vary does not name get the same CORS headers."""
    if policy.strips or (one.method is None) != (other.method is None):
        return
    rewriter = Rewriter(policy)
    _, first = rewriter.rewrite(one, 200, fields)
    named = {item.lower() for line in get_all(first, b"vary") for item in split_list(line.decode())}
    if "*" in named:
        return
    same = one._replace(
        origin=one.origin if "origin" in named else other.origin,
        method=one.method if "access-control-request-method" in named else other.method,
        headers=one.headers if "access-control-request-headers" in named else other.headers,
    )
    assert rewriter.rewrite(same, 200, fields)[1] == first


@pytest.mark.parametrize("status", [200, 304, 404, 500, 502, 503])
def test_error_answers_and_304_get_the_headers_too(status: int) -> None:
    """So that the page can read what really happened."""
    got, fields = Rewriter(preset(Preset.ALLOW)).rewrite(Asking("https://app.example"), status, ((b"X-Why", b"no"),))
    assert got == status
    lines = cors_lines(fields)
    assert (lines.allow_origin, lines.allow_credentials) == ((b"https://app.example",), (b"true",))
    assert (b"Vary", b"Origin") in fields


def test_a_request_without_origin_still_varies() -> None:
    """A cache must not serve its answer to a cors request."""
    policy = Policy(name="p", origins=collect(["https://app.example"]))
    _, fields = Rewriter(policy).rewrite(Asking(), 200, ((b"Vary", b"Accept"), (b"Access-Control-Allow-Origin", b"*")))
    assert fields == ((b"Vary", b"Accept, Origin"),)


def test_a_literal_wildcard_does_not_vary() -> None:
    """The answer is the same for all."""
    _, fields = Rewriter(Policy(name="p", origins=collect(["*"]))).rewrite(Asking("null"), 200, ())
    assert fields == ((b"Access-Control-Allow-Origin", b"*"),)


def test_a_refused_preflight_status_is_replaced() -> None:
    """404 with a body becomes 200: 204 has none. A redirect's Location goes."""
    policy = Policy(name="p", origins=collect(["https://app.example"]), preflight=Preflights.REWRITE)
    status, fields = Rewriter(policy).rewrite(
        Asking("https://app.example", "PUT"), 302, ((b"Location", b"/login"), (b"Content-Length", b"9"))
    )
    assert status == 200
    assert (b"Content-Length", b"9") in fields
    assert not get_all(fields, b"location")


def test_a_request_is_read_as_it_was_sent() -> None:
    """Origin and the preflight's headers, whatever their case; an OPTIONS without them is no preflight."""
    assert asking(b"GET", ((b"ORIGIN", b" https://a.test "), (b"Access-Control-Request-Method", b"PUT"))) == Asking(
        "https://a.test"
    )
    assert asking(
        b"OPTIONS",
        (
            (b"origin", b"null"), (b"access-control-request-method", b"PUT"),
            (b"Access-Control-Request-Headers", b"a,b"), (b"Access-Control-Request-Private-Network", b"true"),
        ),
    ) == Asking("null", "PUT", "a,b", True)  # fmt: skip
    assert asking(b"OPTIONS", ((b"access-control-request-method", b"PUT"),)) == Asking()
