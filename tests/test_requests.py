"""Which requests need a preflight, by name and by value."""

import pytest

from cors_addon.engines import ENGINES
from cors_addon.fetch.headers import MAX_NAMES
from cors_addon.fetch.mime import essence
from cors_addon.fetch.requests import BROWSER_NAMES, SAFELIST, NameKinds, cors_unsafe_names
from tests.cases.traffic import Lines, fields
from tests.cases.values import ESSENCES, SAFELISTED_ELSEWHERE, SAFELISTED_VALUES, UNSAFE_BYTES

FETCH = ENGINES["fetch"].rules


def unsafe(lines: Lines, engine: str = "fetch", authored: frozenset[str] = frozenset()) -> list[str]:
    """CORS-unsafe request-header names."""
    rules = ENGINES[engine].rules
    return cors_unsafe_names(fields(lines), rules.safelist, rules.name_kinds, authored)


@pytest.mark.parametrize(("value", "expected"), ESSENCES.items())
def test_essence(value: str, expected: str | None) -> None:
    """Of a MIME type; None for what is none."""
    assert essence(value) == expected


@pytest.mark.parametrize(("name", "value", "expected"), [(*key, safe) for key, safe in SAFELISTED_VALUES.items()])
def test_safelisted_by_value(name: str, value: str, expected: bool) -> None:
    """A safelisted name needs a safelisted value, the name's case means nothing; few engines differ."""
    found = {
        (engine, spelled): unsafe([(spelled, value)], engine, frozenset({name}))
        for engine in ENGINES
        for spelled in (name, name.title(), name.upper())
    }
    differ = SAFELISTED_ELSEWHERE.get((name, value), {})
    assert found == {each: [] if differ.get(each[0], expected) else [name] for each in found}


@pytest.mark.parametrize(("name", "value"), [key for key in SAFELISTED_VALUES if key[0].startswith("accept")])
def test_accept_and_accept_language_are_the_browsers(name: str, value: str) -> None:
    """Where no preflight has named them, whatever they say."""
    found = [unsafe([(spelled, value)], engine) for engine in ENGINES for spelled in (name, name.title())]
    beside = [unsafe([(name, value), ("X-A", "b")], engine, frozenset({"x-a"})) for engine in ENGINES]
    assert (found, beside) == ([[]] * len(found), [["x-a"]] * len(beside))


@pytest.mark.parametrize("name", ["accept", "content-type"])
def test_unsafe_bytes(name: str) -> None:
    """Each of them makes a value unsafe that is fine without; no other does."""
    authored = frozenset({name})
    found = {
        code for code in range(256) if unsafe([(name, b"text/plain;x=a" + bytes((code,)) + b"z")], authored=authored)
    }
    assert found == set(UNSAFE_BYTES)


@pytest.mark.parametrize("name", ["accept-language", "content-language"])
def test_language_bytes(name: str) -> None:
    """Languages have letters, digits and few others."""
    authored = frozenset({name})
    found = {chr(code) for code in range(256) if not unsafe([(name, b"a" + bytes((code,)) + b"z")], authored=authored)}
    assert found == set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz *,-.;=")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([("accept", "a" * 128)] * 8, []),
        (
            [*[("accept", "a" * 128)] * 7, ("accept-language", "a" * 128), ("range", "bytes=0-")],
            ["accept", "accept-language", "range"],
        ),
        ([*[("accept", "a" * 128)] * 8, ("x-a", "b")], ["x-a"]),
        ([*[("accept", "a" * 128)] * 8, ("content-type", "text/plain")], ["accept", "content-type"]),
        ([*[("accept", "a" * 128)] * 8, ("content-type", "text/html")], ["content-type"]),
        ([*[("accept", "a" * 127)] * 8, ("content-type", "a/b"), ("range", "bytes=0-")], ["content-type"]),
        ([*[("accept", "a" * 126)] * 8, ("accept-language", "a" * 16)], []),
        ([*[("accept", "a" * 126)] * 8, ("accept-language", "a" * 17)], ["accept", "accept-language"]),
    ],
)
def test_1024_bytes_in_all(lines: Lines, expected: list[str]) -> None:
    """More than that of safelisted values makes each of them unsafe."""
    assert unsafe(lines) == expected


