"""Compare the addon's verdicts with a real browser's, over random CORS exchanges.

Draws cases from a seed, runs them in the browser behind mitmdump with the addon, and prints the table of agreement and
every kind of disagreement with a case shrunk to what matters, which --replay runs alone. With --record the traffic and
the browser's decisions are kept, and no addon is needed.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from . import fixes, known, reached
from .cases import Case, from_json, to_json
from .compare import Agreement, Check, agreement, load_lines
from .drivers import DRIVERS, BrowserMissing, Driver, load_driver
from .generate import APART, FAMILIES, generate
from .near import command as near
from .proxy import ADDON
from .run import record
from .shrink import shrink

CHUNK = 2000
SHRUNK = 8


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="browser-truth", description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--browser", choices=DRIVERS, default="chromium")
    parser.add_argument(
        "--browser-binary",
        type=Path,
        metavar="PATH",
        help="start this program, of that kind, in place of the installed one",
    )
    parser.add_argument("--cases", type=int, default=1000, help="how many cases to draw (default 1000)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed draws the same cases (default 1)")
    parser.add_argument("--first", type=int, default=0, help="index of the first case of the seed")
    parser.add_argument("--only", help="run only the cases of these comma-separated indices")
    parser.add_argument(
        "--family",
        choices=(*FAMILIES, *APART, *near.NAMES),
        help="draw cases of this family alone; of near or one of its own: loads that other checks than CORS stop",
    )
    parser.add_argument("--record", type=Path, metavar="DIR", help="keep traffic and truth lines in DIR")
    parser.add_argument("--name", help="name of the recorded set (default BROWSER-SEED)")
    parser.add_argument(
        "--replay", type=Path, metavar="CASE.json", help="run the case, or the list of cases, of a file"
    )
    parser.add_argument("--third-party-cookies-blocked", "--3pc-blocked", action="store_true", dest="blocked_3pc")
    parser.add_argument("--witness", action="store_true", help="put the witness into pages, and take their word")
    parser.add_argument("--no-shrink", action="store_true", help="print disagreements as they were drawn")
    parser.add_argument("--no-addon", action="store_true", help="do not compare, only record")
    parser.add_argument("--coverage", action="store_true", help="tell which checks of the engine a browser has judged")
    parser.add_argument(
        "--fixes",
        type=int,
        metavar="N",
        help="follow the changes suggested for N refused cases until the page succeeds",
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="stop drawing cases after this time (default 60)")
    return parser.parse_args(arguments)


def say(text: str) -> None:
    """A line for the person who waits."""
    sys.stderr.write(text + "\n")


def tell(text: str) -> None:
    """A line of the result."""
    sys.stdout.write(text + "\n")


def drawn(options: argparse.Namespace) -> list[Case]:
    """The cases that were asked for."""
    if options.replay is not None:
        data = json.loads(options.replay.read_text(encoding="utf-8"))
        return [from_json(one) for one in (data if isinstance(data, list) else [data])]
    if options.only:
        indices = [int(index) for index in options.only.split(",")]
    else:
        indices = list(range(options.first, options.first + options.cases))
    return [generate(options.seed, index, options.family) for index in indices]


class Session:
    """One invocation: where its files lie, and what has been found so far."""

    def __init__(self, options: argparse.Namespace, driver: type[Driver], folder: Path) -> None:
        self.options = options
        self.driver = driver
        self.folder = folder
        self.judging = not options.no_addon and ADDON.exists()
        self.agreement = Agreement()
        self.known = [one for one in known.load() if one.browser == driver.name]
        self.covered: list[Check] = []
        self.reasons: collections.Counter[tuple[str, str]] = collections.Counter()

    async def run(self, cases: Sequence[Case], stem: Path, *, quiet: bool = False) -> Agreement:
        """Run some cases and compare them; files are appended to."""
        began = time.monotonic()
        tty = sys.stderr.isatty() and not quiet

        def progress(done: int, total: int) -> None:
            if tty or (not quiet and (done % 200 == 0 or done == total)):
                rate = done / (time.monotonic() - began)
                sys.stderr.write(f"\r{done}/{total} cases, {rate:.1f} a second{'' if tty else chr(10)}")

        jsonl = stem.with_suffix(".ours.jsonl")
        result = await record(
            self.driver,
            cases,
            stem.with_suffix(".mitm"),
            stem.with_suffix(".jsonl"),
            jsonl=jsonl if self.judging else None,
            blocked_3pc=self.options.blocked_3pc,
            witness=self.options.witness,
            progress=progress,
        )
        if tty:
            say("")
        if result.unfinished:
            say(f"{len(result.unfinished)} cases never came to an end: {result.unfinished[0].id} …")
        if not self.judging:
            return Agreement()
        ours = load_lines(jsonl)
        self.reasons += reached.reasons(result.lines, ours)
        return agreement(result.lines, ours)

    def sift(self, found: Agreement) -> None:
        """Add what a run found, putting known differences aside."""
        self.covered += found.set_aside(lambda check: any(one.covers(check) for one in self.known))
        self.agreement.totals += found.totals
        self.agreement.hits += found.hits
        self.agreement.misses += found.misses
        self.agreement.undecided += found.undecided

    async def shrunk(self, cases: dict[str, Case]) -> list[tuple[Check, Case, int]]:
        """One smallest case for each kind of disagreement, with how many there were of it."""
        kinds: dict[tuple[str, ...], list[Check]] = {}
        for check in self.agreement.misses:
            kinds.setdefault(check.signature, []).append(check)
        chosen = [(found[0], len(found)) for found in kinds.values()]
        given = [cases[check.truth["case"]] for check, _ in chosen]
        if self.options.no_shrink:
            return [(check, case, count) for (check, count), case in zip(chosen, given, strict=True)]
        small: list[Case] = []
        for index, case in enumerate(given):
            if index >= SHRUNK:
                small.append(case)
                continue
            signature = chosen[index][0].signature

            async def disagreeing(tried: Sequence[Case], signature: tuple[str, ...] = signature) -> set[str]:
                found = await self.run(tried, self.folder / "shrink", quiet=True)
                return {check.truth["case"] for check in found.misses if check.signature == signature}

            say(f"shrinking {index + 1}/{min(len(given), SHRUNK)}")
            small += await shrink([case], disagreeing)
        return [(check, case, count) for (check, count), case in zip(chosen, small, strict=True)]


async def main_async(options: argparse.Namespace, folder: Path) -> int:
    """Run, compare, print; 0 where browser and addon agree."""
    if near.is_asked(options):
        return await near.main(options, folder)
    driver = load_driver(options.browser, options.browser_binary)
    if options.fixes:
        endless = (generate(options.seed, index, options.family) for index in itertools.count(options.first))
        cases = drawn(options) if options.only or options.replay else endless
        found = await fixes.follow(driver, cases, folder, options.fixes, say)
        tell(fixes.table(found))
        return 0 if all(one.good for one in found) else 1
    session = Session(options, driver, folder)
    keep: Path | None = options.record
    stem = folder / "run"
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        stem = keep / (options.name or f"{options.browser}-{options.seed}")
    stem.with_suffix(".mitm").unlink(missing_ok=True)
    stem.with_suffix(".jsonl").unlink(missing_ok=True)
    stem.with_suffix(".ours.jsonl").unlink(missing_ok=True)
    if not session.judging and keep is None:
        say("there is no addon to compare with: use --record DIR")
        return 2
    cases = drawn(options)
    deadline = time.monotonic() + options.minutes * 60
    for start in range(0, len(cases), CHUNK):
        if time.monotonic() > deadline:
            say(f"time is up: {start} of {len(cases)} cases were run")
            break
        session.sift(await session.run(cases[start : start + CHUNK], stem))
    if keep is not None:
        say(f"recorded {stem}.mitm and {stem}.jsonl")
    if not session.judging:
        return 0
    tell(session.agreement.table())
    if options.coverage:
        tell(reached.reasons_table(session.reasons))
        tell(reached.branches(stem.with_suffix(".mitm")))
    if session.covered:
        tell(f"{len(session.covered)} known differences put aside")
    for check, case, count in await session.shrunk({case.id: case for case in cases}):
        tell(f"\n{check.tier} {check.field}, {count} times: the browser {check.wanted!r}, the addon {check.got!r}")
        tell(f"  {check.truth['kind']} {check.truth['method']} {check.truth['url']} | {check.truth['note']}")
        tell(f"  {json.dumps(to_json(case))}")
    return 0 if session.agreement.agrees else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    options = parse(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="browser-truth-") as folder:
            return asyncio.run(main_async(options, Path(folder)))
    except BrowserMissing as error:
        say(f"browser-truth: {error}")
        return 2


if __name__ == "__main__":
    sys.exit(main())
