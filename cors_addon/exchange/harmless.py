"""Images and scripts that nothing stops, told at a glance: most of what pages load from elsewhere.

Law 1: what is told here is what the checks beyond CORS let pass, of whatever page, while none demands isolation.
Law 2: no check stops anything for a body that nobody has.
"""

from cors_addon.exchange.loads import Loads
from cors_addon.exchange.model import Fields, Observation
from cors_addon.exchange.request_headers import RequestShape
from cors_addon.exchange.request_headers import shape_of as shape_of_request
from cors_addon.exchange.response_headers import ResponseShape
from cors_addon.exchange.response_headers import shape_of as shape_of_response
from cors_addon.exchange.telling import IMAGE, SCRIPT, TYPES

_IMAGES = (b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"\xff\xd8\xff")
"""How the images of most pages begin; sent in no coding, that is. WebP is asked for apart."""
_ODD_SCRIPTS = (b"<", b"{", b")", b"for", b"while", b" ", b"\t", b"\r", b"\n", b"\xef\xbb\xbf")
"""How a script begins that may look like something else; most begin in another way."""
GLANCE = 16
"""Bytes of a body that tell."""


def says(kind: int, fields: Fields, answered: ResponseShape) -> bool:
    """Whether an answer has this type, and lets every page have it."""
    if answered.has_corp and (answered.corp < 0 or fields[answered.corp][1] != b"cross-origin"):
        return False
    return answered.content_type >= 0 and TYPES[fields[answered.content_type][1]] == kind


def is_image(body: bytes) -> bool:
    """Whether a body begins as images of most pages do."""
    return body.startswith(_IMAGES) or (body.startswith(b"RIFF") and body[8:14] == b"WEBPVP")


def is_odd_script(body: bytes) -> bool:
    """Whether a script begins as something else may."""
    return body.startswith(_ODD_SCRIPTS)


def may_be_for_one_user(asked: RequestShape, answered: ResponseShape) -> bool:
    """Whether a login may have given an answer that says something of who may have it."""
    return answered.is_shared and (asked.has_cookie or b"authorization" in asked.places)


def is_harmless(observation: Observation, loads: Loads) -> bool:
    """Whether this is an image or a script without Origin that nothing stops, as far as a glance tells."""
    request, response, read_body = observation.request, observation.response, observation.read_body
    asked = shape_of_request(request)
    if not asked.is_plain or observation.status != 200 or loads.isolation_seen:
        return False
    wanted = request[asked.dest][1]
    kind = IMAGE if wanted == b"image" else SCRIPT if wanted == b"script" else 0
    answered = shape_of_response(response)
    if not kind or may_be_for_one_user(asked, answered) or not says(kind, response, answered):
        return False
    if answered.is_coded and read_body is not None:
        return False
    if kind == SCRIPT and (loads.integrity_seen or asked.mode < 0 or request[asked.mode][1] != b"no-cors"):
        return False
    body = None if read_body is None else read_body(GLANCE)
    return body is None or (is_image(body) if kind == IMAGE else not is_odd_script(body))
