"""What browsers, network panels, libraries and test environments print, beside what the registry has of each reason.

Law 1: one row is one message by its fixed parts, as the program writes it; a name in braces stands for each value.
Law 2: what a program writes of several causes means the one that tells the least, never the one that it often is.
Law 3: messages too short to be sought within a text stand in `_WHOLE`: they must be the whole line.

Sources
  Chromium 156  the strings of Debian's chromium 156.0.8078.108; older wordings from the source of 80, 96, 110, 132
                (cors_error_string.cc, cors_url_loader.cc, subresource_integrity.cc, csp_directive_list.cc)
  Firefox 153   chrome/en-US of Debian's firefox-esr 153.8.0 (security, csp, dom, css and caps.properties), and the
                network panel's constants.js
  WebKit 2.50   the strings of Debian's libwebkit2gtk-4.1-0 2.50.6
  libraries     axios 1.21, superagent 10.4, jsdom 29.1, happy-dom 21.0, Swagger UI 5.35, whatwg-fetch 3.6, and public
                reports of their users
"""

from collections.abc import Iterable, Mapping

from cors_addon.reasons.matching import Wording

# --- Chromium ---------------------------------------------------------------------------------------------------------

_CHROMIUM: Mapping[str, tuple[str, ...]] = {
    # the CORS check, in wordings of earlier versions that the registry does not have
    "allow-origin-missing": (
        "No Access-Control-Allow-Origin header is present on the requested resource. Origin {origin} is therefore not "
        "allowed access",
    ),
    "allow-credentials-not-true": (
        "Ensure CORS requests include credentials only when allowed",
        "Credentials flag is true, but the Access-Control-Allow-Credentials header is {value}. It must be true to "
        "allow "
        "credentials",
        "The value of the Access-Control-Allow-Credentials header in the response is {value} which must be true when "
        "the "
        "request's credentials mode is include",
    ),
    "allow-origin-wildcard-with-credentials": (
        "Ensure credentialed requests aren't sent to CORS resources with origin wildcards",
        "A wildcard * cannot be used in the Access-Control-Allow-Origin header when the credentials flag is true",
        "Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true",
    ),
    "preflight-redirected": (
        "The request was redirected to {location}, which is disallowed for cross-origin requests that require "
        "preflight",
        "Response for preflight is invalid (redirect)",
        "Request requires preflight, which is disallowed to follow cross-origin redirect",
        "Request was redirected to {location}, which is disallowed for cross-origin requests that require preflight",
    ),
    "status-not-ok": (
        "Response for preflight has invalid HTTP status code {status}",
        "Response for preflight is invalid. It does not have HTTP ok status",
    ),
    "redirect-has-credentials": (
        "Ensure CORS requests aren't redirected to URLs containing credentials",
        "Redirect location {location} contains a username and password, which is disallowed for cross-origin requests",
        "The request was redirected to a URL ({location}) containing userinfo, which is disallowed for cross-origin "
        "requests",
    ),
    "redirect-scheme-not-cors": (
        "Redirect location {location} has a disallowed scheme for cross-origin requests",
        "The request was redirected to a URL ({location}) which has a disallowed scheme for cross-origin requests",
    ),
    "scheme": (
        "Cross origin requests are only supported for protocol schemes: {rest}",
        "Cross origin requests are only supported for HTTP",
        "Ensure CORS requests are made on supported schemes",
        "URL scheme {scheme} is not supported",
        "URL scheme must be http or https for CORS request",
    ),
    "DisallowedByMode": (
        "Ensure only same-origin resources are fetched with same-origin request mode",
        "Request mode is same-origin but the URL's origin is not same as the request origin {origin}",
        "Cross origin requests are not allowed by request mode",
    ),
    "CORSAllowHeaderFromPreflightDeprecation": (
        "Authorization will not be covered by the wildcard symbol (*) in CORS Access-Control-Allow-Headers handling",
        "Authorization will not be covered by the wildcard symbol (*)in CORS Access-Control-Allow-Headers handling",
    ),
    "private-network-preflight": (
        "No Access-Control-Allow-Private-Network header was present in the preflight response for this private network "
        "request targeting the {space} address space",
        "No Access-Control-Allow-Local-Network header was present in the preflight response for this local network "
        "request targeting the {space} address space",
        "The Access-Control-Allow-Private-Network header in the preflight response for this private network request "
        "targeting the {space} address space had a value of {value}, not true",
        "Ensure private network requests are only made to resources that allow them",
        "No Private-Network-Access-Id header was present in the preflight response for this private network request "
        "targeting the {space} address space",
        "No Private-Network-Access-Name header was present in the preflight response for this private network request "
        "targeting the {space} address space",
        "No Access-Control-Allow-Private-Network header is present on the requested resource",
    ),
    "local-network": (
        "Ensure that local network requests are compatible with restrictions",
        "Unable to ask for permission to access the {space} IP address space",
        "Request had no target IP address space, yet the resource is in address space {space}",
        "The website requested a subresource from a network that it could only access because of its users privileged "
        "network position",
        "The site requested a subresource from a network that it could only access because of its users privileged "
        "network position",
        "Access to local network is blocked",
        "Mixed Content: The page at {page} was loaded over HTTPS, but requested an insecure resource {url}. This "
        "request "
        "will be blocked unless the user grants the local network access permission",
    ),
    "chromium-cut-off": (
        "Access to {text} at {at} from origin {origin} has been blocked by CORS policy",
        "Access to {text} at {at} (redirected from {first}) from origin {origin} has been blocked by CORS policy",
        "Redirect from {url} to {location} has been blocked by CORS policy",
        "from origin {origin} has been blocked by CORS policy",
        "Response to preflight request doesn't pass access control check",
    ),
    "context": ("XMLHttpRequest cannot load {url}", "Fetch API cannot load {url}", "Failed to load {url}"),
    "no-access": ("Origin {origin} is therefore not allowed access",),
    "history-origin": ("A history state object with URL {url} cannot be created in a document with origin {origin}",),
    "host-permission": (
        "Cannot access contents of url {url}. Extension manifest must request permission to access this host",
        "Cannot access contents of the page. Extension manifest must request permission to access the respective host",
    ),
    "preload-unused": (
        "was preloaded using link preload but not used within a few seconds from the window's load event",
    ),
    "extension-message": (
        "A listener indicated an asynchronous response by returning true, but the message channel closed before a "
        "response was received",
        "Unchecked runtime.lastError: Could not establish connection. Receiving end does not exist",
        "Unchecked runtime.lastError: The message port closed before a response was received",
    ),
    # beyond CORS
    "corp": (
        "Specify a more permissive Cross-Origin Resource Policy to prevent a resource from being blocked",
        "Specify a more permissive Cross-Origin Resource Policy to stop a resource from being blocked",
    ),
    "corb": (
        "Cross-Origin Read Blocking (CORB) blocked cross-origin response {url} with MIME type {type}",
        "Cross-Origin Read Blocking (CORB) blocked cross-origin response",
        "Response was blocked by CORB (Cross-Origin Read Blocking)",
    ),
    "orb": (
        "Response was blocked by ORB (Opaque Response Blocking)",
        "Response was blocked by OpaqueResponseBlocking",
    ),
    "csp": (
        "Content Security Policy of your site blocks some resources",
        "Connecting to {url} violates the following Content Security Policy directive: {policy}",
        "Fetching content from {url} violates the following Content Security Policy directive: {policy}",
        "Loading the {kind} {url} violates the following Content Security Policy directive: {policy}",
        "Loading media from {url} violates the following Content Security Policy directive: {policy}",
        "Loading plugin data from {url} violates the following Content Security Policy directive: {policy}",
        "Loading a manifest from {url} violates the following Content Security Policy directive: {policy}",
        "Creating a worker from {url} violates the following Content Security Policy directive: {policy}",
        "Sending form data to {url} violates the following Content Security Policy directive: {policy}",
        "Framing {url} violates the following Content Security Policy directive: {policy}",
        "Executing inline script violates the following Content Security Policy directive {policy}",
        "Applying inline style violates the following Content Security Policy directive {policy}",
        "Evaluating a string as JavaScript violates the following Content Security Policy directive",
        "Refused to connect to {url} because it violates the following Content Security Policy directive: {policy}",
        "Refused to connect to {url} because it violates the document's Content Security Policy",
        "Refused to connect because it violates the document's Content Security Policy",
        "Refused to load the {kind} {url} because it violates the following Content Security Policy directive: "
        "{policy}",
        "Refused to load media from {url} because it violates the following Content Security Policy directive: "
        "{policy}",
        "Refused to load plugin data from {url} because it violates the following Content Security Policy directive: "
        "{policy}",
        "Refused to load manifest from {url} because it violates the following Content Security Policy directive: "
        "{policy}",
        "Refused to frame {url} because it violates the following Content Security Policy directive: {policy}",
        "Refused to create a worker from {url} because it violates the following Content Security Policy directive: "
        "{policy}",
        "Refused to create a child context containing {url} because it violates the following Content Security Policy "
        "directive: {policy}",
        "Refused to prefetch content from {url} because it violates the following Content Security Policy directive: "
        "{policy}",
        "Refused to send form data to {url} because it violates the following Content Security Policy directive: "
        "{policy}",
        "Refused to send beacon to {url} because it violates the document's Content Security Policy",
        "Refused to execute inline script because it violates the following Content Security Policy directive: "
        "{policy}",
        "Refused to execute inline event handler because it violates the following Content Security Policy directive: "
        "{policy}",
        "Refused to apply inline style because it violates the following Content Security Policy directive: {policy}",
        "Refused to evaluate a string as JavaScript because unsafe-eval is not an allowed source of script in the "
        "following Content Security Policy directive: {policy}",
        "Fetch API cannot load {url}. Refused to connect because it violates the document's Content Security Policy",
    ),
    "csp-report-only": (
        "[Report Only] Refused to {rest}",
        "{url} violates the following report-only Content Security Policy directive: {policy}",
        "violates the following report-only Content Security Policy directive: {policy}",
    ),
    "frame-ancestors": (
        "Refused to frame {url} because an ancestor violates the following Content Security Policy directive: {policy}",
        "Refused to display {url} in a frame because an ancestor violates the following Content Security Policy "
        "directive: {policy}",
        "Framing {url} violates the following Content Security Policy directive: frame-ancestors {policy}",
    ),
    "frame-options": (
        "Refused to display {url} in a frame because it set X-Frame-Options to {value}",
        "Refused to display {url} in a frame because it set multiple X-Frame-Options headers with conflicting values "
        "({value}). Falling back to deny",
        "Multiple X-Frame-Options headers with conflicting values ({value}) encountered when loading {url}. Falling "
        "back "
        "to deny",
    ),
    "frame-options-ignored": (
        "Invalid X-Frame-Options header encountered when loading {url}: {value} is not a recognized directive",
        "Invalid X-Frame-Options header was found when loading {url}: {value} is not a valid directive",
    ),
    "mixed-content-upgraded": (
        "Mixed Content: The page at {page} was loaded over HTTPS, but requested an insecure {kind_url}. This request "
        "was "
        "automatically upgraded to HTTPS",
        "Mixed Content: The page at {page} was loaded over HTTPS, but requested an insecure {kind_url}. This content "
        "should "
        "also be served over HTTPS",
        "Upgrading insecure display request {url} to use {scheme}",
        "Upgrading insecure request {url} to use {scheme}",
        "The page at {page} requested insecure content from {url}. This content was automatically upgraded and "
        "should be "
        "served over HTTPS",
    ),
    "coop-ignored": (
        "The Cross-Origin-Opener-Policy header has been ignored, because the URL's origin was untrustworthy",
    ),
    "coep-frame": (
        "Refused to display {url} in a frame because of Cross-Origin-Embedder-Policy",
        "Specify a Cross-Origin Embedder Policy to prevent this frame from being blocked",
        "Specify a Cross-Origin Embedder Policy to stop this frame from being blocked",
    ),
    "coep": (
        "Because your site has the Cross-Origin Embedder Policy (COEP) enabled, each resource must specify a suitable "
        "Cross-Origin Resource Policy (CORP)",
        "To use this resource from a different origin, the server needs to specify a cross-origin resource policy in "
        "the "
        "response headers",
        "Specify a Cross-Origin Resource Policy to stop a resource from being blocked",
        "Specify a Cross-Origin Resource Policy to prevent a resource from being blocked",
    ),
    "mixed-content": (
        "Mixed Content: The page at {page} was loaded over HTTPS, but requested an insecure {kind_url}. This request "
        "has "
        "been blocked; the content must be served over HTTPS",
        "Mixed Content: The page at {page} was loaded over HTTPS, but attempted to connect to the insecure WebSocket "
        "endpoint {url}. This request has been blocked; this endpoint must be available over WSS",
        "Mixed content: load all resources via HTTPS to improve the security of your site",
        "An insecure WebSocket connection may not be initiated from a page loaded over HTTPS",
        "Mixed Content: The page at {page} was loaded over a secure connection, but contains a form that targets an "
        "insecure endpoint {url}",
    ),
    "sri": (
        "Failed to find a valid digest in the integrity attribute for resource {url} with computed {algorithm} "
        "integrity "
        "{digest}. The resource has been blocked",
        "Failed to find a valid digest in the integrity attribute for resource {url} with SHA-{bits} integrity "
        "{digest}. "
        "The resource has been blocked",
        "Failed to find a valid digest in the integrity attribute for resource {url}",
    ),
    "sri-without-cors": (
        "Subresource Integrity: The resource {url} has an integrity attribute, but the resource requires the request "
        "to be "
        "CORS enabled to check the integrity, and it is not. The resource has been blocked because the integrity "
        "cannot "
        "be enforced",
        "Subresource Integrity: The resource {url} has an integrity attribute, but the response is not eligible for "
        "integrity validation",
        "has an integrity attribute, but the response is not eligible for integrity validation",
    ),
    "nosniff": (
        "Refused to execute script from {url} because its MIME type ({type}) is not executable, and strict MIME type "
        "checking is enabled",
    ),
    "mime": (
        "Refused to execute script from {url} because its MIME type ({type}) is not executable",
        "Refused to apply style from {url} because its MIME type ({type}) is not a supported stylesheet MIME type, and "
        "strict MIME checking is enabled",
        "Failed to load module script: Expected a {kind} module script but the server responded with a MIME type of "
        "{type}",
        "Failed to load module script: Expected a {kind} module script but the server responded with a MIME type of",
        "Failed to load module script: The server responded with a non-JavaScript MIME type of {type}",
        "EventSource's response has a MIME type ({type}) that is not text/event-stream. Aborting the connection",
        "The script has an unsupported MIME type ({type})",
    ),
    "cross-origin-frame": (
        "Blocked a frame with origin {origin} from accessing a cross-origin frame",
        "Blocked a frame with origin {origin} from accessing a frame with origin {other}",
        "Blocked a frame at {url} from accessing a cross-origin frame",
        "Blocked a restricted frame with origin {origin} from accessing another frame",
    ),
    "unsafe-attempt": (
        "Unsafe attempt to load URL {url} from frame with URL {page}",
        "Unsafe attempt to initiate navigation for frame with {rest}",
        "Unsafe JavaScript attempt to initiate navigation for frame with {rest}",
    ),
    "post-message-target": (
        "Failed to execute postMessage on DOMWindow: The target origin provided ({origin}) does not match the "
        "recipient "
        "window's origin ({other})",
        "Failed to execute postMessage on Window: The target origin provided ({origin}) does not match the recipient "
        "window's origin ({other})",
    ),
    "worker-origin": (
        "Failed to construct Worker: Script at {url} cannot be accessed from origin {origin}",
        "Failed to construct SharedWorker: Script at {url} cannot be accessed from origin {origin}",
        "Refused to cross-origin redirects of the top-level worker script",
    ),
    "service-worker-opaque": (
        "The FetchEvent for {url} resulted in a network error response: an opaque response was used for a request "
        "whose "
        "type is not no-cors",
        "The FetchEvent for {url} resulted in a network error response: an opaque response was used for a client "
        "request",
    ),
    "service-worker-answer": (
        "The FetchEvent for {url} resulted in a network error response: the promise was rejected",
        "The FetchEvent for {url} resulted in a network error response: {rest}",
    ),
    "tainted-canvas": (
        "Tainted canvases may not be exported",
        "Tainted canvases may not be loaded",
        "The canvas has been tainted by cross-origin data",
        "Unable to get image data from canvas because the canvas has been tainted by cross-origin data",
        "The image element contains cross-origin data, and may not be loaded",
        "The video element contains cross-origin data, and may not be loaded",
        "The ImageBitmap contains cross-origin data, and may not be loaded",
        "The cross-origin image at {url} may not be loaded",
        "A tainted OffscreenCanvas may not be exported",
        "The external image is tainted by cross-origin data",
        "Video element is tainted by cross-origin data and may not be loaded",
        "Cannot capture from element with cross-origin data",
        "VideoFrames can't be created from tainted sources",
    ),
    "silent-web-audio": ("MediaElementAudioSource outputs zeroes due to CORS access restrictions",),
    "cross-origin-stylesheet": (
        "Failed to read the cssRules property from CSSStyleSheet: Cannot access rules",
        "Failed to read the rules property from CSSStyleSheet: Cannot access rules",
        "Failed to execute insertRule on CSSStyleSheet: Cannot access StyleSheet to insertRule",
    ),
    "header-not-exposed": ("Refused to get unsafe header {header}",),
    "forbidden-header": ("Refused to set unsafe header {header}",),
    "local-file": ("Not allowed to load local resource: {url}",),
    "preload-mismatch": (
        "A preload for {url} is found, but is not used because the request credentials mode does not match",
        "A preload for {url} is found, but is not used due to an integrity mismatch",
    ),
    "cookie-left-out": (
        "This Set-Cookie was blocked because it had the SameSite={value} attribute but came from a cross-site response",
        "This Set-Cookie header didn't specify a SameSite attribute and was defaulted to SameSite=Lax",
        "Because a cookie's SameSite attribute was not set or is invalid, it defaults to SameSite=Lax",
        "Indicate whether to send a cookie in a cross-site request by specifying its SameSite attribute",
        "Third-party cookie is blocked in Chrome either because of Chrome flags or browser configuration",
        "Third-party cookie will be blocked in future Chrome versions as part of Privacy Sandbox",
        "A cookie associated with a cross-site resource at {url} was set without the SameSite attribute",
    ),
    "extension-resource": (
        "Denying load of {url}. Resources must be listed in the web_accessible_resources manifest key",
    ),
    "url-with-credentials": (
        "Request cannot be constructed from a URL that includes credentials",
        "Subresource requests whose URLs contain embedded credentials",
    ),
    "websocket-refused": (
        "WebSocket connection to {url} failed: Error during WebSocket handshake: Unexpected response code: {status}",
        "Error during WebSocket handshake: Unexpected response code: {status}",
    ),
    "websocket-failed": (
        "WebSocket connection to {url} failed: Error in connection establishment: {rest}",
        "WebSocket connection to {url} failed: WebSocket is closed before the connection is established",
        "WebSocket connection to {url} failed: Connection closed before receiving a handshake response",
        "WebSocket connection to {url} failed",
        "Error during WebSocket handshake: {rest}",
    ),
    "http-status-auth": (
        "Failed to load resource: the server responded with a status of 401",
        "Failed to load resource: the server responded with a status of 403",
        "Request failed with status code 401",
        "Request failed with status code 403",
    ),
    "http-status": (
        "Failed to load resource: the server responded with a status of {status}",
        "Request failed with status code {status}",
    ),
    "module-failed": (
        "Failed to fetch dynamically imported module: {url}",
        "error loading dynamically imported module: {url}",
    ),
    "coop-would-block": (
        "Cross-Origin-Opener-Policy policy would block the window.closed call",
        "Cross-Origin-Opener-Policy policy would block the window.close call",
        "Cross-Origin-Opener-Policy policy would block the window.postMessage call",
        "Cross-Origin-Opener-Policy policy would block the window.{property} call",
    ),
    "isolation": (
        "SharedArrayBuffer will require cross-origin isolation",
        "ReferenceError: SharedArrayBuffer is not defined",
        "ReferenceError: Can't find variable: SharedArrayBuffer",
    ),
    # the titles of the Issues panel
    "cors-headers-issue": ("Ensure CORS response header values are valid",),
    "preflight-of-webkit": ("Ensure preflight responses are valid",),
    "header-not-allowed": ("Ensure CORS request includes only allowed headers",),
    "method-not-allowed": ("Ensure CORS request uses allowed method",),
    "allow-origin-mismatch": ("Ensure CORS requesting origin matches resource's allowed origin",),
    "NoCorsRedirectModeNotFollow": ("Ensure no-cors requests configure redirect mode follow",),
    "InsecureLocalNetwork": ("Ensure private network requests are made from secure contexts",),
    "swagger-failed": ("Possible Reasons: CORS Network Failure URL scheme must be http or https for CORS request",),
}

