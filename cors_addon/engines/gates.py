"""Where Chromium and Gecko deviate from the standards in what they refuse beyond CORS, and the rules of all engines.

Measured with Chromium 156 and Firefox 153.
"""

import re

from cors_addon.engines import orb_chromium, orb_gecko
from cors_addon.engines.webkit_gates import WEBKIT
from cors_addon.fetch import csp, gates, mime, redirect_gates, sniff
from cors_addon.fetch.embedder_policy import EmbedderPolicy
from cors_addon.fetch.gates import STANDARD_GATES
from cors_addon.fetch.headers import get
from cors_addon.fetch.load import WORKLETS, Arrival, Block, Destination, Fields, Gate, GateRules, Load, Step
from cors_addon.fetch.mixed_content import Upgrades
from cors_addon.fetch.origins import Url, is_potentially_trustworthy
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.resource_policy import resource_policy

_OBJECTS = frozenset({Destination.EMBED, Destination.OBJECT})
_SUBDOCUMENTS = frozenset({Destination.FRAME, Destination.IFRAME})
_TOLD_AS_TYPES = WORKLETS | {Destination.MODULE, Destination.SERVICE_WORKER, Destination.STYLE}
_BEFORE_COMMENT, _BEFORE_PARAMETERS = pattern(r"[ \t;(]"), pattern(r"[ \t;]")
_LAX_WORKERS = frozenset({Destination.SHARED_WORKER, Destination.WORKER})


def _nothing_is(_url: Url) -> bool:
    """Kept from being upgraded."""
    return False


def _last_kind(fields: Fields, end: "re.Pattern[str]") -> str:
    """The last value of Content-Type with a slash, up to the first of some characters; `*/*` says nothing."""
    for value in reversed((get(fields, b"content-type") or "").split(",")):
        if "/" not in value:
            continue
        kind = end.split(value.strip(" \t"), maxsplit=1)[0].lower()
        if "/" in kind and kind != "*/*":
            return kind
    return ""


def _in_lower_case(load: Load) -> Load:
    """The load, without digests of its integrity attribute whose algorithm is written in another way."""
    if load.element is None:
        return load
    items = load.element.integrity.split()
    known = " ".join(item for item in items if item.partition("-")[0] == item.partition("-")[0].lower())
    return load._replace(element=load.element._replace(attributes={**load.element.attributes, "integrity": known}))


# -- Chromium ----------------------------------------------------------------------------------------------------------


_NOT_SHOWN = frozenset(
    """text/calendar text/comma-separated-values text/csv text/directory text/ldif text/ofx text/qif text/rtf
    text/tab-separated-values text/tsv text/vcalendar text/vcard text/x-calendar text/x-csv text/x-qif text/x-vcalendar
    text/x-vcard text/x-vcf""".split()
)
"""kUnsupportedTextTypes, third_party/blink/common/mime_util/mime_util.cc"""
_SHOWN = frozenset(
    """application/atom+xml application/json application/ogg application/pdf application/rss+xml
    application/vnd.apple.mpegurl application/x-mpegurl application/xhtml+xml application/xml audio/aac audio/flac
    audio/mp3 audio/mp4 audio/mpeg audio/mpegurl audio/ogg audio/wav audio/webm audio/x-m4a audio/x-mp3 audio/x-mpegurl
    audio/x-wav image/apng image/avif image/bmp image/gif image/jpeg image/jpg image/jxl image/pjpeg image/png
    image/svg+xml image/vnd.microsoft.icon image/webp image/x-icon image/x-png image/x-xbitmap multipart/x-mixed-replace
    video/3gpp video/mp4 video/ogg video/webm video/x-m4v video/x-matroska""".split()
)
"""Of other than text: kSupportedImageTypes, kSupportedNonImageTypes, media/base/mime_util_internal.cc (measured, with
all codecs); archives, which frames do not show, left out."""


def _chromium_kind(fields: Fields) -> str:
    """HttpUtil::ParseContentType."""
    return _last_kind(fields, _BEFORE_COMMENT)


