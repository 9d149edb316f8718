"""JavaScript: Express with cors, Fastify with @fastify/cors, Cloudflare Workers."""

from collections.abc import Sequence

from cors_addon.policy.export.target import (
    Can,
    Several,
    Sited,
    Target,
    array,
    exact,
    granted,
    header_case,
    origin_regex,
    quote,
)
from cors_addon.policy.model import Policy


def regex(policy: Policy) -> str:
    """The origins that are named, as a regular expression of JavaScript."""
    return "/" + origin_regex(policy).replace("/", r"\/") + "/"


def _origin(policy: Policy) -> str:
    assert policy.origins is not None
    if policy.origins.any:
        return quote("*")
    if policy.origins.reflect:
        return "true"
    return regex(policy) if policy.origins.patterns else array(exact(policy))


def options(policy: Policy, indent: str, asked: str = "") -> list[str]:
    """The options that cors and @fastify/cors share; `asked` reads a header of the request."""
    repeat_methods = policy.methods.any and policy.credentials
    methods = [*(["*"] if policy.methods.any else []), *policy.methods.listed]
    headers = [*(["*"] if policy.request_headers.any else []), *map(header_case, policy.request_headers.listed)]
    exposed = [*(["*"] if policy.expose_headers.any else []), *map(header_case, policy.expose_headers.listed)]
    lines = [f"origin: {_origin(policy)},"]
    lines.append(f"methods: {asked}," if repeat_methods else f"methods: {array(methods)},")
    if not (policy.request_headers.any and policy.credentials):  # unset, they repeat what is asked for
        lines.append(f"allowedHeaders: {array(headers)},")
    if exposed:
        lines.append(f"exposedHeaders: {array(exposed)},")
    lines.append(f"credentials: {str(policy.credentials).lower()},")
    if policy.max_age is not None:
        lines.append(f"maxAge: {policy.max_age},")
    lines.append(f"optionsSuccessStatus: {policy.preflight_status},")
    return [indent + line for line in lines]


def _shared(policy: Policy, *, request: str, more: tuple[str, ...] = ()) -> list[str]:
    """What `callback` is called with, or the options themselves where nothing depends on the request."""
    if policy.methods.any and policy.credentials:
        made = [*options(policy, "  ", f'{request} ?? "GET"'), *more]
        return ["(req, callback) => callback(null, {", *made, "})"]
    return ["{", *options(policy, "  "), *more, "}"]


def express(sites: Sequence[Sited]) -> str:
    """The package cors."""
    asked = 'req.get("Access-Control-Request-Method")'
    lines = ['const cors = require("cors");', ""]
    if len(sites) == 1:
        made = _shared(sites[0].policy, request=asked)
        return "\n".join([*lines, f"app.use(cors({made[0]}", *made[1:-1], f"{made[-1]}));"]) + "\n"
    lines.append("const corsPolicies = [")
    for site in sites:
        made = _shared(site.policy, request=asked)
        lines += [f"  [{_hosts(site)}, cors({made[0]}", *(f"  {line}" for line in made[1:-1]), f"  {made[-1]})],"]
    lines += [
        "];",
        "app.use((req, res, next) => {",
        '  const found = corsPolicies.find(([hosts]) => hosts.test(req.get("Host") ?? ""));',
        "  return found === undefined ? next() : found[1](req, res, next);",
        "});",
    ]
    return "\n".join(lines) + "\n"


def fastify(sites: Sequence[Sited]) -> str:
    """The package @fastify/cors."""
    asked = 'req.headers["access-control-request-method"]'
    more = ("  strictPreflight: false,",)
    lines = ['const cors = require("@fastify/cors");', ""]
    if len(sites) == 1:
        made = _shared(sites[0].policy, request=asked, more=more)
        start = "() => " if "=>" in made[0] else ""
        lines += [f"fastify.register(cors, {start}{made[0]}", *made[1:-1], f"{made[-1]});"]
        return "\n".join(lines) + "\n"
    lines.append("const corsPolicies = [")
    for site in sites:
        made = _shared(site.policy, request=asked, more=more)
        made[0] = "(req) => ({"
        lines += [f"  [{_hosts(site)}, {made[0]}", *(f"  {line}" for line in made[1:-1]), "  })],"]
    lines += [
        "];",
        "fastify.register(cors, () => (req, callback) => {",
        '  const found = corsPolicies.find(([hosts]) => hosts.test(req.headers.host ?? ""));',
        "  callback(null, found === undefined ? { origin: false } : found[1](req));",
        "});",
    ]
    return "\n".join(lines) + "\n"


def _hosts(site: Sited) -> str:
    """A regular expression for the Host header."""
    return "/" + (site.hosts or "").replace("/", r"\/") + "/i"


