"""The one place where tests touch `mitmproxy.test`, which promises no stability."""

import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from mitmproxy import eventsequence, http
from mitmproxy.addonmanager import Loader
from mitmproxy.connection import Client
from mitmproxy.flow import Error, Flow
from mitmproxy.io import FlowReader, FlowWriter
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test import taddons, tflow

from cors_addon.exchange.model import Judgement
from cors_addon.fetch.origins import Url, parse_url
from cors_addon.flows import translate
from cors_addon.proxy.addon import CorsAddon
from cors_addon.proxy.line_file import LineFile
from cors_addon.session.session import ALL, Session
from tests.waits import until as until
from tests.waits import until_now

CHROMIUM = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"
WEBKIT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15"

PAGE = "https://app.example.test"
API = "https://api.example.test/items/1"
START = 1_800_000_000.0
"""A moment, in Unix seconds. All flows of a test are near it; nothing reads the clock."""

COLUMNS = Sequence[str]
"""Type of the option `web_columns`."""

type Lines = Sequence[tuple[str | bytes, str | bytes]]


def written() -> None:
    """Wait until the lines that were given to files stand in them."""
    for thread in threading.enumerate():
        file = getattr(getattr(thread, "_target", None), "__self__", None)
        if isinstance(file, LineFile) and not file._closing.is_set():
            until_now(partial(_is_done, file))


def _is_done(file: LineFile) -> bool:
    return file._given == file._done


def fields(lines: Lines) -> tuple[tuple[bytes, bytes], ...]:
    """Header lines as mitmproxy keeps them."""
    return tuple((_bytes(name), _bytes(value)) for name, value in lines)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8")


def client(
    *,
    mode: str = "regular",
    tls: bool = True,
    sni: str | None = None,
    sockname: tuple[str, int] = ("127.0.0.1", 8080),
    peername: tuple[str, int] = ("192.0.2.7", 50000),
) -> Client:
    """A client's connection."""
    connection = tflow.tclient_conn()
    connection.proxy_mode = ProxyMode.parse(mode)
    connection.tls = tls
    connection.sni = sni
    connection.peername = peername
    connection.sockname = sockname
    connection.timestamp_end = None
    return connection


def flow(
    method: str | bytes = "GET",
    url: str = API,
    request: Lines = (),
    *,
    status: int | None = 200,
    response: Lines = (),
    error: str | None = None,
    at: float = 0.0,
    took: float = 0.01,
    agent: str = CHROMIUM,
    live: bool = True,
    body: bytes = b"",
    connection: Client | None = None,
    http_version: bytes = b"HTTP/1.1",
) -> http.HTTPFlow:
    """An exchange of a browser, `at` seconds after START."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    host, _, port = authority.partition(":")
    lines: Lines = [("Host", authority), *([("User-Agent", agent)] if agent else []), *request]
    begun = START + at
    sent = http.Request(
        host,
        int(port) if port else {"https": 443}.get(scheme, 80),
        _bytes(method),
        scheme.encode(),
        b"",
        _bytes(slash + path),
        http_version,
        http.Headers(fields(lines)),
        b"",
        None,
        begun,
        begun,
    )
    result = tflow.tflow(
        req=sent,
        client_conn=connection or client(tls=scheme == "https", sni=host if scheme == "https" else None),
        live=live,
    )
    if status is not None:
        result.response = http.Response(
            http_version, status, b"", http.Headers(fields(response)), body, None, begun + took, begun + took
        )
    if error is not None:
        result.error = Error(error, begun + took)
    return result


def response(of: http.HTTPFlow) -> http.Response:
    """The answer, which must be there."""
    assert of.response is not None
    return of.response


def preflight(
    allow: Lines = (), *, method: str = "PUT", headers: str | None = None, status: int = 204, **more: Any
) -> http.HTTPFlow:
    """A preflight of PAGE to API, and its answer."""
    asked: list[tuple[str, str]] = [("Origin", PAGE), ("Access-Control-Request-Method", method)]
    if headers is not None:
        asked.append(("Access-Control-Request-Headers", headers))
    return flow("OPTIONS", request=[*asked, ("Sec-Fetch-Mode", "cors")], status=status, response=allow, **more)


def actual(allow: Lines = (), *, method: str | bytes = "GET", request: Lines = (), **more: Any) -> http.HTTPFlow:
    """A cors request of PAGE to API, and its answer."""
    return flow(method, request=[("Origin", PAGE), ("Sec-Fetch-Mode", "cors"), *request], response=allow, **more)


ALLOW: Lines = (("Access-Control-Allow-Origin", PAGE),)
ALLOW_PUT: Lines = (*ALLOW, ("Access-Control-Allow-Methods", "PUT"))


def hook(hooks: Mapping[str, Any], name: str, one: http.HTTPFlow) -> Any:
    """Call a hook that may be there, as mitmproxy does: `update` follows. What it has mitmproxy wait for."""
    if name in hooks:
        hooks[name](one)
    return hooks["update"]([one]) if "update" in hooks else None


class Proxy:
    """mitmproxy's surroundings for one addon, without a network."""

    def __init__(self, addon: CorsAddon, context: taddons.context) -> None:
        self.addon = addon
        self.context = context
        self.master = context.master
        self.options: Any = context.options

    def set(self, **options: Any) -> None:
        """Change options as `:set` does."""
        self.options.update(**options)

    def pass_through(self, *flows: http.HTTPFlow) -> None:
        """Let flows pass all hooks, as a proxy or a file does."""
        for each in flows:
            for event in eventsequence.iterate(each):
                self.master.addons.invoke_addon_sync(self.addon, event)

    def loader(self) -> Loader:
        """What an addon's `load` is given."""
        return Loader(self.master)

    def command(self, name: str, *arguments: Any) -> Any:
        """Run a command."""
        return self.master.commands.call(name, *arguments)


@contextmanager
def proxy(*others: Any, **options: Any) -> Iterator[Proxy]:
    """The addon in a fresh mitmproxy; `others` are loaded before it. `done` runs at the end."""
    addon = CorsAddon()
    with taddons.context(*others) as context:
        context.master.addons.add(addon)
        running = Proxy(addon, context)
        if options:
            running.set(**options)
        try:
            yield running
        finally:
            if addon in context.master.addons:
                context.master.addons.remove(addon)


def saved_and_loaded(*flows: Flow) -> list[http.HTTPFlow]:
    """What a dump of these flows holds."""
    file = io.BytesIO()
    writer = FlowWriter(file)
    for each in flows:
        writer.add(each)
    file.seek(0)
    return [each for each in FlowReader(file).stream() if isinstance(each, http.HTTPFlow)]


def observe(*flows: http.HTTPFlow, engine: str = "auto") -> list[Judgement]:
    """The judgements of these flows, each in its last revision, in the order of the flows."""
    session = Session(engine=engine, keep=ALL)
    for each in flows:
        session.observe(translate.observation(each))
    return [session.last[each.id] for each in flows if each.id in session.last]


def url(text: str) -> Url:
    """A URL, parsed."""
    parsed = parse_url(text)
    assert parsed is not None
    return parsed
