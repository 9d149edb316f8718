"""Nine loads that other checks than CORS stop, one of each kind: the demo's last group.

Each stands in a small document of its own, which the page frames, for what stops it is often a policy of the document.
In header values, markup and texts, `{page}`, `{api}` and `{other}` stand for the three origins.
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from cors_addon.demo.scenarios import ALLOW_PAGE, JSON, Answer, Origins
from cors_addon.fetch.load import Gate

FRAMES = "/framed/"
"""Where the documents are, on the page's own server."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """One load."""

    name: str
    """The path of what is loaded, too."""
    title: str
    story: str
    markup: str
    """The element that loads it."""
    gate: Gate
    """What stops it in browsers."""
    answer: Answer
    """What the API answers."""
    look: str
    """What to look for in mitmweb."""
    document: tuple[tuple[str, str], ...] = ()
    """Policies of the document, as headers."""
    onward: Answer | None = None
    """What the third server would answer, where the API redirects to it."""
    method: str = "GET"
    preflight: Answer | None = None

    def as_json(self, origins: Origins) -> dict[str, Any]:
        """What the page needs to know."""
        return {
            "name": self.name,
            "title": origins.fill(self.title),
            "story": origins.fill(self.story),
            "frame": f"{origins.page}{FRAMES}{self.name}",
            "policy": [origins.fill(f"{name}: {value}") for name, value in self.document],
            "markup": self.markup.replace("{api}", "API"),
            "look": origins.fill(self.look),
        }

    def framed(self, origins: Origins) -> Answer:
        """The document that loads it, and tells the page that frames it what it sees of that."""
        html = _DOCUMENT.replace("NAME", self.name).replace("PAGE", origins.page).replace("API", origins.api)
        head, _, tail = html.partition("ELEMENT")
        waits = ' onload="soon()"' if self.markup.startswith("<iframe") else " onload=\"tell('load')\""
        element, closing, rest = self.markup.partition(">")
        element = origins.fill(f"{element}{waits} onerror=\"tell('error')\"{closing}{rest}")
        # the whole URL as the referrer: so each load names its document
        headers = (("Content-Type", "text/html; charset=utf-8"), ("Referrer-Policy", "unsafe-url"))
        return Answer(200, (*headers, *self.document), head + element + tail)


_DOCUMENT = """<!doctype html>
<meta charset="utf-8">
<title>NAME</title>
<script>
"use strict";
let framed = false, told = false;
function tell(what) {
  if (!told) parent.postMessage({ name: "NAME", what }, "PAGE");
  told = true;
}
function soon() { setTimeout(() => tell(framed ? "load" : "empty"), 300); }  // a frame that is refused has a load event
addEventListener("message", (event) => { framed ||= event.origin === "API"; });
</script>
ELEMENT
"""
_PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>\n'
_SVG = ("Content-Type", "image/svg+xml")
_SCRIPT = 'console.log("the script ran");\n'
_CHILD = "<!doctype html><title>child</title><script>parent.postMessage('here', '*')</script>It shows.\n"
_HTML = ("Content-Type", "text/html; charset=utf-8")
_DIGEST = "sha256-" + base64.b64encode(hashlib.sha256(b"/* the version before */\n").digest()).decode()

