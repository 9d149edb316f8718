"""The library: recordings judged by another program. `import cors_addon` gives it, names and all.

    for judgement in cors_addon.judge("recording.har"):
        if judgement.verdict == "deny":
            print(cors_addon.explain(judgement))

Law 1: a judgement is what the JSON line of `cors-addon check` says, and in its order; once given, it never changes.
Law 2: what is to be judged without mitmproxy loads none of it.
"""

import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum, StrEnum
from typing import Any, BinaryIO, cast

from cors_addon.engines import Choices
from cors_addon.exchange import model
from cors_addon.exchange.model import Verdict
from cors_addon.fetch.masking import masked_values
from cors_addon.fetch.refusals import Reason
from cors_addon.recordings import judge as recordings
from cors_addon.report import jsonl
from cors_addon.report.input import Input

__all__ = ["Engine", "Judgement", "Reason", "RecordingError", "Verdict", "explain", "judge"]

type Recording = str | os.PathLike[str] | BinaryIO | Iterable[Mapping[str, Any]]
"""A path, a file that is open for reading bytes, or HAR entries as in `log.entries`."""


class Engine(StrEnum):
    """The browser engine whose rules decide."""

    AUTO = "auto"
    """Each client's own, by its User-Agent. Only asked for: a judgement names the engine that was found."""
    CHROMIUM = "chromium"
    GECKO = "gecko"
    WEBKIT = "webkit"
    FETCH = "fetch"
    """The Fetch standard itself."""
    JSDOM = "jsdom"
    HAPPY_DOM = "happy-dom"


