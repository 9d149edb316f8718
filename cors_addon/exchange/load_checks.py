"""What stops a load, found once for loads that are alike: a page has many images of one server.

Law 1: all that the checks read of a load is in what it is known by, but for what makes each one of its own: a page that
demands something, an element of its markup, a frame, a redirect, and a body that a check looks at.
"""

from enum import Enum, auto

from cors_addon.exchange.load_trials import check
from cors_addon.exchange.response_headers import shape_of
from cors_addon.fetch.load import Arrival, Block, Load, Page
from cors_addon.fetch.origins import Url

MAX_KNOWN = 1024
MAX_VALUES = 4096
"""Bytes of the values of an answer that is remembered."""

_UNDEMANDING = Page(Url("http", "", 80, "/"))[1:]


def no_body(_limit: int) -> bytes | None:
    """Read the body of an answer whose body nobody has."""
    return None


class _Unsure(Enum):
    """What stops loads of which that is not known."""

    NEW = auto()
    BY_BODY = auto()
    """Their bodies decide."""


class Checks:
    """The checks of one session, whose loads have one `site`."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._known: dict[tuple[object, ...], Block | _Unsure | None] = {}

    def check(self, engine: str, load: Load, arrival: Arrival) -> Block | None:
        """As `load_trials.check`."""
        page, fields = load.page, arrival.fields
        shape = shape_of(fields)
        if (
            arrival.target is not None
            or load.element is not None
            or (page is not None and page[1:] != _UNDEMANDING)
            or load.frame
            or shape.is_long
        ):
            return check(engine, load, arrival)
        values = [fields[place][1] for place in shape.gated]
        scheme, host, port, _ = load.url
        key = (
            engine, load.origin, scheme, host, port, load.destination, load.mode, load.tainted, page is None,
            arrival.status, arrival.read is no_body, shape, *values,
        )  # fmt: skip
        known = self._known.get(key, _Unsure.NEW)
        if known is _Unsure.NEW:
            return self._find(key, engine, load, arrival)
        return check(engine, load, arrival) if known is _Unsure.BY_BODY else known

    def _find(self, key: tuple[object, ...], engine: str, load: Load, arrival: Arrival) -> Block | None:
        looked = False

        def read(limit: int) -> bytes | None:
            nonlocal looked
            looked = True
            return arrival.read(limit)

        found = check(engine, load, arrival._replace(read=read))
        if sum(len(each) for each in key if isinstance(each, bytes)) <= MAX_VALUES:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[key] = _Unsure.BY_BODY if looked and arrival.read is not no_body else found
        return found