# --- Firefox ----------------------------------------------------------------------------------------------------------

_GECKO: Mapping[str, tuple[str, ...]] = {
    "gecko-cut-off": (
        "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at {url}",
        "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at {url} This "
        "can be "
        "fixed by moving the resource to the same domain or enabling CORS",
    ),
    "CORSDisabled": ("(Reason: CORS disabled)",),
    "corp-or-coep": (
        "The resource at {url} was blocked due to its Cross-Origin-Resource-Policy header (or lack thereof)",
    ),
    "orb": (
        "The resource at {url} was blocked by OpaqueResponseBlocking. Reason: {reason_words}",
        "The resource at {url} was blocked by OpaqueResponseBlocking",
        "A resource is blocked by OpaqueResponseBlocking, please check browser console for details",
    ),
    "websocket-or-event-source": ("Firefox can't establish a connection to the server at {url}",),
    "websocket-failed": ("The connection to {url} was interrupted while the page was loading",),
    "cookie-left-out": (
        "Cookie {name} has been rejected because it is in a cross-site context and its SameSite is Lax or Strict",
        "Cookie {name} has been rejected because it has the SameSite=None attribute but is missing the secure "
        "attribute",
        "Cookie {name} will be soon rejected because it has the SameSite attribute set to None",
        "Cookie {name} has been rejected for invalid domain",
        "Cookie {name} has been rejected as third-party",
    ),
    "script-load-failed": (
        "Loading failed for the <script> with source {url}",
        "Loading failed for the module with source {url}",
    ),
    "unsafe-attempt": (
        "Security Error: Content at {page} may not load data from {url}",
        "Security Error: Content at {page} may not load or link to {url}",
        "<script> source URI is not allowed in this document: {url}",
        "Module source URI is not allowed in this document: {url}",
    ),
    "csp": (
        "The page's settings blocked an inline style ({directive}) from being applied because it violates the "
        "following "
        "directive: {policy}",
        "The page's settings blocked an inline script ({directive}) from being executed because it violates the "
        "following "
        "directive: {policy}",
        "The page's settings blocked an event handler ({directive}) from being executed because it violates the "
        "following "
        "directive: {policy}",
        "The page's settings blocked a JavaScript eval ({directive}) from being executed because it violates the "
        "following "
        "directive: {policy}",
        "The page's settings blocked the loading of a resource at {url} ({directive})",
        "Content-Security-Policy: Blocking insecure request {url}",
    ),
    "csp-report-only": (
        "(Report-Only policy) The page's settings would block {rest}",
        "The page's settings observed the loading of a resource at {url} ({directive}). A CSP report is being sent",
    ),
    "frame-ancestors": (
        "The page's settings blocked the loading of a resource (frame-ancestors) at {url} because it violates the "
        "following directive: {policy}",
        "The page's settings blocked the loading of a resource (frame-ancestors) at <unknown> because it violates the "
        "following directive: {policy}",
    ),
    "frame-options": (
        "Load denied by X-Frame-Options: {url} does not permit framing",
        "Load denied by X-Frame-Options: {url} does not permit cross-origin framing",
    ),
    "mixed-content-upgraded": (
        "Loading mixed (insecure) active content {url} on a secure page",
        "Loading mixed (insecure) display content {url} on a secure page",
    ),
    "mime-warning": (
        "The script from {url} was loaded even though its MIME type ({type}) is not a valid JavaScript MIME type",
        "The stylesheet {url} was loaded as CSS even though its MIME type, {type}, is not text/css",
    ),
    "mime": (
        "Loading JSON module from {url} was blocked because of a disallowed MIME type ({type})",
        "Loading script from file: URI ({url}) was blocked because its MIME type ({type}) is not a valid JavaScript "
        "MIME "
        "type",
    ),
    "nosniff": (
        "The resource from {url} was not rendered due to an unknown, incorrect or missing MIME type "
        "(X-Content-Type-Options: nosniff)",
    ),
    "sri": (
        "The page's settings blocked a script at {url} from being loaded because it is missing integrity metadata",
    ),
    "service-worker-answer": (
        "Failed to load {url}. A ServiceWorker passed an Error Response to FetchEvent.respondWith()",
        "Failed to load {url}. A ServiceWorker passed a promise to FetchEvent.respondWith() that rejected with {rest}",
        "Failed to load {url}. A ServiceWorker intercepted the request and encountered an unexpected error",
        "Failed to load {url}. A ServiceWorker passed a redirected Response to FetchEvent.respondWith() while "
        "RedirectMode "
        "is not follow",
        "A ServiceWorker is not allowed to synthesize a cors Response for a same-origin Request",
    ),
    "cross-origin-frame": ("Permission denied to access property {property} on cross-origin object",),
    "cross-origin-stylesheet": ("Not allowed to access cross-origin stylesheet",),
    "silent-web-audio": (
        "The HTMLMediaElement passed to createMediaElementSource has a cross-origin resource, the node will output "
        "silence",
    ),
    "font-refused": (
        "downloadable font: download failed ({text}): bad URI or cross-site access not allowed source: {url}",
    ),
    "font-blocked": ("downloadable font: failed to start download ({text}): content blocked source: {url}",),
    "response-body-kept": ("Response body is not available to scripts (Reason: {rest}",),
    "local-network": ("Local Network Access blocked: {rest}",),
    "blocked-by-client": (
        "The resource at {url} was blocked because content blocking is enabled",
        "The resource at {url} was blocked because Enhanced Tracking Protection is enabled",
    ),
    "tracker-storage": (
        "Request to access cookie or storage on {url} was blocked because it came from a tracker and content blocking "
        "is enabled",
        "Request to access cookie or storage on {url} was blocked because we are blocking all third-party storage "
        "access requests and content blocking is enabled",
        "Request to access cookies or storage on {url} was blocked because it came from a tracker and {rest}",
    ),
    "post-message-target": (
        "Failed to execute postMessage on DOMWindow: The target origin provided ({origin}) does not match the "
        "recipient "
        "window's origin ({other})",
    ),
}

