"""What the answers of a session tell of their servers: whose they are, whom they allow, and what they always say.

Law 1: a name told by one answer is lent to the same server's others; a server is a scheme, host and port.
Law 2: what is kept is bounded, in number and in bytes, whatever comes.
Law 3: of a rewritten answer only what the server itself said counts.
Law 4: an answer that is allowed costs next to nothing, once it tells nothing new of its server.
"""

from collections import OrderedDict
from dataclasses import dataclass, field, replace

from cors_addon.exchange.model import ALLOW, Judgement, Observation, Role, Verdict
from cors_addon.exchange.recognised import Confidence, History, Recognised
from cors_addon.exchange.response_headers import read_response
from cors_addon.exchange.shelf import Shelf
from cors_addon.exchange.writing import note_server
from cors_addon.fetch.headers import get
from cors_addon.fetch.orb import ReadBody
from cors_addon.fetch.origins import Url
from cors_addon.servers.answer import BODY_READ
from cors_addon.servers.recognise import recognise
from cors_addon.servers.words import said

MAX_SERVERS = 256
MAX_ORIGINS = 16
"""Origins of which it is kept that a server allowed them, and to which it sent one and the same."""
MAX_LEARNED = 256
MAX_TRIES = 8
"""Good answers of a server that are looked at for who it is; of its preflights as many."""
_OF_ONE = 2048
"""Bytes of a server of which nothing was learned."""
_OF_A_TEXT = 192
"""Bytes of a text that is kept, besides its own."""
_ASKED = frozenset({Role.PREFLIGHT, Role.ACTUAL, Role.REDIRECT, Role.NON_BROWSER})


@dataclass(slots=True)
class _Server:
    """What is known of one."""

    known: Recognised | None = None
    lent: Recognised | None = None
    """The same, for answers that do not show it."""
    tries: int = 0
    preflights_tried: int = 0
    allowed: OrderedDict[str, tuple[str, float]] = field(default_factory=OrderedDict)
    """By origin: which request was allowed, and when."""
    sent: OrderedDict[str, set[str]] = field(default_factory=OrderedDict)
    """By Access-Control-Allow-Origin: the origins to which it was sent."""
    names_others: bool = False
    """It was seen to name an origin that did not ask."""
    good: bool = False
    """A good answer had CORS headers."""
    learned: set[tuple[str | None, str]] = field(default_factory=set)
    """Origins, and what was answered to each, that tell no more."""
    may_tell: bool = True
    """It is not known, and not all that may be tried was."""
    learned_size: int = 0
    """Bytes of what is `learned`."""

    def learn(self, told: tuple[str | None, str]) -> None:
        """Another answer that is like this one tells no more."""
        if len(self.learned) < MAX_LEARNED and told not in self.learned:
            self.learned.add(told)
            self.learned_size += _size(*told)

    @property
    def weight(self) -> int:
        """Bytes that are kept of it."""
        allowed = sum(_size(origin, request) for origin, (request, _) in self.allowed.items())
        sent = sum(_size(value, *origins) for value, origins in self.sent.items())
        return _OF_ONE + self.learned_size + allowed + sent

    def is_to_be_tried(self, role: Role) -> bool:
        """Whether to look at one more of its good answers, though it is like others."""
        if role is Role.PREFLIGHT:
            self.preflights_tried += 1
        else:
            self.tries += 1
        self.may_tell = self.known is None and min(self.tries, self.preflights_tried) < MAX_TRIES
        return self.known is None and (self.preflights_tried if role is Role.PREFLIGHT else self.tries) <= MAX_TRIES


