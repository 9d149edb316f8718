"""A policy: whom it concerns, what it allows, and how it answers.

Law 1: a policy without origins says nothing of CORS: it only edits headers, and the server's own answer counts.
Law 2: what a policy says (`refusal`) is told from its entries alone, never from the headers that it writes; that both
agree is what the tests prove.
Law 3: of the policies in mode `rewrite` that match a request, the first that speaks of CORS decides; those that only
edit headers come on top, all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from cors_addon.fetch.checks import AUTHORIZATION, Asked, Rules
from cors_addon.fetch.embedder_policy import EmbedderPolicy
from cors_addon.fetch.methods import CORS_SAFELISTED
from cors_addon.fetch.names import EMBEDDER_POLICY, OPENER_POLICY, RESOURCE_POLICY
from cors_addon.fetch.refusals import Reason, Stage
from cors_addon.fetch.resource_policy import ResourcePolicy
from cors_addon.policy.origins import Origins


class Mode(StrEnum):
    """Whether a policy is applied, tried in the shadow, or off."""

    REWRITE = "rewrite"
    SHADOW = "shadow"
    OFF = "off"


class Preflights(StrEnum):
    """Who answers a preflight."""

    ANSWER = "answer"
    """Answered in the proxy; the server is never asked."""
    REWRITE = "rewrite"
    """The server is asked, its answer rewritten, the status included."""
    FORWARD = "forward"
    """The server's answer counts."""


class Preset(StrEnum):
    """Policies in one word."""

    ALLOW = "allow"
    """This origin, these methods and headers, credentials included: whatever is asked for."""
    STRIP = "strip"
    """As if the server knew nothing of CORS."""
    STRICT = "strict"
    """Nothing but what is listed; no wildcards, nothing kept in the preflight cache."""


class Others(StrEnum):
    """How origins are treated that the policy does not list."""

    DENY = "deny"
    KEEP = "keep"
    """The server's own answer counts for them."""


class OpenerPolicy(StrEnum):
    """https://html.spec.whatwg.org/multipage/browsers.html#cross-origin-opener-policy-value"""

    UNSAFE_NONE = "unsafe-none"
    SAME_ORIGIN_ALLOW_POPUPS = "same-origin-allow-popups"
    SAME_ORIGIN = "same-origin"
    NOOPENER_ALLOW_POPUPS = "noopener-allow-popups"


class Names(NamedTuple):
    """Methods or header names."""

    listed: tuple[str, ...] = ()
    any: bool = False
    """`*`."""
    reflect: bool = False
    """For exposed headers: all that the answer has, each by its name."""


NO_NAMES = Names()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy, checked."""

    name: str
    filter: str = ""
    """A mitmproxy filter expression; empty: all requests."""
    mode: Mode = Mode.REWRITE
    preset: Preset | None = None
    preflight: Preflights = Preflights.ANSWER
    preflight_status: int = 204
    origins: Origins | None = None
    """None: nothing is said of CORS."""
    others: Others = Others.DENY
    methods: Names = NO_NAMES
    request_headers: Names = NO_NAMES
    """Names in lower case."""
    expose_headers: Names = NO_NAMES
    """Names in lower case."""
    credentials: bool = False
    max_age: int | None = None
    private_network: bool = False
    corp: ResourcePolicy | None = None
    """Of these three None: nothing is said of it."""
    coep: EmbedderPolicy | None = None
    coop: OpenerPolicy | None = None
    set: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    remove: tuple[str, ...] = ()
    comments: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), compare=False)
    """Comments for the file, by `key` or `key.entry`."""

    @property
    def strips(self) -> bool:
        """Whether it takes every CORS header away."""
        return self.preset is Preset.STRIP

    @property
    def sets(self) -> Mapping[str, str]:
        """All response headers that it sets by name, those that have a key of their own first."""
        if self.corp is None and self.coep is None and self.coop is None:
            return self.set
        own = ((RESOURCE_POLICY, self.corp), (EMBEDDER_POLICY, self.coep), (OPENER_POLICY, self.coop))
        return {**{name: value.value for name, value in own if value is not None}, **self.set}

    @property
    def edits(self) -> bool:
        """Whether it sets or removes headers by name."""
        return bool(self.sets or self.remove)

    @property
    def speaks_of_cors(self) -> bool:
        """Whether it decides, rather than only edit."""
        return self.strips or self.origins is not None

    def concerns(self, origin: str | None) -> bool:
        """Whether it decides for this origin, rather than leave it to the server."""
        if not self.speaks_of_cors:
            return False
        return self.others is Others.DENY or origin is None or self.origins is None or self.origins.allow(origin)

    def refusal(self, stage: Stage, asked: Asked, rules: Rules) -> Reason | None:
        """What a browser that follows `rules` will find at fault with the answer, None where it is allowed.

        For a preflight the server's own answer counts where the policy forwards it; that is not told here.
        """
        origins = self.origins
        if origins is None or not origins.allow(asked.origin):
            return Reason.ALLOW_ORIGIN_MISSING
        if asked.credentialed:
            if origins.any:
                return Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS
            if not self.credentials:
                return Reason.ALLOW_CREDENTIALS_NOT_TRUE
        if stage is not Stage.PREFLIGHT:
            return None
        if not self._allows_method(asked):
            return Reason.METHOD_NOT_ALLOWED
        if not all(self._allows_header(name, asked, rules) for name in asked.headers):
            return Reason.HEADER_NOT_ALLOWED
        return None

    def _allows_method(self, asked: Asked) -> bool:
        if asked.method in CORS_SAFELISTED or asked.method in self.methods.listed:
            return True
        return self.methods.any and (self.credentials or not asked.credentialed)

    def _allows_header(self, name: str, asked: Asked, rules: Rules) -> bool:
        if name in self.request_headers.listed:
            return True
        if not self.request_headers.any:
            return False
        if self.credentials:  # then the names asked for are repeated, for a `*` would be none
            return True
        return not asked.credentialed and (name != AUTHORIZATION or rules.wildcard_covers_authorization)


ALL = Names(any=True)

_PRESETS: dict[Preset, Policy] = {
    Preset.ALLOW: Policy(
        name="allow",
        preset=Preset.ALLOW,
        origins=Origins(reflect=True, listed=("reflect",)),
        methods=ALL,
        request_headers=ALL,
        expose_headers=Names(reflect=True),
        credentials=True,
        max_age=0,
        private_network=True,
    ),
    Preset.STRIP: Policy(name="strip", preset=Preset.STRIP, preflight=Preflights.REWRITE),
    Preset.STRICT: Policy(name="strict", preset=Preset.STRICT, origins=Origins(), max_age=0),
}


def preset(which: Preset, name: str | None = None) -> Policy:
    """The policy that a preset stands for."""
    return replace(_PRESETS[which], name=which.value if name is None else name)


def with_mode(policy: Policy, mode: Mode) -> Policy:
    """The same policy in another mode."""
    return replace(policy, mode=mode)
