"""Making a case that disagrees smaller, as long as it still disagrees in the same way.

Every candidate of a round is run at once in one browser; the first that still disagrees, in the order from bold to
timid, is where the next round begins.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Iterator, Sequence

from .cases import Case, Step
from .near.cases import NearCase

Disagreeing = Callable[[Sequence[Case]], Awaitable[set[str]]]

ROUNDS = 12


def candidates(case: Case) -> Iterator[Case]:
    """Simpler cases than this one, boldest first."""
    steps = case.steps
    if len(steps) > 1:
        for index in range(len(steps)):
            yield dataclasses.replace(case, steps=steps[:index] + steps[index + 1 :], title="")
    if case.ctx != "page":
        yield dataclasses.replace(case, ctx="page", title="")
    if case.http != "1.1":
        yield dataclasses.replace(case, http="1.1", title="")
    for index, step in enumerate(steps):
        for simpler in simpler_steps(step):
            yield dataclasses.replace(case, steps=(*steps[:index], simpler, *steps[index + 1 :]), title="")


def simpler_steps(step: Step) -> Iterator[Step]:
    """Simpler steps than this one, boldest first."""
    last = len(step.urls) - 1
    if step.mutations:
        yield dataclasses.replace(step, mutations=())
    if last > 0:
        yield dataclasses.replace(
            step,
            urls=step.urls[:-1],
            redirects=step.redirects[: max(0, last - 1)],
            end_location=None,
            mutations=tuple(one for one in step.mutations if one.hop < last),
        )
        moved = tuple(dataclasses.replace(one, hop=one.hop - 1) for one in step.mutations if one.hop > 0)
        yield dataclasses.replace(step, urls=step.urls[1:], redirects=step.redirects[1:], mutations=moved)
    if step.end_location is not None:
        yield dataclasses.replace(step, end_location=None, redirects=step.redirects[:last])
    for index in range(len(step.mutations)):
        yield dataclasses.replace(step, mutations=step.mutations[:index] + step.mutations[index + 1 :])
    for index in range(len(step.headers)):
        yield dataclasses.replace(step, headers=step.headers[:index] + step.headers[index + 1 :])
    plain = Step(step.urls)
    for name in ("body", "body_type", "upload_listener", "keepalive", "cache", "wait", "redirect", "ctx", "note"):
        if getattr(step, name) != getattr(plain, name):
            yield dataclasses.replace(step, **{name: getattr(plain, name)})
    if step.api in ("fetch", "xhr"):
        if step.method != "GET" and not step.body:
            yield dataclasses.replace(step, method="GET")
        if step.api == "xhr" and not step.upload_listener:
            yield dataclasses.replace(step, api="fetch")
        if step.credentials != "omit" and step.api == "fetch":
            yield dataclasses.replace(step, credentials="omit")
    if any("/k/" in url for url in step.urls):
        yield dataclasses.replace(step, urls=tuple(url.replace("/k/", "/c/") for url in step.urls))


async def shrink(cases: Sequence[Case], disagreeing: Disagreeing, rounds: int = ROUNDS) -> list[Case]:
    """The smallest cases found that still disagree, one for each given; `disagreeing` tells which do, by id."""
    return await shrink_with(candidates, cases, disagreeing, rounds)


async def shrink_with[C: (Case, NearCase)](
    simpler: Callable[[C], Iterator[C]],
    cases: Sequence[C],
    disagreeing: Callable[[Sequence[C]], Awaitable[set[str]]],
    rounds: int = ROUNDS,
) -> list[C]:
    """The same of cases of any kind, each made smaller by `simpler`."""
    best = list(cases)
    growing = set(range(len(best)))
    for turn in range(rounds):
        tried: dict[str, tuple[int, C]] = {}
        for place in growing:
            for number, made in enumerate(simpler(best[place])):
                fresh = f"{cases[place].id}s{turn}n{number}"
                tried[fresh] = (place, dataclasses.replace(made, id=fresh))
        if not tried:
            break
        failing = await disagreeing([case for _, case in tried.values()])
        growing = set()
        for fresh, (place, case) in tried.items():
            if fresh in failing and place not in growing:
                best[place] = case
                growing.add(place)
    return [dataclasses.replace(case, id=given.id) for case, given in zip(best, cases, strict=True)]
