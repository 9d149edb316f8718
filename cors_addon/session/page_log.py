"""A log of what pages said, a JSON line for each report: written beside a recording, and read with it."""

import json
import os
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from cors_addon.exchange.page_call import Report, Scene, read

SUFFIX = ".witness"
LONGEST = 1 << 22
"""Bytes of a line: of what is longer, no report is made."""


class Entry(NamedTuple):
    """One report."""

    time: float
    """When it came, Unix seconds."""
    scene: Scene
    report: Report


def beside(recording: str) -> str:
    """The log that lies beside a recording, by its name; empty where there is none."""
    name = f"{recording}{SUFFIX}"
    return name if recording != "-" and os.path.isfile(name) else ""


def line(scene: Scene, time: float, body: bytes, *, opaque: bool) -> str:
    """A report as a line, without its end."""
    address, agent = scene.client if isinstance(scene.client, tuple) else (scene.client, None)
    fields = {
        "time": time,
        "client": address,
        "user_agent": agent,
        "origin": scene.origin,
        "document": scene.flow_id,
        "opaque": opaque,
        "report": body.decode("utf-8", "replace"),
    }
    return json.dumps(fields)


def entries(lines: Iterable[bytes]) -> Iterator[Entry]:
    """Each report of a log; raises ValueError, which names the line, for what is none."""
    for number, text in enumerate(lines, 1):
        if text.strip():
            try:
                fields = json.loads(text)
                yield _entry(fields)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise ValueError(f"line {number} is no report of a page: {error}") from None


def _entry(fields: dict[str, Any]) -> Entry:
    time = float(fields["time"])
    scene = Scene((fields["client"], fields["user_agent"]), str(fields["origin"]), str(fields["document"]))
    return Entry(time, scene, read(fields["report"].encode(), time, opaque=fields["opaque"] is True))
