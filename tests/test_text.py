"""The one-line comment and the explanation."""

import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cors_addon.exchange.model import Credentials, PreflightState, Role, Verdict
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.report import distinctive, local_network, root_cause, text
from cors_addon.report.explanation import Surroundings, explain, nothing_to_say
from tests.helpers import ALLOW, ALLOW_PUT, CHROMIUM, FIREFOX, PAGE, WEBKIT, actual, flow, observe, preflight

CREDENTIALS = ("Access-Control-Allow-Credentials", "true")
COOKIE = ("Cookie", "a=b")
CURL = "curl/8.14"


def explained(*flows: Any, index: int = -1, **more: Any) -> str:
    """The explanation of the last of these flows, runs of spaces made one."""
    return flat(explain(observe(*flows)[index], Surroundings(**more)))


def flat(story: str) -> str:
    return " ".join(story.split())


# ── one line ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given_flow", "wanted"),
    [
        (
            preflight([*ALLOW, ("Access-Control-Allow-Methods", "GET, POST")]),
            '✗ PUT · CORS: PUT is not in Allow-Methods "GET, POST"',
        ),
        (preflight(ALLOW, status=401), "✗ 401 · CORS: answered 401, not 200 to 299"),
        (preflight([], status=302), "✗ no header · CORS: no Allow-Origin"),
        (
            preflight([("Location", "https://sso.test/login")], status=302),
            "✗ redirected · CORS: redirected (302) to https://sso.test/login",
        ),
        (actual([]), "✗ no header · CORS: no Allow-Origin"),
        (actual([], status=502), "✗ 502, no header · CORS: 502, no Allow-Origin"),
        (actual([], status=None), "✗ no answer · CORS: no answer came; to the page this looks like any CORS error"),
        (
            actual([("Access-Control-Allow-Origin", "https://other.test")]),
            f'✗ wrong origin · CORS: Allow-Origin is "https://other.test", the request\'s Origin is {PAGE}',
        ),
        (
            actual([*ALLOW, ("Location", "https://u:secret@x.test/")], status=302, request=[COOKIE]),
            '✗ no cookies · CORS: Allow-Credentials is absent, with credentials it must be "true"',
        ),
        (actual([*ALLOW, CREDENTIALS], request=[COOKIE]), "✓ CORS with credentials"),
        (actual(ALLOW), '✓ CORS, but ✗ if credentials: "include"'),
        (actual([("Location", "/x"), *ALLOW, CREDENTIALS], status=302), "✓ CORS, on to /x"),
        (
            preflight(
                [*ALLOW_PUT, CREDENTIALS, ("Access-Control-Max-Age", "600")], headers="content-type", method="GET"
            ),
            "✗ content-type · CORS: content-type is not in Allow-Headers (absent)",
        ),
        (
            preflight([*ALLOW_PUT, CREDENTIALS, ("Access-Control-Max-Age", "600")]),
            "✓ CORS for PUT, reusable 600 s",
        ),
        (preflight([*ALLOW_PUT, CREDENTIALS, ("Access-Control-Max-Age", "0")]), "✓ CORS for PUT"),
        (actual([*ALLOW, CREDENTIALS], method="PUT"), "✓ CORS (its preflight was not seen)"),
        (flow(request=[("Origin", PAGE)], agent=CURL, response=ALLOW), "– ✓ for a browser, which curl 8.14 is not"),
        (
            flow(request=[("Origin", PAGE)], agent=CURL),
            "– ✗ for a browser, which curl 8.14 is not: no Allow-Origin on the 200 response",
        ),
        (flow("POST", request=[("Origin", PAGE), ("Sec-Fetch-Mode", "navigate")]), ""),
    ],
)
def test_comment(given_flow: Any, wanted: str) -> None:
    [judgement] = observe(given_flow)
    assert text.comment(judgement) == wanted


