"""Pages that want cross-origin isolation, and what of their loads is not ready for it.

Law: what is kept is bounded, and each load of a page is told once, however often it came.
"""

from collections.abc import Iterator
from typing import NamedTuple

from cors_addon.exchange.model import Judgement
from cors_addon.fetch.load import Block, Gate
from cors_addon.report.blocked import kind_of
from cors_addon.report.terminal import BOLD, Terminal
from cors_addon.report.text import FAILED, shortened, visible

MAX_PAGES, MAX_LOADS, MAX_SHOWN = 200, 500, 30


class Wish(NamedTuple):
    """A page, and the embedder policy that it has or tries."""

    page: str
    policy: str
    enforced: bool


class Readiness:
    """Of all inputs."""

    def __init__(self) -> None:
        """Begin with none."""
        self._found: dict[Wish, dict[tuple[str, str], None]] = {}

    def add(self, judgement: Judgement) -> None:
        """Take in a load that its page's embedder policy stops, or would."""
        fate = judgement.fate
        page = None if fate is None else fate.load.page
        if fate is None or page is None:
            return
        block, enforced = fate.reported or fate.block, fate.reported is None
        if block is None or block.gate is not Gate.COEP:
            return
        policy = page.embedder if enforced else page.reported
        wish = Wish(str(page.url), policy.value, enforced)
        if not policy.isolates or (wish not in self._found and len(self._found) >= MAX_PAGES):
            return
        loads = self._found.setdefault(wish, {})
        if len(loads) < MAX_LOADS:
            loads[f"{kind_of(fate.load)} {fate.load.url}", _lacking(block)] = None

    def may_join(self, later: "Readiness") -> bool:
        """Whether what was taken in apart is what this would have taken in: no bound comes near."""
        few = len(self._found.keys() | later._found.keys()) <= MAX_PAGES
        return few and all(
            len({*self._found.get(wish, ()), *loads}) <= MAX_LOADS for wish, loads in later._found.items()
        )

    def join(self, later: "Readiness") -> None:
        """Take in what came later, and `may_join`."""
        for wish, loads in later._found.items():
            self._found.setdefault(wish, {}).update(loads)

    def __bool__(self) -> bool:
        return bool(self._found)

    def section(self, terminal: Terminal) -> Iterator[str]:
        """For the reports in text."""
        if self._found:
            yield terminal.paint(BOLD, "Ready for cross-origin isolation?")
        for wish, loads in self._found.items():
            how = "" if wish.enforced else ", report-only"
            many = "1 load is not" if len(loads) == 1 else f"these {len(loads)} loads are not"
            yield from terminal.wrapped(
                f"{shortened(wish.page)} ({wish.policy}{how}): {many}", "    ", first=f"{terminal.mark(FAILED)} "
            )
            for what, lacking in list(loads)[:MAX_SHOWN]:
                yield from terminal.wrapped(f"{visible(what)}  {visible(lacking)}", "      ", first="    ")
            if len(loads) > MAX_SHOWN:
                yield f"    … and {len(loads) - MAX_SHOWN} more"


def _lacking(block: Block) -> str:
    """What the load lacks."""
    return f"no {block.header}" if block.detail is None else f"{block.header}: {block.detail}"
