"""Public suffixes, as publicsuffix2 itself reads its list, but for where that strays from the list's format."""

import random
import subprocess
import sys

import publicsuffix2  # type: ignore[import-untyped]
import pytest

from cors_addon.fetch import origins
from cors_addon.policy import suffixes
from cors_addon.policy.suffixes import is_public_suffix, registrable_domain

LABELS = "a www com co uk city kawasaki ck test blogspot xn--p1ai xn-- xn--a xn--com- amazonaws".split()


def test_as_publicsuffix2_says() -> None:
    """Over every rule and what is around it, and 20,000 random hosts."""
    theirs = publicsuffix2.PublicSuffixList(idna=True)
    rules = theirs.tlds
    around = [rule.lstrip("!").replace("*", "x1") for rule in rules]
    hosts = {host for each in around for host in (each, f"a.{each}", f"b.a.{each}", each.partition(".")[2] or each)}
    draw = random.Random(20).choice
    for number in range(20_000):
        labels = [draw(LABELS) for _ in range(1 + number % 4)]
        hosts.add(".".join([*labels, draw(around)] if number % 3 else labels))
    # in its tree each parent of a rule is one, as amazonaws.com is of s3.amazonaws.com
    parents = {parent for rule in rules for parent in _parents(rule.lstrip("!"))} - set(rules)
    strayed = 0
    for host in hosts:
        suffix = theirs.get_tld(host, strict=True)
        if suffix in parents and "." in suffix:
            strayed += 1
            continue
        assert is_public_suffix(host) == (suffix == host), host
        assert registrable_domain(host) == (theirs.get_sld(host, strict=True) or origins.last_two_labels(host)), host
    assert strayed < len(hosts) / 100


def _parents(rule: str) -> list[str]:
    labels = rule.split(".")
    return [".".join(labels[start:]) for start in range(1, len(labels))]


def test_as_the_list_means() -> None:
    """Where publicsuffix2 strays, and what is no name."""
    assert not is_public_suffix("amazonaws.com")
    assert registrable_domain("api.eu.amazonaws.com") == "amazonaws.com"
    assert registrable_domain("bucket.s3.amazonaws.com") == "bucket.s3.amazonaws.com"
    for host in ("127.0.0.1", "[::1]"):
        assert (is_public_suffix(host), registrable_domain(host)) == (False, host)
    for host in ("", ".", "com.", "localhost", "a..com"):
        assert not is_public_suffix(host)


def test_it_is_ready_before_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """And where there is none, nobody minds until somebody asks."""
    suffixes._list.cache_clear()
    suffixes.make_ready()
    assert suffixes._list.cache_info().currsize == 1
    suffixes._list.cache_clear()
    monkeypatch.setattr(suffixes, "_PACKAGE", "no_such_package_at_all")
    suffixes.make_ready()
    assert suffixes._list.cache_info().currsize == 0


def test_the_package_is_not_imported() -> None:
    """Its import takes all of urllib along, and its tree a third of a second."""
    code = "import sys; from cors_addon.policy import suffixes; suffixes.registrable_domain('a.test.co.uk')"
    told = f"{code}; print({{'publicsuffix2', 'urllib.request'}} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", told], text=True) == "set()\n"
