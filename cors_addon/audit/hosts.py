"""What a host's name or address tells: whether it is this machine, in a private network, or kept for examples."""

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from cors_addon.fetch.origins import is_loopback

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")
_PRIVATE_NAMES = (".local", ".internal", ".lan", ".intranet", ".corp", ".home", ".home.arpa", ".localdomain")
_RESERVED = (".invalid", ".example", ".example.com", ".example.net", ".example.org")
_PROBES = frozenset({"evil", "attacker", "hacker", "malicious"})


@lru_cache(maxsize=1024)
def is_private(host: str) -> bool:
    """Whether a host is in a private network by its address, or by a name that is kept for such."""
    address = _address(host)
    if address is not None:
        return any(address.version == network.version and address in network for network in _private())
    return host.endswith(_PRIVATE_NAMES)


@lru_cache(maxsize=1024)
def is_own_machine(host: str) -> bool:
    """Whether what answers at a host is a program of the machine that asks.

    Beyond loopback that is an IPv4 address written as IPv6, and 0.0.0.0, which systems connect to themselves.
    """
    address = _address(host)
    mapped = getattr(address, "ipv4_mapped", None)
    return is_loopback(host if mapped is None else str(mapped)) or (address is not None and address.is_unspecified)


def is_local(host: str) -> bool:
    """Whether a host is not to be reached from the internet, a name of one label included."""
    return is_own_machine(host) or is_private(host) or (not host.startswith("[") and "." not in host)


def is_reserved(host: str) -> bool:
    """Whether a name is kept for examples: nobody has it, though under .test developers have names of their own.

    https://www.rfc-editor.org/rfc/rfc6761
    """
    return f".{host}".endswith(_RESERVED)


def is_for_tests(host: str) -> bool:
    """Whether a server has a name kept for examples or for tests."""
    return is_reserved(host) or host.endswith(".test")


def is_probe(site: str) -> bool:
    """Whether a registrable domain is one that testers and scanners use in Origin; no real list names it."""
    return site.partition(".")[0] in _PROBES


@cache
def _private() -> "tuple[IPv4Network | IPv6Network, ...]":
    import ipaddress  # of use to few hosts, and takes a while to import

    return tuple(map(ipaddress.ip_network, _PRIVATE))


def _address(host: str) -> "IPv4Address | IPv6Address | None":
    if ":" not in host and not host[-1:].isdecimal():
        return None  # a name
    import ipaddress

    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def is_address(host: str) -> bool:
    """Whether a host is an address, not a name."""
    return _address(host) is not None
