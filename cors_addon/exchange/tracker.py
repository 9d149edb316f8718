"""The tracker: observations in, judgements out, each judged as the client's browser judges it.

Law 1: sans-IO. Time is the observations' own; the order of the calls is the order in which answers were complete.
Law 2: clients never influence each other.
Law 3: everything kept is bounded: clients, what waits per client, and for how long.
Law 4: evidence on one flow of a fetch (a Cookie, a redirect followed) holds for the whole fetch and revises the rest.
"""

import re
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace

from cors_addon.engines import ENGINES, FETCH, detect
from cors_addon.exchange import chains, ledger, preflights
from cors_addon.exchange.clients import Client, Fetch, Pending
from cors_addon.exchange.credentials import COOKIE_WITHHELD, STORAGE_ACCESS_SENT, Evidence
from cors_addon.exchange.http_cache import Plain, PlainResponses, Stored, is_plain, may_be_fresh
from cors_addon.exchange.model import (
    Credentials,
    Fields,
    Judgement,
    Observation,
    Outcome,
    PreflightsSeen,
    PreflightState,
    Role,
    Verdict,
)
from cors_addon.exchange.outcomes import (
    ALLOWED,
    STORED_ASSUMED,
    answer_of,
    asked_of,
    location_target,
    outcome,
    unanswered,
    update_stored,
)
from cors_addon.exchange.request_headers import MODE_ASSUMED, RequestHeaders, classify, is_preflight, read_request
from cors_addon.exchange.response_headers import ResponseHeaders, read_response
from cors_addon.fetch.cache import PreflightCache
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.fetch.headers import LOWER, normalize, split_list
from cors_addon.fetch.methods import CORS_SAFELISTED
from cors_addon.fetch.origins import OPAQUE, Url, is_potentially_trustworthy
from cors_addon.fetch.refusals import Stage

MAX_CLIENTS = 500
MAX_REDIRECTS = 21
SOON = 5.0
"""Seconds within which something follows even what was refused, if the browser did not care."""
PATIENCE = 60.0
"""Seconds after which a fetch that nothing followed counts as stopped; a slow answer takes that long at times."""

HAR_SKEW = 0.05
"""Seconds: a HAR has a rounded start and durations from another clock for each exchange."""

NO_BROWSER = "the client is no browser: it does not enforce CORS"

_NOTHING_ASSUMED: tuple[str, ...] = ()
_SIMPLE = frozenset(method.encode() for method in CORS_SAFELISTED)
_VERSION = re.compile(rb"(?:Chrome|Chromium|Firefox|Version)/(\d+)")


def registrable_domain(host: str) -> str:
    """The last two labels: good enough where no public suffix list is given."""
    if host.startswith("[") or host.replace(".", "").isdigit():
        return host
    return ".".join(host.rsplit(".", 2)[-2:])