# What the texts mean that Firefox has in every language: by the key of its .properties files.
GECKO_KEYS: Mapping[str, str] = {
    "BlockMixedActiveContent": "mixed-content",
    "BlockMixedDisplayContent": "mixed-content",
    "MimeTypeMismatch2": "nosniff",
    "IneligibleResource": "sri-without-cors",
    "IntegrityMismatch3": "sri",
    "XFrameOptionsDeny": "frame-options",
    "BlockScriptWithWrongMimeType2": "mime",
    "BlockImportScriptsWithWrongMimeType": "mime",
    "BlockWorkerWithWrongMimeType": "mime",
    "BlockModuleWithWrongMimeType": "mime",
    "MimeNotCss": "mime",
    "CSPStyleViolation": "csp",
    "CSPScriptViolation": "csp",
    "CSPWorkerViolation": "csp",
    "CSPGenericViolation": "csp",
    "BadOpaqueInterceptionRequestModeWithURL": "service-worker-opaque",
    "ForbiddenHeaderWarning": "forbidden-header",
}

# The same in English, with the values' names: %1$S and so on stand for them in this order in every language.
GECKO_ENGLISH: Mapping[str, str] = {
    "BlockMixedActiveContent": "Blocked loading mixed active content {url}",
    "BlockMixedDisplayContent": "Blocked loading mixed display content {url}",
    "MimeTypeMismatch2": "The resource from {url} was blocked due to MIME type ({type}) mismatch "
    "(X-Content-Type-Options: "
    "nosniff)",
    "IneligibleResource": "{url} is not eligible for integrity checks since it's neither CORS-enabled nor same-origin",
    "IntegrityMismatch3": "None of the {algorithm} hashes in the integrity attribute match the content of the "
    "subresource at "
    "{url}",
    "XFrameOptionsDeny": "The loading of {url} in a frame is denied by X-Frame-Options directive set to {value}",
    "BlockScriptWithWrongMimeType2": "Script from {url} was blocked because of a disallowed MIME type ({type})",
    "BlockImportScriptsWithWrongMimeType": "Loading script from {url} with importScripts() was blocked because of a "
    "disallowed MIME type ({type})",
    "BlockWorkerWithWrongMimeType": "Loading Worker from {url} was blocked because of a disallowed MIME type ({type})",
    "BlockModuleWithWrongMimeType": "Loading module from {url} was blocked because of a disallowed MIME type ({type})",
    "MimeNotCss": "The stylesheet {url} was not loaded because its MIME type, {type}, is not text/css",
    "CSPStyleViolation": "The page's settings blocked a style ({directive}) at {url} from being applied because it "
    "violates "
    "the following directive: {policy}",
    "CSPScriptViolation": "The page's settings blocked a script ({directive}) at {url} from being executed because it "
    "violates the following directive: {policy}",
    "CSPWorkerViolation": "The page's settings blocked a worker script ({directive}) at {url} from being executed "
    "because "
    "it violates the following directive: {policy}",
    "CSPGenericViolation": "The page's settings blocked the loading of a resource ({directive}) at {url} because it "
    "violates the following directive: {policy}",
    "BadOpaqueInterceptionRequestModeWithURL": "Failed to load {url}. A ServiceWorker passed an opaque Response to "
    "FetchEvent.respondWith() while handling a {kind} FetchEvent",
    "ForbiddenHeaderWarning": "Attempt to set a forbidden header was denied: {header}",
}