def test_comment_of_a_pair() -> None:
    granted = [*ALLOW_PUT, CREDENTIALS, ("Access-Control-Max-Age", "600")]
    flows = [
        preflight(granted),
        actual([*ALLOW, CREDENTIALS], method="PUT", at=0.1),
        actual([*ALLOW, CREDENTIALS], method="PUT", at=41.0),
        actual([*ALLOW, CREDENTIALS], method="PUT", at=4.11, agent=FIREFOX),
    ]
    comments = [text.comment(each) for each in observe(*flows)]
    assert comments[1:] == [
        "✓ CORS (after its preflight)",
        "✓ CORS (preflight cached 41 s ago)",
        "✓ CORS (its preflight was not seen)",
    ]


def test_comment_of_a_contradiction() -> None:
    """That the browser went on is the first thing to know."""
    denied, sent = observe(preflight(ALLOW), actual([*ALLOW, CREDENTIALS], method="PUT", at=0.1))
    assert denied.contradicted
    assert text.comment(denied).startswith("✗ PUT · CORS, yet it went on: PUT is not in")
    assert text.comment(sent).startswith("✓ CORS, contradicted (")


@pytest.mark.parametrize(
    ("credentialed", "verdict", "wanted"),
    [
        (False, Verdict.ALLOW, '✓ CORS, but ✗ if credentials: "include"'),
        (
            True,
            Verdict.DENY,
            "✗ no answer · CORS: no answer came; to the page this looks like any CORS error, but ✓ without credentials",
        ),
    ],
)
def test_comment_where_credentials_decide(credentialed: bool, verdict: Verdict, wanted: str) -> None:
    """Whichever mode was assumed, the other is named."""
    [judgement] = observe(actual([("Access-Control-Allow-Origin", "*")]))
    assert judgement.credentials is Credentials.UNKNOWN
    refusal = observe(actual([], status=None))[0].refusal if verdict is Verdict.DENY else None
    judgement = judgement.altered(judged_credentialed=credentialed, verdict=verdict, refusal=refusal)
    assert text.comment(judgement) == wanted


def test_long_values_are_shortened() -> None:
    [judgement] = observe(actual([("Access-Control-Allow-Origin", "https://x.test/" + "y" * 5000)]))
    assert len(text.comment(judgement)) <= 160
    [judgement] = observe(preflight(ALLOW, headers=", ".join(f"x-{n}" for n in range(500))))
    assert len(text.comment(judgement)) <= 160


def test_no_password_is_repeated() -> None:
    flows = [
        actual([("Location", "https://u:secret@x.test/"), *ALLOW, CREDENTIALS], status=302),
        preflight([("Location", "https://u:secret@x.test/"), *ALLOW], status=302),
    ]
    for each in observe(*flows):
        assert "secret" not in text.comment(each)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("é ✓", "é ✓"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb\r\t\x00\x7f\x85\x9b", "a\\x0ab\\x0d\\x09\\x00\\x7f\\x85\\x9b"),
        ("\u202eevil\u200b\u2066", "\\u202eevil\\u200b\\u2066"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("\xa0", "\\xa0"),
    ],
)
def test_visible(raw: str, shown: str) -> None:
    assert text.visible(raw) == shown


