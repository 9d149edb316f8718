"""Where judgements go: a list of sinks, each of which takes every judgement.

Law: a sink never raises for what is wrong with its output: it says so once, and takes no more.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Protocol

from mitmproxy import ctx, http

from cors_addon.exchange.model import Judgement
from cors_addon.exchange.writing import note_shadow
from cors_addon.proxy import internals
from cors_addon.proxy.judged_flows import JudgedFlows
from cors_addon.proxy.rewriting import Policies
from cors_addon.proxy.settings import Annotate


class Sink(Protocol):
    """Something that takes judgements."""

    takes_probes: bool
    """Whether it also takes requests of `cors.probe`, which are no traffic of a page."""

    def write(self, judgement: Judgement, flow: http.HTTPFlow | None) -> None:
        """Take a judgement; `flow` is the one that is judged just now, and None for a later revision."""

    def close(self) -> None:
        """There will be no more."""


@cache
def _annotate() -> Callable[[http.HTTPFlow, Judgement, Annotate], None]:
    from cors_addon.proxy.annotate import annotate  # takes a while to import: of use once there is traffic

    return annotate


class Annotations:
    """The sink that writes on the flows themselves."""

    takes_probes = False  # they are written on by `probed`

    def __init__(self, flows: JudgedFlows, policies: Policies) -> None:
        self._flows = flows
        self._policies = policies
        self.what = Annotate.ALL
        self.has_view = True
        """Flows stay with mitmproxy, and people look at them; mitmdump lets go of each as it is done."""
        self.stale: list[http.HTTPFlow] = []
        """Flows that people see otherwise than they now are."""

    def write(self, judgement: Judgement, flow: http.HTTPFlow | None) -> None:
        """Write on the flow, if mitmproxy still has it."""
        if flow is None:
            if not self.has_view:
                return
            flow = self._flows.seen(judgement.observation.flow_id)
            if flow is None or flow.is_replay == "request":
                return
            self.stale.append(flow)
        if self.has_view:
            self._flows.remember(flow, judgement)
        if self._policies.tries:
            note_shadow(judgement, self._policies.in_shadow(flow, judgement))
        _annotate()(flow, judgement, self.what)

    def probed(self, judgement: Judgement, flow: http.HTTPFlow, comment: str) -> None:
        """Write on a request of `cors.probe`."""
        if self.has_view:
            self._flows.remember(flow, judgement)
        from cors_addon.proxy.annotate import annotate_probe

        annotate_probe(flow, judgement, comment, self.what)

    def refresh(self) -> None:
        """Have the front end show what was revised."""
        stale, self.stale = self.stale, []
        internals.refresh(ctx.master, stale)

    def close(self) -> None:
        """What is written on flows stays."""


class Publisher:
    """Gives every judgement to every sink: first to the flow itself, then to those in the order they were added."""

    def __init__(self, annotations: Annotations) -> None:
        self.annotations = annotations
        self._sinks: list[Sink] = [annotations]

    def __iter__(self) -> Iterator[Sink]:
        return iter(self._sinks)

    def add(self, sink: Sink) -> None:
        """From now on give judgements to this one, too."""
        self._sinks.append(sink)

    def remove(self, sink: Sink) -> None:
        """Give it no more."""
        self._sinks = [each for each in self._sinks if each is not sink]

    def publish(self, judgements: Iterable[Judgement], current: http.HTTPFlow | None = None) -> None:
        """Give judgements to all; `current` is the flow that is judged just now."""
        sinks = self._sinks
        current_id = None if current is None else current.id
        for judgement in judgements:
            flow = current if judgement.observation.flow_id == current_id else None
            for sink in sinks:
                sink.write(judgement, flow)
        if self.annotations.stale:
            self.annotations.refresh()

    def probed(self, judgement: Judgement, flow: http.HTTPFlow, comment: str) -> None:
        """A request of `cors.probe` was answered."""
        self.annotations.probed(judgement, flow, comment)
        for sink in self._sinks:
            if sink.takes_probes:
                sink.write(judgement, flow)

    def close(self) -> None:
        """Close all; what fails to keeps none of the others from it."""
        failed: list[Exception] = []
        for sink in self._sinks:
            try:
                sink.close()
            except Exception as error:
                failed.append(error)
        self._sinks = [self.annotations]
        if failed:
            raise failed[0]
