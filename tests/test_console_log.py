"""What a console alone tells: refusals with their reasons, once each."""

import json
from collections.abc import Callable

import pytest

from cors_addon.fetch.load import Destination
from cors_addon.report import jsonl
from cors_addon.report.situation import remedies_of
from tests.logs import API, APP, judged, told

CHROMIUM = (
    f"Access to fetch at '{API}/a' from origin '{APP}' has been blocked by CORS policy: No"
    " 'Access-Control-Allow-Origin' header is present on the requested resource."
)
METHOD = (
    f"Access to fetch at '{API}/b' from origin '{APP}' has been blocked by CORS policy: Method PUT is not allowed by"
    " Access-Control-Allow-Methods in preflight response."
)
FIREFOX = (
    "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at"
    f" {API}/a. (Reason: CORS header ‘Access-Control-Allow-Origin’ missing). Status code: 200."
)


@pytest.mark.parametrize("write", [json.dumps, repr, lambda messages: "\n".join(map(repr, messages))])
def test_chromedrivers_log(write: Callable[[object], str]) -> None:
    """The second message of each refusal tells nothing new; a connection that failed has no other.

    As JSON, and as Python prints the list, or each of it.
    """
    messages = [
        {"level": "SEVERE", "message": f"{APP}/page - {CHROMIUM}", "source": "javascript", "timestamp": 1795891542341},
        {"level": "SEVERE", "message": f"{API}/a - Failed to load resource: net::ERR_FAILED", "source": "network"},
        {"level": "INFO", "message": f'{APP}/page 3:14 "hello"', "source": "console-api"},
        {"level": "SEVERE", "message": f"{APP}/page - {METHOD}", "source": "javascript"},
        {"level": "SEVERE", "message": f"{API}/c - Failed to load resource: net::ERR_CONNECTION_REFUSED"},
    ]
    assert sorted(told(write(messages))) == [
        "actual GET /a deny allow-origin-missing (recording)",
        "actual PUT /b deny method-not-allowed PUT (recording)",
        "no-cors GET /c not-cors blocked by network (recording)",
    ]


SAFARI_METHOD = "Method PUT is not allowed by Access-Control-Allow-Methods."


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (METHOD, "MethodDisallowedByPreflightResponse"),
        (SAFARI_METHOD, "MethodNotAllowed"),
    ],
)
def test_whose_words_they_are(text: str, name: str) -> None:
    """Chromium and Safari say nearly the same of methods and headers; each has a name of its own for it."""
    judgements, _ = judged(json.dumps([{"text": text, "url": f"{API}/a"}, {"text": CHROMIUM}]), "console.json")
    assert jsonl.line(judgements[0])["browser_error"] == name


def test_a_console_saved_by_developer_tools() -> None:
    """Each line begins with where it was; a failure has method and URL before its error, and the status after it."""
    saved = "\n".join(
        (
            f"page:7  {CHROMIUM}",
            f"page:7   GET {API}/a net::ERR_FAILED 200 (OK)",
            f"page:8   GET {API}/gone net::ERR_CONNECTION_REFUSED",
            f"page:9   GET {API}/i.png net::ERR_BLOCKED_BY_RESPONSE.NotSameOrigin 200 (OK)",
            f"page:9   PUT {API}/left net::ERR_ABORTED",
            f"page:9   GET {API}/me 401 (Unauthorized)",
        )
    )
    assert sorted(told(saved, "localhost-1.log")) == [
        "actual GET /a deny allow-origin-missing (recording)",
        "no-cors GET /gone not-cors blocked by network (recording)",
        "no-cors GET /i.png not-cors blocked by corp (recording)",
    ]


@pytest.mark.parametrize("between", [0, 5, 30])
def test_a_failure_before_its_sentence(between: int) -> None:
    """The same refusal is counted once, unless so much lies between that it is another."""
    others = [f"page:9   GET {API}/{number} net::ERR_CONNECTION_REFUSED" for number in range(between)]
    saved = "\n".join((f"page:7   GET {API}/a net::ERR_FAILED 200 (OK)", *others, f"page:7  {CHROMIUM}"))
    found = told(saved, "localhost-1.log")
    assert len([each for each in found if " /a " in each]) == (1 if between < 20 else 2)
    assert "actual GET /a deny allow-origin-missing (recording)" in found
    assert len(found) - len([each for each in found if " /a " in each]) == between


