"""What an export target is: what it can say, and how it says it.

Law 1: what a target cannot say is refused with what would have to change in the policy, where the server would allow
less, or credentials beside. Where it allows a little more, and cannot do otherwise, a comment at that place says so.
Law 2: a capability is declared, and checked in one place; a target's module only writes.
Law 3: of several policies each stays at its own servers: by a condition on the host, or in places of their own. A
target that has no such thing gets one policy at a time.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from cors_addon.fetch.headers import is_token, visible
from cors_addon.fetch.methods import CORS_SAFELISTED
from cors_addon.fetch.origins import OPAQUE
from cors_addon.policy.edits import name_fault, value_fault
from cors_addon.policy.filters import literal
from cors_addon.policy.model import Others, Policy, Preflights
from cors_addon.policy.origins import ANY, Origins, Pattern, parse
from cors_addon.policy.written import quoted

SIMPLE_METHODS = ("GET", "HEAD", "POST")


class Inexpressible(Exception):
    """The target cannot say what the policy says."""


class UnknownTarget(Exception):
    """No target has this name."""


@dataclass(frozen=True, kw_only=True)
class Can:
    """What a target can say. The defaults are those of a server that has a language to say it in."""

    any_origin: bool = True
    reflect: bool = True
    """Allow every origin by its name, with credentials."""
    nobody: bool = True
    """Allow no origin at all."""
    null: bool = True
    subdomains: bool = True
    any_port: bool = True
    credentials: bool = True
    any_method: bool = True
    any_method_credentialed: bool = True
    """Repeat whatever method is asked for."""
    methods: frozenset[str] | None = None
    """All that it knows; None: any token."""
    case_sensitive_methods: bool = True
    any_header: bool = True
    any_header_credentialed: bool = True
    any_header_and_more: bool = True
    """Allow `*` and, beside it, Authorization, which it does not cover."""
    repeats_headers: bool = False
    """`*` is said by repeating what is asked for, Authorization too."""
    always_headers: frozenset[str] = frozenset()
    """Allowed whether listed or not."""
    always_methods: bool = False
    """Allows every method that a resource has, whether listed or not."""
    any_exposed: bool = True
    private_network: bool = True
    edits: bool = True
    """Set and remove other headers."""
    unwritable: str | None = None
    """A regular expression for what no value that it sets can have in it."""
    uneditable: str | None = None
    """A regular expression for names of headers that it would take for more, where they are set or removed."""
    unnameable: str = ""
    """Characters that, in a listed method or a header's name, it takes for a pattern, and that cannot be quoted."""
    always_credentials: bool = False
    """Says `Access-Control-Allow-Credentials: true` wherever it names an origin."""


class Several(Enum):
    """What a target makes of several policies."""

    ONE = "one at a time"
    APART = "each in a place of its own"
    BY_HOST = "each with the host as its condition"


class Sited(NamedTuple):
    """A policy among those that are written together."""

    policy: Policy
    word: str
    """Its name as part of an identifier; no other has the same."""
    hosts: str | None
    """A regular expression for the Host header, whatever case; None: nothing else comes to this place."""


@dataclass(frozen=True)
class Target:
    """One server or framework."""

    name: str
    title: str
    can: Can
    render: Callable[[Sequence[Sited]], str]
    comment: str = "#"
    aliases: tuple[str, ...] = ()
    end: str = ""
    """What ends a comment, where something does."""
    several: Several = Several.ONE
    places: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What the line that says a key of a policy begins with: there stands a comment where it is wider."""


def one(render: Callable[[Policy], str]) -> Callable[[Sequence[Sited]], str]:
    """A renderer for a target that gets one policy at a time."""
    return lambda all_of_them: render(all_of_them[0].policy)


class Snippet(NamedTuple):
    """Configuration to paste."""

    target: Target
    body: str
    notes: tuple[str, ...]
    wider: tuple["Wider", ...] = ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person is to know, for JSON, which knows no comments."""
        return (*self.notes, *(each.words for each in self.wider))

    def text(self) -> str:
        """With comments: its notes above, and one at each place that is wider than the policy."""
        comment, end = self.target.comment, self.target.end
        if not comment:
            return self.body
        lines = self.body.split("\n")
        above = list(map(in_comment, self.notes))
        for each in self.wider:
            start = self.target.places.get(each.key)
            at = next((i for i, line in enumerate(lines) if start and line.lstrip().startswith(start)), None)
            if at is None:
                above.append(each.words)
            else:
                indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
                lines.insert(at, f"{indent}{comment} {each.words}{end}")
        if end:
            above = [note.replace("--", "- -") for note in above]  # XML
        return "".join(f"{comment} {note}{end}\n" for note in above) + "\n".join(lines)


class Wider(NamedTuple):
    """Where a target allows a little more than the policy."""

    key: str
    """The policy's."""
    words: str


