"""Origins as a policy names them: exact, `*`, `null`, `reflect`, and patterns with `*` for subdomains or the port.

Law 1: an exact origin is compared byte for byte with what the browser sends, so it must be written as browsers do.
Law 2: `https://*.example.com` stands for one or more labels before `example.com`, never for `example.com` itself.
Law 3: patterns stand for tuple origins; `null` and schemes without a host are never matched by them.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from cors_addon.fetch.origins import DEFAULT_PORTS, OPAQUE, host_to_ascii, parse_url
from cors_addon.fetch.patterns import pattern

ANY = "*"
REFLECT = "reflect"
_PATTERN = pattern(r"([A-Za-z][A-Za-z0-9+.-]*)://(\[[^\]]*\]|[^/:?#]*)(?::([^/?#]*))?(.*)", re.DOTALL)
_LABELS = pattern(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?")
_PORT = pattern(r"[1-9][0-9]{0,4}")
_LAST_PORT = 65535
_ORIGIN = pattern(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[^/:\[\]]+)(?::([0-9]+))?")


@dataclass(frozen=True, slots=True)
class Pattern:
    """`scheme://[*.]host[:port|:*]`."""

    scheme: str
    host: str
    port: str
    """Digits, empty for the scheme's own, or `*`."""
    subdomains: bool

    def __str__(self) -> str:
        """As it is written in a policy file."""
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{'*.' if self.subdomains else ''}{self.host}{port}"

    def matches(self, origin: str) -> bool:
        """Whether a serialized origin falls under it."""
        match = _ORIGIN.fullmatch(origin)
        if match is None or match[1] != self.scheme or (self.port != ANY and (match[3] or "") != self.port):
            return False
        return match[2].endswith("." + self.host) if self.subdomains else match[2] == self.host

    def covers(self, other: "Pattern") -> bool:
        """Whether it matches all that `other` matches."""
        if other.scheme != self.scheme or self.port not in (ANY, other.port):
            return False
        if not self.subdomains:
            return not other.subdomains and other.host == self.host
        return other.host.endswith("." + self.host) or (other.subdomains and other.host == self.host)


class Origins(NamedTuple):
    """The origins that a policy allows."""

    any: bool = False
    """`*`: every origin, by the literal wildcard."""
    reflect: bool = False
    """Every origin, by naming it."""
    null: bool = False
    exact: frozenset[str] = frozenset()
    patterns: tuple[Pattern, ...] = ()
    listed: tuple[str, ...] = ()
    """All of them as written, in order."""

    def allow(self, origin: str) -> bool:
        """Whether a serialized origin is among them."""
        if self.any or self.reflect or origin in self.exact:
            return True
        if origin == OPAQUE:
            return self.null
        return any(pattern.matches(origin) for pattern in self.patterns)

    @property
    def varies(self) -> bool:
        """Whether the answer depends on the origin."""
        return not self.any


def collect(entries: Iterable[str]) -> Origins:
    """Origins from entries that are known to be well-formed."""
    listed = tuple(dict.fromkeys(entries))
    exact: set[str] = set()
    patterns: list[Pattern] = []
    for entry in listed:
        if entry in (ANY, REFLECT, OPAQUE):
            continue
        parsed = parse(entry).pattern
        if parsed is not None and (parsed.subdomains or parsed.port == ANY):
            patterns.append(parsed)
        else:
            exact.add(entry)
    return Origins(ANY in listed, REFLECT in listed, OPAQUE in listed, frozenset(exact), tuple(patterns), listed)


class Flaw(StrEnum):
    """What is wrong with an origin as it is written."""

    MALFORMED = "origin-malformed"
    PATH = "origin-with-path"
    USERINFO = "origin-with-userinfo"
    DEFAULT_PORT = "origin-with-default-port"
    UPPER_CASE = "origin-not-lower-case"
    NOT_ASCII = "origin-not-ascii"
    PORT = "origin-port-invalid"
    HOST = "origin-host-invalid"
    WILDCARD = "origin-wildcard-misplaced"
    SCHEME = "origin-without-scheme"


class Parsed(NamedTuple):
    """A pattern, or what is wrong with it; `instead` is what was probably meant."""

    pattern: Pattern | None
    flaw: Flaw | None = None
    text: str = ""
    instead: str | None = None


