"""What people paste into `cors-addon explain`: taken apart, recognised whole or not at all, in linear time."""

import html
import io
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cors_addon.cli.main import main
from cors_addon.fetch.refusals import Reason
from cors_addon.reasons import languages
from cors_addon.reasons.causes import CAUSES, Cause, Kind
from cors_addon.reasons.entries import Item, meant
from cors_addon.reasons.explain import FOUND, UNKNOWN, described, explain, explain_json
from cors_addon.reasons.matching import Index, Text, Wording
from cors_addon.reasons.pasted import index, recognise
from cors_addon.reasons.registry import NotRevealed
from cors_addon.reasons.server_words import SERVER_CAUSES, SERVER_WORDINGS
from cors_addon.reasons.wordings import GECKO_ENGLISH, GECKO_KEYS, NAMES, PAGES, WORDINGS
from tests.cases.pasted import NOT_KNOWN, PASTED, Pasted
from tests.test_reasons import RECORDED

KINDS = {"reason", "finding", "hidden", "cors", "not-cors", "server", "untold"}
BLOCKED_BY = {
    *(
        "cors",
        "corp",
        "coep",
        "orb",
        "nosniff",
        "mime",
        "csp",
        "mixed-content",
        "sri",
        "frame-options",
        "frame-ancestors",
    ),
    *("local-network", "network", "other", None),
}


def names(text: str) -> tuple[str, ...]:
    return tuple(str(described(item)["name"]) for item in recognise(text))


# --- the table --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", PASTED, ids=lambda case: case.text[:60])
def test_pasted(case: Pasted) -> None:
    items = recognise(case.text)
    assert tuple(described(item)["name"] for item in items) == case.names
    for name, value in case.values.items():
        assert value in [item.values.get(name) for item in items], name


@pytest.mark.parametrize("case", PASTED, ids=lambda case: case.text[:60])
def test_pasted_as_a_chat_has_it(case: Pasted) -> None:
    """Other quotes, quoted lines, words before and after: the same is recognised."""
    if case.text.lstrip()[:1] in ("{", "[") or " " not in case.text:  # JSON and single words: only as they are
        return
    mangled = case.text.replace("'", "’").replace('"', "“")
    quoted = "Hello, what is this?\n\n> " + mangled.replace("\n", "\n> ") + "\n\nThanks!"
    assert names(quoted) == case.names


@pytest.mark.parametrize("text", NOT_KNOWN)
def test_not_known(text: str) -> None:
    """Near misses: not recognised, and the answer says what to paste."""
    assert recognise(text) == []
    shown, code = explain(text)
    assert code == UNKNOWN
    assert " " not in text.strip() or "Paste in addition" in shown
    assert json.loads(explain_json(text)[0])["recognised"] == []


def test_there_are_enough() -> None:
    assert len(PASTED) >= 120
    assert len(NOT_KNOWN) >= 30


def test_every_kind_of_answer_is_in_the_table() -> None:
    assert {described(item)["kind"] for case in PASTED for item in recognise(case.text)} == KINDS - {"finding"}


# --- tables are whole -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wording", [*WORDINGS, *SERVER_WORDINGS], ids=lambda wording: wording.text[:60])
def test_every_wording_is_found(wording: Wording) -> None:
    """With values put in, each is recognised, and as what it means (or as a longer one that begins with it)."""
    if wording.means == "context":
        return
    text = _filled(wording.text)
    items = recognise(text)
    assert items, text
    wanted = {"scheme": {"file-page", "url-scheme"}}.get(wording.means) or {
        str(described(Item((entry,)))["name"]) for entry in meant(wording.means)
    }
    found = {str(name) for item in items for name in (described(item)["name"], *_also(item))}
    assert wanted & found, f"{text}: {found}"


def _also(item: Item) -> list[str]:
    also = described(item)["also"]
    assert isinstance(also, list)
    return also


