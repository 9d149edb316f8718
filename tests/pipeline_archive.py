"""Archives of recordings with known answers, of ten kinds and of any size; also for `scripts/pipeline-trial`."""

import gzip
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.helpers import ALLOW, actual, preflight
from tests.test_check import write
from tests.test_har import entry, har

API, PAGE = "https://api.example.com", "https://app.example.com"
PUT = {"Access-Control-Request-Method": "PUT"}
ALLOW_PUT = {"Access-Control-Allow-Origin": PAGE, "Access-Control-Allow-Methods": "PUT", "Vary": "Origin"}
WIDE = {"Access-Control-Allow-Origin": "*"}
PICTURE = {
    "Origin": None,
    "Referer": f"{PAGE}/",
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Mode": "no-cors",
    "Sec-Fetch-Dest": "image",
}
NULL = {"Access-Control-Allow-Origin": "null", "Access-Control-Allow-Credentials": "true"}


@dataclass(frozen=True)
class Sample:
    """A kind of recording, and what is to be told of it."""

    suffix: str
    data: bytes
    state: str
    judgements: int
    denied: str | None = None
    """The reason of its one refusal."""
    blocked: str | None = None
    """What stops one of its exchanges beside CORS."""
    finding: str | None = None
    preflights: int = 0
    left_by_600: int = 0
    """Of these, how many were left with Access-Control-Max-Age: 600."""


def _own(count: int) -> list[dict[str, Any]]:
    """Loads from the page's own origin, as each page has them."""
    return [entry("GET", f"{PAGE}/{number}.js", {"Referer": f"{PAGE}/"}, at=300 + number) for number in range(count)]


def samples(folder: Path) -> list[Sample]:
    """One of each kind; `folder` is used for what has to be written to be had."""
    allowed = har(entry(response=WIDE), *_own(9))
    refused = har(entry(response={}), *_own(4))
    puts = [each for at in (0, 20, 40) for each in _put(at)]
    stopped = har(entry("OPTIONS", request=PUT, response={**ALLOW_PUT, "Access-Control-Allow-Methods": "POST"}))
    dump = write(folder / "sample", preflight([*ALLOW, ("Access-Control-Allow-Methods", "GET")]), actual(ALLOW, at=1))
    null = har(entry("GET", f"{API}/me", {"Origin": "null"}, NULL))
    picture = har(entry(request=PICTURE, response={"Cross-Origin-Resource-Policy": "same-origin"}))
    cut = har(entry(response=WIDE), *_own(9))
    return [
        Sample(".har", allowed.encode(), "whole", 10),
        Sample(".har", refused.encode(), "whole", 5, denied="allow-origin-missing"),
        Sample(".har", har(*puts).encode(), "whole", 6, preflights=3, left_by_600=1),
        Sample(".har", stopped.encode(), "whole", 1, denied="method-not-allowed", preflights=1, left_by_600=1),
        Sample(".har", null.encode(), "whole", 1, finding="null-origin-with-credentials"),
        Sample(".har", picture.encode(), "whole", 1, blocked="corp"),
        Sample(".har", cut.encode()[: cut.index("5.js") - 200], "damaged", 5),
        Sample(".har.gz", gzip.compress(allowed.encode(), mtime=0), "whole", 10),
        Sample(".mitm", dump.read_bytes(), "whole", 2, denied="method-not-allowed", preflights=1, left_by_600=1),
        Sample(".txt", b"no recording\n", "damaged", 0),
    ]


def _put(at: float) -> list[dict[str, Any]]:
    return [
        entry("OPTIONS", request=PUT, response=ALLOW_PUT, at=at),
        entry("PUT", response={"Access-Control-Allow-Origin": PAGE}, at=at + 1),
    ]


@dataclass
class Expected:
    """What is to be told of an archive."""

    recordings: int
    states: Counter[str]
    judgements: int
    denied: Counter[str]
    blocked: Counter[str]
    findings: Counter[str]
    preflights: int
    left_by_600: int


def make(folder: Path, count: int) -> Expected:
    """So many recordings in a new folder, in sub-folders of a hundred, all kinds in turn."""
    folder.mkdir()
    kinds = samples(folder.parent)
    (folder.parent / "sample").unlink()
    told = Expected(count, Counter(), 0, Counter(), Counter(), Counter(), 0, 0)
    for number in range(count):
        sample = kinds[number % len(kinds)]
        below = folder / f"{number // 100:04}"
        below.mkdir(exist_ok=True)
        (below / f"{number:06}{sample.suffix}").write_bytes(sample.data)
        told.states[sample.state] += 1
        told.judgements += sample.judgements
        told.denied.update([sample.denied] if sample.denied else [])
        told.blocked.update(["cors"] if sample.denied else [sample.blocked] if sample.blocked else [])
        told.findings.update([sample.finding] if sample.finding else [])
        told.preflights += sample.preflights
        told.left_by_600 += sample.left_by_600
    return told