# ── the whole story ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_denied_preflight_whole() -> None:
    """The model of all explanations, to the letter."""
    [judgement] = observe(
        preflight(
            [*ALLOW, CREDENTIALS, ("Access-Control-Allow-Methods", "GET, POST")], headers="content-type", took=0.038
        )
    )
    story = re.sub(r"\d\d:\d\d:\d\d\.\d\d\d", "12:00:00.000", explain(judgement))
    assert story == (
        """\
✗ DENIED   method-not-allowed, at the preflight                     Chromium 156

  page         https://app.example.test
  request      PUT https://api.example.test/items/1
               cross-origin · mode cors
  credentials  unknown: nothing on the wire tells, and the verdict is the same
  preflight    asks for method PUT · header content-type

  1  OPTIONS  12:00:00.000  204  38 ms                                 preflight
     ✓ Access-Control-Allow-Origin: https://app.example.test
     – Access-Control-Allow-Credentials: true   (counts only with credentials)
     ✓ status 204
     ✗ Access-Control-Allow-Methods: GET, POST   (PUT is missing)
     – Access-Control-Allow-Headers: absent   (would fail too)
  2  PUT      not seen: a browser stops here

  fix          at the server: allow the method PUT
               - Access-Control-Allow-Methods: GET, POST
               + Access-Control-Allow-Methods: GET, POST, PUT
               + Access-Control-Allow-Headers: content-type
               Opens: pages of https://app.example.test may send PUT here.
  console      Access to fetch at 'https://api.example.test/items/1' from origin
               'https://app.example.test' has been blocked by CORS policy:
               Method PUT is not allowed by Access-Control-Allow-Methods in
               preflight response.
  elsewhere    Firefox and Safari refuse it for the same reason
  spec         https://fetch.spec.whatwg.org/#cors-preflight-fetch-0
"""
    )


def test_allowed_pair() -> None:
    """The whole exchange in order; what script may read."""
    story = explained(
        preflight([*ALLOW_PUT, CREDENTIALS]),
        actual(
            [*ALLOW, CREDENTIALS, ("Content-Type", "text/plain"), ("X-Total", "7")],
            method="PUT",
            request=[COOKIE],
            at=0.1,
        ),
    )
    assert story.startswith("✓ ALLOWED the page gets the answer Chromium 156")
    assert "credentials included: a Cookie header was sent" in story
    assert "preflight sent, needed for method PUT" in story
    assert re.search(
        r"1 OPTIONS \S+ 204 10 ms preflight ✓ \d checks passed · Access-Control-Allow-Methods: PUT "
        r"2 PUT \S+ 200 10 ms actual ◀ this",
        story,
    )
    assert "script reads content-type but not x-total (not in Access-Control-Expose-Headers)" in story


@pytest.mark.parametrize(
    ("flows", "wanted"),
    [
        ([actual([], status=502, body=b"<h1>Bad Gateway</h1>")], 'its body begins: "Bad Gateway"'),
        ([actual([], status=503)], "The answer is a 503: the server is not available"),
        ([preflight([], status=401)], "A preflight never carries cookies or Authorization"),
        ([preflight(ALLOW, status=404)], "nothing at this URL, or nothing that handles OPTIONS"),
        (
            [preflight([("Location", "https://sso.test/login")], status=302)],
            "redirected to what looks like a login page",
        ),
        ([preflight(ALLOW, body=b"\n disallowed CORS method\n")], 'its body begins: "disallowed CORS method"'),
        ([actual([], status=403)], "The answer is a 403: the server itself forbids"),
        ([actual([], status=None)], "No answer reached the browser"),
        (
            [actual([("Location", "/login"), CREDENTIALS], status=302)],
            "a login page at api.example.test: perhaps the session",
        ),
        ([actual([], status=None, error="Connection killed.")], "no answer"),
    ],
)
def test_behind_it(flows: list[Any], wanted: str) -> None:
    """What really happened, where CORS is only the messenger."""
    bodies = {each.id: each.response.content for each in flows if each.response}
    assert wanted in explained(*flows, body_of=lambda flow_id: bodies.get(flow_id, b""))


def test_both_verdicts() -> None:
    """Where the credentials mode decides, each mode's outcome stands there, and what satisfies both."""
    story = explained(actual([("Access-Control-Allow-Origin", "*")]))
    assert story.startswith('✓ ALLOWED, but DENIED if credentials: "include"')
    assert 'unknown: nothing on the wire tells; if included: ✗ Access-Control-Allow-Origin is "*"' in story
    assert (
        "for both at the server: name the page's origin, https://app.example.test, in place of *, and allow "
        "credentials - Access-Control-Allow-Origin: * + Access-Control-Allow-Origin: https://app.example.test "
        "+ Access-Control-Allow-Credentials: true" in story
    )


