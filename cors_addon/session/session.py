"""One session of traffic: what was observed goes in, judgements come out, audited and settled.

Live traffic, recordings and tests are all judged by this, so that each gets the very same judgements.

Law 1: sans-IO. Time is the observations' own.
Law 2: what comes out was audited in the order in which it comes out; its revisions too.
Law 3: what is kept is bounded: each that keeps something sees to its share of the budget, `last` to its number.
"""

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import replace

from cors_addon.audit import private_answers
from cors_addon.audit.auditor import Auditor
from cors_addon.exchange import browser_reports, hearing, reading
from cors_addon.exchange.http_cache import is_plain
from cors_addon.exchange.load_trials import LoadTrial
from cors_addon.exchange.loads import Loads
from cors_addon.exchange.model import DENY, Judgement, Observation, Word
from cors_addon.exchange.page_call import Report, Scene
from cors_addon.exchange.timing import SETTLE_EVERY
from cors_addon.exchange.tracker import Tracker
from cors_addon.exchange.weight import BUDGET
from cors_addon.exchange.writing import assume, note_contradiction, note_fate, note_replayed, note_word
from cors_addon.fetch.headers import get
from cors_addon.policy.suffixes import registrable_domain
from cors_addon.reasons.assumptions import Assumption
from cors_addon.remedies.situation import HEAD
from cors_addon.servers.memory import Servers
from cors_addon.session import unsent
from cors_addon.session.pages import Pages

ERRORS = 300
"""The status from which on an answer's body may say why it is none that the page asked for."""
SETTLED_AT_ONCE = 256
"""Clients whose waiting exchanges are looked after at a time."""
ALL = sys.maxsize
"""To keep the last revision of every judgement, where their number is known to be small."""