class Tracker:
    """Judges the traffic of many clients."""

    def __init__(
        self, *, engine: str = "auto", site: Callable[[str], str] = registrable_domain, skew: float = 0.0
    ) -> None:
        """Judge as `engine` (or each client as what it is); `site` maps a host to its registrable domain."""
        self.sees = PreflightsSeen.ALL
        """A recording may lack preflights. It can be set anew before each `observe`."""
        self.skew = skew
        """Seconds by which an answer may seem to end after the request that it led to began, where the times are not
        one clock's. It can be set anew, too."""
        self._forced = None if engine == "auto" else ENGINES[engine]
        self._clients: OrderedDict[tuple[Hashable, bytes], Client] = OrderedDict()
        self._latest: Client | None = None
        self._at: weakref.WeakValueDictionary[Hashable, Client] = weakref.WeakValueDictionary()
        """By address: the client that was seen there last, but for repetitions."""
        self._evidence = Evidence(site)
        self._plain = PlainResponses()

    # -- in and out ------------------------------------------------------------------------------------------------

    def observe(self, observation: Observation) -> list[Judgement]:
        """Judge one flow: its judgement first, where CORS concerns it, then older ones that it revises."""
        wire = read_request(observation.request)
        client = self._clients.get((observation.client, wire.user_agent))
        if (
            client is None
            or client is not self._latest
            or client.disguised
            or observation.connection not in self._evidence.connections
        ):
            client = self._client(observation, wire)
        answer = read_response(observation.response)
        revised: list[Judgement] = []
        if observation.http2:
            self._evidence.note_use(client, observation, wire)
        if wire.preflight and is_preflight(observation, wire):
            judgement: Judgement | None = self._preflight(client, observation, wire, answer, revised)
            self._evidence.note_connection(client, observation, Credentials.OMIT, revised)
        else:
            if wire.origin is None and is_plain(observation.method, observation.status, observation.response):
                self.note_plain(
                    observation.client, observation.url, observation.request, observation.response, observation.ended
                )
            judgement = self._request(client, observation, wire, answer, revised)
            if wire.tells_mode:
                self._evidence.note_connection(client, observation, Credentials.INCLUDE, revised)
                if wire.is_navigation:
                    self._evidence.note_navigation(observation.connection)
        if wire.has_cookie or answer.sets_cookies:
            self._evidence.note_cookies(client, observation, wire, judgement, sets=answer.sets_cookies)
        if client.cookies.doubts:
            for older in revised:
                if older.credentials is not Credentials.UNKNOWN:
                    client.cookies.learn(older.observation.flow_id, included=older.credentials is Credentials.INCLUDE)
        if client.preflights.by_url or client.hops.by_url:
            self._settle_client(client, observation.started - PATIENCE, revised)
        changed: list[Judgement] = [] if judgement is None else [judgement]
        if revised:
            changed += _revise(revised, judgement)
        return changed

    def is_cookie_news(self, connection: Hashable) -> bool:
        """Whether a request of which only its Cookie could matter tells anything; a connection is asked once."""
        return self._evidence.is_cookie_news(connection)

    def note_plain(self, client: Hashable, url: Url, request: Fields, response: Fields, ended: float) -> None:
        """Remember an answer to a request without Origin, which `is_plain`: its browser may use it for one with it.

        `client` is an address. Cheap, for traffic that is of no other use.
        """
        self._plain.note(client, url, request, response, ended)

    def note_unread[T](self, read: Callable[[T], Plain], seen: T) -> None:
        """The same, put off until it is asked for: `read` will make of what was seen the arguments of `note_plain`."""
        self._plain.note_unread(read, seen)

    def is_navigation_news(self, connection: Hashable) -> bool:
        """The same of a request without a Cookie that may be a navigation."""
        return self._evidence.is_navigation_news(connection)

    def settle(self, now: float) -> list[Judgement]:
        """Judge anew, with hindsight, what nothing followed by `now`."""
        revised: list[Judgement] = []
        for client in self._clients.values():
            self._settle_client(client, now - PATIENCE, revised)
        self._evidence.settle(now - PATIENCE)
        return _revise(revised)

    def finish(self) -> list[Judgement]:
        """The recording ends: what nothing followed, nothing will follow."""
        return self.settle(float("inf"))

    def _settle_client(self, client: Client, until: float, revised: list[Judgement]) -> None:
        for queues in (client.preflights, client.hops):
            if queues.by_url:
                for waiting, url in queues.give_up(until):
                    if self.sees is PreflightsSeen.NONE:  # its preflight may have followed
                        continue
                    if queues is client.hops and _may_be_mixed_content(waiting, url):
                        continue
                    if not (waiting.method == "GET" and self._may_be_at_hand(client, url, waiting)):
                        ledger.not_followed(waiting, revised)

    def _may_be_at_hand(self, client: Client, url: Url, waiting: Pending) -> bool:
        """Whether what should follow may have been answered from the browser's HTTP cache, unseen."""
        observation = waiting.judgement.observation
        kept = (client.stored.get(url), self._plain.find(observation.client, url, observation.request))
        return any(stored is not None and may_be_fresh(stored, observation.ended) for stored in kept)

    # -- clients ---------------------------------------------------------------------------------------------------

    def _client(self, observation: Observation, wire: RequestHeaders) -> Client:
        user_agent = wire.user_agent
        key = (observation.client, user_agent)
        client = self._clients.get(key)
        if client is not None and (client.disguised or not client.is_browser):
            known = self._evidence.client_of(observation.connection) or self._client_in_disguise(observation, wire)
            if known is not None:
                client = known
        if client is None:
            engine, disguised = detect(user_agent), False
            if engine is None:
                # a script may have set the User-Agent itself: the connection, or the preflight, knows better
                known = self._evidence.client_of(observation.connection) or self._client_in_disguise(observation, wire)
                if known is not None:
                    return known
                disguised = True
                if b"sec-ch-ua" in wire:
                    engine = ENGINES["chromium"]
            metadata = b"sec-fetch-mode" in wire or b"sec-fetch-site" in wire
            forced = self._forced
            own = engine or forced or FETCH
            version = _VERSION.search(user_agent)
            client = Client(
                engine=own,
                judged_as=forced or own,
                is_browser=engine is not None or metadata or forced is not None,
                cache=PreflightCache(own.cache),
                first_seen=observation.started,
                version=int(version[1][:6]) if version else 0,
                user_agent=user_agent,
                disguised=disguised and (engine is not None or metadata),
            )
            self._clients[key] = client
            if len(self._clients) > MAX_CLIENTS:
                self._clients.popitem(last=False)
        elif client is not self._latest:
            self._clients.move_to_end(key)
        if client is not self._latest:
            if not client.disguised:
                self._at[observation.client] = client
            self._latest = client
        client.skew = self.skew
        if client.is_browser and observation.connection not in self._evidence.connections:
            self._evidence.remember(observation.connection, client)
        return client

    def _client_in_disguise(self, observation: Observation, wire: RequestHeaders) -> Client | None:
        """The browser at this address whose script set the User-Agent: a preflight says, or said, that it does."""
        client = self._at.get(observation.client)
        if client is None or not client.is_browser:
            return None
        if wire.preflight:
            asked = split_list(normalize(wire.get(b"access-control-request-headers", b"")).lower())
            return client if preflights.USER_AGENT in asked else None
        waiting = client.preflights[observation.url]
        known = any(
            preflights.USER_AGENT in each.judgement.requested_headers for each in waiting
        ) or client.cache.grants_header(
            (wire.origin or "", observation.url), preflights.USER_AGENT, observation.started
        )
        return client if known else None

    # -- preflights ------------------------------------------------------------------------------------------------

    def _preflight(
        self,
        client: Client,
        observation: Observation,
        wire: RequestHeaders,
        answer: ResponseHeaders,
        revised: list[Judgement],
    ) -> Judgement:
        engine, url = client.judged_as, observation.url
        named = wire.origin or ""
        method = normalize(wire[b"access-control-request-method"])
        names = wire.get(b"access-control-request-headers")
        headers = () if names is None else split_list(normalize(names).lower())
        origin = named
        judgement = Judgement(
            observation,
            Role.PREFLIGHT,
            Verdict.ALLOW,
            engine.name,
            origin,
            _NOTHING_ASSUMED,
            method,
            headers,
        )
        if not client.is_browser:
            return _no_browser(judgement, Stage.PREFLIGHT)
        hop = self._follow_hop(client, observation, named, method, wire, headers) if client.hops.by_url else None
        before = hop
        if before is None and client.preflights[url]:
            before = preflights.repeated(client, observation, judgement, method)
        fetch = Fetch() if before is None else before.fetch
        ledger.join(fetch, judgement, revised)
        waiting = Pending(judgement, fetch, method, observation.ended + PATIENCE)
        if hop is not None:
            ledger.revive(hop, revised)
            if hop.maybe_another:
                judgement.assumptions += (ledger.MAYBE_ANOTHER,)
            if hop.if_surely_omitted is not None:
                waiting.stopped_by = hop.judgement.refusal  # WebKit's page process checks the hop once more, later
            ledger.hop_followed(hop, revised)
        if b"sec-fetch-storage-access" in wire and fetch.credentials is Credentials.UNKNOWN:
            ledger.learn(fetch, Credentials.INCLUDE, STORAGE_ACCESS_SENT, revised)  # Gecko's preflights tell, too
        target = location_target(observation, answer.lines.location, engine)
        ledger.judge_both(judgement, engine, Stage.PREFLIGHT, answer, target)
        ledger.conclude(judgement, fetch.credentials, fetch.evidence)
        refused = not preflights.may_pass(judgement)
        key = (preflights.cache_origin(client, fetch, named), url)
        preflights.store(client, key, judgement, answer, wire, refused=refused)
        if refused:
            waiting.until = observation.ended + SOON
        client.preflights.add(url, waiting)
        return judgement

    # -- everything else -------------------------------------------------------------------------------------------

    def _request(
        self,
        client: Client,
        observation: Observation,
        wire: RequestHeaders,
        answer: ResponseHeaders,
        revised: list[Judgement],
    ) -> Judgement | None:
        named = wire.origin or ""
        if wire.origin is None and not client.hops.by_url and observation.status not in REDIRECT_STATUSES:
            return None
        method, url, hops = observation.method.decode("latin-1"), observation.url, client.hops.by_url
        cross_origin = wire.plainly_cors and named != url.origin
        if cross_origin and not hops and client.is_browser and url not in client.preflights.by_url:
            # most requests: nothing that was seen before has to do with them
            judgement = Judgement(observation, Role.ACTUAL, Verdict.NOT_CORS, client.judged_as.name, named, (), method)
            return self._actual(client, judgement, Fetch(), None, None, wire, answer, revised)
        permit = hop = None
        if wire.mode is None or wire.mode == b"cors":
            if named and url in client.preflights.by_url:
                mode, _ = self._evidence.shown(client, observation, wire)
                permit = preflights.find(client, observation, named, method, wire, mode)
                if permit is None:
                    if client.taken:
                        permit = preflights.exchanged(client, observation, named, method, wire)
                elif permit.fetch.credentials is not mode and not preflights.agreement(permit.fetch.credentials, mode):
                    chains.move(client, permit, mode, PATIENCE, revised)
            if permit is None and hops:
                hop = self._follow_hop(client, observation, named, method, wire)
        if hop is not None and MODE_ASSUMED in hop.judgement.assumptions and not preflights.may_pass(hop.judgement):
            ledger.was_no_cors(hop.fetch, revised)  # a cors request would not have been redirected
        follows = permit is not None or (
            hop is not None and hop.judgement.role is Role.REDIRECT and MODE_ASSUMED not in hop.judgement.assumptions
        )
        origin, assumptions = wire.origin, _NOTHING_ASSUMED
        if cross_origin:
            role = Role.ACTUAL
        else:
            role, origin, assumptions = classify(observation, wire, follows_cors=follows, engine=client.engine)
        if hop is not None and hop.maybe_another:
            assumptions += (ledger.MAYBE_ANOTHER,)
        if hop is not None and hop.judgement.role is Role.NO_CORS:
            role, assumptions = Role.NO_CORS, hop.judgement.assumptions
        fetch = permit.fetch if permit is not None else hop.fetch if hop is not None else Fetch()
        judgement = Judgement(
            observation,
            role,
            Verdict.NOT_CORS,
            client.judged_as.name,
            origin,
            assumptions,
            method,
        )
        if role is Role.ACTUAL and client.is_browser:
            return self._actual(client, judgement, fetch, hop, permit, wire, answer, revised)
        if role is Role.ACTUAL:
            return _no_browser(judgement, Stage.ACTUAL)
        if role is Role.SAME_ORIGIN and client.is_browser:
            self._same_origin(client, judgement, fetch, hop, wire, revised)
        elif not client.is_browser and role is not Role.WEBSOCKET:
            judgement.role = Role.NON_BROWSER
        return None if origin is None else judgement

    @staticmethod
    def _same_origin(
        client: Client,
        judgement: Judgement,
        fetch: Fetch,
        hop: Pending | None,
        wire: RequestHeaders,
        revised: list[Judgement],
    ) -> None:
        """A request to the page's own origin may redirect to another, where CORS begins."""
        observation = judgement.observation
        target = location_target(observation, read_response(observation.response).lines.location, client.judged_as)
        if target is None or target.url is None:
            return
        if hop is None:
            fetch.initiator = judgement.origin or observation.url.origin
        ledger.join(fetch, judgement, revised)
        if judgement.origin is None:
            fetch.untold += (judgement,)
        fetch.redirects += 1
        fetch.left_same_origin = target.url.origin != observation.url.origin
        if b"cookie" not in wire and client.cookies.would_be_sent(
            observation.url, observation.started, same_site=True, context=None, partitioned=False
        ):
            fetch.surely_omitted = True
            if fetch.credentials is Credentials.UNKNOWN:
                ledger.learn(fetch, Credentials.OMIT, COOKIE_WITHHELD, revised)
        if fetch.redirects <= MAX_REDIRECTS:
            until = observation.ended + PATIENCE
            client.hops.add(target.url, Pending(judgement, fetch, _redirected_method(observation), until))

    def _actual(
        self,
        client: Client,
        judgement: Judgement,
        fetch: Fetch,
        hop: Pending | None,
        permit: Pending | None,
        wire: RequestHeaders,
        answer: ResponseHeaders,
        revised: list[Judgement],
    ) -> Judgement:
        observation, engine = judgement.observation, client.judged_as
        origin = judgement.origin or ""
        if permit is not None:
            ledger.revive(permit, revised)
        ledger.join(fetch, judgement, revised)
        if hop is not None:
            ledger.revive(hop, revised)
            ledger.hop_followed(hop, revised)
        if fetch.initiator is None and origin != OPAQUE:
            fetch.initiator = origin
        url, status, fields = observation.url, observation.status, observation.response
        key = (preflights.cache_origin(client, fetch, origin), url)
        if (
            permit is None
            and wire.authored_nothing
            and wire.user_agent == client.user_agent
            and observation.method in _SIMPLE
            and not client.cache.knows(key)
        ):
            judgement.preflight = PreflightState.NOT_NEEDED  # as `explain` would find
        else:
            preflights.explain(
                client,
                judgement,
                fetch,
                permit,
                key,
                wire,
                self._evidence.shown,
                revised,
                may_lack=self.sees.may_lack,
                revalidates=url in client.stored or self._plain_confirmed(observation) is not None,
            )
        if status == 304 and _is_revalidation(wire, judgement):
            stored = self._confirmed(client, observation, fetch, wire)
            if stored is not None:
                fields = judgement.stored = update_stored(stored.fields, fields)
                answer = read_response(fields)
            elif not any(LOWER[name] == b"access-control-allow-origin" for name, _ in fields):
                judgement.assumptions += (STORED_ASSUMED,)
        elif (
            status == 304
            and client.engine.unconditional_304_updates
            and (stored := client.stored.get(url) or self._plain_confirmed(observation)) is not None
        ):
            client.store(url, replace(stored, fields=update_stored(stored.fields, fields), ended=observation.ended))
        stage, target = Stage.ACTUAL, None
        if status in REDIRECT_STATUSES:
            target = location_target(observation, answer.lines.location, engine)
            if target is not None:
                stage, judgement.role = Stage.REDIRECT, Role.REDIRECT
        self._evidence.gather(client, judgement, fetch, wire, revised)
        if judgement.assumptions and STORED_ASSUMED in judgement.assumptions:
            judgement.if_omitted = judgement.if_credentialed = ALLOWED
        else:
            ledger.judge_both(judgement, engine, stage, answer, target, fetch.redirects)
        plain: Outcome | None = None
        if fetch.left_same_origin:
            if engine.same_origin_credentials_outlive_redirect and stage is Stage.REDIRECT and not fetch.surely_omitted:
                plain, judgement.if_omitted = judgement.if_omitted, judgement.if_credentialed
            fetch.left_same_origin = False
        if permit is not None:
            preflights.followed(client, permit, fetch, key, observation, revised)
            if preflights.may_be_retried(client, observation):
                preflights.await_retry(client, permit, observation)
        ledger.conclude(judgement, fetch.credentials, fetch.evidence)
        if plain is not None:
            judgement.judged_credentialed = True
        if judgement.verdict is Verdict.DENY and status is not None and client.engine.cache.failed_request_clears:
            client.cache.drop(key, observation.ended)
        if target is not None and target.url is not None:
            fetch.redirects += 1
            if fetch.redirects <= MAX_REDIRECTS:
                until = observation.ended + (PATIENCE if preflights.may_pass(judgement) else SOON)
                waiting = Pending(judgement, fetch, _redirected_method(observation), until, if_surely_omitted=plain)
                client.hops.add(target.url, waiting)
        elif answer.kept and observation.method == b"GET" and (status == 200 or judgement.stored is not None):
            known = fetch.credentials is not Credentials.UNKNOWN
            credentialed = fetch.credentials is Credentials.INCLUDE if known else None
            client.store(url, Stored(fields, observation.ended, credentialed))
        return judgement

    def _follow_hop(
        self,
        client: Client,
        observation: Observation,
        origin: str,
        method: str,
        wire: RequestHeaders,
        asked: tuple[str, ...] | None = None,
    ) -> Pending | None:
        """The redirect that this request follows; it waits no longer. None where there is none.

        `asked`: the header names that it asks for, where it is a preflight.
        """
        waiting_here = client.hops[observation.url]
        if not waiting_here and observation.url.scheme == "https":
            # browsers upgrade what a secure page embeds from a Location without TLS
            port = 80 if observation.url.port == 443 else observation.url.port
            waiting_here = client.hops[observation.url._replace(scheme="http", port=port)]
        if not waiting_here:
            return None
        mode = Credentials.UNKNOWN
        if asked is None:
            mode, _ = self._evidence.shown(client, observation, wire)
        found: list[Pending | None] = [None] * 9
        modes = set()
        for waiting in reversed(waiting_here):
            hop = waiting.judgement
            began = observation.started
            if hop.observation.ended > began + client.skew or began > waiting.until:
                continue
            if waiting.method != method and not _becomes_get(client, waiting, observation, method):
                continue
            if hop.role is Role.SAME_ORIGIN:
                fits = origin in (hop.observation.url.origin, OPAQUE, "")
            elif _taints(hop, observation.url):
                # Gecko's preflight names the page's origin all the same
                named = client.engine.tainted_preflight_names_origin and observation.method == b"OPTIONS"
                fits = origin == OPAQUE or (named and origin == waiting.fetch.initiator)
            else:
                fits = origin == hop.origin
            if not fits or not preflights.asks_like(hop, asked, wire):
                continue
            refused = hop.role is Role.REDIRECT and not preflights.may_pass(hop, guessed=waiting.given_up)
            surely = hop.role is not Role.REDIRECT or hop.if_omitted is hop.if_credentialed
            # the page could have asked for this itself, but for the mark that a redirect to a third origin leaves
            waiting.maybe_apart = hop.role is Role.REDIRECT and not (origin == OPAQUE and hop.origin != OPAQUE)
            agreement = preflights.agreement(waiting.fetch.credentials, mode)
            if waiting.maybe_apart and (
                not agreement
                or (refused and not _may_be_followed(waiting))
                or (not surely and began > hop.observation.ended + SOON)
            ):
                continue
            # rather one that surely passed than one that passes in one credentials mode, and that than a refused one;
            # above all one in the credentials mode that the request shows
            rank = 2 if refused else 0 if surely else 1
            rank += 3 * (2 - agreement)
            found[rank] = found[rank] or waiting
            modes.add(waiting.fetch.credentials)
        best = next(filter(None, found), None)
        if best is not None:
            best.maybe_another = mode is Credentials.UNKNOWN and len(modes) > 1
            client.hops.remove(best)
        return best

    def _plain_confirmed(self, observation: Observation) -> Stored | None:
        """The response stored without CORS that a conditional request is about."""
        plain = self._plain.find(observation.client, observation.url, observation.request)
        return plain if plain is not None and plain.answers(observation.request) else None

    def _confirmed(self, client: Client, observation: Observation, fetch: Fetch, wire: RequestHeaders) -> Stored | None:
        """The stored response that the browser asked the server to confirm, where it was seen."""
        own = client.stored.get(observation.url)
        plain = self._plain_confirmed(observation)
        found = [] if own is None or not own.answers(observation.request) else [own]
        if plain is not None:
            found.append(plain)
        if len(found) > 1 and client.engine.stores_anonymous_apart:
            mode = fetch.credentials
            if mode is Credentials.UNKNOWN:
                mode, _ = self._evidence.shown(client, observation, wire)
            credentialed = mode is Credentials.INCLUDE
            found = [stored for stored in found if stored.credentialed in (None, credentialed)] or found
        return max(found, key=lambda stored: stored.ended, default=None)