def test_contradiction() -> None:
    story = explained(preflight(ALLOW), actual([*ALLOW, CREDENTIALS], method="PUT", at=0.1))
    assert "contradicted it was sent although its preflight was refused: web security is switched off" in story


def test_redirect_chain() -> None:
    """Each hop with its URL, in order."""
    story = explained(
        actual([("Location", "https://b.test/2"), *ALLOW, CREDENTIALS], status=302),
        flow(
            url="https://b.test/2",
            request=[("Origin", "null"), ("Sec-Fetch-Mode", "cors")],
            response=[("Access-Control-Allow-Origin", "*")],
            at=0.1,
        ),
    )
    assert f"page null (in place of {PAGE}, for a redirect led from one foreign origin to another)" in story
    assert re.search(
        r"1 GET \S+ 302 10 ms redirect https://api.example.test/items/1 ✓ \d checks? passed "
        r"· Location: https://b.test/2 2 GET",
        story,
    )


def test_opaque_page() -> None:
    """With no redirect to explain it."""
    story = explained(flow(request=[("Origin", "null"), ("Sec-Fetch-Mode", "cors")]))
    assert "page null (a sandboxed frame, a data: or file: page, or after a redirect)" in story


def test_long_chain() -> None:
    """The middle of a long one is left out, never the flow itself."""
    judgements = observe(preflight([*ALLOW_PUT, CREDENTIALS]))
    judgements[0].chain = [judgements[0].altered() for _ in range(30)]
    judgements[0].chain[14] = judgements[0]
    story = explain(judgements[0])
    assert "left out here" in story
    assert "15  OPTIONS" in story
    assert "◀ this flow" in story
    assert len(story.splitlines()) < 80


def test_cached_preflight() -> None:
    granted = [*ALLOW_PUT, CREDENTIALS, ("Access-Control-Max-Age", "600")]
    story = explained(
        preflight(granted),
        actual([*ALLOW, CREDENTIALS], method="PUT", at=0.1),
        actual([*ALLOW, CREDENTIALS], method="PUT", at=41.0),
    )
    assert "preflight from this browser's cache, stored 41 s ago (inferred); needed for method PUT" in story


def test_unseen_preflight() -> None:
    assert "not seen: sent before this recording began, or never" in explained(actual(ALLOW, method="PUT"))


def test_no_browser() -> None:
    story = explained(flow(request=[("Origin", PAGE)], agent=CURL))
    assert story.startswith("– NO BROWSER one would deny it: allow-origin-missing")
    assert "✗ Access-Control-Allow-Origin: absent" in story
    assert "fix at the server: allow the page's origin, https://app.example.test + Access-Control" in story


def test_other_roles() -> None:
    story = explained(flow("POST", request=[("Origin", PAGE), ("Sec-Fetch-Mode", "navigate")]))
    assert story.startswith("– NOT CORS navigation")
    assert "which no other page may read" in story


def test_every_role_without_a_stage_has_words() -> None:
    [judgement] = observe(preflight(ALLOW))
    for role in Role:
        other = judgement.altered(role=role)
        assert other.stage is not None or "why " in flat(explain(other))


def test_note_comes_first() -> None:
    assert explain(observe(preflight(ALLOW))[0], Surroundings("told so")).splitlines()[2] == "  note         told so"


@pytest.mark.parametrize(
    ("agent", "wanted"),
    [
        (CHROMIUM, "Chromium 156"),
        (FIREFOX, "Firefox 153"),
        (WEBKIT, "Safari 18.5"),
        ("Mozilla/5.0 (X11) AppleWebKit/605.1.15 (KHTML, like Gecko)", "Safari"),
    ],
)
def test_engine(agent: str, wanted: str) -> None:
    [judgement] = observe(actual([], agent=agent))
    assert explain(judgement).splitlines()[0].endswith(f" {wanted}")


