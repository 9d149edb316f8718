"""What a page's own realm reports: each call by which it asked for something, and what script saw of it.

Law 1: a report is another's word: whatever it holds, reading it raises nothing, and what it makes is bounded.
Law 2: what a page left out is at the standard's default; what could not be looked at without running the page's code is
unknown, and said so.
Law 3: times are the reader's: a page's clock may be wrong, and says in each report what it shows.
"""

import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from cors_addon.exchange.model import Credentials
from cors_addon.fetch.methods import normalize_method
from cors_addon.fetch.origins import Url, parse_url

MAX_RECORDS = 400
"""Records that are read of one report."""
LONGEST = 2000
"""Characters that are kept of a text."""
_AHEAD = ("preload", "prefetch")
"""In a link's `rel`."""


class Scene(NamedTuple):
    """A document or worker that is observed."""

    client: Hashable
    """Address and User-Agent of the browser."""
    origin: str
    """Origin of its URL, whatever a sandbox makes of it."""
    flow_id: str
    """Of the answer that it came of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCall:
    """One call. https://fetch.spec.whatwg.org/#concept-request has the terms."""

    api: str
    """`fetch`, `xhr`, `eventsource`, `websocket`, `beacon`, `worker`, `sharedworker`, or an element: `img` …; empty
    where nothing but a violation tells of it."""
    url: Url | None
    """As it was asked for, without fragment; None where the page's text does not parse, or is of another scheme."""
    text: str
    """The URL as it was written, or resolved."""
    method: str | None
    mode: str | None
    credentials: Credentials
    """As the request bears them to another origin: `include`, or else `omit`."""
    surely_omitted: bool
    """The mode is `omit`, not merely `same-origin`."""
    redirect: str | None
    header_names: frozenset[str] | None
    """Lower case, as script set them; None where that is unknown."""
    listens_to_upload: bool | None
    """What makes a preflight necessary; None where it does not apply."""
    streams: bool
    """Its body is a stream, which does so, too."""
    started: float
    """Unix seconds; 0 where only its end is known."""
    ended: float | None
    ok: bool | None
    """Script got an answer; None where that is not told."""
    kind: str | None
    """The type of the response that script got."""
    status: int | None
    final_url: Url | None
    error: str
    caller: str
    """File, line and column of who called."""


class Violation(NamedTuple):
    """A policy of the page's refused something. https://w3c.github.io/webappsec-csp/#violation-events"""

    url: str
    """As far as the browser tells it: elsewhere no more than the origin."""
    directive: str
    enforced: bool
    time: float


class Report(NamedTuple):
    """One report."""

    calls: tuple[PageCall, ...] = ()
    violations: tuple[Violation, ...] = ()
    opaque: bool = False
    """Its sender's origin is opaque: the document is sandboxed."""
    lost: int = 0
    """Records that the page had no room for."""
    unseen: tuple[str, ...] = ()
    """What it made that runs scripts and is not observed, as `witness.js` names it: `srcdoc-frame`, `blob-worker` …"""
    refused: tuple[Violation, ...] = ()
    """Violations of a while ago, of which no call may have told."""
    number: int = 0
    """Its place among its realm's reports, from 1 on; 0 where it does not say."""


def read(body: bytes, arrived: float, *, opaque: bool = False) -> Report:
    """Read a report that came at `arrived`, Unix seconds; `opaque`: with `Origin: null`."""
    calls: list[PageCall] = []
    violations: list[Violation] = []
    refused: list[Violation] = []
    unseen: list[str] = []
    lost, number, late = 0, 0, 0.0
    for line in body.split(b"\n")[:MAX_RECORDS]:
        record = _record(line)
        kind = record.get("k")
        if kind == "at":
            shown = _number(record.get("t"))
            late = arrived - shown / 1000 if shown else 0.0
            lost, number = int(_number(record.get("lost"))), int(_number(record.get("n")))
        elif kind == "call":
            calls.append(_call(record, late))
        elif kind == "unseen":
            unseen.append(_text(record.get("w")) or "")
        elif kind in ("csp", "refused"):
            (violations if kind == "csp" else refused).append(_violation(record, late))
    return Report(tuple(calls), tuple(violations), opaque, lost, tuple(unseen), tuple(refused), number)


