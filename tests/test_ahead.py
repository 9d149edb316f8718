"""What is loaded with the first traffic, piece by piece: in an order in which each piece is small, and all of it."""

import asyncio
import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest

from cors_addon.fetch import patterns
from cors_addon.proxy import ahead
from tests.test_har import entry

_COUNT = """
import sys
import cors_addon.proxy.addon
from importlib import import_module
from cors_addon.proxy import ahead
assert "cors_addon.proxy.annotate" not in sys.modules
for name in ahead._MODULES:
    before = len(sys.modules)
    import_module("cors_addon." + name)
    print(name, len(sys.modules) - before)
"""
MOST = 6
"""Modules that are loaded at a time."""


def test_every_piece_is_small() -> None:
    """And none is of no use: what an earlier one has loaded is not named again."""
    told = subprocess.run([sys.executable, "-c", _COUNT], capture_output=True, text=True, check=True).stdout
    loaded = {name: int(count) for name, count in map(str.split, told.splitlines())}
    assert list(loaded) == list(ahead._MODULES)
    assert {name: count for name, count in loaded.items() if not 0 < count <= MOST} == {}


def test_one_piece_a_turn_of_the_loop() -> None:
    """Others have their turn between any two, and in the end nothing is left."""
    patterns.pattern("ahead")

    async def play() -> list[int]:
        begun, left = ahead.Ahead(), []
        begun.begin()
        while begun._left or patterns._waiting:
            left.append(len(begun._left) + len(patterns._waiting))
            await asyncio.sleep(0)
        return left

    left = asyncio.run(play())
    assert all(earlier - later <= 1 for earlier, later in itertools.pairwise(left))
    assert len(left) >= len(ahead._MODULES)  # one was loaded at once, and one pattern at least waited


LIBRARY = "import cors_addon; assert [each.verdict for each in cors_addon.judge('one.har')] == ['allow']"
NOT_LOADED = (
    ("import cors_addon.proxy.addon", ("policy.export", "policy.learn", "policy.read", "browser.running")),
    (
        "import cors_addon.proxy.addon",
        ("report.html", "report.curl", "report.explanation", "report.jsonl", "remedies.decide"),
    ),
    (LIBRARY, ("recordings.bidi", "recordings.burp", "recordings.cdp", "recordings.netlog", "recordings.sentences")),
    (LIBRARY, ("session.page_log", "report.console", "policy.shadow", "remedies.decide", "proxy")),
)


@pytest.mark.parametrize(("done", "unneeded"), NOT_LOADED)
def test_what_is_not_asked_for_is_not_loaded(done: str, unneeded: tuple[str, ...], tmp_path: Path) -> None:
    """A start has no use for it."""
    (tmp_path / "one.har").write_text(json.dumps({"log": {"version": "1.2", "entries": [entry()]}}))
    tell = f"{done}\nimport sys; print(*sys.modules)"
    root = str(Path(__file__).parent.parent)
    told = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r})\n{tell}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(told.stdout.split()) & {f"cors_addon.{each}" for each in unneeded} == set()
