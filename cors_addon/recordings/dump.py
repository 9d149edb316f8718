"""mitmproxy dumps, read several times as fast as mitmproxy reads them: only the fields that a verdict needs are built.

Law 1: mitmproxy's own `FlowReader` is the reference. A record that is not exactly as the known version of the format
has it, in whatever part, goes to `FlowReader`: an older version, an unknown key, a damaged field. What that refuses is
damage.
Law 2: bodies are stepped over, not copied; a large record is mapped into memory, not read.
Law 3: what repeats itself (connections, header lines) is parsed once. Each such memory is bounded.

A record is a tnetstring: `length:bytes` and a type, nested. mitmproxy writes the keys of a flow in one order.
"""

import contextlib
import mmap
import re
from collections.abc import Callable, Iterator
from io import BytesIO
from math import isfinite
from typing import Any, cast

from mitmproxy import certs, exceptions, http, version
from mitmproxy.io import FlowReader
from mitmproxy.proxy import mode_specs

from cors_addon.exchange.model import Fields
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.flows import translate
from cors_addon.recordings.exchange import Recorded
from cors_addon.recordings.source import Damage, Source

KNOWN_VERSION = 21
"""Version of the format that is read lazily; all others mitmproxy converts."""

type Choose = Callable[[http.HTTPFlow], object]
type Data = bytes | mmap.mmap
"""Both can be searched and sliced."""

_MAX_PREFIX = 13
"""Digits of a length, and the colon."""
_MAPPED = 1 << 24
"""Records from this size on are mapped into memory."""
_MAX_PIPED = 1 << 31
"""No record from a pipe may be larger: nothing but damage says so."""


def read(source: Source, choose: Choose | None = None, *, lazy: bool = True) -> Iterator[Recorded | None]:
    """Each HTTP flow of a dump, None for one that CORS has no use for; raises Damage after the last good one.

    `choose` selects flows, which costs mitmproxy's own reading, for a filter may ask for anything.
    """
    parse = _Parser().parse if lazy and choose is None and version.FLOW_FORMAT_VERSION == KNOWN_VERSION else None
    data, base, at, size = b"", 0, 0, source.length
    ended = False
    while True:
        colon = data.find(b":", at, at + _MAX_PREFIX)
        if colon < 0 and len(data) - at < _MAX_PREFIX and not ended:
            more = _more(source, base + at)
            ended = not more
            data, base, at = data[at:] + more, base + at, 0
            continue
        if at == len(data):
            return
        digits = data[at:colon]
        if colon < 0 or not digits.isdigit():
            raise Damage("not a flow", base + at)
        begin = colon + 1
        end = begin + int(digits) + 1
        if end > len(data):
            if (size is not None and base + end > size) or end - at > _MAX_PIPED:
                raise Damage("the last flow is cut off", base + at)
            if source.file is not None and end - at > _MAPPED:
                yield _read_mapped(source, base + at, begin - at, end - at, parse, choose)
                source.seek(base + end)
                data, base, at = b"", base + end, 0
                continue
            parts, missing = [data[at:]], end - len(data)
            while missing > 0:
                more = _more(source, base + at)
                if not more:
                    raise Damage("the last flow is cut off", base + at)
                parts.append(more)
                missing -= len(more)
            begin, end = begin - at, end - at
            data, base, at = b"".join(parts), base + at, 0
        yield _record(data, at, begin, end, base, parse, choose)
        at = end


def _more(source: Source, flow_at: int) -> bytes:
    try:
        return source.read()
    except Damage as damage:
        raise Damage(damage.what, flow_at) from damage


def _read_mapped(
    source: Source, offset: int, begin: int, end: int, parse: "_Parse | None", choose: Choose | None
) -> Recorded | None:
    """Read a record without loading its bodies."""
    assert source.file is not None
    shift = offset % mmap.ALLOCATIONGRANULARITY
    with mmap.mmap(source.file.fileno(), shift + end, offset=offset - shift, access=mmap.ACCESS_READ) as data:
        return _record(data, shift, shift + begin, shift + end, offset - shift, parse, choose)


type _Parse = Callable[[Data, int, int], "Flow | None"]


