"""Pages under policies of every kind, for the witness: the policies, the page that each has, and the server of both.

A page's scripts tell the page around it what they did and saw, each for itself, so that a script which a policy keeps
out is missed. What they did must be the same with and without the witness.
"""

import base64
import contextlib
import hashlib
import http.server as servers
import json
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

NONCE = "bm9uY2U"
INLINE = """
did("inline", document.currentScript.nonce);
"""
OWN_HASH = f"sha256-{base64.b64encode(hashlib.sha256(INLINE.encode()).digest()).decode()}"
ENFORCED, REPORTED = "Content-Security-Policy", "Content-Security-Policy-Report-Only"
NO_WAY_SANDBOX = "sandboxes it without scripts"
NO_WAY_STRICT = "'strict-dynamic' without a nonce or a hash"
NO_WAY_REPORTED = "a policy that only reports would report it"
NO_WAY_MARKUP = "a policy in its markup lets nothing be sent"
NO_WAY_UPGRADE = "upgrade-insecure-requests"


class Page(NamedTuple):
    """One page."""

    headers: tuple[tuple[str, str], ...] = ()
    meta: tuple[str, ...] = ()
    """Policies in its markup."""
    no_way: str = ""
    """Why the witness is not put into it, as far as it is told; empty where it is."""
    hostile: bool = False
    """Its first script redefines all that others may call."""


def enforced(*policies: str, no_way: str = "") -> Page:
    """Each in a header of its own."""
    return Page(tuple((ENFORCED, one) for one in policies), no_way=no_way)


def reported(*policies: str, no_way: str = "") -> Page:
    """Which only report, to the server."""
    return Page(tuple((REPORTED, f"{one}; report-uri /report") for one in policies), no_way=no_way)


def meta(*policies: str, no_way: str = "") -> Page:
    """In its markup."""
    return Page(meta=policies, no_way=no_way)


