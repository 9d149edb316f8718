"""A judgement in words: one line for a list, and what every report says of it alike.

Law 1: nothing raw. Bytes from the wire pass `visible` before they reach a terminal.
Law 2: nothing is said that was not seen, or is not marked as inferred.
"""

import re
from functools import lru_cache

from cors_addon.exchange import in_browsers
from cors_addon.exchange.model import Credentials, Judgement, Outcome, PreflightState, Role, Verdict
from cors_addon.fetch import headers
from cors_addon.fetch.bounds import USUAL_NAMES
from cors_addon.fetch.headers import visible as visible
from cors_addon.fetch.masking import masked, may_hold
from cors_addon.fetch.methods import CORS_SAFELISTED
from cors_addon.fetch.names import REQUEST_METHOD
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.reasons.model import Facts, message
from cors_addon.reasons.registry import REGISTRY
from cors_addon.report import distinctive
from cors_addon.report.client_name import program_name
from cors_addon.report.marks import FAILED as FAILED
from cors_addon.report.marks import NEITHER as NEITHER
from cors_addon.report.marks import PASSED as PASSED
from cors_addon.report.marks import WIDTH as WIDTH

_MAX_VALUE = 70
_MAX_COMMENT = 160
_MAX_MASKED = 1 << 12
"""Characters of a text that may hold secrets of which any are shown: it is masked before it is cut."""

_ROLES = {Stage.PREFLIGHT: Role.PREFLIGHT, Stage.ACTUAL: Role.ACTUAL, Stage.REDIRECT: Role.REDIRECT}
_ABOUT_REDIRECTS = frozenset(
    {
        Reason.PREFLIGHT_REDIRECTED,
        Reason.REDIRECT_HAS_CREDENTIALS,
        Reason.REDIRECT_SCHEME_NOT_CORS,
        Reason.REDIRECT_URL_UNUSABLE,
    }
)


def shortened(text: str, limit: int = _MAX_VALUE) -> str:
    """`text` made visible, the middle of a long one left out."""
    if may_hold(text):
        text = masked(text[:_MAX_MASKED])
    if len(text) > 4 * limit:  # what is cut away need not be made visible first
        text = text[: 2 * limit] + text[-2 * limit :]
    text = visible(text)
    half = (limit - 1) // 2
    return text if len(text) <= limit else f"{text[:half]}…{text[-half:]}"


def quoted(text: str, limit: int = _MAX_VALUE) -> str:
    """A value between quotation marks."""
    return f'"{shortened(text, limit)}"'


# ---- what follows from a judgement ----


def other_mode(judgement: Judgement) -> Outcome | None:
    """The outcome under the credentials mode that was not assumed; None where the mode is known, or changes nothing."""
    if judgement.credentials is not Credentials.UNKNOWN or judgement.stage is None:
        return None
    other = judgement.if_omitted if judgement.judged_credentialed else judgement.if_credentialed
    if other is None or (other.verdict is judgement.verdict and other.refusal == judgement.refusal):
        return None
    return other


def depends_on_credentials(judgement: Judgement) -> bool:
    """Whether the credentials mode is unknown, and the verdict turns on it."""
    if judgement.credentials is not Credentials.UNKNOWN:
        return False
    other = other_mode(judgement)
    return other is not None and other.verdict is not judgement.verdict


def in_question(judgement: Judgement) -> Judgement:
    """The judgement whose refusal is worth explaining.

    Itself, mostly; where the credentials mode decides, the one that refuses; for a client that is no browser, the one
    that a browser would have reached.
    """
    if judgement.hypothetical is not None:
        outcome, role = judgement.hypothetical, Role.ACTUAL
        if request_header(judgement, REQUEST_METHOD) is not None:
            role = Role.PREFLIGHT
        elif outcome.refusal is not None:
            role = _ROLES[outcome.refusal.stage]
        return judgement.altered(role=role, verdict=outcome.verdict, refusal=outcome.refusal, chain=[])
    other = other_mode(judgement)
    if judgement.refusal is None and other is not None and other.refusal is not None:
        credentialed = not judgement.judged_credentialed
        return judgement.altered(
            verdict=other.verdict,
            refusal=other.refusal,
            credentials=Credentials.INCLUDE if credentialed else Credentials.OMIT,
            judged_credentialed=credentialed,
        )
    return judgement


def response_header(judgement: Judgement, name: str) -> str | None:
    """A response header as the check read it."""
    fields = judgement.stored or judgement.observation.response
    return headers.get(fields, name.lower().encode())


def request_header(judgement: Judgement, name: str) -> str | None:
    """A request header, its lines joined."""
    return headers.get(judgement.observation.request, name.lower().encode())


# ---- one line ----
# mitmweb's column shows the first sixteen characters, beside the method and the status: what tells one refusal from
# another comes first, the word "preflight" is left out, and header names lose what they all begin with.


