"""The summary as GitHub Actions annotations: one for each cause, and for each security finding.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions#setting-an-error-message
"""

from collections.abc import Iterable, Iterator, Mapping

from cors_addon.report import answered, remedied
from cors_addon.report.blocked_loads import Blocked, Group, cured, headline
from cors_addon.report.counted import Endpoint
from cors_addon.report.findings import finding_phrase
from cors_addon.report.summary import Cause, Found, Summary
from cors_addon.report.table import damage_line
from cors_addon.report.text import visible

MAX_CAUSES = 10
"""GitHub shows no more of one step."""


def render(summary: Summary) -> str:
    """Workflow commands, and a line at the end for the log."""
    causes = sorted(summary.causes(), key=lambda cause: not cause.fresh)
    found = sorted(summary.found(), key=lambda each: not each.fresh)
    lines = [_cause(cause) for cause in causes[:MAX_CAUSES]]
    if len(causes) > MAX_CAUSES:
        lines.append(f"::warning title=CORS::{len(causes) - MAX_CAUSES} more causes are not shown here")
    lines += [_finding(each) for each in found[:MAX_CAUSES]]
    if len(found) > MAX_CAUSES:
        lines.append(f"::warning title=CORS::{len(found) - MAX_CAUSES} more findings are not shown here")
    blocked = summary.blocked.groups()
    lines += [_blocked(group, each) for group, each in blocked[:MAX_CAUSES]]
    if len(blocked) > MAX_CAUSES:
        lines.append(f"::warning title=Blocked::{len(blocked) - MAX_CAUSES} more blocks are not shown here")
    lines += _of_inputs(summary)
    counted = [
        _counted(summary.judged, "CORS exchange") + " judged",
        f"{sum(cause.count for cause in causes)} denied",
        _counted(len(causes), "cause"),
        *([_counted(len(found), "security finding")] if found else ()),
        *([_counted(summary.blocked.count, "load") + " blocked by something else"] if blocked else ()),
    ]
    lines.append(f"cors-addon: {', '.join(counted)}")
    return "\n".join(lines) + "\n"


def _cause(cause: Cause) -> str:
    really = [] if cause.happened is None else [cause.happened.text]
    told = answered.lines(cause.example)
    fix = remedied.told(cause.remedies)
    body = [*really, *told, cause.phrase, *_places(cause.endpoints), *fix, f"cors-addon explain {cause.reason}"]
    title = f"CORS: {cause.reason}" + ("" if cause.stage == "actual" else f" at the {cause.stage}")
    return _annotation("error" if cause.fresh else "notice", title, body)


def _finding(found: Found) -> str:
    phrase = finding_phrase(found.example, found.finding)
    body = [phrase, *_places(found.endpoints), f"cors-addon explain {found.name}"]
    return _annotation("warning" if found.fresh and found.is_warning else "notice", f"CORS: {found.name}", body)


def _blocked(group: Group, each: Blocked) -> str:
    body = [headline(each), *([f"{each.count} ×"] if each.count > 1 else ()), *cured(each)]
    return _annotation("error" if each.to_be_read else "warning", f"Blocked, not by CORS: {group.gate}", body)


def _places(endpoints: Mapping[Endpoint, int]) -> list[str]:
    return [f"{endpoint} ({count} ×)" for endpoint, count in list(endpoints.items())[:5]]


def _annotation(level: str, title: str, body: Iterable[str]) -> str:
    return f"::{level} title={_property(title)}::{_data(chr(10).join(map(visible, body)))}"


def _of_inputs(summary: Summary) -> Iterator[str]:
    """What could not be read, or not be told."""
    for each in summary.inputs:
        if each.damage is not None:
            yield f"::error title=CORS::{_data(damage_line(each))}"
        for note, count in each.notes.items():
            yield f"::notice title=CORS::{_data(visible(f'{each.title}: {count} × {note}'))}"
    if summary.interrupted:
        yield "::warning title=CORS::interrupted: these are partial results"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
