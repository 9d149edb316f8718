"""From what a browser told of a load to which check stopped it, and at which of its flows.

Law 1: the browser's own word decides; what it leaves open (`derived`) is read from the case's headers, and said.
Law 2: what no traffic tells is `undecided`, with why; it is counted, and not judged.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from tests.browser.proxy import Seen

from .cases import FRAMED, IN_WORKERS, OBJECTS, OTHER_WORKERS, STYLES, NearCase
from .drivers import Told

COEP_BY_NAME = re.compile("coep|by-dip|defaulted-to-same-origin")


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What stopped a load (a value of `blocked_by`), or None."""

    gate: str | None
    derived: bool = False
    """The browser named no cause, or one for two: it is read from the headers."""
    why: str = ""
    """The browser's text or code that told."""


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """A flow, and what the browser made of its answer."""

    case: NearCase
    flow: Seen
    browser: str
    verdict: Verdict
    undecided: str = ""


def by_texts(texts: Sequence[str], table: Sequence[tuple[str, str]]) -> Verdict | None:
    """What the first pattern of a table that a text matches stands for; "" where that is no block."""
    for pattern, gate in table:
        for text in texts:
            if re.search(pattern, text):
                return Verdict(gate or None, why=text)
    return None


# -- Chromium ----------------------------------------------------------------------------------------------------------

CHROMIUM_TEXTS = (
    (r"^Framing '.*\"frame-ancestors", "frame-ancestors"),
    (r"^Refused to (?:display|frame) .*(?:X-Frame-Options|frame-ancestors)", "frame-options"),
    (r"^Mixed Content: .*This request has been blocked", "mixed-content"),
    (r"Content Security Policy directive.*(?:has been blocked|blocked\.)", "csp"),
    (r"Failed to find a valid digest|Subresource Integrity: The resource|integrity.*has been blocked", "sri"),
    (r"^Refused to execute script from '.*' because its MIME type .*strict MIME type checking is enabled", "nosniff"),
    (r"^Refused to (?:execute|apply) |^Failed to load module script|EventSource's response has a MIME type", "mime"),
    (r"^Unsafe attempt to load URL|^The script resource is behind a redirect", "other"),
    (r"^The script has an unsupported MIME type|^The script does not have a MIME type", "mime"),
)  # fmt: skip
ENDS_WITHOUT_A_CHECK = ("net::ERR_ABORTED", "net::ERR_FAILED", "net::ERR_INVALID_RESPONSE")
"""The last is a download's of a failing status."""


def chromium(case: NearCase, told: Told, last: int) -> Verdict:
    """By DevTools' codes, then the console's texts."""
    if told.failures and case.changed(last, "drop") is not None:
        return Verdict("network", why=told.failures[0]["errorText"])
    for failure in told.failures:
        error, reason = failure["errorText"], failure.get("blockedReason", "")
        if cors := failure.get("corsErrorStatus"):
            name = cors["corsError"]
            return Verdict("other" if name == "DisallowedByMode" else "cors", why=name)
        if reason in ("mixed-content", "csp"):
            return Verdict(reason, why=reason)
        if COEP_BY_NAME.search(reason):
            return Verdict("coep", why=reason)
        if reason.startswith("corp-"):
            return Verdict("corp", why=reason)
        if error == "net::ERR_BLOCKED_BY_ORB":
            return Verdict(None if case.loader.startswith("fetch-") else "orb", why=error)
    quiet = "report-only|^Executing inline"  # the latter is of the framed page itself
    if case.loader not in FRAMED:  # of a frame elsewhere only the origin is named: it is another case's
        quiet += "|in a frame because|^Framing "
    texts = [text for text in told.console if not re.search(quiet, text, re.IGNORECASE)]
    named = by_texts(texts, CHROMIUM_TEXTS)
    if named is not None:
        return named
    for failure in told.failures:
        error = failure["errorText"]
        if "ERR_BLOCKED_BY_RESPONSE" in error:
            if case.loader in FRAMED:
                return Verdict("frame-options", derived=True, why=error)
            return Verdict(corp_or_coep(case, last), derived=True, why=error)
        if error not in ENDS_WITHOUT_A_CHECK:
            return Verdict("network", why=error)
    failed = told.js.get("outcome") == "error"
    aborted = any(one["errorText"] == "net::ERR_ABORTED" for one in told.failures)
    stays = (*OTHER_WORKERS, "worker")
    gone = (
        failed
        and case.loader in stays
        and not case.url(last + 1 if last < len(case.urls) - 1 else last).startswith(case.page + "/")
    )
    if last < len(case.urls) - 1 and (gone or (aborted and case.loader in (*stays, "fetch-same-origin"))):
        return Verdict("other", why="net::ERR_ABORTED")
    if failed and case.loader == "sharedworker" and any("fetch a worker script" in text for text in told.console):
        return silent_type(case, last)
    if case.loader in STYLES and told.js.get("applied") is False and not failed and applies(case):
        return Verdict("mime", derived=True, why="a load event, yet not applied")
    return Verdict(None)


