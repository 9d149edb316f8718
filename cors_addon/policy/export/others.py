"""Spring, ASP.NET Core, Go (jub0bs/cors and rs/cors), Rails (rack-cors), AWS S3 and API Gateway."""

import json

from cors_addon.fetch.origins import OPAQUE
from cors_addon.policy.export.target import Can, Target, array, exact, header_case, one, origin_regex, with_simple
from cors_addon.policy.model import Policy
from cors_addon.policy.origins import ANY

_ENUMERATED = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _headers(policy: Policy) -> list[str]:
    return ["*"] if policy.request_headers.any else [header_case(name) for name in policy.request_headers.listed]


def _exposed(policy: Policy) -> list[str]:
    return ["*"] if policy.expose_headers.any else [header_case(name) for name in policy.expose_headers.listed]


def spring(policy: Policy) -> str:
    """A CorsConfiguration; Spring refuses preflights for methods that it does not list, so the simple ones are."""
    assert policy.origins is not None
    methods = ["*"] if policy.methods.any else with_simple(policy.methods.listed)
    lines = ["CorsConfiguration cors = new CorsConfiguration();"]
    plain = ["*"] if policy.origins.any else exact(policy)
    if plain:
        lines.append(f"cors.setAllowedOrigins(List.of({array(plain, '', '')}));")
    patterns = (
        ["*"]
        if policy.origins.reflect
        else [str(one).removesuffix(":*") + (":[*]" if one.port == ANY else "") for one in policy.origins.patterns]
    )
    if patterns:
        lines.append(f"cors.setAllowedOriginPatterns(List.of({array(patterns, '', '')}));")
    lines.append(f"cors.setAllowedMethods(List.of({array(methods, '', '')}));")
    if _headers(policy):
        lines.append(f"cors.setAllowedHeaders(List.of({array(_headers(policy), '', '')}));")
    if _exposed(policy):
        lines.append(f"cors.setExposedHeaders(List.of({array(_exposed(policy), '', '')}));")
    lines.append(f"cors.setAllowCredentials({str(policy.credentials).lower()});")
    if policy.max_age is not None:
        lines.append(f"cors.setMaxAge({policy.max_age}L);")
    if policy.private_network:
        lines.append("cors.setAllowPrivateNetwork(true);")
    lines += [
        "UrlBasedCorsConfigurationSource source = new UrlBasedCorsConfigurationSource();",
        'source.registerCorsConfiguration("/**", cors);',
        "// as the bean CorsConfigurationSource, with http.cors(withDefaults()) where Spring Security is used",
    ]
    return "\n".join(lines) + "\n"


def aspnet(policy: Policy) -> str:
    """ASP.NET Core's CORS middleware."""
    assert policy.origins is not None
    lines = ["builder.Services.AddCors(options => options.AddDefaultPolicy(policy =>", "{", "    policy"]
    if policy.origins.any:
        lines.append("        .AllowAnyOrigin()")
    elif policy.origins.reflect:
        lines.append("        .SetIsOriginAllowed(_ => true)")
    elif policy.origins.patterns:
        regex = origin_regex(policy, end=r"\z")
        lines.append(f'        .SetIsOriginAllowed(origin => Regex.IsMatch(origin, @"{regex}"))')
    else:
        lines.append(f"        .WithOrigins({array(exact(policy), '', '')})")
    if policy.methods.any:
        lines.append("        .AllowAnyMethod()")
    elif policy.methods.listed:
        lines.append(f"        .WithMethods({array(policy.methods.listed, '', '')})")
    if policy.request_headers.any:
        lines.append("        .AllowAnyHeader()")
    elif policy.request_headers.listed:
        lines.append(f"        .WithHeaders({array(_headers(policy), '', '')})")
    if _exposed(policy):
        lines.append(f"        .WithExposedHeaders({array(_exposed(policy), '', '')})")
    if policy.max_age is not None:
        lines.append(f"        .SetPreflightMaxAge(TimeSpan.FromSeconds({policy.max_age}))")
    lines.append("        .AllowCredentials();" if policy.credentials else "        .DisallowCredentials();")
    lines += ["}));", "", "app.UseCors(); // after UseRouting, before UseAuthorization"]
    return "\n".join(lines) + "\n"


