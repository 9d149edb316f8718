"""What really happened where mitmproxy could not get an answer: to the page all of it is "a CORS error"."""

import re

_KINDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"certificate verify failed|self.signed|certificate has expired|hostname mismatch", re.IGNORECASE),
        "The server's certificate does not hold",
    ),
    (re.compile(r"\btls\b|\bssl\b|handshake", re.IGNORECASE), "TLS with the server failed"),
    (
        re.compile(r"errno -[2358]\b|getaddrinfo|name or service not known|nodename|temporary failure in name", re.I),
        "The server's name is not known",
    ),
    (
        re.compile(r"errno (?:111|61|10061)\b|connection refused", re.IGNORECASE),
        "Nothing listens at the server's address: the connection was refused",
    ),
    (re.compile(r"timed? ?out|errno (?:110|60|10060)\b", re.IGNORECASE), "The server did not answer in time"),
    (re.compile(r"unreachable|no route", re.IGNORECASE), "The server's network cannot be reached"),
    (re.compile(r"connect call failed|multiple exceptions", re.IGNORECASE), "The server cannot be reached"),
    (re.compile(r"closed connection|connection reset|errno 104|too little data", re.I), "The server hung up"),
    (re.compile(r"http/[123] protocol error|protocol error", re.IGNORECASE), "The server's answer breaks HTTP's rules"),
    (re.compile(r"connection killed", re.IGNORECASE), "The connection was cut in mitmproxy, by hand or by an addon"),
)


def words(error: str, status: int | None) -> str:
    """In a sentence or two; `status`: of the page with which mitmproxy answered in the server's place."""
    what = next((said for pattern, said in _KINDS if pattern.search(error)), "The exchange failed")
    instead = (
        "no answer reached the browser"
        if status is None
        else f"mitmproxy answered {status} in its place, without CORS headers"
    )
    return f"{what} ({error.strip()}), and {instead}. The page's script sees only a CORS error. Mend that first."
