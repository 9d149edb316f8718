"""What the browser's own console shows for a judgement: the engine's text, filled with this exchange's values."""

from cors_addon.engines import texts
from cors_addon.engines.initiator import Initiator, initiator_of
from cors_addon.exchange.model import Judgement, Role
from cors_addon.exchange.outcomes import answer_of, asked_of, judged_fields, location_target
from cors_addon.fetch import headers
from cors_addon.fetch.origins import OPAQUE
from cors_addon.fetch.refusals import Reason, Refusal, Stage

_STORED_STATUS = 200
"""Of a response that the tracker keeps, for a 304 to update."""


def console_message(judgement: Judgement) -> str | None:
    """The text; None where the flow is not refused, or the engine shows none that we know."""
    refusal = judgement.refusal
    if refusal is None:
        return None
    refused = _refused(judgement, refusal)
    observation, origin = refused.observation, refused.origin or OPAQUE
    fetch = judgement.chain or [judgement]
    requests = [member for member in fetch if member.role is not Role.PREFLIGHT]
    first = str(requests[0].observation.url) if requests else None
    location = headers.cors_lines(observation.response).location
    target = location_target(observation, location, judgement.engine)
    values = texts.ConsoleValues(
        url=str(observation.url),
        origin=origin,
        page_origin=next((member.origin for member in fetch if member.origin not in (None, OPAQUE)), origin),
        status=observation.status if refused.stored is None else _STORED_STATUS,
        initiator=_initiator([judgement, *requests]),
        location=target.text if target else "",
        redirected_from=first if first != str(observation.url) else None,
        recheck=_recheck(judgement, refusal),
        version=judgement.engine.version,
    )
    return texts.console_message(judgement.engine.name, refusal, values)


def _refused(judgement: Judgement, refusal: Refusal) -> Judgement:
    """The flow that was refused: a preflight may end for the hop that led to it, which WebKit checks late."""
    if refusal.stage is not Stage.REDIRECT or judgement.role is not Role.PREFLIGHT:
        return judgement
    before = judgement.chain[: judgement.chain.index(judgement)]
    return next((member for member in reversed(before) if member.role is Role.REDIRECT), judgement)


def _recheck(judgement: Judgement, refusal: Refusal) -> Refusal | None:
    """What Gecko's listener finds in the answer to a redirected preflight: its origin is tainted by then.

    A preflight to the page's own origin has only now become cross-origin, which taints nothing yet.
    """
    observation = judgement.observation
    if refusal.reason is not Reason.PREFLIGHT_REDIRECTED:
        return None
    answer = answer_of(observation, judged_fields(judgement), engine=judgement.engine)
    if answer.target is None or answer.target.url is None or answer.target.url.origin == observation.url.origin:
        return None
    asked = asked_of(judgement)
    origin = asked.origin if asked.same_origin_preflight else OPAQUE
    asked = asked._replace(origin=origin, same_origin_preflight=False)
    return judgement.engine.rules.check(Stage.ACTUAL, asked, answer)


def _initiator(fetch: list[Judgement]) -> Initiator:
    """The first that any request of the fetch tells: not every hop bears Fetch metadata."""
    told = (
        initiator_of(
            _request(member, b"sec-fetch-dest"),
            accept=_request(member, b"accept"),
            purpose=_request(member, b"sec-purpose"),
            api=_request(member, b"x-requested-with"),
        )
        for member in fetch
    )
    return next((initiator for initiator in told if initiator is not Initiator.FETCH), Initiator.FETCH)


def _request(judgement: Judgement, name: bytes) -> str | None:
    return headers.get(judgement.observation.request, name)
