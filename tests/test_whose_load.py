"""Whose load it is where the request tells little: pages that name themselves nowhere, frames in frames, workers."""

from dataclasses import replace

import pytest

from cors_addon.exchange.model import Judgement, Observation
from cors_addon.exchange.telling import is_load
from cors_addon.fetch import markup
from cors_addon.fetch.load import Gate
from cors_addon.remedies.value import Change
from cors_addon.report.blocked import page_of
from cors_addon.report.situation import remedies_of
from cors_addon.session.session import ALL, Session
from tests.cases.traffic import PAGE, metadata, url
from tests.test_loads import HINTS, OTHER, REQUIRE, SHARED, last, load, observed, page

SHOP = "https://www.shop.test"
SANDBOX = ("Content-Security-Policy", "sandbox allow-scripts")


def silent(flow_id: str, at: float = 1.0, **more: str) -> Observation:
    """A load that names no page."""
    sent = load(flow_id, at, **more)  # type: ignore[arg-type]
    return observed(replace(sent, request=[line for line in sent.request if line[0] != "Referer"]))


def judged(*flows: Observation) -> Judgement | None:
    """The judgement of the last of some flows, if there is one."""
    return last(Session(keep=ALL), *flows).get(flows[-1].flow_id)


def stopped(*flows: Observation) -> Gate | None:
    """What stopped the last of some flows."""
    found = judged(*flows)
    return None if found is None or found.block is None else found.block.gate


@pytest.mark.parametrize(
    ("content", "policy"),
    [
        ("no-referrer", "no-referrer"),
        (" Origin ", "origin"),
        ("never", "no-referrer"),
        ("always", "unsafe-url"),
        ("default", "strict-origin-when-cross-origin"),
        ("origin-when-crossorigin", "origin-when-cross-origin"),
        ("foo", None),
        ("no-referrer, origin", None),
        ("", None),
    ],
)
def test_the_markup_names_a_referrer_policy(content: str, policy: str | None) -> None:
    """One, in words of today or of old; a list is none there."""
    text = f'<!doctype html><meta name="Referrer" content="{content}">'
    assert markup.read(text.encode(), url(f"{PAGE}/")).referrer_policy == policy


def test_the_last_policy_of_the_markup_that_is_one_counts() -> None:
    """What is none changes nothing."""
    text = "".join(f"<meta name=referrer content={value}>" for value in ("origin", "no-referrer", "foo"))
    assert markup.read(text.encode(), url(f"{PAGE}/")).referrer_policy == "no-referrer"


@pytest.mark.parametrize("hides", [True, False])
def test_a_page_hides_by_its_markup(hides: bool) -> None:
    """As by its header: what names no page is its."""
    body = b"<!doctype html>" + b'<meta name="referrer" content="no-referrer">' * hides
    hiding = observed(page("hiding"), body)
    demanding = observed(page("other", 0.5, url=f"{SHOP}/", answer=[REQUIRE]))
    assert stopped(hiding, demanding, silent("a")) is (None if hides else Gate.COEP)


def test_the_markup_overrules_the_header() -> None:
    """It comes later."""
    body = b'<meta name="referrer" content="origin">'
    named = observed(page("named", answer=[("Referrer-Policy", "no-referrer")]), body)
    hiding = observed(page("hiding", -1.0, url=f"{SHOP}/", answer=[("Referrer-Policy", "no-referrer"), REQUIRE]))
    assert stopped(hiding, named, silent("a")) is Gate.COEP


def test_a_page_in_a_sandbox_names_itself_nowhere() -> None:
    """And is of no origin, so that its own host's resource is another's."""
    sandboxed = observed(page("d", answer=[SANDBOX, REQUIRE]))
    later = observed(page("later", 0.5, url=f"{SHOP}/"))
    own = f"{PAGE}/it"
    assert stopped(sandboxed, later, silent("a", url=own)) is Gate.COEP
    same_site = load("a", url=own, answer=[("Cross-Origin-Resource-Policy", "same-site")])
    assert stopped(observed(page("d", answer=[SANDBOX])), observed(same_site)) is Gate.CORP
    kept = ("Content-Security-Policy", "sandbox allow-scripts allow-same-origin")
    assert stopped(observed(page("d", answer=[kept])), observed(same_site)) is None


def test_a_secure_page_names_itself_to_no_host_without_tls_this_machine_included() -> None:
    """So that such a load is the latest such page's, and not that of one that names itself nowhere."""
    sandboxed, later = (
        observed(page("d", answer=[SANDBOX])),
        observed(page("later", 0.5, url=f"{SHOP}/", answer=[REQUIRE])),
    )
    assert stopped(sandboxed, later, silent("a", url="http://localhost:9000/it")) is Gate.COEP
    assert stopped(sandboxed, later, silent("b")) is None


@pytest.mark.parametrize(
    ("top", "header", "gate"),
    [
        (PAGE, ("X-Frame-Options", "SAMEORIGIN"), None),
        (SHOP, ("X-Frame-Options", "SAMEORIGIN"), Gate.FRAME_OPTIONS),
        (SHOP, ("Content-Security-Policy", "frame-ancestors 'self'"), Gate.FRAME_ANCESTORS),
        (SHOP, ("Content-Security-Policy", f"frame-ancestors 'self' {SHOP}"), None),
    ],
)
def test_the_page_around_the_page_is_asked(top: str, header: tuple[str, str], gate: Gate | None) -> None:
    """By a frame in a frame: an answer that lets its own origin frame it is still not shown within another's page."""
    outer = observed(page("outer", url=f"{top}/"))
    middle = load("middle", 1, url=f"{PAGE}/m", dest="iframe", mode="navigate", referrer=f"{top}/")
    inner = load("inner", 2, url=f"{PAGE}/i", dest="iframe", mode="navigate", referrer=f"{PAGE}/m", answer=[header])
    assert stopped(outer, observed(middle), observed(inner)) is gate


