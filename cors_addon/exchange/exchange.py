"""One request with its answer while it is judged: each header list read once, and what is asked of everywhere."""

from cors_addon.exchange.clients import Client
from cors_addon.exchange.ledger import Ledger
from cors_addon.exchange.model import Credentials, Observation
from cors_addon.exchange.request_headers import RequestHeaders, is_preflight
from cors_addon.exchange.response_headers import read_response
from cors_addon.fetch.headers import normalize, split_list

type ModeFinding = tuple[Credentials, str | None]
"""A credentials mode and what it was told by; None where it is unknown."""


class Exchange:
    """What one observation says, and whose it is. Made for every flow, and in a hurry."""

    def __init__(self, client: Client, observation: Observation, request: RequestHeaders, ledger: Ledger) -> None:
        """Read what is not read yet."""
        self.client = client
        self.observation = observation
        self.request = request
        """The request's headers; for the list as it was sent see `observation`."""
        self.response = read_response(observation.response)
        self.ledger = ledger
        """Where judgements are written."""
        self.origin = request.origin or ""
        """The serialized request origin; empty where the request bears none."""
        self.shown: ModeFinding | None = None
        """The credentials mode that the request or its connection shows; None until `Evidence.shown` has looked."""
        if request.preflight and is_preflight(observation, request):
            names = request.get(b"access-control-request-headers")
            self.is_preflight = True
            self.method = normalize(request[b"access-control-request-method"])
            """The method to be permitted: of a preflight, the one that it asks for."""
            self.asked: tuple[str, ...] | None = () if names is None else split_list(normalize(names).lower())
            """Of a preflight the header names that it asks for, lower case; None for any other request."""
        else:
            self.is_preflight = False
            self.method = observation.method.decode("latin-1")
            self.asked = None
