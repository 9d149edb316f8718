"""The summary as one JSON document, `cors-addon-check` schema 1, which also serves as a baseline.

schema       "cors-addon-check"
version      1; a later version may add fields, and will be 2 where it changes the meaning of one
partial      true where not everything was read: interrupted, or a file is damaged
inputs       per file: name, kind (`mitmproxy dump`, `HAR`), exchanges (how many were read), damage (null, or what
             is wrong), offset (byte at which, or null), notes (`{text: count}`: what the file cannot tell)
totals       exchanges (read), judged (CORS decided on them), allowed, denied, known (denials that the baseline
             knows), roles (`{role: count}`)
outcomes     one for each different thing that happened at each endpoint:
               origin, server, method, path    the endpoint; ids in the path are `{id}`, the query is left out
               role, verdict, engine, reason, detail    as in a JSON line (`--format jsonl`)
               flips        `include` or `omit`: the credentials mode that would turn the verdict, where the mode
                            is not known; else null
               contradicted, preflight_unseen, findings, would (for a client that is no browser)
               failed       status of an error that lacks Access-Control-Allow-Origin; else null
               count        how many exchanges
               flow_ids     of the first few
               baseline     `known`, `new` or `changed`; null without a baseline
findings     one for each security finding about a server, the gravest first: name, severity (`warning`, `note`),
             server, message, detail, count, endpoints (`{"METHOD URL": count}`), baseline (`known`, `new`; null
             without a baseline), fix (text), explanation, spec
causes       one for each fault to mend, the most frequent first: reason, stage, server, message, count, engines,
             endpoints (`{"METHOD URL": count}`), happened (what really failed, or null), said (the server's own words,
             or null), implementation (as `server` in a JSON line: which CORS implementation it looks like, or null),
             remedies (as in a JSON line), fix (of the remedies the change to the answer: `status`, `headers`:
             name, before, after; `note`; `complete`: nothing fails after it), explanation, spec
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from cors_addon.audit.auditor import OF_SEVERAL
from cors_addon.exchange.model import Verdict
from cors_addon.fetch.refusals import Reason
from cors_addon.reasons.findings import FINDINGS
from cors_addon.reasons.registry import REGISTRY
from cors_addon.remedies.value import Change
from cors_addon.report.counted import CountedOutcome, Endpoint
from cors_addon.report.findings import finding_fix, finding_phrase
from cors_addon.report.jsonl import server_field
from cors_addon.report.summary import Cause, Found, Input, Known, Summary, Tally, known_finding

SCHEMA = "cors-addon-check"
VERSION = 1


def document(summary: Summary) -> dict[str, Any]:
    """The document."""
    outcomes = [_outcome(summary, *each) for each in summary.tallies()]
    known = sum(each["count"] for each in outcomes if each["verdict"] == "deny" and each["baseline"] == "known")
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "partial": not summary.usable,
        "inputs": [_input(each) for each in summary.inputs],
        "totals": {
            "exchanges": summary.flows,
            "judged": summary.judged,
            "allowed": summary.count(Verdict.ALLOW),
            "denied": summary.count(Verdict.DENY),
            "known": known,
            "roles": {role: count for role, count in sorted(summary.roles.items()) if count},
        },
        "outcomes": outcomes,
        "findings": [_finding(summary, each) for each in summary.found()],
        "causes": [_cause(each) for each in summary.causes()],
    }


def _input(each: Input) -> dict[str, Any]:
    return {
        "name": each.name,
        "kind": each.kind,
        "exchanges": each.flows,
        "damage": each.damage,
        "offset": each.offset,
        "notes": each.notes,
    }


def _outcome(summary: Summary, endpoint: Endpoint, outcome: CountedOutcome, tally: Tally) -> dict[str, Any]:
    return {
        "origin": endpoint.origin,
        "server": endpoint.server,
        "method": endpoint.method,
        "path": endpoint.path,
        "role": outcome.role,
        "verdict": outcome.verdict,
        "engine": outcome.engine,
        "reason": outcome.reason,
        "detail": outcome.detail,
        "flips": outcome.flips,
        "contradicted": outcome.contradicted,
        "preflight_unseen": outcome.unseen,
        "findings": list(outcome.findings),
        "would": outcome.would,
        "failed": outcome.failed,
        "count": tally.count,
        "flow_ids": tally.flow_ids,
        "baseline": _baseline(summary, endpoint, outcome),
    }


def _finding(summary: Summary, found: Found) -> dict[str, Any]:
    explanation = FINDINGS[found.name]
    return {
        "name": found.name,
        "severity": explanation.severity,
        "server": found.server,
        "message": finding_phrase(found.example, found.finding),
        "detail": found.finding.detail,
        "count": found.count,
        "endpoints": {str(endpoint): count for endpoint, count in found.endpoints.items()},
        "baseline": None if summary.baseline is None else "new" if found.fresh else "known",
        "fix": finding_fix(found.example, found.finding),
        "explanation": explanation.explanation,
        "spec": explanation.anchor,
    }


def _cause(cause: Cause) -> dict[str, Any]:
    explanation = REGISTRY[Reason(cause.reason)]
    return {
        "reason": cause.reason,
        "stage": cause.stage,
        "server": cause.server,
        "message": cause.phrase,
        "count": cause.count,
        "engines": list(cause.engines),
        "endpoints": {str(endpoint): count for endpoint, count in cause.endpoints.items()},
        "happened": None if cause.happened is None else cause.happened.text,
        "said": cause.example.said,
        "implementation": server_field(cause.example),
        "remedies": [remedy.described() for remedy in cause.remedies],
        "fix": _fix(cause),
        "explanation": explanation.explanation,
        "spec": explanation.anchor,
    }


def render(summary: Summary) -> str:
    """The document as text; ASCII, so that nothing in it reaches a terminal raw."""
    return json.dumps(document(summary), indent=2) + "\n"


def load_baseline(text: str) -> Known:
    """The outcomes of an earlier report; raises ValueError for what is none."""
    try:
        loaded = json.loads(text)
    except RecursionError as error:
        raise ValueError("no JSON that could be a report: nested too deeply") from error
    except ValueError as error:
        raise ValueError(f"no JSON: {error}") from error
    if not isinstance(loaded, dict) or loaded.get("schema") != SCHEMA:
        raise ValueError("no report of `cors-addon check --format json`")
    if loaded.get("version") != VERSION:
        raise ValueError(f"its version is {loaded.get('version')!r}, not {VERSION}")
    try:
        return _known(loaded["outcomes"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"an outcome lacks a field: {error}") from error


def _known(outcomes: Iterable[Mapping[str, Any]]) -> Known:
    known: dict[Endpoint, set[tuple[str, str, str, str]]] = {}
    for each in outcomes:
        endpoint = Endpoint(*(str(each[name]) for name in Endpoint._fields))
        what = (str(each["engine"]), str(each["role"]), str(each["verdict"]), str(each["reason"] or ""))
        known.setdefault(endpoint, set()).add(what)
        for name in map(str, each.get("findings", ())):
            where = endpoint._replace(origin="") if name in OF_SEVERAL else endpoint
            known.setdefault(where, set()).add(known_finding(name))
    return {endpoint: frozenset(outcomes) for endpoint, outcomes in known.items()}


def _baseline(summary: Summary, endpoint: Endpoint, outcome: CountedOutcome) -> str | None:
    if summary.baseline is None:
        return None
    if not summary.is_fresh(endpoint, outcome):
        return "known"
    return "changed" if endpoint in summary.baseline else "new"


def _fix(cause: Cause) -> dict[str, Any] | None:
    """The change of the answer among the remedies; where none is, what is to be done first."""
    change = next((remedy.change for remedy in cause.remedies if isinstance(remedy.change, Change)), None)
    if change is None:
        what = cause.remedies[0].what if cause.remedies else ""
        change = Change(note=what, complete=False)
    return {
        "status": change.status,
        "headers": [{"name": edit.name, "before": edit.before, "after": edit.after} for edit in change.edits],
        "note": change.note,
        "complete": change.complete,
    }
