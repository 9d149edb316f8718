"""Requests that a page makes in a library, and what the servers answer: preflights, origins, lists, redirects."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

PAGE, API, THIRD = "http://app.example.test", "http://api.example.test", "http://third.example.test"

type Lines = tuple[tuple[str, str], ...]
type Values = str | Sequence[str] | None
"""Of one header: a value, several lines, or none."""
type Given = tuple[int, Lines]
"""Status and header lines of an answer."""


class Hop(NamedTuple):
    """A server, and what it answers to a preflight and to the request."""

    server: str
    preflight: Given
    actual: Given
    location: str | None = None
    """Where it redirects to, if not to the next hop."""


class Case(NamedTuple):
    """One request of the page, and the hops it may be led through."""

    name: str
    hops: tuple[Hop, ...]
    method: str = "GET"
    headers: Lines = ()
    credentials: bool = False
    body: str | None = None

    def url(self, number: int, hop: int) -> str:
        """Of one hop; `number` is the case's own."""
        return f"{self.hops[hop].server}/{number}/{hop}"


def lines(name: str, values: Values) -> Lines:
    """The lines of one header."""
    if values is None:
        return ()
    return tuple((name, value) for value in ((values,) if isinstance(values, str) else values))


def allow(
    origin: Values = PAGE,
    *,
    credentials: Values = None,
    methods: Values = None,
    headers: Values = None,
    more: Lines = (),
) -> Lines:
    """The CORS headers of an answer."""
    return (
        *lines("Access-Control-Allow-Origin", origin),
        *lines("Access-Control-Allow-Credentials", credentials),
        *lines("Access-Control-Allow-Methods", methods),
        *lines("Access-Control-Allow-Headers", headers),
        *more,
    )


def one(
    name: str,
    method: str = "GET",
    *,
    headers: Lines = (),
    credentials: bool = False,
    preflight: Given | None = None,
    actual: Given | None = None,
    body: str | None = None,
) -> Case:
    """A case of one hop; what is not given is right."""
    true = "true" if credentials else None
    names = ", ".join(header for header, _ in headers) or None
    permit = preflight or (204, allow(credentials=true, methods=method.upper(), headers=names))
    hop = Hop(API, permit, actual or (200, allow(credentials=true)))
    return Case(name, (hop,), method, headers, credentials, body)


ORIGINS: tuple[Values, ...] = (
    None, "*", "null", PAGE, f"{PAGE}/", PAGE.upper(), "http://other.test", f"{PAGE}, {PAGE}", (PAGE, PAGE), ("", "*"),
    "", "app.example.test",
)  # fmt: skip
METHODS: tuple[Values, ...] = (
    None, "PUT", "put", "GET", "*", "GET, *", "PU T", "GET, (PUT)", "", "PUT,", ("GET", "PUT"),
    "GET,PUT , POST", "'PUT'",
)  # fmt: skip
NAMES: tuple[Values, ...] = (
    None, "x-one, x-two", "X-ONE,X-TWO", "x-one", "*", "x-one, *", "x-one , x-two", "x-one,\tx-two",
    "x-one, (x-two), x-two", "x one, x-two", "",
)  # fmt: skip
TWO: Lines = (("X-One", "1"), ("X-Two", "2"))
JSON: Lines = (("Content-Type", "application/json"),)
BEARER: Lines = (("Authorization", "Bearer x"),)
REFUSED: Given = (404, ())