def _record(
    data: Data, at: int, begin: int, end: int, base: int, parse: _Parse | None, choose: Choose | None
) -> Recorded | None:
    if parse is not None:
        with contextlib.suppress(Exception):  # whatever it is, mitmproxy decides
            flow = parse(data, begin, end)
            return None if flow is None else _recorded(cast(http.HTTPFlow, flow), flow.of_use)
    try:
        read = next(iter(FlowReader(BytesIO(data[at:end])).stream()))
        if not isinstance(read, http.HTTPFlow):
            return None
        of_use = _of_use(read)
        if not of_use:
            return None
        recorded = _recorded(read, of_use)
        return recorded if choose is None else recorded._replace(chosen=bool(choose(read)))
    except exceptions.FlowReadException as error:
        raise Damage(_why(error), base + at) from error
    except Exception as error:  # a flow that mitmproxy lets pass, but which it could not show either
        raise Damage(f"a damaged flow: {error!r}", base + at) from error


def _why(error: exceptions.FlowReadException) -> str:
    cause = str(error.__cause__ or error)
    return cause if "cannot read files" in cause else "a damaged flow"


def _of_use(flow: http.HTTPFlow) -> int:
    """Of what use a flow is to the tracker; 0 where it is of none, or was not finished."""
    response = flow.response
    if response is None and (flow.error is None or flow.request.data.method == b"CONNECT"):
        return 0
    found = 0
    for name, _ in flow.request.data.headers.fields:
        found |= _use(name.lower()) & _IN_REQUEST
    if response is not None:
        if response.data.status_code in REDIRECT_STATUSES:
            found |= _LEADS_ON
        for name, _ in response.data.headers.fields:
            found |= _use(name.lower()) & _IN_RESPONSE
    return found


def _recorded(flow: http.HTTPFlow, of_use: int) -> Recorded:
    notes = (translate.BROKE_OFF,) if flow.error is not None and translate.breaks_off(flow) else ()
    observation = translate.observation(flow)
    if not (isfinite(observation.started) and isfinite(observation.ended)):
        raise ValueError("a time that is no number")
    return Recorded(observation, notes, not of_use & ~(_CREDENTIALED | _VALIDATOR), flow.is_replay == "request")


# ---- a flow as far as `translate` looks at it ----


class Flow:
    """What `translate` reads of an HTTPFlow."""

    __slots__ = (
        "client_conn",
        "error",
        "id",
        "is_replay",
        "metadata",
        "of_use",
        "request",
        "response",
        "server_conn",
    )
    live = False

    id: str
    client_conn: "Connection"
    server_conn: "Connection"
    request: "Message"
    response: "Message | None"
    error: "Failure | None"
    metadata: dict[str, Any]
    is_replay: str | None
    of_use: int


class Message:
    """A request or a response; its `data` is itself."""

    __slots__ = (
        "authority",
        "content",
        "headers",
        "host",
        "http_version",
        "method",
        "path",
        "port",
        "scheme",
        "status_code",
        "timestamp_end",
        "timestamp_start",
    )
    stream = False

    http_version: bytes
    headers: http.Headers
    content: bytes | None
    timestamp_start: float
    timestamp_end: float | None
    host: str
    port: int
    method: bytes
    scheme: bytes
    authority: bytes
    path: bytes
    status_code: int

    @property
    def data(self) -> "Message":
        """As on a mitmproxy message."""
        return self


class Connection:
    """A client's or a server's connection."""

    __slots__ = ("address", "id", "peername", "proxy_mode", "sni", "sockname", "timestamp_end", "tls")

    id: str
    tls: bool
    sni: str | None
    timestamp_end: float | None
    peername: tuple[str, int] | None
    sockname: tuple[str, int] | None
    address: tuple[str, int] | None
    proxy_mode: mode_specs.ProxyMode


class Failure:
    """Why a flow failed."""

    __slots__ = ("msg", "timestamp")

    def __init__(self, msg: str, timestamp: float) -> None:
        self.msg = msg
        self.timestamp = timestamp


# ---- parsing ----


class Odd(Exception):
    """This is not quite what mitmproxy writes today."""


