"""The loads: what a Chromium-like browser sends and what servers answer, the same bytes in every run."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

type Headers = dict[str, str]

CHROMIUM = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
SAME_SITE_PAGE = "http://127.0.0.1:3000"
CROSS_SITE_PAGE = "http://localhost:3000"
COOKIE = "session=Zm9vYmFyYmF6cXV4; _ga=GA1.1.1853213.1700000000; theme=dark; csrftoken=mXk2cD9wQeRt7yUiOp3aSdFgHjKl"


class Exchange(NamedTuple):
    """A request and its answer."""

    method: str
    path: str
    request: Headers
    status: int
    response: Headers
    request_body: bytes = b""
    response_body: bytes = b""
    connection: int = 0
    """Which of the client's connections: browsers keep those with credentials apart."""


def _request(page: str, mode: str, site: str, dest: str, accept: str = "*/*", **more: str) -> Headers:
    """What Chromium sends through a proxy, in its order; `more` bears names with `_` for `-`."""
    return {
        "Host": "",
        "Proxy-Connection": "keep-alive",
        "sec-ch-ua-platform": '"Linux"',
        "User-Agent": CHROMIUM,
        "sec-ch-ua": '"Chromium";v="156", "Not.A/Brand";v="24"',
        "sec-ch-ua-mobile": "?0",
        "Accept": accept,
        **{name.replace("_", "-"): value for name, value in more.items()},
        "Sec-Fetch-Site": site,
        "Sec-Fetch-Mode": mode,
        "Sec-Fetch-Dest": dest,
        "Referer": page + "/",
        "Accept-Encoding": "gzip, deflate, br, zstd",
        "Accept-Language": "en-US,en;q=0.9",
    }


