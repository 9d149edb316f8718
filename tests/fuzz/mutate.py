"""Inputs made of others: changed as the JSON, netstrings or lines that they are, to get past a parser.

What changes bytes alone rarely leaves JSON that can be read, or a length that is true.
"""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from mitmproxy.io import tnetstring

WORDS = (
    *("Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods"),
    *("Access-Control-Allow-Headers", "Access-Control-Expose-Headers", "Access-Control-Max-Age"),
    *("Access-Control-Request-Method", "Access-Control-Request-Headers", "Origin", "Vary", "Location", "Set-Cookie"),
    *("Content-Security-Policy", "Cross-Origin-Resource-Policy", "Content-Type", "Cookie", "Sec-Fetch-Mode", "OPTIONS"),
    *("*", "null", "true", "GET, POST", "-1", "https://app.example.test", "https://[::1]:0/", "http://a.test:65536"),
    *("//", "?", "#", "%00", "\x1b[2J", "\x00", "é", "\u202e", "\ud800", "https://user:word@a.test/?token=a", ""),
)
NUMBERS = (0, 1, -1, 200, 204, 302, 304, 404, 2**31, 2**63, -(2**70), 1e308, 0.5, float("inf"), float("nan"))
VALUES: tuple[Any, ...] = (None, True, False, [], {}, *NUMBERS, *WORDS)

type Draw = Random


def mutate(data: bytes, form: str, draw: Draw) -> bytes:
    """An input like another, but for a few places; where it is not of its form, as text."""
    try:
        return _FORMS[form](data, draw)
    except (ValueError, TypeError, RecursionError, IndexError, OverflowError):
        return _text(data, draw)


def _json(data: bytes, draw: Draw) -> bytes:
    return json.dumps(_changed(json.loads(data), draw)).encode()


def _lines(data: bytes, draw: Draw) -> bytes:
    """JSON on each line; what is none stays."""
    lines = data.split(b"\n")
    for _ in range(draw.choice((1, 1, 2, 4))):
        place = draw.randrange(len(lines))
        kind = draw.randrange(8)
        if kind == 0:
            lines.insert(place, draw.choice(lines))
        elif kind == 1 and len(lines) > 1:
            del lines[place]
        else:
            lines[place] = _json(lines[place], draw)
    return b"\n".join(lines)


def _netstrings(data: bytes, draw: Draw) -> bytes:
    """The flows of a dump."""
    flows: list[Any] = []
    rest = memoryview(data)
    while rest:
        found, rest = tnetstring.pop(rest)
        flows.append(found)
    return b"".join(map(tnetstring.dumps, _changed(flows, draw)))


def _text(data: bytes, draw: Draw) -> bytes:
    """Words put in, pieces repeated, moved, or left out; bytes changed."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 4, 8))):
        begin = draw.randrange(len(changed) + 1)
        end = min(len(changed), begin + draw.choice((0, 1, 2, 4, 16, 64)))
        kind = draw.randrange(6)
        if kind == 0:
            changed[begin:end] = draw.choice(WORDS).encode("utf-8", "surrogatepass")
        elif kind == 1:
            del changed[begin:end]
        elif kind == 2:
            changed[begin:begin] = changed[begin:end] * draw.choice((1, 2, 16))
        elif kind == 3:
            changed[begin:end] = draw.randbytes(draw.choice((1, 1, 2)))
        elif kind == 4:
            other = draw.randrange(len(changed) + 1)
            changed[other:other] = changed[begin:end]
        else:
            lines = bytes(changed).split(b"\n")
            draw.shuffle(lines)
            changed = bytearray(b"\n".join(lines))
    return bytes(changed)


_FORMS: dict[str, Callable[[bytes, Draw], bytes]] = {
    "json": _json,
    "lines": _lines,
    "tnetstring": _netstrings,
    "text": _text,
}


def _changed(tree: Any, draw: Draw) -> Any:
    """A value, changed in a few places; what holds it is changed as well."""
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        places = list(_places(tree))
        if not places:
            return draw.choice(VALUES)
        holder, key = draw.choice(places)
        kind = draw.randrange(7)
        if kind == 0:
            del holder[key]
        elif kind == 1:
            other, there = draw.choice(places)
            if isinstance(holder, dict | list) and there in _keys(other):
                holder[key] = _copied(other[there])
        elif kind == 2 and isinstance(holder, list):
            holder.insert(key, _copied(holder[key]))
        elif kind == 3 and isinstance(holder[key], str | bytes) and holder[key]:
            holder[key] = _retyped(_text(_bytes(holder[key]), draw), holder[key])
        elif kind == 4 and isinstance(holder[key], int | float):
            holder[key] += draw.choice((1, -1, 0.5, 1000))
        else:
            holder[key] = _retyped(_bytes(draw.choice(WORDS)), holder[key]) if kind < 6 else draw.choice(VALUES)
    return tree


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Each value in it, by what holds it and where; not so many that looking takes longer than running."""
    found: list[tuple[Any, Any]] = []
    waiting = [tree]
    while waiting and len(found) < 5000:
        holder = waiting.pop()
        for key in _keys(holder):
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])
    return found


def _keys(holder: Any) -> list[Any]:
    return list(holder) if isinstance(holder, dict) else list(range(len(holder))) if isinstance(holder, list) else []


def _copied(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _copied(value) for key, value in tree.items()}
    return [_copied(value) for value in tree] if isinstance(tree, list) else tree


def _bytes(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


def _retyped(value: bytes, like: Any) -> Any:
    """Text or bytes, as what stood there was."""
    return value if isinstance(like, bytes) else value.decode("utf-8", "replace")