def parse(entry: str) -> Parsed:
    """Read one origin or pattern."""
    match = _PATTERN.fullmatch(entry)
    if match is None:
        if "://" not in entry and entry:
            return Parsed(None, Flaw.SCHEME, "an origin begins with a scheme", _normal(f"https://{entry}"))
        return Parsed(None, Flaw.MALFORMED, "no origin: it is written scheme://host, or scheme://host:port")
    scheme, host, port, rest = match[1], match[2], match[3], match[4]
    if "@" in host:
        return Parsed(None, Flaw.USERINFO, "an origin holds no user name", _normal(entry))
    if "," in entry or " " in entry:
        return Parsed(None, Flaw.MALFORMED, "one origin per entry")
    if rest:
        what = "a trailing slash" if rest == "/" else "a path"
        return Parsed(None, Flaw.PATH, f"an origin has no path: browsers never send {what}", _normal(entry))
    pattern = Pattern(scheme, host.removeprefix("*."), port or "", host.startswith("*."))
    return _spelling_flaw(entry, pattern) or _port_flaw(entry, pattern, port) or Parsed(pattern)


def _spelling_flaw(entry: str, pattern: Pattern) -> Parsed | None:
    """What is wrong with wildcards, letters or the host."""
    scheme, host, port = pattern.scheme, pattern.host, pattern.port
    if "*" in host or "*" in scheme or ("*" in port and port != ANY):
        text = "a `*` stands only for subdomains (https://*.example.com) or the port (http://localhost:*)"
        return Parsed(None, Flaw.WILDCARD, text)
    if not host.isascii():
        return Parsed(None, Flaw.NOT_ASCII, "browsers send the ASCII form of a host", _normal(entry))
    if scheme != scheme.lower() or (host != host.lower() and scheme.lower() in DEFAULT_PORTS):
        text = "browsers send origins in lower case, compared byte for byte"
        return Parsed(None, Flaw.UPPER_CASE, text, entry.lower())
    flaw = _host_flaw(host, scheme, subdomains=pattern.subdomains)
    if flaw is not None and flaw.instead:
        return flaw._replace(instead=entry.replace(host, flaw.instead, 1))
    return flaw


def _port_flaw(entry: str, pattern: Pattern, port: str | None) -> Parsed | None:
    """What is wrong with the port; None is none, and empty where only its colon is written."""
    if port is None or port == ANY:
        return None
    if not _PORT.fullmatch(port) or int(port) > _LAST_PORT:
        return Parsed(None, Flaw.PORT, "a port is a number from 1 to 65535, or `*`", None)
    if DEFAULT_PORTS.get(pattern.scheme) != int(port):
        return None
    instead = entry.rpartition(":")[0]
    text = f"browsers leave {port} out, the default port of {pattern.scheme}"
    return Parsed(None, Flaw.DEFAULT_PORT, text, instead)


def _host_flaw(host: str, scheme: str, *, subdomains: bool) -> Parsed | None:
    """What is wrong with a host; `instead` is the host that was meant."""
    if host.startswith("["):
        address = parse_url(f"http://{host}/")
        if address is None:
            return Parsed(None, Flaw.HOST, "no valid IPv6 address")
        normal = address.host
        if subdomains:
            return Parsed(None, Flaw.WILDCARD, "an IP address has no subdomains")
        return None if normal == host else Parsed(None, Flaw.HOST, "browsers send the shortest form", normal)
    if host.replace(".", "").isdigit():
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            return Parsed(None, Flaw.HOST, "no valid IPv4 address")
        return Parsed(None, Flaw.WILDCARD, "an IP address has no subdomains") if subdomains else None
    folded = host if scheme in DEFAULT_PORTS else host.lower()
    if not _LABELS.fullmatch(folded) or len(host) > 253:
        return Parsed(None, Flaw.HOST, "no valid host name" if host else "the host is missing")
    return None


def _normal(entry: str) -> str | None:
    """The origin that was probably meant."""
    match = _PATTERN.fullmatch(entry)
    if match is None:
        return None
    scheme, host, port = match[1].lower(), match[2].rpartition("@")[2], match[3]
    star = "*." if host.startswith("*.") else ""
    ascii_host = host if host.startswith("[") else host_to_ascii(host.removeprefix("*."))
    if not ascii_host:
        return None
    tail = f":{port}" if port and port != str(DEFAULT_PORTS.get(scheme)) else ""
    meant = f"{scheme}://{star}{ascii_host}{tail}"
    if meant == entry or not meant.isascii():
        return None  # there is nothing to propose: an address in brackets is in ASCII, or none
    return meant if parse(meant).pattern is not None else None
