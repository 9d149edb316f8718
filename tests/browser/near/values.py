"""What cases are drawn from: origins, and values of each header, right and wrong."""

from __future__ import annotations

from .cases import Lines

PAGES = (
    "https://app.example.test",
    "https://app.example.test:8443",
    "https://www.shop.test",
    "https://one.example.test",
    "https://two.third.test",
    "https://three.shop.test",
    "http://app.example.test",
    "http://localhost:3000",
)
TARGETS = (
    "https://api.other.test", "https://api.other.test", "https://cdn.third.test", "https://api.example.test",
    "https://api.example.test", "https://example.test", "https://api.shop.test", "https://app.example.test",
    "https://app.example.test:8443", "https://api.other.test:8443", "http://api.example.test", "http://api.other.test",
    "http://localhost:9000", "http://localhost:3000",
)  # fmt: skip
STATUSES = ("201", "204", "206", "206", "400", "401", "403", "404", "404", "410", "500", "503", "299", "205", "300")
CORP: tuple[tuple[str, ...], ...] = (
    ("same-origin",), ("same-origin",), ("same-site",), ("same-site",), ("cross-origin",), ("cross-origin",), (),
    ("Same-Origin",), ('"same-origin"',), ("",), ("foo",), ("same-origin", "same-origin"),
    ("same-site", "cross-origin"), ("same-origin, cross-origin",), ("same-origin; x=y",), ("same-origin ",),
    ("cross-origin", "same-origin"), ("none",), ("*",), ("SAME-SITE",), ("same_origin",), ("same-origin,",),
)  # fmt: skip
CORP_USUAL = (("same-origin",), ("same-origin",), ("same-site",), ("same-site",), ("cross-origin",))
_COEP = "Cross-Origin-Embedder-Policy"
EMBEDDER: tuple[Lines, ...] = (
    ((_COEP, "require-corp"),), ((_COEP, "require-corp"),), ((_COEP, "require-corp"),), ((_COEP, "credentialless"),),
    ((_COEP, "credentialless"),), ((_COEP, 'require-corp; report-to="x"'),),
    ((_COEP + "-Report-Only", "require-corp"),),
    ((_COEP, "unsafe-none"),), ((_COEP, "Require-Corp"),), ((_COEP, "required"),),
    ((_COEP, "require-corp, require-corp"),),
    ((_COEP, "require-corp"), (_COEP, "require-corp")), ((_COEP, '"require-corp"'),), ((_COEP, ""),),
    ((_COEP, "require-corp;"),), ((_COEP, "credentialless;report-to=x"),), ((_COEP, " require-corp "),), (),
    ((_COEP, "require-corp"), (_COEP + "-Report-Only", "credentialless")),
)  # fmt: skip
EMBEDDER_USUAL: tuple[Lines, ...] = (
    ((_COEP, "require-corp"),), ((_COEP, "require-corp"),), ((_COEP, "credentialless"),),
)  # fmt: skip
_DIP = "Document-Isolation-Policy"
ISOLATION: tuple[Lines, ...] = (
    ((_DIP, "isolate-and-require-corp"),), ((_DIP, "isolate-and-require-corp"),),
    ((_DIP, "isolate-and-credentialless"),),
    ((_DIP, "none"),), ((_DIP + "-Report-Only", "isolate-and-require-corp"),), ((_DIP, "Isolate-And-Require-Corp"),),
    ((_DIP, 'isolate-and-require-corp; report-to="x"'),),
    ((_DIP, "isolate-and-require-corp"), (_DIP, "isolate-and-require-corp")),
)  # fmt: skip
NOSNIFF: tuple[tuple[str, ...], ...] = (
    ("nosniff",), ("nosniff",), ("nosniff",), ("NoSniff",), ("nosniff, x",), ("x, nosniff",), ("nosniff", "x"), ("",),
    ("nosniff;",), ('"nosniff"',), ("true",), ("nosniff", "nosniff"),
)  # fmt: skip
_PLAIN_TYPES = """text/javascript application/javascript application/ecmascript text/jscript text/html text/plain
application/json application/problem+json text/json text/xml application/xml image/svg+xml application/xhtml+xml
application/rss+xml image/png image/gif image/webp audio/wav audio/mpeg video/mp4 video/webm text/css text/csv
application/octet-stream application/pdf application/zip application/x-protobuf application/x-gzip
application/vnd.ms-excel multipart/x-mixed-replace font/woff2 application/wasm text/vtt text/event-stream
application/x-unknown-content-type application/dash+xml application/vnd.apple.mpegurl audio/mpegurl text/markdown
foo application/manifest+json application/x-javascript TEXT/JavaScript Text/CSS application/msword
image/x-icon application/ogg text/x-component application/signed-exchange application/ld+json"""
TYPES: tuple[tuple[str, ...], ...] = (
    *((one,) for one in _PLAIN_TYPES.split()),
    (), ("",), ("text/javascript; charset=utf-8",), ("text/html;charset=utf-8",), ("text/css; x=y",), ("*/*",),
    ("text/html", "text/javascript"), ("text/javascript", "text/html"), ("text/javascript,",), ("text/css, text/html",),
    ("/",), ("text",), ("text/javascript;version=1",), ("image/png; q",), ("application/json;",), ("text/ css",),
)  # fmt: skip
BODY_WEIGHTS = {
    "gif": 5, "png": 3, "wav": 3, "js": 6, "css": 3, "html": 7, "json": 8, "json-list": 2, "json-spaced": 2,
    "guarded": 4,
    "for-loop": 2, "while-loop": 1, "xml": 3, "svg": 3, "pdf": 2, "text": 5, "empty": 3, "comment-html": 2,
    "comment-js": 2, "block-comment-js": 1, "late-html": 1, "html-upper": 2, "bom-json": 1, "bom-js": 1,
    "bom-html": 1, "bom-xml": 1, "bom-guarded": 1, "bom-comment-html": 1, "object-js": 2,
    "quoted-js": 1, "brace-js": 2, "binary": 2, "webp": 2, "mp4": 2, "ogg": 2, "mp3": 2, "events": 1, "vtt": 1,
    "m3u": 1,
    "csv": 1,
}  # fmt: skip
XFO: tuple[tuple[str, ...], ...] = (
    ("DENY",), ("SAMEORIGIN",), ("SAMEORIGIN",), ("sameorigin",), ("deny",), ("ALLOWALL",),
    ("ALLOW-FROM https://app.example.test",),
    ("",), ("foo",), ("SAMEORIGIN", "SAMEORIGIN"), ("DENY", "SAMEORIGIN"), ("SAMEORIGIN, DENY",), ("ALLOWALL", "DENY"),
    ("ALLOWALL, ALLOWALL",), ("foo", "bar"), ("DENY;",), ('"DENY"',), (), ("SAMEORIGIN,",), ("foo, SAMEORIGIN",),
)  # fmt: skip
FRAME_ANCESTORS: tuple[tuple[str, ...], ...] = (
    ("frame-ancestors 'none'",), ("frame-ancestors 'self'",), ("frame-ancestors https://app.example.test",),
    ("frame-ancestors https:",), ("frame-ancestors *",), ("frame-ancestors https://*.example.test",),
    ("frame-ancestors",), ("frame-ancestors app.example.test",), ("frame-ancestors http://app.example.test",),
    ("frame-ancestors https://app.example.test:*",), ("default-src 'none'",),
    ("frame-ancestors 'self', frame-ancestors *",),
    ("frame-ancestors *", "frame-ancestors 'none'"), ("frame-ancestors https://app.example.test/d/",),
    ("Frame-Ancestors 'self'; default-src *",), ("frame-ancestors 'none' https://app.example.test",),
    ("frame-ancestors 'self' http://localhost:3000",), ("frame-ancestors *:8443",), ("frame-ancestors 'SELF'",),
    ("frame-ancestors *; frame-ancestors 'none'",), ("img-src *; frame-ancestors https://www.shop.test *.third.test",),
)  # fmt: skip
CSP_DIRECTIVES = (
    "default-src", "default-src", "script-src", "script-src-elem", "style-src", "style-src-elem", "img-src",
    "media-src",
    "font-src", "connect-src", "frame-src", "child-src", "object-src", "worker-src", "prefetch-src", "manifest-src",
)  # fmt: skip
CSP_SOURCES = (
    "'self'", "'none'", "https:", "http:", "*", "https://api.other.test", "https://api.other.test/r/",
    "https://api.other.test/other/", "https://*.example.test", "*.third.test", "api.example.test",
    "https://api.shop.test:*",
    "https://api.other.test:8443", "http://api.other.test", "'unsafe-inline'", "'nonce-abc'", "'strict-dynamic'",
    "data:",
    "https://x.api.example.test", "http://localhost:*", "https://*:8443", "'unsafe-eval'", "localhost:9000",
)  # fmt: skip
INTEGRITY = (
    "sha256-{sha256}", "sha384-{sha384}", "sha512-{sha512}", "sha256-{sha256} sha384-{sha384}", "sha256-{sha384}",
    "sha256-AAAA", "sha512-{sha512} sha256-AAAA", "sha256-{sha256} sha512-AAAA", "md5-{md5}", "sha256-@@", "foo", " ",
    "sha256-{sha256}?x=y", "SHA256-{sha256}", "sha256-{sha256} foo", "sha384-AAAA sha384-{sha384}",
)  # fmt: skip
DIRECTIVE_OF = {
    "audio": "media-src", "audio-cors": "media-src", "css": "style-src", "css-cors": "style-src", "embed": "object-src",
    "eventsource": "connect-src", "fetch-cors": "connect-src", "fetch-no-cors": "connect-src", "font": "font-src",
    "iframe": "frame-src", "img": "img-src", "img-cors": "img-src", "module": "script-src", "object": "object-src",
    "script": "script-src", "script-cors": "script-src", "video": "media-src", "video-cors": "media-src",
}  # fmt: skip
"""Of the loaders whose redirects a content security policy is asked about, by the page's own."""
MORE_EXACT = {"script-src": "script-src-elem", "style-src": "style-src-elem", "frame-src": "child-src"}
