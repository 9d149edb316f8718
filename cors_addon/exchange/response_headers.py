"""What an answer says that anybody here asks about: its CORS headers, and what caches, cookies and auditors look at.

Law 1: header lists are long, and little of each matters: it is picked in one pass, once per answer.
Law 2: servers repeat themselves: what was picked is what a reading is known by, and the last thousand are kept.
"""

from functools import lru_cache

from cors_addon.exchange.http_cache import is_kept
from cors_addon.exchange.model import Fields
from cors_addon.fetch.headers import MAX_NAMES, cors_lines, normalize, split_list

_PICKED, _VALIDATOR, _COOKIE = 1, 2, 4
_KINDS = dict.fromkeys(
    b"""access-control-allow-origin access-control-allow-credentials access-control-allow-methods
    access-control-allow-headers access-control-max-age access-control-expose-headers location cache-control
    vary""".split(),
    _PICKED,
) | {b"etag": _VALIDATOR, b"last-modified": _VALIDATOR, b"set-cookie": _COOKIE}

_LENGTHS = frozenset(map(len, _KINDS))
_KIND_OF: dict[bytes, int] = {}
"""Header names as received to what is done with them; 0: nothing. A plain dict, which is quicker than one of ours."""


def _find_kind(name: bytes) -> int:
    if len(_KIND_OF) >= MAX_NAMES:
        _KIND_OF.clear()
    kind = _KIND_OF[name] = _KINDS.get(name.lower(), 0)
    return kind


class ResponseHeaders:
    """One reading. Nothing in it rests on more than the headers that are picked, and on which others are there."""

    __slots__ = ("allow_origin", "credentialed", "kept", "lines", "only_allows", "sets_cookies", "varies")

    def __init__(self, fields: Fields, *, sets_cookies: bool, has_validator: bool) -> None:
        """Read the headers picked of a list."""
        lines = self.lines = cors_lines(fields)
        self.sets_cookies = sets_cookies
        self.kept = is_kept(fields, has_validator=has_validator)
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

    __slots__ = ("fields", "said")

    def __init__(self) -> None:
        self.fields: Fields = ()
        self.said = _read((), 0)


_LAST = _Last()


def read_response(fields: Fields) -> ResponseHeaders:
    """Read a header list. Not to be changed: others get the same."""
    last = _LAST
    if fields is last.fields:
        return last.said
    kind_of, lengths, seen = _KIND_OF.get, _LENGTHS, 0
    picked: list[tuple[bytes, bytes]] = []
    for pair in fields:
        name = pair[0]
        if len(name) in lengths:  # most have one that none of ours has: that is quicker than to look up the name
            kind = kind_of(name)
            if kind is None:
                kind = _find_kind(name)
            if kind == _PICKED:
                picked.append(pair)
            elif kind:
                seen |= kind
    found = _read(tuple(picked), seen)
    last.fields, last.said = fields, found
    return found
