"""Reverse proxies and web servers: nginx, Apache, Caddy, HAProxy, Envoy."""

import re

from cors_addon.fetch.names import CORS_RESPONSE
from cors_addon.policy.export.target import Can, Target, exact, granted, header_case, origin_regex, quote
from cors_addon.policy.filters import literal
from cors_addon.policy.model import Policy
from cors_addon.policy.origins import ANY


def _headers(policy: Policy) -> str:
    return granted(tuple(map(header_case, policy.request_headers.listed)), everything=policy.request_headers.any)


def _methods(policy: Policy) -> str:
    return granted(policy.methods.listed, everything=policy.methods.any)


def _exposed(policy: Policy) -> str:
    return granted(tuple(map(header_case, policy.expose_headers.listed)), everything=policy.expose_headers.any)


def _escaped(text: str) -> str:
    """A string in double quotes, where no escapes but those of quotation marks and backslashes are known."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _any_origin(policy: Policy) -> bool:
    return policy.origins is not None and policy.origins.any


# ── nginx ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def nginx(policy: Policy) -> str:
    """Maps in `http`, headers in `location`; an empty variable adds no header."""
    repeat_headers = policy.request_headers.any and policy.credentials
    repeat_methods = policy.methods.any and policy.credentials
    methods = "$http_access_control_request_method" if repeat_methods else quote(_methods(policy))
    headers = "$http_access_control_request_headers" if repeat_headers else quote(_headers(policy))
    lines = ["# in http { … }"]
    if any("$" in value for value in policy.set.values()):
        lines.append('geo $cors_dollar { default "$"; }  # there is no other way to write one')
    if _any_origin(policy):
        lines += ['map "" $cors_origin { default "*"; }']
    else:
        lines += [
            "map $http_origin $cors_origin {",
            '    default "";',
            f"    {quote('~' + origin_regex(policy)).replace(chr(92) * 2, chr(92))} $http_origin;",
            "}",
        ]

    def on(variable: str, value: str, source: str) -> None:
        lines.extend([f"map {source} ${variable} {{", '    default "";', f'    "~{_WHEN[source]}" {value};', "}"])

    lines += [
        'map "$request_method:$http_access_control_request_method" $cors_preflight {',
        '    default "";',
        '    "~^OPTIONS:." 1;',
        "}",
    ]
    adds: list[tuple[str, str]] = [("Access-Control-Allow-Origin", "$cors_origin")]
    if policy.credentials:
        on("cors_credentials", '"true"', "$cors_origin")
        adds.append(("Access-Control-Allow-Credentials", "$cors_credentials"))
    both = '"$cors_preflight:$cors_origin"'
    if repeat_methods or _methods(policy):
        on("cors_methods", methods, both)
        adds.append(("Access-Control-Allow-Methods", "$cors_methods"))
    if repeat_headers or _headers(policy):
        on("cors_headers", headers, both)
        adds.append(("Access-Control-Allow-Headers", "$cors_headers"))
    if policy.max_age is not None:
        on("cors_max_age", f'"{policy.max_age}"', both)
        adds.append(("Access-Control-Max-Age", "$cors_max_age"))
    if _exposed(policy):
        on("cors_expose", quote(_exposed(policy)), both.replace("$cors_preflight:", "$cors_preflight;"))
        adds.append(("Access-Control-Expose-Headers", "$cors_expose"))
    if policy.private_network:
        source = '"$cors_preflight:$cors_origin:$http_access_control_request_private_network"'
        on("cors_private_network", '"true"', source)
        adds.append(("Access-Control-Allow-Private-Network", "$cors_private_network"))
    lines += ["", "# in the location { … } that serves the API; add_header of outer levels is not inherited into it"]
    lines += [f"add_header {name} {value} always;" for name, value in adds]
    vary = [] if _any_origin(policy) else ["Origin"]
    vary += ["Access-Control-Request-Method"] * repeat_methods + ["Access-Control-Request-Headers"] * repeat_headers
    if vary:
        lines.append(f'add_header Vary "{", ".join(vary)}" always;')
    lines += [f"add_header {name} {_nginx(value)} always;" for name, value in policy.set.items()]
    hidden = dict.fromkeys((*CORS_RESPONSE, *policy.remove, *policy.set))
    lines += [f"proxy_hide_header {name};" for name in hidden]
    lines += [f"if ($cors_preflight) {{ return {policy.preflight_status}; }}"]
    return "\n".join(lines) + "\n"


def _nginx(value: str) -> str:
    return _escaped(value).replace("$", "${cors_dollar}")


_WHEN = {
    "$cors_origin": ".",
    '"$cors_preflight:$cors_origin"': "^1:.",
    '"$cors_preflight;$cors_origin"': "^;.",
    '"$cors_preflight:$cors_origin:$http_access_control_request_private_network"': "^1:.+:true$",
}


# ── Apache ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def apache(policy: Policy) -> str:
    """mod_setenvif, mod_headers, mod_rewrite."""
    repeat_headers = policy.request_headers.any and policy.credentials
    repeat_methods = policy.methods.any and policy.credentials
    lines = ["# needs mod_headers, mod_rewrite and mod_setenvif; in <VirtualHost> or <Location>"]
    if _any_origin(policy):
        lines.append('SetEnvIf Request_Method "." CORS_ORIGIN=*')
    else:
        lines.append(f'SetEnvIf Origin "^({origin_regex(policy, anchored=False)})$" CORS_ORIGIN=$1')
    lines.append('SetEnvIf Access-Control-Request-Method "^(.+)$" CORS_METHOD=$1')
    if repeat_headers:
        lines.append('SetEnvIf Access-Control-Request-Headers "^(.+)$" CORS_HEADERS=$1')
    allowed = "-n reqenv('CORS_ORIGIN')"
    preflight = f"{allowed} && %{{REQUEST_METHOD}} == 'OPTIONS' && -n reqenv('CORS_METHOD')"
    actual = f"{allowed} && !(%{{REQUEST_METHOD}} == 'OPTIONS' && -n reqenv('CORS_METHOD'))"
    for name in dict.fromkeys((*CORS_RESPONSE, *policy.remove, *policy.set)):
        lines += [f"Header unset {name}", f"Header always unset {name}"]

    def put(name: str, value: str, when: str) -> None:
        lines.append(f'Header always set {name} {value} "expr={when}"')

    put("Access-Control-Allow-Origin", '"%{CORS_ORIGIN}e"', allowed)
    if policy.credentials:
        put("Access-Control-Allow-Credentials", '"true"', allowed)
    if repeat_methods or _methods(policy):
        value = '"%{CORS_METHOD}e"' if repeat_methods else quote(_methods(policy))
        put("Access-Control-Allow-Methods", value, preflight)
    if repeat_headers:
        put("Access-Control-Allow-Headers", '"%{CORS_HEADERS}e"', preflight + " && -n reqenv('CORS_HEADERS')")
    elif _headers(policy):
        put("Access-Control-Allow-Headers", quote(_headers(policy)), preflight)
    if policy.max_age is not None:
        put("Access-Control-Max-Age", f'"{policy.max_age}"', preflight)
    if _exposed(policy):
        put("Access-Control-Expose-Headers", quote(_exposed(policy)), actual)
    if policy.private_network:
        asked = preflight + " && req('Access-Control-Request-Private-Network') == 'true'"
        put("Access-Control-Allow-Private-Network", '"true"', asked)
    vary = [] if _any_origin(policy) else ["Origin"]
    vary += ["Access-Control-Request-Method"] * repeat_methods + ["Access-Control-Request-Headers"] * repeat_headers
    lines += [f"Header always merge Vary {name}" for name in vary]
    lines += [f"Header always set {name} {_apache(value)}" for name, value in policy.set.items()]
    lines += [
        "RewriteEngine On",
        "RewriteCond %{REQUEST_METHOD} =OPTIONS",
        "RewriteCond %{HTTP:Access-Control-Request-Method} .",
        f"RewriteRule ^ - [R={policy.preflight_status},L]",
    ]
    return "\n".join(lines) + "\n"


def _apache(value: str) -> str:
    """A format of mod_headers, which has escapes of its own, within an argument."""
    return _escaped(value.replace("\\", "\\\\").replace("%", "%%"))


# ── Caddy ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def caddy(policy: Policy) -> str:
    """A Caddyfile's site block. Headers are set when the answer is written, over those of an upstream."""
    repeat_headers = policy.request_headers.any and policy.credentials
    repeat_methods = policy.methods.any and policy.credentials
    origin = "header Origin *" if _any_origin(policy) else f"header_regexp Origin {origin_regex(policy)}"
    value = '"*"' if _any_origin(policy) else "{http.request.header.Origin}"
    is_preflight = ["method OPTIONS", "header Access-Control-Request-Method *"]
    lines = ["# in the site block"]
    lines += ["@cors_allowed {", f"\t{origin}", "}"] if not _any_origin(policy) else ["@cors_allowed path *"]
    lines += ["@cors_refused not {", f"\t{origin}", "}"] if not _any_origin(policy) else []
    lines += ["@cors_preflight {", *(f"\t{term}" for term in is_preflight), "}"]
    granting = [*([] if _any_origin(policy) else [origin]), *is_preflight]
    lines += ["@cors_granted {", *(f"\t{term}" for term in granting), "}"]
    if not _any_origin(policy):
        lines += ["header @cors_refused {", *(f"\t-{name}" for name in CORS_RESPONSE), "\tdefer", "}"]
    lines += ["header @cors_allowed {", f"\tAccess-Control-Allow-Origin {value}"]
    lines.append(
        "\tAccess-Control-Allow-Credentials true" if policy.credentials else "\t-Access-Control-Allow-Credentials"
    )
    lines += ["\tdefer", "}"]
    exposed = f"\tAccess-Control-Expose-Headers {quote(_exposed(policy))}" if _exposed(policy) else ""
    lines += ["header @cors_allowed {", exposed or "\t-Access-Control-Expose-Headers", "\tdefer", "}"]
    grants = []
    if repeat_methods or _methods(policy):
        methods = "{http.request.header.Access-Control-Request-Method}" if repeat_methods else quote(_methods(policy))
        grants.append(f"\tAccess-Control-Allow-Methods {methods}")
    if repeat_headers or _headers(policy):
        names = "{http.request.header.Access-Control-Request-Headers}" if repeat_headers else quote(_headers(policy))
        grants.append(f"\tAccess-Control-Allow-Headers {names}")
    if policy.max_age is not None:
        grants.append(f'\tAccess-Control-Max-Age "{policy.max_age}"')
    if grants:
        lines += ["header @cors_granted {", *grants, "\tdefer", "}"]
    if policy.private_network:
        lines += ["@cors_private {", *(f"\t{term}" for term in granting)]
        lines += ["\theader Access-Control-Request-Private-Network true", "}"]
        lines += ["header @cors_private Access-Control-Allow-Private-Network true"]
    vary = [] if _any_origin(policy) else ["Origin"]
    vary += ["Access-Control-Request-Method"] * repeat_methods + ["Access-Control-Request-Headers"] * repeat_headers
    if vary:
        lines.append(f'header +Vary "{", ".join(vary)}"')
    edits = [f"\t{name} {_caddy(text)}" for name, text in policy.set.items()]
    edits += [f"\t-{name}" for name in policy.remove]
    if edits:
        lines += ["header {", *edits, "\tdefer", "}"]
    lines.append(f"respond @cors_preflight {policy.preflight_status}")
    return "\n".join(lines) + "\n"


