"""One request of a BiDi log: what its events have of it."""

import contextlib
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from cors_addon.exchange.model import Word
from cors_addon.fetch.load import Block, Gate
from cors_addon.fetch.names import REQUEST_METHOD
from cors_addon.fetch.origins import is_potentially_trustworthy
from cors_addon.reasons.assumptions import Assumption
from cors_addon.recordings import har_fields
from cors_addon.recordings.logged import SCRIPTS, Logged
from cors_addon.recordings.sentences import Sentence

_ON_THE_WIRE = frozenset({"host", ":authority"})
_MIXED = Word(passed=False, block=Block(Gate.MIXED_CONTENT), text="it failed before it was sent, without an error")
_HELD_BACK = Word(
    passed=False,
    block=Block(Gate.OTHER, "that it failed before it was sent, and not why: its console tells"),
    text="it failed before it was sent, without an error",
)
"""Of Chromium: the network's errors have names, so that it was a policy of the page, or an extension."""


class Seen:
    """One request: a hop of a fetch."""

    def __init__(self, params: dict[str, Any], number: int) -> None:
        self.number = number
        self.begun = params["timestamp"] / 1000
        self.ended = self.begun
        self.request: dict[str, Any] = {}
        self.lines: list[tuple[str, str]] = []
        self.sent = True
        self.response: dict[str, Any] | None = None
        self.error = ""
        self.failed = False
        self.done = self.told = False
        self.owner: Seen | None = None
        """Of a preflight, the request that it is for."""
        self.preflight: Seen | None = None
        self.not_before = 0.0
        self.said: Sentence | None = None
        initiator = params.get("initiator")
        self.by = initiator if isinstance(initiator, dict) else {}
        self.page = _script(self.by)
        """URL of the script, or page, that asked for it; empty where that is not told."""
        self.read(params)
        self.url = str(self.request["url"])
        self.method = str(self.request["method"])
        asked = dict(self.lines).get(REQUEST_METHOD.lower())
        self.asks_for = asked if self.method == "OPTIONS" else None
        """Of a preflight, the method that it asks for."""

    def read(self, params: dict[str, Any]) -> None:
        """Take in what an event has of it: later ones have more."""
        self.request = params["request"]
        self.ended = max(self.ended, params["timestamp"] / 1000)
        lines = list(header_lines(self.request.get("headers")))
        self.chromium = "goog:resourceType" in self.request or any(
            name == "user-agent" and "Chrome/" in value for name, value in lines
        )
        if self.chromium:  # the last of each name: those that were sent come after those that the page logged
            lines = list(dict(reversed(lines)).items())[::-1]
            self.sent = any(name in _ON_THE_WIRE for name, _ in lines)
        self.lines = lines
        response = params.get("response")
        if isinstance(response, dict):
            self.response = response

    @property
    def status(self) -> int | None:
        """Of its answer; None where it has none."""
        status = (self.response or {}).get("status")
        return status if isinstance(status, int) and status >= 100 else None

    @property
    def was_held_back(self) -> bool:
        """Whether it failed without an error before it was sent: Chromium's word for a policy of the page."""
        return self.chromium and self.failed and not (self.error or self.sent or self.response)

    def held_back(self) -> Word:
        """What stopped it then, as far as its URL tells."""
        page, url = har_fields.parsed_url(self.page), har_fields.parsed_url(self.url)
        if page is None or url is None or page.scheme != "https" or is_potentially_trustworthy(url):
            return _HELD_BACK
        return _MIXED

    @property
    def kind(self) -> str:
        """What it was for, as the log calls it, in lower case."""
        kind = self.request.get("initiatorType") or self.request.get("goog:resourceType") or ""
        return str(self.request.get("destination") or kind).lower()

    def times(self) -> tuple[float, float]:
        """When it was sent, and its answer was complete, Unix seconds."""
        timings = self.request.get("timings")
        parts = timings if isinstance(timings, dict) else {}
        begun, ended = self.begun, self.ended
        start, end = parts.get("requestStart"), parts.get("responseEnd")
        if isinstance(start, (int, float)) and start > 1e11:  # the day's clock
            begun = max(begun, start / 1000)
        if isinstance(end, (int, float)) and 0 < end < 1e9:  # since its beginning
            ended = max(ended, self.begun + end / 1000)
        begun = max(begun, self.not_before)
        return begun, max(ended, begun)

    def take(self, preflight: "Seen") -> None:
        """That one is the preflight of this request."""
        self.preflight, preflight.owner = preflight, self

    def logged(self) -> Logged:
        """All that is known of it, but its word."""
        started, ended = self.times()
        response = self.response or {}
        size = self.request.get("bodySize")
        cached = response.get("fromCache") is True
        return Logged(
            self.url,
            self.method,
            self.lines,
            sent=self.sent and not (cached and self.chromium),
            started=started,
            ended=ended,
            status=self.status,
            answer=list(header_lines(response.get("headers"))),
            kind=self.kind,
            http2=str(response.get("protocol") or "").startswith(("h2", "h3")),
            has_body=isinstance(size, (int, float)) and size > 0,
            notes=(Assumption.FROM_CACHE,) if cached else (),
            number=self.number,
            page=(dict(self.lines).get("referer") or self.page) if self.kind in SCRIPTS else "",
        )


def _script(initiator: dict[str, Any]) -> str:
    """URL of the script that made a request."""
    frames = (initiator.get("stackTrace") or {}).get("callFrames") or [{}]
    return str(frames[0].get("url") or "")


def header_lines(headers: Any) -> Iterator[tuple[str, str]]:
    """Header lines with names in lower case; values may be packed."""
    for each in headers if isinstance(headers, list) else ():
        if not isinstance(each, dict):
            continue
        value = each.get("value", "")
        text = value.get("value") if isinstance(value, dict) else value
        if isinstance(value, dict) and value.get("type") == "base64":
            with contextlib.suppress(ValueError):
                text = b64decode(str(text)).decode("latin-1")
        yield str(each.get("name", "")).lower(), str(text)
