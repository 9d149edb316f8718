"""The registry of reasons: closed, true to the browsers' own names, and found by `explain`."""

import itertools
import json
import re
import string
from pathlib import Path
from typing import Any

import pytest

from cors_addon.engines.names import browser_error
from cors_addon.fetch.headers import visible
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.reasons.explain import FOUND, UNKNOWN, explain, find
from cors_addon.reasons.model import NULL_ORIGIN, PLACEHOLDERS, Explanation, Facts, Said, fix, message
from cors_addon.reasons.registry import NOT_REVEALED, REGISTRY, NotRevealed

RECORDED = [
    json.loads(line)
    for line in Path(__file__)
    .with_name("cases")
    .joinpath("console_texts.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]

# Network.CorsError of Chromium 156, from its own /json/protocol
CORS_ERRORS = {
    "DisallowedByMode", "InvalidResponse", "WildcardOriginNotAllowed", "MissingAllowOriginHeader",
    "MultipleAllowOriginValues", "InvalidAllowOriginValue", "AllowOriginMismatch", "InvalidAllowCredentials",
    "CorsDisabledScheme", "PreflightInvalidStatus", "PreflightDisallowedRedirect", "PreflightWildcardOriginNotAllowed",
    "PreflightMissingAllowOriginHeader", "PreflightMultipleAllowOriginValues", "PreflightInvalidAllowOriginValue",
    "PreflightAllowOriginMismatch", "PreflightInvalidAllowCredentials", "PreflightMissingAllowExternal",
    "PreflightInvalidAllowExternal", "InvalidAllowMethodsPreflightResponse", "InvalidAllowHeadersPreflightResponse",
    "MethodDisallowedByPreflightResponse", "HeaderDisallowedByPreflightResponse", "RedirectContainsCredentials",
    "InsecureLocalNetwork", "InvalidLocalNetworkAccess", "NoCorsRedirectModeNotFollow",
    "LocalNetworkAccessPermissionDenied",
}  # fmt: skip

# security.properties in the omni.ja of Firefox 153.7.0esr: fifteen errors, and the last a warning
MESSAGE_KEYS = {
    "CORSDisabled", "CORSDidNotSucceed2", "CORSOriginHeaderNotAdded", "CORSExternalRedirectNotAllowed",
    "CORSRequestNotHttp", "CORSMissingAllowOrigin2", "CORSMultipleAllowOriginNotAllowed",
    "CORSAllowOriginNotMatchingOrigin", "CORSNotSupportingCredentials", "CORSMethodNotFound",
    "CORSMissingAllowCredentials", "CORSPreflightDidNotSucceed3", "CORSInvalidAllowMethod", "CORSInvalidAllowHeader",
    "CORSMissingAllowHeaderFromPreflight2", "CORSAllowHeaderFromPreflightDeprecation",
}  # fmt: skip

# Our names for the texts of WebKitGTK 2.50
WEBKIT_CLASSES = {
    "AllowOriginMismatch", "MultipleAllowOrigin", "WildcardWithCredentials", "AllowCredentialsNotTrue",
    "PreflightStatus", "MethodNotAllowed", "HeaderNotAllowed", "InvalidAllowMethods", "InvalidAllowHeaders",
    "RedirectAllowOriginMismatch", "RedirectMultipleAllowOrigin", "RedirectWildcardWithCredentials",
    "RedirectAllowCredentialsNotTrue", "RedirectHasCredentials", "RedirectScheme", "RedirectNotAllowed",
}  # fmt: skip

# Names of earlier versions, which `explain` still finds
OLDER_NAMES = {"InsecurePrivateNetwork", "InvalidPrivateNetworkAccess"}

EVERY_REFUSAL = [Refusal(reason, stage) for reason, stage in itertools.product(Reason, Stage)]
HOSTILE = "\x1b[2J\r\n\u202e{origin}{0}%s" + "x" * 9000


def names_of(engine: str, reason: Reason) -> set[str]:
    """What an engine may call a reason, at whatever stage."""
    names = (browser_error(engine, Refusal(reason, stage)) for stage in Stage)
    return {name for name in names if name is not None}


def said_by(engine: str, explanation: Explanation) -> set[str]:
    return {name for said in explanation.said if said.engine == engine for name in said.names}


# --- the loop is closed -----------------------------------------------------------------------------------------------


def test_every_reason_has_an_entry() -> None:
    assert set(REGISTRY) == set(Reason)


@pytest.mark.parametrize("reason", Reason)
def test_every_entry_has_all_parts(reason: Reason) -> None:
    entry = REGISTRY[reason]
    assert entry.name == reason.value
    assert "\n" not in entry.message
    assert len(entry.explanation) > 80
    assert len(entry.causes) >= 2
    assert all(entry.causes)
    assert entry.fix
    assert entry.said or reason is Reason.REDIRECT_MODE_ERROR  # of which no browser says why
    assert entry.example[0].reason is reason


@pytest.mark.parametrize("reason", Reason)
def test_anchor(reason: Reason) -> None:
    assert re.fullmatch(r"https://fetch\.spec\.whatwg\.org/#[a-z0-9-]+", REGISTRY[reason].anchor)


@pytest.mark.parametrize("engine", ["chromium", "gecko", "webkit"])
@pytest.mark.parametrize("reason", Reason)
def test_names_are_those_of_the_engines(engine: str, reason: Reason) -> None:
    assert said_by(engine, REGISTRY[reason]) == names_of(engine, reason)


@pytest.mark.parametrize(
    ("engine", "all_names"), [("chromium", CORS_ERRORS), ("gecko", MESSAGE_KEYS), ("webkit", WEBKIT_CLASSES)]
)
def test_every_browser_name_is_produced_or_said_not_to_be(engine: str, all_names: set[str]) -> None:
    produced = set().union(*(names_of(engine, reason) for reason in Reason))
    hidden = {name for entry in NOT_REVEALED if entry.said.engine == engine for name in entry.said.names} - OLDER_NAMES
    assert produced | hidden == all_names
    assert not produced & hidden


def test_what_is_not_revealed_says_why() -> None:
    assert all(len(entry.why) > 40 for entry in NOT_REVEALED)


# --- templates --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", Reason)
def test_templates_use_known_placeholders(reason: Reason) -> None:
    entry = REGISTRY[reason]
    used = {name for text in (entry.message, entry.fix) for _, name, _, _ in string.Formatter().parse(text) if name}
    assert used <= set(PLACEHOLDERS)


@pytest.mark.parametrize("refusal", EVERY_REFUSAL, ids=lambda refusal: f"{refusal.reason} {refusal.stage}")
def test_templates_hold_without_any_fact(refusal: Refusal) -> None:
    entry = REGISTRY[refusal.reason]
    for text in (message(entry, refusal, Facts()), fix(entry, refusal, Facts())):
        assert text
        assert "None" not in text


@pytest.mark.parametrize("refusal", EVERY_REFUSAL, ids=lambda refusal: f"{refusal.reason} {refusal.stage}")
def test_hostile_values_are_inert(refusal: Refusal) -> None:
    entry = REGISTRY[refusal.reason]
    facts = Facts(HOSTILE, HOSTILE, (HOSTILE,), 200, HOSTILE, HOSTILE, credentialed=True)
    line = message(entry, refusal._replace(detail=HOSTILE), facts)
    assert line == visible(line)
    assert len(line) < 500
    text = fix(entry, refusal._replace(detail=HOSTILE), facts)
    assert text.replace("\n", "") == visible(text.replace("\n", ""))
    assert len(text.splitlines()) == len(fix(entry, refusal, facts._replace(origin="o", method="m")).splitlines())


def test_no_password_is_repeated() -> None:
    refusal = Refusal(Reason.REDIRECT_HAS_CREDENTIALS, Stage.REDIRECT)
    text = message(REGISTRY[refusal.reason], refusal, Facts(location="https://user:secret@api.test/@b"))
    assert text == "redirected to a URL with a user name or password: https://…@api.test/@b"


PAGE = "https://app.test"


@pytest.mark.parametrize(
    ("refusal", "facts", "line"),
    [
        (
            Refusal(Reason.METHOD_NOT_ALLOWED, Stage.PREFLIGHT, "PUT"),
            Facts(value="GET, POST"),
            'PUT is not in Access-Control-Allow-Methods "GET, POST"',
        ),
        (
            Refusal(Reason.METHOD_NOT_ALLOWED, Stage.PREFLIGHT, "PUT"),
            Facts(),
            "PUT is not in Access-Control-Allow-Methods (absent)",
        ),
        (
            Refusal(Reason.METHOD_NOT_ALLOWED, Stage.PREFLIGHT, "PUT"),
            Facts(value="*", credentialed=True),
            'PUT is not in Access-Control-Allow-Methods "*", where "*" is a name like any other: credentials are '
            "included",
        ),
        (
            Refusal(Reason.HEADER_NOT_ALLOWED, Stage.PREFLIGHT, "authorization"),
            Facts(value="*"),
            'authorization is not in Access-Control-Allow-Headers "*", and "*" does not cover it',
        ),
        (
            Refusal(Reason.ALLOW_ORIGIN_MISSING, Stage.ACTUAL),
            Facts(status=502),
            "no Access-Control-Allow-Origin on the 502 response",
        ),
        (
            Refusal(Reason.ALLOW_ORIGIN_MISMATCH, Stage.ACTUAL, "https://b.test"),
            Facts(origin="null", value="https://b.test"),
            'Access-Control-Allow-Origin is "https://b.test", the request\'s Origin is null',
        ),
        (
            Refusal(Reason.ALLOW_CREDENTIALS_NOT_TRUE, Stage.ACTUAL),
            Facts(),
            'Access-Control-Allow-Credentials is absent, with credentials it must be "true"',
        ),
        (
            Refusal(Reason.PREFLIGHT_REDIRECTED, Stage.PREFLIGHT),
            Facts(status=302, location="https://login.test/"),
            "the preflight was redirected (302) to https://login.test/",
        ),
    ],
)
def test_message(refusal: Refusal, facts: Facts, line: str) -> None:
    assert message(REGISTRY[refusal.reason], refusal, facts) == line


@pytest.mark.parametrize(
    ("refusal", "facts", "headers"),
    [
        (
            Refusal(Reason.ALLOW_ORIGIN_MISSING, Stage.ACTUAL),
            Facts(PAGE, "PUT", ("x-a",)),
            [f"Access-Control-Allow-Origin: {PAGE}", "Vary: Origin"],
        ),
        (
            Refusal(Reason.ALLOW_ORIGIN_MISSING, Stage.PREFLIGHT),
            Facts(PAGE, "PUT", ("x-a", "x-b"), credentialed=True),
            [
                f"Access-Control-Allow-Origin: {PAGE}",
                "Access-Control-Allow-Credentials: true",
                "Access-Control-Allow-Methods: PUT",
                "Access-Control-Allow-Headers: x-a, x-b",
                "Vary: Origin",
            ],
        ),
        (
            Refusal(Reason.STATUS_NOT_OK, Stage.PREFLIGHT),
            Facts(PAGE, "POST", ("content-type",), status=401),
            [f"Access-Control-Allow-Origin: {PAGE}", "Access-Control-Allow-Headers: content-type", "Vary: Origin"],
        ),
        (
            Refusal(Reason.METHOD_NOT_ALLOWED, Stage.PREFLIGHT, "PUT"),
            Facts(PAGE, "PUT", value="GET, POST"),
            ["Access-Control-Allow-Methods: GET, POST, PUT"],
        ),
        (
            Refusal(Reason.METHOD_NOT_ALLOWED, Stage.PREFLIGHT, "patch"),
            Facts(PAGE, "patch", value="PATCH"),
            ["Access-Control-Allow-Methods: PATCH, patch"],
        ),
        (
            Refusal(Reason.HEADER_NOT_ALLOWED, Stage.PREFLIGHT, "x-b"),
            Facts(PAGE, "PUT", ("content-type", "x-b"), value="Content-Type, *", credentialed=True),
            ["Access-Control-Allow-Headers: Content-Type, x-b"],
        ),
        (
            Refusal(Reason.ALLOW_HEADERS_INVALID, Stage.PREFLIGHT, "a b"),
            Facts(PAGE, "GET", ("x-a",), value="a b, x-c"),
            ["Access-Control-Allow-Headers: x-c, x-a"],
        ),
        (
            Refusal(Reason.ALLOW_HEADERS_INVALID, Stage.PREFLIGHT, "a b"),
            Facts(PAGE, "GET", value="a b"),
            ["Access-Control-Allow-Headers: (leave this header out: no name is needed)"],
        ),
        (
            Refusal(Reason.ALLOW_METHODS_INVALID, Stage.PREFLIGHT, "GET/PATCH"),
            Facts(PAGE, value="GET/PATCH"),
            ["Access-Control-Allow-Methods: PUT"],
        ),
        (
            Refusal(Reason.HEADER_NOT_ALLOWED, Stage.PREFLIGHT, "authorization"),
            Facts(PAGE, "GET", ("authorization",), value="*", credentialed=False),
            ["Access-Control-Allow-Headers: *, authorization"],
        ),
        (
            Refusal(Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS, Stage.ACTUAL),
            Facts(PAGE, "GET", value="*", credentialed=True),
            [f"Access-Control-Allow-Origin: {PAGE}", "Access-Control-Allow-Credentials: true", "Vary: Origin"],
        ),
    ],
)
def test_fix_names_the_exact_headers(refusal: Refusal, facts: Facts, headers: list[str]) -> None:
    lines = fix(REGISTRY[refusal.reason], refusal, facts).splitlines()
    assert [line.strip() for line in lines if line.startswith("  ")] == headers


ORIGIN_REASONS = [reason for reason in Reason if "{origin}" in REGISTRY[reason].fix]


@pytest.mark.parametrize("credentialed", [True, False, None])
@pytest.mark.parametrize("reason", Reason)
def test_no_fix_opens_the_door_too_wide(reason: Reason, credentialed: bool | None) -> None:
    """Never `*` for the origin, an origin only off a list, and Vary wherever the answer depends on it."""
    for stage in Stage:
        text = fix(REGISTRY[reason], Refusal(reason, stage), Facts(PAGE, "PUT", ("x-a",), credentialed=credentialed))
        assert "Access-Control-Allow-Origin: *" not in text
        assert ("Vary: Origin" in text) is (reason in ORIGIN_REASONS)
        assert reason not in ORIGIN_REASONS or "list" in text


def test_fix_warns_of_null() -> None:
    refusal = Refusal(Reason.ALLOW_ORIGIN_MISSING, Stage.ACTUAL)
    assert NULL_ORIGIN in fix(REGISTRY[refusal.reason], refusal, Facts(origin="null"))
    assert NULL_ORIGIN not in fix(REGISTRY[refusal.reason], refusal, Facts(origin=PAGE))


# --- explain ----------------------------------------------------------------------------------------------------------


def reasons(query: str) -> list[str]:
    """What a query finds: reasons, or the browser's name where the traffic reveals none."""
    match = find(query)
    if match is None:
        return []
    return [entry.said.names[0] if isinstance(entry, NotRevealed) else str(entry) for entry in match.entries]


@pytest.mark.parametrize("query", [None, "", "  "])
def test_explain_lists_all(query: str | None) -> None:
    text, code = explain(query)
    assert code == FOUND
    assert all(f"\n{reason}\n" in text for reason in Reason)


@pytest.mark.parametrize("reason", Reason)
def test_explain_prints_a_reason_whole(reason: Reason) -> None:
    text, code = explain(reason.value)
    plain = " ".join(text.split())
    entry = REGISTRY[reason]
    assert code == FOUND
    assert text.startswith(f"{reason}\n")
    for part in (entry.explanation, *entry.causes, entry.anchor, *(said.text for said in entry.said)):
        assert " ".join(part.split()) in plain
    assert not re.search(r"[ \t]+$", text, re.MULTILINE)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"{case['engine']}: {case['case']}")
def test_explain_knows_what_browsers_wrote(case: dict[str, Any]) -> None:
    first_is_not_the_cause = "CORS request not http" in case["text"]
    expected = "CORSRequestNotHttp" if first_is_not_the_cause else case["reason"]
    assert expected in reasons(case["text"])
    # as it comes out of a chat: wrapped, other quotes, words around it
    mangled = "Help!\n> " + case["text"].replace("'", "’").replace(" ", "\n  ", 12) + "\nuncaught (in promise)"
    assert expected in reasons(mangled)


@pytest.mark.parametrize(
    "name", sorted(CORS_ERRORS | MESSAGE_KEYS | WEBKIT_CLASSES | OLDER_NAMES), ids=lambda name: str(name)
)
def test_explain_knows_every_browser_name(name: str) -> None:
    for query in (name, name.rstrip("0123456789"), name.lower(), f'{{"corsError": "{name}", "failedParameter": ""}}'):
        text, code = explain(query)
        assert code == FOUND, query
        assert name in text


@pytest.mark.parametrize("said", [said for entry in REGISTRY.values() for said in entry.said if said.older])
def test_explain_knows_older_wordings(said: Said) -> None:
    for text in said.older:
        found = set(reasons(text.replace("…", "404")))
        # of a URL that is not http it depends on the URL, which is not told here
        assert found == set(reasons(said.names[0])) or (said.names[0] == "CorsDisabledScheme" and len(found) == 3)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("METHOD_NOT_ALLOWED", ["method-not-allowed"]),
        ("Method not allowed", ["method-not-allowed"]),
        ('{"verdict": "deny", "reason": "status-not-ok"}', ["status-not-ok"]),
        ("AllowOriginMismatch", ["allow-origin-missing", "allow-origin-mismatch", "allow-origin-invalid"]),
        ("corsNotSupportingCredentials", ["allow-origin-wildcard-with-credentials"]),
        (
            "Request header field X-Requested-With is not allowed by Access-Control-Allow-Headers.",
            ["header-not-allowed"],
        ),
        (
            "Access to fetch at 'https://a.test/' from origin 'https://b.test' has been blocked by CORS policy: "
            "Permission was denied for this request to access the `local` address space.",
            ["LocalNetworkAccessPermissionDenied"],
        ),
        ("nothing of the kind", []),
    ],
)
def test_find(query: str, found: list[str]) -> None:
    assert reasons(query) == found


