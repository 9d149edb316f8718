"""Cases whose steps are taken together, and whose request each preflight of them was sent for.

Law 1: every URL has one policy, whoever asks, as servers do; so nothing in an answer depends on which step asked.
Law 2: a request tells its step, in a header that no preflight asks for; a preflight tells none. Those that are alike on
the wire are dealt out so that no request comes before its preflight's answer, and are compared as a group.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Sequence

from . import standard
from .cases import Case, Mutation, Side, Step, answer, hop_number
from .proxy import Seen
from .sequences import HEADER_LISTS, HTTP_TARGETS, METHOD_LISTS, PAGES, REQUESTS, TARGETS

DELAYS = (0.0, 0.0, 0.0, 0.01, 0.03, 0.06, 0.1, 0.2, 0.4)
MAX_AGES = ("600", "600", "600", "0", "0", "", "", "5", "1", "-1", "abc")
DROPPED_BY_REDIRECTS = frozenset({"authorization", "content-type"})

Policy = dict[tuple[Side, str], tuple[str, ...]]


def parallel_case(rng: random.Random, case_id: str, http: str) -> Case:
    """Two to eight requests at once, to one URL or several, of which some redirect to others."""
    page = rng.choice(PAGES)
    targets = TARGETS if page.startswith("https") or rng.random() < 0.6 else HTTP_TARGETS
    requests = rng.sample(REQUESTS, rng.choice((1, 1, 2, 2, 3)))
    count = rng.choice((2, 2, 3, 3, 4, 5, 6, 8))
    urls = [
        f"{rng.choice((*targets, targets[0]))}/{rng.choice('kc')}/{{id}}/{number}"
        for number in range(rng.choice((1, 1, 2, 3)))
    ]
    leads = {number: number + 1 for number in range(len(urls) - 1) if rng.random() < 0.3}
    policies = [policy(rng, requests) for _ in urls]
    statuses = {number: rng.choice((307, 307, 308, 302, 303)) for number in leads}
    usual = rng.choice(("include", "include", "omit", "same-origin"))
    varied = rng.random() < 0.4
    staggered = rng.random() < 0.3
    ctx = rng.choices(("page", "worker", "sandbox", "data"), (80, 7, 8, 5))[0]
    mixed = ctx == "page" and rng.random() < 0.1
    steps: list[Step] = []
    for _ in range(count):
        method, fields = requests[0] if rng.random() < 0.6 else rng.choice(requests)
        number = 0 if rng.random() < 0.6 else rng.randrange(len(urls))
        chain = [number]
        while chain[-1] in leads:
            chain.append(leads[chain[-1]])
        credentials = rng.choice(("include", "omit", "same-origin")) if varied and rng.random() < 0.6 else usual
        mutations = [
            Mutation(hop, side, field, ", ".join(values) or "none", values)
            for hop, there in enumerate(chain)
            for (side, field), values in policies[there].items()
        ]
        steps.append(
            Step(
                tuple(urls[there] for there in chain),
                "xhr" if credentials != "omit" and rng.random() < 0.2 else "fetch",
                method,
                fields,
                "text" if method == "POST" else "",
                credentials=credentials,
                redirects=tuple(statuses[there] for there in chain[:-1]),
                cache=rng.choice(("no-store", "no-cache", "reload")) if rng.random() < 0.03 else "default",
                wait=rng.choice((0.02, 0.05, 0.1, 0.2, 0.4)) if staggered and rng.random() < 0.5 else 0.0,
                ctx="worker" if mixed and rng.random() < 0.5 else "",
                mutations=tuple(mutations),
            )
        )
    return Case(case_id, page, tuple(steps), ctx, http, parallel=True)


def policy(rng: random.Random, requests: Sequence[tuple[str, tuple[tuple[str, str], ...]]]) -> Policy:
    """What one URL answers to preflights and to requests, mostly right for all of these requests, and when."""
    methods = ", ".join(dict.fromkeys(method for method, _ in requests))
    names = ", ".join(dict.fromkeys([name.lower() for _, fields in requests for name, _ in fields] + ["content-type"]))
    if rng.random() < 0.2:
        methods = rng.choice(METHOD_LISTS)
    if rng.random() < 0.2:
        names = rng.choice(HEADER_LISTS)
    age = rng.choice(MAX_AGES)

    def origin() -> tuple[str, ...]:
        return rng.choices((("{origin}",), ("*",), (), ("https://evil.test",)), (76, 14, 6, 4))[0]

    def credentials() -> tuple[str, ...]:
        return rng.choices((("true",), (), ("false",)), (80, 15, 5))[0]

    def delays() -> tuple[str, ...]:
        return tuple(str(rng.choice(DELAYS)) for _ in range(rng.choice((1, 2, 3, 4))))

    made: Policy = {
        ("p", "acao"): origin(),
        ("p", "acac"): credentials(),
        ("p", "acam"): (methods,) if methods else (),
        ("p", "acah"): (names,) if names else (),
        ("p", "maxage"): (age,) if age else (),
        ("p", "delay"): delays(),
        ("a", "acao"): origin(),
        ("a", "acac"): credentials(),
        ("a", "delay"): delays(),
    }
    if rng.random() < 0.1:
        made["p", "status"] = (rng.choice(("200", "200", "403", "500")),)
    return made


def looks(flow: Seen) -> str:
    """What of a preflight tells it from another: URL, origin, and what it asks for."""
    asked = (flow.header(f"access-control-request-{name}") or "" for name in ("method", "headers"))
    return " ".join(("preflight", flow.url, flow.header("origin") or "", *asked))


def deal_out(case: Case, seen: Sequence[Seen], ignoring: frozenset[str]) -> list[list[Seen]]:
    """The flows of each step, in order: its own requests, and of the preflights alike as many as must be its.

    A step that has no request to a hop it came to failed at a preflight there; others may have used the cache. One
    without any request, whose like has one, shares that one's: WebKit's GETs do.
    """

    def like(step: Step) -> tuple[object, ...]:
        return (step.urls, step.method, step.headers, step.credentials == "include")

    requested = {like(case.steps[flow.step]) for flow in seen if not flow.preflight}
    mine = [[flow for flow in seen if not flow.preflight and flow.step == index] for index in range(len(case.steps))]
    places: list[tuple[int, int, float, float]] = []  # step, hop, not before, not after
    for index, step in enumerate(case.steps):
        reached = {hop_number(url): hop for hop, url in enumerate(step.urls)}
        by_hop = {reached[flow.hop]: flow for flow in reversed(mine[index]) if flow.hop in reached}
        last = max(by_hop, default=-1)
        went_on = last < 0 or let_through(case, step, last, by_hop[last])
        if last < 0 and like(step) in requested:
            continue
        asked = False  # once it was, Firefox asks again after a redirect
        for hop in range(min(last + 1 + went_on, len(step.urls))):
            asked = asked or standard.needs_preflight(case, step, hop, ignoring)
            if asked:
                before = by_hop.get(hop - 1)
                since = before.time + before.delay if before is not None else 0.0
                request = by_hop.get(hop)
                places.append((index, hop, since, request.time if request is not None else float("inf")))
    places.sort(key=lambda place: (place[3] != float("inf"), place[3]))
    preflights = [flow for flow in seen if flow.preflight]

    def fits(place: int, flow: Seen) -> bool:
        index, hop, since, until = places[place]
        return (
            asks_for(case, case.steps[index], hop, flow, ignoring)
            and since <= flow.time
            and flow.time + flow.delay <= until
        )

    for place, number in match(len(places), preflights, fits).items():
        mine[places[place][0]].append(preflights[number])
    return [sorted(flows, key=lambda flow: flow.time) for flows in mine]


def let_through(case: Case, step: Step, hop: int, flow: Seen) -> bool:
    """Whether a redirect is followed, as the standard has it; only asked where nothing of the step's own tells."""
    if not standard.hops(case, step)[hop].cors:
        return True
    origin = flow.header("origin") or ""
    given = answer(case, step, hop, "a")
    headers = tuple((name, value.replace("{origin}", origin)) for name, value in given.headers)
    given = dataclasses.replace(given, headers=headers)
    return standard.passes(standard.outcome(given, origin, step.credentials == "include", None))


def asks_for(case: Case, step: Step, hop: int, flow: Seen, ignoring: frozenset[str]) -> bool:
    """Whether a preflight may be the one for this hop of a step."""
    here = standard.hops(case, step)[hop]
    if hop_number(step.urls[hop]) != flow.hop or flow.header("access-control-request-method") != here.method:
        return False
    asked = {name.strip() for name in (flow.header("access-control-request-headers") or "").split(",")} - {""}
    needed = set(standard.unsafe_names(case, step, hop, ignoring))
    if hop:
        return asked - DROPPED_BY_REDIRECTS == needed - DROPPED_BY_REDIRECTS
    return asked == needed and flow.header("origin") == here.origin


def match(places: int, preflights: Sequence[Seen], fits: Callable[[int, Seen], bool]) -> dict[int, int]:
    """As many places as possible with a preflight each, the first places before the others."""
    taken: dict[int, int] = {}

    def find(place: int, tried: set[int]) -> bool:
        for number, flow in enumerate(preflights):
            if number in tried or not fits(place, flow):
                continue
            tried.add(number)
            if number not in taken or find(taken[number], tried):
                taken[number] = place
                return True
        return False

    for place in range(places):
        find(place, set())
    return {place: number for number, place in taken.items()}
