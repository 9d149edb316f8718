"""What a flow carries: its metadata say what the JSON line of the same judgement says, whatever the traffic was."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from mitmproxy.http import HTTPFlow

from cors_addon.audit.auditor import Auditor
from cors_addon.exchange.model import Observation
from cors_addon.exchange.tracker import Tracker
from cors_addon.policy.suffixes import registrable_domain
from cors_addon.proxy.annotate import OUR_COMMENT, OUR_MARKER, annotate
from cors_addon.proxy.settings import Annotate
from cors_addon.report import jsonl
from cors_addon.report.text import visible
from tests.cases import answers, findings, scenarios
from tests.cases.traffic import ALL, Lines, Sent, allow, cors, preflight
from tests.helpers import flow

type Metadata = dict[str, str]

OUT_OF_LINE: dict[str, Callable[[dict[str, Any]], str]] = {
    # what stands in the JSON line in another form
    "cors.pair": lambda line: " ".join(line["paired_with"]),
    "cors.contradicted": lambda line: "true" if line["contradicted"] else "",
    "cors.findings": lambda line: " ".join(line["findings"]),
}
NOT_IN_THE_LINE = {OUR_COMMENT, OUR_MARKER}
WORDS = ("verdict", "role", "engine", "certainty", "origin", "reason", "detail", "preflight", "credentials")
MORE_WORDS = ("if_credentialed", "server_verdict", "hypothetical", "blocked_by", "blocked_detail")


def said_by(line: dict[str, Any]) -> Metadata:
    """The metadata as they follow from the JSON line."""
    words = {f"cors.{name}": visible(str(line[name])) for name in (*WORDS, *MORE_WORDS) if line[name] is not None}
    if line["stage"] is None:
        del words["cors.credentials"]
    return words | {key: text for key, words_of in OUT_OF_LINE.items() if (text := words_of(line))}


EXPOSING: Lines = (("Access-Control-Expose-Headers", "*"), ("X-Request-Id", "7"))


TRAFFIC: dict[str, dict[str, tuple[Sent, ...]]] = {
    **{
        group: {str(each): each.traffic for each in getattr(scenarios, group)}
        for group in "PAIRING DENIED REDIRECTS CACHE CONTRADICTIONS TOGETHER REVALIDATION EVIDENCE".split()
    },
    "findings": {str(each): each.traffic for each in findings.CASES},
    "actual": {
        str(row): (cors("a", method=row.method, origin=row.origin, answer=row.answer, status=row.status),)
        for row in answers.ACTUAL
    },
    "preflight": {
        str(row): (
            preflight("p", method=row.method, origin=row.origin, answer=row.answer, status=row.status),
            cors("a", 0.1, row.method, origin=row.origin),
        )
        for row in answers.PREFLIGHT
    },
    "a * that exposes all, or nothing": {"": (cors("a", answer=(*allow("*"), *EXPOSING)),)},
    "a * that exposes nothing": {"": (cors("a", answer=(*allow(credentials="true"), *EXPOSING)),)},
    "a value in UTF-8": {"": (cors("a", answer=(("Access-Control-Allow-Origin", "https://bücher.test".encode()),)),)},
    "a script": {"": (cors("a", agent=b"curl/8"), cors("b", 1, agent=b"curl/8", answer=()))},
}


def as_it_is(observation: Observation) -> Observation:
    """The server's own answer."""
    return observation


def rewritten(observation: Observation) -> Observation:
    """A policy made it of an answer without CORS headers."""
    return replace(observation, rewritten=("dev", observation.status, tuple[tuple[bytes, bytes], ...]()))


@pytest.mark.parametrize("group", TRAFFIC)
@pytest.mark.parametrize("change", [as_it_is, rewritten])
def test_metadata_say_what_the_json_line_says(change: Callable[[Observation], Observation], group: str) -> None:
    """Every key that stands in both, after each revision of a judgement."""
    for (name, traffic), engine in itertools.product(TRAFFIC[group].items(), ALL):
        tracker, auditor = Tracker(site=registrable_domain), Auditor(registrable_domain)
        flows: dict[str, HTTPFlow] = {sent.id: flow() for sent in traffic}
        for sent in traffic:
            for judgement in tracker.observe(change(sent.observation(engine))):
                auditor.audit(judgement)
                annotated = flows[judgement.observation.flow_id]
                annotate(annotated, judgement, Annotate.ALL)
                said = {key: words for key, words in annotated.metadata.items() if key not in NOT_IN_THE_LINE}
                assert said == said_by(jsonl.line(judgement)), (name, engine)
