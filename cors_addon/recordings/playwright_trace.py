"""Traces of Playwright, of the library and of its test runner: the network's entries, joined with the console.

A trace is a zip file. Each browser context has a `*trace.network`, lines with the entries of a HAR, and a
`*trace.trace`, lines with what happened, the console's messages among them. Formats of versions 3 to 10 are known by
what stands in them (Playwright's own trace viewer: traceModernizer.ts).

Law 1: why the browser refused a request stands in its console alone; it is joined by page, URL and time.
Law 2: contexts share neither cookies nor a cache: each is a client of its own.
Law 3: what a test routed was sent without a preflight, whatever a user's browser would do; that is said.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from cors_addon.exchange.timing import CONSOLE_AFTER, CONSOLE_BEFORE
from cors_addon.fetch.load import Block, Gate
from cors_addon.fetch.patterns import pattern
from cors_addon.recordings import console_log, har, json_stream, sentences
from cors_addon.recordings.damage import Damage
from cors_addon.recordings.exchange import Recorded, Wanted
from cors_addon.recordings.har_dialects import Context, last_name
from cors_addon.recordings.logged import Log
from cors_addon.recordings.sentences import Sentence
from cors_addon.recordings.source import Head, Readable, Source

if TYPE_CHECKING:
    from cors_addon.recordings.archive import Archive

ROUTED = (
    "the test routed requests (page.route, or an intercepting fixture): Chromium then sends no preflights, so what a"
    " preflight would refuse passes here, and is refused for every user"
)
NO_NETWORK = (
    "no network in this trace: tracing.start(snapshots=True) records it; of what the browser refused the console tells,"
    " of what passed nothing"
)
MOST_SAID = 20_000
"""Sentences of a context that are kept."""
MOST_OF_A_LINE = 1 << 20
"""Bytes of a line in which a message of the console stands; longer ones are snapshots of pages."""
MOST_OF_A_BODY = 1 << 20
"""Bytes of an answer's body that are read."""

_NAME = pattern(r"(?:^|/)(?P<stem>(?:\d+-)?trace[\w-]*)\.(?P<part>network|trace)$")


class _Said(NamedTuple):
    """A sentence of a console."""

    at: float
    """Milliseconds, by the trace's clock."""
    page: str
    sentence: Sentence


def is_mine(head: Head) -> bool:
    """Whether a file is a trace, or the network's part of one that was unpacked."""
    if head.members is not None:
        return any(_NAME.search(name) for name in head.members)
    return "resource-snapshot" in head.shape.at("type") and "snapshot" in head.shape


def read(source: Source, wanted: Wanted) -> Iterator[Recorded | None]:
    """Each exchange of a trace; raises Damage after the last good one, of whatever file in it."""
    name = source.name if wanted.whole_name else last_name(source.name)
    archive = source.archive
    if archive is None:
        yield from _exchanges(_Trace(), source, name, wanted)
        return
    damage: Damage | None = None
    contexts = sorted(_contexts(archive).items(), key=lambda each: (len(each[0]), each[0]))
    networks = [stem for stem, parts in contexts if "network" in parts]
    traces: list[_Trace] = []
    for stem, parts in contexts:
        trace = _Trace(archive)
        traces.append(trace)
        try:
            if "trace" in parts:
                trace.listen(archive.open(parts["trace"]))
        except Damage as found:
            damage = damage or found
        if "network" not in parts:
            continue
        own = name if len(networks) == 1 else f"{name}/{stem}"
        try:
            for each in _exchanges(trace, archive.open(parts["network"]), own, wanted):
                if each is not None and len(networks) > 1:
                    each.observation.client = stem
                yield each
        except Damage as found:
            damage = Damage(f"{parts['network']}: {found.what}", found.offset)
        if trace.routed:
            wanted.note(ROUTED, 1)
    unknown = not any(trace.entries for trace in traces)
    if unknown:
        wanted.note(NO_NETWORK, 1)
    yield from _of_consoles(traces, source.name if unknown else f"{source.name} console", wanted, all_of_it=unknown)
    if damage or archive.damage:
        raise damage or archive.damage  # type: ignore[misc]