def test_a_failure_without_a_sentence() -> None:
    """Is none of CORS where this console tells of those: redirect: "error", say. Where it tells none, it may be."""
    failed = f"{API}/b - Failed to load resource: net::ERR_FAILED"
    other = {"level": "SEVERE", "message": failed}
    alone = [{"level": "SEVERE", "message": f"{API}/a - Failed to load resource: net::ERR_FAILED"}, other]
    told_of = {"level": "SEVERE", "message": f"{APP}/page - {CHROMIUM}"}
    assert told(json.dumps([told_of, *alone])) == [
        "actual GET /a deny allow-origin-missing (recording)",
        "no-cors GET /b not-cors blocked by other (recording)",
    ]
    policy = (
        f"Connecting to '{API}/c' violates the following Content Security Policy directive: \"connect-src 'self'\"."
    )
    assert told(json.dumps([{"level": "SEVERE", "message": f"{APP}/page - {policy}"}, *alone])) == [
        "no-cors GET /c not-cors blocked by csp (recording)",
        "actual GET /a deny cause-not-recorded (recording)",
        "actual GET /b deny cause-not-recorded (recording)",
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_text_as_windows_shells_write_it(encoding: str) -> None:
    """What `>` of PowerShell makes has a byte order mark."""
    text = f"started\r\n{FIREFOX}\r\n{METHOD}\r\n"
    assert told(text.encode(encoding), "console.txt") == [
        "actual GET /a deny allow-origin-missing (recording)",
        "actual PUT /b deny method-not-allowed PUT (recording)",
    ]


@pytest.mark.parametrize(("text", "engine"), [(CHROMIUM, "chromium"), (FIREFOX, "gecko")])
def test_plain_text(text: str, engine: str) -> None:
    """A console as somebody saved it, other lines and all."""
    judgements, into = judged(f"app.js:12 started\n(index):1 {text}\nbye\n", "console.log")
    assert into.kind == "text of a console"
    assert [(each.reason, each.engine.name) for each in judgements] == [("allow-origin-missing", engine)]
    assert judgements[0].certain


@pytest.mark.parametrize(
    "begin", ['[29179:29179:1129/183158.219499:INFO:CONSOLE:0] "', '[29179:1:1129/183158.219499:INFO:CONSOLE(0)] "', ""]
)
def test_the_file_that_chromium_logs_to(begin: str) -> None:
    """It begins as a JSON array would; a sentence in it is what is quoted, and no more."""
    noise = "[29179:29209:1129/183152.722806:ERROR:dbus/bus.cc:405] Failed to connect to the bus\n"
    end = f'", source: {APP}/page (0)\n' if begin else "\n"
    judgements, into = judged(f"{noise}{begin}{CHROMIUM}{end}{begin}{METHOD}{end}", "chrome_debug.log")
    assert into.kind == "text of a console"
    assert [(each.reason, each.detail) for each in judgements] == [
        ("allow-origin-missing", None),
        ("method-not-allowed", "PUT"),
    ]


def test_lighthouse() -> None:
    """Its errors stand in the order of their texts: the reason comes first all the same."""
    items = [
        {
            "source": "network",
            "description": "Failed to load resource: net::ERR_FAILED",
            "sourceLocation": {"url": f"{API}/a"},
        },
        {"source": "javascript", "description": CHROMIUM, "sourceLocation": {"url": f"{APP}/page"}},
    ]
    report = {"lighthouseVersion": "12.8.2", "audits": {"errors-in-console": {"details": {"items": items}}}}
    assert told(json.dumps(report)) == ["actual GET /a deny allow-origin-missing (recording)"]


POLICY = "Content Security Policy directive: \"connect-src 'self'\". The action has been blocked."
MIXED = f"Mixed Content: The page at '{APP}/' was loaded over HTTPS, but requested an insecure "
FIREFOX_POLICY = (
    "Content-Security-Policy: The page’s settings blocked the loading of a resource (connect-src) at"
    f" {API}/a because it violates the following directive: “connect-src 'self'”"
)


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (
            (
                f"Connecting to '{API}/a' violates the following {POLICY}",
                f"Fetch API cannot load {API}/a. Refused to connect because it violates the document's Content Security"
                " Policy.",
            ),
            ["no-cors GET /a not-cors blocked by csp (recording)"],
        ),
        (
            (
                f"Refused to connect to '{API}/a' because it violates the following {POLICY}",
                f"Refused to connect to '{API}/a' because it violates the document's Content Security Policy.",
            ),
            ["no-cors GET /a not-cors blocked by csp (recording)"],
        ),
        ((FIREFOX_POLICY,), ["no-cors GET /a not-cors blocked by csp (recording)"]),
        (
            (
                f"{MIXED}resource 'http://api.test/a'. This request has been blocked; the content must be served over"
                " HTTPS.",
            ),
            ["no-cors GET /a not-cors blocked by mixed-content (recording)"],
        ),
        (
            (f"{MIXED}element 'http://api.test/a'. This request was automatically upgraded to HTTPS, For more "
             "information see https://blog.chromium.org/",),
            [],
        ),
        (
            (
                f"Failed to find a valid digest in the 'integrity' attribute for resource '{API}/a' with computed"
                " SHA-256 integrity 'abc='. The resource has been blocked.",
            ),
            ["no-cors GET /a not-cors blocked by sri (recording)"],
        ),
        (
            (f"Refused to display '{API}/' in a frame because it set 'X-Frame-Options' to 'deny'.",),
            ["no-cors GET / not-cors blocked by frame-options (recording)"],
        ),
        (
            (
                f"Refused to execute script from '{API}/a' because its MIME type ('text/plain') is not executable, and"
                " strict MIME type checking is enabled.",
            ),
            ["no-cors GET /a not-cors blocked by nosniff (recording)"],
        ),
        ((f"Connecting to '{API}/a' violates the following report-only {POLICY}",), []),
        ((f"Executing inline script violates the following {POLICY}",), []),
    ],
)  # fmt: skip
def test_what_a_policy_stopped(lines: tuple[str, ...], wanted: list[str]) -> None:
    """Once, with its URL; not what was let through, or is a script within the page."""
    assert told("\n".join((*lines, CHROMIUM.replace("/a", "/x"))), "console.log") == [
        *wanted,
        "actual GET /x deny allow-origin-missing (recording)",
    ]