def of_one_hop() -> Iterator[Case]:
    """Preflights and answers of one server."""
    for credentials in (False, True):
        true, how = ("true", " with credentials") if credentials else (None, "")
        for value in ORIGINS:
            answer = allow(value, credentials=true)
            yield one(f"Allow-Origin {value!r}{how}", credentials=credentials, actual=(200, answer))
            permit = (204, allow(value, credentials=true, methods="PUT"))
            yield one(f"preflight's Allow-Origin {value!r}{how}", "PUT", credentials=credentials, preflight=permit)
        for value in METHODS:
            permit = (204, allow(credentials=true, methods=value))
            yield one(f"Allow-Methods {value!r}{how}", "PUT", credentials=credentials, preflight=permit)
        for value in NAMES:
            permit = (204, allow(credentials=true, headers=value))
            yield one(f"Allow-Headers {value!r}{how}", headers=TWO, credentials=credentials, preflight=permit)
    for value in (None, "TRUE", "false", "true, true", ("true", "true"), ""):
        answer = allow(credentials=value, methods="PUT")
        yield one(f"Allow-Credentials {value!r}", credentials=True, actual=(200, answer))
        yield one(f"preflight's Allow-Credentials {value!r}", "PUT", credentials=True, preflight=(204, answer))
    for status in (200, 201, 299, 300, 301, 304, 400, 401, 403, 404, 405, 500, 503):
        yield one(f"preflight's status {status}", "PUT", preflight=(status, allow(methods="PUT")))
        yield one(f"preflight's status {status}, no Allow-Origin", "PUT", preflight=(status, ()))
    for status in (201, 204, 302, 400, 404, 500):
        yield one(f"status {status}", actual=(status, allow()))
        yield one(f"status {status}, no Allow-Origin", actual=(status, ()))
    for method in ("patch", "PATCH", "post", "delete", "POST", "HEAD", "DELETE"):
        for value in dict.fromkeys((None, method, method.upper(), "GET")):
            yield one(f"{method}, Allow-Methods {value!r}", method, preflight=(204, allow(methods=value)))


def of_headers() -> Iterator[Case]:
    """Request headers that need permission in browsers, and response headers that script may read."""
    for value in (None, "*", "authorization"):
        yield one(f"Authorization, {value!r}", headers=BEARER, preflight=(204, allow(headers=value)))
    for content_type in ("application/json", "text/plain", "text/plain; charset=utf-8", "bad"):
        for value in (None, "content-type"):
            permit = (204, allow(methods="POST", headers=value))
            lines = (("Content-Type", content_type),)
            yield one(f"{content_type}, {value!r}", "POST", headers=lines, body="{}", preflight=permit)
    yield one("JSON, and no answer to OPTIONS", "POST", headers=JSON, body="{}", preflight=REFUSED)
    for name, value in (("Range", "bytes=0-5"), ("Accept", '"('), ("Accept-Language", "fr"), ("X-One", "1")):
        yield one(f"{name}, and no answer to OPTIONS", headers=((name, value),), preflight=REFUSED)
    for value in (None, "user-agent"):
        yield one(f"User-Agent, {value!r}", headers=(("User-Agent", "mine"),), preflight=(204, allow(headers=value)))
    for value in ("x-a, x-c", "*", "x-a, (, x-b", ""):
        more = (("X-A", "1"), ("X-B", "2"), ("Set-Cookie", "a=b"), ("Access-Control-Expose-Headers", value))
        for credentials in (False, True):
            answer = allow(credentials="true" if credentials else None, more=more)
            yield one(f"Expose-Headers {value!r} {credentials}", credentials=credentials, actual=(200, answer))


class Way(NamedTuple):
    """Servers that a request is led through, and where one of them answers otherwise than all right."""

    servers: tuple[str, ...]
    method: str = "GET"
    status: int = 302
    headers: Lines = ()
    credentials: bool = False
    answers: Mapping[int, Lines] = {}
    permits: Mapping[int, Given] = {}
    end: str | None = None
    """Where the last of them redirects to."""


def led(name: str, way: Way) -> Case:
    """A case of redirects."""
    origin, true = (PAGE, "true") if way.credentials else ("*", None)
    names = ", ".join(header for header, _ in way.headers) or None
    right = (204, allow(origin, credentials=true, methods=way.method, headers=names))
    hops = []
    for place, server in enumerate(way.servers):
        goes_on = place + 1 < len(way.servers) or way.end is not None
        answer = way.answers.get(place, allow(origin, credentials=true))
        end = way.end if place + 1 == len(way.servers) else None
        hops.append(Hop(server, way.permits.get(place, right), (way.status if goes_on else 200, answer), end))
    body = "a" if way.method == "POST" else None
    return Case(name, tuple(hops), way.method, way.headers, way.credentials, body)


