"""The real cause where the page sees only a CORS error: a failed server, a login page; and the server's own words."""

import re

from cors_addon.exchange.model import Judgement, Role
from cors_addon.fetch.names import REQUEST_METHOD
from cors_addon.fetch.refusals import Reason
from cors_addon.report.text import in_question, request_header, response_header, shortened
from cors_addon.servers.words import first_line as first_line
from cors_addon.servers.words import next_lines as next_lines


def _is_preflight(judgement: Judgement) -> bool:
    return judgement.role is Role.PREFLIGHT or (
        judgement.role is Role.NON_BROWSER and request_header(judgement, REQUEST_METHOD) is not None
    )


def sentence(judgement: Judgement) -> str:
    """What really failed, where the page sees only a CORS error; empty where CORS itself is the cause."""
    status = judgement.observation.status
    if judgement.reason is Reason.CAUSE_NOT_RECORDED:
        return "The recording has no answer to this request, but the browser's word that it failed as refused ones do."
    if status is None:
        return "No answer reached the browser: the connection ended. CORS only reports that network failure."
    if status >= 500:
        if judgement.reason is not Reason.ALLOW_ORIGIN_MISSING:
            return f"The answer is a {status}: a server or a gateway failed."
        return (
            f"The answer is a {status}: a server or a gateway failed, and its error page has no CORS headers."
            " The page's script sees only a CORS error. Mend the failure first."
        )
    location = response_header(judgement, "location") or ""
    if _is_preflight(judgement) and (said := _of_preflight(status, location)):
        return said
    if judgement.role is Role.REDIRECT and _LOGIN.search(location):
        return "The redirect looks like one to a login page: perhaps the session has ended."
    if status in (401, 403, 404, 405, 407, 429) and judgement.reason is Reason.ALLOW_ORIGIN_MISSING:
        return f"The answer is a {status} without CORS headers: many servers add them to good answers only."
    return ""


def _of_preflight(status: int, location: str) -> str:
    if status in (401, 403, 407):
        return (
            f"The preflight was answered {status}. A preflight never carries cookies or Authorization: the server must"
            " answer OPTIONS before it asks who is there."
        )
    if status in (404, 405):
        return f"The preflight was answered {status}: no route of the server handles OPTIONS for this URL."
    if 300 <= status <= 399:
        login = " It looks like a login page: a preflight never carries the session's cookie."
        said = f"The preflight was redirected to {shortened(location, 120)}."
        return said + (login if _LOGIN.search(location) else "")
    return ""


_LOGIN = re.compile(r"log-?in|sign-?in|/auth|oauth|sso|saml|accounts\.", re.IGNORECASE)


def is_told_by_body(judgement: Judgement) -> bool:
    """Whether the body of the answer may say why it was refused: an error's or a preflight's, not a page's own data."""
    status = judgement.observation.status
    refused = in_question(judgement).refusal is not None
    return refused and status is not None and (status >= 400 or _is_preflight(judgement))
