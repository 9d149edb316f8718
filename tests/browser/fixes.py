"""Does the page's request succeed once the remedies are followed? Asked of a real browser.

Every case that the browser refuses is followed as a person would follow the addon's advice: the first remedy for the
refused flow that a case can show is made, at the server or in the page, the page asks again, and so on until nothing is
refused or nothing can be suggested.
"""

from __future__ import annotations

import collections
import dataclasses
import itertools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from .cases import HEADER_OF_FIELD, Case, Mutation, Side, Step, hop_number
from .drivers import Driver
from .generate import TOO_MANY
from .run import record
from .truth import Line

if TYPE_CHECKING:
    from cors_addon.remedies.value import Change, InPage, Remedy

FIELD_OF_HEADER = {name: field for field, name in HEADER_OF_FIELD.items()}
HEADER_OF_ORIGIN = FIELD_OF_HEADER["Access-Control-Allow-Origin"]
ROUNDS = 12
BY_SCRIPT = frozenset({"fetch", "xhr"})
"""Requests whose page tells whether they succeeded; an element may dislike what it got for other reasons than CORS."""

REDIRECT_ELSEWHERE = "Redirect to an http(s) URL"
"""How the remedy begins for a Location that leads nowhere."""

SUCCEEDS = "the request succeeds"
NO_ANSWER = "no answer came: there is nothing to change"
NOWHERE = "a redirect leads where no request may go, or never ends"
REDIRECT_MODE = "the page itself asked for no redirect"
MIXED_CONTENT = "a redirect leads from https to http"
CLASSIC = "a module without a type is the request of a classic script, which needs none"
EXCUSES = (NO_ANSWER, NOWHERE, REDIRECT_MODE, MIXED_CONTENT, CLASSIC)
"""What no change to a header or a status can help, by what is known of the case."""


class Refused(NamedTuple):
    """The truth line of a refused flow, and the remedies for it."""

    line: Line
    remedies: tuple[Remedy, ...]
    lines: dict[str, Line]
    """By flow id: another flow's answer may be what is to change."""


@dataclasses.dataclass(slots=True)
class Followed:
    """A refused case: as it was drawn, as it is with the suggestions so far, and how it ended."""

    drawn: Case
    case: Case
    changes: list[str] = dataclasses.field(default_factory=list)
    requests: list[int] = dataclasses.field(default_factory=list)
    """Of each change, for which of the page's requests it is."""
    whose: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    """Of each change who was to make it, and what kind of change it is; a remedy passed over is `… not made`."""
    end: str = ""

    @property
    def good(self) -> bool:
        """The advice helped, or rightly there was none."""
        return self.end == SUCCEEDS or self.end in EXCUSES

    @property
    def most(self) -> int:
        """The most changes that one request needed: each of a page's requests has faults of its own."""
        return max(collections.Counter(self.requests).values(), default=0)

    def advance(self, refused: Refused | None) -> None:
        """Take in how the browser fared: the end, or the next suggestion."""
        if refused is None:
            self.end = SUCCEEDS
            return
        line = refused.line
        made = ((remedy, _followed(self.case, refused, remedy)) for remedy in refused.remedies)
        remedy, case = next(((remedy, case) for remedy, case in made if case is not None), (None, None))
        self._note(refused.remedies, remedy)
        if "insecure content" in (line.get("net_error") or ""):
            self.end = MIXED_CONTENT
        elif remedy is not None and case is not None:
            first = "" if remedy is refused.remedies[0] else f", not the first of {len(refused.remedies)}"
            self.changes.append(f"{line['error']} at the {line['kind']}: {remedy.who}: {remedy.what}{first}")
            self.requests.append(line["step"])
            self.case = case
        else:
            said = line["error"] or line.get("net_error") or line["js"]
            self.end = _excuse(self.case, line) or f"{said}, and no suggestion"

    def _note(self, told: Sequence[Remedy], made: Remedy | None) -> None:
        """Keep whose the change is; of remedies before it that no case can show, that they were passed over."""
        for one in told:
            kind = "in words" if one.change is None else type(one.change).__name__
            self.whose.append((one.who.value, kind if one is made else f"{kind}, not made"))
            if one is made:
                return


