"""What the messages that people paste may mean beside a reason of the registry: other blocks, failures, servers' words.

Law 1: what is not CORS says so first, and names what it is.
Law 2: what tells nothing says what to paste in addition, and where it stands.
Law 3: texts are in the developer's words, as in the registry: what is, then what to do about it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What kind of thing a pasted message tells."""

    CORS = "cors"
    """A matter of CORS that is none of the registry's refusals: a header that script may not read, say."""
    NOT_CORS = "not-cors"
    """Blocked or failed for another cause, which consoles and people often file under CORS."""
    SERVER = "server"
    """The server's own words: it refused, not the browser."""
    UNTOLD = "untold"
    """It says that something failed and not what; `paste` has what to paste in addition."""


class Cause(NamedTuple):
    """What a message means."""

    name: str
    title: str
    kind: Kind
    blocked_by: str | None
    """As in the JSON lines: the check that blocked; None where nothing did, or that is not told."""
    why: str
    fixes: tuple[str, ...] = ()
    """What to change, the likeliest first."""
    paste: tuple[str, ...] = ()
    """What else to paste, to know more."""
    spec: str | None = None


_CONSOLE = (
    "the whole console: the message with the cause stands right above this one (Chromium: has been blocked by CORS "
    "policy; Firefox: Cross-Origin Request Blocked; Safari: the line before)"
)
_RECORDING = "or a HAR file saved from the Network panel, to `cors-addon check`"
_FETCH = "https://fetch.spec.whatwg.org/"

# --- blocks beyond CORS -----------------------------------------------------------------------------------------------

