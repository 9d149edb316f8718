"""Raw header edits: what a policy or a command may set or remove."""

from cors_addon.fetch.headers import is_token
from cors_addon.fetch.patterns import pattern

_OF_THE_CONNECTION = frozenset(
    "connection content-length keep-alive proxy-connection te trailer transfer-encoding upgrade".split()
)
"""How messages are cut out of a connection: mitmproxy's business, and changed by hand the answer never arrives."""
_NOT_IN_A_VALUE = pattern(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


def name_fault(name: str) -> str | None:
    """What is wrong with the name of a header, or None."""
    if not is_token(name):
        return f"{name!r} is no header name"
    if name.lower() in _OF_THE_CONNECTION:
        return f"{name} is no matter of CORS: it says where the answer ends, or how the connection goes on"
    return None


def value_fault(value: str) -> str | None:
    """What is wrong with the value of a header, or None."""
    found = _NOT_IN_A_VALUE.search(value)
    if found is None:
        return None
    return "the value of a header is one line" if found[0] in "\r\n" else f"no header has a {found[0]!r} in its value"
