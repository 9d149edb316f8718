"""What is not shown to others: tokens, keys, tickets and passwords, known by the names that they go by, or by shape.

Law 1: every output passes here, and `show` switches it off for all.
Law 2: a text is masked before it is cut, for the rest of a secret is one, too.
Law 3: text without a trace of a secret costs a few searches for a character.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from cors_addon.fetch.patterns import pattern

REDACTED = "REDACTED"

_SECRET = pattern(
    r"(?:^|[-_.\[\]])(?:(?:api|access|secret|private|subscription|functions|master|auth)[-_]?key|token|tokens|secret|"
    r"session|sessionid|sessid|sid|auth|authorization|password|passwd|pass|pwd|passphrase|signature|sig|csrf|xsrf|"
    r"csrftoken|xsrftoken|jwt|credential|credentials|assertion|otp|pin|ticket|saml\w*|code[-_]verifier|oauth[-_]verifier)"
    r"(?:$|[-_.\[\]])|token$|secret$|password$|sess(?:ion)?[-_]?id$|^aspsessionid|^saml(?:request|response|art)$",
    re.IGNORECASE,
)
"""Names of what is not shown to others: whole words, as in `X-Api-Key`, `access_token`, `user[password]`."""
_SECRET_IN_URL = frozenset({"key", "code"})
"""Elsewhere any word; in a URL mostly a key of Google's, or an authorization code of OAuth."""
_PARAMETER = pattern(r"([?&;#])([^=?&;#\s\"'<>\\]{1,200})=([^&;#\s\"'<>\\`]+)")
_JWT = pattern(r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*")
_USERINFO = pattern(r"//[^/?#\\\s\"'@]*:[^/?#\\\s\"']*@")  # a name alone is no secret
_SEGMENT_END = pattern(r"[/?]")
_NESTED = 3
"""URLs within URLs within URLs."""


class _Switch:
    """Whether anything is hidden at all."""

    is_on = True


def show(*, secrets: bool) -> None:
    """Have all outputs show secrets from now on, or hide them again, as they do at first."""
    _Switch.is_on = not secrets


def hides() -> bool:
    """Whether secrets are hidden."""
    return _Switch.is_on


@lru_cache(maxsize=1024)
def is_secret(name: str) -> bool:
    """Whether a header, a parameter or a member of this name holds what should not be shown."""
    return _SECRET.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name)) is not None or _SECRET.search(name) is not None


_OURS: set[str] = set()


def know(token: str) -> None:
    """A token of this run, in addresses that the user is told in order to go there, is shown."""
    _OURS.add(token)


def may_hold(text: str) -> bool:
    """Whether `masked` may change this text; quick."""
    return _Switch.is_on and ("=" in text or "@" in text or "eyJ" in text)


def masked(text: str) -> str:
    """Any text, with the secrets of the URLs in it replaced, and JWTs wherever they stand."""
    if not may_hold(text):
        return text
    if "=" in text:
        text = without_secrets(text)
    text = without_jwts(text)
    return _USERINFO.sub("//…@", text) if "@" in text else text


def without_jwts(text: str) -> str:
    """The same text where there are none."""
    return _JWT.sub(REDACTED, text) if "eyJ" in text else text


def masked_values(value: Any) -> Any:
    """Plain data, with every string in it masked."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {name: masked_values(each) for name, each in value.items()}
    return [masked_values(each) for each in value] if isinstance(value, list) else value


def without_secrets(text: str, hide: Callable[[str], object] = lambda _name: None, depth: int = 0) -> str:
    """A URL or a text with URLs, secret parameters replaced; `hide` is told the name of each.

    A value that holds a URL itself, percent-encoded, is looked into.
    """

    def replaced(match: re.Match[str]) -> str:
        sign, name, value = match.groups()
        rest = ""
        # a parameter of one segment of the path; of thousands, few values have an end to look for
        if sign == ";" and ("/" in value or "?" in value) and (end := _SEGMENT_END.search(value)):
            value, rest = value[: end.start()], without_secrets(value[end.start() :], hide, depth)
        known = unquote(name) if "%" in name else name
        if (is_secret(known) or known.lower() in _SECRET_IN_URL) and value not in _OURS:
            hide(known)
            return f"{sign}{name}={REDACTED}{rest}"
        if "%" in value and depth < _NESTED:
            value = _nested(value, hide, depth)
        return f"{sign}{name}={value}{rest}"

    return _PARAMETER.sub(replaced, text)


def _nested(value: str, hide: Callable[[str], object], depth: int) -> str:
    inner = unquote(value)
    clean = without_secrets(inner, hide, depth + 1)
    clean = without_jwts(clean)
    return value if clean == inner else quote(clean, safe="")
