"""What a request says of itself: its role, before anything is known of the exchanges around it.

The mode is on the wire only where Sec-Fetch-Mode is (https, localhost); elsewhere it is inferred, and said so.
https://w3c.github.io/webappsec-fetch-metadata/, https://fetch.spec.whatwg.org/#origin-header
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, overload

from cors_addon.engines import FETCH, Engine, chromium_brand, detect
from cors_addon.exchange.model import Fields, Observation, Role
from cors_addon.exchange.programs import BY_NAME, program
from cors_addon.fetch.bounds import MAX_VALUES, SHORT
from cors_addon.fetch.headers import normalize
from cors_addon.fetch.mime import essence
from cors_addon.fetch.names import ASKED_METHOD
from cors_addon.fetch.origins import OPAQUE
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.received import joined
from cors_addon.fetch.recurring import LISTS, Readings
from cors_addon.fetch.requests import BROWSER_NAMES
from cors_addon.fetch.shapes import Shapes
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


class RequestShape:
    """What the names of request headers tell, whatever their values are. Places are those in the list; -1: absent."""

    __slots__ = (
        "accept",
        "authored_nothing",
        "browsers_own",
        "count",
        "dest",
        "forwarded",
        "has_cookie",
        "is_long",
        "is_plain",
        "lengthy",
        "metadata",
        "mode",
        "mode_alone",
        "origin",
        "places",
        "program",
        "referer",
        "shows_no_mode",
        "site",
        "telling",
        "upgrades",
        "upgrades_insecure",
        "user_agent",
    )

    def __init__(self, names: Sequence[bytes]) -> None:
        """Look at names as they were received."""
        lower = [name.lower() for name in names]
        self.count = len(names)
        self.is_long = False
        places = self.places = {name: place for place, name in enumerate(lower)}
        """By lower-case name; of several lines of one name the last."""
        self.accept, self.origin = places.get(b"accept", -1), places.get(b"origin", -1)
        self.referer, self.user_agent = places.get(b"referer", -1), places.get(b"user-agent", -1)
        self.dest, self.mode = places.get(b"sec-fetch-dest", -1), places.get(b"sec-fetch-mode", -1)
        self.site = places.get(b"sec-fetch-site", -1)
        self.metadata = tuple(place for place, name in enumerate(lower) if name.startswith(b"sec-fetch-"))
        """Places of all Fetch metadata."""
        once = len(places) == len(names) and b"sec-purpose" not in places
        self.is_plain = once and min(self.accept, self.dest, self.site) >= 0
        """The browser says for what it asks, each thing once; it is no prefetch."""
        self.has_cookie = b"cookie" in places
        self.upgrades_insecure = b"upgrade-insecure-requests" in places
        self.upgrades = b"upgrade" in places or b"sec-websocket-key" in places
        self.browsers_own = places.keys() <= _OWN
        self.shows_no_mode = not self.has_cookie and not {b"authorization", b"sec-fetch-storage-access"} & places.keys()
        self.authored_nothing = self.browsers_own and b"authorization" not in places
        self.mode_alone = self.mode >= 0 and self.site < 0 and self.dest < 0
        self.program = program(names, places, mode_alone=self.mode_alone)
        """What wrote it, where no browser spells, or orders, its names so; else empty."""
        self.forwarded = not places.keys().isdisjoint(_FORWARDED)
        telling = (*_TELLING, *_OF_LIBRARIES) if self.mode_alone else _TELLING
        self.telling = tuple(places[name] for name in telling if name in places)
        """Places of the values that `Said` looks at."""
        self.lengthy = tuple(
            place for place, name in enumerate(lower) if place not in self.telling and name not in _BRIEF
        )
        """Places of other values that may be of any length, and that somebody reads."""


_FORWARDED = (b"forwarded", b"x-forwarded-for", b"via")
_TELLING = (
    *(b"origin", b"sec-fetch-mode", b"user-agent", b"sec-fetch-site", b"sec-fetch-dest", b"accept", b"sec-ch-ua"),
    *_FORWARDED,
)
_BRIEF = frozenset(
    b"""accept-encoding connection content-length dnt host sec-ch-ua-arch sec-ch-ua-mobile sec-ch-ua-model
    sec-ch-ua-platform sec-fetch-user sec-gpc te""".split()
)
"""What no page may set, and nobody reads but for whether it is there, or is a certain word."""
_OF_LIBRARIES = (b"accept-language", b"accept-encoding")

shape_of = Shapes(RequestShape).of
"""The shape of the header list of a request."""


class Said:
    """What the values of a request say that everybody asks about. Those of one page say the same, and share it."""

    __slots__ = (
        "asker",
        "authored_nothing",
        "browsers_own",
        "has_cookie",
        "is_navigation",
        "length",
        "mode",
        "origin",
        "plainly_cors",
        "plainly_fetched",
        "preflight",
        "shows_no_mode",
        "tells_mode",
        "user_agent",
    )

    def __init__(self, wire: "RequestHeaders", shape: RequestShape) -> None:
        """Look at the values at `shape.telling`, and at no others: by these it is kept."""
        fields = wire.fields
        origin = self.origin = None if shape.origin < 0 else normalize(fields[shape.origin][1])
        mode = self.mode = None if shape.mode < 0 else fields[shape.mode][1]
        self.user_agent = b"" if shape.user_agent < 0 else fields[shape.user_agent][1]
        self.has_cookie = shape.has_cookie
        self.is_navigation = origin is None and shape.upgrades_insecure
        self.tells_mode = shape.has_cookie or self.is_navigation or mode == b"navigate"
        """It includes credentials, for all to see."""
        self.preflight = origin is not None and ASKED_METHOD in shape.places
        is_cors = mode == b"cors"
        self.plainly_cors = (
            is_cors
            and origin is not None
            and not shape.upgrades
            and not origin.startswith(_EXTENSIONS)
            and (shape.site < 0 or fields[shape.site][1] != b"same-origin")
        )
        """A cors request, if only it goes to another origin."""
        self.plainly_fetched = (
            is_cors
            and shape.dest >= 0
            and fields[shape.dest][1] == b"empty"
            and (shape.accept < 0 or fields[shape.accept][1] != b"text/event-stream")
        )
        """A script asked for it with CORS: once that had its word, nothing else is asked of an answer."""
        self.browsers_own = shape.browsers_own
        """No header needs to be the author's: a quick look that most requests pass."""
        self.shows_no_mode = shape.shows_no_mode
        """Nothing in it tells whether it includes credentials."""
        self.authored_nothing = shape.authored_nothing
        self.length = sum(len(fields[place][1]) for place in shape.telling)
        """Bytes of all these values."""
        self.asker = _asker(wire, shape, self)
        """What tells this client apart from others of its address and User-Agent; empty for nearly all."""


