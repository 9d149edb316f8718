"""Exchanges of a recording as flows that a mitmproxy filter can look at, and selecting them by one."""

import base64
from collections.abc import Callable
from typing import Any

from mitmproxy import connection, flowfilter, http
from mitmproxy.flow import Error

from cors_addon.exchange.model import Observation

type Choose = Callable[[http.HTTPFlow], object]


def parse(expression: str) -> Choose:
    """A filter; raises ValueError with what is wrong with the expression."""
    chosen: Choose = flowfilter.parse(expression)
    return chosen


def flow_of_entry(raw: Any, observation: Observation) -> http.HTTPFlow:
    """A flow made of a HAR entry, bodies included."""
    return flow(observation, _text(raw.get("request"), "postData"), _text(raw.get("response"), "content"))


def flow(observation: Observation, body: bytes = b"", answer: bytes = b"") -> http.HTTPFlow:
    """A flow made of what is kept of an exchange, and of the bodies of request and answer."""
    url = observation.url
    client = connection.Client(
        peername=("127.0.0.1", 0), sockname=("127.0.0.1", 0), timestamp_start=observation.started
    )
    result = http.HTTPFlow(client, connection.Server(address=(url.host, url.port)))
    result.id = observation.flow_id
    version = b"HTTP/2.0" if observation.http2 else b"HTTP/1.1"
    result.request = http.Request(
        url.host,
        url.port,
        observation.method,
        url.scheme.encode(),
        b"",
        url.path.encode(),
        version,
        http.Headers(observation.request),
        body,
        None,
        observation.started,
        observation.started,
    )
    if observation.status is None:
        result.error = Error("no answer in the recording", observation.ended)
    else:
        result.response = http.Response(
            version,
            observation.status,
            b"",
            http.Headers(observation.response),
            answer,
            None,
            observation.ended,
            observation.ended,
        )
    return result


def _text(message: Any, key: str) -> bytes:
    """The body of a message, as far as the file has it."""
    part = message.get(key) if isinstance(message, dict) else None
    text = part.get("text") if isinstance(part, dict) else None
    if not isinstance(text, str):
        return b""
    if isinstance(part, dict) and part.get("encoding") == "base64":
        try:
            return base64.b64decode(text)
        except ValueError:
            return b""
    return text.encode("utf-8", "replace")
