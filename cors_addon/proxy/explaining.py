"""The explanation of a flow: of its judgement, or of one made now where the flow was not judged as it is."""

from collections.abc import Callable, Iterator

from mitmproxy import ctx, exceptions, http

from cors_addon.exchange.model import Judgement, Observation
from cors_addon.flows import translate
from cors_addon.proxy import choosing, internals
from cors_addon.proxy.faults import Faults
from cors_addon.proxy.judged_flows import JudgedFlows
from cors_addon.report.marks import WIDTH
from cors_addon.session.session import judge_one, judge_replayed


class Explaining:
    """Explains flows, and judges those that need it."""

    def __init__(self, flows: JudgedFlows, engine: Callable[[], str], faults: Faults) -> None:
        """`engine` gives the browser engine to judge as."""
        self._flows = flows
        self._engine = engine
        self._faults = faults
        self.page: Callable[[], str] = lambda: ""
        """Gives the origin of the live page; empty where there is none."""
        self.of_page: Callable[[http.HTTPFlow, int], list[str]] = lambda _flow, _width: []
        """What is to be said of a page beside what CORS has to."""

    def explain(self, flow: http.HTTPFlow, width: int = WIDTH) -> str:
        """The whole explanation; where the tracker did not see this flow as it now is, the flow is judged afresh."""
        try:
            from cors_addon.report.explanation import Surroundings, explain, nothing_to_say  # takes a while to import

            judgement, note = self._judged(flow)
            page = self.of_page(flow, width)
            more = "\n".join(["", *page, ""]) if page else ""
            if judgement is None:
                return nothing_to_say(note) + more
            error = "" if flow.error is None else flow.error.msg or ""
            hint = "" if error else _hint(flow)
            whole = explain(judgement, Surroundings(note, self._flows.body_of, error, hint), width=width)
            return whole + "".join(f"{line}\n" for line in self._elsewhere(judgement, width)) + more
        except Exception as error:
            self._faults.report(error)
            raise exceptions.CommandError(f"cors_addon failed to explain this flow: {error!r}") from error

    def _elsewhere(self, judgement: Judgement, width: int) -> Iterator[str]:
        """Where the live page shows it, and tells more."""
        page = self.page()
        if not page or judgement.stage is None:
            return
        from cors_addon.report.layout import paragraph
        from cors_addon.report.text import in_question

        yield ""
        yield from paragraph("live", f"{page}/#flow={judgement.observation.flow_id}", width)
        refusal = in_question(judgement).refusal
        if refusal is not None:
            yield from paragraph("more", f"{page}/help/{refusal.reason}", width)

    def judgement_of(self, flow: http.HTTPFlow) -> Judgement | None:
        """The judgement on a flow as it now is; None where there is nothing to judge."""
        return self._judged(flow)[0]

    def known_or_made(self, flow: http.HTTPFlow) -> Judgement | None:
        """The judgement that was found for a flow, whatever became of the flow; else one made now."""
        return self._flows.judgement(flow) or self.judgement_of(flow)

    def _judged(self, flow: http.HTTPFlow) -> tuple[Judgement | None, str]:
        known = self._flows.judgement(flow)
        seen = translate.observation(flow)
        if known is not None:
            if flow.is_replay == "request" or _same(known.observation, seen):
                return known, ""
            chain = [each.observation for each in known.chain]
            note = "edited since the browser saw it: judged as it is now"
            return judge_one(seen, chain, self._engine()), note
        others = [self._flows.find(flow_id) for flow_id in self._flows.fetch_of(flow) if flow_id != flow.id]
        rest = [translate.observation(other) for other in others if other is not None]
        note = "not judged when it was loaded: judged now, from " + (
            f"it and {len(rest)} more of its fetch" if rest else "this flow alone"
        )
        if flow.is_replay == "request":
            return judge_replayed(seen, self._engine()), note
        return judge_one(seen, rest, self._engine()), note


def _hint(flow: http.HTTPFlow) -> str:
    if internals.in_console(ctx.master):
        return ":cors.allow @focus   (until mitmproxy ends)"
    return f"cors.allow {choosing.filter_for(flow)}   (until mitmproxy ends)"


def _same(one: Observation, other: Observation) -> bool:
    """Whether two observations show the same exchange."""
    return (one.status, one.response, one.request, one.method) == (
        other.status,
        other.response,
        other.request,
        other.method,
    )
