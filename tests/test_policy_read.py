"""Policy files: every fault at its place, all at once; and what is written is read again."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mitmproxy import flowfilter, http
from mitmproxy.test.tflow import tflow

from cors_addon.fetch.embedder_policy import EmbedderPolicy
from cors_addon.fetch.resource_policy import ResourcePolicy
from cors_addon.policy.faults import Fault, Severity, count
from cors_addon.policy.filters import implies, of_host, of_server
from cors_addon.policy.model import Mode, OpenerPolicy, Others, Policy, Preflights, Preset, preset
from cors_addon.policy.origins import collect, parse
from cors_addon.policy.read import KEYS, read
from cors_addon.policy.write import summary, write
from cors_addon.proxy.policy_file import check_filter
from tests.helpers import url

CASES = Path(__file__).parent / "cases" / "policies"


def expected(text: str) -> list[tuple[int, str, str]]:
    """What the comments of a file announce: line, severity, code."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = re.search(r"# (error|warning) ([a-z-]+)$", line)
        if match:
            found.append((number, match[1], match[2]))
    return found


def test_every_fault_is_found_at_its_place_and_all_at_once() -> None:
    """As the comments of the file say, and nothing else."""
    text = (CASES / "faults.yaml").read_text(encoding="utf-8")
    found = read(text, check_filter)
    assert not found.usable
    assert [(fault.line, fault.severity, fault.code) for fault in found.faults] == expected(text)


def test_columns_point_at_the_entry() -> None:
    """Both count from 1."""
    found = read("policies:\n  - name: a\n    origins: [https://a.example, https://B.example]\n")
    assert [(fault.line, fault.column) for fault in found.faults] == [(3, 34)]
    assert found.faults[0].render("p.yaml").startswith("p.yaml:3:34: error: a: 'https://B.example': ")


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("policies: [", 1, "yaml"),
        ("policies:\n  - name: a\n   origins: x\n", 3, "yaml"),
        ("a: \tb: c", 1, "yaml"),
        ("", 1, "no-policies"),
        ("policy: []", 1, "unknown-key"),
        ("just text", 1, "type"),
        ("policies: allow", 1, "type"),
        ("\x00", 1, "yaml"),
        ("a: &x [*x]", 1, "unknown-key"),
        ("a: !!python/object:os.system x", 1, "unknown-key"),
    ],
)
def test_what_is_no_policy_file_is_an_error_at_its_place(text: str, line: int, code: str) -> None:
    """And never an exception."""
    found = read(text)
    assert not found.usable
    assert (line, code) in [(fault.line, fault.code) for fault in found.faults if fault.severity is Severity.ERROR]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("policies:\n -[]{}\"'*&!#|>,?%@ \tax0null~"), max_size=80))
def test_no_text_raises(text: str) -> None:
    """Whatever stands in the file."""
    read(text)
    read("policies:\n  - " + text)


def test_presets_in_one_word() -> None:
    """As list entries, or as a key."""
    found = read("policies: [strip]\n")
    assert found.policies == (preset(Preset.STRIP),)
    found = read("policies:\n  - preset: allow\n    filter: ~d x.test\n    mode: off\n", check_filter)
    assert (found.policies[0].preset, found.policies[0].mode, found.faults) == (Preset.ALLOW, Mode.OFF, [])


def test_all_keys_are_documented_by_the_error() -> None:
    """An unknown key is told which are known."""
    assert all(key in read("policies: [{nope: 1, set: {a: b}}]").faults[0].message for key in KEYS)


ENTRIES = ["https://a.example", "https://*.b.example", "http://localhost:*", "null", "reflect"]
NAMES = st.lists(st.sampled_from(["*", "x-a", "x-b", "authorization"]), unique=True, max_size=2)