_BLOCKS = (
    Cause(
        "orb",
        "Opaque Response Blocking",
        Kind.NOT_CORS,
        "orb",
        "An element without crossorigin (img, script, video) or a no-cors fetch asked another origin, and what came is "
        "nothing that such an element could use: HTML or JSON, mostly an error or login page in the place of an image "
        "or script. The browser keeps it out of the page's process.",
        (
            "Open the URL in a tab and look what it really answers: status, Content-Type and body. A 404 page, a login "
            "or a bot check is the usual find.",
            "Have the server send the right Content-Type for what the file is.",
            "To read JSON or text from another origin use fetch with CORS; an element or mode: 'no-cors' cannot.",
        ),
        spec=f"{_FETCH}#orb",
    ),
    Cause(
        "corb",
        "Cross-Origin Read Blocking",
        Kind.NOT_CORS,
        "orb",
        "The forerunner of Opaque Response Blocking, in Chromium up to about 110: an element or a no-cors request got "
        "HTML, XML or JSON from another origin, and the browser emptied the answer. For a tracking pixel or a beacon "
        "that nobody reads it is harmless.",
        (
            "Where the page needs the answer, use fetch with CORS, and Access-Control-Allow-Origin at the server.",
            "Where an image or script was meant, look what the URL really answers: mostly an error page.",
        ),
        spec=f"{_FETCH}#orb",
    ),
    Cause(
        "corp",
        "Cross-Origin-Resource-Policy",
        Kind.NOT_CORS,
        "corp",
        "The answer has Cross-Origin-Resource-Policy: same-origin or same-site, which forbids pages of other origins "
        "or "
        "sites to load it without CORS. Security middlewares (helmet, say) send it unasked.",
        (
            "At the server of the resource: Cross-Origin-Resource-Policy: cross-origin (helmet: "
            'crossOriginResourcePolicy: { policy: "cross-origin" }), where every site may load it.',
            "Or load it with CORS: crossorigin on the element, and Access-Control-Allow-Origin at the server.",
        ),
        spec=f"{_FETCH}#cross-origin-resource-policy-header",
    ),
    Cause(
        "coep",
        "Cross-Origin-Embedder-Policy",
        Kind.NOT_CORS,
        "coep",
        "The *page* has Cross-Origin-Embedder-Policy: require-corp (or Document-Isolation-Policy), so everything "
        "that it "
        "loads from elsewhere must agree to that; this resource says nothing, and that counts as no.",
        (
            "At the server of the resource: Cross-Origin-Resource-Policy: cross-origin.",
            "Or load it with CORS: crossorigin on the element, and Access-Control-Allow-Origin at the server.",
            "Or, at the page: Cross-Origin-Embedder-Policy: credentialless, where cookies are not needed for it; or no "
            "such policy, where the page needs no SharedArrayBuffer.",
        ),
        spec="https://html.spec.whatwg.org/multipage/browsers.html#coep",
    ),
    Cause(
        "coep-frame",
        "Cross-Origin-Embedder-Policy of a frame or worker",
        Kind.NOT_CORS,
        "coep",
        "The page has Cross-Origin-Embedder-Policy, and so a frame or worker in it must have that header itself; this "
        "one does not.",
        (
            "Send Cross-Origin-Embedder-Policy: require-corp with the frame's document or the worker's script, too, "
            "and "
            "Cross-Origin-Resource-Policy where it is of another origin.",
        ),
        spec="https://html.spec.whatwg.org/multipage/browsers.html#coep",
    ),
    Cause(
        "coop",
        "Cross-Origin-Opener-Policy",
        Kind.NOT_CORS,
        "other",
        "The page that was opened, or the one that opened it, has Cross-Origin-Opener-Policy, which cuts the tie "
        "between "
        "the two windows or forbids to show the page in a sandbox.",
        ("For a login popup: Cross-Origin-Opener-Policy: same-origin-allow-popups at the page that opens it.",),
        spec="https://html.spec.whatwg.org/multipage/browsers.html#cross-origin-opener-policies",
    ),
    Cause(
        "nosniff",
        "X-Content-Type-Options: nosniff",
        Kind.NOT_CORS,
        "nosniff",
        "The answer's Content-Type is not that of a script or stylesheet, and with X-Content-Type-Options: nosniff the "
        "browser takes the type at its word. text/html means mostly that an error or index page came.",
        (
            "Open the URL in a tab: where an HTML page comes, the URL is wrong, or the server answers everything with "
            "its index page.",
            "Else have the server send text/javascript or text/css.",
        ),
        spec=f"{_FETCH}#x-content-type-options-header",
    ),
    Cause(
        "mime",
        "MIME type",
        Kind.NOT_CORS,
        "mime",
        "The answer's Content-Type is not one that this element accepts: modules and workers need a JavaScript type, "
        "stylesheets text/css, EventSource text/event-stream. text/html means mostly that an error or index page came "
        "in the place of the file.",
        (
            "Open the URL in a tab: where an HTML page comes, the path is wrong (a base path, a deploy that removed "
            "old "
            "files), or the server answers everything with its index page.",
            "Else have the server send the right Content-Type.",
        ),
        spec="https://html.spec.whatwg.org/multipage/webappapis.html#fetch-a-single-module-script",
    ),
    Cause(
        "mixed-content-upgraded",
        "mixed content that was upgraded",
        Kind.NOT_CORS,
        None,
        "A note: the page on https asked for something on http, and the browser asked for it on https (or let it "
        "pass). "
        "Nothing was blocked; whether https worked is another matter.",
        ("Write the https URL in the page.",),
        ("the messages that follow",),
        spec="https://www.w3.org/TR/mixed-content/",
    ),
    Cause(
        "frame-options-ignored",
        "an X-Frame-Options that no browser knows",
        Kind.NOT_CORS,
        None,
        "A note: the value (ALLOW-FROM, say) is none that browsers know, so the header is ignored, and the page may be "
        "framed.",
        ("Use Content-Security-Policy: frame-ancestors with the origins that may frame the page.",),
        spec="https://html.spec.whatwg.org/multipage/document-lifecycle.html#the-x-frame-options-header",
    ),
    Cause(
        "coop-ignored",
        "a Cross-Origin-Opener-Policy that was ignored",
        Kind.NOT_CORS,
        None,
        "A note: on http (other than localhost) the header Cross-Origin-Opener-Policy has no effect. Nothing was "
        "blocked.",
        ("Serve the page over https.",),
    ),
    Cause(
        "coop-would-block",
        "a warning about Cross-Origin-Opener-Policy",
        Kind.NOT_CORS,
        None,
        "A warning that login popups (Google, Firebase, Microsoft) cause: with Cross-Origin-Opener-Policy on one of "
        "the two "
        "pages the popup cannot be watched. Where the login works all the same, nothing is to be done.",
        ("At the page that opens the popup: Cross-Origin-Opener-Policy: same-origin-allow-popups, or no such header.",),
        spec="https://html.spec.whatwg.org/multipage/browsers.html#cross-origin-opener-policies",
    ),
    Cause(
        "isolation",
        "a page that is not cross-origin isolated",
        Kind.NOT_CORS,
        None,
        "SharedArrayBuffer is there only on pages that are isolated from other origins: those with both "
        "Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy, on https or localhost.",
        (
            "At the page: Cross-Origin-Opener-Policy: same-origin, and Cross-Origin-Embedder-Policy: require-corp (or "
            "credentialless). Everything that it loads from elsewhere must then agree, by "
            "Cross-Origin-Resource-Policy or "
            "CORS.",
        ),
        spec="https://html.spec.whatwg.org/multipage/webappapis.html#concept-settings-object-cross-origin-isolated-capability",
    ),
    Cause(
        "preload-mismatch",
        "a preload that was not used",
        Kind.NOT_CORS,
        None,
        "A warning: what <link rel=preload> had fetched was not used, for the element that needed it asks in another "
        "mode "
        "(with or without CORS, with or without credentials), and it was fetched a second time. Nothing was blocked.",
        ("Put the same crossorigin on the preload as on the element; for fonts, and for fetch, always crossorigin.",),
        spec="https://html.spec.whatwg.org/multipage/links.html#link-type-preload",
    ),
    Cause(
        "cookie-left-out",
        "a cookie that was not sent or not stored",
        Kind.NOT_CORS,
        None,
        "The cookie's SameSite (Lax where it says nothing), or the browser's rule for third parties, keeps it from "
        "requests "
        "of another site's pages. The request goes out without it; what fails then is mostly the login: a 401, or a "
        "redirect "
        "to a login page, which is then refused by CORS.",
        (
            "Serve page and API from one site (app.example.com and api.example.com are one): SameSite=Lax is then "
            "enough.",
            "Else at the API: SameSite=None; Secure on the cookie, and credentials: 'include' in the page; browsers "
            "that block "
            "third-party cookies leave it out all the same.",
        ),
        ("the messages of CORS that stand beside it",),
        spec="https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#name-samesite-cookies",
    ),
    Cause(
        "extension-resource",
        "a file of a browser's extension",
        Kind.NOT_CORS,
        "other",
        "A page asked for a file of an extension that the extension does not give to pages.",
        ("In the extension's manifest: list the file in web_accessible_resources, with the sites that may load it.",),
    ),
    Cause(
        "font-refused",
        "a font of another origin",
        Kind.CORS,
        "cors",
        "Fonts are always loaded with CORS, without credentials, and this answer did not pass; or the URL leads "
        "nowhere "
        "that a font may come from.",
        (
            "Have the font's server send Access-Control-Allow-Origin (for public fonts * will do), on redirects, too.",
            "Or serve the font from the page's own origin.",
        ),
        ("Firefox' message that begins with «Cross-Origin Request Blocked»",),
        spec="https://www.w3.org/TR/css-fonts-4/#font-fetching-requirements",
    ),
    Cause(
        "font-blocked",
        "a font that the page's policy forbids",
        Kind.NOT_CORS,
        "csp",
        "The page's own Content-Security-Policy (font-src) or mixed content kept the font from being asked for.",
        ("Add the font's origin to font-src, or use its https URL.",),
        ("the message of the policy, right above it",),
        spec="https://www.w3.org/TR/CSP3/#directive-font-src",
    ),
    Cause(
        "mime-warning",
        "a wrong MIME type that was let pass",
        Kind.NOT_CORS,
        None,
        "A warning: the file was used although its Content-Type is wrong. Nothing was blocked; with "
        "X-Content-Type-Options: nosniff, or as a module, it would be.",
        ("Have the server send text/javascript or text/css.",),
        spec="https://mimesniff.spec.whatwg.org/#javascript-mime-type",
    ),
    Cause(
        "mime-or-nosniff",
        "NS_ERROR_CORRUPTED_CONTENT",
        Kind.NOT_CORS,
        "mime",
        "Firefox' name for a script or stylesheet whose MIME type it refused (with nosniff, as a module or in a "
        "worker), "
        "and for an answer whose HTTP is broken.",
        ("Open the URL in a tab: an HTML page in the place of the file is the usual find.",),
        ("the message that names the type (Firefox: was blocked because of a disallowed MIME type)",),
        spec=f"{_FETCH}#x-content-type-options-header",
    ),
    Cause(
        "csp",
        "Content Security Policy",
        Kind.NOT_CORS,
        "csp",
        "The page's *own* policy (its Content-Security-Policy header or <meta>) does not list this URL, and so the "
        "request was not even sent, or its answer not used. No header of the other server can help.",
        (
            "At the page's server, or in its <meta>: add the URL's origin to the directive that the message names "
            "(connect-src for fetch, XMLHttpRequest and WebSocket; default-src where that directive is not set).",
            "Redirects are checked too: the origin they lead to must be listed as well. Of several policies each must "
            "allow it.",
        ),
        spec="https://www.w3.org/TR/CSP3/#framework-policy-enforcement",
    ),
    Cause(
        "csp-report-only",
        "Content Security Policy, report only",
        Kind.NOT_CORS,
        None,
        "A policy that only reports: nothing was blocked by it. It tells what the policy would block if it were "
        "enforced. Whatever failed, failed for another cause.",
        (),
        ("the other messages in the console",),
        spec="https://www.w3.org/TR/CSP3/#cspro-header",
    ),
    Cause(
        "mixed-content",
        "mixed content",
        Kind.NOT_CORS,
        "mixed-content",
        "A page on https asked for something on http (or ws:), and browsers do not send that. A redirect to http "
        "counts, "
        "too: frameworks behind a TLS proxy often build one, for the slash at a path's end, say.",
        (
            "Ask for the https (wss:) URL; for http://localhost an exception is made.",
            "Where a redirect leads to http: have the framework trust X-Forwarded-Proto, or ask for the URL that is "
            "not "
            "redirected.",
            "upgrade-insecure-requests in the page's policy turns such URLs into https, where the server has it.",
        ),
        spec="https://www.w3.org/TR/mixed-content/",
    ),
    Cause(
        "sri",
        "Subresource Integrity",
        Kind.NOT_CORS,
        "sri",
        "The element has an integrity attribute, and the file that came has another digest: the file was changed, "
        "minified or compressed anew, or an error page came.",
        ("Make the digest anew, or load the exact version of the file that it was made of.",),
        spec="https://www.w3.org/TR/SRI/",
    ),
    Cause(
        "sri-without-cors",
        "Subresource Integrity without CORS",
        Kind.NOT_CORS,
        "sri",
        "The element has an integrity attribute and loads from another origin without CORS: the digest of such an "
        "answer may not be checked, and so it is blocked, right or wrong.",
        (
            "Put crossorigin on the element; the server must send Access-Control-Allow-Origin, as public CDNs do.",
            "Or leave the integrity attribute out.",
        ),
        spec="https://www.w3.org/TR/SRI/",
    ),
    Cause(
        "frame-options",
        "X-Frame-Options",
        Kind.NOT_CORS,
        "frame-options",
        "The page that was to be shown in a frame forbids that, with X-Frame-Options. Only its own server can allow "
        "it.",
        (
            "If that server is yours: replace X-Frame-Options by Content-Security-Policy: frame-ancestors 'self' and "
            "the origins that may frame it.",
            "If not: open the page in a window or tab of its own; login pages never allow frames.",
        ),
        spec="https://html.spec.whatwg.org/multipage/document-lifecycle.html#the-x-frame-options-header",
    ),
    Cause(
        "frame-ancestors",
        "frame-ancestors",
        Kind.NOT_CORS,
        "frame-ancestors",
        "The page that was to be shown in a frame lists who may frame it, in its Content-Security-Policy, and this "
        "page "
        "is not on the list. Only its own server can change that.",
        ("At the framed page's server: add this page's origin to frame-ancestors.",),
        spec="https://www.w3.org/TR/CSP3/#directive-frame-ancestors",
    ),
    Cause(
        "cross-origin-frame",
        "access to another origin's window",
        Kind.NOT_CORS,
        "other",
        "Script of one origin touched the document of a frame or window of another. That is the same-origin policy "
        "itself; no CORS header can lift it.",
        (
            "Let the two windows talk by postMessage.",
            "Or serve both from one origin, through a proxy, say. In tests (Cypress): cy.origin, or "
            "chromeWebSecurity: false.",
        ),
        spec="https://html.spec.whatwg.org/multipage/nav-history-apis.html#cross-origin-objects",
    ),
    Cause(
        "unsafe-attempt",
        "a document that may not be loaded from here",
        Kind.NOT_CORS,
        "other",
        "A frame, a worker or an SVG <use> was to be loaded where only the page's own origin is allowed, or a page "
        "that "
        "failed to load stands in the frame.",
        (
            "Serve the file from the page's own origin; an SVG sprite or worker cannot be had from elsewhere.",
            "A page opened from disk (file:) has no origin in common with any other file: use a local web server.",
        ),
        spec="https://html.spec.whatwg.org/multipage/browsers.html#same-origin",
    ),
    Cause(
        "post-message-target",
        "postMessage to another origin than is there",
        Kind.NOT_CORS,
        None,
        "The second argument of postMessage names an origin, and the window shows a page of another (often about:blank "
        "still, or an error page). The message was not delivered; nothing was blocked beside that.",
        ("Wait for the frame's load event, and give the exact origin that it then has, with scheme and port.",),
        spec="https://html.spec.whatwg.org/multipage/web-messaging.html#dom-window-postmessage-options-dev",
    ),
    Cause(
        "worker-origin",
        "a worker's script of another origin",
        Kind.NOT_CORS,
        "other",
        "The script of a worker must be of the page's own origin, whatever CORS headers its server sends.",
        (
            "Serve the script from the page's origin.",
            "Or start a blob: worker that has importScripts (or import) with the URL; a module needs CORS headers "
            "then.",
        ),
        spec="https://html.spec.whatwg.org/multipage/workers.html#dom-worker",
    ),
    Cause(
        "service-worker-opaque",
        "a service worker answered with an opaque response",
        Kind.NOT_CORS,
        "other",
        "The page's service worker answered a request that was made with CORS with a response that it had got without "
        "(mode: 'no-cors', or from its cache): an opaque response serves only no-cors requests.",
        (
            "In the service worker pass the event's own request on (fetch(event.request)), or ask with mode: 'cors'; "
            "the server must then allow the origin.",
            "Empty its cache of the opaque answers (precaching of another origin's files makes them): Application > "
            "Service Workers > Unregister, and Clear storage.",
        ),
        spec=f"{_FETCH}#http-fetch",
    ),
    Cause(
        "service-worker-answer",
        "a service worker's answer failed",
        Kind.NOT_CORS,
        "other",
        "The page's service worker took the request and answered with an error, a rejected promise or a response that "
        "does not fit it. What the page sees is the worker's failure.",
        (
            "Look at the worker's own console (Application > Service Workers): the fetch that failed there has the "
            "cause.",
        ),
        ("the messages of the service worker's own console",),
        spec=f"{_FETCH}#http-fetch",
    ),
    Cause(
        "tainted-canvas",
        "tainted canvas",
        Kind.CORS,
        "cors",
        "An image or video of another origin was drawn into the canvas, and it had been loaded without CORS: the "
        "canvas "
        "is tainted, and script may not read from it. The image was shown all the same.",
        (
            'Set crossOrigin = "anonymous" on the image *before* its src (in the markup: crossorigin), and have its '
            "server send Access-Control-Allow-Origin.",
            "A copy that the browser stored without CORS spoils it: use crossorigin on every use of that URL, or send "
            "Vary: Origin and the header always.",
            "A page opened from disk (file:) taints every canvas: use a local web server.",
        ),
        spec="https://html.spec.whatwg.org/multipage/canvas.html#security-with-canvas-elements",
    ),
    Cause(
        "cross-origin-stylesheet",
        "rules of another origin's stylesheet",
        Kind.CORS,
        "cors",
        "Script read cssRules of a stylesheet that was loaded from another origin without CORS.",
        (
            'Put crossorigin="anonymous" on the <link>, and have the server send Access-Control-Allow-Origin.',
            "Or let the script leave such sheets out (a try around it).",
        ),
        spec="https://www.w3.org/TR/cssom-1/#dom-cssstylesheet-cssrules",
    ),
    Cause(
        "silent-web-audio",
        "Web Audio of another origin's media",
        Kind.CORS,
        "cors",
        "An audio or video element of another origin, loaded without CORS, was connected to Web Audio: it plays "
        "silence "
        "there.",
        (
            'Set crossOrigin = "anonymous" on the element before its src, and have the server send '
            "Access-Control-Allow-Origin.",
        ),
        spec="https://webaudio.github.io/web-audio-api/#MediaElementAudioSourceNode",
    ),
    Cause(
        "media-denied",
        "another origin's script, media or text track",
        Kind.CORS,
        "cors",
        "An element with crossorigin (or a module) asked another origin, and the answer did not pass the CORS check, "
        "or "
        "was blocked otherwise. Safari says no more here.",
        (
            "Have the server send Access-Control-Allow-Origin, on redirects and error answers too; or, where no script "
            "reads from it, leave crossorigin out.",
        ),
        ("the line before it, or the answer's headers",),
        spec=f"{_FETCH}#concept-cors-check",
    ),
    Cause(
        "script-error",
        "an error in another origin's script",
        Kind.CORS,
        None,
        "An error was thrown in a script from another origin that was loaded without CORS: window.onerror is told only "
        "«Script error.», without message, file and line.",
        (
            'Put crossorigin="anonymous" on the <script>, and have its server send Access-Control-Allow-Origin.',
            "The browser's own console shows the error in full.",
        ),
        spec="https://html.spec.whatwg.org/multipage/webappapis.html#muted-errors",
    ),
    Cause(
        "header-not-exposed",
        "a response header that script may not read",
        Kind.CORS,
        None,
        "The answer was allowed, but of its headers script reads only a few (Cache-Control, Content-Language, "
        "Content-Length, Content-Type, Expires, Last-Modified, Pragma) and those that Access-Control-Expose-Headers "
        "lists. Set-Cookie cannot be read by any.",
        ("At the server: list the header's name in Access-Control-Expose-Headers (with credentials, not as *).",),
        spec=f"{_FETCH}#http-access-control-expose-headers",
    ),
    Cause(
        "forbidden-header",
        "a request header that script may not set",
        Kind.NOT_CORS,
        None,
        "Script set a header that only the browser itself sets (Host, Origin, Referer, Cookie, Content-Length, "
        "User-Agent "
        "in Chromium, Connection, Accept-Encoding …): it was left out, and the request sent all the same.",
        ("Take it out of the page's code. For cookies use credentials: 'include'; Origin and Host cannot be chosen.",),
        spec=f"{_FETCH}#forbidden-request-header",
    ),
    Cause(
        "file-page",
        "a page opened from disk",
        Kind.NOT_CORS,
        "cors",
        "The page was opened as a file (file:), and asks for another file: a module script, a fetch, a font. Files "
        "have "
        "no origin in common (their origin is null), and no server that could send a header.",
        (
            "Serve the folder by a local web server and open http://localhost: `python3 -m http.server`, `npx serve`, "
            "or the development server of your framework.",
            "In an app (Electron, Cordova, WebView) use its own scheme or asset loader in the place of file:.",
        ),
        spec="https://html.spec.whatwg.org/multipage/browsers.html#origin",
    ),
    Cause(
        "url-scheme",
        "a URL that is not http or https",
        Kind.NOT_CORS,
        "cors",
        "The page asked for a URL of a scheme that fetch cannot ask across origins. Often the scheme was forgotten: in "
        "localhost:8080/x the browser takes localhost for the scheme.",
        (
            "Write the URL whole, with http:// or https://, in the page's code or its configuration (base URL, "
            "environment variable).",
            "An app's own scheme must be registered as one that has CORS (Electron: registerSchemesAsPrivileged with "
            "supportFetchAPI and corsEnabled).",
        ),
        spec=f"{_FETCH}#concept-main-fetch",
    ),
    Cause(
        "local-file",
        "a local file",
        Kind.NOT_CORS,
        "other",
        "A page from the web asked for a file on this computer, which browsers never allow.",
        ("Put the file on the web server, and use its http or https URL.",),
        spec=f"{_FETCH}#fetching",
    ),
    Cause(
        "url-with-credentials",
        "a URL with user name and password",
        Kind.NOT_CORS,
        "other",
        "Browsers do not load anything of a page from a URL such as https://user:password@host/.",
        ("Send Authorization as a header (and allow it in Access-Control-Allow-Headers).",),
        spec=f"{_FETCH}#concept-main-fetch",
    ),
    Cause(
        "private-network-preflight",
        "Private Network Access: the preflight's answer",
        Kind.NOT_CORS,
        "local-network",
        "A page of the public web asked a private address or localhost, and Chromium (104 to 141) asked that server by "
        "a preflight with Access-Control-Request-Private-Network: true; its answer lacks the permission. By default "
        "that is a warning, and the request is sent all the same: if it failed, look for another cause beside this, "
        "unless a flag or a policy has Chromium insist.",
        (
            "At the local server, in answer to OPTIONS: Access-Control-Allow-Private-Network: true, beside the usual "
            "headers, and only to origins on its list.",
            "Newer Chromium asks the user instead (Local Network Access): allow it in the site's settings.",
        ),
        spec="https://wicg.github.io/local-network-access/",
    ),
    Cause(
        "local-network",
        "Local Network Access",
        Kind.NOT_CORS,
        "local-network",
        "A page of the public web may ask this computer or the local network only with the user's permission (Chromium "
        "142 and later, Firefox too), and only from https. The request was not sent, and no CORS header can help.",
        (
            "Allow «local network» (apps on this device) for the site: the icon beside the URL, site settings.",
            "Serve the page over https, or from the local network itself. A frame needs "
            'allow="local-network-access; loopback-network; local-network".',
        ),
        spec="https://wicg.github.io/local-network-access/",
    ),
    Cause(
        "websocket-refused",
        "a WebSocket handshake that was refused",
        Kind.NOT_CORS,
        "other",
        "WebSockets are not held to CORS: the browser sends Origin, and the *server* decides. It answered the "
        "handshake "
        "with an error status; 403 is mostly its list of allowed origins (or a login), 404 a wrong path, 400, 502 or "
        "200 a proxy that does not pass the upgrade on.",
        (
            "403: add the page's origin to the server's own list (socket.io: cors.origin; Django Channels: "
            "AllowedHostsOriginValidator; Rails: action_cable.allowed_request_origins; Spring: setAllowedOrigins).",
            "400, 426, 502: have the proxy pass Upgrade and Connection on (nginx: proxy_http_version 1.1; "
            "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade).",
            "404: compare the path with the server's route.",
        ),
        spec="https://websockets.spec.whatwg.org/#feedback-from-the-protocol",
    ),
    Cause(
        "websocket-failed",
        "a WebSocket that failed",
        Kind.NOT_CORS,
        "other",
        "WebSockets are not held to CORS. The connection failed: the server is not there or was refused, its "
        "certificate is not trusted, it refused the handshake (by the page's Origin, perhaps), or a proxy in between "
        "does not pass the upgrade on.",
        (
            "Look at the handshake in the Network panel: its status tells which; none means that no connection was "
            "made.",
        ),
        ("the status of the handshake (Network panel, filter WS)",),
        spec="https://websockets.spec.whatwg.org/#feedback-from-the-protocol",
    ),
    Cause(
        "event-source-failed",
        "an EventSource that failed",
        Kind.UNTOLD,
        None,
        "The browser could not open the event stream. That may be the network, a status that is not 200, a wrong "
        "type or "
        "CORS: this message does not say which.",
        (),
        (_CONSOLE, "the answer's status and headers (Network panel)"),
    ),
    Cause(
        "websocket-or-event-source",
        "a connection that Firefox could not establish",
        Kind.UNTOLD,
        "other",
        "Firefox says this of WebSockets (ws:, wss:) and of event streams. WebSockets are not held to CORS: the server "
        "is not there, or refused the handshake. An event stream (https:) may have failed for CORS, too.",
        ("Look at the handshake's status in the Network panel: 403 is mostly the server's own list of origins.",),
        ("the status of the request (Network panel)",),
    ),
)

