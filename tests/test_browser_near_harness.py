"""The harness for what stops an answer beside CORS, without a browser."""

import base64
import dataclasses
import hashlib
import json

import pytest

from tests.browser.near.cases import BODIES, LOADERS, WIDER, Change, NearCase, answers, from_json, simpler, to_json
from tests.browser.near.draw import with_own_page
from tests.browser.near.drivers import Told
from tests.browser.near.run import Found, framed_flows, known, opened_beside, sort
from tests.browser.near.verdict import Verdict, judged
from tests.browser.near.wider import FAMILIES, draw
from tests.browser.proxy import Seen

PAGE = "https://app.example.test"
URL = "https://api.other.test/r/{id}/0"
CASE = NearCase("n1", "corp", PAGE, "img", (URL,))


def flow(hop: int = 0, url: str = URL, **headers: str) -> Seen:
    """A request as the case server logs it."""
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Seen(f"f{hop}", "n1", 0, hop, False, url.replace("{id}", "n1"), "GET", 0.0, "HTTP/2.0", fields, True)


def test_the_same_seed_draws_the_same_cases() -> None:
    """A case depends on its seed and index alone."""
    assert [draw(7, index) for index in range(200)] == [draw(7, index) for index in range(200)]
    assert draw(7, 5) != draw(8, 5)


def test_every_family_and_every_loader_is_drawn() -> None:
    """Families are drawn by name, too."""
    drawn = [draw(3, index) for index in range(3000)]
    assert {case.family for case in drawn} == set(FAMILIES)
    assert {case.loader for case in drawn} == {*LOADERS, *WIDER}
    assert all(draw(1, 1, family).family == family for family in FAMILIES)


def test_cases_survive_json_and_can_be_answered() -> None:
    """What --replay reads is what was printed; each answer is latin-1 without line breaks in headers."""
    for index in range(1000):
        case = draw(4, index)
        assert from_json(json.loads(json.dumps(to_json(case)))) == case
        for answer in answers(case).values():
            answer["body"].encode("latin-1")
            for name, value in answer["headers"]:
                assert not set(name + value) & {"\r", "\n", "\0"}
                value.encode("latin-1")


def test_most_pages_are_alone_at_their_origin() -> None:
    """Then a request's document is no guess; what names the page's origin goes along, its host's other ports do not."""
    drawn = [draw(6, index) for index in range(1000)]
    pages = [case.page for case in drawn]
    assert 0.7 < sum(pages.count(page) == 1 for page in pages) / len(pages) < 0.9
    case = NearCase("n1", "frame", PAGE, "iframe", (f"{PAGE}:8443/r/{{id}}/0", f"{PAGE}/r/{{id}}/1"), (302,))
    value = f"frame-ancestors {PAGE} {PAGE}:8443 {PAGE}.evil.test"
    case = dataclasses.replace(case, changes=(Change(1, "Content-Security-Policy", (value,)),))
    moved = with_own_page(case, 20001)
    assert moved.page == f"{PAGE}:20001"
    assert moved.urls == (f"{PAGE}:8443/r/{{id}}/0", f"{PAGE}:20001/r/{{id}}/1")
    assert moved.changes[0].values == (f"frame-ancestors {PAGE}:20001 {PAGE}:8443 {PAGE}.evil.test",)


def test_simpler_cases_are_simpler() -> None:
    """None is as it was, and nothing is left to drop in the end."""
    for index in range(200):
        case = draw(5, index)
        assert case not in list(simpler(case))
        for _ in range(30):
            case = next(simpler(case), case)
        assert (case.changes, case.policy, len(case.urls)) == ((), (), 1)


def test_an_integrity_attribute_is_filled_in() -> None:
    """With the digest of what is answered."""
    case = NearCase("n1", "sri", PAGE, "script", (URL,), integrity="sha256-{sha256}")
    digest = base64.b64encode(hashlib.sha256(BODIES["js"]).digest()).decode()
    assert case.attribute == f"sha256-{digest}"
    assert f'integrity="sha256-{digest}"' in answers(case)["/d/n1"]["body"]


