"""Many judgements in little room: what happened at each endpoint, how often, and why.

Law 1: memory is bounded by how many different things happened, and by `MAX_ROWS`, not by how much traffic there was.
Endpoints beyond that are counted together for each server, and servers beyond twice that many rows for all.
Law 2: a later revision of a judgement replaces the earlier one.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cors_addon.audit.auditor import OF_SEVERAL
from cors_addon.exchange.fixes import Change, smallest_change
from cors_addon.exchange.model import Judgement, Role, Verdict
from cors_addon.reasons.finding import Finding, FindingName
from cors_addon.reasons.findings import FINDINGS, WARNINGS
from cors_addon.remedies.value import Happened, Remedy
from cors_addon.report import text
from cors_addon.report.asides import Asides
from cors_addon.report.blocked_loads import BlockedLoads
from cors_addon.report.counted import ALL_ENGINES, CountedOutcome, Endpoint, as_counted, endpoint_of, outcome_of, views
from cors_addon.report.input import Input as Input
from cors_addon.report.readiness import Readiness
from cors_addon.report.situation import told_of
from cors_addon.servers.cause import causes as refused

MAX_ROWS = 2000
MAX_OUTCOMES = 24
"""Different outcomes kept for one row."""
REMEMBERED = 20_000
"""Flows that a later revision may still change; the tracker revises nothing older."""
EXAMPLES = 5
"""Flow ids kept for each outcome."""

REST = "(other endpoints)"
REST_OF_SERVERS = "(other servers)"

_JUDGED = frozenset({Role.PREFLIGHT, Role.ACTUAL, Role.REDIRECT})


@dataclass(slots=True)
class Tally:
    """How often an outcome came, with an example."""

    count: int = 0
    flow_ids: list[str] = field(default_factory=list)
    example: Judgement | None = None
    """The first judgement with this outcome. It may have been revised since; the outcome stays."""
    source: str = ""
    """The file which that is from."""


@dataclass(slots=True)
class Cause:
    """One fault of one server, with every endpoint that it affects. One change mends it."""

    reason: str
    stage: str
    server: str
    phrase: str
    change: Change | None
    example: Judgement
    happened: Happened | None = None
    """What really failed."""
    remedies: tuple[Remedy, ...] = ()
    count: int = 0
    """Of exchanges; with all engines, by the one that denies the most."""
    engines: dict[str, int] = field(default_factory=dict)
    """How many each denies."""
    endpoints: dict[Endpoint, int] = field(default_factory=dict)
    fresh: bool = False
    """Something of it is not in the baseline."""
    outcomes: list[tuple[Endpoint, CountedOutcome]] = field(default_factory=list)
    """What is counted in it."""


@dataclass(slots=True)
class Found:
    """One finding about one server, wherever it showed."""

    finding: Finding
    server: str
    example: Judgement
    count: int = 0
    endpoints: dict[Endpoint, int] = field(default_factory=dict)
    places: dict[Endpoint, Tally] = field(default_factory=dict)
    fresh: bool = False
    """Something of it is not in the baseline."""

    @property
    def name(self) -> FindingName:
        """Its name in the registry."""
        return self.finding.name

    @property
    def is_warning(self) -> bool:
        """Whether it is more than a note."""
        return self.name in WARNINGS


type Known = Mapping[Endpoint, frozenset[tuple[str, str, str, str]]]
"""A baseline: the outcomes known of each endpoint."""


def _known_by(endpoint: Endpoint, example: Judgement, phrase: str, change: Change | None) -> tuple[object, ...]:
    """What denials have in common that one change cures."""
    status = example.observation.status or 0
    return (
        example.refusal and (example.refusal.reason, example.refusal.stage),
        endpoint.server,
        (change.edits, change.status) if change and change.edits else phrase,
        status if status >= 400 else 0,
        refused(example),
    )


class Summary:
    """The counts of all inputs together."""

    def __init__(self, *, all_engines: bool = False, baseline: Known | None = None) -> None:
        """With `all_engines`, each exchange is counted once for each."""
        self.inputs: list[Input] = []
        self.rows: dict[Endpoint, dict[CountedOutcome, Tally]] = {}
        self.roles: Counter[str] = Counter()
        self.all_engines = all_engines
        self.baseline = baseline
        self.blocked = BlockedLoads()
        """What something beside CORS stopped."""
        self.asides = Asides()
        self.readiness = Readiness()
        self.interrupted = False
        self.overflowed = False
        self.findings_fail = False
        """Findings count as failures: asked for, or the report is of nothing else."""
        self._most_rows = 0
        self._varied: set[Endpoint] = set()
        """Endpoints that had more than half as many outcomes as are kept."""
        self._remembered: OrderedDict[str, tuple[Role, list[tuple[Endpoint, CountedOutcome]]]] = OrderedDict()

    # -- in --

    def add(self, judgement: Judgement, *, source: str = "") -> None:
        """Count a judgement, in place of an earlier revision of it."""
        flow_id = judgement.observation.flow_id
        earlier = self._remembered.pop(flow_id, None)
        if earlier is not None:
            self._forget(*earlier)
        self.blocked.add(judgement, source=source)
        self.asides.add(judgement)
        self.readiness.add(judgement)
        self.roles[judgement.role] += 1
        counted = []
        if judgement.role in _JUDGED or judgement.hypothetical is not None or judgement.findings:
            endpoint = endpoint_of(judgement)
            for view in views(judgement, all_engines=self.all_engines):
                counted.append(self._count(endpoint, view, source))
        self._remembered[flow_id] = judgement.role, counted
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)

    def _count(self, endpoint: Endpoint, judgement: Judgement, source: str) -> tuple[Endpoint, CountedOutcome]:
        outcomes = self.rows.get(endpoint)
        if outcomes is None:
            if len(self.rows) >= MAX_ROWS:
                self.overflowed = True
                endpoint = endpoint._replace(origin="", method="", path=REST)
                if endpoint not in self.rows and len(self.rows) >= 2 * MAX_ROWS:
                    endpoint = endpoint._replace(server=REST_OF_SERVERS)
            outcomes = self.rows.setdefault(endpoint, {})
            self._most_rows = max(self._most_rows, len(self.rows))
        outcome = outcome_of(judgement)
        tally = outcomes.get(outcome)
        if tally is None:
            if len(outcomes) >= MAX_OUTCOMES and outcome.refusal is not None:
                outcome = outcome._replace(refusal=outcome.refusal._replace(detail=None), failed=None)
            tally = outcomes.setdefault(outcome, Tally())
            if len(outcomes) > MAX_OUTCOMES // 2:
                self._varied.add(endpoint)
            if tally.example is None:
                tally.example, tally.source = judgement, source
        tally.count += 1
        if len(tally.flow_ids) < EXAMPLES:
            tally.flow_ids.append(judgement.observation.flow_id)
        return endpoint, outcome

    def _forget(self, role: Role, counted: list[tuple[Endpoint, CountedOutcome]]) -> None:
        self.roles[role] -= 1
        for endpoint, outcome in counted:
            outcomes = self.rows[endpoint]
            outcomes[outcome].count -= 1
            if not outcomes[outcome].count:
                del outcomes[outcome]
            if not outcomes:
                del self.rows[endpoint]

    # -- several, of one input after another --

    def may_join(self, later: "Summary") -> bool:
        """Whether what was counted apart is what this would have counted: no flow is in both, no bound comes near."""
        common = self.rows.keys() & later.rows.keys()
        return (
            self._remembered.keys().isdisjoint(later._remembered)
            and not (self.overflowed or later.overflowed)
            and len(self.rows) - len(common) + later._most_rows <= MAX_ROWS
            and common.isdisjoint(later._varied)
            and all(len(self.rows[each]) <= MAX_OUTCOMES // 2 for each in common)
            and self.blocked.may_join(later.blocked)
            and self.asides.may_join(later.asides)
            and self.readiness.may_join(later.readiness)
        )

    def join(self, later: "Summary") -> None:
        """Take in the counts of what came later, and `may_join`."""
        self.inputs += later.inputs
        self.roles.update(later.roles)
        self.blocked.join(later.blocked)
        self.asides.join(later.asides)
        self.readiness.join(later.readiness)
        self.interrupted |= later.interrupted
        for endpoint, outcomes in later.rows.items():
            known = self.rows.setdefault(endpoint, {})
            for outcome, tally in outcomes.items():
                own = known.setdefault(outcome, tally)
                if own is not tally:
                    own.count += tally.count
                    own.flow_ids += tally.flow_ids[: EXAMPLES - len(own.flow_ids)]
        self._varied |= later._varied
        self._remembered.update(later._remembered)
        while len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)

    # -- out --

    def tallies(self) -> Iterator[tuple[Endpoint, CountedOutcome, Tally]]:
        """Everything, in the order in which it first came."""
        for endpoint, row in self.rows.items():
            for outcome, tally in row.items():
                yield endpoint, outcome, tally

    def count(self, verdict: Verdict) -> int:
        """How many exchanges got this verdict; each engine's counts where there are several."""
        return sum(
            tally.count
            for _, outcome, tally in self.tallies()
            if outcome.verdict is verdict and outcome.role in _JUDGED
        )

    @property
    def judged(self) -> int:
        """How many exchanges CORS decided on."""
        return sum(self.roles[role] for role in _JUDGED)

    @property
    def flows(self) -> int:
        """How many exchanges were read."""
        return sum(each.flows for each in self.inputs)

    @property
    def usable(self) -> bool:
        """Whether every input was read to its end."""
        return not self.interrupted and all(each.usable for each in self.inputs)

    def is_fresh(self, endpoint: Endpoint, outcome: CountedOutcome) -> bool:
        """Whether the baseline does not know this outcome; without a baseline all is fresh."""
        return self.baseline is None or outcome.known_as not in self.baseline.get(endpoint, ())

    def is_change(self, endpoint: Endpoint, outcome: CountedOutcome) -> bool:
        """Whether an endpoint's outcome is another than in the baseline, or a new endpoint is denied."""
        if self.baseline is None or not self.is_fresh(endpoint, outcome):
            return False
        return endpoint in self.baseline or outcome.denied

    def causes(self) -> list[Cause]:
        """The causes of the denials, the most frequent first."""
        found: dict[tuple[object, ...], Cause] = {}
        places: dict[tuple[object, ...], dict[Endpoint, dict[str, int]]] = {}
        for endpoint, outcome, tally in self.tallies():
            if not outcome.denied or tally.example is None or outcome.refusal is None:
                continue
            example = as_counted(tally.example, outcome)
            change, phrase = smallest_change(example), text.phrase(example, outcome.refusal)
            key = _known_by(endpoint, example, phrase, change)
            cause = found.get(key)
            if cause is None:
                told, stage = told_of(example), outcome.refusal.stage
                cause = found[key] = Cause(outcome.reason or "", stage, endpoint.server, phrase, change, example, *told)
            by_engine = places.setdefault(key, {}).setdefault(endpoint, {})
            for counts in (cause.engines, by_engine):
                counts[outcome.engine] = counts.get(outcome.engine, 0) + tally.count
            cause.fresh |= self.is_fresh(endpoint, outcome)
            cause.outcomes.append((endpoint, outcome))
        for known_by, cause in found.items():
            self._add_up(cause, places[known_by])
        return sorted(found.values(), key=lambda cause: -cause.count)

    def _add_up(self, cause: Cause, places: dict[Endpoint, dict[str, int]]) -> None:
        """Count a cause's exchanges: for all engines, each was counted once for each of them."""
        total = max if self.all_engines else sum
        cause.count = total(cause.engines.values())
        cause.endpoints = {place: total(counts.values()) for place, counts in places.items()}

    def found(self) -> list[Found]:
        """Security findings: the gravest first, of one kind the most frequent."""
        found: dict[tuple[object, ...], Found] = {}
        for endpoint, outcome, tally in self.tallies():
            if tally.example is None or (
                # each exchange is counted once for each engine, and shows the same to all
                self.all_engines and outcome.role in _JUDGED and outcome.engine != ALL_ENGINES[0]
            ):
                continue
            for finding in tally.example.findings:
                if finding.name.value not in outcome.findings:
                    continue
                # of one that takes several exchanges the value grows: it tells no two apart
                key = (finding.name, endpoint.server, None if finding.name in OF_SEVERAL else finding.detail)
                each = found.get(key)
                if each is None:
                    each = found[key] = Found(finding, endpoint.server, tally.example)
                elif len(finding.detail or "") > len(each.finding.detail or ""):
                    each.finding, each.example = finding, tally.example
                each.count += tally.count
                each.endpoints[endpoint] = each.endpoints.get(endpoint, 0) + tally.count
                each.places.setdefault(endpoint, tally)
                each.fresh |= self.is_fresh_finding(endpoint, finding.name)
        return sorted(found.values(), key=lambda each: (_GRAVEST_FIRST[each.name], -each.count))

    def is_fresh_finding(self, endpoint: Endpoint, name: str) -> bool:
        """Whether the baseline does not know this finding here; without a baseline all are fresh."""
        if self.baseline is None:
            return True
        if name in OF_SEVERAL:  # which page comes second, and so shows it, is chance
            endpoint = endpoint._replace(origin="")
        return known_finding(name) not in self.baseline.get(endpoint, ())

    def warns(self, endpoint: Endpoint, outcome: CountedOutcome) -> bool:
        """Whether an outcome shows a finding that is more than a note, and fresh."""
        return any(name in WARNINGS and self.is_fresh_finding(endpoint, name) for name in outcome.findings)


def known_finding(name: str) -> tuple[str, str, str, str]:
    """How a finding stands among the outcomes of a baseline."""
    return "", "", "finding", name


_GRAVEST_FIRST = {name: number for number, name in enumerate(FINDINGS)}