N, H = f"'nonce-{NONCE}'", f"'{OWN_HASH}'"
PAGES = {
    "none": Page(),
    "none, hostile": Page(hostile=True),
    "nonce, hostile": Page(((ENFORCED, f"script-src {N} 'self'"),), hostile=True),
    # nonces
    "nonce": enforced(f"script-src {N}"),
    "nonce, reporting": enforced(f"script-src {N} 'report-sample'; report-uri /report"),
    "nonce and unsafe-inline": enforced(f"script-src {N} 'unsafe-inline'"),
    "nonce, strict": enforced(f"script-src {N} 'strict-dynamic'"),
    "nonce, strict, as is advised": enforced(
        f"script-src {N} 'strict-dynamic' 'unsafe-inline' https:; object-src 'none'; base-uri 'none'"
    ),
    "two nonces": enforced(f"script-src 'nonce-b3RoZXI' {N}"),
    "nonce in script-src-elem": enforced(f"script-src-elem {N}; script-src 'none'"),
    "nonce in default-src": enforced(f"default-src 'self' {N}"),
    "nonce, default none": enforced(f"default-src 'none'; script-src {N}"),
    "nonce and unsafe-eval": enforced(f"script-src {N} 'unsafe-eval'"),
    "nonce, no attributes": enforced(f"script-src {N}; script-src-attr 'none'"),
    "nonce, loud": enforced(f"SCRIPT-SRC {N} 'SELF'"),
    # hashes
    "hash": enforced(f"script-src {H}"),
    "hash and self": enforced(f"script-src 'self' {H}"),
    "hash and unsafe-inline": enforced(f"script-src {H} 'unsafe-inline'"),
    "hash, strict": enforced(f"script-src {H} 'strict-dynamic'"),
    "hash in default-src": enforced(f"default-src 'self' {H}"),
    "unsafe-hashes": enforced(f"script-src 'self' 'unsafe-hashes' {H}"),
    # inline, or none
    "unsafe-inline": enforced("script-src 'unsafe-inline'"),
    "unsafe-inline and self": enforced("script-src 'self' 'unsafe-inline' 'unsafe-eval'"),
    "unsafe-inline in default-src": enforced("default-src 'self' 'unsafe-inline'"),
    "unsafe-inline in script-src-elem": enforced("script-src-elem 'unsafe-inline' 'self'; script-src 'none'"),
    "unsafe-inline in script-src": enforced("script-src-elem 'self'; script-src 'unsafe-inline'"),
    "self": enforced("script-src 'self'"),
    "default self": enforced("default-src 'self'"),
    "scripts none": enforced("script-src 'none'"),
    "scripts empty": enforced("script-src"),
    "all none": enforced("default-src 'none'"),
    "wasm": enforced("script-src 'self' 'wasm-unsafe-eval'"),
    "strict alone": enforced("script-src 'strict-dynamic'", no_way=NO_WAY_STRICT),
    "strict and unsafe-inline": enforced("script-src 'strict-dynamic' 'unsafe-inline' 'self'", no_way=NO_WAY_STRICT),
    # what else a policy says
    "images none": enforced("img-src 'none'; style-src 'none'"),
    "connect none": enforced("connect-src 'none'"),
    "connect elsewhere": enforced("connect-src https://api.example"),
    "connect self, nonce": enforced(f"connect-src 'self'; script-src {N}"),
    "workers none": enforced("worker-src 'none'"),
    "base and forms": enforced("base-uri 'none'; form-action 'none'; frame-src 'none'"),
    "upgraded": enforced("upgrade-insecure-requests", no_way=NO_WAY_UPGRADE),
    # several
    "two with one nonce": enforced(f"script-src {N}", f"script-src 'self' {N}"),
    "nonce, and unsafe-inline": enforced(f"script-src {N}", "script-src 'unsafe-inline'"),
    "nonce, and self": enforced(f"script-src {N} 'self'", "script-src 'self'"),
    "nonce, and self, in one": enforced(f"script-src {N} 'self', default-src 'self' 'unsafe-inline'"),
    "other nonce, and nonce": enforced("script-src 'nonce-b3RoZXI'", f"script-src {N}"),
    "nonce, and strict": enforced(f"script-src {N}", f"script-src {N} 'strict-dynamic'"),
    "hash, and nonce": enforced(f"script-src {H}", f"script-src {N}"),
    # in the markup
    "meta nonce": meta(f"script-src {N}"),
    "meta hash": meta(f"script-src {H}"),
    "meta unsafe-inline": meta("script-src 'unsafe-inline'"),
    "meta scripts none": meta("script-src 'none'"),
    "meta self": meta("default-src 'self'"),
    "meta sandbox": meta("sandbox"),
    "meta strict": meta("script-src 'strict-dynamic'"),
    "meta connect none": meta("connect-src 'none'", no_way=NO_WAY_MARKUP),
    "meta all none": meta("default-src 'none'", no_way=NO_WAY_MARKUP),
    "meta trusted types": meta("require-trusted-types-for 'script'"),
    "meta upgraded": meta("upgrade-insecure-requests", no_way=NO_WAY_UPGRADE),
    "meta and header": Page(((ENFORCED, f"script-src {N}"),), (f"script-src {N} 'self'",)),
    # sandboxes
    "sandbox": enforced("sandbox", no_way=NO_WAY_SANDBOX),
    "sandbox with scripts": enforced("sandbox allow-scripts"),
    "sandbox with origin": enforced("sandbox allow-scripts allow-same-origin"),
    "sandbox, nonce": enforced(f"sandbox allow-scripts; script-src {N}"),
    "sandbox, self": enforced("sandbox allow-scripts; default-src 'self'"),
    # trusted types, integrity, isolation
    "trusted types": enforced("require-trusted-types-for 'script'"),
    "trusted types none": enforced(f"require-trusted-types-for 'script'; trusted-types 'none'; script-src {N}"),
    "trusted types named": enforced("trusted-types mine"),
    "integrity": enforced("require-sri-for script style"),
    "integrity policy": Page((("Integrity-Policy", "blocked-destinations=(script)"),)),
    "embedder": Page((("Cross-Origin-Embedder-Policy", "require-corp"), (ENFORCED, f"script-src {N}"))),
    # what only reports
    "reported nonce": reported(f"script-src {N}"),
    "reported unsafe-inline": reported("script-src 'unsafe-inline'"),
    "reported images": reported("img-src 'none'"),
    "reported self": reported("script-src 'self'", no_way=NO_WAY_REPORTED),
    "reported connect": reported("connect-src 'none'", no_way=NO_WAY_REPORTED),
    "reported all": reported("default-src 'none'", no_way=NO_WAY_REPORTED),
    "reported trusted types": reported("require-trusted-types-for 'script'; trusted-types 'none'"),
    "reported sandbox": reported("sandbox"),
    "reported upgrade": reported("upgrade-insecure-requests"),
    "reported, and nonce": Page(
        ((REPORTED, f"default-src 'self' {N}; report-uri /report"), (ENFORCED, f"script-src {N}"))
    ),
}
"""By name."""