def _violation(record: Mapping[str, Any], late: float) -> Violation:
    return Violation(
        _text(record.get("u")) or "",
        _text(record.get("d")) or "",
        record.get("o") == "enforce",
        _number(record.get("s")) / 1000 + late,
    )


def of_violation(violation: Violation, url: Url) -> PageCall:
    """The call that a policy refused, as far as the violation tells of it."""
    return PageCall(
        api="",
        url=url,
        text=violation.url,
        method="GET",
        mode="no-cors",
        credentials=Credentials.UNKNOWN,
        surely_omitted=False,
        redirect=None,
        header_names=None,
        listens_to_upload=None,
        streams=False,
        started=violation.time,
        ended=violation.time,
        ok=False,
        kind=None,
        status=None,
        final_url=None,
        error="",
        caller="",
    )


def _record(line: bytes) -> Mapping[str, Any]:
    if not line.startswith(b"{"):
        return {}
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str | None:
    return value[:LONGEST] if isinstance(value, str) else None


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if abs(value) < 1e15 else 0.0


def _call(record: Mapping[str, Any], late: float) -> PageCall:
    api = _text(record.get("a")) or ""
    told = _credentials(record, api)
    names = _text(record.get("h"))
    text = _text(record.get("u")) or ""
    ended, started = _number(record.get("e")), _number(record.get("s"))
    status = int(_number(record.get("st")))
    return PageCall(
        api=api,
        url=_url(text),
        text=text,
        method=_method(record, api),
        mode=_mode(record, api),
        credentials=_borne(told),
        surely_omitted=told == "omit",
        redirect=_text(record.get("r")) or ("follow" if record.get("d") is True else None),
        header_names=None if names is None else frozenset(names.lower().split("\n")) - {""},
        listens_to_upload=record["up"] if isinstance(record.get("up"), bool) else None,
        streams=record.get("b") == "ReadableStream",
        started=started / 1000 + late if started else 0.0,
        ended=ended / 1000 + late if ended else None,
        ok=_ended_well(record, api),
        kind=_text(record.get("t")),
        status=status if 100 <= status <= 999 else None,
        final_url=_url(_text(record.get("ru")) or ""),
        error=_text(record.get("er")) or "",
        caller=_text(record.get("f")) or "",
    )


def _ended_well(record: Mapping[str, Any], api: str) -> bool | None:
    """Whether it got an answer; what is loaded ahead tells of a load in Firefox though CORS refused it."""
    ok = record.get("ok")
    is_ahead = api == "link" and any(each in (_text(record.get("ty")) or "").lower() for each in _AHEAD)
    return None if not isinstance(ok, bool) or (ok and is_ahead) else ok


def _url(text: str) -> Url | None:
    return parse_url(text.partition("#")[0]) if text else None


def _method(record: Mapping[str, Any], api: str) -> str | None:
    told = _text(record.get("m"))
    if told is not None:
        return normalize_method(told)
    return "GET" if api == "fetch" and record.get("d") is True else None


def _mode(record: Mapping[str, Any], api: str) -> str | None:
    if "x" in record:  # an element
        return "cors" if _has_cors(record) else "no-cors"
    told = _text(record.get("o"))
    return told if told is not None or api != "fetch" or record.get("d") is not True else "cors"


def _has_cors(record: Mapping[str, Any]) -> bool:
    """Whether an element asks for CORS. https://html.spec.whatwg.org/multipage/urls-and-fetching.html#cors-settings-attribute"""
    return record.get("x") is not None or record.get("ty") in ("module", "modulepreload")


def _credentials(record: Mapping[str, Any], api: str) -> str | None:
    if "x" in record:
        return "include" if record["x"] == "use-credentials" or not _has_cors(record) else "same-origin"
    told = _text(record.get("c"))
    return told if told is not None or record.get("d") is not True else "same-origin"


def _borne(told: str | None) -> Credentials:
    if told is None:
        return Credentials.UNKNOWN
    return Credentials.INCLUDE if told == "include" else Credentials.OMIT
