"""Cases of one load by a page that has policies, as data that JSON can hold.

Laws of this module
  1. Nothing here knows a browser.
  2. What servers answer is rendered: the right answer for the kind of load, then the case's changes, in order.
  3. `{id}` in a URL stands for the case's id; a change holds literal values, so that a stored case outlives the tables.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

Lines = tuple[tuple[str, str], ...]

OBJECTS = frozenset({"object", "embed"})
FRAMED = OBJECTS | {"iframe"}
SCRIPTS = frozenset({"script", "script-cors", "module", "modulepreload", "worker", "importscripts"})
STYLES = frozenset({"css", "css-cors", "css-import", "css-in-css"})
LOADERS = (
    "fetch-cors", "fetch-no-cors", "fetch-same-origin", "img", "img-cors", "script", "script-cors", "module", "css",
    "css-cors", "iframe", "object", "embed", "video", "video-cors", "audio", "audio-cors", "font", "worker",
    "importscripts", "eventsource", "preload", "modulepreload", "prefetch",
)  # fmt: skip
"""The ways of loading; what ends in -cors has the attribute `crossorigin`."""
OTHER_WORKERS = ("sharedworker", "serviceworker", "worker-module", "sharedworker-module", "audioworklet")
IN_SHEETS = ("css-in-css", "image-in-css", "font-in-css")
"""What a style sheet at a URL of its own loads."""
IN_WORKERS = ("worker-fetch-cors", "worker-fetch-no-cors")
WIDER = (
    *OTHER_WORKERS, *IN_SHEETS, *IN_WORKERS, "import", "json-module", "css-module", "css-import", "css-image",
    "css-mask", "track", "track-cors", "poster", "input-image", "svg-image",
)  # fmt: skip
"""Ways that only some families draw."""
MADE_BY_WORKER = frozenset({"importscripts", *IN_WORKERS})

GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00"
GIF += b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
WAV = b"RIFF\x44\x03\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00"
WAV += b"data\x20\x03\x00\x00" + b"\x80" * 800
JS = b"globalThis.__ran=(globalThis.__ran||0)+1;globalThis.onconnect=e=>e.ports[0].postMessage('ran');"
JS += b"if(!globalThis.document&&globalThis.postMessage)postMessage('ran')\n"
CSS = b"#probe{z-index:7}\n"
HTML = (
    b"<!doctype html><html><head><title>child</title></head><body><script>parent.postMessage('framed','*')</script>"
    b"</body></html>\n"
)
BODIES: dict[str, bytes] = {
    "gif": GIF,
    "png": PNG,
    "wav": WAV,
    "js": JS,
    "css": CSS,
    "html": HTML,
    "json": b'{"a": 1, "b": [1, 2]}',
    "json-list": b'[{"a": 1}]',
    "json-spaced": b'\n\n  {  "a" :1}',
    "guarded": b')]}\'\n{"a": 1}',
    "for-loop": b"for(;;);{}",
    "while-loop": b"while(1);[]",
    "xml": b'<?xml version="1.0"?><a><b/></a>',
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>',
    "pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n",
    "text": b"hello world, this is text\n",
    "empty": b"",
    "comment-html": b"<!-- old comment -->\n<html><body>x</body></html>",
    "comment-js": b"<!-- old comment\n" + JS,
    "block-comment-js": b"/* <html> */ " + JS,
    "late-html": b" " * 1100 + HTML,
    "html-upper": b"  <HTML><BODY>x</BODY></HTML>",
    "bom-json": b'\xef\xbb\xbf{"a": 1}',
    "bom-html": b"\xef\xbb\xbf" + HTML,
    "bom-xml": b'\xef\xbb\xbf<?xml version="1.0"?><a><b/></a>',
    "bom-guarded": b'\xef\xbb\xbf)]}\'\n{"a": 1}',
    "bom-comment-html": b"\xef\xbb\xbf<!-- x -->\n<html><body>x</body></html>",
    "bom-js": b"\xef\xbb\xbf" + JS,
    "object-js": b"({a: 1});" + JS,
    "quoted-js": b'"use strict";' + JS,
    "brace-js": b"{" + JS + b"}",
    "binary": bytes(range(256)),
    "webp": b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00",
    "mp4": b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 40,
    "ogg": b"OggS\x00\x02" + b"\x00" * 60,
    "mp3": b"ID3\x03\x00\x00\x00\x00\x00\x0a" + b"\x00" * 40,
    "events": b"retry: 60000\ndata: x\n\n",
    "vtt": b"WEBVTT\n",
    "m3u": b"#EXTM3U\n#EXT-X-VERSION:3\n",
    "csv": b"a,b\n1,2\n",
}
RIGHT: dict[str, tuple[str, str]] = {
    "img": ("image/gif", "gif"),
    "img-cors": ("image/gif", "gif"),
    "css": ("text/css", "css"),
    "css-cors": ("text/css", "css"),
    "iframe": ("text/html", "html"),
    "object": ("text/html", "html"),
    "embed": ("text/html", "html"),
    "video": ("audio/wav", "wav"),
    "video-cors": ("audio/wav", "wav"),
    "audio": ("audio/wav", "wav"),
    "audio-cors": ("audio/wav", "wav"),
    "font": ("font/ttf", "binary"),
    "eventsource": ("text/event-stream", "events"),
    "css-import": ("text/css", "css"),
    "css-in-css": ("text/css", "css"),
    "css-module": ("text/css", "css"),
    "font-in-css": ("font/ttf", "binary"),
    "track": ("text/vtt", "vtt"),
    "track-cors": ("text/vtt", "vtt"),
    **dict.fromkeys(("image-in-css", "css-image", "css-mask", "poster", "input-image", "svg-image"),
                    ("image/gif", "gif")),
    **dict.fromkeys((*SCRIPTS, *OTHER_WORKERS, "import"), ("text/javascript", "js")),
}  # fmt: skip
CORS_BY_NAME = frozenset(
    {"module", "modulepreload", "font", "eventsource", "fetch-cors", "font-in-css", "worker-fetch-cors", "import",
     "json-module", "css-module", "css-mask", "worker-module", "sharedworker-module", "audioworklet"}
)  # fmt: skip
PRELOADED = {"script": "script", "style": "css", "image": "img", "font": "font", "fetch": "fetch-cors"}


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One deviation of one answer from the right one: a header's lines, or `status`, `body` or `drop`."""

    hop: int
    what: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        prefix = f"hop {self.hop} " if self.hop else ""
        return f"{prefix}{self.what}={' | '.join(self.values) if self.values else '(none)'}"


