"""Remedies of a pasted message: what it tells, as a situation that the same rules decide as of a recorded exchange."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cors_addon.fetch import csp
from cors_addon.fetch.load import Block, Destination, Gate
from cors_addon.fetch.origins import OPAQUE, Url, parse_url
from cors_addon.fetch.refusals import OF_ORIGIN, Reason, stage_of
from cors_addon.remedies.decide import happened, headers_help, remedies, told_without_change
from cors_addon.remedies.situation import Situation
from cors_addon.remedies.value import Change, HeaderEdit, Remedy, Sure, Who


class Told(NamedTuple):
    """What a message's own values tell."""

    happened: str
    """What really failed, as sentences; empty where that is not told."""
    remedies: tuple[Remedy, ...]
    headers_help: bool
    """Whether the headers that the reason asks for in general are of use here."""

    def in_words(self) -> list[str]:
        """Of each remedy who, what, and why."""
        return [f"{each.headline[:1].upper()}{each.headline[1:]}. {each.why}".strip() for each in self.remedies]


_ELSEWHERE = Remedy(
    Who.PAGE,
    "Ask at once for the URL that the server redirects to: the OPTIONS entry of the Network panel has it, as Location "
    "(https, www, a slash at the end of the path)",
    why="No preflight is redirected, but the page can ask for the right URL by itself. Where that is a login, this API "
    "is behind one: log in again, and have the server let OPTIONS pass before it asks for a login.",
    sure=Sure.POSSIBLE,
)
"""Of a redirect whose target a message does not tell."""


def told_by(reason: Reason, values: Mapping[str, str], *, preflight: bool = False) -> Told:
    """What really failed, and who must change what."""
    s = _situation(reason, values, preflight=preflight)
    what = happened(s) if s.status is not None or s.hops else None
    found = remedies(s)
    if reason is Reason.PREFLIGHT_REDIRECTED and not s.location:
        found = (_ELSEWHERE, *found)
    if not found and (general := told_without_change(s)) is not None:
        found = (general,)
    return Told(what.text if what is not None else "", found, headers_help(s))


def of_block(blocked_by: str | None, values: Mapping[str, str]) -> Told:
    """Who must change what, for what something beside CORS stopped, by what a message names; nothing without a URL."""
    url = _url(values.get("url"))
    if url is None or blocked_by not in set(_GATES):
        return Told("", (), headers_help=False)
    gate = next(each for each in _GATES if each == blocked_by)
    detail = values.get(_GATES[gate], values.get("fallback", values.get("directive")) if gate is Gate.CSP else None)
    wanted = csp.destination_by(values.get("directive", "")) if gate is Gate.CSP else None
    page = _url(values.get("page"))
    origin = values.get("origin") or (None if page is None else page.origin)
    s = Situation(
        block=Block(gate, detail),
        url=url,
        origin=origin,
        page=origin,
        page_url=values.get("page"),
        destination=None if wanted is None else Destination(wanted),
    )
    return Told("", remedies(s), headers_help=False)


_GATES: Mapping[Gate, str] = {
    Gate.CSP: "policy",
    Gate.CORP: "value",
    Gate.FRAME_ANCESTORS: "policy",
    Gate.FRAME_OPTIONS: "value",
    Gate.NOSNIFF: "type",
    Gate.MIME: "type",
}
"""What messages name enough of, and the name of the offending value in them."""


def _situation(reason: Reason, values: Mapping[str, str], *, preflight: bool) -> Situation:
    url, first, location = (_url(values.get(name)) for name in ("url", "first", "location"))
    status = values.get("status", "")
    names = tuple(name.strip().lower() for name in values.get("header", "").split(",") if name.strip())
    named = reason is Reason.HEADER_NOT_ALLOWED
    redirected = first is not None and first != url
    tainted = redirected and values.get("origin") == OPAQUE and url is not None and first is not None
    return Situation(
        reason=reason,
        stage=stage_of(reason, preflight=preflight),
        origin=values.get("origin"),
        page_url=values.get("page"),
        url=url,
        hops=(first,) if redirected and first is not None else (),
        tainted_by=(first, url) if tainted and first is not None and url is not None else None,
        target=location,
        location=values.get("location", ""),
        method=values.get("method", ""),
        headers=names if named else (),
        missing=names if named else (),
        status=int(status) if status.isdigit() else _STATUS.get(reason),
        answer=_answer(reason, values),
        change_after=lambda dropped: _change(reason, values, dropped),
    )


_STATUS = {Reason.PREFLIGHT_REDIRECTED: 307}
"""That the message alone tells."""


def _url(text: str | None) -> Url | None:
    return None if text is None else parse_url(text)


def _answer(reason: Reason, values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The header at fault, where its value is told."""
    if reason is Reason.ALLOW_CREDENTIALS_NOT_TRUE:
        name = "access-control-allow-credentials"
    elif reason.value.startswith("allow-origin-"):
        name = "access-control-allow-origin"
    else:
        return ()
    return ((name, values["value"]),) if "value" in values else ()


_ORIGIN, _CREDENTIALS = "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"
_LISTED = "beside what the list has already"


def _change(reason: Reason, values: Mapping[str, str], dropped: Sequence[str]) -> Change | None:
    """What the answer is to have, as far as the message tells; `before` is None where it does not."""
    origin, before = values.get("origin"), values.get("value")
    if reason in (Reason.STATUS_NOT_OK, Reason.PREFLIGHT_REDIRECTED):
        return Change((), 204)
    if reason is Reason.ALLOW_CREDENTIALS_NOT_TRUE:
        return Change((HeaderEdit(_CREDENTIALS, before, "true"),))
    if reason is Reason.ALLOW_ORIGIN_WILDCARD_WITH_CREDENTIALS and origin:
        return Change((HeaderEdit(_ORIGIN, "*", origin), HeaderEdit(_CREDENTIALS, None, "true")))
    if reason in OF_ORIGIN and origin:
        note = "send it only to origins on the server's list, with Vary: Origin"
        return Change((HeaderEdit(_ORIGIN, before, origin),), note=note)
    if reason is Reason.METHOD_NOT_ALLOWED and (method := values.get("method")):
        return Change((HeaderEdit("Access-Control-Allow-Methods", None, method),), note=_LISTED)
    if reason is Reason.HEADER_NOT_ALLOWED and "header" in values:
        names = [name.strip() for name in values["header"].split(",")]
        left = ", ".join(name for name in names if name and name.lower() not in dropped)
        return Change((HeaderEdit("Access-Control-Allow-Headers", None, left),), note=_LISTED) if left else None
    return None
