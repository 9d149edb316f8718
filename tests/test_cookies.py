"""Cookies as evidence: which are kept, and which a request with credentials would surely carry."""

import time
from typing import Any, NamedTuple

import pytest

from cors_addon.exchange.cookies import Cookie, CookieEvidence, SetBy, parse_set_cookie
from tests.cases.traffic import url
from tests.cases.values import SET_COOKIES
from tests.test_origins import rows

SERVER = url("https://api.example.test/dir/file")
PLAIN = url("http://api.example.test/dir/file")


@pytest.mark.parametrize(("line", "expected"), rows(SET_COOKIES))
def test_set_cookie(line: bytes, expected: dict[str, Any] | None) -> None:
    """Only what decides whether it would be sent is read."""
    bare: dict[str, Any] = {
        "host": "api.example.test", "host_only": True, "path": "/dir", "secure": False, "same_site": "unset",
        "expires": None, "context": "https://shop.test",
    }  # fmt: skip
    wanted = None if expected is None else ("a", Cookie(**{**bare, **expected}))
    assert parse_set_cookie(line, SERVER, 1000.0, "https://shop.test") == wanted


def test_cookie_dates_are_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's time zone means nothing. https://httpwg.org/specs/rfc6265.html#cookie-date"""
    monkeypatch.setenv("TZ", "JST-9")
    time.tzset()
    try:
        parsed = parse_set_cookie(b"a=1; Expires=Thu, 01 Jan 1970 00:33:20", SERVER, 1000.0, None)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert parsed is not None
    assert parsed[1].expires == 2000.0


class Row(NamedTuple):
    """Lines that a server set, and whether a request to a URL surely carries one of them."""

    name: str
    lines: tuple[bytes, ...]
    sent: bool
    to: str = "https://api.example.test/dir/file"
    at: float = 10.0
    same_site: bool = True
    third_party_seen: bool = True
    context: str | None = None
    partitioned: bool = False
    server: str = "https://api.example.test/dir/file"
    registrable: str = ""
    third_party: bool = False

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