_ENDING = b"4:type;4:http;7:version;2:21#}"
_NOTHING = b"0:~"
_PLAIN = b"7:comment;0:;8:metadata;0:}6:marked;0:;9:is_replay;0:~11:intercepted;5:false!"
_MAX_CONNECTIONS = 256
_MAX_RUNS = 4096
_MAX_RUN = 1024
_MAX_LINES = 8192
_MAX_LINE = 1024

_ORIGIN, _CREDENTIALED, _SET_COOKIE, _LEADS_ON, _VALIDATOR = 1, 2, 4, 8, 16
"""Of what use a message is."""
_IN_REQUEST, _IN_RESPONSE = _ORIGIN | _CREDENTIALED, _SET_COOKIE | _VALIDATOR


def _use(name: bytes) -> int:
    """Of what use a header line is, by its name in lower case."""
    if name == b"origin":
        return _ORIGIN
    if name == b"cookie" or name == b"upgrade-insecure-requests":
        return _CREDENTIALED
    if name == b"etag" or name == b"last-modified":
        return _VALIDATOR
    return _SET_COOKIE if name == b"set-cookie" else 0


_TLS_VERSIONS = frozenset(
    {None, "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", "DTLSv0.9", "DTLSv1", "DTLSv1.2", "QUICv1"}
)
_TRANSPORTS = frozenset({"tcp", "udp"})


def _typed(value: Any, *types: type) -> Any:
    if type(value) not in types:
        raise Odd
    return value


def _bytes(value: Any) -> Any:
    return _typed(value, bytes)


def _integer(value: Any) -> Any:
    return _typed(value, int)


def _mapping(value: Any) -> Any:
    return _typed(value, dict)


def _text(value: Any) -> Any:
    return _typed(value, str)


def _optional_text(value: Any) -> Any:
    return _typed(value, str, type(None))


def _optional_bytes(value: Any) -> Any:
    return _typed(value, bytes, type(None))


def _time(value: Any) -> Any:
    return _typed(value, float, int)


def _optional_time(value: Any) -> Any:
    return _typed(value, float, int, type(None))


def _optional_mapping(value: Any) -> Any:
    return _typed(value, dict, type(None))


def _optional_headers(value: Any) -> Any:
    for line in _typed(value, list, type(None)) or ():
        _byte_strings(line)
    return value


def _flag(value: Any) -> Any:
    return _typed(value, bool)


def _nothing(value: Any) -> Any:
    return _typed(value, type(None))


def _address(value: Any) -> Any:
    host, port, *more = _typed(value, list)
    if len(more) not in (0, 2):
        raise Odd
    return _typed(host, str), _typed(port, int)


def _optional_address(value: Any) -> Any:
    return None if value is None else _address(value)


def _texts(value: Any) -> Any:
    return [_typed(item, str) for item in _typed(value, list)]


def _byte_strings(value: Any) -> Any:
    return [_typed(item, bytes) for item in _typed(value, list)]


def _certificate(value: Any) -> Any:
    return None if value is None else certs.Cert.from_pem(_typed(value, bytes))


def _certificates(value: Any) -> Any:
    return [_certificate(item) for item in _byte_strings(value)]


def _tls_version(value: Any) -> Any:
    if value not in _TLS_VERSIONS:
        raise Odd
    return value


def _transport(value: Any) -> Any:
    if value not in _TRANSPORTS:
        raise Odd
    return value


type _Check = Callable[[Any], Any]
type _Checks = tuple[tuple[bytes, Callable[[Any], Any]], ...]
"""Keys in the order in which mitmproxy writes them, and what checks the value of each."""

