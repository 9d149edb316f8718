"""What a filter expression reads of a flow, so that its answer need not be found anew for each request.

Law: what is not known here to read no more than the request's target is taken to read anything.
"""

from collections.abc import Iterable
from enum import IntEnum
from operator import itemgetter

from mitmproxy import http

from cors_addon.exchange.model import Fields
from cors_addon.fetch.headers import LOWER, MAX_NAMES
from cors_addon.proxy import internals

_HOST_LENGTH = 4
_NAME = itemgetter(0)


class Reads(IntEnum):
    """How much of a flow its answer depends on."""

    NOTHING = 0
    HOST = 1
    """The names that the server goes by."""
    TARGET = 2
    """URL and method."""
    HEADS = 3
    """The heads of request and answer, and that there is one: what is there once the answer's head is."""
    MORE = 4


_LEAVES = {
    "FAll": Reads.NOTHING,
    "FHTTP": Reads.NOTHING,
    "FDomain": Reads.HOST,
    "FUrl": Reads.TARGET,
    "FMethod": Reads.TARGET,
    "FReq": Reads.HEADS,
    "FResp": Reads.HEADS,
    "FCode": Reads.HEADS,
    "FHead": Reads.HEADS,
    "FHeadRequest": Reads.HEADS,
    "FHeadResponse": Reads.HEADS,
    "FContentType": Reads.HEADS,
    "FContentTypeRequest": Reads.HEADS,
    "FContentTypeResponse": Reads.HEADS,
    "FAsset": Reads.HEADS,
}
"""By the names of mitmproxy's filters."""


def reads(match: object) -> Reads:
    """How much a parsed filter reads; None is the filter that matches all."""
    if match is None:
        return Reads.NOTHING
    name, parts = internals.filter_shape(match)
    return max(map(reads, parts)) if parts else _LEAVES.get(name, Reads.MORE)


def target(flow: http.HTTPFlow, read: Reads) -> tuple[object, ...]:
    """What filters that read no more than the target depend on: flows for which this is equal are matched alike."""
    request = flow.request.data
    named = [pair for pair in request.headers.fields if len(pair[0]) == _HOST_LENGTH]
    hosts = [value for name, value in named if LOWER[name] == b"host"]
    if read is Reads.HOST:
        return request.host, request.authority, request.http_version, *hosts
    return (
        *(request.host, request.authority, request.http_version),
        *(request.method, request.scheme, request.port, request.path, *hosts),
    )


class Absent:
    """Whether a header list has none of some names. Most have not: other names are remembered as they are received."""

    def __init__(self, names: Iterable[bytes]) -> None:
        """`names` in lower case."""
        self._names = frozenset(names)
        self._others: set[bytes] = set()

    def __call__(self, fields: Fields) -> bool:
        """Look."""
        if self._others.issuperset(map(_NAME, fields)):
            return True
        if len(self._others) >= MAX_NAMES:
            self._others.clear()
        others = [name for name, _ in fields if LOWER[name] not in self._names]
        self._others.update(others)
        return len(others) == len(fields)
