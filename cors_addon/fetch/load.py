"""A load: what a page asked for, what came, and the shape of the rules that decide whether it gets that.

Law 1: a load was sent, so nothing kept its request from being sent; only what a redirect leads to is asked again.
Law 2: the order of the steps is data (`GateRules`), because browsers report the first that fails, and engines differ.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from cors_addon.fetch import csp, mime, orb
from cors_addon.fetch.embedder_policy import EmbedderPolicy, IsolationPolicy
from cors_addon.fetch.markup import Element
from cors_addon.fetch.mixed_content import Upgrades
from cors_addon.fetch.origins import OPAQUE, Target, Url

type Fields = tuple[tuple[bytes, bytes], ...]


class Gate(StrEnum):
    """What stopped a load: the values of the JSON field `blocked_by`."""

    CORS = "cors"
    CORP = "corp"
    COEP = "coep"
    ORB = "orb"
    NOSNIFF = "nosniff"
    MIME = "mime"
    CSP = "csp"
    MIXED_CONTENT = "mixed-content"
    SRI = "sri"
    FRAME_OPTIONS = "frame-options"
    FRAME_ANCESTORS = "frame-ancestors"
    LOCAL_NETWORK = "local-network"
    NETWORK = "network"
    OTHER = "other"


class Block(NamedTuple):
    """What stopped a load."""

    gate: Gate
    detail: str | None = None
    """The offending value: a header as sent, a directive, a type, a URL. None where it is absent."""
    header: str | None = None
    """The response header whose value, or absence, decided; of the answer, or for CSP and integrity of the page."""


class Destination(StrEnum):
    """What a response is for: the standard's destinations, and the ways of loading that it tells apart otherwise.

    https://fetch.spec.whatwg.org/#concept-request-destination
    """

    AUDIO = "audio"
    AUDIO_WORKLET = "audioworklet"
    DOCUMENT = "document"
    EMBED = "embed"
    EMPTY = ""
    EVENT_SOURCE = "event-source"
    FONT = "font"
    FRAME = "frame"
    IFRAME = "iframe"
    IMAGE = "image"
    IMPORT_SCRIPTS = "import-scripts"
    JSON = "json"
    MANIFEST = "manifest"
    MODULE = "module"
    OBJECT = "object"
    PAINT_WORKLET = "paintworklet"
    PREFETCH = "prefetch"
    SCRIPT = "script"
    SERVICE_WORKER = "serviceworker"
    SHARED_WORKER = "sharedworker"
    STYLE = "style"
    TRACK = "track"
    VIDEO = "video"
    WORKER = "worker"
    XSLT = "xslt"


WORKLETS = frozenset({Destination.AUDIO_WORKLET, Destination.PAINT_WORKLET})
_SCRIPTS = frozenset({Destination.JSON, Destination.MODULE, Destination.SCRIPT}) | WORKLETS
FRAMES = frozenset({Destination.EMBED, Destination.FRAME, Destination.IFRAME, Destination.OBJECT})
WORKERS = frozenset({Destination.SERVICE_WORKER, Destination.SHARED_WORKER, Destination.WORKER})


class Page(NamedTuple):
    """The document, or the worker, that a load belongs to: what its own response said."""

    url: Url
    embedder: EmbedderPolicy = EmbedderPolicy.UNSAFE_NONE
    isolation: IsolationPolicy = IsolationPolicy.NONE
    policies: tuple[csp.Policy, ...] = ()
    quirks: bool = False
    worker: bool = False
    reported: EmbedderPolicy = EmbedderPolicy.UNSAFE_NONE
    """The embedder policy that it only wants to be told of."""
    owner_upgrades: bool = False
    """The page that made this worker has `upgrade-insecure-requests`."""

    @property
    def upgrades(self) -> bool:
        """Whether it has `upgrade-insecure-requests` itself."""
        return any("upgrade-insecure-requests" in policy for policy in self.policies)

    @property
    def opaque(self) -> bool:
        """Whether its headers put it into a sandbox, where its origin is no longer its URL's; `<meta>` cannot.

        https://w3c.github.io/webappsec-csp/#sandbox-init
        """
        return any(
            "sandbox" in policy and "allow-same-origin" not in map(str.lower, policy["sandbox"])
            for policy in self.policies
        )

    @property
    def origin(self) -> str:
        """Its origin, serialized."""
        return OPAQUE if self.policies and self.opaque else self.url.origin


class Load(NamedTuple):
    """One request of a page."""

    url: Url
    origin: str
    """Of the page, serialized; empty where that is not known."""
    destination: Destination | None
    """None where nothing tells."""
    mode: str
    """The request's mode. https://fetch.spec.whatwg.org/#concept-request-mode"""
    site: Callable[[str], str]
    """Maps a host to its registrable domain."""
    page: Page | None = None
    """None where its document was not seen: then it demands nothing."""
    element: Element | None = None
    """The element of the page's markup that loads this URL, where there is one."""
    tainted: bool = False
    """The fetch has been at another origin than the page's."""
    redirected: bool = False
    """A frame's: another URL led here."""
    ancestors: tuple[str, ...] = ()
    """Origins of the documents that the page itself is framed in, as far as they were seen: its parent's first."""

    @property
    def named(self) -> str:
        """The URL as the page names it: of a WebSocket by its own scheme, whose handshake is a request of http."""
        return str(self.url).replace("http", "ws", 1) if self.mode == "websocket" else str(self.url)

    @property
    def opaque(self) -> bool:
        """Whether the page gets an opaque response. https://fetch.spec.whatwg.org/#concept-filtered-response-opaque"""
        return self.mode == "no-cors" and (self.tainted or self.origin != self.url.origin)

    @property
    def frame(self) -> bool:
        """Whether the answer becomes a document within the page."""
        return self.destination in FRAMES


