"""What was rewritten: by which policy, and what the server itself had said, as text that a dump keeps.

Law: the server's own answer is kept whole, so that it can be judged, shown and restored.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from cors_addon.exchange.model import Fields, Judgement, Outcome, Role, Verdict
from cors_addon.exchange.outcomes import location_target, outcomes_of, redirects_before, rejudge
from cors_addon.exchange.response_headers import read_response
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
    if judgement.role not in (Role.PREFLIGHT, Role.ACTUAL, Role.REDIRECT):
        return Outcome(Verdict.NOT_CORS)
    engine, observation = judgement.engine, judgement.observation
    if rewritten.status != observation.status:
        return rejudge(judgement, engine, rewritten.fields, rewritten.status)
    answer = read_response(rewritten.fields)
    target = location_target(observation, answer.lines.location, engine)
    stage = Stage.REDIRECT if target else Stage.ACTUAL
    if judgement.role is Role.PREFLIGHT:
        stage = Stage.PREFLIGHT
    received = (rewritten.status, answer, observation.http2, target, redirects_before(judgement))
    omitted, included = outcomes_of(judgement, engine, stage, received)
    return included if judgement.judged_credentialed else omitted


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