def jub0bs(policy: Policy) -> str:
    """github.com/jub0bs/cors, which had other fields before 0.12."""
    assert policy.origins is not None
    origins = ["*"] if policy.origins.any else [one for one in policy.origins.listed if one != OPAQUE]
    methods = ["*"] if policy.methods.any else list(policy.methods.listed)
    headers = _headers(policy)
    if policy.request_headers.any and not policy.credentials:
        headers = ["*", *(["Authorization"] if "authorization" in policy.request_headers.listed else [])]
    lines = ["mw, err := cors.NewMiddleware(cors.Config{", f"\tOrigins: {array(origins, '[]string{', '}')},"]
    if policy.credentials:
        lines.append("\tCredentialed: true,")
    if methods:
        lines.append(f"\tMethods: {array(methods, '[]string{', '}')},")
    if headers:
        lines.append(f"\tRequestHeaders: {array(headers, '[]string{', '}')},")
    if policy.max_age is not None:
        lines.append(f"\tMaxAgeInSeconds: {policy.max_age or -1},")
    if _exposed(policy):
        lines.append(f"\tResponseHeaders: {array(_exposed(policy), '[]string{', '}')},")
    if policy.credentials and any(one.startswith("http://") for one in origins):
        lines.append("\tDangerouslyTolerateInsecureOrigins: true,")
    lines += ["})", "if err != nil {", "\tlog.Fatal(err)", "}", "handler = mw.Wrap(handler)"]
    return "\n".join(lines) + "\n"


def rs(policy: Policy) -> str:
    """github.com/rs/cors; it refuses preflights for methods that it does not list, so the simple ones are."""
    assert policy.origins is not None
    lines = []
    named = not policy.origins.any
    if named and (policy.origins.patterns or policy.origins.reflect):
        lines += [f"allowed := regexp.MustCompile(`{origin_regex(policy, end=chr(92) + 'z')}`)"]
    lines.append("c := cors.New(cors.Options{")
    if policy.origins.any:
        lines.append('\tAllowedOrigins: []string{"*"},')
    elif policy.origins.patterns or policy.origins.reflect:
        lines.append("\tAllowOriginFunc: allowed.MatchString,")
    elif policy.origins.listed:
        lines.append(f"\tAllowedOrigins: {array(exact(policy), '[]string{', '}')},")
    else:
        lines.append("\tAllowOriginFunc: func(string) bool { return false },")
    lines.append(f"\tAllowedMethods: {array(with_simple(policy.methods.listed), '[]string{', '}')},")
    headers = _headers(policy)
    # an empty list would stand for a default
    lines.append(f"\tAllowedHeaders: {array(headers or ['Origin'], '[]string{', '}')},")
    if _exposed(policy):
        lines.append(f"\tExposedHeaders: {array(_exposed(policy), '[]string{', '}')},")
    lines.append(f"\tAllowCredentials: {str(policy.credentials).lower()},")
    if policy.max_age is not None:
        lines.append(f"\tMaxAge: {policy.max_age or -1},")
    if policy.private_network:
        lines.append("\tAllowPrivateNetwork: true,")
    lines += [f"\tOptionsSuccessStatus: {policy.preflight_status},", "})", "handler = c.Handler(handler)"]
    return "\n".join(lines) + "\n"


def rails(policy: Policy) -> str:
    """rack-cors, in config/initializers/cors.rb; it takes the word null for a host, but not in a regular expression."""
    assert policy.origins is not None
    if policy.origins.any:
        origins = "'*'"
    elif policy.origins.patterns or policy.origins.reflect:
        origins = "%r{" + origin_regex(policy, anchored=False).join((r"\A", r"\z")) + "}"
    else:
        named = (r"%r{\Anull\z}" if origin == OPAQUE else _ruby_string(origin) for origin in exact(policy))
        origins = ", ".join(named) or "'https://nobody.invalid'"
    headers = ":any" if policy.request_headers.any else _ruby(_headers(policy))
    lines = [
        "Rails.application.config.middleware.insert_before 0, Rack::Cors do",
        "  allow do",
        f"    origins {origins}",
        "    resource '*',",
        f"      headers: {headers},",
        f"      methods: [{', '.join(':' + method.lower() for method in with_simple(policy.methods.listed))}],",
    ]
    if _exposed(policy):
        lines.append(f"      expose: {_ruby(_exposed(policy))},")
    lines.append(f"      credentials: {str(policy.credentials).lower()},")
    lines.append(f"      max_age: {5 if policy.max_age is None else policy.max_age}")
    lines += ["  end", "end"]
    return "\n".join(lines) + "\n"