ROWS = (
    Row("none", (), False),
    Row("to the same URL", (b"a=1",), True),
    Row("below its path", (b"a=1",), True, "https://api.example.test/dir/x/y?z"),
    Row("to the path itself", (b"a=1",), True, "https://api.example.test/dir"),
    Row("to a path that begins alike", (b"a=1",), False, "https://api.example.test/directory"),
    Row("above its path", (b"a=1",), False, "https://api.example.test/"),
    Row("to any path", (b"a=1; Path=/",), True, "https://api.example.test/"),
    Row("to the parent host", (b"a=1; Path=/",), False, "https://example.test/"),
    Row("to a host below", (b"a=1; Path=/",), False, "https://x.api.example.test/"),
    Row("of the domain to a sibling", (b"a=1; Path=/; Domain=example.test",), True, "https://www.example.test/"),
    Row("of the domain to a lookalike", (b"a=1; Path=/; Domain=example.test",), False, "https://badexample.test/"),
    Row("to another port", (b"a=1",), True, "https://api.example.test:8443/dir/file"),
    Row("secure to http", (b"a=1; Secure",), False, "http://api.example.test/dir/file"),
    Row("insecure to http", (b"a=1",), True, "http://api.example.test/dir/file"),
    Row("secure set over http", (b"a=1; Secure",), False, server="http://api.example.test/dir/file"),
    Row(
        "secure set over http on localhost",
        (b"a=1; Secure; Path=/",),
        True,
        "http://localhost:3000/",
        server="http://localhost:3000/x",
    ),
    Row("in time", (b"a=1; Max-Age=60",), True, at=30.0),
    Row("too late", (b"a=1; Max-Age=60",), False, at=61.0),
    Row("deleted", (b"a=1", b"a=; Max-Age=0"), False),
    Row("deleted elsewhere", (b"a=1", b"a=; Max-Age=0; Path=/other"), True),
    Row("set anew", (b"a=1; Max-Age=0", b"a=1"), True),
    Row("before it was given", (b"a=1",), False, at=-1.0),
    Row("while the answer is on its way", (b"a=1",), False, at=0.2),
    Row("once the answer has arrived", (b"a=1",), True, at=0.3),
    # across sites
    Row("None across sites", (b"a=1; SameSite=None; Secure",), True, same_site=False),
    Row("Lax across sites", (b"a=1; SameSite=Lax",), False, same_site=False),
    Row("Strict across sites", (b"a=1; SameSite=Strict",), False, same_site=False),
    Row("unset across sites", (b"a=1",), False, same_site=False),
    Row(
        "None where third-party cookies may be blocked",
        (b"a=1; SameSite=None; Secure",),
        False,
        same_site=False,
        third_party_seen=False,
    ),
    Row("Strict in the same site", (b"a=1; SameSite=Strict",), True),
    Row(
        "partitioned under another page",
        (b"a=1; SameSite=None; Secure",),
        False,
        same_site=False,
        context="https://b.test",
        partitioned=True,
    ),
    Row(
        "partitioned under the same page",
        (b"a=1; SameSite=None; Secure",),
        True,
        same_site=False,
        context="https://shop.test",
        partitioned=True,
    ),
    Row("None set under another site's page", (b"a=1; SameSite=None; Secure",), True, third_party=True),
    Row("Lax set under another site's page", (b"a=1; SameSite=Lax",), False, third_party=True),
    Row("unset set under another site's page", (b"a=1",), False, third_party=True),
    # what browsers do not keep
    Row("None without Secure", (b"a=1; SameSite=None",), False),
    Row("neither name nor value", (b"=",), False),
    Row(
        "of a whole top-level domain",
        (b"a=1; Domain=test; Path=/",),
        False,
        registrable="example.test",
    ),
    Row("__Secure- without Secure", (b"__Secure-a=1",), False),
    Row(
        "__Host- with a path",
        (b"__Host-a=1; Secure; Path=/dir",),
        False,
    ),
    Row("with a control character", (b"a=\x01",), False),
    Row("too long", (b"a=" + b"x" * 5000,), False),
    Row(
        "Partitioned under another page",
        (b"a=1; SameSite=None; Secure; Partitioned",),
        False,
        same_site=False,
        context="https://b.test",
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_would_be_sent(row: Row) -> None:
    """Only where no browser would hold it back."""
    evidence = CookieEvidence()
    evidence.third_party_seen = row.third_party_seen
    for line in row.lines:
        evidence.set(line, SetBy(url(row.server), 0.0, "https://shop.test", row.third_party, row.registrable))
    found = evidence.would_be_sent(
        url(row.to), row.at, same_site=row.same_site, context=row.context, partitioned=row.partitioned
    )
    assert found is row.sent


def test_an_insecure_answer_never_overlays_a_secure_cookie() -> None:
    """Of the same name, where their hosts and paths overlap."""
    evidence = CookieEvidence()
    evidence.set(b"a=1; Secure; Path=/; Domain=example.test", SetBy(SERVER, 0.0, None))
    evidence.set(b"a=2; Max-Age=0; Path=/; Domain=example.test", SetBy(PLAIN, 1.0, None))
    evidence.set(b"a=2; Path=/", SetBy(PLAIN, 1.0, None))

    def sent(to: str) -> bool:
        return evidence.would_be_sent(url(to), 2.0, same_site=True, context=None, partitioned=False)

    assert [sent("https://api.example.test/"), sent("http://api.example.test/")] == [True, False]


def test_a_cookie_of_another_context_is_replaced_unless_alike() -> None:
    """Some browsers keep the cookies of every page's site apart, others all together."""
    found = {}
    for again in (b"a=2", b"a=2; Secure", b"a=; Max-Age=0", b"b=2; Secure", b"a=2; Secure; Path=/x"):
        evidence = CookieEvidence()
        evidence.set(b"a=1", SetBy(PLAIN, 0.0, "http://shop.test"))
        evidence.set(again, SetBy(SERVER, 1.0, "https://shop.test"))
        found[again] = evidence.would_be_sent(PLAIN, 2.0, same_site=True, context="http://shop.test", partitioned=True)
    assert found == {
        b"a=2": True,
        b"a=2; Secure": False,
        b"a=; Max-Age=0": False,
        b"b=2; Secure": True,
        b"a=2; Secure; Path=/x": True,
    }


def test_a_cookie_given_again_was_there_before() -> None:
    """So a request sent meanwhile carries it, too."""
    evidence = CookieEvidence()
    for now in (0.0, 5.0):
        evidence.set(b"a=1", SetBy(SERVER, now, None))
    assert evidence.would_be_sent(SERVER, 5.0, same_site=True, context=None, partitioned=False)


def test_a_cookie_in_doubt_proves_nothing() -> None:
    """Until the mode of the request is known whose answer gave it, or the cookie was sent."""

    def sent(evidence: CookieEvidence) -> bool:
        return evidence.would_be_sent(SERVER, 1.0, same_site=True, context=None, partitioned=False)

    def given(*lines: bytes) -> CookieEvidence:
        evidence = CookieEvidence()
        for line in lines:
            evidence.set(line, SetBy(SERVER, 0.0, None, doubted="f"))
        return evidence

    found = {}
    evidence = given(b"a=1")
    found["at first"] = sent(evidence), evidence.doubts
    evidence.learn("other", included=True)
    found["another flow is known"] = sent(evidence), evidence.doubts
    evidence.learn("f", included=True)
    found["its request included credentials"] = sent(evidence), evidence.doubts
    evidence.set(b"a=2", SetBy(SERVER, 0.0, None, doubted="g"))
    found["given again in doubt"] = sent(evidence), evidence.doubts
    evidence = given(b"a=1")
    evidence.learn("f", included=False)
    found["its request did not"] = sent(evidence), evidence.doubts
    evidence = given(b"a=1")
    evidence.sent(b"b=1; a=1", SERVER, 0.5)
    found["it was sent"] = sent(evidence), evidence.doubts
    evidence = given(b"a=1")
    evidence.sent(b"b=1; aa=a", SERVER, 0.5)
    found["another was sent"] = sent(evidence), evidence.doubts
    evidence = given(b"a=1; Path=/elsewhere", b"a=1")
    evidence.sent(b"a=1", SERVER, 0.5)
    found["one of its name was sent"] = sent(evidence), evidence.doubts
    assert found == {
        "at first": (False, True),
        "another flow is known": (False, True),
        "its request included credentials": (True, False),
        "given again in doubt": (True, False),
        "its request did not": (False, False),
        "it was sent": (True, False),
        "another was sent": (False, True),
        "one of its name was sent": (True, True),
    }


def test_cookies_are_bounded() -> None:
    """The oldest are forgotten first, and no value is kept."""
    evidence = CookieEvidence(size=10)
    for number in range(1000):
        evidence.set(b"a%d=secret; Path=/%d" % (number, number), SetBy(SERVER, 0.0, None))
    sent = [
        number
        for number in range(1000)
        if evidence.would_be_sent(
            url(f"https://api.example.test/{number}"), 1.0, same_site=True, context=None, partitioned=False
        )
    ]
    assert sent == list(range(990, 1000))
    assert "secret" not in repr(evidence._cookies)
