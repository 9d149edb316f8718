"""The verdict on one message, under one engine and either credentials mode."""

from dataclasses import replace
from functools import lru_cache
from typing import Final

from cors_addon.engines import FETCH, Engine
from cors_addon.exchange.model import Credentials, Fields, Judgement, Observation, Outcome, Role, Verdict
from cors_addon.exchange.response_headers import ResponseHeaders, read_as, read_response
from cors_addon.fetch.bounds import USUAL_NAMES
from cors_addon.fetch.checks import REDIRECT_STATUSES, Answer, Asked
from cors_addon.fetch.origins import Target, is_potentially_trustworthy, resolve
from cors_addon.fetch.refusals import Reason, Refusal, Stage
from cors_addon.reasons.assumptions import Assumption

ALLOWED = Outcome(Verdict.ALLOW)
_PREFLIGHT: Final = Stage.PREFLIGHT  # as those of `model`
_REDIRECT: Final = Stage.REDIRECT


def location_target(observation: Observation, location: tuple[bytes, ...], engine: Engine = FETCH) -> Target | None:
    """Where a redirect leads; None where the answer is no redirect: other status, or no Location with a value."""
    if observation.status not in REDIRECT_STATUSES:
        return None
    value = engine.rules.read_location(location) if location else b""
    return resolve(value, observation.url) if value else None


def answer_of(observation: Observation, fields: Fields, redirects: int = 0, engine: Engine = FETCH) -> Answer:
    """What the server said, ready for the checks; `fields` may differ from what was on the wire (a 304, a policy)."""
    read = read_as(engine.rules, fields, observation.http2, observation.head_size)
    target = location_target(observation, read.lines.location, engine)
    return Answer(observation.status or 0, read.lines, observation.http2, target, redirects, read.unreadable)


def unanswered(stage: Stage) -> Outcome:
    """A request that got no answer is refused for that, not by CORS."""
    return Outcome(Verdict.DENY, Refusal(Reason.NETWORK_ERROR, stage))


def outcome(engine: Engine, stage: Stage, asked: Asked, answer: Answer) -> Outcome:
    """Run the engine's checks."""
    if answer.unreadable is not None:
        reason, detail = answer.unreadable
        return Outcome(Verdict.DENY, Refusal(reason, stage, detail))
    refusal = engine.rules.check(stage, asked, answer)
    return ALLOWED if refusal is None else Outcome(Verdict.DENY, refusal)


type AskedFields = tuple[str, str, tuple[str, ...], bool, bool, bool]
"""The fields of an `Asked`."""
type Received = tuple[int, ResponseHeaders, bool, Target | None, int]
"""The fields of an `Answer`, its headers read: the status, the headers, whether it came over HTTP/2, where a redirect
leads, how many this fetch followed before. Plain tuples, which are made for every flow, and much quicker than others.
"""


_USUAL_TEXT = 512
"""Characters of where a redirect leads, up to which they are."""


@lru_cache(maxsize=1024)
def both_outcomes(engine: Engine, stage: Stage, asked: AskedFields, received: Received) -> tuple[Outcome, Outcome]:
    """The outcomes without credentials and with them. Pages repeat themselves: the last few thousand are kept.

    `asked` is that of a request without.
    """
    status, response, http2, target, redirects = received
    omit, answer = Asked(*asked), Answer(status, response.lines, http2, target, redirects, response.unreadable)
    omitted = outcome(engine, stage, omit, answer)
    included = outcome(engine, stage, omit._replace(credentialed=True), answer)
    return (omitted, omitted) if omitted == included else (omitted, included)


def outcomes_of(judgement: Judgement, engine: Engine, stage: Stage, received: Received) -> tuple[Outcome, Outcome]:
    """The outcomes of a flow that was answered with its own status, or not, without credentials and with them."""
    if judgement.observation.status is None:
        refused = unanswered(stage)
        return refused, refused
    headers: tuple[str, ...] = ()
    same_origin, secure = False, True
    if stage is _PREFLIGHT:
        _, _, headers, _, same_origin, secure = asked_of(judgement)
    origin = judgement.origin or ""
    if stage is _REDIRECT and engine.rules.redirect_names_page:
        origin = _origin_of_page(judgement)
    asked = (origin, judgement.requested_method or "", headers, False, same_origin, secure)
    if not _is_usual(headers, received):
        return both_outcomes.__wrapped__(engine, stage, asked, received)  # to remember it would take megabytes
    return both_outcomes(engine, stage, asked, received)


