"""Of what use a flow is: whether to ignore, remember or judge it. Every flow of the proxy comes by here.

Names are looked for in all of them together, which is done in a third of the time that it takes to go through them one
by one; and so are values.
"""

import re
from operator import itemgetter

from mitmproxy import http

from cors_addon.exchange.telling import OF_PAGES, SCRIPT, STYLE, SURELY, TELLING, from_elsewhere, right_for
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.session.session import Session

NO_USE, STORED, JUDGED, LOADED = 0, 1, 2, 4
"""Flags: none; its answer may later serve a CORS request; it is for the tracker to look at; and what CORS has nothing
to do with, but something else may block it, or it is a page."""

_NAME, _VALUE = itemgetter(0), itemgetter(1)


def _lines_of(told: int) -> bytes:
    return b"|".join(value for value, flag in TELLING.items() if flag == told)


_SURELY = re.compile(rb"\n(?:(?:%s)\n|%s)" % (_lines_of(SURELY), b"|".join(OF_PAGES)))
_BY_TYPE = re.compile(rb"\n(?:%s|(%s))\n" % (_lines_of(SCRIPT), _lines_of(STYLE)))
_IMAGE = re.compile(rb"\x89PNG\r\n\x1a\n|GIF8[79]a|\xff\xd8\xff|RIFF[\s\S]{4}WEBPVP")
"""How the images of most pages begin; sent in no coding, that is."""
_IMAGE_TYPE = re.compile(rb"\ncontent-type\nimage/[\w.+-]+(?=\n)(?![\s\S]*\ncontent-type\n)", re.IGNORECASE)


def use_of(flow: http.HTTPFlow, session: Session) -> int:
    """Of what use this flow is: it is judged for an Origin, a redirect, or what may be evidence of credentials."""
    fields = flow.request.data.headers.fields
    asked = _together(map(_NAME, fields)).lower()
    if b"\norigin\n" in asked:
        return JUDGED
    answered = b""
    response = flow.response
    if response is not None:
        if response.data.status_code in REDIRECT_STATUSES:
            return JUDGED
        answered = _together(map(_NAME, response.data.headers.fields)).lower()
        if b"\nset-cookie\n" in answered:
            return JUDGED
    if b"\ncookie\n" in asked:
        if session.is_cookie_news(flow.client_conn.id):
            return JUDGED
    elif b"\nupgrade-insecure-requests\n" in asked and session.is_navigation_news(flow.client_conn.id):
        return JUDGED  # a navigation always includes credentials
    use = STORED if b"\netag\n" in answered or b"\nlast-modified\n" in answered else NO_USE
    return use | LOADED if _is_load(flow, asked, answered, session) else use


def _together(parts: "map[bytes]") -> bytes:
    """All of them, each between line ends."""
    return b"\n" + b"\n".join(parts) + b"\n"


def _is_load(flow: http.HTTPFlow, asked: bytes, answered: bytes, session: Session) -> bool:
    values = _together(map(_VALUE, flow.request.data.headers.fields))
    if _SURELY.search(values):
        return not (b"\nimage\n" in values and _is_harmless_image(flow, answered, session))
    if by_type := _BY_TYPE.search(values):
        return _may_have_a_wrong_type(flow, session, STYLE if by_type[1] else SCRIPT)
    # over plain http, to all hosts but the machine's own, nothing else tells
    return b"\nsec-fetch-site\n" not in asked and flow.request.data.scheme == b"http" and _has_page_elsewhere(flow)


def _is_harmless_image(flow: http.HTTPFlow, answered: bytes, session: Session) -> bool:
    """Whether nothing stops this image: no policy on either side, and it begins as what it is said to be."""
    if session.loads.isolation_seen or b"\ncross-origin-resource-policy\n" in answered or flow.response is None:
        return False
    response = flow.response.data
    if response.status_code != 200 or not _IMAGE.match(response.content or b""):
        return False
    return _IMAGE_TYPE.search(_together(map(b"\n".join, response.headers.fields))) is not None


def _may_have_a_wrong_type(flow: http.HTTPFlow, session: Session, wanted: int) -> bool:
    """Whether a script or style sheet (`wanted`) of the page's own origin is to be looked at."""
    if session.loads.integrity_seen or flow.response is None:
        return True
    fields = flow.response.data.headers.fields
    return not any(name.lower() == b"content-type" and right_for(value) == wanted for name, value in fields)


def _has_page_elsewhere(flow: http.HTTPFlow) -> bool:
    request = flow.request.data
    return any(
        len(name) == 7 and name.lower() == b"referer" and from_elsewhere(value, request.host, request.port)
        for name, value in request.headers.fields
    )
