"""The names of headers that CORS and its neighbours speak of; each list of them is kept here, once."""

ALLOW_ORIGIN = "Access-Control-Allow-Origin"
ALLOW_CREDENTIALS = "Access-Control-Allow-Credentials"
ALLOW_METHODS = "Access-Control-Allow-Methods"
ALLOW_HEADERS = "Access-Control-Allow-Headers"
MAX_AGE = "Access-Control-Max-Age"
EXPOSE_HEADERS = "Access-Control-Expose-Headers"
LOCATION = "Location"

CORS_RESPONSE = (ALLOW_ORIGIN, ALLOW_CREDENTIALS, ALLOW_METHODS, ALLOW_HEADERS, MAX_AGE, EXPOSE_HEADERS)
"""What a server says of CORS. https://fetch.spec.whatwg.org/#http-responses"""

PRIVATE_NETWORK = "Access-Control-Allow-Private-Network"
LOCAL_NETWORK = "Access-Control-Allow-Local-Network"
"""Its later name, in a draft that Chromium has dropped."""

CONDITIONAL = frozenset({b"if-match", b"if-modified-since", b"if-none-match", b"if-range", b"if-unmodified-since"})
"""Request headers, lower case, under which a server may answer without the content.

https://httpwg.org/specs/rfc9110.html#preconditions"""
VALIDATING = frozenset({b"if-modified-since", b"if-none-match"})
"""Those of them by which a cache asks whether what it holds is still good.

https://httpwg.org/specs/rfc9111.html#validation.sent"""
