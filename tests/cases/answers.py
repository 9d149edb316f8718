"""Answers of servers, and what each engine makes of them at each stage. Rows name the engines that differ."""

from collections.abc import Mapping
from typing import NamedTuple

from cors_addon.fetch.refusals import Reason
from tests.cases.traffic import Lines

ORIGIN = "https://app.example.test"

type Wanted = tuple[Reason, str | None] | None
"""Reason and detail of the refusal; None: it passes."""


class Row(NamedTuple):
    """One answer to one question."""

    name: str
    answer: Lines
    all: Wanted = None
    """Of all engines, but those in `but`."""
    but: Mapping[str, Wanted] = {}
    status: int = 200
    origin: str = ORIGIN
    method: str = "GET"
    headers: tuple[str, ...] = ()
    credentialed: bool = False
    redirects: int = 0

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def spelled(name: str, *values: str) -> Lines:
    """Lines of a header whose name is spelled so."""
    return tuple((name, value) for value in values)


def acao(*values: str | bytes) -> Lines:
    """Lines of Access-Control-Allow-Origin."""
    return tuple(("Access-Control-Allow-Origin", value) for value in values)


def acac(*values: str) -> Lines:
    """A good origin, and lines of Access-Control-Allow-Credentials."""
    return (*acao(ORIGIN), *(("Access-Control-Allow-Credentials", value) for value in values))


MISSING: Wanted = (Reason.ALLOW_ORIGIN_MISSING, None)
WILDCARD: Wanted = (Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS, None)


def multiple(value: str) -> Wanted:
    return Reason.ALLOW_ORIGIN_MULTIPLE, value


def invalid(value: str) -> Wanted:
    return Reason.ALLOW_ORIGIN_INVALID, value


def mismatch(value: str) -> Wanted:
    return Reason.ALLOW_ORIGIN_MISMATCH, value


def not_true(value: str | None) -> Wanted:
    return Reason.ALLOW_CREDENTIALS_NOT_TRUE, value


TWO = f"{ORIGIN}, {ORIGIN}"