async def follow(
    driver: type[Driver], cases: Iterable[Case], folder: Path, wanted: int, say: Callable[[str], None]
) -> list[Followed]:
    """Draw from the cases until there are suggestions for so many, and follow them; also those that have none.

    Of what is taken together one URL's answer is every step's, and to be changed in all: it is not drawn.
    """
    found: list[Followed] = []
    helped = 0
    alone = (case for case in cases if not case.parallel)
    for batch in itertools.batched(alone, max(wanted, 100)):
        refused = await _run(driver, batch, folder / f"drawn{batch[0].id}")
        for case in batch:
            if case.id in refused and "step" in refused[case.id].line and helped < wanted:
                found.append(Followed(case, case))
                found[-1].advance(refused[case.id])
                helped += not found[-1].end
        say(f"{helped} of {wanted} refused cases with a suggestion")
        if helped == wanted:
            break
    for number in range(1, ROUNDS):
        current = [one for one in found if not one.end]
        if not current:
            break
        say(f"round {number}: {len(current)} cases")
        refused = await _run(driver, [one.case for one in current], folder / f"round{number}")
        for one in current:
            one.advance(refused.get(one.case.id))
    for one in found:
        endless = any(len(step.urls) >= TOO_MANY for step in one.drawn.steps)
        one.end = one.end or (NOWHERE if endless else f"still refused after {len(one.changes)} suggestions")
    return found


def table(found: Sequence[Followed]) -> str:
    """How the cases ended, and each that ended badly with what was suggested for it."""
    ends = collections.Counter(one.end for one in found)
    suggestions = collections.Counter(one.most for one in found)
    counts = ", ".join(f"{many} with {count}" for count, many in sorted(suggestions.items()))
    lines = [f"{len(found)} refused cases, by the number of suggestions for one request: {counts}"]
    lines += [f"{many:>5}  {end}" for end, many in ends.most_common()]
    whose = collections.Counter(each for one in found for each in one.whose)
    lines += ["whose, and what kind of change:"]
    lines += [f"{many:>5}  {who}: {kind}" for (who, kind), many in whose.most_common()]
    for one in found:
        if not one.good:
            lines += ["", f"{one.drawn.id} {one.drawn.note}: {one.end}", *(f"  {change}" for change in one.changes)]
    return "\n".join(lines)


async def _run(driver: type[Driver], cases: Sequence[Case], stem: Path) -> dict[str, Refused]:
    """Run cases; for each refused one its first refused flow, and the remedies for it."""
    dump = stem.with_suffix(".mitm")
    result = await record(driver, cases, dump, stem.with_suffix(".jsonl"))
    remedies = suggestions(dump)
    lines = {line["flow_id"]: line for line in result.lines}
    found: dict[str, Refused] = {}
    for case in result.unfinished:
        found[case.id] = Refused({"error": "the browser did not come to an end", "js": "timeout"}, (), {})
    for line in result.lines:
        failed = line["api"] in BY_SCRIPT and line["js"] != "resolved" and line["verdict"] != "not-cors"
        if line["verdict"] == "deny" or (failed and _is_last(line, result.lines)):
            found.setdefault(line["case"], Refused(line, remedies.get(line["flow_id"], ()), lines))
    return found


def _is_last(line: Line, lines: Sequence[Line]) -> bool:
    """Whether a flow is its step's last, on which the step ended."""
    return line is [one for one in lines if (one["case"], one["step"]) == (line["case"], line["step"])][-1]


def suggestions(dump: Path) -> dict[str, tuple[Remedy, ...]]:
    """The remedies that the addon shows for each flow of a dump."""
    from mitmproxy import http
    from mitmproxy.io import FlowReader

    from cors_addon.flows import translate
    from cors_addon.report.situation import remedies_of
    from cors_addon.report.text import in_question
    from cors_addon.session.session import ALL, Session

    session = Session(keep=ALL)
    with open(dump, "rb") as file:
        for flow in FlowReader(file).stream():
            assert isinstance(flow, http.HTTPFlow)
            session.observe(translate.observation(flow))
    session.finish()
    return {flow_id: remedies_of(in_question(judgement)) for flow_id, judgement in session.last.items()}


