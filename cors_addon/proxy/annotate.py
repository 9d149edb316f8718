"""What a judged flow carries: metadata for filters, a comment and a marker for eyes.

Law 1: the user's own comment or marker stays. Ours is remembered in the metadata (and so in dumps), and only where a
flow still bears exactly that, or bears none and never had ours, do we write.
Law 2: nothing raw: values from the wire are made visible before they are stored.
"""

from dataclasses import dataclass
from typing import Any, Final

from mitmproxy import http

from cors_addon.exchange.exposure import certainty, exposure_assumption
from cors_addon.exchange.model import Credentials, Judgement, Role, Verdict
from cors_addon.fetch.bounds import USUAL_NAMES
from cors_addon.fetch.masking import masked
from cors_addon.flows import translate
from cors_addon.policy import rewrite_record
from cors_addon.policy.shadow import flips
from cors_addon.proxy.settings import Annotate
from cors_addon.reasons.findings import WARNINGS
from cors_addon.remedies import upstream_error
from cors_addon.report import blocked, text
from cors_addon.report.findings import MARK

_ALL: Final = Annotate.ALL
OUR_COMMENT = "cors.comment"
OUR_MARKER = "cors.marker"

# One glyph each, for the console shows only the first code point; each is two cells wide there.
ALLOWED = ":white_check_mark:"
DENIED = ":x:"
DEPENDS = ":grey_question:"
BY_RULE = ":wrench:"
"""Allowed, by a policy's answer: no server was mended."""
CONTRADICTED = ":boom:"
PROBED = ":mag:"
LETS_IN = ":rotating_light:"
"""A probe found what is more than a note."""


def annotate(flow: http.HTTPFlow, judgement: Judgement, what: Annotate) -> None:
    """Write the judgement on the flow. In place: others may hold its metadata."""
    data = flow.metadata
    words = _words(judgement)
    whole = words.whole
    if whole and what is _ALL and not flow.comment and not flow.marked and not (data and _has_ours(data)):
        data.update(whole)  # for the first time: what is below, in short
        if judgement.paired_with:
            data["cors.pair"] = " ".join(judgement.paired_with)
        flow.comment, flow.marked = words.comment, words.marker
    else:
        _annotate_anew(flow, judgement, words, what)


def note_on_page(flow: http.HTTPFlow, comment: str, mark: str, what: Annotate) -> None:
    """Write on the flow of a page what its requests came to; what is the user's own stays, and so does a verdict."""
    if "cors.verdict" in flow.metadata:
        return
    if what.comments:
        _write(flow, "comment", OUR_COMMENT, comment)
    if what in (Annotate.MARKER, Annotate.ALL):
        _write(flow, "marked", OUR_MARKER, mark)


def _has_ours(data: dict[str, Any]) -> bool:
    return "cors.verdict" in data or OUR_COMMENT in data or OUR_MARKER in data


def _annotate_anew(flow: http.HTTPFlow, judgement: Judgement, words: "_Words", what: Annotate) -> None:
    """In place of what stands there."""
    data = flow.metadata
    if data:
        for key in [key for key in data if key.startswith("cors.") and key not in _KEPT]:
            del data[key]
    data.update(words.metadata)
    if judgement.paired_with:
        data["cors.pair"] = " ".join(judgement.paired_with)
    if what is not Annotate.NONE:
        if what is not Annotate.MARKER:
            _write(flow, "comment", OUR_COMMENT, _completed(words.comment, judgement, flow))
        if what is not Annotate.COMMENT:
            _write(flow, "marked", OUR_MARKER, words.marker)


def annotate_probe(flow: http.HTTPFlow, judgement: Judgement, comment: str, what: Annotate) -> None:
    """Write on a probe what its answer shows; whether a browser would allow that matters to nobody."""
    data = flow.metadata
    for key in [key for key in data if key.startswith("cors.") and key not in _KEPT]:
        del data[key]
    data.update(metadata(judgement))
    if what in (Annotate.ALL, Annotate.COMMENT):
        _write(flow, "comment", OUR_COMMENT, comment)
    if what in (Annotate.ALL, Annotate.MARKER):
        warns = any(finding.name in WARNINGS for finding in judgement.findings)
        _write(flow, "marked", OUR_MARKER, LETS_IN if warns else PROBED)