ACTUAL: tuple[Row, ...] = (
    # the origin
    Row("no header", (), MISSING),
    Row("no header, with credentials", (), MISSING, credentialed=True),
    Row("the origin", acao(ORIGIN)),
    Row("the origin amid whitespace", acao(f" \t{ORIGIN} ")),
    Row("a star", acao("*")),
    Row("a star amid whitespace", acao(" * ")),
    Row("a star, with credentials", acao("*"), WILDCARD, credentialed=True),
    Row("a star and true, with credentials", (*acao("*"), *acac("true")[1:]), WILDCARD, credentialed=True),
    Row("two stars", acao("**"), invalid("**")),
    Row("another origin", acao("https://other.example.test"), mismatch("https://other.example.test")),
    Row("another scheme", acao("http://app.example.test"), mismatch("http://app.example.test")),
    Row("another port", acao(f"{ORIGIN}:8443"), mismatch(f"{ORIGIN}:8443")),
    Row("the default port", acao(f"{ORIGIN}:443"), mismatch(f"{ORIGIN}:443")),
    Row("a slash at the end", acao(f"{ORIGIN}/"), mismatch(f"{ORIGIN}/")),
    Row("capitals", acao("https://APP.example.test"), mismatch("https://APP.example.test")),
    Row("a star for a subdomain", acao("https://*.example.test"), mismatch("https://*.example.test")),
    Row("a host alone", acao("app.example.test"), invalid("app.example.test")),
    Row("a scheme alone", acao("https://"), invalid("https://")),
    Row("a word", acao("true"), invalid("true")),
    Row("an empty value", acao(""), invalid("")),
    Row("bytes that are no UTF-8", acao(b"\xff"), invalid("\xff")),
    Row("null for another", acao("null"), mismatch("null")),
    Row("NULL for another", acao("NULL"), invalid("NULL")),
    Row("null for null", acao("null"), origin="null"),
    Row("null for null, with credentials", (*acao("null"), *acac("true")[1:]), origin="null", credentialed=True),
    Row("NULL for null", acao("NULL"), invalid("NULL"), origin="null"),
    Row("a star for null", acao("*"), origin="null"),
    Row("another for null", acao(ORIGIN), mismatch(ORIGIN), origin="null"),
    # lists
    Row("two in one line", acao(TWO), multiple(TWO), {"gecko": mismatch(TWO)}),
    Row(
        "two of them, a space between",
        acao(f"{ORIGIN} {ORIGIN}"),
        multiple(f"{ORIGIN} {ORIGIN}"),
        {"gecko": mismatch(f"{ORIGIN} {ORIGIN}"), "webkit": invalid(f"{ORIGIN} {ORIGIN}")},
    ),
    Row("a comma at the end", acao(f"{ORIGIN},"), multiple(f"{ORIGIN},"), {"gecko": mismatch(f"{ORIGIN},")}),
    Row("two lines of it", acao(ORIGIN, ORIGIN), multiple(TWO), {"gecko over HTTP/2": mismatch(TWO)}),
    Row("two stars in two lines", acao("*", "*"), multiple("*, *"), {"gecko over HTTP/2": mismatch("*, *")}),
    Row("an empty line first", acao("", ORIGIN), multiple(f", {ORIGIN}"), {"gecko over HTTP/2": None}),
    Row("an empty line last", acao(ORIGIN, ""), multiple(f"{ORIGIN}, "), {"gecko over HTTP/2": None}),
    # Firefox counts lines whose name is spelled as the standard does: an Allow-Origin in any other way is joined
    *(
        Row(f"{what}, in {name}", spelled(name, *values), multiple(", ".join(values)), {"gecko": found})
        for name in ("access-control-allow-origin", "ACCESS-CONTROL-ALLOW-ORIGIN", "Access-control-Allow-Origin")
        for what, values, found in (
            ("the origin twice", (ORIGIN, ORIGIN), mismatch(TWO)),
            ("the origin beside an empty line", (ORIGIN, ""), None),
            ("an empty line beside the origin", ("", ORIGIN), None),
            ("a star beside an empty line", ("*", ""), None),
        )
    ),
    Row(
        "one line in each spelling",
        (*acao(ORIGIN), *spelled("access-control-allow-origin", "")),
        multiple(f"{ORIGIN}, "),
        {"gecko": None},
    ),
    # credentials
    Row("true", acac("true"), credentialed=True),
    Row("true amid whitespace", acac("\ttrue "), credentialed=True),
    Row("nothing about credentials", acao(ORIGIN), not_true(None), credentialed=True),
    Row("True", acac("True"), not_true("True"), credentialed=True),
    Row("TRUE", acac("TRUE"), not_true("TRUE"), credentialed=True),
    Row("1", acac("1"), not_true("1"), credentialed=True),
    Row("false", acac("false"), not_true("false"), credentialed=True),
    Row("a star for credentials", acac("*"), not_true("*"), credentialed=True),
    Row("empty credentials", acac(""), not_true(""), credentialed=True),
    Row("true, true", acac("true, true"), not_true("true, true"), credentialed=True),
    Row("true in two lines", acac("true", "true"), not_true("true, true"), credentialed=True),
    Row("false, without credentials", acac("false")),
    Row("a wrong origin and no credentials", acao("https://x.test"), mismatch("https://x.test"), credentialed=True),
)


def grants(methods: str | None = None, headers: str | None = None, *, origin: str | None = ORIGIN) -> Lines:
    """An answer to a preflight."""
    named = (
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Methods", methods),
        ("Access-Control-Allow-Headers", headers),
    )
    return tuple((name, value) for name, value in named if value is not None)


TRUE: Lines = (("Access-Control-Allow-Credentials", "true"),)
STATUS: Wanted = (Reason.STATUS_NOT_OK, None)
REDIRECTED: Wanted = (Reason.PREFLIGHT_REDIRECTED, None)
SCHEME: Wanted = (Reason.REDIRECT_SCHEME_NOT_CORS, None)


