"""Python, beside python.py: Litestar, Quart, aiohttp with their own means; Falcon and Sanic with a few lines of Python,
for what they have themselves cannot tell headers or methods apart.
"""

from cors_addon.policy.export.python import raw
from cors_addon.policy.export.target import (
    Can,
    Target,
    any_origin,
    array,
    exact,
    exposed_value,
    header_case,
    headers_value,
    methods_value,
    one,
    origin_regex,
    quote,
    with_simple,
)
from cors_addon.policy.model import Policy


def _names(listed: tuple[str, ...], *, everything: bool) -> str:
    return array(["*"] if everything else map(header_case, listed))


def _has_patterns(policy: Policy) -> bool:
    return policy.origins is not None and bool(policy.origins.patterns or policy.origins.reflect)


_VARY = "caches are to know that the answer depends on it"


def litestar(policy: Policy) -> str:
    """Litestar's CORSConfig; Vary for origins that it does not allow is added."""
    lines = ["from litestar.config.cors import CORSConfig", "", "cors_config = CORSConfig("]
    if any_origin(policy):
        lines.append('    allow_origins=["*"],')
    elif _has_patterns(policy):
        lines += ["    allow_origins=[],", f"    allow_origin_regex={raw(origin_regex(policy, anchored=False))},"]
    else:
        lines.append(f"    allow_origins={array(exact(policy))},")
    headers = _names(policy.request_headers.listed, everything=policy.request_headers.any)
    lines += [
        f"    allow_methods={array(with_simple(policy.methods.listed))},  # the simple ones, too: it refuses others",
        f"    allow_headers={headers},",
        f"    expose_headers={_names(policy.expose_headers.listed, everything=policy.expose_headers.any)},",
        f"    allow_credentials={policy.credentials},",
        f"    max_age={5 if policy.max_age is None else policy.max_age},",
        ")",
        "",
        "",
        f"async def vary_by_origin(response):  # {_VARY}",
        '    response.headers.setdefault("Vary", "Origin")',
        "    return response",
        "",
        "",
        "# Litestar(..., cors_config=cors_config, after_request=vary_by_origin)",
    ]
    return "\n".join(lines) + "\n"


def quart(policy: Policy) -> str:
    """quart-cors."""
    if any_origin(policy):
        origin = quote("*")
    elif _has_patterns(policy):
        origin = f"re.compile({raw(origin_regex(policy, end=chr(92) + 'Z'))})"
    else:
        origin = array(exact(policy))
    methods = ["*"] if policy.methods.any else with_simple(policy.methods.listed)
    lines = [
        *(["import re", ""] if origin.startswith("re.") else []),
        "from quart_cors import cors",
        "",
        "app = cors(",
        "    app,",
        f"    allow_origin={origin},",
        f"    allow_methods={array(methods)},",
        f"    allow_headers={_names(policy.request_headers.listed, everything=policy.request_headers.any)},",
        f"    expose_headers={_names(policy.expose_headers.listed, everything=policy.expose_headers.any)},",
        f"    allow_credentials={policy.credentials},",
        *([] if policy.max_age is None else [f"    max_age={policy.max_age},"]),
        ")",
    ]
    return "\n".join(lines) + "\n"


def aiohttp(policy: Policy) -> str:
    """aiohttp-cors, which is told of each route; Vary is added, which it does not know."""
    assert policy.origins is not None
    everyone = policy.origins.any or policy.origins.reflect
    headers = list(map(header_case, policy.request_headers.listed))
    exposed = list(map(header_case, policy.expose_headers.listed))
    lines = [
        "import aiohttp_cors",
        "",
        "options = aiohttp_cors.ResourceOptions(",
        f"    allow_methods={quote('*') if policy.methods.any else array(with_simple(policy.methods.listed))},",
        f"    allow_headers={quote('*') if policy.request_headers.any else array(headers)},",
        f"    expose_headers={quote('*') if policy.expose_headers.any else array(exposed)},",
        f"    allow_credentials={policy.credentials},",
        *([] if policy.max_age is None else [f"    max_age={policy.max_age},"]),
        ")",
        f"origins = {array(['*'] if everyone else exact(policy))}",
        "cors = aiohttp_cors.setup(app, defaults={origin: options for origin in origins})",
        "for route in list(app.router.routes()):  # once all routes are there",
        "    cors.add(route)",
        "",
        "",
        f"async def vary_by_origin(request, response):  # {_VARY}",
        '    response.headers.add("Vary", "Origin")',
        "",
        "",
        "app.on_response_prepare.append(vary_by_origin)",
    ]
    return "\n".join(lines) + "\n"


