"""The JSON line: schema 1, whole."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cors_addon.exchange.model import Judgement, Observation
from cors_addon.reasons.assumptions import Assumption
from cors_addon.report import jsonl
from cors_addon.session.session import Session
from tests import helpers
from tests.helpers import ALLOW, ALLOW_PUT, PAGE, START, actual, flow, observe, preflight

FIELDS = [
    "schema",
    "flow_id",
    "timestamp",
    "client",
    "method",
    "url",
    "origin",
    "role",
    "verdict",
    "reason",
    "detail",
    "stage",
    "engine",
    "browser_error",
    "console_message",
    "credentials",
    "credentials_evidence",
    "if_credentialed",
    "certainty",
    "assumptions",
    "preflight",
    "preflight_because",
    "paired_with",
    "exposed_headers",
    "hidden_headers",
    "contradicted",
    "rewritten",
    "server_verdict",
    "server_reason",
    "shadow",
    "findings",
    "revision",
    "contradiction",
    "hypothetical",
    "hypothetical_reason",
    "blocked_by",
    "blocked_detail",
    "usable",
    "document",
    "server",
    "said",
    "told_by",
    "happened",
    "remedies",
]


def test_schema() -> None:
    """Every line has every field, in this order, whatever the flow is."""
    flows = [
        preflight(ALLOW),
        preflight(ALLOW_PUT, at=1),
        actual(ALLOW, method="PUT", at=1.1),
        actual([("Location", "//x.test"), *ALLOW], status=302, at=2),
        actual(error="Connection killed.", status=None, at=3),
        flow(request=[("Origin", PAGE)], agent="curl/8", at=4),
        flow("POST", request=[("Origin", PAGE), ("Sec-Fetch-Mode", "navigate")], at=5),
    ]
    judgements = observe(*flows)
    assert len(judgements) == len(flows)
    for judgement in judgements:
        assert list(jsonl.line(judgement)) == FIELDS
        assert list(json.loads(jsonl.dumps(judgement))) == FIELDS


def test_denied_preflight() -> None:
    asked = preflight([*ALLOW, ("Access-Control-Allow-Methods", "GET, POST")], headers="x-token")
    [judgement] = observe(asked)
    assert json.loads(jsonl.dumps(judgement)) == {
        "schema": 1,
        "flow_id": asked.id,
        "timestamp": START,
        "client": "192.0.2.7",
        "method": "OPTIONS",
        "url": helpers.API,
        "origin": PAGE,
        "role": "preflight",
        "verdict": "deny",
        "reason": "method-not-allowed",
        "detail": "PUT",
        "stage": "preflight",
        "engine": "chromium",
        "browser_error": "MethodDisallowedByPreflightResponse",
        "console_message": (
            f"Access to fetch at '{helpers.API}' from origin '{PAGE}' has been blocked by CORS policy: Method PUT is"
            " not allowed by Access-Control-Allow-Methods in preflight response."
        ),
        "credentials": "unknown",
        "credentials_evidence": None,
        "if_credentialed": "deny",
        "certainty": "inferred",
        "assumptions": judgement_assumptions(judgement),
        "preflight": None,
        "preflight_because": [],
        "paired_with": [],
        "exposed_headers": [],
        "hidden_headers": [],
        "contradicted": False,
        "rewritten": None,
        "server_verdict": None,
        "server_reason": None,
        "shadow": [],
        "findings": [],
        "revision": 1,
        "contradiction": None,
        "hypothetical": None,
        "hypothetical_reason": None,
        "blocked_by": "cors",
        "blocked_detail": "PUT",
        "usable": "blocked",
        "document": None,
        "server": None,
        "said": None,
        "told_by": "wire",
        "happened": None,
        "remedies": [
            {
                "who": "server",
                "what": "Allow the method PUT",
                "change": {
                    "kind": "answer",
                    "status": None,
                    "headers": [
                        {"name": "Access-Control-Allow-Methods", "before": "GET, POST", "after": "GET, POST, PUT"},
                        {"name": "Access-Control-Allow-Headers", "before": None, "after": "x-token"},
                    ],
                    "note": "",
                    "complete": True,
                    "flow_id": None,
                },
                "sure": "sure",
                "why": "",
                "opens": f"pages of {PAGE} may send PUT here",
                "at": None,
            }
        ],
    }


def judgement_assumptions(judgement: Judgement) -> list[str]:
    """Their words are the tracker's."""
    assert judgement.assumptions
    return list(judgement.assumptions)


