"""Web servers: nginx, Apache, Caddy."""

import re
from collections.abc import Iterable, Sequence

from cors_addon.fetch.names import CORS_RESPONSE
from cors_addon.policy.export.target import (
    Can,
    Several,
    Sited,
    Target,
    any_origin,
    exposed_value,
    headers_value,
    methods_value,
    origin_regex,
    place_of,
    quote,
)
from cors_addon.policy.model import Policy


def word_of(name: str) -> str:
    """A header's name as a word: in quotes where it has more than letters, digits and hyphens in it."""
    return name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name) else _escaped(name)


def _escaped(text: str) -> str:
    """A string in double quotes, where no escapes but those of quotation marks and backslashes are known."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


# ── nginx ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def nginx(sites: Sequence[Sited]) -> str:
    """Maps in `http`, headers in `location`; an empty variable adds no header. Variables are named by policy, for two
    maps of one name are one map, the last.
    """
    lines = [] if all(site.policy.origins is None for site in sites) else ["# in http { … }"]
    if any("$" in value for site in sites for value in _values(site.policy)):
        lines = lines or ["# in http { … }"]
        lines.append('geo $cors_dollar { default "$"; }  # there is no other way to write one')
    locations = []
    for site in sites:
        maps, location = _nginx_of(site.policy, f"cors_{site.word}")
        lines += maps
        where = f" that serves {place_of(site.policy)}" if len(sites) > 1 else " that serves the API"
        locations += [""] if lines else []
        locations += [
            f"# in the location {{ … }}{where}; add_header of outer levels is not inherited into it",
            *location,
        ]
    return "\n".join(lines + locations) + "\n"


def _nginx_of(policy: Policy, word: str) -> tuple[list[str], list[str]]:
    """The maps, and what stands in the location; all variables begin with `word`."""
    if policy.origins is None:
        lines = [f"add_header {word_of(name)} {_nginx(value)} always;" for name, value in policy.sets.items()]
        hidden = dict.fromkeys((*policy.remove, *policy.sets))
        return [], [*lines, *(f"proxy_hide_header {word_of(name)};" for name in hidden)]
    repeat_headers = policy.request_headers.any and policy.credentials
    repeat_methods = policy.methods.any and policy.credentials
    methods = "$http_access_control_request_method" if repeat_methods else _nginx(methods_value(policy))
    headers = "$http_access_control_request_headers" if repeat_headers else _nginx(headers_value(policy))
    origin, preflight = f"${word}_origin", f"${word}_preflight"
    if any_origin(policy):
        maps = [f'map "" {origin} {{ default "*"; }}']
    else:
        maps = [
            f"map $http_origin {origin} {{",
            '    default "";',
            f"    {quote('~' + origin_regex(policy)).replace(chr(92) * 2, chr(92))} $http_origin;",
            "}",
        ]
    maps += [
        f'map "$request_method:$http_access_control_request_method" {preflight} {{',
        '    default "";',
        '    "~^OPTIONS:." 1;',
        "}",
    ]
    adds = [("Access-Control-Allow-Origin", origin)]

    def on(header: str, value: str, source: str, when: str) -> None:
        variable = f"${word}_{header.removeprefix('Access-Control-').lower().replace('-', '_')}"
        maps.extend([f"map {source} {variable} {{", '    default "";', f'    "~{when}" {value};', "}"])
        adds.append((header, variable))

    both = f'"{preflight}:{origin}"'
    if policy.credentials:
        on("Access-Control-Allow-Credentials", '"true"', origin, ".")
    if repeat_methods or methods_value(policy):
        on("Access-Control-Allow-Methods", methods, both, "^1:.")
    if repeat_headers or headers_value(policy):
        on("Access-Control-Allow-Headers", headers, both, "^1:.")
    if policy.max_age is not None:
        on("Access-Control-Max-Age", f'"{policy.max_age}"', both, "^1:.")
    if exposed_value(policy):
        on("Access-Control-Expose-Headers", _nginx(exposed_value(policy)), both, "^:.")
    if policy.private_network:
        source = f'"{preflight}:{origin}:$http_access_control_request_private_network"'
        on("Access-Control-Allow-Private-Network", '"true"', source, "^1:.+:true$")
    lines = [f"add_header {name} {value} always;" for name, value in adds]
    vary = [] if any_origin(policy) else ["Origin"]
    vary += ["Access-Control-Request-Method"] * repeat_methods + ["Access-Control-Request-Headers"] * repeat_headers
    if vary:
        lines.append(f'add_header Vary "{", ".join(vary)}" always;')
    lines += [f"add_header {word_of(name)} {_nginx(value)} always;" for name, value in policy.sets.items()]
    hidden = dict.fromkeys((*CORS_RESPONSE, *policy.remove, *policy.sets))
    lines += [f"proxy_hide_header {word_of(name)};" for name in hidden]
    lines += [f"if ({preflight}) {{ return {policy.preflight_status}; }}"]
    return maps, lines


def _values(policy: Policy) -> Iterable[str]:
    """All that comes to stand in a header's value."""
    return (methods_value(policy), headers_value(policy), exposed_value(policy), *policy.sets.values())


