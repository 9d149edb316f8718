"""The formats for machines, against their schemas."""

import json
import lzma
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cors_addon.fetch.load import Gate
from cors_addon.reasons.blocks import BLOCKS
from cors_addon.reasons.findings import FINDINGS, WARNINGS
from cors_addon.reasons.registry import REGISTRY
from cors_addon.report import github, json_report, junit, sarif
from cors_addon.report.summary import Input, Summary
from tests.helpers import ALLOW, ALLOW_PUT, PAGE, actual, flow, observe, preflight

CASES = Path(__file__).parent / "cases"


def summary(**options: Any) -> Summary:
    """A bit of everything."""
    result = Summary(**options)
    result.inputs = [
        Input("shop.mitm", "mitmproxy dump", 9),
        Input("/abs/ü &<>\x1b.har", "HAR", 3, damage="cut\x00 <off>", offset=77, notes={"a % note": 2}),
        Input("-", "HAR", 1),
    ]
    flows = [
        preflight([*ALLOW, ("Access-Control-Allow-Methods", "GET, POST")]),
        preflight(ALLOW_PUT, at=1),
        actual(ALLOW, method="PUT", at=1.1),
        actual([("Access-Control-Allow-Origin", "\x00\x1b]0;x\ufffe😀")], at=2),
        actual([("Location", "//u:p@x.test/")], status=302, at=3),
        actual(status=None, error="Client disconnected.", at=4, url="https://api.example.com/a\x07b"),
        flow(request=[("Origin", PAGE)], agent="curl/8", at=5),
        flow("POST", request=[("Origin", PAGE), ("Sec-Fetch-Mode", "navigate")], at=6),
        actual([("Access-Control-Allow-Origin", "null"), ("Access-Control-Allow-Credentials", "true")], at=7),
        actual([("Access-Control-Allow-Origin", "*")], url="http://10.0.0.1/a\x07b", at=8),
        *(
            flow(
                "GET",
                f"https://api.shop.com/{query}",
                [("Origin", origin), ("Sec-Fetch-Mode", "cors")],
                response=[("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true")],
                at=9,
            )
            for query, origin in (("", "https://news.net"), ("?a", "https://games.org"), ("?b", "http://mail.de"))
        ),
    ]
    for judgement in observe(*flows):
        result.add(judgement, source="shop.mitm")
    return result


def baseline() -> Any:
    """One that knows half of it."""
    known = json_report.document(summary())
    known["outcomes"] = known["outcomes"][::2]
    return json_report.load_baseline(json.dumps(known))


SUMMARIES: dict[str, Callable[[], Summary]] = {
    "all": summary,
    "engines": lambda: summary(all_engines=True),
    "baseline": lambda: summary(baseline=baseline()),
    "empty": Summary,
}


@pytest.mark.parametrize("name", SUMMARIES)
def test_sarif_is_valid(name: str) -> None:
    """By the OASIS schema."""
    jsonschema: Any = pytest.importorskip("jsonschema")
    schema = json.loads(lzma.decompress((CASES / "sarif-2.1.0.json.xz").read_bytes()))
    validator = jsonschema.validators.validator_for(schema)
    document = json.loads(sarif.render(SUMMARIES[name]()))
    assert [(list(error.path), error.message) for error in validator(schema).iter_errors(document)] == []


@pytest.mark.parametrize("name", SUMMARIES)
def test_junit_is_valid(name: str, tmp_path: Path) -> None:
    """By the schema of Jenkins' xUnit plugin."""
    xmlschema: Any = pytest.importorskip("xmlschema")
    file = tmp_path / "junit.xml"
    file.write_text(junit.render(SUMMARIES[name]()), encoding="utf-8")
    errors = xmlschema.XMLSchema(str(CASES / "junit-10.xsd")).iter_errors(str(file))
    assert [(error.path, error.reason) for error in errors] == []