def _followed(case: Case, refused: Refused, remedy: Remedy) -> Case | None:
    """The case with a remedy made; None where it is none that a case can show."""
    from cors_addon.remedies.value import Change, InPage

    step = case.steps[refused.line["step"]] if "step" in refused.line else None
    if step is None:
        return None
    if isinstance(remedy.change, Change):
        at = refused.lines.get(remedy.change.flow_id or "", refused.line)
        return _answered(case, at, remedy.change) if remedy.change.complete else None
    if isinstance(remedy.change, InPage):
        if remedy.also is not None:
            case = _answered(case, refused.line, remedy.also)
            step = case.steps[refused.line["step"]]
        changed = _asked(case, step, refused.line["step"], remedy.change)
        return None if changed is None or changed == step else _with_step(case, refused.line["step"], changed)
    if REDIRECT_ELSEWHERE in remedy.what:
        hop = _hop_of(step, refused.line)
        kept = tuple(one for one in step.mutations if (one.hop, one.field) != (hop, "location"))
        return (
            None
            if kept == step.mutations
            else _with_step(case, refused.line["step"], dataclasses.replace(step, mutations=kept))
        )
    if case.origin(step) == "null":  # the page is to have an origin of its own
        plain = _with_step(case, refused.line["step"], dataclasses.replace(step, ctx=""))
        paged = dataclasses.replace(plain, ctx="page")
        if "have the server allow that origin" not in remedy.what:
            return paged
        origin = paged.origin(paged.steps[refused.line["step"]])
        return _with_mutation(paged, refused.line, HEADER_OF_ORIGIN, (origin,))
    return None


def _with_step(case: Case, index: int, step: Step) -> Case:
    return dataclasses.replace(case, steps=(*case.steps[:index], step, *case.steps[index + 1 :]))


def _asked(case: Case, step: Step, index: int, change: InPage) -> Step | None:
    """A step that asks otherwise."""
    if change.url is not None:
        # by its number, for a Location may spell a URL otherwise
        asked = [(urlsplit(case.url(index, hop)).netloc, hop_number(url)) for hop, url in enumerate(step.urls)]
        try:
            wanted = (urlsplit(change.url).netloc, hop_number(change.url))
        except (ValueError, IndexError):  # none of the case's URLs
            return None
        if wanted not in asked:
            return None
        hop = asked.index(wanted)
        moved = (dataclasses.replace(one, hop=one.hop - hop) for one in step.mutations if one.hop >= hop)
        return dataclasses.replace(step, urls=step.urls[hop:], redirects=step.redirects[hop:], mutations=tuple(moved))
    if change.method is not None:
        return dataclasses.replace(step, method=change.method)
    if change.drop:
        kept = tuple((name, value) for name, value in step.headers if name.lower() not in change.drop)
        return dataclasses.replace(step, headers=kept)
    if change.crossorigin is not None and step.crossorigin is not None:
        return dataclasses.replace(step, crossorigin=change.crossorigin)
    if change.credentials is not None and step.api in BY_SCRIPT:
        return dataclasses.replace(step, credentials=change.credentials)
    return None


def _answered(case: Case, line: Line, change: Change) -> Case:
    """The case with a change made to the answer that was refused."""
    for edit in change.edits:
        if edit.name in FIELD_OF_HEADER:
            case = _with_mutation(case, line, FIELD_OF_HEADER[edit.name], () if edit.after is None else (edit.after,))
    return case if change.status is None else _with_mutation(case, line, "status", (str(change.status),))


def _hop_of(step: Step, line: Line) -> int:
    """Which of a step's requests a flow is."""
    return next(index for index, url in enumerate(step.urls) if hop_number(url) == hop_number(line["url"]))


def _with_mutation(case: Case, line: Line, field: str, values: tuple[str, ...]) -> Case:
    step = case.steps[line["step"]]
    hop = _hop_of(step, line)
    side: Side = "p" if line["kind"] == "preflight" else "a"
    name = values[0] if field == "status" else "suggested"
    made = Mutation(hop, side, field, name, values)
    return _with_step(case, line["step"], dataclasses.replace(step, mutations=(*step.mutations, made)))


def _excuse(case: Case, refused: Line) -> str | None:
    """What it is that no change can help, by what the case says of itself."""
    if "step" not in refused:
        return None
    step, why = case.steps[refused["step"]], refused.get("ambiguous_why", "")
    if "before an answer" in why:
        return NO_ANSWER
    if "a classic script looks alike" in why:
        return CLASSIC
    if refused["kind"] == "redirect-hop":
        if step.redirect == "error":
            return REDIRECT_MODE
        if step.end_location is not None or len(step.urls) > TOO_MANY - 1:
            return NOWHERE
    return None