def _is_usual(headers: tuple[str, ...], received: Received) -> bool:
    target = received[3]
    long = target is not None and len(target.text) > _USUAL_TEXT
    return not (long or received[1].is_long or len(headers) > USUAL_NAMES)


def _origin_of_page(judgement: Judgement) -> str:
    """The origin of the page that began a fetch, which a redirect may have hidden since."""
    first = judgement.chain[0] if judgement.chain else judgement
    return first.origin or first.observation.url.origin


def asked_of(judgement: Judgement) -> Asked:
    """What the flow asks for, under the credentials mode it is (or was) judged by."""
    role = judgement.role
    origin, method = judgement.origin or "", judgement.requested_method or ""
    if role is Role.REDIRECT and judgement.engine.rules.redirect_names_page:
        origin = _origin_of_page(judgement)
    if role is not Role.PREFLIGHT and role is not Role.NON_BROWSER:
        return Asked(origin, method, (), judgement.judged_credentialed)
    first = judgement.chain[0] if judgement.chain else judgement
    return Asked(
        origin,
        method,
        judgement.requested_headers,
        judgement.judged_credentialed,
        origin == judgement.observation.url.origin,
        is_potentially_trustworthy(first.observation.url),
    )


def judged_fields(judgement: Judgement) -> Fields:
    """The header list that was judged: of the answer, or of the stored response which a 304 updated."""
    return judgement.stored if judgement.stored is not None else judgement.observation.response


def speaks_of_credentials(judgement: Judgement) -> bool:
    """Whether the answer means to allow credentials, however it spells it, without a `*` that they would void."""
    lines = read_response(judged_fields(judgement)).lines
    wildcards = (lines.allow_origin, lines.allow_methods, lines.allow_headers)
    value = b",".join(lines.allow_credentials).lower()
    return (
        value.strip(b" ,") != b""
        and b"false" not in value
        and not any(b"*" in line for values in wildcards for line in values)
    )


def meant_mode(judgement: Judgement, omitted: Outcome, included: Outcome) -> Credentials:
    """The likelier credentials mode where nothing else makes one likely, and the outcomes are not the same object.

    Where either mode gives the same verdict, the answer itself tells which one its author had in mind. Where they are
    one, the likelier mode matters for what script may read, and is worked out when that is asked.
    """
    same = omitted.verdict is included.verdict
    return Credentials.INCLUDE if same and speaks_of_credentials(judgement) else Credentials.OMIT


def redirects_before(judgement: Judgement) -> int:
    """How many redirects its fetch had followed."""
    count = 0
    for member in judgement.chain:
        if member.observation is judgement.observation:
            break
        count += member.role in (Role.REDIRECT, Role.SAME_ORIGIN)
    return count


def rejudge(judgement: Judgement, engine: Engine, fields: Fields, status: int | None) -> Outcome:
    """The outcome had the answer been another, or the engine another; for preflights, actual requests and hops."""
    observation = judgement.observation
    if status is None or judgement.stage is None or Assumption.STORED_RESPONSE_PASSES in judgement.assumptions:
        return Outcome(judgement.verdict, judgement.refusal)
    changed = replace(observation, status=status, response=fields)
    answer = answer_of(changed, fields, redirects_before(judgement), engine)
    stage = judgement.stage
    if stage is not Stage.PREFLIGHT:
        stage = Stage.REDIRECT if answer.target else Stage.ACTUAL
    return outcome(engine, stage, asked_of(judgement), answer)


def update_stored(stored: Fields, update: Fields) -> Fields:
    """Headers of a stored response after a 304: those that the 304 carries replace the stored ones.

    https://httpwg.org/specs/rfc9111.html#update
    """
    replaced = {name.lower() for name, _ in update}
    return tuple(pair for pair in stored if pair[0].lower() not in replaced) + update
