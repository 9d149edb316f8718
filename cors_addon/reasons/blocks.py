"""The registry of gates: what each is that stops a load. What to change stands in `remedies/by_block.py`.

Law 1: every `Gate` has an entry; ``tests/test_blocks.py`` closes that loop, and each is emitted by a case.
Law 2: texts are in the developer's words, as in the registry of reasons.
"""

from typing import NamedTuple

from cors_addon.fetch.load import Gate


class BlockExplanation(NamedTuple):
    """All that is to be said about one gate."""

    gate: Gate
    label: str
    """How it is called in a list, short."""
    title: str
    why: str
    """What the browser does, and why the rule exists."""
    anchor: str


_ENTRIES = (
    BlockExplanation(
        Gate.CORS,
        "CORS",
        "CORS",
        "The page's script may not read the answer: the server does not say that it may.",
        "https://fetch.spec.whatwg.org/#cors-check",
    ),
    BlockExplanation(
        Gate.CORP,
        "CORP",
        "Cross-Origin-Resource-Policy",
        "The answer itself says that pages elsewhere may not load it without CORS. It reached the browser, which keeps "
        "it from the page. This is not CORS: Access-Control-Allow-Origin changes nothing here. Many servers get the "
        "header from a security middleware that nobody chose for this path.",
        "https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header",
    ),
    BlockExplanation(
        Gate.COEP,
        "COEP",
        "Cross-Origin-Embedder-Policy",
        "The page isolates itself (Cross-Origin-Embedder-Policy or Document-Isolation-Policy), and so may have from "
        "elsewhere only what agrees to that. A resource agrees by Cross-Origin-Resource-Policy or CORS, a frame or "
        "worker by an embedder policy of its own. A header with a misspelt value, or sent twice, counts as none.",
        "https://html.spec.whatwg.org/multipage/browsers.html#coep",
    ),
    BlockExplanation(
        Gate.ORB,
        "ORB",
        "Opaque Response Blocking",
        "An image, script, style sheet or media element asked another origin without CORS, and what came can be none "
        "of these: an error page or JSON in place of an image, mostly. The browser keeps such answers out of the "
        "page's process. Chromium says nothing of it in its console.",
        "https://fetch.spec.whatwg.org/#orb",
    ),
    BlockExplanation(
        Gate.NOSNIFF,
        "nosniff",
        "X-Content-Type-Options: nosniff",
        "With nosniff a script must come with a JavaScript type, a style sheet as text/css; this one does not. The "
        "header is right: it keeps uploads and error pages from running as scripts. The type is wrong, or the answer "
        "is not the file at all (an error or login page).",
        "https://fetch.spec.whatwg.org/#x-content-type-options-header",
    ),
    BlockExplanation(
        Gate.MIME,
        "MIME type",
        "MIME type",
        "Modules, workers and what they import must come with a JavaScript type, style sheets as text/css, event "
        "streams as text/event-stream; classic scripts with no type that is surely none. Firefox may tell it as a "
        "CORS request that did not succeed.",
        "https://fetch.spec.whatwg.org/#should-response-to-request-be-blocked-due-to-mime-type?",
    ),
    BlockExplanation(
        Gate.CSP,
        "CSP",
        "Content-Security-Policy",
        "The page's own policy does not list where this leads. For a redirect, its target must be listed, too (the "
        "path does not matter there); what it led to was never asked for. Nothing at the other server helps.",
        "https://w3c.github.io/webappsec-csp/#should-block-request",
    ),
    BlockExplanation(
        Gate.MIXED_CONTENT,
        "mixed content",
        "Mixed content",
        "The page came over https, and the redirect leads to plain http: the browser goes no further, and tells the "
        "page of a network error. Behind a proxy that ends TLS, frameworks build redirects (for a slash at the end, "
        "mostly) with http, as they do not know that the client came by https.",
        "https://w3c.github.io/webappsec-mixed-content/#should-block-fetch",
    ),
    BlockExplanation(
        Gate.SRI,
        "SRI",
        "Subresource Integrity",
        "The element names the digest that the file must have. It does not match, or may not be compared: without CORS "
        "a page must not learn what a file elsewhere holds.",
        "https://w3c.github.io/webappsec-subresource-integrity/",
    ),
    BlockExplanation(
        Gate.FRAME_OPTIONS,
        "X-Frame-Options",
        "X-Frame-Options",
        "The answer does not let itself be shown in a frame of this page, so that no page can lure users into clicking "
        "in it.",
        "https://html.spec.whatwg.org/multipage/document-lifecycle.html#the-x-frame-options-header",
    ),
    BlockExplanation(
        Gate.FRAME_ANCESTORS,
        "frame-ancestors",
        "CSP frame-ancestors",
        "The answer's own policy lists the pages that may frame it, and this page is not among them.",
        "https://w3c.github.io/webappsec-csp/#directive-frame-ancestors",
    ),
    BlockExplanation(
        Gate.LOCAL_NETWORK,
        "Local Network Access",
        "Local Network Access",
        "A page from a public address asked for one in the local network or on this machine. Chromium asks the user "
        "for permission first, and without it sends nothing.",
        "https://wicg.github.io/local-network-access/",
    ),
    BlockExplanation(
        Gate.NETWORK,
        "no answer",
        "No answer",
        "The connection failed, or was cut, before an answer came. A browser may tell it as a matter of CORS.",
        "https://fetch.spec.whatwg.org/#concept-network-error",
    ),
    BlockExplanation(
        Gate.OTHER,
        "the browser itself",
        "Redirect to another origin",
        "A worker, or a fetch of mode same-origin, stays with the page's own origin; the redirect leads elsewhere. A "
        "service worker's script may not be redirected at all.",
        "https://fetch.spec.whatwg.org/#main-fetch",
    ),
)

BLOCKS = {entry.gate: entry for entry in _ENTRIES}
"""By gate."""
