"""The summary as GitHub Actions annotations: one for each cause, and for each security finding.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions#setting-an-error-message
"""

from cors_addon.report.findings import finding_phrase
from cors_addon.report.summary import Summary
from cors_addon.report.table import damage_line, fix_lines
from cors_addon.report.text import visible

MAX_CAUSES = 10
"""GitHub shows no more of one step."""


def render(summary: Summary) -> str:
    """Workflow commands, and a line at the end for the log."""
    lines = []
    causes = sorted(summary.causes(), key=lambda cause: not cause.fresh)
    for cause in causes[:MAX_CAUSES]:
        level = "error" if cause.fresh else "notice"
        places = [f"{endpoint} ({count} ×)" for endpoint, count in list(cause.endpoints.items())[:5]]
        fix = [f"{sign} {line}".strip() for sign, line in fix_lines(cause.change)]
        body = [cause.phrase, *places, *fix, f"cors-addon explain {cause.reason}"]
        title = f"CORS: {cause.reason}" + ("" if cause.stage == "actual" else f" at the {cause.stage}")
        lines.append(f"::{level} title={_property(title)}::{_data(chr(10).join(map(visible, body)))}")
    if len(causes) > MAX_CAUSES:
        lines.append(f"::warning title=CORS::{len(causes) - MAX_CAUSES} more causes are not shown here")
    found = sorted(summary.found(), key=lambda each: not each.fresh)
    for one in found[:MAX_CAUSES]:
        level = "warning" if one.fresh and one.is_warning else "notice"
        places = [f"{endpoint} ({count} ×)" for endpoint, count in list(one.endpoints.items())[:5]]
        body = [finding_phrase(one.example, one.finding), *places, f"cors-addon explain {one.name}"]
        title = f"CORS: {one.name}"
        lines.append(f"::{level} title={_property(title)}::{_data(chr(10).join(map(visible, body)))}")
    if len(found) > MAX_CAUSES:
        lines.append(f"::warning title=CORS::{len(found) - MAX_CAUSES} more findings are not shown here")
    for each in summary.inputs:
        if each.damage is not None:
            lines.append(f"::error title=CORS::{_data(damage_line(each))}")
        lines.extend(
            f"::notice title=CORS::{_data(visible(f'{each.title}: {count} × {note}'))}"
            for note, count in each.notes.items()
        )
    if summary.interrupted:
        lines.append("::warning title=CORS::interrupted: these are partial results")
    denied = sum(cause.count for cause in causes)
    counted = [
        _counted(summary.judged, "CORS exchange") + " judged",
        f"{denied} denied",
        _counted(len(causes), "cause"),
        *([_counted(len(found), "security finding")] if found else ()),
    ]
    lines.append(f"cors-addon: {', '.join(counted)}")
    return "\n".join(lines) + "\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
