"""Running cases: a proxy, a browser, cases through both, truth lines out."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import Callable, Container, Iterable, Sequence
from pathlib import Path
from typing import Any

from tests import waits

from .cases import Case
from .drivers import BrowserGone, Driver, Launch, Outcome
from .generate import TARGETS
from .proxy import Proxy, Seen
from .truth import Line, truth_lines

PRIME_PAGE = "http://app.example.test"
STEP_SECONDS = 45.0
LATE_SECONDS = 5.0
RESTARTS = 3

Progress = Callable[[int, int], None]


@dataclasses.dataclass(slots=True)
class Result:
    """What came of some cases: the truth lines, and which cases never came to an end."""

    lines: list[Line]
    unfinished: list[Case]


class Runner:
    """Runs cases in one browser behind one proxy, HTTP/1.1 ones first; a browser that dies is started anew."""

    def __init__(self, driver: type[Driver], proxy: Proxy, *, blocked_3pc: bool = False) -> None:
        self.driver = driver
        self.proxy = proxy
        self.blocked_3pc = blocked_3pc
        self.seen: dict[str, list[Seen]] = {}

    async def run(self, cases: Sequence[Case], progress: Progress | None = None) -> Result:
        """Run all cases and judge what became of them."""
        outcomes: dict[str, list[Outcome]] = {}
        ended: dict[str, float] = {}
        done = 0

        def finished(case: Case, mine: list[Outcome]) -> None:
            nonlocal done
            outcomes[case.id] = mine
            ended[case.id] = time.time()
            done += 1
            if progress is not None:
                progress(done, len(cases))

        for http, alone in (("1.1", False), ("2", False), ("2", True)):
            waiting = [case for case in cases if self.batch_of(case) == (http, alone)]
            for _ in range(RESTARTS):
                if waiting:
                    await self.run_batch(waiting, http, finished, 1 if alone else self.driver.concurrency)
                waiting = [case for case in waiting if case.id not in outcomes]
                self.take_in(outcomes)
        lines: list[Line] = []
        for case in cases:
            if case.id in outcomes:
                # what comes long after is no part of the case: WebKit revalidates what a page once used
                until = ended[case.id] + LATE_SECONDS
                flows = [one for one in self.seen.pop(case.id, []) if one.time < until]
                lines += truth_lines(case, flows, outcomes[case.id], self.driver, blocked_3pc=self.blocked_3pc)
        return Result(lines, [case for case in cases if case.id not in outcomes])

    def batch_of(self, case: Case) -> tuple[str, bool]:
        """The HTTP version that a case is run with, and whether no other may run beside it."""
        return (case.http, case.alone) if self.driver.http2 else ("1.1", False)

    def take_in(self, finished: Container[str]) -> None:
        """Keep what was seen of finished cases; the others are run once more, and what was seen of them misleads."""
        for one in self.proxy.drain_log():
            if one.case in finished:
                self.seen.setdefault(one.case, []).append(one)

    async def run_batch(
        self, cases: Iterable[Case], http: str, finished: Callable[[Case, list[Outcome]], None], concurrency: int
    ) -> None:
        """Run cases of one HTTP version in a fresh browser, some at once; returns early where the browser dies."""
        await self.proxy.tell(options={"http2": http == "2"})
        queue = iter(cases)
        with tempfile.TemporaryDirectory(prefix="browser-truth-", ignore_cleanup_errors=True) as folder:
            browser = self.driver()
            try:
                await browser.start(
                    Launch(self.proxy.port, Path(folder, "profile"), block_third_party_cookies=self.blocked_3pc)
                )
                await browser.prime(PRIME_PAGE, [f"{origin}/prime" for origin in TARGETS])

                async def work() -> None:
                    for case in queue:
                        finished(case, await self.run_case(browser, case))

                async with asyncio.TaskGroup() as group:
                    for _ in range(concurrency):
                        group.create_task(work())
            except* BrowserGone as errors:
                sys.stderr.write(f"\nthe browser is started anew: {errors.exceptions[0]}\n")
            finally:
                await browser.stop()

    async def run_case(self, browser: Driver, case: Case) -> list[Outcome]:
        """Run the steps of one case in order."""
        await self.proxy.add_cases([case])
        if case.parallel:
            return await self.run_together(browser, case)
        made: list[Outcome] = []
        for index, step in enumerate(case.steps):
            if step.wait:
                await waits.grace(step.wait)  # the case asks for it: an entry runs out, a preflight is late
            if len(case.steps) > 1:
                await self.proxy.tell(step={case.id: index})
            asked: dict[str, Any] = {**dataclasses.asdict(step), "url": case.url(index, 0)}
            try:
                async with asyncio.timeout(STEP_SECONDS):
                    made.append(await browser.run_step(case, index, asked))
            except TimeoutError:
                raise BrowserGone(f"case {case.id} hangs") from None
        return made

    @staticmethod
    async def run_together(browser: Driver, case: Case) -> list[Outcome]:
        """Run all steps of one case at once; each request bears the number of its step, where no preflight needs be."""
        asked: list[dict[str, Any]] = []
        for index, step in enumerate(case.steps):
            fields = {**dataclasses.asdict(step), "url": case.url(index, 0)}
            asked.append({**fields, "headers": [*step.headers, ("Accept", f"step/{index}")]})
        try:
            async with asyncio.timeout(STEP_SECONDS):
                return await browser.run_together(case, asked)
        except TimeoutError:
            raise BrowserGone(f"case {case.id} hangs") from None


async def record(
    driver: type[Driver],
    cases: Sequence[Case],
    dump: Path,
    truth: Path,
    *,
    jsonl: Path | None = None,
    blocked_3pc: bool = False,
    witness: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Run cases, adding the flows to `dump`, the truth lines to `truth` and the addon's lines to `jsonl`.

    `witness`: pages get the witness.
    """
    async with Proxy(dump, jsonl=jsonl, witness=witness) as proxy:
        result = await Runner(driver, proxy, blocked_3pc=blocked_3pc).run(cases, progress)
    with open(truth, "a", encoding="utf-8") as file:
        for line in result.lines:
            file.write(json.dumps(line) + "\n")
    return result
