"""JavaScript: Express with cors, Fastify with @fastify/cors, Cloudflare Workers."""

from cors_addon.policy.export.target import Can, Target, array, exact, granted, header_case, origin_regex, quote
from cors_addon.policy.model import Policy


def _regex(policy: Policy) -> str:
    return "/" + origin_regex(policy).replace("/", r"\/") + "/"


def _origin(policy: Policy) -> str:
    assert policy.origins is not None
    if policy.origins.any:
        return quote("*")
    if policy.origins.reflect:
        return "true"
    return _regex(policy) if policy.origins.patterns else array(exact(policy))


def _options(policy: Policy, indent: str, *, asked: str) -> list[str]:
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


def express(policy: Policy) -> str:
    """The package cors."""
    lines = ['const cors = require("cors");', ""]
    if policy.methods.any and policy.credentials:
        lines += ["app.use(cors((req, callback) => callback(null, {"]
        lines += _options(policy, "  ", asked='req.get("Access-Control-Request-Method") ?? "GET"')
        lines += ["})));"]
    else:
        lines += ["app.use(cors({", *_options(policy, "  ", asked=""), "}));"]
    return "\n".join(lines) + "\n"


def fastify(policy: Policy) -> str:
    """The package @fastify/cors."""
    lines = ['const cors = require("@fastify/cors");', ""]
    if policy.methods.any and policy.credentials:
        lines += ["fastify.register(cors, () => (req, callback) => callback(null, {"]
        lines += _options(policy, "  ", asked='req.headers["access-control-request-method"] ?? "GET"')
    else:
        lines += ["fastify.register(cors, {", *_options(policy, "  ", asked="")]
    lines += ["  strictPreflight: false,", "}));" if "() =>" in lines[2] else "});"]
    return "\n".join(lines) + "\n"


def workers(policy: Policy) -> str:
    """A Cloudflare Worker before the origin server."""
    assert policy.origins is not None
    repeat_methods = policy.methods.any and policy.credentials
    repeat_headers = policy.request_headers.any and policy.credentials
    methods = granted(policy.methods.listed, everything=policy.methods.any)
    names = granted(tuple(map(header_case, policy.request_headers.listed)), everything=policy.request_headers.any)
    exposed = granted(tuple(map(header_case, policy.expose_headers.listed)), everything=policy.expose_headers.any)
    vary = [] if policy.origins.any else ["Origin"]
    vary += ["Access-Control-Request-Method"] * repeat_methods + ["Access-Control-Request-Headers"] * repeat_headers
    lines = ["const ALLOWED = " + _regex(policy) + ";", ""] if not policy.origins.any else []
    lines += [
        "export default {",
        "  async fetch(request) {",
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
    lines.append("    if (true) {" if policy.origins.any else "    if (origin !== null && ALLOWED.test(origin)) {")
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
    lines += ["      }", "    }"]
    lines += [f"    headers.delete({quote(name)});" for name in policy.remove]
    lines += [f"    headers.set({quote(name)}, {_bytes(value)});" for name, value in policy.set.items()]
    lines += [
        "    const { status, statusText } = response;",
        "    return new Response(response.body, { status, statusText, headers });",
        "  },",
        "};",
    ]
    return "\n".join(lines) + "\n"


def _bytes(value: str) -> str:
    """A header's value: a string stands for bytes there, a character for each."""
    return quote(value.encode().decode("latin-1"))


_MIDDLEWARE = Can(private_network=False, edits=False)

TARGETS = (
    Target("express", "Express with the package cors", _MIDDLEWARE, express, "//"),
    Target("fastify", "Fastify with @fastify/cors", _MIDDLEWARE, fastify, "//"),
    Target("workers", "Cloudflare Workers", Can(), workers, "//", aliases=("cloudflare", "cloudflare-workers")),
)