class RecordingError(Exception):
    """A recording cannot be read, or not to its end; what came before was judged."""

    def __init__(self, name: str, fault: str, offset: int | None = None) -> None:
        """`fault` is wrong with the file of this name, from byte `offset` on."""
        super().__init__(name, fault, offset)
        self.name = name
        self.fault = fault
        self.offset = offset
        """Of a packed file: in what it unpacks to."""

    def __str__(self) -> str:
        """As in `recording.har: the file ends too early, at byte 1024`."""
        return f"{self.name}: {self.fault}" + ("" if self.offset is None else f", at byte {self.offset}")


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the client's browser decided on one exchange, and why. Picklable."""

    schema: int
    """Version of the fields; more of them do not make it another."""
    flow_id: str
    """Of the flow in a dump; of a HAR, the file's name and the number of the entry."""
    timestamp: float
    """Start of the request, Unix seconds."""
    client: str | None
    """Address of the client."""
    method: str
    url: str
    origin: str | None
    """The serialized request origin; None where the request bears none."""
    role: str
    """`preflight`, `actual`, `redirect`, or why it is not CORS: `same-origin`, `no-cors`, `navigation` …"""
    verdict: Verdict
    reason: Reason | None
    """The check that failed; None where none did."""
    detail: str | None
    """The offending value."""
    stage: str | None
    """`preflight`, `actual` or `redirect`."""
    engine: Engine
    browser_error: str | None
    """The engine's own name of the refusal, or of the block, where that is certain."""
    console_message: str | None
    """What the browser's console says."""
    credentials: str
    """The credentials mode: `include`, `omit` or `unknown`."""
    credentials_evidence: str | None
    if_credentialed: Verdict | None
    """The verdict were credentials included, where that is not known."""
    certainty: str
    """`observed`, or `inferred` where something had to be assumed."""
    assumptions: tuple[str, ...]
    preflight: str | None
    """`sent`, `cached`, `not-needed` or `unseen`."""
    preflight_because: tuple[str, ...]
    """Each thing that makes a preflight necessary, as `method PUT`."""
    paired_with: tuple[str, ...]
    """Flow ids of the same fetch."""
    exposed_headers: tuple[str, ...] | None
    """Response headers that the page's script may read."""
    hidden_headers: tuple[str, ...] | None
    """Those that it may not."""
    contradicted: bool
    """Later traffic shows that the browser decided otherwise."""
    rewritten: Mapping[str, Any] | None
    """What a policy changed in the answer."""
    server_verdict: Verdict | None
    """What the server's own answer would have got, where a policy changed it."""
    server_reason: Reason | None
    shadow: tuple[Mapping[str, Any], ...]
    """The verdict under each policy that was tried."""
    findings: tuple[str, ...]
    """Names of security findings."""
    revision: int
    """1, and one more each time that later traffic changes the judgement: the last one counts."""
    contradiction: str | None
    hypothetical: Verdict | None
    """What the standard would decide, for a client that is no browser."""
    hypothetical_reason: Reason | None
    blocked_by: str | None
    """What keeps the answer from the page: `cors`, `corp`, `coep`, `orb`, `nosniff`, `mime`, `csp` …"""
    blocked_detail: str | None
    """The offending value: a header as sent, a directive, a type."""
    usable: str | None
    """`usable`, `opaque` or `blocked`; None where that was not judged."""
    document: str | None
    """Flow id of the page's document or worker, where its policies had a say."""
    server: Mapping[str, Any] | None
    """The CORS implementation that the answer looks like: `name`, `title`, `confidence` (`sure` or `likely`), `marks`,
    `causes` (what it refused), `setting` (what to change there), `version` it was measured with, `source`, and
    `told_by`, the flow whose answer told it. None where it does not show."""
    said: str | None
    """The server's own words on its refusal: a line of the body, or of a header; None where it says nothing."""
    told_by: str
    """What the verdict rests on: `wire` (headers), or `recording` (the browser's own word in a file)."""
    happened: str | None
    """What really failed, where the page sees only that its request did: an error, a bot check, a login."""
    remedies: tuple[Mapping[str, Any], ...]
    """What to change, the likeliest first: `who`, `what`, `change`, `sure`, `why`, `opens`, `at`."""
    _judged: model.Judgement | None = field(default=None, repr=False, compare=False)
    _explanation: str = field(default="", repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The JSON line: its fields in their order, plain values only."""
        return {each: _plain(getattr(self, each)) for each in _FIELDS}

    def __getstate__(self) -> dict[str, Any]:
        """All that is told; the traffic around it stays behind."""
        return self.__dict__ | {"_judged": None, "_explanation": explain(self)}


_FIELDS = tuple(each.name for each in fields(Judgement) if not each.name.startswith("_"))


def judge(
    recording: Recording,
    *,
    engine: str | Engine = Engine.AUTO,
    on_note: Callable[[str, int], object] | None = None,
) -> Iterator[Judgement]:
    """Judge a recording as browsers do: a file of any kind that `cors-addon check` reads, or the entries of a HAR.

    Judgements come as the file is read. Where later traffic changes one, it comes again, with a higher `revision`.
    `engine` may name a version: `chromium@109`.
    `on_note` is told what the recording does not tell, each time with the number of exchanges that it concerns.

    Raises RecordingError for a file that cannot be read, after what could be; ValueError for an unknown engine.
    """
    known = Choices(each.value for each in Engine)
    if engine not in known:
        raise ValueError(f"engine: {engine!r} is not known; one of {', '.join(known)} is wanted")
    how = recordings.How(engine=str(engine))
    if isinstance(recording, (str, os.PathLike)):
        into = Input(os.fsdecode(recording))
        found = recordings.judged(into.name, into, how)
    elif hasattr(recording, "read"):
        if isinstance(recording, io.TextIOBase):
            raise TypeError('recording: a file that is open for text; open it for bytes, with "rb"')
        into = Input(str(getattr(recording, "name", "file")))
        found = recordings.judged(into.name, into, how, cast(BinaryIO, recording))
    elif isinstance(recording, Iterable) and not isinstance(recording, (bytes, bytearray, memoryview, Mapping)):
        into = Input("entries")
        found = recordings.judged_entries(_entries(recording), into, how)
    else:
        raise TypeError(
            f"recording: a path, a file open for bytes, or the entries of a HAR (its log.entries) are wanted, not "
            f"{type(recording).__name__}"
        )
    return _public(found, into, on_note)


def explain(judgement: Judgement) -> str:
    """The whole exchange in text, check by check, and what would change the verdict. Raises TypeError for all else."""
    if not isinstance(judgement, Judgement):
        raise TypeError(f"judgement: one of cors_addon.judge is wanted, not {type(judgement).__name__}")
    if judgement._judged is None:
        return judgement._explanation
    from cors_addon.report import explanation  # of use to what is looked at, and takes a while to import

    return explanation.explain(judgement._judged)


def _entries(recording: Iterable[Any]) -> Iterator[Any]:
    for number, entry in enumerate(recording):
        if not isinstance(entry, Mapping):
            raise TypeError(f"recording: entry {number} is no HAR entry (a dict), but {type(entry).__name__}")
        yield entry


def _public(
    found: Iterator[model.Judgement], into: Input, on_note: Callable[[str, int], object] | None
) -> Iterator[Judgement]:
    try:
        for each in found:
            yield _frozen(each)
    except OSError as error:
        raise RecordingError(into.name, f"cannot be read: {error.strerror or error}") from error
    if on_note is not None:
        for text, count in into.notes.items():
            on_note(text, count)
    if into.damage is not None:
        raise RecordingError(into.name, into.damage, into.offset)


def _frozen(judged: model.Judgement) -> Judgement:
    """A judgement as it is now: later traffic may revise the one within, and those of its fetch."""
    chain = list(judged.chain)
    now = judged.altered(chain=chain)
    if judged in chain:
        chain[chain.index(judged)] = now
    told = {name: _typed(value) for name, value in masked_values(jsonl.line(judged)).items()}
    return Judgement(**told | {"engine": Engine(told["engine"])}, _judged=now)


def _typed(value: Any) -> Any:
    """As the field of a judgement has it."""
    if isinstance(value, list):
        return tuple(map(_typed, value))
    return str(value) if isinstance(value, StrEnum) and not isinstance(value, (Verdict, Reason)) else value


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return value.value if isinstance(value, Enum) else value


for _name in __all__:
    # so that what a traceback, a repr or documentation shows is what was imported
    globals()[_name].__module__ = "cors_addon"
