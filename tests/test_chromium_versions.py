"""Six older Chromiums, measured: each of 316 exchanges judged as that version did, and told in its console's words.

Recorded on 2026-11-29 with PyQt6-WebEngine 6.4 to 6.10 behind mitmproxy: a page's fetch for each case of
`tests/servers/libraries/cases.py`, and some more of methods in lower case and of client hints. A line is a case in one
version: whether the page got the answer, what the console said, and the flows: method, URL, request headers (without
those that tell nothing here), status, response headers, start and end in seconds.
"""

import json
import lzma
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cors_addon.exchange.model import Judgement, Observation, Verdict
from cors_addon.report.console import console_message
from cors_addon.session.session import ALL, Session
from tests.cases.traffic import START, fields, url

RECORDED = Path(__file__).parent / "cases" / "truth" / "chromium-versions.jsonl.xz"
VERSIONS = (102, 108, 112, 118, 130, 134)
SCHEMES = "Cross origin requests are only supported for protocol schemes: "
"""Of which every embedder has its own."""

type Case = Mapping[str, Any]


@cache
def cases(version: int) -> list[Case]:
    """What was recorded of a version."""
    lines = map(json.loads, lzma.decompress(RECORDED.read_bytes()).decode().splitlines())
    return [case for case in lines if case["version"] == version]


def observed(case: Case, place: int) -> list[Observation]:
    """Its flows, the client's connection apart: nothing tells one from another here."""
    return [
        Observation(
            flow_id=f"{place} {number}",
            client="192.0.2.7",
            connection=None,
            started=START + started,
            ended=START + ended,
            method=method.encode(),
            url=url(target),
            request=fields(request),
            status=status,
            response=fields(response),
        )
        for number, (method, target, request, status, response, started, ended) in enumerate(case["flows"])
    ]


@cache
def judged(version: int) -> list[list[Judgement]]:
    """The last word on each flow, by case; each client as what it says it is."""
    session = Session(keep=ALL)
    flows = [observed(case, place) for place, case in enumerate(cases(version))]
    for each in flows:
        for observation in each:
            session.observe(observation)
    session.finish()
    return [[session.last[seen.flow_id] for seen in each if seen.flow_id in session.last] for each in flows]


def wrong(case: Case, found: list[Judgement]) -> str:
    """What is not told as it was; empty where all is."""
    denied = [each.verdict is Verdict.DENY for each in found]
    if case["passed"]:
        return "it passed" if any(denied) else ""
    if not denied or not denied[-1] or any(denied[:-1]):
        last = found[-1] if found else None
        if last is not None and case["credentials"] and last.if_credentialed and last.if_credentialed.refusal:
            return ""  # no cookie shows that they are included
        return "its last flow was refused, and no other"
    said = [message for each in found if (message := console_message(each)) is not None]
    if case["console"] and said != case["console"] and not all(SCHEMES in each for each in said):
        return f"the console says {case['console']}, not {said}"
    return ""


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_is_judged_as_it_did(version: int) -> None:
    """Verdict, the flow at which it ended, and the console's words."""
    faults = [
        f"{case['case']}: {fault}"
        for case, found in zip(cases(version), judged(version), strict=True)
        if (fault := wrong(case, found))
    ]
    assert not faults, "\n".join(faults)
    assert len(cases(version)) > 300
    assert {each.engine.version for found in judged(version) for each in found} == {version}


def test_versions_differ() -> None:
    """So that the table tells something: `patch`, in either spelling, and three hints."""
    passed = {version: {case["case"]: case["passed"] for case in cases(version)} for version in VERSIONS}
    differing = {name for name in passed[102] if len({passed[version][name] for version in VERSIONS}) > 1}
    assert len(differing) == 7
    assert all("patch" in name or "hint" in name for name in differing)
