"""A browser's console, as text or as a test's log of it; and Lighthouse's reports, which have the errors of one.

No request and no answer is in such a file. What the browser refused, and why, is its own word; what passed is not told.

Law 1: a sentence is known by its fixed parts, see `cors_addon.reasons`; anything else in the file is passed over.
Law 2: "Failed to load resource" tells nothing new of a URL of which a sentence tells why, before it or soon after.
"""

import codecs
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from cors_addon.exchange.model import Word
from cors_addon.fetch.load import Block, Gate
from cors_addon.fetch.patterns import pattern
from cors_addon.fetch.refusals import Reason
from cors_addon.recordings import json_stream, sentences
from cors_addon.recordings.exchange import Recorded, Wanted
from cors_addon.recordings.har_dialects import AGENTS
from cors_addon.recordings.logged import Log, Logged
from cors_addon.recordings.sentences import Sentence
from cors_addon.recordings.source import UTF16_MARKS, Head, Source

ONLY_REFUSALS = "a console tells what was refused, not what passed: a HAR or a Playwright trace has both"
MOST_EXPLAINED = 10_000
"""URLs of which it is kept that a sentence tells why."""
_PRINTED = pattern(r"\[?\{'")
"""How Python prints a message of its drivers, or a list of them."""
HELD = 20
"""Sentences within which it is told why something failed."""
_FIRST = 200
"""Characters of a file by which JSON is told from other text."""
_CUT = 8
"""Characters at the end of these that may be the beginning of a literal."""
LONGEST = sentences.LONGEST
"""Characters of a line that are read."""

_WEBDRIVER = pattern(r"(?P<url>\S+) (?:-|\d+:\d+) (?P<text>[\s\S]*)")
"""ChromeDriver's `browser` log: where, and what."""
_CHROMIUM_LOG = pattern(r'\[[^\]]*:CONSOLE[^\]]*\] "(?P<text>.*?)"?(?:, source: (?P<url>\S*) \(\d+\)\s*)?')
"""A message in the file that Chromium writes with `--enable-logging`: base/logging.cc."""
_URL = pattern(r"https?://[^\s'\"<>]+")
_GECKO = pattern(r"Cross-Origin Request Blocked|Same Origin Policy")
_WEBKIT = pattern(r"due to access control checks|is not allowed by Access-Control-Allow-[\w-]+\.?(?: Status code.*)?$")
"""Of Chromium's sentences some say the same, and then more."""
_TEXTS = ("message", "text", "description")
_PLACES = ("url", "location", "sourceLocation")


_FAILED = "net::ERR_FAILED"
_OF_ANOTHER = Word(passed=False, block=Block(Gate.OTHER, _FAILED), text=_FAILED)
"""Where a console tells why CORS refuses, what it tells without was stopped by something else."""


class _Line(NamedTuple):
    """One message."""

    text: str
    url: str
    """Where the console says that it happened; empty where it does not."""
    time: float
    """Unix seconds, 0 where it is not told."""


def is_lighthouse(head: Head) -> bool:
    """A report, in JSON."""
    return "lighthouseVersion" in head.shape


def is_messages(head: Head) -> bool:
    """An array of messages, as a test keeps them, of which one tells of a refusal."""
    shape = head.shape
    texts = [text for name in _TEXTS for text in shape.at(f"[].{name}")]
    return shape.opens == "[" and any(sentences.read(_parted(text).text) is not None for text in texts)


def is_text(head: Head) -> bool:
    """A text in which a line tells of a refusal."""
    encoding = _encoding(head.start)
    if head.members is not None or (encoding == "utf-8" and b"\0" in head.start):
        return False
    text = head.start.decode(encoding, "replace")
    if head.shape.opens and not _is_no_json(text):
        return False
    return any(sentences.read(line) is not None for line in text.splitlines())


def _is_no_json(text: str) -> bool:
    """Whether a text that begins as JSON may is none by its first words: `[12:00:01] …`, `[pid:tid:…:INFO:…] …`.

    Or `{'level': …`: what Python prints.
    """
    line = text.lstrip("\ufeff \t\r\n").partition("\n")[0][:_FIRST]
    try:
        json.loads(line, strict=False)
    except json.JSONDecodeError as error:
        return (
            (line.startswith("[") or _PRINTED.match(line) is not None)
            and error.pos < len(line) - _CUT
            and not error.msg.startswith("Unterminated")
        )
    except (ValueError, RecursionError):
        return False
    return False


def read_lighthouse(source: Source, wanted: Wanted) -> Iterator[Recorded | None]:
    """Each refusal in a report, once; raises Damage after the last good one."""
    text = json_stream.Text(source)
    found: list[Any] = []
    for key in json_stream.members(text):
        value = text.value()
        if key == "audits" and isinstance(value, dict):
            details = (value.get("errors-in-console") or {}).get("details") or {}
            found = details.get("items") or []
    told = [line for each in found if (line := _of(each)) is not None]
    told.sort(key=lambda line: sentences.is_consequence(line.text))  # they stand in the order of their texts
    return _told(told, source, wanted)


def read_messages(source: Source, wanted: Wanted) -> Iterator[Recorded | None]:
    """Each refusal among messages; raises Damage after the last good one."""
    items = json_stream.items(json_stream.Text(source))
    return _told((line for each in items if (line := _of(each)) is not None), source, wanted)


def read_text(source: Source, wanted: Wanted) -> Iterator[Recorded | None]:
    """Each refusal in a text."""
    return _told(map(_parted, _lines(source)), source, wanted)