def wider(policy: Policy, can: Can) -> Iterable[Wider]:
    """Each place where the target allows more than the policy says; never credentials."""
    if can.always_methods and not policy.methods.any:
        yield Wider("methods", "Wider than the policy: it allows every method that a resource has.")
    headers = policy.request_headers
    if headers.any:
        if can.repeats_headers and not policy.credentials and "authorization" not in headers.listed:
            yield Wider("request-headers", "Wider than the policy: it takes `*` for Authorization, too.")
        return
    always = sorted(can.always_headers - set(headers.listed))
    if always:
        names = ", ".join(map(header_case, always))
        yield Wider("request-headers", f"Wider than the policy: it always allows {names}.")


def faults(policy: Policy, can: Can, *, alone: bool = True) -> Iterable[str]:
    """Each thing that the target cannot say; `alone`: no other policy is written with it."""
    if alone and policy.origins is None and policy.edits and not policy.strips:
        yield from _edit_faults(policy, can)
        return
    yield from _named_faults(policy, can)
    if policy.strips or policy.origins is None:
        yield "the policy grants nothing: there is no CORS to configure"
        return
    if policy.preflight is Preflights.FORWARD:
        yield "the policy leaves preflights to the server, which this configuration would be: `preflight: answer`"
    yield from _origin_faults(policy.origins, can)
    if policy.credentials and not can.credentials:
        yield "it cannot allow credentials"
    if not policy.credentials and can.always_credentials and not policy.origins.any:
        yield "it always allows credentials where it names an origin: `credentials: true`, or the origin `*`"
    yield from _method_faults(policy, can)
    yield from _header_faults(policy, can)
    if policy.private_network and not can.private_network:
        yield "it cannot answer private-network requests"
    yield from _edit_faults(policy, can)


def _origin_faults(origins: Origins, can: Can) -> Iterable[str]:
    named = origins.any or origins.reflect or bool(origins.listed)
    subdomains = any(pattern.subdomains for pattern in origins.patterns)
    any_port = any(pattern.port == ANY for pattern in origins.patterns)
    for wanted, able, words in (
        (not named, can.nobody, "it wants at least one origin: leave it out altogether"),
        (origins.any, can.any_origin, "it cannot say `*`: list the origins"),
        (origins.reflect, can.reflect, "it cannot name whichever origin asks: list the origins"),
        (origins.null, can.null, "it refuses the origin null"),
        (subdomains, can.subdomains, "it has no wildcard for subdomains: list the origins"),
        (any_port, can.any_port, "it has no wildcard for ports: list the origins"),
    ):
        if wanted and not able:
            yield words


def _edit_faults(policy: Policy, can: Can) -> Iterable[str]:
    if policy.edits and not can.edits:
        yield "it cannot set or remove other headers"
        return
    for value in policy.sets.values():
        if can.unwritable is not None and (found := re.search(can.unwritable, value)):
            yield f"it cannot set a header to a value with `{found[0]}` in it"
    for name in (*policy.sets, *policy.remove):
        if can.uneditable is not None and re.fullmatch(can.uneditable, name):
            yield f"it takes the header {name} for more than a name"


def _named_faults(policy: Policy, can: Can) -> Iterable[str]:
    listed = (*policy.methods.listed, *policy.request_headers.listed, *policy.expose_headers.listed)
    for name in listed:
        marks = sorted(set(name) & set(can.unnameable))
        if marks:
            yield f"it takes `{marks[0]}` in {name} for a pattern"


def malformed(policy: Policy) -> Iterable[str]:
    """Each part that no policy file may hold, wherever it comes from; none of it is written into a configuration."""
    for origin in () if policy.origins is None else exact(policy):
        if origin != OPAQUE and parse(origin).pattern is None:
            yield f"{quoted(origin)} is no origin"
    for name in (*policy.methods.listed, *policy.request_headers.listed, *policy.expose_headers.listed):
        if not is_token(name) or name == ANY:
            yield f"{quoted(name)} is no name of a method or a header"
    edits = (*map(name_fault, (*policy.sets, *policy.remove)), *map(value_fault, policy.sets.values()))
    yield from filter(None, edits)


def _method_faults(policy: Policy, can: Can) -> Iterable[str]:
    methods = policy.methods
    if methods.any and not (can.any_method_credentialed if policy.credentials else can.any_method):
        when = " where credentials are allowed" if policy.credentials and can.any_method else ""
        yield f"it has no wildcard for methods{when}: list them"
    for method in methods.listed:
        if can.methods is not None and method not in can.methods and method not in CORS_SAFELISTED:
            yield f"it does not know the method {method}"
        elif not can.case_sensitive_methods and method != method.upper():
            yield f"it folds methods to upper case, and so cannot allow {method}"


def _header_faults(policy: Policy, can: Can) -> Iterable[str]:
    yield from _request_header_faults(policy, can)
    if policy.expose_headers.reflect:
        yield "it cannot expose whatever the answer has: list expose-headers"
    if policy.expose_headers.any and not can.any_exposed:
        yield "it cannot expose `*`: list expose-headers"


def _request_header_faults(policy: Policy, can: Can) -> Iterable[str]:
    headers = policy.request_headers
    if headers.any:
        if not (can.any_header_credentialed if policy.credentials else can.any_header):
            yield "it has no wildcard for request headers: list them"
        elif "authorization" in headers.listed and not policy.credentials and not can.any_header_and_more:
            yield "it has no way to allow Authorization beside `*`: list request-headers"


