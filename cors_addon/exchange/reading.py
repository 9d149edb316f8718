"""How much of an exchange is read: one that is too long is cut before it is judged, and the judgement says so."""

from cors_addon.exchange.model import USUAL_LINES, Fields, Observation
from cors_addon.exchange.request_headers import read_request
from cors_addon.exchange.response_headers import shape_of as shape_of_response
from cors_addon.fetch.bounds import MAX_METHOD, MAX_VALUES, OF_A_LINE, SHORT, bounded, size_of
from cors_addon.fetch.received import joined, values_of
from cors_addon.fetch.shapes import MAX_LINES


def cut(observation: Observation) -> tuple[str, ...]:
    """Leave of an exchange what is to be read. Returns what to say of that: nothing, for nearly all."""
    request, response = observation.request, observation.response
    # of so many lines, to join them once takes long enough
    size = size_of(response) if len(response) > MAX_LINES else 0
    answered, asked = size or len(values_of(response)), read_request(request).length
    observation.size += min(answered, MAX_VALUES) + min(asked, MAX_VALUES)
    lines = len(request) + len(response)
    if lines > USUAL_LINES:
        observation.size += OF_A_LINE * (min(lines, 2 * MAX_LINES) - USUAL_LINES)
    if (
        answered <= SHORT
        and asked <= SHORT
        and len(observation.method) <= MAX_METHOD
        and not shape_of_response(response).is_long
        and (observation.rewritten is None or _is_short(observation.rewritten[2]))
    ):
        return ()
    return _cut(observation, size or size_of(response))


def _is_short(fields: Fields) -> bool:
    return len(joined(fields)) <= SHORT and not shape_of_response(fields).is_long


def _cut(observation: Observation, size: int) -> tuple[str, ...]:
    said = {"method": ""}
    if len(observation.method) > MAX_METHOD:
        said["method"] = f"{MAX_METHOD} of {len(observation.method):,} bytes"
        observation.method = observation.method[:MAX_METHOD]
    observation.head_size = size
    observation.request, said["request's headers"] = bounded(observation.request)
    observation.response, said["answer's headers"] = bounded(observation.response, size)
    if observation.rewritten is not None:
        name, status, fields = observation.rewritten
        fields, said["server's own headers"] = bounded(fields)
        observation.rewritten = name, status, fields
    return tuple([f"read in part: of the {what} {much}" for what, much in said.items() if much])