# --- Safari -----------------------------------------------------------------------------------------------------------

_WEBKIT: Mapping[str, tuple[str, ...]] = {
    "preflight-of-webkit": ("Preflight response is not successful",),
    "allow-origin-of-webkit": ("Origin {origin} is not allowed by Access-Control-Allow-Origin",),
    "allow-origin-missing": (
        "Cannot make any requests from null",
        "Failed to load resource: Cannot make any requests from {origin}",
    ),
    "access-control-checks": (
        "Fetch API cannot load {url} due to access control checks",
        "XMLHttpRequest cannot load {url} due to access control checks",
        "EventSource cannot load {url} due to access control checks",
        "Beacon API cannot load {url} due to access control checks",
        "Cannot load image {url} due to access control checks",
        "Cannot load script {url} due to access control checks",
        "Cannot load stylesheet {url} due to access control checks",
        "Cannot load {url} due to access control checks",
    ),
    "redirect-by-webkit": (
        "Cross-origin redirection to {location} denied by Cross-Origin Resource Sharing policy",
        "Cross-origin redirection denied by Cross-Origin Resource Sharing policy",
    ),
    "media-denied": (
        "Cross-origin script load denied by Cross-Origin Resource Sharing policy",
        "Cross-origin media resource load denied by Cross-Origin Resource Sharing policy",
        "Cross-origin text track load denied by Cross-Origin Resource Sharing policy",
        "Cross-origin image load denied by Cross-Origin Resource Sharing policy",
        "Cross-origin stylesheet load denied by Cross-Origin Resource Sharing policy",
    ),
    "corp": (
        "Cancelled load to {url} because it violates the resource's Cross-Origin-Resource-Policy response header",
        "Cancelled load from {url} because it violates the resource's Cross-Origin-Resource-Policy response header",
    ),
    "coep-frame": (
        "Refused to load {url} worker because of Cross-Origin-Embedder-Policy",
        "Worker load was blocked by Cross-Origin-Embedder-Policy",
        "Redirection was blocked by Cross-Origin-Embedder-Policy",
    ),
    "coop": ("Navigation was blocked by Cross-Origin-Opener-Policy",),
    "csp": (
        "Refused to connect to {url} because it does not appear in the {directive} directive of the Content Security "
        "Policy",
        "Refused to connect to {url} because it appears in neither the {directive} directive nor the {fallback} "
        "directive "
        "of the Content Security Policy",
        "Refused to load {url} because it does not appear in the {directive} directive of the Content Security Policy",
        "Refused to load {url} because it appears in neither the {directive} directive nor the {fallback} directive "
        "of the "
        "Content Security Policy",
        "Refused to execute a script because its hash, its nonce, or unsafe-inline {rest}",
    ),
    "frame-ancestors": (
        "Refused to load {url} because it does not appear in the frame-ancestors directive of the Content Security "
        "Policy",
    ),
    "mixed-content": (
        "The page at {page} requested insecure content from {url}. This content was blocked and must be served over "
        "HTTPS",
        "[blocked] The page at {page} requested insecure content from {url}",
        "[blocked] The page at {page} was not allowed to display insecure content from {url}",
        "[blocked] The page at {page} was not allowed to run insecure content from {url}",
        "was blocked from connecting insecurely to {url}",
        "Blocked mixed content {url} because block-all-mixed-content appears in the Content Security Policy",
    ),
    "mime": (
        "Did not parse stylesheet at {url} because non CSS MIME types are not allowed in strict mode",
        "Did not parse stylesheet at {url} because non CSS MIME types are not allowed for cross-origin stylesheets",
        "{type} is not a valid JavaScript MIME type",
        "Refused to execute {url} as script because {type} is not a script MIME type",
    ),
    "nosniff": (
        "Refused to execute {url} as script because X-Content-Type-Options: nosniff was given and its Content-Type "
        "is not "
        "a script MIME type",
        "Did not parse stylesheet at {url} because non CSS MIME types are not allowed when X-Content-Type-Options: "
        "nosniff "
        "is given",
    ),
    "sri": (
        "Cannot load script {url}. Failed integrity metadata check",
        "Cannot load stylesheet {url}. Failed integrity metadata check",
        "Cannot load script due to integrity mismatch",
    ),
    "cross-origin-frame": (
        "Blocked a frame with origin {origin} from accessing a cross-origin frame. Protocols, domains",
    ),
    "unsafe-attempt": ("Unsafe attempt to load URL {url} from origin {origin}",),
    "service-worker-opaque": ("Response served by service worker is opaque",),
    "service-worker-answer": (
        "Response served by service worker has redirections",
        "Response served by service worker is opaque redirect",
        "Response served by service worker is CORS while mode is same origin",
        "FetchEvent.respondWith received an error: {rest}",
    ),
    "blocked-by-client": (
        "The URL was blocked by a content blocker",
        "Content blocker prevented frame displaying {page} from loading a resource from {url}",
        "Blocked by content extension",
    ),
    "certificate": (
        "The certificate for this server is invalid. You might be connecting to a server that is pretending to be "
        "{rest}",
        "An SSL error has occurred and a secure connection to the server cannot be made",
    ),
    "websocket-failed": (
        "WebSocket connection to {url} failed: The operation couldn't be completed",
        "WebSocket connection to {url} failed: There was a bad response from the server",
    ),
    "unsafe-port": ("Not allowed to use restricted network port", "Not allowed to use restricted network host"),
    "redirect-count-exceeded": ("Load cannot follow more than 20 redirections",),
}