def applies(case: NearCase) -> bool:
    """Whether a style sheet shows by being applied: one of a status that fails is not, and an empty one cannot."""
    status = case.changed(len(case.urls) - 1, "status")
    return case.body != b"" and (status is None or (int(status[0]) < 400 and status[0] not in ("204", "205")))


def corp_or_coep(case: NearCase, hop: int) -> str:
    """For one message of two causes: a policy of the resource's own that counts refuses by itself."""
    values = case.changed(hop, "Cross-Origin-Resource-Policy") or ()
    counts = len(values) == 1 and values[0].strip(" \t") in ("same-origin", "same-site")
    return "corp" if counts else "coep"


# -- Firefox -----------------------------------------------------------------------------------------------------------

FIREFOX_TEXTS = (
    (r"^\[CORS(?!DidNotSucceed)\w+\] Cross-Origin Request Blocked", "cors"),
    (r"^\[X-Frame-Options\] The loading of .* is denied", "frame-options"),
    (r"^\[CSP_\w+\] (?!.*\(Report-Only policy\)).*\(frame-ancestors\)", "frame-ancestors"),
    (r"^\[CSP_blockAllMixedContent\]|^\[Mixed Content Blocker\] Blocked", "mixed-content"),
    (r"^\[CSP_\w+\] (?!.*\(Report-Only policy\)).*blocked", "csp"),
    (r"^\[SOP\]", "other"),
    (r"^\[COEP\] The resource at .* was blocked due to its Cross-Origin-Resource-Policy", "corp or coep"),
    (r"^\[MIMEMISMATCH\] The resource from .*X-Content-Type-Options: nosniff", "nosniff"),
    (r"^\[MIMEMISMATCH\] .*was blocked because of a disallowed MIME type", "mime"),
    (r"^\[ORB\]", "orb"),
    (r"^\[CSS Loader\] The stylesheet .* was not loaded because its MIME type", "mime"),
    (r"^\[Sub-resource Integrity\] (?!The integrity attribute does not|Unsupported hash|The hash contained)", "sri"),
)  # fmt: skip
FIREFOX_CODES = {
    "NS_ERROR_DOM_COEP_FAILED": "coep",
    "NS_ERROR_XFO_VIOLATION": "frame-options",
    "NS_ERROR_CSP_FRAME_ANCESTOR_VIOLATION": "frame-ancestors",
    "NS_ERROR_NET_RESET": "network",
    "NS_ERROR_NET_INTERRUPT": "network",
    "NS_ERROR_NET_PARTIAL_TRANSFER": "network",
    "NS_ERROR_NET_HTTP2_SENT_GOAWAY": "network",
}
INVALID_OPTIONS = r"^\[X-Frame-Options\] Invalid"
"""Said of values that are ignored, and of several that contradict each other, which deny."""
FIREFOX_REASONS = {3001: "mixed-content", 4000: "csp"}
"""BLOCKING_REASON_* of netwerk/base/nsILoadInfo.idl: what comes of it (a wrong type, say) has messages of its own."""