def _chromium_is_shown(step: Step) -> Step:
    """NavigationRequest::OnResponseStarted: what is not shown in the frame is asked nothing.

    A 204 or 205 leaves the frame as it is; `<object>` shows its fallback for a failing status; a download is none.
    """

    def checked(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
        if arrival.status in (204, 205) or _is_download(arrival.kind):
            return None
        falls_back = load.destination is Destination.OBJECT and not 200 <= arrival.status <= 299
        return None if falls_back else step(rules, load, arrival)

    return checked


def _is_download(kind: str) -> bool:
    """blink::IsSupportedMimeType; none at all, and what is no type, is found out by the body."""
    if "/" not in kind:
        return False
    family, _, subtype = kind.partition("/")
    if family == "text":
        return kind in _NOT_SHOWN
    if family == "application":
        return not (kind in _SHOWN or mime.is_javascript(kind) or subtype.endswith("+json"))
    return kind not in _SHOWN


def _chromium_integrity(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """SubresourceIntegrity::CheckSubresourceIntegrity: of what failed by its status nothing is asked.

    That is a status of 400 or more: ResourceLoader::DidReceiveResponse. Algorithms are known in lower case only.
    """
    return gates.integrity_matches(rules, _in_lower_case(load), arrival) if arrival.status < 400 else None


def _chromium_script_integrity(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """ClassicPendingScript, ModuleScriptFetcher: the resource is checked as it is loaded, its type as a script."""
    is_script = load.destination in {Destination.MODULE, Destination.SCRIPT}
    return _chromium_integrity(rules, load, arrival) if is_script else None


def _chromium_script_type(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """AllowedByNosniff::MimeTypeAsScript, kLaxForWorker: a classic worker's type is asked for as a classic script's."""
    if load.destination not in _LAX_WORKERS:
        return gates.script_type_allows(rules, load, arrival)
    wrong = 200 <= arrival.status <= 299 and mime.is_never_a_script(arrival.kind)
    return Block(Gate.MIME, arrival.kind, "Content-Type") if wrong else None


def _chromium_opaque(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """IsOpaqueResponse goes by the last URL alone; a prefetch has no destination, and gets an empty answer."""
    if load.destination is Destination.PREFETCH or load.origin == load.url.origin:
        return None
    return gates.opaque_response_is_safe(rules, load, arrival)


def _chromium_style_nosniff(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """ResourceLoader::CheckResponseNosniff: `nosniff` comes before the status, and is told as a matter of the type."""
    if load.destination is Destination.STYLE:
        block = gates.nosniff_allows(rules, load, arrival)
        return None if block is None else block._replace(gate=Gate.MIME)
    return None


def _chromium_style_type(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """CSSStyleSheetResource::CanUseSheet, which an answer of a failing status does not reach.

    What is no MIME type, having no slash, counts as none.
    """
    if arrival.status >= 400 or "/" not in arrival.kind:
        return None
    return gates.style_type_allows(rules, load, arrival)


def _chromium_nosniff(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """The type of a module, or of a service worker, is checked strictly in any case, and told so."""
    if load.destination in _TOLD_AS_TYPES:
        return None
    return gates.nosniff_allows(rules, load, arrival)


CHROMIUM = GateRules(
    # BaseFetchContext::CanRequestInternal: the mode, then CSP, then mixed content
    redirect_steps=(
        gates.resource_policy_permits,
        redirect_gates.target_is_same_origin,
        redirect_gates.target_matches_csp,
        redirect_gates.target_is_not_mixed,
    ),
    frame_steps=tuple(map(_chromium_is_shown, STANDARD_GATES.frame_steps)),
    other_steps=(
        gates.resource_policy_permits,
        gates.worker_has_embedder_policy,
        _chromium_opaque,
        _chromium_script_integrity,
        _chromium_nosniff,
        _chromium_script_type,
        _chromium_style_nosniff,
        *gates.ALIKE,
        _chromium_integrity,
        _chromium_style_type,  # asked once the sheet is used, so after its integrity
    ),
    opaque_check=orb_chromium.check,
    kind_of=_chromium_kind,
    knows_isolation_policy=True,
    # third_party/blink/renderer/core/frame/csp/csp_source.cc
    sources=csp.Matching(sockets_as_http=False, upgrades_as_one=True),
    ancestors_paths_redirected=False,  # AncestorThrottle passes on whether the frame was redirected, not its parent
    # a redirect is asked by the browser's own process, to which an object is a frame
    object_directives=("frame-src",),
    # net::RedirectInfo::ComputeRedirectInfo: what was to be upgraded is at every hop, even where it is trusted
    upgrades=Upgrades(kept_for_media=_nothing_is, kept_for_asked=_nothing_is),
)


# -- Gecko -------------------------------------------------------------------------------------------------------------


def _gecko_kind(fields: Fields) -> str:
    """net_ParseContentType."""
    return _last_kind(fields, _BEFORE_PARAMETERS)


def _is_left(load: Load, arrival: Arrival) -> bool:
    """nsDocumentOpenInfo::OnStartRequest: what has no content leaves the frame as it is, and is asked no further."""
    return load.destination in _SUBDOCUMENTS and arrival.status in (204, 205)


_GECKO_NOT_SHOWN = frozenset("text/calendar text/csv text/rtf text/vcard text/xsl".split())
_GECKO_SHOWN = frozenset(
    """application/http-index-format application/json application/mathml+xml application/ogg application/pdf
    application/rdf+xml application/x-unknown-content-type application/xhtml+xml application/xml audio/flac audio/mpeg
    audio/ogg image/apng image/avif image/bmp image/gif image/jpeg image/jpg image/pjpeg image/png image/svg+xml
    image/vnd.microsoft.icon image/webp image/x-icon image/x-png multipart/x-mixed-replace video/mp4 video/quicktime
    video/webm video/x-matroska""".split()
)
"""Of other than text (measured)."""


def _gecko_is_download(kind: str) -> bool:
    """nsDSURIContentListener::CanHandleContent; none at all, and what is no type, is found out by the body."""
    if kind.startswith("text/"):
        return kind in _GECKO_NOT_SHOWN
    return "/" in kind and not (kind in _GECKO_SHOWN or mime.is_javascript(kind))


def _gecko_resource_policy(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """HttpBaseChannel::ProcessCrossOriginResourcePolicyHeader: `<object>` is no frame, and is always asked.

    A value that is none is not taken for a missing one, so it passes under an embedder policy.
    """
    if resource_policy(arrival.fields) is None and get(arrival.fields, b"cross-origin-resource-policy"):
        return None
    if _is_left(load, arrival):
        return None
    if load.destination not in _OBJECTS:
        return gates.resource_policy_permits(rules, load, arrival)
    demands = rules.embedder(load.page) is EmbedderPolicy.REQUIRE_CORP
    return gates.check_resource_policy(rules, load, arrival, demands=demands)


def _gecko_frame_embedder(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """HttpBaseChannel::ProcessCrossOriginEmbedderPolicyHeader asks subdocuments alone, not `<object>`."""
    if load.destination in _OBJECTS or _is_left(load, arrival):
        return None
    return gates.frame_has_embedder_policy(rules, load, arrival)


def _gecko_frame_allowed(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """X-Frame-Options is asked as the channel opens, frame-ancestors of what becomes a document.

    `<object>` shows its fallback for a failing status, and nothing without content; of the page's own origin, it is
    asked before (measured). What a frame does not show is downloaded, and asked for neither.
    """
    if load.destination in _SUBDOCUMENTS and _gecko_is_download(arrival.kind):
        return None
    block = gates.frame_allowed(rules, load, arrival)
    if block is None or block.gate is not Gate.FRAME_ANCESTORS:
        return block
    elsewhere = load.destination in _OBJECTS and load.origin != load.url.origin
    fails = arrival.status in (204, 205) or not 200 <= arrival.status <= 299
    shows_nothing = fails or _gecko_is_download(arrival.kind)
    return None if _is_left(load, arrival) or (elsewhere and shows_nothing) else block


def _gecko_script_type(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """The channel asks of worklets, and at first of service workers, no more than of classic scripts."""
    if load.destination is Destination.SERVICE_WORKER and not 200 <= arrival.status <= 299:
        return None
    is_lax = load.destination in WORKLETS or load.destination is Destination.SERVICE_WORKER
    return gates.script_type_allows(rules, load._replace(destination=Destination.SCRIPT) if is_lax else load, arrival)


def _gecko_service_worker_type(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """CompareNetwork::OnStreamComplete: its status, then its type."""
    if load.destination is not Destination.SERVICE_WORKER:
        return None
    return gates.script_type_allows(rules, load, arrival) if 200 <= arrival.status <= 299 else None


def _gecko_nosniff(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    fails = load.destination is Destination.SERVICE_WORKER and not 200 <= arrival.status <= 299
    return None if fails else gates.nosniff_allows(rules, load, arrival)


def _gecko_sheet(step: Step) -> Step:
    """SheetLoadData::VerifySheetReadyToParse: of a sheet that fails by its status nothing more is asked."""

    def checked(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
        fails = load.destination is Destination.STYLE and not 200 <= arrival.status <= 299
        return None if fails else step(rules, load, arrival)

    return checked


def _gecko_style_type(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """Of an opaque answer without a type, the sniffers of opaque-response blocking have found one where it is media.

    What a redirect has led to without a type is sniffed in any case, which finds no style sheet (measured).
    """
    block = gates.style_type_allows(rules, load, arrival)
    if block is not None or load.destination is not Destination.STYLE or arrival.kind:
        return block
    if load.redirected:
        block = gates.style_type_allows(rules, load, arrival._replace(own_kind="text/plain"))
        return None if block is None else block._replace(detail="")
    if not load.opaque:
        return None
    body = arrival.read(sniff.SNIFFED)
    return Block(Gate.MIME, "", "Content-Type") if body is not None and orb_gecko.is_media(body) else None


def _gecko_integrity(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """SRIMetadata: algorithms are known in lower case only; an attribute demands CORS whatever it holds."""
    return gates.integrity_needs_cors(rules, load if load.opaque else _in_lower_case(load), arrival)


GECKO = GateRules(
    # nsIOService::AsyncOnChannelRedirect: nsContentSecurityManager, which asks the mode, before the other sinks
    redirect_steps=(
        _gecko_resource_policy,
        redirect_gates.target_is_same_origin,
        redirect_gates.target_matches_csp,
        redirect_gates.target_is_not_mixed,
    ),
    # both are asked before COEP
    frame_steps=(_gecko_frame_allowed, _gecko_frame_embedder, _gecko_resource_policy),
    # HttpBaseChannel::ValidateMIMEType: a script's type first, then nosniff; the style sheet's own loader comes last
    other_steps=(
        _gecko_resource_policy,
        _gecko_script_type,
        _gecko_nosniff,
        _gecko_service_worker_type,
        gates.opaque_response_is_safe,
        gates.worker_has_embedder_policy,
        _gecko_sheet(_gecko_style_type),
        *gates.ALIKE,
        _gecko_sheet(_gecko_integrity),
    ),
    opaque_check=orb_gecko.check,
    kind_of=_gecko_kind,
    # permitsScheme, permitsPort; nsCSPParser::host, ::path
    sources=csp.Matching(sockets_as_http=False, always_upgrades_port=True, star_alone_before="/", empty_parts=False),
    ancestors_paths=False,  # nsCSPContext::PermitsAncestry
    hints_by_any=False,
    fails_by_status=frozenset(),
    types_before_cors=True,  # nsHttpChannel::CallOnStartRequest; nsCORSListenerProxy comes after it
    # NS_ShouldSecureUpgrade: an address is upgraded as a name is
    upgrades=Upgrades(kept_for_media=is_potentially_trustworthy, import_scripts=False),
)


GATES = {"chromium": CHROMIUM, "gecko": GECKO, "webkit": WEBKIT, "fetch": STANDARD_GATES}
"""By the engine's name."""
