"""A server of sockets that sends heads byte for byte, as no HTTP library would: what stands behind mitmproxy then.

It takes each request's case from its path, and sends the answer of the table that the case server has as well.
"""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any, Self

from mitmproxy.certs import CertStore

LIMIT = 2**20


class RawServer:
    """Listens on two loopback ports, of which one speaks TLS, with a certificate that nobody need trust."""

    def __init__(self, folder: Path) -> None:
        """`folder`: for its certificate."""
        self.folder = folder
        self.answers: dict[str, dict[str, dict[str, Any]]] = {}
        self.steps: dict[str, int] = {}
        self.servers: list[asyncio.Server] = []

    async def start(self) -> Self:
        """Listen."""
        CertStore.from_store(self.folder, "raw", 2048)
        secure = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        secure.load_cert_chain(self.folder / "raw-ca.pem")
        for context in (None, secure):
            self.servers.append(await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=context, limit=LIMIT))
        return self

    @property
    def ports(self) -> tuple[int, int]:
        """The plain one, and the one that speaks TLS."""
        plain, secure = (server.sockets[0].getsockname()[1] for server in self.servers)
        return plain, secure

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, and close."""
        try:
            request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            writer.write(self.answer(request))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # mitmproxy has gone
        finally:
            writer.close()

    def answer(self, request: str) -> bytes:
        """The bytes of the answer to one request head."""
        method, target, _ = request.split("\r\n")[0].split(" ")
        _, _, case, hop, *_ = target.split("?")[0].split("/")
        side = "p" if method == "OPTIONS" and "\r\naccess-control-request-method:" in request.lower() else "a"
        given = self.answers[case][f"{self.steps.get(case, 0)}/{hop}/{side}"]
        body = "" if method == "HEAD" else given["body"]
        lines = [f"HTTP/1.1 {given['status']} Fine"]
        lines += [f"{name}: {value}" if name else value for name, value in given["headers"]]
        if given["status"] not in (204, 304):
            lines.append(f"Content-Length: {len(given['body'])}")
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("latin-1")

    async def stop(self) -> None:
        """Listen no more."""
        for server in self.servers:
            server.close()