FILES = Path(__file__).parent / "page"
HOST, HELPER, EXTERNAL, HOSTILE = (
    (FILES / f"witness_{name}").read_bytes() for name in ("host.html", "helper.js", "external.js", "hostile.js")
)
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def markup(name: str) -> str:
    """The document of one page."""
    policies = "".join(f'<meta http-equiv="{ENFORCED}" content="{one}">' for one in PAGES[name].meta)
    first = f'<script nonce="{NONCE}" src="/hostile.js"></script>' if PAGES[name].hostile else ""
    about = f"page={json.dumps(name)[1:-1].replace(' ', '%20')}"
    return f"""<!doctype html><html><head><meta charset="utf-8">{policies}<title>{name}</title>{first}
<script nonce="{NONCE}" src="/helper.js?{about}"></script>
<script nonce="{NONCE}">{INLINE}</script>
<script>did("bare inline");</script></head>
<body onload="did('onload')"><p id="sink"></p>
<script nonce="{NONCE}" src="/external.js?{about}"></script>
<script src="/bare.js"></script>
<script type="module" nonce="{NONCE}">did("module");</script>
</body></html>"""


class Server(servers.ThreadingHTTPServer):
    """Of the pages, and of the other origin."""

    def __init__(self) -> None:
        """On a port of its own."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.other = ""
        self.reports: Counter[str] = Counter()
        """What browsers reported of policies, by page; not the line, which may be that of a wrapper."""
        self.strange: list[str] = []
        """Paths that no page of ours asks for."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Browsers and proxies hang up as they like."""


class _Handler(servers.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def answer(self) -> None:
        url = urlsplit(self.path)
        page = parse_qs(url.query).get("page", [""])[0]
        received = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers: list[tuple[str, str]] = [
            ("Cache-Control", "no-store"),
            ("Cross-Origin-Resource-Policy", "cross-origin"),
        ]
        kind, body = "text/javascript", b""
        about = f"self.PAGE = {json.dumps(page)}; self.OTHER = {json.dumps(self.server.other)};"
        match url.path:
            case "/page":
                kind, body = "text/html", HOST
            case "/policy":
                kind, body = "text/html", markup(page).encode()
                headers += PAGES[page].headers
            case "/helper.js":
                body = about.encode() + HELPER
            case "/hostile.js":
                body = HOSTILE
            case "/external.js":
                body = about.encode() + HELPER + EXTERNAL
            case "/bare.js":
                body = b'did("bare external");'
            case "/made.js":
                body = b'did("made ran");'
            case "/worker.js":
                body = b'postMessage("worked");'
            case "/data" | "/beaconed":
                kind, body = "text/plain", b"data"
                headers += [("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Headers", "x-own")]
            case "/closed":
                kind, body = "text/plain", b"closed"
            case "/pixel":
                kind, body = "image/gif", PIXEL
            case "/report":
                self._note(received)
            case _:
                self.server.strange.append(self.path)
        self.send_response(200)
        for name, value in (*headers, ("Content-Type", kind), ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _note(self, received: bytes) -> None:
        told: dict[str, Any] = json.loads(received).get("csp-report", {})
        page = parse_qs(urlsplit(told["document-uri"]).query)["page"][0]
        words = (told.get(name) for name in ("effective-directive", "violated-directive", "blocked-uri"))
        self.server.reports[f"{page}: {' '.join(map(str, words))}"] += 1

    def __getattr__(self, name: str) -> object:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@contextlib.contextmanager
def serving() -> Iterator[tuple[Server, Server]]:
    """The server of the pages, and that of the other origin."""
    made = Server(), Server()
    made[0].other = f"http://localhost:{made[1].server_port}"
    for one in made:
        threading.Thread(target=one.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        for one in made:
            one.shutdown()
            one.server_close()
