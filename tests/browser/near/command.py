"""`scripts/browser-truth --family near`: draw, run, compare, print; disagreements are shrunk to what matters."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from tests.browser.drivers import started_by
from tests.browser.shrink import shrink_with

from .cases import NearCase, from_json, simpler, to_json
from .drivers import NEAR, NearDriver
from .run import Found, Miss, compared, known
from .wider import ALIASES, FAMILIES, draw

CHUNK = 500
SHRUNK = 6
NAMES = ("near", *FAMILIES, *ALIASES)
"""What `--family` may name."""


def is_asked(options: Namespace) -> bool:
    """Whether cases of one load are asked for, by family or by the file to replay."""
    if options.replay is not None:
        data = json.loads(options.replay.read_text(encoding="utf-8"))
        first = data[0] if isinstance(data, list) else data
        return "loader" in first
    return options.family in NAMES and options.family is not None


def drawn(options: Namespace) -> list[NearCase]:
    """The cases that were asked for."""
    if options.replay is not None:
        data = json.loads(options.replay.read_text(encoding="utf-8"))
        return [from_json(one) for one in (data if isinstance(data, list) else [data])]
    indices = range(options.first, options.first + options.cases)
    if options.only:
        indices = [int(index) for index in options.only.split(",")]  # type: ignore[assignment]
    return [draw(options.seed, index, options.family) for index in indices]


def say(text: str) -> None:
    """A line for the person who waits."""
    sys.stderr.write(text + "\n")


async def main(options: Namespace, folder: Path) -> int:
    """0 where browser and addon agree."""
    driver = started_by(NEAR[options.browser], options.browser_binary)
    driver.find()
    cases = drawn(options)
    differences = known()
    stem = folder / "near"
    if options.record is not None:
        options.record.mkdir(parents=True, exist_ok=True)
        stem = options.record / (options.name or f"near-{options.browser}-{options.seed}")
    found = Found()
    deadline = time.monotonic() + options.minutes * 60
    for start in range(0, len(cases), CHUNK):
        if time.monotonic() > deadline:
            say(f"time is up: {start} of {len(cases)} cases were run")
            break
        began = time.monotonic()

        def progress(done: int, total: int, start: int = start, began: float = began) -> None:
            if done % 100 == 0 or done == total:
                say(f"{start + done}/{len(cases)} cases, {done / (time.monotonic() - began):.1f} a second")

        found.add(await compared(driver, cases[start : start + CHUNK], stem, progress, differences))
    sys.stdout.write(found.table() + "\n")
    for miss, case, count in await shrunk(driver, found.misses, folder, enough=options.no_shrink):
        tell(miss, case, count)
    for miss in found.open_misses:
        sys.stdout.write(f"\nno traffic decides it: {miss.judged.undecided}")
        tell(miss, miss.judged.case, 1)
    return 1 if found.misses else 0


def tell(miss: Miss, case: NearCase, count: int) -> None:
    """A kind of disagreement, with its case."""
    verdict = miss.judged.verdict
    browser = f"{verdict.gate!r}{' (derived)' if verdict.derived else ''}"
    failures = [{name: value for name, value in one.items() if name != "headers"} for one in miss.told.failures]
    lines = [
        f"\n{count} times: the browser {browser}, the addon {miss.ours!r}",
        f"  hop {miss.judged.flow.hop}: {case.note}",
        f"  {verdict.why or 'nothing said'} | {miss.told.js}",
        f"  {miss.told.console} {failures}",
        f"  {json.dumps(to_json(case))}",
        f"  flow {miss.judged.flow.flow_id}",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


async def shrunk(
    driver: type[NearDriver], misses: Sequence[Miss], folder: Path, *, enough: bool
) -> list[tuple[Miss, NearCase, int]]:
    """One smallest case for each kind of disagreement, with how many there were of it."""
    kinds: dict[tuple[str, ...], list[Miss]] = {}
    for miss in misses:
        kinds.setdefault(miss.signature, []).append(miss)
    made: list[tuple[Miss, NearCase, int]] = []
    for number, (signature, group) in enumerate(kinds.items()):
        case = group[0].judged.case
        if not enough and number < SHRUNK:
            say(f"shrinking {number + 1}/{min(len(kinds), SHRUNK)}")

            async def disagreeing(tried: Sequence[NearCase], signature: tuple[str, ...] = signature) -> set[str]:
                again = await compared(driver, tried, folder / "shrink")
                return {miss.judged.case.id for miss in again.misses if miss.signature == signature}

            (case,) = await shrink_with(simpler, [case], disagreeing)
        made.append((group[0], dataclasses.replace(case), len(group)))
    return made
