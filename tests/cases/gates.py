"""Answers to loads beyond CORS, and what stops each in which engine."""

from collections.abc import Mapping
from typing import NamedTuple

from tests.cases.traffic import Lines

PAGE = "https://app.example.test/page"
OTHER = "https://api.other.test/it"
SITE = "https://api.example.test/it"
OWN = "https://app.example.test/it"

JS = b"self.ran = (self.ran || 0) + 1;\n"
CSS = b"#a{color:red}\n"
HTML = b"<!doctype html><html><body>x</body></html>"
JSON = b'{"a": 1, "b": [1, 2]}'
GUARDED_JSON = b')]}\'\n{"a": 1}'
GIF = b"GIF89a\x01\x00\x01\x00"
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00"

REQUIRE: Lines = [("Cross-Origin-Embedder-Policy", "require-corp")]
CREDENTIALLESS: Lines = [("Cross-Origin-Embedder-Policy", "credentialless")]
ISOLATE: Lines = [("Document-Isolation-Policy", "isolate-and-require-corp")]
SANDBOX: Lines = [("Content-Security-Policy", "sandbox allow-scripts")]
NOSNIFF = ("X-Content-Type-Options", "nosniff")


def typed(kind: str, *more: tuple[str | bytes, str | bytes]) -> Lines:
    return [("Content-Type", kind), *more]


def corp(value: str, kind: str = "image/gif") -> Lines:
    return [("Content-Type", kind), ("Cross-Origin-Resource-Policy", value)]


class Row(NamedTuple):
    """One answer. ``but`` names the engines that decide otherwise than ``all``."""

    destination: str
    url: str
    lines: Lines
    all: str | None
    body: bytes = b""
    page: Lines = ()
    but: Mapping[str, str | None] = {}
    status: int = 200
    mode: str = ""
    page_url: str = PAGE
    markup: bytes = b"<!doctype html>"
    ancestors: tuple[str, ...] = ()
    redirected: bool = False


def to(location: str, *more: tuple[str, str]) -> Lines:
    return [("Location", location), *more]


CORP = [
    *(Row("image", OTHER, corp(value), "coep", GIF, REQUIRE, but={"gecko": None}) for value in ("Same-Origin", "foo")),
    Row("image", OTHER, corp(""), "coep", GIF, REQUIRE),
    Row("image", OTHER, corp("same-origin"), "corp", GIF),
    *(Row("image", OWN, corp(value), "corp", GIF, SANDBOX) for value in ("same-origin", "same-site")),
    Row("image", OWN, corp("cross-origin"), None, GIF, SANDBOX),
    Row("image", OWN, typed("image/gif"), "coep", GIF, [*REQUIRE, *SANDBOX]),
    Row("image", OTHER, corp("same-site"), "corp", GIF),
    Row("image", SITE, corp("same-origin"), "corp", GIF),
    Row("image", SITE, corp("same-site"), None, GIF),
    Row("image", OWN, corp("same-origin"), None, GIF),
    Row("image", OTHER, corp("cross-origin"), None, GIF),
    Row("image", "https://api.example.test/it", corp("same-site"), "corp", GIF, page_url="http://app.example.test/"),
    Row("image", "http://api.example.test/it", corp("same-site"), None, GIF, page_url="http://app.example.test/"),
    *(Row("image", OTHER, corp(value), None, GIF) for value in ("Same-Origin", '"same-origin"', "", "foo")),
    Row("image", OTHER, [*corp("same-origin"), ("Cross-Origin-Resource-Policy", "same-origin")], None, GIF),
    Row("image", OTHER, corp("same-origin"), None, GIF, mode="cors"),
    Row("", OTHER, corp("same-origin", "text/plain"), "corp", b"x"),
    Row("iframe", OTHER, corp("same-origin", "text/html"), None, HTML),
    Row("object", OTHER, corp("same-origin", "text/html"), None, HTML, but={"gecko": "corp"}),
    Row("object", OTHER, corp("same-origin", "text/html"), None, HTML, but={"gecko": "corp"}, status=404),
    Row("object", OWN, corp("same-origin", "text/html"), None, HTML),
    Row("embed", OTHER, [*corp("same-site", "text/html"), ("X-Frame-Options", "DENY")], "frame-options", HTML),
    Row("embed", OTHER, [*corp("same-site", "text/html"), ("Content-Security-Policy", "frame-ancestors 'none'")],
        "frame-ancestors", HTML),
    Row("object", OTHER, to(OTHER, ("Cross-Origin-Resource-Policy", "same-origin")), None, status=302,
        but={"gecko": "corp"}),
    Row("script", OTHER, to(OTHER, ("Cross-Origin-Resource-Policy", "same-origin")), "corp", status=302),
]  # fmt: skip

