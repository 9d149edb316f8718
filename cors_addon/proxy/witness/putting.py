"""Putting the witness into an answer: into which, and how, so that the answer is else what the server sent.

Law 1: what cannot be changed safely is left alone, and why is said.
Law 2: an answer that streams goes on streaming: only its beginning is held, until the script's place is there.
Law 3: what is changed is sent in no coding: the client is near, and packing costs more than all else that is done here.
"""

import re
import zlib
from collections.abc import Callable
from typing import NamedTuple

from mitmproxy import http

from cors_addon.exchange.model import Fields
from cors_addon.exchange.request_headers import shape_of as shape_of_request
from cors_addon.fetch import csp, markup, mime, script_admission, script_place
from cors_addon.fetch.headers import get
from cors_addon.fetch.origins import Url
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.script_admission import NoWay
from cors_addon.proxy.witness import script

REALMS = {
    b"document": "document",
    b"embed": "frame",
    b"frame": "frame",
    b"iframe": "frame",
    b"object": "frame",
    b"serviceworker": "serviceworker",
    b"sharedworker": "sharedworker",
    b"worker": "worker",
}
"""By Sec-Fetch-Dest: what runs scripts of its own."""
WORKERS = frozenset({"serviceworker", "sharedworker", "worker"})
_NAVIGATION = b"text/html,application/xhtml+xml"
"""With which Accept begins in what browsers navigate to; they send no metadata to plain http."""
_MOST_HELD = 1 << 16
"""Bytes of an answer that streams within which the place has to be."""
_WIDE = pattern(r"utf-?(?:16|32)|ucs-2|unicode", re.IGNORECASE)
_WIDE_MARKS = (b"\xfe\xff", b"\xff\xfe")
_GZIP = {"gzip", "x-gzip"}


class Slot(NamedTuple):
    """Where a witness is to be put, and where it reports to."""

    realm: str
    url: Url
    report: Url


def realm_of(flow: http.HTTPFlow) -> str | None:
    """What an answer becomes that runs scripts: a document, a frame or a worker; None for anything else.

    Of workers over plain http nothing tells.
    """
    fields = flow.request.data.headers.fields
    shape = shape_of_request(fields)
    if shape.dest >= 0:
        return REALMS.get(fields[shape.dest][1])
    if shape.accept >= 0 and shape.mode < 0 and fields[shape.accept][1].startswith(_NAVIGATION):
        return "document"
    return None


def becomes_none(realm: str, response: http.Response) -> bool:
    """Whether nothing becomes of the answer in which a script could run."""
    status = response.data.status_code
    if status in (204, 205) or status < 200 or 300 <= status <= 399:
        return True
    fields = response.data.headers.fields
    kind = mime.extract(fields)
    if realm in WORKERS:
        return not 200 <= status <= 299
    if (get(fields, b"content-disposition") or "").strip().lower().startswith("attachment"):
        return True
    return kind != "text/html"


def hindrance(flow: http.HTTPFlow, realm: str) -> str | None:
    """Why an answer has to be left alone, by what its head says; None where it has not."""
    assert flow.response is not None
    fields = flow.response.data.headers.fields
    if flow.response.data.status_code == 206 or "range" in flow.request.headers:
        return "only a part of it was sent"
    if "no-transform" in (get(fields, b"cache-control") or "").lower():
        return "its Cache-Control says no-transform"
    charset = (get(fields, b"content-type") or "").lower().partition("charset")[2]
    if realm not in WORKERS and _WIDE.search(charset):
        return "it is in UTF-16"
    return None


def put(flow: http.HTTPFlow, slot: Slot) -> NoWay | None:
    """Put the witness into an answer that is whole."""
    assert flow.response is not None
    response = flow.response
    if response.data.content is None:
        return NoWay("its body was not kept")
    try:
        body = response.get_content(strict=True) or b""
    except ValueError:
        return NoWay("its Content-Encoding is not known")
    text = script.text(slot.report.path, slot.realm)
    fields = response.data.headers.fields
    made: bytes | NoWay
    if slot.realm in WORKERS:
        made = _worker_script(body, text)
        found = script_admission.admit_worker(fields, slot.url, slot.report)
    else:
        policies = markup.read(body, slot.url).policies if b"ontent-" in body or b"ONTENT-" in body else []
        found = script_admission.admit(fields, slot.url, script_admission.Script(text, slot.report), policies)
        made = found if isinstance(found, NoWay) else _document(body, script.element(text, found.nonce))
    if isinstance(found, NoWay):
        return found
    if isinstance(made, NoWay):
        return made
    if slot.realm not in WORKERS:
        found = found._replace(fields=_with_charset(found.fields, body))
    _replace_head(response, found.fields, flow.request.data.http_version)
    response.data.content = made
    if not any(name.lower() == b"transfer-encoding" for name, _ in response.data.headers.fields):
        response.headers["content-length"] = str(len(made))
    return None


def _document(body: bytes, element: bytes) -> bytes | NoWay:
    if body.startswith(_WIDE_MARKS):
        return NoWay("it is in UTF-16")
    place = script_place.in_document(body, whole=True)
    assert place is not None
    return body[:place] + element + body[place:]


