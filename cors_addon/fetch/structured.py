"""Structured fields, as far as the policies of documents use them: an item whose value is a token.

https://httpwg.org/specs/rfc9651.html#item
"""

from functools import lru_cache

from cors_addon.fetch.patterns import pattern

_TOKEN = r"[A-Za-z*][!#$%&'*+\-.^_`|~:/0-9A-Za-z]*"
_BARE_ITEM = "|".join(
    (
        r"-?[0-9]{1,12}\.[0-9]{1,3}",
        r"-?[0-9]{1,15}",
        r'"(?:[ !#-\[\]-~]|\\["\\])*"',
        _TOKEN,
        r":[A-Za-z0-9+/=]*:",
        r"\?[01]",
        r"@-?[0-9]{1,15}",
        r'%"(?:[ !#$&-~]|%[0-9a-f]{2})*"',
    )
)
_PARAMETERS = rf"(?:; *[a-z*][a-z0-9_\-.*]*(?:=(?:{_BARE_ITEM}))?)*"
_TOKEN_ITEM = pattern(rf" *({_TOKEN}){_PARAMETERS} *")


@lru_cache(maxsize=256)
def token_item(value: str) -> str | None:
    """The token of an item, its parameters left out; None where the field is no such item: a list, a string, garbage.

    Several lines of a field are to be joined before, as for any list: an item then has none of them.
    """
    match = _TOKEN_ITEM.fullmatch(value)
    return match[1] if match else None
