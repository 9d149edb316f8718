"""Memory under traffic of many clients, hostile patterns included: scripts/soak in short."""

import gc
import tracemalloc

from tests import soak
from tests.helpers import proxy

MEGABYTES = 4


def test_what_is_kept_is_what_is_said() -> None:
    """Whatever passes: within the budget, and no more memory than what is said to be kept, but for what is bounded."""
    flows = soak._Maker(400).make()
    with proxy(cors_memory=str(MEGABYTES)) as running:
        for _ in range(300):
            running.addon.response(next(flows))
        gc.collect()
        tracemalloc.start(1)
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(1500):
            running.addon.response(next(flows))
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        sample = soak._sample(1500, 0, running)
    assert sample.kept < (MEGABYTES << 20) * 1.1
    assert sample.clients > 50
    assert grown < (MEGABYTES + soak.BEYOND) << 20


def test_the_same_flows_without_the_addon_leave_little() -> None:
    """Else what is said of the addon would be said of the tests' own flows."""
    assert 0 <= soak.bare(200, clients=50) < soak.BEYOND << 20


def test_the_plot_shows_both_measures() -> None:
    """And where the budget is."""
    samples = [soak.Sample(each, each << 16, each << 15, 1) for each in (100, 200, 300)]
    drawn = soak.plot(samples, 64)
    assert drawn.count("<polyline") == 3
    assert "64 MB" in drawn
    assert "300 flows" in drawn