def _nginx(value: str) -> str:
    """A value, in which a variable stands for a dollar."""
    return _escaped(value).replace("$", "${cors_dollar}")


# ── Apache ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def apache(sites: Sequence[Sited]) -> str:
    """mod_setenvif, mod_headers, mod_rewrite; of several policies, CORS_POLICY says which one a request gets."""
    lines = ["# needs mod_headers, mod_rewrite and mod_setenvif; in <VirtualHost> or <Location>"]
    if any(site.policy.origins is not None for site in sites):
        lines.append('SetEnvIf Access-Control-Request-Method "^(.+)$" CORS_METHOD=$1')
    if any(site.policy.request_headers.any and site.policy.credentials for site in sites):
        lines.append('SetEnvIf Access-Control-Request-Headers "^(.+)$" CORS_HEADERS=$1')
    for site in sites:
        if site.hosts is not None:
            first = "-z reqenv('CORS_POLICY') && " if site is not sites[0] else ""
            lines.append(f'SetEnvIfExpr "{first}%{{HTTP_HOST}} =~ m#{site.hosts}#i" CORS_POLICY={site.word}')
    for site in sites:
        lines += _apache_of(site)
    return "\n".join(lines) + "\n"


def _apache_of(site: Sited) -> list[str]:
    policy = site.policy
    if policy.origins is None:
        names = map(word_of, (*policy.remove, *policy.sets))
        gone = [f"Header{always} unset {name}" for name in names for always in ("", " always")]
        edits = (f"Header always set {word_of(name)} {_apache(value)}" for name, value in policy.sets.items())
        return [*gone, *edits]
    repeat_headers = policy.request_headers.any and policy.credentials
    repeat_methods = policy.methods.any and policy.credentials
    origin = f"CORS_{site.word.upper()}_ORIGIN"
    lines = []
    if any_origin(policy):
        lines.append(f'SetEnvIf Request_Method "." {origin}=*')
    else:
        lines.append(f'SetEnvIf Origin "^({origin_regex(policy, anchored=False)})$" {origin}=$1')
    here = "" if site.hosts is None else f"reqenv('CORS_POLICY') == '{site.word}'"
    also = f"{here} && " if here else ""
    only = f' "expr={here}"' if here else ""
    allowed = f"{also}-n reqenv('{origin}')"
    preflight = f"{allowed} && %{{REQUEST_METHOD}} == 'OPTIONS' && -n reqenv('CORS_METHOD')"
    actual = f"{allowed} && !(%{{REQUEST_METHOD}} == 'OPTIONS' && -n reqenv('CORS_METHOD'))"
    for name in map(word_of, dict.fromkeys((*CORS_RESPONSE, *policy.remove, *policy.sets))):
        lines += [f"Header unset {name}{only}", f"Header always unset {name}{only}"]

    def put(name: str, value: str, when: str) -> None:
        lines.append(f'Header always set {name} {value} "expr={when}"')

    put("Access-Control-Allow-Origin", f'"%{{{origin}}}e"', allowed)
    if policy.credentials:
        put("Access-Control-Allow-Credentials", '"true"', allowed)
    if repeat_methods or methods_value(policy):
        value = '"%{CORS_METHOD}e"' if repeat_methods else _apache(methods_value(policy))
        put("Access-Control-Allow-Methods", value, preflight)
    if repeat_headers:
        put("Access-Control-Allow-Headers", '"%{CORS_HEADERS}e"', preflight + " && -n reqenv('CORS_HEADERS')")
    elif headers_value(policy):
        put("Access-Control-Allow-Headers", _apache(headers_value(policy)), preflight)
    if policy.max_age is not None:
        put("Access-Control-Max-Age", f'"{policy.max_age}"', preflight)
    if exposed_value(policy):
        put("Access-Control-Expose-Headers", _apache(exposed_value(policy)), actual)
    if policy.private_network:
        asked = preflight + " && req('Access-Control-Request-Private-Network') == 'true'"
        put("Access-Control-Allow-Private-Network", '"true"', asked)
    vary = [] if any_origin(policy) else ["Origin"]
    vary += ["Access-Control-Request-Method"] * repeat_methods + ["Access-Control-Request-Headers"] * repeat_headers
    lines += [f"Header always merge Vary {name}{only}" for name in vary]
    lines += [f"Header always set {word_of(name)} {_apache(value)}{only}" for name, value in policy.sets.items()]
    lines += ["RewriteEngine On"]
    if here:
        lines.append(f"RewriteCond %{{ENV:CORS_POLICY}} ={site.word}")
    lines += [
        "RewriteCond %{REQUEST_METHOD} =OPTIONS",
        "RewriteCond %{HTTP:Access-Control-Request-Method} .",
        f"RewriteRule ^ - [R={policy.preflight_status},L]",
    ]
    return lines