def _worker_script(body: bytes, text: bytes) -> bytes | NoWay:
    found = script_place.in_worker(body)
    if found is None or body.startswith(_WIDE_MARKS):
        return NoWay("its script begins in a way that nothing may come before")
    place, strict = found
    return body[:place] + (b'"use strict";' if strict else b"") + text + body[place:]


def _with_charset(fields: Fields, body: bytes) -> Fields:
    """Say in the head what encoding the document names, for its own word comes too late now to be looked for."""
    if body.startswith(b"\xef\xbb\xbf") or "charset" in (get(fields, b"content-type") or "").lower():
        return fields
    named = markup.declared_charset(body)
    if named is None or not named.isascii() or not named.replace("-", "").replace("_", "").isalnum():
        return fields
    return tuple(
        (name, b"%s; charset=%s" % (value.rstrip(b"; "), named.encode()) if name.lower() == b"content-type" else value)
        for name, value in fields
    )


def _replace_head(response: http.Response, fields: Fields, http_version: bytes, *, streams: bool = False) -> None:
    gone = {b"content-encoding", b"content-md5", b"content-digest", b"repr-digest", b"digest", b"accept-ranges"}
    if streams:
        gone.add(b"content-length")
        if http_version == b"HTTP/1.1" and get(fields, b"transfer-encoding") is None:
            fields += ((b"Transfer-Encoding", b"chunked"),)
    response.data.headers.fields = tuple(pair for pair in fields if pair[0].lower() not in gone)


# ---- what streams ----


def put_into_stream(flow: http.HTTPFlow, slot: Slot, tell: Callable[[NoWay | None], None]) -> None:
    """Put the witness into a document that is passed on as it comes; `tell` is told what came of that."""
    assert flow.response is not None
    response, version = flow.response, flow.request.data.http_version
    fields = response.data.headers.fields
    coding = (get(fields, b"content-encoding") or "identity").strip().lower()
    if slot.realm in WORKERS or callable(response.stream) or (coding != "identity" and coding not in _GZIP):
        tell(NoWay("it streams, and is a worker, in a coding of its own, or in another addon's hands"))
        return
    if version == b"HTTP/1.0":
        tell(NoWay("it streams to an HTTP/1.0 client"))
        return
    text = script.text(slot.report.path, slot.realm)
    found = script_admission.admit(fields, slot.url, script_admission.Script(text, slot.report))
    if isinstance(found, NoWay):
        tell(found)
        return
    _replace_head(response, found.fields, version, streams=True)
    unpack = None if coding == "identity" else zlib.decompressobj(wbits=31)
    element = script.element(text, found.nonce)
    named = "charset" in (get(fields, b"content-type") or "").lower()
    response.stream = _Stream(slot, element, unpack, tell, named=named)


class _Stream:
    """What mitmproxy gives each piece of a body to, and gets what it sends on from; at the end it is given nothing."""

    def __init__(
        self,
        slot: Slot,
        element: bytes,
        unpack: "zlib._Decompress | None",
        tell: Callable[[NoWay | None], None],
        *,
        named: bool,
    ) -> None:
        """`named`: the head says what encoding the document is in."""
        self._slot, self._element, self._unpack, self._tell, self._named = slot, element, unpack, tell, named
        self._held: bytes | None = b""
        """What waits for the script's place; None once that was found, or given up."""

    def __call__(self, piece: bytes) -> bytes:
        ended = not piece
        if self._unpack is not None:
            piece = self._unpack.flush() if ended else self._unpack.decompress(piece)
        if self._held is None:
            return piece
        self._held += piece
        too_long = len(self._held) > _MOST_HELD
        place = script_place.in_document(self._held, whole=ended or too_long)
        if place is None or (not ended and not too_long and self._waits_for_charset(place)):
            return b""
        held, self._held = self._held, None
        if held.startswith(_WIDE_MARKS):
            self._tell(NoWay("it is in UTF-16"))
            return held
        if not self._named:
            place = _after_charset(held, place)
        if any(
            csp.directive_for(policy, "connect-src") for policy in markup.read(held[:place], self._slot.url).policies
        ):
            self._tell(NoWay("a policy in its markup comes before the script's place"))
            return held
        self._tell(None)
        return held[:place] + self._element + held[place:]

    def _waits_for_charset(self, place: int) -> bool:
        held = self._held or b""
        return (
            not self._named
            and len(held) < markup.PRESCANNED
            and markup.declared_charset(held) is None
            and b"<body" not in held[place:]
        )


_HEAD_TOKENS = pattern(rb"(?:\s|<!--.*?-->|<meta\b[^>]*>|<title\b[^>]*>[^<]*</title>)*", re.DOTALL | re.IGNORECASE)


def _after_charset(held: bytes, place: int) -> int:
    """Behind what names the encoding, where that stands in the part that browsers look through beforehand."""
    if held.startswith(b"\xef\xbb\xbf") or markup.declared_charset(held) is None:
        return place
    found = _HEAD_TOKENS.match(held[: markup.PRESCANNED], place)
    return place if found is None else found.end()