def firefox(case: NearCase, told: Told, last: int) -> Verdict:
    """By the codes of channels that name a cause, then the console's messages: those of what follows come last."""
    codes = [failure["status"] for failure in told.failures]
    if told.failures and case.changed(last, "drop") is not None:
        return Verdict("network", why=codes[0])
    for failure in told.failures:
        if gate := FIREFOX_REASONS.get(failure.get("blocked", 0)):
            return Verdict(gate, why=f"requestBlockingReason {failure['blocked']}")
    if "NS_ERROR_DOM_CORP_FAILED" in codes:
        return Verdict(corp_or_coep(case, last), derived=True, why="NS_ERROR_DOM_CORP_FAILED")
    for code in codes:
        if code in FIREFOX_CODES:
            return Verdict(FIREFOX_CODES[code], why=code)
    named = by_texts([text for text in told.console if "/favicon.ico" not in text], FIREFOX_TEXTS)
    # once for what fails by its status; twice where CORP refuses, of which nothing is said
    if named is None and is_refused_object(case, told):
        return Verdict(corp_or_coep(case, last), derived=True, why="NS_ERROR_WONT_HANDLE_CONTENT, twice")
    if named is None and not told.js.get("framed") and case.asked["frame"] and shows(case):
        named = by_texts(told.console, ((INVALID_OPTIONS, "frame-options"),))
    if named is not None:
        if named.gate == "orb" and case.loader.startswith("fetch-"):
            return Verdict(None, why=named.why)
        if named.gate == "corp or coep":
            return Verdict(corp_or_coep(case, last), derived=True, why=named.why)
        return named
    if case.loader in (*OTHER_WORKERS, "worker") and "NS_ERROR_BLOCKED_BY_POLICY" in codes:  # after its type
        return Verdict("coep", why="NS_ERROR_BLOCKED_BY_POLICY")
    isolates = any(value.strip().startswith(("require-corp", "credentialless")) for _, value in case.policy)
    if case.loader in FRAMED and told.js.get("framed") is False and case.asked["frame"] and isolates and shows(case):
        why = "a frame that does not come, and no message"
        return Verdict(corp_or_coep(case, last) if case.loader != "iframe" else "coep", derived=True, why=why)
    fails = is_failing(case) or case.changed(0, "drop") is not None
    if case.loader == "serviceworker" and told.js.get("outcome") == "error":
        return silent_service_worker(case, last)
    if case.loader in ("worker", "worker-module") and told.js.get("outcome") == "error" and case.policy and not fails:
        return Verdict("coep", derived=True, why="a worker that fails without a message")
    if case.loader == "eventsource" and told.js.get("outcome") == "error":
        status = case.changed(len(case.urls) - 1, "status")
        if status is None and any("establish a connection" in text for text in told.console):
            return Verdict("mime", derived=True, why="an EventSource that fails, of status 200")
    return Verdict(None)


def is_failing(case: NearCase) -> bool:
    """Whether the last answer's status is no success."""
    status = case.changed(len(case.urls) - 1, "status")
    return status is not None and not 200 <= int(status[0]) <= 299


def is_refused_object(case: NearCase, told: Told) -> bool:
    """Whether CORP or COEP kept an object or embed out, whatever else did."""
    codes = [failure["status"] for failure in told.failures]
    return case.loader in OBJECTS and codes.count("NS_ERROR_WONT_HANDLE_CONTENT") > 1


def shows(case: NearCase) -> bool:
    """Whether a framed answer shows by the message it sends: of a type and status that make it a document."""
    kind = case.changed(len(case.urls) - 1, "Content-Type")
    policies = case.changed(len(case.urls) - 1, "Content-Security-Policy") or ()
    if any("default-src" in each or "script-src" in each for each in policies):
        return False  # its script does not run
    status = case.changed(len(case.urls) - 1, "status")
    documented = status is None or int(status[0]) not in (204, 205, 206)
    if case.loader in ("object", "embed"):
        documented = documented and (status is None or 200 <= int(status[0]) <= 299)
    return kind in (None, ("text/html",)) and documented


# -- WebKit ------------------------------------------------------------------------------------------------------------