def test_a_pasted_message_lends_its_values_to_the_fix() -> None:
    text, _ = explain(
        "Access to fetch at 'https://api.test/' from origin 'http://localhost:3000' has been blocked by CORS policy: "
        "The 'Access-Control-Allow-Origin' header has a value 'null' that is not equal to the supplied origin."
    )
    assert "\n    Access-Control-Allow-Origin: http://localhost:3000\n" in text
    text, _ = explain(
        "Request header field X-Token is not allowed by Access-Control-Allow-Headers in preflight response."
    )
    assert "\n    Access-Control-Allow-Headers: X-Token\n" in text


PREFLIGHT_SAYS = (
    "Access to fetch at 'https://api.test/x' from origin 'http://localhost:8000' has been blocked by CORS policy: "
    "Response to preflight request doesn't pass access control check: "
)


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        (
            PREFLIGHT_SAYS + "It does not have HTTP ok status.",
            ["Access-Control-Allow-Origin: http://localhost:8000", "Access-Control-Allow-Methods: …",
             "Access-Control-Allow-Headers: …", "Vary: Origin"],
        ),
        (
            PREFLIGHT_SAYS + "No 'Access-Control-Allow-Origin' header is present on the requested resource.",
            ["Access-Control-Allow-Origin: http://localhost:8000", "Access-Control-Allow-Methods: …",
             "Access-Control-Allow-Headers: …", "Vary: Origin"],
        ),
        (
            "Cannot parse Access-Control-Allow-Headers response header field in preflight response.",
            ["Access-Control-Allow-Headers: …"],
        ),
    ],
)  # fmt: skip
def test_a_fix_invents_no_method_and_no_name(message: str, wanted: list[str]) -> None:
    """What a pasted message does not tell is left open, and that is said."""
    text, _ = explain(message)
    change = text.partition("\nFix")[2].partition("\nBrowsers say")[0]
    assert [line.strip() for line in change.splitlines() if line.startswith("    ")] == wanted
    assert "In the place of … stand the method" in change


def test_a_pasted_status_and_a_missing_origin() -> None:
    """Firefox tells the status, and not the page."""
    text, _ = explain(
        "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at https://a.test/."
        " (Reason: CORS header ‘Access-Control-Allow-Origin’ missing). Status code: 502."
    )
    assert "\nFix, with your page's origin in the place of https://app.example.com\n" in text
    assert "with this 502 response" in text


def test_what_script_is_told_says_nothing() -> None:
    text, code = explain("Uncaught (in promise) TypeError: Failed to fetch")
    assert code == FOUND
    assert "console" in text


@pytest.mark.parametrize(
    ("query", "closest"),
    [
        ("methd-not-alowed", "method-not-allowed"),
        ("CORSMissingAllowOrgin", "CORSMissingAllowOrigin2"),
        ("\x1b[2J", None),
    ],
)
def test_explain_unknown(query: str, closest: str | None) -> None:
    text, code = explain(query)
    assert code == UNKNOWN
    assert "\x1b" not in text
    assert ("Closest: " in text) is (closest is not None)
    assert closest is None or closest in text