COEP = [
    Row("image", OTHER, typed("image/gif"), "coep", GIF, REQUIRE),
    Row("image", OTHER, corp("same-site"), "corp", GIF, REQUIRE),
    Row("image", OTHER, corp("cross-origin"), None, GIF, REQUIRE),
    Row("image", OWN, typed("image/gif"), None, GIF, REQUIRE),
    Row("image", OTHER, typed("image/gif"), None, GIF, CREDENTIALLESS),
    Row("image", OTHER, typed("image/gif"), None, GIF, REQUIRE, mode="cors"),
    Row("image", OTHER, typed("image/gif"), None, GIF, REQUIRE, page_url="http://app.example.test/page"),
    Row("image", OTHER, typed("image/gif"), "coep", GIF, REQUIRE, page_url="http://localhost:3000/page"),
    Row("image", OTHER, typed("image/gif"), None, GIF, [*REQUIRE, *REQUIRE]),
    Row("image", OTHER, typed("image/gif"), "coep", GIF,
        [("Cross-Origin-Embedder-Policy", 'require-corp; report-to="x"')]),
    Row("image", OTHER, typed("image/gif"), None, GIF, [("Cross-Origin-Embedder-Policy-Report-Only", "require-corp")]),
    Row("image", OTHER, typed("image/gif"), None, GIF, ISOLATE, {"chromium": "coep"}),
    Row("iframe", OTHER, typed("text/html", *REQUIRE), None, HTML, ISOLATE),
    Row("image", OTHER, typed("image/gif"), "coep", GIF, [*REQUIRE, *ISOLATE]),
    Row("iframe", OWN, typed("text/html"), "coep", HTML, REQUIRE),
    Row("iframe", OWN, typed("text/html", *REQUIRE), None, HTML, REQUIRE),
    Row("iframe", OTHER, typed("text/html", *REQUIRE), "coep", HTML, REQUIRE),
    Row("iframe", OTHER, [*corp("cross-origin", "text/html"), *CREDENTIALLESS], None, HTML, REQUIRE,
        {"webkit": "coep"}),
    Row("iframe", OTHER, [*corp("cross-origin", "text/html")], "coep", HTML, CREDENTIALLESS, {"webkit": None}),
    Row("iframe", OTHER, typed("text/html"), "coep", b"", REQUIRE, {"chromium": None, "gecko": None}, status=204),
    Row("embed", OTHER, corp("same-site", "text/html"), "corp", HTML, REQUIRE),
    Row("iframe", OWN, to(OWN), None, page=REQUIRE, but={"webkit": "coep"}, status=302),
    *(Row("iframe", OTHER, [*corp("same-site"), *to(OWN), *more], "corp", page=REQUIRE, but=but, status=302)
      for more, but in (([], {"webkit": "coep"}), (REQUIRE, {}))),
    Row("worker", OWN, typed("text/javascript"), "coep", JS, REQUIRE, mode="same-origin"),
    Row("worker", OWN, typed("text/javascript", *REQUIRE), None, JS, REQUIRE, mode="same-origin"),
    Row("sharedworker", OWN, typed("text/javascript"), None, JS, REQUIRE, mode="same-origin"),
]  # fmt: skip

# what ORB makes of a type and a body, for an image, a script and the rest
ORB = [
    Row("image", OTHER, typed("image/png"), "orb", HTML, but={"webkit": None}),
    Row("image", OTHER, typed("image/png"), None, GIF),
    Row("image", OTHER, typed("image/svg+xml"), None, b"text"),
    *(Row("script", OTHER, typed("text/javascript"), None, b"\xef\xbb\xbf" + body, but={"chromium": "orb"})
      for body in (HTML, JSON, GUARDED_JSON, b"<!-- x -->\n<html>")),
    Row("script", OTHER, typed("text/javascript"), None, b"\xef\xbb\xbf" + JS),
    Row("image", OTHER, typed("image/gif"), None, GIF, but={"gecko": "orb"}, status=206),
    Row("image", OTHER, typed("image/gif", ("Content-Range", "bytes 0-5/10")), None, GIF, status=206),
    *(Row("image", OTHER, typed("text/json", ("X-Content-Type-Options", value)), stopped, GIF, but={"webkit": None})
      for value, stopped in (("x, nosniff", None), ("nosniff, x", "orb"))),
    Row("image", OTHER, typed("text/html"), None, GIF),
    Row("image", OTHER, typed("application/json", NOSNIFF), "orb", GIF, but={"webkit": None}),
    Row("image", OTHER, typed("application/pdf"), "orb", GIF, but={"webkit": None}),
    Row("image", OTHER, typed("text/plain"), "orb", JSON, but={"webkit": None}, status=206),
    Row("image", OTHER, typed("image/gif"), "orb", b"", but={"webkit": None, "chromium": None}),
    Row("image", OTHER, typed("image/png"), None, HTML, mode="cors"),
    Row("image", OWN, typed("image/png"), None, HTML),
    Row("image", OTHER, [], None, JSON),
    Row("image", OTHER, [], "orb", JSON, but={"webkit": None, "chromium": None}, status=404),
    Row("audio", OTHER, typed("audio/wav"), None, WAV),
    Row("audio", OTHER, typed("audio/wav"), None, WAV, but={"gecko": "orb"}, status=201),
    Row("audio", OTHER, [], "orb", JS, but={"webkit": None, "chromium": None}),
    Row("video", OTHER, typed("text/html"), "orb", GUARDED_JSON, but={"webkit": None}),
    Row("video", OTHER, typed("video/mp4"), "orb", HTML, but={"webkit": None, "chromium": None}),
    Row("style", OTHER, typed("audio/mpeg"), "mime", CSS, but={"fetch": "orb"}),
    Row("style", OTHER, typed("audio/mp3"), "mime", CSS, but={"fetch": "orb", "gecko": "orb"}),
    Row("script", OTHER, typed("text/javascript"), None, HTML, but={"chromium": "orb"}),
    Row("script", OTHER, typed("application/json"), None, JS),
    Row("script", OTHER, typed("application/json"), "orb", JSON, but={"webkit": None}),
    Row("script", OTHER, typed("application/json", NOSNIFF), "orb", JS,
        but={"gecko": "nosniff", "webkit": "nosniff"}),
    Row("style", OTHER, typed("text/css"), None, HTML),
    Row("style", OTHER, typed("text/html"), "orb", CSS, but={"chromium": "mime", "webkit": "mime"}),
    Row("style", OTHER, typed("multipart/x-mixed-replace"), "orb", JSON, but={"gecko": "mime", "webkit": "mime"}),
    Row("", OTHER, typed("text/html"), None, HTML),
    Row("prefetch", OTHER, typed("text/html"), "orb", HTML, but={"chromium": None, "webkit": None}),
    Row("import-scripts", OTHER, typed("text/javascript"), None, GUARDED_JSON, but={"chromium": "orb"}),
    Row("iframe", OTHER, typed("application/json"), None, JSON),
]  # fmt: skip

