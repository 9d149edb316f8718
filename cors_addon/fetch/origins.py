"""URLs and origins, as far as CORS compares them.

Laws: a host is ASCII and lower case here (IDNA done), a default port is never written, an opaque origin is `null`.
Anchors: https://url.spec.whatwg.org/#concept-url-parser, https://html.spec.whatwg.org/multipage/browsers.html#origin
"""

import re
import unicodedata
from enum import Enum
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from cors_addon.fetch.bounds import MAX_HOST, SHORT, bounded_path
from cors_addon.fetch.patterns import pattern

OPAQUE = "null"
"""The serialization of an opaque origin."""

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
_C0_OR_SPACE = "".join(map(chr, range(0x21)))
_SCHEME = pattern(r"[A-Za-z][A-Za-z0-9+.-]*:")
_FORBIDDEN_IN_HOST = pattern(r"[\x00-\x20#%/:<>?@\[\\\]^|\x7f]")
_PATH_SAFE = "!$%&'()*+,-./:;=@[\\]_|~"
_QUERY_SAFE = "!$%&()*+,-./:;=?@[\\]^_`{|}~"


class Url(NamedTuple):
    """An http(s) URL without userinfo and fragment, as the wire shows it."""

    scheme: str
    host: str
    port: int
    path: str
    """Path and query, ASCII, beginning with `/`."""

    @property
    def origin(self) -> str:
        """The serialized origin. https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin"""
        place = self[:3]  # to look for each of them by name takes longer than all else
        found = _ORIGINS.get(place)
        return _serialized(place) if found is None else found

    def __str__(self) -> str:
        """The URL, serialized."""
        return self.origin + self.path


_ORIGINS: dict[tuple[str, str, int], str] = {}
_MAX_ORIGINS = 4096


def _serialized(place: tuple[str, str, int]) -> str:
    if len(_ORIGINS) >= _MAX_ORIGINS:
        _ORIGINS.clear()
    found = _ORIGINS[place] = serialize_origin(*place)
    return found


def serialize_origin(scheme: str, host: str, port: int) -> str:
    """`scheme://host[:port]`, the port left out where it is the scheme's own."""
    return f"{scheme}://{host}" if DEFAULT_PORTS.get(scheme) == port else f"{scheme}://{host}:{port}"


class Unusable(Enum):
    """Why a redirect's Location leads nowhere that fetch may go."""

    UNPARSABLE = "no valid URL"
    UNSAFE_SCHEME = "a scheme that no redirect may lead to"
    OTHER_SCHEME = "a scheme without CORS"


class Target(NamedTuple):
    """Where a Location header leads."""

    url: Url | None
    """None where it is no http(s) URL."""
    unusable: Unusable | None
    has_credentials: bool
    text: str
    """The URL serialized with its userinfo; the raw text where it could not be parsed."""
    of_own_origin: bool = False
    """Whether it is a `blob:` URL of the origin that answered."""


# net/url_request: no redirect from the web leads to these, whatever CORS says of it
_UNSAFE_SCHEMES = frozenset({"about", "blob", "content", "data", "file", "filesystem"})


def resolve(location: bytes, base: Url) -> Target:
    """Parse the value of a Location header against the URL that answered with it.

    https://fetch.spec.whatwg.org/#concept-response-location-url
    """
    text = location.decode("utf-8", "surrogateescape")
    text = re.sub(r"[\t\n\r]", "", text.strip(_C0_OR_SPACE))
    match = _SCHEME.match(text)
    scheme = match[0][:-1].lower() if match else base.scheme
    if match and scheme not in ("http", "https"):
        return _of_another_scheme(scheme, text, base)
    rest = text[match.end() :] if match else text
    rest, _, _ = rest.partition("#")
    head, mark, query = rest.partition("?")
    head = head.replace("\\", "/")
    # `https:path` and `https:/path` are relative to a base of the same scheme
    if not head.startswith("//") and (match is None or scheme == base.scheme):
        url = base._replace(path=_relative(head, mark, query, base))
        return Target(url, None, has_credentials=False, text=str(url))
    authority, slash, path = head.lstrip("/").partition("/")
    userinfo, at, host_and_port = authority.rpartition("@")
    parsed = _host_and_port(host_and_port, scheme)
    if parsed is None:
        return Target(None, Unusable.UNPARSABLE, has_credentials=False, text=text)
    host, port = parsed
    url = Url(scheme, host, port, _path(slash + path, mark, query))
    credentials = bool(at) and userinfo.strip(":") != ""
    shown = str(url) if not credentials else str(url).replace("//", f"//{userinfo.rstrip(':')}@", 1)
    return Target(url, None, has_credentials=credentials, text=shown)