WEBKIT_TEXTS = (
    (r"requested insecure content from .*This content was blocked", "mixed-content"),
    (r"because it does not appear in the (?i:frame-ancestors) directive", "frame-ancestors"),
    (r"Refused to execute a script because its hash, its nonce, or", ""),  # of the framed page itself
    (r"^CONSOLE SECURITY ERROR Refused to .* Content Security Policy\.|Blocked by Content Security Policy", "csp"),
    (r"Failed integrity metadata check", "sri"),
    (r"Refused to display '.*' in a frame because it set 'X-Frame-Options'", "frame-options"),
    (r"Embedder-Policy", "coep"),
    (r"Unsafe attempt to load URL", "other"),
    (r"Refused to execute .* as script because \"X-Content-Type-Options: nosniff\"", "nosniff"),
    (r"Did not parse stylesheet at .* when 'X-Content-Type-Options: nosniff' is given", "nosniff"),
    (r"Did not parse stylesheet|is not a valid JavaScript MIME type|is not a script MIME type", "mime"),
    (r"EventSource's response has a MIME type", "mime"),
    (r"is not allowed by Access-Control-Allow-Origin|Access-Control-Allow-Credentials is not \"true\"", "cors"),
    (r"Cannot use wildcard in Access-Control-Allow-Origin|Origin .* is not allowed", "cors"),
    (r"Access-Control-Allow-Origin cannot contain|denied by Cross-Origin Resource Sharing policy: Origin", "cors"),
)  # fmt: skip
PARTS = "multipart/x-mixed-replace"
WEBKIT_CORP = "violates the resource's Cross-Origin-Resource-Policy response header"


def webkit(case: NearCase, told: Told, last: int) -> Verdict:
    """By the console's texts alone."""
    texts = [text for text in told.console if "[Report Only]" not in text and "/favicon.ico" not in text]
    if any(WEBKIT_CORP in text for text in texts):
        return Verdict(corp_or_coep(case, last), derived=True, why=WEBKIT_CORP)
    named = by_texts(texts, WEBKIT_TEXTS)
    if named is not None:
        return named
    outcome = told.js.get("outcome")
    if case.changed(last, "drop") is not None:
        return Verdict("network", derived=True, why="no message, and the connection was dropped")
    if case.loader == "serviceworker" and outcome == "error":
        return silent_service_worker(case, last)
    if case.loader == "audioworklet" and outcome == "error" and last == len(case.urls) - 1:
        return silent_type(case, last, sniffs=True)
    silent = ("worker", "importscripts", *OTHER_WORKERS)
    if case.loader in silent and outcome == "error" and last == len(case.urls) - 1:
        return silent_type(case, last)
    with_parts = case.changed(last, "Content-Type") == (PARTS,)
    fails = outcome == "error" or (outcome == "markup" and case.loader in STYLES)
    if case.loader in (*STYLES, "module", "import") and fails and with_parts:
        return Verdict("mime", derived=True, why="no message; SubresourceLoader cancels what has several parts")
    return Verdict(None)


def silent_service_worker(case: NearCase, last: int) -> Verdict:
    """A service worker's script that is not registered: for a redirect, or its type, unless for its status."""
    if last < len(case.urls) - 1:
        return Verdict("other", derived=True, why="no message; it is redirected")
    return silent_type(case, last)


def silent_type(case: NearCase, last: int, *, sniffs: bool = False) -> Verdict:
    """A worker's script, or what it imports, that fails without a message: for its type, unless for its status."""
    status = case.changed(last, "status")
    if status is not None and not 200 <= int(status[0]) <= 299:
        return Verdict(None)
    values = case.changed(last, "X-Content-Type-Options") or ("",)
    first = ",".join(values).split(",")[0].strip().lower()
    kinds = case.changed(last, "Content-Type")
    if kinds is None or re.search("(?:java|ecma|j)script", kinds[-1] if kinds else "", re.IGNORECASE):
        return Verdict(None)  # what does not parse is told as a network error across origins
    gate = "nosniff" if first == "nosniff" and not sniffs else "mime"
    return Verdict(gate, derived=True, why="no message; from the headers")


VERDICTS = {"chromium": chromium, "firefox": firefox, "webkit": webkit}


def judged(case: NearCase, told: Told, seen: Sequence[Seen], browser: str) -> list[Judged]:
    """The flows of a case that a browser has judged: redirects that were followed, and the last answer."""
    flows = {flow.hop: flow for flow in seen if not flow.preflight and flow.hop >= 0}
    if not flows:
        return []
    last = max(flows)
    made = [Judged(case, flows[hop], browser, Verdict(None)) for hop in sorted(flows) if hop != last]
    verdict = VERDICTS[browser](case, told, last)
    found = Judged(case, flows[last], browser, verdict, undecided(case, told, flows[last], verdict, browser))
    return [*made, found]


