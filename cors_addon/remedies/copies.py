"""Remedies for copies: an answer that a shared cache or the browser itself had stored for another request."""

import re

from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.refusals import OF_ORIGIN, Reason
from cors_addon.remedies.rule import Headers, Ruling
from cors_addon.remedies.situation import Situation
from cors_addon.remedies.value import Change, HeaderEdit, InPage, Remedy, Sure, Who

_HIT = pattern(r"\bhit\b|\bstale\b|\brevalidated\b|\bupdating\b", re.IGNORECASE)
_MARKS = ("x-cache", "cf-cache-status", "x-cache-status", "x-proxy-cache", "x-vercel-cache", "x-nextjs-cache",
          "cdn-cache", "x-cache-hits", "x-varnish-cache", "x-drupal-cache", "server-timing", "cache-status",
          "x-fastly-cache-status", "x-akamai-cache-status", "akamai-cache-status", "x-litespeed-cache", "x-qc-cache",
          "eagleid-cache", "x-swift-cachetime")  # fmt: skip


def mark_of(s: Situation) -> str | None:
    """What shows that a shared cache gave the answer, as `X-Cache: Hit from cloudfront`; None where nothing does."""
    age = s.value("age")
    if age is not None and age.isdigit() and int(age) > 0:
        return f"Age: {age}"
    for name in _MARKS:
        value = s.value(name)
        if value is not None and (_HIT.search(value) or (name == "x-cache-hits" and re.search(r"[1-9]", value))):
            return f"{'-'.join(word.capitalize() for word in name.split('-'))}: {value}"
    varnish = s.value("x-varnish")
    if varnish is not None and len(varnish.split()) > 1:
        return f"X-Varnish: {varnish}"
    return None


def _varies(s: Situation) -> bool:
    return not {"origin", "*"}.isdisjoint(item.lower() for item in s.items("vary"))


def stored(s: Situation) -> Ruling | None:
    """An answer without the header, or with that of another page, which was stored for another request."""
    if s.preflight or s.reason not in OF_ORIGIN or (s.status or 0) >= 400 or s.opaque:
        return None
    if s.reason not in (Reason.ALLOW_ORIGIN_MISSING, Reason.ALLOW_ORIGIN_MISMATCH):
        return None
    mark = mark_of(s)
    if s.replayed_from_cache:
        return _of_browser(s, mark)
    if mark is None or _varies(s):
        return None
    missing = s.reason is Reason.ALLOW_ORIGIN_MISSING
    lacks = "has no CORS headers" if missing else "names another page"
    why = (
        f"The answer is a copy of a shared cache ({mark}) and {lacks}: it was stored for a request "
        f"{'without Origin' if missing else 'of that page'}, and is given to all, for it has no Vary: Origin."
    )
    found = (
        Remedy(
            Who.PROXY,
            "Have the cache keep answers apart by Origin (forward Origin and make it part of the cache key), and purge "
            "what it has stored of this URL",
            why=f"{why} CloudFront: the origin request policy CORS-S3Origin or a response headers policy; Cloudflare: "
            "a cache key with Origin, or a transform rule that sets the header; Fastly, Varnish: Vary: Origin.",
            sure=Sure.LIKELY,
        ),
        _always(s),
    )
    return Ruling(found, Headers.NEVER)


def _always(s: Situation) -> Remedy:
    """The server's part: the same headers whoever asks, or a Vary."""
    change = s.whole_change
    edits = () if change is None else change.edits
    before = s.value("vary")
    vary = HeaderEdit("Vary", before, f"{before}, Origin" if before else "Origin")
    return Remedy(
        Who.SERVER,
        "Send Vary: Origin with every answer of this URL, those without Origin, too (or Access-Control-Allow-Origin: * "
        "always, where anyone may read it)",
        Change((*edits, vary)) if edits else Change((vary,), complete=False),
        "A cache then knows that the answer to another page, or to none, is another one.",
    )


def _of_browser(s: Situation, mark: str | None) -> Ruling:
    missing = s.reason is Reason.ALLOW_ORIGIN_MISSING
    why = "The browser used the copy that it had stored for an earlier request without CORS (an element without "
    why += "crossorigin, a style sheet, a navigation): that answer has no CORS headers, and no Vary: Origin."
    if not missing:
        why = "The browser used a copy that it had stored for a request of another page; it has no Vary: Origin."
    found = [
        Remedy(
            Who.PAGE,
            "Write crossorigin on every use of this URL (each <img>, <script>, <link>), so that all are asked with "
            "Origin",
            InPage(crossorigin="anonymous"),
            why,
        ),
        _always(s),
    ]
    if mark is not None:
        found.append(Remedy(Who.PROXY, "Forward Origin to the server, and make it part of the cache key",
                            why=f"A shared cache keeps copies, too ({mark}).", sure=Sure.POSSIBLE))  # fmt: skip
    found.append(Remedy(Who.USER, "Empty the browser's cache to see whether that was it", sure=Sure.POSSIBLE))
    return Ruling(tuple(found), Headers.NEVER)
