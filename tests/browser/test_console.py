"""The console's words for every error that a browser can log and traffic can show, character for character.

test_browser_truth.py compares random cases, and leaves out what the wire does not show; here each case is by fetch, on
https, and nothing is left out, but for the case in which WebKit shows a header's name.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cors_addon.engines.names import browser_error
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.reasons.registry import NOT_REVEALED
from tests.browser.cases import Case, Mutation, Side, Step
from tests.browser.compare import base_name, console_text, load_lines, without_the_invisible
from tests.browser.run import record
from tests.browser.test_browser_truth import driver_of
from tests.test_reasons import CORS_ERRORS, MESSAGE_KEYS, WEBKIT_CLASSES

PAGE = "https://app.example.test"
API = "https://api.other.test"
ENGINES = {"chromium": "chromium", "firefox": "gecko", "webkit": "webkit"}
NAMES = {"chromium": CORS_ERRORS, "firefox": MESSAGE_KEYS, "webkit": WEBKIT_CLASSES}

COOKIE: dict[str, Any] = {"urls": (f"{API}/k/{{id}}/0",), "credentials": "include"}
PUT: dict[str, Any] = {"method": "PUT"}
TOKEN: dict[str, Any] = {"headers": (("X-Custom", "1"),)}
HOP: dict[str, Any] = {"urls": (f"{API}/c/{{id}}/0", "https://cdn.third.test/c/{id}/1"), "redirects": (302,)}


def wrong(side: Side, field: str, *values: str) -> Mutation:
    """The first answer to a preflight (p) or to a request (a) has these lines of a header, or this status."""
    return Mutation(0, side, field, ", ".join(values) or "none", values)


def away(location: str) -> dict[str, Any]:
    """A redirect to somewhere else."""
    return {"redirects": (302,), "end_location": location}


ORIGINS: dict[str, tuple[str, ...]] = {
    "missing": (),
    "empty": ("",),
    "other": ("https://evil.test",),
    "slash": (f"{PAGE}/",),
    "null": ("null",),
    "host": ("app.example.test",),
    "pattern": ("https://*.example.test",),
    "list": (f"{PAGE}, https://b.test",),
    "twice": (PAGE, PAGE),
    "star-and-origin": ("*", PAGE),
}
"""Values of Access-Control-Allow-Origin that no page may have."""

STEPS: dict[str, tuple[dict[str, Any], tuple[Mutation, ...]]] = {
    **{f"origin-{name}": ({}, (wrong("a", "acao", *values),)) for name, values in ORIGINS.items()},
    **{f"preflight-origin-{name}": (PUT, (wrong("p", "acao", *values),)) for name, values in ORIGINS.items()},
    **{f"redirect-origin-{name}": (HOP, (wrong("a", "acao", *values),)) for name, values in ORIGINS.items()},
    "wildcard": (COOKIE, (wrong("a", "acao", "*"),)),
    "preflight-wildcard": (COOKIE | PUT, (wrong("p", "acao", "*"),)),
    "redirect-wildcard": (COOKIE | away(f"{API}/k/{{id}}/1"), (wrong("a", "acao", "*"),)),
    "credentials-missing": (COOKIE, (wrong("a", "acac"),)),
    "credentials-case": (COOKIE, (wrong("a", "acac", "True"),)),
    "preflight-credentials-missing": (COOKIE | PUT, (wrong("p", "acac"),)),
    "preflight-credentials-twice": (COOKIE | PUT, (wrong("p", "acac", "true", "true"),)),
    "redirect-credentials": (COOKIE | away(f"{API}/k/{{id}}/1"), (wrong("a", "acac", "yes"),)),
    "preflight-401": (PUT, (wrong("p", "status", "401"),)),
    "preflight-404-bare": (PUT, (wrong("p", "status", "404"), wrong("p", "acao"))),
    "preflight-redirected": (PUT, (wrong("p", "status", "302"),)),
    "preflight-redirected-nowhere": (PUT, (wrong("p", "status", "302"), wrong("p", "location", "https://[b.test"))),
    "methods-invalid": (PUT, (wrong("p", "acam", "GET PUT"),)),
    "methods-lack": (PUT, (wrong("p", "acam", "GET, POST"),)),
    "methods-missing": (PUT, (wrong("p", "acam"),)),
    "method-in-small-letters": ({"method": "patch"}, (wrong("p", "acam", "PATCH"),)),
    "headers-invalid": (TOKEN, (wrong("p", "acah", "x-custom; x-other"),)),
    "headers-lack": (TOKEN, (wrong("p", "acah", "content-type"),)),
    "headers-missing": (TOKEN, (wrong("p", "acah"),)),
    "headers-star-with-credentials": (COOKIE | TOKEN, (wrong("p", "acah", "*"),)),
    "redirect-to-userinfo": (away("https://user:word@cdn.third.test/c/{id}/9"), ()),
    "redirect-to-mail": (away("mailto:a@b.test"), ()),
    "redirect-to-data": (away("data:,x"), ()),
    "no-answer": ({}, (Mutation(0, "a", "fail", "kill"),)),
}
CASES = [
    Case(name, PAGE, (Step(**{"urls": (f"{API}/c/{{id}}/0",), "credentials": "omit", **step, "mutations": mutations}),))
    for name, (step, mutations) in STEPS.items()
]


@pytest.mark.parametrize("browser", ENGINES)
def test_the_console_says_what_the_browser_logged(browser: str, tmp_path: Path) -> None:
    """Each name that the browser has and the traffic can show is given by some case, with its exact text."""
    ours_file = tmp_path / "ours.jsonl"
    result = asyncio.run(
        record(driver_of(browser), CASES, tmp_path / "run.mitm", tmp_path / "run.jsonl", jsonl=ours_file)
    )
    assert not result.unfinished
    ours, found, differ = load_lines(ours_file), set[str | None](), {}
    for truth in result.lines:
        if truth["verdict"] != "deny":
            continue
        mine = ours[truth["flow_id"]]
        found |= {base_name(truth["error"])} - {None}
        wanted = (base_name(truth["error"]), console_text(truth))
        given = (base_name(mine["browser_error"]), mine["console_message"])
        if browser == "webkit":
            wanted, given = ((name, without_the_invisible(text, truth)) for name, text in (wanted, given))
        if wanted[0] is not None and given != wanted:
            differ[truth["case"]] = (wanted, given)
    assert differ == {}
    names = {browser_error(ENGINES[browser], Refusal(reason, stage)) for reason in Reason for stage in Stage} - {None}
    assert {base_name(name) for name in names} == found
    hidden = {name for entry in NOT_REVEALED if entry.said.engine == ENGINES[browser] for name in entry.said.names}
    assert NAMES[browser] - names <= hidden
