"""What an answer says that anybody here asks about: its CORS headers, and what caches, cookies and auditors look at.

Law 1: header lists are long, and little of each matters: it is picked once per answer.
Law 2: servers repeat themselves, first of all in which headers they send in which order: where in such a list stands
what matters is looked for once. What was picked is what a reading is known by. Of both the last thousand are kept.
"""

from collections.abc import Sequence

from cors_addon.exchange.model import Fields
from cors_addon.fetch.bounds import on_the_wire, size_of
from cors_addon.fetch.checks import Failure, Rules
from cors_addon.fetch.freshness import may_be_kept
from cors_addon.fetch.headers import cors_lines, normalize, split_list
from cors_addon.fetch.names import ALLOW_ORIGIN, CORS_RESPONSE, LOCATION, OF_PAGES, VALIDATORS
from cors_addon.fetch.received import is_odd, joined
from cors_addon.fetch.recurring import LISTS, Readings
from cors_addon.fetch.refusals import Reason
from cors_addon.fetch.shapes import Shapes

GATED = frozenset(
    b"""content-range content-security-policy content-type cross-origin-embedder-policy
    cross-origin-embedder-policy-report-only cross-origin-resource-policy document-isolation-policy
    x-content-type-options x-frame-options""".split()
)
"""What the checks beyond CORS read of an answer."""
_PICKED = frozenset((*(name.lower().encode() for name in (*CORS_RESPONSE, LOCATION)), b"cache-control", b"vary"))
_CORP = b"cross-origin-resource-policy"
_SHARES = ALLOW_ORIGIN.lower().encode()
MAX_READ = 1024
MAX_REMEMBERED = 2048
"""Bytes of the values that are picked of an answer, up to which its reading is remembered."""


class ResponseShape:
    """What the names of response headers tell, whatever their values are. Places are in the list; -1: not just once."""

    __slots__ = (
        "content_type",
        "corp",
        "count",
        "gated",
        "has_corp",
        "has_policies",
        "has_validator",
        "is_coded",
        "is_long",
        "is_shared",
        "name_bytes",
        "picked",
        "sets_cookies",
    )

    def __init__(self, names: Sequence[bytes]) -> None:
        """Look at names as they were received."""
        lower = [name.lower() for name in names]
        self.count = len(names)
        self.is_long = False
        self.name_bytes = len(b"".join(names))
        """Of all names together, if it is not long."""
        self.picked = tuple(place for place, name in enumerate(lower) if name in _PICKED)
        self.gated = tuple(place for place, name in enumerate(lower) if name in GATED)
        self.has_validator = not VALIDATORS.isdisjoint(lower)
        self.sets_cookies = b"set-cookie" in lower
        self.content_type = lower.index(b"content-type") if lower.count(b"content-type") == 1 else -1
        self.has_corp = _CORP in lower
        self.corp = lower.index(_CORP) if lower.count(_CORP) == 1 else -1
        self.is_shared = _SHARES in lower
        self.is_coded = b"content-encoding" in lower
        self.has_policies = not OF_PAGES.isdisjoint(lower)
        """It demands something of what a page loads, were it one."""


shape_of = Shapes(ResponseShape).of
"""The shape of the header list of an answer."""


def head_size(fields: Fields) -> int:
    """As `bounds.size_of`, and in half the time for a list whose shape is known."""
    shape = shape_of(fields)
    if shape.is_long:
        return size_of(fields)
    return on_the_wire(shape.name_bytes + len(joined(fields)), len(fields))


class ResponseHeaders:
    """One reading. Nothing in it rests on more than the headers that are picked, and on which others are there."""

    __slots__ = (
        "allow_origin",
        "credentialed",
        "is_long",
        "kept",
        "lines",
        "only_allows",
        "sets_cookies",
        "unreadable",
        "varies",
    )

    unreadable: Failure | None
    """Why the client's browser takes nothing of the answer; None where it can be read."""

    def __init__(self, fields: Fields, *, sets_cookies: bool, has_validator: bool) -> None:
        """Read the headers picked of a list."""
        lines = self.lines = cors_lines(fields)
        self.is_long = sum([len(value) for _, value in fields]) > MAX_REMEMBERED
        """Nobody is to remember what it tells, for it would take up too much."""
        self.unreadable = None
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


class _Last:
    """The latest answer: several ask about it, one after the other."""

    __slots__ = ("fields", "read")

    def __init__(self) -> None:
        self.fields: Fields = ()
        self.read = ResponseHeaders((), sets_cookies=False, has_validator=False)


_LAST = _Last()
_READ: dict[tuple[object, ...], ResponseHeaders] = {}


_RECURRING = Readings[ResponseHeaders]()


def read_response(fields: Fields) -> ResponseHeaders:
    """Read a header list. Not to be changed: others get the same."""
    last = _LAST
    if fields is last.fields:
        return last.read
    if LISTS and (known := _RECURRING.get(id(fields))) is not None and known[0] is fields:
        last.fields, last.read = known
        return last.read
    shape = shape_of(fields)
    known_by: tuple[object, ...] = (shape, *[fields[place][1] for place in shape.picked])
    found = _READ.get(known_by)
    if found is None:
        picked = tuple([fields[place] for place in shape.picked])
        found = ResponseHeaders(picked, sets_cookies=shape.sets_cookies, has_validator=shape.has_validator)
        if not found.is_long:
            if len(_READ) >= MAX_READ:
                _READ.clear()
            _READ[known_by] = found
    last.fields, last.read = fields, found
    if LISTS:
        _RECURRING.keep(fields, found)
    return found


def received(rules: Rules, fields: Fields, *, http2: bool) -> Fields:
    """A header list as an engine reads it: the same, but for line breaks in values; whole where it is unreadable."""
    if http2 or not is_odd(fields, False):
        return fields
    return fields if rules.reading.unreadable(fields, http2=False) is not None else rules.reading.read(fields)


def read_as(rules: Rules, fields: Fields, http2: bool, size: int = 0) -> ResponseHeaders:
    """Read a header list as an engine does. `size`: bytes on the wire, where that is much more."""
    if size and rules.head_limit is not None and size > rules.head_limit and not http2:
        return _unreadable(fields, (Reason.HEADERS_TOO_LARGE, f"{size:,} bytes"))
    if not is_odd(fields, http2):
        return read_response(fields)
    line = rules.reading.unreadable(fields, http2=http2)
    if line is None:
        return read_response(received(rules, fields, http2=http2))
    return _unreadable(fields, (Reason.HEADER_UNREADABLE, line))


def _unreadable(fields: Fields, why: Failure) -> ResponseHeaders:
    read = ResponseHeaders(fields, sets_cookies=False, has_validator=shape_of(fields).has_validator)
    read.unreadable = why
    return read
