"""What is not shown to others: tokens, keys and passwords, known by the names that they go by."""

import re
from collections.abc import Callable

REDACTED = "REDACTED"

_SECRET = re.compile(
    r"(?:^|[-_.])(?:(?:api|access|secret|private|subscription|functions|master|auth)[-_]?key|token|tokens|secret|session|sessionid|sid|auth|authorization|password|"
    r"passwd|pwd|passphrase|signature|sig|csrf|xsrf|csrftoken|xsrftoken|jwt|credential|credentials|assertion|otp|pin)"
    r"(?:$|[-_.])|token$|secret$|password$",
    re.IGNORECASE,
)
"""Names of what is not shown to others: whole words, as in `X-Api-Key`, `access_token`, `client_secret`."""
_SECRET_IN_URL = frozenset({"key", "code"})
"""Elsewhere any word; in a URL mostly a key of Google's, or an authorization code of OAuth."""
_PARAMETER = re.compile(r"([?&;#])([^=?&;#]+)=([^&;#]+)")
_PARAMETER_IN_TEXT = re.compile(r"([?&;#])([^=?&;#\s\"']+)=([^&;#\s\"']+)")


def is_secret(name: str) -> bool:
    """Whether a header, a parameter or a member of this name holds what should not be shown."""
    return _SECRET.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name)) is not None


def without_secrets(url: str, hide: Callable[[str], object] = lambda _name: None) -> str:
    """A URL, its secret parameters replaced; `hide` is told the name of each."""
    return _replaced(_PARAMETER, url, hide)


def without_secrets_in_urls(text: str) -> str:
    """Any text, with the secret parameters of the URLs in it replaced."""
    return _replaced(_PARAMETER_IN_TEXT, text, lambda _name: None) if "=" in text else text


def _replaced(pattern: re.Pattern[str], text: str, hide: Callable[[str], object]) -> str:
    def replaced(match: re.Match[str]) -> str:
        separator, name, _ = match.groups()
        if not is_secret(name) and name.lower() not in _SECRET_IN_URL:
            return match[0]
        hide(name)
        return f"{separator}{name}={REDACTED}"

    return pattern.sub(replaced, text)