@dataclasses.dataclass(frozen=True, slots=True)
class NearCase:
    """A page with its policies, and the one load it makes."""

    id: str
    family: str
    page: str
    """Its origin."""
    loader: str
    urls: tuple[str, ...]
    redirects: tuple[int, ...] = ()
    policy: Lines = ()
    """Headers of the document."""
    meta: tuple[str, ...] = ()
    """Content security policies in its markup; or `referrer=` and a referrer policy."""
    quirks: bool = False
    worker_policy: Lines = ()
    """Headers of the worker's script, where that imports what is loaded."""
    crossorigin: str = ""
    integrity: str = ""
    """An attribute of the element, which then stands in the markup; `{sha256}` and so on are the body's digests."""
    credentials: str = "same-origin"
    preload_as: str = ""
    middle: str = ""
    """The origin of a frame in the page that makes the load in the page's stead, or of the style sheet that does."""
    changes: tuple[Change, ...] = ()

    @property
    def note(self) -> str:
        """The case in a line."""
        parts = [self.loader]
        parts += [f"as={self.preload_as}"] if self.preload_as else []
        parts += [f"crossorigin={self.crossorigin}"] if self.crossorigin else []
        parts += [f"integrity={self.integrity}"] if self.integrity else []
        parts += [f"in {self.middle}"] if self.middle else []
        parts.append(f"of {self.page}")
        parts += [f"{name}: {value}" for name, value in self.policy]
        parts += [f"meta {policy}" for policy in self.meta]
        parts += ["quirks"] if self.quirks else []
        parts += [f"worker {name}: {value}" for name, value in self.worker_policy]
        hosts = " -> ".join(f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" for url in self.urls)
        return f"{' '.join(parts)}; {hosts}; {', '.join(map(str, self.changes)) or 'all right'}"

    def url(self, hop: int) -> str:
        """The URL of one hop."""
        return self.urls[hop].replace("{id}", self.id)

    @property
    def document(self) -> str:
        """The URL of the page."""
        return f"{self.page}/d/{self.id}"

    @property
    def hides(self) -> bool:
        """Whether its requests may name no page: whose they are is then told by what is open alone."""
        sandboxed = any(value.startswith("sandbox") and "same-origin" not in value for _, value in self.policy)
        named = any(name == "Referrer-Policy" for name, _ in self.policy)
        asker = self.middle if self.middle and self.loader not in IN_SHEETS else self.page
        downgraded = asker.startswith("https:") and self.urls[0].startswith("http:")
        return sandboxed or named or downgraded or any(policy.startswith("referrer=") for policy in self.meta)

    @property
    def worker(self) -> str:
        """The URL of the worker that imports."""
        return f"{self.page}/w/{self.id}"

    @property
    def sheet(self) -> str:
        """The URL of the style sheet that loads."""
        return f"{self.middle or self.page}/s/{self.id}"

    @property
    def frame(self) -> str:
        """The URL of the frame in the page."""
        return f"{self.middle}/m/{self.id}"

    @property
    def cors(self) -> bool:
        """Whether the load is one with CORS."""
        by_name = self.loader in CORS_BY_NAME
        return by_name or bool(self.crossorigin)

    def changed(self, hop: int, what: str) -> tuple[str, ...] | None:
        """The values of the last change of one thing of a hop, if there is one."""
        found = [one.values for one in self.changes if one.hop == hop and one.what.lower() == what.lower()]
        return found[-1] if found else None

    @property
    def body(self) -> bytes:
        """What the last answer bears."""
        changed = self.changed(len(self.urls) - 1, "body")
        name = changed[0] if changed else right(self)[1]
        body = BODIES[name]
        if self.loader in STYLES and name not in ("css", "empty"):
            body += b"\n{}\n" + CSS  # so that it shows whether it was applied
        return body

    @property
    def attribute(self) -> str:
        """The integrity attribute, digests filled in."""
        made = self.integrity
        for name in ("sha256", "sha384", "sha512", "md5"):
            digest = base64.b64encode(hashlib.new(name, self.body).digest()).decode()
            made = made.replace(f"{{{name}}}", digest)
        return made

    @property
    def asked(self) -> dict[str, Any]:
        """What `near.js` is told."""
        return {
            "loader": self.loader,
            "url": self.url(0),
            "worker": self.worker,
            "sheet": self.sheet,
            "middle": self.frame if self.middle and self.loader not in IN_SHEETS else None,
            "crossorigin": self.crossorigin or None,
            "credentials": self.credentials,
            "as": self.preload_as or None,
            "markup": bool(self.integrity),
            "frame": self.loader in FRAMED and self.body == HTML,
        }


def right(case: NearCase) -> tuple[str, str]:
    """The type and the body that suit a kind of load."""
    loader = PRELOADED.get(case.preload_as, case.loader) if case.loader == "preload" else case.loader
    return RIGHT.get(loader, ("application/json", "json"))


def resource(case: NearCase, hop: int) -> dict[str, Any]:
    """The answer of one hop."""
    last = hop == len(case.urls) - 1
    status = 200 if last else case.redirects[hop]
    headers: list[tuple[str, str]] = [("Cache-Control", "no-store")]
    if case.cors or case.loader == "prefetch":
        headers += [("Access-Control-Allow-Origin", "{origin}"), ("Access-Control-Allow-Credentials", "true")]
    if last:
        headers.append(("Content-Type", right(case)[0]))
    else:
        headers.append(("Location", case.url(hop + 1)))
    drop = False
    for change in case.changes:
        if change.hop != hop or change.what == "body":
            continue
        if change.what == "status":
            status = int(change.values[0])
        elif change.what == "drop":
            drop = True
        else:
            headers = [line for line in headers if line[0].lower() != change.what.lower()]
            headers += [(change.what, value) for value in change.values]
    body = case.body if last and status not in (204, 205, 304) else b""
    return {"status": status, "headers": headers, "body": body.decode("latin-1"), "fail": "kill" if drop else ""}


def meta_of(policy: str) -> str:
    """A policy in the markup: of content security, or `referrer=` and a referrer policy."""
    name, sign, value = policy.partition("=")
    if sign and name == "referrer":
        return f'<meta name="referrer" content="{value}">'
    return f'<meta http-equiv="Content-Security-Policy" content="{policy}">'


def document(case: NearCase) -> dict[str, Any]:
    """The page: its policies, a probe for style sheets, and in its markup what has an integrity attribute."""
    metas = "".join(map(meta_of, case.meta))
    element = ""
    if case.integrity:
        crossorigin = f' crossorigin="{case.crossorigin}"' if case.crossorigin else ""
        common = f'{crossorigin} integrity="{case.attribute}"'
        if case.loader in STYLES:
            element = f'<link rel="stylesheet" href="{case.url(0)}"{common}>'
        else:
            kind = ' type="module"' if case.loader == "module" else ""
            element = f'<script{kind} src="{case.url(0)}"{common}></script>'
    doctype = "" if case.quirks else "<!doctype html>"
    html = (
        f"{doctype}<html><head><meta charset=utf-8>{metas}<title>{case.id}</title></head>"
        f"<body><div id=probe></div>{element}</body></html>"
    )
    headers = [("Cache-Control", "no-store"), ("Content-Type", "text/html; charset=utf-8"), *case.policy]
    return {"status": 200, "headers": headers, "body": html, "fail": ""}


WORKER = (
    "onmessage=e=>{try{importScripts(e.data);postMessage('imported')}catch(x){postMessage('failed '+x)}};"
    "postMessage('ready')\n"
)
FETCHING_WORKER = (
    "onmessage=async e=>{try{const r=await fetch(...e.data);await r.arrayBuffer().catch(()=>{});"
    "postMessage('imported')}catch(x){postMessage('failed '+x)}};postMessage('ready')\n"
)
IN_FRAME = {
    "iframe": '<iframe src="{url}"></iframe>',
    "img": '<img src="{url}">',
    "script": '<script src="{url}"></script>',
    "css": '<link rel="stylesheet" href="{url}">',
    "fetch-cors": '<script>fetch("{url}").catch(() => 0)</script>',
    "fetch-no-cors": '<script>fetch("{url}", {mode: "no-cors"}).catch(() => 0)</script>',
}  # fmt: skip
"""The markup of a frame that loads in the page's stead."""
IN_SHEET = {
    "css-in-css": '@import url("{url}");\n',
    "image-in-css": '#probe{background-image:url("{url}")}\n',
    "font-in-css": '@font-face{font-family:f1;src:url("{url}")}\n#probe{font-family:f1}\n',
}


def frame_of(case: NearCase) -> dict[str, Any]:
    """The frame in the page; what it hears of a frame of its own it tells the page."""
    relay = "<script>onmessage=(event)=>parent.postMessage(event.data,'*')</script>"
    made = IN_FRAME[case.loader].replace("{url}", case.url(0))
    html = f"<!doctype html><html><body>{relay}<div id=probe></div>{made}</body></html>"
    headers = [("Cache-Control", "no-store"), ("Content-Type", "text/html; charset=utf-8"), *case.worker_policy]
    return {"status": 200, "headers": headers, "body": html, "fail": ""}


def sheet_of(case: NearCase) -> dict[str, Any]:
    """The style sheet that loads."""
    headers = [("Cache-Control", "no-store"), ("Content-Type", "text/css"), *case.worker_policy]
    headers += [("Cross-Origin-Resource-Policy", "cross-origin"), ("Access-Control-Allow-Origin", "*")]
    return {"status": 200, "headers": headers, "body": IN_SHEET[case.loader].replace("{url}", case.url(0)), "fail": ""}


def answers(case: NearCase) -> dict[str, dict[str, Any]]:
    """All that is answered, by path."""
    made = {f"/d/{case.id}": document(case)}
    if case.loader in MADE_BY_WORKER:
        headers = [("Cache-Control", "no-store"), ("Content-Type", "text/javascript"), *case.worker_policy]
        script = WORKER if case.loader == "importscripts" else FETCHING_WORKER
        made[f"/w/{case.id}"] = {"status": 200, "headers": headers, "body": script, "fail": ""}
    elif case.loader in IN_SHEETS:
        made[f"/s/{case.id}"] = sheet_of(case)
    elif case.middle:
        made[f"/m/{case.id}"] = frame_of(case)
    for hop in range(len(case.urls)):
        made[urlsplit(case.url(hop)).path] = resource(case, hop)
    return made


def to_json(case: NearCase) -> dict[str, Any]:
    """A case as JSON data; fields that say nothing are left out."""
    defaults = {field.name: field.default for field in dataclasses.fields(NearCase)}
    return {name: value for name, value in dataclasses.asdict(case).items() if value != defaults[name]}


def from_json(data: Mapping[str, Any]) -> NearCase:
    """The case that `to_json` wrote."""
    values: dict[str, Any] = dict(data)
    for name in ("urls", "redirects", "meta"):
        values[name] = tuple(values.get(name, ()))
    for name in ("policy", "worker_policy"):
        values[name] = tuple((one, value) for one, value in values.get(name, ()))
    values["changes"] = tuple(
        Change(one["hop"], one["what"], tuple(one.get("values", ()))) for one in values.get("changes", ())
    )
    return NearCase(**values)


def loads(text: str) -> NearCase:
    """A case from its JSON text."""
    return from_json(json.loads(text))


def simpler(case: NearCase) -> Iterator[NearCase]:
    """Simpler cases than this one, boldest first."""

    def made(**changes: Any) -> NearCase:
        return dataclasses.replace(case, **changes)

    last = len(case.urls) - 1
    if case.changes:
        yield made(changes=())
    if last:
        moved = tuple(dataclasses.replace(one, hop=one.hop - 1) for one in case.changes if one.hop)
        yield made(urls=case.urls[1:], redirects=case.redirects[1:], changes=moved)
        kept = tuple(one for one in case.changes if one.hop < last)
        yield made(urls=case.urls[:-1], redirects=case.redirects[: last - 1], changes=kept)
    for name in ("policy", "meta", "worker_policy", "integrity", "quirks", "middle"):
        empty: Any = {"integrity": "", "quirks": False, "middle": ""}.get(name, ())
        if getattr(case, name) != empty:
            yield made(**{name: empty})
    for index in range(len(case.changes)):
        yield made(changes=case.changes[:index] + case.changes[index + 1 :])
    for name in ("policy", "meta", "worker_policy"):
        lines = getattr(case, name)
        if len(lines) > 1:
            for index in range(len(lines)):
                yield made(**{name: lines[:index] + lines[index + 1 :]})
    if case.page != "https://app.example.test":
        yield made(page="https://app.example.test")
    if case.credentials != "same-origin":
        yield made(credentials="same-origin")