# --- no answer --------------------------------------------------------------------------------------------------------

_FAILURES = (
    Cause(
        "connection-failed",
        "no connection",
        Kind.NOT_CORS,
        "network",
        "Nobody answered at that address: the server is not running, listens on another port or on another interface "
        "(localhost may be ::1 or 127.0.0.1), or a firewall is in between.",
        ("Start the server, and compare host and port; then curl -v the same URL.",),
        spec=f"{_FETCH}#concept-network-error",
    ),
    Cause(
        "name-not-resolved",
        "a host that is not known",
        Kind.NOT_CORS,
        "network",
        "There is no address for the URL's host: it is misspelt, inside another network (a container's name, a VPN), "
        "or "
        "the name server cannot be reached.",
        ("Compare the host in the URL; a container's or service's name is not known to a browser outside.",),
        spec=f"{_FETCH}#concept-network-error",
    ),
    Cause(
        "certificate",
        "a certificate that is not trusted",
        Kind.NOT_CORS,
        "network",
        "The server's certificate is not trusted: self-signed, expired or for another host. A fetch cannot ask the "
        "user "
        "to go on, so it just fails.",
        (
            "Open the URL in a tab to see what is wrong; use a certificate that this browser trusts (mkcert, for local "
            "servers).",
        ),
        spec=f"{_FETCH}#concept-network-error",
    ),
    Cause(
        "tls",
        "TLS",
        Kind.NOT_CORS,
        "network",
        "The secure connection could not be made: https was asked of a port that speaks http, or the two sides have no "
        "version of TLS in common.",
        ("Compare scheme and port: a development server mostly speaks http.",),
        spec=f"{_FETCH}#concept-network-error",
    ),
    Cause(
        "timeout",
        "no answer in time",
        Kind.NOT_CORS,
        "network",
        "The server, or something on the way to it, did not answer in time.",
        ("Ask for the same URL with curl -v from the same machine.",),
        spec=f"{_FETCH}#concept-network-error",
    ),
    Cause(
        "connection-lost",
        "a connection that broke off",
        Kind.NOT_CORS,
        "network",
        "The connection ended before the answer was whole: the server crashed on this request, a proxy closed it, or a "
        "limit on size or time struck.",
        ("Look at the server's and the proxy's log for this request.",),
        spec=f"{_FETCH}#concept-network-error",
    ),
    Cause(
        "proxy-failed",
        "the proxy",
        Kind.NOT_CORS,
        "network",
        "The browser could not reach, or was refused by, the proxy that it is set to use.",
        ("Start the proxy, or take it out of the browser's settings.",),
    ),
    Cause(
        "offline",
        "no network",
        Kind.NOT_CORS,
        "network",
        "The browser had no network, or it changed while the request was under way.",
        ("Try again with the network up.",),
    ),
    Cause(
        "aborted",
        "a request that was cancelled",
        Kind.NOT_CORS,
        None,
        "The request was given up on the page's side: the page was left or reloaded, an AbortController, a timeout of "
        "the client's, a form that submits beside the fetch. It is no refusal.",
        ("Call preventDefault in a submit handler that fetches; look for what reloads or aborts.",),
        spec=f"{_FETCH}#concept-network-error",
    ),
    Cause(
        "blocked-by-client",
        "an extension or the browser's own protection",
        Kind.NOT_CORS,
        "other",
        "An ad blocker, a privacy extension or the browser's tracking protection stopped the request before it was "
        "sent.",
        (
            "Try in a private window without extensions; a path with «ads», «track» or «analytics» in it is often "
            "enough.",
        ),
    ),
    Cause(
        "blocked-by-administrator",
        "a rule of this computer's administrator",
        Kind.NOT_CORS,
        "other",
        "A policy (URL block list) of the administrator, or Safe Browsing, forbids this URL.",
        ("Ask the administrator; chrome://policy shows the rules.",),
    ),
    Cause(
        "blocked-by-devtools",
        "request blocking of the developer tools",
        Kind.NOT_CORS,
        "other",
        "The developer tools themselves block this URL: a pattern is set in their request blocking panel.",
        ("Remove the pattern, or close the tools.",),
    ),
    Cause(
        "blocked-by-response",
        "blocked by a header of the answer or of the page",
        Kind.UNTOLD,
        "other",
        "Chromium refused the answer for one of: Cross-Origin-Resource-Policy, Cross-Origin-Embedder-Policy, "
        "X-Frame-Options or frame-ancestors. The word after the full stop would tell which; here it is missing.",
        (),
        ("the whole name (net::ERR_BLOCKED_BY_RESPONSE.…), or the answer's headers",),
    ),
    Cause(
        "unsafe-port",
        "a port that browsers do not use",
        Kind.NOT_CORS,
        "network",
        "Browsers ask no server on ports of other protocols (6000, 6665 to 6669, 25, 22 …), whatever listens there.",
        ("Let the server listen on another port.",),
        spec=f"{_FETCH}#port-blocking",
    ),
    Cause(
        "bad-answer",
        "an answer that is no proper HTTP",
        Kind.NOT_CORS,
        "network",
        "The answer, or its coding, is broken: a wrong Content-Length, Content-Encoding or chunk, a header with a line "
        "break in it, or HTTP/2 that was not kept to.",
        ("Ask with curl -v --http1.1 and --http2, and look at the server's and the proxy's log.",),
        spec=f"{_FETCH}#concept-network-error",
    ),
    Cause(
        "no-answer",
        "a failure of the network",
        Kind.NOT_CORS,
        "network",
        "By its name this is a failure of the connection or of the browser, and none of CORS.",
        ("Ask for the same URL with curl -v, from the same machine.",),
        spec=f"{_FETCH}#concept-network-error",
    ),
    Cause(
        "http-status",
        "the server answered with an error",
        Kind.NOT_CORS,
        None,
        "The server did answer, with a status that is an error. That is what failed first; where a message of CORS "
        "stands beside it, the error page merely lacks the CORS headers.",
        (
            "401, 403: the login or token; 404, 405: the URL or method; 413, 429: a limit; 5xx: the server's log has "
            "the cause.",
        ),
        ("a message of CORS, if the console has one",),
    ),
    Cause(
        "http-status-auth",
        "the server asks who is there",
        Kind.NOT_CORS,
        None,
        "The server answered 401 or 403: no session, a bad or expired token, or a rule that forbids it. Where a "
        "message "
        "of CORS stands beside it, the error page merely lacks the CORS headers.",
        (
            "Mend the login or the token first. If it is the *preflight* that got this status: answer OPTIONS before "
            "authentication, for a preflight never carries credentials.",
        ),
        ("a message of CORS, if the console has one",),
    ),
)

