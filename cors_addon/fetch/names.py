"""The names of headers that CORS and its neighbours speak of; each list of them is kept here, once."""

ALLOW_ORIGIN = "Access-Control-Allow-Origin"
ALLOW_CREDENTIALS = "Access-Control-Allow-Credentials"
ALLOW_METHODS = "Access-Control-Allow-Methods"
ALLOW_HEADERS = "Access-Control-Allow-Headers"
MAX_AGE = "Access-Control-Max-Age"
EXPOSE_HEADERS = "Access-Control-Expose-Headers"
LOCATION = "Location"
CORS_PREFIX = b"access-control-"
"""How all headers of CORS begin, lower case."""

CORS_RESPONSE = (ALLOW_ORIGIN, ALLOW_CREDENTIALS, ALLOW_METHODS, ALLOW_HEADERS, MAX_AGE, EXPOSE_HEADERS)
"""What a server says of CORS. https://fetch.spec.whatwg.org/#http-responses"""

REQUEST_METHOD = "Access-Control-Request-Method"
REQUEST_HEADERS = "Access-Control-Request-Headers"
"""What a preflight asks for. https://fetch.spec.whatwg.org/#http-requests"""
ASKED_METHOD, ASKED_HEADERS = REQUEST_METHOD.lower().encode(), REQUEST_HEADERS.lower().encode()
"""The same, lower case, as headers are looked up."""

ONE_THING = frozenset(
    {b"origin", b"user-agent", ASKED_METHOD}
    | {name.lower().encode() for name in (ALLOW_ORIGIN, ALLOW_CREDENTIALS, MAX_AGE)}
)
"""Headers, lower case, that name one origin, method, client or number, and no list."""

PRIVATE_NETWORK = "Access-Control-Allow-Private-Network"
LOCAL_NETWORK = "Access-Control-Allow-Local-Network"
"""Its later name, in a draft that Chromium has dropped."""

REQUEST_PRIVATE_NETWORK = b"access-control-request-private-network"
REQUEST_LOCAL_NETWORK = b"access-control-request-local-network"
"""What Chromium's preflights asked of servers in the local network, lower case."""

VALIDATES = {b"if-none-match": b"etag", b"if-modified-since": b"last-modified"}
"""Request headers, lower case, by which a cache asks whether what it holds is still good, each with the header of the
stored response that its value is of. https://httpwg.org/specs/rfc9111.html#validation.sent"""
VALIDATING = frozenset(VALIDATES)
VALIDATORS = frozenset(VALIDATES.values())
CONDITIONAL = VALIDATING | {b"if-match", b"if-range", b"if-unmodified-since"}
"""Request headers, lower case, under which a server may answer without the content.

https://httpwg.org/specs/rfc9110.html#preconditions"""
SENT_BY_CACHES = (*sorted(name.decode() for name in VALIDATING), "if-range")
"""Those of them that browsers add by themselves."""

RESOURCE_POLICY = "Cross-Origin-Resource-Policy"
EMBEDDER_POLICY = "Cross-Origin-Embedder-Policy"
OPENER_POLICY = "Cross-Origin-Opener-Policy"

INTEGRITY_POLICY = "Integrity-Policy"
"""Wants digests of the scripts, or style sheets, that a page loads."""

REPORT_ONLY = f"{EMBEDDER_POLICY}-Report-Only"

OF_PAGES = frozenset(
    {b"content-security-policy", b"document-isolation-policy"}
    | {name.lower().encode() for name in (EMBEDDER_POLICY, REPORT_ONLY)}
)
"""What a page demands, or is to demand, of what it loads, lower case."""