SELF = "the following Content Security Policy directive: \"{} 'self'\"."
MIXED = (
    f"Mixed Content: The page at '{APP}/' was loaded over HTTPS, but requested an insecure {{}} 'http://a.example/x'. "
)
BLOCKED = "This request has been blocked; the content must be served over HTTPS."


@pytest.mark.parametrize(
    ("text", "destination"),
    [
        (f"Refused to connect to '{API}/a' because it violates {SELF.format('connect-src')}", Destination.EMPTY),
        (
            f"Refused to connect to '{API}/a' because it violates {SELF.format('default-src')} Note that 'connect-src'"
            " was not explicitly set, so 'default-src' is used as a fallback.",
            Destination.EMPTY,
        ),
        (f"Loading the image '{API}/a' violates {SELF.format('img-src')}", Destination.IMAGE),
        (f"Refused to frame '{API}/a' because it violates {SELF.format('frame-src')}", Destination.IFRAME),
        (MIXED.format("XMLHttpRequest endpoint") + BLOCKED, Destination.EMPTY),
        (MIXED.format("resource") + BLOCKED, Destination.EMPTY),
        (MIXED.format("image") + BLOCKED, Destination.IMAGE),
        ("Blocked loading mixed active content “http://a.example/x”", None),
    ],
)
def test_what_a_blocked_request_was_for(text: str, destination: Destination | None) -> None:
    """As the sentence says it; a script's own requests count by themselves."""
    [judgement], _ = judged(json.dumps([{"text": text}]), "console.json")
    assert judgement.fate is not None
    assert judgement.fate.load.destination is destination


@pytest.mark.parametrize("is_plain", [True, False])
def test_messages_with_escapes(is_plain: bool) -> None:
    """Are known as messages: many writers of JSON write no other characters than ASCII."""
    text = json.dumps([{"text": FIREFOX}], ensure_ascii=is_plain)
    assert told(text, "console.json") == ["actual GET /a deny allow-origin-missing (recording)"]


def test_what_came_in_the_place_of_a_script() -> None:
    """Is told by its type, though the answer itself is not there."""
    said = f"Refused to execute script from '{API}/a' because its MIME type ('text/html') is not executable, and strict"
    [judgement], _ = judged(json.dumps([{"text": f"{said} MIME type checking is enabled."}]), "console.json")
    assert "came as a page (HTML)" in remedies_of(judgement)[0].what


def test_a_text_about_something_else() -> None:
    """Is no console's."""
    _, into = judged("hello\nworld\n", "x.txt")
    assert into.damage is not None
    assert into.damage.startswith("no recording")