@pytest.mark.parametrize(
    ("browser", "told", "gate"),
    [
        ("chromium", Told(failures=[{"errorText": "net::ERR_BLOCKED_BY_ORB"}]), "orb"),
        ("chromium", Told(failures=[{"errorText": "x", "blockedReason": "corp-not-same-site"}]), "corp"),
        ("chromium", Told({"outcome": "load"}), None),
        ("chromium", Told({"outcome": "load"}, failures=[{"errorText": "net::ERR_INVALID_RESPONSE"}]), None),
        ("chromium", Told({"outcome": "error"}, ["The script does not have a MIME type."]), "mime"),
        ("firefox", Told(console=["[ORB] The resource at “U” was blocked by OpaqueResponseBlocking."]), "orb"),
        ("firefox", Told(failures=[{"status": "NS_ERROR_DOM_CORP_FAILED"}]), "coep"),
        (
            "firefox",
            Told(console=[f"[CSP_CSPGenericViolation] … blocked … (img-src) at {PAGE}/favicon.ico …"]),
            None,
        ),
        (
            "firefox",
            Told(console=["[COEP] The resource at “U” was blocked due to its Cross-Origin-Resource-Policy header"]),
            "coep",
        ),
        (
            "firefox",
            Told(
                failures=[{"status": "NS_ERROR_DOM_BAD_URI", "blocked": 3001}],
                console=["[MIMEMISMATCH] Loading module from “U” was blocked because of a disallowed MIME type (“”)."],
            ),
            "mixed-content",
        ),
        (
            "webkit",
            Told(console=["CONSOLE SECURITY ERROR Cannot load script U. Failed integrity metadata check."]),
            "sri",
        ),
    ],
)
def test_a_browsers_word(browser: str, told: Told, gate: str | None) -> None:
    """Becomes a value of `blocked_by` at the last flow."""
    (found,) = judged(CASE, told, [flow(sec_fetch_dest="image", sec_fetch_mode="no-cors")], browser)
    assert found.verdict.gate == gate


def test_whose_frame_it_is_is_not_told_where_a_page_of_its_origin_is_opened_meanwhile() -> None:
    """By another case, and shortly before; what a style sheet loads names the sheet."""
    middle = "https://www.shop.test"
    case = dataclasses.replace(CASE, loader="iframe", middle=middle)
    asked = dataclasses.replace(flow(sec_fetch_dest="iframe", sec_fetch_mode="navigate"), time=5.0)
    (found,) = judged(case, Told({"outcome": "load", "framed": True}), [asked], "chromium")
    page = dataclasses.replace(flow(-1, f"{middle}/d/n2"), case="n2", time=4.0)
    assert opened_beside(found, [page]).undecided
    others = [
        dataclasses.replace(page, case="n1"),
        dataclasses.replace(page, time=6.0),
        dataclasses.replace(page, url=f"{middle}:8443/d/n2"),
    ]
    assert not opened_beside(found, others).undecided
    sheet = dataclasses.replace(found, case=dataclasses.replace(case, loader="image-in-css"))
    assert not opened_beside(sheet, [page]).undecided


def test_a_script_that_does_not_parse_is_not_stopped_for_its_type() -> None:
    """WebKit tells of both by a network error, across origins."""
    told = Told({"outcome": "error", "error": "failed NetworkError: Network response is CORS-cross-origin"})
    for kind, gate in (("application/x-javascript; charset=utf-8", None), ("text/html", "mime")):
        case = dataclasses.replace(CASE, loader="importscripts", changes=(Change(0, "Content-Type", (kind,)),))
        (found,) = judged(case, told, [flow(sec_fetch_dest="script", sec_fetch_mode="no-cors")], "webkit")
        assert found.verdict.gate == gate


def test_a_frame_between_is_a_document_of_its_origin_to_other_cases() -> None:
    """Whatever is loaded in it; one that demands something makes others' loads undecided."""
    case = dataclasses.replace(
        CASE, loader="img-in-frame", middle=PAGE, worker_policy=(("Cross-Origin-Embedder-Policy", "require-corp"),)
    )
    between, inner = flow(-2, f"{PAGE}/m/n1"), flow(0)
    assert framed_flows(case, {"n1": [between, inner]}) == [(between, True)]
    assert framed_flows(dataclasses.replace(case, loader="image-in-css"), {"n1": [between]}) == []
    assert framed_flows(dataclasses.replace(CASE, loader="iframe"), {"n1": [inner, flow(-1)]}) == [(inner, False)]


