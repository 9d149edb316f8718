"""The summary as Markdown, for a job's summary or a comment on a pull request: the result, each cause and its cure.

Law: what stood in a URL or a header is shown as code that nothing in it can end, and so is never markup.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from cors_addon.remedies.value import Remedy
from cors_addon.report import remedied
from cors_addon.report.blocked import phrase
from cors_addon.report.counted import Endpoint
from cors_addon.report.cures import plural
from cors_addon.report.findings import finding_phrase
from cors_addon.report.summary import Cause, Found, Summary
from cors_addon.report.table import damage_line, result
from cors_addon.report.text import visible

MAX_CAUSES = 20
MAX_PLACES = 5
MOST_TEXT = 60_000
"""A comment on GitHub holds 65,536 characters."""


def render(summary: Summary) -> str:
    """The whole, cut off where a comment would be too long."""
    mark, words = result(summary)
    parts = [f"### {mark} {words}", *_table(summary)]
    causes = sorted(summary.causes(), key=lambda cause: not cause.fresh)
    parts += ["\n".join(_cause(cause, summary)) for cause in causes[:MAX_CAUSES]]
    if len(causes) > MAX_CAUSES:
        parts.append(f"… and {len(causes) - MAX_CAUSES} more causes.")
    parts += ["\n".join(section) for section in (list(_blocked(summary)), list(_findings(summary.found()))) if section]
    parts += [f"> ⚠ {code(damage_line(each))}" for each in summary.inputs if each.damage is not None]
    if summary.interrupted:
        parts.append("> ⚠ interrupted: these are partial results")
    kept: list[str] = []
    for part in parts:  # whole parts, so that no fence stays open
        if sum(map(len, kept)) + len(part) > MOST_TEXT:
            kept.append("… more did not fit here.")
            break
        kept.append(part)
    return "\n\n".join(kept) + "\n"


def code(text: str) -> str:
    """Text as inline code, whatever is in it."""
    shown = visible(text).replace("\n", " ").strip()
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}" if shown else ""


def _cell(text: str) -> str:
    return code(text).replace("|", "\\|")


def _table(summary: Summary) -> Iterator[str]:
    rows = [
        f"| {_cell(cause.reason)}{_stage(cause)} | {_cell(cause.server)} | {cause.count} | {len(cause.endpoints)} |"
        for cause in summary.causes()[:MAX_CAUSES]
    ]
    if rows:
        yield "\n".join(["| cause | server | exchanges | endpoints |", "|---|---|--:|--:|", *rows])


def _stage(cause: Cause) -> str:
    return "" if cause.stage == "actual" else f" at the {cause.stage}"


def _cause(cause: Cause, summary: Summary) -> Iterator[str]:
    known = "" if summary.baseline is None else " (new)" if cause.fresh else " (known)"
    yield f"#### {code(cause.reason)}{_stage(cause)}{known}"
    yield ""
    if cause.happened is not None:
        yield code(cause.happened.text)
        yield ""
    yield code(cause.phrase)
    yield ""
    yield from _places(cause.endpoints)
    yield from _fix(cause.remedies, cause.example.observation.status)


def _places(endpoints: Mapping[Endpoint, int]) -> Iterator[str]:
    for endpoint, count in list(endpoints.items())[:MAX_PLACES]:
        page = f" from {code(endpoint.origin)}" if endpoint.origin else ""
        yield f"- {code(str(endpoint))}{page}, {count}×"
    if len(endpoints) > MAX_PLACES:
        yield f"- … and {len(endpoints) - MAX_PLACES} more"


def _fix(remedies: Sequence[Remedy], status: int | None) -> Iterator[str]:
    lines = list(remedied.lines(remedies, status, 1))
    if not lines:
        return
    body = [visible(f"{line.label}: {line.plain}" if line.label else line.plain) for line in lines]
    fence = "`" * max(3, 1 + max(len(run) for text in body for run in ["", *re.findall("`+", text)]))
    yield from ("", f"{fence}diff", *(text.replace("\n", " ") for text in body), fence)


def _blocked(summary: Summary) -> Iterator[str]:
    count = summary.blocked.count
    if not count:
        return
    yield f"#### {count} load{plural(count)} blocked by something else than CORS"
    yield ""
    for _, each in summary.blocked.groups()[:MAX_CAUSES]:
        fate = each.example.fate
        if fate is not None and fate.block is not None:
            yield f"- {code(phrase(fate.block, fate.load))}: {code(fate.load.named)}, {each.count}×"


def _findings(found: Sequence[Found]) -> Iterator[str]:
    if not found:
        return
    yield f"#### {len(found)} security finding{plural(len(found))}"
    yield ""
    for each in found[:MAX_CAUSES]:
        yield f"- {code(each.name)} at {code(each.server)}: {code(finding_phrase(each.example, each.finding))}"