@st.composite
def texts(draw: st.DrawFn) -> Policy:
    """Any policy that can be written."""
    which = draw(st.sampled_from([None, Preset.ALLOW, Preset.STRICT]))
    base = Policy(name="p") if which is None else preset(which, "p")
    changes: dict[str, object] = {
        "name": draw(st.sampled_from(["p", "on", "a: b # c", "12", "ä", "null"])),
        "filter": draw(st.sampled_from(["", "~d x.test", '~u "^https://a\\.b/" & ! ~m ^OPTIONS$'])),
        "mode": draw(st.sampled_from(Mode)),
        "preflight": draw(st.sampled_from(Preflights)),
        "preflight_status": draw(st.sampled_from([200, 204])),
        "set": draw(st.sampled_from([{}, {"X-A": "a: #'\"", "x-b": ""}])),
        "remove": draw(st.sampled_from([(), ("server",)])),
        "corp": draw(st.sampled_from([None, *ResourcePolicy])),
        "coep": draw(st.sampled_from([None, *EmbedderPolicy])),
        "coop": draw(st.sampled_from([None, *OpenerPolicy])),
    }
    if which is None:
        changes |= {
            "origins": collect(draw(st.lists(st.sampled_from(ENTRIES), min_size=1, unique=True))),
            "others": draw(st.sampled_from(Others)),
            "credentials": draw(st.booleans()),
            "max_age": draw(st.sampled_from([None, 0, 600])),
            "private_network": draw(st.booleans()),
        }
    return replace(base, **changes)  # type: ignore[arg-type]


@settings(max_examples=300, deadline=None)
@given(st.lists(texts(), min_size=1, max_size=3, unique_by=lambda policy: policy.name))
def test_what_is_written_is_read_again(policies: list[Policy]) -> None:
    """As the same policies, whatever their names hold."""
    found = read(write(policies, ["a heading"]), check_filter)
    assert [fault for fault in found.faults if fault.severity is Severity.ERROR] == []
    assert list(found.policies) == policies
    assert all(summary(policy) for policy in policies)


@pytest.mark.parametrize(
    ("narrow", "broad", "yes"),
    [
        ("~d a.test", "", True),
        ("", "~d a.test", False),
        ("~d api.a.test", "~d a.test", True),
        ("~d a.test", "~d api.a.test", False),
        ("~d a.test & ~m PUT", "~d a.test", True),
        ("~d a.test & ~m PUT", "~m PUT & ~d a.test", True),
        ("~d a.test", "~d a.test & ~m PUT", False),
        ("~d a.test | ~d b.test", "~d test", True),
        ("~d a.test | ~d b.test", "~d a.test", False),
        ("~d a.test", "~d b.test | ~d a.test", True),
        ("(~d a.test)", "~d a.test", True),
        ("! ~d a.test", "~d a.test", False),
        ("~d a.test", "! ~d a.test", False),
        ("~d a.test", "~d ^a.test$", False),
        ('~u "a|b"', "~u a", False),
        ("~m PUT", "~all", True),
    ],
)
def test_a_filter_is_seen_to_be_broader(narrow: str, broad: str, yes: bool) -> None:
    """Only where that is sure."""
    assert implies(narrow, broad) is yes


HOST_FILTERS = [
    "", "~all", "~d a.test", r"~d ^a\.test$", "~d ^a.test", "~d test$", "~d a.test | ~d b.test",
    '~d "^(a|b)\\\\.test$"',
    r"~u ^https://a\.test/", r"~u ^https?://a\.test/", "~u ^http://a.test:8080/", "(~d a.test)",
    of_server(url("https://a.test")), of_server(url("http://a.test:8080")),
    of_server(url("https://xn--bcher-kva.org")),
    of_server(url("http://[::1]:8080")),
]  # fmt: skip
SERVED = [
    f"{scheme}://{host}{port}/items/a.test"
    for host in ("a.test", "b.test", "api.a.test", "a.test.evil.test", "xn--bcher-kva.org", "[::1]")
    for scheme, port in (("https", ""), ("http", ""), ("http", ":8080"), ("https", ":8443"))
]


