"""What a server refused, as far as the server itself and its earlier answers show: the browser's word may be another.

Many implementations leave out Access-Control-Allow-Origin for a method or a header, too. The browser then says that it
is missing, and whoever adds the origin to a list that has it already is none the wiser.
"""

from cors_addon.exchange.model import Judgement, Role, Verdict
from cors_addon.exchange.recognised import REQUESTED, Cause, Recognised, cause_of
from cors_addon.fetch.methods import CORS_SAFELISTED
from cors_addon.fetch.refusals import Reason

_SEVERAL = {
    (Cause.ORIGIN, Cause.METHOD): "origin or method",
    (Cause.ORIGIN, Cause.HEADERS): "origin or header",
    (Cause.METHOD, Cause.HEADERS): "method or header",
    REQUESTED: "origin, method or header",
}


def causes(judgement: Judgement) -> tuple[Cause, ...]:
    """What was refused: all of them where the server itself says so, one of them where it does not say which.

    See `says_which`. Empty where nothing was refused.
    """
    server, reason = judgement.server, _reason(judgement)
    if reason is None:
        return ()
    if server is not None and server.causes:
        return server.causes
    if reason is Reason.STATUS_NOT_OK:
        return (Cause.OTHER,)
    if reason is not Reason.ALLOW_ORIGIN_MISSING:
        return (cause_of(reason),)
    if (judgement.observation.status or 0) >= 400 and server is not None and server.setting(Cause.ERROR):
        # the server answered by itself: its lists have no say in that
        return (Cause.OTHER if judgement.role is Role.PREFLIGHT else Cause.ERROR,)
    if _failed_before_cors(judgement):
        return (Cause.OTHER,)
    if judgement.role is not Role.PREFLIGHT or server is None or not server.hides:
        return (Cause.ORIGIN,)
    return _hidden(judgement)


def says_which(judgement: Judgement) -> bool:
    """Whether more than one cause means all of them, and not one that is not known."""
    return bool(judgement.server and judgement.server.causes) or len(causes(judgement)) < 2


def setting(judgement: Judgement) -> str:
    """What to change at the server that answered, for what it refused; empty where that is not known."""
    server = judgement.server
    return "" if server is None else settings(server, causes(judgement), all_of_them=says_which(judgement))


def settings(server: Recognised, refused: tuple[Cause, ...], *, all_of_them: bool) -> str:
    """The settings for several causes, as a clause."""
    found = list(dict.fromkeys(filter(None, (server.setting(cause) for cause in refused))))
    return (", and " if all_of_them else ", or ").join(found)


def sentences(judgement: Judgement) -> list[str]:
    """What there is to say of who answered, for people; empty where nothing is known."""
    if _reason(judgement) is None:
        return []
    said = list(_of_server(judgement))
    history = judgement.history
    if history is not None:
        if history.fixed_origin is not None and judgement.reason is Reason.ALLOW_ORIGIN_MISMATCH:
            said.append(
                f"This server sends the same origin to everybody ({history.fixed_origin}, seen for two origins): make "
                "it a list, rather than replace the one by the other, which would lock that page out."
            )
        if history.allowed_before is not None and judgement.reason is Reason.ALLOW_ORIGIN_MISSING:
            said.append(f"This origin was allowed before, at {history.allowed_before}.")
        if history.good_have_cors and judgement.reason is Reason.ALLOW_ORIGIN_MISSING:
            said.append(f"Good answers of this server had CORS headers, this {judgement.observation.status} has none.")
    return said


def _of_server(judgement: Judgement) -> list[str]:
    server = judgement.server
    if server is None:
        return []
    found = causes(judgement)
    told = setting(judgement)
    looks = f"This looks like {server.title}"
    if server.lent_by is not None:
        looks += ", as an earlier answer showed"
    if not says_which(judgement) and found in _SEVERAL:
        looks += f". It refused the {_SEVERAL[found]}: the server does not say which"
    return [f"{looks}: {told}." if told else f"{looks}."]


def _reason(judgement: Judgement) -> Reason | None:
    """Of the refusal, also where only the other credentials mode is refused."""
    if judgement.refusal is not None:
        return judgement.refusal.reason
    for other in (judgement.if_credentialed, judgement.if_omitted):
        if other is not None and other.verdict is Verdict.DENY and other.refusal is not None:
            return other.refusal.reason
    return None


def _failed_before_cors(judgement: Judgement) -> bool:
    """Whether the status alone says that something else is at fault: no route, no session, a failure."""
    status = judgement.observation.status or 0
    return status in (401, 404, 405, 407, 429, 501) or status >= 500


def _hidden(judgement: Judgement) -> tuple[Cause, ...]:
    """What may be behind a preflight without Access-Control-Allow-Origin, where the server hides it."""
    found = []
    if judgement.requested_method not in CORS_SAFELISTED:
        found.append(Cause.METHOD)
    if judgement.requested_headers:
        found.append(Cause.HEADERS)
    allowed = judgement.history is not None and judgement.history.allowed_before is not None
    if not allowed or not found:
        found.insert(0, Cause.ORIGIN)
    return tuple(found)
