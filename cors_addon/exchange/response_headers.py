"""What an answer says that anybody here asks about: its CORS headers, and what caches, cookies and auditors look at.

Law 1: header lists are long, and little of each matters: it is picked once per answer.
Law 2: servers repeat themselves, first of all in which headers they send in which order: where in such a list stands
what matters is looked for once. What was picked is what a reading is known by. Of both the last thousand are kept.
"""

from functools import lru_cache
from operator import itemgetter

from cors_addon.exchange.model import Fields
from cors_addon.fetch.freshness import may_be_kept
from cors_addon.fetch.headers import cors_lines, normalize, split_list
from cors_addon.fetch.names import CORS_RESPONSE, LOCATION, VALIDATORS

_PICKED, _VALIDATOR, _COOKIE = 1, 2, 4
_NAME = itemgetter(0)
_KINDS = dict.fromkeys(
    (*(name.lower().encode() for name in (*CORS_RESPONSE, LOCATION)), b"cache-control", b"vary"), _PICKED
) | {**dict.fromkeys(VALIDATORS, _VALIDATOR), b"set-cookie": _COOKIE}

MAX_REMEMBERED = 64
"""Headers of an answer up to which the places of those that matter are remembered."""


@lru_cache(maxsize=1024)
def _places(names: tuple[bytes, ...]) -> tuple[tuple[int, ...], int]:
    """Where the headers stand that are picked, and which others are there, of an answer with these names."""
    kinds = [_KINDS.get(name.lower(), 0) for name in names]
    seen = 0
    for kind in kinds:
        seen |= kind
    return tuple(place for place, kind in enumerate(kinds) if kind == _PICKED), seen


class ResponseHeaders:
    """One reading. Nothing in it rests on more than the headers that are picked, and on which others are there."""

    __slots__ = ("allow_origin", "credentialed", "kept", "lines", "only_allows", "sets_cookies", "varies")

    def __init__(self, fields: Fields, *, sets_cookies: bool, has_validator: bool) -> None:
        """Read the headers picked of a list."""
        lines = self.lines = cors_lines(fields)
        self.sets_cookies = sets_cookies
        self.kept = may_be_kept(fields, has_validator=has_validator)
        """A browser may use the answer again."""
        self.allow_origin = normalize(b", ".join(lines.allow_origin))
        """Empty where there is none."""
        self.credentialed = bool(lines.allow_origin) and normalize(b", ".join(lines.allow_credentials)) == "true"
        self.varies = any(
            item.lower() in ("origin", "*")
            for name, value in fields
            if name.lower() == b"vary"
            for item in split_list(normalize(value))
        )
        """Vary names Origin."""
        careful = self.varies and not self.credentialed and self.allow_origin != "*"
        self.only_allows = self.allow_origin if careful else None
        """The origin that is allowed, where nothing about that can be amiss."""


@lru_cache(maxsize=1024)
def _read(picked: Fields, seen: int) -> ResponseHeaders:
    return ResponseHeaders(picked, sets_cookies=bool(seen & _COOKIE), has_validator=bool(seen & _VALIDATOR))


class _Last:
    """The latest answer: several ask about it, one after the other."""

    __slots__ = ("fields", "read")

    def __init__(self) -> None:
        self.fields: Fields = ()
        self.read = _read((), 0)


_LAST = _Last()


def read_response(fields: Fields) -> ResponseHeaders:
    """Read a header list. Not to be changed: others get the same."""
    last = _LAST
    if fields is last.fields:
        return last.read
    names = tuple(map(_NAME, fields))
    places, seen = _places(names) if len(names) <= MAX_REMEMBERED else _places.__wrapped__(names)
    found = _read(tuple([fields[place] for place in places]), seen)
    last.fields, last.read = fields, found
    return found
