"""Which ports the demo uses."""

import contextlib
import os
import socket
from collections.abc import Sequence

LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
"""`localhost` is both: where another program has but one of them, a browser may end up there."""


def is_free(port: int) -> bool:
    """Whether nothing uses this port on any loopback address."""
    return all(_is_free(family, address, port) for family, address in LOOPBACK)


def _is_free(family: socket.AddressFamily, address: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        if probe.connect_ex((address, port)) == 0:
            return False  # macOS would let us listen beside a program that listens on all addresses
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError:
        return family == socket.AF_INET6 and not has_ipv6()
    return True


def has_ipv6() -> bool:
    """Whether this machine has the loopback address of IPv6."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def choose(wanted: Sequence[int]) -> list[int]:
    """The wanted ports, each that is taken replaced by one that is free."""
    chosen: list[int] = []
    for port in wanted:
        while port in chosen or not is_free(port):
            port = _any()
        chosen.append(port)
    return chosen


def _any() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