# --- what tells nothing -----------------------------------------------------------------------------------------------

_UNTOLD = (
    Cause(
        "says-nothing",
        "all that script is told",
        Kind.UNTOLD,
        None,
        "This is all that script is told, whatever the cause, on purpose: a page must not learn what other sites "
        "answer. "
        "It may be CORS, the network, a certificate, a content policy or an ad blocker.",
        (),
        (_CONSOLE, _RECORDING),
    ),
    Cause(
        "exchange-allowed",
        "an answer that permits it",
        Kind.UNTOLD,
        None,
        "By these headers a browser lets a page of this origin read the answer. So the page got another one: its "
        "request "
        "has another method, other headers or cookies than this, a preflight before it, a redirect, or an answer from "
        "a cache.",
        (
            "Ask as the page does: its preflight (curl -X OPTIONS with Origin, Access-Control-Request-Method and "
            "-Headers), then its request with its Origin. Copy as cURL, in the Network panel, has the request.",
        ),
        (_CONSOLE, "or the preflight and its answer (the OPTIONS entry of the Network panel)", _RECORDING),
    ),
    Cause(
        "request-without-origin",
        "a request without Origin",
        Kind.UNTOLD,
        None,
        "This request bears no Origin, so it does not show what a page gets: many servers send their CORS headers only "
        "where there is one, and decide by it. curl and other programs are not held to CORS.",
        ("Send it again with the page's origin: curl -i -H 'Origin: https://your-page' and the URL.",),
        ("what comes then", _CONSOLE),
    ),
    Cause(
        "request-alone",
        "a request without its answer",
        Kind.UNTOLD,
        None,
        "This is what the page asks; whether it may have the answer is decided by the headers of that, and of the "
        "preflight's. They are not in this paste.",
        (
            "Send it (curl -i shows the answer's headers), with Origin, and before it the preflight: OPTIONS with "
            "Access-Control-Request-Method and -Headers. `cors.curl` in the proxy writes both.",
        ),
        ("the answer's headers, with the status", _CONSOLE, _RECORDING),
    ),
    Cause(
        "answer-alone",
        "an answer without its request",
        Kind.UNTOLD,
        None,
        "Whether a page may have this answer depends on the page's origin, on the method, headers and cookies of its "
        "request, and on the preflight's answer before that. They are not in this paste.",
        ("Ask again with the page's origin, and paste both: curl -i -H 'Origin: https://your-page' and the URL.",),
        (_CONSOLE, "the request's URL, method and Origin", _RECORDING),
    ),
    Cause(
        "server-config",
        "a server's configuration",
        Kind.UNTOLD,
        None,
        "These lines set CORS headers; which of them reach the browser depends on the rest: nginx sends add_header of "
        "the "
        "innermost block alone, and without `always` not with errors; the application behind it may add the same "
        "header "
        "once more. $http_origin lets the pages of any site in, with the user's cookies where Allow-Credentials is "
        "true.",
        (
            "nginx: `always` with each add_header, all of them in the block that answers, the origin from a map of "
            "those that may. Apache: Header always set.",
            "`cors-addon policy export --to nginx` (or apache, caddy …) writes them from a policy.",
        ),
        (_CONSOLE, "or what comes: curl -i -X OPTIONS with Origin and Access-Control-Request-Method"),
    ),
    Cause(
        "har-file",
        "a HAR file",
        Kind.UNTOLD,
        None,
        "This is a recording, and no message: `cors-addon check` judges every exchange in it, with the check that "
        "failed "
        "and what to change.",
        ("Save it to a file, and run: cors-addon check FILE",),
        ("nothing: give the file to `cors-addon check`",),
    ),
    Cause(
        "module-failed",
        "a module that could not be imported",
        Kind.UNTOLD,
        None,
        "A module, or one that it imports, did not load: the file is no longer there after a new release, an HTML "
        "page came "
        "in its place, or CORS, a policy or the network was in the way. This message does not say which.",
        ("Open the module's URL in a tab. After a release, reload the page: its old chunks are gone.",),
        (_CONSOLE, "the status and type of that file (Network panel)"),
    ),
    Cause(
        "err-failed",
        "net::ERR_FAILED",
        Kind.UNTOLD,
        None,
        "Chromium's name for a request that the browser itself refused or gave up: CORS in most cases, else an "
        "extension, a service worker or Local Network Access. A status after it (200, 401) is the server's answer.",
        (),
        (_CONSOLE, _RECORDING),
    ),
    Cause(
        "bad-uri",
        "NS_ERROR_DOM_BAD_URI",
        Kind.UNTOLD,
        None,
        "Firefox's name for a request that the browser itself refused: CORS in most cases, else a policy of the page.",
        (),
        (_CONSOLE, _RECORDING),
    ),
    Cause(
        "access-control-checks",
        "Safari's second line",
        Kind.UNTOLD,
        None,
        "Safari writes two or three lines for one refusal, and this is the one that only says that there was one. The "
        "cause stands in the line before it (Origin … is not allowed by Access-Control-Allow-Origin; Preflight "
        "response "
        "is not successful …). Where none does, it was no answer of the server: the connection, mixed content, a "
        "content blocker or Cross-Origin-Resource-Policy.",
        (),
        ("the line before it, and the «Failed to load resource» line after it, which repeats the cause", _RECORDING),
    ),
    Cause(
        "chromium-cut-off",
        "Chromium's message without its end",
        Kind.UNTOLD,
        "cors",
        "The beginning of Chromium's message: that CORS refused. The check that failed stands at its end, after "
        "«has been blocked by CORS policy:».",
        (),
        ("the whole message", _RECORDING),
    ),
    Cause(
        "gecko-cut-off",
        "Firefox' message without its reason",
        Kind.UNTOLD,
        None,
        "The beginning of Firefox' message; the cause stands at its end, in brackets: (Reason: …). Its link «Learn "
        "More» "
        "names it, too.",
        (),
        ("the whole message, or the address of its link «Learn More»", _RECORDING),
    ),
    Cause(
        "redirect-refused",
        "Safari's word for a redirect that CORS refused",
        Kind.UNTOLD,
        "cors",
        "The answer that redirects was refused: each hop needs CORS headers of its own. What was wrong with it "
        "stands at "
        "the message's end.",
        (),
        ("the whole message", _RECORDING),
    ),
    Cause(
        "cors-unnamed",
        "CORS, without the check that failed",
        Kind.UNTOLD,
        "cors",
        "CORS refused the answer or its preflight; the check that failed is not told here.",
        (),
        (_CONSOLE, _RECORDING),
    ),
    Cause(
        "script-load-failed",
        "Firefox' word for any script that did not load",
        Kind.UNTOLD,
        None,
        "The script did not load. Why stands in a message of its own: CORS, its MIME type, a policy, integrity, or an "
        "error status.",
        (),
        (_CONSOLE,),
    ),
    Cause(
        "response-body-kept",
        "Firefox' network panel: the body is kept from script",
        Kind.UNTOLD,
        "cors",
        "CORS refused the answer, and Firefox keeps its body from script; the reason stands in brackets.",
        (),
        ("the reason in brackets, or the word in the column «Transferred»",),
    ),
    Cause(
        "blocked-by-policy",
        "a policy of the page or of the browser",
        Kind.UNTOLD,
        "other",
        "Firefox' word for what the page's Content-Security-Policy, mixed content or an extension forbids.",
        (),
        (_CONSOLE,),
    ),
    Cause(
        "gecko-in-another-language",
        "Firefox, in words that are not known here",
        Kind.UNTOLD,
        "cors",
        "This has the form of Firefox' message of CORS (an address, and the reason in brackets), in a language or "
        "version "
        "whose words are not known here.",
        (),
        (
            "the address of its link «Learn More»: it ends in the error's name",
            "or the word in the network panel (CORS …)",
        ),
    ),
    Cause(
        "no-access",
        "Origin is therefore not allowed access",
        Kind.UNTOLD,
        "cors",
        "The end of an older Chromium's message; the check that failed stands in the sentence before.",
        (),
        ("the whole message",),
    ),
    Cause(
        "insecure-operation",
        "SecurityError: the operation is insecure",
        Kind.UNTOLD,
        "other",
        "Firefox and Safari say this of many things: reading a tainted canvas (an image of another origin without "
        "crossorigin), storage or history of a page without an origin, a WebSocket on http from an https page, a "
        "worker "
        "of another origin.",
        (),
        ("the line of code that it names",),
    ),
    Cause(
        "request-terminated",
        "superagent's list of possible causes",
        Kind.UNTOLD,
        None,
        "superagent got no answer and names what it might be; it knows no more than script is told.",
        (),
        (_CONSOLE, _RECORDING),
    ),
    Cause(
        "swagger-failed",
        "Swagger UI's list of possible reasons",
        Kind.UNTOLD,
        None,
        "Swagger UI got no answer and names what it might be; it knows no more than script is told. The usual ones: "
        "the "
        "server does not allow the origin of the documentation page; the page is https and the API's URL http.",
        ("Compare «servers» (host, schemes) in the API's description with the address of the page.",),
        (_CONSOLE, _RECORDING),
    ),
    Cause(
        "angular-zero",
        "Angular's status 0",
        Kind.UNTOLD,
        None,
        "Angular got no answer: status 0 stands for whatever the browser does not tell script, CORS, the network or a "
        "certificate.",
        (),
        (_CONSOLE, _RECORDING),
    ),
    Cause(
        "react-native",
        "Network request failed",
        Kind.UNTOLD,
        None,
        "In an app of React Native there is no CORS: it is the network (on a device localhost is the device itself; "
        "Android's emulator reaches the computer at 10.0.2.2; cleartext http is off by default). In a browser, this is "
        "what a polyfill of fetch says, and tells nothing.",
        ("React Native: use the computer's address in the place of localhost; allow cleartext http for development.",),
        ("where it ran; in a browser, the whole console",),
    ),
    Cause(
        "outside-a-browser",
        "a request outside a browser",
        Kind.NOT_CORS,
        "network",
        "Node, curl and other programs know no CORS: what failed is the network. The cause is named after it "
        "(ECONNREFUSED,"
        " ENOTFOUND, a certificate).",
        ("Look at the error's cause. In server-side rendering a relative URL or localhost may mean another machine.",),
        ("error.cause, or the lines below it",),
    ),
)

