"""How a script that a proxy puts into a document gets past the document's policies: obeyed, never stripped.

Law 1: a policy that lets every inline script in stays as it is: a nonce or a hash in it would switch that off, for the
page's own scripts (https://w3c.github.io/webappsec-csp/#allow-all-inline).
Law 2: an enforced policy may get one source more, which allows this one script, or its one URL, and nothing else.
Law 3: a policy that only reports stays as it is; where it would report this script, there is no way in.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from cors_addon.fetch import csp
from cors_addon.fetch.csp import Policy, Sources
from cors_addon.fetch.headers import normalize
from cors_addon.fetch.origins import Url
from cors_addon.fetch.patterns import pattern

type Fields = tuple[tuple[bytes, bytes], ...]

_ENFORCED = b"content-security-policy"
_REPORTED = b"content-security-policy-report-only"
_NONCE = pattern(r"'nonce-([A-Za-z0-9+/_-]+={0,2})'", re.IGNORECASE)
_HASH = pattern(r"'sha(?:256|384|512)-[A-Za-z0-9+/_-]+={0,2}'", re.IGNORECASE)
_NONE = "'none'"


@dataclass(frozen=True)
class Script:
    """What is to be put in."""

    text: bytes
    report: Url
    """Where it sends what it sees: a URL of the document's own origin."""

    @cached_property
    def digest(self) -> str:
        """`sha256-…` of its text, for which few documents ask.

        https://w3c.github.io/webappsec-csp/#grammardef-hash-source
        """
        return f"sha256-{base64.b64encode(hashlib.sha256(self.text).digest()).decode()}"


class Admission(NamedTuple):
    """How it gets in."""

    fields: Fields
    """The response's header list, with no more than the sources that it needs."""
    nonce: str | None = None
    """For its `nonce` attribute; None: it needs none."""


class NoWay(NamedTuple):
    """Why it does not get in, as people read it."""

    why: str


class _Needs(NamedTuple):
    """A source that one policy lacks."""

    directive: str
    source: str
    copied: str | None = None
    """The directive that spoke of this so far, where a new one is to say the same and this."""


def admit(fields: Fields, page: Url, script: Script, markup: Sequence[Policy] = ()) -> Admission | NoWay:
    """Find the way into a document of this URL.

    `markup`: policies in its `<meta>` elements, which come after the script: they say what it may ask for.
    """
    found = list(_policies(fields))
    # what only reports upgrades nothing, nor does it sandbox
    enforced = [csp.parse(text) for text, is_enforced in found if is_enforced]
    if page.scheme == "http" and any("upgrade-insecure-requests" in policy for policy in (*enforced, *markup)):
        return NoWay("upgrade-insecure-requests sends its reports to https")
    if any("allow-scripts" not in map(str.lower, policy.get("sandbox", ("allow-scripts",))) for policy in enforced):
        return NoWay("its policy sandboxes it without scripts")
    if any(_connecting(policy, page, script.report) for policy in markup):
        return NoWay("a policy in its markup lets nothing be sent")
    nonce = _nonce([csp.parse(text) for text, _ in found])
    return _edited(fields, lambda policy: _lacks(policy, page, script, nonce), nonce)


def admit_worker(fields: Fields, url: Url, report: Url) -> Admission | NoWay:
    """Find the way into a worker's own script, which no policy of its own can keep out: only its reports."""

    def lacks(policy: Policy) -> list[_Needs]:
        needs = _connecting(policy, url, report)
        return [] if needs is None else [needs]

    return _edited(fields, lacks, None)


