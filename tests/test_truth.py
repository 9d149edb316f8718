"""The recorded truth of three browsers, judged through the addon's own translation and JSON lines.

Each set is a flow dump of a real browser's traffic and, for each flow, that browser's own decision. The table of
agreement is printed; any disagreement fails, but for a few that nothing on the wire can decide, which are listed.
"""

import json
import lzma
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from mitmproxy import http
from mitmproxy.io import FlowReader

from cors_addon.flows import translate
from cors_addon.report import jsonl
from cors_addon.session.session import ALL, Session
from tests.browser.compare import Agreement, Check, Line, agreement, compare

FOLDER = Path(__file__).parent / "cases" / "truth"
SETS = sorted(path.name.removesuffix(".mitm.xz") for path in FOLDER.glob("*.mitm.xz"))

MODE_IS_HIDDEN = "refused under either credentials mode, for different reasons, and the mode is not on the wire"
EXPOSURE_IS_HIDDEN = "readable under either credentials mode, more of it without, and the mode is not on the wire"
UNDECIDABLE = {
    ("chromium", "001667", 0, "error"): MODE_IS_HIDDEN,
    ("chromium", "001263", 0, "error"): MODE_IS_HIDDEN,
    ("webkit", "000937", 0, "exposed"): EXPOSURE_IS_HIDDEN,
}
"""(set, case, number of the flow in it, field): why. An entry that agrees after all fails, too."""


def read(name: str) -> Iterator[http.HTTPFlow]:
    """The flows of a packed dump."""
    with lzma.open(FOLDER / f"{name}.mitm.xz") as file:
        for flow in FlowReader(cast(BinaryIO, file)).stream():
            assert isinstance(flow, http.HTTPFlow)
            yield flow


def truth_lines(name: str) -> list[Line]:
    """The browser's decisions, in the order of the flows."""
    with lzma.open(FOLDER / f"{name}.jsonl.xz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def judge(name: str, **options: Any) -> dict[str, Line]:
    """Our last line for each flow of a set."""
    session = Session(keep=ALL, **options)
    for flow in read(name):
        session.observe(translate.observation(flow))
    session.finish()
    return {flow_id: jsonl.line(judgement) for flow_id, judgement in session.last.items()}


@pytest.fixture(scope="module", params=SETS)
def judged(request: pytest.FixtureRequest) -> tuple[str, list[Line], dict[str, Line]]:
    """Name, truth and our lines of one set."""
    name = request.param
    return name, truth_lines(name), judge(name)


def place(name: str, check: Check) -> tuple[str, str, int, str]:
    """Where a disagreement is."""
    return name, check.truth["case"], check.truth["seq"], check.field


def test_every_set_agrees_with_the_browser(
    judged: tuple[str, list[Line], dict[str, Line]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Strict and open fields agree without exception, resolvable ones too; what is undecidable is listed."""
    name, truths, ours = judged
    found: Agreement = agreement(truths, ours)
    with capsys.disabled():
        sys.stdout.write(f"\n{name}\n{found.table()}\n")
    missed = {place(name, check): (check.wanted, check.got) for check in found.misses}
    expected = {key for key in UNDECIDABLE if key[0] == name}
    assert set(missed) == expected, {key: value for key, value in missed.items() if key not in expected}


def test_nothing_is_contradicted(judged: tuple[str, list[Line], dict[str, Line]]) -> None:
    """These browsers enforced CORS, so no traffic of theirs may look as if they had not."""
    _, _, ours = judged
    assert [flow_id for flow_id, line in ours.items() if line["contradicted"]] == []


def test_the_comparison_can_fail(judged: tuple[str, list[Line], dict[str, Line]]) -> None:
    """A wrong verdict, error, preflight state and exposure are each noticed."""
    _, truths, ours = judged
    noticed = set()
    for truth in truths:
        if truth["ambiguous"] or (line := ours.get(truth["flow_id"])) is None:
            continue
        wrong = {
            **line,
            "verdict": "deny" if truth["verdict"] == "allow" else "allow",
            "browser_error": "Nothing",
            "preflight": "unheard-of",
            "exposed_headers": ["x-nothing"],
        }
        noticed |= {check.field for check in compare(truth, wrong) if not check.hit}
    assert {"verdict", "error", "preflight", "exposed"} <= noticed
