"""Fiddler's session archives (`.saz`): a zip file with each message as it passed the proxy, as entries of a HAR.

`raw/N_c.txt` is a request, `raw/N_s.txt` its answer; `raw/N_m.xml`, where it is there, has the times and the client's
port.
https://docs.telerik.com/fiddler/knowledge-base/fiddler2sessionarchive
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from cors_addon.fetch.patterns import pattern
from cors_addon.recordings import har, raw_http
from cors_addon.recordings.exchange import Recorded, Wanted
from cors_addon.recordings.source import Damage, Head, Source

if TYPE_CHECKING:
    from cors_addon.recordings.archive import Archive

CREATOR = "Fiddler"
NO_TIMES = "no times in this archive: requests are taken to have come one after another, in the order of their numbers"
MAX_MESSAGE = 1 << 22
"""Bytes of a message that are read."""

_REQUEST = pattern(r"raw[/\\](\d+)_c\.txt", re.IGNORECASE)
_FRACTION = pattern(r"(\.\d{6})\d+")
_YEAR_ONE = "0001-"
"""Begins a time that is not set."""


def is_mine(head: Head) -> bool:
    """A zip file with requests where Fiddler has them."""
    return head.members is not None and any(_REQUEST.fullmatch(name) for name in head.members)


def read(source: Source, wanted: Wanted) -> Iterator[Recorded | None]:
    """Each exchange; raises Damage after the last good one."""
    archive = source.archive
    assert archive is not None
    return har.read_as(CREATOR, _entries(archive, wanted), source.name, wanted)


def _entries(archive: "Archive", wanted: Wanted) -> Iterator[Mapping[str, Any]]:
    timeless = 0
    for number, name in enumerate(archive.numbered(_REQUEST)):
        begin = name[: -len("c.txt")]
        message = archive.whole(name, MAX_MESSAGE)
        if message is None:
            raise archive.damage or Damage(f"{name} cannot be read: the archive is damaged, or locked by a password")
        times, flags = _session(archive.whole(f"{begin}m.xml", MAX_MESSAGE) or b"")
        timeless += not times
        yield entry(number, message, archive.whole(f"{begin}s.txt", MAX_MESSAGE) or b"", (times, flags))
    if timeless:
        wanted.note(NO_TIMES, timeless)
    if archive.damage is not None:
        raise archive.damage


def entry(
    number: int, request: bytes, response: bytes, session: tuple[Mapping[str, str], Mapping[str, str]]
) -> Mapping[str, Any]:
    """As a HAR has it. Total: one that cannot be read is found to be of no use."""
    times, flags = session
    try:
        begun = _moment(times, "ClientBeginRequest", "ClientConnected") or number * 1e-3
        took = max((_moment(times, "ClientDoneResponse", "ServerDoneResponse") or begun) - begun, 0)
        return {
            "startedDateTime": begun,
            "time": took * 1000,
            "timings": {"send": 0, "wait": took * 1000, "receive": 0},
            "connection": f"ClientPort:{flags['x-clientport']}" if "x-clientport" in flags else None,
            "request": raw_http.request(request),
            "response": raw_http.response(response),
        }
    except (ValueError, LookupError):
        return {}


def _moment(times: Mapping[str, str], *names: str) -> float | None:
    """Unix seconds; stamps have seven digits of a second."""
    for name in names:
        text = times.get(name, "")
        if text and not text.startswith(_YEAR_ONE):
            return datetime.fromisoformat(_FRACTION.sub(r"\1", text)).timestamp()
    return None


def _session(text: bytes) -> tuple[dict[str, str], dict[str, str]]:
    """Times and flags of a session, as far as they can be read."""
    times: dict[str, str] = {}
    flags: dict[str, str] = {}

    def begin(name: str, attributes: dict[str, str]) -> None:
        if name == "SessionTimers":
            times.update(attributes)
        elif name == "SessionFlag" and "N" in attributes:
            flags[attributes["N"].lower()] = attributes.get("V", "")

    def refuse(*_: object) -> None:
        raise ValueError("entities")

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    parser.EntityDeclHandler = refuse
    with contextlib.suppress(expat.ExpatError, ValueError, LookupError):  # what came before it counts; no such encoding
        parser.Parse(text, True)
    return times, flags