@pytest.mark.parametrize("expression", HOST_FILTERS)
def test_a_filter_for_servers_is_told_by_the_host_header(expression: str) -> None:
    """As mitmproxy's filter matches, but for the scheme, and that a dot is a dot."""
    regex = of_host(expression)
    assert regex is not None
    match = flowfilter.parse(expression) if expression else (lambda _: True)
    for served in SERVED:
        schemes = [re.sub("^https?", scheme, served) for scheme in ("http", "https")]  # the header does not tell which
        matched = any(match(tflow(req=http.Request.make("GET", one))) for one in schemes)
        host = served.partition("://")[2].partition("/")[0]
        assert (re.search(regex, host, re.IGNORECASE) is not None) is matched, served


@pytest.mark.parametrize(
    "expression",
    ["a.test", "~u a.test", "~u ^https://a.test", "~u ^https://a.test/x", "~m PUT", "~d a.test & ~m PUT", "! ~d a.test",
     "~d a.*test", "~d a[.]test", "~d a.test | ~m PUT", "~d [", r"~d \w+", "~u ^https://(a|b).test/(x|y)"],
)  # fmt: skip
def test_a_filter_that_says_more_than_servers_has_no_host(expression: str) -> None:
    """Then nobody can tell by the host alone."""
    assert of_host(expression) is None


@pytest.mark.parametrize(
    ("pattern", "origin", "yes"),
    [
        ("https://*.a.example", "https://x.a.example", True),
        ("https://*.a.example", "https://x.y.a.example", True),
        ("https://*.a.example", "https://a.example", False),
        ("https://*.a.example", "https://xa.example", False),
        ("https://*.a.example", "http://x.a.example", False),
        ("https://*.a.example", "https://x.a.example:8443", False),
        ("https://*.a.example", "https://x.a.example.evil.test", False),
        ("https://*.a.example", "https://evil.test/.a.example", False),
        ("https://*.a.example", "https://evil.test:1.a.example", False),
        ("https://*.a.example", "https://x.A.example", False),
        ("https://*.a.example:*", "https://x.a.example:8443", True),
        ("https://*.a.example:*", "https://x.a.example", True),
        ("http://localhost:*", "http://localhost:5173", True),
        ("http://localhost:*", "http://localhost", True),
        ("http://localhost:*", "http://localhost:5173.evil.test", False),
        ("http://localhost:*", "null", False),
        ("chrome-extension://*.abc", "chrome-extension://x.abc", True),
    ],
)
def test_an_origin_pattern_matches_what_it_says(pattern: str, origin: str, yes: bool) -> None:
    """And nothing that only looks like it."""
    parsed = parse(pattern).pattern
    assert parsed is not None
    assert parsed.matches(origin) is yes


def test_a_summary_is_one_line_of_visible_text() -> None:
    """Whatever stands in the file."""
    policy = Policy(name="p", filter="~d a.test |\n  ~u \x1b[2J", set={"X-A": "b\tc"})
    assert summary(policy) == r"rewrite · for ~d a.test | ~u \x1b[2J · set X-A: b\x09c"


def test_faults_are_counted() -> None:
    """In words."""
    error = Fault(1, 1, Severity.ERROR, "x", "y")
    warning = Fault(1, 1, Severity.WARNING, "x", "y")
    assert count([error, error, warning]) == "2 errors, 1 warning"
    assert count([]) == "no fault"


def told(text: str) -> list[str]:
    """The faults as people read them."""
    return [fault.render("p").removeprefix("p:") for fault in read(text, check_filter).faults]


