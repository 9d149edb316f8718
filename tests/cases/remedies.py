"""Exchanges, and the remedy that comes first for each: who must act, and words of what is to be done."""

from typing import NamedTuple

from mitmproxy import http

from cors_addon.remedies.value import Who
from tests.helpers import API, PAGE, actual, flow, preflight

type Lines = list[tuple[str, str]]

ALLOW: Lines = [("Access-Control-Allow-Origin", PAGE)]


class Row(NamedTuple):
    """Exchanges, the last of which is refused."""

    title: str
    flows: list[http.HTTPFlow]
    who: Who
    words: str
    """Stand in what is to be done, or in why."""
    never: str = ""
    """Stands in no remedy of it."""


def asked(names: str, answer: Lines) -> list[http.HTTPFlow]:
    """A preflight for a GET with these header names."""
    return [preflight([*ALLOW, *answer], method="GET", headers=names)]


def answered(status: int, answer: Lines, body: bytes = b"", url: str = API) -> list[http.HTTPFlow]:
    """A GET and its answer."""
    made = actual(answer, status=status, url=url)
    assert made.response is not None
    made.response.content = body
    return [made]


ROWS = [
    Row(
        "patch in lower case",
        [preflight([*ALLOW, ("Access-Control-Allow-Methods", "GET, PATCH")], method="patch")],
        Who.PAGE,
        "method: 'PATCH'",
        never="Allow-Methods: patch",
    ),
    Row(
        "a response header on the request",
        asked("access-control-allow-methods", [("Access-Control-Allow-Headers", "content-type")]),
        Who.PAGE,
        "do not send access-control-allow-methods",
    ),
    Row(
        "a header that a library adds",
        asked("traceparent", [("Access-Control-Allow-Headers", "content-type")]),
        Who.PAGE,
        "traceparent",
    ),
    Row("too many requests", answered(429, [("Retry-After", "12")]), Who.PAGE, "Wait 12 s"),
    Row("a request without a token", answered(401, []), Who.PAGE, "an Authorization header"),
    Row("a server that fails", answered(500, []), Who.SERVER, "failure"),
    Row(
        "a check for bots",
        answered(403, [("cf-mitigated", "challenge"), ("Server", "cloudflare")], b"<title>Just a moment...</title>"),
        Who.PROXY,
        "check",
    ),
    Row(
        "a name that is misspelt",
        answered(200, [("Access-Control-Allow-Orgin", PAGE)]),
        Who.SERVER,
        "Access-Control-Allow-Orgin",
    ),
    Row(
        "a name without its beginning",
        answered(200, [("Allow-Origin", PAGE)]),
        Who.SERVER,
        "Write Access-Control-Allow-Origin",
    ),
    Row("a slash at the end", answered(200, [("Access-Control-Allow-Origin", f"{PAGE}/")]), Who.SERVER, "slash"),
    Row(
        "several origins in one header",
        answered(200, [("Access-Control-Allow-Origin", f"{PAGE}, https://b.test")]),
        Who.SERVER,
        "only one",
    ),
    Row(
        "a preflight that is redirected to https",
        [preflight([("Location", "https://api.example.test/x")], status=308, url="http://api.example.test/x")],
        Who.PAGE,
        "https://api.example.test/x",
    ),
    Row(
        "the least change, where nothing else is known",
        [preflight([*ALLOW, ("Access-Control-Allow-Methods", "GET")])],
        Who.SERVER,
        "Allow the method PUT",
    ),
    Row(
        "a page without an origin, most likely opened from disk",
        [flow(response=ALLOW, request=[("Origin", "null")])],
        Who.USER,
        "from a web server",
        never="Access-Control-Allow-Origin: null",
    ),
]
