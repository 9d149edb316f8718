"""The flows that were looked at, with the judgement each got, as long as mitmproxy keeps them."""

import weakref

from mitmproxy import ctx, http

from cors_addon.exchange.model import Judgement, Role
from cors_addon.proxy import internals

_SHORT_BODY = 16_384
"""Bytes of an answer's body, as sent, that a report looks into."""


class Seen(weakref.ref[http.HTTPFlow]):
    """A flow that was looked at, as long as mitmproxy keeps it, with the judgement it got."""

    __slots__ = ("flow_id", "judgement")
    flow_id: str
    judgement: Judgement | None


class JudgedFlows:
    """By flow id. Bounded by mitmproxy's own list: when it forgets a flow, so does this."""

    def __init__(self) -> None:
        self._seen: dict[str, Seen] = {}

    def remember(self, flow: http.HTTPFlow, judgement: Judgement | None) -> None:
        """Keep the judgement of a flow; None: it was seen, and may yet turn out to be part of a fetch."""
        seen = self._seen.get(flow.id)
        if seen is None or seen() is not flow:
            self._seen[flow.id] = seen = Seen(flow, self._forget)
            seen.flow_id = flow.id
        seen.judgement = judgement

    def _forget(self, seen: weakref.ref[http.HTTPFlow]) -> None:
        assert isinstance(seen, Seen)
        if self._seen.get(seen.flow_id) is seen:
            del self._seen[seen.flow_id]

    def seen(self, flow_id: str) -> http.HTTPFlow | None:
        """The flow of this id that was looked at, while it is there."""
        seen = self._seen.get(flow_id)
        return None if seen is None else seen()

    def judgement(self, flow: http.HTTPFlow) -> Judgement | None:
        """What was found for this very flow, not for an older one of the same id."""
        seen = self._seen.get(flow.id)
        return seen.judgement if seen is not None and seen() is flow else None

    def find(self, flow_id: str) -> http.HTTPFlow | None:
        """The flow of this id, also one that was never looked at."""
        flow = self.seen(flow_id)
        if flow is not None:
            return flow
        found = (internals.listed(ctx.master) or {}).get(flow_id)
        return found if isinstance(found, http.HTTPFlow) else None

    def judgements(self) -> list[Judgement]:
        """The judgements of the flows that mitmproxy still has; what it lists no longer may linger in memory."""
        known = [(seen(), seen.judgement) for seen in self._seen.values() if seen.judgement is not None]
        listed = internals.listed(ctx.master)
        return [
            judgement
            for flow, judgement in known
            if flow is not None and (listed is None or listed.get(flow.id) is flow)
        ]

    def is_judged(self, flow: http.HTTPFlow) -> bool:
        """Whether this is a CORS exchange, as far as that was found."""
        judgement = self.judgement(flow)
        if judgement is not None:
            return judgement.stage is not None
        return flow.metadata.get("cors.role") in ("preflight", "actual", "redirect")

    def is_refused(self, flow: http.HTTPFlow) -> bool:
        """Whether the page, or what loaded it, never got the answer: by CORS, or by what is asked after it."""
        judgement = self.judgement(flow)
        if judgement is not None:
            return judgement.block is not None and not judgement.contradicted
        return "cors.blocked_by" in flow.metadata and "cors.contradicted" not in flow.metadata

    def fetch_of(self, flow: http.HTTPFlow) -> list[str]:
        """Ids of the flows of one fetch, in order, this flow included."""
        judgement = self.judgement(flow)
        if judgement is not None:
            chain = [each.observation.flow_id for each in judgement.chain]
            apart = [flow_id for flow_id in judgement.paired_with if flow_id not in chain]
            # a cached preflight belongs to an earlier fetch, and what it permitted to later ones
            ids = chain + apart if judgement.role is Role.PREFLIGHT else apart + chain
        else:
            ids = str(flow.metadata.get("cors.pair", "")).split()
        return ids if flow.id in ids else [flow.id, *ids]

    def body_of(self, flow_id: str) -> bytes:
        """The body of the answer, as far as it is still here."""
        flow = self.find(flow_id)
        if flow is None or flow.response is None:
            return b""
        return flow.response.get_content(strict=False) or b""

    def short_body_of(self, flow_id: str) -> bytes:
        """For many flows at once: what is long is no message to a developer, and would take long to unpack."""
        flow = self.find(flow_id)
        packed = None if flow is None or flow.response is None else flow.response.raw_content
        return self.body_of(flow_id) if packed and len(packed) <= _SHORT_BODY else b""