TYPES = [
    Row("script", OWN, typed("text/html"), None, JS),
    Row("script", OWN, [], None, JS),
    Row("script", OWN, typed("image/png"), "mime", JS),
    Row("script", OWN, typed("text/csv"), "mime", JS),
    Row("script", OWN, typed("text/html", NOSNIFF), "nosniff", JS),
    Row("script", OWN, typed("text/html", ("X-Content-Type-Options", "NoSniff, x")), "nosniff", JS),
    Row("script", OWN, typed("text/html", ("X-Content-Type-Options", "foo, nosniff")), None, JS),
    Row("script", OWN, typed("image/png", NOSNIFF), "nosniff", JS, but={"gecko": "mime"}),
    Row("script", OWN, typed("Text/JavaScript; charset=x", NOSNIFF), None, JS),
    Row("script", OWN, typed("video/mp4", NOSNIFF), "nosniff", JS, but={"gecko": "mime"}, status=403),
    Row("module", OWN, typed("text/html"), "mime", JS, mode="cors"),
    Row("module", OWN, [], "mime", JS, mode="cors"),
    Row("module", OWN, typed("text/plain", NOSNIFF), "mime", JS, but={"fetch": "nosniff"}, mode="cors"),
    Row("module", OWN, typed("text/html"), None, JS, but={"gecko": "mime"}, mode="cors", status=404),
    Row("module", OWN, typed("text/html"), None, JS, but={"gecko": "mime", "webkit": "mime"}, mode="cors", status=300),
    Row("style", OWN, typed("text/html"), None, CSS, but={"fetch": "mime", "chromium": "mime"}, status=300),
    Row("worker", OWN, typed("text/html"), "mime", JS, but={"chromium": None}, mode="same-origin"),
    Row("worker", OWN, typed("image/png"), "mime", JS, mode="same-origin"),
    *(Row(one, OTHER, typed(kind, *more), stopped, JS, mode="cors", but={"gecko": in_gecko, "fetch": standard})
      for one in ("audioworklet", "paintworklet")
      for kind, more, stopped, in_gecko, standard in (
          ("text/html", (), "mime", None, "mime"), ("image/png", (), "mime", "mime", "mime"),
          ("text/html", (NOSNIFF,), "mime", "nosniff", "nosniff"), ("text/javascript", (), None, None, None))),
    Row("audioworklet", OTHER, typed("text/html"), None, JS, mode="cors", status=404),
    *(Row("serviceworker", OWN, typed(kind), stopped, JS, mode="same-origin")
      for kind, stopped in (("text/html", "mime"), ("", "mime"), ("text/javascript", None))),
    Row("serviceworker", OWN, typed("text/html", NOSNIFF), "nosniff", JS, mode="same-origin",
        but={"chromium": "mime"}),
    Row("serviceworker", OWN, typed("image/png", NOSNIFF), None, JS, mode="same-origin", status=404),
    Row("worker", OWN, typed("text/plain", NOSNIFF), "nosniff", JS, but={"gecko": "mime"}, mode="same-origin"),
    Row("import-scripts", OWN, typed("text/html"), "mime", JS),
    Row("import-scripts", OWN, [], "mime", JS),
    Row("import-scripts", OWN, typed("text/html"), None, JS, but={"gecko": "mime"}, status=500),
    Row("style", OWN, typed("text/plain"), "mime", CSS),
    Row("style", OWN, [], None, CSS),
    *(Row("style", OTHER, [], None, body, but={"gecko": "mime"}) for body in (GIF, WAV)),
    *(Row("style", OTHER, [], None, body, mode=mode)
      for body, mode in ((GIF, "cors"), (HTML, "no-cors"), (JSON, "no-cors"))),
    Row("style", OWN, [], None, GIF),
    *(Row("module", OTHER, typed(kind), "mime", body, mode="cors", but={"webkit": in_webkit})
      for kind, body, in_webkit in (("application/json", JSON, None), ("text/json", b"[1]\n", None),
                                    ("application/json", JS, "mime"), ("text/html", JSON, "mime"))),
    Row("module", OWN, typed("application/json"), "mime", JSON, mode="cors",
        markup=b'<!doctype html><script type=module src="' + OWN.encode() + b'"></script>'),
    Row("style", OWN, [NOSNIFF], "nosniff", CSS, but={"chromium": "mime", "webkit": "mime"}),
    Row("style", OWN, typed("text"), None, CSS, but={"fetch": "mime"}),
    Row("style", OWN, typed("text/plain"), None, CSS, markup=b"<p>quirks"),
    Row("style", OTHER, typed("text/plain"), None, CSS, mode="cors", markup=b"<p>", but={"webkit": "mime"}),
    Row("style", OTHER, typed("text/plain"), "mime", CSS, markup=b"<p>", but={"gecko": "orb", "fetch": "orb"}),
    Row("style", OWN, typed("text/plain", NOSNIFF), "nosniff", CSS, markup=b"<p>", but={"chromium": "mime"}),
    Row("style", OWN, typed("text/plain"), None, CSS, but={"fetch": "mime"}, status=404),
    Row("style", OWN, typed("text/css,"), None, CSS, but={"fetch": "mime"}),
    Row("style", OWN, typed("text/css x"), None, CSS, but={"fetch": "mime"}),
    Row("style", OTHER, typed("text/css"), None, CSS, status=403, mode="cors",
        markup=b'<link rel="stylesheet" href="https://api.other.test/it" integrity="sha256-AAAA">',
        but={"fetch": "sri"}),
    *(Row("json", OTHER, typed(kind), stopped, JSON, mode="cors")
      for kind, stopped in (("application/json", None), ("text/json", None), ("application/problem+json", None),
                            ("text/html", "mime"), ("text/plain", "mime"), ("", "mime"))),
    Row("json", OTHER, typed("text/html"), None, JSON, mode="cors", status=404, but={"gecko": "mime"}),
    Row("json", OTHER, typed("text/html", NOSNIFF), "mime", JSON, mode="cors"),
    Row("event-source", OWN, typed("text/plain"), "mime", mode="cors"),
    Row("event-source", OWN, typed("text/event-stream;charset=utf-8"), None, mode="cors"),
    Row("event-source", OWN, typed("text/plain"), None, mode="cors", status=404),
    # a list of types: Chromium takes the last with a slash, and */* for none
    Row("module", OWN, typed("text/javascript,"), "mime", JS, but={"chromium": None, "gecko": None}, mode="cors"),
    Row("module", OWN, typed("text/html, text/javascript"), "mime", JS, but={"chromium": None, "gecko": None},
        mode="cors"),
    Row("module", OWN, typed("text/javascript, text/html"), "mime", JS, mode="cors"),
    Row("style", OWN, typed("*/*"), "mime", CSS, but={"chromium": None, "gecko": None}),
    Row("style", OTHER, typed("/"), "mime", JSON, but={"chromium": "orb", "gecko": "orb", "webkit": None}),
    Row("script", OTHER, typed("text/html", ("X-Content-Type-Options", "nosniff, x")), "orb", JS,
        but={"gecko": "nosniff", "webkit": "nosniff"}),
    Row("image", OWN, typed("text/html", NOSNIFF), None, GIF),
    Row("module", OWN, typed("text/html", ("Content-Type", "text/javascript")), None, JS, mode="cors",
        but={"fetch": "mime"}),
    Row("worker", OWN, typed("text/javascript, text/html"), "mime", JS, mode="same-origin",
        but={"webkit": None, "chromium": None}),
    Row("script", OWN, typed("text/javascript, text/html", NOSNIFF), "nosniff", JS, but={"webkit": None}),
    Row("style", OWN, typed("text/html"), "sri", CSS, but={"chromium": "sri", "gecko": "mime", "fetch": "mime"},
        markup=b'<!doctype html><link rel=stylesheet href="' + OWN.encode() + b'" integrity="sha256-AAAA">'),
]  # fmt: skip

