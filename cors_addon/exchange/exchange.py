"""One request with its answer while it is judged: each header list read once, and what is asked of everywhere."""

import itertools

from cors_addon.exchange.clients import Client, Fetch, Follower, Pending
from cors_addon.exchange.ledger import Ledger
from cors_addon.exchange.model import Credentials, Judgement, Observation, Word
from cors_addon.exchange.request_headers import RequestHeaders, is_preflight
from cors_addon.exchange.response_headers import read_as
from cors_addon.fetch.headers import normalize, split_list
from cors_addon.fetch.names import ASKED_HEADERS, ASKED_METHOD

_order = itertools.count()

type ModeFinding = tuple[Credentials, str | None]
"""A credentials mode and what it was told by; None where it is unknown."""


class Exchange:
    """What one observation says, and whose it is. Made for every flow, and in a hurry.

    What few need stands on the class.
    """

    own: Credentials | None = None
    """The credentials mode that the request tells by itself, whatever its fetch is; None until it was asked for."""
    found: ModeFinding | None = None
    """The mode that it told its fetch; None until that was asked for."""
    follower: Follower | None = None
    """What it may follow, where there is anything."""
    waiting: Pending | None = None
    """Where something should follow this."""
    repeats: Pending | None = None
    """The preflight that this one repeats."""
    served: tuple[Judgement, ...] = ()
    """The preflights whose cached answers permitted it."""
    heard: Word | None = None
    """What the browser itself says of it."""
    fetch: Fetch | None = None
    judgement: Judgement | None = None
    """Kept where it may have to be judged anew, with its fetch."""
    order: int = 0
    """When its first judgement began, among others."""
    again: bool = False
    """It is judged anew."""

    def __init__(self, client: Client, observation: Observation, request: RequestHeaders, ledger: Ledger) -> None:
        """Read what is not read yet."""
        self.client = client
        self.observation = observation
        self.request = request
        """The request's headers; for the list as it was sent see `observation`."""
        rules, size = client.judged_as.rules, observation.head_size
        self.response = read_as(rules, observation.response, observation.http2, size)
        self.ledger = ledger
        """Where judgements are written."""
        self.origin = request.said.origin or ""
        """The serialized request origin; empty where the request bears none."""
        self.shown: ModeFinding | None = None
        """The credentials mode that the request or its connection shows; None until `Evidence.shown` has looked."""
        if request.said.preflight and is_preflight(observation, request):
            names = request.get(ASKED_HEADERS)
            self.is_preflight = True
            self.method = normalize(request[ASKED_METHOD])
            """The method to be permitted: of a preflight, the one that it asks for."""
            self.asked: tuple[str, ...] | None = () if names is None else split_list(normalize(names).lower())
            """Of a preflight the header names that it asks for, lower case; None for any other request."""
        else:
            self.is_preflight = False
            self.method = observation.method.decode("latin-1")
            self.asked = None

    @property
    def known(self) -> Judgement:
        """Its judgement, where it is kept."""
        assert self.judgement is not None
        return self.judgement

    def begin(self, judgement: Judgement, fetch: Fetch) -> Judgement:
        """Keep what is judged; judged anew, it is the same judgement as before."""
        if self.judgement is None:
            self.judgement = judgement
            self.order = next(_order)
        else:
            self.judgement.become(judgement)
        self.fetch = fetch
        fetch.exchanges += (self,)
        return self.judgement

    def await_next(self, waiting: Pending) -> Pending:
        """Keep what waits; judged anew, it is the same as before."""
        known = self.waiting
        if known is None:
            known = self.waiting = waiting
            waiting.exchange = self
        else:
            known.fetch, known.method, known.until = waiting.fetch, waiting.method, waiting.until
            known.given_up, known.retries, known.told_to_retry = False, 0, False
            known.stopped_by, known.if_surely_omitted = waiting.stopped_by, waiting.if_surely_omitted
        return known
