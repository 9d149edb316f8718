"""Recordings for the benchmarks, of any size: HARs of Chrome's developer tools, NetLogs, logs of the tools' protocol.

Half of the requests bear an Origin; of those that do not, some set cookies and some are loads from another site.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from _bench.traffic import Exchange, cors, other

SERVER = "https://api.example"
SECOND = 1_700_000_000
_EVERY = 0.05
"""Seconds between two requests."""
_TICKS = 2_347_000


class Sent(NamedTuple):
    """An exchange at its time, with URL and number."""

    number: int
    url: str
    exchange: Exchange

    @property
    def seconds(self) -> float:
        """When it was sent, from the beginning of the recording."""
        return self.number * _EVERY


def _traffic() -> Iterator[Sent]:
    numbers = count()
    while True:
        for one, two in zip(cors(200), other(200, cookies=True), strict=True):
            for exchange in (one, two):
                number = next(numbers)
                path = exchange.path
                if exchange.method in ("OPTIONS", "PUT"):  # a preflight and its request: another URL each time
                    path = f"{path}/{number // 400}"
                yield Sent(number, SERVER + path, exchange)


def _write(path: Path, megabytes: float, ends: tuple[str, str, str], pieces: Iterator[str]) -> int:
    """Write so many MB of pieces, between a begin and an end; returns how many there are."""
    begin, between, end = ends
    written = 0
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write(begin)
        for piece in pieces:
            file.write(between + piece if written else piece)
            written += 1
            if not written % 400 and file.tell() >= megabytes * 1_000_000:  # whole rounds: no request lacks its answer
                break
        file.write(end)
    return written


# ---- HAR ----


def har(path: Path, megabytes: float, *, body: int = 0) -> int:
    """Write a HAR; returns the number of its entries. Each has so many bytes of body."""
    head = {"version": "1.2", "creator": {"name": "WebInspector", "version": "537.36"}, "pages": []}
    begin = json.dumps({"log": head}, indent=2)[: -len("\n  }\n}")] + ',\n    "entries": ['
    content = {"text": _text(body)} if body else {}
    pieces = (_indented(_entry(sent, content)) for sent in _traffic())
    return _write(path, megabytes, (begin, ",", "\n    ]\n  }\n}"), pieces)


def _text(size: int) -> str:
    line = '{"id": 1234, "name": "An item \\ of some length", "tags": ["a", "b"]},\n'
    return (line * (size // len(line) + 1))[:size]


def _indented(entry: dict[str, Any]) -> str:
    return "\n      " + json.dumps(entry, indent=2).replace("\n", "\n      ")


def _entry(sent: Sent, content: dict[str, str]) -> dict[str, Any]:
    exchange, url = sent.exchange, sent.url
    request = _pairs({name: value or urlsplit(url).netloc for name, value in exchange.request.items()})
    kind = {"OPTIONS": "preflight"}.get(exchange.method, "fetch" if "Origin" in exchange.request else "image")
    frame = {"functionName": "load", "scriptId": "12", "url": f"{SERVER}/app.js", "lineNumber": 7, "columnNumber": 21}
    mime = exchange.response.get("Content-Type", "x-unknown")
    size = len(content.get("text", exchange.response_body))
    posted = {"postData": {"mimeType": "application/json", "text": exchange.request_body.decode()}}
    return {
        "_connectionId": str(100 + exchange.connection),
        "_initiator": {"type": "script", "stack": {"callFrames": [frame]}},
        "_priority": "High",
        "_resourceType": kind,
        "cache": {},
        "connection": "443",
        "pageref": "page_1",
        "request": {
            "method": exchange.method,
            "url": url,
            "httpVersion": "HTTP/1.1",
            "headers": request,
            "queryString": _pairs(dict(each.split("=") for each in urlsplit(url).query.split("&") if each)),
            "cookies": [],
            "headersSize": 700,
            "bodySize": len(exchange.request_body),
            **(posted if exchange.request_body else {}),
        },
        "response": {
            "status": exchange.status,
            "statusText": "OK",
            "httpVersion": "HTTP/1.1",
            "headers": _pairs(exchange.response),
            "cookies": [],
            "content": {"size": size, "mimeType": mime, "compression": 0, **content},
            "redirectURL": "",
            "headersSize": 300,
            "bodySize": size,
            "_transferSize": size + 300,
            "_error": None,
            "_fetchedViaServiceWorker": False,
        },
        "serverIPAddress": "192.0.2.1",
        "startedDateTime": f"{datetime.fromtimestamp(SECOND + sent.seconds, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
        "time": 20.32900000039217,
        "timings": {
            "blocked": 0.654,
            "dns": -1,
            "ssl": -1,
            "connect": -1,
            "send": 0.134,
            "wait": 14.38600000016551,
            "receive": 5.155000000226661,
            "_blocked_queueing": 0.5,
            "_workerStart": -1,
        },
    }


def _pairs(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


# ---- NetLog ----

_PASSED_OVER = 26
"""Events of each request that tell nothing of CORS: sockets, jobs, caches."""
_EVENTS = (
    "CHECK_CORS_PREFLIGHT_CACHE", "CHECK_CORS_PREFLIGHT_REQUIRED", "CORS_PREFLIGHT_URL_REQUEST", "CORS_REQUEST",
    "HTTP_TRANSACTION_SEND_REQUEST_HEADERS", "HTTP_TRANSACTION_READ_RESPONSE_HEADERS", "REQUEST_ALIVE",
    "URL_REQUEST_START_JOB", "URL_REQUEST_DELEGATE_RESPONSE_STARTED", "HTTP_STREAM_JOB", "SOCKET_IN_USE",
    "HTTP_CACHE_READ_INFO", "COMPUTED_PRIVACY_MODE",
)  # fmt: skip
_TYPES = {name: number for number, name in enumerate(_EVENTS, 100)}
_ISOLATION = "http://127.0.0.1 http://127.0.0.1"


def netlog(path: Path, megabytes: float) -> int:
    """Write a NetLog; returns the number of its requests."""
    constants = {
        "activeFieldTrialGroups": [],
        "clientInfo": {"name": "Chromium", "version": "156.0.8078.108"},
        "loadFlag": {"DO_NOT_SAVE_COOKIES": 64},
        "logEventPhase": {"PHASE_BEGIN": 1, "PHASE_END": 2, "PHASE_NONE": 0},
        "logEventTypes": _TYPES,
        "logSourceType": {"NONE": 0, "URL_REQUEST": 1, "SOCKET": 9, "HTTP_STREAM_JOB": 17},
        "netError": {"ERR_FAILED": -2},
        "timeTickOffset": SECOND * 1000 - _TICKS,
    }
    begin = f'{{"constants":{_compact(constants)},\n"events": [\n'
    return _write(path, megabytes, (begin, ",\n", '],\n"polledData": []}\n'), map(_fetch, _traffic()))


def _fetch(sent: Sent) -> str:
    """The events of a request; a preflight's own come between those of its request, which is the next."""
    exchange, url = sent.exchange, sent.url
    own, time = 1000 + sent.number * 4, str(_TICKS + int(sent.seconds * 1000))
    is_preflight = exchange.method == "OPTIONS"
    page = exchange.request.get("Origin", SERVER)
    events: list[str] = []

    def add(name: str, phase: int = 0, source: int = 1, **params: Any) -> None:
        number = own if source == 1 else own + source
        event = {"phase": phase, "source": {"id": number, "start_time": time, "type": source}, "time": time}
        events.append(_compact(({"params": params} if params else {}) | event | {"type": _TYPES[name]}))

    made = [f"{name}: {exchange.request[name]}" for name in ("User-Agent", "Accept", "Referer")]
    if not is_preflight:
        add("CORS_REQUEST", 1, request_headers={"headers": made, "line": f"{exchange.method} / HTTP/1.1\r\n"}, url=url)
        add("CHECK_CORS_PREFLIGHT_REQUIRED", preflight_required=False)
    flags = 0 if "Cookie" in exchange.request else 64
    add(
        "URL_REQUEST_START_JOB", 1, initiator=page, load_flags=flags, method=exchange.method,
        network_isolation_key=_ISOLATION, request_type="other", url=url,
    )  # fmt: skip
    for number in range(_PASSED_OVER):
        kind = ("COMPUTED_PRIVACY_MODE", "HTTP_STREAM_JOB", "SOCKET_IN_USE", "HTTP_CACHE_READ_INFO")[number % 4]
        more = {"source_dependency": {"id": own, "type": 1}, "group_id": f"{page} <{_ISOLATION}>"} if number % 3 else {}
        add(kind, 1 + number % 2, source=(1, 17, 9)[number % 3], **more)
    lines = [f"{name}: {value or urlsplit(url).netloc}" for name, value in exchange.request.items()]
    add("HTTP_TRANSACTION_SEND_REQUEST_HEADERS", headers=lines, line=f"{exchange.method} {exchange.path} HTTP/1.1\r\n")
    answer = [f"HTTP/1.1 {exchange.status} OK", *(f"{name}: {value}" for name, value in exchange.response.items())]
    add("HTTP_TRANSACTION_READ_RESPONSE_HEADERS", headers=answer)
    add("URL_REQUEST_DELEGATE_RESPONSE_STARTED", 1)
    add("URL_REQUEST_DELEGATE_RESPONSE_STARTED", 2)
    if not is_preflight:
        add("CORS_REQUEST", 2)
    add("REQUEST_ALIVE", 2)
    return ",\n".join(events)


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


