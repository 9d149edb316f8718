"""Loads that something beside CORS stopped, counted by what stopped them: many of them in little room."""

from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from cors_addon.exchange.model import Judgement, Role
from cors_addon.fetch.load import Gate
from cors_addon.report import remedied
from cors_addon.report.blocked import beyond_cors, kind_of, page_of, phrase, was_to_be_read
from cors_addon.report.situation import told_of
from cors_addon.report.terminal import BOLD, Terminal
from cors_addon.report.text import FAILED, visible

MAX_GROUPS = 500
"""Different blocks that are kept apart; what comes beyond is counted together."""
REMEMBERED = 20_000
MAX_SHOWN = 30


class Group(NamedTuple):
    """What is one block to who cures it: one server, one gate, one value."""

    gate: Gate
    detail: str | None
    server: str
    """Origin of the URL, or for what the page's own policy stops, of the page."""


@dataclass(slots=True)
class Blocked:
    """How often it came, with an example."""

    example: Judgement
    source: str = ""
    """The recording of the example."""
    count: int = 0
    to_be_read: int = 0
    """Of these, answers that the page's script asked to read."""


class BlockedLoads:
    """What something beside CORS stopped, of all inputs; a later revision replaces an earlier one."""

    def __init__(self) -> None:
        """Begin with none."""
        self._groups: dict[Group, Blocked] = {}
        self._counted: OrderedDict[str, tuple[Group, bool, Role | None]] = OrderedDict()
        self.roles: Counter[str] = Counter()
        """Of those that bear no Origin, and of which CORS has nothing to say."""

    def add(self, judgement: Judgement, *, source: str = "") -> None:
        """Count a judgement, where it is of this kind."""
        flow_id = judgement.observation.flow_id
        earlier = self._counted.pop(flow_id, None) if self._counted else None
        if earlier is not None:
            self._forget(*earlier)
        fate = beyond_cors(judgement)
        if fate is None or fate.block is None:
            return
        block = fate.block
        # an element without CORS is at fault itself, whatever digest it names
        detail = None if block.gate is Gate.SRI and fate.load.opaque else block.detail
        group = Group(block.gate, detail, fate.load.origin if block.gate is Gate.CSP else fate.load.url.origin)
        if group not in self._groups and len(self._groups) >= MAX_GROUPS:
            group = Group(block.gate, None, "")
        found = self._groups.setdefault(group, Blocked(judgement, source))
        to_be_read = was_to_be_read(judgement)
        found.count += 1
        found.to_be_read += to_be_read
        role = judgement.role if judgement.origin is None and not judgement.chain else None
        if role is not None:
            self.roles[role] += 1
        self._counted[flow_id] = group, to_be_read, role
        if len(self._counted) > REMEMBERED:
            self._counted.popitem(last=False)

    def _forget(self, group: Group, to_be_read: bool, role: Role | None) -> None:
        if role is not None:
            self.roles[role] -= 1
        found = self._groups[group]
        found.count -= 1
        found.to_be_read -= to_be_read
        if not found.count:
            del self._groups[group]

    def may_join(self, later: "BlockedLoads") -> bool:
        """Whether what was counted apart is what this would have counted."""
        few = len(self._groups.keys() | later._groups.keys()) < MAX_GROUPS
        return few and self._counted.keys().isdisjoint(later._counted)

    def join(self, later: "BlockedLoads") -> None:
        """Take in the counts of what came later, and `may_join`."""
        self.roles.update(later.roles)
        for group, found in later._groups.items():
            own = self._groups.setdefault(group, found)
            if own is not found:
                own.count += found.count
                own.to_be_read += found.to_be_read
        self._counted.update(later._counted)
        while len(self._counted) > REMEMBERED:
            self._counted.popitem(last=False)

    def groups(self) -> list[tuple[Group, Blocked]]:
        """The most frequent first."""
        return sorted(self._groups.items(), key=lambda item: -item[1].count)

    @property
    def count(self) -> int:
        """How many loads were stopped."""
        return sum(each.count for each in self._groups.values())

    @property
    def to_be_read(self) -> int:
        """How many of them a script asked to read."""
        return sum(each.to_be_read for each in self._groups.values())


def headline(each: Blocked) -> str:
    """What stopped a load, and of what page."""
    fate = each.example.fate
    assert fate is not None
    assert fate.block is not None
    page = page_of(fate.load)
    return f"{phrase(fate.block, fate.load)}: {kind_of(fate.load)} {fate.load.named}{page and f' in {page}'}"


def cured(each: Blocked) -> list[str]:
    """What really happened, and what to change, for reports that machines read."""
    happened, remedies = told_of(each.example)
    return [*([] if happened is None else [happened.text]), *remedied.told(remedies)]


def section(loads: BlockedLoads, terminal: Terminal) -> Iterator[str]:
    """For the report in text: each block once, with an example and the cheapest cures."""
    groups = loads.groups()
    if groups:
        yield terminal.paint(BOLD, "Blocked, though not by CORS")
    for _, each in groups[:MAX_SHOWN]:
        fate = each.example.fate
        assert fate is not None
        assert fate.block is not None
        load = fate.load
        times = f" ({each.count} times)" if each.count > 1 else ""
        yield f"{terminal.mark(FAILED)} {visible(phrase(fate.block, load))}{times}"
        yield from terminal.wrapped(f"{kind_of(load)} {load.named}", "    ")
        if page := page_of(load):
            yield from terminal.wrapped(f"in {page}", "    ")
        happened, remedies = told_of(each.example)
        if happened is not None:
            yield from terminal.wrapped(happened.text, "    ")
        for line in remedied.lines(remedies, shown=2):
            yield from terminal.wrapped(line.plain, " " * 11, first=f"    {line.label:<5}")
    if len(groups) > MAX_SHOWN:
        yield f"… and {len(groups) - MAX_SHOWN} more kinds: see --format jsonl"