def words_for(policies: Sequence[Policy]) -> list[str]:
    """A word for each, of lower-case letters, digits and underscores, that no other of them has."""
    found: list[str] = []
    for policy in policies:
        word = base = re.sub(r"[^a-z0-9]+", "_", policy.name.lower()).strip("_") or "policy"
        number = 1
        while word in found:
            number += 1
            word = f"{base}_{number}"
        found.append(word)
    return found


def notes(policy: Policy, target: Target, hosts: str | None = None) -> Iterable[str]:
    """What to know about the snippet; `hosts` as in `Sited`."""
    kind = "Policy" if policy.origins is None else "CORS policy"
    yield f"{kind} {in_comment(policy.name)!r} for {target.title}, written by cors_addon."
    if policy.filter:
        how = "put it where those are served" if hosts is None else "it looks at the Host header"
        yield f"It is for {place_of(policy)}: {how}."
    if policy.others is Others.KEEP:
        yield "Origins that are not listed get no CORS headers here."
    if policy.origins is not None and policy.origins.reflect and policy.credentials:
        yield "DANGER: every site may act as the user. Never on a server that others can reach."


_ENDS = (
    (re.compile(r"\?>"), "? >"),  # PHP
    (re.compile(r"\\(?=u)"), r"\\ "),  # Java reads \u000a before it knows of comments
    (re.compile(r"(?i)(coding\s*)[:=]"), r"\1-"),  # Python and Ruby let a comment say how the file is to be read
    (re.compile(r"\\$"), r"\\ "),  # Apache goes on with the next line
)
"""What in a comment is more than a comment somewhere, and what stands there instead."""


def in_comment(text: str) -> str:
    """Text of others, as it may stand in a comment of every target."""
    text = visible(text)
    for pattern, instead in _ENDS:
        text = pattern.sub(instead, text)
    return text


def place_of(policy: Policy) -> str:
    """Whose requests it is for, in words."""
    expression = in_comment(" ".join(policy.filter.split()))
    return f"requests that match the mitmproxy filter {expression}" if expression else "all other requests"


# ── words for the templates ───────────────────────────────────────────────────────────────────────────────────────────


def origin_regex(policy: Policy, *, anchored: bool = True, end: str = "$") -> str:
    """A regular expression (PCRE, RE2, JavaScript, Python) for the origins that are named; never matches for none."""
    origins = policy.origins
    assert origins is not None
    if origins.reflect:
        return "^.+" + end if anchored else ".+"
    parts = [literal(origin) for origin in origins.listed if origin in origins.exact or origin == OPAQUE]
    parts += map(_pattern_regex, origins.patterns)
    if not parts:
        return "^[^\\s\\S]$"
    body = parts[0] if len(parts) == 1 else "(" + "|".join(parts) + ")"
    return f"^{body}{end}" if anchored else body


def _pattern_regex(pattern: Pattern) -> str:
    host = (r"([a-z0-9_-]+\.)+" if pattern.subdomains else "") + literal(pattern.host)
    port = r"(:[0-9]+)?" if pattern.port == ANY else f":{pattern.port}" if pattern.port else ""
    return f"{literal(pattern.scheme)}://{host}{port}"


def exact(policy: Policy) -> list[str]:
    """Origins without wildcards, null included, in order."""
    assert policy.origins is not None
    return [origin for origin in policy.origins.listed if origin in policy.origins.exact or origin == OPAQUE]


def with_simple(methods: Iterable[str]) -> list[str]:
    """Methods for servers that refuse, at a preflight, also those that need no permission."""
    return [*SIMPLE_METHODS, *(method for method in methods if method not in SIMPLE_METHODS)]


def header_case(name: str) -> str:
    """`x-token` as `X-Token`."""
    return "-".join(part.capitalize() for part in name.split("-"))


def quote(text: str) -> str:
    """A string in double quotes, as JSON, JavaScript, Java, C#, Go and Python read it alike."""
    return json.dumps(text, ensure_ascii=True)


def array(items: Iterable[str], start: str = "[", end: str = "]") -> str:
    """A list of strings."""
    return start + ", ".join(quote(item) for item in items) + end


def granted(listed: tuple[str, ...], *, everything: bool) -> str:
    """The value of a grant that does not depend on what is asked."""
    return ", ".join((*(("*",) if everything else ()), *listed))


def headers_value(policy: Policy) -> str:
    """The value of Access-Control-Allow-Headers, where it does not repeat what is asked."""
    return granted(tuple(map(header_case, policy.request_headers.listed)), everything=policy.request_headers.any)


def methods_value(policy: Policy) -> str:
    """The value of Access-Control-Allow-Methods, where it does not repeat what is asked."""
    return granted(policy.methods.listed, everything=policy.methods.any)


def exposed_value(policy: Policy) -> str:
    """The value of Access-Control-Expose-Headers."""
    return granted(tuple(map(header_case, policy.expose_headers.listed)), everything=policy.expose_headers.any)


def any_origin(policy: Policy) -> bool:
    """Whether `*` is the value of Access-Control-Allow-Origin."""
    return policy.origins is not None and policy.origins.any