MAX_SAID = 1024
MAX_TELLING = 4096
"""Bytes of all these values."""
_SAID: dict[tuple[object, ...], Said] = {}


class RequestHeaders(Mapping[bytes, bytes]):
    """Request headers by lower-case name (of several lines of one name the last), and what they say at once.

    Made for every request, and in a hurry: values are picked where somebody asks.
    """

    __slots__ = ("_places", "fields", "length", "said")

    def __init__(self, fields: Fields, shape: RequestShape) -> None:
        """Read a header list of this shape."""
        self.fields, self._places = fields, shape.places
        known_by: tuple[object, ...] = (shape, *[fields[place][1] for place in shape.telling])
        said = _SAID.get(known_by)
        self.said = self._listen(shape, known_by) if said is None else said
        self.length = (
            len(joined(fields)) + SHORT
            if shape.is_long
            else self.said.length + sum([len(fields[place][1]) for place in shape.lengthy])
        )
        """Bytes of the values that may be of any length; more than `SHORT` where not all of the list is read."""

    def _listen(self, shape: RequestShape, known_by: tuple[object, ...]) -> Said:
        said = Said(self, shape)
        if said.length <= MAX_TELLING:
            if len(_SAID) >= MAX_SAID:
                _SAID.clear()
            _SAID[known_by] = said
        return said

    def __getitem__(self, name: bytes) -> bytes:
        """The value of a name, which is lower case."""
        return self.fields[self._places[name]][1]

    @overload
    def get(self, name: bytes) -> bytes | None: ...
    @overload
    def get[T](self, name: bytes, default: bytes | T) -> bytes | T: ...
    def get(self, name: bytes, default: object = None) -> object:
        """The value of a name, which is lower case, or else `default`."""
        place = self._places.get(name)
        return default if place is None else self.fields[place][1]

    def __contains__(self, name: object) -> bool:
        """Whether there is a header of this name, which is lower case."""
        return name in self._places

    def __iter__(self) -> Iterator[bytes]:
        """The names, in the order of the wire."""
        return iter(self._places)

    def __len__(self) -> int:
        """How many names there are."""
        return len(self._places)


LIBRARY = b"library"
"""The `asker` of what fetches as a browser's script would, and is none."""
IN_DISGUISE = b"chromium"
"""The `asker` of a Chromium whose User-Agent says that it is another engine."""
_PORTS = pattern(rb"([0-9]|\])(?::[0-9]{1,5})(?=\s*(?:[,;\"]|$))")


def _asker(wire: RequestHeaders, shape: RequestShape, said: Said) -> bytes:
    if said.length > MAX_VALUES:
        return b""  # it is to be cut, and then read anew
    claimed = detect(said.user_agent)
    if claimed is not None and claimed.plays_browser:
        return b""  # it says itself what it is, and no program passes that on
    if not said.preflight and (
        shape.program or BY_NAME.match(said.user_agent) or (shape.mode_alone and _is_of_library(wire, said))
    ):
        return LIBRARY
    if shape.forwarded:
        parts = [value for name in _FORWARDED if (value := wire.get(name)) is not None]
        return b"forwarded: " + _PORTS.sub(rb"\1", b"; ".join(parts))
    hints = wire.get(b"sec-ch-ua")
    if hints is None or claimed is None or claimed.name == "chromium" or chromium_brand(hints) is None:
        return b""
    return IN_DISGUISE