def _lines(source: Source) -> Iterator[str]:
    decoder: codecs.IncrementalDecoder | None = None
    rest = ""
    while data := source.read():
        decoder = decoder or codecs.getincrementaldecoder(_encoding(data))("replace")
        *lines, rest = (rest + decoder.decode(data)).replace("}, {'", "}\n{'").split("\n")
        for line in lines:
            yield line[:LONGEST]
        rest = rest[:LONGEST]
    yield rest


def _encoding(start: bytes) -> str:
    """Of a text: what Windows' shells write is UTF-16, and says so."""
    return "utf-16" if start.startswith(UTF16_MARKS) else "utf-8"


def _of(message: Any) -> _Line | None:
    """One of a list of messages; None for what is none."""
    if not isinstance(message, Mapping):
        return None
    text = next((message[name] for name in _TEXTS if isinstance(message.get(name), str)), None)
    if text is None:
        return None
    place = next((message[name] for name in _PLACES if message.get(name)), "")
    url = place.get("url", "") if isinstance(place, Mapping) else place
    time = message.get("timestamp", message.get("time"))
    moment = float(time) if isinstance(time, int | float) and not isinstance(time, bool) else 0.0
    line = _parted(text)
    return line._replace(url=line.url or str(url), time=moment / 1000 if moment > 1e11 else moment)


def _parted(text: str) -> _Line:
    """A line of text, and the URL in it that it is about."""
    logged_by_chromium = _CHROMIUM_LOG.fullmatch(text)
    if logged_by_chromium is not None:
        return _Line(logged_by_chromium["text"], logged_by_chromium["url"] or "", 0.0)
    match = _WEBDRIVER.fullmatch(text)
    if match is not None and "://" in match["url"]:
        message = match["text"]
        if message.startswith('"') and message.endswith('"'):
            try:
                message = str(json.loads(message))
            except ValueError:
                message = message[1:-1]
        return _Line(message, match["url"], 0.0)
    url = _URL.search(text)
    return _Line(text, "" if url is None else url[0].rstrip(":,)"), 0.0)


def _told(lines: Iterable[_Line], source: Source, wanted: Wanted) -> Iterator[Recorded | None]:
    log = Log(source.name, wanted)
    wanted.note(ONLY_REFUSALS, 1)
    heard = _Heard(log)
    for line in lines:
        heard.hear(line)
        yield from log.ready()
    heard.finish()
    yield from log.rest()


class _Heard:
    """What was read of a console so far."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._last: Sentence | None = None
        self._explained: dict[str, None] = {}
        """URLs of which it was told why they failed, or that they did."""
        self._tells = False
        """Refusals by CORS have sentences of their own in this console."""
        self._held: deque[tuple[int, Logged, Sentence]] = deque()
        """What only failed, and when it was heard: another sentence may still tell why."""
        self._count = 0

    def hear(self, line: _Line) -> None:
        """Take in the next line."""
        sentence = sentences.read(line.text, line.url)
        if sentence is None or sentences.follows(self._last, sentence) or self._is_known(sentence):
            self._log.skip()
            return
        self._last = sentence
        self._count += 1
        self._tells = self._tells or (sentence.reason is not None and not sentence.consequence)
        engine = "gecko" if _GECKO.search(line.text) else "webkit" if _WEBKIT.search(line.text) else "chromium"
        told = logged(sentence, engine, line.time, self._log.number())
        if sentence.consequence:
            self._held.append((self._count, told, sentence))
        else:
            self._drop(sentence.url)
            self._explain(sentence.url)
            self._log.add(told)
        while self._held and self._held[0][0] < self._count - HELD:
            self._release()

    def finish(self) -> None:
        """The console ends."""
        while self._held:
            self._release()

    def _is_known(self, sentence: Sentence) -> bool:
        if not sentence.consequence:
            return False
        return sentence.url in self._explained or any(held.url == sentence.url for _, _, held in self._held)

    def _explain(self, url: str) -> None:
        self._explained[url] = None
        if len(self._explained) > MOST_EXPLAINED:
            del self._explained[next(iter(self._explained))]

    def _drop(self, url: str) -> None:
        """Why it failed is told now."""
        for each in tuple(self._held):
            if each[2].url == url:
                self._held.remove(each)
                self._log.skip()

    def _release(self) -> None:
        _, told, sentence = self._held.popleft()
        if self._tells and sentence.reason is Reason.CAUSE_NOT_RECORDED:
            told = replace(told, word=_OF_ANOTHER)
        self._explain(sentence.url)
        self._log.add(told)


_OF_ELEMENTS = frozenset({Gate.CORP, Gate.COEP, Gate.ORB, Gate.CSP, Gate.MIXED_CONTENT})
"""What stops elements' loads as well, or hardly another's."""


def _kind(sentence: Sentence) -> str:
    """What a request was for; of what a sentence leaves open, a script's fetch most often."""
    if sentence.destination is not None:
        return sentence.destination.value or "fetch"
    block = sentence.word.block
    return "" if block is not None and block.gate in _OF_ELEMENTS else "fetch"


def logged(sentence: Sentence, engine: str, time: float, number: int) -> Logged:
    """What a sentence of this engine's console, at a time in Unix seconds, tells of a request."""
    headers = [("User-Agent", AGENTS[engine].decode("latin-1"))]
    if sentence.origin is not None:
        headers.append(("Origin", sentence.origin))
    elif sentence.page is not None:
        headers.append(("Referer", sentence.page))
    return Logged(
        sentence.url,
        sentence.method or "GET",
        headers,
        True,
        time,
        time,
        kind=_kind(sentence),
        word=sentence.word,
        number=number,
    )