def method(name: str) -> Wanted:
    return Reason.METHOD_NOT_ALLOWED, name


def header(name: str) -> Wanted:
    return Reason.HEADER_NOT_ALLOWED, name


def bad_methods(value: str) -> Wanted:
    return Reason.ALLOW_METHODS_INVALID, value


def bad_headers(value: str) -> Wanted:
    return Reason.ALLOW_HEADERS_INVALID, value


def unusable(value: str) -> Wanted:
    return Reason.REDIRECT_URL_UNUSABLE, value


PREFLIGHT: tuple[Row, ...] = (
    # the origin
    Row("another origin, of a preflight", acao("https://other.example.test"), mismatch("https://other.example.test")),
    Row("two lines, of a preflight", acao(ORIGIN, ORIGIN), multiple(TWO), {"gecko over HTTP/2": mismatch(TWO)}),
    Row("no URL, of a preflight", acao("app.example.test"), invalid("app.example.test")),
    # methods
    Row("PUT listed", grants("PUT"), method="PUT"),
    Row("PUT among others", grants("GET, PUT,DELETE"), method="PUT"),
    Row("PUT amid empty items", grants(", PUT ,,"), method="PUT"),
    Row("PUT in the second line", (*grants("GET"), *grants("PUT")[1:]), method="PUT"),
    Row("nothing listed", grants(), method("PUT"), method="PUT"),
    Row("an empty list", grants(""), method("PUT"), method="PUT"),
    Row("another listed", grants("GET, POST"), method("PUT"), method="PUT"),
    Row("in lower case", grants("put"), method("PUT"), method="PUT"),
    Row("patch is not PATCH", grants("PATCH"), method("patch"), method="patch"),
    Row("patch as such", grants("patch"), method="patch"),
    Row("get is not GET", grants("GET"), method("get"), method="get"),
    *(Row(f"{name} needs no grant", grants(), method=name) for name in ("GET", "HEAD", "POST")),
    *(
        Row(f"{name} needs a grant", grants("GET"), method(name), method=name)
        for name in ("PUT", "DELETE", "PATCH", "OPTIONS", "CHICKEN")
    ),
    Row("a star for PUT", grants("*"), method="PUT"),
    Row("a star among others", grants("GET, *"), method="PUT"),
    Row("a star for PUT, with credentials", (*grants("*"), *TRUE), method("PUT"), method="PUT", credentialed=True),
    Row("a method named star, with credentials", (*grants("*"), *TRUE), method="*", credentialed=True),
    Row("a list that is none", grants("PUT GET"), bad_methods("PUT GET"), method="PUT"),
    Row("a list that is none, for GET", grants("GET;"), bad_methods("GET;"), headers=("x-a",)),
    Row(
        "one item that is none",
        grants("PUT, (GET)"),
        bad_methods("PUT, (GET)"),
        {"gecko": bad_methods("(GET)")},
        method="PUT",
    ),
    Row("quotes", grants('"PUT"'), bad_methods('"PUT"'), method="PUT"),
    # header names
    Row("a name listed", grants(headers="x-a"), headers=("x-a",)),
    Row("a name in capitals", grants(headers="X-A"), headers=("x-a",)),
    Row("names in two lines", (*grants(headers="x-a"), *grants(headers="x-b")[1:]), headers=("x-a", "x-b")),
    Row("no name listed", grants(), header("x-a"), headers=("x-a",)),
    Row("an empty list of names", grants(headers=""), header("x-a"), headers=("x-a",)),
    # which of several Chromium names is a matter of its own: test_blink_order.py
    Row(
        "the first that is missing",
        grants(headers="x-b"),
        header("x-a"),
        {"chromium": header("x-c"), "chromium over HTTP/2": header("x-c")},
        headers=("x-a", "x-b", "x-c"),
    ),
    Row("the second is missing", grants(headers="x-a"), header("x-b"), headers=("x-a", "x-b")),
    Row("content-type needs a grant", grants(headers="x-a"), header("content-type"), headers=("content-type",)),
    Row("a star for any name", grants(headers="*"), headers=("content-type", "x-a")),
    Row("a star, with credentials", (*grants(headers="*"), *TRUE), header("x-a"), headers=("x-a",), credentialed=True),
    Row("a name that is a star, with credentials", (*grants(headers="*"), *TRUE), headers=("*",), credentialed=True),
    Row(
        "a star for Authorization",
        grants(headers="*"),
        None,
        {"fetch": header("authorization")},
        headers=("authorization",),
    ),
    Row("a star and Authorization", grants(headers="*, Authorization"), headers=("authorization", "x-a")),
    Row(
        "a star for Authorization, with credentials",
        (*grants(headers="*"), *TRUE),
        header("authorization"),
        headers=("authorization",),
        credentialed=True,
    ),
    Row("names that are none", grants(headers="x a"), bad_headers("x a"), headers=("x-a",)),
    Row("names that are none, with none asked", grants("PUT", "x;y"), bad_headers("x;y"), method="PUT"),
    Row(
        "one name that is none",
        grants(headers="x-a, y:z, w@"),
        bad_headers("x-a, y:z, w@"),
        {"gecko": bad_headers("y:z")},
        headers=("x-a",),
    ),
    # the order of two faults
    Row("neither origin nor status", (), MISSING, {"webkit": STATUS}, status=404, method="PUT"),
    Row("a good origin and a bad status", grants("PUT"), STATUS, status=404, method="PUT"),
    Row(
        "neither credentials nor status",
        grants("PUT"),
        not_true(None),
        {"webkit": STATUS},
        status=500,
        method="PUT",
        credentialed=True,
    ),
    Row("neither status nor method", grants("GET"), STATUS, status=500, method="PUT"),
    Row("neither origin nor method", grants("GET", origin=None), MISSING, method="PUT"),
    Row("neither methods nor headers are lists", grants("P;", "h;"), bad_methods("P;"), method="PUT"),
    Row(
        "neither method nor header list",
        grants("GET", "h;"),
        bad_headers("h;"),
        {"gecko": method("PUT")},
        method="PUT",
        headers=("x-a",),
    ),
    Row("neither method nor header", grants("GET", "x-b"), method("PUT"), method="PUT", headers=("x-a",)),
    Row("neither methods nor header", grants("P;", "x-b"), bad_methods("P;"), method="PUT", headers=("x-a",)),
    # redirects
    Row(
        "a redirect",
        (*grants("PUT"), ("Location", "/x")),
        REDIRECTED,
        {"webkit": STATUS},
        status=302,
        method="PUT",
    ),
    Row(
        "a redirect without an origin",
        (("Location", "/login"),),
        REDIRECTED,
        {"gecko": MISSING, "webkit": STATUS},
        status=302,
        method="PUT",
    ),
    Row("a redirect that leads nowhere", grants("PUT"), STATUS, status=302, method="PUT"),
    Row("a 304", grants("PUT"), STATUS, status=304, method="PUT"),
    Row("a 300", (*grants("PUT"), ("Location", "/x")), STATUS, status=300, method="PUT"),
    *(
        Row(
            f"a redirect to {where}",
            (*grants("PUT"), ("Location", where)),
            REDIRECTED,
            {"gecko": ends, "webkit": STATUS},
            status=307,
            method="PUT",
        )
        for where, ends in (
            *((where, unusable(where)) for where in ("data:,x", "file:///x", "blob:https://a.test/1")),
            *((where, SCHEME) for where in ("about:blank", "mailto:a@b.test")),
        )
    ),
    Row(
        "a redirect to what is no URL",
        (("Location", "https://a^b/"),),
        unusable("https://a^b/"),
        {"webkit": STATUS},
        status=307,
        method="PUT",
    ),
    Row(
        "a redirect to mailto",
        (*grants("PUT"), ("Location", "mailto:a@b.test")),
        REDIRECTED,
        {"gecko": (Reason.REDIRECT_SCHEME_NOT_CORS, None), "webkit": STATUS},
        status=307,
        method="PUT",
    ),
    Row(
        "a redirect with userinfo",
        (*grants("PUT"), ("Location", "https://u@b.test/")),
        REDIRECTED,
        {"gecko": (Reason.REDIRECT_HAS_CREDENTIALS, None), "webkit": STATUS},
        status=308,
        method="PUT",
    ),
)