def _apache(value: str) -> str:
    """A format of mod_headers, which has escapes of its own, within an argument."""
    return _escaped(value.replace("\\", "\\\\").replace("%", "%%"))


# ── Caddy ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def caddy(sites: Sequence[Sited]) -> str:
    """A Caddyfile's site block. Headers are set when the answer is written, over those of an upstream."""
    lines = ["# in the site block"]
    earlier: list[str] = []
    for site in sites:
        here = [f"header_regexp Host (?i){site.hosts}"] if site.hosts is not None else []
        lines += _caddy_of(site.policy, f"@cors_{site.word}", [*here, *(f"not {term}" for term in earlier)])
        earlier += here
    return "\n".join(lines) + "\n"


def _caddy_of(policy: Policy, word: str, here: list[str]) -> list[str]:
    """For requests that match all terms of `here`; all matchers begin with `word`."""
    edits = [f"{word_of(name)} {_caddy(text)}" for name, text in policy.sets.items()]
    edits += [word_of(f"-{name}") for name in policy.remove]
    if policy.origins is None:
        return ["header {", *(f"\t{each}" for each in edits), "\tdefer", "}"]
    repeat_headers = policy.request_headers.any and policy.credentials
    repeat_methods = policy.methods.any and policy.credentials
    everyone = any_origin(policy)
    origin = [] if everyone else [f"header_regexp Origin {origin_regex(policy)}"]
    value = '"*"' if everyone else "{http.request.header.Origin}"
    is_preflight = ["method OPTIONS", "header Access-Control-Request-Method *"]
    lines = []

    def matcher(name: str, terms: list[str]) -> None:
        lines.extend([f"{word}_{name} {{", *(f"\t{term}" for term in terms or ["path *"]), "}"])

    def edit(name: str, edits: list[str]) -> None:
        lines.extend([f"header {word}_{name} {{", *(f"\t{each}" for each in edits), "\tdefer", "}"])

    matcher("here", here)
    matcher("allowed", [*here, *origin])
    matcher("preflight", [*here, *is_preflight])
    matcher("granted", [*here, *origin, *is_preflight])
    if not everyone:
        matcher("refused", [*here, f"not {origin[0]}"])
        edit("refused", [f"-{name}" for name in CORS_RESPONSE])
    credentials = "Access-Control-Allow-Credentials"
    edit(
        "allowed",
        [
            f"Access-Control-Allow-Origin {value}",
            f"{credentials} true" if policy.credentials else f"-{credentials}",
        ],
    )
    exposed = f"Access-Control-Expose-Headers {quote(exposed_value(policy))}" if exposed_value(policy) else ""
    edit("allowed", [exposed or "-Access-Control-Expose-Headers"])
    grants = []
    if repeat_methods or methods_value(policy):
        methods = (
            "{http.request.header.Access-Control-Request-Method}" if repeat_methods else quote(methods_value(policy))
        )
        grants.append(f"Access-Control-Allow-Methods {methods}")
    if repeat_headers or headers_value(policy):
        names = (
            "{http.request.header.Access-Control-Request-Headers}" if repeat_headers else quote(headers_value(policy))
        )
        grants.append(f"Access-Control-Allow-Headers {names}")
    if policy.max_age is not None:
        grants.append(f'Access-Control-Max-Age "{policy.max_age}"')
    if grants:
        edit("granted", grants)
    if policy.private_network:
        matcher("private", [*here, *origin, *is_preflight, "header Access-Control-Request-Private-Network true"])
        lines += [f"header {word}_private Access-Control-Allow-Private-Network true"]
    vary = [] if everyone else ["Origin"]
    vary += ["Access-Control-Request-Method"] * repeat_methods + ["Access-Control-Request-Headers"] * repeat_headers
    if vary:
        lines.append(f'header {word}_here +Vary "{", ".join(vary)}"')
    if edits:
        edit("here", edits)
    lines.append(f"respond {word}_preflight {policy.preflight_status}")
    return lines


def _caddy(value: str) -> str:
    """As it stands, but for placeholders; in double quotes, a backslash before another character is one."""
    value = value.replace("{", "\\{")
    return f"`{value}`" if "`" not in value else '"' + value.replace('"', '\\"') + '"'


TARGETS = (
    Target("nginx", "nginx", Can(), nginx, several=Several.APART),
    Target(
        "apache",
        "Apache httpd 2.4",
        Can(unwritable=r"\$\{"),
        apache,
        aliases=("httpd", "apache2"),
        several=Several.BY_HOST,
    ),
    Target(
        "caddy", "Caddy 2", Can(unwritable=r"\{\$|^\}$", uneditable=r"[-+].*|.*\*.*"), caddy, several=Several.BY_HOST
    ),
)