ORIGINS = "policies:\n  - origins: ['*']\n    "


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("policies:\n\t- name: a\n", "2:1: error: no valid YAML: while scanning for the next token; found character "
         "'\\t' that cannot start any token: indent with spaces [yaml]"),
        ('policies:\n  - name: "a\n    origins: []\n', "2:11: error: no valid YAML: while scanning a quoted scalar; "
         "found unexpected end of stream: the quotation that begins here never ends [yaml]"),
        ("policies:\n  - origins: [*]\n", "2:15: error: no valid YAML: while scanning an alias; expected alphabetic or "
         "numeric character, but found ']': a text that begins with `*` stands in quotation marks [yaml]"),
        ("policies:\n  - name: @a\n", "2:11: error: no valid YAML: while scanning for the next token; found character "
         "'@' that cannot start any token: a text that begins with it stands in quotation marks [yaml]"),
        ("policies:\n  - filter: ~u http: x\n", "2:20: error: no valid YAML: mapping values are not allowed here: a "
         "text with `: ` in it stands in quotation marks [yaml]"),
        ("policies:\n  - name: a\0\n", "2:12: error: no valid YAML: the character '\\x00' may not stand there [yaml]"),
        ("a: " + "[" * 500, "1:1: error: no valid YAML for this: it is nested too deeply [yaml]"),
        ("~", "1:1: error: expected a mapping with the key `policies`, not nothing [type]"),
        (ORIGINS + "max-age: " + "9" * 5000, "3:14: error: policy 1: no engine keeps a preflight for so many s: "
         "Chromium 7200, Firefox 86400, Safari 600 at most [max-age]"),
        (ORIGINS + "max-age: " + "x" * 99,
         f"3:14: error: policy 1: max-age is a whole number, not '{'x' * 59}…' [type]"),
        ("policies:\n  - preset: allow\n    filter:\n", "3:11: error: policy 1: filter is text, not nothing [type]"),
        ("policies:\n  - name: \"\\e[2J\"\n    preset: allow", "2:11: error: policy 1: a name is one line of visible "
         "text, not '\\x1b[2J' [name]"),
        ("policies:\n  - name: |\n      a\n      b\n    preset: allow", "2:11: error: policy 1: a name is one line of "
         "visible text, not 'a\\nb\\n' [name]"),
        ("policies:\n  - &a\n    preset: allow\n  - *a\n", "2:5: warning: an alias repeats the policy in line 2: it is "
         "never reached [unreachable]"),
        ("policies:\n  - set: {X-A: \"\\uD800\"}", "2:16: error: policy 1: no header has a '\\ud800' in its value "
         "[header-invalid]"),
        ("policies:\n  - remove: [content-length]", "2:14: error: policy 1: content-length is no matter of CORS: it "
         "says where the answer ends, or how the connection goes on [header-invalid]"),
        ("policies:\n  - set: {}", "2:5: error: policy 1: it says nothing: give it `origins`, a `preset`, `corp`, "
         "`coep`, `coop`, `set` or `remove` [does-nothing]"),
        ("policies:\n  - coep: require-corp\n    set: {cross-origin-embedder-policy: x}", "3:5: error: policy 1: set "
         "Cross-Origin-Embedder-Policy and coep are about the same header: keep one of them [edit-twice]"),
        ("policies:\n  - corp: same-site\n    remove: [Cross-Origin-Resource-Policy]", "3:5: error: policy 1: remove "
         "Cross-Origin-Resource-Policy and corp are about the same header: keep one of them [edit-twice]"),
        ("policies:\n  - coep: none", "2:11: error: policy 1: coep is unsafe-none, credentialless, require-corp; not "
         "'none' [coep]"),
        ("policies:\n  - set: [a]", "2:10: error: policy 1: set maps header names to values; it is a list [type]"),
        ("policies:\n  - origins: ['https://a.test:" + "9" * 5000 + "']", "2:15: error: policy 1: 'https://a.test:"
         + "9" * 44 + "…': a port is a number from 1 to 65535, or `*` [origin-port-invalid]"),
        ("policies:\n  - origins: ['http://[::1%25eth0]']", "2:15: error: policy 1: 'http://[::1%25eth0]': no valid "
         "IPv6 address [origin-host-invalid]"),
        ("policies:\n  - origins: ['http://[::ffff:1.2.3.4]:8080']", "2:15: error: policy 1: "
         "'http://[::ffff:1.2.3.4]:8080': browsers send the shortest form: write http://[::ffff:102:304]:8080 "
         "[origin-host-invalid]"),
        ("base: 1\npolicies: [allow]", "1:1: error: unknown key 'base': a file has the one key `policies`, and `x-…` "
         "for what aliases name [unknown-key]"),
        ("policies:\n  - <<: [1]\n    preset: allow", "2:9: error: policy 1: `<<` merges a mapping or a list of "
         "mappings, not a list [type]"),
        ("policies:\n  - &a\n    <<: *a\n    preset: nothing", "4:13: error: policy 1: preset is allow, strip, strict; "
         "not 'nothing' [preset]"),
    ],
)  # fmt: skip
def test_a_fault_in_odd_yaml_says_what_and_where(text: str, fault: str) -> None:
    """One each."""
    assert told(text) == [fault]


