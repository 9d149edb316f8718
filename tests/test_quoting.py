"""What traffic brings, quoted for its target or refused. What the real servers make of it is in tests/servers/."""

import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_addon.policy.edits import value_fault
from cors_addon.policy.export import TARGETS, Inexpressible, balancers, export, more_others, others, proxies
from cors_addon.policy.export.target import in_comment
from cors_addon.policy.filters import of_host
from cors_addon.policy.learn import learn
from cors_addon.policy.model import Names, Policy
from cors_addon.policy.origins import collect
from cors_addon.policy.read import read
from cors_addon.policy.write import write
from cors_addon.session.session import ALL, Session
from tests.cases.traffic import PAGE, Sent, allow, cors, preflight
from tests.servers.test_snippets import ODD, ODD_NAMES, POLICIES

MARKS = "!#$%&'*+-.^_`|~"
values = st.one_of(st.sampled_from(ODD), st.text(max_size=20)).filter(lambda text: value_fault(text) is None)
tokens = st.one_of(st.sampled_from(ODD_NAMES), st.text(f"aB9{MARKS}", min_size=1, max_size=12))


def between(text: str, mark: str) -> str:
    """What two quotation marks hold, in which a backslash takes any meaning from the next character."""
    match = re.fullmatch(rf"{mark}((?:[^{mark}\\]|\\.)*){mark}", text, re.DOTALL)
    assert match is not None, text
    return re.sub(rf"\\([{mark}\\])", r"\1", match[1])


def of_caddy(text: str) -> str:
    """Between backquotes nothing has a meaning; then a brace begins a placeholder, but after a backslash."""
    if text[0] == "`":
        assert "`" not in text[1:-1]
        inner = text[1:-1]
    else:
        match = re.fullmatch(r'"((?:[^"\\]|\\"|\\(?!"))*)"', text, re.DOTALL)
        assert match is not None, text
        inner = match[1].replace('\\"', '"')
    assert re.search(r"(?<!\\)\{", inner) is None, text
    return inner.replace("\\{", "{")


def of_apache(text: str) -> str:
    """An argument, and in it a format."""
    inner = between(text, '"')
    assert re.fullmatch(r"(?:[^%\\]|%%|\\\\)*", inner, re.DOTALL), text
    return inner.replace("%%", "%").replace("\\\\", "\\")


def of_nginx(text: str) -> str:
    """In double quotes, with no variable but the one that stands for a dollar."""
    inner = between(text, '"')
    assert "$" not in inner.replace("${cors_dollar}", "")
    return inner.replace("${cors_dollar}", "$")


def of_haproxy(text: str) -> str:
    """Words as a shell has them, and in them a format."""
    (word,) = shlex.split(text)
    assert "%" not in word.replace("%%", "")
    return word.replace("%%", "%")


QUOTING: dict[str, tuple[Callable[[str], str], Callable[[str], str]]] = {
    "nginx": (proxies._nginx, of_nginx),
    "apache": (proxies._apache, of_apache),
    "caddy": (proxies._caddy, of_caddy),
    "haproxy": (balancers._haproxy, of_haproxy),
    "php": (more_others._php, lambda text: between(text, "'")),
    "ruby": (others._ruby_string, lambda text: between(text, "'")),
}
"""How a value is written, and how the target reads it."""


@given(values)
def test_what_is_quoted_is_read_as_it_was(text: str) -> None:
    """And ends where it is meant to."""
    for name, (quoted, as_read) in QUOTING.items():
        assert as_read(quoted(text)) == text, name


@given(tokens)
def test_a_name_is_one_word(name: str) -> None:
    """Whichever of the characters of a token it has."""
    for word in (proxies.word_of(name), balancers._haproxy_word(name)):
        assert word == name or word[0] == word[-1] in "\"'"
        assert word != name or re.fullmatch(r"[A-Za-z0-9_-]+", name)
    assert shlex.split(balancers._haproxy_word(name)) == [name]


def exported(policy: Policy, target: str) -> str:
    """Its text, empty where it is refused."""
    try:
        return export(policy, target).text()
    except Inexpressible:
        return ""


def test_no_name_opens_what_the_target_closes() -> None:
    """Of each target the policy with odd names differs from the plain one by these names alone: no line more."""
    plain = replace(POLICIES["methods and headers"], set={})
    for target in TARGETS:
        lines = len(exported(plain, target).splitlines())
        for name in ODD_NAMES:
            odd = replace(
                plain,
                methods=Names((name, "DELETE")),
                request_headers=Names((*plain.request_headers.listed[:-1], name.lower())),
                expose_headers=Names((name.lower(),)),
            )
            text = exported(odd, target)
            more = 1 if target == "nginx" and "$" in name else 0
            assert not text or len(text.splitlines()) == lines + more, (target, name)