# ---- events of the DevTools protocol ----


def cdp(path: Path, megabytes: float) -> int:
    """Write events as Puppeteer dumps them; returns the number of requests."""
    pieces = (",\n".join(map(_compact, _events(sent))) for sent in _traffic())
    return _write(path, megabytes, ("[", ",\n", "]\n"), pieces)


def _events(sent: Sent) -> Iterator[dict[str, Any]]:
    exchange, url, number = sent.exchange, sent.url, sent.number
    page = exchange.request.get("Origin", SERVER) + "/"
    key, now = f"5906.{number}", 100 + sent.seconds
    kind = "Other" if exchange.method == "OPTIONS" else "Fetch" if "Origin" in exchange.request else "Image"
    caller = {"type": "preflight", "requestId": f"5906.{number + 2}"} if kind == "Other" else {"type": "script"}
    headers = {name: value or urlsplit(url).netloc for name, value in exchange.request.items()}
    made = {name: headers[name] for name in ("User-Agent", "Accept", "Referer")}
    timing = {
        "requestTime": now + 0.001, "proxyStart": -1, "dnsStart": -1, "connectStart": -1, "sslStart": -1,
        "sendStart": 0.4, "sendEnd": 0.5, "receiveHeadersStart": 12.1, "receiveHeadersEnd": 12.4,
    }  # fmt: skip
    asked = {"url": url, "method": exchange.method, "headers": made, "mixedContentType": "none", "isSameSite": False}
    answer = {"headers": exchange.response, "connectionId": 100 + exchange.connection, "protocol": "http/1.1"}
    told: tuple[tuple[str, dict[str, Any]], ...] = (
        (
            "requestWillBeSent",
            {
                "loaderId": "263AF57532DD5FFEBA0D8D0EF9EE518F", "documentURL": page, "request": asked, "type": kind,
                "timestamp": now, "wallTime": SECOND + sent.seconds, "initiator": caller, "redirectHasExtraInfo": False,
                "frameId": "121F00C98E5E203E554EA6B39A55011E", "hasUserGesture": False,
            },
        ),
        (
            "requestWillBeSentExtraInfo",
            {"associatedCookies": [], "headers": headers, "connectTiming": {"requestTime": now + 0.001}},
        ),
        (
            "responseReceivedExtraInfo",
            {"blockedCookies": [], "headers": exchange.response, "statusCode": exchange.status,
             "resourceIPAddressSpace": "Public", "headersText": "HTTP/1.1 200 OK\r\n"},
        ),
        (
            "responseReceived",
            {
                "timestamp": now + 0.015, "hasExtraInfo": True, "type": "Preflight" if kind == "Other" else kind,
                "response": {
                    "url": url, "status": exchange.status, "statusText": "OK", "mimeType": "", "timing": timing,
                    "remotePort": 443, "fromDiskCache": False, "fromServiceWorker": False, **answer,
                },
            },
        ),
        ("dataReceived", {"timestamp": now + 0.016, "dataLength": len(exchange.response_body), "encodedDataLength": 0}),
        ("loadingFinished", {"timestamp": now + 0.017, "encodedDataLength": len(exchange.response_body)}),
    )  # fmt: skip
    for name, params in told:
        yield {"method": f"Network.{name}", "params": {"requestId": key, **params}}


WRITERS: dict[str, Callable[[Path, float], int]] = {
    "HAR, small entries": har,
    "HAR, large bodies": lambda path, megabytes: har(path, megabytes, body=60_000),
    "NetLog": netlog,
    "DevTools protocol": cdp,
}
"""By the name of their row."""
