"""An answer as marks are looked for in it: names in lower case beside how they were written, values, the body's start.

Law 1: what HTTP/2, HTTP/3 and proxies take away (case, Server, Connection) may make a mark absent, never make one.
"""

import re
from functools import cached_property

from cors_addon.exchange.model import Observation
from cors_addon.fetch.headers import readable
from cors_addon.fetch.names import ASKED_METHOD

BODY_READ = 4096
"""Bytes of a body that are looked at."""
_OF_THE_WAY = frozenset(
    b"""date connection keep-alive transfer-encoding server x-powered-by via age content-encoding etag last-modified
    strict-transport-security alt-svc""".split()
)
"""Headers whose place tells nothing: servers, proxies and connections add them, each at its own end."""


class Answer:
    """One answer, with what was asked."""

    def __init__(self, observation: Observation, body: bytes = b"") -> None:
        """Read it; `body`: its beginning, decoded."""
        self.status = observation.status or 0
        self.path = observation.url.path
        self.port = observation.url.port
        self.body = body[:BODY_READ].decode("utf-8", "replace")
        self.fields = [(name.lower(), name, readable(value.decode("latin-1"))) for name, value in observation.response]
        self._values: dict[bytes, list[str]] = {}
        for lower, _, value in self.fields:
            self._values.setdefault(lower, []).append(value.strip())
        asked = {name.lower(): value.decode("latin-1") for name, value in observation.request}
        self.origin = asked.get(b"origin")
        self.asked_method = asked.get(ASKED_METHOD)
        self.is_preflight = observation.method == b"OPTIONS" and self.asked_method is not None
        self.order = [name.decode("latin-1") for name, _, _ in self.fields if name not in _OF_THE_WAY]
        """Names in the order in which they were sent, without those whose place tells nothing."""

    def values(self, name: str) -> list[str]:
        """Each line of a header."""
        return self._values.get(name.encode(), [])

    def value(self, name: str) -> str | None:
        """All lines of a header, joined; None where it is absent."""
        found = self.values(name)
        return ", ".join(found) if found else None

    @cached_property
    def bears_cors(self) -> bool:
        """Whether any Access-Control header is there."""
        return any(name.startswith(b"access-control-") for name, _, _ in self.fields)

    @cached_property
    def sets_length(self) -> bool:
        """Whether the empty body's length was set with the other headers, and not by the server's last hand.

        Node and Go add it themselves after Date, to a 200 alone; a 204 bears none unless it was set.
        """
        names = [lower for lower, _, _ in self.fields if lower in (b"date", b"content-length")]
        return self.value("content-length") == "0" and (self.status == 204 or names[-1:] != [b"content-length"])

    @cached_property
    def writes_title_case(self) -> bool:
        """Whether CORS headers are written in capitals: nothing on the way does that by itself."""
        return any(name.startswith(b"Access-Control-") for _, name, _ in self.fields)

    @cached_property
    def writes_type_in_capitals(self) -> bool:
        """Whether Content-Type is written so."""
        return any(name == b"Content-Type" for _, name, _ in self.fields)

    @cached_property
    def writes_mixed_case(self) -> bool:
        """Whether CORS headers are in lower case, and others of the same answer are not."""
        names = [name for _, name, _ in self.fields]
        return any(name.startswith(b"access-control-") for name in names) and any(
            re.match(rb"Content-[A-Z]|Vary", name) for name in names
        )
