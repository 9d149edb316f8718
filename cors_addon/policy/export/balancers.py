"""Load balancers: HAProxy, Envoy."""

from collections.abc import Sequence

from cors_addon.fetch.names import CORS_RESPONSE
from cors_addon.policy.export.target import (
    Can,
    Several,
    Sited,
    Target,
    any_origin,
    exact,
    exposed_value,
    headers_value,
    methods_value,
    one,
    origin_regex,
    quote,
)
from cors_addon.policy.filters import literal
from cors_addon.policy.model import Policy
from cors_addon.policy.origins import ANY

# ── HAProxy ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def haproxy(sites: Sequence[Sited]) -> str:
    """Rules for a frontend or listen section, HAProxy 2.4 or later; of several policies, txn.cors says which one."""
    lines = ["# in the frontend (or listen) section"]
    for site in sites:
        if site.hosts is not None:
            first = " !{ var(txn.cors) -m found }" if site is not sites[0] else ""
            named = f"{{ req.hdr(host) -m reg -i '{site.hosts}' }}"
            lines.append(f"http-request set-var(txn.cors) str({site.word}) if {named}{first}")
    for site in sites:
        lines += _haproxy_of(site)
    return "\n".join(lines) + "\n"


def _haproxy_of(site: Sited) -> list[str]:
    policy = site.policy
    if policy.origins is None:
        removed = [f"del-header {_haproxy_word(name)}" for name in policy.remove]
        others = [f"set-header {_haproxy_word(name)} {_haproxy(text)}" for name, text in policy.sets.items()]
        return [f"http-after-response {each}" for each in (*removed, *others)]
    repeat_headers = policy.request_headers.any and policy.credentials
    repeat_methods = policy.methods.any and policy.credentials
    word = f"txn.cors_{site.word}"
    here = "" if site.hosts is None else f"{{ var(txn.cors) -m str {site.word} }} "
    only = f" if {here.strip()}" if here else ""
    lines = []
    if any_origin(policy):
        lines.append(f"http-request set-var({word}_origin) str(*)")
    else:
        regex = f"'{origin_regex(policy)}'"  # strong quotes: neither backslash nor dollar means anything
        lines.append(f"http-request set-var({word}_origin) req.fhdr(origin) if {{ req.fhdr(origin) -m reg {regex} }}")
    is_preflight = f"{here}{{ method OPTIONS }} {{ req.fhdr(access-control-request-method) -m found }}"
    lines.append(f"http-request set-var({word}_preflight) bool(true) if {is_preflight}")
    if repeat_methods:
        lines.append(f"http-request set-var({word}_method) req.fhdr(access-control-request-method)")
    if repeat_headers:
        lines.append(f"http-request set-var({word}_headers) req.fhdr(access-control-request-headers)")
    if policy.private_network:
        asked = "{ req.fhdr(access-control-request-private-network) true }"
        lines.append(f"http-request set-var({word}_private) bool(true) if {asked}")
    gone = dict.fromkeys((*CORS_RESPONSE, *policy.remove))
    lines += [f"http-after-response del-header {_haproxy_word(name)}{only}" for name in gone]
    allowed = f"{here}{{ var({word}_origin) -m found }}"
    preflight = f"{allowed} {{ var({word}_preflight) -m bool }}"

    def put(name: str, value: str, when: str) -> None:
        lines.append(f"http-after-response set-header {name} {value} if {when}")

    put("Access-Control-Allow-Origin", f"%[var({word}_origin)]", allowed)
    if policy.credentials:
        put("Access-Control-Allow-Credentials", "true", allowed)
    if repeat_methods or methods_value(policy):
        value = f"%[var({word}_method)]" if repeat_methods else _haproxy(methods_value(policy))
        put("Access-Control-Allow-Methods", value, preflight)
    if repeat_headers:
        asked = f"{preflight} {{ var({word}_headers) -m found }}"
        put("Access-Control-Allow-Headers", f"%[var({word}_headers)]", asked)
    elif headers_value(policy):
        put("Access-Control-Allow-Headers", _haproxy(headers_value(policy)), preflight)
    if policy.max_age is not None:
        put("Access-Control-Max-Age", str(policy.max_age), preflight)
    if exposed_value(policy):
        actual = f"{allowed} !{{ var({word}_preflight) -m bool }}"
        put("Access-Control-Expose-Headers", _haproxy(exposed_value(policy)), actual)
    if policy.private_network:
        put("Access-Control-Allow-Private-Network", "true", f"{preflight} {{ var({word}_private) -m bool }}")
    vary = [] if any_origin(policy) else ["Origin"]
    vary += ["Access-Control-Request-Method"] * repeat_methods + ["Access-Control-Request-Headers"] * repeat_headers
    if vary:
        lines.append(f'http-after-response add-header Vary "{", ".join(vary)}"{only}')
    edits = ((_haproxy_word(name), _haproxy(text)) for name, text in policy.sets.items())
    lines += [f"http-after-response set-header {name} {text}{only}" for name, text in edits]
    lines.append(f"http-request return status {policy.preflight_status} if {is_preflight}")
    return lines


