"""The assignment problem: each row to a column of its own, so that the sum is least."""

import math
from collections.abc import Sequence


def cheapest(costs: Sequence[Sequence[float]]) -> list[int]:
    """The column of each row in the cheapest assignment of all rows, no column used twice.

    The Hungarian method, by shortest augmenting paths: a row at a time is added to what is already the best for those
    before. Infinite costs are never taken; each row needs a finite one that no other row has.
    """
    width = len(costs[0]) if costs else 0
    above, left = [0.0] * (width + 1), [0.0] * len(costs)
    row_of = [-1] * (width + 1)
    for row in range(len(costs)):
        row_of[width] = row
        least, came_from = [math.inf] * width, [width] * width
        done = [False] * (width + 1)
        column = width
        while row_of[column] >= 0:
            done[column] = True
            here = row_of[column]
            for other in range(width):
                if not done[other]:
                    reduced = costs[here][other] - left[here] - above[other]
                    if reduced < least[other]:
                        least[other], came_from[other] = reduced, column
            nearest = min((other for other in range(width) if not done[other]), key=least.__getitem__)
            step = least[nearest]
            for other in range(width + 1):
                if done[other]:
                    left[row_of[other]] += step
                    above[other] -= step
                elif other < width:
                    least[other] -= step
            column = nearest
        while column != width:
            row_of[column] = row_of[came_from[column]]
            column = came_from[column]
    chosen = [-1] * len(costs)
    for column in range(width):
        if row_of[column] >= 0:
            chosen[row_of[column]] = column
    return chosen