def test_elsewhere() -> None:
    """Where another engine decides otherwise, it is said."""
    story = explained(preflight([("Location", "/login")], status=302))
    assert "elsewhere Firefox refuses it: " in story


def test_endless_values() -> None:
    """They do not bury the rest."""
    names = ", ".join(f"x-{number}" for number in range(20_000))
    for each in (preflight([("Access-Control-Allow-Origin", "y" * 100_000)]), preflight(ALLOW, headers=names)):
        [judgement] = observe(each)
        assert len(explain(judgement).splitlines()) < 200


@pytest.mark.parametrize("width", [60, 80, 118])
def test_width(width: int) -> None:
    """Lines fit, whatever the values are."""
    flows = [
        preflight([*ALLOW, ("Access-Control-Allow-Methods", ", ".join(["GET"] * 60))], headers="x-" + "y" * 200),
        flow(url="https://api.example.test/" + "z" * 300, request=[("Origin", PAGE), ("Sec-Fetch-Mode", "cors")], at=9),
    ]
    for judgement in observe(*flows):
        for line in explain(judgement, width=width).splitlines():
            assert len(line) <= width, line


@given(st.binary(max_size=60), st.binary(max_size=60), st.sampled_from([None, 200, 204, 302, 401, 404, 502]))
@settings(max_examples=60, deadline=None)
def test_any_bytes(value: bytes, body: bytes, status: int | None) -> None:
    """Total, and never raw."""
    lines = [(name, value) for name in ("Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Location")]
    for given_flow in (actual(lines, status=status), preflight(lines, status=status or 204)):
        for judgement in observe(given_flow):
            story = explain(judgement, Surroundings(body_of=lambda _: body))
            assert story.replace("\n", "").isprintable()
            assert text.comment(judgement).isprintable()


def test_time_out_of_range() -> None:
    """A dump may hold any number."""
    [judgement] = observe(preflight(ALLOW))
    judgement.observation.started = judgement.observation.ended = 1e300
    assert "--:--:--" in explain(judgement)


def test_every_preflight_state_has_words() -> None:
    [judgement] = observe(actual([*ALLOW, CREDENTIALS], method="PUT"))
    for state in PreflightState:
        assert "preflight " in flat(explain(judgement.altered(preflight=state)))


def test_nothing_to_say() -> None:
    assert nothing_to_say("why") == (
        "– NOT CORS\n\n  The request bears no Origin header, and follows no redirect of one that does.\n\n"
        "  note         why\n"
    )


def test_allowed_yet_not_everywhere() -> None:
    """Another engine's refusal is worth knowing also where this one allows."""
    granted = [*ALLOW_PUT, CREDENTIALS]
    everywhere = preflight(granted)
    assert " elsewhere " not in explained(everywhere)
    starred = preflight([*granted, ("Access-Control-Allow-Headers", "*")], headers="authorization")
    story = flat(explain(observe(starred)[0].altered(credentials=Credentials.OMIT)))
    assert story.startswith("✓ ALLOWED the request")
    assert "elsewhere the Fetch standard refuses it: authorization is not in Access-Control-Allow-Headers" in story


@pytest.mark.parametrize(
    ("refused", "told"),
    [
        (actual([], status=200), False),
        (actual([], status=404), True),
        (actual([("Location", "/login")], status=302), False),
        (preflight([], status=200), True),
        (preflight([*ALLOW_PUT, CREDENTIALS], agent="curl/8"), False),
        (preflight(ALLOW, agent="curl/8"), True),
    ],
)
def test_bodies_that_tell_nothing(refused: Any, told: bool) -> None:
    """What a page would have got is not why it did not get it; an error's body, or a preflight's, may be."""
    assert ("its body begins" in explained(refused, body_of=lambda _: b"words")) is told
    assert root_cause.is_told_by_body(observe(refused)[0]) is told