VALUES = {
    "at": "https://api.example.com/x",
    "first": "https://api.example.com/first",
    "header": "x-token",
    "kind_url": "script https://api.example.com/x",
    "location": "https://api.example.com/y",
    "method": "PUT",
    "origin": "https://app.example.com",
    "page": "https://app.example.com/",
    "policy": "img-src 'self'",
    "rest": "something else",
    "scheme": "https",
    "status": "404",
    "text": "script",
    "url": "https://api.example.com/x",
}


def _filled(text: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: VALUES.get(match[1], "value"), text)


def test_every_name_means_something() -> None:
    means = {*NAMES.values(), *GECKO_KEYS.values(), *(page[2] for page in PAGES)}
    means |= {wording.means for wording in (*WORDINGS, *SERVER_WORDINGS)} - {"context"}
    assert [name for name in sorted(means) if not meant(name)] == []


@pytest.mark.parametrize("cause", [*CAUSES.values(), *SERVER_CAUSES.values()], ids=lambda cause: cause.name)
def test_every_cause_is_whole(cause: Cause) -> None:
    assert cause.blocked_by in BLOCKED_BY
    assert len(cause.why) > 60
    assert cause.fixes or cause.paste
    if cause.kind is Kind.UNTOLD:
        assert cause.paste
    shown, code = explain(cause.name)
    assert code == FOUND
    assert f"({cause.name})" in " ".join(shown.split())


def test_causes_and_reasons_have_different_names() -> None:
    assert not set(CAUSES) & set(SERVER_CAUSES)
    assert not {*CAUSES, *SERVER_CAUSES} & set(map(str, Reason))


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"{case['engine']}: {case['case']}")
def test_recorded_texts_mean_one_thing(case: dict[str, Any]) -> None:
    """What a browser wrote of one refusal, several lines at times, is one cause (or Firefox' two)."""
    if "CORS request not http" not in case["text"]:
        assert len(recognise(case["text"])) <= 2


# --- languages --------------------------------------------------------------------------------------------------------


def translated() -> list[tuple[str, str, str]]:
    return [
        (name, key, text) for name, texts in sorted(languages.table().items()) for key, text in sorted(texts.items())
    ]


def test_the_table_of_languages() -> None:
    table = languages.table()
    assert len(table) > 90
    assert {"de", "fr", "es-ES", "ja", "zh-CN", "ru", "pt-BR", "it", "pl", "ko", "tr", "nl"} <= set(table)
    assert languages.version().endswith("esr")
    assert all(len(table[name]) > 25 for name in ("de", "fr", "ja", "zh-CN", "ru"))


