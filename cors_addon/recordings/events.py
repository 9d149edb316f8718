"""A browser's events one by one, whoever wrote the log: an array, a line each, or as Selenium wraps them.

Law 1: memory is bounded by the largest event, whose long strings are cut short.
Law 2: what is no event is passed over; what is no JSON is damage, and every event before it was given.
"""

import json
from collections.abc import Iterator
from typing import Any

from cors_addon.fetch.patterns import pattern
from cors_addon.recordings import json_stream
from cors_addon.recordings.json_shape import Shape

_decode = json.JSONDecoder(strict=False).decode
_METHOD = '"method":"'
_NEAR = 80
"""Characters within which an event's method stands where drivers write it."""


def methods(shape: Shape) -> Iterator[str]:
    """The methods of the events that a file begins with, as far as they can be seen; ours or anybody's."""
    for path, texts in shape.texts.items():
        place, _, key = path.rpartition(".")
        if place.removesuffix("[]").count(".") > 1:
            continue
        if key == "method" and (f"{place}.params" if place else "params") in shape:
            yield from texts
        elif key == "message" or path.endswith("[]"):
            for text in texts:
                plain = text.replace("\\", "").replace(" ", "")
                if plain.startswith("{") and 0 <= (at := plain.find(_METHOD)) < _NEAR:
                    yield plain[at + len(_METHOD) :].partition('"')[0]


def events(text: json_stream.Text, wanted: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Each event whose method begins with one of these, and which has parameters; raises Damage."""
    while mark := text.peek():
        if mark == "[":
            for value in json_stream.items(text):
                event = _plainly(value, wanted)
                if event is None:
                    yield from _of(value, wanted)
                elif event:
                    yield event
        elif mark == "{" and _AROUND.match(text.text, text.at):
            for _ in json_stream.members(text):
                for value in json_stream.items(text) if text.peek() == "[" else (text.value(),):
                    yield from _of(value, wanted)
        elif mark == "{":
            yield from _of(text.value(), wanted)
        elif mark == ",":
            text.take(",")  # an array that has lost its beginning
        else:
            raise text.damage("no JSON: an event is missing")


def _plainly(value: Any, wanted: tuple[str, ...]) -> dict[str, Any] | None:
    """The event that this is, or is wrapped in Selenium's way; nothing for one of no use, None where it is neither."""
    if type(value) is not dict:
        return None
    method = value.get("method")
    if method is None and type(message := value.get("message")) is str:
        found = _unpacked(message, wanted)
        if found is None:
            return {}
        value = found.get("message", found) if type(found) is dict else None
        if type(value) is not dict:
            return None
        method = value.get("method")
    if type(method) is not str:
        return None
    return value if method.startswith(wanted) and type(value.get("params")) is dict else {}


def _of(value: Any, wanted: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """The events in a value: itself, or what it is wrapped around."""
    if isinstance(value, str):
        value = _unpacked(value, wanted)
    if isinstance(value, list):
        for each in value[:_MOST_TOGETHER]:
            yield from _of(each, wanted)
        return
    if not isinstance(value, dict):
        return
    method = value.get("method")
    if isinstance(method, str):
        if method.startswith(wanted) and isinstance(value.get("params"), dict):
            yield value
        return
    inner = value.get("message")
    if inner is not None:
        yield from _of(inner, wanted)


_MOST_TOGETHER = 1 << 20
_AROUND = pattern(r'\{\s*"[^"\\]{1,100}"\s*:\s*\[')
"""An object that begins with an array, of events maybe."""


def _unpacked(text: str, wanted: tuple[str, ...]) -> Any:
    """The event in a text; None where it has none that is wanted, which is mostly seen without reading all of it."""
    at = text.find(_METHOD, 0, _NEAR)
    if at >= 0 and not text.startswith(wanted, at + len(_METHOD)):
        return None
    if not text.lstrip().startswith("{"):
        return None
    try:
        return _decode(text)
    except (ValueError, RecursionError):
        return None