def _haproxy_word(name: str) -> str:
    """A header's name, which is no format."""
    return name if name.replace("-", "").isalnum() else "'" + name.replace("'", "'\\''") + "'"


def _haproxy(value: str) -> str:
    """A log format in strong quotes, in which no character means anything."""
    return "'" + value.replace("%", "%%").replace("'", "'\\''") + "'"


# ── Envoy ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def envoy(policy: Policy) -> str:
    """The per-route configuration of the CORS filter; Envoy names the origin also where `*` would do.

    The filter leaves the upstream's own headers in place and knows no Vary: the route removes and adds these before it.
    """
    assert policy.origins is not None
    matches = [f"- exact: {quote(origin)}" for origin in exact(policy)]
    if policy.origins.any or policy.origins.reflect:
        matches = ['- safe_regex: { regex: ".+" }']
    for pattern in policy.origins.patterns:
        host = (r"([a-z0-9_-]+\.)+" if pattern.subdomains else "") + literal(pattern.host)
        port = r"(:[0-9]+)?" if pattern.port == ANY else f":{pattern.port}" if pattern.port else ""
        matches.append(f"- safe_regex: {{ regex: {quote(f'{pattern.scheme}://{host}{port}')} }}")
    lines = [
        "# in the route (or virtual_host), with the filter envoy.filters.http.cors before the router",
        "typed_per_filter_config:",
        "  envoy.filters.http.cors:",
        '    "@type": type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy',
        "    allow_origin_string_match:" + ("" if matches else " []"),
        *(f"    {line}" for line in matches),
    ]
    if methods_value(policy):
        lines.append(f"    allow_methods: {quote(methods_value(policy))}")
    if headers_value(policy):
        lines.append(f"    allow_headers: {quote(headers_value(policy))}")
    if exposed_value(policy):
        lines.append(f"    expose_headers: {quote(exposed_value(policy))}")
    if policy.max_age is not None:
        lines.append(f'    max_age: "{policy.max_age}"')
    lines += [f"    allow_credentials: {str(policy.credentials).lower()}", "    forward_not_matching_preflights: false"]
    if policy.private_network:
        lines.append("    allow_private_network_access: true")
    lines += [
        "response_headers_to_remove:",
        *(f"- {name}" for name in CORS_RESPONSE),
        "response_headers_to_add:",
        "- header: { key: Vary, value: Origin }",
        "  append_action: APPEND_IF_EXISTS_OR_ADD",
    ]
    return "\n".join(lines) + "\n"


TARGETS = (
    Target("haproxy", "HAProxy 2.4", Can(), haproxy, several=Several.BY_HOST),
    Target(
        "envoy",
        "Envoy",
        Can(any_method_credentialed=False, any_header_credentialed=False, repeats_headers=True, edits=False),
        one(envoy),
        places={"request-headers": "allow_headers:"},
    ),
)
