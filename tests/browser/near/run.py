"""Running cases of one load: a proxy, a browser, its word on each, and how the addon's lines compare."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import json
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.browser.compare import load_lines
from tests.browser.drivers import BrowserGone, Launch
from tests.browser.proxy import Proxy, Seen

from .cases import FRAMED, IN_SHEETS, NearCase, answers, from_json
from .drivers import NearDriver, Told
from .verdict import Judged, judged

CASE_SECONDS = 40.0
RESTARTS = 4
FRAMED_SECONDS = 10.0
PAGE = -1
"""The hop of a case's own page, as the case server counts."""
DEMANDS = frozenset({"Content-Security-Policy", "Cross-Origin-Embedder-Policy", "Document-Isolation-Policy"})
TABLE = Path(__file__).with_name("known_differences.json")

Progress = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Miss:
    """A flow on which browser and addon differ."""

    judged: Judged
    ours: str | None
    told: Told

    @property
    def signature(self) -> tuple[str, ...]:
        """What it is about, whatever the case."""
        case, verdict = self.judged.case, self.judged.verdict
        return (case.loader, str(verdict.gate), str(self.ours))


@dataclasses.dataclass(slots=True)
class Found:
    """What a run found."""

    agree: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    """By what the browser said."""
    differ: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    undecided: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    """Flows that no traffic decides, by why."""
    undecided_agree: int = 0
    never_sent: int = 0
    derived: int = 0
    known: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    misses: list[Miss] = dataclasses.field(default_factory=list)
    open_misses: list[Miss] = dataclasses.field(default_factory=list)
    """Of flows that no traffic decides: for who looks at them."""
    cases: int = 0

    def add(self, other: Found) -> None:
        """Count in what another run found."""
        for name in ("agree", "differ", "undecided", "known"):
            getattr(self, name).update(getattr(other, name))
        for name in ("undecided_agree", "never_sent", "derived", "cases"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.misses += other.misses
        self.open_misses += other.open_misses

    @property
    def share(self) -> float:
        """Of what is judged, how much agrees."""
        total = self.agree.total() + self.differ.total()
        return self.agree.total() / total if total else 1.0

    def table(self) -> str:
        """A line for each thing that the browser said."""
        lines = [f"{'the browser':<18}{'agree':>7} {'of':<7}"]
        for name in sorted({*self.agree, *self.differ}):
            lines.append(f"{name:<18}{self.agree[name]:>7}/{self.agree[name] + self.differ[name]:<7}")
        total = self.agree.total() + self.differ.total()
        lines.append(f"{'all':<18}{self.agree.total():>7}/{total:<7}{self.share:>9.2%}")
        lines.append(
            f"{self.cases} cases; {self.never_sent} never sent; {self.derived} of the verdicts read from headers; "
            f"{self.undecided.total()} flows that no traffic decides, of which {self.undecided_agree} agree"
        )
        lines += [f"  {count:>5} {why}" for why, count in self.undecided.most_common()]
        lines += [f"  {count:>5} known: {name}" for name, count in self.known.most_common()]
        return "\n".join(lines)


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """A reviewed difference: each of `match` is a regular expression for the thing of that name."""

    name: str
    reason: str
    browser: str
    match: Mapping[str, str]
    case: NearCase

    def covers(self, miss: Miss) -> bool:
        """Whether it is this one."""
        case = miss.judged.case
        things = {
            "loader": case.loader,
            "browser_says": miss.judged.verdict.gate,
            "addon_says": miss.ours,
            "note": case.note,
            "why": miss.judged.verdict.why,
        }
        return self.browser == miss.judged.browser and all(
            re.search(pattern, str(things[name])) for name, pattern in self.match.items()
        )


def known(path: Path = TABLE) -> list[Difference]:
    """The reviewed table."""
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return [Difference(**{**row, "case": from_json(row["case"])}) for row in rows]


class NearRunner:
    """Runs cases in one browser behind one proxy; of pages of one origin one at a time, for traffic tells them apart
    by the origin alone, and those whose requests may name no page by themselves.
    """

    def __init__(self, driver: type[NearDriver], proxy: Proxy) -> None:
        self.driver = driver
        self.proxy = proxy

    async def run(
        self, cases: Sequence[NearCase], progress: Progress | None = None
    ) -> dict[str, tuple[NearCase, Told]]:
        """What the browser told of each case that came to an end."""
        made: dict[str, tuple[NearCase, Told]] = {}
        await self.proxy.tell(options={"http2": self.driver.http2})
        for hides in (False, True):
            for _ in range(RESTARTS):
                waiting = [case for case in cases if case.id not in made and case.hides is hides]
                if waiting:
                    at_once = 1 if hides else self.driver.concurrency
                    await self.batch(waiting, made, at_once, lambda: progress and progress(len(made), len(cases)))
        return made

    async def batch(
        self,
        cases: Sequence[NearCase],
        made: dict[str, tuple[NearCase, Told]],
        at_once: int,
        done: Callable[[], object],
    ) -> None:
        """Run cases in a fresh browser; returns early where it dies."""
        queues: dict[str, collections.deque[NearCase]] = {}
        for case in cases:
            queues.setdefault(case.page, collections.deque()).append(case)
        with tempfile.TemporaryDirectory(prefix="browser-truth-", ignore_cleanup_errors=True) as folder:
            browser = self.driver()
            try:
                await browser.start(Launch(self.proxy.port, Path(folder, "profile")))
                slots = asyncio.Semaphore(at_once)

                async def work(queue: collections.deque[NearCase]) -> None:
                    while queue:
                        async with slots:
                            case = queue.popleft()
                            made[case.id] = (case, await self.one(browser, case))
                            done()

                async with asyncio.TaskGroup() as group:
                    for queue in queues.values():
                        group.create_task(work(queue))
            except* BrowserGone as errors:
                sys.stderr.write(f"\nthe browser is started anew: {errors.exceptions[0]}\n")
            finally:
                await browser.stop()

    async def one(self, browser: NearDriver, case: NearCase) -> Told:
        """Run one case."""
        table = answers(case)
        await self.proxy.tell(near=table)
        try:
            async with asyncio.timeout(CASE_SECONDS):
                told = await browser.run_load(case)
        except TimeoutError:
            raise BrowserGone(f"case {case.id} hangs") from None
        await self.proxy.tell(forget=list(table))
        return told


async def compared(
    driver: type[NearDriver],
    cases: Sequence[NearCase],
    stem: Path,
    progress: Progress | None = None,
    differences: Sequence[Difference] = (),
) -> Found:
    """Run cases, with traffic in `stem`.mitm, and compare the addon's lines with the browser's word."""
    jsonl = stem.with_suffix(".ours.jsonl")
    async with Proxy(stem.with_suffix(".mitm"), jsonl=jsonl) as proxy:
        told = await NearRunner(driver, proxy).run(cases, progress)
        seen: dict[str, list[Seen]] = {}
        for flow in proxy.drain_log():
            seen.setdefault(flow.case, []).append(flow)
    ours = load_lines(jsonl)
    found = Found()
    framed = [each for case, _ in told.values() for each in framed_flows(case, seen)]
    pages = [flow for each in seen.values() for flow in each if flow.hop == PAGE]
    for case, mine in told.values():
        found.cases += 1
        flows = [
            beside(opened_beside(each, pages), framed)
            for each in judged(case, mine, seen.get(case.id, []), driver.name)
        ]
        found.never_sent += not flows
        for each in flows:
            sort(found, each, ours, mine, differences)
    return found


def framed_flows(case: NearCase, seen: Mapping[str, Sequence[Seen]]) -> list[tuple[Seen, bool]]:
    """The answers of a case that became documents within its page, and whether they demand anything."""
    demands = any(change.what in DEMANDS for change in case.changes)
    own = [(flow, demands) for flow in seen.get(case.id, []) if flow.hop >= 0 and case.loader in FRAMED]
    between = case.middle and case.loader not in IN_SHEETS
    return own + [(flow, bool(case.worker_policy)) for flow in seen.get(case.id, []) if between and flow.hop < PAGE]


def opened_beside(each: Judged, pages: Sequence[Seen]) -> Judged:
    """Undecided where another case has opened a page of the origin of this one's frame meanwhile: whose load it is says
    the origin alone.
    """
    case, flow = each.case, each.flow
    for page in pages if case.middle not in ("", case.page) and case.loader not in IN_SHEETS else ():
        recent = 0 <= flow.time - page.time < FRAMED_SECONDS
        if recent and page.case != case.id and page.url.startswith(f"{case.middle}/"):
            why = "a page of the frame's origin was opened elsewhere meanwhile"
            return dataclasses.replace(each, undecided=each.undecided or why)
    return each


def beside(each: Judged, framed: Sequence[tuple[Seen, bool]]) -> Judged:
    """Undecided where another case has framed a document of the page's origin shortly before, and one of them demands
    something: which of the two asks is not in the traffic.
    """
    case, flow = each.case, each.flow
    if flow.header("referer") == case.document:
        return each
    for other, demands in framed:
        recent = 0 <= flow.time - other.time < FRAMED_SECONDS
        unlike = demands or bool(case.policy or case.meta or case.integrity)
        if recent and unlike and other.case != case.id and other.url.startswith(f"{case.page}/"):
            why = "a document of the page's origin was framed elsewhere meanwhile"
            return dataclasses.replace(each, undecided=each.undecided or why)
    return each


def sort(
    found: Found, each: Judged, ours: Mapping[str, Mapping[str, Any]], told: Told, differences: Sequence[Difference]
) -> None:
    """Count one flow."""
    said = ours.get(each.flow.flow_id, {}).get("blocked_by")
    name = each.verdict.gate or "(not blocked)"
    if each.undecided:
        found.undecided[each.undecided] += 1
        if said == each.verdict.gate:
            found.undecided_agree += 1
        else:
            found.open_misses.append(Miss(each, said, told))
        return
    if said != each.verdict.gate:
        miss = Miss(each, said, told)
        for one in differences:
            if one.covers(miss):
                found.known[one.name] += 1
                return
        found.differ[name] += 1
        found.misses.append(miss)
        return
    found.agree[name] += 1
    found.derived += each.verdict.derived