_REASON: _Checks = ((b"6:reason;", _bytes), (b"11:status_code;", _integer))
_TARGET: _Checks = (
    (b"9:authority;", _bytes),
    (b"6:scheme;", _bytes),
    (b"6:method;", _bytes),
    (b"4:port;", _integer),
    (b"4:host;", _text),
)
_HTTP_VERSION: _Checks = ((b"12:http_version;", _bytes),)
_MODE: _Checks = ((b"10:proxy_mode;", mode_specs.ProxyMode.parse), (b"8:mitmcert;", _certificate))
_VIA: _Checks = ((b"3:via;", _nothing),)
_ADDRESS: _Checks = ((b"7:address;", _optional_address),)
_TLS: _Checks = (
    (b"3:sni;", _optional_text),
    (b"11:tls_version;", _tls_version),
    (b"11:cipher_list;", _texts),
    (b"6:cipher;", _optional_text),
    (b"11:alpn_offers;", _byte_strings),
    (b"4:alpn;", _optional_bytes),
    (b"16:certificate_list;", _certificates),
    (b"3:tls;", _flag),
    (b"5:error;", _optional_text),
    (b"18:transport_protocol;", _transport),
)
_CLIENT_ADDRESSES: _Checks = ((b"8:sockname;", _address), (b"8:peername;", _address))
_SERVER_ADDRESSES: _Checks = ((b"8:sockname;", _optional_address), (b"8:peername;", _optional_address))
_TRIMMINGS: _Checks = (
    (b"7:comment;", _text),
    (b"8:metadata;", _mapping),
    (b"6:marked;", _text),
    (b"9:is_replay;", _optional_text),
    (b"11:intercepted;", _flag),
)

_MESSAGE_KEYS: dict[bytes, _Check] = {
    b"http_version": _bytes,
    b"headers": _nothing,
    b"content": _nothing,
    b"trailers": _optional_headers,
    b"timestamp_start": _time,
    b"timestamp_end": _optional_time,
}
_RESPONSE_KEYS = _MESSAGE_KEYS | {b"status_code": _integer, b"reason": _bytes}
_REQUEST_KEYS = _MESSAGE_KEYS | {
    b"host": _text,
    b"port": _integer,
    b"method": _bytes,
    b"scheme": _bytes,
    b"authority": _bytes,
    b"path": _bytes,
}
_CONNECTION_KEYS: dict[bytes, _Check] = {
    **{key.split(b":")[1][:-1]: check for key, check in _TLS},
    b"id": _text,
    b"timestamp_tls_setup": _optional_time,
    b"timestamp_end": _optional_time,
}
_CLIENT_KEYS: dict[bytes, _Check] = _CONNECTION_KEYS | {
    b"proxy_mode": mode_specs.ProxyMode.parse,
    b"mitmcert": _certificate,
    b"timestamp_start": _time,
    b"sockname": _address,
    b"peername": _address,
}
_SERVER_KEYS: dict[bytes, _Check] = _CONNECTION_KEYS | {
    b"via": _nothing,
    b"timestamp_tcp_setup": _optional_time,
    b"address": _optional_address,
    b"timestamp_start": _optional_time,
    b"sockname": _optional_address,
    b"peername": _optional_address,
}
_KEPT = frozenset({b"proxy_mode", b"timestamp_end", b"sni", b"tls", b"id", b"sockname", b"peername", b"address"})
"""Of a connection, what is looked at."""
_KEYS = frozenset(
    b"""websocket response request backup timestamp_created comment metadata marked is_replay intercepted server_conn
    client_conn error id type version""".split()
)

_TIME = rb"(?:(\d\d?):([0-9.e+-]+)\^|0:~)"
_CREATED = re.compile(rb"17:timestamp_created;" + _TIME)
_TIMES = re.compile(
    rb"19:timestamp_tls_setup;" + _TIME + rb"13:timestamp_end;" + _TIME + rb"15:timestamp_start;" + _TIME
)
_TCP_SETUP = re.compile(rb"19:timestamp_tcp_setup;" + _TIME)
_UP_TO_CONTENT = re.compile(
    rb"13:timestamp_end;" + _TIME + rb"15:timestamp_start;" + _TIME + rb"8:trailers;0:~7:content;(\d{1,12}):"
)
_ID = re.compile(rb"2:id;36:([-0-9a-f]{36});")


