"""A request to the live page, and its answer, however they came."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

MAX_BODY = 512 * 1024
"""Bytes of a request's body that are taken: a policy file is far smaller."""

type Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request."""

    method: str
    target: str
    """Path and query."""
    headers: Mapping[str, str]
    """By lower-case name; several lines are joined with `, `, as no header that is read here may come twice."""
    body: bytes
    scheme: str
    port: int
    """Where the page listens; of no meaning to a request through the proxy."""

    @property
    def path(self) -> str:
        """Without the query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """Names and values."""
        return dict(parse_qsl(urlsplit(self.target).query))

    def header(self, name: str) -> str:
        """A header, empty where there is none."""
        return self.headers.get(name, "")

    def cookie(self, name: str) -> str:
        """A cookie, empty where there is none."""
        for pair in self.header("cookie").split(";"):
            key, _, value = pair.strip().partition("=")
            if key == name:
                return value
        return ""


LOCKED: Headers = (
    ("Cache-Control", "no-store, max-age=0"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)
"""What every answer says: kept nowhere, framed by nobody, read by no other page. None says anything of CORS."""
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The policy of what is no document."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer."""

    status: int
    body: bytes = b""
    kind: str = "text/plain; charset=utf-8"
    policy: str = NOTHING
    more: Headers = ()
    events: AsyncIterator[bytes] | None = field(default=None, compare=False)
    """A body without an end."""

    @property
    def headers(self) -> Headers:
        """All of them, but for those about the body's length."""
        return (("Content-Type", self.kind), ("Content-Security-Policy", self.policy), *LOCKED, *self.more)

    @property
    def phrase(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase


def as_json(value: Any, status: int = 200) -> Answered:
    """A value, as data: ASCII throughout."""
    return Answered(status, json.dumps(value, separators=(",", ":"), allow_nan=False).encode(), "application/json")
