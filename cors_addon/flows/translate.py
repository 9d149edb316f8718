"""From mitmproxy's flow to an `Observation`: what this client sent, and what it was sent.

Law 1: an observation shows the client's side. Where mitmproxy answered in the server's place, its own page counts.
Law 2: total: no flow, however odd, raises; what cannot be told is left out.
Law 3: bytes are taken from `message.data`: its properties decode, upper-case, and cost time.
"""

from collections.abc import Callable
from functools import lru_cache, partial

from mitmproxy import http
from mitmproxy.connection import Client, Server
from mitmproxy.flow import Error

from cors_addon.exchange import own_page, request_headers, response_headers
from cors_addon.exchange.documents import Document
from cors_addon.exchange.http_cache import Plain
from cors_addon.exchange.model import Fields, Observation
from cors_addon.exchange.timing import HAR_SKEW
from cors_addon.fetch import headers
from cors_addon.fetch.bounds import MAX_HOST, bounded_path
from cors_addon.fetch.load import Page
from cors_addon.fetch.orb import ReadBody
from cors_addon.fetch.origins import Url, host_to_ascii, is_loopback, known_url, parse_url
from cors_addon.fetch.referrer_policy import referrer_policy
from cors_addon.flows import bodies
from cors_addon.policy import rewrite_record

OWN_PAGE = "cors.answered"
"""Metadata: the status with which mitmproxy answered in the place of a server that broke off; `none` for none."""
PROBE = "cors.probe"
"""Metadata: what a request of `cors.probe` asks; policies leave its answer alone."""
WITNESS = "cors.witness"
ASKED = "cors.asked"
"""Metadata: the URL that the client asked for, while `map_remote` is set."""
"""Metadata: of a document or worker, `put in`, or why no witness was put into it."""
BROKE_OFF = "the answer broke off: taken for streamed, so that its headers had reached the browser"

BAD_GATEWAY = 502
_NAMED_BY_REQUEST = frozenset({"regular", "upstream"})
"""Modes in which the client names the target to mitmproxy itself, so that `request.host` is its own word."""


def observation(flow: http.HTTPFlow) -> Observation:
    """What the wire showed of this flow."""
    request = flow.request.data
    client, response, error, metadata = flow.client_conn, flow.response, flow.error, flow.metadata
    started = request.timestamp_start
    if (
        response is None
        or error is not None
        or (ended := response.data.timestamp_end) is None
        or response.stream
        or response.data.status_code < 100
    ):
        status, fields = answer(flow)
        ended = _ended(flow)
    else:
        status, fields = response.data.status_code, response.data.headers.fields  # the same, as nearly always
    # in the order of the class: by name they would take four times as long, and this runs for every CORS flow
    made = Observation(
        flow.id,
        client.peername[0] if client.peername else None,
        client.id,
        started,
        ended if ended > started else started,
        request.method,
        url(flow) if metadata else _url(request, client, flow.server_conn),
        request.headers.fields,
        status,
        fields,
        request.http_version.startswith((b"HTTP/2", b"HTTP/3")),
        has_body(request) if request.content is None else request.content != b"",
        rewrite_record.of(metadata) if metadata else None,
        None if response is None else _Body(_read_body, response.data),
    )
    if error is not None and status is not None and not fields:
        made.proxy_error = error.msg or ""
    return made


def user_agent(flow: http.HTTPFlow) -> bytes | None:
    """What the client says that it is."""
    fields = flow.request.data.headers.fields
    place = request_headers.shape_of(fields).user_agent
    return None if place < 0 else fields[place][1]


def page(flow: http.HTTPFlow) -> Document | None:
    """The document that this flow's answer became, which is whole; None where its headers demand something of others"""
    response = flow.response
    if response is None or response_headers.shape_of(response.data.headers.fields).has_policies:
        return None
    request = flow.request.data
    asked = url(flow)
    policy = referrer_policy(response.data.headers.fields)
    read_body = _Body(_read_body, response.data)
    hints = headers.get(request.headers.fields, b"sec-ch-ua") is not None
    began = request.timestamp_start
    return Document(flow.id, asked, began, Page(asked), read_body, referrer_policy=policy, hints=hints)


def _read_body(response: http.ResponseData, limit: int) -> bytes | None:
    return bodies.read(response.content, headers.get(response.headers.fields, b"content-encoding") or "", limit)


class _Body(partial[bytes | None]):
    """Reads a body; made for every CORS flow, and so what C makes without a call back."""

    def shortened(self, limit: int) -> tuple[ReadBody, int]:
        """For what stays: so many bytes as sent, which is most of the time more once unpacked, and how many."""
        [response] = self.args
        raw = response.content
        short = None if raw is None else raw[:limit]
        coding = headers.get(response.headers.fields, b"content-encoding") or ""
        return partial(bodies.read, short, coding), len(short or b"")


