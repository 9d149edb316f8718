"""Security findings: exactly those of the table, whatever the order; closed over the registry; bounded."""

import itertools
import random
import re
import tracemalloc
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_addon.audit import hosts
from cors_addon.audit.auditor import MAX_EACH, MAX_ENDPOINTS, MAX_LENGTH, OF_SEVERAL, Auditor, facts
from cors_addon.exchange.model import Judgement, Observation, Verdict
from cors_addon.fetch.refusals import Reason
from cors_addon.policy.suffixes import registrable_domain
from cors_addon.reasons.explain import FOUND, UNKNOWN, explain
from cors_addon.reasons.finding import Finding, FindingName
from cors_addon.reasons.findings import FINDINGS, WARNINGS
from cors_addon.reasons.model import NULL_ORIGIN, Severity, fix, message
from cors_addon.report import explanation, text
from cors_addon.report.findings import finding_fix, finding_phrase
from tests.cases.findings import ACCEPTED, BANK, CASES, GAMES, NEWS, NULL, OTHER, OWN, UNRELATED, VARY, Case, asked
from tests.cases.traffic import ALL, Run, capitals, stranger
from tests.test_properties import observations

CASE_OF = {case.name: case for case in CASES}


def audited(observations: Iterable[Observation]) -> dict[str, tuple[Finding, ...]]:
    """The findings of each flow, as the addon has them: each revision is looked at."""
    return {flow_id: judgement.findings for flow_id, judgement in Run().feed(observations).last.items()}


def names(found: dict[str, tuple[Finding, ...]]) -> dict[str, tuple[FindingName, ...]]:
    return {flow_id: tuple(each.name for each in all_of_it) for flow_id, all_of_it in found.items() if all_of_it}


# ---- what is found ----


@pytest.mark.parametrize("engine", ALL)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, engine: str) -> None:
    """Exactly these, in whatever engine's traffic."""
    seen = [sent.observation(engine) for sent in case.traffic]
    found = audited(seen)
    assert names(found) == case.expected
    if case.details:
        assert tuple(each.detail for all_of_it in found.values() for each in all_of_it) == case.details
    assert names(audited(map(capitals, seen))) == case.expected


def test_case_names_are_unique() -> None:
    """So that a failure names its case."""
    assert len(CASE_OF) == len(CASES)


@pytest.mark.parametrize("case", [case for case in CASES if len(case.traffic) == 1], ids=str)
def test_one_exchange_shows_the_same_amid_others(case: Case) -> None:
    """What one exchange shows by itself, neither order nor company changes."""
    seen = [sent.observation() for sent in case.traffic]
    url = case.traffic[0].url
    others = [stranger(sent.observation()) for case in CASES for sent in case.traffic if not sent.url.startswith(url)]
    random.Random(case.name).shuffle(others)
    found = names(audited([*others[:40], *seen, *others[40:80]]))
    assert {flow_id: each for flow_id, each in found.items() if flow_id == "a"} == {
        flow_id: each for flow_id, each in case.expected.items() if flow_id == "a"
    }


@pytest.mark.parametrize("finding", sorted(OF_SEVERAL))
def test_several_show_it_in_any_order(finding: FindingName) -> None:
    """Where nobody is refused, the last of them shows it, whichever it is."""
    origins = (NEWS, GAMES, "https://mail.post.de")
    sent = [asked(origin, origin, ("Cache-Control", "max-age=60")).observation() for origin in origins]
    for order in itertools.permutations(sent):
        found = names(audited(order))
        assert finding in found[order[1].flow_id]
        assert finding in found[order[2].flow_id]
        assert order[0].flow_id not in found


