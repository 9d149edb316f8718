"""The hooks by which policies come to rewrite.

Law 1: the edits of others are under ours. The addon is called in its place among all addons, where it only notes the
flow; it is dealt with in `update`, which mitmproxy calls for a flow as soon as all addons have had a hook.
Law 2: no addon of its own at the end of mitmproxy's chain would do: mitmproxy asks each addon at each of the eight
events of a request, for more than all that `modify_headers` costs.
Law 3: a hook that need not exist is the cheapest: `update` is there only while a flow is noted.
Where mitmproxy does not call `update` so, or no hook that comes later, the first and the third are given up: see
`internals`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import reduce
from typing import Any, Protocol

from mitmproxy import flow as mitm
from mitmproxy import http

from cors_addon.flows.translate import PROBE
from cors_addon.proxy import internals

_MANY = 64
"""Flows noted at a time from which on those are looked for that ended without an `update`."""

type Work = Callable[[http.HTTPFlow], Awaitable[None] | None]
type Hook = Callable[[http.HTTPFlow], Awaitable[None] | None]


class _Policies(Protocol):
    """What is to be done with a flow once all addons have had the hook, if anything."""

    def on_connect(self, flow: http.HTTPFlow) -> Work | None: ...
    def on_request(self, flow: http.HTTPFlow) -> Work | None: ...
    def on_head(self, flow: http.HTTPFlow) -> Work | None: ...


class Hooks:
    """What mitmproxy calls while an answer may be rewritten."""

    def __init__(self, policies: _Policies, namespace: dict[str, Any]) -> None:
        """`namespace` is that of the addon: what stands in it under the name of a hook is one."""
        self._policies = policies
        self.namespace = namespace
        self._rewriting = self._deciding = False
        self._stay = not internals.late_hooks.works
        """mitmproxy calls no hook that comes later: so all are there from the start."""
        self._at_once = not internals.update_hook.works
        """mitmproxy does not say when all addons have had a hook: so flows are dealt with in our turn."""
        self._due: list[tuple[http.HTTPFlow, Work]] = []
        self._own: dict[str, Hook] = {}
        self._first: Mapping[str, Hook] = {}
        self._noting: dict[str, Hook] = {}
        self._placed: set[str] = set()
        if self._stay:
            self.refresh(rewriting=False, deciding=False)
            self.namespace["update"] = self.update

    def refresh(self, *, rewriting: bool, deciding: bool) -> None:
        """Be there as far as needed: where an answer may be rewritten, and where a policy speaks of CORS."""
        self._rewriting, self._deciding = rewriting, deciding
        wanted = {
            "http_connect": (self.http_connect, deciding),
            "request": (self.request, deciding),
            "responseheaders": (self.responseheaders, rewriting),
        }
        for name, (hook, is_needed) in wanted.items():
            if is_needed or self._stay:
                self._own[name] = hook
            else:
                self._own.pop(name, None)
            self._place(name)

    def lead(self, first: Mapping[str, Hook], then: Mapping[str, Hook]) -> None:
        """Have hooks of another feature called before those of the same names here; there they stay.

        `then`: hooks that the addon always has, of such names.
        """
        self._first = first
        self._own.update(then)
        for name in first:
            self._place(name)

    def note(self, name: str, hook: Hook | None) -> None:
        """Have a hook called before all others of its name, which only looks; None: no longer."""
        if hook is None:
            self._noting.pop(name, None)
        else:
            self._noting[name] = hook
        self._place(name)

    def keep(self, name: str, hook: Hook | None) -> None:
        """Have a hook of a name that policies need none of; None: no longer."""
        if hook is None:
            self._own.pop(name, None)
        else:
            self._own[name] = hook
        self._place(name)

    def _place(self, name: str) -> None:
        hooks = [each[name] for each in (self._noting, self._first, self._own) if name in each]
        if not hooks:
            self._placed.discard(name)
            self.namespace.pop(name, None)
        else:
            self._placed.add(name)
            self.namespace[name] = reduce(_both, hooks)

    def move(self, namespace: dict[str, Any]) -> None:
        """Be in another namespace from now on."""
        for name in (*self._placed, "update"):
            if name in self.namespace:
                namespace[name] = self.namespace.pop(name)
        self.namespace = namespace

    def http_connect(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        """A tunnel is asked for."""
        work = self._policies.on_connect(flow) if self._deciding else None
        return None if work is None else self._note(flow, work)

    def request(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        """The request is whole."""
        if self._deciding and flow.live and flow.error is None and PROBE not in flow.metadata:
            work = self._policies.on_request(flow)
            if work is not None:
                return self._note(flow, work)
        return None

    def responseheaders(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        """The head of the answer is there, and nothing of it was sent on yet."""
        if self._rewriting and flow.live and flow.error is None and PROBE not in flow.metadata:
            work = self._policies.on_head(flow)
            if work is not None:
                return self._note(flow, work)
        return None

    def _note(self, flow: http.HTTPFlow, work: Work) -> Awaitable[None] | None:
        if self._at_once:
            return work(flow)
        if len(self._due) >= _MANY:
            self._due = [each for each in self._due if each[0].live]
        self._due.append((flow, work))
        self.namespace["update"] = self.update
        return None

    def update(self, flows: Sequence[mitm.Flow]) -> Awaitable[None] | None:
        """All addons have had a hook."""
        due = self._due
        waits = None
        for place, (noted, work) in enumerate(due):
            if noted in flows:
                del due[place]
                if noted.live and noted.error is None:
                    waits = work(noted)
                break
        if not due and not self._stay:
            self.namespace.pop("update", None)
        return waits


def _both(first: Hook, then: Hook) -> Hook:
    """One after the other, for the same flow; what the first raises ends it."""

    def both(flow: http.HTTPFlow) -> Awaitable[None] | None:
        first(flow)
        return then(flow)

    return both