class Servers:
    """The servers of a session."""

    def __init__(self) -> None:
        self._servers: Shelf[tuple[str, str, int], _Server] = Shelf(MAX_SERVERS)
        self.keep_within = self._servers.keep_within

    @property
    def weight(self) -> int:
        """Bytes that are kept."""
        return self._servers.weight

    def tell(self, judgement: Judgement, read_body: ReadBody | None) -> None:
        """Add to a judgement who answered and what it said, and learn of the answer."""
        observation = judgement.observation
        if judgement.role not in _ASKED or observation.status is None:
            return
        server = self._servers.get(observation.url[:3]) or self._begin(observation.url)
        is_plain = judgement.verdict is ALLOW and judgement.hypothetical is None  # as nearly all
        if observation.rewritten is not None or (not is_plain and _is_refused(judgement)):
            self._tell_refused(server, judgement, read_body)
            return
        told = (judgement.origin, read_response(observation.response).allow_origin)
        if told not in server.learned or (server.may_tell and server.is_to_be_tried(judgement.role)):
            server.learn(told)
            self._recognise(server, observation, None)
            self._learn(server, judgement, observation)
        if server.lent is not None:
            note_server(judgement, server.lent, None, None)

    def _tell_refused(self, server: _Server, judgement: Judgement, read_body: ReadBody | None) -> None:
        """The same of an answer that is refused, or was rewritten."""
        observation = judgement.observation
        own = _own(observation)
        if own is None:
            note_server(judgement, server.lent, None, None)
            return
        speaks = own.method == b"OPTIONS" or (own.status or 0) >= 400
        body = read_body(BODY_READ) if speaks and read_body is not None and own is observation else None
        found = self._recognise(server, own, body)
        note_server(judgement, found, said(own, body) if speaks else None, _history(server, judgement, own))
        self._learn(server, judgement, own)

    def _learn(self, server: _Server, judgement: Judgement, own: Observation) -> None:
        _learn(server, judgement, own)
        self._servers.weigh(own.url[:3], server.weight)
        self._servers.relieve()

    def _begin(self, url: Url) -> _Server:
        found = _Server()
        self._servers.keep(url[:3], found, _OF_ONE)
        return found

    def _recognise(self, server: _Server, own: Observation, body: bytes | None) -> Recognised | None:
        found = recognise(own, body)
        server.names_others = server.names_others or _names_another(own)
        if server.names_others:  # its framework's page is there, but what sets the headers is another
            found = None if found is not None and found.mirrors else found
            if server.known is not None and server.known.mirrors:
                server.known = server.lent = None
        if found is None:
            return server.lent
        known = server.known
        if known is None or known.confidence is Confidence.LIKELY or found.confidence is Confidence.SURE:
            server.known, server.lent = found, found.lent(own.flow_id)
        return found


def _is_refused(judgement: Judgement) -> bool:
    """Whether a browser refuses it, or would refuse what another client had."""
    hypothetical = judgement.hypothetical
    return judgement.verdict is Verdict.DENY or (hypothetical is not None and hypothetical.verdict is Verdict.DENY)


def _own(observation: Observation) -> Observation | None:
    """The server's own answer; None where a policy answered in its place."""
    if observation.rewritten is None:
        return observation
    _, status, fields = observation.rewritten
    return None if status is None else replace(observation, status=status, response=fields)


def _names_another(own: Observation) -> bool:
    value, asks = read_response(own.response).allow_origin, get(own.request, b"origin")
    return value not in ("", "*", asks) and "," not in value


def _history(server: _Server, judgement: Judgement, own: Observation) -> History | None:
    allowed = server.allowed.get(judgement.origin or "")
    value = read_response(own.response).allow_origin
    receivers = server.sent.get(value, set()) | {judgement.origin or ""}
    fixed = value if value not in ("", "*") and len(receivers) > 1 else None
    good = server.good and (own.status or 0) >= 400 and not value
    if allowed is None and fixed is None and not good:
        return None
    what, when = allowed or (None, 0.0)
    return History(what, when, fixed, good)


def _learn(server: _Server, judgement: Judgement, own: Observation) -> None:
    """Keep what the answer tells for those to come."""
    origin = judgement.origin
    value = read_response(own.response).allow_origin
    if not value or origin is None:
        return
    server.good = server.good or (own.status or 0) < 400
    if value in (origin, "*"):
        method = judgement.requested_method or own.method.decode("latin-1")
        server.allowed[origin] = (f"{method} {own.url}", own.ended)
        _bound(server.allowed)
    if value != "*":
        receivers = server.sent.setdefault(value, set())
        if len(receivers) < MAX_ORIGINS:
            receivers.add(origin)
        _bound(server.sent)


def _size(*texts: str | None) -> int:
    return sum(_OF_A_TEXT + len(text or "") for text in texts)


def _bound[T](kept: OrderedDict[str, T]) -> None:
    while len(kept) > MAX_ORIGINS:
        kept.popitem(last=False)