def test_a_revision_keeps_what_was_found() -> None:
    """And remembers nothing twice."""
    run, auditor = Run(), Auditor(registrable_domain)
    judgements = [run.tracker.observe(asked(origin, origin).observation())[0] for origin in (NEWS, GAMES)]
    for judgement in judgements:
        auditor.audit(judgement)
    before = [judgement.findings for judgement in judgements]
    assert before == [(), (Finding(UNRELATED, f"{NEWS}, {GAMES}"),)]
    for judgement in judgements:
        judgement.revision += 1
        auditor.audit(judgement)
    assert [judgement.findings for judgement in judgements] == before


def test_a_revision_may_turn_the_verdict() -> None:
    """Then what rests on the verdict goes, or comes."""
    auditor = Auditor(registrable_domain)
    [judgement] = Run().tracker.observe(CASE_OF["a POST with the user's cookies"].traffic[0].observation())
    auditor.audit(judgement)
    assert [each.name for each in judgement.findings] == [ACCEPTED]
    turned = judgement.altered(verdict=Verdict.ALLOW, refusal=None, revision=2)
    auditor.audit(turned)
    assert turned.findings == ()
    turned = turned.altered(verdict=Verdict.DENY, refusal=judgement.refusal, revision=3)
    auditor.audit(turned)
    assert turned.findings == judgement.findings


def test_what_a_policy_denied_is_not_the_servers() -> None:
    """A page denied by a rule of the user's own shows nothing of the server."""
    seen = CASE_OF["a POST"].traffic[0].observation()
    assert names(audited([seen])) == {"a": (ACCEPTED,)}
    seen.rewritten = ("strip", 201, asked("a", "https://www.bank.com").observation().response)
    assert names(audited([seen])) == {}


def test_the_servers_own_answer_counts() -> None:
    """Not the one that a policy made of it."""
    seen = asked("a", "null").observation()
    seen.rewritten = ("policy", 200, ())
    assert names(audited([seen])) == {}
    seen = asked("a", "null", answer=()).observation()
    seen.rewritten = ("policy", 200, asked("a", "null").observation().response)
    assert names(audited([seen])) == {"a": (NULL,)}
    seen.rewritten = ("policy", None, ())
    assert names(audited([seen])) == {}


# ---- whatever comes ----


@given(st.lists(observations(clients=2), max_size=12))
def test_any_bytes(seen: list[Observation]) -> None:
    """Nothing raises, what is found is in order and can be told, and all of it is safe to print."""
    run = Run()
    for observation in seen:
        for judgement in run.session.observe(observation):
            order = [list(FINDINGS).index(finding.name) for finding in judgement.findings]
            assert order == sorted(set(order))
            for finding in judgement.findings:
                line = finding_phrase(judgement, finding)
                assert text.visible(line).isprintable()
                assert "\n" not in line
                assert finding_fix(judgement, finding)
                assert str(finding.name) in explanation.explain(judgement)


def test_memory_is_bounded() -> None:
    """However many servers, URLs, pages and long paths there are."""
    auditor = Auditor(registrable_domain)

    def pass_by(number: int, origin: str, path: str) -> None:
        sent = asked(f"f{number}", origin, ("Cache-Control", "max-age=9"), url=f"https://api.bank.com/{path}")
        auditor.findings(Run(engine="chromium").tracker.observe(sent.observation())[0])

    for number in range(MAX_ENDPOINTS + 200):
        pass_by(number, f"https://www.site{number}x.net", f"{number}/{'long/' * 400}")
        pass_by(number, f"https://www.{'long-' * 2000}{number}.net", "long")
    for number in range(200):
        pass_by(number, f"https://www.{'abcdefghij'[number % 10] * 9}{number}.net", "same")
    assert len(auditor._endpoints) == MAX_ENDPOINTS
    assert max(len(each.sites) for each in auditor._endpoints.values()) == MAX_EACH
    assert max(len(each.values) for each in auditor._endpoints.values()) == MAX_EACH
    kept = [text for each in auditor._endpoints.values() for pair in each.values.items() for text in pair]
    assert max(map(len, kept)) <= MAX_LENGTH
    assert max(len(path) for *_, path in auditor._endpoints) == MAX_LENGTH