def to(location: str, *values: str) -> Lines:
    """A redirect, by default with a good origin."""
    return (*acao(*(values or (ORIGIN,))), ("Location", location))


USERINFO: Wanted = (Reason.REDIRECT_HAS_CREDENTIALS, None)
TOO_MANY: Wanted = (Reason.REDIRECT_COUNT_EXCEEDED, None)

REDIRECT: tuple[Row, ...] = (
    Row("to the same origin", to("/x"), status=301),
    Row("to another origin", to("https://b.test/"), status=302),
    Row(
        "of two origins",
        to("/x", ORIGIN, ORIGIN),
        multiple(TWO),
        {"gecko over HTTP/2": mismatch(TWO)},
        status=302,
    ),
    Row("of no origin", to("/x", "app.example.test"), invalid("app.example.test"), status=302),
    Row("without an origin", (("Location", "/x"),), MISSING, status=302),
    Row(
        "of a wrong origin to data",
        to("data:,", "https://x.test"),
        mismatch("https://x.test"),
        {"gecko": unusable("data:,")},
        status=302,
    ),
    Row(
        "of a wrong origin to no URL",
        to("https://a^b/", "https://x.test"),
        mismatch("https://x.test"),
        dict.fromkeys(("chromium", "gecko"), unusable("https://a^b/")),
        status=302,
    ),
    *(
        Row(
            f"of a wrong origin to {where}",
            to(where, "https://x.test"),
            mismatch("https://x.test"),
            {"gecko": unusable(where)},
            status=302,
        )
        for where in (
            "file:///x",
            "javascript:1",
            "ws://b.test/",
            "wss://b.test/",
            "chrome://global/",
            "resource://gre/",
            "view-source:https://b.test/",
            "moz-extension://x/",
            "blob:https://b.test/x",
            "about:srcdoc",
        )
    ),
    *(
        Row(f"of a wrong origin to {where}", to(where, "https://x.test"), mismatch("https://x.test"), status=302)
        for where in (
            "about:blank",
            "mailto:a@b.test",
            "ftp://b.test/",
            "filesystem:https://b.test/x",
            "blob:https://api.example.test/x",
        )
    ),
    Row("with userinfo", to("https://u:p@b.test/"), USERINFO, status=302),
    Row("with a name alone", to("//u@api.example.test/"), USERINFO, status=302),
    Row("with empty userinfo", to("https://@b.test/"), status=302),
    Row("to data", to("data:,x"), unusable("data:,x"), {"webkit": SCHEME}, status=303),
    Row("to a file", to("file:///x"), unusable("file:///x"), {"webkit": SCHEME}, status=303),
    Row("to no URL", to("https://a^b/"), unusable("https://a^b/"), {"webkit": SCHEME}, status=303),
    Row(
        "to a bad port", to("https://b.test:99999/"), unusable("https://b.test:99999/"), {"webkit": SCHEME}, status=303
    ),
    Row("to mailto", to("mailto:a@b.test"), SCHEME, status=307),
    Row("to ftp", to("ftp://b.test/"), SCHEME, status=308),
    Row("the twentieth", to("/x"), status=302, redirects=19),
    Row("the twenty-first", to("/x"), TOO_MANY, status=302, redirects=20),
    Row("the twenty-first, and refused", (("Location", "/x"),), MISSING, status=302, redirects=20),
)