BAD: dict[str, dict[str, Any]] = {
    "no origin": {"origins": collect(['https://a.test"; x'])},
    "no host": {"origins": collect(["https://a.test$x"])},
    "no method": {"methods": Names(("PUT\nx",))},
    "any method": {"methods": Names(("*",))},
    "no request header": {"request_headers": Names(('x" y',))},
    "no exposed header": {"expose_headers": Names(("x;y",))},
    "no name to set": {"set": {"x y": "1"}},
    "no value to set": {"set": {"x": "1\r\ny: 2"}},
    "no name to remove": {"remove": ("x\ny",)},
}


@pytest.mark.parametrize("what", BAD)
def test_what_no_policy_file_may_hold_is_exported_by_none(what: str) -> None:
    """Wherever it comes from: a rule of the session, or of a program."""
    for target in TARGETS:
        with pytest.raises(Inexpressible) as refused:
            export(replace(POLICIES["one origin"], **BAD[what]), target)
        assert "\n" not in str(refused.value)


COMMENTS = {
    "?><?php x(); ?>": "? ><?php x(); ? >",
    "\\u000a x": "\\ u000a x",
    "coding: utf-7": "coding- utf-7",
    "-*- Coding = x -*-": "-*- Coding - x -*-",
    "ends with \\": "ends with \\ ",
    "a\nb\u2028c\x85d": "a\\x0ab\\u2028c\\x85d",
}


def test_a_comment_stays_one() -> None:
    """In each language that is written; and twice is as once."""
    for text, wanted in COMMENTS.items():
        said = in_comment(text)
        assert said.splitlines() == [said]
        assert said == wanted.replace("\\u2028", "\\ u2028")
        assert in_comment(said) == said
    policy = replace(POLICIES["one origin"], name=" ".join(COMMENTS), filter="~u x" + " | ".join(COMMENTS))
    for target in TARGETS:
        plain = replace(policy, name="p", filter="~u x")
        assert len(exported(policy, target).splitlines()) == len(exported(plain, target).splitlines()), target


def test_a_host_is_made_of_what_hosts_are_made_of() -> None:
    """It stands in regular expressions of five languages, in their quotes."""
    for host in (
        'a"b.test',
        "a'b.test",
        "a`b.test",
        "a#b.test",
        "a;b.test",
        "a{b}.test",
        "a b.test",
        "a/b.test",
        "a%b",
    ):
        for expression in (f"~d ^{host}$", f'~d "^{host}$"', f"~u ^https://{host}/"):
            assert of_host(expression) is None, expression
    assert of_host(r"~u ^https://\[::1\]:8443/") == r"^\[::1\]:8443$"


# ── what is learned ───────────────────────────────────────────────────────────────────────────────────────────────────


def learned(*sent: Sent) -> tuple[tuple[Policy, ...], tuple[str, ...]]:
    """What this traffic teaches, as read from the file that is written."""
    session = Session(keep=ALL)
    for each in sent:
        session.observe(each.observation())
    session.finish()
    lesson = learn(session.last.values())
    loaded = read(lesson.text())
    assert [fault for fault in loaded.faults if fault.severity == "error"] == []
    return loaded.policies, lesson.notes


def test_traffic_teaches_no_wildcard() -> None:
    """A page may use `*` as a method or as a header's name, and a program may call itself any origin."""
    everything = allow(PAGE, ("*", "1"), ("reflect", "1"), methods="*", headers="*")
    policies, notes = learned(
        preflight("a", method="*", answer=everything),
        preflight("b", headers="*", answer=everything),
        cors("c", origin="https://*.example.com", answer=allow("https://*.example.com")),
        cors("d", origin="https://app.example.com:*"),
        cors("e", answer=allow(PAGE, ("Access-Control-Expose-Headers", "*, reflect, x-a"), ("x-a", "1"), ("*", "1"))),
    )
    (policy,) = policies
    assert policy.origins == collect([PAGE])
    assert not policy.methods.any
    assert not policy.request_headers.any
    assert not policy.expose_headers.any
    assert not policy.expose_headers.reflect
    assert sum("no browser sends it" in note for note in notes) == 4


def test_what_is_learned_is_a_policy_file() -> None:
    """Of servers that differ in the scheme alone; of paths with what YAML has no place for."""
    urls = ("https://api.example.com/\x00\x85\u2028", "http://api.example.com/# x\tz", "https://api.example.com/c")
    policies, _ = learned(*(cors(str(number), number, url=each) for number, each in enumerate(urls)))
    assert len({policy.name for policy in policies}) == len(policies)


@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_a_policy_is_called_its_file_is_read_again(name: str, comment: str) -> None:
    """Its name, and what is said of it."""
    name = re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", "", name).strip() or "p"
    policy = Policy(name=name, filter="~d a.test", origins=collect([PAGE]), comments={"": comment, "origins": comment})
    found = read(write([policy]))
    assert [each.name for each in found.policies] == [name], found.faults
    assert found.policies[0].origins == policy.origins