CSP = "Content-Security-Policy"


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (("X-Frame-Options", "SAMEORIGIN"), f"frame-ancestors 'self' {SHOP}"),
        ((CSP, "frame-ancestors 'self'"), f"frame-ancestors 'self' {SHOP}"),
        ((CSP, "img-src *; Frame-Ancestors 'none' ; sandbox"), f"img-src *; frame-ancestors 'self' {SHOP}; sandbox"),
        (
            (CSP, "img-src *, frame-ancestors https://a.test, frame-ancestors https:"),
            f"img-src *, frame-ancestors https://a.test {SHOP}, frame-ancestors https: {SHOP}",
        ),
    ],
)
def test_who_may_frame_it_is_told_with_all_pages_around_and_all_that_the_policy_says(
    header: tuple[str, str], wanted: str
) -> None:
    """The frame's own parent is of its origin; and no directive or source that was there is lost."""
    outer = observed(page("outer", url=f"{SHOP}/"))
    middle = load("middle", 1, url=f"{PAGE}/m", dest="iframe", mode="navigate", referrer=f"{SHOP}/")
    inner = load("inner", 2, url=f"{PAGE}/i", dest="iframe", mode="navigate", referrer=f"{PAGE}/m", answer=[header])
    found = judged(outer, observed(middle), observed(inner))
    assert found is not None
    assert found.fate is not None
    assert page_of(found.fate.load) == f"a page of {PAGE}, framed by {SHOP}"
    change = remedies_of(found)[0].change
    assert isinstance(change, Change)
    assert [(edit.name, edit.after) for edit in change.edits] == [(CSP, wanted)]


def test_a_page_in_a_sandbox_is_named() -> None:
    """By its URL's origin, for its own is null."""
    same_site = load("a", url=f"{PAGE}/it", answer=[("Cross-Origin-Resource-Policy", "same-site")])
    found = judged(observed(page("d", answer=[SANDBOX])), observed(same_site))
    assert found is not None
    assert found.fate is not None
    assert page_of(found.fate.load) == f"a page of {PAGE}, whose origin is null, for it is in a sandbox"


@pytest.mark.parametrize("of_worker", [True, False])
@pytest.mark.parametrize("hinted", [True, False])
def test_what_a_worker_fetches_in_chromium_obeys_the_worker(of_worker: bool, hinted: bool) -> None:
    """It bears no client hints, where the page's requests do."""
    first = page("d")
    first = replace(first, request=(*first.request, HINTS)) if hinted else first
    script = load("w", 0.5, url=f"{PAGE}/w.js", dest="worker", mode="same-origin", site="same-origin", answer=[REQUIRE])
    fetched = load("a", 1, dest="empty")
    if of_worker:
        fetched = replace(fetched, request=[line for line in fetched.request if line != HINTS])
    found = stopped(observed(first), observed(script), observed(fetched))
    assert found is (Gate.COEP if of_worker and hinted else None)


def test_what_no_policy_is_missed_for_passes() -> None:
    """The worker's own demand, met."""
    request = metadata("cross-site", "no-cors", "empty")
    first = page("d")
    first = replace(first, request=(*first.request, HINTS))
    script = load("w", 0.5, url=f"{PAGE}/w.js", dest="worker", mode="same-origin", site="same-origin", answer=[REQUIRE])
    fetched = replace(load("a", 1, url=OTHER, answer=[SHARED]), request=(*request, ("Referer", f"{PAGE}/")))
    assert stopped(observed(first), observed(script), observed(fetched)) is None


@pytest.mark.parametrize("redirected", [True, False])
def test_what_a_style_sheet_from_elsewhere_loads_of_the_pages_own_origin_is_not_opaque(redirected: bool) -> None:
    """Firefox tells the site of the sheet, not of the page."""
    own = f"{PAGE}/it"
    sheet = load("s", 0.5, url=OTHER, dest="style", answer=[("Content-Type", "text/css")])
    way = replace(load("r", 0.7, url=f"{SHOP}/r", referrer=OTHER), status=302, answer=(("Location", own),))
    image = load("a", url=own, site="cross-site", referrer=OTHER, answer=[("Content-Type", "application/pdf")])
    flows = [
        observed(replace(each, request=[line for line in each.request if line != HINTS]), engine="gecko")
        for each in (page("d"), sheet, *[way] * redirected, image)
    ]
    assert stopped(*flows) is (Gate.ORB if redirected else None)


@pytest.mark.parametrize("dest", ["json", "audioworklet", "paintworklet"])
def test_the_pages_own_modules_of_other_kinds_are_looked_at(dest: str) -> None:
    """Their types are asked for as those of modules are."""
    wrong = load(
        "a", url=f"{PAGE}/it", dest=dest, mode="cors", site="same-origin", answer=[("Content-Type", "text/css")]
    )
    assert is_load(observed(wrong))