class _Parser:
    """Reads records of the known version, and raises `Odd`, or what comes of it, for all else."""

    def __init__(self) -> None:
        self._lines: dict[bytes, tuple[tuple[bytes, bytes], int]] = {}
        self._clients: dict[bytes, Connection] = {}
        self._servers: dict[bytes, Connection] = {}
        self._runs: dict[bytes, list[Any]] = {}

    def parse(self, data: Data, at: int, end: int) -> Flow | None:
        """The flow whose dictionary begins at `at`, its type ending before `end`; None where it is of no use."""
        if data[end - 30 : end] == _ENDING:
            with contextlib.suppress(Odd, ValueError):
                return self._in_order(data, at, end)
        return self._in_any_order(data, at, end)

    def _in_order(self, data: Data, at: int, end: int) -> Flow | None:
        """As mitmproxy writes it: each key where it is expected."""
        flow = Flow()
        begin, stop = _value(data, at, b"9:websocket;0:~8:response;")
        of_use = 0
        if data[stop] == 125:  # }
            flow.response, of_use = self._response(data, begin, stop)
        elif data[begin - 2 : stop + 1] == _NOTHING:
            flow.response = None
        else:
            raise Odd
        begin, stop = _value(data, stop + 1, b"7:request;")
        if data[stop] != 125:
            raise Odd
        flow.request, needed = self._request(data, begin, stop)
        of_use |= needed
        at = self._trimmings(data, stop + 1, flow)
        begin, stop = _value(data, at, b"11:server_conn;")
        if data[stop] != 125:
            raise Odd
        flow.server_conn = self._connection(self._servers, data[begin:stop], self._server)
        begin, stop = _value(data, stop + 1, b"11:client_conn;")
        if data[stop] != 125:
            raise Odd
        flow.client_conn = self._connection(self._clients, data[begin:stop], self._client)
        at = stop + 1
        if data[at : at + 11] == b"5:error;0:~":
            flow.error = None
            at += 11
        else:
            begin, stop = _value(data, at, b"5:error;")
            error = _mapping(loads(data[at + 8 : stop + 1]))
            flow.error = Failure(_text(error["msg"]), _time(error["timestamp"]))
            at = stop + 1
            if len(error) != 2:
                raise Odd
        begin, stop = _value(data, at, b"2:id;")
        if data[stop] != 59 or stop + 1 != end - 30:  # ;
            raise Odd
        flow.id = data[begin:stop].decode()
        return _if_of_use(flow, of_use)

    def _in_any_order(self, data: Data, at: int, end: int) -> Flow | None:
        """As other programs write it that load a dump and save it again: the keys in whatever order."""
        spans = _spans(data, at, end - 1)
        if spans.keys() != _KEYS or data[end - 1] != 125:
            raise Odd

        def value(key: bytes, check: Callable[[Any], Any]) -> Any:
            begin, stop = spans[key]
            return check(loads(data[begin:stop]))

        if value(b"type", _text) != "http" or value(b"version", _integer) != KNOWN_VERSION:
            raise Odd
        value(b"websocket", _nothing)
        value(b"backup", _optional_mapping)
        for key, check in ((b"timestamp_created", _time), (b"comment", _text), (b"marked", _text)):
            value(key, check)
        value(b"intercepted", _flag)
        flow = Flow()
        flow.metadata, flow.is_replay = value(b"metadata", _mapping), value(b"is_replay", _optional_text)
        flow.id = value(b"id", _text)
        error = value(b"error", _optional_mapping)
        if error is not None and len(error) != 2:
            raise Odd
        flow.error = None if error is None else Failure(_text(error["msg"]), _time(error["timestamp"]))
        flow.response, of_use = None, 0
        if data[slice(*spans[b"response"])] != _NOTHING:
            flow.response, of_use = self._any_message(data, *spans[b"response"], _RESPONSE_KEYS)
            of_use = (of_use & _IN_RESPONSE) | (_LEADS_ON if flow.response.status_code in REDIRECT_STATUSES else 0)
        flow.request, needed = self._any_message(data, *spans[b"request"], _REQUEST_KEYS)
        of_use |= needed & _IN_REQUEST
        flow.client_conn = self._connection(self._clients, data[slice(*spans[b"client_conn"])], self._any_client)
        flow.server_conn = self._connection(self._servers, data[slice(*spans[b"server_conn"])], self._any_server)
        return _if_of_use(flow, of_use)

    def _any_message(self, data: Data, at: int, end: int, checks: dict[bytes, _Check]) -> tuple[Message, int]:
        message = Message()
        of_use = 0
        spans = _spans(data, *_inside(data, at, end))
        if spans.keys() != checks.keys():
            raise Odd
        for key, check in checks.items():
            begin, stop = spans[key]
            if key == b"content":
                if data[stop - 1] == 44:
                    message.content = b"..." if data[begin : begin + 2] != b"0:" else b""
                elif data[begin:stop] == _NOTHING:
                    message.content = None
                else:
                    raise Odd
            elif key == b"headers":
                message.headers = http.Headers.__new__(http.Headers)
                message.headers.fields, of_use = self._headers(data, *_inside(data, begin, stop, 93))
            else:
                value = check(loads(data[begin:stop]))
                if key not in (b"trailers", b"reason"):
                    setattr(message, key.decode(), value)
        return message, of_use

    def _any_client(self, state: bytes, connection: Connection) -> None:
        self._any_connection(state, connection, _CLIENT_KEYS)

    def _any_server(self, state: bytes, connection: Connection) -> None:
        self._any_connection(state, connection, _SERVER_KEYS)

    def _any_connection(self, state: bytes, connection: Connection, checks: dict[bytes, _Check]) -> None:
        spans = _spans(state, *_inside(state, 0, len(state)))
        if spans.keys() != checks.keys():
            raise Odd
        for key, check in checks.items():
            begin, stop = spans[key]
            raw = state[begin:stop]
            known = self._runs.get(key + raw)
            if known is None:
                known = [check(loads(raw))]
                if stop - begin > 64:  # certificates and lists: the same in many connections
                    if len(self._runs) >= _MAX_RUNS:
                        self._runs.clear()
                    self._runs[key + raw] = known
            if key in _KEPT:
                setattr(connection, key.decode(), known[0])

    def _trimmings(self, data: Data, at: int, flow: Flow) -> int:
        """What stands between the messages and the connections, mostly empty; returns where it ends."""
        if data[at : at + 12] == b"6:backup;0:~":
            at += 12
        else:
            _, stop = _value(data, at, b"6:backup;")
            _mapping(loads(data[at + 9 : stop + 1]))
            at = stop + 1
        created = _CREATED.match(data, at)
        if created is None or created[2] is None:
            raise Odd
        _moments(created)
        at = created.end()
        if data[at : at + len(_PLAIN)] == _PLAIN:
            flow.metadata, flow.is_replay = {}, None
            return at + len(_PLAIN)
        values = []
        for key, check in _TRIMMINGS:
            _, stop = _value(data, at, key)
            values.append(check(loads(data[at + len(key) : stop + 1])))
            at = stop + 1
        flow.metadata, flow.is_replay = values[1], values[3]
        return at

    def _run(self, data: Data, at: int, upto: bytes, within: int, checks: _Checks) -> tuple[list[Any], int]:
        """The values of some keys that mostly are the same as in other flows, and where they end: before `upto`."""
        stop = data.find(upto, at, at + within)
        if stop < 0:
            raise Odd
        raw = data[at:stop]
        values = self._runs.get(raw)
        return (self._new_run(raw, checks) if values is None else values), stop

    def _new_run(self, raw: bytes, checks: _Checks) -> list[Any]:
        values, at = [], 0
        for key, check in checks:
            _, stop = _value(raw, at, key)
            values.append(check(loads(raw[at + len(key) : stop + 1])))
            at = stop + 1
        if at != len(raw):
            raise Odd
        if len(self._runs) >= _MAX_RUNS:
            self._runs.clear()
        self._runs[raw] = values
        return values

    # -- messages --

    def _response(self, data: Data, at: int, end: int) -> tuple[Message, int]:
        message = Message()
        (_, message.status_code), at = self._run(data, at, b"13:timestamp_end;", _MAX_RUN, _REASON)
        of_use = self._rest(data, at, end, message)
        return message, (of_use & _IN_RESPONSE) | (_LEADS_ON if message.status_code in REDIRECT_STATUSES else 0)

    def _request(self, data: Data, at: int, end: int) -> tuple[Message, int]:
        message = Message()
        begin, stop = _value(data, at, b"4:path;")
        if data[stop] != 44:  # ,
            raise Odd
        message.path = data[begin:stop]
        target, at = self._run(data, stop + 1, b"13:timestamp_end;", _MAX_RUN, _TARGET)
        message.authority, message.scheme, message.method, message.port, message.host = target
        return message, self._rest(data, at, end, message) & _IN_REQUEST

    def _rest(self, data: Data, at: int, end: int, message: Message) -> int:
        """What requests and responses have in common."""
        match = _UP_TO_CONTENT.match(data, at)
        if match is None:
            raise Odd
        ended, started = _moments(match, 2)
        if started is None:
            raise Odd
        message.timestamp_end, message.timestamp_start = ended, started
        begin = match.end()
        stop = begin + int(match[5])
        if data[stop] == 44:
            # that there is one is all that anybody asks
            message.content = b"..." if stop > begin else b""
        elif data[begin - 2 : stop + 1] == _NOTHING:
            message.content = None
        else:
            raise Odd
        begin, stop = _value(data, stop + 1, b"7:headers;")
        if data[stop] != 93:  # ]
            raise Odd
        fields, of_use = self._headers(data, begin, stop)
        message.headers = http.Headers.__new__(http.Headers)
        message.headers.fields = fields
        raw = data[stop + 1 : end]
        (message.http_version,) = self._runs.get(raw) or self._new_run(raw, _HTTP_VERSION)
        return of_use

    def _headers(self, data: Data, at: int, end: int) -> tuple[Fields, int]:
        """Header lines, and of what use they are."""
        known = self._lines
        find = data.find
        fields = []
        of_use = 0
        while at < end:
            colon = find(b":", at, at + _MAX_PREFIX)
            stop = colon + 2 + int(data[at:colon])
            if stop <= at:
                raise Odd
            line = data[at:stop]
            parsed = known.get(line)
            if parsed is None:
                parsed = self._line(line)
            fields.append(parsed[0])
            of_use |= parsed[1]
            at = stop
        if at != end:
            raise Odd
        return tuple(fields), of_use

    def _line(self, line: bytes) -> tuple[tuple[bytes, bytes], int]:
        name, value = _byte_strings(loads(line))
        lower = name.lower()
        parsed = ((name, value), _use(lower))
        if len(line) <= _MAX_LINE:
            if len(self._lines) >= _MAX_LINES:
                self._lines.clear()
            self._lines[line] = parsed
        return parsed

    # -- connections --

    def _connection(
        self, known: dict[bytes, Connection], state: bytes, read: Callable[[bytes, Connection], None]
    ) -> Connection:
        connection = known.get(state)
        if connection is None:
            connection = Connection()
            read(state, connection)
            if len(known) >= _MAX_CONNECTIONS:
                known.clear()
            known[state] = connection
        return connection

    def _client(self, state: bytes, connection: Connection) -> None:
        (connection.proxy_mode, _), at = self._run(state, 0, b"19:timestamp_tls_setup;", len(state), _MODE)
        at = self._common(state, at, connection)
        # the client's port is new with each connection
        values = []
        for key, check in _CLIENT_ADDRESSES:
            _, stop = _value(state, at, key)
            values.append(check(loads(state[at + len(key) : stop + 1])))
            at = stop + 1
        connection.sockname, connection.peername = values
        if at != len(state):
            raise Odd

    def _server(self, state: bytes, connection: Connection) -> None:
        _, at = self._run(state, 0, b"19:timestamp_tcp_setup;", len(state), _VIA)
        setup = _TCP_SETUP.match(state, at)
        if setup is None:
            raise Odd
        _moments(setup)
        (connection.address,), at = self._run(state, setup.end(), b"19:timestamp_tls_setup;", len(state), _ADDRESS)
        at = self._common(state, at, connection, start_optional=True)
        for key, check in _SERVER_ADDRESSES:
            _, stop = _value(state, at, key)
            check(loads(state[at + len(key) : stop + 1]))
            at = stop + 1
        if at != len(state):
            raise Odd

    def _common(self, state: bytes, at: int, connection: Connection, *, start_optional: bool = False) -> int:
        """What both connections have; returns where it ends."""
        times = _TIMES.match(state, at)
        if times is None:
            raise Odd
        _, connection.timestamp_end, started = _moments(times, 3)
        if started is None and not start_optional:
            raise Odd
        tls, at = self._run(state, times.end(), b"2:id;36:", len(state), _TLS)
        connection.sni, connection.tls = tls[0], tls[7]
        known = _ID.match(state, at)
        if known is None:
            raise Odd
        connection.id = known[1].decode()
        return known.end()


