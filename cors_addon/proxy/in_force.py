"""Policies ready to use: their filters compiled, the one that a flow gets, and filters for its server."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mitmproxy import http

from cors_addon.fetch.origins import Url
from cors_addon.flows import translate
from cors_addon.policy.filters import literal, quoted
from cors_addon.policy.model import Policy
from cors_addon.policy.rewrite import Rewriter
from cors_addon.proxy import filters, matching
from cors_addon.proxy.matching import Reads

_MAX_CHOICES = 1024

type Match = Callable[[http.HTTPFlow], bool]


@dataclass(frozen=True, slots=True)
class InForce:
    """A policy, ready to use."""

    policy: Policy
    rewriter: Rewriter
    match: Match | None
    """None: every flow."""

    def matches(self, flow: http.HTTPFlow) -> bool:
        """Whether the policy's filter matches."""
        return self.match is None or bool(self.match(flow))


class Choice(NamedTuple):
    """The policies that a flow gets."""

    deciding: InForce | None
    """The first that speaks of CORS and matches."""
    editing: tuple[InForce, ...]
    """Those that match and only edit."""


NO_CHOICE = Choice(None, ())


def in_force(policy: Policy) -> InForce:
    """Compile a policy's filter."""
    return InForce(policy, Rewriter(policy), filters.compiled(policy.filter) if policy.filter else None)


class Chooser:
    """Chooses for flows among the policies that rewrite."""

    def __init__(self) -> None:
        self.deciding: tuple[InForce, ...] = ()
        """Those that speak of CORS, in the order in which they are tried."""
        self.editing: tuple[InForce, ...] = ()
        self.reads = Reads.NOTHING
        """How much all filters in force read of a flow."""
        self._always = NO_CHOICE
        self._choices: dict[tuple[object, ...], Choice] = {}
        """Where the filters read no more than a request's target: by that."""

    def among(self, rewriting: Sequence[InForce]) -> None:
        """Choose among these from now on."""
        self.deciding = tuple(each for each in rewriting if each.policy.speaks_of_cors)
        self.editing = tuple(each for each in rewriting if not each.policy.speaks_of_cors)
        self.reads = max((matching.reads(each.match) for each in rewriting), default=Reads.NOTHING)
        self._choices.clear()
        self._always = Choice(self.deciding[0], self.editing) if self.deciding else Choice(None, self.editing)

    def decide(self, flow: http.HTTPFlow) -> InForce | None:
        """The first policy that speaks of CORS and matches."""
        return next((each for each in self.deciding if each.matches(flow)), None)

    def choose(self, flow: http.HTTPFlow) -> Choice:
        """The policies that match. Where their filters read only the request's target, known for each target."""
        read = self.reads
        if read is Reads.NOTHING:
            return self._always
        if read > Reads.TARGET:
            return self._choose(flow)
        key = matching.target(flow, read)
        choice = self._choices.get(key)
        if choice is None:
            if len(self._choices) >= _MAX_CHOICES:
                self._choices.clear()
            choice = self._choices[key] = self._choose(flow)
        return choice

    def _choose(self, flow: http.HTTPFlow) -> Choice:
        deciding = self.decide(flow)
        editing = tuple(each for each in self.editing if each.matches(flow))
        return NO_CHOICE if deciding is None and not editing else Choice(deciding, editing)


def scope(url: Url) -> str:
    """A filter for a server: for its host; where its port is not the scheme's own, for that origin alone."""
    if url.origin.endswith(url.host):  # the port is the scheme's own
        return "~d " + quoted(f"^{literal(url.host)}$")
    return "~u " + quoted(f"^{literal(url.origin)}/")


def scope_of(flow: http.HTTPFlow) -> str:
    """A filter for all of the server that this flow went to; it matches the flow itself, by whatever name it goes."""
    return matching_filter(scope(translate.url(flow)), flow)


def matching_filter(wanted: str, flow: http.HTTPFlow) -> str:
    """The filter that is wanted for the server of this flow, if it matches; else one for it as mitmproxy calls it."""
    if filters.compiled(wanted)(flow):
        return wanted
    # reverse mode knows the server by another address, and mitmproxy decodes international names
    origin = re.match(r"[a-z]+://[^/]*", flow.request.pretty_url)
    return "~u " + quoted(f"^{literal(origin[0] if origin else flow.request.pretty_url)}/")