def test_memory_in_bytes() -> None:
    """A full memory is small."""
    auditor = Auditor(registrable_domain)
    url = asked("a", NEWS).observation().url
    tracemalloc.start()
    try:
        for number in range(MAX_ENDPOINTS):
            endpoint = auditor._endpoint(url._replace(path=f"/{number:0250}"))
            for each in range(MAX_EACH):
                endpoint.sites[f"site{number}{each}.net"] = f"https://site{number}{each}.net"
                endpoint.values[f"https://site{number}{each}.net"] = f"https://site{number}{each}.net/"
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 6_000_000


# ---- hosts ----


@pytest.mark.parametrize(
    ("host", "own_machine", "private", "local"),
    [
        ("localhost", True, False, True),
        ("app.localhost", True, False, True),
        ("127.8.9.1", True, False, True),
        ("[::1]", True, False, True),
        ("0.0.0.0", True, False, True),
        ("[::]", True, False, True),
        ("[::ffff:7f00:1]", True, False, True),
        ("127.evil.example", False, False, False),
        ("10.0.0.1", False, True, True),
        ("172.31.0.1", False, True, True),
        ("172.32.0.1", False, False, False),
        ("169.254.169.254", False, True, True),
        ("[fe80::1]", False, True, True),
        ("[fd12::1]", False, True, True),
        ("[2001:db8::1]", False, False, False),
        ("nas.local", False, True, True),
        ("router.home.arpa", False, True, True),
        ("wiki", False, False, True),
        ("local", False, False, True),
        ("mylocalhost.com", False, False, False),
        ("www.example.com", False, False, False),
        ("", False, False, True),
    ],
)
def test_hosts(host: str, own_machine: bool, private: bool, local: bool) -> None:
    """By name or address."""
    assert (hosts.is_own_machine(host), hosts.is_private(host), hosts.is_local(host)) == (own_machine, private, local)


# ---- the registry ----


def test_every_finding_is_shown_by_a_case() -> None:
    """Code emits it, for the table's traffic; and each has a near miss. One takes a probe: tests/test_probe.py."""
    shown = {name for case in CASES for found in case.expected.values() for name in found}
    assert shown == set(FindingName) - {FindingName.ANY_SUBDOMAIN_WITH_CREDENTIALS}
    assert sum(not case.expected for case in CASES) > 4 * len(FindingName)


@pytest.mark.parametrize("name", FindingName)
def test_every_entry_has_all_parts(name: FindingName) -> None:
    """As every reason has."""
    entry = FINDINGS[name]
    assert entry.name == name.value
    assert "\n" not in entry.message
    assert len(entry.explanation) > 80
    assert len(entry.causes) >= 2
    assert all(entry.causes)
    assert re.fullmatch(r"https://fetch\.spec\.whatwg\.org/#[a-z0-9-]+", entry.anchor)
    assert entry.example[0].name is name
    assert entry.said == ()
    assert entry.severity is not Severity.ERROR  # no page fails of it
    headers = [line for line in fix(entry, *entry.example).splitlines() if line.startswith("  ")]
    assert headers
    assert all(re.fullmatch(r"  [A-Z][A-Za-z-]+: \S.*", line) for line in headers)
    assert NULL_ORIGIN not in fix(entry, *entry.example)


def test_the_registry_is_whole() -> None:
    """No name without an entry, none that is a reason's, and both kinds of weight."""
    assert set(FINDINGS) == set(FindingName)
    assert not set(map(str, FindingName)) & set(map(str, Reason))
    assert WARNINGS
    assert set(FINDINGS) > WARNINGS


