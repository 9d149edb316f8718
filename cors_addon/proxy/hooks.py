"""The hooks by which policies come to rewrite.

Law 1: the edits of others are under ours. The addon is called in its place among all addons, where it only notes the
flow; it is dealt with in `update`, which mitmproxy calls for a flow as soon as all addons have had a hook.
Law 2: no addon of its own at the end of mitmproxy's chain would do: mitmproxy asks each addon at each of the eight
events of a request, for more than all that `modify_headers` costs.
Law 3: a hook that need not exist is the cheapest: `update` is there only while a flow is noted.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from mitmproxy import flow as mitm
from mitmproxy import http

from cors_addon.flows.translate import PROBE

_MANY = 64
"""Flows noted at a time from which on those are looked for that ended without an `update`."""

type Work = Callable[[http.HTTPFlow], Awaitable[None] | None]


class _Policies(Protocol):
    """What is to be done with a flow once all addons have had the hook, if anything."""

    def on_connect(self, flow: http.HTTPFlow) -> Work | None: ...
    def on_request(self, flow: http.HTTPFlow) -> Work | None: ...
    def on_head(self, flow: http.HTTPFlow) -> Work | None: ...


class Hooks:
    """What mitmproxy calls while an answer may be rewritten."""

    def __init__(self, policies: _Policies, namespace: dict[str, Any]) -> None:
        """`namespace` is that of the addon, an object's or a module's: what stands in it under its name is a hook."""
        self._policies = policies
        self.namespace = namespace
        self._due: list[tuple[http.HTTPFlow, Work]] = []

    def refresh(self, *, rewriting: bool, deciding: bool) -> None:
        """Be there as far as needed: where an answer may be rewritten, and where a policy speaks of CORS."""
        wanted = {
            "http_connect": (self.http_connect, deciding),
            "request": (self.request, deciding),
            "responseheaders": (self.responseheaders, rewriting),
        }
        for name, (hook, is_needed) in wanted.items():
            if is_needed:
                self.namespace[name] = hook
            else:
                self.namespace.pop(name, None)

    def move(self, namespace: dict[str, Any]) -> None:
        """Another addon's namespace from now on."""
        for name in ("http_connect", "request", "responseheaders", "update"):
            if name in self.namespace:
                namespace[name] = self.namespace.pop(name)
        self.namespace = namespace

    def http_connect(self, flow: http.HTTPFlow) -> None:
        """A tunnel is asked for."""
        work = self._policies.on_connect(flow)
        if work is not None:
            self._note(flow, work)

    def request(self, flow: http.HTTPFlow) -> None:
        """The request is whole."""
        if flow.live and flow.error is None and PROBE not in flow.metadata:
            work = self._policies.on_request(flow)
            if work is not None:
                self._note(flow, work)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """The head of the answer is there, and nothing of it was sent on yet."""
        if flow.live and flow.error is None and PROBE not in flow.metadata:
            work = self._policies.on_head(flow)
            if work is not None:
                self._note(flow, work)

    def _note(self, flow: http.HTTPFlow, work: Work) -> None:
        if len(self._due) >= _MANY:
            self._due = [each for each in self._due if each[0].live]
        self._due.append((flow, work))
        self.namespace["update"] = self.update

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
        if not due:
            self.namespace.pop("update", None)
        return waits