@pytest.mark.parametrize("language", sorted({name for name, _, _ in translated()}))
def test_every_text_of_a_language(language: str) -> None:
    """Recognised as what it means, with the URL in it, as this Firefox writes it and with other quotes."""
    wrong = []
    for key, text in sorted(languages.table()[language].items()):
        shown = _shown(key, text)
        wanted = {str(described(Item((entry,)))["name"]) for entry in meant(GECKO_KEYS.get(key, key))}
        for written in (shown, f"Hm:\n{re.sub('[‘’“”„«»]', '"', shown)} [Learn More]"):
            items = recognise(written)
            found = {str(name) for item in items for name in (described(item)["name"], *_also(item))}
            if not wanted & found:
                wrong.append((key, written, found))
            elif "example.com/x" in written and not any("example.com/x" in str(item.values) for item in items):
                wrong.append((key, written, {"no URL"}))
    assert wrong == []


def _shown(key: str, text: str) -> str:
    """A text with values in the place of %1$S."""
    url = "https://api.example.com/x"
    values = [
        "404" if key in ("CORSDidNotSucceed2", "CORSMissingAllowOrigin2", "CORSPreflightDidNotSucceed3") else "x-token"
    ]
    values = {"XFrameOptionsDeny": ["DENY", url], "IntegrityMismatch3": ["sha256", url, "abc="]}.get(
        key, [url, *values, "x"]
    )
    if key.startswith("CSP"):
        values = ["img-src 'self'", url, "img-src"]
    count = iter(values)

    def value(match: re.Match[str]) -> str:
        return values[int(match[1]) - 1] if match[1] else next(count)

    return re.sub(r"%(?:(\d)\$)?S", value, text)


def test_english_keys_are_those_of_the_table() -> None:
    assert set(GECKO_ENGLISH) == set(GECKO_KEYS)
    keys = {key for _, key, _ in translated() if not key.startswith("CORS")}
    assert keys == set(GECKO_KEYS)


# Halves that are messages themselves: the shorter of two that begin or end alike.
SHORTER = frozenset(
    "no-access status-not-ok service-worker-answer tainted-canvas websocket-failed says-nothing gecko-cut-off mime "
    "cors-unnamed own-origin-check s3-something chromium-cut-off npm-cors-short".split()
)


@pytest.mark.parametrize("wording", [*WORDINGS, *SERVER_WORDINGS], ids=lambda wording: wording.text[:60])
def test_half_a_message_is_none(wording: Wording) -> None:
    """Neither its beginning nor its end, unless that is a message of its own."""
    words = _filled(wording.text).split()
    for half in (words[: len(words) // 2], words[len(words) // 2 :]):
        if not wording.whole and wording.means != "context" and len(half) > 1:
            assert set(names(" ".join(half))) <= SHORTER


# --- nothing by chance ------------------------------------------------------------------------------------------------

WORDS = (
    "the a request resource was blocked origin header server page not allowed by policy CORS error failed load network "
    "cross script from because it with access control response status code to fetch integrity content security "
    "browser and "
    "of for is preflight credentials mode image frame insecure mixed type requested has been due check"
).split()


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=40))
def test_random_prose_is_not_recognised(words: list[str]) -> None:
    """Not even of the words that messages are made of."""
    text = " ".join(words)
    if text.lower() in (
        "cors",
        "cors failed",
        "failed to fetch",
        "load failed",
        "network error",
        "cors error",
        "fetch failed",
    ):
        return
    assert all(len(item.text.split()) >= 4 for item in recognise(text)), text


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_anything_can_be_pasted(text: str) -> None:
    shown, code = explain(text)
    assert code in (FOUND, UNKNOWN)
    assert shown
    document = json.loads(explain_json(text)[0])
    assert document["schema"] == 1


# --- linear time ------------------------------------------------------------------------------------------------------

HOSTILE = {
    "a message's beginning, again and again": "Access to fetch at 'x' from origin 'y' has been ",
    "a message's end, again and again": "has been blocked by CORS policy: ",
    "slots without end": "Refused to connect to ",
    "brackets": "[{",
    "a message in Firefox' words": "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the "
    "remote resource at ",
    "quotes": "'\"`",
    "spaces": " \t ",
    "lines": "\n",
    "one word": "a",
    "errors' names": "net::ERR_X1 ",
    "addresses": "https://developer.mozilla.org/x ",
    "whole messages": "GET https://api.example.com/x net::ERR_FAILED\nTypeError: Failed to fetch\n",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_linear_in_steps(piece: str) -> None:
    """Twice the text costs at most about twice the places tried, and few per character."""
    steps = []
    for size in (50_000, 100_000):
        text = piece * (size // len(piece))
        before = index().steps
        recognise(text)
        steps.append(index().steps - before)
    assert steps[1] <= 2 * steps[0] + 1000
    assert steps[1] <= 3 * 100_000


def test_a_place_costs_a_bounded_number_of_characters() -> None:
    """A value is looked for up to its longest, and not to the text's end."""
    found = Index([Wording("Begin of it {value} end of it", "x", "y")])
    assert found.find(Text("begin of it " + "a " * 900 + "end of it"))
    assert not found.find(Text("begin of it " + "a " * 1100 + "end of it"))


def test_a_megabyte_is_taken_apart() -> None:
    """A whole console: the one message in it is found."""
    noise = "\n".join(
        f"[log] {random.Random(number).random()} rendered item {number} of the list" for number in range(20_000)
    )
    text = noise + "\nMethod PUT is not allowed by Access-Control-Allow-Methods in preflight response.\n" + noise
    assert len(text) > 1_000_000
    assert names(text) == ("method-not-allowed",)


# --- values and advice ------------------------------------------------------------------------------------------------


def fix_of(text: str) -> str:
    """Who must change what, and the headers where they help: one line."""
    shown = " ".join(explain(text)[0].partition("\nUsual causes")[2].partition("\nBrowsers say")[0].split())
    return shown[min(at for words in ("Who must change what", "Fix") if (at := shown.find(words)) >= 0) :]


AT = (
    "Access to fetch at 'https://api.example.com/x' from origin 'https://app.example.com' "
    "has been blocked by CORS policy: "
)


def test_a_method_in_lower_case_is_mended_in_the_page() -> None:
    change = fix_of(f"{AT}Method patch is not allowed by Access-Control-Allow-Methods in preflight response.")
    assert change.startswith("Who must change what - In the page: write the method in capitals: method: 'PATCH'")
    assert "Access-Control-Allow-Methods:" not in change


def test_a_response_header_is_taken_off_the_request() -> None:
    change = fix_of(
        f"{AT}Request header field access-control-allow-origin is not allowed by Access-Control-Allow-Headers in "
        f"preflight "
        "response."
    )
    assert "take it out of the request's headers" in change
    assert "Access-Control-Allow-Headers:" not in change


def test_a_redirect_to_a_login_is_mended_at_the_api() -> None:
    text = (
        "Access to fetch at 'https://login.example.net/oauth2/authorize?x' (redirected from "
        "'https://app.example.com/api/me') from origin 'https://app.example.com' has been blocked by CORS policy: No "
        "'Access-Control-Allow-Origin' header is present on the requested resource."
    )
    shown = " ".join(explain(text)[0].split())
    assert "was redirected to the login at login.example.net" in shown
    assert "answer requests of scripts with 401" in shown
    assert "Access-Control-Allow-Origin: https://app.example.com" not in shown


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("traceparent", "tracing library"),
        ("sentry-trace", "Sentry"),
        ("x-stainless-os", "AI service"),
        ("mcp-protocol-version", "Model Context"),
    ],
)
def test_a_header_that_a_library_adds(header: str, words: str) -> None:
    text = f"{AT}Request header field {header} is not allowed by Access-Control-Allow-Headers in preflight response."
    assert words in " ".join(explain(text)[0].split())


MISSING = "No 'Access-Control-Allow-Origin' header is present on the requested resource."


def test_a_redirected_preflight_is_asked_for_elsewhere_first() -> None:
    """The message does not tell where; the network panel does."""
    [item] = recognise(
        f"{AT}Response to preflight request doesn't pass access control check: Redirect is not allowed for a preflight"
        " request."
    )
    told = described(item)["remedies"]
    assert isinstance(told, list)
    assert [each["who"] for each in told] == ["page", "server"]
    assert "Location" in told[0]["what"]


@pytest.mark.parametrize(
    ("before", "is_said"), [("Response to preflight request doesn't pass access control check: ", True), ("", False)]
)
def test_what_a_preflight_was_refused_for_was_never_sent(before: str, is_said: bool) -> None:
    """The explanation of a reason speaks of any answer, which the server may have acted on."""
    assert ("at the preflight: the request was never sent" in explain(AT + before + MISSING)[0]) == is_said


def test_an_error_is_said_before_cors() -> None:
    text = f"{AT}{MISSING}\nGET https://api.example.com/x net::ERR_FAILED 503"
    shown = explain(text)[0]
    assert shown.index("The answer is a 503") < shown.index("The page and the server have different origins")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (MISSING + "\nGET https://api.example.com/x net::ERR_FAILED 401", "send a valid token or session: none came"),
        ("It does not have HTTP ok status.\nOPTIONS https://api.example.com/x 404", "handle OPTIONS at this URL"),
        ("It does not have HTTP ok status.\nOPTIONS https://api.example.com/x 401", "before asking for a login"),
    ],
)
def test_a_status_beside_a_message_decides_the_first_remedy(more: str, words: str) -> None:
    assert words in fix_of(AT + more)[:120]


