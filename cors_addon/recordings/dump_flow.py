"""One flow of a mitmproxy dump, as far as a verdict needs it: read from the bytes, without building an HTTPFlow.

Law 1: what a verdict needs is of the type that mitmproxy writes, or the record is refused.
Law 2: the rest is stepped over, so that damage in it does no harm. Bodies are not even copied.
Law 3: what repeats itself (connections, header lines) is parsed once. Both memories are bounded.

A record is a tnetstring: `length:bytes` and a type, nested. mitmproxy's own reader of these takes most of its time.
"""

import mmap
from collections.abc import Callable
from types import NoneType, SimpleNamespace
from typing import Any

from mitmproxy import http
from mitmproxy.proxy import mode_specs

from cors_addon.exchange import browser_reports
from cors_addon.exchange.model import Fields
from cors_addon.exchange.telling import OF_PAGES, SCRIPT, STYLE, SURELY, TELLING, from_elsewhere, right_for
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.flows import translate
from cors_addon.recordings.exchange import Learned

MAX_PREFIX = 13
"""Digits of a length, and the colon."""

KNOWN_VERSION = 21
"""Version of the format that is read here."""

type Data = bytes | mmap.mmap
"""Both can be searched and sliced."""

# ---- of what use a flow is ----

_ORIGIN, _CREDENTIALED, _SET_COOKIE, _LEADS_ON, _VALIDATOR = 1, 2, 4, 8, 16
"""What a message has that may matter to a verdict."""
_LOAD, _SCRIPT, _STYLE, _RIGHT_SCRIPT, _RIGHT_STYLE = 32, 64, 128, 256, 512
"""It is a page, or something beside CORS may keep it from one: surely, or if its type is not the right one."""
_BY_TYPE, _RIGHT_TYPE = _SCRIPT | _STYLE, _RIGHT_SCRIPT | _RIGHT_STYLE
_IN_REQUEST = _ORIGIN | _CREDENTIALED | _LOAD | _BY_TYPE
_IN_RESPONSE = _SET_COOKIE | _VALIDATOR | _RIGHT_TYPE
_TELLS = {SURELY: _LOAD, SCRIPT: _SCRIPT, STYLE: _STYLE}
_RIGHT = {SCRIPT: _RIGHT_SCRIPT, STYLE: _RIGHT_STYLE}
_MAX_BODY = 1 << 22
"""Bytes of a body beyond which it is not looked into."""
_USES = {
    b"origin": _ORIGIN,
    b"cookie": _CREDENTIALED,
    b"upgrade-insecure-requests": _CREDENTIALED,
    b"etag": _VALIDATOR,
    b"last-modified": _VALIDATOR,
    b"set-cookie": _SET_COOKIE,
}


def _use(name: bytes, value: bytes) -> int:
    """Of what use a header line is, by its name in lower case and its value."""
    if name.startswith(b"sec-fetch-"):
        return _TELLS.get(TELLING.get(value, 0), 0)
    if name == b"accept":
        return _LOAD if value.startswith(OF_PAGES) else 0
    if name == b"content-type":
        return _RIGHT.get(right_for(value), 0)
    return _USES.get(name, 0)


def use_of(flow: http.HTTPFlow, *, integrity_seen: bool = False) -> int:
    """Of what use a flow is to the tracker; 0 where it is of none, or was not finished.

    `integrity_seen`: scripts and style sheets are looked at whatever their type, for some page names a digest.
    """
    request, response = flow.request.data, flow.response
    found = 0
    for name, value in request.headers.fields:
        found |= _use(name.lower(), value) & _IN_REQUEST
    if response is not None:
        for name, value in response.data.headers.fields:
            found |= _use(name.lower(), value) & _IN_RESPONSE
    if integrity_seen and found & _BY_TYPE:
        found |= _LOAD
    return _as_a_whole(found, request, None if response is None else response.data.status_code, flow.error)


def is_evidence_only(of_use: int) -> bool:
    """Whether nothing of the flow matters but the credentials that it carries, and its answer as stored."""
    return not of_use & ~(_CREDENTIALED | _VALIDATOR | _LOAD)


