"""The live page's own port, on the loopback interface alone: HTTP/1.1, one request a connection."""

import asyncio
from collections.abc import Callable, Iterable

import h11

from cors_addon.proxy.faults import Faults
from cors_addon.proxy.logs import logger_of
from cors_addon.proxy.page.messages import MAX_BODY, Answered, Asked

logger = logger_of(__name__)

ADDRESS = "127.0.0.1"
_PATIENCE = 10.0
"""Seconds for a request to come whole."""
_MOST = 64
"""Connections at a time: beyond that, new ones are closed."""
_PIECE = 65_536
_READ_AT_ONCE = 32_768
"""Bytes of a request's head."""

type App = Callable[[Asked], Answered]


class PageServer:
    """Listens, and gives requests to the app."""

    def __init__(self, app: App, faults: Faults) -> None:
        self._app = app
        self._faults = faults
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._starting: asyncio.Task[None] | None = None
        self.port: int | None = None
        """Where it listens; None where it does not."""

    def start(self, wanted: int, ready: Callable[[], None]) -> None:
        """Listen at a port, 0 for any; where it is taken, at any other. `ready` is called once that is decided."""
        self._starting = asyncio.get_running_loop().create_task(self._start(wanted, ready))

    async def _start(self, wanted: int, ready: Callable[[], None]) -> None:
        for port in dict.fromkeys((wanted, 0)):
            try:
                self._server = await asyncio.start_server(self._accept, ADDRESS, port, limit=_PIECE)
            except OSError as error:
                why = error.strerror or str(error)
                logger.warning("cors_page: cannot listen at %s:%d: %s", ADDRESS, port, why)
            else:
                self.port = self._server.sockets[0].getsockname()[1]
                break
        ready()

    async def started(self) -> None:
        """Wait until it is decided where it listens."""
        if self._starting is not None:
            await self._starting

    def close(self) -> None:
        """Listen no more, and end what goes on."""
        for task in (self._starting, *self._tasks):
            if task is not None:
                task.cancel()
        if self._server is not None:
            self._server.close()
        self._server, self._starting, self.port = None, None, None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._tasks) >= _MOST:
            writer.close()
            return
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, TimeoutError, h11.ProtocolError, asyncio.CancelledError):
            pass  # the other end left, or never was a browser
        except Exception as error:
            self._faults.report(error)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=_READ_AT_ONCE)
        async with asyncio.timeout(_PATIENCE):
            asked = await self._read(connection, reader)
        if asked is None:
            return
        answered = self._app(asked)
        headers = [("Connection", "close"), *answered.headers]
        if answered.events is None:
            headers.append(("Content-Length", str(len(answered.body))))
        head = h11.Response(status_code=answered.status, reason=answered.phrase, headers=headers)
        writer.write(connection.send(head) or b"")
        if answered.events is None:
            writer.write(connection.send(h11.Data(answered.body)) or b"")
            writer.write(connection.send(h11.EndOfMessage()) or b"")
            await writer.drain()
            return
        async for event in answered.events:
            writer.write(connection.send(h11.Data(event)) or b"")
            await writer.drain()

    async def _read(self, connection: h11.Connection, reader: asyncio.StreamReader) -> Asked | None:
        """The request; None where there is none, or it is too long."""
        request: h11.Request | None = None
        body = bytearray()
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(_PIECE))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > MAX_BODY:
                    return None
            elif isinstance(event, h11.EndOfMessage) and request is not None and self.port is not None:
                return Asked(
                    request.method.decode("latin-1"),
                    request.target.decode("latin-1"),
                    joined((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers),
                    bytes(body),
                    "http",
                    self.port,
                )
            else:
                return None


def joined(lines: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Header lines by lower-case name."""
    found: dict[str, str] = {}
    for name, value in lines:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found