_BESIDE = (
    Cause(
        "referrer-policy",
        "the Referrer-Policy, which is no error",
        Kind.NOT_CORS,
        None,
        "strict-origin-when-cross-origin is the Referrer-Policy that browsers have by default: how much of the page's "
        "address they tell in Referer. The network panel shows it at every request. It blocks nothing, and changing "
        "it helps against no CORS error.",
        ("Leave it as it is, and look for the message of CORS in the console.",),
        (_CONSOLE, _RECORDING),
        spec="https://www.w3.org/TR/referrer-policy/",
    ),
    Cause(
        "provisional-headers",
        "provisional headers",
        Kind.UNTOLD,
        None,
        "The network panel has only what the browser meant to send: the request was not sent, was answered from a "
        "cache, or failed before an answer came. That alone is no error, and tells no cause.",
        (),
        ("the name of the error in the column Status", _CONSOLE, _RECORDING),
    ),
    Cause(
        "host-permission",
        "an extension without permission for the site",
        Kind.NOT_CORS,
        "other",
        "It is the browser's own rule for extensions, not CORS: this extension may not touch pages of that site, for "
        "its manifest does not ask for it, or the user has not granted it. Some pages (chrome:, the store) are closed "
        "to all.",
        (
            "In the extension's manifest: the site in host_permissions, or activeTab for the page that the user is on.",
            "Where it is there: let the user allow the site (site access, in the extension's details).",
        ),
        spec="https://developer.chrome.com/docs/extensions/develop/concepts/declare-permissions",
    ),
    Cause(
        "extension-message",
        "a message within an extension",
        Kind.NOT_CORS,
        None,
        "It is from one of the browser's extensions, whose parts missed each other. The page, the server and CORS have "
        "nothing to do with it.",
        (
            "Ignore it, or try in a window without extensions. In an extension of your own: answer each message, and "
            "return true only where sendResponse is called later.",
        ),
    ),
    Cause(
        "preload-unused",
        "a preload that was not used soon",
        Kind.NOT_CORS,
        None,
        "A warning: what <link rel=preload> fetched was not used within some seconds after the page had loaded. "
        "Nothing was blocked. For fonts and for fetch it may be that crossorigin is missing on the preload: it is then "
        "fetched twice.",
        ("Put crossorigin on the preload of a font or of something that script fetches; else leave the preload out.",),
        spec="https://html.spec.whatwg.org/multipage/links.html#link-type-preload",
    ),
    Cause(
        "history-origin",
        "an address that history must not show",
        Kind.NOT_CORS,
        "other",
        "history.pushState may only show addresses of the page's own origin. A page from disk (origin null) has none, "
        "so a router with history mode fails there; else a base URL of another host, scheme or port is set.",
        (
            "Serve the page by a local web server; or let the router use the hash (createWebHashHistory, HashRouter).",
            "Where it is served: set the router's base to a path, not to a whole URL.",
        ),
        spec="https://html.spec.whatwg.org/multipage/nav-history-apis.html#can-have-its-url-rewritten",
    ),
    Cause(
        "storage-denied",
        "storage that the browser denies",
        Kind.NOT_CORS,
        "other",
        "The page must not use localStorage or sessionStorage: it is in a sandboxed frame, its origin is null, or the "
        "user blocks cookies of third parties, which covers storage, too.",
        ("In the sandboxed frame: allow-same-origin. Else have the page work without storage.",),
        spec="https://html.spec.whatwg.org/multipage/webstorage.html#dom-localstorage",
    ),
    Cause(
        "tracker-storage",
        "Firefox keeps cookies or storage from another site's page",
        Kind.NOT_CORS,
        None,
        "Firefox' protection against tracking: the frame or script gets no cookies and no storage of its own here. "
        "Requests go out without cookies; what fails then is mostly a login.",
        (
            "Serve page and API from one site, or have the frame ask with document.requestStorageAccess().",
            "To see whether it is that: switch the protection off for this site (the shield beside the address).",
        ),
        ("the messages of CORS that stand beside it",),
    ),
    Cause(
        "answer-not-json",
        "an answer that is not JSON",
        Kind.NOT_CORS,
        None,
        "The answer came and CORS let it through; the client could not read it as JSON. Mostly it is an HTML page: the "
        "application's own index.html (a wrong path, or a proxy rule that does not match), or a login.",
        (
            "Look at the body in the network panel: where it begins with <!doctype, the URL is not that of the API.",
            "Where the answer is text on purpose: ask for it so (Angular: responseType: 'text').",
        ),
    ),
    Cause(
        "relative-url",
        "a URL without a host, outside a browser",
        Kind.NOT_CORS,
        "other",
        "Node has no page to which /api/… could belong: fetch needs the whole URL there, in server-side rendering and "
        "in tests, too.",
        ("Use the whole URL on the server: http://localhost:3000/api/…, from a setting.",),
    ),
    Cause(
        "postman-agent",
        "Postman's agent",
        Kind.NOT_CORS,
        "other",
        "Postman in a browser sends requests through its servers, and those reach nothing on your own computer. It is "
        "no CORS, and says nothing of how the server answers a page.",
        ("Use Postman's application, or its Desktop Agent.",),
    ),
    Cause(
        "cleartext",
        "http that Android forbids",
        Kind.NOT_CORS,
        "network",
        "Android lets an app ask by http only where its configuration says so: the request was not sent.",
        (
            'Use https. For development: android:usesCleartextTraffic="true" in the manifest, or the host in its '
            "network security configuration (Capacitor: server.cleartext; Cordova: a WebView preference).",
        ),
        spec="https://developer.android.com/privacy-and-security/security-config",
    ),
)

