"""What pages say of their own requests: which flows a call led to, what is to be concluded, and what was never sent.

Law 1: a page's word counts for its own client and its own origin, and for flows that it can have caused: their URL,
method, mode and time are those of the call.
Law 2: each flow is one call's.
Law 3: what is kept is bounded, in number, in age and in bytes.
"""

import math
from collections import OrderedDict, deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cors_addon.exchange.assignment import cheapest
from cors_addon.exchange.browser_reports import DESTINATIONS
from cors_addon.exchange.mode_evidence import BY_THE_REQUEST
from cors_addon.exchange.model import Credentials, Judgement, Observation, Role, Verdict, Word
from cors_addon.exchange.page_call import PageCall, Report, Scene, Violation, of_violation
from cors_addon.exchange.shelf import Shelf
from cors_addon.exchange.timing import CALL_SLACK, CALL_TOLD_WITHIN
from cors_addon.exchange.weight import of_flow
from cors_addon.fetch.headers import get, normalize
from cors_addon.fetch.origins import OPAQUE, Url, is_potentially_trustworthy, known_url
from cors_addon.fetch.requests import BROWSER_NAMES
from cors_addon.session.page_words import GIVEN_UP, may_have_failed_later, outcome, under, word
from cors_addon.session.violations import violation_of

MAX_KEPT = 3000
"""Judgements, and requests, that calls are held against."""
MAX_SCENES = 500
MAX_VIOLATIONS = 200
MAX_MUTE = 50
_OF_A_TEXT = 512
"""Bytes of a URL that is remembered, with its client and its time, or of a violation."""
_APART = 10
"""What a header name that only a call has, or only a flow, weighs beside seconds."""
_LOOSER = 10
"""How many times the seconds that are as they are to be expected weigh less than those that are not."""
_NOT_THERE = 1000
_UPGRADED = frozenset({"audio", "img", "video"})
"""What a page that came over TLS asks for over TLS, too. https://w3c.github.io/webappsec-mixed-content/#upgrade-algorithm"""
_MUTE = frozenset({"beacon", "iframe"})
"""Calls that end well, for all that script hears, though nothing was sent."""
_ASKED = frozenset({Role.ACTUAL, Role.REDIRECT, Role.PREFLIGHT})


class Heard(NamedTuple):
    """What a report comes to."""

    words: list[tuple[Judgement, Word]]
    unsent: list["Unsent"]


class Unsent(NamedTuple):
    """A call that led to no request."""

    scene: Scene
    origin: str
    """As the page has it: `null` where it is sandboxed."""
    call: PageCall
    violation: Violation | None
    """The page's own policy refused it."""
    number: int


class _Sent(NamedTuple):
    client: Hashable
    url: Url
    started: float


@dataclass(slots=True)
class _Told:
    """What one document or worker told of itself."""

    origin: str
    violations: deque[Violation] = field(default_factory=lambda: deque(maxlen=MAX_VIOLATIONS))
    never_sent: int = 0
    refused: deque[Url] = field(default_factory=lambda: deque(maxlen=MAX_VIOLATIONS))
    """Of calls that were told, as what a policy refused."""
    mute: deque[PageCall] = field(default_factory=lambda: deque(maxlen=MAX_MUTE))
    """Calls that ended well for all that script hears, and that no request was seen of: a violation may yet come."""

    @property
    def weight(self) -> int:
        """Bytes that are kept."""
        violations = sum(_OF_A_TEXT + len(each.url) + len(each.directive) for each in self.violations)
        return _OF_A_TEXT * (1 + 2 * len(self.mute)) + violations


