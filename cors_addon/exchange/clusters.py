"""Clusters of requests that compete for preflights and redirects, and the cheapest pairs for all, see `matching`.

Law: bounded: a cluster has so many requests at most.
"""

import heapq
import math
from collections.abc import Sequence

from cors_addon.exchange.assignment import cheapest
from cors_addon.exchange.clients import Follower, Pending
from cors_addon.exchange.costs import COSTS

MAX_CLUSTER = 24
"""Requests that are matched together."""


def cluster_of(follower: Follower) -> list[Follower]:
    """The requests that compete with this one, directly or through others."""
    found = {follower: None}
    left = [follower]
    asked: set[Pending] = set()
    while left:
        for waiting in left.pop().hypotheses:
            if waiting in asked:
                continue
            asked.add(waiting)
            for other in reversed(waiting.followers):
                if other not in found:
                    found[other] = None
                    if len(found) == MAX_CLUSTER:
                        return list(found)
                    left.append(other)
    return list(found)


def insert(cluster: Sequence[Follower]) -> list[Follower]:
    """Let the first, which follows nothing yet, follow what is cheapest for all, of whom the others did so before.

    By the shortest augmenting path: it may take what another follows, which then takes what a third does, and so on.
    Returns those that follow another than before, as `solve` does, in a fraction of its time.
    """
    paths = _Paths(cluster)
    chosen = paths.chosen()
    return solve(cluster) if chosen is None else _take(chosen)


class _Paths:
    """What it costs all, if one more request takes what others follow, and they take what is left."""

    def __init__(self, cluster: Sequence[Follower]) -> None:
        self._new, self._mine = cluster[0], set(cluster)
        self._cost_to = {self._new: 0.0}
        self._came: dict[Follower, tuple[Follower, Pending]] = {}
        self._queue: list[tuple[float, int, Follower]] = [(0.0, 0, self._new)]
        self._best, self._last, self._end = math.inf, self._new, self._new.follows

    def chosen(self) -> dict[Follower, Pending | None] | None:
        """Who follows what on the cheapest path; None where what they followed was not the cheapest for them."""
        for number in range(1, _MOST_STEPS):
            if not self._queue:
                break
            so_far, _, row = heapq.heappop(self._queue)
            if so_far <= self._cost_to[row]:
                self._step(so_far, row, number)
        row = self._last
        chosen = {row: self._end}
        while row is not self._new:
            row, column = self._came[row]
            if row in chosen:
                return None
            chosen[row] = column
        return chosen

    def _step(self, so_far: float, row: Follower, number: int) -> None:
        """Go on from a request that has lost what it followed."""
        for column, cost in row.hypotheses.items():
            taken = column.follower
            if taken is None:
                self._end_with(so_far + cost, row, column)
            elif taken in self._mine and taken is not row:
                without = so_far + cost - taken.hypotheses.get(column, math.inf)
                if without < self._cost_to.get(taken, math.inf) - COSTS.same:
                    self._cost_to[taken] = without
                    self._came[taken] = row, column
                    heapq.heappush(self._queue, (without, number * MAX_CLUSTER + len(self._queue), taken))
        self._end_with(so_far + row.alone, row, None)

    def _end_with(self, cost: float, row: Follower, column: Pending | None) -> None:
        if cost < self._best - COSTS.same:
            self._best, self._last, self._end = cost, row, column


_MOST_STEPS = 4 * MAX_CLUSTER


def solve(cluster: Sequence[Follower]) -> list[Follower]:
    """Let each follow what is cheapest for all. Returns those that follow another than before."""
    waiting = list(dict.fromkeys(each for follower in cluster for each in follower.hypotheses))
    mine = set(cluster)
    # what a request outside of a full cluster follows is not to be had
    free = [each for each in waiting if each.follower is None or each.follower in mine]
    rows = [_costs(follower, free, cluster) for follower in cluster]
    chosen = (free[column] if column < len(free) else None for column in cheapest(rows))
    return _take(dict(zip(cluster, chosen, strict=True)))


def _costs(follower: Follower, free: Sequence[Pending], cluster: Sequence[Follower]) -> list[float]:
    """Of following each that is free, and of following none, in a column of its own."""
    follows = follower.hypotheses
    costs = [follows.get(each, math.inf) + (COSTS.kept if each is follower.follows else 0.0) for each in free]
    return costs + [follower.alone if other is follower else math.inf for other in cluster]


def _take(chosen: dict[Follower, Pending | None]) -> list[Follower]:
    changed = [follower for follower, follows in chosen.items() if follows is not follower.follows]
    for follower in changed:
        if follower.follows is not None and follower.follows.follower is follower:
            follower.follows.follower = None
        follower.follows = chosen[follower]
    for follower in changed:
        if follower.follows is not None:
            follower.follows.follower = follower
    return changed
