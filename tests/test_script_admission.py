"""How a script gets past a document's policies: which it leaves as they are, and what others get."""

import pytest

from cors_addon.fetch import csp
from cors_addon.fetch.script_admission import Admission, NoWay, Script, admit, admit_worker
from tests.helpers import url

PAGE = url("https://app.example.test/page")
REPORT = url("https://app.example.test/.witness/1")
OURS = Script(b"ours", REPORT)
HASH = "'sha256-rgvsnp0zxWNUvWEsimAQhAMk/FuXhs4KGLaWswSwk5c='"
ENFORCED, REPORTED = b"Content-Security-Policy", b"Content-Security-Policy-Report-Only"

ADMITTED = {
    # policy as sent: policy as passed on, and the nonce
    "default-src https:": (f"default-src https: {HASH}", None),
    "script-src 'self'; connect-src 'self'": (f"script-src 'self' {HASH}; connect-src 'self'", None),
    "script-src 'none'": (f"script-src {HASH}", None),
    "script-src": (f"script-src {HASH}", None),
    "script-src 'unsafe-inline'": ("script-src 'unsafe-inline'", None),
    "SCRIPT-SRC 'UNSAFE-INLINE' https:": ("SCRIPT-SRC 'UNSAFE-INLINE' https:", None),
    "script-src 'nonce-abc' 'unsafe-inline'": ("script-src 'nonce-abc' 'unsafe-inline'", "abc"),
    "script-src 'nonce-abc' 'strict-dynamic'": ("script-src 'nonce-abc' 'strict-dynamic'", "abc"),
    "script-src 'sha256-eA==' 'strict-dynamic'": (f"script-src 'sha256-eA==' 'strict-dynamic' {HASH}", None),
    "script-src 'sha256-eA==' 'unsafe-inline'": (f"script-src 'sha256-eA==' 'unsafe-inline' {HASH}", None),
    "script-src-elem 'self'; script-src 'unsafe-inline'": (
        f"script-src-elem 'self' {HASH}; script-src 'unsafe-inline'",
        None,
    ),
    "script-src-elem 'unsafe-inline'; script-src 'none'": ("script-src-elem 'unsafe-inline'; script-src 'none'", None),
    "img-src 'none'": ("img-src 'none'", None),
    "connect-src https://api.test": (f"connect-src https://api.test {REPORT}", None),
    "connect-src 'none'; img-src *": (f"connect-src {REPORT}; img-src *", None),
    "default-src 'none'; script-src 'unsafe-inline'; base-uri 'none'; ": (
        f"default-src 'none'; script-src 'unsafe-inline'; base-uri 'none'; connect-src {REPORT}",
        None,
    ),
    "script-src 'nonce-a', script-src 'nonce-b'": (f"script-src 'nonce-a', script-src 'nonce-b' {HASH}", "a"),
    "script-src 'nonce-a', script-src 'nonce-b' 'nonce-c', script-src 'nonce-b'": (
        f"script-src 'nonce-a' {HASH}, script-src 'nonce-b' 'nonce-c', script-src 'nonce-b'",
        "b",
    ),
    "sandbox allow-scripts; script-src 'self'": (f"sandbox allow-scripts; script-src 'self' {HASH}", None),
    "require-trusted-types-for 'script'; trusted-types x": (
        "require-trusted-types-for 'script'; trusted-types x",
        None,
    ),
}


@pytest.mark.parametrize(("sent", "wanted"), ADMITTED.items())
def test_an_enforced_policy_gets_what_it_lacks_and_no_more(sent: str, wanted: tuple[str, str | None]) -> None:
    """The rest of it stays as it was written; other headers too."""
    other = (b"Set-Cookie", b"a=1")
    found = admit((other, (ENFORCED, sent.encode())), PAGE, OURS)
    assert found == Admission((other, (ENFORCED, wanted[0].encode())), wanted[1])