REDIRECTED_SHEETS = [
    *(Row("style", address, lines, None, body, but={"gecko": "mime"}, redirected=True)
      for address in (OWN, OTHER) for lines, body in ((typed(""), CSS), ([], b""), ([], HTML))),
    Row("style", OWN, typed("foo"), None, CSS, but={"gecko": "mime", "fetch": "mime"}, redirected=True),
    Row("style", OTHER, [], None, CSS, mode="cors", but={"gecko": "mime"}, redirected=True),
    Row("style", OTHER, typed("text/css"), None, CSS, redirected=True),
    Row("style", OWN, [], None, CSS, markup=b"<html>", redirected=True),
    Row("style", OTHER, [], None, CSS, markup=b"<html>", but={"gecko": "mime"}, redirected=True),
    Row("style", OWN, [], None, CSS, status=404, redirected=True),
    Row("script", OWN, [], None, JS, redirected=True),
    Row("style", OWN, [], None, CSS),
]  # fmt: skip

FRAMES = [
    # what is not shown in the frame: a fallback, a download
    Row("object", OTHER, typed("text/html", ("X-Frame-Options", "DENY")), "frame-options", HTML,
        but={"chromium": None}, status=404),
    Row("iframe", OTHER, typed("application/wasm", ("X-Frame-Options", "DENY")), "frame-options", HTML,
        but={"chromium": None, "gecko": None}),
    Row("iframe", OTHER, typed("application/problem+json", ("X-Frame-Options", "DENY")), "frame-options", JSON,
        but={"gecko": None}),
    *(Row(destination, address, typed("application/zip", ("Content-Security-Policy", "frame-ancestors 'none'")),
          "frame-ancestors", b"x", but={"chromium": None, "gecko": in_gecko})
      for destination in ("object", "embed") for address, in_gecko in ((OTHER, None), (OWN, "frame-ancestors"))),
    *(Row("iframe", OTHER, typed("application/zip", (name, value)), stopped, b"x",
          but={"chromium": None, "gecko": None})
      for name, value, stopped in (("X-Frame-Options", "SAMEORIGIN", "frame-options"),
                                   ("Content-Security-Policy", "frame-ancestors 'none'", "frame-ancestors"))),
    *(Row("iframe", OTHER, typed(kind, ("X-Frame-Options", "DENY")), "frame-options", b"x",
          but={"chromium": None, "gecko": None})
      for kind in ("/", "font/woff2", "application/dash+xml", "image/tiff", "video/foo", "message/rfc822", "text/csv")),
    *(Row("iframe", OTHER, typed(kind, ("X-Frame-Options", "DENY")), "frame-options", b"x")
      for kind in ("application/ogg", "text/foo", "application/xhtml+xml", "foo", "application/pdf", "text/x-c")),
    *(Row("iframe", OTHER, typed(kind, ("X-Frame-Options", "DENY")), "frame-options", b"x", but={"gecko": None})
      for kind in ("audio/mpegurl", "image/jxl", "application/rss+xml", "audio/wav")),
    *(
        Row("iframe", OTHER, typed("text/html", ("X-Frame-Options", value)), stopped, HTML)
        for value, stopped in {
            "DENY": "frame-options",
            "deny": "frame-options",
            "SAMEORIGIN": "frame-options",
            "ALLOWALL, DENY": "frame-options",
            "foo, SAMEORIGIN": "frame-options",
            "ALLOW-FROM https://app.example.test": None,
            "ALLOWALL": None,
            "foo": None,
            "": None,
        }.items()
    ),
    Row("iframe", OWN, typed("text/html", ("X-Frame-Options", "SAMEORIGIN")), None, HTML),
    Row("iframe", SITE, typed("text/html", ("X-Frame-Options", "SAMEORIGIN")), "frame-options", HTML),
    Row("embed", OTHER, typed("text/html", ("X-Frame-Options", "DENY")), "frame-options", HTML),
    *(
        Row("iframe", OTHER, typed("text/html", ("Content-Security-Policy", f"frame-ancestors {value}")), stopped, HTML)
        for value, stopped in {
            "'none'": "frame-ancestors",
            "": "frame-ancestors",
            "'self'": "frame-ancestors",
            "https://app.example.test": None,
            "app.example.test": None,
            "https:": None,
            "*": None,
            "*.example.test": None,
            "example.test": "frame-ancestors",
            "https://app.example.test:8443": "frame-ancestors",
        }.items()
    ),
    Row("iframe", OTHER, typed("text/html", ("Content-Security-Policy", "frame-ancestors https://app.example.test/x/")),
        "frame-ancestors", HTML, but={"gecko": None}),
    Row("iframe", OTHER, typed("text/html", ("X-Frame-Options", "DENY"),
        ("Content-Security-Policy", "frame-ancestors https:")), None, HTML),
    Row("object", OTHER, typed("text/html", ("Content-Security-Policy", "frame-ancestors 'none'")), "frame-ancestors",
        HTML, status=404, but={"chromium": None, "gecko": None}),
    *(Row(destination, address, typed("text/html", ("Content-Security-Policy", "frame-ancestors 'none'")),
          "frame-ancestors", HTML, status=204, but={"chromium": None, "gecko": asked})
      for destination, address, asked in (("iframe", OTHER, None), ("iframe", OWN, None), ("object", OTHER, None),
                                          ("object", OWN, "frame-ancestors"), ("embed", OWN, "frame-ancestors"))),
    Row("iframe", OTHER, typed("text/html", ("X-Frame-Options", "DENY"),
        ("Content-Security-Policy-Report-Only", "frame-ancestors https:")), "frame-options", HTML),
    Row("iframe", OTHER, typed("text/html", ("X-Frame-Options", "DENY")), "coep", HTML, REQUIRE,
        {"gecko": "frame-options"}),
    Row("object", OWN, typed("text/html", ("Content-Security-Policy", "frame-ancestors 'none'")), "frame-ancestors",
        HTML, status=404, but={"chromium": None}),
    Row("iframe", OWN, typed("text/html", ("Content-Security-Policy", "frame-ancestors 'none'")), "coep", HTML, REQUIRE,
        {"gecko": "frame-ancestors", "webkit": "frame-ancestors"}),
    Row("iframe", OWN, typed("text/html", ("X-Frame-Options", "DENY")), "coep", HTML, REQUIRE,
        {"gecko": "frame-options"}),
    Row("iframe", OTHER, typed("text/html", ("Content-Security-Policy", "frame-ancestors 'none'")), "coep", HTML,
        REQUIRE, {"gecko": "frame-ancestors"}),
    *(Row("iframe", OWN, typed("text/html"), "coep", b"", REQUIRE, {"chromium": None, "gecko": None}, status)
      for status in (204, 205)),
    # every ancestor is asked
    *(Row("iframe", address, typed("text/html", header), stopped, HTML, ancestors=(elsewhere,))
      for address, header, elsewhere, stopped in (
          (OWN, ("X-Frame-Options", "SAMEORIGIN"), "https://app.example.test", None),
          (OWN, ("X-Frame-Options", "SAMEORIGIN"), "https://www.shop.test", "frame-options"),
          (OWN, ("Content-Security-Policy", "frame-ancestors 'self'"), "https://app.example.test", None),
          (OWN, ("Content-Security-Policy", "frame-ancestors 'self'"), "https://www.shop.test", "frame-ancestors"),
          (OTHER, ("Content-Security-Policy", "frame-ancestors https:"), "https://www.shop.test", None),
          (OTHER, ("Content-Security-Policy", "frame-ancestors https://app.example.test"), "http://localhost:3000",
           "frame-ancestors"))),
    # a page in a sandbox is of no origin
    Row("iframe", OWN, typed("text/html", ("X-Frame-Options", "SAMEORIGIN")), "frame-options", HTML, SANDBOX),
    Row("iframe", OWN, typed("text/html", ("Content-Security-Policy", "frame-ancestors 'self'")), "frame-ancestors",
        HTML, SANDBOX),
    Row("iframe", OWN, typed("text/html", ("X-Frame-Options", "SAMEORIGIN")), None, HTML,
        [("Content-Security-Policy", "sandbox allow-scripts Allow-Same-Origin")]),
]  # fmt: skip