def _of_consoles(
    traces: Iterable["_Trace"], name: str, wanted: Wanted, *, all_of_it: bool
) -> Iterator[Recorded | None]:
    """What consoles tell by themselves; or no more than what a policy stopped, which the network knows nothing of."""
    log = Log(name, wanted)
    for trace in traces:
        for at, sentence in trace.said():
            if not (all_of_it or (sentence.word.block is not None and sentence.word.block.gate is Gate.CSP)):
                continue
            log.add(console_log.logged(sentence, _ENGINES.get(trace.browser, "chromium"), at, log.number()))
    yield from log.rest()


_ENGINES = {"firefox": "gecko", "webkit": "webkit"}


def _contexts(archive: "Archive") -> dict[str, dict[str, str]]:
    """The files of each browser context, by what their names begin with."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for name in archive.names:
        if match := _NAME.search(name):
            found[name.rpartition(".")[0]][match["part"]] = name
    return found


def _exchanges(trace: "_Trace", file: Readable, name: str, wanted: Wanted) -> Iterator[Recorded | None]:
    context = Context(name)
    context.learn("creator", {"name": "Playwright"})
    context.learn("browser", {"name": trace.browser or "chromium"})
    yield from har.read_entries(_entries(trace, file), name, wanted, context)


def _entries(trace: "_Trace", file: Readable) -> Iterator[Any]:
    """Entries of a HAR, each with what the console said of it."""
    text = json_stream.Text(file)
    while text.peek():
        event = text.value()
        snapshot = event.get("snapshot") if isinstance(event, dict) else None
        if isinstance(snapshot, dict) and "request" in snapshot:
            trace.entries += 1
            trace.join(snapshot)
            yield snapshot


class _Trace:
    """What happened in a browser context, beside its network."""

    def __init__(self, archive: "Archive | None" = None) -> None:
        self.browser = ""
        self.entries = 0
        """How many its network has, as far as it was read."""
        self._offset = 0.0
        """Milliseconds between the trace's clock and the day's."""
        self.routed = False
        """The test routed requests."""
        self._archive = archive
        self._said: defaultdict[str, list[_Said]] = defaultdict(list)
        """By URL, in the order of the console."""
        self._count = 0
        self._messages: dict[str, dict[str, Any]] = {}
        """Of older traces, messages before they are shown."""

    # -- what the console says -------------------------------------------------------------------------------------

    def listen(self, file: Readable) -> None:
        """Read a `*.trace`; raises Damage, with what came before it kept."""
        for line in _lines(file):
            start = line[:300]
            if not self._offset and b'"wallTime":' in start and b'"startTime":' in start:
                self._set_clock(line)
            if b"Console" in start or b'"console"' in start or b"context-options" in start:
                self._take(line)
            elif b"setNetworkInterceptionPatterns" in start:
                self.routed = self.routed or b'"patterns":[]' not in line

    def _take(self, line: bytes) -> None:
        event = _object(line)
        if event.get("type") == "context-options":
            self.browser = str(event.get("browserName") or "")
            wall, own = event.get("wallTime"), event.get("monotonicTime")
            if isinstance(wall, (int, float)) and isinstance(own, (int, float)):
                self._offset = wall - own
            return
        event = self._of_older(event)
        text, at = event.get("text"), event.get("time")
        if event.get("type") == "console" and isinstance(text, str) and isinstance(at, (int, float)):
            location = event.get("location")
            url = str(location.get("url") or "") if isinstance(location, dict) else ""
            self._keep(sentences.read(text, url), float(at), str(event.get("pageId") or ""))

    def _set_clock(self, line: bytes) -> None:
        """Of versions before 7, whose actions and events alone have both clocks."""
        event = _object(line)
        about = _inner(event)
        wall, own = about.get("wallTime"), about.get("startTime")
        if isinstance(wall, (int, float)) and isinstance(own, (int, float)):
            self._offset = wall - own

    def _of_older(self, event: dict[str, Any]) -> dict[str, Any]:
        """A message of the console as newer versions have it; versions 3 and 4 announce it, and then show it."""
        about = _inner(event)
        params = about.get("params")
        if event.get("type") == "console":
            return event
        made = event if event.get("type") == "object" else params
        if isinstance(made, dict) and isinstance(initial := made.get("initializer"), dict):
            if len(self._messages) < MOST_SAID and isinstance(made.get("guid"), str):
                self._messages[made["guid"]] = initial
            return event
        shown = params.get("message") if isinstance(params, dict) else None
        message = self._messages.pop(str(shown.get("guid")), None) if isinstance(shown, dict) else None
        if message is None or about.get("method") != "console":
            return event
        at = about.get("time", about.get("startTime"))
        return {"type": "console", **message, "time": at, "pageId": about.get("pageId")} | {"type": "console"}

    def _keep(self, sentence: Sentence | None, at: float, page: str) -> None:
        if sentence is None or self._count >= MOST_SAID:
            return
        said = self._said[sentence.url]
        if sentence.consequence and said and said[-1].at > at - 1000:
            return
        self._count += 1
        said.append(_Said(at, page, sentence))

    def said(self) -> Iterator[tuple[float, Sentence]]:
        """What the console said of each URL that was not joined, and when, Unix seconds; what tells why comes first."""
        for each in self._said.values():
            told = [said for said in each if not said.sentence.consequence] or each
            yield from (((said.at + self._offset) / 1000, said.sentence) for said in told)

    # -- what it says of a request ---------------------------------------------------------------------------------

    def join(self, entry: dict[str, Any]) -> None:
        """Add to an entry what the console said of it, and how its body can be read."""
        self.routed = self.routed or entry.get("_wasContinued") is True or entry.get("_wasFulfilled") is True
        self._offer_body(entry)
        request, response = entry.get("request"), entry.get("response")
        if not isinstance(request, dict) or not isinstance(response, dict):
            return
        said = self._said.get(str(request.get("url")))
        at, took = entry.get("_monotonicTime"), entry.get("time")
        if not isinstance(at, (int, float)):
            return
        if not isinstance(entry.get("startedDateTime"), str) and self._offset:  # version 3 has an empty object there
            entry["startedDateTime"] = at + self._offset
        if not said:
            return
        failed = response.get("status") == -1
        end = at + took if isinstance(took, (int, float)) and took > 0 else at
        fits = [each for each in said if at - 1000 * CONSOLE_BEFORE <= each.at <= end + 1000 * CONSOLE_AFTER]
        fits = [each for each in fits if failed or self._may_follow_an_answer(each.sentence.word.block)]
        fits = [each for each in fits if each.page in ("", str(entry.get("pageref")))] or fits
        if fits:
            chosen = min(fits, key=lambda each: abs(each.at - end))
            said.remove(chosen)
            if not chosen.sentence.consequence:
                entry["_word"] = chosen.sentence.word

    def _may_follow_an_answer(self, block: Block | None) -> bool:
        """Whether this can be of a request with an answer in the trace: in Chromium's, CORS let that pass."""
        return self.browser != "chromium" if block is None else block.gate is Gate.SRI

    def _offer_body(self, entry: dict[str, Any]) -> None:
        response = entry.get("response")
        content = response.get("content") if isinstance(response, dict) else None
        if self._archive is None or not isinstance(content, dict):
            return
        name = content.get("_file") or content.get("_sha1")
        if isinstance(name, str):
            name = name if name.startswith("resources/") else f"resources/{name}"
            read_file: Callable[[], bytes | None] = partial(self._archive.whole, name, MOST_OF_A_BODY)
            content["_read"] = read_file


def _object(line: bytes) -> dict[str, Any]:
    """What a line holds; empty where that is no object of JSON."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _inner(event: dict[str, Any]) -> dict[str, Any]:
    """What an event is about: versions 3 and 4 have that in an object of its own."""
    inner = event.get("metadata")
    return inner if isinstance(inner, dict) else event


def _lines(file: Readable) -> Iterator[bytes]:
    """Lines, those that are too long left out."""
    rest = bytearray()
    skipping = False
    while data := file.read():
        *whole, last = data.split(b"\n")
        for line in whole:
            if not skipping and len(rest) + len(line) <= MOST_OF_A_LINE:
                yield bytes(rest) + line if rest else line
            rest.clear()
            skipping = False
        if len(rest) + len(last) > MOST_OF_A_LINE:
            rest.clear()
            skipping = True
        elif not skipping:
            rest += last
    if rest:
        yield bytes(rest)
