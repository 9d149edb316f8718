"""A small statement of the Fetch standard, independent of the addon's engine, for what traffic does not say.

It never gives a verdict: verdicts are the browser's. It says which hops CORS applies to, which right answers to draw,
whether the standard needs a preflight (a browser that sends none then has it cached, or skips it), and whether the
credentials mode alone would change the outcome (such a truth line is ambiguous).
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from .cases import Answer, Case, Step

NORMALIZED = {"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"}
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
UNSAFE_BYTES = re.compile(r'[\x00-\x08\x10-\x1f"():<>?@\[\\\]{}\x7f]')
LANGUAGE = re.compile(r"[0-9A-Za-z *,\-.;=]*")
SAFE_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}
FORBIDDEN = {"accept-charset", "dnt", "keep-alive", "trailer", "via"}
PASSES, EXPOSES_ALL = "passes", ", exposes all"
SUFFIXES = ("example.test", "shop.test", "other.test", "third.test", "localhost", "xn--bcher-kva.test")


@dataclasses.dataclass(frozen=True, slots=True)
class Hop:
    """One hop of a step: the method and Origin it bears, and whether the CORS protocol applies to it."""

    url: str
    method: str
    origin: str
    cors: bool


def origin_of(url: str) -> str:
    """The serialized origin of an http(s) URL."""
    parts = urlsplit(url)
    host = (parts.hostname or "").encode("idna").decode("ascii")
    port = parts.port
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != default else "")


def site_of(url: str) -> str:
    """Scheme and registrable domain, of the few hosts that cases use."""
    parts = urlsplit(url)
    host = (parts.hostname or "").encode("idna").decode("ascii")
    domain = next((suffix for suffix in SUFFIXES if host == suffix or host.endswith("." + suffix)), host)
    return f"{parts.scheme}://{domain}"


def normalize_method(method: str) -> str:
    """https://fetch.spec.whatwg.org/#concept-method-normalize"""
    return method.upper() if method.upper() in NORMALIZED else method


def hops(case: Case, step: Step) -> list[Hop]:
    """Each hop as https://fetch.spec.whatwg.org/#http-redirect-fetch leaves it, were every one followed."""
    method, origin, cors = normalize_method(step.method), case.origin(step), False
    made: list[Hop] = []
    previous: str | None = None
    for index, url in enumerate(step.urls):
        here = origin_of(url)
        if previous is not None:
            status = step.redirects[index - 1]
            if (status in (301, 302) and method == "POST") or (status == 303 and method not in ("GET", "HEAD")):
                method = "GET"
            if previous != origin and here != previous:
                origin = "null"
        cors = cors or (step.mode == "cors" and here != origin)
        made.append(Hop(url, method, origin, cors))
        previous = here
    return made


def is_forbidden(name: str, value: str) -> bool:
    """https://fetch.spec.whatwg.org/#forbidden-request-header, of the names that cases use."""
    name = name.lower()
    if name in FORBIDDEN:
        return True
    if name in ("x-http-method", "x-http-method-override", "x-method-override"):
        return any(item.strip().upper() in ("CONNECT", "TRACE", "TRACK") for item in value.split(","))
    return name.startswith(("sec-", "proxy-"))


def author_header_names(step: Step) -> list[str]:
    """Names a preflight for this step might ask for, sorted; a superset is a right answer."""
    names = {name.lower() for name, value in step.headers if not is_forbidden(name, value)}
    if step.body:
        names.add("content-type")
    return sorted(names)


def is_safelisted(name: str, value: str) -> bool:
    """https://fetch.spec.whatwg.org/#cors-safelisted-request-header"""
    if len(value.encode("latin-1", "replace")) > 128:
        return False
    value = value.strip(" \t")
    match name.lower():
        case "accept":
            return not UNSAFE_BYTES.search(value)
        case "accept-language" | "content-language":
            return LANGUAGE.fullmatch(value) is not None
        case "content-type":
            essence = value.split(";")[0].split(",")[-1].strip().lower()
            return not UNSAFE_BYTES.search(value) and essence in SAFE_TYPES and "," not in value
        case "range":
            found = re.fullmatch(r"bytes=(\d+)-(\d*)", value)
            return found is not None and (not found[2] or int(found[1]) <= int(found[2]))
    return False


