"""Where WebKit deviates from the standards in what it refuses beyond CORS.

Measured with WebKitGTK 2.50.
"""

import re

from cors_addon.fetch import csp, gates, mime, redirect_gates
from cors_addon.fetch.gates import STANDARD_GATES
from cors_addon.fetch.headers import get
from cors_addon.fetch.load import WORKLETS, Arrival, Block, Destination, Fields, Gate, GateRules, Load
from cors_addon.fetch.mixed_content import Upgrades, is_ip_or_trustworthy
from cors_addon.fetch.origins import Url, is_potentially_trustworthy

_MODULES = WORKLETS | {Destination.MODULE}
_LOOKED_AT, _SPACE = 1 << 16, 1 << 10
"""Bytes of a module that are read, and how many of them may be white space."""
_WEBKIT_TYPE = re.compile(r"[^/\s]+/[^/\s]+")


def _webkit_kind(fields: Fields) -> str:
    """extractMIMETypeFromMediaType, of all lines as one."""
    return re.split("[;, \t]", get(fields, b"content-type") or "", maxsplit=1)[0].lower()


def _webkit_own_kind(fields: Fields, end: str) -> str:
    """SoupNetworkSession: the last line alone, up to the first of some characters."""
    lines = [value for name, value in fields if name.lower() == b"content-type"]
    return re.split(end, lines[-1].decode("latin-1"), maxsplit=1)[0].lower() if lines else ""


def _webkit_frame_redirect(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """NetworkResourceLoader::willSendRedirectedRequest: a frame's redirect is asked for an embedder policy first."""
    return gates.frame_has_embedder_policy(rules, load, arrival)


def _webkit_frame_ancestors(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """NetworkResourceLoader: asked before what the frame demands itself; X-Frame-Options comes after that."""
    block = gates.frame_allowed(rules, load, arrival)
    return block if block is not None and block.gate is Gate.FRAME_ANCESTORS else None


def _webkit_integrity(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """CachedResource::setResponse: what fails by its status is an error before its content is looked at."""
    if arrival.status >= 400 or arrival.kind == "multipart/x-mixed-replace":
        return None  # SubresourceLoader cancels what has several parts
    return gates.integrity_needs_cors(rules, load, arrival)


def _webkit_style_type(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """StyleSheetContents::parseAuthorStyleSheet: in standards mode the mode is named, whatever `nosniff` says."""
    if load.destination is not Destination.STYLE or not 200 <= arrival.status <= 299:
        return None
    quirks = load.page is not None and load.page.quirks
    nosniff = gates.nosniff_allows(rules, load, arrival)
    if nosniff is not None:
        return nosniff if quirks else nosniff._replace(gate=Gate.MIME)
    if arrival.kind in {"text/css", "application/x-unknown-content-type"} or not _WEBKIT_TYPE.fullmatch(arrival.kind):
        return None
    return None if quirks and load.origin == load.url.origin else Block(Gate.MIME, arrival.kind, "Content-Type")


def _may_be_of_json(load: Load, arrival: Arrival) -> bool:
    """Modules of JSON are asked for as those of scripts are: what is JSON, and says so, may be meant as such."""
    if load.element is not None or not mime.is_json(mime.declared(arrival.fields)):
        return False
    body = (arrival.read(_LOOKED_AT) or b"").strip(b" \t\r\n")
    return body.startswith((b"{", b"[")) and (len(body) >= _LOOKED_AT - _SPACE or body.endswith((b"}", b"]")))


def _webkit_script_type(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """ScriptModuleLoader::notifyFinished: of modules alone, a status below 400 is no error."""
    is_module = load.destination in _MODULES
    if is_module and arrival.status >= 400:
        return None
    if load.destination is Destination.MODULE and _may_be_of_json(load, arrival):
        return None
    if load.destination is not Destination.SCRIPT:
        arrival = arrival._replace(own_kind=_webkit_own_kind(arrival.fields, "[; \t]" if is_module else "[;, \t]"))
    return gates.script_type_allows(rules, load, arrival)


def _webkit_nosniff(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    if load.destination in _MODULES or load.destination is Destination.STYLE:
        return None  # ScriptModuleLoader asks for a JavaScript type alone
    return gates.nosniff_allows(rules, load, arrival)


def _webkit_keeps(url: Url) -> bool:
    """MixedContentChecker::canModifyRequest: a bracketed address is not seen to be one."""
    return not url.host.startswith("[") and is_ip_or_trustworthy(url)


def _is_secure(url: Url) -> bool:
    """What a redirect leads to is not trusted for being of this machine."""
    return url.scheme != "http" and is_potentially_trustworthy(url)


WEBKIT = GateRules(
    redirect_steps=(
        _webkit_frame_redirect,
        gates.resource_policy_permits,
        redirect_gates.target_matches_csp,  # where both refuse a target, its console tells of CSP first
        redirect_gates.target_is_same_origin,
        redirect_gates.target_is_not_mixed,
    ),
    frame_steps=(
        gates.resource_policy_permits,
        _webkit_frame_ancestors,
        gates.frame_has_embedder_policy,
        gates.frame_allowed,
    ),
    other_steps=(
        gates.resource_policy_permits,
        gates.worker_has_embedder_policy,
        _webkit_nosniff,
        _webkit_script_type,
        *gates.ALIKE,
        _webkit_integrity,
        _webkit_style_type,  # asked once the sheet is used
    ),
    opaque_check=None,
    kind_of=_webkit_kind,
    fails_by_status=STANDARD_GATES.fails_by_status - _MODULES,
    knows_credentialless=False,
    sources=csp.Matching(always_upgrades_port=True, star_alone_before=":/"),  # ContentSecurityPolicySource::portMatches
    upgrades=Upgrades(_webkit_keeps, lambda _url: False, _is_secure, frames=False, from_owner=True),
)