def of_redirects() -> Iterator[Case]:
    """From one server to another, and back to the page's own."""
    bad, null, page = (), allow("null"), allow()
    ways = {
        "same server, first refuses": Way((API, API), answers={0: bad}),
        "same server, second refuses": Way((API, API), answers={1: bad}),
        "third": Way((API, THIRD)),
        "third says null": Way((API, THIRD), answers={1: null}),
        "third names the page": Way((API, THIRD), answers={1: page}),
        "first names the page": Way((API, THIRD), answers={0: page}),
        "and on, null twice": Way((API, THIRD, API), answers={1: null, 2: null}),
        "and on, the page, then null": Way((API, THIRD, API), answers={1: page, 2: null}),
        "and on, the page twice": Way((API, THIRD, API), answers={1: page, 2: page}),
        "and on": Way((API, THIRD, API)),
        "to the page's own": Way((API, PAGE), answers={1: bad}),
        "from the page's own": Way((PAGE, API), answers={0: bad}),
        "from the page's own, refused": Way((PAGE, API), answers={0: bad, 1: bad}),
        "from the page's own and on": Way((PAGE, API, THIRD), answers={0: bad}),
        "PUT, second preflight refused": Way((API, API), "PUT", 307, permits={1: REFUSED}),
        "PUT to a third, its preflight refused": Way((API, THIRD), "PUT", 307, permits={1: REFUSED}),
        "GET to a third, its preflight refused": Way((API, THIRD), permits={1: REFUSED}),
        "PUT from the page's own, preflight refused": Way((PAGE, API), "PUT", 307, permits={1: REFUSED}),
        "a header, to a third": Way((API, THIRD), headers=TWO[:1]),
        "Authorization, to a third": Way((API, THIRD), headers=BEARER),
        "credentials": Way((API, API), credentials=True),
        "credentials, to a third": Way((API, THIRD), credentials=True),
        "credentials, null": Way((API, THIRD), credentials=True, answers={1: allow("null", credentials="true")}),
        "credentials, null alone": Way((API, THIRD), credentials=True, answers={1: null}),
        "credentials, first has none": Way((API, API), credentials=True, answers={0: page}),
        "data:": Way((API,), end="data:text/plain,hi"),
        "ftp:": Way((API,), end="ftp://api.example.test/x"),
        "no URL": Way((API,), end="http://[/"),
        "data:, refused": Way((API,), end="data:text/plain,hi", answers={0: bad}),
        "ftp:, refused": Way((API,), end="ftp://api.example.test/x", answers={0: bad}),
        "20 redirects": Way((API,) * 21),
        "21 redirects": Way((API,) * 22),
    }
    for status in (301, 302, 303, 307, 308):
        for method in ("GET", "PUT", "POST"):
            ways[f"{status} {method} same server"] = Way((API, API), method, status)
            ways[f"{status} {method} to a third"] = Way((API, THIRD), method, status)
        ways[f"{status} DELETE from the page's own"] = Way((PAGE, API), "DELETE", status)
    for name, way in ways.items():
        yield led(f"redirect: {name}", way)
    for status in (301, 302, 303, 307, 308):
        for place in (f"{API}/good", f"{API}/bad", f"{THIRD}/good"):
            to = (("Location", place),)
            yield one(f"preflight: {status} to {place}", "PUT", preflight=(status, allow(methods="PUT", more=to)))
            yield one(f"preflight: {status} bare to {place}", "PUT", preflight=(status, to))


CASES = (*of_one_hop(), *of_headers(), *of_redirects())

GOOD: Given = (200, allow("*", methods="GET, PUT"))
OTHER_PLACES = {"/good": {"preflight": GOOD, "actual": GOOD}, "/bad": {"preflight": (200, ()), "actual": (200, ())}}


def answers() -> dict[str, Any]:
    """What is answered, by path."""
    table: dict[str, Any] = {**OTHER_PLACES, "/x": {"preflight": GOOD, "actual": GOOD}}
    for number, case in enumerate(CASES):
        for place, hop in enumerate(case.hops):
            goes_on = place + 1 < len(case.hops)
            location = case.url(number, place + 1) if goes_on else hop.location
            status, fields = hop.actual
            table[f"/{number}/{place}"] = {
                "preflight": hop.preflight,
                "actual": (status, (*fields, *lines("Location", location))),
            }
    return table


def requests() -> list[dict[str, Any]]:
    """What the page asks for."""
    return [
        {
            "method": case.method,
            "url": case.url(number, 0),
            "headers": case.headers,
            "credentials": case.credentials,
            "body": case.body,
        }
        for number, case in enumerate(CASES)
    ]