def is_load(of_use: int) -> bool:
    """Whether the flow is a page, or something beside CORS may keep it from one."""
    return bool(of_use & _LOAD)


def _as_a_whole(found: int, request: Any, status: int | None, error: Any) -> int:
    """Of what use a flow is, by its header lines and how it ended; mitmproxy's own request and error, or like them."""
    if status is None:
        if error is None or request.method == b"CONNECT":
            return 0
        return found & ~(_BY_TYPE | _RIGHT_TYPE) | (0 if translate.is_leave(error.msg) else _LOAD)
    if _may_be_blocked(found, request):
        found |= _LOAD
    found &= ~(_BY_TYPE | _RIGHT_TYPE)
    if status in REDIRECT_STATUSES:
        return found | _LEADS_ON
    return 0 if found == _VALIDATOR and (request.method != b"GET" or status != 200) else found


def _may_be_blocked(found: int, request: Any) -> bool:
    if found & _BY_TYPE:
        return bool(found & _ORIGIN) or not found & (_RIGHT_SCRIPT if found & _SCRIPT else _RIGHT_STYLE)
    return request.scheme == b"http" and not found & _LOAD and _has_page_elsewhere(request)


def _has_page_elsewhere(request: Any) -> bool:
    return any(
        name.lower() == b"referer" and from_elsewhere(value, request.host, request.port)
        for name, value in request.headers.fields
    )


# ---- a flow as far as `translate` looks at it ----


class _Flow(SimpleNamespace):
    """What is read of an HTTPFlow."""

    live = False


class _Message(SimpleNamespace):
    """What is read of a request or a response; its `data` is itself."""

    stream = False
    data = property(lambda self: self)


class Odd(Exception):
    """This is not what mitmproxy writes today."""


type _Span = tuple[int, int]
"""Where a value begins, behind its length, and stops, behind its type."""
type _Order = list[tuple[bytes, bytes]]
"""The keys of a dictionary, each as it is written, and by itself."""
type _Types = dict[bytes, tuple[type, ...]]
"""By key: the types that its value may have."""

_TIME, _OPTIONAL_TIME = (float,), (float, NoneType)
_MESSAGE: _Types = {b"http_version": (bytes,), b"timestamp_start": _TIME, b"timestamp_end": _OPTIONAL_TIME}
_RESPONSE = _MESSAGE | {b"status_code": (int,)}
_REQUEST = _MESSAGE | {
    b"host": (str,),
    b"port": (int,),
    b"method": (bytes,),
    b"scheme": (bytes,),
    b"authority": (bytes,),
    b"path": (bytes,),
}
_CONNECTION: _Types = {
    b"id": (str,),
    b"timestamp_end": _OPTIONAL_TIME,
    b"sni": (str, NoneType),
    b"tls": (bool,),
}
_CLIENT = _CONNECTION | {b"proxy_mode": (str,), b"sockname": (list,), b"peername": (list,)}
_SERVER = _CONNECTION | {b"address": (list, NoneType)}
_ERROR: _Types = {b"msg": (str,), b"timestamp": _TIME}

_MAX_KEYS = 64
_MAX_CONNECTIONS = 256
_MAX_LINES = 8192
_MAX_LINE = 1024