def _of_another_scheme(scheme: str, text: str, base: Url) -> Target:
    """A URL that is none of http(s)."""
    kind = Unusable.UNSAFE_SCHEME if scheme in _UNSAFE_SCHEMES else Unusable.OTHER_SCHEME
    inner = parse_url(text[5:]) if scheme == "blob" else None
    own = inner is not None and inner.origin == base.origin
    return Target(None, kind, has_credentials=False, text=text, of_own_origin=own)


def _relative(head: str, mark: str, query: str, base: Url) -> str:
    """The path of a URL without an authority; `mark` is the `?` before a query, where there is one."""
    old_path, _, old_query = base.path.partition("?")
    if head.startswith("/"):
        return _path(head, mark, query)
    if head:
        return _path(old_path.rpartition("/")[0] + "/" + head, mark, query)
    if not mark:
        mark, query = ("?", old_query) if old_query else ("", "")
    return _path(old_path, mark, query)


def parse_url(text: str) -> Url | None:
    """An absolute http(s) URL, or None."""
    usual = _AS_IT_IS.fullmatch(text)
    if usual is not None and len(text) <= SHORT:
        scheme, authority, path, query = usual.groups("")
        if "/." not in path and "%2e" not in path.lower():  # else it has dot segments, perhaps
            place = _known_place(authority, scheme)
            return None if place is None else Url(scheme, *place, path + query)
    if not _SCHEME.match(text):
        return None
    return resolve(text.encode("utf-8", "replace"), _NOWHERE).url


_NOWHERE = Url("none", "", 0, "/")
_AS_IT_IS = pattern(r"(https?)://([a-z0-9.:-]+)(/[A-Za-z0-9!$%&'()*+,./:;=@_~-]*)(\?[A-Za-z0-9!$%&()*+,./:;=?@_~-]*)?")
"""A URL whose path and query stay as they are; most are: to find that takes a fifth of what parsing takes."""


_known = lru_cache(maxsize=1024)(parse_url)
_SHORT = 1024
"""Characters of a URL up to which it is remembered."""


def known_url(text: str) -> Url | None:
    """The same for what comes again and again: origins, referrers."""
    return _known(text) if len(text) <= _SHORT else parse_url(text)


def is_valid_url(text: str) -> bool:
    """Whether `text` (isomorphic-decoded bytes) parses as an absolute URL of whatever scheme.

    https://url.spec.whatwg.org/#valid-url-string
    """
    try:
        text = text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return False
    text = re.sub(r"[\t\n\r]", "", text.strip(_C0_OR_SPACE))
    match = _SCHEME.match(text)
    if match is None:
        return False
    scheme, rest = match[0][:-1].lower(), text[match.end() :]
    special = scheme in DEFAULT_PORTS
    if not special and not rest.startswith("//"):
        return True
    authority = re.split(r"[/\\?#]" if special else r"[/?#]", rest.lstrip("/\\") if special else rest[2:], maxsplit=1)[
        0
    ]
    userinfo, _, host = authority.rpartition("@")
    if not special and not host:
        return not userinfo and not authority
    return _host_and_port(host, scheme) is not None


def _host_and_port(text: str, scheme: str) -> tuple[str, int] | None:
    if text.startswith("["):
        literal, bracket, tail = text[1:].partition("]")
        if not bracket or (tail and not tail.startswith(":")):
            return None
        address = _ipv6(literal)
        if address is None:
            return None
        host = f"[{address}]"
        digits = tail[1:]
    else:
        name, _, digits = text.partition(":")
        ascii_host = host_to_ascii(name)
        if not ascii_host:
            return None
        host = ascii_host
    if not digits:
        return host, DEFAULT_PORTS.get(scheme, 0)
    if not (digits.isascii() and digits.isdigit()):
        return None
    digits = digits.lstrip("0") or "0"
    return None if len(digits) > 5 or int(digits) > 65535 else (host, int(digits))


_known_place = lru_cache(maxsize=1024)(_host_and_port)


def _ipv6(literal: str) -> str | None:
    """https://url.spec.whatwg.org/#concept-ipv6-serializer"""
    if "%" in literal:
        return None
    import ipaddress  # of use to few hosts, and takes a while to import

    try:
        digits = f"{int(ipaddress.IPv6Address(literal)):032x}"
    except ValueError:
        return None
    pieces = [digits[index : index + 4] for index in range(0, 32, 4)]
    text = ":".join(piece.lstrip("0") or "0" for piece in pieces)
    runs = sorted(re.finditer(r"(?:^|(?<=:))0(?::0)+(?=:|$)", text), key=lambda run: -len(run[0]))
    if not runs:
        return text
    start, end = runs[0].span()
    return f"{text[:start].rstrip(':')}::{text[end:].lstrip(':')}"


