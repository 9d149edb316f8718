"""What a fetch as a whole tells of each of its flows: the credentials mode, what passed, what was refused after all.

Law: whoever changes an older judgement notes it in the ledger.
"""

from collections.abc import Sequence

from cors_addon.exchange import hearing, private_network
from cors_addon.exchange.clients import Fetch, Pending
from cors_addon.exchange.mode_evidence import FOLLOWED, NOT_FOLLOWED
from cors_addon.exchange.model import Credentials, Judgement, PreflightState, Role, Verdict, Word
from cors_addon.exchange.writing import assume, conclude, note_contradiction, note_fate, note_word
from cors_addon.fetch.cache import Grant
from cors_addon.reasons.assumptions import TOLD_BY_PAGES, Assumption

_ENDED = frozenset({Assumption.NOT_FOLLOWED, Assumption.STOPPED_HERE, Assumption.PRIVATE_NETWORK_ENFORCED})

MAX_PAIRED = 500
"""Flow ids that one judgement names."""
MAX_BEHIND = 1000


def _hear(judgement: Judgement, word: Word, mode: Credentials, evidence: str | None) -> hearing.Heard:
    heard = hearing.hear(word, judgement, mode, evidence)
    note_word(judgement, word, decided=heard.decided)
    if heard.outcome is not None:
        judgement.if_omitted = judgement.if_credentialed = heard.outcome
    if heard.contradiction is not None:
        note_contradiction(judgement, heard.contradiction)
    return heard


