"""Remedies of a pasted message: what it tells, as a situation that the same rules decide as of a recorded exchange."""

from collections.abc import Mapping

from cors_addon.fetch.origins import Url, parse_url
from cors_addon.fetch.refusals import Reason, stage_of
from cors_addon.remedies.decide import remedies
from cors_addon.remedies.situation import Situation
from cors_addon.remedies.value import Remedy


def remedies_of(reason: Reason, values: Mapping[str, str], *, preflight: bool = False) -> tuple[Remedy, ...]:
    """What the message's own values tell to change; empty where only the general fix is known."""
    url, first, location = (_url(values.get(name)) for name in ("url", "first", "location"))
    status = values.get("status", "")
    names = tuple(name.strip().lower() for name in values.get("header", "").split(",") if name.strip())
    named = reason is Reason.HEADER_NOT_ALLOWED
    situation = Situation(
        reason=reason,
        stage=stage_of(reason, preflight=preflight),
        origin=values.get("origin"),
        page_url=values.get("page"),
        url=url,
        hops=() if first is None or first == url else (first,),
        target=location,
        location=values.get("location", ""),
        method=values.get("method", ""),
        headers=names if named else (),
        missing=names if named else (),
        status=int(status) if status.isdigit() else None,
        answer=_answer(reason, values),
    )
    if situation.status is None and reason is not Reason.NETWORK_ERROR:
        situation = situation.with_status(_STATUS.get(reason, 200))
    return remedies(situation)


def remedies_told(reason: Reason, values: Mapping[str, str], *, preflight: bool = False) -> list[str]:
    """The same in words: who, what, and why."""
    found = remedies_of(reason, values, preflight=preflight)
    return [f"{one.headline[:1].upper()}{one.headline[1:]}. {one.why}".strip() for one in found]


_STATUS = {Reason.PREFLIGHT_REDIRECTED: 307, Reason.STATUS_NOT_OK: 400}


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
