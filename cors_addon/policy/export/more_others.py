"""PHP, lighttpd, Tomcat, Go with gin, and the Gateway API of Kubernetes.

Tomcat's, gin's and the Gateway API's texts were not tried on their servers; they are written after their documentation.
"""

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


def _php(text: str) -> str:
    """A string in single quotes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def php(policy: Policy) -> str:
    """Plain PHP, before anything else is sent."""
    repeat_methods = policy.methods.any and policy.credentials
    repeat_headers = policy.request_headers.any and policy.credentials
    regex = _php("/" + origin_regex(policy).replace("/", "\\/") + "/D")
    lines = [
        "// right after <?php, before anything is sent",
        "$origin = $_SERVER['HTTP_ORIGIN'] ?? null;",
        "$method = $_SERVER['HTTP_ACCESS_CONTROL_REQUEST_METHOD'] ?? null;",
        "$preflight = $_SERVER['REQUEST_METHOD'] === 'OPTIONS' && $origin !== null && $method !== null;",
    ]
    if any_origin(policy):
        lines += ["header('Access-Control-Allow-Origin: *');", "if ($origin !== null) {"]
    else:
        lines += ["header('Vary: Origin', false);", f"if ($origin !== null && preg_match({regex}, $origin)) {{"]
        lines.append('    header("Access-Control-Allow-Origin: $origin");')
    if policy.credentials:
        lines.append("    header('Access-Control-Allow-Credentials: true');")
    lines.append("    if ($preflight) {")
    if repeat_methods:
        lines.append('        header("Access-Control-Allow-Methods: $method");')
    elif methods_value(policy):
        lines.append(f"        header({_php(f'Access-Control-Allow-Methods: {methods_value(policy)}')});")
    if repeat_headers:
        lines.append("        $names = $_SERVER['HTTP_ACCESS_CONTROL_REQUEST_HEADERS'] ?? '';")
        lines.append('        header("Access-Control-Allow-Headers: $names");')
    elif headers_value(policy):
        lines.append(f"        header({_php(f'Access-Control-Allow-Headers: {headers_value(policy)}')});")
    if policy.max_age is not None:
        lines.append(f"        header('Access-Control-Max-Age: {policy.max_age}');")
    if exposed_value(policy):
        lines += ["    } else {", f"        header({_php(f'Access-Control-Expose-Headers: {exposed_value(policy)}')});"]
    lines += [
        "    }",
        "}",
        "if ($preflight) {",
        f"    http_response_code({policy.preflight_status});",
        "    exit;",
        "}",
    ]
    return "\n".join(lines) + "\n"


def lighttpd(policy: Policy) -> str:
    """mod_setenv, with a condition for each origin. It answers OPTIONS itself where no other module does."""
    lines = ['server.modules += ( "mod_setenv" )']
    if not any_origin(policy):
        lines.append('setenv.add-response-header = ( "Vary" => "Origin" )')
    for origin in [".+"] if any_origin(policy) else exact(policy):
        condition = f"=~ {quote(origin)}" if any_origin(policy) else f"== {quote(origin)}"
        always = [("Access-Control-Allow-Origin", "*" if any_origin(policy) else origin)]
        if policy.credentials:
            always.append(("Access-Control-Allow-Credentials", "true"))
        lines.append(f'$REQUEST_HEADER["Origin"] {condition} {{')
        grants = [*always, ("Access-Control-Allow-Methods", methods_value(policy))]
        grants.append(("Access-Control-Allow-Headers", headers_value(policy)))
        grants.append(("Access-Control-Max-Age", "" if policy.max_age is None else str(policy.max_age)))
        shown = [*always, ("Access-Control-Expose-Headers", exposed_value(policy))]
        lines.append('    $HTTP["request-method"] == "OPTIONS" {')
        lines.append(f"        setenv.set-response-header = {_pairs(grants)}")
        lines.append("    } else {")
        lines.append(f"        setenv.set-response-header = {_pairs(shown)}")
        lines += ["    }", "}"]
    return "\n".join(lines) + "\n"


def _pairs(pairs: list[tuple[str, str]]) -> str:
    return "( " + ", ".join(f"{quote(name)} => {quote(value)}" for name, value in pairs if value) + " )"


def tomcat(policy: Policy) -> str:
    """Tomcat's CorsFilter in web.xml."""
    origins = "*" if any_origin(policy) else ", ".join(exact(policy))
    parameters = [
        ("allowed.origins", origins),
        ("allowed.methods", ", ".join(with_simple(policy.methods.listed))),
        ("allowed.headers", headers_value(policy) or "Origin"),
        ("exposed.headers", exposed_value(policy)),
        ("support.credentials", str(policy.credentials).lower()),
        ("preflight.maxage", str(5 if policy.max_age is None else policy.max_age)),
    ]
    lines = ["<filter>", "  <filter-name>cors</filter-name>"]
    lines.append("  <filter-class>org.apache.catalina.filters.CorsFilter</filter-class>")
    for name, value in parameters:
        if value:
            escaped = value.replace("&", "&amp;").replace("<", "&lt;")
            lines.append("  <init-param>")
            lines.append(f"    <param-name>cors.{name}</param-name><param-value>{escaped}</param-value>")
            lines.append("  </init-param>")
    lines += ["</filter>", "<filter-mapping>", "  <filter-name>cors</filter-name>", "  <url-pattern>/*</url-pattern>"]
    return "\n".join([*lines, "</filter-mapping>"]) + "\n"


