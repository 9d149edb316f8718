"""What a call of a page says of each flow of its fetch.

Law 1: a word that nothing else could bear out contradicts nothing: a call may fail for what no flow shows.
"""

from cors_addon.exchange.model import Credentials, Judgement, Outcome, Role, ToldBy, Verdict, Word
from cors_addon.exchange.page_call import PageCall

GIVEN_UP = ("AbortError", "abort", "timeout", "TimeoutError")
"""How the errors begin of a call that the page, not the browser, ended."""
_TELLING = frozenset({"fetch", "xhr"})
"""Calls that fail for nothing that a browser lets through."""


def word(judgement: Judgement, call: PageCall, *, is_last: bool) -> Word:
    """What a call says of one flow of its fetch."""
    passed = outcome(call) if is_last else True
    tried_again = not is_last and judgement.observation.status is None
    goes_on = is_last and call.ok and judgement.role is Role.REDIRECT and call.kind != "opaqueredirect"
    later = is_last and may_have_failed_later(judgement, call)
    return Word(
        passed=None if tried_again or goes_on or later else passed,
        credentials=call.credentials,
        text=call.error or f"script got a response of type {call.kind or 'unknown'}",
        by=ToldBy.PAGE,
        mode=call.mode,
        redirect=call.redirect if is_last else None,
        uploads=None if call.listens_to_upload is None and not call.streams else _uploads(call),
    )


def outcome(call: PageCall) -> bool | None:
    """Whether the browser let the page have the answer; None where script cannot tell.

    An element, or an EventSource, fails as well for what the answer holds, or for its status.
    """
    if call.ok is False and (call.error.startswith(GIVEN_UP) or call.api not in _TELLING):
        return None
    return call.ok


def may_have_failed_later(last: Judgement, call: PageCall) -> bool:
    """Whether a call may have failed at what a redirect or a preflight leads to, though its fetch seems to end here.

    What follows may never have been sent, as mixed content is not; or not be known to belong to it, as a preflight that
    was refused; or have been answered by the browser's own cache.
    """
    leads_on = last.role is Role.PREFLIGHT or (last.role is Role.REDIRECT and call.redirect in (None, "follow"))
    if not leads_on or call.ok is not False:
        return False
    modes = (Credentials.OMIT, Credentials.INCLUDE) if call.credentials is Credentials.UNKNOWN else (call.credentials,)
    expected = [under(last, mode) for mode in modes]
    return all(each is not None and each.verdict is Verdict.ALLOW for each in expected)


def under(judgement: Judgement, mode: Credentials) -> Outcome | None:
    """What its headers let expect under a credentials mode; None where there is nothing to judge."""
    if judgement.observation.status is None:
        return None
    return judgement.if_credentialed if mode is Credentials.INCLUDE else judgement.if_omitted


def _uploads(call: PageCall) -> bool:
    return bool(call.listens_to_upload) or call.streams
