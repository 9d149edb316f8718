"""The page that mitmproxy answers with by itself, where the server gave it none: what its error says tells which.

mitmproxy/proxy/layers/http/__init__.py and _http1.py of mitmproxy 12
"""

KILLED = "Connection killed."
"""`mitmproxy.flow.Error.KILLED_MESSAGE`."""
# "by client" stands in mitmproxy's text whichever side reset the stream; these two codes it passes on as they are
LEFT = frozenset({"Client disconnected.", "stream reset by client (CANCEL)"})
_WITHOUT_ANSWER = LEFT | {"stream reset by client (HTTP_1_1_REQUIRED)", KILLED}
_REQUEST_REFUSED = ("Invalid request scheme", "mitmproxy received an HTTP CONNECT request")


def status_for(error: str) -> int | None:
    """Its status, for the words of an error; None where mitmproxy answers nothing."""
    if error in _WITHOUT_ANSWER:
        return None
    if error.startswith("Request body exceeds"):
        return 413
    if error.startswith(_REQUEST_REFUSED) or (error.startswith("Received ") and " from client," in error):
        return 400
    return 502