def skew(flow: http.HTTPFlow) -> float:
    """By how many seconds the times of a flow that was loaded may be wrong against each other's."""
    client = flow.client_conn.peername
    return HAR_SKEW if client and client[1] == 0 else 0.0  # as mitmproxy makes them of a HAR; no client has that port


type Seen = tuple[Client, Server, http.RequestData, Fields, float | None]
"""Of a flow: its connections, its request, the header list of its answer and when that ended; not its body."""


def plain(seen: Seen) -> Plain:
    """What the tracker keeps of an answer that may serve a later request."""
    client, server, request, fields, ended = seen
    return (
        client.peername[0] if client.peername else None,
        _url(request, client, server),
        request.headers.fields,
        fields,
        ended or request.timestamp_end or request.timestamp_start,
    )


def has_body(request: http.RequestData) -> bool:
    """Whether the request bears a body; a streamed one is not kept, but its headers tell."""
    if request.content is not None:
        return request.content != b""
    headers = request.headers
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _ended(flow: http.HTTPFlow) -> float:
    response = flow.response
    begun = None if response is None else response.data.timestamp_start
    if response is not None and response.stream and begun is not None:
        return begun  # what the browser does next may come before the body has ended
    if response is not None and response.data.timestamp_end is not None:
        return response.data.timestamp_end
    if flow.error is not None:
        return flow.error.timestamp
    if begun is not None:
        return begun
    return flow.request.data.timestamp_end or flow.request.data.timestamp_start


# ---- the answer that reached the client ----


def answer(flow: http.HTTPFlow) -> tuple[int | None, Fields]:
    """Status and headers of the answer which the client got; no status where it got none.

    mitmproxy holds back a response until it is whole (or streams it). Where that fails, it answers by itself, with a
    page that has no CORS headers, unless it was told to drop the connection (proxy/layers/http, `ErrorCode`).
    """
    response, error = flow.response, flow.error
    if error is None:
        if response is None or response.data.status_code < 100:  # a HAR says 0 where there was none
            return None, ()
        return response.data.status_code, response.data.headers.fields
    if response is None:
        return _own_page(flow, error), ()
    if response.stream:  # its head had reached the client when the error came
        return response.data.status_code, response.data.headers.fields
    if error.msg == Error.KILLED_MESSAGE:
        return None, ()
    if OWN_PAGE in flow.metadata:
        noted = flow.metadata[OWN_PAGE]
        return (int(noted) if str(noted).isdecimal() else None), ()
    if breaks_off(flow):
        return response.data.status_code, response.data.headers.fields
    return _own_page(flow, error), ()


def breaks_off(flow: http.HTTPFlow) -> bool:
    """Whether a recording does not say what the client got: the answer broke off, and might have been streamed."""
    return (
        flow.error is not None
        and flow.error.msg != Error.KILLED_MESSAGE
        and flow.response is not None
        and not flow.live
        and OWN_PAGE not in flow.metadata
    )


def is_killed(flow: http.HTTPFlow) -> bool:
    """Whether mitmproxy was told to drop the connection, after which it no longer calls even a live flow live."""
    return flow.error is not None and flow.error.msg == Error.KILLED_MESSAGE


def client_left(flow: http.HTTPFlow) -> bool:
    """Whether there is no answer because the client wanted none any more."""
    return flow.error is not None and is_leave(flow.error.msg)


def is_leave(message: str) -> bool:
    """Whether this error of mitmproxy's says so."""
    return message in own_page.LEFT


def note_own_page(flow: http.HTTPFlow) -> None:
    """Keep with a live flow what a recording of it would not tell: mitmproxy answered in the server's place."""
    if flow.error is not None and flow.response is not None and flow.live and not flow.response.stream:
        flow.metadata[OWN_PAGE] = str(_own_page(flow, flow.error) or "none")


def _own_page(flow: http.HTTPFlow, error: Error) -> int | None:
    """Status of the page by which mitmproxy answers for this error; None where it answers nothing."""
    status = own_page.status_for(error.msg or "")
    return None if status == BAD_GATEWAY and _client_failed(flow, error) else status


def _client_failed(flow: http.HTTPFlow, error: Error) -> bool:
    """Whether the client was gone first: before mitmproxy had its whole request, or while it waited for the answer."""
    if flow.request.data.timestamp_end is None and not flow.request.stream:
        return True
    ended = flow.client_conn.timestamp_end
    return (
        ended is not None and ended <= error.timestamp and (flow.server_conn.timestamp_end or error.timestamp) >= ended
    )


# ---- the URL as the browser used it ----


_new_url: Callable[[type[Url], tuple[str, str, int, str]], Url] = tuple.__new__
"""A named tuple's own constructor takes five times as long."""