def comment_of(judgement: Judgement, turns: bool, flow: http.HTTPFlow | None = None) -> str:
    """The line in the flow list; `turns`: the verdict turns on a credentials mode that is not known.

    The flow knows what a judgement does not: why the server gave no answer.
    """
    return _completed(blocked.comment(judgement) or text.comment(judgement, turns), judgement, flow)


def _completed(comment: str, judgement: Judgement, flow: http.HTTPFlow | None) -> str:
    error = None if flow is None else flow.error
    if error is not None and judgement.verdict is Verdict.DENY and not judgement.observation.response:
        comment = f"{text.FAILED} {upstream_error.short(error.msg or '', judgement.observation.status)} · CORS"
    for policy, blocks in _flips(judgement).items() if judgement.shadow else ():
        comment += f"{' · ' if comment else ''}{'✗' if blocks else '✓'} under {text.visible(policy)}"
    for finding in judgement.findings:
        if finding.name in WARNINGS:
            comment += f"{' · ' if comment else ''}{MARK} {finding.name}"
    return comment


_KEPT = frozenset(
    {
        OUR_COMMENT,
        OUR_MARKER,
        translate.OWN_PAGE,
        translate.PROBE,
        translate.WITNESS,
        translate.ASKED,
        *rewrite_record.KEPT,
    }
)


@dataclass(slots=True, eq=False)
class _Words:
    """What is written on a flow, but for the ids of its pair."""

    metadata: dict[str, str]
    comment: str
    marker: str
    whole: dict[str, str]
    """The metadata of a flow that had no comment and no marker, where nothing else decides; else empty."""


_KNOWN: dict[tuple[object, ...], _Words] = {}
"""The words for what passed, by all that they depend on: pages repeat themselves, and finding words takes long."""
_MAX_KNOWN = 1024


def _words(judgement: Judgement) -> _Words:
    if (
        judgement.refusal is not None
        or judgement.role not in _SIMPLE
        or judgement.contradicted
        or judgement.preflight_cached_at is not None
        or judgement.shadow
        or judgement.findings
        or judgement.engine.plays_browser
        or (judgement.fate is not None and judgement.fate.block is not None)
    ):
        return _find_words(judgement, _server_verdict(judgement))
    server = None if judgement.observation.rewritten is None else _server_verdict(judgement)
    omitted, included = judgement.if_omitted, judgement.if_credentialed
    key = (
        judgement.role,
        judgement.engine.name,
        judgement.origin,
        judgement.requested_method,
        judgement.requested_headers,
        judgement.preflight,
        judgement.cache_lifetime,
        judgement.credentials,
        judgement.judged_credentialed,
        judgement.assumptions or exposure_assumption(judgement),
        None if omitted is None else omitted.verdict,
        None if included is None else included.verdict,
        server,
        None if judgement.observation.rewritten is None else judgement.observation.rewritten[0],
    )
    words = _KNOWN.get(key)
    if words is None:
        if len(_KNOWN) >= _MAX_KNOWN:
            _KNOWN.clear()
        words = _find_words(judgement, server)
        ours = {OUR_COMMENT: words.comment, OUR_MARKER: words.marker}
        words.whole = words.metadata | {name: value for name, value in ours.items() if value}
        if len(judgement.requested_headers) <= USUAL_NAMES:
            _KNOWN[key] = words
    return words


_SIMPLE = frozenset({Role.PREFLIGHT, Role.ACTUAL})
"""Roles whose words depend on nothing but the judgement, once it is to allow."""


def _find_words(judgement: Judgement, server: Verdict | None) -> _Words:
    turns = text.depends_on_credentials(judgement)
    said = blocked.comment(judgement) or text.comment(judgement, turns)
    return _Words(metadata(judgement, server), said, marker(judgement, turns), {})


