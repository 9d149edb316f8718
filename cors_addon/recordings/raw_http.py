"""HTTP messages as bytes, which some recordings hold, as the parts of a HAR entry."""

import base64
import zlib
from typing import Any

MAX_BODY = 1 << 20
"""Bytes of a body that are kept, as packed and as unpacked: what a verdict asks of a body is at its beginning."""


def request(message: bytes, url: str | None = None) -> dict[str, Any]:
    """A request; `url` where its first line does not name all of it. Raises ValueError for what is none."""
    (method, target, version), headers, body = _parted(message)
    return {
        "method": method,
        "url": url if url is not None else target,
        "httpVersion": version,
        "headers": headers,
        "bodySize": len(body),
    }


def response(message: bytes) -> dict[str, Any]:
    """An answer; one of no bytes has status 0. Raises ValueError for what is none."""
    if not message.strip():
        return {"status": 0, "headers": []}
    (version, status, _), headers, body = _parted(message)
    if not version.startswith("HTTP/"):
        raise ValueError("no answer")
    found: dict[str, Any] = {"status": int(status), "httpVersion": version, "headers": headers, "content": {}}
    plain = _decoded(body, {name.lower(): value.strip().lower() for name, value in headers})
    if plain is not None:
        found["content"] = content(plain)
    return found


def content(body: bytes) -> dict[str, Any]:
    """A body, as a HAR entry has it."""
    return {"size": len(body), "text": base64.b64encode(body[:MAX_BODY]).decode("ascii"), "encoding": "base64"}


def _parted(message: bytes) -> tuple[tuple[str, str, str], list[tuple[str, str]], bytes]:
    """The three words of the first line, the header lines, and the body."""
    head, end, body = message.partition(b"\r\n\r\n")
    if not end:
        head, _, body = message.partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    words = first.rstrip("\r").split(" ", 2)
    if len(words) < 2:
        raise ValueError("no HTTP message")
    headers = [
        (name, value.strip(" \t\r")) for name, colon, value in (line.partition(":") for line in lines) if colon and name
    ]
    return (words[0], words[1], words[2] if len(words) > 2 else ""), headers, body


def _decoded(body: bytes, headers: dict[str, str]) -> bytes | None:
    """A body as the page has it; None where it is coded in a way that is not undone here."""
    body = body[:MAX_BODY]
    try:
        if "chunked" in headers.get("transfer-encoding", ""):
            body = _joined(body)
        coding = headers.get("content-encoding", "")
        if coding in ("", "identity"):
            return body
        if coding in ("gzip", "x-gzip", "deflate"):
            unpacker = zlib.decompressobj(wbits=47 if "gzip" in coding or body[:1] == b"x" else -15)
            return unpacker.decompress(body, MAX_BODY)
    except (ValueError, zlib.error):
        return None
    return None


def _joined(body: bytes) -> bytes:
    """The chunks of a body; also of one that has been joined already, as some writers leave it."""
    chunks: list[bytes] = []
    at = 0
    while at < len(body):
        line, end, _ = body[at : at + 64].partition(b"\r\n")
        digits = line.partition(b";")[0].strip()
        if not end or not digits.isalnum():
            return b"".join(chunks) if chunks else body
        try:
            size = int(digits, 16)
        except ValueError:
            return b"".join(chunks) if chunks else body
        at += len(line) + 2
        if not size:
            break
        chunks.append(body[at : at + size])
        at += size + 2
    return b"".join(chunks)