SHARED = """
x-shared:
  - &api {origins: [https://a.test], methods: [PUT], max-age: 60}
  - &more {methods: [DELETE], credentials: true}
policies:
  - <<: *api
    name: one
    filter: ~d one.test
  - name: two
    filter: ~d two.test
    <<: [*more, *api]
    max-age: 5
"""


def test_merge_keys_share_what_policies_have_in_common() -> None:
    """What a policy says itself counts first, then the first of what it merges."""
    found = read(SHARED, check_filter)
    assert found.faults == []
    one, two = found.policies
    assert (one.name, one.methods.listed, one.max_age, one.credentials) == ("one", ("PUT",), 60, False)
    assert (two.name, two.methods.listed, two.max_age, two.credentials) == ("two", ("DELETE",), 5, True)
    assert one.origins == two.origins == collect(["https://a.test"])


def test_a_fault_in_what_is_merged_stands_where_it_is_written() -> None:
    """Not where it is used."""
    assert told(SHARED.replace("max-age: 60", "max-age: old")) == [
        "3:63: error: one: max-age is a whole number, not 'old' [type]"
    ]


@pytest.mark.parametrize(("word", "value"), [("yes", True), ("On", True), ("y", True), ("no", False), ("false", False)])
def test_booleans_of_yaml_1_1(word: str, value: bool) -> None:
    """Where a file says that it is written in that."""
    text = f"%YAML 1.1\n---\npolicies:\n  - origins: [https://a.test]\n    credentials: {word}\n"
    (policy,) = read(text, check_filter).policies
    assert policy.credentials is value


def test_other_versions_of_yaml() -> None:
    """Are told, where 1.2 is read."""
    text = "%YAML {}\n---\npolicies:\n  - origins: [https://a.test]\n"
    assert told("# ours\n" + text.format("1.3")) == [
        "2:1: error: no YAML of a version that is read: it is 1.1 or 1.2 [yaml]"
    ]
    assert len(read(text.format("1.2"), check_filter).policies) == 1


def test_an_empty_list_and_a_misspelt_key() -> None:
    """The first is said, and the second comes before all else, alone."""
    for text, words in (
        ("[]", ["warning: the list of policies is empty"]),
        ("policy: [allow]", ["error: unknown key 'policy': `policies` is meant?"]),
        ("Policies: [allow]", ["error: unknown key 'Policies': `policies` is meant?"]),
        ("x-a: 1", ["error: the key `policies` is missing"]),
    ):
        assert [f"{fault.severity}: {fault.message}" for fault in read(text).faults] == words


def test_an_anchor_may_come_twice(capfd: pytest.CaptureFixture[str]) -> None:
    """Of the two the later counts, and nothing is written past us."""
    loaded = read("policies:\n- &a {name: one}\n- &a {name: two, origins: ['https://a.test']}\n")
    assert [each.name for each in loaded.policies] == ["one", "two"]
    assert capfd.readouterr() == ("", "")