@pytest.mark.parametrize(
    ("body", "first"),
    [
        (b"<html><head><title>x</title></head><body>Sorry", "Sorry"),
        (b"<head><title>no end</title><body><p>Sorry", "Sorry"),
        (b"<header>Sorry</header>", "Sorry"),
        (b"<script>if (1 < 2) alert()", ""),
        (b"1 < 2, and so on", "1 < 2, and so on"),
    ],
)
def test_markup_is_left_out(body: bytes, first: str) -> None:
    assert root_cause.first_line(body) == first


@pytest.mark.parametrize("piece", [b"<", b"<head ", b"<script>", b"</head>", b"<head></head", b"<body "])
def test_markup_takes_no_time(piece: bytes) -> None:
    """Of a hostile server's body, however often it begins what it does not end: a report looks into thousands."""
    before = time.process_time()
    root_cause.first_line(piece * 10_000)
    assert time.process_time() - before < 0.1


def test_first_lines_of_a_body() -> None:
    """Up to three of plain text or JSON; of a page only its first words."""
    refused = preflight([], status=401)
    body = b'{"error":\n  "no token",\n\n "a": 1,\n "b": 2}'
    story = explained(refused, body_of=lambda _: body)
    assert 'its body begins: "{"error":" ""no token"," ""a": 1," page' in story
    page = explained(refused, body_of=lambda _: b"<html><h1>Login</h1>\n<p>Please</p>")
    assert 'its body begins: "Login" page' in page


def test_hint() -> None:
    """How to go on at once, where something was refused that a header can mend."""
    hint = ":cors.allow @focus"
    assert "or now :cors.allow @focus console" in explained(preflight(ALLOW), hint=hint)
    assert "or now" not in explained(actual([*ALLOW, CREDENTIALS], request=[COOKIE]), hint=hint)
    assert "or now" not in explained(actual([], status=None), hint=hint)


def test_headers_that_no_check_reads() -> None:
    """They are shown where they matter."""
    story = explained(preflight([("WWW-Authenticate", "Bearer"), ("Vary", "Origin")], status=401))
    assert "· WWW-Authenticate: Bearer · Vary: Origin" in story


@pytest.mark.parametrize(
    ("page", "server", "told"),
    [
        ("https://www.shop.com", "http://127.0.0.1:3000/x", "only if the user permits it"),
        ("https://www.shop.com", "http://localhost:3000/x", "on this machine"),
        ("https://www.shop.com", "http://192.168.1.5/x", "in the local network"),
        ("https://www.shop.com", "http://nas.local/x", "in the local network"),
        ("http://www.shop.com", "http://127.0.0.1:3000/x", "never, for the page has no TLS"),
        ("https://www.shop.com", "https://api.shop.com/x", ""),
        ("http://localhost:8000", "http://127.0.0.1:3000/x", ""),
        ("https://app.example.test", "http://127.0.0.1:3000/x", ""),
    ],
)
def test_what_a_local_proxy_hides(page: str, server: str, told: str) -> None:
    """Chromium's question to the user, for a public page and an address that is not."""
    allowed = [("Access-Control-Allow-Origin", page)]
    newest = CHROMIUM.replace("Chrome/131", "Chrome/156")
    sent = flow(url=server, request=[("Origin", page), ("Sec-Fetch-Mode", "cors")], response=allowed, agent=newest)
    words = local_network.hint(observe(sent)[0])
    assert (told in words) if told else not words
    assert ("Local Network Access" in " ".join(explain(observe(sent)[0]).split())) is bool(told)
    assert not local_network.hint(observe(sent, engine="webkit")[0])


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_has_words_that_tell_it_from_others(reason: Reason) -> None:
    """They come first in a list of flows."""
    [judgement] = observe(actual([]))
    assert distinctive.words(judgement, Refusal(reason, Stage.ACTUAL))
