"""TCP ports of this machine."""

import random
import socket

from cors_addon.demo import ports


def free_port() -> int:
    """One that nothing listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def can_connect(port: int) -> bool:
    """Whether something listens there."""
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def free_ports() -> int:
    """The first of four ports in a row that nothing uses, below those that systems give to whoever asks for any."""
    while True:
        first = random.randrange(15_000, 30_000)
        if all(ports.is_free(first + index) for index in range(4)):
            return first