class Arrival(NamedTuple):
    """What came."""

    status: int
    fields: Fields
    read: orb.ReadBody
    """Reads the body."""
    target: Target | None = None
    """Where a redirect leads."""
    own_kind: str | None = None
    """What the engine makes of Content-Type, where that is something of its own."""

    @property
    def kind(self) -> str:
        """What Content-Type says, see `mime.declared`."""
        return mime.declared(self.fields) if self.own_kind is None else self.own_kind

    @property
    def nosniff(self) -> bool:
        """See `mime.is_nosniff`."""
        return mime.is_nosniff(self.fields)


type Step = Callable[["GateRules", Load, Arrival], Block | None]


@dataclass(frozen=True, eq=False)
class GateRules:
    """How one engine (by default the standards) checks an answer."""

    redirect_steps: tuple[Step, ...] = ()
    frame_steps: tuple[Step, ...] = ()
    other_steps: tuple[Step, ...] = ()
    """For what is no redirect and no frame."""
    opaque_check: orb.Check | None = orb.check
    kind_of: Callable[[Fields], str] | None = None
    """Another way to read Content-Type."""
    knows_credentialless: bool = True
    """`Cross-Origin-Embedder-Policy: credentialless` means something."""
    knows_isolation_policy: bool = False
    """Document-Isolation-Policy means something."""
    fails_by_status: frozenset[Destination] = field(
        default_factory=lambda: (
            frozenset({Destination.IMPORT_SCRIPTS, Destination.JSON, Destination.MODULE}) | WORKERS | WORKLETS
        )
    )
    """An answer that is not ok fails these loads for its status, before its type is looked at."""
    object_directives: tuple[str, ...] = ("object-src",)
    """Which directives are asked for `<object>` and `<embed>`."""
    hints_by_any: bool = True
    """A prefetch may go wherever any directive lets some load go."""
    sources: csp.Matching = csp.STANDARD
    """How the sources of a content security policy match."""
    ancestors_paths: bool = True
    """The path of a source of frame-ancestors counts."""
    ancestors_paths_redirected: bool = True
    """It does after a redirect, too."""
    types_before_cors: bool = False
    """A script's type, and `nosniff`, are asked before CORS is."""
    upgrades: Upgrades = Upgrades()  # noqa: RUF009  # a tuple
    """What is done where a redirect of an https page's load leads to http."""

    def check(self, load: Load, arrival: Arrival) -> Block | None:
        """The first step that fails, or None where the page gets what it asked for."""
        if self.kind_of is not None:
            arrival = arrival._replace(own_kind=self.kind_of(arrival.fields))
        if arrival.target is not None:
            steps = self.redirect_steps
        else:
            steps = self.frame_steps if load.frame else self.other_steps
        for step in steps:
            block = step(self, load, arrival)
            if block is not None:
                return block
        return None

    def precedes_cors(self, load: Load, block: Block) -> bool:
        """Whether this stops a load before CORS is asked, which then says nothing."""
        is_of_type = block.gate is Gate.NOSNIFF or (block.gate is Gate.MIME and load.destination in _SCRIPTS)
        return self.types_before_cors and load.mode == "cors" and is_of_type

    def embedder(self, page: Page | None) -> EmbedderPolicy:
        """What a page's embedder policy means to the engine."""
        policy = EmbedderPolicy.UNSAFE_NONE if page is None else page.embedder
        if policy is EmbedderPolicy.CREDENTIALLESS and not self.knows_credentialless:
            return EmbedderPolicy.UNSAFE_NONE
        return policy