def test_allowed_actual() -> None:
    asked = preflight([*ALLOW_PUT, ("Access-Control-Allow-Credentials", "true")])
    sent = actual(
        [*ALLOW, ("Access-Control-Allow-Credentials", "true"), ("X-Total", "7"), ("ETag", "x")],
        method="PUT",
        request=[("Cookie", "a=b")],
        at=0.1,
    )
    [first, second] = observe(asked, sent)
    line = jsonl.line(second)
    wanted: dict[str, Any] = {
        "verdict": "allow",
        "reason": None,
        "stage": "actual",
        "browser_error": None,
        "console_message": None,
        "credentials": "include",
        "if_credentialed": None,
        "certainty": "observed",
        "preflight": "sent",
        "preflight_because": ["method PUT"],
        "paired_with": [asked.id],
        "exposed_headers": [],
        "hidden_headers": ["access-control-allow-credentials", "access-control-allow-origin", "etag", "x-total"],
    }
    assert {key: line[key] for key in wanted} == wanted
    assert jsonl.line(first)["revision"] == 2
    assert jsonl.line(first)["paired_with"] == [sent.id]


@pytest.mark.parametrize(
    ("more", "cookie", "exposed", "assumption"),
    [
        ((), (), [], Assumption.READ_AS_INCLUDE),
        ([("Access-Control-Allow-Headers", "*")], (), ["etag"], Assumption.READ_AS_OMIT),
        ((), [("Cookie", "a=1")], [], None),
    ],
)
def test_exposed_by_an_unknown_mode(
    more: list[tuple[str, str]], cookie: list[tuple[str, str]], exposed: list[str], assumption: str | None
) -> None:
    """Where the credentials mode is not known and decides what `*` exposes, the line says which was taken."""
    answer = [*ALLOW, ("Access-Control-Allow-Credentials", "true"), ("Access-Control-Expose-Headers", "*"), *more]
    [judgement] = observe(actual([*answer, ("ETag", "x")], request=cookie))
    line = jsonl.line(judgement)
    assert [name for name in line["exposed_headers"] if not name.startswith("access-control-")] == exposed
    assert line["assumptions"] == ([assumption] if assumption else [])
    assert (line["verdict"], line["certainty"]) == ("allow", "inferred" if assumption else "observed")


def test_method_as_sent() -> None:
    [judgement] = observe(actual([], method=b"patch"))
    assert jsonl.line(judgement)["method"] == "patch"


@pytest.mark.parametrize("origin", [None, "null"])
def test_origin(origin: str | None) -> None:
    """`null` is an origin, and none is null."""
    lines = [("Origin", origin)] if origin else []
    judgements = observe(flow(request=lines, status=302, response=[("Location", "//x.test/")]))
    assert [jsonl.line(each)["origin"] for each in judgements] == ([origin] if origin else [])


@given(st.binary(max_size=40), st.binary(max_size=40), st.text(max_size=20))
@settings(max_examples=100, deadline=None)
def test_any_bytes(value: bytes, name: bytes, path: str) -> None:
    """A line is one line of printable ASCII, and JSON."""
    given_flow = preflight([("Access-Control-Allow-Origin", value), (name, value)], method="P\x85")
    given_flow.request.headers.add("X", "\udcff")
    given_flow.request.data.path = path.encode("utf-8", "surrogatepass")
    for judgement in observe(given_flow):
        judgement.contradiction = "\ud800 \u202e"
        text = jsonl.dumps(judgement)
        assert text.isascii()
        assert text.isprintable()
        assert json.loads(text)["detail"] == judgement.detail


def test_client_of_any_kind() -> None:
    """The client is whatever told it apart from others: HAR files have none."""
    [judgement] = observe(preflight(ALLOW))
    judgement.observation.client = None
    assert jsonl.line(judgement)["client"] is None
    judgement.observation.client = ("192.0.2.7", "tab")
    assert json.loads(jsonl.dumps(judgement))["client"] == "('192.0.2.7', 'tab')"


def test_observation_is_enough() -> None:
    """Nothing of mitmproxy is needed: `cors-addon check` writes the same lines."""
    seen = Observation(
        flow_id="1",
        client=None,
        connection=None,
        started=1.0,
        ended=2.0,
        method=b"GET",
        url=helpers.url(helpers.API),
        request=((b"Origin", PAGE.encode()), (b"User-Agent", helpers.FIREFOX.encode())),
        status=200,
        response=(),
    )
    [judgement] = Session().observe(seen)
    assert jsonl.line(judgement)["browser_error"] == "CORSMissingAllowOrigin2"
