"""Recordings of one run, joined: each exchange is told once, by the best of what the files say of it.

A trace has the browser's reason and no preflights, a dump has all headers and no decision, a NetLog has the credentials
mode: together they leave little open.

Law 1: what the browser itself says counts for more than what headers let expect; with a reason, more than without.
Law 2: of two that say the same, the one with the answer is told, for it shows what to change.
Law 3: two exchanges are one where URL, method and time agree. Within a file no two are.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from cors_addon.exchange.model import Credentials, Judgement, Role, ToldBy, Verdict
from cors_addon.exchange.timing import CONSOLE_LATE, TOGETHER
from cors_addon.fetch.refusals import Reason, Stage

JOINED = "exchanges that another of the files tells as well: each is told once"
MOST = 100_000
"""Exchanges of a file that are joined; what comes after them is told by itself."""


class Together:
    """What the files tell, so far."""

    def __init__(self) -> None:
        self.judgements: list[Judgement] = []
        """Each exchange once, in the order in which they were first told."""
        self._places: defaultdict[tuple[str, bool], list[int]] = defaultdict(list)
        """By URL, and whether they are preflights that were passed, where they stand."""

    def add(self, judgements: Iterable[Judgement]) -> int:
        """Take in what one file tells, each in its last revision; returns how many others had told already."""
        free = {place: None for places in self._places.values() for place in places}
        joined = 0
        for number, judgement in enumerate(sorted(judgements, key=lambda each: each.observation.started)):
            key = (str(judgement.observation.url), _is_passed_preflight(judgement))
            places = [place for place in self._places[key] if place in free] if number < MOST else []
            place = _nearest(judgement, places, self.judgements)
            if place is None:
                self._places[key].append(len(self.judgements))
                self.judgements.append(judgement)
            else:
                del free[place]
                joined += 1
                self.judgements[place] = best_of(self.judgements[place], judgement)
        return joined


def _is_passed_preflight(judgement: Judgement) -> bool:
    """A preflight that refused its request is told as that request by a file that has no preflights."""
    return judgement.role is Role.PREFLIGHT and judgement.verdict is not Verdict.DENY


def _nearest(judgement: Judgement, places: Sequence[int], told: Sequence[Judgement]) -> int | None:
    """Where the same exchange stands, among places in the order of time; None where it is new."""
    best: tuple[bool, float, int] | None = None
    for place in places:
        if _is_same(judgement, told[place]):
            rank = (judgement.reason is not told[place].reason, _apart(judgement, told[place]))
            within = CONSOLE_LATE if _is_of_console(judgement) or _is_of_console(told[place]) else TOGETHER
            if rank[1] <= within and (best is None or (*rank, place) < best):
                best = (*rank, place)
    return None if best is None else best[-1]


def _is_same(one: Judgement, other: Judgement) -> bool:
    """Whether both may be one exchange; a console tells no method, and nothing that was sent."""
    if (one.stage is None) is not (other.stage is None) and Reason.NETWORK_ERROR not in (one.reason, other.reason):
        return False
    return one.requested_method == other.requested_method or _is_of_console(one) or _is_of_console(other)


def _is_of_console(judgement: Judgement) -> bool:
    seen = judgement.observation
    return seen.status is None and all(name.lower() in (b"user-agent", b"origin") for name, _ in seen.request)


def _apart(one: Judgement, other: Judgement) -> float:
    """Seconds between both; none where a file has no times."""
    begun = (one.observation.started, other.observation.started)
    return 0.0 if min(begun) <= 0 else abs(begun[0] - begun[1])


def best_of(one: Judgement, other: Judgement) -> Judgement:
    """What is to be told of an exchange of which two files tell."""
    if (one.observation.status is None) is (other.observation.status is None):
        return max(one, other, key=_worth)  # the first of two that are alike
    bare, answered = (one, other) if one.observation.status is None else (other, one)
    if bare.told_by is not ToldBy.RECORDING or answered.told_by is ToldBy.RECORDING or bare.reason is answered.reason:
        return answered
    return _with_word(answered, bare) or (bare if _has_reason(bare) else answered)


def _worth(judgement: Judgement) -> tuple[bool, bool, bool]:
    """The more, the better a judgement is founded."""
    told = judgement.told_by is ToldBy.RECORDING
    is_open = judgement.if_credentialed is not None and judgement.if_credentialed is not judgement.if_omitted
    return _has_reason(judgement), told, not is_open


def _has_reason(judgement: Judgement) -> bool:
    return judgement.reason is not Reason.CAUSE_NOT_RECORDED


def _with_word(answered: Judgement, bare: Judgement) -> Judgement | None:
    """The judgement of the headers, settled by the browser's own word; None where no reading of them agrees with it."""
    readings = {Credentials.OMIT: answered.if_omitted, Credentials.INCLUDE: answered.if_credentialed}
    if answered.stage is Stage.PREFLIGHT and bare.refusal is not None and bare.refusal.stage is not Stage.PREFLIGHT:
        return None
    for mode, reading in readings.items():
        if reading is None or reading.verdict is not bare.verdict:
            continue
        reason = None if reading.refusal is None else reading.refusal.reason
        if reason is bare.reason or not _has_reason(bare):
            return answered.altered(
                verdict=reading.verdict, refusal=reading.refusal, word=bare.word, told_by=ToldBy.RECORDING,
                credentials=mode, credentials_evidence=None if bare.word is None else bare.word.text,
                if_credentialed=None, if_omitted=None,
            )  # fmt: skip
    return None