def comment(judgement: Judgement, turns: bool | None = None) -> str:
    """One line for a list of flows; empty where CORS has nothing to say.

    `turns`: the verdict turns on the credentials mode (`depends_on_credentials`), where the caller knows already.
    """
    if turns is None:
        turns = depends_on_credentials(judgement)
    line = _comment(judgement, turns)
    if judgement.engine.plays_browser and (elsewhere := in_a_browser(judgement)):
        line += f"; {elsewhere}"
    if len(line) <= 12 and judgement.observation.rewritten is None:  # the most frequent: nothing to shorten
        return line
    if judgement.observation.rewritten is not None:
        line = _by_rule(line, judgement.observation.rewritten[0])
    line = line.replace("Access-Control-Allow-", "Allow-")
    return line if len(line) <= _MAX_COMMENT else line[: _MAX_COMMENT - 1] + "…"


def _by_rule(line: str, policy: str) -> str:
    """The same of an answer that a policy changed: it must not look like the server's own."""
    mark, cors, rest = line.partition(" CORS")
    return f"{mark} by rule{rest} · {shortened(policy)}" if cors else line


def _comment(judgement: Judgement, turns: bool) -> str:
    if judgement.stage is None:
        return _comment_without_stage(judgement)
    if judgement.refusal is not None:
        yet = ", yet it went on" if judgement.contradicted else ""
        first = distinctive.words(judgement, judgement.refusal)
        line = f"{FAILED} {first} · CORS{yet}: {_cause(judgement, judgement.refusal)}"
    else:
        line = f"{PASSED} CORS, contradicted" if judgement.contradicted else f"{PASSED} CORS"
        if not turns:
            return line + _allowed_how(judgement)
    return line + _unless(judgement) if turns else line


def _comment_without_stage(judgement: Judgement) -> str:
    if judgement.hypothetical is None:
        return ""
    refusal = judgement.hypothetical.refusal
    client = program_name(judgement.observation.request) or "this client"
    if refusal is None:
        return f"{NEITHER} {PASSED} for a browser, which {visible(client)} is not"
    return f"{NEITHER} {FAILED} for a browser, which {visible(client)} is not: {phrase(judgement, refusal)}"


def in_a_browser(judgement: Judgement) -> str:
    """What a browser would have made of what a library sent that plays one; empty where that is the same."""
    would = in_browsers.outcome(judgement)
    if would is None:
        return ""
    if in_browsers.needs_no_preflight(judgement):
        return "a browser would send no preflight" if judgement.refusal is not None else ""
    if judgement.refusal is None and would.refusal is not None:
        return f"a browser would refuse it: {_cause(judgement, would.refusal)}"
    if judgement.refusal is not None and would.refusal is None:
        return "a browser would allow it"
    reasons = in_browsers.preflight_because(judgement)
    return f"a browser would send a preflight first, for {' · '.join(reasons)}" if reasons else ""


def _cause(judgement: Judgement, refusal: Refusal) -> str:
    status = judgement.observation.status
    if refusal.reason is Reason.ALLOW_ORIGIN_MISSING and status is not None:
        return "no Access-Control-Allow-Origin" if 200 <= status < 400 else f"{status}, no Access-Control-Allow-Origin"
    return phrase(judgement, refusal).removeprefix("the preflight was ")


def _unless(judgement: Judgement) -> str:
    """What is to be added where the verdict turns on a credentials mode that is not known."""
    mark = FAILED if judgement.verdict is Verdict.ALLOW else PASSED
    return f", but {mark} " + ("without credentials" if judgement.judged_credentialed else 'if credentials: "include"')


def _allowed_how(judgement: Judgement) -> str:
    if judgement.role is Role.PREFLIGHT:
        reuse = f", reusable {in_seconds(judgement.cache_lifetime)}" if judgement.cache_lifetime else ""
        return f" for {_asked_for(judgement)}{reuse}"
    if judgement.role is Role.REDIRECT:
        location = response_header(judgement, "location")
        return f", on to {shortened(without_userinfo(location))}" if location is not None else ""
    credentials = " with credentials" if judgement.credentials is Credentials.INCLUDE else ""
    match judgement.preflight:
        case PreflightState.SENT:
            return f"{credentials} (after its preflight)"
        case PreflightState.CACHED:
            return f"{credentials} (preflight cached{_ago(judgement)})"
        case PreflightState.UNSEEN:
            return f"{credentials} (its preflight was not seen)"
        case _:
            return credentials


def without_userinfo(url: str) -> str:
    """A URL without the password that may stand in it."""
    return re.sub(r"//[^/?#\\]*@", "//…@", url, count=1)


def _ago(judgement: Judgement) -> str:
    stored = judgement.preflight_cached_at
    return "" if stored is None else f" {in_seconds(judgement.observation.started - stored)} ago"


def _asked_for(judgement: Judgement) -> str:
    names = [judgement.requested_method or "", *judgement.requested_headers]
    return shortened(", ".join(name for name in names if name), 60)


_UNSEEN = {
    Reason.ALLOW_ORIGIN_MISMATCH: "Access-Control-Allow-Origin ({value}) is not the request's Origin, {origin}",
    Reason.ALLOW_CREDENTIALS_NOT_TRUE: 'Access-Control-Allow-Credentials is not "true", as it must be with credentials',
    Reason.METHOD_NOT_ALLOWED: "the preflight's answer does not allow the method ({value})",
    Reason.HEADER_NOT_ALLOWED: "the preflight's answer does not allow the header ({value})",
    Reason.STATUS_NOT_OK: "the preflight was not answered with an ok status (200 to 299)",
    Reason.PREFLIGHT_REDIRECTED: "the preflight was redirected",
}
"""Where the browser says what it refused, and the recording has no answer to quote."""


