"""The registry of security findings: what a server's answers let others do, and what to do about it.

Law 1: every `FindingName` has an entry, and every entry all parts; ``tests/test_findings.py`` closes that loop.
Law 2: the gravest first. A warning lets others in, or will break the page; a note is worth knowing.
Law 3: a finding says what the traffic has shown. What it merely suggests, its explanation says with how to make sure.
"""

from collections.abc import Mapping

from cors_addon.reasons.finding import Finding, FindingName
from cors_addon.reasons.model import Facts, FindingExplanation, Severity

_CREDENTIALS = "https://fetch.spec.whatwg.org/#cors-protocol-and-credentials"
_SAFE_SETUP = "https://fetch.spec.whatwg.org/#basic-safe-cors-protocol-setup"
_CACHES = "https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches"
_RESOURCE_POLICY = "https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header"
_PROTOCOL = "https://fetch.spec.whatwg.org/#http-cors-protocol"

_PAGE = "https://app.example.com"
_NOT_ON_THE_LIST = (
    "Have the server compare the whole Origin, byte for byte, with a list of the pages that may read its answers, and "
    "leave out both of these where it is not on the list:\n"
    "  Access-Control-Allow-Origin: {}\n"
    "  Access-Control-Allow-Credentials: true\n"
    "With every answer send, whether it is on the list or not:\n"
    "  Vary: Origin"
)