def body_content_type(step: Step) -> str | None:
    """The Content-Type a body brings along where the author set none."""
    return {
        "text": "text/plain;charset=UTF-8",
        "form": "multipart/form-data; boundary=x",
        "params": "application/x-www-form-urlencoded;charset=UTF-8",
        "blob": step.body_type or None,
    }.get(step.body)


def needs_preflight(case: Case, step: Step, hop: int, ignoring: frozenset[str] = frozenset()) -> bool:
    """Whether https://fetch.spec.whatwg.org/#concept-main-fetch makes a CORS-preflight fetch for this hop.

    `ignoring` names headers that do not count.
    """
    chain = hops(case, step)
    here = chain[hop]
    if not here.cors:
        return False
    if here.method not in ("GET", "HEAD", "POST") or step.upload_listener or step.body == "stream":
        return True
    return bool(unsafe_names(case, step, hop, ignoring))


def unsafe_names(case: Case, step: Step, hop: int, ignoring: frozenset[str] = frozenset()) -> list[str]:
    """The names for which a hop's request needs a preflight, whatever its method."""
    chain = hops(case, step)
    here = chain[hop]
    headers: dict[str, str] = {}
    for name, value in step.headers:
        if is_forbidden(name, value):
            continue
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    if (own := body_content_type(step)) is not None:
        headers.setdefault("content-type", own)
    if any(origin_of(one.url) != origin_of(other.url) for one, other in itertools.pairwise(chain[: hop + 1])):
        headers.pop("authorization", None)
    if here.method == "GET" and chain[0].method != "GET":
        for name in ("content-type", "content-language", "content-encoding", "content-location"):
            headers.pop(name, None)
    return [name for name, value in headers.items() if name not in ignoring and not is_safelisted(name, value)]


def list_of_tokens(values: list[str]) -> list[str] | None:
    """https://fetch.spec.whatwg.org/#extract-header-list-values, for token lists: None where a line is no list."""
    items = [item.strip(" \t") for value in values for item in value.split(",")]
    items = [item for item in items if item]
    return items if all(TOKEN.fullmatch(item) for item in items) else None


def outcome(given: Answer, origin: str, credentials: bool, asked: tuple[str, list[str]] | None) -> str:
    """A word for what the standard makes of an answer with one credentials mode; only ever compared with another.

    `asked` is the method and header names of a preflight, None for any other request.
    """
    allow_origin = ", ".join(value.strip(" \t") for value in given.values("access-control-allow-origin"))
    if allow_origin != origin and (credentials or allow_origin != "*"):
        return "wildcard origin" if allow_origin == "*" else "origin"
    allow_credentials = ", ".join(value.strip(" \t") for value in given.values("access-control-allow-credentials"))
    if credentials and allow_credentials != "true":
        return "credentials"
    if asked is None:
        exposed = list_of_tokens(given.values("access-control-expose-headers"))
        return PASSES + (EXPOSES_ALL if exposed and "*" in exposed and not credentials else "")
    if not 200 <= given.status <= 299:
        return "status"
    method, names = asked
    methods = list_of_tokens(given.values("access-control-allow-methods"))
    allowed = list_of_tokens(given.values("access-control-allow-headers"))
    if methods is None or allowed is None:
        return "syntax"
    if method not in (*methods, "GET", "HEAD", "POST") and (credentials or "*" not in methods):
        return "method"
    lowered = [name.lower() for name in allowed]
    missing = [name for name in names if name not in lowered and (credentials or "*" not in lowered)]
    return f"header {missing[0]}" if missing else PASSES


def passes(word: str) -> bool:
    """Whether a word of `outcome` is one of success."""
    return word.startswith(PASSES)
