"""Exported policies as texts: what a target can say of them. What their servers make of it is in tests/servers/."""

import json
from dataclasses import replace

import pytest

from cors_addon.policy.export import TARGETS, Inexpressible, UnknownTarget, export, find
from cors_addon.policy.export.target import Several, words_for
from cors_addon.policy.model import Names, Preset, preset
from tests.servers.test_snippets import POLICIES, SEVERAL


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_says_most_policies(target: str) -> None:
    """And names what it cannot; nothing is silently widened."""
    said = 0
    for policy in POLICIES.values():
        try:
            snippet = export(policy, target)
        except Inexpressible:
            continue
        said += 1
        assert snippet.body.endswith("\n")
        assert "cors_addon" in snippet.text() or not TARGETS[target].comment
    assert said >= (2 if target == "s3" else 3)


@pytest.mark.parametrize("target", TARGETS)
def test_what_grants_nothing_or_all_that_is_there_is_refused(target: str) -> None:
    """Strip is no configuration; reflecting exposed headers is said nowhere."""
    for policy in (preset(Preset.STRIP), preset(Preset.ALLOW), replace(POLICIES["one origin"], origins=None)):
        with pytest.raises(Inexpressible, match=r"cannot express the policy '.*': .*\.$"):
            export(policy, target)


@pytest.mark.parametrize("target", TARGETS)
def test_several_policies_are_told_apart_or_refused(target: str) -> None:
    """What their servers make of them is in tests/servers/."""
    file = [replace(one, set={}, private_network=False) for one in SEVERAL["two"]]
    if TARGETS[target].several is Several.ONE:
        with pytest.raises(Inexpressible, match=r"takes one policy at a time, and there are 2: 'One & only', 'two'\."):
            export(file, target)
        return
    text = export(file, target).text()
    assert "'One & only'" in text
    assert "'two'" in text
    file[1] = replace(file[1], filter="~m PUT")
    if TARGETS[target].several is Several.BY_HOST:
        with pytest.raises(Inexpressible, match="its filter says more, or less: ~m PUT"):
            export(file, target)


def test_names_of_policies_become_words_that_differ() -> None:
    """Else two maps of nginx would be one."""
    names = ["api.example.com:8443", "api-example-com-8443", "ÄÖ", "*", "a"]
    found = words_for([replace(POLICIES["one origin"], name=name) for name in names])
    assert found == ["api_example_com_8443", "api_example_com_8443_2", "policy", "policy_2", "a"]


@pytest.mark.parametrize("target", ["starlette", "fastapi"])
def test_what_is_wider_is_told_at_its_place(target: str) -> None:
    """Refused is only what would be narrower, or add credentials."""
    lines = export(POLICIES["one origin"], target).text().split("\n")
    at = next(i for i, line in enumerate(lines) if "allow_headers=" in line)
    words = "Wider than the policy: it always allows Accept, Accept-Language, Content-Language, Content-Type."
    assert lines[at - 1] == f"    # {words}"
    for policy in (POLICIES["methods and headers"], POLICIES["credentials"]):  # these name the four themselves
        assert "Wider" not in export(policy, target).text()


def test_json_has_no_comments_and_its_remarks_are_beside() -> None:
    """A configuration is to be pasted as it is."""
    policy = replace(POLICIES["anyone"], request_headers=Names(any=True), expose_headers=Names())
    snippet = export(policy, "s3")
    assert json.loads(snippet.text())
    assert any(remark.startswith("Wider than the policy: it takes `*` for Authorization") for remark in snippet.remarks)


def test_aliases_and_unknown_targets() -> None:
    """As people call them."""
    assert find("Go").name == "jub0bs"
    assert find("rack-cors").name == "rails"
    with pytest.raises(UnknownTarget, match="known are nginx, apache"):
        find("iis")


@pytest.mark.parametrize("target", ["jub0bs", "s3", "api-gateway"])
def test_allowing_nobody_is_refused_by_what_wants_an_origin(target: str) -> None:
    """The server would not start, or the provider would refuse the configuration."""
    policy = replace(POLICIES["nobody"], credentials=True)
    with pytest.raises(Inexpressible, match="at least one origin"):
        export(policy, target)


def test_jub0bs_has_all_in_one_structure() -> None:
    """As compiled and run with its version 1.0.2."""
    text = export(POLICIES["credentials"], "jub0bs").text()
    assert "\n\tDangerouslyTolerateInsecureOrigins: true,\n" in text
    assert "ExtraConfig" not in text
