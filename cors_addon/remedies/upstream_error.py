"""What really happened where mitmproxy could not get an answer: to the page all of it is "a CORS error"."""

import re

from cors_addon.fetch.headers import is_token, visible
from cors_addon.fetch.patterns import pattern

_INVALID = pattern(r"invalid header (name|line): (b'.*'|b\".*\")(?: from server|$)", re.IGNORECASE | re.DOTALL)
"""What mitmproxy 12 says where it does not pass a response on: net/http/validate.py, net/http/http1/read.py."""
_ESCAPE = pattern(r"\\x([0-9a-f]{2})|\\([tnr\\'])")
_PLAIN = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\", "'": "'"}

_KINDS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (pattern(mark, re.IGNORECASE), short, sentence)
    for mark, short, sentence in (
        (
            r"invalid header (?:name|line): b|^Cannot parse HTTP response: Invalid headers",
            "invalid header of the server",
            "mitmproxy refused the server's answer, for it has an invalid header",
        ),
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
    invalid = _INVALID.search(error)
    if invalid is not None and status is not None:
        return _refused_header(invalid, status)
    what = next((said for pattern, _, said in _KINDS if pattern.search(error)), "The exchange failed")
    instead = (
        "no answer reached the browser"
        if status is None
        else f"mitmproxy answered {status} in its place, without CORS headers"
    )
    return f"{what} ({error.strip()}), and {instead}. The page's script sees only a CORS error. Mend that first."


def refused_line(error: str) -> str | None:
    """The name or line for which mitmproxy refused an answer, as people read it; None where it was for another."""
    found = _INVALID.search(error)
    return None if found is None else visible(_unescaped(found))


def _unescaped(found: re.Match[str]) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else _PLAIN[match[2]], found[2][2:-1])


def _refused_header(found: re.Match[str], status: int) -> str:
    text = _unescaped(found)
    return (
        f'mitmproxy refused the server\'s answer: invalid header {found[1]} "{visible(text)}". It answered {status} '
        f"in its place, without CORS headers, so the page's script sees only a CORS error. Without mitmproxy "
        f"{_alone(text)}. Mend that header at the server first."
    )


def _alone(text: str) -> str:
    """What browsers make of such a line. Measured with Chromium 156, Firefox 153 and WebKitGTK 2.50."""
    name = text.rstrip(" \t")
    if name != text and is_token(name):
        return f"Chromium takes it for {name}, and Firefox and Safari pass it over"
    if "\0" in text:
        return "Chromium and Safari take nothing of such an answer, and Firefox passes the line over"
    return "browsers pass such a line over, and judge by the others"
