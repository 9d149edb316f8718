"""The smallest change to an answer that flips its verdict to allow.

Law 1: one edit per fault, in the order in which the engine would find them, until nothing fails.
Law 2: an edit opens no more than this exchange needs: the exact origin, method and header names, never a `*`.
"""

from dataclasses import replace
from itertools import takewhile

from cors_addon.exchange.model import Fields, Judgement, Role, Verdict
from cors_addon.exchange.outcomes import judged_fields, rejudge
from cors_addon.fetch.headers import combine, get_all, is_token, split_list
from cors_addon.fetch.names import ALLOW_CREDENTIALS, ALLOW_HEADERS, ALLOW_METHODS, ALLOW_ORIGIN, LOCATION
from cors_addon.fetch.origins import OPAQUE, resolve
from cors_addon.fetch.refusals import OF_ORIGIN, Reason, Refusal, Stage
from cors_addon.remedies.value import Change as Change
from cors_addon.remedies.value import HeaderEdit as HeaderEdit

_LEADS_ELSEWHERE = frozenset(
    {
        Reason.PREFLIGHT_REDIRECTED,
        Reason.REDIRECT_URL_UNUSABLE,
        Reason.REDIRECT_SCHEME_NOT_CORS,
        Reason.REDIRECT_HAS_CREDENTIALS,
    }
)
OK_STATUS = 204
MAX_EDITS = 8


def smallest_change(judgement: Judgement) -> Change | None:
    """What flips a denied flow; None where it is not denied."""
    if judgement.verdict is not Verdict.DENY or judgement.refusal is None:
        return None
    if judgement.refusal.stage is not judgement.stage and (earlier := _earlier_change(judgement, judgement.refusal)):
        return earlier
    engine = judgement.engine
    fields, status = judged_fields(judgement), judgement.observation.status
    edits: dict[str, HeaderEdit] = {}
    new_status: int | None = None
    notes: list[str] = []
    refusal: Refusal | None = judgement.refusal
    for _ in range(MAX_EDITS):
        if refusal is None:
            break
        step = _one_edit(judgement, refusal, fields)
        if step is None:
            notes.append(_HOPELESS.get(refusal.reason, "no header of this answer can change that"))
            return Change(tuple(edits.values()), new_status, "; ".join(notes), complete=False)
        edit, wanted, note = step
        if note and note not in notes:
            notes.append(note)
        if wanted is not None:
            new_status = status = wanted
        if edit is not None:
            before = edits[edit.name].before if edit.name in edits else edit.before
            edits[edit.name] = HeaderEdit(edit.name, before, edit.after)
            fields = apply_edits(fields, (edit,))
        refusal = rejudge(judgement, engine, fields, status).refusal
    return Change(tuple(edits.values()), new_status, "; ".join(notes), complete=refusal is None)


def _earlier_change(judgement: Judgement, refusal: Refusal) -> Change | None:
    """What lets a flow pass that was stopped by the answer of a redirect before it: WebKit checks that one late."""
    before = takewhile(lambda member: member.observation is not judgement.observation, judgement.chain)
    for hop in reversed(list(before)):
        if hop.role is Role.REDIRECT:
            change = smallest_change(hop.altered(verdict=Verdict.DENY, refusal=refusal, judged_credentialed=True))
            if change is None:
                return None
            note = f"in the answer of the redirect before this one, {hop.observation.url}"
            return replace(change, note="; ".join(filter(None, (note, change.note))), flow_id=hop.observation.flow_id)
    return None


def apply_edits(fields: Fields, edits: tuple[HeaderEdit, ...]) -> Fields:
    """The header list after the edits: all lines of an edited header become one, in the first one's place."""
    for edit in edits:
        key = edit.name.lower().encode("latin-1")
        value = None if edit.after is None else edit.after.encode("latin-1")
        changed: list[tuple[bytes, bytes]] = []
        placed = False
        for name, old in fields:
            if name.lower() != key:
                changed.append((name, old))
            elif value is not None and not placed:
                placed = True
                changed.append((name, value))
        if value is not None and not placed:
            changed.append((edit.name.encode("latin-1"), value))
        fields = tuple(changed)
    return fields


