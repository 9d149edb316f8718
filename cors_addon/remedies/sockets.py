"""WebSocket handshakes that were not answered with 101: what happened, and who must change what.

Law: WebSockets are not held to CORS. It is the server, or what stands before it, that refused.
"""

import re

from cors_addon.remedies.rule import Ruling
from cors_addon.remedies.situation import Situation, is_login
from cors_addon.remedies.value import Happened, Remedy, Settings, Sure, Who

_SOCKETS = Settings(
    (
        ("Socket.IO", "new Server(http, {cors: {origin: [ORIGIN]}}), and allowRequest"),
        ("ws", "verifyClient, or the upgrade event: compare request.headers.origin"),
        ("Django Channels", "AllowedHostsOriginValidator, OriginValidator(app, [ORIGIN])"),
        ("Rails Action Cable", "config.action_cable.allowed_request_origins = [ORIGIN]"),
        ("Phoenix", "check_origin: [ORIGIN] of the endpoint"),
        ("Spring", "registry.addHandler(…).setAllowedOrigins(ORIGIN)"),
        ("gorilla/websocket", "Upgrader.CheckOrigin"),
        ("SignalR", "the CORS policy's WithOrigins(ORIGIN)"),
        ("websockets (Python)", "serve(…, origins=[ORIGIN])"),
        ("Jupyter", "c.ServerApp.allow_origin = ORIGIN"),
    )
)
_UPGRADE = Settings(
    (
        (
            "nginx",
            'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";',
        ),
        ("Apache", "ProxyPass with upgrade=websocket (mod_proxy_http), or mod_proxy_wstunnel"),
        ("HAProxy", "timeout tunnel 1h"),
        ("IIS", "the Windows feature WebSocket Protocol"),
        ("Vite's, webpack's proxy", "ws: true"),
    )
)
_NO_HEADER_OF_CORS = "WebSockets are not held to CORS: "


def refused(s: Situation) -> Happened:
    """What a handshake's answer tells."""
    text = f"The server refused the WebSocket handshake ({s.status}). {_NO_HEADER_OF_CORS}"
    status = s.status or 0
    if status in (401, 407):
        return Happened("unauthorized", f"{text}the server wants to know who asks.")
    if status in (404, 410):
        return Happened("not-found", f"{text}there is nothing at this URL.")
    if status < 400:
        what = (
            f"redirected to {s.location}, and no browser follows that" if s.location else "answered as a plain request"
        )
        return Happened("no-handshake", f"The WebSocket handshake was {what} ({status}, not 101).")
    if _not_upgraded(s):
        return Happened("no-handshake", f"{text}what answered saw no handshake, for want of Upgrade or of the version.")
    if status >= 500:
        return Happened("server-error", f"{text}the server behind the URL failed, or a gateway did not reach it.")
    if _of_socket_io(s) is not None:
        return Happened("client-error", f"{text}Socket.IO says why in its answer.")
    if status in (400, 403):
        text += "the server itself looks at Origin"
        return Happened("origin-refused", f"{text}, and {s.origin or 'this one'} is not on its list, most likely.")
    return Happened("client-error", f"{text}its log tells why.")


def _not_upgraded(s: Situation) -> bool:
    """Whether the answer says that the request was no handshake."""
    said = re.search(r"upgrade|websocket.{0,40}(?:expected|only)|bad handshake|not a websocket", s.body, re.IGNORECASE)
    return s.status == 426 or (s.status in (400, 405, 501) and said is not None)


def socket(s: Situation) -> Ruling:
    """Who must change what, that the handshake is answered with 101."""
    status = s.status or 0
    if status in (401, 407):
        what = "Send what the server wants to know the user by: its cookie, or a token in the URL or first message"
        return Ruling(
            (Remedy(Who.PAGE, what, why="A WebSocket handshake of a page can bear no Authorization header."),)
        )
    if status in (404, 410):
        return Ruling((Remedy(Who.PAGE, f"See whether the URL is right: {_place(s)}"),))
    if status < 400:
        return _redirected(s) if s.location else Ruling((_see_url(s), _pass_upgrade(Sure.POSSIBLE)))
    if _not_upgraded(s):
        return Ruling((_pass_upgrade(Sure.LIKELY), _see_url(s)))
    if (of_socket_io := _of_socket_io(s)) is not None:
        return Ruling((of_socket_io,))
    if status >= 500:
        what = f"Mend the failure first: find the {status} in the server's log"
        if status in (502, 503, 504) or status >= 520:
            what = f"Mend the failure first: the gateway answered {status}, so see whether the server behind it runs"
        return Ruling((Remedy(Who.SERVER, what), _pass_upgrade(Sure.POSSIBLE)))
    lines = tuple((name, line.replace("ORIGIN", f'"{s.asker}"')) for name, line in _SOCKETS.lines)
    return Ruling(
        (
            Remedy(
                Who.SERVER,
                f"Put {s.asker} on the server's own list of origins that may open a WebSocket",
                Settings(lines),
                f"{_NO_HEADER_OF_CORS}it is the server that compared Origin and refused the handshake with {status}.",
                f"pages of {s.asker} may open it, with the user's cookies",
            ),
        )
    )


def _redirected(s: Situation) -> Ruling:
    if is_login(s.location):
        what = "Log in again: the handshake was redirected to a login, so the session has ended, most likely"
        server = Remedy(Who.SERVER, "Answer handshakes without a session with 401 in place of a redirect to the login")
        return Ruling((Remedy(Who.USER, what), server))
    what = f"Open the WebSocket at the URL that this one redirects to, {s.location}, by wss:"
    return Ruling((Remedy(Who.PAGE, what, why="Browsers follow no redirect of a handshake."),))


def _of_socket_io(s: Situation) -> Remedy | None:
    """What Socket.IO's server says of a session or version; what it says of all else may be its list of origins."""
    if "Session ID unknown" in s.body:
        what = "Keep each client at one of the servers (sticky sessions), or have it ask by WebSocket alone"
        why = (
            "Socket.IO's session is known to the server that began it only; a balancer sent the next request elsewhere."
        )
        return Remedy(Who.PROXY, what, why=why)
    if "Unsupported protocol version" in s.body:
        return Remedy(Who.PAGE, "Use a version of Socket.IO's client that fits the server's, or allowEIO3: true there")
    return None


def _place(s: Situation) -> str:
    return s.place.replace("http", "ws", 1)


def _see_url(s: Situation) -> Remedy:
    what = f"See whether the URL is that of the WebSocket, {_place(s)}: its path, and the slash at its end"
    return Remedy(Who.PAGE, what, sure=Sure.POSSIBLE)


def _pass_upgrade(sure: Sure) -> Remedy:
    return Remedy(
        Who.PROXY,
        "Pass the handshake on: HTTP/1.1 with Upgrade and Connection, by the proxy before the server",
        _UPGRADE,
        "Proxies leave out Upgrade and Connection unless told to pass them, and the server then sees a plain request.",
        sure=sure,
    )