def _response(content_type: str | None, **more: str) -> Headers:
    return {
        "Date": "Tue, 21 Nov 2023 10:00:00 GMT",
        "Server": "nginx/1.24.0",
        **({} if content_type is None else {"Content-Type": content_type}),
        "Connection": "keep-alive",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


_ITEM = b'{"id": 1234, "name": "An item of some length", "price": 19.99, "tags": ["a", "b", "c"], "stock": 17}'
_ITEMS = b"[" + b", ".join([_ITEM] * 8) + b"]"
_JSON = "application/json"


def _simple(number: int, page: str, site: str) -> Exchange:
    return Exchange(
        "GET",
        f"/api/items?page={number % 40}&sort=name",
        _request(page, "cors", site, "empty", "application/json, text/plain, */*", Origin=page),
        200,
        _response(_JSON, Vary="Origin", Access_Control_Allow_Origin=page, Cache_Control="no-store"),
        response_body=_ITEMS,
    )


def _credentialed(number: int) -> Exchange:
    page = SAME_SITE_PAGE
    return Exchange(
        "GET",
        f"/api/account?view={number % 40}",
        _request(page, "cors", "same-site", "empty", Origin=page) | {"Cookie": COOKIE},
        200,
        _response(
            _JSON,
            Vary="Origin",
            Access_Control_Allow_Origin=page,
            Access_Control_Allow_Credentials="true",
            Access_Control_Expose_Headers="X-Request-Id",
            X_Request_Id=f"7b5ff2{number:010d}",
        ),
        response_body=_ITEM,
        connection=1,
    )


def _pair(number: int, page: str, site: str, headers: dict[str, str]) -> Iterator[Exchange]:
    path = f"/api/items/{number}"  # another URL each time: no cached preflight serves
    yield Exchange(
        "OPTIONS",
        path,
        _request(
            page,
            "cors",
            site,
            "empty",
            Access_Control_Request_Method="PUT",
            Access_Control_Request_Headers=",".join(sorted(name.lower() for name in headers)),
            Origin=page,
        ),
        204,
        _response(
            None,
            Vary="Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
            Access_Control_Allow_Origin=page,
            Access_Control_Allow_Methods="GET, POST, PUT, DELETE",
            Access_Control_Allow_Headers="authorization, content-type, x-requested-with",
            Access_Control_Max_Age="600",
        ),
    )
    yield Exchange(
        "PUT",
        path,
        _request(page, "cors", site, "empty", Origin=page) | headers,
        200,
        _response(_JSON, Vary="Origin", Access_Control_Allow_Origin=page),
        request_body=_ITEM,
        response_body=_ITEM,
    )


def cors(count: int) -> list[Exchange]:
    """Of ten: five simple GETs, one with credentials, two preflights with their PUTs."""
    same, cross = (SAME_SITE_PAGE, "same-site"), (CROSS_SITE_PAGE, "cross-site")
    listed: list[Exchange] = []
    number = 0
    while len(listed) < count:
        number += 10
        listed += [
            _simple(number, *same),
            *_pair(number + 1, *same, {"Content-Type": _JSON}),
            _simple(number + 3, *cross),
            _simple(number + 4, *same),
            _credentialed(number + 5),
            *_pair(number + 6, *cross, {"Content-Type": _JSON, "Authorization": "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x"}),
            _simple(number + 8, *same),
            _simple(number + 9, *cross),
        ]
    return listed[:count]


_BODY = b"<!doctype html><title>A page</title><p>Some text, and then some more of it.</p>" * 8
_BODIES = {
    # of the types they are said to be: a page that is sent for an image is thrown away, and told
    "image/png": b"\x89PNG\r\n\x1a\n" + b"\0" * 640,
    "image/webp": b"RIFF\0\0\0\0WEBPVP8 " + b"\0" * 640,
    "text/css": b".item { color: #123456; margin: 0 auto }\n" * 16,
    "text/javascript": b"window.items = (window.items || []).concat(1);\n" * 14,
}
_KINDS = (
    ("navigate", "none", "document", "text/html,application/xhtml+xml,*/*;q=0.8", "/shop", "text/html; charset=utf-8"),
    ("no-cors", "same-origin", "style", "text/css,*/*;q=0.1", "/static/main.css", "text/css"),
    ("no-cors", "same-origin", "script", "*/*", "/static/app.js", "text/javascript"),
    ("no-cors", "same-origin", "image", "image/avif,image/webp,*/*;q=0.8", "/img/logo.png", "image/png"),
    ("cors", "same-origin", "empty", "application/json", "/data/cart", _JSON),
    ("no-cors", "same-site", "image", "image/avif,image/webp,*/*;q=0.8", "/img/a.webp", "image/webp"),
    ("no-cors", "same-site", "image", "image/avif,image/webp,*/*;q=0.8", "/img/b.webp", "image/webp"),
    ("cors", "same-origin", "empty", "application/json", "/data/prices", _JSON),
    ("no-cors", "cross-site", "script", "*/*", "/lib/analytics.js", "text/javascript"),
    ("cors", "same-origin", "empty", "application/json", "/data/stock", _JSON),
)


def other(count: int, *, cookies: bool = False) -> list[Exchange]:
    """GETs without an Origin: of ten one page, what it embeds, three fetches; cookies on all, set by one."""
    listed: list[Exchange] = []
    for number in range(count):
        mode, site, dest, accept, path, content_type = _KINDS[number % 10]
        response = _response(
            content_type,
            Cache_Control="max-age=3600",
            ETag='"65b2a-18b"',
            Last_Modified="Mon, 20 Nov 2023 08:00:00 GMT",
            Vary="Accept-Encoding",
            X_Content_Type_Options="nosniff",
        )
        request = _request(SAME_SITE_PAGE, mode, site, dest, accept)
        if cookies:
            request["Cookie"] = COOKIE
            if number % 10 == 0:
                response["Set-Cookie"] = "session=Zm9vYmFyYmF6cXV4; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600"
        body = _BODIES.get(content_type, _BODY)
        listed.append(Exchange("GET", f"{path}?v={number // 10 % 40}", request, 200, response, response_body=body))
    return listed


_FROM_ELSEWHERE = (
    ("script", "*/*", "/lib/app.js", "text/javascript"),
    ("image", "image/avif,image/webp,*/*;q=0.8", "/img/a.png", "image/png"),
    ("style", "text/css,*/*;q=0.1", "/lib/main.css", "text/css"),
    ("image", "image/avif,image/webp,*/*;q=0.8", "/img/b.webp", "image/webp"),
    ("script", "*/*", "/lib/tags.js", "text/javascript"),
    ("image", "image/avif,image/webp,*/*;q=0.8", "/img/c.png", "image/png"),
)


def embedded(count: int) -> list[Exchange]:
    """Of ten one page, and nine images, scripts and style sheets that it embeds from another site, without CORS."""
    listed: list[Exchange] = []
    for number in range(count):
        if number % 10 == 0:
            listed += other(1)
            continue
        dest, accept, path, content_type = _FROM_ELSEWHERE[number % len(_FROM_ELSEWHERE)]
        response = _response(
            content_type,
            Cache_Control="max-age=3600",
            ETag='"65b2a-18b"',
            Cross_Origin_Resource_Policy="cross-origin",
            X_Content_Type_Options="nosniff",
        )
        request = _request(SAME_SITE_PAGE, "no-cors", "cross-site", dest, accept)
        url = f"{path}?v={number // 10 % 40}"
        listed.append(Exchange("GET", url, request, 200, response, response_body=_BODIES[content_type]))
    return listed


def documents(count: int) -> list[Exchange]:
    """Nothing but pages."""
    return other(10 * count)[::10]


LARGE = "10 MB answers"
_LARGE_BODY = b'{"items": [' + b", ".join([_ITEM] * 100_000)[:10_000_000] + b"]}"


def large(count: int) -> list[Exchange]:
    """Simple CORS requests whose answers have 10 MB each."""
    page = SAME_SITE_PAGE
    return [_simple(number, page, "same-site")._replace(response_body=_LARGE_BODY) for number in range(count)]


LOADS: dict[str, Callable[[int], list[Exchange]]] = {
    "CORS": cors,
    "other": other,
    "other, cookies": lambda count: other(count, cookies=True),
    "embedded": embedded,
    "documents": documents,
    LARGE: large,
}