def policy(value: str) -> Lines:
    return [("Content-Security-Policy", value)]


REDIRECTS = [
    Row("script", OTHER, to("http://api.other.test/2"), "mixed-content", status=301),
    Row("", OWN, to("http://app.example.test/2"), "mixed-content", status=302, mode="cors"),
    *(Row(one, OTHER, to("http://api.other.test/2"), None, status=302) for one in ("image", "audio", "video")),
    Row("image", OTHER, to("http://192.168.1.10/2"), "mixed-content", status=302,
        but={"chromium": None, "gecko": None}),
    Row("image", OTHER, to("http://[2001:db8::1]/2"), "mixed-content", status=302,
        but={"chromium": None, "gecko": None, "webkit": None}),
    Row("image", OTHER, to("http://127.0.0.1:9000/2"), None, status=302, but={"webkit": "mixed-content"}),
    Row("image", OTHER, to("http://localhost:9000/2"), None, status=302, but={"webkit": "mixed-content"}),
    Row("style", OTHER, to("http://localhost:9000/2"), None, status=302, but={"webkit": "mixed-content"}),
    Row("font", OTHER, to("http://127.0.0.1:9000/2"), None, status=302, mode="cors", but={"webkit": "mixed-content"}),
    Row("", OTHER, to("http://127.0.0.1:9000/2"), None, page=policy("upgrade-insecure-requests"), status=302),
    *(Row(one, OTHER, to("http://api.other.test/2"), None, page=policy("upgrade-insecure-requests"), status=302,
          but={"webkit": "mixed-content"}) for one in ("iframe", "object", "embed")),
    Row("script", OTHER, to("http://api.other.test/2"), None, status=302, page_url="http://app.example.test/"),
    Row("script", OTHER, to("http://api.other.test/2"), None, page=policy("upgrade-insecure-requests"), status=302),
    Row("import-scripts", OTHER, to("http://api.other.test/2"), "mixed-content", status=302,
        page=policy("upgrade-insecure-requests"), but={"chromium": None, "webkit": None, "fetch": None}),
    Row("import-scripts", OTHER, to("http://api.other.test/2"), "mixed-content", status=302),
    Row("document", OTHER, to("http://api.other.test/2"), None, status=302),
    Row("", OWN, to(OTHER), "other", status=302, mode="same-origin"),
    Row("", OWN, to("http://app.example.test/2"), "other", status=302, mode="same-origin",
        but={"fetch": "mixed-content"}),
    Row("", OWN, to(OWN), None, status=302, mode="same-origin"),
    Row("sharedworker", OWN, to(OWN), None, status=302, mode="same-origin"),
    *(Row("serviceworker", OWN, to(target), "other", status=302, mode="same-origin") for target in (OWN, OTHER)),
    *(Row(one, OWN, to(OTHER), "other", page=policy("default-src 'self'"), status=302, mode="same-origin",
          but={"fetch": "csp", "webkit": "csp"}) for one in ("", "worker")),
    Row("image", OTHER, to("https://cdn.third.test/2"), "csp", page=policy("img-src https://api.other.test"),
        status=302),
    Row("image", OTHER, to("https://api.other.test/2"), None, page=policy("img-src https://api.other.test/1/"),
        status=302),
    Row("image", OTHER, to("https://cdn.third.test/2"), "csp", page=policy("default-src *.other.test"), status=302),
    Row("image", OTHER, to("https://cdn.third.test/2"), None, page=policy("script-src 'self'"), status=302),
    Row("script", OTHER, to("https://cdn.third.test/2"), "csp", page=policy("script-src https://api.other.test"),
        status=302),
    Row("script", OTHER, to("https://cdn.third.test/2"), None, status=302,
        page=policy("script-src https://api.other.test 'strict-dynamic' 'nonce-a'")),
    Row("style", OTHER, to("https://cdn.third.test/2"), "csp", status=302,
        page=policy("style-src https://api.other.test 'strict-dynamic'")),
    Row("script", OTHER, to("https://cdn.third.test/2"), None, page=policy("script-src 'self' 'nonce-a'"), status=302),
    Row("worker", OWN, to("https://app.example.test/2"), None, page=policy("worker-src 'self'"), status=302,
        mode="same-origin"),
    Row("event-source", OTHER, to("https://cdn.third.test/2"), "csp", page=policy("connect-src https://api.other.test"),
        status=302, mode="cors"),
    Row("json", OTHER, to("https://cdn.third.test/2"), "csp", page=policy("connect-src https://api.other.test"),
        status=302, mode="cors"),
    Row("json", OTHER, to("https://cdn.third.test/2"), None, page=policy("script-src https://api.other.test"),
        status=302, mode="cors"),
    Row("object", OTHER, to("https://cdn.third.test/2"), None, status=302, but={"chromium": "csp"},
        page=policy("object-src *; frame-src https://api.other.test")),
    *(Row(one, OTHER, to("https://cdn.third.test/2"), "csp", status=302, but={"chromium": None},
          page=policy("object-src https://api.other.test 'strict-dynamic'")) for one in ("object", "embed")),
    Row("embed", OTHER, to("https://cdn.third.test/2"), "csp", status=302,
        page=policy("object-src https://api.other.test 'strict-dynamic'; frame-src https://api.other.test")),
    Row("embed", OTHER, to("https://cdn.third.test/2"), "csp", status=302,
        page=policy("default-src https://api.other.test 'strict-dynamic'")),
    Row("embed", OTHER, to("https://cdn.third.test/2"), "csp", status=302, but={"chromium": None},
        page=policy("object-src https://api.other.test; frame-src *")),
    Row("object", OTHER, to("https://cdn.third.test/2"), "csp", status=302, but={"chromium": None},
        page=policy("object-src https://api.other.test")),
    Row("object", OTHER, to("https://cdn.third.test/2"), "csp", status=302,
        page=policy("default-src https://api.other.test")),
    Row("iframe", OTHER, to("https://cdn.third.test/2"), "csp", page=policy("child-src https://api.other.test"),
        status=302),
    Row("prefetch", OTHER, to("https://cdn.third.test/2"), "csp", page=policy("default-src https://api.other.test"),
        status=302),
    *(Row("prefetch", OTHER, to("https://cdn.third.test/2"), None, status=302, but={"gecko": "csp"},
          page=policy(f"default-src https://api.other.test{more}")) for more in ("; img-src *", " 'strict-dynamic'")),
    Row("prefetch", OTHER, to("https://cdn.third.test/2"), "csp", status=302,
        page=policy("default-src https://api.other.test; prefetch-src *")),
    # what trusted scripts may load at will counts where it governs workers
    *(Row("prefetch", OTHER, to("https://cdn.third.test/2"), told, status=302, but={"gecko": "csp"},
          page=policy(f"default-src 'none'; {more}"))
      for more, told in (("img-src https://api.other.test; script-src 'strict-dynamic'", None),
                         ("child-src https://api.other.test; script-src 'strict-dynamic'", "csp"),
                         ("img-src https://api.other.test; script-src-elem 'strict-dynamic'", "csp"),
                         ("img-src https://api.other.test; script-src-attr *", "csp"),
                         ("img-src https://api.other.test; worker-src 'strict-dynamic'", None))),
    # how schemes and ports are upgraded
    *(Row("image", OTHER, to(target), told, status=302, page=policy(f"img-src https://api.other.test {source}"),
          page_url=page, but=but)
      for source, target, page, told, but in (
          ("ws://cdn.third.test", "https://cdn.third.test/2", PAGE, None, {"chromium": "csp", "gecko": "csp"}),
          ("wss:", "https://cdn.third.test/2", PAGE, None, {"chromium": "csp", "gecko": "csp"}),
          ("cdn.third.test:80", "https://cdn.third.test/2", PAGE, "csp", {"gecko": None, "webkit": None}),
          ("http://cdn.third.test:80", "https://cdn.third.test/2", PAGE, None, {}),
          ("http://cdn.third.test:*", "https://cdn.third.test:8443/2", PAGE, None, {}),
          ("http://cdn.third.test:8443", "https://cdn.third.test:8443/2", PAGE, None, {"chromium": "csp"}),
          ("http://cdn.third.test:443", "https://cdn.third.test/2", PAGE, None, {}),
          ("https://cdn.third.test:8443", "https://cdn.third.test:8443/2", PAGE, None, {}),
          ("cdn.third.test", "https://cdn.third.test/2", "http://localhost:3000/", None, {}),
          ("cdn.third.test:8443", "https://cdn.third.test:8443/2", "http://localhost:3000/", None, {"chromium": "csp"}),
          ("*:443", "https://cdn.third.test/2", PAGE, None, {"webkit": "csp"}),
          ("https://*:443", "https://cdn.third.test/2", PAGE, None, {}),
          ("*:*/x", "https://cdn.third.test/2", PAGE, None, {"webkit": "csp"}),
          ("*/x", "https://cdn.third.test/2", PAGE, None, {"gecko": "csp", "webkit": "csp"}),
          ("*.third.test/x", "https://cdn.third.test/2", PAGE, None, {}),
          ("https://cdn.third.test//x", "https://cdn.third.test/2", PAGE, None, {"gecko": "csp"}),
          ("https://cdn.third.test/x//y", "https://cdn.third.test/2", PAGE, None, {}),
          ("'self'", "https://app.example.test/2", "http://app.example.test/", None, {}),
          ("'self'", "https://localhost:3000/2", "http://localhost:3000/", None, {}),
      )),
    Row("image", OTHER, to("https://cdn.third.test/2"), None, status=302,
        page=[("Content-Security-Policy-Report-Only", "img-src 'none'")]),
    Row("image", OTHER, to("https://cdn.third.test/2"), "csp", status=302,
        markup=b'<meta http-equiv="Content-Security-Policy" content="img-src https://api.other.test">'),
]  # fmt: skip