@pytest.mark.parametrize("sent", ADMITTED)
def test_nothing_else_is_allowed_than_before(sent: str) -> None:
    """Each directive has the sources that it had, and at most ours."""
    found = admit(((ENFORCED, sent.encode()),), PAGE, OURS)
    assert isinstance(found, Admission)
    for before, after in zip(csp.enforced([(ENFORCED, sent.encode())]), csp.enforced(found.fields), strict=True):
        for name in after.keys() - before.keys():
            assert name == "connect-src"
            assert set(after[name]) == set(before["default-src"]) - {"'none'"} | {str(REPORT)}
        for name, sources in before.items():
            gone = {"'none'"} if after[name] != sources else set()
            assert set(after[name]) - {HASH, str(REPORT)} == set(sources) - gone


REFUSED = (
    "script-src 'strict-dynamic'",
    "script-src 'strict-dynamic' 'unsafe-inline' https:",
    "sandbox",
    "sandbox allow-forms; script-src 'unsafe-inline'",
)


@pytest.mark.parametrize("sent", REFUSED)
def test_where_no_source_would_do_there_is_no_way(sent: str) -> None:
    """It is said why."""
    found = admit(((ENFORCED, sent.encode()),), PAGE, OURS)
    assert isinstance(found, NoWay)
    assert found.why


@pytest.mark.parametrize(
    ("sent", "passes"),
    [
        ("script-src 'unsafe-inline'", True),
        ("script-src 'nonce-abc'", True),
        ("img-src 'none'", True),
        ("script-src 'self'", False),
        ("connect-src https://api.test", False),
        ("default-src 'unsafe-inline'", False),
        ("default-src 'unsafe-inline' 'self'", True),
        ("sandbox", True),
    ],
)
def test_a_policy_that_only_reports_stays_as_it_is(sent: str, passes: bool) -> None:
    """And reports nothing new."""
    found = admit(((REPORTED, sent.encode()),), PAGE, OURS)
    assert isinstance(found, Admission) is passes
    if isinstance(found, Admission):
        assert found.fields == ((REPORTED, sent.encode()),)


def test_all_headers_count() -> None:
    """Not only the first."""
    sent = ((ENFORCED, b"script-src 'nonce-a'"), (b"content-security-policy", b"script-src 'self'"))
    found = admit(sent, PAGE, OURS)
    assert isinstance(found, Admission)
    assert found.nonce == "a"
    assert [value.decode() for _, value in found.fields] == ["script-src 'nonce-a'", f"script-src 'self' {HASH}"]


def test_policies_in_the_markup_come_after_the_script() -> None:
    """They say nothing of it, and all of what it sends."""
    assert isinstance(admit((), PAGE, OURS, [csp.parse("script-src 'none'; connect-src 'self'")]), Admission)
    assert isinstance(admit((), PAGE, OURS, [csp.parse("default-src 'none'")]), NoWay)
    assert isinstance(admit((), PAGE, OURS, [csp.parse("sandbox")]), Admission)


def test_reports_are_not_to_be_upgraded() -> None:
    """They would go to another origin."""
    sent = ((ENFORCED, b"upgrade-insecure-requests"),)
    assert isinstance(admit(sent, PAGE, OURS), Admission)
    http = url("http://app.example.test/page")
    ours = Script(OURS.text, url("http://app.example.test/w"))
    assert isinstance(admit(sent, http, ours), NoWay)
    assert isinstance(admit((), http, ours, [csp.parse("upgrade-insecure-requests")]), NoWay)
    assert isinstance(admit(((REPORTED, b"upgrade-insecure-requests"),), http, ours), Admission)


def test_a_worker_needs_leave_to_report_only() -> None:
    """What scripts may run in it was asked of its page."""
    sent = ((ENFORCED, b"script-src 'none'; connect-src https://api.test"),)
    found = admit_worker(sent, PAGE, REPORT)
    assert isinstance(found, Admission)
    assert found.fields == ((ENFORCED, f"script-src 'none'; connect-src https://api.test {REPORT}".encode()),)
    assert isinstance(admit_worker(((REPORTED, b"connect-src 'none'"),), PAGE, REPORT), NoWay)