def _revise(revised: list[Judgement], judged_now: Judgement | None = None) -> list[Judgement]:
    """Each older judgement once, its revision raised."""
    older = [judgement for judgement in dict.fromkeys(revised) if judgement is not judged_now]
    for judgement in older:
        judgement.revision += 1
    return older


def _no_browser(judgement: Judgement, stage: Stage) -> Judgement:
    """Name a client that enforces nothing, and say what the standard would decide."""
    observation = judgement.observation
    if observation.status is None:
        judgement.hypothetical = unanswered(stage)
    else:
        answer = answer_of(observation, observation.response)
        judgement.hypothetical = outcome(FETCH, stage, asked_of(judgement), answer)
    judgement.role, judgement.verdict = Role.NON_BROWSER, Verdict.NOT_CORS
    judgement.assumptions = (NO_BROWSER,)
    return judgement


def _may_be_followed(hop: Pending) -> bool:
    """Whether a redirect that is refused is followed all the same by what it was not taken for: see `was_no_cors`."""
    return hop.if_surely_omitted is not None or MODE_ASSUMED in hop.judgement.assumptions


def _taints(hop: Judgement, target: Url) -> bool:
    """Whether a request that follows this redirect bears `null`. https://fetch.spec.whatwg.org/#http-redirect-fetch"""
    here = hop.observation.url.origin
    return hop.origin == OPAQUE or (here != hop.origin and here != target.origin)