# --- others -----------------------------------------------------------------------------------------------------------

_OTHERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "Internet Explorer, Edge 18",
        "allow-origin-missing",
        ("Origin {origin} not found in Access-Control-Allow-Origin header",),
    ),
    (
        "Internet Explorer, Edge 18",
        "header-not-allowed",
        ("Request header {header} was not present in the Access-Control-Allow-Headers list",),
    ),
    (
        "Internet Explorer, Edge 18",
        "method-not-allowed",
        ("Request method {method} was not present in the Access-Control-Allow-Methods list",),
    ),
    (
        "Internet Explorer, Edge 18",
        "allow-credentials-not-true",
        ("Credentials flag was set to true, but Access-Control-Allow-Credentials was not true",),
    ),
    (
        "Internet Explorer, Edge 18",
        "allow-origin-wildcard-with-credentials",
        ("The origin cannot be * when credentials flag is true",),
    ),
    (
        "Internet Explorer, Edge 18",
        "allow-origin-of-webkit",
        (
            "The origin {origin} did not find {value} in the Access-Control-Allow-Origin response header for "
            "cross-origin resource at {url}",
        ),
    ),
    (
        "Internet Explorer, Edge 18",
        "allow-origin-wildcard-with-credentials",
        ("Wildcard in Access-Control-Allow-Origin not allowed when credentials flag is set to true",),
    ),
    (
        "Internet Explorer, Edge 18",
        "allow-credentials-not-true",
        ("Credentials flag was set to true, but Access-Control-Allow-Credentials was not present or was not",),
    ),
    (
        "Internet Explorer, Edge 18",
        "preflight-redirected",
        ("Redirects are not allowed for CORS preflight requests",),
    ),
    (
        "Internet Explorer, Edge 18",
        "allow-origin-multiple",
        ("Multiple Access-Control-Allow-Origin headers are not allowed for CORS response",),
    ),
    (
        "Internet Explorer, Edge 18",
        "cors-unnamed",
        (
            "XMLHttpRequest for {url} required Cross Origin Resource Sharing (CORS)",
            "XMLHttpRequest for {url} required Cross-Origin Resource Sharing (CORS)",
            "Redirect was blocked for CORS request",
        ),
    ),
    ("Internet Explorer, Edge 18", "says-nothing", ("XMLHttpRequest: Network Error {code}, Could not complete",)),
    ("Internet Explorer, Edge 18", "cors-unnamed", ("XMLHttpRequest: Network Error 0x80070005, Access is denied",)),
    ("webpack", "module-failed", ("ChunkLoadError: Loading chunk {word} failed", "Loading chunk {word} failed")),
    ("jsdom", "jsdom-origin", ("Error: Cross origin {origin} forbidden", "Cross origin {origin} forbidden")),
    (
        "happy-dom",
        "happy-dom",
        (
            "DOMException [NetworkError]: Cross-Origin Request Blocked: The Same Origin Policy disallows reading the "
            "remote "
            "resource at {url}",
            "NetworkError: Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote "
            "resource at {url}",
            "Cross-Origin Request Blocked: The Same Origin Policy dissallows reading the remote resource at {url}",
        ),
    ),
    ("Flutter", "says-nothing", ("ClientException: XMLHttpRequest error",)),
    (
        "ofetch (Nuxt)",
        "says-nothing",
        (
            "<no response> Failed to fetch",
            "<no response> Load failed",
            "<no response> NetworkError when attempting to fetch resource",
        ),
    ),
    ("axios", "says-nothing", ("AxiosError {message: Network Error,",)),
    ("jsdom", "jsdom-header", ("Error: Header {header} forbidden", "Error: Headers {header} forbidden")),
    ("jsdom", "jsdom-status", ("Error: Response for preflight has invalid HTTP status code {status}",)),
    ("jsdom", "jsdom-credentials", ("Error: Credentials forbidden",)),
    ("jsdom", "jsdom-origin", ("Error: Userinfo forbidden in cors redirect",)),
    (
        "Angular",
        "angular-zero",
        (
            "Http failure response for {url}: 0 Unknown Error",
            "Http failure response for (unknown url): 0 Unknown Error",
            "Http failure response for {url}: 0 undefined",
            "Response with status: 0 for URL: null",
            "HttpErrorResponse {headers: HttpHeaders, status: 0, statusText: Unknown Error",
        ),
    ),
    ("Angular", "answer-not-json", ("Http failure during parsing for {url}",)),
    (
        "Angular",
        "http-status-auth",
        ("Http failure response for {url}: 401", "Http failure response for {url}: 403"),
    ),
    ("Angular", "http-status", ("Http failure response for {url}: {status}",)),
    (
        "superagent",
        "request-terminated",
        (
            "Request has been terminated Possible causes: the network is offline, Origin is not allowed by "
            "Access-Control-Allow-Origin, the page is being unloaded",
        ),
    ),
    (
        "dio (Flutter)",
        "says-nothing",
        (
            "The XMLHttpRequest onError callback was called. This typically indicates an error on the network layer",
            "The connection errored: The XMLHttpRequest onError callback was called",
        ),
    ),
    (
        "Cypress",
        "cypress-origin",
        (
            "The command was expected to run against origin {origin} but the application is at origin {other}",
            "Cypress detected a cross origin error happened on page load",
            "cy.visit() failed because you are attempting to visit a URL that is of a different origin",
            "You are attempting to visit a URL that is of a different origin",
            "Cypress detected that you returned a promise from a command while also invoking one or more cy commands "
            "in a "
            "cross origin",
        ),
    ),
    (
        "Node",
        "outside-a-browser",
        (
            "connect ECONNREFUSED {address}",
            "getaddrinfo ENOTFOUND {host}",
            "getaddrinfo EAI_AGAIN {host}",
            "unable to verify the first certificate",
            "ConnectTimeoutError: Connect Timeout Error",
            "SocketError: other side closed",
        ),
    ),
    ("Node", "relative-url", ("Failed to parse URL from {url}", "Only absolute URLs are supported")),
    (
        "Deno",
        "outside-a-browser",
        ("error sending request for url ({url})", "Requires net access to {host}, run again with the --allow-net flag"),
    ),
    ("Bun", "outside-a-browser", ("Unable to connect. Is the computer able to access the url?",)),
    (
        "curl",
        "outside-a-browser",
        (
            "curl: (6) Could not resolve host: {host}",
            "curl: (7) Failed to connect to {host} port {port}",
            "curl: (28) {rest}",
            "curl: (35) {rest}",
            "curl: (52) Empty reply from server",
            "curl: (56) {rest}",
            "curl: (60) SSL {rest}",
        ),
    ),
    (
        "Dart",
        "outside-a-browser",
        ("SocketException: Failed host lookup: {host}", "SocketException: Connection refused"),
    ),
    (
        "Flutter",
        "says-nothing",
        ("ClientException: Failed to fetch, uri={url}", "ClientException: Load failed, uri={url}"),
    ),
    (
        "Postman",
        "postman-agent",
        (
            "When testing an API locally, you need to use the Postman Desktop Agent",
            "Cloud Agent Error: Can not send requests to localhost",
        ),
    ),
    (
        "axios",
        "timeout",
        (
            "AxiosError: timeout of {milliseconds}ms exceeded",
            "code: ECONNABORTED, message: timeout of {milliseconds}ms exceeded",
        ),
    ),
    (
        "Supabase",
        "says-nothing",
        ("FunctionsFetchError: Failed to send a request to the Edge Function",),
    ),
    ("Supabase", "http-status", ("FunctionsHttpError: Edge Function returned a non-2xx status code",)),
    ("Firebase", "says-nothing", ("Firebase: Error (auth/network-request-failed)",)),
    (
        "SignalR",
        "says-nothing",
        (
            "Failed to complete negotiation with the server: TypeError: Failed to fetch",
            "Failed to complete negotiation with the server: TypeError: Load failed",
            "Failed to complete negotiation with the server: TypeError: NetworkError when attempting to fetch resource",
        ),
    ),
)