def test_an_origin_null_is_explained() -> None:
    text = AT.replace("https://app.example.com", "null") + MISSING
    shown = " ".join(explain(text)[0].split())
    assert "Do not answer null itself" in shown
    assert "Access-Control-Allow-Origin: null" not in shown


THERE = "https://api.example.com/x"
FALLBACK = "Refused to {} because it violates the following Content Security Policy directive: \"default-src 'self'\". "
NOTE = "Note that '{}' was not explicitly set, so 'default-src' is used as a fallback."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FALLBACK.format(f"connect to '{THERE}'") + NOTE.format("connect-src"), "Add connect-src to"),
        (FALLBACK.format(f"load the script '{THERE}'") + NOTE.format("script-src-elem"), "Add script-src to"),
        (
            f"Content-Security-Policy: The page’s settings blocked the loading of a resource (img-src) at {THERE}"
            " because it violates the following directive: “default-src 'self'”",
            "Add img-src to",
        ),
        (
            f"Refused to connect to {THERE} because it appears in neither the connect-src directive nor the"
            " default-src directive of the Content Security Policy.",
            "Add connect-src to",
        ),
        (FALLBACK.format(f"connect to '{THERE}'").replace("default", "connect"), "to connect-src in"),
    ],
)
def test_the_directive_that_a_request_asks(text: str, words: str) -> None:
    """Where another stands for it, it is added beside that, and nothing else is let in."""
    [item] = recognise(text)
    told = described(item)["remedies"]
    assert isinstance(told, list)
    assert words in told[0]["what"]


