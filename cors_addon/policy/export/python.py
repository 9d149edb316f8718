"""Python: Starlette and FastAPI, Flask-CORS, django-cors-headers."""

from cors_addon.policy.export.target import Can, Target, array, exact, header_case, one, origin_regex, with_simple
from cors_addon.policy.model import Policy


def raw(text: str) -> str:
    """A raw string; none of the regular expressions holds a double quote."""
    return f'r"{text}"'


def _names(names: tuple[str, ...]) -> list[str]:
    return [header_case(name) for name in names]


def _middleware(policy: Policy) -> list[str]:
    assert policy.origins is not None
    lines = ["app.add_middleware(", "    CORSMiddleware,"]
    if policy.origins.any:
        lines.append('    allow_origins=["*"],')
    elif policy.origins.reflect or policy.origins.patterns:
        lines.append(
            f"    allow_origin_regex={raw(origin_regex(policy, anchored=False))},  # the whole origin must match"
        )
    else:
        lines.append(f"    allow_origins={array(exact(policy))},")
    lines.append(
        f"    allow_methods={array(with_simple(policy.methods.listed))},  # the simple ones, too: it refuses others"
    )
    if policy.request_headers.any:
        lines.append('    allow_headers=["*"],')
    else:
        lines.append(f"    allow_headers={array(_names(policy.request_headers.listed))},")
    if policy.expose_headers.any:
        lines.append('    expose_headers=["*"],')
    elif policy.expose_headers.listed:
        lines.append(f"    expose_headers={array(_names(policy.expose_headers.listed))},")
    lines.append(f"    allow_credentials={policy.credentials},")
    lines.append(f"    max_age={5 if policy.max_age is None else policy.max_age},")
    lines.append(")")
    return lines


def starlette(policy: Policy) -> str:
    """Starlette's own middleware."""
    lines = ["from starlette.middleware.cors import CORSMiddleware", "", *_middleware(policy)]
    return "\n".join(lines) + "\n"


def fastapi(policy: Policy) -> str:
    """The same middleware, by FastAPI's name."""
    lines = ["from fastapi.middleware.cors import CORSMiddleware", "", *_middleware(policy)]
    return "\n".join(lines) + "\n"


def flask(policy: Policy) -> str:
    """Flask-CORS 5 or later."""
    assert policy.origins is not None
    lines = ["import re", "", "from flask_cors import CORS", "", "CORS(", "    app,"]
    if policy.origins.any:
        lines += ['    origins="*",', "    send_wildcard=True,"]
    elif policy.origins.listed:
        lines.append(f"    origins=[re.compile({raw(origin_regex(policy, end=chr(92) + 'Z'))})],")
    else:
        lines.append("    origins=[],")
    lines.append(f"    methods={array(with_simple(policy.methods.listed))},")
    if policy.request_headers.any:
        lines.append('    allow_headers="*",')
    else:
        lines.append(f"    allow_headers={array(_names(policy.request_headers.listed))},")
    if policy.expose_headers.any:
        lines.append('    expose_headers="*",')
    elif policy.expose_headers.listed:
        lines.append(f"    expose_headers={array(_names(policy.expose_headers.listed))},")
    lines.append(f"    supports_credentials={policy.credentials},")
    if policy.max_age is not None:
        lines.append(f"    max_age={policy.max_age},")
    lines.append(f"    allow_private_network={policy.private_network},")
    lines.append("    vary_header=True,")
    lines.append(")")
    if not policy.origins.any:
        lines += [
            "",
            "",
            "@app.after_request",
            "def vary_by_origin(response):  # Flask-CORS does so only for origins that it allows",
            '    response.vary.add("Origin")',
            "    return response",
        ]
    return "\n".join(lines) + "\n"


def django(policy: Policy) -> str:
    """django-cors-headers, in settings.py."""
    assert policy.origins is not None
    methods = ["*", *policy.methods.listed] if policy.methods.any else list(policy.methods.listed)
    headers = _names(policy.request_headers.listed)
    lines = ["# settings.py", 'INSTALLED_APPS += ["corsheaders"]']
    lines.append('MIDDLEWARE.insert(0, "corsheaders.middleware.CorsMiddleware")')
    if policy.origins.any or policy.origins.reflect:
        lines.append("CORS_ALLOW_ALL_ORIGINS = True")
    else:
        lines.append(f"CORS_ALLOWED_ORIGINS = {array(exact(policy))}")
        if policy.origins.patterns:
            lines.append(f"CORS_ALLOWED_ORIGIN_REGEXES = [{raw(origin_regex(policy, end=chr(92) + 'Z'))}]")
    lines.append(f"CORS_ALLOW_METHODS = {array(methods)}")
    lines.append(f"CORS_ALLOW_HEADERS = {array(['*', *headers] if policy.request_headers.any else headers)}")
    exposed = ["*"] if policy.expose_headers.any else _names(policy.expose_headers.listed)
    lines.append(f"CORS_EXPOSE_HEADERS = {array(exposed)}")
    lines.append(f"CORS_ALLOW_CREDENTIALS = {policy.credentials}")
    lines.append(f"CORS_PREFLIGHT_MAX_AGE = {policy.max_age or 0}  # 0: none is sent, browsers take 5 s")
    lines.append(f"CORS_ALLOW_PRIVATE_NETWORK = {policy.private_network}")
    return "\n".join(lines) + "\n"


_STARLETTE = Can(
    any_method=False,
    any_method_credentialed=False,
    repeats_headers=True,
    always_headers=frozenset({"accept", "accept-language", "content-language", "content-type"}),
    private_network=False,
    edits=False,
)
_PLACES = {"request-headers": "allow_headers="}

TARGETS = (
    Target("starlette", "Starlette", _STARLETTE, one(starlette), places=_PLACES),
    Target("fastapi", "FastAPI", _STARLETTE, one(fastapi), places=_PLACES),
    Target(
        "flask",
        "Flask-CORS",
        Can(
            any_method=False,
            any_method_credentialed=False,
            case_sensitive_methods=False,
            repeats_headers=True,
            unnameable="*$^",
            edits=False,
        ),
        one(flask),
        aliases=("flask-cors",),
        places=_PLACES,
    ),
    Target(
        "django",
        "Django with django-cors-headers",
        Can(any_method_credentialed=False, any_header_credentialed=False, edits=False),
        one(django),
        aliases=("django-cors-headers",),
    ),
)