class FlowParser:
    """Reads records of the known version, and raises `Odd`, or what comes of it, for all else."""

    def __init__(self, learned: Learned | None = None) -> None:
        """`learned`: of the pages that were read before."""
        self._learned = Learned() if learned is None else learned
        self._lines: dict[bytes, tuple[tuple[bytes, bytes], int]] = {}
        self._connections: dict[bytes, SimpleNamespace] = {}
        self._order: _Order = []
        self._orders: dict[int, _Order] = {id(_REQUEST): [], id(_RESPONSE): []}
        """Of a flow, and of its messages."""

    def parse(self, data: Data, at: int, end: int) -> _Flow | None:
        """The flow whose dictionary begins at `at`, its type ending before `end`; None where it is of no use."""
        if data[end - 1] != _MAPPING:
            raise Odd
        spans = _spans(data, at, end - 1, self._order)
        if _value(data, spans[b"type"]) != "http" or _value(data, spans[b"version"]) != KNOWN_VERSION:
            raise Odd
        request, found = self._message(data, spans[b"request"], _REQUEST)
        of_use, response, status = found & _IN_REQUEST, None, None
        if not _is_null(data, spans[b"response"]):
            response, found = self._message(data, spans[b"response"], _RESPONSE)
            of_use |= found & _IN_RESPONSE
            status = response.status_code
        if self._learned.integrity_seen and of_use & _BY_TYPE:
            of_use |= _LOAD
        error = None if _is_null(data, spans[b"error"]) else _error(data, spans[b"error"])
        of_use = _as_a_whole(of_use, request, status, error)
        if not of_use:
            return None
        if response is not None and response.content:
            looked_into = of_use & _LOAD or request.method == b"OPTIONS" or response.status_code >= 400
            looked_into = looked_into and response.body[1] - response.body[0] <= _MAX_BODY
            response.content = _value(data, response.body, bytes) if looked_into else None
        if request.content and browser_reports.is_report(request.method, request.headers.fields):
            is_short = request.body[1] - request.body[0] <= browser_reports.MAX_BYTES
            request.content = _value(data, request.body, bytes) if is_short else b""
        return _Flow(
            id=_value(data, spans[b"id"], str),
            request=request,
            response=response,
            error=error,
            client_conn=self._connection(data, spans[b"client_conn"], _CLIENT),
            server_conn=self._connection(data, spans[b"server_conn"], _SERVER),
            metadata=_value(data, spans[b"metadata"], dict),
            is_replay=_value(data, spans[b"is_replay"], str, NoneType),
            of_use=of_use,
        )

    def _message(self, data: Data, span: _Span, types: _Types) -> tuple[_Message, int]:
        """A request or a response, and of what use its header lines are."""
        spans = _spans(data, *_inside(data, span, _MAPPING), self._orders[id(types)])
        message = _Message(**_fields(data, spans, types))
        content = spans[b"content"]
        message.body = content
        # that there is one is all that anybody asks, but of what something beside CORS may stop, and of refusals
        message.content = None if _is_null(data, content) else b"..." if content[1] - content[0] > 1 else b""
        message.headers = http.Headers.__new__(http.Headers)
        message.headers.fields, of_use = self._headers(data, *_inside(data, spans[b"headers"], _LIST))
        return message, of_use

    def _headers(self, data: Data, at: int, end: int) -> tuple[Fields, int]:
        known, find = self._lines, data.find
        fields = []
        of_use = 0
        while at < end:
            colon = find(b":", at, at + MAX_PREFIX)
            stop = colon + 2 + int(data[at:colon])
            if not at < stop <= end:
                raise Odd
            line = data[at:stop]
            parsed = known.get(line) or self._line(line)
            fields.append(parsed[0])
            of_use |= parsed[1]
            at = stop
        return tuple(fields), of_use

    def _line(self, line: bytes) -> tuple[tuple[bytes, bytes], int]:
        if line[-1] != _LIST:
            raise Odd
        (name, value), _ = _load(line, 0, len(line))
        if type(name) is not bytes or type(value) is not bytes:
            raise Odd
        parsed = (name, value), _use(name.lower(), value)
        if len(line) <= _MAX_LINE:
            if len(self._lines) >= _MAX_LINES:
                self._lines.clear()
            self._lines[line] = parsed
        return parsed

    def _connection(self, data: Data, span: _Span, types: _Types) -> SimpleNamespace:
        state = data[span[0] : span[1]]
        connection = self._connections.get(state)
        if connection is None:
            connection = SimpleNamespace(
                **_fields(state, _spans(state, *_inside(state, (0, len(state)), _MAPPING)), types)
            )
            if types is _CLIENT:
                connection.proxy_mode = mode_specs.ProxyMode.parse(connection.proxy_mode)
            if len(self._connections) >= _MAX_CONNECTIONS:
                self._connections.clear()
            self._connections[state] = connection
        return connection


