"""Flows made of what is kept of an exchange, for mitmproxy's filters and for commands that take flows."""

from mitmproxy import connection, http
from mitmproxy.flow import Error

from cors_addon.exchange.model import Observation


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