def _if_of_use(flow: Flow, of_use: int) -> Flow | None:
    """The flow, where it was finished and is of use."""
    if flow.response is None and (flow.error is None or flow.request.method == b"CONNECT"):
        return None
    if of_use == _VALIDATOR and (
        flow.request.method != b"GET" or flow.response is None or flow.response.status_code != 200
    ):
        return None
    flow.of_use = of_use
    return flow if of_use else None


def _spans(data: Data, at: int, end: int) -> dict[bytes, tuple[int, int]]:
    """Where each value of a dictionary begins, with its length, and stops, with its type."""
    spans: dict[bytes, tuple[int, int]] = {}
    while at < end:
        begin = data.find(b":", at, at + _MAX_PREFIX) + 1
        stop = begin + int(data[at : begin - 1])
        if stop < begin or data[stop] != 59:  # ;
            raise Odd
        key = data[begin:stop]
        start = stop + 1
        begin = data.find(b":", start, start + _MAX_PREFIX) + 1
        at = begin + int(data[start : begin - 1]) + 1
        if at <= begin:
            raise Odd
        spans[key] = start, at
    if at != end:
        raise Odd
    return spans


def _inside(data: Data, at: int, end: int, tag: int = 125) -> tuple[int, int]:
    """What is within a value of this type: by default a dictionary."""
    if data[end - 1] != tag:
        raise Odd
    begin = data.find(b":", at, at + _MAX_PREFIX) + 1
    if begin + int(data[at : begin - 1]) != end - 1:
        raise Odd
    return begin, end - 1