def workers(sites: Sequence[Sited]) -> str:
    """A Cloudflare Worker before the origin server."""
    lines: list[str] = []
    for site in sites:
        if site.policy.origins is not None and not site.policy.origins.any:
            lines += [f"const {_allowed(site)} = {regex(site.policy)};"]
    lines += [""] if lines else []
    if len(sites) == 1:
        lines += ["export default {", "  async fetch(request) {", *_worker(sites[0]), "  },", "};"]
        return "\n".join(lines) + "\n"
    lines.append("const corsPolicies = [")
    for site in sites:
        lines += [f"  [{_hosts(site)}, async (request) => {{", *_worker(site), "  }],"]
    lines += [
        "];",
        "",
        "export default {",
        "  fetch(request) {",
        "    const found = corsPolicies.find(([hosts]) => hosts.test(new URL(request.url).host));",
        "    return found === undefined ? fetch(request) : found[1](request);",
        "  },",
        "};",
    ]
    return "\n".join(lines) + "\n"


def _allowed(site: Sited) -> str:
    return f"ALLOWED_{site.word.upper()}"


def _worker(site: Sited) -> list[str]:
    """The body of a function of `request`, from which the answer is returned."""
    policy = site.policy
    if policy.origins is None:
        return [
            "    const response = await fetch(request);",
            "    const headers = new Headers(response.headers);",
            *_answered(policy),
        ]
    repeat_methods = policy.methods.any and policy.credentials
    repeat_headers = policy.request_headers.any and policy.credentials
    methods = granted(policy.methods.listed, everything=policy.methods.any)
    names = granted(tuple(map(header_case, policy.request_headers.listed)), everything=policy.request_headers.any)
    exposed = granted(tuple(map(header_case, policy.expose_headers.listed)), everything=policy.expose_headers.any)
    vary = [] if policy.origins.any else ["Origin"]
    vary += ["Access-Control-Request-Method"] * repeat_methods + ["Access-Control-Request-Headers"] * repeat_headers
    is_allowed = "true" if policy.origins.any else f"origin !== null && {_allowed(site)}.test(origin)"
    lines = [
        '    const origin = request.headers.get("Origin");',
        '    const method = request.headers.get("Access-Control-Request-Method");',
        '    const preflight = request.method === "OPTIONS" && origin !== null && method !== null;',
        "    const response = preflight",
        f"      ? new Response(null, {{ status: {policy.preflight_status} }})",
        "      : await fetch(request);",
        "    const headers = new Headers(response.headers);",
        "    for (const name of [...headers.keys()]) {",
        '      if (name.startsWith("access-control-")) headers.delete(name);',
        "    }",
    ]
    if vary:
        lines.append(f"    headers.append({quote('Vary')}, {quote(', '.join(vary))});")
    lines.append(f"    if ({is_allowed}) {{")
    lines.append(f'      headers.set("Access-Control-Allow-Origin", {quote("*") if policy.origins.any else "origin"});')
    if policy.credentials:
        lines.append('      headers.set("Access-Control-Allow-Credentials", "true");')
    if exposed:
        lines.append(f'      if (!preflight) headers.set("Access-Control-Expose-Headers", {quote(exposed)});')
    lines.append("      if (preflight) {")
    if repeat_methods or methods:
        value = "method" if repeat_methods else quote(methods)
        lines.append(f'        headers.set("Access-Control-Allow-Methods", {value});')
    if repeat_headers:
        lines.append('        const names = request.headers.get("Access-Control-Request-Headers");')
        lines.append('        if (names) headers.set("Access-Control-Allow-Headers", names);')
    elif names:
        lines.append(f'        headers.set("Access-Control-Allow-Headers", {quote(names)});')
    if policy.max_age is not None:
        lines.append(f'        headers.set("Access-Control-Max-Age", "{policy.max_age}");')
    if policy.private_network:
        lines.append('        if (request.headers.get("Access-Control-Request-Private-Network") === "true") {')
        lines.append('          headers.set("Access-Control-Allow-Private-Network", "true");')
        lines.append("        }")
    return [*lines, "      }", "    }", *_answered(policy)]


def _answered(policy: Policy) -> list[str]:
    """The answer with `headers`, once those that the policy names are set or removed."""
    lines = [f"    headers.delete({quote(name)});" for name in policy.remove]
    lines += [f"    headers.set({quote(name)}, {_bytes(value)});" for name, value in policy.sets.items()]
    lines += [
        "    const { status, statusText } = response;",
        "    return new Response(response.body, { status, statusText, headers });",
    ]
    return lines


def _bytes(value: str) -> str:
    """A header's value: a string stands for bytes there, a character for each."""
    return quote(value.encode().decode("latin-1"))


_MIDDLEWARE = Can(private_network=False, edits=False)

TARGETS = (
    Target("express", "Express with the package cors", _MIDDLEWARE, express, "//", several=Several.BY_HOST),
    Target("fastify", "Fastify with @fastify/cors", _MIDDLEWARE, fastify, "//", several=Several.BY_HOST),
    Target(
        "workers",
        "Cloudflare Workers",
        Can(),
        workers,
        "//",
        aliases=("cloudflare", "cloudflare-workers"),
        several=Several.BY_HOST,
    ),
)