_EXPLANATIONS = (
    FindingExplanation(
        name=FindingName.UNRELATED_ORIGINS_WITH_CREDENTIALS,
        message="unrelated origins are allowed with credentials: {detail}",
        explanation=(
            "Pages of sites that have nothing to do with each other, nor with the server, may read this URL's answers "
            "as the user who is logged in: with cookies. A server looks like this that sends back whatever Origin it "
            "is asked with. Then any page that a user visits can read, and do, what this user can. It looks the same "
            "where these sites are on a list on purpose. To make sure, ask with an Origin that is on nobody's list, "
            "such as https://attacker.invalid (cors.probe does): if that comes back in Access-Control-Allow-Origin, "
            "there is no list."
        ),
        causes=(
            "the server, or a CORS library set to do so (origin: true, a pattern such as .*), sends the request's "
            "Origin back",
            "a * was refused because of credentials, and reflecting the Origin made the error go away",
            "a service that is meant for every site (analytics, advertising, a chat or login widget): see that these "
            "answers hold nothing of the user",
            "a list of partners, each meant to act for the user",
        ),
        fix=_NOT_ON_THE_LIST.format("{origin}"),
        anchor=_CREDENTIALS,
        header="Access-Control-Allow-Origin",
        example=(
            Finding(
                FindingName.UNRELATED_ORIGINS_WITH_CREDENTIALS, "https://news.example.net, https://games.example.org"
            ),
            Facts(origin="https://games.example.org", method="GET", status=200, value="https://games.example.org"),
        ),
        severity=Severity.WARNING,
    ),
    FindingExplanation(
        name=FindingName.NULL_ORIGIN_WITH_CREDENTIALS,
        message="the origin null is allowed with credentials",
        explanation=(
            "null is the origin of every page that has none of its own: a sandboxed frame, a data: URL, a file. Any "
            "site can make one, so a server that allows null with credentials lets every page on the web read its "
            "answers as the user who is logged in."
        ),
        causes=(
            "null was put on the list to make a page work that was opened as a file, or in a sandboxed frame",
            "after a redirect between two foreign origins the browser sends Origin: null, and null was allowed for it",
            "the server sends the request's Origin back, whatever it is",
            "null was taken for no origin: the way to allow none is to leave the header out",
        ),
        fix=(
            "Have the server answer Origin: null without both of these:\n"
            "  Access-Control-Allow-Origin: null\n"
            "  Access-Control-Allow-Credentials: true\n"
            "A page that needs the answer gets an origin of its own: no sandbox (or allow-same-origin), no file:, no "
            "redirect from site to site."
        ),
        anchor=_CREDENTIALS,
        header="Access-Control-Allow-Origin",
        example=(
            Finding(FindingName.NULL_ORIGIN_WITH_CREDENTIALS),
            Facts(origin="null", method="GET", status=200, value="null"),
        ),
        severity=Severity.WARNING,
    ),
    FindingExplanation(
        name=FindingName.LOOKALIKE_ORIGIN_WITH_CREDENTIALS,
        message="{detail} is allowed with credentials, and only looks like the server's own domain or its page's",
        explanation=(
            "This origin contains the name of the server's own domain, or of its page's, and belongs to another one, "
            "that anybody could register. A server allows it that looks for a name somewhere in the Origin, at its "
            "beginning or at its end, rather than compare it whole. Who registers such a name can read the server's "
            "answers as the user who is logged in."
        ),
        causes=(
            'a test such as origin.endsWith("example.com"), which evilexample.com passes: the dot before it is missing',
            'a test such as origin.startsWith("https://example.com") or origin.includes("example.com"), which '
            "example.com.evil.net passes",
            "a pattern that is not anchored at both ends, or whose dots are not escaped",
            "a domain of the same owner that merely contains the name: then list it in full",
        ),
        fix=_NOT_ON_THE_LIST.format("{detail}"),
        anchor=_CREDENTIALS,
        header="Access-Control-Allow-Origin",
        example=(
            Finding(FindingName.LOOKALIKE_ORIGIN_WITH_CREDENTIALS, "https://example.com.evil.net"),
            Facts(origin=_PAGE, method="GET", status=200, value="https://example.com.evil.net"),
        ),
        severity=Severity.WARNING,
    ),
    FindingExplanation(
        name=FindingName.INSECURE_ORIGIN_WITH_CREDENTIALS,
        message="{detail}, without TLS, is allowed with credentials by a server that uses TLS",
        explanation=(
            "A page on http can be changed by whoever sits on the way: in a café's network, at a provider. Where an "
            "https server allows such a page with credentials, what is put into the page reads the server's answers "
            "as the user who is logged in. The server's own TLS then protects nothing."
        ),
        causes=(
            "the list of origins is older than the page's move to https, or has both",
            "the server compares hosts and leaves the scheme out",
            "a test or staging system without TLS is on the list of the real server",
        ),
        fix=(
            "Serve the page by https alone, and have the server allow only that:\n"
            "  Access-Control-Allow-Origin: {origin}\n"
            "  Access-Control-Allow-Credentials: true\n"
            "  Vary: Origin"
        ),
        anchor=_CREDENTIALS,
        header="Access-Control-Allow-Origin",
        example=(
            Finding(FindingName.INSECURE_ORIGIN_WITH_CREDENTIALS, "http://app.example.com"),
            Facts(origin=_PAGE, method="GET", status=200, value="http://app.example.com"),
        ),
        severity=Severity.WARNING,
    ),
    FindingExplanation(
        name=FindingName.VARY_ORIGIN_MISSING,
        message="Access-Control-Allow-Origin depends on Origin and the answer may be cached, but Vary is {value}",
        explanation=(
            "Other origins got another Access-Control-Allow-Origin from this URL, and nothing tells a cache so. A "
            "cache, the browser's own or one on the way, may then give this answer to a page of another origin, which "
            "its browser denies it: the page breaks, now and then, for no reason that can be seen. An attacker can "
            "bring it about, too, by asking first."
        ),
        causes=(
            "the server answers Origin by hand and sends no Vary",
            "a proxy or CDN on the way drops Vary, or sets it anew",
            "Vary: Origin goes with preflights alone, which no cache keeps",
        ),
        fix="Have the server send with every answer of this URL, also to requests without Origin:\n"
        "  Vary: {new_headers}",
        anchor=_CACHES,
        header="Vary",
        example=(
            Finding(FindingName.VARY_ORIGIN_MISSING, _PAGE),
            Facts(origin=_PAGE, method="GET", headers=("Origin",), status=200, value="Accept-Encoding"),
        ),
        severity=Severity.WARNING,
    ),
    FindingExplanation(
        name=FindingName.NOT_READY_FOR_ISOLATION,
        message="{origin} wants cross-origin isolation, and this load is not ready for it: {detail}",
        explanation=(
            "The page sends Cross-Origin-Embedder-Policy-Report-Only: it loads everything as before, and wants to be "
            "told what the policy would stop once it is enforced. It would stop this. The browser itself tells nobody "
            "but the page's reporting endpoint, and the console of some."
        ),
        causes=(
            "another server's image, script or style sheet says nothing of who may embed it",
            "a frame or a worker without an embedder policy of its own, also from the page's own server",
            "the element lacks crossorigin, though its server allows CORS",
        ),
        fix=(
            "Have the server that answered send one of these; the second is for frames and workers, beside the first "
            "where they are of another origin:\n"
            "  Cross-Origin-Resource-Policy: cross-origin\n"
            "  Cross-Origin-Embedder-Policy: require-corp\n"
            "Or load it by CORS: give the element crossorigin, where its server allows the page. Where no server can "
            "be changed, the page's own policy credentialless asks less of images, scripts and style sheets."
        ),
        anchor=_RESOURCE_POLICY,
        header="Cross-Origin-Resource-Policy",
        example=(
            Finding(FindingName.NOT_READY_FOR_ISOLATION, "Cross-Origin-Resource-Policy: absent"),
            Facts(origin=_PAGE, method="GET", status=200),
        ),
        severity=Severity.WARNING,
    ),
    FindingExplanation(
        name=FindingName.ANY_SUBDOMAIN_WITH_CREDENTIALS,
        message="{detail}, a subdomain that nobody has seen, is allowed with credentials: so is any other",
        explanation=(
            "Every host below the domain may read this server's answers as the user who is logged in. That is as safe "
            "as the weakest of them: one with a flaw that lets strangers run a script in it, a name that still points "
            "to a service which somebody else can claim, a host that users or customers fill. Where all of them are "
            "run with the same care it is as it should be."
        ),
        causes=(
            "a wildcard (https://*.example.com), or a test of how the Origin ends, in place of a list",
            "customers or branches get subdomains of their own, and each is to use the server",
        ),
        fix=_NOT_ON_THE_LIST.format("{detail}"),
        anchor=_CREDENTIALS,
        header="Access-Control-Allow-Origin",
        example=(
            Finding(FindingName.ANY_SUBDOMAIN_WITH_CREDENTIALS, "https://cors-probe.example.com"),
            Facts(origin=_PAGE, method="GET", status=200, value="https://cors-probe.example.com"),
        ),
        severity=Severity.NOTE,
    ),
    FindingExplanation(
        name=FindingName.LOCAL_ORIGIN_WITH_CREDENTIALS,
        message="{detail} is allowed with credentials by a server outside the local network",
        explanation=(
            "What answers at localhost, or at an address of a private network, is another program on every machine and "
            "in every network: a tool under development with a flaw of its own, or another user's program. It may "
            "read this server's answers as the user who is logged in. On a server for tests that is as it should be."
        ),
        causes=(
            "developers' origins stayed on the list of the real server",
            "an app made of web pages (Capacitor, Cordova) that serves them from localhost",
            "this is a server for tests",
        ),
        fix=(
            "On the server for real users, answer {detail} without both of these:\n"
            "  Access-Control-Allow-Origin: {detail}\n"
            "  Access-Control-Allow-Credentials: true\n"
            "Developers can use a server for tests, or a proxy in their development server."
        ),
        anchor=_CREDENTIALS,
        header="Access-Control-Allow-Origin",
        example=(
            Finding(FindingName.LOCAL_ORIGIN_WITH_CREDENTIALS, "http://localhost:3000"),
            Facts(origin="http://localhost:3000", method="GET", status=200, value="http://localhost:3000"),
        ),
        severity=Severity.NOTE,
    ),
    FindingExplanation(
        name=FindingName.PRIVATE_SERVER_OPEN_TO_ALL,
        message="a server in a private network allows every origin",
        explanation=(
            "What protects this server is that strangers cannot reach it. But a browser inside the network can, and "
            "with * every page on the web that it visits may read the answers and carry them outside. * is for what "
            "anybody can fetch without a browser."
        ),
        causes=(
            "a device's or a tool's own default",
            "* was set because the server is not on the internet anyway",
        ),
        fix=(
            "Have the server name the page that may read its answers:\n"
            "  Access-Control-Allow-Origin: {origin}\n"
            "  Vary: Origin"
        ),
        anchor=_SAFE_SETUP,
        header="Access-Control-Allow-Origin",
        example=(
            Finding(FindingName.PRIVATE_SERVER_OPEN_TO_ALL),
            Facts(origin=_PAGE, method="GET", status=200, value="*"),
        ),
        severity=Severity.NOTE,
    ),
    FindingExplanation(
        name=FindingName.PRIVATE_ANSWER_OPEN_TO_ALL,
        message="an answer behind a login lets every page load it: * and no Cross-Origin-Resource-Policy ({detail})",
        explanation=(
            "This answer is made for one user: the browser's own cookies or login came with the request. "
            "Script elsewhere cannot read it, since with credentials * counts for nothing. But every page may load it "
            "as an image or a script, with the user's cookies: then it is in that page's process, where side channels "
            "such as Spectre reach it, and its size, or whether it loads at all, tells who is logged in. "
            "Cross-Origin-Resource-Policy keeps it out. To make sure that it is for one user, ask without cookies."
        ),
        causes=(
            "* is set for all that the server has, what needs a login included",
            "the server marks all its answers as private, this one too, which is the same for everybody",
            "a CDN adds * to all files",
        ),
        fix=(
            "Have the server send with what needs a login, and leave Access-Control-Allow-Origin: * out there:\n"
            "  Cross-Origin-Resource-Policy: same-site\n"
            "A page of another site that is meant to show it needs cross-origin there; SameSite on the session's "
            "cookie keeps the user out of other sites' requests altogether."
        ),
        anchor=_RESOURCE_POLICY,
        header="Access-Control-Allow-Origin",
        example=(
            Finding(FindingName.PRIVATE_ANSWER_OPEN_TO_ALL, "Cookie, and Cache-Control: private"),
            Facts(origin=_PAGE, method="GET", status=200, value="*"),
        ),
        severity=Severity.NOTE,
    ),
    FindingExplanation(
        name=FindingName.DENIED_YET_ACCEPTED,
        message="{detail}, without a preflight: the page was denied the answer, not the act",
        explanation=(
            "CORS keeps an answer from the page. The request itself had been sent, and the server took it: its status "
            "says so. No preflight asked before, since any form could send this request, and so any site can, with "
            "the user's cookies where these go along. Where it changes something, the missing CORS header protects "
            "nothing, and a page that tries again does it twice."
        ),
        causes=(
            "the server relies on CORS to keep strangers out, and acts before it looks at Origin",
            "the page's own server, whose CORS headers are missing on this answer",
            "a request that changes nothing (a search, a measurement): then there is nothing to do",
        ),
        fix=(
            "Have the server refuse, before it acts, what does not come from its own pages: by Origin or "
            "Sec-Fetch-Site, a CSRF token, or a request header or content type that needs a preflight; and give its "
            "cookies SameSite. If this page is to read the answer, send:\n"
            "  Access-Control-Allow-Origin: {origin}{credentials}\n"
            "  Vary: Origin"
        ),
        anchor=_PROTOCOL,
        example=(
            Finding(FindingName.DENIED_YET_ACCEPTED, "POST was answered 201"),
            Facts(origin=_PAGE, method="POST", status=201),
        ),
        severity=Severity.NOTE,
    ),
)

FINDINGS: Mapping[FindingName, FindingExplanation] = {FindingName(entry.name): entry for entry in _EXPLANATIONS}
"""By name, the gravest first."""

WARNINGS = frozenset(name for name, entry in FINDINGS.items() if entry.severity is not Severity.NOTE)
"""Findings that count as a failure where findings are asked for; notes do not."""
