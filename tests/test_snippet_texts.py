"""Exported policies as texts: what a target can say of them. What their servers make of it is in tests/servers/."""

from dataclasses import replace

import pytest

from cors_addon.policy.export import TARGETS, Inexpressible, UnknownTarget, export, find
from cors_addon.policy.model import Preset, preset
from tests.servers.test_snippets import POLICIES


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