def test_firefox_tells_of_a_worker_that_an_embedder_policy_keeps_out_by_a_code() -> None:
    """Whatever its status is, for that is looked at later."""
    case = dataclasses.replace(CASE, loader="worker", changes=(Change(0, "status", ("404",)),))
    told = Told({"outcome": "error"}, failures=[{"status": "NS_ERROR_BLOCKED_BY_POLICY", "blocked": 0}])
    seen = [flow(sec_fetch_dest="worker", sec_fetch_mode="same-origin")]
    assert judged(case, told, seen, "firefox")[0].verdict.gate == "coep"
    text = "[MIMEMISMATCH] Loading Worker from “U” was blocked because of a disallowed MIME type (“text/html”)."
    assert judged(case, dataclasses.replace(told, console=[text]), seen, "firefox")[0].verdict.gate == "mime"


def test_firefox_says_nothing_of_an_object_that_corp_keeps_out() -> None:
    """It gives up on it twice; where frame-ancestors refuses, too, which of them is told nowhere."""
    gone = [{"status": "NS_ERROR_WONT_HANDLE_CONTENT", "blocked": 0}] * 2
    refusing = Change(0, "Cross-Origin-Resource-Policy", ("same-site",))
    case = dataclasses.replace(CASE, loader="object", changes=(refusing,))
    told = Told({"outcome": "error", "framed": False}, failures=gone)
    seen = [flow(sec_fetch_dest="object", sec_fetch_mode="navigate")]
    (found,) = judged(case, told, seen, "firefox")
    assert (found.verdict.gate, found.undecided) == ("corp", "")
    (found,) = judged(case, dataclasses.replace(told, failures=gone[:1]), seen, "firefox")
    assert found.verdict.gate is None
    both = dataclasses.replace(case, changes=(refusing, Change(0, "Content-Security-Policy", ("frame-ancestors *",))))
    assert judged(both, told, seen, "firefox")[0].undecided


def test_webkit_is_silent_of_sheets_in_parts_and_calls_objects_frames() -> None:
    """The former fails for its type; of the latter traffic does not tell which directive was asked."""
    sheet = dataclasses.replace(
        CASE, loader="css", changes=(Change(0, "Content-Type", ("multipart/x-mixed-replace",)),)
    )
    seen = [flow(sec_fetch_dest="style", sec_fetch_mode="no-cors")]
    (found,) = judged(sheet, Told({"outcome": "error"}), seen, "webkit")
    assert (found.verdict.gate, found.verdict.derived) == ("mime", True)
    text = "CONSOLE SECURITY ERROR Refused to load U because it is not in object-src of the Content Security Policy."
    seen = [flow(sec_fetch_dest="iframe", sec_fetch_mode="navigate")]
    (found,) = judged(dataclasses.replace(CASE, loader="object"), Told(console=[text]), seen, "webkit")
    assert (found.verdict.gate, bool(found.undecided)) == ("csp", True)


def test_webkits_icon_is_no_load_of_the_case() -> None:
    """A policy keeps it out as well, and the console says so."""
    text = "CONSOLE SECURITY ERROR Refused to load https://a.test/favicon.ico because of the Content Security Policy."
    (found,) = judged(CASE, Told(console=[text]), [flow(sec_fetch_dest="image", sec_fetch_mode="no-cors")], "webkit")
    assert found.verdict.gate is None


def test_a_redirect_that_was_followed_passed() -> None:
    """The last flow has the verdict."""
    told = Told(failures=[{"errorText": "net::ERR_BLOCKED_BY_ORB"}])
    found = judged(CASE, told, [flow(0), flow(1)], "chromium")
    assert [one.verdict.gate for one in found] == [None, "orb"]


def test_flows_are_counted_by_what_the_browser_said() -> None:
    """What no traffic decides is counted apart, and what is known as well."""
    found = Found()
    each = judged(CASE, Told(failures=[{"errorText": "net::ERR_BLOCKED_BY_ORB"}]), [flow()], "chromium")[0]
    sort(found, each, {"f0": {"blocked_by": "orb"}}, Told(), ())
    sort(found, each, {}, Told(), ())
    assert (found.agree["orb"], found.differ["orb"], len(found.misses)) == (1, 1, 1)
    assert found.misses[0].signature == ("img", "orb", "None")
    plain = judged(CASE, Told(), [flow(url="http://api.other.test/r/{id}/0")], "chromium")[0]
    sort(found, plain, {}, Told(), ())
    assert found.undecided.total() == 1


def test_the_reviewed_table_can_be_read() -> None:
    """Each difference has a reason, and a case of one change or policy at most, or two."""
    for one in known():
        assert one.reason
        assert len(one.case.changes) <= 3


def test_a_change_reads_as_it_is() -> None:
    """In a case's note."""
    assert str(Change(1, "status", ("404",))) == "hop 1 status=404"
    assert Verdict(None).gate is None