def has_policy(case: NearCase) -> bool:
    """Whether the page has a content security policy."""
    return any(name == "Content-Security-Policy" for name, _ in case.policy) or any(
        "-src" in each for each in case.meta
    )


def undecided(case: NearCase, told: Told, flow: Seen, verdict: Verdict, browser: str) -> str:
    """Why no traffic tells what became of a flow, or ""."""
    url = urlsplit(flow.url)
    trustworthy = url.scheme == "https" or url.hostname in ("localhost", "127.0.0.1") or flow.url.count(".localhost")
    if told.js.get("outcome") in ("died",):
        return "the tab died"
    policies = " ".join(case.changed(len(case.urls) - 1, "Content-Security-Policy") or ()).lower()
    frames = "frame-ancestors" in policies or by_texts(told.console, ((INVALID_OPTIONS, "frame-options"),))
    if browser == "firefox" and frames and is_refused_object(case, told):
        return "Firefox tells of an object that several keep out by the code of CORP, and of frame-ancestors nowhere"
    waits_in_vain = told.js.get("outcome") == "no-event" and case.loader not in (*FRAMED, "prefetch")
    if verdict.gate is None and not shows(case) and by_texts(told.console, ((INVALID_OPTIONS, "frame-options"),)):
        return "Firefox calls X-Frame-Options invalid, and what is not shown does not tell whether it denies"
    if waits_in_vain and verdict.gate is None and browser == "firefox":
        return "the page was told nothing in time"
    if (
        browser == "webkit"
        and case.loader in OBJECTS
        and (verdict.gate == "csp" or (verdict.gate is None and len(case.urls) > 1 and has_policy(case)))
        and flow.header("sec-fetch-dest") == "iframe"
    ):
        return "WebKit calls an object that becomes a document an iframe, and asks object-src all the same"
    shown = ("cors", "network") if case.loader in FRAMED else ("corp", "cors", "network")
    if (not trustworthy or (flow.hop and flow.header("sec-fetch-dest") is None)) and verdict.gate not in shown:
        return "no Sec-Fetch-Dest and -Mode: the kind of load is not in the traffic"
    if (
        case.loader in FRAMED
        and any(value.startswith("sandbox") for _, value in case.policy)
        and not flow.header("referer")
    ):
        return "a sandboxed page sends no Referer with a frame's request: whose it is is not in the traffic"
    if (
        case.loader in ("worker-module", "sharedworker-module")
        and case.changed(len(case.urls) - 1, "Content-Type") is not None
    ):
        return "a module worker is the same request as a classic one, whose type is checked less"
    typeless = (kinds := case.changed(flow.hop, "Content-Type")) is not None and not any(kinds)
    if case.loader == "css-module" and (browser == "firefox" or typeless or is_failing(case)):
        return "a module of CSS is the same request as a style sheet's, where there are such modules"
    if case.loader == "json-module" and browser == "webkit":
        return "WebKit's modules of JSON are the same requests as those of scripts"
    if case.loader in IN_WORKERS and browser != "chromium" and case.worker_policy != case.policy:
        return "what a worker fetches is the same request as what its page fetches"
    if case.loader == "preload" and verdict.gate in (None, "mime", "nosniff", "sri"):
        return "a preload is the same request as the real load, whose type and use are checked further"
    looks_like_script = (flow.header("sec-fetch-dest"), flow.header("sec-fetch-mode")) == ("script", "cors")
    if looks_like_script and typeless and (browser != "chromium" or flow.header("priority") is None):
        return "modules and scripts with crossorigin are the same request, and only modules need a type"
    if case.integrity and any(url.startswith("http://") and "localhost" not in url for url in case.urls):
        return "no Sec-Fetch-Dest at some hop: that it is for the element with an integrity is not in the traffic"
    if browser == "chromium" and case.loader in STYLES and verdict.gate is None and not applies(case):
        return "Chromium says nothing of a style sheet's type, and an empty one does not show whether it is applied"
    looks = (flow.header("sec-fetch-dest"), flow.header("sec-fetch-mode"), flow.header("priority"))
    if looks == ("script", "cors", None) and case.loader != "module" and not case.integrity:
        return "a script with crossorigin is the same request as a module, whose type is checked further"
    return ""
