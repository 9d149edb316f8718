"""The checks of an answer beyond CORS, as steps over one load.

Law 1: one function a step, in its standard's terms; each answers None (passed) or what stopped the load.
Law 2: a step reads nothing but the load, the answer and the rules; a body is read only by a step that needs it.
"""

from cors_addon.fetch import csp, frames, integrity, mime, orb
from cors_addon.fetch.embedder_policy import (
    EmbedderPolicy,
    IsolationPolicy,
    embedder_policy,
    isolation_policy,
    reported_embedder_policy,
)
from cors_addon.fetch.headers import LOWER, get
from cors_addon.fetch.load import (
    WORKERS,
    WORKLETS,
    Arrival,
    Block,
    Destination,
    Fields,
    Gate,
    GateRules,
    Load,
    Page,
    Step,
)
from cors_addon.fetch.names import OF_PAGES
from cors_addon.fetch.origins import Url, is_potentially_trustworthy
from cors_addon.fetch.redirect_gates import target_is_not_mixed, target_is_same_origin, target_matches_csp
from cors_addon.fetch.resource_policy import ResourcePolicy, permits, resource_policy

_CORP, _CSP, _TYPE = "Cross-Origin-Resource-Policy", "Content-Security-Policy", "Content-Type"

_SCRIPTS = frozenset({Destination.IMPORT_SCRIPTS, Destination.MODULE, Destination.SCRIPT}) | WORKERS | WORKLETS
_STRICT_SCRIPTS = _SCRIPTS - {Destination.SCRIPT}
"""Loads that want a JavaScript type in every case."""
_MEDIA = frozenset({Destination.AUDIO, Destination.VIDEO})
_WITH_INTEGRITY = frozenset({Destination.MODULE, Destination.SCRIPT, Destination.STYLE})


# -- CORP and COEP -----------------------------------------------------------------------------------------------------