class Session:
    """Judges traffic of any origin: live, from a file, or made for a test."""

    def __init__(
        self,
        *,
        engine: str = "auto",
        skew: float = 0.0,
        site: Callable[[str], str] = registrable_domain,
        auditor: Auditor | None = None,
        keep: int = 0,
    ) -> None:
        """Judge as `engine`, or each client as what it is.

        `skew`: seconds by which times may be wrong against each other. `site` maps a host to its registrable domain.
        Sessions that share an `auditor` may show security findings together. `keep`: how many judgements, each in its
        last revision, stay in `last`.
        """
        self._skew, self._site = skew, site
        self._settled = 0.0
        self._keep = keep
        self.budget = BUDGET
        """Bytes that are kept; see `keep_within`."""
        self.also_kept: Callable[[], int] = lambda: 0
        """Bytes of judgements that are kept elsewhere, and count."""
        self.auditor = auditor or Auditor(site)
        self.last: OrderedDict[str, Judgement] = OrderedDict()
        """The last revision of each judgement by flow id, the latest `keep` of them, in the order of their flows."""
        self.pages: Pages | None = None
        """What pages say of themselves; None where nobody listens."""
        self.servers = Servers()
        """Who the servers of this session are."""
        self._reports = unsent.Reports()
        self._trials: tuple[LoadTrial, ...] = ()
        self._begin(engine)

    def _begin(self, engine: str) -> None:
        self.engine = engine
        self.tracker = Tracker(engine=engine, site=self._site, skew=self._skew)
        """Its `sees` and `skew` may be set before each `observe`."""
        self.loads = Loads(self._site, engine)
        self.keep_within(self.budget)
        self.loads.trials = self._trials
        self.loads.is_news = private_answers.is_shown_by
        # asked for every flow that passes the proxy, whatever it is: not worth a call more
        self.is_cookie_news = self.tracker.is_cookie_news
        self.is_navigation_news = self.tracker.is_navigation_news
        self.note_unread = self.tracker.note_unread
        self.note_page = self.loads.note_page

    def try_on_loads(self, trials: Iterable[LoadTrial]) -> None:
        """Say of each load from now on what would stop it under these policies."""
        self._trials = self.loads.trials = tuple(trials)

    def keep_within(self, budget: int) -> None:
        """Keep no more than so many bytes: of each kind the oldest is forgotten first."""
        self.budget = budget
        self.loads.keep_within(budget // 8)
        self.tracker.plain.keep_within(budget // 16)
        self.servers.keep_within(budget // 16)
        self.auditor.keep_within(budget // 16)
        if self.pages is not None:
            self.pages.keep_within(budget // 16)
        self._share_out()

    def _share_out(self) -> None:
        """Clients may have all that nothing else needs."""
        kept = self.loads.weight + self.tracker.plain.weight + self.servers.weight + self.auditor.weight
        kept += self.also_kept() + (0 if self.pages is None else self.pages.weight)
        self.tracker.keep_within(max(self.budget - kept, self.budget // 16))

    def listen(self) -> Pages:
        """Hear from now on what pages say of themselves."""
        self.pages = Pages()
        self.keep_within(self.budget)
        return self.pages

    def change_engine(self, engine: str) -> list[Judgement]:
        """Judge as another engine from now on, and forget the traffic so far. Returns its last judgements."""
        last = self.finish()
        self._begin(engine)
        return last

    def observe(
        self, observation: Observation, notes: tuple[str, ...] = (), word: Word | None = None
    ) -> list[Judgement]:
        """Judge one flow: its own judgement first, if CORS concerns it, then those that it revises.

        `notes`: what had to be assumed because whoever observed it could not see all of it. `word`: what the browser
        itself says of it, where that was recorded: it counts for more than what the headers let expect.
        """
        notes += reading.cut(observation)
        read_body = observation.read_body
        if word is None:
            judgements = self.loads.observe(observation, self.tracker.observe(observation))
        else:
            judgements = self._heed(observation, word)
        if judgements and judgements[0].observation is observation:
            own = judgements[0]
            if self.pages is not None:
                self.pages.note_judged(own)
            if notes:
                assume(own, *notes)
            self.servers.tell(own, read_body)
            status = observation.status
            if (
                read_body is not None
                and status is not None
                and (status >= ERRORS or (own.verdict is DENY and observation.method == b"OPTIONS"))
            ):
                observation.head = (read_body(HEAD) or b"")[:HEAD]
        started = observation.started
        if abs(started - self._settled) >= SETTLE_EVERY:
            self._settled = started
            self._share_out()
            settled = self.tracker.settle(started, judgements, SETTLED_AT_ONCE)
            if settled:
                self._explain(settled)
                judgements += settled
        if judgements:
            auditor = self.auditor
            for judgement in judgements:
                auditor.audit(judgement)
            if self._keep:
                self._remember(judgements)
        return judgements

    def _heed(self, observation: Observation, word: Word) -> list[Judgement]:
        """Judge a flow of which the browser itself says what came of it; what it refused, something has stopped."""
        if word.leaves_it_to_the_answer:
            word = replace(word, block=self.loads.gate(observation) or word.block)
        judgements = self.loads.observe(observation, self.tracker.observe(observation, word))
        if word.stopped_by is not None:
            own = next((each for each in judgements[:1] if each.observation is observation), None)
            made = self.loads.stop(observation, word.stopped_by, own)
            note_word(made, word)
            judgements = judgements if own is not None else [made, *judgements]
        self._explain(judgements)
        return judgements

    def _explain(self, judgements: Iterable[Judgement]) -> None:
        """Say of a word what nothing on the wire explains: something beside CORS, or the likely causes."""
        for each in judgements:
            block, contradiction = hearing.unexplained(each)
            if block is not None:
                self.loads.stop(each.observation, block, each)
            if contradiction is not None:
                note_contradiction(each, contradiction)

    def observe_load(self, observation: Observation) -> list[Judgement]:
        """Look at a flow that CORS has nothing to do with: whether something else keeps its answer from the page.

        Returns its judgement where it does. Documents and workers are remembered for what they demand of others.
        """
        notes = reading.cut(observation)
        judgements = self.loads.observe(observation, [])
        if notes and judgements:
            assume(judgements[0], *notes)
        return self.told(judgements)

    def note_answer(self, observation: Observation) -> None:
        """Remember an answer to a request without Origin: its browser may later use it for one with an Origin."""
        if is_plain(observation.method, observation.status, observation.response):
            self.tracker.note_plain(
                observation.client, observation.url, observation.request, observation.response, observation.ended
            )

    def replayed(self, observation: Observation) -> list[Judgement]:
        """Judge a request that no browser sent but the tool itself, repeating a browser's. Nothing is learned of it."""
        judgement = judge_replayed(observation, self.engine)
        return [] if judgement is None else self.told([judgement])

    def told(self, judgements: list[Judgement]) -> list[Judgement]:
        """Take in what was judged elsewhere: by the browser itself, as a recording has it."""
        for judgement in judgements:
            self.auditor.audit(judgement)
        if self._keep:
            self._remember(judgements)
        return judgements

    def hear_page(self, scene: Scene, report: Report) -> list[Judgement]:
        """Take in a page's own word on what it asked for; `pages` must be there.

        Returns the judgements that it changes, and those of requests that were never sent.
        """
        assert self.pages is not None
        heard = self.pages.hear(scene, report)
        changed = self.tracker.hear_page(heard.words)
        self._explain(changed)
        return self.told([*changed, *(unsent.judgement(each, self.engine) for each in heard.unsent)])

    def hear_reports(self, observation: Observation, body: bytes) -> list[Judgement]:
        """Take in what a browser reports by itself, which this flow brought. Returns what it says it never sent."""
        kind = browser_reports.kind_of((get(observation.request, b"content-type") or "").encode("latin-1"))
        if kind is None or observation.method != b"POST":
            return []
        return self.told(self._reports.judged(observation, browser_reports.read(kind, body), self.loads, self.engine))

    def settle(self, now: float) -> list[Judgement]:
        """Judge anew, with hindsight, what nothing followed by `now`."""
        return self._settled_anew(self.tracker.settle(now))

    def finish(self) -> list[Judgement]:
        """The traffic ends: what nothing followed, nothing will follow."""
        return self._settled_anew(self.tracker.finish())

    def _settled_anew(self, judgements: list[Judgement]) -> list[Judgement]:
        self._explain(judgements)
        return self.told(judgements)

    def _remember(self, judgements: Iterable[Judgement]) -> None:
        last = self.last
        for judgement in judgements:
            last[judgement.observation.flow_id] = judgement
        while len(last) > self._keep:
            last.popitem(last=False)


def last_of(judgements: Iterable[Judgement]) -> dict[str, Judgement]:
    """The last revision of each judgement by flow id, in the order of the flows."""
    last: dict[str, Judgement] = {}
    for judgement in judgements:
        last[judgement.observation.flow_id] = judgement
    return last


# -- exchanges apart from the rest of the traffic ----------------------------------------------------------------------


def judge_one(observation: Observation, others: Iterable[Observation], engine: str) -> Judgement | None:
    """Judge one exchange with no more context than `others`, the rest of its fetch as far as it is known."""
    context = [other for other in others if other.flow_id != observation.flow_id]
    session = Session(engine=engine, keep=1 + len(context))
    for each in sorted([observation, *context], key=lambda one: one.ended):
        session.observe(each)
    return session.last.get(observation.flow_id)


def judge_replayed(observation: Observation, engine: str, sender: Assumption = Assumption.REPLAYED) -> Judgement | None:
    """Judge a request that mitmproxy sent as the browser, whose words it repeats, would have.

    `sender`: the assumption that says who sent it.
    """
    judgement = judge_one(observation, (), engine)
    if judgement is None or judgement.origin is None:
        return None
    note_fate(judgement, None)
    if judgement.stage is None:
        return judgement
    note_replayed(judgement, sender)
    Auditor(registrable_domain).audit(judgement)
    return judgement