def test_sarif_rules_are_the_registry() -> None:
    """Every reason and every finding is a rule, and every result has its rule's index."""
    [run] = sarif.document(summary())["runs"]
    rules = run["tool"]["driver"]["rules"]
    blocks = [f"blocked-{gate}" for gate in BLOCKS if gate is not Gate.CORS]
    assert [rule["id"] for rule in rules] == [*map(str, REGISTRY), *map(str, FINDINGS), *blocks]
    assert run["results"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    prints = [result["partialFingerprints"]["endpointAndReason/v1"] for result in run["results"]]
    again = [
        result["partialFingerprints"]["endpointAndReason/v1"]
        for result in sarif.document(summary())["runs"][0]["results"]
    ]
    assert prints == again
    assert len(set(prints)) == len(prints)
    assert not run["invocations"][0]["executionSuccessful"]


def test_sarif_has_the_page_of_each_rule() -> None:
    """Whole, as in `docs/reasons/`: code scanning shows it beside the result, whatever address the project has."""
    [run] = sarif.document(summary())["runs"]
    pages = {rule["id"].removeprefix("blocked-"): rule["help"]["markdown"] for rule in run["tool"]["driver"]["rules"]}
    assert all(page.endswith(">\n") for page in pages.values())
    for name in map(str, (*REGISTRY, *FINDINGS)):
        stored = (Path(__file__).parent.parent / "docs" / "reasons" / f"{name}.md").read_text(encoding="utf-8")
        assert pages[name] in stored


def test_sarif_findings() -> None:
    """Warnings and notes, weighed for code scanning, with the cure."""
    [run] = sarif.document(summary())["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert {name for name, rule in rules.items() if "security-severity" in rule["properties"]} == set(FINDINGS)
    results = {(result["ruleId"], result["properties"]["origin"]): result for result in run["results"]}
    for (name, _), result in results.items():
        if name in set(FINDINGS):
            assert result["level"] == ("warning" if name in WARNINGS else "note")
            assert result["level"] == rules[name]["defaultConfiguration"]["level"]
            assert 0 < float(rules[name]["properties"]["security-severity"]) < 7
    found = results["unrelated-origins-with-credentials", "https://games.org"]
    assert found["message"]["text"].startswith("GET https://api.shop.com/: unrelated origins are allowed")
    assert "\n  Vary: Origin" in found["message"]["text"]
    assert {name for name, _ in results} >= {
        "null-origin-with-credentials",
        "private-server-open-to-all",
        "insecure-origin-with-credentials",
    }


def test_sarif_baseline_states() -> None:
    """New, updated, unchanged."""
    results = sarif.document(summary(baseline=baseline()))["runs"][0]["results"]
    assert {result["baselineState"] for result in results} <= {"new", "updated", "unchanged"}
    assert len({result["baselineState"] for result in results}) > 1


def test_junit_counts() -> None:
    """A failure for each endpoint that is denied, an error for each file that is damaged."""
    text = junit.render(summary(), now=0)
    assert text.count("<failure ") == sum(
        any(outcome.denied for outcome in outcomes) for outcomes in summary().rows.values()
    )
    assert text.count("<error ") == 1
    assert 'timestamp="1970-01-01T00:00:00"' in text
    assert "method-not-allowed" in text


def test_junit_findings() -> None:
    """Told with the endpoint; a failure where they are asked to be, notes never."""
    before = summary()
    assert "null-origin-with-credentials" in junit.render(before)
    asked = summary()
    asked.findings_fail = True
    text = junit.render(asked)
    assert text.count("<failure ") > junit.render(before).count("<failure ")
    assert '<failure type="cors" message="unrelated-origins-with-credentials">' in text
    assert 'message="private-server-open-to-all"' not in text
    known = summary(baseline=json_report.load_baseline(json_report.render(summary())))
    known.findings_fail = True
    assert "<failure " not in junit.render(known)


def test_findings_count_once_for_all_engines() -> None:
    """A server's finding is the same in every column."""
    one, all_of_them = summary(), summary(all_engines=True)
    assert [(each.name, each.count) for each in one.found()] == [
        (each.name, each.count) for each in all_of_them.found()
    ]
    assert len(one.found()) >= 4


def test_json() -> None:
    """What the schema at the head of the module says."""
    document = json.loads(json_report.render(summary()))
    assert (document["schema"], document["version"], document["partial"]) == ("cors-addon-check", 1, True)
    for key in document:
        assert re.search(f"^ *{key} ", json_report.__doc__ or "", re.MULTILINE)
    for part in ("inputs", "outcomes", "findings", "causes"):
        for key in document[part][0]:
            assert key in (json_report.__doc__ or ""), key
    assert document["totals"]["denied"] == sum(
        each["count"] for each in document["outcomes"] if each["verdict"] == "deny"
    )
    [fix] = [each["fix"] for each in document["causes"] if each["reason"] == "method-not-allowed"]
    assert fix["headers"] == [
        {"name": "Access-Control-Allow-Methods", "before": "GET, POST", "after": "GET, POST, PUT"}
    ]


def test_github() -> None:
    """One command a line, values escaped."""
    text = github.render(summary())
    lines = text.splitlines()
    assert all(line.startswith(("::error title=", "::notice title=", "::warning title=")) for line in lines[:-1])
    assert any("%0A+ Access-Control-Allow-Methods: GET, POST, PUT" in line for line in lines)
    assert any("a %25 note" in line for line in lines)
    assert any(line.startswith("::warning title=CORS%3A null-origin-with-credentials::") for line in lines)
    assert any(line.startswith("::notice title=CORS%3A private-server-open-to-all::") for line in lines)
    assert "\x1b" not in text
    assert "::notice title=CORS%3A" in github.render(
        summary(baseline=json_report.load_baseline(json_report.render(summary())))
    )


def test_every_format_is_printable() -> None:
    """Nothing that a terminal obeys."""
    for render in (github.render, json_report.render, junit.render, sarif.render):
        text = render(summary())
        assert not [char for char in text if not char.isprintable() and char != "\n"], render