def _is_of_library(wire: RequestHeaders, said: Said) -> bool:
    """Node's fetch (undici, lib/web/fetch/index.js) sends Sec-Fetch-Mode alone; an SSR server may pass on a User-Agent.

    No browser sends an Accept-Language of `*`, nor names Brotli first, nor Fetch metadata where it names no Brotli.
    """
    return (
        wire.get(b"accept-language") == b"*"
        or wire.get(b"accept-encoding", b"").startswith(b"br, gzip")
        or wire.get(b"accept-encoding") == b"gzip, deflate"
        or (detect(said.user_agent) is None and not said.user_agent.startswith(b"Mozilla/"))
    )


class _Last:
    """The latest request: several ask about it, one after the other."""

    __slots__ = ("fields", "read")

    def __init__(self) -> None:
        self.fields: Fields = ()
        self.read = RequestHeaders((), shape_of(()))


_LAST = _Last()
MAX_READ = 512
_READ: dict[tuple[RequestShape, bytes], RequestHeaders] = {}
"""By all values: pages ask for one thing after the other in the same words."""
_RECURRING = Readings[RequestHeaders]()


def read_request(fields: Fields) -> RequestHeaders:
    """Read a header list. Not to be changed: others get the same, for this list and for any that is equal to it."""
    last = _LAST
    if fields is last.fields:
        return last.read
    if LISTS and (known := _RECURRING.get(id(fields))) is not None and known[0] is fields:
        last.fields, last.read = known
        return last.read
    shape = shape_of(fields)
    values = b"\n".join([value for _, value in fields])
    found = _READ.get((shape, values))
    if found is None:
        found = RequestHeaders(fields, shape)
        # values that bear a line end themselves could be joined to what others are
        if found.length <= MAX_TELLING and values.count(b"\n") < len(fields):
            if len(_READ) >= MAX_READ:
                _READ.clear()
            _READ[shape, values] = found
    last.fields, last.read = fields, found
    if LISTS:
        _RECURRING.keep(fields, found)
    return found


def is_preflight(observation: Observation, wire: RequestHeaders) -> bool:
    """Whether this is a CORS-preflight request. https://fetch.spec.whatwg.org/#cors-preflight-request"""
    return wire.said.preflight and observation.method == b"OPTIONS"


def classify(
    observation: Observation, wire: RequestHeaders, *, follows_cors: bool, engine: Engine = FETCH
) -> Classified:
    """The role of a request of one engine; `follows_cors`: after a redirect of, or a preflight for, a cors request."""
    origin, mode = wire.said.origin, wire.said.mode
    if mode is not None and mode != b"cors":
        return Classified(_MODES.get(mode, Role.NO_CORS), origin)
    if wire.get(b"upgrade", b"").lower() == b"websocket" or b"sec-websocket-key" in wire:
        return Classified(Role.WEBSOCKET, origin)
    if origin is None or origin == observation.url.origin:
        return Classified(Role.SAME_ORIGIN, origin)
    if engine.preflights_all and not follows_cors:
        return Classified(Role.NO_CORS, origin)
    if origin.startswith(_EXTENSIONS):
        return Classified(Role.ACTUAL, origin, (Assumption.EXTENSION,))
    if _was_led_elsewhere(wire, origin):
        return Classified(Role.SAME_ORIGIN, origin, (Assumption.LED_ELSEWHERE,))
    if mode is None and not follows_cors and b" Electron/" in wire.said.user_agent:
        # shell/common/api/electron_api_url_loader.cc: Origin is a header like any other, and the mode no-cors
        return Classified(Role.ACTUAL, origin, (Assumption.ELECTRON,))
    if mode is not None or follows_cors or observation.method != b"POST":
        return Classified(Role.ACTUAL, origin)  # only a cors request puts an Origin on GET and HEAD
    return _unmarked_post(wire, origin, engine)


def _was_led_elsewhere(wire: RequestHeaders, origin: str) -> bool:
    """Whether the browser asked its page's own origin, as it says itself, or else the proxy that led it elsewhere.

    Chromium, 138 at least, says so also of a fetch that other origins redirected back: its origin is `null` then.
    """
    if origin == OPAQUE:
        return False
    site = wire.get(b"sec-fetch-site")
    if site is not None:
        return site == b"same-origin"
    asked = wire.get(b"x-forwarded-host")
    if asked is None:
        return False
    scheme, _, host = origin.partition("://")
    told = normalize(wire.get(b"x-forwarded-proto", b"")).split(",")[0].strip()
    return normalize(asked).split(",")[0].strip().lower() == host and told.lower() in ("", scheme)


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