@pytest.mark.parametrize("case", [case for case in CASES if case.expected], ids=str)
def test_words_have_the_values(case: Case) -> None:
    """Message and fix speak of this exchange."""
    run = Run()
    for sent in case.traffic:
        for judgement in run.session.observe(sent.observation()):
            for finding in judgement.findings:
                line, cure = finding_phrase(judgement, finding), finding_fix(judgement, finding)
                if finding.detail and finding.name is not VARY:
                    assert finding.detail in line
                assert "absent is" not in line
                if "{origin}" in FINDINGS[finding.name].fix:
                    assert f"  Access-Control-Allow-Origin: {facts(judgement, finding).origin}" in cure


@pytest.mark.parametrize(
    ("vary", "line", "cure"),
    [
        (None, "Vary is absent", "  Vary: Origin"),
        ("Accept-Encoding", 'Vary is "Accept-Encoding"', "  Vary: Accept-Encoding, Origin"),
    ],
)
def test_the_cure_for_vary_keeps_what_is_there(vary: str | None, line: str, cure: str) -> None:
    """The exact header for this exchange."""
    lines = (("Cache-Control", "max-age=9"), *((("Vary", vary),) if vary else ()))
    run, auditor = Run(), Auditor(registrable_domain)
    judgements: list[Judgement] = []
    for sent in (asked("a", OTHER), asked("b", OWN, *lines)):
        judgements += run.tracker.observe(sent.observation())
    [finding] = [auditor.findings(judgement) for judgement in judgements][1]
    assert line in finding_phrase(judgements[1], finding)
    assert cure in finding_fix(judgements[1], finding).splitlines()


def test_the_cure_of_a_denied_post_fits_its_credentials() -> None:
    """The header is there where the request included them."""
    for name, wanted in (("a POST with the user's cookies", True), ("a POST", False)):
        [judgement] = Run().tracker.observe(CASE_OF[name].traffic[0].observation())
        [finding] = Auditor(registrable_domain).findings(judgement)
        lines = finding_fix(judgement, finding).splitlines()
        assert ("  Access-Control-Allow-Credentials: true" in lines) is wanted


def test_the_cure_for_http_is_https() -> None:
    """And keeps the port."""
    sent = asked("a", "http://www.bank.com:8080")
    [judgement] = Run().tracker.observe(sent.observation())
    [finding] = Auditor(registrable_domain).findings(judgement)
    assert "  Access-Control-Allow-Origin: https://www.bank.com:8080" in finding_fix(judgement, finding)


# ---- explain ----


@pytest.mark.parametrize("name", FindingName)
def test_explain_prints_a_finding_whole(name: FindingName) -> None:
    """By its name, however it is written."""
    shown, code = explain(name.value)
    entry = FINDINGS[name]
    plain = " ".join(shown.split())
    assert code == FOUND
    assert shown.startswith(f"{name}: a security finding ({entry.severity})\n")
    parts = (message(entry, *entry.example), entry.explanation, *entry.causes, entry.anchor)
    for part in parts:
        assert " ".join(part.split()) in plain
    assert max(map(len, shown.splitlines())) <= 80
    assert explain(name.value.upper().replace("-", "_")) == (shown, FOUND)
    assert explain(f'"findings": ["{name}"]') == (shown, FOUND)


def test_explain_lists_findings() -> None:
    """After the reasons, and near names are told."""
    listed, code = explain()
    assert code == FOUND
    assert all(f"\n{name}\n" in listed for name in FindingName)
    near, code = explain("nul-origin-with-credential")
    assert code == UNKNOWN
    assert "Closest: null-origin-with-credentials" in near


def test_the_explanation_of_a_flow_shows_it() -> None:
    """In a section of its own, after the cure."""
    [judgement] = Run().tracker.observe(asked("a", "null", url=BANK).observation())
    assert "security" not in explanation.explain(judgement)
    Auditor(registrable_domain).audit(judgement)
    assert explanation.explain(judgement).endswith(
        "\n\n  security     ! the origin null is allowed with credentials\n"
        "                 cors-addon explain null-origin-with-credentials\n"
    )