def phrase(judgement: Judgement, refusal: Refusal, *, credentialed: bool | None = None) -> str:
    """What failed, with the value at fault, in half a line."""
    if judgement.observation.status is None and refusal.reason in _UNSEEN:
        return visible(_UNSEEN[refusal.reason].format(value=refusal.detail or "it", origin=judgement.origin))
    known = facts(judgement, refusal, credentialed=credentialed)
    if len(known.headers) > USUAL_NAMES or len(known.value or "") > _USUAL_VALUE:
        return _phrase.__wrapped__(refusal, known)  # to remember it would take megabytes
    return _phrase(refusal, known)


_USUAL_VALUE = 512
"""Characters of the value at fault, up to which a phrase is remembered."""


@lru_cache(maxsize=1024)  # what fails once fails again and again
def _phrase(refusal: Refusal, known: Facts) -> str:
    return visible(message(REGISTRY[refusal.reason], refusal, known))


def facts(judgement: Judgement, refusal: Refusal, *, credentialed: bool | None = None) -> Facts:
    """What of this exchange an explanation may show; `credentialed` where it is about the other credentials mode."""
    if credentialed is None and judgement.credentials is not Credentials.UNKNOWN:
        credentialed = judgement.credentials is Credentials.INCLUDE
    header = REGISTRY[refusal.reason].header
    return Facts(
        origin=judgement.origin,
        method=judgement.requested_method,
        headers=judgement.requested_headers,
        status=judgement.observation.status,
        value=None if header is None else response_header(judgement, header),
        location=response_header(judgement, "location") if refusal.reason in _ABOUT_REDIRECTS else None,
        credentialed=credentialed,
    )


# ---- what an explanation says of the request ----


def relation(judgement: Judgement) -> str:
    """How the page and the target relate, in the browser's own words where it sent them."""
    url, origin = judgement.observation.url, judgement.origin
    words = []
    site = request_header(judgement, "sec-fetch-site")
    if origin is not None:
        words.append("same-origin" if origin == url.origin else "cross-origin")
    if site in ("same-site", "cross-site"):
        words.append(site)
    mode = request_header(judgement, "sec-fetch-mode")
    if mode is not None:
        words.append(f"mode {mode}")
    elif judgement.stage is not None:
        words.append("mode cors (no Sec-Fetch-Mode: inferred)")
    destination = request_header(judgement, "sec-fetch-dest")
    if destination not in (None, "empty"):
        words.append(f"for {destination}")
    return " · ".join(words)


def credentials_words(judgement: Judgement) -> str:
    """Whether credentials are included, and how that is known."""
    evidence = f": {judgement.credentials_evidence}" if judgement.credentials_evidence else ""
    match judgement.credentials:
        case Credentials.INCLUDE:
            return f"included{evidence}"
        case Credentials.OMIT:
            return f"not included{evidence}"
    unknown = f"unknown{evidence or ': nothing on the wire tells'}"
    other = other_mode(judgement)
    if other is None:
        return f"{unknown}, and the verdict is the same"
    mode = "not included" if judgement.judged_credentialed else "included"
    if other.refusal is None:
        return f"{unknown}; if {mode}: {PASSED} allowed"
    failed = phrase(judgement, other.refusal, credentialed=not judgement.judged_credentialed)
    return f"{unknown}; if {mode}: {FAILED} {failed}"


def preflight_words(judgement: Judgement) -> str:
    """What made a preflight necessary, and what became of it; empty where that is no question."""
    if judgement.role is Role.PREFLIGHT:
        followed = [member for member in judgement.chain if member.role in (Role.ACTUAL, Role.REDIRECT)]
        for member in followed:
            if member.preflight_because:
                return "needed for " + " · ".join(member.preflight_because)
        asked = [f"method {judgement.requested_method}", *(f"header {name}" for name in judgement.requested_headers)]
        if asked[1:] and judgement.requested_method in CORS_SAFELISTED:
            asked = asked[1:]
        return "asks for " + " · ".join(asked)
    because = " · ".join(judgement.preflight_because)
    match judgement.preflight:
        case PreflightState.SENT:
            return f"sent, needed for {because}"
        case PreflightState.CACHED:
            return f"from this browser's cache, stored{_ago(judgement)} (inferred); needed for {because}"
        case PreflightState.UNSEEN:
            return f"needed for {because}, but not seen: sent before this recording began, or never"
        case PreflightState.NOT_NEEDED:
            return "not needed"
        case _:
            return ""


# ---- time ----


def in_seconds(seconds: float) -> str:
    """A time span, in seconds whatever it is."""
    seconds = max(seconds, 0.0)
    return f"{seconds:.1f} s" if seconds < 10 and seconds != int(seconds) else f"{seconds:.0f} s"