# Too short to be looked for within a text.
_WHOLE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "chromium",
        "says-nothing",
        ("Failed to fetch", "Failed to load resource"),
    ),
    (
        "gecko",
        "says-nothing",
        (
            "NetworkError when attempting to fetch resource",
            "NetworkError: A network error occurred",
            "A network error occurred",
        ),
    ),
    (
        "webkit",
        "says-nothing",
        ("Load failed", "cancelled Load failed", "Load request cancelled", "TypeError: Type error"),
    ),
    (
        "axios",
        "says-nothing",
        ("Network Error", "ERR_NETWORK", "Network Error ERR_NETWORK", "code: ERR_NETWORK"),
    ),
    (
        "a library",
        "says-nothing",
        (
            *("XMLHttpRequest error", "Network error: Failed to fetch", "xhr poll error", "0 Unknown Error"),
            *("websocket error", "TransportError: websocket error"),
            *("[Network error]: TypeError: Failed to fetch", "ApolloError: Failed to fetch"),
            *("[Network error]: TypeError: Load failed", "ApolloError: Load failed"),
        ),
    ),
    ("whatwg-fetch or React Native", "react-native", ("Network request failed",)),
    ("Node", "outside-a-browser", ("fetch failed",)),
    ("a browser", "script-error", ("Script error",)),
    ("a browser", "insecure-operation", ("The operation is insecure",)),
    (
        "a browser",
        "aborted",
        (
            "The user aborted a request",
            "The operation was aborted",
            "Fetch is aborted",
            "signal is aborted without reason",
            "(canceled)",
            "CanceledError: canceled",
            "TypeError: cancelled",
        ),
    ),
    ("webkit", "connection-failed", ("Could not connect to the server",)),
    ("webkit", "name-not-resolved", ("A server with the specified hostname could not be found",)),
    ("webkit", "certificate", ("The certificate for this server is invalid",)),
    ("webkit", "connection-lost", ("The network connection was lost",)),
    ("webkit", "offline", ("The Internet connection appears to be offline",)),
    ("webkit", "module-failed", ("Importing a module script failed",)),
    ("webkit", "connection-lost", ("The operation couldn't be completed. Protocol error",)),
    ("webkit", "blocked-by-policy", ("Not allowed to request resource",)),
    ("webkit", "corp", ("Cross-Origin-Resource-Policy failure",)),
    ("webkit", "csp", ("Blocked by Content Security Policy", "Not allowed by ContentSecurityPolicy")),
    # Chromium's network panel, column «Status»
    ("chromium", "csp", ("(blocked:csp)", "blocked:csp")),
    ("chromium", "mixed-content", ("(blocked:mixed-content)", "blocked:mixed-content")),
    ("chromium", "blocked-by-client", ("(blocked:other)", "blocked:other")),
    ("chromium", "blocked-by-devtools", ("(blocked:devtools)", "blocked:devtools")),
    (
        "any network panel",
        "referrer-policy",
        tuple(
            f"{label}{policy}"
            for policy in ("strict-origin-when-cross-origin", "no-referrer-when-downgrade")
            for label in ("", "Referrer Policy: ", "Referrer Policy ", "Referrer-Policy: ")
        ),
    ),
    ("chromium", "provisional-headers", ("Provisional headers are shown",)),
    (
        "a browser",
        "storage-denied",
        (
            "Failed to read the localStorage property from Window: Access is denied for this document",
            "Failed to read the sessionStorage property from Window: Access is denied for this document",
        ),
    ),
    ("chromium", "cors-unnamed", ("blocked by CORS policy", "has been blocked by CORS policy")),
    ("gecko", "gecko-cut-off", ("Cross-Origin Request Blocked", "CORS Request Blocked")),
    ("Supabase", "says-nothing", ("Failed to send a request to the Edge Function",)),
    ("Supabase", "http-status", ("Edge Function returned a non-2xx status code",)),
    ("chromium", "cors-unnamed", ("(blocked:origin)", "blocked:origin", "CORS error", "(CORS error)")),
    ("chromium", "orb", ("(blocked:orb)", "blocked:orb", "ERR_BLOCKED_BY_ORB", "(failed)net::ERR_BLOCKED_BY_ORB")),
    ("chromium", "corp", ("(blocked:NotSameOrigin)", "(blocked:corp-not-same-origin)", "blocked:NotSameSite")),
    (
        "chromium",
        "coep",
        (
            "(blocked:NotSameOriginAfterDefaultedToSameOriginByCoep)",
            "blocked:NotSameOriginAfterDefaultedToSameOriginByCoep",
        ),
    ),
    (
        "chromium",
        "coep-frame",
        ("(blocked:CoepFrameResourceNeedsCoepHeader)", "blocked:CoepFrameResourceNeedsCoepHeader"),
    ),
    # Firefox' network panel, column «Transferred»
    ("gecko", "CORSDisabled", ("CORS disabled",)),
    ("gecko", "network-error", ("CORS Failed",)),
    ("gecko", "CORSRequestNotHttp", ("CORS Not HTTP",)),
    ("gecko", "allow-origin-multiple", ("CORS Multiple Origin Not Allowed",)),
    ("gecko", "allow-origin-missing", ("CORS Missing Allow Origin",)),
    ("gecko", "allow-origin-wildcard-with-credentials", ("CORS No Allow Credentials",)),
    ("gecko", "allow-origin-mismatch", ("CORS Allow Origin Not Matching Origin",)),
    ("gecko", "allow-credentials-not-true", ("CORS Missing Allow Credentials",)),
    ("gecko", "CORSOriginHeaderNotAdded", ("CORS Origin Header Missing",)),
    ("gecko", "preflight-redirected", ("CORS External Redirect Not Allowed",)),
    ("gecko", "status-not-ok", ("CORS Preflight Did Not Succeed",)),
    ("gecko", "allow-methods-invalid", ("CORS Invalid Allow Method",)),
    ("gecko", "method-not-allowed", ("CORS Method Not Found",)),
    ("gecko", "allow-headers-invalid", ("CORS Invalid Allow Header",)),
    ("gecko", "header-not-allowed", ("CORS Missing Allow Header",)),
    ("gecko", "mixed-content", ("Mixed Block",)),
    ("gecko", "csp", ("CSP", "CSP Preload", "CSP Content Blocked", "CSP No Data Protocol")),
    ("any network panel", "cors-unnamed", ("CORS", "blocked by CORS", "blocked:cors", "(blocked:cors)")),
    ("gecko", "blocked-by-devtools", ("Blocked by DevTools",)),
    ("gecko", "blocked-by-client", ("Blocked By Extension",)),
    ("gecko", "unsafe-attempt", ("Not same-origin",)),
)


