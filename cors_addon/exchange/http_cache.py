"""Which stored response a 304 confirms: the HTTP caches of browsers, as far as conditions on the wire show them.

Browsers do not ask how a response was fetched before they use it again: an image loaded without CORS, and stored
without Access-Control-Allow-Origin, later answers a cors request for the same URL, and fails its check.
https://httpwg.org/specs/rfc9111.html#freshening.responses

Law 1: the condition of a request tells which response is meant: one that bears its validator.
Law 2: what passes without CORS is many: it is kept as it came, and looked at only when a 304 asks for it.
Law 3: bounded in number and in bytes, the oldest forgotten first.
"""

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from cors_addon.exchange.model import Fields
from cors_addon.exchange.response_headers import head_size
from cors_addon.exchange.shelf import Shelf
from cors_addon.fetch.bounds import OF_A_LINE, size_of
from cors_addon.fetch.freshness import lifetime, may_be_used_stale
from cors_addon.fetch.headers import LOWER
from cors_addon.fetch.names import VALIDATES, VALIDATORS
from cors_addon.fetch.origins import Url

MAX_PLAIN = 512
_OF_ONE = 1024
"""Bytes of one, without its headers."""
MAX_UNREAD = 2048
"""Bytes of the headers of one that is not read, of its request's too, and of its URL's path."""
_UNREAD = 6144
"""Bytes of one that is not read, its connections included."""

_VALIDATOR_LENGTHS = frozenset(map(len, VALIDATORS))


@dataclass(frozen=True, slots=True)
class Stored:
    """A response that its browser may revalidate."""

    fields: Fields
    ended: float
    """End of its answer, or of the latest 304 that updated it."""
    credentialed: bool | None = None
    """Whether its request included credentials; None: not known."""
    connection: Hashable = None
    """Over which it came; None where that is not known."""

    def answers(self, request: Fields) -> bool:
        """Whether a conditional request is about this response."""
        for name, value in request:
            validator = VALIDATES.get(name.lower())
            if validator is not None:
                return value.strip() in [own.strip() for key, own in self.fields if key.lower() == validator]
        return False


def is_plain(method: bytes, status: int | None, fields: Fields) -> bool:
    """Whether the answer to a request without Origin may later serve one with it."""
    return status == 200 and method == b"GET" and _has_validator(fields)


def _has_validator(fields: Fields) -> bool:
    # asked of every response: lengths are compared before names
    for name, _ in fields:
        if len(name) not in _VALIDATOR_LENGTHS:
            continue
        if LOWER[name] in VALIDATORS:
            return True
    return False


def may_be_fresh(stored: Stored, now: float) -> bool:
    """Whether a browser might still use a response without asking. https://httpwg.org/specs/rfc9111.html#freshness"""
    seconds = lifetime(stored.fields, stored.ended)
    if seconds is None or may_be_used_stale(stored.fields):
        return True
    return seconds > 0 and now - stored.ended <= seconds


def _by_name(fields: Fields) -> dict[bytes, bytes]:
    return {name.lower(): value for name, value in fields}


type Plain = tuple[Hashable, Url, Fields, Fields, float]
"""Address of the client, URL, header lists of request and response, end of the answer."""


class PlainResponses:
    """Responses to requests without CORS that may be revalidated, of all clients."""

    def __init__(self) -> None:
        """Begin with none."""
        self._by_url: Shelf[tuple[Hashable, Url], tuple[Fields, Fields, float]] = Shelf(MAX_PLAIN)
        self.keep_within = self._by_url.keep_within
        self._unread: deque[tuple[Callable[[Any], Plain], Any]] = deque(maxlen=MAX_PLAIN)
        self.note_unread = self._unread.append
        """Keep what its first item can make something of, should it be asked for; most never are. It is to be short."""

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._by_url) + len(self._unread)

    @property
    def weight(self) -> int:
        """Bytes that are kept."""
        return self._by_url.weight + _UNREAD * len(self._unread)

    def note(self, client: Hashable, url: Url, request: Fields, response: Fields, ended: float) -> None:
        """Keep one; `client` is an address."""
        self._read_all()
        self._keep(client, url, request, response, ended)

    def _read_all(self) -> None:
        while self._unread:
            read, seen = self._unread.popleft()
            self._keep(*read(seen))

    def _keep(self, client: Hashable, url: Url, request: Fields, response: Fields, ended: float) -> None:
        lines = OF_A_LINE * (len(request) + len(response))
        weight = _OF_ONE + size_of(request) + head_size(response) + lines + len(url.path)
        self._by_url.keep((client, url), (request, response, ended), weight)

    def find(self, client: Hashable, url: Url, request: Fields) -> Stored | None:
        """The one for a URL that the sender of another request has stored, itself being told by its User-Agent."""
        self._read_all()
        found = self._by_url.get((client, url))
        if found is None:
            return None
        asked, response, ended = _by_name(found[0]), found[1], found[2]
        if asked.get(b"user-agent") != _by_name(request).get(b"user-agent"):
            return None
        # an element's request includes credentials, a script's need not
        included = b"cookie" in asked or asked.get(b"sec-fetch-dest", b"empty") != b"empty"
        return Stored(response, ended, credentialed=True if included else None)
