"""A judgement as one JSON line, schema 1.

Law 1: every line has every field, in this order; what does not apply is null or empty.
Law 2: a line is ASCII. Whatever stood in a header, escaped it reaches neither a terminal nor a parser raw.
"""

import json
from typing import Any

from cors_addon.engines.block_names import block_error
from cors_addon.engines.names import browser_error
from cors_addon.exchange import in_browsers
from cors_addon.exchange.exposure import all_assumptions, certainty, exposed_headers, hidden_headers
from cors_addon.exchange.model import Credentials, Judgement
from cors_addon.fetch.headers import readable
from cors_addon.fetch.masking import masked_values, may_hold
from cors_addon.policy import rewrite_record
from cors_addon.report.situation import told_of
from cors_addon.servers import cause

SCHEMA = 1
BEFORE_SENDING = "before-sending"
"""The `stage` of a request that never left the browser."""


def line(judgement: Judgement) -> dict[str, Any]:
    """The fields of one line."""
    observation = judgement.observation
    refusal = judgement.refusal
    other = judgement.if_credentialed if judgement.credentials is Credentials.UNKNOWN else None
    hypothetical = judgement.hypothetical or in_browsers.outcome(judgement)
    rewritten = rewrite_record.Rewritten(*observation.rewritten) if observation.rewritten else None
    server = rewrite_record.server_outcome(judgement, rewritten) if rewritten else None
    block = judgement.block
    happened, remedies = told_of(judgement)
    return {
        "schema": SCHEMA,
        "flow_id": None if judgement.unsent else observation.flow_id,
        "timestamp": observation.started,
        "client": None if observation.client is None else str(observation.client),
        "method": observation.method.decode("latin-1"),
        "url": str(observation.url),
        "origin": judgement.origin,
        "role": judgement.role,
        "verdict": judgement.verdict,
        "reason": judgement.reason,
        "detail": judgement.detail,
        "stage": BEFORE_SENDING if judgement.unsent else refusal.stage if refusal else judgement.stage,
        "engine": judgement.engine.name,
        "browser_error": _browser_error(judgement),
        "console_message": _console_message(judgement) if refusal and not judgement.stopped_before_cors else None,
        "credentials": judgement.credentials,
        "credentials_evidence": judgement.credentials_evidence,
        "if_credentialed": other.verdict if other else None,
        "certainty": certainty(judgement),
        "assumptions": list(all_assumptions(judgement)),
        "preflight": judgement.preflight,
        "preflight_because": list(judgement.preflight_because),
        "paired_with": list(judgement.paired_with),
        "exposed_headers": exposed_headers(judgement),
        "hidden_headers": hidden_headers(judgement),
        "contradicted": judgement.contradicted,
        "rewritten": rewrite_record.line_field(rewritten, observation.status, observation.response)
        if rewritten
        else None,
        "server_verdict": server.verdict if server else None,
        "server_reason": server.refusal.reason if server and server.refusal else None,
        "shadow": _shadow(judgement) if judgement.shadow else [],
        "findings": [finding.name for finding in judgement.findings],
        "revision": judgement.revision,
        "contradiction": judgement.contradiction,
        "hypothetical": hypothetical.verdict if hypothetical else None,
        "hypothetical_reason": hypothetical.refusal.reason if hypothetical and hypothetical.refusal else None,
        "blocked_by": block.gate if block else None,
        "blocked_detail": None if block is None or block.detail is None else readable(block.detail),
        "usable": judgement.usable,
        "document": judgement.fate.document if judgement.fate else None,
        "server": server_field(judgement),
        "said": judgement.said,
        "told_by": judgement.told_by,
        "happened": None if happened is None else happened.text,
        "remedies": [remedy.described() for remedy in remedies],
    }


def _console_message(judgement: Judgement) -> str | None:
    from cors_addon.report.console import console_message  # of use to what is refused, and takes a while to import

    return console_message(judgement)


def _shadow(judgement: Judgement) -> list[dict[str, str | None]]:
    from cors_addon.policy.shadow import Shadow  # the same of what policies are tried on

    return [Shadow(*each).line_field() for each in judgement.shadow]


def server_field(judgement: Judgement) -> dict[str, Any] | None:
    """Who answered; None where that is not known."""
    found = judgement.server
    if found is None:
        return None
    return {
        "name": found.name,
        "title": found.title,
        "confidence": str(found.confidence),
        "marks": list(found.marks),
        "causes": [str(each) for each in cause.causes(judgement)],
        "setting": cause.setting(judgement) or None,
        "version": found.version or None,
        "source": found.source,
        "told_by": found.lent_by or judgement.observation.flow_id,
    }


def dumps(judgement: Judgement) -> str:
    """One line, without its end."""
    fields = line(judgement)
    text = _dumped(fields)
    return _dumped(masked_values(fields)) if may_hold(text) else text


def _dumped(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=True, separators=(", ", ": "))


def _browser_error(judgement: Judgement) -> str | None:
    """The engine's own name for what stopped it; of what is not CORS only where a flow was answered."""
    refusal, fate = judgement.refusal, judgement.fate
    if refusal is not None:
        return browser_error(judgement.engine.name, refusal)
    if fate is None or fate.block is None or judgement.unsent:
        return None
    return block_error(judgement.engine.name, fate.block, fate.load)
