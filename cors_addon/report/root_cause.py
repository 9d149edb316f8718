"""The real cause where the page sees only a CORS error: a failed server, a login page; and the server's own words."""

from cors_addon.exchange.model import Judgement, Role
from cors_addon.fetch.names import REQUEST_METHOD
from cors_addon.report.situation import happened_of
from cors_addon.report.text import in_question, request_header
from cors_addon.servers.words import first_line as first_line
from cors_addon.servers.words import next_lines as next_lines


def _is_preflight(judgement: Judgement) -> bool:
    return judgement.role is Role.PREFLIGHT or (
        judgement.role is Role.NON_BROWSER and request_header(judgement, REQUEST_METHOD) is not None
    )


def sentence(judgement: Judgement) -> str:
    """What really failed, where the page sees only a CORS error; empty where CORS itself is the cause."""
    happened = happened_of(in_question(judgement))
    return "" if happened is None else happened.text


def is_told_by_body(judgement: Judgement) -> bool:
    """Whether the body of the answer may say why it was refused: an error's or a preflight's, not a page's own data."""
    status = judgement.observation.status
    refused = in_question(judgement).refusal is not None
    return refused and status is not None and (status >= 400 or _is_preflight(judgement))