def url(flow: http.HTTPFlow) -> Url:
    """The URL that the client asked for, which is not always the one mitmproxy passes on."""
    metadata = flow.metadata
    if metadata and ASKED in metadata:
        asked = known_url(metadata[ASKED])
        if asked is not None:
            return asked
    return _url(flow.request.data, flow.client_conn, flow.server_conn)


def note_asked(flow: http.HTTPFlow) -> None:
    """Keep the URL that the client asks for, before `map_remote` leads the request elsewhere."""
    if flow.live:
        flow.metadata.pop(ASKED, None)
        flow.metadata[ASKED] = str(url(flow))


def _url(request: http.RequestData, client: Client, server: Server) -> Url:
    mode = client.proxy_mode.type_name
    scheme = "https" if request.scheme == b"https" else "http"
    host, port = request.host, request.port
    if mode == "reverse":
        scheme = "https" if client.tls else "http"
        host, port = _listener(request, client, server, scheme)
    elif mode not in _NAMED_BY_REQUEST:
        host, port = _named(request, scheme)
    elif client.tls and client.sni and client.sni != host and not _same_host(client.sni, host):
        # an addon such as map_remote sent the request elsewhere: the TLS handshake tells where the browser meant it to
        # go; to which port, its authority does, unless that was led elsewhere, too
        named, at = _named(request, "https")
        scheme, host, port = "https", client.sni, at if _same_host(named, client.sni) else 443
    path = request.path.decode("latin-1")
    if len(path) + len(host) > MAX_HOST:
        path, host = bounded_path(path), host[:MAX_HOST]
    return _new_url(Url, (scheme, _ascii(host), port, (path if path.isascii() else _escaped(path)) or "/"))


def _named(request: http.RequestData, scheme: str) -> tuple[str, int]:
    """What a request itself names, where mitmproxy saw an address."""
    named = parse_url(f"{scheme}://{_authority(request)}/")
    return (request.host, request.port) if named is None else (named.host, named.port)


def _escaped(path: str) -> str:
    return path.translate(_ESCAPES)


_ESCAPES = {code: f"%{code:02X}" for code in range(0x80, 0x100)}


def _authority(request: http.RequestData) -> str:
    """`:authority`, or the Host header; raw, for mitmproxy's own properties decode IDNA."""
    return request.authority.decode("latin-1") or request.headers.get("host", "")


def _listener(request: http.RequestData, client: Client, server: Server, scheme: str) -> tuple[str, int]:
    """Host and port where a client reached a reverse proxy.

    mitmproxy overwrites the Host header with the upstream's, unless `keep_host_header` is set. Then the address it
    listens on remains, for which the handshake (SNI) or a same-origin request knows the name.
    """
    address = client.sockname or ("", 0)
    host, port = address[0], address[1]
    authority = _authority(request)
    if authority and not _is_upstream(request, client, server, authority):
        named = parse_url(f"{scheme}://{authority}/")
        if named is not None:
            return named.host, named.port
    if client.tls and client.sni:
        return client.sni, port
    return _own_name(request, scheme, host, port) or host, port


def _own_name(request: http.RequestData, scheme: str, host: str, port: int) -> str | None:
    """The name by which a page on the listener itself calls it."""
    headers = request.headers
    for header in ("origin", "referer"):
        page = parse_url(headers.get(header, ""))
        if page is None or page.scheme != scheme or page.port != port:
            continue
        # Two programs cannot listen on one port of one machine: on loopback the port alone tells.
        if headers.get("sec-fetch-site") == "same-origin" or (is_loopback(_ascii(host)) and is_loopback(page.host)):
            return page.host
    return None


def _is_upstream(request: http.RequestData, client: Client, server: Server, authority: str) -> bool:
    """Whether `authority` is what mitmproxy itself writes into the Host header in reverse proxy mode."""
    scheme = request.scheme.decode("latin-1")
    named = parse_url(f"{scheme}://{authority}/")
    if named is None:
        return False
    address = server.address or (request.host, request.port)
    if (named.host, named.port) in ((_ascii(request.host), request.port), (_ascii(address[0]), address[1])):
        return True
    target = getattr(client.proxy_mode, "address", None)
    return target is not None and (named.host, named.port) == (_ascii(target[0]), target[1])


def _same_host(first: str, second: str) -> bool:
    return _ascii(first) == _ascii(second)


@lru_cache(maxsize=1024)
def _ascii(host: str) -> str:
    """A host as an origin spells it: mitmproxy decodes IDNA, and writes IPv6 without brackets."""
    if ":" in host and not host.startswith("["):
        parsed = parse_url(f"http://[{host.partition('%')[0]}]/")
        return parsed.host if parsed else f"[{host.lower()}]"
    return host_to_ascii(host) or host.lower()