def _ipv4(host: str) -> str | None:
    """A host whose last label is a number, as an address; None where it is none.

    https://url.spec.whatwg.org/#concept-ipv4-parser
    """
    parts = host.removesuffix(".").split(".", 4)
    if len(parts) > 4:
        return None
    *first, last = map(_ipv4_number, parts)
    if last is None or last >= 256 ** (4 - len(first)):
        return None
    value = last
    for index, number in enumerate(first):
        if number is None or number > 255:
            return None
        value += number << (8 * (3 - index))
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


def _ipv4_number(part: str) -> int | None:
    """https://url.spec.whatwg.org/#ipv4-number-parser"""
    if not re.fullmatch(r"0[xX][0-9a-fA-F]*|[0-9]+", part) or len(part) > 20:
        return None
    if part[:2].lower() == "0x":
        return int(part[2:] or "0", 16)
    try:
        return int(part, 8 if len(part) > 1 and part[0] == "0" else 10)
    except ValueError:  # an 8 or a 9 after a 0
        return None


def host_to_ascii(host: str) -> str | None:
    """A host as it stands in an origin: percent-decoded, lower case, IDNA applied; None where it is no host.

    Labels are mapped by NFKC and encoded with Punycode, which is UTS #46 without its table of disallowed characters.
    https://url.spec.whatwg.org/#concept-host-parser
    """
    if len(host) > MAX_HOST:
        return None
    if "%" in host:
        try:
            host = unquote_to_bytes(host).decode("utf-8")
        except UnicodeError:  # also a lone byte that no UTF-8 has, which came as a surrogate
            return None
    if host.isascii():
        host = host.lower()
    else:
        encoded = _punycode(host)
        if encoded is None:
            return None
        host = encoded
    if not host or _FORBIDDEN_IN_HOST.search(host):
        return None
    last = host.removesuffix(".").rpartition(".")[2]
    return _ipv4(host) if re.fullmatch(r"[0-9]+|0[xX][0-9a-fA-F]*", last) else host


def _punycode(host: str) -> str | None:
    """The ASCII form of a host that holds other letters."""
    if any("\udc80" <= letter <= "\udcff" or letter == "\ufffd" for letter in host):
        return None  # bytes that are no UTF-8, which the standard makes U+FFFD of
    host = unicodedata.normalize("NFKC", host.lower()).lower().replace("\u3002", ".").replace("\u00ad", "")
    try:
        return ".".join(
            label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in host.split(".")
        )
    except UnicodeError:
        return None


def _path(path: str, mark: str, query: str) -> str:
    """Path and query as a browser sends them: dot segments gone, unsafe characters percent-encoded; of a long one what
    is kept of it.
    """
    if len(path) + len(query) > SHORT:
        return bounded_path(path + mark + query)
    segments: list[str] = []
    parts = path.split("/")[1:] if path.startswith("/") else path.split("/")
    for index, segment in enumerate(parts):
        last = index == len(parts) - 1
        plain = segment.lower().replace("%2e", ".")
        if plain == "..":
            if segments:
                segments.pop()
            if last:
                segments.append("")
        elif plain == ".":
            if last:
                segments.append("")
        else:
            segments.append(segment)
    text = "/" + "/".join(segments)
    path = quote(text, safe=_PATH_SAFE, errors="surrogateescape")
    return path + (mark + quote(query, safe=_QUERY_SAFE, errors="surrogateescape") if mark else "")


def last_two_labels(host: str) -> str:
    """A host's registrable domain: good enough where no public suffix list is given."""
    if host.startswith("[") or host.replace(".", "").isdigit():
        return host
    return ".".join(host.rsplit(".", 2)[-2:])


@lru_cache(maxsize=1024)
def is_ip(host: str) -> bool:
    """Whether a host, as a URL holds it, is an address. https://url.spec.whatwg.org/#ip-address"""
    return host.startswith("[") or _ipv4(host) is not None


@lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Whether a host, as a URL holds it, is the machine that asks: nobody else can answer there, or listen in.

    https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy, which names 127.0.0.0/8, ::1/128 and what is
    localhost or ends in .localhost (https://www.rfc-editor.org/rfc/rfc6761#section-6.3), with or without a final dot.
    """
    if host.startswith("["):
        return _ipv6(host[1:-1]) == "::1"
    address = _ipv4(host)
    if address is not None:
        return address.startswith("127.")
    return f".{host.removesuffix('.')}".endswith(".localhost")


def is_potentially_trustworthy(url: Url) -> bool:
    """Whether a browser sends Fetch metadata to this URL.

    https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy
    """
    return url.scheme == "https" or is_loopback(url.host)
