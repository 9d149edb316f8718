"""What a request says of itself: its role, before anything is known of the exchanges around it.

The mode is on the wire only where Sec-Fetch-Mode is (https, localhost); elsewhere it is inferred, and said so.
https://w3c.github.io/webappsec-fetch-metadata/, https://fetch.spec.whatwg.org/#origin-header
"""

from functools import lru_cache
from typing import NamedTuple

from cors_addon.engines import FETCH, Engine
from cors_addon.exchange.model import Fields, Observation, Role
from cors_addon.fetch.headers import LOWER, normalize
from cors_addon.fetch.mime import essence
from cors_addon.fetch.names import ASKED_METHOD
from cors_addon.fetch.requests import BROWSER_NAMES
from cors_addon.reasons.assumptions import Assumption

_MODES = {
    b"no-cors": Role.NO_CORS,
    b"navigate": Role.NAVIGATION,
    b"nested-navigate": Role.NAVIGATION,
    b"websocket": Role.WEBSOCKET,
    b"same-origin": Role.SAME_ORIGIN,
}
_REPORT_TYPES = frozenset({"application/csp-report", "text/ping"})
"""What browsers send by themselves, without CORS."""
_EXTENSIONS = ("chrome-extension://", "moz-extension://", "safari-web-extension://")

_FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})


_OWN = frozenset(name.encode() for name in BROWSER_NAMES) | frozenset(
    b"""accept accept-language proxy-authorization proxy-connection sec-ch-prefers-color-scheme sec-ch-ua sec-ch-ua-arch
    sec-ch-ua-bitness sec-ch-ua-full-version-list sec-ch-ua-mobile sec-ch-ua-model sec-ch-ua-platform
    sec-ch-ua-platform-version sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-storage-access sec-fetch-user
    sec-gpc sec-purpose""".split()
)


class Classified(NamedTuple):
    """Role as far as one request tells; `ACTUAL` stands for any cors request that is no preflight."""

    role: Role
    origin: str | None
    assumptions: tuple[str, ...] = ()


class RequestHeaders(dict[bytes, bytes]):
    """Request headers by lower-case name (of several lines of one name the last), and what they say at once."""

    __slots__ = (
        "authored_nothing",
        "browsers_own",
        "has_cookie",
        "is_navigation",
        "mode",
        "origin",
        "plainly_cors",
        "plainly_fetched",
        "preflight",
        "shows_no_mode",
        "tells_mode",
        "user_agent",
    )

    def __init__(self, fields: Fields) -> None:
        """Index a header list."""
        lower = LOWER
        super().__init__([(lower[name], value) for name, value in fields])
        raw_origin = self.get(b"origin")
        self.origin = None if raw_origin is None else normalize(raw_origin)
        self.mode = self.get(b"sec-fetch-mode")
        self.user_agent = self.get(b"user-agent", b"")
        self.has_cookie = b"cookie" in self
        self.is_navigation = self.origin is None and b"upgrade-insecure-requests" in self
        self.tells_mode = self.has_cookie or self.is_navigation or self.mode == b"navigate"
        """It includes credentials, for all to see."""
        self.preflight = self.origin is not None and ASKED_METHOD in self
        self.plainly_cors = (
            self.mode == b"cors"
            and self.origin is not None
            and not self.origin.startswith(_EXTENSIONS)
            and b"upgrade" not in self
            and b"sec-websocket-key" not in self
        )
        """A cors request, if only it goes to another origin."""
        self.plainly_fetched = (
            self.mode == b"cors"
            and self.get(b"sec-fetch-dest") == b"empty"
            and self.get(b"accept") != b"text/event-stream"
        )
        """A script asked for it with CORS: once that had its word, nothing else is asked of an answer."""
        self.browsers_own = self.keys() <= _OWN
        """No header needs to be the author's: a quick look that most requests pass."""
        self.shows_no_mode = not self.has_cookie and not {b"authorization", b"sec-fetch-storage-access"} & self.keys()
        """Nothing in it tells whether it includes credentials."""
        self.authored_nothing = self.browsers_own and b"authorization" not in self


@lru_cache(maxsize=1024)
def read_request(fields: Fields) -> RequestHeaders:
    """Read a header list; pages repeat themselves, so the last thousand readings are kept. Not to be changed."""
    return RequestHeaders(fields)


def is_preflight(observation: Observation, wire: RequestHeaders) -> bool:
    """Whether this is a CORS-preflight request. https://fetch.spec.whatwg.org/#cors-preflight-request"""
    return wire.preflight and observation.method == b"OPTIONS"


def set_by_browsers(authorization: bytes) -> bool:
    """Whether browsers send Authorization of this scheme by themselves; any other is a script's."""
    return authorization.split(b" ", 1)[0].lower() in (b"basic", b"digest", b"negotiate", b"ntlm")


def classify(
    observation: Observation, wire: RequestHeaders, *, follows_cors: bool, engine: Engine = FETCH
) -> Classified:
    """The role of a request of one engine; `follows_cors`: after a redirect of, or a preflight for, a cors request."""
    origin, mode = wire.origin, wire.mode
    if mode is not None and mode != b"cors":
        return Classified(_MODES.get(mode, Role.NO_CORS), origin)
    if wire.get(b"upgrade", b"").lower() == b"websocket" or b"sec-websocket-key" in wire:
        return Classified(Role.WEBSOCKET, origin)
    if origin is None or origin == observation.url.origin:
        return Classified(Role.SAME_ORIGIN, origin)
    if origin.startswith(_EXTENSIONS):
        return Classified(Role.ACTUAL, origin, (Assumption.EXTENSION,))
    if mode is not None or follows_cors or observation.method != b"POST":
        return Classified(Role.ACTUAL, origin)  # only a cors request puts an Origin on GET and HEAD
    return _unmarked_post(wire, origin, engine)


def _unmarked_post(wire: RequestHeaders, origin: str, engine: Engine) -> Classified:
    """A POST to another origin that does not tell its mode: by fetch, of a form, a beacon or a report."""
    content_type = essence(normalize(wire.get(b"content-type", b"text/plain")))
    if content_type in _REPORT_TYPES:
        return Classified(Role.NO_CORS, origin)
    if content_type not in _FORM_TYPES:
        return Classified(Role.ACTUAL, origin)
    if wire.get(b"accept", b"").startswith(b"text/html"):
        return Classified(Role.NAVIGATION, origin, (Assumption.FORM,))
    if _looks_like_beacon(wire, engine):
        return Classified(Role.NO_CORS, origin, (Assumption.BEACON,))
    return Classified(Role.ACTUAL, origin, (Assumption.CORS_MODE,))


def _looks_like_beacon(wire: RequestHeaders, engine: Engine) -> bool:
    """Whether a POST bears a header, and has its names in an order, which its engine gives to beacons alone."""
    if engine.beacon_header is None or wire.get(engine.beacon_header[0]) != engine.beacon_header[1]:
        return False
    return engine.beacon_order == tuple(name for name in wire if name in engine.beacon_order)
