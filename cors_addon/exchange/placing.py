"""What a request is in its fetch, and what of its fetch should follow it."""

from cors_addon.engines import FETCH
from cors_addon.exchange import matching, preflights, private_network
from cors_addon.exchange.clients import Fetch, Pending
from cors_addon.exchange.exchange import Exchange
from cors_addon.exchange.hops import MAX_REDIRECTS, redirected_method
from cors_addon.exchange.mode_evidence import COOKIE_WITHHELD
from cors_addon.exchange.model import Credentials, Judgement, Outcome, Role
from cors_addon.exchange.outcomes import answer_of, asked_of, location_target, outcome, unanswered
from cors_addon.exchange.request_headers import classify
from cors_addon.exchange.timing import PATIENCE, SOON
from cors_addon.exchange.writing import conclude, enforce_nothing, judge_both, warned_of
from cors_addon.fetch.origins import Target, Url
from cors_addon.fetch.refusals import Stage
from cors_addon.reasons.assumptions import Assumption

_NOTHING_ASSUMED: tuple[str, ...] = ()


def await_redirect(exchange: Exchange, judgement: Judgement, fetch: Fetch, target: Url, plain: Outcome | None) -> None:
    """Something should follow a redirect; `plain`: see `Pending.if_surely_omitted`."""
    fetch.redirects += 1
    if fetch.redirects <= MAX_REDIRECTS:
        observation = judgement.observation
        until = observation.ended + (PATIENCE if preflights.may_pass(judgement) else SOON)
        waiting = Pending(judgement, fetch, redirected_method(observation), until, if_surely_omitted=plain)
        exchange.client.hops.add(target, exchange.await_next(waiting))


def placed(exchange: Exchange, hop: Pending | None, permit: Pending | None) -> Judgement:
    """The judgement on a request, as far as its role goes, which is that of its fetch."""
    client, observation, request = exchange.client, exchange.observation, exchange.request
    follows = permit is not None or (hop is not None and _is_cors(exchange, hop))
    role, origin, assumptions = Role.ACTUAL, request.said.origin, _NOTHING_ASSUMED
    if not request.said.plainly_cors or exchange.origin == observation.url.origin:
        role, origin, assumptions = classify(observation, request, follows_cors=follows, engine=client.engine)
    if hop is not None and matching.is_doubtful(exchange):
        assumptions += (Assumption.MAYBE_ANOTHER,)
    if hop is not None and hop.judgement.role is Role.NO_CORS:
        role, assumptions = Role.NO_CORS, hop.judgement.assumptions
    judgement = Judgement(observation, role, client.judged_as, origin, exchange.method)
    if assumptions:
        judgement.assumptions = assumptions
    return judgement


def _is_cors(exchange: Exchange, hop: Pending) -> bool:
    """Whether what follows a redirect is a cors request; where that is shown not to be so, all of its fetch learns."""
    assumed = Assumption.CORS_MODE in hop.judgement.assumptions
    if assumed and not preflights.may_pass(hop.judgement):
        exchange.ledger.was_no_cors(hop.fetch)  # a cors request would not have been redirected
        return False
    return hop.judgement.role is Role.REDIRECT and not assumed


def same_origin(exchange: Exchange, judgement: Judgement, fetch: Fetch, hop: Pending | None) -> None:
    """A request to the page's own origin may redirect to another, where CORS begins."""
    client, observation, ledger = exchange.client, exchange.observation, exchange.ledger
    target = location_target(observation, exchange.response.lines.location, client.judged_as)
    if target is None or target.url is None:
        return
    if hop is None:
        fetch.initiator = judgement.origin or observation.url.origin
    ledger.join(fetch, judgement)
    if judgement.origin is None:
        fetch.untold += (judgement,)
    fetch.redirects += 1
    fetch.left_same_origin = target.url.origin != observation.url.origin
    if b"cookie" not in exchange.request and client.cookies.would_be_sent(
        observation.url, observation.started, same_site=True, context=None, partitioned=False
    ):
        fetch.surely_omitted = True
        if fetch.credentials is Credentials.UNKNOWN:
            ledger.suppose(fetch, Credentials.OMIT, COOKIE_WITHHELD)
    if fetch.redirects <= MAX_REDIRECTS:
        until = observation.ended + PATIENCE
        waiting = Pending(judgement, fetch, redirected_method(observation), until)
        client.hops.add(target.url, exchange.await_next(waiting))


def judge_preflight(
    exchange: Exchange, judgement: Judgement, fetch: Fetch, *, redirects: int
) -> tuple[bool, Target | None]:
    """Judge a preflight that was redirected so often: whether its browser keeps nothing of the answer, for it is
    refused or only warned of; and where it leads.
    """
    observation, engine = exchange.observation, exchange.client.judged_as
    target = location_target(observation, exchange.response.lines.location, engine)
    received = (observation.status or 0, exchange.response, observation.http2, target, redirects)
    judge_both(judgement, engine, Stage.PREFLIGHT, received)
    warned = private_network.is_only_warned_of(judgement)
    if warned:
        warned_of(judgement)
    exchange.ledger.heed(judgement, fetch, exchange.heard)
    conclude(judgement, fetch)
    return warned or not preflights.may_pass(judgement), target


def await_rest_of_preflight(exchange: Exchange, judgement: Judgement, fetch: Fetch, target: Url | None) -> None:
    """Something should follow the redirect of a preflight, in an engine that follows it."""
    if target is not None and not exchange.again and len(fetch.members) <= MAX_REDIRECTS:
        observation = judgement.observation
        rest = Pending(judgement, fetch, redirected_method(observation), observation.ended + SOON, exchange=exchange)
        exchange.client.hops.add(target, rest)


def preflight_goes_on(exchange: Exchange, hop: Pending) -> Judgement:
    """What follows the redirect of a preflight asks for nothing by its headers, and its answer counts for it."""
    client, observation, ledger, before = exchange.client, exchange.observation, exchange.ledger, hop.judgement
    engine, origin, method = client.judged_as, before.origin, before.requested_method
    judgement = Judgement(observation, Role.PREFLIGHT, engine, origin, method)
    judgement.requested_headers = before.requested_headers
    judgement = exchange.begin(judgement, hop.fetch)
    ledger.revive(hop)
    redirects = sum(member.role is Role.PREFLIGHT for member in hop.fetch.members)
    ledger.join(hop.fetch, judgement)
    _, target = judge_preflight(exchange, judgement, hop.fetch, redirects=redirects)
    await_rest_of_preflight(exchange, judgement, hop.fetch, None if target is None else target.url)
    return judgement


def no_browser(judgement: Judgement, stage: Stage) -> Judgement:
    """Name a client that enforces nothing, and say what the standard would decide."""
    observation = judgement.observation
    if observation.status is None:
        hypothetical = unanswered(stage)
    else:
        answer = answer_of(observation, observation.response)
        hypothetical = outcome(FETCH, stage, asked_of(judgement), answer)
    enforce_nothing(judgement, hypothetical, (Assumption.NO_BROWSER,))
    return judgement
