"""What really happened where mitmproxy could not get an answer: to the page all of it is "a CORS error"."""

import re

_KINDS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), short, sentence)
    for pattern, short, sentence in (
        (
            r"certificate verify failed|self.signed|certificate has expired|hostname mismatch",
            "bad certificate of the server",
            "The server's certificate does not hold",
        ),
        (r"\btls\b|\bssl\b|handshake", "TLS with the server failed", "TLS with the server failed"),
        (
            r"errno -[2358]\b|getaddrinfo|name or service not known|nodename|temporary failure in name",
            "unknown server name",
            "The server's name is not known",
        ),
        (
            r"errno (?:111|61|10061)\b|connection refused",
            "connection refused",
            "Nothing listens at the server's address: the connection was refused",
        ),
        (r"timed? ?out|errno (?:110|60|10060)\b", "server timed out", "The server did not answer in time"),
        (r"unreachable|no route", "network unreachable", "The server's network cannot be reached"),
        (r"connect call failed|multiple exceptions", "server not reached", "The server cannot be reached"),
        (r"closed connection|connection reset|errno 104|too little data", "server hung up", "The server hung up"),
        (r"http/[123] protocol error|protocol error", "broken answer", "The server's answer breaks HTTP's rules"),
        (
            r"connection killed",
            "cut in mitmproxy",
            "The connection was cut in mitmproxy, by hand or by an addon",
        ),
    )
)
"""By mitmproxy's error text: what happened, for a list and as a sentence."""


def short(error: str, status: int | None) -> str:
    """In a few words."""
    what = next((few for pattern, few, _ in _KINDS if pattern.search(error)), "no answer of the server's")
    return what if status is None else f"{what}, {status} by mitmproxy"


def sentences(error: str, status: int | None) -> str:
    """In a sentence or two; `status`: of the page with which mitmproxy answered in the server's place."""
    what = next((said for pattern, _, said in _KINDS if pattern.search(error)), "The exchange failed")
    instead = (
        "no answer reached the browser"
        if status is None
        else f"mitmproxy answered {status} in its place, without CORS headers"
    )
    return f"{what} ({error.strip()}), and {instead}. The page's script sees only a CORS error. Mend that first."
