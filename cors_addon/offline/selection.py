"""Selecting exchanges of a recording by a mitmproxy filter expression."""

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


def flow(raw: Any, observation: Observation) -> http.HTTPFlow:
    """A flow that a filter can look at, made of a HAR entry."""
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
        _text(raw.get("request"), "postData"),
        None,
        observation.started,
        observation.started,
    )
    if observation.status is None:
        result.error = Error("no answer in the HAR file", observation.ended)
    else:
        result.response = http.Response(
            version,
            observation.status,
            b"",
            http.Headers(observation.response),
            _text(raw.get("response"), "content"),
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