def _server_verdict(judgement: Judgement) -> Verdict | None:
    """Where a policy changed the answer: the verdict on the server's own."""
    rewritten = judgement.observation.rewritten
    if rewritten is None:
        return None
    if not isinstance(rewritten, rewrite_record.Rewritten):
        rewritten = rewrite_record.Rewritten(*rewritten)
    server = rewrite_record.server_outcome(judgement, rewritten)
    return None if server is None else server.verdict


def _flips(judgement: Judgement) -> dict[str, bool]:
    """The policies in shadow under which what becomes of the server's own answer would turn; whether it is blocked."""
    return {policy: outcome.blocked for policy, outcome, server in judgement.shadow if flips(outcome, server)}


def _write(flow: http.HTTPFlow, attribute: str, key: str, value: str) -> None:
    current = getattr(flow, attribute)
    if current == value or current != flow.metadata.get(key, ""):
        return
    setattr(flow, attribute, value)
    if value:
        flow.metadata[key] = value
    else:
        flow.metadata.pop(key, None)


def marker(judgement: Judgement, turns: bool) -> str:
    """Name of the emoji that marks this judgement in the flow list; empty where CORS has nothing to say.

    `turns`: the verdict turns on a credentials mode that is not known.
    """
    if judgement.contradicted:
        return CONTRADICTED
    if blocked.beyond_cors(judgement) is not None:
        return DENIED
    verdict = judgement.verdict
    if verdict is Verdict.NOT_CORS:
        return ""
    if turns:
        return DEPENDS
    if verdict is Verdict.DENY:
        return DENIED
    return ALLOWED if judgement.observation.rewritten is None else BY_RULE


def metadata(judgement: Judgement, server: Verdict | None = None) -> dict[str, str]:
    """Flat keys with plain strings: the words of the JSON line, as far as a filter can use them; without the pair.

    `server` is the verdict on the server's own answer, where a policy changed it.

    Plain strings, for an enum's member would be saved in a dump, and fail to be read; `_value_`, for `value` is a slow
    property, and this runs for every CORS flow.
    """
    data = {
        "cors.verdict": judgement.verdict._value_,
        "cors.role": judgement.role._value_,
        "cors.engine": judgement.engine.name,
        "cors.certainty": certainty(judgement),
    }
    if judgement.origin is not None:
        data["cors.origin"] = text.visible(judgement.origin)
    refusal = judgement.refusal
    if refusal is not None:
        data["cors.reason"] = refusal.reason._value_
        detail = judgement.detail
        if detail is not None:
            data["cors.detail"] = text.visible(masked(detail))
    _add_circumstances(data, judgement, server)
    return data


def _add_circumstances(data: dict[str, str], judgement: Judgement, server: Verdict | None) -> None:
    """What most flows have not, all but the first two."""
    if judgement.preflight is not None:
        data["cors.preflight"] = judgement.preflight._value_
    if judgement.stage is not None:
        data["cors.credentials"] = judgement.credentials._value_
        if judgement.credentials is Credentials.UNKNOWN and judgement.if_credentialed is not None:
            data["cors.if_credentialed"] = judgement.if_credentialed.verdict._value_
    block = judgement.block
    if block is not None:
        data["cors.blocked_by"] = block.gate._value_
        if block.detail is not None:
            data["cors.blocked_detail"] = text.visible(masked(block.detail))
    if judgement.contradicted:
        data["cors.contradicted"] = "true"
    if server is not None:
        data["cors.server_verdict"] = server._value_
    if judgement.shadow and (flips := _flips(judgement)):
        data["cors.flips"] = text.visible(", ".join(flips))
    if judgement.findings:
        data["cors.findings"] = " ".join(finding.name for finding in judgement.findings)
    if judgement.hypothetical is not None:
        data["cors.hypothetical"] = judgement.hypothetical.verdict._value_
