"""What each engine's versions did, and do, where a public page asks an address in the local network or this machine.

None of it is seen behind a proxy on the same machine, whose address is the one that the browser connects to.
"""

from enum import Enum
from typing import NamedTuple


class Guard(Enum):
    """What stands before such a request."""

    SECURE_PAGE = "the page must have TLS"
    PREFLIGHT = "a preflight asks the server, and what its answer lacks is warned of; the page must have TLS"
    PERMISSION = "the user must permit it; the page must have TLS"


class Since(NamedTuple):
    """From which version on."""

    version: int
    guard: Guard
    source: str


GUARDS = {
    "chromium": (
        Since(94, Guard.SECURE_PAGE, "https://developer.chrome.com/blog/private-network-access-update"),
        # tried in 98, and taken back; that it would be insisted on was put off, and then given up
        Since(
            104,
            Guard.PREFLIGHT,
            "https://developer.chrome.com/blog/private-network-access-preflight, "
            "https://developer.chrome.com/blog/pna-on-hold",
        ),
        Since(142, Guard.PERMISSION, "https://chromestatus.com/feature/5152728072060928"),
    ),
    "gecko": (Since(152, Guard.PERMISSION, "release notes of Firefox 152: for ever more users"),),
}
"""By engine, in order. WebKit has none in any release as yet: https://github.com/WebKit/WebKit/pull/72725"""

SOCKETS_SINCE = {"chromium": 147, "gecko": 154}
"""From which version on WebSockets need the permission, too.

https://chromestatus.com/feature/5197681148428288, release notes of Firefox 154
"""


def guard_of(engine: str, version: int, *, socket: bool = False) -> Guard | None:
    """What stands before a public page's request in this version; 0 is the newest."""
    found = None
    for since in GUARDS.get(engine, ()):
        if not version or version >= since.version:
            found = since.guard
    if socket and (found is not Guard.PERMISSION or 0 < version < SOCKETS_SINCE[engine]):
        return None
    return found