def gin(policy: Policy) -> str:
    """github.com/gin-contrib/cors; it refuses requests of other origins, and preflights for methods not listed."""
    assert policy.origins is not None
    named = [*(["*"] if policy.request_headers.any else []), *map(header_case, policy.request_headers.listed)]
    methods = ["*"] if policy.methods.any else with_simple(policy.methods.listed)
    lines = []
    if not policy.origins.any:
        lines.append(f"allowed := regexp.MustCompile(`{origin_regex(policy, end=chr(92) + 'z')}`)")
    lines.append("router.Use(cors.New(cors.Config{")
    lines.append("\tAllowAllOrigins: true," if policy.origins.any else "\tAllowOriginFunc: allowed.MatchString,")
    lines.append(f"\tAllowMethods: {array(methods, '[]string{', '}')},")
    lines.append(f"\tAllowHeaders: {array(named or ['Origin'], '[]string{', '}')},")
    if policy.expose_headers.listed or policy.expose_headers.any:
        shown = ["*"] if policy.expose_headers.any else map(header_case, policy.expose_headers.listed)
        lines.append(f"\tExposeHeaders: {array(shown, '[]string{', '}')},")
    lines.append(f"\tAllowCredentials: {str(policy.credentials).lower()},")
    if policy.max_age is not None:
        lines.append(f"\tMaxAge: {policy.max_age} * time.Second,")
    if policy.private_network:
        lines.append("\tAllowPrivateNetwork: true,")
    return "\n".join([*lines, "}))"]) + "\n"


def gateway_api(policy: Policy) -> str:
    """The CORS filter of an HTTPRoute, which is experimental in the Gateway API 1.3."""
    assert policy.origins is not None
    origins = ["*"] if policy.origins.any else [*exact(policy), *map(str, policy.origins.patterns)]
    methods = ["*"] if policy.methods.any else with_simple(policy.methods.listed)
    names = ["*"] if policy.request_headers.any else list(map(header_case, policy.request_headers.listed))
    exposed = ["*"] if policy.expose_headers.any else list(map(header_case, policy.expose_headers.listed))
    lines = ["# in spec.rules[] of the HTTPRoute", "filters:", "- type: CORS", "  cors:"]
    for key, values in (
        ("allowOrigins", origins),
        ("allowMethods", methods),
        ("allowHeaders", names),
        ("exposeHeaders", exposed),
    ):
        if values:
            lines += [f"    {key}:", *(f"    - {quote(value)}" for value in values)]
    lines.append(f"    allowCredentials: {str(policy.credentials).lower()}")
    lines.append(f"    maxAge: {policy.max_age or 5}")
    return "\n".join(lines) + "\n"


_KUBERNETES = frozenset({"PUT", "PATCH", "DELETE", "OPTIONS"})

TARGETS = (
    Target("php", "PHP", Can(private_network=False, edits=False), one(php), "//"),
    Target(
        "lighttpd",
        "lighttpd 1.4",
        Can(
            reflect=False,
            subdomains=False,
            any_port=False,
            any_method_credentialed=False,
            any_header_credentialed=False,
            private_network=False,
            edits=False,
        ),
        one(lighttpd),
    ),
    Target(
        "tomcat",
        "Tomcat 10",
        Can(
            nobody=False,
            reflect=False,
            subdomains=False,
            any_port=False,
            any_method=False,
            any_method_credentialed=False,
            any_header=False,
            any_header_credentialed=False,
            private_network=False,
            edits=False,
        ),
        one(tomcat),
        "<!--",
        end=" -->",
    ),
    Target(
        "gin",
        "Go with github.com/gin-contrib/cors 1.7 (not tried on it)",
        Can(any_method_credentialed=False, any_header_credentialed=False, repeats_headers=True, edits=False),
        one(gin),
        "//",
        places={"request-headers": "AllowHeaders:"},
    ),
    Target(
        "gateway-api",
        "the Gateway API of Kubernetes (not tried on it)",
        Can(
            nobody=False,
            reflect=False,
            null=False,
            any_port=False,
            any_method_credentialed=False,
            any_header_credentialed=False,
            methods=_KUBERNETES,
            private_network=False,
            edits=False,
        ),
        one(gateway_api),
        aliases=("kubernetes",),
    ),
)
