"""Which exchanges the report lists: all, up to a limit; beyond it the latest, what pages never got before others."""

from collections import OrderedDict
from collections.abc import Iterator

from cors_addon.exchange.model import Judgement, Verdict
from cors_addon.policy.shadow import Shadow, change_of
from cors_addon.report.blocked import beyond_cors
from cors_addon.report.text import depends_on_credentials

MOST = 5_000
"""What a person can look through, and a browser opens at once."""
MOST_BYTES = 64_000_000
"""Of header lines, which are most of what a judgement weighs."""
LINE = 150
"""What Python adds to each line."""


class Exchanges:
    """Judgements by flow id, each in its last revision."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        # what is worth most comes first, and leaves last
        self._ranks: tuple[OrderedDict[str, tuple[Judgement, int]], ...] = (OrderedDict(), OrderedDict(), OrderedDict())
        self._bytes = 0

    def add(self, judgement: Judgement) -> None:
        """Keep a judgement, in place of an earlier revision of it."""
        flow_id = judgement.observation.flow_id
        for rank in self._ranks:
            earlier = rank.pop(flow_id, None)
            if earlier is not None:
                self._bytes -= earlier[1]
        observation = judgement.observation
        lines = (*observation.request, *observation.response)
        weight = LINE * len(lines) + sum(len(name) + len(value) for name, value in lines)
        self._ranks[_rank(judgement)][flow_id] = judgement, weight
        self._bytes += weight
        self._relieve()

    @property
    def weight(self) -> int:
        """Bytes that are kept."""
        return self._bytes

    def keep_within(self, most_bytes: int) -> None:
        """Keep no more than so many bytes from now on."""
        self._most_bytes = most_bytes
        self._relieve()

    def _relieve(self) -> None:
        while len(self) > self._most or (self._bytes > self._most_bytes and len(self) > 1):
            least = next(rank for rank in reversed(self._ranks) if rank)
            self._bytes -= least.popitem(last=False)[1][1]

    def find(self, flow_id: str) -> Judgement | None:
        """The judgement of a flow, if it is kept."""
        for rank in self._ranks:
            if flow_id in rank:
                return rank[flow_id][0]
        return None

    def __len__(self) -> int:
        return sum(map(len, self._ranks))

    def __iter__(self) -> Iterator[Judgement]:
        """In the order in which the requests began."""
        kept = [judgement for rank in self._ranks for judgement, _ in rank.values()]
        return iter(sorted(kept, key=lambda judgement: judgement.observation.started))


def _rank(judgement: Judgement) -> int:
    if beyond_cors(judgement) is not None:
        return 0
    if judgement.stage is None and judgement.hypothetical is None:
        return 2
    wrong = judgement.verdict is Verdict.DENY or judgement.contradicted or depends_on_credentials(judgement)
    return 0 if wrong or judgement.findings or any(change_of(Shadow(*each)) for each in judgement.shadow) else 1