def _ruby(items: list[str]) -> str:
    return "[" + ", ".join(map(_ruby_string, items)) + "]"


def _ruby_string(text: str) -> str:
    """In single quotes, where only these and backslashes mean anything."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def s3(policy: Policy) -> str:
    """The CORS rules of a bucket."""
    assert policy.origins is not None
    rule: dict[str, object] = {
        "AllowedOrigins": ["*"] if policy.origins.any else list(policy.origins.listed),
        "AllowedMethods": with_simple(policy.methods.listed),
    }
    if _headers(policy):
        rule["AllowedHeaders"] = _headers(policy)
    if _exposed(policy):
        rule["ExposeHeaders"] = _exposed(policy)
    if policy.max_age is not None:
        rule["MaxAgeSeconds"] = policy.max_age
    return json.dumps([rule], indent=2) + "\n"


def api_gateway(policy: Policy) -> str:
    """The CORS configuration of an HTTP API."""
    assert policy.origins is not None
    made: dict[str, object] = {
        "AllowOrigins": ["*"] if policy.origins.any else list(policy.origins.listed),
        "AllowMethods": ["*"] if policy.methods.any else with_simple(policy.methods.listed),
        "AllowCredentials": policy.credentials,
    }
    if _headers(policy):
        made["AllowHeaders"] = _headers(policy)
    if _exposed(policy):
        made["ExposeHeaders"] = _exposed(policy)
    if policy.max_age is not None:
        made["MaxAge"] = policy.max_age
    return json.dumps({"CorsConfiguration": made}, indent=2) + "\n"


TARGETS = (
    Target(
        "spring",
        "Spring 5.3",
        Can(repeats_headers=True, edits=False),
        one(spring),
        "//",
        places={"request-headers": "cors.setAllowedHeaders("},
    ),
    Target(
        "aspnet",
        "ASP.NET Core",
        Can(repeats_headers=True, private_network=False, any_exposed=False, edits=False),
        one(aspnet),
        "//",
        aliases=("asp.net", "aspnetcore", "dotnet"),
        places={"request-headers": ".AllowAnyHeader()"},
    ),
    Target(
        "jub0bs",
        "Go with github.com/jub0bs/cors 0.12",
        Can(nobody=False, null=False, reflect=False, private_network=False, edits=False),
        one(jub0bs),
        "//",
        aliases=("go", "jub0bs/cors", "go-jub0bs"),
    ),
    Target(
        "rs",
        "Go with github.com/rs/cors 1.9",
        Can(any_method=False, any_method_credentialed=False, repeats_headers=True, any_exposed=False, edits=False),
        one(rs),
        "//",
        aliases=("rs/cors", "go-rs"),
        places={"request-headers": "AllowedHeaders:"},
    ),
    Target(
        "rails",
        "Rails with rack-cors",
        Can(
            any_method=False,
            any_method_credentialed=False,
            methods=_ENUMERATED,
            case_sensitive_methods=False,
            repeats_headers=True,
            private_network=False,
            edits=False,
        ),
        one(rails),
        aliases=("rack-cors",),
        places={"request-headers": "headers:"},
    ),
    Target(
        "s3",
        "AWS S3",
        Can(
            nobody=False,
            reflect=False,
            null=False,
            any_method=False,
            any_method_credentialed=False,
            methods=frozenset({"PUT", "DELETE"}),
            repeats_headers=True,
            always_credentials=True,
            unnameable="*?",
            any_exposed=False,
            private_network=False,
            edits=False,
        ),
        one(s3),
        "",
        aliases=("aws-s3",),
    ),
    Target(
        "api-gateway",
        "AWS API Gateway (HTTP API)",
        Can(
            nobody=False,
            reflect=False,
            null=False,
            subdomains=False,
            any_port=False,
            any_method_credentialed=False,
            any_header_credentialed=False,
            any_header_and_more=False,
            private_network=False,
            methods=_ENUMERATED,
            unnameable="*",
            edits=False,
        ),
        one(api_gateway),
        "",
        aliases=("apigateway", "aws-api-gateway"),
    ),
)
