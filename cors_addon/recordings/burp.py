"""Burp Suite's saved items: an XML file of raw messages, each as an entry of a HAR.

Law 1: no entity of the file's own is looked up: its document type declares elements, and one that declares more is
damage.
Law 2: the clock is as Burp writes it, in whole seconds; its zone is not told in a way that can be read.
https://portswigger.net/burp/documentation/desktop/tools/target/site-map
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any
from xml.parsers import expat

from cors_addon.fetch.patterns import pattern
from cors_addon.recordings import har, raw_http
from cors_addon.recordings.exchange import Recorded, Wanted
from cors_addon.recordings.source import Damage, Head, Source

CREATOR = "Burp"
MAX_ITEM = 1 << 25
"""Characters of one item; of a larger one the rest of its messages is left out."""
RAW = "bytes that XML may not hold: save the items anew, with Base64-encoded requests and responses"

_BEGIN = pattern(rb"(?:<\?xml[^>]*\?>)?\s*(?:<!DOCTYPE items\b|<items\b)")
_ITEMS = pattern(rb"<items\s[^>]*\bburpVersion=")
_VERSION = pattern(rb"\A(\s*<\?xml[^>]*version\s*=\s*['\"])1\.1(['\"])")
_TIME = pattern(r"\w{3} (\w{3}) (\d\d?) (\d\d:\d\d:\d\d) (?:.* )?(\d{4})")
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def is_mine(head: Head) -> bool:
    """Items, with the version of Burp."""
    start = head.start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return _BEGIN.match(start) is not None and _ITEMS.search(start) is not None


def read(source: Source, wanted: Wanted) -> Iterator[Recorded | None]:
    """Each exchange; raises Damage after the last good one."""
    return har.read_as(CREATOR, map(entry, _Items(source)), source.name, wanted)


class _Items:
    """The items of the file, each as a mapping of its elements' texts."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._item: dict[str, str] | None = None
        self._parts: list[str] = []
        self._size = 0
        self._ready: list[dict[str, str]] = []
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._entity

    def __iter__(self) -> Iterator[dict[str, str]]:
        first = True
        while True:
            data = self._source.read()
            if first:  # expat reads no XML 1.1, which differs in what it permits, and Burp encodes that
                data, first = _VERSION.sub(rb"\g<1>1.0\2", data), False
            try:
                self._parser.Parse(data, not data)
            except LookupError as error:
                raise Damage("XML in an encoding that nobody knows") from error
            except expat.ExpatError as error:
                yield from self._ready
                what = RAW if error.code == _INVALID else f"no XML: {expat.ErrorString(error.code)}"
                raise Damage(what, self._parser.ErrorByteIndex) from error
            yield from self._ready
            self._ready.clear()
            if not data:
                return

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "item":
            self._item, self._size = {}, 0
        elif self._item is not None and attributes.get("base64") == "true":
            self._item[f"{name} base64"] = ""
        self._parts = []

    def _text(self, text: str) -> None:
        if self._item is not None and self._size < MAX_ITEM:
            self._parts.append(text)
            self._size += len(text)

    def _end(self, name: str) -> None:
        if name == "item" and self._item is not None:
            self._ready.append(self._item)
            self._item = None
        elif self._item is not None:
            self._item[name] = "".join(self._parts)
        self._parts = []

    def _entity(self, *_: object) -> None:
        raise Damage("a document type that declares entities, as Burp writes none", self._parser.CurrentByteIndex)


_INVALID = expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN]


def entry(item: Mapping[str, str]) -> Mapping[str, Any]:
    """As a HAR has it. Total: one that cannot be read is found to be of no use."""
    try:
        return {
            "startedDateTime": _moment(item.get("time", "")),
            "time": 0,
            "request": raw_http.request(_message(item, "request"), item["url"]),
            "response": raw_http.response(_message(item, "response")),
        }
    except (ValueError, LookupError):
        return {}


def _message(item: Mapping[str, str], name: str) -> bytes:
    text = item.get(name, "")
    if f"{name} base64" in item:
        return base64.b64decode(text[: len(text) & ~3])
    return text.encode("latin-1", "replace")


def _moment(text: str) -> str | None:
    """Its zone is a name only: taken as UTC, as all of one file are off by the same."""
    match = _TIME.match(text)
    if match is None or match[1] not in _MONTHS:
        return None
    month, day, clock, year = match.groups()
    return f"{year}-{_MONTHS.index(month) + 1:02}-{int(day):02}T{clock}Z"