def script(integrity: str, url: str = OTHER, more: str = "") -> bytes:
    return f'<!doctype html><script src="{url}" integrity="{integrity}"{more}></script>'.encode()


INTEGRITY = [
    # what is of the wrong type, too
    *(Row("script", OTHER, typed("image/png", *more), told, JS, mode="cors",
          but={"chromium": "sri", "gecko": "mime"}, markup=script("sha256-AAAA", more=" crossorigin"))
      for more, told in (((), "mime"), ((NOSNIFF,), "nosniff"))),
    Row("script", OTHER, typed("text/javascript"), "sri", JS, mode="cors",
        markup=script("sha256-" + "A" * 43 + "=", more=" crossorigin")),
    Row("script", OTHER, typed("text/javascript"), "sri", JS, markup=script("sha256-" + "A" * 43 + "=")),
    Row("script", OTHER, typed("text/javascript"), None, JS, markup=script("md5-abc"),
        but={"gecko": "sri", "webkit": "sri"}),
    Row("script", OTHER, typed("text/javascript"), None, JS, markup=script("md5-abc"), mode="cors"),
    Row("script", OWN, typed("text/javascript"), "sri", JS, markup=script("sha512-" + "A" * 86 + "==", OWN)),
    Row("image", OTHER, typed("image/gif"), None, GIF, markup=script("sha512-" + "A" * 86 + "==")),
    *(Row("script", OWN, typed("text/javascript"), "sri", JS, but=but, status=status,
          markup=script("sha512-" + "A" * 86 + "==", OWN))
      for status, but in ((300, {}), (305, {}), (403, {"chromium": None, "webkit": None}))),
    *(Row("style", OTHER, typed("text/css"), "sri", CSS, status=status,
          but=dict.fromkeys(("gecko", *(["chromium", "webkit"] if status == 400 else [])), None),
          markup=b'<!doctype html><link rel=stylesheet href="' + OTHER.encode() + b'" integrity="sha384-AAAA">')
      for status in (399, 400)),
    Row("script", OWN, typed("text/javascript"), "sri", JS, but={"chromium": None, "gecko": None},
        markup=script("SHA512-" + "A" * 86 + "==", OWN)),
]  # fmt: skip

ALL = {
    "redirected-sheets": REDIRECTED_SHEETS,
    "corp": CORP,
    "coep": COEP,
    "orb": ORB,
    "types": TYPES,
    "frames": FRAMES,
    "redirects": REDIRECTS,
    "integrity": INTEGRITY,
}
