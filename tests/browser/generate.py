"""Random cases, stable for a seed: mostly right answers with none, one or two things wrong."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Callable

from . import standard
from .cases import REDIRECTS, Case, Mutation, Side, Step
from .odd import odd_case, table_case
from .page_faults import page_fault_case
from .parallel import parallel_case
from .sequences import sequence_case

PAGES = (
    "https://app.example.test",
    "https://app.example.test:8443",
    "https://www.shop.test",
    "http://app.example.test",
    "http://localhost:3000",
)
PAGE_WEIGHTS = (50, 10, 20, 15, 9)
TARGETS = (
    "https://api.other.test",
    "https://api.example.test",
    "https://api.other.test:8443",
    "https://cdn.third.test",
    "https://app.example.test",
    "https://app.example.test:8443",
    "https://example.test",
    "https://api.shop.test",
    "https://www.shop.test",
    "https://xn--bcher-kva.test",
    "http://api.example.test",
    "http://api.other.test",
    "http://app.example.test",
    "http://api.example.test:8080",
    "http://localhost:3000",
)
TARGET_WEIGHTS = (26, 18, 6, 7, 7, 5, 5, 5, 4, 2, 5, 6, 4, 4, 5)
METHODS = {
    "GET": 34, "POST": 22, "PUT": 10, "DELETE": 8, "PATCH": 7, "HEAD": 5, "patch": 3, "put": 1, "delete": 1, "get": 1,
    "OPTIONS": 1, "PURGE": 2, "Purge": 1, "QUERY": 2, "LOCK": 1, "X-FOO": 1, "m!#$'*+.^_`|~9": 1,
}  # fmt: skip
REQUEST_HEADERS = (
    ("X-Custom", "1"), ("X-Custom", "1"), ("X-Requested-With", "XMLHttpRequest"), ("X-Api-Key", "k"),
    ("Authorization", "Bearer abc"), ("Authorization", "Bearer abc"), ("Authorization", "Bearer abc"),
    ("Content-Type", "application/json"), ("Content-Type", "application/json"), ("Content-Type", "text/plain"),
    ("Content-Type", "text/plain;charset=utf-8"), ("Content-Type", "TEXT/Plain"), ("Content-Type", "text/html"),
    ("Content-Type", "application/x-www-form-urlencoded"), ("Content-Type", "multipart/form-data; boundary=x"),
    ("Content-Type", "text/plain, text/plain"), ("Content-Type", "text/plain; x=\"y\""), ("Content-Type", ""),
    ("Content-Type", "text/plain; charset=(a)"), ("Content-Type", "text/plain;" + "a" * 130),
    ("Content-Type", "text/plain ;x"), ("Content-Type", "text / plain"), ("Content-Type", "application/csp-report"),
    ("Accept", "application/json"), ("Accept", "text/html; q=\"1\""), ("Accept", "a" * 128), ("Accept", "a" * 129),
    ("Accept", "a@b"), ("Accept", "(x)"), ("Accept", "caf\xe9"), ("Accept", ""),
    ("Accept-Language", "en"), ("Accept-Language", "en_US"), ("Accept-Language", "de;q=0.5, *"),
    ("Accept-Language", "en" * 65), ("Content-Language", "de"), ("Content-Language", "de_DE"),
    ("Range", "bytes=0-"), ("Range", "bytes=0-10"), ("Range", "bytes=-5"), ("Range", "bytes=5-2"),
    ("Range", "bytes=0-1,3-4"), ("Range", "bytes 0-1"), ("Range", "Bytes=0-1"), ("Range", "bytes= 0-1"),
    ("Range", "bytes=5-"), ("Range", "items=0-1"), ("Range", "bytes=99999999999999999999-"), ("Range", "bytes=00-1"),
    ("DPR", "2"), ("DPR", "x"), ("Device-Memory", "8"), ("Width", "100"), ("Viewport-Width", "100"), ("RTT", "50"),
    ("Downlink", "1.5"), ("ECT", "4g"), ("Save-Data", "on"), ("Save-Data", "off"), ("User-Agent", "mine/1.0"),
    ("Cache-Control", "no-cache"), ("Pragma", "no-cache"), ("If-None-Match", "\"v1\""),
    ("If-Modified-Since", "Wed, 21 Oct 2015 07:28:00 GMT"), ("X-HTTP-Method-Override", "TRACE"), ("Last-Event-ID", "1"),
    ("X-Http-Method", "put"), ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("Upgrade-Insecure-Requests", "1"), ("Purpose", "prefetch"), ("Priority", "u=1"), ("Sec-GPC", "1"),
    ("X-Long", "v" * 200), ("X_Under", "1"), ("x!#$%&'*+.^`|~", "1"), ("Accept-Charset", "utf-8"),
)  # fmt: skip
MORE_REQUEST_HEADERS = (
    ("Content-Type", "text/plain;;"), ("Content-Type", ";text/plain"),
    ("Content-Type", "text/plain; charset=\"utf-8\""), ("Content-Type", "text/plain\xff"),
    ("Content-Type", "text/plain;charset=utf-8;charset=latin1"), ("Content-Type", "text/plain" + ";" * 118),
    ("Content-Type", "text/plain" + ";" * 119), ("Content-Type", "text"),
    ("Content-Type", "application/x-www-form-urlencoded;charset=\xe9"),
    ("Content-Type", "multipart/form-data,text/plain"), ("Content-Type", "text/plain;\tx=y"),
    ("Content-Type", "text/plain; a=\\b"), ("Content-Type", "*/*"), ("Accept", "text/plain;q={1}"), ("Accept", "a\tb"),
    ("Accept", "a/b;v=[1]"), ("Accept", "x=\x7f"), ("Accept", ",,"), ("Accept-Language", "en\tde"),
    ("Accept-Language", "en;q=0.5,*;q=0.1"), ("Accept-Language", "de-\xe4"), ("Accept-Language", ""),
    ("Content-Language", "a" * 128), ("Content-Language", "a" * 129), ("Content-Language", "("),
    ("Range", "bytes=0-0"), ("Range", "bytes=-"), ("Range", "bytes=0-1,"), ("Range", "bytes=0 -1"),
    ("Range", "BYTES=0-"), ("Range", "bytes=18446744073709551615-"), ("Range", "bytes=1-18446744073709551616"),
    ("Range", "bytes=1-9223372036854775807"), ("Range", "bytes=+1-"), ("Range", "bytes=0-" + "0" * 118 + "9"),
    ("If-Range", "\"v1\""), ("X-A", ""), ("X-B", "\xe9"), ("X-Method-Override", "CONNECT"),
    ("X-HTTP-Method-Override", "get"), ("DNT", "1"), ("Keep-Alive", "1"), ("Via", "x"), ("Trailer", "x"),
    ("If-Match", "*"), ("If-Unmodified-Since", "Wed, 21 Oct 2015 07:28:00 GMT"), ("From", "a@b.test"),
    ("Forwarded", "for=x"), ("X-Forwarded-For", "192.0.2.1"), ("X-Real-IP", "192.0.2.1"),
    ("X-Forwarded-Proto", "http"), ("Early-Data", "1"), ("Alt-Used", "x"), ("Service-Worker", "script"),
    ("Content-Encoding", "identity"), ("Content-Location", "/x"), ("Access-Control-Allow-Origin", "*"),
    ("Host-Name", "x"), ("Icy-MetaData", "1"), ("X-Purpose", "preview"), ("Ping-From", "x"), ("Viewport-Width", "x"),
    ("Width", "1.5"), ("ECT", "5g"), ("Downlink", "-1"), ("RTT", "1e3"), ("Device-Memory", "0.25"), ("DPR", ""),
    ("Sec-CH-DPR", "2"), ("Proxy-X", "1"), ("x-lower", "1"), ("X-Client-Data", "CAE="), ("Content-Type", "garbage"),
    ("Content-Type", "text/xml"), ("Content-Type", "application/json; charset=utf-8"), ("Content-Type", "TEXT/PLAIN"),
    ("Content-Type", "text/plain; x=\"a\""), ("Content-Type", "text/plain;"),
    ("Content-Type", "text/plain, application/json"), ("Content-Type", "text/plain; charset=" + "x" * 108),
    ("Content-Type", "text/plain; charset=" + "x" * 109), ("Accept", "text/html (x)"), ("Accept", "b" * 127),
    ("Accept-Language", "a" * 128), ("Accept-Language", "a" * 129), ("Accept-Language", "en-US,en;q=0.5"),
    ("Accept-Language", "en@x"), ("Content-Language", "en-US"), ("Range", "bytes=2-"), ("Range", "bytes=0-3"),
    ("Range", "bytes=-3"), ("If-None-Match", "x"), ("Authorization", "Basic dTpw"), ("Authorization", ""),
)  # fmt: skip
HEADER_SETS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("X-A", "1"), ("X-B", "2"), ("X-C", "3"), ("X-D", "4")),
    (("X-Zed", "1"), ("X-Alpha", "2")),
    (("X-Custom", "1"), ("X-Other", "2")),
    (("Authorization", "Bearer abc"), ("X-Custom", "1")),
    (("Authorization", "Bearer abc"), ("Content-Type", "application/json")),
    (("Authorization", "Bearer abc"), ("X-Custom", "1"), ("Content-Type", "application/json")),
    (("X-Requested-With", "XMLHttpRequest"), ("Content-Type", "application/json")),
    (("DPR", "2"), ("Device-Memory", "8"), ("Width", "100"), ("Viewport-Width", "100"), ("RTT", "50"),
     ("Downlink", "1.5"), ("ECT", "4g"), ("Save-Data", "on")),
    (("ECT", "4g"), ("Save-Data", "on")),
    (("Accept", "a" * 128), ("Accept-Language", "a" * 128), ("Content-Language", "a" * 128),
     ("Content-Type", "text/plain;" + "c" * 117), ("Range", "bytes=0-" + "0" * 120)),
)  # fmt: skip
"""What pages and their libraries send together; in the last ones each value is as long as a safelisted one may be."""
CONTENT_TYPES = ("", "text/plain", "application/json", "image/png", "text/plain;charset=utf-8", "multipart/form-data")
PREFLIGHT_STATUSES = (
    200, 200, 200, 201, 202, 203, 205, 206, 226, 299, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 418,
    429, 500, 502, 503,
)  # fmt: skip
STATUSES = (
    201, 202, 203, 204, 205, 206, 226, 299, 300, 304, 400, 401, 403, 404, 405, 409, 410, 418, 422, 429, 500, 502, 503,
    301, 302, 303, 307, 308,
)  # fmt: skip
"""The last ones without a Location, which are no redirects."""
MORE_STATUSES = (
    207,
    208,
    305,
    306,
    402,
    406,
    408,
    411,
    412,
    413,
    416,
    417,
    421,
    425,
    428,
    431,
    451,
    501,
    504,
    511,
    599,
)
TOO_MANY = 23
LOCATIONS = (
    "data:text/plain,x", "mailto:a@b.test", "file:///etc/hosts", "https://[", "https://user:pw@api.other.test/k/{id}/9",
    "https://user@api.other.test/k/{id}/9", "about:blank", "blob:https://api.other.test/1", "javascript:1", "http://",
    "ws://api.other.test/k/{id}/9", "ftp://api.other.test/x", "https://:@api.other.test/k/{id}/9", "tel:1",
)  # fmt: skip

FAMILIES = {"plain": 46, "redirect": 22, "element": 10, "opaque": 7, "sequence": 10, "beacon": 2, "parallel": 4}
"""What is drawn, and how often."""
APART = ("page-fault", "odd", "odd-table")
"""What is drawn only when it is asked for by name."""

Values = tuple[str, ...]
Table = dict[str, Values]
Place = tuple[int, str, str]


def origin_values(origin: str) -> Table:
    """Values of Access-Control-Allow-Origin, right and wrong, for a request that bears this Origin."""
    scheme, _, host = origin.partition("://")
    other = {"https": "http", "http": "https"}.get(scheme, "https")
    return {
        "exact": (origin,),
        "echo": ("{origin}",),
        "star": ("*",),
        "none": (),
        "empty": ("",),
        "null": ("null",),
        "null-upper": ("NULL",),
        "null-title": ("Null",),
        "other": ("https://evil.test",),
        "other-scheme": (f"{other}://{host}",),
        "other-port": (f"{origin}:81",),
        "default-port": (f"{origin}:{443 if scheme == 'https' else 80}",),
        "sub": (f"{scheme}://x.{host}",),
        "parent": (f"{scheme}://{host.partition('.')[2]}",),
        "slash": (f"{origin}/",),
        "path": (f"{origin}/x",),
        "upper": (origin.upper(),),
        "upper-scheme": (f"{scheme.upper()}://{host}",),
        "host-only": (host,),
        "no-scheme": (f"//{host}",),
        "list": (f"{origin}, https://b.test",),
        "list-other-first": (f"https://b.test,{origin}",),
        "origin-same-list": (f"{origin}, {origin}",),
        "space-list": (f"{origin} https://b.test",),
        "twice-same": (origin, origin),
        "twice-diff": (origin, "https://b.test"),
        "twice-other-first": ("https://b.test", origin),
        "star-twice": ("*", "*"),
        "star-origin": ("*", origin),
        "origin-star": (origin, "*"),
        "star-comma": ("*,",),
        "double-star": ("**",),
        "empty-and-origin": ("", origin),
        "origin-and-empty": (origin, ""),
        "comma-end": (f"{origin},",),
        "comma-first": (f",{origin}",),
        "comma-only": (",",),
        "quoted": (f'"{origin}"',),
        "quoted-star": ('"*"',),
        "wildcard-sub": ("https://*.example.test",),
        "regex": ("/.*/",),
        "true": ("true",),
        "undefined": ("undefined",),
        "userinfo": (f"{scheme}://u@{host}",),
        "non-ascii": ("https://b\xfccher.test",),
        "utf-8": ("https://b\xc3\xbccher.test",),
        "long": ("https://" + "a" * 300 + ".test",),
        "semicolon": (f"{origin};",),
    }


CREDENTIALS_VALUES: Table = {
    "true": ("true",),
    "none": (),
    "empty": ("",),
    "True": ("True",),
    "TRUE": ("TRUE",),
    "false": ("false",),
    "yes": ("yes",),
    "1": ("1",),
    "star": ("*",),
    "quoted": ('"true"',),
    "list": ("true, true",),
    "list-false": ("true, false",),
    "twice": ("true", "true"),
    "twice-diff": ("true", "false"),
    "empty-and-true": ("", "true"),
    "semi": ("true;",),
    "comma": ("true,",),
    "include": ("include",),
}


def method_values(method: str) -> Table:
    """Values of Access-Control-Allow-Methods for a preflight that asks for this method."""
    return {
        "exact": (method,),
        "list": (f"GET, POST, {method}",),
        "star": ("*",),
        "none": (),
        "empty": ("",),
        "lower": (method.lower(),),
        "upper": (method.upper(),),
        "other": ("GET, POST",),
        "other-one": ("TRACE",),
        "quoted": (f'"{method}"',),
        "semi": (f"GET; {method}",),
        "brackets": (f"[{method}]",),
        "space": (f"GET {method}",),
        "empties": (f",,{method}, ,",),
        "comma-only": (",",),
        "lines": ("GET", method),
        "lines-bad": ("GET, @", method),
        "invalid": ("@",),
        "invalid-mixed": (f"{method}, a b",),
        "mixed": (f"{method}/x",),
        "excl": (f"!, {method}",),
        "lines-excl": ("!x", f"{method}"),
        "star-list": (f"*, {method}",),
        "star-other": ("*, GET",),
        "star-quoted": ('"*"',),
        "tabs": (f"GET\t,\t{method}",),
        "colon": (f"{method}:",),
        "non-ascii": (f"{method}, \xe9",),
        "parens": (f"({method})",),
        "equals": (f"m={method}",),
        "prefix": (method[:-1] or "X",),
    }


def header_values(names: list[str]) -> Table:
    """Values of Access-Control-Allow-Headers for a preflight that asks for these names."""
    joined = ", ".join(names)
    return {
        "exact": (joined,),
        "upper": (joined.upper(),),
        "more": (f"x-more, {joined}, y-more",),
        "star": ("*",),
        "none": (),
        "empty": ("",),
        "other": ("x-other",),
        "missing-one": (", ".join(names[1:]),),
        "missing-last": (", ".join(names[:-1]),),
        "quoted": (f'"{joined}"',),
        "semi": ("; ".join([*names, "x"]),),
        "space": (" ".join([*names, "x"]),),
        "colon": (f"{joined}:",),
        "lines": (*names, "x-last"),
        "empties": (f",{joined},, ,",),
        "invalid": ("@",),
        "invalid-mixed": (f"{joined}, a b",),
        "lines-bad": (joined, "(x)"),
        "star-list": (f"*, {joined}",),
        "star-auth": ("*, Authorization",),
        "star-only-other": ("*, x-other",),
        "star-quoted": ('"*"',),
        "non-ascii": (f"{joined}, \xe9",),
        "safelisted": ("accept, accept-language, content-language, content-type, range",),
        "glob": ("x-*",),
        "slash": (f"{joined}/x",),
        "tabs": (",\t".join([*names, "x"]),),
    }


EXPOSE_VALUES: Table = {
    "none": (),
    "one": ("X-Total",),
    "list": ("X-Total, X-Req-Id",),
    "upper": ("X-TOTAL",),
    "lower": ("x-req-id",),
    "star": ("*",),
    "star-list": ("*, X-Total",),
    "star-auth": ("*, Authorization",),
    "set-cookie-first": ("Set-Cookie, X-Total",),
    "no-comma": ("X-Total X-Req-Id",),
    "parens": ("X-Total, x(y)",),
    "empties": (",X-Total,, ,",),
    "empty": ("",),
    "quoted": ('"X-Total"',),
    "invalid": ("X Total",),
    "invalid-mixed": ("X-Total, a b",),
    "lines": ("X-Total", "X-Req-Id"),
    "lines-bad": ("X-Total", "(x)"),
    "set-cookie": ("X-Total, Set-Cookie",),
    "absent": ("X-Absent",),
    "semi": ("X-Total; X-Req-Id",),
    "non-ascii": ("X-Total, \xe9",),
    "tabs": ("X-Total\t,\tX-Req-Id",),
}
MAX_AGE_VALUES: Table = {
    name: (value,)
    for name, value in {
        "0": "0", "-1": "-1", "1": "1", "5": "5", "600": "600", "abc": "abc", "empty": "", "float": "1.5",
        "plus": "+600", "two": "600, 0", "huge": "99999999999999999999", "minus-zero": "-0", "hex": "0x10",
    }.items()
}  # fmt: skip
EXTRA_VALUES: dict[str, Table] = {
    "ctype": {"text": ("text/plain",), "none": (), "html": ("text/html",), "octet": ("application/octet-stream",)},
    "cookie": {"one": ("n=1; Path=/c/{id}",), "two": ("n=1; Path=/c/{id}", "m=2; Path=/c/{id}")},
    "cache": {"max-age": ("max-age=60",), "none": (), "private": ("private",)},
    "vary": {"origin": ("Origin",), "star": ("*",)},
    "etag": {"v1": ('"v1"',)},
    "total": {"twice": ("7", "8"), "empty": ("",), "none": ()},
}


def padded(table: Table) -> Table:
    """Values that only HTTP/1.1 can carry: with white space around them, and with control bytes."""
    made: Table = {}
    for name in ("exact", "star", "true", "null", "one"):
        if (values := table.get(name)) is not None and len(values) == 1:
            made[f"{name}-spaces"] = (f"  {values[0]} ",)
            made[f"{name}-tabs"] = (f"\t{values[0]}\t",)
            made[f"{name}-control"] = (f"{values[0]}\x01",)
            made[f"{name}-delete"] = (f"{values[0]}\x7f",)
            made[f"{name}-form-feed"] = (f"{values[0]}\x0c",)
    return made


def locations(here: str, there: str) -> Table:
    """Other ways to lead from one URL to another."""
    scheme, _, rest = there.partition("://")
    host, _, path = rest.partition("/")
    number = path.rpartition("/")[2]
    port = "" if ":" in host else {"https": ":443", "http": ":80"}[scheme]
    made = {
        "upper": f"{scheme.upper()}://{host.upper()}/{path}",
        "port": f"{scheme}://{host}{port}/{path}",
        "zero-port": f"{scheme}://{host}{port.replace(':', ':00')}/{path}",
        "colon": f"{scheme}://{host}{':' if port else ''}/{path}",
        "fragment": f"{there}#f",
        "query": f"{there}?",
        "dots": f"{scheme}://{host}/./x/../{path}",
        "percent-dots": f"{scheme}://{host}/%2e/x/%2E%2e/{path}",
        "backslashes": there.replace("/", "\\"),
        "many-slashes": f"{scheme}:////{host}/{path}",
        "no-user": f"{scheme}://@{host}/{path}",
        "percent-host": f"{scheme}://{host.replace('.', '%2e', 1)}/{path}",
        "tab": there.replace("test/", "te\tst/"),
        "odd-query": f"{there}?a='\"<>|{{}}^`[]\\~!$*(),;:@&=+%zz%41",
        "space-query": f"{there}?a b",
        "latin-query": f"{there}?\xe4",
        "utf-8-query": f"{there}?\xc3\xa4\xe2\x82\xac",
        "odd-path": f'{scheme}://{host}/x|y^z`"<>{{}}%zz \xc3\xa4/../{path}',
        "two-queries": f"{there}?a?b#c?d",
    }
    if here.partition("://")[0] == scheme:
        made["no-scheme"] = f"//{host}/{path}"
        made["backslashes-no-scheme"] = f"\\\\{host}/{path}"
    if here.split("/")[2] == host and here.partition("://")[0] == scheme:
        made |= {"path": f"/{path}", "one-slash": f"{scheme}:/{path}", "dots-path": f"../../{path}"}
        if here.split("/")[3] == path.split("/")[0]:
            made |= {"last": number, "last-fragment": f"{number}#x", "dot-last": f"./{number}?x=/../y"}
    if host.startswith("xn--bcher-kva"):
        made["idn"] = there.replace("xn--bcher-kva", "b\xc3\xbccher")
        made["idn-upper"] = there.replace("xn--bcher-kva", "B\xc3\x9cCHER")
    return {name: (value,) for name, value in made.items()} | {"twice": (there, there), "none": (), "none-too": ()}


def weighted(rng: random.Random, weights: dict[str, int]) -> str:
    """A key drawn by its weight."""
    return rng.choices(list(weights), list(weights.values()))[0]


class Generator:
    """Draws the case of one index of one seed."""

    def __init__(self, seed: int, index: int) -> None:
        self.rng = random.Random(f"browser-truth:{seed}:{index}")
        self.apart = random.Random(f"browser-truth:{seed}:{index}:together")
        self.index = index
        self.id = f"{index:06d}"
        self.http = self.rng.choice(("1.1", "2"))

    def case(self, family: str | None) -> Case:
        """The case, of this family if one is named."""
        makers: dict[str, Callable[[], Case]] = {
            "plain": self.plain,
            "redirect": self.redirected,
            "element": self.element,
            "opaque": self.opaque,
            "sequence": lambda: sequence_case(self.rng, self.id, self.http),
            "beacon": self.beacon,
            "parallel": lambda: parallel_case(self.rng, self.id, self.http),
            "page-fault": lambda: page_fault_case(self.rng, self.id, self.http),
            "odd": lambda: odd_case(self.rng, self.id, self.http),
            "odd-table": lambda: table_case(self.index, self.id),
        }
        return makers[family or self.family()]()

    def family(self) -> str:
        """A family by its weight; whether steps are taken together is drawn apart, so that the other cases stay."""
        others = {name: weight for name, weight in FAMILIES.items() if name != "parallel"}
        together = self.apart.random() * sum(FAMILIES.values()) < FAMILIES["parallel"]
        return "parallel" if together else weighted(self.rng, others)

    def page(self) -> str:
        """A page's origin."""
        return self.rng.choices(PAGES, PAGE_WEIGHTS)[0]

    def context(self) -> str:
        """A context of the page that can run fetch and XHR."""
        return weighted(self.rng, {"page": 82, "worker": 6, "sandbox": 5, "data": 3, "blob": 2, "srcdoc": 2})

    def target(self, page: str, *, cross: bool | None = None) -> str:
        """An origin that a page may ask: no plain http from https pages, which is mixed content."""
        while True:
            origin = self.rng.choices(TARGETS, TARGET_WEIGHTS)[0]
            if origin.startswith("http:") and page.startswith("https:") and "localhost" not in origin:
                continue
            if cross is None or cross == (origin != page):
                return origin

    def path(self, hop: int) -> str:
        """A case path, under the cookie's path or not."""
        return f"/{self.rng.choice('kkc')}/{{id}}/{hop}"

    def credentials(self, api: str) -> str:
        """A credentials mode that the API can be asked for."""
        modes = {"include": 45, "same-origin": 40, "omit": 15} if api == "fetch" else {"include": 50, "same-origin": 50}
        return weighted(self.rng, modes)

    def headers(self, count: int) -> tuple[tuple[str, str], ...]:
        """Some author headers, no name twice."""
        chosen: dict[str, tuple[str, str]] = {}
        if count and self.rng.random() < 0.2:
            return self.rng.choice(HEADER_SETS)
        table = REQUEST_HEADERS if self.rng.random() < 0.8 else MORE_REQUEST_HEADERS
        for name, value in self.rng.sample(table, count):
            chosen.setdefault(name.lower(), (name, value))
        return tuple(chosen.values())

    def request(self, api: str, url: str) -> Step:
        """A fetch or XHR step to one URL, with everything right."""
        rng = self.rng
        method = weighted(rng, METHODS)
        body = body_type = ""
        if standard.normalize_method(method) not in ("GET", "HEAD") and rng.random() < 0.6:
            bodies = {"text": 45, "blob": 20, "form": 10, "params": 15, "buffer": 10}
            if api == "fetch" and self.http == "2" and url.startswith("https:"):
                bodies["stream"] = 6
            body = weighted(rng, bodies)
            body_type = rng.choice(CONTENT_TYPES) if body == "blob" else ""
        return Step(
            urls=(url,),
            api=api,
            method=method,
            headers=self.headers(rng.choices((0, 1, 2, 3), (50, 35, 11, 4))[0]),
            body=body,
            body_type=body_type,
            credentials=self.credentials(api),
            upload_listener=api == "xhr" and rng.random() < 0.15,
            keepalive=api == "fetch" and rng.random() < 0.04 and body != "stream",
            sync=api == "xhr" and rng.random() < 0.05,
            referrer_policy="no-referrer" if api == "fetch" and rng.random() < 0.05 else "",
            cache=rng.choice(("no-store", "reload", "no-cache", "force-cache")) if rng.random() < 0.05 else "default",
        )

    def plain(self) -> Case:
        """A fetch or XHR that is not redirected."""
        page = self.page()
        api = weighted(self.rng, {"fetch": 75, "xhr": 25})
        step = self.request(api, self.target(page, cross=self.rng.random() > 0.04) + self.path(0))
        return self.finish(Case(self.id, page, (step,), self.context(), self.http))

    def redirected(self) -> Case:
        """A request through one to three redirects, or one whose Location leads nowhere."""
        rng = self.rng
        page = self.page()
        api = weighted(rng, {"fetch": 68, "xhr": 20, "img": 3, "script": 3, "module": 3, "eventsource": 3})
        hops = rng.choices((1, 2, 3, 4, TOO_MANY), (15, 45, 30, 9, 1))[0]
        origins = [self.target(page, cross=rng.random() > 0.22)]
        for _ in range(hops - 1):
            again = {"same": 25, "page": 25, "new": 50}
            where = weighted(rng, again)
            origins.append({"same": origins[-1], "page": page}.get(where) or self.target(page))
        urls = tuple(origin + self.path(index) for index, origin in enumerate(origins))
        ends = hops == 1 or rng.random() < 0.12
        statuses = tuple(rng.choice(REDIRECTS) for _ in range(hops if ends else hops - 1))
        location = rng.choice(LOCATIONS) if ends else None
        if api in ("fetch", "xhr"):
            step = self.request(api, urls[0])
            if rng.random() < 0.5:
                step = replace(step, headers=())
            mode = weighted(rng, {"follow": 88, "manual": 7, "error": 5}) if api == "fetch" else "follow"
            step = replace(step, redirect=mode, body="" if step.body == "stream" else step.body)
        else:
            step = self.loaded(api, urls[0])
        step = replace(step, urls=urls, redirects=statuses, end_location=location)
        ctx = self.context() if api in ("fetch", "xhr") else "page"
        return self.finish(Case(self.id, page, (step,), ctx, self.http))

    def loaded(self, api: str, url: str) -> Step:
        """A step that an element makes, with CORS."""
        rng = self.rng
        crossorigin: str | None = rng.choice(("anonymous", "use-credentials"))
        if api in ("module", "modulepreload"):
            crossorigin = rng.choice((None, "anonymous", "use-credentials"))
        elif api in ("font", "import", "worklet"):
            crossorigin = None
        credentials = "include" if crossorigin == "use-credentials" else "same-origin"
        preload_as = rng.choice(("fetch", "font", "script", "image", "style")) if api == "preload" else "fetch"
        if api == "eventsource":
            crossorigin, credentials = None, rng.choice(("include", "same-origin"))
        return Step((url,), api, credentials=credentials, crossorigin=crossorigin, preload_as=preload_as)

    def element(self) -> Case:
        """An element that is loaded with CORS."""
        page = self.page()
        apis = ["img", "script", "module", "css", "font", "preload", "eventsource"]
        if self.rng.random() < 0.4:
            apis = ["import", "modulepreload", "video", "track"]
            if page.startswith("https:") or "localhost" in page:
                apis.append("worklet")
        api = self.rng.choice(apis)
        step = self.loaded(api, self.target(page, cross=self.rng.random() > 0.08) + self.path(0))
        return self.finish(Case(self.id, page, (step,), "page", self.http))

    def opaque(self) -> Case:
        """A request that CORS does not apply to."""
        rng = self.rng
        page = self.page()
        api = weighted(rng, {"fetch": 50, "img": 12, "script": 12, "css": 8, "nav": 8, "form": 10})
        mode = "no-cors"
        method = "GET"
        credentials = "include"
        body = ""
        if api == "fetch":
            mode = rng.choice(("no-cors", "no-cors", "same-origin"))
            method = rng.choice(("GET", "POST", "HEAD"))
            credentials = self.credentials(api)
            body = "text" if method == "POST" else ""
        elif api in ("nav", "form"):
            mode = "navigate"
            method = rng.choice(("GET", "POST")) if api == "form" else "GET"
        target = page if mode == "same-origin" else self.target(page)
        step = Step((target + self.path(0),), api, method, credentials=credentials, mode=mode, body=body)
        if mode == "no-cors" and rng.random() < 0.25:
            urls = (step.urls[0], *(self.target(page) + self.path(hop) for hop in range(1, rng.choice((2, 2, 3)))))
            step = replace(step, urls=urls, redirects=tuple(rng.choice(REDIRECTS) for _ in urls[1:]))
        if mode == "same-origin" and rng.random() < 0.3:
            urls = (step.urls[0], self.target(page, cross=True) + self.path(1))
            step = replace(step, urls=urls, redirects=(rng.choice(REDIRECTS),))
        return self.finish(Case(self.id, page, (step,), "page", self.http))

    def beacon(self) -> Case:
        """navigator.sendBeacon: with CORS if the body's type needs it."""
        page = self.page()
        kind = self.rng.choice(("text/plain", "application/json", "application/json", "", "image/png"))
        safe = kind in ("text/plain", "")
        url = self.target(page) + self.path(0)
        body = "blob" if self.rng.random() < 0.7 else self.rng.choice(("text", "form", "params", "buffer"))
        safe = safe or body != "blob"
        step = Step(
            (url,),
            "beacon",
            "POST",
            body=body,
            body_type=kind if body == "blob" else "",
            credentials="include",
            mode="no-cors" if safe else "cors",
        )
        return self.finish(Case(self.id, page, (step,), "page", self.http))

    def finish(self, case: Case) -> Case:
        """The case with none, one or two mutations in its answers; half the servers have a style of their own."""
        count = self.rng.choices((0, 1, 2, 3), (22, 48, 24, 6))[0]
        step = case.steps[0]
        made: dict[Place, Mutation] = {}
        for _ in range(count):
            mutation = self.mutation(case, step)
            made.setdefault((mutation.hop, mutation.side, mutation.field), mutation)
        styled = self.style(case, step) if self.rng.random() < 0.5 else {}
        return replace_case(case, (replace(step, mutations=tuple((styled | made).values())),))

    def style(self, case: Case, step: Step) -> dict[Place, Mutation]:
        """Another right answer: what servers say to every page, rather than just what this one needs."""
        rng = self.rng
        included = step.credentials == "include"
        names = [name.title() for name in standard.author_header_names(step)]
        star = not included and rng.random() < 0.5
        chosen: dict[str, str] = {
            "p.acac": rng.choice(("", "true")),
            "p.acam": rng.choice(("", "usual", "some", "star")),
            "p.acah": rng.choice(("", "usual", "title", "always", "star"))
            if names
            else rng.choice(("", "none", "always")),
            "p.maxage": rng.choice(("", "5", "600", "86400")),
            "p.status": rng.choice(("", "200")),
            "a.expose": rng.choice(("", "list", "star")),
            "a.status": rng.choice(("", "", "201")),
            "vary": rng.choice(("", "origin")),
        }
        if included:
            chosen |= {key: "usual" for key in ("p.acam", "p.acah") if chosen[key] == "star"}
        made: dict[Place, Mutation] = {}

        def add(hop: int, side: Side, field: str, name: str, *values: str) -> None:
            made[hop, side, field] = Mutation(hop, side, field, name, values)

        hops = standard.hops(case, step)
        last = len(step.urls) - 1
        for hop, here in enumerate(hops):
            if not here.cors:
                continue
            sides: tuple[Side, ...] = ("p", "a") if standard.needs_preflight(case, step, hop) else ("a",)
            for side in sides:
                if star:
                    add(hop, side, "acao", "star", "*")
                if chosen["p.acac"] and not included:
                    add(hop, side, "acac", "true", "true")
                if chosen["vary"]:
                    add(hop, side, "vary", "origin", "Origin")
            if "p" in sides:
                methods = {"usual": f"GET, POST, PUT, PATCH, DELETE, {here.method}", "some": f"GET,{here.method},HEAD"}
                if name := chosen["p.acam"]:
                    add(hop, "p", "acam", name, (methods | {"star": "*"})[name])
                fields = {
                    "usual": ", ".join(["Content-Type", "X-Any", *names]),
                    "title": ", ".join(names),
                    "always": ", ".join(["X-Any", *names]),
                    "star": "*, Authorization" if "Authorization" in names else "*",
                }
                if name := chosen["p.acah"]:
                    add(hop, "p", "acah", name, *([fields[name]] if name in fields else []))
                if name := chosen["p.maxage"]:
                    add(hop, "p", "maxage", name, name)
                if name := chosen["p.status"]:
                    add(hop, "p", "status", name, name)
            if name := chosen["a.expose"]:
                add(hop, "a", "expose", name, "*" if name == "star" else "X-Total, X-Req-Id")
            if hop == last and step.end_location is None and step.api in ("fetch", "xhr") and chosen["a.status"]:
                add(hop, "a", "status", "201", "201")
        return made

    def mutation(self, case: Case, step: Step) -> Mutation:
        """One random deviation of one answer of a step."""
        rng = self.rng
        hops = standard.hops(case, step)
        hop = rng.randrange(len(hops))
        preflighted = standard.needs_preflight(case, step, hop)
        side: Side = "p" if preflighted and rng.random() < 0.65 else "a"
        if side == "p":
            fields = {"acao": 24, "acac": 14, "acam": 20, "acah": 20, "status": 15, "maxage": 6, "fail": 1}
            if hops[hop].method in ("GET", "HEAD", "POST"):
                fields["acam"] = 12
            if not standard.author_header_names(step):
                fields["acah"] = 8
        else:
            fields = {"acao": 38, "acac": 20, "status": 14, "expose": 16, "extra": 8, "fail": 1}
            if hop < len(step.redirects):
                del fields["status"]
                if hop + 1 < len(step.urls):
                    fields["location"] = 20
        field = weighted(rng, fields)
        if field == "fail":
            return Mutation(hop, side, "fail", "kill")
        if field == "status":
            usual = PREFLIGHT_STATUSES if side == "p" else STATUSES
            status = str(rng.choice(usual if rng.random() < 0.8 else MORE_STATUSES))
            bare = "-bare" if side == "p" and int(status) in REDIRECTS and rng.random() < 0.25 else ""
            return Mutation(hop, side, "status", status + bare, (status,))
        if field == "location":
            table = locations(step.urls[hop], step.urls[hop + 1])
            name = rng.choice([name for name in table if name != "tab" or self.http == "1.1"])
            return Mutation(hop, side, field, name, table[name])
        if field == "extra":
            field = rng.choice(list(EXTRA_VALUES))
            table = EXTRA_VALUES[field]
        else:
            names = standard.author_header_names(step) or ["x-none"]
            table = {
                "acao": origin_values(hops[hop].origin),
                "acac": CREDENTIALS_VALUES,
                "acam": method_values(hops[hop].method),
                "acah": header_values(names),
                "expose": EXPOSE_VALUES,
                "maxage": MAX_AGE_VALUES,
            }[field]
            if self.http == "1.1" and rng.random() < 0.06 and (more := padded(table)):
                table = more
            elif field == "acao" and hops[hop].origin != case.origin(step) and rng.random() < 0.2:
                table = {"untainted": (case.origin(step),)}
            elif field == "acao" and rng.random() < 0.25:
                table = {name: table[name] for name in ("star", "none", "other", "null")}
            elif field == "acac" and rng.random() < 0.25:
                table = {name: table[name] for name in ("true", "none", "false")}
        name = rng.choice(list(table))
        return Mutation(hop, side, field, name, table[name])


def replace(step: Step, **changes: object) -> Step:
    """`dataclasses.replace` for a step."""
    return dataclasses.replace(step, **changes)  # type: ignore[arg-type]


def replace_case(case: Case, steps: tuple[Step, ...]) -> Case:
    """A case with other steps."""
    return dataclasses.replace(case, steps=steps)


def generate(seed: int, index: int, family: str | None = None) -> Case:
    """The case of one index of a seed: the same whenever asked."""
    return Generator(seed, index).case(family)


def first_cases(seed: int, count: int, fits: Callable[[Case], bool]) -> list[Case]:
    """The first cases of a seed that fit."""
    return list(itertools.islice(filter(fits, (generate(seed, index) for index in itertools.count())), count))
