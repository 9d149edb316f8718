"""A shelf: what is kept by a key, with the bytes that each is said to weigh; the oldest is let go of first.

Law: never more than a number of things, nor more than a weight, but for the one that was put there last.
"""

from collections import OrderedDict
from sys import maxsize


class Shelf[K, V](OrderedDict[K, V]):
    """Look things up as in any dictionary; put them there, and take them away, by the methods here alone."""

    def __init__(self, most_items: int = maxsize) -> None:
        """Begin with nothing; `most_items`: how many there may be."""
        super().__init__()
        self.most_items = most_items
        self.most = maxsize
        """Bytes that all may weigh together."""
        self.weight = 0
        self.forgot = False
        """Something was let go of."""
        self._weights: dict[K, int] = {}

    def keep(self, key: K, value: V, weight: int) -> list[tuple[K, V]]:
        """Put something there, as the latest. Returns what had to be let go of."""
        self.take(key)
        self[key] = value
        self._weights[key] = weight
        self.weight += weight
        return self.relieve()

    def take(self, key: K) -> V | None:
        """Take something away, if it is there."""
        if key not in self._weights:
            return None
        self.weight -= self._weights.pop(key)
        return self.pop(key)

    def weigh(self, key: K, weight: int) -> None:
        """Something weighs that much now; it stays, and so may be too much until `relieve`."""
        self.weight += weight - self._weights[key]
        self._weights[key] = weight

    def relieve(self) -> list[tuple[K, V]]:
        """Let go of what is too much; returns it."""
        forgotten: list[tuple[K, V]] = []
        while len(self) > self.most_items or (self.weight > self.most and len(self) > 1):
            key = next(iter(self))
            self.weight -= self._weights.pop(key)
            forgotten.append((key, self.pop(key)))
        if forgotten:
            self.forgot = True
        return forgotten

    def keep_within(self, most: int) -> list[tuple[K, V]]:
        """Bytes that all may weigh together from now on. Returns what had to be let go of."""
        self.most = most
        return self.relieve()
