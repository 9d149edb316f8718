"""Reports of a page are heard in the order in which it wrote them."""

import asyncio
from functools import partial

import pytest

from cors_addon.exchange.page_call import Scene
from cors_addon.proxy.witness import sequence
from cors_addon.proxy.witness.sequence import MOST_HELD, Sequence
from tests import waits

SCENE = Scene("somebody", "https://app.example.test", "page")


class Heard:
    """What a sequence made of reports, by their numbers."""

    def __init__(self) -> None:
        self.sequence, self.numbers = Sequence(), list[int]()

    def put(self, *numbers: int, scene: Scene = SCENE) -> list[int]:
        for number in numbers:
            self.sequence.put(scene, number, partial(self.numbers.append, number))
        return self.numbers


@pytest.mark.parametrize(
    ("came", "heard"),
    [
        ((1, 2, 3), [1, 2, 3]),
        ((2, 1), [1, 2]),
        ((3, 2, 1), [1, 2, 3]),
        ((1, 3, 4, 2, 5), [1, 2, 3, 4, 5]),
        ((0, 2, 0, 1), [0, 0, 1, 2]),
        ((1, 2, 1, 2, 3), [1, 2, 1, 2, 3]),
    ],
    ids=["in order", "overtaken", "backwards", "one late", "without a number", "a worker that starts again"],
)
def test_each_is_heard_after_those_before_it(came: tuple[int, ...], heard: list[int]) -> None:
    """All of them, once."""

    async def run() -> list[int]:
        return Heard().put(*came)

    assert asyncio.run(run()) == heard


def test_what_never_comes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waited is heard after a while, and what comes next at once; what came too late, too."""
    monkeypatch.setattr(sequence, "WAITS", 0.01)

    async def run() -> list[int]:
        heard = Heard()
        heard.put(3, 4)
        while len(heard.numbers) < 2:
            await waits.pause()
        return heard.put(5, 2)

    assert asyncio.run(run()) == [3, 4, 5, 2]


def test_no_more_than_so_many_wait() -> None:
    """Of all pages together; at the end all are heard."""

    async def run() -> list[int]:
        heard = Heard()
        for number in range(MOST_HELD):
            assert heard.put(2, scene=SCENE._replace(flow_id=str(number))) == []
        assert len(heard.put(2)) == MOST_HELD + 1
        heard.put(7)
        heard.sequence.release()
        return heard.numbers

    assert len(asyncio.run(run())) == MOST_HELD + 2