@pytest.mark.parametrize(
    ("lines", "authored", "expected"),
    [
        ([], "", []),
        ([("X-Token", "")], "", ["x-token"]),
        ([("X-B", "1"), ("x-a", "2"), ("X-b", "3")], "", ["x-b", "x-a"]),
        ([("User-Agent", "x"), ("Cookie", "a"), ("Host", "h"), ("Referer", "r"), ("DNT", "1")], "", []),
        ([("Sec-Fetch-Mode", "cors"), ("Sec-Anything", "x"), ("Proxy-Authorization", "x")], "", []),
        ([("security", "x"), ("proxy", "x")], "", ["security", "proxy"]),
        ([(":method", "GET"), (":authority", "a")], "", []),
        ([("Authorization", "Basic x"), ("Cache-Control", "no-cache"), ("If-None-Match", '"x"')], "", []),
        ([("Authorization", "Bearer x"), ("Pragma", "no-cache")], "authorization", ["authorization"]),
        ([("If-None-Match", '"x"'), ("X-A", "b")], "x-a if-none-match", ["if-none-match", "x-a"]),
        ([("Last-Event-ID", "7"), ("Priority", "u=1"), ("Purpose", "prefetch")], "", []),
        ([("X-Forwarded-For", "::1"), ("Via", "1.1 x"), ("Forwarded", "for=x")], "", []),
        ([("Content-Type", "text/plain")], "content-type", []),
        ([("X-Requested-With", "XMLHttpRequest")], "", ["x-requested-with"]),
    ],
)
def test_names_of_the_author(lines: Lines, authored: str, expected: list[str]) -> None:
    """What browsers set themselves is not the author's, unless a preflight has named it."""
    assert unsafe(lines, authored=frozenset(authored.split())) == expected


HINTS: dict[tuple[str, str], bool] = {
    ("DPR", "2"): True,
    ("DPR", "2.5"): True,
    ("DPR", "2."): False,
    ("DPR", ".5"): False,
    ("DPR", "two"): False,
    ("Device-Memory", "8"): True,
    ("Device-Memory", "-8"): False,
    ("Downlink", "1.75"): True,
    ("Width", "100"): True,
    ("Width", "100.5"): False,
    ("Viewport-Width", "100"): True,
    ("Viewport-Width", ""): False,
    ("RTT", "50"): True,
    ("RTT", "1e3"): False,
    ("ECT", "4g"): True,
    ("ECT", "slow-2g"): True,
    ("ECT", "5g"): False,
    ("Save-Data", "on"): True,
    ("Save-Data", "off"): False,
}


@pytest.mark.parametrize(("name", "value", "safe"), [(*key, safe) for key, safe in HINTS.items()])
def test_client_hints_are_safelisted_in_chromium_alone(name: str, value: str, safe: bool) -> None:
    """With the values that the browser itself would send; elsewhere they are any author's header."""
    lower = name.lower()
    assert unsafe([(name, value)], "chromium") == ([] if safe else [lower])
    assert [unsafe([(name, value)], engine) for engine in ("gecko", "webkit", "fetch")] == [[lower]] * 3


@pytest.mark.parametrize(
    "name",
    """accept-charset accept-encoding access-control-request-headers access-control-request-method
    access-control-request-private-network connection content-length cookie cookie2 date dnt expect host keep-alive
    origin referer set-cookie te trailer transfer-encoding upgrade via""".split(),
)
def test_forbidden_names_are_the_browsers(name: str) -> None:
    """https://fetch.spec.whatwg.org/#forbidden-request-header"""
    assert unsafe([(name, "x")]) == []


CHROME = "Google Chrome, to Google"


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("attribution-reporting-eligible", "Chromium, with attributionsrc"),
        ("attribution-reporting-support", "Chromium, with attributionsrc"),
        ("icy-metadata", "WebKitGTK, for media"),
        ("x-playback-session-id", "Safari, for media"),
        ("x-purpose", "Safari, for previews"),
        ("x-client-data", CHROME),
        ("x-browser-channel", CHROME),
        ("x-browser-copyright", CHROME),
        ("x-browser-validation", CHROME),
        ("x-browser-year", CHROME),
    ],
)
def test_other_names_that_browsers_set(name: str, who: str) -> None:
    """A request with one of them and nothing else needs no preflight; what Chrome alone sends is others' authors'."""
    found = {engine: unsafe([(name, "x")], engine) for engine in ENGINES}
    assert found == {engine: [name] if who == CHROME and engine != "chromium" else [] for engine in ENGINES}, who


def test_the_memory_of_names_is_bounded() -> None:
    """And what it says of a name stays the same."""
    kinds = NameKinds(SAFELIST, BROWSER_NAMES)
    for number in range(3 * MAX_NAMES):
        assert kinds[b"X-%d" % number] == f"x-{number}"
        assert kinds[b"Sec-%d" % number] is None
    assert len(kinds) <= MAX_NAMES
