"""JavaScript, beside node.py: Express as an ES module, Vite, socket.io, hono, koa, h3 (Nuxt), hapi, elysia.

Vite's text is not tried on its own server, which breaks off in tests at times: its package is Express's.
"""

from cors_addon.policy.export.node import options, regex
from cors_addon.policy.export.target import Can, Target, array, exact, header_case, one, quote
from cors_addon.policy.model import Policy
from cors_addon.policy.origins import ANY

_NO_HEADER = "Origin"
"""Where a list of request headers is empty, these libraries repeat what is asked; no page may set this one."""


def _tested(policy: Policy) -> str:
    """Whether `origin` is allowed, in JavaScript."""
    return f"{regex(policy)}.test(origin)"


def _names(listed: tuple[str, ...], *, everything: bool) -> list[str]:
    return [*(["*"] if everything else []), *map(header_case, listed)]


def _methods(policy: Policy) -> list[str]:
    return [*(["*"] if policy.methods.any else []), *policy.methods.listed]


def _headers(policy: Policy) -> list[str]:
    return _names(policy.request_headers.listed, everything=policy.request_headers.any) or [_NO_HEADER]


def _exposed(policy: Policy) -> list[str]:
    return _names(policy.expose_headers.listed, everything=policy.expose_headers.any)


def _repeats_headers(policy: Policy) -> bool:
    return policy.request_headers.any and policy.credentials


def _lines(indent: str, *pairs: tuple[str, str | None]) -> list[str]:
    """Properties of an object; None leaves one out."""
    return [f"{indent}{name}: {value}," for name, value in pairs if value is not None]


def _max_age(policy: Policy) -> str | None:
    return None if policy.max_age is None else str(policy.max_age)


def express_module(policy: Policy) -> str:
    """The package cors, imported."""
    lines = ['import cors from "cors";', ""]
    if policy.methods.any and policy.credentials:
        asked = 'req.get("Access-Control-Request-Method") ?? "GET"'
        return "\n".join(
            [*lines, "app.use(cors((req, callback) => callback(null, {", *options(policy, "  ", asked), "})));", ""]
        )
    return "\n".join([*lines, "app.use(cors({", *options(policy, "  "), "}));", ""])


def vite(policy: Policy) -> str:
    """Vite's development server, which has the package cors in it."""
    lines = ["// in vite.config.js", "export default {", "  server: {", "    cors: {"]
    return "\n".join([*lines, *options(policy, "      "), "    },", "  },", "};", ""])


def socket_io(policy: Policy) -> str:
    """socket.io, which has the package cors in it; WebSockets ask nobody, only its polling does."""
    lines = ['import { Server } from "socket.io";', "", "const io = new Server(httpServer, {", "  cors: {"]
    return "\n".join([*lines, *options(policy, "    "), "  },", "});", ""])


def hono(policy: Policy) -> str:
    """hono/cors."""
    assert policy.origins is not None
    origin = quote("*") if policy.origins.any else f'(origin) => ({_tested(policy)} ? origin : "")'
    asked = '(origin, c) => [c.req.header("Access-Control-Request-Method") ?? "GET"]'
    lines = ['import { cors } from "hono/cors";', "", 'app.use("*", cors({']
    lines += _lines(
        "  ",
        ("origin", origin),
        ("allowMethods", asked if policy.methods.any and policy.credentials else array(_methods(policy))),
        ("allowHeaders", "[]" if _repeats_headers(policy) else array(_headers(policy))),
        ("exposeHeaders", array(_exposed(policy))),
        ("credentials", str(policy.credentials).lower()),
        ("maxAge", _max_age(policy)),
    )
    return "\n".join([*lines, "}));", ""])


def koa(policy: Policy) -> str:
    """@koa/cors 5."""
    assert policy.origins is not None
    origin = None if policy.origins.any else f"({{ request }}) => {_koa_origin(policy)}"
    lines = ['import cors from "@koa/cors";', "", "app.use(cors({"]
    lines += _lines(
        "  ",
        ("origin", origin),
        ("allowMethods", array(_methods(policy))),
        ("allowHeaders", None if _repeats_headers(policy) else array(_headers(policy))),
        ("exposeHeaders", array(_exposed(policy)) if _exposed(policy) else None),
        ("credentials", str(policy.credentials).lower()),
        ("maxAge", _max_age(policy)),
        ("privateNetworkAccess", "true" if policy.private_network else None),
    )
    return "\n".join([*lines, "}));", ""])


