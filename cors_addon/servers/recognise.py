"""Which CORS implementation an answer looks like.

Law 1: at most one is told, and none where the marks of two hold: silence costs a sentence, a wrong name a day.
"""

from cors_addon.exchange.model import Observation
from cors_addon.exchange.recognised import Cause, Confidence, Recognised
from cors_addon.servers.answer import Answer
from cors_addon.servers.implementations import IMPLEMENTATIONS
from cors_addon.servers.signatures import LIKELY, LITERALS, Signature

_NARROWER = {"express-cors": "npm-cors", "vite": "npm-cors", "socket.io": "npm-cors"}
"""Implementations that are a kind of another: where both hold, it is the one on the left."""


def recognise(observation: Observation, body: bytes | None = None) -> Recognised | None:
    """Tell who made an answer; None where it does not show.

    `body`: its beginning, without its content coding; None where nobody has it.
    """
    if observation.status is None or not observation.response:
        return None
    return recognise_answer(Answer(observation, body or b""))


def recognise_answer(answer: Answer) -> Recognised | None:
    """The same of an answer that was read."""
    for row in LITERALS:
        if _holds(row, answer):
            known = IMPLEMENTATIONS[row.implementation].is_known
            return _recognised(row, answer, Confidence.SURE if known else Confidence.LIKELY)
    found = {row.implementation: row for row in reversed(LIKELY) if _holds(row, answer)}
    for narrow, wide in _NARROWER.items():
        if narrow in found:
            found.pop(wide, None)
    if len(found) != 1:
        return None
    return _recognised(next(iter(found.values())), answer, Confidence.LIKELY)


def _holds(row: Signature, answer: Answer) -> bool:
    for mark in row.marks:  # noqa: SIM110  # a loop, for a hundred rows are asked of an answer
        if not mark.holds(answer):
            return False
    return True


def _recognised(row: Signature, answer: Answer, confidence: Confidence) -> Recognised:
    known = IMPLEMENTATIONS[row.implementation]
    return Recognised(
        name=known.name,
        title=known.title,
        confidence=confidence,
        marks=tuple(mark.words for mark in row.marks if mark.worth and mark.words),
        settings=known.settings,
        causes=_causes(row, answer),
        hides=known.hides,
        mirrors=known.mirrors,
        target=known.target,
        version=known.version,
        source=known.source,
    )


def _causes(row: Signature, answer: Answer) -> tuple[Cause, ...]:
    if not row.causes:
        return ()
    said = "\n".join([answer.body, *answer.values("cors-error")])
    return tuple(dict.fromkeys(cause for words, cause in row.causes.items() if words in said))