# ---- tnetstrings ----

_BYTES, _TEXT, _INTEGER, _FLOAT, _FLAG, _NULL, _LIST, _MAPPING = b",;#^!~]}"


def _is_null(data: Data, span: _Span) -> bool:
    return span[1] - span[0] == 1 and data[span[0]] == _NULL


def _spans(data: Data, at: int, end: int, order: _Order | None = None) -> dict[bytes, _Span]:
    """The values of a dictionary between `at` and `end`. `order`: of the last one of its kind, which most are like."""
    find = data.find
    spans = {}
    for token, key in order or ():
        start = at + len(token)
        if data[at:start] != token:
            break
        value = find(b":", start, start + MAX_PREFIX) + 1
        stop = value + int(data[start : value - 1]) + 1
        if not start < value < stop <= end:
            raise Odd
        spans[key] = value, stop
        at = stop
    if at == end and len(spans) == len(order or ()):
        return spans
    while at < end:
        begin = find(b":", at, at + MAX_PREFIX) + 1
        start = begin + int(data[at : begin - 1]) + 1
        value = find(b":", start, start + MAX_PREFIX) + 1
        stop = value + int(data[start : value - 1]) + 1
        if not at < begin < start < value < stop <= end or data[start - 1] != _TEXT:
            raise Odd
        spans[data[begin : start - 1]] = value, stop
        at = stop
    if order is not None:
        order[:] = [(b"%d:%b;" % (len(key), key), key) for key in list(spans)[:_MAX_KEYS]]
    return spans


def _inside(data: Data, span: _Span, tag: int) -> _Span:
    """What is within a value of this type."""
    begin, end = span
    if data[end - 1] != tag:
        raise Odd
    return begin, end - 1


def _error(data: Data, span: _Span) -> SimpleNamespace:
    return SimpleNamespace(**_fields(data, _spans(data, *_inside(data, span, _MAPPING)), _ERROR))


def _fields(data: Data, spans: dict[bytes, _Span], types: _Types) -> dict[str, Any]:
    found = {}
    for key, allowed in types.items():
        begin, end = spans[key]
        tag = data[end - 1]
        value = _items(data, begin, end - 1) if tag in _NESTED else _SCALARS[tag](data[begin : end - 1])
        if type(value) not in allowed:
            raise Odd
        found[key.decode()] = value
    return found


def _value(data: Data, span: _Span, *types: type) -> Any:
    """A value, which must be of one of these types where any are named."""
    begin, end = span
    tag = data[end - 1]
    value = _items(data, begin, end - 1) if tag in _NESTED else _SCALARS[tag](data[begin : end - 1])
    if types and type(value) not in types:
        raise Odd
    return value


def _load(data: Data, at: int, limit: int) -> tuple[Any, int]:
    """A value before `limit`, and where it stops."""
    begin = data.find(b":", at, at + MAX_PREFIX) + 1
    stop = begin + int(data[at : begin - 1])
    if not at < begin <= stop < limit:
        raise Odd
    tag = data[stop]
    return _items(data, begin, stop) if tag in _NESTED else _SCALARS[tag](data[begin:stop]), stop + 1


_NESTED = frozenset({_LIST, _MAPPING})


def _items(data: Data, at: int, stop: int) -> Any:
    """The list or the dictionary whose type stands at `stop`."""
    items = []
    while at < stop:
        item, at = _load(data, at, stop)
        items.append(item)
    return items if data[stop] == _LIST else dict(zip(items[::2], items[1::2], strict=True))


def _null(text: bytes) -> None:
    if text:
        raise Odd


_SCALARS: dict[int, Callable[[bytes], Any]] = {
    _BYTES: bytes,
    _TEXT: bytes.decode,
    _INTEGER: int,
    _FLOAT: float,
    _FLAG: {b"true": True, b"false": False}.__getitem__,
    _NULL: _null,
}