TITLE = "Blocked, and not by CORS"
TEXT = (
    "Nobody asks for CORS here, or it passes: another check stops what came. Many take these for CORS, and so do some "
    "browsers' consoles."
)
BLOCKED = (
    Blocked(
        name="own-images-only",
        title="CORP: the image is for its own origin",
        story="The API says `Cross-Origin-Resource-Policy: same-origin` of an image, and this page is another origin.",
        markup='<img src="{api}/own-images-only">',
        gate=Gate.CORP,
        answer=Answer(200, (_SVG, ("Cross-Origin-Resource-Policy", "same-origin")), _PICTURE),
        look="The status is 200 and the image is there. The comment names the header; the view CORS has the value that "
        "opens least.",
    ),
    Blocked(
        name="isolated-page",
        title="COEP: the page demands what the image lacks",
        story="The document wants to be isolated, and says `Cross-Origin-Embedder-Policy: require-corp`. Now every "
        "image from elsewhere must say that it may be embedded, and this one says nothing.",
        markup='<img src="{api}/isolated-page">',
        gate=Gate.COEP,
        answer=Answer(200, (_SVG,), _PICTURE),
        document=(("Cross-Origin-Embedder-Policy", "require-corp"),),
        look="Two sides can mend it: the API by one header, or the document by `credentialless`. The view CORS has "
        "both.",
    ),
    Blocked(
        name="json-as-image",
        title="ORB: what comes is no image at all",
        story="The image has moved, and the API answers `200` with an error in JSON. What a page cannot use as an "
        "image never reaches its process.",
        markup='<img src="{api}/json-as-image">',
        gate=Gate.ORB,
        answer=Answer(200, (JSON, ("X-Content-Type-Options", "nosniff")), '{"error": "no such image"}'),
        look="The console has a net error without a reason. Here you see the type that was sent, and the body. (Safari "
        "has no such check.)",
    ),
    Blocked(
        name="plain-script",
        title="nosniff: a script of type text/plain",
        story="The API serves the script as `text/plain`, and forbids to guess: `X-Content-Type-Options: nosniff`.",
        markup='<script src="{api}/plain-script" crossorigin></script>',
        gate=Gate.NOSNIFF,
        answer=Answer(
            200, (("Content-Type", "text/plain"), ("X-Content-Type-Options", "nosniff"), ALLOW_PAGE), _SCRIPT
        ),
        look="CORS allows it. The right fix is the type, never to take `nosniff` away.",
    ),
    Blocked(
        name="module-as-html",
        title="MIME: a module of type text/html",
        story="The file is gone, and the server answers with its start page, as single-page applications do. A module "
        "must be JavaScript by its type.",
        markup='<script type="module" src="{api}/module-as-html"></script>',
        gate=Gate.MIME,
        answer=Answer(200, (_HTML, ALLOW_PAGE), "<!doctype html><title>Start</title>Welcome.\n"),
        look="The comment names the type; the body is the start page.",
    ),
    Blocked(
        name="leads-off-the-list",
        title="CSP: a redirect leads off the page's list",
        story="The document's policy lists the API for images. The API redirects to `{other}`, which is not listed.",
        markup='<img src="{api}/leads-off-the-list">',
        gate=Gate.CSP,
        answer=Answer(302, (("Location", "{other}/leads-off-the-list"),)),
        onward=Answer(200, (_SVG,), _PICTURE),
        document=(("Content-Security-Policy", "img-src {api}"),),
        look="Only the redirect is in the list: what it leads to was never asked for. The directive is in the comment.",
    ),
    Blocked(
        name="other-version",
        title="SRI: the file is not the one that was meant",
        story="The element names the digest of the file. Since then a new version was deployed.",
        markup=f'<script src="{{api}}/other-version" crossorigin integrity="{_DIGEST}"></script>',
        gate=Gate.SRI,
        answer=Answer(200, (("Content-Type", "text/javascript"), ALLOW_PAGE), _SCRIPT),
        look="CORS allows it, so the file may be compared. The view CORS has the digest that the markup asks for; the "
        "body is the file that came.",
    ),
    Blocked(
        name="denies-frames",
        title="X-Frame-Options: not in any frame",
        story="The API says `X-Frame-Options: DENY` of the document that is to be framed.",
        markup='<iframe src="{api}/denies-frames"></iframe>',
        gate=Gate.FRAME_OPTIONS,
        answer=Answer(200, (_HTML, ("X-Frame-Options", "DENY")), _CHILD),
        look="The frame has a load event all the same: script cannot tell.",
    ),
    Blocked(
        name="framed-by-few",
        title="frame-ancestors: in frames of others only",
        story="The document lists who may frame it: `frame-ancestors https://portal.example.com`. This page is not on "
        "the list.",
        markup='<iframe src="{api}/framed-by-few"></iframe>',
        gate=Gate.FRAME_ANCESTORS,
        answer=Answer(200, (_HTML, ("Content-Security-Policy", "frame-ancestors https://portal.example.com")), _CHILD),
        look="The policy is that of the framed document, and so is the fix.",
    ),
)
