"""Answers from the browser's HTTP cache: which stored response a 304 lets it judge, and what may have come unseen.

https://httpwg.org/specs/rfc9111.html#freshening.responses
"""

from dataclasses import replace

from cors_addon.exchange.clients import Client, Pending
from cors_addon.exchange.exchange import Exchange
from cors_addon.exchange.http_cache import PlainResponses, Stored, may_be_fresh
from cors_addon.exchange.model import Credentials, Judgement, Observation
from cors_addon.exchange.outcomes import judged_fields, update_stored
from cors_addon.exchange.response_headers import ResponseHeaders, read_response
from cors_addon.exchange.writing import assume, note_stored
from cors_addon.fetch.names import VALIDATING
from cors_addon.fetch.origins import Url
from cors_addon.reasons.assumptions import Assumption


def may_be_at_hand(waiting: Pending, url: Url, client: Client, plain: PlainResponses) -> bool:
    """Whether what should follow may have been answered from the browser's HTTP cache, unseen."""
    observation = waiting.judgement.observation
    kept = (client.stored.get(url), plain.find(observation.client, url, observation.request))
    return any(stored is not None and may_be_fresh(stored, observation.ended) for stored in kept)


def plain_confirmed(observation: Observation, plain: PlainResponses) -> Stored | None:
    """The response stored without CORS that a conditional request is about."""
    found = plain.find(observation.client, observation.url, observation.request)
    return found if found is not None and found.answers(observation.request) else None


def stored_of(judgement: Judgement, *, credentialed: bool | None) -> Stored:
    """What the browser has now of a response that it may use again."""
    observation = judgement.observation
    return Stored(judged_fields(judgement), observation.ended, credentialed, observation.connection)


def judged_response(
    exchange: Exchange, judgement: Judgement, mode: Credentials, plain: PlainResponses
) -> ResponseHeaders:
    """What a 304 lets the browser judge: the stored response that it updates, where there is one.

    `mode`: the credentials mode of the request, as far as it is known.
    """
    client, observation = exchange.client, exchange.observation
    url, fields = observation.url, observation.response
    if _is_revalidation(exchange, judgement):
        stored = _confirmed(exchange, mode, plain)
        if stored is not None:
            updated = update_stored(stored.fields, fields)
            note_stored(judgement, updated)
            told = read_response(updated)
            here = observation.connection
            if told.lines != exchange.response.lines and (here is None or here != stored.connection):
                assume(judgement, Assumption.MAYBE_ANOTHERS_COPY)  # only a connection is surely one window's
            return told
        if not exchange.response.lines.allow_origin:
            assume(judgement, Assumption.STORED_RESPONSE_PASSES)
    elif (
        client.engine.unconditional_304_updates
        and (stored := client.stored.get(url) or plain_confirmed(observation, plain)) is not None
    ):
        client.store(url, replace(stored, fields=update_stored(stored.fields, fields), ended=observation.ended))
    return exchange.response


def _confirmed(exchange: Exchange, mode: Credentials, plain: PlainResponses) -> Stored | None:
    """The stored response that the browser asked the server to confirm, where it was seen."""
    client, observation = exchange.client, exchange.observation
    own = client.stored.get(observation.url)
    other = plain_confirmed(observation, plain)
    found = [] if own is None or not own.answers(observation.request) else [own]
    if other is not None:
        found.append(other)
    if len(found) > 1 and client.engine.stores_anonymous_apart:
        credentialed = mode is Credentials.INCLUDE
        found = [stored for stored in found if stored.credentialed in (None, credentialed)] or found
    return max(found, key=lambda stored: stored.ended, default=None)


def _is_revalidation(exchange: Exchange, judgement: Judgement) -> bool:
    """Whether the browser itself made the request conditional, to revalidate what it has stored."""
    return any(name in exchange.request and name.decode() not in judgement.requested_headers for name in VALIDATING)