def _moments(match: re.Match[bytes], count: int = 1) -> list[float | None]:
    """The times in a match of `_TIME`s; raises Odd where a length is not that of its digits."""
    groups = match.groups()
    moments: list[float | None] = []
    for index in range(0, 2 * count, 2):
        length, digits = groups[index], groups[index + 1]
        if digits is None:
            moments.append(None)
        elif int(length) == len(digits):
            moments.append(float(digits))
        else:
            raise Odd
    return moments


def _value(data: Data, at: int, key: bytes) -> tuple[int, int]:
    """Where the value of this key, which must be the next one, begins and stops; its type follows."""
    start = at + len(key)
    if data[at:start] != key:
        raise Odd
    begin = data.find(b":", start, start + _MAX_PREFIX) + 1
    return begin, begin + int(data[start : begin - 1])


def loads(data: bytes) -> Any:
    """A whole tnetstring."""
    value, end = _load(data, 0, len(data))
    if end != len(data):
        raise Odd
    return value


def _load(data: bytes, at: int, limit: int) -> tuple[Any, int]:
    colon = data.index(b":", at, limit)
    begin = colon + 1
    stop = begin + int(data[at:colon])
    if stop >= limit or stop < begin:
        raise Odd
    tag = data[stop]
    if tag == 44:  # ,
        return data[begin:stop], stop + 1
    if tag == 59:  # ;
        return data[begin:stop].decode(), stop + 1
    if tag == 126 and stop == begin:  # ~
        return None, stop + 1
    if tag == 125:  # }
        mapping: dict[Any, Any] = {}
        at = begin
        while at < stop:
            key, at = _load(data, at, stop)
            mapping[key], at = _load(data, at, stop)
        return mapping, stop + 1
    if tag == 93:  # ]
        items: list[Any] = []
        at = begin
        while at < stop:
            item, at = _load(data, at, stop)
            items.append(item)
        return items, stop + 1
    if tag == 35:  # #
        return int(data[begin:stop]), stop + 1
    if tag == 94:  # ^
        return float(data[begin:stop]), stop + 1
    if tag == 33:  # !
        word = data[begin:stop]
        if word in (b"true", b"false"):
            return word == b"true", stop + 1
    raise Odd
