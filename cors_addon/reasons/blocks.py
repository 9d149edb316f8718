"""The registry of gates: what each is that stops a load, and the cheapest change on the cheapest side.

Law 1: every `Gate` has an entry; ``tests/test_blocks.py`` closes that loop, and each is emitted by a case.
Law 2: a change opens no more than is needed; none takes a protection away that another load relies on.
Law 3: texts are in the developer's words, as in the registry of reasons.
"""

from typing import NamedTuple

from cors_addon.fetch.load import Gate


class Cure(NamedTuple):
    """A change that lets the load through."""

    who: str
    """Whose it is: `server` (of the resource), `page` (its own server) or `markup`."""
    what: str
    """One sentence."""
    header: str | None = None
    """The response header to send, with its value."""


class BlockExplanation(NamedTuple):
    """All that is to be said about one gate."""

    gate: Gate
    label: str
    """How it is called in a list, short."""
    title: str
    why: str
    """What the browser does, and why the rule exists."""
    cures: tuple[Cure, ...]
    """The cheapest first."""
    anchor: str


_CROSS_ORIGIN = "Cross-Origin-Resource-Policy: cross-origin"
_SAME_SITE = "Cross-Origin-Resource-Policy: same-site"

_ENTRIES = (
    BlockExplanation(
        Gate.CORS,
        "CORS",
        "CORS",
        "The page's script may not read the answer: the server does not say that it may.",
        (Cure("server", "Allow the page's origin; the reason says which header is missing or wrong."),),
        "https://fetch.spec.whatwg.org/#cors-check",
    ),
    BlockExplanation(
        Gate.CORP,
        "CORP",
        "Cross-Origin-Resource-Policy",
        "The answer itself says that pages elsewhere may not load it without CORS. It reached the browser, which keeps "
        "it from the page. This is not CORS: Access-Control-Allow-Origin changes nothing here. Many servers get the "
        "header from a security middleware that nobody chose for this path.",
        (
            Cure("server", "Let pages of the same site load it, where all that need it are of one site.", _SAME_SITE),
            Cure("server", "Let any page load it, where it is public.", _CROSS_ORIGIN),
            Cure("markup", "Load it with CORS (crossorigin on the element): then this header is not asked at all."),
        ),
        "https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header",
    ),
    BlockExplanation(
        Gate.COEP,
        "COEP",
        "Cross-Origin-Embedder-Policy",
        "The page isolates itself (Cross-Origin-Embedder-Policy or Document-Isolation-Policy), and so may have from "
        "elsewhere only what agrees to that. A resource agrees by Cross-Origin-Resource-Policy or CORS, a frame or "
        "worker by an embedder policy of its own. A header with a misspelt value, or sent twice, counts as none.",
        (
            Cure("server", "Let any page load it, where it is public.", _CROSS_ORIGIN),
            Cure("markup", "Load it with CORS (crossorigin on the element), where the server allows that."),
            Cure(
                "page",
                "Ask for less: what comes without cookies then needs no header (Chromium and Firefox).",
                "Cross-Origin-Embedder-Policy: credentialless",
            ),
        ),
        "https://html.spec.whatwg.org/multipage/browsers.html#coep",
    ),
    BlockExplanation(
        Gate.ORB,
        "ORB",
        "Opaque Response Blocking",
        "An image, script, style sheet or media element asked another origin without CORS, and what came can be none "
        "of these: an error page or JSON in place of an image, mostly. The browser keeps such answers out of the "
        "page's process. Chromium says nothing of it in its console.",
        (
            Cure("server", "Answer with what was asked for: look at the status and the body, an error page is usual."),
            Cure("server", "Send the Content-Type of what it is."),
            Cure("markup", "To read JSON or text from elsewhere, fetch it with CORS in place of a script or image."),
        ),
        "https://fetch.spec.whatwg.org/#orb",
    ),
    BlockExplanation(
        Gate.NOSNIFF,
        "nosniff",
        "X-Content-Type-Options: nosniff",
        "With nosniff a script must come with a JavaScript type, a style sheet as text/css; this one does not. The "
        "header is right: it keeps uploads and error pages from running as scripts. The type is wrong, or the answer "
        "is not the file at all (an error or login page).",
        (
            Cure("server", "Send the right Content-Type: text/javascript for a script, text/css for a style sheet."),
            Cure("markup", "If the body is an HTML page, the URL is wrong: it leads to a page, not to the file."),
        ),
        "https://fetch.spec.whatwg.org/#x-content-type-options-header",
    ),
    BlockExplanation(
        Gate.MIME,
        "MIME type",
        "MIME type",
        "Modules, workers and what they import must come with a JavaScript type, style sheets as text/css, event "
        "streams as text/event-stream; classic scripts with no type that is surely none. Firefox may tell it as a "
        "CORS request that did not succeed.",
        (
            Cure("server", "Send the right Content-Type: text/javascript for a script, text/css for a style sheet."),
            Cure("markup", "If the body is an HTML page, the URL is wrong: a fallback to index.html is usual."),
        ),
        "https://fetch.spec.whatwg.org/#should-response-to-request-be-blocked-due-to-mime-type?",
    ),
    BlockExplanation(
        Gate.CSP,
        "CSP",
        "Content-Security-Policy",
        "The page's own policy does not list where this leads. For a redirect, its target must be listed, too (the "
        "path does not matter there); what it led to was never asked for. Nothing at the other server helps.",
        (
            Cure("page", "Add the origin that is asked for to the directive, in each policy that has it."),
            Cure("markup", "Ask for the redirect's target at once."),
        ),
        "https://w3c.github.io/webappsec-csp/#should-block-request",
    ),
    BlockExplanation(
        Gate.MIXED_CONTENT,
        "mixed content",
        "Mixed content",
        "The page came over https, and the redirect leads to plain http: the browser goes no further, and tells the "
        "page of a network error. Behind a proxy that ends TLS, frameworks build redirects (for a slash at the end, "
        "mostly) with http, as they do not know that the client came by https.",
        (
            Cure("server", "Redirect to https: have the framework trust X-Forwarded-Proto of the proxy before it."),
            Cure("markup", "Ask for the URL that needs no redirect: with the slash at the end, or without."),
            Cure(
                "page", "Have the browser ask for https instead.", "Content-Security-Policy: upgrade-insecure-requests"
            ),
        ),
        "https://w3c.github.io/webappsec-mixed-content/#should-block-fetch",
    ),
    BlockExplanation(
        Gate.SRI,
        "SRI",
        "Subresource Integrity",
        "The element names the digest that the file must have. It does not match, or may not be compared: without CORS "
        "a page must not learn what a file elsewhere holds.",
        (
            Cure("markup", "Add crossorigin to the element, and have the server allow the page's origin."),
            Cure("markup", "If the file is meant to have changed, write its new digest; else find out who changed it."),
        ),
        "https://w3c.github.io/webappsec-subresource-integrity/",
    ),
    BlockExplanation(
        Gate.FRAME_OPTIONS,
        "X-Frame-Options",
        "X-Frame-Options",
        "The answer does not let itself be shown in a frame of this page, so that no page can lure users into clicking "
        "in it.",
        (
            Cure(
                "server",
                "Name the pages that may frame it; where this is sent, X-Frame-Options no longer counts.",
                "Content-Security-Policy: frame-ancestors 'self' {origin}",
            ),
        ),
        "https://html.spec.whatwg.org/multipage/document-lifecycle.html#the-x-frame-options-header",
    ),
    BlockExplanation(
        Gate.FRAME_ANCESTORS,
        "frame-ancestors",
        "CSP frame-ancestors",
        "The answer's own policy lists the pages that may frame it, and this page is not among them.",
        (
            Cure(
                "server",
                "Add the page's origin to the list.",
                "Content-Security-Policy: frame-ancestors 'self' {origin}",
            ),
        ),
        "https://w3c.github.io/webappsec-csp/#directive-frame-ancestors",
    ),
    BlockExplanation(
        Gate.LOCAL_NETWORK,
        "Local Network Access",
        "Local Network Access",
        "A page from a public address asked for one in the local network or on this machine. Chromium asks the user "
        "for permission first, and without it sends nothing.",
        (
            Cure("page", "Serve the page over https and let the user grant the permission when the browser asks."),
            Cure("page", 'In an iframe, delegate it: allow="local-network-access".'),
        ),
        "https://wicg.github.io/local-network-access/",
    ),
    BlockExplanation(
        Gate.NETWORK,
        "no answer",
        "No answer",
        "The connection failed, or was cut, before an answer came. A browser may tell it as a matter of CORS.",
        (Cure("server", "Find out why there was no answer: its address, its certificate, its log."),),
        "https://fetch.spec.whatwg.org/#concept-network-error",
    ),
    BlockExplanation(
        Gate.OTHER,
        "redirect",
        "Redirect to another origin",
        "A worker, or a fetch of mode same-origin, stays with the page's own origin; the redirect leads elsewhere.",
        (
            Cure("server", "Answer from the page's own origin, without a redirect."),
            Cure("markup", "Ask for it with CORS; a worker may import from elsewhere instead."),
        ),
        "https://fetch.spec.whatwg.org/#main-fetch",
    ),
)

BLOCKS = {entry.gate: entry for entry in _ENTRIES}
"""By gate."""