# --- test environments ------------------------------------------------------------------------------------------------

_TESTS = (
    Cause(
        "jsdom-origin",
        "jsdom's CORS check of the origin",
        Kind.CORS,
        "cors",
        "The test's page (by default http://localhost, or null) asked another origin, and the answer's "
        "Access-Control-Allow-Origin is neither that page's nor *. A browser refuses it, too; and more: jsdom looks at "
        "no Access-Control-Allow-Methods, takes * with credentials, and asks for no Content-Type.",
        (
            "Set the page's address in the test's configuration to the API's origin (Jest: testEnvironmentOptions.url; "
            "Vitest: environmentOptions.jsdom.url), or mock the request.",
            "Or have the server (or its mock) send Access-Control-Allow-Origin, to OPTIONS too.",
        ),
        spec=f"{_FETCH}#concept-cors-check",
    ),
    Cause(
        "jsdom-header",
        "jsdom's CORS check of a request header",
        Kind.CORS,
        "cors",
        "The preflight's answer lists neither this request header nor *. Browsers refuse it, too, and * where "
        "credentials are included.",
        ("Have the server (or its mock) list it in Access-Control-Allow-Headers, or mock the request.",),
        spec=f"{_FETCH}#cors-preflight-fetch-0",
    ),
    Cause(
        "jsdom-credentials",
        "jsdom's CORS check of credentials",
        Kind.CORS,
        "cors",
        "The request includes credentials (withCredentials), and the answer lacks Access-Control-Allow-Credentials: "
        "true. Browsers refuse it, too, and Access-Control-Allow-Origin: * beside it, which jsdom takes.",
        ("Have the server (or its mock) send it, or leave withCredentials out.",),
        spec=f"{_FETCH}#concept-cors-check",
    ),
    Cause(
        "jsdom-status",
        "jsdom's check of the preflight's status",
        Kind.CORS,
        "cors",
        "The answer to the preflight (OPTIONS) has this status, and must have one of 200 to 299. Browsers refuse it, "
        "too.",
        ("Have the server (or its mock) answer OPTIONS with 204 and its CORS headers, without a login or a redirect.",),
        spec=f"{_FETCH}#cors-preflight-fetch-0",
    ),
    Cause(
        "happy-dom",
        "happy-dom's CORS check",
        Kind.CORS,
        "cors",
        "happy-dom sends a preflight before each request to another origin, where browsers often send none, and its "
        "answer was no 2xx, had another Access-Control-Allow-Origin, or listed methods without this one (GET and POST "
        "included). It looks at nothing else, and not at the answer itself: what passes here may fail in a browser.",
        (
            "Set the page's address (window.happyDOM.setURL, environmentOptions.happyDOM.url) to the API's origin, "
            "mock "
            "the request, or switch the check off: settings.fetch.disableSameOriginPolicy.",
        ),
        spec=f"{_FETCH}#concept-cors-check",
    ),
    Cause(
        "cypress-origin",
        "Cypress and more than one origin",
        Kind.NOT_CORS,
        "other",
        "One Cypress test commands one origin at a time; the page went to another. That is Cypress' own rule, not the "
        "server's.",
        ("Wrap the commands for the other origin in cy.origin('https://…', () => { … }), or log in by cy.request.",),
    ),
)

CAUSES: Mapping[str, Cause] = {each.name: each for each in (*_BLOCKS, *_FAILURES, *_UNTOLD, *_BESIDE, *_TESTS)}
"""By name; those of servers' words stand beside them, in `server_words`."""
