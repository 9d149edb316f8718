"""The summary as SARIF 2.1.0: a rule for each reason and finding, a result for each denial and finding at an endpoint.

A server's endpoint is no file, so it is a logical location; the recording, which is a file, is the physical one.
https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cors_addon
from cors_addon.audit.auditor import OF_SEVERAL
from cors_addon.fetch.load import Gate
from cors_addon.reasons.blocks import BLOCKS, BlockExplanation
from cors_addon.reasons.findings import FINDINGS
from cors_addon.reasons.model import Explanation, FindingExplanation, Severity, message
from cors_addon.reasons.pages import help_page
from cors_addon.reasons.registry import REGISTRY
from cors_addon.report import answered, help_markdown, remedied
from cors_addon.report.blocked_loads import Blocked, Group, cured, headline
from cors_addon.report.counted import CountedOutcome, Endpoint, as_counted, endpoint_of
from cors_addon.report.findings import finding_fix, finding_phrase
from cors_addon.report.situation import told_of
from cors_addon.report.summary import Found, Summary, Tally
from cors_addon.report.table import damage_line, names
from cors_addon.report.text import phrase, visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def document(summary: Summary) -> dict[str, Any]:
    """The log."""
    entries: list[Explanation | FindingExplanation] = [*REGISTRY.values(), *FINDINGS.values()]
    rules = [*map(_rule, entries), *(_block_rule(each) for each in BLOCKS.values() if each.gate is not Gate.CORS)]
    indices = {rule["id"]: index for index, rule in enumerate(rules)}
    results = [
        _result(summary, endpoint, outcome, tally, indices)
        for endpoint, outcome, tally in summary.tallies()
        if outcome.denied and outcome.refusal is not None
    ]
    for each in summary.found():
        results += [_found(summary, each, endpoint, indices) for endpoint in each.endpoints]
    results += [_blocked(group, each, indices) for group, each in summary.blocked.groups()]
    notifications = [
        {
            "level": "error",
            "message": {"text": damage_line(each)},
            "locations": [_file(each.name, each.offset)],
        }
        for each in summary.inputs
        if each.damage is not None
    ]
    notifications += [
        {"level": "note", "message": {"text": visible(f"{count} × {note}")}, "locations": [_file(each.name)]}
        for each in summary.inputs
        for note, count in each.notes.items()
    ]
    if summary.interrupted:
        notifications.append({"level": "error", "message": {"text": "interrupted: these are partial results"}})
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "cors-addon",
                        "version": cors_addon.__version__,
                        "semanticVersion": _semantic(cors_addon.__version__),
                        "rules": rules,
                    }
                },
                "invocations": [{"executionSuccessful": summary.usable, "toolExecutionNotifications": notifications}],
                "artifacts": [{"location": {"uri": _uri(each.name)}} for each in summary.inputs],
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def render(summary: Summary) -> str:
    """The log as text."""
    return json.dumps(document(summary), indent=2) + "\n"


def _rule(explanation: Explanation | FindingExplanation) -> dict[str, Any]:
    name = str(explanation.name)
    causes = "\n".join(f"- {cause}" for cause in explanation.causes)
    return {
        "id": name,
        "name": "".join(word.capitalize() for word in name.split("-")),
        "shortDescription": {"text": name.replace("-", " ").capitalize() + "."},
        "fullDescription": {"text": explanation.explanation},
        "help": {
            "text": f"{explanation.explanation}\n\nUsual causes:\n{causes}\n\nFor example: "
            f"{message(explanation, *explanation.example)}",
            **_page(name),
        },
        "helpUri": explanation.anchor,
        "defaultConfiguration": {"level": _LEVELS[explanation.severity]},
        "properties": {"tags": ["cors", "security"], **_weight(explanation)},
    }


def _page(name: str) -> dict[str, str]:
    """The page about a rule, whole: it is read where no address of ours is known."""
    found = help_page(name)
    return {} if found is None else {"markdown": help_markdown.pieces(found)}


def _weight(explanation: Explanation | FindingExplanation) -> dict[str, str]:
    """The severity that GitHub's code scanning gives a finding: a CVSS score, as text."""
    if isinstance(explanation, Explanation):
        return {}
    return {"security-severity": "6.5" if explanation.severity is Severity.WARNING else "3.0"}


