"""Of what use a flow is: whether to ignore, remember or judge it. Every flow of the proxy comes by here.

Names are looked for in all of them together, which is done in a third of the time that it takes to go through them one
by one; and so are values.
"""

import re
from operator import itemgetter

from mitmproxy import http

from cors_addon.exchange.model import Fields
from cors_addon.exchange.telling import BY_TYPE, OF_PAGES, SURELY, TELLING, from_elsewhere, is_right_type
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.session.session import Session

NO_USE, STORED, JUDGED, LOADED = 0, 1, 2, 4
"""Flags: none; its answer may later serve a CORS request; it is for the tracker to look at; and what CORS has nothing
to do with, but something else may block it, or it is a page."""

_NAME, _VALUE = itemgetter(0), itemgetter(1)


def _lines_of(told: int) -> bytes:
    return b"|".join(value for value, flag in TELLING.items() if flag == told)


_SURELY = re.compile(rb"\n(?:(?:%s)\n|%s)" % (_lines_of(SURELY), b"|".join(OF_PAGES)))
_BY_TYPE = re.compile(rb"\n(?:%s)\n" % _lines_of(BY_TYPE))


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
    return use | LOADED if _is_load(flow, fields, session) else use


def _together(parts: "map[bytes]") -> bytes:
    """All of them, each between line ends."""
    return b"\n" + b"\n".join(parts) + b"\n"


def _is_load(flow: http.HTTPFlow, fields: Fields, session: Session) -> bool:
    values = _together(map(_VALUE, fields))
    if _SURELY.search(values):
        return True
    if _BY_TYPE.search(values):
        return _may_have_a_wrong_type(flow, session)
    return flow.request.data.scheme == b"http" and _has_page_elsewhere(flow)


def _may_have_a_wrong_type(flow: http.HTTPFlow, session: Session) -> bool:
    """Whether a script or style sheet of the page's own origin is to be looked at."""
    if session.loads.integrity_seen or flow.response is None:
        return True
    fields = flow.response.data.headers.fields
    return not any(name.lower() == b"content-type" and is_right_type(value) for name, value in fields)


def _has_page_elsewhere(flow: http.HTTPFlow) -> bool:
    """Over plain http nothing else tells."""
    request = flow.request.data
    return any(
        len(name) == 7 and name.lower() == b"referer" and from_elsewhere(value, request.host, request.port)
        for name, value in request.headers.fields
    )
