"""Files of one run, joined: each exchange is told once, by the file that knows most of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from cors_addon.exchange.model import Credentials, Judgement, ToldBy
from cors_addon.recordings import judge
from cors_addon.recordings.together import Together
from cors_addon.report.input import Input
from cors_addon.session.session import last_of
from tests.test_har import PAGE, entry, har

API = "https://api.example.com/items"
NOON = 1795262400
SENTENCE = (
    f"Access to fetch at '{API}' from origin '{PAGE}' has been blocked by CORS policy: The value of the"
    " 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's credentials"
    " mode is 'include'."
)
STAR = {"Access-Control-Allow-Origin": "*"}
FAILED: dict[str, Any] = {"status": -1, "response": {}}


def judgements_of(folder: Path, text: str, name: str = "file.har") -> list[Judgement]:
    """What is told of a file."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return list(last_of(judge.judged(str(file), Input(str(file)))).values())


def console(*texts: str) -> str:
    """A driver's log, a second late."""
    return json.dumps([{"message": each, "timestamp": (NOON + 1) * 1000, "level": "SEVERE"} for each in texts])


def seen(**more: Any) -> dict[str, Any]:
    """A proxy's entry."""
    return entry(url=API, response=STAR, **more)


def joined(folder: Path, *texts: str) -> tuple[list[Judgement], list[int]]:
    """What files tell together, and how many exchanges each shares with those before."""
    together = Together()
    return together.judgements, [together.add(judgements_of(folder, each)) for each in texts]


def test_the_browsers_word_settles_what_headers_leave_open(tmp_path: Path) -> None:
    """By its reason the mode is known, and by the answer what to change."""
    [judgement], shared = joined(tmp_path, har(seen(), creator="mitmproxy"), console(SENTENCE))
    assert shared == [0, 1]
    assert (judgement.reason, judgement.told_by) == ("allow-origin-wildcard-with-credentials", ToldBy.RECORDING)
    assert (judgement.credentials, judgement.observation.status) == (Credentials.INCLUDE, 200)


def test_in_whatever_order(tmp_path: Path) -> None:
    """The same."""
    [judgement], shared = joined(tmp_path, console(SENTENCE), har(seen(), creator="mitmproxy"))
    assert shared == [0, 1]
    assert (judgement.reason, judgement.observation.status) == ("allow-origin-wildcard-with-credentials", 200)


@pytest.mark.parametrize(
    ("second", "count"),
    [
        ([{}, {"at": 1.0}], 2),
        ([{"at": 0.1}, {"at": 1.1}], 2),
        ([{"at": 600.0}], 3),
        ([{"method": "PUT"}], 3),
        ([{}, {}, {}], 3),
    ],
)
def test_what_is_one_exchange(second: list[dict[str, Any]], count: int, tmp_path: Path) -> None:
    """By URL, method and time; of one file each is one of its own."""
    first = har(seen(), seen(at=1.0), creator="mitmproxy")
    judgements, _ = joined(tmp_path, first, har(*(seen(**each) for each in second), creator="mitmproxy"))
    assert len(judgements) == count


def test_a_file_with_the_reason_is_told(tmp_path: Path) -> None:
    """Playwright's HAR knows only that it failed."""
    failed = entry(url=API, _resourceType="fetch", **FAILED)
    failed["response"]["_failureText"] = "net::ERR_FAILED"
    missing = SENTENCE.partition("The value")[0] + (
        "No 'Access-Control-Allow-Origin' header is present on the requested resource."
    )
    [judgement], _ = joined(tmp_path, har(failed, creator="Playwright"), console(missing))
    assert judgement.reason == "allow-origin-missing"