class Ledger:
    """Writes what later traffic tells of earlier judgements, and counts their revisions. One per tracker."""

    def __init__(self) -> None:
        """Begin with nothing changed."""
        self.changed: dict[Judgement, None] = {}
        """Older judgements that were changed since the last `take`, in that order. To be looked at only."""
        self._behind: dict[Judgement, None] = {}
        """Preflights whose cached answers permitted more requests than was reported."""
        self.due = float("inf")
        """When the first of their answers has run out, so that `announce` has something to do."""

    def note(self, judgement: Judgement) -> None:
        """This one was changed after it had been reported."""
        self.changed[judgement] = None

    def take(self, telling: Sequence[Judgement] = ()) -> list[Judgement]:
        """Each older judgement that was changed, its revision raised; those of `telling` are about to be reported."""
        older = [judgement for judgement in self.changed if judgement not in telling]
        self.changed.clear()
        for judgement in older:
            judgement.revision += 1
        return older

    def join(self, fetch: Fetch, judgement: Judgement) -> None:
        """Add a flow to its fetch, and tell the others."""
        for member in fetch.members:
            member.paired_with += (judgement.observation.flow_id,)
            judgement.paired_with += (member.observation.flow_id,)
            if member not in fetch.untold:
                self.note(member)
        fetch.members.append(judgement)
        judgement.chain = fetch.members

    def serve(self, judgement: Judgement, used: tuple[Grant, ...]) -> None:
        """Cached answers permitted the request; the first of them is the first to run out."""
        judgement.preflight = PreflightState.CACHED
        judgement.preflight_cached_at, judgement.preflight_cached_until = used[0].stored, used[0].end
        for grant in used:
            self.permitted_from_cache(grant.source, judgement)

    def permitted_from_cache(self, preflight: Judgement, judgement: Judgement) -> None:
        """A request used a preflight's cached answer: link them.

        An answer may serve thousands. So that they cost no more than they tell, the preflight is reported anew when
        their number has doubled since, and at last when the answer has run out, see `announce`.
        """
        judgement.paired_with += (preflight.observation.flow_id,)
        preflight.permitted += 1
        if len(preflight.paired_with) < MAX_PAIRED:
            preflight.paired_with += (judgement.observation.flow_id,)
        if preflight.permitted & (preflight.permitted - 1):
            self._behind[preflight] = None
            self.due = min(self.due, preflight.observation.ended + preflight.cache_lifetime)
            if len(self._behind) > MAX_BEHIND:
                self._report(next(iter(self._behind)))
        else:
            self._report(preflight)

    def _report(self, preflight: Judgement) -> None:
        self._behind.pop(preflight, None)
        self.note(preflight)

    def announce(self, now: float) -> None:
        """Report preflights whose answers have run out, and permitted more than was reported."""
        self.due = float("inf")
        for preflight in list(self._behind):
            end = preflight.observation.ended + preflight.cache_lifetime
            if end < now:
                self._report(preflight)
            else:
                self.due = min(self.due, end)

    def learn(self, fetch: Fetch, mode: Credentials, evidence: str | None) -> None:
        """The credentials mode of the fetch became known: judge all of it by that mode."""
        fetch.credentials, fetch.evidence = mode, evidence
        self._conclude_unknown(fetch)

    def suppose(self, fetch: Fetch, mode: Credentials, evidence: str | None) -> None:
        """Something makes a credentials mode likely, while none is known; the first that does counts."""
        if fetch.credentials is Credentials.UNKNOWN and fetch.likely[0] is Credentials.UNKNOWN:
            fetch.likely = mode, evidence
            self._conclude_unknown(fetch)

    def _conclude_unknown(self, fetch: Fetch) -> None:
        for member in fetch.members:
            if member.if_omitted is not None and member.credentials is Credentials.UNKNOWN:
                conclude(member, fetch)
                self.note(member)

    def heed(self, judgement: Judgement, fetch: Fetch, word: Word | None) -> None:
        """Hear what the browser itself says, if it does, before the outcomes of both modes are concluded from."""
        if word is None:
            return
        heard = _hear(judgement, word, fetch.credentials, fetch.evidence)
        if heard.mode is not fetch.credentials:
            for member in fetch.members:
                member.credentials = Credentials.UNKNOWN  # what was known of them is known better now
            self.learn(fetch, heard.mode, heard.evidence)

    def hear_page(self, judgement: Judgement, word: Word) -> None:
        """Hear what a page says of a flow that was judged before."""
        judgement.assumptions = tuple(each for each in judgement.assumptions if each not in TOLD_BY_PAGES)
        heard = _hear(judgement, word, judgement.credentials, judgement.credentials_evidence)
        told = Fetch()
        told.credentials, told.evidence = heard.mode, heard.evidence
        conclude(judgement, told)
        self.note(judgement)

    def passed(self, judgement: Judgement, fetch: Fetch) -> bool:
        """Something followed: it passed, under whichever credentials mode lets it. Whether that told the mode."""
        omitted, included = judgement.if_omitted, judgement.if_credentialed
        if fetch.credentials is not Credentials.UNKNOWN or omitted is None or included is None:
            return False
        if Assumption.CORS_MODE in judgement.assumptions or omitted.verdict is included.verdict:
            return False  # no check may have been passed at all, or either mode passes it
        mode = Credentials.OMIT if omitted.verdict is Verdict.ALLOW else Credentials.INCLUDE
        self.learn(fetch, mode, FOLLOWED)
        return True

    def not_followed(self, waiting: Pending) -> None:
        """Nothing followed: it was refused, if either credentials mode refuses it."""
        judgement, fetch = waiting.judgement, waiting.fetch
        if judgement.word is not None and judgement.word.passed is not None:
            return  # the browser says itself what came of it
        omitted, included = judgement.if_omitted, judgement.if_credentialed
        if waiting.stopped_by is not None and judgement.verdict is Verdict.ALLOW:
            judgement.verdict, judgement.refusal = Verdict.DENY, waiting.stopped_by
            assume(judgement, Assumption.NOT_FOLLOWED)
            self.note(judgement)
        elif omitted is None or included is None:
            return
        elif Verdict.ALLOW in (omitted.verdict, included.verdict) and private_network.is_insisted_on(judgement):
            assume(judgement, Assumption.PRIVATE_NETWORK_ENFORCED)
            self.note(judgement)
        elif fetch.credentials is Credentials.UNKNOWN and omitted.verdict is not included.verdict:
            mode = Credentials.INCLUDE if included.verdict is Verdict.DENY else Credentials.OMIT
            self.learn(fetch, mode, NOT_FOLLOWED)
            for member in fetch.members:
                assume(member, Assumption.NOT_FOLLOWED)
        elif judgement.role is Role.REDIRECT and judgement.verdict is Verdict.ALLOW:
            assume(judgement, Assumption.STOPPED_HERE)
            self.note(judgement)

    def revive(self, waiting: Pending) -> None:
        """Something followed after all: take back what was concluded from nothing following."""
        fetch = waiting.fetch
        if not waiting.given_up:
            return
        if fetch.evidence == NOT_FOLLOWED:
            fetch.credentials, fetch.evidence = Credentials.UNKNOWN, None
        for member in fetch.members:
            if not _ENDED.isdisjoint(member.assumptions):
                if Assumption.PRIVATE_NETWORK_ENFORCED in member.assumptions:
                    note_fate(member, None)
                member.assumptions = tuple(item for item in member.assumptions if item not in _ENDED)
                if member.if_omitted is not None:
                    conclude(member, fetch)
                self.note(member)

    def hop_followed(self, hop: Pending) -> None:
        """A redirect was followed."""
        judgement = hop.judgement
        if judgement.role is not Role.REDIRECT:
            for member in hop.fetch.untold:
                member.revision = 0  # it is told now, for the first time
                self.note(member)
            hop.fetch.untold = ()
            return
        if hop.if_surely_omitted is not None and judgement.verdict is Verdict.DENY:
            hop.fetch.surely_omitted = True
            judgement.if_omitted = hop.if_surely_omitted
            conclude(judgement, hop.fetch)
        if self.passed(judgement, hop.fetch) and hop.maybe_apart:
            for member in hop.fetch.members:
                assume(member, Assumption.MAYBE_APART)
        if judgement.verdict is Verdict.DENY:
            self.contradict(judgement, "the redirect was followed although it was refused")

    def was_no_cors(self, fetch: Fetch) -> None:
        """A POST that was taken for cors went on where none would have: CORS had nothing to say to it."""
        for member in fetch.members:
            member.leave_cors()
            assume(member, Assumption.WENT_ON)
            self.note(member)
        fetch.credentials, fetch.evidence = Credentials.UNKNOWN, None
        fetch.likely = Credentials.UNKNOWN, None

    def contradict(self, judgement: Judgement, what: str) -> None:
        """Later traffic shows that the browser decided otherwise."""
        judgement.contradicted = True
        judgement.contradiction = f"{what}: {hearing.LIKELY_CAUSES}"
        self.note(judgement)
