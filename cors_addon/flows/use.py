"""Of what use a flow is: whether to ignore, remember or judge it. Every flow of the proxy comes by here.

Law 1: each header list is gone through once, for the names in it; values are looked at where these say.
Law 2: what is passed over here is what the tracker and the engines' checks would have nothing to say of.
"""

from mitmproxy import http

from cors_addon.exchange.harmless import is_image, is_odd_script, may_be_for_one_user, says
from cors_addon.exchange.model import Fields
from cors_addon.exchange.request_headers import RequestShape
from cors_addon.exchange.request_headers import shape_of as shape_of_request
from cors_addon.exchange.response_headers import ResponseShape
from cors_addon.exchange.response_headers import shape_of as shape_of_response
from cors_addon.exchange.telling import (
    BY_TYPE,
    IMAGE,
    OF_PAGES,
    SCRIPT,
    SURELY,
    TELLING,
    from_elsewhere,
    right_for,
)
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.session.session import Session

NO_USE, STORED, JUDGED, LOADED, PAGE = 0, 1, 2, 4, 8
"""Flags: none; its answer may later serve a CORS request; it is for the tracker to look at; what CORS has nothing to
do with, but something else may block it, or it becomes a document; with that: it is a page by itself, in no frame."""

_NO_ANSWER = shape_of_response(())


def use_of(flow: http.HTTPFlow, session: Session) -> int:
    """Of what use this flow is: it is judged for an Origin, a redirect, or what may be evidence of credentials."""
    fields = flow.request.data.headers.fields
    asked = shape_of_request(fields)
    if asked.origin >= 0:
        return JUDGED
    answered = _NO_ANSWER
    response = flow.response
    if response is not None:
        if response.data.status_code in REDIRECT_STATUSES:
            return JUDGED
        answered = shape_of_response(response.data.headers.fields)
        if answered.sets_cookies:
            return JUDGED
    if asked.has_cookie:
        if session.is_cookie_news(flow.client_conn.id):
            return JUDGED
    elif asked.upgrades_insecure and session.is_navigation_news(flow.client_conn.id):
        return JUDGED  # a navigation always includes credentials
    use = STORED if answered.has_validator else NO_USE
    return use | _as_load(flow, asked, answered, session)


def _as_load(flow: http.HTTPFlow, asked: RequestShape, answered: ResponseShape, session: Session) -> int:
    fields = flow.request.data.headers.fields
    if _is_the_pages_own(fields, asked):
        return _of_a_sheet(fields, asked, session) if session.loads.sheets else NO_USE
    told = 0
    for place in asked.metadata:
        told |= TELLING.get(fields[place][1], 0)
    if told & SURELY or (asked.accept >= 0 and fields[asked.accept][1].startswith(OF_PAGES)):
        return _surely(flow, asked, answered, session)
    if told & BY_TYPE:
        loaded = _may_have_a_wrong_type(flow, answered, session, told & BY_TYPE)
    else:
        loaded = asked.site < 0 and _has_page_elsewhere(flow, asked)
    return LOADED if loaded else NO_USE


def _is_the_pages_own(fields: Fields, asked: RequestShape) -> bool:
    """Most of all; of a kind that nothing stops."""
    return (
        asked.is_plain
        and fields[asked.site][1] == b"same-origin"
        and fields[asked.dest][1] not in TELLING
        and not fields[asked.accept][1].startswith(OF_PAGES)
    )


def _of_a_sheet(fields: Fields, asked: RequestShape, session: Session) -> int:
    """What a style sheet from elsewhere loads is of its own origin, and not of the page's."""
    return LOADED if asked.referer >= 0 and fields[asked.referer][1] in session.loads.sheets else NO_USE


def _surely(flow: http.HTTPFlow, asked: RequestShape, answered: ResponseShape, session: Session) -> int:
    """Of what something beside CORS may stop, by what it asks for; most are pages, and what nothing stops."""
    if not asked.is_plain or flow.response is None:
        return LOADED
    dest = flow.request.data.headers.fields[asked.dest][1]
    if dest == b"document":
        return LOADED if 300 <= flow.response.data.status_code <= 399 else LOADED | PAGE
    kind = IMAGE if dest == b"image" else SCRIPT if dest == b"script" else 0
    passes = kind and not may_be_for_one_user(asked, answered) and _is_harmless(flow, answered, session, kind)
    return NO_USE if passes else LOADED


def _is_harmless(flow: http.HTTPFlow, answered: ResponseShape, session: Session, kind: int) -> bool:
    """Whether nothing stops this image or script: no policy on either side, and it is what it is said to be."""
    assert flow.response is not None
    response, loads = flow.response.data, session.loads
    if loads.isolation_seen or response.status_code != 200 or not says(kind, response.headers.fields, answered):
        return False
    body = response.content or b""
    if kind == IMAGE:
        return is_image(body)
    return not (answered.is_coded or loads.integrity_seen or is_odd_script(body)) and _asks_no_cors(flow)


def _asks_no_cors(flow: http.HTTPFlow) -> bool:
    fields = flow.request.data.headers.fields
    mode = shape_of_request(fields).mode
    return mode >= 0 and fields[mode][1] == b"no-cors"


def _may_have_a_wrong_type(flow: http.HTTPFlow, answered: ResponseShape, session: Session, wanted: int) -> bool:
    """Whether a script or style sheet (`wanted`) of the page's own origin is to be looked at."""
    if session.loads.integrity_seen or flow.response is None:
        return True
    if answered.content_type < 0:
        return True  # none, or several
    return right_for(flow.response.data.headers.fields[answered.content_type][1]) != wanted


def _has_page_elsewhere(flow: http.HTTPFlow, asked: RequestShape) -> bool:
    """Whether another host's page asks, over plain http to any host but the machine's own: nothing else tells there."""
    request = flow.request.data
    if asked.referer < 0 or request.scheme != b"http":
        return False
    fields = request.headers.fields
    if asked.count == len(asked.places):
        return bool(from_elsewhere(fields[asked.referer][1], request.host, request.port))
    return any(
        name.lower() == b"referer" and from_elsewhere(value, request.host, request.port) for name, value in fields
    )