def resource_policy_permits(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """The resource may be loaded without CORS. https://fetch.spec.whatwg.org/#cross-origin-resource-policy-check"""
    embedder = rules.embedder(load.page)
    if load.frame:
        if not embedder.isolates:
            return None
        demands = True
    elif load.mode == "no-cors":
        demands = embedder is EmbedderPolicy.REQUIRE_CORP
    else:
        return None
    return check_resource_policy(rules, load, arrival, demands=demands)


def check_resource_policy(rules: GateRules, load: Load, arrival: Arrival, *, demands: bool) -> Block | None:
    """`demands`: the page wants a policy. https://fetch.spec.whatwg.org/#cross-origin-resource-policy-internal-check"""
    policy = resource_policy(arrival.fields)
    if policy is not None:
        refused = not permits(policy, load.origin, load.url, load.site)
        return Block(Gate.CORP, policy.value, _CORP) if refused else None
    isolated = (
        rules.knows_isolation_policy
        and load.page is not None
        and not load.frame
        and load.page.isolation is IsolationPolicy.ISOLATE_AND_REQUIRE_CORP
    )
    if not demands and not isolated:
        return None
    if permits(ResourcePolicy.SAME_ORIGIN, load.origin, load.url, load.site):
        return None
    return Block(Gate.COEP, get(arrival.fields, b"cross-origin-resource-policy"), _CORP)


def frame_has_embedder_policy(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """A frame in a page that isolates isolates, too.

    https://html.spec.whatwg.org/multipage/browsers.html#check-a-navigation-response's-adherence-to-its-embedder-policy
    """
    return _isolates_too(rules, load, arrival) if load.frame else None


def worker_has_embedder_policy(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """A dedicated worker of a page that isolates isolates, too.

    https://html.spec.whatwg.org/multipage/browsers.html#check-a-global-object's-embedder-policy
    """
    return _isolates_too(rules, load, arrival) if load.destination is Destination.WORKER else None


def _isolates_too(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    if not rules.embedder(load.page).isolates:
        return None
    own = rules.embedder(page_from(load.url, arrival.fields))
    if own.isolates:
        return None
    return Block(Gate.COEP, get(arrival.fields, b"cross-origin-embedder-policy"), "Cross-Origin-Embedder-Policy")


def page_from(url: Url, fields: Fields) -> Page:
    """What a response says about the document or worker that comes of it; insecure ones have no embedder policy."""
    if OF_PAGES.isdisjoint([LOWER[name] for name, _ in fields]):
        return Page(url)
    secure = is_potentially_trustworthy(url)
    return Page(
        url,
        embedder_policy(fields) if secure else EmbedderPolicy.UNSAFE_NONE,
        isolation_policy(fields) if secure else IsolationPolicy.NONE,
        tuple(csp.enforced(fields)),
        reported=reported_embedder_policy(fields) if secure else EmbedderPolicy.UNSAFE_NONE,
    )


# -- ORB ---------------------------------------------------------------------------------------------------------------


def opaque_response_is_safe(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """Opaque-response blocking; a script's own fetch gets an empty answer in its place, which is no block."""
    if rules.opaque_check is None or not load.opaque or load.destination in {Destination.EMPTY, None}:
        return None
    refused = rules.opaque_check(
        orb.Opaque(
            arrival.status,
            mime.extract(arrival.fields) if arrival.own_kind is None else arrival.own_kind or None,
            arrival.nosniff,
            arrival.read,
            load.destination in _MEDIA,
            first_part=_is_first_part(arrival),
            ranged=get(arrival.fields, b"content-range") is not None,
        )
    )
    return None if refused is None else Block(Gate.ORB, f"{refused.because.value}: {refused.value}", _TYPE)


def _is_first_part(arrival: Arrival) -> bool:
    value = get(arrival.fields, b"content-range")
    return value is None or value.partition("bytes ")[2].startswith("0-")


# -- nosniff and MIME --------------------------------------------------------------------------------------------------


def nosniff_allows(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """https://fetch.spec.whatwg.org/#should-response-to-request-be-blocked-due-to-nosniff?"""
    if load.destination in _SCRIPTS:
        right = mime.is_javascript(arrival.kind)
    elif load.destination is Destination.STYLE:
        right = arrival.kind == "text/css"
    else:
        return None
    if right or not arrival.nosniff or _fails_by_status(rules, load, arrival):
        return None
    return Block(Gate.NOSNIFF, arrival.kind, _TYPE)


def script_type_allows(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """A classic script has no type that is surely none; all others have a JavaScript type.

    https://fetch.spec.whatwg.org/#should-response-to-request-be-blocked-due-to-mime-type?,
    https://html.spec.whatwg.org/multipage/webappapis.html#fetch-a-classic-worker-imported-script
    """
    if load.destination not in _SCRIPTS or _fails_by_status(rules, load, arrival):
        return None
    kind = arrival.kind
    wrong = not mime.is_javascript(kind) if load.destination in _STRICT_SCRIPTS else mime.is_never_a_script(kind)
    return Block(Gate.MIME, kind, _TYPE) if wrong else None


def style_type_allows(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """A style sheet has no type or text/css; in quirks mode, from the page's own origin, any.

    https://html.spec.whatwg.org/multipage/links.html#link-type-stylesheet:process-the-linked-resource
    """
    if load.destination is not Destination.STYLE or _fails_by_status(rules, load, arrival):
        return None
    kind = arrival.kind
    if kind in {"", "text/css", "application/x-unknown-content-type"}:
        return None
    lax = load.page is not None and load.page.quirks and not load.opaque
    return None if lax else Block(Gate.MIME, kind, _TYPE)


def event_stream_type_allows(_rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """https://html.spec.whatwg.org/multipage/server-sent-events.html#dom-eventsource"""
    if load.destination is not Destination.EVENT_SOURCE or arrival.status != 200:
        return None
    return None if mime.extract(arrival.fields) == "text/event-stream" else Block(Gate.MIME, arrival.kind, _TYPE)


def json_type_allows(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """A module of JSON has a JSON type.

    https://html.spec.whatwg.org/multipage/webappapis.html#fetch-a-single-module-script
    """
    if load.destination is not Destination.JSON or _fails_by_status(rules, load, arrival):
        return None
    return None if mime.is_json(arrival.kind) else Block(Gate.MIME, arrival.kind, _TYPE)


def _fails_by_status(rules: GateRules, load: Load, arrival: Arrival) -> bool:
    return load.destination in rules.fails_by_status and not 200 <= arrival.status <= 299


# -- integrity ---------------------------------------------------------------------------------------------------------


def integrity_matches(_rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """https://w3c.github.io/webappsec-subresource-integrity/#does-response-match-metadatalist"""
    attribute = _integrity_of(load)
    if not integrity.parse(attribute):
        return None
    if load.opaque:
        return Block(Gate.SRI, attribute)  # not eligible: its body is not for the page to know
    body = arrival.read(orb.ALL)
    return None if body is None or integrity.matches(attribute, body) else Block(Gate.SRI, attribute)


def _integrity_of(load: Load) -> str:
    return load.element.integrity if load.element is not None and load.destination in _WITH_INTEGRITY else ""


def integrity_needs_cors(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """The same, where an attribute without any hash that counts is refused, too, if the response is opaque."""
    attribute = _integrity_of(load)
    if attribute.strip() and load.opaque:
        return Block(Gate.SRI, attribute)
    return integrity_matches(rules, load, arrival)


# -- frames ------------------------------------------------------------------------------------------------------------


def frame_allowed(rules: GateRules, load: Load, arrival: Arrival) -> Block | None:
    """The answer lets itself be framed.

    https://html.spec.whatwg.org/multipage/document-lifecycle.html#check-a-navigation-response's-adherence-to-x-frame-options,
    https://w3c.github.io/webappsec-csp/#frame-ancestors-navigation-response
    """
    policies = csp.enforced(arrival.fields)
    embedders = (load.origin, *load.ancestors)
    if frames.has_frame_ancestors(policies):
        paths = rules.ancestors_paths and (rules.ancestors_paths_redirected or not load.redirected)
        refused = frames.frame_ancestors_refuse(policies, load.url, embedders, paths=paths, how=rules.sources)
        return None if refused is None else Block(Gate.FRAME_ANCESTORS, refused, _CSP)
    refused = frames.frame_options_refuse(arrival.fields, load.url, embedders)
    return None if refused is None else Block(Gate.FRAME_OPTIONS, refused, "X-Frame-Options")


REDIRECT_STEPS: tuple[Step, ...] = (
    resource_policy_permits,
    target_matches_csp,
    target_is_not_mixed,
    target_is_same_origin,
)

ALIKE = (json_type_allows, event_stream_type_allows)
"""What every engine asks as its standard has it, once the types of scripts and style sheets are right."""

STANDARD_GATES = GateRules(
    redirect_steps=REDIRECT_STEPS,
    frame_steps=(resource_policy_permits, frame_has_embedder_policy, frame_allowed),
    other_steps=(
        resource_policy_permits,
        worker_has_embedder_policy,
        opaque_response_is_safe,
        nosniff_allows,
        script_type_allows,
        style_type_allows,
        *ALIKE,
        integrity_matches,
    ),
)
"""The standards themselves."""