def _rows() -> Iterable[Wording]:
    for by, table in (("chromium", _CHROMIUM), ("gecko", _GECKO), ("webkit", _WEBKIT)):
        for means, texts in table.items():
            yield from (Wording(text, means, by) for text in texts)
    for by, means, texts in _OTHERS:
        yield from (Wording(text, means, by) for text in texts)
    for by, means, texts in _WHOLE:
        yield from (Wording(text, means, by, whole=True) for text in texts)
    yield from (Wording(text, GECKO_KEYS[key], "gecko") for key, text in GECKO_ENGLISH.items())


WORDINGS: tuple[Wording, ...] = tuple(_rows())
"""All of them, in English."""

# --- names ------------------------------------------------------------------------------------------------------------

NAMES: Mapping[str, str] = {
    # net:: errors of Chromium, by the whole name or its beginning
    "ERR_FAILED": "err-failed",
    "ERR_BLOCKED_BY_ORB": "orb",
    "ERR_BLOCKED_BY_CSP": "csp",
    "ERR_BLOCKED_BY_CLIENT": "blocked-by-client",
    "ERR_BLOCKED_BY_ADMINISTRATOR": "blocked-by-administrator",
    "ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS": "local-network",
    "ERR_BLOCKED_BY_PRIVATE_NETWORK_ACCESS_CHECKS": "local-network",
    "ERR_BLOCKED_BY_RESPONSE": "blocked-by-response",
    "ERR_BLOCKED_BY_RESPONSE.NotSameOrigin": "corp",
    "ERR_BLOCKED_BY_RESPONSE.NotSameSite": "corp",
    "ERR_BLOCKED_BY_RESPONSE.NotSameOriginAfterDefaultedToSameOriginByCoep": "coep",
    "ERR_BLOCKED_BY_RESPONSE.NotSameOriginAfterDefaultedToSameOriginByDip": "coep",
    "ERR_BLOCKED_BY_RESPONSE.NotSameOriginAfterDefaultedToSameOriginByCoepAndDip": "coep",
    "ERR_BLOCKED_BY_RESPONSE.CoepFrameResourceNeedsCoepHeader": "coep-frame",
    "ERR_BLOCKED_BY_RESPONSE.CoopSandboxedIframeCannotNavigateToCoopPage": "coop",
    "ERR_BLOCKED_BY_RESPONSE.CoopSandboxedIFrameCannotNavigateToCoopPage": "coop",
    "ERR_CONNECTION_REFUSED": "connection-failed",
    "ERR_CONNECTION_FAILED": "connection-failed",
    "ERR_ADDRESS_UNREACHABLE": "connection-failed",
    "ERR_ADDRESS_INVALID": "connection-failed",
    "ERR_NAME_NOT_RESOLVED": "name-not-resolved",
    "ERR_NAME_RESOLUTION_FAILED": "name-not-resolved",
    "ERR_DNS_*": "name-not-resolved",
    "ERR_CERT_*": "certificate",
    "ERR_CERTIFICATE_*": "certificate",
    "ERR_SSL_*": "tls",
    "ERR_BAD_SSL_*": "tls",
    "ERR_TIMED_OUT": "timeout",
    "ERR_CONNECTION_TIMED_OUT": "timeout",
    "ERR_CONNECTION_RESET": "connection-lost",
    "ERR_CONNECTION_CLOSED": "connection-lost",
    "ERR_CONNECTION_ABORTED": "connection-lost",
    "ERR_EMPTY_RESPONSE": "connection-lost",
    "ERR_SOCKET_NOT_CONNECTED": "connection-lost",
    "ERR_PROXY_*": "proxy-failed",
    "ERR_TUNNEL_CONNECTION_FAILED": "proxy-failed",
    "ERR_SOCKS_*": "proxy-failed",
    "ERR_INTERNET_DISCONNECTED": "offline",
    "ERR_NETWORK_CHANGED": "offline",
    "ERR_NETWORK_IO_SUSPENDED": "offline",
    "ERR_ABORTED": "aborted",
    "ERR_TOO_MANY_REDIRECTS": "redirect-count-exceeded",
    "ERR_INVALID_REDIRECT": "redirect-url-unusable",
    "ERR_UNSAFE_REDIRECT": "redirect-url-unusable",
    "ERR_UNSAFE_PORT": "unsafe-port",
    "ERR_FILE_NOT_FOUND": "file-page",
    "ERR_INVALID_HTTP_RESPONSE": "bad-answer",
    "ERR_CONTENT_*": "bad-answer",
    "ERR_INCOMPLETE_*": "bad-answer",
    "ERR_INVALID_CHUNKED_ENCODING": "bad-answer",
    "ERR_RESPONSE_HEADERS_*": "bad-answer",
    "ERR_HTTP2_*": "bad-answer",
    "ERR_SPDY_*": "bad-answer",
    "ERR_QUIC_*": "bad-answer",
    "ERR_QUIC_PROTOCOL_ERROR.QUIC_TLS_CERTIFICATE_*": "certificate",
    "ERR_CLEARTEXT_NOT_PERMITTED": "cleartext",
    "ERR_HTTP_RESPONSE_CODE_FAILURE": "http-status",
    "ERR_UNKNOWN_URL_SCHEME": "url-scheme",
    "ERR_DISALLOWED_URL_SCHEME": "url-scheme",
    # nsresults of Firefox
    "NS_ERROR_DOM_BAD_URI": "bad-uri",
    "NS_ERROR_DOM_BAD_CROSS_ORIGIN_URI": "bad-uri",
    "NS_ERROR_DOM_CORP_FAILED": "corp",
    "NS_ERROR_DOM_COEP_FAILED": "coep-frame",
    "NS_ERROR_DOM_COOP_FAILED": "coop",
    "NS_ERROR_BLOCKED_BY_POLICY": "blocked-by-policy",
    "NS_ERROR_CONTENT_BLOCKED": "blocked-by-policy",
    "NS_ERROR_CSP_FRAME_ANCESTOR_VIOLATION": "frame-ancestors",
    "NS_ERROR_XFO_VIOLATION": "frame-options",
    "NS_ERROR_SRI_*": "sri",
    "NS_ERROR_LOCAL_NETWORK_ACCESS_DENIED": "local-network",
    "NS_ERROR_CONNECTION_REFUSED": "connection-failed",
    "NS_ERROR_WEBSOCKET_CONNECTION_REFUSED": "websocket-failed",
    "NS_ERROR_UNKNOWN_HOST": "name-not-resolved",
    "NS_ERROR_DEFINITIVE_UNKNOWN_HOST": "name-not-resolved",
    "NS_ERROR_NET_TIMEOUT": "timeout",
    "NS_ERROR_NET_RESET": "connection-lost",
    "NS_ERROR_NET_INTERRUPT": "connection-lost",
    "NS_ERROR_NET_EMPTY_RESPONSE": "connection-lost",
    "NS_ERROR_NET_PARTIAL_TRANSFER": "connection-lost",
    "NS_ERROR_NET_*": "bad-answer",
    "NS_ERROR_CORRUPTED_CONTENT": "mime-or-nosniff",
    "NS_ERROR_INVALID_CONTENT_ENCODING": "bad-answer",
    "NS_ERROR_PROXY_*": "proxy-failed",
    "NS_ERROR_UNKNOWN_PROXY_HOST": "proxy-failed",
    "NS_ERROR_OFFLINE": "offline",
    "NS_ERROR_REDIRECT_LOOP": "redirect-count-exceeded",
    "NS_ERROR_PORT_ACCESS_NOT_ALLOWED": "unsafe-port",
    "NS_ERROR_UNKNOWN_PROTOCOL": "url-scheme",
    "NS_ERROR_INTERCEPTION_FAILED": "service-worker-answer",
    "NS_ERROR_TRACKING_URI": "blocked-by-client",
    "NS_ERROR_BAD_HSTS_CERT": "certificate",
    "NS_BINDING_ABORTED": "aborted",
    "NS_BINDING_FAILED": "aborted",
    "NS_ERROR_ABORT": "aborted",
    "SEC_ERROR_*": "certificate",
    "MOZILLA_PKIX_ERROR_*": "certificate",
    "SSL_ERROR_BAD_CERT_DOMAIN": "certificate",
    "SSL_ERROR_*": "tls",
    # what DevTools' protocol calls a block (Network.BlockedReason, Audits.BlockedByResponseReason)
    "corp-not-same-origin": "corp",
    "corp-not-same-site": "corp",
    "corp-not-same-origin-after-defaulted-to-same-origin-by-coep": "coep",
    "corp-not-same-origin-after-defaulted-to-same-origin-by-dip": "coep",
    "corp-not-same-origin-after-defaulted-to-same-origin-by-coep-and-dip": "coep",
    "coep-frame-resource-needs-coep-header": "coep-frame",
    "coop-sandboxed-iframe-cannot-navigate-to-coop-page": "coop",
    "CorpNotSameOrigin": "corp",
    "CorpNotSameSite": "corp",
    "CorpNotSameOriginAfterDefaultedToSameOriginByCoep": "coep",
    "CorpNotSameOriginAfterDefaultedToSameOriginByDip": "coep",
    "CorpNotSameOriginAfterDefaultedToSameOriginByCoepAndDip": "coep",
    "CoepFrameResourceNeedsCoepHeader": "coep-frame",
    "CoopSandboxedIFrameCannotNavigateToCoopPage": "coop",
    # older names of Chromium's CORS errors
    "PreflightMissingAllowPrivateNetwork": "private-network-preflight",
    "PreflightInvalidAllowPrivateNetwork": "private-network-preflight",
    "PreflightMissingPrivateNetworkAccessId": "private-network-preflight",
    "PreflightMissingPrivateNetworkAccessName": "private-network-preflight",
    "PrivateNetworkAccessPermissionUnavailable": "local-network",
    "PrivateNetworkAccessPermissionDenied": "local-network",
    "UnexpectedPrivateNetworkAccess": "local-network",
    "InsecurePrivateNetwork": "InsecureLocalNetwork",
}
"""What errors' names mean; a * at the end stands for any ending."""