def _function(policy: Policy) -> list[str]:
    """A function that gives the headers of an answer."""
    repeat_methods = policy.methods.any and policy.credentials
    repeat_headers = policy.request_headers.any and policy.credentials
    lines = [
        "import re",
        "",
        f"ALLOWED_ORIGIN = re.compile({raw('.+' if any_origin(policy) else origin_regex(policy, end=chr(92) + 'Z'))})",
        "",
        "",
        "def cors_headers(origin, method=None, names=None):",
        '    """Of an answer; method and names are what a preflight asks for, else None."""',
        "    headers = {}" if any_origin(policy) else '    headers = {"Vary": "Origin"}',
        "    if not origin or not ALLOWED_ORIGIN.match(origin):",
        "        return headers",
        f'    headers["Access-Control-Allow-Origin"] = {quote("*") if any_origin(policy) else "origin"}',
    ]
    if policy.credentials:
        lines.append('    headers["Access-Control-Allow-Credentials"] = "true"')
    if exposed_value(policy):
        lines += ["    if method is None:"]
        lines.append(f'        headers["Access-Control-Expose-Headers"] = {quote(exposed_value(policy))}')
    grants = []
    if repeat_methods or methods_value(policy):
        value = "method" if repeat_methods else quote(methods_value(policy))
        grants.append(f'        headers["Access-Control-Allow-Methods"] = {value}')
    if repeat_headers:
        grants += ["        if names:", '            headers["Access-Control-Allow-Headers"] = names']
    elif headers_value(policy):
        grants.append(f'        headers["Access-Control-Allow-Headers"] = {quote(headers_value(policy))}')
    if policy.max_age is not None:
        grants.append(f'        headers["Access-Control-Max-Age"] = "{policy.max_age}"')
    return [*lines, *(["    if method is not None:", *grants] if grants else []), "    return headers", "", ""]


def falcon(policy: Policy) -> str:
    """A component of Falcon's middleware: its own CORSMiddleware allows whatever headers and methods are asked for."""
    lines = _function(policy)
    lines += [
        "class Cors:",
        "    def process_request(self, req, resp):",
        '        method = req.get_header("Access-Control-Request-Method")',
        '        if req.method == "OPTIONS" and method and req.get_header("Origin"):',
        f"            resp.status, resp.complete = {policy.preflight_status}, True",
        "",
        "    def process_response(self, req, resp, resource, req_succeeded):",
        '        preflight = req.method == "OPTIONS"',
        '        method = req.get_header("Access-Control-Request-Method") if preflight else None',
        '        names = req.get_header("Access-Control-Request-Headers")',
        '        resp.set_headers(cors_headers(req.get_header("Origin"), method, names))',
        "",
        "    async def process_request_async(self, req, resp):",
        "        self.process_request(req, resp)",
        "",
        "    async def process_response_async(self, req, resp, resource, req_succeeded):",
        "        self.process_response(req, resp, resource, req_succeeded)",
        "",
        "",
        "app.add_middleware(Cors())",
    ]
    return "\n".join(lines) + "\n"


def sanic(policy: Policy) -> str:
    """Two of Sanic's middlewares: sanic-ext allows of the methods listed those alone that a route has."""
    lines = _function(policy)
    lines += [
        "@app.on_request",
        "async def answer_preflight(request):",
        '    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:',
        f"        return HTTPResponse(status={policy.preflight_status})",
        "",
        "",
        "@app.on_response",
        "async def add_cors_headers(request, response):",
        '    preflight = request.method == "OPTIONS"',
        '    method = request.headers.get("Access-Control-Request-Method") if preflight else None',
        '    names = request.headers.get("Access-Control-Request-Headers")',
        '    response.headers.update(cors_headers(request.headers.get("Origin"), method, names))',
    ]
    return "\n".join(["from sanic import HTTPResponse", *lines]) + "\n"


_WRITTEN_OUT = Can(private_network=False, edits=False)
_PLACES = {"request-headers": "allow_headers="}

TARGETS = (
    Target(
        "litestar",
        "Litestar",
        Can(
            any_method=False,
            any_method_credentialed=False,
            repeats_headers=True,
            always_headers=frozenset({"accept", "accept-language", "content-language", "content-type"}),
            private_network=False,
            edits=False,
        ),
        one(litestar),
        places=_PLACES,
    ),
    Target(
        "quart-cors",
        "Quart with quart-cors",
        Can(any_method_credentialed=False, repeats_headers=True, private_network=False, edits=False),
        one(quart),
        aliases=("quart",),
        places=_PLACES,
    ),
    Target(
        "aiohttp-cors",
        "aiohttp with aiohttp-cors",
        Can(
            subdomains=False,
            any_port=False,
            case_sensitive_methods=False,
            always_methods=True,
            repeats_headers=True,
            private_network=False,
            edits=False,
        ),
        one(aiohttp),
        aliases=("aiohttp",),
        places={**_PLACES, "methods": "allow_methods="},
    ),
    Target("falcon", "Falcon 4", _WRITTEN_OUT, one(falcon)),
    Target("sanic", "Sanic", _WRITTEN_OUT, one(sanic)),
)
