"""What was rewritten: by which policy, and what the server itself had said, as text that a dump keeps.

Law: the server's own answer is kept whole, so that it can be judged, shown and restored.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from cors_addon.engines import ENGINES
from cors_addon.exchange.judging import answer_of, asked_of, outcome, redirects_before, rejudge
from cors_addon.exchange.model import Fields, Judgement, Outcome, Role, Verdict
from cors_addon.exchange.said import said
from cors_addon.fetch.checks import REDIRECT_STATUSES
from cors_addon.fetch.headers import LOWER, combine, get_all, readable
from cors_addon.fetch.refusals import Stage

REWRITTEN = "cors.rewritten"
"""Metadata of a flow: names of the policies that changed this answer."""
SERVER = "cors.server"
"""Metadata: what the server itself answered, as `Rewritten.dumps` writes it."""
KEPT = (REWRITTEN, SERVER)
"""Metadata that judging must leave in place."""
NEVER_ASKED = "-"
"""In the place of the status."""


class Rewritten(NamedTuple):
    """An answer before it was rewritten."""

    policy: str
    status: int | None
    """The server's own; None where it was never asked."""
    fields: Fields

    def dumps(self) -> str:
        """Status and header lines as text, isomorphic-decoded."""
        first = NEVER_ASKED.encode() if self.status is None else b"%d" % self.status
        if not self.fields:
            return first.decode()
        return (first + b"\n" + b"\n".join(map(b": ".join, self.fields))).decode("latin-1")


def loads(policy: str, text: str) -> Rewritten | None:
    """What `dumps` wrote; None where it is something else."""
    status, *lines = text.split("\n")
    if status != NEVER_ASKED and not (status.isascii() and status.isdigit()):
        return None
    pairs = [line.partition(": ") for line in lines if line]
    try:
        fields = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, _, value in pairs)
    except UnicodeEncodeError:
        return None
    return Rewritten(policy, None if status == NEVER_ASKED else int(status), fields)


def keep(metadata: dict[str, Any], rewritten: Rewritten) -> None:
    """Write it into the metadata of a flow. What was written lately need not be read: it is asked for soon."""
    text = rewritten.dumps()
    metadata[REWRITTEN], metadata[SERVER] = rewritten.policy, text
    if len(_LATELY) >= _MAX_LATELY:
        _LATELY.clear()
    _LATELY[text] = rewritten


_LATELY: dict[object, Rewritten] = {}
"""By its text."""
_MAX_LATELY = 256


def of(metadata: Mapping[str, object]) -> Rewritten | None:
    """What the metadata of a flow say of its server's own answer."""
    text = metadata.get(SERVER)
    if text is None:
        return None
    known = _LATELY.get(text)
    if known is not None and known.policy == metadata.get(REWRITTEN):
        return known
    return loads(str(metadata.get(REWRITTEN, "")), str(text))


def server_outcome(judgement: Judgement, rewritten: Rewritten) -> Outcome | None:
    """What the server's own answer would have got; None where it gave none, or CORS has nothing to say."""
    if rewritten.status is None:
        return None
    role = judgement.role
    if role in (Role.PREFLIGHT, Role.ACTUAL, Role.REDIRECT):
        if rewritten.status != judgement.observation.status:
            return rejudge(judgement, ENGINES[judgement.engine], rewritten.fields, rewritten.status)
        if rewritten.status in REDIRECT_STATUSES or len(judgement.chain) > _MANY_FLOWS:
            return _server_outcome(judgement, rewritten)
        key = _key(judgement, rewritten)
        known = _OUTCOMES.get(key)
        if known is None:
            if len(_OUTCOMES) >= _MAX_OUTCOMES:
                _OUTCOMES.clear()
            known = _OUTCOMES[key] = _server_outcome(judgement, rewritten)
        return known
    return Outcome(Verdict.NOT_CORS)


_OUTCOMES: dict[tuple[object, ...], Outcome] = {}
"""Pages repeat themselves, and all engines' checks take longer than the rewriting."""
_MAX_OUTCOMES = 1024
_MANY_FLOWS = 8
"""Flows of a fetch from which on looking for the redirects among them takes long."""


def _key(judgement: Judgement, rewritten: Rewritten) -> tuple[object, ...]:
    """All that the outcome of an answer depends on that is no redirect."""
    observation = judgement.observation
    key = (
        judgement.engine,
        judgement.role,
        judgement.origin,
        judgement.requested_method,
        judgement.judged_credentialed,
        rewritten.status,
        observation.http2,
        redirects_before(judgement) if len(judgement.chain) > 1 else 0,
        said(rewritten.fields),
    )
    if judgement.role is not Role.PREFLIGHT:
        return key
    first = judgement.chain[0].observation.url if judgement.chain else observation.url
    return *key, judgement.requested_headers, observation.url[:3], first[:3]


def _server_outcome(judgement: Judgement, rewritten: Rewritten) -> Outcome:
    engine = ENGINES[judgement.engine]
    answer = answer_of(judgement.observation, rewritten.fields, redirects_before(judgement), engine)
    stage = judgement.stage
    if stage is not Stage.PREFLIGHT:
        stage = Stage.REDIRECT if answer.target else Stage.ACTUAL
    assert stage is not None
    return outcome(engine, stage, asked_of(judgement), answer)


def edits(rewritten: Rewritten, fields: Fields) -> list[dict[str, Any]]:
    """Each header that differs between the server's answer and what was sent on: its name, before and after."""
    old, new = rewritten.fields, fields
    names = dict.fromkeys(LOWER[name] for name, _ in (*old, *new))
    found = []
    for name in names:
        before, after = get_all(old, name), get_all(new, name)
        if before != after:
            found.append({"name": name.decode("latin-1"), "before": _shown(before), "after": _shown(after)})
    return found


def line_field(rewritten: Rewritten, status: int | None, fields: Fields) -> dict[str, Any]:
    """The field `rewritten` of the JSON line."""
    return {
        "policy": rewritten.policy,
        "answered": rewritten.status is None,
        "status": None if rewritten.status == status else {"before": rewritten.status, "after": status},
        "edits": edits(rewritten, fields),
    }


def _shown(lines: list[bytes]) -> str | None:
    return readable(combine(lines)) if lines else None