@pytest.mark.parametrize("times", [1, 2])
def test_a_text_from_a_pages_source(times: int) -> None:
    """Quotes and ampersands as markup has them, once or twice escaped, in JSON, too."""
    text = AT.replace("/x", "/x?a=1&b=2") + MISSING
    escaped = text
    for _ in range(times):
        escaped = html.escape(escaped)
    for pasted in (escaped, json.dumps([{"text": escaped}]), html.escape(json.dumps([{"text": text}]))):
        [item] = recognise(pasted)
        assert described(item)["name"] == "allow-origin-missing"
        assert item.values["url"] == "https://api.example.com/x?a=1&b=2"


@pytest.mark.parametrize("case", PASTED, ids=lambda case: case.text[:60])
def test_nobody_is_told_to_allow_null(case: Pasted) -> None:
    told = json.dumps([described(item)["remedies"] for item in recognise(case.text)])
    assert "origin, null" not in told
    assert '"after": "null"' not in told


@pytest.mark.parametrize("case", PASTED, ids=lambda case: case.text[:60])
def test_what_a_message_does_not_tell_is_not_filled_in(case: Pasted) -> None:
    told = json.dumps([described(item)["remedies"] for item in recognise(case.text)])
    assert not re.search(r"\bNone\b", told)
    for item in recognise(case.text):
        if isinstance(item.first, Reason) and item.first is not Reason.CAUSE_NOT_RECORDED:
            assert described(item)["remedies"], "each refusal has a remedy"


@pytest.mark.parametrize(
    ("origin", "words"), [("chrome-extension://abc", "host_permissions"), ("capacitor://localhost", "CapacitorHttp")]
)
def test_the_origin_of_an_app_is_explained(origin: str, words: str) -> None:
    assert words in " ".join(explain(AT.replace("https://app.example.com", origin) + MISSING)[0].split())


def test_what_is_not_cors_says_so_first() -> None:
    for case in PASTED:
        for item in recognise(case.text)[:1]:
            if isinstance(item.first, Cause) and item.first.kind is Kind.NOT_CORS:
                assert "not CORS: " in explain(case.text)[0][:60]


def test_local_network_access_is_not_cors() -> None:
    shown, _ = explain(f"{AT}Permission was denied for this request to access the `local` address space.")
    assert shown.startswith("not CORS: Local Network Access")


