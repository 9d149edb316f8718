"""The cheapest assignment, against all that there are."""

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from cors_addon.exchange.assignment import cheapest

COST = st.one_of(st.integers(-20, 20).map(float), st.just(math.inf))


@st.composite
def costs(draw: st.DrawFn) -> list[list[float]]:
    """Rows that may be assigned to shared columns, or each to one of its own."""
    rows, shared = draw(st.integers(0, 4)), draw(st.integers(0, 4))
    own = [draw(st.integers(-20, 20)) for _ in range(rows)]
    return [
        [draw(COST) for _ in range(shared)] + [float(own[row]) if row == other else math.inf for other in range(rows)]
        for row in range(rows)
    ]


@given(costs())
def test_the_cheapest_of_all(rows: list[list[float]]) -> None:
    """No other way is cheaper, and no column is used twice."""
    chosen = cheapest(rows)
    width = len(rows[0]) if rows else 0
    least = min(
        sum(rows[row][column] for row, column in enumerate(columns))
        for columns in itertools.permutations(range(width), len(rows))
    )
    assert len(set(chosen)) == len(rows)
    assert sum(rows[row][column] for row, column in enumerate(chosen)) == least