_HOPELESS = {
    Reason.HEADER_UNREADABLE: "the answer cannot be read: take the control bytes out of that header",
    Reason.HEADERS_TOO_LARGE: "the browser takes no answer with so many bytes of headers: send fewer",
    Reason.NETWORK_ERROR: "the connection ended without an answer: look at the server, not at CORS",
    Reason.CAUSE_NOT_RECORDED: "record the answer too, through mitmproxy or with the developer tools: it is not here",
    Reason.REDIRECT_URL_UNUSABLE: "the Location leads nowhere that a browser may go: redirect to an http(s) URL",
    Reason.REDIRECT_SCHEME_NOT_CORS: "the Location has no http(s) scheme: redirect to an http(s) URL",
    Reason.REDIRECT_COUNT_EXCEEDED: "the server redirects in circles",
    Reason.REDIRECT_MODE_ERROR: 'the page asked with redirect: "error", and the server redirects',
}

type _Step = tuple[HeaderEdit | None, int | None, str]


def _one_edit(judgement: Judgement, refusal: Refusal, fields: Fields) -> _Step | None:
    reason = refusal.reason
    if refusal.stage is Stage.PREFLIGHT and reason in _LEADS_ELSEWHERE:
        return None, OK_STATUS, "answer OPTIONS itself: a preflight is never redirected"
    if reason in OF_ORIGIN:
        edit = _set(fields, ALLOW_ORIGIN, judgement.origin or OPAQUE)
        return edit, None, _origin_note(fields, is_opaque=judgement.origin == OPAQUE)
    if reason is Reason.ALLOW_CREDENTIALS_NOT_TRUE:
        return _set(fields, ALLOW_CREDENTIALS, "true"), None, ""
    if reason is Reason.STATUS_NOT_OK:
        return None, OK_STATUS, _STATUS_NOTES.get(judgement.observation.status or 0, "answer OPTIONS with an ok status")
    if reason in (Reason.ALLOW_METHODS_INVALID, Reason.METHOD_NOT_ALLOWED):
        return _add(fields, ALLOW_METHODS, (judgement.requested_method or "",)), None, ""
    if reason in (Reason.ALLOW_HEADERS_INVALID, Reason.HEADER_NOT_ALLOWED):
        return _add(fields, ALLOW_HEADERS, judgement.requested_headers), None, ""
    if reason is Reason.REDIRECT_HAS_CREDENTIALS:
        targets = (resolve(line, judgement.observation.url).url for line in get_all(fields, b"location"))
        target = next(filter(None, targets), None)
        return None if target is None else (_set(fields, LOCATION, str(target)), None, "")
    return None


def _origin_note(fields: Fields, *, is_opaque: bool) -> str:
    if is_opaque:
        return "every sandboxed frame and file has the origin null: allow it only for what anyone may read"
    return _ONLY_LISTED if _varies_by_origin(fields) else f"{_ONLY_LISTED}, with Vary: Origin"


_ONLY_LISTED = "send it only to origins on the server's list"
_STATUS_NOTES = {
    401: "preflights never carry credentials: answer OPTIONS before asking for authentication",
    403: "preflights never carry credentials: answer OPTIONS before asking for authorization",
    404: "route OPTIONS requests of this path to a CORS handler",
    405: "allow the method OPTIONS on this path",
}


def _varies_by_origin(fields: Fields) -> bool:
    names = {name.lower() for line in get_all(fields, b"vary") for name in split_list(line.decode("latin-1"))}
    return not names.isdisjoint(("*", "origin"))


def _before(fields: Fields, name: str) -> str | None:
    lines = get_all(fields, name.lower().encode("latin-1"))
    return combine(lines) if lines else None


def _set(fields: Fields, name: str, after: str | None) -> HeaderEdit:
    return HeaderEdit(name, _before(fields, name), after)


def _add(fields: Fields, name: str, wanted: tuple[str, ...]) -> HeaderEdit:
    """Append what a list lacks, and leave out what is no token; a list that then holds nothing goes."""
    before = _before(fields, name)
    items = [item for item in split_list(before or "") if is_token(item)]
    fold = str.lower if name.endswith("Headers") else str
    present = {fold(item) for item in items}
    items += [item for item in wanted if item and fold(item) not in present and is_token(item)]
    return HeaderEdit(name, before, ", ".join(items) or None)