def _may_be_mixed_content(waiting: Pending, url: Url) -> bool:
    """Whether a secure page may not go on to this URL, whatever the check says.

    https://w3c.github.io/webappsec-mixed-content/#should-block-fetch
    """
    page = waiting.fetch.initiator or waiting.judgement.origin or OPAQUE
    return not page.startswith("http:") and not is_potentially_trustworthy(url)


def _redirected_method(observation: Observation) -> str:
    """https://fetch.spec.whatwg.org/#http-redirect-fetch"""
    method = observation.method.decode("latin-1")
    becomes_get = (observation.status in (301, 302) and method == "POST") or (
        observation.status == 303 and method not in ("GET", "HEAD")
    )
    return "GET" if becomes_get else method


def _becomes_get(client: Client, waiting: Pending, observation: Observation, method: str) -> bool:
    """Whether the browser has made a GET of a redirected DELETE, as the standard does not."""
    return (
        client.engine.delete_may_leave_origin_as_get
        and (waiting.method, method) == ("DELETE", "GET")
        and waiting.judgement.observation.url.origin != observation.url.origin
    )


def _is_revalidation(wire: RequestHeaders, judgement: Judgement) -> bool:
    """Whether the browser itself made the request conditional, to revalidate what it has stored."""
    return any(
        name in wire and name.decode() not in judgement.requested_headers
        for name in (b"if-none-match", b"if-modified-since")
    )