def _koa_origin(policy: Policy) -> str:
    return f'({regex(policy)}.test(request.get("Origin")) ? request.get("Origin") : "")'


def h3(policy: Policy) -> str:
    """What h3 has for it, on which Nitro and Nuxt stand."""
    assert policy.origins is not None
    origin = quote("*") if policy.origins.any else f"(origin) => {_tested(policy)}"
    exposed = quote("*") if policy.expose_headers.any else array(_exposed(policy))
    lines = [
        'import { defineEventHandler, handleCors } from "h3";',
        "",
        "// server/middleware/cors.js in Nuxt and Nitro; app.use(…) in h3 itself",
        "export default defineEventHandler((event) => {",
        "  const answered = handleCors(event, {",
    ]
    lines += _lines(
        "    ",
        ("origin", origin),
        ("methods", quote("*") if policy.methods.any else array(_methods(policy))),
        ("allowHeaders", quote("*") if policy.request_headers.any else array(_headers(policy))),
        ("exposeHeaders", exposed),
        ("credentials", str(policy.credentials).lower()),
        ("maxAge", None if policy.max_age is None else quote(str(policy.max_age))),
        ("preflight", f"{{ statusCode: {policy.preflight_status} }}"),
    )
    return "\n".join([*lines, "  });", "  if (answered !== false) return answered;", "});", ""])


def hapi(policy: Policy) -> str:
    """hapi, whose server answers preflights for its routes itself."""
    assert policy.origins is not None
    origins = [*exact(policy), *map(str, policy.origins.patterns)]
    # its `*` stands for characters, a colon is one that must be there
    origins += [str(each).removesuffix(":*") for each in policy.origins.patterns if each.port == ANY]
    lines = ["const server = Hapi.server({", "  port: 3000,", "  routes: {", "    cors: {"]
    lines += _lines(
        "      ",
        ("origin", array(["*"] if policy.origins.any or policy.origins.reflect else origins)),
        ("headers", array(_headers(policy))),
        ("exposedHeaders", array(_exposed(policy))),
        ("credentials", str(policy.credentials).lower()),
        ("maxAge", str(5 if policy.max_age is None else policy.max_age)),
    )
    return "\n".join([*lines, "    },", "  },", "});", ""])


def elysia(policy: Policy) -> str:
    """@elysiajs/cors."""
    assert policy.origins is not None
    origin = quote("*") if policy.origins.any else regex(policy)
    repeats = policy.methods.any and policy.credentials
    lines = ['import { cors } from "@elysiajs/cors";', "", "app.use(cors({"]
    lines += _lines(
        "  ",
        ("origin", origin),
        ("methods", "true" if repeats else array(_methods(policy))),
        ("allowedHeaders", "true" if _repeats_headers(policy) else array(_headers(policy))),
        ("exposeHeaders", array(_exposed(policy))),
        ("credentials", str(policy.credentials).lower()),
        ("maxAge", str(5 if policy.max_age is None else policy.max_age)),
    )
    return "\n".join([*lines, "}));", ""])


_LIBRARY = Can(private_network=False, edits=False)
_LISTS_METHODS = Can(any_method_credentialed=False, private_network=False, edits=False)

TARGETS = (
    Target("express-esm", "Express with the package cors, as an ES module", _LIBRARY, one(express_module), "//"),
    Target("vite", "Vite", _LISTS_METHODS, one(vite), "//"),
    Target("socket.io", "socket.io", _LISTS_METHODS, one(socket_io), "//", aliases=("socketio",)),
    Target("hono", "hono", _LIBRARY, one(hono), "//"),
    Target("koa", "koa with @koa/cors", Can(any_method_credentialed=False, edits=False), one(koa), "//"),
    Target(
        "h3",
        "h3 (Nitro, Nuxt)",
        Can(repeats_headers=True, private_network=False, edits=False),
        one(h3),
        "//",
        aliases=("nuxt", "nitro"),
        places={"request-headers": "allowHeaders:"},
    ),
    Target(
        "hapi",
        "hapi",
        Can(
            nobody=False,
            any_header=False,
            any_header_credentialed=False,
            always_methods=True,
            private_network=False,
            edits=False,
        ),
        one(hapi),
        "//",
    ),
    Target("elysia", "elysia with @elysiajs/cors", _LIBRARY, one(elysia), "//"),
)
