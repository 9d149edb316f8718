"""Names and console texts of the engines, against what the browsers themselves wrote.

``cases/console_texts.jsonl`` was recorded with Chromium 156.0.8078.79 (Log.entryAdded of the DevTools protocol),
Firefox 153.7.0esr (nsIConsoleService) and WebKitGTK 2.50.6 (MiniBrowser, console written to stdout): a page on
localhost:9921 (9931, 9941), servers on the two ports after it. The query of each URL, which told the server what to
answer, was cut off, and so were Firefox's repetitions. Cases at *.test were recorded by `tests.browser` with the same
browsers; three reasons among them are those that Firefox's order of checks gives, whatever the engine makes of it yet.
"""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from cors_addon.engines.initiator import Initiator, initiator_of
from cors_addon.engines.names import browser_error
from cors_addon.engines.texts import ConsoleValues, console_message
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.report import console
from tests.helpers import ALLOW, API, FIREFOX, PAGE, WEBKIT, actual, flow, observe, preflight

RECORDED = [
    json.loads(line)
    for line in Path(__file__)
    .with_name("cases")
    .joinpath("console_texts.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
ENGINES = ("chromium", "gecko", "webkit")
EVERY_REFUSAL = [Refusal(reason, stage, "x") for reason, stage in itertools.product(Reason, Stage)]
URL = ConsoleValues("https://api.test/a", "https://app.test")


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"{case['engine']}: {case['case']}")
def test_text_equals_what_the_browser_wrote(case: dict[str, Any]) -> None:
    refusal = Refusal(Reason(case["reason"]), Stage(case["stage"]), case["detail"])
    facts = dict(case["facts"])
    if recheck := facts.pop("recheck", None):
        reason, stage, detail = recheck
        facts["recheck"] = Refusal(Reason(reason), Stage(stage), detail)
    assert console_message(case["engine"], refusal, ConsoleValues(**facts)) == case["text"]


@pytest.mark.parametrize("engine", ENGINES)
def test_every_name_has_a_recorded_text(engine: str) -> None:
    recorded = {
        browser_error(engine, Refusal(Reason(case["reason"]), Stage(case["stage"])))
        for case in RECORDED
        if case["engine"] == engine
    }
    names = {browser_error(engine, refusal) for refusal in EVERY_REFUSAL}
    assert names - recorded <= {None}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("refusal", EVERY_REFUSAL, ids=lambda refusal: f"{refusal.reason} {refusal.stage}")
def test_what_has_a_name_has_a_text(engine: str, refusal: Refusal) -> None:
    if browser_error(engine, refusal) is not None:
        text = console_message(engine, refusal, URL._replace(status=200, location="https://api.test/b"))
        assert text
        assert "{" not in text


@pytest.mark.parametrize(
    ("engine", "reason", "stage", "name"),
    [
        ("chromium", Reason.ALLOW_ORIGIN_MISSING, Stage.PREFLIGHT, "PreflightMissingAllowOriginHeader"),
        ("chromium", Reason.ALLOW_ORIGIN_MISSING, Stage.ACTUAL, "MissingAllowOriginHeader"),
        ("chromium", Reason.ALLOW_ORIGIN_MISSING, Stage.REDIRECT, "MissingAllowOriginHeader"),
        ("chromium", Reason.PREFLIGHT_REDIRECTED, Stage.PREFLIGHT, "PreflightDisallowedRedirect"),
        ("chromium", Reason.REDIRECT_HAS_CREDENTIALS, Stage.REDIRECT, "RedirectContainsCredentials"),
        ("chromium", Reason.REDIRECT_SCHEME_NOT_CORS, Stage.REDIRECT, "CorsDisabledScheme"),
        ("chromium", Reason.REDIRECT_URL_UNUSABLE, Stage.REDIRECT, None),
        ("chromium", Reason.NETWORK_ERROR, Stage.ACTUAL, None),
        ("gecko", Reason.ALLOW_ORIGIN_INVALID, Stage.ACTUAL, "CORSAllowOriginNotMatchingOrigin"),
        ("gecko", Reason.STATUS_NOT_OK, Stage.PREFLIGHT, "CORSPreflightDidNotSucceed3"),
        ("gecko", Reason.REDIRECT_HAS_CREDENTIALS, Stage.REDIRECT, "CORSDidNotSucceed2"),
        ("gecko", Reason.NETWORK_ERROR, Stage.PREFLIGHT, "CORSDidNotSucceed2"),
        ("webkit", Reason.ALLOW_ORIGIN_MISSING, Stage.PREFLIGHT, "AllowOriginMismatch"),
        ("webkit", Reason.ALLOW_ORIGIN_INVALID, Stage.REDIRECT, "RedirectAllowOriginMismatch"),
        ("webkit", Reason.PREFLIGHT_REDIRECTED, Stage.PREFLIGHT, "PreflightStatus"),
        ("webkit", Reason.NETWORK_ERROR, Stage.ACTUAL, None),
        ("fetch", Reason.ALLOW_ORIGIN_MISSING, Stage.ACTUAL, None),
    ],
)
def test_name(engine: str, reason: Reason, stage: Stage, name: str | None) -> None:
    assert browser_error(engine, Refusal(reason, stage)) == name


@pytest.mark.parametrize("refusal", EVERY_REFUSAL, ids=lambda refusal: f"{refusal.reason} {refusal.stage}")
def test_the_standard_has_no_words(refusal: Refusal) -> None:
    assert browser_error("fetch", refusal) is None
    assert console_message("fetch", refusal, URL) is None


@pytest.mark.parametrize("engine", ENGINES)
def test_a_value_is_never_taken_for_a_placeholder(engine: str) -> None:
    refusal = Refusal(Reason.METHOD_NOT_ALLOWED, Stage.PREFLIGHT, "{url}{hint}{nothing}")
    text = console_message(engine, refusal, URL)
    assert text is not None
    assert "{url}{hint}{nothing}" in text or engine == "gecko"


@pytest.mark.parametrize(
    ("destination", "others", "initiator"),
    [
        ("empty", {}, Initiator.FETCH),
        ("empty", {"accept": "text/event-stream"}, Initiator.EVENTSOURCE),
        ("empty", {"accept": "image/png"}, Initiator.FETCH),  # a fetch that asks for an image
        ("empty", {"api": "XMLHttpRequest"}, Initiator.XHR),
        ("empty", {"purpose": "prefetch;anonymous-client-ip"}, Initiator.PREFETCH),
        ("image", {}, Initiator.IMAGE),
        ("style", {}, Initiator.STYLE),
        ("json", {}, Initiator.SCRIPT),
        ("font", {"accept": "*/*"}, Initiator.FONT),
        ("dictionary", {}, Initiator.OTHER),
        (None, {}, Initiator.FETCH),
        (None, {"accept": "*/*"}, Initiator.FETCH),
        (None, {"accept": "text/event-stream"}, Initiator.EVENTSOURCE),
        (None, {"accept": "image/avif,image/webp,*/*"}, Initiator.IMAGE),
        (None, {"accept": "text/css,*/*;q=0.1"}, Initiator.STYLE),
        (None, {"accept": "application/font-woff2;q=1.0,*/*;q=0.8"}, Initiator.FONT),
    ],
)
def test_initiator(destination: str | None, others: dict[str, str], initiator: Initiator) -> None:
    assert initiator_of(destination, **others) is initiator


# ---- the values of an exchange ----


def said(*flows: Any) -> str:
    """The console text of the last flow."""
    text = console.console_message(observe(*flows)[-1])
    assert text is not None
    return text


def test_the_first_url_of_a_chain_may_be_of_the_pages_own_origin() -> None:
    """Chromium names it, and WebKit's image too."""
    request = (("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty"))
    hop = flow("GET", f"{PAGE}/a", request, status=302, response=[("Location", API)])
    text = said(hop, actual(at=1))
    assert text.startswith(f"Access to fetch at '{API}' (redirected from '{PAGE}/a') from origin '{PAGE}' ")


def test_any_hop_may_tell_who_asked() -> None:
    """WebKit's redirected requests bear other metadata than the first; http hops bear none."""
    hop = actual((*ALLOW, ("Location", f"{API}2")), status=302, request=[("Sec-Fetch-Dest", "image")], agent=WEBKIT)
    text = said(hop, actual(url=f"{API}2", at=1, agent=WEBKIT))
    assert text.endswith(f"\nCannot load image {API} due to access control checks.")


@pytest.mark.parametrize(
    ("origin", "location", "middle"),
    [
        (PAGE, f"{API}2", "(Reason: CORS preflight response did not succeed). Status code: 307."),
        (
            PAGE,
            "https://cdn.test/",
            f"(Reason: CORS header ‘Access-Control-Allow-Origin’ does not match ‘{PAGE}’).",
        ),
        ("*", "https://cdn.test/", "(Reason: CORS preflight response did not succeed). Status code: 307."),
    ],
)
def test_firefox_checks_a_redirected_preflight_twice(origin: str, location: str, middle: str) -> None:
    """The second time against the origin that the redirect leaves: `null`, where it leads elsewhere."""
    answer = (("Access-Control-Allow-Origin", origin), ("Location", location))
    lines = said(preflight(answer, status=307, agent=FIREFOX)).split("\n")
    assert [line.partition(f"{API}. ")[2] for line in lines] == [
        "(Reason: CORS request external redirect not allowed).",
        middle,
        "(Reason: CORS request did not succeed). Status code: (null).",
    ]


def test_a_304_shows_the_status_it_confirms() -> None:
    """Firefox: the stored response is what was refused."""
    stored = actual([("ETag", "1"), ("Cache-Control", "no-cache")], agent=FIREFOX)
    again = actual(request=[("If-None-Match", "1")], status=304, at=1, agent=FIREFOX)
    assert said(stored, again).endswith(" missing). Status code: 200.")


def test_a_location_that_is_no_text_reaches_no_console() -> None:
    """Bytes that are no UTF-8 are escaped, not passed on as lone surrogates."""
    for agent in (FIREFOX, WEBKIT):
        said(actual((*ALLOW, ("Location", b"foo:\xff")), status=302, agent=agent)).encode()
