"""Recordings held against what the page saw: format × (right, open, wrong).

    python -m tests.browser.recorded FOLDER

`FOLDER` has recordings of a browser and `truth.json`: for each recording its `files` and its `exchanges`, in the order
in which a page made them, one after another. An exchange has `method`, `url`, `credentials`, `verdict` (allow, deny,
network-error; others are not judged), `reason` (Chromium: the protocol's name, with `parameter`; Firefox: what its
console says), `preflight` (sent, cached, none) and `requests_seen`, the requests of all its hops.

Of each verdict, reason, credentials mode and preflight it says whether we are right or wrong, or leave it open: say
that we do not know, or have nothing of it.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cors_addon.recordings import judge
from cors_addon.report import jsonl
from cors_addon.report.input import Input

type Line = dict[str, Any]
RIGHT, OPEN, WRONG = "right", "open", "wrong"
JUDGED = frozenset({"allow", "deny", "network-error"})
_MODES = {"include": "include", "omit": "omit", "same-origin": "omit"}
"""Of requests to other origins."""
_PREFLIGHTS = {"sent": "sent", "cached": "cached", "none": "not-needed"}
_UNTOLD = frozenset({"cause-not-recorded", None})


def lines_of(file: Path) -> list[Line]:
    """The last line for each exchange of a recording, in the order of the requests; raises OSError, ValueError."""
    read = Input(str(file))
    last = {line["flow_id"]: line for line in map(jsonl.line, judge.judged(str(file), read))}
    if read.damage is not None:
        raise ValueError(f"{file.name}: {read.damage}")
    return sorted(last.values(), key=lambda line: float(line["timestamp"]))


class Ours:
    """What we say of one exchange, all its requests together."""

    def __init__(self, preflight: Line | None, hops: list[Line], *, whole: bool) -> None:
        """Its preflight, its request and what redirects led to; `whole`: no hop is missing."""
        self._lines = [line for line in (preflight, *hops) if line is not None]
        self._hops, self._whole = hops, whole
        self._denied = next((line for line in self._lines if line["verdict"] == "deny"), None)
        self._failed = any(line["blocked_by"] == "network" for line in self._lines)

    @property
    def verdict(self) -> str | None:
        """allow, deny or network-error; None where it is open."""
        if self._denied is not None or self._failed:
            return "network-error" if self._failed else "deny"
        if not self._whole or any(line["if_credentialed"] not in (None, line["verdict"]) for line in self._hops):
            return None
        return "allow"

    def reason(self, wanted: str, parameter: str | None) -> str:
        """Whether this is what it was refused for."""
        if self._denied is None or self._denied["reason"] in _UNTOLD:
            return OPEN
        if wanted == self._denied["browser_error"]:
            return RIGHT if not parameter or parameter == self._denied["detail"] else WRONG
        return RIGHT if f"(Reason: {wanted})" in str(self._denied["console_message"]) else WRONG

    @property
    def credentials(self) -> str | None:
        """The mode; None where it is not known."""
        known = {line["credentials"] for line in self._lines} - {"unknown"}
        return "/".join(sorted(known)) or None

    @property
    def preflight(self) -> str | None:
        """How it came by its permission; None where that is not known."""
        states = [line["preflight"] for line in self._hops if line["role"] != "preflight"]
        return None if not states or states[0] == "unseen" else states[0]


def taken(lines: list[Line], exchange: Line, *, is_one_of_fewer: bool) -> Ours:
    """What of these belongs to an exchange, the earliest first; it is taken out.

    `is_one_of_fewer`: the file does not have all exchanges with this URL; then one that ended alike is meant.
    """

    def take(url: str, *, preflight: bool = False) -> Line | None:
        for number, line in enumerate(lines):
            judged = line["verdict"] != "not-cors" or line["blocked_by"] == "network"
            if line["url"] != url or not judged or preflight is not (line["method"] == "OPTIONS"):
                continue
            if not is_one_of_fewer or line["verdict"] == exchange["verdict"]:
                return lines.pop(number)
        return None

    urls = [exchange["url"], *(seen.partition(" ")[2] for seen in exchange["requests_seen"])]
    preflight = take(urls[0], preflight=True) if exchange["preflight"] == "sent" else None
    hops = [take(url) for url in dict.fromkeys(urls)]
    return Ours(preflight, [line for line in hops if line is not None], whole=None not in hops)


def held_against(lines: list[Line], exchanges: list[Line]) -> Iterator[tuple[Line, str, str, Any]]:
    """Exchange, field, whether we are right, and what we say."""
    rest = list(lines)
    held = Counter(line["url"] for line in lines if line["method"] != "OPTIONS")
    asked = Counter(exchange["url"] for exchange in exchanges)
    for exchange in exchanges:
        if exchange["verdict"] not in JUDGED:
            continue
        url = exchange["url"]
        ours = taken(rest, exchange, is_one_of_fewer=0 < held[url] < asked[url])
        yield exchange, "verdict", _alike(exchange["verdict"], ours.verdict), ours.verdict
        if exchange["reason"] is not None:
            yield exchange, "reason", ours.reason(exchange["reason"], exchange["parameter"]), ours
        if exchange["verdict"] == "network-error":
            continue
        mode, state = _MODES[exchange["credentials"]], _PREFLIGHTS.get(exchange["preflight"])
        yield exchange, "credentials", _alike(mode, ours.credentials), ours.credentials
        if exchange["verdict"] == "allow" and state is not None:
            yield exchange, "preflight", _alike(state, ours.preflight), ours.preflight


def _alike(wanted: str, ours: str | None) -> str:
    return OPEN if ours is None else RIGHT if wanted == ours else WRONG


FIELDS = ("verdict", "reason", "credentials", "preflight")


def table(folder: Path) -> Iterator[str]:
    """A row for each file: right, open and wrong of each field; under it what is wrong."""
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    yield f"{'file':28}" + "".join(f"{field:>16}" for field in FIELDS) + "   (right/open/wrong)"
    for recording in truth.values():
        for name in recording["files"]:
            try:
                lines = lines_of(folder / name)
            except ValueError as error:
                yield f"{name:28}  {str(error)[:100]}"
                continue
            found = list(held_against(lines, recording["exchanges"]))
            count = Counter((field, is_right) for _, field, is_right, _ in found)
            cells = ("/".join(str(count[field, each]) for each in (RIGHT, OPEN, WRONG)) for field in FIELDS)
            yield f"{name:28}" + "".join(f"{cell:>16}" for cell in cells)
            for exchange, field, is_right, said in found:
                if is_right == WRONG:
                    shown = said.verdict if isinstance(said, Ours) else said
                    yield f"    {exchange.get('id', exchange['url'])}: {field} is {exchange[field]}, not {shown}"


if __name__ == "__main__":
    for row in table(Path(sys.argv[1])):
        sys.stdout.write(f"{row}\n")
