"""Requests in flight together: what one more costs."""

from collections.abc import Iterator
from typing import Any, cast

from cors_addon.exchange.clients import Follower, Pending
from cors_addon.exchange.matching import MAX_CLUSTER, _cluster


class _Counted(tuple[Any, ...]):
    """Followers, each time that they are gone through."""

    gone_through = 0

    def __reversed__(self) -> Iterator[Any]:
        _Counted.gone_through += 1
        return iter(self[::-1])


def test_a_full_cluster_looks_no_further() -> None:
    crowd = _Counted(Follower(cast(Any, None), {}, 0.0) for _ in range(100))
    waiting = [Pending(cast(Any, None), cast(Any, None), "PUT", 0.0, followers=crowd) for _ in range(200)]
    first = Follower(cast(Any, None), dict.fromkeys(waiting, 0.0), 0.0)
    assert _cluster(first) == [first, *crowd[:-MAX_CLUSTER:-1]]
    assert _Counted.gone_through == 1
