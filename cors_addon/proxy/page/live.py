"""What the live page shows: judgements, counted and kept as for the report, and what changed since somebody looked.

Law 1: a judgement that comes in is put aside; it is counted when somebody asks, or when very many wait.
Law 2: memory is bounded, in number and in bytes.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Any

from mitmproxy import http

from cors_addon.exchange.model import Judgement
from cors_addon.report.html.details import Body, Briefs, Details, by_fetch, fetch
from cors_addon.report.html.document import Lasting, explained, overview
from cors_addon.report.html.exchanges import MOST_BYTES, Exchanges
from cors_addon.report.html.values import shown
from cors_addon.report.summary import Summary

MOST_WAITING = 2_000
"""Judgements put aside, not yet counted."""
AT_ONCE = 800
"""Exchanges told in one answer."""
MOST_NUMBERS = 60_000
"""Names that the page is told by numbers; beyond that, it begins anew."""


class Live:
    """A sink of judgements, as long as somebody looks."""

    takes_probes = True

    def __init__(self, judged: Iterable[Judgement], body_of: Body, changed: Callable[[], None]) -> None:
        """Begin with what was `judged`; `changed` is called when there is something new."""
        self._body_of = body_of
        self._changed = changed
        self._waiting: deque[Judgement] = deque(judged)
        self._waiting_size = 0
        self._most = MOST_BYTES
        self._begin()

    def _begin(self) -> None:
        self.generation = time.monotonic_ns()
        """Numbers and versions of another mean nothing."""
        self._summary, self._exchanges, self._lasting = Summary(), Exchanges(most_bytes=self._most), Lasting()
        self._versions: OrderedDict[str, int] = OrderedDict()
        self._version = 0
        self._overview: tuple[int, dict[str, Any]] | None = None

    def write(self, judgement: Judgement, _flow: http.HTTPFlow | None) -> None:
        """Put a judgement aside."""
        self._waiting.append(judgement)
        self._waiting_size += judgement.observation.size
        if len(self._waiting) >= MOST_WAITING or self._waiting_size > self._most:
            self._count()
        self._changed()

    def close(self) -> None:
        """There will be no more."""

    @property
    def weight(self) -> int:
        """Bytes of the judgements that are kept."""
        return self._waiting_size + self._exchanges.weight

    def keep_within(self, most: int) -> None:
        """Keep no more than so many bytes."""
        self._most = most
        self._exchanges.keep_within(most)

    def _count(self) -> None:
        self._waiting_size = 0
        while self._waiting:
            judgement = self._waiting.popleft()
            flow_id = judgement.observation.flow_id
            self._summary.add(judgement)
            self._exchanges.add(judgement)
            self._version += 1
            self._versions[flow_id] = self._version
            self._versions.move_to_end(flow_id)
        while len(self._versions) > 2 * len(self._exchanges) + 100:
            self._versions.popitem(last=False)
        if len(self._lasting.matrix) > MOST_NUMBERS:
            self._waiting.extend(self._exchanges)
            self._begin()
            self._count()

    def changes(self, generation: int, since: int) -> dict[str, Any]:
        """What came after a version: the exchanges, and once they are all told, what is to be said of all together."""
        self._count()
        whole = self._whole()
        if generation != self.generation:
            since = 0
        changed: list[str] = []
        for flow_id, version in reversed(self._versions.items()):
            if version <= since:
                break
            changed.append(flow_id)
        changed.reverse()
        told, more = changed[:AT_ONCE], len(changed) > AT_ONCE
        briefs = Briefs()
        kept = [found for flow_id in told if (found := self._exchanges.find(flow_id)) is not None]
        fetches = [fetch(members, self._lasting.matrix, briefs) for members in by_fetch(kept)]
        version = self._versions[told[-1]] if told else self._version
        answer: dict[str, Any] = {
            "generation": self.generation,
            "version": version,
            "more": more,
            "fetches": shown(fetches),
            "details": briefs.written,
        }
        if changed or not since:
            answer["overview"] = whole
        return answer

    def _whole(self) -> dict[str, Any]:
        """What is to be said of all, found once for a version."""
        if self._overview is None or self._overview[0] != self._version:
            self._overview = self._version, overview(self._summary, self._exchanges, self._lasting)
        return self._overview[1]

    def detail(self, flow_id: str) -> dict[str, Any] | None:
        """All of the request that an exchange belongs to; None where it is no longer here."""
        self._count()
        found = self._exchanges.find(flow_id)
        if found is None:
            return None
        details = Details(self._body_of)
        [members] = by_fetch([found])
        whole = fetch(members, self._lasting.matrix, details)
        return {"fetch": shown(whole), "details": details.written, "reasons": explained(details.names)}

    def judgement(self, flow_id: str) -> Judgement | None:
        """The judgement of a flow, as far as it is kept."""
        self._count()
        return self._exchanges.find(flow_id)

    def judgements(self) -> list[Judgement]:
        """All that are kept, in the order in which the requests began."""
        self._count()
        return list(self._exchanges)


def empty() -> dict[str, Any]:
    """What a page shows before it knows anything."""
    return {**overview(Summary(), Exchanges(), Lasting()), "fetches": [], "details": []}