# --- JSON -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", PASTED, ids=lambda case: case.text[:60])
def test_json(case: Pasted) -> None:
    """Every field is there, of its type, whatever was pasted."""
    shown, code = explain_json(case.text)
    assert code == FOUND
    for item in json.loads(shown)["recognised"]:
        assert set(item) == {
            *(
                "kind",
                "name",
                "also",
                "blocked_by",
                "engine",
                "by",
                "language",
                "text",
                "values",
                "title",
                "explanation",
            ),
            *("notes", "fixes", "remedies", "paste", "spec"),
        }
        assert item["kind"] in KINDS
        assert item["blocked_by"] in BLOCKED_BY
        assert item["explanation"]
        assert item["engine"] in ("chromium", "gecko", "webkit", None)
        assert item["kind"] != "untold" or item["paste"]


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--json", "net::ERR_BLOCKED_BY_ORB"]) == FOUND
    assert json.loads(capsys.readouterr().out)["recognised"][0]["blocked_by"] == "orb"
    assert main(["explain", "--json", "nothing", "of", "the", "kind"]) == UNKNOWN
    assert json.loads(capsys.readouterr().out)["paste"]
    assert main(["explain", "--json"]) == FOUND
    assert len(json.loads(capsys.readouterr().out)["recognised"]) == len(Reason)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_command_reads_what_is_piped(
    encoding: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "console.txt").write_text(
        f"{AT}Method PUT is not allowed by Access-Control-Allow-Methods in preflight response.", encoding
    )
    with (tmp_path / "console.txt").open() as piped:
        monkeypatch.setattr("sys.stdin", piped)
        assert main(["explain", "-"]) == FOUND
    assert capsys.readouterr().out.startswith("method-not-allowed\n")


def test_an_empty_pipe_explains_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments in (["-"], ["--json", "-"]):
        monkeypatch.setattr("sys.stdin", io.StringIO(" \n"))
        assert main(["explain", *arguments]) == UNKNOWN
    told = capsys.readouterr()
    assert told.err == "cors-addon explain: nothing came from standard input\n"
    assert json.loads(told.out)["recognised"] == []


def test_the_name_of_a_file_is_no_message(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "my console.txt"
    file.write_text("x")
    assert main(["explain", str(file)]) == UNKNOWN
    assert f"`cors-addon explain - < '{file}'`" in capsys.readouterr().err
    assert main(["explain", "x" * 9999]) == UNKNOWN
    assert "That is a file" not in capsys.readouterr().err


def test_values_of_two_requests_are_not_mixed() -> None:
    first = f"{AT}{MISSING}"
    second = first.replace("/x'", "/y' (redirected from 'https://api.example.com/z')")
    assert [dict(item.values) for item in recognise(f"{first}\n{second}")] == [
        {"url": "https://api.example.com/x", "origin": "https://app.example.com"}
    ]


def test_the_method_of_a_preflight_is_not_the_one_that_was_refused() -> None:
    text = (
        "OPTIONS https://api.example.com/x NS_ERROR_DOM_BAD_URI\n"
        "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at "
        "https://api.example.com/x. "
        "(Reason: Did not find method in CORS header ‘Access-Control-Allow-Methods’)."
    )
    assert "OPTIONS" not in fix_of(text)


def test_an_origin_of_the_protocol_has_no_slash() -> None:
    issue = {
        "corsErrorStatus": {"corsError": "MissingAllowOriginHeader"},
        "initiatorOrigin": "https://app.example.com/",
    }
    assert "Access-Control-Allow-Origin: https://app.example.com Vary" in fix_of(json.dumps(issue))


def test_no_password_is_repeated() -> None:
    text = "Fetch API cannot load https://user:secret@api.example.com/ due to access control checks."
    assert "secret" not in explain(text)[0]
    assert "secret" not in explain_json(text)[0]


def test_hidden_entries_have_a_kind() -> None:
    item = recognise("LocalNetworkAccessPermissionDenied")[0]
    assert isinstance(item.first, NotRevealed)
    assert described(item)["kind"] == "hidden"
    assert described(item)["blocked_by"] == "local-network"
