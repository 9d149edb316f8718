"""Answers that a login gave, though their headers let every page load them.

Law: in doubt, an answer is public. A cookie that went along proves nothing, for many measure and none log in.
"""

from collections.abc import Callable

from cors_addon.exchange.model import Fields, Observation
from cors_addon.exchange.response_headers import read_response
from cors_addon.fetch import mime
from cors_addon.fetch.freshness import is_for_one_user
from cors_addon.fetch.headers import get, split_list
from cors_addon.fetch.load import Load
from cors_addon.fetch.origins import parse_url
from cors_addon.fetch.resource_policy import resource_policy

_BY_THE_BROWSER = ("basic ", "digest ", "negotiate ", "ntlm ")
"""Schemes of Authorization that a browser sends by itself, for whatever page asks. https://httpwg.org/specs/rfc9110.html#authentication"""
_BY_LOGIN = frozenset({"cookie", "authorization"})


def is_shown_by(observation: Observation, load: Load) -> bool:
    """Whether a load that CORS has no say in shows such an answer."""
    if observation.status != 200 or read_response(observation.response).allow_origin != "*":
        return False
    return (
        is_of_another_site(load.origin, load.url.host, load.site)
        and evidence(observation, observation.response) is not None
    )


def is_of_another_site(origin: str, host: str, site: Callable[[str], str]) -> bool:
    """Whether a page asked from elsewhere: a cookie that goes along within its site may well stay at home there."""
    page = parse_url(origin)
    return page is not None and site(page.host) != site(host)


def evidence(observation: Observation, fields: Fields) -> str | None:
    """What shows that a login gave this answer, of JSON or an image that no resource policy keeps; else None."""
    kind = mime.extract(fields) or ""
    if observation.method != b"GET" or resource_policy(fields) is not None:
        return None
    if not (mime.is_json(kind) or kind.startswith("image/")):
        return None
    authorization = get(observation.request, b"authorization")
    if authorization is not None and authorization.lower().startswith(_BY_THE_BROWSER):
        return f"Authorization: {authorization.partition(' ')[0]}"
    if get(observation.request, b"cookie") is None:
        return None
    if is_for_one_user(fields):
        return f"Cookie, and Cache-Control: {get(fields, b'cache-control')}"
    if _BY_LOGIN & {each.lower() for each in split_list(get(fields, b"vary") or "")}:
        return f"Cookie, and Vary: {get(fields, b'vary')}"
    return None