def _caddy(value: str) -> str:
    """As it stands, but for placeholders; in double quotes, a backslash before another character is one."""
    value = value.replace("{", "\\{")
    return f"`{value}`" if "`" not in value else '"' + value.replace('"', '\\"') + '"'


# ── HAProxy ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def haproxy(policy: Policy) -> str:
    """Rules for a frontend or listen section, HAProxy 2.4 or later."""
    repeat_headers = policy.request_headers.any and policy.credentials
    repeat_methods = policy.methods.any and policy.credentials
    lines = ["# in the frontend (or listen) section"]
    if _any_origin(policy):
        lines.append("http-request set-var(txn.cors_origin) str(*)")
    else:
        regex = f"'{origin_regex(policy)}'"  # strong quotes: neither backslash nor dollar means anything
        lines.append(f"http-request set-var(txn.cors_origin) req.fhdr(origin) if {{ req.fhdr(origin) -m reg {regex} }}")
    is_preflight = "{ method OPTIONS } { req.fhdr(access-control-request-method) -m found }"
    lines.append(f"http-request set-var(txn.cors_preflight) bool(true) if {is_preflight}")
    if repeat_methods:
        lines.append("http-request set-var(txn.cors_method) req.fhdr(access-control-request-method)")
    if repeat_headers:
        lines.append("http-request set-var(txn.cors_headers) req.fhdr(access-control-request-headers)")
    if policy.private_network:
        asked = "{ req.fhdr(access-control-request-private-network) true }"
        lines.append(f"http-request set-var(txn.cors_private) bool(true) if {asked}")
    lines += [f"http-after-response del-header {name}" for name in dict.fromkeys((*CORS_RESPONSE, *policy.remove))]
    allowed = "{ var(txn.cors_origin) -m found }"
    preflight = f"{allowed} {{ var(txn.cors_preflight) -m bool }}"

    def put(name: str, value: str, when: str) -> None:
        lines.append(f"http-after-response set-header {name} {value} if {when}")

    put("Access-Control-Allow-Origin", "%[var(txn.cors_origin)]", allowed)
    if policy.credentials:
        put("Access-Control-Allow-Credentials", "true", allowed)
    if repeat_methods or _methods(policy):
        value = "%[var(txn.cors_method)]" if repeat_methods else quote(_methods(policy))
        put("Access-Control-Allow-Methods", value, preflight)
    if repeat_headers:
        put(
            "Access-Control-Allow-Headers",
            "%[var(txn.cors_headers)]",
            preflight + " { var(txn.cors_headers) -m found }",
        )
    elif _headers(policy):
        put("Access-Control-Allow-Headers", quote(_headers(policy)), preflight)
    if policy.max_age is not None:
        put("Access-Control-Max-Age", str(policy.max_age), preflight)
    if _exposed(policy):
        put(
            "Access-Control-Expose-Headers",
            quote(_exposed(policy)),
            f"{allowed} !{{ var(txn.cors_preflight) -m bool }}",
        )
    if policy.private_network:
        put("Access-Control-Allow-Private-Network", "true", preflight + " { var(txn.cors_private) -m bool }")
    vary = [] if _any_origin(policy) else ["Origin"]
    vary += ["Access-Control-Request-Method"] * repeat_methods + ["Access-Control-Request-Headers"] * repeat_headers
    if vary:
        lines.append(f'http-after-response add-header Vary "{", ".join(vary)}"')
    edits = ((name, _haproxy(text)) for name, text in policy.set.items())
    lines += [f"http-after-response set-header {name} {text}" for name, text in edits]
    lines.append(f"http-request return status {policy.preflight_status} if {is_preflight}")
    return "\n".join(lines) + "\n"


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
    if _methods(policy):
        lines.append(f"    allow_methods: {quote(_methods(policy))}")
    if _headers(policy):
        lines.append(f"    allow_headers: {quote(_headers(policy))}")
    if _exposed(policy):
        lines.append(f"    expose_headers: {quote(_exposed(policy))}")
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
    Target("nginx", "nginx", Can(), nginx),
    Target("apache", "Apache httpd 2.4", Can(), apache, aliases=("httpd", "apache2")),
    Target("caddy", "Caddy 2", Can(unwritable="{$"), caddy),
    Target("haproxy", "HAProxy 2.4", Can(), haproxy),
    Target(
        "envoy",
        "Envoy",
        Can(any_method_credentialed=False, any_header_credentialed=False, repeats_headers=True, edits=False),
        envoy,
    ),
)
