"""The tracker: observations in, judgements out, each judged as the client's browser judges it.

Law 1: sans-IO. Time is the observations' own; the order of the calls is the order in which answers were complete.
Law 2: clients never influence each other.
Law 3: everything kept is bounded: clients, what waits per client, and for how long.
Law 4: evidence on one flow of a fetch (a Cookie, a redirect followed) holds for the whole fetch and revises the rest.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import islice
from typing import Final

from cors_addon import engines
from cors_addon.exchange import hops, matching, permission, placing, preflights, revalidation
from cors_addon.exchange.anew import judge_anew
from cors_addon.exchange.clients import GIVEN_UP_AT_ONCE, MAX_WAITING, Client, Fetch, Pending
from cors_addon.exchange.credentials import Evidence
from cors_addon.exchange.exchange import Exchange
from cors_addon.exchange.http_cache import PlainResponses, is_plain
from cors_addon.exchange.known_clients import KnownClients
from cors_addon.exchange.ledger import Ledger
from cors_addon.exchange.mode_evidence import STORAGE_ACCESS_SENT
from cors_addon.exchange.model import (
    DENY,
    UNKNOWN,
    Credentials,
    Fields,
    Judgement,
    Observation,
    Outcome,
    PreflightsSeen,
    Role,
    Word,
)
from cors_addon.exchange.outcomes import location_target
from cors_addon.exchange.request_headers import read_request
from cors_addon.exchange.timing import PATIENCE, SOON
from cors_addon.exchange.weight import OF_A_WORD
from cors_addon.exchange.writing import (
    assume,
    conclude,
    hold_to_credentials,
    judge_both,
    note_held,
    note_role,
    note_unneeded,
    note_word,
    pass_either_way,
)
from cors_addon.fetch.cache import Key
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.fetch.origins import OPAQUE, Url, last_two_labels
from cors_addon.fetch.refusals import Stage
from cors_addon.reasons.assumptions import Assumption

_ACTUAL: Final = Role.ACTUAL  # as those of `model`
_TO_ACTUAL: Final = Stage.ACTUAL


class Tracker:
    """Judges the traffic of many clients."""

    def __init__(
        self, *, engine: str = "auto", site: Callable[[str], str] = last_two_labels, skew: float = 0.0
    ) -> None:
        """Judge as `engine` (or each client as what it is); `site` maps a host to its registrable domain."""
        self.sees = PreflightsSeen.ALL
        """A recording may lack preflights. It can be set anew before each `observe`."""
        self.follows = True
        """What follows an exchange is observed, whatever came of it. It can be set anew before each `observe`."""
        self.skew = skew
        """Seconds by which an answer may seem to end after the request that it led to began, where the times are not
        one clock's. It can be set anew, too."""
        self._evidence = Evidence(site)
        self._known = KnownClients(engines.forced(engine), self._evidence)
        self.plain = PlainResponses()
        self.note_unread = self.plain.note_unread
        """As `note_plain`, put off until it is asked for: of a pair, the first makes its arguments of the other."""
        self._ledger = Ledger()

    def keep_within(self, budget: int) -> None:
        """Keep no more than so many bytes of all clients."""
        self._known.budget = budget
        self._evidence.keep_within(budget // 16)

    def see_one_window(self, one: bool) -> None:
        """Whether what is observed from now on is one window's: a cookie that it withholds then tells for certain."""
        self._evidence.one_window = one

    # -- in and out ------------------------------------------------------------------------------------------------

    def observe(self, observation: Observation, word: Word | None = None) -> list[Judgement]:
        """Judge one flow: its judgement first, where CORS concerns it, then older ones that it revises.

        `word`: what the browser itself says of it, which counts for more than what its headers let expect.
        """
        request = read_request(observation.request)
        known = self._known
        client = known.by_key.get((observation.client, request.said.user_agent))
        if (
            client is None
            or client is not known.latest
            or client.disguised
            or observation.connection not in self._evidence.connections
        ):
            client = known.client_of(observation, request, self.skew)
        ledger = self._ledger
        if ledger.due < observation.started:
            ledger.announce(observation.started)
        exchange = Exchange(client, observation, request, ledger)
        if word is not None:
            exchange.heard = word
        if observation.http2:
            self._evidence.note_use(exchange)
        if exchange.is_preflight:
            judgement: Judgement | None = self._preflight(exchange)
            self._evidence.note_connection(exchange, Credentials.OMIT)
        else:
            if request.said.origin is None and is_plain(observation.method, observation.status, observation.response):
                self.note_plain(
                    observation.client, observation.url, observation.request, observation.response, observation.ended
                )
            judgement = self._request(exchange)
            if request.said.tells_mode:
                self._evidence.note_connection(exchange, Credentials.INCLUDE)
                if request.said.is_navigation:
                    self._evidence.note_navigation(observation.connection)
        if request.said.has_cookie or exchange.response.sets_cookies:
            self._evidence.note_cookies(exchange, judgement)
        if client.cookies.doubts:
            for older in ledger.changed:
                if older.credentials is not Credentials.UNKNOWN:
                    client.cookies.learn(older.observation.flow_id, included=older.credentials is Credentials.INCLUDE)
        if client.preflights.by_url or client.hops.by_url:
            known.waiting[client] = None
            self._settle_client(client, observation.started - PATIENCE, GIVEN_UP_AT_ONCE)
        client.unweighed += observation.size
        known.weight += observation.size
        if known.weight + self._evidence.weight > known.budget:
            known.relieve()
        changed: list[Judgement] = [] if judgement is None else [judgement]
        if ledger.changed:
            changed += ledger.take(changed)
        return changed

    def is_cookie_news(self, connection: Hashable) -> bool:
        """Whether a request of which only its Cookie could matter tells anything; a connection is asked once."""
        return self._evidence.is_cookie_news(connection)

    def note_plain(self, client: Hashable, url: Url, request: Fields, response: Fields, ended: float) -> None:
        """Remember an answer to a request without Origin, which `is_plain`: its browser may use it for one with it.

        `client` is an address. Cheap, for traffic that is of no other use.
        """
        self.plain.note(client, url, request, response, ended)

    def is_navigation_news(self, connection: Hashable) -> bool:
        """The same of a request without a Cookie that may be a navigation."""
        return self._evidence.is_navigation_news(connection)

    def hear_page(self, words: Iterable[tuple[Judgement, Word]]) -> list[Judgement]:
        """Take in what a page says of flows that were judged before. Returns those that it changes."""
        for judgement, word in words:
            if word.mode == "no-cors" and judgement.role is Role.ACTUAL:
                judgement.leave_cors()  # it was only taken for a cors request
                note_word(judgement, word)
                self._ledger.note(judgement)
            elif word.mode != "no-cors" and judgement.if_omitted is not None:
                self._ledger.hear_page(judgement, word)
        return self._ledger.take()

    def settle(self, now: float, telling: Sequence[Judgement] = (), most: int | None = None) -> list[Judgement]:
        """Judge anew, with hindsight, what nothing followed by `now`: of all clients, or a little of so many at most.

        Those of `telling` are about to be reported, and not told a second time.
        """
        waiting, left = self._known.waiting, MAX_WAITING if most is None else GIVEN_UP_AT_ONCE
        for client in [*islice(waiting, most)]:
            del waiting[client]
            settled = self._settle_client(client, now - PATIENCE, left)
            if client.preflights.by_url or client.hops.by_url:
                waiting[client] = None
            if most is not None and (left := left - settled) <= 0:
                break
        self._evidence.settle(now - PATIENCE, most)
        return self._ledger.take(telling)

    def finish(self) -> list[Judgement]:
        """The recording ends: what nothing followed, nothing will follow."""
        self._ledger.announce(float("inf"))
        return self.settle(float("inf"))

    def _settle_client(self, client: Client, until: float, most: int) -> int:
        """Give up what waits for too long, so much of each kind at most. Returns how much that was."""
        due = [(queues, *each) for queues in (client.preflights, client.hops) for each in queues.give_up(until, most)]
        for queues, waiting, url in due:
            if self.sees is PreflightsSeen.NONE or not self.follows:  # its preflight may have followed
                continue
            if queues is client.hops and (hops.may_be_mixed_content(waiting, url) or waiting.judgement.ended):
                continue
            if not (waiting.method == "GET" and revalidation.may_be_at_hand(waiting, url, client, self.plain)):
                self._ledger.not_followed(waiting)
        return len(due)

    # -- preflights ------------------------------------------------------------------------------------------------

    def _preflight(self, exchange: Exchange) -> Judgement:
        client, observation, ledger = exchange.client, exchange.observation, exchange.ledger
        judgement = Judgement(observation, Role.PREFLIGHT, client.judged_as, exchange.origin, exchange.method)
        judgement.requested_headers = exchange.asked or ()
        observation.size += OF_A_WORD * len(judgement.requested_headers)
        if not client.is_browser:
            return placing.no_browser(judgement, Stage.PREFLIGHT)
        waiting = self._begin_preflight(exchange, judgement)
        judgement, fetch = waiting.judgement, waiting.fetch
        if b"sec-fetch-storage-access" in exchange.request and fetch.credentials is Credentials.UNKNOWN:
            ledger.learn(fetch, Credentials.INCLUDE, STORAGE_ACCESS_SENT)  # Gecko's preflights tell, too
        refused, target = placing.judge_preflight(exchange, judgement, fetch, redirects=0)
        preflights.store(exchange, preflights.cache_key(exchange, fetch), judgement, refused=refused)
        if refused:
            waiting.until = observation.ended + SOON
        waiting.in_vain = preflights.may_be_retried(client, observation)
        client.preflights.add(observation.url, waiting)
        if target is not None and client.judged_as.follows_redirected_preflight:
            placing.await_rest_of_preflight(exchange, judgement, fetch, target.url)
        return judgement

    def _begin_preflight(self, exchange: Exchange, judgement: Judgement) -> Pending:
        """Let a preflight join its fetch, where it follows a redirect or repeats another, or begin one; it waits."""
        client, observation, ledger = exchange.client, exchange.observation, exchange.ledger
        hop = self._followed(exchange) if client.hops.by_url or exchange.again else None
        before = hop
        if before is None and (exchange.repeats is not None or client.preflights[observation.url]):
            before = exchange.repeats = preflights.repeated(exchange)
        fetch = Fetch() if before is None else before.fetch
        judgement = exchange.begin(judgement, fetch)
        ledger.join(fetch, judgement)
        method = exchange.method.upper() if client.engine.sends_capitals else exchange.method
        waiting = exchange.await_next(Pending(judgement, fetch, method, observation.ended + PATIENCE, permits=True))
        if hop is not None:
            ledger.revive(hop)
            if matching.is_doubtful(exchange):
                assume(judgement, Assumption.MAYBE_ANOTHER)
            if hop.if_surely_omitted is not None:
                waiting.stopped_by = hop.judgement.refusal  # WebKit's page process checks the hop once more, later
            hop.maybe_apart = hops.may_be_apart(exchange, hop.judgement)
            ledger.hop_followed(hop)
        return waiting

    # -- everything else -------------------------------------------------------------------------------------------

    def _request(self, exchange: Exchange) -> Judgement | None:
        client, observation, request = exchange.client, exchange.observation, exchange.request
        leads_here = client.hops.by_url or exchange.again
        if request.said.origin is None and not leads_here and observation.status not in REDIRECT_STATUSES:
            return None
        named, url = exchange.origin, observation.url
        cross_origin = request.said.plainly_cors and named != url.origin
        if cross_origin and not leads_here and client.is_browser and url not in client.preflights.by_url:
            # most requests: nothing that was seen before has to do with them
            judgement = Judgement(observation, _ACTUAL, client.judged_as, named, exchange.method)
            fetch = Fetch()
            if observation.status in REDIRECT_STATUSES:
                judgement = exchange.begin(judgement, fetch)
            return self._actual(exchange, judgement, fetch, None, None)
        permit = hop = None
        if request.said.mode is None or request.said.mode == b"cors":
            before = self._followed(exchange)
            if before is not None and before.permits:
                permit = before
            elif before is not None:
                hop = before
                if hop.judgement.role is Role.PREFLIGHT:
                    return placing.preflight_goes_on(exchange, hop)
                hop.maybe_apart = hops.may_be_apart(exchange, hop.judgement)
        fetch = permit.fetch if permit is not None else hop.fetch if hop is not None else Fetch()
        judgement = placing.placed(exchange, hop, permit)
        if exchange.follower is not None or observation.status in REDIRECT_STATUSES or exchange.again:
            judgement = exchange.begin(judgement, fetch)
        role = judgement.role
        if role is _ACTUAL:
            if not client.is_browser:
                return placing.no_browser(judgement, Stage.ACTUAL)
            return self._actual(exchange, judgement, fetch, hop, permit)
        if role is Role.SAME_ORIGIN and client.is_browser:
            placing.same_origin(exchange, judgement, fetch, hop)
        elif not client.is_browser and role is not Role.WEBSOCKET:
            note_role(judgement, Role.NON_BROWSER)
        return None if judgement.origin is None else judgement

    def _followed(self, exchange: Exchange) -> Pending | None:
        """The preflight or the redirect that this request follows; None where there is none."""
        if exchange.again:
            return None if exchange.follower is None else exchange.follower.follows
        client = exchange.client
        permits = () if exchange.is_preflight or not exchange.origin else client.preflights[exchange.observation.url]
        led = hops.leading_to(exchange) if client.hops.by_url else ()
        if not permits and not led:
            return None
        if not led and len(permits) == 1:
            only = matching.follow_only(exchange, permits[0], self._evidence.shown(exchange)[0])
            if only is not None:
                client.preflights.remove(only)
                return only
        own = self._evidence.own
        follower = matching.hypothesize(exchange, permits, led, own)
        if not follower.hypotheses:
            return None
        exchange.follower = follower
        changed = matching.associate(follower, own)
        if changed:
            judge_anew(changed, self._judge_again, self._evidence, self._ledger)
        for each in (follower, *changed):
            if (waiting := each.follows) is not None:
                (client.preflights if waiting.permits else client.hops).hold(waiting)
        return follower.follows

    def _judge_again(self, exchange: Exchange) -> None:
        """Judge what was judged before."""
        if exchange.is_preflight:
            self._preflight(exchange)
        else:
            self._request(exchange)

    def _actual(
        self, exchange: Exchange, judgement: Judgement, fetch: Fetch, hop: Pending | None, permit: Pending | None
    ) -> Judgement:
        client, observation, ledger = exchange.client, exchange.observation, exchange.ledger
        engine, stage, target = client.judged_as, _TO_ACTUAL, None
        if permit is not None:
            ledger.revive(permit)
        ledger.join(fetch, judgement)
        if hop is not None:
            ledger.revive(hop)
            ledger.hop_followed(hop)
        if fetch.initiator is None and (by := exchange.origin if permit is None else permit.judgement.origin) != OPAQUE:
            fetch.initiator = by  # Gecko's preflight names it though the request is tainted
        url, status, response = observation.url, observation.status, exchange.response
        key = preflights.cache_key(exchange, fetch)
        if permit is None and permission.is_simple(exchange) and not client.cache.knows(key):
            note_unneeded(judgement)  # as `explain` would find
        else:
            self._explain_permission(exchange, judgement, fetch, permit, key)
        if status == 304:
            mode = fetch.credentials
            if mode is UNKNOWN:
                mode, _ = self._evidence.shown(exchange)
            response = revalidation.judged_response(exchange, judgement, mode, self.plain)
        if status in REDIRECT_STATUSES:
            target = location_target(observation, response.lines.location, engine)
            if target is not None:
                stage = Stage.REDIRECT
                note_role(judgement, Role.REDIRECT)
        self._evidence.gather(exchange, judgement, fetch)
        if judgement.assumptions and Assumption.STORED_RESPONSE_PASSES in judgement.assumptions:
            pass_either_way(judgement)
        else:
            received = (status or 0, response, observation.http2, target, fetch.redirects)
            judge_both(judgement, engine, stage, received)
        ledger.heed(judgement, fetch, exchange.heard)
        plain: Outcome | None = None
        if fetch.left_same_origin:
            if engine.same_origin_credentials_outlive_redirect and stage is Stage.REDIRECT and not fetch.surely_omitted:
                plain = hold_to_credentials(judgement)
            fetch.left_same_origin = False
        if permit is not None:
            preflights.followed(exchange, permit, fetch, key)
            if permit.retries and exchange.follower is not None:
                matching.settle(exchange.follower)
        conclude(judgement, fetch)
        if plain is not None:
            note_held(judgement)
        if judgement.verdict is DENY:
            preflights.forget(exchange, key)
        if target is not None and target.url is not None:
            placing.await_redirect(exchange, judgement, fetch, target.url, plain)
        elif (
            response.kept
            and not exchange.again
            and observation.method == b"GET"
            and (status == 200 or judgement.stored is not None)
        ):
            client.store(url, revalidation.stored_of(judgement, credentialed=fetch.credentialed))
        return judgement

    def _explain_permission(
        self, exchange: Exchange, judgement: Judgement, fetch: Fetch, permit: Pending | None, key: Key
    ) -> None:
        """Say whether it needed a preflight, why, and where that one is."""
        if permit is not None:
            permission.explain_sent(exchange, judgement, permit)
            return
        self._evidence.shown(exchange)
        observation = exchange.observation
        revalidates = (
            observation.url in exchange.client.stored
            or revalidation.plain_confirmed(observation, self.plain) is not None
        )
        if permission.explain(exchange, judgement, fetch, key, revalidates=revalidates):
            permission.miss(exchange, judgement, may_lack=self.sees.may_lack)