def _edited(fields: Fields, lacks: Callable[[Policy], list[_Needs] | None], nonce: str | None) -> Admission | NoWay:
    made: list[tuple[bytes, bytes]] = []
    for name, value in fields:
        if name.lower() not in (_ENFORCED, _REPORTED):
            made.append((name, value))
            continue
        items = value.decode("latin-1").split(",")
        for number, item in enumerate(items):
            needs = lacks(csp.parse(normalize(item.encode("latin-1"))))
            if needs is None:
                return NoWay("its policy trusts no script by itself ('strict-dynamic' without a nonce or a hash)")
            if needs and name.lower() == _REPORTED:
                return NoWay("a policy that only reports would report it")
            for each in needs:
                items[number] = _with_source(items[number], each)
        made.append((name, ",".join(items).encode("latin-1")))
    return Admission(tuple(made), nonce)


def _policies(fields: Fields) -> Iterator[tuple[str, bool]]:
    """Each policy as text, and whether it is enforced. https://w3c.github.io/webappsec-csp/#parse-response-csp"""
    for name, value in fields:
        if name.lower() in (_ENFORCED, _REPORTED):
            for item in normalize(value).split(","):
                if item.strip():
                    yield item, name.lower() == _ENFORCED


def _nonce(policies: Sequence[Policy]) -> str | None:
    """A nonce that as many policies as possible know; None where none of them has one."""
    known = [
        [match[1] for source in _script_sources(policy) if (match := _NONCE.fullmatch(source))] for policy in policies
    ]
    every = [nonce for nonces in known for nonce in nonces]
    return max(every, key=lambda one: sum(one in nonces for nonces in known)) if every else None


def _script_sources(policy: Policy) -> Sources:
    name = csp.directive_for(policy, "script-src-elem")
    return () if name is None else policy[name]


def _lacks(policy: Policy, page: Url, script: Script, nonce: str | None) -> list[_Needs] | None:
    """What a policy lacks to let the script in, and its reports out; None where a source would not help."""
    needs: list[_Needs] = []
    name = csp.directive_for(policy, "script-src-elem")
    if name is not None and not _allows(policy[name], script.digest, nonce):
        if _has(policy[name], "'strict-dynamic'") and not _is_strict(policy[name]):
            return None
        needs.append(_Needs(name, f"'{script.digest}'"))
    connecting = _connecting(policy, page, script.report)
    return needs if connecting is None else [*needs, connecting]


def _allows(sources: Sources, digest: str, nonce: str | None) -> bool:
    """https://w3c.github.io/webappsec-csp/#match-element-to-source-list"""
    for source in sources:
        match = _NONCE.fullmatch(source)
        if (match is not None and match[1] == nonce) or source == f"'{digest}'":
            return True
    return _has(sources, "'unsafe-inline'") and not _is_strict(sources) and not _has(sources, "'strict-dynamic'")


def _is_strict(sources: Sources) -> bool:
    """Whether a nonce or a hash is in it, beside which 'unsafe-inline' says nothing."""
    return any(_NONCE.fullmatch(source) or _HASH.fullmatch(source) for source in sources)


def _has(sources: Sources, keyword: str) -> bool:
    return any(source.lower() == keyword for source in sources)


def _connecting(policy: Policy, page: Url, report: Url) -> _Needs | None:
    """What a policy lacks for reports to be sent; None where it lacks nothing."""
    name = csp.directive_for(policy, "connect-src")
    if name is None or csp.matches_source_list(report, policy[name], page, redirected=False):
        return None
    return _Needs("connect-src", str(report), None if name == "connect-src" else name)


def _with_source(text: str, needs: _Needs) -> str:
    """A policy's text with one source more; whatever else it says stays as it was written."""
    parts = text.split(";")
    for number, part in enumerate(parts):
        name, *sources = part.split() or [""]
        kept = [source for source in sources if source.lower() != _NONE]
        if needs.copied is None and name.lower() == needs.directive:
            lead = part[: len(part) - len(part.lstrip())]
            parts[number] = lead + " ".join((name, *kept, needs.source))
            return ";".join(parts)
        if needs.copied is not None and name.lower() == needs.copied:
            return f"{text.rstrip().rstrip(';')}; {' '.join((needs.directive, *kept, needs.source))}"
    return text