class Pages:
    """The pages of all clients."""

    def __init__(self) -> None:
        """Begin with none."""
        self._judged: Shelf[str, Judgement] = Shelf(MAX_KEPT)
        """By flow id; those that a call is known of are taken out."""
        self._by_url: dict[tuple[Hashable, Url], list[str]] = {}
        self._sent: Shelf[int, _Sent] = Shelf(MAX_KEPT)
        self._count = 0
        self._times: dict[tuple[Hashable, Url], float] = {}
        """When a URL was last asked for, of all that is in `_sent`."""
        self._hosts: OrderedDict[tuple[Hashable, str, int], None] = OrderedDict()
        """Servers that a client has asked through this proxy."""
        self._told: Shelf[Scene, _Told] = Shelf(MAX_SCENES)
        self._opaque: OrderedDict[Hashable, set[str]] = OrderedDict()
        """Of each client: origins of the URLs of its pages whose own origin is opaque."""

    @property
    def weight(self) -> int:
        """Bytes that are kept."""
        return self._judged.weight + self._sent.weight + self._told.weight

    def keep_within(self, most: int) -> None:
        """Keep no more than so many bytes."""
        self._told.keep_within(most // 4)
        for _, sent in self._sent.keep_within(most // 4):
            self._forget_sent(sent)
        for _, judgement in self._judged.keep_within(most // 2):
            self._forget_place(judgement)

    # -- what is seen ----------------------------------------------------------------------------------------------

    def note_sent(self, client: Hashable, url: Url, started: float) -> None:
        """A request came by, whatever it is. `client`: address and User-Agent."""
        self._count += 1
        for _, sent in self._sent.keep(self._count, _Sent(client, url, started), _OF_A_TEXT + len(url.path)):
            self._forget_sent(sent)
        self._times[client, url] = started
        self._hosts[client, url.host, url.port] = None
        if len(self._hosts) > MAX_KEPT:
            self._hosts.popitem(last=False)

    def _forget_sent(self, sent: _Sent) -> None:
        if self._times.get((sent.client, sent.url)) == sent.started:
            del self._times[sent.client, sent.url]

    def note_judged(self, judgement: Judgement) -> None:
        """A flow was judged, for the first time."""
        observation = judgement.observation
        if judgement.role not in _ASKED and judgement.origin is None:
            return
        self._by_url.setdefault((_client(observation), observation.url), []).append(observation.flow_id)
        for _, forgotten in self._judged.keep(observation.flow_id, judgement, of_flow(observation)):
            self._forget_place(forgotten)

    def _forget(self, judgement: Judgement) -> None:
        if self._judged.take(judgement.observation.flow_id) is not None:
            self._forget_place(judgement)

    def _forget_place(self, judgement: Judgement) -> None:
        observation = judgement.observation
        key = (_client(observation), observation.url)
        kept = [flow_id for flow_id in self._by_url.get(key, ()) if flow_id != observation.flow_id]
        if kept:
            self._by_url[key] = kept
        else:
            self._by_url.pop(key, None)

    # -- what is said ----------------------------------------------------------------------------------------------

    def hear(self, scene: Scene, report: Report) -> Heard:
        """Hold a report against what was seen."""
        told = self._told.get(scene)
        if told is None:
            told = _Told(scene.origin)
            self._told.keep(scene, told, told.weight)
        if report.opaque and told.origin != OPAQUE:
            told.origin = OPAQUE
            self._note_opaque(scene)
        told.violations.extend(each for each in report.violations if each.enforced)
        self._told.weigh(scene, told.weight)
        self._told.relieve()
        heard = Heard([], [*self._late(scene, told)] if report.violations else [])
        found = self._match(scene, told, report.calls)
        for call, first in zip(report.calls, found, strict=True):
            if first is not None:
                chain = _chain_of(first, call)
                for each in chain:
                    self._forget(each)
                heard.words.extend((each, word(each, call, is_last=each is chain[-1])) for each in chain)
            elif (unsent := self._unsent(scene, told, call)) is not None:
                heard.unsent.append(unsent)
        heard.unsent.extend(self._refused(scene, told, report.refused))
        return heard

    def _match(self, scene: Scene, told: _Told, calls: Sequence[PageCall]) -> list[Judgement | None]:
        """The first flow of each call; of calls for one URL, all together are as near to their flows as can be."""
        found: list[Judgement | None] = [None] * len(calls)
        by_url: dict[Url, list[int]] = {}
        for place, call in enumerate(calls):
            if call.url is not None:
                by_url.setdefault(call.url, []).append(place)
        for places in by_url.values():
            possible = {place: self._possible(scene, told, calls[place]) for place in places}
            for place, first in _nearest(calls, possible):
                found[place] = first
        return found

    def _note_opaque(self, scene: Scene) -> None:
        """One page of an opaque origin is like another on the wire: where there are several, none is believed."""
        self._opaque.setdefault(scene.client, set()).add(scene.origin)
        if len(self._opaque) > MAX_SCENES:
            self._opaque.popitem(last=False)

    def _possible(self, scene: Scene, told: _Told, call: PageCall) -> list[Judgement]:
        """Flows that may be the first of a call; preflights only of one that failed, or where there is nothing else."""
        if call.url is None or (told.origin == OPAQUE and len(self._opaque.get(scene.client, ())) != 1):
            return []
        ids = self._by_url.get((scene.client, call.url), ())
        possible = [each for each in (self._judged[flow_id] for flow_id in ids) if _may_be_of(scene, told, call, each)]
        return [each for each in possible if each.role is not Role.PREFLIGHT or _may_have_ended(call, each)] or [
            each for each in possible if not (call.ok and _contradicts(call, each))
        ]

    def _unsent(self, scene: Scene, told: _Told, call: PageCall) -> Unsent | None:
        """A call that failed, and that no request was seen of; None where one may have gone another way."""
        is_mute = call.api in _MUTE
        if call.url is None or not (call.ok is False or is_mute) or call.error.startswith(GIVEN_UP):
            return None
        if self._times.get((scene.client, call.url), -math.inf) >= _earliest(call) or told.never_sent >= MAX_KEPT:
            return None
        violation = violation_of(call, call.url, told.violations)
        server = scene.client, call.url.host, call.url.port
        if violation is None and not is_mixed(scene.origin, call) and (is_mute or server not in self._hosts):
            if is_mute:
                told.mute.append(call)
            return None  # browsers have ways around a proxy, for the machine's own hosts first of all
        told.never_sent += 1
        told.refused.append(call.url)
        return Unsent(scene, told.origin, call, violation, told.never_sent)

    def _late(self, scene: Scene, told: _Told) -> Iterator[Unsent]:
        """Calls that were told before the violation that tells what came of them."""
        waiting = [*told.mute]
        told.mute.clear()
        for call in waiting:
            if (unsent := self._unsent(scene, told, call)) is not None:
                yield unsent

    def _refused(self, scene: Scene, told: _Told, violations: Sequence[Violation]) -> Iterator[Unsent]:
        """What a policy refused without a call or element that tells of it: fonts, images of style sheets, imports."""
        for each in violations:
            if not each.enforced or each.directive not in DESTINATIONS.keys() | {"connect-src"}:
                continue
            # of where a redirect leads browsers may tell the origin alone
            url = known_url(each.url.partition("#")[0]) if "/" in each.url.partition("://")[2] else None
            if url is None or url in told.refused or told.never_sent >= MAX_KEPT:
                continue
            if self._times.get((scene.client, url), -math.inf) >= each.time - CALL_TOLD_WITHIN:
                continue
            told.never_sent += 1
            told.refused.append(url)
            yield Unsent(scene, told.origin, of_violation(each, url), each, told.never_sent)


def _nearest(calls: Sequence[PageCall], possible: Mapping[int, list[Judgement]]) -> Iterator[tuple[int, Judgement]]:
    """Of calls for one URL, by their place: the flow of each that has one. None gets a flow that is another's."""
    columns = list(dict.fromkeys(each for several in possible.values() for each in several))
    if not columns:
        return
    nowhere = [float(_NOT_THERE)] * len(possible)
    rows = [
        [_distance(calls[place], each) if each in mine else math.inf for each in columns] + nowhere
        for place, mine in possible.items()
    ]
    for place, column in zip(possible, cheapest(rows), strict=True):
        # which of several is meant, or means it, is not certain enough to contradict one of them
        several = len(columns) > 1 or len(rows) > 1
        if column < len(columns) and not (several and _contradicts(calls[place], columns[column])):
            yield place, columns[column]


def _may_have_ended(call: PageCall, preflight: Judgement) -> bool:
    """Whether a call may have failed at its preflight, which no request has followed so far."""
    return call.ok is False and all(each.role is Role.PREFLIGHT for each in preflight.chain)


def _chain_of(first: Judgement, call: PageCall) -> list[Judgement]:
    """The flows of a call's fetch, as far as it went."""
    chain = list(first.chain) if first in first.chain else [first]
    if call.kind == "opaqueredirect" or (call.ok is False and call.redirect == "error"):
        return chain[: chain.index(first) + 1]
    ends = [place for place, each in enumerate(chain) if each.observation.url == call.final_url]
    return chain[: ends[-1] + 1] if call.ok and ends else chain


def _earliest(call: PageCall) -> float:
    """When its request may have begun."""
    return (call.started or (call.ended or 0.0) - CALL_TOLD_WITHIN) - CALL_SLACK


def _client(observation: Observation) -> Hashable:
    return observation.client, get(observation.request, b"user-agent")


def _may_be_of(scene: Scene, told: _Told, call: PageCall, judgement: Judgement) -> bool:
    """Whether a flow may have come of a call."""
    observation = judgement.observation
    if not _is_of_origin(scene, told, judgement) or _shows_another(judgement, call):
        return False
    is_preflight = judgement.role is Role.PREFLIGHT
    method = judgement.requested_method if is_preflight else observation.method.decode("latin-1")
    mode = None if is_preflight else get(observation.request, b"sec-fetch-mode")
    if call.method not in (None, method) or (mode is not None and call.mode not in (None, mode)):
        return False
    if call.mode == "no-cors" and judgement.origin is not None and method in ("GET", "HEAD"):
        return False  # such requests bear no Origin
    until = (call.ended or call.started + CALL_TOLD_WITHIN) + CALL_SLACK
    return _earliest(call) <= observation.started <= until


def _shows_another(judgement: Judgement, call: PageCall) -> bool:
    """Whether the request itself shows another credentials mode than the call's."""
    shown = judgement.credentials if judgement.credentials_evidence in BY_THE_REQUEST else Credentials.UNKNOWN
    return (
        call.mode != "no-cors"
        and Credentials.UNKNOWN not in (shown, call.credentials)
        and shown is not call.credentials
    )


def _is_of_origin(scene: Scene, told: _Told, judgement: Judgement) -> bool:
    """Whether the request came from the page's own origin."""
    if judgement.origin is not None:
        return judgement.origin == told.origin
    named = get(judgement.observation.request, b"referer")
    referrer = None if named is None else known_url(normalize(named.encode("latin-1")))
    if referrer is None:
        return judgement.observation.url.origin == scene.origin
    return referrer.origin == scene.origin


def _distance(call: PageCall, judgement: Judgement) -> float:
    """How little a flow looks like a call: the seconds between them, and some for all that only one of them has.

    Script hears of an answer once it has come, and soon; it may have asked long before, as preflights take their time.
    """
    observation = judgement.observation
    chain = judgement.chain or [judgement]
    last = chain[-1].observation
    apart = _other_names(call, judgement) + _contradicts(call, judgement)
    if call.ok and call.status is not None and call.kind != "opaqueredirect":
        apart += last.status != call.status
    began = abs(observation.started - call.started) if call.started else 0.0
    later = call.ended - last.ended if call.ended else 0.0
    return apart * _APART + began / _LOOSER + (later if later >= 0 else min(-later * _LOOSER, _APART))


def _other_names(call: PageCall, judgement: Judgement) -> int:
    """How many header names only one of them has, as far as a script sets them."""
    if call.header_names is None:
        return 0
    asked = len(set(judgement.requested_headers) - call.header_names)
    if judgement.role is Role.PREFLIGHT:
        return asked
    names = {name.decode("latin-1").lower() for name, _ in judgement.observation.request}
    return asked + len(call.header_names - names - BROWSER_NAMES)


def _contradicts(call: PageCall, first: Judgement) -> int:
    """How many flows of a fetch would have fared otherwise, by their headers, than script saw."""
    passed = outcome(call)
    if passed is None or call.credentials is Credentials.UNKNOWN or call.redirect != "follow":
        return 0
    chain = first.chain or [first]
    told = chain[:-1] if may_have_failed_later(chain[-1], call) else chain
    outcomes = [(under(each, call.credentials), passed or each is not chain[-1]) for each in told]
    return sum((found.verdict is Verdict.ALLOW) is not expected for found, expected in outcomes if found)


def is_mixed(origin: str, call: PageCall) -> bool:
    """Whether it is mixed content, which no browser asks for."""
    page = known_url(origin)
    if page is None or call.url is None or call.api in _UPGRADED:
        return False
    return page.scheme == "https" and not is_potentially_trustworthy(call.url)