BLOCKED_REASONS: Mapping[str, str] = {
    "mixed-content": "mixed-content",
    "inspector": "blocked-by-devtools",
    "subresource-filter": "blocked-by-client",
    "content-type": "mime",
    "integrity": "sri",
    "csp": "csp",
}
"""What else DevTools' protocol has as Network.BlockedReason: words that count only there."""

# --- documentation ----------------------------------------------------------------------------------------------------

PAGES: tuple[tuple[str, str, str], ...] = (
    ("developer.mozilla.org", "/headers/cross-origin-resource-policy", "corp"),
    ("developer.mozilla.org", "/guides/cross-origin_resource_policy", "corp"),
    ("developer.mozilla.org", "/http/cross-origin_resource_policy", "corp"),
    ("developer.mozilla.org", "/headers/cross-origin-embedder-policy", "coep"),
    ("developer.mozilla.org", "/headers/cross-origin-opener-policy", "coop"),
    ("developer.mozilla.org", "/headers/access-control-expose-headers", "header-not-exposed"),
    ("developer.mozilla.org", "/headers/access-control-allow-origin", "allow-origin-missing"),
    ("developer.mozilla.org", "/headers/access-control-allow-headers", "header-not-allowed"),
    ("developer.mozilla.org", "/headers/access-control-allow-methods", "method-not-allowed"),
    ("developer.mozilla.org", "/headers/access-control-allow-credentials", "allow-credentials-not-true"),
    ("developer.mozilla.org", "/headers/x-content-type-options", "nosniff"),
    ("developer.mozilla.org", "/headers/x-frame-options", "frame-options"),
    ("developer.mozilla.org", "/content-security-policy/frame-ancestors", "frame-ancestors"),
    ("developer.mozilla.org", "/headers/content-security-policy", "csp"),
    ("developer.mozilla.org", "/guides/csp", "csp"),
    ("developer.mozilla.org", "/http/csp", "csp"),
    ("developer.mozilla.org", "/mixed_content", "mixed-content"),
    ("developer.mozilla.org", "/subresource_integrity", "sri"),
    ("developer.mozilla.org", "/forbidden_request_header", "forbidden-header"),
    ("developer.mozilla.org", "/forbidden_header_name", "forbidden-header"),
    ("developer.mozilla.org", "/cors_enabled_image", "tainted-canvas"),
    ("developer.mozilla.org", "/guides/cors", "cors-unnamed"),
    ("developer.mozilla.org", "/web/http/cors", "cors-unnamed"),
    ("developer.chrome.com", "/blog/private-network-access", "private-network-preflight"),
    ("developer.chrome.com", "/blog/pna-on-hold", "private-network-preflight"),
    ("developer.chrome.com", "/blog/local-network-access", "local-network"),
    ("developer.chrome.com", "/blog/enabling-shared-array-buffer", "coep"),
    ("web.dev", "/coop-coep", "coep"),
    ("web.dev", "/cross-origin-isolation-guide", "coep"),
    ("web.dev", "/what-is-mixed-content", "mixed-content"),
    ("web.dev", "/csp", "csp"),
    ("chromestatus.com", "/feature/5629709824032768", "corb"),
    ("chromestatus.com", "/feature/5737414355058688", "private-network-preflight"),
    ("chromestatus.com", "/feature/5152728072060928", "local-network"),
    ("chromium.org", "/chromium-security/corb-for-developers", "corb"),
    ("chromestatus.com", "/feature/5436853517811712", "InsecureLocalNetwork"),
    ("chromestatus.com", "/feature/5669008342777856", "url-with-credentials"),
)
"""Pages of documentation: host, a part of the path (lower case), and what they are about."""