def _result(
    summary: Summary, endpoint: Endpoint, outcome: CountedOutcome, tally: Tally, indices: dict[str, int]
) -> dict[str, Any]:
    assert outcome.refusal is not None
    reason = str(outcome.reason)
    said = [f"{endpoint}: {outcome.reason}"]
    fix: list[str] = []
    if tally.example is not None:
        example = as_counted(tally.example, outcome)
        said = [f"{endpoint} is denied to {endpoint.origin or 'the page'}: {phrase(example, outcome.refusal)}."]
        happened, remedies = told_of(example)
        said[:0] = [] if happened is None else [happened.text]
        said += answered.lines(example)
        fix = remedied.told(remedies)
    said += fix
    identity = "\n".join((*endpoint, reason, outcome.refusal.stage, outcome.engine))
    result: dict[str, Any] = {
        "ruleId": reason,
        "ruleIndex": indices[reason],
        "level": "error",
        "kind": "fail",
        "message": {"text": visible_lines("\n".join(said))},
        "locations": [_place(tally.source, endpoint)],
        "occurrenceCount": tally.count,
        "partialFingerprints": {
            "endpointAndReason/v1": hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()
        },
        "properties": {
            "origin": visible(endpoint.origin),
            "stage": outcome.refusal.stage,
            "browser": names([outcome.engine]),
            "detail": None if outcome.detail is None else visible(outcome.detail),
            "flowIds": tally.flow_ids,
        },
    }
    if summary.baseline is not None:
        known = not summary.is_fresh(endpoint, outcome)
        result["baselineState"] = "unchanged" if known else "updated" if endpoint in summary.baseline else "new"
    return result


def _found(summary: Summary, found: Found, endpoint: Endpoint, indices: dict[str, int]) -> dict[str, Any]:
    """A result of a finding; a note or a warning, for no page fails of it."""
    tally = found.places[endpoint]
    said = f"{endpoint}: {finding_phrase(found.example, found.finding)}.\n{finding_fix(found.example, found.finding)}"
    detail = None if found.name in OF_SEVERAL else found.finding.detail
    identity = "\n".join((*endpoint, found.name, detail or ""))
    result: dict[str, Any] = {
        "ruleId": found.name,
        "ruleIndex": indices[found.name],
        "level": _LEVELS[FINDINGS[found.name].severity],
        "kind": "fail",
        "message": {"text": visible_lines(said)},
        "locations": [_place(tally.source, endpoint)],
        "occurrenceCount": found.endpoints[endpoint],
        "partialFingerprints": {
            "endpointAndReason/v1": hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()
        },
        "properties": {
            "origin": visible(endpoint.origin),
            "detail": None if found.finding.detail is None else visible(found.finding.detail),
            "flowIds": tally.flow_ids,
        },
    }
    if summary.baseline is not None:
        result["baselineState"] = "new" if summary.is_fresh_finding(endpoint, found.name) else "unchanged"
    return result


def _block_rule(explanation: BlockExplanation) -> dict[str, Any]:
    return {
        "id": f"blocked-{explanation.gate}",
        "name": "Blocked" + "".join(word.capitalize() for word in explanation.gate.split("-")),
        "shortDescription": {"text": f"Blocked by {explanation.title}."},
        "fullDescription": {"text": explanation.why},
        "help": {"text": explanation.why, **_page(str(explanation.gate))},
        "helpUri": explanation.anchor,
        "defaultConfiguration": {"level": "warning"},
        "properties": {"tags": ["security"]},
    }


def _blocked(group: Group, each: Blocked, indices: dict[str, int]) -> dict[str, Any]:
    """A load that something beside CORS stopped: an error where the page's script was to read the answer."""
    rule = f"blocked-{group.gate}"
    example = each.example
    identity = "\n".join((group.gate, group.server, group.detail or ""))
    return {
        "ruleId": rule,
        "ruleIndex": indices[rule],
        "level": "error" if each.to_be_read else "warning",
        "kind": "fail",
        "message": {"text": visible_lines("\n".join((f"{headline(each)}.", *cured(each))))},
        "locations": [_place(each.source, endpoint_of(example))],
        "occurrenceCount": each.count,
        "partialFingerprints": {
            "endpointAndReason/v1": hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()
        },
        "properties": {
            "detail": None if group.detail is None else visible(group.detail),
            "flowIds": [example.observation.flow_id],
        },
    }


def visible_lines(text: str) -> str:
    """Several lines, each made visible."""
    return "\n".join(map(visible, text.split("\n")))


def _place(source: str, endpoint: Endpoint) -> dict[str, Any]:
    return {
        **_file(source),
        "logicalLocations": [
            {"name": visible(endpoint.path), "fullyQualifiedName": visible(str(endpoint)), "kind": "resource"}
        ],
    }


def _file(name: str, offset: int | None = None) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(name)}}
    if offset is not None:
        place["region"] = {"byteOffset": offset, "byteLength": 0}
    elif name != "-":
        place["region"] = {"startLine": 1}
    return {"physicalLocation": place}


def _uri(name: str) -> str:
    if name == "-":
        return "stdin"
    path = Path(name)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix(), errors="surrogateescape")


def _semantic(version: str) -> str:
    parts = version.split("+")[0].split(".")
    return ".".join([*parts, "0", "0"][:3]) if all(part.isdigit() for part in parts[:3]) else "0.0.0"
