"""Requests in flight together: what one more costs."""

from collections.abc import Iterator
from typing import Any, cast

from cors_addon.exchange.clients import Follower, Pending
from cors_addon.exchange.clusters import MAX_CLUSTER, cluster_of
from cors_addon.exchange.matching import MAX_HYPOTHESES
from cors_addon.exchange.tracker import Tracker
from cors_addon.flows.translate import observation
from tests.helpers import ALLOW, ALLOW_PUT, actual, preflight


class _Counted(tuple[Any, ...]):
    """Followers, each time that they are gone through."""

    gone_through = 0

    def __reversed__(self) -> Iterator[Any]:
        _Counted.gone_through += 1
        return iter(self[::-1])


def test_a_full_cluster_looks_no_further() -> None:
    """What is found beyond would be dropped."""
    crowd = _Counted(Follower(cast(Any, None), {}, 0.0) for _ in range(100))
    waiting = [Pending(cast(Any, None), cast(Any, None), "PUT", 0.0, followers=crowd) for _ in range(200)]
    first = Follower(cast(Any, None), dict.fromkeys(waiting, 0.0), 0.0)
    assert cluster_of(first) == [first, *crowd[:-MAX_CLUSTER:-1]]
    assert _Counted.gone_through == 1


def test_what_a_burst_keeps_is_bounded() -> None:
    """Of 200 equal requests in flight together, each still finds a preflight of its own."""
    tracker, many = Tracker(), 200
    asked = [preflight((*ALLOW_PUT, ("Access-Control-Max-Age", "0")), took=1.0) for _ in range(many)]
    sent = [actual(ALLOW, method="PUT", at=1.0, took=1.0) for _ in range(many)]
    judged = [each for flow in (*asked, *sent) for each in tracker.observe(observation(flow))]
    judged += tracker.finish()
    last = {each.observation.flow_id: each for each in judged}
    preflights = {flow.id for flow in asked}
    assert {len(preflights.intersection(last[flow.id].paired_with)) for flow in sent} == {1}
    kept = [
        waiting
        for client in tracker._known.by_key.values()
        for queue in client.preflights.by_url.values()
        for waiting in queue
    ]
    assert max((len(waiting.followers) for waiting in kept), default=0) <= MAX_HYPOTHESES
    assert all(len(each.hypotheses) <= MAX_HYPOTHESES for waiting in kept for each in waiting.followers)
